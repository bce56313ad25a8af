package description

import (
	"strconv"

	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

func itoa(n int) string { return strconv.Itoa(n) }

// async reads AsyncAPI 2 and 3.
func (r *reading) async() {
	r.info()
	r.schemes(r.root.Path("components", "securitySchemes"))
	access, names := Unsaid, []string(nil)
	for _, k := range r.root.Get("servers").Fields() {
		s := r.ref(k)
		raw := s.Get("url").String()
		if h := s.Get("host").String(); h != "" { // AsyncAPI 3
			raw = h + s.Get("pathname").String()
		}
		a := address(r.fill(raw, s.Get("variables")), s.Get("protocol").String())
		a.Text, a.Line = first(text(s.Get("description")), text(s.Get("summary"))), k.LineOf()
		r.server(a)
		if ac, ns := r.requirement(s.Get("security")); ac != Unsaid {
			access, names = ac, ns
		}
	}
	if r.f.Format[0] == '2' {
		r.channels2(access, names)
	} else {
		r.operations3(access, names)
	}
	for _, s := range r.root.Path("components", "schemas").Fields() {
		r.schema(s, s.Key, 0)
	}
}

// channels2 reads the channels of AsyncAPI 2: publish is what others may
// send, subscribe what they may listen to.
func (r *reading) channels2(access Access, names []string) {
	for _, k := range r.root.Get("channels").Fields() {
		ch := r.ref(k)
		for _, action := range []string{"subscribe", "publish"} {
			op := ch.Get(action)
			if op == nil {
				continue
			}
			o := r.asyncOperation(op, cut(k.Key, maxLine), action, access, names)
			if !o.Described {
				o.Text = text(ch.Get("description"))
				o.Described = o.Text != ""
			}
			msg := r.ref(op.Get("message"))
			msgs := append(msg.Get("oneOf").Items(), msg)
			for _, m := range msgs {
				if !r.more() {
					break
				}
				r.message(m, &o)
			}
			r.operation(o)
		}
	}
}

// operations3 reads the operations of AsyncAPI 3.
func (r *reading) operations3(access Access, names []string) {
	for _, k := range r.root.Get("operations").Fields() {
		op := r.ref(k)
		ch := r.ref(op.Get("channel"))
		o := r.asyncOperation(op, first(text(ch.Get("address")), cut(k.Key, maxLine)), first(text(op.Get("action")), "send"), access, names)
		o.ID, o.Line = cut(k.Key, maxLine), k.LineOf()
		if !o.Described {
			o.Text = first(text(ch.Get("summary")), text(ch.Get("description")))
			o.Described = o.Text != ""
		}
		msgs := op.Get("messages").Items()
		if msgs == nil {
			msgs = ch.Get("messages").Fields()
		}
		for _, m := range msgs {
			if !r.more() {
				break
			}
			r.message(m, &o)
		}
		r.operation(o)
	}
}

func (r *reading) asyncOperation(op *tree.Node, path, action string, access Access, names []string) Operation {
	o := Operation{ID: text(op.Get("operationId")), Action: action, Path: path, Line: op.LineOf(), Access: access, Schemes: names}
	o.Text = first(text(op.Get("summary")), text(op.Get("description")))
	o.Described = o.Text != ""
	if ac, ns := r.requirement(op.Get("security")); ac != Unsaid {
		o.Access, o.Schemes = ac, ns
	}
	return o
}

func (r *reading) message(m *tree.Node, o *Operation) {
	m = r.ref(m)
	if m == nil {
		return
	}
	payload := m.Get("payload")
	if text(m.Get("summary")) != "" || text(m.Get("description")) != "" || text(m.Get("title")) != "" || payload != nil {
		o.Answered = true
	}
	if payload != nil {
		o.Modelled = true
		if s := payload.Get("schema"); s != nil { // multi-format schema object
			payload = s
		}
		r.schema(payload, "", 0)
	}
}
