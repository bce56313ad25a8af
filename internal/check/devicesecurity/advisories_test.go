package devicesecurity_test

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/devicesecurity"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/advisory"
)

const csafFolder = "../../../testdata/products/careful/evidence/csaf/"

// csafFile reads a file of the careful maker with changes, pairs of old and
// new text.
func csafFile(t testing.TB, name string, changes ...string) string {
	t.Helper()
	b, err := os.ReadFile(csafFolder + name)
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	for i := 0; i+1 < len(changes); i += 2 {
		if !strings.Contains(s, changes[i]) {
			t.Fatalf("nothing to change: %q", changes[i])
		}
		s = strings.ReplaceAll(s, changes[i], changes[i+1])
	}
	return s
}

func csafItem(t testing.TB, content string) check.Item {
	t.Helper()
	f, err := advisory.Reader.Read(t.Context(), evidence.NewSource("x.json", []byte(content)), evidence.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return check.Item{
		Evidence: iotmark.Evidence{ID: "csaf", Kind: iotmark.KindWebPage, Title: "Our file"},
		Standing: iotmark.Held, Reader: "advisory", Facts: f, Claimed: true,
	}
}

func csafInput(items ...check.Item) check.Input {
	return check.Input{
		Declaration: &iotmark.Declaration{
			Maker:    iotmark.Maker{Name: "Tarnwick Metering GmbH", Website: "https://tarnwick.example/"},
			Contacts: iotmark.Contacts{Advisories: "https://www.tarnwick.example/security"},
		},
		Items: items, AsOf: "2026-11-22",
	}
}

// csafOutcomes gives outcome and last word of each message.
func csafOutcomes(t testing.TB, c check.Check, fs []iotmark.Finding) []string {
	t.Helper()
	checktest.Sound(t, c, fs)
	var out []string
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%s %s", f.Outcome, strings.TrimPrefix(string(f.Message), string(c.ID)+".")))
		if len(f.Places) > 5 {
			t.Errorf("%s has %d places", f.Message, len(f.Places))
		}
	}
	return out
}

const (
	csafAdvisory = "tw-2026-001.json"
	csafProvider = "provider-metadata.json"
)

func TestAdvisoriesValid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		changes []string
		want    []string
	}{
		{"sound", nil, []string{"passed valid"}},
		{"another version", []string{`"csaf_version": "2.0"`, `"csaf_version": "2.1"`}, []string{"cantTell other-version"}},
		{"newer than the list of weaknesses", []string{"CWE-770", "CWE-9000"}, []string{"cantTell newer-weakness"}},
		{"a test fails", []string{`"version": "2"`, `"version": "3"`}, []string{"failed test-6-1-16"}},
		{"one of the eleven", []string{`"notes"`, `"words"`}, []string{"failed test-6-1-27-5"}},
		{"no date, no title", []string{`"title": "Tarnwick Ledger 3: the screen can be stopped"`, `"title": ""`, `"2026-09-21T09:00:00Z"`, `"21.9.2026"`}, []string{"failed short", "failed form"}},
		{"words and types of its own", []string{`"final"`, `"done"`, `"ids": [`, `"ids": 1, "was": [`}, []string{"failed word", "failed type"}},
		{"what is missing, empty, too much, twice", []string{`"namespace": "https://tarnwick.example"`, `"space": ""`,
			`["TW-L3-2.6.1"]`, `[]`, `"acknowledgments": [{"summary": "Found by a customer, who does not want to be named."}]`, `"acknowledgments": [{}]`,
			`"category": "vendor",` + "\n        \"name\"", `"category": "vendor", "x": 1,` + "\n        \"name\"", `"model_numbers": ["TW-L3"]`, `"model_numbers": ["a", "a"]`},
			[]string{"failed missing", "failed many-fields", "failed twice", "failed few-fields", "failed few"}},
		{"more problems than are kept", []string{`"acknowledgments": [`, `"acknowledgments": [` + strings.Repeat("{},", 120)}, []string{"failed few-fields", "failed more"}},
		{"CVSS of no schema", []string{`"baseScore": 4.3`, `"baseScore": 43`}, []string{"failed test-6-1-8", "failed test-6-1-9"}},
	} {
		got := csafOutcomes(t, devicesecurity.AdvisoriesValid, devicesecurity.AdvisoriesValid.Run(csafInput(csafItem(t, csafFile(t, csafAdvisory, c.changes...)))))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", c.name, diff)
		}
	}
	got := csafOutcomes(t, devicesecurity.AdvisoriesValid, devicesecurity.AdvisoriesValid.Run(csafInput(csafItem(t, csafFile(t, csafProvider)))))
	if diff := cmp.Diff([]string{"untested none"}, got); diff != "" {
		t.Errorf("a file of another kind: got (-want +got)\n%s", diff)
	}
	item := csafItem(t, csafFile(t, csafAdvisory, "TW-L3-2.6.1\"]", "NO\\u001b[31mNE\"]"))
	f := devicesecurity.AdvisoriesValid.Run(csafInput(item))
	if len(f) != 1 || f[0].Message != "device-security.advisories-valid.test-6-1-1" || strings.ContainsRune(f[0].Args["found"]+f[0].Places[0].Quote, 0x1b) || f[0].Places[0].Line == 0 {
		t.Errorf("a control character, or no place: %+v", f)
	}
}

// Every mandatory test and every problem of a schema has its sentence.
func TestAdvisorySentences(t *testing.T) {
	t.Parallel()
	used := map[string]bool{"many-fields": true} // a number off its scale is told by test 6.1.8
	for _, w := range strings.Fields("type missing word form short few few-fields twice more none other-version") {
		used[w] = true
	}
	provider := maps.Clone(used)
	delete(provider, "many-fields")
	for _, id := range advisory.Tests() {
		used["test-"+strings.ReplaceAll(id, ".", "-")] = true
	}
	used["valid"], used["newer-weakness"] = true, true
	checktest.Sentences(t, devicesecurity.AdvisoriesValid, used)
	for _, w := range strings.Fields("sound no-distribution no-key no-https future text-differs contact-elsewhere") {
		provider[w] = true
	}
	checktest.Sentences(t, devicesecurity.AdvisoryProvider, provider)
}

func TestAdvisoryProvider(t *testing.T) {
	t.Parallel()
	const txt = "Contact: mailto:a@tarnwick.example\nExpires: 2027-06-30T00:00:00Z\n"
	const address = "https://tarnwick.example/.well-known/csaf/provider-metadata.json"
	for _, c := range []struct {
		name    string
		changes []string
		txt     string
		want    []string
	}{
		{"sound", nil, "", []string{"passed sound"}},
		{"sound, and security.txt leads there", nil, txt + "CSAF: https://Tarnwick.example/.well-known/csaf/provider-metadata.json\n", []string{"passed sound"}},
		{"security.txt is silent", nil, txt, []string{"passed sound"}},
		{"security.txt leads elsewhere", nil, txt + "CSAF: https://tarnwick.example/csaf/provider-metadata.json\n", []string{"failed text-differs"}},
		{"security.txt leads to two", nil, txt + "CSAF: https://other.example/provider-metadata.json\nCSAF: " + address + "\n", []string{"passed sound"}},
		{"no distribution", []string{`"distributions"`, `"x"`}, "", []string{"failed no-distribution"}},
		{"no distribution of a publisher", []string{`"distributions"`, `"x"`, "csaf_trusted_provider", "csaf_publisher"}, "", []string{"passed sound"}},
		{"no key", []string{`"public_openpgp_keys"`, `"x"`}, "", []string{"failed no-key"}},
		{"no key of a provider", []string{`"public_openpgp_keys"`, `"x"`, "csaf_trusted_provider", "csaf_provider"}, "", []string{"passed sound"}},
		{"without TLS", []string{"https://tarnwick.example/csaf/feed", "http://tarnwick.example/csaf/feed"}, "", []string{"failed no-https"}},
		{"from the future", []string{"2026-10-12T", "2026-11-24T"}, "", []string{"failed future"}},
		{"from the other side of the world", []string{"2026-10-12T", "2026-11-23T"}, "", []string{"passed sound"}},
		{"on another domain", []string{"tarnwick.example", "advisories.example"}, "", []string{"cantTell contact-elsewhere"}},
		{"no schema", []string{`"csaf_trusted_provider"`, `"boss"`, `"list_on_CSAF_aggregators": true`, `"list_on_CSAF_aggregators": "yes"`}, "", []string{"failed type", "failed word"}},
		{"another version", []string{`"metadata_version": "2.0"`, `"metadata_version": "2.1"`}, "", []string{"cantTell other-version"}},
	} {
		items := []check.Item{csafItem(t, csafFile(t, csafProvider, c.changes...))}
		if c.txt != "" {
			items = append(items, txtItem(t, c.txt))
		}
		got := csafOutcomes(t, devicesecurity.AdvisoryProvider, devicesecurity.AdvisoryProvider.Run(csafInput(items...)))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", c.name, diff)
		}
	}
	got := csafOutcomes(t, devicesecurity.AdvisoryProvider, devicesecurity.AdvisoryProvider.Run(csafInput(csafItem(t, csafFile(t, csafAdvisory)))))
	if diff := cmp.Diff([]string{"untested none"}, got); diff != "" {
		t.Errorf("an advisory alone: got (-want +got)\n%s", diff)
	}
}

// Nothing a file says makes a check break off.
func TestAdvisoriesHostile(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		`{"document":1}`, `{"document":{},"vulnerabilities":[1,{"scores":[{"cvss_v3":7}]}]}`, `{"canonical_url":[]}`, `{"aggregator_version":"2.0"}`,
		`{"canonical_url":"%zz","role":"csaf_provider","distributions":[{"directory_url":"::"}],"last_updated":"9999-99-99T99:99:99Z"}`,
	} {
		in := csafInput(csafItem(t, content), txtItem(t, "CSAF: :\n"))
		for _, c := range []check.Check{devicesecurity.AdvisoriesValid, devicesecurity.AdvisoryProvider} {
			fs := c.Run(in)
			checktest.Sound(t, c, fs)
			for _, f := range fs {
				if f.Outcome == iotmark.Passed {
					t.Errorf("%s: %s passed %s", content, c.ID, f.Message)
				}
			}
		}
	}
}
