package dossier

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/open-iot-mark/iotmark"
)

// folder is a dossier in a folder. Everything is opened through an os.Root,
// so that neither a path nor a symbolic link leads out of it.
type folder struct {
	path string
	root *os.Root
	name string // of the declaration, when it was given
	opt  Options
}

func openFolder(path, name string, opt Options) (source, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, refuseFor(path, err)
	}
	return &folder{path: path, root: root, name: name, opt: opt}, nil
}

func (d *folder) Close() error { return d.root.Close() }

func (d *folder) declaration() (string, []byte, error) {
	name := d.name
	if name == "" {
		var err error
		if name, err = d.find(); err != nil {
			return "", nil, err
		}
	}
	at := filepath.Join(d.path, name)
	f, _, err := d.open(name)
	if err != nil {
		return "", nil, d.refuse(at, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, d.opt.MaxDeclaration+1))
	if err != nil {
		return "", nil, refuseFor(at, err)
	}
	if int64(len(b)) > d.opt.MaxDeclaration {
		return "", nil, refuse("declaration-too-large", at, args{"limit": size(d.opt.MaxDeclaration)})
	}
	return name, b, nil
}

func (d *folder) refuse(at string, err error) error {
	if m, ok := errors.AsType[notAFile](err); ok {
		return refuse("declaration-not-a-file", at, args{"found": modeWord(fs.FileMode(m))})
	}
	if escapes(err) {
		return refuse("link-outside", at, args{"found": filepath.Base(at)})
	}
	return refuseFor(at, err)
}

// find looks for the declaration at the top of the folder.
func (d *folder) find() (string, error) {
	var names []string
	for _, n := range []string{FileName, "iotmark.yml"} {
		_, err := d.root.Lstat(n)
		switch {
		case err == nil:
			names = append(names, n)
		case !errors.Is(err, fs.ErrNotExist):
			return "", refuseFor(filepath.Join(d.path, n), err)
		}
	}
	switch len(names) {
	case 1:
		return names[0], nil
	case 2:
		return "", refuse("declaration-twice", d.path, nil)
	}
	f, err := d.root.Open(".")
	if err != nil {
		return "", refuseFor(d.path, err)
	}
	defer f.Close()
	entries, err := f.ReadDir(maxLookAround)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", refuseFor(d.path, err)
	}
	if len(entries) == 0 {
		return "", refuse("dossier-empty", d.path, args{"what": "folder"})
	}
	return "", refuse("declaration-missing", d.path, args{"what": "folder", "suggestion": d.nearby(entries)})
}

// maxLookAround bounds how many names are looked at to help somebody who gave
// the wrong folder.
const maxLookAround = 1000

// nearby finds the declaration that was probably meant.
func (d *folder) nearby(entries []fs.DirEntry) string {
	var best string
	better := func(s string) {
		if best == "" || s < best {
			best = s
		}
	}
	for _, e := range entries {
		low := strings.ToLower(e.Name())
		switch {
		case e.IsDir():
			if st, err := d.root.Lstat(e.Name() + "/" + FileName); err == nil && st.Mode().IsRegular() {
				better(" There is one in " + quoted(e.Name()) + ".")
			}
		case strings.HasPrefix(low, "iotmark") && (strings.HasSuffix(low, ".yaml") || strings.HasSuffix(low, ".yml")):
			better(" There is " + quoted(e.Name()) + ": rename it, or give the file itself.")
		}
	}
	return best
}

// notAFile is the error for what is no plain file.
type notAFile fs.FileMode

func (m notAFile) Error() string { return "it is " + modeWord(fs.FileMode(m)) }

// escapes reports whether os.Root refused to leave the folder. The standard
// library gives that error no name of its own.
func escapes(err error) bool {
	pe, ok := errors.AsType[*fs.PathError](err)
	return ok && pe.Err.Error() == "path escapes from parent"
}

// open opens a plain file. It never waits for the other end of a pipe, and
// opens no device: it looks before it opens, and O_NONBLOCK covers the moment
// between.
func (d *folder) open(name string) (*os.File, fs.FileInfo, error) {
	st, err := d.root.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, nil, notAFile(st.Mode())
	}
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	if st, err = f.Stat(); err == nil && !st.Mode().IsRegular() {
		err = notAFile(st.Mode())
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, st, nil
}

func (d *folder) collect(paths []string) (map[string]file, error) {
	l := looker{folder: d, budget: budget{opt: d.opt}, seen: map[stamp][]sighting{}}
	out := map[string]file{}
	for _, p := range paths {
		out[p] = l.look(p)
	}
	return out, nil
}

// looker looks at the files of a folder one after another, and hashes once
// what has several names.
type looker struct {
	*folder
	budget
	seen map[stamp][]sighting
}

// stamp is what two names of one file have in common in any file system.
type stamp struct{ size, modified int64 }

type sighting struct {
	info fs.FileInfo
	file file
}

func (l *looker) look(name string) file {
	f, before, err := l.open(name)
	if err != nil {
		return trouble(name, err)
	}
	defer f.Close()
	at := stamp{before.Size(), before.ModTime().UnixNano()}
	for _, s := range l.seen[at] {
		if same(before, s.info) {
			s.file.open = l.opener(name, before)
			return s.file
		}
	}
	if before.Size() > l.limit() {
		return l.tooLarge(name, before.Size())
	}
	digest, n, err := hashing(io.Discard, f, l.limit())
	l.used += n
	if errors.Is(err, errTooLarge) {
		return l.tooLarge(name, n) // it has grown since
	}
	if err != nil {
		return trouble(name, err)
	}
	after, err := f.Stat()
	if err != nil {
		return trouble(name, err)
	}
	if !same(before, after) || after.Size() != n {
		return file{code: "file-changed", args: args{"found": name}}
	}
	out := file{digest: digest, size: n, open: l.opener(name, before)}
	l.seen[at] = append(l.seen[at], sighting{before, out})
	return out
}

// opener opens a file again: what the readers see must be what was hashed.
func (d *folder) opener(name string, before fs.FileInfo) func() (Content, error) {
	return func() (Content, error) {
		f, now, err := d.open(name)
		if err != nil {
			return nil, trouble(name, err).error(name)
		}
		if !same(before, now) {
			f.Close()
			return nil, file{code: "file-changed", args: args{"found": name}}.error(name)
		}
		return f, nil
	}
}

// same reports whether two looks at a file saw the same bytes, as far as the
// file system tells.
func same(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && os.SameFile(a, b)
}

// trouble puts an error about one file of evidence in words.
func trouble(name string, err error) file {
	m, notFile := errors.AsType[notAFile](err)
	switch {
	case notFile:
		f := file{code: "not-a-file", args: args{"found": name, "what": modeWord(fs.FileMode(m))}}
		if fs.FileMode(m).IsDir() {
			f.args["suggestion"] = " Pack it as one zip or tar."
		}
		return f
	case escapes(err):
		return file{code: "link-outside", args: args{"found": name}}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return absent()
	case errors.Is(err, fs.ErrPermission):
		return file{code: "file-unreadable", args: args{"found": name, "reason": "This account may not read it. Give it the right to read, for example with chmod u+r."}}
	}
	return file{code: "file-unreadable", args: args{"found": name, "reason": sysReason(err)}}
}

func (f file) error(name string) *iotmark.Error {
	if f.code == "file-missing" {
		f.args = args{"found": name}
	}
	return &iotmark.Error{Kind: iotmark.Invalid, ID: f.code, Field: name, Msg: say(f.code, name, f.args)}
}
