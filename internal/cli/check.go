package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/assess"
	"github.com/open-iot-mark/iotmark/internal/confine"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/report"
)

func checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "say where a product stands, why, and what to do next",
		ArgsUsage: "[PATH]",
		Description: `PATH is a product's folder, a zip or tar of it, or a declaration; the folder
you stand in when it is left out. Nothing leaves this machine.

Formats: text, json, html, markdown, sarif, junit, codequality, github. Of
several, each but one names its file: --format sarif=iotmark.sarif.

A baseline is an earlier report in JSON or SARIF: then only gaps that it does
not hold count. In GitHub Actions the short report goes to the job summary.

Exit codes: 0 no applicable must is unmet (not known and waiting for an
assessor count as 0), 1 one does not conform, 2 wrong use or a broken file,
5 some evidence could not be read, with --strict. They follow what --entry
and --topic leave.`,
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "format", Aliases: []string{"f"}, Value: new(words), Usage: "`FORMAT` or FORMAT=FILE; may be repeated; text"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the report to `FILE` instead of stdout"},
			&cli.StringFlag{Name: "baseline", Usage: "only gaps count that `FILE` does not hold"},
			&cli.StringFlag{Name: "summary", Usage: "append a short report in Markdown to `FILE`"},
			&cli.StringFlag{Name: "root", Usage: "reports count paths from `DIR`"},
			&cli.StringFlag{Name: "at", Usage: "judge as of `DATE`; today when left out"},
			&cli.BoolFlag{Name: "entry", Usage: "only the criteria of the first pass"},
			&cli.StringSliceFlag{Name: "topic", Usage: "only criteria of `TOPIC`; may be repeated"},
			&cli.BoolFlag{Name: "strict", Usage: "exit 5 when some evidence could not be read"},
			&cli.BoolFlag{Name: "all", Usage: "shorten no text; SARIF with what is met"},
			unconfinedFlag(),
		},
		Action: check,
	}
}

func check(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 1 {
		return usage("check takes one path, but found %s", strings.Join(cmd.Args().Slice(), " "))
	}
	path := cmd.Args().First()
	if path == "" {
		path = "."
	}
	outs, err := outputs(cmd, path)
	if err != nil {
		return err
	}
	asOf, err := day(cmd.String("at"))
	if err != nil {
		return err
	}
	only, keep, err := filter(cmd)
	if err != nil {
		return err
	}
	base, err := baseline(cmd)
	if err != nil {
		return err
	}
	j, err := determination(ctx, cmd, path, asOf)
	if err != nil {
		return err
	}
	in := report.Input{Assessment: report.Filter(j.Assessment, only, keep), Catalogue: j.Catalogue, Words: message.English(), Baseline: base, Where: j.Where}
	if base != nil {
		if err := base.Fits(in.Assessment); err != nil {
			return err
		}
	}
	end := verdict(cmd, in)
	in.Program = report.Program{Version: version(), Exit: iotmark.ExitCode(end)}
	if err := write(cmd, outs, in); err != nil {
		return err
	}
	return end
}

// day reads --at, and takes today when it is left out.
func day(s string) (iotmark.Date, error) {
	if s == "" {
		return iotmark.DateOf(time.Now()), nil
	}
	d, err := iotmark.ParseDate(s)
	if err != nil {
		return "", usage("--at: %v; write it as in 2026-11-22", err)
	}
	return d, nil
}

// filter reads --entry and --topic.
func filter(cmd *cli.Command) (only []string, keep func(iotmark.Conclusion) bool, err error) {
	var topics []iotmark.Topic
	for _, s := range cmd.StringSlice("topic") {
		t := iotmark.Topic(s)
		if !slices.Contains(iotmark.Topics(), t) {
			names := make([]string, 0, 8)
			for _, x := range iotmark.Topics() {
				names = append(names, string(x))
			}
			hint := ""
			if m := catalogue.Suggest(s, names); m != "" {
				hint = " Did you mean " + m + "?"
			}
			return nil, nil, usage("--topic %s: there is no such topic.%s Known: %s", s, hint, strings.Join(names, ", "))
		}
		topics = append(topics, t)
		only = append(only, s)
	}
	entry := cmd.Bool("entry")
	if entry {
		only = append([]string{"entry"}, only...)
	}
	return only, func(c iotmark.Conclusion) bool {
		return (!entry || c.Entry) && (len(topics) == 0 || slices.Contains(topics, c.Criterion.Topic()))
	}, nil
}

// determined is a dossier with what was concluded about it.
type determined struct {
	Declaration *iotmark.Declaration
	Assessment  iotmark.Assessment
	Catalogue   *catalogue.Catalogue
	Where       report.Where // where the dossier's files lie
}

func determination(ctx context.Context, cmd *cli.Command, path string, asOf iotmark.Date) (determined, error) {
	cat, err := catalogue.Load()
	if err != nil {
		return determined{}, err
	}
	d, err := dossier.Open(path, cat, dossier.Options{AsOf: asOf})
	if err != nil {
		return determined{}, err
	}
	defer d.Close()
	at, err := where(d, path, cmd.String("root"))
	if err != nil {
		return determined{}, err
	}
	a, err := run(ctx, cmd, cat, d, asOf)
	return determined{d.Declaration, a, cat, at}, err
}

// run determines, and tells on stderr how far it is and what broke off.
func run(ctx context.Context, cmd *cli.Command, cat *catalogue.Catalogue, d *dossier.Dossier, asOf iotmark.Date) (iotmark.Assessment, error) {
	var faults sync.Mutex
	in := determine.Input{Catalogue: cat, Dossier: d, AsOf: asOf, Limits: evidence.DefaultLimits(), Fault: func(err error) {
		faults.Lock()
		defer faults.Unlock()
		tell(cmd.Root().ErrWriter, err)
	}}
	progress, stop := progress(cmd.Root().ErrWriter)
	in.Progress = progress
	var c *confine.Confiner
	if !cmd.Bool("unconfined") {
		c = confine.New(confine.Budget{})
		in.Confined = c.Read
	}
	a, err := determine.Run(ctx, in)
	stop()
	if c != nil {
		tellConfined(cmd.Root().ErrWriter, c)
	}
	return a, err
}

// replace writes a file beside the old one and then takes its place, so that
// a crash leaves either the old file or the new one. What is no regular file,
// such as a pipe, is written to as it is.
func replace(file, content string) error {
	mode := os.FileMode(0o666) // less the umask
	if st, err := os.Stat(file); err == nil {
		if !st.Mode().IsRegular() {
			return os.WriteFile(file, []byte(content), 0)
		}
		mode = st.Mode().Perm()
		if real, err := filepath.EvalSymlinks(file); err == nil {
			file = real
		}
	}
	tmp := filepath.Join(filepath.Dir(file), ".iotmark-"+strconv.Itoa(os.Getpid()))
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	_, err = io.WriteString(f, content)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp, file)
	}
	return err
}

// ours reports whether a report would take the place of a file of the dossier:
// the archive itself, or anything in its folder that is no earlier report.
func ours(file, path string) bool {
	st, err := os.Stat(path)
	if err != nil {
		return false
	}
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return false // nothing is there
	}
	folder := path
	if !st.IsDir() {
		if x, err := os.Stat(target); err == nil && os.SameFile(x, st) {
			return true
		}
		folder = filepath.Dir(path)
	}
	root, err1 := filepath.Abs(folder)
	in, err2 := filepath.Abs(target)
	if err1 != nil || err2 != nil {
		return true
	}
	if root, err1 = filepath.EvalSymlinks(root); err1 != nil {
		return true
	}
	rel, err := filepath.Rel(root, in)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return false
	}
	return !earlierReport(target)
}

// earlierReport reports whether a file begins as the reports of this program
// do.
func earlierReport(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 600)
	n, _ := io.ReadFull(f, head)
	s := string(head[:n])
	if s == "" {
		return true // nothing is lost
	}
	has := func(begin, within string) bool { return strings.HasPrefix(s, begin) && strings.Contains(s, within) }
	return has("{\n  \"edition\": \"", "") || has("<!DOCTYPE html>", "where it stands") || has("", ", judged as of ") ||
		has("<!-- iotmark report -->", "") || has("<?xml", "<testsuites name=\"iotmark\"") || has("{\n  \"$schema\":", "\"name\": \"iotmark\"") ||
		has("[\n  {\n    \"description\": \"", "") || s == "[]\n" || has("::error file=", ",title=") || has("::warning file=", ",title=") || has("::notice title=iotmark", "")
}

// verdict decides the exit code; the report has said why.
func verdict(cmd *cli.Command, in report.Input) error {
	a := in.Assessment
	if cmd.Bool("strict") {
		for _, h := range a.Evidence {
			if h.Standing == iotmark.Unopened || h.Standing == iotmark.Held && h.Reason != "" && h.Reason != assess.NotExamined {
				return said(iotmark.Unreadable, "evidence-unreadable")
			}
		}
	}
	for _, g := range in.Compare().New { // without a baseline all of them
		if g.Level == iotmark.Must {
			return said(iotmark.Nonconforming, "must-unmet")
		}
	}
	return nil
}
