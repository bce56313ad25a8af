package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
)

// The two kinds of keys that sign entries. Both are Ed25519 (RFC 8032); the
// second lives in a security key (OpenSSH, PROTOCOL.u2f).
const (
	sshEd25519 = "ssh-ed25519"
	sshSecure  = "sk-ssh-ed25519@openssh.com"
)

// maxKeyLine bounds a public key line: base64 of a key with the longest
// application that is taken.
const (
	maxKeyLine     = 512
	maxApplication = 128
)

// Key is a public key with what it may do.
type Key struct {
	KeyEntry
	Public      ed25519.PublicKey
	Application string // of a security key, such as "ssh:"; empty for others
	NoteID      uint32 // of its plain signatures; see [NoteKeyID]
	SSHID       uint32 // of its SSHSIG; see [SSHKeyID]

	blob []byte // as SSH writes it
}

// Secure reports whether the key lives in a security key, which signs only
// when somebody touches it, and makes SSHSIG only.
func (k *Key) Secure() bool { return k.Application != "" }

// ParseKey reads a key of a keyring. It takes one form of each key only, as
// ssh-keygen writes it, and none that would verify anything (points of small
// order). The error has the id key-malformed.
func ParseKey(e KeyEntry) (*Key, error) {
	switch {
	case !isKeyName(e.Name):
		return nil, invalid("key-malformed", "the key's name %q is not made of small letters, digits, dots, hyphens and slashes", clip(e.Name))
	case !isKeyOrg(e.Org):
		return nil, invalid("key-malformed", "the org %q of the key %s is neither an id nor a domain", clip(e.Org), e.Name)
	case !isPseudonym(e.Person):
		return nil, invalid("key-malformed", "the person of the key %s must be a pseudonym of letters and a number, such as p1; no name, for it stays in the log for ever", e.Name)
	case e.Until != nil && (*e.Until < 0 || *e.Until > maxCount):
		return nil, invalid("key-malformed", "the end of the key %s is no index of a log", e.Name)
	}
	p, err := parsePublic(e.Key)
	if err != nil {
		return nil, invalid("key-malformed", "the key %s cannot be used: %v", e.Name, err)
	}
	k := &Key{KeyEntry: e, Public: p.public, Application: p.application, blob: p.blob, SSHID: SSHKeyID(e.Name, p.blob)}
	if !k.Secure() {
		k.NoteID = NoteKeyID(e.Name, p.public)
	}
	return k, nil
}

// isKeyName reports whether a key may have this name: segments of a domain's
// characters with slashes between, such as iotmark.example/committee/2.
func isKeyName(s string) bool {
	if len(s) > maxLabel {
		return false
	}
	for seg := range strings.SplitSeq(s, "/") {
		for part := range strings.SplitSeq(seg, ".") {
			if !isWord(part) {
				return false
			}
		}
	}
	return true
}

func isKeyOrg(s string) bool { return isWord(s) || IsDomain(s) }

// isPseudonym: one to eight letters and one to six digits.
func isPseudonym(s string) bool {
	letters := strings.TrimRight(s, "0123456789")
	if len(letters) < 1 || len(letters) > 8 || len(s) == len(letters) || len(s) > len(letters)+6 {
		return false
	}
	return strings.IndexFunc(letters, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

// public is a public key as SSH writes it (RFC 8709, 4; PROTOCOL.u2f).
type public struct {
	public      ed25519.PublicKey
	application string
	blob        []byte
}

// parsePublic reads "ssh-ed25519 AAAA..." or "sk-ssh-ed25519@openssh.com
// AAAA...", without a comment.
func parsePublic(line string) (public, error) {
	if len(line) > maxKeyLine {
		return public{}, errors.New("it is too long")
	}
	typ, b64, ok := strings.Cut(line, " ")
	if !ok || typ != sshEd25519 && typ != sshSecure {
		return public{}, errors.New("it must be ssh-ed25519 or sk-ssh-ed25519@openssh.com and base64, without a comment")
	}
	blob, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil || base64.StdEncoding.EncodeToString(blob) != b64 {
		return public{}, errors.New("its base64 cannot be read")
	}
	p := public{blob: blob}
	r := wire(blob)
	inner, ok1 := r.text()
	pub, ok2 := r.text()
	p.public = ed25519.PublicKey(pub)
	ok = ok1 && ok2 && string(inner) == typ
	if ok && typ == sshSecure {
		app, ok3 := r.text()
		p.application = string(app)
		ok = ok3 && len(app) > 0 && len(app) <= maxApplication && isName(p.application)
	}
	switch {
	case !ok || len(r) != 0 || len(pub) != ed25519.PublicKeySize:
		return public{}, errors.New("its base64 is not an Ed25519 key")
	case weak(pub):
		return public{}, errors.New("it is a point of small order, which verifies what nobody signed")
	}
	return p, nil
}

// smallOrder are the y coordinates, little endian, of all points of order 1,
// 2, 4 and 8 on edwards25519.
var smallOrder = [][32]byte{
	{},
	{1},
	{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
	{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
}

// weak reports whether a point is of small order, or its y coordinate is not
// below 2^255-19: implementations do not agree about what such keys verify
// (RFC 8032, 5.1.3 and 8.4).
func weak(pub []byte) bool {
	y := [32]byte(pub)
	y[31] &= 0x7f
	for _, s := range smallOrder {
		if y == s {
			return true
		}
	}
	if y[31] != 0x7f || y[0] < 0xed {
		return false
	}
	return bytes.Count(y[1:31], []byte{0xff}) == 30
}

// wire reads the data types of SSH (RFC 4251, 5).
type wire []byte

func (w *wire) text() ([]byte, bool) {
	n, ok := w.uint32()
	if !ok || uint64(n) > uint64(len(*w)) {
		return nil, false
	}
	s := (*w)[:n]
	*w = (*w)[n:]
	return s, true
}

func (w *wire) uint32() (uint32, bool) {
	if len(*w) < 4 {
		return 0, false
	}
	n := binary.BigEndian.Uint32(*w)
	*w = (*w)[4:]
	return n, true
}

func (w *wire) byte() (byte, bool) {
	if len(*w) == 0 {
		return 0, false
	}
	b := (*w)[0]
	*w = (*w)[1:]
	return b, true
}

func sshString[T ~string | ~[]byte](b []byte, s T) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// PublicLine writes an Ed25519 key as ssh-keygen does, without a comment.
func PublicLine(pub ed25519.PublicKey) string {
	return sshEd25519 + " " + base64.StdEncoding.EncodeToString(sshString(sshString(nil, sshEd25519), pub))
}

// ParsePublicLine reads what [PublicLine] writes. It refuses security keys.
func ParsePublicLine(line string) (ed25519.PublicKey, error) {
	p, err := parsePublic(line)
	if err == nil && p.application != "" {
		err = errors.New("it is a security key, which signs SSHSIG only")
	}
	return p.public, err
}

// Fingerprint is the name of a key as ssh-keygen -l prints it.
func (k *Key) Fingerprint() string { return fingerprint(k.blob) }

// Fingerprint is the name of an Ed25519 key as ssh-keygen -l prints it.
func Fingerprint(pub ed25519.PublicKey) string {
	return fingerprint(sshString(sshString(nil, sshEd25519), pub))
}

func fingerprint(blob []byte) string {
	h := sha256.Sum256(blob)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(h[:])
}

// NoteKeyID is the key id of a note's Ed25519 signature: the first four bytes
// of SHA-256(name LF 0x01 key) (c2sp.org/signed-note).
func NoteKeyID(name string, pub ed25519.PublicKey) uint32 {
	return keyID(name, "\x01", pub)
}

// SSHKeyID is the key id of an SSHSIG in a note: the first four bytes of
// SHA-256(name LF 0xff "oim-sshsig" key), where key is the 32 bytes of an
// Ed25519 key, and of a security key those and its application. The blob is
// the key as SSH writes it; of anything else the id is 0.
func SSHKeyID(name string, blob []byte) uint32 {
	r := wire(blob)
	typ, ok := r.text()
	key, ok2 := r.text()
	if !ok || !ok2 {
		return 0
	}
	if string(typ) == sshSecure {
		app, ok := r.text()
		if !ok {
			return 0
		}
		key = append(bytes.Clone(key), app...)
	}
	return keyID(name, "\xffoim-sshsig", key)
}

func keyID(name, kind string, key []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n" + kind))
	h.Write(key)
	return binary.BigEndian.Uint32(h.Sum(make([]byte, 0, sha256.Size)))
}
