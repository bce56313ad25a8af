package catalogue

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
)

// The data is read as YAML 1.2 core schema, more strictly than the library
// does by itself: only true and false are truth values, dates and versions
// are text, a number does not become text by being put where text is wanted,
// an unknown key or a key twice is an error, and there are no anchors. Node by
// node, because the library's own decoder refuses unknown keys only when it
// also chooses the tags, and stops at the first of several faults.

// Whole numbers and fractions of the YAML 1.2 core schema, section 10.3.2,
// without octal and hexadecimal.
var (
	yamlInt   = regexp.MustCompile(`^[-+]?[0-9]+$`)
	yamlFloat = regexp.MustCompile(`^[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
)

// sort of a scalar, in words for people.
type sort string

const (
	isText    sort = "text"
	isTruth   sort = "a truth value"
	isInt     sort = "a whole number"
	isFloat   sort = "a fraction"
	isNothing sort = "nothing"
	isList    sort = "a list"
	isBlock   sort = "a block of keys"
	isAlias   sort = "an alias"
)

func sortOf(n *yaml.Node) sort {
	switch n.Kind {
	case yaml.SequenceNode:
		return isList
	case yaml.MappingNode:
		return isBlock
	case yaml.AliasNode:
		return isAlias
	}
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return isText
	}
	switch v := n.Value; {
	case v == "true" || v == "false":
		return isTruth
	case v == "" || v == "~" || v == "null" || v == "Null" || v == "NULL":
		return isNothing
	case yamlInt.MatchString(v):
		return isInt
	case yamlFloat.MatchString(v):
		return isFloat
	}
	return isText
}

// reader reads files of the catalogue and keeps every fault.
type reader struct {
	files fs.FS
	errs  iotmark.Errors
}

func (r *reader) fail(id iotmark.ErrorID, file string, n *yaml.Node, field, format string, args ...any) {
	e := &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: fmt.Sprintf(format, args...), Field: field, Pos: file}
	if n != nil && n.Line > 0 {
		e.Pos = position(file, n)
	}
	r.errs = append(r.errs, e)
}

func position(file string, n *yaml.Node) string {
	return file + ":" + strconv.Itoa(n.Line) + ":" + strconv.Itoa(n.Column)
}

func (r *reader) bytes(file string) []byte {
	raw, err := fs.ReadFile(r.files, file)
	if err != nil {
		r.fail("catalogue-file-missing", file, nil, "", "the file cannot be read; it belongs to the catalogue (%v)", err)
	}
	return raw
}

// node returns the root block of a file, or nil after telling what is wrong.
func (r *reader) node(file string) *yaml.Node {
	raw := r.bytes(file)
	if raw == nil {
		return nil
	}
	return r.parse(file, raw)
}

func (r *reader) parse(file string, raw []byte) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		r.fail("catalogue-yaml-broken", file, nil, "", "the file is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		return nil
	}
	if err := dec.Decode(new(yaml.Node)); err != io.EOF {
		r.fail("catalogue-yaml-broken", file, nil, "", "the file holds more than one document")
		return nil
	}
	return doc.Content[0]
}

// file decodes a whole file into v, a pointer.
func (r *reader) file(file string, v any) {
	if n := r.node(file); n != nil {
		r.decode(file, n, reflect.ValueOf(v).Elem(), "")
	}
}

var nodeType = reflect.TypeFor[*yaml.Node]()

func (r *reader) decode(file string, n *yaml.Node, v reflect.Value, field string) {
	t := v.Type()
	if t == nodeType {
		v.Set(reflect.ValueOf(n))
		return
	}
	if u, ok := v.Addr().Interface().(yaml.Unmarshaler); ok {
		if err := u.UnmarshalYAML(n); err != nil {
			r.fail("catalogue-type-wrong", file, n, field, "%s: %v", word(field), err)
		}
		return
	}
	got := sortOf(n)
	wrong := func(want sort) {
		hint := ""
		if want == isText && n.Kind == yaml.ScalarNode && got != isNothing {
			hint = "; put it in quotes"
		}
		r.fail("catalogue-type-wrong", file, n, field, "%s is %s where %s is wanted%s", word(field), got, want, hint)
	}
	switch t.Kind() {
	case reflect.String:
		if got != isText {
			wrong(isText)
			return
		}
		v.SetString(n.Value)
	case reflect.Bool:
		if got != isTruth {
			wrong(isTruth)
			return
		}
		v.SetBool(n.Value == "true")
	case reflect.Int:
		i, err := strconv.Atoi(n.Value)
		if got != isInt || err != nil {
			wrong(isInt)
			return
		}
		v.SetInt(int64(i))
	case reflect.Float64:
		f, err := strconv.ParseFloat(n.Value, 64)
		if got != isInt && got != isFloat || err != nil {
			wrong(isFloat)
			return
		}
		v.SetFloat(f)
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		r.decode(file, n, v.Elem(), field)
	case reflect.Slice:
		if got != isList {
			wrong(isList)
			return
		}
		v.Set(reflect.MakeSlice(t, len(n.Content), len(n.Content)))
		for i, x := range n.Content {
			r.decode(file, x, v.Index(i), item(field, i, x))
		}
	case reflect.Map:
		if got != isBlock {
			wrong(isBlock)
			return
		}
		v.Set(reflect.MakeMapWithSize(t, len(n.Content)/2))
		r.pairs(file, n, field, func(k, x *yaml.Node) {
			e := reflect.New(t.Elem()).Elem()
			r.decode(file, x, e, join(field, k.Value))
			v.SetMapIndex(reflect.ValueOf(k.Value).Convert(t.Key()), e)
		})
	case reflect.Struct:
		if got != isBlock {
			wrong(isBlock)
			return
		}
		r.pairs(file, n, field, func(k, x *yaml.Node) {
			for i := range t.NumField() {
				if name := t.Field(i).Tag.Get("yaml"); name != "" && name == k.Value {
					r.decode(file, x, v.Field(i), join(field, k.Value))
					return
				}
			}
			known := make([]string, 0, t.NumField())
			for i := range t.NumField() {
				if name := t.Field(i).Tag.Get("yaml"); name != "" {
					known = append(known, name)
				}
			}
			hint := Suggest(k.Value, known)
			if hint != "" {
				hint = "; did you mean " + hint + "?"
			}
			r.fail("catalogue-key-unknown", file, k, join(field, k.Value), "%s is no key of %s%s", k.Value, word(field), hint)
		})
	default:
		panic("catalogue: no reading into " + t.String())
	}
}

// pairs walks the keys of a block in their order and refuses what is not
// text, and what stands twice.
func (r *reader) pairs(file string, n *yaml.Node, field string, do func(k, x *yaml.Node)) {
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case sortOf(k) != isText:
			r.fail("catalogue-type-wrong", file, k, field, "a key of %s is %s where text is wanted; put it in quotes", word(field), sortOf(k))
		case seen[k.Value]:
			r.fail("catalogue-key-twice", file, k, join(field, k.Value), "%s stands twice in %s; keep one", k.Value, word(field))
		default:
			seen[k.Value] = true
			do(k, n.Content[i+1])
		}
	}
}

func word(field string) string {
	if field == "" {
		return "the file"
	}
	return field
}

func join(field, key string) string {
	if field == "" {
		return key
	}
	return field + "." + key
}

// item names an item of a list by its id where it has one, and else by its
// number from 1.
func item(field string, i int, n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		if x := child(n, "id"); x != nil && x.Kind == yaml.ScalarNode && x.Value != "" {
			return join(field, x.Value)
		}
	}
	return join(field, strconv.Itoa(i+1))
}

// child returns the value of a key in a block, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// list returns the items of a list, and none for what is no list.
func list(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// keys returns the keys of a block in their order.
func keys(n *yaml.Node) []string {
	var out []string
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		out = append(out, n.Content[i].Value)
	}
	return out
}

// UnmarshalYAML reads the options in the order of the file.
func (o *Options) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("is %s where a block of keys is wanted", sortOf(n))
	}
	out := make(Options, 0, len(n.Content)/2)
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, x := n.Content[i], n.Content[i+1]
		if sortOf(k) != isText || sortOf(x) != isText {
			return fmt.Errorf("%s: %s is not text; put it in quotes", k.Value, x.Value)
		}
		if seen[k.Value] {
			return fmt.Errorf("%s stands twice; keep one", k.Value)
		}
		seen[k.Value] = true
		out = append(out, Option{k.Value, x.Value})
	}
	*o = out
	return nil
}
