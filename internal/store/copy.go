package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// A copy is text: one line of JSON each. The first says what it is, then for
// each table one line with its name and columns and one array a row, and the
// last has the number of rows and the SHA-256 of all bytes before it, so that
// a copy that was cut short is no copy. It is the same for the same rows on
// both engines, which makes it also the way from one to the other.
type copyLine struct {
	Copy    int      `json:"iotmark_copy,omitempty"` // 1
	Table   string   `json:"table,omitempty"`
	Columns []string `json:"columns,omitempty"`
	End     bool     `json:"end,omitempty"`
	Rows    int64    `json:"rows,omitempty"`
	SHA256  string   `json:"sha256,omitempty"`
}

const copyLineMost = 16 << 20 // bytes of one row

var created = regexp.MustCompile(`(?m)^CREATE TABLE ([a-z_]+) \(`)

// tables are ours, in the order in which the migrations made them. What
// others keep in the same database, such as goose, is not ours to copy.
func tables() ([]string, error) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range files {
		b, err := migrations.ReadFile("migrations/" + f.Name())
		if err != nil {
			return nil, err
		}
		for _, m := range created.FindAllSubmatch(b, -1) {
			out = append(out, string(m[1]))
		}
	}
	return out, nil
}

// columns returns the names of a table's columns, and which of them hold truth
// values: SQLite keeps those as numbers, and would copy them as such.
func columns(ctx context.Context, tx *Tx, table string) (names []string, truth []bool, err error) {
	rows, err := tx.tx.QueryContext(ctx, "SELECT * FROM "+table+" WHERE 1 = 0") // the one place that does not name them: it asks for the names
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	for _, t := range types {
		names, truth = append(names, t.Name()), append(truth, strings.HasPrefix(t.DatabaseTypeName(), "BOOL"))
	}
	return names, truth, err
}

// Copy writes a copy of one state of all our tables, while others go on
// writing.
func (d *DB) Copy(ctx context.Context, w io.Writer) error {
	names, err := tables()
	if err != nil {
		return err
	}
	sum := sha256.New()
	buf := bufio.NewWriter(w)
	out := json.NewEncoder(io.MultiWriter(buf, sum))
	out.SetEscapeHTML(false)
	return d.View(ctx, func(tx *Tx) error {
		end := copyLine{End: true}
		if err := out.Encode(copyLine{Copy: 1}); err != nil {
			return err
		}
		for _, name := range names {
			cols, truth, err := columns(ctx, tx, name)
			if err != nil {
				return err
			}
			if err := out.Encode(copyLine{Table: name, Columns: cols}); err != nil {
				return err
			}
			row, dest := make([]any, len(cols)), make([]any, len(cols))
			order := make([]string, len(cols))
			for i := range cols {
				dest[i], order[i] = &row[i], fmt.Sprint(i+1)
				if truth[i] {
					dest[i] = new(*bool)
					row[i] = dest[i]
				}
			}
			list := strings.Join(cols, ", ")
			err = tx.Rows(ctx, func(scan func(...any) error) error {
				if err := scan(dest...); err != nil {
					return err
				}
				end.Rows++
				return out.Encode(row)
			}, "SELECT "+list+" FROM "+name+" ORDER BY "+strings.Join(order, ", "))
			if err != nil {
				return err
			}
		}
		end.SHA256 = hex.EncodeToString(sum.Sum(nil))
		if err := out.Encode(end); err != nil {
			return err
		}
		return buf.Flush()
	})
}

// Restore fills a database that is empty with a copy. A copy of an earlier
// release lacks columns, which get their defaults; one of a later release may
// have some that this one does not know, and is refused.
//
// Errors: copy-damaged, copy-newer, store-not-empty.
func (d *DB) Restore(ctx context.Context, r io.Reader) error {
	// The rows go in while they are read; the checksum at the end decides
	// whether they stay. A transaction that has to run again cannot read the
	// input again, so nobody else may be at work: an empty database is not in use.
	opened := false
	return d.Do(ctx, func(tx *Tx) error {
		if opened {
			return &iotmark.Error{Kind: iotmark.Conflict, ID: "store-not-empty", Msg: d.name + ": another program writes to the database; stop it and restore again"}
		}
		opened = true
		return d.restore(ctx, tx, r)
	})
}

func damaged(line int64, why string) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "copy-damaged",
		Msg: fmt.Sprintf("the copy of the database is damaged at line %d: %s; nothing of it was taken, use another copy", line, why)}
}

func (d *DB) restore(ctx context.Context, tx *Tx, r io.Reader) error {
	names, err := tables()
	if err != nil {
		return err
	}
	for _, name := range names {
		var n int64
		if _, err := tx.Row(ctx, []any{&n}, "SELECT count(*) FROM "+name); err != nil {
			return err
		}
		if n > 0 && name != "counter" { // its rows come with the migrations
			return &iotmark.Error{Kind: iotmark.Conflict, ID: "store-not-empty",
				Msg: d.name + ": the database is not empty; restore into a new one"}
		}
	}
	if _, err := tx.Exec(ctx, "DELETE FROM counter"); err != nil {
		return err
	}
	sum := sha256.New()
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 64<<10), copyLineMost)
	in.Split(wholeLines)
	var line, rows int64
	var insert string
	var width int
	for in.Scan() {
		line++
		b := in.Bytes()
		if len(b) > 0 && b[0] == '[' {
			row, err := values(b)
			if err != nil || insert == "" || len(row) != width {
				return damaged(line, "this is no row of the table before")
			}
			if _, err := tx.Exec(ctx, insert, row...); err != nil {
				if _, known := errors.AsType[*iotmark.Error](d.tell(err)); known || lost(err) || ctx.Err() != nil {
					return err
				}
				return damaged(line, "this row does not fit its table")
			}
			rows++
			sum.Write(b)
			continue
		}
		var l copyLine
		if err := json.Unmarshal(b, &l); err != nil {
			return damaged(line, "this is no line of a copy")
		}
		switch {
		case line == 1:
			if l.Copy != 1 {
				return damaged(line, "this is no copy of a database, or one of a later release")
			}
		case l.End:
			if l.Rows != rows || l.SHA256 != hex.EncodeToString(sum.Sum(nil)) {
				return damaged(line, "the checksum is another")
			}
			if in.Scan() {
				return damaged(line+1, "something follows the end")
			}
			return in.Err()
		default:
			cols, err := known(ctx, tx, names, l)
			if err != nil {
				return err
			}
			if insert, width = insertion(l.Table, cols), len(cols); width == 0 {
				return damaged(line, "a table has no columns")
			}
		}
		sum.Write(b)
	}
	if err := in.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return err
	}
	return damaged(line+1, "it ends early")
}

func known(ctx context.Context, tx *Tx, names []string, l copyLine) ([]string, error) {
	newer := func(what string) error {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "copy-newer",
			Msg: fmt.Sprintf("the copy has %s, which this release does not know; restore it with the release that made it", what)}
	}
	for _, name := range names {
		if name != l.Table {
			continue
		}
		have, _, err := columns(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		for _, c := range l.Columns {
			found := false
			for _, h := range have {
				found = found || h == c
			}
			if !found {
				return nil, newer(fmt.Sprintf("a column %.40q of table %s", c, name))
			}
		}
		return l.Columns, nil
	}
	return nil, newer(fmt.Sprintf("a table %.40q", l.Table))
}

func insertion(table string, cols []string) string {
	marks := make([]string, len(cols))
	for i := range cols {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	return "INSERT INTO " + table + " (" + strings.Join(cols, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
}

// values decodes a row: texts, whole numbers, truth values and nulls.
func values(b []byte) ([]any, error) {
	var row []any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&row); err != nil {
		return nil, err
	}
	for i, v := range row {
		switch v := v.(type) {
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				return nil, err
			}
			row[i] = n
		case string, bool, nil:
		default:
			return nil, errors.New("a value of no type of ours")
		}
	}
	return row, nil
}

// wholeLines gives lines with their end, as the checksum is over both.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}
