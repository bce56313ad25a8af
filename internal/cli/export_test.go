package cli

import (
	"io"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark/verify"
)

// FormatNames lists the formats of check.
func FormatNames() []string {
	var out []string
	for _, f := range formats() {
		out = append(out, f.name)
	}
	return out
}

// Heartbeat is heartbeat, for tests of its clock.
var Heartbeat = heartbeat

// MainForScripts is Main, which says nothing because a machine is slow.
func MainForScripts(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	beat = time.Hour
	return Main(args, stdin, stdout, stderr)
}

// Words tells an entry of a type in words; nothing when there are none.
func Words(t verify.Type, body any) string {
	if say := entryWords[t]; say != nil {
		return say(body)
	}
	return ""
}

// Typed is typed, what somebody types as a passphrase.
var Typed = typed

// CommandNames lists all commands, those within others too.
func CommandNames() []string {
	var out []string
	var walk func(before string, cs []*ucli.Command)
	walk = func(before string, cs []*ucli.Command) {
		for _, c := range cs {
			name := strings.TrimSpace(before + " " + c.Name)
			out = append(out, name)
			walk(name, c.Commands)
		}
	}
	walk("", root(nil, io.Discard, io.Discard).Commands)
	return out
}
