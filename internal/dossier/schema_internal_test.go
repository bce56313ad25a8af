package dossier

// Inside the package, because schema and validator have no front door of
// their own.

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

func testValidator(t testing.TB) *validator {
	t.Helper()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	v, err := newValidator(cat)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSchemaFitsTypes walks schema and Go types together: each property has a
// field of a fitting type, and each field a property.
func TestSchemaFitsTypes(t *testing.T) {
	t.Parallel()
	w := &walker{t: t}
	w.fits("declaration", testValidator(t).root, reflect.TypeFor[iotmark.Declaration]())
	if w.n < 250 {
		t.Errorf("only %d properties were compared", w.n)
	}
}

type walker struct {
	t *testing.T
	n int
}

func (w *walker) bad(at, format string, args ...any) {
	w.t.Helper()
	w.t.Errorf(at+": "+format, args...)
}

func (w *walker) fits(at string, s *schema, g reflect.Type) {
	w.n++
	s = s.resolve()
	for g.Kind() == reflect.Pointer {
		g = g.Elem()
	}
	switch {
	case strings.HasPrefix(g.Name(), "Listed["):
		w.listed(at, s, g)
	case g == reflect.TypeFor[iotmark.Until]():
		if !sameSet(s.kinds(), []string{"string", "string"}) || !s.takesDate() {
			w.bad(at, "Until stands for a date or a word, and the schema has %v", s.kinds())
		}
	case g == reflect.TypeFor[iotmark.FactValue]():
		for _, k := range s.kinds() {
			if k != "boolean" && k != "string" && k != "array" {
				w.bad(at, "a fact cannot be %s", k)
			}
		}
	case g == reflect.TypeFor[iotmark.Failures]():
		w.alternatives(at, s, g, map[string]reflect.Type{"string": reflect.TypeFor[string](), "object": reflect.TypeFor[iotmark.FailureRate]()})
	case g == reflect.TypeFor[iotmark.Claim]():
		w.alternatives(at, s, g, map[string]reflect.Type{"string": reflect.TypeFor[iotmark.Answer](), "array": reflect.TypeFor[[]iotmark.EvidenceID](), "object": reflect.TypeFor[plainClaim]()})
	case s.Type == "" || s.AnyOf != nil && s.Type != "object":
		w.bad(at, "alternatives %v have no type of their own but %s", s.kinds(), g)
	case s.Type == "object" && g.Kind() == reflect.Map:
		w.mapping(at, s, g)
	case s.Type == "object" && g.Kind() == reflect.Struct:
		w.structure(at, s, g)
	case s.Type == "array" && g.Kind() == reflect.Slice:
		w.fits(at+"[]", s.Items, g.Elem())
	case s.Type == "string" && g.Kind() == reflect.String:
		if date := g == reflect.TypeFor[iotmark.Date](); date != (s.Format == "date") {
			w.bad(at, "format %q and type %s", s.Format, g)
		}
		if digest := g == reflect.TypeFor[iotmark.Digest](); digest != (s.name == "sha256") {
			w.bad(at, "shape %q and type %s", s.name, g)
		}
	case s.Type == "boolean" && g.Kind() == reflect.Bool:
	case s.Type == "integer" && g.Kind() == reflect.Int:
	case s.Type == "number" && g.Kind() == reflect.Float64:
	default:
		w.bad(at, "%s in the schema, %s in Go", s.Type, g)
	}
}

// plainClaim is the third form of a claim, without its own decoding.
type plainClaim struct {
	Answer   iotmark.Answer       `json:"answer"`
	Note     string               `json:"note,omitempty"`
	Evidence []iotmark.EvidenceID `json:"evidence,omitempty"`
}

func (w *walker) structure(at string, s *schema, g reflect.Type) {
	fields := map[string]reflect.StructField{}
	for i := range g.NumField() {
		f := g.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			w.bad(at, "the field %s has no name in JSON", f.Name)
			continue
		}
		fields[name] = f
	}
	if s.AdditionalProperties == nil || !s.AdditionalProperties.never {
		w.bad(at, "further fields are not refused")
	}
	for _, n := range s.Properties.names {
		f, ok := fields[n]
		if !ok {
			w.bad(at, "%s is in the schema and not in %s", n, g)
			continue
		}
		delete(fields, n)
		p := s.Properties.of[n]
		w.fits(at+"."+n, p, f.Type)
		// A boolean that is true when left out must not be a plain bool.
		if string(p.Default) == "true" && f.Type.Kind() == reflect.Bool {
			w.bad(at, "%s is true when left out, and a bool would be false", n)
		}
		left := strings.Contains(f.Tag.Get("json"), ",omit")
		if must := slices.Contains(s.Required, n); must == left {
			w.bad(at, "%s: required %v, but left out when empty %v", n, must, left)
		}
	}
	for n := range fields {
		w.bad(at, "%s is in %s and not in the schema", n, g)
	}
}

func (w *walker) mapping(at string, s *schema, g reflect.Type) {
	if g.Key().Kind() != reflect.String {
		w.bad(at, "keys of %s", g.Key())
	}
	for _, n := range s.Properties.names {
		w.fits(at+"."+n, s.Properties.of[n], g.Elem())
	}
	if a := s.AdditionalProperties; a != nil && !a.never {
		w.fits(at+".*", a, g.Elem())
	} else if len(s.Properties.names) == 0 {
		w.bad(at, "a block without fields")
	}
}

// listed: words, and a list of the type that Listed holds.
func (w *walker) listed(at string, s *schema, g reflect.Type) {
	items, _ := g.FieldByName("Items")
	lists := 0
	for _, x := range s.AnyOf {
		switch x = x.resolve(); x.Type {
		case "array":
			lists++
			w.fits(at+"[]", x.Items, items.Type.Elem())
		case "string":
			for _, word := range x.Enum {
				if word != string(iotmark.WordNone) && word != string(iotmark.WordUnknown) {
					w.bad(at, "the word %s", word)
				}
			}
		default:
			w.bad(at, "%s in place of a list", x.Type)
		}
	}
	if lists != 1 {
		w.bad(at, "%d lists", lists)
	}
}

func (w *walker) alternatives(at string, s *schema, g reflect.Type, of map[string]reflect.Type) {
	var want []string
	for k := range of {
		want = append(want, k)
	}
	if !sameSet(s.kinds(), want) {
		w.bad(at, "%v in the schema, %v in %s", s.kinds(), want, g)
		return
	}
	for _, x := range s.AnyOf {
		w.fits(at, x, of[x.resolve().Type])
	}
}

func (s *schema) kinds() []string {
	var out []string
	for _, x := range s.AnyOf {
		out = append(out, x.resolve().Type)
	}
	return out
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// TestErrorTable: every code is used, every use has words, and the words tell
// what to do.
func TestErrorTable(t *testing.T) {
	t.Parallel()
	var src bytes.Buffer
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		src.Write(b)
	}
	seen := map[iotmark.ErrorID]bool{}
	for _, r := range ErrorRows() {
		if seen[r.Code] {
			t.Errorf("%s stands twice", r.Code)
		}
		seen[r.Code] = true
		if !regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)*$`).MatchString(string(r.Code)) {
			t.Errorf("%s is no id", r.Code)
		}
		if !slices.Contains([]Level{LevelError, LevelWarning, LevelFinding}, r.Level) || r.When == "" || r.Message == "" {
			t.Errorf("%s: %+v", r.Code, r)
		}
		if !strings.Contains(src.String(), `"`+string(r.Code)+`"`) {
			t.Errorf("%s is never told", r.Code)
		}
		if strings.ContainsAny(r.Message, "\u2018\u2019\u201c\u201d\u2013\u2014\t") {
			t.Errorf("%s: curly quote, long dash or tab", r.Code)
		}
	}
	for _, f := range []iotmark.ErrorID{"file-missing", "hash-differs", "evidence-expired", "link-outside", "not-a-file"} {
		if rowOf(f).Level != LevelFinding {
			t.Errorf("%s is a %s", f, rowOf(f).Level)
		}
	}
}

// TestSchemaKeywords: a keyword that is not looked at is refused, so that a
// change of the schema cannot pass unseen.
func TestSchemaKeywords(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"unknown keyword":  `{"type": "object", "dependentRequired": {}}`,
		"deep":             `{"properties": {"a": {"contains": {}}}}`,
		"missing def":      `{"properties": {"a": {"$ref": "#/$defs/none"}}}`,
		"unusable pattern": `{"pattern": "("}`,
	} {
		if _, err := loadSchema([]byte(in)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestToJSON: every number of YAML is one of JSON.
func TestToJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"+5": "5", "007": "7", "-0": "0", "0": "0", "-12": "-12", ".5": "0.5", "5.": "5", "-1.e2": "-100", "1.0e400": "null", "00": "0", "1.50": "1.5"} {
		doc, bad := parse([]byte("a: " + in))
		if doc == nil || len(bad) > 0 {
			t.Fatal(in, bad)
		}
		if got := string(toJSON(nil, doc.vals[0])); got != want || !json.Valid([]byte(got)) {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
