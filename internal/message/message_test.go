package message_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/message"
)

var (
	typographic = regexp.MustCompile("[\u2012-\u2015\u2018-\u201f\t]")
	argument    = regexp.MustCompile(`\{\{\.([a-z_0-9]+)\}\}`)
)

// Every sentence is plain text, ends, and has arguments in the one form.
func TestSentences(t *testing.T) {
	t.Parallel()
	w := message.English()
	if len(w.IDs()) < 60 {
		t.Fatalf("only %d sentences", len(w.IDs()))
	}
	for _, id := range w.IDs() {
		for _, n := range []string{"1", "2"} {
			s := w.Say(id, map[string]string{"n": n})
			if s == string(id) || s == "" {
				t.Errorf("%s says nothing for %s", id, n)
			}
			if typographic.MatchString(s) {
				t.Errorf("%s: long dash, curly quote or tab: %s", id, s)
			}
			if strings.Contains(argument.ReplaceAllString(s, ""), "{{") {
				t.Errorf("%s: an argument is not of the form {{.name}}: %s", id, s)
			}
		}
	}
	if got := w.Say("no.such.id", nil); got != "no.such.id" {
		t.Errorf("an id without words says %q", got)
	}
}

func TestPlural(t *testing.T) {
	t.Parallel()
	w := message.English()
	one := w.Say("group.mend", map[string]string{"n": "1"})
	many := w.Say("group.mend", map[string]string{"n": "3"})
	if !strings.Contains(one, "1 must does") || !strings.Contains(many, "3 musts do") {
		t.Errorf("got %q and %q", one, many)
	}
}

// Arguments are data: what stands in them is never run as a template.
func TestArgumentsAreData(t *testing.T) {
	t.Parallel()
	got := message.English().Say("assess.evidence-elsewhere", map[string]string{"evidence": "{{.n}}<b>"})
	if !strings.HasPrefix(got, "{{.n}}<b> is at") {
		t.Errorf("got %q", got)
	}
}
