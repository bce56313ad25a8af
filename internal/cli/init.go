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
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// blank is one thing init must know: a flag, or a question.
type blank struct {
	flag, word string // word stands for the value in --help
	usage, ask string
	example    string
	optional   bool
	set        func(*iotmark.Declaration, string)
}

var blanks = []blank{
	{flag: "name", word: "TEXT", usage: "name of the product, as sold", ask: "Name of the product, as sold", example: "Hearth Thermostat 2", set: func(d *iotmark.Declaration, s string) { d.Product.Name = s }},
	{flag: "model", word: "TEXT", usage: "model, as printed on the type plate", ask: "Model, as printed on the type plate", example: "NH-T2", set: func(d *iotmark.Declaration, s string) { d.Product.Model = s }},
	{flag: "kind", word: "WORD", usage: "what it is, such as room-sensor", ask: "What it is, in small letters and hyphens", example: "room-sensor", set: func(d *iotmark.Declaration, s string) { d.Product.Kind = s }},
	{flag: "first-sale", word: "DATE", usage: "first day of sale, such as 2026-03-02", ask: "First day of sale", example: "2026-03-02", set: func(d *iotmark.Declaration, s string) { d.Product.FirstSale = iotmark.Date(s) }},
	{flag: "maker", word: "TEXT", usage: "legal name of the maker", ask: "Legal name of the maker", example: "Nettle Home Ltd", set: func(d *iotmark.Declaration, s string) { d.Maker.Name = s }},
	{flag: "address", word: "TEXT", usage: "postal address of the maker", ask: "Postal address of the maker", example: "4 Tannery Yard, Leeds LS1 0XX, UK", set: func(d *iotmark.Declaration, s string) { d.Maker.Address = s }},
	{flag: "country", word: "CODE", usage: "country of the maker, such as GB", ask: "Country of the maker, two letters", example: "GB", set: func(d *iotmark.Declaration, s string) { d.Maker.Country = s }},
	{flag: "email", word: "EMAIL", usage: "mail address of the maker", ask: "Mail address of the maker", example: "hello@nettle.example", set: func(d *iotmark.Declaration, s string) { d.Maker.Email = s }},
	{flag: "updates-until", word: "DATE", usage: "security updates come at least until then", ask: "Security updates at least until", example: "2034-03-31, none or unknown", optional: true, set: func(d *iotmark.Declaration, s string) { d.Support.UpdatesUntil = iotmark.Until(s) }},
}

// wordFlag is a flag whose value has a word of its own in --help.
type wordFlag struct {
	*cli.StringFlag
	word string
}

// TypeName returns the word that stands for the value.
func (f wordFlag) TypeName() string { return f.word }

// String returns the flag's row of --help; that of the inner flag would not
// know the word.
func (f wordFlag) String() string { return cli.FlagStringer(f) }

func initCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "no-input", Usage: "ask nothing; take everything from flags"},
		&cli.StringSliceFlag{Name: "fact", Usage: "a product `FACT`, such as has_app=true"},
		&cli.BoolFlag{Name: "force", Usage: "write over an iotmark.yaml that is there"},
		&cli.BoolFlag{Name: "no-search", Usage: "do not look for files that could be evidence"},
	}
	for _, b := range blanks {
		flags = append(flags, wordFlag{&cli.StringFlag{Name: b.flag, Usage: b.usage}, b.word})
	}
	return &cli.Command{
		Name:      "init",
		Usage:     "write a declaration: ask, find files, propose evidence",
		ArgsUsage: "[FOLDER]",
		Description: `Writes iotmark.yaml into FOLDER (the folder you stand in when left out). It
asks what the product is and the product facts, looks at the files below,
proposes evidence, and you confirm. It proposes no claims: what somebody has
to answer for is never filled in.

For a product fact and for the end of updates an empty answer, or ?, means
unknown, and unknown is a good answer. The other questions need one.

A FACT is written has_app=true, =false or =unknown; connects_by takes one or
several words, as in connects_by=wifi,bluetooth, or none. --updates-until
also takes none and unknown. --fact may be repeated.

Folders named build, dist and target are searched for lists, descriptions,
captures and images only; node_modules, vendor, third_party, testdata and
hidden folders not at all.`,
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
	i := &interview{cmd: cmd, cat: cat, in: bufio.NewReader(io.LimitReader(cmd.Root().Reader, 1<<20)), out: cmd.Root().ErrWriter, shows: map[iotmark.CriterionID][]string{}}
	// The words stand in until an answer takes their place: about lets no
	// declaration out that still has one.
	d := &iotmark.Declaration{
		Edition: cat.Edition,
		Product: iotmark.Product{Name: "x", Model: "x", Kind: "x", FirstSale: "1900-01-01"},
		Maker:   iotmark.Maker{Name: "x", Address: "x", Country: "GB", Email: "a@b.example"},
		Facts:   map[iotmark.FactID]iotmark.FactValue{},
		Support: iotmark.Support{UpdatesUntil: iotmark.Until(iotmark.WordUnknown)},
	}
	given := i.given()
	if len(i.faults) > 0 && !i.silent() {
		return i.faults // ask nothing in vain
	}
	if err := i.about(d); err != nil {
		return err
	}
	if err := i.facts(d, given); err != nil {
		return err
	}
	if len(i.faults) > 0 {
		return i.faults
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
	kept := slices.ContainsFunc(d.Evidence, func(e iotmark.Evidence) bool { return e.Visibility == iotmark.Restricted })
	if kept {
		text = append(text, keptComment...)
	}
	text = append(text, i.questions(d)...)
	if err := replace(file, string(text)); err != nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "output", Msg: "the declaration could not be written to " + file, Err: err}
	}
	said := fmt.Sprintf("%s: %s of evidence. Now: iotmark check %s\n", message.Clean(file), count(len(d.Evidence), "piece", "pieces"), message.Clean(dir))
	if kept {
		said += wrap("Captures, images and apps may hold passwords and keys, so they are written as visibility: restricted. Only title, kind, date and hash of them become public.", columns, 0)
	}
	return say(cmd.Root().Writer, said)
}

// keptComment stands in the declaration when something was written as
// restricted.
const keptComment = `
# Captures, images and apps may hold passwords and keys, so they are restricted above: "iotmark publish" shows
# title, kind, date and hash of them, never the file. For one that anybody may have, write visibility: public.
`

// interview asks a person, or reads flags.
type interview struct {
	cmd    *cli.Command
	cat    *catalogue.Catalogue
	in     *bufio.Reader
	out    io.Writer
	faults iotmark.Errors                   // of flags; told together
	shows  map[iotmark.CriterionID][]string // evidence that a criterion asks for
}

func (i *interview) silent() bool { return i.cmd.Bool("no-input") }

// fault keeps what is wrong with the flags.
func (i *interview) fault(id iotmark.ErrorID, format string, args ...any) {
	i.faults = append(i.faults, &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: fmt.Sprintf(format, args...)})
}

// ask prints a question and returns the answer without blanks around it; an
// error when the input ends.
func (i *interview) ask(q string) (string, error) {
	raw(i.out, cleanLines(q)+" ")
	s, err := i.in.ReadString('\n')
	if f, ok := i.cmd.Root().Reader.(*os.File); !ok || !terminal(f) {
		fmt.Fprintln(i.out) // nobody typed Enter where it is seen
	}
	if err != nil && s == "" {
		return "", &iotmark.Error{Kind: iotmark.Invalid, ID: "input-ended", Msg: "the answers ended before the questions did; nothing was written. Give the rest, or use --no-input with flags"}
	}
	return strings.TrimSpace(s), nil
}

// tell prints what is wrong with an answer.
func (i *interview) tell(indent int, format string, args ...any) {
	say(i.out, wrap(fmt.Sprintf(format, args...), columns, indent))
}

// question is a prompt; the answer has room behind it.
func question(s string, first, indent int) string { return hang(s, columns-1, first, indent) }

// about fills in what the product and the maker are.
func (i *interview) about(d *iotmark.Declaration) error {
	var missing []string
	for _, b := range blanks {
		a, asked := i.cmd.String(b.flag), false
		if a == "" && i.silent() {
			if !b.optional {
				missing = append(missing, "--"+b.flag)
			}
			continue
		}
		for offer := ""; ; {
			if a == "" && !asked {
				var err error
				if a, err = i.ask(question(b.ask+" (such as "+b.example+"):", 0, 2)); err != nil {
					return err
				}
				asked = true
				if a == "" {
					a = offer
				}
			}
			f := i.try(d, b, a)
			if f == nil {
				break
			}
			offer = i.hyphened(d, b, a)
			switch {
			case i.silent() && offer != "":
				i.fault(f.ID, "--%s %s: write it as %s", b.flag, a, offer)
			case i.silent():
				i.fault(f.ID, "--%s %s: %s", b.flag, a, f.Msg)
			case offer != "":
				i.tell(2, "write it as %s; Enter takes it", offer)
			default:
				i.tell(2, "%s", f.Msg)
			}
			if i.silent() {
				break
			}
			a, asked = "", false
		}
	}
	if len(missing) > 0 {
		i.fault("usage", "init --no-input needs %s", strings.Join(missing, ", "))
	}
	return nil
}

// try fills in one answer, or tells at once what is wrong with it.
func (i *interview) try(d *iotmark.Declaration, b blank, answer string) *iotmark.Error {
	unknown := answer == "?" || strings.EqualFold(answer, string(iotmark.WordUnknown))
	switch {
	case b.optional && (answer == "" || unknown):
		answer = string(iotmark.WordUnknown)
	case b.optional && strings.EqualFold(answer, string(iotmark.WordNone)):
		answer = string(iotmark.WordNone)
	case answer == "":
		return &iotmark.Error{ID: "usage", Msg: "this one is needed"}
	case unknown:
		return &iotmark.Error{ID: "usage", Msg: "this one is needed, and unknown will not do; write it as in " + b.example}
	}
	next := *d
	b.set(&next, answer)
	if f := i.first(&next); f != nil {
		return f
	}
	*d = next
	return nil
}

// first returns the first thing that is wrong with a declaration.
func (i *interview) first(d *iotmark.Declaration) *iotmark.Error {
	text, err := dossier.Write(d, i.cat, "")
	if err == nil {
		_, err = dossier.Read("", text, i.cat)
	}
	if err == nil {
		return nil
	}
	f, ok := errors.AsType[*iotmark.Error](err)
	if !ok {
		return &iotmark.Error{ID: "internal", Msg: err.Error()}
	}
	return &iotmark.Error{ID: f.ID, Msg: place.ReplaceAllString(f.Msg, "")}
}

// place is the path in the declaration with which a message begins; who is
// asked has not seen the declaration.
var place = regexp.MustCompile(`^[a-z_.]+: `)

var notInWord = regexp.MustCompile(`[^a-z0-9]+`)

// hyphened returns how a wrong kind could be written, or "".
func (i *interview) hyphened(d *iotmark.Declaration, b blank, answer string) string {
	if b.flag != "kind" || strings.EqualFold(answer, string(iotmark.WordUnknown)) {
		return ""
	}
	word := strings.Trim(notInWord.ReplaceAllString(strings.ToLower(answer), "-"), "-")
	next := *d
	if b.set(&next, word); word == "" || i.first(&next) != nil {
		return ""
	}
	return word
}

// given reads --fact.
func (i *interview) given() map[iotmark.FactID]string {
	given := map[iotmark.FactID]string{}
	const set = iotmark.FactID("connects_by")
	for _, s := range i.cmd.StringSlice("fact") {
		k, v, ok := strings.Cut(s, "=")
		f := i.fact(strings.TrimSpace(k))
		switch {
		case ok && f != nil:
			given[f.ID] = v
		case f != nil:
			i.fault("usage", "--fact %s: it has no answer; write %s=true, =false or =unknown", s, s)
		case !ok && given[set] != "":
			// urfave splits a slice at commas: connects_by=wifi,bluetooth
			// arrives in two pieces
			given[set] += "," + s
		default:
			i.fault("usage", "--fact %s: there is no such fact.%s Known: %s", s, suggestion(k, i.factIDs()), strings.Join(i.factIDs(), ", "))
		}
	}
	return given
}

// facts fills in the product facts, all of the scheme.
func (i *interview) facts(d *iotmark.Declaration, given map[iotmark.FactID]string) error {
	if !i.silent() {
		fmt.Fprintf(i.out, "\n%d facts decide which criteria apply. y, n, or ? for not sure.\n", len(i.cat.Scheme.Facts))
	}
	for n, f := range i.cat.Scheme.Facts {
		if v, ok := given[f.ID]; ok {
			err := i.know(d, f, v)
			if err == nil {
				continue
			}
			if i.silent() {
				i.fault(err.ID, "--fact %s=%s: %s", f.ID, v, err.Msg)
			} else {
				i.tell(4, "--fact %s=%s: %s", f.ID, v, err.Msg)
			}
		}
		if i.silent() {
			continue
		}
		no := fmt.Sprintf("%d. ", n+1)
		q := fmt.Sprintf("%s\n%s\n%s", hang(no+f.Question, columns, 4-len(no), 4), wrap(f.Help, columns, 4), question("["+hint(f)+"]:", 4, 4))
		for {
			a, err := i.ask(q)
			if err != nil {
				return err
			}
			f := i.know(d, f, a)
			if f == nil {
				break
			}
			i.tell(4, "%s", f.Msg)
		}
	}
	return nil
}

// hint says what the answers to a fact are.
func hint(f catalogue.Fact) string {
	if f.Type != "set" {
		return "y/n/?"
	}
	return strings.Join(optionNames(f), ", ") + "; several with commas between; none, if it connects by nothing of these; ?"
}

func optionNames(f catalogue.Fact) []string {
	opts := make([]string, len(f.Options))
	for k, o := range f.Options {
		opts[k] = o.Value
	}
	return opts
}

// know fills in one fact, or tells what is wrong with the answer: also when
// it contradicts what was answered before.
func (i *interview) know(d *iotmark.Declaration, f catalogue.Fact, answer string) *iotmark.Error {
	v, err := factValue(f, answer)
	if err != nil {
		return &iotmark.Error{ID: "usage", Msg: err.Error()}
	}
	d.Facts[f.ID] = v
	wrong := i.first(d)
	if wrong != nil {
		delete(d.Facts, f.ID)
	}
	return wrong
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
	case f.Type == "set" && s == "none":
		return iotmark.FactValue{Set: []string{}}, nil
	case f.Type == "set":
		set, known := []string{}, optionNames(f)
		for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ' ' }) {
			if !slices.Contains(known, w) {
				return iotmark.FactValue{}, fmt.Errorf("%s is not one of %s, or none alone.%s", w, strings.Join(known, ", "), suggestion(w, known))
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
# "iotmark explain ID" tells what one asks, why, and the smallest fix. "Found" names evidence above that may show
# it: only what a claim points to is looked at for it, so write it there once you have looked yourself.
# claims:
`)
	truths := i.cat.Truths(d.Facts)
	for _, c := range i.cat.Criteria {
		if c.Entry && c.Applies(truths) != iotmark.False {
			fmt.Fprintf(&b, "#   %s: unknown   # %s%s\n", c.ID, c.Consumer, i.mayShow(c.ID))
		}
	}
	return b.String()
}

// mayShow names the evidence that was found for a criterion. It stays a hint:
// whether it shows anything is for the maker to say.
func (i *interview) mayShow(id iotmark.CriterionID) string {
	if len(i.shows[id]) == 0 {
		return ""
	}
	return " Found: [" + strings.Join(i.shows[id], ", ") + "]"
}

// search proposes evidence; a person confirms each, or with --no-input all.
func (i *interview) search(ctx context.Context, d *iotmark.Declaration, fsys fs.FS) error {
	found, err := determine.Propose(ctx, fsys)
	if err != nil {
		return err
	}
	if len(found) > 0 && !i.silent() {
		fmt.Fprintln(i.out)
		i.tell(0, "%s like evidence. y takes one, n or Enter leaves it, a takes all that are left.", count(len(found), "file looks", "files look"))
	}
	all := i.silent()
	for _, p := range found {
		take := all
		for asked := all; !asked; {
			a, err := i.ask(question(fmt.Sprintf("%s %s; as %s? [y/N/a]:", p.Path, p.Why, p.Kind), 0, 2))
			if err != nil {
				return err
			}
			asked = true
			switch strings.ToLower(a) {
			case "a":
				all, take = true, true
			case "y", "yes":
				take = true
			case "", "n", "no":
			default:
				i.tell(2, "answer y, n or a")
				asked = false
			}
		}
		if take {
			if p.Criterion != "" {
				i.shows[p.Criterion] = append(i.shows[p.Criterion], string(p.ID))
			}
			d.Evidence = append(d.Evidence, iotmark.Evidence{ID: p.ID, Kind: p.Kind, Title: p.Title, Path: p.Path, Visibility: p.Visibility})
		}
	}
	return nil
}
