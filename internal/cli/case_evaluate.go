package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/verify"
)

// conclude ends the evaluation by a report of iotmark check --format json. A
// must that the program could not conclude on counts as the assessor's own
// conclusion; those that he found not met are named by --unmet.
func conclude(d *deed) (scheme.Case, error) {
	b, err := readBounded(d.cmd, d.arg(1), 64<<20)
	if err != nil {
		return scheme.Case{}, err
	}
	var a iotmark.Assessment
	if err := json.Unmarshal(b, &a); err != nil || len(a.Conclusions) == 0 {
		return scheme.Case{}, &iotmark.Error{Kind: iotmark.Invalid, ID: "report-unknown", Pos: d.arg(1), Err: err, Msg: "this is no report of iotmark check --format json"}
	}
	if len(a.Only) > 0 {
		return scheme.Case{}, &iotmark.Error{Kind: iotmark.Invalid, ID: "report-partial", Pos: d.arg(1), Msg: "the report was made with " + strings.Join(a.Only, ", ") + " only; an evaluation covers all criteria"}
	}
	cat, err := catalogue.Load()
	if err != nil {
		return scheme.Case{}, err
	}
	e, err := evaluation(a, criterionIDs(d.flag("unmet")))
	if err != nil {
		return scheme.Case{}, err
	}
	e.Statement = documentOf(b)
	if e.Catalogue, err = cat.EditionDigest(); err != nil {
		return scheme.Case{}, err
	}
	return d.Conclude(d.ctx, d.by, d.on, e, d.flag("interests"))
}

// evaluation is what an assessor concludes from a report: who counts as what,
// by topic, and which musts are not met. Its hash of the conclusions is over
// one line "<criterion> <verdict> <assurance>" each, in their order.
func evaluation(a iotmark.Assessment, unmet []iotmark.CriterionID) (scheme.Evaluation, error) {
	e := scheme.Evaluation{Topics: map[iotmark.Topic]verify.TopicCounts{}}
	for _, t := range iotmark.Topics() {
		e.Topics[t] = verify.TopicCounts{}
	}
	var lines strings.Builder
	for _, c := range a.Conclusions {
		if c.Verdict == iotmark.NotApplicable {
			continue
		}
		fails := slices.Contains(unmet, c.Criterion)
		open := c.Level == iotmark.Must && !c.Counts && c.Waits != iotmark.WaitAssessor && c.Waits != iotmark.WaitTest
		if c.Level == iotmark.Must && (fails || open) {
			e.Unmet = append(e.Unmet, c.Criterion)
		}
		n := e.Topics[c.Criterion.Topic()]
		n.Criteria++
		switch {
		case fails:
		case c.Waits == iotmark.WaitTest, c.Assurance == iotmark.Tested:
			n.Tested++
		case c.Waits == iotmark.WaitAssessor, c.Assurance == iotmark.Assessed:
			n.Assessed++
		case c.Assurance == iotmark.Checked:
			n.Checked++
		}
		e.Topics[c.Criterion.Topic()] = n
		fmt.Fprintf(&lines, "%s %s %s\n", c.Criterion, c.Verdict, c.Assurance)
	}
	for _, id := range unmet {
		if !slices.Contains(e.Unmet, id) {
			return e, usage("--unmet %s: the report has no such must that applies", id)
		}
	}
	e.Conclusions = digestBytes([]byte(lines.String()))
	return e, nil
}
