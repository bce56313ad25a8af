package ledger_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/ledger"
)

// A log that is lost goes on from its last copy, and nothing is added to a copy
// before.
func TestResume(t *testing.T) {
	t.Parallel()
	p, k, dir := newLog(t, nil)
	fill(t, p, 0, 300)
	copyTo := func() string {
		to := filepath.Join(t.TempDir(), "copy")
		if _, err := ledger.Mirror(t.Context(), reader(t, k, dir), to, nil, nil); err != nil {
			t.Fatal(err)
		}
		return to
	}
	to, damaged := copyTo(), copyTo()
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	before := files(t, to)
	_, err := ledger.Open(t.Context(), k.config(to))
	wantID(t, err, "log-copy")
	if after := files(t, to); len(after) != len(before) {
		t.Errorf("a copy of %d files has %d after somebody wanted to write to it", len(before), len(after))
	}

	edit(t, filepath.Join(damaged, "tile/1/000.p/1"), flip)
	c, err := ledger.Resume(t.Context(), damaged, k.vkey)
	if err != nil || len(c.Problems) == 0 {
		t.Errorf("a damaged copy: %v, and these problems: %v", err, c.Problems)
	}
	_, err = ledger.Open(t.Context(), k.config(damaged))
	wantID(t, err, "log-copy")

	if c, err = ledger.Resume(t.Context(), to, k.vkey); err != nil || len(c.Problems) > 0 || c.Size != 300 {
		t.Fatalf("%d entries, %v, %v", c.Size, err, c.Problems)
	}
	os.RemoveAll(dir)
	q := openLog(t, k, to, nil)
	fill(t, q, 300, 600)
	if c, err := reader(t, k, to).Fsck(t.Context(), nil); err != nil || len(c.Problems) > 0 || c.Size != 600 {
		t.Errorf("after it went on: %d entries, %v, %v", c.Size, err, c.Problems)
	}
	_, err = ledger.Resume(t.Context(), to, k.vkey)
	wantID(t, err, "log-exists")
	_, err = ledger.Resume(t.Context(), t.TempDir(), k.vkey)
	wantID(t, err, "log-missing")
}
