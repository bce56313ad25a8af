package cli

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/verify"
)

func keyCommand() *cli.Command {
	return &cli.Command{
		Name:  "key",
		Usage: "make the key that publications are signed with",
		Commands: []*cli.Command{{
			Name:      "new",
			Usage:     "write a new key to FILE, and its public half to FILE.pub",
			ArgsUsage: "FILE",
			Description: `The file is as ssh-keygen -t ed25519 writes it, and is readable by you only.
Nothing is written over. Keep it where your product's secrets are kept: who
has it can publish in your name. A key that you have already will do as well.`,
			Flags: append(newPassphraseFlags(),
				&cli.StringFlag{Name: "comment", Value: "iotmark", Usage: "`WORDS` in the public half"},
			),
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
	pass, err := newPassphrase(cmd)
	if err != nil {
		return err
	}
	defer clear(pass)
	file := cmd.Args().First()
	k, err := key.New(file, comment, pass)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.Root().Writer, "%s\n", verify.Fingerprint(k.Public))
	say(cmd.Root().ErrWriter, fmt.Sprintf("Private key: %[1]s (keep it secret, and a copy of it in another place)\nPublic key: %[1]s.pub\n", message.Clean(file)))
	return nil
}
