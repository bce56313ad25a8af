package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
)

// jobs measures the queue: what a job costs the act that adds it, how fast a
// backlog drains, with acts going on beside it or not, and what waiting costs.
func jobs(w io.Writer, tmp string) error {
	address, stop, err := pgtest.Serve()
	if err != nil {
		return err
	}
	defer stop()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "jobs\tact alone\twith a job\t10,000 drain, 4 workers\t16 workers\tCPU a job\t4 workers beside acts\tacts/s alone\tmeanwhile\tidle CPU\t")
	for _, a := range []string{filepath.Join(tmp, "jobs.db"), address} {
		if err := jobsOn(t, a); err != nil {
			return err
		}
	}
	return t.Flush()
}

// A benchQueue is a queue of which the jobs do nothing, beside a table of acts.
type benchQueue struct {
	db *store.DB
	q  *job.Queue
	n  int
	// done counts the jobs that ran.
	done atomic.Int64
}

func (b *benchQueue) open(workers int) (err error) {
	b.q, err = job.Open(context.Background(), b.db, job.Config{Workers: workers, Handlers: map[job.Kind]job.Handler{"act": {Do: func(context.Context, job.Job) error {
		b.done.Add(1)
		return nil
	}}}})
	return err
}

// act is one act of the smallest kind, with so many jobs.
func (b *benchQueue) act(ctx context.Context, jobs int) error {
	b.n++
	return b.db.Do(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO bench_act (n) VALUES ($1)", b.n); err != nil {
			return err
		}
		for i := range jobs {
			if err := b.q.Add(ctx, tx, "act", map[string]int{"case": b.n, "part": i}, job.Option{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// acts does so many and returns how long one takes.
func (b *benchQueue) acts(ctx context.Context, n, jobs int) (time.Duration, error) {
	start := time.Now()
	for range n {
		if err := b.act(ctx, jobs); err != nil {
			return 0, err
		}
	}
	return time.Since(start) / time.Duration(n), nil
}

// drain adds a backlog of 10,000 and lets workers do it; beside says whether
// acts without jobs go on meanwhile.
func (b *benchQueue) drain(ctx context.Context, workers int, beside bool) (perSecond, actsPerSecond float64, cpu time.Duration, err error) {
	const backlog = 10_000
	b.done.Store(0)
	if err := b.open(workers); err != nil {
		return 0, 0, 0, err
	}
	if _, err := b.acts(ctx, backlog/100, 100); err != nil {
		return 0, 0, 0, err
	}
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	used, start := cpuTime(), time.Now()
	go func() { ended <- b.q.Run(run) }()
	acts := 0
	for b.done.Load() < backlog {
		if !beside {
			time.Sleep(time.Millisecond)
			continue
		}
		if err := b.act(ctx, 0); err != nil {
			stop()
			return 0, 0, 0, err
		}
		acts++
	}
	took := time.Since(start)
	cpu = (cpuTime() - used) / backlog
	stop()
	return backlog / took.Seconds(), float64(acts) / took.Seconds(), cpu, <-ended
}

func jobsOn(w io.Writer, address string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, address)
	if err != nil {
		return err
	}
	defer db.Close()
	b := &benchQueue{db: db}
	if err := db.Do(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "CREATE TABLE bench_act (n bigint NOT NULL PRIMARY KEY)")
		return err
	}); err != nil {
		return err
	}
	if err := b.open(4); err != nil {
		return err
	}
	if _, err := b.acts(ctx, 200, 0); err != nil { // a warm-up
		return err
	}
	alone, err := b.acts(ctx, 1000, 0)
	if err != nil {
		return err
	}
	with, err := b.acts(ctx, 1000, 1)
	if err != nil {
		return err
	}
	if _, err := b.q.Drain(ctx); err != nil {
		return err
	}
	four, _, cpu, err := b.drain(ctx, 4, false)
	if err != nil {
		return err
	}
	sixteen, _, _, err := b.drain(ctx, 16, false)
	if err != nil {
		return err
	}
	beside, acts, _, err := b.drain(ctx, 4, true)
	if err != nil {
		return err
	}
	// Waiting: a worker that has nothing to do.
	run, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	used := cpuTime()
	if err := b.q.Run(run); err != nil {
		return err
	}
	idle := float64(cpuTime()-used) / float64(5*time.Second) * 100
	fmt.Fprintf(w, "%s\t%.2f ms\t%.2f ms\t%.0f jobs/s\t%.0f jobs/s\t%.2f ms\t%.0f jobs/s\t%.0f\t%.0f\t%.2f %%\t\n", db.Engine(),
		float64(alone)/1e6, float64(with)/1e6, four, sixteen, float64(cpu)/1e6, beside, 1/alone.Seconds(), acts, idle)
	return nil
}
