package devicesecurity

import (
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/elf"
)

// Hardening looks whether programs were built with the memory protections
// that compiler and platform offer.
var Hardening = check.Check{
	ID:      "device-security.hardening",
	Version: 1,
	Title:   "Programs are built with memory protections",
	What: "Looks at every program and library in the image. It passes when at least 19 in 20 have no executable stack (NX), 19 in 20 programs can be loaded anywhere (PIE), " +
		"19 in 20 have read-only relocations (RELRO), every second one has a stack guard, and none searches libraries in an unsafe place (RPATH).",
	Why:     "Mistakes in C programs are found every week. These switches turn many of them from a break-in into a crash.",
	Satisfy: "Build with -fPIE -pie -fstack-protector-strong -D_FORTIFY_SOURCE=2 -Wl,-z,relro,-z,now -Wl,-z,noexecstack and without -rpath; in Buildroot, Yocto and OpenWrt these are one option each.",
	Limits: "One in twenty may lack a protection: single programs bought as they are cannot be built anew. The stack guard is only seen where a program has something to guard, so half is asked for, " +
		"and programs below 16 kB without one are not counted; a Debian system built with it throughout shows four in five. Static programs without symbols say nothing about it. " +
		"On MIPS many processors cannot forbid an executable stack, so NX is not asked for there. Full RELRO and fortified calls are reported and not asked for. Kernel modules are not counted.",
	Cites: []string{
		"OWASP ISVS 1.0, 1.3.7 to 1.3.11",
		"The Digital Standard, Best build practices",
		"ETSI EN 303 645 V3.1.3, provision 5.6-8",
		"GNU ld manual, -z keyword; System V ABI, dynamic section",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{images},
	Run: func(in check.Input) []iotmark.Finding {
		return eachImage(in, "device-security.hardening", hardening)
	},
}

// tiny is the size below which a program without a stack guard is not
// counted: it may have nothing to guard.
const tiny = 16 << 10

// mips reports whether the platform cannot be asked for NX.
func mips(p *elf.Program) bool { return p.Machine == "mips" }

// protection is one property that is asked for.
type protection struct {
	what   string                  // last part of the message id
	counts func(*elf.Program) bool // programs that can have it
	has    func(*elf.Program) bool
	share  int // one in so many may lack it
}

var protections = []protection{
	{"no-nx", func(p *elf.Program) bool { return !mips(p) || p.NX == elf.Yes }, func(p *elf.Program) bool { return p.NX == elf.Yes }, 20},
	{"no-pie", func(p *elf.Program) bool { return p.Kind == elf.KindProgram }, func(p *elf.Program) bool { return p.PIE }, 20},
	{"no-relro", func(p *elf.Program) bool { return true }, func(p *elf.Program) bool { return p.RELRO != elf.RELRONone }, 20},
	{"no-canary", func(p *elf.Program) bool { return p.Canary == elf.Yes || p.Canary == elf.No && p.Size >= tiny },
		func(p *elf.Program) bool { return p.Canary == elf.Yes }, 2},
}

func hardening(m image) []iotmark.Finding {
	f := m.Facts
	if f.Opaque {
		return []iotmark.Finding{m.opaque()}
	}
	if len(f.Programs) == 0 {
		if !f.Coverage.Complete() {
			return []iotmark.Finding{m.partly()}
		}
		return []iotmark.Finding{m.say(iotmark.Inapplicable, "no-programs")}
	}
	var out []iotmark.Finding
	have := map[string]string{}
	for _, p := range protections {
		of, lack := 0, []elf.Program{}
		for i := range f.Programs {
			switch x := &f.Programs[i]; {
			case !p.counts(x):
			case p.has(x):
				of++
			default:
				of++
				lack = append(lack, *x)
			}
		}
		have[strings.TrimPrefix(p.what, "no-")] = check.N(of-len(lack)) + " of " + check.N(of)
		if len(lack)*p.share > of {
			out = append(out, m.programs(p.what, lack, of))
		}
	}
	var unsafe []elf.Program
	where := ""
	full, fortified, onMIPS := 0, 0, 0
	for i := range f.Programs {
		x := &f.Programs[i]
		if d := x.UnsafePaths(); len(d) > 0 {
			if unsafe = append(unsafe, *x); where == "" {
				where = check.Quote(d[0])
			}
		}
		if x.RELRO == elf.RELROFull {
			full++
		}
		if x.Fortify == elf.Yes {
			fortified++
		}
		if mips(x) && x.NX != elf.Yes {
			onMIPS++
		}
	}
	if len(unsafe) > 0 {
		x := m.programs("rpath", unsafe, len(f.Programs))
		if where == "" {
			where = "(the current folder)"
		}
		x.Args["where"] = where
		out = append(out, x)
	}
	if f.Totals.Programs > len(f.Programs) {
		out = append(out, m.say(iotmark.CantTell, "too-many", "n", check.N(f.Totals.Programs), "read", check.N(len(f.Programs))))
	}
	if !f.Coverage.Complete() {
		out = append(out, m.partly())
	}
	if len(out) == 0 && len(f.Roots) == 0 {
		// A few good programs in an archive are not the device.
		out = append(out, m.say(iotmark.CantTell, "no-root", "n", check.N(len(f.Programs))))
	}
	if len(out) == 0 {
		out = append(out, m.say(iotmark.Passed, "built", "n", check.N(len(f.Programs)), "nx", have["nx"], "pie", have["pie"], "relro", have["relro"],
			"canary", have["canary"], "full", check.N(full), "fortified", check.N(fortified)))
	}
	if onMIPS > 0 {
		out = append(out, m.say(iotmark.Passed, "mips", "n", check.N(onMIPS)))
	}
	return out
}

// programs makes a failed finding on the programs that lack something.
func (m image) programs(what string, list []elf.Program, of int) iotmark.Finding {
	var names []string
	for _, p := range list {
		names = append(names, check.Quote(p.Path))
	}
	f := m.say(iotmark.Failed, what, "n", check.N(len(list)), "of", check.N(of), "names", check.List(names))
	for _, p := range list[:min(len(list), check.Shown)] {
		f.Places = append(f.Places, iotmark.Place{Evidence: m.ID, Path: p.Path})
	}
	return f
}
