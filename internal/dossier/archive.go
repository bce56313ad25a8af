package dossier

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// archive is a dossier in a zip, a tar or a tar.gz. Nothing is ever written
// under a name from inside; what must be unpacked goes to a [spool]. All
// entries are looked at before any byte is unpacked: one unsafe entry refuses
// the archive, because whoever packed it did not mean what we would read.
type archive struct {
	path   string
	f      *os.File
	size   int64
	opt    Options
	format string // zip, tar or gzip

	entries map[string]entry // plain files by their cleaned name
	lower   map[string]string
	names   int    // entries of all kinds
	prefix  string // "" or the one folder at the top, with a slash
	decl    string // name of the declaration below the prefix
	spool   spool
}

// entry is one plain file of an archive.
type entry struct {
	zip    *zip.File
	offset int64 // tar
	size   int64 // tar
}

// maxName bounds the name of an entry; no file system allows longer ones.
const maxName = 1024

// Limits against decompression bombs. The ratio is looked at late, because a
// flash image that is mostly erased honestly packs 200 to 1.
const (
	maxRatio   = 200
	ratioFrom  = 64 << 20
	maxDirRead = 4 << 20 // bytes of a zip's directory: 10,000 entries with names of 300 bytes
)

var errBomb = errors.New("decompression bomb")

func (a *archive) Close() error { return errors.Join(a.spool.Close(), a.f.Close()) }

// walk looks at every entry and finds the declaration.
func (a *archive) walk() error {
	if err := a.list(); err != nil {
		return err
	}
	return a.find()
}

// list looks at every entry.
func (a *archive) list() error {
	a.entries, a.lower = map[string]entry{}, map[string]string{}
	var err error
	if a.format == "zip" {
		err = a.walkZip()
	} else {
		err = a.eachTar(func(h *tar.Header, _ io.Reader, offset int64) error {
			name, err := a.admit(h.Name, tarKind(h))
			if err == nil && name != "" {
				a.entries[name] = entry{offset: offset, size: h.Size}
			}
			return err
		})
	}
	if err != nil {
		return a.refuse(err)
	}
	return nil
}

// admit checks one entry and returns its cleaned name, or "" for a folder.
// kind is "" for a plain file, "folder", or what else it is.
func (a *archive) admit(raw, kind string) (string, error) {
	if a.names++; a.names > a.opt.MaxEntries {
		return "", refuse("archive-too-many", a.path, args{"limit": a.opt.MaxEntries})
	}
	unsafe := func(reason string) error {
		return refuse("archive-entry-unsafe", a.path, args{"found": quoted(raw), "reason": reason})
	}
	switch {
	case len(raw) > maxName:
		return "", unsafe(fmt.Sprintf("has a name of more than %d bytes", maxName))
	case strings.IndexByte(raw, 0) >= 0:
		return "", unsafe("has a zero byte in its name")
	case strings.Contains(raw, `\`):
		return "", unsafe("has a backslash in its name")
	case strings.HasPrefix(raw, "/") || drive.MatchString(raw):
		return "", unsafe("has an absolute name")
	case slices.Contains(strings.Split(raw, "/"), ".."):
		return "", unsafe("leads out of the archive")
	case kind != "" && kind != "folder":
		return "", unsafe("is " + kind)
	}
	name := path.Clean(raw)
	if kind == "folder" || name == "." {
		return "", nil
	}
	low := strings.ToLower(name)
	if was, ok := a.lower[low]; ok {
		reason := ""
		if was != name {
			reason = ", once as " + quoted(was)
		}
		return "", refuse("archive-entry-twice", a.path, args{"found": quoted(name), "reason": reason})
	}
	a.lower[low] = name
	return name, nil
}

var drive = regexp.MustCompile(`^[A-Za-z]:`)

// find looks for the declaration at the top, or in the one folder at the top.
func (a *archive) find() error {
	if len(a.entries) == 0 {
		return refuse("dossier-empty", a.path, args{"what": "archive"})
	}
	tops := map[string]bool{}
	for n := range a.entries {
		if !litter(n) {
			top, _, _ := strings.Cut(n, "/")
			tops[top] = true
		}
	}
	if !a.has("") && len(tops) == 1 {
		for t := range tops {
			a.prefix = t + "/"
		}
	}
	if a.has(a.prefix) {
		if _, twice := a.entries[a.prefix+"iotmark.yml"]; twice && a.decl == FileName {
			return refuse("declaration-twice", a.path, nil)
		}
		return nil
	}
	return refuse("declaration-missing", a.path, args{"what": "archive", "suggestion": a.nearby()})
}

func (a *archive) has(prefix string) bool {
	for _, n := range []string{FileName, "iotmark.yml"} {
		if _, ok := a.entries[prefix+n]; ok {
			a.decl = n
			return true
		}
	}
	return false
}

// litter is what desktops add to an archive without being asked.
func litter(name string) bool {
	return strings.HasPrefix(name, "__MACOSX/") || path.Base(name) == ".DS_Store" || strings.HasPrefix(path.Base(name), "._")
}

func (a *archive) nearby() string {
	var deep, nested []string
	for n := range a.entries {
		switch low := strings.ToLower(path.Base(n)); {
		case low == FileName || low == "iotmark.yml":
			deep = append(deep, n)
		case nestedName.MatchString(low):
			nested = append(nested, n)
		}
	}
	slices.Sort(deep)
	slices.Sort(nested)
	switch {
	case len(deep) > 0:
		return " There is " + quoted(deep[0]) + ": pack that folder."
	case len(nested) > 0:
		return " It holds another archive, " + quoted(nested[0]) + ", and archives in archives are not unpacked."
	}
	return ""
}

var nestedName = regexp.MustCompile(`\.(zip|tar|tgz|tar\.[a-z0-9]+|7z|rar)$`)

func (a *archive) declaration() (string, []byte, error) {
	limit := a.opt.MaxDeclaration
	var b []byte
	err := a.each([]string{a.prefix + a.decl}, func(_ string, _ entry, r io.Reader) error {
		var err error
		b, err = io.ReadAll(io.LimitReader(r, limit+1))
		return err
	})
	if err != nil {
		return "", nil, a.refuse(err)
	}
	if int64(len(b)) > limit {
		return "", nil, refuse("declaration-too-large", a.path, args{"limit": size(limit)})
	}
	return a.decl, b, nil
}

func (a *archive) collect(paths []string) (map[string]file, error) {
	out := map[string]file{}
	var want []string
	sum := budget{opt: a.opt}
	names := slices.Sorted(maps.Keys(a.entries))
	for _, p := range paths {
		out[p] = absent()
		e, ok := a.entries[a.prefix+p]
		if !ok {
			if below(names, a.prefix+p) {
				out[p] = trouble(p, notAFile(fs.ModeDir))
			}
			continue
		}
		// What would break the budget of unpacking is left to it: it refuses
		// the archive, and does not trust the headers.
		n := e.length()
		if _, plain := a.stored(e); n > sum.limit() && (plain || n <= a.opt.MaxOut) {
			out[p] = sum.tooLarge(p, n)
			continue
		}
		sum.used += min(n, sum.limit())
		want = append(want, a.prefix+p)
	}
	a.spool.limit = a.opt.MaxOut
	err := a.each(want, func(name string, e entry, r io.Reader) error {
		p := strings.TrimPrefix(name, a.prefix)
		f, err := a.hold(e, r)
		switch {
		case errors.Is(err, errTooLarge):
			f = sum.tooLarge(p, a.opt.MaxFile+1)
		case errors.As(err, new(noSpace)):
			return err
		case err != nil && a.broken(err):
			// One broken entry of a zip leaves the others readable.
			f = file{code: "file-unreadable", args: args{"found": p, "reason": reasonOf(err) + " Pack it again."}}
			if a.format == "gzip" {
				return err
			}
		case err != nil:
			return err
		}
		out[p] = f
		return nil
	})
	if err != nil {
		return nil, a.refuse(err)
	}
	return out, nil
}

// below reports whether one of the sorted names stands below a folder. A set
// of all folders would be quicker to ask, and as large as a hostile archive
// makes its names deep.
func below(names []string, folder string) bool {
	i, _ := slices.BinarySearch(names, folder+"/")
	return i < len(names) && strings.HasPrefix(names[i], folder+"/")
}

// length is the size of an entry as its header has it. No more than that is
// ever read: archive/zip and archive/tar end an entry there.
func (e entry) length() int64 {
	if e.zip != nil {
		return int64(min(e.zip.UncompressedSize64, math.MaxInt64))
	}
	return e.size
}

// hold hashes one entry and keeps a way to its bytes: where they stand plain
// in the archive they stay there, otherwise they are unpacked.
func (a *archive) hold(e entry, r io.Reader) (file, error) {
	var sec *io.SectionReader
	var digest iotmark.Digest
	var n int64
	var err error
	if plain, ok := a.stored(e); ok {
		sec = plain
		digest, n, err = hashing(io.Discard, r, a.opt.MaxFile)
	} else {
		digest, n, sec, err = a.spool.add(r)
	}
	if err != nil {
		return file{}, err
	}
	return file{digest: digest, size: n, open: func() (Content, error) {
		return section{io.NewSectionReader(sec, 0, n)}, nil
	}}, nil
}

// section is a part of an archive or of its spool.
type section struct{ *io.SectionReader }

func (section) Close() error { return nil }

// stored returns the bytes of an entry that is not packed.
func (a *archive) stored(e entry) (*io.SectionReader, bool) {
	switch {
	case a.format == "tar":
		return io.NewSectionReader(a.f, e.offset, e.size), true
	case a.format == "zip" && e.zip.Method == zip.Store:
		off, err := e.zip.DataOffset()
		return io.NewSectionReader(a.f, off, int64(e.zip.CompressedSize64)), err == nil
	}
	return nil, false
}

// each hands the named entries to do, in the order of the archive for a
// tar.gz, and in that of the names otherwise.
func (a *archive) each(names []string, do func(name string, e entry, r io.Reader) error) error {
	if a.format == "gzip" {
		left := len(names)
		if left == 0 {
			return nil
		}
		wanted := make(map[string]bool, left)
		for _, n := range names {
			wanted[n] = true
		}
		err := a.eachTar(func(h *tar.Header, r io.Reader, _ int64) error {
			name := path.Clean(h.Name)
			if tarKind(h) != "" || !wanted[name] {
				return nil
			}
			if err := do(name, a.entries[name], r); err != nil {
				return err
			}
			if left--; left == 0 {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	}
	for _, name := range names {
		e := a.entries[name]
		r := a.unpack(e)
		err := do(name, e, r)
		r.Close() // reading told already what was wrong
		if err != nil {
			return err
		}
	}
	return nil
}

// unpack returns the bytes of an entry of a zip or a plain tar. What keeps it
// from opening is told at the first read.
func (a *archive) unpack(e entry) io.ReadCloser {
	if a.format == "tar" {
		return section{io.NewSectionReader(a.f, e.offset, e.size)}
	}
	if e.zip.Flags&1 != 0 {
		return failing{errEncrypted}
	}
	rc, err := e.zip.Open()
	if err != nil {
		return failing{err}
	}
	in := min(int64(e.zip.CompressedSize64), a.size)
	return struct {
		io.Reader
		io.Closer
	}{&ratioReader{r: rc, in: func() int64 { return in }}, rc}
}

var (
	errEnough    = errors.New("enough")
	errEncrypted = errors.New("it is encrypted")
)

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
func (f failing) Close() error             { return nil }

// ---------------------------------------------------------------- zip

func (a *archive) walkZip() error {
	dir := &budgetReaderAt{r: a.f, left: maxDirRead}
	z, err := zip.NewReader(dir, a.size)
	if dir.spent {
		return refuse("archive-too-many", a.path, args{"limit": a.opt.MaxEntries})
	}
	if err != nil {
		return err
	}
	if len(z.File) > a.opt.MaxEntries {
		return refuse("archive-too-many", a.path, args{"limit": a.opt.MaxEntries})
	}
	dir.left = 64 * int64(len(z.File)+1) // local headers: 30 bytes each
	type span struct {
		from, to int64
		name     string
	}
	var spans []span
	for _, f := range z.File {
		name, err := a.admit(f.Name, zipKind(f))
		if err != nil {
			return err
		}
		off, err := f.DataOffset()
		if err != nil {
			return err
		}
		if f.CompressedSize64 > uint64(a.size) || off+int64(f.CompressedSize64) > a.size {
			return fmt.Errorf("the entry %s ends beyond the end of the archive", quoted(f.Name))
		}
		spans = append(spans, span{off - 30 - int64(len(f.Name)), off + int64(f.CompressedSize64), f.Name})
		if name != "" {
			a.entries[name] = entry{zip: f}
		}
	}
	// Entries that share bytes are how a small zip unpacks to petabytes
	// (D. Fifield, A better zip bomb, WOOT 2019). No packer writes them.
	slices.SortFunc(spans, func(x, y span) int { return int(min(max(x.from-y.from, -1), 1)) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return refuse("archive-bomb", a.path, args{"reason": "the entries " + quoted(spans[i-1].name) + " and " + quoted(spans[i].name) + " share the same bytes"})
		}
	}
	// From here on entries are read through the file itself.
	dir.left = 1 << 62
	return nil
}

func zipKind(f *zip.File) string {
	m := f.Mode()
	switch {
	case m.IsDir() || strings.HasSuffix(f.Name, "/"):
		return "folder"
	case m.IsRegular():
		return ""
	}
	return modeWord(m)
}

// budgetReaderAt stops the reading of a hostile directory: archive/zip reads
// headers as long as they follow each other, whatever the count says.
type budgetReaderAt struct {
	r     io.ReaderAt
	left  int64
	spent bool
}

func (b *budgetReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		b.spent = true
		return 0, errBomb
	}
	return b.r.ReadAt(p, off)
}

// ---------------------------------------------------------------- tar

// eachTar walks the entries of a tar or tar.gz. The offset is that of the
// data in the file, and of use for a plain tar only.
func (a *archive) eachTar(do func(h *tar.Header, r io.Reader, offset int64) error) error {
	raw := io.NewSectionReader(a.f, 0, a.size)
	var r io.Reader = raw
	if a.format == "gzip" {
		in := &counter{r: raw}
		z, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		r = &ratioReader{r: z, in: func() int64 { return in.n }, limit: a.opt.MaxOut}
	}
	t := tar.NewReader(r)
	for first := true; ; first = false {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if first && a.format == "gzip" && errors.Is(err, tar.ErrHeader) {
				return refuse("archive-unknown", a.path, args{"found": "a single file packed with gzip"})
			}
			return err
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue // git archive writes its commit here
		}
		var offset int64
		if a.format == "tar" {
			if offset, err = raw.Seek(0, io.SeekCurrent); err != nil {
				return err
			}
			if h.Size > a.size-offset {
				return io.ErrUnexpectedEOF
			}
		}
		if err := do(h, t, offset); err != nil {
			return err
		}
	}
}

func tarKind(h *tar.Header) string {
	for k := range h.PAXRecords {
		if strings.HasPrefix(k, "GNU.sparse.") {
			return "a sparse file"
		}
	}
	switch h.Typeflag {
	case tar.TypeReg:
		if strings.HasSuffix(h.Name, "/") {
			return "folder"
		}
		return ""
	case tar.TypeDir:
		return "folder"
	case tar.TypeSymlink:
		return "a symbolic link"
	case tar.TypeLink:
		return "a hard link"
	case tar.TypeChar, tar.TypeBlock:
		return "a device"
	case tar.TypeFifo:
		return "a pipe"
	case tar.TypeGNUSparse:
		return "a sparse file"
	}
	return "no plain file or folder"
}

// ---------------------------------------------------------------- limits and words

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ratioReader counts what comes out of a decompressor against what went in.
// Sizes written in headers are never trusted.
type ratioReader struct {
	r     io.Reader
	in    func() int64
	out   int64
	limit int64 // of out; 0 for none
}

func (r *ratioReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.out += int64(n)
	if r.limit > 0 && r.out > r.limit || r.out > ratioFrom && r.out/maxRatio > r.in() {
		return 0, errBomb
	}
	return n, err
}

// broken reports whether an error comes from the bytes of the archive rather
// than from the system.
func (a *archive) broken(err error) bool {
	if _, ok := errors.AsType[flate.CorruptInputError](err); ok {
		return true
	}
	for _, e := range []error{zip.ErrFormat, zip.ErrChecksum, zip.ErrAlgorithm, tar.ErrHeader, gzip.ErrHeader, gzip.ErrChecksum, io.ErrUnexpectedEOF, io.EOF, errEncrypted} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func reasonOf(err error) string {
	switch {
	case errors.Is(err, errEncrypted):
		return "It is encrypted, and is read without a password only."
	case errors.Is(err, zip.ErrAlgorithm):
		return "It is packed with a method other than deflate."
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return "It ends early."
	case errors.Is(err, zip.ErrChecksum) || errors.Is(err, gzip.ErrChecksum):
		return "Its checksum does not hold."
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return sysReason(err)
	}
	return "It contradicts itself: " + quoted(err.Error()) + "."
}

func (a *archive) refuse(err error) error {
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		return e
	}
	if errors.Is(err, errBomb) {
		return refuse("archive-bomb", a.path, args{"reason": fmt.Sprintf("it unpacks to more than %s, or to more than %d times its size", size(a.opt.MaxOut), maxRatio)})
	}
	if e, ok := errors.AsType[noSpace](err); ok {
		return refuse("no-temporary-space", a.path, args{"reason": sysReason(e.err), "limit": size(a.opt.MaxOut)})
	}
	return refuse("archive-broken", a.path, args{"reason": reasonOf(err)})
}
