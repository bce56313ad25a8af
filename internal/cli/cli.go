// Package cli is the command line: one file a command. Results go to stdout,
// everything else to stderr; exit codes follow the table of kinds in the root
// package.
//
// What it refuses to do: decide. A command decodes flags, calls one function
// of a lower floor, and prints.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/confine"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/report"
)

// Main runs one command and returns its exit code. As the confined child of
// such a command it runs one reader, and nothing else of this package.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if confine.IsChild(args) {
		return confine.Work(determine.Readers())
	}
	debug.SetMemoryLimit(384 << 20) // collect harder before the budget of 512 MB is used up
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := &outlet{Writer: stdout}
	err := out.failed(root(stdin, out, stderr).Run(ctx, args))
	if err != nil && !errors.Is(err, errSaid) {
		tell(stderr, err)
	}
	return iotmark.ExitCode(err)
}

// outlet is stdout. It remembers that it took something no more: a full disk, a
// limit, a reader that went away. That is no fault of the program, and a
// command that does not look must not end well.
type outlet struct {
	io.Writer
	err error
}

// Write writes until something could not be written.
func (o *outlet) Write(b []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.Writer.Write(b)
	o.err = err
	return n, err
}

// failed returns the failure of a command, and that of stdout where the
// command has none that somebody expected.
func (o *outlet) failed(err error) error {
	if o.err == nil || iotmark.KindOf(err) != iotmark.Internal && !errors.Is(err, errSaid) {
		return err
	}
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "output", Err: o.err,
		Msg: "not all of the output could be written, and what is there is cut short; make room where it goes, or lift the limit, and run it again"}
}

// errSaid marks a failure whose words the report has told already.
var errSaid = errors.New("told")

// said returns an error that decides the exit code and is not printed again.
func said(k iotmark.Kind, id iotmark.ErrorID) error {
	return &iotmark.Error{Kind: k, ID: id, Err: errSaid}
}

// usage returns the failure of somebody who called a command wrongly.
func usage(format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "usage", Msg: fmt.Sprintf(format, args...)}
}

// tell prints a failure, or each of several, with its id. Words may carry
// what somebody typed or what stands in a file, so they are made safe for a
// terminal.
func tell(out io.Writer, err error) {
	var b strings.Builder
	defer func() { say(out, b.String()) }()
	w := &b
	if es, ok := errors.AsType[iotmark.Errors](err); ok {
		for _, e := range es {
			fmt.Fprintf(w, "%s [%s]\n", e.Error(), e.ID)
		}
		if len(es) > 1 {
			fmt.Fprintf(w, "%d problems\n", len(es))
		}
		return
	}
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		fmt.Fprintf(w, "%s [%s]\n", e.Error(), e.ID)
		return
	}
	fmt.Fprintf(w, "internal error: %v\nThis is a fault of the program. Please report it to the project. [internal]\n", err)
}

// say prints lines that hold foreign text: none of it steers a terminal, or
// gives orders to the runner of a workflow. A foreign field that could end a
// line goes through [linef] before.
func say(w io.Writer, text string) error {
	return raw(w, strings.TrimSuffix(cleanLines(text), "\n")+"\n")
}

// cleanLines cleans each line and keeps the lines.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = message.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// raw prints what is clean already, or is no text for people, and keeps orders
// to the runner of a workflow out of it.
func raw(w io.Writer, text string) error {
	if workflow() {
		text = report.Uncommanded(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

// linef adds to b what fmt.Fprintf would, with every string among args made
// safe first, so that no field ends the line it stands in.
func linef(b *strings.Builder, format string, args ...any) {
	for i, a := range args {
		if v := reflect.ValueOf(a); v.Kind() == reflect.String {
			args[i] = message.Clean(v.String())
		}
	}
	fmt.Fprintf(b, format, args...)
}

func root(stdin io.Reader, stdout, stderr io.Writer) *cli.Command {
	cmd := &cli.Command{
		Name:                  "iotmark",
		Usage:                 "the Open IoT Mark: a certification mark for connected products",
		Version:               version(),
		Reader:                stdin,
		Writer:                stdout,
		ErrWriter:             stderr,
		Suggest:               true,
		EnableShellCompletion: true,
		HideHelpCommand:       true,
		ExitErrHandler:        func(context.Context, *cli.Command, error) {},
		Commands: []*cli.Command{
			checkCommand(),
			previewCommand(),
			initCommand(),
			explainCommand(),
			publishCommand(),
			verifyCommand(),
			verifierCommand(),
			attestCommand(),
			auditCommand(),
			logCommand(),
			mirrorCommand(),
			witnessCommand(),
			rebuildCommand(),
			keyCommand(),
			keysCommand(),
			entryCommand(),
			caseCommand(),
			doctorCommand(),
			catalogueCommand(),
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			switch rest := cmd.Args().Tail(); {
			case cmd.NArg() == 0, cmd.Args().First() == "help" && len(rest) == 0:
				return cli.ShowRootCommandHelp(cmd)
			case cmd.Args().First() == "help" && cmd.Command(rest[0]) != nil:
				// In a context of its own: in ctx it would run below this command.
				args := append([]string{cmd.Name}, rest...)
				return root(stdin, stdout, stderr).Run(context.Background(), append(args, "--help"))
			case cmd.Args().First() == "version" && len(rest) == 0:
				cli.ShowVersion(cmd)
				return nil
			}
			return noCommand(cmd)
		},
	}
	strict(cmd)
	return cmd
}

// strict makes every command answer wrong use in the same way.
func strict(cmd *cli.Command) {
	cmd.OnUsageError = func(_ context.Context, cmd *cli.Command, err error, _ bool) error {
		return usage("%v; %s --help lists what it takes", err, cmd.FullName())
	}
	for _, c := range cmd.Commands {
		strict(c)
	}
}

// version returns what the build knows of itself.
func version() string {
	bi, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v, commit, changed := bi.Main.Version, "", ""
	for _, s := range bi.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			commit = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+dirty" // as Go itself marks it
		}
	}
	if commit != "" && (v == "" || v == "(devel)") {
		return commit + changed
	}
	return v
}

// terminal reports whether w is a terminal that shows colours and takes
// carriage returns.
func terminal(w io.Writer) bool {
	if o, ok := w.(*outlet); ok {
		w = o.Writer
	}
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

// colour reports whether output to w may be coloured.
func colour(w io.Writer) bool { return os.Getenv("NO_COLOR") == "" && terminal(w) }
