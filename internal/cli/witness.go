package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
	sumdb "golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/message"
)

func witnessCommand() *cli.Command {
	return &cli.Command{
		Name:  "witness",
		Usage: "watch the logs of others, and cosign what only ever grows",
		Commands: []*cli.Command{
			witnessInitCommand(),
			witnessServeCommand(),
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.NArg() > 0 {
				return usage("witness %s: known are %s", cmd.Args().First(), strings.Join(namesOf(cmd.Commands), ", "))
			}
			return cli.ShowSubcommandHelp(cmd)
		},
	}
}

func witnessInitCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make the memory of a new witness in the folder DIR",
		ArgsUsage: "DIR",
		Description: `Prints the witness's verifier key, which logs name in their policy. A witness
whose memory is lost must not go on under its key, because it may have seen
what it does not know any more: it needs a new key, and is made anew.

  iotmark keys new --role witness --name witness.example.org/1 witness.key
  iotmark witness init --key witness.key /var/lib/witness
  iotmark witness serve --key witness.key --log LOG-KEY /var/lib/witness`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "the witness's key: `FILE`"},
		}, passphraseFlags()...),
		Action: func(_ context.Context, cmd *cli.Command) error {
			dir, err := oneArg(cmd, "the folder of its memory")
			if err != nil {
				return err
			}
			s, vkey, err := cosigner(cmd)
			if err != nil {
				return err
			}
			if err := ledger.InitWitness(dir, s); err != nil {
				return err
			}
			if err := raw(cmd.Root().Writer, vkey+"\n"); err != nil {
				return err
			}
			return say(cmd.Root().ErrWriter, fmt.Sprintf("The memory of %s is in %s. Never start the\nwitness from an older copy: it could sign what contradicts what it signed.\n", message.Clean(s.Name()), message.Clean(dir)))
		},
	}
}

// cosigner opens the key of a witness that --key names.
func cosigner(cmd *cli.Command) (sumdb.Signer, string, error) {
	if cmd.String("key") == "" {
		return nil, "", usage("--key is missing: the witness's key; iotmark keys new --role witness makes one")
	}
	k, err := openKey(cmd, cmd.String("key"))
	if err != nil {
		return nil, "", err
	}
	if k.Name == "" {
		return nil, "", usage("--key %s: this is not the key of a witness; iotmark keys new --role witness makes one", cmd.String("key"))
	}
	s, err := k.Cosigner(k.Name, time.Now)
	return s, k.VKey(), at(cmd.String("key"), err)
}

func witnessServeCommand() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "answer logs that want their checkpoints cosigned",
		ArgsUsage: "DIR",
		Description: `Speaks C2SP tlog-witness: add-checkpoint. Signs a checkpoint only when its
tree continues the one that was signed before for the same log, and remembers
it in DIR before it answers. What was refused is kept in DIR/refused, and two
checkpoints that prove a fork in DIR/forks. The first line of output is the
address.

With --audit it is an auditor: it signs only when the whole log, replayed
from the root keys in the trust file on, says nothing of itself that does not
follow, and keeps its signature back for ever otherwise.`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "the witness's key: `FILE`"},
			&cli.StringSliceFlag{Name: "log", Usage: "`KEY` of a log, or its file; may be repeated"},
			&cli.DurationFlag{Name: "every", Value: time.Second, Usage: "sign for each log once in `TIME`"},
			&cli.IntFlag{Name: "burst", Value: 20, Usage: "and `NUMBER` times at once"},
			&cli.StringFlag{Name: "audit", Usage: "audit first: the log's folder or `ADDRESS`"},
			trustFlag(),
			serveFlag("8028"),
		}, passphraseFlags()...),
		Action: witnessServe,
	}
}

func witnessServe(ctx context.Context, cmd *cli.Command) error {
	dir, err := oneArg(cmd, "the folder of its memory")
	if err != nil {
		return err
	}
	if cmd.Duration("every") <= 0 || cmd.Int("burst") < 1 {
		return usage("--every and --burst are above zero")
	}
	s, _, err := cosigner(cmd)
	if err != nil {
		return err
	}
	c := ledger.WitnessConfig{Dir: dir, Signer: s, Every: cmd.Duration("every"), Burst: cmd.Int("burst"), Log: told(cmd)}
	for _, l := range cmd.StringSlice("log") {
		k, err := keyOrFile(l)
		if err != nil {
			return err
		}
		c.Logs = append(c.Logs, k)
	}
	if where := cmd.String("audit"); where != "" {
		t, err := trusted(cmd)
		if err != nil {
			return err
		}
		if len(c.Logs) > 1 || len(c.Logs) == 1 && c.Logs[0] != t.Log {
			return usage("an auditor watches the one log of its trust file; leave --log out")
		}
		a, err := auditorOf(where, t, time.Now)
		if err != nil {
			return err
		}
		c.Logs, c.Examine = []string{t.Log}, a.Examine
	}
	if len(c.Logs) == 0 {
		return usage("--log is missing: the verifier key of a log to watch")
	}
	w, err := ledger.NewWitness(c)
	if err != nil {
		return err
	}
	return errors.Join(serve(ctx, cmd, w), w.Close())
}
