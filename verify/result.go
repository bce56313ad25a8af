package verify

import (
	"encoding/json"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// Answer is what the verification of one mark came to.
type Answer string

// The answers. Only the first three say that the mark is genuine and in
// force; the first alone says that outsiders vouched for that within two days.
const (
	GenuineCurrent Answer = "genuine-current" // as of Result.AsOf
	GenuineAged    Answer = "genuine-aged"    // last confirmed more than two days ago
	NotCurrent     Answer = "not-current"     // genuine; its state was last confirmed more than fourteen days ago, or the list is past its date
	Suspended      Answer = "suspended"
	Withdrawn      Answer = "withdrawn"
	Expired        Answer = "expired"
	NotGenuine     Answer = "not-genuine"
	CannotCheck    Answer = "cannot-check" // this program lacks what it takes
)

// Bundle is one file with all that the offline verification of a mark needs.
// As a file it is canonical JSON (RFC 8785), compressed with gzip or plain.
type Bundle struct {
	Credential json.RawMessage   `json:"credential"`
	Entries    []Proven          `json:"entries"` // keyring.set (oldest first), org.accredited, mark.granted, the entry of newer terms, status.published
	Lists      []json.RawMessage `json:"lists"`   // status list credentials of the mark's slot: revocation, suspension
	State      StateProof        `json:"state"`
	V          int               `json:"v"` // 1
}

// Proven is an entry with its C2SP tlog-proof, whose checkpoint may be another for each.
type Proven struct {
	Entry string `json:"entry"`
	Proof string `json:"proof"`
}

// StateRecord is the state of one mark as the last status.published commits to
// it: a leaf of the tree of states (RFC 6962), whose size is the number of
// slots in use.
type StateRecord struct {
	Code  string            `json:"code"`
	Grant iotmark.Digest    `json:"grant"` // leaf of mark.granted
	Slot  int64             `json:"slot"`
	State iotmark.MarkState `json:"state"`
	Terms iotmark.Digest    `json:"terms"` // leaf of the entry with the terms in force
}

// StateProof is the way from a record to the root of the tree of states.
type StateProof struct {
	Path   []string    `json:"path"` // base64, standard alphabet, 32 bytes each
	Record StateRecord `json:"record"`
	Size   int64       `json:"size"`
}

// Signer is somebody whose signature was counted.
type Signer struct {
	Name string `json:"name"`
	Org  string `json:"org"`
	Role Role   `json:"role"`
}

// Step is one thing that was looked at.
type Step struct {
	ID   string            `json:"id"`
	OK   bool              `json:"ok"`
	Args map[string]string `json:"args,omitempty"`
}

// Result is what the verification of one mark found.
type Result struct {
	Answer    Answer         `json:"answer"`
	Failure   *iotmark.Error `json:"-"` // why it is not genuine; its id is stable and the same in every implementation
	Code      string         `json:"code,omitempty"`
	Subject   string         `json:"subject,omitempty"`
	AsOf      time.Time      `json:"as_of,omitzero"`     // the state is of this time: that at which outsiders signed the checkpoint that has the status entry
	Effective time.Time      `json:"effective,omitzero"` // since when it was granted, by the clock of outsiders
	Witnessed bool           `json:"witnessed"`          // false: the policy asks for no witness, and all times are the operator's
	Signers   []Signer       `json:"signers,omitempty"`
	Witnesses []string       `json:"witnesses,omitempty"` // that signed the checkpoint of the status entry
	Terms     *TermsBody     `json:"terms,omitempty"`
	Steps     []Step         `json:"steps"`
}
