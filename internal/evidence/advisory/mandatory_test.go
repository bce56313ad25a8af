package advisory_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/evidence/advisory"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

const (
	tracking = "/document/tracking"
	history  = tracking + "/revision_history"
	vuln     = "/vulnerabilities/0"
	score3   = vuln + "/scores/0/cvss_v3"
	score2   = vuln + "/scores/0/cvss_v2"
	helper   = "/product_tree/branches/0/branches/0/branches/1/product/product_identification_helper"
	version  = "/product_tree/branches/0/branches/0/branches/1/name"
)

// revisions writes a revision history of pairs of day and number.
func revisions(pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, `{"date":"2026-09-`+pairs[i]+`T10:00:00Z","number":"`+pairs[i+1]+`","summary":"s"}`)
	}
	return "[" + strings.Join(out, ",") + "]"
}

// mandatory are changes of base.json: for each test, what breaks it and what
// comes close and does not.
var mandatory = []struct {
	name    string
	changes []string
	want    string // tests that fail, and schema
}{
	{"base", nil, ""},
	{"6.1.1 in a status", []string{vuln + "/product_status/fixed/-", `"GONE"`}, "6.1.1"},
	{"6.1.1 in a group", []string{"/product_tree/product_groups/0/product_ids/-", `"GONE"`}, "6.1.1"},
	{"6.1.1 in a relationship", []string{"/product_tree/relationships/0/relates_to_product_reference", `"GONE"`}, "6.1.1"},
	{"6.1.1 in a score", []string{vuln + "/scores/0/products/-", `"GONE"`}, "6.1.1"},
	{"6.1.1 in a threat", []string{vuln + "/threats/0/product_ids/-", `"GONE"`}, "6.1.1"},
	{"6.1.1 in a remediation", []string{vuln + "/remediations/0/product_ids/-", `"GONE"`}, "6.1.1"},
	{"6.1.1 in a flag", []string{vuln + "/flags/0/product_ids", `["GONE"]`}, "6.1.1"},
	{"6.1.1 white space counts", []string{vuln + "/product_status/fixed/0", `"NEW "`}, "6.1.1"},
	{"6.1.2 in a branch and a list", []string{"/product_tree/full_product_names/-", `{"name":"again","product_id":"NEW"}`}, "6.1.2"},
	{"6.1.3 a relationship with itself", []string{"/product_tree/relationships/0/product_reference", `"BOTH"`}, "6.1.3"},
	{"6.1.3 two with each other", []string{"/product_tree/relationships/0/product_reference", `"X"`,
		"/product_tree/relationships/-", `{"category":"installed_on","full_product_name":{"name":"x","product_id":"X"},"product_reference":"NEW","relates_to_product_reference":"BOTH"}`}, "6.1.3"},
	{"6.1.3 a chain is no circle", []string{"/product_tree/relationships/-",
		`{"category":"installed_on","full_product_name":{"name":"x","product_id":"X"},"product_reference":"BOTH","relates_to_product_reference":"BOTH"}`}, ""},
	{"6.1.4", []string{vuln + "/flags/0/group_ids/-", `"GONE"`}, "6.1.4"},
	{"6.1.5", []string{"/product_tree/product_groups/-", `{"group_id":"G","product_ids":["OLD","NEW"]}`}, "6.1.5"},
	{"6.1.6 affected and fixed", []string{vuln + "/product_status/first_fixed", `["OLD"]`}, "6.1.6"},
	{"6.1.6 two lists of one group", []string{vuln + "/product_status/first_affected", `["OLD"]`}, ""},
	{"6.1.6 in two vulnerabilities", []string{"/vulnerabilities/-", `{"cve":"CVE-2026-2","notes":[{"category":"details","text":"t"}],"product_status":{"fixed":["OLD"]}}`}, "schema"},
	{"6.1.7 the same version", []string{vuln + "/scores/-", `{"cvss_v2":{"version":"2.0","vectorString":"AV:N/AC:L/Au:N/C:C/I:C/A:C","baseScore":10},"products":["OLD"]}`}, "6.1.7"},
	{"6.1.7 another version", []string{vuln + "/scores/-", `{"cvss_v3":{"version":"3.0","vectorString":"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","baseScore":9.8,"baseSeverity":"CRITICAL"},"products":["OLD"]}`}, ""},
	{"6.1.8 a field is missing", []string{score3 + "/baseSeverity", "gone"}, "6.1.8"},
	{"6.1.8 no version", []string{score3 + "/version", "gone"}, "6.1.8"},
	{"6.1.8 a version 3.1 with a vector of 3.0", []string{score3 + "/vectorString", `"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"`}, "6.1.8"},
	{"6.1.8 no object", []string{score2, `"AV:N"`}, "6.1.8"},
	{"6.1.9 wrong base score", []string{score3 + "/baseScore", `9.7`}, "6.1.9"},
	{"6.1.9 wrong severity", []string{score3 + "/baseSeverity", `"HIGH"`}, "6.1.9"},
	{"6.1.9 wrong temporal score", []string{score3 + "/temporalScore", `9.8`}, "6.1.9"},
	{"6.1.9 wrong score of version 2", []string{score2 + "/baseScore", `9.3`}, "6.1.9"},
	{"6.1.9 a base metric is missing", []string{score2 + "/vectorString", `"AV:N/AC:L/Au:N/C:C/I:C"`}, "6.1.9"},
	{"6.1.9 a metric twice", []string{score2 + "/vectorString", `"AV:N/AV:L/AC:L/Au:N/C:C/I:C/A:C"`}, "6.1.9"},
	{"6.1.9 a score with more zeros", []string{score3 + "/baseScore", `9.800`}, ""},
	{"6.1.10", []string{score3 + "/attackVector", `"LOCAL"`}, "6.1.10"},
	{"6.1.10 in version 2", []string{score2 + "/authentication", `"SINGLE"`}, "6.1.10"},
	{"6.1.10 a metric that the vector leaves out", []string{score2 + "/targetDistribution", `"LOW"`}, ""},
	{"6.1.9 and the metric left out counts", []string{score2 + "/targetDistribution", `"LOW"`, score2 + "/environmentalScore", `2.5`}, ""},
	{"6.1.9 or it does not", []string{score2 + "/targetDistribution", `"LOW"`, score2 + "/environmentalScore", `10`}, ""},
	{"6.1.9 but nothing else", []string{score2 + "/targetDistribution", `"LOW"`, score2 + "/environmentalScore", `5`}, "6.1.9"},
	{"6.1.11 another name", []string{vuln + "/cwe/name", `"Improper Input Validation"`}, "6.1.11"},
	{"6.1.11 no such number", []string{vuln + "/cwe/id", `"CWE-2"`}, "6.1.11"},
	{"6.1.11 a name of an earlier version", []string{vuln + "/cwe", `{"id":"CWE-20","name":"Insufficient Input Validation"}`}, ""},
	{"6.1.11 newer than the list", []string{vuln + "/cwe", `{"id":"CWE-99999","name":"New"}`}, ""},
	{"6.1.12", []string{"/document/lang", `"EZ"`}, "6.1.12"},
	{"6.1.12 the source", []string{"/document/source_lang", `"en-ZQ"`}, "6.1.12"},
	{"6.1.12 private and old tags", []string{"/document/lang", `"qtx"`, "/document/source_lang", `"i-default"`}, ""},
	{"6.1.13 no name", []string{helper + "/purl", `"pkg:maven/@1.3.4"`}, "6.1.13"},
	{"6.1.14", []string{history, revisions("02", "1", "01", "2"), tracking + "/version", `"1"`}, "6.1.14 6.1.21"},
	{"6.1.14 listed from the newest", []string{history, revisions("02", "2", "01", "1")}, ""},
	{"6.1.14 on one day", []string{history, revisions("01", "2", "01", "1")}, ""},
	{"6.1.14 after the tenth", []string{history, revisions("01", "1", "02", "2", "03", "3", "04", "4", "05", "5", "06", "6", "07", "7", "08", "8", "09", "9", "10", "10"), tracking + "/version", `"10"`}, ""},
	{"6.1.15", []string{"/document/publisher/category", `"translator"`}, "6.1.15"},
	{"6.1.15 with the source", []string{"/document/publisher/category", `"translator"`, "/document/source_lang", `"de"`}, ""},
	{"6.1.16", []string{tracking + "/version", `"1"`}, "6.1.16"},
	{"6.1.16 build metadata", []string{history, revisions("01", "1.0.0", "02", "1.1.0+b"), tracking + "/version", `"1.1.0+c"`}, ""},
	{"6.1.16 a pre-release of a draft", []string{history, revisions("01", "0.1.0", "02", "1.0.0"), tracking + "/version", `"1.0.0-rc"`, tracking + "/status", `"draft"`}, ""},
	{"6.1.17", []string{history, revisions("01", "0"), tracking + "/version", `"0"`, tracking + "/status", `"other"`}, "schema 6.1.17"},
	{"6.1.18", []string{history, revisions("01", "0", "02", "1", "03", "2")}, "6.1.18"},
	{"6.1.18 a draft", []string{history, revisions("01", "0"), tracking + "/version", `"0"`, tracking + "/status", `"draft"`}, ""},
	{"6.1.19", []string{history, revisions("01", "1.0.0-rc", "02", "1.0.0"), tracking + "/version", `"1.0.0"`, tracking + "/status", `"draft"`}, "6.1.19"},
	{"6.1.20", []string{history, revisions("01", "1.0.0"), tracking + "/version", `"1.0.0-rc"`}, "6.1.16 6.1.17 6.1.20"},
	{"6.1.21 a number left out", []string{history, revisions("01", "1", "02", "3"), tracking + "/version", `"3"`}, "6.1.21"},
	{"6.1.21 begins with two", []string{history, revisions("02", "2")}, "6.1.21"},
	{"6.1.21 minor parts may be left out", []string{history, revisions("01", "1.0.0", "02", "1.7.0", "03", "2.3.0"), tracking + "/version", `"2.3.0"`}, ""},
	{"6.1.21 a number without end", []string{history, revisions("01", "1", "02", strings.Repeat("9", 60)), tracking + "/version", `"` + strings.Repeat("9", 60) + `"`}, "6.1.21"},
	{"6.1.22", []string{history, revisions("01", "1", "02", "2", "03", "2")}, "6.1.22"},
	{"6.1.23", []string{"/vulnerabilities/-", `{"cve":"CVE-2026-1001","notes":[{"category":"details","text":"t"}],"product_status":{"fixed":["OLD"]}}`}, "6.1.23"},
	{"6.1.24 the same moment", []string{vuln + "/involvements/-", `{"date":"2026-08-02T02:00:00+02:00","party":"discoverer","status":"open"}`}, "6.1.24"},
	{"6.1.24 no date", []string{vuln + "/involvements/-", `{"party":"vendor","status":"open"}`}, "6.1.24"},
	{"6.1.24 another day", []string{vuln + "/involvements/-", `{"date":"2026-08-03T00:00:00Z","party":"discoverer","status":"open"}`}, ""},
	{"6.1.25", []string{helper + "/hashes/0/file_hashes/1/algorithm", `"sha256"`}, "6.1.25"},
	{"6.1.26 the name of a profile", []string{"/document/category", `"V_eX"`}, "6.1.26"},
	{"6.1.26 with dashes", []string{"/document/category", `"security-incident\u2013response"`}, "6.1.26"},
	{"6.1.26 the reserved prefix", []string{"/document/category", `"Csaf_a"`}, "6.1.26"},
	{"6.1.26 base", []string{"/document/category", `"csaf_base"`}, ""},
	{"6.1.26 a name of one's own", []string{"/document/category", `"Nettle notice"`}, ""},
	{"6.1.27.1", []string{"/document/category", `"csaf_security_incident_response"`, "/document/notes/0/category", `"faq"`}, "6.1.27.1"},
	{"6.1.27.1 no notes", []string{"/document/category", `"csaf_security_incident_response"`, "/document/notes", "gone"}, "6.1.27.1"},
	{"6.1.27.2", []string{"/document/category", `"csaf_security_incident_response"`, "/document/references/0/category", `"self"`}, "6.1.27.2"},
	{"6.1.27.2 external without saying so", []string{"/document/category", `"csaf_security_incident_response"`, "/document/references/0/category", "gone"}, ""},
	{"6.1.27.3", []string{"/document/category", `"csaf_informational_advisory"`}, "6.1.27.3"},
	{"6.1.27.3 without", []string{"/document/category", `"csaf_informational_advisory"`, "/vulnerabilities", "gone"}, ""},
	{"6.1.27.4", []string{"/document/category", `"csaf_security_advisory"`, "/product_tree", "gone", "/vulnerabilities", `[{"notes":[{"category":"details","text":"t"}],"product_status":{"fixed":["A"]}}]`}, "6.1.1 6.1.27.4"},
	{"6.1.27.5", []string{vuln + "/notes", "gone"}, "6.1.27.5"},
	{"6.1.27.5 does not matter in base", []string{vuln + "/notes", "gone", "/document/category", `"csaf_base"`}, ""},
	{"6.1.27.6", []string{"/document/category", `"csaf_security_advisory"`, vuln + "/product_status", "gone"}, "6.1.27.6"},
	{"6.1.27.7", []string{vuln + "/product_status", `{"recommended":["NEW"]}`}, "6.1.27.7"},
	{"6.1.27.8", []string{vuln + "/cve", "gone", vuln + "/ids", "gone"}, "6.1.27.8"},
	{"6.1.27.8 one is enough", []string{vuln + "/cve", "gone"}, ""},
	{"6.1.27.9", []string{vuln + "/flags", "gone"}, "6.1.27.9"},
	{"6.1.27.9 through a threat", []string{vuln + "/flags", "gone", vuln + "/threats/0/group_ids", `["G"]`}, ""},
	{"6.1.27.9 a threat of another kind", []string{vuln + "/flags", "gone", vuln + "/threats/0/group_ids", `["G"]`, vuln + "/threats/0/category", `"target_set"`}, "6.1.27.9"},
	{"6.1.27.10", []string{vuln + "/remediations/0/product_ids", `["OLD"]`}, "6.1.27.10"},
	{"6.1.27.11", []string{"/vulnerabilities", "gone"}, "6.1.27.11"},
	{"6.1.28", []string{"/document/source_lang", `"EN-gb"`}, "6.1.28"},
	{"6.1.28 another country", []string{"/document/source_lang", `"en-US"`}, ""},
	{"6.1.29", []string{vuln + "/remediations/-", `{"category":"workaround","details":"d"}`}, "6.1.29"},
	{"6.1.30", []string{history, revisions("01", "1", "02", "2.0.0")}, "6.1.16 6.1.30"},
	{"6.1.31 a word", []string{version, `"prior to 4.2"`}, "6.1.31"},
	{"6.1.31 a sign", []string{version, `"<=4.2"`}, "6.1.31"},
	{"6.1.31 with a hyphen", []string{version, `"All-versions"`}, "6.1.31"},
	{"6.1.31 a word within a word", []string{version, `"Tallinn 2"`}, ""},
	{"6.1.31 in a branch of ranges", []string{"/product_tree/branches/0/branches/0/branches/0/name", `"all versions"`}, ""},
	{"6.1.32", []string{vuln + "/flags/-", `{"label":"component_not_present"}`}, "6.1.32"},
	{"6.1.33 through a group", []string{vuln + "/flags/-", `{"label":"component_not_present","product_ids":["APP"]}`}, "6.1.33"},
	{"6.1.33 another product", []string{vuln + "/flags/-", `{"label":"component_not_present","product_ids":["OLD"]}`}, ""},
	{"6.1.33 twice in one flag", []string{vuln + "/flags/0/product_ids", `["APP"]`}, ""},
}

func TestMandatory(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, c := range mandatory {
		f := mustRead(t, changed(t, c.changes...))
		if got := failing(f); got != c.want {
			t.Errorf("%s: got %q, want %q: %+v %+v", c.name, got, c.want, f.Problems, f.Failures)
		}
		for _, x := range f.Failures {
			broken[x.Test] = true
			if x.At[0].Line == 0 || x.At[0].Pointer == "" {
				t.Errorf("%s: no place: %+v", c.name, x)
			}
		}
	}
	for _, id := range advisory.Tests() {
		if !broken[id] {
			t.Errorf("nothing breaks %s", id)
		}
	}
	if n := len(advisory.Tests()); n != 43 {
		t.Errorf("there are %d tests; 6.1.1 to 6.1.33 with the eleven of 6.1.27 are 43", n)
	}
}

// A weakness newer than the list is told as not judged.
func TestUndecided(t *testing.T) {
	t.Parallel()
	f := mustRead(t, changed(t, vuln+"/cwe", `{"id":"CWE-99999","name":"New"}`))
	if len(f.Undecided) != 1 || f.Undecided[0].Found != "CWE-99999" || f.Undecided[0].Pointer != vuln+"/cwe/id" {
		t.Errorf("got %+v", f.Undecided)
	}
}

func TestPURL(t *testing.T) {
	t.Parallel()
	for purl, sound := range map[string]bool{
		"pkg:generic/openssl@3.0.2":                         true,
		"pkg:npm/%40angular/core@16.0.0":                    true,
		"pkg:npm/@angular/core@16.0.0":                      true,
		"pkg:golang/github.com/a/b@v1.0.0#cmd/x":            true,
		"pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=j":   true,
		"pkg:docker/c@sha256:244fd47e07d1?repository_url=g": true,
		"pkg:maven/org.apache/batik@1.9?packaging=sources":  true,
		"pkg:maven/@1.3.4":                                  false,
		"pkg:maven/org.apache/@1.3.4":                       false,
		"pkg:npm/%4":                                        false,
		"pkg:npm//":                                         false,
		"pkg:npm/a@":                                        false,
		"pkg:npm/a?arch":                                    false,
		"pkg:npm/a?arch=1&arch=2":                           false,
		"pkg:npm/a?=1":                                      false,
		"pkg:npm/a#../b":                                    false,
	} {
		f := mustRead(t, changed(t, helper+"/purl", `"`+purl+`"`))
		if got := !strings.Contains(failing(f), "6.1.13"); got != sound {
			t.Errorf("%s: sound is %v", purl, got)
		}
	}
}

// Scores as FIRST computes them: the examples of its specifications and user
// guides, and some more from its calculators.
func TestScores(t *testing.T) {
	t.Parallel()
	type scored struct {
		vector                        string
		base, temporal, environmental float64
	}
	for _, c := range []scored{
		// CVSS v2 complete guide, 3.3: CVE-2002-0392, CVE-2003-0818, CVE-2003-0062.
		{"AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H", 7.8, 6.4, 9.2},
		{"AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:L", 10, 8.3, 9},
		{"AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:M", 6.2, 4.9, 7.5},
		// CVSS v3 examples: CVE-2013-1937, CVE-2013-0375, CVE-2014-3566, CVE-2012-1516, CVE-2016-0128, CVE-2014-0160.
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, 6.1, 6.1},
		{"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, 6.4, 6.4},
		{"CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1, 3.1, 3.1},
		{"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9, 9.9, 9.9},
		{"CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:N", 6.8, 6.8, 6.8},
		{"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, 7.5, 7.5},
		{"CVSS:3.0/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0, 0, 0},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O/RC:R", 9.8, 8.5, 8.5},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MAV:L/MPR:H/CR:L", 9.8, 9.8, 6.4},
	} {
		three := strings.HasPrefix(c.vector, "CVSS")
		o := map[string]any{"version": "2.0", "vectorString": c.vector, "baseScore": c.base, "temporalScore": c.temporal, "environmentalScore": c.environmental}
		at := score2
		if three {
			at, o["version"] = score3, c.vector[5:8]
			o["baseSeverity"] = word(c.base)
		}
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if f := mustRead(t, changed(t, at, string(raw))); failing(f) != "" {
			t.Errorf("%s: %+v %+v", c.vector, f.Problems, f.Failures)
		}
	}
}

func word(score float64) string {
	for i, top := range []float64{0, 3.9, 6.9, 8.9} {
		if score <= top {
			return []string{"NONE", "LOW", "MEDIUM", "HIGH"}[i]
		}
	}
	return "CRITICAL"
}

// The documents of OASIS that a validator ships for single tests. Those in a
// folder valid break nothing; those in failing break the test they lie in,
// when it is a mandatory one.
func TestPublished(t *testing.T) {
	t.Parallel()
	root := filepath.Join(samples.Folder(t, "@secvisogram/csaf-validator-lib"), "tests")
	files, err := filepath.Glob(filepath.Join(root, "*", "*", "oasis_*.json"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d documents: %v", len(files), err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		name, _ = filepath.Rel(root, name)
		group, number, _ := strings.Cut(strings.Split(filepath.ToSlash(name), "/")[0], "Test_")
		number = strings.ReplaceAll(number, "_", ".")
		f := mustRead(t, b)
		var got []string
		for _, x := range f.Failures {
			got = append(got, x.Test)
		}
		if group == "mandatory" && strings.Contains(name, "failing") {
			if !slices.Contains(got, number) {
				t.Errorf("%s: %s did not fail, but %v", name, number, got)
			}
		} else if !f.Valid() {
			t.Errorf("%s: %+v %+v", name, f.Problems, f.Failures)
		}
	}
}

// Advisories and provider files of another implementation.
func TestOthers(t *testing.T) {
	t.Parallel()
	root := filepath.Join(samples.Folder(t, "github.com/gocsaf/csaf/v3"), "testdata")
	for name, want := range map[string]struct {
		kind  advisory.Document
		valid bool
	}{
		"csaf-documents/valid/avendor-advisory-0004.json":                  {advisory.Advisories, true},
		"simple-rolie-provider/provider-metadata.json":                     {advisory.Provider, false},
		"csaf-documents/valid/advisory-tracking-generator-no-version.json": {advisory.Advisories, true},
	} {
		b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if f, err := read(t, b); err != nil || f.Document != want.kind || f.Valid() != want.valid {
			t.Errorf("%s: %+v %v", name, f, err)
		}
	}
}
