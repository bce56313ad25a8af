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
		{"names", "let first = 1;\nlet second = first + 1;\n", "let i=1,a=i+1;"},
		{"comments and indents", "// told\nlet f = x => {\n\t// why\n\treturn x;\n};\n", "let i=e=>{return e};"},
		{"members stay", "let f = v => v.name + v?.key;\n", "let i=e=>e.name+e?.key;"},
		{"members of objects stay", "let f = name => ({ name, key: name });\n", "let i=e=>({name:e,key:e});"},
		{"and those taken out of one", "let f = ({ key, ...rest }) => [key, rest];\n", "let i=({key:e,...t})=>[e,t];"},
		{"a choice is no object", "let f = (a, b, c) => a ? b : c;\n", "let i=(e,t,n)=>e?t:n;"},
		{"functions do not see what they use renamed to their own", "let a = 1;\nlet f = x => y => x + y + a;\n", "let i=1,a=e=>t=>e+t+i;"},
		{"nor what is written further down", "let f = x => g(x);\nlet g = x => x;\n", "let a=e=>i(e),i=e=>e;"},
		{"nor when the first letters are spent", "let f = (a, b, c, d, e, g, h) => f(h);\n", "let i=(t,n,s,o,r,a,e)=>i(e);"},
		{"one word in two functions is two names", "let f = (x, g) => g(y => y + x, x => x, (y, x) => y + x);\n", "let i=(e,t)=>t(t=>t+e,e=>e,(e,t)=>e+t);"},
		{"a function does not end in its brackets", "let f = x => [y => [x, y], x].map(z => z, x);\n", "let i=e=>[t=>[e,t],e].map(e=>e,e);"},
		{"what stands in for what is missing is no name of the function's", "let v = 1;\nlet f = (x, y = v) => x + y + v;\n", "let i=1,a=(e,t=i)=>e+t+i;"},
		{"what a function declares", "let f = x => {\n\tlet [, a, ...b] = x, { key, name: c } = a;\n\tlet d;\n\tlet g = y => y + d, h = g(b);\n\tfor (let k of h) d = k;\n\treturn key + c;\n};\n", "let i=t=>{let[,n,...s]=t,{key:o,name:r}=n,e,i=t=>t+e,a=i(s);for(let t of a)e=t;return o+r};"},
		{"a block has names of its own", "let a = 1;\nlet f = x => {\n\tif (x) {\n\t\tlet a = x;\n\t\treturn a;\n\t}\n\tfor (let a of x) x(a);\n\treturn a;\n};\n", "let i=1,a=e=>{if(e){let t=e;return t}for(let t of e)e(t);return i};"},
		{"what is caught", "let f = x => {\n\ttry {\n\t\treturn x();\n\t} catch (e) {\n\t\treturn e.id;\n\t}\n};\n", "let i=e=>{try{return e()}catch(e){return e.id}};"},
		{"texts stay", "let s = 'a name // and \\' more';\n", "let i='a name // and \\' more';"},
		{"patterns stay", "let f = s => s.match(/[/ ]name \\/\\d/u) / 2 / s;\n", "let i=e=>e.match(/[/ ]name \\/\\d/u)/2/e;"},
		{"what is known outside stays", "export let verify = async b => JSON.parse(atob(b));\n", "export let verify=async e=>JSON.parse(atob(e));"},
		{"signs stay apart", "let f = (a, b) => a + +b - -a;\n", "let i=(e,t)=>e+ +t- -e;"},
		{"words stay apart", "let f = x => {\n\tif (x) return x;\n\telse throw new Error(typeof x);\n};\n", "let i=e=>{if(e)return e;else throw new Error(typeof e)};"},
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
