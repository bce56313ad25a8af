package message

import (
	"strings"
	"unicode"
)

// Clean makes foreign text safe to print: control characters, escapes, marks
// that turn the writing direction and signs without a shape become a visible
// sign, and it stays on one line.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case Unseen(r), r == unicode.ReplacementChar:
			return '?'
		}
		return r
	}, s)
}

// Unseen reports whether a rune steers a terminal, turns or hides text:
// control and format characters, line separators, fillers.
func Unseen(r rune) bool {
	if joiner(r) { // which Persian and Indic names need
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) ||
		r == 0x034f || r == 0x115f || r == 0x1160 || r == 0x17b4 || r == 0x17b5 || r == 0x180e || r == 0x3164 || r == 0xffa0
}

func joiner(r rune) bool { return r == 0x200c || r == 0x200d }

// maxMarks is how many marks may stand on one letter. Vietnamese and Hebrew
// use two and three; towers of marks cover the lines around.
const maxMarks = 4

// Short makes foreign text fit for a line among other text: clean, without
// white space at its ends or twice, without towers of marks or runs of
// joiners, and at most so many characters. What is cut ends in three full
// stops.
func Short(s string, most int) string {
	var out []rune
	marks, joined, space := 0, false, true
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			if !space {
				out = append(out, ' ')
			}
			space, marks, joined = true, 0, false
			continue
		case joiner(r):
			if joined || space {
				continue
			}
			joined = true
		case Unseen(r) || r == unicode.ReplacementChar: // some marks are unseen too
			r = '?'
			marks, joined = 0, false
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks || space {
				continue
			}
		default:
			marks, joined = 0, false
		}
		space = false
		if out = append(out, r); len(out) > most {
			break
		}
	}
	if len(out) <= most {
		return strings.TrimRight(string(out), " \u200c\u200d")
	}
	return strings.TrimRight(string(out[:max(0, most-3)]), " \u200c\u200d") + "..."
}
