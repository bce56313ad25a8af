//go:build !race

// Without the race detector: nothing here runs at the same time, and three
// thousand documents take a minute with it.

package dossier

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestSecondOpinion asks another implementation of JSON Schema about the
// same documents: the examples, the broken ones, and single changes at every
// place of the example.
func TestSecondOpinion(t *testing.T) {
	t.Parallel()
	v := testValidator(t)
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(v.cat.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("declaration.json", raw); err != nil {
		t.Fatal(err)
	}
	other, err := c.Compile("declaration.json")
	if err != nil {
		t.Fatal(err)
	}
	agree := func(name string, doc *node) bool {
		ours := len(v.flaws(doc)) == 0
		inst, err := jsonschema.UnmarshalJSON(bytes.NewReader(toJSON(nil, doc)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return ours
		}
		err = other.Validate(inst)
		if (err == nil) != ours {
			t.Errorf("%s: we say %v, the other says %v", name, v.flaws(doc), err)
		}
		return ours
	}
	files, err := filepath.Glob("../../testdata/products/example/bad/*.yaml")
	if err != nil || len(files) != 12 {
		t.Fatal(files, err)
	}
	files = append(files, "../../testdata/products/example/iotmark.yaml", "../../testdata/products/example/minimal.yaml")
	var full *node
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		doc, bad := parse(b)
		if doc == nil || len(bad) > 0 {
			t.Fatal(f, bad)
		}
		agree(f, doc)
		if strings.HasSuffix(f, "iotmark.yaml") {
			full = doc
		}
	}
	// Each value in turn becomes something else, and each field goes away.
	with := []*node{
		{kind: text, text: "unknown"}, {kind: text, text: "X y"}, {kind: text, text: ""}, {kind: text, text: "2026-13-01"}, {kind: text, text: strings.Repeat("a", 700)},
		{kind: integer, text: "-3"}, {kind: float, text: "1.5"}, {kind: boolean, text: "true"}, {kind: null}, {kind: list}, {kind: block},
	}
	tried, valid := 0, 0
	try := func(name string) {
		tried++
		if agree(name, full) {
			valid++
		}
	}
	var walk func(n *node, at string)
	walk = func(n *node, at string) {
		for i := range n.vals {
			name := at + "[]"
			if n.kind == block {
				name = at + "." + n.keys[i].name
			}
			was := n.vals[i]
			if tried < 20_000 {
				for _, x := range with {
					n.vals[i] = x
					try(name + " = " + string(toJSON(nil, x)))
				}
			}
			n.vals[i] = was
			walk(was, name)
		}
		if n.kind == block && len(n.keys) > 0 {
			keys, vals := n.keys, n.vals
			n.keys, n.vals = keys[1:], vals[1:]
			try(at + " without " + keys[0].name)
			n.keys, n.vals = append(slices.Clone(keys), key{name: "extra"}), append(slices.Clone(vals), &node{kind: text, text: "x"})
			try(at + " with extra")
			n.keys, n.vals = keys, vals
		}
	}
	// Only one item of long lists, or it takes minutes.
	shorten(full)
	walk(full, "")
	if tried < 2000 || valid < 200 || valid > tried-200 {
		t.Errorf("%d documents, %d of them valid: too few to say much", tried, valid)
	}
	t.Logf("%d documents, %d of them valid", tried, valid)
}

func shorten(n *node) {
	if n.kind == list && len(n.vals) > 1 {
		n.vals = n.vals[:1]
	}
	if n.kind == block && len(n.vals) > 40 {
		n.keys, n.vals = n.keys[:4], n.vals[:4]
	}
	for _, x := range n.vals {
		shorten(x)
	}
}
