package job

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// seats is how many processes may work on the jobs of one database.
const seats = 64

// How often a seat is looked after, and the others are.
const (
	keepEvery   = time.Second
	rescueEvery = 2 * time.Second
)

// A seat is held by a worker as long as its process lives: it is a leadership
// of the store. So whoever gets a seat at which jobs are running knows that
// the one who ran them is dead, and no clock is asked.
//
// On PostgreSQL a leadership also ends with a connection that breaks, while
// the process lives: then both keep to Config.Grace. Who has lost a seat takes
// it again, or stops its jobs after half of it; who takes a seat of another
// waits all of it before it gives the jobs to others.
type seat struct {
	q      *Queue
	number int
	worker string            // number and a word of its own, as jobs name it
	lead   *store.Leadership // while keep runs, its
}

func seatName(n int) string { return "job-" + strconv.Itoa(n) }

func notLeader(err error) bool {
	e, ok := errors.AsType[*iotmark.Error](err)
	return ok && e.ID == "not-leader"
}

// sit takes the first seat that is free.
//
// Errors: job-seats, and those of the database.
func (q *Queue) sit(ctx context.Context) (*seat, error) {
	for n := 1; n <= seats; n++ {
		l, err := q.db.Lead(ctx, seatName(n))
		if notLeader(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		word := make([]byte, 6)
		rand.Read(word)
		return &seat{q: q, number: n, worker: fmt.Sprintf("%d/%s", n, hex.EncodeToString(word)), lead: l}, nil
	}
	return nil, &iotmark.Error{Kind: iotmark.Unavailable, ID: "job-seats",
		Msg: fmt.Sprintf("%d processes work on the jobs of this database already; end one of them first", seats)}
}

// keep holds the seat and begins again what those left who died, until ctx
// ends; it calls lose when the seat is lost. The channel that it returns is
// closed when all of it has ended.
func (s *seat) keep(ctx context.Context, lose context.CancelCauseFunc) <-chan struct{} {
	ended := make(chan struct{})
	rescued := make(chan struct{})
	go func() {
		defer close(rescued)
		for {
			if err := s.rescue(ctx); err != nil && ctx.Err() == nil {
				s.q.complain("what a dead worker left cannot be begun again yet", err)
			}
			if !sleep(ctx, rescueEvery) {
				return
			}
		}
	}()
	go func() {
		defer close(ended)
		if s.q.db.Engine() == store.PostgreSQL {
			s.hold(ctx, lose)
		}
		<-ctx.Done()
		<-rescued
	}()
	return ended
}

// hold asks whether the seat is still held, and takes it again.
func (s *seat) hold(ctx context.Context, lose context.CancelCauseFunc) {
	known, held := time.Now(), true
	for sleep(ctx, keepEvery) {
		ask, cancel := context.WithTimeout(ctx, keepEvery)
		var err error
		if held {
			err = s.lead.Held(ask)
		}
		if held && err != nil && ctx.Err() == nil {
			s.lead.Release()
			held = false
		}
		if !held {
			var l *store.Leadership
			if l, err = s.q.db.Lead(ask, seatName(s.number)); err == nil {
				s.lead, held = l, true
			}
		}
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case held:
			known = time.Now()
		case notLeader(err) || time.Since(known) > s.q.cfg.Grace/2:
			s.q.complain("this worker lost its seat; its jobs stop, and are begun again", err)
			lose(errSeat)
			return
		}
	}
}

// rescue lets jobs begin again whose workers are dead.
func (s *seat) rescue(ctx context.Context) error {
	var left []string
	err := s.q.db.View(ctx, func(tx *store.Tx) error {
		left = nil
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var w string
			err := scan(&w)
			left = append(left, w)
			return err
		}, "SELECT DISTINCT worker FROM job WHERE state = 'running' AND worker <> $1", s.worker)
	})
	if err != nil {
		return err
	}
	for _, w := range left {
		number, _, _ := strings.Cut(w, "/")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > seats {
			return fmt.Errorf("a job is held by %.40q, which is no worker of this release", w)
		}
		if n != s.number {
			l, err := s.q.db.Lead(ctx, seatName(n))
			if notLeader(err) { // alive, or another looks after it
				continue
			}
			if err != nil {
				return err
			}
			err = s.take(ctx, w)
			l.Release()
			if err != nil {
				return err
			}
			continue
		}
		if err := s.take(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// take gives the jobs of a worker to others, while its seat is held.
func (s *seat) take(ctx context.Context, worker string) error {
	if s.q.db.Engine() == store.PostgreSQL && !sleep(ctx, s.q.cfg.Grace) {
		return ctx.Err()
	}
	var ids []int64
	err := s.q.db.Each(ctx, func(tx *store.Tx) error {
		ids = nil
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			ids = append(ids, id)
			return err
		}, `UPDATE job SET state = 'waiting', worker = '', reason = $2,
			failed = CASE WHEN period = 0 THEN 0 ELSE failed END,
			due = CASE WHEN due < $3 THEN due ELSE $3 END WHERE state = 'running' AND worker = $1 RETURNING id`,
			worker, errDied.Error(), s.q.cfg.Now().UnixMilli())
	})
	if err == nil && len(ids) > 0 {
		slices.Sort(ids)
		s.q.cfg.Log.Info("job: a worker died; its jobs begin again", "worker", worker, "jobs", ids)
		s.q.look()
	}
	return err
}
