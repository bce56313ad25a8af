package cli

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
)

func logResumeCommand() *cli.Command {
	return &cli.Command{
		Name:      "resume",
		Usage:     "make the copy in DIR a log again, when the log is lost",
		ArgsUsage: "DIR",
		Description: `DIR is a copy that iotmark mirror made. Every file of it is read first. Then
it is the log, which goes on where the copy ends.

Take the last copy there is, and only when nothing writes to the log itself
any more: entries that were published and are not in the copy are lost, and a
log that goes on in two ways is forked. Witnesses refuse both.

  iotmark mirror --trust trust.json https://copy.example.org/1 /srv/log2
  iotmark log resume --key log.key /srv/log2`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "the log's key: `FILE`"},
		}, passphraseFlags()...),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			dir, err := oneArg(cmd, "the folder of the copy")
			if err != nil {
				return err
			}
			_, vkey, err := logSigner(cmd)
			if err != nil {
				return err
			}
			c, err := ledger.Resume(ctx, dir, vkey)
			if err != nil {
				return err
			}
			if len(c.Problems) > 0 {
				tell(cmd.Root().ErrWriter, c.Problems)
				return said(iotmark.Unverified, "log-wrong")
			}
			return say(cmd.Root().Writer, fmt.Sprintf("%s is the log now, of %s.", dir, count(int(c.Size), "entry", "entries")))
		},
	}
}
