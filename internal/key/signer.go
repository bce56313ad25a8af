package key

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// The types of signatures on notes (C2SP signed-note, "Signature types").
const (
	algNote        = 0x01 // Ed25519
	algCosignature = 0x04 // timestamped Ed25519 (C2SP tlog-cosignature)
)

const signerHead = "PRIVATE+KEY+"

func isSigner(b []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(b), []byte(signerHead)) }

func (k Kind) alg() byte {
	if k == Witness {
		return algCosignature
	}
	return algNote
}

// VerifierKey returns the C2SP verifier key of a log, a witness or another
// signer of notes: name, key id and key, with plus signs between. The kind
// decides the type of its signatures: Witness those with a time, all others
// plain Ed25519.
func VerifierKey(name string, kind Kind, pub ed25519.PublicKey) string {
	raw := append([]byte{kind.alg()}, pub...)
	return fmt.Sprintf("%s+%08x+%s", name, keyID(name, raw), base64.StdEncoding.EncodeToString(raw))
}

// VKey returns the verifier key of a log's or a witness's key.
func (k *Key) VKey() string { return VerifierKey(k.Name, k.Kind, k.Public) }

// keyID is the first four bytes of SHA-256 over name, LF, type and key (C2SP
// signed-note, "Signatures").
func keyID(name string, raw []byte) uint32 {
	h := sha256.Sum256(append([]byte(name+"\n"), raw...))
	return binary.BigEndian.Uint32(h[:])
}

// validName reports whether a name may stand in a signature line and in a
// verifier key.
func validName(s string) bool {
	return s != "" && len(s) <= 255 && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
}

// signerKey returns the private key as sumdb/note and the tools of the
// transparency community write it.
func (k *Key) signerKey() ([]byte, error) {
	if !validName(k.Name) {
		return nil, invalid("key-name", "a %s needs a name without spaces and plus signs, such as log.example.org/1; %q is none", k.Kind, k.Name)
	}
	raw := append([]byte{k.Kind.alg()}, k.private.Seed()...)
	defer clear(raw)
	pub := append([]byte{k.Kind.alg()}, k.Public...)
	out := fmt.Appendf(nil, "%s%s+%08x+", signerHead, k.Name, keyID(k.Name, pub))
	out = base64.StdEncoding.AppendEncode(out, raw)
	return append(out, '\n'), nil
}

// parseSigner reads a private key as signerKey writes it. No message holds a
// part of it.
func parseSigner(file string, b []byte) (*Key, error) {
	bad := invalid("key-unknown", "%s starts as the key of a log or witness and is damaged, or of a kind that is not known here: known are Ed25519 of type 1 and 4", file)
	rest := bytes.TrimPrefix(bytes.TrimSpace(b), []byte(signerHead))
	name, rest, ok1 := bytes.Cut(rest, []byte("+"))
	id, enc, ok2 := bytes.Cut(rest, []byte("+"))
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(enc)))
	defer clear(raw)
	n, err := base64.StdEncoding.Strict().Decode(raw, enc)
	if !ok1 || !ok2 || err != nil || n != 1+ed25519.SeedSize || !validName(string(name)) {
		return nil, bad
	}
	kind := Log
	switch raw[0] {
	case algNote:
	case algCosignature:
		kind = Witness
	default:
		return nil, bad
	}
	k := holding(ed25519.NewKeyFromSeed(raw[1:n]), kind, string(name))
	if fmt.Sprintf("%08x", keyID(k.Name, append([]byte{kind.alg()}, k.Public...))) != string(id) {
		k.Close()
		return nil, bad
	}
	return k, nil
}

// parseVerifier reads a verifier key as VerifierKey writes it.
func parseVerifier(s string) (*Key, bool) {
	name, rest, _ := strings.Cut(s, "+")
	_, enc, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.Strict().DecodeString(enc)
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || !validName(name) {
		return nil, false
	}
	kind := Log
	if raw[0] == algCosignature {
		kind = Witness
	}
	return verifying(raw[1:], "", kind, name), VerifierKey(name, kind, raw[1:]) == s
}

// signer is a [note.Signer] over a key.
type signer struct {
	name string
	id   uint32
	sign func([]byte) ([]byte, error)
}

func (s signer) Name() string                    { return s.name }
func (s signer) KeyHash() uint32                 { return s.id }
func (s signer) Sign(msg []byte) ([]byte, error) { return s.sign(msg) }

// Signer returns the signer of notes with this name: a checkpoint under the
// log's key, or an entry. A key that carries a name signs under no other.
func (k *Key) Signer(name string) (note.Signer, error) {
	if err := k.may(name, Witness); err != nil {
		return nil, err
	}
	return signer{name, keyID(name, append([]byte{algNote}, k.Public...)), k.Sign}, nil
}

// Cosigner returns the signer of checkpoints with this name, as of a witness
// or auditor: each signature carries the time of now (C2SP tlog-cosignature,
// "Ed25519 signed message").
func (k *Key) Cosigner(name string, now func() time.Time) (note.Signer, error) {
	if err := k.may(name, Log); err != nil {
		return nil, err
	}
	return signer{name, keyID(name, append([]byte{algCosignature}, k.Public...)), func(msg []byte) ([]byte, error) {
		t := now().Unix()
		if t <= 0 {
			return nil, invalid("clock-wrong", "the clock shows a time before 1970; a cosignature carries the time")
		}
		sig, err := k.Sign(fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", t, msg))
		if err != nil {
			return nil, err
		}
		return append(binary.BigEndian.AppendUint64(nil, uint64(t)), sig...), nil
	}}, nil
}

// may tells why a key may not sign notes under a name; a key of the kind not
// is for other signatures.
func (k *Key) may(name string, not Kind) error {
	switch {
	case k.Application != "":
		return invalid("key-hardware", "a hardware key signs only in the way of ssh-keygen -Y sign, not a note or a checkpoint")
	case k.Kind == not:
		return invalid("key-kind", "this is the key of a %s, and signs nothing else", not)
	case !validName(name):
		return invalid("key-name", "%q is no name of a key: it has no spaces and no plus sign", name)
	case k.Name != "" && k.Name != name:
		return invalid("key-name", "this key belongs to %s, and does not sign as %s", k.Name, name)
	}
	return nil
}
