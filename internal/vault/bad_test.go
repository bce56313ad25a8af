package vault_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// endless gives as many bytes as there are, and counts what was taken.
type endless struct{ left, taken int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.left)
	clear(p[:n])
	e.left -= n
	e.taken += n
	return int(n), nil
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// at calls f when so many bytes were read.
type at struct {
	io.Reader
	n int64
	f func()
}

func (a *at) Read(p []byte) (int, error) {
	if a.n <= 0 && a.f != nil {
		a.f()
		a.f = nil
	}
	n, err := a.Reader.Read(p[:min(len(p), 1000)])
	a.n -= int64(n)
	return n, err
}

// Whatever is wrong with what comes in has its name, and nothing of it stays.
func TestBadInput(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		const most = 8 << 20
		b := patterned(200_000)
		ten := &endless{left: 10 << 30}
		ctx, cancel := context.WithCancel(t.Context())
		for _, c := range []struct {
			name, id string
			change   func(in *vault.Put)
			r        io.Reader
			ctx      context.Context
		}{
			{name: "another hash", id: "vault-hash", change: func(in *vault.Put) { in.Want = digest([]byte("another")) }},
			{name: "another hash, secret", id: "vault-hash", change: func(in *vault.Put) { in.Class, in.Want = iotmark.Secret, digest([]byte("another")) }},
			{name: "fewer bytes than announced", id: "vault-truncated", change: func(in *vault.Put) { in.Size = int64(len(b)) + 1 }},
			{name: "more bytes than announced", id: "vault-length", change: func(in *vault.Put) { in.Size = int64(len(b)) - 1 }},
			{name: "the connection breaks", id: "vault-truncated", r: io.MultiReader(bytes.NewReader(b), iotest.ErrReader(io.ErrUnexpectedEOF))},
			{name: "the file fails", id: "vault-input", r: io.MultiReader(bytes.NewReader(b), iotest.ErrReader(errors.New("cable pulled")))},
			{name: "it never goes on", id: "vault-input", r: stuck{}},
			{name: "10 GB, announced", id: "vault-too-large", change: func(in *vault.Put) { in.Size = 10 << 30 }, r: iotest.ErrReader(errors.New("nobody may read it"))},
			{name: "10 GB, not announced", id: "vault-too-large", r: ten},
			{name: "one byte too many", id: "vault-too-large", r: &endless{left: most + 1}},
			{name: "the caller gives up", id: context.Canceled.Error(), r: &at{bytes.NewReader(b), 100_000, cancel}, ctx: ctx},
			{name: "no class", id: "vault-class", change: func(in *vault.Put) { in.Class = "" }},
			{name: "an unknown class", id: "vault-class", change: func(in *vault.Put) { in.Class = "top-secret" }},
			{name: "nobody", id: "vault-text", change: func(in *vault.Put) { in.By = "" }},
			{name: "no name in the case", id: "vault-text", change: func(in *vault.Put) { in.Name = "" }},
			{name: "a name on two lines", id: "vault-text", change: func(in *vault.Put) { in.Name = "a\nb" }},
			{name: "a name that is no text", id: "vault-text", change: func(in *vault.Put) { in.Name = "a\xff" }},
			{name: "a very long name", id: "vault-text", change: func(in *vault.Put) { in.Name = strings.Repeat("a", 2000) }},
			{name: "a type on two lines", id: "vault-text", change: func(in *vault.Put) { in.Type = "text/\nplain" }},
			{name: "a path as digest", id: "vault-digest", change: func(in *vault.Put) { in.Want = "../../../../etc/passwd" }},
			{name: "a digest in capitals", id: "vault-digest", change: func(in *vault.Put) { in.Want = iotmark.Digest(strings.ToUpper(string(digest(b)))) }},
			{name: "a size below nothing", id: "vault-length", change: func(in *vault.Put) { in.Size = -1 }},
		} {
			in, r, ctx := putting("a.bin"), c.r, c.ctx
			if c.change != nil {
				c.change(&in)
			}
			if r == nil {
				r = bytes.NewReader(b)
			}
			if ctx == nil {
				ctx = t.Context()
			}
			t.Run(c.name, func(t *testing.T) {
				p, err := w.Put(ctx, in, r)
				wantID(t, err, c.id)
				if p != (vault.Piece{}) {
					t.Errorf("got %+v with the error", p)
				}
				w.nothing(t)
			})
		}
		if ten.taken > most+64<<10 {
			t.Errorf("%d bytes of 10 GB were read; the limit is %d", ten.taken, int64(most))
		}
		for name, in := range map[string]vault.Put{
			"vault-bytes":  {By: "ann", Class: iotmark.Restricted, Want: digest(b), Size: 1},
			"vault-digest": {By: "ann", Class: iotmark.Secret},
		} {
			_, err := w.Put(t.Context(), in, nil)
			wantID(t, err, name)
		}
		w.nothing(t)

		// The most that fits does.
		p, err := w.Put(t.Context(), putting("a.bin"), &endless{left: most})
		if err != nil || p.Size != most {
			t.Errorf("got %+v, %v", p, err)
		}
		w.sound(t, 1)
	})
}

// A reader that panics is the caller's; what it had given is swept.
func TestPanic(t *testing.T) {
	t.Parallel()
	w := local(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		w.Put(t.Context(), putting("a.bin"), &at{bytes.NewReader(patterned(200_000)), 100_000, func() { panic("broken") }})
	}()
	if o := w.objects(); len(o) != 0 {
		t.Errorf("objects stayed: %q", o)
	}
	w.clock.Add(25)
	if n, err := w.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	w.nothing(t)
}

// An archive of one gigabyte of nothing is a piece of one megabyte: it is kept
// as it is and never unpacked.
func TestZipBomb(t *testing.T) {
	t.Parallel()
	w := local(t)
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	f, err := z.Create("zeros")
	must(t, err)
	_, err = io.Copy(f, &endless{left: 1 << 30})
	must(t, err)
	must(t, z.Close())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p := w.put(putting("bomb.zip"), bomb.Bytes())
	runtime.ReadMemStats(&after)
	if p.Size != int64(bomb.Len()) || p.Type != "application/zip" || p.Disguised() {
		t.Errorf("got %+v", p)
	}
	got, err := w.read(reader, p.Digest)
	if err != nil || !bytes.Equal(got, bomb.Bytes()) {
		t.Errorf("%d bytes came out, %v", len(got), err)
	}
	var stored int64
	for _, o := range w.objects() {
		st, err := os.Stat(o)
		must(t, err)
		stored += st.Size()
	}
	if over := stored - p.Size; over < 0 || over > 2000 {
		t.Errorf("%d bytes are stored for %d", stored, p.Size)
	}
}

func TestDisguised(t *testing.T) {
	t.Parallel()
	w := local(t)
	pdf, elf := []byte("%PDF-1.7\n1 0 obj"), append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 100)...)
	tar := make([]byte, 1024)
	copy(tar[257:], "ustar")
	for i, c := range []struct {
		name, said string
		b          []byte
		typ        string
		disguised  bool
	}{
		{"report.pdf", "", pdf, "application/pdf", false},
		{"report.pdf", "application/pdf", pdf, "application/pdf", false},
		{"report.txt", "application/pdf", pdf, "application/pdf", false}, // what was said counts before the name
		{"photo.jpg", "", elf, "application/x-elf", true},
		{"photo.JPG", "", pdf, "application/pdf", true},
		{"report.pdf", "", []byte("<html><script>"), "text/html", true},
		{"report.pdf", "", []byte{1, 2, 3, 0}, "application/octet-stream", true},
		{"notes.txt", "", elf, "application/x-elf", true},
		{"notes.txt", "text/plain; charset=utf-8", []byte("hello"), "text/plain", false},
		{"sbom.json", "", []byte(" {\"a\": 1}"), "application/json", false},
		{"sbom.json", "application/vnd.cyclonedx+json", []byte("{}"), "application/json", false},
		{"list.csv", "", []byte("a,b\n1,2\n"), "text/plain", false},
		{"a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", []byte("PK\x03\x04...."), "application/zip", false},
		{"a.apk", "", []byte("PK\x03\x04...."), "application/zip", false},
		{"a.tgz", "application/gzip", []byte("\x1f\x8b\x08...."), "application/x-gzip", false},
		{"a.tar", "", tar, "application/x-tar", false},
		{"firmware.bin", "", elf, "application/x-elf", false}, // nothing was said
		{"firmware.bin", "application/octet-stream", elf, "application/x-elf", false},
		{"a.fw", "application/vnd.acme.firmware", []byte{1, 2, 3, 0}, "application/octet-stream", false}, // nothing is known of it
		{"empty.txt", "", nil, "text/plain", false},
	} {
		in := putting(c.name)
		in.Case, in.Type = fmt.Sprint("case-", i), c.said
		p := w.put(in, c.b)
		if p.Type != c.typ || p.Disguised() != c.disguised {
			t.Errorf("%s said %q: got %s, said %q, disguised %v", c.name, c.said, p.Type, p.Declared, p.Disguised())
		}
		ps, err := w.Pieces(t.Context(), in.Case)
		if err != nil || len(ps) != 1 || ps[0].Disguised() != c.disguised {
			t.Errorf("%s: the case tells %+v, %v", c.name, ps, err)
		}
	}
}

// Many who hand in the same file at once, through two programs, make one
// piece; each is told.
func TestSameFileAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		w := newWorld(t, address)
		c := w.config()
		c.DB = storetest.Open(t, address)
		vaults := []*vault.Vault{w.Vault, w.open(c)}
		b := patterned(300_000)
		var wg sync.WaitGroup
		var mu sync.Mutex
		first := 0
		for i := range 10 {
			wg.Go(func() {
				in := putting("a.bin")
				in.Case = fmt.Sprint("case-", i)
				p, err := vaults[i%2].Put(t.Context(), in, bytes.NewReader(b))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				} else if !p.Again {
					first++
				}
			})
		}
		wg.Wait()
		if n := len(w.objects()); first != 1 || n != 1 {
			t.Errorf("%d were the first, %d objects are there", first, n)
		}
		if n := w.rows("vault_binding"); n != 10 {
			t.Errorf("%d cases have it", n)
		}
		w.sound(t, 1)
	})
}

// The folder goes away while the program runs, as a disk that is unmounted:
// it is not made again, and all is well when it comes back.
func TestFolderGone(t *testing.T) {
	t.Parallel()
	w := local(t)
	p := w.put(putting("a.bin"), patterned(100))
	away := w.dir + ".away"
	must(t, os.Rename(w.dir, away))
	tries := func(id string) {
		t.Helper()
		_, err := w.Put(t.Context(), putting("b.bin"), bytes.NewReader(patterned(50)))
		wantID(t, err, id)
		_, err = w.read(reader, p.Digest)
		wantID(t, err, id)
		_, err = w.Sweep(t.Context())
		wantID(t, err, id)
		_, err = w.Fsck(t.Context(), nil)
		wantID(t, err, id)
	}
	tries("vault-unreachable")
	if _, err := os.Stat(w.dir); !os.IsNotExist(err) {
		t.Errorf("the folder was made again: %v", err)
	}
	must(t, os.Mkdir(w.dir, 0o700)) // the place where the disk is mounted
	tries("vault-unreachable")
	_, err := vault.Open(t.Context(), w.config())
	wantID(t, err, "vault-elsewhere")
	must(t, os.Remove(w.dir))
	must(t, os.Rename(away, w.dir))
	if _, err := w.read(reader, p.Digest); err != nil {
		t.Error(err)
	}
	w.sound(t, 1)
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	w := local(t)
	w.put(putting("a.bin"), patterned(100))
	other := local(t)
	other.put(putting("a.bin"), patterned(100))
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, []byte("x"), 0o600))
	fresh := func() *store.DB { return storetest.Open(t, filepath.Join(t.TempDir(), "new.db")) }
	readable := newKey(t)
	must(t, os.Chmod(readable, 0o644))
	for _, c := range []struct {
		name, id string
		change   func(c *vault.Config)
	}{
		{"no place", "vault-address", func(c *vault.Config) { c.Bucket = "" }},
		{"no text", "vault-address", func(c *vault.Config) { c.Bucket = "a\x00b" }},
		{"a kind of place that is not built in", "vault-address", func(c *vault.Config) { c.Bucket = "gopher://bucket" }},
		{"a file as place", "vault-unreachable", func(c *vault.Config) { c.Bucket = file }},
		{"below a folder that is not there", "vault-unreachable", func(c *vault.Config) { c.Bucket = filepath.Join(t.TempDir(), "mnt", "evidence") }},
		{"the evidence of another database", "vault-elsewhere", func(c *vault.Config) { c.Bucket = other.dir }},
		{"an empty folder", "vault-elsewhere", func(c *vault.Config) { c.Bucket = filepath.Join(t.TempDir(), "new") }},
		{"a new database", "vault-elsewhere", func(c *vault.Config) { c.DB = fresh() }},
		{"no key", "vault-key-missing", func(c *vault.Config) { c.Keys = nil }},
		{"another key", "vault-key-missing", func(c *vault.Config) { c.Keys = []string{newKey(t)} }},
		{"a key that is not there", "key-missing", func(c *vault.Config) { c.Keys = []string{file + ".gone"} }},
		{"a file that is no key", "identity-unknown", func(c *vault.Config) { c.Keys = []string{file} }},
		{"a key that others may read", "key-open", func(c *vault.Config) { c.Keys = []string{readable} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := w.config()
			c.change(&cfg)
			v, err := vault.Open(t.Context(), cfg)
			if err == nil {
				v.Close()
			}
			wantID(t, err, c.id)
		})
	}
	w.sound(t, 1) // and none of it did any harm
	other.sound(t, 1)
}

// Two programs that start at once on nothing have one vault.
func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		db := storetest.Open(t, address)
		dir, key := filepath.Join(t.TempDir(), "evidence"), newKey(t)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				v, err := vault.Open(t.Context(), vault.Config{Bucket: dir, DB: db, Keys: []string{key}})
				if err == nil {
					v.Close()
				} else if storetest.ErrorID(err) != "vault-elsewhere" { // told to start again
					t.Error(err)
				}
			})
		}
		wg.Wait()
		v, err := vault.Open(t.Context(), vault.Config{Bucket: dir, DB: db, Keys: []string{key}})
		must(t, err)
		v.Close()
	})
}
