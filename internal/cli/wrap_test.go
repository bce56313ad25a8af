package cli

import (
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		s             string
		width, indent int
		want          string
	}{
		{"nothing", "", 10, 0, ""},
		{"short", "one two", 10, 0, "one two"},
		{"exactly", "one two", 7, 0, "one two"},
		{"too long by one", "one two", 6, 0, "one\ntwo"},
		{"indented", "one two three", 9, 2, "  one two\n  three"},
		{"long word", "a incomprehensible b", 8, 2, "  a\n  incomprehensible\n  b"},
		{"runes, not bytes", "für größe", 9, 0, "für größe"},
		{"blanks and lines", "one\n  two\tthree ", 20, 0, "one two three"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := wrap(tt.s, tt.width, tt.indent); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// No word is lost, and a line is too long only when it is one word.
func TestWrapKeepsWords(t *testing.T) {
	t.Parallel()
	err := quick.Check(func(s string, width uint8) bool {
		out := wrap(s, int(width), 3)
		if strings.Join(strings.Fields(out), " ") != strings.Join(strings.Fields(s), " ") {
			return false
		}
		for _, l := range strings.Split(out, "\n") {
			if utf8.RuneCountInString(l) > int(width) && len(strings.Fields(l)) > 1 {
				return false
			}
		}
		return true
	}, nil)
	if err != nil {
		t.Error(err)
	}
}
