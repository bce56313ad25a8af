package cli_test

import (
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/cli"
)

// What is typed is taken as a person means it.
func TestTyped(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys, want string
		fails      bool
	}{
		"a line":                 {"correct horse\r", "correct horse", false},
		"with a line feed":       {"correct\n", "correct", false},
		"nothing":                {"\r", "", false},
		"what follows is left":   {"one\rtwo\r", "one", false},
		"a mistake":              {"corrrr\x7f\x7f\x7fect\r", "corect", false},
		"back from the start":    {"\x7f\x08a\r", "a", false},
		"a letter of two bytes":  {"caf\u00e9\x7fe\r", "cafe", false},
		"from the start again":   {"wrong\x15right\r", "right", false},
		"broken off":             {"corr\x03", "", true},
		"the end of input":       {"corr\x04", "", true},
		"the terminal is closed": {"corr", "", true},
		"as long as may be":      {strings.Repeat("x", 4096) + "\r", strings.Repeat("x", 4096), false},
		"too long":               {strings.Repeat("x", 4097) + "\r", "", true},
	} {
		got, err := cli.Typed(strings.NewReader(c.keys))
		if string(got) != c.want || (err != nil) != c.fails {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, c.want)
		}
	}
}
