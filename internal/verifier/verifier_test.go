package verifier_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/samples"
	"github.com/open-iot-mark/iotmark/internal/verifier"
)

func page(t *testing.T, language, trust string) []byte {
	t.Helper()
	b, err := verifier.Page(language, []byte(trust))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func compressed(b []byte) int {
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
	w.Write(b)
	w.Close()
	return z.Len()
}

// The script and the page stay small enough to be read in an evening, and to
// be sent to an old phone. Servers compress with Brotli where the browser takes
// it, as all do that have Ed25519.
func TestWeight(t *testing.T) {
	t.Parallel()
	const mostBrotli, most, mostPage = 8 << 10, 8800, 12 << 10
	weigh := exec.Command(samples.Program(t, "node", "nodejs"), "-e", "process.stdout.write(`${require('zlib').brotliCompressSync(require('fs').readFileSync(0)).length}`)")
	weigh.Stdin = bytes.NewReader(verifier.Script())
	out, err := weigh.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	brotli, err := strconv.Atoi(string(out))
	if err != nil {
		t.Fatal(err)
	}
	zipped := compressed(verifier.Script())
	t.Logf("script %d bytes, %d with gzip, %d with Brotli", len(verifier.Script()), zipped, brotli)
	if zipped > most || brotli > mostBrotli {
		t.Errorf("the script has %d bytes with gzip and %d with Brotli; %d and %d are the most", zipped, brotli, most, mostBrotli)
	}
	for _, l := range verifier.Languages() {
		b := page(t, l, "")
		t.Logf("page in %s: %d bytes, %d compressed", l, len(b), compressed(b))
		if compressed(b) > mostPage {
			t.Errorf("the page in %s has %d bytes compressed; %d are the most", l, compressed(b), mostPage)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	for _, l := range verifier.Languages() {
		s := string(page(t, l, `{"domain":"mark.example"}`))
		if strings.Contains(s, "{{") || !strings.Contains(s, `<html lang="`+l+`">`) || !strings.Contains(s, `id="f">{"domain":"mark.example"}</script>`) {
			t.Errorf("the page in %s was not put together:\n%.400s", l, s)
		}
		for _, never := range []string{"http://", "src=", "fetch(", "XMLHttpRequest", "eval(", "innerHTML", "localStorage", "unsafe"} {
			if strings.Contains(s, never) {
				t.Errorf("the page in %s has %q in it", l, never)
			}
		}
	}
	for _, c := range []struct {
		name, language, trust string
		want                  iotmark.ErrorID
	}{
		{"no such language", "xx", "", "language-unknown"},
		{"no JSON", "en", "hello", "trust-malformed"},
		{"ends the element", "en", `{"policy":"# </script><script>alert(1)</script>"}`, "trust-malformed"},
	} {
		_, err := verifier.Page(c.language, []byte(c.trust))
		if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// All languages say the same things.
func TestWords(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("words.json")
	if err != nil {
		t.Fatal(err)
	}
	var words map[string]map[string]string
	if err := json.Unmarshal(raw, &words); err != nil {
		t.Fatal(err)
	}
	names := func(l string) []string { return slices.Sorted(maps.Keys(words[l])) }
	for l, say := range words {
		if d := cmp.Diff(names("en"), names(l)); d != "" {
			t.Errorf("%s (-en +%s):\n%s", l, l, d)
		}
		for id, s := range say {
			if s == "" || strings.Contains(s, "{0}") != strings.Contains(words["en"][id], "{0}") {
				t.Errorf("%s: %s says %q, where English says %q", l, id, s, words["en"][id])
			}
		}
	}
}
