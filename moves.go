package iotmark

import "slices"

// on keeps the tables below readable.

func on(by ...Role) []Role { return by }

// assessment rows of application, renewal and amendment: what differs is how
// they begin and what the log is told.
func assessed(k CaseKind, granted, refused string) []CaseMove {
	rows := []CaseMove{
		{k, "", "apply", on(RoleApplicant), "submitted", ""},
		{k, "submitted", "ask", on(RoleRegistrar), "questioned", ""},
		{k, "questioned", "answer", on(RoleApplicant), "submitted", ""},
		{k, "submitted", "decline", on(RoleRegistrar), "declined", ""},
		{k, "accepted", "seal", on(RoleApplicant), "sealing", string(EvidenceSealed)},
		{k, "sealing", ActCarried, on(RoleProgram), "evaluating", ""},
		{k, "sealing", ActDropped, on(RoleApplicant, RoleProgram), "accepted", ""},
		{k, "evaluating", "request", on(RoleAssessor), "asked", ""},
		{k, "asked", "answer", on(RoleApplicant), "evaluating", ""},
		{k, "evaluating", "reseal", on(RoleApplicant), "sealing", string(EvidenceSealed)}, // evidence was added
		{k, "evaluating", "determine", on(RoleProgram), "evaluating", ""},
		{k, "evaluating", "inspect", on(RoleAssessor, RoleTester), "evaluating", ""},
		{k, "evaluating", "second", on(RoleAssessor), "evaluating", ""},
		{k, "evaluating", "conclude", on(RoleAssessor), "concluding", string(EvaluationCompleted)},
		{k, "concluding", ActCarried, on(RoleProgram), "evaluated", ""},
		{k, "concluding", ActDropped, on(RoleAssessor, RoleProgram), "evaluating", ""},
		{k, "evaluated", "return", on(RoleReviewer), "evaluating", ""},
		{k, "evaluated", "review", on(RoleReviewer), "reviewed", ""},
		{k, "reviewed", "grant", on(RoleCommittee), "granting", granted},
		{k, "granting", ActCarried, on(RoleProgram), "granted", ""},
		{k, "granting", ActDropped, on(RoleCommittee, RoleProgram), "reviewed", ""},
		{k, "reviewed", "refuse", on(RoleCommittee), "refusing", refused},
		{k, "refusing", ActCarried, on(RoleProgram), "refused", ""},
		{k, "refusing", ActDropped, on(RoleCommittee, RoleProgram), "reviewed", ""},
		{k, "reviewed", "return", on(RoleCommittee), "evaluating", ""},
		{k, "granted", "attest", on(RoleProgram), "attested", ""},   // the log has it, and by its rules it counts
		{k, "granted", "unattest", on(RoleProgram), "reviewed", ""}, // the log's rules gave it no effect
	}
	for _, s := range []CaseState{"questioned", "asked"} {
		rows = append(rows, CaseMove{k, s, "lapse", on(RoleProgram), "lapsed", ""})
	}
	for _, s := range []CaseState{"submitted", "questioned", "accepted", "evaluating", "asked", "evaluated", "reviewed"} {
		rows = append(rows, CaseMove{k, s, "withdraw", on(RoleApplicant), "withdrawn", ""})
	}
	return rows
}

// caseMoves is all that can happen in a case. What is not in it is not
// allowed. Clauses are those of ISO/IEC 17065:2012.
var caseMoves = slices.Concat(
	[]CaseMove{
		// The first steward is there from the beginning; all others are brought
		// in by somebody who is there.
		{Directory, "", "found", on(RoleProgram), "kept", ""},
		{Directory, "kept", "enrol", on(RoleSteward, RoleRegistrar), "kept", ""},   // an organisation, or a person
		{Directory, "kept", "appoint", on(RoleSteward, RoleRegistrar), "kept", ""}, // give an office
		{Directory, "kept", "dismiss", on(RoleSteward, RoleRegistrar), "kept", ""}, // end an office
		{Directory, "kept", "qualify", on(RoleSteward, RoleRegistrar), "kept", ""}, // a competence that was shown
		{Directory, "kept", "declare", everybody, "kept", ""},                      // an interest of one's own
		{Directory, "kept", "erase", on(RoleSteward, RoleRegistrar), "kept", ""},   // a person's name
		{Directory, "kept", "undertake", on(RoleSteward), "kept", ""},              // that one supplies no connected products

		{Registration, "", "register", on(RoleApplicant), "claimed", ""},
		{Registration, "claimed", "prove", on(RoleProgram), "proven", ""},
		{Registration, "proven", "admit", on(RoleRegistrar), "admitting", "maker.registered"},
		{Registration, "admitting", ActCarried, on(RoleProgram), "admitted", ""},
		{Registration, "admitting", ActDropped, on(RoleRegistrar, RoleProgram), "proven", ""},
		{Registration, "claimed", "decline", on(RoleRegistrar), "declined", ""},
		{Registration, "proven", "decline", on(RoleRegistrar), "declined", ""},
		{Registration, "claimed", "lapse", on(RoleProgram), "lapsed", ""},
		{Registration, "claimed", "withdraw", on(RoleApplicant), "withdrawn", ""},
		{Registration, "proven", "withdraw", on(RoleApplicant), "withdrawn", ""},

		{Accreditation, "", "nominate", on(RoleSteward), "nominated", ""},
		{Accreditation, "nominated", "accredit", on(RoleCommittee), "accrediting", "org.accredited"},
		{Accreditation, "accrediting", ActCarried, on(RoleProgram), "accredited", ""},
		{Accreditation, "accrediting", ActDropped, on(RoleCommittee, RoleProgram), "nominated", ""},
		{Accreditation, "nominated", "decline", on(RoleSteward), "declined", ""},
		{Accreditation, "accredited", "suspend", on(RoleCommittee), "suspending", "org.suspended"},
		{Accreditation, "suspending", ActCarried, on(RoleProgram), "suspended", ""},
		{Accreditation, "suspending", ActDropped, on(RoleCommittee, RoleProgram), "accredited", ""},
		{Accreditation, "suspended", "restore", on(RoleCommittee), "restoring", "org.restored"},
		{Accreditation, "restoring", ActCarried, on(RoleProgram), "accredited", ""},
		{Accreditation, "restoring", ActDropped, on(RoleCommittee, RoleProgram), "suspended", ""},
		{Accreditation, "accredited", "lapse", on(RoleProgram), "lapsed", ""},
		{Accreditation, "suspended", "lapse", on(RoleProgram), "lapsed", ""},

		// The open declaration is a track of its own: it never becomes a mark,
		// and a mark never rests on it alone.
		{Declaring, "", "publish", on(RoleApplicant), "publishing", "declaration.published"},
		{Declaring, "publishing", ActCarried, on(RoleProgram), "declared", ""},
		{Declaring, "publishing", ActDropped, on(RoleApplicant, RoleProgram), "retracted", ""},
		{Declaring, "declared", "revise", on(RoleApplicant), "revising", "declaration.published"},
		{Declaring, "revising", ActCarried, on(RoleProgram), "declared", ""},
		{Declaring, "revising", ActDropped, on(RoleApplicant, RoleProgram), "declared", ""},
		{Declaring, "declared", "promise", on(RoleApplicant), "promising", "promise.set"},
		{Declaring, "promising", ActCarried, on(RoleProgram), "declared", ""},
		{Declaring, "promising", ActDropped, on(RoleApplicant, RoleProgram), "declared", ""},
		{Declaring, "declared", "challenge", on(RoleReporter, RoleRegistrar, RoleObserver), "declared", ""},
		{Declaring, "declared", "answer", on(RoleApplicant), "declared", ""},
		{Declaring, "declared", "retract", on(RoleApplicant), "retracted", ""},

		// An application is in the log from its acceptance on (7.3).
		{Application, "submitted", "accept", on(RoleRegistrar), "accepting", string(ApplicationAccepted)},
		{Application, "accepting", ActCarried, on(RoleProgram), "accepted", ""},
		{Application, "accepting", ActDropped, on(RoleRegistrar, RoleApplicant, RoleProgram), "submitted", ""},
		{Renewal, "submitted", "accept", on(RoleRegistrar), "accepted", ""},
		{Amendment, "submitted", "accept", on(RoleRegistrar), "accepted", ""},
	},
	assessed(Application, string(MarkGrantedAct), string(MarkRefusedAct)),
	assessed(Renewal, string(MarkRenewedAct), InternalVote),
	assessed(Amendment, string(MarkAmendedAct), InternalVote),
	[]CaseMove{
		// A date, a page, a weakness, a report, a change that the maker told
		// (7.9, 7.10). One case for one cause, from its opening to its end.
		{Surveillance, "", "open", on(RoleRegistrar, RoleProgram), "opened", ""},
		{Surveillance, "", "notify", on(RoleApplicant), "opened", ""}, // the maker tells of a change
		{Surveillance, "opened", "request", on(RoleRegistrar, RoleAssessor), "asked", ""},
		{Surveillance, "asked", "answer", on(RoleApplicant), "opened", ""},
		{Surveillance, "asked", "expire", on(RoleProgram), "opened", ""}, // no answer came
		{Surveillance, "opened", "determine", on(RoleProgram), "opened", ""},
		{Surveillance, "opened", "inspect", on(RoleAssessor, RoleTester), "opened", ""},
		{Surveillance, "opened", "close", on(RoleAssessor), "closed", ""}, // no nonconformity is left
		{Surveillance, "opened", "publish", on(RoleAssessor), "publishing", string(FindingPublished)},
		{Surveillance, "publishing", ActCarried, on(RoleProgram), "opened", ""},
		{Surveillance, "publishing", ActDropped, on(RoleAssessor, RoleProgram), "opened", ""},
		{Surveillance, "opened", "reduce", on(RoleCommittee), "reducing", string(MarkAmendedAct)}, // 7.11.1
		{Surveillance, "reducing", ActCarried, on(RoleProgram), "closed", ""},
		{Surveillance, "reducing", ActDropped, on(RoleCommittee, RoleProgram), "opened", ""},
		{Surveillance, "opened", "suspend", on(RoleCommittee), "suspending", string(MarkSuspendedAct)},
		{Surveillance, "suspending", ActCarried, on(RoleProgram), "suspended", ""},
		{Surveillance, "suspending", ActDropped, on(RoleCommittee, RoleProgram), "opened", ""},
		{Surveillance, "suspended", "confirm", on(RoleCommittee), "confirming", string(SuspensionConfirmed)},
		{Surveillance, "confirming", ActCarried, on(RoleProgram), "confirmed", ""},
		{Surveillance, "confirming", ActDropped, on(RoleCommittee, RoleProgram), "suspended", ""},
		{Surveillance, "suspended", "lapse", on(RoleProgram), "opened", ""}, // not confirmed in thirty days: in force again
		{Surveillance, "suspended", "restore", on(RoleCommittee), "restoring", string(MarkRestoredAct)},
		{Surveillance, "confirmed", "restore", on(RoleCommittee), "restoring-confirmed", string(MarkRestoredAct)},
		{Surveillance, "restoring", ActCarried, on(RoleProgram), "closed", ""},
		{Surveillance, "restoring", ActDropped, on(RoleCommittee, RoleProgram), "suspended", ""},
		{Surveillance, "restoring-confirmed", ActCarried, on(RoleProgram), "closed", ""},
		{Surveillance, "restoring-confirmed", ActDropped, on(RoleCommittee, RoleProgram), "confirmed", ""},
		{Surveillance, "confirmed", "withdraw", on(RoleCommittee), "withdrawing", string(MarkWithdrawnAct)},
		{Surveillance, "withdrawing", ActCarried, on(RoleProgram), "closed", ""},
		{Surveillance, "withdrawing", ActDropped, on(RoleCommittee, RoleProgram), "confirmed", ""},
		{Surveillance, "", "give-up", on(RoleApplicant), "giving-up", string(MarkWithdrawnAct)}, // the maker ends it
		{Surveillance, "giving-up", ActCarried, on(RoleProgram), "closed", ""},
		{Surveillance, "giving-up", ActDropped, on(RoleApplicant, RoleProgram), "closed", ""},

		// 7.13, about a mark.
		{Complaint, "", "complain", on(RoleReporter, RoleRegistrar), "received", ""},
		{Complaint, "received", "dismiss", on(RoleRegistrar), "dismissed", ""},
		{Complaint, "received", "admit", on(RoleRegistrar), "admitting", string(ComplaintOpened)},
		{Complaint, "admitting", ActCarried, on(RoleProgram), "open", ""},
		{Complaint, "admitting", ActDropped, on(RoleRegistrar, RoleProgram), "received", ""},
		{Complaint, "open", "request", on(RoleAssessor, RoleRegistrar), "asked", ""},
		{Complaint, "asked", "answer", on(RoleApplicant), "open", ""},
		{Complaint, "asked", "expire", on(RoleProgram), "open", ""},
		{Complaint, "open", "inspect", on(RoleAssessor, RoleTester), "open", ""},
		{Complaint, "open", "decide", on(RoleCommittee), "deciding", string(ComplaintDecided)},
		{Complaint, "deciding", ActCarried, on(RoleProgram), "decided", ""},
		{Complaint, "deciding", ActDropped, on(RoleCommittee, RoleProgram), "open", ""},

		// 7.13, against a decision. It is in the log from its first day.
		{Appeal, "", "appeal", on(RoleApplicant), "filing", string(AppealOpened)},
		{Appeal, "filing", ActCarried, on(RoleProgram), "filed", ""},
		{Appeal, "filing", ActDropped, on(RoleApplicant, RoleProgram), "withdrawn", ""},
		{Appeal, "filed", "hear", on(RoleRegistrar), "hearing", ""}, // the panel is complete
		{Appeal, "hearing", "request", on(RolePanel), "asked", ""},
		{Appeal, "asked", "answer", on(RoleApplicant), "hearing", ""},
		{Appeal, "asked", "expire", on(RoleProgram), "hearing", ""},
		{Appeal, "hearing", "decide", on(RolePanel), "deciding", string(AppealDecided)},
		{Appeal, "deciding", ActCarried, on(RoleProgram), "decided", ""},
		{Appeal, "deciding", ActDropped, on(RolePanel, RoleProgram), "hearing", ""},

		{Misuse, "", "report", on(RoleReporter, RoleRegistrar), "received", ""}, // 4.1.3
		{Misuse, "received", "warn", on(RoleRegistrar), "warned", ""},
		{Misuse, "received", "close", on(RoleRegistrar), "closed", ""},
		{Misuse, "warned", "close", on(RoleRegistrar), "closed", ""},
		{Misuse, "received", "pursue", on(RoleRegistrar), "pursued", ""}, // a surveillance case follows
		{Misuse, "warned", "pursue", on(RoleRegistrar), "pursued", ""},

		{EditionCase, "", "propose", on(RoleSteward), "proposing", "proposal.published"},
		{EditionCase, "proposing", ActCarried, on(RoleProgram), "proposed", ""},
		{EditionCase, "proposing", ActDropped, on(RoleSteward, RoleProgram), "abandoned", ""},
		{EditionCase, "proposed", "consult", on(RoleSteward), "opening", "consultation.opened"},
		{EditionCase, "opening", ActCarried, on(RoleProgram), "consultation", ""},
		{EditionCase, "opening", ActDropped, on(RoleSteward, RoleProgram), "proposed", ""},
		{EditionCase, "consultation", "comment", on(RoleApplicant, RoleReporter, RoleAssessor, RoleCommittee, RoleObserver, RoleRegistrar), "consultation", ""},
		{EditionCase, "consultation", "respond", on(RoleSteward), "consultation", ""},
		{EditionCase, "consultation", "close", on(RoleSteward), "closing", "consultation.closed"},
		{EditionCase, "closing", ActCarried, on(RoleProgram), "consulted", ""},
		{EditionCase, "closing", ActDropped, on(RoleSteward, RoleProgram), "consultation", ""},
		{EditionCase, "consulted", "cast", on(RoleCommittee), "consulted", ""},
		{EditionCase, "consulted", "ballot", on(RoleCommittee), "voting", "ballot.held"}, // all who cast a vote sign
		{EditionCase, "voting", ActCarried, on(RoleProgram), "voted", ""},
		{EditionCase, "voting", ActDropped, on(RoleCommittee, RoleProgram), "consulted", ""},
		{EditionCase, "voted", "adopt", on(RoleCommittee), "adopting", "edition.adopted"},
		{EditionCase, "adopting", ActCarried, on(RoleProgram), "adopted", ""},
		{EditionCase, "adopting", ActDropped, on(RoleCommittee, RoleProgram), "voted", ""},
		{EditionCase, "adopted", "retire", on(RoleCommittee), "retiring", "edition.withdrawn"},
		{EditionCase, "retiring", ActCarried, on(RoleProgram), "retired", ""},
		{EditionCase, "retiring", ActDropped, on(RoleCommittee, RoleProgram), "adopted", ""},
		{EditionCase, "proposed", "abandon", on(RoleSteward), "abandoned", ""},
		{EditionCase, "consulted", "abandon", on(RoleSteward), "abandoned", ""},
		{EditionCase, "voted", "abandon", on(RoleSteward), "abandoned", ""},
	},
)

// anytime are acts that change no state. They may be done in every state that
// is not final, those about what is kept in these too; those of a decision only
// while one waits for signatures.
var anytime = []CaseMove{
	{Act: ActSign, By: on(RoleApplicant, RoleAssessor, RoleCommittee, RolePanel, RoleOperator, RoleSteward, RoleRegistrar)},
	{Act: ActReject, By: on(RoleCommittee, RolePanel)},
	{Act: ActRecuse, By: on(RoleCommittee, RolePanel)},
	{Act: ActAssign, By: on(RoleRegistrar)},
	{Act: ActRelease, By: on(RoleRegistrar)},
	{Act: ActNote, By: on(RoleRegistrar, RoleAssessor, RoleTester, RoleReviewer, RoleCommittee, RolePanel)},
	{Act: ActSupply, By: on(RoleApplicant, RoleReporter, RoleAssessor, RoleTester, RoleRegistrar)},
	{Act: ActRead, By: on(RoleRegistrar, RoleAssessor, RoleTester, RoleReviewer, RoleCommittee, RolePanel)},
	{Act: ActPay, By: on(RoleRegistrar)},
	{Act: ActHold, By: on(RoleRegistrar, RoleSteward)},
	{Act: ActUnhold, By: on(RoleRegistrar, RoleSteward)},
	{Act: ActErase, By: on(RoleRegistrar)},
	{Act: ActRemind, By: on(RoleProgram)},
	{Act: ActOverdue, By: on(RoleProgram)},
}

// keeping are the acts about what is kept; they go on when a case has ended.
var keeping = []Act{ActRead, ActPay, ActHold, ActUnhold, ActErase}

// CaseAnytime returns the acts that change no state. It is a copy.
func CaseAnytime() []CaseMove { return slices.Clone(anytime) }

var everybody = slices.DeleteFunc(Roles(), func(r Role) bool { return r == RoleProgram })

// CaseMoves returns the tables of all procedures. It is a copy.
func CaseMoves() []CaseMove { return slices.Clone(caseMoves) }

// waits says who must act in a state, by when, and whether another clock
// stands still meanwhile. States that are not here wait for signatures.
var waits = map[CaseState]CaseStateRow{
	"claimed":      {Waits: RoleApplicant, Deadline: "registration.prove"},
	"proven":       {Waits: RoleRegistrar, Deadline: "registration.admit"},
	"nominated":    {Waits: RoleCommittee, Deadline: "accreditation.decide"},
	"submitted":    {Waits: RoleRegistrar, Deadline: "application.review"},
	"questioned":   {Waits: RoleApplicant, Deadline: "application.answer", Stops: true},
	"accepted":     {Waits: RoleApplicant, Deadline: "application.seal"},
	"evaluating":   {Waits: RoleAssessor, Deadline: "evaluation"},
	"asked":        {Waits: RoleApplicant, Deadline: "answer", Stops: true},
	"evaluated":    {Waits: RoleReviewer, Deadline: "review"},
	"reviewed":     {Waits: RoleCommittee, Deadline: "decision"},
	"opened":       {Waits: RoleAssessor, Deadline: "surveillance"},
	"suspended":    {Waits: RoleCommittee, Deadline: "suspension.confirm"},
	"confirmed":    {Waits: RoleApplicant, Deadline: "suspension.cure"},
	"received":     {Waits: RoleRegistrar, Deadline: "complaint.acknowledge"},
	"open":         {Waits: RoleCommittee, Deadline: "complaint.decide"},
	"filed":        {Waits: RoleRegistrar, Deadline: "appeal.panel"},
	"hearing":      {Waits: RolePanel, Deadline: "appeal.decide"},
	"warned":       {Waits: RoleRegistrar, Deadline: "misuse.cure"},
	"consultation": {Waits: RoleSteward, Deadline: "consultation"},
	"proposed":     {Waits: RoleSteward},
	"consulted":    {Waits: RoleCommittee},
	"voted":        {Waits: RoleCommittee},
}

// CaseStates returns the states of all kinds of cases, in the order in which
// the tables come to them.
func CaseStates() []CaseStateRow {
	var out []CaseStateRow
	type place struct {
		kind  CaseKind
		state CaseState
	}
	seen, leaves := map[place]bool{}, map[place]bool{}
	for _, m := range caseMoves {
		leaves[place{m.Kind, m.From}] = true
	}
	for _, m := range caseMoves {
		for _, s := range []CaseState{m.From, m.To} {
			k := place{m.Kind, s}
			if s == "" || seen[k] {
				continue
			}
			seen[k] = true
			w := waits[s]
			w.Kind, w.State, w.Final = m.Kind, s, !leaves[k]
			if w.Final {
				w.Waits, w.Deadline, w.Stops = "", "", false
			}
			out = append(out, w)
		}
	}
	return out
}

// MoveCase returns the row of the tables for an act in a state, and false when
// the act is not allowed there.
func MoveCase(k CaseKind, from CaseState, act Act) (CaseMove, bool) {
	if i := slices.IndexFunc(caseMoves, func(m CaseMove) bool { return m.Kind == k && m.From == from && m.Act == act }); i >= 0 {
		return caseMoves[i], true
	}
	i := slices.IndexFunc(anytime, func(m CaseMove) bool { return m.Act == act })
	if r, ok := StateOf(k, from); i < 0 || !ok || r.Final && !slices.Contains(keeping, act) {
		return CaseMove{}, false
	}
	if act == ActSign || act == ActReject || act == ActRecuse {
		if _, ok := MoveCase(k, from, ActCarried); !ok {
			return CaseMove{}, false
		}
	}
	m := anytime[i]
	m.Kind, m.From, m.To = k, from, from
	return m, true
}

// StateOf returns what a state means for the people in it.
func StateOf(k CaseKind, s CaseState) (CaseStateRow, bool) {
	i := slices.IndexFunc(caseStates, func(r CaseStateRow) bool { return r.Kind == k && r.State == s })
	if i < 0 {
		return CaseStateRow{}, false
	}
	return caseStates[i], true
}

var caseStates = CaseStates()
