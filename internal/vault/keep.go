package vault

import (
	"context"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// SetUntil sets the last day on which a piece is kept, in the transaction of
// the act. A piece without one is kept. The day only moves to a later one: a
// piece that belongs to several cases is kept for the longest.
//
// Errors: vault-digest, vault-unknown, vault-until-earlier.
func (v *Vault) SetUntil(ctx context.Context, tx *store.Tx, d iotmark.Digest, until iotmark.Date) error {
	if _, err := iotmark.ParseDate(string(until)); err != nil {
		return invalid("vault-date", "%v", err)
	}
	r, err := load(ctx, tx, d)
	if err != nil {
		return err
	}
	if until < r.Until {
		return conflict("vault-until-earlier", "the evidence %s is kept until %s; the day can only move to a later one than that", d.Short(), r.Until)
	}
	_, err = tx.Exec(ctx, "UPDATE vault_piece SET until = $2 WHERE digest = $1", d, until)
	return err
}

// SetPersonal says that a piece holds personal data, so that it may be
// erased.
//
// Errors: vault-digest, vault-unknown.
func (v *Vault) SetPersonal(ctx context.Context, tx *store.Tx, d iotmark.Digest) error {
	if _, err := load(ctx, tx, d); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE vault_piece SET personal = $2 WHERE digest = $1", d, true)
	return err
}

// Hold keeps a piece against expiry and erasure until the hold of that name,
// such as an appeal or a request of an authority, is released. A piece may
// have several; set again, nothing changes.
//
// Errors: vault-digest, vault-text, vault-unknown.
func (v *Vault) Hold(ctx context.Context, tx *store.Tx, by, name, why string, d iotmark.Digest) error {
	if err := checkTexts("the person", by, "the name of the hold", name, "the reason of the hold", why); err != nil {
		return err
	}
	if _, err := load(ctx, tx, d); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "INSERT INTO vault_hold (digest, name, why, since, held_by) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (digest, name) DO NOTHING",
		d, name, why, stamp(v.now()), by)
	return err
}

// Release ends the hold of that name.
//
// Errors: vault-digest, vault-not-held.
func (v *Vault) Release(ctx context.Context, tx *store.Tx, name string, d iotmark.Digest) error {
	if err := checkDigest(d); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, "DELETE FROM vault_hold WHERE digest = $1 AND name = $2", d, name)
	if err == nil && n == 0 {
		err = conflict("vault-not-held", "the evidence %s has no hold of the name %.40q", d.Short(), name)
	}
	return err
}

// Erase destroys the key of a piece that holds personal data, in the
// transaction of the act: once that is committed, nobody can read the piece
// any more, neither here nor from a backup of the folder. [Vault.Sweep] takes
// the object away. Digest, size, cases and records of reading stay, and that
// it was erased, when, by whom and why.
//
// A backup of the database from before still has the key; see docs/keeping.md.
//
// Errors: vault-digest, vault-text, vault-unknown, vault-held,
// vault-not-personal, vault-erased.
func (v *Vault) Erase(ctx context.Context, tx *store.Tx, by, why string, d iotmark.Digest) error {
	if err := checkTexts("the person", by, "the reason of the erasure", why); err != nil {
		return err
	}
	r, err := load(ctx, tx, d)
	switch {
	case err != nil:
		return err
	case r.Hold:
		return conflict("vault-held", "the evidence %s must stay, because it is on hold; release the hold first", d.Short())
	case r.State == Erased:
		return erased(r.Piece)
	case !r.Personal:
		return conflict("vault-not-personal", "the evidence %s is not said to hold personal data; only such evidence is erased before its time", d.Short())
	}
	return v.end(ctx, tx, r, Erased, by, why)
}

// end destroys the key and lets the object go.
func (v *Vault) end(ctx context.Context, tx *store.Tx, r row, s State, by, why string) error {
	if r.object != "" {
		if err := loosen(ctx, tx, r.object, v.now()); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE vault_piece SET state = $2, object = '', wrapped = '', wrapped_for = '', ended = $3, ended_by = $4, ended_why = $5 WHERE digest = $1`,
		r.Digest, s, stamp(v.now()), by, why)
	return err
}

const expired = "p.state = 'held' AND p.until <> '' AND p.until < $1 AND NOT EXISTS (SELECT 1 FROM vault_hold h WHERE h.digest = p.digest)"

// Expired returns the pieces whose time of keeping is over on that day, and
// which nothing holds.
func (v *Vault) Expired(ctx context.Context, day iotmark.Date) ([]Piece, error) {
	var out []Piece
	err := v.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var r row
			dest, done := r.dest()
			err := scan(dest...)
			done()
			out = append(out, r.Piece)
			return err
		}, "SELECT "+columns+" FROM vault_piece p WHERE "+expired+" ORDER BY p.until, p.digest", day)
	})
	return out, err
}

// Prune ends the keeping of what is expired on that day, one transaction a
// piece, and returns what went. Then does more in each, such as its event.
func (v *Vault) Prune(ctx context.Context, by string, day iotmark.Date, then func(tx *store.Tx, p Piece) error) ([]Piece, error) {
	if err := checkTexts("the person", by); err != nil {
		return nil, err
	}
	if _, err := iotmark.ParseDate(string(day)); err != nil {
		return nil, invalid("vault-date", "%v", err)
	}
	over, err := v.Expired(ctx, day)
	var out []Piece
	for _, p := range over {
		gone := false
		err = v.db.Do(ctx, func(tx *store.Tx) error {
			gone = false
			r, err := load(ctx, tx, p.Digest)
			if err != nil || r.State != Held || r.Hold || r.Until == "" || r.Until >= day { // kept longer meanwhile
				return err
			}
			gone, p = true, r.Piece
			if err := v.end(ctx, tx, r, Expired, by, "kept until "+string(r.Until)); err != nil || then == nil {
				return err
			}
			return then(tx, p)
		})
		if err != nil {
			return out, err
		}
		if gone {
			out = append(out, p)
		}
	}
	if err == nil {
		_, err = v.Sweep(ctx)
	}
	return out, err
}

// Sweep takes away the objects of no piece: of what was erased or expired, and
// of what was coming in when the program or the machine went down, once the
// time for it is over. It returns how many went, and leaves nothing of
// destroyed keys in the log of SQLite.
func (v *Vault) Sweep(ctx context.Context) (int, error) {
	if err := v.present(ctx); err != nil {
		return 0, err
	}
	var out []string
	late := stamp(v.now().Add(-v.grace))
	err := v.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var o string
			err := scan(&o)
			out = append(out, o)
			return err
		}, "SELECT object FROM vault_loose WHERE leaving = $1 OR since < $2 ORDER BY object", true, late)
	})
	n := 0
	for _, o := range out {
		if err = v.discard(ctx, o); err != nil {
			break
		}
		n++
	}
	if n > 0 && err == nil {
		err = v.db.Scrub(ctx) // some of it may have been erased
	}
	return n, err
}

// Rekey wraps the keys of all pieces for the first key of the vault, when it
// was changed, and returns how many it wrapped anew. It may be stopped and run
// again. After it, and when no backup of the database needs it any more, the
// old key can be destroyed.
func (v *Vault) Rekey(ctx context.Context, progress func(done int)) (int, error) {
	n, last := 0, iotmark.Digest("")
	for {
		var batch []row
		err := v.db.View(ctx, func(tx *store.Tx) error {
			batch = nil
			return tx.Rows(ctx, func(scan func(...any) error) error {
				var r row
				err := scan(&r.Digest, &r.wrapped, &r.wrappedFor)
				batch = append(batch, r)
				return err
			}, "SELECT digest, wrapped, wrapped_for FROM vault_piece WHERE wrapped_for <> '' AND wrapped_for <> $1 AND digest > $2 ORDER BY digest LIMIT 100", v.keys[0].name, last)
		})
		if err != nil || len(batch) == 0 {
			return n, err
		}
		anew := make([]row, len(batch))
		for i, r := range batch {
			own, err := v.keys.unwrap(r.Digest, r.wrapped, r.wrappedFor)
			if err != nil {
				return n, changedKey(r.Digest, err)
			}
			anew[i].wrapped, anew[i].wrappedFor, err = v.keys.wrap(r.Digest, own)
			if err != nil {
				return n, err
			}
		}
		done := 0
		err = v.db.Do(ctx, func(tx *store.Tx) error {
			done = 0
			for i, r := range batch { // of one that was erased meanwhile nothing comes back
				k, err := tx.Exec(ctx, "UPDATE vault_piece SET wrapped = $2, wrapped_for = $3 WHERE digest = $1 AND wrapped = $4", r.Digest, anew[i].wrapped, anew[i].wrappedFor, r.wrapped)
				if err != nil {
					return err
				}
				done += int(k)
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n, last = n+done, batch[len(batch)-1].Digest
		if progress != nil {
			progress(n)
		}
	}
}

func changedKey(d iotmark.Digest, err error) error {
	if err == errWrapped {
		return changed(d, err)
	}
	return err
}
