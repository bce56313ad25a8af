package advisory_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/open-iot-mark/iotmark/internal/evidence/advisory"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// open takes out what that implementation adds: the schemas of the standard
// let a field through that they do not know.
func open(doc any) {
	switch x := doc.(type) {
	case map[string]any:
		if x["additionalProperties"] == false {
			delete(x, "additionalProperties")
		}
		for _, v := range x {
			open(v)
		}
	case []any:
		for _, v := range x {
			open(v)
		}
	}
}

// schemas compiles the JSON Schemas of OASIS and FIRST, as another
// implementation ships them.
func schemas(t *testing.T) map[advisory.Document]*jsonschema.Schema {
	t.Helper()
	dir := filepath.Join(samples.Folder(t, "github.com/gocsaf/csaf/v3"), "csaf", "schema")
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for url, file := range map[string]string{
		"https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json":       "csaf_json_schema.json",
		"https://docs.oasis-open.org/csaf/csaf/v2.0/provider_json_schema.json":   "provider_json_schema.json",
		"https://docs.oasis-open.org/csaf/csaf/v2.0/aggregator_json_schema.json": "aggregator_json_schema.json",
		"https://www.first.org/cvss/cvss-v2.0.json":                              "cvss-v2.0.json",
		"https://www.first.org/cvss/cvss-v3.0.json":                              "cvss-v3.0.json",
		"https://www.first.org/cvss/cvss-v3.1.json":                              "cvss-v3.1.json",
	} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		open(doc)
		if err := c.AddResource(url, doc); err != nil {
			t.Fatal(err)
		}
	}
	out := map[advisory.Document]*jsonschema.Schema{}
	for kind, url := range map[advisory.Document]string{advisory.Advisories: "csaf", advisory.Provider: "provider", advisory.Aggregator: "aggregator"} {
		s, err := c.Compile("https://docs.oasis-open.org/csaf/csaf/v2.0/" + url + "_json_schema.json")
		if err != nil {
			t.Fatal(err)
		}
		out[kind] = s
	}
	return out
}

// wrongs are what is put in the place of every value in turn.
var wrongs = []any{nil, true, "", "x", " ", "EZ", "2.0", "https://a.example/x", "https://a.example/x.json", "no uri", "http://a b/", "1.0.0-a.b+c", "01",
	"2026-10-02T10:00:00Z", "2026-02-30T10:00:00Z", "2026-10-02", "CVE-2026-1", "CWE-0", "CVSS:3.1/AV:N", "AV:N/XX:Y", "pkg:a/b", "cpe:/o:a:b", "csaf_", "-x", "x-",
	json.Number("0"), json.Number("10.0"), json.Number("-1"), json.Number("1e3"), []any{}, []any{"a"}, []any{"a", "a"}, map[string]any{}, map[string]any{"x": "y"}}

// variants calls f with the document after each of many single changes:
// every value replaced by every wrong one and taken away, every object with
// a field more, every list with its first item twice. Values are replaced
// below one path only.
func variants(t *testing.T, doc any, below string, f func(what string, doc any)) {
	t.Helper()
	var walk func(at any, path string, set func(any))
	walk = func(at any, path string, set func(any)) {
		for _, w := range wrongs {
			if !strings.HasPrefix(path, below) {
				break
			}
			set(w)
			f(fmt.Sprintf("%s = %v", path, w), doc)
		}
		set(at)
		switch x := at.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(x)) {
				v := x[k]
				walk(v, path+"/"+k, func(n any) { x[k] = n })
				delete(x, k)
				f(path+"/"+k+" gone", doc)
				x[k] = v
			}
			x["a name nobody knows"] = "y"
			f(path+" with a field more", doc)
			delete(x, "a name nobody knows")
		case []any:
			for i, v := range x {
				walk(v, fmt.Sprintf("%s/%d", path, i), func(n any) { x[i] = n })
			}
			set(append(slices.Clone(x), x[0]))
			f(path+" with an item twice", doc)
			set(x)
		}
	}
	root := doc.(map[string]any)
	for _, k := range slices.Sorted(maps.Keys(root)) {
		v := root[k]
		walk(v, "/"+k, func(n any) { root[k] = n })
		delete(root, k)
		f("/"+k+" gone", doc)
		root[k] = v
	}
}

// Our rules say the same as the schemas on every single change of documents
// that use every field.
func TestSchemas(t *testing.T) {
	t.Parallel()
	of := schemas(t)
	full, err := os.ReadFile("testdata/base.json")
	if err != nil {
		t.Fatal(err)
	}
	old := strings.NewReplacer(`"version": "3.1"`, `"version": "3.0"`, "CVSS:3.1", "CVSS:3.0").Replace(string(full))
	total := 0
	for _, b := range []string{string(full), old, providerFile, aggregatorFile} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		kind := mustRead(t, []byte(b)).Document
		n, accepted := 0, 0
		below := "/"
		if b == old {
			below = "/vulnerabilities/0/scores" // the rest is as before
		}
		variants(t, doc, below, func(what string, doc any) {
			raw, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			want := of[kind].Validate(doc) == nil
			f, err := read(t, raw)
			if err != nil { // no document of this kind any more
				if want {
					t.Errorf("%s: refused: %v", what, err)
				}
				return
			}
			got := len(f.Problems) == 0 && f.Document == kind && f.Judged()
			for _, x := range f.Failures {
				got = got && x.Test != "6.1.8"
			}
			n++
			if want {
				accepted++
			}
			if got != want {
				t.Errorf("%s: valid is %v, for the schema %v: %+v", what, got, want, f.Problems)
			}
		})
		if accepted < n/200 || accepted > n/2 {
			t.Errorf("%s: of %d changes the schema accepts %d", kind, n, accepted)
		}
		total += n
	}
	if total < 9_000 {
		t.Errorf("only %d changes were tried", total)
	}
	t.Logf("%d changed documents", total)
}
