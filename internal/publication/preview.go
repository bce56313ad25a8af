package publication

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Shown is what a maker sees before publishing.
type Shown struct {
	Evidence []string // pieces whose files become public
	Hidden   []string // pieces that are named by their hash
	NotRerun []string // checks whose outcome alone is published
	Silent   []string // checks without a published result
	Withheld int      // findings that are left out because they help an attacker
	Changes  []string // field: before -> after, in the published documents
}

// maxChanges bounds how many changes a preview lists.
const maxChanges = 200

// Preview tells what a draft would make public, and what it would change in
// what is published at place. Nothing is written.
func Preview(in Input, d *Draft, whole iotmark.Assessment, place string) (Shown, error) {
	var s Shown
	for _, e := range in.Public.Declaration.Evidence {
		switch line := fmt.Sprintf("%s: %s (%s)", e.ID, e.Title, e.Kind); {
		case hidden(e):
			why := string(e.Visibility)
			if i := slices.IndexFunc(in.Public.Withheld, func(w Withheld) bool { return w.Evidence == e.ID }); i >= 0 {
				why = "withheld: " + in.Public.Withheld[i].why()
			}
			s.Hidden = append(s.Hidden, line+", "+why)
		case e.Path != "":
			s.Evidence = append(s.Evidence, fmt.Sprintf("%s, %s/%s...", line, EvidenceDir, e.SHA256.Short()))
		}
	}
	for _, id := range in.Assessment.NotRerun {
		s.NotRerun = append(s.NotRerun, string(id))
	}
	for _, f := range in.Assessment.Assessment.Findings {
		if f.Message == NoResult {
			s.Silent = append(s.Silent, string(f.Check))
		}
	}
	for _, f := range whole.Findings {
		if f.Exploitable {
			s.Withheld++
		}
	}
	if in.Previous == nil || d.Same {
		return s, nil
	}
	for _, name := range []string{DeclarationDoc, AssessmentDoc} {
		old, err := os.ReadFile(filepath.Join(place, string(d.Statement.Body.Product.ID), name))
		if err != nil {
			return s, writeError(place, err)
		}
		was, err1 := flat(old)
		is, err2 := flat(d.Documents[name])
		if err1 != nil || err2 != nil {
			s.Changes = append(s.Changes, name+": rewritten")
			continue
		}
		s.Changes = append(s.Changes, changes(name, was, is)...)
	}
	if n := len(s.Changes) - maxChanges; n > 0 {
		s.Changes = append(s.Changes[:maxChanges], fmt.Sprintf("and %d more", n))
	}
	return s, nil
}

func join(checks []iotmark.CheckID) string {
	out := make([]string, len(checks))
	for i, c := range checks {
		out[i] = string(c)
	}
	return strings.Join(out, ", ")
}

// String tells the maker what was withheld, why, and how to mend it.
func (w Withheld) String() string {
	mend := "Mend what iotmark check says of it"
	if len(w.Checks) == 0 {
		mend = "Take out what is secret, and replace it wherever it is trusted if anybody else had this file"
	}
	return fmt.Sprintf("evidence.%s (%s) is public in the declaration and was withheld: %s. "+
		"Its title, kind, date and hash are published. %s, and publish again, or mark it visibility: restricted",
		w.Evidence, w.Title, w.why(), mend)
}

func (w Withheld) why() string {
	switch {
	case len(w.Checks) == 0:
		return "it holds " + w.Secret
	case w.Secret == "":
		return join(w.Checks) + " found in it what would help an attacker"
	}
	return join(w.Checks) + " found in it what would help an attacker, and it holds " + w.Secret
}

// flat writes a document as dotted fields. A list of things that have a name
// is keyed by it, so that an added one does not move the others.
func flat(doc []byte) (map[string]string, error) {
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		return nil, err
	}
	out := map[string]string{}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				walk(at+"."+k, x)
			}
		case []any:
			for i, x := range v {
				walk(at+"."+nameOf(x, i), x)
			}
		default:
			b, _ := json.Marshal(v) // a scalar
			out[at[1:]] = string(b)
		}
	}
	walk("", v)
	return out, nil
}

func nameOf(v any, i int) string {
	if m, ok := v.(map[string]any); ok {
		for _, k := range []string{"id", "criterion", "topic", "check"} {
			if s, ok := m[k].(string); ok {
				if k == "check" {
					s += "#" + strconv.Itoa(i)
				}
				return s
			}
		}
	}
	return strconv.Itoa(i)
}

func changes(doc string, was, is map[string]string) []string {
	var out []string
	keys := map[string]bool{}
	for k := range was {
		keys[k] = true
	}
	for k := range is {
		keys[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		a, had := was[k]
		b, has := is[k]
		switch {
		case had && has && a != b:
			out = append(out, fmt.Sprintf("%s %s: %s -> %s", doc, k, a, b))
		case had && !has:
			out = append(out, fmt.Sprintf("%s %s: %s is gone", doc, k, a))
		case !had && has:
			out = append(out, fmt.Sprintf("%s %s: %s is new", doc, k, b))
		}
	}
	return out
}
