package publication_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	conclude "github.com/open-iot-mark/iotmark/internal/assess"
	"github.com/open-iot-mark/iotmark/internal/publication"
)

// copied is a sample product in a folder of its own, its declaration changed,
// old to new in pairs.
func copied(t *testing.T, name string, changes ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("../../testdata/products", name))); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		if err := edit(filepath.Join(dir, "iotmark.yaml"), changes[i], changes[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// consistent draws the conclusions anew from what a liar made of findings,
// holdings and facts, so that nothing but the lie is wrong.
func consistent(in *publication.Input) {
	x := &in.Assessment.Assessment
	*x = conclude.Assess(conclude.Input{Catalogue: in.Catalogue, Declaration: in.Public.Declaration, Digest: in.Public.Dossier.Digest, AsOf: x.AsOf, Holdings: x.Evidence, Findings: x.Findings, Unsure: x.Unsure})
	for i := range x.Conclusions {
		x.Conclusions[i].Next = nil
	}
}

// becomes publishes another outcome of a check as one that rests on what is
// not public.
func becomes(in *publication.Input, id iotmark.CheckID, o iotmark.Outcome, basis ...iotmark.EvidenceID) {
	a := &in.Assessment
	a.NotRerun = append(a.NotRerun, id)
	var out []iotmark.Finding
	for i, f := range a.Assessment.Findings {
		if f.Check != id {
			out = append(out, f)
		} else if a.Assessment.Findings[i-1].Check != id {
			out = append(out, iotmark.Finding{Check: id, Version: f.Version, Outcome: o, Message: publication.NotPublic, Basis: basis})
		}
	}
	a.Assessment.Findings = out
	consistent(in)
}

func hold(in *publication.Input, id iotmark.EvidenceID) {
	for i := range in.Assessment.Assessment.Evidence {
		if h := &in.Assessment.Assessment.Evidence[i]; h.Evidence == id {
			h.Standing = iotmark.Held
		}
	}
}

// Nobody else can run a check again that rests on what is not public. A maker
// who only says so is found out: there must be such a piece, of a kind that
// the check reads, and the outcome must name it.
func TestWhatIsNotPublicIsNoExcuse(t *testing.T) {
	t.Parallel()
	const id = "provenance.sbom-minimum" // it fails on the public list of this product
	other := func(kind string) []string {
		return []string{"  - {id: terms,", "  - {id: other, kind: " + kind + ", title: Another, visibility: restricted, sha256: " + strings.Repeat("ab", 32) + ", dated: 2026-09-21}\n  - {id: terms,"}
	}
	for name, c := range map[string]struct {
		changes []string
		lie     func(in *publication.Input)
		want    string // the problem; none: it is told that nobody else can look
	}{
		"without a reason":           {nil, func(in *publication.Input) { becomes(in, id, iotmark.Passed) }, "It is said to rest on what is not public, and names no such piece"},
		"on what is public":          {nil, func(in *publication.Input) { becomes(in, id, iotmark.Passed, "sbom") }, "It is said to rest on what is not public, and names no such piece"},
		"on a piece of another kind": {other("test-report"), func(in *publication.Input) { hold(in, "other"); becomes(in, id, iotmark.Passed, "other") }, "It is said to rest on what is not public, and names no such piece"},
		"on a piece that was not there": {other("sbom"), func(in *publication.Input) { becomes(in, id, iotmark.Passed, "other") },
			"It is said to rest on what is not public, and names no such piece"},
		"on what is public, though another is not": {other("sbom"), func(in *publication.Input) { hold(in, "other"); becomes(in, id, iotmark.Passed, "sbom") },
			"It is said to rest on what is not public, and names no such piece"},
		"passed on nothing, though a piece is not public": {other("sbom"), func(in *publication.Input) { hold(in, "other"); becomes(in, id, iotmark.Passed) },
			"It is said to rest on what is not public, and names no such piece"},
		"as untested":         {nil, func(in *publication.Input) { becomes(in, id, iotmark.Untested) }, "It is said to rest on what is not public, and names no such piece"},
		"a check that is not": {nil, func(in *publication.Input) { in.Assessment.NotRerun = append(in.Assessment.NotRerun, "x.y") }, "is no check that ran"},
		"with words": {other("sbom"), func(in *publication.Input) {
			hold(in, "other")
			becomes(in, id, iotmark.Passed, "other")
			for i := range in.Assessment.Assessment.Findings {
				if f := &in.Assessment.Assessment.Findings[i]; f.Check == id {
					f.Message = "provenance.sbom-minimum.complete"
				}
			}
			consistent(in)
		}, "more is published of it than outcome and evidence"},
		"with such a piece": {other("sbom"), func(in *publication.Input) { hold(in, "other"); becomes(in, id, iotmark.Passed, "other") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t, copied(t, "average", c.changes...))
			c.lie(&in)
			site := t.TempDir()
			write(t, site, set(t, in))
			r := verified(t, site)
			v := r.Products[0]
			if r.Holds() {
				t.Error("it holds")
			}
			if c.want == "" {
				if !r.Sound() || !r.Compared() || !r.Disputed() || !slices.Equal(v.Disputed, []iotmark.CheckID{id}) || len(v.NotDone) != 1 || !strings.Contains(v.NotDone[0].Message, "the public evidence alone says otherwise") {
					t.Errorf("got %q, disputed %q, not done %v", ids(r), v.Disputed, v.NotDone)
				}
				return
			}
			if len(v.Problems) != 1 || v.Problems[0].ID != "findings-differ" || !strings.Contains(v.Problems[0].Message, c.want) {
				t.Errorf("got %v, want findings-differ: %s", v.Problems, c.want)
			}
		})
	}
	t.Run("untested in public", func(t *testing.T) {
		t.Parallel()
		in := input(t, "../../testdata/products/standalone")
		becomes(&in, "accountability.conformity-papers", iotmark.Passed, "sbom")
		site := t.TempDir()
		write(t, site, set(t, in))
		if r := verified(t, site); r.Holds() || !slices.Contains(ids(r), "findings-differ assessment.json") {
			t.Errorf("got %q", ids(r))
		}
	})
}

// An honest maker whose restricted evidence decides is told of by name, and
// what only seems to rest on it is published as everybody finds it.
func TestWhatRestsOnWhatIsNotPublicNamesIt(t *testing.T) {
	t.Parallel()
	in := input(t, copied(t, "careful", "title: Software components of 2.6.1, path:", "title: Software components of 2.6.1, visibility: restricted, path:"))
	for _, id := range in.Assessment.NotRerun {
		named := false
		for _, f := range in.Assessment.Assessment.Findings {
			named = named || f.Check == id && slices.Contains(f.Basis, "sbom")
		}
		if !named {
			t.Errorf("%s does not name what it rests on", id)
		}
	}
	want := []iotmark.CheckID{"provenance.licences", "provenance.sbom-covers-firmware", "provenance.sbom-minimum", "accountability.evidence-current"}
	for _, id := range want {
		if !slices.Contains(in.Assessment.NotRerun, id) {
			t.Errorf("got (-want +got)\n%s", cmp.Diff(want, in.Assessment.NotRerun))
		}
	}
	site := t.TempDir()
	write(t, site, set(t, in))
	// The list of the app alone does not cover the image of the device.
	if r := verified(t, site); !r.Sound() || !slices.Equal(r.Products[0].Disputed, []iotmark.CheckID{"provenance.sbom-covers-firmware"}) {
		t.Errorf("got %q, %v", ids(r), r.Products[0].NotDone)
	}
}

// A fact that the evidence denies counts as unknown, for the maker as for
// everybody, and evidence is neither added nor told otherwise than declared.
func TestFactsAndEvidenceAreCompared(t *testing.T) {
	t.Parallel()
	deny := []string{"runs_full_os: true", "runs_full_os: false"}
	hide := []string{"title: Camera image 4.2.0,", "title: Camera image 4.2.0, visibility: restricted,"}
	for name, c := range map[string]struct {
		changes []string
		lie     func(x *iotmark.Assessment)
		want    string // of the problem; none: it is sound
	}{
		"an honest no":                                             {deny, func(*iotmark.Assessment) {}, ""},
		"an honest no, on what is not public":                      {append(hide, deny...), func(*iotmark.Assessment) {}, ""},
		"a fact that is denied counts as declared":                 {deny, func(x *iotmark.Assessment) { x.Unsure = nil }, "denies the fact runs_full_os"},
		"a fact that nothing denies":                               {nil, func(x *iotmark.Assessment) { x.Unsure = []iotmark.FactID{"for_children"} }, "the fact for_children is said to be denied"},
		"a fact that nothing denies, though a piece is not public": {hide, func(x *iotmark.Assessment) { x.Unsure = []iotmark.FactID{"for_children"} }, "the fact for_children is said to be denied"},
		"a phantom": {nil, func(x *iotmark.Assessment) {
			x.Evidence = append(x.Evidence, iotmark.Holding{Evidence: "lab", Kind: iotmark.KindTestReport, Title: "Report of a laboratory", Standing: iotmark.Held, Dated: "2026-01-01"})
		}, "and the declaration has"},
		"one left out":            {nil, func(x *iotmark.Assessment) { x.Evidence = x.Evidence[:len(x.Evidence)-1] }, "and the declaration has"},
		"another title":           {nil, func(x *iotmark.Assessment) { x.Evidence[0].Title = "Report of a laboratory" }, "something else than the declaration"},
		"another kind":            {hide, func(x *iotmark.Assessment) { x.Evidence[7].Kind = iotmark.KindTestReport }, "something else than the declaration"},
		"words on what is hidden": {hide, func(x *iotmark.Assessment) { x.Evidence[7].Detail = "Certified" }, "something else than the declaration"},
		"held beyond its end": {append([]string{"title: Penetration test,", "title: Penetration test, visibility: restricted,"}, nil...), func(x *iotmark.Assessment) {
			for i := range x.Evidence {
				if x.Evidence[i].Standing == iotmark.Expired {
					x.Evidence[i].Standing, x.Evidence[i].Reason = iotmark.Held, ""
				}
			}
		}, "evidence pentest stands otherwise"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t, copied(t, "average", c.changes...))
			c.lie(&in.Assessment.Assessment)
			consistent(&in)
			site := t.TempDir()
			write(t, site, set(t, in))
			r := verified(t, site)
			if c.want == "" {
				if !r.Sound() || !r.Compared() {
					t.Errorf("got %v, not done %v", r.Products[0].Problems, r.Products[0].NotDone)
				}
				return
			}
			if p := r.Products[0].Problems; len(p) == 0 || !strings.Contains(p[0].Message, c.want) {
				t.Errorf("got %v, want %s", p, c.want)
			}
		})
	}
}

// The name of a capture tells which station is the product. It is told in what
// is published too, so that everybody can run the checks on it again.
func TestTheProductOfACaptureIsPublished(t *testing.T) {
	t.Parallel()
	in := input(t, "../../testdata/products/standalone")
	for _, e := range in.Public.Declaration.Evidence {
		if e.Kind == iotmark.KindPacketCapture && e.Path != "evidence/"+string(e.SHA256)+".device-025fe17c002a.pcap" {
			t.Errorf("got %s", e.Path)
		}
	}
	if len(in.Assessment.NotRerun) > 0 {
		t.Errorf("%s cannot be run again", in.Assessment.NotRerun)
	}
	n := 0
	for _, f := range in.Assessment.Assessment.Findings {
		if strings.Contains(string(f.Check), ".capture-") && f.Outcome == iotmark.Passed {
			n++
		}
	}
	site := t.TempDir()
	write(t, site, set(t, in))
	if r := verified(t, site); !r.Holds() || n == 0 {
		t.Errorf("%d passed, %v", n, ids(r))
	}
}
