package verify

import "github.com/open-iot-mark/iotmark"

// Type is the type of an entry.
type Type string

// The types of entries. Those of a mark's life are the acts of [iotmark.MarkMoves].
const (
	LogOpened         Type = "log.opened"
	KeyringSet        Type = "keyring.set"
	PolicySet         Type = "policy.set"
	LogClosed         Type = "log.closed"
	CheckpointAnchor  Type = "checkpoint.anchored"
	ProposalPublished Type = "proposal.published"
	ConsultationOpen  Type = "consultation.opened"
	ConsultationClose Type = "consultation.closed"
	BallotHeld        Type = "ballot.held"
	EditionAdopted    Type = "edition.adopted"
	EditionWithdrawn  Type = "edition.withdrawn"
	OrgAccredited     Type = "org.accredited"
	OrgSuspended      Type = "org.suspended"
	OrgRestored       Type = "org.restored"
	MakerRegistered   Type = "maker.registered"
	DeclarationType   Type = "declaration.published"
	PromiseSet        Type = "promise.set"
	StatusPublished   Type = "status.published"
	NoteCorrection    Type = "note.correction"

	ApplicationAccepted = Type(iotmark.ApplicationAccepted)
	EvidenceSealed      = Type(iotmark.EvidenceSealed)
	EvaluationCompleted = Type(iotmark.EvaluationCompleted)
	MarkGranted         = Type(iotmark.MarkGrantedAct)
	MarkRefused         = Type(iotmark.MarkRefusedAct)
	MarkRenewed         = Type(iotmark.MarkRenewedAct)
	MarkAmended         = Type(iotmark.MarkAmendedAct)
	MarkSuspended       = Type(iotmark.MarkSuspendedAct)
	SuspensionConfirmed = Type(iotmark.SuspensionConfirmed)
	MarkRestored        = Type(iotmark.MarkRestoredAct)
	MarkWithdrawn       = Type(iotmark.MarkWithdrawnAct)
	ComplaintOpened     = Type(iotmark.ComplaintOpened)
	ComplaintDecided    = Type(iotmark.ComplaintDecided)
	AppealOpened        = Type(iotmark.AppealOpened)
	AppealDecided       = Type(iotmark.AppealDecided)
	FindingPublished    = Type(iotmark.FindingPublished)
	UnitBatch           = Type(iotmark.UnitBatch)
)

// Role is what a key may sign for.
type Role string

// The roles. Keys of assessors and makers come from the entries
// org.accredited and maker.registered, all others from keyring.set.
const (
	Root      Role = "root"      // changes who holds which key
	Committee Role = "committee" // decides
	Operator  Role = "operator"  // runs the log and publishes status lists; decides nothing
	Issuer    Role = "issuer"    // signs credentials and status lists, not entries
	Sealer    Role = "sealer"    // signs sealed labels, not entries
	Assessor  Role = "assessor"  // evaluates, for an accredited organisation
	Maker     Role = "maker"     // of the product
)

// SubjectKind is what an entry is about. It is the third part of the URN:
// urn:iotmark:<kind>:<id>.
type SubjectKind string

// The kinds of subjects. The entries of one subject form a chain by their prev.
const (
	NoSubject SubjectKind = ""        // of the whole scheme; those entries form one chain of their own
	OfMark    SubjectKind = "mark"    // urn:iotmark:mark:<UUID>
	OfProduct SubjectKind = "product" // urn:iotmark:product:<maker's domain>:<product id>
	OfMaker   SubjectKind = "maker"   // urn:iotmark:maker:<domain>
	OfOrg     SubjectKind = "org"     // urn:iotmark:org:<id>
	OfEdition SubjectKind = "edition" // urn:iotmark:edition:<edition>
	OfStatus  SubjectKind = "status"  // urn:iotmark:status:<scheme's domain>, the chain of status lists
)
