package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/message"
)

func coverageCommand() *cli.Command {
	return &cli.Command{
		Name:      "coverage",
		Usage:     "show how far the criteria reach a law",
		ArgsUsage: "INSTRUMENT [PATH]",
		Description: `Each provision is listed with the criteria that answer it and the checks that
stand behind them; what nothing covers is told with the reason. With the PATH
of a product it also says how that product stands on each.

A criterion touches the matter of a provision. None of this says that a law
is kept.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "product", Usage: "`PATH` of a product"},
			&cli.StringFlag{Name: "at", Usage: "judge the product as of `DATE`; today"},
			unconfinedFlag(),
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Value: "text", Usage: "`FORMAT`, also json"},
			jsonFlag(),
		},
		Action: coverage,
	}
}

// covered is what coverage prints as JSON.
type covered struct {
	*catalogue.Reach
	Product *coveredProduct `json:"product,omitempty"`
}

type coveredProduct struct {
	Name    string          `json:"name"`
	Model   string          `json:"model"`
	Maker   string          `json:"maker"`
	Edition iotmark.Edition `json:"edition"`
	AsOf    iotmark.Date    `json:"as_of"`
}

func coverage(ctx context.Context, cmd *cli.Command) error {
	args := cmd.Args().Slice()
	if len(args) == 0 || len(args) > 2 {
		c, err := catalogue.Load()
		if err != nil {
			return err
		}
		if err := c.LoadInstruments(); err != nil {
			return err
		}
		return usage("coverage takes one instrument, and a product's path if you like, such as iotmark catalogue coverage eu-cra .%s", known(c, ""))
	}
	format := cmd.String("format")
	if cmd.Bool("json") {
		format = "json"
	}
	if !slices.Contains([]string{"text", "json"}, format) {
		return usage("--format %s: known are text and json", format)
	}
	path := cmd.String("product")
	if len(args) == 2 {
		if path != "" {
			return usage("two products are named, %s and %s; coverage takes one", args[1], path)
		}
		path = args[1]
	}
	asOf, err := day(cmd.String("at"))
	if err != nil {
		return err
	}
	c, err := catalogue.Load()
	if err != nil {
		return err
	}
	reach, err := c.Covers(iotmark.InstrumentID(args[0]))
	if e, ok := errors.AsType[*iotmark.Error](err); ok && e.ID == "instrument-unknown" {
		e.Msg += known(c, args[0])
	}
	if err != nil {
		return err
	}
	out := covered{Reach: reach}
	if path != "" {
		j, err := determination(ctx, cmd, path, asOf)
		if err != nil {
			return err
		}
		a := j.Assessment
		reach.Judge(a.Conclusions)
		out.Product = &coveredProduct{a.Product, a.Model, a.Maker, a.Edition, a.AsOf}
	}
	if format == "json" {
		return writeJSON(cmd.Root().Writer, out)
	}
	_, err = io.WriteString(cmd.Root().Writer, showCoverage(c, out))
	return err
}

// known lists the instruments whose name holds a word, or all when none does.
func known(c *catalogue.Catalogue, word string) string {
	var all, like []string
	for _, x := range c.Instruments {
		all = append(all, string(x.ID))
		if word != "" && strings.Contains(string(x.ID), strings.ToLower(word)) {
			like = append(like, string(x.ID))
		}
	}
	list := all
	if len(like) > 0 {
		list = like
	}
	slices.Sort(list)
	return "\nKnown:\n" + wrap(strings.Join(list, ", "), columns-2, 2)
}

// A sign is what one provision is in the picture, and in words.
type sign struct{ is, sign, means string }

var depthSigns = []sign{
	{string(catalogue.DepthProof), "#", "a check proves it"}, {string(catalogue.DepthGuard), "=", "a check guards it"},
	{string(catalogue.DepthPeople), "-", "people look"}, {string(catalogue.DepthTouched), "~", "touched only"}, {string(catalogue.DepthNone), ".", "nothing"},
}

var standSigns = []sign{
	{string(catalogue.StandChecked), "#", "checked"}, {string(catalogue.StandShown), "=", "shown"}, {string(catalogue.StandWord), "-", "maker's word"},
	{string(catalogue.StandMissing), "?", "no answer"}, {string(catalogue.StandNotMet), "x", "not met"},
	{string(catalogue.StandNone), "o", "does not concern it"}, {string(catalogue.StandOpen), ".", "no criterion"},
}

func signOf(signs []sign, is string) sign {
	i := slices.IndexFunc(signs, func(s sign) bool { return s.is == is })
	return signs[i]
}

func showCoverage(c *catalogue.Catalogue, x covered) string {
	var p page
	p.WriteString(wrap(x.Title, columns, 0) + "\n")
	p.WriteString(wrap(fmt.Sprintf("%s, %s, version %s; %d provisions, %d mandatory; read with %s confidence.",
		x.Instrument, x.Kind, x.Version, x.Totals.Provisions, x.Totals.Mandatory, x.Confidence), columns, 0) + "\n")
	if x.Product != nil {
		p.WriteString(wrap(message.Clean(fmt.Sprintf("%s (%s), %s, judged by edition %s as of %s.", x.Product.Name, x.Product.Model, x.Product.Maker,
			x.Product.Edition, x.Product.AsOf)), columns, 0) + "\n")
	}
	p.section("How deep the criteria reach")
	p.picture(x.Reach, depthSigns, func(r catalogue.ReachProvision) string { return string(r.Depth) })
	if x.Product != nil {
		p.section("How the product stands")
		p.picture(x.Reach, standSigns, func(r catalogue.ReachProvision) string { return string(r.Stand) })
	}
	var bare []catalogue.ReachProvision
	for _, part := range x.Parts {
		p.section(part.Name)
		for _, r := range part.Provisions {
			if r.Depth == catalogue.DepthNone {
				bare = append(bare, r)
			}
			p.provision(r)
		}
	}
	if len(bare) > 0 {
		p.section(fmt.Sprintf("What nothing covers (%d), and why", len(bare)))
		for _, r := range bare {
			p.row(12, string(r.ID), r.Title+": "+whyNot(c, r))
		}
	}
	p.section("Totals")
	p.totals(depthSigns, x.Totals.Provisions, func(is string) int { return x.Totals.ByDepth[catalogue.Depth(is)] })
	if x.Product != nil {
		p.WriteByte('\n')
		p.totals(standSigns, x.Totals.Provisions, func(is string) int { return x.Totals.ByStand[catalogue.Stand(is)] })
	}
	p.WriteString("\n" + wrap("A criterion touches the matter of a provision, as one reader sees it. None of this says that a law is kept.", columns, 0) + "\n")
	return p.String()
}

// barWidth is how many provisions stand in one line of the picture.
const barWidth = 50

// picture draws a bar a part, with one sign a provision, the best first.
func (p *page) picture(x *catalogue.Reach, signs []sign, is func(catalogue.ReachProvision) string) {
	for _, part := range x.Parts {
		bar := ""
		for _, s := range signs {
			for _, r := range part.Provisions {
				if is(r) == s.is {
					bar += s.sign
				}
			}
		}
		name, n := part.Name, len(part.Provisions)
		for bar != "" {
			line := bar[:min(barWidth, len(bar))]
			bar = bar[len(line):]
			if name != "" {
				fmt.Fprintf(p, "  %-18.18s %3d  %s\n", name, n, line)
			} else {
				fmt.Fprintf(p, "  %-18s      %s\n", "", line)
			}
			name = ""
		}
	}
	line := " "
	for _, s := range signs { // a sign and its words stay together
		if k := " " + s.sign + " " + s.means; len(line)+len(k)+1 > columns {
			p.WriteString(strings.TrimRight(line, " ") + "\n")
			line = " " + k + " "
		} else {
			line += k + " "
		}
	}
	p.WriteString(strings.TrimRight(line, " ") + "\n")
}

func (p *page) totals(signs []sign, of int, n func(string) int) {
	for _, s := range signs {
		fmt.Fprintf(p, "  %s %-20s %4d  %3d%%\n", s.sign, s.means, n(s.is), percent(n(s.is), of))
	}
}

func (p *page) provision(r catalogue.ReachProvision) {
	level := r.Level
	if r.When != "" {
		level += " when " + r.When
	}
	if r.From != "" {
		level += ", from " + r.From
	}
	text := fmt.Sprintf("%s (%s)", r.Title, level)
	if r.Stand != "" {
		text += " [" + signOf(standSigns, string(r.Stand)).means + "]"
	}
	p.row(12, signOf(depthSigns, string(r.Depth)).sign+" "+string(r.ID), text)
	var loosely []string
	for _, cr := range r.Criteria {
		if !cr.Closely {
			loosely = append(loosely, string(cr.Criterion))
			continue
		}
		words := string(cr.Criterion) + " (" + string(cr.Level)
		if cr.Confidence == "low" {
			words += ", low confidence"
		}
		words += ")"
		for i, b := range cr.Checks {
			lead := "; "
			if i == 0 {
				lead = ": "
			}
			words += lead + string(b.Role) + " " + string(b.Check)
		}
		p.WriteString(hang(words, columns, 16, 18) + "\n")
	}
	if len(loosely) > 0 {
		p.WriteString(hang("touched by "+strings.Join(loosely, ", "), columns, 16, 18) + "\n")
	}
}

// whyNot says why nothing covers a provision.
func whyNot(c *catalogue.Catalogue, r catalogue.ReachProvision) string {
	switch r.Why {
	case "scheme":
		return "it binds the mark and those who run it, not a product."
	case "no-theme":
		return "no theme of the crosswalk has its matter yet."
	}
	var titles []string
	for _, t := range c.Themes {
		if slices.Contains(r.Themes, t.ID) {
			titles = append(titles, string(t.ID)+" "+t.Title)
		}
	}
	return "no criterion is about " + strings.Join(titles, ", ") + "."
}
