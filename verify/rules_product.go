package verify

import (
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// products are what the log has of products beside their marks.
type products struct {
	rows    chunked[productRow]
	at      finder
	names   arena // maker's domain, colon, id
	refused map[int][]Attempt
}

type productRow struct {
	name         span
	promise      span
	head         ref // of the chain of promises
	declaration  ref
	declarations uint32
}

const productURN = "urn:iotmark:" + string(OfProduct) + ":"

// find gives the number of a product by maker's domain, colon, id.
func (ps *products) find(name string) (int, bool) {
	return ps.at.find(hashText(name), func(i int) bool { return string(ps.names.get(ps.rows.at(i).name)) == name })
}

// of gives the product that is a subject, or nil.
func (ps *products) of(subject string) *productRow {
	if i, ok := ps.find(strings.TrimPrefix(subject, productURN)); ok {
		return ps.rows.at(i)
	}
	return nil
}

// enter gives the number of a product, which is new where nothing was said of
// it.
func (ps *products) enter(name string) int {
	if i, ok := ps.find(name); ok {
		return i
	}
	i := ps.rows.add(productRow{name: ps.names.put([]byte(name))})
	ps.at.add(i, func(i int) uint64 { return hashOf(ps.names.get(ps.rows.at(i).name)) })
	return i
}

// name gives the maker's domain and the id of a product.
func (ps *products) name(i int) (maker, id string) {
	maker, id, _ = strings.Cut(string(ps.names.get(ps.rows.at(i).name)), ":")
	return maker, id
}

// declared notes that a maker published a declaration. Its content is not for
// the log to judge.
func (a *act) declared() error {
	b := a.body.(*DeclarationBody)
	if _, ok := a.r.maker(b.Maker.Domain); !ok {
		return missing("the maker %s is not registered", b.Maker.Domain)
	}
	if _, err := a.count(madeBy(b.Maker.Domain)); err != nil {
		return err
	}
	a.commit = func(ref) { a.r.products.rows.at(a.r.products.enter(b.Maker.Domain+":"+b.Product.ID)).declarations++ }
	return nil
}

// promised sets the dated promises of a maker about a product. They bind: an
// attempt to lower one is void, and stays in sight.
func (a *act) promised() error {
	b := a.body.(*PromiseBody)
	r := a.r
	if _, ok := r.maker(b.Maker); !ok {
		return missing("the maker %s is not registered", b.Maker)
	}
	if _, err := a.count(madeBy(b.Maker)); err != nil {
		return err
	}
	name := b.Maker + ":" + b.Product
	if i, ok := r.products.find(name); ok {
		if old := r.promise(i); old != nil {
			if what := lowered(old, b); len(what) > 0 {
				if r.products.refused == nil {
					r.products.refused = map[int][]Attempt{}
				}
				r.products.refused[i] = append(r.products.refused[i], Attempt{Index: a.index, Time: timeOf(a.at), What: what, Promise: *b})
				return refuse("promise-lowered", "the maker promised more before: %s", strings.Join(what, ", "))
			}
		}
	}
	a.commit = func(ref) {
		row := r.products.rows.at(r.products.enter(name))
		packed := r.packPromise(b)
		r.arena.drop(row.promise)
		row.promise = r.arena.put(packed)
	}
	return nil
}

// promisedUpdates is the day to which the maker promised updates of a product,
// or empty.
func (r *Replayer) promisedUpdates(product int) iotmark.Date {
	if b := r.promise(product); b != nil {
		return b.Updates
	}
	return ""
}
