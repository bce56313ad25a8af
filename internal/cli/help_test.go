package cli_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/internal/cli"
)

// No line of the help of any command is wider than a terminal, and every flag
// says what it takes.
func TestHelpFits(t *testing.T) {
	t.Parallel()
	for _, words := range cli.CommandNames() {
		help, _ := run(t, append(strings.Fields(words), "--help")...)
		for line := range strings.Lines(help) {
			if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > 80 || strings.HasPrefix(line, "   --") && strings.Contains(line, " string ") {
				t.Errorf("iotmark %s --help: %s", words, line)
			}
		}
	}
}
