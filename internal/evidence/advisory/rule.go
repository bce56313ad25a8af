package advisory

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// A rule says what one value of a document must be. It knows as much of JSON
// Schema 2020-12 as the three schemas of CSAF 2.0 use. Names that no rule
// mentions are let through, as those schemas do.
type rule struct {
	kind   tree.Kind
	min    int      // characters of a text, items of a list, fields of an object
	max    int      // fields of an object; 0: any number
	words  []string // the closed list of a text
	form   *form    // of a text
	unique bool     // no two items of a list are equal
	item   *rule    // of a list
	fields []field  // of an object, in the order in which they are looked at
	scale  bool     // a number from 0 to 10
	// pick chooses the rule by what stands there, in place of this one.
	pick func(*tree.Node) *rule
}

type field struct {
	name string
	must bool
	rule *rule
}

// object makes a rule of pairs of name and rule; a name that ends in ! must
// be there.
func object(pairs ...any) *rule {
	r := &rule{kind: tree.Map}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, must := strings.CutSuffix(pairs[i].(string), "!")
		r.fields = append(r.fields, field{name, must, pairs[i+1].(*rule)})
	}
	return r
}

// filled asks for at least n fields.
func (r *rule) filled(n int) *rule { r.min = n; return r }

func list(item *rule) *rule           { return &rule{kind: tree.List, min: 1, item: item} }
func set(item *rule) *rule            { return &rule{kind: tree.List, min: 1, item: item, unique: true} }
func words(w ...string) *rule         { return &rule{kind: tree.Text, words: w} }
func like(f *form) *rule              { return &rule{kind: tree.Text, form: f} }
func likeFrom(min int, f *form) *rule { return &rule{kind: tree.Text, form: f, min: min} }
func text() *rule                     { return &rule{kind: tree.Text, min: 1} }

// The ids of what can be wrong with a value, one for each sentence.
const (
	wrongType  = "type"       // of another type
	missing    = "missing"    // a field that must be there is not
	notListed  = "word"       // not of the closed list
	misformed  = "form"       // not in the form asked for
	tooShort   = "short"      // fewer characters than asked for
	tooFew     = "few"        // fewer items than asked for
	fewFields  = "few-fields" // fewer fields than asked for
	manyFields = "many-fields"
	twice      = "twice" // an item stands twice in a list
	offScale   = "scale" // a number outside 0 to 10
)

var kindWords = map[tree.Kind]string{tree.Null: "null", tree.Bool: "boolean", tree.Number: "number", tree.Text: "text", tree.List: "list", tree.Map: "object"}

// judge holds a value against the rule and tells what is wrong. The pointer
// is that of the value (RFC 6901); it holds only names of the rules and
// indexes, never words of the document.
func (r *rule) judge(n *tree.Node, pointer string, tell func(Problem)) {
	if r.pick != nil {
		r = r.pick(n)
	}
	wrong := func(id, want string) {
		tell(Problem{ID: id, Pointer: pointer, Line: n.LineOf(), Want: want, Found: quote(shown(n))})
	}
	if n.Kind != r.kind {
		wrong(wrongType, kindWords[r.kind])
		return
	}
	switch r.kind {
	case tree.Text:
		switch {
		case r.words != nil && !slices.Contains(r.words, n.Text):
			wrong(notListed, strings.Join(r.words, ", "))
		case utf8.RuneCountInString(n.Text) < r.min:
			wrong(tooShort, strconv.Itoa(r.min))
		case r.form != nil && !r.form.fits(n.Text):
			wrong(misformed, r.form.example)
		}
	case tree.Number:
		if v, ok := number(n); r.scale && (!ok || v < 0 || v > 10) {
			wrong(offScale, "0 - 10")
		}
	case tree.List:
		if len(n.Kids) < r.min {
			wrong(tooFew, strconv.Itoa(r.min))
		}
		if r.unique {
			seen := make(map[string]bool, len(n.Kids))
			for i, k := range n.Kids {
				var b strings.Builder
				canonical(&b, k)
				if seen[b.String()] {
					tell(Problem{ID: twice, Pointer: pointer + "/" + strconv.Itoa(i), Line: k.LineOf(), Found: quote(shown(k))})
				}
				seen[b.String()] = true
			}
		}
		for i, k := range n.Kids {
			r.item.judge(k, pointer+"/"+strconv.Itoa(i), tell)
		}
	case tree.Map:
		switch {
		case len(n.Kids) < r.min:
			wrong(fewFields, strconv.Itoa(r.min))
		case r.max > 0 && len(n.Kids) > r.max:
			wrong(manyFields, strconv.Itoa(r.max))
		}
		if len(r.fields) == 0 {
			return
		}
		here := make(map[string]*tree.Node, len(n.Kids))
		for _, k := range n.Kids {
			here[k.Key] = k
		}
		for _, f := range r.fields {
			if k := here[f.name]; k != nil {
				f.rule.judge(k, pointer+"/"+f.name, tell)
			} else if f.must {
				tell(Problem{ID: missing, Pointer: pointer, Line: n.LineOf(), Want: f.name})
			}
		}
	}
}

// canonical writes a value so that equal values of JSON give equal texts.
func canonical(b *strings.Builder, n *tree.Node) {
	switch n.Kind {
	case tree.Text:
		b.WriteString(strconv.Quote(n.Text))
	case tree.Number:
		if v, ok := number(n); ok {
			b.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
			return
		}
		b.WriteString(n.Text)
	case tree.List:
		b.WriteByte('[')
		for _, k := range n.Kids {
			canonical(b, k)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case tree.Map:
		b.WriteByte('{')
		for _, k := range slices.SortedFunc(slices.Values(n.Kids), func(x, y *tree.Node) int { return strings.Compare(x.Key, y.Key) }) {
			b.WriteString(strconv.Quote(k.Key))
			b.WriteByte(':')
			canonical(b, k)
			b.WriteByte(',')
		}
		b.WriteByte('}')
	default:
		b.WriteString(kindWords[n.Kind])
		b.WriteString(n.Text)
	}
}

// number returns the value of a number.
func number(n *tree.Node) (float64, bool) {
	if n == nil || n.Kind != tree.Number {
		return 0, false
	}
	v, err := strconv.ParseFloat(n.Text, 64)
	return v, err == nil
}

// str returns a text as it is written, and "" when there is none.
func str(n *tree.Node) string {
	if n == nil || n.Kind != tree.Text {
		return ""
	}
	return n.Text
}

// shown writes a scalar as it stands there, and the type of anything else.
func shown(n *tree.Node) string {
	if n.Kind == tree.List || n.Kind == tree.Map || n.Kind == tree.Null {
		return kindWords[n.Kind]
	}
	return n.Text
}
