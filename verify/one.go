package verify

import (
	"slices"
	"strings"
	"time"
)

// Mark returns one mark, or application for one, as [Replayer.Registry] would
// have it, and whether there is one. Whoever keeps the state
// elsewhere refreshes by it what an entry is about.
func (r *Replayer) Mark(subject string, asOf time.Time) (Mark, bool) {
	if !strings.HasPrefix(subject, markURN) {
		return Mark{}, false
	}
	i, ok := r.marks.find(subject)
	if !ok {
		return Mark{}, false
	}
	return r.mark(i, asOf.Unix()), true
}

// Product returns one product as [Replayer.Registry] would have it, and
// whether it would.
func (r *Replayer) Product(subject string) (Product, bool) {
	name, ok := strings.CutPrefix(subject, productURN)
	if !ok {
		return Product{}, false
	}
	maker, id, _ := strings.Cut(name, ":")
	i, ok := r.products.find(maker, id)
	if !ok || !r.told(i) {
		return Product{}, false
	}
	return r.product(i), true
}

// told reports whether the log has more of a product than that a mark or an
// application names it.
func (r *Replayer) told(i int) bool {
	p := r.products.rows.at(i)
	return p.head != 0 || p.declaration != 0 || len(r.products.refused[i]) > 0
}

// Try says what [Replayer.Apply] would say of the next entry, and applies
// nothing: whoever is about to append an entry learns whether it would be void
// for ever.
func (r *Replayer) Try(note []byte, witnessed int64) *Void {
	a := &act{r: r, index: r.size, seen: witnessed, trial: true}
	r.size++
	defer func() { r.size-- }()
	if err := r.judge(a, note); err != nil {
		v := a.void(err)
		return &v
	}
	return nil
}

// Scheme returns the registry without products, applications, marks and
// voids: what is of the whole scheme and of its parties. Its size does not
// grow with the number of marks.
func (r *Replayer) Scheme(asOf time.Time) *Registry {
	out := &Registry{Domain: r.trust.Domain, Origin: r.origin, Size: r.size, AsOf: asOf.UTC().Truncate(time.Second), Closed: r.closed,
		Keyring: r.ring, Policy: r.policy, Late: slices.Clone(r.late), Corrections: slices.Clone(r.corrections), Anchors: slices.Clone(r.anchors)}
	for _, n := range r.rings {
		out.Keyrings = append(out.Keyrings, r.index(n))
	}
	for _, o := range r.orgs {
		out.Orgs = append(out.Orgs, *o)
	}
	for i, m := range r.makers {
		out.Makers = append(out.Makers, Party{MakerBody: r.makerBody(i), Leaf: r.records.leaf(m.last), Index: r.index(m.last)})
	}
	for _, p := range r.proposals {
		out.Proposals = append(out.Proposals, *p)
	}
	for _, e := range r.editions {
		out.Editions = append(out.Editions, *e)
	}
	if n := r.status; n != 0 {
		out.Status = &StatusSeen{StatusBody: r.statuses, Index: r.index(n), Leaf: r.records.leaf(n), Time: r.timeOf(n)}
	}
	return out
}
