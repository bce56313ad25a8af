package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/verify"
)

func logAppendCommand() *cli.Command {
	return &cli.Command{
		Name:      "append",
		Usage:     "add sealed entries to the log in DIR, and publish it",
		ArgsUsage: "DIR ENTRY...",
		Description: `Reads the whole log first and refuses an entry that would have no effect:
what is in the log stays there. Either all of the entries are added, in their
order, or none; one that is in the log already is told and not added again.
With --void an entry without effect is added too, where everybody shall see
the attempt.
The checkpoint is published when the witnesses have seen it that the trust
file asks for, or --policy. One process at a time writes to a log.

  iotmark log append --key log.key --trust trust.json log entry.note`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "the log's key: `FILE`"},
			&cli.StringFlag{Name: "trust", Usage: "trust `FILE`, by which entries are judged"},
			&cli.StringFlag{Name: "policy", Usage: "whose witnesses are asked: `FILE`"},
			&cli.BoolFlag{Name: "void", Usage: "add entries without effect too, for all to see"},
		}, passphraseFlags()...),
		Action: logAppend,
	}
}

func logAppend(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() < 2 || cmd.String("trust") == "" {
		return usage("log append takes a log's folder and sealed entries, with --key and --trust")
	}
	dir, names := cmd.Args().First(), cmd.Args().Tail()
	trust, err := readTrust(cmd.String("trust"))
	if err != nil {
		return err
	}
	var entries []anEntry
	for _, name := range names {
		e, err := readEntry(cmd, name)
		if err != nil {
			return err
		}
		if !e.sealed {
			return usage("%s has no signatures yet; iotmark entry seal puts them under it", name)
		}
		entries = append(entries, e)
	}
	p, err := openLog(ctx, cmd, dir, trust, 0) // and nobody else adds meanwhile
	if err != nil {
		return err
	}
	text, err := appendAll(ctx, p, trust, names, entries, cmd.Bool("void"))
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer stop()
	if e := p.Close(end); e != nil && err == nil {
		err = &iotmark.Error{Kind: iotmark.KindOf(e), ID: "log-unpublished", Err: e,
			Msg: "the entries are in the log, and it is not published yet; log serve --key goes on trying"}
	}
	return errors.Join(raw(cmd.Root().Writer, text), err)
}

// appendAll judges all entries as what comes next in the log, and then adds
// them. void: also those without effect.
func appendAll(ctx context.Context, p *ledger.Posix, trust *verify.Trust, names []string, entries []anEntry, void bool) (string, error) {
	there := map[int]int64{}
	h, err := p.Head(ctx)
	if err != nil {
		return "", err
	}
	if n := p.Health().Size; n != h.Size {
		return "", &iotmark.Error{Kind: iotmark.Conflict, ID: "log-unpublished", Msg: fmt.Sprintf("%d entries of the log are not published yet; publish them first, with log serve --key", n-h.Size)}
	}
	rules, err := p.Replay(ctx, h, trust, func(index int64, b []byte) {
		for i, e := range entries {
			if bytes.Equal(b, e.Note) {
				there[i] = index
			}
		}
	})
	if err != nil {
		return "", err
	}
	voids := map[int]*verify.Void{}
	for i, e := range entries {
		if _, ok := there[i]; ok {
			continue
		}
		n := rules.Size()
		if v := rules.Apply(e.Note, 0); v != nil && void {
			voids[i] = v
		} else if v != nil {
			return "", &iotmark.Error{Kind: iotmark.Unverified, ID: v.Reason, Pos: names[i], Msg: fmt.Sprintf("as entry %d of the log it would have no effect, and nothing was added: %s", n, v.Msg)}
		}
	}
	var b strings.Builder
	for i, e := range entries {
		n, ok := there[i]
		if ok {
			linef(&b, "%d  %s  %s, in the log already\n", n, string(e.Leaf), string(e.Type))
			continue
		}
		at, err := p.Append(ctx, e.Note)
		if err != nil {
			return b.String(), err
		}
		without := ""
		if v := voids[i]; v != nil {
			without = ", without effect: " + string(v.Reason)
		}
		linef(&b, "%d  %s  %s%s\n", int64(at), string(e.Leaf), string(e.Type), without)
	}
	return b.String(), nil
}
