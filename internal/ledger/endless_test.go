package ledger_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/ledger"
)

// births has the births of a log changed by whoever serves it: more writes what
// follows those that are right, as long as somebody listens.
func births(good http.Handler, more func(right []byte, write func([]byte) bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/births" {
			good.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		ask := r.Clone(r.Context())
		ask.Header.Del("Range")
		good.ServeHTTP(rec, ask)
		more(rec.Body.Bytes(), func(b []byte) bool { _, err := w.Write(b); return err == nil })
	}
}

// A source that repeats what the log once signed, without end, ends the work of
// whoever reads it.
func TestEndlessBirths(t *testing.T) {
	t.Parallel()
	p, k, dir := newLog(t, nil)
	fill(t, p, 0, 2)
	fill(t, p, 2, 4)
	fill(t, p, 4, 6)
	before := copied(t, dir)
	fill(t, p, 6, 8)
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	good, err := ledger.Handler(dir, k.vkey)
	if err != nil {
		t.Fatal(err)
	}
	first := func(b []byte) []byte {
		at := bytes.Index(b, []byte("\n\n"))
		return b[:at+2+bytes.Index(b[at+2:], []byte("\n\n"))+2]
	}
	for _, c := range []struct {
		name string
		more func(right []byte, write func([]byte) bool)
	}{
		{"the first one for ever", func(b []byte, write func([]byte) bool) {
			for write(bytes.Repeat(first(b), 1000)) {
			}
		}},
		{"all of them for ever", func(b []byte, write func([]byte) bool) {
			for write(bytes.Repeat(b, 300)) {
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(births(good, c.more))
			defer s.Close()
			ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
			defer stop()
			r := reader(t, k, s.URL)
			_, err := r.Birth(ctx, 7)
			wantID(t, err, "births-wrong")
			// A copy that has some of the births, and one that has none.
			_, err = ledger.Mirror(ctx, r, copyOf(t, k, before), nil, nil)
			wantID(t, err, "births-wrong")
			_, err = ledger.Mirror(ctx, r, filepath.Join(t.TempDir(), "new"), nil, nil)
			wantID(t, err, "births-wrong")
		})
	}
}

// copyOf is a copy of a log in a folder.
func copyOf(t *testing.T, k keys, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if _, err := ledger.Mirror(t.Context(), reader(t, k, dir), to, nil, nil); err != nil {
		t.Fatal(err)
	}
	return to
}

// The first checkpoint that covers an entry is that, whatever order the source
// has them in.
func TestBirthsInDisorder(t *testing.T) {
	t.Parallel()
	p, k, dir := newLog(t, nil)
	for n := range 4 {
		fill(t, p, n, n+1)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, "births"), func(b []byte) []byte {
		l := bytes.SplitAfter(b, []byte("\n\n")) // text and signatures, one after the other
		one, two := bytes.Join(l[0:2], nil), bytes.Join(l[2:4], nil)
		return bytes.Join([][]byte{two, one, bytes.Join(l[4:], nil)}, nil)
	})
	_, err := reader(t, k, dir).Birth(t.Context(), 3)
	wantID(t, err, "births-wrong")
}

// What is no plain file in the folder of a log is not there; nobody waits for
// the other end of a pipe, and nothing outside is read.
func TestHostileFolder(t *testing.T) {
	t.Parallel()
	k, dir := closed(t, 300)
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]func(name string) error{
		"a pipe":         func(name string) error { return syscall.Mkfifo(name, 0o644) },
		"a folder":       func(name string) error { return os.Mkdir(name, 0o755) },
		"a link outside": func(name string) error { return os.Symlink(outside, name) },
		"a link to a device": func(name string) error {
			return os.Symlink("/dev/zero", name)
		},
		"a link to itself": func(name string) error { return os.Symlink(filepath.Base(name), name) },
	}
	for kind, put := range kinds {
		for _, file := range []string{"checkpoint", "births", "tile/entries/001.p/44", "tile/0/001.p/44"} {
			t.Run(kind+" in place of "+file, func(t *testing.T) {
				t.Parallel()
				dir := copied(t, dir)
				name := filepath.Join(dir, filepath.FromSlash(file))
				if err := os.Remove(name); err != nil {
					t.Fatal(err)
				}
				if err := put(name); err != nil {
					t.Fatal(err)
				}
				to := filepath.Join(t.TempDir(), "copy")
				done := make(chan error, 1)
				go func() {
					_, err := ledger.Mirror(t.Context(), reader(t, k, dir), to, nil, nil)
					done <- err
				}()
				select {
				case err := <-done:
					if idOf(err) == "" || strings.Contains(err.Error(), "secret") {
						t.Errorf("got %v, want a named error", err)
					}
				case <-time.After(20 * time.Second):
					t.Fatal("it still waits")
				}
				h, err := ledger.Handler(dir, k.vkey)
				if err != nil {
					t.Fatal(err)
				}
				s := httptest.NewServer(h)
				defer s.Close()
				c := http.Client{Timeout: 20 * time.Second}
				resp, err := c.Get(s.URL + "/" + file)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if b, _ := io.ReadAll(resp.Body); bytes.Contains(b, []byte("secret")) || len(b) > 1000 {
					t.Errorf("%s is served: %d, %d bytes", file, resp.StatusCode, len(b))
				}
			})
		}
	}
}
