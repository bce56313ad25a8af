package provenance_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// list reads bytes as a list of components and makes an item of them.
func list(t testing.TB, id iotmark.EvidenceID, b []byte) check.Item {
	t.Helper()
	v, err := sbom.Reader.Read(context.Background(), evidence.NewSource("x", b), evidence.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return check.Item{
		Evidence: iotmark.Evidence{ID: id, Kind: iotmark.KindSBOM, Title: "Software components"},
		Standing: iotmark.Held, Reader: "sbom", Facts: v,
	}
}

// example returns the list of the example dossier, and a declaration that
// fits it.
func example(t testing.TB) ([]byte, *iotmark.Declaration) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(samples.Root(), "testdata/products/example/evidence/sbom-device-3.2.0.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	return b, &iotmark.Declaration{
		Maker: iotmark.Maker{Name: "Nettle Home Ltd", Brand: "Nettle"},
		Software: []iotmark.Software{
			{Part: iotmark.Device, Version: "3.2.0", Released: "2026-10-02", SBOM: "sbom"},
			{Part: iotmark.Device, Version: "3.1.2", Released: "2026-07-14"},
			{Part: iotmark.Cloud, Version: "77", Released: "2026-11-01"},
		},
	}
}

// swap replaces a text that must be there.
func swap(t testing.TB, b []byte, old, new string) []byte {
	t.Helper()
	if !bytes.Contains(b, []byte(old)) {
		t.Fatalf("the example does not hold %s", old)
	}
	return bytes.Replace(b, []byte(old), []byte(new), 1)
}

// said writes findings as "outcome message", in their order, without the id
// of the check.
func said(c check.Check, fs []iotmark.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, string(f.Outcome)+" "+strings.TrimPrefix(string(f.Message), string(c.ID)+"."))
	}
	return out
}

// words holds the words of a check against the messages its tests met, both
// ways, and against a few rules of writing.
func words(t *testing.T, c check.Check, met []iotmark.Finding) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(samples.Root(), "internal/message/en", string(c.ID)+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var entries map[string]any
	if err := yaml.Unmarshal(raw, &entries); err != nil {
		t.Fatal(err)
	}
	w := message.English()
	seen := map[string]bool{}
	for _, f := range met {
		seen[string(f.Message)] = true
		s := w.Say(f.Message, f.Args)
		if s == string(f.Message) || strings.Contains(s, "<no value>") || strings.Contains(s, "{{") {
			t.Errorf("%s %v says %q", f.Message, f.Args, s)
		}
		for _, r := range s {
			if r == '\u2014' || r == '\u201c' || r == '\u2019' {
				t.Errorf("%s says %q", f.Message, s)
			}
		}
	}
	if d := missing(entries, seen); len(d) > 0 {
		t.Errorf("no test met the words of %v", d)
	}
	for id := range seen {
		if _, ok := entries[id]; !ok {
			t.Errorf("%s has no words", id)
		}
	}
}

func missing(entries map[string]any, seen map[string]bool) []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(entries)) {
		if !seen[id] {
			out = append(out, id)
		}
	}
	return out
}

// many writes a list of n good components; the first k go through change.
func many(n, k int, change func(string) string) []byte {
	var cs []string
	for i := range n {
		c := fmt.Sprintf(`{"type":"library","name":"c%d","version":"1","purl":"pkg:github/o/c%d@1","licenses":[{"license":{"id":"MIT"}}]}`, i, i)
		if i < k {
			c = change(c)
		}
		cs = append(cs, c)
	}
	return []byte(`{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"2026-10-02T09:00:00Z","tools":[{"name":"t"}],"component":{"type":"firmware","name":"p","version":"3.2.0"}},"components":[` + strings.Join(cs, ",\n") + `]}`)
}

func without(part string) func(string) string {
	return func(c string) string { return strings.Replace(c, part, "", 1) }
}

// complete holds what every check must say of itself.
func complete(t *testing.T, c check.Check) {
	t.Helper()
	if !c.ID.Valid() || c.ID.Topic() != iotmark.Provenance || c.Version < 1 || c.Run == nil {
		t.Errorf("%s: id, version or function", c.ID)
	}
	for name, s := range map[string]string{"Title": c.Title, "What": c.What, "Why": c.Why, "Satisfy": c.Satisfy, "Limits": c.Limits, "Cites": strings.Join(c.Cites, ";"), "Certainty": string(c.Certainty)} {
		if s == "" {
			t.Errorf("%s has no %s", c.ID, name)
		}
	}
}
