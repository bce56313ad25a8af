package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/verify"
)

func caseSignCommand() *cli.Command {
	c := deedRow{name: "sign", args: "CASE", usage: "sign what waits in a case, with a key of your own", do: signCase}.command()
	c.Description = `Tells in words what waits for signatures, and signs it: with --key, by the
file of a key or, for a .pub, by the ssh agent; or takes the signature that
ssh-keygen made of what case text wrote:

  iotmark case text CASE --as p11@consumers --out text
  ssh-keygen -Y sign -f KEY -n decision@DOMAIN text
  iotmark case sign CASE --as p11@consumers --signature text.sig

Of the committee a signature is a vote for it. The last one that was missing
takes the decision; iotmark case work sends it into the log.`
	c.Flags = append([]cli.Flag{
		&cli.StringFlag{Name: "key", Usage: "`FILE` of your key; a public one, for the ssh agent"},
		&cli.StringFlag{Name: "key-name", Usage: "`NAME` of your key in the log, if you have two"},
		&cli.StringFlag{Name: "signature", Usage: "`FILE` with the signature instead"},
	}, c.Flags...)
	return c
}

// signCase puts a signature under what waits.
func signCase(d *deed) (scheme.Case, error) {
	if (d.flag("key") == "") == (d.flag("signature") == "") {
		return scheme.Case{}, usage("case sign takes --key FILE, or --signature FILE")
	}
	w, err := d.Draft(d.ctx, d.by, d.on.Case)
	if err != nil {
		return scheme.Case{}, err
	}
	if w.Type == iotmark.InternalVote {
		return scheme.Case{}, usage("the log does not see this decision; vote for it with iotmark case support")
	}
	e, err := parseEntry(w.Text)
	if err != nil {
		return scheme.Case{}, err
	}
	if err := say(d.cmd.Root().ErrWriter, "You sign as "+d.by.Person+" of "+d.by.Organisation+":\n"+entryText(e, nil)); err != nil {
		return scheme.Case{}, err
	}
	keys, err := d.ownKeys(w)
	if err != nil {
		return scheme.Case{}, err
	}
	sig, err := d.signature(e, keys)
	return or(err, func() (scheme.Case, error) { return d.Sign(d.ctx, d.by, d.on, sig) })
}

// signature makes the signature, or reads one that was made elsewhere.
func (d *deed) signature(e anEntry, keys *keySource) (sig verify.Sig, err error) {
	if name := d.flag("signature"); name != "" {
		b, err := readBounded(d.cmd, name, 64<<10)
		if err != nil {
			return sig, err
		}
		sig, _, err = readSignature(b, e, keys)
		return sig, at(name, err)
	}
	k, err := openKey(d.cmd, d.flag("key"))
	if err != nil {
		return sig, err
	}
	defer k.Close()
	for _, one := range keys.keys {
		if own, err := verify.ParseKey(verify.KeyEntry{Key: k.Line(), Name: one.Name, Org: one.Org, Person: one.Person, Role: one.Role}); err == nil && own.Public.Equal(one.Public) {
			return signWith(k, one, e)
		}
	}
	return sig, &iotmark.Error{Kind: iotmark.Forbidden, ID: "signature-other",
		Msg: "this is no key that the log knows of " + d.by.Person + " at " + d.by.Organisation + "; sign with a key of your own"}
}

func signWith(k *key.Key, one *verify.Key, e anEntry) (verify.Sig, error) {
	out, err := signEntry(k, one.Name, e, false)
	if err != nil {
		return verify.Sig{}, err
	}
	return verify.ParseSig(string(out))
}

// ownKeys are the keys of the person who acts: those that the log has, and
// those that the draft itself brings.
func (d *deed) ownKeys(w scheme.Draft) (*keySource, error) {
	k := &keySource{trust: d.h.trust}
	if err := k.replay(d.ctx, d.h.path(d.h.set.Log)); err != nil {
		return nil, err
	}
	if e, err := parseEntry(w.Text); err == nil {
		switch b := e.Decoded().(type) {
		case *verify.MakerBody:
			err = k.entries(b.Keys)
		case *verify.OrgBody:
			err = k.entries(b.Keys)
		}
		if err != nil && !isID(err, "keys-differ") {
			return nil, err
		}
	}
	own := &keySource{}
	for _, one := range k.keys {
		if one.Person == d.by.Person && one.Until == nil && (d.flag("key-name") == "" || one.Name == d.flag("key-name")) {
			own.keys = append(own.keys, one)
		}
	}
	return own, nil
}

func caseTextCommand() *cli.Command {
	return viewCommand("text", "CASE", "write what is to be signed in a case", []cli.Flag{&cli.StringFlag{Name: "out", Usage: "write it to `FILE`; stdout"}},
		func(ctx context.Context, cmd *cli.Command, h *dataHouse, by iotmark.Actor) error {
			d, err := h.scheme.Draft(ctx, by, cmd.Args().First())
			if err == nil && d.Type == iotmark.InternalVote {
				err = &iotmark.Error{Kind: iotmark.Conflict, ID: "signature-unwanted", Msg: "the log does not see this decision, and nothing is signed; vote with iotmark case support"}
			}
			if err != nil {
				return err
			}
			if to := cmd.String("out"); to != "" {
				return key.WriteNew(to, d.Text, 0o644)
			}
			return raw(cmd.Root().Writer, string(d.Text))
		})
}
