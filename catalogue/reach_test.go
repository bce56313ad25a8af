package catalogue_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// Every instrument is covered as its row of the table says, and every
// provision stands once, with a reason where nothing covers it.
func TestCoversAgreesWithCoverage(t *testing.T) {
	t.Parallel()
	c := catalogue.MustLoad()
	rows, err := c.Coverage()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		r, err := c.Covers(row.Instrument)
		if err != nil {
			t.Fatal(err)
		}
		n, seen := r.Totals.ByDepth, map[iotmark.ProvisionID]bool{}
		closely := n[catalogue.DepthProof] + n[catalogue.DepthGuard] + n[catalogue.DepthPeople]
		if r.Totals.Provisions != row.Provisions || closely != row.Closely || closely+n[catalogue.DepthTouched] != row.Reached {
			t.Errorf("%s: %+v, the table says %+v", row.Instrument, r.Totals, row)
		}
		for _, part := range r.Parts {
			for _, p := range part.Provisions {
				if seen[p.ID] || (p.Why != "") != (p.Depth == catalogue.DepthNone) || (len(p.Criteria) == 0) != (p.Depth == catalogue.DepthNone) {
					t.Errorf("%s %s: %+v", row.Instrument, p.ID, p)
				}
				seen[p.ID] = true
			}
		}
		if len(seen) != row.Provisions || len(r.Parts) == 0 {
			t.Errorf("%s: %d provisions in %d parts", row.Instrument, len(seen), len(r.Parts))
		}
	}
}

func TestCoversUnknownInstrument(t *testing.T) {
	t.Parallel()
	_, err := catalogue.MustLoad().Covers("etsi-en-303-654")
	e, ok := errors.AsType[*iotmark.Error](err)
	if !ok || e.ID != "instrument-unknown" || e.Kind != iotmark.NotFound || e.Msg != `there is no instrument "etsi-en-303-654". Did you mean etsi-en-303-645?` {
		t.Errorf("got %v", err)
	}
}

// A product stands on a provision as on the weakest of the criteria that have
// it closely and concern the product.
func TestJudge(t *testing.T) {
	t.Parallel()
	const (
		met  = iotmark.Conforms
		na   = iotmark.NotApplicable
		bad  = iotmark.DoesNotConform
		open = iotmark.Undetermined
	)
	type c = iotmark.Conclusion
	for name, x := range map[string]struct {
		criteria []catalogue.ReachCriterion
		a, b     c
		want     catalogue.Stand
	}{
		"both checked":         {near("a", "b"), c{Verdict: met, Assurance: iotmark.Checked}, c{Verdict: met, Assurance: iotmark.Tested}, catalogue.StandChecked},
		"one shown":            {near("a", "b"), c{Verdict: met, Assurance: iotmark.Checked}, c{Verdict: met, Assurance: iotmark.Shown}, catalogue.StandShown},
		"one by word":          {near("a", "b"), c{Verdict: met, Assurance: iotmark.Shown}, c{Verdict: met, Assurance: iotmark.Declared}, catalogue.StandWord},
		"one without answer":   {near("a", "b"), c{Verdict: met, Assurance: iotmark.Tested}, c{Verdict: open}, catalogue.StandMissing},
		"one not met":          {near("a", "b"), c{Verdict: bad}, c{Verdict: open}, catalogue.StandNotMet},
		"one does not concern": {near("a", "b"), c{Verdict: na}, c{Verdict: met, Assurance: iotmark.Shown}, catalogue.StandShown},
		"none concerns":        {near("a", "b"), c{Verdict: na}, c{Verdict: na}, catalogue.StandNone},
		"touched only":         {[]catalogue.ReachCriterion{{Criterion: "a"}}, c{Verdict: met, Assurance: iotmark.Tested}, c{}, catalogue.StandOpen},
		"touched and not met":  {append(near("a"), catalogue.ReachCriterion{Criterion: "b"}), c{Verdict: met, Assurance: iotmark.Checked}, c{Verdict: bad}, catalogue.StandChecked},
		"nothing":              {nil, c{}, c{}, catalogue.StandOpen},
		"never judged":         {near("z"), c{}, c{}, catalogue.StandMissing},
	} {
		x.a.Criterion, x.b.Criterion = "a", "b"
		r := catalogue.Reach{Parts: []catalogue.ReachPart{{Provisions: []catalogue.ReachProvision{{Criteria: x.criteria}}}}}
		r.Judge([]iotmark.Conclusion{x.a, x.b})
		if got := r.Parts[0].Provisions[0].Stand; got != x.want {
			t.Errorf("%s: got %s, want %s", name, got, x.want)
		}
		if diff := cmp.Diff(map[catalogue.Stand]int{x.want: 1}, r.Totals.ByStand); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func near(ids ...iotmark.CriterionID) []catalogue.ReachCriterion {
	var out []catalogue.ReachCriterion
	for _, id := range ids {
		out = append(out, catalogue.ReachCriterion{Criterion: id, Closely: true})
	}
	return out
}
