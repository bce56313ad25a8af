// Package key has the keys that people and services sign with: a private key
// in a file as ssh-keygen writes it, one that an ssh agent or a hardware key
// behind it holds, and the signer keys of a log or a witness (C2SP
// signed-note). Any of the files may be locked with age, by a passphrase or
// for recipients. Only Ed25519 is known (RFC 8032), because that is what
// entries of the log are signed with.
//
// What it refuses to do: write over a file, read a private key that others may
// read, or keep a passphrase. Private keys and passphrases are wiped as soon as
// they are not needed. That reaches as far as this package does: what the
// libraries below copied stays in memory until the collector reuses it.
//
// What can go wrong: the passphrase is wrong, the agent does not know the key,
// or it takes too long to answer.
package key

import (
	"bytes"
	"crypto/ed25519"
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
	Public      ed25519.PublicKey
	Application string // of a hardware key (sk-ssh-ed25519@openssh.com), as a rule "ssh:"; "" for all others
	Name        string // of the log or witness, when the key is one's; "" for all others
	Kind        Kind   // which file it came from
	sign        func([]byte) (*ssh.Signature, error)
	private     ed25519.PrivateKey // nil when an agent holds it
}

// Sign returns the 64 bytes of the Ed25519 signature over the message. A
// hardware key never signs a message as it is, and is refused with the id
// key-hardware: use [Key.SSHSIG].
func (k *Key) Sign(message []byte) ([]byte, error) {
	if k.Application != "" {
		return nil, invalid("key-hardware", "a hardware key signs only in the way of ssh-keygen -Y sign, not a note or a checkpoint")
	}
	sig, err := k.sign(message)
	if err != nil {
		return nil, err
	}
	if !ed25519.Verify(k.Public, message, sig.Blob) {
		return nil, &iotmark.Error{Kind: iotmark.Unavailable, ID: "key-signs-wrongly", Msg: "the key gave a signature that does not verify"}
	}
	return sig.Blob, nil
}

// Close wipes the private key. The key signs no more.
func (k *Key) Close() {
	clear(k.private)
	k.sign = func([]byte) (*ssh.Signature, error) { return nil, errors.New("the key was closed") }
}

// holding returns a key that holds its private half.
func holding(priv ed25519.PrivateKey, kind Kind, name string) *Key {
	return &Key{Public: bytes.Clone(priv[ed25519.SeedSize:]), Kind: kind, Name: name, private: priv, sign: func(m []byte) (*ssh.Signature, error) {
		return &ssh.Signature{Format: ssh.KeyAlgoED25519, Blob: ed25519.Sign(priv, m)}, nil
	}}
}

const maxFile = 64 << 10 // bytes of a key's file; a usual one has 400

func invalid(id iotmark.ErrorID, format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: fmt.Sprintf(format, args...)}
}

// Unlock is what a key may need to sign.
type Unlock struct {
	Socket     string                 // of the ssh agent, for a public key; usually $SSH_AUTH_SOCK
	Passphrase func() ([]byte, error) // asked once when the file is locked with one; its answer is wiped
	Identity   string                 // file of the age identities that open a file locked for recipients
}

// Open opens the key in a file with a passphrase or an agent; see [Unlock.Open].
func Open(file, socket string, ask func() ([]byte, error)) (*Key, error) {
	return Unlock{Socket: socket, Passphrase: ask}.Open(file)
}

// Open opens the key in a file. A private key signs by itself; the passphrase
// is asked for when it has one. A public key, as in a file that ends in .pub,
// signs through the agent.
func (u Unlock) Open(file string) (*Key, error) {
	b, st, err := read(file)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	if !private(b) {
		pub, _, _, _, err := ssh.ParseAuthorizedKey(b)
		if err != nil {
			return nil, invalid("key-unknown", "%s is no key as ssh-keygen or iotmark writes one; iotmark keys new FILE makes one", file)
		}
		return fromAgent(file, u.Socket, pub)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, invalid("key-open", "others may read %s (its mode is %#o), so that it may not be secret any more. Close it with chmod 600 %s, and make a new one if others can reach this folder", file, st.Mode().Perm(), file)
	}
	if isAge(b) {
		if b, err = u.unseal(file, b); err != nil {
			return nil, err
		}
		defer clear(b)
	}
	if isSigner(b) {
		return parseSigner(file, b)
	}
	raw, err := ssh.ParseRawPrivateKey(b)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		pass, e := u.passphrase(file)
		if e != nil {
			return nil, e
		}
		raw, err = ssh.ParseRawPrivateKeyWithPassphrase(b, pass)
		clear(pass)
		if err != nil {
			return nil, invalid("passphrase-wrong", "the passphrase does not open %s", file)
		}
	}
	if err != nil {
		return nil, noPrivate(file, b)
	}
	priv, ok := raw.(*ed25519.PrivateKey)
	if !ok {
		return nil, invalid("key-kind", "%s is a key of another kind than Ed25519. Make one with iotmark keys new FILE, or with ssh-keygen -t ed25519", file)
	}
	return holding(*priv, OpenSSH, ""), nil
}

// noPrivate tells why a file with a private key's frame does not open. What
// ssh-keygen writes for a hardware key has no secret in it.
func noPrivate(file string, b []byte) error {
	if block, _ := pem.Decode(b); block != nil && bytes.Contains(block.Bytes, []byte(ssh.KeyAlgoSKED25519)) {
		return invalid("key-hardware", "%[1]s belongs to a hardware key. Add it to the agent with ssh-add %[1]s and give %[1]s.pub here, or sign with ssh-keygen -Y sign", file)
	}
	return invalid("key-unknown", "%s is no private key as ssh-keygen writes one; iotmark keys new FILE makes one", file)
}

// private reports whether a file holds something that must stay secret.
func private(b []byte) bool {
	block, _ := pem.Decode(b)
	return block != nil || isAge(b) || isSigner(b)
}

func (u Unlock) passphrase(file string) ([]byte, error) {
	if u.Passphrase == nil {
		return nil, invalid("passphrase-missing", "%s is locked with a passphrase, and none was given", file)
	}
	return u.Passphrase()
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

// publicKey takes the 32 bytes of an OpenSSH key apart, and of a hardware key
// the application as well (OpenSSH's PROTOCOL.u2f).
func publicKey(pub ssh.PublicKey) (ed25519.PublicKey, string, error) {
	switch pub.Type() {
	case ssh.KeyAlgoED25519:
		return pub.(ssh.CryptoPublicKey).CryptoPublicKey().(ed25519.PublicKey), "", nil
	case ssh.KeyAlgoSKED25519:
		var w struct {
			Type        string
			Key         []byte
			Application string
		}
		if err := ssh.Unmarshal(pub.Marshal(), &w); err == nil && len(w.Key) == ed25519.PublicKeySize && w.Application != "" {
			return w.Key, w.Application, nil
		}
	}
	return nil, "", invalid("key-kind", "the public key is of kind %s; only ssh-ed25519 and sk-ssh-ed25519@openssh.com sign here", pub.Type())
}

// waitAgent is how long an agent may take; somebody may have to touch a
// button.
const waitAgent = 2 * time.Minute

// fromAgent finds a key in the agent. The connection lives as long as one
// request.
func fromAgent(file, socket string, pub ssh.PublicKey) (*Key, error) {
	raw, application, err := publicKey(pub)
	if err != nil {
		return nil, err
	}
	if socket == "" {
		return nil, invalid("agent-missing", "%s is a public key, and no ssh agent runs (SSH_AUTH_SOCK is empty). Start one with ssh-agent and ssh-add, or give the file of the private key", file)
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
	err = ask(func(a agent.ExtendedAgent) error {
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
	return &Key{Public: raw, Application: application, Kind: OpenSSH, sign: func(m []byte) (sig *ssh.Signature, err error) {
		err = ask(func(a agent.ExtendedAgent) error {
			sig, err = a.Sign(pub, m)
			return err
		})
		return sig, err
	}}, nil
}
