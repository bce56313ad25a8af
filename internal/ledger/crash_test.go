//go:build unix

package ledger_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark/internal/ledger"
)

// In a child process the tests are a writer that never stops by itself.
func TestMain(m *testing.M) {
	if dir := os.Getenv("LEDGER_TEST_WRITER"); dir != "" {
		fmt.Fprintln(os.Stderr, writer(dir))
		os.Exit(1)
	}
	if dir := os.Getenv("LEDGER_TEST_DISK"); dir != "" {
		if err := disk(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writer appends, and prints index and hash of each entry once it has the
// index.
func writer(dir string) error {
	skey, vkey, policy := os.Getenv("LEDGER_TEST_SKEY"), os.Getenv("LEDGER_TEST_VKEY"), os.Getenv("LEDGER_TEST_POLICY")
	s, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	ctx := context.Background()
	p, err := ledger.Open(ctx, ledger.Config{Dir: dir, Signer: s, Key: vkey, Policy: policy, Interval: 15 * time.Millisecond})
	if err != nil {
		return err
	}
	errs := make(chan error)
	var out sync.Mutex
	for w := range 4 {
		go func() {
			for n := 0; ; n++ {
				e := fmt.Appendf(nil, "%d %d %d %x", os.Getpid(), w, n, make([]byte, 200))
				i, err := p.Append(ctx, e)
				if err != nil {
					errs <- err
					return
				}
				out.Lock()
				fmt.Printf("%d %x\n", i, sha256.Sum256(e))
				out.Unlock()
			}
		}()
	}
	return <-errs
}

// A writer that is killed forty times loses nothing that it acknowledged,
// changes nothing, and never takes back what it published.
func TestKilled(t *testing.T) {
	t.Parallel()
	k, dir := newKeys(t, origin), filepath.Join(t.TempDir(), "log")
	if err := ledger.Init(dir, k.signer); err != nil {
		t.Fatal(err)
	}
	w := newCosigner(t, "witness.example/1", []string{k.vkey}, nil)
	env := append(os.Environ(), "LEDGER_TEST_WRITER="+dir, "LEDGER_TEST_SKEY="+k.skey, "LEDGER_TEST_VKEY="+k.vkey, "LEDGER_TEST_POLICY="+policyOf(1, w))
	seen := map[int64]string{}
	published := ledger.Head{}
	r := reader(t, k, dir)
	random := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = env
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var kill *time.Timer
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if kill == nil { // it writes now
				kill = time.AfterFunc(time.Duration(random.IntN(120))*time.Millisecond, func() { cmd.Process.Kill() })
			}
			var i int64
			var h string
			if n, _ := fmt.Sscanf(lines.Text(), "%d %s", &i, &h); n != 2 || len(h) != 64 {
				continue // cut by the kill
			}
			if old, ok := seen[i]; ok && old != h {
				t.Fatalf("index %d was given twice", i)
			}
			seen[i] = h
		}
		cmd.Wait()
		if kill == nil {
			t.Fatalf("the writer did not start: %s", errs.String())
		}
		h, err := r.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if h.Size < published.Size {
			t.Fatalf("published %d entries after %d", h.Size, published.Size)
		}
		if h.Size > 0 {
			if b, err := r.Proof(t.Context(), h.Size-1, nil); err != nil {
				t.Fatalf("%v\n%s", err, b)
			}
		}
		published = h
	}
	p := openLog(t, k, dir, func(c *ledger.Config) { c.Policy = policyOf(1, w) })
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	h, err := r.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	for e, err := range r.EntriesAt(t.Context(), h, 0, h.Size) {
		if err != nil {
			t.Fatal(err)
		}
		if want, ok := seen[n]; ok && want != fmt.Sprintf("%x", sha256.Sum256(e)) {
			t.Errorf("index %d changed", n)
		}
		delete(seen, n)
		n++
	}
	if len(seen) > 0 {
		t.Errorf("%d acknowledged entries of %d are lost", len(seen), n)
	}
	c, err := r.Fsck(t.Context(), nil)
	if err != nil || len(c.Problems) > 0 {
		t.Errorf("%v %v", err, c.Problems)
	}
	if w.seen(422) > 0 || w.seen(409) > 41 {
		t.Error("the witness saw a fork")
	}
	t.Logf("%d entries, %d checkpoints", n, c.Births)
}

// What cannot be written is not published, is said, and goes on by itself.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		block, mend func(t *testing.T, dir string)
		words       string
	}{
		{
			"the place of the state is taken",
			func(t *testing.T, dir string) { block(t, filepath.Join(dir, ".state", "lock")) },
			func(t *testing.T, dir string) { unblock(t, filepath.Join(dir, ".state", "lock")) },
			"cannot be written",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, _, dir := newLog(t, func(c *ledger.Config) { c.Batch = 1 })
			fill(t, p, 0, 3)
			c.block(t, dir)
			_, err := p.Append(t.Context(), entry(3))
			wantID(t, err, "log-write")
			if !strings.Contains(err.Error(), c.words) {
				t.Errorf("it says %v", err)
			}
			if h := p.Health(); h.Write == nil || h.Size != 3 {
				t.Errorf("health: %+v", h)
			}
			c.mend(t, dir)
			fill(t, p, 3, 5)
			if h := p.Health(); h.Write != nil {
				t.Errorf("health: %v", h.Write)
			}
		})
	}
	t.Run("the place of the checkpoint is taken", func(t *testing.T) {
		t.Parallel()
		p, k, dir := newLog(t, nil)
		fill(t, p, 0, 3)
		name := filepath.Join(dir, "births")
		block(t, name)
		if _, err := p.Append(t.Context(), entry(3)); err != nil {
			t.Fatal(err)
		}
		wantID(t, stuck(t, p, 3), "log-write")
		if h, err := reader(t, k, dir).Head(t.Context()); err != nil || h.Size != 3 {
			t.Errorf("published %d, %v", h.Size, err)
		}
		unblock(t, name)
		if _, err := p.Published(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
		if c, err := reader(t, k, dir).Fsck(t.Context(), nil); err != nil || len(c.Problems) > 0 {
			t.Errorf("%v %v", err, c.Problems)
		}
	})
}

// block puts a folder where a file belongs, which stops root too; unblock
// takes it away.
func block(t *testing.T, name string) {
	t.Helper()
	if err := os.Rename(name, name+".away"); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(name, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func unblock(t *testing.T, name string) {
	t.Helper()
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".away", name); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}
