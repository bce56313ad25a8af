package firmware_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ulikunitz/xz"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

var zeros = make([]byte, 18<<20)

// Each bomb ends as one error, soon, and without the memory it asks for.
func TestReadBombs(t *testing.T) {
	t.Parallel()
	tarZeros := tarOf(t, file{Name: "etc/zero", Body: string(zeros)})
	xzWindow := xzOf(t, []byte("x"), xz.WriterConfig{})
	xzWindow[12+4] = 40 // the block's window: 4 GiB - 1
	binary.LittleEndian.PutUint32(xzWindow[12+8:], crc32.ChecksumIEEE(xzWindow[12:12+8]))
	zstdWindow := []byte("\x28\xb5\x2f\xfd\x00\xff\x01\x00\x00x") // a window of 3.75 TB
	sparse := make([]byte, 1024)
	copy(sparse, "etc/sparse")
	copy(sparse[100:], "0000644\x000000000\x000000000\x0000000000001\x0000000000000\x00        S")
	copy(sparse[257:], "ustar  \x00")
	copy(sparse[386:], "77777777776\x0000000000001\x00") // one byte near the end of 8 GiB
	copy(sparse[483:], "77777777777\x00")
	sum := 0
	for _, c := range sparse[:512] {
		sum += int(c)
	}
	copy(sparse[148:], fmt.Sprintf("%06o\x00 ", sum))
	inner := zipOf(t, file{Name: "zero", Body: string(zeros)})
	for range 3 {
		inner = zipOf(t, file{Name: "a.zip", Body: string(inner)})
	}
	deep := tarOf(t, small...)
	for range 13 {
		deep = gz(t, deep)
	}
	for _, c := range []struct {
		name  string
		image []byte
		want  iotmark.ErrorID
	}{
		{"gzip", gz(t, zeros), "bomb"},
		{"tar.gz", gz(t, tarZeros), "bomb"},
		{"xz", xzOf(t, zeros, xz.WriterConfig{}), "bomb"},
		{"zstd", zst(t, zeros), "bomb"},
		{"lzma", lzmaOf(t, zeros), "bomb"},
		{"zip", zipOf(t, file{Name: "zero", Body: string(zeros)}), "bomb"},
		{"zip in zip in zip in zip", inner, "bomb"},
		{"a bomb within the tree", tarOf(t, append([]file{{Name: "m.gz", Body: string(gz(t, zeros))}}, small...)...), "bomb"},
		{"window of xz", xzWindow, "bomb"},
		{"window of zstd", zstdWindow, "malformed"},
		{"hole of 8 GiB in tar", append(sparse, make([]byte, 1024)...), "bomb"},
		{"gzip in gzip, 13 times", deep, "too-deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := readAll(t, "x", c.image, evidence.DefaultLimits())
			wantError(t, err, c.want)
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("it took %s", d)
			}
		})
	}
}

// overlap gives a zip whose entries all share the bytes of the first.
func overlap(t *testing.T) []byte {
	b := zipOf(t, file{Name: "a", Body: "x"}, file{Name: "b", Body: "x"})
	i := bytes.LastIndex(b, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(b[i+42:], 0)
	return b
}

func TestReadDamaged(t *testing.T) {
	t.Parallel()
	cpio := string(cpioOf(small...))
	field := func(i int, v string) string { return cpio[:6+8*i] + v + cpio[14+8*i:] }
	good := uImage(gz(t, tarOf(t, small...)), 2, "x")
	flip := func(b []byte, i int) []byte { b = bytes.Clone(b); b[i] ^= 0x40; return b }
	x := xzOf(t, tarOf(t, small...), xz.WriterConfig{})
	for _, c := range []struct {
		name  string
		image []byte
		want  iotmark.ErrorID
	}{
		{"empty", nil, "malformed"},
		{"cpio, a name of 4 GB", []byte(field(11, "FFFFFFFF")), "malformed"},
		{"cpio, a name of no bytes", []byte(field(11, "00000000")), "malformed"},
		{"cpio, a file of 4 GB", []byte(field(6, "FFFFFFFF")), "malformed"},
		{"cpio, a link of 4 GB", []byte(field(1, "0000A1FF")[:0] + strings.Replace(field(6, "FFFFFFFF"), cpio[14:22], "0000A1FF", 1)), "malformed"},
		{"cpio without trailer", []byte(strings.Replace(cpio, trailer, "TRAILER!!?", 1)), "malformed"},
		{"cpio, half", []byte(cpio[:len(cpio)/2]), "malformed"},
		{"tar.gz, half", gz(t, tarOf(t, small...))[:200], "malformed"},
		{"xz, check", flip(x, len(x)-40), "malformed"},
		{"xz, footer", flip(x, len(x)-2), "malformed"},
		{"xz, cut", x[:len(x)-20], "malformed"},
		{"uImage, content", flip(good, len(good)-4), "malformed"},
		{"uImage, cut", good[:len(good)-30], "malformed"},
		{"zip, entries over each other", overlap(t), "malformed"},
		{"zip without directory", zipOf(t, small...)[:200], "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := readAll(t, "x", c.image, evidence.DefaultLimits())
			wantError(t, err, c.want)
		})
	}
	t.Run("every cut of an image", func(t *testing.T) {
		t.Parallel()
		for _, b := range [][]byte{good, x, []byte(cpio), zipOf(t, small...), zst(t, tarOf(t, small...))} {
			for n := 1; n < len(b); n += 7 {
				f, err := readAll(t, "x", b[:n], evidence.DefaultLimits())
				if err == nil && f.Coverage.Complete() && len(f.Accounts) == 0 {
					t.Errorf("%d of %d bytes pass for all: %+v", n, len(b), f.Coverage)
				}
			}
		}
	})
}

func TestReadLimits(t *testing.T) {
	t.Parallel()
	lim := evidence.DefaultLimits()
	tree := tarOf(t, small...)
	with := func(change func(*evidence.Limits)) evidence.Limits { l := lim; change(&l); return l }
	many := make([]file, 60)
	for i := range many {
		many[i] = file{Name: fmt.Sprintf("f%d", i), Body: "x"}
	}
	for _, c := range []struct {
		name  string
		image []byte
		lim   evidence.Limits
		want  iotmark.ErrorID
	}{
		{"bytes", tree, with(func(l *evidence.Limits) { l.Bytes = 100 }), "too-large"},
		{"entries of tar", tarOf(t, many...), with(func(l *evidence.Limits) { l.Entries = 50 }), "too-many"},
		{"entries of cpio", cpioOf(many...), with(func(l *evidence.Limits) { l.Entries = 50 }), "too-many"},
		{"entries of zip", zipOf(t, many...), with(func(l *evidence.Limits) { l.Entries = 50 }), "too-many"},
		{"output", gz(t, tree), with(func(l *evidence.Limits) { l.Out = 1000 }), "bomb"},
		{"depth", gz(t, gz(t, gz(t, tree))), with(func(l *evidence.Limits) { l.Depth = 2 }), "too-deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := readAll(t, "x", c.image, c.lim)
			wantError(t, err, c.want)
		})
	}
	t.Run("time", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
		defer cancel()
		_, err := firmware.Reader.Read(ctx, evidence.NewSource("x", tree), lim)
		wantError(t, err, "too-slow")
	})
}

// A million entries end at the limit.
func TestReadMillionEntries(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	// Names that differ keep the ratio low, so that the count decides.
	entry, names := []byte(record("0123456789abcdef", "", 0o100644, 1, 1)), noise(8<<20)
	name := entry[110:126]
	for i := range 1_000_000 {
		for j, c := range []byte(names[8*i : 8*i+8]) {
			name[2*j], name[2*j+1] = 'a'+c>>4, 'a'+c&15
		}
		if _, err := w.Write(entry); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = readAll(t, "x", b.Bytes(), evidence.DefaultLimits())
	wantError(t, err, "too-many")
}

// Links of many components are followed in work that grows with their bytes.
func TestReadLongLinks(t *testing.T) {
	long := strings.Repeat("x/", 1900)
	var files []file
	for i := range 700 {
		files = append(files,
			file{Name: fmt.Sprintf("%s%d", long, i), To: "../" + long + "y"},
			file{Name: fmt.Sprintf("l%d", i), To: fmt.Sprintf("%sl%d", strings.Repeat("./", 1900), i)})
	}
	b := tarOf(t, files...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f := facts(t, "x", b)
	runtime.ReadMemStats(&after)
	if f.Totals.Odd < 700 || !slices.ContainsFunc(f.Odd, func(o firmware.Oddity) bool { return o.What == "link-loop" }) {
		t.Errorf("%d odd entries: the links in a circle are not among them", f.Totals.Odd)
	}
	if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > 300 {
		t.Errorf("%d MB allocated for %d MB of input", n, len(b)>>20)
	}
}

// Names are bounded together, in each kind of archive.
func TestReadNames(t *testing.T) {
	long := strings.Repeat("n/", 1900)
	files := make([]file, 9000)
	for i := range files {
		files[i] = file{Name: fmt.Sprintf("%s%d", long, i)}
	}
	for name, b := range map[string][]byte{"tar": tarOf(t, files...), "cpio": cpioOf(files...), "zip": zipOf(t, files...)} {
		t.Run(name, func(t *testing.T) {
			lim := evidence.DefaultLimits()
			lim.Bytes = 1 << 30
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := readAll(t, "x", b, lim)
			runtime.ReadMemStats(&after)
			wantError(t, err, "too-many")
			if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > 450 {
				t.Errorf("%d MB allocated", n)
			}
		})
	}
}

func TestReadLockedZip(t *testing.T) {
	t.Parallel()
	b := zipOf(t, small...)
	for i := 0; i+10 < len(b); i++ { // set the flag of encryption in both headers of the first file
		switch {
		case string(b[i:i+4]) == "PK\x03\x04" && bytes.HasPrefix(b[i+30:], []byte("bin/busybox")):
			b[i+6] |= 1
		case string(b[i:i+4]) == "PK\x01\x02" && bytes.HasPrefix(b[i+46:], []byte("bin/busybox")):
			b[i+8] |= 1
		}
	}
	f := facts(t, "x", b)
	if f.Coverage.Complete() || len(f.Coverage.NotLooked) != 1 || f.Coverage.NotLooked[0].Why != "encrypted" {
		t.Errorf("got %+v", f.Coverage)
	}
}

// Memory does not grow with the tree: the real image has 29 MB of files.
func TestReadHoldsLittle(t *testing.T) {
	b := samples.Read(t, "firmware/debian-buffalo-lspro/initrd.buffalo")
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f := facts(t, "x", b)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("facts of %d files hold %d bytes", f.Coverage.Files, grown)
	}
}

func BenchmarkBuffalo(b *testing.B) {
	image := samples.Read(b, "firmware/debian-buffalo-lspro/initrd.buffalo")
	b.SetBytes(int64(len(image)))
	for b.Loop() {
		facts(b, "initrd.buffalo", image)
	}
}

// seeds are small images of each kind, sound and unsound.
func seeds(t testing.TB) [][]byte {
	tree := tarOf(t, small...)
	out := [][]byte{
		tree, gz(t, tree), xzOf(t, tree, xz.WriterConfig{}), zst(t, tree), lzmaOf(t, tree), zipOf(t, small...), cpioOf(small...),
		uImage(gz(t, cpioOf(small...)), 3, "x"), zipOf(t, file{Name: "a.zip", Body: string(zipOf(t, small...))}),
		[]byte("hsqs" + strings.Repeat("\x00", 24) + "\x04\x00\x00\x00"), []byte("\xc7\x71\x00"), []byte("\x7fELF\x02\x01\x01"),
		tarOf(t, file{Name: "etc/passwd", Body: "root:abOV.DfJmdnYw:0:0::/:/bin/sh\n"}, file{Name: "etc/inittab", Body: "x:1:respawn:sh -c 'telnetd $(x) `y`'\n"}),
	}
	if names, err := filepath.Glob("../elf/testdata/*.elf"); err == nil && len(names) > 0 {
		if b, err := os.ReadFile(names[0]); err == nil {
			out = append(out, tarOf(t, file{Name: "bin/x", Body: string(b)}))
		}
	}
	return out
}

func FuzzRead(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	lim := evidence.Limits{Bytes: 1 << 20, Out: 8 << 20, Ratio: 200, Depth: 8, Entries: 1000, Time: 5 * time.Second}
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, err := readAll(t, "fuzz.bin", b, lim)
		if err != nil {
			if iotmark.KindOf(err) == iotmark.Internal {
				t.Errorf("not an expected failure: %v", err)
			}
			return
		}
		c := facts.Coverage
		if c.BytesUnderstood < 0 || c.BytesUnderstood > c.BytesIn || c.BytesLooked < 0 || c.BytesLooked > c.BytesFiles || facts.Opaque && c.Complete() {
			t.Errorf("coverage makes no sense: %+v", c)
		}
		survives(t, facts)
	})
}

// FuzzCpio starts from headers alone, so that the fuzzer reaches their fields.
func FuzzCpio(f *testing.F) {
	f.Add([]byte(record("etc/passwd", "root::0:0::/:/bin/sh\n", 0o100644, 1, 1)))
	f.Add([]byte(record("a", "b", 0o120777, 1, 1)))
	f.Add([]byte(record("a", "", 0o060644, 1, 1) + record("a", "", 0o100644, 7, 3)))
	lim := evidence.Limits{Bytes: 1 << 20, Out: 8 << 20, Ratio: 200, Depth: 8, Entries: 1000, Time: 5 * time.Second}
	f.Fuzz(func(t *testing.T, b []byte) {
		image := append(append([]byte(record("x", "y", 0o100644, 1, 1)), b...), record(trailer, "", 0, 0, 1)...)
		if _, err := readAll(t, "x", image, lim); err != nil && iotmark.KindOf(err) == iotmark.Internal {
			t.Errorf("not an expected failure: %v", err)
		}
	})
}
