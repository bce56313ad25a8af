package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/verify"
)

func entryCommand() *cli.Command {
	return &cli.Command{
		Name:  "entry",
		Usage: "entries of the public log: draft, sign, seal, show, check",
		Commands: []*cli.Command{
			entryDraftCommand(),
			entrySignCommand(),
			entrySealCommand(),
			entryShowCommand(),
			entryCheckCommand(),
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.NArg() > 0 {
				return usage("entry %s: known are %s", cmd.Args().First(), strings.Join(namesOf(cmd.Commands), ", "))
			}
			return cli.ShowSubcommandHelp(cmd)
		},
	}
}

// readBounded reads a file that somebody named, or stdin for "-".
func readBounded(cmd *cli.Command, name string, most int64) ([]byte, error) {
	if name == "-" {
		return bounded(cmd.Root().Reader, "stdin", most)
	}
	return boundedFile(name, most)
}

// boundedFile reads a file that somebody named, and no more than so many bytes.
// It waits for nobody: a pipe is no file.
func boundedFile(name string, most int64) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "file-missing", Msg: name + " cannot be opened", Err: err}
	}
	defer f.Close()
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("it is no plain file")
	}
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "file-missing", Msg: name + " cannot be read", Err: err}
	}
	return bounded(f, name, most)
}

func bounded(r io.Reader, name string, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("it has more than %d bytes", most)
	}
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "file-missing", Msg: name + " cannot be read", Err: err}
	}
	return b, nil
}

// anEntry is an entry that a person looks at: sealed, or still to be signed.
type anEntry struct {
	*verify.Signed
	domain string
	sealed bool
}

// parseEntry reads a text or a sealed entry of whatever scheme.
func parseEntry(b []byte) (anEntry, error) {
	first, _, _ := bytes.Cut(b, []byte("\n"))
	domain, _, ok := strings.Cut(string(first), "/entry/v")
	if !ok || !verify.IsDomain(domain) {
		return anEntry{}, &iotmark.Error{Kind: iotmark.Unverified, ID: "malformed", Msg: "this is no entry of a log: the first line of one is its scheme's domain and /entry/v1"}
	}
	e := anEntry{domain: domain}
	var err error
	if bytes.Count(b, []byte("\n")) == 2 {
		e.Signed, err = verify.ParseText(domain, b)
		return e, err
	}
	e.sealed = true
	e.Signed, err = verify.Parse(domain, b)
	return e, err
}

// readEntry reads a file of an entry.
func readEntry(cmd *cli.Command, name string) (anEntry, error) {
	b, err := readBounded(cmd, name, verify.MaxEntry)
	if err != nil {
		return anEntry{}, err
	}
	e, err := parseEntry(b)
	return e, at(name, err)
}

// at says where a failure is, when it does not say so itself.
func at(name string, err error) error {
	if e, ok := errors.AsType[*iotmark.Error](err); ok && e.Pos == "" {
		c := *e
		c.Pos = name
		return &c
	}
	return err
}

// keySource is what a command knows of keys and rules.
type keySource struct {
	keys  []*verify.Key
	trust *verify.Trust       // of --trust or --keys
	ring  *verify.KeyringBody // of a keyring.set among --keys, or of the log
	rules *verify.Replayer    // of --log
}

// by finds the key of a name.
func (k *keySource) by(name string) *verify.Key {
	if i := slices.IndexFunc(k.keys, func(k *verify.Key) bool { return k.Name == name }); i >= 0 {
		return k.keys[i]
	}
	return nil
}

// keyFlags are the flags of commands that verify signatures on entries.
func keyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "keys", Usage: "`FILES` that name keys, with commas: trust.json, keyrings"},
		&cli.StringFlag{Name: "log", Usage: "keys and rules of the log in `DIR` or behind a URL"},
		&cli.StringFlag{Name: "trust", Usage: "`FILE` trust.json, for --log"},
	}
}

// knownKeys reads the keys that the flags name.
func knownKeys(ctx context.Context, cmd *cli.Command) (*keySource, error) {
	k := &keySource{}
	for _, name := range list(cmd.String("keys")) {
		b, err := readBounded(cmd, name, verify.MaxTrust)
		if err == nil {
			err = at(name, k.add(b))
		}
		if err != nil {
			return nil, err
		}
	}
	if t := cmd.String("trust"); t != "" {
		var err error
		if k.trust, err = readTrust(t); err != nil {
			return nil, err
		}
		if err := k.entries(k.trust.Root); err != nil {
			return nil, err
		}
	}
	if where := cmd.String("log"); where != "" {
		if k.trust == nil {
			return nil, usage("--log needs --trust FILE: by that file the log is believed")
		}
		if err := k.replay(ctx, where); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// add takes the keys out of a file.
func (k *keySource) add(b []byte) error {
	switch {
	case bytes.Contains(b, []byte(`"root_threshold":`)):
		t, err := verify.ParseTrust(b)
		if err != nil {
			return err
		}
		k.trust = t
		return k.entries(t.Root)
	case bytes.HasPrefix(b, []byte(`{"key":`)):
		es, err := keyLines(b)
		if err != nil {
			return err
		}
		return k.entries(es)
	}
	e, err := parseEntry(b)
	if err != nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "keys-unknown", Msg: "this is neither a trust file, nor an entry that names keys, nor a line of keys new", Err: err}
	}
	switch body := e.Decoded().(type) {
	case *verify.KeyringBody:
		k.ring = body
		return k.entries(body.Keys)
	case *verify.OrgBody:
		return k.entries(body.Keys)
	case *verify.MakerBody:
		return k.entries(body.Keys)
	}
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "keys-unknown", Msg: fmt.Sprintf("an entry of type %s names no keys; keyring.set, org.accredited and maker.registered do", e.Type)}
}

func (k *keySource) entries(es []verify.KeyEntry) error {
	for _, e := range es {
		one, err := verify.ParseKey(e)
		if err != nil {
			return err
		}
		switch have := k.by(e.Name); {
		case have == nil:
			k.keys = append(k.keys, one)
		case have.Key != one.Key:
			return &iotmark.Error{Kind: iotmark.Invalid, ID: "keys-differ", Msg: "two different keys are called " + e.Name + "; leave out the file that is not right"}
		case one.Until != nil:
			have.Until = one.Until
		}
	}
	return nil
}

// replay reads the log and keeps what it amounts to.
func (k *keySource) replay(ctx context.Context, where string) error {
	r, err := ledger.NewReader(where, k.trust.Log)
	if err != nil {
		return err
	}
	h, err := r.Head(ctx)
	if err != nil {
		return err
	}
	if k.rules, err = r.Replay(ctx, h, k.trust, nil); err != nil {
		return err
	}
	reg := k.rules.Scheme(time.Time{}) // keys and organisations, whatever the day
	if reg.Keyring.Index >= 0 {
		k.ring = &reg.Keyring.KeyringBody
	}
	all := reg.Keyring.Keys
	for _, o := range reg.Orgs {
		all = append(all, o.Keys...)
	}
	for _, m := range reg.Makers {
		all = append(all, m.Keys...)
	}
	return k.entries(all)
}
