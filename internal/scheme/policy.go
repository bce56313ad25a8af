package scheme

import (
	"context"
	"fmt"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// certifying are the kinds of cases in which a product is judged.
var certifying = []iotmark.CaseKind{iotmark.Application, iotmark.Renewal, iotmark.Amendment, iotmark.Surveillance, iotmark.Complaint, iotmark.Appeal}

// judging are the roles that must stand apart from the maker.
var judging = []iotmark.Role{iotmark.RoleRegistrar, iotmark.RoleAssessor, iotmark.RoleTester, iotmark.RoleReviewer, iotmark.RoleCommittee, iotmark.RolePanel}

// sided are the roles that stand on a side of a case. Taking in is on none.
var sided = []iotmark.Role{iotmark.RoleApplicant, iotmark.RoleAssessor, iotmark.RoleTester, iotmark.RoleReviewer, iotmark.RoleCommittee, iotmark.RolePanel}

//go:generate go test . -run TestDocs -update

// Bar is one row of the table of who may not do what. It stands in the way of
// an act where its kinds and roles fit, and its test says so.
type Bar struct {
	ID     iotmark.ErrorID
	Kinds  []iotmark.CaseKind // nil: all
	Roles  []iotmark.Role     // nil: all but the program
	Acts   []iotmark.Act      // nil: all
	When   string             // in words, for the reference
	Source string
	stands func(*moment) (why string, err error)
}

// bars is the table. The first that stands is told.
var bars = []Bar{
	{"other-maker", nil, []iotmark.Role{iotmark.RoleApplicant}, nil,
		"an applicant acts in a case of another maker", "ISO/IEC 17065:2012, 4.5", otherMaker},
	{"other-body", nil, []iotmark.Role{iotmark.RoleRegistrar, iotmark.RoleReviewer}, nil,
		"somebody of one certification body acts in a case of another", "ISO/IEC 17065:2012, 4.5", otherBody},
	{"owner-certifies", certifying, judging, nil,
		"somebody who has an office at the owner of the scheme judges a product", "Directive (EU) 2024/825, annex, 2a; legal musts C-10", ownerCertifies},
	{"not-assigned", certifying, []iotmark.Role{iotmark.RoleAssessor, iotmark.RoleTester, iotmark.RoleReviewer, iotmark.RoleCommittee, iotmark.RolePanel}, nil,
		"somebody acts in a case in which he has no part", "ISO/IEC 17065:2012, 7.3.1", notAssigned},
	{"two-sides", certifying, sided, nil,
		"one person stands on two sides of a case: taking in aside, who evaluates does not review, and who evaluates or reviews does not decide", "ISO/IEC 17065:2012, 7.5.1, 7.6.2", twoSides},
	{"interest", certifying, judging, nil,
		"somebody judges a maker in which he has an interest, or had one within the time that the scheme sets", "ISO/IEC 17065:2012, 4.2; legal musts C-11", interest},
	{"took-part", []iotmark.CaseKind{iotmark.Complaint, iotmark.Appeal}, []iotmark.Role{iotmark.RoleCommittee, iotmark.RolePanel}, []iotmark.Act{"decide", "request", iotmark.ActSign, iotmark.ActReject},
		"somebody decides a complaint or an appeal, and had a part in what it is about", "ISO/IEC 17065:2012, 7.13.5", tookPart},
	{"owner-undeclared", []iotmark.CaseKind{iotmark.Application, iotmark.Renewal, iotmark.Amendment}, []iotmark.Role{iotmark.RoleCommittee}, []iotmark.Act{"grant"},
		"a grant while a steward of the scheme's owner has not declared within a year that it supplies no connected products", "Regulation (EU) 2017/1001, 83(2), 91; legal musts C-12", ownerUndeclared},
	{"not-competent", certifying, []iotmark.Role{iotmark.RoleAssessor, iotmark.RoleTester}, nil,
		"an assessor or tester has no competence that is in force", "ISO/IEC 17065:2012, 6.1.2", notCompetent},
}

// Bars returns the table of who may not do what. It is a copy.
func Bars() []Bar { return slices.Clone(bars) }

func (b Bar) fits(k iotmark.CaseKind, r iotmark.Role, a iotmark.Act) bool {
	return (b.Kinds == nil || slices.Contains(b.Kinds, k)) && (b.Roles == nil || slices.Contains(b.Roles, r)) && (b.Acts == nil || slices.Contains(b.Acts, a))
}

// permit finds the role in which the actor may do the act, or says why he
// may not. Nobody is allowed anything by the way he came in.
func (m *moment) permit() error {
	if m.by == iotmark.Program() {
		if slices.Contains(m.row.By, iotmark.RoleProgram) {
			m.role = iotmark.RoleProgram
			return nil
		}
		return forbidden("role-missing", "%s is no act of the program; it takes %s", m.row.Act, roles(m.row.By))
	}
	p, err := m.who()
	if err != nil {
		return err
	}
	var first error
	for _, r := range m.row.By {
		if !p.has(r, m.by.Organisation, m.day) {
			continue
		}
		m.role = r
		err := m.barred(r)
		if err == nil {
			return nil
		}
		if iotmark.KindOf(err) != iotmark.Forbidden {
			return err
		}
		if first == nil {
			first = err
		}
	}
	if first != nil {
		return first
	}
	return forbidden("role-missing", "%s takes %s; %s has no such office at %s that is in force", m.row.Act, roles(m.row.By), orNobody(m.by.Person), orNobody(m.by.Organisation))
}

// barred returns the first row of the table that stands in the way.
func (m *moment) barred(r iotmark.Role) error {
	for _, b := range bars {
		if !b.fits(m.c.Kind, r, m.row.Act) {
			continue
		}
		why, err := b.stands(m)
		if err != nil {
			return err
		}
		if why != "" {
			return forbidden(b.ID, "%s", why)
		}
	}
	return nil
}

func roles(rs []iotmark.Role) string {
	var out []string
	for _, r := range rs {
		out = append(out, string(r))
	}
	if n := len(out); n > 1 {
		return list(out[:n-1]) + " or " + out[n-1]
	}
	return list(out)
}

func orNobody(s string) string {
	if s == "" {
		return "nobody"
	}
	return s
}

func otherMaker(m *moment) (string, error) {
	if m.c.Maker != "" && m.c.Maker != m.by.Organisation {
		return fmt.Sprintf("the case is of %s, and %s acts for %s", m.c.Maker, m.by.Person, m.by.Organisation), nil
	}
	return "", nil
}

func otherBody(m *moment) (string, error) {
	if m.c.Certifier != "" && m.c.Certifier != m.by.Organisation {
		return fmt.Sprintf("the case is run by %s, and %s acts for %s", m.c.Certifier, m.by.Person, m.by.Organisation), nil
	}
	return "", nil
}

func ownerCertifies(m *moment) (string, error) {
	p, err := m.who()
	if err == nil && p.of(iotmark.OrgOwner, m.day) {
		return fmt.Sprintf("%s has an office at the owner of the scheme, who certifies nothing", m.by.Person), nil
	}
	return "", err
}

func notAssigned(m *moment) (string, error) {
	var n int
	_, err := m.tx.Row(m.ctx, []any{&n}, "SELECT count(*) FROM part WHERE matter = $1 AND person = $2 AND role = $3 AND organisation = $4", m.c.ID, m.by.Person, string(m.role), m.by.Organisation)
	if err == nil && n == 0 {
		return fmt.Sprintf("%s has no part as %s in this case; a registrar assigns", m.by.Person, m.role), nil
	}
	return "", err
}

// sides are the sides of a case. Nobody stands on two.
func (s *Scheme) side(r iotmark.Role) string {
	switch r {
	case iotmark.RoleApplicant:
		return "applies"
	case iotmark.RoleAssessor, iotmark.RoleTester:
		return "evaluates"
	case iotmark.RoleReviewer:
		if s.cfg.Terms.Small {
			return "decides"
		}
		return "reviews"
	case iotmark.RoleCommittee, iotmark.RolePanel:
		return "decides"
	}
	return ""
}

func twoSides(m *moment) (string, error) {
	mine, other := m.side(m.role), ""
	look := func(scan func(...any) error) error {
		var r string
		err := scan(&r)
		if s := m.side(iotmark.Role(r)); s != "" && s != mine {
			other = r
		}
		return err
	}
	if err := m.tx.Rows(m.ctx, look, "SELECT role FROM part WHERE matter = $1 AND person = $2", m.c.ID, m.by.Person); err != nil {
		return "", err
	}
	if err := m.tx.Rows(m.ctx, look, "SELECT DISTINCT role FROM act WHERE matter = $1 AND person = $2", m.c.ID, m.by.Person); err != nil {
		return "", err
	}
	if other != "" {
		return fmt.Sprintf("%s has acted or has a part as %s in this case, and may not be %s in it too", m.by.Person, other, m.role), nil
	}
	return "", nil
}

func interest(m *moment) (string, error) {
	if m.c.Maker == "" {
		return "", nil
	}
	what, err := interested(m.ctx, m.tx, m.by.Person, m.c.Maker, m.day, m.cfg.Terms.Interest)
	if err == nil && what != "" {
		return fmt.Sprintf("%s has, or had within %d days, an interest in %s (%s)", m.by.Person, m.cfg.Terms.Interest, m.c.Maker, what), nil
	}
	return "", err
}

func tookPart(m *moment) (string, error) {
	var n int
	// Of another complaint or appeal one may have been a judge before.
	kinds := "'application', 'renewal', 'amendment', 'surveillance'"
	if m.c.Kind == iotmark.Appeal {
		kinds += ", 'complaint'"
	}
	_, err := m.tx.Row(m.ctx, []any{&n}, `SELECT count(*) FROM matter c WHERE c.subject = $1 AND c.id <> $2 AND c.kind IN (`+kinds+`) AND
		(EXISTS (SELECT 1 FROM part p WHERE p.matter = c.id AND p.person = $3) OR EXISTS (SELECT 1 FROM act a WHERE a.matter = c.id AND a.person = $3))`,
		m.c.Subject, m.c.ID, m.by.Person)
	if err == nil && n > 0 {
		return fmt.Sprintf("%s had a part in what the case is about", m.by.Person), nil
	}
	return "", err
}

func notCompetent(m *moment) (string, error) {
	var n int
	_, err := m.tx.Row(m.ctx, []any{&n}, "SELECT count(*) FROM competence WHERE person = $1 AND until_day >= $2", m.by.Person, string(m.day))
	if err == nil && n == 0 {
		return fmt.Sprintf("%s has no competence that is in force; it is shown by training or witnessed work, and lasts for a time", m.by.Person), nil
	}
	return "", err
}

// maySee says whether somebody may read a case: the maker's own people, those
// of the certification body who take in, those with a part, whoever reported
// it, and the observers, who see all.
func (s *Scheme) maySee(ctx context.Context, tx *store.Tx, by iotmark.Actor, c Case) error {
	if by == iotmark.Program() {
		return nil
	}
	p, err := loadPerson(ctx, tx, by.Person)
	if err != nil {
		return err
	}
	day := s.today()
	if p.has(iotmark.RoleObserver, by.Organisation, day) ||
		p.has(iotmark.RoleApplicant, by.Organisation, day) && by.Organisation == c.Maker ||
		p.has(iotmark.RoleRegistrar, by.Organisation, day) && (c.Certifier == "" || by.Organisation == c.Certifier) {
		return nil
	}
	if c.Kind == iotmark.Declaring {
		return nil // it is public
	}
	if c.Kind == iotmark.EditionCase || c.Kind == iotmark.Accreditation {
		for _, r := range []iotmark.Role{iotmark.RoleSteward, iotmark.RoleCommittee} {
			if p.has(r, by.Organisation, day) {
				return nil
			}
		}
	}
	var n int
	if _, err := tx.Row(ctx, []any{&n}, "SELECT count(*) FROM part WHERE matter = $1 AND person = $2 AND organisation = $3", c.ID, by.Person, by.Organisation); err != nil {
		return err
	}
	if n == 0 {
		// That it is there is not for strangers either.
		return missing("case-unknown", "there is no case %.40q", c.ID)
	}
	return nil
}
