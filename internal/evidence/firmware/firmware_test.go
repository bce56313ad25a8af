package firmware_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/elf"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

func readAll(t testing.TB, name string, b []byte, lim evidence.Limits) (*firmware.Facts, error) {
	t.Helper()
	f, err := firmware.Reader.Read(context.Background(), evidence.NewSource(name, b), lim)
	if err != nil {
		if f != nil {
			t.Fatalf("both facts and an error: %v", err)
		}
		return nil, err
	}
	return f.(*firmware.Facts), nil
}

func facts(t testing.TB, name string, b []byte) *firmware.Facts {
	t.Helper()
	f, err := readAll(t, name, b, evidence.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// file is one entry of a test's archive. A link has To.
type file struct {
	Name, Body, To string
	Mode           int64
	Type           byte
}

func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.Name, Mode: 0o644 | f.Mode, Size: int64(len(f.Body)), Typeflag: f.Type, Linkname: f.To}
		if f.Type == 0 {
			h.Typeflag = tar.TypeReg
			if f.To != "" {
				h.Typeflag = tar.TypeSymlink
			}
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.Body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func wantError(t *testing.T, err error, id iotmark.ErrorID) {
	t.Helper()
	e, ok := errors.AsType[*iotmark.Error](err)
	if !ok || e.ID != id {
		t.Errorf("got %v, want the error %s", err, id)
	}
}

// The real image of SOURCES.md: a Debian installer for a network disk.
func TestReadBuffalo(t *testing.T) {
	t.Parallel()
	f := facts(t, "initrd.buffalo", samples.Read(t, "firmware/debian-buffalo-lspro/initrd.buffalo"))
	if d := cmp.Diff([]string{"uImage", "xz", "cpio"}, f.Format); d != "" {
		t.Errorf("format: got (-want +got):\n%s", d)
	}
	want := firmware.Coverage{BytesIn: 8027148, BytesUnderstood: 8027148, BytesFiles: 28995976, BytesLooked: 28995976,
		Entries: 1166, Files: 721, Dirs: 143, Links: 300, Devices: 2, ELF: 319, Modules: 231}
	if d := cmp.Diff(want, f.Coverage); d != "" {
		t.Errorf("coverage: got (-want +got):\n%s", d)
	}
	if !f.Coverage.Complete() || f.Opaque || f.ImageName != "debian-installer ramdisk" {
		t.Errorf("got complete %v, opaque %v, name %q", f.Coverage.Complete(), f.Opaque, f.ImageName)
	}
	count := map[string]int{}
	for _, p := range f.Programs {
		for what, is := range map[string]bool{"nx": p.NX == elf.Yes, "dyn": p.PIE, "relro": p.RELRO != elf.RELRONone,
			"full relro": p.RELRO == elf.RELROFull, "canary": p.Canary == elf.Yes, "all": true, "arm": p.Machine == "arm"} {
			if is {
				count[what]++
			}
		}
	}
	if d := cmp.Diff(map[string]int{"all": 88, "arm": 88, "nx": 88, "dyn": 86, "relro": 88, "full relro": 35, "canary": 65}, count); d != "" {
		t.Errorf("programs: got (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]firmware.Account{
		{Name: "root", Shell: "/bin/sh", Login: true, Password: firmware.Locked, Place: firmware.Place{Path: "etc/passwd", Line: 1}},
		{Name: "installer", Shell: "/bin/network-console", Login: true, Password: firmware.Elsewhere, Place: firmware.Place{Path: "etc/passwd", Line: 2}},
	}, f.Accounts); d != "" {
		t.Errorf("accounts: got (-want +got):\n%s", d)
	}
	if len(f.Packages) != 93 || f.Packages[0] != (firmware.Package{Name: "anna", Version: "1.91", Manager: "dpkg", Place: firmware.Place{Path: "var/lib/dpkg/status", Line: 1}}) {
		t.Errorf("got %d packages, the first %+v", len(f.Packages), f.Packages[0])
	}
	if !slices.Contains(f.Versions, firmware.Version{Name: "busybox", Version: "1.35.0", Place: firmware.Place{Path: "bin/busybox"}}) {
		t.Errorf("got versions %+v", f.Versions)
	}
	if d := cmp.Diff([]firmware.Console{
		{Command: "askfirst -/bin/sh", How: "inittab", Place: firmware.Place{Path: "etc/inittab", Line: 8}},
		{Command: "askfirst -/bin/sh", How: "inittab", Place: firmware.Place{Path: "etc/inittab", Line: 9}},
	}, f.Consoles); d != "" {
		t.Errorf("consoles: got (-want +got):\n%s", d)
	}
	if len(f.Keys) != 0 {
		t.Errorf("got keys %+v", f.Keys)
	}
	survives(t, f)
}

// What cannot be looked into is named, and is no error.
func TestReadOpaque(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sample, format, as string }{
		{"firmware/debian-buffalo-lspro/uImage.buffalo", "uImage zImage", "zImage"},
		{"firmware/particle/tinker-0.4.5-photon.bin", "particle-module", "opaque MCU image"},
		{"firmware/particle/tinker-0.8.0-rc.27-argon.bin", "particle-module", "opaque MCU image"},
		{"firmware/particle/tinker-5.0.0-p2.bin", "particle-module", "opaque MCU image"},
		{"firmware/fs/matter_ota.bin", "matter-ota", "opaque MCU image"},
		{"firmware/fs/test.cpio", "cpio-binary", "cpio-binary"},
		{"firmware/fs/squashfs.bin", "squashfs", "squashfs"},
		{"firmware/fs/squashfs/gzip.sqfs", "squashfs", "squashfs"},
		{"firmware/fs/squashfs/xz.sqfs", "squashfs", "squashfs"},
		{"firmware/fs/squashfs/lz4.sqfs", "squashfs", "squashfs"},
		{"firmware/fs/squashfs/zlib_be.sqfs3", "squashfs", "squashfs"},
		{"firmware/fs/jffs2_le.img", "jffs2", "jffs2"},
		{"firmware/fs/cramfs.img", "cramfs", "cramfs"},
		{"firmware/fs/romfs.img", "romfs", "romfs"},
		{"firmware/fs/ext4.img.xz", "xz ext", "ext"},
		{"firmware/fs/fat.img.xz", "xz fat", "fat"},
		{"firmware/fs/gzip.bin", "gzip", "unknown format"},
		{"firmware/fs/test.dec", "", "unknown format"},
	} {
		t.Run(c.sample, func(t *testing.T) {
			t.Parallel()
			b := samples.Read(t, c.sample)
			if !firmware.Sniff("image.bin", b[:min(len(b), evidence.SniffLen)]) {
				t.Error("it is not taken for an image")
			}
			f := facts(t, "image.bin", b)
			if got := strings.Join(f.Format, " "); got != c.format || !f.Opaque || f.OpaqueAs != c.as {
				t.Errorf("got %q, opaque %v as %q", got, f.Opaque, f.OpaqueAs)
			}
			if f.Coverage.BytesUnderstood != 0 || f.Coverage.Complete() || len(f.Coverage.NotLooked) == 0 {
				t.Errorf("got coverage %+v", f.Coverage)
			}
			survives(t, f)
		})
	}
}

func survives(t *testing.T, f *firmware.Facts) {
	t.Helper()
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	got := firmware.Reader.New()
	if err := json.Unmarshal(raw, got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(any(f), got); d != "" {
		t.Errorf("facts do not survive JSON (-want +got):\n%s", d)
	}
}
