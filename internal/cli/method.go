package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

func methodCommand() *cli.Command {
	return &cli.Command{
		Name:      "method",
		Usage:     "show a method of inspection, check a filled form",
		ArgsUsage: "[METHOD|CRITERION]",
		Description: `Without a name the methods are listed. With a criterion those are listed that
serve it. --format markdown prints one for paper, with lines to fill in.
--record reads a filled form and says which verdict follows from it:

   {"unit_1": "A-0417", "in_scope": true, ..., "verdict": "pass"}`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Usage: "`FORMAT` text or markdown", Value: "text"},
			&cli.StringFlag{Name: "record", Usage: "check the form in `FILE`, JSON; - reads it from stdin"},
			jsonFlag(),
		},
		Action: catalogueMethod,
	}
}

func catalogueMethod(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 1 {
		return usage("catalogue method takes one method or criterion, but found %s", strings.Join(cmd.Args().Slice(), " "))
	}
	if f := cmd.String("format"); f != "text" && f != "markdown" {
		return usage("--format %s is not known. Known: text, markdown", f)
	}
	c, err := catalogue.Load()
	if err != nil {
		return err
	}
	if err := c.LoadMethods(); err != nil {
		return err
	}
	word := cmd.Args().First()
	cr, findErr := c.Find(word)
	if word == "" || findErr == nil {
		if cmd.String("record") != "" {
			return usage("--record needs the method whose form it is, such as iotmark catalogue method %s", c.Methods[0].ID)
		}
		return listMethods(cmd, c, cr)
	}
	m, err := c.FindMethod(word)
	if err != nil {
		return err
	}
	out := cmd.Root().Writer
	switch {
	case cmd.String("record") != "":
		return checkRecord(cmd, m)
	case cmd.Bool("json"):
		return writeJSON(out, struct {
			*catalogue.Method
			SHA256 iotmark.Digest `json:"sha256"`
		}{m, m.Digest})
	case cmd.String("format") == "markdown":
		_, err = out.Write(c.Markdown(m))
	default:
		_, err = io.WriteString(out, methodPage(c, m))
	}
	return err
}

// methodRow is a method in the list in JSON.
type methodRow struct {
	ID      iotmark.MethodID      `json:"id"`
	Version int                   `json:"version"`
	SHA256  iotmark.Digest        `json:"sha256"`
	Title   string                `json:"title"`
	Carries string                `json:"carries"`
	Minutes int                   `json:"minutes"`
	Serves  []iotmark.CriterionID `json:"serves"`
}

// listMethods lists all methods, or those for one criterion.
func listMethods(cmd *cli.Command, c *catalogue.Catalogue, cr *catalogue.Criterion) error {
	list := c.Methods
	if cr != nil {
		list = c.MethodsFor(cr.ID)
	}
	if cmd.Bool("json") {
		rows := []methodRow{}
		for _, m := range list {
			serves := append([]iotmark.CriterionID{}, m.Serves...)
			rows = append(rows, methodRow{m.ID, m.Version, m.Digest, m.Title, m.Carries, m.Minutes, serves})
		}
		return writeJSON(cmd.Root().Writer, rows)
	}
	var p page
	if cr != nil {
		p.WriteString(wrap(fmt.Sprintf("%s needs %s.", cr.ID, cr.Needs), columns, 0) + "\n")
		if cr.Needs == iotmark.Checked.String() {
			p.para("A program decides it. Where none of its checks can, a person reads:")
		}
		p.WriteString("\n")
	}
	for _, m := range list {
		fmt.Fprintf(&p, "  %-38s %-8s  about %s\n", m.ID, m.Carries, catalogue.Minutes(m.Minutes))
		p.WriteString(wrap(m.Title, columns, 4) + "\n")
	}
	p.WriteString("\niotmark catalogue method ID shows one.\n")
	_, err := io.WriteString(cmd.Root().Writer, p.String())
	return err
}

func methodPage(c *catalogue.Catalogue, m *catalogue.Method) string {
	var p page
	p.WriteString(string(m.ID) + "\n")
	p.WriteString(wrap(fmt.Sprintf("%s. Version %d, %s.", m.Title, m.Version, m.Digest.Short()), columns, 0) + "\n\n")
	p.para("%s", m.Purpose)
	p.WriteByte('\n')
	serves := "every criterion that needs assessed"
	if !m.Generic {
		serves = strings.Join(names(m.Serves), ", ")
	}
	p.row(11, "serves", serves)
	p.row(11, "carries to", m.Carries)
	p.row(11, "competence", strings.Join(names(m.Competence), ", ")+", and the topic of the criterion")
	p.row(11, "sample", m.Sample.Text())
	p.row(11, "work", "about "+catalogue.Minutes(m.Minutes)+" (estimate)")
	for _, s := range m.Source {
		p.row(11, "source", s.Text(c))
	}
	p.section("Equipment")
	for _, e := range m.Equipment {
		p.bullet("-", e.Text())
	}
	p.bullets("Hazards", m.Hazards)
	p.section("Preparation")
	for i, s := range m.Preparation {
		p.bullet(fmt.Sprintf("%d.", i+1), s)
	}
	p.section("Steps")
	for i, s := range m.Steps {
		p.bullet(fmt.Sprintf("%d.", i+1), s.Do)
		p.WriteString(wrap("Expect: "+s.Expect, columns, 5) + "\n")
		if n := s.Notes(); n != "" {
			p.WriteString(wrap(n, columns, 5) + "\n")
		}
	}
	p.section("Record")
	for i := range m.Fields {
		f := &m.Fields[i]
		p.row(18, f.ID, f.Label+": "+f.Holds()+".")
	}
	p.verdict("fail, when any of these is true", m.Verdict.Fail)
	p.verdict("inconclusive, else, when any of these is true", m.Verdict.Inconclusive)
	p.verdict("pass, else, when all of these are true", m.Verdict.Pass)
	p.WriteString("\nVerdict inconclusive in every other case.\n")
	p.section("What the names in these rules mean, beside the truth values above")
	for i := range m.Fields {
		for _, s := range m.Fields[i].GivenTexts() {
			p.para("%s.", strings.ReplaceAll(s, "`", ""))
		}
	}
	p.section("Blind second opinion")
	for _, r := range m.SecondOpinion {
		p.bullet("-", "when "+r.When+": "+r.Means)
	}
	p.bullets("What a pass does not show", m.Limits)
	return p.String()
}

func (p *page) bullet(mark, text string) {
	at := len(mark) + 3
	p.WriteString("  " + mark + " " + strings.TrimLeft(wrap(text, columns, at), " ") + "\n")
}

func (p *page) bullets(title string, list []string) {
	p.section(title)
	for _, s := range list {
		p.bullet("-", s)
	}
}

func (p *page) verdict(title string, rules []catalogue.MethodRule) {
	if len(rules) == 0 {
		return
	}
	p.section("Verdict " + title)
	for _, r := range rules {
		p.bullet("-", r.When)
		p.WriteString(wrap(r.Means, columns, 4) + "\n")
	}
}

// recordResult is what a filled form gives, in JSON.
type recordResult struct {
	Method   iotmark.MethodID          `json:"method"`
	Version  int                       `json:"version"`
	SHA256   iotmark.Digest            `json:"sha256"`
	Verdict  iotmark.InspectionVerdict `json:"verdict"`
	Because  []catalogue.MethodRule    `json:"because"`
	Second   []catalogue.MethodRule    `json:"second_opinion"`
	Problems []problem                 `json:"problems"`
}

// checkRecord says which verdict follows from a filled form.
func checkRecord(cmd *cli.Command, m *catalogue.Method) error {
	raw, err := readBounded(cmd, cmd.String("record"), catalogue.MaxRecord)
	if err != nil {
		return err
	}
	record, err := catalogue.ReadRecord(raw)
	if err != nil {
		return err
	}
	res := recordResult{Method: m.ID, Version: m.Version, SHA256: m.Digest, Problems: []problem{}}
	res.Verdict, res.Because = m.Conclude(record)
	res.Because, res.Second = slices.Concat([]catalogue.MethodRule{}, res.Because), slices.Concat([]catalogue.MethodRule{}, m.NeedsSecond(record))
	errs := m.Check(record)
	for _, e := range errs {
		res.Problems = append(res.Problems, problem{e.ID, cmd.String("record"), e.Field, e.Msg})
	}
	out := cmd.Root().Writer
	if cmd.Bool("json") {
		if err := writeJSON(out, res); err != nil {
			return err
		}
		if len(errs) > 0 {
			return said(iotmark.Invalid, "record-invalid")
		}
		return nil
	}
	if len(errs) > 0 {
		return errs
	}
	var p page
	p.WriteString(wrap(fmt.Sprintf("%s, version %d: %s.", m.ID, m.Version, res.Verdict), columns, 0) + "\n")
	for _, r := range res.Because {
		p.bullet("-", r.Means)
	}
	for _, r := range res.Second {
		p.para("A blind second opinion is needed: %s", r.Means)
	}
	_, err = io.WriteString(out, p.String())
	return err
}
