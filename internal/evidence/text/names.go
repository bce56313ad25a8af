package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names reports whether a text names something, however it is spaced,
// hyphenated or capitalised: "NH-T2", "nh t2" and "NHT2" are one model, and
// "NH-T20" and "NH-T2 Pro" are others.
func Names(s, name string) bool {
	want := strings.Join(tokens(name), "")
	if len(want) < 2 {
		return false
	}
	ts := placed(s)
	for i := range ts {
		rest := want
		for j, t := range ts[i:] {
			var ok bool
			if rest, ok = strings.CutPrefix(rest, t.low); !ok {
				break
			}
			if rest == "" && !another(s, ts[i+j], ts[i+j+1:]) {
				return true
			}
		}
	}
	return false
}

// SameName reports whether a text is a name and nothing else.
func SameName(s, name string) bool {
	want := strings.Join(tokens(name), "")
	return len(want) >= 2 && strings.Join(tokens(s), "") == want
}

func inName(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func tokens(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !inName(r) })
}

// token is one token with its place in the text.
type token struct {
	low      string
	from, to int
}

func placed(s string) []token {
	var out []token
	from := -1
	for i, r := range s {
		switch {
		case inName(r) && from < 0:
			from = i
		case !inName(r) && from >= 0:
			out = append(out, token{strings.ToLower(s[from:i]), from, i})
			from = -1
		}
	}
	if from >= 0 {
		out = append(out, token{strings.ToLower(s[from:]), from, len(s)})
	}
	return out
}

// variants make another model out of a name that they follow. Written small
// they are words of the sentence: "plus", "pro Raum".
var variants = wordSet("pro plus mini max lite xl ultra")

// another reports whether what follows a name, with no more than a space or a
// hyphen between, makes it the name of another model. A number that begins a
// date does not.
func another(s string, last token, next []token) bool {
	if len(next) == 0 {
		return false
	}
	n := next[0]
	if gap := s[last.to:n.from]; strings.Trim(gap, " \u00a0-\u2010\u2011") != "" {
		return false
	}
	if variants[n.low] {
		r, _ := utf8.DecodeRuneInString(s[n.from:])
		return unicode.IsUpper(r)
	}
	if len(n.low) > 2 || strings.Trim(n.low, "0123456789") != "" {
		return false
	}
	if len(next) == 1 {
		return true
	}
	// The number counts alone: "NH-T2 3", but not "NH-T2 31 March 2034",
	// "NH-T2 31/03/2034" or "NH-T2 2 years".
	gap := s[n.to:next[1].from]
	return strings.ContainsAny(gap, "|,;()")
}
