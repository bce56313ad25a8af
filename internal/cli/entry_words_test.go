package cli_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark/internal/cli"
	"github.com/open-iot-mark/iotmark/verify"
)

// Every type of entry is told in words.
func TestEveryTypeHasWords(t *testing.T) {
	t.Parallel()
	for _, f := range verify.Forms() {
		if s := cli.Words(f.Type, f.New()); s == "" || f.Type != verify.PromiseSet && (s[0] < 'A' || s[0] > 'Z') {
			t.Errorf("%s: entry show says %q", f.Type, s)
		}
	}
}
