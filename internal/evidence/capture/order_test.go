package capture_test

import (
	"math"
	"slices"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// The beginning of a conversation is read in its order, however it arrives;
// of two that say otherwise about the same bytes the first stands, and the
// contradiction is counted.
func TestOrder(t *testing.T) {
	t.Parallel()
	whole := []part{{0, request}}
	for _, c := range []struct {
		name    string
		isn     uint32
		hello   bool
		parts   []part
		overlap int64
	}{
		{"one segment", 100, true, whole, 0},
		{"small segments", 100, true, cutInto(7), 0},
		{"backwards", 100, true, reversed(cutInto(7)), 0},
		{"numbers that wrap round", math.MaxUint32 - 20, true, cutInto(9), 0},
		{"backwards, numbers that wrap round", math.MaxUint32 - 20, true, reversed(cutInto(9)), 0},
		{"sent twice", 100, true, slices.Concat(cutInto(11), cutInto(13)), 0},
		{"the opening was not seen", 100, false, cutInto(30), 0},
		{"a lie that comes second", 100, true, []part{{0, request[:40]}, {10, "XXXXXXXXXX"}, {40, request[40:]}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := factsOf(t, pcapOf(1, parts(c.isn, c.hello, c.parts...)...))
			k := talksTo(f, "tcp", 80)
			if len(k) != 1 || k[0].Protocol != protocol.HTTP || k[0].Host != "cloud.example" || f.Overlap != c.overlap {
				t.Fatalf("got %+v, overlap %d, want http to cloud.example and %d", k, f.Overlap, c.overlap)
			}
			if len(f.Readable) != 1 || f.Readable[0].Text != "GET cloud.example/index.html" {
				t.Errorf("got %+v", f.Readable)
			}
		})
	}
}
