package scheme

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// The kinds of jobs. What follows from an act in another case, or by a date, is
// done by them, as acts of the program.
const (
	JobDays   job.Kind = "case.days"   // once an hour: deadlines that come near or have passed
	JobFollow job.Kind = "case.follow" // a case of surveillance that follows from another case
	JobAttest job.Kind = "case.attest" // whether the log has a decision, and gave it effect
	JobEnd    job.Kind = "case.end"    // whether a mark has ended, and how long what it rests on is kept
	JobPrune  job.Kind = "case.prune"  // once a day: what is kept for long enough
	JobLookAt job.Kind = "case.look"   // a mark is looked at again: after the grant, and every year
	// JobDetermine is the determination of evidence that was sealed.
	JobDetermine job.Kind = "case.determine"
	dayBatch              = 500 // cases a transaction reads at once
	attestWait            = 10 * time.Second
)

// follow is what a case of surveillance follows from.
type follow struct {
	Mark  string           `json:"mark"`
	Body  SurveillanceBody `json:"body"`
	After string           `json:"after,omitempty"` // case
}

// enqueue asks for a job, in the act's own transaction.
func (m *moment) enqueue(k job.Kind, key string, at time.Time, args any) error {
	if m.cfg.Jobs == nil {
		return nil
	}
	return m.cfg.Jobs.Add(m.ctx, m.tx, k, args, job.Option{Key: key, At: at})
}

// Handlers are what does the jobs. The queue that they are given to must be
// the one that the scheme adds to, or another of the same database.
func (s *Scheme) Handlers() map[job.Kind]job.Handler {
	return map[job.Kind]job.Handler{
		JobDays:      {Do: func(ctx context.Context, _ job.Job) error { _, err := s.Days(ctx); return err }, Timeout: 10 * time.Minute},
		JobFollow:    {Do: s.follow},
		JobLookAt:    {Do: s.follow},
		JobAttest:    {Do: s.attest},
		JobDaily:     {Do: s.recheckAll, Timeout: 10 * time.Minute},
		JobRecheck:   {Do: s.recheck, Timeout: time.Hour},
		JobEnd:       {Do: s.end},
		JobPrune:     {Do: s.prune, Timeout: time.Hour},
		JobDetermine: {Do: s.determine, Timeout: time.Hour},
	}
}

// Start asks for what is done again and again.
func (s *Scheme) Start(ctx context.Context, q *job.Queue) error {
	return s.db.Do(ctx, func(tx *store.Tx) error {
		return errors.Join(q.Every(ctx, tx, JobDays, job.Hourly), q.Every(ctx, tx, JobPrune, job.Daily), q.Every(ctx, tx, JobDaily, job.Daily))
	})
}

func (s *Scheme) follow(ctx context.Context, j job.Job) error {
	var f follow
	if err := json.Unmarshal(j.Args, &f); err != nil {
		return err
	}
	_, err := s.Open(ctx, iotmark.Program(), On{Key: "job " + j.Key}, f.Mark, f.Body)
	if id := registry.ErrorID(err); id == "surveillance-open" || id == "mark-ended" {
		return nil // it is looked at already, or there is nothing left to look at
	}
	return err
}

// attest goes on once the log has the decision of a case.
func (s *Scheme) attest(ctx context.Context, j job.Job) error {
	var id string
	if err := json.Unmarshal(j.Args, &id); err != nil {
		return err
	}
	c, err := s.Case(ctx, iotmark.Program(), id)
	if err != nil {
		return err
	}
	if _, ok := iotmark.MoveCase(c.Kind, c.State, "attest"); !ok {
		return nil
	}
	a, err := s.reg.Attestation(ctx, c.Draft)
	switch {
	case err != nil:
		return err
	case a.Step == registry.Valid:
		_, err = s.act(ctx, iotmark.Program(), On{Case: id}, "attest", deed{then: attested})
	case a.Step == registry.Failed:
		_, err = s.act(ctx, iotmark.Program(), On{Case: id, Reason: string(a.Reason)}, "unattest", deed{})
	default:
		return s.db.Do(ctx, func(tx *store.Tx) error { // not yet: look again
			return s.cfg.Jobs.Add(ctx, tx, JobAttest, id, job.Option{Key: "again " + id, At: s.cfg.Now().Add(attestWait)})
		})
	}
	return err
}

// attested begins the watch over a mark: from the day of the grant.
func attested(m *moment) error {
	if m.c.Kind == iotmark.Amendment {
		return nil
	}
	if m.c.Kind == iotmark.Application {
		b := SurveillanceBody{Cause: ByGrant, Tells: "duties that began with the grant of " + string(m.day)}
		if err := m.enqueue(JobLookAt, "grant "+m.c.Subject, m.now.AddDate(0, 0, m.cfg.Terms.AfterGrant), follow{Mark: m.c.Subject, Body: b, After: m.c.ID}); err != nil {
			return err
		}
	}
	if err := m.untilEnd(); err != nil {
		return err
	}
	return m.nextYear()
}

// nextYear asks for the next yearly look at a mark.
func (m *moment) nextYear() error {
	next := m.now.AddDate(1, 0, 0)
	b := SurveillanceBody{Cause: ByYear, Tells: "the year that ended on " + string(iotmark.DateOf(next))}
	return m.enqueue(JobLookAt, "year "+m.c.Subject, next, follow{Mark: m.c.Subject, Body: b, After: m.c.ID})
}

func init() {
	for _, k := range []iotmark.CaseKind{iotmark.Application, iotmark.Renewal, iotmark.Amendment} {
		carried[deeds{k, "grant"}] = func(m *moment, _ string) error { return m.enqueue(JobAttest, "attest "+m.c.ID, time.Time{}, m.c.ID) }
	}
	upheld := func(cause Cause) func(m *moment, _ string) error {
		return func(m *moment, _ string) error {
			b, err := in[ComplaintBody](*m.c)
			if err != nil || b.Outcome == "rejected" {
				return err
			}
			return m.enqueue(JobFollow, "after "+m.c.ID, time.Time{}, follow{Mark: m.c.Subject, After: m.c.ID,
				Body: SurveillanceBody{Cause: cause, Tells: b.Outcome + ": " + b.Grounds + " (" + m.c.ID + ")"}})
		}
	}
	carried[deeds{iotmark.Complaint, "decide"}] = upheld(ByComplaint)
	carried[deeds{iotmark.Appeal, "decide"}] = upheld(ByAppeal)
}

// Days does what the calendar brings about: reminders, and what lapses or goes
// on without an answer. It returns how many cases it moved or told of.
func (s *Scheme) Days(ctx context.Context) (n int, err error) {
	today := string(s.today())
	for after := ""; ; {
		var ids []string
		if err := s.view(ctx, func(tx *store.Tx) error {
			ids = nil
			return tx.Rows(ctx, func(scan func(...any) error) error {
				var id string
				err := scan(&id)
				ids = append(ids, id)
				return err
			}, `SELECT id FROM matter WHERE remind > '' AND remind <= $1 AND id > $2
				UNION ALL SELECT id FROM matter WHERE remind = '' AND due > '' AND due < $1 AND id > $2 ORDER BY id LIMIT $3`, today, after, dayBatch)
		}); err != nil {
			return n, err
		}
		for _, id := range ids {
			if err := s.dayOf(ctx, id); err != nil && iotmark.KindOf(err) != iotmark.Conflict {
				return n, err
			}
			n++
			after = id
		}
		if len(ids) < dayBatch {
			return n, nil
		}
	}
}

// dayOf tells of a deadline of one case, or does what its end brings about.
func (s *Scheme) dayOf(ctx context.Context, id string) error {
	c, err := s.Case(ctx, iotmark.Program(), id)
	if err != nil {
		return err
	}
	if c.Due != "" && c.Due < s.today() {
		_, err := s.Overdue(ctx, id)
		return err
	}
	_, err = s.act(ctx, iotmark.Program(), On{Case: id, Version: c.Version}, iotmark.ActRemind, deed{then: func(m *moment) error {
		_, remind, _ := m.cfg.Terms.days(m.c.Row().Deadline)
		m.says = map[string]any{"due": m.c.Due, "waits_for": m.c.Row().Waits}
		m.c.Remind = reminder(m.c.Due, m.day, remind)
		return nil
	}})
	return err
}
