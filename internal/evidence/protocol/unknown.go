package protocol

import (
	"bytes"
	"unicode/utf8"
)

// Of unknown bytes, at least readableLen must be there and readableShare in a
// hundred of them print for a conversation to count as readable.
const (
	readableLen   = 32
	readableShare = 85
	judged        = 2048 // bytes of each side that are judged
)

// unknown judges bytes of no known form: text that prints is clear, anything
// else is opaque, whatever it may be: compressed, encrypted or only binary.
func unknown(sides ...[]byte) Dialogue {
	d := Dialogue{Protocol: Unknown, Reading: Opaque}
	for _, b := range sides {
		if isReadable(b) {
			d.Reading = Clear
			d.say(whatPayload, b)
		}
	}
	return d
}

// isReadable reports whether enough of the first bytes print. Base64 and
// hexadecimal digits without any space, bracket or sign print and say
// nothing: they are not readable.
func isReadable(b []byte) bool {
	b = b[:min(len(b), judged)]
	if len(b) < readableLen {
		return false
	}
	run := 0
	for _, c := range b {
		if isRun(c) || c == '=' || c == '\r' || c == '\n' {
			run++
		}
	}
	return printing(b) >= readableShare && run < len(b)
}

// printing returns how many in a hundred bytes belong to text: printable
// ASCII, UTF-8, tab and line ends.
func printing(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	n := 0
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c < 0x7f || c == '\n' || c == '\r' || c == '\t' {
				n++
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if size > 1 && printable(r) {
			n += size
		}
		i += size
	}
	return n * 100 / len(b)
}

// text reports whether a payload is text that a person can read, of any
// length, and so may stand in a passage.
func text(b []byte) bool {
	b = b[:min(len(b), judged)]
	return len(b) > 0 && printing(b) >= 90
}

// line cuts the first line off. ok is false when no line end is there within
// max bytes; the rest is then returned as the line.
func line(b []byte, max int) (l, rest []byte, ok bool) {
	i := bytes.IndexByte(b[:min(len(b), max)], '\n')
	if i < 0 {
		return b, nil, false
	}
	return bytes.TrimSuffix(b[:i], []byte("\r")), b[i+1:], true
}
