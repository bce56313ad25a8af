package protocol_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

var (
	readings = []protocol.Reading{protocol.Clear, protocol.Encrypted, protocol.Signalling, protocol.Opaque}
	whats    = []string{"request", "topic", "login", "banner", "payload", "log"}
)

// sound fails when a dialogue is not what its documentation says.
func sound(t *testing.T, d protocol.Dialogue) {
	t.Helper()
	if len(d.Credentials) > 8 || len(d.Passages) > 8 || len(d.Lookups) > 64 || len(d.Host) > 255 || len(d.Agent) > 120 {
		t.Fatalf("too much: %+v", d)
	}
	if d.Protocol == "" || !slices.Contains(readings, d.Reading) {
		t.Fatalf("protocol %q, reading %q", d.Protocol, d.Reading)
	}
	shown := func(what, s string, most int) {
		if len(s) > most || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%s %q", what, s)
		}
	}
	shown("host", d.Host, 255)
	shown("agent", d.Agent, 120)
	for _, p := range d.Passages {
		if shown("passage", p.Text, 120); p.Text == "" || !slices.Contains(whats, p.What) {
			t.Fatalf("passage %+v", p)
		}
	}
	for _, c := range d.Credentials {
		shown("user", c.User, 4*4+3)
		if len([]rune(c.User)) > 7 || c.Secret < 0 || c.Scheme == "" {
			t.Fatalf("credential %+v", c)
		}
	}
	for _, l := range d.Lookups {
		if shown("name", l.Name, 4*255); len(l.Addresses) > 16 {
			t.Fatalf("lookup %+v", l)
		}
	}
	if l := d.Lease; l != nil {
		shown("lease", l.Name+l.Vendor+l.MUD, 3*255)
		if len(l.Asks) > 255 {
			t.Fatalf("lease %+v", l)
		}
	}
	if h := d.Handshake; h != nil {
		if len(h.Suites) > 128 || len(h.ALPN) > 8 || len(h.Offered) > 9 || len(h.Certificates) > 10 {
			t.Fatalf("handshake %+v", h)
		}
		shown("server", h.Server, 255)
		for _, c := range h.Certificates {
			soundCertificate(t, c)
		}
	}
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var back protocol.Dialogue
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(back); err != nil || !bytes.Equal(again, b) {
		t.Fatalf("JSON changes it: %s, then %s", b, again)
	}
}

func soundCertificate(t *testing.T, c protocol.Certificate) {
	t.Helper()
	if len(c.Names) > 256 || len(c.SHA256) != 64 || c.Bits < 0 || c.Signature == "" || !slices.Contains([]string{"rsa", "ecdsa", "ed25519", "other"}, c.Key) {
		t.Fatalf("certificate %+v", c)
	}
	for _, s := range append([]string{c.Subject, c.Issuer, c.Signature}, c.Names...) {
		if len(s) > 256 || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("text %q", s)
		}
	}
}

func FuzzStream(f *testing.F) {
	for _, s := range [][2]string{
		{"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
		{"\x16\x03\x01\xff\xff\x01\xff\xff\xff", "\x16\x03\x03\x00\x04\x02\x00\x00\x00"},
		{"\x10\xff\xff\xff\x7f\x00\x04MQTT\x05\xff\x00\x00\xff\xff\xff\x7f", ""},
		{"\xff\xfa\x18", "\xff\xfd\x18login: password: "},
		{"EHLO a\r\nSTARTTLS\r\n\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03", "220 a\r\n220 go\r\n"},
		{"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", "\x84\x35\x04\x00\x01\x00\x02\xff\xff\x00\x00\x00\x10"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x03\x01\x05\x00\x00\x00\x01\x82\x86\x84", ""},
		{"\x00\xe1\x05\x01\x01\xb1a", "\x00\xe1"},
		{"a LOGIN {3}\r\nbob {5}\r\nword1\r\n", "* OK\r\n"},
		{"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n\x82\xfe\xff\xff\x01\x02\x03\x04\x05", "HTTP/1.1 101 S\r\n\r\n"},
		{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n{\"password\":\"x\"}", ""},
		{"\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x08", "\x00\x01\x00\x00\x00\x05\x01\x03\x02\x00\x08"},
	} {
		f.Add([]byte(s[0]), []byte(s[1]), 1883)
	}
	f.Fuzz(func(t *testing.T, client, server []byte, port int) {
		before, after := bytes.Clone(client), bytes.Clone(server)
		d := protocol.Stream(client, server, port)
		sound(t, d)
		if !bytes.Equal(before, client) || !bytes.Equal(after, server) {
			t.Fatal("the bytes were changed")
		}
		if diff := cmp.Diff(d, protocol.Stream(client, server, port)); diff != "" {
			t.Fatalf("another answer the second time: %s", diff)
		}
		sound(t, protocol.Stream(server, client, port))
		sound(t, protocol.Stream(client[:len(client)/2], server, port))
	})
}

func FuzzDatagram(f *testing.F) {
	f.Add([]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"), 40000, 53)
	f.Add([]byte("\x00\x00\x84\x00\x00\x00\xff\xff\x00\x00\x00\x00\x01a\x05local\x00\x00\x01\x80\x01\x00\x00\x00\x01\x00\x04\x01\x02\x03\x04\xc0\x0c\x00\x1c"), 5353, 5353)
	f.Add([]byte("\x40\x01\x00\x01\xdd\xee"), 40000, 5683)
	f.Add([]byte("\x48\x01\x00\x01tokentok\xb4path\xff{\"a\":1}"), 40000, 5683)
	f.Add([]byte("\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0c\x01\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"), 40000, 5684)
	f.Add([]byte("\x01\x00\x00\x01\x00\x70\xff\xff"), 546, 547)
	f.Add([]byte("<191>x\x1b[0m and more than enough of it"), 1, 514)
	f.Add(append(append(make([]byte, 236), 0x63, 0x82, 0x53, 0x63), "\x34\x01\x03\x37\xff"...), 68, 67)
	f.Add([]byte("\xd0\xf2\x81\xf8\x8b\xff\x9a\xf7\xd5\xef\x94\xb6\xd1\xb4\xc0\x9f\xec\x95\xe6\x8f\xe1\x87\xe8\xca\xf0\x8b\xf6\x8b\xf6"), 40000, 9999)
	f.Fuzz(func(t *testing.T, b []byte, from, to int) {
		before := bytes.Clone(b)
		d := protocol.Datagram(b, from, to)
		sound(t, d)
		if d.More {
			t.Fatal("a datagram has no more")
		}
		if !bytes.Equal(before, b) {
			t.Fatal("the bytes were changed")
		}
		if diff := cmp.Diff(d, protocol.Datagram(b, from, to)); diff != "" {
			t.Fatalf("another answer the second time: %s", diff)
		}
	})
}

// What crypto/x509 reads is read the same; what it refuses may be read, but
// breaks nothing.
func FuzzCertificate(f *testing.F) {
	f.Add([]byte("\x30\x80\x30\x80\x30\x80"))
	f.Add(bytes.Repeat([]byte("\x30\x84\x7f\xff\xff\xff"), 50))
	f.Add(bytes.Repeat([]byte("\xa3\x82\x03\xe8"), 250))
	for _, der := range certificates(f) {
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		got, ok := protocol.ParseCertificate(der)
		if ok {
			soundCertificate(t, got)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		if !ok {
			if len(der) > 16<<10 {
				return
			}
			t.Fatal("crypto/x509 reads what is not read here")
		}
		if diff := cmp.Diff(c.NotBefore, got.NotBefore); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(c.NotAfter, got.NotAfter); diff != "" {
			t.Error(diff)
		}
		if c.SignatureAlgorithm != x509.UnknownSignatureAlgorithm && got.Signature != c.SignatureAlgorithm.String() && !strings.HasSuffix(c.SignatureAlgorithm.String(), "PSS") {
			t.Errorf("signature %s, crypto/x509 has %s", got.Signature, c.SignatureAlgorithm)
		}
		if len(c.DNSNames) > 0 && !got.NamesCut {
			for _, n := range c.DNSNames {
				if len(n) < 200 && n == strings.Map(printed, n) && !slices.Contains(got.Names, n) {
					t.Errorf("no name %q in %q", n, got.Names)
				}
			}
		}
	})
}

func printed(r rune) rune {
	if !unicode.IsPrint(r) {
		return '?'
	}
	return r
}
