package text

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"github.com/open-iot-mark/iotmark"
)

// utf16Order returns the byte order of text in UTF-16: by its byte order mark,
// or because every second byte of a Latin text is zero.
func utf16Order(b []byte) binary.ByteOrder {
	if bytes.HasPrefix(b, []byte("\xff\xfe")) {
		return binary.LittleEndian
	}
	if bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return binary.BigEndian
	}
	n := min(len(b), 512) &^ 1
	if n < 16 {
		return nil
	}
	var zero [2]int
	for i, c := range b[:n] {
		if c == 0 {
			zero[i&1]++
		}
	}
	switch {
	case zero[1] > n/2*4/5 && zero[0] == 0:
		return binary.LittleEndian
	case zero[0] > n/2*4/5 && zero[1] == 0:
		return binary.BigEndian
	}
	return nil
}

// decode returns the text in UTF-8 and how many bytes could not be read and
// were replaced. Bytes that are UTF-8 are taken as UTF-8, whatever they
// declare; else the declared character set is used (HTML Standard, 13.2.3.2);
// else the text counts as UTF-8 with flaws, up to one flaw in a hundred bytes.
func decode(b []byte) (string, int, error) {
	if o := utf16Order(b); o != nil {
		return decode16(b, o)
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if utf8.Valid(b) {
		return string(b), 0, nil
	}
	head := b[:min(len(b), 1024)]
	if bytes.Contains(bytes.ToLower(head), []byte("charset")) {
		if enc, name, _ := charset.DetermineEncoding(head, "text/html"); name != "utf-8" {
			if out, err := enc.NewDecoder().Bytes(b); err == nil {
				return string(out), bytes.Count(out, []byte("\uFFFD")), nil
			}
		}
	}
	bad := 0
	for rest := b; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 {
			bad++
		}
		rest = rest[n:]
	}
	if bad*100 > len(b) {
		return "", 0, &iotmark.Error{Kind: iotmark.Invalid, ID: "not-utf8", Msg: "it is not written in UTF-8, and names no other character set; save it as UTF-8"}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), bad, nil
}

func decode16(b []byte, o binary.ByteOrder) (string, int, error) {
	out := make([]byte, 0, len(b)/2)
	bad := len(b) & 1
	for i := 0; i+1 < len(b); i += 2 {
		r := rune(o.Uint16(b[i:]))
		if utf16.IsSurrogate(r) {
			p := rune(utf8.RuneError)
			if i+3 < len(b) {
				p = utf16.DecodeRune(r, rune(o.Uint16(b[i+2:])))
			}
			if p == utf8.RuneError {
				bad++
			} else {
				i += 2
			}
			r = p
		}
		if r != 0xfeff || i > 0 {
			out = utf8.AppendRune(out, r)
		}
	}
	return string(out), bad, nil
}
