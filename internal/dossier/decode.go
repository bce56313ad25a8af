package dossier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// toJSON appends a value as JSON. Numbers are written as JSON wants them:
// "+5", "007", ".5" and "5." are numbers in YAML and none in JSON.
func toJSON(b []byte, n *node) []byte {
	switch n.kind {
	case null:
		return append(b, "null"...)
	case boolean:
		return append(b, n.text...)
	case integer:
		s, neg := strings.CutPrefix(strings.TrimPrefix(n.text, "+"), "-")
		if s = strings.TrimLeft(s, "0"); s == "" {
			return append(b, '0')
		}
		if neg {
			b = append(b, '-')
		}
		return append(b, s...)
	case float:
		f, err := strconv.ParseFloat(n.text, 64)
		if err != nil {
			return append(b, "null"...) // beyond float64; the schema has refused it
		}
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	case list:
		b = append(b, '[')
		for i, x := range n.vals {
			if i > 0 {
				b = append(b, ',')
			}
			b = toJSON(b, x)
		}
		return append(b, ']')
	case block:
		b = append(b, '{')
		for i, x := range n.vals {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, n.keys[i].name)
			b = append(b, ':')
			b = toJSON(b, x)
		}
		return append(b, '}')
	}
	return appendText(b, n.text)
}

func appendText(b []byte, s string) []byte {
	j, _ := json.Marshal(s) // a string cannot fail
	return append(b, j...)
}

// decode fills the typed declaration from a document that the schema accepts.
// A field that has no place in the types is an error of the program: schema
// and types are held against each other by a test.
func decode(doc *node) (*iotmark.Declaration, error) {
	dec := json.NewDecoder(bytes.NewReader(toJSON(nil, doc)))
	dec.DisallowUnknownFields()
	var d iotmark.Declaration
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("dossier: the schema accepts what the types do not: %w", err)
	}
	return &d, nil
}

// positions lists every field under its dotted name. Items of lists go by
// their id and by their number; versions and plans also by their name, as
// messages call them.
func positions(doc *node) map[string]position {
	m := map[string]position{}
	var walk func(n *node, at []string)
	put := func(name string, p position) {
		if _, ok := m[name]; !ok {
			m[name] = p
		}
	}
	walk = func(n *node, at []string) {
		for _, a := range at {
			put(a, n.pos)
		}
		under := func(names ...string) []string {
			var out []string
			for _, name := range names {
				if name == "" {
					continue
				}
				if len(at) == 0 {
					out = append(out, name)
				}
				for _, a := range at {
					out = append(out, a+"."+name)
				}
			}
			return out
		}
		for i, x := range n.vals {
			var next []string
			if n.kind == list {
				next = under(x.get("id").str(), strconv.Itoa(i+1), x.get("version").str(), x.get("name").str())
			} else {
				next = under(n.keys[i].name)
				for _, a := range next {
					put(a, n.keys[i].pos)
				}
			}
			walk(x, next[:min(len(next), maxNames)])
		}
	}
	walk(doc, nil)
	return m
}

// maxNames bounds under how many names one value is listed: lists in lists
// would double them at each level.
const maxNames = 4
