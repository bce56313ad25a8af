package sbom

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// parser is a pull parser of JSON (RFC 8259) over bytes in memory. It exists
// beside encoding/json because a list of components is hostile and large: it
// bounds depth before it descends, refuses a name that comes twice in one
// object (encoding/json takes the last, others the first), knows the line of
// every component, compares names exactly and copies only what is kept.
//
// The first error sticks; after it every method returns at once.
type parser struct {
	ctx    context.Context
	b      []byte // valid UTF-8
	i      int
	line   int // line of lineAt
	lineAt int
	depth  int
	max    int
	values int
	keys   [][]byte          // names seen in the objects that are open, innermost last
	names  map[string]string // names met before, so that they are not copied again
	cut    bool              // a text was shortened
	err    error
}

// maxKeys bounds the names of one object; the formats know some 40.
const maxKeys = 10_000

// here returns the line the parser stands in.
func (p *parser) here() int {
	i := min(p.i, len(p.b))
	if i > p.lineAt {
		p.line += bytes.Count(p.b[p.lineAt:i], []byte{'\n'})
		p.lineAt = i
	}
	return p.line + 1
}

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *parser) malformed(format string, args ...any) {
	if p.err == nil {
		p.err = evidence.Malformed("JSON", fmt.Errorf("line %d: %s", p.here(), fmt.Sprintf(format, args...)))
	}
}

const cutOff = "it ends in the middle; the file was cut off"

// peek skips white space and returns the next byte, or 0 at the end.
func (p *parser) peek() byte {
	for p.i < len(p.b) {
		switch c := p.b[p.i]; c {
		case ' ', '\t', '\r', '\n':
			p.i++
		default:
			return c
		}
	}
	return 0
}

// next counts a value and returns its first byte.
func (p *parser) next() byte {
	if p.err != nil {
		return 0
	}
	if p.values++; p.values%4096 == 0 && p.ctx.Err() != nil {
		p.fail(p.ctx.Err())
		return 0
	}
	c := p.peek()
	if c == 0 && p.i >= len(p.b) {
		p.malformed(cutOff)
	}
	return c
}

func (p *parser) enter() bool {
	if p.depth++; p.depth > p.max {
		p.fail(evidence.TooDeep(p.max))
		return false
	}
	p.i++
	return true
}

// object reads an object and calls f for each name; f must read the value.
// null counts as an empty object.
func (p *parser) object(what string, f func(name string)) {
	switch p.next() {
	case '{':
	case 'n':
		p.word("null")
		return
	default:
		p.malformed("%s must be an object in braces", what)
		return
	}
	if !p.enter() {
		return
	}
	base := len(p.keys)
	var many map[string]bool
	for n := 0; p.err == nil; n++ {
		c := p.peek()
		if c == '}' && n == 0 {
			break
		}
		if n > 0 {
			if c == '}' {
				break
			}
			if !p.expect(',') {
				return
			}
		}
		if p.peek() != '"' {
			p.unexpected("a name in quotes")
			return
		}
		raw := p.raw()
		if p.err != nil {
			return
		}
		switch {
		case n >= maxKeys:
			p.fail(evidence.TooMany("names in one object", maxKeys))
			return
		case n < 32:
			for _, k := range p.keys[base:] {
				if bytes.Equal(k, raw) {
					p.twice(raw)
					return
				}
			}
			p.keys = append(p.keys, raw)
		default:
			if many == nil {
				many = map[string]bool{}
				for _, k := range p.keys[base:] {
					many[string(k)] = true
				}
			}
			if many[string(raw)] {
				p.twice(raw)
				return
			}
			many[string(raw)] = true
		}
		if !p.expect(':') {
			return
		}
		f(p.name(raw))
	}
	if p.err == nil {
		p.keys = p.keys[:base]
		p.depth--
		p.i++
	}
}

func (p *parser) twice(name []byte) {
	p.malformed("the name %q comes twice in one object, and programs differ in which one they take", cut(string(name), 40))
}

// array reads an array and calls f for each element; f must read it. null
// counts as an empty array.
func (p *parser) array(what string, f func()) {
	switch p.next() {
	case '[':
	case 'n':
		p.word("null")
		return
	default:
		p.malformed("%s must be a list in brackets", what)
		return
	}
	if !p.enter() {
		return
	}
	for n := 0; p.err == nil; n++ {
		c := p.peek()
		if c == ']' {
			break
		}
		if n > 0 && !p.expect(',') {
			return
		}
		f()
	}
	if p.err == nil {
		p.depth--
		p.i++
	}
}

// text reads a string and cuts it to max bytes. null counts as empty.
func (p *parser) text(what string, max int) string {
	switch p.next() {
	case '"':
	case 'n':
		p.word("null")
		return ""
	default:
		p.malformed("%s must be text in quotes", what)
		return ""
	}
	s := p.raw()
	if p.err != nil {
		return ""
	}
	if len(s) > max {
		p.cut = true
		return strings.TrimSpace(cut(string(s[:min(len(s), max+utf8.UTFMax)]), max))
	}
	return strings.TrimSpace(string(s))
}

// skip reads any value and forgets it.
func (p *parser) skip() {
	switch c := p.next(); {
	case p.err != nil:
	case c == '{':
		p.object("it", func(string) { p.skip() })
	case c == '[':
		p.array("it", p.skip)
	case c == '"':
		p.raw()
	case c == 't':
		p.word("true")
	case c == 'f':
		p.word("false")
	case c == 'n':
		p.word("null")
	case c == '-' || '0' <= c && c <= '9':
		p.number()
	default:
		p.unexpected("a value")
	}
}

// end makes sure that nothing follows.
func (p *parser) end() {
	if p.err == nil && (p.peek() != 0 || p.i < len(p.b)) {
		p.unexpected("the end of the file")
	}
}

func (p *parser) unexpected(want string) {
	if p.i >= len(p.b) {
		p.malformed(cutOff)
		return
	}
	r, _ := utf8.DecodeRune(p.b[p.i:])
	p.malformed("%q stands where %s was expected", r, want)
}

func (p *parser) expect(c byte) bool {
	if p.err != nil {
		return false
	}
	if p.peek() != c || p.i >= len(p.b) {
		p.unexpected(strconv.Quote(string(rune(c))))
		return false
	}
	p.i++
	return true
}

func (p *parser) word(w string) {
	if !bytes.HasPrefix(p.b[p.i:], []byte(w)) {
		p.unexpected("a value")
		return
	}
	p.i += len(w)
}

// number checks the grammar of RFC 8259, section 6. Its value is never
// needed, so that no number can be too large.
func (p *parser) number() {
	digits := func() int {
		n := 0
		for p.i < len(p.b) && '0' <= p.b[p.i] && p.b[p.i] <= '9' {
			p.i++
			n++
		}
		return n
	}
	at := func(set string) bool {
		if p.i < len(p.b) && strings.IndexByte(set, p.b[p.i]) >= 0 {
			p.i++
			return true
		}
		return false
	}
	at("-")
	if zero := p.i < len(p.b) && p.b[p.i] == '0'; zero {
		p.i++
	} else if digits() == 0 {
		p.unexpected("a digit")
		return
	}
	if at(".") && digits() == 0 {
		p.unexpected("a digit")
		return
	}
	if at("eE") {
		at("+-")
		if digits() == 0 {
			p.unexpected("a digit")
		}
	}
}

// raw reads a string at its opening quote. What it returns lies within the
// input when nothing is escaped, and must be copied before it is kept.
func (p *parser) raw() []byte {
	p.i++
	start := p.i
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case c == '"':
			p.i++
			return p.b[start : p.i-1]
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			p.malformed("a control character stands within a text")
			return nil
		}
		p.i++
	}
	p.malformed(cutOff)
	return nil
}

// escaped goes on at the first backslash of the string that began at start.
func (p *parser) escaped(start int) []byte {
	out := append([]byte(nil), p.b[start:p.i]...)
	for p.i < len(p.b) {
		c := p.b[p.i]
		switch {
		case c == '"':
			p.i++
			return out
		case c < ' ':
			p.malformed("a control character stands within a text")
			return nil
		case c != '\\':
			out = append(out, c)
			p.i++
			continue
		}
		if p.i+1 >= len(p.b) {
			break
		}
		c = p.b[p.i+1]
		if c != 'u' {
			k := strings.IndexByte(`"\/bfnrt`, c)
			if k < 0 {
				p.malformed(`\%c is no escape of JSON`, c)
				return nil
			}
			out = append(out, "\"\\/\b\f\n\r\t"[k])
			p.i += 2
			continue
		}
		r, ok := p.hex4(p.i)
		if !ok {
			p.malformed(`\u must be followed by four hexadecimal digits`)
			return nil
		}
		p.i += 6
		if utf16.IsSurrogate(r) {
			// RFC 8259, section 7: a lone half has no meaning; it becomes the
			// replacement character, as in encoding/json.
			if low, ok := p.hex4(p.i); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
				r = utf16.DecodeRune(r, low)
				p.i += 6
			} else {
				r = utf8.RuneError
			}
		}
		out = utf8.AppendRune(out, r)
	}
	p.malformed(cutOff)
	return nil
}

// hex4 reads \uXXXX at i.
func (p *parser) hex4(i int) (rune, bool) {
	if i+6 > len(p.b) || p.b[i] != '\\' || p.b[i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range p.b[i+2 : i+6] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// name copies a name once for the whole file.
func (p *parser) name(raw []byte) string {
	if s, ok := p.names[string(raw)]; ok {
		return s
	}
	s := string(raw)
	if len(p.names) < 1024 && len(s) <= 64 {
		p.names[s] = s
	}
	return s
}
