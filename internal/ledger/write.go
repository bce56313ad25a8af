package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Replace writes a whole file, readable by everybody, in one step that a crash
// cannot halve; its folder is made if need be.
func Replace(name string, b []byte) error { return put(name, b, 0o644) }

// put writes a file beside the one of that name and takes its place, so that
// a crash leaves the old one or the new one, and makes both file and name last.
func put(name string, b []byte, mode os.FileMode) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(name)+".tmp-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(b)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err == nil {
		err = syncDir(dir)
	}
	return err
}

// syncDir makes the names in a folder last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// addTo writes at the end of a file, which has so many bytes, and makes it last.
// What a crash left behind that end is written over.
func addTo(name string, end int64, b []byte) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	if err = f.Truncate(end); err == nil {
		_, err = f.WriteAt(b, end)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil && end == 0 {
		err = syncDir(filepath.Dir(name))
	}
	return err
}

// tidy removes what a crash left of [put] in a folder.
func tidy(dir string) error {
	es, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range es {
		if e.Type().IsRegular() && strings.HasPrefix(e.Name(), ".") && strings.Contains(e.Name(), ".tmp-") {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// unwritable says that something could not be written, and how to mend it.
func unwritable(err error, dir string) error {
	what := "cannot be written"
	switch {
	case errors.Is(err, errFull):
		what = "has no room left"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, errReadOnly):
		what = "may not be written by this user, or is read-only"
	}
	return &iotmark.Error{Kind: iotmark.Unavailable, ID: "log-write", Err: err,
		Msg: fmt.Sprintf("%s %s; nothing was published. It goes on by itself once that is mended", dir, what)}
}
