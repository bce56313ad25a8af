package registry

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// A table of the projection: the first key columns name a row.
type table struct {
	name    string
	columns []string
	key     int
}

// tables hold the state that a replay gives. The entries themselves, void or
// not, stand in the table event, one row each, and the heads of the chains in
// the table chain.
var (
	markTable    = table{"mark", []string{"subject", "slot", "code", "state", "maker", "product", "category", "valid_until", "body"}, 1}
	gtinTable    = table{"mark_gtin", []string{"subject", "gtin"}, 2}
	productTable = table{"product", []string{"subject", "maker", "declaration", "body"}, 1}
	editionTable = table{"edition", []string{"edition", "from_day", "withdrawn", "body"}, 1}
	factTable    = table{"fact", []string{"kind", "name", "body"}, 2}
	chainTable   = table{"chain", []string{"chain", "leaf", "idx"}, 1}
	eventTable   = table{"event", []string{"idx", "id", "type", "subject", "claimed", "witnessed", "leaf", "reason", "msg"}, 1}

	stateTables = []*table{&markTable, &gtinTable, &productTable, &editionTable, &factTable, &chainTable}
)

func (t *table) list() string { return strings.Join(t.columns, ", ") }

// put is the statement that writes a row, whether it is there or not.
func (t *table) put() string {
	marks := make([]string, len(t.columns))
	var set []string
	for i, c := range t.columns {
		marks[i] = fmt.Sprintf("$%d", i+1)
		if i >= t.key {
			set = append(set, c+" = excluded."+c)
		}
	}
	do := "NOTHING"
	if len(set) > 0 {
		do = "UPDATE SET " + strings.Join(set, ", ")
	}
	return "INSERT INTO " + t.name + " (" + t.list() + ") VALUES (" + strings.Join(marks, ", ") + ")" +
		" ON CONFLICT (" + strings.Join(t.columns[:t.key], ", ") + ") DO " + do
}

// drop is the statement that removes a row.
func (t *table) drop() string {
	is := make([]string, t.key)
	for i, c := range t.columns[:t.key] {
		is[i] = fmt.Sprintf("%s = $%d", c, i+1)
	}
	return "DELETE FROM " + t.name + " WHERE " + strings.Join(is, " AND ")
}

// row is one row of a table.
type row struct {
	of     *table
	values []any
}

// name identifies the row within all tables.
func (r row) name() string {
	var b strings.Builder
	b.WriteString(r.of.name)
	for _, v := range r.values[:r.of.key] {
		fmt.Fprintf(&b, "\x00%v", v)
	}
	return b.String()
}

// sum stands for what the row says.
func (r row) sum() [16]byte {
	h := sha256.New()
	for _, v := range r.values {
		switch v := v.(type) {
		case string:
			io.WriteString(h, strconv.Itoa(len(v))+":"+v)
		case int64:
			io.WriteString(h, "i"+strconv.FormatInt(v, 10))
		default:
			fmt.Fprintf(h, "%T %v", v, v) // not as we write it
		}
		h.Write([]byte{0})
	}
	return [16]byte(h.Sum(nil))
}

// text is a value as the column body has it. What it is used for has no value
// that JSON lacks.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func markRows(m *verify.Mark) []row {
	var category, until string
	var out []row
	if t := m.TermsInForce; t != nil {
		category, until = t.Product.Category, string(t.ValidUntil)
		for _, g := range t.Product.GTINs {
			out = append(out, row{&gtinTable, []any{m.Subject, g}})
		}
	}
	a := m.Application
	return append(out, row{&markTable, []any{m.Subject, m.Slot, m.Code, string(m.State), a.Maker,
		verify.Subject(verify.OfProduct, a.Maker+":"+a.Product), category, until, text(m)}})
}

func productRow(p *verify.Product) row {
	return row{&productTable, []any{p.Subject, p.Maker, string(p.Declaration), text(p)}}
}

// rows are the state of a registry as rows.
func rows(reg *verify.Registry) []row {
	out := schemeRows(reg)
	for i := range reg.Marks {
		out = append(out, markRows(&reg.Marks[i])...)
	}
	for i := range reg.Applications {
		out = append(out, markRows(&reg.Applications[i])...)
	}
	for i := range reg.Products {
		out = append(out, productRow(&reg.Products[i]))
	}
	return out
}

// schemeRows are the rows of what is of the whole scheme and of its parties.
func schemeRows(reg *verify.Registry) []row {
	var out []row
	fact := func(kind, name string, v any) {
		out = append(out, row{&factTable, []any{kind, name, text(v)}})
	}
	for _, e := range reg.Editions {
		out = append(out, row{&editionTable, []any{string(e.Edition), string(e.From), string(e.Withdrawn), text(e)}})
	}
	for _, o := range reg.Orgs {
		fact("org", o.ID, o)
	}
	for _, m := range reg.Makers {
		fact("maker", m.Domain, m)
	}
	for _, p := range reg.Proposals {
		fact("proposal", p.Proposal, p)
	}
	for _, c := range reg.Corrections {
		fact("correction", fmt.Sprintf("%020d", c.Index), c)
	}
	for _, a := range reg.Anchors {
		fact("anchor", fmt.Sprintf("%020d", a.Index), a)
	}
	for _, i := range reg.Late {
		fact("late", fmt.Sprintf("%020d", i), i)
	}
	if reg.Status != nil {
		fact("status", "last", reg.Status)
	}
	fact("keyring", "in-force", reg.Keyring)
	fact("scheme", "state", struct {
		Closed bool   `json:"closed"`
		Domain string `json:"domain"`
		Origin string `json:"origin"`
		Policy string `json:"policy"`
	}{reg.Closed, reg.Domain, reg.Origin, reg.Policy})
	return out
}

// read gives the rows of a table as they are, with the values of Go that
// [rows] has: text as string, bigint as int64.
func (t *table) read(ctx context.Context, tx *store.Tx, where string, args []any, each func(row) error) error {
	dest := make([]any, len(t.columns))
	return tx.Rows(ctx, func(scan func(...any) error) error {
		values := make([]any, len(t.columns))
		for i := range dest {
			dest[i] = &values[i]
		}
		if err := scan(dest...); err != nil {
			return err
		}
		for i, v := range values {
			if b, ok := v.([]byte); ok {
				values[i] = string(b)
			}
		}
		return each(row{t, values})
	}, "SELECT "+t.list()+" FROM "+t.name+where, args...)
}
