package iotmark

import "slices"

// Role is what a person may do in a procedure, for one organisation. Nobody is
// allowed anything by running the machine.
type Role string

// The roles (ISO/IEC 17065:2012, 5 to 7).
const (
	RoleApplicant Role = "applicant" // acts for the maker
	RoleRegistrar Role = "registrar" // takes applications, complaints and reports in, and assigns people; decides nothing
	RoleAssessor  Role = "assessor"  // evaluates, for an accredited organisation
	RoleTester    Role = "tester"    // tries units by a written method, for a laboratory
	RoleReviewer  Role = "reviewer"  // reads the evaluation again and recommends (7.5)
	RoleCommittee Role = "committee" // decides (7.6)
	RolePanel     Role = "panel"     // decides an appeal, and took no part before (7.13)
	RoleSteward   Role = "steward"   // acts for the owner of the scheme: editions, accreditation
	RoleObserver  Role = "observer"  // sees that all are treated alike; reads, and changes nothing (5.2)
	RoleReporter  Role = "reporter"  // complains, or reports a misuse
	RoleOperator  Role = "operator"  // runs the log, and countersigns what was taken in; decides nothing
	RoleProgram   Role = "program"   // this program, by a date or by signatures that are complete
)

// Roles returns all roles, in the order in which they are told.
func Roles() []Role {
	return []Role{RoleApplicant, RoleRegistrar, RoleAssessor, RoleTester, RoleReviewer, RoleCommittee, RolePanel, RoleSteward, RoleObserver, RoleReporter, RoleOperator, RoleProgram}
}

// OrganisationKind is what an organisation is in the scheme. An organisation
// is one of these and no other: the owner of the scheme certifies nothing, and
// a maker judges nobody.
type OrganisationKind string

// The kinds of organisations.
const (
	OrgMaker       OrganisationKind = "maker"
	OrgBody        OrganisationKind = "certification-body"
	OrgLaboratory  OrganisationKind = "laboratory"
	OrgOwner       OrganisationKind = "scheme-owner"
	OrgCommittee   OrganisationKind = "committee" // sends members to the committee: consumers, science, trade
	OrgComplainant OrganisationKind = "complainant"
)

// RolesOf returns the roles that people of such an organisation can have. A
// small body's own people may sit on the committee.
func RolesOf(k OrganisationKind) []Role {
	return slices.Clone(map[OrganisationKind][]Role{
		OrgMaker:       {RoleApplicant},
		OrgBody:        {RoleRegistrar, RoleAssessor, RoleReviewer, RoleCommittee, RolePanel, RoleOperator},
		OrgLaboratory:  {RoleTester, RoleAssessor},
		OrgOwner:       {RoleSteward, RoleOperator},
		OrgCommittee:   {RoleCommittee, RolePanel, RoleObserver},
		OrgComplainant: {RoleReporter},
	}[k])
}

// Actor is who acts: a person, for an organisation, by some way in. Which
// roles he has is looked up and never taken from him.
type Actor struct {
	Person       string `json:"person"`       // id; a pseudonym such as p1, the same as in the log
	Organisation string `json:"organisation"` // id
	Via          Via    `json:"via"`
}

// Via is the way by which somebody acts.
type Via string

// The ways in.
const (
	ViaCommand Via = "command"
	ViaWeb     Via = "web"
	ViaAPI     Via = "api"
	ViaJob     Via = "job" // the program itself
)

// Program is the actor of what happens by a date or by itself.
func Program() Actor { return Actor{Person: "program", Via: ViaJob} }

// CaseKind is the kind of a case: something with a beginning, a state, people
// and an end.
type CaseKind string

// The kinds of cases.
const (
	Directory     CaseKind = "directory"     // who there is, and what each may do; there is one
	Registration  CaseKind = "registration"  // of a maker: who it is, and that it owns its domain
	Accreditation CaseKind = "accreditation" // of an organisation that evaluates or tests
	Declaring     CaseKind = "declaration"   // the other track: a maker's own words about a product, public and without a mark
	Application   CaseKind = "application"   // for a mark
	Renewal       CaseKind = "renewal"       // of a mark before it ends
	Amendment     CaseKind = "amendment"     // of what a mark speaks about: a larger or other scope, a new major version
	Surveillance  CaseKind = "surveillance"  // of a mark: something changed, or a year has passed
	Complaint     CaseKind = "complaint"     // about a mark
	Appeal        CaseKind = "appeal"        // against a decision
	Misuse        CaseKind = "misuse"        // of the mark or its artwork, by anybody
	EditionCase   CaseKind = "edition"       // a change of the criteria
)

// CaseKinds returns the kinds in the order in which they are told.
func CaseKinds() []CaseKind {
	return []CaseKind{Directory, Registration, Accreditation, Declaring, Application, Renewal, Amendment, Surveillance, Complaint, Appeal, Misuse, EditionCase}
}

// CaseState is where a case stands. The empty state is that of a case that is
// not there yet.
type CaseState string

// Act is something that a person does, or the program by a date.
type Act string

// CaseMove is one row of the tables of procedures: who may do what in which
// state, and what follows. An act with an entry drafts that entry of the log;
// the case stands in To until the entry is signed as the log's rules ask, and
// moves on by [ActCarried], or back by [ActDropped].
type CaseMove struct {
	Kind  CaseKind
	From  CaseState
	Act   Act
	By    []Role // any of them
	To    CaseState
	Entry string // type of the entry that it drafts; [InternalVote] for a vote that the log does not see; empty: none
}

// InternalVote is the Entry of a decision by vote that is not public.
const InternalVote = "vote"

// The acts that mean the same in every case.
const (
	ActSign    Act = "sign"           // put a signature under what is drafted; of the committee it is a vote for it
	ActReject  Act = "reject"         // vote against what is drafted, with a reason
	ActRecuse  Act = "recuse"         // stand aside, with a reason; the quorum is counted without
	ActCarried Act = "carried"        // by the program: the signatures are complete
	ActDropped Act = "dropped"        // by the program or by who drafted it: it will not be signed
	ActAssign  Act = "assign"         // give a person a part in the case
	ActRelease Act = "release"        // take it away again
	ActNote    Act = "note"           // write something down that is not public
	ActSupply  Act = "supply"         // add evidence
	ActRead    Act = "read"           // open restricted evidence
	ActPay     Act = "pay"            // keep that a fee was paid
	ActHold    Act = "hold"           // evidence must stay, whatever its time
	ActUnhold  Act = "unhold"         // it need not any more
	ActErase   Act = "erase-evidence" // destroy evidence that holds personal data
	ActRemind  Act = "remind"         // by the program: a deadline comes near
	ActOverdue Act = "overdue"        // by the program: a deadline has passed
)

// CaseStateRow says what a state means for the people in it.
type CaseStateRow struct {
	Kind     CaseKind
	State    CaseState
	Waits    Role   // who must act next; empty: nobody
	Deadline string // id in the procedure of the edition; empty: none
	Stops    bool   // the clock of the state before stands still meanwhile
	Final    bool   // nothing follows
}
