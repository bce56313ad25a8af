package dossier_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/dossier"
)

// member is one entry of an archive made by a test.
type member struct {
	name, content string
	mode          os.FileMode // of a zip
	typeflag      byte        // of a tar
	link          string
}

func makeZip(t testing.TB, ms ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range ms {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate}
		h.SetMode(m.mode | 0o644)
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if m.content == "" {
			continue
		}
		if _, err := io.WriteString(w, m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func makeTar(t testing.TB, ms ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range ms {
		h := &tar.Header{Name: m.name, Mode: 0o644, Size: int64(len(m.content)), Typeflag: m.typeflag, Linkname: m.link}
		if m.typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gz(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// formats packs the same members in each way that is read.
func formats(t testing.TB, ms ...member) map[string][]byte {
	t.Helper()
	tb := makeTar(t, ms...)
	return map[string][]byte{"zip": makeZip(t, ms...), "tar": tb, "tar.gz": gz(t, tb)}
}

// TestArchives reads the same dossier from every format and in every usual
// shape.
func TestArchives(t *testing.T) {
	t.Parallel()
	cat := load(t)
	big := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB: over what stays in memory
	decl := evidence(t, "path: e/a.txt, sha256: "+sum("abc"), "path: big.bin", "path: e", "path: none.txt")
	want := []string{"held 3", "held 2097152", "unreadable not-a-file", "file-missing file-missing"}
	for shape, prefix := range map[string]string{"at the top": "", "with ./": "./", "in one folder": "lamp-1.0/"} {
		ms := []member{
			{name: prefix + "big.bin", content: big},
			{name: prefix + "e/", mode: os.ModeDir, typeflag: tar.TypeDir},
			{name: prefix + "iotmark.yaml", content: decl}, // after what it names
			{name: prefix + "e/a.txt", content: "abc"},
			{name: "__MACOSX/" + prefix + "._a.txt", content: "x"},
		}
		for format, b := range formats(t, ms...) {
			// The name says nothing: the bytes are looked at.
			d, err := dossier.Open(put(t, t.TempDir(), "dossier.bin", string(b)), cat, opt)
			if err != nil {
				t.Errorf("%s, %s: %v", format, shape, err)
				continue
			}
			var got []string
			for _, it := range d.Items {
				if it.Problem != nil {
					got = append(got, string(it.Standing)+" "+string(it.Problem.ID))
				} else {
					got = append(got, fmt.Sprintf("%s %d", it.Standing, it.Size))
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: got (-want +got)\n%s", format, shape, diff)
			}
			for i, content := range []string{"abc", big} {
				c, err := d.Items[i].Open()
				if err != nil {
					t.Errorf("%s, %s: %v", format, shape, err)
					continue
				}
				got, err := io.ReadAll(io.NewSectionReader(c, 0, d.Items[i].Size))
				if err != nil || string(got) != content || string(d.Items[i].Actual) != sum(content) {
					t.Errorf("%s, %s: evidence %d: %d bytes, %v", format, shape, i, len(got), err)
				}
				c.Close()
			}
			if d.Name != "iotmark.yaml" {
				t.Errorf("%s, %s: name %s", format, shape, d.Name)
			}
			if err := d.Close(); err != nil {
				t.Errorf("%s, %s: close: %v", format, shape, err)
			}
		}
	}
}

// TestExampleAsArchive: the example packed gives what its folder gives.
func TestExampleAsArchive(t *testing.T) {
	t.Parallel()
	cat := load(t)
	var ms []member
	err := filepath.WalkDir(example, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(example, p)
		ms = append(ms, member{name: filepath.ToSlash(rel), content: string(b)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	stands := func(p string) (out []string) {
		d, err := dossier.Open(p, cat, opt)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		out = append(out, string(d.Digest))
		for _, it := range d.Items {
			out = append(out, fmt.Sprint(it.ID, it.Standing, it.Actual, it.Size))
		}
		return out
	}
	want := stands(example)
	for format, b := range formats(t, ms...) {
		if diff := cmp.Diff(want, stands(put(t, t.TempDir(), "x", string(b)))); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", format, diff)
		}
	}
}

// TestUnsafeEntries: one unsafe entry refuses the archive and is named.
func TestUnsafeEntries(t *testing.T) {
	t.Parallel()
	good := member{name: "iotmark.yaml", content: minimal(t)}
	for _, c := range []struct {
		name string
		bad  []member
		only string // format, where only one can have it
		id   iotmark.ErrorID
		has  string
	}{
		{"out", []member{{name: "../x", content: "x"}}, "", "archive-entry-unsafe", "../x leads out"},
		{"out in the middle", []member{{name: "a/../../x", content: "x"}}, "", "archive-entry-unsafe", "leads out"},
		{"absolute", []member{{name: "/etc/passwd", content: "x"}}, "", "archive-entry-unsafe", "absolute"},
		{"drive", []member{{name: "C:x", content: "x"}}, "", "archive-entry-unsafe", "absolute"},
		{"backslash", []member{{name: `..\x`, content: "x"}}, "", "archive-entry-unsafe", "backslash"},
		{"zero byte", []member{{name: "a\x00b", content: "x"}}, "zip", "archive-entry-unsafe", "zero byte"},
		{"long name", []member{{name: strings.Repeat("a", 1100), content: "x"}}, "", "archive-entry-unsafe", "1024 bytes"},
		{"link in zip", []member{{name: "l", content: "/etc/passwd", mode: os.ModeSymlink}}, "zip", "archive-entry-unsafe", "a symbolic link"},
		{"device in zip", []member{{name: "l", content: "", mode: os.ModeDevice}}, "zip", "archive-entry-unsafe", "a device"},
		{"link in tar", []member{{name: "l", typeflag: tar.TypeSymlink, link: "/etc/passwd"}}, "tar", "archive-entry-unsafe", "a symbolic link"},
		{"hard link in tar", []member{{name: "l", typeflag: tar.TypeLink, link: "iotmark.yaml"}}, "tar", "archive-entry-unsafe", "a hard link"},
		{"pipe in tar", []member{{name: "l", typeflag: tar.TypeFifo}}, "tar", "archive-entry-unsafe", "a pipe"},
		{"device in tar", []member{{name: "l", typeflag: tar.TypeChar}}, "tar", "archive-entry-unsafe", "a device"},
		{"twice", []member{{name: "a", content: "1"}, {name: "a", content: "2"}}, "", "archive-entry-twice", "the entry a stands"},
		{"twice with dots", []member{{name: "a", content: "1"}, {name: "./b/.//../b/x", content: "2"}}, "", "archive-entry-unsafe", "leads out"},
		{"twice after cleaning", []member{{name: "b/x", content: "1"}, {name: "./b//x", content: "2"}}, "", "archive-entry-twice", "b/x"},
		{"capital letters", []member{{name: "A.txt", content: "1"}, {name: "a.txt", content: "2"}}, "", "archive-entry-twice", "once as A.txt"},
		{"two declarations", []member{{name: "iotmark.yml", content: minimal(t)}}, "", "declaration-twice", "Keep one"},
	} {
		ms := append([]member{good}, c.bad...)
		packed := map[string][]byte{}
		if c.only != "tar" {
			packed["zip"] = makeZip(t, ms...)
		}
		if c.only != "zip" {
			packed["tar"] = makeTar(t, ms...)
			packed["tar.gz"] = gz(t, packed["tar"])
		}
		for format, b := range packed {
			refused(t, c.name+", "+format, put(t, t.TempDir(), "x", string(b)), opt, c.id, c.has)
		}
	}
}

// refused opens what must not open, and looks at time and memory as well.
func refused(t testing.TB, name, path string, o dossier.Options, id iotmark.ErrorID, has string) {
	t.Helper()
	cat := load(t)
	within(t, time.Minute, func() {
		d, err := dossier.Open(path, cat, o)
		if err == nil {
			d.Close()
			t.Errorf("%s: opens", name)
			return
		}
		es := errorsOf(t, err)
		if len(es) != 1 || es[0].ID != id || !strings.Contains(es[0].Msg, has) {
			t.Errorf("%s: got %v %s, want %s with %q", name, err, es[0].ID, id, has)
		}
		if iotmark.ExitCode(err) != 2 {
			t.Errorf("%s: exit code %d", name, iotmark.ExitCode(err))
		}
	})
}

// TestNoDossierInside: an archive without a declaration, and what is said to
// help.
func TestNoDossierInside(t *testing.T) {
	t.Parallel()
	nested := string(makeZip(t, member{name: "iotmark.yaml", content: minimal(t)}))
	for _, c := range []struct {
		name string
		ms   []member
		id   iotmark.ErrorID
		has  string
	}{
		{"empty", nil, "dossier-empty", "nothing in this archive"},
		{"folders only", []member{{name: "a/", mode: os.ModeDir, typeflag: tar.TypeDir}}, "dossier-empty", "nothing in this archive"},
		{"nested archive", []member{{name: "dossier.zip", content: nested}}, "declaration-missing", "another archive, dossier.zip"},
		{"nested in a folder", []member{{name: "a/dossier.tar.gz", content: nested}}, "declaration-missing", "another archive, a/dossier.tar.gz"},
		{"too deep", []member{{name: "a/b/iotmark.yaml", content: minimal(t)}}, "declaration-missing", "There is a/b/iotmark.yaml"},
		{"two folders", []member{{name: "a/iotmark.yaml", content: minimal(t)}, {name: "b/x", content: "x"}}, "declaration-missing", "There is a/iotmark.yaml"},
		{"something else", []member{{name: "readme.md", content: "x"}}, "declaration-missing", "iotmark init"},
	} {
		for format, b := range formats(t, c.ms...) {
			refused(t, c.name+", "+format, put(t, t.TempDir(), "x", string(b)), opt, c.id, c.has)
		}
	}
	refused(t, "a file with gzip", put(t, t.TempDir(), "x.gz", string(gz(t, []byte(minimal(t))))), opt, "archive-unknown", "a single file packed with gzip")
}

// zeros gives n zero bytes without holding them.
type zeros int64

func (z *zeros) Read(p []byte) (int, error) {
	if *z <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), int(*z))
	clear(p[:n])
	*z -= zeros(n)
	return n, nil
}

// bombSize is well over the size from which the ratio is looked at.
const bombSize = 130 << 20

// deflated returns n zero bytes as a deflate stream, 1,000 to 1.
func deflated(t testing.TB, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	z := zeros(n)
	if _, err := io.Copy(w, &z); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// raw is one entry of a zip written by hand, with any lie in its headers.
type raw struct {
	name   string
	method uint16
	data   []byte
	size   uint32 // as written
	crc    uint32
	flags  uint16
	offset int // of the local header, when it is not where it is written; -1 for none
}

// rawZip writes the headers of APPNOTE 6.3.10, 4.3.7, 4.3.12 and 4.3.16.
func rawZip(es ...raw) []byte {
	var b, dir bytes.Buffer
	le := func(w io.Writer, vs ...any) {
		for _, v := range vs {
			binary.Write(w, binary.LittleEndian, v)
		}
	}
	for _, e := range es {
		off := b.Len()
		if e.offset > 0 {
			off = e.offset - 1
		} else {
			le(&b, uint32(0x04034b50), uint16(20), e.flags, e.method, uint32(0), e.crc, uint32(len(e.data)), e.size, uint16(len(e.name)), uint16(0))
			b.WriteString(e.name)
			b.Write(e.data)
		}
		le(&dir, uint32(0x02014b50), uint16(20), uint16(20), e.flags, e.method, uint32(0), e.crc, uint32(len(e.data)), e.size, uint16(len(e.name)), uint16(0), uint16(0), uint16(0), uint16(0), uint32(0), uint32(off))
		dir.WriteString(e.name)
	}
	at, n := b.Len(), dir.Len()
	b.Write(dir.Bytes())
	le(&b, uint32(0x06054b50), uint16(0), uint16(0), uint16(len(es)), uint16(len(es)), uint32(n), uint32(at), uint16(0))
	return b.Bytes()
}

func stored(name, content string) raw {
	return raw{name: name, data: []byte(content), size: uint32(len(content)), crc: crc32.ChecksumIEEE([]byte(content))}
}

// TestZipBombs: small archives that unpack to far too much end in one clear
// error, soon, and the memory stays small.
func TestZipBombs(t *testing.T) {
	for _, c := range bombs(t) {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			refused(t, c.name, put(t, t.TempDir(), "x", string(c.b)), opt, c.id, c.has)
			t.Logf("%d bytes, %s", len(c.b), time.Since(start).Round(time.Millisecond))
		})
	}

	// A size that lies low is told about this one piece of evidence.
	t.Run("a size that lies", func(t *testing.T) {
		lying := raw{name: "bomb.bin", method: zip.Deflate, data: deflated(t, bombSize), size: 100}
		d, err := dossier.Open(put(t, t.TempDir(), "x", string(rawZip(stored("iotmark.yaml", evidence(t, "path: bomb.bin")), lying))), load(t), opt)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if it := d.Items[0]; it.Standing != iotmark.Unopened || it.Problem.ID != "file-unreadable" {
			t.Errorf("got %s %v", it.Standing, it.Problem)
		}
	})

	// The budget holds for all evidence together.
	t.Run("budget", func(t *testing.T) {
		b := makeZip(t, member{name: "iotmark.yaml", content: evidence(t, "path: a.bin", "path: b.bin")}, member{name: "a.bin", content: strings.Repeat("x", 600)}, member{name: "b.bin", content: strings.Repeat("y", 600)})
		o := opt
		o.MaxOut = 1000
		refused(t, "budget", put(t, t.TempDir(), "x", string(b)), o, "archive-bomb", "1000 bytes")
	})
}

type bomb struct {
	name string
	b    []byte
	id   iotmark.ErrorID
	has  string
}

// bombs makes the archives that unpack to far too much.
func bombs(t testing.TB) []bomb {
	t.Helper()
	decl := evidence(t, "path: bomb.bin", "path: b1.bin", "path: b2.bin")
	block := deflated(t, bombSize) // 1,000 to 1
	sumOf := crc32.NewIEEE()
	z := zeros(bombSize)
	if _, err := io.Copy(sumOf, &z); err != nil {
		t.Fatal(err)
	}
	honest := func(name string) raw {
		return raw{name: name, method: zip.Deflate, data: block, size: bombSize, crc: sumOf.Sum32()}
	}
	declBomb := raw{name: "iotmark.yaml", method: zip.Deflate, data: block, size: bombSize}

	// Full overlap: many names for the same bytes.
	full := []raw{stored("iotmark.yaml", decl), honest("bomb.bin")}
	at := 1 + 30 + len("iotmark.yaml") + len(decl)
	for i := range 2000 {
		e := honest(fmt.Sprintf("bomb%04d", i))
		e.offset = at
		full = append(full, e)
	}
	// 42.zip: archives in archives in archives.
	nest := makeZip(t, member{name: "0.bin", content: strings.Repeat("\x00", 1<<20)})
	for range 5 {
		var ms []member
		for i := range 16 {
			ms = append(ms, member{name: fmt.Sprintf("lib %x.zip", i), content: string(nest)})
		}
		nest = makeZip(t, ms...)
	}
	many := []raw{stored("iotmark.yaml", minimal(t))}
	for i := range 10_000 {
		many = append(many, stored(fmt.Sprintf("f%d", i), ""))
	}
	// A directory far longer than its count says.
	long := bytes.Repeat(rawZip(stored("iotmark.yaml", ""))[42:42+58], 1_000_000)
	long = append(long, "PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00"...)
	long = binary.LittleEndian.AppendUint32(long, 58_000_000)
	long = append(long, 0, 0, 0, 0, 0, 0)
	long = append([]byte("PK\x03\x04"), long...)

	tarBomb := func() []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		w := tar.NewWriter(z)
		for i := range 2 {
			if err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("b%d.bin", i), Size: 70 << 20, Typeflag: tar.TypeReg}); err != nil {
				t.Fatal(err)
			}
			n := zeros(70 << 20)
			if _, err := io.Copy(w, &n); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		z.Close()
		return b.Bytes()
	}()

	return []bomb{
		{"one entry, 1,000 to 1", rawZip(stored("iotmark.yaml", decl), honest("bomb.bin")), "archive-bomb", "decompression bomb"},
		{"the declaration itself", rawZip(declBomb), "declaration-too-large", "1 MiB"},
		{"full overlap", rawZip(full...), "archive-bomb", "share the same bytes"},
		{"archives in archives", nest, "declaration-missing", "another archive"},
		{"too many entries", rawZip(many...), "archive-too-many", "10000 entries"},
		{"endless directory", long, "archive-too-many", "10000 entries"},
		{"tar.gz", tarBomb, "archive-bomb", "decompression bomb"},
	}
}

// TestQuotedOverlap builds the zip of Fifield's paper: each local header is
// quoted in the stored block before it.
func TestQuotedOverlap(t *testing.T) {
	t.Parallel()
	kernel := deflated(t, 1<<20)
	crc := crc32.ChecksumIEEE(make([]byte, 1<<20))
	local := func(name string, n int) []byte {
		h := []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00\x00\x00")
		h = binary.LittleEndian.AppendUint32(h, crc)
		h = binary.LittleEndian.AppendUint32(h, uint32(n))
		h = binary.LittleEndian.AppendUint32(h, 1<<20)
		h = binary.LittleEndian.AppendUint16(h, uint16(len(name)))
		h = binary.LittleEndian.AppendUint16(h, 0)
		return append(h, name...)
	}
	second := append(local("b1.bin", len(kernel)), kernel...)
	quote := append([]byte{0}, binary.LittleEndian.AppendUint16(nil, 36)...)
	quote = append(quote, binary.LittleEndian.AppendUint16(nil, ^uint16(36))...)
	b := rawZip(stored("iotmark.yaml", evidence(t, "path: bomb.bin", "path: b1.bin")))
	// Without its directory, that is followed by the two entries.
	end := bytes.Index(b, []byte("PK\x01\x02"))
	dir := b[end : len(b)-22]
	body := slices.Clone(b[:end])
	off1 := len(body)
	data1 := len(quote) + len(second)
	body = append(body, local("bomb.bin", data1)...)
	body = append(body, quote...)
	off2 := len(body)
	body = append(body, second...)
	entry := func(name string, n, off int) []byte {
		h := []byte("PK\x01\x02\x14\x00\x14\x00\x00\x00\x08\x00\x00\x00\x00\x00")
		h = binary.LittleEndian.AppendUint32(h, crc)
		h = binary.LittleEndian.AppendUint32(h, uint32(n))
		h = binary.LittleEndian.AppendUint32(h, 1<<20)
		h = binary.LittleEndian.AppendUint16(h, uint16(len(name)))
		h = append(h, make([]byte, 12)...)
		h = binary.LittleEndian.AppendUint32(h, uint32(off))
		return append(h, name...)
	}
	at := len(body)
	body = append(body, dir...)
	body = append(body, entry("bomb.bin", data1, off1)...)
	body = append(body, entry("b1.bin", len(kernel), off2)...)
	n := len(body) - at
	body = append(body, "PK\x05\x06\x00\x00\x00\x00\x03\x00\x03\x00"...)
	body = binary.LittleEndian.AppendUint32(body, uint32(n))
	body = binary.LittleEndian.AppendUint32(body, uint32(at))
	body = append(body, 0, 0)
	refused(t, "quoted overlap", put(t, t.TempDir(), "x.zip", string(body)), opt, "archive-bomb", "bomb.bin and b1.bin share")
}

// TestBrokenArchives: what ends early or does not unpack is told, as a whole
// or for the one entry.
func TestBrokenArchives(t *testing.T) {
	t.Parallel()
	cat := load(t)
	decl := evidence(t, "path: a.txt", "path: b.txt")
	ms := []member{{name: "iotmark.yaml", content: decl}, {name: "a.txt", content: strings.Repeat("abc", 1000)}, {name: "b.txt", content: "fine"}}
	for format, b := range formats(t, ms...) {
		refused(t, "cut "+format, put(t, t.TempDir(), "x", string(b[:len(b)*2/3])), opt, map[string]iotmark.ErrorID{"zip": "archive-broken", "tar": "archive-broken", "tar.gz": "archive-broken"}[format], "")
	}
	encrypted := stored("a.txt", "abc")
	encrypted.flags = 1
	method := stored("a.txt", "abc")
	method.method = 99
	wrong := stored("a.txt", "abc")
	wrong.crc++
	garbage := raw{name: "a.txt", method: zip.Deflate, data: []byte("\xff\xff\xff\xff"), size: 3}
	for _, c := range []struct {
		name string
		e    raw
		has  string
	}{
		{"encrypted", encrypted, "encrypted"}, {"another method", method, "method other than deflate"},
		{"wrong checksum", wrong, "checksum does not hold"}, {"garbage", garbage, "contradicts itself"},
	} {
		d, err := dossier.Open(put(t, t.TempDir(), "x", string(rawZip(stored("iotmark.yaml", decl), c.e, stored("b.txt", "fine")))), cat, opt)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		a, b := d.Items[0], d.Items[1]
		if a.Standing != iotmark.Unopened || a.Problem.ID != "file-unreadable" || !strings.Contains(a.Problem.Msg, c.has) {
			t.Errorf("%s: got %s %v", c.name, a.Standing, a.Problem)
		}
		if b.Standing != iotmark.Held {
			t.Errorf("%s: the other entry is %s", c.name, b.Standing)
		}
		d.Close()
	}
}

// TestManyNames: asking for seven thousand names among nine thousand entries
// takes no time.
func TestManyNames(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 7_000 {
		lines = append(lines, fmt.Sprintf("path: d/none%d", i))
	}
	ms := []member{{name: "iotmark.yaml", content: evidence(t, lines...)}, {name: "d/none1/x", content: "x"}, {name: "d/none1-x", content: "x"}}
	for i := range 9_000 {
		ms = append(ms, member{name: fmt.Sprintf("d/%s%d", strings.Repeat("n", 80), i)})
	}
	for format, b := range formats(t, ms...) {
		p := put(t, t.TempDir(), "x", string(b))
		within(t, 20*time.Second, func() {
			d, err := dossier.Open(p, load(t), opt)
			if err != nil {
				t.Errorf("%s: %v", format, err)
				return
			}
			defer d.Close()
			for i, want := range []iotmark.ErrorID{"file-missing", "not-a-file", "file-missing"} {
				if got := d.Items[i].Problem.ID; got != want {
					t.Errorf("%s: %s: got %s, want %s", format, d.Items[i].Path, got, want)
				}
			}
		})
	}
}

// TestNoTemporarySpace: an archive is not to blame when there is nowhere to
// unpack it.
func TestNoTemporarySpace(t *testing.T) {
	ms := []member{{name: "iotmark.yaml", content: evidence(t, "path: big.bin")}, {name: "big.bin", content: strings.Repeat("0123456789abcdef", 1<<17)}}
	none := filepath.Join(t.TempDir(), "none")
	b := formats(t, ms...)
	zipped, tarred := put(t, t.TempDir(), "x.zip", string(b["zip"])), put(t, t.TempDir(), "x.tar.gz", string(b["tar.gz"]))
	t.Setenv("TMPDIR", none)
	for _, p := range []string{zipped, tarred} {
		refused(t, "no TMPDIR", p, opt, "no-temporary-space", "The system says: no such file or directory. Set TMPDIR to a folder that can be written to and has up to 512 MiB free")
	}
}

// TestNothingIsLeft: no temporary file stays behind.
func TestNothingIsLeft(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	big := strings.Repeat("0123456789abcdef", 1<<17)
	b := makeZip(t, member{name: "iotmark.yaml", content: evidence(t, "path: big.bin")}, member{name: "big.bin", content: big})
	d, err := dossier.Open(put(t, t.TempDir(), "x", string(b)), load(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	left := func() []os.DirEntry { es, _ := os.ReadDir(tmp); return es }
	if runtime.GOOS == "linux" && len(left()) > 0 {
		t.Error("while open:", left())
	}
	d.Close()
	if len(left()) > 0 {
		t.Error("after Close:", left())
	}
}
