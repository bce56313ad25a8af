package sbom_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx"
	spdxcommon "github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/tagvalue"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
)

// The one list that is written in every format, and what must be read out of
// each of them.

type part struct{ Name, Version, Supplier, PURL, CPE, Licence, SHA256 string }

var (
	product = part{Name: "lamp", Version: "2.1.0", Supplier: "Example Lamps"}
	// In the order of their names: tools-golang sorts when it writes tag-value.
	parts = []part{
		{"busybox", "1.35.0", "BusyBox", "pkg:generic/busybox@1.35.0", "", "GPL-2.0-only", strings.Repeat("cd", 32)},
		{"zephyr", "4.2.1", "Zephyr Project", "pkg:github/zephyrproject-rtos/zephyr@v4.2.1", "cpe:2.3:o:zephyrproject:zephyr:4.2.1:*:*:*:*:*:*:*", "Apache-2.0", strings.Repeat("ab", 32)},
		{"z\u00fcrich & <co>", "1", "Z\u00fcrich", "", "", "MIT OR Apache-2.0", strings.Repeat("ef", 32)},
	}
)

const created = "2026-10-02T09:00:00Z"

// truth is what a reader must find, format left out.
type truth struct {
	Created   iotmark.Date
	Authors   []string
	Tools     []string
	Subject   part
	Parts     []part
	Related   []bool
	Relations int
}

var want = truth{
	Created: "2026-10-02", Authors: []string{"Example Lamps"}, Tools: []string{"maker-tool 3"},
	Subject: product, Parts: parts, Related: []bool{true, true, false}, Relations: 2,
}

func truthOf(f *sbom.Facts) truth {
	one := func(c sbom.Component) part {
		p := part{Name: c.Name, Version: c.Version, Supplier: c.Supplier, PURL: c.PURL, CPE: c.CPE, SHA256: c.Hashes["SHA-256"]}
		for _, l := range c.Licences {
			p.Licence += l.ID + l.Expression
		}
		return p
	}
	got := truth{Created: f.ContentDate(), Authors: f.Authors, Tools: f.Tools, Relations: f.Relations}
	if f.Subject != nil {
		got.Subject = one(*f.Subject)
	}
	for _, c := range f.Components {
		got.Parts = append(got.Parts, one(c))
		got.Related = append(got.Related, c.Related)
	}
	return got
}

func cycloneDX(t *testing.T, v cdx.SpecVersion, format cdx.BOMFileFormat) []byte {
	t.Helper()
	component := func(p part) cdx.Component {
		c := cdx.Component{BOMRef: p.Name, Type: cdx.ComponentTypeLibrary, Name: p.Name, Version: p.Version, PackageURL: p.PURL, CPE: p.CPE,
			Supplier: &cdx.OrganizationalEntity{Name: p.Supplier}}
		switch {
		case strings.Contains(p.Licence, " "):
			c.Licenses = &cdx.Licenses{{Expression: p.Licence}}
		case p.Licence != "":
			c.Licenses = &cdx.Licenses{{License: &cdx.License{ID: p.Licence}}}
		}
		if p.SHA256 != "" {
			c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: p.SHA256}}
		}
		return c
	}
	bom := cdx.NewBOM()
	subject := component(product)
	bom.Metadata = &cdx.Metadata{
		Timestamp: created, Component: &subject,
		Authors: &[]cdx.OrganizationalContact{{Name: "Example Lamps"}},
		Tools:   &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: "maker-tool", Version: "3"}}},
	}
	if v < cdx.SpecVersion1_5 {
		//lint:ignore SA1019 tools were written this way until 1.4, and are read
		bom.Metadata.Tools = &cdx.ToolsChoice{Tools: &[]cdx.Tool{{Vendor: "V", Name: "maker-tool", Version: "3"}}}
	}
	var cs []cdx.Component
	for _, p := range parts {
		cs = append(cs, component(p))
	}
	bom.Components = &cs
	bom.Dependencies = &[]cdx.Dependency{{Ref: "lamp", Dependencies: &[]string{"zephyr", "busybox"}}}
	var b bytes.Buffer
	if err := cdx.NewBOMEncoder(&b, format).SetPretty(true).EncodeVersion(bom, v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func spdxDocument() *spdx.Document {
	id := func(p part) spdxcommon.ElementID {
		return spdxcommon.ElementID("P-" + strings.Map(func(r rune) rune {
			if r < 'a' || r > 'z' {
				return -1
			}
			return r
		}, p.Name))
	}
	doc := &spdx.Document{
		SPDXVersion: spdx.Version, DataLicense: spdx.DataLicense, SPDXIdentifier: "DOCUMENT", DocumentName: "lamp", DocumentNamespace: "https://example.org/lamp",
		CreationInfo: &spdx.CreationInfo{Created: created, Creators: []spdxcommon.Creator{{CreatorType: "Organization", Creator: "Example Lamps"}, {CreatorType: "Tool", Creator: "maker-tool 3"}}},
	}
	for _, p := range append([]part{product}, parts...) {
		k := &spdx.Package{PackageName: p.Name, PackageSPDXIdentifier: id(p), PackageVersion: p.Version, PackageDownloadLocation: "NOASSERTION",
			PackageSupplier:         &spdxcommon.Supplier{SupplierType: "Organization", Supplier: p.Supplier},
			PackageLicenseConcluded: "NOASSERTION", PackageLicenseDeclared: p.Licence, PackageCopyrightText: "NOASSERTION"}
		if p.Licence == "" {
			k.PackageLicenseConcluded = ""
		}
		if p.PURL != "" {
			k.PackageExternalReferences = append(k.PackageExternalReferences, &spdx.PackageExternalReference{Category: "PACKAGE-MANAGER", RefType: "purl", Locator: p.PURL})
		}
		if p.CPE != "" {
			k.PackageExternalReferences = append(k.PackageExternalReferences, &spdx.PackageExternalReference{Category: "SECURITY", RefType: "cpe23Type", Locator: p.CPE})
		}
		if p.SHA256 != "" {
			k.PackageChecksums = []spdxcommon.Checksum{{Algorithm: spdxcommon.SHA256, Value: p.SHA256}}
		}
		doc.Packages = append(doc.Packages, k)
	}
	rel := func(a spdxcommon.ElementID, kind string, b spdxcommon.ElementID) {
		doc.Relationships = append(doc.Relationships, &spdx.Relationship{RefA: spdxcommon.MakeDocElementID("", string(a)), RefB: spdxcommon.MakeDocElementID("", string(b)), Relationship: kind})
	}
	rel("DOCUMENT", "DESCRIBES", id(product))
	rel(id(product), "CONTAINS", id(parts[0]))
	rel(id(product), "CONTAINS", id(parts[1]))
	return doc
}

// formats writes the list in every format, by the libraries.
func formats(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for v := cdx.SpecVersion1_2; v <= cdx.SpecVersion1_7; v++ {
		out["cyclonedx json "+v.String()] = cycloneDX(t, v, cdx.BOMFileFormatJSON)
		out["cyclonedx xml "+v.String()] = cycloneDX(t, v, cdx.BOMFileFormatXML)
	}
	var j, tv bytes.Buffer
	if err := spdxjson.Write(spdxDocument(), &j); err != nil {
		t.Fatal(err)
	}
	if err := tagvalue.Write(spdxDocument(), &tv); err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"2.2", "2.3"} {
		out["spdx json "+v] = bytes.Replace(j.Bytes(), []byte("SPDX-2.3"), []byte("SPDX-"+v), 1)
		out["spdx tag-value "+v] = bytes.Replace(tv.Bytes(), []byte("SPDX-2.3"), []byte("SPDX-"+v), 1)
	}
	return out
}

// TestFormatsAgree reads one list in each of sixteen forms.
func TestFormatsAgree(t *testing.T) {
	t.Parallel()
	all := formats(t)
	if len(all) != 16 {
		t.Errorf("%d forms", len(all))
	}
	for name, b := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !sbom.Reader.Sniff("file", b[:min(len(b), 4096)]) {
				t.Error("it was not recognised")
			}
			f := read(t, name, b)
			if d := cmp.Diff(want, truthOf(f)); d != "" {
				t.Errorf("got (-want +got):\n%s", d)
			}
			if got := strings.Join([]string{f.Format, f.Encoding, f.SpecVersion}, " "); got != name {
				t.Errorf("got %s", got)
			}
			for _, c := range f.Components {
				if c.Line == 0 {
					t.Errorf("%s has no line", c.Name)
				}
			}
			// The same with CRLF and with a byte order mark.
			crlf := append([]byte("\xef\xbb\xbf"), bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))...)
			if d := cmp.Diff(want, truthOf(read(t, name, crlf))); d != "" {
				t.Errorf("with CRLF, got (-want +got):\n%s", d)
			}
		})
	}
}

// TestFactsSurviveJSON marshals facts and reads them back.
func TestFactsSurviveJSON(t *testing.T) {
	t.Parallel()
	all := formats(t)
	all["everything"] = []byte(everything)
	for name, b := range all {
		f := read(t, name, b)
		raw, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		back := sbom.Reader.New()
		if err := json.Unmarshal(raw, back); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(any(f), back); d != "" {
			t.Errorf("%s: got (-want +got):\n%s", name, d)
		}
	}
}

// everything holds each field that is taken, at least once.
const everything = `{
  "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "serialNumber": "urn:uuid:1",
  "metadata": {
    "timestamp": "2026-10-02T23:30:00-02:00",
    "tools": {"components": [{"name": "t", "version": "1"}], "services": [{"name": "s"}]},
    "authors": [{"email": "a@example.org"}], "manufacturer": {"name": "M"}, "supplier": {"name": "S"},
    "component": {"bom-ref": "p", "type": "firmware", "name": "p", "version": "1", "components": [{"name": "inner"}]}
  },
  "components": [
    {"bom-ref": "a", "type": "library", "group": "g", "name": "a", "version": "1", "publisher": "Pub", "copyright": "(c)",
     "swid": {"tagId": "swid-1"},
     "licenses": [{"license": {"id": "MIT", "acknowledgement": "declared", "url": "https://example.org"}}, {"expression": "ISC", "acknowledgement": "concluded"}],
     "properties": [{"name": "k", "value": "1"}, {"name": "k", "value": "2"}],
     "components": [{"name": "b", "components": [{"name": "c", "authors": [{"name": "Au"}]}]}]},
    {"bom-ref": "d", "type": "device", "name": "d", "manufacturer": {"name": "Man"}, "swhid": ["swh:1"]}
  ],
  "dependencies": [{"ref": "a", "dependsOn": ["p"], "provides": ["x"]}, {"ref": "d"}],
  "compositions": [{"aggregate": "complete"}, {"aggregate": "incomplete_first_party_only"}],
  "vulnerabilities": [{"id": "CVE-2026-1", "analysis": {"state": "not_affected", "detail": "unused"}, "affects": [{"ref": "a"}]}]
}`

func TestEverything(t *testing.T) {
	t.Parallel()
	want := &sbom.Facts{
		Format: "cyclonedx", Encoding: "json", SpecVersion: "1.6", Serial: "urn:uuid:1", Created: "2026-10-03",
		Authors: []string{"a@example.org", "M"}, Tools: []string{"t 1", "s"}, Supplier: "S",
		Subject: &sbom.Component{Ref: "p", Type: "firmware", Name: "p", Version: "1", Related: true, Line: 7},
		Components: []sbom.Component{
			{Name: "inner", Nested: true, Related: true, Line: 7},
			{Ref: "a", Type: "library", Group: "g", Name: "a", Version: "1", Supplier: "Pub", Copyright: "(c)", SWID: "swid-1",
				Licences: []sbom.Licence{{Expression: "ISC"}}, Properties: map[string]string{"k": "1, 2"}, Related: true, Line: 10},
			{Name: "b", Nested: true, Related: true, Line: 14},
			{Name: "c", Supplier: "Au", Nested: true, Related: true, Line: 14},
			{Ref: "d", Type: "device", Name: "d", Supplier: "Man", SWID: "swh:1", Related: true, Line: 15},
		},
		Relations: 2, Completeness: sbom.Incomplete, Hardware: true,
		Vulnerabilities: []sbom.Vulnerability{{ID: "CVE-2026-1", State: "not_affected", Detail: "unused", Affects: []string{"a"}}},
	}
	if d := cmp.Diff(want, read(t, "everything", []byte(everything))); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
}

// TestSPDXWords reads what SPDX has words for: nothing known, none, several
// described packages, licences of the list's own.
func TestSPDXWords(t *testing.T) {
	t.Parallel()
	const tv = `SPDXVersion: SPDX-2.3
Creator: Person: Ann (ann@example.org)
Created: 2026-01-02T00:00:00Z
# a comment
PackageName: a
SPDXID: SPDXRef-a
PackageVersion: NOASSERTION
PackageSupplier: NOASSERTION
PackageOriginator: Person: Ole ()
PackageLicenseConcluded: NOASSERTION
PackageLicenseDeclared: NOASSERTION
PackageCopyrightText: <text>Copyright
two lines</text>
PackageName: b
SPDXID: SPDXRef-b
PackageLicenseConcluded: LicenseRef-1
ExternalRef: PERSISTENT-ID gitoid gitoid:blob:sha1:1
FileName: ./x
SPDXID: SPDXRef-x
LicenseID: LicenseRef-1
ExtractedText: <text>words</text>
LicenseName: Maker's own
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-a
Relationship: SPDXRef-b DESCRIBED_BY SPDXRef-DOCUMENT
Relationship: SPDXRef-a DEPENDS_ON NOASSERTION
Relationship: SPDXRef-b DEPENDS_ON NONE
`
	want := &sbom.Facts{
		Format: "spdx", Encoding: "tag-value", SpecVersion: "2.3", Created: "2026-01-02", Authors: []string{"Ann"}, Files: 1,
		Components: []sbom.Component{
			{Ref: "SPDXRef-a", Name: "a", Supplier: "Ole", Copyright: "Copyright\ntwo lines", Licences: []sbom.Licence{{Expression: "NOASSERTION"}}, Line: 5},
			{Ref: "SPDXRef-b", Name: "b", SWID: "gitoid:blob:sha1:1", Licences: []sbom.Licence{{Expression: "LicenseRef-1"}}, Related: true, Line: 14},
		},
		Completeness: sbom.Incomplete, OwnLicences: []sbom.OwnLicence{{ID: "LicenseRef-1", Name: "Maker's own"}},
	}
	if d := cmp.Diff(want, read(t, "tv", []byte(tv))); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
}
