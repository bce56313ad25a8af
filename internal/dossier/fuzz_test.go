package dossier_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/dossier"
)

// FuzzDeclaration: any bytes are accepted or told about with ids and words,
// soon; and what is accepted can be written and read back.
func FuzzDeclaration(f *testing.F) {
	for _, g := range []string{example + "/*.yaml", example + "/bad/*.yaml"} {
		files, err := filepath.Glob(g)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	for _, s := range []string{aliasBomb(), "\xff\xfe", "a: !!binary x", "a: [", "? [a]\n: b", "<<: {}", "a: &a *a", "claims: {x: [}", "---\n---\n", "a:\n\tb: c", "%YAML 1.2\n---\na: 1", "facts: {has_app: yes}", "evidence: [{id: a}, {id: a}]", "a: |+\n\n\n", `a: "\N\L"`, "a: x\u0085b: y", "{\"a\": 1}"} {
		f.Add([]byte(s))
	}
	cat := load(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		start := time.Now()
		d, err := dossier.Read("iotmark.yaml", b, cat)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("took %s for %d bytes", took, len(b))
		}
		if err != nil {
			sound(t, err)
			return
		}
		w, err := dossier.Write(d.Declaration, cat, "")
		if err != nil {
			t.Fatal(err)
		}
		again, err := dossier.Read("iotmark.yaml", w, cat)
		if err != nil {
			t.Fatalf("what was written is not read back: %v\n%s", err, w)
		}
		again.Declaration.Facts, d.Declaration.Facts = nil, nil // unknown ones are written out
		if diff := cmp.Diff(d.Declaration, again.Declaration, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("got (-want +got)\n%s", diff)
		}
	})
}

// sound holds what must be true of everything that is told.
func sound(t testing.TB, err error) {
	t.Helper()
	for _, e := range errorsOf(t, err) {
		if e.ID == "" || e.Msg == "" || iotmark.ExitCode(e) != 2 {
			t.Errorf("%+v", e)
		}
		for _, r := range e.Error() {
			if r < 0x20 || r == 0x7f {
				t.Errorf("control character %x in %q", r, e.Error())
			}
		}
		if len(e.Error()) > 20_000 {
			t.Errorf("a message of %d bytes", len(e.Error()))
		}
	}
}

// FuzzArchive: any bytes as a zip, tar or tar.gz are accepted or told about,
// and what is accepted can be read to its end.
func FuzzArchive(f *testing.F) {
	ms := []member{{name: "p/iotmark.yaml", content: evidence(f, "path: a.txt", "path: b/c.bin", "path: b")}, {name: "p/a.txt", content: "abc"}, {name: "p/b/c.bin", content: "\x00\x01"}}
	for _, b := range formats(f, ms...) {
		f.Add(b)
	}
	f.Add(rawZip(stored("iotmark.yaml", evidence(f, "path: a.txt")), stored("a.txt", "abc")))
	f.Add(makeZip(f))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("PK\x05\x06" + string(make([]byte, 18))))
	f.Add(gz(f, []byte("x")))
	f.Add(make([]byte, 1024))
	cat := load(f)
	o := dossier.Options{AsOf: today, MaxOut: 8 << 20, MaxEntries: 100}
	f.Fuzz(func(t *testing.T, b []byte) {
		name := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		d, err := dossier.Open(name, cat, o)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("took %s for %d bytes", took, len(b))
		}
		if err != nil {
			sound(t, err)
			return
		}
		defer d.Close()
		for _, it := range d.Items {
			c, err := it.Open()
			if err != nil {
				sound(t, err)
				continue
			}
			if n, err := io.Copy(io.Discard, io.NewSectionReader(c, 0, it.Size)); err != nil || n != it.Size {
				t.Errorf("%s: %d of %d bytes, %v", it.ID, n, it.Size, err)
			}
			c.Close()
		}
	})
}
