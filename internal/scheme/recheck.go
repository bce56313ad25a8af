package scheme

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// The jobs of the daily look.
const (
	JobDaily   job.Kind = "case.daily"   // once a day: a new look at every mark
	JobRecheck job.Kind = "case.recheck" // at one
)

// recheckAll asks, once a day, for a new look at every mark that is in force.
func (s *Scheme) recheckAll(ctx context.Context, _ job.Job) error {
	for after := ""; ; {
		n := 0
		err := s.db.Do(ctx, func(tx *store.Tx) error {
			var subjects []string
			if err := tx.Rows(ctx, func(scan func(...any) error) error {
				var subject string
				err := scan(&subject)
				subjects = append(subjects, subject)
				return err
			}, "SELECT subject FROM mark WHERE state = $1 AND subject > $2 ORDER BY subject LIMIT $3", string(iotmark.MarkValid), after, dayBatch); err != nil {
				return err
			}
			for _, subject := range subjects {
				if err := s.cfg.Jobs.Add(ctx, tx, JobRecheck, subject, job.Option{Key: subject}); err != nil {
					return err
				}
			}
			if n = len(subjects); n > 0 {
				after = subjects[n-1]
			}
			return nil
		})
		if err != nil || n < dayBatch {
			return err
		}
	}
}

// recheck is the job for one mark.
func (s *Scheme) recheck(ctx context.Context, j job.Job) error {
	var subject string
	if err := json.Unmarshal(j.Args, &subject); err != nil {
		return err
	}
	_, err := s.Recheck(ctx, subject)
	return err
}

// Recheck determines again what the evidence of a mark shows, as of today: a
// promise has run out, a certificate, a test report; an advisory or a page that
// was handed in is too old. What counted when the mark was given and does not
// any more opens a case of surveillance, once. It returns those criteria.
//
// It looks at what was handed in. What has changed at the maker's own pages and
// hosts, it does not see.
func (s *Scheme) Recheck(ctx context.Context, subject string) ([]iotmark.CriterionID, error) {
	var id string
	var last *Determination
	err := s.view(ctx, func(tx *store.Tx) error {
		var body []byte
		ok, err := tx.Row(ctx, []any{&id, &body}, "SELECT id, body FROM matter WHERE subject = $1 AND kind IN ($2, $3, $4) AND state IN ('granted', 'attested') ORDER BY id DESC LIMIT 1",
			subject, string(iotmark.Application), string(iotmark.Renewal), string(iotmark.Amendment))
		if err != nil || !ok {
			return err
		}
		var b struct{ Determined *Determination }
		err = json.Unmarshal(body, &b)
		last = b.Determined
		return err
	})
	if err != nil || last == nil {
		return nil, err
	}
	before, err := s.assessment(ctx, iotmark.Program().Person, id, last)
	if err != nil {
		return nil, err
	}
	l, err := s.look(ctx, id)
	if err != nil {
		return nil, err
	}
	after, err := s.cfg.Determine(ctx, determine.Input{Catalogue: s.cfg.Catalogue, Dossier: l.dossier, AsOf: s.today(), Limits: evidence.DefaultLimits(), Confined: s.cfg.Confined})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(l.failed, unstarted(after)); err != nil {
		return nil, err
	}
	lost := fell(before, after)
	if len(lost) == 0 {
		return nil, nil
	}
	b := SurveillanceBody{Cause: ByDate, Criteria: lost, Tells: "what was handed in does not carry any more: " + ids(lost)}
	return lost, s.db.Do(ctx, func(tx *store.Tx) error {
		m := &moment{Scheme: s, ctx: ctx, tx: tx, by: iotmark.Program(), now: s.now(), day: s.today()}
		var n int
		// What somebody has looked at and closed is not opened again every day.
		if _, err := tx.Row(ctx, []any{&n}, "SELECT count(*) FROM matter WHERE subject = $1 AND kind = $2 AND about = $3 AND id > $4", subject, string(iotmark.Surveillance), about(b), id); err != nil || n > 0 {
			return err
		}
		return m.enqueue(JobFollow, "date "+subject, time.Time{}, follow{Mark: subject, Body: b, After: id})
	})
}

// fell are the musts that conformed in one assessment and do not in a later
// one, or are less well known than they must be.
func fell(before, after iotmark.Assessment) (out []iotmark.CriterionID) {
	now := map[iotmark.CriterionID]iotmark.Conclusion{}
	for _, c := range after.Conclusions {
		now[c.Criterion] = c
	}
	for _, c := range before.Conclusions {
		n, ok := now[c.Criterion]
		if ok && c.Level == iotmark.Must && c.Verdict == iotmark.Conforms && (n.Verdict != iotmark.Conforms || n.Assurance < c.Assurance) {
			out = append(out, c.Criterion)
		}
	}
	slices.Sort(out)
	return out
}
