package firmware

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"path"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/elf"
)

// analysis looks at files while they stream by, and at the kept texts when
// all of the tree is known. One goroutine owns it.
type analysis struct {
	f       *Facts
	b       *budget
	t       *tree
	index   map[string][]string // names in each folder; made at the end
	buf     bytes.Buffer        // content of the file that is looked at
	work    int                 // spent on trying passwords
	markers int                 // of PEM, tried so far
	inner   []string            // files that are images or archives themselves
	blobs   []Unlooked          // files that are neither text nor of a known format
}

// unlooked notes what was not looked into.
func (a *analysis) unlooked(p, why string, size int64) {
	a.f.Coverage.OpaqueFiles++
	if len(a.f.Coverage.NotLooked) < maxNotLooked {
		a.f.Coverage.NotLooked = append(a.f.Coverage.NotLooked, Unlooked{p, why, size})
	}
}

// member takes one entry of an archive.
func (a *analysis) member(m member, r io.Reader) (string, error) {
	if err := a.b.entry(); err != nil {
		return "", err
	}
	c := &a.f.Coverage
	p, err := a.t.put(m, a.f)
	if err != nil {
		return "", err
	}
	c.Entries++
	switch m.kind {
	case 'f':
		c.Files++
		return p, a.file(p, r)
	case 'd':
		c.Dirs++
	case 'l', 'h':
		c.Links++
	default:
		c.Devices++
	}
	return p, nil
}

// file reads one file, up to the bound, and looks at it.
func (a *analysis) file(p string, r io.Reader) error {
	a.buf.Reset()
	n, err := io.Copy(&a.buf, io.LimitReader(counted{r, a.b, &a.b.content}, maxFile+1))
	if errors.Is(err, errLocked) {
		a.unlooked(p, "encrypted", 0)
		return nil
	}
	if err != nil {
		return err
	}
	a.f.Coverage.BytesFiles += n
	if n > maxFile {
		rest, err := io.Copy(io.Discard, counted{r, a.b, &a.b.content})
		if err != nil {
			return err
		}
		a.f.Coverage.BytesFiles += rest
		a.unlooked(p, "larger than 64 MiB", n+rest)
		return nil
	}
	if n > 0 {
		looked, err := a.look(p, a.buf.Bytes(), 0)
		if err != nil {
			return err
		}
		if looked {
			a.f.Coverage.BytesLooked += n
		}
	}
	if a.buf.Cap() > 16<<20 {
		a.buf = bytes.Buffer{} // one large file does not hold its memory for all others
	}
	return nil
}

// look looks at the content of a file; it reports whether it understood it.
func (a *analysis) look(p string, b []byte, depth int) (bool, error) {
	a.pemKeys(p, b, 0)
	if a.rawKeys(p, b) {
		return true, nil
	}
	f := detect(b[:min(len(b), 4096)], int64(len(b)), false)
	switch f.class {
	case program:
		return true, a.elf(p, b)
	case packed:
		return a.unpack(p, b, f.name, depth)
	case envelope, archive, named, mcu:
		a.inner = append(a.inner[:min(len(a.inner), 8)], p)
		a.unlooked(p, f.name, int64(len(b)))
		return false, nil
	}
	a.keep(p, b, depth)
	if len(b) >= 64<<10 && !isMedia(b) && entropy(b) > 7.95 {
		a.unlooked(p, "encrypted or packed data", int64(len(b)))
		return false, nil
	}
	if len(a.blobs) < maxNotLooked && !isMedia(b) && !isText(b[:min(len(b), 4096)]) {
		a.blobs = append(a.blobs, Unlooked{p, "unknown format", int64(len(b))})
	}
	return true, nil
}

// unpack looks into a file that is one compressed stream, such as a manual
// page or a kernel module.
func (a *analysis) unpack(p string, b []byte, name string, depth int) (bool, error) {
	if depth >= 3 {
		a.unlooked(p, "packed again and again", int64(len(b)))
		return false, nil
	}
	r, done, err := decompressor(name, bufio.NewReader(bytes.NewReader(b)), a.b)
	if err == nil {
		defer done()
		var out []byte
		out, err = io.ReadAll(io.LimitReader(counted{r, a.b, &a.b.out}, maxFile+1))
		if err == nil && len(out) > maxFile {
			a.unlooked(p, "larger than 64 MiB", int64(len(b)))
			return false, nil
		}
		if err == nil {
			return a.look(p, out, depth+1)
		}
	}
	if expected(err) {
		return false, err
	}
	a.unlooked(p, "damaged "+name, int64(len(b)))
	return false, nil
}

func (a *analysis) elf(p string, b []byte) error {
	c := &a.f.Coverage
	c.ELF++
	a.versions(p, b)
	prog, err := elf.Inspect(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		a.unlooked(p, "damaged ELF", int64(len(b)))
		return nil
	}
	if !prog.Linked() {
		if prog.Kind == elf.KindObject {
			c.Modules++
		}
		return nil
	}
	prog.Path = p
	add(&a.f.Programs, &a.f.Totals.Programs, maxPrograms, *prog)
	return nil
}

// wanted are base names and folders of texts that are kept.
var (
	wantedNames   = words("passwd shadow inittab inetd.conf xinetd.conf crontab vsftpd.conf proftpd.conf status installed rcS rc.local root admin authorized_keys authorized_keys2")
	wantedFolders = []string{"/etc/init.d/", "/etc/rc.d/", "/etc/xinetd.d/", "/etc/cron.d/", "/etc/crontabs/", "/spool/cron/", "/systemd/system/", "/var/lib/dpkg/status.d/", "/opkg/info/"}
)

// keep keeps the small texts that the analysis of the tree reads.
func (a *analysis) keep(p string, b []byte, depth int) {
	if depth > 0 || len(b) > maxText || a.t.kept+len(b) > maxKept {
		return
	}
	if _, ok := a.t.nodes[p]; !ok {
		return // it does not belong into the tree
	}
	want := false
	if wantedNames[path.Base(p)] {
		d := path.Base(path.Dir(p))
		switch path.Base(p) {
		case "status":
			want = d == "dpkg" || d == "opkg" || d == "ipkg"
		case "installed":
			want = d == "db"
		case "root", "admin":
			want = d == "crontabs" || d == "cron"
		default:
			want = true
		}
	}
	if !want && len(b) <= maxScript {
		first, _, _ := bytes.Cut(b[:min(len(b), 128)], []byte("\n"))
		want = bytes.HasPrefix(first, []byte("#!")) && (bytes.Contains(first, []byte("sh")) || bytes.Contains(first, []byte("openrc")) || bytes.Contains(first, []byte("rc.common")))
		for _, d := range wantedFolders {
			want = want || strings.Contains("/"+p, d)
		}
		want = want || path.Dir(p) == "." && (p == "init" || p == "linuxrc")
	}
	if want {
		a.t.kept += len(b)
		a.t.texts[p] = bytes.Clone(b)
	}
}

// isMedia knows formats that are dense without being secret.
func isMedia(b []byte) bool {
	for _, m := range []string{"\x89PNG", "\xff\xd8\xff", "GIF8", "RIFF", "OggS", "ID3", "wOFF", "wOF2", "fLaC", "%PDF", "\x00\x00\x00\x1cftyp", "\x00\x00\x00\x18ftyp", "\x00\x00\x00\x20ftyp", "\xff\xfb"} {
		if bytes.HasPrefix(b, []byte(m)) {
			return true
		}
	}
	return false
}

// entropy is Shannon's, in bits a byte. Text has 4 to 5, machine code 6,
// compressed and encrypted data nearly 8.
func entropy(b []byte) float64 {
	var n [256]int
	for _, c := range b {
		n[c]++
	}
	e := 0.0
	for _, k := range n {
		if k > 0 {
			q := float64(k) / float64(len(b))
			e -= q * math.Log2(q)
		}
	}
	return e
}

// finish reads the kept texts now that all links are known.
func (a *analysis) finish() error {
	a.index = a.t.index()
	if err := a.t.loops(a.b.ctx, a.f); err != nil {
		return a.b.alive()
	}
	roots := a.t.roots()
	if len(roots) == 0 && a.f.Coverage.ELF == 0 {
		// Beside programs a file of data is a file of data; alone in an
		// archive it is the image, and nobody has looked into it.
		for _, u := range a.blobs {
			a.unlooked(u.Path, u.Why, u.Size)
			a.f.Coverage.BytesLooked -= u.Size
		}
	}
	for _, pre := range roots {
		if err := a.b.alive(); err != nil {
			return err
		}
		root := Root{Prefix: pre}
		a.accounts(&root)
		a.authorizedKeys(&root)
		a.packages(&root)
		a.services(&root)
		a.f.Roots = append(a.f.Roots, root)
	}
	if a.t.steps > maxSteps { // a file may have been missed
		return evidence.TooMany("bytes of paths through links", maxSteps)
	}
	return nil
}
