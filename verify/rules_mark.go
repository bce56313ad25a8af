package verify

import (
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// life finds the mark that an entry is about, as it is at the entry's time,
// and the state that the entry moves it to.
func (a *act) life() (i int, m markRow, err error) {
	i, ok := a.r.marks.find(a.Subject)
	if !ok {
		return 0, m, missing("no application for %s was accepted", a.Subject)
	}
	m = a.r.marks.rows.at(i).passed(a.at)
	to, ok := iotmark.MoveMark(m.is(), iotmark.MarkAct(a.Type))
	if !ok {
		return 0, m, notAllowed("the mark is %s; %s does not follow", m.is(), a.Type)
	}
	if to != m.is() {
		m.become(to, a.at)
	}
	return i, m, nil
}

// keep writes a mark back.
func (a *act) keep(i int, m markRow) { *a.r.marks.rows.at(i) = m }

// makerOf is the number of the maker of a mark.
func (a *act) makerOf(m *markRow) int {
	domain, _ := a.r.products.name(int(m.product))
	i, _ := a.r.maker(domain)
	return i
}

// lifeByMaker is life where the maker of the mark has to sign.
func (a *act) lifeByMaker() (i int, m markRow, err error) {
	if i, m, err = a.life(); err == nil {
		_, err = a.count(madeBy(a.r.makers[a.makerOf(&m)].domain))
	}
	return i, m, err
}

// applied begins the life of a mark.
func (a *act) applied() error {
	b := a.body.(*ApplicationBody)
	r := a.r
	if _, ok := r.marks.find(a.Subject); ok {
		return notAllowed("the application was accepted before")
	}
	if _, ok := r.maker(b.Maker); !ok {
		return missing("the maker %s is not registered", b.Maker)
	}
	e, ok := r.edition(b.Edition)
	if !ok || r.editions[e].Withdrawn != "" && a.day() >= r.editions[e].Withdrawn {
		return refuse("edition-not-in-force", "there is no edition %s to apply for", b.Edition)
	}
	if _, err := a.count(madeBy(b.Maker)); err != nil {
		return err
	}
	a.commit = func(ref) {
		m := markRow{subject: idBytes(strings.TrimPrefix(a.Subject, markURN)), slot: -1, edition: uint16(e), certifier: uint32(r.lexicon.of(b.Body)),
			product: int32(r.products.enter(b.Maker, b.Product))}
		to, _ := iotmark.MoveMark(iotmark.MarkNone, iotmark.ApplicationAccepted)
		m.become(to, a.at)
		r.marks.enter(m)
	}
	return nil
}

// sealed fixes the evidence. What was evaluated before rests on other evidence.
func (a *act) sealed() error {
	b := a.body.(*SealedBody)
	i, m, err := a.lifeByMaker()
	if err != nil {
		return err
	}
	a.commit = func(ref) {
		a.r.setRound(&m, round{basis: basis{evidence: bytesOf(b.Root)}})
		a.keep(i, m)
	}
	return nil
}

// evaluated is the work of an accredited organisation on the evidence that was
// sealed last.
func (a *act) evaluated() error {
	b := a.body.(*EvaluationBody)
	r := a.r
	i, m, err := a.life()
	if err != nil {
		return err
	}
	x := r.roundOf(&m)
	if x.evidence != bytesOf(b.Evidence) {
		return refuse("evidence-other", "the evaluation looked at the evidence %s; sealed last is %s", b.Evidence.Short(), digestOf(x.evidence).Short())
	}
	e, err := r.inForce(b.Edition, b.Catalogue, a.day())
	if err != nil {
		return err
	}
	maker := a.makerOf(&m)
	if _, err := a.count(func(h *holder) iotmark.ErrorID {
		if h.Role != Assessor {
			return ""
		}
		return a.evaluates(h, b.Scope, maker)
	}); err != nil {
		return err
	}
	for _, h := range a.all(Assessor) {
		if a.evaluates(h, b.Scope, maker) == "" {
			a.who = append(a.who, h.n)
		}
	}
	a.commit = func(n ref) {
		r.setRound(&m, round{evaluated: true, basis: basis{evaluation: n, evidence: x.evidence, conclusions: bytesOf(b.Conclusions), edition: e, scope: r.lexicon.of(b.Scope)}})
		m.evaluation = n
		a.keep(i, m)
	}
	return nil
}

// decide counts the committee's decision on a mark. Nobody decides who
// evaluated what it rests on, nobody of that organisation, and nobody of the
// maker. An assessor who must sign as well is of the organisation that
// evaluated.
func (a *act) decide(m *markRow, on ref) error {
	r := a.r
	evaluators := r.records.signers(on)
	orgs, people := map[string]bool{}, map[string]bool{}
	for _, n := range evaluators {
		k := r.keys.list[n]
		orgs[k.Org], people[k.Person] = true, true
	}
	maker := a.makerOf(m)
	if _, err := a.count(func(h *holder) iotmark.ErrorID {
		switch {
		case h.Role != Assessor:
			return ""
		case !orgs[h.Org]:
			return "role-not-valid"
		}
		return a.assesses(h, "", maker)
	}); err != nil {
		return err
	}
	for _, h := range a.all(Committee) {
		if orgs[h.Org] || people[h.Person] {
			return refuse("evaluator-decides", "%s decided, and is of %s, who evaluated", h.Name, h.Org)
		}
		if h.Org == r.makers[maker].domain || r.personOf(h, maker) {
			return refuse("maker-decides", "%s decided, and is of the maker", h.Name)
		}
		a.who = append(a.who, h.n)
	}
	return nil
}

// personOf reports whether the holder of a key also has, or had, one of a maker.
// One that never could sign does not count: with such keys a maker could make
// anybody his own, so that nobody decides about him.
func (r *Replayer) personOf(h *holder, maker int) bool {
	for _, k := range r.keys.people[h.Person] {
		if k.Role == Maker && k.Org == r.makers[maker].domain && !k.never {
			return true
		}
	}
	return false
}

func (a *act) granted() error { return a.terms() }
func (a *act) renewed() error { return a.terms() }
func (a *act) amended() error { return a.terms() }

// terms sets what is certified: each time in full, each time by the same
// rules. Only what they may rest on differs.
func (a *act) terms() error {
	b := a.body.(*TermsBody)
	r := a.r
	i, m, err := a.life()
	if err != nil {
		return err
	}
	on, err := a.rests(&m, b)
	if err != nil {
		return err
	}
	maker, product := r.products.name(int(m.product))
	if b.Holder.Domain != maker || b.Product.ID != product {
		return refuse("terms-wrong", "the terms are of %s:%s; the application was of %s:%s", b.Holder.Domain, b.Product.ID, maker, product)
	}
	if lei := r.makers[a.makerOf(&m)].lei; lei != "" && b.Holder.LEI != lei {
		return refuse("terms-wrong", "the holder's identifier is %q; the maker is registered with %s", b.Holder.LEI, lei)
	}
	if err := a.dates(&m, b); err != nil {
		return err
	}
	code := packCode(b.Code)
	switch {
	case a.Type != MarkGranted && b.Code != unpackCode(m.code):
		return refuse("code-wrong", "the code is %s; that of the mark is %s", b.Code, unpackCode(m.code))
	case a.Type != MarkGranted && b.Slot != int64(m.slot):
		return refuse("slot-wrong", "the slot is %d; that of the mark is %d", b.Slot, m.slot)
	case a.Type == MarkGranted && r.marks.coded(code):
		return refuse("code-used", "the code %s belongs to another mark", b.Code)
	case a.Type == MarkGranted && b.Slot != int64(r.marks.slots.n):
		return refuse("slot-wrong", "the slot is %d; there were %d grants before", b.Slot, r.marks.slots.n)
	}
	if err := a.decide(&m, on.evaluation); err != nil {
		return err
	}
	a.commit = func(n ref) {
		packed := r.packTerms(b, on)
		r.products.rows.at(int(m.product)).certified = uint32(r.lexicon.of(string(b.Updates)))
		r.arena.drop(m.terms)
		m.terms, m.set, m.last = r.arena.put(packed), n, uint16(dayNumber(b.ValidUntil))
		if m.round != 0 && r.roundOf(&m).basis == on {
			r.arena.drop(m.round)
			m.round = 0
		}
		if a.Type == MarkGranted {
			m.grant, m.code, m.slot, m.seen = n, code, int32(r.marks.slots.n), stamp(a.seen)
			if a.late {
				m.flags |= flagLate
			}
			r.marks.slots.add(int32(i))
		}
		a.keep(i, m)
		if a.Type == MarkGranted {
			r.marks.byCode.add(i, func(i int) uint64 { return hashOf(r.marks.rows.at(i).code[:]) })
		}
	}
	return nil
}

// rests finds what terms rest on: the last evaluation, which is of the
// evidence sealed last. An amendment may also rest on what the terms before it
// do, even when their edition is no longer granted.
func (a *act) rests(m *markRow, b *TermsBody) (basis, error) {
	r := a.r
	same := func(x basis) bool {
		return x.evaluation != 0 && r.records.is(x.evaluation, b.Evaluation) && x.evidence == bytesOf(b.Evidence) && x.conclusions == bytesOf(b.Conclusions) &&
			r.editions[x.edition].Edition == b.Edition && r.editions[x.edition].Catalogue == b.Catalogue && r.lexicon.text(x.scope) == b.Scope
	}
	if a.Type == MarkAmended {
		if x := r.basisOf(m); same(x) {
			return x, nil
		}
	}
	x := r.roundOf(m)
	switch {
	case !x.evaluated:
		return basis{}, refuse("evaluation-missing", "the evidence that was sealed last is not evaluated")
	case !r.records.is(x.evaluation, b.Evaluation):
		return basis{}, missing("the evaluation %s is not the last, which is %s", b.Evaluation.Short(), r.records.leaf(x.evaluation).Short())
	}
	if _, err := r.inForce(b.Edition, b.Catalogue, a.day()); err != nil {
		return basis{}, err
	}
	if !same(x.basis) {
		return basis{}, refuse("terms-wrong", "evidence, conclusions, edition, catalogue and scope must be those of the evaluation")
	}
	return x.basis, nil
}

// dates holds terms to two years, to the maker's promise of updates, and to
// days that are not past when they are decided on.
func (a *act) dates(m *markRow, b *TermsBody) error {
	today := a.day()
	last := dateNumbered(int(m.last))
	most := iotmark.DateOf(today.Time().AddDate(2, 0, 0))
	switch a.Type {
	case MarkRenewed: // from the end of the years that it continues
		most = iotmark.DateOf(max(today, last).Time().AddDate(2, 0, 0))
	case MarkAmended: // what is longer is a renewal
		most = last
	}
	promised := a.r.promisedUpdates(int(m.product))
	decided := iotmark.DateOf(a.Signed.At())
	switch {
	case a.Type == MarkGranted && b.ValidFrom < decided:
		return refuse("terms-wrong", "valid_from is %s, before the decision of %s", b.ValidFrom, decided)
	case b.ValidUntil < today:
		return refuse("terms-wrong", "valid_until is %s, which is past", b.ValidUntil)
	case b.ValidUntil > most:
		return refuse("terms-wrong", "valid_until is %s; it may run to %s: two years, and an amendment adds no time", b.ValidUntil, most)
	case b.ValidUntil > b.Updates:
		return refuse("terms-wrong", "valid_until is %s, and updates end on %s", b.ValidUntil, b.Updates)
	case promised != "" && b.Updates > promised:
		return refuse("terms-wrong", "updates_until is %s; the maker promised %s", b.Updates, promised)
	}
	return nil
}

func (a *act) refused() error {
	b := a.body.(*RefusedBody)
	i, m, err := a.life()
	if err != nil {
		return err
	}
	x := a.r.roundOf(&m)
	if !a.r.records.is(x.evaluation, b.Evaluation) {
		return missing("the evaluation %s is not the last, which is %s", b.Evaluation.Short(), a.r.records.leaf(x.evaluation).Short())
	}
	if err := a.decide(&m, x.evaluation); err != nil {
		return err
	}
	a.commit = func(ref) {
		a.r.because(&m, b.Reason)
		a.keep(i, m)
	}
	return nil
}

// because keeps the reason of the state, in place of the one before.
func (r *Replayer) because(m *markRow, reason string) {
	r.arena.drop(m.reason)
	m.reason = r.arena.put([]byte(reason))
}

// changed is a decision with a reason on a mark that was granted.
func (a *act) changed(also func(m *markRow) error, then func(m *markRow)) error {
	b := a.body.(*ReasonBody)
	i, m, err := a.life()
	if err != nil {
		return err
	}
	if also != nil {
		if err := also(&m); err != nil {
			return err
		}
	}
	if err := a.decide(&m, a.basisIfAny(&m)); err != nil {
		return err
	}
	a.commit = func(ref) {
		m.flags &^= flagUnconfirmed
		a.r.because(&m, b.Reason)
		if then != nil {
			then(&m)
		}
		a.keep(i, m)
	}
	return nil
}

// basisIfAny is the evaluation that the terms rest on, or before a grant the
// last one.
func (a *act) basisIfAny(m *markRow) ref {
	if m.terms != 0 {
		return a.r.basisOf(m).evaluation
	}
	return m.evaluation
}

// suspended by fewer than a confirmation needs, it lapses.
func (a *act) suspended() error {
	return a.changed(nil, func(m *markRow) {
		if !a.enough() {
			m.flags |= flagUnconfirmed
		}
	})
}

// enough reports whether those who suspended a mark are as many as confirm it.
func (a *act) enough() bool {
	as := *a.Signed
	as.Type = SuspensionConfirmed
	var keys []*Key
	for _, h := range a.all(Committee) {
		keys = append(keys, h.Key)
	}
	_, err := RuleOf(&as, &a.r.ring.KeyringBody).Count(keys)
	return err == nil
}

func (a *act) confirmed() error {
	return a.changed(func(m *markRow) error {
		if m.flags&flagUnconfirmed == 0 {
			return notAllowed("the suspension needs no confirmation")
		}
		return nil
	}, nil)
}

func (a *act) restored() error {
	return a.changed(nil, func(m *markRow) { a.r.because(m, "") })
}

// withdrawn ends a mark or an application: the committee decides, or the maker
// gives it up.
func (a *act) withdrawn() error {
	b := a.body.(*ReasonBody)
	if b.By != Maker {
		return a.changed(nil, nil)
	}
	i, m, err := a.lifeByMaker()
	if err != nil {
		return err
	}
	a.commit = func(ref) {
		m.flags = m.flags&^flagUnconfirmed | flagByMaker
		a.r.because(&m, b.Reason)
		a.keep(i, m)
	}
	return nil
}
