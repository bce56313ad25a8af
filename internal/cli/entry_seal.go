package cli

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/verify"
)

func entrySealCommand() *cli.Command {
	return &cli.Command{
		Name:      "seal",
		Usage:     "put signatures under the text of an entry",
		ArgsUsage: "TEXT SIGNATURE...",
		Description: `A signature is a file of entry sign or of ssh-keygen -Y sign; that of
ssh-keygen needs --keys or --log, because it does not name its key. Each is
verified where its key is known. The sealed entry has one form, whatever the
order of the signatures. What it amounts to, entry check tells.`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "write the entry to `FILE`, which must be new; else to stdout"},
		}, keyFlags()...),
		Action: entrySeal,
	}
}

func entrySeal(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() < 2 {
		return usage("entry seal takes a text and the files of its signatures")
	}
	known, err := knownKeys(ctx, cmd)
	if err != nil {
		return err
	}
	e, err := readEntry(cmd, cmd.Args().First())
	if err != nil {
		return err
	}
	if e.sealed {
		return usage("%s is sealed already; a signature more would be another entry", cmd.Args().First())
	}
	var sigs []verify.Sig
	for _, name := range cmd.Args().Tail() {
		b, err := readBounded(cmd, name, 16<<10)
		if err != nil {
			return err
		}
		sig, verified, err := readSignature(b, e, known)
		if err != nil {
			return at(name, err)
		}
		if !verified {
			if err := say(cmd.Root().ErrWriter, fmt.Sprintf("%s: the key %s is not known here, so its signature was not verified", message.Clean(name), message.Clean(sig.Name))); err != nil {
				return err
			}
		}
		sigs = append(sigs, sig)
	}
	note, err := verify.Seal(e.Text, sigs...)
	if err != nil {
		return err
	}
	if _, err := verify.Parse(e.domain, note); err != nil {
		return err
	}
	if to := cmd.String("out"); to != "" {
		if err := key.WriteNew(to, note, 0o644); err != nil {
			return err
		}
		return say(cmd.Root().Writer, to)
	}
	return raw(cmd.Root().Writer, string(note))
}
