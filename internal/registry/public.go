package registry

import (
	"context"
	"encoding/json"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// Public reads the public tables, and nothing else: what pages, programs and
// lists show. States are as of the full hour that Head tells; whether a date
// has passed since is judged by whoever shows it.
type Public struct{ db *store.DB }

// Public returns the public tables of a registry.
func (r *Registry) Public() Public { return Public{r.db} }

// Applied says what the public tables were made from.
type Applied struct {
	Size int64     // entries
	Root string    // of these, in hexadecimal digits
	AsOf time.Time // of the states of marks
}

// Head tells what the tables were made from; the zero value before the first.
func (p Public) Head(ctx context.Context) (a Applied, err error) {
	err = p.db.View(ctx, func(tx *store.Tx) error {
		var asOf string
		ok, err := tx.Row(ctx, []any{&a.Size, &a.Root, &asOf}, "SELECT applied, root, as_of FROM projection WHERE name = 'log'")
		if err == nil && ok {
			a.AsOf, err = time.Parse(time.RFC3339, asOf)
		}
		return err
	})
	return a, err
}

// MarkByCode returns the mark with a code, as it stands in the log: eight
// characters without hyphen.
func (p Public) MarkByCode(ctx context.Context, code string) (verify.Mark, bool, error) {
	if code == "" {
		return verify.Mark{}, false, nil
	}
	return one[verify.Mark](ctx, p, "SELECT body FROM mark WHERE code = $1", code)
}

// Mark returns the mark, or application for one, of a subject.
func (p Public) Mark(ctx context.Context, subject string) (verify.Mark, bool, error) {
	return one[verify.Mark](ctx, p, "SELECT body FROM mark WHERE subject = $1", subject)
}

// MarksByGTIN returns the marks that name a trade number of 14 digits, the
// latest grant first.
func (p Public) MarksByGTIN(ctx context.Context, gtin string) ([]verify.Mark, error) {
	return many[verify.Mark](ctx, p, "SELECT body FROM mark WHERE subject IN (SELECT subject FROM mark_gtin WHERE gtin = $1) ORDER BY slot DESC", gtin)
}

// MarksOf returns the marks and applications of a product, the latest grant
// first; applications last.
func (p Public) MarksOf(ctx context.Context, product string) ([]verify.Mark, error) {
	return many[verify.Mark](ctx, p, "SELECT body FROM mark WHERE product = $1 ORDER BY slot DESC, subject", product)
}

// Product returns what the log has of a product beside its marks.
func (p Public) Product(ctx context.Context, subject string) (verify.Product, bool, error) {
	return one[verify.Product](ctx, p, "SELECT body FROM product WHERE subject = $1", subject)
}

// Editions returns the editions of the criteria by name.
func (p Public) Editions(ctx context.Context) ([]verify.Adopted, error) {
	return many[verify.Adopted](ctx, p, "SELECT body FROM edition ORDER BY edition")
}

// Status returns the last status.published that has effect.
func (p Public) Status(ctx context.Context) (verify.StatusSeen, bool, error) {
	return one[verify.StatusSeen](ctx, p, "SELECT body FROM fact WHERE kind = 'status'")
}

// Event is one entry of the log.
type Event struct {
	Index     int64
	ID        string // empty where the bytes are no entry
	Type      verify.Type
	Subject   string
	Claimed   string // time, as it says
	Witnessed int64  // earliest time by outsiders of the checkpoint that first had it, Unix seconds; 0: none
	Leaf      iotmark.Digest
	Reason    iotmark.ErrorID // why it has no effect; empty: it has
	Msg       string
}

// Entries returns up to limit entries from an index on.
func (p Public) Entries(ctx context.Context, from int64, limit int) ([]Event, error) {
	return p.events(ctx, "idx >= $1 ORDER BY idx LIMIT $2", from, limit)
}

// EntriesOf returns up to limit entries of a subject from an index on, those
// without effect included.
func (p Public) EntriesOf(ctx context.Context, subject string, from int64, limit int) ([]Event, error) {
	return p.events(ctx, "subject = $1 AND idx >= $2 ORDER BY idx LIMIT $3", subject, from, limit)
}

// Voids returns up to limit entries without effect from an index on.
func (p Public) Voids(ctx context.Context, from int64, limit int) ([]Event, error) {
	return p.events(ctx, "reason > '' AND idx >= $1 ORDER BY idx LIMIT $2", from, limit)
}

func (p Public) events(ctx context.Context, where string, args ...any) (out []Event, err error) {
	err = p.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var e Event
			err := scan(&e.Index, &e.ID, (*string)(&e.Type), &e.Subject, &e.Claimed, &e.Witnessed, (*string)(&e.Leaf), (*string)(&e.Reason), &e.Msg)
			out = append(out, e)
			return err
		}, "SELECT idx, id, type, subject, claimed, witnessed, leaf, reason, msg FROM event WHERE "+where, args...)
	})
	return out, err
}

func one[T any](ctx context.Context, p Public, query string, args ...any) (v T, ok bool, err error) {
	all, err := many[T](ctx, p, query+" LIMIT 1", args...)
	if err == nil && len(all) > 0 {
		v, ok = all[0], true
	}
	return v, ok, err
}

func many[T any](ctx context.Context, p Public, query string, args ...any) (out []T, err error) {
	err = p.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var body []byte
			var v T
			if err := scan(&body); err != nil {
				return err
			}
			err := json.Unmarshal(body, &v)
			out = append(out, v)
			return err
		}, query, args...)
	})
	return out, err
}
