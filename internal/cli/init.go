package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
)

// blank is one thing init must know: a flag, or a question.
type blank struct {
	flag, ask, example string
	optional           bool
	set                func(*iotmark.Declaration, string)
}

var blanks = []blank{
	{flag: "name", ask: "Name of the product, as sold", example: "Hearth Thermostat 2", set: func(d *iotmark.Declaration, s string) { d.Product.Name = s }},
	{flag: "model", ask: "Model, as printed on the type plate", example: "NH-T2", set: func(d *iotmark.Declaration, s string) { d.Product.Model = s }},
	{flag: "kind", ask: "What it is, in small letters", example: "thermostat", set: func(d *iotmark.Declaration, s string) { d.Product.Kind = s }},
	{flag: "first-sale", ask: "First day of sale", example: "2026-03-02", set: func(d *iotmark.Declaration, s string) { d.Product.FirstSale = iotmark.Date(s) }},
	{flag: "maker", ask: "Legal name of the maker", example: "Nettle Home Ltd", set: func(d *iotmark.Declaration, s string) { d.Maker.Name = s }},
	{flag: "address", ask: "Postal address of the maker", example: "4 Tannery Yard, Leeds LS1 0XX, United Kingdom", set: func(d *iotmark.Declaration, s string) { d.Maker.Address = s }},
	{flag: "country", ask: "Country of the maker, two letters", example: "GB", set: func(d *iotmark.Declaration, s string) { d.Maker.Country = s }},
	{flag: "email", ask: "Mail address of the maker", example: "hello@nettle.example", set: func(d *iotmark.Declaration, s string) { d.Maker.Email = s }},
	{flag: "updates-until", ask: "Security updates come at least until this day; none or unknown", example: "2034-03-31, none or unknown", optional: true, set: func(d *iotmark.Declaration, s string) { d.Support.UpdatesUntil = iotmark.Until(s) }},
}

func initCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "no-input", Usage: "ask nothing; take everything from flags"},
		&cli.StringSliceFlag{Name: "fact", Usage: "a product fact, `FACT=true|false|unknown` or connects_by=wifi,bluetooth; may be repeated"},
		&cli.BoolFlag{Name: "force", Usage: "write over an iotmark.yaml that is there"},
		&cli.BoolFlag{Name: "no-search", Usage: "do not look for files that could be evidence"},
	}
	for _, b := range blanks {
		flags = append(flags, &cli.StringFlag{Name: b.flag, Usage: strings.ToLower(b.ask[:1]) + b.ask[1:] + ", such as " + b.example})
	}
	return &cli.Command{
		Name:      "init",
		Usage:     "write a declaration: ask the product facts, find files, propose what evidence they are",
		ArgsUsage: "[FOLDER]",
		Description: `Writes iotmark.yaml into FOLDER (the folder you stand in when it is left out).
It looks at the files below, proposes evidence, and you confirm. It proposes no
claims: what somebody has to answer for is never filled in.

An empty answer, or ?, means unknown, and unknown is a good answer.`,
		Flags:  flags,
		Action: initDossier,
	}
}

func initDossier(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 1 {
		return usage("init takes one folder, but found %s", strings.Join(cmd.Args().Slice(), " "))
	}
	dir := cmd.Args().First()
	if dir == "" {
		dir = "."
	}
	file := filepath.Join(dir, "iotmark.yaml")
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return &iotmark.Error{Kind: iotmark.NotFound, ID: "not-a-folder", Msg: dir + ": there is no such folder; create it, or name the folder of the product"}
	}
	if _, err := os.Lstat(file); err == nil && !cmd.Bool("force") {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "declaration-exists", Msg: file + " is there already; edit it, or write over it with --force"}
	}
	cat, err := catalogue.Load()
	if err != nil {
		return err
	}
	i := &interview{cmd: cmd, cat: cat, in: bufio.NewReader(io.LimitReader(cmd.Root().Reader, 1<<20)), out: cmd.Root().ErrWriter}
	d := &iotmark.Declaration{Edition: cat.Edition, Facts: map[iotmark.FactID]iotmark.FactValue{}}
	if err := i.about(d); err != nil {
		return err
	}
	if err := i.facts(d); err != nil {
		return err
	}
	if !cmd.Bool("no-search") {
		if err := i.search(ctx, d, os.DirFS(dir)); err != nil {
			return err
		}
	}
	text, err := dossier.Write(d, cat, "")
	if err != nil {
		return err
	}
	// What is written must be what check accepts: read it back first. What
	// follows are comments.
	if _, err := dossier.Read("iotmark.yaml", text, cat); err != nil {
		return err
	}
	text = append(text, i.questions(d)...)
	if err := replace(file, string(text)); err != nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "output", Msg: "the declaration could not be written to " + file, Err: err}
	}
	fmt.Fprintf(cmd.Root().Writer, "%s: %d pieces of evidence. Now: iotmark check %s\n", file, len(d.Evidence), dir)
	return nil
}

// interview asks a person, or reads flags.
type interview struct {
	cmd *cli.Command
	cat *catalogue.Catalogue
	in  *bufio.Reader
	out io.Writer
}

func (i *interview) silent() bool { return i.cmd.Bool("no-input") }

// ask prints a question and returns the answer without blanks around it; an
// error when the input ends.
func (i *interview) ask(q string) (string, error) {
	fmt.Fprintf(i.out, "%s: ", q)
	s, err := i.in.ReadString('\n')
	if err != nil && s == "" {
		fmt.Fprintln(i.out)
		return "", &iotmark.Error{Kind: iotmark.Invalid, ID: "input-ended", Msg: "the answers ended before the questions did; nothing was written. Give the rest, or use --no-input with flags"}
	}
	return strings.TrimSpace(s), nil
}

// about fills in what the product and the maker are.
func (i *interview) about(d *iotmark.Declaration) error {
	var missing []string
	for _, b := range blanks {
		v := i.cmd.String(b.flag)
		for v == "" && !i.silent() {
			a, err := i.ask(b.ask + " (such as " + b.example + ")")
			if err != nil {
				return err
			}
			if a == "" && b.optional {
				a = string(iotmark.WordUnknown)
			}
			if err := i.try(b, a); err != nil {
				fmt.Fprintf(i.out, "  %v\n", err)
				continue
			}
			v = a
		}
		if v == "" && b.optional {
			v = string(iotmark.WordUnknown)
		}
		if v == "" {
			missing = append(missing, "--"+b.flag)
			continue
		}
		b.set(d, v)
	}
	if len(missing) > 0 {
		return usage("init --no-input needs %s", strings.Join(missing, ", "))
	}
	return nil
}

// try tells at once what the declaration's schema says of one answer.
func (i *interview) try(b blank, answer string) error {
	if answer == "" {
		return errors.New("this one is needed")
	}
	d := &iotmark.Declaration{
		Edition: i.cat.Edition,
		Product: iotmark.Product{Name: "x", Model: "x", Kind: "x", FirstSale: "2000-01-01"},
		Maker:   iotmark.Maker{Name: "x", Address: "x", Country: "GB", Email: "a@b.example"},
		Facts:   map[iotmark.FactID]iotmark.FactValue{},
		Support: iotmark.Support{UpdatesUntil: iotmark.Until(iotmark.WordUnknown)},
	}
	b.set(d, answer)
	text, err := dossier.Write(d, i.cat, "")
	if err != nil {
		return err
	}
	_, err = dossier.Read("", text, i.cat)
	if es, ok := errors.AsType[iotmark.Errors](err); ok && len(es) > 0 {
		return errors.New(es[0].Msg)
	}
	return err
}

// facts fills in the product facts, all of the scheme.
func (i *interview) facts(d *iotmark.Declaration) error {
	given := map[iotmark.FactID]string{}
	for _, s := range i.cmd.StringSlice("fact") {
		k, v, ok := strings.Cut(s, "=")
		f := i.fact(k)
		if !ok || f == nil {
			// urfave splits a slice at commas: connects_by=wifi,bluetooth
			// arrives in two pieces
			if last := iotmark.FactID("connects_by"); !ok && given[last] != "" {
				given[last] += "," + s
				continue
			}
			return usage("--fact %s: there is no such fact.%s Known: %s", s, suggestion(k, i.factIDs()), strings.Join(i.factIDs(), ", "))
		}
		given[f.ID] = v
	}
	if !i.silent() {
		fmt.Fprintf(i.out, "\n%d facts decide which criteria apply. y, n, or ? for not sure.\n", len(i.cat.Scheme.Facts))
	}
	for n, f := range i.cat.Scheme.Facts {
		v, ok := given[f.ID]
		if ok {
			val, err := factValue(f, v)
			if err != nil {
				return usage("--fact %s=%s: %v", f.ID, v, err)
			}
			d.Facts[f.ID] = val
			continue
		}
		if i.silent() {
			continue
		}
		for {
			hint := "y/n/?"
			if f.Type == "set" {
				opts := make([]string, len(f.Options))
				for k, o := range f.Options {
					opts[k] = o.Value
				}
				hint = strings.Join(opts, ", ")
			}
			a, err := i.ask(fmt.Sprintf("%2d. %s\n    %s\n    [%s]", n+1, f.Question, f.Help, hint))
			if err != nil {
				return err
			}
			val, err := factValue(f, a)
			if err != nil {
				fmt.Fprintf(i.out, "    %v\n", err)
				continue
			}
			d.Facts[f.ID] = val
			break
		}
	}
	return nil
}

func (i *interview) fact(id string) *catalogue.Fact {
	k := slices.IndexFunc(i.cat.Scheme.Facts, func(f catalogue.Fact) bool { return string(f.ID) == id })
	if k < 0 {
		return nil
	}
	return &i.cat.Scheme.Facts[k]
}

func (i *interview) factIDs() []string {
	out := make([]string, len(i.cat.Scheme.Facts))
	for k, f := range i.cat.Scheme.Facts {
		out[k] = string(f.ID)
	}
	return out
}

func suggestion(word string, known []string) string {
	if s := catalogue.Suggest(word, known); s != "" {
		return " Did you mean " + s + "?"
	}
	return ""
}

// factValue reads the answer to one fact.
func factValue(f catalogue.Fact, s string) (iotmark.FactValue, error) {
	switch s = strings.ToLower(strings.TrimSpace(s)); {
	case s == "" || s == "?" || s == "unknown":
		return iotmark.FactValue{}, nil
	case f.Type == "set":
		set := []string{}
		for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ' ' }) {
			if !slices.ContainsFunc(f.Options, func(o catalogue.Option) bool { return o.Value == w }) {
				known := make([]string, len(f.Options))
				for k, o := range f.Options {
					known[k] = o.Value
				}
				return iotmark.FactValue{}, fmt.Errorf("%s is not one of %s.%s", w, strings.Join(known, ", "), suggestion(w, known))
			}
			if !slices.Contains(set, w) {
				set = append(set, w)
			}
		}
		return iotmark.FactValue{Set: set}, nil
	case s == "y" || s == "yes" || s == "true":
		return iotmark.FactValue{Truth: iotmark.True}, nil
	case s == "n" || s == "no" || s == "false":
		return iotmark.FactValue{Truth: iotmark.False}, nil
	}
	return iotmark.FactValue{}, fmt.Errorf("answer y, n or ?, not %s", s)
}

// questions lists the criteria of the first pass that concern the product, as
// comments: a claim is for somebody to make, and is never filled in.
func (i *interview) questions(d *iotmark.Declaration) string {
	var b strings.Builder
	b.WriteString(`
# The first pass: the criteria that give a public page at once. Take the # away and answer each: met, unknown,
# a list of evidence such as [manual] (which means met), or {answer: partly, note: what is missing}.
# "iotmark explain ID" tells what one asks, why, and the smallest fix.
# claims:
`)
	truths := i.cat.Truths(d.Facts)
	for _, c := range i.cat.Criteria {
		if c.Entry && c.Applies(truths) != iotmark.False {
			fmt.Fprintf(&b, "#   %s: unknown   # %s\n", c.ID, c.Consumer)
		}
	}
	return b.String()
}

// search proposes evidence; a person confirms each, or with --no-input all.
func (i *interview) search(ctx context.Context, d *iotmark.Declaration, fsys fs.FS) error {
	found, err := determine.Propose(ctx, fsys)
	if err != nil {
		return err
	}
	if len(found) > 0 && !i.silent() {
		fmt.Fprintf(i.out, "\n%d files look like evidence. y takes one, n leaves it, a takes all that are left.\n", len(found))
	}
	all := i.silent()
	for _, p := range found {
		take := all
		for !take {
			a, err := i.ask(fmt.Sprintf("%s %s; as %s? [y/n/a]", p.Path, p.Why, p.Kind))
			if err != nil {
				return err
			}
			switch strings.ToLower(a) {
			case "a":
				all, take = true, true
			case "y", "yes":
				take = true
			}
			if a != "" {
				break
			}
		}
		if take {
			d.Evidence = append(d.Evidence, iotmark.Evidence{ID: p.ID, Kind: p.Kind, Title: p.Title, Path: p.Path})
		}
	}
	return nil
}
