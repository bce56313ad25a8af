package sbom_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx"
	"github.com/spdx/tools-golang/tagvalue"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// read reads bytes with the default limits and fails the test on an error.
func read(t testing.TB, name string, b []byte) *sbom.Facts {
	t.Helper()
	f, err := tryRead(name, b, evidence.DefaultLimits())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

func tryRead(name string, b []byte, lim evidence.Limits) (*sbom.Facts, error) {
	v, err := sbom.Reader.Read(context.Background(), evidence.NewSource(name, b), lim)
	if err != nil {
		return nil, err
	}
	return v.(*sbom.Facts), nil
}

// errorID returns the stable id of an error, and its text when it has none.
func errorID(err error) iotmark.ErrorID {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		return e.ID
	}
	return iotmark.ErrorID(err.Error())
}

var moduleDir = func() func(testing.TB, string) string {
	var mu sync.Mutex
	known := map[string]string{}
	return func(t testing.TB, mod string) string {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if known[mod] == "" {
			out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", mod).Output()
			if err != nil {
				t.Fatalf("go list -m %s: %v", mod, err)
			}
			known[mod] = strings.TrimSpace(string(out))
		}
		return known[mod]
	}
}()

// moduleFiles returns the files of a pinned module that match the patterns.
func moduleFiles(t testing.TB, mod string, patterns ...string) []string {
	t.Helper()
	var out []string
	for _, p := range patterns {
		m, err := filepath.Glob(filepath.Join(moduleDir(t, mod), filepath.FromSlash(p)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m...)
	}
	if len(out) == 0 {
		t.Fatalf("%s holds none of %v", mod, patterns)
	}
	return out
}

const (
	cdxModule  = "github.com/CycloneDX/cyclonedx-go"
	spdxModule = "github.com/spdx/tools-golang"
)

// flat is what two readers can be compared by.
type flat struct{ Ref, Type, Group, Name, Version, PURL, CPE string }

func flatten(f *sbom.Facts) []flat {
	var out []flat
	if s := f.Subject; s != nil {
		out = append(out, flat{s.Ref, s.Type, s.Group, s.Name, s.Version, s.PURL, s.CPE})
	}
	for _, c := range f.Components {
		out = append(out, flat{c.Ref, c.Type, c.Group, c.Name, c.Version, c.PURL, c.CPE})
	}
	return out
}

func libraryCDX(b []byte, xml bool) ([]flat, int, error) {
	format := cdx.BOMFileFormatJSON
	if xml {
		format = cdx.BOMFileFormatXML
	}
	bom := new(cdx.BOM)
	if err := cdx.NewBOMDecoder(strings.NewReader(string(b)), format).Decode(bom); err != nil {
		return nil, 0, err
	}
	var out []flat
	var add func(cs *[]cdx.Component)
	one := func(c cdx.Component) {
		out = append(out, flat{c.BOMRef, string(c.Type), c.Group, c.Name, c.Version, c.PackageURL, c.CPE})
		add(c.Components)
	}
	add = func(cs *[]cdx.Component) {
		if cs == nil {
			return
		}
		for _, c := range *cs {
			one(c)
		}
	}
	if bom.Metadata != nil && bom.Metadata.Component != nil {
		one(*bom.Metadata.Component)
	}
	add(bom.Components)
	edges := 0
	if bom.Dependencies != nil {
		for _, d := range *bom.Dependencies {
			if d.Dependencies != nil {
				edges += len(*d.Dependencies)
			}
		}
	}
	return out, edges, nil
}

// TestCycloneDXAgainstLibrary reads every CycloneDX file that comes with
// cyclonedx-go and compares with what that library makes of it.
func TestCycloneDXAgainstLibrary(t *testing.T) {
	t.Parallel()
	files := moduleFiles(t, cdxModule, "testdata/*.json", "testdata/*.xml", "testdata/snapshots/*.bom.json", "testdata/snapshots/*.bom.xml", "testdata/snapshots/*")
	slices.Sort(files)
	compared := 0
	for _, file := range slices.Compact(files) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		isXML := strings.HasPrefix(strings.TrimSpace(string(b)), "<")
		want, edges, lerr := libraryCDX(b, isXML)
		got, err := tryRead(filepath.Base(file), b, evidence.DefaultLimits())
		if id := errorID(err); id == "sbom-version" {
			continue // CycloneDX 1.0 and 1.1
		}
		if lerr != nil || err != nil {
			t.Errorf("%s: library says %v, reader says %v", filepath.Base(file), lerr, err)
			continue
		}
		compared++
		if d := cmp.Diff(want, flatten(got)); d != "" {
			t.Errorf("%s: (-library +got)\n%s", filepath.Base(file), d)
		}
		if edges > got.Relations {
			t.Errorf("%s: got %d relations, library has %d", filepath.Base(file), got.Relations, edges)
		}
	}
	if compared < 150 {
		t.Errorf("compared only %d files", compared)
	}
	t.Logf("%d files agree", compared)
}

func librarySPDX(file string, b []byte) ([]flat, error) {
	var doc *spdx.Document
	var err error
	if strings.HasSuffix(file, ".json") {
		doc, err = spdxjson.Read(strings.NewReader(string(b)))
	} else {
		doc, err = tagvalue.Read(strings.NewReader(string(b)))
	}
	if err != nil {
		return nil, err
	}
	var out []flat
	for _, p := range doc.Packages {
		f := flat{Ref: "SPDXRef-" + string(p.PackageSPDXIdentifier), Name: p.PackageName, Version: p.PackageVersion,
			Type: strings.ReplaceAll(strings.ToLower(p.PrimaryPackagePurpose), "_", "-")}
		for _, r := range p.PackageExternalReferences {
			switch {
			case r.RefType == "purl" && f.PURL == "":
				f.PURL = r.Locator
			case r.RefType == "cpe23Type":
				f.CPE = r.Locator
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// TestSPDXAgainstLibrary reads the SPDX files that come with tools-golang and
// compares with what that library makes of them.
func TestSPDXAgainstLibrary(t *testing.T) {
	t.Parallel()
	files := moduleFiles(t, spdxModule, "examples/sample-docs/json/*.json", "examples/sample-docs/tv/*.spdx", "json/test_fixtures/*.json")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := flatten(read(t, filepath.Base(file), b))
		want, err := librarySPDX(file, b)
		if err != nil {
			// tools-golang v0.5.7 refuses its own tag-value example of 2.2
			// (SnippetSPDXID); the JSON of the same document is read.
			if filepath.Base(file) != "SPDXTagExample-v2.2.spdx" {
				t.Errorf("%s: library: %v", file, err)
			}
			continue
		}
		byRef := func(a, b flat) int { return strings.Compare(a.Ref, b.Ref) }
		slices.SortStableFunc(want, byRef)
		slices.SortStableFunc(got, byRef)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: (-library +got)\n%s", filepath.Base(file), d)
		}
	}
}

// walk counts the objects within lists named components, in JSON decoded to
// plain maps: a second way that shares no code with the reader.
func walk(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if list, ok := x.([]any); ok && k == "components" {
				n += len(list)
			}
			n += walk(x)
		}
	case []any:
		for _, x := range v {
			n += walk(x)
		}
	}
	return n
}

func TestSamples(t *testing.T) {
	t.Parallel()
	b := samples.Read(t, "sbom/proton-bridge-v1.8.0.bom.json")
	f := read(t, "bom.json", b)
	var generic any
	if err := json.Unmarshal(b, &generic); err != nil {
		t.Fatal(err)
	}
	if want := walk(generic); len(f.Components) != want || want != 201 {
		t.Errorf("got %d components, a plain walk counts %d, SOURCES.md says 201", len(f.Components), want)
	}
	purls, licensed, related := 0, 0, 0
	for _, c := range f.Components {
		if strings.HasPrefix(c.PURL, "pkg:golang/") {
			purls++
		}
		if len(c.Licences) > 0 {
			licensed++
		}
		if c.Related {
			related++
		}
		if c.Line == 0 || !strings.Contains(strings.Split(string(b), "\n")[c.Line-1], "{") {
			t.Errorf("%s: line %d is not where it begins", c.Name, c.Line)
		}
	}
	type summary struct {
		Format, Spec, Subject, Version, Tool string
		Created                              iotmark.Date
		Purls, Licensed, Related, Relations  int
	}
	want := summary{"cyclonedx", "1.2", "github.com/ProtonMail/proton-bridge", "v1.8.0", "cyclonedx-gomod v0.6.1", "2021-05-16", 201, 193, 201, 232}
	got := summary{f.Format, f.SpecVersion, f.Subject.Name, f.Subject.Version, strings.Join(f.Tools, ";"), f.Created, purls, licensed, related, f.Relations}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}

	h := read(t, "hbom.json", samples.Read(t, "sbom/hbom-pcie-sata.cdx.json"))
	if len(h.Components) != 6 || !h.Hardware || h.Components[0].Supplier != "Samtec" || h.Components[0].Properties["cdx:device:function"] != "connector" {
		t.Errorf("hbom: got %+v", h)
	}
	if f.Hardware {
		t.Error("a list of Go modules is told as hardware")
	}
}
