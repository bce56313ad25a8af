package scheme

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// Case is something with a beginning, a state, people and an end.
type Case struct {
	ID        string            `json:"id"`
	Kind      iotmark.CaseKind  `json:"kind"`
	State     iotmark.CaseState `json:"state"`
	Version   int64             `json:"version"`             // grows with each act
	Subject   string            `json:"subject,omitempty"`   // URN of the mark, maker, organisation or edition
	Maker     string            `json:"maker,omitempty"`     // domain
	Product   string            `json:"product,omitempty"`   // id, at the maker
	Certifier string            `json:"certifier,omitempty"` // organisation that runs the case
	About     string            `json:"about,omitempty"`     // the case that this one follows from or is against
	Draft     string            `json:"draft,omitempty"`     // what waits for signatures
	Opened    string            `json:"opened"`              // RFC 3339
	Moved     string            `json:"moved"`               // when its state last changed
	Due       iotmark.Date      `json:"due,omitempty"`       // last day for whoever must act
	Remind    iotmark.Date      `json:"remind,omitempty"`
	Clock     string            `json:"clock,omitempty"`     // the deadline that stands still meanwhile
	DaysLeft  int               `json:"days_left,omitempty"` // of it
	Body      json.RawMessage   `json:"body"`                // by kind
}

// Row is what its state means.
func (c Case) Row() iotmark.CaseStateRow {
	r, _ := iotmark.StateOf(c.Kind, c.State)
	return r
}

const caseColumns = `id, kind, state, version, subject, maker, product, certifier, about, draft, opened, moved, due, remind, clock, days_left, body`

func (c *Case) dest() []any {
	return []any{&c.ID, (*string)(&c.Kind), (*string)(&c.State), &c.Version, &c.Subject, &c.Maker, &c.Product, &c.Certifier, &c.About, &c.Draft,
		&c.Opened, &c.Moved, (*string)(&c.Due), (*string)(&c.Remind), &c.Clock, &c.DaysLeft, (*[]byte)(&c.Body)}
}

func loadCase(ctx context.Context, tx *store.Tx, id string) (c Case, err error) {
	ok, err := tx.Row(ctx, c.dest(), "SELECT "+caseColumns+" FROM matter WHERE id = $1", id)
	if err == nil && !ok {
		err = missing("case-unknown", "there is no case %.40q", id)
	}
	return c, err
}

// save writes a case that an act has changed. The version makes two acts on
// the same state one winner and one who is told.
func (c *Case) save(ctx context.Context, tx *store.Tx) error {
	before := c.Version
	c.Version++
	args := []any{c.ID, string(c.Kind), string(c.State), c.Version, c.Subject, c.Maker, c.Product, c.Certifier, c.About, c.Draft,
		c.Opened, c.Moved, string(c.Due), string(c.Remind), c.Clock, c.DaysLeft, string(c.Body)}
	if before == 0 {
		_, err := tx.Exec(ctx, "INSERT INTO matter ("+caseColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)", args...)
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE matter SET kind = $2, state = $3, version = $4, subject = $5, maker = $6, product = $7, certifier = $8, about = $9, draft = $10,
		opened = $11, moved = $12, due = $13, remind = $14, clock = $15, days_left = $16, body = $17 WHERE id = $1 AND version = $18`, append(args, before)...)
	if err == nil && n == 0 {
		err = moved(c.ID)
	}
	return err
}

func moved(id string) error {
	return conflict("case-moved", "the case %s has moved on since you looked at it; look again", id)
}

// to puts the case in a state, and sets the clocks: what the state before left
// of its time is kept while the other side must act.
func (c *Case) to(state iotmark.CaseState, terms Terms, now time.Time) {
	if state == c.State {
		return
	}
	today := iotmark.DateOf(now)
	before := c.Row()
	left := 0
	if c.Due != "" {
		left = max(0, int(c.Due.Time().Sub(today.Time()).Hours()/24))
	}
	c.State, c.Moved = state, now.Format(time.RFC3339)
	after := c.Row()
	days, remind, timed := terms.days(after.Deadline)
	switch {
	case after.Stops && !before.Stops && before.Deadline != "":
		c.Clock, c.DaysLeft = before.Deadline, left
	case before.Stops && after.Deadline == c.Clock && c.Clock != "":
		days, c.Clock, c.DaysLeft = c.DaysLeft, "", 0
	case !after.Stops && after.Deadline != "":
		c.Clock, c.DaysLeft = "", 0
	}
	c.Due, c.Remind = "", ""
	if timed && after.Deadline != "" {
		c.Due = Day(now, days)
		c.Remind = reminder(c.Due, today, remind)
	}
}

// reminder is the next day on which a deadline is told, and empty when there
// is none left. before are days before the deadline, most first.
func reminder(due, today iotmark.Date, before []int) iotmark.Date {
	for _, n := range before {
		if d := Day(due.Time(), -n); d > today {
			return d
		}
	}
	return ""
}

// in decodes what a kind of case keeps beside its columns.
func in[T any](c Case) (b T, err error) {
	err = json.Unmarshal(c.Body, &b)
	return b, err
}

// set encodes it again.
func (c *Case) set(b any) error {
	j, err := json.Marshal(b)
	c.Body = j
	return err
}

// seen loads a case for somebody who may see it.
func (s *Scheme) seen(ctx context.Context, tx *store.Tx, by iotmark.Actor, id string) (Case, error) {
	c, err := loadCase(ctx, tx, id)
	if err != nil {
		return Case{}, err
	}
	return c, s.maySee(ctx, tx, by, c)
}

// Case returns a case to somebody who may see it.
func (s *Scheme) Case(ctx context.Context, by iotmark.Actor, id string) (c Case, err error) {
	err = s.view(ctx, func(tx *store.Tx) error {
		c, err = s.seen(ctx, tx, by, id)
		return err
	})
	return c, err
}

// amend changes a part of what a kind of case keeps, and leaves the rest.
func amend[T any](m *moment, do func(*T) error) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(m.c.Body, &all); err != nil {
		return err
	}
	var b T
	if err := json.Unmarshal(m.c.Body, &b); err != nil {
		return err
	}
	if err := do(&b); err != nil {
		return err
	}
	j, err := json.Marshal(b)
	if err != nil {
		return err
	}
	var own map[string]json.RawMessage
	if err := json.Unmarshal(j, &own); err != nil {
		return err
	}
	maps.Copy(all, own)
	return m.c.set(all)
}

// Filter chooses cases; what is empty chooses all.
type Filter struct {
	Kind    iotmark.CaseKind
	State   iotmark.CaseState
	Subject string
	Maker   string
	Person  string // who has a part
	After   string // id: those after it in their order, for the next page
	Limit   int    // 100 when 0, 1,000 at most
}

// Cases lists cases by their ids, oldest first: those that the actor may see.
// An observer sees all, a registrar those of his body, an applicant those of
// his maker, everybody else those in which he has a part.
func (s *Scheme) Cases(ctx context.Context, by iotmark.Actor, f Filter) (out []Case, err error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, 1000)
	err = s.view(ctx, func(tx *store.Tx) error {
		out = nil
		p, err := loadPerson(ctx, tx, by.Person)
		if err != nil {
			return err
		}
		day := s.today()
		query, args := "SELECT "+caseColumns+" FROM matter WHERE id > $1", []any{f.After}
		also := func(clause string, arg string) {
			args = append(args, arg)
			query += fmt.Sprintf(" AND "+clause, len(args))
		}
		for _, c := range []struct{ clause, arg string }{
			{"kind = $%d", string(f.Kind)}, {"state = $%d", string(f.State)}, {"subject = $%d", f.Subject}, {"maker = $%d", f.Maker},
			{"id IN (SELECT matter FROM part WHERE person = $%d)", f.Person},
		} {
			if c.arg != "" {
				also(c.clause, c.arg)
			}
		}
		switch {
		case by == iotmark.Program(), p.has(iotmark.RoleObserver, by.Organisation, day):
		case p.has(iotmark.RoleRegistrar, by.Organisation, day):
			also("certifier IN ('', $%d)", by.Organisation)
		case p.has(iotmark.RoleApplicant, by.Organisation, day):
			also("maker = $%d", by.Organisation)
		default:
			also("id IN (SELECT matter FROM part WHERE person = $%d)", by.Person)
		}
		args = append(args, limit)
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var c Case
			err := scan(c.dest()...)
			out = append(out, c)
			return err
		}, query+fmt.Sprintf(" ORDER BY id LIMIT $%d", len(args)), args...)
	})
	return out, err
}
