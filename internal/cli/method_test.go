package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/catalogue"
)

// No line of any method is wider than a terminal, and each tells every field.
func TestMethodPagesFit(t *testing.T) {
	t.Parallel()
	c := catalogue.MustLoad()
	if err := c.LoadMethods(); err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Methods {
		text := methodPage(c, m)
		for l := range strings.Lines(text) {
			if l = strings.TrimRight(l, "\n"); utf8.RuneCountInString(l) > columns {
				t.Errorf("%s is longer than %d columns: %s", m.ID, columns, l)
			}
		}
		for _, f := range m.Fields {
			if !strings.Contains(text, "\n  "+f.ID) {
				t.Errorf("%s does not tell the field %s", m.ID, f.ID)
			}
		}
	}
}
