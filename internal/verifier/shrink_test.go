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
		{"names", "const first = 1;\nconst second = first + 1;\n", "const i=1,a=i+1;"},
		{"comments and indents", "// told\nconst f = x => {\n\t// why\n\treturn x;\n};\n", "const i=e=>{return e};"},
		{"members stay", "const f = v => v.name + v?.key;\n", "const i=e=>e.name+e?.key;"},
		{"members of objects stay", "const f = name => ({ name, key: name });\n", "const i=e=>({name:e,key:e});"},
		{"and those taken out of one", "const f = ({ key, ...rest }) => [key, rest];\n", "const i=({key:e,...t})=>[e,t];"},
		{"a choice is no object", "const f = (a, b, c) => a ? b : c;\n", "const i=(e,t,n)=>e?t:n;"},
		{"functions do not see what they use renamed to their own", "const a = 1;\nconst f = x => y => x + y + a;\n", "const i=1,a=e=>t=>e+t+i;"},
		{"nor what is written further down", "const f = x => g(x);\nconst g = x => x;\n", "const i=e=>a(e),a=e=>e;"},
		{"nor when the first letters are spent", "const f = (a, b, c, d, e, g, h) => f(h);\n", "const i=(e,t,n,s,o,r,a)=>i(a);"},
		{"one word in two functions is two names", "const f = (x, g) => g(y => y + x, x => x, (y, x) => y + x);\n", "const i=(e,t)=>t(t=>t+e,e=>e,(e,t)=>e+t);"},
		{"a function does not end in its brackets", "const f = x => [y => [x, y], x].map(z => z, x);\n", "const i=e=>[t=>[e,t],e].map(e=>e,e);"},
		{"what stands in for what is missing is no name of the function's", "const v = 1;\nconst f = (x, y = v) => x + y + v;\n", "const i=1,a=(e,t=i)=>e+t+i;"},
		{"what a function declares", "const f = x => {\n\tconst [, a, ...b] = x, { key, name: c } = a;\n\tlet d;\n\tconst g = y => y + d, h = g(b);\n\tfor (const k of h) d = k;\n\treturn key + c;\n};\n", "const i=e=>{const[,t,...n]=e,{key:s,name:o}=t;let r;const i=e=>e+r,a=i(n);for(const e of a)r=e;return s+o};"},
		{"a block has names of its own", "const a = 1;\nconst f = x => {\n\tif (x) {\n\t\tconst a = x;\n\t\treturn a;\n\t}\n\tfor (const a of x) x(a);\n\treturn a;\n};\n", "const i=1,a=e=>{if(e){const t=e;return t}for(const t of e)e(t);return i};"},
		{"what is caught", "const f = x => {\n\ttry {\n\t\treturn x();\n\t} catch (e) {\n\t\treturn e.id;\n\t}\n};\n", "const i=e=>{try{return e()}catch(e){return e.id}};"},
		{"texts stay", "const s = 'a name // and \\' more';\n", "const i='a name // and \\' more';"},
		{"patterns stay", "const f = s => s.match(/[/ ]name \\/\\d/u) / 2 / s;\n", "const i=e=>e.match(/[/ ]name \\/\\d/u)/2/e;"},
		{"what is known outside stays", "export const verify = async b => JSON.parse(atob(b));\n", "export const verify=async e=>JSON.parse(atob(e));"},
		{"signs stay apart", "const f = (a, b) => a + +b - -a;\n", "const i=(e,t)=>e+ +t- -e;"},
		{"words stay apart", "const f = x => {\n\tif (x) return x;\n\telse throw new Error(typeof x);\n};\n", "const i=e=>{if(e)return e;else throw new Error(typeof e)};"},
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
