package protocol_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// talk lets crypto/tls talk to itself, and returns what each side sent and
// the hello as crypto/tls read it. Handshakes may fail: that is talk as well.
func talk(t *testing.T, client, server *tls.Config) (sent, received []byte, hello *tls.ClientHelloInfo) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // a pipe would wait where both sides write
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	server.GetConfigForClient = func(i *tls.ClientHelloInfo) (*tls.Config, error) {
		hello = i
		return nil, nil
	}
	done := make(chan *tap, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			done <- &tap{}
			return
		}
		sb := &tap{Conn: conn}
		s := tls.Server(sb, server)
		if s.Handshake() == nil {
			io.WriteString(s, "hello")
		}
		io.Copy(io.Discard, conn) // until the client goes away
		conn.Close()
		done <- sb
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ca := &tap{Conn: conn}
	c := tls.Client(ca, client)
	if c.Handshake() == nil {
		io.ReadFull(c, make([]byte, 5))
		io.WriteString(c, "hello")
	}
	conn.Close()
	sb := <-done
	return ca.out.Bytes(), sb.out.Bytes(), hello
}

func keyed(t *testing.T) tls.Certificate {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issue(t, k, k.Public())
}

var names = map[uint16]string{tls.VersionTLS10: "TLS 1.0", tls.VersionTLS11: "TLS 1.1", tls.VersionTLS12: "TLS 1.2", tls.VersionTLS13: "TLS 1.3"}

// A hello is read as the server of crypto/tls reads it.
func TestHelloAsServerReadsIt(t *testing.T) {
	t.Parallel()
	cert := keyed(t)
	for _, c := range []struct {
		name   string
		client *tls.Config
	}{
		{"as it comes", &tls.Config{}},
		{"old versions too", &tls.Config{MinVersion: tls.VersionTLS10}},
		{"only TLS 1.2", &tls.Config{MaxVersion: tls.VersionTLS12}},
		{"only TLS 1.3", &tls.Config{MinVersion: tls.VersionTLS13}},
		{"protocols", &tls.Config{NextProtos: []string{"h2", "http/1.1", "x-amzn-mqtt-ca"}}},
		{"weak suites", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.client.ServerName, c.client.InsecureSkipVerify = "Hub.Example", true
			sent, received, hello := talk(t, c.client, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, NextProtos: c.client.NextProtos})
			h := protocol.Stream(sent, received, 443).Handshake
			var offered []string
			for _, v := range hello.SupportedVersions {
				offered = append(offered, names[v])
			}
			if diff := cmp.Diff(offered, h.Offered); diff != "" {
				t.Errorf("offered: got (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(hello.CipherSuites, h.Suites); diff != "" {
				t.Errorf("suites: got (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(hello.SupportedProtos, h.ALPN); diff != "" {
				t.Errorf("protocols: got (-want +got)\n%s", diff)
			}
			if h.Server != strings.ToLower(hello.ServerName) {
				t.Errorf("server: got %q", h.Server)
			}
		})
	}
}

func TestHandshakesThatGoOtherwise(t *testing.T) {
	t.Parallel()
	cert := keyed(t)
	for _, c := range []struct {
		name           string
		client, server *tls.Config
		want           protocol.Handshake // Version, Alert, Encrypted, number of certificates by Suite
		certificates   int
	}{
		{"the server asks for another share", &tls.Config{InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}}, &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP384}},
			protocol.Handshake{Version: "TLS 1.3", Encrypted: true}, 0},
		{"no version in common", &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}, &tls.Config{MinVersion: tls.VersionTLS12}, protocol.Handshake{Alert: "protocol_version"}, 0},
		{"no suite in common", &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}, &tls.Config{}, protocol.Handshake{Alert: "handshake_failure"}, 0},
		{"the client does not know the issuer", &tls.Config{MaxVersion: tls.VersionTLS12, ServerName: "hub.example"}, &tls.Config{}, protocol.Handshake{Version: "TLS 1.2", Alert: "bad_certificate"}, 1},
		{"the client has a certificate", &tls.Config{MaxVersion: tls.VersionTLS12, InsecureSkipVerify: true, Certificates: []tls.Certificate{cert}}, &tls.Config{ClientAuth: tls.RequireAnyClientCert}, protocol.Handshake{Version: "TLS 1.2", Encrypted: true}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.server.Certificates = []tls.Certificate{cert}
			sent, received, _ := talk(t, c.client, c.server)
			d := protocol.Stream(sent, received, 443)
			if d.Handshake == nil {
				t.Fatalf("got %+v of %x and %x", d, sent, received)
			}
			got := protocol.Handshake{Version: d.Handshake.Version, Alert: d.Handshake.Alert, Encrypted: d.Handshake.Encrypted}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
			if n := len(d.Handshake.Certificates); n != c.certificates || d.More || d.Reading != protocol.Encrypted {
				t.Errorf("%d certificates, more %v, %s", n, d.More, d.Reading)
			}
		})
	}
}

// split cuts the first record into records of n bytes.
func split(b []byte, n int) []byte {
	size := int(b[3])<<8 | int(b[4])
	body, rest := b[5:5+size], b[5+size:]
	var out []byte
	for len(body) > 0 {
		k := min(n, len(body))
		out = append(append(out, b[0], b[1], b[2], 0, byte(k)), body[:k]...)
		body = body[k:]
	}
	return append(out, rest...)
}

func TestHelloInPieces(t *testing.T) {
	t.Parallel()
	sent, received, _ := talk(t, &tls.Config{InsecureSkipVerify: true, ServerName: "hub.example", MaxVersion: tls.VersionTLS12}, &tls.Config{Certificates: []tls.Certificate{keyed(t)}})
	want := protocol.Stream(sent, received, 443)
	if want.Handshake == nil || len(want.Handshake.Certificates) != 1 {
		t.Fatalf("got %+v", want)
	}
	for _, n := range []int{1, 3, 7, 64, 200} {
		if diff := cmp.Diff(want, protocol.Stream(split(sent, n), split(received, n), 443)); diff != "" {
			t.Errorf("records of %d: got (-want +got)\n%s", n, diff)
		}
	}
	for n := range sent { // a beginning adds up to the whole and never says otherwise
		d := protocol.Stream(sent[:n], received[:min(n, len(received))], 443)
		if h := d.Handshake; h != nil && (h.Server != "" && h.Server != "hub.example" || h.Version != "" && h.Version != "TLS 1.2") {
			t.Fatalf("after %d bytes: %+v", n, h)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOldAndOddHellos(t *testing.T) {
	t.Parallel()
	random := strings.Repeat("ab", 32)
	for _, c := range []struct {
		name, client, server string
		want                 protocol.Dialogue
	}{
		{"SSL 3.0", "160300002f 0100002b 0300 " + random + "00 0004 000a 0005 01 00", "160300002a 02000026 0300 " + random + "00 000a 00",
			protocol.Dialogue{Protocol: protocol.TLS, Reading: protocol.Encrypted, More: true, Handshake: &protocol.Handshake{Offered: []string{"SSL 3.0"}, Suites: []uint16{10, 5}, Version: "SSL 3.0", Suite: 10}}},
		{"SSL 2.0 in form, TLS 1.0 in fact", "802e 01 0301 0015 0000 0010 010080 020080 000004 000005 00000a 0700c0 060040 " + strings.Repeat("cd", 16), "160301002a 02000026 0301 " + random + "00 0005 00",
			protocol.Dialogue{Protocol: protocol.TLS, Reading: protocol.Encrypted, More: true, Handshake: &protocol.Handshake{Offered: []string{"TLS 1.0", "SSL 2.0"}, Suites: []uint16{0xff01, 0xff02, 4, 5, 10, 0xff07, 0xff06}, Version: "TLS 1.0", Suite: 5}}},
		{"nothing is encrypted", "160303002d 01000029 0303 " + random + "00 0002 003b 01 00", "160303002a 02000026 0303 " + random + "00 003b 00",
			protocol.Dialogue{Protocol: protocol.TLS, Reading: protocol.Clear, More: true, Handshake: &protocol.Handshake{Offered: []string{"TLS 1.2"}, Suites: []uint16{0x3b}, Version: "TLS 1.2", Suite: 0x3b}}},
		{"GREASE", "1603030048 01000044 0303 " + random + "00 0006 8a8a 1301 dada 01 00 0015 2a2a0000 002b 0009 08 3a3a 0304 0303 0302 aaaa 0000", "",
			protocol.Dialogue{Protocol: protocol.TLS, Reading: protocol.Encrypted, More: true, Handshake: &protocol.Handshake{Offered: []string{"TLS 1.3", "TLS 1.2", "TLS 1.1"}, Suites: []uint16{0x1301}}}},
		{"a draft of TLS 1.3", "160303003a 01000036 0303 " + random + "00 0002 1301 01 00 000b 002b 0007 06 0303 7f1c 7f17", "",
			protocol.Dialogue{Protocol: protocol.TLS, Reading: protocol.Encrypted, More: true, Handshake: &protocol.Handshake{Offered: []string{"TLS 1.3", "TLS 1.2"}, Suites: []uint16{0x1301}}}},
		{"the middle", "1703030004 01020304", "1703030005 0102030405", protocol.Dialogue{Protocol: protocol.TLS, Reading: protocol.Encrypted, Handshake: &protocol.Handshake{Encrypted: true}}},
		{"an alert alone", "", "15000000020100", protocol.Dialogue{Protocol: protocol.TLS, Reading: protocol.Encrypted, More: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := unhex(t, c.client), unhex(t, c.server)
			if diff := cmp.Diff(c.want, protocol.Stream(a, b, 443)); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(c.want, protocol.Stream(b, a, 443)); diff != "" {
				t.Errorf("turned: got (-want +got)\n%s", diff)
			}
		})
	}
}

func TestDTLS(t *testing.T) {
	t.Parallel()
	random := strings.Repeat("ab", 32)
	hello := "fefd " + random + "00 02 eeee 0004 c02b 00a8 01 00 0009 002b 0005 04 fefc fefd" // 65 bytes
	record := func(kind, version, epoch, body string) string {
		b := unhex(t, body)
		return kind + version + epoch + "000000000001" + hex.EncodeToString([]byte{byte(len(b) >> 8), byte(len(b))}) + hex.EncodeToString(b)
	}
	body := unhex(t, hello)
	size := hex.EncodeToString([]byte{0, byte(len(body) >> 8), byte(len(body))})
	piece := func(from, to int) string {
		return record("16", "feff", "0000", "01"+size+"0000"+hex.EncodeToString([]byte{0, 0, byte(from)})+hex.EncodeToString([]byte{0, 0, byte(to - from)})+hex.EncodeToString(body[from:to]))
	}
	offered := &protocol.Handshake{Offered: []string{"DTLS 1.3", "DTLS 1.2"}, Suites: []uint16{0xc02b, 0xa8}}
	for _, c := range []struct {
		name, b string
		want    *protocol.Handshake
	}{
		{"hello", piece(0, len(body)), offered},
		{"hello in pieces", piece(0, 30) + piece(30, 50) + piece(50, len(body)), offered},
		{"pieces that overlap", piece(0, 30) + piece(20, len(body)), &protocol.Handshake{}},
		{"try again", record("16", "feff", "0000", "03000006 0000 000000 000006 feff 03 010203"), nil},
		{"server", record("16", "fefd", "0000", "02000026 0001 000000 000026 fefd "+random+"00 c02b 00"), &protocol.Handshake{Version: "DTLS 1.2", Suite: 0xc02b}},
		{"server of 1.3", record("16", "fefd", "0000", "0200002e 0001 000000 00002e fefd "+random+"00 1301 00 0006 002b 0002 fefc"), &protocol.Handshake{Version: "DTLS 1.3", Suite: 0x1301}},
		{"finished", record("16", "fefd", "0001", random), &protocol.Handshake{Encrypted: true}},
		{"data", record("17", "fefd", "0001", random), &protocol.Handshake{Encrypted: true}},
		{"sealed alert", record("15", "fefd", "0001", random), nil},
		{"alert", record("15", "fefd", "0000", "0228"), &protocol.Handshake{Alert: "handshake_failure"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := protocol.Datagram(unhex(t, c.b), 40000, 5684)
			if d.Protocol != protocol.DTLS || d.Reading != protocol.Encrypted {
				t.Fatalf("got %+v", d)
			}
			if c.name == "pieces that overlap" {
				if h := d.Handshake; h != nil && h.Version != "" {
					t.Errorf("got %+v", h)
				}
				return
			}
			if diff := cmp.Diff(c.want, d.Handshake); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		})
	}
}

// The names of suites are those of crypto/tls, and every weakness is told.
func TestSuitesOfCryptoTLS(t *testing.T) {
	t.Parallel()
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if got := protocol.SuiteName(s.ID); got != s.Name {
			t.Errorf("%04x: got %s, want %s", s.ID, got, s.Name)
		}
	}
	words := []string{"", protocol.WeakNull, protocol.WeakAnonymous, protocol.WeakExport, protocol.WeakDES, protocol.WeakRC4, protocol.WeakRC2, protocol.Weak3DES, protocol.WeakMD5, protocol.WeakNoForward, protocol.WeakPSK}
	count := map[string]int{}
	for id := range 1 << 16 {
		w := protocol.SuiteWeakness(uint16(id))
		count[w]++
		name := protocol.SuiteName(uint16(id))
		if strings.HasPrefix(name, "TLS_RSA_WITH") && w == "" || strings.Contains(name, "ECDHE") && w == protocol.WeakNoForward || strings.HasPrefix(name, "0x") && w != "" {
			t.Errorf("%s: %q", name, w)
		}
	}
	total := 0
	for _, w := range words {
		if count[w] == 0 {
			t.Errorf("no suite is %q", w)
		}
		total += count[w]
	}
	if total != 1<<16 {
		t.Errorf("words beyond the list: %v", count)
	}
}
