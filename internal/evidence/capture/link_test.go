package capture_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
)

// plain is the packet inside, without a link.
var plain = udpOf(lamp, far, 40000, 4242, "12345678")

func tag(t uint16, b []byte) []byte { return cat(be.AppendUint16([]byte{0, 7}, t), b) }

// dot11 puts an 802.11 data frame around a packet: flags as in the second
// byte of frame control, three addresses in the order of the standard.
func dot11(sub, flags byte, a1, a2, a3 string, head, b []byte) []byte {
	return cat([]byte{sub<<4 | 8, flags, 0, 0}, macOf(a1), macOf(a2), macOf(a3), []byte{0, 0}, head, []byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, b)
}

func radiotap(present uint32, fields, b []byte) []byte {
	h := le.AppendUint32(le.AppendUint16([]byte{0, 0}, uint16(8+len(fields))), present)
	return cat(h, fields, b)
}

// The same packet on every link is the same talk.
func TestLinks(t *testing.T) {
	t.Parallel()
	v6 := udpOf("fd00::20", "2001:db8::7", 40000, 4242, "12345678")
	cooked := func(typ uint16, b []byte) []byte {
		return cat(be.AppendUint16(nil, typ), []byte{0, 1, 0, 6}, macOf(lampM), []byte{0, 0, 8, 0}, b)
	}
	const bss = "02:00:00:00:00:aa"
	eth := cat(macOf(gateM), macOf(lampM))
	wifi := dot11(0, 1, bss, lampM, gateM, nil, plain)
	llc := []byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}
	sub := cat(macOf(gateM), macOf(lampM), be.AppendUint16(nil, uint16(8+len(plain))), llc, plain)
	for _, c := range []struct {
		name   string
		link   int
		b      []byte
		words  string
		mac    string
		router bool
	}{
		{"ethernet", 1, cat(eth, []byte{8, 0}, plain), "ethernet", lampM, true},
		{"ethernet, padded", 1, cat(eth, []byte{8, 0}, plain, make([]byte, 40)), "ethernet", lampM, true},
		{"vlan", 1, cat(eth, []byte{0x81, 0}, tag(0x800, plain)), "ethernet", lampM, true},
		{"vlan in vlan", 1, cat(eth, []byte{0x88, 0xa8}, tag(0x8100, tag(0x800, plain))), "ethernet", lampM, true},
		{"802.3 with SNAP", 1, cat(eth, be.AppendUint16(nil, uint16(8+len(plain))), llc, plain), "ethernet", lampM, true},
		{"PPPoE", 1, cat(eth, []byte{0x88, 0x64, 0x11, 0, 0, 1}, be.AppendUint16(nil, uint16(2+len(plain))), []byte{0, 0x21}, plain), "ethernet", lampM, true},
		{"raw, 12", 12, plain, "ip", "", false},
		{"raw, 14", 14, plain, "ip", "", false},
		{"raw, 101", 101, plain, "ip", "", false},
		{"raw, 129", 129, plain, "ip", "", false},
		{"IPv4", 228, plain, "ip", "", false},
		{"IPv6", 229, v6, "ip", "", false},
		{"loopback", 0, cat([]byte{2, 0, 0, 0}, plain), "loopback", "", false},
		{"loopback, IPv6 of another system", 0, cat([]byte{30, 0, 0, 0}, v6), "loopback", "", false},
		{"loopback of OpenBSD", 108, cat([]byte{0, 0, 0, 2}, plain), "loopback", "", false},
		{"cooked", 113, cooked(4, plain), "linux-cooked", lampM, false},
		{"cooked, 2", 276, cat([]byte{8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6}, macOf(lampM), []byte{0, 0}, plain), "linux-cooked-2", lampM, false},
		{"802.11, to the network", 105, wifi, "802.11", lampM, true},
		{"802.11, from the network", 105, dot11(0, 2, gateM, bss, lampM, nil, plain), "802.11", lampM, true},
		{"802.11, between stations", 105, dot11(0, 0, gateM, lampM, bss, nil, plain), "802.11", lampM, true},
		{"802.11, between access points", 105, dot11(0, 3, bss, bss, gateM, macOf(lampM), plain), "802.11", lampM, true},
		{"802.11, quality of service", 105, dot11(8, 1, bss, lampM, gateM, []byte{0, 0}, plain), "802.11", lampM, true},
		{"802.11, high throughput", 105, dot11(8, 0x81, bss, lampM, gateM, []byte{0, 0, 0, 0, 0, 0}, plain), "802.11", lampM, true},
		{"802.11, frames in a frame", 105, cat([]byte{0x88, 1, 0, 0}, macOf(bss), macOf(lampM), macOf(bss), []byte{0, 0, 0x80, 0}, sub), "802.11", lampM, true},
		{"radiotap", 127, radiotap(0, nil, wifi), "radiotap", lampM, true},
		{"radiotap, fields", 127, radiotap(3, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0x10}, wifi), "radiotap", lampM, true},
		{"radiotap, padded", 127, radiotap(2, []byte{0x20}, dot11(8, 1, bss, lampM, gateM, []byte{0, 0, 0, 0}, plain)), "radiotap", lampM, true},
		{"radiotap, more fields", 127, radiotap(1<<31|2, []byte{0, 0, 0, 0, 0}, wifi), "radiotap", lampM, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := factsOf(t, pcapOf(c.link, c.b))
			if f.Odd != 0 || f.Sealed != 0 || len(f.Talks) != 1 || f.Talks[0].Port != 4242 || f.Talks[0].Sent != 8 {
				t.Fatalf("got %+v", f)
			}
			if d := cmp.Diff([]string{c.words}, f.Links); d != "" {
				t.Errorf("got (-want +got)\n%s", d)
			}
			if f.Stations[0].Hardware != c.mac || f.Stations[0].Packets != 1 {
				t.Errorf("got the station %+v", f.Stations[0])
			}
			if got := len(f.Stations) == 2 && f.Stations[1].Hardware == gateM && f.Stations[1].Role == capture.Router; got != c.router {
				t.Errorf("got the stations %+v", f.Stations)
			}
		})
	}
}

// What cannot be read is counted once, and nothing is made of it.
func TestLinksThatLie(t *testing.T) {
	t.Parallel()
	eth := cat(macOf(gateM), macOf(lampM))
	v6 := func(next byte, b []byte) []byte {
		p := udpOf("fd00::20", "2001:db8::7", 1, 2, "")[:40]
		p[6] = next
		binary.BigEndian.PutUint16(p[4:], uint16(len(b)))
		return cat(p, b)
	}
	change := func(b []byte, at int, v byte) []byte { b = cat(b); b[at] = v; return b }
	var chain []byte
	for range 40 {
		chain = append(chain, 60, 0, 0, 0, 0, 0, 0, 0)
	}
	many := cat(eth)
	for range 30 {
		many = append(many, 0x81, 0, 0, 1)
	}
	tcp := tcpOf(lamp, far, 1, 2, 1, ack, "abc")
	for _, c := range []struct {
		name  string
		link  int
		b     []byte
		flows int64
	}{
		{"ethernet of 3 bytes", 1, eth[:3], 0},
		{"vlan of no bytes", 1, cat(eth, []byte{0x81, 0}), 0},
		{"vlan without end", 1, many, 0},
		{"PPPoE of 3 bytes", 1, cat(eth, []byte{0x88, 0x64, 1, 2, 3}), 0},
		{"cooked of 5 bytes", 113, eth[:5], 0},
		{"cooked 2 of 5 bytes", 276, eth[:5], 0},
		{"loopback of 2 bytes", 0, eth[:2], 0},
		{"raw of no bytes", 101, nil, 0},
		{"raw, version 7", 101, []byte{0x75, 1, 2, 3}, 0},
		{"radiotap of 4 bytes", 127, eth[:4], 0},
		{"radiotap longer than the packet", 127, []byte{0, 0, 0xff, 0xff, 0, 0, 0, 0, 8, 0}, 0},
		{"radiotap of no length", 127, []byte{0, 0, 0, 0, 0, 0, 0, 0, 8, 0}, 0},
		{"radiotap, bit maps without end", 127, radiotap(1<<31, []byte{0, 0, 0, 128, 0, 0, 0, 128, 0, 0, 0, 128}, []byte{8, 0}), 0},
		{"802.11 of 9 bytes", 105, eth[:9], 0},
		{"802.11, version 3", 105, cat([]byte{0x0b, 0}, eth, eth), 0},
		{"802.11, a head that is cut", 105, dot11(8, 0x83, lampM, lampM, lampM, nil, nil)[:28], 0},
		{"802.11, a frame in a frame that is longer", 105, cat([]byte{0x88, 1, 0, 0}, eth, macOf(lampM), []byte{0, 0, 0x80, 0}, eth, []byte{9, 9}), 0},
		{"IPv4 of 19 bytes", 1, up(plain[:19]), 0},
		{"IPv4, version 5", 1, up(cat([]byte{0x55}, plain[1:]))[:60], 0},
		{"IPv4, head of 4 bytes", 1, up(change(plain, 0, 0x41)), 0},
		{"IPv4, head longer than all", 1, up(change(plain, 0, 0x4f)), 0},
		{"IPv4, length shorter than its head", 1, up(change(plain, 3, 10)), 0},
		{"IPv4, longer than the packet", 1, up(change(plain, 3, 200)), 1},
		{"UDP, longer than its packet", 1, up(change(plain, 25, 200)), 1},
		{"UDP, length of 3", 1, up(change(plain, 25, 3)), 1},
		{"UDP of 4 bytes", 1, up(ipOf(lamp, far, 17, []byte{0, 1, 0, 2})), 0},
		{"TCP of 4 bytes", 1, up(ipOf(lamp, far, 6, []byte{0, 1, 0, 2})), 0},
		{"TCP, head of 4 bytes", 1, up(change(tcp, 32, 0x10)), 0},
		{"TCP, head longer than all", 1, up(change(tcp, 32, 0xf0)), 0},
		{"IPv6 of 39 bytes", 1, cat(eth, []byte{0x86, 0xdd}, v6(17, nil)[:39]), 0},
		{"IPv6, heads without end", 1, up(v6(60, chain)), 0},
		{"IPv6, a head longer than the packet", 1, up(v6(0, []byte{17, 200, 0, 0, 0, 0, 0, 0})), 0},
		{"IPv6, half a head", 1, up(v6(43, []byte{17, 0, 0})), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := factsOf(t, pcapOf(c.link, c.b))
			if f.Odd != 1 || f.Flows != c.flows || f.Packets != 1 {
				t.Errorf("got %d odd, %d flows: %+v", f.Odd, f.Flows, f)
			}
		})
	}
}

// Frames that belong in every network, and say nothing of the product.
func TestQuietFrames(t *testing.T) {
	t.Parallel()
	eth := cat(macOf(allM), macOf(lampM))
	beacon := cat([]byte{0x80, 0, 0, 0}, eth, eth)
	for _, c := range []struct {
		name   string
		link   int
		b      []byte
		sealed int64
	}{
		{"EAPOL", 1, cat(eth, []byte{0x88, 0x8e}, make([]byte, 40)), 0},
		{"spanning tree", 1, cat(eth, []byte{0, 38, 0x42, 0x42, 3}, make([]byte, 40)), 0},
		{"ARP of another kind", 1, cat(eth, []byte{8, 6, 0, 6}, make([]byte, 40)), 0},
		{"beacon", 105, beacon, 0},
		{"802.11 without data", 105, dot11(4, 1, allM, lampM, gateM, nil, nil), 0},
		{"802.11, sealed", 105, dot11(0, 0x41, allM, lampM, gateM, nil, plain), 1},
		{"no next head", 1, up(ipOf("fd00::1", "2001:db8::1", 59, nil)), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := factsOf(t, pcapOf(c.link, c.b))
			if f.Odd != 0 || f.Sealed != c.sealed || len(talksTo(f, "udp", 4242)) != 0 {
				t.Errorf("got %+v", f)
			}
		})
	}
}

// Of a packet in fragments the first is looked at; the others are counted.
func TestFragments(t *testing.T) {
	t.Parallel()
	first := udpOf(lamp, far, 40000, 4242, "0123456789abcdef")
	first[6] = 0x20
	later := ipOf(lamp, far, 17, []byte("some more of it"))
	later[7] = 3
	head := []byte{17, 0, 0, 1, 0, 0, 0, 1}
	udp := udpOf("fd00::20", "2001:db8::7", 40000, 4242, "0123456789abcdef")
	six := ipOf("fd00::20", "2001:db8::7", 44, cat(head, udp[40:]))
	head[3] = 9
	sixLater := ipOf("fd00::20", "2001:db8::7", 44, cat(head, []byte("some more of it")))
	f := factsOf(t, pcapOf(1, up(first), up(later), up(six), up(sixLater)))
	if f.Fragments != 2 || f.Flows != 2 || f.Odd != 0 || f.Stations[0].Packets != 4 {
		t.Errorf("got %+v", f)
	}
	for _, k := range talksTo(f, "udp", 4242) {
		if k.Sent != 16 {
			t.Errorf("got %d bytes sent", k.Sent)
		}
	}
}

// Extension headers are passed.
func TestExtensionHeaders(t *testing.T) {
	t.Parallel()
	udp := udpOf("fd00::20", "2001:db8::7", 40000, 4242, "12345678")[40:]
	chain := cat([]byte{60, 0, 0, 0, 0, 0, 0, 0}, []byte{43, 1}, make([]byte, 14), []byte{51, 0, 0, 0, 0, 0, 0, 0}, []byte{17, 1}, make([]byte, 10))
	f := factsOf(t, pcapOf(1, up(ipOf("fd00::20", "2001:db8::7", 0, cat(chain, udp)))))
	if got := talksTo(f, "udp", 4242); len(got) != 1 || got[0].Sent != 8 || f.Odd != 0 {
		t.Errorf("got %+v", f)
	}
}

// A capture of heads alone gives sizes, and no verdict on what was in them.
func TestHeadsAlone(t *testing.T) {
	t.Parallel()
	b := pcapOf(1)
	for i, p := range [][]byte{ping, up(tcpOf(lamp, far, 40000, 443, 1, ack, "0123456789"))} {
		n := 14 + 20 + 8
		if i == 1 {
			n = 14 + 20 + 20
		}
		h := make([]byte, 16)
		le.PutUint32(h, uint32(start.Unix()))
		le.PutUint32(h[8:], uint32(n))
		le.PutUint32(h[12:], uint32(len(p)))
		b = cat(b, h, p[:n])
	}
	f := factsOf(t, b)
	var got []string
	for _, k := range f.Talks {
		got = append(got, fmt.Sprintf("%d %s %d", k.Port, k.Reading, k.Sent))
	}
	if d := cmp.Diff([]string{"4242 opaque 8", "443 opaque 10"}, got); d != "" || f.Short != 2 || f.Odd != 0 {
		t.Errorf("got (-want +got)\n%s%+v", d, f)
	}
}
