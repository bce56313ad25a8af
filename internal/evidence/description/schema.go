package description

import (
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence/table"
	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// schema walks through a data model and notes its numbers and times. The walk
// is bounded in depth and in steps; a schema that refers to itself is left
// at the second turn.
func (r *reading) schema(n *tree.Node, name string, depth int) {
	if !r.more() || depth > 16 {
		r.f.Cut = true
		return
	}
	if n.Get("$ref") != nil {
		to := r.ref(n)
		if to == nil || r.walked(to) {
			return
		}
		n = to
		depth += 2
	}
	r.value(name, n, text(n.Get("description")))
	for _, p := range n.Get("properties").Fields() {
		r.schema(p, p.Key, depth+1)
	}
	for _, k := range []string{"items", "additionalProperties"} {
		if c := n.Get(k); c != nil && c.Kind == tree.Map {
			r.schema(c, name, depth+1)
		}
	}
	for _, k := range []string{"allOf", "anyOf", "oneOf", "prefixItems"} {
		for _, c := range n.Get(k).Items() {
			r.schema(c, name, depth+1)
		}
	}
}

// walked reports whether a schema that was referred to was met before.
func (r *reading) walked(n *tree.Node) bool {
	k := "ref " + n.Key + " " + itoa(n.Line)
	if r.seen[k] {
		return true
	}
	r.seen[k] = true
	return false
}

// value notes a number or a time.
func (r *reading) value(name string, n *tree.Node, about string) {
	if name == "" || n == nil || n.Kind != tree.Map {
		return
	}
	typ := ""
	for _, t := range append(n.Get("type").Items(), n.Get("type")) {
		switch s := t.String(); s {
		case "number", "integer", "string":
			typ = s
		}
	}
	v := Value{Name: cut(name, maxLine), Type: typ, Text: about, Line: n.LineOf()}
	if v.Line == 0 {
		v.Line = n.Line
	}
	switch typ {
	case "number", "integer":
		v.Unit = first(text(n.Get("unit")), text(n.Get("x-unit")), text(n.Get("units")), text(n.Get("x-units")), table.UnitOf(name), unitIn(about))
	case "string":
		format := n.Get("format").String()
		switch {
		case strings.HasPrefix(format, "date"), format == "time", format == "duration":
			v.Type, v.Unit = "time", format
		case isTime(name) && n.Get("enum") == nil:
			v.Type = "time"
		default:
			return
		}
	default:
		return
	}
	if len(r.f.Values) >= maxValues {
		r.f.Cut = true
		return
	}
	k := v.Name + " " + v.Type + " " + itoa(v.Line)
	if r.seen[k] {
		return
	}
	r.seen[k] = true
	r.f.Values = append(r.f.Values, v)
}

// isTime reports whether a name names a moment.
func isTime(name string) bool {
	for _, w := range table.Words(name) {
		switch w {
		case "time", "timestamp", "datetime", "moment":
			return true
		}
	}
	return false
}

// unitIn looks for a unit in a passage: what stands after "in", or in
// brackets, or any unit written out.
func unitIn(s string) string {
	ws := table.Words(s)
	for i, w := range ws {
		if w == "in" && i+1 < len(ws) {
			if ws[i+1] == "degrees" && i+2 < len(ws) {
				if u := table.UnitOf("x " + ws[i+2]); u != "" {
					return u
				}
			}
			if u := table.UnitOf("x " + ws[i+1]); u != "" {
				return u
			}
		}
	}
	if i := strings.LastIndexAny(s, "(["); i > 0 {
		if u := table.UnitOf(s[i-1:]); u != "" {
			return u
		}
	}
	for _, w := range ws {
		if len(w) > 2 {
			if u := table.UnitOf(w); u != "" {
				return u
			}
		}
	}
	for _, sign := range []string{"°", "%"} {
		if strings.Contains(s, sign) {
			return table.UnitOf(s)
		}
	}
	return ""
}
