package job_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// work is what a process does that is killed: it acts, and works on the jobs
// of its acts. An act writes a row into acts and adds a job, which writes a row
// into deeds: for acts with an even number by Done in the same transaction.
type work struct {
	Address string
	First   int  // number of its first act
	Hang    bool // the one job is begun, and does not end
}

const tables = `
CREATE TABLE IF NOT EXISTS acts (n bigint NOT NULL PRIMARY KEY);
CREATE TABLE IF NOT EXISTS deeds (n bigint NOT NULL, worker text NOT NULL)`

func child(arg string) int {
	var w work
	err := json.Unmarshal([]byte(arg), &w)
	if err == nil {
		err = w.run(context.Background())
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func (w work) run(ctx context.Context) error {
	db, err := store.Open(ctx, w.Address)
	if err != nil {
		return err
	}
	q, err := w.queue(ctx, db)
	if err != nil {
		return err
	}
	go q.Run(ctx)
	fmt.Println("ready")
	if w.Hang {
		select {}
	}
	for n := w.First; ; n++ {
		if err := act(ctx, db, q, n); err != nil {
			return err
		}
		fmt.Println("acted", n)
	}
}

func act(ctx context.Context, db *store.DB, q *job.Queue, n int) error {
	return db.Do(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO acts (n) VALUES ($1)", n); err != nil {
			return err
		}
		return q.Add(ctx, tx, "deed", n, job.Option{Key: "act " + strconv.Itoa(n)})
	})
}

func (w work) queue(ctx context.Context, db *store.DB) (*job.Queue, error) {
	var q *job.Queue
	var err error
	q, err = job.Open(ctx, db, job.Config{Grace: time.Second, Workers: 4, Handlers: map[job.Kind]job.Handler{"deed": {Tries: 1000, Do: func(ctx context.Context, j job.Job) error {
		if w.Hang {
			fmt.Println("began", j.Attempt)
			<-ctx.Done()
			return ctx.Err()
		}
		var n int
		if err := json.Unmarshal(j.Args, &n); err != nil {
			return err
		}
		return db.Do(ctx, func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO deeds (n, worker) VALUES ($1, $2)", n, strconv.Itoa(os.Getpid())); err != nil || n%2 == 1 {
				return err
			}
			return q.Done(ctx, tx, j)
		})
	}}}})
	return q, err
}

// start starts a process; lines are what it prints.
func (w work) start(t *testing.T) (kill func(), lines <-chan string) {
	t.Helper()
	arg, err := json.Marshal(w)
	must(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(arg))
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	c := make(chan string, 100_000)
	go func() {
		defer close(c)
		for s := bufio.NewScanner(out); s.Scan(); {
			c <- s.Text()
		}
	}()
	var once sync.Once
	kill = func() {
		once.Do(func() {
			cmd.Process.Kill()
			cmd.Wait()
			if said.Len() > 0 {
				t.Errorf("the process ended by itself: %s", &said)
			}
		})
	}
	t.Cleanup(kill)
	return kill, c
}

func ownTx(ctx context.Context, db *store.DB, query string, args ...any) (n int64, err error) {
	err = db.Do(ctx, func(tx *store.Tx) error {
		n, err = tx.Exec(ctx, query, args...)
		return err
	})
	return n, err
}
