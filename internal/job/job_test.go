package job_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

const childEnv = "IOTMARK_JOB_CHILD"

func TestMain(m *testing.M) {
	if arg, ok := os.LookupEnv(childEnv); ok {
		os.Exit(child(arg))
	}
	os.Exit(pgtest.Run(m))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// bench is a database with a queue whose handlers write down what they do.
type bench struct {
	t  *testing.T
	db *store.DB
	q  *job.Queue
	*clock

	mu  sync.Mutex
	ran []string // kind, arguments, attempt
	// do is what a job does; nil: nothing.
	do func(ctx context.Context, j job.Job) error
}

func (b *bench) handle(ctx context.Context, j job.Job) error {
	b.mu.Lock()
	b.ran = append(b.ran, fmt.Sprintf("%s %s %d", j.Kind, j.Args, j.Attempt))
	do := b.do
	b.mu.Unlock()
	if do == nil {
		return nil
	}
	return do(ctx, j)
}

// took returns what ran since it was called last.
func (b *bench) took() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.ran
	b.ran = nil
	return out
}

func (b *bench) open(cfg job.Config) *job.Queue {
	b.t.Helper()
	cfg.Now = b.now
	if cfg.Handlers == nil {
		h := job.Handler{Do: b.handle, Tries: 3}
		cfg.Handlers = map[job.Kind]job.Handler{"look": h, "tell": h}
	}
	q, err := job.Open(b.t.Context(), b.db, cfg)
	must(b.t, err)
	return q
}

// engines runs a test on each engine.
func engines(t *testing.T, run func(t *testing.T, b *bench)) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		b := &bench{t: t, db: storetest.Open(t, address), clock: &clock{t: time.Date(2027, 3, 1, 12, 30, 0, 0, time.UTC)}}
		b.q = b.open(job.Config{Grace: time.Second})
		run(t, b)
	})
}

func (b *bench) tx(do func(tx *store.Tx) error) {
	b.t.Helper()
	must(b.t, b.db.Do(b.t.Context(), do))
}

func (b *bench) add(kind job.Kind, args any, opt job.Option) {
	b.t.Helper()
	b.tx(func(tx *store.Tx) error { return b.q.Add(b.t.Context(), tx, kind, args, opt) })
}

func (b *bench) drain() int {
	b.t.Helper()
	n, err := b.q.Drain(b.t.Context())
	must(b.t, err)
	return n
}

func (b *bench) count() job.Count {
	b.t.Helper()
	c, err := b.q.Count(b.t.Context())
	must(b.t, err)
	return c
}

func (b *bench) alarms() []job.Alarm {
	b.t.Helper()
	a, err := b.q.Alarms(b.t.Context())
	must(b.t, err)
	return a
}

// want drains and compares what ran.
func (b *bench) want(want ...string) {
	b.t.Helper()
	if n := b.drain(); n != len(want) {
		b.t.Errorf("%d jobs were begun, want %d", n, len(want))
	}
	if diff := cmp.Diff(want, b.took()); diff != "" {
		b.t.Errorf("got (-want +got)\n%s", diff)
	}
}

func TestDrain(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		b.add("look", 1, job.Option{})
		b.add("tell", map[string]string{"case": "a\x00b\u00e9"}, job.Option{})
		b.add("look", 3, job.Option{At: b.now().Add(-time.Minute)})
		b.add("look", 4, job.Option{At: b.now().Add(time.Minute)})
		b.want("look 3 1", "look 1 1", `tell {"case":"a\u0000bé"} 1`)
		b.want()
		b.pass(time.Minute)
		b.want("look 4 1")
		if diff := cmp.Diff(job.Count{}, b.count()); diff != "" {
			t.Errorf("got (-want +got)\n%s", diff)
		}
	})
}

// What a job adds that is due runs in the same Drain.
func TestDrainGoesOn(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		b.do = func(ctx context.Context, j job.Job) error {
			var n int
			if err := json.Unmarshal(j.Args, &n); err != nil || n == 0 {
				return err
			}
			return b.db.Do(ctx, func(tx *store.Tx) error { return b.q.Add(ctx, tx, "look", n-1, job.Option{}) })
		}
		b.add("look", 2, job.Option{})
		b.want("look 2 1", "look 1 1", "look 0 1")
	})
}

// A transaction that fails leaves no job; one that runs again leaves one.
func TestTransaction(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		stop := errors.New("stop")
		err := b.db.Do(ctx, func(tx *store.Tx) error {
			if err := b.q.Add(ctx, tx, "look", 1, job.Option{}); err != nil {
				return err
			}
			return stop
		})
		if err != stop {
			t.Errorf("got %v", err)
		}
		b.want()
	})
}

func TestKey(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		key := job.Option{Key: "case 1"}
		later := job.Option{Key: "case 1", At: b.now().Add(time.Hour)}
		b.add("look", 1, later)
		b.add("look", 2, key) // earlier, and newer
		b.add("look", 3, later)
		b.add("tell", 4, key) // another kind
		b.want("look 3 1", "tell 4 1")

		// Added while it runs: it runs once more.
		b.do = func(ctx context.Context, j job.Job) error {
			if string(j.Args) == "5" {
				return b.db.Do(ctx, func(tx *store.Tx) error {
					for range 3 {
						if err := b.q.Add(ctx, tx, "look", 6, key); err != nil {
							return err
						}
					}
					return nil
				})
			}
			if string(j.Args) == "8" {
				return errors.New("broken")
			}
			return nil
		}
		b.add("look", 5, key)
		b.want("look 5 1", "look 6 1")

		// Taken back.
		b.add("look", 7, key)
		for _, want := range []bool{true, false} {
			b.tx(func(tx *store.Tx) error {
				was, err := b.q.Drop(ctx, tx, "look", "case 1")
				if was != want {
					t.Errorf("dropped %v, want %v", was, want)
				}
				return err
			})
		}
		b.want()

		// One that failed is tried anew.
		b.add("look", 8, key)
		for range 3 {
			b.drain()
			b.pass(time.Hour)
		}
		b.took()
		if a := b.alarms(); len(a) != 1 || a[0].State != "failed" {
			t.Errorf("alarms %v", a)
		}
		b.add("look", 9, key)
		b.want("look 9 1")
		if a := b.alarms(); len(a) != 0 {
			t.Errorf("alarms %v", a)
		}
	})
}

func TestTries(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		b.do = func(context.Context, job.Job) error {
			return errors.New("the other side is\x00 away\n" + strings.Repeat("\u00e9", 1000))
		}
		b.add("look", 1, job.Option{})
		b.want("look 1 1")
		b.want() // not at once
		b.pass(6 * time.Second)
		b.want("look 1 2")
		b.pass(6 * time.Second)
		b.want() // later than the last time
		if a := b.alarms(); len(a) != 0 {
			t.Errorf("alarms %v", a)
		}
		b.pass(11 * time.Second)
		b.want("look 1 3")
		a := b.alarms()
		if len(a) != 1 {
			t.Fatalf("alarms %v", a)
		}
		id := a[0].ID
		reason := "the other side is  away " + strings.Repeat("\u00e9", 488)
		want := []job.Alarm{{ID: id, Kind: "look", Args: []byte("1"), Attempt: 3, Since: b.now(), State: "failed", Reason: reason}}
		if diff := cmp.Diff(want, a); diff != "" {
			t.Errorf("got (-want +got)\n%s", diff)
		}
		b.pass(24 * time.Hour)
		b.want()
		b.tx(func(tx *store.Tx) error { return b.q.Retry(ctx, tx, id) })
		if a := b.alarms(); len(a) != 0 {
			t.Errorf("alarms %v", a)
		}
		b.do = nil
		b.want("look 1 1")
		for _, f := range []func(context.Context, *store.Tx, int64) error{b.q.Retry, b.q.Forget} {
			err := b.db.Do(ctx, func(tx *store.Tx) error { return f(ctx, tx, id) })
			if got := storetest.ErrorID(err); got != "job-unknown" {
				t.Errorf("got %s", got)
			}
		}
	})
}

// What a second run would meet again is an alarm at once; what time mends, or
// nobody knows, is tried again.
func TestHopeless(t *testing.T) {
	for _, c := range []struct {
		kind iotmark.Kind
		id   iotmark.ErrorID
		want int // alarms
	}{
		{iotmark.Internal, "x", 0}, {iotmark.Unavailable, "x", 0}, {iotmark.TooMany, "x", 0}, {iotmark.Interrupted, "x", 0},
		{iotmark.Conflict, "not-leader", 0},
		{iotmark.Invalid, "x", 1}, {iotmark.Conflict, "x", 1}, {iotmark.Forbidden, "x", 1}, {iotmark.NotFound, "x", 1},
		{iotmark.Unverified, "x", 1}, {iotmark.Unreadable, "x", 1}, {iotmark.Nonconforming, "x", 1}, {iotmark.Unauthenticated, "x", 1},
	} {
		t.Run(string(c.kind)+" "+string(c.id), func(t *testing.T) {
			b := &bench{t: t, db: storetest.Open(t, t.TempDir()+"/a.db"), clock: &clock{t: time.Date(2027, 3, 1, 12, 30, 0, 0, time.UTC)}}
			t.Parallel()
			b.q = b.open(job.Config{})
			b.do = func(context.Context, job.Job) error {
				return fmt.Errorf("look: %w", &iotmark.Error{Kind: c.kind, ID: c.id, Msg: "no"})
			}
			b.add("look", 1, job.Option{})
			b.want("look 1 1")
			a := b.alarms()
			if len(a) != c.want {
				t.Errorf("alarms %v", a)
			}
			if len(a) > 0 && a[0].Reason != "look: no" {
				t.Errorf("reason %q", a[0].Reason)
			}
		})
	}
}

func TestForget(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		b.do = func(context.Context, job.Job) error { return &iotmark.Error{Kind: iotmark.Invalid, ID: "x", Msg: "no"} }
		b.add("look", 1, job.Option{})
		b.drain()
		b.tx(func(tx *store.Tx) error { return b.q.Forget(ctx, tx, b.alarms()[0].ID) })
		if c := b.count(); c != (job.Count{}) {
			t.Errorf("left %v", c)
		}
		// One that has not failed is not touched.
		b.add("look", 2, job.Option{Key: "k", At: b.now().Add(-2 * time.Hour)})
		a := b.alarms()
		if len(a) != 1 || a[0].State != "waiting" || !strings.Contains(a[0].Reason, "no worker has begun it") {
			t.Fatalf("alarms %v", a)
		}
		for _, f := range []func(context.Context, *store.Tx, int64) error{b.q.Retry, b.q.Forget} {
			err := b.db.Do(ctx, func(tx *store.Tx) error { return f(ctx, tx, a[0].ID) })
			if got := storetest.ErrorID(err); got != "job-not-failed" {
				t.Errorf("got %s", got)
			}
		}
	})
}

// A panic, and a goroutine that ends itself, are errors of the job.
func TestPanic(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		b.do = func(_ context.Context, j job.Job) error {
			if j.Kind == "tell" {
				var nobody *bench
				nobody.ran = nil
			}
			panic("broken invariant")
		}
		b.q = b.open(job.Config{Handlers: map[job.Kind]job.Handler{"look": {Do: b.handle, Tries: 1}, "tell": {Do: b.handle, Tries: 1}}})
		b.add("look", 1, job.Option{})
		b.add("tell", 1, job.Option{})
		b.want("look 1 1", "tell 1 1")
		var got []string
		for _, a := range b.alarms() {
			got = append(got, a.Reason)
		}
		slices.Sort(got)
		if diff := cmp.Diff([]string{"panic: broken invariant", "panic: runtime error: invalid memory address or nil pointer dereference"}, got); diff != "" {
			t.Errorf("got (-want +got)\n%s", diff)
		}
	})
}

func TestEvery(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		every := func(p job.Period) {
			b.tx(func(tx *store.Tx) error { return b.q.Every(ctx, tx, "look", p) })
		}
		every(job.Daily)
		every(job.Daily)
		b.want("look null 1")
		every(job.Daily)
		b.want()
		b.pass(11 * time.Hour)
		b.want()
		b.pass(time.Hour) // half past midnight
		b.want("look null 1")
		b.pass(10 * 24 * time.Hour) // nobody worked
		b.want("look null 1")
		b.want()

		// It fails for good: an alarm, and the next day it runs all the same.
		b.do = func(context.Context, job.Job) error { return &iotmark.Error{Kind: iotmark.Invalid, ID: "x", Msg: "no"} }
		b.pass(24 * time.Hour)
		b.want("look null 1")
		failed := b.now()
		if a := b.alarms(); len(a) != 1 || a[0].State != "waiting" || a[0].Reason != "no" || !a[0].Since.Equal(failed) {
			t.Errorf("alarms %v", a)
		}
		b.do = nil
		b.pass(24 * time.Hour)
		b.want("look null 1")
		if a := b.alarms(); len(a) != 0 {
			t.Errorf("alarms %v", a)
		}

		every(job.Hourly) // another period from now on
		b.want("look null 1")
		b.pass(time.Hour)
		b.want("look null 1")
		if c := b.count(); c.Waiting != 1 {
			t.Errorf("there are %d", c.Waiting)
		}
		b.tx(func(tx *store.Tx) error {
			was, err := b.q.Drop(ctx, tx, "look", "")
			if !was {
				t.Error("not dropped")
			}
			return err
		})
		b.pass(time.Hour)
		b.want()
	})
}

// Many processes that start at once make one.
func TestEveryAtOnce(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		var wg sync.WaitGroup
		for range 8 {
			q := b.open(job.Config{})
			wg.Go(func() {
				if err := b.db.Do(t.Context(), func(tx *store.Tx) error { return q.Every(t.Context(), tx, "look", job.Daily) }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		b.want("look null 1")
	})
}

// Done ends a job together with what it did, and not when it was given to
// another.
func TestDone(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		var errs []string
		b.do = func(ctx context.Context, j job.Job) error {
			if j.Kind == "tell" {
				return nil
			}
			err := b.db.Do(ctx, func(tx *store.Tx) error {
				if string(j.Args) == "2" { // as one would that finds this worker dead
					if _, err := tx.Exec(ctx, "UPDATE job SET worker = '64/other' WHERE id = $1", j.ID); err != nil {
						return err
					}
				}
				if err := b.q.Add(ctx, tx, "tell", string(j.Args), job.Option{}); err != nil {
					return err
				}
				return b.q.Done(ctx, tx, j)
			})
			errs = append(errs, storetest.ErrorID(err))
			if string(j.Args) == "1" {
				return errors.New("too late: it is done")
			}
			return err
		}
		b.add("look", 1, job.Option{})
		b.add("look", 2, job.Option{})
		b.want("look 1 1", "look 2 1", `tell "1" 1`)
		if diff := cmp.Diff([]string{"", "job-lost"}, errs); diff != "" {
			t.Errorf("got (-want +got)\n%s", diff)
		}
		if a := b.alarms(); len(a) != 1 || string(a[0].Args) != "2" {
			t.Errorf("alarms %v", a)
		}
		_, err := b.q.Drain(ctx)
		must(t, err)
	})
}

func TestInvalid(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		for _, c := range []struct {
			name string
			kind job.Kind
			args any
			opt  job.Option
			want string
		}{
			{"no kind", "", 1, job.Option{}, "job-invalid"},
			{"a kind with a quote", "a'b", 1, job.Option{}, "job-invalid"},
			{"a long kind", job.Kind(strings.Repeat("a", 65)), 1, job.Option{}, "job-invalid"},
			{"the longest kind", job.Kind(strings.Repeat("a", 64)), 1, job.Option{}, ""},
			{"no JSON", "look", func() {}, job.Option{}, "job-invalid"},
			{"large arguments", "look", strings.Repeat("a", 64<<10-1), job.Option{}, "job-invalid"},
			{"the largest arguments", "look", strings.Repeat("a", 64<<10-2), job.Option{}, ""},
			{"a key with a zero", "look", 1, job.Option{Key: "a\x00"}, "job-invalid"},
			{"a key that is no text", "look", 1, job.Option{Key: "a\xff"}, "job-invalid"},
			{"a long key", "look", 1, job.Option{Key: strings.Repeat("k", 201)}, "job-invalid"},
			{"the longest key", "look", 1, job.Option{Key: strings.Repeat("k", 200)}, ""},
			{"the key of Every", "look", 1, job.Option{Key: "every"}, "job-invalid"},
		} {
			err := b.db.Do(ctx, func(tx *store.Tx) error { return b.q.Add(ctx, tx, c.kind, c.args, c.opt) })
			if got := storetest.ErrorID(err); got != c.want {
				t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			}
		}
		err := b.db.Do(ctx, func(tx *store.Tx) error { return b.q.Every(ctx, tx, "look", job.Period(time.Minute)) })
		if got := storetest.ErrorID(err); got != "job-invalid" {
			t.Errorf("a period of a minute gave %q", got)
		}
		nothing := func(context.Context, job.Job) error { return nil }
		for name, cfg := range map[string]job.Config{
			"no name":      {Handlers: map[job.Kind]job.Handler{"": {Do: nothing}}},
			"does nothing": {Handlers: map[job.Kind]job.Handler{"a": {}}},
			"no time":      {Handlers: map[job.Kind]job.Handler{"a": {Do: nothing, Timeout: -1}}},
			"no tries":     {Handlers: map[job.Kind]job.Handler{"a": {Do: nothing, Tries: -1}}},
			"no workers":   {Workers: -1},
			"many workers": {Workers: 1001},
		} {
			_, err := job.Open(ctx, b.db, cfg)
			if got := storetest.ErrorID(err); got != "job-config" {
				t.Errorf("%s: got %q", name, got)
			}
		}
		q, err := job.Open(ctx, b.db, job.Config{})
		must(t, err)
		if _, err := q.Drain(ctx); storetest.ErrorID(err) != "job-config" {
			t.Errorf("got %v", err)
		}
		if err := q.Run(ctx); storetest.ErrorID(err) != "job-config" {
			t.Errorf("got %v", err)
		}
	})
}

// Jobs of kinds that nobody here does are left to others.
func TestOthersKinds(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		b.add("sign", 1, job.Option{})
		b.add("look", 2, job.Option{})
		b.want("look 2 1")
		b.q = b.open(job.Config{Handlers: map[job.Kind]job.Handler{"sign": {Do: b.handle}}})
		b.want("sign 1 1")
	})
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	var got []string
	for n := range 13 {
		d := job.Backoff(0, n)
		got = append(got, d.String())
		for id := range int64(100) {
			if x := job.Backoff(id<<12, n); x < d || x > d+d/10 {
				t.Errorf("the pause of job %d after run %d is %s", id, n, x)
			}
		}
	}
	want := strings.Fields("5s 5s 15s 45s 2m15s 6m45s 20m15s 1h0m45s 3h2m15s 6h0m0s 6h0m0s 6h0m0s 6h0m0s")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	if job.Backoff(1, 2) == job.Backoff(2, 2) {
		t.Error("two jobs come together")
	}
}
