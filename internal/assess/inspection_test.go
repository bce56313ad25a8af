package assess_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/assess"
)

const byReading iotmark.MethodID = "accountability.evidence-reading"

func note(by string, v iotmark.InspectionVerdict) iotmark.Inspection {
	return iotmark.Inspection{Criterion: "lifecycle.take-back", Method: byReading, Version: 1, By: by, On: "2026-12-01", Verdict: v}
}

// Of each person the last note counts; where people differ, what most of them
// say, and until then the lower.
func TestOpine(t *testing.T) {
	t.Parallel()
	const pass, fail, open = iotmark.InspectionPass, iotmark.InspectionFail, iotmark.InspectionInconclusive
	cat := catalogue.MustLoad()
	for _, tt := range []struct {
		name    string
		notes   []iotmark.Inspection
		verdict iotmark.InspectionVerdict
		step    iotmark.Assurance
		settled bool
		count   int
	}{
		{"nobody", nil, "", iotmark.NoAssurance, true, 0},
		{"one", []iotmark.Inspection{note("p1", pass)}, pass, iotmark.Assessed, true, 1},
		{"one who could not tell", []iotmark.Inspection{note("p1", open)}, open, iotmark.NoAssurance, true, 1},
		{"one who changed his mind", []iotmark.Inspection{note("p1", pass), note("p1", fail)}, fail, iotmark.Assessed, true, 1},
		{"two who agree", []iotmark.Inspection{note("p1", pass), note("p2", pass)}, pass, iotmark.Assessed, true, 2},
		{"two who differ", []iotmark.Inspection{note("p1", pass), note("p2", fail)}, fail, iotmark.Assessed, false, 2},
		{"one of two could not tell", []iotmark.Inspection{note("p1", pass), note("p2", open)}, open, iotmark.NoAssurance, false, 2},
		{"two who agreed later", []iotmark.Inspection{note("p1", pass), note("p2", fail), note("p2", pass)}, pass, iotmark.Assessed, true, 2},
		{"a third settles it", []iotmark.Inspection{note("p1", pass), note("p2", fail), note("p3", pass)}, pass, iotmark.Assessed, true, 3},
		{"three who differ", []iotmark.Inspection{note("p1", pass), note("p2", fail), note("p3", open)}, fail, iotmark.Assessed, false, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := assess.Opine(cat, tt.notes)
			if o.Verdict != tt.verdict || o.Step != tt.step || o.Settled != tt.settled || len(o.Notes) != tt.count {
				t.Errorf("got %s, %s, settled %v, %d notes", o.Verdict, o.Step, o.Settled, len(o.Notes))
			}
		})
	}
}

// A note lifts what the maker claims, and overrules it; it lifts nothing that
// the maker denies.
func TestInspected(t *testing.T) {
	t.Parallel()
	const id = "lifecycle.take-back"
	cat := catalogue.MustLoad()
	for _, tt := range []struct {
		name    string
		answer  iotmark.Answer
		verdict iotmark.InspectionVerdict
		want    iotmark.Verdict
		step    iotmark.Assurance
		contra  bool
	}{
		{"claimed and found", iotmark.AnswerMet, iotmark.InspectionPass, iotmark.Conforms, iotmark.Assessed, false},
		{"claimed and not found", iotmark.AnswerMet, iotmark.InspectionFail, iotmark.DoesNotConform, iotmark.Assessed, true},
		{"claimed, and nobody can tell", iotmark.AnswerMet, iotmark.InspectionInconclusive, iotmark.Conforms, iotmark.Declared, false},
		{"denied and found", iotmark.AnswerUnmet, iotmark.InspectionPass, iotmark.DoesNotConform, iotmark.Declared, false},
		{"not said, and found", "", iotmark.InspectionPass, iotmark.Conforms, iotmark.Assessed, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &iotmark.Declaration{Claims: map[iotmark.CriterionID]iotmark.Claim{}}
			if tt.answer != "" {
				d.Claims[id] = iotmark.Claim{Answer: tt.answer}
			}
			before := assess.Assess(assess.Input{Catalogue: cat, Declaration: d, AsOf: "2026-12-01"})
			after := assess.Assess(assess.Input{Catalogue: cat, Declaration: d, AsOf: "2026-12-01", Inspections: []iotmark.Inspection{note("p1", tt.verdict)}})
			changes := assess.Diff(before, after)
			if len(changes) != 1 || changes[0].Criterion != id || !changes[0].Reasons {
				t.Fatalf("changed: %+v", changes)
			}
			got := changes[0].Is
			if got.Verdict != tt.want || got.Assurance != tt.step || got.Contradicted != tt.contra {
				t.Errorf("got %s, %s, contradicted %v", got.Verdict, got.Assurance, got.Contradicted)
			}
			if d := assess.Diff(after, after); len(d) != 0 {
				t.Errorf("it differs from itself: %+v", d)
			}
		})
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	got := string(assess.Lines([]iotmark.Conclusion{{Criterion: "a.b", Verdict: iotmark.Conforms, Assurance: iotmark.Tested}, {Criterion: "a.c", Verdict: iotmark.NotApplicable}}))
	if d := cmp.Diff("a.b conforms tested\na.c not-applicable none\n", got); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
}
