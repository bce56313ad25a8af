// Package cataloguetest gives tests an edition that is in force. The real one
// is a draft until people have adopted it, and marks are granted under an
// edition in force only; so a test that grants a mark needs another one.
//
// It refuses to be used by anything but tests: it is on a floor that only
// tests may import. It changes nothing of the real edition; the copy has
// another hash, by which the two can be told apart.
package cataloguetest

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// From is the first day on which the fixture edition is in force, unless an
// option says another.
const From iotmark.Date = "2026-07-01"

// Edit changes a file of the catalogue, named as in its folder, such as
// 2026.1/procedure.yaml: where Old stands first, New stands instead.
type Edit struct{ File, Old, New string }

// InForce returns a copy of the current edition that is in force from [From]
// on, with no last day.
func InForce(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	return Edited(t, Begun(From, ""))
}

// Begun is the edit that puts the edition in force from a day on, and until
// another unless that is empty.
func Begun(from, until iotmark.Date) Edit {
	days := fmt.Sprintf("from: %q", from)
	if until != "" {
		days += fmt.Sprintf("\nuntil: %q", until)
	}
	return Edit{Scheme, "\nstate: draft ", "\nstate: " + catalogue.InForce + "\n" + days + " "}
}

// Scheme and Procedure are the files that tests edit most.
var (
	Scheme    = path.Join(string(catalogue.Current), "scheme.yaml")
	Procedure = path.Join(string(catalogue.Current), "procedure.yaml")
)

// Edited returns a copy of the catalogue with some edits. It fails the test
// when a text to replace is not there, and when the copy cannot be read. It
// does not lint: a test may want a broken edition.
func Edited(t testing.TB, edits ...Edit) *catalogue.Catalogue {
	t.Helper()
	good, err := files()
	if err != nil {
		t.Fatal(err)
	}
	copied := fstest.MapFS{}
	for name, f := range good {
		copied[name] = f
	}
	for _, e := range edits {
		f := copied[e.File]
		if f == nil {
			t.Fatalf("the catalogue has no file %s", e.File)
		}
		if !bytes.Contains(f.Data, []byte(e.Old)) {
			t.Fatalf("%s does not have the text %q", e.File, e.Old)
		}
		copied[e.File] = &fstest.MapFile{Data: bytes.Replace(f.Data, []byte(e.Old), []byte(e.New), 1)}
	}
	c, err := catalogue.LoadFS(copied)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// files reads what is built in, once.
var files = sync.OnceValues(func() (fstest.MapFS, error) {
	out := fstest.MapFS{}
	from := catalogue.Files()
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(from, name)
		out[name] = &fstest.MapFile{Data: raw}
		return err
	})
	return out, err
})
