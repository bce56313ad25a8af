package determine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/assess"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

func input(t *testing.T) Input {
	t.Helper()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return Input{Catalogue: cat, AsOf: "2026-11-22", Dossier: &dossier.Dossier{Declaration: &iotmark.Declaration{
		Claims: map[iotmark.CriterionID]iotmark.Claim{
			"data-governance.portability": {Answer: iotmark.AnswerMet, Evidence: []iotmark.EvidenceID{"mine"}},
		},
	}}}
}

// Whether a check may run, and what is said when it may not.
func TestRunOne(t *testing.T) {
	t.Parallel()
	read := func(id iotmark.EvidenceID, k iotmark.EvidenceKind, reader string) check.Item {
		return check.Item{Evidence: iotmark.Evidence{ID: id, Kind: k}, Standing: iotmark.Held, Reader: reader, Facts: new(int)}
	}
	bare := func(id iotmark.EvidenceID, k iotmark.EvidenceKind, s iotmark.Standing) check.Item {
		return check.Item{Evidence: iotmark.Evidence{ID: id, Kind: k}, Standing: s}
	}
	need := check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindDataExport}, Reader: "table"}
	claimed := need
	claimed.Claimed = true
	optional := check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindSBOM}, Reader: "sbom", Optional: true}
	for _, c := range []struct {
		name  string
		reads []check.Need
		run   func(check.Input) []iotmark.Finding
		items []check.Item
		want  iotmark.Outcome
		msg   iotmark.MessageID
	}{
		{name: "the declaration alone", want: iotmark.Passed, msg: "ok"},
		{name: "nothing there", reads: []check.Need{need}, want: iotmark.Untested, msg: "check.no-evidence"},
		{name: "another kind only", reads: []check.Need{need}, items: []check.Item{read("x", iotmark.KindSBOM, "table")}, want: iotmark.Untested, msg: "check.no-evidence"},
		{name: "another reader only", reads: []check.Need{need}, items: []check.Item{read("x", iotmark.KindDataExport, "text")}, want: iotmark.Untested, msg: "check.no-evidence"},
		{name: "there and read", reads: []check.Need{need}, items: []check.Item{read("x", iotmark.KindDataExport, "table")}, want: iotmark.Passed, msg: "ok"},
		{name: "there and elsewhere", reads: []check.Need{need}, items: []check.Item{bare("x", iotmark.KindDataExport, iotmark.Elsewhere)}, want: iotmark.CantTell, msg: "check.not-read"},
		{name: "there and expired", reads: []check.Need{need}, items: []check.Item{bare("x", iotmark.KindDataExport, iotmark.Expired)}, want: iotmark.CantTell, msg: "check.not-read"},
		{name: "claimed", reads: []check.Need{claimed}, items: []check.Item{read("mine", iotmark.KindDataExport, "table")}, want: iotmark.Passed, msg: "ok"},
		{name: "read and not claimed", reads: []check.Need{claimed}, items: []check.Item{read("x", iotmark.KindDataExport, "table")}, want: iotmark.Untested, msg: "check.nothing-claimed"},
		{name: "an optional need", reads: []check.Need{optional}, want: iotmark.Passed, msg: "ok"},
		{name: "a check that breaks off", run: func(check.Input) []iotmark.Finding { panic("x") }, want: iotmark.CantTell, msg: "check.broke"},
		{name: "a check that says nothing", run: func(check.Input) []iotmark.Finding { return nil }, want: iotmark.CantTell, msg: "check.broke"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			run := c.run
			if run == nil {
				run = func(check.Input) []iotmark.Finding { return []iotmark.Finding{check.Pass("ok", nil)} }
			}
			chk := check.Check{ID: "data-governance.export-complete", Version: 1, Reads: c.reads, Run: run}
			got := runOne(chk, input(t), nil, c.items)
			if len(got) != 1 || got[0].Outcome != c.want || got[0].Message != c.msg {
				t.Errorf("got %+v, want %s %s", got, c.want, c.msg)
			}
		})
	}
}

func TestRunOneNotConcerned(t *testing.T) {
	t.Parallel()
	truths := map[iotmark.FactID]iotmark.Truth{"collects_personal_data": iotmark.False, "has_cloud": iotmark.False}
	chk := check.Check{ID: "data-governance.export-complete", Run: func(check.Input) []iotmark.Finding { panic("it ran") }}
	got := runOne(chk, input(t), truths, nil)
	want := []iotmark.Finding{{Outcome: iotmark.Inapplicable, Message: "check.not-concerned"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
}

// A fault of a reader is told without its text; an expected failure keeps its
// id.
func TestProblem(t *testing.T) {
	t.Parallel()
	if p := problem(&iotmark.Error{Kind: iotmark.Invalid, ID: "too-deep"}); p.ID != "too-deep" {
		t.Errorf("got %s", p.ID)
	}
	p := problem(context.Canceled)
	if p.ID != "reader-broke" || strings.Contains(p.Msg, "canceled") {
		t.Errorf("got %+v", p)
	}
}

// Bytes that nobody knows are no evidence in a role that a program reads; a
// form that people read counts where people read it.
func TestUnknownFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind    iotmark.EvidenceKind
		content string
		want    iotmark.ErrorID
	}{
		{iotmark.KindSBOM, "{}", "format-unknown"},
		{iotmark.KindSBOM, "%PDF-1.7", "format-unknown"},
		{iotmark.KindNetworkProfile, "\x00\x01\x02", "format-unknown"},
		{iotmark.KindDocument, "%PDF-1.7", assess.NotExamined},
		{iotmark.KindDocument, "PK\x03\x04word/document.xml", assess.NotExamined},
		{iotmark.KindDocument, "\x00\x01\x02", "format-unknown"},
		{iotmark.KindVideo, "\x1a\x45\xdf\xa3", assess.NotExamined},
		{iotmark.KindPacketCapture, "anything", "format-unknown"},
		{iotmark.KindAppPackage, "anything", assess.NotExamined},
	} {
		s := evidence.NewSource("x", []byte(c.content))
		if r := sniff(c.kind, s); r != nil {
			t.Errorf("%s %q: the reader %s takes it", c.kind, c.content, r.Name)
			continue
		}
		if got := unknownFormat(c.kind, s).ID; got != c.want {
			t.Errorf("%s %q: got %s, want %s", c.kind, c.content, got, c.want)
		}
	}
}

// A reader that ends in time is never told as too slow, however late anybody
// looks.
func TestEndsInTime(t *testing.T) {
	t.Parallel()
	p := problem(fmt.Errorf("read: %w", context.DeadlineExceeded))
	if p.ID != "too-slow" {
		t.Errorf("got %s", p.ID)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{"iotmark.yaml": small, "a.csv": "time,heat_celsius\n2026-01-01T00:00:00Z,20\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	in := input(t)
	for range 300 { // the fault this stands for showed once in some hundred runs on a busy machine
		d, err := dossier.Open(dir, in.Catalogue, dossier.Options{AsOf: in.AsOf})
		if err != nil {
			t.Fatal(err)
		}
		in.Dossier, in.Limits = d, evidence.DefaultLimits()
		_, holdings := read(t.Context(), in)
		d.Close()
		if holdings[0].Reason != "" {
			t.Fatalf("got %+v", holdings[0])
		}
	}
}

const small = `iotmark: "2026.1"
product: {name: Lumo, model: LN-1, kind: lamp, first_sale: 2026-05-04}
maker: {name: Lumo Ltd, address: 1 Example Street, country: GB, email: hello@lumo.example}
facts: {connects_by: [wifi]}
support: {updates_until: 2031-05-31}
evidence: [{id: a, kind: data-export, title: A, path: a.csv}]
`

// Binary artefacts, and they alone, are read by the function that confines;
// what stands in its way becomes the problem of the item, and a fault of the
// reader is told as well.
func TestConfined(t *testing.T) {
	t.Parallel()
	gone := &iotmark.Error{Kind: iotmark.Unavailable, ID: "not-confined", Msg: "x"}
	crash := &iotmark.Error{Kind: iotmark.Internal, ID: "reader-crashed", Msg: "x", Err: errors.New("secret")}
	for _, c := range []struct {
		name  string
		err   error
		want  iotmark.ErrorID
		fault error
	}{
		{"read", nil, "", nil},
		{"no child", gone, "not-confined", nil},
		{"a crash", crash, "reader-crashed", crash},
		{"too slow", fmt.Errorf("x: %w", context.DeadlineExceeded), "too-slow", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := input(t)
			d, err := dossier.Open("../../testdata/products/average", in.Catalogue, dossier.Options{AsOf: in.AsOf})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			var fault error
			var mu sync.Mutex // guards fault and names
			names := map[string]bool{}
			in.Dossier, in.Limits = d, evidence.DefaultLimits()
			in.Fault = func(err error) { mu.Lock(); defer mu.Unlock(); fault = err }
			in.Confined = func(ctx context.Context, r evidence.Reader, src evidence.Source, lim evidence.Limits) (any, error) {
				mu.Lock()
				names[r.Name] = true
				mu.Unlock()
				if c.err != nil {
					return nil, c.err
				}
				return r.Read(ctx, src, lim)
			}
			items, _ := read(t.Context(), in)
			n := 0
			for _, it := range items {
				r := sniffed(it.Kind, d, it.ID)
				if r == nil || !r.Binary {
					continue
				}
				n++
				if c.want == "" && (it.Problem != nil || it.Facts == nil || it.Reader != r.Name) || c.want != "" && (it.Problem == nil || it.Problem.ID != c.want || it.Facts != nil) {
					t.Errorf("%s: got %v, facts %v; want %q", it.ID, it.Problem, it.Facts != nil, c.want)
				}
			}
			if n == 0 || names["text"] || names["sbom"] {
				t.Errorf("%d binary items; confined were %v", n, names)
			}
			if fault != c.fault {
				t.Errorf("told %v, want %v", fault, c.fault)
			}
		})
	}
}

// sniffed returns the reader of an item.
func sniffed(kind iotmark.EvidenceKind, d *dossier.Dossier, id iotmark.EvidenceID) *evidence.Reader {
	for _, it := range d.Items {
		if it.ID != id || it.Standing != iotmark.Held {
			continue
		}
		c, err := it.Open()
		if err != nil {
			return nil
		}
		defer c.Close()
		return sniff(kind, evidence.Source{Name: path.Base(it.Path), Size: it.Size, ReaderAt: c})
	}
	return nil
}

// What may be read in one run goes by size, in the order of the declaration.
// What streams takes no room but for what is kept of it.
func TestAfford(t *testing.T) {
	t.Parallel()
	const m = 1 << 20
	type file struct {
		kind iotmark.EvidenceKind
		size int64
	}
	many := func(n int, f file) []file {
		var out []file
		for range n {
			out = append(out, f)
		}
		return out
	}
	for _, c := range []struct {
		name  string
		files []file
		left  []int // out
	}{
		{"little", []file{{iotmark.KindDocument, m}, {iotmark.KindSBOM, m}}, nil},
		{"images up to the budget", many(4, file{iotmark.KindFirmwareImage, 60 * m}), []int{3}},
		{"one over the limit of a reader, which says so", []file{{iotmark.KindFirmwareImage, 600 * m}}, nil},
		{"a capture of any size, and images", append([]file{{iotmark.KindPacketCapture, 1900 * m}}, many(3, file{iotmark.KindFirmwareImage, 60 * m})...), nil},
		{"more captures than facts are kept", many(7, file{iotmark.KindPacketCapture, 100 * m}), []int{6}},
		{"small captures", many(20, file{iotmark.KindPacketCapture, m / 4}), nil},
		{"texts beside captures", append(many(5, file{iotmark.KindPacketCapture, 100 * m}), many(3, file{iotmark.KindDocument, 4 * m})...), []int{7}},
	} {
		var src []dossier.Item
		var jobs []int
		for i, f := range c.files {
			src = append(src, dossier.Item{Evidence: iotmark.Evidence{Kind: f.kind}, Standing: iotmark.Held, Size: f.size})
			jobs = append(jobs, i)
		}
		items := make([]check.Item, len(src))
		afford(src, items, jobs, evidence.DefaultLimits())
		var left []int
		for i, it := range items {
			if it.Problem != nil {
				left = append(left, i)
			}
		}
		if d := cmp.Diff(c.left, left); d != "" {
			t.Errorf("%s: got (-want +got)\n%s", c.name, d)
		}
	}
}
