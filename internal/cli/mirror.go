package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
)

func mirrorCommand() *cli.Command {
	return &cli.Command{
		Name:      "mirror",
		Usage:     "copy a log into the folder DIR, or bring the copy up to date",
		ArgsUsage: "URL|FROM DIR",
		Description: `The copy is whole: iotmark log serve serves it, others can copy from it, and
it stands when the log is gone. Everything is verified before it is written.
A run that is broken off leaves the copy as it was, and the next one goes on
where it ended. The copy never becomes smaller or other than it was: what a
source that contradicts it has signed is kept in DIR/forks as proof.

Exit codes: 0 the copy is up to date, 3 what the source has is wrong, 4 it
could not be read or is behind the copy.`,
		Flags: append(logFlags(),
			&cli.DurationFlag{Name: "every", Usage: "go on, and look for more after each `TIME`"},
		),
		Action: runMirror,
	}
}

func runMirror(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 2 {
		return usage("mirror takes two arguments, where the log is and the folder of the copy, but found %q", strings.Join(cmd.Args().Slice(), " "))
	}
	every := cmd.Duration("every")
	if every < 0 || every > 0 && every < time.Second {
		return usage("--every %s: give a time of 1s or more", every)
	}
	vkey, policy, err := logTrust(cmd)
	if err != nil {
		return err
	}
	once := func() error {
		r, err := ledger.NewReader(cmd.Args().First(), vkey)
		if err != nil {
			return err
		}
		c, err := ledger.Mirror(ctx, r, cmd.Args().Get(1), accept(policy, r), nil)
		if err != nil {
			return err
		}
		if every > 0 && c.Size == c.Before {
			return nil
		}
		return say(cmd.Root().Writer, fmt.Sprintf("%s: %d entries, %d of them new.", r.Origin(), c.Size, c.Size-c.Before))
	}
	if every == 0 {
		return once()
	}
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		if err := once(); ctx.Err() != nil {
			return nil // asked to end
		} else if k := iotmark.KindOf(err); err != nil && k != iotmark.Unavailable && k != iotmark.Conflict {
			return err
		} else if err != nil {
			tell(cmd.Root().ErrWriter, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
