package verifier_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/verifier"
)

// What is served is made of the source and does the same; that it does, the
// vectors and the differential test say, which are put to what is served.
func TestShrink(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, source, want string }{
		{"names", "const first = 1;\nconst second = first + 1;\n", "const e=1,t=e+1;"},
		{"comments and indents", "// told\nconst f = x => {\n\t// why\n\treturn x;\n};\n", "const e=e=>{return e};"},
		{"members stay", "const f = v => v.name + v?.key;\n", "const e=e=>e.name+e?.key;"},
		{"members of objects stay", "const f = name => ({ name, key: name });\n", "const e=e=>({name:e,key:e});"},
		{"and those taken out of one", "const f = ({ key, ...rest }) => [key, rest];\n", "const e=({key:e,...t})=>[e,t];"},
		{"a choice is no object", "const f = (a, b, c) => a ? b : c;\n", "const e=(e,t,n)=>e?t:n;"},
		{"functions do not see what they use renamed to their own", "const a = 1;\nconst f = x => y => x + y + a;\n", "const e=1,t=t=>n=>t+n+e;"},
		{"nor what is written further down", "const f = x => g(x);\nconst g = x => x;\n", "const e=e=>t(e),t=e=>e;"},
		{"texts stay", "const s = 'a name // and \\' more';\n", "const e='a name // and \\' more';"},
		{"patterns stay", "const f = s => s.match(/[/ ]name \\/\\d/u) / 2 / s;\n", "const e=e=>e.match(/[/ ]name \\/\\d/u)/2/e;"},
		{"what is known outside stays", "export const verify = async b => JSON.parse(atob(b));\n", "export const verify=async e=>JSON.parse(atob(e));"},
		{"signs stay apart", "const f = (a, b) => a + +b - -a;\n", "const e=(e,t)=>e+ +t- -e;"},
		{"words stay apart", "const f = x => {\n\tif (x) return x;\n\telse throw new Error(typeof x);\n};\n", "const e=e=>{if(e)return e;else throw new Error(typeof e)};"},
	} {
		if got := verifier.Shrink(c.source); got != c.want {
			t.Errorf("%s: got  %s\n want %s", c.name, got, c.want)
		}
	}
}

// The page and the module that are handed on come from the file in the tree.
func TestSource(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("verifier.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(source, verifier.Source()) || string(verifier.Script()) != verifier.Shrink(string(source)) {
		t.Error("what is served is not made of verifier.mjs")
	}
}
