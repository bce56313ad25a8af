package scheme

import (
	"context"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// Organisation is one that has a part in the scheme.
type Organisation struct {
	ID     string                   `json:"id"` // as in the log; of a maker its domain
	Kind   iotmark.OrganisationKind `json:"kind"`
	Name   string                   `json:"name"`
	Domain string                   `json:"domain,omitempty"`
	Size   string                   `json:"size,omitempty"` // class of the fee table
}

// Office is what a person may do for an organisation.
type Office struct {
	Person       string       `json:"person"`
	Organisation string       `json:"organisation"`
	Role         iotmark.Role `json:"role"`
	Until        iotmark.Date `json:"until,omitempty"` // last day; empty: no end is known
}

// Interest is what ties a person to an organisation beside an office.
type Interest struct {
	ID           string       `json:"id"`
	Person       string       `json:"person"`
	Organisation string       `json:"organisation"`
	What         string       `json:"what"` // owner, staff, consultant, supplier, family, or in words
	From         iotmark.Date `json:"from"`
	To           iotmark.Date `json:"to,omitempty"` // empty: it goes on
}

// person is who acts, as the database knows him today.
type person struct {
	offices []Office
	kinds   map[string]iotmark.OrganisationKind // of the organisations of the offices
}

// has reports whether the person has an office that is in force on a day.
func (p *person) has(role iotmark.Role, organisation string, day iotmark.Date) bool {
	return slices.ContainsFunc(p.offices, func(o Office) bool {
		return o.Role == role && o.Organisation == organisation && (o.Until == "" || day <= o.Until)
	})
}

// of reports whether the person has any office in an organisation of a kind.
func (p *person) of(k iotmark.OrganisationKind, day iotmark.Date) bool {
	return slices.ContainsFunc(p.offices, func(o Office) bool {
		return p.kinds[o.Organisation] == k && (o.Until == "" || day <= o.Until)
	})
}

func loadPerson(ctx context.Context, tx *store.Tx, id string) (*person, error) {
	p := &person{kinds: map[string]iotmark.OrganisationKind{}}
	err := tx.Rows(ctx, func(scan func(...any) error) error {
		o := Office{Person: id}
		var kind string
		err := scan(&o.Organisation, (*string)(&o.Role), (*string)(&o.Until), &kind)
		p.offices = append(p.offices, o)
		p.kinds[o.Organisation] = iotmark.OrganisationKind(kind)
		return err
	}, `SELECT o.organisation, o.role, o.until_day, g.kind FROM office o JOIN organisation g ON g.id = o.organisation WHERE o.person = $1 ORDER BY o.organisation, o.role`, id)
	return p, err
}

// who is the person that acts.
func (m *moment) who() (*person, error) {
	if m.person == nil {
		p, err := loadPerson(m.ctx, m.tx, m.by.Person)
		if err != nil {
			return nil, err
		}
		m.person = p
	}
	return m.person, nil
}

// Part is what a person has to do in a case.
type Part struct {
	Person       string       `json:"person"`
	Role         iotmark.Role `json:"role"`
	Organisation string       `json:"organisation"`
	Since        string       `json:"since"`
}

func parts(ctx context.Context, tx *store.Tx, id string) (out []Part, err error) {
	err = tx.Rows(ctx, func(scan func(...any) error) error {
		var p Part
		err := scan(&p.Person, (*string)(&p.Role), &p.Organisation, &p.Since)
		out = append(out, p)
		return err
	}, "SELECT person, role, organisation, since FROM part WHERE matter = $1 ORDER BY role, person", id)
	return out, err
}

// interested says what ties a person to an organisation, or did within the
// scheme's time: an office there, or an interest that was declared.
func interested(ctx context.Context, tx *store.Tx, id, organisation string, day iotmark.Date, days int) (string, error) {
	since := string(iotmark.DateOf(day.Time().AddDate(0, 0, -days)))
	var what string
	ok, err := tx.Row(ctx, []any{&what}, "SELECT role FROM office WHERE person = $1 AND organisation = $2 AND (until_day = '' OR until_day >= $3) LIMIT 1", id, organisation, since)
	if err != nil || ok {
		return "office of " + what, err
	}
	ok, err = tx.Row(ctx, []any{&what}, "SELECT what FROM interest WHERE person = $1 AND organisation = $2 AND (to_day = '' OR to_day >= $3) LIMIT 1", id, organisation, since)
	if err != nil || !ok {
		return "", err
	}
	return what, nil
}

// list writes a, b and c.
func list(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}
