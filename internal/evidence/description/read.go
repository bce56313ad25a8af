package description

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// Reader reads descriptions of interfaces.
var Reader = evidence.Reader{
	Name:    "description",
	Version: 1,
	Kinds:   []iotmark.EvidenceKind{iotmark.KindInterfaceDescription},
	Sniff:   sniff,
	Read: func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) {
		f, err := read(ctx, src, lim)
		if err != nil {
			return nil, err // a nil *Facts in an interface would look like facts
		}
		return f, nil
	},
	New: func() any { return new(Facts) },
}

// Bounds of this reader. The largest public descriptions of whole clouds have
// some 1,000 operations; a device has dozens.
const (
	maxBytes      = 16 << 20
	maxNodes      = 200_000
	maxOperations = 5_000
	maxServers    = 200
	maxSchemes    = 200
	maxValues     = 5_000
	maxProblems   = 200
	maxText       = 20_000 // bytes of the description of the whole
	maxLine       = 300    // bytes of other texts
	maxSteps      = 200_000
	maxWays       = 20 // ways to sign in for one operation
)

// marks are the names that say which format it is.
var marks = regexp.MustCompile(`(?m)^\s*(?:"(?:openapi|swagger|asyncapi)"\s*:|(?:'(?:openapi|swagger|asyncapi)'|openapi|swagger|asyncapi)\s*:\s)`)

func sniff(_ string, head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(head) == 0:
		return false
	case head[0] != '{':
		return marks.Match(head)
	}
	for _, m := range []string{`"openapi"`, `"swagger"`, `"asyncapi"`, "w3.org/2019/wot/td", "w3.org/2022/wot/td", "w3.org/ns/wot"} {
		if bytes.Contains(head, []byte(m)) {
			return true
		}
	}
	return false
}

func read(ctx context.Context, src evidence.Source, lim evidence.Limits) (*Facts, error) {
	lim.Bytes = min(lim.Bytes, maxBytes)
	b, err := src.ReadAll(lim)
	if err != nil {
		return nil, err
	}
	parse := tree.YAML
	if t := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n"); len(t) > 0 && t[0] == '{' {
		parse = tree.JSON
	}
	root, err := parse(ctx, b, tree.Limits{Depth: lim.Depth, Nodes: min(lim.Entries, maxNodes)})
	if err != nil {
		return nil, err
	}
	r := &reading{root: root, f: &Facts{}, told: map[string]bool{}, seen: map[string]bool{}}
	switch v := root; {
	case v.Get("openapi").String() != "":
		r.f.Kind, r.f.Format = OpenAPI, text(v.Get("openapi"))
		err = r.version("3.")
		r.openapi()
	case v.Get("swagger").String() != "":
		r.f.Kind, r.f.Format = Swagger, text(v.Get("swagger"))
		err = r.version("2.0")
		r.swagger()
	case v.Get("asyncapi").String() != "":
		r.f.Kind, r.f.Format = AsyncAPI, text(v.Get("asyncapi"))
		err = r.version("2.", "3.")
		r.async()
	case r.isThing():
		r.f.Kind = Thing
		r.thing()
	default:
		err = evidence.Malformed("description of an interface", errors.New("it is no OpenAPI, Swagger, AsyncAPI and no W3C Thing Description"))
	}
	if err != nil {
		return nil, err
	}
	r.twice()
	return r.f, nil
}

func (r *reading) version(known ...string) error {
	for _, k := range known {
		if strings.HasPrefix(r.f.Format, k) {
			return nil
		}
	}
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "description-version",
		Msg: fmt.Sprintf("%s %.20q is not read; export OpenAPI 3.0 or 3.1, Swagger 2.0, AsyncAPI 2 or 3, or a Thing Description", r.f.Kind, r.f.Format)}
}

// reading is the state of one reading. One goroutine owns it.
type reading struct {
	root  *tree.Node
	f     *Facts
	told  map[string]bool // problems
	seen  map[string]bool // values
	steps int
	index map[*tree.Node]map[string]*tree.Node // see get
}

// info reads what OpenAPI, Swagger and AsyncAPI say about the whole.
func (r *reading) info() {
	n, f := r.root.Get("info"), r.f
	f.InfoLine = n.LineOf()
	f.Title, f.Version, f.Summary, f.Terms = text(n.Get("title")), text(n.Get("version")), text(n.Get("summary")), text(n.Get("termsOfService"))
	f.Text = r.clip(n.Get("description").String(), maxText)
	if l := n.Get("license"); l != nil {
		f.Licence = Licence{Name: text(l.Get("name")), ID: text(l.Get("identifier")), URL: text(l.Get("url")), Line: l.LineOf()}
		if l.Kind == tree.Text {
			f.Licence.Name = text(l)
		}
	}
	c := n.Get("contact")
	for _, k := range []string{"email", "url", "name"} {
		if f.Contact == "" {
			f.Contact = text(c.Get(k))
		}
	}
	docs := r.root.Get("externalDocs")
	if docs == nil {
		docs = n.Get("externalDocs") // AsyncAPI 3
	}
	f.Docs = text(docs.Get("url"))
}

// more counts a step of the walk through what references can repeat, and says
// whether there is another one: a file of some thousand lines can describe
// millions of operations.
func (r *reading) more() bool {
	if r.steps++; r.steps > maxSteps {
		r.f.Cut = true
		return false
	}
	return true
}

// ref follows references within the file (RFC 6901), a few hops at most.
func (r *reading) ref(n *tree.Node) *tree.Node {
	for range 8 {
		p := n.Get("$ref")
		if p == nil || p.Kind != tree.Text {
			return n
		}
		ptr, ok := strings.CutPrefix(p.Text, "#")
		if !ok {
			r.problem(RefOutside, p.Text, p)
			return nil
		}
		to := r.root
		for _, k := range strings.Split(strings.TrimPrefix(ptr, "/"), "/") {
			k = strings.NewReplacer("~1", "/", "~0", "~", "%7B", "{", "%7D", "}", "%20", " ").Replace(k)
			to = r.get(to, k)
		}
		if to == nil || ptr == "" {
			r.problem(RefNowhere, p.Text, p)
			return nil
		}
		n = to
	}
	r.problem(RefNowhere, n.Get("$ref").String(), n)
	return nil
}

// get is n.Get with an index for large maps, into which a file can point
// as often as it has values.
func (r *reading) get(n *tree.Node, key string) *tree.Node {
	if len(n.Fields()) < 64 {
		return n.Get(key)
	}
	if r.index[n] == nil {
		m := make(map[string]*tree.Node, len(n.Kids))
		for _, k := range n.Kids {
			m[k.Key] = k
		}
		if r.index == nil {
			r.index = map[*tree.Node]map[string]*tree.Node{}
		}
		r.index[n] = m
	}
	return r.index[n][key]
}

func (r *reading) problem(id ProblemID, name string, n *tree.Node) {
	name = r.clip(name, maxLine)
	k := string(id) + " " + name
	if r.told[k] || len(r.f.Problems) >= maxProblems {
		return
	}
	r.told[k] = true
	r.f.Problems = append(r.f.Problems, Problem{ID: id, Name: name, Line: n.LineOf()})
}

// twice tells operations that share an id.
func (r *reading) twice() {
	ids := map[string]bool{}
	for _, o := range r.f.Operations {
		if o.ID == "" {
			continue
		}
		if ids[o.ID] && len(r.f.Problems) < maxProblems {
			r.f.Problems = append(r.f.Problems, Problem{ID: IDTwice, Name: o.ID, Line: o.Line})
		}
		ids[o.ID] = true
	}
}

func (r *reading) operation(o Operation) {
	if len(r.f.Operations) >= maxOperations {
		r.f.Cut = true
		return
	}
	r.f.Operations = append(r.f.Operations, o)
}

func (r *reading) scheme(s Scheme) {
	if len(r.f.Security) >= maxSchemes {
		r.f.Cut = true
		return
	}
	r.f.Security = append(r.f.Security, s)
}

func (r *reading) defined(name string) bool {
	for _, s := range r.f.Security {
		if s.Name == name {
			return true
		}
	}
	return false
}

// requirement reads a list of ways to sign in, each an object of names, as
// OpenAPI has it (3.1.1, 4.8.30). Nil means that nothing is said.
func (r *reading) requirement(n *tree.Node) (Access, []string) {
	if n == nil || n.Kind != tree.List {
		return Unsaid, nil
	}
	var names []string
	empty := len(n.Kids) == 0
	for _, alt := range n.Items() {
		if len(names) >= maxWays || !r.more() {
			break
		}
		alt = r.ref(alt)
		if alt != nil && alt.Kind == tree.Map && len(alt.Kids) == 0 {
			empty = true
		}
		if t := alt.Get("type"); t != nil && t.Kind == tree.Text { // AsyncAPI 3: the scheme itself
			names = append(names, text(t))
			continue
		}
		for _, k := range alt.Fields() {
			if k.Kind == tree.List && len(names) < maxWays {
				name := r.clip(k.Key, maxLine)
				names = append(names, name)
				if !r.defined(name) {
					r.problem(SchemeUnset, name, k)
				}
			}
		}
	}
	switch {
	case len(names) == 0:
		return Open, nil
	case empty:
		return Optional, names
	}
	return Guarded, names
}

// text returns a scalar as one line of bounded length.
func text(n *tree.Node) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(cut(n.String(), 4*maxLine), "")), " ")
	return cut(s, maxLine)
}

func (r *reading) clip(s string, n int) string {
	if len(s) > n {
		r.f.Cut = r.f.Cut || n == maxText
		s = cut(s, n)
	}
	return s
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(strings.Clone(s[:n]), "")
}

func first(s ...string) string {
	for _, x := range s {
		if x != "" {
			return x
		}
	}
	return ""
}
