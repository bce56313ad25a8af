package key

import (
	"crypto/ed25519"
	"crypto/sha256"

	"golang.org/x/crypto/ssh"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// SSHSIG signs a text as ssh-keygen -Y sign -n NAMESPACE does, and returns the
// file that it would write (OpenSSH's PROTOCOL.sshsig). A hardware key behind
// an agent asks its holder to touch it.
func (k *Key) SSHSIG(namespace string, text []byte) ([]byte, error) {
	if k.Kind != OpenSSH {
		return nil, invalid("key-kind", "this is the key of a %s, and signs nothing else", k.Kind)
	}
	msg := verify.SSHMessage(namespace, "sha512", text)
	sig, err := k.sign(msg)
	if err != nil {
		return nil, err
	}
	if !k.verifies(msg, sig) {
		return nil, &iotmark.Error{Kind: iotmark.Unavailable, ID: "key-signs-wrongly", Msg: "the key gave a signature that does not verify"}
	}
	blob := append([]byte("SSHSIG"), ssh.Marshal(struct {
		Version                                uint32
		Key, Namespace, Reserved, Hash, Signed string
	}{1, string(k.public().Marshal()), namespace, "", "sha512", string(ssh.Marshal(sig))})...)
	return verify.Armour(blob), nil
}

// verifies looks at what an agent gave before anybody relies on it. A hardware
// key signs hashes, its flags and its counter (OpenSSH's PROTOCOL.u2f).
func (k *Key) verifies(msg []byte, sig *ssh.Signature) bool {
	if k.Application == "" {
		return sig.Format == ssh.KeyAlgoED25519 && len(sig.Rest) == 0 && ed25519.Verify(k.Public, msg, sig.Blob)
	}
	app, m := sha256.Sum256([]byte(k.Application)), sha256.Sum256(msg)
	const present = 1 // somebody touched it
	return sig.Format == ssh.KeyAlgoSKED25519 && len(sig.Rest) == 5 && sig.Rest[0]&present != 0 &&
		ed25519.Verify(k.Public, append(append(app[:], sig.Rest...), m[:]...), sig.Blob)
}
