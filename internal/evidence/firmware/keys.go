package firmware

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Keys are parsed, not matched: half of the markers in real images are texts
// inside programs that handle keys. crypto/x509 would do, but it brings the
// network packages along, which a determination must not have.

const (
	maxPEM     = evidence.MaxArmour
	maxMarkers = 20_000   // of one image
	maxDER     = 16 << 10 // bytes of a file that is tried as DER or dropbear key
)

var (
	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidDSA     = asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}
	oidEC      = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidX25519  = asn1.ObjectIdentifier{1, 3, 101, 110}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
	curves     = []struct {
		oid   asn1.ObjectIdentifier
		bits  int
		curve ecdh.Curve
		ssh   string
	}{
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, 256, ecdh.P256(), "nistp256"},
		{asn1.ObjectIdentifier{1, 3, 132, 0, 34}, 384, ecdh.P384(), "nistp384"},
		{asn1.ObjectIdentifier{1, 3, 132, 0, 35}, 521, ecdh.P521(), "nistp521"},
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 1}, 192, nil, ""},
		{asn1.ObjectIdentifier{1, 3, 132, 0, 33}, 224, nil, ""},
		{asn1.ObjectIdentifier{1, 3, 132, 0, 10}, 256, nil, ""},              // secp256k1
		{asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 7}, 256, nil, ""}, // brainpoolP256r1
	}
)

// algorithm is AlgorithmIdentifier (RFC 5280, 4.1.1.2).
type algorithm struct {
	OID    asn1.ObjectIdentifier
	Params asn1.RawValue `asn1:"optional"`
}

type spki struct {
	Alg algorithm
	Key asn1.BitString
}

// fingerprint hashes the public half, in the form X.509 gives it.
func fingerprint(oid asn1.ObjectIdentifier, params any, key []byte) string {
	s := spki{Alg: algorithm{OID: oid}, Key: asn1.BitString{Bytes: key, BitLength: 8 * len(key)}}
	if params != nil {
		raw, err := asn1.Marshal(params)
		if err != nil {
			return ""
		}
		s.Alg.Params = asn1.RawValue{FullBytes: raw}
	}
	der, err := asn1.Marshal(s)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func rsaKey(n, e *big.Int) (Key, bool) {
	if n.Sign() <= 0 || e.Sign() <= 0 || n.BitLen() < 512 || n.BitLen() > 16384 || e.BitLen() > 256 || e.Bit(0) == 0 || n.Bit(0) == 0 {
		return Key{}, false
	}
	pub, err := asn1.Marshal(struct{ N, E *big.Int }{n, e})
	if err != nil {
		return Key{}, false
	}
	return Key{Type: "rsa", Bits: n.BitLen(), SPKI: fingerprint(oidRSA, asn1.NullRawValue, pub)}, true
}

func dsaKey(p, q, g, y *big.Int) (Key, bool) {
	if p.BitLen() < 512 || p.BitLen() > 4096 || q.BitLen() < 128 || g.Sign() <= 0 || y.Sign() <= 0 || p.Sign() <= 0 || q.Sign() <= 0 {
		return Key{}, false
	}
	pub, err := asn1.Marshal(y)
	if err != nil {
		return Key{}, false
	}
	return Key{Type: "dsa", Bits: p.BitLen(), SPKI: fingerprint(oidDSA, struct{ P, Q, G *big.Int }{p, q, g}, pub)}, true
}

// parsePKCS1 reads RSAPrivateKey (RFC 8017, A.1.2). The product of the primes
// must be the modulus: numbers that merely have the shape are no key.
func parsePKCS1(der []byte) (Key, bool) {
	var k struct {
		Version       int
		N, E, D, P, Q *big.Int
		Dp, Dq, Qinv  *big.Int
		Rest          asn1.RawValue `asn1:"optional"`
	}
	if rest, err := asn1.Unmarshal(der, &k); err != nil || len(rest) > 0 || k.N.BitLen() > 16384 || k.P.BitLen() > 16384 || k.Q.BitLen() > 16384 {
		return Key{}, false
	}
	if k.Version == 0 && new(big.Int).Mul(k.P, k.Q).Cmp(k.N) != 0 {
		return Key{}, false
	}
	key, ok := rsaKey(k.N, k.E)
	key.Form = "pkcs1"
	return key, ok
}

// parseSEC1 reads ECPrivateKey (RFC 5915). The curve may come from outside.
func parseSEC1(der []byte, outer asn1.ObjectIdentifier) (Key, bool) {
	var k struct {
		Version int
		Private []byte
		Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
		Public  asn1.BitString        `asn1:"optional,explicit,tag:1"`
	}
	if rest, err := asn1.Unmarshal(der, &k); err != nil || len(rest) > 0 || k.Version != 1 || len(k.Private) < 16 || len(k.Private) > 80 {
		return Key{}, false
	}
	oid := k.Curve
	if oid == nil {
		oid = outer
	}
	if oid == nil {
		return Key{}, false
	}
	key := Key{Type: "ec", Form: "sec1"}
	point := k.Public.Bytes
	for _, c := range curves {
		if !c.oid.Equal(oid) {
			continue
		}
		key.Bits = c.bits
		if c.curve != nil {
			scalar := make([]byte, (c.bits+7)/8)
			if len(k.Private) > len(scalar) {
				return Key{}, false
			}
			copy(scalar[len(scalar)-len(k.Private):], k.Private)
			p, err := c.curve.NewPrivateKey(scalar)
			if err != nil {
				return Key{}, false
			}
			point = p.PublicKey().Bytes()
		}
	}
	if len(point) > 0 {
		key.SPKI = fingerprint(oidEC, oid, point)
	}
	return key, true
}

// parseDSA reads the form that OpenSSL writes for DSA.
func parseDSA(der []byte) (Key, bool) {
	var k struct {
		Version       int
		P, Q, G, Y, X *big.Int
	}
	if rest, err := asn1.Unmarshal(der, &k); err != nil || len(rest) > 0 || k.Version != 0 {
		return Key{}, false
	}
	key, ok := dsaKey(k.P, k.Q, k.G, k.Y)
	key.Form = "openssl"
	return key, ok
}

// parsePKCS8 reads PrivateKeyInfo (RFC 5208, RFC 5958).
func parsePKCS8(der []byte) (Key, bool) {
	var k struct {
		Version int
		Alg     algorithm
		Private []byte
		Rest    asn1.RawValue `asn1:"optional"`
	}
	if rest, err := asn1.Unmarshal(der, &k); err != nil || len(rest) > 64 || k.Version > 1 || k.Version < 0 {
		return Key{}, false
	}
	var key Key
	ok := false
	switch {
	case k.Alg.OID.Equal(oidRSA):
		key, ok = parsePKCS1(k.Private)
	case k.Alg.OID.Equal(oidEC):
		var curve asn1.ObjectIdentifier
		_, _ = asn1.Unmarshal(k.Alg.Params.FullBytes, &curve)
		key, ok = parseSEC1(k.Private, curve)
	case k.Alg.OID.Equal(oidEd25519), k.Alg.OID.Equal(oidX25519):
		var seed []byte
		if rest, err := asn1.Unmarshal(k.Private, &seed); err != nil || len(rest) > 0 || len(seed) != 32 {
			return Key{}, false
		}
		if k.Alg.OID.Equal(oidEd25519) {
			key, ok = edKey(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)), true
		} else if p, err := ecdh.X25519().NewPrivateKey(seed); err == nil {
			key, ok = Key{Type: "x25519", Bits: 256, SPKI: fingerprint(oidX25519, nil, p.PublicKey().Bytes())}, true
		}
	case k.Alg.OID.Equal(oidDSA):
		var x *big.Int
		var pqg struct{ P, Q, G *big.Int }
		if _, err := asn1.Unmarshal(k.Private, &x); err != nil {
			return Key{}, false
		}
		if _, err := asn1.Unmarshal(k.Alg.Params.FullBytes, &pqg); err != nil || pqg.P.Sign() <= 0 || pqg.P.BitLen() > 4096 || x.Sign() <= 0 || x.BitLen() > pqg.P.BitLen() {
			return Key{}, false
		}
		key, ok = dsaKey(pqg.P, pqg.Q, pqg.G, new(big.Int).Exp(pqg.G, x, pqg.P))
	}
	key.Form = "pkcs8"
	return key, ok
}

func edKey(pub ed25519.PublicKey) Key {
	return Key{Type: "ed25519", Bits: 256, SPKI: fingerprint(oidEd25519, nil, pub)}
}

// parseEncrypted reads EncryptedPrivateKeyInfo (RFC 5958).
func parseEncrypted(der []byte) (Key, bool) {
	var k struct {
		Alg  algorithm
		Data []byte
	}
	if rest, err := asn1.Unmarshal(der, &k); err != nil || len(rest) > 0 || len(k.Data) < 32 || len(k.Alg.OID) < 5 {
		return Key{}, false
	}
	return Key{Type: "unknown", Form: "pkcs8", Encrypted: true}, true
}

// wire reads the strings of the SSH protocol (RFC 4251, 5).
type wire struct {
	b   []byte
	bad bool
}

func (w *wire) bytes() []byte {
	if len(w.b) < 4 {
		w.bad = true
		return nil
	}
	n := binary.BigEndian.Uint32(w.b)
	if uint64(n) > uint64(len(w.b)-4) {
		w.bad = true
		return nil
	}
	out := w.b[4 : 4+n]
	w.b = w.b[4+n:]
	return out
}

func (w *wire) number() *big.Int { return new(big.Int).SetBytes(w.bytes()) }

// sshPublic reads the public half of an SSH key.
func sshPublic(w *wire) (Key, bool) {
	switch name := string(w.bytes()); name {
	case "ssh-rsa":
		e, n := w.number(), w.number()
		if w.bad {
			return Key{}, false
		}
		return rsaKey(n, e)
	case "ssh-dss":
		p, q, g, y := w.number(), w.number(), w.number(), w.number()
		if w.bad {
			return Key{}, false
		}
		return dsaKey(p, q, g, y)
	case "ssh-ed25519":
		if pub := w.bytes(); len(pub) == ed25519.PublicKeySize {
			return edKey(pub), true
		}
	case "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521":
		curve, point := string(w.bytes()), w.bytes()
		for _, c := range curves {
			if c.ssh != "" && c.ssh == curve && strings.HasSuffix(name, curve) {
				if _, err := c.curve.NewPublicKey(point); err == nil {
					return Key{Type: "ec", Bits: c.bits, SPKI: fingerprint(oidEC, c.oid, point)}, true
				}
			}
		}
	}
	return Key{}, false
}

// parseOpenSSH reads openssh-key-v1 (OpenSSH, PROTOCOL.key).
func parseOpenSSH(b []byte) (Key, bool) {
	b, ok := bytes.CutPrefix(b, []byte("openssh-key-v1\x00"))
	if !ok || len(b) < 16 {
		return Key{}, false
	}
	w := &wire{b: b}
	cipher := string(w.bytes())
	w.bytes() // name of the key derivation
	w.bytes() // its options
	if w.bad || len(w.b) < 4 || binary.BigEndian.Uint32(w.b) != 1 {
		return Key{}, false
	}
	w.b = w.b[4:]
	key, ok := sshPublic(&wire{b: w.bytes()})
	if !ok || len(w.bytes()) < 16 {
		return Key{}, false
	}
	key.Form, key.Encrypted = "openssh", cipher != "none"
	return key, true
}

// parseDropbear reads a host key of dropbear: the public half, then the
// private numbers, and nothing after them. A public half alone is no key.
func parseDropbear(b []byte) (Key, bool) {
	w := &wire{b: b}
	name := string(w.bytes())
	if name == "ssh-ed25519" { // one string of seed and public half
		if pair := w.bytes(); len(pair) == ed25519.PrivateKeySize && len(w.b) == 0 {
			k := edKey(ed25519.PublicKey(pair[32:]))
			k.Form = "dropbear"
			return k, true
		}
		return Key{}, false
	}
	w = &wire{b: b}
	k, ok := sshPublic(w)
	if !ok {
		return Key{}, false
	}
	private := w.number()
	for range 2 { // the primes of RSA
		if k.Type == "rsa" && len(w.b) > 0 {
			w.bytes()
		}
	}
	k.Form = "dropbear"
	return k, !w.bad && private.Sign() > 0 && len(w.b) == 0
}

// pemKeys finds the private keys in PEM anywhere in the bytes; base is added
// to the offsets.
func (a *analysis) pemKeys(path string, b []byte, base int64) {
	for at := 0; ; {
		block, ok := evidence.NextArmour(b, at)
		if !ok {
			return
		}
		at = block.Next
		if a.markers++; a.markers > maxMarkers {
			if a.markers == maxMarkers+1 {
				a.unlooked(path, "too many key markers", int64(len(b)-block.Start))
			}
			return
		}
		if k, ok := decodePEM(block.Label, block.Body); ok {
			k.Place, k.Offset, k.Encoding = Place{Path: path}, base+int64(block.Start), "pem"
			add(&a.f.Keys, &a.f.Totals.Keys, maxKeys, k)
			at = block.End
		}
	}
}

// decodePEM parses one block (RFC 7468, and RFC 1421 for old encryption).
// Line ends may be written out, as in JSON and C.
func decodePEM(label string, body []byte) (Key, bool) {
	s := strings.NewReplacer(`\r`, "", `\n`, "\n", `"`, "").Replace(string(body))
	encrypted := false
	var text strings.Builder
	for l := range strings.Lines(s) {
		l = strings.TrimSpace(l)
		if strings.Contains(l, ":") {
			encrypted = encrypted || strings.HasPrefix(l, "Proc-Type:") && strings.Contains(l, "ENCRYPTED")
			continue
		}
		text.WriteString(strings.ReplaceAll(l, " ", ""))
	}
	der, err := base64.StdEncoding.DecodeString(text.String())
	if err != nil || len(der) < 32 {
		return Key{}, false
	}
	if encrypted {
		return Key{Type: "unknown", Form: "openssl", Encrypted: true}, true
	}
	switch label {
	case "OPENSSH PRIVATE KEY":
		return parseOpenSSH(der)
	case "ENCRYPTED PRIVATE KEY":
		return parseEncrypted(der)
	}
	return parseDER(der)
}

// parseDER tries the forms of unencrypted keys.
func parseDER(der []byte) (Key, bool) {
	if k, ok := parsePKCS8(der); ok {
		return k, true
	}
	if k, ok := parsePKCS1(der); ok {
		return k, true
	}
	if k, ok := parseSEC1(der, nil); ok {
		return k, true
	}
	return parseDSA(der)
}

// rawKeys tries a whole file as DER and as a host key of dropbear; it reports
// whether the file is a key.
func (a *analysis) rawKeys(path string, b []byte) bool {
	if len(b) < 40 || len(b) > maxDER {
		return false
	}
	var k Key
	ok := false
	switch {
	case b[0] == 0x30:
		if k, ok = parseDER(b); ok {
			k.Encoding = "der"
		}
	case b[0] == 0 && b[1] == 0 && b[2] == 0 && (bytes.HasPrefix(b[4:], []byte("ssh-")) || bytes.HasPrefix(b[4:], []byte("ecdsa-"))):
		if k, ok = parseDropbear(b); ok {
			k.Encoding = "raw"
		}
	}
	if ok {
		k.Place = Place{Path: path}
		add(&a.f.Keys, &a.f.Totals.Keys, maxKeys, k)
	}
	return ok
}
