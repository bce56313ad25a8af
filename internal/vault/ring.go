package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
)

// A ring is the keys of the vault. The first wraps, all open.
type ring []vaultKey

type vaultKey struct {
	name string // the beginning of the SHA-256 of the public half
	id   age.Identity
	to   age.Recipient
}

func openRing(files []string) (ring, error) {
	var out ring
	for _, f := range files {
		ids, err := key.Identities(f)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			var to interface {
				age.Recipient
				fmt.Stringer
			}
			switch id := id.(type) {
			case *age.X25519Identity:
				to = id.Recipient()
			case *age.HybridIdentity:
				to = id.Recipient()
			default:
				return nil, invalid("vault-key-kind", "%s holds a key that cannot wrap by itself; make one with age-keygen", f)
			}
			sum := sha256.Sum256([]byte(to.String()))
			out = append(out, vaultKey{hex.EncodeToString(sum[:8]), id, to})
		}
	}
	if len(out) == 0 {
		return nil, invalid("vault-key-missing", "the evidence store has no key; make a file with age-keygen, keep a copy of it elsewhere, and name it")
	}
	return out, nil
}

func (r ring) has(name string) bool { return r.named(name) != nil }

func (r ring) named(name string) *vaultKey {
	for i := range r {
		if r[i].name == name {
			return &r[i]
		}
	}
	return nil
}

const wrappedMost = 8 << 10 // bytes of a wrapped key; one has 300, for a post-quantum key 1,700

// wrap encrypts the key of a piece for the first key of the ring. What is
// inside is a file of identities as the age command takes it, with the digest
// in a comment, so that a wrapped key opens no other piece.
func (r ring) wrap(d iotmark.Digest, piece *age.X25519Identity) (wrapped, wrappedFor string, err error) {
	var b bytes.Buffer
	w, err := age.Encrypt(&b, r[0].to)
	if err == nil {
		_, err = io.WriteString(w, inside(d, piece))
	}
	if err == nil {
		err = w.Close()
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), r[0].name, err
}

func inside(d iotmark.Digest, piece *age.X25519Identity) string {
	return "# " + string(d) + "\n" + piece.String() + "\n"
}

var errWrapped = errors.New("the key of the piece was changed")

// unwrap returns the key of a piece.
func (r ring) unwrap(d iotmark.Digest, wrapped, wrappedFor string) (*age.X25519Identity, error) {
	k := r.named(wrappedFor)
	if k == nil {
		return nil, keyMissing(wrappedFor, "the evidence "+d.Short())
	}
	if len(wrapped) > wrappedMost {
		return nil, errWrapped
	}
	raw, err := base64.StdEncoding.DecodeString(wrapped)
	if err != nil {
		return nil, errWrapped
	}
	in, err := age.Decrypt(bytes.NewReader(raw), k.id)
	if err != nil {
		return nil, errWrapped
	}
	b, err := io.ReadAll(io.LimitReader(in, wrappedMost))
	defer clear(b)
	if err != nil {
		return nil, errWrapped
	}
	line, ok := strings.CutPrefix(string(b), "# "+string(d)+"\n")
	if !ok {
		return nil, errWrapped
	}
	piece, err := age.ParseX25519Identity(strings.TrimSuffix(line, "\n"))
	if err != nil {
		return nil, errWrapped
	}
	return piece, nil
}
