package verify_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/verify"
)

// shaped holds reading by shape against encoding/json, and reports whether the
// shape took it.
func shaped(t *testing.T, typ verify.Type, raw []byte) bool {
	t.Helper()
	short, ok, long, written, err := verify.Shaped(typ, raw)
	if !ok {
		return false
	}
	if err != nil || !bytes.Equal(written, raw) {
		t.Fatalf("%s: the shape takes what is not written so: %v\n%s\n%s", typ, err, raw, written)
	}
	if diff := cmp.Diff(long, short); diff != "" {
		t.Fatalf("%s: (-encoding/json +shape)\n%s", typ, diff)
	}
	return true
}

// All bodies but the declaration are read by their shape: the long way takes
// three times as long.
func TestBodiesHaveShapes(t *testing.T) {
	t.Parallel()
	all := samples(t)
	for _, typ := range types(t) {
		e, err := verify.NewEntry(typ, "", "", "", "", all[typ].body)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := shaped(t, typ, e.Body), typ != verify.DeclarationType; got != want {
			t.Errorf("%s: got %v, want %v\n%s", typ, got, want, e.Body)
		}
	}
}

// What is not in the one form is left to the long way.
func TestShapesRefuse(t *testing.T) {
	t.Parallel()
	const note, ring = verify.NoteCorrection, verify.KeyringSet
	key := func(member string) string {
		return `{"keys":[{"key":"k","name":"n","org":"o","person":"p","role":"root"` + member + `}],"root":1}`
	}
	tests := []struct {
		name string
		typ  verify.Type
		raw  string
		want bool
	}{
		{"as it is written", note, `{"leaf":"x","text":"\"\n\u0001\u2028"}`, false},
		{"escapes", note, "{\"leaf\":\"x\",\"text\":\"\\\"\\n\\u0001\u2028\"}", true},
		{"order", note, `{"text":"t","leaf":"x"}`, false},
		{"twice", note, `{"leaf":"x","leaf":"x","text":"t"}`, false},
		{"other letters", note, `{"Leaf":"x","text":"t"}`, false},
		{"missing", note, `{"leaf":"x"}`, false},
		{"more", note, `{"leaf":"x","text":"t","u":1}`, false},
		{"space", note, `{"leaf": "x","text":"t"}`, false},
		{"comma before the first", note, `{,"leaf":"x","text":"t"}`, false},
		{"comma after the last", note, `{"leaf":"x","text":"t",}`, false},
		{"no comma", note, `{"leaf":"x""text":"t"}`, false},
		{"something follows", note, `{"leaf":"x","text":"t"}}`, false},
		{"not closed", note, `{"leaf":"x","text":"t"`, false},
		{"null", note, `{"leaf":null,"text":"t"}`, false},
		{"a number for a text", note, `{"leaf":1,"text":"t"}`, false},
		{"a list for an object", note, `["x","t"]`, false},
		{"no UTF-8", note, "{\"leaf\":\"x\",\"text\":\"\xff\"}", false},
		{"nothing", note, ``, false},
		{"key without end", ring, key(``), true},
		{"key with end", ring, key(`,"until":0`), true},
		{"end of another form", ring, key(`,"until":-0`), false},
		{"end beyond", ring, key(`,"until":9007199254740992`), false},
		{"end is null", ring, key(`,"until":null`), false},
		{"end is a fraction", ring, key(`,"until":1.0`), false},
		{"empty list", ring, `{"keys":[],"root":1}`, true},
		{"comma in an empty list", ring, `{"keys":[,],"root":1}`, false},
		{"no list", ring, `{"keys":null,"root":1}`, false},
		{"rules", ring, `{"keys":[],"root":1,"rules":{"a":{"need":{}},"b":{"need":{"root":1},"orgs_apart":true}}}`, true},
		{"rules of another order", ring, `{"keys":[],"root":1,"rules":{"b":{"need":{}},"a":{"need":{}}}}`, false},
		{"a rule twice", ring, `{"keys":[],"root":1,"rules":{"a":{"need":{}},"a":{"need":{}}}}`, false},
		{"rules that must be left out", ring, `{"keys":[],"root":1,"rules":{}}`, false},
		{"false that must be left out", ring, `{"keys":[],"root":1,"rules":{"a":{"need":{},"orgs_apart":false}}}`, false},
		{"names whose order differs", ring, "{\"keys\":[],\"root\":1,\"rules\":{\"\U0001F600\":{\"need\":{}},\"\uFB33\":{\"need\":{}}}}", false},
		{"a long list", ring, `{"keys":[` + strings.Repeat(`{"key":"","name":"","org":"","person":"","role":""},`, 1_024) + `{"key":"","name":"","org":"","person":"","role":""}],"root":1}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := shaped(t, tt.typ, []byte(tt.raw)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// What a shape takes, encoding/json reads the same and writes the same.
func FuzzShape(f *testing.F) {
	all := samples(f)
	every := types(f)
	for i, typ := range every {
		e, err := verify.NewEntry(typ, "", "", "", "", all[typ].body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), []byte(e.Body))
	}
	f.Fuzz(func(t *testing.T, i byte, raw []byte) { shaped(t, every[int(i)%len(every)], raw) })
}
