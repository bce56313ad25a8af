package provenance_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/provenance"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// TestSBOMMinimum: the truth is the third column. Each case but the first is
// the list of the example dossier, or a long good list, with one thing
// changed. The criterion always applies, so that no case is inapplicable.
func TestSBOMMinimum(t *testing.T) {
	t.Parallel()
	c := provenance.SBOMMinimum
	complete(t, c)
	b, d := example(t)
	edit := func(old, new string) []byte { return swap(t, b, old, new) }
	declare := func(f func(*iotmark.Declaration)) *iotmark.Declaration {
		_, d := example(t)
		f(d)
		return d
	}
	const purl, licence = `"purl":"pkg:github/o/c0@1",`, `,"licenses":[{"license":{"id":"MIT"}}]`
	var met []iotmark.Finding
	for _, tt := range []struct {
		name string
		list []byte
		d    *iotmark.Declaration
		want []string
	}{
		{"the example", b, d, []string{"passed complete-flat"}},
		{"with relations", edit(`"components": [`, `"dependencies": [{"ref": "z", "dependsOn": ["m"]}], "components": [{"bom-ref": "z", "name": "z", "version": "1", "purl": "pkg:github/z/z@1", "licenses": [{"expression": "MIT"}]},`), d, []string{"passed complete"}},
		{"long and good", many(40, 0, nil), d, []string{"passed complete-flat"}},

		{"no components", []byte(`{"bomFormat":"CycloneDX","specVersion":"1.6"}`), d, []string{"failed empty"}},
		{"devices and files only", []byte(`{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"device","name":"chip"},{"type":"file","name":"f"}]}`), d, []string{"failed empty"}},
		{"no time", edit(`"timestamp": "2026-10-02T09:00:00Z",`, ``), d, []string{"failed undated"}},
		{"a time that is none", edit(`"2026-10-02T09:00:00Z"`, `"yesterday"`), d, []string{"failed undated"}},
		{"no author", edit(`, "supplier": {"name": "Nettle Home Ltd"}`, ``), d, []string{"failed no-author"}},
		{"says it is incomplete", edit(`"version": 1,`, `"version": 1, "compositions": [{"aggregate": "incomplete"}],`), d, []string{"cantTell says-incomplete"}},

		{"no subject", edit(`"name": "hearth-thermostat-2", `, ``), d, []string{"cantTell no-subject"}},
		{"subject without version", edit(`"name": "hearth-thermostat-2", "version": "3.2.0"`, `"name": "hearth-thermostat-2"`), d, []string{"cantTell subject-unversioned"}},
		{"another version", edit(`"name": "hearth-thermostat-2", "version": "3.2.0"`, `"name": "hearth-thermostat-2", "version": "3.1.2"`), d, []string{"failed version-differs"}},
		{"the same version, written otherwise", edit(`"name": "hearth-thermostat-2", "version": "3.2.0"`, `"name": "hearth-thermostat-2", "version": "V3.2.0+build7"`), d, []string{"passed complete-flat"}},
		{"no release declared", b, declare(func(d *iotmark.Declaration) { d.Software = nil }), []string{"cantTell no-release"}},
		{"linked by its version alone", b, declare(func(d *iotmark.Declaration) { d.Software[0].SBOM = "" }), []string{"passed complete-flat"}},
		{"linked to nothing", b, declare(func(d *iotmark.Declaration) { d.Software[0].SBOM, d.Software[0].Version = "", "4.0.0" }),
			[]string{"cantTell version-elsewhere", "cantTell release-without-list"}},
		{"a newer release without a list", b, declare(func(d *iotmark.Declaration) {
			d.Software = append(d.Software, iotmark.Software{Part: iotmark.Device, Version: "3.3.0", Released: "2026-11-01"})
		}), []string{"passed complete-flat", "cantTell release-without-list"}},
		{"an app without a list", b, declare(func(d *iotmark.Declaration) {
			d.Software = append(d.Software, iotmark.Software{Part: iotmark.App, Version: "5.4.1", Released: "2026-10-20"})
		}), []string{"passed complete-flat", "cantTell release-without-list"}},
		{"an app with a list that was not read", b, declare(func(d *iotmark.Declaration) {
			d.Software = append(d.Software, iotmark.Software{Part: iotmark.App, Version: "5.4.1", SBOM: "app-sbom"})
		}), []string{"passed complete-flat", "cantTell release-unread"}},

		{"a list with the product's name in it", b, declare(func(d *iotmark.Declaration) {
			d.Product = iotmark.Product{Name: "Hearth Thermostat 2", Model: "NH-T2", Kind: "thermostat"}
		}), []string{"passed complete-flat"}},
		{"a list with the model only", edit(`"hearth-thermostat-2"`, `"nht2-image"`), declare(func(d *iotmark.Declaration) {
			d.Product = iotmark.Product{Name: "Hearth", Model: "NH-T2", Kind: "controller"}
		}), []string{"passed complete-flat"}},
		{"the list of something else", b, declare(func(d *iotmark.Declaration) {
			d.Product, d.Maker.Name = iotmark.Product{Name: "Glimmer Sense", Model: "GS-1", Kind: "lamp"}, "Glimmer Ltd"
		}), []string{"cantTell subject-unlike"}},

		{"a component without a name", edit(`"name": "zephyr", `, ``), d, []string{"failed no-name"}},
		{"one of forty without a name", many(40, 1, without(`"name":"c0",`)), d, []string{"failed no-name"}},
		{"a component without a version", edit(`"name": "zephyr", "version": "4.2.1"`, `"name": "zephyr"`), d, []string{"failed no-version"}},
		{"a version that says nothing", edit(`"version": "4.2.1"`, `"version": "Unknown"`), d, []string{"failed no-version"}},
		{"two of forty without a version", many(40, 2, without(`"version":"1",`)), d, []string{"cantTell few-no-version"}},
		{"three of forty without a version", many(40, 3, without(`"version":"1",`)), d, []string{"failed no-version"}},
		{"a component without a supplier", edit(`"purl": "pkg:github/zephyrproject-rtos/zephyr@v4.2.1"`, `"purl": "pkg:pypi/zephyr@4.2.1"`), d, []string{"failed no-supplier"}},
		{"one of forty without a supplier", many(40, 1, without(`github/o/`)), d, []string{"cantTell few-no-supplier"}},
		{"a vendor in a CPE for the supplier", edit(`"purl": "pkg:github/zephyrproject-rtos/zephyr@v4.2.1"`, `"cpe": "cpe:2.3:o:zephyrproject:zephyr:4.2.1:*:*:*:*:*:*:*"`), d, []string{"passed complete-flat"}},
		{"a vendor in a CPE of 2.2 for the supplier", edit(`"purl": "pkg:github/zephyrproject-rtos/zephyr@v4.2.1"`, `"cpe": "cpe:/o:zephyrproject:zephyr:4.2.1"`), d, []string{"passed complete-flat"}},
		{"a CPE without a vendor", edit(`"purl": "pkg:github/zephyrproject-rtos/zephyr@v4.2.1"`, `"cpe": "cpe:/o::zephyr:4.2.1"`), d, []string{"failed no-supplier"}},
		{"the distribution beside its packages", edit(`"components": [`, `"components": [{"type": "operating-system", "name": "debian", "version": "12"},`), d, []string{"passed complete-flat"}},
		{"the distribution without a version", edit(`"components": [`, `"components": [{"type": "operating-system", "name": "debian"},`), d, []string{"failed no-version"}},
		{"an operating system with a package URL of its own", edit(`"components": [`, `"components": [{"type": "operating-system", "name": "os", "version": "1", "purl": "pkg:github/o/os@1"},`), d, []string{"failed no-licence"}},
		{"the distribution alone", many(1, 1, func(string) string { return `{"type":"operating-system","name":"debian","version":"12"}` }), d, []string{"failed no-supplier", "failed no-licence", "failed no-identifier"}},
		{"a component without a licence", edit(`"licenses": [{"license": {"id": "Apache-2.0"}}], `, ``), d, []string{"failed no-licence"}},
		{"a licence nobody asserts", edit(`{"license": {"id": "Apache-2.0"}}`, `{"expression": "NOASSERTION"}`), d, []string{"failed no-licence"}},
		{"one of forty without a licence", many(40, 1, without(licence)), d, []string{"cantTell few-no-licence"}},
		{"a component without an identifier", edit(`"purl": "pkg:github/zephyrproject-rtos/zephyr@v4.2.1"`, `"publisher": "Zephyr"`), d, []string{"failed no-identifier"}},
		{"a hash for an identifier", edit(`"purl": "pkg:github/zephyrproject-rtos/zephyr@v4.2.1"`, `"publisher": "Zephyr", "hashes": [{"alg": "SHA-256", "content": "aa"}]`), d, []string{"passed complete-flat"}},
		{"one of forty without an identifier", many(40, 1, func(c string) string {
			return `{"publisher":"P",` + without(purl[:len(purl)-1] + `,`)(c)[1:]
		}), d, []string{"cantTell few-no-identifier"}},
		{"the maker's own component of another supplier", edit(`"version": "3.2.0", "supplier": {"name": "Nettle Home Ltd"}, "licenses"`, `"version": "3.2.0", "supplier": {"name": "Somebody"}, "licenses"`), d, []string{"failed no-identifier"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := c.Run(check.Input{Declaration: tt.d, Items: []check.Item{list(t, "sbom", tt.list)}})
			met = append(met, got...)
			if d := cmp.Diff(tt.want, said(c, got)); d != "" {
				t.Errorf("got (-want +got):\n%s", d)
			}
		})
	}
	words(t, c, met)
}

// TestSBOMMinimumPlaces: a finding points to the line, and to the field of
// the declaration it differs from.
func TestSBOMMinimumPlaces(t *testing.T) {
	t.Parallel()
	b, d := example(t)
	b = swap(t, b, `"version": "4.2.1"`, `"version": ""`)
	b = swap(t, b, `"name": "hearth-thermostat-2", "version": "3.2.0"`, `"name": "hearth-thermostat-2", "version": "9"`)
	got := provenance.SBOMMinimum.Run(check.Input{Declaration: d, Items: []check.Item{list(t, "sbom", b)}})
	want := []iotmark.Finding{
		{Outcome: iotmark.Failed, Message: "provenance.sbom-minimum.version-differs", Basis: []iotmark.EvidenceID{"sbom"},
			Args:   map[string]string{"list": "Software components", "part": "device", "declared": "3.2.0", "found": "9"},
			Places: []iotmark.Place{{Evidence: "sbom", Line: 7, Quote: "hearth-thermostat-2 9"}, {Path: "software.1.version", Quote: "3.2.0"}}},
		{Outcome: iotmark.Failed, Message: "provenance.sbom-minimum.no-version", Basis: []iotmark.EvidenceID{"sbom"},
			Args:   map[string]string{"list": "Software components", "n": "1", "of": "4", "names": "zephyr"},
			Places: []iotmark.Place{{Evidence: "sbom", Line: 10, Quote: "zephyr"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
}

// TestSBOMMinimumSamples: two real lists. In the first, eight of 201 modules
// have no licence and seven from gopkg.in name no owner.
func TestSBOMMinimumSamples(t *testing.T) {
	t.Parallel()
	c := provenance.SBOMMinimum
	d := &iotmark.Declaration{Software: []iotmark.Software{{Part: iotmark.App, Version: "1.8.0", SBOM: "sbom"}}}
	got := c.Run(check.Input{Declaration: d, Items: []check.Item{list(t, "sbom", samples.Read(t, "sbom/proton-bridge-v1.8.0.bom.json"))}})
	if diff := cmp.Diff([]string{"cantTell few-no-supplier 7", "cantTell few-no-licence 8"}, counted(c, got)); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
	got = c.Run(check.Input{Items: []check.Item{list(t, "sbom", samples.Read(t, "sbom/hbom-pcie-sata.cdx.json"))}})
	if diff := cmp.Diff([]string{"failed empty"}, said(c, got)); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
}

func counted(c check.Check, fs []iotmark.Finding) []string {
	out := said(c, fs)
	for i, f := range fs {
		out[i] += " " + f.Args["n"]
	}
	return out
}

// TestSBOMMinimumHostile: names that are long, or not text for people, stay
// within the bounds of a place; nothing is there to point to at all.
func TestSBOMMinimumHostile(t *testing.T) {
	t.Parallel()
	c := provenance.SBOMMinimum
	for name, in := range map[string][]byte{
		"long names": many(300, 300, func(s string) string {
			return `{"group":"` + string(make500('x')) + `","version":"` + string(make500('1')) + `"}`
		}),
		"nothing anywhere":    many(300, 300, func(string) string { return `{}` }),
		"package URLs broken": many(300, 300, func(string) string { return `{"name":"a","version":"1","purl":"pkg:///@@##??"}` }),
		"CPE broken":          many(300, 300, func(string) string { return `{"name":"a","version":"1","cpe":"cpe:2.3:::::::"}` }),
	} {
		for _, d := range []*iotmark.Declaration{nil, {}, {Software: []iotmark.Software{{Part: iotmark.Device}}}} {
			got := c.Run(check.Input{Declaration: d, Items: []check.Item{list(t, "sbom", in)}})
			if len(got) == 0 {
				t.Errorf("%s: no finding", name)
			}
			for _, f := range got {
				if f.Outcome == iotmark.Passed {
					t.Errorf("%s passed: %v", name, f)
				}
				if len(f.Places) > 5 {
					t.Errorf("%s: %d places", name, len(f.Places))
				}
				for _, p := range f.Places {
					if len([]rune(p.Quote)) > 200 {
						t.Errorf("%s: a quote of %d", name, len(p.Quote))
					}
				}
			}
		}
	}
	if got := c.Run(check.Input{}); len(got) != 0 {
		t.Errorf("without a list: %v", got)
	}
}

func make500(c byte) []byte {
	b := make([]byte, 500)
	for i := range b {
		b[i] = c
	}
	return b
}
