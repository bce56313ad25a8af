package text

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/internal/pattern"
)

var (
	plainItem  = pattern.New(`^\s*(?:[-*+•‣◦·o]|\(?[0-9]{1,3}[.)]|\(?[a-z]\))\s+\S`)
	plainField = pattern.New(`^\s{0,3}\p{Lu}[\p{L}\p{N} _/().-]*: `)
)

// eachLine calls fn for each line with its number, without the line's end:
// LF, CR LF, or CR alone.
func eachLine(ctx context.Context, s string, fn func(line string, n int) error) error {
	checked := len(s)
	for n := 1; s != ""; n++ {
		if checked-len(s) >= checkEvery {
			checked = len(s)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		i := strings.IndexAny(s, "\r\n")
		if i < 0 {
			return fn(s, n)
		}
		if err := fn(s[:i], n); err != nil {
			return err
		}
		if s[i] == '\r' && i+1 < len(s) && s[i+1] == '\n' {
			i++
		}
		s = s[i+1:]
	}
	return nil
}

// readPlain joins the lines of a paragraph. A line that is short and followed
// by a capital is a line of its own, as in an address or under a title.
func readPlain(w *writer, s string) error {
	prev := ""
	alone := 0 // lines of the running paragraph
	err := eachLine(w.ctx, s, func(line string, n int) error {
		t := strings.TrimSpace(line)
		if t == "" || ruler(t) {
			headingIfAlone(w, alone, prev)
			w.start("text", 0)
			prev, alone = "", 0
			return nil
		}
		switch {
		case plainItem.MatchString(line[:min(len(line), 80)]):
			w.start("item", 0)
			if i := strings.IndexFunc(t, unicode.IsSpace); i >= 0 { // none is left of "* " and a vertical tab
				t = strings.TrimSpace(t[i:])
			}
			alone = 2
		case plainField.MatchString(line[:min(len(line), 80)]):
			w.start("text", 0)
			alone = 2
		case prev != "" && (len(prev) < 50 || plainField.MatchString(prev[:min(len(prev), 80)])) && startsUpper(t) && w.kind != "item":
			headingIfAlone(w, alone, prev)
			w.start("text", 0)
			alone = 2
		}
		prev, alone = t, alone+1
		w.gap()
		return w.text(t, n)
	})
	headingIfAlone(w, alone, prev)
	return err
}

// headingIfAlone makes the running block a heading when it is one short line
// that does not end like a sentence.
func headingIfAlone(w *writer, lines int, t string) {
	if lines == 1 && w.kind == "text" && len(t) <= 80 && !strings.ContainsAny(t[len(t)-1:], ".:;,!?|") && strings.IndexFunc(t, unicode.IsLetter) >= 0 {
		w.kind, w.level = "heading", 0
	}
}

func ruler(t string) bool { return len(t) >= 3 && strings.Trim(t, "-=_*~# ") == "" }

func startsUpper(t string) bool {
	r, _ := utf8.DecodeRuneInString(t)
	return unicode.IsUpper(r) || unicode.IsDigit(r)
}
