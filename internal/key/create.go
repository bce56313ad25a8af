package key

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"

	"github.com/open-iot-mark/iotmark"
)

// Kind says what a private key is written as, and so what it may sign.
type Kind string

// The kinds of private keys.
const (
	OpenSSH Kind = "openssh" // as ssh-keygen writes it: signs entries, texts, credentials
	Log     Kind = "log"     // C2SP signer key of type 0x01: signs the checkpoints of one log
	Witness Kind = "witness" // C2SP signer key of type 0x04: cosigns checkpoints (tlog-cosignature)
)

// Spec says what key to make.
type Spec struct {
	Kind       Kind     // OpenSSH when empty
	Comment    string   // in the public half of an OpenSSH key
	Name       string   // of the log or witness; needed for these
	Passphrase []byte   // locks the file; not together with Recipients
	Age        bool     // lock an OpenSSH key with age too, not in its own way; the other kinds have no way of their own
	Recipients []string // age1...: the file opens for them
	Cost       int      // base-2 logarithm of the work that a guess at the passphrase takes; 18 when 0
}

// New makes an OpenSSH key and writes it to file, readable by its owner only,
// and the public key beside it to file.pub. It writes over neither. An empty
// passphrase leaves the file unlocked.
func New(file, comment string, passphrase []byte) (*Key, error) {
	return Create(file, Spec{Comment: comment, Passphrase: passphrase})
}

// Create makes a key and writes it to file with mode 0600, and its public half
// to file.pub: a line as ssh-keygen writes it, or the C2SP verifier key of a
// log or witness. It writes over neither (file-exists), and a file is there
// whole or not at all.
func Create(file string, s Spec) (*Key, error) {
	for _, f := range []string{file, file + ".pub"} {
		if _, err := os.Lstat(f); !errors.Is(err, fs.ErrNotExist) {
			return nil, exists(f)
		}
	}
	seal, err := s.seal()
	if err != nil {
		return nil, err
	}
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	k := holding(priv, s.Kind, s.Name)
	secret, public, err := k.files(s, seal == nil)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	if seal != nil {
		if secret, err = seal(secret); err != nil {
			return nil, err
		}
	}
	if err := WriteNew(file, secret, 0o600); err != nil {
		return nil, err
	}
	if err := WriteNew(file+".pub", public, 0o644); err != nil {
		os.Remove(file) // nobody has used it
		return nil, err
	}
	return k, nil
}

// files returns the private and the public file of a new key. An OpenSSH key
// that is not sealed with age is locked in its own way.
func (k *Key) files(s Spec, own bool) (secret, public []byte, err error) {
	switch s.Kind {
	case Log, Witness:
		secret, err := k.signerKey()
		if err != nil {
			return nil, nil, err
		}
		return secret, []byte(k.VKey() + "\n"), nil
	case OpenSSH, "":
		k.Kind = OpenSSH
	default:
		return nil, nil, invalid("key-kind", "there is no kind of key %q", s.Kind)
	}
	var block *pem.Block
	if own && len(s.Passphrase) > 0 {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(k.private, s.Comment, s.Passphrase)
	} else {
		block, err = ssh.MarshalPrivateKey(k.private, s.Comment)
	}
	if err != nil {
		return nil, nil, err
	}
	defer clear(block.Bytes)
	line := k.Line()
	if s.Comment != "" {
		line += " " + s.Comment
	}
	return pem.EncodeToMemory(block), []byte(line + "\n"), nil
}

// Line returns the public half as in a public key file of OpenSSH, without
// comment: ssh-ed25519 AAAA... or sk-ssh-ed25519@openssh.com AAAA...
func (k *Key) Line() string {
	return string(bytes.TrimSuffix(ssh.MarshalAuthorizedKey(k.public()), []byte("\n")))
}

// Fingerprint returns the short name of the key as ssh-keygen -l prints it:
// SHA256:...
func (k *Key) Fingerprint() string { return ssh.FingerprintSHA256(k.public()) }

func (k *Key) public() ssh.PublicKey {
	w := struct {
		Type string
		Key  []byte
		Rest []byte `ssh:"rest"`
	}{ssh.KeyAlgoED25519, k.Public, nil}
	if k.Application != "" {
		w.Type, w.Rest = ssh.KeyAlgoSKED25519, ssh.Marshal(struct{ A string }{k.Application})
	}
	pub, err := ssh.ParsePublicKey(ssh.Marshal(w))
	if err != nil {
		panic("key: a public key does not survive its own form: " + err.Error()) // its parts were parsed before
	}
	return pub
}

func exists(file string) error {
	return invalid("file-exists", "%s is there already and is left as it is; choose another name", file)
}

// WriteNew writes a new file in one step: after a crash it is there with all
// of its bytes on the disk, or not at all. What has the name already, a link
// or a folder too, is left as it is (file-exists).
func WriteNew(file string, b []byte, mode fs.FileMode) error {
	err := writeNew(file, b, mode)
	if err == nil || errors.As(err, new(*iotmark.Error)) {
		return err
	}
	if errors.Is(err, fs.ErrExist) {
		return exists(file)
	}
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "output", Msg: file + " could not be written", Err: err}
}

func writeNew(file string, b []byte, mode fs.FileMode) error {
	dir := filepath.Dir(file)
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	tmp := f.Name()
	defer os.Remove(tmp)
	if err = f.Chmod(mode); err == nil {
		_, err = f.Write(b)
	}
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	// A link fails where the name is taken; a rename would write over it.
	if err = os.Link(tmp, file); err != nil && !errors.Is(err, fs.ErrExist) {
		err = take(tmp, file) // such as on a stick, whose file system has no links
	}
	if err != nil {
		return err
	}
	if d, err := os.Open(dir); err == nil {
		d.Sync() // not every system can; then the name is on the disk a little later
		d.Close()
	}
	return nil
}

// take gives a file a new name where there are no links: it takes the name,
// and then moves over it. A crash between the two leaves an empty file.
func take(tmp, file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = f.Close(); err == nil {
		err = os.Rename(tmp, file)
	}
	if err != nil {
		os.Remove(file)
	}
	return err
}
