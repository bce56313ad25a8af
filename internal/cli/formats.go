package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/report"
)

// A format is one form of the report.
type format struct {
	name   string
	end    string // of a file that holds it
	render func(io.Writer, report.Input, look) error
}

// look says how a report looks, as far as a format lets it be chosen.
type look struct {
	colour bool
	all    bool
}

// words is the value of a flag that may be repeated. The one that comes with
// the library takes two columns of help and splits at commas.
type words []string

// Set adds a word.
func (w *words) Set(s string) error { *w = append(*w, s); return nil }

// Get returns the words.
func (w *words) Get() any { return *w }

// String is empty, so that help shows no value.
func (w *words) String() string { return "" }

// formats are the forms of the report, in the order in which help lists them.
func formats() []format {
	return []format{
		{"text", "txt", func(w io.Writer, in report.Input, l look) error {
			return report.Text(w, in, report.TextOptions{Colour: l.colour, All: l.all})
		}},
		{"json", "json", func(w io.Writer, in report.Input, _ look) error {
			b, err := report.JSON(in)
			if err == nil {
				_, err = w.Write(b)
			}
			return err
		}},
		{"html", "html", func(w io.Writer, in report.Input, _ look) error { return report.HTML(w, in) }},
		{"markdown", "md", func(w io.Writer, in report.Input, _ look) error {
			return report.Markdown(w, in, report.MarkdownOptions{})
		}},
		{"sarif", "sarif", func(w io.Writer, in report.Input, l look) error {
			return report.SARIF(w, in, report.SARIFOptions{All: l.all})
		}},
		{"junit", "xml", func(w io.Writer, in report.Input, _ look) error { return report.JUnit(w, in) }},
		{"codequality", "json", func(w io.Writer, in report.Input, _ look) error { return report.CodeQuality(w, in) }},
		{"github", "txt", func(w io.Writer, in report.Input, _ look) error { return report.GitHub(w, in) }},
	}
}

// formatNames lists the formats for people.
func formatNames() string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// An output is one format and where it goes.
type output struct {
	format
	file string // empty: stdout
}

// outputs reads --format and --output. A format may name its own file, as in
// sarif=iotmark.sarif; one without goes to --output, or to stdout. It refuses
// a file that would take the place of the dossier at path.
func outputs(cmd *cli.Command, path string) ([]output, error) {
	var out []output
	rest := cmd.String("output")
	if rest == "-" {
		rest = ""
	}
	plain := 0
	chosen, _ := cmd.Value("format").(words)
	if len(chosen) == 0 {
		chosen = words{"text"}
	}
	for _, s := range chosen {
		name, file, own := strings.Cut(s, "=")
		i := slices.IndexFunc(formats(), func(f format) bool { return f.name == name })
		if i < 0 {
			var known []string
			for _, f := range formats() {
				known = append(known, f.name)
			}
			return nil, usage("--format %s:%s known are %s", s, suggestion(name, known), formatNames())
		}
		switch {
		case own && file == "":
			return nil, usage("--format %s: name the file after the sign, as in %s=iotmark.%s", s, name, formats()[i].end)
		case file == "-":
			file = ""
		case !own:
			file = rest
			if plain++; plain > 1 {
				return nil, usage("--format %s: of several formats only one can do without a file of its own; write %s=iotmark.%s", name, name, formats()[i].end)
			}
		}
		out = append(out, output{formats()[i], file})
	}
	if rest != "" && plain == 0 {
		return nil, usage("--output %s has no format to write; every --format names its own file", rest)
	}
	for i, o := range out {
		if slices.ContainsFunc(out[:i], func(p output) bool { return same(p.file, o.file) }) {
			return nil, usage("two formats would go to %s; give each a file of its own", placeOf(o.file))
		}
		if o.file != "" && ours(o.file, path) {
			return nil, usage("--output %s would write over the dossier; choose another name, such as report.%s", o.file, o.end)
		}
	}
	return out, nil
}

func same(a, b string) bool { return filepath.Clean("./"+a) == filepath.Clean("./"+b) }

func placeOf(file string) string {
	if file == "" {
		return "stdout"
	}
	return file
}

// write renders every format before anything is written, and then writes each
// file, the whole of it or nothing.
func write(cmd *cli.Command, outs []output, in report.Input) error {
	texts := make([]string, len(outs))
	out := cmd.Root().Writer
	for i, o := range outs {
		var b strings.Builder
		if err := o.render(&b, in, look{colour: o.file == "" && colour(out), all: cmd.Bool("all")}); err != nil {
			return err
		}
		texts[i] = b.String()
		if o.file == "" && o.name != "github" && workflow() {
			texts[i] = report.Uncommanded(texts[i])
		}
	}
	for i, o := range outs {
		if o.file == "" {
			if _, err := io.WriteString(out, texts[i]); err != nil {
				return err
			}
			continue
		}
		if err := replace(o.file, texts[i]); err != nil {
			return &iotmark.Error{Kind: iotmark.Invalid, ID: "output", Msg: "the report could not be written to " + o.file, Err: err}
		}
	}
	return summarise(cmd, in)
}

// workflow reports whether a runner of GitHub Actions reads what is printed,
// and takes some lines as commands.
func workflow() bool { return os.Getenv("GITHUB_ACTIONS") == "true" }

// summarise appends the Markdown report to the file of --summary, or to the one
// that GitHub Actions names in GITHUB_STEP_SUMMARY. A summary that was asked
// for and cannot be written is a failure; the one nobody asked for is told.
func summarise(cmd *cli.Command, in report.Input) error {
	file, asked := cmd.String("summary"), true
	if file == "" {
		file, asked = os.Getenv("GITHUB_STEP_SUMMARY"), false
	}
	if file == "" {
		return nil
	}
	err := appendSummary(file, in)
	if err == nil {
		return nil
	}
	err = &iotmark.Error{Kind: iotmark.Invalid, ID: "summary", Msg: "the summary could not be added to " + file, Err: err}
	if asked {
		return err
	}
	tell(cmd.Root().ErrWriter, err)
	return nil
}

// appendSummary keeps to what GitHub takes of one step, together with what
// stands in the file already.
func appendSummary(file string, in report.Input) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	limit := report.MaxSummary - st.Size() - 1
	if limit < 16<<10 {
		return fmt.Errorf("it holds %d bytes already, and GitHub takes %d of one step", st.Size(), report.MaxSummary)
	}
	var b strings.Builder
	if st.Size() > 0 {
		b.WriteString("\n") // so that the heading begins a line
	}
	if err := report.Markdown(&b, in, report.MarkdownOptions{Limit: int(limit)}); err != nil {
		return err
	}
	if _, err := io.WriteString(f, b.String()); err != nil {
		f.Truncate(st.Size()) // the whole of it or nothing; what is no file keeps what it got
		return err
	}
	return f.Close()
}

// baseline reads --baseline.
func baseline(cmd *cli.Command) (*report.Baseline, error) {
	name := cmd.String("baseline")
	if name == "" {
		return nil, nil
	}
	bad := func(err error) error {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "baseline-missing", Err: err,
			Msg: "the baseline " + name + " could not be opened. Write it once from the state you compare with: iotmark check --format json=" + name}
	}
	st, err := os.Stat(name)
	if err != nil {
		return nil, bad(err)
	}
	if !st.Mode().IsRegular() {
		return nil, bad(fmt.Errorf("it is no file"))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, bad(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, report.MaxBaseline+1))
	if err != nil {
		return nil, bad(err)
	}
	return report.ReadBaseline(name, b)
}

// where says where the files of a dossier lie, seen from the root of the
// repository.
func where(d *dossier.Dossier, path, root string) (report.Where, error) {
	w := report.Where{Line: func(field string) int { line, _ := d.Position(field); return line }, Evidence: map[iotmark.EvidenceID]string{}}
	st, err := os.Stat(path)
	if err != nil {
		return w, err
	}
	base := path
	switch {
	case st.IsDir():
	case filepath.Base(path) == d.Name:
		base = filepath.Dir(path)
	default:
		w.Archive = true
	}
	if root == "" {
		root = rootOf(base, w.Archive)
	}
	rel, err := below(root, base)
	if err != nil {
		return w, usage("--root %s: %s does not lie in it", root, path)
	}
	if w.Archive {
		w.Declaration = rel
	} else {
		w.Declaration = join(rel, filepath.Base(d.Name))
	}
	for _, it := range d.Items {
		if it.Path == "" || it.Actual == "" {
			continue
		}
		w.Evidence[it.ID] = join(rel, it.Path)
		if w.Archive {
			w.Evidence[it.ID] = rel
		}
	}
	return w, nil
}

func join(rel, name string) string {
	if rel == "." {
		return filepath.ToSlash(name)
	}
	return rel + "/" + filepath.ToSlash(name)
}

// rootOf finds the root of the repository that holds a dossier: the nearest
// folder above with .git; without one the folder the command stands in, when
// the dossier lies below it, else the dossier's own folder.
func rootOf(base string, archive bool) string {
	dir := base
	if archive {
		dir = filepath.Dir(base)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	for at := abs; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if wd, err := os.Getwd(); err == nil {
		if _, err := below(wd, abs); err == nil {
			return wd
		}
	}
	return abs
}

// below returns the path of a folder or file from a root, with forward
// slashes; an error when it lies outside.
func below(root, path string) (string, error) {
	r, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	p, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(r, p)
	if err == nil && (rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator))) {
		err = fmt.Errorf("outside")
	}
	return filepath.ToSlash(rel), err
}
