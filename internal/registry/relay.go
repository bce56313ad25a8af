package registry

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// Log is the log as its only writer has it.
type Log interface {
	// Append adds an entry and returns its index once it is on disk for good.
	// After an error it may be in the log or not.
	Append(ctx context.Context, entry []byte) (index uint64, err error)
	// Tail gives the entries from an index to the end, those included that
	// are not published yet.
	Tail(ctx context.Context, from int64) iter.Seq2[[]byte, error]
}

// Relay carries decided entries into the log.
type Relay struct {
	r     *Registry
	log   Log
	lead  *store.Leadership
	known int64 // the log was read up to here, and what it has is marked; -1: unknown
}

// NewRelay makes a relay to a log. Close gives its leadership up.
func (r *Registry) NewRelay(log Log) *Relay { return &Relay{r: r, log: log, known: -1} }

// Close gives the leadership up, if this relay has it.
func (y *Relay) Close() { y.step(nil) }

// step takes the leadership or gives up an old one. Whoever did not have it
// all the time does not know what the log has.
func (y *Relay) step(l *store.Leadership) {
	if y.lead != nil {
		y.lead.Release()
	}
	y.lead, y.known = l, -1
}

// Once sends what is decided, in order, one entry at a time, and returns how
// many it sent. Before the first, and after every failure, it reads the log
// from where the projection ends to its end and marks what is there: an entry
// is sent only when it is known not to be in the log.
//
// Errors: not-leader when another relay is at work; log-behind when the log
// ends before what was sent to it; those of the database and of the log. Whatever it is, calling Once again goes on rightly.
func (y *Relay) Once(ctx context.Context) (sent int, err error) {
	if y.lead == nil {
		l, err := y.r.db.Lead(ctx, "relay")
		if err != nil {
			return 0, err
		}
		y.step(l)
	}
	defer func() {
		if err != nil {
			y.known = -1 // an append that failed may have happened
		}
	}()
	if y.known < 0 {
		if err := y.reconcile(ctx); err != nil {
			return 0, err
		}
	}
	for {
		notes, err := y.r.unsent(ctx)
		if err != nil || len(notes) == 0 {
			return sent, err
		}
		// A crash from here on leaves entries in the log whose rows say that
		// they are not there: reconcile finds them.
		var there []found
		for _, note := range notes {
			if err := y.lead.Held(ctx); err != nil {
				y.step(nil)
				return sent, err
			}
			// Nobody may stop waiting: an append that is still under way when the
			// log is read to its end would be sent twice.
			index, err := y.log.Append(context.WithoutCancel(ctx), note)
			if err != nil {
				return sent, err
			}
			there = append(there, found{int64(index), note})
			sent++
		}
		if err := y.r.mark(ctx, there); err != nil {
			return sent, err
		}
		y.known = there[len(there)-1].index + 1
	}
}

// Run sends whenever wake says so, and every now and then, until the context
// ends. It tells what went wrong and goes on; when another relay leads, it
// waits in case that one ends.
func (y *Relay) Run(ctx context.Context, wake <-chan struct{}, every time.Duration, tell func(error)) {
	defer y.Close()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := y.Once(ctx); err != nil && ctx.Err() == nil && ErrorID(err) != "not-leader" {
			tell(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// sentAtOnce bounds the entries that are marked in one transaction.
const sentAtOnce = 32

// unsent returns the notes of the first entries that are not in the log.
func (r *Registry) unsent(ctx context.Context) (notes [][]byte, err error) {
	err = r.db.View(ctx, func(tx *store.Tx) error {
		notes = nil
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var note []byte
			err := scan(&note)
			notes = append(notes, note)
			return err
		}, "SELECT note FROM outbox WHERE idx IS NULL ORDER BY seq LIMIT $1", sentAtOnce)
	})
	return notes, err
}

// reconcile reads the log from where the projection ends to its end. What is
// before was marked when it was projected.
func (y *Relay) reconcile(ctx context.Context) error {
	from, err := y.r.applied(ctx)
	if err != nil {
		return err
	}
	const chunk = 256
	var seen []found
	at := from
	for note, err := range y.log.Tail(ctx, from) {
		if err != nil {
			return err
		}
		seen = append(seen, found{at, note})
		at++
		if len(seen) == chunk {
			if err := y.r.mark(ctx, seen); err != nil {
				return err
			}
			seen = seen[:0]
		}
	}
	if err := y.r.mark(ctx, seen); err != nil {
		return err
	}
	var most int64
	err = y.r.db.View(ctx, func(tx *store.Tx) error {
		_, err := tx.Row(ctx, []any{&most}, "SELECT COALESCE(max(idx), -1) + 1 FROM outbox")
		return err
	})
	if err == nil && at < most {
		err = &iotmark.Error{Kind: iotmark.Conflict, ID: "log-behind",
			Msg: fmt.Sprintf("the log has %d entries, and %d were sent to it: it was put back to an earlier state. Nothing more is sent; bring back the whole log", at, most)}
	}
	if err == nil {
		y.known = at
	}
	return err
}

// found is an entry of the log.
type found struct {
	index int64
	note  []byte
}

// mark notes in the outbox that entries stand in the log.
func (r *Registry) mark(ctx context.Context, seen []found) error {
	if len(seen) == 0 {
		return nil
	}
	return r.db.Do(ctx, func(tx *store.Tx) error {
		for _, f := range seen {
			if err := r.arrived(ctx, tx, f); err != nil {
				return err
			}
		}
		return nil
	})
}

// arrived notes that an entry stands in the log: in the outbox, and in the
// record of its decision. When the database was put back to an earlier state,
// it may know the decision and not that it was signed and sent; then the log
// tells it.
func (r *Registry) arrived(ctx context.Context, tx *store.Tx, f found) error {
	leaf := string(verify.LeafOf(f.note))
	n, err := tx.Exec(ctx, "UPDATE outbox SET idx = $1 WHERE leaf = $2 AND (idx IS NULL OR idx > $1)", f.index, leaf)
	if err != nil {
		return err
	}
	if n == 0 {
		return r.adopt(ctx, tx, f, leaf)
	}
	// Where it stands twice, the first counts.
	_, err = tx.Exec(ctx, "UPDATE attestation SET step = $1, idx = $2 WHERE step IN ($1, $3) AND id IN (SELECT id FROM outbox WHERE leaf = $4)",
		string(Logged), f.index, string(SignedStep), leaf)
	return err
}

// adopt takes an entry of the log for the decision that it carries out.
func (r *Registry) adopt(ctx context.Context, tx *store.Tx, f found, leaf string) error {
	s, err := verify.Parse(r.trust.Domain, f.note)
	if err != nil {
		return nil // not ours: Decide takes only what Parse takes
	}
	var step string
	if ok, err := tx.Row(ctx, []any{&step}, "SELECT step FROM attestation WHERE id = $1 AND step IN ('recorded', 'stored', 'linted')", s.ID); err != nil || !ok {
		return err
	}
	a, err := attestation(ctx, tx, s.ID)
	if err != nil {
		return err
	}
	if differs(s.Entry, a.Entry) != "" {
		return to(ctx, tx, a.ID, a.Step, Failed, "reason = $4", "id-used")
	}
	if _, err := tx.Exec(ctx, `INSERT INTO outbox (seq, id, chain, type, leaf, note, idx)
		VALUES ((SELECT COALESCE(max(seq), 0) + 1 FROM outbox), $1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		s.ID, chainOf(&s.Entry), string(s.Type), leaf, string(f.note), f.index); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE counter SET n = (SELECT max(seq) FROM outbox) WHERE name = 'outbox'"); err != nil {
		return err
	}
	return to(ctx, tx, a.ID, a.Step, Logged, "signed_text = $4, note = $5, idx = $6", string(s.Text), string(f.note), f.index)
}

// applied is how many entries the projection has.
func (r *Registry) applied(ctx context.Context) (n int64, err error) {
	err = r.db.View(ctx, func(tx *store.Tx) error {
		_, err := tx.Row(ctx, []any{&n}, "SELECT applied FROM projection WHERE name = 'log'")
		return err
	})
	return n, err
}

// ErrorID returns the id of an expected failure, and nothing for others.
func ErrorID(err error) iotmark.ErrorID {
	if e, ok := asError(err); ok {
		return e.ID
	}
	return ""
}
