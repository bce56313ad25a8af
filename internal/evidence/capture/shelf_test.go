package capture_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
)

// tlsHello is a record with a hello, of a client that offers suites or of a
// server that takes one.
func tlsHello(kind byte, version uint16, suites ...uint16) string {
	b := binary.BigEndian.AppendUint16(nil, version)
	b = append(append(b, make([]byte, 32)...), 0)
	if kind == 1 {
		b = binary.BigEndian.AppendUint16(b, uint16(2*len(suites)))
	}
	for _, s := range suites {
		b = binary.BigEndian.AppendUint16(b, s)
	}
	if kind == 1 {
		b = append(b, 1)
	}
	b = append(b, 0)
	h := append([]byte{kind, 0, 0, byte(len(b))}, b...)
	return string(append([]byte{22, 3, 1, 0, byte(len(h))}, h...))
}

// meets are the two packets of a handshake that differs from others by a
// suite that is offered.
func meets(i int, version, suite uint16) [][]byte {
	return [][]byte{
		up(tcpOf(lamp, far, 2000+i, 443, 1, ack, tlsHello(1, version, suite, uint16(0x5000+i)))),
		down(tcpOf(far, lamp, 443, 2000+i, 1, ack, tlsHello(2, version, suite))),
	}
}

// However many good handshakes there were before, the first of another kind is
// listed, and what is not is counted.
func TestMoreSessions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		good           int
		version, suite uint16 // of the last
		more           int64
		chosen         string
	}{
		{"as many as are kept", 2047, 0x0301, 0xc02b, 0, "TLS 1.0"},
		{"an old version behind", 2048, 0x0301, 0xc02b, 1, "TLS 1.0"},
		{"a weak suite behind", 2048, 0x0303, 0x0005, 1, "TLS_RSA_WITH_RC4_128_SHA"},
		{"both, far behind", 3000, 0x0300, 0x0005, 953, "SSL 3.0"},
		{"one more that is good", 2048, 0x0303, 0xc02b, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var packets [][]byte
			for i := range c.good {
				packets = append(packets, meets(i, 0x0303, 0xc02b)...)
			}
			packets = append(packets, meets(c.good, c.version, c.suite)...)
			f := factsOf(t, pcapOf(1, packets...))
			found := c.chosen == ""
			for _, s := range f.Sessions {
				found = found || s.Version == c.chosen || s.Chosen == c.chosen
			}
			if want := min(2048, c.good+1); !found || len(f.Sessions) != want || f.More != (capture.More{Sessions: c.more}) {
				t.Errorf("got %d sessions, %+v more, want %d and %d with %q", len(f.Sessions), f.More, want, c.more, c.chosen)
			}
			sound(t, f)
		})
	}
}

// A password is listed behind any number of names without one, and one that
// leaves the home behind any number that do not.
func TestMoreLogins(t *testing.T) {
	t.Parallel()
	web := func(i int, to, credential string) []byte {
		return up(tcpOf(lamp, to, 2000+i, 80, 1, ack, "GET / HTTP/1.1\r\nAuthorization: Basic "+base64.StdEncoding.EncodeToString([]byte(credential))+"\r\n\r\n"))
	}
	var packets [][]byte
	for i := range 300 {
		packets = append(packets, web(i, fmt.Sprintf("192.168.2.%d", i%250), fmt.Sprintf("%04d:secret", i)))
	}
	packets = append(packets, web(300, far, "last:secret"))
	f := factsOf(t, pcapOf(1, packets...))
	out := 0
	for _, l := range f.Logins {
		if !f.Talks[l.Talk].Local {
			out++
		}
	}
	if len(f.Logins) != 256 || out != 1 || f.More != (capture.More{Logins: 45}) {
		t.Errorf("got %d sign-ins, %d beyond the home, %+v more", len(f.Logins), out, f.More)
	}
	sound(t, f)
}

// Names and their addresses have bounds too.
func TestMoreNames(t *testing.T) {
	t.Parallel()
	ask := func(i int) []byte {
		return up(udpOf(lamp, router, 40000, 53, fmt.Sprintf("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07%07d\x07example\x00\x00\x01\x00\x01", i)))
	}
	if f := factsOf(t, flood(4097, ask)); len(f.Names) != 4096 || f.More != (capture.More{Names: 1}) {
		t.Errorf("got %d names, %+v more", len(f.Names), f.More)
	}
}
