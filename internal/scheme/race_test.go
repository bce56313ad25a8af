package scheme_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// atOnce does things at the same time, and returns the ids of their errors in
// order of the things.
func atOnce(do ...func() error) []string {
	out := make([]string, len(do))
	start, done := make(chan struct{}), sync.WaitGroup{}
	for i, f := range do {
		done.Go(func() { <-start; out[i] = storetest.ErrorID(f()) })
	}
	close(start)
	done.Wait()
	return out
}

// Two who act at once both count, or one wins and the other is told; no act is
// lost, and none is done twice.
func TestAtOnce(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		ctx, s := t.Context(), h.Scheme
		acts := func(id string) map[iotmark.Act]int {
			t.Helper()
			c := h.OK(s.Case(ctx, schemetest.Observer, id))
			trail, err := s.Trail(ctx, schemetest.Observer, id)
			if err != nil || int64(len(trail)) != c.Version {
				t.Fatalf("%d rows of %d acts, %v", len(trail), c.Version, err)
			}
			n := map[iotmark.Act]int{}
			for _, d := range trail {
				n[d.Act]++
			}
			return n
		}

		// Two deciders sign at once; the second signature is the last.
		first, second := h.Reviewed("lamp-0"), h.Reviewed("lamp-1")
		on := scheme.On{Case: first.ID, Reason: "as it should be"}
		h.OK(s.Grant(ctx, h.Member(0), on))
		h.OK(h.TrySign(h.Assessor(0), first.ID))
		d, err := s.Draft(ctx, schemetest.Observer, first.ID)
		if err != nil {
			t.Fatal(err)
		}
		sign := func(i int) func() error {
			sig := h.Key(h.Member(i)).Sign(d.Text)
			return func() error { _, err := s.Sign(ctx, h.Member(i), scheme.On{Case: first.ID}, sig); return err }
		}
		got := atOnce(sign(0), sign(1))
		if c := h.OK(s.Case(ctx, schemetest.Observer, first.ID)); !slices.Equal(got, []string{"", ""}) || c.State != "granted" {
			t.Fatalf("two signed at once: %q, and the case is %s", got, c.State)
		}
		if n := acts(first.ID)[iotmark.ActSign]; n != 3+3 { // of acceptance, sealing and evaluation too
			t.Errorf("%d signatures are in the trail, want 6", n)
		}
		if got := atOnce(sign(0), sign(1), sign(0)); slices.Contains(got, "") {
			t.Errorf("signed again after the decision: %q", got)
		}

		// The same act, sent several times under one key, is done once.
		note := func() error {
			_, err := s.Note(ctx, schemetest.Registrar, scheme.On{Case: second.ID, Key: "k1"}, "seen")
			return err
		}
		if got := atOnce(note, note, note, note); slices.Compact(slices.Clone(got))[0] != "" || len(slices.Compact(got)) != 1 {
			t.Errorf("sent again under one key: %q", got)
		}
		if n := acts(second.ID)[iotmark.ActNote]; n != 1 {
			t.Errorf("one act under one key was done %d times", n)
		}
		if _, err := s.Note(ctx, schemetest.Registrar, scheme.On{Case: first.ID, Key: "k1"}, "seen"); storetest.ErrorID(err) != "key-used" {
			t.Errorf("the key of another act: %v", err)
		}

		// Of acts on the same version one wins.
		at := h.OK(s.Case(ctx, schemetest.Observer, second.ID)).Version
		var on1 []func() error
		for i := range 4 {
			on1 = append(on1, func() error {
				_, err := s.Note(ctx, schemetest.Registrar, scheme.On{Case: second.ID, Version: at}, fmt.Sprint("note ", i))
				return err
			})
		}
		got = atOnce(on1...)
		slices.Sort(got)
		if want := []string{"", "case-moved", "case-moved", "case-moved"}; !slices.Equal(got, want) {
			t.Errorf("four acts on one version: %q, want %q", got, want)
		}
		if n := acts(second.ID)[iotmark.ActNote]; n != 2 {
			t.Errorf("%d notes, want 2", n)
		}

		// Two registrars give the same person the same part: it is his once.
		other := schemetest.As("g3", schemetest.Body)
		h.Appoint(other, iotmark.RoleRegistrar)
		p := scheme.Part{Person: h.Member(3).Person, Organisation: h.Member(3).Organisation, Role: iotmark.RoleCommittee}
		assign := func(by iotmark.Actor) func() error {
			return func() error { _, err := s.Assign(ctx, by, scheme.On{Case: second.ID}, p); return err }
		}
		before := acts(second.ID)[iotmark.ActAssign]
		if got := atOnce(assign(schemetest.Registrar), assign(other)); !slices.Equal(got, []string{"", ""}) {
			t.Errorf("two assign at once: %q", got)
		}
		if n := acts(second.ID)[iotmark.ActAssign]; n != before+2 {
			t.Errorf("%d assignments in the trail, want %d", n, before+2)
		}

		// Two grants are drafted at once: they have places of their own.
		third := h.Reviewed("lamp-2")
		grant := func(id string) func() error {
			return func() error {
				_, err := s.Grant(ctx, h.Member(0), scheme.On{Case: id, Reason: "good"})
				return err
			}
		}
		if got := atOnce(grant(second.ID), grant(third.ID)); !slices.Equal(got, []string{"", ""}) {
			t.Fatalf("two grants at once: %q", got)
		}
		for _, id := range []string{second.ID, third.ID} {
			h.OK(h.TrySign(h.Assessor(0), id))
			h.OK(h.TrySign(h.Member(0), id))
		}
		// All that are left sign at once, until nobody is told to wait.
		last := func(id string) func() error {
			return func() error { _, err := h.TrySign(h.Member(1), id); return err }
		}
		got = atOnce(last(second.ID), last(third.ID))
		for i, id := range []string{second.ID, third.ID} {
			switch got[i] {
			case "":
			case "slot-waits":
				h.OK(h.TrySign(h.Member(1), id))
			default:
				t.Fatalf("the last signatures at once: %q", got)
			}
		}
		h.Publish()
		for i, c := range []scheme.Case{first, second, third} {
			if m, ok, err := h.Reg.Public().Mark(ctx, c.Subject); err != nil || !ok || m.State != iotmark.MarkValid {
				t.Errorf("mark %d is %s, %v, %v", i, m.State, ok, err)
			}
		}
	})
}

// Two who grant and refuse at once: one decision is drafted.
func TestTwoDecisionsAtOnce(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		ctx, s := t.Context(), h.Scheme
		c := h.Reviewed("lamp-0")
		on := scheme.On{Case: c.ID, Reason: "so be it"}
		got := atOnce(
			func() error { _, err := s.Grant(ctx, h.Member(0), on); return err },
			func() error { _, err := s.Refuse(ctx, h.Member(1), on, []iotmark.CriterionID{"CR-001"}); return err },
			func() error { _, err := s.Return(ctx, h.Member(2), on); return err })
		slices.Sort(got)
		if want := []string{"", "act-not-allowed", "act-not-allowed"}; !slices.Equal(got, want) {
			t.Errorf("three decisions at once: %q, want %q", got, want)
		}
		if trail, err := s.Trail(ctx, schemetest.Observer, c.ID); err != nil || int64(len(trail)) != c.Version+1 {
			t.Errorf("%d rows after one act on version %d, %v", len(trail), c.Version, err)
		}
	})
}
