package cli

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
