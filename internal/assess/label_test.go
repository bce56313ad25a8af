package assess_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/assess"
)

var update = flag.Bool("update", false, "write the expected labels anew")

const example = "../../testdata/products/example"

// plain turns a YAML node into what JSON knows, by the rules of YAML 1.2: dates
// and versions stay text.
func plain(t testing.TB, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.DocumentNode:
		return plain(t, n.Content[0])
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			out = append(out, plain(t, c))
		}
		return out
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			out[n.Content[i].Value] = plain(t, n.Content[i+1])
		}
		return out
	}
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		if n.Value == "true" || n.Value == "false" {
			return n.Value == "true"
		}
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	}
	return n.Value
}

func readYAML(t testing.TB, file string) any {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var n yaml.Node
	if err := yaml.Unmarshal(raw, &n); err != nil {
		t.Fatal(err)
	}
	return plain(t, &n)
}

func declaration(t testing.TB, v any) *iotmark.Declaration {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := new(iotmark.Declaration)
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(d); err != nil {
		t.Fatal(err)
	}
	return d
}

func load(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// The reference: what the label and the page say for the two examples.
func TestExpectedLabels(t *testing.T) {
	t.Parallel()
	cat := load(t)
	for _, c := range []struct{ file, want string }{
		{"iotmark.yaml", "expected-label.yaml"},
		{"minimal.yaml", "expected-label-minimal.yaml"},
	} {
		t.Run(c.file, func(t *testing.T) {
			d := declaration(t, readYAML(t, filepath.Join(example, c.file)))
			got := labelText(cat, d, c.file, "2026-11-22")
			path := filepath.Join(example, c.want)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		})
	}
}

func labelText(cat *catalogue.Catalogue, d *iotmark.Declaration, file string, asOf iotmark.Date) string {
	truths := cat.Truths(d.Facts)
	l := assess.Label(d, truths, cat.Label, asOf)
	var b strings.Builder
	fmt.Fprintf(&b, "# What the label and the page say for %s, judged on the day below. Written by go test ./internal/assess -update.\n", file)
	fmt.Fprintf(&b, "today: %q\nfacts:\n", asOf)
	for _, f := range l.Facts {
		fmt.Fprintf(&b, "  %s: {value: %q", f.ID, f.Value)
		if f.Value == "date" || f.Value == "list" {
			fmt.Fprintf(&b, ", print: %q", f.Print)
		}
		b.WriteString("}\n")
	}
	b.WriteString("answers:\n")
	for _, a := range l.Answers {
		fmt.Fprintf(&b, "  %s: %q\n", a.ID, a.Value)
	}
	var n, must, entry int
	var not []string
	for _, c := range cat.Criteria {
		if c.Applies(truths) == iotmark.False {
			not = append(not, string(c.ID))
			continue
		}
		n++
		if c.Level == iotmark.Must {
			must++
		}
		if c.Entry {
			entry++
		}
	}
	fmt.Fprintf(&b, "applies:\n  criteria: %d\n  must: %d\n  entry: %d\ndoes_not_apply: [%s]\n", n, must, entry, strings.Join(not, ", "))
	return b.String()
}

// The reference rules of the printed label, case by case.
func TestLabelCases(t *testing.T) {
	t.Parallel()
	cat := load(t)
	cases := readYAML(t, filepath.Join(example, "label-cases.yaml")).(map[string]any)
	asOf := iotmark.Date(cases["today"].(string))
	list := cases["cases"].([]any)
	if len(list) < 25 {
		t.Fatalf("only %d cases", len(list))
	}
	for _, x := range list {
		c := x.(map[string]any)
		t.Run(c["name"].(string), func(t *testing.T) {
			doc := readYAML(t, filepath.Join(example, "minimal.yaml")).(map[string]any)
			for k, v := range c["given"].(map[string]any) {
				over, ok := v.(map[string]any)
				base, has := doc[k].(map[string]any)
				if !ok || !has {
					doc[k] = v
					continue
				}
				for kk, vv := range over {
					base[kk] = vv
				}
			}
			d := declaration(t, doc)
			l := assess.Label(d, cat.Truths(d.Facts), cat.Label, asOf)
			for _, f := range l.Facts {
				if f.ID != c["fact"] {
					continue
				}
				if f.Value != c["value"] {
					t.Errorf("%s: got %s, want %v", f.ID, f.Value, c["value"])
				}
				if p, ok := c["print"]; ok && f.Print != p {
					t.Errorf("%s: prints %q, want %q", f.ID, f.Print, p)
				}
			}
			for _, a := range l.Answers {
				if a.ID == c["answer"] && a.Value != c["says"] {
					t.Errorf("%s: got %s, want %v", a.ID, a.Value, c["says"])
				}
			}
		})
	}
}

// Every value a label can take has words, and no braces are left open.
func TestLabelIsPrintable(t *testing.T) {
	t.Parallel()
	cat := load(t)
	for _, file := range []string{"iotmark.yaml", "minimal.yaml"} {
		d := declaration(t, readYAML(t, filepath.Join(example, file)))
		l := assess.Label(d, cat.Truths(d.Facts), cat.Label, "2026-11-22")
		if len(l.Facts) != 7 || len(l.Answers) != 9 {
			t.Errorf("%s: %d facts and %d answers", file, len(l.Facts), len(l.Answers))
		}
		for _, f := range l.Facts {
			if f.Print == "" || strings.ContainsAny(f.Print, "{}") {
				t.Errorf("%s: %s prints %q", file, f.ID, f.Print)
			}
		}
		for _, a := range l.Answers {
			if a.Say == "" || strings.ContainsAny(a.Say, "{}") {
				t.Errorf("%s: %s says %q", file, a.ID, a.Say)
			}
		}
	}
}
