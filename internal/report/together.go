package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// said is what one or several checks say with the same words: a sentence that
// eight checks share is read once.
type said struct {
	iotmark.Finding     // the first, with the places of all
	first           int // its index
	checks          []string
}

// by names the checks.
func (s said) by() string { return strings.Join(s.checks, ", ") }

// together brings findings that say the same together, in the order of the
// first: those of one outcome, one message and the same arguments.
func together(fs []iotmark.Finding) []said {
	var out []said
	at := map[string]int{}
	for n, f := range fs {
		key := fmt.Sprintf("%s %s %q", f.Outcome, f.Message, f.Args) // a map is written in the order of its keys
		i, ok := at[key]
		if !ok {
			at[key] = len(out)
			f.Places = slices.Clone(f.Places)
			out = append(out, said{f, n, []string{string(f.Check)}})
			continue
		}
		if s := &out[i]; !slices.Contains(s.checks, string(f.Check)) {
			s.checks = append(s.checks, string(f.Check))
		}
		for _, p := range f.Places {
			if !slices.Contains(out[i].Places, p) {
				out[i].Places = append(out[i].Places, p)
			}
		}
	}
	return out
}

// behind gives the findings behind a conclusion that ask for work, or all, by
// the index of the first that says it.
func (in Input) behind(c iotmark.Conclusion, all bool) map[int]said {
	var fs []iotmark.Finding
	var at []int
	for _, r := range c.Reasons {
		if r.Finding == nil || slices.Contains(at, *r.Finding) {
			continue
		}
		f := in.Assessment.Findings[*r.Finding]
		if all || f.Outcome == iotmark.Failed || f.Outcome == iotmark.CantTell && c.Verdict != iotmark.DoesNotConform {
			fs, at = append(fs, f), append(at, *r.Finding)
		}
	}
	out := map[int]said{}
	for _, s := range together(fs) {
		out[at[s.first]] = s
	}
	return out
}
