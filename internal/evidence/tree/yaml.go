package tree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// maxYAML bounds the bytes of YAML: a node of yaml.v3 costs some 200 bytes,
// and the shortest value is two bytes long. The largest interface description
// of a device that was looked at had 90 kB.
const maxYAML = 4 << 20

// YAML reads one YAML document of the core schema (YAML 1.2.2, 10.3).
// Anchors, aliases, merge keys and a second document are refused.
func YAML(ctx context.Context, b []byte, lim Limits) (*Node, error) {
	if len(b) > maxYAML {
		return nil, evidence.TooLarge(int64(len(b)), maxYAML)
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(b) {
		return nil, evidence.Malformed("YAML", errors.New("the bytes are not UTF-8"))
	}
	if err := scan(b, lim); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("there is nothing in it")
		}
		return nil, evidence.Malformed("YAML", err)
	}
	if len(doc.Content) != 1 {
		return nil, evidence.Malformed("YAML", errors.New("there is nothing in it"))
	}
	c := &converter{ctx: ctx, lim: lim}
	n, err := c.convert(doc.Content[0], 0)
	if err != nil {
		return nil, err
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, evidence.Malformed("YAML", errors.New("it holds a second document; keep one in each file"))
	}
	return n, nil
}

// scan refuses before yaml.v3 builds a node what would be refused after it:
// more marks of structure than there may be values, brackets or dashes far
// deeper than the limit. It does not know quotes, so that its bounds are wide;
// the exact ones are held after parsing.
func scan(b []byte, lim Limits) error {
	marks, flow, dashes := 0, 0, 0
	for i, c := range b {
		switch c {
		case '[', '{':
			marks++
			if flow++; flow > 64*lim.Depth {
				return evidence.TooDeep(lim.Depth)
			}
		case ']', '}':
			flow = max(flow-1, 0)
		case ',', '\n':
			marks++
			dashes = 0
		case '-', '?', ':':
			if i+1 < len(b) && (b[i+1] == ' ' || b[i+1] == '\t') {
				marks++
				if dashes++; dashes > 64*lim.Depth {
					return evidence.TooDeep(lim.Depth)
				}
			}
		}
	}
	if marks > 8*lim.Nodes {
		return evidence.TooMany("values", lim.Nodes)
	}
	return nil
}

type converter struct {
	ctx   context.Context
	lim   Limits
	nodes int
}

// number is an integer or a float of the core schema; YAML's other numbers,
// such as 0x1f and .inf, are text here.
var number = regexp.MustCompile(`^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$`)

func (c *converter) convert(y *yaml.Node, depth int) (*Node, error) {
	if c.nodes++; c.nodes > c.lim.Nodes {
		return nil, evidence.TooMany("values", c.lim.Nodes)
	}
	if c.nodes%4096 == 0 && c.ctx.Err() != nil {
		return nil, c.ctx.Err()
	}
	if y.Anchor != "" || y.Kind == yaml.AliasNode {
		return nil, evidence.Malformed("YAML", fmt.Errorf("line %d: it uses anchors (&) or aliases (*); write the value out", y.Line))
	}
	n := &Node{Line: y.Line}
	switch y.Kind {
	case yaml.SequenceNode, yaml.MappingNode:
		if depth >= c.lim.Depth {
			return nil, evidence.TooDeep(c.lim.Depth)
		}
		if y.Kind == yaml.SequenceNode {
			n.Kind = List
			for _, k := range y.Content {
				kid, err := c.convert(k, depth+1)
				if err != nil {
					return nil, err
				}
				n.Kids = append(n.Kids, kid)
			}
			return n, nil
		}
		n.Kind = Map
		seen := map[string]bool{}
		for i := 0; i+1 < len(y.Content); i += 2 {
			k := y.Content[i]
			if k.Kind != yaml.ScalarNode || k.Anchor != "" {
				return nil, evidence.Malformed("YAML", fmt.Errorf("line %d: a name must be plain text", k.Line))
			}
			if seen[k.Value] {
				return nil, evidence.Malformed("YAML", fmt.Errorf("line %d: the name %q stands twice in one block", k.Line, cut(k.Value, 40)))
			}
			seen[k.Value] = true
			kid, err := c.convert(y.Content[i+1], depth+1)
			if err != nil {
				return nil, err
			}
			kid.Key, kid.At = k.Value, k.Line
			n.Kids = append(n.Kids, kid)
		}
		return n, nil
	case yaml.ScalarNode:
		n.Text = y.Value
		n.Kind = scalar(y)
		if n.Kind == Bool {
			n.Text = strings.ToLower(n.Text)
		}
		return n, nil
	}
	return nil, evidence.Malformed("YAML", fmt.Errorf("line %d: a value was expected", y.Line))
}

// scalar gives the type of a scalar: what is quoted is text.
func scalar(y *yaml.Node) Kind {
	if y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return Text
	}
	switch y.Value {
	case "", "~", "null", "Null", "NULL":
		return Null
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return Bool
	}
	if number.MatchString(y.Value) {
		return Number
	}
	return Text
}
