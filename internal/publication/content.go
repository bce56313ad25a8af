package publication

import (
	"context"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/dossier"
)

// content compares what the files say: with the statement, with what our
// renderer makes of them, and with what our checks find. Edition and program
// are what the publisher wrote; they excuse nothing that can be looked at
// without knowing them.
func (p *product) content(ctx context.Context) {
	body := p.s.Statement.Body
	cat := p.opt.Catalogue
	raw, err := p.read(AssessmentDoc, MaxDocument)
	if err != nil {
		p.fail("file-unreadable", AssessmentDoc, "%s", reason(err))
		return
	}
	doc, err := p.read(DeclarationDoc, MaxDocument)
	if err != nil {
		p.fail("file-unreadable", DeclarationDoc, "%s", reason(err))
		return
	}
	a, err1 := ParseAssessment(raw)
	decl, err2 := ParseDeclaration(doc)
	if err1 != nil {
		p.fail("document-malformed", AssessmentDoc, "%v", err1)
	}
	if err2 != nil {
		p.fail("document-malformed", DeclarationDoc, "%v", err2)
	}
	if err1 != nil || err2 != nil {
		return
	}
	p.out.CannotRerun = a.NotRerun
	if x := a.Assessment; x.AsOf != body.AsOf || x.Edition != body.Edition || x.Bindings != body.Bindings || !reflect.DeepEqual(Versions(x), body.Checks) {
		p.fail("document-differs", AssessmentDoc, "its day, edition, bindings or checks are not those of the statement")
	}
	p.agrees(decl, sum(doc), a)
	p.kinds(decl)
	if body.Edition != cat.Edition {
		p.uncompared("content-not-run", "it was made under edition %s, and this program knows %s; what the files say was not compared", body.Edition, cat.Edition)
		return
	}
	d, err := dossier.Read(DeclarationDoc, doc, cat)
	if err != nil {
		p.fail("document-malformed", DeclarationDoc, "%v", err)
		return
	}
	p.rendered(d, doc, raw, a)
	p.rerun(ctx, d, a)
}

// pageForm is the name of a page in one language.
var pageForm = regexp.MustCompile(`^(index|criteria)([.][a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3})?[.]html$`)

// kinds finds files that a published declaration does not have. A signature
// over one makes it no better: people would take it for a part of it.
func (p *product) kinds(decl *iotmark.Declaration) {
	body := p.s.Statement.Body
	known := map[string]bool{DeclarationDoc: true, AssessmentDoc: true, LinkedDoc: true, SumsFile: true}
	for _, e := range decl.Evidence {
		if !hidden(e) {
			known[e.Path] = true
		}
	}
	for _, f := range body.Files {
		if !known[f.Path] && !pageForm.MatchString(f.Path) {
			p.fail("file-unknown", f.Path, "it is no kind of file that a published declaration has")
		}
	}
	rest := slices.DeleteFunc(slices.Clone(body.Files), func(f File) bool { return f.Path == SumsFile })
	if !named(body, SumsFile, sum(sums(rest))) {
		p.fail("page-differs", SumsFile, "it is not the list of the files that were signed")
	}
}

// named reports whether a statement names a file with a hash.
func named(body Body, name string, d iotmark.Digest) bool {
	i, ok := slices.BinarySearchFunc(body.Files, name, func(f File, p string) int { return compare(f.Path, p) })
	return ok && body.Files[i].SHA256 == d
}

// agrees compares declaration and assessment with the statement.
func (p *product) agrees(decl *iotmark.Declaration, digest iotmark.Digest, a Assessment) {
	body := p.s.Statement.Body
	for _, e := range decl.Evidence {
		if hidden(e) {
			p.out.Restricted++
		}
	}
	m, err := MakerOf(decl.Maker)
	want := Product{GTINs: decl.Product.GTINs, ID: body.Product.ID, Model: decl.Product.Model, Name: decl.Product.Name}
	switch {
	case err != nil || m != body.Maker:
		p.fail("document-differs", DeclarationDoc, "its maker is not that of the statement")
	case !reflect.DeepEqual(want, body.Product):
		p.fail("document-differs", DeclarationDoc, "its product is not that of the statement")
	case !reflect.DeepEqual(PromisesOf(decl), body.Promises):
		p.fail("document-differs", DeclarationDoc, "its promises are not those of the statement")
	case a.Assessment.Declared != digest:
		p.fail("document-differs", AssessmentDoc, "it was drawn from another declaration")
	}
	p.listed(decl, a.Assessment.Evidence)
	for _, e := range decl.Evidence {
		if e.Path == "" {
			continue
		}
		if hidden(e) || !named(body, e.Path, e.SHA256) || e.Path != EvidenceDir+"/"+string(e.SHA256)+extension(e.Path) {
			p.fail("document-differs", DeclarationDoc, "evidence %s points to a file that the statement does not name with this hash", e.ID)
		}
	}
}

// listed compares the evidence of the assessment with that of the declaration,
// piece by piece. Of a piece that is not public, how it stood is the maker's
// word, and nothing else is said of it.
func (p *product) listed(decl *iotmark.Declaration, list []iotmark.Holding) {
	if len(list) != len(decl.Evidence) {
		p.fail("document-differs", AssessmentDoc, "it lists %d pieces of evidence, and the declaration has %d", len(list), len(decl.Evidence))
		return
	}
	for i, e := range decl.Evidence {
		h := list[i]
		if h.Evidence != e.ID || h.Kind != e.Kind || h.Title != e.Title || h.SHA256 != "" && h.SHA256 != e.SHA256 || e.Dated != "" && h.Dated != e.Dated ||
			hidden(e) && (h.SHA256 != e.SHA256 || h.Size != 0 || h.Reader != "" || h.Detail != "") {
			p.fail("document-differs", AssessmentDoc, "it says of evidence %s something else than the declaration", e.ID)
		}
	}
}

// rendered compares pages and linked data with what this program makes of the
// documents. Where another version made them and they differ, nobody here can
// tell whether that version made them so.
func (p *product) rendered(d *dossier.Dossier, doc, raw []byte, a Assessment) {
	body := p.s.Statement.Body
	files := []File{{DeclarationDoc, sum(doc), int64(len(doc))}, {AssessmentDoc, sum(raw), int64(len(raw))}}
	for _, f := range body.Files {
		if strings.HasPrefix(f.Path, EvidenceDir+"/") {
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(x, y File) int { return compare(x.Path, y.Path) })
	want, err := pages(p.opt.Catalogue, body.Maker, body.Product.ID, d.Declaration, a.Assessment, files)
	if err != nil {
		p.fail("page-differs", "", "the pages cannot be made from the documents")
		return
	}
	var other []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !named(body, name, sum(want[name])) {
			other = append(other, name)
		}
	}
	for _, f := range body.Files {
		if _, ok := want[f.Path]; !ok && pageForm.MatchString(f.Path) {
			other = append(other, f.Path)
		}
	}
	switch {
	case len(other) == 0:
	case !p.sameProgram():
		p.uncompared("page-not-run", "version %q of the program is said to have made the pages, and this is %q, which makes others; nobody looked at what they say: %s", body.Program, p.opt.Program, strings.Join(other, ", "))
	default:
		for _, name := range other {
			p.fail("page-differs", name, "it is not what the program makes of the documents")
		}
	}
}

// sameProgram reports whether this very program is said to have made the set.
// A build without a version of its own, or of a tree with changes, is the same
// as no other, and another table of bindings or other checks show that the
// program is another one, whatever it is called.
func (p *product) sameProgram() bool {
	b := p.s.Statement.Body
	return b.Program == p.opt.Program && !slices.Contains([]string{"", "(devel)", "unknown"}, b.Program) && !strings.Contains(b.Program, "+dirty") &&
		b.Bindings == p.opt.Catalogue.Bindings.Digest && reflect.DeepEqual(b.Checks, p.opt.Checks)
}

// rerun draws the conclusions again from the findings, and the findings from
// the public evidence.
func (p *product) rerun(ctx context.Context, d *dossier.Dossier, a Assessment) {
	body, cat := p.s.Statement.Body, p.opt.Catalogue
	switch {
	case body.Bindings != cat.Bindings.Digest:
		p.uncompared("determination-not-run", "it was made with another table of bindings than this program has")
		return
	case !reflect.DeepEqual(body.Checks, p.opt.Checks):
		p.uncompared("determination-not-run", "it was made with other checks, or other versions of them, than this program has")
		return
	}
	x := a.Assessment
	if !reflect.DeepEqual(conclude(cat, d.Declaration, d.Digest, x.AsOf, x.Evidence, x.Findings, x.Unsure), x) {
		p.fail("conclusions-differ", AssessmentDoc, "its conclusions do not follow from its findings")
	}
	if p.opt.Rerun == nil { // as the caller wished
		p.notDone("determination-not-run", "the determination was not run again")
		return
	}
	open, err := p.opt.Rerun(ctx, filepath.Join(p.at, DeclarationDoc), body.AsOf)
	if err != nil {
		if ctx.Err() == nil {
			p.uncompared("determination-not-run", "the determination could not be run again: %v", err)
		}
		return
	}
	p.out.Rerun = true
	mute := muted(cat, p.opt.Sensitive, open.Findings)
	published, found := byCheck(x.Findings), byCheck(open.Findings)
	kept := keptBack{cat: cat, reads: p.opt.Reads, declaration: d.Declaration, holdings: x.Evidence, unsure: x.Unsure, open: open.Unsure}
	for _, f := range open.Unsure {
		if !slices.Contains(x.Unsure, f) {
			p.fail("findings-differ", AssessmentDoc, "the public evidence denies the fact %s, and what is published counts it as declared", f)
		}
	}
	for _, f := range x.Unsure {
		if !slices.Contains(open.Unsure, f) && !kept.denies(a, f) {
			p.fail("findings-differ", AssessmentDoc, "the fact %s is said to be denied by evidence, and nothing that is not public can have shown it", f)
		}
	}
	for _, id := range a.NotRerun {
		if len(found[id]) == 0 {
			p.fail("findings-differ", AssessmentDoc, "%s: it is said to rest on what is not public, and is no check that ran", id)
		}
	}
	for _, id := range order(open.Findings) {
		of := published[id]
		silent := len(of) == 1 && of[0].Message == NoResult && of[0].Outcome == iotmark.Untested
		switch {
		case slices.Contains(a.NotRerun, id):
			switch {
			case mute[id] || !reflect.DeepEqual(bare(of), of):
				p.fail("findings-differ", AssessmentDoc, "%s: more is published of it than outcome and evidence, or an outcome that must be left out", id)
			case !kept.explains(id, of):
				p.fail("findings-differ", AssessmentDoc, "%s: published is %s, and the public evidence gives %s. It is said to rest on what is not public, and names no such piece of a kind that this check reads", id, worst(of), worst(found[id]))
			case disputed(of, found[id]):
				p.out.Disputed = append(p.out.Disputed, id)
				p.notDone("not-public-decides", "%s: the public evidence alone says otherwise, it gives failed. Published is %s, which rests on what is not public", id, worst(of))
			}
		case silent && (mute[id] || p.opt.Sensitive[id]):
		case silent && p.silenced(cat, published, id):
		case !reflect.DeepEqual(of, found[id]) || mute[id]:
			p.fail("findings-differ", AssessmentDoc, "%s: the public evidence gives other findings than were published", id)
		}
	}
	if len(x.Evidence) != len(d.Declaration.Evidence) || len(open.Evidence) != len(x.Evidence) {
		return // told where the two lists are compared
	}
	for i, e := range d.Declaration.Evidence {
		// Of what is not public everybody knows whether its date has passed.
		ended := (open.Evidence[i].Standing == iotmark.Expired) != (x.Evidence[i].Standing == iotmark.Expired)
		if hidden(e) && ended || !hidden(e) && !reflect.DeepEqual(x.Evidence[i], open.Evidence[i]) {
			p.fail("findings-differ", AssessmentDoc, "evidence %s stands otherwise than was published", e.ID)
		}
	}
}

// silenced reports whether a check is a proof of a criterion that a sensitive
// check without a published result guards.
func (p *product) silenced(cat *catalogue.Catalogue, published map[iotmark.CheckID][]iotmark.Finding, id iotmark.CheckID) bool {
	quiet := map[iotmark.CheckID]bool{}
	for s := range p.opt.Sensitive {
		of := published[s]
		quiet[s] = len(of) == 1 && of[0].Message == NoResult
	}
	return slices.ContainsFunc(cat.Serves(id), func(c iotmark.CriterionID) bool {
		proof, guarded := false, false
		for _, b := range cat.Bindings.Criteria[c] {
			proof = proof || b.Check == id && b.Role == catalogue.Proof
			guarded = guarded || quiet[b.Check]
		}
		return proof && guarded
	})
}
