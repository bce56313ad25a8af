package scheme_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/catalogue/cataloguetest"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// A change of the criteria says to whom it would happen: one that changes
// nothing to nobody, one that makes an offer a duty to whoever has not been
// looked at for it.
func TestDryRun(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address, func(c *scheme.Config) { c.Determine = nil })
		h.Register()
		mark := h.Granted().Subject
		h.Work()
		ctx, s := t.Context(), h.Scheme
		run := func(c *catalogue.Catalogue) scheme.DryRun {
			t.Helper()
			d, err := s.DryRun(ctx, schemetest.Steward, c, nil)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		if d := run(catalogue.MustLoad()); d.Same != 1 || len(d.Marks) != 0 {
			t.Errorf("the same criteria would change %+v, and not %d", d.Marks, d.Same)
		}
		harder := cataloguetest.Edited(t, cataloguetest.Edit{File: "2026.1/lifecycle.yaml",
			Old: "- id: lifecycle.continuity-guarantee\n  level: should", New: "- id: lifecycle.continuity-guarantee\n  level: must"})
		d := run(harder)
		if len(d.Marks) != 1 || d.Marks[0].Subject != mark || len(d.Marks[0].Loses)+len(d.Marks[0].Asks) != 1 {
			t.Fatalf("a new must would change %+v", d)
		}
		if doc, raw, err := d.Document(); err != nil || doc.Size != int64(len(raw)) {
			t.Errorf("the document is %+v of %d bytes, %v", doc, len(raw), err)
		}
		if _, err := s.DryRun(ctx, schemetest.Applicant, harder, nil); storetest.ErrorID(err) != "role-missing" {
			t.Errorf("a maker sees who would lose: %v", err)
		}
	})
}

func TestWouldBe(t *testing.T) {
	t.Parallel()
	one := func(l iotmark.Level, v iotmark.Verdict, counts bool) iotmark.Assessment {
		return iotmark.Assessment{Conclusions: []iotmark.Conclusion{{Criterion: "a.b", Level: l, Verdict: v, Counts: counts}}}
	}
	for _, tt := range []struct {
		name          string
		before, after iotmark.Assessment
		loses, asks   int
	}{
		{"as it was", one(iotmark.Must, iotmark.Conforms, true), one(iotmark.Must, iotmark.Conforms, true), 0, 0},
		{"an offer becomes a duty that is met", one(iotmark.Should, iotmark.Conforms, true), one(iotmark.Must, iotmark.Conforms, true), 0, 0},
		{"an offer becomes a duty that is not met", one(iotmark.Should, iotmark.DoesNotConform, false), one(iotmark.Must, iotmark.DoesNotConform, false), 1, 0},
		{"a new duty that nobody has looked at", iotmark.Assessment{}, one(iotmark.Must, iotmark.Undetermined, false), 0, 1},
		{"a new duty that concerns others", iotmark.Assessment{}, one(iotmark.Must, iotmark.NotApplicable, false), 0, 0},
		{"a duty less", one(iotmark.Must, iotmark.DoesNotConform, false), one(iotmark.Should, iotmark.DoesNotConform, false), 0, 0},
	} {
		loses, asks := scheme.WouldBe(tt.before, tt.after)
		if d := cmp.Diff([]int{tt.loses, tt.asks}, []int{len(loses), len(asks)}); d != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, d)
		}
	}
}
