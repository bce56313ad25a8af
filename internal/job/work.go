package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// How long is waited before the database is asked again: between these, twice
// as long each time in vain.
const (
	soonest  = 10 * time.Millisecond
	latest   = 250 * time.Millisecond
	patience = 2 * time.Second // after errors
)

var (
	errTooLong = errors.New("it took longer than its time limit")
	errDied    = errors.New("the process that ran it ended in the middle of it")
	errSeat    = errors.New("the connection to the database was lost for too long")
)

// desk hands out jobs to the workers of one process and writes down how they
// ended. But for results, its fields belong to the goroutine that works at it.
type desk struct {
	q    *Queue
	seat *seat
	// results come from the jobs that run: two of each at most, and no more
	// run than twice the workers, so that it never blocks.
	results chan result
	mine    map[int64]Job  // given to this desk, and their end is not written
	running int            // of these, those whose handlers are at work within their limit
	hung    map[int64]bool // those whose handlers do not heed it
	unsure  bool           // whether the last turn was written is not known
}

// result is how a run of a job ended.
type result struct {
	job  Job
	err  error
	cut  bool // it was told to stop, for a reason that is not its own: the run does not count
	hung bool // it has not ended, and should have
}

// Run works until ctx ends, and then returns nil: jobs that are under way are
// told to stop, and begin again when there is a worker. It returns an error
// only when it cannot begin.
//
// Errors: job-config (a queue without handlers).
func (q *Queue) Run(ctx context.Context) error {
	if err := q.works(); err != nil {
		return err
	}
	for {
		s, err := q.sit(ctx)
		if err != nil {
			q.complain("no seat for this worker yet", err)
			if !sleep(ctx, patience) {
				return nil
			}
			continue
		}
		q.desk(s).work(ctx)
		if ctx.Err() != nil {
			return nil
		}
	}
}

func (q *Queue) works() error {
	if len(q.kinds) == 0 {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "job-config", Msg: "this queue has no handlers, it can only add jobs"}
	}
	return nil
}

func (q *Queue) desk(s *seat) *desk {
	return &desk{q: q, seat: s, results: make(chan result, 4*q.cfg.Workers), mine: map[int64]Job{}, hung: map[int64]bool{}}
}

func (q *Queue) complain(msg string, err error) { q.cfg.Log.Warn("job: "+msg, "err", err) }

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// work hands out jobs until ctx ends or the seat is lost.
func (d *desk) work(ctx context.Context) {
	q := d.q
	jobs, stop := context.WithCancelCause(ctx)
	side := d.seat.keep(jobs, stop) // ends with jobs
	var settled []result
	wait := soonest
	for jobs.Err() == nil {
		settled = d.gather(jobs, settled)
		free := d.free()
		found := 0
		err := error(nil)
		if len(settled) > 0 || d.unsure || free > 0 {
			var given []Job
			if given, err = d.turn(jobs, settled, free); err == nil {
				settled, found = nil, len(given)
				for _, j := range given {
					d.start(jobs, j)
				}
			}
		}
		switch {
		case err != nil && jobs.Err() == nil:
			q.complain("the database does not take what was done; it is tried again", err)
			wait = min(max(2*wait, latest), patience)
			sleep(jobs, wait)
			continue
		case found > 0:
			wait = soonest
		}
		t := time.NewTimer(wait)
		select {
		case r := <-d.results:
			settled = append(settled, d.ended(jobs, r))
		case <-q.poke: // a job was added in this process, and is seen once that is committed
			wait = soonest
		case <-t.C:
			wait = min(2*wait, latest)
		case <-jobs.Done():
		}
		t.Stop()
	}
	stop(nil)
	d.leave(jobs, settled)
	<-side
	d.release()
}

// free is how many jobs may be begun. One that hangs makes room for another,
// for as many as there are workers.
func (d *desk) free() int {
	return d.q.cfg.Workers - d.running - max(0, len(d.hung)-d.q.cfg.Workers)
}

// gather adds what has ended by now.
func (d *desk) gather(jobs context.Context, settled []result) []result {
	for {
		select {
		case r := <-d.results:
			settled = append(settled, d.ended(jobs, r))
		default:
			return settled
		}
	}
}

func (d *desk) ended(jobs context.Context, r result) result {
	switch {
	case r.hung:
		d.running--
		d.hung[r.job.ID] = true
	case d.hung[r.job.ID]:
		delete(d.hung, r.job.ID)
	default:
		d.running--
	}
	r.cut = r.err != nil && jobs.Err() != nil
	return r
}

// leave waits for those who were told to stop and writes down what is left.
func (d *desk) leave(jobs context.Context, settled []result) {
	q := d.q
	end, cancel := context.WithTimeout(context.WithoutCancel(jobs), q.cfg.Grace)
	defer cancel()
	for d.running > 0 && end.Err() == nil {
		select {
		case r := <-d.results:
			settled = append(settled, d.ended(jobs, r))
		case <-end.Done():
		}
	}
	settled = d.gather(jobs, settled)
	if len(settled) == 0 && !d.unsure {
		return
	}
	end, cancel = context.WithTimeout(context.WithoutCancel(jobs), q.cfg.Grace)
	defer cancel()
	for {
		_, err := d.turn(end, settled, 0)
		if err == nil {
			return
		}
		if !sleep(end, latest) {
			q.complain(fmt.Sprintf("how %d jobs ended could not be written; they are begun again", len(settled)), err)
			return
		}
	}
}

// release gives up the seat, unless a handler is still at work: as long as
// this process lives, nobody may begin that job a second time.
func (d *desk) release() {
	if n := d.running + len(d.hung); n > 0 {
		d.q.cfg.Log.Error("job: handlers do not heed that they were told to stop; their jobs begin again when this process has ended", "jobs", n)
		return
	}
	d.seat.lead.Release()
}

// turn writes how jobs have ended and takes up to free others, in one
// transaction. When it fails, what of it is written is not known: the next
// one writes the same again, and gives back what it does not know that it
// took.
func (d *desk) turn(ctx context.Context, settled []result, free int) ([]Job, error) {
	q := d.q
	now := q.cfg.Now().UnixMilli()
	if len(settled) == 0 && !d.unsure { // looking holds nobody up
		var n int64
		found := false
		err := q.db.View(ctx, func(tx *store.Tx) (err error) {
			found, err = tx.Row(ctx, []any{&n}, "SELECT id FROM job WHERE "+q.waiting+" LIMIT 1", now)
			return err
		})
		if err != nil || !found {
			return nil, err
		}
	}
	var given []Job
	err := q.db.Each(ctx, func(tx *store.Tx) (err error) {
		given = nil
		rest, err := d.finish(ctx, tx, settled)
		if err != nil {
			return err
		}
		for _, r := range rest {
			if err := d.settle(ctx, tx, r); err != nil {
				return err
			}
		}
		if d.unsure {
			if err := d.giveBack(ctx, tx); err != nil {
				return err
			}
		}
		if free <= 0 {
			return nil
		}
		given, err = d.take(ctx, tx, now, free)
		return err
	})
	d.unsure = err != nil
	if err != nil {
		return nil, err
	}
	for _, r := range settled {
		if !r.hung {
			delete(d.mine, r.job.ID)
		}
	}
	slices.SortFunc(given, func(a, b Job) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	for _, j := range given {
		d.mine[j.ID] = j
	}
	return given, nil
}

// take gives up to so many jobs to this desk. The condition stands twice: of
// two who chose the same rows, the second waits for the first, and then sees
// that they are taken.
func (d *desk) take(ctx context.Context, tx *store.Tx, now int64, free int) ([]Job, error) {
	q := d.q
	if q.db.Engine() == store.PostgreSQL {
		// Before it has counted the rows of a sudden backlog, PostgreSQL
		// would sort all of them (13 ms of 10,000) to find the first few.
		if _, err := tx.Exec(ctx, "SET LOCAL enable_sort = off"); err != nil {
			return nil, err
		}
	}
	args := []any{now, d.seat.worker}
	err := tx.Rows(ctx, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		args = append(args, id)
		return err
	}, "SELECT id FROM job WHERE "+q.waiting+" ORDER BY due, id LIMIT $2", now, free)
	if err != nil || len(args) == 2 {
		return nil, err
	}
	var given []Job
	err = tx.Rows(ctx, func(scan func(...any) error) error {
		j := Job{worker: d.seat.worker}
		var args string
		var due, period int64
		if err := scan(&j.ID, &j.Kind, &j.Key, &args, &j.Attempt, &due, &j.added, &period); err != nil {
			return err
		}
		j.Args, j.At, j.period = []byte(args), time.UnixMilli(due).UTC(), time.Duration(period)*time.Millisecond
		given = append(given, j)
		return nil
	}, "UPDATE job SET state = 'running', worker = $2, began = $1, attempt = attempt + 1 WHERE id IN ("+marks(3, len(args)-2)+
		") AND state || '' = 'waiting' RETURNING id, kind, key, args, attempt, due, added, period", args...)
	return given, err
}

// marks is a list of n parameters from that number on.
func marks(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

// finish deletes what was done and asked for once, all in one statement, and
// returns what else has ended.
func (d *desk) finish(ctx context.Context, tx *store.Tx, settled []result) (rest []result, err error) {
	args := []any{d.seat.worker}
	plain := func(r result) bool { return r.err == nil && !r.hung && r.job.period == 0 && r.job.added == 1 }
	for _, r := range settled {
		if plain(r) {
			args = append(args, r.job.ID)
		}
	}
	gone := map[int64]bool{}
	if len(args) > 1 {
		err = tx.Rows(ctx, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			gone[id] = true
			return err
		}, "DELETE FROM job WHERE id IN ("+marks(2, len(args)-1)+") AND worker = $1 AND added = 1 RETURNING id", args...)
	}
	for _, r := range settled {
		if !gone[r.job.ID] {
			rest = append(rest, r)
		}
	}
	return rest, err
}

// giveBack lets go of what was given to this desk by a transaction whose end
// it did not see.
func (d *desk) giveBack(ctx context.Context, tx *store.Tx) error {
	var lost []int64
	err := tx.Rows(ctx, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		if _, ok := d.mine[id]; !ok {
			lost = append(lost, id)
		}
		return err
	}, "SELECT id FROM job WHERE state = 'running' AND worker = $1", d.seat.worker)
	for _, id := range lost {
		if err == nil {
			_, err = tx.Exec(ctx, "UPDATE job SET state = 'waiting', worker = '', attempt = attempt - 1 WHERE id = $1 AND worker = $2", id, d.seat.worker)
		}
	}
	return err
}

// settle writes how a job ended. A job that was taken from this worker stays
// as it is.
func (d *desk) settle(ctx context.Context, tx *store.Tx, r result) error {
	j, now := r.job, d.q.cfg.Now()
	var err error
	switch {
	case r.hung:
		_, err = tx.Exec(ctx, "UPDATE job SET failed = $3, reason = $4 WHERE id = $1 AND worker = $2", j.ID, j.worker, now.UnixMilli(),
			fmt.Sprintf("it still runs, %s after its time limit, and does not heed it; end the process %s", d.q.cfg.Grace, j.worker))
	case r.err == nil:
		_, err = d.q.finish(ctx, tx, j)
	case r.cut:
		_, err = tx.Exec(ctx, "UPDATE job SET state = 'waiting', worker = '', failed = 0, attempt = attempt - 1 WHERE id = $1 AND worker = $2", j.ID, j.worker)
	case !hopeless(r.err) && j.Attempt < d.q.cfg.Handlers[j.Kind].Tries:
		// One that was added again meanwhile is due when that said.
		_, err = tx.Exec(ctx, `UPDATE job SET state = 'waiting', worker = '', reason = $5,
			due = CASE WHEN added = $3 THEN $4 ELSE due END,
			attempt = CASE WHEN added = $3 THEN attempt ELSE 0 END,
			failed = CASE WHEN period = 0 THEN 0 ELSE failed END WHERE id = $1 AND worker = $2`,
			j.ID, j.worker, j.added, now.Add(Backoff(j.ID, j.Attempt)).UnixMilli(), reason(r.err))
	case j.period > 0:
		_, err = tx.Exec(ctx, "UPDATE job SET state = 'waiting', worker = '', attempt = 0, failed = $3, reason = $4, due = $5 WHERE id = $1 AND worker = $2",
			j.ID, j.worker, now.UnixMilli(), reason(r.err), next(now, j.period).UnixMilli())
	default:
		_, err = tx.Exec(ctx, `UPDATE job SET worker = '', reason = $5,
			state = CASE WHEN added = $3 THEN 'failed' ELSE 'waiting' END,
			attempt = CASE WHEN added = $3 THEN attempt ELSE 0 END,
			failed = CASE WHEN added = $3 THEN CAST($4 AS bigint) ELSE 0 END WHERE id = $1 AND worker = $2`,
			j.ID, j.worker, j.added, now.UnixMilli(), reason(r.err))
	}
	return err
}

// Backoff is the pause after a run of a job that failed, by the number of
// that run: 5 s, 15 s, 45 s, and so on to 6 hours, and up to a tenth more by
// its id, so that those who failed together do not come together.
func Backoff(id int64, attempt int) time.Duration {
	pause := 5 * time.Second
	for range min(max(attempt, 1)-1, 10) {
		pause *= 3
	}
	pause = min(pause, 6*time.Hour)
	return pause + pause/10*time.Duration(uint64(id)*0x9e3779b97f4a7c15>>56)/256
}

// hopeless reports whether a second run would meet the same: what was given
// is wrong, or the state has moved on. What time mends is tried again, and
// what nobody knows.
func hopeless(err error) bool {
	if e, ok := errors.AsType[*iotmark.Error](err); ok && e.ID == "not-leader" {
		return false // until the other one ends
	}
	switch iotmark.KindOf(err) {
	case iotmark.Internal, iotmark.Unavailable, iotmark.TooMany, iotmark.Interrupted:
		return false
	}
	return true
}

// start lets a worker do a job.
func (d *desk) start(ctx context.Context, j Job) {
	d.running++
	h := d.q.cfg.Handlers[j.Kind]
	if j.Attempt > h.Tries { // rescued after its last try
		d.results <- result{job: j, err: errDied}
		return
	}
	go func() {
		run, cancel := context.WithTimeoutCause(ctx, h.Timeout, errTooLong)
		defer cancel()
		end := make(chan error, 1)
		go func() { end <- d.q.call(run, h, j) }()
		t := time.NewTimer(h.Timeout + d.q.cfg.Grace)
		defer t.Stop()
		select {
		case err := <-end:
			d.results <- result{job: j, err: err}
		case <-t.C:
			d.results <- result{job: j, hung: true}
			d.results <- result{job: j, err: <-end}
		}
	}()
}

// call does a job; whatever its handler does is an error at worst.
func (q *Queue) call(ctx context.Context, h Handler, j Job) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		p := recover() // nil after runtime.Goexit, which cannot be stopped
		q.cfg.Log.Error("job: a handler panicked", "kind", j.Kind, "id", j.ID, "panic", p, "stack", string(debug.Stack()))
		err = fmt.Errorf("panic: %v", p)
	}()
	err = h.Do(ctx, j)
	returned = true
	if err != nil && context.Cause(ctx) == errTooLong {
		err = fmt.Errorf("%w of %s: %w", errTooLong, h.Timeout, err)
	}
	return err
}

// reason is an error as text that both engines take and a list can show.
func reason(err error) string { return clean(err.Error(), reasonMost) }

func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// Drain works on all that is due now, one after the other in the order in
// which it is due, and on what these add that is due, until nothing is left
// that this queue has handlers for; it returns how many it began. It never
// waits for time to pass: with Config.Now a test moves from day to day. What
// fails waits for its next try, and is no error of Drain.
//
// Errors: job-config, job-seats, those of the database, and that of ctx.
func (q *Queue) Drain(ctx context.Context) (int, error) {
	if err := q.works(); err != nil {
		return 0, err
	}
	s, err := q.sit(ctx)
	if err != nil {
		return 0, err
	}
	d := q.desk(s)
	defer d.release()
	if err := s.rescue(ctx); err != nil {
		return 0, err
	}
	n := 0
	var settled []result
	for ctx.Err() == nil {
		given, err := d.turn(ctx, settled, 1)
		if err != nil {
			d.leave(ctx, settled)
			return n, err
		}
		settled = nil
		if len(given) == 0 {
			return n, nil
		}
		n++
		d.start(ctx, given[0])
		settled = d.gather(ctx, append(settled, d.ended(ctx, <-d.results)))
	}
	d.leave(ctx, settled)
	return n, ctx.Err()
}
