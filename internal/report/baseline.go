package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Bounds of a baseline. A JSON report of the richest sample has 130 kB and
// 900 objects.
const (
	// MaxBaseline is how many bytes a baseline may have.
	MaxBaseline     = 16 << 20
	baselineObjects = 200_000
	baselineValues  = 2_000_000
)

// Baseline is what an earlier report held: the gaps that are known already.
type Baseline struct {
	Name    string // of the file, as messages print it
	Edition iotmark.Edition
	AsOf    iotmark.Date
	Product string
	Model   string
	Only    []string
	Gaps    []Gap // without findings: only their names are kept
}

// ReadBaseline reads an earlier report of this program: JSON, or SARIF. The
// name is used in messages only.
//
// Its errors are *iotmark.Error of kind Invalid: baseline-too-large,
// baseline-unreadable (cut off, or not JSON), baseline-foreign (JSON that is no
// report of ours).
func ReadBaseline(name string, b []byte) (*Baseline, error) {
	// Every object and every value has its sign, so that counting them bounds
	// what decoding may allocate.
	if len(b) > MaxBaseline || bytes.Count(b, []byte("{")) > baselineObjects || bytes.Count(b, []byte(","))+bytes.Count(b, []byte("[")) > baselineValues {
		return nil, badBaseline(name, "baseline-too-large", "is larger than any report of ours", nil)
	}
	var head struct {
		Declared json.RawMessage `json:"declaration_sha256"`
		Runs     json.RawMessage `json:"runs"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, badBaseline(name, "baseline-unreadable", "is no complete JSON", err)
	}
	var out *Baseline
	var err error
	switch {
	case head.Declared != nil:
		out, err = fromJSON(b)
	case head.Runs != nil:
		out, err = fromSARIF(b)
	default:
		err = errForeign
	}
	if err == errForeign {
		return nil, badBaseline(name, "baseline-foreign", "is no report of this program", nil)
	}
	if err != nil {
		return nil, badBaseline(name, "baseline-unreadable", "is no report that can be read", err)
	}
	out.Name = name
	return out, nil
}

var errForeign = fmt.Errorf("foreign")

func badBaseline(name string, id iotmark.ErrorID, what string, err error) *iotmark.Error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: id, Err: err,
		Msg: fmt.Sprintf("the baseline %s %s. Write one anew from the state you compare with: iotmark check --format json=baseline.json", name, what)}
}

func fromJSON(b []byte) (*Baseline, error) {
	var a iotmark.Assessment
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, err
	}
	if a.Edition == "" || a.Product == "" || a.Conclusions == nil {
		return nil, errForeign
	}
	return &Baseline{Edition: a.Edition, AsOf: a.AsOf, Product: a.Product, Model: a.Model, Only: a.Only, Gaps: Gaps(a)}, nil
}

func fromSARIF(b []byte) (*Baseline, error) {
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Name string `json:"name"`
				} `json:"driver"`
			} `json:"tool"`
			Properties runProperties `json:"properties"`
			Results    []struct {
				RuleID        string            `json:"ruleId"`
				Kind          string            `json:"kind"`
				BaselineState string            `json:"baselineState"`
				Fingerprints  map[string]string `json:"partialFingerprints"`
				Properties    resultProperties  `json:"properties"`
			} `json:"results"`
		} `json:"runs"`
	}
	if err := json.Unmarshal(b, &log); err != nil {
		return nil, err
	}
	if len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name != toolName || log.Runs[0].Properties.Edition == "" || log.Runs[0].Results == nil {
		return nil, errForeign
	}
	run := log.Runs[0]
	p := run.Properties
	out := &Baseline{Edition: p.Edition, AsOf: p.AsOf, Product: p.Product, Model: p.Model, Only: p.Only}
	for _, r := range run.Results {
		id := r.Fingerprints[gapFingerprint]
		if r.Kind != "fail" || r.BaselineState == "absent" || id == "" {
			continue
		}
		out.Gaps = append(out.Gaps, Gap{ID: id, State: r.Properties.State, Criterion: iotmark.CriterionID(r.RuleID),
			Level: r.Properties.Level, Check: r.Properties.Check, Finding: -1})
	}
	return out, nil
}

// Fits says whether an assessment can be compared with the baseline. Its
// errors are *iotmark.Error of kind Invalid: baseline-product,
// baseline-edition, baseline-filter.
func (b *Baseline) Fits(a iotmark.Assessment) error {
	again := "Write a new baseline for it: iotmark check --format json=baseline.json"
	refuse := func(id iotmark.ErrorID, format string, args ...any) error {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: "the baseline " + b.Name + " " + fmt.Sprintf(format, args...) + ". " + again}
	}
	only := func(s []string) string {
		if len(s) == 0 {
			return "all criteria"
		}
		return strings.Join(s, ", ")
	}
	switch {
	case b.Product != a.Product || b.Model != a.Model:
		return refuse("baseline-product", "is about %s (%s), and this dossier about %s (%s)", b.Product, b.Model, a.Product, a.Model)
	case b.Edition != a.Edition:
		return refuse("baseline-edition", "was judged by edition %s, and this is edition %s, whose criteria differ", b.Edition, a.Edition)
	case !slices.Equal(b.Only, a.Only):
		return refuse("baseline-filter", "holds %s, and here stand %s", only(b.Only), only(a.Only))
	}
	return nil
}

// Comparison sorts gaps by what became of them since a baseline.
type Comparison struct {
	New       []Gap // they count for the exit code
	Changed   []Gap // known, with other details
	Unchanged []Gap
	Resolved  []Gap // of the baseline, and gone
	// Replaced are gaps of the baseline that are gone while the same check
	// fails the same criterion in a way that is new: nothing was mended.
	Replaced []Gap
	// Unseen are gaps of the baseline that are gone because nobody could look:
	// the check could not tell, or had nothing to look at.
	Unseen []Gap
}

// Known returns the gaps that the baseline has, changed or not.
func (c Comparison) Known() []Gap { return slices.Concat(c.Changed, c.Unchanged) }

// Compare sorts the gaps of the assessment by the baseline. Without a baseline
// every gap is new.
func (in Input) Compare() Comparison {
	var out Comparison
	gaps := Gaps(in.Assessment)
	if in.Baseline == nil {
		out.New = gaps
		return out
	}
	old := map[string]Gap{}
	for _, g := range in.Baseline.Gaps {
		old[g.ID] = g
	}
	here := map[string]bool{}
	for _, g := range gaps {
		here[g.ID] = true
		switch was, ok := old[g.ID]; {
		case !ok:
			out.New = append(out.New, g)
		case was.State != g.State:
			out.Changed = append(out.Changed, g)
		default:
			out.Unchanged = append(out.Unchanged, g)
		}
	}
	for _, g := range in.Baseline.Gaps {
		switch {
		case here[g.ID]:
		case slices.ContainsFunc(out.New, func(n Gap) bool { return n.Criterion == g.Criterion && n.Check == g.Check }):
			out.Replaced = append(out.Replaced, g)
		case in.looked(g):
			out.Resolved = append(out.Resolved, g)
		default:
			out.Unseen = append(out.Unseen, g)
		}
	}
	return out
}

// looked reports whether what once made a gap was looked at this time. Could
// not look is never passed.
func (in Input) looked(g Gap) bool {
	c := in.conclusion(g.Criterion)
	if c.Verdict == iotmark.NotApplicable {
		return true
	}
	if g.Check == "" {
		return c.Verdict == iotmark.Conforms || c.Contradicted || len(deciding(in.Assessment, c)) > 0
	}
	seen := false
	for _, f := range in.Assessment.Findings {
		if f.Check != g.Check {
			continue
		}
		switch f.Outcome {
		case iotmark.CantTell, iotmark.Untested:
			return false
		}
		seen = true
	}
	return seen
}

// state names what became of a gap, in the words of SARIF 2.1.0, 3.27.24; the
// empty string when nothing was compared.
func (in Input) states() map[string]string {
	out := map[string]string{}
	if in.Baseline == nil {
		return out
	}
	c := in.Compare()
	for _, g := range c.New {
		out[g.ID] = "new"
	}
	for _, g := range c.Changed {
		out[g.ID] = "updated"
	}
	for _, g := range c.Unchanged {
		out[g.ID] = "unchanged"
	}
	return out
}
