// Package job keeps what is still to be done, in the same database and the
// same transaction as the act that asks for it: an act that happened has its
// jobs, one that did not has none.
//
// What it refuses to do: decide what a job does, or undo what it did. A job
// runs at least once: whoever writes a handler makes a second run harmless,
// or ends the job in the transaction of what it did (Done).
//
// What can go wrong: the process dies in the middle of a job (another, or the
// next, begins it again as soon as it is known to be dead: no clock decides
// that), the database is locked or gone (what was done is kept in mind until
// it can be written), a job fails (it is tried again, each time later, then it
// is an alarm), a job hangs (its context ends at its time limit; one that does
// not heed it is an alarm, and is not begun a second time beside the first).
// See docs/adr/0023.
package job

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// Kind says what is to be done, such as determination or surveillance.pages:
// at most 64 small letters, digits, hyphens and dots.
type Kind string

// Job is one thing to be done, as its handler gets it.
type Job struct {
	ID      int64 // below 2^53, so that it survives every JSON
	Kind    Kind
	Key     string          // "" when it has none
	Args    json.RawMessage // what Add was given
	Attempt int             // 1 the first time
	At      time.Time       // when it was due

	worker string // who was given it
	added  int64  // how often it had been added then
	period time.Duration
}

// Handler does the jobs of a kind.
type Handler struct {
	// Do does a job. It returns when its context ends. An error is tried
	// again, unless it is an *iotmark.Error that no waiting mends: a second
	// run meets the same invalid input, the same refusal, the same state. A
	// panic is an error.
	Do func(ctx context.Context, j Job) error
	// Timeout is how long a run may take: 1 minute when it is 0.
	Timeout time.Duration
	// Tries is how often a job is begun before it is an alarm: 10 times when
	// it is 0, which with the growing pauses between takes eleven hours, so
	// that a night without network loses nothing.
	Tries int
}

// Config is what a queue needs to know.
type Config struct {
	// Handlers are those of the kinds that this queue works on; a queue
	// without can only add.
	Handlers map[Kind]Handler
	// Workers is how many jobs run at once: 4 when it is 0.
	Workers int
	// Grace is how long one is waited for who should have stopped: a handler
	// after its time limit, a worker whose connection to PostgreSQL broke.
	// 15 seconds when it is 0.
	Grace time.Duration
	// Now is the time by which jobs are due: time.Now when it is nil. How
	// long a job takes is measured by the clock of the machine.
	Now func() time.Time
	// Log gets what went wrong, and that it goes on; nil: nowhere.
	Log *slog.Logger
}

// What a job may be: its arguments are names of things, not the things.
const (
	argsMost    = 64 << 10 // bytes of JSON
	keyMost     = 200      // bytes
	reasonMost  = 1000     // bytes
	workersMost = 1000
)

var kindForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)

// Queue is the jobs of a database. It may be used by many goroutines at once,
// and the jobs by many processes.
type Queue struct {
	db      *store.DB
	cfg     Config
	kinds   []Kind // with handlers, sorted
	waiting string // SQL: a condition for jobs that wait, are due at $1, and are of kinds
	poke    chan struct{}

	mu   sync.Mutex
	last int64 // the last id that was given; guarded by mu
}

// Open returns the queue of a database.
//
// Errors: job-config.
func Open(_ context.Context, db *store.DB, cfg Config) (*Queue, error) {
	wrong := func(format string, args ...any) error {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "job-config", Msg: fmt.Sprintf(format, args...)}
	}
	if cfg.Workers == 0 {
		cfg.Workers = 4
	}
	if cfg.Workers < 0 || cfg.Workers > workersMost {
		return nil, wrong("%d workers are asked for; give 1 to %d", cfg.Workers, workersMost)
	}
	if cfg.Grace <= 0 {
		cfg.Grace = 15 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	q := &Queue{db: db, cfg: cfg, poke: make(chan struct{}, 1)}
	q.cfg.Handlers = map[Kind]Handler{}
	for k, h := range cfg.Handlers {
		if !kindForm.MatchString(string(k)) || h.Do == nil || h.Timeout < 0 || h.Tries < 0 {
			return nil, wrong("the handler of %.70q has no such name, does nothing, or has a limit below zero", k)
		}
		if h.Timeout == 0 {
			h.Timeout = time.Minute
		}
		if h.Tries == 0 {
			h.Tries = 10
		}
		q.cfg.Handlers[k] = h
		q.kinds = append(q.kinds, k)
	}
	slices.Sort(q.kinds)
	q.waiting = "state = 'waiting' AND due <= $1 AND kind IN ("
	for i, k := range q.kinds {
		if i > 0 {
			q.waiting += ", "
		}
		q.waiting += "'" + string(k) + "'" // by kindForm it has no quote in it
	}
	q.waiting += ")"
	return q, nil
}

// Option is what else can be said of a job.
type Option struct {
	// At is when it is due; now, when it is zero.
	At time.Time
	// Key makes it the only one: while a job of that kind and key is not
	// done, adding it again adds none. Then it is due at the earlier of both
	// times, with the newer arguments; one that runs already runs once more
	// afterwards, as it may have looked too early; one that had failed is
	// tried anew. At most 200 bytes.
	Key string
}

// Add adds a job in the transaction of the act that asks for it. Arguments
// are written as JSON, of 64 KiB at most.
//
// Errors: job-invalid, and those of the database as they are.
func (q *Queue) Add(ctx context.Context, tx *store.Tx, kind Kind, args any, opt Option) error {
	b, err := json.Marshal(args)
	if err != nil {
		return invalid("the arguments of a job %s are no JSON: %v", kind, err)
	}
	if opt.At.IsZero() {
		opt.At = q.cfg.Now()
	}
	return q.add(ctx, tx, kind, opt.Key, string(b), opt.At, 0)
}

func invalid(format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "job-invalid", Msg: fmt.Sprintf(format, args...)}
}

func (q *Queue) add(ctx context.Context, tx *store.Tx, kind Kind, key, args string, at time.Time, period time.Duration) error {
	switch {
	case !kindForm.MatchString(string(kind)):
		return invalid("%.70q is no kind of job: 1 to 64 small letters, digits, hyphens and dots", kind)
	case len(key) > keyMost || clean(key, keyMost) != key || key == everyKey && period == 0:
		return invalid("the key %.50q of a job %s is longer than %d bytes, no text, or the word of Every", key, kind, keyMost)
	case len(args) > argsMost:
		return invalid("a job %s has %d bytes of arguments; give names of things instead of the things, at most %d bytes", kind, len(args), argsMost)
	}
	defer q.look()
	for range 100 {
		n, err := tx.Exec(ctx, "INSERT INTO job (id, kind, key, args, state, due, period) VALUES ($1, $2, $3, $4, 'waiting', $5, $6) ON CONFLICT DO NOTHING",
			q.id(), string(kind), key, args, at.UnixMilli(), period.Milliseconds())
		if n == 1 || err != nil {
			return err
		}
		if key != "" { // a job with that key is there, or the id is taken
			n, err := tx.Exec(ctx, `UPDATE job SET added = added + 1, args = $3, period = $5,
				due = CASE WHEN state = 'waiting' AND due < $4 THEN due ELSE $4 END,
				attempt = CASE WHEN state = 'failed' THEN 0 ELSE attempt END,
				failed = CASE WHEN state = 'failed' THEN 0 ELSE failed END,
				state = CASE WHEN state = 'failed' THEN 'waiting' ELSE state END
				WHERE kind = $1 AND key = $2`, string(kind), key, args, at.UnixMilli(), period.Milliseconds())
			if n == 1 || err != nil {
				return err
			}
		}
	}
	return &iotmark.Error{Kind: iotmark.Unavailable, ID: "store-busy", Msg: "no number is free for a job; try again"}
}

// id returns a number that is larger than those before it in this process and
// likely not given by another: milliseconds since 2026, then 12 bits that
// begin by chance.
func (q *Queue) id() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	since := q.cfg.Now().Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).Milliseconds()
	q.last = max(q.last+1, max(since, 0)<<12|rand.Int64N(1<<11))
	return q.last
}

// look lets the workers of this process look soon.
func (q *Queue) look() {
	select {
	case q.poke <- struct{}{}:
	default:
	}
}

// Period is how often something is done that is never done for good.
type Period time.Duration

// The periods. They begin at the full hour, and at midnight UTC.
const (
	Hourly = Period(time.Hour)
	Daily  = Period(24 * time.Hour)
)

// everyKey is the key of a job that is done again and again, so that there is
// one of its kind.
const everyKey = "every"

// next is the beginning of the period after that of t.
func next(t time.Time, p time.Duration) time.Time { return t.Truncate(p).Add(p) }

// Every makes sure that there is one job of a kind which is done in each
// period, from now on: the row of the job is what comes again, so that it is
// there once whatever happens. Periods during which no worker ran are not made
// up for. When its tries are used up it is an alarm, and is begun anew in the
// next period all the same. Call it at each start; Drop ends it.
func (q *Queue) Every(ctx context.Context, tx *store.Tx, kind Kind, p Period) error {
	if p != Hourly && p != Daily {
		return invalid("there is no period of %s; jobs are hourly or daily", time.Duration(p))
	}
	var have int64
	if ok, err := tx.Row(ctx, []any{&have}, "SELECT period FROM job WHERE kind = $1 AND key = $2", string(kind), everyKey); err != nil || ok && have == time.Duration(p).Milliseconds() {
		return err
	}
	return q.add(ctx, tx, kind, everyKey, "null", q.cfg.Now(), time.Duration(p))
}

// Drop takes back a job that has a key, or one of Every with no key, such as
// the reminder of what was done in time. One that runs already runs to its
// end, and not again. It reports whether there was one.
func (q *Queue) Drop(ctx context.Context, tx *store.Tx, kind Kind, key string) (bool, error) {
	if key == "" {
		key = everyKey
	}
	n, err := tx.Exec(ctx, "DELETE FROM job WHERE kind = $1 AND key = $2", string(kind), key)
	return n > 0, err
}

// Done ends a job in the transaction of what it did, so that both happened or
// neither: once, and not only at least once. It fails when the job was taken
// from this worker meanwhile, as from a process that stood still; then the
// transaction must fail too. The handler returns nil afterwards.
//
// Errors: job-lost.
func (q *Queue) Done(ctx context.Context, tx *store.Tx, j Job) error {
	n, err := q.finish(ctx, tx, j)
	if err == nil && n == 0 {
		return &iotmark.Error{Kind: iotmark.Conflict, ID: "job-lost",
			Msg: fmt.Sprintf("job %d was given to another worker, as this one did not answer; nothing of this run stays", j.ID)}
	}
	return err
}

// finish ends a job that was done, and returns how many there were: none when
// it is not this worker's any more.
func (q *Queue) finish(ctx context.Context, tx *store.Tx, j Job) (int64, error) {
	if j.period > 0 {
		return tx.Exec(ctx, "UPDATE job SET state = 'waiting', worker = '', attempt = 0, failed = 0, reason = '', due = $3 WHERE id = $1 AND worker = $2",
			j.ID, j.worker, next(q.cfg.Now(), j.period).UnixMilli())
	}
	n, err := tx.Exec(ctx, "DELETE FROM job WHERE id = $1 AND worker = $2 AND added = $3", j.ID, j.worker, j.added)
	if n == 0 && err == nil { // added again while it ran
		n, err = tx.Exec(ctx, "UPDATE job SET state = 'waiting', worker = '', attempt = 0, failed = 0, reason = '' WHERE id = $1 AND worker = $2", j.ID, j.worker)
	}
	return n, err
}

// Alarm is a job that a person must look at.
type Alarm struct {
	ID      int64
	Kind    Kind
	Key     string
	Args    json.RawMessage
	Attempt int       // how often it was begun
	Since   time.Time // when it was given up, was begun, or was due
	State   string    // failed: its tries are used up; running: it does not heed its time limit, or its process stands still; waiting: it comes again (Every), or nobody works on its kind
	Reason  string    // the last error
}

// overdue is how long a job may be due before somebody is told that nobody
// works on it, and stuck how long it may run before somebody is told.
const (
	overdue = time.Hour
	stuck   = 24 * time.Hour
)

// Alarms returns what does not go on by itself, the oldest first, at most
// 1000.
func (q *Queue) Alarms(ctx context.Context) ([]Alarm, error) {
	var out []Alarm
	now := q.cfg.Now()
	err := q.db.View(ctx, func(tx *store.Tx) error {
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var a Alarm
			var args string
			var due, began, failed int64
			var worker string
			if err := scan(&a.ID, &a.Kind, &a.Key, &args, &a.Attempt, &due, &began, &failed, &a.State, &worker, &a.Reason); err != nil {
				return err
			}
			a.Args, a.Since = json.RawMessage(args), time.UnixMilli(failed).UTC()
			switch {
			case failed != 0:
			case a.State == "running":
				a.Since = time.UnixMilli(began).UTC()
				a.Reason = "it has run for more than a day; see whether the process " + worker + " stands still, and end it"
			default:
				a.Since = time.UnixMilli(due).UTC()
				a.Reason = "no worker has begun it for an hour; start one that does this kind of job"
			}
			out = append(out, a)
			return nil
		}, `SELECT id, kind, key, args, attempt, due, began, failed, state, worker, reason FROM job
			WHERE failed <> 0 OR (state = 'waiting' AND due < $1) OR (state = 'running' AND began < $2)
			ORDER BY CASE WHEN failed <> 0 THEN failed ELSE due END, id LIMIT 1000`, now.Add(-overdue).UnixMilli(), now.Add(-stuck).UnixMilli())
	})
	return out, err
}

// Retry lets a job of Alarms that has failed begin anew, with all its tries.
//
// Errors: job-unknown, job-not-failed.
func (q *Queue) Retry(ctx context.Context, tx *store.Tx, id int64) error {
	defer q.look()
	n, err := tx.Exec(ctx, "UPDATE job SET state = 'waiting', attempt = 0, failed = 0, due = $2 WHERE id = $1 AND failed <> 0 AND state <> 'running'", id, q.cfg.Now().UnixMilli())
	return q.changed(ctx, tx, id, n, err)
}

// Forget gives up a job of Alarms for good; one of Every waits for its next
// period.
//
// Errors: job-unknown, job-not-failed.
func (q *Queue) Forget(ctx context.Context, tx *store.Tx, id int64) error {
	n, err := tx.Exec(ctx, "DELETE FROM job WHERE id = $1 AND state = 'failed'", id)
	if n == 0 && err == nil {
		n, err = tx.Exec(ctx, "UPDATE job SET failed = 0, reason = '' WHERE id = $1 AND failed <> 0 AND state = 'waiting'", id)
	}
	return q.changed(ctx, tx, id, n, err)
}

func (q *Queue) changed(ctx context.Context, tx *store.Tx, id, n int64, err error) error {
	if n > 0 || err != nil {
		return err
	}
	var state string
	ok, err := tx.Row(ctx, []any{&state}, "SELECT state FROM job WHERE id = $1", id)
	if err != nil {
		return err
	}
	if !ok {
		return &iotmark.Error{Kind: iotmark.NotFound, ID: "job-unknown", Msg: fmt.Sprintf("there is no job %d; it is done, or never was", id)}
	}
	return &iotmark.Error{Kind: iotmark.Conflict, ID: "job-not-failed", Msg: fmt.Sprintf("job %d has not failed (it is %s); leave it to its worker, or end the process that it hangs in", id, state)}
}

// Count is how many jobs there are.
type Count struct {
	Waiting, Running, Failed int
	Due                      int       // of those that wait
	Oldest                   time.Time // when the first of these was due; zero when there is none
}

// Count counts the jobs of all kinds.
func (q *Queue) Count(ctx context.Context) (Count, error) {
	var c Count
	now := q.cfg.Now().UnixMilli()
	err := q.db.View(ctx, func(tx *store.Tx) error {
		c = Count{}
		var oldest int64
		if _, err := tx.Row(ctx, []any{&c.Due, &oldest}, "SELECT count(*), coalesce(min(due), 0) FROM job WHERE state = 'waiting' AND due <= $1", now); err != nil {
			return err
		}
		if c.Due > 0 {
			c.Oldest = time.UnixMilli(oldest).UTC()
		}
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var state string
			var n int
			err := scan(&state, &n)
			switch state {
			case "waiting":
				c.Waiting = n
			case "running":
				c.Running = n
			default:
				c.Failed += n
			}
			return err
		}, "SELECT state, count(*) FROM job GROUP BY state")
	})
	return c, err
}
