package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	checks "github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/determine"
)

func explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "tell all about a criterion, a check or a topic",
		ArgsUsage: "NAME",
		Description: `NAME is a criterion such as privacy.erase, a check such as
provenance.sbom-minimum, or a topic such as privacy. The name alone, erase,
will do where only one topic has it. iotmark catalogue list shows all
criteria.`,
		Flags:  []cli.Flag{jsonFlag(), &cli.BoolFlag{Name: "all", Usage: "name also each provision that touches it loosely"}},
		Action: explain,
	}
}

func jsonFlag() cli.Flag { return &cli.BoolFlag{Name: "json", Usage: "print JSON"} }

// listHint is where the names stand.
const listHint = "iotmark catalogue list shows all criteria"

func explain(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 {
		return usage("explain takes one criterion, check or topic, such as iotmark explain privacy.erase; " + listHint)
	}
	c, err := catalogue.Load()
	if err != nil {
		return err
	}
	data, text, err := explained(c, cmd.Args().First(), cmd.Bool("all"))
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return writeJSON(cmd.Root().Writer, data)
	}
	_, err = io.WriteString(cmd.Root().Writer, text)
	return err
}

// explained returns what is known under a name, for programs and for people.
func explained(c *catalogue.Catalogue, word string, all bool) (data any, text string, err error) {
	if t, is := c.Topic(iotmark.Topic(word)); is {
		return topicData(c, t), topicPage(c, t), nil
	}
	cr, err := c.Find(word)
	if err != nil {
		if k := findCheck(word); k != nil {
			return checkData(c, k), checkPage(c, k), nil
		}
		return nil, "", nothingToExplain(c, word)
	}
	x, err := c.Explain(cr.ID)
	if err != nil {
		return nil, "", err
	}
	return x, explanation(x, all), nil
}

// findCheck returns the check with that id, or the only one with that name
// after the dot.
func findCheck(word string) *checks.Check {
	var found []checks.Check
	for _, k := range determine.Checks() {
		if string(k.ID) == word {
			return &k
		}
		if _, name, _ := strings.Cut(string(k.ID), "."); name == word {
			found = append(found, k)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return &found[0]
}

// nothingToExplain proposes the most like of all names, also of the short
// ones when the word has no dot.
func nothingToExplain(c *catalogue.Catalogue, word string) error {
	known := names(iotmark.Topics())
	for _, cr := range c.Criteria {
		known = append(known, string(cr.ID))
	}
	for _, k := range determine.Checks() {
		known = append(known, string(k.ID))
	}
	meant := catalogue.Suggest(word, known)
	if meant == "" && !strings.Contains(word, ".") {
		full, short := map[string]string{}, []string{}
		for _, id := range known {
			if _, name, ok := strings.Cut(id, "."); ok {
				full[name] = id
				short = append(short, name)
			}
		}
		meant = full[catalogue.Suggest(word, short)]
	}
	msg := fmt.Sprintf("there is no criterion, check or topic %q.", word)
	if meant != "" {
		msg += " Did you mean " + meant + "?"
	}
	return &iotmark.Error{Kind: iotmark.NotFound, ID: "name-unknown", Msg: msg + " " + listHint}
}

// explainedTopic is a topic in JSON.
type explainedTopic struct {
	Topic    catalogue.TopicRow `json:"topic"`
	Criteria []listed           `json:"criteria"`
}

func topicData(c *catalogue.Catalogue, t catalogue.TopicRow) explainedTopic {
	x := explainedTopic{Topic: t, Criteria: []listed{}}
	for _, cr := range c.InTopic(t.ID) {
		x.Criteria = append(x.Criteria, row(c, cr))
	}
	return x
}

func topicPage(c *catalogue.Catalogue, t catalogue.TopicRow) string {
	var p page
	list := c.InTopic(t.ID)
	p.WriteString(t.Title + "\n")
	p.WriteString(wrap(t.Asks, columns, 0) + "\n")
	p.section(count(len(list), "criterion", "criteria") + "; * marks the first pass")
	for _, cr := range list {
		p.listRow(cr, false)
	}
	p.section("Checks that look")
	for _, k := range determine.Checks() {
		if k.ID.Topic() == t.ID {
			p.rowAt(2, 9, string(k.ID), k.Title)
		}
	}
	fmt.Fprintf(&p, "\niotmark explain ID tells all about one criterion or check.\n")
	return p.String()
}

// explainedCheck is a check in JSON.
type explainedCheck struct {
	ID        iotmark.CheckID  `json:"id"`
	Version   int              `json:"version"`
	Title     string           `json:"title"`
	What      string           `json:"what"`
	Why       string           `json:"why"`
	Satisfy   string           `json:"satisfy"`
	Limits    string           `json:"limits"`
	Sources   []string         `json:"sources"`
	Certainty checks.Certainty `json:"certainty"`
	Evidence  []string         `json:"evidence"` // kinds that it reads
	Serves    []served         `json:"serves"`
}

// served is a criterion that a check serves.
type served struct {
	Criterion iotmark.CriterionID `json:"criterion"`
	Role      catalogue.Role      `json:"role"`
	Because   string              `json:"because"`
}

func checkData(c *catalogue.Catalogue, k *checks.Check) explainedCheck {
	x := explainedCheck{ID: k.ID, Version: k.Version, Title: k.Title, What: k.What, Why: k.Why, Satisfy: k.Satisfy,
		Limits: k.Limits, Sources: k.Cites, Certainty: k.Certainty, Evidence: []string{}, Serves: []served{}}
	for _, n := range k.Reads {
		kinds := names(n.Kinds)
		if len(kinds) == 0 {
			kinds = []string{cmp.Or(n.Reader, "evidence") + " of any kind"}
		}
		for _, kind := range kinds {
			if !slices.Contains(x.Evidence, kind) {
				x.Evidence = append(x.Evidence, kind)
			}
		}
	}
	for _, id := range c.Serves(k.ID) {
		for _, b := range c.Bindings.Criteria[id] {
			if b.Check == k.ID {
				x.Serves = append(x.Serves, served{id, b.Role, b.Because})
			}
		}
	}
	return x
}

// worth says what a verdict of a check is worth.
func worth(c checks.Certainty) string {
	switch c {
	case checks.Sure:
		return "passed and failed both follow from the evidence"
	case checks.FailSure:
		return "a finding is proof, its absence proves nothing beyond what was read"
	}
	return "it points a person to a place and decides nothing by itself"
}

func checkPage(c *catalogue.Catalogue, k *checks.Check) string {
	var p page
	x := checkData(c, k)
	p.WriteString(string(k.ID) + "\n")
	p.WriteString(wrap(fmt.Sprintf("A check, version %d. %s: %s.", k.Version, strings.ToUpper(string(k.Certainty[:1]))+string(k.Certainty[1:]), worth(k.Certainty)), columns, 0) + "\n\n")
	p.para("%s", k.Title)
	p.section("What it looks at")
	p.para("%s", k.What)
	if len(x.Evidence) > 0 {
		p.para("Evidence: %s.", strings.Join(x.Evidence, ", "))
	} else {
		p.para("It reads the declaration alone.")
	}
	p.section("Why")
	p.para("%s", k.Why)
	p.section("What satisfies it")
	p.para("%s", k.Satisfy)
	p.section("What it cannot see")
	p.para("%s", k.Limits)
	p.section("Sources")
	for _, s := range k.Cites {
		p.WriteString(hang(s, columns, 2, 4) + "\n")
	}
	p.section("Criteria it serves")
	var roles []catalogue.Role
	for _, s := range x.Serves {
		roles = append(roles, s.Role)
		fmt.Fprintf(&p, "  %s (%s)\n", s.Criterion, s.Role)
		p.WriteString(wrap("because "+s.Because, columns, 4) + "\n")
	}
	for _, r := range []catalogue.Role{catalogue.Proof, catalogue.Guard, catalogue.Hint} {
		if slices.Contains(roles, r) {
			p.para("%s", role(r))
		}
	}
	return p.String()
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
	if len(x.Methods) > 0 {
		p.section("Written methods by which people inspect it")
		for _, m := range x.Methods {
			p.WriteString(wrap(fmt.Sprintf("%s (%s, about %s)", m.ID, m.Carries, catalogue.Minutes(m.Minutes)), columns, 2) + "\n")
			p.WriteString(wrap(m.Title, columns, 4) + "\n")
		}
	}
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
