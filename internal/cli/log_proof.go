package cli

import (
	"context"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark/internal/ledger"
)

func logProofCommand() *cli.Command {
	return &cli.Command{
		Name:      "proof",
		Usage:     "print the proof that an entry is in the log",
		ArgsUsage: "INDEX DIR|URL",
		Description: `Prints a C2SP tlog-proof with the first published checkpoint that covers the
entry: its witnesses say when they first saw it. This proof is the same for
ever. --now takes the newest checkpoint instead. --entry prints the entry
itself, verified in the same way.`,
		Flags: append(logFlags(),
			&cli.BoolFlag{Name: "now", Usage: "with the newest checkpoint"},
			&cli.BoolFlag{Name: "entry", Usage: "print the entry, not the proof"},
		),
		Action: logProof,
	}
}

func logProof(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 2 {
		return usage("log proof takes an index, and a folder or address")
	}
	n, err := strconv.ParseInt(cmd.Args().First(), 10, 64)
	if err != nil || n < 0 {
		return usage("%s is no index; the first entry has 0", cmd.Args().First())
	}
	if cmd.Bool("now") && cmd.Bool("entry") {
		return usage("--now and --entry were given; choose one")
	}
	vkey, policy, err := logTrust(cmd)
	if err != nil {
		return err
	}
	r, err := ledger.NewReader(cmd.Args().Get(1), vkey)
	if err != nil {
		return err
	}
	h, err := r.Head(ctx)
	if err != nil {
		return err
	}
	if err := accept(policy, r)(h); err != nil {
		return err
	}
	var b []byte
	switch {
	case cmd.Bool("entry"):
		for e, err := range r.EntriesAt(ctx, h, n, n+1) {
			if err != nil {
				return err
			}
			b = e
		}
	case cmd.Bool("now"):
		b, err = r.Proof(ctx, n, h.Note)
	default:
		b, err = r.BirthProof(ctx, n)
	}
	if err != nil {
		return err
	}
	return raw(cmd.Root().Writer, string(b))
}
