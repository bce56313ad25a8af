package dossier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// schema is the part of JSON Schema 2020-12 that the declaration's schema
// uses. Decoding refuses any other keyword, so that nothing in the schema is
// silently not looked at.
type schema struct {
	Schema      string             `json:"$schema"`
	ID          string             `json:"$id"`
	Title       string             `json:"title"`
	Defs        map[string]*schema `json:"$defs"`
	Ref         string             `json:"$ref"`
	Description string             `json:"description"`
	Default     json.RawMessage    `json:"default"`
	Examples    []string           `json:"examples"`

	Type  string    `json:"type"`
	Enum  []string  `json:"enum"`
	AnyOf []*schema `json:"anyOf"`

	Pattern   string `json:"pattern"`
	Format    string `json:"format"`
	MinLength int    `json:"minLength"`
	MaxLength int    `json:"maxLength"`

	Minimum *float64 `json:"minimum"`
	Maximum *float64 `json:"maximum"`

	Items       *schema `json:"items"`
	MinItems    int     `json:"minItems"`
	UniqueItems bool    `json:"uniqueItems"`

	Properties           properties `json:"properties"`
	Required             []string   `json:"required"`
	AdditionalProperties *schema    `json:"additionalProperties"`
	PropertyNames        *schema    `json:"propertyNames"`
	If                   *schema    `json:"if"`
	Then                 *schema    `json:"then"`

	never   bool // the schema false
	name    string
	defs    map[string]*schema
	pattern *regexp.Regexp
}

// properties keep the order of the file: it is the order of suggestions and
// of the field reference.
type properties struct {
	names []string
	of    map[string]*schema
}

func (p *properties) UnmarshalJSON(b []byte) error {
	p.of = map[string]*schema{}
	dec := json.NewDecoder(bytes.NewReader(b))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		var s schema
		if err := dec.Decode(&s); err != nil {
			return err
		}
		k, ok := t.(string)
		if !ok {
			return fmt.Errorf("property %v is not a name", t)
		}
		p.names = append(p.names, k)
		p.of[k] = &s
	}
	return nil
}

func (s *schema) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true":
		*s = schema{}
		return nil
	case "false":
		*s = schema{never: true}
		return nil
	}
	type plainSchema schema
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode((*plainSchema)(s)); err != nil {
		return err
	}
	if s.Pattern != "" {
		var err error
		if s.pattern, err = regexp.Compile(s.Pattern); err != nil {
			return err
		}
	}
	return nil
}

// loadSchema reads the schema and resolves what it refers to.
func loadSchema(b []byte) (*schema, error) {
	var s schema
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("schema of the declaration: %w", err)
	}
	for n, d := range s.Defs {
		d.name = n
	}
	return &s, s.bind(s.Defs)
}

func (s *schema) bind(defs map[string]*schema) error {
	s.defs = defs
	if s.Ref != "" {
		if defs[strings.TrimPrefix(s.Ref, "#/$defs/")] == nil {
			return fmt.Errorf("schema of the declaration: there is no %s", s.Ref)
		}
	}
	for _, x := range s.children() {
		if err := x.bind(defs); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) children() []*schema {
	var out []*schema
	for _, x := range []*schema{s.Items, s.AdditionalProperties, s.PropertyNames, s.If, s.Then} {
		if x != nil {
			out = append(out, x)
		}
	}
	out = append(out, s.AnyOf...)
	for _, n := range s.Properties.names {
		out = append(out, s.Properties.of[n])
	}
	for _, x := range s.Defs {
		out = append(out, x)
	}
	return out
}

// resolve follows references. The schema uses none that go in a circle.
func (s *schema) resolve() *schema {
	for s.Ref != "" {
		s = s.defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
	}
	return s
}

// describe says what a schema asks for, to stand after "needs".
func (s *schema) describe() string {
	s = s.resolve()
	switch {
	case s.Enum != nil && len(s.Enum) < 4:
		return words(s.Enum)
	case s.Enum != nil:
		return "one of " + strings.Join(s.Enum, ", ")
	case s.AnyOf != nil && s.Type == "":
		var parts []string
		for _, x := range s.AnyOf {
			switch x = x.resolve(); {
			case x.Enum != nil && len(x.Enum) < 4:
				parts = append(parts, x.Enum...)
			case x.Type == "boolean":
				parts = append(parts, "true", "false")
			default:
				parts = append(parts, x.describe())
			}
		}
		return words(parts)
	case s.Format == "date":
		return "a date such as 2033-12-31"
	}
	if w, ok := map[string]string{
		"string": "text", "boolean": "true or false", "integer": "a whole number",
		"number": "a number", "array": "a list", "object": "a block of fields",
	}[s.Type]; ok {
		return w
	}
	return "something else"
}

// words joins with commas and an "or" before the last.
func words(w []string) string {
	if len(w) < 2 {
		return strings.Join(w, "")
	}
	return strings.Join(w[:len(w)-1], ", ") + " or " + w[len(w)-1]
}

// found says what stands there, to stand after "but found".
func found(n *node) string {
	switch n.kind {
	case null:
		return "nothing"
	case integer, float:
		return "the number " + quoted(n.text)
	case list:
		return "a list"
	case block:
		return "a block of fields"
	}
	return quoted(n.text)
}

func isType(n *node, t string) bool {
	switch t {
	case "string":
		return n.kind == text
	case "boolean":
		return n.kind == boolean
	case "integer":
		return n.kind == integer
	case "number":
		return n.kind == integer || n.kind == float
	case "array":
		return n.kind == list
	case "object":
		return n.kind == block
	case "null":
		return n.kind == null
	}
	return true
}
