package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/verify"
)

func keysShowCommand() *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "tell what a file of keys holds, without opening it",
		ArgsUsage: "FILE...",
		Description: `FILE is a trust file, or a private or public key: of ssh-keygen, of a log or
witness, or one that age locked. Nothing secret is shown and no passphrase is
asked for. Of a key that age locked, the public half is taken from FILE.pub.`,
		Action: keysShow,
	}
}

func keysShow(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() == 0 {
		return usage("keys show takes the names of files")
	}
	for _, file := range cmd.Args().Slice() {
		text, ok, err := showTrust(file)
		if err == nil && !ok {
			text, err = showKey(file)
		}
		if err != nil {
			return err
		}
		if err := raw(cmd.Root().Writer, text); err != nil {
			return err
		}
	}
	return nil
}

var lockWords = map[key.Lock]string{
	key.Unlocked:      "not locked",
	key.ByOpenSSH:     "locked with a passphrase, as ssh-keygen does",
	key.ByPassphrase:  "locked with a passphrase, with age",
	key.ForRecipients: "locked for recipients, with age",
}

func showKey(file string) (string, error) {
	l, err := key.Describe(file)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	linef(&b, "%s\n", file)
	switch {
	case l.Private && l.Public == nil:
		linef(&b, "  private key, %s\n", lockWords[l.Lock])
		beside, err := key.Describe(file + ".pub")
		if err != nil || beside.Private {
			if iotmark.KindOf(err) == iotmark.NotFound {
				linef(&b, "  its public half is not told: there is no %s.pub\n", file)
				return b.String(), nil
			}
			return "", err
		}
		linef(&b, "  public half, by %s.pub:\n", file)
		l = beside
	case l.Private:
		linef(&b, "  private key, %s\n", lockWords[l.Lock])
	default:
		b.WriteString("  public key\n")
	}
	k := l.Public
	switch {
	case k.Kind != key.OpenSSH:
		linef(&b, "  of the %s %s\n  verifier key  %s\n", string(k.Kind), k.Name, k.VKey())
	case k.Application != "":
		linef(&b, "  of a hardware key: it signs as ssh-keygen -Y sign does, when touched\n  %s\n", k.Line())
	default:
		linef(&b, "  %s\n", k.Line())
	}
	if l.Comment != "" {
		linef(&b, "  comment       %s\n", l.Comment)
	}
	fmt.Fprintf(&b, "  fingerprint   %s\n", k.Fingerprint())
	return b.String(), nil
}

// showTrust tells a trust file, and false for any other file.
func showTrust(file string) (string, bool, error) {
	raws, err := boundedFile(file, verify.MaxTrust)
	if err != nil || !bytes.Contains(raws, []byte(`"root_threshold":`)) {
		return "", false, nil // showKey says why
	}
	t, err := verify.ParseTrust(raws)
	if err != nil {
		return "", true, at(file, err)
	}
	var b strings.Builder
	linef(&b, "%s\n  trust file of %s, SHA-256 %s\n  log           %s\n", file, t.Domain, fmt.Sprintf("%x", sha256.Sum256(raws)), t.Origin())
	linef(&b, "  verifier key  %s\n  root          %s, of which %d must sign\n", t.Log, count(len(t.Root), "key", "keys"), t.RootThreshold)
	for _, e := range t.Root {
		k, err := verify.ParseKey(e)
		if err != nil {
			return "", true, at(file, err)
		}
		linef(&b, "    %s, %s of %s\n        %s\n", k.Name, k.Person, k.Org, k.Fingerprint())
	}
	b.WriteString("  policy of witnesses\n")
	for line := range strings.Lines(t.Policy) {
		linef(&b, "    %s\n", strings.TrimSuffix(line, "\n"))
	}
	return b.String(), true, nil
}
