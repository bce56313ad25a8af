//go:build !race

// Dozens of programs with the race detector in them would take minutes.

package job_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// Killed at any moment, forty times: each act that was told is there with what
// it asked for, no act without it, none of it without an act; and once where
// the job was ended in the transaction of what it did.
func TestKilled(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		ctx := t.Context()
		db := storetest.Open(t, address)
		for _, s := range strings.Split(tables, ";") {
			must(t, db.Do(ctx, func(tx *store.Tx) error { _, err := tx.Exec(ctx, s); return err }))
		}
		seed := rand.New(rand.NewPCG(5, 23))
		told := map[int]bool{}
		for i := range 40 {
			kill, lines := work{Address: address, First: i * 10_000}.start(t)
			<-lines // ready
			time.AfterFunc(time.Duration(5+seed.IntN(150))*time.Millisecond, kill)
			for l := range lines {
				n, err := strconv.Atoi(strings.TrimPrefix(l, "acted "))
				must(t, err)
				told[n] = true
			}
		}
		q, err := work{}.queue(ctx, db)
		must(t, err)
		run(t, q)
		eventually(t, "all jobs are done", func() bool {
			c, err := q.Count(ctx)
			return err == nil && c == job.Count{}
		})
		acts, deeds := map[int]int{}, map[int]int{}
		must(t, db.View(ctx, func(tx *store.Tx) error {
			for to, query := range map[*map[int]int]string{&acts: "SELECT n FROM acts", &deeds: "SELECT n FROM deeds"} {
				err := tx.Rows(ctx, func(scan func(...any) error) error {
					var n int
					err := scan(&n)
					(*to)[n]++
					return err
				}, query)
				if err != nil {
					return err
				}
			}
			return nil
		}))
		again := 0
		for n := range told {
			if acts[n] != 1 {
				t.Errorf("act %d was told and is not there", n)
			}
		}
		for n := range acts {
			switch {
			case deeds[n] == 0:
				t.Errorf("what act %d asked for was not done", n)
			case deeds[n] > 1 && n%2 == 0:
				t.Errorf("what act %d asked for was done %d times", n, deeds[n])
			case deeds[n] > 1:
				again++
			}
		}
		for n := range deeds {
			if acts[n] == 0 {
				t.Errorf("deed %d has no act", n)
			}
		}
		t.Logf("40 kills, %d acts told, %d there, all done; %d of those without Done more than once", len(told), len(acts), again)
		if len(told) == 0 {
			t.Error("no act was told")
		}
	})
}

// A job whose process is killed begins again soon: when it is known to be
// dead, however long it may take.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		ctx := t.Context()
		db := storetest.Open(t, address)
		adds, err := job.Open(ctx, db, job.Config{})
		must(t, err)
		must(t, db.Do(ctx, func(tx *store.Tx) error { return adds.Add(ctx, tx, "deed", 1, job.Option{}) }))
		kill, lines := work{Address: address, Hang: true}.start(t)
		for _, want := range []string{"ready", "began 1"} {
			if got := <-lines; got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		began := make(chan string, 1)
		q, err := job.Open(ctx, db, job.Config{Grace: time.Second, Handlers: map[job.Kind]job.Handler{"deed": {Do: func(_ context.Context, j job.Job) error {
			began <- fmt.Sprint("again ", j.Attempt)
			return nil
		}}}})
		must(t, err)
		if n, err := q.Drain(ctx); n != 0 || err != nil {
			t.Errorf("%d jobs began while their worker lives, %v", n, err)
		}
		kill()
		start := time.Now()
		run(t, q)
		if got := <-began; got != "again 2" {
			t.Errorf("got %q", got)
		}
		t.Logf("it began again %s after its process was killed", time.Since(start).Round(time.Millisecond))
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("it began again after %s", d)
		}
	})
}

// A job that kills its process is an alarm in the end.
func TestPoison(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		b.add("look", 1, job.Option{})
		b.do = func(ctx context.Context, j job.Job) error {
			// As it is when the process has died: held at a seat that nobody has.
			_, err := ownTx(ctx, b.db, "UPDATE job SET worker = '63/dead' WHERE id = $1", j.ID)
			return err
		}
		b.q = b.open(job.Config{Grace: 10 * time.Millisecond})
		for range 3 {
			if n := b.drain(); n != 1 {
				t.Errorf("%d began", n)
			}
		}
		if _, err := b.q.Drain(ctx); err != nil {
			t.Error(err)
		}
		if got := b.took(); !slices.Equal(got, []string{"look 1 1", "look 1 2", "look 1 3"}) {
			t.Errorf("got %q", got)
		}
		a := b.alarms()
		if len(a) != 1 || a[0].State != "failed" || a[0].Reason != "the process that ran it ended in the middle of it" {
			t.Errorf("alarms %v", a)
		}
	})
}
