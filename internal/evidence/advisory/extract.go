package advisory

import (
	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// extract takes out what the advisory says, within bounds.
func (d *doc) extract() *Advisory {
	doc := d.root.Get("document")
	track := doc.Get("tracking")
	a := &Advisory{
		Category: textOf(doc, "category"), Title: textOf(doc, "title"), Language: textOf(doc, "lang"),
		Publisher: publisherOf(doc.Get("publisher")),
		TLP:       cut(str(doc.Path("distribution", "tlp", "label"))),
		ID:        textOf(track, "id"), Status: textOf(track, "status"), Revision: textOf(track, "version"),
		First: textOf(track, "initial_release_date"), Released: textOf(track, "current_release_date"),
	}
	t := &taking{a: a}
	a.Aliases = t.texts(track.Get("aliases"))
	a.References = t.references(doc.Get("references"))
	for _, r := range t.some(track.Get("revision_history"), maxList) {
		a.History = append(a.History, Revision{textOf(r, "date"), textOf(r, "number"), textOf(r, "summary")})
	}
	t.products(d)
	for _, v := range t.some(d.root.Get("vulnerabilities"), maxVulns) {
		a.Vulnerabilities = append(a.Vulnerabilities, t.vulnerability(v))
	}
	return a
}

// taking keeps count of what is taken out.
type taking struct {
	a        *Advisory
	mentions int // of products
}

// some returns at most n items of a list.
func (t *taking) some(list *tree.Node, n int) []*tree.Node {
	items := list.Items()
	if len(items) > n {
		t.a.Cut = true
		return items[:n]
	}
	return items
}

func (t *taking) texts(list *tree.Node) (out []string) {
	for _, n := range t.some(list, maxList) {
		if s := str(n); s != "" {
			out = append(out, cut(s))
		}
	}
	return out
}

// ids returns the ids of a list of products.
func (t *taking) ids(list *tree.Node) (out []string) {
	for _, n := range t.some(list, max(0, maxMentions-t.mentions)) {
		t.mentions++
		out = append(out, cut(str(n)))
	}
	return out
}

func (t *taking) references(list *tree.Node) (out []Reference) {
	for _, r := range t.some(list, maxList) {
		out = append(out, Reference{textOf(r, "category"), textOf(r, "summary"), textOf(r, "url")})
	}
	return out
}

// products takes the products of the tree, with the vendor, name and version
// of the branches above each.
func (t *taking) products(d *doc) {
	add := func(n *tree.Node, above Product) {
		if n == nil {
			return
		}
		if len(t.a.Products) >= maxProducts {
			t.a.Cut = true
			return
		}
		above.ID, above.Name, above.Line = textOf(n, "product_id"), textOf(n, "name"), n.LineOf()
		t.a.Products = append(t.a.Products, above)
	}
	var below func(list *tree.Node, above Product)
	below = func(list *tree.Node, above Product) {
		for _, b := range list.Items() {
			p, name := above, textOf(b, "name")
			switch str(b.Get("category")) {
			case "vendor":
				p.Vendor = name
			case "product_name":
				p.Product = name
			case "product_version":
				p.Version = name
			case "product_version_range":
				p.Range = name
			}
			add(b.Get("product"), p)
			below(b.Get("branches"), p)
		}
	}
	pt := d.root.Get("product_tree")
	below(pt.Get("branches"), Product{})
	for _, n := range pt.Get("full_product_names").Items() {
		add(n, Product{})
	}
	for _, r := range pt.Get("relationships").Items() {
		add(r.Get("full_product_name"), Product{})
	}
}

func (t *taking) vulnerability(v *tree.Node) Vulnerability {
	out := Vulnerability{CVE: textOf(v, "cve"), Title: textOf(v, "title"), CWE: cut(str(v.Path("cwe", "id"))), References: t.references(v.Get("references")), Line: v.LineOf()}
	for _, x := range t.some(v.Get("ids"), maxList) {
		out.IDs = append(out.IDs, textOf(x, "system_name")+" "+textOf(x, "text"))
	}
	for _, s := range t.some(v.Get("scores"), maxList) {
		on := t.ids(s.Get("products"))
		for _, key := range []string{"cvss_v2", "cvss_v3"} {
			if o := s.Get(key); o != nil {
				score := Score{Version: textOf(o, "version"), Vector: textOf(o, "vectorString"), Severity: textOf(o, "baseSeverity"), Products: on}
				if n := o.Get("baseScore"); n != nil && n.Kind == tree.Number {
					score.Base = n.Text
				}
				out.Scores = append(out.Scores, score)
			}
		}
	}
	for _, s := range statusNames {
		if ids := t.ids(v.Path("product_status", string(s))); ids != nil {
			if out.Status == nil {
				out.Status = map[Status][]string{}
			}
			out.Status[s] = ids
		}
	}
	for _, r := range t.some(v.Get("remediations"), maxList) {
		out.Remediations = append(out.Remediations, Remediation{
			Category: textOf(r, "category"), Date: textOf(r, "date"), Details: textOf(r, "details"), URL: textOf(r, "url"),
			Products: t.ids(r.Get("product_ids")), Groups: t.texts(r.Get("group_ids")),
		})
	}
	return out
}

func publisherOf(n *tree.Node) Publisher {
	return Publisher{textOf(n, "category"), textOf(n, "name"), textOf(n, "namespace")}
}

func textOf(n *tree.Node, key string) string { return cut(str(n.Get(key))) }

func metadata(root *tree.Node) *Metadata {
	m := &Metadata{
		Canonical: textOf(root, "canonical_url"), Updated: textOf(root, "last_updated"), Role: textOf(root, "role"),
		Publisher: publisherOf(root.Get("publisher")),
	}
	m.List, _ = root.Get("list_on_CSAF_aggregators").Bool()
	m.Mirror, _ = root.Get("mirror_on_CSAF_aggregators").Bool()
	for _, x := range root.Get("distributions").Items() {
		if s := textOf(x, "directory_url"); s != "" && len(m.Directories) < maxList {
			m.Directories = append(m.Directories, s)
		}
		for _, f := range x.Path("rolie", "feeds").Items() {
			if len(m.Feeds) < maxList {
				m.Feeds = append(m.Feeds, Feed{textOf(f, "url"), textOf(f, "tlp_label")})
			}
		}
	}
	for _, k := range root.Get("public_openpgp_keys").Items() {
		if len(m.Keys) < maxList {
			m.Keys = append(m.Keys, Key{textOf(k, "url"), textOf(k, "fingerprint")})
		}
	}
	return m
}

func collection(root *tree.Node) *Collection {
	c := &Collection{
		Canonical: textOf(root, "canonical_url"), Updated: textOf(root, "last_updated"),
		Category: cut(str(root.Path("aggregator", "category"))), Name: cut(str(root.Path("aggregator", "name"))),
	}
	for _, p := range root.Get("csaf_providers").Items() {
		if len(c.Providers) < maxList {
			c.Providers = append(c.Providers, cut(str(p.Path("metadata", "url"))))
		}
	}
	return c
}
