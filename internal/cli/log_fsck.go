package cli

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
)

func logFsckCommand() *cli.Command {
	return &cli.Command{
		Name:      "fsck",
		Usage:     "read every file of a log or copy, and say which are wrong",
		ArgsUsage: "DIR|URL",
		Description: `Computes all hashes from the entries, compares every tile with them and the
root with the checkpoint, and holds every earlier checkpoint against it.
What the entries mean is not looked at: that is iotmark audit.

Exit codes: 0 all is right, 3 something is wrong, 4 it could not be read.`,
		Flags:  logFlags(),
		Action: logFsck,
	}
}

func logFsck(ctx context.Context, cmd *cli.Command) error {
	where, err := oneArg(cmd, "a folder or address")
	if err != nil {
		return err
	}
	vkey, policy, err := logTrust(cmd)
	if err != nil {
		return err
	}
	r, err := ledger.NewReader(where, vkey)
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
	c, err := r.Fsck(ctx, nil)
	if err != nil {
		return err
	}
	if len(c.Problems) > 0 {
		tell(cmd.Root().ErrWriter, c.Problems)
		return said(iotmark.Unverified, "log-wrong")
	}
	return say(cmd.Root().Writer, fmt.Sprintf("%s: %s, %s and %s are right.", r.Origin(),
		count(int(c.Entries), "entry", "entries"), count(int(c.Tiles), "tile", "tiles"), count(int(c.Births), "checkpoint", "checkpoints")))
}
