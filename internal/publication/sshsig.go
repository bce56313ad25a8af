package publication

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
)

// Namespace is the namespace of SSHSIG signatures on entries.
const Namespace = "decision@" + Domain

// The format is OpenSSH's PROTOCOL.sshsig; keys and signatures are those of
// RFC 8709. Only one form is ever made or accepted: version 1, Ed25519, SHA-512.
const (
	sshMagic = "SSHSIG"
	sshType  = "ssh-ed25519"
	sshHash  = "sha512"
)

func sshString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// sshKey is the public key in the form of RFC 8709, section 4.
func sshKey(pub ed25519.PublicKey) []byte { return sshString(sshString(nil, sshType), string(pub)) }

// sshMessage is what an SSHSIG really signs.
func sshMessage(text []byte) []byte {
	h := sha512.Sum512(text)
	b := []byte(sshMagic)
	for _, s := range []string{Namespace, "", sshHash, string(h[:])} {
		b = sshString(b, s)
	}
	return b
}

// sshBlob is the SSHSIG blob around a signature.
func sshBlob(pub ed25519.PublicKey, sig []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte(sshMagic), 1)
	for _, s := range []string{string(sshKey(pub)), Namespace, "", sshHash, string(sshString(sshString(nil, sshType), string(sig)))} {
		b = sshString(b, s)
	}
	return b
}

// sshsig signs a text as ssh-keygen -Y sign does.
func sshsig(key Signer, text []byte) ([]byte, error) {
	sig, err := key.Sign(sshMessage(text))
	if err != nil {
		return nil, err
	}
	if !ed25519.Verify(key.Public, sshMessage(text), sig) {
		return nil, errors.New("the key gave a signature that does not verify")
	}
	return sshBlob(key.Public, sig), nil
}

// sshsigVerify verifies an SSHSIG blob: it must be, byte for byte, the one
// blob of this key, namespace and hash.
func sshsigVerify(pub ed25519.PublicKey, text, blob []byte) bool {
	if len(blob) < ed25519.SignatureSize {
		return false
	}
	sig := blob[len(blob)-ed25519.SignatureSize:]
	return bytes.Equal(blob, sshBlob(pub, sig)) && ed25519.Verify(pub, sshMessage(text), sig)
}

const (
	armourBegin = "-----BEGIN SSH SIGNATURE-----\n"
	armourEnd   = "-----END SSH SIGNATURE-----\n"
)

// armour writes a blob as ssh-keygen does, in lines of 70.
func armour(blob []byte) []byte {
	s := base64.StdEncoding.EncodeToString(blob)
	var b strings.Builder
	b.WriteString(armourBegin)
	for len(s) > 70 {
		b.WriteString(s[:70] + "\n")
		s = s[70:]
	}
	b.WriteString(s + "\n" + armourEnd)
	return []byte(b.String())
}

// PublicKeyLine writes a key as ssh-keygen does, without a comment.
func PublicKeyLine(pub ed25519.PublicKey) string {
	return sshType + " " + base64.StdEncoding.EncodeToString(sshKey(pub))
}

// publicKey reads a key in the one form that PublicKeyLine writes.
func publicKey(line string) (ed25519.PublicKey, error) {
	b64, ok := strings.CutPrefix(line, sshType+" ")
	raw, err := base64.StdEncoding.Strict().DecodeString(b64)
	if n := len(raw) - ed25519.PublicKeySize; ok && err == nil && n > 0 {
		if pub := ed25519.PublicKey(raw[n:]); bytes.Equal(raw, sshKey(pub)) && PublicKeyLine(pub) == line {
			return pub, nil
		}
	}
	return nil, errors.New("not an Ed25519 key as ssh-keygen writes one")
}

// ParsePublicKey reads the first key of a text as in key.pub, a line of
// allowed_signers, or authorized_keys: ssh-ed25519, base64, comment.
func ParsePublicKey(text string) (ed25519.PublicKey, error) {
	for l := range strings.Lines(text) {
		f := strings.Fields(l)
		for i := 0; i+1 < len(f) && !strings.HasPrefix(l, "#"); i++ {
			if f[i] == sshType {
				return publicKey(sshType + " " + f[i+1])
			}
		}
	}
	return nil, errors.New("there is no ssh-ed25519 key in it")
}

// Fingerprint is the name of a key as ssh-keygen -l prints it.
func Fingerprint(pub ed25519.PublicKey) string {
	h := sha256.Sum256(sshKey(pub))
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(h[:])
}
