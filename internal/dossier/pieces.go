package dossier

import (
	"errors"
	"io"
	"path"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// Piece is one file of a dossier that is kept as evidence and lies in no
// folder. Its name is only ever compared, so that it leads nowhere.
type Piece struct {
	Name   string         // as the declaration names it: a path with slashes
	Digest iotmark.Digest // of the bytes
	Size   int64          // in bytes
	// Open opens the bytes; nil: they are not here, and only hash and size are
	// known.
	Open func() (Content, error)
}

// OpenPieces opens a dossier of pieces, of which one has the name of a
// declaration. Of two pieces of the same name the later counts. at is what
// messages call it. The errors are those of [Open].
func OpenPieces(at string, pieces []Piece, cat *catalogue.Catalogue, opt Options) (*Dossier, error) {
	return open(held{at: at, pieces: pieces, opt: opt.withDefaults()}, cat, opt.withDefaults())
}

// held is a dossier in pieces.
type held struct {
	at     string
	pieces []Piece
	opt    Options
}

func (h held) Close() error { return nil }

// find returns the piece of a name.
func (h held) find(name string) (Piece, bool) {
	for _, p := range slices.Backward(h.pieces) {
		if path.Clean(p.Name) == name {
			return p, true
		}
	}
	return Piece{}, false
}

func (h held) declaration() (string, []byte, error) {
	var found []Piece
	for _, n := range []string{FileName, "iotmark.yml"} {
		if p, ok := h.find(n); ok {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 0 && len(h.pieces) == 0:
		return "", nil, refuse("dossier-empty", h.at, args{"what": "folder"})
	case len(found) == 0:
		return "", nil, refuse("declaration-missing", h.at, args{"what": "folder", "suggestion": ""})
	case len(found) == 2:
		return "", nil, refuse("declaration-twice", h.at, nil)
	case found[0].Open == nil:
		return "", nil, refuse("read-failed", h.at, args{"reason": "Only its hash was handed in; a declaration is no secret."})
	case found[0].Size > h.opt.MaxDeclaration:
		return "", nil, refuse("declaration-too-large", h.at, args{"limit": size(h.opt.MaxDeclaration)})
	}
	c, err := found[0].Open()
	if err != nil {
		return "", nil, err
	}
	defer c.Close()
	b := make([]byte, found[0].Size)
	if _, err := c.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return "", nil, err
	}
	return found[0].Name, b, nil
}

func (h held) collect(paths []string) (map[string]file, error) {
	b := budget{opt: h.opt}
	out := map[string]file{}
	for _, name := range paths {
		p, ok := h.find(path.Clean(name))
		switch {
		case !ok || p.Open == nil:
			out[name] = absent()
		case p.Size > b.limit():
			out[name] = b.tooLarge(name, p.Size)
		default:
			b.used += p.Size
			out[name] = file{digest: p.Digest, size: p.Size, open: p.Open}
		}
	}
	return out, nil
}
