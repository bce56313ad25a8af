package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/ledger"
)

// served serves a folder, and returns a reader of it.
func served(t testing.TB, k keys, dir string) (*ledger.Reader, string) {
	t.Helper()
	h, err := ledger.Handler(dir, k.vkey)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return reader(t, k, s.URL), s.URL
}

func reader(t testing.TB, k keys, where string) *ledger.Reader {
	t.Helper()
	r, err := ledger.NewReader(where, k.vkey)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// closed makes a log of n entries in one step, and closes it.
func closed(t testing.TB, n int) (keys, string) {
	t.Helper()
	p, k, dir := newLog(t, func(c *ledger.Config) { c.Batch, c.BatchAge = 4096, 0 })
	bulk(t, p, 0, n)
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return k, dir
}

// bulk appends many entries at once, in whatever order.
func bulk(t testing.TB, p *ledger.Posix, from, to int) {
	t.Helper()
	errs := make(chan error)
	for n := from; n < to; n++ {
		go func() {
			_, err := p.Append(t.Context(), entry(n))
			errs <- err
		}()
	}
	for range to - from {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if to > from {
		if _, err := p.Published(t.Context(), uint64(to-1)); err != nil {
			t.Fatal(err)
		}
	}
}

// copied copies a folder as it is.
func copied(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// edit changes one file.
func edit(t testing.TB, name string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, change(b), 0o644); err != nil {
		t.Fatal(err)
	}
}

// flip changes one bit.
func flip(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)/2] ^= 1
	return b
}

func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(name)
		out[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMirror(t *testing.T) {
	t.Parallel()
	p, k, dir := newLog(t, func(c *ledger.Config) { c.Batch = 4096 })
	from, url := served(t, k, dir)
	to := filepath.Join(t.TempDir(), "mirror")
	for _, n := range []int{0, 1, 255, 256, 257, 300, 70_000} { // across the edges of tiles of two levels
		h, err := p.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		bulk(t, p, int(h.Size), n)
		got, err := ledger.Mirror(t.Context(), from, to, nil, nil)
		if err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		if got.Size != int64(n) || got.Before != h.Size {
			t.Errorf("%d: copied %d, from %d", n, got.Size, got.Before)
		}
		// The copy is a whole log: it can be served, checked and copied from.
		copyOf, _ := served(t, k, to)
		c, err := copyOf.Fsck(t.Context(), nil)
		if err != nil || len(c.Problems) > 0 || c.Entries != int64(n) {
			t.Fatalf("%d: fsck of the copy: %v, %v, %d entries", n, err, c.Problems, c.Entries)
		}
		if n > 0 {
			for _, i := range []int64{0, int64(n) / 2, int64(n) - 1} {
				a, err1 := from.BirthProof(t.Context(), i)
				b, err2 := copyOf.BirthProof(t.Context(), i)
				if err := errors.Join(err1, err2); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(a), string(b)); diff != "" {
					t.Errorf("birth proof of %d (-log +copy):\n%s", i, diff)
				}
			}
		}
	}
	for name, b := range files(t, to) {
		if strings.Contains(name, ".p/") && !strings.Contains(name, ".p/112") && !strings.Contains(name, "tile/1/001.p/17") && !strings.Contains(name, "tile/2/000.p/1") {
			t.Errorf("%s (%d bytes) was left behind", name, len(b))
		}
	}
	again, err := ledger.Mirror(t.Context(), reader(t, k, url), to, nil, nil)
	if err != nil || again.Fetched+again.Kept+again.Births != 0 {
		t.Errorf("nothing was new, and it did %+v, %v", again, err)
	}
	// From a folder, and from a copy.
	if c, err := ledger.Mirror(t.Context(), reader(t, k, to), filepath.Join(t.TempDir(), "second"), nil, nil); err != nil || c.Size != 70_000 {
		t.Errorf("copy of the copy: %d, %v", c.Size, err)
	}
}

// A copy that is broken off at any file is the one from before, and the next
// run ends it without fetching again what is there.
func TestMirrorBrokenOff(t *testing.T) {
	t.Parallel()
	k, dir := closed(t, 3000)
	h, err := ledger.Handler(dir, k.vkey)
	if err != nil {
		t.Fatal(err)
	}
	var left atomic.Int64
	var stop atomic.Pointer[context.CancelFunc]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if left.Add(-1) < 0 {
			(*stop.Load())() // as a kill would
		}
		h.ServeHTTP(w, r)
	}))
	defer s.Close()
	to := filepath.Join(t.TempDir(), "mirror")
	fetched := int64(0)
	for round := range 20 {
		ctx, end := context.WithCancel(t.Context())
		stop.Store(&end)
		left.Store(int64(7 + round)) // a machine that is busy may end a round before anything was written
		c, err := ledger.Mirror(ctx, reader(t, k, s.URL), to, nil, nil)
		fetched += c.Fetched
		end()
		if err == nil {
			if c.Size != 3000 || c.Kept == 0 {
				t.Errorf("round %d: %+v", round, c)
			}
			if fetched > 12 {
				t.Errorf("fetched %d bundles of 12", fetched)
			}
			if c, err := reader(t, k, to).Fsck(t.Context(), nil); err != nil || len(c.Problems) > 0 {
				t.Errorf("%v %v", err, c.Problems)
			}
			return
		}
		if _, err := os.Stat(filepath.Join(to, "checkpoint")); err == nil {
			t.Fatal("a copy that is not whole has a checkpoint")
		}
	}
	t.Fatal("it never came to an end")
}

// What the source has wrong is not taken.
func TestMirrorRefuses(t *testing.T) {
	t.Parallel()
	k, dir := closed(t, 600)
	for _, c := range []struct {
		name, file string
		change     func([]byte) []byte
		id         string
	}{
		{"an entry in a full bundle", "tile/entries/000", flip, "entries-wrong"},
		{"an entry in the last bundle", "tile/entries/002.p/88", flip, "entries-wrong"},
		{"a bundle cut short", "tile/entries/001", func(b []byte) []byte { return b[:len(b)-1] }, "entries-wrong"},
		{"a bundle with more behind", "tile/entries/001", func(b []byte) []byte { return append(b, 0, 0) }, "entries-wrong"},
		{"a tile of the upper level", "tile/1/000.p/2", flip, "tile-wrong"},
		{"the last tile of the lowest level", "tile/0/002.p/88", flip, "tile-wrong"},
		{"a tile cut short", "tile/1/000.p/2", func(b []byte) []byte { return b[:32] }, "tile-wrong"},
		{"the root", "checkpoint", func(b []byte) []byte { return bytes.Replace(b, []byte("600\n"), []byte("599\n"), 1) }, "log-signature-wrong"},
		{"another log", "checkpoint", func(b []byte) []byte { return bytes.Replace(b, []byte(origin), []byte("log.other.example/1"), 1) }, "origin-wrong"},
		{"no births", "births", func(b []byte) []byte { return nil }, "births-wrong"},
		{"a birth changed", "births", func(b []byte) []byte { return bytes.Replace(b, []byte("600\n"), []byte("500\n"), 1) }, "log-signature-wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bad := copied(t, dir)
			edit(t, filepath.Join(bad, c.file), c.change)
			from, _ := served(t, k, bad)
			to := filepath.Join(t.TempDir(), "mirror")
			_, err := ledger.Mirror(t.Context(), from, to, nil, nil)
			wantID(t, err, idFrom(c.id))
			if _, err := os.Stat(filepath.Join(to, "checkpoint")); err == nil {
				t.Error("the copy has a checkpoint")
			}
		})
	}
	t.Run("a tile that a copy computes itself", func(t *testing.T) {
		t.Parallel()
		bad := copied(t, dir)
		edit(t, filepath.Join(bad, "tile/0/000"), flip)
		from, _ := served(t, k, bad)
		to := filepath.Join(t.TempDir(), "mirror")
		if _, err := ledger.Mirror(t.Context(), from, to, nil, nil); err != nil {
			t.Fatal(err)
		}
		a, b := files(t, dir), files(t, to)
		if a["tile/0/000"] != b["tile/0/000"] {
			t.Error("the copy has the wrong tile")
		}
	})
	t.Run("the policy of whoever copies", func(t *testing.T) {
		t.Parallel()
		unmet := errors.New("unmet")
		to := filepath.Join(t.TempDir(), "mirror")
		_, err := ledger.Mirror(t.Context(), reader(t, k, dir), to, func(ledger.Head) error { return unmet }, nil)
		if !errors.Is(err, unmet) {
			t.Error(err)
		}
	})
}

// A copy never goes back and never becomes another.
func TestMirrorStays(t *testing.T) {
	t.Parallel()
	p, k, dir := newLog(t, nil)
	fill(t, p, 0, 5)
	early := copied(t, dir)
	fill(t, p, 5, 9)
	to := filepath.Join(t.TempDir(), "mirror")
	if _, err := ledger.Mirror(t.Context(), reader(t, k, dir), to, nil, nil); err != nil {
		t.Fatal(err)
	}
	before := files(t, to)

	_, err := ledger.Mirror(t.Context(), reader(t, k, early), to, nil, nil)
	wantID(t, err, "mirror-behind")

	os.RemoveAll(filepath.Join(early, ".state", "lock"))
	evil := openLog(t, k, early, nil) // the operator, on a copy of the tree
	for n := range 20 {
		if _, err := evil.Append(t.Context(), []byte{byte(n)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := evil.Published(t.Context(), 24); err != nil {
		t.Fatal(err)
	}
	_, err = ledger.Mirror(t.Context(), reader(t, k, early), to, nil, nil)
	wantID(t, err, "log-forked")
	after := files(t, to)
	proofs := 0
	for name := range after {
		if strings.HasPrefix(name, "forks/") {
			proofs++
			delete(after, name)
		}
	}
	if proofs != 2 {
		t.Errorf("%d checkpoints were kept as proof, want 2", proofs)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the copy changed (-before +after):\n%s", diff)
	}

	for _, c := range []struct{ name, to, id string }{
		{"onto itself", dir, "mirror-other"},
		{"onto a log that is written", early, "mirror-other"},
		{"into a folder with other things", filepath.Dir(to), "mirror-other"},
	} {
		_, err := ledger.Mirror(t.Context(), reader(t, k, dir), c.to, nil, nil)
		if idOf(err) != idFrom(c.id) {
			t.Errorf("%s: %v, want %s", c.name, err, c.id)
		}
	}
	other := newKeys(t, "log.other.example/1")
	_, err = ledger.Mirror(t.Context(), reader(t, other, dir), to, nil, nil)
	wantID(t, err, "mirror-other")
}

// Fsck names the file that is wrong.
func TestFsck(t *testing.T) {
	t.Parallel()
	k, dir := closed(t, 600)
	for _, c := range []struct {
		name, file string
		change     func([]byte) []byte
		want       []string
	}{
		{"nothing", "checkpoint", func(b []byte) []byte { return b }, nil},
		{"an entry", "tile/entries/001", flip, []string{"entries-wrong tile/entries/001"}},
		{"a length", "tile/entries/001", func(b []byte) []byte { b[1]++; return b }, []string{"entries-wrong tile/entries/001"}},
		{"the last entry", "tile/entries/002.p/88", flip, []string{"entries-wrong tile/entries/002.p/88"}},
		{"a tile of the lowest level", "tile/0/001", flip, []string{"tile-wrong tile/0/001"}},
		{"the last tile", "tile/0/002.p/88", flip, []string{"tile-wrong tile/0/002.p/88"}},
		{"an upper tile", "tile/1/000.p/2", flip, []string{"tile-wrong tile/1/000.p/2"}},
		{"a tile cut short", "tile/0/000", func(b []byte) []byte { return b[:100] }, []string{"tile-wrong tile/0/000"}},
		{"no file of entries", "tile/entries/000", nil, []string{"log-incomplete"}},
		{"no tile", "tile/0/000", nil, []string{"log-incomplete"}},
		{"no births", "births", nil, []string{"births-wrong"}},
		{"births swapped", "births", func(b []byte) []byte { return append(b, b...) }, []string{"births-wrong"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bad := copied(t, dir)
			if c.change == nil {
				if err := os.Remove(filepath.Join(bad, c.file)); err != nil {
					t.Fatal(err)
				}
			} else {
				edit(t, filepath.Join(bad, c.file), c.change)
			}
			got, err := reader(t, k, bad).Fsck(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Problems) != len(c.want) {
				t.Fatalf("%v, want %v", got.Problems, c.want)
			}
			for i, p := range got.Problems {
				if s := string(p.ID) + " " + p.Msg; !strings.HasPrefix(s, c.want[i]) {
					t.Errorf("got %q, want %q", s, c.want[i])
				}
			}
		})
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	k, dir := closed(t, 300)
	if err := os.WriteFile(filepath.Join(dir, "log.key"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "tile", "0", "005")); err != nil {
		t.Fatal(err)
	}
	_, url := served(t, k, dir)
	const forEver, moment = "public, max-age=31536000, immutable", "public, max-age=2, must-revalidate"
	for _, c := range []struct {
		name, method, path string
		status             int
		kind, keep         string
	}{
		{"checkpoint", "GET", "/checkpoint", 200, "text/plain; charset=utf-8", moment},
		{"births", "GET", "/births", 200, "text/plain; charset=utf-8", moment},
		{"tile", "GET", "/tile/0/000", 200, "application/octet-stream", forEver},
		{"partial tile", "GET", "/tile/0/001.p/44", 200, "application/octet-stream", forEver},
		{"entries", "GET", "/tile/entries/000", 200, "application/octet-stream", forEver},
		{"birth proof", "GET", "/birth/299.tlog-proof", 200, "text/plain; charset=utf-8", forEver},
		{"head only", "HEAD", "/tile/0/000", 200, "application/octet-stream", forEver},
		{"no such tile", "GET", "/tile/0/007", 404, "text/plain; charset=utf-8", "no-store"},
		{"not born", "GET", "/birth/300.tlog-proof", 404, "text/plain; charset=utf-8", "no-store"},
		{"a huge index", "GET", "/birth/99999999999999999999.tlog-proof", 404, "text/plain; charset=utf-8", "no-store"},
		{"the folder", "GET", "/", 404, "text/plain; charset=utf-8", "no-store"},
		{"a folder of tiles", "GET", "/tile/0/", 404, "text/plain; charset=utf-8", "no-store"},
		{"the writer's state", "GET", "/.state/treeState", 404, "text/plain; charset=utf-8", "no-store"},
		{"a key beside the log", "GET", "/log.key", 404, "text/plain; charset=utf-8", "no-store"},
		{"out of the folder", "GET", "/tile/../log.key", 404, "text/plain; charset=utf-8", "no-store"},
		{"a link out of the folder", "GET", "/tile/0/005", 503, "text/plain; charset=utf-8", "no-store"},
		{"a level too high", "GET", "/tile/64/000", 404, "text/plain; charset=utf-8", "no-store"},
		{"a width too large", "GET", "/tile/0/001.p/256", 404, "text/plain; charset=utf-8", "no-store"},
		{"another way to write a number", "GET", "/tile/00/000", 404, "text/plain; charset=utf-8", "no-store"},
		{"writing", "PUT", "/checkpoint", 405, "text/plain; charset=utf-8", "no-store"},
		{"writing an entry", "POST", "/tile/entries/000", 405, "text/plain; charset=utf-8", "no-store"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			status, h, _ := get(t, c.method, url+c.path, nil)
			if status != c.status || h.Get("Content-Type") != c.kind || h.Get("Cache-Control") != c.keep {
				t.Errorf("%d, %q, %q", status, h.Get("Content-Type"), h.Get("Cache-Control"))
			}
		})
	}
	t.Run("the same again", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{"/checkpoint", "/births", "/tile/0/000", "/tile/entries/000", "/birth/3.tlog-proof"} {
			_, h, _ := get(t, "GET", url+path, nil)
			if status, _, b := get(t, "GET", url+path, map[string]string{"If-None-Match": h.Get("Etag")}); status != 304 || len(b) > 0 {
				t.Errorf("%s: %d, %d bytes", path, status, len(b))
			}
		}
	})
	t.Run("a part", func(t *testing.T) {
		t.Parallel()
		_, _, all := get(t, "GET", url+"/births", nil)
		status, _, b := get(t, "GET", url+"/births", map[string]string{"Range": "bytes=10-"})
		if status != 206 || !bytes.Equal(b, all[10:]) {
			t.Errorf("%d, %q", status, b)
		}
		if status, _, _ := get(t, "GET", url+"/births", map[string]string{"Range": "bytes=999999-"}); status != 416 {
			t.Errorf("%d behind the end", status)
		}
	})
	t.Run("compressed", func(t *testing.T) {
		t.Parallel()
		_, plain, a := get(t, "GET", url+"/tile/entries/000", nil)
		_, h, b := get(t, "GET", url+"/tile/entries/000", map[string]string{"Accept-Encoding": "gzip"})
		if h.Get("Content-Encoding") != "gzip" || len(b) >= len(a) || h.Get("Etag") == plain.Get("Etag") {
			t.Errorf("%v, %d of %d bytes", h, len(b), len(a))
		}
	})
}

func get(t *testing.T, method, url string, head map[string]string) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "identity")
	for k, v := range head {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}
