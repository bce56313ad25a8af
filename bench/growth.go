package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// A measured is something of which the time is to be shown for each size.
type measured struct {
	name, goal string
	times      int
	do         func(n int) error
}

// growth fills both databases with simulated marks, size after size, and
// measures the same on each.
func growth(w io.Writer, houses []*institution, sizes []int) (err error) {
	defer caught(&err)
	slices.Sort(sizes)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nmedian and p99\tengine\tmarks\tload\tfirst\tmedian\tp99\tgoal\t")
	large, waits := make([]string, len(houses)), make([]string, len(houses))
	for i, b := range houses {
		large[i], waits[i] = b.large(), b.Reviewed("waits").ID
	}
	filled := 0
	for _, n := range sizes {
		for i, b := range houses {
			if err := resetPeak(); err != nil {
				return err
			}
			start := time.Now()
			b.fill(filled, n)
			fmt.Fprintf(t, "filled, with %d rows\t%s\t%d\t%s\t%.0f s\t\t\t\t\n", b.rows(), b.DB.Engine(), n, load(), time.Since(start).Seconds())
			for _, m := range b.measures(large[i], waits[i], n) {
				if err := b.show(t, m, n); err != nil {
					return fmt.Errorf("%s: %w", m.name, err)
				}
			}
			fmt.Fprintf(t, "peak memory\t%s\t%d\t%s\t%d MB\t\t\t\t\n", b.DB.Engine(), n, load(), peak()>>20)
			if err := t.Flush(); err != nil { // what there is, should the next not end
				return err
			}
		}
		filled = n
	}
	return t.Flush()
}

func (b *institution) show(w io.Writer, m measured, n int) error {
	took := make([]time.Duration, m.times)
	for i := range took {
		start := time.Now()
		if err := m.do(i); err != nil {
			return err
		}
		took[i] = time.Since(start)
	}
	first := took[0]
	slices.Sort(took)
	_, err := fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t\n", m.name, b.DB.Engine(), n, load(), milli(first), milli(took[len(took)/2]), milli(took[len(took)*99/100]), m.goal)
	return err
}

// large makes a case with the house's dossier and 200 more pieces of evidence,
// a row of the trail for each and 60 more, an evaluation, and its entry that
// waits for a signature.
func (b *institution) large() string {
	ctx, s, me := b.t.Context(), b.Scheme, schemetest.Applicant
	app := b.Application()
	app.Product.ID = "large"
	id := b.OK(s.Apply(ctx, me, scheme.On{}, iotmark.Application, schemetest.Body, "", app)).ID
	on := scheme.On{Case: id, Reason: "as it should be"}
	b.Supply(id)
	for i := range 200 {
		_, _, err := s.Supply(ctx, me, on, scheme.Supplied{Name: fmt.Sprintf("photo-%03d.txt", i), Class: iotmark.Restricted, Type: "text/plain"},
			strings.NewReader(fmt.Sprintf("what the photo %d of %s shows\n", i, id)))
		b.must(err)
	}
	b.OK(s.Accept(ctx, schemetest.Registrar, on))
	b.Sign(me, id)
	b.Assign(id)
	for i := range 60 {
		b.OK(s.Note(ctx, b.Assessor(0), on, fmt.Sprintf("Step %d of the written method was followed; what was seen is in the record.", i)))
	}
	b.OK(s.Seal(ctx, me, on, verify.SealedBody{}))
	b.Sign(me, id)
	b.Work()
	b.Inspect(id)
	b.OK(s.Conclude(ctx, b.Assessor(0), on, "none"))
	return id
}

// rows counts what is kept of cases and marks.
func (b *institution) rows() (sum int64) {
	b.must(b.DB.View(b.t.Context(), func(tx *store.Tx) error {
		sum = 0
		for _, t := range []string{"matter", "act", "part", "draft", "vote", "vault_piece", "vault_binding", "mark", "mark_gtin", "outbox", "attestation", "event", "chain"} {
			var n int64
			if _, err := tx.Row(b.t.Context(), []any{&n}, "SELECT count(*) FROM "+t); err != nil {
				return err
			}
			sum += n
		}
		return nil
	}))
	return sum
}

// measures are what is measured with n simulated marks.
func (b *institution) measures(large, waits string, n int) []measured {
	ctx, s, reg := b.t.Context(), b.Scheme, b.Reg.Public()
	at := func(i int) int64 { return int64(i)*7919%int64(n) + 1 } // one that is simulated
	list := func(by iotmark.Actor, f scheme.Filter) func(int) error {
		return func(int) error { _, err := s.Cases(ctx, by, f); return err }
	}
	return []measured{
		{"a case with 200 pieces is opened", "20 ms", 200, func(int) error { return b.open(ctx, large) }},
		{"private act: note", "", 200, func(int) error {
			_, err := s.Note(ctx, schemetest.Registrar, scheme.On{Case: waits}, "The data sheet was compared.")
			return err
		}},
		{"private act: apply", "", 200, func(i int) error {
			_, err := s.Apply(ctx, b.people[i%makers], scheme.On{}, iotmark.Application, schemetest.Body, "", b.product())
			return err
		}},
		{"public act: complain and admit", "", 50, func(i int) error {
			c, err := s.Complain(ctx, schemetest.Reporter, scheme.On{}, b.marks[i%makers], scheme.ComplaintBody{Grounds: "it phones home"})
			if err == nil {
				_, err = s.AdmitComplaint(ctx, schemetest.Registrar, scheme.On{Case: c.ID})
			}
			return err
		}},
		{"grant drafted, with its slot, and dropped", "", 50, func(int) error {
			on := scheme.On{Case: waits, Reason: "as it should be"}
			if _, err := s.Grant(ctx, b.Member(0), on); err != nil {
				return err
			}
			_, err := s.Drop(ctx, b.Member(0), on)
			return err
		}},
		{"list: registrar, what waits for him", "", 50, list(schemetest.Registrar, scheme.Filter{Kind: iotmark.Application, State: "submitted"})},
		{"list: registrar, all of a body with few cases", "", 10, list(schemetest.As("g2", "rivals"), scheme.Filter{})},
		{"list: assessor, his own", "", 20, list(b.Assessor(0), scheme.Filter{})},
		{"list: maker, its own", "", 50, list(b.people[2], scheme.Filter{})},
		{"list: observer, complaints", "", 20, list(schemetest.Observer, scheme.Filter{Kind: iotmark.Complaint})},
		{"Days(), nothing is due", "", 20, func(int) error { _, err := s.Days(ctx); return err }},
		{"MarkByCode", "", 200, func(i int) error {
			_, ok, err := reg.MarkByCode(ctx, fmt.Sprintf("S%07d", at(i)))
			return found1(ok, err)
		}},
		{"MarksByGTIN", "", 200, func(i int) error {
			ms, err := reg.MarksByGTIN(ctx, fmt.Sprintf("9%013d", at(i)))
			return found1(len(ms) == 1, err)
		}},
	}
}

func found1(ok bool, err error) error {
	if err == nil && !ok {
		err = fmt.Errorf("a simulated mark is not found")
	}
	return err
}

// open reads all of a case, as a person does who opens it.
func (b *institution) open(ctx context.Context, id string) error {
	c, err := b.Scheme.Case(ctx, schemetest.Registrar, id)
	if err != nil {
		return err
	}
	ps, err := b.Scheme.Evidence(ctx, schemetest.Registrar, id)
	if err != nil {
		return err
	}
	trail, err := b.Scheme.Trail(ctx, schemetest.Registrar, id)
	if err != nil {
		return err
	}
	d, err := b.Scheme.Draft(ctx, schemetest.Registrar, id)
	if err == nil && (c.Draft != d.ID || len(ps) < 200 || len(trail) < 260) {
		err = fmt.Errorf("the case has %d pieces and %d rows", len(ps), len(trail))
	}
	return err
}

// fill copies the rows of a real mark and its case under other names until
// there are n, a thousand in one transaction: twenty of a maker, and of fifty
// cases one that waits. The log does not have them, so the projection must not
// be compared with it any more.
func (b *institution) fill(from, n int) {
	ctx := b.t.Context()
	var of, mark string
	b.must(b.DB.View(ctx, func(tx *store.Tx) error {
		mark = b.marks[0]
		_, err := tx.Row(ctx, []any{&of}, "SELECT id FROM matter WHERE subject = $1 AND kind = 'application'", mark)
		return err
	}))
	// d is the number of the copy as eight digits; of is the case that is
	// copied, from t.
	const d = "substr(CAST(100000000 + i AS text), 2, 8)"
	const id = d + " || '-0000-7000-8000-000000000000'"
	const maker = "'maker' || CAST(i / 20 AS text) || '.example'"
	as := func(column string) string { return "replace(" + column + ", '" + of + "', " + id + ")" }
	who := func(column string) string {
		return "CASE WHEN i % 50 = 0 THEN " + column + " ELSE " + column + " || '-' || CAST(i % 50 AS text) END"
	}
	waiting := func(then, column string) string {
		return "CASE WHEN i % 50 = 0 THEN '" + then + "' ELSE " + column + " END"
	}
	subject := as("'" + mark + "'")
	copies := []struct{ table, columns, values, where string }{
		{"matter", "id, kind, state, version, subject, maker, product, certifier, about, draft, opened, moved, due, remind, clock, days_left, body",
			id + ", kind, " + waiting("submitted", "state") + ", version, " + subject + ", " + maker + ", 'lamp-' || CAST(i AS text), certifier, about, draft, opened, moved, " +
				waiting("2031-01-01", "due") + ", " + waiting("2030-12-01", "remind") + ", clock, days_left, " + as("body"), "id = '" + of + "'"},
		{"act", "id, matter, version, at_time, person, organisation, role, via, act, from_state, to_state, body, hash",
			d + " || '-' || substr(CAST(10000 + version AS text), 2, 4) || '-7000-8000-000000000000', " + id + ", version, at_time, " + who("person") +
				", organisation, role, via, act, from_state, to_state, " + as("body") + ", hash", "matter = '" + of + "'"},
		{"part", "matter, person, role, organisation, since", id + ", " + who("person") + ", role, organisation, since", "matter = '" + of + "'"},
		{"draft", "id, matter, act, type, state, by_person, since", d + " || '-' || substr(id, 10), " + id + ", act, type, state, by_person, since", "matter = '" + of + "'"},
		{"vote", "draft, person, organisation, role, vote, reason, at_time", d + " || '-' || substr(draft, 10), person, organisation, role, vote, reason, at_time",
			"draft IN (SELECT id FROM draft WHERE matter = '" + of + "')"},
		{"mark", "subject, slot, code, state, maker, product, category, valid_until, body",
			subject + ", 1000000 + i, 'S' || substr(CAST(10000000 + i AS text), 2, 7), state, " + maker + ", 'lamp-' || CAST(i AS text), category, valid_until, " + as("body"), "subject = '" + mark + "'"},
		{"mark_gtin", "gtin, subject", "'9' || substr(CAST(10000000000000 + i AS text), 2, 13), " + subject, "subject = '" + mark + "'"},
		{"outbox", "seq, id, chain, type, leaf, note, idx, fault", "-i, " + id + ", " + subject + ", type, " + d + " || substr(leaf, 9), note, -i, fault", "chain = '" + mark + "' AND type = 'mark.granted'"},
		{"attestation", "id, step, chain, type, decision, signed_text, note, idx, proof, reason", d + " || '-' || substr(id, 10), step, " + subject + ", type, decision, signed_text, note, -i, proof, reason",
			"chain = '" + mark + "' AND type = 'mark.granted'"},
		{"chain", "chain, leaf, idx", subject + ", leaf, idx", "chain = '" + mark + "'"},
	}
	for at := from; at < n; at += 1000 {
		b.must(b.DB.Each(ctx, func(tx *store.Tx) error {
			for _, c := range copies {
				from := c.table
				if from == "mark_gtin" { // the house's product has no trade number
					from = "mark"
				}
				if _, err := tx.Exec(ctx, fmt.Sprintf("INSERT INTO %s (%s) WITH RECURSIVE n(i) AS (SELECT CAST(%d AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT %s FROM n, (SELECT * FROM %s WHERE %s) t",
					c.table, c.columns, at+1, min(at+1000, n), c.values, from, c.where)); err != nil {
					return fmt.Errorf("%s: %w", c.table, err)
				}
			}
			return nil
		}))
	}
	if b.DB.Engine() == store.PostgreSQL { // as it does by itself within a minute
		b.must(b.DB.Each(ctx, func(tx *store.Tx) error { _, err := tx.Exec(ctx, "ANALYZE"); return err }))
	}
}
