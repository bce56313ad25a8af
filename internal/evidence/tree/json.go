package tree

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Limits bound one document.
type Limits struct {
	Depth int // of lists and maps within each other
	Nodes int // values of all kinds
}

// JSON reads one JSON document (RFC 8259).
func JSON(ctx context.Context, b []byte, lim Limits) (*Node, error) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(b) {
		return nil, evidence.Malformed("JSON", errors.New("the bytes are not UTF-8"))
	}
	p := &parser{ctx: ctx, b: b, line: 1, lim: lim, names: map[string]string{}}
	n, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.peek() != 0 || p.i < len(p.b) {
		return nil, p.malformed("something follows after the end of the document")
	}
	return n, nil
}

// parser reads JSON by itself because encoding/json knows no lines, bounds
// depth at 10,000 only, and lets the last of two equal names win.
type parser struct {
	ctx   context.Context
	b     []byte // valid UTF-8
	i     int
	line  int
	lim   Limits
	nodes int
	names map[string]string // names met before, so that one name is kept once
}

func (p *parser) malformed(format string, args ...any) error {
	return evidence.Malformed("JSON", fmt.Errorf("line %d: %s", p.line, fmt.Sprintf(format, args...)))
}

// peek skips white space and returns the next byte, or 0 at the end.
func (p *parser) peek() byte {
	for p.i < len(p.b) {
		switch c := p.b[p.i]; c {
		case '\n':
			p.line++
			p.i++
		case ' ', '\t', '\r':
			p.i++
		default:
			return c
		}
	}
	return 0
}

func (p *parser) value(depth int) (*Node, error) {
	c := p.peek()
	if p.nodes++; p.nodes > p.lim.Nodes {
		return nil, evidence.TooMany("values", p.lim.Nodes)
	}
	if p.nodes%4096 == 0 && p.ctx.Err() != nil {
		return nil, p.ctx.Err()
	}
	n := &Node{Line: p.line}
	switch {
	case c == '{' || c == '[':
		if depth >= p.lim.Depth {
			return nil, evidence.TooDeep(p.lim.Depth)
		}
		n.Kind = List
		if c == '{' {
			n.Kind = Map
		}
		p.i++
		return n, p.inside(n, depth)
	case c == '"':
		s, err := p.text()
		n.Kind, n.Text = Text, s
		return n, err
	case c == 't' || c == 'f' || c == 'n':
		for _, w := range [...]string{"true", "false", "null"} {
			if bytes.HasPrefix(p.b[p.i:], []byte(w)) {
				p.i += len(w)
				if w != "null" {
					n.Kind, n.Text = Bool, w
				}
				return n, nil
			}
		}
	case c == '-' || c >= '0' && c <= '9':
		from := p.i
		for p.i < len(p.b) && bytes.IndexByte([]byte("+-.eE0123456789"), p.b[p.i]) >= 0 {
			p.i++
		}
		if s := p.b[from:p.i]; len(s) <= maxNumber && json.Valid(s) {
			n.Kind, n.Text = Number, string(s)
			return n, nil
		}
		return nil, p.malformed("a number is broken")
	case c == 0 && p.i >= len(p.b):
		return nil, p.malformed("it ends in the middle; the file was cut off")
	}
	return nil, p.malformed("a value was expected")
}

// maxNumber bounds the digits of a number; a 64-bit float needs at most 25.
const maxNumber = 128

// inside reads what stands between the brackets of n.
func (p *parser) inside(n *Node, depth int) error {
	end := byte(']')
	var seen map[string]bool
	if n.Kind == Map {
		end, seen = '}', map[string]bool{}
	}
	for {
		if c := p.peek(); c == end && len(n.Kids) == 0 {
			p.i++
			return nil
		}
		var key string
		at := 0
		if n.Kind == Map {
			if p.peek() != '"' {
				return p.malformed("a name in quotes was expected")
			}
			at = p.line
			k, err := p.text()
			if err != nil {
				return err
			}
			if seen[k] {
				return p.malformed("the name %q stands twice in one object", cut(k, 40))
			}
			if old, ok := p.names[k]; ok {
				k = old
			} else {
				p.names[k] = k
			}
			key, seen[k] = k, true
			if p.peek() != ':' {
				return p.malformed("a colon was expected after the name %q", cut(k, 40))
			}
			p.i++
		}
		kid, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		kid.Key, kid.At = key, at
		n.Kids = append(n.Kids, kid)
		switch p.peek() {
		case ',':
			p.i++
			if p.peek() == end {
				return p.malformed("a comma stands before the end of a list or an object")
			}
		case end:
			p.i++
			return nil
		case 0:
			return p.malformed("it ends in the middle; the file was cut off")
		default:
			return p.malformed("a comma or the end of the list or object was expected")
		}
	}
}

// text reads a string.
func (p *parser) text() (string, error) {
	from := p.i
	p.i++
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case c == '"':
			p.i++
			raw := p.b[from:p.i]
			if bytes.IndexByte(raw, '\\') < 0 {
				return string(raw[1 : len(raw)-1]), nil
			}
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				return "", p.malformed("a text holds a broken escape")
			}
			return s, nil
		case c == '\\':
			p.i += 2
		case c < 0x20:
			return "", p.malformed("a text runs over the end of its line")
		default:
			p.i++
		}
	}
	p.i = len(p.b)
	return "", p.malformed("it ends in the middle of a text; the file was cut off")
}

// cut cuts to n bytes, at the border of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
