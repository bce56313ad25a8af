package publication

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/verify"
)

// Options say how a published set is verified.
type Options struct {
	Catalogue *catalogue.Catalogue
	// Trusted reports whether a key is the maker's, as the caller knows it from
	// elsewhere. Nil: nobody said, and the key is the one that came with the
	// set.
	Trusted func(ed25519.PublicKey) bool
	Program string // version of this program
	// Checks are the versions of the checks that this program has.
	Checks    map[iotmark.CheckID]int
	Sensitive Sensitive
	Reads     Reads
	// Rerun runs the determination on the declaration at path, as of a day.
	// Nil: it is not run again.
	Rerun func(ctx context.Context, path string, asOf iotmark.Date) (iotmark.Assessment, error)
}

// Report is what became of a verification.
type Report struct {
	Products []Verified `json:"products"`
	Problems []Problem  `json:"problems"` // of the set as a whole
}

// Holds reports whether no problem was found in all that there is to look at,
// and nothing that is not public stands against what is.
func (r Report) Holds() bool { return r.Sound() && r.Compared() && !r.Disputed() }

// Disputed reports whether the public evidence alone fails a check whose
// published outcome is another one.
func (r Report) Disputed() bool {
	return slices.ContainsFunc(r.Products, func(v Verified) bool { return len(v.Disputed) > 0 })
}

// Sound reports whether no problem was found, though perhaps nobody looked at
// what the files say.
func (r Report) Sound() bool {
	return len(r.Problems) == 0 && len(r.Products) > 0 && !slices.ContainsFunc(r.Products, func(v Verified) bool { return len(v.Problems) > 0 })
}

// Compared reports whether what the files say was compared, of every product.
func (r Report) Compared() bool {
	return !slices.ContainsFunc(r.Products, func(v Verified) bool { return !v.Compared })
}

// Verified is what became of one product. The members before Problems come
// from its statement and are empty when it cannot be read or its signature is
// wrong.
type Verified struct {
	ID          ProductID         `json:"id"` // name of its folder
	Maker       string            `json:"maker,omitempty"`
	Domain      string            `json:"domain,omitempty"` // where the set says it belongs
	Product     string            `json:"product,omitempty"`
	Model       string            `json:"model,omitempty"`
	GTINs       []string          `json:"gtins,omitempty"`
	AsOf        iotmark.Date      `json:"as_of,omitempty"`
	Edition     iotmark.Edition   `json:"edition,omitempty"`
	Statement   iotmark.Digest    `json:"statement,omitempty"` // leaf hash
	Fingerprint string            `json:"key,omitempty"`       // as ssh-keygen -l prints it
	KeyKnown    bool              `json:"key_known"`           // the key is the one that the caller named
	Files       int               `json:"files"`               // whose hashes hold
	Promises    *Promises         `json:"promises,omitempty"`
	Earlier     []Earlier         `json:"earlier,omitempty"` // statements it replaced, newest first
	Lowered     []Lowering        `json:"lowered,omitempty"` // promises lowered with this statement
	Compared    bool              `json:"compared"`          // what the files say was compared with the statement, the program's pages and its conclusions; false: signature and hashes only
	Rerun       bool              `json:"rerun"`             // the determination was run again on the public evidence
	CannotRerun []iotmark.CheckID `json:"cannot_rerun"`      // checks that rest on what is not public
	Disputed    []iotmark.CheckID `json:"disputed"`          // those among them that the public evidence alone fails, and that are published with another outcome
	Restricted  int               `json:"restricted"`        // pieces of evidence that are named by hash only, and not public
	NotDone     []Problem         `json:"not_done"`          // what was not verified, and why; no failure
	Problems    []Problem         `json:"problems"`          // why it does not hold
}

// Earlier is a statement that a later one replaced.
type Earlier struct {
	Statement   iotmark.Digest `json:"statement"`
	AsOf        iotmark.Date   `json:"as_of"`
	Fingerprint string         `json:"key"`
	Lowered     []Lowering     `json:"lowered,omitempty"`
	Model       string         `json:"model"`
	GTINs       []string       `json:"gtins,omitempty"`
	Promises    Promises       `json:"promises"`
}

// Verify verifies a published folder: the root of a web site, its
// .well-known/iotmark, or one product. The error is for what is no published
// folder at all; everything else is in the report.
func Verify(ctx context.Context, folder string, opt Options) (Report, error) {
	at, single, err := locate(folder)
	if err != nil {
		return Report{}, err
	}
	r := Report{Products: []Verified{}, Problems: []Problem{}}
	if single {
		v := verifyProduct(ctx, at, "", opt)
		r.Products = append(r.Products, v)
		return r, ended(ctx)
	}
	root, err := os.OpenRoot(at)
	if err != nil {
		return r, invalid("not-published", at+" cannot be opened: "+reason(err))
	}
	defer root.Close()
	t := &tree{root: root}
	var index Index
	b, err := t.read(IndexFile, MaxIndex)
	if err == nil {
		index, err = ParseIndex(b)
	}
	if err != nil {
		r.Problems = append(r.Problems, problemOf("index-malformed", IndexFile, err))
	}
	ids, problems := productsIn(root, index)
	r.Problems = append(r.Problems, problems...)
	for _, id := range ids {
		v := verifyProduct(ctx, filepath.Join(at, string(id)), id, opt)
		if i := slices.IndexFunc(index.Products, func(p Indexed) bool { return p.ID == id }); i >= 0 && v.Maker != "" {
			if p := index.Products[i]; p.Maker != v.Maker || p.Model != v.Model || p.Name != v.Product {
				r.Problems = append(r.Problems, Problem{"index-differs", IndexFile, fmt.Sprintf("the list says of %s something else than its statement; publish it again", id)})
			}
		}
		r.Products = append(r.Products, v)
	}
	r.Problems = append(r.Problems, twice(r.Products)...)
	return r, ended(ctx)
}

func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &iotmark.Error{Kind: iotmark.Interrupted, ID: "interrupted", Msg: "the verification was interrupted", Err: err}
	}
	return nil
}

// locate finds out which of the three folders was given. Single: one product.
func locate(folder string) (at string, single bool, err error) {
	for _, c := range []struct {
		below, mark string
		single      bool
	}{{"", NoteFile, true}, {Place, IndexFile, false}, {"", IndexFile, false}} {
		at = filepath.Join(folder, filepath.FromSlash(c.below))
		if _, err := os.Lstat(filepath.Join(at, c.mark)); err == nil {
			return at, c.single, nil
		}
	}
	if st, err := os.Stat(folder); err != nil {
		return "", false, &iotmark.Error{Kind: iotmark.NotFound, ID: "path-missing", Msg: folder + " cannot be opened: " + reason(err)}
	} else if !st.IsDir() {
		return "", false, invalid("not-published", folder+" is no folder, zip or tar")
	}
	return "", false, invalid("not-published", fmt.Sprintf("%s holds no published declaration: there is neither %s nor %s/%s nor %s in it", folder, NoteFile, Place, IndexFile, IndexFile))
}

// productsIn lists the folders of products: those of the index, and those that
// it does not name.
func productsIn(root *os.Root, index Index) ([]ProductID, []Problem) {
	var problems []Problem
	listed := map[ProductID]bool{}
	for _, p := range index.Products {
		listed[p.ID] = true
	}
	f, err := root.Open(".")
	if err != nil {
		return nil, []Problem{{"file-unreadable", ".", reason(err)}}
	}
	defer f.Close()
	entries, err := f.ReadDir(MaxProducts + 100)
	if len(entries) == MaxProducts+100 {
		return nil, []Problem{{"too-many", ".", fmt.Sprintf("there are more than %d products", MaxProducts)}}
	}
	if err != nil && err != io.EOF {
		return nil, []Problem{{"file-unreadable", ".", reason(err)}}
	}
	there := map[ProductID]bool{}
	for _, e := range entries {
		id := ProductID(e.Name())
		switch {
		case e.Name() == IndexFile:
		case strings.HasPrefix(e.Name(), stagePrefix):
			problems = append(problems, Problem{"file-unknown", e.Name(), "a publication that broke off left it, or somebody put it there, and a server serves it; publish again, or take it away"})
		case !e.IsDir() || !id.Valid():
			problems = append(problems, Problem{"file-unknown", e.Name(), "it belongs to no published product"})
		default:
			there[id] = true
			if !listed[id] {
				problems = append(problems, Problem{"product-unlisted", e.Name(), "the list does not name this product; publish it again"})
			}
		}
	}
	for _, p := range index.Products {
		if !there[p.ID] {
			problems = append(problems, Problem{"product-missing", string(p.ID), "the list names this product, and there is no folder of it"})
		}
	}
	slices.SortFunc(problems, func(a, b Problem) int { return compare(a.Path, b.Path) })
	return slices.Sorted(maps.Keys(there)), problems
}

func problemOf(id iotmark.ErrorID, p string, err error) Problem {
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		return Problem{e.ID, p, e.Error()}
	}
	if errors.Is(err, fs.ErrNotExist) {
		id = "file-missing"
	}
	return Problem{id, p, reason(err)}
}

// product is one product while it is verified.
type product struct {
	*tree
	opt Options
	at  string
	out Verified
	s   Signed
}

func (p *product) fail(id iotmark.ErrorID, at, format string, args ...any) {
	if len(p.out.Problems) < maxProblems {
		p.out.Problems = append(p.out.Problems, Problem{id, at, fmt.Sprintf(format, args...)})
	}
}

func (p *product) notDone(id iotmark.ErrorID, format string, args ...any) {
	p.out.NotDone = append(p.out.NotDone, Problem{ID: id, Message: fmt.Sprintf(format, args...)})
}

// uncompared tells why what the files say was not compared with all that it
// must agree with. Whoever publishes chooses edition and program that a
// statement names, so this is never a pass.
func (p *product) uncompared(id iotmark.ErrorID, format string, args ...any) {
	p.out.Compared = false
	p.notDone(id, format, args...)
}

// verifyProduct verifies one folder. id is the name that the folder must have,
// or "" when a copy of it was given.
func verifyProduct(ctx context.Context, at string, id ProductID, opt Options) Verified {
	p := &product{opt: opt, at: at}
	p.out = Verified{ID: id, CannotRerun: []iotmark.CheckID{}, Disputed: []iotmark.CheckID{}, NotDone: []Problem{}, Problems: []Problem{}}
	root, err := os.OpenRoot(at)
	if err != nil {
		p.fail("file-unreadable", "", "the folder cannot be opened: %s", reason(err))
		return p.out
	}
	defer root.Close()
	var problems []Problem
	p.tree, problems = readTree(root)
	p.out.Problems = append(p.out.Problems, problems...)
	if !p.statement(id) {
		return p.out
	}
	p.proofs()
	p.hashes(ctx)
	p.history()
	if len(p.out.Problems) == 0 {
		p.out.Compared = true
		p.content(ctx)
	} else {
		p.uncompared("content-not-run", "what the files say was not compared, because they are not as they were signed")
	}
	return p.out
}

// statement opens the signed statement, on which all else rests.
func (p *product) statement(id ProductID) bool {
	b, err := p.read(NoteFile, MaxEntry)
	if err != nil {
		pr := problemOf("statement-unreadable", NoteFile, err)
		p.fail(pr.ID, pr.Path, "%s", pr.Message)
		return false
	}
	if p.s, err = OpenNote(b); err != nil {
		pr := problemOf("statement-malformed", NoteFile, err)
		p.fail(pr.ID, pr.Path, "%s", pr.Message)
		return false
	}
	body := p.s.Statement.Body
	pub, _ := verify.ParsePublicLine(body.Key) // OpenNote has read it
	p.out.Maker, p.out.Domain, p.out.Product, p.out.Model = body.Maker.Name, body.Maker.Domain, body.Product.Name, body.Product.Model
	p.out.GTINs = body.Product.GTINs
	p.out.AsOf, p.out.Edition, p.out.Statement, p.out.Fingerprint = body.AsOf, body.Edition, p.s.Leaf, verify.Fingerprint(pub)
	p.out.Promises, p.out.Lowered = &body.Promises, body.Lowered
	if id == "" {
		p.out.ID = body.Product.ID
	} else if id != body.Product.ID {
		p.fail("product-differs", NoteFile, "the statement is about %s, and the folder is named %s", body.Product.ID, id)
	}
	if p.opt.Trusted != nil {
		if p.out.KeyKnown = p.opt.Trusted(pub); !p.out.KeyKnown {
			p.fail("key-other", NoteFile, "it is signed by %s, which is not the key that was asked for", verify.Fingerprint(pub))
		}
	}
	return true
}

// proofs looks at the files for stock tools: each must follow from the
// statement byte for byte, so that they cannot tell another story.
func (p *product) proofs() {
	want := proofs(p.s)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		b, err := p.read(name, MaxEntry)
		switch {
		case err != nil:
			pr := problemOf("file-unreadable", name, err)
			p.fail(pr.ID, pr.Path, "%s", pr.Message)
		case !bytes.Equal(b, want[name]):
			p.fail("file-changed", name, "it says something else than the signed statement")
		}
	}
}

// hashes compares every file with the statement, and finds what is missing and
// what is unknown.
func (p *product) hashes(ctx context.Context) {
	known := map[string]bool{NoteFile: true, TextFile: true, SignatureFile: true, KeyFile: true, SignersFile: true}
	for _, f := range p.s.Statement.Body.Files {
		known[f.Path] = true
		size, ok := p.files[f.Path]
		if !ok {
			p.fail("file-missing", f.Path, "the statement names it, and it is not there")
			continue
		}
		if size != f.Size {
			p.fail("file-changed", f.Path, "it has %d bytes, and %d were signed", size, f.Size)
			continue
		}
		got, err := p.hash(ctx, f.Path, f.Size)
		switch {
		case err != nil:
			p.fail("file-unreadable", f.Path, "%s", reason(err))
		case got != f:
			p.fail("file-changed", f.Path, "its SHA-256 is %s, and %s was signed", got.SHA256.Short(), f.SHA256.Short())
		default:
			p.out.Files++
		}
	}
	for _, name := range p.names() {
		if !known[name] && path.Dir(name) != HistoryDir {
			p.fail("file-unknown", name, "the statement does not name it")
		}
	}
}

// history follows the earlier statements, newest first. Each names the one
// before by its hash, so that none can be left out or changed; promises that
// were lowered must be recorded.
func (p *product) history() {
	seen := map[string]bool{}
	for now := p.s; now.Statement.Prev != ""; {
		name := historyFile(now.Statement.Prev)
		if len(seen) == MaxHistory {
			p.fail("history-broken", name, "there are more than %d earlier statements", MaxHistory)
			return
		}
		b, err := p.read(name, MaxEntry)
		if err != nil {
			p.fail("history-missing", name, "an earlier statement is not there: %s", reason(err))
			break
		}
		before, err := OpenNote(b)
		if err != nil {
			p.fail("history-broken", name, "%v", err)
			break
		}
		if before.Leaf != now.Statement.Prev || before.Statement.Subject != now.Statement.Subject {
			p.fail("history-broken", name, "it is not the statement that the later one names")
			break
		}
		if was, is := before.Statement.Body, now.Statement.Body; !recorded(was.Promises, is.Promises, is.Lowered) {
			p.fail("promise-lowered", name, "the statement of %s lowers what that of %s promised and does not record it", is.AsOf, was.AsOf)
		}
		seen[name] = true
		was := before.Statement.Body
		p.out.Earlier = append(p.out.Earlier, Earlier{before.Leaf, was.AsOf, fingerprintOf(was.Key), was.Lowered, was.Product.Model, was.Product.GTINs, was.Promises})
		now = before
		if now.Statement.Prev == "" && len(now.Statement.Body.Lowered) > 0 {
			p.fail("promise-lowered", name, "the first statement cannot lower anything")
		}
	}
	if p.s.Statement.Prev == "" && len(p.s.Statement.Body.Lowered) > 0 {
		p.fail("promise-lowered", NoteFile, "the first statement cannot lower anything")
	}
	for _, name := range p.names() {
		if path.Dir(name) == HistoryDir && !seen[name] {
			p.fail("file-unknown", name, "no later statement names it")
		}
	}
}

func historyFile(d iotmark.Digest) string { return HistoryDir + "/" + string(d) + ".note" }
