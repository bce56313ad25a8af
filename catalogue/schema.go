package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// schema is as much of the JSON Schema of the declaration as the linter needs
// to follow a dotted path. Keys keep their order, which encoding/json's maps
// would lose.
type schema struct {
	root     *shape
	patterns []string
}

// shape is a value of the schema: an object, a list or a word.
type shape struct {
	s     *schema
	keys  []string
	value map[string]*shape
	list  []*shape
	word  string
}

func (s *schema) read(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	n, err := s.value(dec, 0)
	if err != nil {
		return err
	}
	s.root = n
	return nil
}

const maxDepth = 100

func (s *schema) value(dec *json.Decoder, depth int) (*shape, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("deeper than %d", maxDepth)
	}
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	n := &shape{s: s}
	switch t {
	case json.Delim('{'):
		n.value = map[string]*shape{}
		for dec.More() {
			k, err := dec.Token()
			if err != nil {
				return nil, err
			}
			x, err := s.value(dec, depth+1)
			if err != nil {
				return nil, err
			}
			key := k.(string)
			n.keys = append(n.keys, key)
			n.value[key] = x
			if key == "pattern" && x.word != "" {
				s.patterns = append(s.patterns, x.word)
			}
		}
		_, err = dec.Token()
	case json.Delim('['):
		for dec.More() {
			x, err := s.value(dec, depth+1)
			if err != nil {
				return nil, err
			}
			n.list = append(n.list, x)
		}
		_, err = dec.Token()
	default:
		if w, ok := t.(string); ok {
			n.word = w
		}
	}
	return n, err
}

func (n *shape) get(key string) *shape {
	if n == nil {
		return nil
	}
	return n.value[key]
}

// resolve follows references to $defs.
func (n *shape) resolve() *shape {
	for range maxDepth {
		ref := n.get("$ref")
		if ref == nil {
			return n
		}
		n = n.s.def(ref.word[strings.LastIndexByte(ref.word, '/')+1:])
	}
	return nil
}

// inside steps into the list or object that a value may be.
func (n *shape) inside() *shape {
	for range maxDepth {
		n = n.resolve()
		if any := n.get("anyOf"); any != nil && n.get("properties") == nil {
			for _, b := range any.list {
				b = b.resolve()
				if t := b.get("type"); t != nil && (t.word == "array" || t.word == "object") {
					n = b
				}
			}
		}
		items := n.get("items")
		if t := n.get("type"); t == nil || t.word != "array" || items == nil {
			return n
		}
		n = items
	}
	return nil
}

func (s *schema) def(name string) *shape { return s.root.get("$defs").get(name) }

// at returns the value at a dotted path, stepped into, or nil.
func (s *schema) at(path string) *shape {
	n := s.root
	for _, k := range strings.Split(path, ".") {
		if n = n.inside().get("properties").get(k); n == nil {
			return nil
		}
	}
	return n.inside()
}

// property returns one property of an object.
func (n *shape) property(name string) *shape { return n.get("properties").get(name).resolve() }

// properties returns the names of the properties of an object, in order.
func (n *shape) properties() []string {
	if p := n.get("properties"); p != nil {
		return p.keys
	}
	return nil
}

// first returns the items of the first alternative.
func (n *shape) first() *shape {
	if any := n.get("anyOf"); any != nil && len(any.list) > 0 {
		return any.list[0].resolve().get("items").resolve()
	}
	return nil
}

// words returns the closed list of words that a value is one of.
func (n *shape) words() []string {
	e := n.resolve().get("enum")
	if e == nil {
		return nil
	}
	out := make([]string, len(e.list))
	for i, x := range e.list {
		out[i] = x.word
	}
	return out
}
