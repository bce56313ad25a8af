package cli

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/verify"
)

func keysCommand() *cli.Command {
	return &cli.Command{
		Name:  "keys",
		Usage: "the keys of a scheme: make, show and replace them",
		Commands: []*cli.Command{
			keysNewCommand(),
			keysShowCommand(),
			keysRotateCommand(),
			keysCeremonyCommand(),
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.NArg() > 0 {
				return usage("keys %s: known are %s", cmd.Args().First(), strings.Join(namesOf(cmd.Commands), ", "))
			}
			return cli.ShowSubcommandHelp(cmd)
		},
	}
}

func namesOf(cs []*cli.Command) []string {
	var out []string
	for _, c := range cs {
		if !c.Hidden {
			out = append(out, c.Name)
		}
	}
	return out
}

// A keyRole is what somebody makes a key for.
type keyRole struct {
	name    string
	kind    key.Kind
	service bool // opened by a program; locked with age
}

var keyRoles = []keyRole{
	{string(verify.Root), key.OpenSSH, false},
	{string(verify.Committee), key.OpenSSH, false},
	{string(verify.Assessor), key.OpenSSH, false},
	{string(verify.Maker), key.OpenSSH, false},
	{string(verify.Operator), key.OpenSSH, true},
	{string(verify.Issuer), key.OpenSSH, true},
	{string(verify.Sealer), key.OpenSSH, true},
	{"log", key.Log, true},
	{"witness", key.Witness, true},
}

func keysNewCommand() *cli.Command {
	return &cli.Command{
		Name:      "new",
		Usage:     "write a new key to FILE, and its public half to FILE.pub",
		ArgsUsage: "FILE",
		Description: `Prints what others need to know of the key: for a log or witness its
verifier key, for all others a line of JSON with key, name, org, person and
role, as it goes into the keyring. Roles: root, committee, assessor, maker,
operator, issuer, sealer, log, witness.

Keys of people are written as ssh-keygen writes them, so that ssh-keygen and
ssh-add open them too; --age locks them with age. Keys of services are locked
with age: with a passphrase, or for a recipient (age-keygen makes one).
Nothing is written over. Whoever can use a hardware key makes it with
ssh-keygen -t ed25519-sk and needs nothing from here.

  iotmark keys new --role committee --name example.org/committee/2 \
    --org consumers --person p7 committee-2.key
  iotmark keys new --role log --name log.example.org/1 log.key`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "role", Usage: "what the key is for: `ROLE`"},
			&cli.StringFlag{Name: "name", Usage: "`NAME` in signature lines, unique for ever"},
			&cli.StringFlag{Name: "org", Usage: "`ID` of the organisation that the holder belongs to"},
			&cli.StringFlag{Name: "person", Usage: "`NAME` of the holder, made up, such as p7"},
			&cli.StringFlag{Name: "recipient", Usage: "lock the file for `AGE1`..., several with commas"},
			&cli.BoolFlag{Name: "age", Usage: "lock a person's key with age as well"},
		}, newPassphraseFlags()...),
		Action: keysNew,
	}
}

func keysNew(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 {
		return usage("keys new takes the name of one file")
	}
	i := slices.IndexFunc(keyRoles, func(r keyRole) bool { return r.name == cmd.String("role") })
	if i < 0 {
		return usage("--role %q: known are %s", cmd.String("role"), strings.Join(namesOfRoles(), ", "))
	}
	role, entry := keyRoles[i], verify.KeyEntry{Name: cmd.String("name"), Org: cmd.String("org"), Person: cmd.String("person"), Role: verify.Role(cmd.String("role"))}
	if err := namedFor(role, entry); err != nil {
		return err
	}
	spec := key.Spec{Kind: role.kind, Name: entry.Name, Comment: entry.Name, Age: role.service || cmd.Bool("age"), Recipients: list(cmd.String("recipient"))}
	if role.kind == key.OpenSSH {
		spec.Name = ""
	}
	if len(spec.Recipients) == 0 {
		var err error
		if spec.Passphrase, err = newPassphrase(cmd); err != nil {
			return err
		}
		defer clear(spec.Passphrase)
	} else if cmd.Bool("no-passphrase") || cmd.String("passphrase-file") != "" || cmd.String("passphrase-fd") != "" {
		return usage("--recipient locks the key by itself; leave the flags on a passphrase out")
	}
	file := cmd.Args().First()
	k, err := key.Create(file, spec)
	if err != nil {
		return err
	}
	defer k.Close()
	line := k.VKey()
	if role.kind == key.OpenSSH {
		entry.Key = k.Line()
		b, err := json.Marshal(entry)
		if err != nil {
			return err
		}
		line = string(b)
	}
	if err := raw(cmd.Root().Writer, line+"\n"); err != nil {
		return err
	}
	keep := "It is not locked: whoever copies it can sign."
	switch {
	case len(spec.Recipients) > 0:
		keep = "It opens for its recipients only."
	case len(spec.Passphrase) > 0:
		keep = "Without its passphrase it is of no use, to you neither."
	}
	return say(cmd.Root().ErrWriter, fmt.Sprintf("Private key: %[1]s. %[2]s Keep a copy in another place.\nPublic key: %[1]s.pub\nFingerprint: %[3]s\n", message.Clean(file), keep, k.Fingerprint()))
}

func namesOfRoles() []string {
	var out []string
	for _, r := range keyRoles {
		out = append(out, r.name)
	}
	return out
}

// namedFor tells what is missing beside a key of this role.
func namedFor(r keyRole, e verify.KeyEntry) error {
	switch {
	case e.Name == "" && r.kind == key.OpenSSH:
		return usage("--name is missing: the name that stands in signature lines, such as example.org/%s/1", r.name)
	case e.Name == "":
		return usage("--name is missing: the name of the %s, such as %s.example.org/1", r.name, r.name)
	case r.kind != key.OpenSSH && (e.Org != "" || e.Person != ""):
		return usage("a key of a %s has no --org and no --person; it is known by its verifier key", r.name)
	case r.kind == key.OpenSSH && e.Org == "":
		return usage("--org is missing: the id of the organisation that the holder belongs to")
	case r.kind == key.OpenSSH && e.Person == "":
		return usage("--person is missing: a pseudonym of the holder, such as p7")
	case r.kind != key.OpenSSH:
		return nil
	}
	e.Key = verify.PublicLine(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)) // any good one: the names are looked at
	_, err := verify.ParseKey(e)
	return err
}
