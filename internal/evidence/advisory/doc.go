package advisory

import (
	"context"
	"iter"
	"slices"
	"strconv"

	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// doc is an advisory while its tests run. The tests take any tree: what
// breaks the schema is told elsewhere, and looks to them as if it were not
// there.
type doc struct {
	ctx    context.Context
	root   *tree.Node
	vulns  []*tree.Node
	groups map[string]*tree.Node // product_ids of each product group, by its id
	work   int                   // products looked at through groups
	over   bool                  // the work became too much
	tell   func(n *tree.Node, pointer, want string)
}

func newDoc(ctx context.Context, root *tree.Node) *doc {
	d := &doc{ctx: ctx, root: root, vulns: root.Get("vulnerabilities").Items(), groups: map[string]*tree.Node{}}
	for _, g := range root.Path("product_tree", "product_groups").Items() {
		if id := str(g.Get("group_id")); d.groups[id] == nil {
			d.groups[id] = g.Get("product_ids")
		}
	}
	return d
}

// run runs every mandatory test. Problems within CVSS objects are those of
// test 6.1.8.
func (d *doc) run(scores []Problem) ([]Failure, error) {
	var out []Failure
	for _, t := range mandatory {
		f := Failure{Test: t.id}
		spot := func(s Spot) {
			if f.Count++; len(f.At) < maxSpots {
				f.At = append(f.At, s)
			}
		}
		d.tell = func(n *tree.Node, pointer, want string) {
			s := Spot{Pointer: pointer, Line: n.LineOf(), Want: quote(want)}
			if n != nil && n.Kind != tree.Map && n.Kind != tree.List {
				s.Found = quote(n.Text)
			}
			spot(s)
		}
		if t.run == nil {
			for _, p := range scores {
				spot(Spot{Pointer: p.Pointer, Line: p.Line, Found: p.Found, Want: quote(p.Want)})
			}
		} else {
			t.run(d)
		}
		if err := d.ctx.Err(); err != nil {
			return nil, err
		}
		if d.over {
			return nil, evidence.TooMany("mentions of products through product groups", maxWork)
		}
		if f.Count > 0 {
			out = append(out, f)
		}
	}
	return out, nil
}

// spend counts work that can grow faster than the file, and says false when
// it is to stop.
func (d *doc) spend(n int) bool {
	d.work += n
	if d.work > maxWork || d.ctx.Err() != nil {
		d.over = true
	}
	return !d.over
}

func at(pointer string, i int) string { return pointer + "/" + strconv.Itoa(i) }

// vuln is the pointer to a vulnerability.
func vuln(i int) string { return at("/vulnerabilities", i) }

// branches gives each branch of the product tree, with its pointer. Depth is
// bounded by the reader of JSON.
func (d *doc) branches() iter.Seq2[string, *tree.Node] {
	return func(yield func(string, *tree.Node) bool) {
		var below func(list *tree.Node, pointer string) bool
		below = func(list *tree.Node, pointer string) bool {
			for i, b := range list.Items() {
				p := at(pointer, i)
				if !yield(p, b) || !below(b.Get("branches"), p+"/branches") {
					return false
				}
			}
			return true
		}
		below(d.root.Path("product_tree", "branches"), "/product_tree/branches")
	}
}

// products gives each full product name, with its pointer.
func (d *doc) products() iter.Seq2[string, *tree.Node] {
	return func(yield func(string, *tree.Node) bool) {
		for p, b := range d.branches() {
			if n := b.Get("product"); n != nil && !yield(p+"/product", n) {
				return
			}
		}
		for i, n := range d.root.Path("product_tree", "full_product_names").Items() {
			if !yield(at("/product_tree/full_product_names", i), n) {
				return
			}
		}
		for i, r := range d.root.Path("product_tree", "relationships").Items() {
			if n := r.Get("full_product_name"); n != nil && !yield(at("/product_tree/relationships", i)+"/full_product_name", n) {
				return
			}
		}
	}
}

// mention is one id that stands for a product or a group defined elsewhere.
type mention struct {
	list string // pointer to the list, or to the id itself
	i    int    // index in the list; -1: the id itself
	node *tree.Node
}

func (m mention) pointer() string {
	if m.i < 0 {
		return m.list
	}
	return at(m.list, m.i)
}

func mentions(yield func(mention) bool, list *tree.Node, pointer string) bool {
	for i, n := range list.Items() {
		if !yield(mention{pointer, i, n}) {
			return false
		}
	}
	return true
}

// parts of a vulnerability that name products and groups.
var parts = []string{"flags", "remediations", "threats"}

// productMentions gives each id of a product outside its definition.
func (d *doc) productMentions() iter.Seq[mention] {
	return func(yield func(mention) bool) {
		for i, g := range d.root.Path("product_tree", "product_groups").Items() {
			if !mentions(yield, g.Get("product_ids"), at("/product_tree/product_groups", i)+"/product_ids") {
				return
			}
		}
		for i, r := range d.root.Path("product_tree", "relationships").Items() {
			for _, k := range []string{"product_reference", "relates_to_product_reference"} {
				if n := r.Get(k); n != nil && !yield(mention{at("/product_tree/relationships", i) + "/" + k, -1, n}) {
					return
				}
			}
		}
		for i, v := range d.vulns {
			for _, s := range statusNames {
				if !mentions(yield, v.Path("product_status", string(s)), vuln(i)+"/product_status/"+string(s)) {
					return
				}
			}
			for j, s := range v.Get("scores").Items() {
				if !mentions(yield, s.Get("products"), at(vuln(i)+"/scores", j)+"/products") {
					return
				}
			}
			for _, k := range parts {
				for j, x := range v.Get(k).Items() {
					if !mentions(yield, x.Get("product_ids"), at(vuln(i)+"/"+k, j)+"/product_ids") {
						return
					}
				}
			}
		}
	}
}

// groupMentions gives each id of a group outside its definition.
func (d *doc) groupMentions() iter.Seq[mention] {
	return func(yield func(mention) bool) {
		for i, v := range d.vulns {
			for _, k := range parts {
				for j, x := range v.Get(k).Items() {
					if !mentions(yield, x.Get("group_ids"), at(vuln(i)+"/"+k, j)+"/group_ids") {
						return
					}
				}
			}
		}
	}
}

// reach returns the ids of the products that an item names, itself or
// through groups, each once.
func (d *doc) reach(x *tree.Node) map[string]bool {
	out := map[string]bool{}
	add := func(list *tree.Node) {
		if d.spend(len(list.Items())) {
			for _, n := range list.Items() {
				out[str(n)] = true
			}
		}
	}
	add(x.Get("product_ids"))
	for _, g := range x.Get("group_ids").Items() {
		add(d.groups[str(g)])
	}
	return out
}

// covered returns the ids of the products that any of the items names.
func (d *doc) covered(items []*tree.Node) map[string]bool {
	out, groups := map[string]bool{}, map[string]bool{}
	add := func(list *tree.Node) {
		if d.spend(len(list.Items())) {
			for _, n := range list.Items() {
				out[str(n)] = true
			}
		}
	}
	for _, x := range items {
		add(x.Get("product_ids"))
		for _, g := range x.Get("group_ids").Items() {
			if id := str(g); !groups[id] {
				groups[id] = true
				add(d.groups[id])
			}
		}
	}
	return out
}

// category is the name of the profile (section 4).
func (d *doc) category() string { return str(d.root.Path("document", "category")) }

// is reports whether the advisory has one of the profiles.
func (d *doc) is(profiles ...string) bool { return slices.Contains(profiles, d.category()) }
