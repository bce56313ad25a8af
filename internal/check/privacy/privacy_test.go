package privacy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/privacy"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

// notice is a text that a claim on the notice points to.
func notice(t testing.TB, id, content string) check.Item {
	t.Helper()
	f, err := text.Reader.Read(context.Background(), evidence.NewSource(id+".html", []byte(content)), evidence.DefaultLimits())
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return check.Item{
		Evidence: iotmark.Evidence{ID: iotmark.EvidenceID(id), Kind: iotmark.KindWebPage, Title: id},
		Standing: iotmark.Held, Reader: "text", Facts: f, Claimed: true,
	}
}

// page is a notice at an address that nobody fetched.
func page(id string) check.Item {
	return check.Item{Evidence: iotmark.Evidence{ID: iotmark.EvidenceID(id), Kind: iotmark.KindWebPage, Title: id, URL: "https://nettle.example/p"}, Standing: iotmark.Elsewhere, Claimed: true}
}

func thermostat(markets []string, senses ...string) *iotmark.Declaration {
	d := &iotmark.Declaration{
		Product:  iotmark.Product{Name: "Nettle Hearth Thermostat 2", Model: "NH-T2", Markets: markets},
		Maker:    iotmark.Maker{Name: "Nettle Home Ltd", Brand: "Nettle", Website: "https://nettle.example"},
		Contacts: iotmark.Contacts{Privacy: "https://nettle.example/privacy/rights"},
	}
	for _, s := range senses {
		d.Sensors.Items = append(d.Sensors.Items, iotmark.Sensor{Senses: s, What: s})
	}
	return d
}

// outcomes are the findings as "outcome message", without the check's id.
func outcomes(c check.Check, fs []iotmark.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%s %s", f.Outcome, strings.TrimPrefix(string(f.Message), string(c.ID)+".")))
	}
	return out
}

// product is the declaration and the notices of a dossier in testdata.
func product(t *testing.T, name string) check.Input {
	t.Helper()
	dir := filepath.Join("../../../testdata/products", name)
	raw, err := os.ReadFile(filepath.Join(dir, "iotmark.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var tree yaml.Node
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	plainDates(&tree)
	var v any
	if err := tree.Decode(&v); err != nil {
		t.Fatal(err)
	}
	js, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := new(iotmark.Declaration)
	if err := json.Unmarshal(js, d); err != nil {
		t.Fatal(err)
	}
	in := check.Input{Declaration: d, AsOf: "2026-11-20"}
	claimed := d.Claims["privacy.notice-accessible"].Evidence
	for _, e := range d.Evidence {
		if !slices.Contains(claimed, e.ID) || e.Path == "" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Path))
		if err != nil {
			t.Fatal(err)
		}
		it := notice(t, string(e.ID), string(b))
		it.Evidence = e
		in.Items = append(in.Items, it)
	}
	return in
}

// plainDates makes dates text, as the declaration wants them.
func plainDates(n *yaml.Node) {
	if n.Tag == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, c := range n.Content {
		plainDates(c)
	}
}

// worst is the outcome that decides.
func worst(fs []iotmark.Finding) iotmark.Outcome {
	o := iotmark.Untested
	for _, f := range fs {
		o = o.Weightier(f.Outcome)
	}
	return o
}

func TestProducts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"careful", "average", "disaster"} {
		raw, err := os.ReadFile(filepath.Join("../../../testdata/products", name, "truth.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []check.Check{privacy.NoticeFitsProduct, privacy.NoticeReadable} {
			m := regexp.MustCompile(regexp.QuoteMeta(string(c.ID)) + `: ([a-zA-Z]+)`).FindSubmatch(raw)
			if m == nil {
				t.Errorf("%s: no truth of %s", name, c.ID)
				continue
			}
			fs := c.Run(product(t, name))
			checktest.Wholesome(t, fs)
			if got := worst(fs); string(got) != string(m[1]) {
				t.Errorf("%s, %s: got %s, want %s: %v", name, c.ID, got, m[1], outcomes(c, fs))
			}
		}
	}
}
