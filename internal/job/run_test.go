package job_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// run starts a worker, which the test ends, or stop.
func run(t *testing.T, q *job.Queue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("run: %v", err)
				}
			case <-time.After(time.Minute):
				t.Error("the worker does not end")
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// eventually waits for what comes from other goroutines and processes.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatalf("not after a minute: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (b *bench) none() bool {
	c, err := b.q.Count(b.t.Context())
	return err == nil && c == job.Count{}
}

// Several workers do each job once, and none twice at a time, whoever adds.
func TestRun(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		var mu sync.Mutex
		ran := map[string]int{}
		var at atomic.Int64
		most := int64(0)
		b.do = func(ctx context.Context, j job.Job) error {
			n := at.Add(1)
			defer at.Add(-1)
			mu.Lock()
			defer mu.Unlock()
			most = max(most, n)
			ran[string(j.Args)]++
			return nil
		}
		for range 3 {
			run(t, b.open(job.Config{Workers: 3}))
		}
		var wg sync.WaitGroup
		for w := range 3 {
			wg.Go(func() {
				for i := range 40 {
					err := b.db.Do(ctx, func(tx *store.Tx) error {
						for k := range 3 {
							if err := b.q.Add(ctx, tx, "look", w*1000+i*10+k, job.Option{}); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		eventually(t, "all jobs are done", b.none)
		mu.Lock()
		defer mu.Unlock()
		if len(ran) != 360 {
			t.Errorf("%d jobs ran, want 360", len(ran))
		}
		for a, n := range ran {
			if n != 1 {
				t.Errorf("job %s ran %d times", a, n)
			}
		}
		if most > 9 {
			t.Errorf("%d ran at once, want 9 at most", most)
		}
	})
}

// A worker that is told to end tells its jobs, and gives back what has not
// run; that does not count as a try.
func TestStop(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		began := make(chan struct{}, 10)
		b.do = func(ctx context.Context, j job.Job) error {
			began <- struct{}{}
			<-ctx.Done()
			return fmt.Errorf("told to end: %w", ctx.Err())
		}
		b.add("look", 1, job.Option{})
		for range 5 { // more than the tries it has
			stop := run(t, b.q)
			<-began
			stop()
		}
		b.took()
		b.do = nil
		b.want("look 1 1")
	})
}

// A job that takes too long is told to end, and tried again.
func TestTimeout(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		b.q = b.open(job.Config{Handlers: map[job.Kind]job.Handler{"look": {Timeout: 20 * time.Millisecond, Tries: 1, Do: func(ctx context.Context, j job.Job) error {
			<-ctx.Done()
			return ctx.Err()
		}}}})
		b.add("look", 1, job.Option{})
		if n := b.drain(); n != 1 {
			t.Errorf("%d", n)
		}
		a := b.alarms()
		if len(a) != 1 || a[0].Reason != "it took longer than its time limit of 20ms: context deadline exceeded" {
			t.Errorf("alarms %v", a)
		}
	})
}

// A job that does not heed its time limit is an alarm, holds nobody up, and
// is not begun beside itself.
func TestHang(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		var hanging atomic.Int64
		release := make(chan struct{})
		b.q = b.open(job.Config{Workers: 1, Grace: 20 * time.Millisecond, Handlers: map[job.Kind]job.Handler{
			"look": {Timeout: 20 * time.Millisecond, Do: func(context.Context, job.Job) error {
				hanging.Add(1)
				<-release
				return nil
			}},
			"tell": {Do: b.handle},
		}})
		stop := run(t, b.q)
		b.add("look", 1, job.Option{})
		eventually(t, "an alarm", func() bool { return len(b.alarms()) == 1 })
		a := b.alarms()[0]
		if a.State != "running" {
			t.Errorf("alarm %v", a)
		}
		if err := b.db.Do(t.Context(), func(tx *store.Tx) error { return b.q.Forget(t.Context(), tx, a.ID) }); storetest.ErrorID(err) != "job-not-failed" {
			t.Errorf("a job that runs could be forgotten: %v", err)
		}
		b.add("tell", 2, job.Option{})
		eventually(t, "the other job is done", func() bool { return b.count().Waiting == 0 })
		err := b.db.Do(t.Context(), func(tx *store.Tx) error { return b.q.Retry(t.Context(), tx, a.ID) })
		if got := storetest.ErrorID(err); got != "job-not-failed" {
			t.Errorf("a job that runs could be begun again: %q", got)
		}
		stop() // the process lives on, and with it the job: nobody else begins it
		other := b.open(job.Config{Grace: 20 * time.Millisecond})
		if n, err := other.Drain(t.Context()); n != 0 || err != nil {
			t.Errorf("%d jobs were begun, %v", n, err)
		}
		if n := hanging.Load(); n != 1 {
			t.Errorf("it was begun %d times", n)
		}
		close(release)
	})
}

// Drain stops when it is told to, and leaves nothing half done.
func TestDrainStops(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithCancel(t.Context())
		b.do = func(ctx context.Context, j job.Job) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}
		b.add("look", 1, job.Option{})
		b.add("look", 2, job.Option{})
		if n, err := b.q.Drain(ctx); n != 1 || !errors.Is(err, context.Canceled) {
			t.Errorf("got %d, %v", n, err)
		}
		b.took()
		b.do = nil
		b.want("look 1 1", "look 2 1")
	})
}

// A job that runs for more than a day is an alarm, whatever its process says.
func TestStuck(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		b.add("look", 1, job.Option{})
		var before, after []job.Alarm
		began := b.now()
		b.do = func(ctx context.Context, j job.Job) (err error) {
			b.pass(24 * time.Hour)
			if before, err = b.q.Alarms(ctx); err != nil {
				return err
			}
			b.pass(time.Second)
			after, err = b.q.Alarms(ctx)
			return err
		}
		b.want("look 1 1")
		if len(before) != 0 || len(after) != 1 || after[0].State != "running" || !after[0].Since.Equal(began) {
			t.Errorf("before %v, after %v", before, after)
		}
	})
}
