package scheme

import (
	"context"
	"errors"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// RegistrationBody is what a registration knows of a maker.
type RegistrationBody struct {
	Name     string            `json:"name"`               // as it is registered
	Register string            `json:"register"`           // where, and its number there, such as HRB 12345 Amtsgericht Ulm
	LEI      string            `json:"lei,omitempty"`      // legal entity identifier (ISO 17442-1)
	Keys     []verify.KeyEntry `json:"keys"`               // with which its people will sign
	Token    string            `json:"token"`              // that the domain must show
	Proof    *DomainProof      `json:"proof,omitempty"`    // nil: not proven yet
	Identity iotmark.Digest    `json:"identity,omitempty"` // extract of the register, in the vault
}

// DomainProof says how a maker showed that a domain is its own.
type DomainProof struct {
	Means string         `json:"means"` // dns, file
	Where string         `json:"where"` // name of the record, or address of the file
	Seen  iotmark.Digest `json:"seen"`  // of what was there
	At    string         `json:"at"`
}

// Register is what a maker tells of itself.
type Register struct {
	Domain   string
	Name     string
	Register string
	LEI      string
	Size     string // class of the fee table
	Keys     []verify.KeyEntry
	Person   Person // who acts for it first
	Identity iotmark.Digest
}

// Register begins the registration of a maker: who it is, which domain is its
// own, and with which keys it signs. The domain then has to show the token of
// the case.
func (s *Scheme) Register(ctx context.Context, by iotmark.Actor, on On, in Register) (Case, error) {
	return s.open(ctx, by, on, iotmark.Registration, "register", deed{
		first: func(m *moment) error {
			if by.Organisation != in.Domain || by.Person != in.Person.ID {
				return invalid("domain", "other-maker", "who registers a maker acts for it: %s for %s", in.Person.ID, in.Domain)
			}
			if in.Register == "" || len(in.Register) > 200 || len(in.LEI) > 20 || len(in.Keys) == 0 || len(in.Keys) > 20 {
				return invalid("register", "registration-incomplete", "a maker names the register in which it stands with its number there, and one to twenty keys with which it will sign")
			}
			for _, e := range in.Keys {
				k, err := verify.ParseKey(e)
				if err != nil {
					return err
				}
				if k.Role != verify.Maker || k.Org != in.Domain {
					return invalid("keys", "key-wrong", "the key %s is of %s as %s; keys of a maker are of its domain, as maker", k.Name, k.Org, k.Role)
				}
			}
			var n int
			if _, err := m.tx.Row(m.ctx, []any{&n}, "SELECT count(*) FROM matter WHERE kind = $1 AND maker = $2 AND state IN ('claimed', 'proven', 'admitting', 'admitted')",
				string(iotmark.Registration), in.Domain); err != nil {
				return err
			}
			if n > 0 {
				return conflict("maker-known", "%s is registered, or about to be", in.Domain)
			}
			if err := m.newcomer(in); err != nil {
				return err
			}
			m.c.Maker, m.c.Subject = in.Domain, verify.Subject(verify.OfMaker, in.Domain)
			b := RegistrationBody{Name: in.Name, Register: in.Register, LEI: in.LEI, Keys: in.Keys, Token: m.c.ID, Identity: in.Identity}
			m.says = b
			return m.c.set(b)
		},
	})
}

// newcomer makes organisation, person and office of a maker that was not there
// before. Until the domain is proven nobody else has seen them.
func (m *moment) newcomer(in Register) error {
	o := Organisation{ID: in.Domain, Kind: iotmark.OrgMaker, Name: in.Name, Domain: in.Domain, Size: in.Size}
	if err := m.enrolOrganisation(o); err != nil {
		if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != "organisation-known" {
			return err
		}
		return nil // a registration before this one came to nothing; its people stand
	}
	if err := m.known(in.Person.ID); err != nil {
		if err := m.enrolPerson(in.Person); err != nil {
			return err
		}
	}
	return m.appoint(Office{Person: in.Person.ID, Organisation: in.Domain, Role: iotmark.RoleApplicant})
}

// Prove looks whether the domain shows the token, and goes on when it does.
// It is looked at before the transaction begins.
func (s *Scheme) Prove(ctx context.Context, on On) (Case, error) {
	var b RegistrationBody
	var domain string
	if err := s.view(ctx, func(tx *store.Tx) error {
		c, err := loadCase(ctx, tx, on.Case)
		if err != nil {
			return err
		}
		domain = c.Maker
		b, err = in[RegistrationBody](c)
		return err
	}); err != nil {
		return Case{}, err
	}
	if s.cfg.Prove == nil {
		return Case{}, refuse(iotmark.Unavailable, "domain-unproven", "nobody here can look at the domain %s", domain)
	}
	proof, err := s.cfg.Prove(ctx, domain, b.Token)
	if err != nil {
		return Case{}, err
	}
	return s.act(ctx, iotmark.Program(), on, "prove", deed{then: func(m *moment) error {
		b, err := in[RegistrationBody](*m.c)
		if err != nil {
			return err
		}
		b.Proof, m.says = &proof, proof
		return m.c.set(b)
	}})
}

// Admit takes a maker in whose domain is proven. The maker and the operator
// sign.
func (s *Scheme) Admit(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "admit", deed{of: kinds(iotmark.Registration), then: func(m *moment) error {
		b, err := in[RegistrationBody](*m.c)
		if err != nil {
			return err
		}
		m.c.Certifier = "" // a maker belongs to no certification body
		return m.draft(m.c.Subject, verify.MakerBody{Domain: m.c.Maker, Keys: b.Keys, LEI: b.LEI, Name: b.Name})
	}})
}

// Decline ends a case that was only taken in: a registration, an application
// or a nomination. It names what is not met.
func (s *Scheme) Decline(ctx context.Context, by iotmark.Actor, on On, criteria []string) (Case, error) {
	return s.act(ctx, by, on, "decline", deed{first: reasoned, then: func(m *moment) error {
		if len(criteria) == 0 {
			return invalid("criteria", "criteria-missing", "a refusal names the terms or criteria that are not met, by id")
		}
		m.says = map[string]any{"criteria": criteria}
		return nil
	}})
}

// Withdraw ends a case for the maker, before anything was decided.
func (s *Scheme) Withdraw(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "withdraw", deed{of: kinds(iotmark.Registration, iotmark.Application, iotmark.Renewal, iotmark.Amendment), first: reasoned})
}
