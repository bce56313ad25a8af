package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
	sumdb "golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/verify"
)

func logCommand() *cli.Command {
	return &cli.Command{
		Name:  "log",
		Usage: "the public log of a scheme: make, publish, serve and check it",
		Commands: []*cli.Command{
			logInitCommand(),
			logResumeCommand(),
			logAppendCommand(),
			logServeCommand(),
			logProofCommand(),
			logFsckCommand(),
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.NArg() > 0 {
				return usage("log %s: known are %s", cmd.Args().First(), strings.Join(namesOf(cmd.Commands), ", "))
			}
			return cli.ShowSubcommandHelp(cmd)
		},
	}
}

func logInitCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make a log without entries in the empty folder DIR",
		ArgsUsage: "DIR",
		Description: `The name of the key becomes the origin of the log, for ever. Prints the log's
verifier key, which everybody needs who reads the log.

  iotmark keys new --role log --name log.example.org/1 log.key
  iotmark log init --key log.key /srv/log`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "the log's key: `FILE`"},
		}, passphraseFlags()...),
		Action: func(_ context.Context, cmd *cli.Command) error {
			dir, err := oneArg(cmd, "the log's folder")
			if err != nil {
				return err
			}
			signer, vkey, err := logSigner(cmd)
			if err != nil {
				return err
			}
			if err := ledger.Init(dir, signer); err != nil {
				return err
			}
			if err := raw(cmd.Root().Writer, vkey+"\n"); err != nil {
				return err
			}
			return say(cmd.Root().ErrWriter, fmt.Sprintf("The log %s is in %s.\n", message.Clean(signer.Name()), message.Clean(dir)))
		},
	}
}

// oneArg is the one argument of a command.
func oneArg(cmd *cli.Command, what string) (string, error) {
	if cmd.NArg() != 1 {
		return "", usage("%s takes one argument: %s", strings.TrimPrefix(cmd.FullName(), "iotmark "), what)
	}
	return cmd.Args().First(), nil
}

// logSigner opens the key of a log that --key names.
func logSigner(cmd *cli.Command) (sumdb.Signer, string, error) {
	if cmd.String("key") == "" {
		return nil, "", usage("--key is missing: the log's key; iotmark keys new --role log makes one")
	}
	k, err := openKey(cmd, cmd.String("key"))
	if err != nil {
		return nil, "", err
	}
	if k.Name == "" {
		return nil, "", usage("--key %s: this is not the key of a log; iotmark keys new --role log makes one", cmd.String("key"))
	}
	s, err := k.Signer(k.Name)
	return s, k.VKey(), at(cmd.String("key"), err)
}

// logFlags say which log is meant, to those who read it.
func logFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "trust", Usage: "trust `FILE`: key of the log and witnesses"},
		&cli.StringFlag{Name: "log", Usage: "instead: verifier `KEY` of the log, or its file"},
		&cli.StringFlag{Name: "policy", Usage: "whose witnesses count: `FILE`, C2SP tlog-policy"},
	}
}

// logTrust is the log that somebody reads: its verifier key, and the policy
// that its checkpoints must meet, or nil when nobody asked for one.
func logTrust(cmd *cli.Command) (vkey string, policy *verify.Policy, err error) {
	switch trust, key := cmd.String("trust"), cmd.String("log"); {
	case trust != "" && key != "":
		return "", nil, usage("--trust and --log were given; choose one")
	case trust != "":
		t, err := readTrust(trust)
		if err != nil {
			return "", nil, err
		}
		vkey = t.Log
		if policy, err = t.Witnessing(); err != nil {
			return "", nil, err
		}
	case key != "":
		if vkey, err = keyOrFile(key); err != nil {
			return "", nil, err
		}
	default:
		return "", nil, usage("say which log you believe: --trust FILE, or --log KEY")
	}
	if file := cmd.String("policy"); file != "" {
		b, err := smallFile(file)
		if err != nil {
			return "", nil, err
		}
		if policy, err = verify.ParsePolicy(string(b)); err != nil {
			return "", nil, at(file, err)
		}
		if policy, err = policy.ForLog(vkey); err != nil {
			return "", nil, at(file, err)
		}
	}
	return vkey, policy, nil
}

// keyOrFile takes a verifier key, or the file that has it.
func keyOrFile(s string) (string, error) {
	if strings.Count(s, "+") >= 2 {
		return strings.TrimSpace(s), nil
	}
	b, err := smallFile(s)
	return strings.TrimSpace(string(b)), err
}

// smallFile reads a file of at most 256 KiB.
func smallFile(name string) ([]byte, error) { return boundedFile(name, 256<<10) }

// accept holds a policy against a checkpoint that was signed by the log.
func accept(p *verify.Policy, r *ledger.Reader) func(ledger.Head) error {
	return func(h ledger.Head) error {
		if p == nil || h.Size == 0 { // the tree without entries says nothing
			return nil
		}
		_, err := p.Open(h.Note, r.Origin())
		return err
	}
}

// serveFlag is where a server listens.
func serveFlag(port string) cli.Flag {
	return &cli.StringFlag{Name: "listen", Value: "127.0.0.1:" + port, Usage: "answer at `ADDRESS`"}
}

// serve answers until the context ends. The address is the first line of
// stdout.
func serve(ctx context.Context, cmd *cli.Command, h http.Handler) error {
	l, err := net.Listen("tcp", cmd.String("listen"))
	if err != nil {
		return &iotmark.Error{Kind: iotmark.Unavailable, ID: "listen", Msg: "--listen " + cmd.String("listen") + " cannot be opened", Err: err}
	}
	defer l.Close()
	if err := raw(cmd.Root().Writer, "http://"+l.Addr().String()+"\n"); err != nil {
		return err
	}
	srv := ledger.Server(h)
	down := make(chan error, 1)
	go func() {
		<-ctx.Done()
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer stop()
		down <- srv.Shutdown(end)
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return &iotmark.Error{Kind: iotmark.Unavailable, ID: "listen", Msg: "no more requests can be taken", Err: err}
	}
	return <-down
}

// told is the log of events on stderr, one a line.
func told(cmd *cli.Command) *slog.Logger {
	return slog.New(slog.NewTextHandler(cleaner{cmd.Root().ErrWriter}, nil))
}

// cleaner makes what is written safe for a terminal. A logger writes whole
// lines.
type cleaner struct{ w io.Writer }

// Write writes lines.
func (c cleaner) Write(b []byte) (int, error) { return len(b), say(c.w, string(b)) }
