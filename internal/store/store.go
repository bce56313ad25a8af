// Package store keeps rows: in one SQLite file on one machine, in PostgreSQL
// where one machine is outgrown. Both speak one SQL text: $1, text, bigint
// and boolean, ON CONFLICT, RETURNING.
//
// What it refuses to do: know what the rows mean. Queries live beside the
// type that they load, in the packages above; here are opening, migrations,
// transactions, leadership, and copies of the whole.
//
// What can go wrong, each with an id of its own: the database cannot be
// reached or opened, its folder may only be read, the disk is full, the file
// is damaged, others hold it for too long, it belongs to something else. A
// transaction that loses against another is run again by itself; all others
// are told. Nothing is half written: a crash leaves either all rows of a
// transaction or none, on the disk, and not only in a cache of the system
// (SQLite: WAL with synchronous=FULL; PostgreSQL: synchronous_commit=on).
package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"

	"github.com/open-iot-mark/iotmark"
)

// Engine names the program that keeps the rows.
type Engine string

// The engines.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgresql"
)

// DB is an open database with our tables in it. It may be used by many
// goroutines at once, and its rows by many processes.
type DB struct {
	engine Engine
	name   string  // without password, for messages
	write  *sql.DB // SQLite: one connection, so that writers of one process queue here and not at the file
	read   *sql.DB // the same as write on PostgreSQL
	beside string  // SQLite: the file that leadership locks stand beside

	// turn holds one on PostgreSQL: the transactions of Do queue here, as those
	// of SQLite at its connection. Beside each other most of them would lose,
	// and be done two or three times: serializable transactions conflict
	// already where their rows are near each other in an index, as all new rows
	// are.
	turn chan struct{}
}

// busyTimeout is how long SQLite waits for another process before it says
// busy. A transaction of ours takes milliseconds.
const busyTimeout = 5 * time.Second

// Open opens the database at an address, makes it when it is a file that does
// not exist, and brings its tables up to date. Addresses are the path of a
// file, or postgres://user@host/name with what else PostgreSQL takes.
//
// Errors: store-address, store-unreachable, store-read-only, store-full,
// store-damaged, store-busy, store-order.
func Open(ctx context.Context, address string) (*DB, error) {
	d, err := connect(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := d.migrate(ctx); err != nil {
		d.Close()
		return nil, d.tell(err)
	}
	return d, nil
}

func connect(ctx context.Context, address string) (*DB, error) {
	if address == "" || strings.ContainsRune(address, 0) {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "store-address",
			Msg: "the address of the database is empty or no text; give the path of a file, or postgres://user@host/name"}
	}
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return connectPostgreSQL(ctx, address)
	}
	if i := strings.Index(address, "://"); i > 0 {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "store-address",
			Msg: "there is no database of the kind " + address[:min(i, 20)] + "; give the path of a file, or postgres://user@host/name"}
	}
	return connectSQLite(ctx, address)
}

func connectSQLite(ctx context.Context, path string) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	d := &DB{engine: SQLite, name: path, beside: path}
	if err := prepare(path); err != nil {
		return nil, d.tell(err)
	}
	open := func(more ...string) (*sql.DB, error) {
		q := url.Values{"_pragma": append([]string{
			"busy_timeout(" + ms(busyTimeout) + ")", // first: the next one may have to wait
			"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
			"secure_delete(1)"}, more...)} // a key that was destroyed is not to be found in the file
		// A write transaction takes the lock when it begins: one that reads
		// first and writes later could not wait for it.
		q.Set("_txlock", "immediate")
		u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
		return sql.Open("sqlite", u.String())
	}
	if d.write, err = open(); err != nil {
		return nil, d.tell(err)
	}
	d.write.SetMaxOpenConns(1)
	if d.read, err = open("query_only(1)"); err != nil {
		d.Close()
		return nil, d.tell(err)
	}
	d.read.SetMaxOpenConns(8)
	if err := d.write.PingContext(ctx); err != nil { // makes the file, and turns it to WAL
		d.Close()
		return nil, d.tell(err)
	}
	return d, nil
}

// preparing is held while a file is made, so that nobody in this process has
// it open yet when it is closed again: closing any descriptor of a file gives
// up all locks of the process on it (POSIX fcntl), those of SQLite included.
var preparing sync.Mutex

// prepare makes the file when it is not there, and says what SQLite would call
// a file that cannot be opened. What is in it is not for everybody on the
// machine.
func prepare(path string) error {
	preparing.Lock()
	defer preparing.Unlock()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		return f.Close()
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	for _, name := range []string{path, filepath.Dir(path)} { // its log stands beside it
		if err := writable(name); err != nil {
			return &fs.PathError{Op: "write", Path: name, Err: err}
		}
	}
	return nil
}

func connectPostgreSQL(ctx context.Context, address string) (*DB, error) {
	u, err := url.Parse(address)
	if err != nil { // its text may hold the password
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "store-address",
			Msg: "the address of the PostgreSQL database cannot be read; give postgres://user@host/name"}
	}
	d := &DB{engine: PostgreSQL, name: u.Host + u.Path, turn: make(chan struct{}, 1)}
	if d.write, err = sql.Open("pgx", address); err != nil {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "store-address",
			Msg: "the address of the PostgreSQL database cannot be read; give postgres://user@host/name"}
	}
	d.write.SetMaxOpenConns(16)
	d.write.SetMaxIdleConns(16) // a new one costs as much as ten acts
	d.write.SetConnMaxIdleTime(time.Minute)
	d.read = d.write
	// Texts are ordered by their bytes, as in SQLite. A database with the
	// order of a language would give other pages and other copies.
	var bytewise bool
	if err := d.write.QueryRowContext(ctx, "SELECT 'B' < 'a' AND 'z' < '\u00e4' AND current_setting('server_encoding') = 'UTF8'").Scan(&bytewise); err != nil {
		d.Close()
		return nil, d.tell(err)
	}
	if !bytewise {
		d.Close()
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "store-order",
			Msg: d.name + ": the database orders texts by a language; make it with CREATE DATABASE name TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"}
	}
	return d, nil
}

// Engine returns what keeps the rows.
func (d *DB) Engine() Engine { return d.engine }

// Close lets go of the database. Transactions that are under way fail.
func (d *DB) Close() error {
	err := d.write.Close()
	if d.read != nil && d.read != d.write {
		if e := d.read.Close(); err == nil {
			err = e
		}
	}
	return err
}

// Scrub makes what was deleted or written over in SQLite unfindable now: what
// the log beside the file still has of it is written into the file and cut
// off. Where others read meanwhile it does what it can. PostgreSQL does so by
// itself in its time (VACUUM).
func (d *DB) Scrub(ctx context.Context) error {
	if d.engine != SQLite {
		return nil
	}
	var busy, log, done int64
	return d.tell(d.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &done))
}

// Tx is a transaction: all that is done in it happens, or nothing.
type Tx struct{ tx *sql.Tx }

// SQL returns the transaction of the standard library, for what takes part in
// it by that type.
func (t *Tx) SQL() *sql.Tx { return t.tx }

// Exec runs a statement and returns how many rows it wrote.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Row runs a query and stores the columns of its first row where dest points.
// It reports false when there is no row.
func (t *Tx) Row(ctx context.Context, dest []any, query string, args ...any) (bool, error) {
	switch err := t.tx.QueryRowContext(ctx, query, args...).Scan(dest...); err {
	case nil:
		return true, nil
	case sql.ErrNoRows:
		return false, nil
	default:
		return false, err
	}
}

// Rows runs a query and calls each with a function that stores the columns of
// the next row. The transaction is busy meanwhile: each must not use it.
func (t *Tx) Rows(ctx context.Context, each func(scan func(dest ...any) error) error, query string, args ...any) error {
	rows, err := t.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// attempts is how often a transaction is tried that loses against others.
const attempts = 12

// Do runs do in a transaction and commits when it returns nil. It sees the
// rows as if it were alone (SQLite: one writer; PostgreSQL: serializable, and
// those of one process one after the other: do must not call Do).
// When it loses against another, do runs again from the start, in a new
// transaction: it must have no effect outside it.
//
// Errors of the engine become store-busy, store-full, store-read-only and so
// on; errors of do are returned as they are.
func (d *DB) Do(ctx context.Context, do func(*Tx) error) error {
	return d.again(ctx, sql.LevelSerializable, do)
}

// Each is like Do, but each statement sees the rows as they are committed
// when it begins (SQLite: as in Do; PostgreSQL: read committed). It is for
// statements that say in their WHERE all that they rely on, such as those
// that hand out jobs: on PostgreSQL they then hold up no transaction of Do
// that writes other rows.
func (d *DB) Each(ctx context.Context, do func(*Tx) error) error {
	return d.again(ctx, sql.LevelReadCommitted, do)
}

// again runs do until it has not lost. SQLite has one isolation.
func (d *DB) again(ctx context.Context, isolation sql.IsolationLevel, do func(*Tx) error) error {
	opts := &sql.TxOptions{}
	if d.engine == PostgreSQL {
		opts.Isolation = isolation
	}
	if d.engine == PostgreSQL && isolation == sql.LevelSerializable {
		select {
		case d.turn <- struct{}{}:
			defer func() { <-d.turn }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	var err error
	for i := range attempts {
		if i > 0 {
			if e := pause(ctx, i); e != nil {
				return e
			}
		}
		if err = d.once(ctx, d.write, opts, do); err == nil || !lost(err) {
			break
		}
	}
	return d.tell(err)
}

// View runs look in a transaction that reads one state of the database and
// can change none. It holds nobody up.
func (d *DB) View(ctx context.Context, look func(*Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if d.engine == PostgreSQL {
		opts.Isolation = sql.LevelRepeatableRead
	}
	return d.tell(d.once(ctx, d.read, opts, look))
}

func (d *DB) once(ctx context.Context, db *sql.DB, opts *sql.TxOptions, do func(*Tx) error) (err error) {
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // do failed, or panicked: nothing of it stays
			tx.Rollback() //nolint:errcheck // what failed is told; a connection that is gone has rolled back
		}
	}()
	if err := do(&Tx{tx}); err != nil {
		return err
	}
	done = true
	return tx.Commit()
}

// pause waits a little before the attempt of that number, each time longer,
// by chance, so that those who met do not meet again.
func pause(ctx context.Context, attempt int) error {
	most := min(time.Millisecond<<attempt, 200*time.Millisecond)
	t := time.NewTimer(time.Duration(rand.Int64N(int64(most)) + 1))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
