package text

import (
	"strings"
	"unicode"
)

// Names reports whether a text names something, however it is spaced,
// hyphenated or capitalised: "NH-T2", "nh t2" and "NHT2" are one model, and
// "NH-T20" is another.
func Names(s, name string) bool {
	want := strings.Join(tokens(name), "")
	if len(want) < 2 {
		return false
	}
	ts := tokens(s)
	for i := range ts {
		rest := want
		for _, t := range ts[i:] {
			var ok bool
			if rest, ok = strings.CutPrefix(rest, t); !ok {
				break
			}
			if rest == "" {
				return true
			}
		}
	}
	return false
}

func tokens(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
