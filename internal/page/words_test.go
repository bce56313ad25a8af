package page_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// sentences reads a file of words as it stands: id to its forms.
func sentences(t testing.TB, lang, file string) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "message", lang, file))
	if err != nil {
		t.Fatal(err)
	}
	var nodes map[string]yaml.Node
	if err := yaml.Unmarshal(raw, &nodes); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for id, n := range nodes {
		var forms map[string]string
		if n.Kind == yaml.ScalarNode {
			out[id] = []string{n.Value}
		} else if err := n.Decode(&forms); err != nil || forms["one"] == "" || forms["other"] == "" {
			t.Errorf("%s/%s: %s has not both forms, one and other", lang, file, id)
		} else {
			out[id] = []string{forms["other"], forms["one"]}
		}
	}
	return out
}

var argument = regexp.MustCompile(`\{\{?\.?([a-z_ -]+)\}?\}`)

// arguments gives the names that a sentence leaves open.
func arguments(s string) []string {
	var out []string
	for _, m := range argument.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Each id of the pages and the label has words in each language, with the
// same arguments and the same plural forms.
func TestEveryLanguageHasTheWords(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"page.yaml", "date.yaml"} {
		english := sentences(t, "en", file)
		for _, l := range message.Languages()[1:] {
			own := sentences(t, l.Code, file)
			for id, s := range english {
				if len(own[id]) != len(s) {
					t.Errorf("%s: %s has %d forms, in English %d", l.Code, id, len(own[id]), len(s))
					continue
				}
				for i := range s {
					if diff := cmp.Diff(arguments(s[i]), arguments(own[id][i])); diff != "" {
						t.Errorf("%s: %s has other arguments (-en +%s)\n%s", l.Code, id, l.Code, diff)
					}
				}
			}
			for id := range own {
				if english[id] == nil {
					t.Errorf("%s: %s is not there in English", l.Code, id)
				}
			}
		}
	}
}

// Words that the catalogue has in English stand in every other language.
func TestEveryLanguageHasTheCatalogue(t *testing.T) {
	t.Parallel()
	cat := load(t)
	want := map[string]string{}
	for _, tr := range cat.Scheme.Topics {
		want["topic."+string(tr.ID)] = tr.Name
	}
	for _, r := range cat.Label.Facts {
		want["label.fact."+r.ID] = r.Print
		for _, v := range r.Values {
			want["label.value."+r.ID+"."+v.ID] = v.Print
		}
	}
	for _, r := range cat.Label.Answers {
		want["label.question."+r.ID] = r.Question
		for _, v := range r.Values {
			want["label.say."+r.ID+"."+v.ID] = v.Say
		}
	}
	criteria := map[string]string{}
	for _, c := range cat.Criteria {
		criteria["criterion."+string(c.ID)] = c.Consumer
	}
	for _, l := range message.Languages()[1:] {
		for file, want := range map[string]map[string]string{"label.yaml": want, "criteria.yaml": criteria} {
			own := sentences(t, l.Code, file)
			for id, english := range want {
				if len(own[id]) == 0 {
					t.Errorf("%s: %s is missing: %s", l.Code, id, english)
					continue
				}
				for _, s := range own[id][:1] {
					if diff := cmp.Diff(arguments(english), arguments(s)); diff != "" {
						t.Errorf("%s: %s has other arguments (-en +%s)\n%s", l.Code, id, l.Code, diff)
					}
				}
			}
			for id := range own {
				if _, ok := want[id]; !ok && !strings.HasPrefix(id, "kind.") {
					t.Errorf("%s: %s is not in the catalogue", l.Code, id)
				}
			}
		}
	}
}

// The details of the answers are those of label-facts.yaml, sentence by
// sentence.
func TestDetailsAreThoseOfTheCatalogue(t *testing.T) {
	t.Parallel()
	en := sentences(t, "en", "page.yaml")
	open := regexp.MustCompile(`\{\{\.[a-z_]+\}\}|\{month\} \{year\}|\{name\}, \{price\}|\{[a-z -]+\}`)
	for _, r := range load(t).Label.Answers {
		var got []string
		for i := 1; en[fmt.Sprintf("detail.%s.%d", r.ID, i)] != nil; i++ {
			got = append(got, en[fmt.Sprintf("detail.%s.%d", r.ID, i)][0])
		}
		want := open.ReplaceAllString(r.Detail, "_")
		if diff := cmp.Diff(want, open.ReplaceAllString(strings.Join(got, " "), "_")); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", r.ID, diff)
		}
	}
}

// Fixed English words keep to the reading grade and the sentence length of
// the scheme, and spare people the words it lists. Flesch and Kincaid's
// formula is that of the catalogue's linter.
func TestPlainWords(t *testing.T) {
	t.Parallel()
	rules := load(t).Scheme.PlainWords
	all := ""
	for id, forms := range sentences(t, "en", "page.yaml") {
		for _, s := range forms {
			s = argument.ReplaceAllString(s, "one")
			if strings.HasSuffix(s, ".") {
				all += s + " "
				if g := catalogue.Grade(s); g > rules.Grade+3 && len(strings.Fields(s)) > 6 {
					t.Errorf("%s reads at grade %.1f: %s", id, g, s)
				}
			}
			for sentence := range strings.SplitSeq(s, ". ") {
				if n := len(strings.Fields(sentence)); n > rules.Words {
					t.Errorf("%s has a sentence of %d words: %s", id, n, sentence)
				}
			}
			for _, w := range rules.Avoid {
				if regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(w) + `\b`).MatchString(s) {
					t.Errorf("%s says %s: %s", id, w, s)
				}
			}
		}
	}
	if g := catalogue.Grade(all); g > rules.Grade {
		t.Errorf("the page reads at grade %.1f, at most %v is asked for", g, rules.Grade)
	}
}

// Every id that the code and the templates name has words.
func TestNamedWordsExist(t *testing.T) {
	t.Parallel()
	w := words(t, "en")
	files, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`"((?:page|criteria|panel|date|time)\.[a-z0-9.-]+[a-z0-9])"`)
	n := 0
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") || f == "testdata" {
			continue
		}
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(raw), -1) {
			if n++; !w.Has(iotmark.MessageID(m[1])) && !strings.HasSuffix(m[1], ".html.tmpl") {
				t.Errorf("%s names %s, which has no words", f, m[1])
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d ids were found", n)
	}
	for i := 1; i <= 12; i++ {
		if !w.Has(iotmark.MessageID("date.month." + strconv.Itoa(i))) {
			t.Errorf("month %d has no name", i)
		}
	}
}
