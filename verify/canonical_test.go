package verify_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// idOf gives the stable id of an expected failure, or its text.
func idOf(err error) iotmark.ErrorID {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		return e.ID
	}
	return iotmark.ErrorID("not ours: " + err.Error())
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     iotmark.ErrorID
	}{
		{"empty object", `{}`, ""},
		{"all kinds", `{"a":[1,-2,true,false,null,"x"],"b":{"c":""}}`, ""},
		{"escapes", `["\"\\\b\t\n\f\r\u0000\u001f\u000b"]`, ""},
		{"line separator", "[\"\u2028\u007f\"]", ""},
		{"largest number", `[9007199254740991]`, ""},
		{"names beyond the basic plane first", "{\"\U0001F600\":1,\"\uFB33\":2}", ""},
		{"escaped name in order", `{"\n":1,"a":2}`, ""},
		{"nothing", ``, "json-malformed"},
		{"more than one value", `{}{}`, "json-malformed"},
		{"line feed at the end", "{}\n", "json-malformed"},
		{"cut short", `{"a":`, "json-malformed"},
		{"cut in a string", `{"a`, "json-malformed"},
		{"cut in an escape", `"\`, "json-malformed"},
		{"no UTF-8", "\"\xff\"", "json-malformed"},
		{"surrogate", "\"\xed\xa0\x80\"", "json-malformed"},
		{"control character", "\"\x01\"", "json-malformed"},
		{"unknown escape", `"\x"`, "json-malformed"},
		{"lone minus", `-`, "json-malformed"},
		{"trailing comma", `{"a":1,}`, "json-malformed"},
		{"twice", `{"a":1,"a":1}`, "json-duplicate"},
		{"twice, once escaped", `{"\n":1,"\u000a":1}`, "json-not-canonical"},
		{"order", `{"b":1,"a":1}`, "json-not-canonical"},
		{"order of UTF-16", "{\"\uFB33\":1,\"\U0001F600\":2}", "json-not-canonical"},
		{"space", `{"a": 1}`, "json-not-canonical"},
		{"space before", ` {}`, "json-not-canonical"},
		{"escaped letter", `"\u0061"`, "json-not-canonical"},
		{"escaped tab by number", `"\u0009"`, "json-not-canonical"},
		{"escape in capitals", `"\u001F"`, "json-not-canonical"},
		{"escaped solidus", `"\/"`, "json-not-canonical"},
		{"fraction", `1.5`, "json-not-canonical"},
		{"exponent", `1e3`, "json-not-canonical"},
		{"minus zero", `-0`, "json-not-canonical"},
		{"leading zero", `01`, "json-not-canonical"},
		{"beyond", `9007199254740992`, "json-not-canonical"},
		{"at the depth", strings.Repeat("[", 32) + strings.Repeat("]", 32), ""},
		{"too deep", strings.Repeat("[", 33) + strings.Repeat("]", 33), "json-too-deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := idOf(verify.Canonical([]byte(tt.in))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// What Canonical accepts is what RFC 8785 makes of it.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"\n"}]}`, `"\u0000"`, `[-1,0]`, "{\"\U0001F600\":1,\"\uFB33\":2}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if verify.Canonical(b) != nil || len(b) == 0 || b[0] != '{' && b[0] != '[' {
			return // jcs takes objects and lists only
		}
		out, err := jcs.Transform(b)
		if err != nil || !bytes.Equal(out, b) {
			t.Errorf("accepted %q, which RFC 8785 writes %q (%v)", b, out, err)
		}
	})
}
