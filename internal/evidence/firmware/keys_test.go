package firmware_test

import (
	//lint:ignore SA1019 devices still carry such keys
	"crypto/dsa"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
)

func spki(t *testing.T, pub any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	s := sha256.Sum256(der)
	return hex.EncodeToString(s[:])
}

// sshString and mpint write the forms of RFC 4251, 5.
func sshString(b []byte) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(b)))) + string(b)
}

func mpint(n *big.Int) string {
	b := n.Bytes()
	if len(b) > 0 && b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return sshString(b)
}

// Every form of key is found, and has the fingerprint that crypto/x509 gives
// to its public half.
func TestReadKeys(t *testing.T) {
	t.Parallel()
	must := func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	block := func(label string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	r, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	e384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed, edPriv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var d dsa.PrivateKey
	if err := dsa.GenerateParameters(&d.Parameters, rand.Reader, dsa.L1024N160); err != nil {
		t.Fatal(err)
	}
	if err := dsa.GenerateKey(&d, rand.Reader); err != nil {
		t.Fatal(err)
	}
	dsaDER := must(asn1.Marshal(struct {
		V             int
		P, Q, G, Y, X *big.Int
	}{0, d.P, d.Q, d.G, d.Y, d.X}))
	dsaPub := must(asn1.Marshal(struct {
		Alg struct {
			OID    asn1.ObjectIdentifier
			Params struct{ P, Q, G *big.Int }
		}
		Key asn1.BitString
	}{struct {
		OID    asn1.ObjectIdentifier
		Params struct{ P, Q, G *big.Int }
	}{asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, struct{ P, Q, G *big.Int }{d.P, d.Q, d.G}}, asn1.BitString{Bytes: must(asn1.Marshal(d.Y)), BitLength: 8 * len(must(asn1.Marshal(d.Y)))}}))
	dsaSum := sha256.Sum256(dsaPub)
	openssh := func(key any) string {
		b, err := ssh.MarshalPrivateKey(key, "")
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(b))
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(edPriv, "", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	encrypted := must(asn1.Marshal(struct {
		Alg  struct{ OID asn1.ObjectIdentifier }
		Data []byte
	}{struct{ OID asn1.ObjectIdentifier }{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}}, []byte(noise(64))}))
	sec1 := must(x509.MarshalECPrivateKey(e))
	for _, c := range []struct {
		name string
		body string
		want firmware.Key
	}{
		{"RSA PKCS#1", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r)), firmware.Key{Type: "rsa", Form: "pkcs1", Encoding: "pem", Bits: 1024, SPKI: spki(t, &r.PublicKey)}},
		{"RSA PKCS#8", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(r))), firmware.Key{Type: "rsa", Form: "pkcs8", Encoding: "pem", Bits: 1024, SPKI: spki(t, &r.PublicKey)}},
		{"RSA DER", string(x509.MarshalPKCS1PrivateKey(r)), firmware.Key{Type: "rsa", Form: "pkcs1", Encoding: "der", Bits: 1024, SPKI: spki(t, &r.PublicKey)}},
		{"EC SEC 1", block("EC PRIVATE KEY", sec1), firmware.Key{Type: "ec", Form: "sec1", Encoding: "pem", Bits: 256, SPKI: spki(t, &e.PublicKey)}},
		{"EC PKCS#8", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(e384))), firmware.Key{Type: "ec", Form: "pkcs8", Encoding: "pem", Bits: 384, SPKI: spki(t, &e384.PublicKey)}},
		{"EC DER", string(sec1), firmware.Key{Type: "ec", Form: "sec1", Encoding: "der", Bits: 256, SPKI: spki(t, &e.PublicKey)}},
		{"Ed25519", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(edPriv))), firmware.Key{Type: "ed25519", Form: "pkcs8", Encoding: "pem", Bits: 256, SPKI: spki(t, ed)}},
		{"X25519", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(x))), firmware.Key{Type: "x25519", Form: "pkcs8", Encoding: "pem", Bits: 256, SPKI: spki(t, x.PublicKey())}},
		{"DSA", block("DSA PRIVATE KEY", dsaDER), firmware.Key{Type: "dsa", Form: "openssl", Encoding: "pem", Bits: 1024, SPKI: hex.EncodeToString(dsaSum[:])}},
		{"OpenSSH RSA", openssh(r), firmware.Key{Type: "rsa", Form: "openssh", Encoding: "pem", Bits: 1024, SPKI: spki(t, &r.PublicKey)}},
		{"OpenSSH EC", openssh(e), firmware.Key{Type: "ec", Form: "openssh", Encoding: "pem", Bits: 256, SPKI: spki(t, &e.PublicKey)}},
		{"OpenSSH Ed25519", openssh(&edPriv), firmware.Key{Type: "ed25519", Form: "openssh", Encoding: "pem", Bits: 256, SPKI: spki(t, ed)}},
		{"OpenSSH, encrypted", string(pem.EncodeToMemory(locked)), firmware.Key{Type: "ed25519", Form: "openssh", Encoding: "pem", Bits: 256, Encrypted: true, SPKI: spki(t, ed)}},
		{"PKCS#8, encrypted", block("ENCRYPTED PRIVATE KEY", encrypted), firmware.Key{Type: "unknown", Form: "pkcs8", Encoding: "pem", Encrypted: true}},
		{"dropbear RSA", sshString([]byte("ssh-rsa")) + mpint(big.NewInt(int64(r.E))) + mpint(r.N) + mpint(r.D) + mpint(r.Primes[0]) + mpint(r.Primes[1]),
			firmware.Key{Type: "rsa", Form: "dropbear", Encoding: "raw", Bits: 1024, SPKI: spki(t, &r.PublicKey)}},
		{"dropbear DSS", sshString([]byte("ssh-dss")) + mpint(d.P) + mpint(d.Q) + mpint(d.G) + mpint(d.Y) + mpint(d.X),
			firmware.Key{Type: "dsa", Form: "dropbear", Encoding: "raw", Bits: 1024, SPKI: hex.EncodeToString(dsaSum[:])}},
		{"dropbear EC", sshString([]byte("ecdsa-sha2-nistp256")) + sshString([]byte("nistp256")) + sshString(must(e.PublicKey.Bytes())) + mpint(new(big.Int).SetBytes(must(e.Bytes()))),
			firmware.Key{Type: "ec", Form: "dropbear", Encoding: "raw", Bits: 256, SPKI: spki(t, &e.PublicKey)}},
		{"dropbear Ed25519", sshString([]byte("ssh-ed25519")) + sshString(edPriv), firmware.Key{Type: "ed25519", Form: "dropbear", Encoding: "raw", Bits: 256, SPKI: spki(t, ed)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := facts(t, "x", tarOf(t, file{Name: "etc/k", Body: c.body}))
			c.want.Place = firmware.Place{Path: "etc/k"}
			if len(f.Keys) != 1 || f.Keys[0] != c.want {
				t.Errorf("got %+v, want %+v", f.Keys, c.want)
			}
			// The same within other bytes, as in a program, and over the
			// border of two windows of an opaque image.
			if c.want.Encoding == "pem" {
				at := 1<<20 + 32<<10 - 300
				f := facts(t, "x", []byte(noise(at)+"\n"+c.body+noise(100)))
				c.want.Place, c.want.Offset = firmware.Place{}, int64(at+1)
				if !f.Opaque || len(f.Keys) != 1 || f.Keys[0] != c.want {
					t.Errorf("opaque: got %+v, want %+v", f.Keys, c.want)
				}
			}
		})
	}
}

// What looks like a key and is none.
func TestReadNoKeys(t *testing.T) {
	t.Parallel()
	r, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	der := x509.MarshalPKCS1PrivateKey(r)
	broken := append([]byte{}, der...)
	broken[len(broken)/2] ^= 1 // another prime: no product gives the modulus
	pub, err := x509.MarshalPKIXPublicKey(&r.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	label := func(l string, der []byte) string { return string(pem.EncodeToMemory(&pem.Block{Type: l, Bytes: der})) }
	for name, body := range map[string]string{
		"public key":              label("PUBLIC KEY", pub),
		"public key, mislabelled": label("PRIVATE KEY", pub),
		"numbers that do not fit": label("RSA PRIVATE KEY", broken),
		"half":                    label("RSA PRIVATE KEY", der)[:400],
		"markers":                 "-----BEGIN RSA PRIVATE KEY-----\x00-----END RSA PRIVATE KEY-----",
		"ssh public":              sshString([]byte("ssh-rsa")) + mpint(big.NewInt(65537)) + mpint(r.N),
		"der with a tail":         string(der) + "x",
		"noise in base64":         label("PRIVATE KEY", []byte(noise(300))),
		"lengths that lie":        "\x30\x84\xff\xff\xff\xff" + noise(100),
		"ssh lengths that lie":    "\x00\x00\x00\x07ssh-rsa\xff\xff\xff\xff" + noise(100),
	} {
		f := facts(t, "x", tarOf(t, file{Name: "etc/k", Body: body}))
		if len(f.Keys) != 0 {
			t.Errorf("%s: got %+v", name, f.Keys)
		}
	}
	// A text of nothing but markers costs little and is told.
	many := strings.Repeat("-----BEGIN PRIVATE KEY-----\n", 400_000)
	f := facts(t, "x", tarOf(t, file{Name: "etc/k", Body: many}))
	if f.Coverage.Complete() || f.Coverage.NotLooked[0].Why != "too many key markers" {
		t.Errorf("got %+v", f.Coverage)
	}
}
