package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/catalogue"
)

// The figures are those that the check of the data printed before it was
// moved into the catalogue.
func TestCoverageTable(t *testing.T) {
	t.Parallel()
	c := catalogue.MustLoad()
	rows, err := c.Coverage()
	if err != nil {
		t.Fatal(err)
	}
	gaps, err := c.Gaps()
	if err != nil {
		t.Fatal(err)
	}
	var p page
	p.coverage(c, lintResult{Coverage: rows, Gaps: gaps})
	t.Log("\n" + p.String())
	for _, want := range []string{
		"all                 110    75     31    4    37    25     78     7     28",
		"privacy              14    12      2    0     6     2     11     1      2",
		"low-repairability    23    13      8    2     8     6     15     2      8",
		"eu-cra                      product            52     49      43      47    90%\n",
		"eu-empco-2024-825           product+scheme     24     19      11      16    67%\n",
		"all                                           635    523     441     485    76%\n",
		"  T02   credentials can be changed by the user (touched)\n",
	} {
		if !strings.Contains(p.String(), want) {
			t.Errorf("there is no %q", want)
		}
	}
	for l := range strings.Lines(p.String()) {
		if utf8.RuneCountInString(strings.TrimRight(l, "\n")) > columns {
			t.Errorf("longer than %d columns: %s", columns, l)
		}
	}
}
