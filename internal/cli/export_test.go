package cli

import "github.com/open-iot-mark/iotmark/verify"

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

// Words tells an entry of a type in words; nothing when there are none.
func Words(t verify.Type, body any) string {
	if say := entryWords[t]; say != nil {
		return say(body)
	}
	return ""
}

// Typed is typed, what somebody types as a passphrase.
var Typed = typed
