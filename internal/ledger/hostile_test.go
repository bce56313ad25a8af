package ledger_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/ledger"
)

// A source that does not behave as a web server should.
func TestHostileSource(t *testing.T) {
	t.Parallel()
	k, dir := closed(t, 300)
	good, err := ledger.Handler(dir, k.vkey)
	if err != nil {
		t.Fatal(err)
	}
	secret := httptest.NewServer(good) // a host that nobody named
	t.Cleanup(secret.Close)
	for _, c := range []struct {
		name  string
		serve http.HandlerFunc
		id    string
	}{
		{"all is well", good.ServeHTTP, ""},
		{"sends on to another host", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, secret.URL+r.URL.Path, http.StatusFound)
		}, "log-unreachable"},
		{"a checkpoint without end", func(w http.ResponseWriter, r *http.Request) {
			for b := bytes.Repeat([]byte("x"), 1<<16); ; {
				if _, err := w.Write(b); err != nil {
					return
				}
			}
		}, "log-file-large"},
		{"entries that grow when they are unpacked", func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/tile/entries/") {
				good.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb(t))
		}, "log-file-large"},
		{"no ranges", func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			good.ServeHTTP(w, r)
		}, ""},
		{"another range than was asked for", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				r.Header.Set("Range", "bytes=0-10")
			}
			good.ServeHTTP(w, r)
		}, ""}, // the first copy asks for none
		{"a fault", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) }, "log-unreachable"},
		{"a page in place of what is missing", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("<html>not found")) }, "checkpoint-malformed"},
		{"half an answer", func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/tile/entries/") {
				good.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Length", "5000")
			w.Write([]byte("abc"))
		}, "log-unreachable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(c.serve)
			defer s.Close()
			to := filepath.Join(t.TempDir(), "copy")
			_, err := ledger.Mirror(t.Context(), reader(t, k, s.URL), to, nil, nil)
			wantID(t, err, idFrom(c.id))
			if _, err := os.Stat(filepath.Join(to, "checkpoint")); (err == nil) != (c.id == "") {
				t.Errorf("checkpoint of the copy: %v", err)
			}
		})
	}
	for _, address := range []string{"ftp://log.example", "https://", "https://user:secret@log.example/", "https://log.example/?a", "https://log.example/#a", "http://%zz", "file:///etc"} {
		if _, err := ledger.NewReader(address, k.vkey); idOf(err) != "address-wrong" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, key := range []string{"", "x", "log.example+00000000+AAAA", strings.Replace(k.vkey, "+", "+0", 1)} {
		if _, err := ledger.NewReader(dir, key); idOf(err) != "log-key-wrong" {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// A witness that does not behave as one should is told by name, and nothing is
// published on its word.
func TestHostileWitness(t *testing.T) {
	t.Parallel()
	elsewhere := newCosigner(t, "witness.example/2", nil, nil)
	for _, c := range []struct {
		name, words string
		serve       func(c *cosigner) http.HandlerFunc
	}{
		{"nothing", "does not end with its line", func(*cosigner) http.HandlerFunc { return func(http.ResponseWriter, *http.Request) {} }},
		{"a line of somebody else", "its signature is wrong", func(*cosigner) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintln(w, "\u2014 witness.example/9 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==")
			}
		}},
		{"text that would become part of the checkpoint", "its signature is wrong", func(*cosigner) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "\n\nlog.evil.example/1\n5\n\n") }
		}},
		{"without end", "its signature is wrong|does not end", func(*cosigner) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				for b := bytes.Repeat([]byte("x"), 1<<16); ; {
					if _, err := w.Write(b); err != nil {
						return
					}
				}
			}
		}},
		{"other sizes for ever", "changes its mind", func(*cosigner) http.HandlerFunc {
			var n atomic.Int64
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/x.tlog.size")
				w.WriteHeader(409)
				fmt.Fprintln(w, 1+n.Add(1)%2)
			}
		}},
		{"a size that is none", "a size that is none", func(*cosigner) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/x.tlog.size")
				w.WriteHeader(409)
				fmt.Fprint(w, "many")
			}
		}},
		{"a size beyond ours", "has seen 900 entries", func(*cosigner) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/x.tlog.size")
				w.WriteHeader(409)
				fmt.Fprintln(w, 900)
			}
		}},
		{"sends on to another", "it answers 307", func(*cosigner) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.url+r.URL.Path, http.StatusTemporaryRedirect)
			}
		}},
		{"silence", "no answer", func(*cosigner) http.HandlerFunc {
			return func(_ http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body) // or the server does not see that nobody waits any more
				<-r.Context().Done()
			}
		}},
		{"does not know the log", "does not know this log", func(*cosigner) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }
		}},
		{"knows another key", "by another key", func(*cosigner) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }
		}},
		{"is asked too often", "asked too often", func(*cosigner) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k, dir := newKeys(t, origin), filepath.Join(t.TempDir(), "log")
			if err := ledger.Init(dir, k.signer); err != nil {
				t.Fatal(err)
			}
			w := newCosigner(t, "witness.example/1", []string{k.vkey}, nil)
			s := httptest.NewServer(c.serve(w))
			t.Cleanup(s.Close)
			w.url = s.URL
			timeout := 20 * time.Second
			if c.name == "silence" {
				timeout = 200 * time.Millisecond
			}
			p := openLog(t, k, dir, func(c *ledger.Config) { c.Policy, c.Timeout = policyOf(1, w), timeout })
			for n := range 3 {
				if _, err := p.Append(t.Context(), entry(n)); err != nil {
					t.Fatal(err)
				}
			}
			err := p.Close(t.Context())
			wantID(t, err, "quorum-unmet")
			said := fmt.Sprint(p.Health().Witnesses[0].Err)
			found := false
			for words := range strings.SplitSeq(c.words, "|") {
				found = found || strings.Contains(said, words)
			}
			if !found || !strings.Contains(said, "witness.example/1") {
				t.Errorf("it says %s, want %s", said, c.words)
			}
			if h, err := p.Head(t.Context()); err != nil || h.Size != 0 {
				t.Errorf("published %d, %v", h.Size, err)
			}
		})
	}
}

// What a log is opened with is looked at.
func TestOpenWrong(t *testing.T) {
	t.Parallel()
	k, other, dir := newKeys(t, origin), newKeys(t, origin), filepath.Join(t.TempDir(), "log")
	if err := ledger.Init(dir, k.signer); err != nil {
		t.Fatal(err)
	}
	w := newCosigner(t, "witness.example/1", []string{k.vkey}, nil)
	for _, c := range []struct {
		name   string
		change func(*ledger.Config)
		id     string
	}{
		{"no key", func(c *ledger.Config) { c.Signer = nil }, "log-key-missing"},
		{"two keys", func(c *ledger.Config) { c.Signer = other.signer }, "log-key-wrong"},
		{"the key of another log", func(c *ledger.Config) { c.Signer, c.Key = other.signer, other.vkey }, "log-signature-missing"},
		{"no log there", func(c *ledger.Config) { c.Dir = t.TempDir() }, "log-missing"},
		{"no folder there", func(c *ledger.Config) { c.Dir = filepath.Join(dir, "no") }, "log-missing"},
		{"a policy that is none", func(c *ledger.Config) { c.Policy = "quorum" }, "policy-malformed"},
		{"a policy for another log", func(c *ledger.Config) { c.Policy = "log " + other.vkey + "\nquorum none\n" }, "policy-other-log"},
		{"a quorum that nobody can be asked for", func(c *ledger.Config) { c.Policy = "witness w " + w.vkey + "\nquorum w\n" }, "policy-malformed"},
		{"a witness by another way", func(c *ledger.Config) { c.Policy = "witness w " + w.vkey + " gopher://w.example\nquorum w\n" }, "policy-malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := k.config(dir)
			c.change(&cfg)
			p, err := ledger.Open(t.Context(), cfg)
			if err == nil {
				p.Close(t.Context())
			}
			wantID(t, err, idFrom(c.id))
		})
	}
	wantID(t, ledger.Init(dir, k.signer), "log-exists")
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "a"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	wantID(t, ledger.Init(full, k.signer), "log-exists")

	p := openLog(t, k, dir, nil)
	for _, e := range [][]byte{nil, make([]byte, 65536)} {
		_, err := p.Append(t.Context(), e)
		wantID(t, err, "entry-size")
	}
	if _, err := p.Append(t.Context(), make([]byte, 65535)); err != nil {
		t.Error(err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
	_, err := p.Append(t.Context(), entry(0))
	wantID(t, err, "log-closed")
	_, err = p.Published(t.Context(), 7)
	wantID(t, err, "log-closed")
}

// Files of a log that were changed under the writer get no signature.
func TestDamaged(t *testing.T) {
	t.Parallel()
	p, k, dir := newLog(t, nil)
	fill(t, p, 0, 300)
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, "tile/1/000.p/1"), flip)
	q := openLog(t, k, dir, nil)
	if _, err := q.Append(t.Context(), entry(300)); err != nil {
		t.Fatal(err)
	}
	wantID(t, stuck(t, q, 300), "log-damaged")
	if h, err := q.Head(t.Context()); err != nil || h.Size != 300 {
		t.Errorf("published %d, %v", h.Size, err)
	}

	// A folder restored from an older copy does not take back what is published.
	p2, k2, dir2 := newLog(t, nil)
	fill(t, p2, 0, 5)
	old := copied(t, dir2)
	fill(t, p2, 5, 9)
	if err := p2.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir2, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(old, "checkpoint"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = ledger.Open(t.Context(), k2.config(old))
	wantID(t, err, "log-behind")
}

// The same tree is witnessed anew when it got old.
func TestRepublish(t *testing.T) {
	t.Parallel()
	k, dir := newKeys(t, origin), filepath.Join(t.TempDir(), "log")
	if err := ledger.Init(dir, k.signer); err != nil {
		t.Fatal(err)
	}
	w := newCosigner(t, "witness.example/1", []string{k.vkey}, nil)
	p := openLog(t, k, dir, func(c *ledger.Config) { c.Policy, c.Republish = policyOf(1, w), 30*time.Millisecond })
	fill(t, p, 0, 1)
	for n := w.asked.Load() + 3; w.asked.Load() < n; {
		p.Published(short(t), 9)
	}
	n := 0
	for h, err := range p.Births(t.Context()) {
		if err != nil || h.Size != 1 {
			t.Errorf("%d, %v", h.Size, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d births of one entry", n)
	}
}
