package catalogue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// VersionsYAML returns methods/versions.yaml: the digest of each version of
// each method. It adds what is new and takes nothing away; a text that changed
// without a new version is an *iotmark.Error.
func (c *Catalogue) VersionsYAML() ([]byte, error) {
	if err := c.LoadMethods(); err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("# Written by go generate ./catalogue. SHA-256 of each version of each method, the first one first.\n")
	b.WriteString("# An inspection note names one of them. A line is added when a method's version is raised, and none is ever changed.\nversions:\n")
	for _, m := range c.Methods {
		known := c.versions[m.ID]
		switch {
		case m.Version == len(known)+1:
			known = append(slices.Clone(known), string(m.Digest))
		case m.Version != len(known) || m.Version < 1 || known[m.Version-1] != string(m.Digest):
			return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "method-version", Pos: m.pos, Field: "version",
				Msg: fmt.Sprintf("the text of %s changed, or its version is not the next; write version: %d", m.ID, len(known)+1)}
		}
		fmt.Fprintf(&b, "  %s:\n", m.ID)
		for _, d := range known {
			fmt.Fprintf(&b, "    - %q\n", d)
		}
	}
	return []byte(b.String()), nil
}

// MethodsReference returns docs/methods.md: who may inspect, which method
// serves which criterion, and each method in full.
func (c *Catalogue) MethodsReference() ([]byte, error) {
	if err := c.LoadMethods(); err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<!-- Written by go generate ./catalogue from the files in catalogue/methods/. Do not edit by hand. -->

# Written methods of inspection

%d methods for edition %s. What counts as *tested* or *assessed* was done by a named person who followed one of them
and filled in its form. The verdict follows from the form by rules, so that two people with the same records come to the
same one. %siotmark catalogue method ID%s prints one for the screen, and with %s--format markdown%s one with lines to fill in.

| Criterion | Needs | Methods |
| --- | --- | --- |
`, len(c.Methods), c.Scheme.Edition, "`", "`", "`", "`")
	others := 0
	for _, cr := range c.Criteria {
		var words []string
		for _, m := range c.MethodsFor(cr.ID) {
			if !m.Generic {
				words = append(words, fmt.Sprintf("[%s](#%s)", m.ID, anchor(string(m.ID))))
			}
		}
		if len(words) > 0 {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cr.ID, cr.Needs, strings.Join(words, ", "))
		} else if cr.needs >= iotmark.Assessed {
			others++
		}
	}
	for _, m := range c.Methods {
		if m.Generic {
			fmt.Fprintf(&b, "| the %d others | assessed | [%s](#%s) |\n", others, m.ID, anchor(string(m.ID)))
		}
	}
	c.competencesText(&b)
	for _, m := range c.Methods {
		b.WriteByte('\n')
		m.text(&b, c, "##", false)
	}
	return []byte(b.String()), nil
}

// anchor is how forges name a heading.
func anchor(id string) string { return strings.ReplaceAll(id, ".", "") }

func (c *Catalogue) competencesText(b *strings.Builder) {
	b.WriteString("\n## Who may inspect\n\nA person needs the group of the criterion's topic and every technique that the method names (ISO/IEC 17065, 6.1).\n\n")
	for _, r := range c.CompetenceRules {
		fmt.Fprintf(b, "- %s\n", r)
	}
	b.WriteString("\n| Group | Can | Training | Witnessed work | Lasts | Kept by |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, x := range c.Competences {
		fmt.Fprintf(b, "| **%s** (%s) | %s | %s | %s | %d months | %s |\n", x.ID, x.Kind, cell(x.Can), cell(strings.Join(x.Training, " ")), cell(x.Witnessed), x.Months, cell(x.Kept))
	}
}

// cell makes text fit for a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// Markdown returns the method with a form to be filled in by hand.
func (c *Catalogue) Markdown(m *Method) []byte {
	var b strings.Builder
	m.text(&b, c, "#", true)
	return []byte(b.String())
}

// text writes the method as Markdown. The form has lines to fill in where it
// is for print, and what each field may hold where it is for reading.
func (m *Method) text(b *strings.Builder, c *Catalogue, head string, print bool) {
	list := func(title string, items []string, ordered bool) {
		if len(items) == 0 {
			return
		}
		fmt.Fprintf(b, "\n%s# %s\n\n", head, title)
		for i, s := range items {
			mark := "-"
			if ordered {
				mark = strconv.Itoa(i+1) + "."
			}
			fmt.Fprintf(b, "%s %s\n", mark, s)
		}
	}
	fmt.Fprintf(b, "%s %s\n\n**%s.** Version %d, `%s`.\n\n%s\n\n", head, m.ID, m.Title, m.Version, m.Digest.Short(), m.Purpose)
	serves := "every criterion that needs checked or assessed"
	if !m.Generic {
		serves = commas(m.Serves)
	}
	fmt.Fprintf(b, "- Serves: %s. A pass carries to **%s**.\n", serves, m.Carries)
	fmt.Fprintf(b, "- Competence: %s, and the topic of the criterion.\n", commas(m.Competence))
	fmt.Fprintf(b, "- Sample: %s.\n", m.Sample.Text())
	fmt.Fprintf(b, "- Work: about %s (estimate).\n", Minutes(m.Minutes))
	for _, s := range m.Source {
		fmt.Fprintf(b, "- Source: %s.\n", s.Text(c))
	}
	var things []string
	for _, e := range m.Equipment {
		things = append(things, e.Text())
	}
	list("Equipment", things, false)
	list("Hazards", m.Hazards, false)
	list("Preparation", m.Preparation, true)
	fmt.Fprintf(b, "\n%s# Steps\n\n", head)
	for i, s := range m.Steps {
		fmt.Fprintf(b, "%d. %s\n\n   *Expect:* %s\n\n", i+1, s.Do, s.Expect)
		if notes := s.Notes(); notes != "" {
			fmt.Fprintf(b, "   *%s*\n\n", notes)
		}
	}
	fmt.Fprintf(b, "%s# Record\n\n", head)
	if print {
		m.blanks(b)
	} else {
		b.WriteString("| Field | What | Holds |\n| --- | --- | --- |\n")
		for i := range m.Fields {
			f := &m.Fields[i]
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.ID, cell(f.Label), cell(f.Holds()))
		}
	}
	fmt.Fprintf(b, "\n%s# Verdict\n\n", head)
	for _, r := range []struct {
		word  string
		rules []MethodRule
	}{{"fail, when any of these is true", m.Verdict.Fail}, {"inconclusive, else, when any of these is true", m.Verdict.Inconclusive}, {"pass, else, when all of these are true", m.Verdict.Pass}} {
		if len(r.rules) == 0 {
			continue
		}
		fmt.Fprintf(b, "- **%s**:\n", r.word)
		for _, x := range r.rules {
			fmt.Fprintf(b, "  - `%s`: %s\n", x.When, x.Means)
		}
	}
	b.WriteString("- **inconclusive**: in every other case.\n\nNames that the form gives besides its truth values:\n\n")
	for i := range m.Fields {
		for _, s := range m.Fields[i].GivenTexts() {
			fmt.Fprintf(b, "- %s\n", s)
		}
	}
	var second []string
	for _, r := range m.SecondOpinion {
		second = append(second, fmt.Sprintf("`%s`: %s", r.When, r.Means))
	}
	list("Blind second opinion", second, false)
	list("What a pass does not show", m.Limits, false)
}

// Notes says what a step writes down and keeps.
func (s MethodStep) Notes() string {
	var words []string
	if len(s.Record) > 0 {
		words = append(words, "Write down "+commas(s.Record)+".")
	}
	if len(s.Keep) > 0 {
		words = append(words, "Keep as evidence: "+commas(s.Keep)+".")
	}
	return strings.Join(words, " ")
}

const blank = "______________________________"

// blanks writes the form with lines to fill in.
func (m *Method) blanks(b *strings.Builder) {
	fmt.Fprintf(b, "Never write a password, a key or the name of a private person on this form. Where something cannot be found out,\nwrite %s.\n\n", NotKnown)
	for i := range m.Fields {
		f := &m.Fields[i]
		mark := strconv.Itoa(i+1) + ". "
		in := strings.Repeat(" ", len(mark)) // what belongs to the item, by CommonMark
		b.WriteString(mark + f.Label)
		if f.Unit != "" {
			fmt.Fprintf(b, " (%s)", f.Unit)
		}
		if !f.Required && f.RequiredWhen == "" {
			b.WriteString(" (may stay empty)")
		} else if f.RequiredWhen != "" {
			fmt.Fprintf(b, " (when `%s`)", f.RequiredWhen)
		}
		b.WriteString(" `" + f.ID + "`\n\n")
		switch f.Type {
		case BooleanField:
			fmt.Fprintf(b, "%s[ ] yes   [ ] no   [ ] %s\n\n", in, NotKnown)
		case ChoiceField:
			for _, o := range f.Options {
				fmt.Fprintf(b, "%s[ ] %s: %s  \n", in, o.Value, o.Label)
			}
			fmt.Fprintf(b, "%s[ ] %s\n\n", in, NotKnown)
		case TextField, DigestField:
			fmt.Fprintf(b, "%s%s%s\n\n%s%s%s\n\n", in, blank, blank, in, blank, blank)
		default:
			fmt.Fprintf(b, "%s%s\n\n", in, blank)
		}
	}
	fmt.Fprintf(b, "Verdict by the rules below:   [ ] pass   [ ] fail   [ ] inconclusive\n\n")
	for _, w := range []string{"Name", "Day of the last step", "Hours of work", "Signature"} {
		fmt.Fprintf(b, "%s: %s\n\n", w, blank)
	}
}

// Text says the sample in one line.
func (s Sample) Text() string {
	var words []string
	for _, x := range []struct {
		n    int
		noun string
	}{{s.Units, "unit"}, {s.Accounts, "test account"}} {
		switch {
		case x.n == 1:
			words = append(words, "1 "+x.noun)
		case x.n > 1:
			words = append(words, fmt.Sprintf("%d %ss", x.n, x.noun))
		}
	}
	if s.Firmware != "" {
		words = append(words, s.Firmware)
	}
	return strings.Join(append(words, s.Drawn), "; ")
}

// Text says what is needed in one line.
func (e Equipment) Text() string {
	if len(e.Tools) == 0 {
		return e.What
	}
	return e.What + " (such as " + commas(e.Tools) + ")"
}

// Text says the source in one line, with the title of an instrument where it
// is loaded.
func (s MethodSource) Text(c *Catalogue) string {
	t := s.Title
	if s.Instrument != "" {
		t = string(s.Instrument)
		if in := c.Instrument(s.Instrument); in != nil {
			t = in.Title
		}
		t += " [" + string(s.Instrument) + "] " + commas(s.Provisions)
	}
	if s.Place != "" {
		t += ", " + s.Place
	}
	return t
}

// Holds says what a field may hold.
func (f *RecordField) Holds() string {
	var t string
	switch f.Type {
	case BooleanField:
		t = "true or false"
	case NumberField:
		t = "number"
		if f.Least != nil && f.Most != nil {
			t += fmt.Sprintf(" from %g to %s", *f.Least, strconv.FormatFloat(*f.Most, 'f', -1, 64))
		}
		t += ", " + f.Unit
	case ChoiceField:
		var words []string
		for _, o := range f.Options {
			words = append(words, o.Value+" ("+o.Label+")")
		}
		t = strings.Join(words, "; ")
	case DigestField:
		t = "SHA-256"
	case DateField:
		t = "day"
	case UnitField:
		t = "serial or mark"
	default:
		t = string(f.Type)
	}
	switch {
	case f.RequiredWhen != "":
		t += "; needed when " + f.RequiredWhen
	case !f.Required:
		t += "; may stay empty"
	}
	return t
}

// GivenTexts says which names the field gives, and when each is true.
func (f *RecordField) GivenTexts() []string {
	var out []string
	for n, g := range f.Gives {
		s := "`" + n + "`: " + f.ID + " "
		switch {
		case g.Is != nil:
			s += "is " + strings.Join(g.Is, " or ")
		case g.AtLeast != nil:
			s += "is at least " + strconv.FormatFloat(*g.AtLeast, 'f', -1, 64)
		case g.AtMost != nil:
			s += "is at most " + strconv.FormatFloat(*g.AtMost, 'f', -1, 64)
		default:
			s += "is the same as " + g.SameAs
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}
