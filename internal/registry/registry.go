// Package registry is the public truth: what was decided goes from the
// database into the log, and what was published comes back from the log as
// tables that pages, programs and lists of states read.
//
//	Decide   one transaction: the signed entry's bytes, an outbox row, and whatever state goes with them
//	Relay    one at a time and in order: outbox -> log; reads the log to its end before it sends
//	Cycle    the life of a decision, from recorded to valid, each step kept
//	Project  published and witnessed entries -> public tables, by the rules of package verify
//	Rebuild  all of the public tables again from the log; where they differ, the log wins
//
// What it refuses to do: show what is not published under the policy, change
// what the log says, decide anything, write into a log that is not the one
// this database belongs to, or go on where the log is shorter than it was.
// What can go wrong between any two steps, and why nothing is lost or doubled
// by it, is in docs/adr/0018-sequence-first.md.
package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// Registry is the database of one scheme, bound to its log.
type Registry struct {
	db    *store.DB
	trust *verify.Trust
}

// Open binds a database to the scheme and log of a trust file, once and for
// all. One that belongs to another is refused: registry-other-log.
func Open(ctx context.Context, db *store.DB, trust *verify.Trust) (*Registry, error) {
	r := &Registry{db: db, trust: trust}
	err := db.Do(ctx, func(tx *store.Tx) error {
		for _, v := range []struct{ name, value string }{{"domain", trust.Domain}, {"log", trust.Log}} {
			if _, err := tx.Exec(ctx, "INSERT INTO identity (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", v.name, v.value); err != nil {
				return err
			}
			var have string
			if _, err := tx.Row(ctx, []any{&have}, "SELECT value FROM identity WHERE name = $1", v.name); err != nil {
				return err
			}
			if have != v.value {
				return &iotmark.Error{Kind: iotmark.Conflict, ID: "registry-other-log",
					Msg: fmt.Sprintf("the database belongs to another scheme or log: its %s is %.100q, and the trust file has %.100q; give the database of this scheme, or a new one", v.name, have, v.value)}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// chainOf names the chain of entries that an entry goes on: that of its
// subject, one for all entries of the whole scheme, and one of its own for the
// declarations of a product, which a maker links at home.
func chainOf(e *verify.Entry) string {
	if e.Type == verify.DeclarationType {
		return e.Subject + "#declarations"
	}
	return e.Subject
}

func asError(err error) (*iotmark.Error, bool) { return errors.AsType[*iotmark.Error](err) }
