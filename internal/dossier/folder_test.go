package dossier_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/dossier"
)

// put writes a file below dir.
func put(t testing.TB, dir, name, content string) string {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// evidence returns the minimal declaration with evidence; each line is what
// stands between the braces after id, kind and title.
func evidence(t testing.TB, lines ...string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(minimal(t) + "evidence:\n")
	for i, l := range lines {
		fmt.Fprintf(&b, "  - {id: e%d, kind: document, title: Text, %s}\n", i+1, l)
	}
	return b.String()
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// within fails the test when do hangs.
func within(t testing.TB, limit time.Duration, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(limit):
		t.Errorf("hangs after %s", limit)
		runtime.Goexit()
	}
}

// TestStandings holds the standing of each way in which evidence can be there
// or not.
func TestStandings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	outside := t.TempDir()
	put(t, outside, "secret.txt", "secret")
	put(t, dir, "a.txt", "abc")
	put(t, dir, "sub/inner.txt", "inner")
	put(t, dir, "empty.txt", "")
	for _, l := range [][2]string{{filepath.Join(outside, "secret.txt"), "link.txt"}, {outside, "linked"}, {"a.txt", "fine.txt"}, {"loop", "loop"}, {"../" + filepath.Base(dir) + "/a.txt", "back.txt"}} {
		if err := os.Symlink(l[0], filepath.Join(dir, l[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	hash := "sha256: " + sum("abc")
	cases := []struct {
		line     string
		standing iotmark.Standing
		id       iotmark.ErrorID
		field    string
	}{
		{"path: a.txt", iotmark.Held, "", ""},
		{"path: a.txt, " + hash, iotmark.Held, "", ""},
		{"path: fine.txt, " + hash, iotmark.Held, "", ""},
		{"path: a.txt, visibility: secret, " + hash, iotmark.Held, "", ""},
		{"path: a.txt, valid_until: 2026-11-22, " + hash, iotmark.Held, "", ""},
		{"path: a.txt, sha256: " + sum("other"), iotmark.Differs, "hash-differs", "evidence.e6.sha256"},
		{"path: a.txt, visibility: secret, sha256: " + sum("other"), iotmark.Differs, "hash-differs", "evidence.e7.sha256"},
		{"path: a.txt, valid_until: 2026-11-21, sha256: " + sum("other"), iotmark.Expired, "evidence-expired", "evidence.e8"},
		{"path: none.txt", iotmark.Missing, "file-missing", "evidence.e9.path"},
		{"path: a.txt/none.txt", iotmark.Missing, "file-missing", "evidence.e10.path"},
		{"path: none.txt, visibility: restricted", iotmark.Withheld, "", ""},
		{"path: none.txt, visibility: secret", iotmark.Withheld, "", ""},
		{"path: none.txt, url: \"https://lumo.example\"", iotmark.Missing, "file-missing", "evidence.e13.path"},
		{"url: \"https://lumo.example\"", iotmark.Elsewhere, "", ""},
		{"url: \"https://lumo.example\", " + hash, iotmark.Elsewhere, "", ""},
		{"url: \"https://lumo.example\", valid_until: 2020-01-01", iotmark.Expired, "evidence-expired", "evidence.e16"},
		{hash, iotmark.Withheld, "", ""},
		{"path: link.txt", iotmark.Unopened, "link-outside", "evidence.e18.path"},
		{"path: linked/secret.txt", iotmark.Unopened, "link-outside", "evidence.e19.path"},
		{"path: back.txt", iotmark.Unopened, "link-outside", "evidence.e20.path"},
		{"path: link.txt, visibility: secret", iotmark.Unopened, "link-outside", "evidence.e21.path"},
		{"path: loop", iotmark.Unopened, "file-unreadable", "evidence.e22.path"},
		{"path: pipe", iotmark.Unopened, "not-a-file", "evidence.e23.path"},
		{"path: sub", iotmark.Unopened, "not-a-file", "evidence.e24.path"},
		{"path: empty.txt", iotmark.Unopened, "evidence-empty", "evidence.e25.path"},
		{"path: empty.txt, sha256: " + sum(""), iotmark.Unopened, "evidence-empty", "evidence.e26.path"},
		{"path: empty.txt, visibility: secret, sha256: " + sum(""), iotmark.Unopened, "evidence-empty", "evidence.e27.path"},
		{"path: empty.txt, sha256: " + sum("abc"), iotmark.Differs, "hash-differs", "evidence.e28.sha256"},
	}
	var lines []string
	for _, c := range cases {
		lines = append(lines, c.line)
	}
	put(t, dir, "iotmark.yaml", evidence(t, lines...))
	within(t, 20*time.Second, func() {
		d, err := dossier.Open(dir, load(t), opt)
		if err != nil {
			t.Error(err)
			return
		}
		defer d.Close()
		for i, it := range d.Items {
			c := cases[i]
			var id iotmark.ErrorID
			var field string
			if it.Problem != nil {
				id, field = it.Problem.ID, it.Problem.Field
				if want := fmt.Sprintf("iotmark.yaml:%d:", 20+i); !strings.HasPrefix(it.Problem.Pos, want) {
					t.Errorf("%s: position %s, want %s", c.line, it.Problem.Pos, want)
				}
			}
			if it.Standing != c.standing || id != c.id || field != c.field {
				t.Errorf("%s: got %s %q %q, want %s %q %q", c.line, it.Standing, id, field, c.standing, c.id, c.field)
			}
			f, err := it.Open()
			if it.Standing == iotmark.Held {
				b := make([]byte, 3)
				if err != nil {
					t.Errorf("%s: %v", c.line, err)
				} else if _, err := f.ReadAt(b, 0); err != nil || string(b) != "abc" || it.Size != 3 || string(it.Actual) != sum("abc") {
					t.Errorf("%s: read %q, %v, size %d", c.line, b, err, it.Size)
				}
			}
			if (it.Standing == iotmark.Unopened || it.Standing == iotmark.Missing || it.Standing == iotmark.Withheld) && err == nil {
				t.Errorf("%s: opens", c.line)
			}
			if err == nil {
				f.Close()
			}
		}
	})
}

// TestChangedBetween: bytes that are not those that were hashed are not read.
func TestChangedBetween(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a.txt", "abc")
	put(t, dir, "iotmark.yaml", evidence(t, "path: a.txt"))
	d, err := dossier.Open(dir, load(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	put(t, dir, "a.txt", "abcd")
	if _, err := d.Items[0].Open(); err == nil || errorsOf(t, err)[0].ID != "file-changed" {
		t.Errorf("got %v, want file-changed", err)
	}
}

// TestLimits of a folder.
func TestLimits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a.txt", "abc")
	put(t, dir, "iotmark.yaml", evidence(t, "path: a.txt"))
	cat := load(t)
	d, err := dossier.Open(dir, cat, dossier.Options{AsOf: today, MaxFile: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if p := d.Items[0].Problem; p == nil || p.ID != "file-too-large" || !strings.Contains(p.Msg, "2 bytes") {
		t.Errorf("got %v, want file-too-large", p)
	}
	put(t, dir, "iotmark.yaml", "# "+strings.Repeat("x", 1<<20)+"\n"+minimal(t))
	_, err = dossier.Open(dir, cat, opt)
	if e := errorsOf(t, err)[0]; e.ID != "declaration-too-large" || !strings.Contains(e.Msg, "1 MiB") {
		t.Errorf("got %v, want declaration-too-large", e)
	}
}

// TestTotal: the evidence of one dossier is hashed up to a limit, in the order
// of the declaration, and a file with several names once.
func TestTotal(t *testing.T) {
	t.Parallel()
	decl := evidence(t, "path: z.txt", "path: a.txt", "path: z.txt", "path: y.txt", "path: small.txt", "path: huge.txt")
	ms := []member{
		{name: "iotmark.yaml", content: decl},
		{name: "a.txt", content: strings.Repeat("a", 60)},
		{name: "huge.txt", content: strings.Repeat("h", 90)},
		{name: "small.txt", content: "abc"},
		{name: "y.txt", content: strings.Repeat("y", 30)},
		{name: "z.txt", content: strings.Repeat("z", 60)},
	}
	dir := t.TempDir()
	for _, m := range ms {
		put(t, dir, m.name, m.content)
	}
	places := map[string]string{"folder": dir}
	for format, b := range formats(t, ms...) {
		places[format] = put(t, t.TempDir(), "x", string(b))
	}
	want := []string{
		"held", // declared first, though not first by name
		"evidence.e2.path: a.txt, together with the evidence before it, is larger than 100 bytes, which is more than is read. Name the largest files by their SHA-256.",
		"held", // the same file again
		"held",
		"held",
		"evidence.e6.path: huge.txt is larger than 80 bytes, which is more than is read. Split it, or name it by its SHA-256.",
	}
	for name, p := range places {
		d, err := dossier.Open(p, load(t), dossier.Options{AsOf: today, MaxFile: 80, MaxTotal: 100})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, it := range d.Items {
			if it.Problem == nil {
				got = append(got, string(it.Standing))
				continue
			}
			got = append(got, it.Problem.Msg)
			if it.Standing != iotmark.Unopened || it.Problem.ID != "file-too-large" {
				t.Errorf("%s: %s is %s, %s", name, it.ID, it.Standing, it.Problem.ID)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", name, diff)
		}
		d.Close()
	}
}

// TestHashedOnce: links to one file cost one hash, and each of them opens.
func TestHashedOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := put(t, dir, "a.txt", "abc")
	if err := os.Link(p, filepath.Join(dir, "hard.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.txt", filepath.Join(dir, "soft.txt")); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "iotmark.yaml", evidence(t, "path: a.txt", "path: hard.txt", "path: soft.txt", "path: a.txt"))
	d, err := dossier.Open(dir, load(t), dossier.Options{AsOf: today, MaxTotal: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, it := range d.Items {
		f, err := it.Open()
		if it.Standing != iotmark.Held || string(it.Actual) != sum("abc") || err != nil {
			t.Errorf("%s: %s, %v, %v", it.ID, it.Standing, it.Problem, err)
			continue
		}
		f.Close()
	}
}

// TestSparse: files that claim to be huge are not hashed.
func TestSparse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var lines []string
	for i := range 8 {
		p := put(t, dir, fmt.Sprintf("s%d.bin", i), "")
		if err := os.Truncate(p, 4<<30); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, "path: "+filepath.Base(p))
	}
	put(t, dir, "iotmark.yaml", evidence(t, lines...))
	within(t, 20*time.Second, func() {
		d, err := dossier.Open(dir, load(t), opt)
		if err != nil {
			t.Error(err)
			return
		}
		defer d.Close()
		for _, it := range d.Items {
			if it.Standing != iotmark.Unopened || it.Problem.ID != "file-too-large" || !strings.Contains(it.Problem.Msg, "2 GiB") {
				t.Errorf("%s: %s, %v", it.ID, it.Standing, it.Problem)
			}
		}
	})
}

// TestWrongPlace holds what is told when there is no dossier at a path.
func TestWrongPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mkdir := func(name string) string {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(p, 0o755); err != nil {
			t.Fatal(err)
		}
		return p
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	inner := mkdir("inner")
	put(t, inner, "product/iotmark.yaml", minimal(t))
	named := mkdir("named")
	put(t, named, "IoTMark.yaml", minimal(t))
	other := mkdir("other")
	put(t, other, "readme.txt", "x")
	twice := mkdir("twice")
	put(t, twice, "iotmark.yaml", minimal(t))
	put(t, twice, "iotmark.yml", minimal(t))
	folder := mkdir("folder")
	mkdir("folder/iotmark.yaml")
	waiting := mkdir("waiting")
	if err := syscall.Mkfifo(filepath.Join(waiting, "iotmark.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	linked := mkdir("linked")
	if err := os.Symlink(filepath.Join(named, "IoTMark.yaml"), filepath.Join(linked, "iotmark.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		id         iotmark.ErrorID
		has        []string
	}{
		{"nothing there", filepath.Join(dir, "none"), "path-missing", []string{"iotmark init"}},
		{"empty folder", mkdir("empty"), "dossier-empty", []string{"nothing in this folder", "iotmark init"}},
		{"folder without declaration", other, "declaration-missing", []string{"no iotmark.yaml", "iotmark init"}},
		{"one folder too high", inner, "declaration-missing", []string{"There is one in product."}},
		{"another name", named, "declaration-missing", []string{"There is IoTMark.yaml: rename it"}},
		{"a file where a folder was meant", filepath.Join(other, "readme.txt"), "not-a-dossier", []string{"this is a file", "iotmark init"}},
		{"a pipe", pipe, "not-a-dossier", []string{"this is a pipe"}},
		{"a device", "/dev/zero", "not-a-dossier", []string{"this is a device"}},
		{"two declarations", twice, "declaration-twice", []string{"Keep one"}},
		{"the declaration is a folder", folder, "declaration-not-a-file", []string{"a folder"}},
		{"the declaration is a pipe", waiting, "declaration-not-a-file", []string{"a pipe"}},
		{"the declaration is a link out", linked, "link-outside", []string{"leads out"}},
		{"an xz", put(t, dir, "x.xz", "\xfd7zXZ\x00rest"), "archive-unknown", []string{"an xz archive", "tar.gz"}},
		{"a rar called yaml", put(t, dir, "x.yaml", "Rar!\x1a\x07\x00"), "archive-unknown", []string{"a rar archive"}},
		{"a PDF", put(t, dir, "x.pdf", "%PDF-1.7"), "archive-unknown", []string{"a PDF"}},
		{"an empty file", put(t, dir, "zero", ""), "not-a-dossier", []string{"this is a file"}},
	} {
		within(t, 20*time.Second, func() {
			_, err := dossier.Open(c.path, load(t), opt)
			if err == nil {
				t.Errorf("%s: opens", c.name)
				return
			}
			e := errorsOf(t, err)[0]
			if e.ID != c.id {
				t.Errorf("%s: got %s %q, want %s", c.name, e.ID, e.Msg, c.id)
			}
			for _, h := range append(c.has, filepath.Base(c.path)) {
				if !strings.Contains(e.Msg, h) {
					t.Errorf("%s: %q does not say %q", c.name, e.Msg, h)
				}
			}
			if iotmark.ExitCode(err) != 2 {
				t.Errorf("%s: exit code %d", c.name, iotmark.ExitCode(err))
			}
		})
	}
}

// TestDeclarationByName: the folder of the named file is the dossier.
func TestDeclarationByName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "lamp/e/a.txt", "abc")
	p := put(t, dir, "lamp/lamp-v2.yaml", evidence(t, "path: e/a.txt"))
	d, err := dossier.Open(p, load(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Name != "lamp-v2.yaml" || d.Items[0].Standing != iotmark.Held {
		t.Error(d.Name, d.Items[0].Standing, d.Items[0].Problem)
	}
}

// TestPosition asks for fields and for what has no place of its own.
func TestPosition(t *testing.T) {
	t.Parallel()
	in := evidence(t, "path: a.txt", "path: b.txt")
	d, err := dossier.Read("iotmark.yaml", []byte(in), load(t))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][2]int{}
	for _, f := range []string{"product", "product.name", "support.updates_until", "evidence.e2", "evidence.2.path", "evidence.e1.sha256", "facts.connects_by.1", "nothing.at.all"} {
		l, c := d.Position(f)
		got[f] = [2]int{l, c}
	}
	want := map[string][2]int{
		"product": {4, 1}, "product.name": {5, 3}, "support.updates_until": {18, 3}, "evidence.e2": {21, 5}, "evidence.2.path": {21, 43},
		"evidence.e1.sha256": {20, 5}, "facts.connects_by.1": {15, 17}, "nothing.at.all": {0, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("got (-want +got)\n" + diff)
	}
}
