package capture_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
)

// What is packed gives its facts up to the bound, and says that it was cut.
func TestBombs(t *testing.T) {
	t.Parallel()
	zeros := cat(pcapOf(1, ping), bytes.Repeat([]byte{0}, 40<<20)) // packets of no bytes
	honest := evidence.DefaultLimits()
	small := honest
	small.Stream = 1 << 20
	for _, c := range []struct {
		name string
		b    []byte
		lim  evidence.Limits
		cut  string
	}{
		{"gzip, by the ratio", gz(t, zeros), honest, "bomb"},
		{"zstd, by the ratio", zst(t, zeros), honest, "bomb"},
		{"gzip, by the size", gz(t, zeros), small, "bomb"},
		{"zeros that are not packed", zeros, honest, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v, err := capture.Reader.Read(context.Background(), evidence.NewSource("x", c.b), c.lim)
			if err != nil {
				t.Fatal(err)
			}
			if f := v.(*capture.Facts); f.Cut != c.cut || len(f.Talks) != 1 {
				t.Errorf("got cut %q and %d talks", f.Cut, len(f.Talks))
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	lim := evidence.DefaultLimits()
	lim.Stream = 100
	_, err := capture.Reader.Read(context.Background(), evidence.NewSource("x", pcapOf(1, ping, ping)), lim)
	if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != "too-large" {
		t.Errorf("got %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	_, err = capture.Reader.Read(ctx, evidence.NewSource("x", pcapOf(1, ping)), evidence.DefaultLimits())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
