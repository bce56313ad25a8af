package verify

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark"
)

// maxDepth bounds how deep JSON may be nested.
const maxDepth = 32

// Canonical reports whether b is one JSON value in the form of RFC 8785, with
// whole numbers of at most 2^53-1 only, which is all that the formats of this
// package use. It makes one pass and no copy. Kind Invalid; ids
// json-malformed, json-duplicate, json-not-canonical, json-too-deep.
func Canonical(b []byte) error {
	c := scanner{b: b}
	c.value(0)
	if c.err == nil && c.i != len(b) {
		c.fail("json-malformed", "something follows the end of the JSON value")
	}
	if c.err != nil {
		return c.err // a nil *Error is no nil error
	}
	return nil
}

// decode reads one canonical JSON value into v. A member that v does not
// name, one in other letters' case, and one that v would not write are refused:
// what is accepted has exactly one form. The fields of v must be declared in
// the order of their names.
func decode(b []byte, v any) error {
	if err := Canonical(b); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "member-unknown", Msg: "the JSON has a member that is not of this format, or one of another type", Err: err}
	}
	back, err := encode(v)
	if err != nil || !bytes.Equal(back, b) {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "json-not-canonical",
			Msg: "the JSON is not in the one form that is accepted: write members as the format names them and leave empty ones out"}
	}
	return nil
}

// encode writes v as canonical JSON, if its fields are declared in the order
// of their names.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	out := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	// encoding/json always writes these two as escapes, RFC 8785 never does.
	if bytes.Contains(out, []byte(`\u202`)) {
		out = unescapeLines(out)
	}
	return out, nil
}

// mustEncode is encode for structs of texts, numbers and lists of them.
func mustEncode(v any) []byte {
	b, err := encode(v)
	if err != nil {
		panic("verify: a struct of texts and numbers is always JSON: " + err.Error())
	}
	return b
}

// unescapeLines puts the line and paragraph separator in place of their
// escapes, but not where the backslash is itself escaped.
func unescapeLines(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] != '\\':
			out = append(out, b[i])
		case bytes.HasPrefix(b[i:], []byte(`\u2028`)):
			out, i = append(out, "\u2028"...), i+5
		case bytes.HasPrefix(b[i:], []byte(`\u2029`)):
			out, i = append(out, "\u2029"...), i+5
		default:
			out, i = append(out, b[i], b[i+1]), i+1
		}
	}
	return out
}

type scanner struct {
	b   []byte
	i   int
	err *iotmark.Error
}

func (c *scanner) fail(id iotmark.ErrorID, msg string) {
	if c.err == nil {
		c.err = &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: msg, Pos: "byte " + strconv.Itoa(c.i)}
	}
}

func (c *scanner) peek() byte {
	if c.i < len(c.b) {
		return c.b[c.i]
	}
	return 0
}

func (c *scanner) take(s string) {
	if c.err != nil {
		return
	}
	if len(c.b)-c.i >= len(s) && string(c.b[c.i:c.i+len(s)]) == s {
		c.i += len(s)
		return
	}
	switch c.peek() {
	case ' ', '\t', '\r', '\n':
		c.fail("json-not-canonical", "canonical JSON has no white space between its parts")
	default:
		c.fail("json-malformed", "this is no JSON: expected "+s)
	}
}

func (c *scanner) value(depth int) {
	if c.err != nil {
		return
	}
	if depth >= maxDepth {
		c.fail("json-too-deep", "the JSON is nested more than "+strconv.Itoa(maxDepth)+" levels deep")
		return
	}
	switch ch := c.peek(); {
	case ch == '{':
		c.object(depth)
	case ch == '[':
		c.array(depth)
	case ch == '"':
		c.text(false)
	case ch == 't':
		c.take("true")
	case ch == 'f':
		c.take("false")
	case ch == 'n':
		c.take("null")
	case ch == '-' || ch >= '0' && ch <= '9':
		c.number()
	default:
		c.take("a value")
	}
}

func (c *scanner) object(depth int) {
	c.take("{")
	if c.peek() == '}' {
		c.i++
		return
	}
	var last []byte
	for first := true; c.err == nil; first = false {
		at := c.i
		key := c.text(true)
		if c.err != nil {
			return
		}
		if !first {
			switch cmp := compareNames(last, key); {
			case cmp == 0:
				c.i = at
				c.fail("json-duplicate", "a member stands twice in one JSON object")
				return
			case cmp > 0:
				c.i = at
				c.fail("json-not-canonical", "the members of a JSON object are not in the order of RFC 8785")
				return
			}
		}
		last = key
		c.take(":")
		c.value(depth + 1)
		if c.peek() == '}' {
			c.take("}")
			return
		}
		c.take(",")
	}
}

func (c *scanner) array(depth int) {
	c.take("[")
	if c.peek() == ']' {
		c.i++
		return
	}
	for c.err == nil {
		c.value(depth + 1)
		if c.peek() == ']' {
			c.take("]")
			return
		}
		c.take(",")
	}
}

// number takes a whole number as ECMAScript writes it: no plus, no leading
// zero, no minus zero, no fraction, no exponent.
func (c *scanner) number() {
	at := c.i
	if c.peek() == '-' {
		c.i++
	}
	digits := c.i
	for c.i < len(c.b) && c.b[c.i] >= '0' && c.b[c.i] <= '9' {
		c.i++
	}
	n := c.b[digits:c.i]
	switch ch := c.peek(); {
	case len(n) == 0:
		c.fail("json-malformed", "a number has no digits")
	case n[0] == '0' && (len(n) > 1 || digits > at), ch == '.', ch == 'e', ch == 'E':
		c.fail("json-not-canonical", "only whole numbers in their shortest form are used here")
	case len(n) > 16 || len(n) == 16 && string(n) > "9007199254740991":
		c.fail("json-not-canonical", "the number is beyond 2^53-1")
	}
}

// plainByte are those that stand for themselves in a string.
var plainByte = func() (t [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// text takes a string and returns what is between the quotation marks; of a
// name with escapes undone.
func (c *scanner) text(name bool) []byte {
	c.take(`"`)
	from := c.i
	escaped := false
	for c.err == nil {
		for c.i < len(c.b) && plainByte[c.b[c.i]] {
			c.i++
		}
		switch ch := c.peek(); {
		case c.i >= len(c.b):
			c.fail("json-malformed", "the JSON ends within a string")
		case ch == '"':
			s := c.b[from:c.i]
			c.i++
			if escaped && name {
				s = unescape(s)
			}
			return s
		case ch == '\\':
			escaped = true
			if c.i+1 < len(c.b) && (c.b[c.i+1] == 'n' || c.b[c.i+1] == '"') {
				c.i += 2 // what there is most of, without a call
				continue
			}
			c.escape()
		case ch < ' ':
			c.fail("json-malformed", "a string has a control character that is not escaped")
		default:
			r, n := utf8.DecodeRune(c.b[c.i:])
			if r == utf8.RuneError && n == 1 {
				c.fail("json-malformed", "the text is not UTF-8")
			}
			c.i += n
		}
	}
	return nil
}

// escape takes one escape, if RFC 8785, section 3.2.2.2 would write it so.
func (c *scanner) escape() {
	rest := c.b[c.i:]
	if len(rest) < 2 {
		c.fail("json-malformed", "the JSON ends within a string")
		return
	}
	switch rest[1] {
	case '"', '\\', 'b', 't', 'n', 'f', 'r':
		c.i += 2
	case 'u':
		if len(rest) >= 6 && rest[2] == '0' && rest[3] == '0' && (rest[4] == '0' && rest[5] != '8' && rest[5] != '9' &&
			(rest[5] >= '0' && rest[5] <= '7' || rest[5] == 'b' || rest[5] == 'e' || rest[5] == 'f') ||
			rest[4] == '1' && (rest[5] >= '0' && rest[5] <= '9' || rest[5] >= 'a' && rest[5] <= 'f')) {
			c.i += 6
			return
		}
		c.fail("json-not-canonical", "a character is escaped that canonical JSON does not escape")
	case '/':
		c.fail("json-not-canonical", "a character is escaped that canonical JSON does not escape")
	default:
		c.fail("json-malformed", "there is no such escape in JSON")
	}
}

func unescape(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		n := bytes.IndexByte(s[i:], '\\')
		if n < 0 {
			return append(out, s[i:]...)
		}
		out, i = append(out, s[i:i+n]...), i+n+1
		switch s[i] {
		case 'b':
			out = append(out, '\b')
		case 't':
			out = append(out, '\t')
		case 'n':
			out = append(out, '\n')
		case 'f':
			out = append(out, '\f')
		case 'r':
			out = append(out, '\r')
		case 'u':
			n, _ := strconv.ParseUint(string(s[i+1:i+5]), 16, 8)
			out, i = append(out, byte(n)), i+4
		default:
			out = append(out, s[i])
		}
	}
	return out
}

// compareNames compares as RFC 8785, section 3.2.3 does: by UTF-16 code unit.
// That is the order of the bytes, but where one name has a character beyond
// the basic plane.
func compareNames(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if n < len(a) && n < len(b) && (a[n] >= 0xee || b[n] >= 0xee) {
		return compareUTF16(string(a), string(b))
	}
	return bytes.Compare(a, b)
}

func compareUTF16(a, b string) int {
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	for i := 0; i < len(x) && i < len(y); i++ {
		if x[i] != y[i] {
			return int(x[i]) - int(y[i])
		}
	}
	return len(x) - len(y)
}
