package ledger_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
)

const origin = "log.iotmark.example/1"

// keys are those of one log.
type keys struct {
	skey, vkey string
	signer     note.Signer
}

func newKeys(t testing.TB, name string) keys {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return keys{skey, vkey, s}
}

func (k keys) config(dir string) ledger.Config {
	return ledger.Config{Dir: dir, Signer: k.signer, Key: k.vkey, Interval: 10 * time.Millisecond, Batch: 64, BatchAge: time.Millisecond}
}

// newLog makes a log and opens it.
func newLog(t testing.TB, change func(*ledger.Config)) (*ledger.Posix, keys, string) {
	t.Helper()
	k, dir := newKeys(t, origin), filepath.Join(t.TempDir(), "log")
	if err := ledger.Init(dir, k.signer); err != nil {
		t.Fatal(err)
	}
	return openLog(t, k, dir, change), k, dir
}

func openLog(t testing.TB, k keys, dir string, change func(*ledger.Config)) *ledger.Posix {
	t.Helper()
	c := k.config(dir)
	if change != nil {
		change(&c)
	}
	p, err := ledger.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(context.WithoutCancel(t.Context())) })
	return p
}

func entry(n int) []byte { return fmt.Appendf(nil, "entry %d", n) }

// fill appends entries from..to-1 in order, and waits until they are published.
func fill(t testing.TB, p *ledger.Posix, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		i, err := p.Append(t.Context(), entry(n))
		if err != nil {
			t.Fatal(err)
		}
		if i != uint64(n) {
			t.Fatalf("entry %d got index %d", n, i)
		}
	}
	if to > from {
		if _, err := p.Published(t.Context(), uint64(to-1)); err != nil {
			t.Fatal(err)
		}
	}
}

func wantID(t testing.TB, err error, id iotmark.ErrorID) {
	t.Helper()
	if got := idOf(err); got != id {
		t.Errorf("got %q (%v), want %q", got, err, id)
	}
}

func TestAppendPublishRead(t *testing.T) {
	t.Parallel()
	p, k, dir := newLog(t, nil)
	fill(t, p, 0, 3)
	fill(t, p, 3, 300)
	h, err := p.Head(t.Context())
	if err != nil || h.Size != 300 {
		t.Fatalf("size %d, %v", h.Size, err)
	}
	r, err := ledger.NewReader(dir, k.vkey)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for e, err := range r.Entries(t.Context(), 0, 300) {
		if err != nil {
			t.Fatal(err)
		}
		if string(e) != string(entry(n)) {
			t.Fatalf("entry %d is %q", n, e)
		}
		n++
	}
	if n != 300 {
		t.Errorf("%d entries", n)
	}
	for _, i := range []int64{0, 2, 3, 255, 256, 299} {
		for _, make := range []func() ([]byte, error){
			func() ([]byte, error) { return r.Proof(t.Context(), i, nil) },
			func() ([]byte, error) { return r.BirthProof(t.Context(), i) },
		} {
			b, err := make()
			if err != nil {
				t.Fatal(err)
			}
			verifyProof(t, b, i, entry(int(i)), r)
		}
	}
	last := int64(0)
	for b, err := range r.Births(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		last = b.Size
	}
	if last != 300 {
		t.Errorf("the last birth has %d entries", last)
	}
	if b, err := r.Birth(t.Context(), 2); err != nil || b.Size > 299 {
		t.Errorf("entry 2 was born at %d, %v", b.Size, err)
	}
}

// verifyProof checks a tlog-proof with nothing of the package but the log's key.
func verifyProof(t testing.TB, b []byte, index int64, e []byte, r *ledger.Reader) {
	t.Helper()
	p := unmarshalProof(t, b)
	h, err := r.Open(p.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	var path tlog.RecordProof
	for _, x := range p.Hashes {
		path = append(path, x)
	}
	if int64(p.Index) != index {
		t.Errorf("proof of %d, want %d", p.Index, index)
	}
	if err := tlog.CheckRecord(path, h.Size, h.Root, index, tlog.RecordHash(e)); err != nil {
		t.Error(err)
	}
}
