package capture_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// A request is understood in whatever way its segments arrive.
func TestReassembly(t *testing.T) {
	t.Parallel()
	whole := part{0, request}
	for _, c := range []struct {
		name    string
		isn     uint32
		hello   bool
		parts   []part
		overlap int64
	}{
		{"in order", 100, true, cutInto(10), 0},
		{"one segment", 100, true, []part{whole}, 0},
		{"one by one", 100, true, cutInto(1), 0},
		{"backwards", 100, true, reversed(cutInto(10)), 0},
		{"twice", 100, true, append(cutInto(10), cutInto(10)...), 0},
		{"backwards and twice", 100, true, append(reversed(cutInto(10)), cutInto(7)...), 0},
		{"overlapping", 100, true, []part{{0, request[:30]}, {20, request[20:50]}, {10, request[10:]}}, 0},
		{"overlapping ahead", 100, true, []part{{40, request[40:60]}, {50, request[50:]}, {30, request[30:45]}, {0, request[:35]}}, 0},
		{"around zero", 0xffffffff - 20, true, cutInto(10), 0},
		{"around zero, backwards", 0xffffffff - 20, true, reversed(cutInto(10)), 0},
		{"without a SYN", 100, false, cutInto(10), 0},
		{"a keep-alive before", 100, true, []part{whole, {-1, "\x00"}, {len(request) - 1, "x"}}, 0},
		{"the first bytes stand", 100, true, []part{{0, request[:30]}, {4, "/another"}, {30, request[30:]}}, 1},
		{"the first bytes stand, ahead", 100, true, []part{{4, request[4:]}, {8, "another"}, {0, request[:4]}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := factsOf(t, pcapOf(1, parts(c.isn, c.hello, c.parts...)...))
			if len(f.Talks) != 1 {
				t.Fatalf("got %+v", f.Talks)
			}
			k := f.Talks[0]
			if k.Protocol != protocol.HTTP || k.Host != "cloud.example" || k.Named != "http" || k.Called {
				t.Errorf("got %+v", k)
			}
			if f.Overlap != c.overlap || f.Gaps != 0 {
				t.Errorf("got %d overlaps, want %d, and %d gaps", f.Overlap, c.overlap, f.Gaps)
			}
			if len(f.Readable) != 1 || f.Readable[0].Text != "GET cloud.example/index.html" {
				t.Errorf("got %+v", f.Readable)
			}
		})
	}
}

// A gap that is never filled ends the looking, not the counting; bytes before
// which nothing is there are looked at.
func TestGaps(t *testing.T) {
	t.Parallel()
	var ps []part
	for i := range 40 {
		ps = append(ps, part{1000 + 10*i, "0123456789"})
	}
	f := factsOf(t, pcapOf(1, parts(100, true, append([]part{{0, request}}, ps...)...)...))
	if k := f.Talks[0]; k.Host != "cloud.example" || k.Sent != int64(len(request)+400) || f.Gaps != 1 {
		t.Errorf("got %+v", k)
	}
	f = factsOf(t, pcapOf(1, parts(100, true, part{0, request}, part{len(request) + 10, "Authorization: Basic YWRtaW46YWRtaW4="})...))
	if len(f.Logins) != 0 || f.Gaps != 1 {
		t.Errorf("what is behind a gap: got %+v, %d gaps", f.Logins, f.Gaps)
	}
	f = factsOf(t, pcapOf(1, parts(100, true, part{500, request})...))
	if k := f.Talks[0]; k.Host != "cloud.example" || f.Gaps != 1 {
		t.Errorf("the first segment is lost: got %+v", k)
	}
	wild := parts(100, true, part{1 << 30, "x1"}, part{-1 << 30, "x2"}, part{-1 << 31, "x3"}, part{1<<31 - 1, "x4"}, part{0, request})
	f = factsOf(t, pcapOf(1, wild...))
	if len(f.Talks) != 1 || f.Talks[0].Flows != 1 {
		t.Errorf("wild numbers: got %+v", f.Talks)
	}
}

// Ports that are used anew are another conversation, in the same talk; a
// conversation without payload goes with those that have some.
func TestPortsUsedAnew(t *testing.T) {
	t.Parallel()
	again := append(parts(100, true, part{0, request}), parts(90000, true, part{0, request})...)
	again = append(again, up(tcpOf(lamp, far, 40001, 80, 1, syn, "")))
	f := factsOf(t, pcapOf(1, again...))
	if f.Flows != 3 || len(f.Talks) != 2 {
		t.Fatalf("got %+v", f)
	}
	k := f.Talks[0]
	if k.Host != "cloud.example" || k.Flows != 2 || k.Sent != 2*int64(len(request)) {
		t.Errorf("got %+v", k)
	}
	bare := [][]byte{up(tcpOf(lamp, far, 40000, 6000, 1, syn, "")), up(tcpOf(lamp, far, 40001, 6000, 1, syn, "")), up(tcpOf(lamp, far, 40001, 6000, 2, ack, "\x01\x02\x03\x04"))}
	f = factsOf(t, pcapOf(1, bare...))
	if len(f.Talks) != 1 || f.Talks[0].Flows != 2 || f.Talks[0].At != 1 || f.Talks[0].Sent != 4 {
		t.Errorf("got %+v", f.Talks)
	}
}
