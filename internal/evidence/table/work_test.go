package table_test

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/table"
)

// Rows shorter than the table is wide, and cells that are nearly times, cost
// no more than their bytes.
func TestWork(t *testing.T) {
	wide := strings.TrimSuffix(strings.Repeat("a,", 1000), ",") + "\n"
	keys := make([]string, 900)
	for i := range keys {
		keys[i] = `"k` + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + string(rune('a'+i/26)) + `":1`
	}
	for _, c := range []struct {
		name, in string
		limit    uint64 // bytes that are allocated for each byte
	}{
		{"empty objects after many columns", "[{" + strings.Join(keys, ",") + "}" + strings.Repeat(",{}", 1_000_000) + "]", 60},
		{"short rows of a wide table", wide + strings.Repeat("b\n", 2_000_000), 10},
		{"nearly times", "when\n" + strings.Repeat("2026-01-01T00:00:00X\n", 200_000), 10},
		{"times in turns", "when\n" + strings.Repeat("2026-01-01T00:00:00Z\n1/2/2026 3:04 PM\n", 300_000), 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := read(t, c.in); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			made := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d MB for %d MB", made>>20, len(c.in)>>20)
			if made > 24<<20+c.limit*uint64(len(c.in)) {
				t.Errorf("%d MB allocated for %d MB", made>>20, len(c.in)>>20)
			}
		})
	}
}

// The last day is found in a long table too, and one late cell without a zone.
func TestLongColumn(t *testing.T) {
	t.Parallel()
	f := mustRead(t, "when,n\n"+strings.Repeat("2026-01-01T00:00:00Z,1\n", 150_000)+"2026-02-03T00:00:00,1\n")
	if c := f.Columns[0]; c.Type != table.Local || c.Last != "2026-02-03" || c.Unzoned.N != 1 || c.Filled != 150_001 {
		t.Errorf("got %+v", c)
	}
}

// countdown is a context that ends after it was looked at n times.
type countdown struct {
	context.Context
	n int
}

func (c *countdown) Err() error {
	if c.n--; c.n < 0 {
		return context.Canceled
	}
	return nil
}

func TestStopsWithTheContext(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"a" + strings.Repeat(",a", 990) + "\n" + strings.Repeat(strings.Repeat("b", 60_000)+",", 60) + "c\n",
		"[" + strings.Repeat("1,", 1<<20) + "1]",
	} {
		if _, err := table.Reader.Read(&countdown{t.Context(), 10}, evidence.NewSource("x", []byte(in)), evidence.DefaultLimits()); err == nil {
			t.Error("read to the end after the context ended")
		}
	}
}
