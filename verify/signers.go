package verify

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// holder is a key that some entry named, or the trust.
type holder struct {
	*Key
	n     uint32 // number, in the order in which keys became known
	until int64  // the first index that it may not sign any more
	never bool   // it had ended before it became known: it never could sign here
}

// at reports whether the key may sign at an index.
func (h *holder) at(index int64) bool { return index < h.until }

// keybook has all keys that ever were named: names are unique for ever.
type keybook struct {
	list   []*holder
	byName map[string]*holder
	byKey  map[string]*holder // by the key itself; the first that has it
	people map[string][]*holder
}

// known enters a key that an entry at an index names, or a known one with the
// end that it has now.
func (b *keybook) known(index int64, k *Key) {
	until := int64(math.MaxInt64)
	if k.Until != nil {
		until = *k.Until
	}
	if h, ok := b.byName[k.Name]; ok {
		h.Key, h.until = k, until
		return
	}
	if b.byName == nil {
		b.byName, b.byKey, b.people = map[string]*holder{}, map[string]*holder{}, map[string][]*holder{}
	}
	h := &holder{Key: k, n: uint32(len(b.list)), until: until, never: until <= index}
	b.list = append(b.list, h)
	b.byName[k.Name] = h
	if b.byKey[k.KeyEntry.Key] == nil {
		b.byKey[k.KeyEntry.Key] = h
	}
	b.people[k.Person] = append(b.people[k.Person], h)
}

// behind reports whether keys of a role sign no entries of the log. What they
// sign is cut off by index, so their end may lie in the past.
func (r Role) behind() bool { return r == Issuer || r == Sealer }

// declare looks at the keys that a body names, beside those that the same
// party named before: none may be left out or be changed, and an end may not
// be taken back. It gives all of them, parsed.
//
// Errors: keyring-shrunk, key-used, until-wrong, person-twice.
func (b *keybook) declare(index int64, old, now []KeyEntry) ([]*Key, error) {
	was := map[string]KeyEntry{}
	for _, k := range old {
		was[k.Name] = k
	}
	out := make([]*Key, 0, len(now))
	for _, e := range now {
		k, err := ParseKey(e)
		if err != nil {
			return nil, err // not after Parse
		}
		before, listed := was[e.Name]
		delete(was, e.Name)
		switch {
		case listed && (before.Key != e.Key || before.Org != e.Org || before.Person != e.Person || before.Role != e.Role):
			return nil, refuse("keyring-shrunk", "the key %s is not as it was; give a changed key another name", e.Name)
		case !listed && b.byName[e.Name] != nil:
			return nil, refuse("key-used", "the name %s belongs to another key; names of keys are unique for ever", e.Name)
		case !listed && b.byKey[e.Key] != nil:
			return nil, refuse("key-used", "the key of %s is that of %s; make a new one for each use", e.Name, b.byKey[e.Key].Name)
		}
		if err := endOf(index, before, e, listed); err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		return nil, refuse("keyring-shrunk", "the key %s is left out; a key that has ended stays, with until", name)
	}
	return out, b.oneOrg(index, out)
}

func endOf(index int64, before, e KeyEntry, listed bool) error {
	switch {
	case e.Until == nil && before.Until == nil:
		return nil
	case e.Until == nil:
		return refuse("keyring-shrunk", "the end of the key %s is taken back", e.Name)
	case before.Until != nil && *before.Until == *e.Until:
		return nil
	case e.Role.behind() && *e.Until <= index && (before.Until == nil || *e.Until < *before.Until),
		!listed && *e.Until <= index, // it ended in a log before this one
		listed && *e.Until >= index && (before.Until == nil || *e.Until < *before.Until):
		return nil
	}
	return refuse("until-wrong", "the key %s ends at %d; a key ends with the entry that says so, which is %d, or later", e.Name, *e.Until, index)
}

// oneOrg holds every person to one organisation at a time, so that whoever is
// of different organisations is a different person.
func (b *keybook) oneOrg(index int64, now []*Key) error {
	orgs, named := map[string]string{}, map[string]bool{}
	for _, k := range now {
		named[k.Name] = true
	}
	see := func(k *Key) error {
		if o, ok := orgs[k.Person]; ok && o != k.Org {
			return refuse("person-twice", "the person %s has keys of %s and of %s; end those of one before", k.Person, min(o, k.Org), max(o, k.Org))
		}
		orgs[k.Person] = k.Org
		return nil
	}
	for _, k := range now {
		if k.Until != nil && *k.Until <= index {
			continue
		}
		if err := see(k); err != nil {
			return err
		}
		for _, h := range b.people[k.Person] {
			if !named[h.Name] && h.at(index) {
				if err := see(h.Key); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// verifySigs verifies every signature of a key that is known. Lines of others
// are nobody's, and stay.
func (a *act) verifySigs() error {
	for _, s := range a.Sigs {
		h := a.r.keys.byName[s.Name]
		if h == nil || !h.Made(s) {
			continue
		}
		if err := h.Verify(a.Text, s, a.r.trust.Domain); err != nil {
			return err
		}
		if !slices.Contains(a.signers, h) {
			a.signers = append(a.signers, h)
		}
	}
	return nil
}

// verifyNew verifies the signatures of keys that the entry itself brings, and
// gives those that signed.
func (a *act) verifyNew(keys []*Key) ([]*Key, error) {
	var out []*Key
	for _, k := range keys {
		for _, s := range a.Sigs {
			if a.r.keys.byName[k.Name] != nil || !k.Made(s) {
				continue
			}
			if err := k.Verify(a.Text, s, a.r.trust.Domain); err != nil {
				return nil, err
			}
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out, nil
}

// count counts those who signed by the rule in force; more are keys that the
// entry brings. fit says why a key does not count in this case, or nothing.
func (a *act) count(fit func(*holder) iotmark.ErrorID, more ...*Key) ([]*Key, error) {
	rule := RuleOf(a.Signed, &a.r.ring.KeyringBody)
	now, ended := slices.Clone(more), slices.Clone(more)
	var why iotmark.ErrorID
	for _, h := range a.signers {
		if fit != nil {
			if id := fit(h); id != "" {
				why = cmp.Or(why, id)
				continue
			}
		}
		ended = append(ended, h.Key)
		if h.at(a.index) {
			now = append(now, h.Key)
		}
	}
	counted, err := rule.Count(now)
	if err == nil {
		return counted, nil
	}
	e := err.(*iotmark.Error)
	if e.ID != "signers-missing" {
		return nil, err
	}
	people := map[string]bool{}
	for _, h := range a.signers {
		people[h.Person] = true
	}
	places := 0
	for _, n := range rule.Need {
		places += n
	}
	id := e.ID
	if _, late := rule.Count(ended); late == nil {
		id = "key-ended"
	} else if why != "" {
		id = why
	} else if apart(rule, now) {
		id = "signers-not-apart"
	} else if len(people) >= places {
		id = "role-not-valid"
	}
	return nil, refuse(id, "the %s needs %s; it has the signatures of %s", a.Type, rule, a.names())
}

// apart reports whether there are enough keys for a rule, and too few people
// or organisations behind them.
func apart(r Rule, keys []*Key) bool {
	have := map[Role]int{}
	for _, k := range keys {
		have[k.Role]++
	}
	for role, n := range r.Need {
		if have[role] < n {
			return false
		}
	}
	return true
}

// names of those who signed, for people.
func (a *act) names() string {
	var out []string
	for _, h := range a.signers {
		out = append(out, h.Name)
	}
	if len(out) > 6 {
		out = append(out[:6], "others")
	}
	return cmp.Or(strings.Join(out, ", "), "nobody who is known")
}

// all gives those of a role who signed and may sign now, counted or not.
func (a *act) all(role Role) []*holder {
	var out []*holder
	for _, h := range a.signers {
		if h.Role == role && h.at(a.index) {
			out = append(out, h)
		}
	}
	return out
}
