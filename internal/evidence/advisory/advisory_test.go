package advisory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/advisory"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

func read(t testing.TB, b []byte) (*advisory.Facts, error) {
	t.Helper()
	f, err := advisory.Reader.Read(t.Context(), evidence.NewSource("x.json", b), evidence.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return f.(*advisory.Facts), nil
}

func mustRead(t testing.TB, b []byte) *advisory.Facts {
	t.Helper()
	f, err := read(t, b)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	back := advisory.Reader.New()
	if err := json.Unmarshal(raw, back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, back); diff != "" {
		t.Errorf("facts changed on their way through JSON (-want +got)\n%s", diff)
	}
	return f
}

// failing names the tests that fail, and "schema" where the schema is broken.
func failing(f *advisory.Facts) string {
	var out []string
	if len(f.Problems) > 0 {
		out = append(out, "schema")
	}
	for _, x := range f.Failures {
		out = append(out, x.Test)
	}
	return strings.Join(out, " ")
}

// base returns a fresh copy of testdata/base.json: a VEX that uses every
// part of the standard and breaks no rule.
func base(t testing.TB) map[string]any {
	t.Helper()
	b, err := os.ReadFile("testdata/base.json")
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// put changes the value at a JSON pointer; - appends to a list, and a value
// "gone" takes away.
func put(t testing.TB, doc map[string]any, pointer, value string) {
	t.Helper()
	var v any
	if value != "gone" {
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			t.Fatalf("%s: %v", value, err)
		}
	}
	parts := strings.Split(pointer, "/")[1:]
	var walk func(at any, parts []string) any
	walk = func(at any, parts []string) any {
		if len(parts) == 0 {
			return v
		}
		switch x := at.(type) {
		case map[string]any:
			if len(parts) == 1 && value == "gone" {
				if _, ok := x[parts[0]]; !ok {
					t.Fatalf("nothing to take away at %s", pointer)
				}
				delete(x, parts[0])
				return x
			}
			x[parts[0]] = walk(x[parts[0]], parts[1:])
			return x
		case []any:
			if parts[0] == "-" {
				return append(x, v)
			}
			i, err := strconv.Atoi(parts[0])
			if err != nil || i >= len(x) {
				t.Fatalf("nothing at %s", pointer)
			}
			if len(parts) == 1 && value == "gone" {
				return slices.Delete(x, i, i+1)
			}
			x[i] = walk(x[i], parts[1:])
			return x
		case nil:
			return map[string]any{parts[0]: walk(nil, parts[1:])}
		}
		t.Fatalf("nothing at %s", pointer)
		return nil
	}
	walk(doc, parts)
}

// changed returns base.json with changes, pairs of pointer and value.
func changed(t testing.TB, pairs ...string) []byte {
	t.Helper()
	doc := base(t)
	for i := 0; i+1 < len(pairs); i += 2 {
		put(t, doc, pairs[i], pairs[i+1])
	}
	b, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What SOURCES.md says of the two real advisories.
func TestReal(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		title, vendor string
		cves          []string
		products      int
	}{
		"csaf/icsa-24-214-07.json": {"AVTECH IP camera", "AVTECH SECURITY Corporation", []string{"CVE-2024-7029"}, 1},
		"csaf/icsa-24-030-04.json": {"Hitron Systems Security Camera DVR", "Hitron Systems",
			[]string{"CVE-2024-22768", "CVE-2024-22769", "CVE-2024-22770", "CVE-2024-22771", "CVE-2024-22772", "CVE-2024-23842"}, 6},
	} {
		b := samples.Read(t, name)
		if !advisory.Reader.Sniff(name, b[:evidence.SniffLen]) {
			t.Errorf("%s was not sniffed", name)
		}
		f := mustRead(t, b)
		if !f.Valid() {
			t.Errorf("%s: %+v %+v", name, f.Problems, f.Failures)
		}
		a := f.Advisory
		var cves []string
		for _, v := range a.Vulnerabilities {
			cves = append(cves, v.CVE)
			if len(v.Scores) != 1 || v.Scores[0].Version != "3.1" || v.Scores[0].Base == "" || len(v.Status[advisory.KnownAffected]) != 1 || len(v.Remediations) == 0 {
				t.Errorf("%s: %+v", name, v)
			}
		}
		if diff := cmp.Diff(want.cves, cves); diff != "" || a.Title != want.title || len(a.Products) != want.products || a.Products[0].Vendor != want.vendor {
			t.Errorf("%s: got %+v (-want +got)\n%s", name, a, diff)
		}
		if a.Publisher.Name != "CISA" || a.TLP != "WHITE" || a.Status != "final" || f.ContentDate() != iotmark.Date(a.Released[:10]) {
			t.Errorf("%s: %+v %s", name, a.Publisher, f.ContentDate())
		}
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	f := mustRead(t, changed(t))
	if got := failing(f); got != "" {
		t.Fatalf("base.json breaks %s: %+v %+v", got, f.Problems, f.Failures)
	}
	a := f.Advisory
	for i := range a.Products {
		a.Products[i].Line = 0
	}
	want := []advisory.Product{
		{ID: "OLD", Name: "Hearth Thermostat 2 before 2.4.0", Vendor: "Nettle Home", Product: "Hearth Thermostat 2", Range: "vers:semver/<2.4.0"},
		{ID: "NEW", Name: "Hearth Thermostat 2 2.4.0", Vendor: "Nettle Home", Product: "Hearth Thermostat 2", Version: "2.4.0"},
		{ID: "APP", Name: "Nettle app 5"},
		{ID: "BOTH", Name: "Web server of the thermostat"},
	}
	if diff := cmp.Diff(want, a.Products); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	v := a.Vulnerabilities[0]
	v.Line = 0
	if diff := cmp.Diff(advisory.Vulnerability{
		CVE: "CVE-2026-1001", IDs: []string{"Nettle 17"}, Title: "The same password", CWE: "CWE-798",
		Scores: []advisory.Score{
			{Version: "2.0", Vector: "AV:N/AC:L/Au:N/C:C/I:C/A:C", Base: "10", Products: []string{"OLD", "BOTH"}},
			{Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:F/RL:O/RC:C", Base: "9.8", Severity: "CRITICAL", Products: []string{"OLD", "BOTH"}},
		},
		Status: map[advisory.Status][]string{"known_affected": {"OLD", "BOTH"}, "known_not_affected": {"APP"}, "fixed": {"NEW"}, "recommended": {"NEW"}},
		Remediations: []advisory.Remediation{{Category: "vendor_fix", Date: "2026-10-02T00:00:00Z", Details: "Install 2.4.0.",
			URL: "https://nettle.example/updates", Products: []string{"OLD", "BOTH"}}},
		References: []advisory.Reference{{Category: "self", Summary: "This", URL: "https://nettle.example/security/2026-001.json"}},
	}, v); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	if !a.VEX() || a.ID != "NH-2026-001" || a.Revision != "2" || len(a.History) != 2 || f.ContentDate() != "2026-10-02" || a.Cut {
		t.Errorf("got %+v", a)
	}
	if p, ok := a.Product("APP"); !ok || p.Name != "Nettle app 5" {
		t.Errorf("got %+v", p)
	}
}

const providerFile = `{
  "canonical_url": "https://nettle.example/.well-known/csaf/provider-metadata.json",
  "distributions": [
    {"directory_url": "https://nettle.example/csaf/"},
    {"rolie": {"feeds": [{"summary": "All.", "tlp_label": "WHITE", "url": "https://nettle.example/csaf/feed-tlp-white.json"}]}}
  ],
  "last_updated": "2026-10-02T10:00:00Z",
  "list_on_CSAF_aggregators": true,
  "metadata_version": "2.0",
  "mirror_on_CSAF_aggregators": false,
  "public_openpgp_keys": [{"fingerprint": "8F5F267907B2C4559DB360DB2294BA7D2B2298B1", "url": "https://nettle.example/key.asc"}],
  "publisher": {"category": "vendor", "name": "Nettle Home Ltd", "namespace": "https://nettle.example"},
  "role": "csaf_trusted_provider"
}`

const aggregatorFile = `{
  "aggregator": {"category": "lister", "name": "A list", "namespace": "https://list.example"},
  "aggregator_version": "2.0",
  "canonical_url": "https://list.example/.well-known/csaf-aggregator/aggregator.json",
  "csaf_providers": [{"metadata": {"last_updated": "2026-10-02T10:00:00Z", "publisher": {"category": "vendor", "name": "N", "namespace": "https://nettle.example"},
    "url": "https://nettle.example/.well-known/csaf/provider-metadata.json"}}],
  "last_updated": "2026-10-03T10:00:00Z"
}`

func TestProviderAndAggregator(t *testing.T) {
	t.Parallel()
	p := mustRead(t, []byte(providerFile))
	if diff := cmp.Diff(&advisory.Facts{Document: advisory.Provider, Version: "2.0", Provider: &advisory.Metadata{
		Canonical: "https://nettle.example/.well-known/csaf/provider-metadata.json", Updated: "2026-10-02T10:00:00Z", Role: "csaf_trusted_provider",
		Publisher:   advisory.Publisher{Category: "vendor", Name: "Nettle Home Ltd", Namespace: "https://nettle.example"},
		List:        true,
		Directories: []string{"https://nettle.example/csaf/"}, Feeds: []advisory.Feed{{URL: "https://nettle.example/csaf/feed-tlp-white.json", TLP: "WHITE"}},
		Keys: []advisory.Key{{URL: "https://nettle.example/key.asc", Fingerprint: "8F5F267907B2C4559DB360DB2294BA7D2B2298B1"}},
	}}, p); diff != "" || p.ContentDate() != "2026-10-02" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	a := mustRead(t, []byte(aggregatorFile))
	if diff := cmp.Diff(&advisory.Facts{Document: advisory.Aggregator, Version: "2.0", Aggregator: &advisory.Collection{
		Canonical: "https://list.example/.well-known/csaf-aggregator/aggregator.json", Updated: "2026-10-03T10:00:00Z", Category: "lister", Name: "A list",
		Providers: []string{"https://nettle.example/.well-known/csaf/provider-metadata.json"},
	}}, a); diff != "" || a.ContentDate() != "2026-10-03" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	for _, b := range []string{providerFile, aggregatorFile} {
		if !advisory.Reader.Sniff("x", []byte(b)) {
			t.Error("not sniffed")
		}
	}
}

// A problem says where it is and what would be right.
func TestProblems(t *testing.T) {
	t.Parallel()
	f := mustRead(t, changed(t,
		"/document/title", `""`, "/document/tracking/status", `"ready"`, "/document/publisher/name", "gone",
		"/document/tracking/current_release_date", `"2 October 2026"`, "/vulnerabilities/0/scores/0/cvss_v3/baseScore", `11`))
	for i := range f.Problems {
		if f.Problems[i].Line == 0 {
			t.Errorf("no line: %+v", f.Problems[i])
		}
		f.Problems[i].Line = 0
	}
	want := []advisory.Problem{
		{ID: "missing", Pointer: "/document/publisher", Want: "name"},
		{ID: "short", Pointer: "/document/title", Want: "1"},
		{ID: "form", Pointer: "/document/tracking/current_release_date", Want: "2026-10-02T10:00:00Z", Found: "2 October 2026"},
		{ID: "word", Pointer: "/document/tracking/status", Want: "draft, final, interim", Found: "ready"},
	}
	if diff := cmp.Diff(want, f.Problems); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	if got := failing(f); got != "schema 6.1.8 6.1.9" || f.Failures[0].At[0].Pointer != "/vulnerabilities/0/scores/0/cvss_v3/baseScore" {
		t.Errorf("got %s %+v", got, f.Failures)
	}
}

// An advisory of another version is named, and not judged by the rules of
// 2.0.
func TestOtherVersion(t *testing.T) {
	t.Parallel()
	f := mustRead(t, changed(t, "/document/csaf_version", `"2.1"`, "/document/title", "gone"))
	if f.Judged() || f.Valid() || f.Version != "2.1" || failing(f) != "" || f.Advisory.ID != "NH-2026-001" {
		t.Errorf("got %+v", f)
	}
	if f = mustRead(t, changed(t, "/document/csaf_version", `"old"`)); !f.Judged() || failing(f) != "schema" {
		t.Errorf("got %+v", f)
	}
	if f = mustRead(t, changed(t, "/document/csaf_version", "gone")); failing(f) != "schema" {
		t.Errorf("got %+v", f)
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		`{"document":{"category":"x","csaf_version":"2.0"}}`:          true,
		"\ufeff {\n \"document\" : { \"acknowledgments\": [":          true,
		`{"document":{"aggregate_severity":{`:                         true,
		`{"canonical_url":"https://a.example/provider-metadata.json"`: true,
		`{"mirror_on_CSAF_aggregators": true}`:                        true,
		`{"document":{"id":"SPDXRef"}}`:                               false,
		`{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x"}`:      false,
		`{"bomFormat":"CycloneDX"}`:                                   false,
		`<p>our csaf_version</p>`:                                     false,
		`"csaf_version": "2.0"`:                                       false,
		``:                                                            false,
		`{"openapi":"3.1.0","paths":{"/csaf":{"description":"csaf_version 2.0"}}}`: false,
	} {
		if got := advisory.Reader.Sniff("x.json", []byte(in)); got != want {
			t.Errorf("%s: got %v", in, got)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	id := func(b []byte, lim evidence.Limits) iotmark.ErrorID {
		_, err := advisory.Reader.Read(t.Context(), evidence.NewSource("x", b), lim)
		if e, ok := errors.AsType[*iotmark.Error](err); ok {
			return e.ID
		}
		return ""
	}
	std := evidence.DefaultLimits()
	edit := func(f func(*evidence.Limits)) evidence.Limits { l := std; f(&l); return l }
	ids := func(n int) string {
		return `["` + strings.Join(strings.Fields(strings.Repeat("NEW ", n)), `","`) + `"]`
	}
	flags := `[` + strings.Repeat(`{"group_ids":["H"],"label":"x"},`, 2999) + `{}]`
	for _, c := range []struct {
		name string
		b    []byte
		lim  evidence.Limits
		want iotmark.ErrorID
	}{
		{"no JSON", []byte(`{"document":`), std, "malformed"},
		{"a list", []byte(`["csaf_version"]`), std, "malformed"},
		{"nothing of the kind", []byte(`{"csaf_version":"2.0"}`), std, "malformed"},
		{"a name twice", []byte(`{"document":{"title":"a","title":"b"}}`), std, "malformed"},
		{"not UTF-8", []byte("{\"document\":{\"title\":\"\xff\"}}"), std, "malformed"},
		{"too large", changed(t), edit(func(l *evidence.Limits) { l.Bytes = 100 }), "too-large"},
		{"too deep", []byte(`{"document":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + "}"), std, "too-deep"},
		{"too many", changed(t), edit(func(l *evidence.Limits) { l.Entries = 20 }), "too-many"},
		{"more bytes than this reader takes", make([]byte, 33<<20), std, "too-large"},
		{"groups within flags, thousands of times", changed(t, "/product_tree/product_groups/-", `{"group_id":"H","product_ids":`+ids(20_000)+`}`,
			"/vulnerabilities/0/flags", flags), std, "too-many"},
	} {
		if got := id(c.b, c.lim); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := advisory.Reader.Read(ctx, evidence.NewSource("x", changed(t)), std); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader that was stopped went on: %v", err)
	}
}

// Lists that are told are bounded, and what is left out is counted.
func TestBounds(t *testing.T) {
	t.Parallel()
	f := mustRead(t, changed(t, "/document/notes", `[`+strings.Repeat(`{},`, 299)+`{}]`))
	if len(f.Problems) != 100 || f.More != 500 {
		t.Errorf("got %d problems and %d more", len(f.Problems), f.More)
	}
	f = mustRead(t, changed(t, "/vulnerabilities/0/product_status/fixed", `["`+strings.Join(strings.Fields(strings.Repeat("X ", 40)), `","`)+`"]`))
	for _, x := range f.Failures {
		if x.Test == "6.1.1" && (x.Count != 40 || len(x.At) != 10) {
			t.Errorf("got %d of %d", len(x.At), x.Count)
		}
	}
	var b strings.Builder
	for i := range 5_100 {
		fmt.Fprintf(&b, `{"name":"p","product_id":"P%d"},`, i)
	}
	f = mustRead(t, changed(t, "/product_tree/full_product_names", `[`+b.String()+`{"name":"`+strings.Repeat("long", 400)+`","product_id":"APP"}]`))
	if len(f.Advisory.Products) != 5_000 || !f.Advisory.Cut || failing(f) != "" {
		t.Errorf("got %d products, %v, %s", len(f.Advisory.Products), f.Advisory.Cut, failing(f))
	}
	// A chain of relationships as long as the file is walked, not climbed.
	b.Reset()
	for i := range 60_000 {
		fmt.Fprintf(&b, `{"category":"installed_on","full_product_name":{"name":"r","product_id":"R%d"},"product_reference":"R%d","relates_to_product_reference":"APP"},`, i, i+1)
	}
	f = mustRead(t, changed(t, "/product_tree/relationships", `[`+b.String()+`{"category":"installed_on","full_product_name":{"name":"r","product_id":"R60000"},"product_reference":"R0","relates_to_product_reference":"APP"}]`))
	if !strings.Contains(failing(f), "6.1.3") {
		t.Errorf("a long circle was not seen: %s", failing(f))
	}
}

func FuzzRead(f *testing.F) {
	f.Add(changed(f))
	f.Add([]byte(providerFile))
	f.Add([]byte(aggregatorFile))
	f.Fuzz(func(t *testing.T, b []byte) {
		lim := evidence.DefaultLimits()
		lim.Bytes, lim.Entries = 1<<20, 20_000
		got, err := advisory.Reader.Read(t.Context(), evidence.NewSource("x", b), lim)
		if err != nil {
			if e, ok := errors.AsType[*iotmark.Error](err); !ok || !advisory.Reader.MayTell(e.ID) {
				t.Fatalf("an unexpected failure: %v", err)
			}
			return
		}
		facts := got.(*advisory.Facts)
		if len(facts.Problems) > 100 {
			t.Fatalf("%d problems", len(facts.Problems))
		}
		raw, err := json.Marshal(facts)
		if err != nil {
			t.Fatal(err)
		}
		back := advisory.Reader.New()
		if err := json.Unmarshal(raw, back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, back); diff != "" {
			t.Fatalf("facts changed on their way through JSON (-want +got)\n%s", diff)
		}
	})
}
