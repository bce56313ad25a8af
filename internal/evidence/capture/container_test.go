package capture_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

var (
	le = binary.LittleEndian
	be = binary.BigEndian
)

// ping is a packet of one talk: 8 bytes of UDP between lamp and far end.
var ping = up(udpOf(lamp, far, 40000, 4242, "\x01\x02\x03\x04\x05\x06\x07\x08"))

func gz(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zst(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil)
}

func oldPacket(o order, data []byte) []byte {
	b := o.AppendUint16(o.AppendUint16(nil, 0), 0)
	us := uint64(start.UnixMicro())
	b = o.AppendUint32(o.AppendUint32(b, uint32(us>>32)), uint32(us))
	b = o.AppendUint32(o.AppendUint32(b, uint32(len(data))), uint32(len(data)))
	return ngBlock(o, 2, append(b, data...))
}

// The same packet in every container is the same talk, at the same time.
func TestContainers(t *testing.T) {
	t.Parallel()
	ng := func(o order, us uint64, options ...[]byte) []byte {
		return cat(section(o), ngInterface(o, 1, options...), ngPacket(o, 0, us, ping))
	}
	us := uint64(start.UnixMicro())
	offset := func(o order, s int64) []byte { return ngOption(o, 14, o.AppendUint64(nil, uint64(s))) }
	for _, c := range []struct {
		name, format string
		b            []byte
	}{
		{"pcap", "pcap", pcapOf(1, ping)},
		{"pcap, big endian", "pcap", pcapIn(be, 0xa1b2c3d4, 1, ping)},
		{"pcap, nanoseconds", "pcap", pcapIn(le, 0xa1b23c4d, 1, ping)},
		{"pcap, nanoseconds, big endian", "pcap", pcapIn(be, 0xa1b23c4d, 1, ping)},
		{"pcap, Kuznetzov", "pcap", pcapIn(le, 0xa1b2cd34, 1, ping)},
		{"pcap, length of the frame check", "pcap", pcapIn(le, 0xa1b2c3d4, 0x44000001, ping)},
		{"pcapng", "pcapng", ng(le, us)},
		{"pcapng, big endian", "pcapng", ng(be, us)},
		{"pcapng, nanoseconds", "pcapng", ng(le, us*1000, ngOption(le, 9, []byte{9}))},
		{"pcapng, powers of two", "pcapng", ng(le, uint64(start.Unix())<<20, ngOption(le, 9, []byte{0x80 | 20}))},
		{"pcapng, offset", "pcapng", ng(le, us-60e6, offset(le, 60))},
		{"pcapng, offset back", "pcapng", ng(be, us+60e6, offset(be, -60))},
		{"pcapng, seconds", "pcapng", ng(le, uint64(start.Unix()), ngOption(le, 9, []byte{0}))},
		{"pcapng, unknown blocks", "pcapng", cat(section(le), ngBlock(le, 77, make([]byte, 100)), ngInterface(le, 1), ngBlock(le, 10, make([]byte, 300_000)), ngPacket(le, 0, us, ping))},
		{"pcapng, second section of the other order", "pcapng", cat(section(le), ngInterface(le, 101), section(be), ngInterface(be, 1), ngPacket(be, 0, us, ping))},
		{"pcapng, second interface", "pcapng", cat(section(le), ngInterface(le, 101), ngInterface(le, 1), ngPacket(le, 1, us, ping))},
		{"pcapng, old packet", "pcapng", cat(section(le), ngInterface(le, 1), oldPacket(le, ping))},
		{"pcapng, old packet, big endian", "pcapng", cat(section(be), ngInterface(be, 1), oldPacket(be, ping))},
		{"gzip", "pcap", gz(t, pcapOf(1, ping))},
		{"gzip, two members", "pcap", cat(gz(t, pcapOf(1)), gz(t, pcapOf(1, ping)[24:]))},
		{"zstd", "pcapng", zst(t, ng(le, us))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !capture.Sniff("x", c.b[:min(len(c.b), evidence.SniffLen)]) {
				t.Error("it is not recognised")
			}
			f := factsOf(t, c.b)
			if f.Format != c.format || f.Cut != "" || f.Odd != 0 || f.Packets != 1 || len(f.Talks) != 1 {
				t.Fatalf("got %+v", f)
			}
			if !f.First.Equal(start) || !f.Last.Equal(start) || f.ContentDate() != "2026-11-02" {
				t.Errorf("got the times %s and %s", f.First, f.Last)
			}
			want := capture.Talk{Station: 0, Peer: -1, Address: far, Transport: "udp", Port: 4242, Flows: 1, Sent: 8, At: 1}
			got := f.Talks[0]
			got.Protocol, got.Reading = "", ""
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("got (-want +got)\n%s", d)
			}
		})
	}
}

// A simple packet block has no time, and is as long as the interface takes.
func TestSimplePacketBlock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		snap  uint32
		body  []byte
		short int64
	}{
		{"whole", 0, ping, 0},
		{"cut by the interface", 48, ping[:48], 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			i := le.AppendUint32(le.AppendUint16(le.AppendUint16(nil, 1), 0), c.snap)
			b := cat(section(le), ngBlock(le, 1, i), ngBlock(le, 3, cat(le.AppendUint32(nil, uint32(len(ping))), c.body)))
			f := factsOf(t, b)
			if f.Packets != 1 || f.Short != c.short || f.Odd != 0 || len(f.Talks) != 1 || !f.First.IsZero() || f.ContentDate() != "" {
				t.Errorf("got %+v", f)
			}
			if f.Talks[0].Sent != 8 {
				t.Errorf("got %d bytes sent; the length on the wire counts", f.Talks[0].Sent)
			}
		})
	}
}

// Names and comments of a pcapng file are taken.
func TestCommentsAndNames(t *testing.T) {
	t.Parallel()
	us := uint64(start.UnixMicro())
	comment := ngOption(le, 1, []byte("kitchen, device="+lampM))
	ip := cat(le.AppendUint16(le.AppendUint16(nil, 1), 4+17), []byte{203, 0, 113, 7}, []byte("cloud.example\x00x.y\x00"))
	records := cat(ip[:len(ip):len(ip)], make([]byte, (4-len(ip)%4)%4), []byte{0, 0, 0, 0})
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"section", cat(section(le, comment), ngInterface(le, 1), ngPacket(le, 0, us, ping))},
		{"interface", cat(section(le), ngInterface(le, 1, comment), ngPacket(le, 0, us, ping))},
		{"packet", cat(section(le), ngInterface(le, 1), ngPacket(le, 0, us, ping, comment))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := cat(c.b, ngPacket(le, 0, us, ether(phoneM, gateM, udpOf(phone, far, 1024, 4242, "x"))))
			f := factsOf(t, b)
			if f.Told != capture.ByName || f.Device != 0 || f.Stations[0].Role != capture.Product {
				t.Errorf("the product was not told: %d %q %+v", f.Device, f.Told, f.Stations)
			}
		})
	}
	f := factsOf(t, cat(section(le), ngInterface(le, 1), ngBlock(le, 4, records), ngPacket(le, 0, us, ping)))
	if f.Talks[0].Host != "cloud.example" || f.Talks[0].Named != "capture" {
		t.Errorf("got the name %q by %q", f.Talks[0].Host, f.Talks[0].Named)
	}
}

// What is cut is told, and what came before it stands.
func TestCut(t *testing.T) {
	t.Parallel()
	two := pcapOf(1, ping, ping)
	ng := cat(section(le), ngInterface(le, 1), ngPacket(le, 0, 1, ping), ngPacket(le, 0, 2, ping))
	at := len(section(le)) + len(ngInterface(le, 1)) + len(ngPacket(le, 0, 1, ping))
	length := func(v uint32) []byte { b := bytes.Clone(ng); le.PutUint32(b[at+4:], v); return b }
	wrong := bytes.Clone(ng)
	wrong[len(wrong)-4]++
	long := bytes.Clone(two)
	le.PutUint32(long[24+16+len(ping)+8:], 1<<31)
	lying := bytes.Clone(ng)
	le.PutUint32(lying[at+20:], 1<<30)
	packed := gz(t, pcapOf(1, ping, ping, samples.Read(t, "pcap/ndpi/mqtt.pcap")))
	spoiled := bytes.Clone(gz(t, pcapOf(1, ping, ping)))
	spoiled[len(spoiled)-5] ^= 1 // the check sum
	for _, c := range []struct {
		name, cut string
		packets   int64
		b         []byte
	}{
		{"pcap, in a packet", "truncated", 1, two[:len(two)-3]},
		{"pcap, in a head", "truncated", 1, two[:24+16+len(ping)+5]},
		{"pcap, no packet", "", 0, two[:24]},
		{"pcap, a packet of 2 GiB", "block", 1, long},
		{"pcapng, in a packet", "truncated", 1, ng[:len(ng)-7]},
		{"pcapng, without the last length", "truncated", 2, ng[:len(ng)-4]},
		{"pcapng, two lengths", "block", 2, wrong},
		{"pcapng, length 0", "block", 1, length(0)},
		{"pcapng, length 4 GiB", "block", 1, length(0xffffffff)},
		{"pcapng, length 4 GiB in fours", "truncated", 1, length(0xfffffffc)},
		{"pcapng, length no multiple of 4", "block", 1, length(uint32(len(ng)-at) - 2)},
		{"pcapng, more packet than block", "block", 1, lying},
		{"pcapng, an unknown block of 4 GiB", "truncated", 0, cat(section(le), []byte{77, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff}, make([]byte, 100))},
		{"pcapng, a byte order of none", "block", 1, cat(ng[:at], []byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x01\x02\x03\x04"))},
		{"pcapng, version 2", "block", 0, cat([]byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x02\x00\x00\x00"), make([]byte, 12))},
		{"gzip, cut", "truncated", 2, packed[:len(packed)-200]},
		{"gzip, spoiled", "block", 2, spoiled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := factsOf(t, c.b)
			if f.Cut != c.cut || f.Packets != c.packets {
				t.Errorf("got %q after %d packets, want %q after %d", f.Cut, f.Packets, c.cut, c.packets)
			}
		})
	}
}

func TestOdd(t *testing.T) {
	t.Parallel()
	us := uint64(start.UnixMicro())
	f := factsOf(t, cat(section(le), ngPacket(le, 0, us, ping), ngInterface(le, 1), ngPacket(le, 7, us, ping), ngBlock(le, 3, cat(le.AppendUint32(nil, uint32(len(ping))), ping))))
	if f.Packets != 3 || f.Odd != 2 || f.Flows != 1 {
		t.Errorf("packets of no interface: got %+v", f)
	}
	f = factsOf(t, pcapOf(147, ping))
	if d := cmp.Diff([]string{"link-147"}, f.Links); d != "" || f.Odd != 1 {
		t.Errorf("an unknown link: %s %+v", d, f)
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"empty":                nil,
		"text":                 []byte("this is no capture at all, by any means"),
		"half a head":          pcapOf(1)[:20],
		"gzip of text":         gz(t, []byte(strings.Repeat("no capture ", 100))),
		"gzip with no content": []byte("\x1f\x8b\x08"),
		"zstd with no content": []byte("\x28\xb5\x2f\xfd"),
		"zstd, huge window":    []byte("\x28\xb5\x2f\xfd\x00\xff\x01\x00\x00x"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readNamed(t, "x", b)
			e, ok := err.(*iotmark.Error)
			if !ok || e.ID != "malformed" || e.Kind != iotmark.Invalid {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	blob := samples.Read(t, "pcap/intl-iot/yi_camera_sample.pcap")
	z := zst(t, blob)
	for _, c := range []struct {
		name, file string
		head       []byte
		want       bool
	}{
		{"nothing", "x.pcap", nil, false},
		{"text of that name", "x.pcap", []byte("hello, this is text"), false},
		{"gzip of text", "x.pcap.gz", gz(t, []byte("hello, this is only some text")), false},
		{"zstd of a large block, by name", "x.pcap.zst", z[:4096], true},
		{"zstd of a large block, by another name", "rootfs.zst", z[:4096], false},
		{"gzip, cut", "x", gz(t, blob)[:4096], true},
		{"pcapng's number alone", "x", []byte("\x0a\x0d\x0d\x0ahello, world, hello"), false},
	} {
		if got := capture.Sniff(c.file, c.head); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

// Facts cross the border of a process as JSON.
func TestFactsSurviveJSON(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ndpi/alexa-app.pcapng", "intl-iot/yi_camera_sample.pcap", "zeek/tls-expired-cert.pcap", "ndpi/mqtt.pcap"} {
		f := sample(t, name)
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		got := capture.Reader.New()
		if err := json.Unmarshal(b, got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(f, got); d != "" {
			t.Errorf("%s: got (-want +got)\n%s", name, d)
		}
	}
}

func TestTimesThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		units uint64
		res   byte
		off   int64
		want  time.Time
	}{
		{"far too late", ^uint64(0), 0, 0, time.Time{}},
		{"before 1970", 1, 0, -2, time.Time{}},
		{"an offset without end", 1, 0, -1 << 63, time.Time{}},
		{"an offset without end, the other way", 1, 0, 1<<63 - 1, time.Time{}},
		{"units of 10^-127", ^uint64(0), 127, 0, time.Time{}},
		{"units of 2^-127", ^uint64(0), 255, 0, time.Time{}},
		{"units of 10^-19", ^uint64(0), 19, start.Unix(), start.Add(time.Second + 844674407)},
		{"units of 2^-63", 1<<63 - 1, 0x80 | 63, start.Unix(), start.Add(999999999)},
	} {
		o := ngOption(le, 14, le.AppendUint64(nil, uint64(c.off)))
		f := factsOf(t, cat(section(le), ngInterface(le, 1, ngOption(le, 9, []byte{c.res}), o), ngPacket(le, 0, c.units, ping)))
		if !f.First.Equal(c.want) {
			t.Errorf("%s: got %s, want %s", c.name, f.First, c.want)
		}
	}
}
