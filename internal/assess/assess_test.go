package assess_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/assess"
)

const (
	portability = iotmark.CriterionID("data-governance.portability")          // must, full, needs checked
	components  = iotmark.CriterionID("provenance.software-components")       // must, full, needs checked, a proof and a guard
	passwords   = iotmark.CriterionID("device-security.no-default-passwords") // must, needs tested, a guard
	noSale      = iotmark.CriterionID("data-governance.no-sale")              // must, partly, needs assessed, a guard
	endPlan     = iotmark.CriterionID("lifecycle.end-of-life-plan")           // must, partly, needs assessed, a proof
	sensors     = iotmark.CriterionID("privacy.sensor-control")               // applies with a camera
)

// held is a piece of evidence that is here and was read.
func held(id iotmark.EvidenceID, k iotmark.EvidenceKind, dated iotmark.Date) iotmark.Holding {
	return iotmark.Holding{Evidence: id, Kind: k, Standing: iotmark.Held, Reader: "text", Dated: dated}
}

func finding(c iotmark.CheckID, o iotmark.Outcome, basis ...iotmark.EvidenceID) iotmark.Finding {
	return iotmark.Finding{Check: c, Version: 1, Outcome: o, Message: iotmark.MessageID(c) + ".x", Basis: basis}
}

func TestConclude(t *testing.T) {
	t.Parallel()
	export := held("export", iotmark.KindDataExport, "2026-10-01")
	sbom := held("sbom", iotmark.KindSBOM, "")
	claim := func(a iotmark.Answer, e ...iotmark.EvidenceID) iotmark.Claim {
		return iotmark.Claim{Answer: a, Evidence: e}
	}
	type want struct {
		Verdict      iotmark.Verdict
		Assurance    iotmark.Assurance
		Counts       bool
		Contradicted bool
		Waits        iotmark.Wait
		Step         iotmark.StepKind
	}
	for _, c := range []struct {
		name      string
		criterion iotmark.CriterionID
		facts     map[iotmark.FactID]iotmark.FactValue
		claim     *iotmark.Claim
		holdings  []iotmark.Holding
		findings  []iotmark.Finding
		want      want
	}{
		{
			name: "nobody answered", criterion: portability,
			want: want{Verdict: iotmark.Undetermined, Waits: iotmark.WaitMaker, Step: iotmark.StepAnswer},
		}, {
			name: "the maker does not know", criterion: portability, claim: new(claim(iotmark.AnswerUnknown)),
			want: want{Verdict: iotmark.Undetermined, Waits: iotmark.WaitMaker, Step: iotmark.StepAnswer},
		}, {
			name: "met on the maker's word", criterion: portability, claim: new(claim(iotmark.AnswerMet)),
			want: want{Verdict: iotmark.Conforms, Assurance: iotmark.Declared, Waits: iotmark.WaitMaker, Step: iotmark.StepPoint},
		}, {
			name: "dated evidence is shown", criterion: noSale, claim: new(claim(iotmark.AnswerMet, "notice")),
			holdings: []iotmark.Holding{held("notice", iotmark.KindWebPage, "2026-05-01")},
			want:     want{Verdict: iotmark.Conforms, Assurance: iotmark.Shown, Waits: iotmark.WaitAssessor, Step: iotmark.StepAssessor},
		}, {
			name: "undated evidence is not", criterion: noSale, claim: new(claim(iotmark.AnswerMet, "notice")),
			holdings: []iotmark.Holding{held("notice", iotmark.KindWebPage, "")},
			want:     want{Verdict: iotmark.Conforms, Assurance: iotmark.Declared, Waits: iotmark.WaitMaker, Step: iotmark.StepPoint},
		}, {
			name: "evidence dated ahead is not", criterion: noSale, claim: new(claim(iotmark.AnswerMet, "notice")),
			holdings: []iotmark.Holding{held("notice", iotmark.KindWebPage, "2031-05-01")},
			want:     want{Verdict: iotmark.Conforms, Assurance: iotmark.Declared, Waits: iotmark.WaitAssessor, Step: iotmark.StepAssessor},
		}, {
			name: "evidence of another kind does not show it", criterion: noSale, claim: new(claim(iotmark.AnswerMet, "photo")),
			holdings: []iotmark.Holding{held("photo", iotmark.KindPhoto, "2026-05-01")},
			want:     want{Verdict: iotmark.Conforms, Assurance: iotmark.Declared, Waits: iotmark.WaitMaker, Step: iotmark.StepPoint},
		}, {
			name: "a signed statement never shows", criterion: noSale, claim: new(claim(iotmark.AnswerMet, "word")),
			holdings: []iotmark.Holding{held("word", iotmark.KindStatement, "2026-05-01")},
			want:     want{Verdict: iotmark.Conforms, Assurance: iotmark.Declared, Waits: iotmark.WaitMaker, Step: iotmark.StepPoint},
		}, {
			name: "expired evidence is not counted", criterion: noSale, claim: new(claim(iotmark.AnswerMet, "notice")),
			holdings: []iotmark.Holding{{Evidence: "notice", Kind: iotmark.KindWebPage, Standing: iotmark.Expired, Dated: "2020-01-01"}},
			want:     want{Verdict: iotmark.Conforms, Assurance: iotmark.Declared, Waits: iotmark.WaitMaker, Step: iotmark.StepPoint},
		}, {
			name: "an address can be read by an assessor", criterion: noSale, claim: new(claim(iotmark.AnswerMet, "notice")),
			holdings: []iotmark.Holding{{Evidence: "notice", Kind: iotmark.KindWebPage, Standing: iotmark.Elsewhere}},
			want:     want{Verdict: iotmark.Conforms, Assurance: iotmark.Declared, Waits: iotmark.WaitAssessor, Step: iotmark.StepAssessor},
		}, {
			name: "every proof passed", criterion: portability, claim: new(claim(iotmark.AnswerMet, "export")),
			holdings: []iotmark.Holding{export}, findings: []iotmark.Finding{finding("data-governance.export-complete", iotmark.Passed, "export")},
			want: want{Verdict: iotmark.Conforms, Assurance: iotmark.Checked, Counts: true},
		}, {
			name: "a proof on the declaration alone lifts nothing", criterion: portability, claim: new(claim(iotmark.AnswerMet)),
			findings: []iotmark.Finding{finding("data-governance.export-complete", iotmark.Passed)},
			want:     want{Verdict: iotmark.Conforms, Assurance: iotmark.Declared, Waits: iotmark.WaitMaker, Step: iotmark.StepPoint},
		}, {
			name: "a proof on evidence that does not count lifts nothing", criterion: portability, claim: new(claim(iotmark.AnswerMet, "export")),
			holdings: []iotmark.Holding{{Evidence: "export", Kind: iotmark.KindDataExport, Standing: iotmark.Differs}},
			findings: []iotmark.Finding{finding("data-governance.export-complete", iotmark.Passed, "export")},
			want:     want{Verdict: iotmark.Conforms, Assurance: iotmark.Declared, Waits: iotmark.WaitMaker, Step: iotmark.StepPoint},
		}, {
			name: "could not tell is not passed", criterion: portability, claim: new(claim(iotmark.AnswerMet, "export")),
			holdings: []iotmark.Holding{export}, findings: []iotmark.Finding{finding("data-governance.export-complete", iotmark.CantTell, "export")},
			want: want{Verdict: iotmark.Conforms, Assurance: iotmark.Shown, Waits: iotmark.WaitMaker, Step: iotmark.StepPoint},
		}, {
			name: "the weightiest finding of a check decides", criterion: portability, claim: new(claim(iotmark.AnswerMet, "export")),
			holdings: []iotmark.Holding{export}, findings: []iotmark.Finding{
				finding("data-governance.export-complete", iotmark.Passed, "export"),
				finding("data-governance.export-complete", iotmark.Failed, "export"),
			},
			want: want{Verdict: iotmark.DoesNotConform, Assurance: iotmark.Checked, Contradicted: true, Waits: iotmark.WaitMaker, Step: iotmark.StepMend},
		}, {
			name: "a proof speaks where the maker did not", criterion: portability,
			holdings: []iotmark.Holding{export}, findings: []iotmark.Finding{finding("data-governance.export-complete", iotmark.Passed, "export")},
			want: want{Verdict: iotmark.Conforms, Assurance: iotmark.Checked, Counts: true},
		}, {
			name: "but not where people decide", criterion: endPlan,
			holdings: []iotmark.Holding{held("plan", iotmark.KindWebPage, "2026-05-01")},
			findings: []iotmark.Finding{finding("lifecycle.end-of-life-cases", iotmark.Passed, "plan")},
			want:     want{Verdict: iotmark.Undetermined, Waits: iotmark.WaitMaker, Step: iotmark.StepAnswer},
		}, {
			name: "checked does not count where a test is needed", criterion: endPlan, claim: new(claim(iotmark.AnswerMet, "plan")),
			holdings: []iotmark.Holding{held("plan", iotmark.KindWebPage, "2026-05-01")},
			findings: []iotmark.Finding{finding("lifecycle.end-of-life-cases", iotmark.Passed, "plan")},
			want:     want{Verdict: iotmark.Conforms, Assurance: iotmark.Checked, Waits: iotmark.WaitAssessor, Step: iotmark.StepAssessor},
		}, {
			name: "a guard that passed proves nothing", criterion: components, claim: new(claim(iotmark.AnswerMet, "sbom")),
			holdings: []iotmark.Holding{sbom}, findings: []iotmark.Finding{finding("provenance.sbom-covers-firmware", iotmark.Passed, "sbom")},
			want: want{Verdict: iotmark.Conforms, Assurance: iotmark.Declared, Waits: iotmark.WaitMaker, Step: iotmark.StepPoint},
		}, {
			name: "a guard that failed contradicts", criterion: components, claim: new(claim(iotmark.AnswerMet, "sbom")),
			holdings: []iotmark.Holding{sbom}, findings: []iotmark.Finding{
				finding("provenance.sbom-minimum", iotmark.Passed, "sbom"), finding("provenance.sbom-covers-firmware", iotmark.Failed, "sbom"),
			},
			want: want{Verdict: iotmark.DoesNotConform, Assurance: iotmark.Checked, Contradicted: true, Waits: iotmark.WaitMaker, Step: iotmark.StepMend},
		}, {
			name: "a failed check needs no claim", criterion: passwords,
			holdings: []iotmark.Holding{held("image", iotmark.KindFirmwareImage, "")},
			findings: []iotmark.Finding{finding("device-security.default-logins", iotmark.Failed, "image")},
			want:     want{Verdict: iotmark.DoesNotConform, Assurance: iotmark.Checked, Waits: iotmark.WaitMaker, Step: iotmark.StepMend},
		}, {
			name: "what needs a test waits for a test", criterion: passwords, claim: new(claim(iotmark.AnswerMet, "report")),
			holdings: []iotmark.Holding{held("report", iotmark.KindTestReport, "2026-05-01")},
			want:     want{Verdict: iotmark.Conforms, Assurance: iotmark.Shown, Waits: iotmark.WaitTest, Step: iotmark.StepTest},
		}, {
			name: "the maker says unmet", criterion: portability, claim: new(claim(iotmark.AnswerUnmet)),
			want: want{Verdict: iotmark.DoesNotConform, Assurance: iotmark.Declared, Waits: iotmark.WaitMaker, Step: iotmark.StepMend},
		}, {
			name: "the machine does not lift a no", criterion: portability, claim: new(claim(iotmark.AnswerPartly, "export")),
			holdings: []iotmark.Holding{export}, findings: []iotmark.Finding{finding("data-governance.export-complete", iotmark.Passed, "export")},
			want: want{Verdict: iotmark.DoesNotConform, Assurance: iotmark.Declared, Waits: iotmark.WaitMaker, Step: iotmark.StepMend},
		}, {
			name: "the facts take it away", criterion: sensors,
			facts: map[iotmark.FactID]iotmark.FactValue{"has_camera_or_microphone": {Truth: iotmark.False}},
			claim: new(claim(iotmark.AnswerMet)),
			want:  want{Verdict: iotmark.NotApplicable},
		}, {
			name: "not knowing a fact does not", criterion: sensors,
			want: want{Verdict: iotmark.Undetermined, Waits: iotmark.WaitMaker, Step: iotmark.StepAnswer},
		}, {
			name: "only evidence that aged is renewed", criterion: "accountability.change-reporting", claim: new(claim(iotmark.AnswerMet)),
			findings: []iotmark.Finding{finding("accountability.evidence-current", iotmark.Failed, "old")},
			want:     want{Verdict: iotmark.DoesNotConform, Assurance: iotmark.Declared, Contradicted: true, Waits: iotmark.WaitMaker, Step: iotmark.StepPoint},
		}, {
			name: "and mended where something else failed, too", criterion: "accountability.change-reporting", claim: new(claim(iotmark.AnswerMet)),
			findings: []iotmark.Finding{finding("accountability.evidence-current", iotmark.Failed, "old"), finding("accountability.facts-agree", iotmark.Failed, "old")},
			want:     want{Verdict: iotmark.DoesNotConform, Assurance: iotmark.Declared, Contradicted: true, Waits: iotmark.WaitMaker, Step: iotmark.StepMend},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cat := load(t)
			d := declaration(t, readYAML(t, filepath.Join(example, "minimal.yaml")))
			for f, v := range c.facts {
				d.Facts[f] = v
			}
			if c.claim != nil {
				d.Claims = map[iotmark.CriterionID]iotmark.Claim{c.criterion: *c.claim}
			}
			a := assess.Assess(assess.Input{Catalogue: cat, Declaration: d, AsOf: "2026-11-22", Holdings: c.holdings, Findings: c.findings})
			i := slices.IndexFunc(a.Conclusions, func(x iotmark.Conclusion) bool { return x.Criterion == c.criterion })
			con := a.Conclusions[i]
			got := want{con.Verdict, con.Assurance, con.Counts, con.Contradicted, con.Waits, ""}
			if con.Next != nil {
				got.Step = con.Next.Kind
				if con.Waits == iotmark.WaitMaker && con.Next.Minutes <= 0 {
					t.Errorf("a step for the maker without an effort: %+v", con.Next)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
			if len(con.Reasons) == 0 {
				t.Error("a conclusion without a reason")
			}
		})
	}
}

// A hint decides nothing.
func TestHint(t *testing.T) {
	t.Parallel()
	cat := load(t)
	cat.Bindings.Criteria = map[iotmark.CriterionID][]catalogue.Binding{
		portability: {{Check: "data-governance.export-complete", Role: catalogue.Hint}},
	}
	d := declaration(t, readYAML(t, filepath.Join(example, "minimal.yaml")))
	d.Claims = map[iotmark.CriterionID]iotmark.Claim{portability: {Answer: iotmark.AnswerMet}}
	a := assess.Assess(assess.Input{
		Catalogue: cat, Declaration: d, AsOf: "2026-11-22",
		Holdings: []iotmark.Holding{held("export", iotmark.KindDataExport, "2026-01-01")},
		Findings: []iotmark.Finding{finding("data-governance.export-complete", iotmark.Failed, "export")},
	})
	for _, con := range a.Conclusions {
		if con.Criterion == portability && con.Verdict != iotmark.Conforms {
			t.Errorf("got %s; a hint must not decide", con.Verdict)
		}
	}
}

// The tracks: the declaration needs answers, the mark needs every must to
// count, and a duty of the licence stands in the way of neither.
func TestTracks(t *testing.T) {
	t.Parallel()
	cat := load(t)
	d := declaration(t, readYAML(t, filepath.Join(example, "minimal.yaml")))
	d.Claims = map[iotmark.CriterionID]iotmark.Claim{}
	track := func() (decl, cert iotmark.Track) {
		a := assess.Assess(assess.Input{Catalogue: cat, Declaration: d, AsOf: "2026-11-22"})
		return a.Tracks[0], a.Tracks[1]
	}
	decl, cert := track()
	if decl.Open || len(decl.Missing) != 36 || cert.Open || len(cert.Missing) != 72 {
		t.Errorf("nothing answered: open %t with %d missing, %t with %d; want 36 and 72", decl.Open, len(decl.Missing), cert.Open, len(cert.Missing))
	}
	if slices.Contains(cert.Missing, "accountability.label-at-sale") {
		t.Error("the label at the point of sale stands in the way of the mark")
	}
	for _, id := range decl.Missing {
		d.Claims[id] = iotmark.Claim{Answer: iotmark.AnswerUnknown}
	}
	if decl, _ = track(); !decl.Open {
		t.Errorf("unknown is an answer, but %v are missing", decl.Missing)
	}
}

// A value that a check found prints in place of the declared one, and the
// earliest of several dates.
func TestLabelShowsWhatWasFound(t *testing.T) {
	t.Parallel()
	cat := load(t)
	d := declaration(t, readYAML(t, filepath.Join(example, "iotmark.yaml")))
	page := held("page", iotmark.KindWebPage, "2026-01-01")
	f := finding("lifecycle.support-date-agrees", iotmark.Failed, "page")
	f.Shown = &iotmark.LabelValue{Fact: "security-updates", Value: "date", Date: "2030-06-30"}
	g := f
	g.Shown = &iotmark.LabelValue{Fact: "security-updates", Value: "date", Date: "2026-10-31"}
	later := f
	later.Shown = &iotmark.LabelValue{Fact: "security-updates", Value: "date", Date: "2040-01-31"}
	a := assess.Assess(assess.Input{Catalogue: cat, Declaration: d, AsOf: "2026-11-22", Holdings: []iotmark.Holding{page}, Findings: []iotmark.Finding{f, g, later}})
	want := iotmark.LabelFact{
		ID: "security-updates", Value: "date", Print: "October 2026", How: iotmark.Checked,
		From: iotmark.ByFinding, By: "lifecycle.support-date-agrees", Declared: "March 2034",
		Args: map[string]string{"date": "2026-10-31"}, DeclaredArgs: map[string]string{"date": "2034-03-31", "value": "date"},
	}
	if diff := cmp.Diff(want, a.Label.Facts[0]); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	if s := a.Label.Answers[0]; s.Value != "ended" || s.How != iotmark.Checked {
		t.Errorf("the answer says %+v", s)
	}
	f.Outcome = iotmark.CantTell
	a = assess.Assess(assess.Input{Catalogue: cat, Declaration: d, AsOf: "2026-11-22", Holdings: []iotmark.Holding{page}, Findings: []iotmark.Finding{f}})
	if a.Label.Facts[0].Print != "March 2034" {
		t.Errorf("could not tell changed the label to %s", a.Label.Facts[0].Print)
	}
}

// A value stands at checked only where a passed check compared it; a plan that
// was read says nothing about what goes on working.
func TestLabelHow(t *testing.T) {
	t.Parallel()
	cat := load(t)
	d := declaration(t, readYAML(t, filepath.Join(example, "iotmark.yaml")))
	a := assess.Assess(assess.Input{
		Catalogue: cat, Declaration: d, AsOf: "2026-11-22",
		Holdings: []iotmark.Holding{
			held("sales-page", iotmark.KindWebPage, "2026-01-01"), held("end-of-life-plan", iotmark.KindDocument, "2026-01-01"),
		},
		Findings: []iotmark.Finding{
			finding("lifecycle.support-date-agrees", iotmark.Passed, "sales-page"),
			finding("lifecycle.end-of-life-cases", iotmark.Passed, "end-of-life-plan"),
		},
	})
	got := map[string]iotmark.Assurance{}
	for _, f := range a.Label.Facts {
		got[f.ID] = f.How
	}
	if got["security-updates"] != iotmark.Checked || got["if-maker-closes"] != iotmark.Shown || got["spare-parts"] != iotmark.Declared {
		t.Errorf("got %v", got)
	}
}
