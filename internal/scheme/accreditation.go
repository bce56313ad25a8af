package scheme

import (
	"context"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Nominate proposes an organisation that evaluates or tests, with the keys of
// its people and what it may judge.
func (s *Scheme) Nominate(ctx context.Context, by iotmark.Actor, on On, org verify.OrgBody) (Case, error) {
	return s.open(ctx, by, on, iotmark.Accreditation, "nominate", deed{then: func(m *moment) error {
		var kind string
		if _, err := m.tx.Row(m.ctx, []any{&kind}, "SELECT kind FROM organisation WHERE id = $1", org.ID); err != nil {
			return err
		}
		switch iotmark.OrganisationKind(kind) {
		case iotmark.OrgBody, iotmark.OrgLaboratory:
		case "":
			return missing("organisation-unknown", "there is no organisation %.40q", org.ID)
		default:
			return invalid("id", "organisation-kind", "%s is a %s; certification bodies and laboratories are accredited", org.ID, kind)
		}
		m.c.Subject = verify.Subject(verify.OfOrg, org.ID)
		m.says = org
		return m.c.set(org)
	}})
}

// Accredit drafts the accreditation; the committee signs, and every key that is
// new.
func (s *Scheme) Accredit(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "accredit", deed{then: func(m *moment) error {
		org, err := in[verify.OrgBody](*m.c)
		if err != nil {
			return err
		}
		return m.draft(m.c.Subject, org)
	}})
}

// SuspendOrganisation drafts that an organisation may not evaluate for now.
func (s *Scheme) SuspendOrganisation(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.organisation(ctx, by, on, "suspend")
}

// RestoreOrganisation drafts that it may again.
func (s *Scheme) RestoreOrganisation(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.organisation(ctx, by, on, "restore")
}

func (s *Scheme) organisation(ctx context.Context, by iotmark.Actor, on On, a iotmark.Act) (Case, error) {
	return s.act(ctx, by, on, a, deed{of: kinds(iotmark.Accreditation), first: reasoned, then: func(m *moment) error {
		org, err := in[verify.OrgBody](*m.c)
		if err != nil {
			return err
		}
		return m.draft(m.c.Subject, verify.OrgChangeBody{ID: org.ID, Reason: on.Reason})
	}})
}

// Undertaking is what whoever controls the owner of the scheme declares every
// year: that he, and what he controls, supplies no connected products
// (Regulation (EU) 2017/1001, 83(2); legal musts C-12).
type Undertaking struct {
	Text string `json:"text"`
}

// Undertake keeps it for a year. While one of the stewards has none that is in
// force, nothing is granted.
func (s *Scheme) Undertake(ctx context.Context, by iotmark.Actor, on On, u Undertaking) (Case, error) {
	return s.act(ctx, by, directory(on), "undertake", deed{then: func(m *moment) error {
		if u.Text == "" || len(u.Text) > 4000 {
			return invalid("text", "undertaking-missing", "write out what you declare, in up to 4,000 characters")
		}
		m.says = u
		return nil
	}})
}

// ownerUndeclared finds a steward of the owner whose undertaking is missing or
// older than a year.
func ownerUndeclared(m *moment) (string, error) {
	since := m.now.AddDate(-1, 0, 0).Format("2006-01-02")
	var who string
	ok, err := m.tx.Row(m.ctx, []any{&who}, `SELECT o.person FROM office o WHERE o.role = $1 AND (o.until_day = '' OR o.until_day >= $2) AND NOT EXISTS
		(SELECT 1 FROM act a WHERE a.matter = $3 AND a.person = o.person AND a.act = 'undertake' AND a.at_time >= $4) ORDER BY o.person LIMIT 1`,
		string(iotmark.RoleSteward), string(m.day), DirectoryID, since)
	if err != nil || !ok {
		return "", err
	}
	return "the steward " + who + " has not declared within a year that the owner of the scheme supplies no connected products; until then nothing is granted", nil
}
