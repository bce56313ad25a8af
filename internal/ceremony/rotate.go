package ceremony

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Change is what the next keyring does to the one before.
type Change struct {
	Add       []verify.KeyEntry
	End       []string // names of keys that may not sign from Until on
	Until     int64    // an index of the log that the keyring will be at, or before
	Threshold int      // how many root keys must sign the next one; 0: as before
}

// Rotate returns the keyring that follows one: all keys of the old one stay in
// it, those that end with until. Errors of kind Invalid: rotate-nothing,
// rotate-unknown, rotate-ended, rotate-known, rotate-person.
func Rotate(old verify.KeyringBody, c Change) (verify.KeyringBody, error) {
	bad := func(id iotmark.ErrorID, format string, args ...any) (verify.KeyringBody, error) {
		return verify.KeyringBody{}, &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: fmt.Sprintf(format, args...)}
	}
	if len(c.Add) == 0 && len(c.End) == 0 && (c.Threshold == 0 || c.Threshold == old.Root) {
		return bad("rotate-nothing", "the next keyring would be the one that is in force; say which keys to add or to end")
	}
	next := old
	next.Keys = slices.Clone(old.Keys)
	at := func(name string) int {
		return slices.IndexFunc(next.Keys, func(k verify.KeyEntry) bool { return k.Name == name })
	}
	for _, name := range c.End {
		i := at(name)
		switch {
		case i < 0:
			return bad("rotate-unknown", "the keyring has no key %s; it has %s", name, strings.Join(entryNames(old.Keys), ", "))
		case next.Keys[i].Until != nil && *next.Keys[i].Until <= c.Until:
			return bad("rotate-ended", "the key %s ends at entry %d already", name, *next.Keys[i].Until)
		}
		until := c.Until
		next.Keys[i].Until = &until
	}
	for _, k := range c.Add {
		if i := at(k.Name); i >= 0 {
			return bad("rotate-known", "the keyring has a key %s already; names are unique for ever, so give the new one another, such as the next number", k.Name)
		}
		if i := slices.IndexFunc(next.Keys, func(o verify.KeyEntry) bool { return o.Key == k.Key }); i >= 0 {
			return bad("rotate-known", "the key of %s is that of %s; make a new one", k.Name, next.Keys[i].Name)
		}
		next.Keys = append(next.Keys, k)
	}
	orgs := map[string]string{}
	for _, k := range next.Keys {
		if o := orgs[k.Person]; k.Until == nil && o != "" && o != k.Org {
			return bad("rotate-person", "the person %s would have keys of %s and of %s; end those of one, or give the other person another pseudonym", k.Person, min(o, k.Org), max(o, k.Org))
		} else if k.Until == nil {
			orgs[k.Person] = k.Org
		}
	}
	slices.SortFunc(next.Keys, func(a, b verify.KeyEntry) int { return strings.Compare(a.Name, b.Name) })
	if c.Threshold != 0 {
		next.Root = c.Threshold
	}
	return next, nil
}

func entryNames(keys []verify.KeyEntry) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.Name)
	}
	return out
}
