package cli_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The walks are stories of the whole, told to people: each runs as it stands.
func TestWalks(t *testing.T) { scripts(t, "../../docs/walks", services()) }

// Each test that docs/proof.md names is there, and each of its attacks has a
// test or says that it is not covered.
func TestThreatsAreTried(t *testing.T) {
	t.Parallel()
	folders := map[string]string{"verify": "../../verify"}
	name := regexp.MustCompile("`([a-z]+)\\.((?:Test|Fuzz)[A-Za-z0-9]+)`")
	walk, err := os.ReadFile("../../docs/walks/proof.txtar")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(document(t, "proof.md")) {
		cells := strings.Split(line, " | ")
		if len(cells) != 4 || !regexp.MustCompile(`^\| \d+$`).MatchString(cells[0]) {
			continue
		}
		n++
		if cells[0] != fmt.Sprintf("| %d", n) {
			t.Errorf("attack %d is missing", n)
		}
		named := name.FindAllStringSubmatch(cells[3], -1)
		if len(named) == 0 && !strings.Contains(cells[3], "walk") {
			t.Errorf("attack %d names no test", n)
		}
		for _, m := range named {
			dir := cmp.Or(folders[m[1]], "../"+m[1])
			files, err := filepath.Glob(dir + "/*_test.go")
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				found = found || strings.Contains(string(b), "\nfunc "+m[2]+"(")
			}
			if !found {
				t.Errorf("attack %d: there is no test %s in %s", n, m[2], dir)
			}
		}
		for _, m := range regexp.MustCompile(`walk\S* parts? ([a-z]+)(?: and ([a-z]+))?`).FindAllStringSubmatch(cells[3], -1) {
			for _, part := range m[1:] {
				if part != "" && !strings.Contains(string(walk), "\n# PART "+strings.ToUpper(part)+":") {
					t.Errorf("attack %d: the walk has no part %s", n, part)
				}
			}
		}
	}
	if n != 28 {
		t.Errorf("there are %d attacks, want 28", n)
	}
}
