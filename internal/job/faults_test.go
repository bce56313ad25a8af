package job_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// locked is how long another program holds the database: longer than SQLite
// waits by itself (5 s).
const locked = 6 * time.Second

// What a job did while the database was locked is written when it is free; the
// job does not run again.
func TestLocked(t *testing.T) {
	t.Parallel()
	address := filepath.Join(t.TempDir(), "a.db")
	b := &bench{t: t, db: storetest.Open(t, address), clock: &clock{t: time.Date(2027, 3, 1, 12, 30, 0, 0, time.UTC)}}
	b.q = b.open(job.Config{})
	began, goOn := make(chan struct{}), make(chan struct{})
	b.do = func(context.Context, job.Job) error {
		close(began)
		<-goOn
		return nil
	}
	b.add("look", 1, job.Option{})
	run(t, b.q)
	<-began
	other, err := sql.Open("sqlite", "file:"+address+"?_txlock=immediate")
	must(t, err)
	defer other.Close()
	tx, err := other.Begin()
	must(t, err)
	close(goOn)
	select {
	case <-time.After(locked):
	case <-t.Context().Done():
	}
	if c := b.count(); c.Running != 1 {
		t.Errorf("the end of the job was written while others held the database: %v", c)
	}
	must(t, tx.Rollback())
	eventually(t, "the job has ended", b.none)
	if diff := cmp.Diff([]string{"look 1 1"}, b.took()); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
}

// The server of the database ends in the middle of the work, and is started
// again: no act without its job, and all are done.
func TestServerStops(t *testing.T) {
	t.Parallel()
	server, address := pgtest.Own(t)
	ctx := t.Context()
	db := storetest.Open(t, address)
	var mu sync.Mutex
	done := map[string]int{}
	two := map[string]int{}
	h := job.Handler{Do: func(ctx context.Context, j job.Job) error {
		mu.Lock()
		two[string(j.Args)]++
		if two[string(j.Args)] > 1 {
			t.Errorf("job %s runs twice at once", j.Args)
		}
		mu.Unlock()
		err := db.View(ctx, func(tx *store.Tx) error { // as most do: needs the database
			var n int
			_, err := tx.Row(ctx, []any{&n}, "SELECT 1")
			return err
		})
		mu.Lock()
		defer mu.Unlock()
		two[string(j.Args)]--
		if err == nil {
			done[string(j.Args)]++
		}
		return err
	}}
	// Time goes fast, so that what failed is due soon.
	begin := time.Now()
	fast := func() time.Time { return begin.Add(100 * time.Since(begin)) }
	open := func() *job.Queue {
		q, err := job.Open(ctx, db, job.Config{Now: fast, Grace: 4 * time.Second, Handlers: map[job.Kind]job.Handler{"look": h}})
		must(t, err)
		return q
	}
	q := open()
	run(t, q)
	run(t, open())
	var told atomic.Int64
	n := 0
	acting, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for ; acting.Err() == nil; n++ {
			err := db.Do(ctx, func(tx *store.Tx) error { return q.Add(ctx, tx, "look", n, job.Option{}) })
			if err == nil {
				told.Add(1)
			}
		}
	})
	for range 3 {
		have := told.Load()
		eventually(t, "acts go on", func() bool { return told.Load() > have+50 })
		server.Stop()
		server.Start()
	}
	have := told.Load()
	eventually(t, "acts go on", func() bool { return told.Load() > have+50 })
	stop()
	wg.Wait()
	eventually(t, "all jobs are done", func() bool {
		c, err := q.Count(ctx)
		return err == nil && c == job.Count{}
	})
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d acts told of %d, %d jobs done", told.Load(), n, len(done))
	if int64(len(done)) < told.Load() {
		t.Errorf("%d acts were told, and %d jobs done", told.Load(), len(done))
	}
}

// A worker whose session ends takes its seat again, and its job goes on; when
// another has taken it, its jobs are told to stop.
func TestSeatLost(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, address := pgtest.Own(t)
	db := storetest.Open(t, address)
	began, ended := make(chan int, 10), make(chan error, 10)
	goOn := make(chan struct{})
	q, err := job.Open(ctx, db, job.Config{Grace: 4 * time.Second, Handlers: map[job.Kind]job.Handler{"look": {Do: func(ctx context.Context, j job.Job) error {
		began <- j.Attempt
		select {
		case <-goOn:
		case <-ctx.Done():
		}
		ended <- ctx.Err()
		return ctx.Err()
	}}}})
	must(t, err)
	must(t, db.Do(ctx, func(tx *store.Tx) error { return q.Add(ctx, tx, "look", 1, job.Option{}) }))
	run(t, q)
	<-began
	const holder = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
	pid := func() (pid int) {
		must(t, db.View(ctx, func(tx *store.Tx) error { _, err := tx.Row(ctx, []any{&pid}, holder); return err }))
		return pid
	}
	end := func() (was int) {
		was = pid()
		_, err := ownTx(ctx, db, fmt.Sprintf("SELECT pg_terminate_backend(%d, 5000)", was))
		must(t, err)
		return was
	}
	was := end()
	eventually(t, "the seat is taken again", func() bool { p := pid(); return p != 0 && p != was })
	select {
	case err := <-ended:
		t.Errorf("the job ended, %v", err)
	default:
	}
	// Now another is quicker.
	end()
	other := storetest.Open(t, address)
	var l *store.Leadership
	eventually(t, "the seat is free for another", func() bool {
		l, err = other.Lead(ctx, "job-1")
		if err != nil { // taken again before: once more
			if p := pid(); p != 0 {
				ownTx(ctx, db, fmt.Sprintf("SELECT pg_terminate_backend(%d, 5000)", p))
			}
		}
		return err == nil
	})
	if err := <-ended; err == nil {
		t.Error("the job was not told to stop")
	}
	close(goOn)
	if n := <-began; n != 1 { // given back, not counted
		t.Errorf("it began again as run %d", n)
	}
	l.Release()
	eventually(t, "the job has ended", func() bool {
		c, err := q.Count(ctx)
		return err == nil && c == job.Count{}
	})
}

// Acts that meet each other run again; their jobs are there once. Handing out
// jobs makes none of them run again.
func TestActsMeet(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		_, err := ownTx(ctx, b.db, "CREATE TABLE tally (n bigint NOT NULL)")
		must(t, err)
		_, err = ownTx(ctx, b.db, "INSERT INTO tally (n) VALUES (0)")
		must(t, err)
		run(t, b.q)
		var runs atomic.Int64
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 20 {
					err := b.db.Do(ctx, func(tx *store.Tx) error {
						runs.Add(1)
						var n int
						if _, err := tx.Row(ctx, []any{&n}, "SELECT n FROM tally"); err != nil {
							return err
						}
						if err := b.q.Add(ctx, tx, "look", n, job.Option{}); err != nil {
							return err
						}
						_, err := tx.Exec(ctx, "UPDATE tally SET n = $1", n+1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		eventually(t, "all jobs are done", b.none)
		seen := map[string]int{}
		for _, r := range b.took() {
			seen[r]++
		}
		for n := range 60 {
			if k := fmt.Sprintf("look %d 1", n); seen[k] != 1 {
				t.Errorf("%s ran %d times", k, seen[k])
			}
		}
		if len(seen) != 60 {
			t.Errorf("%d jobs ran", len(seen))
		}
		t.Logf("60 acts ran %d times", runs.Load())
	})
}

// A copy of the database has its jobs; those that ran are begun again where it
// is put back, on either engine.
func TestCopy(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		var copied bytes.Buffer
		b.do = func(ctx context.Context, j job.Job) error {
			if copied.Len() == 0 {
				return b.db.Copy(ctx, &copied)
			}
			return nil
		}
		b.add("look", 1, job.Option{Key: "k"})
		b.add("tell", 2, job.Option{})
		b.drain()
		b.took()
		storetest.Engines(t, func(t *testing.T, address string) {
			c := &bench{t: t, db: storetest.Open(t, address), clock: b.clock}
			must(t, c.db.Restore(ctx, bytes.NewReader(copied.Bytes())))
			c.q = c.open(job.Config{Grace: time.Millisecond})
			c.want("look 1 2", "tell 2 1")
		})
	})
}

// A turn of which the end was not seen may have given jobs to this worker that
// it does not know of. After an error it gives them back.
func TestGivenUnseen(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		complaints := make(chan string, 1000)
		b.q = b.open(job.Config{Workers: 1, Log: slog.New(slog.NewTextHandler(lines(complaints), nil))})
		b.add("look", 1, job.Option{})
		b.add("look", 2, job.Option{At: b.now().Add(time.Hour)})
		b.do = func(ctx context.Context, j job.Job) error {
			if string(j.Args) == "2" {
				return nil
			}
			_, err := ownTx(ctx, b.db, "UPDATE job SET state = 'running', attempt = 1, due = 0, worker = (SELECT worker FROM job WHERE id = $1) WHERE id <> $1", j.ID)
			if err == nil { // and now the database fails
				_, err = ownTx(ctx, b.db, "ALTER TABLE job RENAME TO away")
			}
			return err
		}
		run(t, b.q)
		for l := range complaints {
			if strings.Contains(l, "does not take what was done") {
				break
			}
		}
		_, err := ownTx(ctx, b.db, "ALTER TABLE away RENAME TO job")
		must(t, err)
		eventually(t, "both are done", b.none)
		if diff := cmp.Diff([]string{"look 1 1", "look 2 1"}, b.took()); diff != "" {
			t.Errorf("got (-want +got)\n%s", diff)
		}
	})
}

// lines sends what is written into it.
type lines chan<- string

func (l lines) Write(b []byte) (int, error) {
	select {
	case l <- string(b):
	default:
	}
	return len(b), nil
}
