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
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// FileName is the name of the declaration in a dossier.
const FileName = "iotmark.yaml"

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

// Open opens the bytes of a held item. Where there are no bytes it returns
// the item's problem.
func (it Item) Open() (Content, error) {
	switch {
	case it.open != nil:
		return it.open()
	case it.Problem != nil:
		return nil, it.Problem
	}
	return nil, &iotmark.Error{Kind: iotmark.NotFound, ID: "file-missing", Field: "evidence." + string(it.ID), Msg: fmt.Sprintf("evidence.%s: there are no bytes of it here; it is %s.", it.ID, it.Standing)}
}

// Close releases what was opened.
func (d *Dossier) Close() error {
	if d.close == nil {
		return nil
	}
	c := d.close
	d.close = nil
	return c()
}

// Position returns line and column of a dotted field of the declaration, or
// of the nearest block around it; zero when it is not known.
func (d *Dossier) Position(field string) (line, column int) {
	for {
		if p, ok := d.positions[field]; ok {
			return p.line, p.column
		}
		i := strings.LastIndexByte(field, '.')
		if i < 0 {
			return 0, 0
		}
		field = field[:i]
	}
}

type position struct{ line, column int }

// Options say on which day a dossier is looked at, and how much of it is
// read. A zero limit stands for the default.
type Options struct {
	AsOf iotmark.Date // the day on which evidence must be valid; empty: no day, so nothing has expired

	MaxDeclaration int64 // bytes of the declaration; 1 MiB
	MaxFile        int64 // bytes of one file of evidence; 2 GiB
	MaxTotal       int64 // bytes of all evidence together, in the order of the declaration; 2 GiB
	MaxOut         int64 // bytes unpacked from an archive; 512 MiB
	MaxEntries     int   // entries of an archive; 10,000
}

func (o Options) withDefaults() Options {
	o.MaxDeclaration = cmp.Or(o.MaxDeclaration, 1<<20)
	o.MaxFile = cmp.Or(o.MaxFile, 2<<30)
	o.MaxTotal = cmp.Or(o.MaxTotal, 2<<30)
	o.MaxOut = cmp.Or(o.MaxOut, 512<<20)
	o.MaxEntries = cmp.Or(o.MaxEntries, 10_000)
	return o
}

// Open opens the dossier at path: a folder with iotmark.yaml, a declaration
// itself (its folder is then the dossier), a zip, a tar or a tar.gz.
//
// The error is an iotmark.Errors with every problem of the declaration, in
// the order of the file, or one *iotmark.Error when there is nothing to read.
func Open(path string, cat *catalogue.Catalogue, opt Options) (*Dossier, error) {
	opt = opt.withDefaults()
	src, err := openSource(path, opt)
	if err != nil {
		return nil, err
	}
	d, err := open(src, cat, opt)
	if err != nil {
		src.Close() // the error above is the one to tell
		return nil, err
	}
	d.close = src.Close
	return d, nil
}

func open(src source, cat *catalogue.Catalogue, opt Options) (*Dossier, error) {
	name, b, err := src.declaration()
	if err != nil {
		return nil, err
	}
	d, err := Read(name, b, cat)
	if err != nil {
		return nil, err
	}
	return d, d.stand(src, opt)
}

// Read reads a declaration alone, without looking for any evidence: the
// dossier has no items. The name is used in messages only.
func Read(name string, b []byte, cat *catalogue.Catalogue) (*Dossier, error) {
	sum := sha256.Sum256(b)
	d := &Dossier{Name: name, Digest: iotmark.Digest(hex.EncodeToString(sum[:]))}
	doc, bad := parse(b)
	var accepted []problem
	if doc != nil {
		v, err := newValidator(cat)
		if err != nil {
			return nil, err
		}
		for _, f := range v.flaws(doc) {
			bad = append(bad, problem{f.code, dotted(f.path, doc), f.pos, f.args})
		}
		for _, p := range semantic(v, doc) {
			if rowOf(p.code).Level == LevelWarning {
				accepted = append(accepted, p)
			} else {
				bad = append(bad, p)
			}
		}
	}
	if len(bad) > 0 {
		return nil, d.tell(bad)
	}
	d.Warnings = d.tell(accepted)
	d.positions = positions(doc)
	var err error
	d.Declaration, err = decode(doc)
	return d, err
}

// tell puts problems in words, in the order of the file.
func (d *Dossier) tell(ps []problem) iotmark.Errors {
	slices.SortStableFunc(ps, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.pos.line, b.pos.line), cmp.Compare(a.pos.column, b.pos.column))
	})
	more := len(ps) - maxProblems
	if more > 0 {
		ps = ps[:maxProblems]
	}
	var out iotmark.Errors
	for _, p := range ps {
		out = append(out, d.error(p))
	}
	if more > 0 {
		out = append(out, &iotmark.Error{Kind: iotmark.Invalid, ID: "problems-more", Msg: say("problems-more", "", args{"n": more})})
	}
	return out
}

func (d *Dossier) error(p problem) *iotmark.Error {
	e := &iotmark.Error{Kind: iotmark.Invalid, ID: p.code, Field: plain(p.field), Msg: say(p.code, p.field, p.args)}
	if p.pos.line > 0 {
		e.Pos = fmt.Sprintf("%s:%d:%d", d.Name, p.pos.line, p.pos.column)
	}
	return e
}

// stand finds out how each piece of evidence stands.
func (d *Dossier) stand(src source, opt Options) error {
	var paths []string
	seen := map[string]bool{"": true}
	for _, e := range d.Declaration.Evidence {
		if !seen[e.Path] {
			seen[e.Path] = true
			paths = append(paths, e.Path)
		}
	}
	files, err := src.collect(paths)
	if err != nil {
		return err
	}
	for _, e := range d.Declaration.Evidence {
		f := files[e.Path]
		it := Item{Evidence: e, Standing: iotmark.Held, Actual: f.digest, Size: f.size, open: f.open}
		here := e.Path != "" && f.code == ""
		tell := func(s iotmark.Standing, code iotmark.ErrorID, under string, a args) {
			field := "evidence." + string(e.ID) + under
			line, col := d.Position(field)
			it.Standing = s
			it.Problem = d.error(problem{code, field, position{line, col}, a})
			if s == iotmark.Unopened {
				it.open = nil
			}
		}
		switch {
		case e.ValidUntil != "" && opt.AsOf != "" && e.ValidUntil < opt.AsOf: // the last day counts
			tell(iotmark.Expired, "evidence-expired", "", args{"date": e.ValidUntil})
		case here && e.SHA256 != "" && e.SHA256 != f.digest:
			tell(iotmark.Differs, "hash-differs", ".sha256", args{"found": e.Path, "actual": f.digest.Short(), "declared": e.SHA256.Short()})
		case here && f.size == 0: // whoever may read it: nothing shows nothing
			tell(iotmark.Unopened, "evidence-empty", ".path", args{"found": e.Path})
		case here:
		case e.Path == "" && e.URL != "":
			it.Standing = iotmark.Elsewhere
		case e.Path == "":
			it.Standing = iotmark.Withheld
		case f.code != "file-missing":
			tell(iotmark.Unopened, f.code, ".path", f.args)
		case e.Visibility != "" && e.Visibility != iotmark.Public:
			it.Standing = iotmark.Withheld
		default:
			tell(iotmark.Missing, "file-missing", ".path", args{"found": e.Path})
		}
		d.Items = append(d.Items, it)
	}
	return nil
}
