package catalogue

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/open-iot-mark/iotmark"
)

const (
	procedureFile = "procedure.yaml"
	// AgreementMax is how long the licence agreement may be, in bytes.
	AgreementMax = 64 << 10
)

// Ref names a provision of an outside instrument, or the whole of one:
// instrument#provision, or instrument. A rule without a source was chosen for
// this scheme, and its because says why.
type Ref string

// Procedure is how a mark is given, watched and taken back: the thresholds,
// times and money of the edition. It holds no rule that the data could break:
// what is the same in every scheme is [Lint]'s, and in the procedures' code.
type Procedure struct {
	Edition       iotmark.Edition `yaml:"edition" json:"edition"`
	Roles         []ProcedureRole `yaml:"roles" json:"roles"`
	Apart         []Pair          `yaml:"apart" json:"apart"`             // of roles: not the same person in one case
	SidesApart    []Pair          `yaml:"sides_apart" json:"sides_apart"` // of sides: not the same organisation at all
	Profiles      []Profile       `yaml:"profiles" json:"profiles"`
	Interest      InterestRule    `yaml:"interest" json:"interest"`
	Competence    CompetenceRule  `yaml:"competence" json:"competence"`
	Controllers   ControllerRule  `yaml:"controllers" json:"controllers"`
	SecondOpinion SecondOpinion   `yaml:"second_opinion" json:"second_opinion"`
	Validity      ValidityRule    `yaml:"validity" json:"validity"`
	Surveillance  Surveillance    `yaml:"surveillance" json:"surveillance"`
	Publication   PublicationRule `yaml:"publication" json:"publication"`
	Disclosure    DisclosureRule  `yaml:"disclosure" json:"disclosure"`
	Admission     Admission       `yaml:"admission" json:"admission"`
	Deadlines     []Deadline      `yaml:"deadlines" json:"deadlines"`
	Sanctions     []Sanction      `yaml:"sanctions" json:"sanctions"` // mildest first
	Fees          Fees            `yaml:"fees" json:"fees"`
	Retention     []Retention     `yaml:"retention" json:"retention"`
	Agreement     Agreement       `yaml:"agreement" json:"agreement"`
	Declarations  []Declaration   `yaml:"declarations" json:"declarations"`
	Filing        Filing          `yaml:"filing" json:"filing"`
}

// ProcedureRole says what a role does.
type ProcedureRole struct {
	ID    iotmark.Role `yaml:"id" json:"id"`
	Means string       `yaml:"means" json:"means"`
}

// Pair is two roles, or two sides, that are kept apart, or in the joins of a
// profile two roles that it joins.
type Pair struct {
	One      string `yaml:"one" json:"one"`
	Other    string `yaml:"other" json:"other"`
	Joinable bool   `yaml:"joinable" json:"joinable,omitempty"` // a profile may join them
	Because  string `yaml:"because" json:"because,omitempty"`
	Source   []Ref  `yaml:"source" json:"source,omitempty"`
}

// Is reports whether the pair is of these two, in either order.
func (p Pair) Is(a, b string) bool {
	return p.One == a && p.Other == b || p.One == b && p.Other == a
}

// ProfileID names a profile of thresholds.
type ProfileID string

// The two profiles of the edition. A certification body works under one.
const (
	ProfileStandard  ProfileID = "standard"
	ProfileSmallBody ProfileID = "small-body"
)

// Profile is a set of thresholds under which a certification body works.
type Profile struct {
	ID        ProfileID      `yaml:"id" json:"id"`
	Means     string         `yaml:"means" json:"means"`
	Joins     []Pair         `yaml:"joins" json:"joins"` // roles that one person may have in one case
	Decisions []DecisionRule `yaml:"decisions" json:"decisions"`
	Because   string         `yaml:"because" json:"because"`
	Source    []Ref          `yaml:"source" json:"source"`
}

// DecisionRule says how many take one kind of decision.
type DecisionRule struct {
	Act           iotmark.MarkAct `yaml:"act" json:"act"` // the entry that tells it
	By            iotmark.Role    `yaml:"by" json:"by"`   // committee or panel
	Assessors     int             `yaml:"assessors" json:"assessors"`
	Members       int             `yaml:"members" json:"members"`             // who sit
	Votes         int             `yaml:"votes" json:"votes"`                 // who must agree
	Signers       int             `yaml:"signers" json:"signers"`             // members who must sign the entry
	Organisations int             `yaml:"organisations" json:"organisations"` // to which all who sign belong, at least
}

// Decision returns the rule for an act, and whether the profile has one.
func (p Profile) Decision(act iotmark.MarkAct) (DecisionRule, bool) {
	return find(p.Decisions, func(d DecisionRule) bool { return d.Act == act })
}

// InterestRule says which interest in a maker keeps a person out, and for how
// long after it ended.
type InterestRule struct {
	Months  int            `yaml:"months" json:"months"`
	Kinds   []Term         `yaml:"kinds" json:"kinds"`
	Bars    []iotmark.Role `yaml:"bars" json:"bars"`
	Because string         `yaml:"because" json:"because"`
	Source  []Ref          `yaml:"source" json:"source"`
}

// CompetenceRule says for how long a person's competence for a topic holds,
// and within what time somebody must have watched the person at work.
type CompetenceRule struct {
	Months          int    `yaml:"months" json:"months"`
	WitnessedMonths int    `yaml:"witnessed_months" json:"witnessed_months"`
	Because         string `yaml:"because" json:"because"`
	Source          []Ref  `yaml:"source" json:"source"`
}

// ControllerRule says how often those who control the owner of the scheme
// declare that they trade in no connected products, and what is refused
// without a declaration in force.
type ControllerRule struct {
	Months      int               `yaml:"months" json:"months"`
	Declaration string            `yaml:"declaration" json:"declaration"` // id in Declarations
	Blocks      []iotmark.MarkAct `yaml:"blocks" json:"blocks"`
	Because     string            `yaml:"because" json:"because"`
	Source      []Ref             `yaml:"source" json:"source"`
}

// SecondOpinion says when a second assessor concludes without seeing what the
// first one wrote.
type SecondOpinion struct {
	Criteria []iotmark.CriterionID `yaml:"criteria" json:"criteria"` // in every case in which they apply
	OneIn    int                   `yaml:"one_in" json:"one_in"`     // of all cases, one in so many, drawn by lot
	Differ   string                `yaml:"differ" json:"differ"`     // which conclusion counts when they still differ: lower
	Because  string                `yaml:"because" json:"because"`
	Source   []Ref                 `yaml:"source" json:"source"`
}

// Asked reports whether a criterion asks for a second opinion in every case.
func (s SecondOpinion) Asked(id iotmark.CriterionID) bool { return slices.Contains(s.Criteria, id) }

// ValidityRule says when a mark ends.
type ValidityRule struct {
	Months   int    `yaml:"months" json:"months"`
	EndsWith string `yaml:"ends_with" json:"ends_with"` // security-support: not after the promised end of updates
	Because  string `yaml:"because" json:"because"`
	Source   []Ref  `yaml:"source" json:"source"`
}

// Until returns the last day of a mark that begins on a day: the same day after
// the months, or the last day of security support where that is earlier. An
// empty support means that none is known.
func (v ValidityRule) Until(from, support iotmark.Date) iotmark.Date {
	last := addMonths(from, v.Months)
	if support != "" && support < last {
		return support
	}
	return last
}

// Surveillance says what is looked at after the grant, and how often.
type Surveillance struct {
	Months       int      `yaml:"months" json:"months"`               // between two looks by a person
	RecheckHours int      `yaml:"recheck_hours" json:"recheck_hours"` // between two looks by program
	Recheck      []string `yaml:"recheck" json:"recheck"`             // what the program looks at
	RecheckMeans []Term   `yaml:"recheck_means" json:"recheck_means"` // the same ids, in words
	SampleOneIn  int      `yaml:"sample_one_in" json:"sample_one_in"` // marks that are bought and tried in a year: one in so many
	Because      string   `yaml:"because" json:"because"`
	Source       []Ref    `yaml:"source" json:"source"`
}

// PublicationRule says how soon a change of state is public, and told to those
// who asked.
type PublicationRule struct {
	StatusHours      int    `yaml:"status_hours" json:"status_hours"`
	SubscribersHours int    `yaml:"subscribers_hours" json:"subscribers_hours"`
	Because          string `yaml:"because" json:"because"`
	Source           []Ref  `yaml:"source" json:"source"`
}

// DisclosureRule says when a finding that helps attackers becomes public.
type DisclosureRule struct {
	Days          int    `yaml:"days" json:"days"`                     // after the maker was told, unless it is mended before
	ExploitedDays int    `yaml:"exploited_days" json:"exploited_days"` // where attackers use it already
	Because       string `yaml:"because" json:"because"`
	Source        []Ref  `yaml:"source" json:"source"`
}

// Admission is the whole list of terms for applying.
type Admission struct {
	Rule        string          `yaml:"rule" json:"rule"`
	Terms       []AdmissionTerm `yaml:"terms" json:"terms"`
	Domain      DomainProof     `yaml:"domain" json:"domain"`
	ReapplyDays int             `yaml:"reapply_days" json:"reapply_days"` // to wait after a refusal
	Because     string          `yaml:"because" json:"because"`
	Source      []Ref           `yaml:"source" json:"source"`
}

// TermID names a term of admission.
type TermID string

// The terms that the procedures check by program.
const (
	TermPhysicalProduct   TermID = "physical-product"
	TermProductWithData   TermID = "product-with-data"
	TermIdentifiableMaker TermID = "identifiable-maker"
	TermLegalIdentity     TermID = "legal-identity"
	TermDomainProven      TermID = "domain-proven"
	TermEditionOpen       TermID = "edition-open"
	TermAgreementSigned   TermID = "agreement-signed"
	TermFeesAccepted      TermID = "fees-accepted"
	TermNotOwnerOfScheme  TermID = "not-owner-of-scheme"
	TermNoOpenApplication TermID = "no-open-application"
)

// AdmissionTerm is one term of admission.
type AdmissionTerm struct {
	ID        TermID `yaml:"id" json:"id"`
	CheckedBy string `yaml:"checked_by" json:"checked_by"` // program, registrar
	How       string `yaml:"how" json:"how"`
}

// DomainProof says where a maker puts the word that proves its domain.
type DomainProof struct {
	DNS  string `yaml:"dns" json:"dns"`   // label below the domain, of a TXT record
	File string `yaml:"file" json:"file"` // path at https://<domain>
}

// DeadlineID names a deadline: those of the states of a case, which stand in
// [iotmark.CaseStates], and those that begin with something else.
type DeadlineID string

// The deadlines that belong to no state of a case.
const (
	DeadlineEvaluationTest         DeadlineID = "evaluation.test"
	DeadlineEvaluationSecond       DeadlineID = "evaluation.second"
	DeadlineAttestation            DeadlineID = "attestation"
	DeadlineSurveillanceAfterGrant DeadlineID = "surveillance.after-grant"
	DeadlineSurveillanceYearly     DeadlineID = "surveillance.yearly"
	DeadlineChangeNotice           DeadlineID = "change.notice"
	DeadlineChangeReview           DeadlineID = "change.review"
	DeadlineCureUrgent             DeadlineID = "cure.urgent"
	DeadlineCureMajor              DeadlineID = "cure.major"
	DeadlineCureMinor              DeadlineID = "cure.minor"
	DeadlineWithdrawalNotice       DeadlineID = "withdrawal.notice"
	DeadlineUseEnd                 DeadlineID = "use.end"
	DeadlineRenewalApply           DeadlineID = "renewal.apply"
	DeadlineComplaintReply         DeadlineID = "complaint.reply"
	DeadlineAppealFile             DeadlineID = "appeal.file"
	DeadlineMisuseLook             DeadlineID = "misuse.look"
	DeadlineFindingReply           DeadlineID = "finding.reply"
)

// DeadlineIDs returns the deadlines that an edition has: those of the states of
// all cases in the order of the tables, then those that belong to none.
func DeadlineIDs() []DeadlineID {
	var out []DeadlineID
	for _, s := range iotmark.CaseStates() {
		if d := DeadlineID(s.Deadline); d != "" && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return append(out, DeadlineEvaluationTest, DeadlineEvaluationSecond, DeadlineAttestation, DeadlineSurveillanceAfterGrant,
		DeadlineSurveillanceYearly, DeadlineChangeNotice, DeadlineChangeReview, DeadlineCureUrgent,
		DeadlineCureMajor, DeadlineCureMinor, DeadlineWithdrawalNotice, DeadlineUseEnd,
		DeadlineRenewalApply, DeadlineComplaintReply, DeadlineAppealFile, DeadlineMisuseLook,
		DeadlineFindingReply)
}

// What happens when a deadline has passed without the act.
const (
	ThenAlarm   = "alarm"   // tells the head of the body and the observers
	ThenClose   = "close"   // the case ends as given up by the applicant
	ThenLapse   = "lapse"   // what was done, or may be asked for, ends by itself
	ThenPropose = "propose" // puts the next step before the committee
)

// Deadline says by when somebody acts.
type Deadline struct {
	ID      DeadlineID     `yaml:"id" json:"id"`
	Days    int            `yaml:"days" json:"days"` // of the calendar
	Who     iotmark.Role   `yaml:"who" json:"who"`   // must act
	From    string         `yaml:"from" json:"from"` // what starts the clock
	Remind  []int          `yaml:"remind" json:"remind"`
	Stops   []iotmark.Role `yaml:"stops" json:"stops"` // the clock stands while one of these must answer
	Then    string         `yaml:"then" json:"then"`
	Because string         `yaml:"because" json:"because"`
	Source  []Ref          `yaml:"source" json:"source"`
}

// Sanction is one thing that a mark can come to when something is wrong.
type Sanction struct {
	ID    string          `yaml:"id" json:"id"`
	Act   iotmark.MarkAct `yaml:"act" json:"act"`
	When  string          `yaml:"when" json:"when"`
	Cure  DeadlineID      `yaml:"cure" json:"cure"` // the time that the maker has
	Means string          `yaml:"means" json:"means"`
}

// Fees is the fee table: what a service costs a maker of a size, who pays
// whom, and when. No amount depends on a verdict.
type Fees struct {
	Currency string      `yaml:"currency" json:"currency"` // ISO 4217; amounts are whole units
	Sizes    []SizeClass `yaml:"sizes" json:"sizes"`       // smallest first
	Services []Fee       `yaml:"services" json:"services"`
	Because  string      `yaml:"because" json:"because"`
	Source   []Ref       `yaml:"source" json:"source"`
}

// SizeID names a class of size of makers.
type SizeID string

// SizeClass is a class of size. Both bounds hold; 0 means none.
type SizeClass struct {
	ID            SizeID `yaml:"id" json:"id"`
	StaffBelow    int    `yaml:"staff_below" json:"staff_below"`
	TurnoverBelow int    `yaml:"turnover_below" json:"turnover_below"` // a year, in whole units of the currency
	Means         string `yaml:"means" json:"means"`
}

// ServiceID names a service that is paid for.
type ServiceID string

// The services of the fee table.
const (
	ServiceDeclaration  ServiceID = "declaration"
	ServiceApplication  ServiceID = "application"
	ServiceEvaluation   ServiceID = "evaluation"
	ServiceDecision     ServiceID = "decision"
	ServiceLaboratory   ServiceID = "laboratory"
	ServiceChange       ServiceID = "change"
	ServiceSurveillance ServiceID = "surveillance"
	ServiceRenewal      ServiceID = "renewal"
	ServiceRegister     ServiceID = "register"
	ServiceComplaint    ServiceID = "complaint"
	ServiceAppeal       ServiceID = "appeal"
)

// Fee is what one service costs.
type Fee struct {
	ID     ServiceID      `yaml:"id" json:"id"`
	Per    string         `yaml:"per" json:"per"` // case, product, day, year
	Due    string         `yaml:"due" json:"due"` // with-application, before-work, yearly, never
	From   string         `yaml:"from" json:"from"`
	To     string         `yaml:"to" json:"to"`
	Amount map[SizeID]int `yaml:"amount" json:"amount"`
	Means  string         `yaml:"means" json:"means"`
}

// Retention says for how long one class of records is kept.
type Retention struct {
	ID        string `yaml:"id" json:"id"`
	Years     int    `yaml:"years" json:"years"`
	From      string `yaml:"from" json:"from"`                       // what starts the years
	Cycles    int    `yaml:"cycles" json:"cycles,omitempty"`         // of the mark, at least
	OrSupport bool   `yaml:"or_support" json:"or_support,omitempty"` // and not before security support ends
	Forever   bool   `yaml:"forever" json:"forever,omitempty"`
	Personal  bool   `yaml:"personal" json:"personal"` // names of people are in it and are erased at the end
	Means     string `yaml:"means" json:"means"`
	Because   string `yaml:"because" json:"because"`
	Source    []Ref  `yaml:"source" json:"source"`
}

// Until returns the day from which the class may be deleted, when its years
// begin on a day and security support of the product ends on another (empty
// when it is not known or does not matter). It is empty for what is kept for
// ever. A legal hold beats it; that is the keeper's to ask.
func (r Retention) Until(from, support iotmark.Date) iotmark.Date {
	if r.Forever {
		return ""
	}
	last := addMonths(from, 12*r.Years)
	if r.OrSupport && support > last {
		return support
	}
	return last
}

// Agreement is the licence agreement that a maker signs before any artwork.
type Agreement struct {
	File    string           `yaml:"file" json:"file"`       // in the edition's folder
	Version string           `yaml:"version" json:"version"` // stands in the text too
	SHA256  iotmark.Digest   `yaml:"sha256" json:"sha256"`   // of the file
	Points  []AgreementPoint `yaml:"points" json:"points"`   // what it must speak about

	Text string `json:"-"` // of the file
}

// AgreementPoint is one thing that the agreement must speak about, and the
// heading under which it does.
type AgreementPoint struct {
	ID     string `yaml:"id" json:"id"`
	Part   string `yaml:"part" json:"part"`
	Source []Ref  `yaml:"source" json:"source"`
}

// Declaration is a text that people sign as it stands.
type Declaration struct {
	ID     string       `yaml:"id" json:"id"`
	By     iotmark.Role `yaml:"by" json:"by"`
	When   string       `yaml:"when" json:"when"`
	Months int          `yaml:"months" json:"months"` // for which it holds; 0: for the case, or until taken back
	Text   string       `yaml:"text" json:"text"`
	Source []Ref        `yaml:"source" json:"source"`
}

// Digest is what a signature over the declaration names: SHA-256 over its id,
// a line feed, and its text.
func (d Declaration) Digest() iotmark.Digest { return digest([]byte(d.ID + "\n" + d.Text)) }

// Filing is what trade-mark offices ask for and does not depend on who owns
// the mark.
type Filing struct {
	Statement string        `yaml:"statement" json:"statement"` // certification statement (37 CFR 2.45(a)(4)(i)(A))
	Goods     []NiceClass   `yaml:"goods" json:"goods"`
	Origin    string        `yaml:"origin" json:"origin"` // what is said about geographical origin
	Clocks    []FilingClock `yaml:"clocks" json:"clocks"`
}

// NiceClass is a class of the Nice classification, with what of it is covered.
type NiceClass struct {
	Class int    `yaml:"class" json:"class"`
	What  string `yaml:"what" json:"what"`
}

// FilingClock says within how many months after the application an office
// wants the regulations of use.
type FilingClock struct {
	Office string `yaml:"office" json:"office"`
	Months int    `yaml:"months" json:"months"`
	Source []Ref  `yaml:"source" json:"source"`
}

// Procedure reads procedure.yaml of the edition and the licence agreement. The
// first call reads, every further one returns at once with the same answer; it
// is safe in several goroutines. Its error is an [iotmark.Errors].
func (c *Catalogue) Procedure() (*Procedure, error) { return c.procedure() }

func (c *Catalogue) readProcedure() (*Procedure, error) {
	r := &reader{files: c.files}
	p := new(Procedure)
	r.file(inEdition(procedureFile), p)
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	if p.Edition != c.Scheme.Edition {
		r.fail("catalogue-head-wrong", inEdition(procedureFile), nil, "edition", "the file says edition %q; the scheme is %q", p.Edition, c.Scheme.Edition)
	}
	if a := &p.Agreement; !fs.ValidPath(a.File) || path.Base(a.File) != a.File {
		r.fail("catalogue-file-missing", inEdition(procedureFile), nil, "agreement.file", "%q is no file beside procedure.yaml", a.File)
	} else if raw := r.bytes(inEdition(a.File)); len(raw) > AgreementMax {
		r.fail("catalogue-file-large", inEdition(a.File), nil, "agreement.file", "the agreement has %d bytes; at most %d are read", len(raw), AgreementMax)
	} else if sum := digest(raw); len(r.errs) == 0 && sum != a.SHA256 {
		r.fail("catalogue-hash-wrong", inEdition(a.File), nil, "agreement.sha256", "the agreement has the hash %s and procedure.yaml says %s; a changed text gets a new version and its own hash", sum, a.SHA256)
	} else {
		a.Text = string(raw)
	}
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	return p, nil
}

// Profile returns the profile with that id. Error: profile-unknown.
func (p *Procedure) Profile(id ProfileID) (Profile, error) {
	if x, ok := find(p.Profiles, func(x Profile) bool { return x.ID == id }); ok {
		return x, nil
	}
	return Profile{}, unknown("profile-unknown", "profile", string(id), ids(p.Profiles, func(x Profile) string { return string(x.ID) }))
}

// Role returns the role with that id.
func (p *Procedure) Role(id iotmark.Role) (ProcedureRole, bool) {
	return find(p.Roles, func(x ProcedureRole) bool { return x.ID == id })
}

// Deadline returns the deadline with that id. An edition that passed [Lint]
// has all of [DeadlineIDs].
func (p *Procedure) Deadline(id DeadlineID) (Deadline, bool) {
	return find(p.Deadlines, func(x Deadline) bool { return x.ID == id })
}

// Days gives the deadlines as the procedures take them: days by id.
func (p *Procedure) Days() map[string]int {
	out := make(map[string]int, len(p.Deadlines))
	for _, d := range p.Deadlines {
		out[string(d.ID)] = d.Days
	}
	return out
}

// Declaration returns the text with that id.
func (p *Procedure) Declaration(id string) (Declaration, bool) {
	return find(p.Declarations, func(x Declaration) bool { return x.ID == id })
}

// Fee returns what a service costs.
func (p *Procedure) Fee(id ServiceID) (Fee, bool) {
	return find(p.Fees.Services, func(x Fee) bool { return x.ID == id })
}

// Size returns the class of size of a maker with so many people and so much
// turnover a year, in whole units of the currency of the fees. Negative
// numbers count as none known, which is the largest class.
func (p *Procedure) Size(staff, turnover int) (SizeID, bool) {
	s, ok := find(p.Fees.Sizes, func(s SizeClass) bool {
		return (s.StaffBelow == 0 || staff >= 0 && staff < s.StaffBelow) && (s.TurnoverBelow == 0 || turnover >= 0 && turnover < s.TurnoverBelow)
	})
	return s.ID, ok
}

// Retain returns the class of records with that id.
func (p *Procedure) Retain(id string) (Retention, bool) {
	return find(p.Retention, func(x Retention) bool { return x.ID == id })
}

// KeptApart says whether one person may not have both roles in one case, under
// a profile, and why.
func (p *Procedure) KeptApart(profile Profile, a, b iotmark.Role) (Pair, bool) {
	if slices.ContainsFunc(profile.Joins, func(j Pair) bool { return j.Is(string(a), string(b)) }) {
		return Pair{}, false
	}
	return find(p.Apart, func(x Pair) bool { return x.Is(string(a), string(b)) })
}

// SidesKeptApart says whether one organisation may not be on both sides, and
// why.
func (p *Procedure) SidesKeptApart(a, b iotmark.OrganisationKind) (Pair, bool) {
	return find(p.SidesApart, func(x Pair) bool { return x.Is(string(a), string(b)) })
}

// InForce says whether marks may be granted under the edition on a day. The
// error is edition-not-in-force with the reason. That the edition was adopted
// in the log is for the log to say.
func (s *Scheme) InForce(day iotmark.Date) error {
	refuse := func(format string, args ...any) error {
		return &iotmark.Error{Kind: iotmark.Conflict, ID: "edition-not-in-force", Msg: fmt.Sprintf(format, args...), Field: "edition"}
	}
	switch {
	case s.State != InForce:
		return refuse("the edition %s is %s; marks are granted only under an edition that is in force", s.Edition, s.State)
	case s.From == "" || day < s.From:
		return refuse("the edition %s is in force from %s on; the day is %s", s.Edition, s.From, day)
	case s.Until != "" && day > s.Until:
		return refuse("the edition %s was in force until %s; the day is %s", s.Edition, s.Until, day)
	}
	return nil
}

// InForce is the state of an edition under which marks are granted.
const InForce = "in-force"

// EditionDigest is the hash of the edition that proposals, adoptions, evaluations
// and marks name: SHA-256 over one line "<SHA-256 in hex> <size> <name>" a
// file of the edition's folder, in the order of the names.
func (c *Catalogue) EditionDigest() (iotmark.Digest, error) {
	entries, err := fs.ReadDir(c.files, string(Current))
	if err != nil {
		return "", fmt.Errorf("read the edition: %w", err)
	}
	h := sha256.New()
	for _, e := range entries {
		raw, err := fs.ReadFile(c.files, inEdition(e.Name()))
		if err != nil {
			return "", fmt.Errorf("read the edition: %w", err)
		}
		fmt.Fprintf(h, "%s %d %s\n", digest(raw), len(raw), e.Name())
	}
	return iotmark.Digest(hex.EncodeToString(h.Sum(nil))), nil
}

// addMonths gives the same day so many months later; where that month is
// shorter, its last day.
func addMonths(d iotmark.Date, n int) iotmark.Date {
	t := d.Time()
	to := t.AddDate(0, n, 0)
	if to.Day() != t.Day() {
		to = to.AddDate(0, 0, -to.Day())
	}
	return iotmark.DateOf(to)
}
