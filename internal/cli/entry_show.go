package cli

import (
	"context"

	"github.com/urfave/cli/v3"
)

func entryShowCommand() *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "tell an entry in words: what it says, and who signed it",
		ArgsUsage: "FILE...",
		Description: `FILE is an entry, or the text of one that is still to be signed. Read it so
before you sign it. With --keys or --log the signatures are verified; whether
the entry counts, entry check tells.`,
		Flags:  keyFlags(),
		Action: entryShow,
	}
}

func entryShow(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() == 0 {
		return usage("entry show takes the files of entries")
	}
	known, err := knownKeys(ctx, cmd)
	if err != nil {
		return err
	}
	for i, name := range cmd.Args().Slice() {
		e, err := readEntry(cmd, name)
		if err != nil {
			return err
		}
		text := entryText(e, known)
		if i > 0 {
			text = "\n" + text
		}
		if err := raw(cmd.Root().Writer, text); err != nil {
			return err
		}
	}
	return nil
}
