package cli

import (
	"context"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/store"
)

func rebuildCommand() *cli.Command {
	return &cli.Command{
		Name:      "rebuild",
		Usage:     "make the public tables of a registry again from its log",
		ArgsUsage: "LOG",
		Description: `LOG is the folder or the address of the log, or of a mirror. The public
tables are dropped and made again from what the log has published, in one
step, and each row that said something else before is named. Where log and
tables differ, the log wins. What is not public, such as decisions on their
way into the log, stays as it is.

With --check nothing is written: exit code 0 says that every row follows from
the log, 3 that some do not. The password of a PostgreSQL database may stand
in PGPASSWORD or ~/.pgpass, as for psql.

  iotmark rebuild --db /srv/registry.db --trust trust.json /srv/log`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "db", Usage: "`ADDRESS` of it: a file, or postgres://..."},
			trustFlag(),
			&cli.BoolFlag{Name: "check", Usage: "compare only"},
			formatFlag(),
		},
		Action: rebuild,
	}
}

// rebuilt is what rebuild prints as JSON.
type rebuilt struct {
	Entries  int64          `json:"entries"`
	AsOf     time.Time      `json:"as_of,omitzero"`
	Registry iotmark.Digest `json:"registry,omitempty"` // hash of the state, to compare with an audit
	Void     int            `json:"void"`
	Differ   int            `json:"differ"`
	Rows     []string       `json:"rows"` // that said something else; at most 100
	Written  bool           `json:"written"`
}

func rebuild(ctx context.Context, cmd *cli.Command) error {
	where, err := oneArg(cmd, "where the log is")
	if err != nil {
		return err
	}
	addr := cmd.String("db")
	if addr == "" {
		return usage("--db is missing: the file of the database, or its address such as postgres://registry@127.0.0.1/registry")
	}
	asJSON, err := jsonAsked(cmd)
	if err != nil {
		return err
	}
	trust, err := trusted(cmd)
	if err != nil {
		return err
	}
	policy, err := trust.Witnessing()
	if err != nil {
		return err
	}
	log, err := ledger.NewReader(where, trust.Log)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, addr)
	if err != nil {
		return err
	}
	defer db.Close()
	reg, err := registry.Open(ctx, db, trust)
	if err != nil {
		return err
	}
	p := reg.NewProjector(registry.Source{Log: log, Policy: policy})
	defer p.Close()
	check := cmd.Bool("check")
	var done registry.Progress
	if check {
		done, err = p.Compare(ctx)
	} else {
		done, err = p.Rebuild(ctx, time.Now())
	}
	if err != nil {
		return err
	}
	out := rebuilt{Entries: done.Size, Void: len(done.Void), Differ: done.Differ, Rows: append([]string{}, done.Mended...), Written: !check}
	if r := p.Registry(); r != nil {
		out.AsOf, out.Registry, out.Void = r.AsOf, r.Hash(), len(r.Voids)
	}
	if err := printRebuilt(cmd, asJSON, out); err != nil {
		return err
	}
	if check && out.Differ > 0 {
		return said(iotmark.Unverified, "projection-differs")
	}
	return nil
}

func printRebuilt(cmd *cli.Command, asJSON bool, r rebuilt) error {
	if asJSON {
		return encoded(cmd, r)
	}
	var b strings.Builder
	switch {
	case r.Differ == 0:
		linef(&b, "Every row of the public tables follows from the log.\n")
	case r.Written:
		linef(&b, "Rows that did not say what the log says, and were made again: %d\n", r.Differ)
	default:
		linef(&b, "Rows that do not say what the log says: %d. Nothing was changed; without --check they are made again.\n", r.Differ)
	}
	for _, row := range r.Rows {
		linef(&b, "  %s\n", row)
	}
	if n := r.Differ - len(r.Rows); n > 0 {
		linef(&b, "  and %d more\n", n)
	}
	linef(&b, "entries   %d, %d of them without effect\n", r.Entries, r.Void)
	if r.Registry != "" {
		linef(&b, "registry  %s as of %s\n", string(r.Registry), r.AsOf.Format(time.RFC3339))
	}
	return raw(cmd.Root().Writer, b.String())
}
