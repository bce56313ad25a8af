// Package elf reads what protections a compiled program was built with: no
// execution of data (NX), position independence (PIE), read-only relocations
// (RELRO), stack guard (canary), fortified calls, and unsafe search paths.
//
// It walks the program headers and the dynamic section, as the loader does,
// because makers strip section headers off their programs; sections are only
// asked for the symbols of static programs. Every offset and length is
// bounded by the size of the file and by a constant before anything is read.
//
// What it refuses to do: run, load or disassemble anything, and guess. Where
// the file does not say, the answer is unknown. What can go wrong: headers
// that lie; then [ErrDamaged] says so, or the one property is unknown.
package elf

import (
	"bytes"
	stdelf "debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// The errors of Inspect.
var (
	ErrNotELF  = errors.New("no ELF header")
	ErrDamaged = errors.New("damaged ELF header")
)

// Kind says what sort of file it is.
type Kind string

// A program is started, a library is loaded by programs, an object is not
// linked yet: kernel modules are objects.
const (
	KindProgram Kind = "program"
	KindLibrary Kind = "library"
	KindObject  Kind = "object"
	KindOther   Kind = "other" // core files and what a platform defines itself
)

// State answers a question about a program.
type State string

// Unknown: the file does not say.
const (
	Yes     State = "yes"
	No      State = "no"
	Unknown State = "unknown"
)

// RELRO says how much of the relocation table is read-only at run time.
type RELRO string

// The three degrees. Full needs all symbols bound at start.
const (
	RELRONone    RELRO = "none"
	RELROPartial RELRO = "partial"
	RELROFull    RELRO = "full"
)

// Program is what one ELF file says about itself.
type Program struct {
	Path     string   `json:"path,omitempty"` // filled in by the caller
	Size     int64    `json:"size,omitempty"`
	Kind     Kind     `json:"kind"`
	Type     string   `json:"type"`    // exec, dyn, rel, core, other
	Machine  string   `json:"machine"` // such as arm, aarch64, mips, x86_64
	Bits     int      `json:"bits"`
	Big      bool     `json:"big,omitempty"`    // big endian
	Static   bool     `json:"static,omitempty"` // asks for no loader and no library
	NX       State    `json:"nx"`
	NXMarked bool     `json:"nx_marked,omitempty"` // the file has a PT_GNU_STACK header at all
	PIE      bool     `json:"pie,omitempty"`       // type dyn: it can be loaded anywhere
	RELRO    RELRO    `json:"relro"`
	Canary   State    `json:"canary"`
	Fortify  State    `json:"fortify"`
	RPath    []string `json:"rpath,omitempty"`   // DT_RPATH, split at colons
	RunPath  []string `json:"runpath,omitempty"` // DT_RUNPATH, split at colons
	Needed   []string `json:"needed,omitempty"`  // at most 64
	Stripped bool     `json:"stripped,omitempty"`
}

// Linked reports whether it is a program or a library.
func (p *Program) Linked() bool { return p.Kind == KindProgram || p.Kind == KindLibrary }

// UnsafePaths returns the search paths that an attacker may be able to write
// to: empty and relative ones, and those below /tmp, /var/tmp, /dev/shm and
// /home. $ORIGIN is the program's own folder and is safe by itself.
func (p *Program) UnsafePaths() []string {
	var out []string
	for _, d := range append(append([]string{}, p.RPath...), p.RunPath...) {
		if unsafeDir(d) {
			out = append(out, d)
		}
	}
	return out
}

func unsafeDir(d string) bool {
	if strings.HasPrefix(d, "$ORIGIN") || strings.HasPrefix(d, "${ORIGIN}") {
		return false
	}
	if !strings.HasPrefix(d, "/") {
		return true
	}
	for _, w := range []string{"/tmp", "/var/tmp", "/dev/shm", "/home"} {
		if d == w || strings.HasPrefix(d, w+"/") {
			return true
		}
	}
	return false
}

// Bounds. The largest real string table of dynamic symbols seen has 1.4 MB
// (Chromium); a program has some ten program headers and 40 dynamic entries.
const (
	maxProgs   = 512
	maxDynamic = 1 << 20  // bytes of the dynamic section
	maxStrings = 16 << 20 // bytes of one string table
	maxSects   = 4096
	maxNeeded  = 64
	maxPaths   = 64
	maxText    = 256 // bytes of one path or name that is kept
)

// IsELF reports whether the bytes begin with the magic of ELF.
func IsELF(head []byte) bool { return bytes.HasPrefix(head, []byte(stdelf.ELFMAG)) }

// file is one ELF file under reading.
type file struct {
	r     io.ReaderAt
	size  int64
	order binary.ByteOrder
	is64  bool
	progs []prog
}

type prog struct {
	typ                stdelf.ProgType
	flags              stdelf.ProgFlag
	off, vaddr, filesz uint64
}

// Inspect reads the headers of one file.
func Inspect(r io.ReaderAt, size int64) (*Program, error) {
	var ident [64]byte
	n := min(size, int64(len(ident)))
	if m, err := r.ReadAt(ident[:n], 0); int64(m) < n {
		return nil, errors.Join(ErrNotELF, err)
	}
	if n < 52 || !IsELF(ident[:]) {
		return nil, ErrNotELF
	}
	f := &file{r: r, size: size, order: binary.LittleEndian}
	p := &Program{Size: size, Bits: 32, NX: Unknown, RELRO: RELRONone, Canary: Unknown, Fortify: Unknown}
	switch stdelf.Class(ident[stdelf.EI_CLASS]) {
	case stdelf.ELFCLASS32:
	case stdelf.ELFCLASS64:
		f.is64, p.Bits = true, 64
		if n < 64 {
			return nil, ErrDamaged
		}
	default:
		return nil, ErrDamaged
	}
	switch stdelf.Data(ident[stdelf.EI_DATA]) {
	case stdelf.ELFDATA2LSB:
	case stdelf.ELFDATA2MSB:
		f.order, p.Big = binary.BigEndian, true
	default:
		return nil, ErrDamaged
	}
	typ := stdelf.Type(f.order.Uint16(ident[16:]))
	p.Machine = machine(stdelf.Machine(f.order.Uint16(ident[18:])))
	var phoff, shoff uint64
	var phentsize, phnum, shentsize, shnum uint16
	if f.is64 {
		phoff, shoff = f.order.Uint64(ident[32:]), f.order.Uint64(ident[40:])
		phentsize, phnum = f.order.Uint16(ident[54:]), f.order.Uint16(ident[56:])
		shentsize, shnum = f.order.Uint16(ident[58:]), f.order.Uint16(ident[60:])
	} else {
		phoff, shoff = uint64(f.order.Uint32(ident[28:])), uint64(f.order.Uint32(ident[32:]))
		phentsize, phnum = f.order.Uint16(ident[42:]), f.order.Uint16(ident[44:])
		shentsize, shnum = f.order.Uint16(ident[46:]), f.order.Uint16(ident[48:])
	}
	switch typ {
	case stdelf.ET_REL:
		p.Type, p.Kind = "rel", KindObject
		return p, nil
	case stdelf.ET_EXEC:
		p.Type, p.Kind = "exec", KindProgram
	case stdelf.ET_DYN:
		p.Type, p.Kind, p.PIE = "dyn", KindLibrary, true
	case stdelf.ET_CORE:
		p.Type, p.Kind = "core", KindOther
		return p, nil
	default:
		p.Type, p.Kind = "other", KindOther
		return p, nil
	}
	if err := f.readProgs(phoff, phentsize, phnum); err != nil {
		return nil, err
	}
	f.describe(p, f.sections(shoff, shentsize, shnum))
	return p, nil
}

// describe fills in what the program headers, the dynamic section and, for
// static programs, the symbols say.
func (f *file) describe(p *Program, symbols []byte) {
	dynamic := false
	p.NX = No // Linux gives an executable stack to a file without the header
	for _, h := range f.progs {
		switch h.typ {
		case stdelf.PT_INTERP:
			p.Kind = KindProgram
		case stdelf.PT_DYNAMIC:
			dynamic = true
		case stdelf.PT_GNU_STACK:
			p.NXMarked = true
			p.NX = No
			if h.flags&stdelf.PF_X == 0 {
				p.NX = Yes
			}
		case stdelf.PT_GNU_RELRO:
			if p.RELRO == RELRONone {
				p.RELRO = RELROPartial
			}
		}
	}
	p.Stripped = symbols == nil
	var names []byte
	if dynamic {
		names = f.dynamic(p)
	}
	p.Static = len(p.Needed) == 0 && !f.has(stdelf.PT_INTERP) && p.Kind == KindProgram
	if p.Static && symbols != nil {
		names = symbols
	}
	if names == nil {
		return // static and stripped: nothing names a function any more
	}
	p.Canary, p.Fortify = No, No
	if has(names, "__stack_chk_fail") || has(names, "__stack_chk_guard") || has(names, "__stack_chk_fail_local") || has(names, "__stack_smash_handler") {
		p.Canary = Yes
	}
	if fortified(names) {
		p.Fortify = Yes
	}
}

func (f *file) has(t stdelf.ProgType) bool {
	for _, h := range f.progs {
		if h.typ == t {
			return true
		}
	}
	return false
}

// has reports whether the string table holds the name.
func has(table []byte, name string) bool {
	return bytes.Contains(table, append([]byte("\x00"+name), 0))
}

// fortified reports whether a checked form of a C function is named, such as
// __memcpy_chk; the stack guard's own name does not end so.
func fortified(table []byte) bool {
	for rest := table; ; {
		i := bytes.Index(rest, []byte("_chk\x00"))
		if i < 0 {
			return false
		}
		j := bytes.LastIndexByte(rest[:i], 0)
		if name := rest[j+1 : i]; len(name) > 2 && bytes.HasPrefix(name, []byte("__")) {
			return true
		}
		rest = rest[i+5:]
	}
}

func (f *file) readProgs(off uint64, entsize, num uint16) error {
	want := uint16(32)
	if f.is64 {
		want = 56
	}
	if num == 0 {
		return nil
	}
	if entsize != want || num > maxProgs {
		return ErrDamaged
	}
	b, ok := f.at(off, uint64(num)*uint64(want), maxProgs*56)
	if !ok {
		return ErrDamaged
	}
	for ; len(b) > 0; b = b[want:] {
		h := prog{typ: stdelf.ProgType(f.order.Uint32(b))}
		if f.is64 {
			h.flags = stdelf.ProgFlag(f.order.Uint32(b[4:]))
			h.off, h.vaddr, h.filesz = f.order.Uint64(b[8:]), f.order.Uint64(b[16:]), f.order.Uint64(b[32:])
		} else {
			h.off, h.vaddr, h.filesz = uint64(f.order.Uint32(b[4:])), uint64(f.order.Uint32(b[8:])), uint64(f.order.Uint32(b[16:]))
			h.flags = stdelf.ProgFlag(f.order.Uint32(b[24:]))
		}
		f.progs = append(f.progs, h)
	}
	return nil
}

// dynamic reads the dynamic section and returns its string table, nil when
// there is none to be read.
func (f *file) dynamic(p *Program) []byte {
	var seg prog
	for _, h := range f.progs {
		if h.typ == stdelf.PT_DYNAMIC {
			seg = h
			break
		}
	}
	b, ok := f.at(seg.off, min(seg.filesz, maxDynamic), maxDynamic)
	if !ok {
		return nil
	}
	var strtab, strsz uint64
	var needed, rpath, runpath []uint64
	now := false
	width := 8
	if f.is64 {
		width = 16
	}
	for ; len(b) >= width; b = b[width:] {
		var tag stdelf.DynTag
		var val uint64
		if f.is64 {
			tag, val = stdelf.DynTag(int64(f.order.Uint64(b))), f.order.Uint64(b[8:])
		} else {
			tag, val = stdelf.DynTag(int32(f.order.Uint32(b))), uint64(f.order.Uint32(b[4:]))
		}
		switch tag {
		case stdelf.DT_NULL:
			b = b[:width] // the last entry
		case stdelf.DT_STRTAB:
			strtab = val
		case stdelf.DT_STRSZ:
			strsz = val
		case stdelf.DT_NEEDED:
			needed = appendMax(needed, val, maxNeeded)
		case stdelf.DT_RPATH:
			rpath = appendMax(rpath, val, maxPaths)
		case stdelf.DT_RUNPATH:
			runpath = appendMax(runpath, val, maxPaths)
		case stdelf.DT_BIND_NOW:
			now = true
		case stdelf.DT_FLAGS:
			now = now || val&uint64(stdelf.DF_BIND_NOW) != 0
		case stdelf.DT_FLAGS_1:
			now = now || val&uint64(stdelf.DF_1_NOW) != 0
			if val&uint64(stdelf.DF_1_PIE) != 0 {
				p.Kind = KindProgram
			}
		}
	}
	if now && p.RELRO == RELROPartial {
		p.RELRO = RELROFull
	}
	off, ok := f.offset(strtab)
	if !ok {
		return nil
	}
	table, ok := f.at(off, strsz, maxStrings)
	if !ok {
		return nil
	}
	for _, o := range needed {
		if s := text(table, o); s != "" {
			p.Needed = append(p.Needed, s)
		}
	}
	p.RPath = paths(table, rpath)
	p.RunPath = paths(table, runpath)
	return table
}

func appendMax(s []uint64, v uint64, n int) []uint64 {
	if len(s) < n {
		s = append(s, v)
	}
	return s
}

func paths(table []byte, offs []uint64) []string {
	var out []string
	for _, o := range offs {
		if o >= uint64(len(table)) {
			continue
		}
		for d := range strings.SplitSeq(text(table, o), ":") {
			if len(out) == maxPaths {
				return out
			}
			out = append(out, d)
		}
	}
	return out
}

// text returns the string at an offset, cut to what is kept, with bytes that
// are no text replaced.
func text(table []byte, off uint64) string {
	if off >= uint64(len(table)) {
		return ""
	}
	b := table[off:]
	b = b[:min(len(b), maxText)]
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// offset finds where a virtual address stands in the file.
func (f *file) offset(vaddr uint64) (uint64, bool) {
	for _, h := range f.progs {
		if h.typ == stdelf.PT_LOAD && vaddr >= h.vaddr && vaddr-h.vaddr < h.filesz {
			return h.off + (vaddr - h.vaddr), true
		}
	}
	return 0, false
}

// at reads a span that lies within the file and within limit.
func (f *file) at(off, n uint64, limit uint64) ([]byte, bool) {
	if n == 0 || n > limit || off > uint64(f.size) || n > uint64(f.size)-off {
		return nil, false
	}
	b := make([]byte, n)
	if m, _ := f.r.ReadAt(b, int64(off)); uint64(m) < n {
		return nil, false
	}
	return b, true
}

// sections returns the string table of the full symbol table, nil when the
// file is stripped or its section headers are not sound.
func (f *file) sections(off uint64, entsize, num uint16) []byte {
	want := uint16(40)
	if f.is64 {
		want = 64
	}
	if entsize != want || num == 0 || num > maxSects {
		return nil
	}
	b, ok := f.at(off, uint64(num)*uint64(want), maxSects*64)
	if !ok {
		return nil
	}
	head := func(i uint32) (typ stdelf.SectionType, off, size uint64, link uint32) {
		h := b[int(i)*int(want):]
		typ = stdelf.SectionType(f.order.Uint32(h[4:]))
		if f.is64 {
			return typ, f.order.Uint64(h[24:]), f.order.Uint64(h[32:]), f.order.Uint32(h[40:])
		}
		return typ, uint64(f.order.Uint32(h[16:])), uint64(f.order.Uint32(h[20:])), f.order.Uint32(h[24:])
	}
	for i := range uint32(num) {
		typ, _, _, link := head(i)
		if typ != stdelf.SHT_SYMTAB || link >= uint32(num) {
			continue
		}
		if t, so, sz, _ := head(link); t == stdelf.SHT_STRTAB {
			if table, ok := f.at(so, sz, maxStrings); ok {
				return table
			}
		}
	}
	return nil
}

// machine names a processor in the words of `uname -m`, where it has one.
func machine(m stdelf.Machine) string {
	switch m {
	case stdelf.EM_ARM:
		return "arm"
	case stdelf.EM_AARCH64:
		return "aarch64"
	case stdelf.EM_MIPS, stdelf.EM_MIPS_RS3_LE:
		return "mips"
	case stdelf.EM_386:
		return "x86"
	case stdelf.EM_X86_64:
		return "x86_64"
	case stdelf.EM_RISCV:
		return "riscv"
	case stdelf.EM_PPC:
		return "ppc"
	case stdelf.EM_PPC64:
		return "ppc64"
	case stdelf.EM_XTENSA:
		return "xtensa"
	case stdelf.EM_SH:
		return "sh"
	case stdelf.EM_SPARC, stdelf.EM_SPARCV9:
		return "sparc"
	case stdelf.EM_S390:
		return "s390"
	case stdelf.EM_LOONGARCH:
		return "loongarch"
	}
	return "other"
}
