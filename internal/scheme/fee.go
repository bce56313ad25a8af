package scheme

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// Payment says who paid whom, for what. It is public for every mark.
type Payment struct {
	ID       string       `json:"id"`
	Case     string       `json:"case"`
	Subject  string       `json:"subject"`
	Service  string       `json:"service"` // of the fee table
	Payer    string       `json:"payer"`
	Payee    string       `json:"payee"`
	Units    int          `json:"units"`  // cases, days or years
	Amount   int          `json:"amount"` // whole units of the currency, without taxes
	Currency string       `json:"currency"`
	Day      iotmark.Date `json:"day"`
}

// Pay keeps that a fee was paid. What is paid is what the published table says
// for a maker of that size, whatever the outcome of the case: another amount
// is refused (fee-wrong). payee is a laboratory where one was paid; otherwise
// it follows from the table.
func (s *Scheme) Pay(ctx context.Context, by iotmark.Actor, on On, service, payee string, units, amount int) (Case, error) {
	return s.act(ctx, by, on, iotmark.ActPay, deed{then: func(m *moment) error {
		f := m.cfg.Terms.Fees
		i := slices.IndexFunc(f.Services, func(x catalogue.Fee) bool { return string(x.ID) == service })
		if i < 0 {
			return invalid("service", "service-unknown", "the fee table has no service %.40q", service)
		}
		if units < 1 || units > 1000 {
			return invalid("units", "units-wrong", "a payment is for 1 to 1,000 of what the fee is per: %s", f.Services[i].Per)
		}
		var size string
		if ok, err := m.tx.Row(m.ctx, []any{&size}, "SELECT size FROM organisation WHERE id = $1", m.c.Maker); err != nil {
			return err
		} else if !ok {
			return conflict("maker-missing", "the case is of no maker who could pay")
		}
		each, ok := f.Services[i].Amount[catalogue.SizeID(size)]
		if !ok {
			return conflict("size-missing", "%s has no class of size; it says with its registration how large it is", m.c.Maker)
		}
		if amount != each*units {
			return invalid("amount", "fee-wrong", "%d of %s cost a maker of the class %s %d %s, not %d; no fee depends on the outcome", units, service, size, each*units, f.Currency, amount)
		}
		kind, err := m.payee(f.Services[i].To, &payee)
		if err != nil {
			return err
		}
		if kind == "" {
			return invalid("payee", "payee-wrong", "the fee for %s goes to a %s, and %.40q is none", service, f.Services[i].To, payee)
		}
		p := Payment{ID: m.id(), Case: m.c.ID, Subject: m.c.Subject, Service: service, Payer: m.c.Maker, Payee: payee, Units: units, Amount: amount, Currency: f.Currency, Day: m.day}
		m.says = p
		_, err = m.tx.Exec(m.ctx, "INSERT INTO payment (id, matter, subject, service, payer, payee, units, amount, currency, on_day) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
			p.ID, p.Case, p.Subject, p.Service, p.Payer, p.Payee, p.Units, p.Amount, p.Currency, string(p.Day))
		return err
	}})
}

// payee finds the organisation to which a fee goes, and says its kind: the
// certification body of the case, the owner of the scheme, or a laboratory that
// was named.
func (m *moment) payee(to string, payee *string) (kind string, err error) {
	switch iotmark.OrganisationKind(to) {
	case iotmark.OrgBody:
		*payee = m.c.Certifier
	case iotmark.OrgOwner:
		_, err = m.tx.Row(m.ctx, []any{payee}, "SELECT id FROM organisation WHERE kind = $1", to)
	}
	if err == nil {
		_, err = m.tx.Row(m.ctx, []any{&kind}, "SELECT kind FROM organisation WHERE id = $1 AND kind = $2", *payee, to)
	}
	return kind, err
}

// Payments returns who paid whom for a mark, oldest first. Anybody may ask.
func (s *Scheme) Payments(ctx context.Context, subject string) (out []Payment, err error) {
	return s.payments(ctx, "subject = $1", subject)
}

func (s *Scheme) payments(ctx context.Context, where string, args ...any) (out []Payment, err error) {
	err = s.view(ctx, func(tx *store.Tx) error {
		out = nil
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var p Payment
			err := scan(&p.ID, &p.Case, &p.Subject, &p.Service, &p.Payer, &p.Payee, &p.Units, &p.Amount, &p.Currency, (*string)(&p.Day))
			out = append(out, p)
			return err
		}, "SELECT id, matter, subject, service, payer, payee, units, amount, currency, on_day FROM payment WHERE "+where+" ORDER BY id", args...)
	})
	return out, err
}

// Accounts is a year of the scheme in numbers, made from the records: what was
// paid, and what was decided, so that anybody can see that the one does not
// follow from the other (legal musts C-15, C-16, C-17).
type Accounts struct {
	Year     int                       `json:"year"`
	Currency string                    `json:"currency"`
	Paid     map[string]map[string]int `json:"paid"`     // payee -> service -> amount
	Payers   map[string]int            `json:"payers"`   // payer -> amount
	Opened   map[string]int            `json:"opened"`   // kind of case -> how many began
	Ended    map[string]map[string]int `json:"ended"`    // kind -> final state -> how many came to it
	Refusals map[string]int            `json:"refusals"` // term or criterion -> how often a refusal named it
	Overdue  int                       `json:"overdue"`  // acts that came after their last day
}

// Accounts makes the accounts of a year. Observers and stewards read them
// before they are published.
func (s *Scheme) Accounts(ctx context.Context, by iotmark.Actor, year int) (a Accounts, err error) {
	a = Accounts{Year: year, Currency: s.cfg.Terms.Fees.Currency, Paid: map[string]map[string]int{}, Payers: map[string]int{}, Opened: map[string]int{},
		Ended: map[string]map[string]int{}, Refusals: map[string]int{}}
	err = s.view(ctx, func(tx *store.Tx) error {
		p, err := loadPerson(ctx, tx, by.Person)
		if err != nil {
			return err
		}
		if day := s.today(); !p.has(iotmark.RoleObserver, by.Organisation, day) && !p.has(iotmark.RoleSteward, by.Organisation, day) {
			return forbidden("role-missing", "observers and stewards read the accounts; %s is neither", orNobody(by.Person))
		}
		return nil
	})
	if err != nil {
		return a, err
	}
	from, to := iotmark.Date(yearDay(year)), iotmark.Date(yearDay(year+1))
	paid, err := s.payments(ctx, "on_day >= $1 AND on_day < $2", string(from), string(to))
	if err != nil {
		return a, err
	}
	for _, p := range paid {
		count(a.Paid, p.Payee, p.Service, p.Amount)
		a.Payers[p.Payer] += p.Amount
	}
	return a, s.view(ctx, func(tx *store.Tx) error { return a.acts(ctx, tx, string(from), string(to)) })
}

// acts counts what was begun, ended and refused.
func (a *Accounts) acts(ctx context.Context, tx *store.Tx, from, to string) error {
	return tx.Rows(ctx, func(scan func(...any) error) error {
		var kind, act, before, after string
		var body []byte
		if err := scan(&kind, &act, &before, &after, &body); err != nil {
			return err
		}
		if before == "" {
			a.Opened[kind]++
		}
		if r, _ := iotmark.StateOf(iotmark.CaseKind(kind), iotmark.CaseState(after)); r.Final && before != after {
			count(a.Ended, kind, after, 1)
		}
		if act == string(iotmark.ActOverdue) {
			a.Overdue++
		}
		for _, id := range refused(act, body) {
			a.Refusals[id]++
		}
		return nil
	}, `SELECT m.kind, a.act, a.from_state, a.to_state, a.body FROM act a JOIN matter m ON m.id = a.matter
		WHERE a.at_time >= $1 AND a.at_time < $2 AND (a.from_state <> a.to_state OR a.act = 'overdue') ORDER BY a.id`, from, to)
}

func count(m map[string]map[string]int, a, b string, n int) {
	if m[a] == nil {
		m[a] = map[string]int{}
	}
	m[a][b] += n
}

// yearDay is the first day of a year.
func yearDay(year int) string { return fmt.Sprintf("%04d-01-01", year) }

// refused are the terms or criteria that a refusal named.
func refused(act string, body []byte) []string {
	if act != "decline" && act != "refuse" {
		return nil
	}
	var b struct {
		Says struct {
			Criteria []string `json:"criteria"`
		} `json:"says"`
	}
	json.Unmarshal(body, &b) // what this program wrote itself
	return b.Says.Criteria
}
