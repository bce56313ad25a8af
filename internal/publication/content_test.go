package publication_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/publication"
)

// forged publishes the careful product with files and statement changed by
// somebody who signs the result: every hash fits.
func forged(t *testing.T, change func(docs map[string][]byte, body *publication.Body)) string {
	t.Helper()
	d, err := publication.Make(input(t, careful))
	if err != nil {
		t.Fatal(err)
	}
	body := &d.Statement.Body
	change(d.Documents, body)
	d.Documents[publication.SumsFile] = nil
	old := body.Files
	body.Files = nil
	for _, f := range old {
		if strings.HasPrefix(f.Path, publication.EvidenceDir+"/") {
			body.Files = append(body.Files, f)
		}
	}
	file := func(name string, b []byte) publication.File {
		h := sha256.Sum256(b)
		return publication.File{Path: name, SHA256: iotmark.Digest(hex.EncodeToString(h[:])), Size: int64(len(b))}
	}
	for name, b := range d.Documents {
		if name != publication.SumsFile {
			body.Files = append(body.Files, file(name, b))
		}
	}
	order := func() {
		slices.SortFunc(body.Files, func(x, y publication.File) int { return strings.Compare(x.Path, y.Path) })
	}
	order()
	var sums bytes.Buffer
	for _, f := range body.Files {
		fmt.Fprintf(&sums, "%s  %s\n", f.SHA256, f.Path)
	}
	d.Documents[publication.SumsFile] = sums.Bytes()
	body.Files = append(body.Files, file(publication.SumsFile, sums.Bytes()))
	order()
	s, err := d.Sign(testKey(1))
	if err != nil {
		t.Fatal(err)
	}
	site := t.TempDir()
	write(t, site, s)
	return site
}

// Whoever signs chooses which program and edition the statement names. That
// switches no check off without being told, and never gives a pass.
func TestForgedVersionsAreNoPass(t *testing.T) {
	t.Parallel()
	certified := []byte("<!DOCTYPE html><h1>CERTIFIED</h1><script src=https://else.example/x.js></script>\n")
	type docs = map[string][]byte
	for name, c := range map[string]struct {
		change func(docs, *publication.Body)
		want   []string // problems; none: not compared
		told   iotmark.ErrorID
	}{
		"no assessment, by another program": {func(d docs, b *publication.Body) {
			b.Program, d["assessment.json"] = "x", []byte("[[[[")
		}, []string{"document-malformed assessment.json"}, ""},
		"no assessment, under another edition": {func(d docs, b *publication.Body) {
			b.Edition, d["assessment.json"] = "2099.1", []byte("[[[[")
		}, []string{"document-malformed assessment.json"}, ""},
		"an assessment of another shape": {func(d docs, b *publication.Body) {
			b.Program, d["assessment.json"] = "x", bytes.Replace(d["assessment.json"], []byte("{\n"), []byte("{\n  \"certified\": true,\n"), 1)
		}, []string{"document-malformed assessment.json"}, ""},
		"a declaration of another shape": {func(d docs, b *publication.Body) {
			b.Program, d["declaration.json"] = "x", []byte("{}")
		}, []string{"document-malformed declaration.json"}, ""},
		"a foreign emblem": {func(d docs, b *publication.Body) {
			b.Program, d["mark.svg"] = "x", []byte("<svg/>")
		}, []string{"file-unknown mark.svg"}, ""},
		"a page more": {func(d docs, b *publication.Body) {
			d["index.xx.html"] = certified
		}, []string{"page-differs index.xx.html"}, ""},
		"a page more, by another program": {func(d docs, b *publication.Body) {
			b.Program, d["index.xx.html"] = "x", certified
		}, nil, "page-not-run"},
		"a page of our own": {func(d docs, b *publication.Body) { d["index.html"] = certified }, []string{"page-differs index.html"}, ""},
		"a page by another program": {func(d docs, b *publication.Body) {
			b.Program, d["index.html"] = "x", certified
		}, nil, "page-not-run"},
		"another edition": {func(d docs, b *publication.Body) {
			b.Edition = "2099.1"
			d["index.html"] = certified
			d["assessment.json"] = bytes.Replace(d["assessment.json"], []byte(`"edition": "2026.1"`), []byte(`"edition": "2099.1"`), 1)
		}, nil, "content-not-run"},
		"another promise under another edition": {func(d docs, b *publication.Body) {
			b.Edition, b.Promises.UpdatesUntil = "2099.1", "2060-01-01"
			d["assessment.json"] = bytes.Replace(d["assessment.json"], []byte(`"edition": "2026.1"`), []byte(`"edition": "2099.1"`), 1)
		}, []string{"document-differs declaration.json"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := verified(t, forged(t, c.change))
			if r.Holds() {
				t.Error("it holds")
			}
			for _, w := range c.want {
				if !slices.Contains(ids(r), w) {
					t.Errorf("got %q, want %q", ids(r), w)
				}
			}
			if len(c.want) > 0 {
				return
			}
			n := r.Products[0].NotDone
			if !r.Sound() || r.Compared() || r.Products[0].Compared || len(n) == 0 || n[0].ID != c.told {
				t.Errorf("got %q, compared %v, not done %+v, want not compared and %s", ids(r), r.Compared(), n, c.told)
			}
		})
	}
	t.Run("the same by another program", func(t *testing.T) { // it can be compared, and is
		t.Parallel()
		if r := verified(t, forged(t, func(_ docs, b *publication.Body) { b.Program = "x" })); !r.Holds() || !r.Products[0].Rerun {
			t.Errorf("got %q, %+v", ids(r), r.Products[0])
		}
	})
}

// Two programs can have one name: builds from a checkout have none at all. What
// another one makes of the documents is then no lie of the maker.
func TestOtherBuildsAreOtherPrograms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		program string
		change  func(*publication.Options)
		differs bool // it is this program, and the page is not what it makes
	}{
		"the same":       {"test", func(*publication.Options) {}, true},
		"no version":     {"(devel)", func(*publication.Options) {}, false},
		"nothing known":  {"unknown", func(*publication.Options) {}, false},
		"a changed tree": {"v1.2.0+dirty", func(*publication.Options) {}, false},
		"another check":  {"test", func(o *publication.Options) { o.Checks["privacy.new"] = 1 }, false},
		"other bindings": {"test", func(o *publication.Options) {
			c := *o.Catalogue
			c.Bindings.Digest = iotmark.Digest(strings.Repeat("ab", 32))
			o.Catalogue = &c
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := forged(t, func(d map[string][]byte, b *publication.Body) {
				b.Program = c.program
				d["index.html"] = append(d["index.html"], "<!-- of another build -->\n"...)
			})
			opt := options(t)
			opt.Program = c.program
			c.change(&opt)
			r, err := publication.Verify(t.Context(), site, opt)
			if err != nil || r.Holds() {
				t.Fatal(err, "it holds")
			}
			if got := slices.Contains(ids(r), "page-differs index.html"); got != c.differs || r.Sound() == c.differs || r.Compared() != c.differs {
				t.Errorf("got %q, compared %v, not done %v", ids(r), r.Compared(), r.Products[0].NotDone)
			}
		})
	}
}

// What another version of the program made is verified as far as it goes, and
// the rest is told.
func TestOtherVersionsAreTold(t *testing.T) {
	t.Parallel()
	_, product := written(t)
	for name, c := range map[string]struct {
		change func(*publication.Options)
		want   iotmark.ErrorID
		holds  bool
	}{
		"another check":        {func(o *publication.Options) { o.Checks = maps.Clone(o.Checks); o.Checks["privacy.new"] = 1 }, "determination-not-run", false},
		"as the caller wished": {func(o *publication.Options) { o.Rerun = nil }, "determination-not-run", true},
		"another edition": {func(o *publication.Options) {
			c := *o.Catalogue
			c.Edition = "2027.1"
			o.Catalogue = &c
		}, "content-not-run", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt := options(t)
			c.change(&opt)
			r, err := publication.Verify(t.Context(), product, opt)
			if err != nil || !r.Sound() || r.Holds() != c.holds || r.Compared() != c.holds {
				t.Fatal(err, ids(r), r.Compared())
			}
			if n := r.Products[0].NotDone; len(n) != 1 || n[0].ID != c.want {
				t.Errorf("got %+v, want %s", n, c.want)
			}
		})
	}
}
