package internal_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// files gives the files of the repository whose name ends so, by their path
// from its root. Folders that start with a dot hold what was fetched or built.
func files(t *testing.T, end string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != ".." && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(name, end) {
			out = append(out, strings.TrimPrefix(filepath.ToSlash(name), "../"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func content(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	fuzzFunc   = regexp.MustCompile(`(?m)^func (Fuzz[A-Za-z0-9_]*)\(`)
	readerVar  = regexp.MustCompile(`(?m)^var Reader\b`)
	fuzzHeader = "go test fuzz v1\n"
)

// fuzzers gives the names of the fuzz tests of each folder.
func fuzzers(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, f := range files(t, "_test.go") {
		for _, m := range fuzzFunc.FindAllStringSubmatch(content(t, f), -1) {
			out[path.Dir(f)] = append(out[path.Dir(f)], m[1])
		}
	}
	return out
}

// What reads hostile bytes has a fuzz test.
func TestReadersAreFuzzed(t *testing.T) {
	t.Parallel()
	fuzzed := fuzzers(t)
	readers := 0
	for _, f := range files(t, ".go") {
		if strings.HasPrefix(f, "internal/evidence/") && !strings.HasSuffix(f, "_test.go") && readerVar.MatchString(content(t, f)) {
			readers++
			if dir := path.Dir(f); len(fuzzed[dir]) == 0 {
				t.Errorf("%s has a reader and no fuzz test; write FuzzRead", dir)
			}
		}
	}
	if readers < 8 {
		t.Errorf("only %d readers were found", readers)
	}
}

// Every fuzz test starts from a kept corpus, which go test runs as well; and
// no corpus is left behind by a test that is gone.
func TestFuzzTestsHaveCorpora(t *testing.T) {
	t.Parallel()
	const (
		most  = 8 << 10    // bytes of one input as it is written
		total = 1500 << 10 // bytes of all
	)
	all := 0
	for dir, names := range fuzzers(t) {
		for _, name := range names {
			corpus := path.Join(dir, "testdata/fuzz", name)
			entries, err := os.ReadDir(filepath.Join("..", filepath.FromSlash(corpus)))
			if err != nil || len(entries) == 0 {
				t.Errorf("%s has no kept corpus; run the test with -fuzz for a while and keep a few small inputs of the cache (go env GOCACHE) in %s", name, corpus)
			}
			for _, e := range entries {
				c := content(t, path.Join(corpus, e.Name()))
				all += len(c)
				if !strings.HasPrefix(c, fuzzHeader) {
					t.Errorf("%s/%s is no input of go test", corpus, e.Name())
				}
				if len(c) > most {
					t.Errorf("%s/%s has %d bytes, more than %d; make it smaller", corpus, e.Name(), len(c), most)
				}
			}
		}
		kept, err := os.ReadDir(filepath.Join("..", filepath.FromSlash(dir), "testdata", "fuzz"))
		if err != nil {
			continue // told above
		}
		for _, k := range kept {
			if !slices.Contains(names, k.Name()) {
				t.Errorf("%s/testdata/fuzz/%s belongs to no fuzz test", dir, k.Name())
			}
		}
	}
	if all > total {
		t.Errorf("the corpora have %d bytes together, more than %d", all, total)
	}
}

var (
	fence     = regexp.MustCompile("(?ms)^ *(```|~~~).*?^ *(```|~~~)")
	code      = regexp.MustCompile("`[^`\n]*`")
	mdLink    = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+["'(][^)]*)?\)`)
	mdRef     = regexp.MustCompile(`(?m)^ {0,3}\[[^\]^]+\]:\s*<?(\S+?)>?(?:\s|$)`)
	htmlLink  = regexp.MustCompile(`(?i)(?:src|href|srcset)\s*=\s*["']([^"'\s]+)`)
	heading   = regexp.MustCompile(`(?m)^#{1,6}\s+(.+?)\s*#*$`)
	anchorTag = regexp.MustCompile(`(?i)(?:id|name)\s*=\s*["']([^"']+)`)
	scheme    = regexp.MustCompile(`^(?i:[a-z][a-z0-9+.-]*:|//)`)
	linkText  = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	noSlug    = regexp.MustCompile(`[^\p{L}\p{N}\p{M}_ -]`)
)

// links gives the targets of a Markdown text that are within the repository.
func links(md string) []string {
	md = code.ReplaceAllString(fence.ReplaceAllString(md, ""), "")
	var out []string
	for _, re := range []*regexp.Regexp{mdLink, mdRef, htmlLink} {
		for _, m := range re.FindAllStringSubmatch(md, -1) {
			if !scheme.MatchString(m[1]) {
				out = append(out, m[1])
			}
		}
	}
	return out
}

// anchors gives the names by which parts of a Markdown text can be linked to,
// with headings named as the usual forges name them.
func anchors(md string) map[string]bool {
	out := map[string]bool{}
	md = fence.ReplaceAllString(md, "")
	for _, m := range anchorTag.FindAllStringSubmatch(md, -1) {
		out[m[1]] = true
	}
	for _, m := range heading.FindAllStringSubmatch(md, -1) {
		s := strings.ToLower(linkText.ReplaceAllString(m[1], "$1"))
		s = strings.ReplaceAll(noSlug.ReplaceAllString(s, ""), " ", "-")
		for n, base := 1, s; out[s]; n++ {
			s = base + "-" + strconv.Itoa(n)
		}
		out[s] = true
	}
	return out
}

// deadLinks gives those links of a file that lead nowhere. read returns the
// content of a path, and false when nothing is there.
func deadLinks(file, md string, read func(string) (string, bool)) []string {
	var out []string
	for _, l := range links(md) {
		target, anchor, _ := strings.Cut(l, "#")
		target, _, _ = strings.Cut(target, "?")
		to, text := file, md
		if target != "" {
			if to = path.Join(path.Dir(file), target); strings.HasPrefix(target, "/") {
				to = path.Clean(target[1:])
			}
			var ok bool
			if text, ok = read(to); !ok {
				out = append(out, l)
				continue
			}
		}
		if anchor != "" && strings.HasSuffix(to, ".md") && !anchors(text)[anchor] {
			out = append(out, l)
		}
	}
	return out
}

// Every link and picture of the documents leads to a file that is there, and
// to a heading of it where it names one.
func TestLinksOfDocuments(t *testing.T) {
	t.Parallel()
	read := func(name string) (string, bool) {
		b, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
		if err == nil {
			return string(b), true
		}
		i, err := os.Stat(filepath.Join("..", filepath.FromSlash(name)))
		return "", err == nil && i.IsDir() && !strings.HasPrefix(name, "../")
	}
	n := 0
	for _, f := range files(t, ".md") {
		md := content(t, f)
		n += len(links(md))
		for _, l := range deadLinks(f, md, read) {
			t.Errorf("%s links to %s, which is not there", f, l)
		}
	}
	if n < 20 {
		t.Errorf("only %d links were found", n)
	}
}

func TestDeadLinks(t *testing.T) {
	t.Parallel()
	house := map[string]string{
		"docs/b.md": "# One\n\n## The `two`, and [three](x.md)!\n\n## One\n\n<a id=\"here\"></a>\n",
		"a.png":     "", "docs/sub": "",
	}
	read := func(name string) (string, bool) { s, ok := house[name]; return s, ok }
	for in, want := range map[string]string{
		"[x](b.md)":                             "",
		"[x](./b.md \"title\") and [y](sub/)":   "",
		"![x](../a.png)":                        "",
		"![x](/a.png)":                          "",
		"![x](a.png)":                           "a.png",
		"<img alt='' src=\"../b.png\">":         "../b.png",
		"[x](b.md#one) [x](b.md#one-1)":         "",
		"[x](b.md#the-two-and-three)":           "",
		"[x](b.md#here)":                        "",
		"[x](b.md#two)":                         "b.md#two",
		"# Own\n[x](#own)":                      "",
		"[x](#own)":                             "#own",
		"[x][y]\n\n[y]: gone.md\n":              "gone.md",
		"[x](https://a.example/b) <mailto:a@b>": "",
		"`[x](gone.md)`":                        "",
		"```\n[x](gone.md)\n```\n[x](c.md)":     "c.md",
		"[x](../../b.md)":                       "../../b.md",
	} {
		if got := strings.Join(deadLinks("docs/a.md", in, read), " "); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := slices.Sorted(maps.Keys(anchors(house["docs/b.md"]))); !slices.Equal(got, []string{"here", "one", "one-1", "the-two-and-three"}) {
		t.Errorf("got the anchors %q", got)
	}
}
