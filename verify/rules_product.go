package verify

import (
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// products are what the log has of products beside their marks.
type products struct {
	rows    chunked[productRow]
	at      finder
	names   arena   // ids
	makers  lexicon // domains
	refused map[int][]Attempt
}

type productRow struct {
	maker        uint32 // in the lexicon of makers
	id           span
	promise      span
	head         ref // of the chain of promises
	declaration  ref
	declarations uint32
	certified    uint32 // in the lexicon: updates_until of the terms that were set last; 0: none
}

const productURN = "urn:iotmark:" + string(OfProduct) + ":"

func hashProduct(maker uint32, id []byte) uint64 {
	return hashOf(id) ^ uint64(maker)*0x9e3779b97f4a7c15
}

// find gives the number of a product of a maker.
func (ps *products) find(maker, id string) (int, bool) {
	m, ok := ps.makers.number(maker)
	if !ok {
		return 0, false
	}
	return ps.at.find(hashProduct(uint32(m), []byte(id)), func(i int) bool {
		row := ps.rows.at(i)
		return row.maker == uint32(m) && string(ps.names.get(row.id)) == id
	})
}

// of gives the product that is a subject, or nil.
func (ps *products) of(subject string) *productRow {
	maker, id, _ := strings.Cut(strings.TrimPrefix(subject, productURN), ":")
	if i, ok := ps.find(maker, id); ok {
		return ps.rows.at(i)
	}
	return nil
}

// enter gives the number of a product, which is new where nothing was said of
// it.
func (ps *products) enter(maker, id string) int {
	if i, ok := ps.find(maker, id); ok {
		return i
	}
	i := ps.rows.add(productRow{maker: uint32(ps.makers.of(maker)), id: ps.names.put([]byte(id))})
	ps.at.add(i, func(i int) uint64 { return hashProduct(ps.rows.at(i).maker, ps.names.get(ps.rows.at(i).id)) })
	return i
}

// attempt keeps that somebody tried to lower a promise.
func (ps *products) attempt(i int, a Attempt) {
	if ps.refused == nil {
		ps.refused = map[int][]Attempt{}
	}
	ps.refused[i] = append(ps.refused[i], a)
}

// name gives the maker's domain and the id of a product.
func (ps *products) name(i int) (maker, id string) {
	row := ps.rows.at(i)
	return ps.makers.text(int(row.maker)), string(ps.names.get(row.id))
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
	a.commit = func(ref) { a.r.products.rows.at(a.r.products.enter(b.Maker.Domain, b.Product.ID)).declarations++ }
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
	if i, ok := r.products.find(b.Maker, b.Product); ok {
		// What was certified counts as promised, also where no promise was there:
		// a first one does not take it back.
		var old PromiseBody
		if p := r.promise(i); p != nil {
			old = *p
		}
		old.Updates = max(old.Updates, iotmark.Date(r.lexicon.text(int(r.products.rows.at(i).certified))))
		if what := lowered(&old, b); len(what) > 0 {
			if !a.trial {
				r.products.attempt(i, Attempt{Index: a.index, Time: timeOf(a.at), What: what, Promise: *b})
			}
			return refuse("promise-lowered", "the maker promised more before: %s", strings.Join(what, ", "))
		}
	}
	a.commit = func(ref) {
		row := r.products.rows.at(r.products.enter(b.Maker, b.Product))
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
