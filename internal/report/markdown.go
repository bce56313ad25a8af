package report

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// MaxSummary is how many bytes GitHub takes as the summary of one step.
const MaxSummary = 1 << 20

// MarkdownOptions say how long the Markdown report is.
type MarkdownOptions struct {
	First int // gaps that are told at once; the others are folded away. 10 when zero
	Limit int // bytes; MaxSummary when zero
}

// Markdown writes a short report for people: what stands, what is new, what
// does not conform, which track is open. Foreign text stands in code spans
// only, so that it makes no markup, no link, no picture and no mention.
func Markdown(w io.Writer, in Input, opt MarkdownOptions) error {
	if opt.First == 0 {
		opt.First = 10
	}
	if opt.Limit == 0 {
		opt.Limit = MaxSummary
	}
	m := &markdown{in: in, opt: opt}
	m.head()
	m.gaps()
	m.foot()
	_, err := io.WriteString(w, m.b.String())
	return err
}

type markdown struct {
	in   Input
	opt  MarkdownOptions
	b    strings.Builder
	left int // gaps left out because there was no room
}

// room for the end of the report, which is always told.
const footRoom = 4 << 10

func (m *markdown) put(format string, args ...any) { fmt.Fprintf(&m.b, format, args...) }

// fits writes a block if there is room for it and for the end.
func (m *markdown) fits(s string) bool {
	if m.b.Len()+len(s)+footRoom > m.opt.Limit {
		return false
	}
	m.b.WriteString(s)
	return true
}

func (m *markdown) head() {
	a := m.in.Assessment
	m.put("<!-- iotmark report -->\n## %s\n\n", quoted(a.Product+" ("+a.Model+")"))
	cmp := m.in.Compare()
	musts := map[iotmark.CriterionID]bool{}
	for _, g := range Gaps(a) {
		if g.Level == iotmark.Must {
			musts[g.Criterion] = true
		}
	}
	m.put("**%s**", m.in.say("ci.musts", map[string]string{"n": strconv.Itoa(len(musts))}))
	if m.in.Baseline != nil {
		m.put(" %s", m.in.counts(cmp))
	}
	m.put("\n\nEdition %s, judged as of %s, without network, by the maker's own check. This is no mark.\n\n", escapeMarkdown(string(a.Edition)), escapeMarkdown(string(a.AsOf)))
	if len(a.Only) > 0 {
		m.put("%s\n\n", m.in.say("report.only", map[string]string{"only": strings.Join(a.Only, ", ")}))
	}
	m.put("| Musts of the topic | checked | shown | word | not met | not known |\n| --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, s := range a.Topics {
		m.put("| %s | %s | %s | %s | %s | %s |\n", escapeMarkdown(m.in.topicName(s.Topic)),
			num(s.ByStep["checked"]+s.ByStep["assessed"]+s.ByStep["tested"]), num(s.ByStep["shown"]), num(s.ByStep["declared"]),
			num(s.MustsBy[iotmark.DoesNotConform]), num(s.MustsBy[iotmark.Undetermined]))
	}
	m.put("\n")
	for _, w := range a.Warnings {
		m.fits("- Warning: " + quoted(w.Message) + "\n")
	}
}

// counts tells the comparison with a baseline in one sentence.
func (in Input) counts(cmp Comparison) string {
	return in.say("baseline.counts", map[string]string{
		"date": string(in.Baseline.AsOf), "new": strconv.Itoa(len(cmp.New)), "known": strconv.Itoa(len(cmp.Known())),
		"changed": strconv.Itoa(len(cmp.Changed)), "resolved": strconv.Itoa(len(cmp.Resolved)), "replaced": strconv.Itoa(len(cmp.Replaced)), "unseen": strconv.Itoa(len(cmp.Unseen)),
	})
}

func (m *markdown) gaps() {
	cmp := m.in.Compare()
	fresh := byLevel(cmp.New)
	title := "What does not conform"
	if m.in.Baseline != nil {
		title = "New since the baseline"
	}
	if len(fresh) > 0 {
		m.put("### %s\n\n", title)
		for i, g := range fresh {
			if i == m.opt.First {
				break
			}
			if !m.fits(m.gap(g)) {
				m.left++
			}
		}
		m.put("\n")
	}
	if len(fresh) > m.opt.First {
		m.folded(fmt.Sprintf("%d more", len(fresh)-m.opt.First), fresh[m.opt.First:], m.gap)
	}
	short := func(g Gap) string { return "- " + quoted(name(g)) + "\n" }
	m.folded(fmt.Sprintf("Known from the baseline, with other details: %d", len(cmp.Changed)), cmp.Changed, m.gap)
	m.folded(fmt.Sprintf("Known from the baseline: %d", len(cmp.Unchanged)), cmp.Unchanged, short)
	m.folded(fmt.Sprintf("Found otherwise now, and not resolved: %d", len(cmp.Replaced)), cmp.Replaced, short)
	m.folded(fmt.Sprintf("Resolved since the baseline: %d", len(cmp.Resolved)), cmp.Resolved, short)
	m.folded(fmt.Sprintf("In the baseline, and could not be looked at this time: %d", len(cmp.Unseen)), cmp.Unseen, short)
}

// byLevel puts the musts first.
func byLevel(gs []Gap) []Gap {
	var out []Gap
	for _, l := range []iotmark.Level{iotmark.Must, iotmark.Should, iotmark.May} {
		for _, g := range gs {
			if g.Level == l {
				out = append(out, g)
			}
		}
	}
	return out
}

// folded writes a list that a person opens. The summary holds our words only,
// for Markdown does not work within it.
func (m *markdown) folded(title string, gs []Gap, tell func(Gap) string) {
	if len(gs) == 0 {
		return
	}
	if !m.fits("<details><summary>" + title + "</summary>\n\n") {
		m.left += len(gs)
		return
	}
	for _, g := range gs {
		if !m.fits(tell(g)) {
			m.left++
		}
	}
	m.put("\n</details>\n\n")
}

// maxWords bounds what is told of one gap.
const maxWords = 1200

func (m *markdown) gap(g Gap) string {
	cr := m.in.Catalogue.Criterion(g.Criterion)
	tags := string(g.Level)
	if g.Entry {
		tags += ", entry"
	}
	words := m.in.tellPublic(g, m.say)
	var b strings.Builder
	fmt.Fprintf(&b, "- **[%s](%s)** (%s): %s", escapeMarkdown(string(g.Criterion)), helpURI(g.Criterion), tags, words)
	if g.Check != "" {
		b.WriteString(" " + quoted(string(g.Check)))
	}
	b.WriteString("\n")
	if !m.in.exploitable(g) {
		for i, p := range m.in.places(g) {
			if i == 3 {
				fmt.Fprintf(&b, "  - and %d more places\n", len(m.in.places(g))-3)
				break
			}
			b.WriteString("  - at " + quoted(m.in.placeInRepository(p)))
			if p.Quote != "" {
				b.WriteString(": " + quoted(p.Quote))
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("  - Remedy: " + escapeMarkdown(cr.Remedy) + "\n")
	return b.String()
}

// say puts every argument into a code span, but for numbers and days, which are
// safe and read better without. The number n also chooses the plural.
func (m *markdown) say(id iotmark.MessageID, args map[string]string) string {
	safe := make(map[string]string, len(args))
	for k, v := range args {
		if digits.MatchString(v) {
			safe[k] = v
			continue
		}
		safe[k] = quoted(v)
	}
	return strings.TrimSpace(m.in.Words.Say(id, safe))
}

var digits = regexp.MustCompile(`^([0-9]{1,9}(\.[0-9]{1,9})?|[0-9]{4}-[0-9]{2}-[0-9]{2})$`)

func (m *markdown) foot() {
	if m.left > 0 {
		m.put("%d more are left out, for a summary has its bounds. `iotmark check --all` tells them.\n\n", m.left)
	}
	n := Outcomes(m.in.Assessment)
	m.put("Checks: %d passed, %d failed, %d could not tell, %d had nothing to look at, %d do not concern it.\n\n",
		n[iotmark.Passed], n[iotmark.Failed], n[iotmark.CantTell], n[iotmark.Untested], n[iotmark.Inapplicable])
	m.put("%s\n", escapeMarkdown(m.in.Closing()))
}

// quoted writes foreign text as a code span (CommonMark 0.31, 6.1): within it
// nothing is markup. Long text is cut.
func quoted(s string) string {
	s = strings.TrimSpace(message.Clean(s))
	if r := []rune(s); len(r) > maxWords {
		s = string(r[:maxWords]) + "..."
	}
	if s == "" {
		return "(nothing)"
	}
	// A span that is wrapped in a longer run of backticks than it holds ends
	// where it should.
	longest, run := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " "
	}
	return fence + s + fence
}

// escapeMarkdown makes our own words plain: every sign that could be markup
// gets a backslash (CommonMark 0.31, 2.4). Foreign text is quoted instead.
func escapeMarkdown(s string) string { return markdownSigns.ReplaceAllString(message.Clean(s), `\$0`) }

var markdownSigns = regexp.MustCompile("[\\\\`*_{}\\[\\]<>#|~&!]")
