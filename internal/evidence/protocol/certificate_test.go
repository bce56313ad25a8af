package protocol_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// certificates are of several keys, signatures and forms of names.
func certificates(t testing.TB) map[string][]byte {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	ek, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(err)
	pub, dk, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	plain := pkix.Name{CommonName: "hub.example"}
	tmpl := func(n pkix.Name, a x509.SignatureAlgorithm) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(7), Subject: n, SignatureAlgorithm: a,
			NotBefore: time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC), NotAfter: time.Date(2051, 1, 2, 3, 4, 5, 0, time.UTC)}
	}
	many := tmpl(plain, x509.SHA256WithRSA)
	for i := range 80 {
		many.DNSNames = append(many.DNSNames, strings.Repeat("a", i+1)+".example")
	}
	full := tmpl(pkix.Name{CommonName: "Gerät", Organization: []string{"Maker"}, Country: []string{"DE"}}, x509.SHA384WithRSA)
	full.DNSNames, full.IPAddresses = []string{"*.hub.example"}, []net.IP{net.IPv4(10, 0, 0, 1), net.ParseIP("2001:db8::1")}
	full.EmailAddresses = []string{"a@example"}
	ca := tmpl(pkix.Name{CommonName: "CA"}, x509.SHA256WithRSA)
	ca.IsCA, ca.BasicConstraintsValid, ca.SubjectKeyId = true, true, []byte{1, 2, 3}
	twin := tmpl(pkix.Name{CommonName: "CA"}, x509.SHA256WithRSA)
	twin.SubjectKeyId, twin.AuthorityKeyId = []byte{9}, ca.SubjectKeyId
	out := map[string][]byte{}
	for _, c := range []struct {
		name          string
		tmpl, parent  *x509.Certificate
		public, signs any
	}{
		{"rsa", tmpl(plain, x509.SHA256WithRSA), nil, rk.Public(), rk},
		{"rsa sha1", tmpl(plain, x509.SHA1WithRSA), nil, rk.Public(), rk},
		{"rsa sha512", tmpl(plain, x509.SHA512WithRSA), nil, rk.Public(), rk},
		{"pss 256", tmpl(plain, x509.SHA256WithRSAPSS), nil, rk.Public(), rk},
		{"pss 384", tmpl(plain, x509.SHA384WithRSAPSS), nil, rk.Public(), rk},
		{"pss 512", tmpl(plain, x509.SHA512WithRSAPSS), nil, rk.Public(), rk},
		{"ecdsa", tmpl(plain, x509.ECDSAWithSHA384), nil, ek.Public(), ek},
		{"ecdsa 256", tmpl(plain, x509.ECDSAWithSHA256), nil, ek.Public(), ek},
		{"ed25519", tmpl(plain, x509.PureEd25519), nil, pub, dk},
		{"no common name", tmpl(pkix.Name{Organization: []string{"Maker, Inc."}, Country: []string{"DE"}}, x509.SHA256WithRSA), nil, rk.Public(), rk},
		{"two parts of one kind", tmpl(pkix.Name{OrganizationalUnit: []string{"a", "b"}}, x509.SHA256WithRSA), nil, rk.Public(), rk},
		{"no name", tmpl(pkix.Name{}, x509.SHA256WithRSA), nil, rk.Public(), rk},
		{"many names", many, nil, rk.Public(), rk},
		{"everything", full, ca, rk.Public(), rk},
		{"the same name as its issuer", twin, ca, ek.Public(), rk},
	} {
		if c.parent == nil {
			c.parent = c.tmpl
		}
		der, err := x509.CreateCertificate(rand.Reader, c.tmpl, c.parent, c.public, c.signs)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		out[c.name] = der
	}
	return out
}

// Certificates are read as crypto/x509 reads them.
func TestCertificate(t *testing.T) {
	t.Parallel()
	for name, der := range certificates(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(der)
			want := protocol.Certificate{Subject: c.Subject.CommonName, Issuer: c.Issuer.CommonName, NotBefore: c.NotBefore, NotAfter: c.NotAfter,
				Signature: c.SignatureAlgorithm.String(), SHA256: hex.EncodeToString(sum[:]),
				SelfSigned: string(c.RawIssuer) == string(c.RawSubject) && name != "the same name as its issuer"}
			switch name {
			case "no common name":
				want.Subject, want.Issuer = "C=DE, O=Maker, Inc.", "C=DE, O=Maker, Inc."
			case "two parts of one kind":
				want.Subject, want.Issuer = "OU=a, OU=b", "OU=a, OU=b"
			}
			want.Names = append(want.Names, c.DNSNames...)
			for _, ip := range c.IPAddresses {
				want.Names = append(want.Names, ip.String())
			}
			switch k := c.PublicKey.(type) {
			case *rsa.PublicKey:
				want.Key, want.Bits = "rsa", k.N.BitLen()
			case *ecdsa.PublicKey:
				want.Key, want.Bits = "ecdsa", k.Curve.Params().BitSize
			case ed25519.PublicKey:
				want.Key, want.Bits = "ed25519", 256
			}
			got, ok := protocol.ParseCertificate(der)
			if !ok {
				t.Fatal("not read")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
			for n := range der { // cut anywhere, it is none, and nothing breaks
				if _, ok := protocol.ParseCertificate(der[:n]); ok {
					t.Fatalf("the first %d of %d bytes are read", n, len(der))
				}
			}
		})
	}
}

func TestCertificateLimits(t *testing.T) {
	t.Parallel()
	for name, der := range map[string][]byte{
		"empty":                nil,
		"not a certificate":    []byte("\x30\x03\x02\x01\x01"),
		"lengths that lie":     []byte("\x30\x84\xff\xff\xff\xff\x30\x84\xff\xff\xff\xff"),
		"depth":                []byte(strings.Repeat("\x30\x82\x7f\xff", 4000)),
		"larger than the most": append([]byte("\x30\x83\x00\x40\x01"), make([]byte, 16385)...),
	} {
		if c, ok := protocol.ParseCertificate(der); ok {
			t.Errorf("%s: got %+v", name, c)
		}
	}
}

// A list of names is bounded by number and by bytes, and one that is not
// whole says so: nobody may take what is left out for what is not there.
func TestCertificateNames(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		n, length int // names of so many bytes
		want      int
		cut       bool
	}{
		{"as many as are kept", 256, 20, 256, false},
		{"one more", 257, 20, 256, true},
		{"as many bytes as are kept", 128, 64, 128, false},
		{"more bytes", 129, 64, 128, true},
		{"a name that is none", 1, 257, 0, true},
	} {
		tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), NotAfter: time.Date(2051, 1, 2, 3, 4, 5, 0, time.UTC)}
		for i := range c.n {
			tmpl.DNSNames = append(tmpl.DNSNames, fmt.Sprintf("%0*d.example", c.length-len(".example"), i))
		}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := protocol.ParseCertificate(der)
		if !ok || len(got.Names) != c.want || got.NamesCut != c.cut {
			t.Errorf("%s: read %v, got %d names, cut %v, want %d, %v", c.name, ok, len(got.Names), got.NamesCut, c.want, c.cut)
		}
	}
}
