package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/open-iot-mark/iotmark"
)

// Registry returns the state as it is at a time, which applies what time
// does: marks expire, suspensions that nobody confirmed lapse. The replayer
// goes on unchanged, and the registry shares nothing with it that changes.
func (r *Replayer) Registry(asOf time.Time) *Registry {
	at := asOf.Unix()
	out := r.Scheme(asOf)
	for i := range r.products.rows.n {
		if r.told(i) {
			out.Products = append(out.Products, r.product(i))
		}
	}
	for i := range r.marks.rows.n {
		if r.marks.rows.at(i).slot < 0 {
			out.Applications = append(out.Applications, r.mark(i, at))
		}
	}
	for s := range r.marks.slots.n {
		out.Marks = append(out.Marks, r.mark(int(*r.marks.slots.at(s)), at))
	}
	for _, v := range r.voids {
		out.Voids = append(out.Voids, r.whyVoid(v))
	}
	return out
}

// timeOf is the effective time of an entry.
func (r *Replayer) timeOf(n ref) time.Time { return timeOf(unixOf(r.records.at(n).at)) }

func (r *Replayer) product(i int) Product {
	row := r.products.rows.at(i)
	p := Product{Head: r.records.leaf(row.head), Declaration: r.records.leaf(row.declaration), Declarations: int(row.declarations),
		Promise: r.promise(i), Refused: slices.Clone(r.products.refused[i])}
	p.Maker, p.ID = r.products.name(i)
	p.Subject = Subject(OfProduct, p.Maker+":"+p.ID)
	return p
}

func (r *Replayer) mark(i int, at int64) Mark {
	row := r.marks.rows.at(i).passed(at)
	m := Mark{Subject: Subject(OfMark, idText(row.subject)), State: row.is(), Since: timeOf(unixOf(row.since)), Reason: string(r.arena.get(row.reason)),
		Evaluation: r.records.leaf(row.evaluation), Slot: int64(row.slot), Head: r.records.leaf(row.head), HeadIndex: r.index(row.head),
		Unconfirmed: row.flags&flagUnconfirmed != 0}
	m.Application = ApplicationBody{Body: r.lexicon.text(int(row.certifier)), Edition: r.editions[row.edition].Edition}
	m.Application.Maker, m.Application.Product = r.products.name(int(row.product))
	if row.is() == iotmark.MarkWithdrawn {
		m.By = Committee
		if row.flags&flagByMaker != 0 {
			m.By = Maker
		}
	}
	if row.round != 0 || row.terms != 0 {
		m.Evidence = digestOf(r.roundOf(&row).evidence)
	}
	if row.grant != 0 {
		m.Code, m.Grant, m.GrantIndex = unpackCode(row.code), r.records.leaf(row.grant), r.index(row.grant)
		m.Terms, m.TermsIndex, m.TermsInForce = r.records.leaf(row.set), r.index(row.set), r.terms(&row)
		m.Effective, m.Late = timeOf(unixOf(row.seen)), row.flags&flagLate != 0
	}
	if more := r.marks.beside[i]; more != nil {
		for _, c := range more.cases {
			m.Cases = append(m.Cases, r.caseOf(c))
		}
		m.Findings, m.Units = slices.Clone(more.findings), more.units
	}
	for n := row.head; n != 0; n = refOf(r.records.at(n).prev) {
		rec := r.records.at(n)
		m.Events = append(m.Events, Event{Index: r.index(n), Leaf: digestOf(rec.leaf), Time: r.timeOf(n), Type: kinds[rec.kind]})
	}
	slices.Reverse(m.Events)
	return m
}

// Hash is the SHA-256 over the registry as JSON in the form of RFC 8785. Two
// that are equal have the same.
func (r *Registry) Hash() iotmark.Digest {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(r) != nil {
		return "" // no registry that Replay gives
	}
	line, err := jcs.Transform(bytes.TrimSpace(b.Bytes()))
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(line)
	return iotmark.Digest(hex.EncodeToString(sum[:]))
}
