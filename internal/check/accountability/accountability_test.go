package accountability_test

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
	"github.com/open-iot-mark/iotmark/internal/message"
	"go.yaml.in/yaml/v3"
)

// thermostat is the product that the tables speak about.
func thermostat() *iotmark.Declaration {
	return &iotmark.Declaration{
		Product: iotmark.Product{Name: "Hearth Thermostat 2", Model: "NH-T2", Kind: "thermostat"},
		Maker:   iotmark.Maker{Name: "Nettle Home Ltd", Brand: "Nettle"},
		Support: iotmark.Support{
			UpdatesUntil: "2034-03-31",
			History:      []iotmark.Promise{{Set: "2026-02-16", Until: "2033-03-31"}},
		},
	}
}

// item is a text in the dossier to which the claim points.
func item(t *testing.T, id, file, content string) check.Item {
	t.Helper()
	f, err := text.Reader.Read(context.Background(), evidence.NewSource(file, []byte(content)), evidence.DefaultLimits())
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return check.Item{
		Evidence: iotmark.Evidence{ID: iotmark.EvidenceID(id), Kind: iotmark.KindWebPage, Title: id, Path: file},
		Standing: iotmark.Held, Reader: "text", Facts: f, Claimed: true,
	}
}

// maybe reads a text that may be none.
func maybe(file, content string) (check.Item, bool) {
	f, err := text.Reader.Read(context.Background(), evidence.NewSource(file, []byte(content)), evidence.DefaultLimits())
	if err != nil {
		return check.Item{}, false
	}
	return check.Item{Evidence: iotmark.Evidence{ID: "page"}, Standing: iotmark.Held, Reader: "text", Facts: f, Claimed: true}, true
}

func input(items ...check.Item) check.Input {
	return check.Input{Declaration: thermostat(), Items: items, AsOf: "2026-11-22"}
}

func table(t *testing.T, file string, to any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(to); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// said returns the last parts of the messages, and notes each as seen.
func said(c check.Check, fs []iotmark.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, strings.TrimPrefix(string(f.Message), string(c.ID)+"."))
	}
	return out
}

// words are read once; fuzzing asks for them with each input.
var words = sync.OnceValue(message.English)

var open = regexp.MustCompile(`<no value>|\{\{|%!`)

// sound is what holds for every finding: words without gaps, short quotes,
// and places in evidence that was looked at.
func sound(t *testing.T, c check.Check, fs []iotmark.Finding) {
	t.Helper()
	w := words()
	if len(fs) == 0 {
		t.Error("no finding")
	}
	for _, f := range fs {
		s := w.Say(f.Message, f.Args)
		if s == string(f.Message) || open.MatchString(s) {
			t.Errorf("%s says %q", f.Message, s)
		}
		if !strings.HasPrefix(string(f.Message), string(c.ID)+".") {
			t.Errorf("%s is not a message of %s", f.Message, c.ID)
		}
		for _, p := range f.Places {
			if len([]rune(p.Quote)) > 200 {
				t.Errorf("%s quotes %d characters", f.Message, len([]rune(p.Quote)))
			}
			if p.Evidence != "" && !slices.Contains(f.Basis, p.Evidence) {
				t.Errorf("%s points to %s, which is not in its basis", f.Message, p.Evidence)
			}
		}
	}
}

// wordsUsed reports which words of a check no test has seen.
func wordsUsed(t *testing.T, c check.Check, seen map[string]bool) {
	t.Helper()
	prefix := string(c.ID) + "."
	for _, id := range words().IDs() {
		if rest, ok := strings.CutPrefix(string(id), prefix); ok && !seen[rest] {
			t.Errorf("%s has words that nothing says", id)
		}
	}
}

func complete(t *testing.T, c check.Check) {
	t.Helper()
	if !c.ID.Valid() || c.Version < 1 || c.Title == "" || c.What == "" || c.Why == "" || c.Satisfy == "" || c.Limits == "" || len(c.Cites) == 0 || c.Certainty == "" || c.Run == nil {
		t.Errorf("%s: metadata is not complete", c.ID)
	}
}
