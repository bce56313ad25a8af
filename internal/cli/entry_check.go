package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

func entryCheckCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "say whether an entry would count",
		ArgsUsage: "ENTRY",
		Description: `With --log, the whole log is read and the entry judged as the next one, as
everybody will judge it: signatures, rules, what it follows and what it does.
With --keys only, signatures and the number of signers are judged.
Exit codes: 0 it counts, 3 it does not.`,
		Flags:  keyFlags(),
		Action: entryCheck,
	}
}

func entryCheck(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 {
		return usage("entry check takes the file of one entry")
	}
	known, err := knownKeys(ctx, cmd)
	if err != nil {
		return err
	}
	if len(known.keys) == 0 {
		return usage("say which keys to believe: --keys FILE, or --log DIR with --trust FILE")
	}
	e, err := readEntry(cmd, cmd.Args().First())
	if err != nil {
		return err
	}
	if !e.sealed {
		return usage("%s has no signatures yet; iotmark entry seal puts them under it", cmd.Args().First())
	}
	if known.trust != nil && known.trust.Domain != e.domain {
		return &iotmark.Error{Kind: iotmark.Unverified, ID: "domain-wrong", Pos: cmd.Args().First(), Msg: fmt.Sprintf("the entry belongs to the scheme %s; the trust file is of %s", e.domain, known.trust.Domain)}
	}
	if err := raw(cmd.Root().Writer, entryText(e, known)+"\n"); err != nil {
		return err
	}
	var answer string
	if known.rules != nil {
		n := known.rules.Size()
		if v := known.rules.Apply(e.Note, 0); v != nil {
			return &iotmark.Error{Kind: iotmark.Unverified, ID: v.Reason, Msg: fmt.Sprintf("as entry %d of the log it would have no effect: %s", n, v.Msg)}
		}
		answer = fmt.Sprintf("It counts: as entry %d of the log it has effect.\n", n)
	} else if answer, err = signedEnough(e, known); err != nil {
		return err
	}
	return raw(cmd.Root().Writer, answer)
}

// signedEnough judges signatures and signers by the keys that are known, with
// no log at hand.
func signedEnough(e anEntry, known *keySource) (string, error) {
	var keys []*verify.Key
	for _, s := range e.Sigs {
		k := known.by(s.Name)
		if k == nil || !k.Made(s) {
			continue
		}
		if err := k.Verify(e.Text, s, e.domain); err != nil {
			return "", err
		}
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	ring := verify.KeyringBody{}
	if known.ring != nil {
		ring = *known.ring
	} else if known.trust != nil {
		ring.Root = known.trust.RootThreshold
	}
	rule := verify.RuleOf(e.Signed, &ring)
	if rule.Need[verify.Root] > 0 && ring.Root == 0 {
		return "", usage("this entry is signed by root, and how many must sign is not known; give --keys trust.json")
	}
	counted, err := rule.Count(keys)
	if err != nil {
		return "", err
	}
	var names []string
	for _, k := range counted {
		names = append(names, k.Name)
	}
	return wrapLine(fmt.Sprintf("It is signed as it must be (%s): these count: %s. Whether it follows the right entry and what it does is allowed, only the log tells: --log.", rule, strings.Join(names, ", "))) + "\n", nil
}
