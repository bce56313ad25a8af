package cli

import (
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/verify"
)

func logServeCommand() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "serve the log or copy in the folder DIR",
		ArgsUsage: "DIR",
		Description: `Serves what is published in DIR as C2SP tlog-tiles, a log as well as a copy
that iotmark mirror made, and birth/INDEX.tlog-proof. It serves nothing else
that may lie there, and changes nothing. The first line of output is the
address.

It answers this machine only, unless --listen says else; for the world, put a
proxy with TLS in front.

With --key it also publishes: what was added and not published before, and
every six hours the same again under the eyes of the witnesses of --policy,
so that there is always a fresh time of outsiders. One process at a time
writes to a log.`,
		Flags: append(append(logFlags(),
			serveFlag("8027"),
			&cli.StringFlag{Name: "key", Usage: "publish with the log's key: `FILE`"},
			&cli.DurationFlag{Name: "interval", Value: 10 * time.Second, Usage: "publish at most once in `TIME`"},
			&cli.DurationFlag{Name: "republish", Value: 6 * time.Hour, Usage: "witnessed again after `TIME`"},
		), passphraseFlags()...),
		Action: logServe,
	}
}

func logServe(ctx context.Context, cmd *cli.Command) (err error) {
	dir, err := oneArg(cmd, "the log's folder")
	if err != nil {
		return err
	}
	vkey := ""
	if cmd.String("key") != "" {
		if cmd.String("trust") != "" || cmd.String("log") != "" {
			return usage("--key says which log it is; leave --trust and --log out")
		}
		c, err := logConfig(cmd, dir)
		if err != nil {
			return err
		}
		p, err := ledger.Open(ctx, c)
		if err != nil {
			return ofPolicy(cmd, err)
		}
		defer func() {
			end, stop := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
			defer stop()
			err = errors.Join(err, p.Close(end))
		}()
		vkey = c.Key
	} else if vkey, _, err = logTrust(cmd); err != nil {
		return err
	}
	r, err := ledger.NewReader(dir, vkey)
	if err != nil {
		return err
	}
	if _, err := r.Head(ctx); err != nil {
		return err
	}
	h, err := ledger.Handler(dir, vkey)
	if err != nil {
		return err
	}
	return serve(ctx, cmd, h)
}

// logConfig is how a command writes a log: --key, --policy, --interval and
// --republish.
func logConfig(cmd *cli.Command, dir string) (ledger.Config, error) {
	signer, vkey, err := logSigner(cmd)
	if err != nil {
		return ledger.Config{}, err
	}
	c := ledger.Config{Dir: dir, Signer: signer, Key: vkey, Interval: cmd.Duration("interval"), Republish: cmd.Duration("republish"), Log: told(cmd)}
	if file := cmd.String("policy"); file != "" {
		b, err := smallFile(file)
		if err != nil {
			return ledger.Config{}, err
		}
		c.Policy = string(b)
	}
	return c, nil
}

// openLog opens the log of a scheme to write to it. Its witnesses are those of
// --policy, or else of the trust file.
func openLog(ctx context.Context, cmd *cli.Command, dir string, t *verify.Trust, interval time.Duration) (*ledger.Posix, error) {
	c, err := logConfig(cmd, dir)
	if err != nil {
		return nil, err
	}
	if c.Key != t.Log {
		return nil, usage("--key is of another log than %s is about", cmd.String("trust"))
	}
	if c.Policy == "" {
		c.Policy = t.Policy
	}
	if interval > 0 {
		c.Interval = interval
	}
	p, err := ledger.Open(ctx, c)
	return p, ofPolicy(cmd, err)
}

// ofPolicy names the file of --policy when that is what is wrong.
func ofPolicy(cmd *cli.Command, err error) error {
	if e, ok := errors.AsType[*iotmark.Error](err); ok && e.ID == "policy-malformed" {
		return at(cmd.String("policy"), err)
	}
	return err
}
