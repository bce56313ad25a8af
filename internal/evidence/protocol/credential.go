package protocol

import (
	"bytes"
	"slices"
)

// How much of each list a dialogue keeps.
const (
	maxCredentials = 8
	maxPassages    = 8
	maxLookups     = 64
	maxAddresses   = 16
)

// credential makes a Credential of a sign-in as it stood on the wire. Nothing
// of secret is kept but its length and whether it is the user name.
func credential(s Scheme, user, secret []byte) Credential {
	return Credential{
		Scheme:   s,
		User:     head(user),
		Secret:   len(secret),
		SameUser: len(user) > 0 && bytes.Equal(user, secret),
		Hardware: isHardware(user) || isHardware(secret),
	}
}

// head returns the first four characters of a name and three dots when there
// are more. What does not print is shown as a question mark.
func head(b []byte) string {
	out := make([]byte, 0, 16)
	n := 0
	for _, r := range string(b[:min(len(b), 64)]) {
		if n == 4 {
			return string(append(out, "..."...))
		}
		if !printable(r) {
			r = '?'
		}
		out = append(out, string(r)...)
		n++
	}
	return string(out)
}

// isHardware reports whether a text is written like a hardware address or a
// serial: 12 hexadecimal digits, together or in pairs parted by : or -.
func isHardware(b []byte) bool {
	if len(b) == 17 && (b[2] == ':' || b[2] == '-') {
		for i, c := range b {
			if i%3 == 2 && c != b[2] || i%3 != 2 && !isHex(c) {
				return false
			}
		}
		return true
	}
	if len(b) != 12 {
		return false
	}
	digit := false
	for _, c := range b {
		if !isHex(c) {
			return false
		}
		digit = digit || c >= '0' && c <= '9'
	}
	return digit
}

func (d *Dialogue) login(c Credential) {
	if len(d.Credentials) < maxCredentials && !slices.Contains(d.Credentials, c) {
		d.Credentials = append(d.Credentials, c)
	}
}

// The words of Passage.What.
const (
	whatRequest = "request"
	whatTopic   = "topic"
	whatLogin   = "login"
	whatBanner  = "banner"
	whatPayload = "payload"
	whatLog     = "log"
)

// say adds a passage, redacted, unless nothing readable is left of it.
func (d *Dialogue) say(what string, text []byte) {
	if len(d.Passages) >= maxPassages { // spares the work
		return
	}
	d.note(what, redact(text))
}

// note adds a passage in words of this package.
func (d *Dialogue) note(what, text string) {
	p := Passage{What: what, Text: text}
	if len(d.Passages) < maxPassages && p.Text != "" && !slices.Contains(d.Passages, p) {
		d.Passages = append(d.Passages, p)
	}
}
