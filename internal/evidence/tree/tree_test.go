package tree_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

var lim = tree.Limits{Depth: 64, Nodes: 200_000}

// The same document in both notations gives the same values; only lines
// differ.
func TestBothNotations(t *testing.T) {
	t.Parallel()
	j, err := tree.JSON(t.Context(), []byte("\xef\xbb\xbf{\n \"a\": [1, -2.5e3, true, null],\n \"b\": {\"c\": \"x\\u00e9\"}\n}\n"), lim)
	if err != nil {
		t.Fatal(err)
	}
	y, err := tree.YAML(t.Context(), []byte("a: [1, -2.5e3, true, null]\nb:\n  c: xé\n"), lim)
	if err != nil {
		t.Fatal(err)
	}
	want := []int{2, 3, 3}
	if got := []int{j.Get("a").LineOf(), j.Path("b").LineOf(), j.Path("b", "c").LineOf()}; !cmp.Equal(got, want) {
		t.Errorf("lines of JSON: got %v, want %v", got, want)
	}
	want = []int{1, 2, 3}
	if got := []int{y.Get("a").LineOf(), y.Path("b").LineOf(), y.Path("b", "c").LineOf()}; !cmp.Equal(got, want) {
		t.Errorf("lines of YAML: got %v, want %v", got, want)
	}
	var flat func(n *tree.Node) any
	flat = func(n *tree.Node) any {
		out := []any{n.Kind, n.Key, strings.TrimSpace(n.String())}
		for _, k := range n.Kids {
			out = append(out, flat(k))
		}
		return out
	}
	if diff := cmp.Diff(flat(j), flat(y)); diff != "" {
		t.Errorf("got (-JSON +YAML)\n%s", diff)
	}
}

func TestAbsent(t *testing.T) {
	t.Parallel()
	var n *tree.Node
	if n.Path("a", "b").String() != "" || n.LineOf() != 0 || n.Items() != nil || n.Fields() != nil {
		t.Error("what is not there has a value")
	}
	if _, ok := n.Int(); ok {
		t.Error("what is not there is a number")
	}
	if _, ok := n.Bool(); ok {
		t.Error("what is not there is a truth")
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c]\n"
	big := 4 << 20
	for _, c := range []struct {
		name, id string
		yaml     bool
		in       string
	}{
		{"json deep", "too-deep", false, strings.Repeat("[", 10_000_000)},
		{"json deep objects", "too-deep", false, strings.Repeat(`{"a":`, 1_000_000)},
		{"json many", "too-many", false, "[" + strings.Repeat("1,", 10_000_000) + "1]"},
		{"json names", "too-many", false, "{" + strings.Repeat(`"":1,`, 1) + manyNames(250_000) + `"z":1}`},
		{"json twice", "malformed", false, `{"a":1,"a":2}`},
		{"json cut off", "malformed", false, `{"a":[1,2`},
		{"json cut in text", "malformed", false, `{"a":"b\`},
		{"json number", "malformed", false, `[` + strings.Repeat("9", 1_000_000) + `]`},
		{"json comma", "malformed", false, `[1,]`},
		{"json more", "malformed", false, `[1] [2]`},
		{"json control", "malformed", false, "[\"a\nb\"]"},
		{"json utf8", "malformed", false, "[\"\xff\"]"},
		{"json empty", "malformed", false, ""},
		{"yaml bomb", "malformed", true, bomb},
		{"yaml merge", "malformed", true, "a: &x {b: 1}\nc: {<<: *x}\n"},
		{"yaml flow", "too-deep", true, strings.Repeat("[", big)},
		{"yaml flow balanced", "too-deep", true, strings.Repeat("[", 100) + strings.Repeat("]", 100)},
		{"yaml dashes", "too-deep", true, strings.Repeat("- ", big/2)},
		{"yaml indents", "too-deep", true, indents(400)},
		{"yaml many", "too-many", true, strings.Repeat("- a\n", big/4)},
		{"yaml large", "too-large", true, strings.Repeat("#\n", big)},
		{"yaml twice", "malformed", true, "a: 1\na: 2\n"},
		{"yaml two", "malformed", true, "a: 1\n---\nb: 2\n"},
		{"yaml key", "malformed", true, "{[a]: 1}"},
		{"yaml utf8", "malformed", true, "a: \xff\n"},
		{"yaml empty", "malformed", true, "# nothing\n"},
		{"yaml broken", "malformed", true, "a: [1\nb: }"},
	} {
		t.Run(c.name, func(t *testing.T) {
			read := tree.JSON
			if c.yaml {
				read = tree.YAML
			}
			start := time.Now()
			_, err := read(context.Background(), []byte(c.in), lim)
			e, ok := errors.AsType[*iotmark.Error](err)
			if !ok || string(e.ID) != c.id {
				t.Fatalf("got %v, want the error %s", err, c.id)
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("took %s", d)
			}
		})
	}
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"k`)
		b.WriteString(strings.Repeat("x", i%7))
		b.WriteString(time.Duration(i).String())
		b.WriteString(`":0,`)
	}
	return b.String()
}

func indents(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// The worst documents that are within the bounds stay within the memory of
// one process.
func TestMemory(t *testing.T) {
	for name, in := range map[string]string{
		"comments": strings.Repeat("#\n", 2<<20),
		"flow":     "[" + strings.Repeat("a,", 190_000) + "]",
		"lines":    strings.Repeat("- a: b\n", 60_000),
		"quoted":   "a: \"" + strings.Repeat("[", 1000) + "\"",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := tree.YAML(context.Background(), []byte(in), lim)
		runtime.ReadMemStats(&after)
		t.Logf("%s: %v, %d MB allocated in all, %s", name, err, (after.TotalAlloc-before.TotalAlloc)>>20, time.Since(start))
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s took %s", name, d)
		}
		if after.TotalAlloc-before.TotalAlloc > 300<<20 {
			t.Errorf("%s allocated %d MB", name, (after.TotalAlloc-before.TotalAlloc)>>20)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":[1,2,{"b":null}],"c":"d"}`))
	f.Add([]byte("a: [1, 2]\nb:\n  - c: d\n"))
	f.Add([]byte("- - - a\n? b\n: c\n"))
	small := tree.Limits{Depth: 16, Nodes: 1000}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 64<<10 {
			return
		}
		for _, read := range []func(context.Context, []byte, tree.Limits) (*tree.Node, error){tree.JSON, tree.YAML} {
			n, err := read(t.Context(), b, small)
			if (n == nil) == (err == nil) {
				t.Fatalf("node %v, error %v", n, err)
			}
			// Only what JSON (RFC 8259, 2) and YAML (1.2, 5.4 and 5.5) call
			// white space is nothing; U+2000 alone is a text in YAML.
			if err == nil && len(bytes.Trim(b, " \t\r\n")) == 0 {
				t.Fatal("nothing gave a value")
			}
		}
	})
}
