package capture_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

const request = "GET /index.html HTTP/1.1\r\nHost: cloud.example\r\nUser-Agent: lamp/1.0\r\nAccept: */*\r\n\r\n"

// part is a segment from the lamp: bytes of the request from at, or others.
type part struct {
	at   int
	data string
}

func parts(isn uint32, hello bool, ps ...part) [][]byte {
	var out [][]byte
	if hello {
		out = append(out, up(tcpOf(lamp, far, 40000, 80, isn, syn, "")), down(tcpOf(far, lamp, 80, 40000, 7, syn|ack, "")))
	}
	for _, p := range ps {
		out = append(out, up(tcpOf(lamp, far, 40000, 80, isn+1+uint32(p.at), ack, p.data)))
	}
	return out
}

func cutInto(n int) []part {
	var out []part
	for at := 0; at < len(request); at += n {
		out = append(out, part{at, request[at:min(len(request), at+n)]})
	}
	return out
}

func reversed(ps []part) []part {
	var out []part
	for i := len(ps) - 1; i >= 0; i-- {
		out = append(out, ps[i])
	}
	return out
}

// Who opened a conversation decides whose port it is.
func TestWhoOpened(t *testing.T) {
	t.Parallel()
	in := func(ip []byte) []byte { return ether(phoneM, lampM, ip) }
	for _, c := range []struct {
		name    string
		packets [][]byte
		want    string // station, address, port, called
	}{
		{"SYN out", [][]byte{up(tcpOf(lamp, far, 80, 40000, 1, syn, ""))}, lamp + " " + far + " 40000 false"},
		{"SYN in", [][]byte{down(tcpOf(far, lamp, 80, 40000, 1, syn, ""))}, lamp + " " + far + " 40000 true"},
		{"SYN and ACK first", [][]byte{down(tcpOf(far, lamp, 8999, 40000, 1, syn|ack, ""))}, lamp + " " + far + " 8999 false"},
		{"SYN after its answer", [][]byte{down(tcpOf(far, lamp, 8999, 40000, 1, syn|ack, "")), up(tcpOf(lamp, far, 40000, 8999, 1, syn, ""))}, lamp + " " + far + " 8999 false"},
		{"the middle, by port", [][]byte{down(tcpOf(far, lamp, 443, 40000, 1, ack, "xy"))}, lamp + " " + far + " 443 false"},
		{"the middle, a server at home", [][]byte{down(tcpOf(far, lamp, 40000, 443, 1, ack, "xy"))}, lamp + " " + far + " 443 true"},
		{"the middle, no port tells", [][]byte{down(tcpOf(far, lamp, 40000, 50000, 1, ack, "xy"))}, lamp + " " + far + " 40000 false"},
		{"at home, no port tells", [][]byte{in(tcpOf(phone, lamp, 50000, 40000, 1, ack, "xy"))}, phone + " " + lamp + " 40000 false"},
		{"UDP in, no port tells", [][]byte{down(udpOf(far, lamp, 40000, 50000, "x"))}, lamp + " " + far + " 40000 false"},
		{"UDP, an answer first", [][]byte{down(udpOf(far, lamp, 123, 50000, "x"))}, lamp + " " + far + " 123 false"},
		{"DHCP, an answer", [][]byte{ether(gateM, lampM, udpOf(router, lamp, 67, 68, "x"))}, router + " " + lamp + " 67 true"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, err := readNamed(t, "x", pcapOf(1, c.packets...))
			if err != nil || len(f.Talks) != 1 {
				t.Fatalf("%v %+v", err, f)
			}
			k := f.Talks[0]
			got := fmt.Sprintf("%s %s %d %v", f.Stations[k.Station].Addresses[0], k.Address, k.Port, k.Called)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestAnswered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		back []byte
		want bool
	}{
		{"nothing", up(plain), false},
		{"a reset", down(tcpOf(far, lamp, 80, 40000, 0, rst|ack, "")), false},
		{"an answer", down(tcpOf(far, lamp, 80, 40000, 0, syn|ack, "")), true},
	} {
		f := factsOf(t, pcapOf(1, up(tcpOf(lamp, far, 40000, 80, 1, syn, "")), c.back))
		if k := talksTo(f, "tcp", 80); len(k) != 1 || k[0].Answered != c.want || k[0].Reading != protocol.Signalling {
			t.Errorf("%s: got %+v", c.name, k)
		}
	}
}

// flood gives n conversations of the lamp, each to another port and address.
func flood(n int, packet func(i int) []byte) []byte {
	var b strings.Builder
	b.Write(pcapOf(1))
	h := make([]byte, 16)
	le.PutUint32(h, uint32(start.Unix()))
	for i := range n {
		p := packet(i)
		le.PutUint32(h[8:], uint32(len(p)))
		le.PutUint32(h[12:], uint32(len(p)))
		b.Write(h)
		b.Write(p)
	}
	return []byte(b.String())
}

// Everything that is listed has a bound, and what is beyond it is counted.
func TestBounds(t *testing.T) {
	t.Parallel()
	f := factsOf(t, flood(1000, func(i int) []byte {
		mac := fmt.Sprintf("02:01:00:00:%02x:%02x", i>>8, i&255)
		return ether(mac, gateM, udpOf(fmt.Sprintf("10.0.%d.%d", i>>8, i&255), far, 40000, 4242, "x"))
	}))
	if len(f.Stations) != 256 || f.More != (capture.More{Stations: 1}) || f.Lost != 1000-255 || f.Device != -1 {
		t.Errorf("stations: got %d, %+v more, %d lost, device %d", len(f.Stations), f.More, f.Lost, f.Device)
	}
	f = factsOf(t, flood(1000, func(i int) []byte {
		return up(udpOf(fmt.Sprintf("10.0.%d.%d", i>>8, i&255), far, 40000, 4242, "x"))
	}))
	if len(f.Stations) != 2 || len(f.Stations[0].Addresses) != 8 || f.Talks[0].Flows != 1000 {
		t.Errorf("addresses: got %+v", f.Stations)
	}
	var same []*capture.Facts
	for range 2 {
		same = append(same, sample(t, "ndpi/alexa-app.pcapng"))
	}
	if d := cmp.Diff(same[0], same[1]); d != "" {
		t.Errorf("twice the same capture gives two sets of facts\n%s", d)
	}
}

// A question about certificates, a test for a sign-in page and content are
// three talks, though they go to one host: it is the form that tells.
func TestCertificateState(t *testing.T) {
	t.Parallel()
	var packets [][]byte
	for i, path := range []string{"/ca.crl", "/generate_204", "/state", "/ca.crl"} {
		packets = append(packets, up(tcpOf(lamp, far, 2000+i, 80, 1, ack, "GET "+path+" HTTP/1.1\r\nHost: pki.maker.example\r\n\r\n")))
	}
	var got []string
	for _, k := range factsOf(t, pcapOf(1, packets...)).Talks {
		got = append(got, fmt.Sprintf("%s %s %v %d", k.Host, k.Reading, k.CertificateState, k.Flows))
	}
	want := []string{"pki.maker.example signalling true 2", "pki.maker.example signalling false 1", "pki.maker.example clear false 1"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (-want +got)\n%s", d)
	}
}
