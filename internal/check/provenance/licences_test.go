package provenance_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/provenance"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// licensedList writes a list with one component for each of the licences,
// which stand as JSON.
func licensedList(licences ...string) []byte {
	var cs []string
	for i, l := range licences {
		cs = append(cs, `{"type":"library","name":"c`+string(rune('a'+i))+`","version":"1","purl":"pkg:github/o/c@1","licenses":[`+l+`]}`)
	}
	return []byte(`{"bomFormat":"CycloneDX","specVersion":"1.6","components":[` + strings.Join(cs, ",\n") + `]}`)
}

func id(s string) string         { return `{"license":{"id":"` + s + `"}}` }
func named(s string) string      { return `{"license":{"name":"` + s + `"}}` }
func expression(s string) string { return `{"expression":"` + s + `"}` }

// page is a piece of evidence the claim points to.
func page(kind iotmark.EvidenceKind, standing iotmark.Standing, words string) check.Item {
	it := check.Item{Evidence: iotmark.Evidence{ID: "offer", Kind: kind, Title: "Open-source notices"}, Standing: standing, Claimed: true}
	if words != "" {
		it.Reader, it.Facts = "text", &text.Facts{Format: "plain", Blocks: []text.Block{{Kind: "text", Text: words, Line: 1}}}
	}
	return it
}

func TestLicences(t *testing.T) {
	t.Parallel()
	c := provenance.Licences
	complete(t, c)
	ex, d := example(t)
	const offerWords = "The source code of version 3.2.0 can be downloaded here for three years."
	unclaimed := page(iotmark.KindWebPage, iotmark.Held, offerWords)
	unclaimed.Claimed = false
	var met []iotmark.Finding
	for _, tt := range []struct {
		name  string
		list  []byte
		offer []check.Item
		want  []string
	}{
		{"the example", ex, nil, []string{"passed known"}},
		{"ids in another case", licensedList(id("mit"), expression("apache-2.0 or isc")), nil, []string{"passed known"}},
		{"an expression", licensedList(expression("(MIT OR GPL-2.0-only) AND BSD-3-Clause")), nil, []string{"passed known"}},
		{"an expression in the place of an id", licensedList(id("MIT OR Apache-2.0")), nil, []string{"passed known"}},
		{"a name that is an id", licensedList(named("MIT")), nil, []string{"passed known"}},
		{"bought, and closed", licensedList(named("Commercial licence of Chips Inc")), nil, []string{"passed known"}},
		{"run-time library exception", licensedList(expression("GPL-3.0-or-later WITH GCC-exception-3.1")), nil, []string{"passed known"}},
		{"one of two is not asserted", licensedList(id("MIT") + "," + expression("NOASSERTION")), nil, []string{"passed known"}},

		{"no licence", licensedList(""), nil, []string{"failed missing"}},
		{"not asserted", licensedList(expression("NOASSERTION")), nil, []string{"failed missing"}},
		{"none", licensedList(expression("NONE")), nil, []string{"failed missing"}},
		{"one of forty", many(40, 1, without(`,"licenses":[{"license":{"id":"MIT"}}]`)), nil, []string{"cantTell few-missing"}},
		{"prose for an id", licensedList(id("Apache License 2.0")), nil, []string{"failed invalid"}},
		{"a comma for an operator", licensedList(expression("MIT, BSD-3-Clause")), nil, []string{"failed invalid"}},
		{"a bracket not closed", licensedList(expression("(MIT OR ISC")), nil, []string{"failed invalid"}},
		{"an operator alone", licensedList(expression("MIT AND")), nil, []string{"failed invalid"}},
		{"misspelt", licensedList(id("MTI")), nil, []string{"cantTell unlisted"}},
		{"misspelt within an expression", licensedList(expression("MIT OR Apache2")), nil, []string{"cantTell unlisted"}},
		{"an exception nobody knows", licensedList(expression("GPL-2.0-only WITH My-exception")), []check.Item{page(iotmark.KindSourceRepository, iotmark.Held, "")}, []string{"cantTell unlisted", "passed offered"}},
		{"free text", licensedList(named("GooglePatentClause")), nil, []string{"cantTell free-text"}},
		{"each on its own", licensedList(id("MTI"), named("Own words"), id("a b")), nil, []string{"failed invalid", "cantTell unlisted", "cantTell free-text"}},

		{"GPL and nothing", licensedList(id("GPL-2.0-only")), nil, []string{"passed known", "failed no-offer"}},
		{"LGPL and nothing", licensedList(id("LGPL-3.0")), nil, []string{"passed known", "failed no-offer"}},
		{"MPL and nothing", licensedList(id("MPL-2.0"), id("MIT")), nil, []string{"passed known", "failed no-offer"}},
		{"GPL or later by a plus", licensedList(expression("GPL-2.0+")), nil, []string{"passed known", "failed no-offer"}},
		{"exception that frees only others", licensedList(expression("GPL-2.0-only WITH Classpath-exception-2.0")), nil, []string{"passed known", "failed no-offer"}},
		{"no way around", licensedList(expression("GPL-2.0-only OR LGPL-2.1-only")), nil, []string{"passed known", "failed no-offer"}},
		{"GPL in free text", licensedList(named("GNU General Public License v2")), nil, []string{"cantTell free-text", "failed no-offer"}},
		{"a page nobody claimed", licensedList(id("GPL-2.0-only")), []check.Item{unclaimed}, []string{"passed known", "failed no-offer"}},
		{"a page that is not there", licensedList(id("GPL-2.0-only")), []check.Item{page(iotmark.KindWebPage, iotmark.Missing, "")}, []string{"passed known", "failed no-offer"}},
		{"a page with an offer", licensedList(id("GPL-2.0-only")), []check.Item{page(iotmark.KindWebPage, iotmark.Held, offerWords)}, []string{"passed known", "passed offered"}},
		{"a page with an offer, in German", licensedList(id("GPL-2.0-only")), []check.Item{page(iotmark.KindWebPage, iotmark.Held, "Den Quellcode senden wir auf Anfrage.")}, []string{"passed known", "passed offered"}},
		{"a page about other sources", licensedList(id("GPL-2.0-only")), []check.Item{page(iotmark.KindWebPage, iotmark.Held, "The power source must be grounded.")}, []string{"passed known", "cantTell offer-silent"}},
		{"a repository", licensedList(id("AGPL-3.0-only")), []check.Item{page(iotmark.KindSourceRepository, iotmark.Held, "")}, []string{"passed known", "passed offered"}},
		{"an address", licensedList(id("GPL-2.0-only")), []check.Item{page(iotmark.KindWebPage, iotmark.Elsewhere, "")}, []string{"passed known", "cantTell offer-elsewhere"}},
		{"a page nobody could read", licensedList(id("GPL-2.0-only")), []check.Item{page(iotmark.KindWebPage, iotmark.Unopened, "")}, []string{"passed known", "cantTell offer-on-paper"}},
		{"a document", licensedList(id("GPL-2.0-only")), []check.Item{page(iotmark.KindDocument, iotmark.Held, "")}, []string{"passed known", "cantTell offer-on-paper"}},
		{"the better of two", licensedList(id("GPL-2.0-only")), []check.Item{page(iotmark.KindWebPage, iotmark.Elsewhere, ""), page(iotmark.KindWebPage, iotmark.Held, offerWords)}, []string{"passed known", "passed offered"}},
		{"the maker's own work under the GPL", swap(t, ex, `{"name": "proprietary"}`, `{"id": "GPL-3.0-only"}`), nil, []string{"passed known"}},
		{"the maker as supplier of what is not its own", swap(t, ex, `"pkg:github/zephyrproject-rtos/zephyr@v4.2.1"`, `"pkg:github/zephyrproject-rtos/zephyr@v4.2.1", "supplier": {"name": "Nettle"}, "copyright": "x"`), nil, []string{"passed known"}},
		{"the maker as supplier of GPL work of others", []byte(strings.NewReplacer(
			`"name": "zephyr", "version": "4.2.1", "licenses": [{"license": {"id": "Apache-2.0"}}]`,
			`"name": "zephyr", "version": "4.2.1", "supplier": {"name": "Nettle"}, "licenses": [{"license": {"id": "GPL-2.0-only"}}]`).Replace(string(ex))), nil, []string{"passed known", "failed no-offer"}},

		{"no software", []byte(`{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"device","name":"chip"}]}`), nil, []string{"inapplicable no-software"}},

		{"licences of the list's own", []byte("SPDXVersion: SPDX-2.3\nPackageName: a\nPackageLicenseDeclared: LicenseRef-1\nPackageName: b\nPackageLicenseDeclared: LicenseRef-2 AND MIT\nPackageName: c\nPackageLicenseDeclared: LicenseRef-proprietary\n" +
			"LicenseID: LicenseRef-1\nLicenseName: Affero GPL of the maker\nLicenseID: LicenseRef-2\nLicenseName: Words of Bob\n"), nil, []string{"cantTell free-text", "failed no-offer"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := c.Run(check.Input{Declaration: d, Items: append([]check.Item{list(t, "sbom", tt.list)}, tt.offer...)})
			met = append(met, got...)
			if diff := cmp.Diff(tt.want, said(c, got)); diff != "" {
				t.Errorf("got (-want +got):\n%s\n%v", diff, got)
			}
		})
	}
	words(t, c, met)
}

// TestLicencesSample: a real list. Eight of 201 components have no licence,
// one stands in free text, and five of the Mozilla licence and one of the
// LGPL owe source.
func TestLicencesSample(t *testing.T) {
	t.Parallel()
	c := provenance.Licences
	got := c.Run(check.Input{Items: []check.Item{list(t, "sbom", samples.Read(t, "sbom/proton-bridge-v1.8.0.bom.json"))}})
	want := []string{"cantTell few-missing 8", "cantTell free-text 1", "failed no-offer 6"}
	if diff := cmp.Diff(want, counted(c, got)); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
	if l := got[len(got)-1].Args["licences"]; l != "LGPL-3.0, MPL-2.0" {
		t.Errorf("got the licences %s", l)
	}
}

// TestLicencesTwoLists: what is owed in two lists is one matter.
func TestLicencesTwoLists(t *testing.T) {
	t.Parallel()
	c := provenance.Licences
	got := c.Run(check.Input{Items: []check.Item{list(t, "a", licensedList(id("GPL-2.0-only"))), list(t, "b", licensedList(id("MPL-2.0")))}})
	if diff := cmp.Diff([]string{"passed known 1", "passed known 1", "failed no-offer 2"}, counted(c, got)); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]iotmark.EvidenceID{"a", "b"}, got[2].Basis); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
}

func TestLicencesHostile(t *testing.T) {
	t.Parallel()
	c := provenance.Licences
	for name, l := range map[string]string{
		"brackets":    expression(strings.Repeat("(", 500) + "MIT" + strings.Repeat(")", 500)),
		"operators":   expression(strings.Repeat("AND ", 200)),
		"long":        expression(strings.Repeat("MIT AND ", 120) + "MIT2"),
		"other signs": expression(`\u0000\u202e<script>`),
		"only a ref":  expression("LicenseRef-"),
		"a plus":      expression("+"),
	} {
		got := c.Run(check.Input{Items: []check.Item{list(t, "sbom", licensedList(l))}})
		for _, f := range got {
			if f.Outcome == iotmark.Passed {
				t.Errorf("%s passed", name)
			}
			if len(f.Args["texts"]) > 1000 {
				t.Errorf("%s: %d bytes of text", name, len(f.Args["texts"]))
			}
		}
	}
	if got := c.Run(check.Input{}); len(got) != 0 {
		t.Errorf("without a list: %v", got)
	}
}

// FuzzLicence puts any text where an expression may stand.
func FuzzLicence(f *testing.F) {
	for _, s := range []string{"MIT", "(MIT OR GPL-2.0+) AND LicenseRef-x", "GPL-2.0-only WITH Classpath-exception-2.0", "DocumentRef-a:LicenseRef-b", "((", "a,b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := []byte("SPDXVersion: SPDX-2.3\nPackageName: a\nPackageLicenseDeclared: " + strings.Map(func(r rune) rune {
			if r < ' ' || r == '\ufffd' {
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, "")) + "\n")
		if strings.Contains(s, "<text>") {
			return
		}
		if got := provenance.Licences.Run(check.Input{Items: []check.Item{list(t, "sbom", b)}}); len(got) == 0 {
			t.Fatal("no finding")
		}
	})
}
