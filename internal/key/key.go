// Package key has the keys that people sign with: a private key in a file as
// ssh-keygen writes it, or one that an ssh agent holds. Only Ed25519 is known
// (RFC 8032), because that is what entries of the log are signed with.
//
// What it refuses to do: write over a file, read a private key that others may
// read, or keep a passphrase. What can go wrong: the passphrase is wrong, the
// agent does not know the key, or it takes too long to answer.
package key

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/open-iot-mark/iotmark"
)

// Key signs. It holds the private key, or the way to an agent that does.
type Key struct {
	Public ed25519.PublicKey
	sign   func([]byte) ([]byte, error)
}

// Sign returns the 64 bytes of the Ed25519 signature over the message.
func (k *Key) Sign(message []byte) ([]byte, error) { return k.sign(message) }

const maxFile = 64 << 10 // bytes of a key's file; a usual one has 400

func invalid(id iotmark.ErrorID, format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: fmt.Sprintf(format, args...)}
}

// Open opens the key in a file. A private key signs by itself; ask is called
// for its passphrase when it has one. A public key, as in a file that ends in
// .pub, signs through the agent at the socket.
func Open(file, socket string, ask func() ([]byte, error)) (*Key, error) {
	b, st, err := read(file)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(b); block == nil {
		pub, _, _, _, err := ssh.ParseAuthorizedKey(b)
		if err != nil {
			return nil, invalid("key-unknown", "%s is no key as ssh-keygen writes one; iotmark key new FILE makes one", file)
		}
		return fromAgent(socket, pub)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, invalid("key-open", "others may read %s (its mode is %#o), so that it may not be secret any more. Close it with chmod 600 %s, and make a new one if others can reach this folder", file, st.Mode().Perm(), file)
	}
	raw, err := ssh.ParseRawPrivateKey(b)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		pass, e := ask()
		if e != nil {
			return nil, e
		}
		raw, err = ssh.ParseRawPrivateKeyWithPassphrase(b, pass)
		clear(pass)
		if err != nil {
			return nil, invalid("passphrase-wrong", "the passphrase does not open %s", file)
		}
	}
	clear(b)
	if err != nil {
		return nil, invalid("key-unknown", "%s is no private key as ssh-keygen writes one; iotmark key new FILE makes one", file)
	}
	priv, ok := raw.(*ed25519.PrivateKey)
	if !ok {
		return nil, invalid("key-kind", "%s is a key of another kind than Ed25519. Make one with iotmark key new FILE, or with ssh-keygen -t ed25519", file)
	}
	return &Key{Public: priv.Public().(ed25519.PublicKey), sign: func(m []byte) ([]byte, error) { return ed25519.Sign(*priv, m), nil }}, nil
}

func read(file string) ([]byte, fs.FileInfo, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, &iotmark.Error{Kind: iotmark.NotFound, ID: "key-missing", Msg: "the key cannot be opened", Err: err}
	}
	defer f.Close()
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("it is no plain file")
	}
	if err != nil {
		return nil, nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "key-missing", Msg: "the key " + file + " cannot be read", Err: err}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil || len(b) > maxFile {
		return nil, nil, invalid("key-unknown", "%s cannot be read, or is too large for a key", file)
	}
	return b, st, nil
}

// waitAgent is how long an agent may take; somebody may have to touch a
// button.
const waitAgent = 2 * time.Minute

// fromAgent finds a key in the agent. The connection lives as long as one
// request.
func fromAgent(socket string, pub ssh.PublicKey) (*Key, error) {
	if pub.Type() != ssh.KeyAlgoED25519 {
		return nil, invalid("key-kind", "the public key is of kind %s; only ssh-ed25519 signs here", pub.Type())
	}
	raw := pub.(ssh.CryptoPublicKey).CryptoPublicKey().(ed25519.PublicKey)
	if socket == "" {
		return nil, invalid("agent-missing", "this is a public key, and no ssh agent runs (SSH_AUTH_SOCK is empty). Start one with ssh-agent and ssh-add, or give the file of the private key")
	}
	ask := func(do func(agent.ExtendedAgent) error) error {
		c, err := net.DialTimeout("unix", socket, 10*time.Second)
		if err != nil {
			return &iotmark.Error{Kind: iotmark.Unavailable, ID: "agent-silent", Msg: "the ssh agent cannot be reached", Err: err}
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(waitAgent)); err != nil {
			return err
		}
		if err := do(agent.NewClient(c)); err != nil {
			if e, ok := errors.AsType[*iotmark.Error](err); ok {
				return e
			}
			return &iotmark.Error{Kind: iotmark.Unavailable, ID: "agent-silent", Msg: "the ssh agent did not sign", Err: err}
		}
		return nil
	}
	err := ask(func(a agent.ExtendedAgent) error {
		keys, err := a.List()
		if err != nil {
			return err
		}
		for _, k := range keys {
			if bytes.Equal(k.Blob, pub.Marshal()) {
				return nil
			}
		}
		return invalid("agent-lacks-key", "the ssh agent does not hold the key %s; add it with ssh-add", ssh.FingerprintSHA256(pub))
	})
	if err != nil {
		return nil, err
	}
	return &Key{Public: raw, sign: func(m []byte) (out []byte, err error) {
		err = ask(func(a agent.ExtendedAgent) error {
			sig, err := a.Sign(pub, m)
			if err == nil {
				out = sig.Blob
			}
			return err
		})
		return out, err
	}}, nil
}

// New makes a key and writes it to file, readable by its owner only, and the
// public key beside it to file.pub. It writes over neither. An empty
// passphrase leaves the file unlocked.
func New(file, comment string, passphrase []byte) (*Key, error) {
	for _, f := range []string{file, file + ".pub"} {
		if _, err := os.Lstat(f); !errors.Is(err, fs.ErrNotExist) {
			return nil, invalid("key-exists", "%s is there already and is left as it is; choose another name", f)
		}
	}
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	var block *pem.Block
	if len(passphrase) > 0 {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(priv, comment, passphrase)
	} else {
		block, err = ssh.MarshalPrivateKey(priv, comment)
	}
	if err != nil {
		return nil, err
	}
	line, err := ssh.NewPublicKey(pub)
	if err != nil {
		return nil, err
	}
	if err := write(file, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	public := append(bytes.TrimSuffix(ssh.MarshalAuthorizedKey(line), []byte("\n")), []byte(" "+comment+"\n")...)
	if err := write(file+".pub", public, 0o644); err != nil {
		return nil, err
	}
	return &Key{Public: pub, sign: func(m []byte) ([]byte, error) { return ed25519.Sign(priv, m), nil }}, nil
}

// write writes a new file and flushes it: a key that was used and lost cannot
// be made again.
func write(file string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "output", Msg: "the key could not be written", Err: err}
	}
	_, err = f.Write(b)
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(file)
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "output", Msg: "the key could not be written", Err: err}
	}
	return nil
}
