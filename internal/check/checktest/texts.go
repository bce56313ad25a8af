package checktest

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// Thermostat is the product that the tables of texts speak about.
func Thermostat() *iotmark.Declaration {
	return &iotmark.Declaration{
		Product: iotmark.Product{Name: "Hearth Thermostat 2", Model: "NH-T2", Kind: "thermostat"},
		Maker:   iotmark.Maker{Name: "Nettle Home Ltd", Brand: "Nettle"},
		Support: iotmark.Support{
			UpdatesUntil: "2034-03-31",
			History:      []iotmark.Promise{{Set: "2026-02-16", Until: "2033-03-31"}},
		},
	}
}

// Input is the thermostat with evidence.
func Input(items ...check.Item) check.Input {
	return check.Input{Declaration: Thermostat(), Items: items, AsOf: "2026-11-22"}
}

// Text is a text in the dossier to which the claim points.
func Text(t testing.TB, id, file, content string) check.Item {
	t.Helper()
	it, err := readText(id, file, content)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return it
}

// MaybeText reads a text that may be none, as a fuzz test has it.
func MaybeText(file, content string) (check.Item, bool) {
	it, err := readText("page", file, content)
	return it, err == nil
}

func readText(id, file, content string) (check.Item, error) {
	f, err := text.Reader.Read(context.Background(), evidence.NewSource(file, []byte(content)), evidence.DefaultLimits())
	if err != nil {
		return check.Item{}, err
	}
	return check.Item{
		Evidence: iotmark.Evidence{ID: iotmark.EvidenceID(id), Kind: iotmark.KindWebPage, Title: id, Path: file},
		Standing: iotmark.Held, Reader: text.Reader.Name, Facts: f, Claimed: true,
	}, nil
}

// Table decodes a truth table in YAML. A key that the rows do not have is an
// error: it would be a case that is not held.
func Table(t testing.TB, file string, to any) {
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

// Said returns the messages without the check's id.
func Said(c check.Check, fs []iotmark.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, strings.TrimPrefix(string(f.Message), string(c.ID)+"."))
	}
	return out
}

// english is read once; fuzzing asks for it with each input.
var english = sync.OnceValue(message.English)

var open = regexp.MustCompile(`<no value>|\{\{|%!`)

// Sound holds what must be so of every finding: words without gaps, short
// quotes, and places in evidence that was looked at.
func Sound(t testing.TB, c check.Check, fs []iotmark.Finding) {
	t.Helper()
	w := english()
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

// WordsUsed reports which words of a check no test has seen. Seen are
// messages without the check's id.
func WordsUsed(t testing.TB, c check.Check, seen map[string]bool) {
	t.Helper()
	prefix := string(c.ID) + "."
	for _, id := range english().IDs() {
		if rest, ok := strings.CutPrefix(string(id), prefix); ok && !seen[rest] {
			t.Errorf("%s has words that nothing says", id)
		}
	}
}

// Complete holds what every check must say of itself.
func Complete(t testing.TB, c check.Check) {
	t.Helper()
	if !c.ID.Valid() || c.Version < 1 || c.Title == "" || c.What == "" || c.Why == "" || c.Satisfy == "" || c.Limits == "" || len(c.Cites) == 0 || c.Certainty == "" || c.Run == nil {
		t.Errorf("%s: metadata is not complete", c.ID)
	}
}
