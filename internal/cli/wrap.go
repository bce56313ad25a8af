package cli

import (
	"strings"
	"unicode/utf8"
)

// columns is the width of everything that is printed for people.
const columns = 80

// wrap breaks s at blanks into lines of at most width runes, each begun with
// indent blanks, which count. A word that is longer than a line stands alone.
func wrap(s string, width, indent int) string {
	return hang(s, width, indent, indent)
}

// hang is wrap with another indent for the first line.
func hang(s string, width, first, indent int) string {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", first))
	col, start := first, true
	for _, w := range strings.Fields(s) {
		n := utf8.RuneCountInString(w)
		switch {
		case start:
			start = false
		case col+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			col = indent
		default:
			b.WriteByte(' ')
			col++
		}
		b.WriteString(w)
		col += n
	}
	return b.String()
}
