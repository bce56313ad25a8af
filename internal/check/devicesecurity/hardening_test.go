package devicesecurity_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/check/devicesecurity"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// kept returns a program of internal/evidence/elf/testdata.
func kept(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(samples.Root(), "internal/evidence/elf/testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// many returns n programs of one sort in a root tree, and then others.
func many(n int, body string, more tree) tree {
	tr := root(nil)
	for i := range n {
		tr["usr/bin/p"+strconv.Itoa(i)] = body
	}
	for k, v := range more {
		tr[k] = v
	}
	return tr
}

func TestHardening(t *testing.T) {
	t.Parallel()
	hard, lazy, soft, symbols := kept(t, "hard.elf"), kept(t, "lazy.elf"), kept(t, "soft.elf"), kept(t, "symbols.elf")
	big := soft + strings.Repeat("\x00", 16<<10)      // large enough to have something to guard
	plain := symbols + strings.Repeat("\x00", 16<<10) // all but the stack guard
	mips := []byte(big)
	mips[18], mips[19] = 8, 0 // e_machine
	table(t, devicesecurity.Hardening, []row{
		{"all protections", many(3, hard, nil), []string{"passed built"}},
		{"a library", root(tree{"lib/l.so": kept(t, "library.elf")}), []string{"passed built"}},
		{"none at all, tiny", many(2, soft, nil), []string{"failed no-nx", "failed no-pie", "failed no-relro", "failed rpath"}},
		{"none at all", many(2, big, nil), []string{"failed no-nx", "failed no-pie", "failed no-relro", "failed no-canary", "failed rpath"}},
		{"an unsafe path", many(1, lazy, nil), []string{"failed rpath"}},
		{"no stack guard", many(2, plain, nil), []string{"failed no-canary"}},
		{"stack guard in half", many(1, plain, tree{"bin/h": hard}), []string{"passed built"}},
		{"one of twenty without", many(19, hard, tree{"bin/soft": strings.Replace(soft, "\x00lib\x00", "\x00/lb\x00", 1)}), []string{"passed built"}},
		{"one of nineteen without", many(18, hard, tree{"bin/soft": strings.Replace(soft, "\x00lib\x00", "\x00/lb\x00", 1)}), []string{"failed no-nx", "failed no-pie", "failed no-relro"}},
		{"MIPS cannot be asked for NX", many(1, string(mips), nil), []string{"failed no-pie", "failed no-relro", "failed no-canary", "failed rpath", "passed mips"}},
		{"programs and no root tree", tree{"bin/true": hard}, []string{"cantTell no-root"}},
		{"no program", root(nil), []string{"inapplicable no-programs"}},
		{"no program, and not all was seen", root(tree{"opt/x.cpio": "\xc7\x71" + strings.Repeat("\x00", 18) + "\x05\x00" + strings.Repeat("\x00", 64)}), []string{"cantTell partly"}},
		{"sound, and not all was seen", many(2, hard, tree{"opt/x.rar": "Rar!\x1a\x07\x00" + strings.Repeat("x", 64)}), []string{"cantTell partly"}},
		{"a type of its own", root(tree{"bin/x": "\x7fELF\x02\x01\x01" + strings.Repeat("\xff", 200)}), []string{"inapplicable no-programs"}},
		{"a header that lies", root(tree{"bin/x": "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00" + strings.Repeat("\xff", 200)}), []string{"cantTell partly"}},
	})
}
