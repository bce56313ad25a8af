package cli

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/verify"
)

func entrySignCommand() *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "sign the text of an entry with your key",
		ArgsUsage: "TEXT",
		Description: `TEXT is what entry draft or a ceremony wrote. It is told in words first; sign
only what you would say yourself. The signature goes to TEXT.NAME.sig, where
it is one line that names your key; hand it to whoever seals the entry.

A hardware key signs through the ssh agent: give its .pub file. Stock
ssh-keygen does the same without this program:

  ssh-keygen -Y sign -f KEY -n decision@DOMAIN TEXT`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "`FILE` of your key; a public one, for the ssh agent"},
			&cli.StringFlag{Name: "name", Usage: "`NAME` of your key in the keyring"},
			&cli.StringFlag{Name: "out", Usage: "write the signature to `FILE`; - for stdout"},
			&cli.BoolFlag{Name: "ssh", Usage: "write what ssh-keygen -Y sign would"},
		}, passphraseFlags()...),
		Action: entrySign,
	}
}

func entrySign(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 || cmd.String("key") == "" || cmd.String("name") == "" {
		return usage("entry sign takes one text, --key FILE and --name NAME")
	}
	file, name := cmd.Args().First(), cmd.String("name")
	e, err := readEntry(cmd, file)
	if err != nil {
		return err
	}
	if e.sealed {
		return usage("%s is sealed already; a signature more would be another entry", file)
	}
	k, err := openKey(cmd, cmd.String("key"))
	if err != nil {
		return err
	}
	defer k.Close()
	if err := say(cmd.Root().ErrWriter, "You sign as "+name+", with the key "+k.Fingerprint()+":\n"+entryText(e, nil)); err != nil {
		return err
	}
	out, err := signEntry(k, name, e, cmd.Bool("ssh"))
	if err != nil {
		return at(cmd.String("key"), err)
	}
	to := cmd.String("out")
	if to == "-" {
		return raw(cmd.Root().Writer, string(out))
	}
	if to == "" {
		if file == "-" {
			return usage("the text came from stdin; give --out FILE for the signature")
		}
		to = file + "." + strings.NewReplacer("/", "-", string(filepath.Separator), "-").Replace(name) + ".sig"
	}
	if err := key.WriteNew(to, out, 0o644); err != nil {
		return err
	}
	return say(cmd.Root().Writer, to)
}

// signEntry signs plainly where the key can, because that signature is
// shorter, and as ssh-keygen does with a hardware key.
func signEntry(k *key.Key, name string, e anEntry, ssh bool) ([]byte, error) {
	if k.Kind != key.OpenSSH {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "key-kind", Msg: "this is the key of a " + string(k.Kind) + ": it signs checkpoints, and no entries"}
	}
	// Whose key this is, the keyring says; here only name and key matter.
	as, err := verify.ParseKey(verify.KeyEntry{Key: k.Line(), Name: name, Org: "unknown", Person: "p0"})
	if err != nil {
		return nil, err
	}
	if k.Application == "" && !ssh {
		signer, err := k.Signer(name)
		if err != nil {
			return nil, err
		}
		b, err := signer.Sign(e.Text)
		if err != nil {
			return nil, err
		}
		return []byte(as.Plain(b).Line()), nil
	}
	armoured, err := k.SSHSIG(verify.Namespace(e.domain), e.Text)
	if err != nil || ssh {
		return armoured, err
	}
	sig, err := verify.FromSSH(as, armoured)
	if err != nil {
		return nil, err
	}
	return []byte(sig.Line()), nil
}

// readSignature reads a file with one signature on an entry: a line that names
// its key, or what ssh-keygen -Y sign wrote, of a key that is known. It is
// verified where the key is known.
func readSignature(b []byte, e anEntry, known *keySource) (sig verify.Sig, verified bool, err error) {
	if bytes.HasPrefix(b, []byte("\u2014 ")) {
		if sig, err = verify.ParseSig(string(b)); err != nil {
			return sig, false, err
		}
		k := known.by(sig.Name)
		if k == nil {
			return sig, false, nil
		}
		return sig, true, k.Verify(e.Text, sig, e.domain)
	}
	for _, k := range known.keys {
		if sig, err = verify.FromSSH(k, b); err == nil {
			return sig, true, k.Verify(e.Text, sig, e.domain)
		}
		if !isID(err, "key-other") {
			return sig, false, err
		}
	}
	if len(known.keys) == 0 {
		return sig, false, usage("a signature of ssh-keygen does not say the name of its key; tell the keys with --keys or --log")
	}
	return sig, false, usage("it is of none of the %d keys that are known here", len(known.keys))
}
