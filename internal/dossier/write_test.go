package dossier_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/dossier"
)

// TestWriteIsReadBack writes what was read and reads it again.
func TestWriteIsReadBack(t *testing.T) {
	t.Parallel()
	cat := load(t)
	for _, name := range []string{"iotmark.yaml", "minimal.yaml"} {
		b, err := os.ReadFile(filepath.Join(example, name))
		if err != nil {
			t.Fatal(err)
		}
		before, err := dossier.Read(name, b, cat)
		if err != nil {
			t.Fatal(err)
		}
		written, err := dossier.Write(before.Declaration, cat, "../declaration.schema.json")
		if err != nil {
			t.Fatal(err)
		}
		after, err := dossier.Read(name, written, cat)
		if err != nil {
			t.Fatalf("%s: what was written is not read back: %v\n%s", name, err, written)
		}
		// Facts that were left out are written as unknown, which means the same.
		for id, v := range after.Declaration.Facts {
			if _, ok := before.Declaration.Facts[id]; !ok && v.Truth == iotmark.Unknown && v.Set == nil {
				delete(after.Declaration.Facts, id)
			}
		}
		if diff := cmp.Diff(before.Declaration, after.Declaration, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", name, diff)
		}
		again, err := dossier.Write(before.Declaration, cat, "../declaration.schema.json")
		if err != nil || string(again) != string(written) {
			t.Errorf("%s: written twice, and not the same bytes", name)
		}
	}
}

// TestWriteForInit holds a first declaration against a golden file: it is
// what a maker sees first.
func TestWriteForInit(t *testing.T) {
	t.Parallel()
	cat := load(t)
	d := &iotmark.Declaration{
		Edition: "2026.1",
		Product: iotmark.Product{Name: "Lumo: Night Light", Model: "1.0", Kind: "lamp", FirstSale: "2026-05-04", Markets: []string{"GB", "NO"}},
		Maker:   iotmark.Maker{Name: "Lumo Lights Ltd", Address: "1 Example Street, Bristol BS1 0XX, United Kingdom", Country: "GB", Email: "hello@lumo.example"},
		Facts: map[iotmark.FactID]iotmark.FactValue{
			"connects_by": {Set: []string{"bluetooth"}}, "has_cloud": {Truth: iotmark.False}, "updatable": {Truth: iotmark.True},
		},
		Support:  iotmark.Support{UpdatesUntil: "2031-05-31"},
		Software: []iotmark.Software{{Part: iotmark.Device, Version: "1.10", SBOM: "sbom"}},
		Claims: map[iotmark.CriterionID]iotmark.Claim{
			"provenance.software-components":    {Answer: iotmark.AnswerMet, Evidence: []iotmark.EvidenceID{"sbom"}},
			"device-security.disclosure-policy": {Answer: iotmark.AnswerUnknown},
			"lifecycle.repair-guide":            {Answer: iotmark.AnswerPartly, Note: "The guide is being written: half of it is there."},
		},
		Evidence: []iotmark.Evidence{{ID: "sbom", Kind: iotmark.KindSBOM, Title: "Components of 1.10", Path: "evidence/sbom.json", SHA256: iotmark.Digest(strings.Repeat("0", 64))}},
	}
	got, err := dossier.Write(d, cat, "")
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "init.yaml")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error("testdata/init.yaml: got (-want +got)\n" + diff)
	}
	read, err := dossier.Read("iotmark.yaml", got, cat)
	if err != nil {
		t.Fatal(err)
	}
	if v := read.Declaration.Software[0].Version; v != "1.10" {
		t.Errorf("the version 1.10 came back as %q", v)
	}
}

// TestWriteTellsWhatIsMissing: an empty draft is written with its required
// fields empty, and reading it says what to fill in.
func TestWriteTellsWhatIsMissing(t *testing.T) {
	t.Parallel()
	cat := load(t)
	b, err := dossier.Write(&iotmark.Declaration{Edition: cat.Edition}, cat, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = dossier.Read("iotmark.yaml", b, cat)
	es := errorsOf(t, err)
	var fields []string
	for _, e := range es {
		fields = append(fields, e.Field)
	}
	want := []string{"product.name", "product.model", "product.kind", "product.first_sale", "maker.name", "maker.address", "maker.country", "maker.email"}
	for _, f := range want {
		if !strings.Contains(strings.Join(fields, " "), f) {
			t.Errorf("nothing is told about %s; told is\n%v", f, es)
		}
	}
}

// TestWrittenTextIsText: what trips readers of YAML 1.1 stands in quotes.
// yaml.v3 resolves much as they do, so it is asked.
func TestWrittenTextIsText(t *testing.T) {
	t.Parallel()
	cat := load(t)
	for _, s := range []string{
		"NO", "no", "Yes", "on", "off", "y", "N", "true", "null", "~", "1.0", "1.10", "3.2.0", "010", "0x1F", "0b1", "1e3", "1_000", "12:30", ".5", "-1", "+44 113", ".inf", ".NaN",
		"a: b", "a #b", "- a", "? a", "# a", "@a", "`a`", "%a", "&a", "*a", "!a", "|", ">", "'a'", `"a"`, "[a]", "{a}", "a, b", " a", "a ", "a:", ":a", "=", "<<", "ä ö", "日本", "a\nb", "a\tb", "\u2028", "\u00a0a", "2026-01-01T00:00:00Z", "123 main", "https://x.example/a#b", `a\b`,
	} {
		d := &iotmark.Declaration{Edition: cat.Edition, Product: iotmark.Product{Name: s, Hardware: []string{s}, FirstSaleIn: map[string]iotmark.Date{"NO": "2026-01-01"}}}
		b, err := dossier.Write(d, cat, "")
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Product struct {
				Name     any
				Hardware []any
				In       map[string]any `yaml:"first_sale_in"`
			}
		}
		if err := yaml.Unmarshal(b, &got); err != nil {
			t.Errorf("%q: %v\n%s", s, err, b)
			continue
		}
		if got.Product.Name != s || len(got.Product.Hardware) != 1 || got.Product.Hardware[0] != s || got.Product.In["NO"] == nil {
			t.Errorf("%q came back as %q in\n%s", s, got.Product.Name, b[:400])
		}
	}
}
