package page_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/page"
)

// evil is what a hostile maker could write into any field.
var evil = map[string]string{
	"markup":     `</script></style></title></q></bdi><script>alert(1)</script><img src=x onerror=alert(1)>`,
	"quotes":     `"'` + "`" + ` onmouseover=alert(1) x="{{.Say}}<!--`,
	"address":    "javascript:alert(1)//https://good.example/",
	"address 2":  "https://user:pass@good.example/\" onclick=\"alert(1)",
	"data":       "data:text/html;<script>alert(1)</script>",
	"steering":   "a\x00\x02n\x03\x1b[2J\u009b2J\u202eevil\u2066\u2069\ufeff\u2028b",
	"long":       strings.Repeat("W", 10_240),
	"long marks": "a" + strings.Repeat("\u0301", 10_240),
	"joiners":    strings.Repeat("a\u200d\u200d", 5_000),
	"lines":      strings.Repeat("line\r\n\t", 2_000),
	"not UTF-8":  "a\xff\xfe\xc0\xaf",
	"spaces":     strings.Repeat("\u3000\u2003 ", 3000),
}

// leaf is one text of a value, with its path.
type leaf struct {
	path string
	set  func(string)
	old  string
}

// leaves walks every text of a value, those in maps and behind pointers, too.
// Keys of maps stay: they are ids, or names of guides.
func leaves(t testing.TB, path string, v reflect.Value) []leaf {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		return []leaf{{path, func(s string) { v.SetString(s) }, v.String()}}
	case reflect.Pointer:
		if !v.IsNil() {
			return leaves(t, path, v.Elem())
		}
	case reflect.Struct:
		var out []leaf
		for i := range v.NumField() {
			out = append(out, leaves(t, path+"."+v.Type().Field(i).Name, v.Field(i))...)
		}
		return out
	case reflect.Slice:
		var out []leaf
		for i := range v.Len() {
			out = append(out, leaves(t, fmt.Sprintf("%s[%d]", path, i), v.Index(i))...)
		}
		return out
	case reflect.Map:
		var out []leaf
		for _, k := range v.MapKeys() {
			copied := reflect.New(v.Type().Elem()).Elem()
			copied.Set(v.MapIndex(k))
			for _, l := range leaves(t, fmt.Sprintf("%s[%v]", path, k), copied) {
				set := l.set
				l.set = func(s string) { set(s); v.SetMapIndex(k, copied) }
				out = append(out, l)
			}
		}
		return out
	}
	return nil
}

// harmless stands in place of a text that is evil: it makes the same page,
// because neither is a date, an address or a word of a closed list.
const harmless = "word"

// No text of a declaration changes anything of a page but text.
func TestHostileDeclaration(t *testing.T) {
	t.Parallel()
	in := product(t, "average", "en")
	var all []leaf
	all = append(all, leaves(t, "declaration", reflect.ValueOf(in.Declaration).Elem())...)
	if len(all) < 500 {
		t.Fatalf("only %d texts were found", len(all))
	}
	each := strings.Join([]string{evil["markup"], evil["quotes"], evil["steering"]}, "")
	for _, l := range all {
		l.set(harmless)
		want, wantAll := skeleton(t, render(t, in)), skeleton(t, renderCriteria(t, in))
		l.set(each)
		doc := render(t, in)
		if diff := cmp.Diff(want, skeleton(t, doc)); diff != "" {
			t.Errorf("%s changes the page (-want +got)\n%s", l.path, diff)
		}
		if diff := cmp.Diff(wantAll, skeleton(t, renderCriteria(t, in))); diff != "" {
			t.Errorf("%s changes the page of all criteria (-want +got)\n%s", l.path, diff)
		}
		safe(t, l.path, doc)
		l.set(l.old)
	}
}

// The same with every text at once, for each kind of evil.
func TestHostileEverywhere(t *testing.T) {
	t.Parallel()
	for name, text := range evil {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fill := func(s string) page.Input {
				in := product(t, "average", "de")
				for _, l := range leaves(t, "declaration", reflect.ValueOf(in.Declaration).Elem()) {
					l.set(s)
				}
				for _, l := range leaves(t, "assessment", reflect.ValueOf(&in.Assessment).Elem()) {
					switch {
					case strings.HasSuffix(l.path, ".Criterion"), strings.HasSuffix(l.path, ".Verdict"), strings.HasSuffix(l.path, ".Outcome"),
						strings.HasSuffix(l.path, ".Check"), strings.HasSuffix(l.path, ".Standing"), strings.HasSuffix(l.path, ".ID"), strings.HasSuffix(l.path, ".Message"):
						continue // they choose what is shown
					}
					l.set(s)
				}
				return in
			}
			good, bad := fill(harmless), fill(text)
			doc, docAll := render(t, bad), renderCriteria(t, bad)
			if name == "spaces" { // what is empty is not shown, and nothing is blank
				for _, blank := range []string{"<bdi></bdi>", `dir="auto"></q>`, "<dd></dd>", "<h1></h1>"} {
					if strings.Contains(doc+docAll, blank) {
						t.Errorf("something is left blank: %s", blank)
					}
				}
				safe(t, name, doc)
				return
			}
			if diff := cmp.Diff(skeleton(t, render(t, good)), skeleton(t, doc)); diff != "" {
				t.Errorf("the page changes (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(skeleton(t, renderCriteria(t, good)), skeleton(t, docAll)); diff != "" {
				t.Errorf("the page of all criteria changes (-want +got)\n%s", diff)
			}
			safe(t, name, doc)
			if len(doc) > 64<<10 || len(docAll) > 4<<20 {
				t.Errorf("the pages take %d and %d bytes", len(doc), len(docAll))
			}
		})
	}
}

// An id that the catalogue does not know is left out, and nothing breaks.
func TestHostileIDs(t *testing.T) {
	t.Parallel()
	in := product(t, "average", "en")
	for _, l := range leaves(t, "assessment", reflect.ValueOf(&in.Assessment).Elem()) {
		l.set(evil["markup"])
	}
	safe(t, "page", render(t, in))
	safe(t, "criteria", renderCriteria(t, in))
	far := 1 << 40
	in.Assessment.Conclusions[0].Reasons = []iotmark.Reason{{Finding: &far}}
	in.Assessment.Label = iotmark.Label{Answers: make([]iotmark.LabelAnswer, 30), Facts: make([]iotmark.LabelFact, 30)}
	safe(t, "page", render(t, in))
}

// safe fails when something steers, hides or is cut in the middle of a rune.
func safe(t *testing.T, path, doc string) {
	t.Helper()
	if !utf8.ValidString(doc) {
		t.Errorf("%s: the page is not UTF-8", path)
	}
	for _, r := range doc {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff || r == 0x2028 {
			t.Errorf("%s: %U came through", path, r)
			return
		}
	}
}

// An address from a declaration becomes a link only when it can do no harm.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, to string
		want     string // href, or "" for none
	}{
		{"https", "https://maker.example/plan", "https://maker.example/plan"},
		{"http", "http://maker.example/plan", "http://maker.example/plan"},
		{"another script", "https://xn--mller-kva.example/", "https://xn--mller-kva.example/"},
		{"script", "javascript:alert(1)", ""},
		{"script in capitals", "JavaScript:alert(1)", ""},
		{"data", "data:text/html,x", ""},
		{"file", "file:///etc/passwd", ""},
		{"no scheme", "//maker.example/", ""},
		{"no host", "https:///plan", ""},
		{"opaque", "https:maker.example", ""},
		{"name and password", "https://maker.example@evil.example/", ""},
		{"line break", "https://maker.example/\nx", ""},
		{"look-alike letters", "https://m\u0430ker.example/", ""},
		{"too long", "https://maker.example/" + strings.Repeat("a", 600), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc := render(t, of(t, &iotmark.Declaration{Support: iotmark.Support{ExitPlan: c.to, IfMakerCloses: "stops"}}))
			got := ""
			for _, s := range skeleton(t, doc) {
				if rest, ok := strings.CutPrefix(s, "a href="); ok && strings.Contains(rest, "nofollow") {
					got, _, _ = strings.Cut(rest, " rel=")
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	doc := render(t, of(t, &iotmark.Declaration{Contacts: iotmark.Contacts{Security: "mailto:a@b.example?body=x", Support: "tel:+441234"}}))
	if strings.Contains(doc, "body=x") || !strings.Contains(doc, `href="tel:&#43;441234"`) && !strings.Contains(doc, `href="tel:+441234"`) {
		t.Error("a telephone number is no link, or a mail comes with a text")
	}
}
