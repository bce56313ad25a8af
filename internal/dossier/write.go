package dossier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// Write writes a declaration to be kept by hand: blocks in the order of the
// schema, each with what it is for, every fact with its question, quotes
// where a reader of YAML 1.1 would trip, and at the end the blocks that are
// not filled in yet. What it writes is read back by [Open] to the same
// values; a required field that is empty is written as "", and is told then.
//
// schemaRef is the address or relative path under which an editor finds the
// JSON Schema; when it is empty, that line is left out.
func Write(d *iotmark.Declaration, cat *catalogue.Catalogue, schemaRef string) ([]byte, error) {
	root, err := loadSchema(cat.Schema)
	if err != nil {
		return nil, err
	}
	j, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(j))
	dec.UseNumber()
	var doc map[string]any
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	w := &writer{cat: cat}
	w.top(doc, root, schemaRef)
	return w.b.Bytes(), nil
}

type writer struct {
	b   bytes.Buffer
	cat *catalogue.Catalogue
}

// width is that of comments and of lists in one line.
const width = 100

func (w *writer) top(doc map[string]any, root *schema, schemaRef string) {
	if schemaRef != "" {
		w.b.WriteString("# yaml-language-server: $schema=" + schemaRef + "\n")
	}
	w.comment(0, root.Title+". "+root.Description)
	// What must be there is there, filled in or not.
	if s, ok := doc["support"].(map[string]any); ok && s["updates_until"] == "" {
		s["updates_until"] = string(iotmark.WordUnknown)
	}
	var open []string
	for _, name := range root.Properties.names {
		s := root.Properties.of[name]
		v, ok := doc[name]
		if m, isMap := v.(map[string]any); isMap && len(m) == 0 && !slices.Contains(root.Required, name) {
			ok = false
		}
		if !ok && !slices.Contains(root.Required, name) {
			open = append(open, name)
			continue
		}
		w.b.WriteByte('\n')
		w.comment(0, s.Description)
		switch name {
		case "facts":
			w.facts(v, s)
		case "claims":
			w.claims(v, s)
		default:
			w.field(0, name, v, s)
		}
		if r := s.resolve(); r.Type == "object" && len(r.Properties.names) > 0 && name != "facts" {
			w.rest(v, r)
		}
	}
	if len(open) > 0 {
		w.b.WriteByte('\n')
		w.comment(0, "Blocks that are not filled in yet:")
		for _, name := range open {
			w.comment(0, "  "+name+": "+root.Properties.of[name].Description)
		}
	}
}

// comment writes a comment, broken at the width.
func (w *writer) comment(indent int, s string) {
	lead := strings.Repeat(" ", indent) + "#"
	line := lead
	if strings.HasPrefix(s, "  ") {
		line += "  "
	}
	for _, f := range strings.Fields(s) {
		if len(line)+1+len(f) > width && line != lead {
			w.b.WriteString(line + "\n")
			line = lead
			if strings.HasPrefix(s, "  ") {
				line += "    "
			}
		}
		line += " " + f
	}
	w.b.WriteString(line + "\n")
}

// rest names the fields of a block that are not filled in.
func (w *writer) rest(v any, s *schema) {
	m, _ := v.(map[string]any)
	var names []string
	for _, n := range s.Properties.names {
		if _, ok := m[n]; !ok {
			names = append(names, n)
		}
	}
	if len(names) > 0 {
		w.comment(2, "also: "+strings.Join(names, ", "))
	}
}

func (w *writer) facts(v any, s *schema) {
	m, _ := v.(map[string]any)
	w.b.WriteString("facts:\n")
	for _, name := range s.Properties.names {
		x, ok := m[name]
		if !ok || x == nil {
			x = string(iotmark.WordUnknown)
		}
		line := "  " + name + ": " + w.inline(x)
		fmt.Fprintf(&w.b, "%-38s # %s\n", line, s.Properties.of[name].Description)
	}
}

// claims writes the claims in the order of the catalogue, a topic at a time.
func (w *writer) claims(v any, s *schema) {
	m, _ := v.(map[string]any)
	if len(m) == 0 {
		w.b.WriteString("claims: {}\n")
		return
	}
	w.b.WriteString("claims:\n")
	var order []string
	for _, c := range w.cat.Criteria {
		if _, ok := m[string(c.ID)]; ok {
			order = append(order, string(c.ID))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(order, k) {
			order = append(order, k)
		}
	}
	topic := iotmark.CriterionID(order[0]).Topic()
	for _, k := range order {
		if t := iotmark.CriterionID(k).Topic(); t != topic {
			topic = t
			w.b.WriteByte('\n')
		}
		x := m[k]
		if c, ok := x.(map[string]any); ok {
			evidence, has := c["evidence"]
			switch answer := c["answer"]; {
			case c["note"] != nil:
			case has && answer == string(iotmark.AnswerMet):
				x = evidence
			case !has && (answer == string(iotmark.AnswerMet) || answer == string(iotmark.AnswerUnknown) || answer == string(iotmark.AnswerNotApplicable)):
				x = answer
			}
		}
		w.field(2, k, x, s.AdditionalProperties)
	}
}

// field writes "name: value", over several lines where one is too long.
func (w *writer) field(indent int, name string, v any, s *schema) {
	w.b.WriteString(strings.Repeat(" ", indent) + scalar(name) + ":")
	w.after(indent, len(name)+indent+2, v, s)
}

// after writes a value after "name:" or "-".
func (w *writer) after(indent, column int, v any, s *schema) {
	switch x := v.(type) {
	case map[string]any:
		if len(x) == 0 {
			w.b.WriteString(" {}\n")
			return
		}
		w.b.WriteByte('\n')
		w.block(indent+2, x, s)
	case []any:
		if line := w.inline(x); !hasBlocks(x) && column+len(line) <= width {
			w.b.WriteString(" " + line + "\n")
			return
		}
		w.b.WriteByte('\n')
		for _, it := range x {
			w.b.WriteString(strings.Repeat(" ", indent+2) + "-")
			m, ok := it.(map[string]any)
			if !ok || len(m) == 0 {
				w.b.WriteString(" " + w.inline(it) + "\n")
				continue
			}
			// The first field stands behind the hyphen.
			var inner writer
			inner.cat = w.cat
			inner.block(indent+4, m, item(s))
			w.b.WriteString(" " + strings.TrimLeft(inner.b.String(), " "))
		}
	case nil:
		w.b.WriteString(" \"\"\n")
	default:
		w.b.WriteString(" " + w.inline(v) + "\n")
	}
}

func hasBlocks(l []any) bool {
	for _, x := range l {
		if _, ok := x.(map[string]any); ok {
			return true
		}
	}
	return false
}

func (w *writer) block(indent int, m map[string]any, s *schema) {
	s = object(s)
	var order []string
	if s != nil {
		order = append(order, s.Properties.names...)
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(order, k) {
			order = append(order, k)
		}
	}
	for _, k := range order {
		if v, ok := m[k]; ok {
			var x *schema
			if s != nil {
				x = s.Properties.of[k]
			}
			w.field(indent, k, v, x)
		}
	}
}

// object returns the alternative of a schema that is a block.
func object(s *schema) *schema { return alternative(s, "object") }

// item returns the schema of a list's items.
func item(s *schema) *schema {
	if s = alternative(s, "array"); s == nil {
		return nil
	}
	return s.Items
}

func alternative(s *schema, typ string) *schema {
	if s == nil {
		return nil
	}
	s = s.resolve()
	if s.Type == typ {
		return s
	}
	for _, x := range s.AnyOf {
		if x = x.resolve(); x.Type == typ {
			return x
		}
	}
	return nil
}

func (w *writer) inline(v any) string {
	switch x := v.(type) {
	case string:
		if x == "" {
			return `""`
		}
		return scalar(x)
	case json.Number:
		return x.String()
	case []any:
		parts := make([]string, len(x))
		for i, it := range x {
			if t, ok := it.(string); ok && t != "" {
				parts[i] = flowScalar(t)
				continue
			}
			parts[i] = w.inline(it)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		if len(x) == 0 {
			return "{}"
		}
	}
	return fmt.Sprint(v)
}
