package scheme

import (
	"context"
	"encoding/json"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// DeclaredBody is the open declaration of a product: the other track, which is
// no mark and has no artwork.
type DeclaredBody struct {
	Statement json.RawMessage    `json:"statement"` // as the maker publishes it at home (docs/publish.md)
	Promise   verify.PromiseBody `json:"promise,omitzero"`
	Questions []Question         `json:"questions,omitempty"` // challenges, and what the maker said to them
}

// maxStatement bounds a statement, in bytes; it must fit in an entry.
const maxStatement = 48 << 10

// Declaration publishes an open declaration: the maker's own statement goes into the log as it
// stands, signed by the maker. One product has one declaration, which is
// revised.
func (s *Scheme) Declaration(ctx context.Context, by iotmark.Actor, on On, statement []byte) (Case, error) {
	var b verify.DeclarationBody
	if len(statement) > maxStatement || json.Unmarshal(statement, &b) != nil {
		return Case{}, invalid("statement", "statement-wrong", "a statement is what iotmark publish writes, of up to %d bytes", maxStatement)
	}
	return s.open(ctx, by, on, iotmark.Declaring, "publish", deed{
		first: func(m *moment) error {
			m.c.Maker, m.c.Product, m.c.Subject = b.Maker.Domain, b.Product.ID, verify.Subject(verify.OfProduct, b.Maker.Domain+":"+b.Product.ID)
			return nil
		},
		then: func(m *moment) error {
			var n int
			if _, err := m.tx.Row(m.ctx, []any{&n}, "SELECT count(*) FROM matter WHERE kind = $1 AND subject = $2 AND state <> 'retracted'", string(iotmark.Declaring), m.c.Subject); err != nil {
				return err
			}
			if n > 0 {
				return conflict("declared", "there is a declaration of %s; revise it", m.c.Product)
			}
			return m.statement(statement)
		},
	})
}

// Revise puts another statement in the place of the one before, which the log
// keeps.
func (s *Scheme) Revise(ctx context.Context, by iotmark.Actor, on On, statement []byte) (Case, error) {
	return s.act(ctx, by, on, "revise", deed{then: func(m *moment) error {
		var b verify.DeclarationBody
		if len(statement) > maxStatement || json.Unmarshal(statement, &b) != nil || b.Maker.Domain != m.c.Maker || b.Product.ID != m.c.Product {
			return invalid("statement", "statement-wrong", "a statement about %s of %s, as iotmark publish writes it, of up to %d bytes", m.c.Product, m.c.Maker, maxStatement)
		}
		return m.statement(statement)
	}})
}

func (m *moment) statement(statement []byte) error {
	if err := amend(m, func(b *DeclaredBody) error { b.Statement = statement; return nil }); err != nil {
		return err
	}
	return m.draft(m.c.Subject, json.RawMessage(statement))
}

// Promise sets dated promises about the product. They bind: an earlier date or
// a function less is refused, here and by the rules of the log.
func (s *Scheme) Promise(ctx context.Context, by iotmark.Actor, on On, p verify.PromiseBody) (Case, error) {
	return s.act(ctx, by, on, "promise", deed{then: func(m *moment) error {
		p.Maker, p.Product = m.c.Maker, m.c.Product
		b, err := in[DeclaredBody](*m.c)
		if err != nil {
			return err
		}
		old := b.Promise
		if earlier(p.Updates, old.Updates) || earlier(p.Service, old.Service) || earlier(p.Parts, old.Parts) || lacks(p.Functions, old.Functions) {
			return conflict("promise-lowered", "a promise may get later dates and more functions, and never earlier ones or fewer")
		}
		b.Promise = p
		if err := m.c.set(b); err != nil {
			return err
		}
		return m.draft(m.c.Subject, p)
	}})
}

func earlier(a, b iotmark.Date) bool { return a < b }

func lacks(have, want []string) bool {
	in := map[string]bool{}
	for _, s := range have {
		in[s] = true
	}
	for _, s := range want {
		if !in[s] {
			return true
		}
	}
	return false
}

// Challenge says that something in a declaration is not so. The maker answers
// with Answer; both stand beside the declaration.
func (s *Scheme) Challenge(ctx context.Context, by iotmark.Actor, on On, text string) (Case, error) {
	return s.act(ctx, by, on, "challenge", deed{then: func(m *moment) error {
		if text == "" || len(text) > 4000 {
			return invalid("text", "question-missing", "a challenge has 1 to 4,000 characters")
		}
		m.says = map[string]string{"challenge": text}
		return amend(m, func(b *asked) error {
			if len(b.Questions) >= 200 {
				return conflict("questions-full", "this declaration has 200 challenges; the first ones are still to be answered")
			}
			b.Questions = append(b.Questions, Question{By: by.Person, At: m.now.Format(time.RFC3339), Asks: text})
			return nil
		})
	}})
}

// Retract ends a declaration. What it said stays in the log.
func (s *Scheme) Retract(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "retract", deed{first: reasoned})
}
