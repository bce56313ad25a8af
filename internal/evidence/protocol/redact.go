package protocol

import (
	"bytes"
	"regexp"
	"strings"
)

// secretKey are names of fields whose value is a secret, as makers write
// them: some words anywhere in the name, some only alone or behind a mark.
const secretKey = `[a-z0-9_.-]*(?:pass|pwd|psw|passwort|token|secret|api_?key|auth|cookie|session|psk|credential|loginpas|private_?key|wifi_?key)[a-z0-9_-]*` +
	`|(?:[a-z0-9]+[_.-])?(?:pas|key|sid|sig|signature|pin|otp|code)`

var (
	// a value behind the name of a secret: in an address, a form, JSON, XML, a header
	secretValue = regexp.MustCompile(`(?i)(\b(?:` + secretKey + `)["']?\s*(?:=|:|>|%3D)\s*["']?)[^\s"'&;,<>]+`)
	mailName    = regexp.MustCompile(`[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.[A-Za-z])`)
	inAddress   = regexp.MustCompile(`(?i)(://)[^/\s@]+@`)
	hexRun      = regexp.MustCompile(`\b[0-9A-Fa-f]{12,}\b`)
	longRun     = regexp.MustCompile(`[A-Za-z0-9+_=-]{16,}`)
)

// redact returns the beginning of a passage as printable text, at most 120
// bytes, without what is or may be a secret: values behind the name of one,
// names in mail addresses, sign-ins in addresses, and long runs that look
// like keys. A long run of letters alone is a word and stays.
func redact(b []byte) string {
	b = b[:min(len(b), 480)]
	if cut := len(b); cut == 480 {
		// a run that the cut goes through could lose its look
		if i := bytes.LastIndexAny(b, " \n\t,;&<>\"{}/?"); i > 240 {
			b = b[:i]
		}
	}
	r := []byte(strings.ToValidUTF8(string(b), "."))
	for i, c := range r {
		if c < ' ' || c == 0x7f {
			r[i] = ' '
		}
		if c >= 0x80 { // names of places and people in other scripts say nothing that a check needs
			r[i] = '.'
		}
	}
	s := inAddress.ReplaceAllString(string(r), "${1}...@")
	s = secretValue.ReplaceAllString(s, "${1}...")
	s = mailName.ReplaceAllString(s, "...@$1")
	s = hexRun.ReplaceAllStringFunc(s, func(run string) string {
		if strings.ContainsAny(run, "0123456789") { // a hardware address or serial is often the password too
			return run[:4] + "..."
		}
		return run
	})
	s = longRun.ReplaceAllStringFunc(s, func(run string) string {
		figures := 0
		for i := range len(run) {
			if run[i] >= '0' && run[i] <= '9' {
				figures++
			}
		}
		if figures < 4 && len(run) < 32 {
			return run
		}
		return run[:4] + "..."
	})
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 120 {
		s = s[:117] + "..."
	}
	return s
}
