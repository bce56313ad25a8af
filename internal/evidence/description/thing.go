package description

import (
	"net/url"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// isThing reports whether the context is that of a Thing Description (WoT TD
// 1.1, 5.3.1.1).
func (r *reading) isThing() bool {
	ctx := r.root.Get("@context")
	for _, c := range append(ctx.Items(), ctx) {
		s := c.String()
		if strings.HasPrefix(s, "https://www.w3.org/2019/wot/td") {
			r.f.Format = first(r.f.Format, "1.0")
		}
		if strings.HasPrefix(s, "https://www.w3.org/2022/wot/td") {
			r.f.Format = "1.1"
		}
	}
	return r.f.Format != ""
}

// thing reads a W3C Thing Description.
func (r *reading) thing() {
	n, f := r.root, r.f
	f.InfoLine = n.Get("title").LineOf()
	f.Title, f.Version = text(n.Get("title")), first(text(n.Path("version", "instance")), text(n.Path("version", "model")))
	f.Text = r.clip(n.Get("description").String(), maxText)
	f.Contact = text(n.Get("support"))
	for _, l := range n.Get("links").Items() {
		href := text(l.Get("href"))
		switch l.Get("rel").String() {
		case "license":
			f.Licence = Licence{URL: href, Line: l.LineOf()}
		case "terms-of-service":
			f.Terms = href
		case "describedby", "help", "service-doc":
			f.Docs = href
		}
	}
	nosec := map[string]bool{}
	for _, k := range n.Get("securityDefinitions").Fields() {
		s := Scheme{Name: cut(k.Key, maxLine), Type: text(k.Get("scheme")), Detail: text(k.Get("in")), Text: text(k.Get("description")), Line: k.LineOf()}
		nosec[s.Name] = s.Type == "nosec"
		r.scheme(s)
	}
	base := n.Get("base").String()
	if base != "" {
		a := address(base, "")
		a.Line = n.Get("base").LineOf()
		r.server(a)
	}
	access, names := r.thingAccess(n.Get("security"), nosec)
	for _, a := range []struct{ list, verb string }{{"properties", ""}, {"actions", "invokeaction"}, {"events", "subscribeevent"}} {
		for _, k := range n.Get(a.list).Fields() {
			r.affordance(k, a.verb, base, access, names, nosec)
		}
	}
}

// affordance reads one property, action or event.
func (r *reading) affordance(k *tree.Node, verb, base string, access Access, names []string, nosec map[string]bool) {
	o := Operation{Path: cut(k.Key, maxLine), Text: first(text(k.Get("title")), text(k.Get("description"))), Access: access, Schemes: names, Line: k.LineOf()}
	o.Described = o.Text != ""
	var models []*tree.Node
	switch verb {
	case "":
		models = []*tree.Node{k}
		o.Modelled = k.Get("type") != nil || k.Get("oneOf") != nil || k.Get("enum") != nil || k.Get("const") != nil
	case "invokeaction":
		models = []*tree.Node{k.Get("input"), k.Get("output")}
		o.Modelled = true // an action may take and give nothing
	default:
		models = []*tree.Node{k.Get("data")}
		o.Modelled = k.Get("data") != nil
	}
	o.Answered = o.Modelled
	for _, m := range models {
		if m != nil {
			r.schema(m, k.Key, 0)
		}
	}
	for _, form := range k.Get("forms").Items() {
		href := form.Get("href").String()
		if u, err := url.Parse(href); err == nil && u.Host != "" {
			a := address(origin(href), "")
			a.Line = form.Get("href").LineOf()
			r.server(a)
		}
		p := o
		if ac, ns := r.thingAccess(form.Get("security"), nosec); ac != Unsaid {
			p.Access, p.Schemes = ac, ns
		}
		ops := append(form.Get("op").Items(), form.Get("op"))
		said := false
		for _, op := range ops {
			if s := text(op); s != "" {
				p.Action, said = s, true
				r.operation(p)
			}
		}
		if said {
			continue
		}
		switch ro, _ := k.Get("readOnly").Bool(); {
		case verb != "":
			p.Action = verb
		case ro:
			p.Action = "readproperty"
		default:
			p.Action = "readproperty, writeproperty" // the default of TD 1.1, 5.4
		}
		r.operation(p)
	}
}

// thingAccess reads names of ways to sign in; all of them must be met.
func (r *reading) thingAccess(n *tree.Node, nosec map[string]bool) (Access, []string) {
	var names []string
	open := true
	for _, s := range append(n.Items(), n) {
		name := text(s)
		if name == "" || len(names) >= maxWays || !r.more() {
			continue
		}
		names = append(names, name)
		if !r.defined(name) {
			r.problem(SchemeUnset, name, s)
		}
		open = open && nosec[name]
	}
	switch {
	case len(names) == 0:
		return Unsaid, nil
	case open:
		return Open, nil
	}
	return Guarded, names
}
