package scheme

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// DirectoryID is the id of the one case of the directory.
const DirectoryID = "directory"

// Person is somebody who has a part in the scheme.
type Person struct {
	ID      string `json:"id"`   // a pseudonym such as p1, the same as in the log
	Name    string `json:"name"` // empty once it was erased
	Contact string `json:"contact,omitempty"`
}

var (
	personID = regexp.MustCompile(`^[a-z]{1,8}[0-9]{1,9}$`)
	orgID    = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
)

// Found begins the directory of a scheme that has none, with its owner and the
// first steward. It is the only act for which nobody needs an office.
func (s *Scheme) Found(ctx context.Context, owner Organisation, first Person) (Case, error) {
	if owner.Kind != iotmark.OrgOwner {
		return Case{}, invalid("kind", "organisation-kind", "the first organisation is the owner of the scheme, not a %s", owner.Kind)
	}
	return s.open(ctx, iotmark.Program(), On{}, iotmark.Directory, "found", deed{then: func(m *moment) error {
		m.c.ID = DirectoryID
		m.says = map[string]any{"organisation": owner, "person": first.ID}
		var n int
		if _, err := m.tx.Row(m.ctx, []any{&n}, "SELECT count(*) FROM matter WHERE id = $1", DirectoryID); err != nil {
			return err
		}
		if n > 0 {
			return conflict("founded", "this scheme has an owner and a steward already")
		}
		return errors.Join(m.enrolOrganisation(owner), m.enrolPerson(first), m.appoint(Office{Person: first.ID, Organisation: owner.ID, Role: iotmark.RoleSteward}))
	}})
}

func directory(on On) On { on.Case = DirectoryID; return on }

// EnrolOrganisation brings an organisation in: a steward any but a maker,
// which registers itself.
func (s *Scheme) EnrolOrganisation(ctx context.Context, by iotmark.Actor, on On, o Organisation) (Case, error) {
	return s.act(ctx, by, directory(on), "enrol", deed{then: func(m *moment) error {
		m.says = o
		if m.role != iotmark.RoleSteward {
			return forbidden("role-missing", "a steward brings organisations in")
		}
		if o.Kind == iotmark.OrgMaker {
			return invalid("kind", "organisation-kind", "a maker registers itself, and proves that its domain is its own")
		}
		if o.Kind == iotmark.OrgOwner {
			return invalid("kind", "organisation-kind", "a scheme has one owner")
		}
		return m.enrolOrganisation(o)
	}})
}

func (m *moment) enrolOrganisation(o Organisation) error {
	ok := orgID.MatchString(o.ID)
	if o.Kind == iotmark.OrgMaker {
		ok = verify.IsDomain(o.ID) && o.Domain == o.ID
	}
	switch {
	case !ok || len(o.ID) > 80:
		return invalid("id", "organisation-id", "%.40q is no id of an organisation: small letters, digits and hyphens, and of a maker its domain", o.ID)
	case iotmark.RolesOf(o.Kind) == nil:
		return invalid("kind", "organisation-kind", "there is no kind of organisation %.40q", o.Kind)
	case o.Name == "" || len(o.Name) > 200:
		return invalid("name", "name-missing", "an organisation has a name of up to 200 characters, as it is registered")
	}
	n, err := m.tx.Exec(m.ctx, "INSERT INTO organisation (id, kind, name, domain, size, since) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
		o.ID, string(o.Kind), o.Name, o.Domain, o.Size, m.now.Format(time.RFC3339))
	if err == nil && n == 0 {
		err = conflict("organisation-known", "there is an organisation %s already", o.ID)
	}
	return err
}

// EnrolPerson brings a person in. The name is not in the log and can be erased.
func (s *Scheme) EnrolPerson(ctx context.Context, by iotmark.Actor, on On, p Person) (Case, error) {
	return s.act(ctx, by, directory(on), "enrol", deed{then: func(m *moment) error {
		m.says = map[string]string{"person": p.ID}
		return m.enrolPerson(p)
	}})
}

func (m *moment) enrolPerson(p Person) error {
	if !personID.MatchString(p.ID) {
		return invalid("id", "person-id", "%.40q is no id of a person: some letters and a number, such as p1, the same as in the log", p.ID)
	}
	if p.Name == "" || len(p.Name) > 200 || len(p.Contact) > 200 {
		return invalid("name", "name-missing", "a person has a name of up to 200 characters")
	}
	n, err := m.tx.Exec(m.ctx, "INSERT INTO person (id, name, contact, since) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING", p.ID, p.Name, p.Contact, m.now.Format(time.RFC3339))
	if err == nil && n == 0 {
		err = conflict("person-known", "there is a person %s already", p.ID)
	}
	return err
}

// Appoint gives a person an office: a steward any, a registrar those of his
// own organisation.
func (s *Scheme) Appoint(ctx context.Context, by iotmark.Actor, on On, o Office) (Case, error) {
	return s.act(ctx, by, directory(on), "appoint", deed{then: func(m *moment) error {
		m.says = o
		if err := m.ownOrganisation(o.Organisation); err != nil {
			return err
		}
		if o.Person == by.Person && m.role != iotmark.RoleSteward {
			return forbidden("own-office", "nobody gives himself an office")
		}
		return m.appoint(o)
	}})
}

func (m *moment) ownOrganisation(id string) error {
	if m.role == iotmark.RoleRegistrar && id != m.by.Organisation {
		return forbidden("other-body", "a registrar of %s says nothing about people of %s", m.by.Organisation, id)
	}
	return nil
}

func (m *moment) appoint(o Office) error {
	var kind string
	ok, err := m.tx.Row(m.ctx, []any{&kind}, "SELECT kind FROM organisation WHERE id = $1", o.Organisation)
	if err != nil {
		return err
	}
	if !ok {
		return missing("organisation-unknown", "there is no organisation %.40q", o.Organisation)
	}
	if !slices.Contains(iotmark.RolesOf(iotmark.OrganisationKind(kind)), o.Role) {
		return invalid("role", "role-wrong", "%s is a %s; its people can be %s", o.Organisation, kind, roles(iotmark.RolesOf(iotmark.OrganisationKind(kind))))
	}
	if err := m.isDay(o.Until); err != nil {
		return err
	}
	if err := m.known(o.Person); err != nil {
		return err
	}
	p, err := loadPerson(m.ctx, m.tx, o.Person)
	if err != nil {
		return err
	}
	// Who owns the scheme certifies nothing, and who makes products judges none.
	apart := map[iotmark.OrganisationKind][]iotmark.OrganisationKind{
		iotmark.OrgOwner:      {iotmark.OrgMaker, iotmark.OrgBody, iotmark.OrgLaboratory},
		iotmark.OrgMaker:      {iotmark.OrgOwner},
		iotmark.OrgBody:       {iotmark.OrgOwner},
		iotmark.OrgLaboratory: {iotmark.OrgOwner},
	}
	for _, k := range apart[iotmark.OrganisationKind(kind)] {
		if p.of(k, m.day) {
			return forbidden("owner-certifies", "%s has an office at a %s; the owner of the scheme, and whoever applies or certifies, are different people", o.Person, k)
		}
	}
	_, err = m.tx.Exec(m.ctx, "INSERT INTO office (person, organisation, role, until_day) VALUES ($1, $2, $3, $4) ON CONFLICT (person, organisation, role) DO UPDATE SET until_day = excluded.until_day",
		o.Person, o.Organisation, string(o.Role), string(o.Until))
	return err
}

// isDay refuses what is no day.
func (m *moment) isDay(d iotmark.Date) error {
	if d == "" {
		return nil
	}
	if _, err := iotmark.ParseDate(string(d)); err != nil {
		return invalid("until", "date-wrong", "%.40q is no date; write year-month-day", d)
	}
	return nil
}

func (m *moment) known(id string) error {
	var n int
	_, err := m.tx.Row(m.ctx, []any{&n}, "SELECT count(*) FROM person WHERE id = $1", id)
	if err == nil && n == 0 {
		err = missing("person-unknown", "there is no person %.40q", id)
	}
	return err
}

// Dismiss ends an office today. What was done under it stands.
func (s *Scheme) Dismiss(ctx context.Context, by iotmark.Actor, on On, o Office) (Case, error) {
	return s.act(ctx, by, directory(on), "dismiss", deed{first: reasoned, then: func(m *moment) error {
		m.says = o
		if err := m.ownOrganisation(o.Organisation); err != nil {
			return err
		}
		yesterday := iotmark.DateOf(m.day.Time().AddDate(0, 0, -1))
		n, err := m.tx.Exec(m.ctx, "UPDATE office SET until_day = $1 WHERE person = $2 AND organisation = $3 AND role = $4 AND (until_day = '' OR until_day > $1)",
			string(yesterday), o.Person, o.Organisation, string(o.Role))
		if err == nil && n == 0 {
			err = missing("office-unknown", "%.40s has no such office that is in force", o.Person)
		}
		return err
	}})
}

// Competence is what a person has shown that he can judge.
type Competence struct {
	Person string       `json:"person"`
	Area   string       `json:"area"`  // id of a competence of the methods
	Shown  string       `json:"shown"` // training, or work that was witnessed, with its date
	Until  iotmark.Date `json:"until"` // last day
}

// Qualify keeps a competence that was shown (ISO/IEC 17065:2012, 6.1.2).
func (s *Scheme) Qualify(ctx context.Context, by iotmark.Actor, on On, q Competence) (Case, error) {
	return s.act(ctx, by, directory(on), "qualify", deed{then: func(m *moment) error {
		m.says = q
		if q.Person == by.Person {
			return forbidden("own-competence", "nobody says of himself that he is competent")
		}
		if q.Area == "" || q.Shown == "" || q.Until == "" {
			return invalid("competence", "competence-incomplete", "a competence has an area, what shows it, and a last day")
		}
		if err := errors.Join(m.isDay(q.Until), m.known(q.Person), m.lasts(q)); err != nil {
			return err
		}
		_, err := m.tx.Exec(m.ctx, "INSERT INTO competence (person, area, shown, until_day) VALUES ($1, $2, $3, $4) ON CONFLICT (person, area) DO UPDATE SET shown = excluded.shown, until_day = excluded.until_day",
			q.Person, q.Area, q.Shown, string(q.Until))
		return err
	}})
}

// lasts holds a competence to those that the methods know, and to how long it
// is good for without being shown again.
func (m *moment) lasts(q Competence) error {
	if err := m.cfg.Catalogue.LoadMethods(); err != nil {
		return err
	}
	for _, c := range m.cfg.Catalogue.Competences {
		if string(c.ID) != q.Area {
			continue
		}
		if last := iotmark.DateOf(m.day.Time().AddDate(0, c.Months, 0)); q.Until > last {
			return invalid("until", "competence-long", "%s must be shown again after %d months, so it lasts until %s at most", c.Name, c.Months, last)
		}
		return nil
	}
	return invalid("area", "competence-unknown", "no method asks for a competence %.40q; iotmark catalogue method lists them", q.Area)
}

// Declare keeps an interest that the actor himself has in an organisation. It
// is never deleted; it ends.
func (s *Scheme) Declare(ctx context.Context, by iotmark.Actor, on On, i Interest) (Case, error) {
	return s.act(ctx, by, directory(on), "declare", deed{then: func(m *moment) error {
		i.ID, i.Person = m.id(), by.Person
		m.says = i
		if i.Organisation == "" || i.What == "" || i.From == "" || len(i.What) > 500 {
			return invalid("interest", "interest-incomplete", "an interest is in an organisation, is told in up to 500 characters, and begins on a day")
		}
		if err := errors.Join(m.isDay(i.From), m.isDay(i.To)); err != nil {
			return err
		}
		_, err := m.tx.Exec(m.ctx, "INSERT INTO interest (id, person, organisation, what, from_day, to_day) VALUES ($1, $2, $3, $4, $5, $6)", i.ID, i.Person, i.Organisation, i.What, string(i.From), string(i.To))
		return err
	}})
}

// Erase forgets the name and contact of a person who has no office any more.
// The pseudonym, and what was done under it, stay.
func (s *Scheme) Erase(ctx context.Context, by iotmark.Actor, on On, id string) (Case, error) {
	return s.act(ctx, by, directory(on), "erase", deed{first: reasoned, then: func(m *moment) error {
		m.says = map[string]string{"person": id}
		p, err := loadPerson(m.ctx, m.tx, id)
		if err != nil {
			return err
		}
		for _, o := range p.offices {
			if o.Until == "" || m.day <= o.Until {
				return conflict("office-held", "%s is %s at %s; an office ends first", id, o.Role, o.Organisation)
			}
		}
		n, err := m.tx.Exec(m.ctx, "UPDATE person SET name = '', contact = '', erased = $1 WHERE id = $2", string(m.day), id)
		if err == nil && n == 0 {
			err = missing("person-unknown", "there is no person %.40q", id)
		}
		return err
	}})
}

// Vacant returns the roles that nobody fills today, which iotmark doctor tells.
func (s *Scheme) Vacant(ctx context.Context) (out []iotmark.Role, err error) {
	day := s.today()
	err = s.view(ctx, func(tx *store.Tx) error {
		out = nil
		for _, r := range iotmark.Roles() {
			if r == iotmark.RoleProgram || r == iotmark.RoleReporter || r == iotmark.RoleApplicant {
				continue
			}
			var n int
			if _, err := tx.Row(ctx, []any{&n}, "SELECT count(*) FROM office WHERE role = $1 AND (until_day = '' OR until_day >= $2)", string(r), string(day)); err != nil {
				return err
			}
			if n == 0 {
				out = append(out, r)
			}
		}
		return nil
	})
	return out, err
}
