package verifier

import (
	"regexp"
	"slices"
	"strings"
)

// Our sources keep to a part of the language: functions are arrows, every
// statement has its semicolon, what a loop repeats is a block or ends in one,
// templates have no holes. Their tokens are spaces, comments, texts, words and
// signs; a slash begins a regular expression where no value stands before it.
var (
	token   = regexp.MustCompile(`^(?:\s+|//.*|'(?:[^'\\]|\\.)*'|[\w$]+|=>|\?\.|\.\.\.|.)`)
	pattern = regexp.MustCompile(`^/(?:[^/\\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+/[a-z]*`)
	word    = regexp.MustCompile(`^[\w$]+$`)
	// What is as short as the names that we give, and not ours to give.
	taken = []string{"as", "do", "if", "in", "of"}
)

// part is a token that is kept: where its bracket ends, and what it names.
type part struct {
	text  string
	other int    // of a bracket: the place of its fellow
	block bool   // of a bracket: statements stand in it
	named bool   // a word that is not a member
	short bool   // the member of an object has the same name
	in    *scope // the innermost
	name  *name  // of a word that we named
}

// scope is the whole, a function, a loop or a block: where it begins and ends,
// what it is in, and the names that are its own.
type scope struct {
	from, to int
	outer    *scope
	names    map[string]*name
}

// bind enters what a pattern names: all words in it but the values that stand
// in for what is missing.
func (s *scope) bind(pattern []part) {
	for i, p := range pattern {
		if p.named && (i == 0 || pattern[i-1].text != "=") {
			s.names[p.text] = &name{scope: s}
		}
	}
}

// name is what one word means in one scope.
type name struct {
	*scope
	short string
	at    []int // the places where it stands
}

// meets tells whether two names cannot be the same, because one stands in a
// scope that is in its own and has the other.
func (n *name) meets(o *name) bool {
	if n.to-n.from > o.to-o.from {
		n, o = o, n
	}
	return slices.ContainsFunc(o.at, func(i int) bool { return n.from <= i && i < n.to })
}

// shrink leaves out of a source what only its reader needs: comments, spaces,
// the length of names and the word const. Members of objects keep their names,
// and no name comes to hide one that its scope uses.
func shrink(source string) string {
	parts := parse(tokens(source))
	all := resolve(parts)
	for i, n := range all {
		k := 0
		if n.outer == nil {
			k = 6 // so that no function lacks the first letters for its own
		}
		for ; n.short == ""; k++ {
			c := spell(k)
			if !slices.Contains(taken, c) && !slices.ContainsFunc(all[:i], func(o *name) bool { return o.short == c && n.meets(o) }) {
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

// enclose finds the scopes, and which of them each part is in.
func enclose(parts []part) {
	all := []*scope{{to: len(parts), names: map[string]*name{}}}
	for i, p := range parts {
		s, ends := &scope{from: i, to: i + 1, names: map[string]*name{}}, []string{";"}
		switch {
		case p.block:
			s.to = i
		case p.text == "for":
			s.to = parts[i+1].other + 1
		case p.text == "catch" && parts[i-1].text == "}":
			if parts[i+1].text == "(" {
				s.to = parts[i+1].other + 1
				s.bind(parts[i+1 : s.to])
			}
		case p.text == "=>":
			ends = append(ends, ",")
			if s.from--; parts[s.from].text == ")" {
				s.from = parts[s.from].other
			}
			s.bind(parts[s.from:i])
		default:
			continue
		}
		if parts[s.to].text == "{" {
			s.to = parts[s.to].other + 1
		} else {
			s.to = end(parts, s.to, ends...)
		}
		all = append(all, s)
	}
	// From the outside in, so that the innermost is the last.
	slices.SortStableFunc(all, func(a, b *scope) int { return b.to - b.from - a.to + a.from })
	for _, s := range all {
		s.outer = parts[s.from].in
		for i := s.from; i < s.to; i++ {
			parts[i].in = s
		}
	}
}

// end gives where what begins at a place has one of these signs behind it, or
// the end of the bracket that it stands in.
func end(parts []part, i int, signs ...string) int {
	for signs = append(signs, ")", "]", "}"); i < len(parts) && !slices.Contains(signs, parts[i].text); i++ {
		i = max(i, parts[i].other)
	}
	return i
}

// declares tells whether a statement that begins so gives names.
func declares(t string) bool { return t == "const" || t == "let" }

// resolve finds out which names are the same, and gives first what stands in
// most places, so that it becomes short. What is exported keeps its name, and so
// does what nothing declares.
func resolve(parts []part) (all []*name) {
	enclose(parts)
	for i, p := range parts {
		if p.text != "let" || i > 0 && parts[i-1].text == "export" {
			continue
		}
		for from, more := i+1, true; more; {
			to := end(parts, from, "=", "of", ",", ";")
			p.in.bind(parts[from:to])
			to = end(parts, to, ",", ";")
			from, more = to+1, parts[to].text == ","
		}
	}
	for i := range parts {
		p := &parts[i]
		for s := p.in; p.named && s != nil && p.name == nil; s = s.outer {
			p.name = s.names[p.text]
		}
		if n := p.name; n != nil {
			if n.at == nil {
				all = append(all, n)
			}
			n.at = append(n.at, i)
		}
	}
	slices.SortStableFunc(all, func(a, b *name) int { return len(b.at) - len(a.at) })
	return all
}

// parse tells names from what only looks like one, and blocks from objects.
func parse(all []string) (parts []part) {
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
			p.block = t == "{" && slices.Contains([]string{"", ")", "=>", ";", "else", "try", "catch"}, before)
			if t == "{" && !p.block {
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
			if declares(starts[in]) && declares(after) {
				p.text = ","
			}
			starts[in] = after
		case ",":
			if slices.Contains([]string{"}", "]", ")"}, after) {
				continue
			}
		case "const", "let":
			if before == ";" && parts[len(parts)-1].text == "," {
				continue
			}
			p.text = "let" // what must not change was seen in the source
		default:
			member := kinds[in] == "object" && (before == "{" || before == ",")
			p.named = word.MatchString(t) && before != "." && before != "?." && !(member && after == ":")
			p.short = p.named && member && slices.Contains([]string{",", "}", "="}, after)
		}
		parts = append(parts, p)
	}
	return parts
}
