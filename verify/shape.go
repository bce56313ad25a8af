package verify

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// Most of what verifying costs beside signatures would be encoding/json: it
// reads every body and writes it again, to see that it has the one form. What
// is canonical can be read in one pass, member by member in their order, and
// then need not be written again. A shape takes what is surely in that form;
// whatever it does not take is read the long way, which also says why.

// shape is how a type stands in canonical JSON.
type shape struct {
	kind   reflect.Kind
	raw    bool    // any JSON value, left as it is
	fields []named // of a struct, in their order
	elem   *shape  // of a list, a map or a pointer
}

type named struct {
	name  string // with its quotation marks and the colon
	index int
	omit  bool // left out when it is empty
	*shape
}

// maxShaped is the number of elements of a list beyond which a shape does not read on.
const maxShaped = 1_024

var (
	rawType    = reflect.TypeFor[json.RawMessage]()
	marshalers = []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[interface{ MarshalText() ([]byte, error) }](), reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()}
)

// shapeOf gives the shape of a type, nil for one that encoding/json must read:
// a type that reads or writes itself, or has members of types that are not
// used in the formats of this package.
func shapeOf(t reflect.Type) *shape {
	if t == rawType {
		return &shape{raw: true}
	}
	for _, m := range marshalers {
		if t.Implements(m) || reflect.PointerTo(t).Implements(m) {
			return nil
		}
	}
	s := &shape{kind: t.Kind()}
	switch s.kind {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64:
		return s
	case reflect.Map:
		if key := shapeOf(t.Key()); key == nil || key.kind != reflect.String {
			return nil
		}
		fallthrough
	case reflect.Slice, reflect.Pointer:
		if s.elem = shapeOf(t.Elem()); s.elem == nil || s.elem.kind == reflect.Uint8 {
			return nil
		}
		return s
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
			m := named{name: `"` + name + `":`, index: i, omit: option == "omitempty", shape: shapeOf(f.Type)}
			if m.shape == nil || f.Anonymous || !f.IsExported() || !isMember(name) || option != "" && !m.omit {
				return nil
			}
			s.fields = append(s.fields, m)
		}
		return s
	}
	return nil
}

// isMember reports whether the name of a member is written as it is.
func isMember(name string) bool {
	return name != "" && strings.Trim(name, "@_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// read reads one canonical JSON value into v, a pointer to the zero value of
// the shape's type. Where it reports true, v is what encoding/json would read,
// and encode would write v as b. Otherwise v is anything. Texts are copied,
// raw values are parts of b.
func (s *shape) read(b []byte, v any) bool {
	if s == nil {
		return false
	}
	c := scanner{b: b}
	return c.fill(s, reflect.ValueOf(v).Elem(), 0) && c.i == len(b)
}

// fill reads one value.
func (c *scanner) fill(s *shape, to reflect.Value, depth int) bool {
	if depth >= maxDepth {
		return false
	}
	from := c.i
	switch {
	case s.raw:
		c.value(depth)
		to.SetBytes(c.b[from:c.i:c.i])
	case s.kind == reflect.String:
		to.SetString(string(c.text(true)))
	case s.kind == reflect.Bool:
		is := c.peek() == 't'
		c.take(strconv.FormatBool(is))
		to.SetBool(is)
	case s.kind == reflect.Int, s.kind == reflect.Int64:
		c.number()
		n, err := strconv.ParseInt(string(c.b[from:c.i]), 10, to.Type().Bits())
		to.SetInt(n)
		return c.err == nil && err == nil
	case s.kind == reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return c.fill(s.elem, to.Elem(), depth)
	case s.kind == reflect.Slice:
		return c.fillList(s.elem, to, depth+1)
	case s.kind == reflect.Map:
		return c.fillMap(s.elem, to, depth+1)
	default:
		return c.fillMembers(s.fields, to, depth+1)
	}
	return c.err == nil
}

// next goes over what ends an object or a list, or stands between two of its
// values, and reports whether another one follows.
func (c *scanner) next(first bool, end byte) bool {
	if c.peek() == end {
		c.i++
		return false
	}
	if !first {
		c.take(",")
	}
	return true
}

func (c *scanner) fillMembers(fields []named, to reflect.Value, depth int) bool {
	c.take("{")
	first := true
	for i := range fields {
		m := &fields[i]
		at := c.i
		if !first && c.peek() == ',' {
			at++
		}
		if len(c.b)-at < len(m.name) || string(c.b[at:at+len(m.name)]) != m.name || (at > c.i) == first {
			if !m.omit {
				return false
			}
			continue
		}
		c.i, first = at+len(m.name), false
		v := to.Field(m.index)
		if !c.fill(m.shape, v, depth) || m.omit && empty(v) {
			return false
		}
	}
	c.take("}")
	return c.err == nil
}

// empty reports whether encoding/json leaves a value out.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Struct:
		return false
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

func (c *scanner) fillList(elem *shape, to reflect.Value, depth int) bool {
	c.take("[")
	to.Set(reflect.MakeSlice(to.Type(), 0, 0))
	for n := 0; c.err == nil && c.next(n == 0, ']'); n++ {
		if n == maxShaped {
			return false
		}
		if n == to.Cap() {
			to.Grow(max(4, n))
		}
		to.SetLen(n + 1)
		if !c.fill(elem, to.Index(n), depth) {
			return false
		}
	}
	return c.err == nil
}

func (c *scanner) fillMap(elem *shape, to reflect.Value, depth int) bool {
	c.take("{")
	to.Set(reflect.MakeMap(to.Type()))
	last := ""
	for n := 0; c.err == nil && c.next(n == 0, '}'); n++ {
		name := string(c.text(true))
		// From here on the order of bytes and that of UTF-16 may differ.
		if n > 0 && name <= last || strings.IndexFunc(name, func(r rune) bool { return r >= 0xe000 }) >= 0 {
			return false
		}
		last = name
		c.take(":")
		v := reflect.New(to.Type().Elem()).Elem()
		if !c.fill(elem, v, depth) {
			return false
		}
		to.SetMapIndex(reflect.ValueOf(name).Convert(to.Type().Key()), v)
	}
	return c.err == nil
}
