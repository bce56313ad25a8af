package elf_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/open-iot-mark/iotmark/internal/evidence/elf"
)

func inspect(t *testing.T, b []byte) *elf.Program {
	t.Helper()
	p, err := elf.Inspect(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// truth is what the flags in testdata/build.sh ask for.
var truth = map[string]elf.Program{
	"hard.elf": {Kind: elf.KindProgram, Type: "dyn", NX: elf.Yes, NXMarked: true, PIE: true, RELRO: elf.RELROFull,
		Canary: elf.Yes, Fortify: elf.Yes, Stripped: true},
	"lazy.elf": {Kind: elf.KindProgram, Type: "dyn", NX: elf.Yes, NXMarked: true, PIE: true, RELRO: elf.RELROPartial,
		Canary: elf.Yes, Fortify: elf.No, Stripped: true, RunPath: []string{"$ORIGIN/../lib", "/tmp/build/lib"}},
	"soft.elf": {Kind: elf.KindProgram, Type: "exec", NX: elf.No, NXMarked: true, RELRO: elf.RELRONone,
		Canary: elf.No, Fortify: elf.No, Stripped: true, RPath: []string{"lib"}},
	"symbols.elf": {Kind: elf.KindProgram, Type: "dyn", NX: elf.Yes, NXMarked: true, PIE: true, RELRO: elf.RELROFull,
		Canary: elf.No, Fortify: elf.No},
	"library.elf": {Kind: elf.KindLibrary, Type: "dyn", NX: elf.Yes, NXMarked: true, PIE: true, RELRO: elf.RELROFull,
		Canary: elf.Yes, Fortify: elf.Yes, Stripped: true},
}

func TestInspectWhatTheFlagsAskFor(t *testing.T) {
	t.Parallel()
	dirs := map[string]string{"kept": "testdata"}
	if _, err := exec.LookPath("gcc"); err == nil {
		fresh := t.TempDir()
		if out, err := exec.Command("testdata/build.sh", fresh).CombinedOutput(); err != nil {
			t.Fatalf("build.sh: %v\n%s", err, out)
		}
		dirs["built here"] = fresh
	}
	for where, dir := range dirs {
		for name, want := range truth {
			t.Run(where+"/"+name, func(t *testing.T) {
				t.Parallel()
				b, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				got := inspect(t, b)
				opt := cmpopts.IgnoreFields(elf.Program{}, "Machine", "Bits", "Big", "Needed", "Size")
				if d := cmp.Diff(want, *got, opt); d != "" {
					t.Errorf("got (-want +got):\n%s", d)
				}
				if where == "kept" && (got.Machine != "x86_64" || got.Bits != 64 || got.Big || !cmp.Equal(got.Needed, []string{"libc.so.6"})) {
					t.Errorf("got machine %s, %d bits, needs %q", got.Machine, got.Bits, got.Needed)
				}
			})
		}
	}
}

// The programs of this machine, read with binutils as a second opinion.
func TestInspectAgreesWithReadelf(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("readelf"); err != nil {
		t.Logf("readelf is not here; the flags' own test stands alone")
		return
	}
	names := []string{"testdata/hard.elf", "testdata/lazy.elf", "testdata/soft.elf", "testdata/library.elf"}
	for _, pattern := range []string{"/usr/bin/s*", "/usr/sbin/a*"} {
		more, _ := filepath.Glob(pattern)
		names = append(names, more[:min(len(more), 40)]...)
	}
	seen := 0
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil || !elf.IsELF(b) {
			continue
		}
		seen++
		got := inspect(t, b)
		got.Size = 0
		out, err := exec.Command("readelf", "-W", "-l", "-d", "--dyn-syms", name).Output()
		if err != nil {
			continue
		}
		s := string(out)
		want := *got
		want.NX = elf.No
		if i := strings.Index(s, "GNU_STACK"); i >= 0 && !strings.Contains(line(s[i:]), "E ") {
			want.NX = elf.Yes
		}
		want.PIE = strings.Contains(s, "Elf file type is DYN")
		want.RELRO = elf.RELRONone
		if strings.Contains(s, "GNU_RELRO") {
			want.RELRO = elf.RELROPartial
			if strings.Contains(s, "BIND_NOW") || strings.Contains(s, "Flags: NOW") {
				want.RELRO = elf.RELROFull
			}
		}
		if strings.Contains(s, "Dynamic section") {
			want.Canary, want.Fortify = elf.No, elf.No
			if strings.Contains(s, "__stack_chk_fail") {
				want.Canary = elf.Yes
			}
			if strings.Contains(s, "_chk@") {
				want.Fortify = elf.Yes
			}
		}
		if d := cmp.Diff(want, *got); d != "" {
			t.Errorf("%s: got (-want +got):\n%s", name, d)
		}
	}
	t.Logf("%d programs compared", seen)
}

func line(s string) string { l, _, _ := strings.Cut(s, "\n"); return l }

func TestUnsafePaths(t *testing.T) {
	t.Parallel()
	p := elf.Program{
		RPath:   []string{"", "lib", "/usr/lib", "/tmp", "/tmpfs/lib"},
		RunPath: []string{"$ORIGIN/../lib", "${ORIGIN}", "/home/builder/out", "/var/tmp/x", "/dev/shm", "/opt/lib"},
	}
	want := []string{"", "lib", "/tmp", "/home/builder/out", "/var/tmp/x", "/dev/shm"}
	if d := cmp.Diff(want, p.UnsafePaths()); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
}

func TestProgramSurvivesJSON(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/lazy.elf")
	if err != nil {
		t.Fatal(err)
	}
	want := inspect(t, b)
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got := new(elf.Program)
	if err := json.Unmarshal(raw, got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
}

// hostile changes fields of a sound header. The offsets are those of a 64 bit
// file: e_phoff 32, e_shoff 40, e_phnum 56, e_shentsize 58, e_shnum 60.
func TestInspectHostile(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("testdata/hard.elf")
	if err != nil {
		t.Fatal(err)
	}
	put16 := func(off int, v uint16) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint16(b[off:], v) }
	}
	put64 := func(off int, v uint64) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint64(b[off:], v) }
	}
	cases := []struct {
		name   string
		change func([]byte)
		want   error
	}{
		{"program headers beyond the end", put64(32, 1<<62), elf.ErrDamaged},
		{"program headers that wrap around", put64(32, ^uint64(0)-8), elf.ErrDamaged},
		{"65535 program headers", put16(56, 0xffff), elf.ErrDamaged},
		{"program headers of size 0", put16(54, 0), elf.ErrDamaged},
		{"sections beyond the end", put64(40, 1<<40), nil},
		{"65535 sections", put16(60, 0xffff), nil},
		{"sections of size 1", put16(58, 1), nil},
		{"section headers over program headers", put64(40, 64), nil},
		{"no class", func(b []byte) { b[4] = 9 }, elf.ErrDamaged},
		{"no byte order", func(b []byte) { b[5] = 7 }, elf.ErrDamaged},
		{"no ELF", func(b []byte) { b[1] = 'F' }, elf.ErrNotELF},
		{"every program header field set", func(b []byte) {
			for i := 64; i < 64+13*56; i++ {
				b[i] = 0xff
			}
		}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := bytes.Clone(good)
			c.change(b)
			_, err := elf.Inspect(bytes.NewReader(b), int64(len(b)))
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	for n := range 200 {
		if _, err := elf.Inspect(bytes.NewReader(good[:n]), int64(n)); err == nil {
			t.Errorf("%d bytes are taken for a program", n)
		}
	}
}

// A file that claims 2^40 bytes of strings costs no memory.
func TestInspectAllocatesLittle(t *testing.T) {
	good, err := os.ReadFile("testdata/hard.elf")
	if err != nil {
		t.Fatal(err)
	}
	for i := 64; i+8 < len(good); i += 8 { // every aligned word in turn
		if i > 4096 && i < len(good)-4096 {
			continue
		}
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint64(b[i:], 1<<40)
		_, _ = elf.Inspect(bytes.NewReader(b), int64(len(b)))
	}
	n := testing.Benchmark(func(b *testing.B) {
		bad := bytes.Clone(good)
		binary.LittleEndian.PutUint64(bad[40:], 0)
		for b.Loop() {
			_, _ = elf.Inspect(bytes.NewReader(bad), int64(len(bad)))
		}
	}).AllocedBytesPerOp()
	if n > 64<<10 {
		t.Errorf("one program of %d bytes costs %d bytes of memory", len(good), n)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"hard.elf", "soft.elf", "lazy.elf", "library.elf"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:min(len(b), 4096)])
		f.Add(b)
	}
	f.Add([]byte("\x7fELF\x01\x02\x01" + strings.Repeat("\x00", 60)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := elf.Inspect(bytes.NewReader(b), int64(len(b)))
		if (p == nil) == (err == nil) {
			t.Errorf("got %v and %v", p, err)
		}
		if p != nil && (len(p.Needed) > 64 || len(p.RPath) > 64 || len(p.RunPath) > 64) {
			t.Errorf("lists are not bounded")
		}
	})
}
