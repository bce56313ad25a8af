package verifier

import (
	"cmp"
	"iter"
	"regexp"
	"slices"
	"strings"
)

// Our sources keep to a part of the language: functions are arrows, every
// statement has its semicolon, templates have no holes. Their tokens are
// spaces, comments, texts, words and signs; a slash begins a regular
// expression where no value stands before it.
var (
	token   = regexp.MustCompile(`^(?:\s+|//.*|'(?:[^'\\]|\\.)*'|[\w$]+|=>|\?\.|\.\.\.|.)`)
	pattern = regexp.MustCompile(`^/(?:[^/\\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+/[a-z]*`)
	word    = regexp.MustCompile(`^[\w$]+$`)
	naming  = regexp.MustCompile(`^(?:[a-z]\w*|[A-Z]+)$`)
	// What has the form of our names and is not ours.
	foreign = strings.Fields("JSON async atob await break btoa catch const continue crypto do document else export false for globalThis if in let new null of return throw true try typeof undefined verify while")
)

// part is a token that is kept: where its bracket ends, and what it names.
type part struct {
	text  string
	other int   // of a bracket: the place of its fellow
	name  *name // of a name that may be another
	short bool  // the member of an object has the same name
}

// name is one of the outermost level, or of one statement there.
type name struct {
	short    string
	at       []int // the places where it stands
	from, to int   // the innermost function that has them all
}

// meets tells whether a name cannot be called like one of a function around
// its own: because that one stands in it.
func (n *name) meets(outer *name) bool {
	return slices.ContainsFunc(outer.at, func(i int) bool { return n.from <= i && i < n.to })
}

// shrink leaves out of a source what only its reader needs: comments, spaces,
// and the length of names. Members of objects keep theirs, and no name comes
// to hide one that its function uses.
func shrink(source string) string {
	parts, all := parse(tokens(source))
	for _, n := range all {
		n.to = len(parts)
	}
	for from, to := range functions(parts) {
		for _, n := range all {
			if from <= n.at[0] && n.at[len(n.at)-1] < to && to-from < n.to-n.from {
				n.from, n.to = from, to
			}
		}
	}
	// From the outside in, and in the order of the text: then functions that
	// are alike are written alike, which compresses well.
	slices.SortFunc(all, func(a, b *name) int { return cmp.Or(b.to-b.from-a.to+a.from, a.at[0]-b.at[0]) })
	for i, n := range all {
		for k := 0; n.short == ""; k++ {
			c := spell(k)
			if !slices.Contains(foreign, c) && !slices.ContainsFunc(all[:i], func(o *name) bool { return o.short == c && n.meets(o) }) {
				n.short = c
			}
		}
	}
	var b strings.Builder
	last := " "
	for _, p := range parts {
		t := p.text
		if p.name != nil && p.name.short != t {
			if t = p.name.short; p.short {
				t = p.text + ":" + t
			}
		}
		if end := last[len(last)-1:]; word.MatchString(t[:1]) && word.MatchString(end) || t == end && (t == "+" || t == "-") {
			b.WriteByte(' ')
		}
		b.WriteString(t)
		last = t
	}
	return b.String()
}

// spell gives all names, the shortest first.
func spell(k int) string {
	const letters = "etnsoriacdlumpgfhywbkvxqzj_SAICOETNDRLPMUFBVGHKWQYZXJ$"
	c := letters[k%len(letters):][:1]
	if k < len(letters) {
		return c
	}
	return spell(k/len(letters)-1) + c
}

// tokens splits a source and leaves out spaces and comments.
func tokens(s string) (all []string) {
	for last := ""; s != ""; {
		t := token.FindString(s)
		if t == "/" && !word.MatchString(last) && last != ")" && last != "]" {
			t = pattern.FindString(s)
		}
		if s = s[len(t):]; strings.TrimSpace(t) != "" && !strings.HasPrefix(t, "//") {
			all, last = append(all, t), t
		}
	}
	return all
}

// functions gives where each function begins, and where it ends at the latest.
func functions(parts []part) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for i, p := range parts {
			if p.text != "=>" {
				continue
			}
			from, to := i-1, i+1
			if parts[from].text == ")" {
				from = parts[from].other
			}
			if parts[to].text == "{" {
				to = parts[to].other + 1
			} else {
				for ; to < len(parts) && !slices.Contains([]string{",", ";", ")", "]", "}"}, parts[to].text); to++ {
					to = max(to, parts[to].other)
				}
			}
			if !yield(from, to) {
				return
			}
		}
	}
}

// parse tells names from what only looks like one, and which are the same.
func parse(all []string) (parts []part, names []*name) {
	outer, own := map[string]*name{}, map[string]*name{}
	for depth, i := 0, 0; i < len(all); i++ {
		switch all[i] {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		case "const":
			if n := all[i+1]; depth == 0 && n != "verify" {
				outer[n] = &name{}
				names = append(names, outer[n])
			}
		}
	}
	open, kinds, starts := []int{-1}, []string{""}, []string{all[0]}
	at := func(i int) string {
		if i < 0 || i >= len(all) {
			return ""
		}
		return all[i]
	}
	for i, t := range all {
		before, after, in, p := at(i-1), at(i+1), len(open)-1, part{text: t}
		switch t {
		case "(", "[", "{":
			if t == "{" && !slices.Contains([]string{"", ")", "=>", ";", "else", "try", "catch"}, before) {
				t = "object"
			}
			open, kinds, starts = append(open, len(parts)), append(kinds, t), append(starts, after)
		case ")", "]", "}":
			p.other = open[in]
			parts[p.other].other = len(parts)
			open, kinds, starts = open[:in], kinds[:in], starts[:in]
		case ";":
			if after == "}" {
				continue
			}
			if starts[in] == "const" && after == "const" {
				p.text = ","
			}
			starts[in] = after
			if in == 0 {
				own = map[string]*name{}
			}
		case ",":
			if slices.Contains([]string{"}", "]", ")"}, after) {
				continue
			}
		case "const":
			if before == ";" && parts[len(parts)-1].text == "," {
				continue
			}
		default:
			member := kinds[in] == "object" && (before == "{" || before == ",")
			if !naming.MatchString(t) || slices.Contains(foreign, t) || before == "." || before == "?." || member && after == ":" {
				break
			}
			p.short = member && slices.Contains([]string{",", "}", "="}, after)
			of := own
			if outer[t] != nil {
				of = outer
			} else if own[t] == nil {
				own[t] = &name{}
				names = append(names, own[t])
			}
			p.name = of[t]
			p.name.at = append(p.name.at, len(parts))
		}
		parts = append(parts, p)
	}
	return parts, names
}
