package scheme

import (
	"context"
	"slices"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// ComplaintBody is a complaint about a mark, an appeal against a decision, or a
// report of misuse.
type ComplaintBody struct {
	Grounds   string         `json:"grounds"`           // that go into the log; no names
	Tells     string         `json:"tells,omitempty"`   // all of it, for the case only
	Against   iotmark.Digest `json:"against,omitempty"` // leaf of the decision that is appealed
	Where     string         `json:"where,omitempty"`   // of a misuse: the address of a page or shop
	Letter    string         `json:"letter,omitempty"`  // of a misuse: what was written to whoever does it
	Questions []Question     `json:"questions,omitempty"`
	Outcome   string         `json:"outcome,omitempty"` // upheld, partly-upheld, rejected
	Code      string         `json:"code,omitempty"`    // of the mark that is misused, where there is one
}

// check holds the parts that everybody gives to their bounds.
func (b ComplaintBody) check() error {
	if b.Grounds == "" || len(b.Grounds) > 1000 || len(b.Tells) > 20000 {
		return invalid("grounds", "grounds-missing", "say in 1 to 1,000 characters what it is about, and where needed in up to 20,000 more")
	}
	return nil
}

// Complain complains about a mark: anybody, through a registrar or with an
// office as reporter (ISO/IEC 17065:2012, 7.13).
func (s *Scheme) Complain(ctx context.Context, by iotmark.Actor, on On, mark string, b ComplaintBody) (Case, error) {
	return s.open(ctx, by, on, iotmark.Complaint, "complain", deed{
		first: func(m *moment) error { return m.onMark(mark) },
		then:  func(m *moment) error { return m.take(b) },
	})
}

// take keeps what somebody brought, and makes him a party of the case.
func (m *moment) take(b ComplaintBody) error {
	if err := b.check(); err != nil {
		return err
	}
	b.Questions, b.Outcome, b.Letter = nil, "", ""
	m.says = b
	if m.role == iotmark.RoleReporter {
		if _, err := m.tx.Exec(m.ctx, "INSERT INTO part (matter, person, role, organisation, since) VALUES ($1, $2, $3, $4, $5)",
			m.c.ID, m.by.Person, string(m.role), m.by.Organisation, m.c.Opened); err != nil {
			return err
		}
	}
	return m.c.set(b)
}

// DismissComplaint ends a complaint that is none: it is about no mark, or no duty of
// the maker.
func (s *Scheme) DismissComplaint(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "dismiss", deed{of: kinds(iotmark.Complaint), first: reasoned})
}

// AdmitComplaint takes a complaint in; from now on the log has it, by its
// grounds and without names.
func (s *Scheme) AdmitComplaint(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "admit", deed{of: kinds(iotmark.Complaint), then: func(m *moment) error {
		b, err := in[ComplaintBody](*m.c)
		if err != nil {
			return err
		}
		return m.draft(m.c.Subject, verify.CaseBody{Case: m.c.ID, Grounds: b.Grounds})
	}})
}

// Outcome drafts the outcome of a complaint or an appeal: upheld,
// partly-upheld, rejected. Committee or panel sign. What is upheld is followed
// by a case of surveillance.
func (s *Scheme) Outcome(ctx context.Context, by iotmark.Actor, on On, outcome string) (Case, error) {
	return s.act(ctx, by, on, "decide", deed{first: reasoned, then: func(m *moment) error {
		if !slices.Contains([]string{"upheld", "partly-upheld", "rejected"}, outcome) {
			return invalid("outcome", "outcome-wrong", "an outcome is upheld, partly-upheld or rejected, not %.20q", outcome)
		}
		if err := amend(m, func(b *ComplaintBody) error { b.Outcome = outcome; return nil }); err != nil {
			return err
		}
		return m.draft(m.c.Subject, verify.OutcomeBody{Case: m.c.ID, Outcome: outcome, Reason: on.Reason})
	}})
}

// Appeal appeals against a decision on a mark of one's own, named by the leaf
// of its entry. The maker signs, and the log has it.
func (s *Scheme) Appeal(ctx context.Context, by iotmark.Actor, on On, mark string, b ComplaintBody) (Case, error) {
	return s.open(ctx, by, on, iotmark.Appeal, "appeal", deed{
		first: func(m *moment) error {
			m.c.Subject = mark
			k, ok, err := m.mark()
			if err != nil {
				return err
			}
			if !ok {
				return missing("mark-unknown", "the log has no application or mark %.80s", mark)
			}
			m.c.Maker, m.c.Product, m.c.Certifier = k.Application.Maker, k.Application.Product, k.Application.Body
			return nil
		},
		then: func(m *moment) error {
			if err := m.take(b); err != nil {
				return err
			}
			return m.draft(mark, verify.CaseBody{Against: b.Against, Case: m.c.ID, Grounds: b.Grounds})
		},
	})
}

// Hear begins the hearing of an appeal, once its panel is complete.
func (s *Scheme) Hear(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "hear", deed{then: func(m *moment) error {
		var n int
		if _, err := m.tx.Row(m.ctx, []any{&n}, "SELECT count(*) FROM part WHERE matter = $1 AND role = $2", m.c.ID, string(iotmark.RolePanel)); err != nil {
			return err
		}
		if n < m.cfg.Terms.Panel {
			return conflict("panel-short", "the panel has %d of %d members; assign the others", n, m.cfg.Terms.Panel)
		}
		return nil
	}})
}

// Report reports a misuse of the mark or its artwork (ISO/IEC 17065:2012,
// 4.1.3). mark is empty where it is one that does not exist.
func (s *Scheme) Report(ctx context.Context, by iotmark.Actor, on On, certifier, mark string, b ComplaintBody) (Case, error) {
	return s.open(ctx, by, on, iotmark.Misuse, "report", deed{
		first: func(m *moment) error {
			if mark != "" {
				return m.onMark(mark)
			}
			m.c.Certifier = certifier
			return nil
		},
		then: func(m *moment) error { return m.take(b) },
	})
}

// Warn writes to whoever misuses the mark; he has a time to stop.
func (s *Scheme) Warn(ctx context.Context, by iotmark.Actor, on On, letter string) (Case, error) {
	return s.act(ctx, by, on, "warn", deed{then: func(m *moment) error {
		if letter == "" || len(letter) > 20000 {
			return invalid("letter", "letter-missing", "a warning is a letter of 1 to 20,000 characters")
		}
		m.says = map[string]string{"letter": letter}
		return amend(m, func(b *ComplaintBody) error { b.Letter = letter; return nil })
	}})
}

// Pursue ends the report of a misuse by a holder of the mark: a case of
// surveillance follows, or where there is no such mark, what the law gives.
func (s *Scheme) Pursue(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "pursue", deed{first: reasoned, then: func(m *moment) error {
		b, err := in[ComplaintBody](*m.c)
		if err != nil || m.c.Subject == "" {
			return err
		}
		return m.enqueue(JobFollow, "after "+m.c.ID, time.Time{}, follow{Mark: m.c.Subject, After: m.c.ID,
			Body: SurveillanceBody{Cause: ByMisuse, Tells: b.Grounds + " (" + m.c.ID + ")"}})
	}})
}
