package publication

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/verify"
)

// Input is what a published set is made of.
type Input struct {
	Catalogue  *catalogue.Catalogue
	Public     *Public
	Assessment Assessment
	Declared   iotmark.Digest // of the maker's own file
	Product    ProductID      // empty: made of the model
	Program    string         // version of this program
	Key        Signer
	Previous   *Signed // the statement that this one replaces; nil for the first
	Lower      string  // the maker's reason for a lowered promise, or ""
	NewKey     bool    // the key may differ from that of the previous statement
}

// Set is one product, ready to be written.
type Set struct {
	Signed
	Documents map[string][]byte // all files but evidence and history, by path
	Evidence  []Evidence
	Same      bool // nothing changed: it is the previous statement
}

// Draft is a set before it is signed.
type Draft struct {
	Statement Statement
	Documents map[string][]byte // those that the statement names
	previous  *Signed
	evidence  []Evidence
	Same      bool
}

// Make makes the files and the statement that is to be signed. It refuses when
// the track of the open declaration is not open, when a promise is lowered
// without a reason, and when the key changes without a word.
func Make(in Input) (*Draft, error) {
	for _, t := range in.Assessment.Assessment.Tracks {
		if t.ID == iotmark.OpenDeclaration && !t.Open {
			return nil, closed(t)
		}
	}
	m, err := MakerOf(in.Public.Declaration.Maker)
	if err != nil {
		return nil, err
	}
	decl, a := in.Public.Declaration, in.Assessment.Assessment
	id := cmp.Or(in.Product, ProductIDOf(decl.Product.Model))
	if !id.Valid() {
		return nil, invalid("product-id", "the product's folder needs a name of small letters, digits and hyphens; give one with --id")
	}
	docs := map[string][]byte{DeclarationDoc: in.Public.Document}
	if docs[AssessmentDoc], err = document(in.Assessment); err != nil {
		return nil, err
	}
	rendered, err := pages(in.Catalogue, m, id, decl, a, filesOf(docs, in.Public.Evidence))
	if err != nil {
		return nil, err
	}
	maps.Copy(docs, rendered)
	docs[SumsFile] = sums(filesOf(docs, in.Public.Evidence))

	s := Statement{Body: Body{
		AsOf: a.AsOf, Bindings: a.Bindings, Checks: Versions(a), Declaration: in.Declared, Edition: a.Edition,
		Files: filesOf(docs, in.Public.Evidence), Key: verify.PublicLine(in.Key.Public), Maker: m,
		Product: Product{GTINs: decl.Product.GTINs, ID: id, Model: decl.Product.Model, Name: decl.Product.Name},
		Program: in.Program, Promises: PromisesOf(decl),
	}}
	if len(s.Body.Files) > MaxFiles {
		return nil, invalid("too-many-files", fmt.Sprintf("a set takes at most %d files; pack small files of evidence into one archive", MaxFiles))
	}
	d := &Draft{Documents: docs, evidence: in.Public.Evidence, previous: in.Previous}
	if p := in.Previous; p != nil {
		if err := succeeds(p.Statement.Body, s.Body, in); err != nil {
			return nil, err
		}
		was, is := p.Statement.Body, s.Body
		was.Lowered = nil
		if d.Same = equal(was, is); d.Same {
			d.Statement = p.Statement
			return d, nil
		}
		if s.Body.Lowered, err = Raise(was.Promises, is.Promises, in.Lower); err != nil {
			return nil, err
		}
		s.Prev = p.Leaf
	}
	if err := s.Body.proper(); err != nil {
		return nil, err
	}
	d.Statement = s
	return d, nil
}

// succeeds decides whether a statement may replace the one before.
func succeeds(was, is Body, in Input) error {
	switch {
	case was.Maker.Domain != is.Maker.Domain || was.Product.Model != is.Product.Model:
		return invalid("product-id-taken", fmt.Sprintf("%s is the folder of %s by %s; give this product another name with --id", is.Product.ID, was.Product.Model, was.Maker.Domain))
	case was.Key != is.Key && !in.NewKey:
		return invalid("key-changed", fmt.Sprintf("the published statement is signed by another key (%s). Sign with that one, or say with --new-key that it was replaced; the history will show it", fingerprintOf(was.Key)))
	case is.AsOf < was.AsOf:
		return invalid("older-than-published", fmt.Sprintf("what is published is as of %s, and this is as of %s; a later day replaces an earlier one, never the other way", was.AsOf, is.AsOf))
	}
	return nil
}

func fingerprintOf(line string) string {
	pub, err := verify.ParsePublicLine(line)
	if err != nil {
		return "no key"
	}
	return verify.Fingerprint(pub)
}

func equal(a, b Body) bool {
	x, err1 := canonical(a)
	y, err2 := canonical(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

func closed(t iotmark.Track) error {
	var b bytes.Buffer
	for i, c := range t.Missing {
		if i == 10 {
			fmt.Fprintf(&b, "\n  and %d more; iotmark check lists them", len(t.Missing)-i)
			break
		}
		b.WriteString("\n  " + string(c))
	}
	return invalid("track-closed", fmt.Sprintf("the open declaration is not ready: %d entry criteria have no answer, and unknown is an answer. Nothing was written. Missing:%s", len(t.Missing), b.String()))
}

// filesOf lists documents and evidence by path.
func filesOf(docs map[string][]byte, ev []Evidence) []File {
	var out []File
	for p, b := range docs {
		out = append(out, File{Path: p, SHA256: sum(b), Size: int64(len(b))})
	}
	for _, e := range ev {
		out = append(out, e.File)
	}
	slices.SortFunc(out, func(x, y File) int { return cmp.Compare(x.Path, y.Path) })
	return out
}

// sums writes the list that sha256sum -c reads.
func sums(files []File) []byte {
	var b bytes.Buffer
	for _, f := range files {
		if f.Path != SumsFile {
			fmt.Fprintf(&b, "%s  %s\n", f.SHA256, f.Path)
		}
	}
	return b.Bytes()
}

// Sign signs a draft and adds what goes with the signature. A draft that
// changes nothing stays signed as it was.
func (d *Draft) Sign(key Signer) (*Set, error) {
	s := &Set{Documents: maps.Clone(d.Documents), Evidence: d.evidence, Same: d.Same}
	if d.Same {
		s.Signed = *d.previous
	} else {
		var err error
		if s.Signed, err = Sign(d.Statement, key); err != nil {
			return nil, err
		}
	}
	maps.Copy(s.Documents, proofs(s.Signed))
	return s, nil
}

// proofs are the files that go with a signed statement, each of which follows
// from it byte for byte.
func proofs(s Signed) map[string][]byte {
	name := s.Statement.Body.Maker.KeyName()
	return map[string][]byte{
		NoteFile:      s.Note,
		TextFile:      s.Text,
		SignatureFile: verify.Armour(s.SSHSIG),
		KeyFile:       []byte(s.Statement.Body.Key + " " + name + "\n"),
		SignersFile:   fmt.Appendf(nil, "%s namespaces=\"%s\" %s\n", name, verify.Namespace(Domain), s.Statement.Body.Key),
	}
}
