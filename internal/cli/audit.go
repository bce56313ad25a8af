package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/audit"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/verify"
)

func auditCommand() *cli.Command {
	return &cli.Command{
		Name:      "audit",
		Usage:     "replay a whole log, and compute anew what it says of itself",
		ArgsUsage: "URL|DIR",
		Description: `Replays every entry from the root keys in the trust file on, tells which have
no effect and why, and computes each status list, state and snapshot that the
log names. Nothing is believed but the trust file.

Exit codes: 0 all that the log says follows from it, 3 it does not, or the
checkpoint does not hold, 4 the log could not be read.`,
		Flags: []cli.Flag{
			trustFlag(),
			formatFlag(),
			atFlag(),
		},
		Action: runAudit,
	}
}

func trustFlag() cli.Flag {
	return &cli.StringFlag{Name: "trust", Usage: "trust `FILE`: keys of root and log, witnesses"}
}

// trusted reads the trust file that --trust names.
func trusted(cmd *cli.Command) (*verify.Trust, error) {
	name := cmd.String("trust")
	if name == "" {
		return nil, usage("--trust is missing: the file trust.json of the scheme, from somebody you believe")
	}
	return readTrust(name)
}

func readTrust(name string) (*verify.Trust, error) {
	b, err := boundedFile(name, verify.MaxTrust)
	if err != nil {
		return nil, err
	}
	t, err := verify.ParseTrust(b)
	return t, at(name, err)
}

// auditorOf opens the log at a place for an audit.
func auditorOf(where string, t *verify.Trust, now func() time.Time) (*audit.Auditor, error) {
	r, err := ledger.NewReader(where, t.Log)
	if err != nil {
		return nil, err
	}
	return audit.New(r, t, now)
}

// replaying tells how far a replay is.
func replaying(cmd *cli.Command) (tell func(done, of int64), stop func()) {
	show, stop := progress(cmd.Root().ErrWriter)
	return func(done, of int64) {
		show(determine.Progress{Stage: "replaying", Name: "entries", Done: int(done), Total: int(of)})
	}, stop
}

func runAudit(ctx context.Context, cmd *cli.Command) error {
	where, err := oneArg(cmd, "the log, as a folder or an address")
	if err != nil {
		return err
	}
	asJSON, err := jsonAsked(cmd)
	if err != nil {
		return err
	}
	t, err := trusted(cmd)
	if err != nil {
		return err
	}
	now, err := clock(cmd)
	if err != nil {
		return err
	}
	a, err := auditorOf(where, t, now)
	if err != nil {
		return err
	}
	tell, stop := replaying(cmd)
	r, err := a.Published(ctx, tell)
	stop()
	if err != nil {
		return err
	}
	if asJSON {
		err = encoded(cmd, struct {
			Sound bool `json:"sound"`
			*audit.Report
		}{r.Sound(), r})
	} else {
		err = say(cmd.Root().Writer, auditText(r))
	}
	if err == nil && !r.Sound() {
		return said(iotmark.Unverified, "audit-differs")
	}
	return err
}

func formatFlag() cli.Flag {
	return &cli.StringFlag{Name: "format", Aliases: []string{"f"}, Value: "text", Usage: "`FORMAT` text or json"}
}

// jsonAsked reads the flag of [formatFlag].
func jsonAsked(cmd *cli.Command) (bool, error) {
	switch f := cmd.String("format"); f {
	case "json":
		return true, nil
	case "text":
		return false, nil
	default:
		return false, usage("--format %s: known are text and json", f)
	}
}

// encoded prints a value as JSON.
func encoded(cmd *cli.Command, v any) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	return raw(cmd.Root().Writer, b.String())
}

// most is how many of one kind are listed in text; JSON has all.
const most = 20

func auditText(r *audit.Report) string {
	var b strings.Builder
	linef(&b, "%s: %s\n", r.Origin, count(int(r.Size), "entry", "entries"))
	if len(r.Witnesses) > 0 {
		linef(&b, "  Checkpoint signed by %s: %s; the earliest %s.\n", count(len(r.Witnesses), "witness", "witnesses"), strings.Join(r.Witnesses, ", "), minute(r.Witnessed))
	} else {
		linef(&b, "  Logged, not witnessed: the policy asks for no witness, so that only the operator\n  vouches for this checkpoint.\n")
	}
	linef(&b, "  Root   %s\n  State  %s, as of %s\n", r.Root, string(r.Registry), minute(r.AsOf))
	var states []string
	for _, s := range slices.Sorted(maps.Keys(r.Marks)) {
		states = append(states, fmt.Sprintf("%d %s", r.Marks[s], s))
	}
	if len(states) == 0 {
		states = []string{"none granted"}
	}
	linef(&b, "\nMarks: %s.\n", strings.Join(states, ", "))
	someOf(&b, "without effect", len(r.Voids), func(i int) string {
		v := r.Voids[i]
		return fmt.Sprintf("%d %s: %s [%s]", v.Index, v.Type, v.Msg, v.Reason)
	})
	someOf(&b, "late: in force from when outsiders saw them", len(r.Late), func(i int) string { return fmt.Sprint(r.Late[i]) })
	if n := len(r.Attempts); n > 0 {
		linef(&b, "\nAttempts to lower a promise, refused: %d\n", n)
		for _, t := range r.Attempts[:min(n, most)] {
			linef(&b, "  %s in entry %d: %s\n", t.Product, t.Index, strings.Join(t.What, ", "))
		}
	}
	switch {
	case r.Last < 0:
		b.WriteString("\nNo status was published yet.\n")
	default:
		linef(&b, "\n%s computed again; the last is entry %d, and %s about marks came after it.\n", count(int(r.Statuses), "published status was", "published statuses were"), r.Last, count(int(r.Pending), "entry", "entries"))
	}
	for i, d := range r.Differences {
		if i == most {
			linef(&b, "  and %d more; --format json has all\n", len(r.Differences)-most)
			break
		}
		linef(&b, "  x Entry %d, %s: it says %s; what follows from the log is %s [%s]\n", d.Index, d.What, d.Said, d.Is, string(d.ID))
	}
	if r.Sound() {
		b.WriteString("All that the log says of itself follows from it.\n")
	} else {
		linef(&b, "Does not follow from the log: %s.\n", count(len(r.Differences), "statement", "statements"))
	}
	return b.String()
}

// someOf tells entries of one kind.
func someOf(b *strings.Builder, what string, n int, line func(i int) string) {
	if n == 0 {
		return
	}
	linef(b, "%s %s\n", count(n, "entry", "entries"), what)
	for i := range min(n, most) {
		linef(b, "  %s\n", line(i))
	}
	if n > most {
		linef(b, "  and %d more; --format json has all\n", n-most)
	}
}

// minute writes a time for people.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
