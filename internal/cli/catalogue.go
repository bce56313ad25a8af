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
	"github.com/open-iot-mark/iotmark/internal/determine"
)

func catalogueCommand() *cli.Command {
	return &cli.Command{
		Name:  "catalogue",
		Usage: "look at the criteria, and the laws and standards beside",
		Commands: []*cli.Command{
			{
				Name:  "list",
				Usage: "list the criteria by topic",
				Description: `Each criterion is printed with its level, a star when it is part of the first
pass, the step from which it counts, what a program decides, its id, and what
it means for the person who uses the product.`,
				Flags: []cli.Flag{
					&cli.StringSliceFlag{Name: "topic", Usage: "only criteria of `TOPIC`; may be repeated"},
					&cli.StringSliceFlag{Name: "level", Usage: "only `LEVEL` must, should or may"},
					&cli.BoolFlag{Name: "entry", Usage: "only the criteria of the first pass"},
					&cli.BoolFlag{Name: "wide", Usage: "one line a criterion, however long"},
					jsonFlag(),
				},
				Action: catalogueList,
			},
			{
				Name:      "show",
				Usage:     "show a topic, criterion, instrument or the scheme",
				ArgsUsage: "TOPIC|ID|INSTRUMENT|scheme",
				Flags:     []cli.Flag{jsonFlag()},
				Action:    catalogueShow,
			},
			{
				Name:  "lint",
				Usage: "check that the catalogue and the checks agree",
				Flags: []cli.Flag{
					&cli.BoolFlag{Name: "coverage", Usage: "print how far the criteria reach, by topic, risk and instrument"},
					jsonFlag(),
				},
				Action: catalogueLint,
			},
			coverageCommand(),
			procedureCommand(),
			regulationsCommand(),
			methodCommand(),
			{
				Name:  "schema",
				Usage: "print the declaration's JSON Schema, for editors",
				Description: `Keep it beside the declaration, and begin the declaration with
# yaml-language-server: $schema=iotmark.schema.json`,
				Action: catalogueSchema,
			},
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.NArg() > 0 {
				return noCommand(cmd)
			}
			return cli.ShowSubcommandHelp(cmd)
		},
	}
}

// noCommand says that a command has no command of that name, and which it has.
func noCommand(cmd *cli.Command) error {
	var known []string
	for _, c := range cmd.Commands {
		if !c.Hidden {
			known = append(known, c.Name)
		}
	}
	word := cmd.Args().First()
	last := len(known) - 1
	return usage("%s has no command %q.%s It has %s and %s; %s --help tells more", cmd.FullName(), word, suggestion(word, known), strings.Join(known[:last], ", "), known[last], cmd.FullName())
}

// listed is one row of the list in JSON.
type listed struct {
	ID         iotmark.CriterionID    `json:"id"`
	Topic      iotmark.Topic          `json:"topic"`
	Level      iotmark.Level          `json:"level"`
	Entry      bool                   `json:"entry"`
	Needs      string                 `json:"needs"`
	Automation string                 `json:"automation"`
	AppliesIf  string                 `json:"applies_if"`
	Statement  string                 `json:"statement"`
	Consumer   string                 `json:"consumer"`
	Checks     []catalogue.Binding    `json:"checks"`
	Effort     catalogue.Effort       `json:"effort"`
	Risks      []string               `json:"risks"`
	Beyond     bool                   `json:"beyond"`
	Evidence   []iotmark.EvidenceKind `json:"evidence"`
}

func catalogueList(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 0 {
		return usage("catalogue list takes no argument, but found %s; narrow it with --topic, --level and --entry", strings.Join(cmd.Args().Slice(), " "))
	}
	c, err := catalogue.Load()
	if err != nil {
		return err
	}
	topics, err := among(cmd, "topic", names(iotmark.Topics()))
	if err != nil {
		return err
	}
	levels, err := among(cmd, "level", []string{"must", "should", "may"})
	if err != nil {
		return err
	}
	keep := func(cr *catalogue.Criterion) bool {
		return (len(topics) == 0 || slices.Contains(topics, string(cr.ID.Topic()))) &&
			(len(levels) == 0 || slices.Contains(levels, string(cr.Level))) && (cr.Entry || !cmd.Bool("entry"))
	}
	if cmd.Bool("json") {
		rows := []listed{}
		for _, cr := range c.Criteria {
			if keep(cr) {
				rows = append(rows, row(c, cr))
			}
		}
		return writeJSON(cmd.Root().Writer, rows)
	}
	var p page
	total := 0
	for _, t := range c.Scheme.Topics {
		var kept []*catalogue.Criterion
		for _, cr := range c.InTopic(t.ID) {
			if keep(cr) {
				kept = append(kept, cr)
			}
		}
		if len(kept) == 0 {
			continue
		}
		total += len(kept)
		p.section(fmt.Sprintf("%s (%s, %d)", t.Title, t.ID, len(kept)))
		for _, cr := range kept {
			p.listRow(cr, cmd.Bool("wide"))
		}
	}
	if total == 0 {
		p.WriteString("No criterion fits all of these.\n")
	} else {
		fmt.Fprintf(&p, "\n%s; * marks the first pass. iotmark explain ID tells all about one.\n", count(total, "criterion", "criteria"))
	}
	_, err = io.WriteString(cmd.Root().Writer, p.String())
	return err
}

func (p *page) listRow(cr *catalogue.Criterion, wide bool) {
	star := " "
	if cr.Entry {
		star = "*"
	}
	if wide {
		fmt.Fprintf(p, "  %-6s %s %-8s  %-6s  %-41s  %s\n", cr.Level, star, cr.Needs, cr.Automation, cr.ID, cr.Consumer)
		return
	}
	fmt.Fprintf(p, "  %-6s %s %-8s  %-6s  %s\n", cr.Level, star, cr.Needs, cr.Automation, cr.ID)
	p.WriteString(wrap(cr.Consumer, columns, 11) + "\n")
}

func row(c *catalogue.Catalogue, cr *catalogue.Criterion) listed {
	checks := c.Bindings.Criteria[cr.ID]
	if checks == nil {
		checks = []catalogue.Binding{}
	}
	return listed{cr.ID, cr.ID.Topic(), cr.Level, cr.Entry, cr.Needs, cr.Automation, cr.AppliesIf, cr.Statement, cr.Consumer,
		checks, c.Efforts[cr.ID], cr.Risks, cr.Beyond, cr.Evidence}
}

// among reads a flag whose values are from a closed list.
func among(cmd *cli.Command, flag string, known []string) ([]string, error) {
	got := cmd.StringSlice(flag)
	for _, s := range got {
		if slices.Contains(known, s) {
			continue
		}
		hint := ""
		if m := catalogue.Suggest(s, known); m != "" {
			hint = " Did you mean " + m + "?"
		}
		return nil, usage("--%s %s is not known.%s Known: %s", flag, s, hint, strings.Join(known, ", "))
	}
	return got, nil
}

func names[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return out
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func catalogueShow(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 {
		return usage("catalogue show takes one name: a topic, a criterion, an instrument, or scheme")
	}
	c, err := catalogue.Load()
	if err != nil {
		return err
	}
	if err := c.LoadInstruments(); err != nil {
		return err
	}
	word := cmd.Args().First()
	var data any
	var text string
	switch topic, is := c.Topic(iotmark.Topic(word)); {
	case word == "scheme":
		data, text = c.Scheme, showScheme(c)
	case is:
		data, text = topicData(c, topic), showTopic(c, topic)
	case c.Instrument(iotmark.InstrumentID(word)) != nil:
		in := c.Instrument(iotmark.InstrumentID(word))
		touching := c.Touching(in.ID)
		data, text = struct {
			*catalogue.Instrument
			Touching map[iotmark.ProvisionID][]catalogue.Touch `json:"criteria"`
		}{in, touching}, showInstrument(in, touching)
	default:
		cr, err := c.Find(word)
		if err != nil {
			return nothingNamed(c, word)
		}
		data, text = cr, showCriterion(c, cr)
	}
	if cmd.Bool("json") {
		return writeJSON(cmd.Root().Writer, data)
	}
	_, err = io.WriteString(cmd.Root().Writer, text)
	return err
}

// nothingNamed proposes the most like of all the names that show knows.
func nothingNamed(c *catalogue.Catalogue, word string) error {
	known := append(names(iotmark.Topics()), "scheme")
	for _, in := range c.Instruments {
		known = append(known, string(in.ID))
	}
	for _, cr := range c.Criteria {
		known = append(known, string(cr.ID))
	}
	msg := fmt.Sprintf("nothing in the catalogue is named %q.", word)
	if s := catalogue.Suggest(word, known); s != "" {
		msg += " Did you mean " + s + "?"
	}
	return &iotmark.Error{Kind: iotmark.NotFound, ID: "name-unknown", Msg: msg}
}

func showTopic(c *catalogue.Catalogue, t catalogue.TopicRow) string {
	var p page
	list := c.InTopic(t.ID)
	n := c.Count(list)
	p.WriteString(t.Title + "\n")
	p.WriteString(wrap(t.Asks, columns, 0) + "\n\n")
	p.para("%d criteria: %d must, %d should, %d may; %d in the first pass; %d with a check.", n.Criteria, n.Must, n.Should, n.May, n.Entry, n.Bound)
	for _, cr := range list {
		p.section(string(cr.ID))
		entry := ""
		if cr.Entry {
			entry = ", first pass"
		}
		applies := "always applies"
		if cr.AppliesIf != "always" {
			applies = "applies unless false: " + cr.AppliesIf
		}
		p.para("%s%s; counts from %s; by program: %s; %s", cr.Level, entry, cr.Needs, cr.Automation, applies)
		p.para("%s", cr.Statement)
		for _, b := range c.Bindings.Criteria[cr.ID] {
			p.para("Check %s (%s)", b.Check, b.Role)
		}
	}
	return p.String()
}

func showCriterion(c *catalogue.Catalogue, cr *catalogue.Criterion) string {
	var p page
	p.WriteString(string(cr.ID) + "\n")
	entry := "no"
	if cr.Entry {
		entry = "yes, part of the first pass"
	}
	beyond := "no"
	if cr.Beyond {
		beyond = "yes, no instrument of the collection asks for it closely"
	}
	none := func(s string) string {
		if s == "" {
			return "none"
		}
		return s
	}
	var bound []string
	for _, b := range c.Bindings.Criteria[cr.ID] {
		bound = append(bound, fmt.Sprintf("%s (%s)", b.Check, b.Role))
	}
	for _, r := range [][2]string{
		{"level", string(cr.Level)},
		{"entry", entry},
		{"parts", strings.Join(cr.Parts, ", ")},
		{"applies if", cr.AppliesIf},
		{"statement", cr.Statement},
		{"consumer", cr.Consumer},
		{"rationale", cr.Rationale},
		{"evidence", strings.Join(names(cr.Evidence), ", ")},
		{"automation", cr.Automation},
		{"families", none(strings.Join(names(cr.Checks), ", "))},
		{"checks", none(strings.Join(bound, ", "))},
		{"method", cr.Method},
		{"risks", strings.Join(cr.Risks, ", ")},
		{"themes", none(strings.Join(names(cr.Themes), ", "))},
		{"touches", none(strings.Join(names(cr.Touches), ", "))},
		{"beyond", beyond},
		{"needs", cr.Needs},
		{"remedy", cr.Remedy},
		{"effort", fmt.Sprintf("answer %s, mend %s (estimates)", catalogue.Minutes(c.Efforts[cr.ID].Answer), catalogue.Minutes(c.Efforts[cr.ID].Mend))},
		{"origin", strings.Join(cr.Origin, ", ")},
	} {
		p.row(10, r[0], r[1])
	}
	p.WriteString("\n" + wrap(fmt.Sprintf("iotmark explain %s also tells which laws and standards ask the same.", cr.ID), columns, 0) + "\n")
	return p.String()
}

func showInstrument(in *catalogue.Instrument, touching map[iotmark.ProvisionID][]catalogue.Touch) string {
	var p page
	p.WriteString(wrap(in.Title, columns, 0) + "\n\n")
	p.row(12, "id", string(in.ID))
	p.row(12, "kind", fmt.Sprintf("%s of %s, about %s", in.Kind, in.Issuer, strings.Join(in.About, " and ")))
	p.row(12, "version", in.Version+", "+in.Date)
	p.row(12, "markets", fmt.Sprintf("%s (%s)", strings.Join(in.Markets, ", "), in.Jurisdiction))
	p.row(12, "scope", in.Scope)
	p.row(12, "confidence", in.Confidence+", read by one person, in our own words")
	p.row(12, "address", in.URL)
	p.row(12, "state", fmt.Sprintf("%s as of %s. %s", in.Status.State, in.Status.AsOf, in.Status.Summary))
	p.section("Dates")
	for _, d := range in.Status.Dates {
		sure := ""
		if !d.Certain {
			sure = " (to be confirmed)"
		}
		p.row(10, d.Date, d.Event+sure)
	}
	p.section(fmt.Sprintf("Provisions (%d), and the criteria that touch them", len(in.Provisions)))
	for _, pr := range in.Provisions {
		level := pr.Level
		if pr.When != "" {
			level += " when " + pr.When
		}
		if pr.From != "" {
			level += ", from " + pr.From
		}
		p.row(12, string(pr.ID), fmt.Sprintf("%s (%s)", pr.Title, level))
		var closely, loosely []string
		for _, t := range touching[pr.ID] {
			if t.Closely {
				closely = append(closely, string(t.Criterion))
			} else {
				loosely = append(loosely, string(t.Criterion))
			}
		}
		switch {
		case len(closely) > 0:
			p.WriteString(wrap("= "+strings.Join(closely, ", "), columns, 16) + "\n")
		case len(loosely) > 0:
			p.WriteString(wrap("~ "+strings.Join(loosely, ", "), columns, 16) + "\n")
		}
	}
	p.WriteString("\n  = closely, ~ loosely; nothing where no criterion touches it.\n")
	return p.String()
}

func showScheme(c *catalogue.Catalogue) string {
	var p page
	s := &c.Scheme
	p.WriteString(wrap(s.Title, columns, 0) + "\n")
	fmt.Fprintf(&p, "Edition %s, %s. Licence %s.\n\n", s.Edition, s.State, s.Licence)
	p.para("%s", s.Attribution)
	p.section("Topics")
	for _, t := range s.Topics {
		p.row(18, string(t.ID), t.Title+". "+t.Asks)
	}
	p.section("Risks for customers")
	for _, r := range s.Risks {
		p.row(18, r.ID, r.Name+". "+r.Means)
	}
	p.section("Words")
	for _, d := range s.Definitions {
		p.row(18, d.Term, d.Means)
	}
	p.section("How binding a criterion is")
	p.terms(s.Levels)
	p.row(18, "entry", s.Entry)
	p.section("Parts of a product")
	p.terms(s.Parts)
	p.section("How sure we are, weakest step first")
	for _, a := range s.Assurance {
		p.row(18, a.ID, a.Means)
	}
	p.row(18, "needs", s.Needs)
	p.section("What a claim may say")
	for _, a := range s.Answers {
		p.row(18, string(a.ID), a.Means)
	}
	p.section("Tracks")
	for _, t := range s.Tracks {
		p.row(18, string(t.ID), fmt.Sprintf("Judged by %s. Shows %s. %s", t.JudgedBy, t.Shows, t.Rule))
		if len(t.AfterGrant) > 0 {
			p.row(18, "", "Duties that begin with the grant: "+strings.Join(names(t.AfterGrant), ", ")+".")
		}
	}
	p.section("Product facts, which alone decide what applies")
	for _, f := range s.Facts {
		p.row(24, string(f.ID), f.Question)
	}
	p.section("Kinds of evidence, and the strongest step each can carry")
	for _, k := range s.EvidenceKinds {
		p.row(24, string(k.ID), fmt.Sprintf("%s (%s)", k.Means, k.Reach))
	}
	p.section("Visibility of evidence")
	p.terms(s.Visibility)
	p.section("What a program decides")
	p.terms(s.Automation)
	p.section("Families of checks, and the checks that are bound")
	bound := c.FamilyChecks()
	for _, f := range s.Checks {
		live := ""
		if f.Live {
			live = " (needs a connection or a unit)"
		}
		p.row(20, string(f.ID), f.Means+live)
		for _, id := range bound[f.ID] {
			p.row(20, "", "+ "+string(id))
		}
	}
	return p.String()
}

func (p *page) terms(list []catalogue.Term) {
	for _, t := range list {
		p.row(18, t.ID, t.Means)
	}
}

// lintResult is what lint says in JSON.
type lintResult struct {
	Problems []problem            `json:"problems"`
	Totals   *catalogue.Totals    `json:"totals,omitempty"`
	Coverage []catalogue.Coverage `json:"coverage,omitempty"`
	Gaps     []catalogue.Gap      `json:"gaps,omitempty"`
}

type problem struct {
	ID    iotmark.ErrorID `json:"id"`
	Where string          `json:"where"`
	Field string          `json:"field,omitempty"`
	Says  string          `json:"says"`
}

// lint returns what does not agree within the catalogue, and between it and
// the checks.
func lint(c *catalogue.Catalogue) iotmark.Errors {
	var built []iotmark.CheckID
	for _, k := range determine.Checks() {
		built = append(built, k.ID)
	}
	return append(catalogue.Lint(c), catalogue.LintBindings(c, built)...)
}

func catalogueLint(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 0 {
		return usage("catalogue lint takes no argument; it looks at the catalogue that is built in")
	}
	c, err := catalogue.Load()
	if err != nil {
		return err
	}
	problems := lint(c)
	out := cmd.Root().Writer
	res := lintResult{Problems: []problem{}}
	for _, e := range problems {
		res.Problems = append(res.Problems, problem{e.ID, e.Pos, e.Field, e.Msg})
	}
	if len(problems) > 0 {
		if cmd.Bool("json") {
			if err := writeJSON(out, res); err != nil {
				return err
			}
			return said(iotmark.Invalid, "catalogue-invalid")
		}
		return problems
	}
	totals, err := c.Total()
	if err != nil {
		return err
	}
	res.Totals = &totals
	if cmd.Bool("coverage") {
		if res.Coverage, err = c.Coverage(); err != nil {
			return err
		}
		if res.Gaps, err = c.Gaps(); err != nil {
			return err
		}
	}
	if cmd.Bool("json") {
		return writeJSON(out, res)
	}
	var p page
	if cmd.Bool("coverage") {
		p.coverage(c, res)
	}
	p.WriteString(wrap(totals.String()+".", columns, 0) + "\nThe catalogue agrees with itself and with the checks.\n")
	_, err = io.WriteString(out, p.String())
	return err
}

func (p *page) coverage(c *catalogue.Catalogue, res lintResult) {
	head := func(first string) {
		fmt.Fprintf(p, "%-17s%6s%6s%7s%5s%6s%6s%7s%6s%7s%7s\n", first, "all", "must", "should", "may", "entry", "full", "partly", "none", "beyond", "check")
	}
	line := func(name string, list []*catalogue.Criterion) {
		n := c.Count(list)
		fmt.Fprintf(p, "%-17s%6d%6d%7d%5d%6d%6d%7d%6d%7d%7d\n", name, n.Criteria, n.Must, n.Should, n.May, n.Entry, n.Full, n.Partly, n.None, n.Beyond, n.Bound)
	}
	head("topic")
	for _, t := range c.Scheme.Topics {
		line(string(t.ID), c.InTopic(t.ID))
	}
	line("all", c.Criteria)
	p.WriteByte('\n')
	head("risk")
	for _, r := range c.Scheme.Risks {
		var list []*catalogue.Criterion
		for _, cr := range c.Criteria {
			if slices.Contains(cr.Risks, r.ID) {
				list = append(list, cr)
			}
		}
		line(r.ID, list)
	}
	fmt.Fprintf(p, "\n%-28s%-15s%6s%7s%8s%8s%7s\n", "instrument", "about", "prov.", "themes", "closely", "reached", "share")
	var sum catalogue.Coverage
	for _, r := range res.Coverage {
		fmt.Fprintf(p, "%-28s%-15s%6d%7d%8d%8d%6d%%\n", r.Instrument, strings.Join(r.About, "+"), r.Provisions, r.InThemes, r.Closely, r.Reached, percent(r.Reached, r.Provisions))
		sum.Provisions += r.Provisions
		sum.InThemes += r.InThemes
		sum.Closely += r.Closely
		sum.Reached += r.Reached
	}
	fmt.Fprintf(p, "%-43s%6d%7d%8d%8d%6d%%\n", "all", sum.Provisions, sum.InThemes, sum.Closely, sum.Reached, percent(sum.Reached, sum.Provisions))
	p.section("Themes about products that no criterion meets closely")
	for _, g := range res.Gaps {
		touched := ""
		if g.Touched {
			touched = " (touched)"
		}
		p.row(4, string(g.Theme), g.Title+touched)
	}
	p.section("Criteria beyond every instrument")
	var beyond []string
	for _, cr := range c.Criteria {
		if cr.Beyond {
			beyond = append(beyond, string(cr.ID))
		}
	}
	p.para("%s.", strings.Join(beyond, ", "))
	p.WriteByte('\n')
}

// percent rounds to the next whole number.
func percent(n, of int) int {
	if of == 0 {
		return 0
	}
	return (200*n + of) / (2 * of)
}

func catalogueSchema(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 0 {
		return usage("catalogue schema takes nothing, but found %s", cmd.Args().First())
	}
	cat, err := catalogue.Load()
	if err != nil {
		return err
	}
	_, err = cmd.Root().Writer.Write(cat.Schema)
	return err
}
