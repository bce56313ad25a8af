package cli_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/catalogue"
	procedures "github.com/open-iot-mark/iotmark/internal/scheme"
)

// The walks are stories of the whole, told to people: each runs as it stands.
func TestWalks(t *testing.T) { scripts(t, "../../docs/walks/proof.txtar", services()) }

// folder is where a package stands that a document names by its last word.
func folder(pkg string) string {
	return cmp.Or(map[string]string{"verify": "../../verify", "catalogue": "../../catalogue", "iotmark": "../.."}[pkg], "../"+pkg)
}

// stands reports whether a package has a function, method, type, value or test
// of that name, at the front of a line or in a group.
func stands(t *testing.T, pkg, name string) bool {
	t.Helper()
	files, err := filepath.Glob(folder(pkg) + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^(?:(?:func (?:\([^)]*\) )?|type |var |const )` + name + `\b|\t` + name + ` +[A-Za-z=*\[])`)
	return slices.ContainsFunc(files, func(f string) bool {
		test := strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz")
		if test != strings.HasSuffix(f, "_test.go") {
			return false
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		return declared.Match(b)
	})
}

// Each test that docs/proof.md names is there, and each of its attacks has a
// test or says that it is not covered.
func TestThreatsAreTried(t *testing.T) {
	t.Parallel()
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
			if !stands(t, m[1], m[2]) {
				t.Errorf("attack %d: there is no test %s in %s", n, m[2], folder(m[1]))
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
	if n != 31 {
		t.Errorf("there are %d attacks, want 31", n)
	}
}

// The page of legal musts has each of them once, and names only what is there.
func TestLegalMusts(t *testing.T) {
	t.Parallel()
	var want, got, parts []string
	for _, r := range [][2]int{{1, 7}, {10, 17}, {20, 28}, {30, 39}} {
		for i := r[0]; i <= r[1]; i++ {
			want = append(want, fmt.Sprintf("C-%02d", i))
		}
	}
	rules, bars := map[string]bool{}, map[string]bool{}
	for _, r := range catalogue.Rules() {
		rules[string(r.ID)] = true
	}
	for _, b := range procedures.Bars() {
		bars[string(b.ID)] = true
	}
	page := document(t, "legal-musts.md")
	_, later, _ := strings.Cut(page, "\n## What comes later\n")
	for _, m := range regexp.MustCompile(`(?m)^\| ([a-z]+) \| `).FindAllStringSubmatch(later, -1) {
		if m[1] != "part" {
			parts = append(parts, m[1])
		}
	}
	used := map[string]bool{}
	span := regexp.MustCompile("(lint |bars? )?`([^`]+)`")
	name := regexp.MustCompile(`^([a-z]+)\.([A-Z][A-Za-z0-9]*)$`)
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if !strings.HasPrefix(line, "| C-") {
			continue
		}
		id := strings.TrimPrefix(cells[0], "| ")
		got = append(got, id)
		if len(cells) != 6 || cells[1] == "" || cells[3] == "" {
			t.Errorf("%s has %d cells, want id, requirement, level, source, state and where", id, len(cells))
			continue
		}
		if !strings.HasPrefix(cells[2], "must") && cells[2] != "should" {
			t.Errorf("%s is %q", id, cells[2])
		}
		state, where := cells[4], strings.TrimSuffix(cells[5], " |")
		tests, barred := 0, false
		for _, m := range span.FindAllStringSubmatch(where, -1) {
			barred = strings.HasPrefix(m[1], "bar") || barred && m[1] == "" && !strings.ContainsAny(m[2], "./")
			n := name.FindStringSubmatch(m[2])
			file, key, keyed := strings.Cut(m[2], "#")
			switch {
			case m[1] == "lint ":
				if !rules[m[2]] {
					t.Errorf("%s: there is no lint rule %s", id, m[2])
				}
			case barred:
				if !bars[m[2]] {
					t.Errorf("%s: there is no bar %s", id, m[2])
				}
			case n != nil:
				if strings.HasPrefix(n[2], "Test") {
					tests++
				}
				pkg := n[1]
				if pkg == "cli" {
					pkg = "../internal/cli"
				}
				if !stands(t, pkg, n[2]) {
					t.Errorf("%s: there is no %s in %s", id, n[2], folder(n[1]))
				}
			default:
				b, err := os.ReadFile(filepath.Join("../..", file))
				if err != nil || keyed && !strings.Contains(string(b), "\n"+key+":\n") {
					t.Errorf("%s: there is no %s (%v)", id, m[2], err)
				}
			}
		}
		named := regexp.MustCompile(`\(([a-z]+)\)`).FindAllStringSubmatch(where, -1)
		for _, m := range named {
			used[m[1]] = true
			if !slices.Contains(parts, m[1]) {
				t.Errorf("%s waits for %s, which is not in the list of what comes later", id, m[1])
			}
		}
		switch {
		case state == "held" && (tests == 0 || len(named) > 0):
			t.Errorf("%s is held, by %d tests, and waits for %d parts", id, tests, len(named))
		case state == "partly" && len(named) == 0 && !strings.Contains(where, "people at each edition"):
			t.Errorf("%s is held in part and does not say what brings the rest", id)
		case state == "later" && len(named) == 0:
			t.Errorf("%s comes later and does not say with what", id)
		case !slices.Contains([]string{"held", "partly", "later"}, state):
			t.Errorf("%s is %q", id, state)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the page has %v, want %v", got, want)
	}
	for _, p := range parts {
		if !used[p] {
			t.Errorf("nothing waits for %s", p)
		}
	}
	for _, s := range []struct{ pkg, name string }{{"scheme", "TestNothingOfTheKind"}, {"iotmark", "NoSuchWord"}} {
		if stands(t, s.pkg, s.name) {
			t.Errorf("%s.%s stands and should not", s.pkg, s.name)
		}
	}
}
