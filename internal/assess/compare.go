package assess

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// Lines writes conclusions as the text whose SHA-256 evaluations and marks
// name: one line "<criterion> <verdict> <assurance>" a criterion, in the order
// of the catalogue, each with a line feed.
func Lines(cons []iotmark.Conclusion) []byte {
	var out []byte
	for _, c := range cons {
		out = fmt.Appendf(out, "%s %s %s\n", c.Criterion, c.Verdict, c.Assurance)
	}
	return out
}

// Change is one criterion on which two assessments differ.
type Change struct {
	Criterion iotmark.CriterionID `json:"criterion"`
	Was       *iotmark.Conclusion `json:"was,omitempty"` // nil: the earlier edition has no such criterion
	Is        *iotmark.Conclusion `json:"is,omitempty"`  // nil: the later edition has no such criterion
	Verdict   bool                `json:"verdict"`       // the verdict is another
	Assurance bool                `json:"assurance"`     // it is known in another way
	Reasons   bool                `json:"reasons"`       // it rests on something else
}

// Diff returns the criteria whose verdict, assurance or reasons changed from
// one assessment to a later one, in the order of the later, then those that
// only the earlier has. Where a finding stands in its list makes no difference.
func Diff(was, is iotmark.Assessment) []Change {
	var out []Change
	earlier := map[iotmark.CriterionID]*iotmark.Conclusion{}
	for i := range was.Conclusions {
		earlier[was.Conclusions[i].Criterion] = &was.Conclusions[i]
	}
	for i := range is.Conclusions {
		c := Change{Criterion: is.Conclusions[i].Criterion, Is: &is.Conclusions[i]}
		c.Was = earlier[c.Criterion]
		delete(earlier, c.Criterion)
		c.Verdict = c.Was == nil || c.Was.Verdict != c.Is.Verdict
		c.Assurance = c.Was == nil || c.Was.Assurance != c.Is.Assurance
		c.Reasons = c.Was == nil || !slices.EqualFunc(c.Was.Reasons, c.Is.Reasons, sameReason)
		if c.Verdict || c.Assurance || c.Reasons {
			out = append(out, c)
		}
	}
	for i := range was.Conclusions {
		if c := &was.Conclusions[i]; earlier[c.Criterion] != nil {
			out = append(out, Change{Criterion: c.Criterion, Was: c, Verdict: true, Assurance: true, Reasons: true})
		}
	}
	return out
}

func sameReason(a, b iotmark.Reason) bool {
	a.Finding, b.Finding = nil, nil
	if len(a.Args) == 0 && len(b.Args) == 0 {
		a.Args, b.Args = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// Looked is what an evaluation looked at.
type Looked struct {
	Declaration *iotmark.Declaration
	Assessment  iotmark.Assessment // of the program
}

// Carries reports whether an inspection note of an earlier evaluation still
// says something in a later one: claim and evidence on its criterion are the
// same by their hashes, the checks on it have the same versions, the method is
// the one of today, and, of what was tried, hardware and software too.
func Carries(cat *catalogue.Catalogue, was, is Looked, n iotmark.Inspection) bool {
	m := cat.Method(n.Method)
	if m == nil || m.Version != n.Version || m.Digest != n.Digest {
		return false
	}
	a, b := basis(cat, was, n.Criterion, m.Step()), basis(cat, is, n.Criterion, m.Step())
	return a != "" && a == b
}

// basis is what a note on a criterion rests on, as text. It is empty where
// some of the evidence has no hash, which cannot be compared.
func basis(cat *catalogue.Catalogue, l Looked, id iotmark.CriterionID, step iotmark.Assurance) string {
	held := map[iotmark.EvidenceID]iotmark.Holding{}
	for _, h := range l.Assessment.Evidence {
		held[h.Evidence] = h
	}
	claim := l.Declaration.Claims[id]
	lines := []string{"claim " + string(claim.Answer)}
	for _, e := range claim.Evidence {
		h := held[e]
		if h.SHA256 == "" {
			return ""
		}
		lines = append(lines, fmt.Sprintf("evidence %s %s %s", h.Kind, h.Standing, h.SHA256))
	}
	for _, b := range cat.Bindings.Criteria[id] {
		for _, f := range l.Assessment.Findings {
			if f.Check == b.Check {
				lines = append(lines, fmt.Sprintf("check %s %d", f.Check, f.Version))
			}
		}
	}
	if step == iotmark.Tested {
		tried, err := json.Marshal([]any{l.Declaration.Product.Model, l.Declaration.Product.Hardware, l.Declaration.Software})
		if err != nil {
			return ""
		}
		lines = append(lines, "tried "+string(tried))
	}
	slices.Sort(lines)
	return fmt.Sprint(slices.Compact(lines))
}
