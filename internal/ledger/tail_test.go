package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/ledger"
)

// Whoever appends sees what is on disk, published or not, also after it was
// opened again.
func TestTail(t *testing.T) {
	t.Parallel()
	slow := func(c *ledger.Config) { c.Interval = time.Hour }
	p, k, dir := newLog(t, slow)
	const n = 300 // more than one file of entries
	var want []string
	for i := range n {
		if _, err := p.Append(t.Context(), entry(i)); err != nil {
			t.Fatal(err)
		}
		want = append(want, string(entry(i)))
	}
	look := func(p *ledger.Posix) {
		t.Helper()
		for _, from := range []int64{0, 1, 255, 256, 257, n - 1, n} {
			got := []string{}
			for e, err := range p.Tail(t.Context(), from) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(e))
			}
			if diff := cmp.Diff(want[from:], got); diff != "" {
				t.Errorf("from %d: got (-want +got)\n%.300s", from, diff)
			}
		}
		for _, err := range p.Tail(t.Context(), n+1) {
			if idOf(err) != "log-behind" {
				t.Errorf("from behind the end: got %v, want log-behind", err)
			}
		}
	}
	look(p)
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	look(openLog(t, k, dir, slow))
}
