package scheme

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// ApplicationBody is what an application, a renewal or an amendment is about.
type ApplicationBody struct {
	Edition    iotmark.Edition       `json:"edition"`
	Category   string                `json:"category"` // of products; what assessors are accredited for
	Product    verify.ProductTerms   `json:"product"`  // the scope: model, hardware, software from which version, services
	Markets    []string              `json:"markets,omitempty"`
	Updates    iotmark.Date          `json:"updates_until"`        // that the maker promises
	Licence    iotmark.Digest        `json:"licence"`              // of the agreement that the maker signed
	Fee        string                `json:"fee"`                  // of the fee table, that the maker accepted
	Dossier    iotmark.Digest        `json:"dossier,omitempty"`    // in the vault
	Sealed     *verify.SealedBody    `json:"sealed,omitempty"`     // the evidence that is fixed
	Determined *Determination        `json:"determined,omitempty"` // what the program found out about it
	Differ     []iotmark.CriterionID `json:"differ,omitempty"`     // criteria on which those who inspected differ
	Evaluation *Evaluation           `json:"evaluation,omitempty"` // the last that was concluded
	Recommends string                `json:"recommends,omitempty"` // of the reviewer: grant, refuse
	Questions  []Question            `json:"questions,omitempty"`
	Code       string                `json:"code,omitempty"` // of the mark, from the grant on
}

// Question is what one side asks the other, and the answer.
type Question struct {
	By       string `json:"by"`
	At       string `json:"at"`
	Asks     string `json:"asks"`
	Answer   string `json:"answer,omitempty"`
	Answered string `json:"answered,omitempty"`
}

// Apply asks for a mark, for its renewal, or for another scope of it. It is
// open to any maker who is registered; everything else is looked at by the
// registrar (ISO/IEC 17065:2012, 7.2, 7.3).
func (s *Scheme) Apply(ctx context.Context, by iotmark.Actor, on On, k iotmark.CaseKind, certifier, mark string, b ApplicationBody) (Case, error) {
	if !slices.Contains([]iotmark.CaseKind{iotmark.Application, iotmark.Renewal, iotmark.Amendment}, k) {
		return Case{}, invalid("kind", "kind-wrong", "one applies for a mark, its renewal or its amendment, not for a %s", k)
	}
	return s.open(ctx, by, on, k, "apply", deed{
		first: func(m *moment) error {
			m.c.Maker, m.c.Product, m.c.Certifier = by.Organisation, b.Product.ID, certifier
			m.c.Subject = verify.Subject(verify.OfMark, m.c.ID)
			if k != iotmark.Application {
				m.c.Subject = mark
			}
			return nil
		},
		then: func(m *moment) error {
			if err := m.eligible(b); err != nil {
				return err
			}
			b.Sealed, b.Determined, b.Differ, b.Evaluation, b.Recommends, b.Questions, b.Code = nil, nil, nil, nil, "", nil, ""
			m.says = b
			return m.c.set(b)
		},
	})
}

// eligible holds an application to the published terms.
func (m *moment) eligible(b ApplicationBody) error {
	var kind string
	if _, err := m.tx.Row(m.ctx, []any{&kind}, "SELECT kind FROM organisation WHERE id = $1", m.c.Certifier); err != nil {
		return err
	}
	if iotmark.OrganisationKind(kind) != iotmark.OrgBody {
		return invalid("certifier", "certifier-unknown", "there is no certification body %.40q", m.c.Certifier)
	}
	var n int
	if _, err := m.tx.Row(m.ctx, []any{&n}, "SELECT count(*) FROM matter WHERE kind = $1 AND maker = $2 AND state = 'admitted'", string(iotmark.Registration), m.c.Maker); err != nil {
		return err
	}
	switch {
	case n == 0:
		return conflict("maker-unregistered", "%s is not registered; who it is, and that the domain is its own, comes first", m.c.Maker)
	case b.Product.ID == "" || b.Product.Model == "" || b.Product.Name == "" || b.Category == "" || b.Product.Category != b.Category:
		return invalid("product", "scope-missing", "an application says what the mark will speak about: product, model, name and category")
	case b.Product.Software.Min == "":
		return invalid("product.software", "scope-missing", "an application says from which version of the software on the mark will speak about it")
	case b.Licence == "":
		return invalid("licence", "licence-missing", "the maker signs the licence agreement before anything is looked at")
	case b.Fee == "":
		return invalid("fee", "fee-missing", "the maker accepts the fee of the published table; it does not depend on the outcome")
	case b.Updates <= m.day:
		return invalid("updates_until", "updates-past", "security updates must be promised beyond today")
	}
	if _, err := m.tx.Row(m.ctx, []any{&n}, "SELECT count(*) FROM matter WHERE kind = $1 AND maker = $2 AND product = $3 AND state NOT IN ('declined', 'withdrawn', 'lapsed', 'refused', 'granted', 'attested')",
		string(m.c.Kind), m.c.Maker, m.c.Product); err != nil {
		return err
	}
	if n > 0 {
		return conflict("applied", "a %s for %s is under way", m.c.Kind, m.c.Product)
	}
	return nil
}

// Ask asks the applicant something; the clock stops until he answers.
func (s *Scheme) Ask(ctx context.Context, by iotmark.Actor, on On, asks string) (Case, error) {
	return s.question(ctx, by, on, "ask", asks)
}

// Request asks the maker for evidence or an explanation; the clock stops
// until he answers.
func (s *Scheme) Request(ctx context.Context, by iotmark.Actor, on On, asks string) (Case, error) {
	return s.question(ctx, by, on, "request", asks)
}

// asked is the part of the body of every case that has questions.
type asked struct {
	Questions []Question `json:"questions,omitempty"`
}

func (s *Scheme) question(ctx context.Context, by iotmark.Actor, on On, a iotmark.Act, asks string) (Case, error) {
	return s.act(ctx, by, on, a, deed{then: func(m *moment) error {
		if asks == "" || len(asks) > 4000 {
			return invalid("asks", "question-missing", "a question has 1 to 4,000 characters")
		}
		m.says = map[string]string{"asks": asks}
		return amend(m, func(b *asked) error {
			if len(b.Questions) >= 200 {
				return conflict("questions-full", "a case has up to 200 questions; decide on what there is")
			}
			b.Questions = append(b.Questions, Question{By: by.Person, At: m.now.Format(time.RFC3339), Asks: asks})
			return nil
		})
	}})
}

// Answer answers the first question that waits for it; the clock goes on.
func (s *Scheme) Answer(ctx context.Context, by iotmark.Actor, on On, answer string) (Case, error) {
	return s.act(ctx, by, on, "answer", deed{then: func(m *moment) error {
		if answer == "" || len(answer) > 10000 {
			return invalid("answer", "answer-missing", "an answer has 1 to 10,000 characters")
		}
		m.says = map[string]string{"answer": answer}
		if m.c.Kind == iotmark.Surveillance { // what was handed in with it is looked at
			if err := m.enqueue(JobDetermine, "determine "+m.c.ID, time.Time{}, m.c.ID); err != nil {
				return err
			}
		}
		return amend(m, func(b *asked) error {
			i := slices.IndexFunc(b.Questions, func(q Question) bool { return q.Answer == "" })
			if i < 0 {
				return conflict("question-none", "no question waits for an answer")
			}
			b.Questions[i].Answer, b.Questions[i].Answered = answer, m.now.Format(time.RFC3339)
			return nil
		})
	}})
}

// Assign gives a person a part in a case: within his offices, his competence
// and without an interest, as the policy says when he acts; here it says so
// at once.
func (s *Scheme) Assign(ctx context.Context, by iotmark.Actor, on On, p Part) (Case, error) {
	return s.act(ctx, by, on, iotmark.ActAssign, deed{then: func(m *moment) error {
		m.says = map[string]string{"person": p.Person, "role": string(p.Role), "organisation": p.Organisation}
		who, err := loadPerson(m.ctx, m.tx, p.Person)
		if err != nil {
			return err
		}
		if !who.has(p.Role, p.Organisation, m.day) {
			return invalid("person", "role-missing", "%.40s has no office as %s at %.40s that is in force", p.Person, p.Role, p.Organisation)
		}
		if !slices.Contains([]iotmark.Role{iotmark.RoleAssessor, iotmark.RoleTester, iotmark.RoleReviewer, iotmark.RoleCommittee, iotmark.RolePanel}, p.Role) {
			return invalid("role", "role-wrong", "a registrar assigns assessors, testers, reviewers, the committee and panels, not a %s", p.Role)
		}
		if _, err := m.tx.Exec(m.ctx, "INSERT INTO part (matter, person, role, organisation, since) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (matter, person, role) DO NOTHING",
			m.c.ID, p.Person, string(p.Role), p.Organisation, m.now.Format(time.RFC3339)); err != nil {
			return err
		}
		// What would stand in his way when he acts stands in the way now.
		as := *m
		as.by, as.role, as.person = iotmark.Actor{Person: p.Person, Organisation: p.Organisation, Via: by.Via}, p.Role, who
		if p.Role == iotmark.RolePanel || p.Role == iotmark.RoleCommittee {
			as.row.Act = "decide"
		}
		return as.barred(p.Role)
	}})
}

// Release takes a part in a case away from a person. What he did stands.
func (s *Scheme) Release(ctx context.Context, by iotmark.Actor, on On, p Part) (Case, error) {
	return s.act(ctx, by, on, iotmark.ActRelease, deed{first: reasoned, then: func(m *moment) error {
		m.says = map[string]string{"person": p.Person, "role": string(p.Role)}
		n, err := m.tx.Exec(m.ctx, "DELETE FROM part WHERE matter = $1 AND person = $2 AND role = $3", m.c.ID, p.Person, string(p.Role))
		if err == nil && n == 0 {
			err = missing("part-unknown", "%.40s has no part as %s in this case", p.Person, p.Role)
		}
		return err
	}})
}

// Note writes something down that is not public.
func (s *Scheme) Note(ctx context.Context, by iotmark.Actor, on On, text string) (Case, error) {
	return s.act(ctx, by, on, iotmark.ActNote, deed{then: func(m *moment) error {
		if text == "" || len(text) > 20000 {
			return invalid("note", "note-missing", "a note has 1 to 20,000 characters")
		}
		m.says = map[string]string{"note": text}
		return nil
	}})
}

// Return sends a case back to the evaluation, with what is missing.
func (s *Scheme) Return(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "return", deed{first: reasoned})
}

// Review recommends to grant or to refuse: by somebody who did not evaluate
// (ISO/IEC 17065:2012, 7.5).
func (s *Scheme) Review(ctx context.Context, by iotmark.Actor, on On, recommends string) (Case, error) {
	return s.act(ctx, by, on, "review", deed{first: reasoned, then: func(m *moment) error {
		if recommends != "grant" && recommends != "refuse" {
			return invalid("recommends", "recommendation-wrong", "a review recommends to grant or to refuse")
		}
		m.says = map[string]string{"recommends": recommends}
		return amend(m, func(b *ApplicationBody) error {
			if recommends == "grant" && len(b.Evaluation.Unmet) > 0 {
				return conflict("musts-unmet", "a mark is not recommended while %d musts do not count, such as %s", len(b.Evaluation.Unmet), b.Evaluation.Unmet[0])
			}
			b.Recommends = recommends
			return nil
		})
	}})
}

// Grant drafts the decision to grant, renew or amend; the committee signs, and
// the assessor, who stands for what he evaluated. terms says how long.
func (s *Scheme) Grant(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "grant", deed{first: reasoned, then: func(m *moment) error {
		b, err := in[ApplicationBody](*m.c)
		if err != nil {
			return err
		}
		if len(b.Evaluation.Unmet) > 0 {
			return conflict("musts-unmet", "a mark is not granted while %d musts do not count, such as %s", len(b.Evaluation.Unmet), b.Evaluation.Unmet[0])
		}
		terms, err := m.terms(b)
		if err != nil {
			return err
		}
		b.Code = terms.Code
		if err := m.c.set(b); err != nil {
			return err
		}
		return m.draft(m.c.Subject, terms)
	}})
}

// Refuse drafts the decision not to grant. It names the criteria.
func (s *Scheme) Refuse(ctx context.Context, by iotmark.Actor, on On, criteria []iotmark.CriterionID) (Case, error) {
	return s.act(ctx, by, on, "refuse", deed{first: reasoned, then: func(m *moment) error {
		if len(criteria) == 0 {
			return invalid("criteria", "criteria-missing", "a refusal names the criteria that are not met, by id")
		}
		b, err := in[ApplicationBody](*m.c)
		if err != nil {
			return err
		}
		reason := fmt.Sprintf("%s (%s)", on.Reason, ids(criteria))
		if err := m.draft(m.c.Subject, verify.RefusedBody{Evaluation: b.Evaluation.Leaf, Reason: reason}); err != nil {
			return err
		}
		m.says = map[string]any{"draft": m.c.Draft, "criteria": criteria}
		return nil
	}})
}

func ids(cs []iotmark.CriterionID) string {
	var out []string
	for _, c := range cs {
		out = append(out, string(c))
	}
	return list(out)
}
