package checktest

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// Sentences holds the messages that a check can give, without its id, against
// its sentences, in both directions.
func Sentences(t testing.TB, c check.Check, used map[string]bool) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(samples.Root(), "internal", "message", "en", string(c.ID)+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var words map[string]any
	if err := yaml.Unmarshal(raw, &words); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, w := range slices.Sorted(maps.Keys(used)) {
		want = append(want, string(c.ID)+"."+w)
	}
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(words))); d != "" {
		t.Errorf("messages of the code and their words (-code +words):\n%s", d)
	}
	if bytes.ContainsAny(raw, "\u2018\u2019\u201c\u201d\u2013\u2014") {
		t.Error("the words hold typographic quotes or dashes")
	}
}

var idPlus = regexp.MustCompile(`id\+"([a-z-]+)"`)

// Emits holds the messages that stand in the source of a check, as id+"what",
// against its sentences. Files are those of the test's own folder.
func Emits(t testing.TB, c check.Check, files ...string) {
	t.Helper()
	used := map[string]bool{}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range idPlus.FindAllSubmatch(src, -1) {
			used[string(m[1])] = true
		}
	}
	Sentences(t, c, used)
}

// Wholesome reports what is wrong with findings whatever they say: no words,
// an argument left open, a place without evidence, a quote too long or with
// characters that change how it shows.
func Wholesome(t testing.TB, fs []iotmark.Finding) {
	t.Helper()
	if len(fs) == 0 {
		t.Error("no finding")
	}
	w := english()
	for _, f := range fs {
		if s := w.Say(f.Message, f.Args); s == string(f.Message) || strings.Contains(s, "<no value>") {
			t.Errorf("%s says %q with %v", f.Message, s, f.Args)
		}
		for _, p := range f.Places {
			if p.Evidence == "" || len([]rune(p.Quote)) > 200 || strings.ContainsAny(p.Quote, "\x1b\u202e") {
				t.Errorf("%s: place %+v", f.Message, p)
			}
		}
	}
}
