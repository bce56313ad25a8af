package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// The format of OpenSSH's PROTOCOL.sshsig, version 1.
const (
	sshsigMagic   = "SSHSIG"
	sshsigVersion = 1
	maxSSHSIG     = 2_048 // bytes of a blob; that of a security key has some 300
	armourBegin   = "-----BEGIN SSH SIGNATURE-----"
	armourEnd     = "-----END SSH SIGNATURE-----"
)

// Flags that a security key sets (WebAuthn, 6.1; PROTOCOL.u2f).
const (
	flagPresent  = 0x01 // somebody touched it
	flagVerified = 0x04 // and gave the PIN, or a finger
)

// Namespace is the namespace of SSHSIG on the entries of a scheme:
// ssh-keygen -Y sign -n decision@<domain>.
func Namespace(domain string) string { return "decision@" + domain }

// Made reports whether a signature line names this key. A line of the same
// name with another key id is of a key, or of a kind, that is not known.
func (k *Key) Made(s Sig) bool {
	return s.Name == k.Name && (s.ID == k.SSHID || s.ID == k.NoteID && !k.Secure())
}

// Verify verifies a signature that this key [Key.Made]: a plain Ed25519
// signature (c2sp.org/signed-note), or an SSHSIG of the scheme's namespace
// over SHA-256 or SHA-512. That of a security key must say that somebody
// touched it. The error has the id signature-wrong.
func (k *Key) Verify(text []byte, s Sig, domain string) error {
	switch {
	case !k.Made(s):
		return refuse("signature-wrong", "the signature of %q was made by another key than that of %s", clip(s.Name), k.Name)
	case s.ID == k.NoteID && !k.Secure():
		if len(s.Bytes) != ed25519.SignatureSize || !ed25519.Verify(k.Public, text, s.Bytes) {
			return refuse("signature-wrong", "the signature of %s is not one of this text", k.Name)
		}
		return nil
	}
	return k.verifySSH(text, s.Bytes, Namespace(domain))
}

// sshsig is an SSHSIG blob taken apart.
type sshsig struct {
	key, namespace, hash []byte
	signature            []byte // 64 bytes
	flags                byte   // of a security key
	counter              uint32
}

// parseSSHSIG reads a blob of one form; what is reserved must be empty.
func parseSSHSIG(blob []byte) (s sshsig, ok bool) {
	if len(blob) > maxSSHSIG || !bytes.HasPrefix(blob, []byte(sshsigMagic)) {
		return s, false
	}
	r := wire(blob[len(sshsigMagic):])
	version, ok := r.uint32()
	if !ok || version != sshsigVersion {
		return s, false
	}
	var reserved, sig []byte
	for _, to := range []*[]byte{&s.key, &s.namespace, &reserved, &s.hash, &sig} {
		if *to, ok = r.text(); !ok {
			return s, false
		}
	}
	if len(r) != 0 || len(reserved) != 0 {
		return s, false
	}
	r = wire(sig)
	typ, ok1 := r.text()
	s.signature, ok = r.text()
	if !ok || !ok1 || len(s.signature) != ed25519.SignatureSize {
		return s, false
	}
	switch string(typ) {
	case sshEd25519:
		return s, len(r) == 0
	case sshSecure:
		s.flags, ok1 = r.byte()
		s.counter, ok = r.uint32()
		return s, ok && ok1 && len(r) == 0
	}
	return s, false
}

func (k *Key) verifySSH(text, blob []byte, namespace string) error {
	s, ok := parseSSHSIG(blob)
	switch {
	case !ok:
		return refuse("signature-wrong", "the signature of %s is not an SSHSIG of version 1 by an Ed25519 key", k.Name)
	case !bytes.Equal(s.key, k.blob):
		return refuse("signature-wrong", "the SSHSIG of %s names another key", k.Name)
	case string(s.namespace) != namespace:
		return refuse("signature-wrong", "the SSHSIG of %s is of the namespace %q; sign with ssh-keygen -Y sign -n %s", k.Name, clip(string(s.namespace)), namespace)
	}
	message := SSHMessage(namespace, string(s.hash), text)
	if message == nil {
		return refuse("signature-wrong", "the SSHSIG of %s is over %q; sha256 and sha512 are known", k.Name, clip(string(s.hash)))
	}
	if k.Secure() {
		if s.flags&flagPresent == 0 || s.flags&^(flagPresent|flagVerified) != 0 {
			return refuse("signature-wrong", "the security key of %s does not say that somebody touched it (flags %#02x)", k.Name, s.flags)
		}
		message = secureMessage(k.Application, s.flags, s.counter, message)
	}
	// A signature of the one kind around one of the other would have another
	// form than the one that is made.
	if !bytes.Equal(blob, k.blobOf(s)) || !ed25519.Verify(k.Public, message, s.signature) {
		return refuse("signature-wrong", "the SSHSIG of %s is not one of this text", k.Name)
	}
	return nil
}

// SSHMessage is what an SSHSIG really signs: the namespace, and the hash
// (sha256 or sha512) of the text. It is nil for any other hash.
func SSHMessage(namespace, hash string, text []byte) []byte {
	var sum []byte
	switch hash {
	case "sha512":
		h := sha512.Sum512(text)
		sum = h[:]
	case "sha256":
		h := sha256.Sum256(text)
		sum = h[:]
	default:
		return nil
	}
	b := []byte(sshsigMagic)
	b = sshString(b, namespace)
	b = sshString(b, "")
	b = sshString(b, hash)
	return sshString(b, sum)
}

// secureMessage is what a security key signs: its application, flags and
// counter, and the hash of the message (PROTOCOL.u2f).
func secureMessage(application string, flags byte, counter uint32, message []byte) []byte {
	app, sum := sha256.Sum256([]byte(application)), sha256.Sum256(message)
	b := append(make([]byte, 0, 69), app[:]...)
	b = append(b, flags)
	b = binary.BigEndian.AppendUint32(b, counter)
	return append(b, sum[:]...)
}

// blobOf puts an SSHSIG of this key together.
func (k *Key) blobOf(s sshsig) []byte {
	typ := sshEd25519
	if k.Secure() {
		typ = sshSecure
	}
	sig := sshString(sshString(nil, typ), s.signature)
	if k.Secure() {
		sig = binary.BigEndian.AppendUint32(append(sig, s.flags), s.counter)
	}
	b := binary.BigEndian.AppendUint32([]byte(sshsigMagic), sshsigVersion)
	b = sshString(b, k.blob)
	b = sshString(b, s.namespace)
	b = sshString(b, "")
	b = sshString(b, s.hash)
	return sshString(b, sig)
}

// SSHSIG puts the 64 bytes of an Ed25519 signature over [SSHMessage] into a
// signature line, for a key that is no security key.
func (k *Key) SSHSIG(namespace, hash string, signature []byte) Sig {
	return Sig{Name: k.Name, ID: k.SSHID, Bytes: k.blobOf(sshsig{namespace: []byte(namespace), hash: []byte(hash), signature: signature})}
}

// Plain puts the 64 bytes of an Ed25519 signature over a text into a
// signature line.
func (k *Key) Plain(signature []byte) Sig { return Sig{Name: k.Name, ID: k.NoteID, Bytes: signature} }

// Armour writes an SSHSIG blob as ssh-keygen does, in lines of 70.
func Armour(blob []byte) []byte {
	s := base64.StdEncoding.EncodeToString(blob)
	var b strings.Builder
	b.WriteString(armourBegin + "\n")
	for len(s) > 70 {
		b.WriteString(s[:70] + "\n")
		s = s[70:]
	}
	b.WriteString(s + "\n" + armourEnd + "\n")
	return []byte(b.String())
}

// FromSSH reads the file that ssh-keygen -Y sign writes, of the key that is
// expected, into a signature line; [Key.Verify] says whether it holds. The
// error has the id sshsig-malformed or key-other.
func FromSSH(key *Key, armoured []byte) (Sig, error) {
	const most = 2 * maxSSHSIG
	text := strings.TrimSpace(strings.ReplaceAll(string(armoured[:min(len(armoured), most+1)]), "\r\n", "\n"))
	text, ok := strings.CutPrefix(text, armourBegin+"\n")
	text, ok2 := strings.CutSuffix(text, "\n"+armourEnd)
	if !ok || !ok2 || len(armoured) > most {
		return Sig{}, invalid("sshsig-malformed", "this is not a file that ssh-keygen -Y sign has written; it begins with %s", armourBegin)
	}
	blob, err := base64.StdEncoding.Strict().DecodeString(strings.ReplaceAll(text, "\n", ""))
	if err != nil {
		return Sig{}, invalid("sshsig-malformed", "the base64 of the SSH signature cannot be read")
	}
	s, ok := parseSSHSIG(blob)
	if !ok {
		return Sig{}, invalid("sshsig-malformed", "the SSH signature is not of version 1 by an Ed25519 key")
	}
	if !bytes.Equal(s.key, key.blob) {
		return Sig{}, invalid("key-other", "the SSH signature was made by another key than %s (%s)", key.Name, key.Fingerprint())
	}
	return Sig{Name: key.Name, ID: key.SSHID, Bytes: blob}, nil
}
