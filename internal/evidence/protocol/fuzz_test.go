package protocol_test

import (
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// bounded fails when a dialogue is more than its documentation allows.
func bounded(t *testing.T, d protocol.Dialogue) {
	if len(d.Credentials) > 8 || len(d.Passages) > 8+2 || len(d.Lookups) > 64 || len(d.Host) > 255 {
		t.Fatalf("too much: %d credentials, %d passages, %d lookups", len(d.Credentials), len(d.Passages), len(d.Lookups))
	}
	for _, p := range d.Passages {
		if len(p.Text) > 120 || strings.ContainsFunc(p.Text, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
			t.Fatalf("passage %q", p.Text)
		}
	}
	for _, c := range d.Credentials {
		if len([]rune(c.User)) > 7 {
			t.Fatalf("user %q", c.User)
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\n\r\n"), []byte("HTTP/1.1 200 OK\r\n"), 80)
	f.Add([]byte("\x16\x03\x01\xff\xff\x01\xff\xff\xff"), []byte("\x16\x03\x03\x00\x04\x02\x00\x00\x00"), 443)
	f.Add([]byte("\x10\xff\xff\xff\x7f\x00\x04MQTT\x05\xff\x00\x00\xff\xff\xff\x7f"), []byte(nil), 1883)
	f.Add([]byte("\xff\xfa\x18"), []byte("\xff\xfd\x18login: password: "), 23)
	f.Add([]byte("EHLO a\r\nSTARTTLS\r\n\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"), []byte("220 a\r\n220 go\r\n"), 25)
	f.Add([]byte("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"), []byte("\x84\x35\x04\x00\x01\x00\x02\xff\xff\x00\x00\x00\x10"), 443)
	f.Fuzz(func(t *testing.T, client, server []byte, port int) {
		bounded(t, protocol.Stream(client, server, port))
	})
}

func FuzzDatagram(f *testing.F) {
	f.Add([]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"), 40000, 53)
	f.Add([]byte("\x40\x01\x00\x01\xdd\xee"), 40000, 5683)
	f.Add([]byte("\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0c\x01\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"), 40000, 5684)
	f.Add([]byte("\x01\x00\x00\x01\x00\x70\xff\xff"), 546, 547)
	f.Add([]byte("<191>x\x1b[0m and more than enough of it"), 1, 514)
	f.Fuzz(func(t *testing.T, b []byte, from, to int) {
		bounded(t, protocol.Datagram(b, from, to))
	})
}
