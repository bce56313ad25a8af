package dossier

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const guide = "../../docs/declaration.md"

// TestFieldReference holds the list of fields in the guide against the schema.
func TestFieldReference(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- fields: begin -->\n", "<!-- fields: end -->"
	head, rest, ok := strings.Cut(string(b), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the guide has lost its markers")
	}
	want := head + begin + reference(testValidator(t).root) + end + tail
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(guide, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(b), want); diff != "" {
		t.Error("docs/declaration.md is not up to date; run go test ./internal/dossier -update. got (-want +got)\n" + diff)
	}
}

// reference prints every field with its form and what it is for.
func reference(root *schema) string {
	var b strings.Builder
	for _, name := range root.Properties.names {
		s := root.Properties.of[name]
		must := ""
		if slices.Contains(root.Required, name) {
			must = " (must be there)"
		}
		fmt.Fprintf(&b, "\n### `%s`%s\n\n%s Form: %s.\n", name, must, s.Description, form(s))
		var rows []string
		fields(&rows, "", s)
		if len(rows) > 0 {
			b.WriteString("\n| field | form | what |\n| --- | --- | --- |\n" + strings.Join(rows, ""))
		}
	}
	return b.String() + "\n"
}

func fields(rows *[]string, under string, s *schema) {
	if a := alternative(s, "array"); a != nil {
		s = a.Items
	}
	o := object(s)
	if o == nil {
		return
	}
	row := func(name string, p *schema, must bool) {
		what := p.Description
		if p.Ref != "" && what == p.resolve().Description {
			what = ""
		}
		field := "`" + under + name + "`"
		if must {
			field = "**" + field + "**"
		}
		*rows = append(*rows, fmt.Sprintf("| %s | %s | %s |\n", field, form(p), what))
		fields(rows, under+name+".", p)
	}
	for _, n := range o.Properties.names {
		row(n, o.Properties.of[n], slices.Contains(o.Required, n))
	}
	if a := o.AdditionalProperties; a != nil && !a.never {
		row("*", a, false)
	}
}

// shapes are short names for the shapes of the schema.
var shapes = map[string]string{
	"id": "short name", "country": "country", "web": "web address", "email": "mail address", "time": "time, such as 30 days",
	"money": "price, such as 129.00 GBP", "path": "path", "sha256": "SHA-256",
}

// form says what may stand there.
func form(s *schema) string {
	r := s.resolve()
	if r.AnyOf != nil && r.Type == "" {
		var parts []string
		for _, x := range r.AnyOf {
			parts = append(parts, form(x))
		}
		return strings.Join(parts, ", or ")
	}
	switch {
	case r.Enum != nil:
		return "`" + strings.Join(r.Enum, "`, `") + "`"
	case r.Type == "array" && object(r.Items) != nil && r.Items.Ref == "":
		return "list of blocks"
	case r.Type == "array":
		return "list of " + form(r.Items)
	case r.name == "line", r.name == "text":
		return fmt.Sprintf("text up to %d characters", r.MaxLength)
	case r.name == "evidence" || r.name == "claim":
		return "block"
	case r.Format == "date":
		return "date"
	case shapes[r.name] != "":
		return shapes[r.name]
	case r.Format == "uri":
		return "address"
	}
	return strings.TrimPrefix(strings.TrimPrefix(r.describe(), "a "), "block of ")
}

// TestGuideExamples reads every example of the guide: whole declarations as
// they are, and single blocks in place of those of the shortest one.
func TestGuideExamples(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	cat := testValidator(t).cat
	blocks := regexp.MustCompile("(?s)<!-- yaml (accepted|block) -->\n```yaml\n(.*?)```").FindAllStringSubmatch(string(b), -1)
	if len(blocks) < 10 || blocks[0][1] != "accepted" {
		t.Fatal("the guide has lost its examples")
	}
	base := blocks[0][2]
	top := regexp.MustCompile(`(?m)^([a-z_]+):`)
	for _, m := range blocks {
		in := m[2]
		if m[1] == "block" {
			var rest strings.Builder
			for _, part := range splitTop(base) {
				if name := top.FindStringSubmatch(part); !regexp.MustCompile(`(?m)^` + name[1] + `:`).MatchString(in) {
					rest.WriteString(part)
				}
			}
			in = rest.String() + in
		}
		if _, err := Read("example", []byte(in), cat); err != nil {
			t.Errorf("%v\nin\n%s", err, m[2])
		}
	}
	for _, name := range testValidator(t).root.Properties.names {
		if !strings.Contains(string(b), name+":") && !strings.Contains(string(b), "### "+name) && !strings.Contains(string(b), ", "+name) {
			t.Errorf("the guide says nothing about %s", name)
		}
	}
}

// splitTop cuts a document before each field of the top.
func splitTop(s string) []string {
	at := regexp.MustCompile(`(?m)^[a-z_]+:`).FindAllStringIndex(s, -1)
	var out []string
	for i, a := range at {
		end := len(s)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		out = append(out, s[a[0]:end])
	}
	return out
}

// TestSchemaLines: where a declaration of ours tells editors where the schema
// is, it is there.
func TestSchemaLines(t *testing.T) {
	t.Parallel()
	for _, f := range []string{"iotmark.yaml", "minimal.yaml"} {
		dir := "../../testdata/products/example/"
		b, err := os.ReadFile(dir + f)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`^# yaml-language-server: \$schema=(\S+)\n`).FindSubmatch(b)
		if m == nil {
			t.Errorf("%s does not say where its schema is", f)
			continue
		}
		if _, err := os.Stat(dir + string(m[1])); err != nil {
			t.Error(f, err)
		}
	}
}
