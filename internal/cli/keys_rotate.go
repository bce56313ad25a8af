package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ceremony"
	"github.com/open-iot-mark/iotmark/verify"
)

// margin is how many entries may come into the log before the keyring does,
// while its signatures are collected.
const margin = 100

func keysRotateCommand() *cli.Command {
	return &cli.Command{
		Name:  "rotate",
		Usage: "draft the next keyring: keys that come, keys that end",
		Description: `Writes the text of the next keyring.set, for the root keys to sign. All keys
stay in it; those that end are marked with the index of the log from which on
they may not sign. Signatures take days to collect, so that index lies ahead,
and the keyring must be in the log before it: --until sets it, else it is 100
entries from now. What a key has signed before then stands. A name is never
used again: the successor of committee/2 is the next free number.

  iotmark keys rotate --log log --trust trust.json \
    --end example.org/committee/2 --add committee-6.json --out next.txt`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "log", Usage: "the log in `DIR` or behind a URL, which has the keyring in force"},
			&cli.StringFlag{Name: "trust", Usage: "`FILE` trust.json, by which the log is believed"},
			&cli.StringFlag{Name: "end", Usage: "`NAMES` of keys that end, with commas"},
			&cli.StringFlag{Name: "until", Usage: "the `INDEX` from which on they may not sign"},
			&cli.StringFlag{Name: "add", Usage: "`FILES` of new keys as keys new prints them, with commas"},
			&cli.IntFlag{Name: "threshold", Usage: "from then on `N` root keys must sign"},
			&cli.StringFlag{Name: "time", Usage: "`TIME` such as 2026-11-25T10:00:00Z; now when left out"},
			&cli.StringFlag{Name: "out", Usage: "write the text to `FILE`, which must be new; else to stdout"},
		},
		Action: keysRotate,
	}
}

func keysRotate(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 0 || cmd.String("log") == "" || cmd.String("trust") == "" {
		return usage("keys rotate takes --log DIR and --trust FILE, and what to change: --end, --add, --threshold")
	}
	now, err := entryTime(cmd.String("time"))
	if err != nil {
		return err
	}
	known, err := knownKeys(ctx, cmd)
	if err != nil {
		return err
	}
	if known.ring == nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "keyring-missing", Msg: "the log has no keyring that counts yet; the key ceremony makes the first one"}
	}
	size := known.rules.Size()
	c := ceremony.Change{End: list(cmd.String("end")), Until: size + margin, Threshold: cmd.Int("threshold")}
	if s := cmd.String("until"); s != "" {
		if _, err := fmt.Sscanf(s, "%d", &c.Until); err != nil || fmt.Sprint(c.Until) != s || c.Until < size {
			return usage("--until %s: give the index of an entry that is not in the log yet; the log has %d", s, size)
		}
	}
	for _, name := range list(cmd.String("add")) {
		b, err := readBounded(cmd, name, 16<<10)
		if err != nil {
			return err
		}
		added, err := keyLines(b)
		if err != nil {
			return at(name, err)
		}
		c.Add = append(c.Add, added...)
	}
	body, err := ceremony.Rotate(*known.ring, c)
	if err != nil {
		return err
	}
	e, err := verify.NewEntry(verify.KeyringSet, verify.NewID(now, random()), "", now.Format(time.RFC3339), known.rules.Head(verify.KeyringSet, ""), body)
	if err != nil {
		return err
	}
	text, err := verify.Text(known.trust.Domain, e)
	if err != nil {
		return err
	}
	if err := writeText(cmd, text); err != nil {
		return err
	}
	return say(cmd.Root().ErrWriter, wrapLine(rotateWords(known.ring, &body, c)))
}

// rotateWords say who must sign, and by when the keyring must be in the log.
func rotateWords(old, next *verify.KeyringBody, c ceremony.Change) string {
	s := fmt.Sprintf("It must be signed by %s that are in force now.", count(old.Root, "root key", "root keys"))
	changed := next.Root != old.Root
	for _, k := range next.Keys {
		changed = changed || k.Role == verify.Root && (slices.Contains(c.End, k.Name) || slices.ContainsFunc(c.Add, func(a verify.KeyEntry) bool { return a.Name == k.Name }))
	}
	if changed {
		s += fmt.Sprintf(" Of the root keys that stay or come, %d must have signed too.", next.Root)
	}
	if len(c.End) > 0 {
		s += fmt.Sprintf(" It must be in the log as entry %d or before.", c.Until)
	}
	return s
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

// keyLines reads keys as keys new prints them, one a line.
func keyLines(b []byte) ([]verify.KeyEntry, error) {
	var out []verify.KeyEntry
	for line := range strings.Lines(string(b)) {
		var e verify.KeyEntry
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "keys-unknown", Msg: "this is no line as keys new prints it", Err: err}
		}
		if _, err := verify.ParseKey(e); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
