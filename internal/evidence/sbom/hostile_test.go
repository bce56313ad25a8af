package sbom_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

func cdxJSON(rest string) string { return `{"bomFormat":"CycloneDX","specVersion":"1.6",` + rest + `}` }

func cdxXML(rest string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<bom xmlns="http://cyclonedx.org/schema/bom/1.6">` + rest + `</bom>`
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		id       iotmark.ErrorID
		says     string // a part of the message
	}{
		{"empty", "", "malformed", "nothing in it"},
		{"white space", " \n\t", "malformed", "nothing in it"},
		{"prose", "SBOM: see our web site", "malformed", "neither JSON nor XML"},
		{"truncated", cdxJSON(`"components":[{"name":"a"}`)[:60], "malformed", "cut off"},
		{"truncated in a text", `{"bomFormat":"Cyc`, "malformed", "cut off"},
		{"truncated after a backslash", `{"bomFormat":"Cyc\`, "malformed", "cut off"},
		{"two values", `{"bomFormat":"CycloneDX","specVersion":"1.6"} {}`, "malformed", "end of the file"},
		{"trailing comma", cdxJSON(`"components":[{"name":"a",}]`), "malformed", "line 1"},
		{"trailing comma in a list", cdxJSON(`"components":[{"name":"a"},]`), "malformed", "line 1"},
		{"missing comma", cdxJSON(`"components":[{"name":"a"} {"name":"b"}]`), "malformed", "line 1"},
		{"name twice", cdxJSON("\n" + `"components":[{"version":"1","name":"openssl","version":"3"}]`), "malformed", `line 2: the name "version" comes twice`},
		{"name twice by escape", cdxJSON(`"components":[{"name":"a","\u006eame":"b"}]`), "malformed", "comes twice"},
		{"name twice deep in what is skipped", cdxJSON(`"x":{"y":[{"a":1,"a":2}]}`), "malformed", "comes twice"},
		{"lists twice", cdxJSON(`"components":[],"components":[{"name":"a"}]`), "malformed", "comes twice"},
		{"number for a version", cdxJSON(`"components":[{"name":"a","version":3.0}]`), "malformed", "version must be text in quotes"},
		{"text for a list", cdxJSON(`"components":"none"`), "malformed", "components must be a list"},
		{"text for an object", cdxJSON(`"components":["openssl"]`), "malformed", "a component must be an object"},
		{"wrong literal", cdxJSON(`"x":nul`), "malformed", "line 1"},
		{"wrong number", cdxJSON(`"x":01`), "malformed", "line 1"},
		{"wrong escape", cdxJSON(`"x":"\q"`), "malformed", "escape"},
		{"short escape", cdxJSON(`"x":"\u12"`), "malformed", "hexadecimal"},
		{"control character", cdxJSON("\"x\":\"a\x01\""), "malformed", "control character"},
		{"NUL bytes", "{\x00}", "malformed", "line 1"},
		{"not UTF-8", cdxJSON("\n\"x\":\"\xff\""), "malformed", "line 2: the bytes are not UTF-8"},
		{"half of a pair as bytes", cdxJSON("\"x\":\"\xed\xa0\x80\""), "malformed", "not UTF-8"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "sbom-encoding", "save it as UTF-8"},
		{"no format", `{"components":[]}`, "malformed", "neither bomFormat nor spdxVersion"},
		{"another bomFormat", `{"bomFormat":"Mine","specVersion":"1.6"}`, "malformed", `bomFormat is "Mine"`},
		{"both formats", `{"bomFormat":"CycloneDX","specVersion":"1.6","spdxVersion":"SPDX-2.3"}`, "malformed", "both"},
		{"parts of both", cdxJSON(`"components":[],"packages":[{"name":"hidden"}]`), "malformed", "both"},
		{"CycloneDX of the future", `{"bomFormat":"CycloneDX","specVersion":"2.0"}`, "sbom-version", "CycloneDX 2.0 is not read"},
		{"CycloneDX without version", `{"bomFormat":"CycloneDX"}`, "sbom-version", "without a version"},
		{"CycloneDX 1.1 in XML", `<bom xmlns="http://cyclonedx.org/schema/bom/1.1"/>`, "sbom-version", "CycloneDX 1.1"},
		{"SPDX 2.1", `{"spdxVersion":"SPDX-2.1"}`, "sbom-version", "SPDX 2.1 is not read"},
		{"SPDX 3", `{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}`, "sbom-spdx-3", "export the same list as SPDX 2.3"},
		{"SPDX 3 with several contexts", `{"@graph":[],"@context":[{},"https://spdx.org/rdf/3.0.0/spdx-context.jsonld"]}`, "sbom-spdx-3", "SPDX 3"},
		{"SPDX 3 by its version", "SPDXVersion: SPDX-3.0\n", "sbom-spdx-3", "SPDX 3"},
		{"SPDX in RDF", `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:spdx="http://spdx.org/rdf/terms#"/>`, "sbom-form", "SPDX in RDF or XML is not read"},
		{"SPDX in YAML", "---\nspdxVersion: \"SPDX-2.3\"\npackages: []\n", "sbom-form", "SPDX in YAML is not read"},
		{"tag-value without tag", "SPDXVersion: SPDX-2.3\nPackageName\n", "malformed", "line 2"},
		{"tag-value text not closed", "SPDXVersion: SPDX-2.3\nPackageName: a\nPackageCopyrightText: <text>never\n", "malformed", "line 3: <text> is not closed"},
		{"tag-value twice", "SPDXVersion: SPDX-2.3\nPackageName: a\nPackageVersion: 1\nPackageVersion: 2\n", "malformed", "line 4: PackageVersion comes twice"},
		{"tag-value relation of two words", "SPDXVersion: SPDX-2.3\nRelationship: SPDXRef-a CONTAINS\n", "malformed", "three words"},
		{"another root", `<html xmlns="http://cyclonedx.org/schema/bom/1.6"/>`, "malformed", "not <bom>"},
		{"no namespace", `<bom><components/></bom>`, "malformed", "not <bom> of CycloneDX"},
		{"XML cut off", cdxXML(`<components><component>`)[:100], "malformed", "line 2"},
		{"XML never closed", `<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components>`, "malformed", "line 1"},
		{"XML tags crossed", cdxXML(`<components></metadata>`), "malformed", "line 2"},
		{"XML element twice", cdxXML(`<components><component><name>a</name><version>1</version><version>2</version></component></components>`), "malformed", "<version> comes twice"},
		{"XML attribute twice", cdxXML(`<components><component type="library" type="device"/></components>`), "malformed", "attribute \"type\" comes twice"},
		{"XML second root", cdxXML(``) + `<bom/>`, "malformed", "second root"},
		{"XML text after", cdxXML(``) + `x`, "malformed", "follows"},
		{"XML in Latin 1", `<?xml version="1.0" encoding="ISO-8859-1"?><bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>`, "sbom-encoding", `"ISO-8859-1"`},
		{"XML in an encoding without a name", `<?xml version="1.0" encoding=""?><bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>`, "sbom-encoding", `""`},
		{"XML document type", `<?xml version="1.0"?>` + "\n" + `<!DOCTYPE bom [<!ENTITY a "b">]><bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>`, "xml-dtd", "line 2"},
		{"XML entity from a file", `<!DOCTYPE bom [<!ENTITY a SYSTEM "file:///etc/passwd">]><bom xmlns="http://cyclonedx.org/schema/bom/1.6"><serial>&a;</serial></bom>`, "xml-dtd", "document type"},
		{"XML entity without document type", cdxXML(`<components><component><name>&lol;</name></component></components>`), "malformed", "line 2"},
		{"XML tag too long", `<bom xmlns="http://cyclonedx.org/schema/bom/1.6" a="` + strings.Repeat("x", 70_000) + `"/>`, "malformed", "longer than 65536"},
		{"XML many attributes", cdxXML(`<components ` + strings.Repeat(`a="" `, 65) + `/>`), "malformed", "more than 64 attributes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, err := tryRead("file", []byte(tt.in), evidence.DefaultLimits())
			if err == nil {
				t.Fatalf("it was read: %+v", f)
			}
			if got := errorID(err); got != tt.id {
				t.Errorf("got id %s, want %s: %v", got, tt.id, err)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %q, want it to say %q", err, tt.says)
			}
		})
	}
}

// TestAccepted holds what honest tools write and a strict reader might refuse.
func TestAccepted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		want     []string // name@version of the components
	}{
		{"nothing listed", cdxJSON(`"version":1`), nil},
		{"null in many places", cdxJSON(`"components":[{"name":"a","version":null,"licenses":null,"supplier":null,"hashes":null}],"metadata":{"component":null,"tools":null},"dependencies":null`), []string{"a@"}},
		{"huge number", cdxJSON(`"version":1e999999999999,"x":-0.0,"components":[{"name":"a"}]`), []string{"a@"}},
		{"escapes", cdxJSON(`"components":[{"name":"\ud83d\ude00\u00e9\n\"\\\/","version":"\ud800"}]`), []string{"\U0001f600\u00e9\n\"\\/@\ufffd"}},
		{"names in another case are other names", cdxJSON(`"Components":[{"name":"x"}],"components":[{"Name":"y","name":"a"}]`), []string{"a@"}},
		{"components before the format", `{"components":[{"name":"a","version":"1"}],"specVersion":"1.2","bomFormat":"CycloneDX"}`, []string{"a@1"}},
		{"name after nested components", cdxJSON(`"components":[{"components":[{"name":"b"}],"name":"a"}]`), []string{"a@", "b@"}},
		{"XML with comments, CDATA and extensions", cdxXML(`<!-- <!DOCTYPE x> --><x:note xmlns:x="urn:x"><name>n</name></x:note><components><component type="library"><name><![CDATA[<!ENTITY]]></name><version>1&amp;2</version></component></components>`), []string{"<!ENTITY@1&2"}},
		{"XML with a prefix", `<c:bom xmlns:c="http://cyclonedx.org/schema/bom/1.2"><c:components><c:component type="library"><c:name>a</c:name></c:component></c:components></c:bom>`, []string{"a@"}},
		{"XML tag with > in a value", cdxXML(`<components><component bom-ref="a>b" type="library"><name>a</name></component></components>`), []string{"a@"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range read(t, tt.name, []byte(tt.in)).Components {
				got = append(got, c.Name+"@"+c.Version)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("got (-want +got):\n%s", d)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	lim := func(f func(*evidence.Limits)) evidence.Limits {
		l := evidence.DefaultLimits()
		f(&l)
		return l
	}
	nest := func(n int) string {
		return cdxJSON(strings.Repeat(`"components":[{`, n) + `"name":"a"` + strings.Repeat("}]", n))
	}
	many := func(n int) string {
		return cdxJSON(`"components":[` + strings.Repeat(`{"name":"a"},`, n-1) + `{"name":"a"}]`)
	}
	for _, tt := range []struct {
		name, in string
		lim      evidence.Limits
		id       iotmark.ErrorID
	}{
		{"bytes at the limit", many(3), lim(func(l *evidence.Limits) { l.Bytes = int64(len(many(3))) }), ""},
		{"bytes over the limit", many(3), lim(func(l *evidence.Limits) { l.Bytes = int64(len(many(3))) - 1 }), "too-large"},
		{"components at the limit", many(10), lim(func(l *evidence.Limits) { l.Entries = 10 }), ""},
		{"components over the limit", many(11), lim(func(l *evidence.Limits) { l.Entries = 10 }), "too-many"},
		{"the reader's own limit of components", many(50_001), evidence.DefaultLimits(), "too-many"},
		{"depth at the limit", nest(31), evidence.DefaultLimits(), ""},
		{"depth over the limit", nest(32), evidence.DefaultLimits(), "too-deep"},
		{"depth of XML", cdxXML(strings.Repeat("<components><component>", 32) + strings.Repeat("</component></components>", 32)), evidence.DefaultLimits(), "too-deep"},
		{"entries beside components", cdxJSON(`"components":[{"properties":[` + strings.Repeat(`{"name":"a","value":"b"},`, 60) + `{}]}]`), lim(func(l *evidence.Limits) { l.Entries = 10 }), "too-many"},
		{"names in one object", cdxJSON(`"x":{` + manyNames(10_001) + `}`), evidence.DefaultLimits(), "too-many"},
		{"packages of tag-value", "SPDXVersion: SPDX-2.3\n" + strings.Repeat("PackageName: a\n", 11), lim(func(l *evidence.Limits) { l.Entries = 10 }), "too-many"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tryRead("file", []byte(tt.in), tt.lim)
			if got := errorID(err); got != tt.id {
				t.Errorf("got %q (%v), want %q", got, err, tt.id)
			}
		})
	}
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"k`)
		b.WriteString(strings.Repeat("x", i%7))
		raw, _ := json.Marshal(i)
		b.Write(raw)
		b.WriteString(`":0`)
	}
	return b.String()
}

func TestStopsWhenAsked(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, in := range map[string]string{
		"json":      cdxJSON(`"x":[` + strings.Repeat("0,", 10_000) + `0]`),
		"xml":       cdxXML(strings.Repeat("<x/>", 1) + "<y>" + strings.Repeat("<z/>", 10_000) + "</y>"),
		"tag-value": "SPDXVersion: SPDX-2.3\n" + strings.Repeat("PackageName: a\n", 10_000),
	} {
		_, err := sbom.Reader.Read(ctx, evidence.NewSource(name, []byte(in)), evidence.DefaultLimits())
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestLongTextsAreCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\u00e4", 5000)
	for name, in := range map[string]string{
		"json":      cdxJSON(`"components":[{"name":"` + long + `"}]`),
		"xml":       cdxXML(`<components><component><name>` + long + `</name></component></components>`),
		"tag-value": "SPDXVersion: SPDX-2.3\nPackageName: " + long + "\n",
	} {
		f := read(t, name, []byte(in))
		got := f.Components[0].Name
		if !f.Cut || len(got) > 1024 || len(got) < 1000 || !utf8.ValidString(got) {
			t.Errorf("%s: cut %v, %d bytes", name, f.Cut, len(got))
		}
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file, head string
		want       bool
	}{
		{"x", cdxJSON(`"version":1`), true},
		{"x", "\xef\xbb\xbf" + cdxJSON(`"version":1`), true},
		{"x", "\xff\xfe{\x00\"\x00b\x00o\x00m\x00F\x00o\x00r\x00m\x00a\x00t\x00\"\x00", true},
		{"x", `{"SPDXID":"SPDXRef-DOCUMENT"`, true},
		{"x", `{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"`, true},
		{"x", cdxXML(""), true},
		{"x", "# made by hand\nSPDXVersion: SPDX-2.3\n", true},
		{"x", "spdxVersion: SPDX-2.3\n", true},
		{"device.cdx.json", `{"components":[`, true},
		{"device.cdx.json", `PK`, false},
		{"x", `{"openapi":"3.1.0","components":{}}`, false},
		{"x", `<html>`, false},
		{"x", "", false},
		{"hbom.csv", "part,maker\n", false},
	} {
		if got := sbom.Reader.Sniff(tt.file, []byte(tt.head)); got != tt.want {
			t.Errorf("Sniff(%q, %q) = %v", tt.file, tt.head, got)
		}
	}
}

// seeds adds every form, small and whole.
func seeds(f *testing.F) {
	f.Add([]byte(everything))
	f.Add([]byte(cdxJSON(`"components":[{"name":"\ud83d\ude00","licenses":[{"license":{"id":"MIT"}}]}]`)))
	f.Add([]byte(cdxXML(`<metadata><tools><tool><name>t</name></tool></tools></metadata><components><component type="library" bom-ref="a"><name>a</name><licenses><license><id>MIT</id></license></licenses></component></components><dependencies><dependency ref="a"><dependency ref="b"/></dependency></dependencies>`)))
	f.Add([]byte("SPDXVersion: SPDX-2.3\nPackageName: a\nSPDXID: SPDXRef-a\nPackageChecksum: SHA256: aa\nPackageCopyrightText: <text>x\ny</text>\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-a\n"))
	f.Add([]byte(`{"spdxVersion":"SPDX-2.3","packages":[{"SPDXID":"SPDXRef-a","name":"a"}],"relationships":[{"spdxElementId":"SPDXRef-a","relationshipType":"CONTAINS","relatedSpdxElement":"NOASSERTION"}]}`))
	f.Add([]byte(`<!DOCTYPE bom [<!ENTITY a "b">]>`))
	f.Add([]byte(`{"@context":["https://spdx.org/rdf/3.0.1/x"]}`))
}

// FuzzRead reads anything: no panic, facts or an error with an id, facts that
// survive JSON, and agreement with encoding/json on what JSON is.
func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, err := tryRead("x", b, evidence.Limits{Bytes: 1 << 20, Depth: 64, Entries: 1000})
		if err != nil {
			if _, ok := errors.AsType[*iotmark.Error](err); !ok {
				t.Fatalf("an error without an id: %v", err)
			}
			return
		}
		if facts.Encoding == "json" && !json.Valid(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))) {
			t.Fatal("read as JSON, which encoding/json says it is not")
		}
		raw, err := json.Marshal(facts)
		if err != nil {
			t.Fatal(err)
		}
		back := sbom.Reader.New()
		if err := json.Unmarshal(raw, back); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(any(facts), back); d != "" {
			t.Fatalf("facts changed on the way through JSON:\n%s", d)
		}
		again, err := tryRead("x", b, evidence.Limits{Bytes: 1 << 20, Depth: 64, Entries: 1000})
		if err != nil || cmp.Diff(facts, again) != "" {
			t.Fatal("two readings differ")
		}
	})
}

// FuzzJSON holds the parser against encoding/json: within a skipped field it
// must accept exactly what is JSON, names that come twice left out.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`1`, `-0.5e+3`, `"\u12aB\n"`, `[[],{}]`, `{"a":{"b":null}}`, `[1,]`, `01`, `"\x"`, `tru`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		doc := cdxJSON(`"x":` + s)
		_, err := tryRead("x", []byte(doc), evidence.Limits{Bytes: 1 << 20, Depth: 64, Entries: 1000})
		if ok := json.Valid([]byte(doc)) && utf8.ValidString(doc); (err == nil) != ok {
			if err != nil && (strings.Contains(err.Error(), "comes twice") || errorID(err) == "too-deep" || errorID(err) == "too-many") {
				return
			}
			// s may close the object and write names that are read.
			if ok && errorID(err) != "malformed" {
				return
			}
			if ok && (strings.Contains(err.Error(), "must be") || strings.Contains(err.Error(), "both")) {
				return
			}
			t.Fatalf("encoding/json says %v, reader says %v", ok, err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	in, err := os.ReadFile(filepath.Join(samples.Path(b, "sbom"), "proton-bridge-v1.8.0.bom.json"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tryRead("x", in, evidence.DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLibrary is the same file through cyclonedx-go, to compare with.
func BenchmarkLibrary(b *testing.B) {
	in := samples.Read(b, "sbom/proton-bridge-v1.8.0.bom.json")
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := libraryCDX(in, false); err != nil {
			b.Fatal(err)
		}
	}
}
