package scheme

import (
	"context"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// SurveillanceBody is why a mark is looked at, and what was found.
type SurveillanceBody struct {
	Cause     Cause                 `json:"cause"`
	Tells     string                `json:"tells"`              // what happened, in words
	Criteria  []iotmark.CriterionID `json:"criteria,omitempty"` // that it puts in question
	Private   iotmark.Date          `json:"private,omitempty"`  // a finding that could be exploited is not published before this day
	Questions []Question            `json:"questions,omitempty"`
	Findings  []Published           `json:"findings,omitempty"`
	// Determined is what the program found out about evidence that was handed
	// in for the case.
	Determined *Determination `json:"determined,omitempty"`
}

// Published is a finding of surveillance that the log has.
type Published struct {
	Draft     string              `json:"draft"`
	Criterion iotmark.CriterionID `json:"criterion"`
	Summary   string              `json:"summary"`
}

// Cause is why a mark is looked at.
type Cause string

// The causes (ISO/IEC 17065:2012, 7.9, 7.10; legal musts C-24, C-25).
const (
	ByYear      Cause = "year"      // a year has passed
	ByGrant     Cause = "grant"     // duties that begin with the grant, 60 days after it
	ByDate      Cause = "date"      // a promised date has passed
	ByPage      Cause = "page"      // a page changed or is gone
	ByAdvisory  Cause = "advisory"  // the maker's own warning
	ByWeakness  Cause = "weakness"  // a known weakness in a part
	ByFirmware  Cause = "firmware"  // the maker told of new firmware
	ByOwner     Cause = "owner"     // the maker told of a new owner of itself or of the product
	ByCloud     Cause = "cloud"     // the maker told of another cloud
	ByChange    Cause = "change"    // the maker told of something else
	ByComplaint Cause = "complaint" // a complaint was upheld
	ByMisuse    Cause = "misuse"    // the mark is used as it may not be
	ByAppeal    Cause = "appeal"    // an appeal was upheld
	ByEnd       Cause = "end"       // the mark ends soon, and its renewal takes time
	ByMaker     Cause = "maker"     // the maker gives the mark up
)

// told are the causes that a maker notifies.
var told = []Cause{ByFirmware, ByOwner, ByCloud, ByChange}

// Causes returns all causes.
func Causes() []Cause {
	return []Cause{ByYear, ByGrant, ByDate, ByPage, ByAdvisory, ByWeakness, ByFirmware, ByOwner, ByCloud, ByChange, ByComplaint, ByMisuse, ByAppeal, ByEnd, ByMaker}
}

// onMark makes the case one of a mark that was granted: of its maker, its
// product and its certification body.
func (m *moment) onMark(subject string) error {
	m.c.Subject = subject
	k, ok, err := m.mark()
	if err != nil {
		return err
	}
	if !ok || k.Slot < 0 {
		return missing("mark-unknown", "the log has no mark %.80s that was granted", subject)
	}
	m.c.Maker, m.c.Product, m.c.Certifier = k.Application.Maker, k.Application.Product, k.Application.Body
	return nil
}

// inForce refuses what only a mark that has not ended can have.
func (m *moment) inForce() error {
	k, _, err := m.mark()
	if err == nil && k.State.Ended() {
		err = conflict("mark-ended", "the mark is %s", k.State)
	}
	return err
}

// Open opens a case of surveillance on a mark: a registrar, or the program for
// what it found by itself. One cause that is already looked at is not opened
// again (surveillance-open).
func (s *Scheme) Open(ctx context.Context, by iotmark.Actor, on On, mark string, b SurveillanceBody) (Case, error) {
	return s.surveil(ctx, by, on, "open", mark, b)
}

// Notify is how a maker tells of a change: new firmware of a new major version
// or below the lowest certified, a new owner, another cloud (7.10, and the
// licence).
func (s *Scheme) Notify(ctx context.Context, by iotmark.Actor, on On, mark string, b SurveillanceBody) (Case, error) {
	if !slices.Contains(told, b.Cause) {
		return Case{}, invalid("cause", "cause-wrong", "a maker tells of new firmware, a new owner, another cloud, or another change; not of %q", b.Cause)
	}
	return s.surveil(ctx, by, on, "notify", mark, b)
}

func (s *Scheme) surveil(ctx context.Context, by iotmark.Actor, on On, a iotmark.Act, mark string, b SurveillanceBody) (Case, error) {
	return s.open(ctx, by, on, iotmark.Surveillance, a, deed{
		first: func(m *moment) error { return m.onMark(mark) },
		then: func(m *moment) error {
			if !slices.Contains(Causes(), b.Cause) || b.Tells == "" || len(b.Tells) > 4000 {
				return invalid("cause", "cause-wrong", "a case of surveillance has a cause, and tells in up to 4,000 characters what happened")
			}
			if err := m.inForce(); err != nil {
				return err
			}
			var id string
			same, err := m.tx.Row(m.ctx, []any{&id}, "SELECT id FROM matter WHERE subject = $1 AND kind = $2 AND state NOT IN ('closed') AND about = $3",
				mark, string(iotmark.Surveillance), about(b))
			if err != nil {
				return err
			}
			if same {
				return conflict("surveillance-open", "the case %s looks at this already", id)
			}
			m.c.About = about(b)
			b.Questions, b.Findings = nil, nil
			m.says = b
			return m.c.set(b)
		},
	})
}

// about names a cause, so that it is looked at once.
func about(b SurveillanceBody) string { return string(b.Cause) + ": " + b.Tells }

// Close ends a case of surveillance or of misuse: nothing is left of it.
func (s *Scheme) Close(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "close", deed{of: kinds(iotmark.Surveillance, iotmark.Misuse), first: reasoned, then: func(m *moment) error {
		if m.c.Kind != iotmark.Surveillance {
			return nil
		}
		b, err := in[SurveillanceBody](*m.c)
		if err != nil || b.Cause != ByYear {
			return err
		}
		return m.nextYear()
	}})
}

// Expire goes on without an answer that did not come in time.
func (s *Scheme) Expire(ctx context.Context, on On) (Case, error) {
	return s.act(ctx, iotmark.Program(), on, "expire", deed{then: (*moment).past})
}

// Lapse ends what waited too long for somebody: an application without an
// answer, a domain that was not proven, a suspension that nobody confirmed.
func (s *Scheme) Lapse(ctx context.Context, on On) (Case, error) {
	return s.act(ctx, iotmark.Program(), on, "lapse", deed{then: (*moment).past})
}

// past refuses what a date brings about, before that date.
func (m *moment) past() error {
	if m.c.Due == "" || m.day <= m.c.Due {
		return conflict("not-due", "the case waits until the end of %s", m.c.Due)
	}
	return nil
}

// Publish drafts a finding of surveillance for the log; the assessor signs. One
// that could be exploited waits for the fix, or 90 days, with the maker's
// reply.
func (s *Scheme) Publish(ctx context.Context, by iotmark.Actor, on On, f verify.FindingBody) (Case, error) {
	return s.act(ctx, by, on, "publish", deed{then: func(m *moment) error {
		b, err := in[SurveillanceBody](*m.c)
		if err != nil {
			return err
		}
		if b.Private != "" && m.day < b.Private {
			return conflict("finding-private", "this finding could be used against owners; it is the maker's alone until %s, or until the fix is out", b.Private)
		}
		if err := m.draft(m.c.Subject, f); err != nil {
			return err
		}
		b.Findings = append(b.Findings, Published{Draft: m.c.Draft, Criterion: f.Criterion, Summary: f.Summary})
		return m.c.set(b)
	}})
}

// Fixed ends the time in which a finding is the maker's alone: the fix is out.
func (s *Scheme) Fixed(ctx context.Context, by iotmark.Actor, on On, where string) (Case, error) {
	return s.act(ctx, by, on, iotmark.ActNote, deed{then: func(m *moment) error {
		m.says = map[string]string{"fixed": where}
		if m.c.Kind != iotmark.Surveillance || where == "" {
			return invalid("where", "fix-missing", "say where the fix of this case of surveillance is found")
		}
		return amend(m, func(b *SurveillanceBody) error { b.Private = m.day; return nil })
	}})
}

// reason drafts a decision that has nothing but a reason.
func (s *Scheme) reason(ctx context.Context, by iotmark.Actor, on On, a iotmark.Act, side verify.Role) (Case, error) {
	return s.act(ctx, by, on, a, deed{of: kinds(iotmark.Surveillance), first: reasoned, then: func(m *moment) error {
		return m.draft(m.c.Subject, verify.ReasonBody{By: side, Reason: on.Reason})
	}})
}

// Suspend drafts that the mark may not be used for now. One member of the
// committee suspends; within thirty days others confirm, or it lapses.
func (s *Scheme) Suspend(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.reason(ctx, by, on, "suspend", "")
}

// Confirm drafts that a suspension stays.
func (s *Scheme) Confirm(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.reason(ctx, by, on, "confirm", "")
}

// Restore drafts that the mark may be used again: the committee and the
// assessor sign.
func (s *Scheme) Restore(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.reason(ctx, by, on, "restore", "")
}

// WithdrawMark drafts the end of a mark by the committee, after a suspension
// that was confirmed, and the time to cure what led to it.
func (s *Scheme) WithdrawMark(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "withdraw", deed{of: kinds(iotmark.Surveillance), first: reasoned, then: func(m *moment) error {
		if m.c.Due != "" && m.day <= m.c.Due {
			return conflict("cure-runs", "the maker has until %s to put right what led to the suspension", m.c.Due)
		}
		return m.draft(m.c.Subject, verify.ReasonBody{By: verify.Committee, Reason: on.Reason})
	}})
}

// GiveUp drafts the end of a mark by its maker.
func (s *Scheme) GiveUp(ctx context.Context, by iotmark.Actor, on On, mark string) (Case, error) {
	return s.open(ctx, by, on, iotmark.Surveillance, "give-up", deed{
		first: func(m *moment) error {
			if err := reasoned(m); err != nil {
				return err
			}
			return m.onMark(mark)
		},
		then: func(m *moment) error {
			if err := m.inForce(); err != nil {
				return err
			}
			if err := m.c.set(SurveillanceBody{Cause: ByMaker, Tells: on.Reason}); err != nil {
				return err
			}
			return m.draft(mark, verify.ReasonBody{By: verify.Maker, Reason: on.Reason})
		},
	})
}

// Reduce drafts a smaller scope instead of a suspension (7.11.1): what is named
// is taken out of what the mark speaks about.
func (s *Scheme) Reduce(ctx context.Context, by iotmark.Actor, on On, p verify.ProductTerms) (Case, error) {
	return s.act(ctx, by, on, "reduce", deed{first: reasoned, then: func(m *moment) error {
		k, _, err := m.mark()
		if err != nil {
			return err
		}
		t := *k.TermsInForce
		if !smaller(p, t.Product) {
			return invalid("product", "scope-larger", "a reduction takes something out of the scope; more is an amendment that the maker applies for")
		}
		t.Product = p
		return m.draft(m.c.Subject, t)
	}})
}

// smaller reports whether a scope is a part of another, and smaller.
func smaller(a, b verify.ProductTerms) bool {
	part := func(x, y []string) bool {
		return !slices.ContainsFunc(x, func(s string) bool { return !slices.Contains(y, s) })
	}
	if a.ID != b.ID || a.Model != b.Model || a.Name != b.Name || a.Category != b.Category {
		return false
	}
	if !part(a.GTINs, b.GTINs) || !part(a.Hardware, b.Hardware) || !part(a.Services, b.Services) {
		return false
	}
	return len(a.GTINs) < len(b.GTINs) || len(a.Hardware) < len(b.Hardware) || len(a.Services) < len(b.Services) || a.Software.Min != b.Software.Min
}

// Overdue is what the program does with a case whose day has passed, by its
// state; where there is nothing to do by itself, whoever must act is reminded
// once more, and the case stands out.
func (s *Scheme) Overdue(ctx context.Context, id string) (Case, error) {
	c, err := s.Case(ctx, iotmark.Program(), id)
	if err != nil {
		return c, err
	}
	on := On{Case: id, Version: c.Version}
	for _, a := range []iotmark.Act{"lapse", "expire"} {
		if _, ok := iotmark.MoveCase(c.Kind, c.State, a); ok {
			return s.act(ctx, iotmark.Program(), on, a, deed{then: (*moment).past})
		}
	}
	return s.act(ctx, iotmark.Program(), on, iotmark.ActOverdue, deed{then: func(m *moment) error {
		if err := m.past(); err != nil {
			return err
		}
		m.c.Remind = Day(m.now, 7) // and once a week from now on
		return nil
	}})
}
