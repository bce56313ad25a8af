package verify

import (
	"slices"

	"github.com/open-iot-mark/iotmark"
)

// appealable are the decisions that an appeal may be against.
var appealable = map[Type]bool{MarkGranted: true, MarkRefused: true, MarkRenewed: true, MarkAmended: true, MarkSuspended: true,
	SuspensionConfirmed: true, MarkRestored: true, MarkWithdrawn: true, ComplaintDecided: true}

// caseOpened opens a complaint about a mark. The scheme takes it from anybody;
// its operator signs that it came.
func (a *act) caseOpened() error { return a.opened(0) }

// appealOpened opens the maker's appeal against a decision on its mark.
func (a *act) appealOpened() error {
	b := a.body.(*CaseBody)
	m := a.r.marks.of(a.Subject)
	if m == nil {
		return missing("no application for %s was accepted", a.Subject)
	}
	n := m.head
	for n != 0 && !a.r.records.is(n, b.Against) {
		n = refOf(a.r.records.at(n).prev)
	}
	if n == 0 || !appealable[kinds[a.r.records.at(n).kind]] {
		return missing("%s is no decision on this mark", b.Against.Short())
	}
	return a.opened(n)
}

func (a *act) opened(against ref) error {
	b := a.body.(*CaseBody)
	i, m, err := a.life()
	if err != nil {
		return err
	}
	if more := a.r.marks.beside[i]; more != nil {
		for _, c := range more.cases {
			if c.id == b.Case {
				return notAllowed("there is a case %s on this mark already", b.Case)
			}
		}
	}
	if _, err := a.count(madeBy(a.r.makers[a.makerOf(&m)].domain)); err != nil {
		return err
	}
	a.commit = func(ref) {
		more := a.r.marks.more(i)
		more.cases = append(more.cases, caseRow{against: against, id: b.Case, opened: stamp(a.at)})
		a.keep(i, m)
	}
	return nil
}

func (a *act) complaintDecided() error { return a.settled(false) }
func (a *act) appealDecided() error    { return a.settled(true) }

// settled ends a case. Nobody hears an appeal against what they decided
// (ISO/IEC 17065:2012, 7.13.5).
func (a *act) settled(appeal bool) error {
	b := a.body.(*OutcomeBody)
	r := a.r
	i, m, err := a.life()
	if err != nil {
		return err
	}
	at := -1
	if more := r.marks.beside[i]; more != nil {
		for j, c := range more.cases {
			if c.id == b.Case && (c.against != 0) == appeal {
				at = j
			}
		}
	}
	if at < 0 {
		return missing("there is no such case %s on this mark", b.Case)
	}
	c := r.marks.beside[i].cases[at]
	if c.outcome != 0 {
		return notAllowed("the case %s was decided before", b.Case)
	}
	if appeal {
		before := map[string]bool{}
		for _, n := range r.records.signers(c.against) {
			before[r.keys.list[n].Person] = true
		}
		for _, h := range a.all(Committee) {
			if before[h.Person] {
				return refuse("decider-hears-appeal", "%s hears the appeal, and made the decision", h.Name)
			}
		}
	}
	if err := a.decide(&m, a.basisIfAny(&m)); err != nil {
		return err
	}
	a.commit = func(ref) {
		c := &r.marks.beside[i].cases[at]
		c.outcome, c.decided = uint8(slices.Index(caseOutcomes, b.Outcome)+1), stamp(a.at)
		a.keep(i, m)
	}
	return nil
}

// findingPublished tells what surveillance found: the committee does, or an
// accredited researcher.
func (a *act) findingPublished() error {
	b := a.body.(*FindingBody)
	i, m, err := a.life()
	if err != nil {
		return err
	}
	maker := a.makerOf(&m)
	if _, err := a.count(func(h *holder) iotmark.ErrorID {
		if h.Role != Assessor {
			return ""
		}
		return a.assesses(h, "", maker)
	}); err != nil {
		return err
	}
	a.commit = func(ref) {
		more := a.r.marks.more(i)
		more.findings = append(more.findings, Found{FindingBody: *b, Index: a.index, Time: timeOf(a.at)})
		a.keep(i, m)
	}
	return nil
}

// unitsMade commits the maker to the serial numbers of a batch.
func (a *act) unitsMade() error {
	b := a.body.(*UnitsBody)
	i, m, err := a.lifeByMaker()
	if err != nil {
		return err
	}
	a.commit = func(ref) {
		a.r.marks.more(i).units += b.Count
		a.keep(i, m)
	}
	return nil
}
