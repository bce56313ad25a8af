// Package dossier reads a product's dossier: the declaration iotmark.yaml and
// the evidence beside it, in a folder, a zip or a tar.
//
// What it refuses to do: follow a path out of the dossier, read the evidence's
// content, or judge. What can go wrong: the declaration is broken; then every
// problem is told in one run, each with its place and what to do. Evidence
// that is missing, changed or expired does not break a dossier: it is told by
// its standing, and is not counted.
package dossier

import (
	"io"

	"github.com/open-iot-mark/iotmark"
)

// Dossier is an opened dossier. Close it when done.
type Dossier struct {
	Name        string // of the declaration, as messages print it
	Declaration *iotmark.Declaration
	Digest      iotmark.Digest // SHA-256 of the declaration's bytes
	Warnings    iotmark.Errors // told, but accepted
	Items       []Item         // in the order of the declaration

	positions map[string]position
	close     func() error
}

// Item is one piece of evidence as it stands in the dossier.
type Item struct {
	iotmark.Evidence
	Standing iotmark.Standing
	Actual   iotmark.Digest // of the bytes that are here
	Size     int64
	Problem  *iotmark.Error // why it does not count; nil when held, elsewhere or withheld

	open func() (Content, error)
}

// Content is the opened bytes of one piece of evidence.
type Content interface {
	io.ReaderAt
	io.Closer
}

// Open opens the bytes of a held item.
func (it Item) Open() (Content, error) { return it.open() }

// Close releases what was opened.
func (d *Dossier) Close() error {
	if d.close == nil {
		return nil
	}
	return d.close()
}

// Position returns line and column of a dotted field of the declaration, or
// of the nearest block around it; zero when it is not known.
func (d *Dossier) Position(field string) (line, column int) {
	p := d.positions[field]
	return p.line, p.column
}

type position struct{ line, column int }
