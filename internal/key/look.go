package key

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"

	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"
)

// Look is what can be told of a key's file without its passphrase.
type Look struct {
	Private bool   // it holds the private half
	Lock    Lock   // of the private half
	Public  *Key   // the public half, which does not sign; nil when the file does not tell it
	Comment string // of an OpenSSH public key
}

// Lock says what a private key is locked with.
type Lock string

// The locks.
const (
	Unlocked      Lock = ""               // whoever has the file has the key
	ByOpenSSH     Lock = "openssh"        // with a passphrase, in OpenSSH's own way
	ByPassphrase  Lock = "age-passphrase" // with age and a passphrase
	ForRecipients Lock = "age-recipients" // with age, for the holders of identities
)

// Describe looks at a key's file: an OpenSSH key, private or public; a signer
// or verifier key of a log or witness; or one locked with age. It opens no
// lock and asks for nothing.
func Describe(file string) (Look, error) {
	b, _, err := read(file)
	if err != nil {
		return Look{}, err
	}
	defer clear(b)
	switch {
	case isAge(b):
		l := Look{Private: true, Lock: ForRecipients}
		raw, err := unarmour(b)
		if err != nil {
			return Look{}, invalid("key-unknown", "%s is damaged: its age armour cannot be read", file)
		}
		if bytes.HasPrefix(raw, []byte(ageHead+scryptHead)) {
			l.Lock = ByPassphrase
		}
		return l, nil
	case isSigner(b):
		k, err := parseSigner(file, b)
		if err != nil {
			return Look{}, err
		}
		k.Close()
		return Look{Private: true, Public: k}, nil
	}
	if block, _ := pem.Decode(b); block == nil {
		if k, err := ParsePublic(b); err == nil {
			_, comment, _, _, _ := ssh.ParseAuthorizedKey(b)
			return Look{Public: k, Comment: comment}, nil
		}
	} else if signer, err := ssh.ParsePrivateKey(b); err == nil {
		return opened(signer.PublicKey(), Unlocked)
	} else if locked, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok && locked.PublicKey != nil {
		return opened(locked.PublicKey, ByOpenSSH)
	} else {
		return Look{}, noPrivate(file, b)
	}
	return Look{}, invalid("key-unknown", "%s is no key as ssh-keygen, age or iotmark writes one", file)
}

func opened(pub ssh.PublicKey, lock Lock) (Look, error) {
	raw, app, err := publicKey(pub)
	if err != nil {
		return Look{}, err
	}
	return Look{Private: true, Lock: lock, Public: verifying(raw, app, OpenSSH, "")}, nil
}

// verifying returns a key that does not sign.
func verifying(pub ed25519.PublicKey, app string, kind Kind, name string) *Key {
	return &Key{Public: pub, Application: app, Kind: kind, Name: name, sign: func([]byte) (*ssh.Signature, error) {
		return nil, invalid("key-public", "this is a public key; the private one signs")
	}}
}

// ParsePublic reads a public key: a line as in a file that ends in .pub, or
// the C2SP verifier key of a log or witness. It does not sign.
func ParsePublic(b []byte) (*Key, error) {
	if len(b) > maxFile {
		return nil, invalid("key-unknown", "this is too long for a public key")
	}
	if k, ok := parseVerifier(string(bytes.TrimSpace(b))); ok {
		return k, nil
	}
	pub, _, options, rest, err := ssh.ParseAuthorizedKey(b)
	if err != nil || len(options) > 0 || len(bytes.TrimSpace(rest)) > 0 {
		return nil, invalid("key-unknown", "this is no public key: one line ssh-ed25519 AAAA... as ssh-keygen writes it, or the verifier key of a log or witness")
	}
	raw, app, err := publicKey(pub)
	if err != nil {
		return nil, err
	}
	return verifying(raw, app, OpenSSH, ""), nil
}

func unarmour(b []byte) ([]byte, error) {
	if bytes.HasPrefix(b, []byte(ageHead)) {
		return b, nil
	}
	var out bytes.Buffer
	_, err := out.ReadFrom(armor.NewReader(bytes.NewReader(bytes.TrimSpace(b))))
	return out.Bytes(), err
}
