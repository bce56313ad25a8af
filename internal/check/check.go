// Package check is the seam between facts and findings.
//
// A [Check] is a metadata value and one function. It reports facts with a
// pointer into the evidence; it never scores, never decides, never looks at
// the clock and never phones home. Which criteria it serves stands in the
// binding table of the catalogue, not here.
//
// A change: one file in the folder of its topic with its test beside it, its
// sentences in internal/message, its name in internal/determine's list, and
// a line in catalogue/bindings.yaml.
package check

import (
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Certainty says what a verdict of the check is worth.
type Certainty string

// Sure: pass and fail both follow from the evidence. FailSure: a finding is
// proof, its absence proves nothing. Heuristic: it points a person to a place
// and never fails a criterion by itself.
const (
	Sure      Certainty = "sure"
	FailSure  Certainty = "fail-sure"
	Heuristic Certainty = "heuristic"
)

// Check is one check.
type Check struct {
	ID        iotmark.CheckID
	Version   int // raised when a verdict can change
	Title     string
	What      string   // what it looks at, and what makes it pass
	Why       string   // the harm it finds
	Satisfy   string   // the smallest thing that satisfies it
	Limits    string   // what it cannot see
	Cites     []string // standard, clause, edition
	Certainty Certainty
	Live      bool // needs a network connection or a real unit
	// Sensitive: what it fails for may help an attacker, so that only its good
	// news is published before the maker had time to mend.
	Sensitive bool
	Reads     []Need // all that it ever looks at; empty: the declaration alone
	// Run is called only when every need that is not optional is satisfied.
	// It returns at least one finding. The runner fills in Check and Version.
	Run func(Input) []iotmark.Finding
}

// Need says what evidence a check reads.
type Need struct {
	Kinds    []iotmark.EvidenceKind
	Reader   string // whose facts are wanted; see evidence.Reader.Name
	Claimed  bool   // only evidence that claims on the criteria it serves point to
	Optional bool
}

// Item is one piece of evidence as it stands in a determination.
type Item struct {
	iotmark.Evidence
	Standing iotmark.Standing
	SHA256   iotmark.Digest // of the bytes that are here; hides the declared one
	Size     int64
	Reader   string         // name of the reader that understood it
	Facts    any            // its facts; nil when it was not read
	Problem  *iotmark.Error // why a held item was not read
	Claimed  bool           // a claim on a criterion that the check serves points to it
}

// Input is all that a check may look at. It must not change any of it.
type Input struct {
	Declaration *iotmark.Declaration
	Truths      map[iotmark.FactID]iotmark.Truth // product facts, also those given by a set
	Items       []Item                           // in the order of the declaration
	AsOf        iotmark.Date                     // stands in for the clock
	Snapshots   map[string]any                   // dated outside data by name; none in this edition
}

// Read is one piece of evidence with its facts in their own type.
type Read[F any] struct {
	Item
	Facts F
}

// Facts returns every item that fits the need and was read as F.
func Facts[F any](in Input, n Need) []Read[F] {
	var out []Read[F]
	for _, it := range in.Items {
		if f, ok := it.Facts.(F); ok && n.Fits(it) {
			out = append(out, Read[F]{it, f})
		}
	}
	return out
}

// Fits reports whether the item comes in a role that is wanted and, when it
// was read, by the reader that is wanted.
func (n Need) Fits(it Item) bool {
	if n.Claimed && !it.Claimed || len(n.Kinds) > 0 && !slices.Contains(n.Kinds, it.Kind) {
		return false
	}
	return it.Facts == nil || n.Reader == "" || n.Reader == it.Reader
}

// Reading reports whether the check may read evidence of this kind, whatever
// its bytes are. Claimed: a claim on a criterion that the check serves points
// to it. Where no such piece differs, what the check finds does not differ
// either.
func (c Check) Reading(kind iotmark.EvidenceKind, claimed bool) bool {
	it := Item{Evidence: iotmark.Evidence{Kind: kind}, Claimed: claimed}
	return slices.ContainsFunc(c.Reads, func(n Need) bool { return n.Fits(it) })
}

// Satisfied reports whether the item fits and was read.
func (n Need) Satisfied(it Item) bool { return it.Facts != nil && n.Fits(it) }

// Pass returns a passed finding on the given evidence.
func Pass(m iotmark.MessageID, basis []iotmark.EvidenceID, kv ...string) iotmark.Finding {
	return find(iotmark.Passed, m, basis, kv)
}

// Fail returns a failed finding on the given evidence.
func Fail(m iotmark.MessageID, basis []iotmark.EvidenceID, kv ...string) iotmark.Finding {
	return find(iotmark.Failed, m, basis, kv)
}

// CannotTell returns a cantTell finding on the given evidence.
func CannotTell(m iotmark.MessageID, basis []iotmark.EvidenceID, kv ...string) iotmark.Finding {
	return find(iotmark.CantTell, m, basis, kv)
}

// DoesNotApply returns an inapplicable finding on the given evidence.
func DoesNotApply(m iotmark.MessageID, basis []iotmark.EvidenceID, kv ...string) iotmark.Finding {
	return find(iotmark.Inapplicable, m, basis, kv)
}

// find builds a finding; kv are pairs of argument name and value.
func find(o iotmark.Outcome, m iotmark.MessageID, basis []iotmark.EvidenceID, kv []string) iotmark.Finding {
	f := iotmark.Finding{Outcome: o, Message: m, Basis: basis}
	for i := 0; i+1 < len(kv); i += 2 {
		if f.Args == nil {
			f.Args = map[string]string{}
		}
		f.Args[kv[i]] = kv[i+1]
	}
	return f
}

// N writes a count as an argument; the argument named "n" chooses the plural.
func N(n int) string { return strconv.Itoa(n) }

// Quote cuts a passage to the 200 characters a place may hold.
func Quote(s string) string {
	r := []rune(s)
	if len(r) <= 200 {
		return s
	}
	return string(r[:199]) + "…"
}

// Shown is how many matters of one kind a finding names and points to.
const Shown = 5

// List writes the first few of a list for people, and counts the rest.
func List(list []string) string {
	if len(list) <= Shown {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:Shown], ", ") + ", and " + N(len(list)-Shown) + " more"
}
