package catalogue

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// What no edition can change, because the mark would not be what it says, or
// not be lawful, is held here and not in the data.

// apartAlways are the roles that one person never has in one case, under any
// profile (ISO/IEC 17065:2012, 7.5, 7.6, 7.13). Of them all, a profile may
// join the reviewer and the committee only.
var apartAlways = [][2]iotmark.Role{
	{iotmark.RoleAssessor, iotmark.RoleReviewer}, {iotmark.RoleAssessor, iotmark.RoleCommittee}, {iotmark.RoleTester, iotmark.RoleReviewer}, {iotmark.RoleTester, iotmark.RoleCommittee},
	{iotmark.RolePanel, iotmark.RoleAssessor}, {iotmark.RolePanel, iotmark.RoleTester}, {iotmark.RolePanel, iotmark.RoleReviewer}, {iotmark.RolePanel, iotmark.RoleCommittee},
}

// sidesAlways are the sides that one organisation never has: Directive (EU)
// 2024/825, Art. 2(r)(iv); Regulation (EU) 2017/1001, Art. 83(2).
var sidesAlways = [][2]iotmark.OrganisationKind{{iotmark.OrgOwner, iotmark.OrgBody}, {iotmark.OrgOwner, iotmark.OrgMaker}, {iotmark.OrgBody, iotmark.OrgMaker}}

// decided are the acts that people decide by vote, each with whether it speaks
// for a product, so that an assessor signs it too.
var decided = []struct {
	act      iotmark.MarkAct
	by       iotmark.Role
	assessor bool
}{
	{iotmark.MarkGrantedAct, iotmark.RoleCommittee, true},
	{iotmark.MarkRefusedAct, iotmark.RoleCommittee, false},
	{iotmark.MarkRenewedAct, iotmark.RoleCommittee, true},
	{iotmark.MarkAmendedAct, iotmark.RoleCommittee, true},
	{iotmark.MarkSuspendedAct, iotmark.RoleCommittee, false},
	{iotmark.SuspensionConfirmed, iotmark.RoleCommittee, false},
	{iotmark.MarkRestoredAct, iotmark.RoleCommittee, true},
	{iotmark.MarkWithdrawnAct, iotmark.RoleCommittee, false},
	{iotmark.ComplaintDecided, iotmark.RoleCommittee, false},
	{iotmark.AppealDecided, iotmark.RolePanel, false},
}

// agreementPoints are what a licence agreement speaks about in any edition
// (ISO/IEC 17065:2012, 4.1.2; 16 CFR 260.6(c)).
var agreementPoints = []string{"scope", "correct-use", "no-official", "substantiation", "tell-changes", "complaints", "audit", "stop"}

// terms are the terms of admission that the procedures know.
var admissionTerms = []TermID{TermPhysicalProduct, TermProductWithData, TermIdentifiableMaker, TermLegalIdentity, TermDomainProven,
	TermEditionOpen, TermAgreementSigned, TermFeesAccepted, TermNotOwnerOfScheme, TermNoOpenApplication}

// dotted is the form of the ids of deadlines.
var dotted = regexp.MustCompile(`^[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)?$`)

// The most of each unit that makes sense. One wrong zero is a fault of years.
const (
	mostHours  = 7 * 24
	mostDays   = 366
	mostMonths = 120
	mostYears  = 100
	mostPeople = 20
	mostOneIn  = 1000
	mostMoney  = 1000000
)

// LintProcedure returns everything in procedure.yaml and the licence agreement
// that does not agree with itself, with the criteria, or with what no edition
// can change. [Lint] does this too. The rules stand in [Rules].
func LintProcedure(c *Catalogue) iotmark.Errors {
	if err := c.LoadInstruments(); err != nil {
		return asErrors(err)
	}
	p, err := c.Procedure()
	if err != nil {
		return asErrors(err)
	}
	q := &procedureLinter{linter: newLinter(c), p: p, file: inEdition(procedureFile)}
	q.who()
	for _, x := range p.Profiles {
		q.profile(x)
	}
	q.numbers()
	q.admission()
	q.deadlines()
	q.fees()
	q.retention()
	q.texts()
	q.filing()
	return q.errs
}

type procedureLinter struct {
	*linter
	p    *Procedure
	file string
}

func (q *procedureLinter) tell(id iotmark.ErrorID, field, format string, args ...any) {
	q.bad(id, q.file, field, format, args...)
}

// why holds a rule to a reason, and its sources to what the umbrella knows.
func (q *procedureLinter) why(field, because string, source []Ref) {
	if strings.TrimSpace(because) == "" {
		q.tell("because-lacking", field, "%s does not say why", field)
	}
	q.sources(field, source)
}

func (q *procedureLinter) sources(field string, source []Ref) {
	for _, s := range source {
		id, provision, whole := strings.Cut(string(s), "#")
		in := q.c.Instrument(iotmark.InstrumentID(id))
		switch {
		case in == nil:
			q.tell("source-unknown", field, "%s names the instrument %q, which is not in the collection%s", field, id, didYouMean(id, ids(q.c.Instruments, func(x *Instrument) string { return string(x.ID) })))
		case whole && !slices.ContainsFunc(in.Provisions, func(x *Provision) bool { return string(x.ID) == provision }):
			q.tell("source-unknown", field, "%s names the provision %q, which %s does not have%s", field, provision, id, didYouMean(provision, ids(in.Provisions, func(x *Provision) string { return string(x.ID) })))
		}
	}
}

func (q *procedureLinter) within(field string, n, least, most int) {
	if n < least || n > most {
		q.tell("number-range", field, "%s is %d; it must be from %d to %d", field, n, least, most)
	}
}

func (q *procedureLinter) roles() []iotmark.Role {
	return ids(q.p.Roles, func(r ProcedureRole) iotmark.Role { return r.ID })
}

func (q *procedureLinter) who() {
	sides := []iotmark.OrganisationKind{iotmark.OrgMaker, iotmark.OrgBody, iotmark.OrgLaboratory, iotmark.OrgOwner, iotmark.OrgCommittee, iotmark.OrgComplainant}
	once(q.linter, q.file, "roles", q.roles(), kebab)
	within(q.linter, q.file, "roles", "role", q.roles(), iotmark.Roles())
	for _, want := range iotmark.Roles() {
		if !slices.Contains(q.roles(), want) {
			q.tell("role-lacking", "roles", "the role %s is lacking; the procedures act by it", want)
		}
	}
	pairs(q, "apart", q.p.Apart, q.roles(), apartAlways)
	pairs(q, "sides_apart", q.p.SidesApart, sides, sidesAlways)
	for _, x := range q.p.Apart {
		if x.Joinable && !x.Is(string(iotmark.RoleReviewer), string(iotmark.RoleCommittee)) {
			q.tell("apart-joined", "apart", "%s and %s can never be joined; only reviewer and committee may be", x.One, x.Other)
		}
	}
	for _, x := range q.p.SidesApart {
		if x.Joinable {
			q.tell("apart-joined", "sides_apart", "%s and %s can never be joined", x.One, x.Other)
		}
	}
}

// pairs holds a list of pairs to the known names, to a reason each, and to
// those that no edition leaves out.
func pairs[T ~string](q *procedureLinter, field string, list []Pair, known []T, always [][2]T) {
	for i, x := range list {
		at := fmt.Sprintf("%s.%s-%s", field, x.One, x.Other)
		within(q.linter, q.file, at, "name", []T{T(x.One), T(x.Other)}, known)
		if x.One == x.Other {
			q.tell("apart-lacking", at, "%s is kept apart from itself", x.One)
		}
		if slices.ContainsFunc(list[:i], func(y Pair) bool { return y.Is(x.One, x.Other) }) {
			q.tell("id-twice", at, "%s and %s stand twice in %s", x.One, x.Other, field)
		}
		q.why(at, x.Because, x.Source)
	}
	for _, w := range always {
		if !slices.ContainsFunc(list, func(x Pair) bool { return x.Is(string(w[0]), string(w[1])) }) {
			q.tell("apart-lacking", field, "%s and %s must be kept apart", w[0], w[1])
		}
	}
}

func (q *procedureLinter) profile(x Profile) {
	at := "profiles." + string(x.ID)
	q.why(at, x.Because, x.Source)
	for _, j := range x.Joins {
		if !slices.ContainsFunc(q.p.Apart, func(a Pair) bool { return a.Joinable && a.Is(j.One, j.Other) }) {
			q.tell("apart-joined", at+".joins", "the profile %s joins %s and %s, which no profile may join", x.ID, j.One, j.Other)
		}
	}
	once(q.linter, q.file, at+".decisions", ids(x.Decisions, func(d DecisionRule) string { return strings.ReplaceAll(string(d.Act), ".", "-") }), kebab)
	for _, want := range decided {
		field := at + "." + string(want.act)
		d, ok := x.Decision(want.act)
		if !ok {
			q.tell("decision-lacking", at, "the profile %s does not say how many decide %s", x.ID, want.act)
			continue
		}
		if d.By != want.by {
			q.tell("quorum-wrong", field, "%s is decided by %s; it must be %s", d.Act, d.By, want.by)
		}
		q.within(field+".members", d.Members, 1, mostPeople)
		switch {
		case d.Votes < 1 || d.Votes > d.Members:
			q.tell("quorum-wrong", field, "%d of %d must agree; it must be one at least, and not more than sit", d.Votes, d.Members)
		case 2*d.Votes <= d.Members:
			q.tell("quorum-wrong", field, "%d of %d is no majority, so that two outcomes could win", d.Votes, d.Members)
		}
		if d.Signers < d.Votes || d.Signers > d.Members {
			q.tell("quorum-wrong", field, "%d sign; it must be those who agree at least, and not more than sit", d.Signers)
		}
		if want.assessor != (d.Assessors > 0) || d.Assessors < 0 || d.Assessors > mostPeople {
			q.tell("quorum-wrong", field, "%d assessors sign; an assessor signs what speaks for a product, and nothing else", d.Assessors)
		}
		if d.Organisations < 1 || d.Organisations > d.Assessors+d.Signers {
			q.tell("quorum-wrong", field, "those who sign are of %d organisations; it must be one at least, and not more than the %d who sign", d.Organisations, d.Assessors+d.Signers)
		}
		// One person alone may only stop a mark, for a time (ISO/IEC 17065, 7.11).
		if d.Votes < 2 && d.Act != iotmark.MarkSuspendedAct {
			q.tell("quorum-wrong", field, "one person alone decides %s; only a suspension may begin so", d.Act)
		}
	}
	if n := len(decided); len(x.Decisions) > n {
		q.tell("reference-unknown", at+".decisions", "the profile %s has %d decisions; the procedures know %d", x.ID, len(x.Decisions), n)
	}
}

func (q *procedureLinter) numbers() {
	p := q.p
	profiles := ids(p.Profiles, func(x Profile) ProfileID { return x.ID })
	once(q.linter, q.file, "profiles", profiles, kebab)
	if !slices.Contains(profiles, ProfileStandard) {
		q.tell("decision-lacking", "profiles", "there is no profile %s", ProfileStandard)
	}
	q.within("interest.months", p.Interest.Months, 1, mostMonths)
	q.why("interest", p.Interest.Because, p.Interest.Source)
	once(q.linter, q.file, "interest.kinds", termIDs(p.Interest.Kinds), kebab)
	within(q.linter, q.file, "interest.bars", "role", p.Interest.Bars, q.roles())
	for _, r := range []iotmark.Role{iotmark.RoleAssessor, iotmark.RoleReviewer, iotmark.RoleCommittee, iotmark.RolePanel} {
		if !slices.Contains(p.Interest.Bars, r) {
			q.tell("apart-lacking", "interest.bars", "an interest must keep a person out as %s", r)
		}
	}
	q.within("competence.months", p.Competence.Months, 1, mostMonths)
	q.within("competence.witnessed_months", p.Competence.WitnessedMonths, 1, mostMonths)
	q.why("competence", p.Competence.Because, p.Competence.Source)

	q.within("controllers.months", p.Controllers.Months, 1, 12) // each year, C-12
	q.why("controllers", p.Controllers.Because, p.Controllers.Source)
	if d, ok := p.Declaration(p.Controllers.Declaration); !ok || d.By != iotmark.RoleSteward || d.Months != p.Controllers.Months {
		q.tell("reference-unknown", "controllers.declaration", "%q must be a declaration by %s that holds for %d months", p.Controllers.Declaration, iotmark.RoleSteward, p.Controllers.Months)
	}
	if !slices.Contains(p.Controllers.Blocks, iotmark.MarkGrantedAct) {
		q.tell("reference-unknown", "controllers.blocks", "without a declaration in force no mark may be granted; blocks must name %s", iotmark.MarkGrantedAct)
	}
	q.acts("controllers.blocks", p.Controllers.Blocks)

	q.within("second_opinion.one_in", p.SecondOpinion.OneIn, 1, mostOneIn)
	q.why("second_opinion", p.SecondOpinion.Because, p.SecondOpinion.Source)
	within(q.linter, q.file, "second_opinion.differ", "way", []string{p.SecondOpinion.Differ}, []string{"lower"})
	within(q.linter, q.file, "second_opinion.criteria", "criterion", p.SecondOpinion.Criteria, ids(q.c.Criteria, func(c *Criterion) iotmark.CriterionID { return c.ID }))
	for _, cr := range q.c.Criteria {
		if cr.Level == iotmark.Must && cr.Automation == "none" && !p.SecondOpinion.Asked(cr.ID) {
			q.tell("second-opinion-lacking", "second_opinion.criteria", "%s is a must that no program helps to judge; two people must", cr.ID)
		}
	}

	q.within("validity.months", p.Validity.Months, 1, mostMonths)
	q.why("validity", p.Validity.Because, p.Validity.Source)
	within(q.linter, q.file, "validity.ends_with", "way", []string{p.Validity.EndsWith}, []string{"security-support"})

	s := &p.Surveillance
	q.within("surveillance.months", s.Months, 1, p.Validity.Months)
	q.within("surveillance.recheck_hours", s.RecheckHours, 1, mostHours)
	q.within("surveillance.sample_one_in", s.SampleOneIn, 1, mostOneIn)
	q.why("surveillance", s.Because, s.Source)
	if got := termIDs(s.RecheckMeans); !slices.Equal(got, s.Recheck) || len(got) == 0 {
		q.tell("reference-unknown", "surveillance.recheck_means", "it explains %s where recheck names %s", commas(got), commas(s.Recheck))
	}
	q.within("publication.status_hours", p.Publication.StatusHours, 1, mostHours)
	q.within("publication.subscribers_hours", p.Publication.SubscribersHours, 1, mostHours)
	q.why("publication", p.Publication.Because, p.Publication.Source)
	q.within("disclosure.days", p.Disclosure.Days, 1, mostDays)
	q.within("disclosure.exploited_days", p.Disclosure.ExploitedDays, 1, p.Disclosure.Days)
	q.why("disclosure", p.Disclosure.Because, p.Disclosure.Source)
}

func (q *procedureLinter) acts(field string, acts []iotmark.MarkAct) {
	var known []iotmark.MarkAct
	for _, m := range iotmark.MarkMoves() {
		known = append(known, m.Act)
	}
	within(q.linter, q.file, field, "act", acts, known)
}

func (q *procedureLinter) admission() {
	a := &q.p.Admission
	q.why("admission", a.Because, a.Source)
	terms := ids(a.Terms, func(t AdmissionTerm) TermID { return t.ID })
	once(q.linter, q.file, "admission.terms", terms, kebab)
	within(q.linter, q.file, "admission.terms", "term", terms, admissionTerms)
	for _, want := range admissionTerms {
		if !slices.Contains(terms, want) {
			q.tell("term-lacking", "admission.terms", "the term %s is lacking; the procedures look at it", want)
		}
	}
	for _, t := range a.Terms {
		within(q.linter, q.file, "admission.terms."+string(t.ID), "way", []string{t.CheckedBy}, []string{"program", "registrar"})
		if t.How == "" {
			q.tell("field-empty", "admission.terms."+string(t.ID), "%s does not say how it is looked at", t.ID)
		}
	}
	q.within("admission.reapply_days", a.ReapplyDays, 0, mostDays)
	// RFC 8552: names that start with an underscore are no hosts.
	if !strings.HasPrefix(a.Domain.DNS, "_") || strings.Contains(a.Domain.DNS, ".") {
		q.tell("field-empty", "admission.domain.dns", "%q must be one label that begins with an underscore", a.Domain.DNS)
	}
	if !strings.HasPrefix(a.Domain.File, "/.well-known/") { // RFC 8615
		q.tell("field-empty", "admission.domain.file", "%q must be a path below /.well-known/", a.Domain.File)
	}
}

func (q *procedureLinter) deadlines() {
	got := ids(q.p.Deadlines, func(d Deadline) DeadlineID { return d.ID })
	once(q.linter, q.file, "deadlines", got, dotted)
	within(q.linter, q.file, "deadlines", "deadline", got, DeadlineIDs())
	for _, want := range DeadlineIDs() {
		if !slices.Contains(got, want) {
			q.tell("deadline-lacking", "deadlines", "the deadline %s is lacking; the procedures set it", want)
		}
	}
	for _, d := range q.p.Deadlines {
		at := "deadlines." + string(d.ID)
		q.within(at+".days", d.Days, 1, mostDays)
		q.why(at, d.Because, d.Source)
		within(q.linter, q.file, at+".who", "role", []iotmark.Role{d.Who}, q.roles())
		within(q.linter, q.file, at+".stops", "role", d.Stops, q.roles())
		within(q.linter, q.file, at+".then", "way", []string{d.Then}, []string{ThenAlarm, ThenClose, ThenLapse, ThenPropose})
		if d.From == "" {
			q.tell("field-empty", at+".from", "%s does not say what starts the clock", d.ID)
		}
		if slices.Contains(d.Stops, d.Who) {
			q.tell("deadline-own-stop", at+".stops", "%s would stop the own clock", d.Who)
		}
		for _, s := range iotmark.CaseStates() {
			if s.Deadline == string(d.ID) && s.Waits != d.Who {
				q.tell("deadline-who", at+".who", "a case that is %s waits for %s, and not for %s", s.State, s.Waits, d.Who)
			}
		}
		last := d.Days
		for _, r := range d.Remind {
			if r < 1 || r >= last {
				q.tell("deadline-remind", at+".remind", "the reminders must be days before the end, each later one fewer, all less than %d; they are %v", d.Days, d.Remind)
				break
			}
			last = r
		}
		if len(d.Remind) == 0 {
			q.tell("deadline-remind", at+".remind", "nobody is reminded before %s", d.ID)
		}
	}
	once(q.linter, q.file, "sanctions", ids(q.p.Sanctions, func(s Sanction) string { return s.ID }), kebab)
	for _, s := range q.p.Sanctions {
		at := "sanctions." + s.ID
		within(q.linter, q.file, at+".cure", "deadline", []DeadlineID{s.Cure}, got)
		q.acts(at+".act", []iotmark.MarkAct{s.Act})
	}
	for _, want := range []iotmark.MarkAct{iotmark.MarkSuspendedAct, iotmark.MarkWithdrawnAct} { // C-26
		if !slices.ContainsFunc(q.p.Sanctions, func(s Sanction) bool { return s.Act == want }) {
			q.tell("sanction-lacking", "sanctions", "there must be a sanction that leads to %s", want)
		}
	}
}

func (q *procedureLinter) fees() {
	f := &q.p.Fees
	q.why("fees", f.Because, f.Source)
	if len(f.Currency) != 3 || strings.ToUpper(f.Currency) != f.Currency {
		q.tell("number-range", "fees.currency", "%q must be three capitals (ISO 4217)", f.Currency)
	}
	sizes := ids(f.Sizes, func(s SizeClass) SizeID { return s.ID })
	once(q.linter, q.file, "fees.sizes", sizes, kebab)
	for i, s := range f.Sizes {
		if last := i == len(f.Sizes)-1; last != (s.StaffBelow == 0) || last != (s.TurnoverBelow == 0) ||
			i > 0 && !last && (s.StaffBelow <= f.Sizes[i-1].StaffBelow || s.TurnoverBelow <= f.Sizes[i-1].TurnoverBelow) {
			q.tell("number-range", "fees.sizes."+string(s.ID), "classes of size stand smallest first, and the last has no bound, so that every maker is in one")
		}
	}
	known := []ServiceID{ServiceDeclaration, ServiceApplication, ServiceEvaluation, ServiceDecision, ServiceLaboratory, ServiceChange,
		ServiceSurveillance, ServiceRenewal, ServiceRegister, ServiceComplaint, ServiceAppeal}
	services := ids(f.Services, func(s Fee) ServiceID { return s.ID })
	once(q.linter, q.file, "fees.services", services, kebab)
	within(q.linter, q.file, "fees.services", "service", services, known)
	for _, k := range known {
		if !slices.Contains(services, k) {
			q.tell("fee-lacking", "fees.services", "there is no fee for %s; write 0 where it costs nothing", k)
		}
	}
	for _, s := range f.Services {
		q.fee(s, sizes)
	}
}

func (q *procedureLinter) fee(s Fee, sizes []SizeID) {
	at := "fees.services." + string(s.ID)
	within(q.linter, q.file, at+".per", "unit", []string{s.Per}, []string{"case", "product", "day", "year"})
	// Nothing is due after a decision, or because of one (C-16).
	if !slices.Contains([]string{"with-application", "before-work", "yearly", "never"}, s.Due) {
		q.tell("fee-by-verdict", at+".due", "%q; a fee is due with-application, before-work, yearly or never, so that it cannot depend on a verdict", s.Due)
	}
	within(q.linter, q.file, at+".from", "payer", []string{s.From}, []string{string(iotmark.RoleApplicant), string(iotmark.RoleReporter)})
	within(q.linter, q.file, at+".to", "payee", []string{s.To}, []string{string(iotmark.OrgBody), string(iotmark.OrgLaboratory), string(iotmark.OrgOwner)})
	before, free := 0, true
	for _, z := range sizes {
		n, ok := s.Amount[z]
		switch {
		case !ok || n < 0 || n > mostMoney:
			q.tell("number-range", at+".amount", "the amount for %s must be from 0 to %d", z, mostMoney)
		case n < before:
			q.tell("number-range", at+".amount", "%s pays less than a smaller maker", z)
		}
		before, free = n, free && n == 0
	}
	if len(s.Amount) != len(sizes) {
		q.tell("number-range", at+".amount", "there are %d amounts for %d classes of size", len(s.Amount), len(sizes))
	}
	if free != (s.Due == "never") {
		q.tell("fee-by-verdict", at+".due", "what costs nothing is never due, and all else is")
	}
	if (s.ID == ServiceComplaint || s.ID == ServiceAppeal) && !free {
		q.tell("fee-by-verdict", at+".amount", "who disagrees must not have to pay for it")
	}
}

func (q *procedureLinter) retention() {
	once(q.linter, q.file, "retention", ids(q.p.Retention, func(r Retention) string { return r.ID }), kebab)
	for _, r := range q.p.Retention {
		at := "retention." + r.ID
		q.why(at, r.Because, r.Source)
		if r.Forever {
			if r.Years != 0 || r.From != "" || r.Cycles != 0 || r.OrSupport {
				q.tell("retention-wrong", at, "what is kept for ever has no years")
			}
			if r.Personal {
				q.tell("retention-wrong", at, "nothing that names a person is kept for ever (GDPR Art. 5(1)(e))")
			}
			continue
		}
		q.within(at+".years", r.Years, 1, mostYears)
		if r.From == "" {
			q.tell("field-empty", at+".from", "%s does not say what starts the years", r.ID)
		}
		if r.Cycles < 0 || 12*r.Years < r.Cycles*q.p.Validity.Months {
			q.tell("retention-wrong", at, "%d years are less than %d cycles of %d months", r.Years, r.Cycles, q.p.Validity.Months)
		}
	}
	for _, want := range []string{"log", "case", "refused", "evidence", "complaint", "complainant", "reading", "accounts"} {
		if _, ok := q.p.Retain(want); !ok {
			q.tell("retention-wrong", "retention", "there is no rule for %s", want)
		}
	}
}

func (q *procedureLinter) texts() {
	a := &q.p.Agreement
	if a.Version == "" || !strings.Contains(a.Text, "Version "+a.Version+".") {
		q.tell("agreement-version", "agreement.version", "the agreement must say its version: Version %s.", a.Version)
	}
	points := ids(a.Points, func(p AgreementPoint) string { return p.ID })
	once(q.linter, q.file, "agreement.points", points, kebab)
	for _, want := range agreementPoints {
		if !slices.Contains(points, want) {
			q.tell("agreement-point", "agreement.points", "the agreement must speak about %s", want)
		}
	}
	for _, p := range a.Points {
		q.sources("agreement.points."+p.ID, p.Source)
		if section(a.Text, p.Part) == "" {
			q.tell("agreement-point", "agreement.points."+p.ID, "%s has no text under the heading %q", a.File, p.Part)
		}
	}
	once(q.linter, q.file, "declarations", ids(q.p.Declarations, func(d Declaration) string { return d.ID }), kebab)
	for _, d := range q.p.Declarations {
		at := "declarations." + d.ID
		within(q.linter, q.file, at+".by", "role", []iotmark.Role{d.By}, q.roles())
		q.sources(at, d.Source)
		q.within(at+".months", d.Months, 0, mostMonths)
		if d.Text == "" || d.When == "" {
			q.tell("field-empty", at, "%s must say what is signed, and when", d.ID)
		}
	}
	for _, want := range []string{"fees-accepted", "publication", "probing", "interests", "confidentiality", "no-trade", "complaint-privacy"} {
		if _, ok := q.p.Declaration(want); !ok {
			q.tell("reference-unknown", "declarations", "there is no declaration %s, which the procedures ask for", want)
		}
	}
}

// section returns what stands under a heading of the second level.
func section(text, heading string) string {
	_, rest, ok := strings.Cut(text, "\n## "+heading+"\n")
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	return strings.TrimSpace(rest)
}

func (q *procedureLinter) filing() {
	f := &q.p.Filing
	if f.Statement == "" || f.Origin == "" {
		q.tell("field-empty", "filing", "the certification statement and the word on origin must not be empty")
	}
	last := 0
	for _, g := range f.Goods {
		if g.Class <= last || g.Class > 45 || g.What == "" { // the Nice classification has 45 classes
			q.tell("number-range", "filing.goods", "class %d must be from 1 to 45, after %d, and say which goods", g.Class, last)
		}
		last = g.Class
	}
	if len(f.Goods) == 0 {
		q.tell("field-empty", "filing.goods", "no goods are named")
	}
	for _, c := range f.Clocks {
		q.within("filing.clocks."+c.Office, c.Months, 1, 12)
		q.sources("filing.clocks."+c.Office, c.Source)
	}
}
