package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/determine"
)

func explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "tell everything about one criterion: why, evidence, checks, laws, smallest fix",
		ArgsUsage: "ID",
		Description: `ID is a criterion such as privacy.erase; the name alone, erase, will do where
only one topic has it. iotmark catalogue list shows them all.`,
		Flags:  []cli.Flag{jsonFlag(), &cli.BoolFlag{Name: "all", Usage: "name also what touches the matter loosely, provision by provision"}},
		Action: explain,
	}
}

func jsonFlag() cli.Flag { return &cli.BoolFlag{Name: "json", Usage: "print JSON"} }

func explain(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 {
		return usage("explain takes one criterion, such as iotmark explain privacy.erase; iotmark catalogue list shows them all")
	}
	c, err := catalogue.Load()
	if err != nil {
		return err
	}
	cr, err := c.Find(cmd.Args().First())
	if err != nil {
		return err
	}
	x, err := c.Explain(cr.ID)
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return writeJSON(cmd.Root().Writer, x)
	}
	_, err = io.WriteString(cmd.Root().Writer, explanation(x, cmd.Bool("all")))
	return err
}

// writeJSON prints a value for programs: two blanks a step, as it is.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// page gathers text in sections of 80 columns.
type page struct{ strings.Builder }

func (p *page) section(title string) {
	if p.Len() > 0 {
		p.WriteByte('\n')
	}
	p.WriteString(title + "\n")
}

func (p *page) para(format string, args ...any) {
	p.WriteString(wrap(fmt.Sprintf(format, args...), columns, 2) + "\n")
}

// row prints a word in a column and a text beside it, which hangs. A word
// that is longer than the column has a line of its own.
func (p *page) row(width int, word, text string) {
	p.rowAt(2, width, word, text)
}

func (p *page) rowAt(indent, width int, word, text string) {
	at := indent + width + 2
	if len(word) > width {
		fmt.Fprintf(p, "%*s%s\n", indent, "", word)
		p.WriteString(wrap(text, columns, at) + "\n")
		return
	}
	fmt.Fprintf(p, "%*s%-*s  ", indent, "", width, word)
	p.WriteString(strings.TrimLeft(wrap(text, columns, at), " ") + "\n")
}

func explanation(x catalogue.Explanation, all bool) string {
	var p page
	cr := x.Criterion
	p.WriteString(string(cr.ID) + "\n")
	p.WriteString(wrap(summary(cr, x.Topic), columns, 0) + "\n\n")
	p.para("%s", cr.Statement)
	p.section("For the person who uses it")
	p.para("%s", cr.Consumer)
	p.section("Why")
	p.para("%s", cr.Rationale)
	p.section("Whom it protects: customers, consumers and bystanders, from this")
	for _, r := range x.Protects {
		p.para("%s: %s", r.Name, r.Means)
	}
	p.section("When it applies")
	if cr.AppliesIf == "always" {
		p.para("Always.")
	} else {
		p.para("Unless this is false: %s. A fact that is not known takes nothing away.", cr.AppliesIf)
		for _, f := range x.AppliesWhen {
			p.row(24, string(f.ID), f.Question)
		}
	}
	p.section("Evidence that counts, and the step each kind can reach")
	p.para("It counts from %s: %s", cr.Needs, x.Needs.Means)
	for _, k := range x.Evidence {
		reach := k.Reach
		if !k.Enough {
			reach += ", not enough alone"
		}
		p.row(22, string(k.ID), k.Means+" ("+reach+")")
	}
	p.looks(x)
	p.sources("Laws that ask for the same", x.Laws, all)
	p.sources("Standards, schemes and guidelines that ask for the same", x.Standards, all)
	if cr.Beyond {
		p.section("Beyond")
		p.para("No law, standard or scheme of the collection asks for this closely.")
	} else {
		p.WriteByte('\n')
		p.para("The crosswalk rests on one reader: it says that a provision touches the same matter, never that it is the same, and it is no legal advice.")
	}
	p.section("Smallest fix")
	p.para("%s", cr.Remedy)
	p.para("By estimate %s of work; answering with evidence at hand %s.", catalogue.Minutes(x.Effort.Mend), catalogue.Minutes(x.Effort.Answer))
	return p.String()
}

// summary says in one line how binding a criterion is.
func summary(cr *catalogue.Criterion, t catalogue.TopicRow) string {
	s := fmt.Sprintf("%s. A %s", t.Title, cr.Level)
	if cr.Entry {
		s += " of the first pass"
	}
	return fmt.Sprintf("%s; counts from %s; about %s.", s, cr.Needs, strings.Join(cr.Parts, ", "))
}

// looks says which checks look, and what is left to people.
func (p *page) looks(x catalogue.Explanation) {
	p.section("Checks that look")
	about := map[iotmark.CheckID]string{}
	for _, c := range determine.Checks() {
		about[c.ID] = c.Title
	}
	for _, b := range x.Checks {
		fmt.Fprintf(p, "  %s (%s)\n", b.Check, b.Role)
		if t := about[b.Check]; t != "" {
			p.WriteString(wrap(t, columns, 4) + "\n")
		}
		p.WriteString(wrap("because "+b.Because, columns, 4) + "\n")
	}
	for _, r := range []catalogue.Role{catalogue.Proof, catalogue.Guard, catalogue.Hint} {
		if slices.ContainsFunc(x.Checks, func(b catalogue.Binding) bool { return b.Role == r }) {
			p.para("%s", role(r))
		}
	}
	if len(x.Checks) == 0 {
		p.para("None is built in yet.")
	}
	var missing []string
	for _, f := range x.Families {
		if !slices.ContainsFunc(x.Checks, func(b catalogue.Binding) bool { return b.Family == f.ID }) {
			missing = append(missing, string(f.ID))
		}
	}
	if len(missing) > 0 && len(x.Checks) > 0 {
		p.para("Named by the criterion and not built in yet: %s.", strings.Join(missing, ", "))
	}
	p.para("By program: %s. %s", x.Criterion.Automation, x.Criterion.Method)
}

// role says what a check in this role may do to a criterion.
func role(r catalogue.Role) string {
	switch r {
	case catalogue.Proof:
		return "A proof that passed supports the claim; one that failed contradicts it."
	case catalogue.Guard:
		return "A guard that failed contradicts the claim; one that passed proves nothing."
	}
	return "A hint is shown to people and decides nothing."
}

// sources prints instruments with what they ask. What touches the matter only
// loosely is counted, unless all of it is wanted.
func (p *page) sources(title string, list []catalogue.Source, all bool) {
	if len(list) == 0 {
		return
	}
	p.section(title)
	loose := 0
	for _, s := range list {
		if s.Confidence == "low" && !all {
			loose += len(s.Provisions)
			continue
		}
		p.WriteString(hang(s.Title+note(s), columns, 2, 4) + "\n")
		for _, pr := range s.Provisions {
			if pr.Confidence == "low" && !all {
				loose++
				continue
			}
			text := pr.Title
			if pr.Confidence == "low" {
				text += " (loosely)"
			}
			p.rowAt(4, 10, string(pr.ID), text)
		}
	}
	if loose > 0 {
		noun := "provisions"
		if loose == 1 {
			noun = "provision"
		}
		p.para("%d more %s loosely, or with low confidence; --all names them.", loose, noun)
	}
}

// note names an instrument for iotmark catalogue show, with its markets.
func note(s catalogue.Source) string {
	words := []string{string(s.ID)}
	if s.Kind == "law" {
		words = append(words, strings.ToUpper(strings.Join(s.Markets, " ")))
		switch {
		case s.From != "":
			words = append(words, "binds makers from "+s.From)
		case s.Binding:
			words = append(words, "binds makers")
		}
	}
	return " [" + strings.Join(words, "; ") + "]"
}
