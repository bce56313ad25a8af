package firmware_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"

	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
)

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

func xzOf(t testing.TB, b []byte, c xz.WriterConfig) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := c.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func lzmaOf(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := lzma.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zst(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.Name, Method: zip.Deflate}
		body := f.Body
		if f.To != "" {
			h.SetMode(0o120777&^0o7000 | 1<<27) // symbolic link
			body = f.To
		}
		e, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// record writes one entry of a cpio archive with any header field set.
func record(name, body string, mode, ino, nlink uint32) string {
	h := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", ino, mode, 0, 0, nlink, 0, len(body), 0, 0, 0, 0, len(name)+1, 0)
	s := h + name + "\x00"
	s += strings.Repeat("\x00", (4-len(s)%4)%4) + body
	return s + strings.Repeat("\x00", (4-len(s)%4)%4)
}

const trailer = "TRAILER!!!"

func cpioOf(files ...file) []byte {
	var s strings.Builder
	for i, f := range files {
		switch {
		case f.To != "":
			s.WriteString(record(f.Name, f.To, 0o120777, uint32(i+1), 1))
		case f.Type == 'd':
			s.WriteString(record(f.Name, "", 0o040755, uint32(i+1), 2))
		default:
			s.WriteString(record(f.Name, f.Body, 0o100644, uint32(i+1), 1))
		}
	}
	s.WriteString(record(trailer, "", 0, 0, 1))
	return []byte(s.String())
}

func uImage(payload []byte, typ byte, name string) []byte {
	h := make([]byte, 64)
	binary.BigEndian.PutUint32(h, 0x27051956)
	binary.BigEndian.PutUint32(h[12:], uint32(len(payload)))
	binary.BigEndian.PutUint32(h[24:], crc32.ChecksumIEEE(payload))
	h[28], h[29], h[30] = 5, 2, typ
	copy(h[32:], name)
	binary.BigEndian.PutUint32(h[4:], crc32.ChecksumIEEE(h))
	return append(h, payload...)
}

// small is a root tree with one of everything.
var small = []file{
	{Name: "bin/busybox", Body: "\x00x"},
	{Name: "bin/sh", To: "busybox"},
	{Name: "etc/passwd", Body: "root::0:0::/:/bin/sh\n"},
	{Name: "etc/inittab", Body: "::respawn:/usr/sbin/telnetd\n"},
	{Name: "usr/lib/opkg/status", Body: "Package: a\nVersion: 1-1\nStatus: install ok installed\n"},
}

// Whatever the tree comes in, the same is found in it.
func TestReadFormats(t *testing.T) {
	t.Parallel()
	tree, cpio := tarOf(t, small...), cpioOf(small...)
	two := append(cpioOf(file{Name: "kernel/x86/microcode/a.bin", Body: "x"}), make([]byte, 512)...)
	parts := func(p ...[]byte) []byte { return bytes.Join(p, nil) }
	kernel := append(bytes.Repeat([]byte{0}, 0x24), append([]byte("\x18\x28\x6f\x01"), make([]byte, 100)...)...)
	multi := binary.BigEndian.AppendUint32(nil, uint32(len(kernel)))
	multi = binary.BigEndian.AppendUint32(multi, uint32(len(cpio)))
	multi = append(multi, 0, 0, 0, 0)
	multi = append(multi, kernel...)
	multi = append(multi, make([]byte, (4-len(kernel)%4)%4)...)
	multi = append(multi, cpio...)
	for _, c := range []struct {
		name     string
		image    []byte
		format   string
		complete bool
	}{
		{"tar", tree, "tar", true},
		{"cpio", cpio, "cpio", true},
		{"cpio with sums", bytes.ReplaceAll(cpio, []byte("070701"), []byte("070702")), "cpio", true},
		{"zip", zipOf(t, small...), "zip", true},
		{"tar.gz", gz(t, tree), "gzip tar", true},
		{"tar.gz in members", parts(gz(t, tree[:1000]), gz(t, tree[1000:])), "gzip tar", true},
		{"tar.gz, padded", parts(gz(t, tree), make([]byte, 5000)), "gzip tar", true},
		{"tar.xz", xzOf(t, tree, xz.WriterConfig{}), "xz tar", true},
		{"tar.xz with CRC-32", xzOf(t, tree, xz.WriterConfig{CheckSum: xz.CRC32}), "xz tar", true},
		{"tar.xz with SHA-256", xzOf(t, tree, xz.WriterConfig{CheckSum: xz.SHA256}), "xz tar", true},
		{"tar.xz without check", xzOf(t, tree, xz.WriterConfig{NoCheckSum: true}), "xz tar", true},
		{"tar.xz in blocks", xzOf(t, tree, xz.WriterConfig{BlockSize: 700}), "xz tar", true},
		{"tar.xz in streams", parts(xzOf(t, tree[:999], xz.WriterConfig{}), make([]byte, 8), xzOf(t, tree[999:], xz.WriterConfig{})), "xz tar", true},
		{"tar.lzma", lzmaOf(t, tree), "lzma tar", true},
		{"tar.zst", zst(t, tree), "zstd tar", true},
		{"cpio.gz", gz(t, cpio), "gzip cpio", true},
		{"two archives, as Linux starts", parts(two, gz(t, cpio)), "cpio gzip cpio", true},
		{"uImage", uImage(xzOf(t, cpio, xz.WriterConfig{}), 3, "root"), "uImage xz cpio", true},
		{"uImage of two parts", uImage(multi, 4, "both"), "uImage zImage cpio", false},
		{"zip with one image in it", zipOf(t, file{Name: "notes.txt", Body: "new"}, file{Name: "fw/image.bin", Body: string(gz(t, tree))}), "zip gzip tar", true},
		{"zip in tar in zip", zipOf(t, file{Name: "a.tar", Body: string(tarOf(t, file{Name: "b.zip", Body: string(zipOf(t, small...))}))}), "zip tar zip", true},
		{"something after it", parts(gz(t, tree), []byte("signature of 256 bits")), "gzip tar", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !firmware.Sniff("x", c.image[:min(len(c.image), 4096)]) {
				t.Error("it is not taken for an image")
			}
			f := facts(t, "image.bin", c.image)
			if got := strings.Join(f.Format, " "); got != c.format {
				t.Errorf("format: got %q, want %q", got, c.format)
			}
			if f.Opaque || f.Coverage.Complete() != c.complete {
				t.Errorf("got opaque %v, coverage %+v", f.Opaque, f.Coverage)
			}
			if len(f.Accounts) != 1 || f.Accounts[0].Password != firmware.Empty || len(f.Packages) != 1 || f.Packages[0].Version != "1-1" ||
				len(f.Services) != 1 || !f.Services[0].Started {
				t.Errorf("got accounts %+v, packages %+v, services %+v", f.Accounts, f.Packages, f.Services)
			}
			survives(t, f)
		})
	}
}

// Compressed files in the tree are looked into; archives in it are not, and
// are told.
func TestReadWithin(t *testing.T) {
	t.Parallel()
	secret := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n" + strings.Repeat("QUFB", 20) + "\n-----END RSA PRIVATE KEY-----\n"
	with := func(f ...file) []byte { return tarOf(t, append(f, small...)...) }
	for _, c := range []struct {
		name   string
		image  []byte
		opaque []firmware.Unlooked
		keys   int
	}{
		{"a manual page", with(file{Name: "m.gz", Body: string(gz(t, []byte(secret)))}), nil, 1},
		{"packed twice", with(file{Name: "m.gz", Body: string(xzOf(t, gz(t, []byte(secret)), xz.WriterConfig{}))}), nil, 1},
		{"a tar", with(file{Name: "opt/a.tar", Body: string(tarOf(t, small...))}), []firmware.Unlooked{{Path: "opt/a.tar", Why: "tar", Size: int64(len(tarOf(t, small...)))}}, 0},
		{"a squashfs", with(file{Name: "opt/a", Body: "hsqs" + strings.Repeat("\x00", 24) + "\x04\x00\x00\x00"}), []firmware.Unlooked{{Path: "opt/a", Why: "squashfs", Size: 32}}, 0},
		{"a damaged gzip", with(file{Name: "m.gz", Body: string(gz(t, []byte(secret))[:60])}), []firmware.Unlooked{{Path: "m.gz", Why: "damaged gzip", Size: 60}}, 0},
		{"noise", with(file{Name: "opt/blob", Body: noise(100_000)}), []firmware.Unlooked{{Path: "opt/blob", Why: "encrypted or packed data", Size: 100_000}}, 0},
		{"a picture", with(file{Name: "www/a.png", Body: "\x89PNG\r\n\x1a\n" + noise(100_000)}), nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := facts(t, "x", c.image)
			if d := cmp.Diff(c.opaque, f.Coverage.NotLooked); d != "" {
				t.Errorf("got (-want +got):\n%s", d)
			}
			if f.Coverage.OpaqueFiles != len(c.opaque) || f.Coverage.Complete() != (c.opaque == nil) || len(f.Keys) != c.keys {
				t.Errorf("got coverage %+v, keys %+v", f.Coverage, f.Keys)
			}
		})
	}
}

// noise gives bytes that no format has; the same every time.
func noise(n int) string {
	b := make([]byte, n)
	x := uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x >> 24)
	}
	return string(b)
}

func TestReadLoneProgram(t *testing.T) {
	t.Parallel()
	f := facts(t, "agent", []byte("\x7fELF\x01\x01\x01"+strings.Repeat("\x00", 100)))
	if f.Opaque || f.Coverage.ELF != 1 || !f.Coverage.Complete() || strings.Join(f.Format, " ") != "elf" {
		t.Errorf("got %+v", f)
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]bool{
		"":                         false,
		"a readme\nof two lines\n": false,
		"{\"bomFormat\": \"x\"}":   false,
		"%PDF-1.7\n\x00\xff":       false,
		"\x89PNG\r\n\x1a\n\x00":    false,
		":10010000214601360121470136007EFE09D2190140\n": true,
		"\x00\x01\x02\xff":                          true,
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03x": true,
	} {
		if got := firmware.Sniff("firmware.bin", []byte(head)); got != want {
			t.Errorf("%q: got %v", head, got)
		}
	}
}

// Links lead on within the tree, and never out of it.
func TestReadLinks(t *testing.T) {
	t.Parallel()
	account := "root::0:0::/:/bin/sh\n"
	for _, c := range []struct {
		name  string
		files []file
		found bool
	}{
		{"relative", []file{{Name: "etc/passwd", To: "../data/p"}, {Name: "data/p", Body: account}}, false}, // data/p is no name that is kept
		{"relative to a passwd", []file{{Name: "etc/passwd", To: "../data/passwd"}, {Name: "data/passwd", Body: account}}, true},
		{"absolute", []file{{Name: "etc/passwd", To: "/data/passwd"}, {Name: "data/passwd", Body: account}}, true},
		{"of a folder", []file{{Name: "etc", To: "ro/etc"}, {Name: "ro/etc/passwd", Body: account}}, true},
		{"chain", []file{{Name: "etc/passwd", To: "a"}, {Name: "etc/a", To: "b"}, {Name: "etc/b", To: "../x/passwd"}, {Name: "x/passwd", Body: account}}, true},
		{"above the root is the root", []file{{Name: "etc/passwd", To: "../../../../x/passwd"}, {Name: "x/passwd", Body: account}}, true},
		{"to itself", []file{{Name: "etc/passwd", To: "passwd"}}, false},
		{"in a circle", []file{{Name: "etc/passwd", To: "a"}, {Name: "etc/a", To: "passwd"}}, false},
		{"to nothing", []file{{Name: "etc/passwd", To: "/run/passwd"}}, false},
		{"hard", []file{{Name: "x/passwd", Body: account}, {Name: "etc/passwd", To: "x/passwd", Type: '1'}}, true},
		{"hard, to a name outside", []file{{Name: "etc/passwd", To: "../../etc/passwd", Type: '1'}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := facts(t, "x", tarOf(t, append(c.files, file{Name: "bin/sh", Body: "x"}, file{Name: "etc/hosts", Body: "x"})...))
			if got := len(f.Accounts) == 1; got != c.found {
				t.Errorf("got accounts %+v, odd %+v", f.Accounts, f.Odd)
			}
		})
	}
	t.Run("hard, in cpio", func(t *testing.T) {
		t.Parallel()
		b := record("etc/passwd", "", 0o100644, 7, 2) + record("x/passwd", account, 0o100644, 7, 2) + record("bin/sh", "x", 0o100755, 8, 1) + record(trailer, "", 0, 0, 1)
		if f := facts(t, "x", []byte(b)); len(f.Accounts) != 1 {
			t.Errorf("got %+v", f)
		}
	})
}

func TestReadOddEntries(t *testing.T) {
	t.Parallel()
	account := "root::0:0::/:/bin/sh\n"
	f := facts(t, "x", cpioOf(
		file{Name: "bin/sh", Body: "x"},
		file{Name: "../../etc/passwd", Body: account},
		file{Name: "/etc/hosts", Body: "x"},
		file{Name: "etc/a\x00/../passwd", Body: "x"},
		file{Name: "etc/a", Body: "again"},
		file{Name: "etc/\x1b[2J\u202ex", Body: "x"},
		file{Name: "etc/out", To: "../../secret"},
		file{Name: "etc/loop", To: "loop"},
	))
	want := []firmware.Oddity{
		{Path: "../../etc/passwd", What: "parent"}, {Path: "etc/hosts", What: "absolute"}, {Path: "etc/a", What: "nul"}, {Path: "etc/a", What: "duplicate"},
		{Path: "etc/\uFFFD[2J\uFFFDx", What: "control"}, {Path: "etc/out", What: "link-out"}, {Path: "etc/loop", What: "link-loop"},
	}
	if d := cmp.Diff(want, f.Odd); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
	if len(f.Accounts) != 0 || f.Coverage.Files != 6 {
		t.Errorf("got accounts %+v, coverage %+v", f.Accounts, f.Coverage)
	}
	survives(t, f)
}
