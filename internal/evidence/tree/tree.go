// Package tree reads JSON and YAML into one bounded tree of values that knows
// the line of each value. Readers of formats that come in both use it.
//
// What it refuses to do: follow an alias, a merge key, a reference or an
// include, build types by tag, or take a name that comes twice in one object.
// What can go wrong: a file over the limits is refused as a whole, since half
// a document answers no question.
package tree

import (
	"strconv"
	"strings"
)

// Kind is the type of a value.
type Kind uint8

// The types of JSON (RFC 8259, section 3). YAML's are narrowed to them: a
// date is text.
const (
	Null Kind = iota
	Bool
	Number
	Text
	List
	Map
)

// Node is one value. The methods may be called on nil, which stands for a
// value that is not there.
type Node struct {
	Kind Kind
	Line int     // where the value begins, from 1
	Key  string  // its name, when it stands in a map
	At   int     // line of its name
	Text string  // of scalars, as written
	Kids []*Node // values of a list or a map, in the order of the file
}

// Get returns the value of a name in a map, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil || n.Kind != Map {
		return nil
	}
	for _, k := range n.Kids {
		if k.Key == key {
			return k
		}
	}
	return nil
}

// Path follows names one after the other.
func (n *Node) Path(keys ...string) *Node {
	for _, k := range keys {
		n = n.Get(k)
	}
	return n
}

// Items returns the values of a list, and nothing otherwise.
func (n *Node) Items() []*Node {
	if n == nil || n.Kind != List {
		return nil
	}
	return n.Kids
}

// Fields returns the values of a map, and nothing otherwise.
func (n *Node) Fields() []*Node {
	if n == nil || n.Kind != Map {
		return nil
	}
	return n.Kids
}

// String returns the text of a scalar that is no null, without the white
// space around it, and "" otherwise. Numbers are given as written, for a
// version such as 2.0 is a number in YAML.
func (n *Node) String() string {
	if n == nil || n.Kind == Null || n.Kind > Text {
		return ""
	}
	return strings.TrimSpace(n.Text)
}

// Int returns a whole number, and false when there is none.
func (n *Node) Int() (int, bool) {
	if n == nil || n.Kind != Number && n.Kind != Text {
		return 0, false
	}
	v, err := strconv.Atoi(strings.TrimSpace(n.Text))
	return v, err == nil
}

// Bool returns a truth, and false when there is none.
func (n *Node) Bool() (value, ok bool) {
	if n == nil || n.Kind != Bool {
		return false, false
	}
	return n.Text == "true", true
}

// LineOf returns the line of a value's name, or of the value, or 0.
func (n *Node) LineOf() int {
	switch {
	case n == nil:
		return 0
	case n.At > 0:
		return n.At
	}
	return n.Line
}
