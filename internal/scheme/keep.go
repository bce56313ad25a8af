package scheme

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// Hold keeps a piece of evidence whatever its time, for a reason that has a
// name, such as an appeal or a request of an authority (legal musts C-28).
func (s *Scheme) Hold(ctx context.Context, by iotmark.Actor, on On, name string, d iotmark.Digest) (Case, error) {
	return s.keeping(ctx, by, on, iotmark.ActHold, d, func(m *moment) error {
		m.says = map[string]any{"hold": name, "digest": d}
		return m.cfg.Vault.Hold(m.ctx, m.tx, by.Person, name, on.Reason, d)
	})
}

// Unhold ends a hold.
func (s *Scheme) Unhold(ctx context.Context, by iotmark.Actor, on On, name string, d iotmark.Digest) (Case, error) {
	return s.keeping(ctx, by, on, iotmark.ActUnhold, d, func(m *moment) error {
		m.says = map[string]any{"hold": name, "digest": d}
		return m.cfg.Vault.Release(m.ctx, m.tx, name, d)
	})
}

// EraseEvidence destroys a piece of evidence that holds personal data. Its
// digest, and that it was erased, stay; so does the log.
func (s *Scheme) EraseEvidence(ctx context.Context, by iotmark.Actor, on On, d iotmark.Digest) (Case, error) {
	return s.keeping(ctx, by, on, iotmark.ActErase, d, func(m *moment) error {
		m.says = map[string]any{"digest": d}
		return m.cfg.Vault.Erase(m.ctx, m.tx, by.Person, on.Reason, d)
	})
}

func (s *Scheme) keeping(ctx context.Context, by iotmark.Actor, on On, a iotmark.Act, d iotmark.Digest, do func(*moment) error) (Case, error) {
	return s.act(ctx, by, on, a, deed{first: reasoned, then: func(m *moment) error {
		if m.cfg.Vault == nil {
			return refuse(iotmark.Unavailable, "vault-unreachable", "no evidence is kept here")
		}
		bound, err := m.cfg.Vault.Bound(m.ctx, m.tx, m.c.ID)
		if err != nil {
			return err
		}
		if _, ok := bound[d]; !ok {
			return missing("evidence-unknown", "no evidence %.12q belongs to this case", d)
		}
		return do(m)
	}})
}

// retain sets for how long the evidence of a case is kept that has ended
// without a mark. What a mark rests on is kept until after the mark's end.
func (m *moment) retain(from iotmark.CaseState) error {
	if m.cfg.Vault == nil || from == m.c.State || !m.c.Row().Final {
		return nil
	}
	switch m.c.Kind {
	case iotmark.Complaint, iotmark.Appeal, iotmark.Misuse:
		return m.keepUntil(m.c.ID, "complaint", "")
	case iotmark.Surveillance, iotmark.Directory:
		return nil
	}
	if m.c.State == "attested" || m.c.State == "admitted" || m.c.State == "adopted" {
		return nil
	}
	return m.keepUntil(m.c.ID, "refused", "")
}

// keepUntil sets the last day of the pieces of a case by a class of the
// retention table. What another case that goes on needs has no last day yet,
// and a day that was set is never an earlier one.
func (m *moment) keepUntil(id, class string, support iotmark.Date) error {
	r, ok := m.cfg.Terms.Retention[class]
	if !ok || r.Forever {
		return nil
	}
	bound, err := m.cfg.Vault.Bound(m.ctx, m.tx, id)
	if err != nil {
		return err
	}
	for _, d := range slices.Sorted(maps.Keys(bound)) {
		needed := false
		for _, other := range bound[d] {
			c, err := loadCase(m.ctx, m.tx, other)
			if err != nil {
				return err
			}
			needed = needed || !c.Row().Final || c.State == "attested" && c.Subject != m.c.Subject
		}
		if needed {
			continue
		}
		err := m.cfg.Vault.SetUntil(m.ctx, m.tx, d, r.Until(m.day, support))
		if err != nil && iotmark.KindOf(err) != iotmark.Conflict { // kept for longer already
			return err
		}
	}
	return nil
}

// untilEnd asks for what a mark's end brings: a word to the maker before it,
// and the end of keeping after it.
func (m *moment) untilEnd() error {
	k, ok, err := m.mark()
	if err != nil || !ok || k.TermsInForce == nil {
		return err
	}
	last := k.TermsInForce.ValidUntil
	b := SurveillanceBody{Cause: ByEnd, Tells: "the mark ends on " + string(last) + "; its renewal takes time"}
	if err := m.enqueue(JobLookAt, "end "+m.c.Subject, last.Time().AddDate(0, 0, -m.cfg.Terms.Renewal), follow{Mark: m.c.Subject, Body: b, After: m.c.ID}); err != nil {
		return err
	}
	return m.enqueue(JobEnd, m.c.Subject, last.Time().AddDate(0, 0, 2), m.c.Subject)
}

// end looks whether a mark has ended, by its date or by a decision, and sets
// for how long what it rests on is kept. A mark that was renewed meanwhile is
// looked at again at its new end.
func (s *Scheme) end(ctx context.Context, j job.Job) error {
	var subject string
	if err := json.Unmarshal(j.Args, &subject); err != nil {
		return err
	}
	return s.db.Do(ctx, func(tx *store.Tx) error {
		m := &moment{Scheme: s, ctx: ctx, tx: tx, by: iotmark.Program(), c: &Case{Subject: subject}, now: s.now(), day: s.today()}
		k, ok, err := m.mark()
		if err != nil || !ok || k.TermsInForce == nil {
			return err
		}
		last := k.TermsInForce.ValidUntil
		if !k.State.Ended() {
			if last >= m.day { // renewed, or withdrawn and not published yet
				return m.enqueue(JobEnd, "again "+subject, last.Time().AddDate(0, 0, 2), subject)
			}
			return nil
		}
		if s.cfg.Vault == nil {
			return nil
		}
		var ids []string
		if err := tx.Rows(ctx, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			ids = append(ids, id)
			return err
		}, "SELECT id FROM matter WHERE subject = $1 ORDER BY id", subject); err != nil {
			return err
		}
		for _, id := range ids {
			if err := m.keepUntil(id, "evidence", k.TermsInForce.Updates); err != nil {
				return err
			}
		}
		return s.cfg.Jobs.Done(ctx, tx, j)
	})
}

// prune ends the keeping of what was kept for long enough. The vault keeps
// that it was, and why it went.
func (s *Scheme) prune(ctx context.Context, _ job.Job) error {
	if s.cfg.Vault == nil {
		return nil
	}
	_, err := s.cfg.Vault.Prune(ctx, iotmark.Program().Person, s.today(), func(*store.Tx, vault.Piece) error { return nil })
	return err
}
