package report

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Gap is one thing that stands between a product and a criterion: a failed
// finding that decides, or the maker's own word. The formats for programs
// list gaps, and a baseline remembers them.
type Gap struct {
	// ID is the same from run to run as long as the same thing fails: 32
	// hexadecimal digits over criterion, check, message, the names of the
	// evidence and what the message is about. Lines, counts, dates, titles and
	// bytes of the evidence are no part of it, so that a new release of the
	// same component list keeps its gaps.
	ID string
	// State is over everything that was told, without lines: it differs where
	// a gap stayed and its details changed.
	State     string
	Criterion iotmark.CriterionID
	Level     iotmark.Level
	Entry     bool
	Check     iotmark.CheckID // empty: the maker says so
	Finding   int             // index into the findings; -1 when the maker says so
}

// passing are the arguments of messages that change while the same thing
// fails: counts, measures, days, titles of a release, and lists of names. An
// argument that is not among them tells two gaps apart; when in doubt a gap
// is new, which a person sees, and never known, which nobody would.
var passing = map[string]bool{
	"n": true, "of": true, "names": true, "others": true, "parts": true, "first": true, "quote": true,
	"image": true, "list": true, "notice": true, "title": true, "version": true, "newest": true,
	"actual": true, "counted": true, "failed": true, "units": true, "low": true, "high": true, "grade": true, "limit": true,
	"date": true, "today": true, "year": true, "period": true,
}

// Gaps returns the gaps of an assessment, in the order of its conclusions.
func Gaps(a iotmark.Assessment) []Gap {
	var out []Gap
	seen := map[string]int{}
	add := func(c iotmark.Conclusion, g Gap, key, state []string) {
		g.Criterion, g.Level, g.Entry = c.Criterion, c.Level, c.Entry
		id := digest(key)
		seen[id]++
		if n := seen[id]; n > 1 {
			id = digest(append(key, strconv.Itoa(n)))
		}
		g.ID, g.State = id, digest(state)
		out = append(out, g)
	}
	for _, c := range a.Conclusions {
		if c.Verdict != iotmark.DoesNotConform {
			continue
		}
		found := false
		for _, i := range deciding(a, c) {
			f := a.Findings[i]
			key, state := identity(c.Criterion, f)
			add(c, Gap{Check: f.Check, Finding: i}, key, state)
			found = true
		}
		if !found {
			key := []string{"gap", string(c.Criterion), "claim"}
			add(c, Gap{Finding: -1}, key, append(slices.Clone(key), string(c.Answer), c.Note))
		}
	}
	return out
}

// deciding returns the failed findings of a conclusion, each once.
func deciding(a iotmark.Assessment, c iotmark.Conclusion) []int {
	var out []int
	for _, r := range c.Reasons {
		if r.Finding == nil || *r.Finding < 0 || *r.Finding >= len(a.Findings) || slices.Contains(out, *r.Finding) {
			continue
		}
		if a.Findings[*r.Finding].Outcome == iotmark.Failed {
			out = append(out, *r.Finding)
		}
	}
	return out
}

// identity gives what a gap is known by, and all that was told of it. A
// finding that speaks of one file within an archive is known by that file;
// what can be exploited is known by all that is said of it.
func identity(id iotmark.CriterionID, f iotmark.Finding) (key, state []string) {
	key = []string{"gap", string(id), string(f.Check), string(f.Message)}
	basis := make([]string, len(f.Basis))
	for i, e := range f.Basis {
		basis[i] = string(e)
	}
	slices.Sort(basis)
	key = append(key, "of "+strings.Join(slices.Compact(basis), " "))
	paths := map[string]bool{}
	for _, p := range f.Places {
		if p.Path != "" {
			paths[p.Path] = true
		}
	}
	if len(paths) == 1 {
		for p := range paths {
			key = append(key, "at "+p)
		}
	}
	state = slices.Clone(key)
	for _, k := range slices.Sorted(maps.Keys(f.Args)) {
		said := k + "=" + f.Args[k]
		if f.Exploitable || !passing[k] {
			key = append(key, said)
		}
		state = append(state, said)
	}
	for _, p := range f.Places {
		state = append(state, string(p.Evidence), p.Path, p.Quote)
	}
	return key, state
}

// digest is the first half of a SHA-256 over parts that cannot run together.
func digest(parts []string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// words tells a gap: the finding, or the maker's word with the note.
func (in Input) words(g Gap) string { return in.tell(g, in.say) }

// tell tells a gap with the words that say gives. What the maker wrote comes
// as an argument, so that each format can mark it as a quotation.
func (in Input) tell(g Gap, say func(iotmark.MessageID, map[string]string) string) string {
	if g.Finding >= 0 {
		f := in.Assessment.Findings[g.Finding]
		return say(f.Message, f.Args)
	}
	c := in.conclusion(g.Criterion)
	s := say("assess.says-"+iotmark.MessageID(c.Answer), nil)
	if c.Note != "" {
		s += " " + say("gap.note", map[string]string{"note": c.Note})
	}
	return s
}

func (in Input) conclusion(id iotmark.CriterionID) iotmark.Conclusion {
	for _, c := range in.Assessment.Conclusions {
		if c.Criterion == id {
			return c
		}
	}
	return iotmark.Conclusion{Criterion: id}
}

// exploitable reports whether a gap rests on a finding that goes to the maker
// first.
func (in Input) exploitable(g Gap) bool {
	return g.Finding >= 0 && in.Assessment.Findings[g.Finding].Exploitable
}

// places are where a gap was found.
func (in Input) places(g Gap) []iotmark.Place {
	if g.Finding < 0 {
		return nil
	}
	return in.Assessment.Findings[g.Finding].Places
}
