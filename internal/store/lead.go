package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"hash/fnv"
	"net/url"
	"path/filepath"

	"github.com/open-iot-mark/iotmark"
)

// Leadership says that nobody else, in any process, holds the same name. It
// ends with Release and with the process, however that ends; no clock is in
// it, so that one who was stopped for an hour still holds it.
//
// On PostgreSQL it also ends when the server gives the connection up, such as
// when the network between is cut: whoever does what only one may do asks
// Held right before. What is left is the moment between the answer and the
// deed; see docs/adr/0018.
type Leadership struct {
	conn *sql.Conn
	db   *sql.DB // SQLite: a file of its own
	end  string
	key  int64
}

// Lead takes the leadership of a name, which is a word of ours. When another
// holds it, the error has the id not-leader and the kind Conflict.
func (d *DB) Lead(ctx context.Context, name string) (*Leadership, error) {
	l, err := d.lead(ctx, name, false)
	return l, d.tell(err)
}

func (d *DB) lead(ctx context.Context, name string, wait bool) (*Leadership, error) {
	if d.engine == PostgreSQL {
		return d.leadPostgreSQL(ctx, name, wait)
	}
	return d.leadSQLite(ctx, name, wait)
}

// leadSQLite holds an exclusive lock on an empty SQLite file beside the
// database: its locks are the ones of the system, work on all systems that we
// run on, and fall with the process.
func (d *DB) leadSQLite(ctx context.Context, name string, wait bool) (*Leadership, error) {
	timeout := "0"
	if wait {
		timeout = ms(busyTimeout)
	}
	q := url.Values{"_pragma": {"busy_timeout(" + timeout + ")", "journal_mode(MEMORY)"}, "_txlock": {"exclusive"}}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(d.beside) + "." + name, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err == nil {
		if _, err = conn.ExecContext(ctx, "BEGIN EXCLUSIVE"); err == nil {
			return &Leadership{conn: conn, db: db, end: "ROLLBACK"}, nil
		}
		conn.Close()
	}
	db.Close()
	if lost(err) {
		return nil, notLeader(name)
	}
	return nil, err
}

func (d *DB) leadPostgreSQL(ctx context.Context, name string, wait bool) (*Leadership, error) {
	h := fnv.New64a()
	h.Write([]byte("iotmark/" + name))
	l := &Leadership{end: "SELECT pg_advisory_unlock($1)", key: int64(h.Sum64())}
	var err error
	if l.conn, err = d.write.Conn(ctx); err != nil {
		return nil, err
	}
	got := true
	if wait {
		_, err = l.conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", l.key)
	} else {
		err = l.conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", l.key).Scan(&got)
	}
	if err == nil && !got {
		err = notLeader(name)
	}
	if err != nil {
		l.conn.Close()
		return nil, err
	}
	return l, nil
}

func notLeader(name string) error {
	return &iotmark.Error{Kind: iotmark.Conflict, ID: "not-leader",
		Msg: "another process of this registry does the work that only one may do (" + name + "); stop it first, or leave it to it"}
}

// Held returns nil while the leadership is held for certain.
func (l *Leadership) Held(ctx context.Context) error {
	if l.db != nil { // SQLite: a lock of the system; nobody can take it away
		return nil
	}
	var n int
	err := l.conn.QueryRowContext(ctx, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted AND objsubid = 1"+
		" AND ((classid::bigint << 32) | objid::bigint) = $1", l.key).Scan(&n)
	if err == nil && n != 1 {
		err = errors.New("the server does not know of it")
	}
	if err != nil {
		return &iotmark.Error{Kind: iotmark.Conflict, ID: "not-leader",
			Msg: "the leadership of this process was lost with its connection to the database; it is taken again by itself", Err: err}
	}
	return nil
}

// Release gives the leadership up.
func (l *Leadership) Release() {
	ctx := context.Background()
	if l.db != nil {
		l.conn.ExecContext(ctx, l.end) //nolint:errcheck // closing it has the same effect
		l.conn.Close()
		l.db.Close()
		return
	}
	if _, err := l.conn.ExecContext(ctx, l.end, l.key); err != nil {
		// A connection with the lock must not go back to the pool.
		l.conn.Raw(func(any) error { return driver.ErrBadConn }) //nolint:errcheck
	}
	l.conn.Close()
}
