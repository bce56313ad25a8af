package message_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/internal/message"
)

func TestShort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		most     int
		want     string
	}{
		{"as it is", "Nook Indoor Camera 2", 100, "Nook Indoor Camera 2"},
		{"just fits", "abcde", 5, "abcde"},
		{"cut", "abcdef", 5, "ab..."},
		{"cut at a space", "a bcdef", 5, "a..."},
		{"nothing", "", 5, ""},
		{"white space", " \t\r\n\u3000 a \n\n b \u2003", 10, "a b"},
		{"steering", "a\x1b[2J\u202eb\u2066\x00\ufeff", 20, "a?[2J?b???"},
		{"marks", "a" + strings.Repeat("\u0301", 50), 20, "a" + strings.Repeat("\u0301", 4)},
		{"marks on nothing", "\u0301\u0301a", 20, "a"},
		{"joiner within a word", "\u0646\u0645\u06cc\u200c\u062e\u0648", 20, "\u0646\u0645\u06cc\u200c\u062e\u0648"},
		{"joiners in a row", "a\u200d\u200d\u200db", 20, "a\u200db"},
		{"joiners alone", "\u200d\u200c", 20, ""},
		{"not UTF-8", "a\xffb", 20, "a?b"},
		{"marks that are unseen", "a\u034fb\u17b4", 20, "a?b?"},
		{"fillers", "\u3164\u115f", 20, "??"},
		{"no room", "abc", 0, "..."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := message.Short(c.in, c.most); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzShort(f *testing.F) {
	f.Add("a b\x00\u202e\u0301\u200d", 5)
	f.Add(strings.Repeat("\u0301", 300), 3)
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = min(max(most, 3), 1000)
		got := message.Short(s, most)
		if n := utf8.RuneCountInString(got); n > most {
			t.Errorf("%d characters, at most %d", n, most)
		}
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\t\x00\x1b") || strings.Contains(got, "  ") || got != message.Clean(got) {
			t.Errorf("%q", got)
		}
		if again := message.Short(got, most); again != got {
			t.Errorf("a second time gives %q, the first %q", again, got)
		}
	})
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for _, l := range message.Languages() {
		w, ok := message.In(l.Code)
		if !ok || w.Code != l.Code || w.Name != l.Name {
			t.Errorf("%s: %v", l.Code, ok)
			continue
		}
		for _, id := range w.IDs() {
			if s := w.Say(id, map[string]string{"n": "2"}); s == "" || s == string(id) || typographic.MatchString(s) {
				t.Errorf("%s: %s says %q", l.Code, id, s)
			}
		}
	}
	if _, ok := message.In("xx"); ok {
		t.Error("there are words for a language that is none")
	}
	de, _ := message.In("de")
	if got := de.Say("page.years", map[string]string{"n": "1"}); got != "1 Jahr" {
		t.Errorf("got %q", got)
	}
	// What has no words in a language is said in English.
	if de.Has("verdict.conforms") || de.Say("verdict.conforms", nil) != "conforms" {
		t.Error("no English words where German ones are missing")
	}
}
