package dossier_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/dossier"
)

var update = flag.Bool("update", false, "write the generated files anew")

const (
	example = "../../testdata/products/example"
	today   = iotmark.Date("2026-11-22")
)

var opt = dossier.Options{AsOf: today}

func load(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// loaded reads the catalogue once: nothing here changes it.
var loaded = sync.OnceValues(catalogue.Load)

// told returns everything that is told about a dossier but the warnings: what
// refuses it, or else what is wrong with its evidence.
func told(t testing.TB, path string) iotmark.Errors {
	t.Helper()
	d, err := dossier.Open(path, load(t), opt)
	if err != nil {
		return errorsOf(t, err)
	}
	defer d.Close()
	var out iotmark.Errors
	for _, it := range d.Items {
		if it.Problem != nil {
			out = append(out, it.Problem)
		}
	}
	return out
}

func errorsOf(t testing.TB, err error) iotmark.Errors {
	t.Helper()
	switch e := err.(type) {
	case iotmark.Errors:
		return e
	case *iotmark.Error:
		return iotmark.Errors{e}
	}
	t.Fatalf("an error that is none of ours: %T %v", err, err)
	return nil
}

func TestExampleIsAccepted(t *testing.T) {
	t.Parallel()
	d, err := dossier.Open(example, load(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, w := range d.Warnings {
		t.Error("a warning about the example:", w)
	}
	got := map[iotmark.Standing]int{}
	for _, it := range d.Items {
		got[it.Standing]++
		if it.Standing == iotmark.Held && (it.Actual == "" || it.Size == 0) {
			t.Errorf("%s is held without hash or size", it.ID)
		}
	}
	want := map[iotmark.Standing]int{iotmark.Held: 12, iotmark.Elsewhere: 35, iotmark.Withheld: 13}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("standings: got (-want +got)\n" + diff)
	}
	if d.Declaration.Product.Name != "Hearth Thermostat 2" || d.Name != "iotmark.yaml" || len(d.Digest) != 64 {
		t.Errorf("got %s %s %s", d.Declaration.Product.Name, d.Name, d.Digest)
	}
}

func TestMinimalIsAccepted(t *testing.T) {
	t.Parallel()
	d, err := dossier.Open(filepath.Join(example, "minimal.yaml"), load(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if len(d.Warnings) > 0 || len(d.Items) > 0 || d.Name != "minimal.yaml" {
		t.Error(d.Warnings, d.Items, d.Name)
	}
}

type expected struct {
	File    string `yaml:"file"`
	Code    string `yaml:"code"`
	At      string `yaml:"at"`
	Message string `yaml:"message"`
}

const expectedHead = "# The error that must be told for each broken file, in these words, and no other error. Two of them do not refuse the\n# file but take the evidence out of the count. Written by go test ./internal/dossier -update.\n"

// TestBrokenExamples holds what is told about each broken file against
// expected-errors.yaml: exactly one thing, in exactly these words.
func TestBrokenExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(example, "bad", "*.yaml"))
	if err != nil || len(files) != 12 {
		t.Fatal(files, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%stoday: %q\nfiles:\n", expectedHead, today)
	for _, f := range files {
		es := told(t, f)
		if len(es) != 1 {
			t.Errorf("%s: %d things are told, want one:\n%v", filepath.Base(f), len(es), es)
		}
		for _, e := range es {
			fmt.Fprintf(&b, "- file: %s\n  code: %s\n  at: %q\n  message: >-\n    %s\n", filepath.Base(f), e.ID, e.Field, e.Msg)
			if !strings.HasPrefix(e.Pos, filepath.Base(f)+":") {
				t.Errorf("%s: position %q", filepath.Base(f), e.Pos)
			}
			if e.Kind != iotmark.Invalid {
				t.Errorf("%s: kind %s", filepath.Base(f), e.Kind)
			}
		}
	}
	name := filepath.Join(example, "expected-errors.yaml")
	if *update {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error("expected-errors.yaml is not up to date: got (-want +got)\n" + diff)
	}
	var parsed struct {
		Files []expected `yaml:"files"`
	}
	if err := yaml.Unmarshal(want, &parsed); err != nil || len(parsed.Files) != 12 {
		t.Error(len(parsed.Files), err)
	}
}

// TestBrokenExampleStandings names the two that are findings.
func TestBrokenExampleStandings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file string
		id   iotmark.EvidenceID
		want iotmark.Standing
	}{
		{"02-date-past.yaml", "offline-test", iotmark.Expired},
		{"10-hash-mismatch.yaml", "reset-guide", iotmark.Differs},
	} {
		d, err := dossier.Open(filepath.Join(example, "bad", c.file), load(t), opt)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, it := range d.Items {
			if it.ID == c.id && it.Standing != c.want {
				t.Errorf("%s: %s is %s, want %s", c.file, it.ID, it.Standing, c.want)
			}
		}
		d.Close()
	}
}

func BenchmarkOpenExample(b *testing.B) {
	cat := load(b)
	b.ReportAllocs()
	for b.Loop() {
		d, err := dossier.Open(example, cat, opt)
		if err != nil {
			b.Fatal(err)
		}
		d.Close()
	}
}
