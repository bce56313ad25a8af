package registry

import (
	"context"
	"fmt"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// Queued is a decided entry: a row of the outbox.
type Queued struct {
	Seq   int64 // order of decisions
	ID    string
	Leaf  iotmark.Digest
	Index int64           // in the log; -1 while it is on its way
	Fault iotmark.ErrorID // why it has no effect there, once it was published
}

// Decide puts a signed entry on its way into the log, in the transaction of
// whatever state goes with the decision: both happen, or neither. Nothing of
// it is public yet.
//
// The same entry again gives the same row and changes nothing, so that a
// caller who does not know whether he succeeded does it again. Another entry
// under the same id is refused (id-used), and so is one that does not follow
// the last of its chain, decided or published (prev-wrong): somebody else has
// decided meanwhile. Errors of [verify.Parse] are returned as they are.
func (r *Registry) Decide(ctx context.Context, tx *store.Tx, note []byte) (Queued, error) {
	s, err := verify.Parse(r.trust.Domain, note)
	if err != nil {
		return Queued{}, err
	}
	if q, ok, err := r.queued(ctx, tx, s.ID); err != nil {
		return q, err
	} else if ok {
		if q.Leaf != s.Leaf {
			return Queued{}, conflict("id-used", "the entry %s was decided before with other words or other signatures; make a new id", s.ID)
		}
		return q, nil
	}
	chain := chainOf(&s.Entry)
	head, err := r.head(ctx, tx, chain)
	if err != nil {
		return Queued{}, err
	}
	if s.Prev != head {
		return Queued{}, conflict("prev-wrong", "the entry %s follows %s, and the last of its subject is %s; somebody decided meanwhile, look again and sign anew",
			s.ID, orNone(s.Prev), orNone(head))
	}
	q := Queued{ID: s.ID, Leaf: s.Leaf, Index: -1}
	// Numbers without gaps in the order of commits: whoever has taken one
	// holds up the next until he commits, and gives it back when he fails.
	if _, err := tx.Row(ctx, []any{&q.Seq}, "UPDATE counter SET n = n + 1 WHERE name = 'outbox' RETURNING n"); err != nil {
		return Queued{}, err
	}
	_, err = tx.Exec(ctx, "INSERT INTO outbox (seq, id, chain, type, leaf, note) VALUES ($1, $2, $3, $4, $5, $6)",
		q.Seq, q.ID, chain, string(s.Type), string(q.Leaf), string(note))
	return q, err
}

// Queued looks up an entry that was decided by its id.
func (r *Registry) Queued(ctx context.Context, id string) (q Queued, ok bool, err error) {
	err = r.db.View(ctx, func(tx *store.Tx) error {
		q, ok, err = r.queued(ctx, tx, id)
		return err
	})
	return q, ok, err
}

func (r *Registry) queued(ctx context.Context, tx *store.Tx, id string) (Queued, bool, error) {
	q := Queued{ID: id}
	ok, err := tx.Row(ctx, []any{&q.Seq, (*string)(&q.Leaf), &q.Index, (*string)(&q.Fault)},
		"SELECT seq, leaf, COALESCE(idx, -1), fault FROM outbox WHERE id = $1", id)
	return q, ok, err
}

// Head returns the leaf that the next entry of a chain must name as prev: of
// the last entry that is on its way, else of the last that has effect in the
// published log; empty when there is none. The subject is empty for
// entries of the whole scheme.
func (r *Registry) Head(ctx context.Context, tx *store.Tx, t verify.Type, subject string) (iotmark.Digest, error) {
	return r.head(ctx, tx, chainOf(&verify.Entry{Type: t, Subject: subject}))
}

func (r *Registry) head(ctx context.Context, tx *store.Tx, chain string) (iotmark.Digest, error) {
	var leaf string
	// What the projection has not seen yet stands after all that it has seen.
	ok, err := tx.Row(ctx, []any{&leaf}, `SELECT leaf FROM outbox WHERE chain = $1 AND fault = ''
		AND (idx IS NULL OR idx >= COALESCE((SELECT applied FROM projection WHERE name = 'log'), 0))
		ORDER BY seq DESC LIMIT 1`, chain)
	if err == nil && !ok {
		_, err = tx.Row(ctx, []any{&leaf}, "SELECT leaf FROM chain WHERE chain = $1", chain)
	}
	return iotmark.Digest(leaf), err
}

func orNone(d iotmark.Digest) string {
	if d == "" {
		return "nothing"
	}
	return d.Short()
}

func conflict(id iotmark.ErrorID, format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Conflict, ID: id, Msg: fmt.Sprintf(format, args...)}
}
