package registry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
)

// What the tables give is what a replay gives, value by value.
func TestPublic(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		ctx := t.Context()
		s := story(t, 5)
		s.NewMark(s.Makers[0], "plug").Apply()
		w := build(t, s, address)
		pub := w.reg.Public()
		if h, err := pub.Head(ctx); err != nil || h.Size != 0 {
			t.Errorf("before the first: %v, %v", h, err)
		}
		w.decide(s.Entries...)
		w.send()
		// An entry that nobody decided here, and that is none.
		_, err := w.log.Append(ctx, []byte("no entry\n"))
		must(t, err)
		w.published()
		w.catchUp()
		want := w.replay()
		same := func(what string, want, got any, err error) {
			t.Helper()
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
				t.Errorf("%s: %v, got (-want +got)\n%s", what, err, diff)
			}
		}
		for _, m := range want.Marks {
			got, _, err := pub.MarkByCode(ctx, m.Code)
			same("a code", m, got, err)
			all, err := pub.MarksOf(ctx, verify.Subject(verify.OfProduct, m.Application.Maker+":"+m.Application.Product))
			same("a product's marks", []verify.Mark{m}, all, err)
			for _, g := range m.TermsInForce.Product.GTINs {
				all, err := pub.MarksByGTIN(ctx, g)
				found := false
				for _, x := range all {
					found = found || x.Subject == m.Subject
				}
				if err != nil || !found {
					t.Errorf("the trade number %s does not lead to %s: %v", g, m.Subject, err)
				}
			}
			events, err := pub.EntriesOf(ctx, m.Subject, 0, 100)
			if err != nil || len(events) != len(m.Events) || events[0].Leaf != m.Events[0].Leaf {
				t.Errorf("%d entries of %s, want %d, %v", len(events), m.Subject, len(m.Events), err)
			}
		}
		for _, m := range want.Applications {
			got, _, err := pub.Mark(ctx, m.Subject)
			same("an application", m, got, err)
		}
		if _, ok, err := pub.MarkByCode(ctx, ""); ok || err != nil {
			t.Errorf("no code leads to an application: %v", err)
		}
		for _, p := range want.Products {
			got, _, err := pub.Product(ctx, p.Subject)
			same("a product", p, got, err)
		}
		editions, err := pub.Editions(ctx)
		same("editions", want.Editions, editions, err)
		status, _, err := pub.Status(ctx)
		same("status", *want.Status, status, err)
		voids, err := pub.Voids(ctx, 0, 10)
		if err != nil || len(voids) != 1 || voids[0].Reason != want.Voids[0].Reason || voids[0].Msg != want.Voids[0].Msg {
			t.Errorf("got void %v, want %v, %v", voids, want.Voids, err)
		}
		entries, err := pub.Entries(ctx, 3, 2)
		if err != nil || len(entries) != 2 || entries[0].Index != 3 || entries[0].Leaf != verify.LeafOf(s.Entries[3]) {
			t.Errorf("got %v, %v", entries, err)
		}
		if h, err := pub.Head(ctx); err != nil || h.Size != want.Size || !h.AsOf.Equal(now) {
			t.Errorf("head: %v, %v", h, err)
		}
	})
}
