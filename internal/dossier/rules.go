package dossier

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// rules are what a schema cannot say. They look at the values as they stand
// and pass over what does not have its type, so that they can be told in the
// same run as the breaches of the schema.
type rules struct {
	*validator
	doc    *node
	truths map[iotmark.FactID]iotmark.Truth
	ids    map[string]map[string]*node // list -> id -> item; no entry where the list is broken
	out    []problem
}

func (r *rules) say(code iotmark.ErrorID, field string, pos position, a args) {
	if len(r.out) <= maxProblems {
		r.out = append(r.out, problem{code, field, pos, a})
	}
}

// semantic runs the rules over a document that is a block.
func semantic(v *validator, doc *node) []problem {
	if doc.kind != block {
		return nil
	}
	r := &rules{validator: v, doc: doc, ids: map[string]map[string]*node{}}
	r.edition()
	r.gtins()
	r.facts()
	r.against()
	r.support()
	r.lists()
	r.references()
	r.claims()
	return r.out
}

func (r *rules) edition() {
	n := r.doc.get("iotmark")
	if e := n.str(); e != "" && e != string(r.cat.Edition) {
		r.say("edition-unknown", "iotmark", n.pos, args{"found": quoted(e), "known": r.cat.Edition})
	}
}

func (r *rules) gtins() {
	for i, g := range r.doc.get("product").get("gtins").items() {
		s := g.str()
		if !gtinForm(s) {
			continue // the schema tells
		}
		if d := iotmark.GTINDigit(s); s[len(s)-1:] != d {
			r.say("gtin-wrong", fmt.Sprintf("product.gtins.%d", i+1), g.pos, args{"found": s, "expected": d})
		}
	}
}

func gtinForm(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return slices.Contains([]int{8, 12, 13, 14}, len(s))
}

func (r *rules) facts() {
	facts := map[iotmark.FactID]iotmark.FactValue{}
	if n := r.doc.get("facts"); n != nil && n.kind == block {
		for i, k := range n.keys {
			switch x := n.vals[i]; x.kind {
			case boolean:
				facts[iotmark.FactID(k.name)] = iotmark.FactValue{Truth: iotmark.TruthOf(x.text == "true")}
			case list:
				set := []string{}
				for _, o := range x.vals {
					set = append(set, o.str())
				}
				facts[iotmark.FactID(k.name)] = iotmark.FactValue{Set: set}
			}
		}
	}
	r.truths = r.cat.Truths(facts)
	for _, m := range r.cat.Scheme.Implies {
		if r.truths[m.If] == iotmark.True && r.truths[m.Then] == iotmark.False {
			r.say("facts-contradict", "facts", r.doc.get("facts").at(string(m.Then)), args{"found": m.Then, "other": m.If, "why": m.Because})
		}
	}
}

// against holds the lists of sensors, parts and data against the facts.
func (r *rules) against() {
	sensors := r.doc.get("sensors")
	camera := r.truths["has_camera_or_microphone"]
	var takes *node
	for _, s := range sensors.items() {
		if w := s.get("senses"); w.str() == "camera" || w.str() == "sound" {
			takes = w
			break
		}
	}
	switch {
	case takes != nil && camera == iotmark.False:
		r.say("sensor-against-facts", "sensors", takes.pos, args{"found": takes.text, "value": "false"})
	case takes == nil && camera == iotmark.True && sensors != nil && (sensors.kind == list || sensors.str() == "none"):
		found := "a list without camera and sound"
		if sensors.kind != list {
			found = "none"
		}
		r.say("sensor-against-facts", "sensors", r.doc.at("sensors"), args{"found": found, "value": "true"})
	}
	parts := r.doc.get("parts")
	for _, x := range []struct {
		part iotmark.PartName
		fact iotmark.FactID
	}{{iotmark.Cloud, "has_cloud"}, {iotmark.App, "has_app"}} {
		var there *node
		for _, p := range parts.items() {
			if w := p.get("part"); w.str() == string(x.part) {
				there = w
				break
			}
		}
		switch truth := r.truths[x.fact]; {
		case there != nil && truth == iotmark.False:
			r.say("part-against-facts", "parts", there.pos, args{"found": x.part, "fact": x.fact, "value": "false"})
		case there == nil && truth == iotmark.True && parts != nil && parts.kind == list:
			r.say("part-against-facts", "parts", r.doc.at("parts"), args{"found": "a list without " + string(x.part), "fact": x.fact, "value": "true"})
		}
	}
	if r.truths["collects_personal_data"] == iotmark.False {
		for i, d := range r.doc.get("data").items() {
			if d.kind == block && d.get("personal").bool(true) {
				name := d.get("id").str()
				if name == "" {
					name = strconv.Itoa(i + 1)
				}
				r.say("data-against-facts", "data", d.pos, args{"found": name})
			}
		}
	}
}

func (r *rules) support() {
	s := r.doc.get("support")
	until := day(s.get("updates_until"))
	if until == "" {
		return
	}
	at := s.get("updates_until").pos
	if first := day(r.doc.get("product").get("first_sale")); first != "" && until < first {
		r.say("support-before-sale", "support.updates_until", at, args{"found": until, "date": first})
	}
	for _, h := range s.get("history").items() {
		if was := day(h.get("until")); was > until {
			r.say("support-shortened", "support.updates_until", at, args{"found": until, "date": was, "set": h.get("set").str()})
		}
	}
}

// day returns the date that stands there, or "".
func day(n *node) iotmark.Date {
	d, err := iotmark.ParseDate(n.str())
	if err != nil {
		return ""
	}
	return d
}

func (r *rules) lists() {
	for _, what := range []string{"functions", "data", "recipients", "interfaces", "evidence"} {
		n := r.doc.get(what)
		if n != nil && n.kind != list && n.str() != "none" && n.str() != "unknown" {
			continue
		}
		seen := map[string]*node{}
		for i, x := range n.items() {
			id := x.get("id")
			if id.str() == "" {
				continue
			}
			if seen[id.text] != nil {
				r.say("id-twice", fmt.Sprintf("%s.%d.id", what, i+1), id.pos, args{"found": quoted(id.text)})
				continue
			}
			seen[id.text] = x
		}
		r.ids[what] = seen
	}
}

func (r *rules) ref(field string, n *node, list, what string) {
	ids, ok := r.ids[list]
	if !ok || n.str() == "" || ids[n.text] != nil {
		return
	}
	var known []string
	for _, x := range r.doc.get(list).items() {
		known = append(known, x.get("id").str())
	}
	r.say("reference-unknown", field, n.pos, args{"found": quoted(n.text), "what": what, "suggestion": r.suggest(n.text, known)})
}

func (r *rules) references() {
	for _, d := range r.doc.get("data").items() {
		for _, x := range d.get("recipients").items() {
			r.ref("data."+d.get("id").str()+".recipients", x, "recipients", "recipient")
		}
	}
	for _, p := range r.doc.get("plans").items() {
		for _, x := range p.get("functions").items() {
			r.ref("plans."+p.get("name").str()+".functions", x, "functions", "function")
		}
	}
	for _, s := range r.doc.get("software").items() {
		r.ref("software."+s.get("version").str(), s.get("sbom"), "evidence", "evidence")
	}
	for _, d := range r.doc.get("durability").items() {
		r.ref("durability", d.get("evidence"), "evidence", "evidence")
	}
}

func (r *rules) claims() {
	claims := r.doc.get("claims")
	if claims == nil || claims.kind != block {
		return
	}
	answered := map[iotmark.CriterionID]bool{}
	for i, k := range claims.keys {
		id := iotmark.CriterionID(k.name)
		answered[id] = true
		c := r.cat.Criterion(id)
		if c == nil {
			// A key without the form of an id is told by the schema.
			if r.claim.MatchString(k.name) {
				r.say("criterion-unknown", "claims", k.pos, args{"found": quoted(k.name), "edition": r.cat.Edition, "suggestion": r.criterion(k.name)})
			}
			continue
		}
		x := claims.vals[i]
		answer, evidence := x, x.items()
		if x.kind == block {
			answer, evidence = x.get("answer"), x.get("evidence").items()
		}
		field := "claims." + k.name
		fits, whole := false, len(evidence) > 0 && r.ids["evidence"] != nil
		for _, e := range evidence {
			r.ref(field, e, "evidence", "evidence")
			item := r.ids["evidence"][e.str()]
			whole = whole && item != nil
			fits = fits || slices.Contains(c.Evidence, iotmark.EvidenceKind(item.get("kind").str()))
		}
		if whole && !fits {
			var kinds []string
			for _, e := range c.Evidence {
				kinds = append(kinds, string(e))
			}
			r.say("evidence-kind", field, k.pos, args{"known": strings.Join(kinds, ", ")})
		}
		if answer.str() == string(iotmark.AnswerNotApplicable) && c.Applies(r.truths) != iotmark.False {
			r.say("not-applicable-against-facts", field, k.pos, args{"found": id, "why": r.because(id)})
		}
	}
	var open []iotmark.CriterionID
	for _, c := range r.cat.Criteria {
		if c.Entry && !answered[c.ID] && c.Applies(r.truths) != iotmark.False {
			open = append(open, c.ID)
		}
	}
	if len(open) > 0 && len(claims.keys) > 0 {
		r.say("entry-unanswered", "claims", r.doc.at("claims"), args{"n": len(open), "found": open[0]})
	}
}

// because says which facts make a criterion apply.
func (r *rules) because(id iotmark.CriterionID) string {
	names := r.cat.Criterion(id).Expression().Names()
	if len(names) == 0 || len(names) == 1 && names["always"] {
		return "it always applies"
	}
	var yes, open []string
	for n := range names {
		switch r.truths[n] {
		case iotmark.True:
			yes = append(yes, string(n)+", which is true")
		case iotmark.Unknown:
			open = append(open, string(n)+", which is unknown")
		}
	}
	if len(yes) == 0 {
		yes = open
	}
	slices.Sort(yes)
	return strings.Join(yes, ", ")
}
