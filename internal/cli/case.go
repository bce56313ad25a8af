package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
)

func caseCommand() *cli.Command {
	cs := []*cli.Command{caseInitCommand()}
	for _, d := range deeds() {
		cs = append(cs, d.command())
	}
	cs = append(cs, caseSignCommand(), caseTextCommand(), caseShowCommand(), caseListCommand(), caseTrailCommand(), caseStandingCommand(), caseAccountsCommand(), casePaymentsCommand(), caseDryRunCommand(), caseWorkCommand(), caseBackupCommand(), caseRecoverCommand())
	return &cli.Command{
		Name:  "case",
		Usage: "procedures of the mark on a local data folder, act by act",
		Description: `Every act of the procedures is a command here: for scripts, for tests, and
for the day on which nothing else works. The same tables decide as always:
who acts is named, by --as PERSON@ORGANISATION, and nothing is allowed
because somebody runs this machine. docs/certify.md leads from nothing to the
first mark; docs/cases.md has all states and acts.

IOTMARK_DATA names the folder where --data does not.`,
		Commands: cs,
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.NArg() > 0 {
				return usage("case %s: known are %s", cmd.Args().First(), strings.Join(namesOf(cmd.Commands), ", "))
			}
			return cli.ShowSubcommandHelp(cmd)
		},
	}
}

// deedRow is one act as a command: a row of the table in case_deeds.go.
type deedRow struct {
	name  string
	args  string // as the help shows them; the words in brackets may be left out
	usage string
	flags string // names of those in deedFlags, with blanks; * behind one that must be given
	do    func(*deed) (scheme.Case, error)
}

// deed is one act that somebody asked for.
type deed struct {
	*scheme.Scheme
	ctx context.Context
	cmd *cli.Command
	h   *dataHouse
	by  iotmark.Actor
	on  scheme.On
}

func (d *deed) arg(i int) string          { return d.cmd.Args().Get(i) }
func (d *deed) flag(n string) string      { return d.cmd.String(n) }
func (d *deed) day(n string) iotmark.Date { return iotmark.Date(d.cmd.String(n)) }

// deedFlags are the flags of acts, and what each means.
var deedFlags = map[string]string{
	"against":    "leaf of the decision in the log: `SHA256`",
	"area":       "what somebody can judge: `ID`",
	"cause":      "why the mark is looked at: `CAUSE`",
	"class":      "who may read it: `CLASS` public, restricted, secret",
	"closes":     "last `DAY` of the consultation",
	"contact":    "how to reach a person: `TEXT`",
	"criteria":   "`IDS` of terms or criteria that are not met",
	"document":   "`FILE` whose hash goes into the log",
	"domain":     "`DOMAIN` of the organisation",
	"edition":    "`EDITION` of the criteria; the one built in",
	"fee":        "class of the fee table that is accepted: `ID`",
	"from":       "first `DAY`",
	"grounds":    "`TEXT` for the log; no names of people",
	"hardware":   "`REVISIONS` that the mark speaks about, with commas",
	"interests":  "what ties you to the maker: `TEXT`, or none",
	"keys":       "`FILE` of keys, as keys new prints them",
	"kind":       "of an organisation: `KIND`",
	"lei":        "legal entity identifier: `LEI`",
	"letter":     "`FILE` of the letter",
	"licence":    "`FILE` of the agreement that the maker signed",
	"mark":       "code or URN of a `MARK`",
	"minutes":    "`FILE` of the minutes",
	"name":       "`NAME`, as it is registered",
	"payee":      "the `LABORATORY` that was paid",
	"person":     "`NAME` of the person who acts first",
	"private":    "not to be published before this `DAY`",
	"question":   "what is voted on: `TEXT`",
	"reason":     "for the record: `TEXT`",
	"register":   "register and number there: `TEXT`",
	"resolver":   "name server to ask: `HOST:PORT`; the system's",
	"scope":      "`FILE` of the scope as JSON; read from the dossier",
	"services":   "`DOMAINS` of services in the scope, with commas",
	"shown":      "training or witnessed work, with its date: `TEXT`",
	"size":       "class of size of the fee table: `ID`",
	"tells":      "`TEXT` for the case only",
	"to":         "certification body: `ID`; of an interest its end",
	"transition": "last `DAY` under the edition that is replaced",
	"units":      "how many `CASES`, days or years; 1",
	"unmet":      "`IDS` of musts that the assessor found not met",
	"until":      "last `DAY`",
	"what":       "what ties you to it: `TEXT`",
	"where":      "`ADDRESS` of a page or shop",
	"category":   "of products, as assessors are accredited: `ID`",
}

// command makes the command of a row.
func (r deedRow) command() *cli.Command {
	var must []string
	flags := []cli.Flag{
		&cli.StringFlag{Name: "as", Usage: "who acts: `PERSON@ORGANISATION`"},
		&cli.Int64Flag{Name: "seen", HideDefault: true, Usage: "the `VERSION` that you looked at"},
		&cli.StringFlag{Name: "once", Usage: "a `WORD` of yours: sent again, it is done once"},
	}
	for f := range strings.FieldsSeq(r.flags + " reason") {
		name, needed := strings.CutSuffix(f, "*")
		if needed {
			must = append(must, name)
		}
		if !slices.ContainsFunc(flags, func(x cli.Flag) bool { return x.Names()[0] == name }) {
			flags = append(flags, &cli.StringFlag{Name: name, Usage: deedFlags[name]})
		}
	}
	words := strings.Fields(strings.NewReplacer("[", "", "]", "").Replace(r.args))
	least := len(words) - strings.Count(r.args, "[")
	return &cli.Command{
		Name: r.name, Usage: r.usage, ArgsUsage: r.args, Flags: append(flags, houseFlags(true)...),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if n := cmd.NArg(); n < least || n > len(words) && !strings.HasSuffix(r.args, "...") {
				return usage("case %s takes %s", r.name, r.args)
			}
			for _, name := range must {
				if cmd.String(name) == "" {
					return usage("case %s: --%s is missing: %s", r.name, name, strings.ReplaceAll(deedFlags[name], "`", ""))
				}
			}
			return inHouse(ctx, cmd, func(h *dataHouse) error {
				d, err := newDeed(ctx, cmd, h)
				if err != nil {
					return err
				}
				c, err := r.do(d)
				if c.ID != "" { // what was begun is there, even where the rest of it failed
					err = errors.Join(err, tellCase(cmd, c))
				}
				return err
			})
		},
	}
}

// newDeed reads who acts, and on which state.
func newDeed(ctx context.Context, cmd *cli.Command, h *dataHouse) (*deed, error) {
	by, err := actor(cmd.String("as"))
	return &deed{Scheme: h.scheme, ctx: ctx, cmd: cmd, h: h, by: by, on: scheme.On{
		Case: cmd.Args().First(), Version: cmd.Int64("seen"), Key: cmd.String("once"), Reason: cmd.String("reason"),
	}}, err
}

// actor reads who acts. Nobody is the person who runs this machine.
func actor(s string) (iotmark.Actor, error) {
	person, organisation, ok := strings.Cut(s, "@")
	if !ok || person == "" || organisation == "" {
		return iotmark.Actor{}, usage("--as %s: say who acts, for whom, as in --as a1@maker.example; nobody acts because he runs this machine", s)
	}
	return iotmark.Actor{Person: person, Organisation: organisation, Via: iotmark.ViaCommand}, nil
}

// tellCase prints a case after an act.
func tellCase(cmd *cli.Command, c scheme.Case) error {
	if cmd.String("format") == "json" {
		return writeJSON(cmd.Root().Writer, c)
	}
	var b strings.Builder
	linef(&b, "%s  %s  %s", c.ID, string(c.Kind), string(c.State))
	if _, ok := iotmark.MoveCase(c.Kind, c.State, iotmark.ActSign); ok {
		b.WriteString(", waits for signatures")
	} else if c.Row().Waits != "" {
		linef(&b, ", waits for the %s", string(c.Row().Waits))
	}
	if c.Due != "" {
		linef(&b, " until %s", string(c.Due))
	}
	b.WriteString("\n")
	return say(cmd.Root().Writer, b.String())
}

// atFlag sets the clock of a command, for scripts and tests. It is in no help:
// in life a clock is not set.
func atFlag() cli.Flag {
	return &cli.StringFlag{Name: "at", Usage: "act as of `TIME`", Sources: cli.EnvVars("IOTMARK_AT"), Hidden: true}
}

// clock is the clock that atFlag sets.
func clock(cmd *cli.Command) (func() time.Time, error) {
	s := cmd.String("at")
	if s == "" {
		return time.Now, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return nil, usage("--at %s: give a time such as 2027-03-01T12:00:00Z", s)
	}
	return func() time.Time { return t }, nil
}
