package capture_test

import (
	"context"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// Captures are built by hand, so that each test shows the bytes it is about.

var start = time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)

// pcapOf writes packets one second apart.
func pcapOf(link int, packets ...[]byte) []byte {
	return pcapIn(binary.LittleEndian, 0xa1b2c3d4, link, packets...)
}

func pcapIn(o binary.ByteOrder, magic uint32, link int, packets ...[]byte) []byte {
	b := make([]byte, 24)
	o.PutUint32(b, magic)
	o.PutUint16(b[4:], 2)
	o.PutUint16(b[6:], 4)
	o.PutUint32(b[16:], 262144)
	o.PutUint32(b[20:], uint32(link))
	for i, p := range packets {
		h := make([]byte, 16)
		o.PutUint32(h, uint32(start.Unix()+int64(i)))
		o.PutUint32(h[8:], uint32(len(p)))
		o.PutUint32(h[12:], uint32(len(p)))
		if magic == 0xa1b2cd34 {
			h = append(h, make([]byte, 8)...)
		}
		b = append(append(b, h...), p...)
	}
	return b
}

func cat(bs ...[]byte) []byte {
	var out []byte
	for _, b := range bs {
		out = append(out, b...)
	}
	return out
}

type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// section, and what follows, write blocks of pcapng.
func section(o order, options ...[]byte) []byte {
	b := o.AppendUint32(nil, 0x1a2b3c4d)
	b = o.AppendUint16(o.AppendUint16(b, 1), 0)
	b = o.AppendUint64(b, ^uint64(0))
	return ngBlock(o, 0x0a0d0d0a, cat(b, cat(options...)))
}

func ngBlock(o order, typ uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	b := o.AppendUint32(o.AppendUint32(nil, typ), uint32(len(body)+12))
	return o.AppendUint32(append(b, body...), uint32(len(body)+12))
}

func ngOption(o order, code uint16, v []byte) []byte {
	b := o.AppendUint16(o.AppendUint16(nil, code), uint16(len(v)))
	for b = append(b, v...); len(b)%4 != 0; {
		b = append(b, 0)
	}
	return b
}

func ngInterface(o order, link int, options ...[]byte) []byte {
	b := o.AppendUint16(o.AppendUint16(nil, uint16(link)), 0)
	return ngBlock(o, 1, cat(o.AppendUint32(b, 262144), cat(options...)))
}

func ngPacket(o order, id uint32, units uint64, data []byte, options ...[]byte) []byte {
	b := o.AppendUint32(nil, id)
	b = o.AppendUint32(o.AppendUint32(b, uint32(units>>32)), uint32(units))
	b = o.AppendUint32(o.AppendUint32(b, uint32(len(data))), uint32(len(data)))
	b = append(b, data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return ngBlock(o, 6, cat(b, cat(options...)))
}

// The ends of the conversations of these tests.
const (
	lamp   = "192.168.1.20"
	phone  = "192.168.1.30"
	router = "192.168.1.1"
	far    = "203.0.113.7"
	far2   = "203.0.113.8"
	lampM  = "02:00:00:00:00:20"
	phoneM = "02:00:00:00:00:30"
	gateM  = "02:00:00:00:00:01"
	allM   = "ff:ff:ff:ff:ff:ff"
)

func macOf(s string) []byte {
	b := make([]byte, 6)
	for i := range b {
		const hex = "0123456789abcdef"
		for _, c := range []byte(s[3*i : 3*i+2]) {
			for n := range len(hex) {
				if hex[n] == c {
					b[i] = b[i]<<4 | byte(n)
				}
			}
		}
	}
	return b
}

// ether puts a frame around a packet; the type follows the IP version.
func ether(src, dst string, ip []byte) []byte {
	t := []byte{8, 0}
	if len(ip) > 0 && ip[0]>>4 == 6 {
		t = []byte{0x86, 0xdd}
	}
	return cat(macOf(dst), macOf(src), t, ip)
}

// ipOf puts an IP head around a transport.
func ipOf(src, dst string, proto byte, b []byte) []byte {
	s, d := netip.MustParseAddr(src), netip.MustParseAddr(dst)
	if s.Is4() {
		h := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, proto, 0, 0}
		binary.BigEndian.PutUint16(h[2:], uint16(20+len(b)))
		return cat(h, s.AsSlice(), d.AsSlice(), b)
	}
	h := []byte{0x60, 0, 0, 0, 0, 0, proto, 64}
	binary.BigEndian.PutUint16(h[4:], uint16(len(b)))
	return cat(h, s.AsSlice(), d.AsSlice(), b)
}

func udpOf(src, dst string, from, to int, data string) []byte {
	h := make([]byte, 8)
	binary.BigEndian.PutUint16(h, uint16(from))
	binary.BigEndian.PutUint16(h[2:], uint16(to))
	binary.BigEndian.PutUint16(h[4:], uint16(8+len(data)))
	return ipOf(src, dst, 17, cat(h, []byte(data)))
}

const (
	fin = 1
	syn = 2
	rst = 4
	ack = 16
)

func tcpOf(src, dst string, from, to int, seq uint32, flags byte, data string) []byte {
	h := make([]byte, 20)
	binary.BigEndian.PutUint16(h, uint16(from))
	binary.BigEndian.PutUint16(h[2:], uint16(to))
	binary.BigEndian.PutUint32(h[4:], seq)
	h[12], h[13] = 5<<4, flags
	return ipOf(src, dst, 6, cat(h, []byte(data)))
}

// up and down are frames between the lamp and the far end.
func up(ip []byte) []byte   { return ether(lampM, gateM, ip) }
func down(ip []byte) []byte { return ether(gateM, lampM, ip) }

func readNamed(t testing.TB, name string, b []byte) (*capture.Facts, error) {
	t.Helper()
	v, err := capture.Reader.Read(context.Background(), evidence.NewSource(name, b), evidence.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return v.(*capture.Facts), nil
}

func factsOf(t testing.TB, b []byte) *capture.Facts {
	t.Helper()
	f, err := readNamed(t, "x.pcap", b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func sample(t testing.TB, name string) *capture.Facts {
	t.Helper()
	return factsOf(t, samples.Read(t, "pcap/"+name))
}

// talksTo returns the talks on a port, by transport.
func talksTo(f *capture.Facts, transport string, port int) []capture.Talk {
	var out []capture.Talk
	for _, k := range f.Talks {
		if k.Transport == transport && k.Port == port {
			out = append(out, k)
		}
	}
	return out
}
