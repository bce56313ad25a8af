package publication

import (
	"context"
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
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/verify"
)

// Site is the folder that a maker's web server serves. Only
// .well-known/iotmark in it is ever looked at or written.
//
// A product is written beside the published one and takes its place in one
// step, so that a crash leaves the old set or the new one. The list of
// products follows; a crash between the two is mended by publishing again.
type Site struct {
	root *os.Root // of Place
	path string   // of Place, for messages
}

// stagePrefix begins the names of folders that a crash may leave behind. They
// are this program's own, and the next publication clears them away.
const stagePrefix = ".iotmark-stage-"

// OpenSite opens a site, and makes the folders that are missing when create is
// set. Without it, a site that is not there gives an error that is
// fs.ErrNotExist. A link in the place of .well-known or iotmark is refused.
func OpenSite(dir string, create bool) (*Site, error) {
	at := filepath.Join(dir, filepath.FromSlash(Place))
	if create {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, writeError(dir, err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, writeError(dir, err)
	}
	defer root.Close()
	for _, p := range []string{path.Dir(Place), Place} {
		if create {
			if err := root.Mkdir(p, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				return nil, writeError(at, err)
			}
		}
		st, err := root.Lstat(p)
		if err != nil {
			return nil, writeError(at, err)
		}
		if !st.IsDir() {
			return nil, invalid("not-ours", filepath.Join(dir, p)+" is no folder; nothing was written")
		}
	}
	in, err := root.OpenRoot(Place)
	if err != nil {
		return nil, writeError(at, err)
	}
	return &Site{root: in, path: at}, nil
}

func writeError(at string, err error) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "output", Msg: "the declaration cannot be published to " + at, Err: err}
}

// Close releases the site.
func (s *Site) Close() error { return s.root.Close() }

// Previous returns the published statement of a product, or nil when there is
// none. A folder of that name that holds anything else than what was
// published is refused: its files would be lost.
func (s *Site) Previous(ctx context.Context, id ProductID) (*Signed, error) {
	at := filepath.Join(s.path, string(id))
	st, err := s.root.Lstat(string(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || !st.IsDir() {
		return nil, invalid("not-ours", at+" is there and is no published product; nothing was written")
	}
	root, err := s.root.OpenRoot(string(id))
	if err != nil {
		return nil, writeError(at, err)
	}
	defer root.Close()
	p := &product{at: at}
	var problems []Problem
	p.tree, problems = readTree(root)
	p.out.Problems = problems
	if p.statement(id) {
		p.proofs()
		p.hashes(ctx)
		p.history()
	}
	if err := ended(ctx); err != nil {
		return nil, err
	}
	if len(p.out.Problems) > 0 {
		return nil, invalid("not-ours", at+" is not what was published there, and publishing would take its place; nothing was written. Move away what is yours, or restore what was changed. iotmark verify lists all of it:"+told(p.out.Problems))
	}
	return &p.s, nil
}

// index reads the list of products.
func (s *Site) index() (Index, error) {
	b, err := (&tree{root: s.root}).read(IndexFile, MaxIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return Index{V: 1}, nil
	}
	if err != nil {
		return Index{}, writeError(filepath.Join(s.path, IndexFile), err)
	}
	x, err := ParseIndex(b)
	if err != nil {
		return x, invalid("not-ours", filepath.Join(s.path, IndexFile)+" was not written by this program; nothing was written. Move it away")
	}
	return x, nil
}

// Write publishes a set. In the order of its steps: a stage is written and
// flushed; it is verified as everybody will verify it; it takes the place of
// the product's folder; what was there is cleared away; the list of products
// is replaced. Until the third step nothing that is served has changed.
//
// A set that does not hold is refused (does-not-hold). Without opt nothing is
// verified.
func (s *Site) Write(ctx context.Context, set *Set, opt *Options) error {
	x, err := s.index()
	if err != nil {
		return err
	}
	if err := s.Admit(set.Statement.Body.Product, set.Statement.Body.Promises); err != nil {
		return err
	}
	id := string(set.Statement.Body.Product.ID)
	stage := stagePrefix + id
	if err := s.root.RemoveAll(stage); err != nil {
		return writeError(s.path, err)
	}
	if !set.Same {
		if err := s.stage(ctx, set, id, stage); err != nil {
			s.root.RemoveAll(stage)
			return err
		}
		if err := s.holds(ctx, stage, opt); err != nil {
			s.root.RemoveAll(stage)
			return err
		}
		if err := s.exchange(stage, id); err != nil {
			s.root.RemoveAll(stage)
			return writeError(filepath.Join(s.path, id), err)
		}
		if err := s.root.RemoveAll(stage); err != nil {
			return writeError(s.path, err)
		}
	} else if err := s.holds(ctx, id, opt); err != nil {
		return err
	}
	b, err := document(x.with(indexed(set.Statement)))
	if err != nil {
		return err
	}
	if len(b) > MaxIndex || len(x.Products) >= MaxProducts {
		return invalid("too-many", "one site takes no more products")
	}
	tmp := stagePrefix + IndexFile
	s.root.Remove(tmp)
	if err := s.put(tmp, b); err != nil {
		return writeError(filepath.Join(s.path, IndexFile), err)
	}
	if err := s.root.Rename(tmp, IndexFile); err != nil {
		return writeError(filepath.Join(s.path, IndexFile), err)
	}
	return s.flush(".")
}

// holds verifies a product in the folder at, as a stranger will.
func (s *Site) holds(ctx context.Context, at string, opt *Options) error {
	if opt == nil {
		return nil
	}
	v := verifyProduct(ctx, filepath.Join(s.path, at), "", *opt)
	if err := ended(ctx); err != nil {
		return err
	}
	if len(v.Problems) == 0 && v.Compared {
		return nil
	}
	return &iotmark.Error{Kind: iotmark.Unverified, ID: "does-not-hold",
		Msg: "what would be published does not hold when it is verified, and so nothing was published. This may be a fault of the program; please report it to the project with these lines:" + told(slices.Concat(v.Problems, v.NotDone))}
}

// told lists the first problems, one a line, below what is said of them.
func told(ps []Problem) string {
	var b strings.Builder
	for i, x := range ps {
		if i == 5 {
			fmt.Fprintf(&b, "\n  and %d more", len(ps)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s: %s [%s]", message.Short(x.Path, maxText), message.Short(x.Message, maxText), x.ID)
	}
	return b.String()
}

// stage writes the whole set beside the published one.
func (s *Site) stage(ctx context.Context, set *Set, id, stage string) error {
	fail := func(p string, err error) error {
		if _, ok := errors.AsType[*iotmark.Error](err); ok {
			return err
		}
		return writeError(filepath.Join(s.path, id, p), err)
	}
	if err := s.root.Mkdir(stage, 0o755); err != nil {
		return fail("", err)
	}
	folders := []string{"."}
	for _, p := range slices.Sorted(maps.Keys(set.Documents)) {
		if err := s.put(stage+"/"+p, set.Documents[p]); err != nil {
			return fail(p, err)
		}
	}
	if len(set.Evidence) > 0 {
		folders = append(folders, EvidenceDir)
		if err := s.root.Mkdir(stage+"/"+EvidenceDir, 0o755); err != nil {
			return fail(EvidenceDir, err)
		}
	}
	for _, e := range set.Evidence {
		if err := s.copy(ctx, stage+"/"+e.Path, e); err != nil {
			return fail(e.Path, err)
		}
	}
	if set.Statement.Prev != "" {
		folders = append(folders, HistoryDir)
		if err := s.root.Mkdir(stage+"/"+HistoryDir, 0o755); err != nil {
			return fail(HistoryDir, err)
		}
		if err := s.earlier(id, stage, set.Statement.Prev); err != nil {
			return fail(HistoryDir, err)
		}
	}
	for _, f := range folders {
		if err := s.flush(path.Join(stage, f)); err != nil {
			return fail(f, err)
		}
	}
	return s.flush(".")
}

// earlier copies the earlier statements, and the one that is replaced. Site's
// Previous has verified them.
func (s *Site) earlier(id, stage string, prev iotmark.Digest) error {
	root, err := s.root.OpenRoot(id)
	if err != nil {
		return err
	}
	defer root.Close()
	t, problems := readTree(root)
	if len(problems) > 0 {
		return errors.New(problems[0].Message)
	}
	for _, p := range t.names() {
		to := p
		if p == NoteFile {
			to = historyFile(prev)
		} else if path.Dir(p) != HistoryDir {
			continue
		}
		b, err := t.read(p, MaxEntry)
		if err != nil {
			return err
		}
		if verify.LeafOf(b) != iotmark.Digest(strings.TrimSuffix(path.Base(to), path.Ext(to))) {
			return invalid("not-ours", filepath.Join(s.path, id, p)+" was changed while it was published over; nothing was written")
		}
		if err := s.put(stage+"/"+to, b); err != nil {
			return err
		}
	}
	return nil
}

// put writes a new file and flushes it.
func (s *Site) put(name string, b []byte) error {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// copy writes a piece of evidence. What is copied must be what was hashed.
func (s *Site) copy(ctx context.Context, name string, e Evidence) error {
	in, err := e.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f, stopping{ctx, io.NewSectionReader(in, 0, e.Size)}); err != nil {
		if e := ended(ctx); e != nil {
			return e
		}
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	got, err := (&tree{root: s.root}).hash(ctx, name, e.Size)
	if err == nil && got.SHA256 != e.SHA256 {
		err = invalid("file-changed", fmt.Sprintf("evidence %q changed while it was published; nothing was written", e.Title))
	}
	return err
}

func (s *Site) flush(dir string) error {
	f, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// exchange puts the stage in the place of the product's folder. The kernel
// swaps the two names in one step where it can; elsewhere there is a moment
// between two renames, and [Site.Recover] finishes what a crash there left.
func (s *Site) exchange(stage, id string) error {
	if _, err := s.root.Lstat(id); errors.Is(err, fs.ErrNotExist) {
		return s.root.Rename(stage, id)
	}
	dir, err := s.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := swap(int(dir.Fd()), stage, id); err != errNoSwap {
		return err
	}
	aside := stagePrefix + id + asideSuffix
	if err := s.root.RemoveAll(aside); err != nil {
		return err
	}
	if err := s.root.Rename(id, aside); err != nil {
		return err
	}
	if err := s.root.Rename(stage, id); err != nil {
		return errors.Join(err, s.root.Rename(aside, id))
	}
	return s.root.RemoveAll(aside)
}

// asideSuffix ends the name of a published folder that was put aside for a
// moment, where the system cannot swap two names.
const asideSuffix = ".aside"

var errNoSwap = errors.New("this system cannot swap two names")

// Recover puts back a published folder that a crash between two renames left
// aside.
func (s *Site) Recover(id ProductID) error {
	aside := stagePrefix + string(id) + asideSuffix
	if _, err := s.root.Lstat(aside); err != nil {
		return nil
	}
	if _, err := s.root.Lstat(string(id)); errors.Is(err, fs.ErrNotExist) {
		if err := s.root.Rename(aside, string(id)); err != nil {
			return writeError(s.path, err)
		}
		return nil
	}
	if err := s.root.RemoveAll(aside); err != nil {
		return writeError(s.path, err)
	}
	return nil
}
