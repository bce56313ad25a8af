package description

import (
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// openapi reads OpenAPI 3.0 and 3.1.
func (r *reading) openapi() {
	r.info()
	r.schemes(r.root.Path("components", "securitySchemes"))
	r.servers(r.root.Get("servers"))
	for _, p := range r.root.Get("paths").Fields() {
		r.pathItem(p, r.openOperation)
	}
	for _, p := range r.root.Get("webhooks").Fields() {
		r.pathItem(p, r.openOperation)
	}
	for _, s := range r.root.Path("components", "schemas").Fields() {
		r.schema(s, s.Key, 0)
	}
}

// schemes reads the ways to sign in.
func (r *reading) schemes(n *tree.Node) {
	for _, k := range n.Fields() {
		s := r.ref(k)
		out := Scheme{Name: cut(k.Key, maxLine), Type: text(s.Get("type")), Text: text(s.Get("description")), Line: k.LineOf()}
		out.Detail = first(text(s.Get("scheme")), text(s.Get("in")), text(s.Get("flow")))
		r.scheme(out)
	}
}

// servers reads addresses with variables (OpenAPI 3.1.1, 4.8.5 and 4.8.6).
func (r *reading) servers(n *tree.Node) {
	for _, s := range n.Items() {
		raw := s.Get("url").String()
		if !r.more() {
			return
		}
		a := address(r.fill(raw, s.Get("variables")), "")
		if strings.Contains(raw, "{") && a.Reach != Local { // the default may be one of many
			if b := address(raw, ""); b.Reach != Unknown {
				a.Reach = b.Reach
			}
		}
		a.Text, a.Line = text(s.Get("description")), s.LineOf()
		r.server(a)
	}
}

// pathItem reads the operations of one path.
func (r *reading) pathItem(p *tree.Node, each func(path string, item, op *tree.Node)) {
	item := r.ref(p)
	r.servers(item.Get("servers"))
	for _, k := range item.Fields() {
		if !r.more() {
			return
		}
		for _, m := range methods {
			if k.Key == m && k.Kind == tree.Map {
				each(cut(p.Key, maxLine), item, k)
			}
		}
	}
}

func (r *reading) openOperation(path string, item, op *tree.Node) {
	r.servers(op.Get("servers"))
	o := r.begin(path, op)
	o.Modelled = true
	for _, c := range op.Get("responses").Fields() {
		if !r.more() || len(o.Responses) > 50 {
			break
		}
		res := r.ref(c)
		if strings.HasPrefix(c.Key, "x-") {
			continue
		}
		o.Responses = append(o.Responses, cut(c.Key, 20))
		good := c.Key == "default" || c.Key[:min(len(c.Key), 1)] == "2" || c.Key[:min(len(c.Key), 1)] == "3" || c.Key[:min(len(c.Key), 1)] == "1"
		if !good {
			continue
		}
		if text(res.Get("description")) != "" || res.Get("content") != nil {
			o.Answered = true
		}
		if !r.content(res.Get("content")) && !bodiless(c.Key) && o.Action != "HEAD" && o.Action != "DELETE" {
			o.Modelled = false
		}
	}
	body := r.ref(op.Get("requestBody"))
	if body != nil && !r.content(body.Get("content")) {
		o.Modelled = false
	}
	params := len(op.Get("parameters").Items()) + len(item.Get("parameters").Items())
	for _, list := range []*tree.Node{item.Get("parameters"), op.Get("parameters")} {
		for _, p := range list.Items() {
			if !r.more() {
				break
			}
			p = r.ref(p)
			if s := p.Get("schema"); s != nil {
				r.value(p.Get("name").String(), r.ref(s), text(p.Get("description")))
			}
		}
	}
	if body == nil && params == 0 && (o.Action == "PUT" || o.Action == "PATCH") {
		o.Modelled = false // something is to be set, and nobody says how
	}
	r.operation(o)
}

// bodiless are the answers that carry nothing (RFC 9110, 15).
func bodiless(code string) bool {
	switch code {
	case "201", "202", "204", "205", "304":
		return true
	}
	return code[:min(len(code), 1)] == "1" || code[:min(len(code), 1)] == "3"
}

// content reads media types and reports whether each has a schema.
func (r *reading) content(n *tree.Node) bool {
	ok := len(n.Fields()) > 0
	for _, m := range n.Fields() {
		if !r.more() {
			break
		}
		s := m.Get("schema")
		if s == nil {
			ok = false
			continue
		}
		r.schema(s, "", 0)
	}
	return ok
}

// begin reads what OpenAPI and Swagger say alike about an operation.
func (r *reading) begin(path string, op *tree.Node) Operation {
	o := Operation{ID: text(op.Get("operationId")), Action: strings.ToUpper(op.Key), Path: path, Line: op.LineOf()}
	o.Text = first(text(op.Get("summary")), text(op.Get("description")))
	o.Described = o.Text != ""
	sec := op.Get("security")
	if sec == nil {
		sec = r.root.Get("security")
	}
	o.Access, o.Schemes = r.requirement(sec)
	return o
}

// swagger reads Swagger 2.0.
func (r *reading) swagger() {
	r.info()
	r.schemes(r.root.Get("securityDefinitions"))
	host, base := r.root.Get("host").String(), r.root.Get("basePath").String()
	schemes := r.root.Get("schemes").Items()
	line := r.root.Get("host").LineOf()
	switch {
	case host == "" && base != "":
		r.server(Server{URL: cut(base, maxLine), Reach: Unknown, Line: r.root.Get("basePath").LineOf()})
	case host != "" && len(schemes) == 0:
		a := address("x://"+host+base, "")
		a.URL, a.Scheme, a.Line = cut(host+base, maxLine), "", line
		r.server(a)
	case host != "":
		for _, s := range schemes {
			a := address(s.String()+"://"+host+base, "")
			a.Line = s.LineOf()
			r.server(a)
		}
	}
	for _, p := range r.root.Get("paths").Fields() {
		r.pathItem(p, r.swaggerOperation)
	}
	for _, s := range r.root.Get("definitions").Fields() {
		r.schema(s, s.Key, 0)
	}
}

func (r *reading) swaggerOperation(path string, item, op *tree.Node) {
	o := r.begin(path, op)
	o.Modelled = true
	for _, c := range op.Get("responses").Fields() {
		if !r.more() || len(o.Responses) > 50 {
			break
		}
		res := r.ref(c)
		if strings.HasPrefix(c.Key, "x-") {
			continue
		}
		o.Responses = append(o.Responses, cut(c.Key, 20))
		if k := c.Key[:min(len(c.Key), 1)]; k != "2" && k != "3" && c.Key != "default" {
			continue
		}
		o.Answered = o.Answered || text(res.Get("description")) != "" || res.Get("schema") != nil
		if s := res.Get("schema"); s != nil {
			r.schema(s, "", 0)
		} else if !bodiless(c.Key) && o.Action != "HEAD" && o.Action != "DELETE" {
			o.Modelled = false
		}
	}
	params := 0
	for _, list := range []*tree.Node{item.Get("parameters"), op.Get("parameters")} {
		for _, p := range list.Items() {
			if !r.more() {
				break
			}
			p = r.ref(p)
			params++
			if s := p.Get("schema"); s != nil {
				r.schema(s, "", 0)
			} else {
				r.value(p.Get("name").String(), p, text(p.Get("description")))
			}
		}
	}
	if params == 0 && (o.Action == "PUT" || o.Action == "PATCH") {
		o.Modelled = false
	}
	r.operation(o)
}
