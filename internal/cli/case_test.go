package cli_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	model "github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/cli"
)

// byOther are acts that have a command of another name, or that only the
// program does.
var byOther = map[model.Act]string{
	"found": "init", "expire": "work", "lapse": "work", "attest": "work", "unattest": "work", "determine": "work", "carried": "sign", "dropped": "drop",
	"remind": "work", "overdue": "work", "reseal": "seal",
}

// Every act that a person can do is a command.
func TestEveryActIsACommand(t *testing.T) {
	t.Parallel()
	names := cli.CommandNames()
	for _, m := range append(model.CaseMoves(), model.CaseAnytime()...) {
		name := string(m.Act)
		if other, ok := byOther[m.Act]; ok {
			name = other
		}
		if !slices.Contains(names, "case "+name) {
			t.Errorf("iotmark case has no %s", m.Act)
		}
	}
}

// The guide for certification bodies names commands and flags as they are.
func TestGuideForBodies(t *testing.T) {
	t.Parallel()
	names := cli.CommandNames()
	flag := regexp.MustCompile(` (--[a-z]+(?:-[a-z]+)*)`)
	n := 0
	text := strings.ReplaceAll(document(t, "certify.md"), "\\\n", " ")
	for _, m := range regexp.MustCompile(`iotmark case ([a-z-]+)([^\n|]*?)(?:\n|`+"`"+`)`).FindAllStringSubmatch(text, -1) {
		n++
		if !slices.Contains(names, "case "+m[1]) {
			t.Errorf("the guide names iotmark case %s, which is not there", m[1])
			continue
		}
		help, _ := run(t, "case", m[1], "--help")
		for _, f := range flag.FindAllStringSubmatch(m[2], -1) {
			if !strings.Contains(help, f[1]+" ") && !strings.Contains(help, f[1]+",") {
				t.Errorf("iotmark case %s has no %s", m[1], f[1])
			}
		}
	}
	if n < 25 {
		t.Errorf("only %d commands were found", n)
	}
}
