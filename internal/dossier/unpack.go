package dossier

import (
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

// Unpack unpacks a zip, a tar or a tar.gz into a fresh folder, for archives
// that hold something else than a dossier. It keeps to the limits and
// suspicions of [Open]. Files are written under their own names only where
// accept says that a name is harmless; one that is not, or any unsafe entry,
// refuses the archive. What desktops add is left out.
func Unpack(file string, into *os.Root, accept func(name string) bool, opt Options) error {
	opt = opt.withDefaults()
	st, err := os.Stat(file)
	if err != nil {
		return refuseFor(file, err)
	}
	if !st.Mode().IsRegular() {
		return refuse("not-a-dossier", file, args{"found": "this is " + modeWord(st.Mode())})
	}
	f, err := os.Open(file)
	if err != nil {
		return refuseFor(file, err)
	}
	a := &archive{path: file, f: f, size: st.Size(), opt: opt}
	defer a.Close()
	head := make([]byte, 1024)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return refuseFor(file, err)
	}
	a.format = sniff(head[:n])
	if a.format != "zip" && a.format != "tar" && a.format != "gzip" {
		return refuse("archive-unknown", file, args{"found": "a file"})
	}
	if err := a.list(); err != nil {
		return err
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(a.entries)), litter)
	for _, name := range names {
		if !accept(name) {
			return refuse("archive-entry-unsafe", file, args{"found": quoted(name), "reason": "has a name that nothing published has"})
		}
	}
	left := opt.MaxOut
	err = a.each(names, func(name string, _ entry, r io.Reader) error {
		if i := strings.LastIndexByte(name, '/'); i > 0 {
			if err := into.MkdirAll(path.Dir(name), 0o700); err != nil {
				return err
			}
		}
		out, err := into.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		n, err := io.Copy(out, io.LimitReader(r, left+1))
		if e := out.Close(); err == nil {
			err = e
		}
		if left -= n; err == nil && left < 0 {
			err = errBomb
		}
		return err
	})
	if err != nil {
		return a.refuse(err)
	}
	return nil
}
