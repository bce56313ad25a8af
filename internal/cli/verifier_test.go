package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The program of the page is handed on as it was written, and stands where the
// page links to.
func TestVerifierSource(t *testing.T) {
	t.Parallel()
	written, err := os.ReadFile("../verifier/verifier.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if code, out, errs := iotmark(t, "verifier", "--source"); code != 0 || out != string(written) {
		t.Errorf("--source: exit %d, %d bytes of %d %s", code, len(out), len(written), errs)
	}
	dir := t.TempDir()
	for _, lang := range []string{"en", "de"} { // the second finds the source there
		file := filepath.Join(dir, lang+".html")
		if code, out, errs := iotmark(t, "verifier", "--lang", lang, "--out", file); code != 0 || !strings.Contains(out, file) {
			t.Fatalf("--out: exit %d: %s%s", code, out, errs)
		}
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, alone, _ := iotmark(t, "verifier", "--lang", lang); alone != string(page) {
			t.Errorf("the page in %s is another with --out", lang)
		}
		links := regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(string(page), -1)
		if len(links) == 0 {
			t.Errorf("the page in %s links to no source", lang)
		}
		for _, l := range links {
			if b, err := os.ReadFile(filepath.Join(dir, l[1])); err != nil || string(b) != string(written) {
				t.Errorf("%s is not the source: %v", l[1], err)
			}
		}
	}
	for _, c := range []struct {
		name string
		args []string
		id   string
	}{
		{"a page is there", []string{"--out", filepath.Join(dir, "en.html")}, "file-exists"},
		{"another source is there", []string{"--out", filepath.Join(other(t), "en.html")}, "file-exists"},
		{"both asked for", []string{"--source", "--out", filepath.Join(dir, "x.html")}, "--out writes the source as well"},
	} {
		if code, _, errs := iotmark(t, append([]string{"verifier"}, c.args...)...); code != 2 || !strings.Contains(errs, c.id) {
			t.Errorf("%s: exit %d: %s", c.name, code, errs)
		}
	}
}

// other is a folder with another verifier.mjs.
func other(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "verifier.mjs"), []byte("export const verify = () => 1;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
