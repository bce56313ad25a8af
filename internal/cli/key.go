package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/publication"
)

func keyCommand() *cli.Command {
	return &cli.Command{
		Name:  "key",
		Usage: "make the key that publications are signed with",
		Commands: []*cli.Command{{
			Name:      "new",
			Usage:     "write a new Ed25519 key to FILE, and its public half to FILE.pub",
			ArgsUsage: "FILE",
			Description: `The file is as ssh-keygen -t ed25519 writes it, and is readable by you only.
Nothing is written over. Keep it where your product's secrets are kept: who
has it can publish in your name. A key that you have already will do as well.`,
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "passphrase-file", Usage: "lock the key with the first line of `FILE`; asked for on a terminal when left out"},
				&cli.BoolFlag{Name: "no-passphrase", Usage: "leave the key unlocked"},
				&cli.StringFlag{Name: "comment", Value: "iotmark", Usage: "`WORDS` in the public half that tell you which key it is"},
			},
			Action: newKey,
		}},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.NArg() > 0 {
				return usage("key %s: known is key new", cmd.Args().First())
			}
			return cli.ShowSubcommandHelp(cmd)
		},
	}
}

func newKey(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 {
		return usage("key new takes the name of one file")
	}
	comment := cmd.String("comment")
	for _, r := range comment {
		if r < ' ' || r > '~' {
			return usage("--comment takes plain letters on one line")
		}
	}
	var pass []byte
	var err error
	switch {
	case cmd.Bool("no-passphrase"):
	case cmd.String("passphrase-file") != "":
		pass, err = passphraseFrom(cmd.String("passphrase-file"))
	default:
		if pass, err = askPassphrase(cmd, "Passphrase (empty for none): "); err != nil {
			break
		}
		var again []byte
		if again, err = askPassphrase(cmd, "The same again: "); err == nil && !bytes.Equal(pass, again) {
			err = usage("the two passphrases differ; nothing was written")
		}
		clear(again)
	}
	if err != nil {
		return err
	}
	defer clear(pass)
	file := cmd.Args().First()
	k, err := key.New(file, comment, pass)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.Root().Writer, "%s\n", publication.Fingerprint(k.Public))
	say(cmd.Root().ErrWriter, fmt.Sprintf("Private key: %[1]s (keep it secret, and a copy of it in another place)\nPublic key: %[1]s.pub\n", message.Clean(file)))
	return nil
}

const maxPassphrase = 4096

// passphraseFrom takes the first line of a file.
func passphraseFrom(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "passphrase-missing", Msg: "the passphrase cannot be read", Err: err}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPassphrase))
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "passphrase-missing", Msg: "the passphrase cannot be read", Err: err}
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), nil
}

// askPassphrase asks on the terminal and shows nothing of what is typed.
func askPassphrase(cmd *cli.Command, prompt string) ([]byte, error) {
	in, ok := cmd.Root().Reader.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "passphrase-missing", Msg: "a passphrase is needed, and there is no terminal to ask on; give --passphrase-file FILE"}
	}
	fmt.Fprint(cmd.Root().ErrWriter, prompt)
	b, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(cmd.Root().ErrWriter)
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.Interrupted, ID: "interrupted", Msg: "no passphrase was given; nothing was written", Err: err}
	}
	return b, nil
}

// openKey opens the key that a command was given.
func openKey(cmd *cli.Command, file string) (*key.Key, error) {
	return key.Open(file, os.Getenv("SSH_AUTH_SOCK"), func() ([]byte, error) {
		if f := cmd.String("passphrase-file"); f != "" {
			return passphraseFrom(f)
		}
		return askPassphrase(cmd, "Passphrase of "+file+": ")
	})
}
