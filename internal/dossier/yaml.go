package dossier

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
)

// kind is the type of a value as YAML 1.2 (core schema, section 10.3) sees
// it, narrowed: dates, versions, yes and no are text.
type kind int

const (
	null kind = iota
	boolean
	integer
	float
	text
	list
	block
)

// node is one value of a declaration with its place.
type node struct {
	kind kind
	text string // of scalars, as written
	keys []key  // of blocks, in the order of the file
	vals []*node
	pos  position
}

type key struct {
	name string
	pos  position
}

// get returns the value of a field, or nil. It may be asked of nil.
func (n *node) get(name string) *node {
	if n == nil || n.kind != block {
		return nil
	}
	for i, k := range n.keys {
		if k.name == name {
			return n.vals[i]
		}
	}
	return nil
}

// at returns the place of a field's name, or that of the block.
func (n *node) at(name string) position {
	for i := range n.keys {
		if n.keys[i].name == name {
			return n.keys[i].pos
		}
	}
	return n.pos
}

// str returns the text of a scalar that is text, and "" otherwise.
func (n *node) str() string {
	if n == nil || n.kind != text {
		return ""
	}
	return n.text
}

// items returns the values of a list, and nothing otherwise.
func (n *node) items() []*node {
	if n == nil || n.kind != list {
		return nil
	}
	return n.vals
}

// bool returns the truth value, or the other one when there is none.
func (n *node) bool(otherwise bool) bool {
	if n == nil || n.kind != boolean {
		return otherwise
	}
	return n.text == "true"
}

// Limits of the form of a declaration. The example has 1,500 values and is
// five deep.
const (
	maxDepth    = 32
	maxValues   = 100_000
	maxProblems = 500
)

// problem is one thing that is wrong, before it is put in words.
type problem struct {
	code  iotmark.ErrorID
	field string
	pos   position
	args  args
}

var (
	intForm   = regexp.MustCompile(`^[-+]?[0-9]+$`)
	floatForm = regexp.MustCompile(`^[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
)

// parse reads one declaration. When it returns no node, the file cannot be
// read at all, and the problems say why.
//
// yaml.v3 bounds its own depth at 10,000 and takes under half a second for
// the worst MiB we found, so that no scan before it is needed; see
// TestHostileYAML.
func parse(b []byte) (*node, []problem) {
	b, bad := decodeText(b)
	if bad != nil {
		return nil, []problem{*bad}
	}
	if bytes.HasPrefix(b, []byte("%YAML 1.2")) {
		// yaml.v3 knows the directive of 1.1 only; the types of values are
		// decided here, so that the version makes no other difference.
		b = append([]byte("%YAML 1.1"), b[len("%YAML 1.2"):]...)
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, []problem{{code: "yaml-empty", pos: position{1, 1}}}
		}
		return nil, []problem{explain(b, err)}
	}
	c := &converter{}
	if len(doc.Content) == 0 || doc.Content[0].Kind == yaml.ScalarNode && doc.Content[0].Value == "" && doc.Content[0].Style == 0 {
		return nil, []problem{{code: "yaml-empty", pos: position{1, 1}}}
	}
	n := c.convert(doc.Content[0], nil, 0)
	if n == nil {
		return nil, c.bad
	}
	// One alias is told, not each: what it would have stood for is not here,
	// so that everything after it would be told for nothing.
	for _, p := range c.bad {
		if p.code == "yaml-alias" {
			return nil, []problem{p}
		}
	}
	var more yaml.Node
	if err := dec.Decode(&more); err == nil {
		p := position{more.Line, more.Column}
		return nil, append(c.bad, problem{code: "yaml-documents", pos: p})
	} else if !errors.Is(err, io.EOF) {
		return nil, append(c.bad, explain(b, err))
	}
	return n, c.bad
}

// decodeText takes off a byte order mark and refuses what is no text in UTF-8,
// or not the same lines for everybody.
func decodeText(b []byte) ([]byte, *problem) {
	for _, m := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(b, []byte(m)) {
			return nil, &problem{code: "yaml-not-utf8", pos: position{1, 1}, args: args{"offset": 0, "reason": "It looks like UTF-16. Save the file as UTF-8."}}
		}
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if i := bytes.IndexByte(b, 0); i >= 0 {
		if i < 4 {
			return nil, notUTF8(b, i, "It looks like UTF-16 or UTF-32. Save the file as UTF-8.")
		}
		return nil, &problem{code: "yaml-zero-byte", pos: placeOf(b, i), args: args{"offset": i}}
	}
	if utf8.Valid(b) {
		return b, separator(b)
	}
	i := 0
	for i < len(b) {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return nil, notUTF8(b, i, "Save the file as UTF-8; it may have been written as Latin-1 or Windows-1252.")
}

func notUTF8(b []byte, i int, why string) *problem {
	return &problem{code: "yaml-not-utf8", pos: placeOf(b, i), args: args{"offset": i, "reason": why}}
}

// placeOf returns line and column of a byte.
func placeOf(b []byte, i int) position {
	line := 1 + bytes.Count(b[:i], []byte("\n"))
	return position{line, 1 + utf8.RuneCount(b[bytes.LastIndexByte(b[:i], '\n')+1:i])}
}

// separators end a line in YAML 1.1, which is what yaml.v3 reads, and are
// plain characters in YAML 1.2 (section 5.4). A comment or a text could end
// at one for us and go on for others, so that the same file says two things.
var separators = []struct{ char, name, escape string }{
	{"\u0085", "a next-line character (U+0085)", `\N`},
	{"\u2028", "a line separator (U+2028)", `\L`},
	{"\u2029", "a paragraph separator (U+2029)", `\P`},
}

// separator finds the first of the separators.
func separator(b []byte) *problem {
	first := -1
	var found args
	for _, s := range separators {
		if i := bytes.Index(b, []byte(s.char)); i >= 0 && (first < 0 || i < first) {
			first, found = i, args{"found": s.name, "escape": s.escape}
		}
	}
	if first < 0 {
		return nil
	}
	return &problem{code: "yaml-line-separator", pos: placeOf(b, first), args: found}
}

type converter struct {
	bad    []problem
	values int
}

func (c *converter) say(code iotmark.ErrorID, y *yaml.Node, a args) {
	if len(c.bad) <= maxProblems {
		c.bad = append(c.bad, problem{code: code, pos: position{y.Line, y.Column}, args: a})
	}
}

// convert returns nil when the file cannot be read further.
func (c *converter) convert(y *yaml.Node, path []string, depth int) *node {
	if c.values++; c.values > maxValues {
		c.say("yaml-too-many", y, args{"limit": maxValues})
		return nil
	}
	if depth > maxDepth {
		c.say("yaml-too-deep", y, args{"limit": maxDepth})
		return nil
	}
	n := &node{pos: position{y.Line, y.Column}}
	switch {
	case y.Kind == yaml.AliasNode:
		c.say("yaml-alias", y, args{"found": "*" + quoted(y.Value), "what": "an alias"})
		n.kind, n.text = text, y.Value
		return n
	case y.Anchor != "":
		c.say("yaml-alias", y, args{"found": "&" + quoted(y.Anchor), "what": "an anchor"})
	}
	if y.Style&yaml.TaggedStyle != 0 {
		c.say("yaml-tag", y, args{"found": quoted(y.Tag)})
	}
	switch y.Kind {
	case yaml.ScalarNode:
		n.text = y.Value
		n.kind = scalarKind(y)
	case yaml.SequenceNode:
		n.kind = list
		n.vals = make([]*node, len(y.Content))
		for i, x := range y.Content {
			if n.vals[i] = c.convert(x, append(path, strconv.Itoa(i+1)), depth+1); n.vals[i] == nil {
				return nil
			}
		}
	case yaml.MappingNode:
		n.kind = block
		return c.block(n, y, path, depth)
	default:
		c.say("yaml-broken", y, args{"reason": "This is neither a value, a list nor a block of fields."})
		return nil
	}
	return n
}

func (c *converter) block(n *node, y *yaml.Node, path []string, depth int) *node {
	seen := make(map[string]bool, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		switch {
		case k.Kind == yaml.AliasNode:
			c.say("yaml-alias", k, args{"found": "*" + quoted(k.Value), "what": "an alias"})
			continue
		case k.Kind != yaml.ScalarNode:
			c.say("yaml-broken", k, args{"reason": "The name of a field must be a word, and a list or block stands in its place."})
			return nil
		case k.Value == "<<" && k.Style == 0:
			c.say("yaml-alias", k, args{"found": "<<", "what": "a merge key"})
			continue
		case k.Style&yaml.TaggedStyle != 0:
			c.say("yaml-tag", k, args{"found": quoted(k.Tag)})
		case k.Anchor != "":
			c.say("yaml-alias", k, args{"found": "&" + quoted(k.Anchor), "what": "an anchor"})
		}
		if seen[k.Value] {
			at := strings.Join(path, ".")
			if at == "" {
				at = "the file"
			}
			if len(c.bad) <= maxProblems {
				c.bad = append(c.bad, problem{code: "key-twice", field: at, pos: position{k.Line, k.Column}, args: args{"found": quoted(k.Value)}})
			}
			continue
		}
		seen[k.Value] = true
		x := c.convert(v, append(path, k.Value), depth+1)
		if x == nil {
			return nil
		}
		n.keys = append(n.keys, key{k.Value, position{k.Line, k.Column}})
		n.vals = append(n.vals, x)
	}
	return n
}

func scalarKind(y *yaml.Node) kind {
	if y.Style&^yaml.TaggedStyle != 0 {
		return text // quoted, literal or folded
	}
	switch v := y.Value; {
	case v == "" || v == "~" || v == "null" || v == "Null" || v == "NULL":
		return null
	case v == "true" || v == "false":
		return boolean
	case intForm.MatchString(v):
		return integer
	case floatForm.MatchString(v):
		return float
	}
	return text
}

var yamlError = regexp.MustCompile(`(?s)^yaml: (?:line ([0-9]+): )?(.*)$`)

// reasons puts the parser's words in ours. The first that fits is taken.
var reasons = []struct{ has, say string }{
	{"unknown anchor", "A value that begins with * is an alias, and a declaration is read without. Put the value in quotes."},
	{"cannot start any token", "A value cannot begin with this sign. Put the value in quotes."},
	{"tab character", "A tab stands here. Indent with blanks."},
	{"mapping values are not allowed", "A colon followed by a blank stands inside a value, or the line is indented too far. Put the value in quotes, or line it up with the line above."},
	{"did not find expected key", "This does not line up with the block it stands in. Look at the indentation and at quotes that are not closed."},
	{"could not find expected ':'", "A field needs a colon and a blank after its name."},
	{"did not find expected ',' or ']'", "The list in [ ] is not closed, or a comma is missing."},
	{"did not find expected ',' or '}'", "The block in { } is not closed, or a comma is missing."},
	{"did not find expected '-' indicator", "Each item of this list begins with a hyphen and a blank, all in the same column."},
	{"block sequence entries are not allowed", "A list item cannot begin here. Begin it on a line of its own."},
	{"unexpected end of stream", "A quote is opened and never closed."},
	{"unexpected document indicator", "A quote is opened and never closed."},
	{"unknown escape character", `A backslash in double quotes begins an escape. Write \\, or use single quotes.`},
	{"exceeded max depth", "Brackets stand in each other far too deep."},
	{"did not find expected node content", "A value is missing between commas or brackets."},
	{"control characters are not allowed", "A control character stands here. Save the file as plain text."},
	{"did not find expected alphabetic or numeric character", "A value cannot begin with & or *. Put the value in quotes."},
	{"percent", "A line cannot begin with a percent sign."},
}

// explain turns an error of the parser into a problem with the line where it
// really is.
func explain(b []byte, err error) problem {
	m := yamlError.FindStringSubmatch(err.Error())
	if m == nil {
		return problem{code: "yaml-broken", pos: position{1, 1}, args: args{"reason": plain(quoted(err.Error()))}}
	}
	line, _ := strconv.Atoi(m[1])
	line = locate(b, m[2], line)
	reason := ""
	for _, r := range reasons {
		if strings.Contains(m[2], r.has) {
			reason = r.say
			break
		}
	}
	if reason == "" {
		reason = "The parser says: " + quoted(m[2]) + "."
	}
	here := nthLine(b, line)
	if i := bytes.IndexByte(here, '\t'); i >= 0 && len(bytes.TrimLeft(here[:i], " -")) == 0 {
		reason = "A tab stands at the beginning of this line. Indent with blanks."
	}
	code := iotmark.ErrorID("yaml-broken")
	a := args{"reason": reason}
	if strings.HasPrefix(m[2], "unknown anchor '") {
		code = "yaml-alias"
		a = args{"found": "*" + quoted(strings.TrimSuffix(strings.TrimPrefix(m[2], "unknown anchor '"), "' referenced")), "what": "an alias"}
	}
	return problem{code: code, pos: position{line, 1}, args: a}
}

// maxLocate bounds the text in which the line of an error is searched for.
const maxLocate = 256 << 10

// locate returns the line at which the parser stumbles. yaml.v3 tells the
// line where the surrounding block begins, and counts from zero or one
// depending on which of its layers complains; so we look for the shortest
// text that gives the same error. The parser reads forward, so whether it
// does is monotonous in the length.
func locate(b []byte, msg string, told int) int {
	told = max(told, 1)
	if len(b) > maxLocate {
		return told
	}
	var ends []int
	for i, c := range b {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	if len(ends) == 0 || ends[len(ends)-1] < len(b) {
		ends = append(ends, len(b))
	}
	lo, hi := min(told, len(ends)), len(ends) // lines lo..hi
	for lo < hi {
		mid := (lo + hi) / 2
		if stumbles(b[:ends[mid-1]], msg) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

func stumbles(b []byte, msg string) bool {
	dec := yaml.NewDecoder(bytes.NewReader(b))
	for {
		var y yaml.Node
		err := dec.Decode(&y)
		if errors.Is(err, io.EOF) {
			return false
		}
		if err != nil {
			m := yamlError.FindStringSubmatch(err.Error())
			return m != nil && m[2] == msg
		}
	}
}

func nthLine(b []byte, n int) []byte {
	for ; n > 1; n-- {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return nil
		}
		b = b[i+1:]
	}
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b = b[:i]
	}
	return b
}
