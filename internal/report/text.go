package report

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// TextOptions say how the text report looks.
type TextOptions struct {
	Width  int  // columns; 80 when zero
	Colour bool // ANSI colours, for terminals
	All    bool // every line of every group; otherwise long groups are cut
}

// cut is how many conclusions of one group are told before the rest is only
// counted.
const cut = 8

// Text writes the report for a terminal: the picture of the eight topics,
// what to do next, what was found, and which track is open.
func Text(w io.Writer, in Input, opt TextOptions) error {
	if opt.Width == 0 {
		opt.Width = 80
	}
	t := &text{in: in, opt: opt}
	t.head()
	t.picture()
	t.baseline()
	for _, g := range Groups(in.Assessment) {
		t.group(g)
	}
	t.evidence()
	t.open()
	t.line("")
	t.para(in.Closing(), 0, 0)
	_, err := io.WriteString(w, t.b.String())
	return err
}

type text struct {
	in  Input
	opt TextOptions
	b   strings.Builder
	new map[iotmark.CriterionID]bool // criteria with a gap that the baseline does not know
}

// colours; the words say the same, so that nothing hangs on a colour alone
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (t *text) paint(code, s string) string {
	if !t.opt.Colour || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *text) line(s string) { t.b.WriteString(strings.TrimRight(s, " ") + "\n") }

// para writes a paragraph: first is the indent of its first line, rest of the
// others.
func (t *text) para(s string, first, rest int) {
	for i, l := range fold(s, t.opt.Width-rest) {
		n := rest
		if i == 0 {
			n = first
		}
		t.line(strings.Repeat(" ", n) + l)
	}
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

// columns is how wide a text is on a terminal; colours take no room.
func columns(s string) int { return utf8.RuneCountInString(escape.ReplaceAllString(s, "")) }

// fold breaks a text at blanks into lines of at most width columns.
func fold(s string, width int) []string {
	var lines []string
	cur := ""
	for _, w := range strings.Fields(s) {
		for columns(w) > width { // a word longer than the line
			r := []rune(w)
			if cur != "" {
				lines, cur = append(lines, cur), ""
			}
			lines, w = append(lines, string(r[:width])), string(r[width:])
		}
		switch {
		case cur == "":
			cur = w
		case columns(cur)+1+columns(w) > width:
			lines, cur = append(lines, cur), w
		default:
			cur += " " + w
		}
	}
	if cur != "" {
		lines = append(lines, cur)
	}
	return lines
}

func (t *text) head() {
	a := t.in.Assessment
	t.para(t.paint(bold, message.Clean(fmt.Sprintf("%s (%s)", a.Product, a.Model)))+message.Clean(", "+a.Maker), 0, 2)
	applicable := 0
	for _, s := range a.Topics {
		applicable += s.Criteria
	}
	t.para(fmt.Sprintf("Edition %s, judged as of %s, offline. %d of %d criteria concern it.",
		a.Edition, a.AsOf, applicable, len(t.in.Catalogue.Criteria)), 0, 0)
	if len(a.Only) > 0 {
		t.para(t.in.say("report.only", map[string]string{"only": strings.Join(a.Only, ", ")}), 0, 0)
	}
	for _, w := range a.Warnings {
		t.para(t.paint(yellow, "warning")+" "+message.Clean(w.Message), 0, 2)
	}
	t.line("")
}

// picture draws one bar a topic over its musts: met and how far known, not
// met, not known.
func (t *text) picture() {
	const width = 20
	row := func(name, bar, pad string, n ...string) string {
		return fmt.Sprintf("%-16s  %s%s %8s %7s %7s %7s %7s", name, bar, pad, n[0], n[1], n[2], n[3], n[4])
	}
	t.line(t.paint(dim, row("", "musts", strings.Repeat(" ", width-5), "checked", "shown", "word", "not met", "unknown")))
	for _, s := range t.in.Assessment.Topics {
		checked := s.ByStep["checked"] + s.ByStep["assessed"] + s.ByStep["tested"]
		shown, said := s.ByStep["shown"], s.ByStep["declared"]
		bad, open := s.MustsBy[iotmark.DoesNotConform], s.MustsBy[iotmark.Undetermined]
		bar, used := "", 0
		for _, p := range []struct {
			n          int
			sign, code string
		}{{checked, "#", green}, {shown, "=", green}, {said, "-", yellow}, {bad, "x", red}, {open, ".", dim}} {
			bar += t.paint(p.code, strings.Repeat(p.sign, p.n))
			used += p.n
		}
		t.line(row(t.in.topicName(s.Topic), bar, strings.Repeat(" ", max(0, width-used)), num(checked), num(shown), num(said), num(bad), num(open)))
	}
	t.line(t.paint(dim, "# checked by program  = evidence shown  - maker's word  x not met  . not known"))
}

// baseline tells what is new since the baseline, what is known and what is
// gone.
func (t *text) baseline() {
	if t.in.Baseline == nil {
		return
	}
	cmp := t.in.Compare()
	t.new = map[iotmark.CriterionID]bool{}
	date := string(t.in.Baseline.AsOf)
	t.line("")
	if len(cmp.New) == 0 {
		t.line(t.paint(bold, t.in.say("baseline.none", map[string]string{"date": date})))
	} else {
		t.line(t.paint(bold, t.in.say("baseline.title", map[string]string{"date": date, "n": strconv.Itoa(len(cmp.New))})))
	}
	for i, g := range byLevel(cmp.New) {
		t.new[g.Criterion] = true
		switch {
		case i < cut || t.opt.All:
			t.para(t.paint(red, "!")+" "+t.paint(bold, string(g.Criterion))+" ("+string(g.Level)+"): "+t.in.words(g), 2, 4)
		case i == cut:
			t.line(t.paint(dim, fmt.Sprintf("  and %d more; --all lists them", len(cmp.New)-cut)))
		}
	}
	t.names(cmp.Known(), func(s string) string { return t.in.say("baseline.known", map[string]string{"gaps": s}) })
	for _, g := range cmp.Replaced {
		t.para(t.in.say("baseline.replaced", map[string]string{"gap": name(g)}), 2, 4)
	}
	for _, g := range cmp.Resolved {
		t.para(t.in.say("baseline.resolved", map[string]string{"gap": name(g)}), 2, 4)
	}
	for _, g := range cmp.Unseen {
		t.para(t.in.say("baseline.unseen", map[string]string{"gap": name(g)}), 2, 4)
	}
}

// names tells gaps by their names in one paragraph.
func (t *text) names(gs []Gap, say func(string) string) {
	if len(gs) == 0 {
		return
	}
	var out []string
	for i, g := range gs {
		if i == cut && !t.opt.All {
			out = append(out, fmt.Sprintf("and %d more", len(gs)-cut))
			break
		}
		out = append(out, name(g))
	}
	t.para(say(strings.Join(out, ", ")), 2, 4)
}

func num(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func (t *text) group(g Group) {
	t.line("")
	title := t.in.say(iotmark.MessageID("group."+g.ID), map[string]string{"n": strconv.Itoa(len(g.Conclusions))})
	if e := Effort(g.Minutes); e != "" {
		title += ", about " + e
	}
	t.line(t.paint(bold, title))
	if g.ID == "test" || g.ID == "assessor" {
		ids := make([]string, len(g.Conclusions))
		for i, c := range g.Conclusions {
			ids[i] = string(c.Criterion)
		}
		if !t.opt.All && len(ids) > cut {
			ids = append(ids[:cut], fmt.Sprintf("and %d more", len(g.Conclusions)-cut))
		}
		t.para(strings.Join(ids, ", "), 2, 2)
		return
	}
	for i, c := range g.Conclusions {
		if !t.opt.All && i == cut {
			t.line(t.paint(dim, fmt.Sprintf("  and %d more; --all lists them", len(g.Conclusions)-cut)))
			return
		}
		t.conclusion(c)
	}
}

func (t *text) conclusion(c iotmark.Conclusion) {
	cr := t.in.Catalogue.Criterion(c.Criterion)
	id := string(c.Criterion)
	effort := Effort(c.Next.Minutes)
	if c.Entry {
		effort = strings.TrimSpace("entry  " + effort)
	}
	if t.new[c.Criterion] {
		effort = strings.TrimSpace("new  " + effort)
	}
	mark, code := "?", dim
	if c.Verdict == iotmark.DoesNotConform {
		mark, code = "x", red
	} else if c.Verdict == iotmark.Conforms {
		mark, code = "-", yellow
	}
	pad := max(1, t.opt.Width-4-len(id)-len(effort))
	t.line("  " + t.paint(code, mark) + " " + t.paint(bold, id) + strings.Repeat(" ", pad) + t.paint(dim, effort))
	if c.Next.Kind == iotmark.StepAnswer && !c.Contradicted {
		t.para(cr.Consumer, 4, 4)
		return
	}
	t.reasons(c)
	if c.Verdict == iotmark.DoesNotConform {
		t.para("Remedy: "+cr.Remedy, 4, 6)
	}
}

// reasons tells why: failed findings with their places, the maker's note, and
// evidence that does not count.
func (t *text) reasons(c iotmark.Conclusion) {
	told := 0
	behind := t.in.behind(c, false)
	for _, r := range c.Reasons {
		switch {
		case r.Finding != nil:
			s, ok := behind[*r.Finding]
			if !ok {
				continue // it was told with another
			}
			delete(behind, *r.Finding)
			t.finding(s)
			told++
		case r.Kind == iotmark.ByEvidence && c.Verdict != iotmark.DoesNotConform && r.Message != "assess.evidence-shown":
			t.para(t.in.say(r.Message, r.Args), 4, 6)
			told++
		case r.Message == "assess.contradicted":
			t.para(t.in.say(r.Message, r.Args), 4, 4)
		}
		if told >= 4 && !t.opt.All {
			t.line(t.paint(dim, "    (more with --all)"))
			break
		}
	}
	if c.Note != "" {
		t.para("Maker: "+message.Clean(c.Note), 4, 6)
	}
}

func (t *text) finding(f said) {
	t.para(t.in.say(f.Message, f.Args)+" "+t.paint(dim, "["+f.by()+"]"), 4, 6)
	for i, p := range f.Places {
		if i == 3 && !t.opt.All {
			t.line(t.paint(dim, fmt.Sprintf("      and %d more places", len(f.Places)-3)))
			break
		}
		s := t.in.place(p)
		if p.Quote != "" {
			s += ": \"" + message.Clean(p.Quote) + "\""
		}
		t.para(t.paint(dim, "at")+" "+s, 6, 9)
	}
}

// evidence tells what was read and what was not.
func (t *text) evidence() {
	var read, unread int
	by := map[iotmark.Standing]int{}
	for _, h := range t.in.Assessment.Evidence {
		by[h.Standing]++
		if h.Standing == iotmark.Held {
			if h.Reader != "" {
				read++
			} else {
				unread++
			}
		}
	}
	if len(t.in.Assessment.Evidence) == 0 {
		return
	}
	t.line("")
	t.line(t.paint(bold, t.in.say("evidence.title", map[string]string{"n": strconv.Itoa(len(t.in.Assessment.Evidence))})))
	var parts []string
	add := func(n int, s string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	add(read, "examined by program")
	add(unread, "here but not examined")
	add(by[iotmark.Elsewhere], "at an address that was not fetched")
	add(by[iotmark.Withheld], "named by hash only")
	add(by[iotmark.Expired], "expired")
	add(by[iotmark.Differs], "changed since declared")
	add(by[iotmark.Missing], "missing")
	add(by[iotmark.Unopened], "that could not be opened")
	t.para(strings.Join(parts, ", ")+".", 2, 2)
	for _, h := range t.in.Assessment.Evidence {
		if h.Reason != "" && h.Standing != iotmark.Elsewhere && h.Standing != iotmark.Withheld {
			t.para(message.Clean(fmt.Sprintf("%s (%s): %s", h.Evidence, h.Kind, h.Detail))+" "+t.paint(dim, "["+string(h.Reason)+"]"), 2, 4)
		}
	}
	n := Outcomes(t.in.Assessment)
	t.para(fmt.Sprintf("Checks: %d passed, %d failed, %d could not tell, %d had nothing to look at, %d do not concern it.",
		n[iotmark.Passed], n[iotmark.Failed], n[iotmark.CantTell], n[iotmark.Untested], n[iotmark.Inapplicable]), 2, 2)
}

// open tells what could not be told, which is never the same as passed.
func (t *text) open() {
	var fs []iotmark.Finding
	for _, f := range t.in.Assessment.Findings {
		if f.Outcome == iotmark.CantTell && f.Message != "check.not-read" {
			fs = append(fs, f)
		}
	}
	if len(fs) == 0 {
		return
	}
	list := together(fs)
	t.line("")
	t.line(t.paint(bold, fmt.Sprintf("Could not tell: %d", len(list))))
	for i, f := range list {
		if i == cut && !t.opt.All {
			t.line(t.paint(dim, fmt.Sprintf("  and %d more; --all lists them", len(list)-cut)))
			return
		}
		t.para(t.in.say(f.Message, f.Args)+" "+t.paint(dim, "["+f.by()+"]"), 2, 4)
	}
}
