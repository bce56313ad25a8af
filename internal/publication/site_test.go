package publication_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/publication"
)

const asOf iotmark.Date = "2026-11-22"

var loaded = sync.OnceValues(catalogue.Load)

func knowledge(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	cat, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func assess(ctx context.Context, t testing.TB, d *dossier.Dossier, at iotmark.Date) iotmark.Assessment {
	t.Helper()
	a, err := determine.Run(ctx, determine.Input{Catalogue: knowledge(t), Dossier: d, AsOf: at, Limits: evidence.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func sensitive() publication.Sensitive {
	out := publication.Sensitive{}
	for _, c := range determine.Checks() {
		out[c.ID] = c.Sensitive
	}
	return out
}

func reads() publication.Reads {
	out := publication.Reads{}
	for _, c := range determine.Checks() {
		out[c.ID] = c.Reading
	}
	return out
}

// input makes all that a published set of a product is made of.
func input(t testing.TB, path string) publication.Input {
	t.Helper()
	cat := knowledge(t)
	d, err := dossier.Open(path, cat, dossier.Options{AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	p, err := publication.PublicOf(t.Context(), d, cat, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := publication.AssessmentOf(cat, p, assess(t.Context(), t, d, asOf), assess(t.Context(), t, p.Dossier, asOf), sensitive(), reads())
	return publication.Input{Catalogue: cat, Public: p, Assessment: a, Declared: d.Digest, Program: "test", Key: testKey(1)}
}

func set(t testing.TB, in publication.Input) *publication.Set {
	t.Helper()
	draft, err := publication.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	s, err := draft.Sign(in.Key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const careful = "../../testdata/products/careful"

// written publishes the careful product into a fresh folder, and returns the
// folder and that of the product.
func written(t testing.TB) (site, product string) {
	t.Helper()
	site = t.TempDir()
	write(t, site, set(t, input(t, careful)))
	return site, filepath.Join(site, publication.Place, "tw-l3")
}

func write(t testing.TB, dir string, s *publication.Set) {
	t.Helper()
	site, err := publication.OpenSite(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	if err := site.Write(t.Context(), s, nil); err != nil {
		t.Fatal(err)
	}
}

func options(t testing.TB) publication.Options {
	opt := publication.Options{Catalogue: knowledge(t), Program: "test", Checks: map[iotmark.CheckID]int{}, Sensitive: sensitive(), Reads: reads()}
	for _, c := range determine.Checks() {
		opt.Checks[c.ID] = c.Version
	}
	opt.Rerun = func(ctx context.Context, path string, at iotmark.Date) (iotmark.Assessment, error) {
		d, err := dossier.Open(path, opt.Catalogue, dossier.Options{AsOf: at})
		if err != nil {
			return iotmark.Assessment{}, err
		}
		defer d.Close()
		return assess(ctx, t, d, at), nil
	}
	return opt
}

// ids are the ids of all problems, each with its file.
func ids(r publication.Report) []string {
	var out []string
	all := slices.Clone(r.Problems)
	for _, v := range r.Products {
		all = append(all, v.Problems...)
	}
	for _, p := range all {
		out = append(out, string(p.ID)+" "+p.Path)
	}
	return out
}

func verified(t testing.TB, dir string) publication.Report {
	t.Helper()
	r, err := publication.Verify(t.Context(), dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPublishedHolds(t *testing.T) {
	t.Parallel()
	site, product := written(t)
	for _, dir := range []string{site, filepath.Join(site, publication.Place), product} {
		r := verified(t, dir)
		if !r.Holds() || !r.Products[0].Rerun || len(r.Products[0].NotDone) > 0 {
			t.Errorf("%s: %v %+v", dir, ids(r), r.Products[0])
		}
	}
}

// Whatever file of a set is changed, it is named.
func TestEveryFileCounts(t *testing.T) {
	t.Parallel()
	_, product := written(t)
	err := filepath.WalkDir(product, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(product, p)
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for _, at := range []int{0, len(b) / 2, len(b) - 1} {
			bad := slices.Clone(b)
			bad[at] ^= 1
			if err := os.WriteFile(p, bad, 0o644); err != nil {
				return err
			}
			opt := options(t)
			opt.Rerun = nil
			r, err := publication.Verify(t.Context(), product, opt)
			if err != nil {
				return err
			}
			if r.Holds() || !slices.ContainsFunc(ids(r), func(s string) bool { return strings.HasSuffix(s, " "+rel) }) {
				t.Errorf("byte %d of %s was changed: got %v", at, rel, ids(r))
			}
		}
		return os.WriteFile(p, b, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A folder made by somebody who wants the verifier to do what it should not.
func TestHostileFolders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(dir string) error
		want string
	}{
		"a link out":    {func(d string) error { return os.Symlink("/etc/passwd", filepath.Join(d, "evidence", "x.txt")) }, "not-a-file evidence/x.txt"},
		"a link within": {func(d string) error { return os.Symlink("index.html", filepath.Join(d, "x.html")) }, "not-a-file x.html"},
		"a link for a file": {func(d string) error {
			p := filepath.Join(d, "index.html")
			return errors.Join(os.Rename(p, filepath.Join(d, "y")), os.Symlink("y", p))
		}, "not-a-file index.html"},
		"a link for a folder": {func(d string) error {
			return errors.Join(os.Rename(filepath.Join(d, "evidence"), d+"-evidence"), os.Symlink(d+"-evidence", filepath.Join(d, "evidence")))
		}, "not-a-file evidence"},
		"a link for the statement": {func(d string) error {
			p := filepath.Join(d, "statement.note")
			return errors.Join(os.Rename(p, d+".note"), os.Symlink(d+".note", p))
		}, "statement-unreadable statement.note"},
		"a pipe for a file": {func(d string) error {
			p := filepath.Join(d, "index.html")
			return errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o600))
		}, "not-a-file index.html"},
		"a pipe for a statement": {func(d string) error {
			p := filepath.Join(d, "statement.note")
			return errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o600))
		}, "not-a-file statement.note"},
		"folders in folders": {func(d string) error { return os.MkdirAll(filepath.Join(d, "a/b/c/d/e/f/g"), 0o755) }, "too-deep a/b/c/d/e"},
		"too many files": {func(d string) error {
			var errs []error
			for i := range publication.MaxFiles + publication.MaxHistory {
				errs = append(errs, os.WriteFile(filepath.Join(d, fmt.Sprintf("x%d", i)), nil, 0o600))
			}
			return errors.Join(errs...)
		}, "too-many ."},
		"a huge file":      {func(d string) error { return sparse(filepath.Join(d, "huge"), publication.MaxFile+1) }, "too-large huge"},
		"a huge statement": {func(d string) error { return sparse(filepath.Join(d, "statement.note"), 1<<29) }, "statement-unreadable statement.note"},
		"a huge key":       {func(d string) error { return sparse(filepath.Join(d, "key.pub"), 1<<29) }, "file-unreadable key.pub"},
		"much together": {func(d string) error {
			return errors.Join(sparse(filepath.Join(d, "h1"), 1<<30), sparse(filepath.Join(d, "h2"), 1<<30), sparse(filepath.Join(d, "h3"), 1))
		}, "too-large h2"},
		"no statement": {func(d string) error { return os.Remove(filepath.Join(d, "statement.note")) }, "file-missing statement.note"},
		"a stray history": {func(d string) error {
			return errors.Join(os.Mkdir(filepath.Join(d, "history"), 0o755), os.WriteFile(filepath.Join(d, "history/x.note"), nil, 0o600))
		}, "file-unknown history/x.note"},
		"a name to fear":         {func(d string) error { return os.WriteFile(filepath.Join(d, "\x1b[2J\u202e.html"), nil, 0o600) }, "file-unknown \x1b[2J\u202e.html"},
		"an empty folder":        {func(d string) error { return os.Mkdir(filepath.Join(d, "mark"), 0o755) }, "folder-empty mark"},
		"a hidden empty folder":  {func(d string) error { return os.Mkdir(filepath.Join(d, "evidence/.x"), 0o755) }, "folder-empty evidence/.x"},
		"empty folders in other": {func(d string) error { return os.MkdirAll(filepath.Join(d, "a/b"), 0o755) }, "folder-empty a/b"},
		"a hidden file":          {func(d string) error { return os.WriteFile(filepath.Join(d, ".htaccess"), nil, 0o600) }, "file-unknown .htaccess"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site, product := written(t)
			if err := c.do(product); err != nil {
				t.Fatal(err)
			}
			if r := verified(t, filepath.Join(site, publication.Place)); r.Holds() || !slices.Contains(ids(r), c.want) {
				t.Errorf("got %q, want %q", ids(r), c.want)
			}
		})
	}
}

func sparse(p string, n int64) error {
	f, err := os.Create(p)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(n), f.Close())
}

// The list of products is not signed; it is compared with what is.
func TestIndexIsCompared(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(place string) error
		want string
	}{
		"another name": {func(p string) error {
			return edit(filepath.Join(p, "index.json"), "Tarnwick Ledger 3", "Tarnwick Ledger 4")
		}, "index-differs index.json"},
		"not our form": {func(p string) error { return edit(filepath.Join(p, "index.json"), "{\n", "{ \n") }, "index-malformed index.json"},
		"a link": {func(p string) error {
			f := filepath.Join(p, "index.json")
			return errors.Join(os.Rename(f, f+".x"), os.Symlink(f+".x", f))
		}, "index-malformed index.json"},
		"a lost product": {func(p string) error { return os.RemoveAll(filepath.Join(p, "tw-l3")) }, "product-missing tw-l3"},
		"a renamed one":  {func(p string) error { return os.Rename(filepath.Join(p, "tw-l3"), filepath.Join(p, "tw-l4")) }, "product-unlisted tw-l4"},
		"a foreign file": {func(p string) error { return os.WriteFile(filepath.Join(p, "readme.txt"), nil, 0o600) }, "file-unknown readme.txt"},
		"a stage with files": {func(p string) error {
			d := filepath.Join(p, ".iotmark-stage-x")
			return errors.Join(os.Mkdir(d, 0o755), os.WriteFile(filepath.Join(d, "index.html"), []byte("CERTIFIED"), 0o600))
		}, "file-unknown .iotmark-stage-x"},
		"an empty stage":  {func(p string) error { return os.Mkdir(filepath.Join(p, ".iotmark-stage-x"), 0o755) }, "file-unknown .iotmark-stage-x"},
		"a linked folder": {func(p string) error { return os.Symlink("tw-l3", filepath.Join(p, "tw-l4")) }, "file-unknown tw-l4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site, _ := written(t)
			if err := c.do(filepath.Join(site, publication.Place)); err != nil {
				t.Fatal(err)
			}
			if r := verified(t, site); r.Holds() || !slices.Contains(ids(r), c.want) {
				t.Errorf("got %q, want %q", ids(r), c.want)
			}
		})
	}
	if r := verified(t, func() string { s, _ := written(t); return s }()); !r.Holds() {
		t.Error(ids(r))
	}
}

func edit(file, old, new string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !strings.Contains(string(b), old) {
		return fmt.Errorf("%s has no %q", file, old)
	}
	return os.WriteFile(file, []byte(strings.Replace(string(b), old, new, 1)), 0o644)
}

// A maker who holds the key and lies: every hash fits, and what the files say
// does not follow from the evidence.
func TestSignedLies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lie  func(in *publication.Input)
		want string
	}{
		"a better conclusion": {func(in *publication.Input) {
			for i := range in.Assessment.Assessment.Conclusions {
				in.Assessment.Assessment.Conclusions[i].Assurance = iotmark.Tested
			}
		}, "conclusions-differ assessment.json"},
		"a finding that passed": {func(in *publication.Input) {
			for i := range in.Assessment.Assessment.Findings {
				in.Assessment.Assessment.Findings[i].Args = map[string]string{"n": "0"}
			}
		}, "findings-differ assessment.json"},
		"silence on what is not sensitive": {func(in *publication.Input) {
			for i := range in.Assessment.Assessment.Findings {
				f := &in.Assessment.Assessment.Findings[i]
				if f.Check == "provenance.licences" {
					*f = iotmark.Finding{Check: f.Check, Version: f.Version, Outcome: iotmark.Untested, Message: publication.NoResult}
				}
			}
		}, "findings-differ assessment.json"},
		"another date":   {func(in *publication.Input) { in.Assessment.Assessment.Evidence[0].Dated = "2020-01-01" }, "findings-differ assessment.json"},
		"another notice": {func(in *publication.Input) { in.Assessment.Notice = "All is well." }, "document-malformed assessment.json"},
		"another declaration": {func(in *publication.Input) {
			in.Public.Document = []byte(strings.Replace(string(in.Public.Document), "Tarnwick Metering GmbH", "Tarnwick Metering KG", 1))
		}, "document-differs declaration.json"},
		"a promise that the statement does not have": {func(in *publication.Input) {
			in.Public.Declaration.Support.UpdatesUntil = "2033-01-01"
		}, "document-differs declaration.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t, careful)
			c.lie(&in)
			site := t.TempDir()
			write(t, site, set(t, in))
			if r := verified(t, site); r.Holds() || !slices.Contains(ids(r), c.want) {
				t.Errorf("got %q, want %q", ids(r), c.want)
			}
		})
	}
}

// A crash leaves the old set or the new one, and what it left behind is
// cleared away by the next publication.
func TestAfterACrash(t *testing.T) {
	t.Parallel()
	second := func(t *testing.T, site string) *publication.Set {
		s, err := publication.OpenSite(site, false)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Recover("tw-l3"); err != nil {
			t.Fatal(err)
		}
		prev, err := s.Previous(t.Context(), "tw-l3")
		if err != nil || prev == nil {
			t.Fatal(prev, err)
		}
		in := input(t, careful)
		in.Previous, in.Program = prev, "test2" // something changes
		return set(t, in)
	}
	for name, crash := range map[string]func(place string) error{
		"while the stage is written": func(p string) error {
			return errors.Join(os.Mkdir(filepath.Join(p, ".iotmark-stage-tw-l3"), 0o755), os.WriteFile(filepath.Join(p, ".iotmark-stage-tw-l3/index.html"), []byte("ha"), 0o644))
		},
		"while the list is written": func(p string) error {
			return errors.Join(os.WriteFile(filepath.Join(p, ".iotmark-stage-index.json"), []byte("{"), 0o644), os.Remove(filepath.Join(p, "index.json")))
		},
		"between two renames": func(p string) error {
			return errors.Join(os.Mkdir(filepath.Join(p, ".iotmark-stage-tw-l3"), 0o755), os.Rename(filepath.Join(p, "tw-l3"), filepath.Join(p, ".iotmark-stage-tw-l3.aside")))
		},
		"before what was put aside is cleared": func(p string) error { return os.Mkdir(filepath.Join(p, ".iotmark-stage-tw-l3.aside"), 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site, _ := written(t)
			place := filepath.Join(site, publication.Place)
			if err := crash(place); err != nil {
				t.Fatal(err)
			}
			write(t, site, second(t, site))
			opt := options(t)
			opt.Program = "test2"
			r, err := publication.Verify(t.Context(), site, opt)
			if err != nil || !r.Holds() || len(r.Products[0].Earlier) != 1 {
				t.Fatal(err, ids(r))
			}
			entries, err := os.ReadDir(place)
			if err != nil || len(entries) != 2 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
		})
	}
}

// A publication that fails leaves everything as it was.
func TestFailedWriteChangesNothing(t *testing.T) {
	t.Parallel()
	site, product := written(t)
	s, err := publication.OpenSite(site, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	prev, err := s.Previous(t.Context(), "tw-l3")
	if err != nil {
		t.Fatal(err)
	}
	in := input(t, careful)
	in.Previous, in.Program = prev, "test2"
	next := set(t, in)
	next.Evidence[3].SHA256 = iotmark.Digest(strings.Repeat("00", 32)) // the file changed since it was hashed
	if err := s.Write(t.Context(), next, nil); err == nil {
		t.Fatal("evidence that changed was published")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Write(ctx, set(t, in), nil); iotmark.KindOf(err) != iotmark.Interrupted {
		t.Errorf("got %v, want interrupted", err)
	}
	if r := verified(t, product); !r.Holds() {
		t.Error(ids(r))
	}
	if entries, _ := os.ReadDir(filepath.Dir(product)); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}

// What does not hold is never left behind, whether it is the first publication
// or takes the place of one.
func TestWhatDoesNotHoldIsNotPublished(t *testing.T) {
	t.Parallel()
	site := t.TempDir()
	s, err := publication.OpenSite(site, true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	opt := options(t)
	liar := func() publication.Input {
		in := input(t, careful)
		for i := range in.Assessment.Assessment.Findings {
			in.Assessment.Assessment.Findings[i].Args = map[string]string{"n": "0"}
		}
		return in
	}
	place := filepath.Join(site, publication.Place)
	err = s.Write(t.Context(), set(t, liar()), &opt)
	if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != "does-not-hold" || e.Kind != iotmark.Unverified || !strings.Contains(e.Msg, "[findings-differ]") {
		t.Errorf("got %v, want does-not-hold", err)
	}
	if entries, err := os.ReadDir(place); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := s.Write(t.Context(), set(t, input(t, careful)), &opt); err != nil {
		t.Fatal(err)
	}
	in := liar()
	if in.Previous, err = s.Previous(t.Context(), "tw-l3"); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), set(t, in), &opt); err == nil {
		t.Error("a set that does not hold took the place of one that does")
	}
	if r := verified(t, site); !r.Holds() || len(r.Products[0].Earlier) != 0 {
		t.Error(ids(r))
	}
	if entries, err := os.ReadDir(place); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// A place that is not ours is not written to.
func TestPlacesThatAreNotOurs(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(dir string) error{
		"iotmark is a link": func(d string) error {
			return errors.Join(os.MkdirAll(filepath.Join(d, ".well-known"), 0o755), os.Symlink("/tmp", filepath.Join(d, ".well-known/iotmark")))
		},
		"well-known is a link": func(d string) error { return os.Symlink("/tmp", filepath.Join(d, ".well-known")) },
		"iotmark is a file": func(d string) error {
			return errors.Join(os.MkdirAll(filepath.Join(d, ".well-known"), 0o755), os.WriteFile(filepath.Join(d, ".well-known/iotmark"), nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := make(dir); err != nil {
				t.Fatal(err)
			}
			if s, err := publication.OpenSite(dir, true); err == nil {
				s.Close()
				t.Error("it was opened")
			}
		})
	}
	site, product := written(t)
	s, err := publication.OpenSite(site, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.RemoveAll(product); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(product, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Previous(t.Context(), "tw-l3"); err == nil {
		t.Error("a file in the place of a product was taken for one")
	}
}
