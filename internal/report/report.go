// Package report renders an assessment for people and for programs: as text,
// as JSON, as one self-contained HTML page, and in the forms that build
// services take in: SARIF, JUnit, Markdown, workflow commands, code quality.
// It compares an assessment with an earlier report. It is pure: it takes values
// and gives bytes, and the same assessment gives the same bytes.
//
// What it refuses to do: conclude anything. What can go wrong: text from a
// dossier is hostile; it is escaped for each medium, cut, and shown as a
// quotation.
package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// Input is an assessment with the words it is told in.
type Input struct {
	Assessment iotmark.Assessment
	Catalogue  *catalogue.Catalogue
	Words      *message.Words
	Baseline   *Baseline // what was known before; nil: nothing is compared
	Where      Where     // for the formats that point at files
	Program    Program   // for the formats that name who wrote them
}

// Where says where the files of a dossier lie. Paths are relative to the root
// of the repository, with forward slashes.
type Where struct {
	Declaration string                        // or the archive that holds it
	Archive     bool                          // the dossier is one archive, and all paths are its own
	Evidence    map[iotmark.EvidenceID]string // of the pieces that lie in the dossier
	Line        func(field string) int        // of a dotted field of the declaration, or of the block around it; 0: not known. May be nil
}

func (w Where) line(field string) int {
	if w.Line == nil {
		return 0
	}
	return w.Line(field)
}

// Program is who wrote a report, and how the run will end.
type Program struct {
	Version string
	Exit    int // exit code
}

// JSON returns the assessment as JSON: indented, keys in a fixed order, a
// line feed at the end. Where there is a baseline, its comparison comes last.
// Its schema is docs/assessment.schema.json.
func JSON(in Input) ([]byte, error) {
	if in.Baseline == nil {
		return encode(in.Assessment)
	}
	return encode(struct {
		iotmark.Assessment
		Baseline compared `json:"baseline"`
	}{in.Assessment, in.compared()})
}

// compared is the comparison with a baseline in JSON.
type compared struct {
	AsOf      iotmark.Date `json:"as_of"`
	New       []gapRow     `json:"new"`
	Changed   []gapRow     `json:"changed"`
	Unchanged []gapRow     `json:"unchanged"`
	Replaced  []gapRow     `json:"replaced"`
	Resolved  []gapRow     `json:"resolved"`
	Unseen    []gapRow     `json:"unseen"`
}

type gapRow struct {
	Gap       string              `json:"gap"`
	Criterion iotmark.CriterionID `json:"criterion"`
	Level     iotmark.Level       `json:"level"`
	Check     iotmark.CheckID     `json:"check,omitempty"`
	Finding   *int                `json:"finding,omitempty"` // index into the findings
}

func (in Input) compared() compared {
	rows := func(gs []Gap) []gapRow {
		out := []gapRow{}
		for _, g := range gs {
			r := gapRow{Gap: g.ID, Criterion: g.Criterion, Level: g.Level, Check: g.Check}
			if g.Finding >= 0 {
				r.Finding = &g.Finding
			}
			out = append(out, r)
		}
		return out
	}
	gone := func(gs []Gap) []gapRow { // their findings were those of another report
		out := rows(gs)
		for i := range out {
			out[i].Finding = nil
		}
		return out
	}
	c := in.Compare()
	return compared{in.Baseline.AsOf, rows(c.New), rows(c.Changed), rows(c.Unchanged), gone(c.Replaced), gone(c.Resolved), gone(c.Unseen)}
}

// encode writes a value as JSON: indented, with a line feed at the end.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	// What steers a terminal is written as an escape; to a program it is the
	// same text.
	var out bytes.Buffer
	for _, r := range b.String() {
		switch {
		case r == '\n' || !message.Unseen(r):
			out.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.Bytes(), nil
}

// Filter returns the assessment with only the conclusions that f accepts, and
// with the names of what was asked for. All else stays, so that indexes into
// the findings still hold, and tracks speak of the whole product.
func Filter(a iotmark.Assessment, only []string, f func(iotmark.Conclusion) bool) iotmark.Assessment {
	if len(only) == 0 {
		return a
	}
	a.Only = only
	kept := make([]iotmark.Conclusion, 0, len(a.Conclusions))
	for _, c := range a.Conclusions {
		if f(c) {
			kept = append(kept, c)
		}
	}
	a.Conclusions = kept
	return a
}

// Group is a part of the report: conclusions that ask for the same kind of
// work, the quickest first.
type Group struct {
	ID          string // mend, answer, show, should, test, assessor
	Conclusions []iotmark.Conclusion
	Minutes     int // of all of them
}

// Groups sorts what is left to do: what the maker must mend, answer and show,
// then what others do. Conclusions with nothing left are in no group.
func Groups(a iotmark.Assessment) []Group {
	order := []string{"mend", "answer", "show", "should", "test", "assessor"}
	by := map[string]*Group{}
	for _, id := range order {
		by[id] = &Group{ID: id}
	}
	for _, c := range a.Conclusions {
		if c.Next == nil {
			continue
		}
		g := by[groupOf(c)]
		if g == nil {
			continue
		}
		g.Conclusions = append(g.Conclusions, c)
		g.Minutes += c.Next.Minutes
	}
	out := make([]Group, 0, len(order))
	for _, id := range order {
		g := by[id]
		slices.SortStableFunc(g.Conclusions, func(x, y iotmark.Conclusion) int {
			return cmp.Or(
				-compareBool(x.Contradicted, y.Contradicted),
				-compareBool(x.Entry, y.Entry),
				cmp.Compare(x.Next.Minutes, y.Next.Minutes),
			)
		})
		if len(g.Conclusions) > 0 {
			out = append(out, *g)
		}
	}
	return out
}

func groupOf(c iotmark.Conclusion) string {
	if c.Level != iotmark.Must {
		if c.Contradicted || c.Level == iotmark.Should && c.Waits == iotmark.WaitMaker && c.Next.Kind != iotmark.StepPoint {
			return "should"
		}
		return ""
	}
	if c.Verdict == iotmark.DoesNotConform {
		return "mend"
	}
	switch c.Next.Kind {
	case iotmark.StepAnswer:
		return "answer"
	case iotmark.StepPoint:
		return "show"
	case iotmark.StepTest:
		return "test"
	}
	return "assessor"
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}

// Effort writes minutes for people. They are estimates of the catalogue.
func Effort(minutes int) string {
	const hour, day = 60, 8 * 60
	switch {
	case minutes <= 0:
		return ""
	case minutes < hour:
		return strconv.Itoa(minutes) + " min"
	case minutes < day:
		return strconv.Itoa((minutes+hour/2)/hour) + " h"
	case minutes < 2*day:
		return "1 day"
	}
	return strconv.Itoa((minutes+day/2)/day) + " days"
}

// Place writes where something was found: file, member, line.
func (in Input) place(p iotmark.Place) string {
	var b strings.Builder
	switch {
	case p.Evidence == "":
		b.WriteString("iotmark.yaml")
		if p.Path != "" {
			b.WriteString(" " + p.Path)
		}
	default:
		b.WriteString(string(p.Evidence))
		if p.Path != "" {
			b.WriteString(": " + p.Path)
		}
	}
	if p.Line > 0 {
		b.WriteString(", line " + strconv.Itoa(p.Line))
	}
	return message.Clean(b.String())
}

// say returns the words of a message, made safe to print.
func (in Input) say(id iotmark.MessageID, args map[string]string) string {
	return message.Clean(in.Words.Say(id, args))
}

// topicName returns the name of a topic for people.
func (in Input) topicName(t iotmark.Topic) string {
	for _, r := range in.Catalogue.Scheme.Topics {
		if r.ID == t {
			return r.Name
		}
	}
	return string(t)
}

// Outcomes counts the checks by outcome; of several findings of one check the
// weightiest counts.
func Outcomes(a iotmark.Assessment) map[iotmark.Outcome]int {
	by := map[iotmark.CheckID]iotmark.Outcome{}
	for _, f := range a.Findings {
		if o, ok := by[f.Check]; ok {
			by[f.Check] = o.Weightier(f.Outcome)
		} else {
			by[f.Check] = f.Outcome
		}
	}
	n := map[iotmark.Outcome]int{}
	for _, o := range by {
		n[o]++
	}
	return n
}

// Closing returns the last line of a report: which of the two tracks is open,
// and what is missing.
func (in Input) Closing() string {
	parts := make([]string, 0, 2)
	for _, t := range in.Assessment.Tracks {
		parts = append(parts, in.closing(t))
	}
	return strings.Join(parts, " ")
}

func (in Input) closing(t iotmark.Track) string {
	id := iotmark.MessageID("track." + t.ID)
	if t.Open {
		words := in.say(id+".open", nil)
		if t.Contradicted > 0 {
			words += " " + in.say("track.contradicted", map[string]string{"n": strconv.Itoa(t.Contradicted)})
		}
		return words
	}
	missing, failing := t.Missing, []iotmark.CriterionID(nil)
	if t.ID == iotmark.OpenDeclaration {
		if open, bad := in.unanswered(t); len(open) > 0 {
			missing, failing = open, bad
		}
	}
	words := in.say(id+".missing", map[string]string{
		"n": strconv.Itoa(len(missing)), "first": string(missing[0]),
		"maker": strconv.Itoa(t.Maker), "others": strconv.Itoa(len(t.Missing) - t.Maker),
	})
	if len(failing) > 0 {
		words += " " + in.say(id+".failing", map[string]string{"n": strconv.Itoa(len(failing)), "first": string(failing[0])})
	}
	return words
}

// unanswered splits the criteria without an answer into those that the report
// lists as to be answered, and those that it lists as to be mended, because
// evidence speaks against them.
func (in Input) unanswered(t iotmark.Track) (open, failing []iotmark.CriterionID) {
	bad := map[iotmark.CriterionID]bool{}
	for _, c := range in.Assessment.Conclusions {
		bad[c.Criterion] = c.Verdict == iotmark.DoesNotConform
	}
	for _, id := range t.Missing {
		if bad[id] {
			failing = append(failing, id)
		} else {
			open = append(open, id)
		}
	}
	return open, failing
}
