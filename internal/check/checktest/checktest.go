// Package checktest holds what the tests of checks share: items made from
// bytes, dossiers of the corpus as input, and tables of expected findings.
// Nothing but tests imports it.
package checktest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// Item reads bytes as evidence of a kind. What the reader refuses stands in
// the item as its problem.
func Item(t testing.TB, r evidence.Reader, kind iotmark.EvidenceKind, id iotmark.EvidenceID, content string) check.Item {
	t.Helper()
	it := check.Item{Evidence: iotmark.Evidence{ID: id, Kind: kind, Title: "Title of " + string(id)}, Standing: iotmark.Held}
	f, err := r.Read(t.Context(), evidence.NewSource(string(id), []byte(content)), evidence.DefaultLimits())
	if err != nil {
		it.Problem = &iotmark.Error{Kind: iotmark.Invalid, ID: "malformed", Msg: err.Error()}
		return it
	}
	it.Reader, it.Facts = r.Name, f
	return it
}

// Product opens a dossier of testdata/products and reads its evidence with
// the given readers, as a determination would.
func Product(t testing.TB, name string, at iotmark.Date, readers ...evidence.Reader) check.Input {
	t.Helper()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	d, err := dossier.Open(filepath.Join(samples.Root(), "testdata", "products", name), cat, dossier.Options{AsOf: at})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	in := check.Input{Declaration: d.Declaration, Truths: cat.Truths(d.Declaration.Facts), AsOf: at}
	for _, e := range d.Items {
		it := check.Item{Evidence: e.Evidence, Standing: e.Standing, SHA256: e.Actual, Size: e.Size, Problem: e.Problem}
		if c, err := e.Open(); err == nil {
			src := evidence.Source{Name: filepath.Base(e.Path), Size: e.Size, ReaderAt: c}
			for _, r := range readers {
				if !slices.Contains(r.Kinds, e.Kind) || !r.Sniff(src.Name, src.Head(evidence.SniffLen)) {
					continue
				}
				f, err := r.Read(t.Context(), src, evidence.DefaultLimits())
				if err != nil {
					t.Fatalf("%s: %v", e.ID, err)
				}
				it.Reader, it.Facts = r.Name, f
				break
			}
			c.Close()
		}
		in.Items = append(in.Items, it)
	}
	return in
}

// Case is one row of a truth table. Want are the expected findings, each as
// "outcome message line", without the check's id and without line 0.
type Case struct {
	Name string
	In   check.Input
	Want []string
}

// Run holds a check against its truth table. The cases together must bring
// every sentence of the check, and every sentence must be whole.
func Run(t *testing.T, c check.Check, cases []Case) {
	t.Helper()
	seen := map[string]bool{}
	for _, k := range cases {
		fs := c.Run(k.In)
		var got []string
		for _, f := range fs {
			got = append(got, Say(c, f))
			if strings.HasPrefix(string(f.Message), string(c.ID)+".") { // others are shared between checks
				seen[string(f.Message)] = true
			}
		}
		if diff := cmp.Diff(k.Want, got); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s\n%s", k.Name, diff, words(fs))
		}
		Whole(t, k.Name, k.In, fs)
	}
	var all map[string]any
	b, err := os.ReadFile(filepath.Join(samples.Root(), "internal", "message", "en", string(c.ID)+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("sentences (-in the file +said in the table)\n%s", diff)
	}
	for _, s := range []string{c.Title, c.What, c.Why, c.Satisfy, c.Limits, string(c.Certainty)} {
		if s == "" {
			t.Error("the metadata is not complete")
		}
	}
	if len(c.Cites) == 0 || c.Version == 0 || !c.ID.Valid() {
		t.Error("the metadata is not complete")
	}
}

// Say writes a finding as a row of a truth table has it.
func Say(c check.Check, f iotmark.Finding) string {
	s := string(f.Outcome) + " " + strings.TrimPrefix(string(f.Message), string(c.ID)+".")
	if len(f.Places) > 0 && f.Places[0].Line > 0 {
		s += " " + check.N(f.Places[0].Line)
	}
	return s
}

// Whole holds what must be so of all findings: words without a gap, places in
// evidence that is there, quotes within their bound.
func Whole(t testing.TB, name string, in check.Input, fs []iotmark.Finding) {
	t.Helper()
	if len(fs) == 0 {
		t.Errorf("%s: no finding", name)
	}
	w := message.English()
	for _, f := range fs {
		s := w.Say(f.Message, f.Args)
		if s == string(f.Message) || strings.Contains(s, "<no value>") || strings.Contains(s, "{{") {
			t.Errorf("%s: %s says %q", name, f.Message, s)
		}
		for _, p := range f.Places {
			if p.Evidence != "" && !slices.ContainsFunc(in.Items, func(it check.Item) bool { return it.ID == p.Evidence }) {
				t.Errorf("%s: %s points to %s, which is not there", name, f.Message, p.Evidence)
			}
			if len([]rune(p.Quote)) > 200 {
				t.Errorf("%s: %s quotes %d characters", name, f.Message, len(p.Quote))
			}
		}
	}
}

// Worst returns the outcome that weighs most.
func Worst(fs []iotmark.Finding) iotmark.Outcome {
	o := iotmark.Untested
	for _, f := range fs {
		o = o.Weightier(f.Outcome)
	}
	return o
}

func words(fs []iotmark.Finding) string {
	var b strings.Builder
	for _, f := range fs {
		b.WriteString("  " + string(f.Outcome) + ": " + message.English().Say(f.Message, f.Args) + "\n")
	}
	return b.String()
}

// Words returns the sentences of findings, for a person to read.
func Words(fs []iotmark.Finding) string { return words(fs) }

// Row is a case.
func Row(name string, in check.Input, want ...string) Case {
	return Case{Name: name, In: in, Want: want}
}
