package protocol_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// tap remembers what was written to a connection.
type tap struct {
	net.Conn
	mu  sync.Mutex // guards out
	out bytes.Buffer
}

func (c *tap) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.out.Write(b)
	c.mu.Unlock()
	return c.Conn.Write(b)
}

const hello = "hello from one side"

func issue(t *testing.T, key any, public any) tls.Certificate {
	t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "hub.example", Organization: []string{"Maker"}},
		NotBefore: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), NotAfter: time.Date(2055, 1, 2, 3, 4, 5, 0, time.UTC),
		DNSNames: []string{"hub.example", "*.hub.example"}, IPAddresses: []net.IP{net.IPv4(10, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Real handshakes of crypto/tls are read as crypto/tls and crypto/x509 know
// them.
func TestRealHandshakes(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	certs := map[string]tls.Certificate{"ecdsa": issue(t, ec, ec.Public()), "rsa": issue(t, rk, rk.Public())}
	for _, tt := range []struct {
		name, key string
		version   uint16
		suite     uint16
		want      string
	}{
		{"TLS 1.0", "rsa", tls.VersionTLS10, tls.TLS_RSA_WITH_AES_128_CBC_SHA, "TLS 1.0"},
		{"TLS 1.1", "rsa", tls.VersionTLS11, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, "TLS 1.1"},
		{"TLS 1.2, RC4", "rsa", tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA, "TLS 1.2"},
		{"TLS 1.2", "ecdsa", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "TLS 1.2"},
		{"TLS 1.3", "ecdsa", tls.VersionTLS13, 0, "TLS 1.3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := &tls.Config{Certificates: []tls.Certificate{certs[tt.key]}, MinVersion: tt.version, MaxVersion: tt.version}
			own := &tls.Config{InsecureSkipVerify: true, ServerName: "hub.example", NextProtos: []string{"mqtt"}, MinVersion: tt.version, MaxVersion: tt.version}
			if tt.suite != 0 {
				cfg.CipherSuites, own.CipherSuites = []uint16{tt.suite}, []uint16{tt.suite}
			}
			a, b := net.Pipe()
			ca, sb := &tap{Conn: a}, &tap{Conn: b}
			client, server := tls.Client(ca, own), tls.Server(sb, cfg)
			done := make(chan error, 1)
			go func() {
				_, err := io.ReadFull(server, make([]byte, len(hello)))
				if err == nil {
					_, err = io.WriteString(server, hello)
				}
				server.Close()
				done <- err
			}()
			if _, err := io.WriteString(client, hello); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(client); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			ca.mu.Lock()
			sb.mu.Lock()
			defer ca.mu.Unlock()
			defer sb.mu.Unlock()
			for _, turned := range []bool{false, true} {
				x, y := ca.out.Bytes(), sb.out.Bytes()
				if turned {
					x, y = y, x
				}
				d := protocol.Stream(x, y, 8883)
				if d.Protocol != protocol.TLS || d.Reading != protocol.Encrypted || d.Host != "hub.example" || d.More {
					t.Fatalf("turned %v: got %+v", turned, d)
				}
				h := d.Handshake
				st := client.ConnectionState()
				if h.Version != tt.want || h.Suite != st.CipherSuite || !h.Encrypted || !cmp.Equal(h.ALPN, []string{"mqtt"}) {
					t.Errorf("got %+v, want suite %04x", h, st.CipherSuite)
				}
				if tt.version == tls.VersionTLS13 {
					if h.Certificates != nil {
						t.Error("TLS 1.3 shows a certificate")
					}
					continue
				}
				c := st.PeerCertificates[0]
				want := protocol.Certificate{Subject: "hub.example", Issuer: "hub.example", Names: []string{"hub.example", "*.hub.example", "10.0.0.1"},
					NotBefore: c.NotBefore, NotAfter: c.NotAfter, Key: tt.key, Bits: map[string]int{"rsa": 2048, "ecdsa": 256}[tt.key],
					Signature: c.SignatureAlgorithm.String(), SelfSigned: true}
				got := h.Certificates[0]
				got.SHA256 = ""
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("got (-want +got)\n%s", diff)
				}
			}
			// whatever is cut off, nothing breaks and nothing is made up
			for n := 0; n < ca.out.Len(); n += 7 {
				d := protocol.Stream(ca.out.Bytes()[:n], sb.out.Bytes()[:min(n, sb.out.Len())], 8883)
				if h := d.Handshake; h != nil && h.Version != "" && h.Version != tt.want {
					t.Fatalf("cut at %d: version %s", n, h.Version)
				}
			}
		})
	}
}
