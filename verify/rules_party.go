package verify

import (
	"slices"

	"github.com/open-iot-mark/iotmark"
)

func (r *Replayer) org(id string) (*Org, bool) {
	i := slices.IndexFunc(r.orgs, func(o *Org) bool { return o.ID == id })
	if i < 0 {
		return nil, false
	}
	return r.orgs[i], true
}

// accredited names all keys that the organisation ever had.
func (a *act) accredited() error {
	b := a.body.(*OrgBody)
	r := a.r
	o, known := r.org(b.ID)
	var old []KeyEntry
	if known {
		old = o.Keys
	}
	keys, err := r.keys.declare(a.index, old, b.Keys)
	if err != nil {
		return err
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(n ref) {
		for _, k := range keys {
			r.keys.known(a.index, k)
		}
		if !known {
			o = &Org{}
			r.orgs = append(r.orgs, o)
		}
		o.OrgBody, o.Leaf, o.Index = *b, a.Leaf, a.index
	}
	return nil
}

func (a *act) orgSuspended() error { return a.orgChanged(true) }
func (a *act) orgRestored() error  { return a.orgChanged(false) }

func (a *act) orgChanged(suspended bool) error {
	b := a.body.(*OrgChangeBody)
	o, ok := a.r.org(b.ID)
	switch {
	case !ok:
		return missing("the organisation %s was never accredited", b.ID)
	case o.Suspended == suspended:
		return notAllowed("%s does not follow here: suspended is %t", a.Type, suspended)
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(ref) { o.Suspended = suspended }
	return nil
}

// assesses says why a key may not act for an assessor in a matter of a maker,
// or nothing.
func (a *act) assesses(h *holder, scope string, maker int) iotmark.ErrorID {
	o, ok := a.r.org(h.Org)
	m := a.r.makers[maker]
	switch {
	case !ok:
		return "role-not-valid"
	case o.Suspended:
		return "org-suspended"
	case a.day() > o.Until, scope != "" && !slices.Contains(o.Scopes, "*") && !slices.Contains(o.Scopes, scope):
		return "org-not-accredited"
	case o.ID == m.domain, o.LEI != "" && o.LEI == m.lei:
		return "evaluator-is-maker"
	}
	return ""
}

// evaluates says why a key may not evaluate: beside the rest, that takes an
// organisation that is accredited as an assessor.
func (a *act) evaluates(h *holder, scope string, maker int) iotmark.ErrorID {
	if o, ok := a.r.org(h.Org); ok && o.Kind != "assessor" {
		return "org-not-accredited"
	}
	return a.assesses(h, scope, maker)
}

// makerRow is what is kept of a maker. Its keys are in the book of keys.
type makerRow struct {
	domain, lei, name string
	keys              []uint32 // numbers, by name
	last              ref
}

func (r *Replayer) maker(domain string) (int, bool) {
	i, ok := r.makerAt[domain]
	return i, ok
}

func (r *Replayer) makerBody(i int) MakerBody {
	m := r.makers[i]
	b := MakerBody{Domain: m.domain, LEI: m.lei, Name: m.name}
	for _, n := range m.keys {
		b.Keys = append(b.Keys, r.keys.list[n].KeyEntry)
	}
	return b
}

// registered names all keys that the maker ever had. Each new one signs: who
// registers a key has it. Later ones are also signed by a key of before, or,
// when all are lost, by two of the committee in its place.
func (a *act) registered() error {
	b := a.body.(*MakerBody)
	r := a.r
	i, known := r.maker(b.Domain)
	var old []KeyEntry
	if known {
		old = r.makerBody(i).Keys
	}
	keys, err := r.keys.declare(a.index, old, b.Keys)
	if err != nil {
		return err
	}
	fresh, err := a.verifyNew(keys)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if r.keys.byName[k.Name] == nil && k.Until == nil && !slices.Contains(fresh, k) {
			return refuse("signers-missing", "the new key %s has not signed", k.Name)
		}
	}
	more := fresh
	if known {
		people := map[string]bool{}
		for _, h := range a.all(Committee) {
			people[h.Person] = true
		}
		if len(people) < 2 {
			more = nil
		}
	}
	if _, err := a.count(madeBy(b.Domain), more...); err != nil {
		return err
	}
	a.commit = func(n ref) {
		for _, k := range keys {
			r.keys.known(a.index, k)
		}
		if !known {
			i = len(r.makers)
			r.makers = append(r.makers, makerRow{domain: b.Domain})
			r.makerAt[b.Domain] = i
		}
		m := &r.makers[i]
		m.lei, m.name, m.last = b.LEI, b.Name, n
		m.keys = make([]uint32, len(keys))
		for j, k := range keys {
			m.keys[j] = r.keys.byName[k.Name].n
		}
	}
	return nil
}

// madeBy lets keys of one maker count, and of no other.
func madeBy(domain string) func(*holder) iotmark.ErrorID {
	return func(h *holder) iotmark.ErrorID {
		if h.Role == Maker && h.Org != domain {
			return "role-not-valid"
		}
		return ""
	}
}
