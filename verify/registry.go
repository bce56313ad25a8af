package verify

import (
	"time"

	"github.com/open-iot-mark/iotmark"
)

// Registry is the state that the entries of a log amount to at one time. Two
// replays of the same entries, births and time are equal in every byte.
type Registry struct {
	Domain string    `json:"domain"`
	Origin string    `json:"origin"`
	Size   int64     `json:"size"` // entries replayed
	AsOf   time.Time `json:"as_of"`
	Closed bool      `json:"closed,omitempty"`

	Keyring      Keyring     `json:"keyring"`
	Keyrings     []int64     `json:"keyrings,omitempty"` // indexes of all keyring.set that had effect
	Policy       string      `json:"policy,omitempty"`   // of the last policy.set; empty: that of the trust
	Orgs         []Org       `json:"orgs,omitempty"`
	Makers       []Party     `json:"makers,omitempty"`
	Proposals    []Proposal  `json:"proposals,omitempty"`
	Editions     []Adopted   `json:"editions,omitempty"`
	Products     []Product   `json:"products,omitempty"`
	Applications []Mark      `json:"applications,omitempty"` // accepted, and not granted yet, refused or withdrawn before
	Marks        []Mark      `json:"marks,omitempty"`        // by slot: every mark that was ever granted
	Status       *StatusSeen `json:"status,omitempty"`       // the last status.published
	Voids        []Void      `json:"voids,omitempty"`        // entries without effect
	Late         []int64     `json:"late,omitempty"`         // entries that came to the log long after the time they claim
	Corrections  []Noted     `json:"corrections,omitempty"`
	Anchors      []Anchor    `json:"anchors,omitempty"`
}

// Keyring is the keyring.set in force.
type Keyring struct {
	Leaf  iotmark.Digest `json:"leaf"`
	Index int64          `json:"index"`
	KeyringBody
}

// Org is an accredited organisation.
type Org struct {
	OrgBody
	Leaf      iotmark.Digest `json:"leaf"` // of the last org.accredited
	Index     int64          `json:"index"`
	Suspended bool           `json:"suspended,omitempty"`
}

// Party is a registered maker.
type Party struct {
	MakerBody
	Leaf  iotmark.Digest `json:"leaf"`
	Index int64          `json:"index"`
}

// Proposal is a proposed change of the criteria.
type Proposal struct {
	ProposalBody
	Index        int64             `json:"index"`
	Consultation *ConsultationBody `json:"consultation,omitempty"`
	Closed       bool              `json:"closed,omitempty"`
	Ballot       *BallotBody       `json:"ballot,omitempty"`
}

// Adopted is an edition of the criteria.
type Adopted struct {
	EditionBody
	Index     int64        `json:"index"`
	Withdrawn iotmark.Date `json:"withdrawn,omitempty"` // from this day
}

// Product is what the log has of one product beside its marks.
type Product struct {
	Subject      string         `json:"subject"`
	Maker        string         `json:"maker"`
	ID           string         `json:"id"`
	Head         iotmark.Digest `json:"head"`
	Declaration  iotmark.Digest `json:"declaration,omitempty"` // leaf of the last declaration.published
	Declarations int            `json:"declarations,omitempty"`
	Promise      *PromiseBody   `json:"promise,omitempty"`
	Refused      []Attempt      `json:"refused,omitempty"` // attempts to lower a promise
}

// Attempt is an entry that would have lowered a promise. It is void, and told.
type Attempt struct {
	Index   int64       `json:"index"`
	Time    time.Time   `json:"time"`
	What    []string    `json:"what"` // parts_until, service_until, updates_until, or function:<id>
	Promise PromiseBody `json:"promise"`
}

// Mark is one mark, or the application for one.
type Mark struct {
	Subject     string            `json:"subject"`
	State       iotmark.MarkState `json:"state"`
	Since       time.Time         `json:"since"`            // of the state
	Reason      string            `json:"reason,omitempty"` // of a suspension, withdrawal or refusal
	By          Role              `json:"by,omitempty"`     // who withdrew it
	Application ApplicationBody   `json:"application"`
	Evidence    iotmark.Digest    `json:"evidence,omitempty"`   // root of the last evidence.sealed
	Evaluation  iotmark.Digest    `json:"evaluation,omitempty"` // leaf of the last evaluation.completed

	Slot         int64          `json:"slot"` // -1 before the grant
	Code         string         `json:"code,omitempty"`
	Grant        iotmark.Digest `json:"grant,omitempty"` // leaf of mark.granted
	GrantIndex   int64          `json:"grant_index"`
	Terms        iotmark.Digest `json:"terms,omitempty"` // leaf of the entry that has the terms in force
	TermsIndex   int64          `json:"terms_index"`
	Head         iotmark.Digest `json:"head"` // leaf of the last entry
	HeadIndex    int64          `json:"head_index"`
	Effective    time.Time      `json:"effective"` // of the grant: the time that outsiders signed; without any, that which it claims
	Late         bool           `json:"late,omitempty"`
	TermsInForce *TermsBody     `json:"terms_in_force,omitempty"`
	Unconfirmed  bool           `json:"unconfirmed,omitempty"` // suspended by one person; lapses after thirty days

	Cases    []Case  `json:"cases,omitempty"`
	Findings []Found `json:"findings,omitempty"`
	Units    int     `json:"units,omitempty"`
	Events   []Event `json:"events"` // all entries of the subject that have effect, in order
}

// Event is one entry in the life of a mark.
type Event struct {
	Index int64          `json:"index"`
	Leaf  iotmark.Digest `json:"leaf"`
	Time  time.Time      `json:"time"` // effective
	Type  Type           `json:"type"`
}

// Case is a complaint or an appeal.
type Case struct {
	Case    string         `json:"case"`
	Appeal  bool           `json:"appeal,omitempty"`
	Against iotmark.Digest `json:"against,omitempty"`
	Opened  time.Time      `json:"opened"`
	Decided time.Time      `json:"decided,omitzero"`
	Outcome string         `json:"outcome,omitempty"`
}

// Found is a published finding of surveillance.
type Found struct {
	FindingBody
	Index int64     `json:"index"`
	Time  time.Time `json:"time"`
}

// StatusSeen is a status.published that has effect.
type StatusSeen struct {
	StatusBody
	Index int64          `json:"index"`
	Leaf  iotmark.Digest `json:"leaf"`
	Time  time.Time      `json:"time"`
}

// Void is an entry that stays in the log and has no effect.
type Void struct {
	Index  int64           `json:"index"`
	ID     string          `json:"id,omitempty"`
	Type   Type            `json:"type,omitempty"`
	Reason iotmark.ErrorID `json:"reason"`
	Msg    string          `json:"msg,omitempty"` // for people; a function of the entry and the state
}

// Noted is a correction in words.
type Noted struct {
	CorrectionBody
	Index int64 `json:"index"`
}

// Anchor is a checkpoint that was deposited elsewhere.
type Anchor struct {
	AnchorBody
	Index int64 `json:"index"`
}

// Birth is a published checkpoint. An entry is born with the first one whose
// size is above its index.
type Birth struct {
	Size      int64 `json:"size"`
	Witnessed int64 `json:"witnessed"` // time at which the witnesses of the policy signed ([Seen].Earliest), in Unix seconds; zero: no witness
}
