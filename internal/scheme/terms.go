package scheme

import (
	"crypto/rand"
	"encoding/json"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// terms are what is certified: what the evaluation says of what was applied
// for, for two years, and not beyond the end of the updates.
func (m *moment) terms(b ApplicationBody) (t verify.TermsBody, err error) {
	from := m.day
	until := iotmark.DateOf(from.Time().AddDate(2, 0, 0))
	e := b.Evaluation
	t = verify.TermsBody{
		Catalogue: e.Catalogue, Conclusions: e.Conclusions, Edition: b.Edition, Evaluation: e.Leaf, Evidence: b.Sealed.Root,
		Holder: verify.Holder{Domain: m.c.Maker}, Product: b.Product, Scope: b.Category, Topics: e.Topics, Updates: b.Updates, ValidFrom: from,
	}
	if t.Holder.Name, t.Holder.LEI, err = m.holder(); err != nil {
		return t, err
	}
	mark, ok, err := m.mark()
	if err != nil {
		return t, err
	}
	switch m.c.Kind {
	case iotmark.Application:
		var r [5]byte
		rand.Read(r[:])
		t.Code = iotmark.NewCode(r)
		if t.Slot, err = m.slot(); err != nil {
			return t, err
		}
	default:
		if !ok || mark.TermsInForce == nil {
			return t, conflict("mark-unknown", "the log has no mark %s that was granted", m.c.Subject)
		}
		t.Code, t.Slot, t.ValidFrom = mark.Code, mark.Slot, mark.TermsInForce.ValidFrom
		switch m.c.Kind {
		case iotmark.Renewal: // from the end of the years that it continues
			until = iotmark.DateOf(max(mark.TermsInForce.ValidUntil, m.day).Time().AddDate(2, 0, 0))
		case iotmark.Amendment:
			until = mark.TermsInForce.ValidUntil
		}
	}
	t.ValidUntil = min(until, b.Updates)
	return t, nil
}

// holder is the name and identifier under which the log knows the maker.
func (m *moment) holder() (name, lei string, err error) {
	var body []byte
	ok, err := m.tx.Row(m.ctx, []any{&body}, "SELECT body FROM fact WHERE kind = 'maker' AND name = $1", m.c.Maker)
	if err != nil {
		return "", "", err
	}
	if !ok {
		return "", "", conflict("maker-unpublished", "the log does not have the maker %s yet; wait until it is published", m.c.Maker)
	}
	var p verify.Party
	err = json.Unmarshal(body, &p)
	return p.Name, p.LEI, err
}

// mark is the mark that the case is about, as it was published.
func (m *moment) mark() (k verify.Mark, ok bool, err error) {
	var body []byte
	if ok, err = m.tx.Row(m.ctx, []any{&body}, "SELECT body FROM mark WHERE subject = $1", m.c.Subject); err != nil || !ok {
		return k, ok, err
	}
	return k, true, json.Unmarshal(body, &k)
}

// next is the place of the next grant in the status lists: as many as were
// published, and as are on their way.
func (m *moment) next() (n int64, err error) {
	// Slots are handed out without gaps.
	if _, err = m.tx.Row(m.ctx, []any{&n}, "SELECT COALESCE(max(slot), -1) + 1 FROM mark"); err != nil {
		return 0, err
	}
	var applied, unsent, unread int64
	if _, err = m.tx.Row(m.ctx, []any{&applied}, "SELECT applied FROM projection WHERE name = 'log'"); err != nil {
		return 0, err
	}
	const on = "SELECT count(*) FROM outbox WHERE type = 'mark.granted' AND fault = '' AND "
	if _, err = m.tx.Row(m.ctx, []any{&unsent}, on+"idx IS NULL"); err != nil {
		return 0, err
	}
	_, err = m.tx.Row(m.ctx, []any{&unread}, on+"idx >= $1", applied)
	return n + unsent + unread, err
}

// slot is the place that a grant is drafted with: the first from the next on
// that no other draft has which waits for signatures.
func (m *moment) slot() (int64, error) {
	free, err := m.next()
	if err != nil {
		return 0, err
	}
	err = m.tx.Rows(m.ctx, func(scan func(...any) error) error {
		var s int64
		err := scan(&s)
		if s == free {
			free++
		}
		return err
	}, "SELECT slot FROM draft WHERE slot >= $1 AND state = $2 ORDER BY slot", free, string(Waiting))
	return free, err
}

// turn refuses to carry a grant whose place is not the next. The place is in
// what was signed, so it cannot be given another.
func (m *moment) turn(draft string, slot int64) error {
	next, err := m.next()
	if err != nil || slot == next {
		return err
	}
	var before string
	waits, err := m.tx.Row(m.ctx, []any{&before}, "SELECT matter FROM draft WHERE slot >= $1 AND slot < $2 AND state = $3 ORDER BY slot LIMIT 1", next, slot, string(Waiting))
	if err != nil {
		return err
	}
	if waits {
		return conflict("slot-waits", "the grant of the case %s was drafted before this one and has place %d of the status lists, this one %d; sign again when that one is carried, or drop this one and draft it anew when that one is dropped", before, next, slot)
	}
	return conflict("slot-taken", "the draft %s has place %d of the status lists, and the next is %d; drop it and draft it anew", draft, slot, next)
}

func init() {
	for _, k := range []iotmark.CaseKind{iotmark.Application, iotmark.Renewal, iotmark.Amendment} {
		carried[deeds{k, "conclude"}] = concluded
	}
}

// concluded keeps the leaf of an evaluation, on which decisions rest.
func concluded(m *moment, draft string) error {
	note, err := m.reg.Note(m.ctx, m.tx, draft)
	if err != nil {
		return err
	}
	return amend(m, func(b *ApplicationBody) error { b.Evaluation.Leaf = verify.LeafOf(note); return nil })
}
