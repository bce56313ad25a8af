// Package assess turns findings, claims and the catalogue into an assessment:
// one conclusion for each criterion, with its reasons and with how we know.
// It is a pure function: the same input gives the same bytes.
//
// What it refuses to do: lift a conclusion above declared on the maker's word
// alone, lift one above checked but on the note of a person who inspected, or
// take a criterion away because somebody said so. A finding may overrule a
// claim or a note downwards, and a note that fails a finding that passed.
//
// What can go wrong: nothing but its input; a finding of a check that no
// criterion is bound to is kept in the assessment and decides nothing.
package assess

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// Input is all that an assessment rests on.
type Input struct {
	Catalogue   *catalogue.Catalogue
	Declaration *iotmark.Declaration
	Digest      iotmark.Digest // of the declaration's bytes
	AsOf        iotmark.Date
	Holdings    []iotmark.Holding // in the order of the declaration
	Findings    []iotmark.Finding // in the order of the checks
	Warnings    []iotmark.Warning
	// Unsure are product facts that the evidence contradicts. They count as
	// unknown, so that a wrong fact never takes a criterion away.
	Unsure []iotmark.FactID
	// Inspections are the notes of people, in the order in which they were
	// handed in.
	Inspections []iotmark.Inspection
}

// Assess returns the assessment.
func Assess(in Input) iotmark.Assessment {
	a := newAssessor(in)
	out := iotmark.Assessment{
		Edition:  in.Catalogue.Edition,
		Bindings: in.Catalogue.Bindings.Digest,
		AsOf:     in.AsOf,
		Product:  in.Declaration.Product.Name,
		Model:    in.Declaration.Product.Model,
		Maker:    in.Declaration.Maker.Name,
		Declared: in.Digest,
		Evidence: in.Holdings,
		Findings: in.Findings,
		Warnings: in.Warnings,
		Unsure:   in.Unsure,
	}
	for _, c := range in.Catalogue.Criteria {
		out.Conclusions = append(out.Conclusions, a.conclude(c))
	}
	out.Topics = a.topics(out.Conclusions)
	out.Label = a.label(out.Conclusions)
	out.Tracks = a.tracks(out.Conclusions)
	return out
}

type assessor struct {
	Input
	truths   map[iotmark.FactID]iotmark.Truth
	holdings map[iotmark.EvidenceID]iotmark.Holding
	reach    map[iotmark.EvidenceKind]iotmark.Assurance
	outcomes map[iotmark.CheckID]iotmark.Outcome
	findings map[iotmark.CheckID][]int // indexes into Findings
	notes    map[iotmark.CriterionID][]iotmark.Inspection
}

func newAssessor(in Input) *assessor {
	a := &assessor{
		Input:    in,
		truths:   in.Catalogue.Truths(in.Declaration.Facts),
		holdings: map[iotmark.EvidenceID]iotmark.Holding{},
		reach:    map[iotmark.EvidenceKind]iotmark.Assurance{},
		outcomes: map[iotmark.CheckID]iotmark.Outcome{},
		findings: map[iotmark.CheckID][]int{},
		notes:    map[iotmark.CriterionID][]iotmark.Inspection{},
	}
	for _, n := range in.Inspections {
		a.notes[n.Criterion] = append(a.notes[n.Criterion], n)
	}
	for _, f := range in.Unsure {
		a.truths[f] = iotmark.Unknown
	}
	for _, h := range in.Holdings {
		a.holdings[h.Evidence] = h
	}
	for _, k := range in.Catalogue.Scheme.EvidenceKinds {
		var r iotmark.Assurance
		if r.UnmarshalText([]byte(k.Reach)) == nil {
			a.reach[k.ID] = r
		}
	}
	for i, f := range in.Findings {
		a.findings[f.Check] = append(a.findings[f.Check], i)
		if o, ok := a.outcomes[f.Check]; ok {
			a.outcomes[f.Check] = o.Weightier(f.Outcome)
		} else {
			a.outcomes[f.Check] = f.Outcome
		}
	}
	return a
}

// conclude reaches the conclusion on one criterion.
func (a *assessor) conclude(c *catalogue.Criterion) iotmark.Conclusion {
	con := iotmark.Conclusion{Criterion: c.ID, Level: c.Level, Entry: c.Entry, Needs: c.NeedsStep()}
	if c.Applies(a.truths) == iotmark.False {
		con.Verdict = iotmark.NotApplicable
		con.Reasons = []iotmark.Reason{{Kind: iotmark.ByFact, Message: "assess.not-applicable", Args: map[string]string{"facts": a.decidingFacts(c)}}}
		return con
	}
	claim, answered := a.Declaration.Claims[c.ID]
	if answered {
		con.Answer, con.Note = claim.Answer, claim.Note
	}
	b := a.bound(c)
	ev := a.evidence(c, claim)
	o := Opine(a.Catalogue, a.notes[c.ID])

	switch {
	case len(b.failed) > 0:
		con.Verdict, con.Assurance = iotmark.DoesNotConform, b.failedAt
		con.Contradicted = con.Answer == iotmark.AnswerMet
		if con.Contradicted {
			con.Reasons = append(con.Reasons, reason(iotmark.ByClaim, "assess.contradicted"))
		}
		switch o.Verdict {
		case iotmark.InspectionPass:
			con.Reasons = append(con.Reasons, reason(iotmark.ByInspection, "assess.program-over-person"))
		case iotmark.InspectionFail:
			con.Assurance = max(con.Assurance, o.Step)
		}
	case o.Verdict == iotmark.InspectionFail:
		con.Verdict, con.Assurance = iotmark.DoesNotConform, o.Step
		con.Contradicted = con.Answer == iotmark.AnswerMet
		if con.Contradicted {
			con.Reasons = append(con.Reasons, reason(iotmark.ByInspection, "assess.inspected-contradicts"))
		}
		if b.supported {
			con.Reasons = append(con.Reasons, reason(iotmark.ByInspection, "assess.person-over-program"))
		}
	case con.Answer == iotmark.AnswerUnmet || con.Answer == iotmark.AnswerPartly:
		con.Verdict, con.Assurance = iotmark.DoesNotConform, iotmark.Declared
		con.Reasons = append(con.Reasons, reason(iotmark.ByClaim, "assess.says-"+iotmark.MessageID(con.Answer)))
	case o.Verdict == iotmark.InspectionPass:
		con.Verdict, con.Assurance = iotmark.Conforms, o.Step
		if con.Answer == iotmark.AnswerMet {
			con.Reasons = append(con.Reasons, reason(iotmark.ByClaim, "assess.says-met"))
		} else {
			con.Reasons = append(con.Reasons, reason(iotmark.ByInspection, "assess.inspected-without-claim"))
		}
	case con.Answer == iotmark.AnswerMet:
		con.Verdict, con.Assurance = iotmark.Conforms, iotmark.Declared
		con.Reasons = append(con.Reasons, reason(iotmark.ByClaim, "assess.says-met"))
		if ev.shown {
			con.Assurance = iotmark.Shown
		}
		if b.supported {
			con.Assurance = iotmark.Checked
		}
	case b.supported && c.Automation == "full":
		// The program may speak where the maker did not, and never beyond checked.
		con.Verdict, con.Assurance = iotmark.Conforms, iotmark.Checked
		con.Reasons = append(con.Reasons, reason(iotmark.ByFinding, "assess.found-without-claim"))
	case con.Answer == iotmark.AnswerUnknown:
		con.Verdict = iotmark.Undetermined
		con.Reasons = append(con.Reasons, reason(iotmark.ByClaim, "assess.says-unknown"))
	default:
		con.Verdict = iotmark.Undetermined
		con.Reasons = append(con.Reasons, reason(iotmark.ByClaim, "assess.no-answer"))
	}
	con.Reasons = append(con.Reasons, o.reasons()...)
	con.Reasons = append(con.Reasons, b.reasons...)
	con.Reasons = append(con.Reasons, ev.reasons...)
	con.Counts = con.Verdict == iotmark.Conforms && con.Assurance >= con.Needs
	con.Waits, con.Next = a.next(c, con, b, ev)
	return con
}

func reason(k iotmark.ReasonKind, m iotmark.MessageID) iotmark.Reason {
	return iotmark.Reason{Kind: k, Message: m}
}

// decidingFacts lists the product facts that take a criterion away.
func (a *assessor) decidingFacts(c *catalogue.Criterion) string {
	var out []string
	for n := range c.Expression().Names() {
		if t := a.truths[n]; n != "always" && t != iotmark.Unknown {
			out = append(out, string(n)+" "+t.String())
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// boundFindings is what the checks bound to one criterion say about it.
type boundFindings struct {
	failed    []iotmark.CheckID
	failedAt  iotmark.Assurance // how we know the failure
	renew     bool              // all that failed is evidence to renew
	supported bool              // every proof passed, with a second source
	open      bool              // a proof is bound and could not tell, or had nothing to look at
	proofs    int
	reasons   []iotmark.Reason
}

func (a *assessor) bound(c *catalogue.Criterion) boundFindings {
	var b boundFindings
	passed, second := 0, false
	for _, bind := range a.Catalogue.Bindings.Criteria[c.ID] {
		o, ran := a.outcomes[bind.Check]
		if bind.Role == catalogue.Proof {
			b.proofs++
			switch {
			case o == iotmark.Passed:
				passed++
				second = second || a.secondSource(bind.Check)
			case o == iotmark.Inapplicable:
				b.proofs-- // there was nothing to prove
			case o != iotmark.Failed:
				b.open = true
			}
		}
		if o == iotmark.Failed && bind.Role != catalogue.Hint {
			b.renew = bind.Renew && (len(b.failed) == 0 || b.renew)
			b.failed = append(b.failed, bind.Check)
			b.failedAt = max(b.failedAt, a.knownFrom(bind.Check))
		}
		if ran {
			b.reasons = append(b.reasons, a.findingReasons(bind)...)
		}
	}
	b.supported = len(b.failed) == 0 && b.proofs > 0 && passed == b.proofs && second
	return b
}

// findingReasons names each finding of a bound check, those that decided
// first.
func (a *assessor) findingReasons(bind catalogue.Binding) []iotmark.Reason {
	var out []iotmark.Reason
	for _, i := range a.findings[bind.Check] {
		f := a.Findings[i]
		out = append(out, iotmark.Reason{Kind: iotmark.ByFinding, Message: f.Message, Args: f.Args, Finding: &i})
	}
	slices.SortStableFunc(out, func(x, y iotmark.Reason) int {
		return cmp.Compare(weight(a.Findings[*x.Finding].Outcome), weight(a.Findings[*y.Finding].Outcome))
	})
	return out
}

func weight(o iotmark.Outcome) int { return slices.Index(iotmark.Outcomes(), o) }

// secondSource reports whether a passed check rests on evidence that may
// carry a conclusion to checked. The declaration alone never does.
func (a *assessor) secondSource(id iotmark.CheckID) bool { return a.knownFrom(id) >= iotmark.Checked }

// knownFrom is the step that the evidence behind a check's findings carries,
// at most checked: declared when they rest on the declaration alone.
func (a *assessor) knownFrom(id iotmark.CheckID) iotmark.Assurance {
	best := iotmark.Declared
	for _, i := range a.findings[id] {
		if a.Findings[i].Outcome != a.outcomes[id] {
			continue // it did not decide
		}
		for _, e := range a.Findings[i].Basis {
			if h := a.holdings[e]; h.Standing == iotmark.Held {
				best = max(best, a.reach[h.Kind])
			}
		}
	}
	return min(best, iotmark.Checked)
}

// claimed is what the evidence of one claim amounts to.
type claimed struct {
	shown   bool // something counts, opens and carries a date
	any     bool // something is there for an assessor to read
	undated bool // something would count if it carried a date
	reasons []iotmark.Reason
}

func (a *assessor) evidence(c *catalogue.Criterion, claim iotmark.Claim) claimed {
	var out claimed
	say := func(e iotmark.EvidenceID, m iotmark.MessageID, args map[string]string) {
		if args == nil {
			args = map[string]string{}
		}
		args["evidence"] = string(e)
		out.reasons = append(out.reasons, iotmark.Reason{Kind: iotmark.ByEvidence, Message: m, Args: args, Evidence: e})
	}
	for _, id := range claim.Evidence {
		h, ok := a.holdings[id]
		if !ok {
			continue // the dossier refuses a claim that points to nothing
		}
		if !slices.Contains(c.Evidence, h.Kind) {
			say(id, "assess.evidence-kind", map[string]string{"kind": string(h.Kind)})
			continue
		}
		switch h.Standing {
		case iotmark.Held:
			if h.Reason != "" && h.Reason != NotExamined {
				say(id, "assess.evidence-unread", map[string]string{"detail": h.Detail})
				break
			}
			if a.reach[h.Kind] < iotmark.Shown {
				say(id, "assess.evidence-reach", map[string]string{"kind": string(h.Kind)})
				break
			}
			out.any = true
			switch {
			case h.Dated == "":
				out.undated = true
				say(id, "assess.evidence-undated", nil)
			case h.Dated > a.AsOf:
				say(id, "assess.evidence-future", map[string]string{"date": string(h.Dated)})
			default:
				out.shown = true
				say(id, "assess.evidence-shown", map[string]string{"date": string(h.Dated)})
			}
		case iotmark.Elsewhere:
			out.any = true
			say(id, "assess.evidence-elsewhere", nil)
		case iotmark.Withheld:
			out.any = true
			say(id, "assess.evidence-withheld", nil)
		default:
			say(id, "assess.evidence-not-counted", map[string]string{"standing": string(h.Standing)})
		}
	}
	return out
}

// NotExamined is the reason of a holding in a form that people read and no
// reader of this release examines, such as a PDF. It counts as shown; bytes
// that nobody knows do not.
const NotExamined iotmark.ErrorID = "not-examined"

// next says who must act next on a criterion, and what the maker can do.
func (a *assessor) next(c *catalogue.Criterion, con iotmark.Conclusion, b boundFindings, ev claimed) (iotmark.Wait, *iotmark.Step) {
	effort := a.Catalogue.Efforts[c.ID]
	step := func(k iotmark.StepKind, m iotmark.MessageID, minutes int) *iotmark.Step {
		return &iotmark.Step{Kind: k, Message: m, Minutes: minutes}
	}
	switch {
	case con.Counts:
		return iotmark.WaitNobody, nil
	case b.renew:
		return iotmark.WaitMaker, step(iotmark.StepPoint, "step.renew", effort.Answer)
	case con.Verdict == iotmark.DoesNotConform:
		return iotmark.WaitMaker, step(iotmark.StepMend, "step.mend", effort.Mend)
	case con.Verdict == iotmark.Undetermined:
		return iotmark.WaitMaker, step(iotmark.StepAnswer, "step.answer", effort.Answer)
	case !ev.any && con.Assurance < iotmark.Shown:
		return iotmark.WaitMaker, step(iotmark.StepPoint, "step.point", effort.Answer)
	case ev.undated && con.Assurance < iotmark.Shown:
		return iotmark.WaitMaker, step(iotmark.StepPoint, "step.date", effort.Answer)
	case con.Needs == iotmark.Tested:
		return iotmark.WaitTest, step(iotmark.StepTest, "step.test", 0)
	case con.Needs == iotmark.Checked && b.open:
		return iotmark.WaitMaker, step(iotmark.StepPoint, "step.show-program", effort.Answer)
	}
	return iotmark.WaitAssessor, step(iotmark.StepAssessor, "step.assessor", 0)
}

// tracks says which of the two tracks is open, and what stands between.
func (a *assessor) tracks(cons []iotmark.Conclusion) []iotmark.Track {
	var after []iotmark.CriterionID
	for _, t := range a.Catalogue.Scheme.Tracks {
		after = append(after, t.AfterGrant...)
	}
	decl := iotmark.Track{ID: iotmark.OpenDeclaration, Missing: []iotmark.CriterionID{}}
	cert := iotmark.Track{ID: iotmark.CertifiedMark, Missing: []iotmark.CriterionID{}}
	for _, con := range cons {
		if con.Verdict == iotmark.NotApplicable {
			continue
		}
		if con.Contradicted {
			decl.Contradicted++
		}
		if con.Entry && con.Answer == "" {
			decl.Missing = append(decl.Missing, con.Criterion)
			decl.Maker++
		}
		if con.Level == iotmark.Must && !con.Counts && !slices.Contains(after, con.Criterion) {
			cert.Missing = append(cert.Missing, con.Criterion)
			if con.Waits == iotmark.WaitMaker {
				cert.Maker++
			}
		}
	}
	decl.Open, cert.Open = len(decl.Missing) == 0, len(cert.Missing) == 0
	return []iotmark.Track{decl, cert}
}

// topics counts each topic.
func (a *assessor) topics(cons []iotmark.Conclusion) []iotmark.TopicSummary {
	var out []iotmark.TopicSummary
	for _, t := range iotmark.Topics() {
		s := iotmark.TopicSummary{
			Topic:    t,
			Verdicts: map[iotmark.Verdict]int{},
			MustsBy:  map[iotmark.Verdict]int{},
			ByStep:   map[string]int{},
		}
		tested, below, checked := 0, false, 0
		for _, con := range cons {
			if con.Criterion.Topic() != t || con.Verdict == iotmark.NotApplicable {
				continue
			}
			s.Criteria++
			s.Verdicts[con.Verdict]++
			if con.Level != iotmark.Must {
				continue
			}
			s.Musts++
			s.MustsBy[con.Verdict]++
			if con.Counts {
				s.Counting++
			}
			if con.Verdict != iotmark.Conforms {
				below = below || con.Needs == iotmark.Tested
				continue
			}
			s.ByStep[con.Assurance.String()]++
			if con.Assurance >= iotmark.Checked {
				checked++
			}
			if con.Assurance == iotmark.Tested {
				tested++
			} else if con.Needs == iotmark.Tested {
				below = true
			}
		}
		// label-facts.yaml, topic_depth
		switch {
		case s.Musts > 0 && 2*tested >= s.Musts && !below:
			s.Depth = "tested"
		case s.Musts > 0 && checked == s.Musts:
			s.Depth = "documents"
		default:
			s.Depth = "declared"
		}
		out = append(out, s)
	}
	return out
}

// label returns what label and page say, with the values that findings put in
// place of declared ones, and with how we know each.
func (a *assessor) label(cons []iotmark.Conclusion) iotmark.Label {
	said := Label(a.Declaration, a.truths, a.Catalogue.Label, a.AsOf)
	found, by := a.amended()
	l := Label(found, a.truths, a.Catalogue.Label, a.AsOf)
	// A value is known no better than the criterion behind it, and not from a
	// program unless a passed check compared this very value.
	how := func(value string, criteria []iotmark.CriterionID, facts ...string) iotmark.Assurance {
		if value == unknown {
			return iotmark.NoAssurance
		}
		step := iotmark.Declared
		for _, con := range cons {
			if len(criteria) == 0 || con.Criterion != criteria[0] || con.Verdict != iotmark.Conforms {
				continue
			}
			step = max(step, con.Assurance)
			if step == iotmark.Checked && !a.compared(con.Criterion, facts) {
				step = iotmark.Shown
			}
		}
		return step
	}
	overruled := map[string]bool{}
	for i := range l.Facts {
		f := &l.Facts[i]
		f.How = how(f.Value, a.Catalogue.Label.Facts[i].Criteria, f.ID)
		if f.Print != said.Facts[i].Print {
			f.Declared, f.From, f.By, f.How = said.Facts[i].Print, iotmark.ByFinding, by[f.ID], a.knownFrom(by[f.ID])
			f.DeclaredArgs = map[string]string{"value": said.Facts[i].Value}
			maps.Copy(f.DeclaredArgs, said.Facts[i].Args)
			overruled[f.ID] = true
		}
	}
	for i := range l.Answers {
		row := a.Catalogue.Label.Answers[i]
		l.Answers[i].How = how(l.Answers[i].Value, row.Criteria, row.Facts...)
		if slices.ContainsFunc(row.Facts, func(id string) bool { return overruled[id] }) {
			l.Answers[i].How = iotmark.Checked
		}
	}
	return l
}

// compared reports whether a passed check that is bound to the criterion
// compared the value of one of the printed facts.
func (a *assessor) compared(id iotmark.CriterionID, facts []string) bool {
	return slices.ContainsFunc(a.Catalogue.Bindings.Criteria[id], func(b catalogue.Binding) bool {
		return b.Proves != "" && slices.Contains(facts, b.Proves) && a.outcomes[b.Check] == iotmark.Passed
	})
}

// amended returns the declaration with the values that failed findings found
// in place of declared ones, and which check found each. Label rule: where
// the program contradicts the declaration, the value found prints; of several
// dates the earliest.
func (a *assessor) amended() (*iotmark.Declaration, map[string]iotmark.CheckID) {
	d, by := *a.Declaration, map[string]iotmark.CheckID{}
	earlier := func(u iotmark.Until, v *iotmark.LabelValue) iotmark.Until {
		if old, ok := u.Date(); v.Date == "" || ok && old <= v.Date || u == iotmark.Until(iotmark.WordNone) {
			return u
		}
		return iotmark.Until(v.Date)
	}
	for _, f := range a.Findings {
		if f.Outcome != iotmark.Failed || f.Shown == nil {
			continue
		}
		by[f.Shown.Fact] = f.Check
		switch f.Shown.Fact {
		case "security-updates":
			d.Support.UpdatesUntil = earlier(d.Support.UpdatesUntil, f.Shown)
		case "spare-parts":
			d.Repair.PartsUntil = earlier(d.Repair.PartsUntil, f.Shown)
		case "data-sold":
			if f.Shown.Value == "yes" {
				d.DataSold = "always"
			}
		}
	}
	return &d, by
}
