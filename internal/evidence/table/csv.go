package table

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// readCSV reads separated values (RFC 4180), with the freedoms that tables in
// the wild take: other separators, notes, ragged rows, white space around
// cells. encoding/csv is not used because it allocates for as many fields as
// a line holds before anybody can count them.
func (b *builder) readCSV(s string) error {
	d, _ := delimiter(firstLines(s, 20))
	if d != 0 {
		b.f.Format, b.f.Delimiter = CSV, string(d)
	} else {
		b.f.Format = CSV
	}
	p := &csv{ctx: b.ctx, s: s, d: d, line: 1}
	if l := strings.ToLower(s[:min(len(s), 6)]); strings.HasPrefix(l, "sep=") && len(l) > 4 {
		p.skipLine()
	}
	head := false
	for {
		cells, line, err := p.next()
		if err != nil {
			return err
		}
		if cells == nil {
			break
		}
		if len(cells) == 1 && (cells[0] == "" || cells[0][0] == '#') {
			if !head && cells[0] != "" && len(b.f.Notes) < maxNotes {
				b.f.Notes = append(b.f.Notes, clip(strings.TrimSpace(cells[0][1:]), keptField))
			}
			continue
		}
		if !head {
			head = true
			named := names(cells)
			b.f.Headed = named
			for _, c := range cells {
				if !named {
					c = ""
				}
				if _, err := b.column(c, ""); err != nil {
					return err
				}
			}
			if named {
				continue
			}
		}
		if err := b.csvRow(cells, line); err != nil {
			return err
		}
	}
	if !head {
		return evidence.Malformed("table", fmt.Errorf("there is no row in it"))
	}
	return nil
}

func (b *builder) csvRow(cells []string, line int) error {
	n := len(b.f.Columns)
	for len(cells) > n && cells[len(cells)-1] == "" { // a separator at the end of each line
		cells = cells[:len(cells)-1]
	}
	if len(cells) != n {
		b.f.Ragged.add(line)
	}
	for i, c := range cells[:min(n, len(cells))] {
		b.cell(i, c, line)
	}
	return b.row(n, line, func(row []string) { copy(row, cells) })
}

// names reports whether a row holds names of columns: no number and no time
// among its cells.
func names(cells []string) bool {
	filled := 0
	for _, c := range cells {
		if c == "" {
			continue
		}
		filled++
		if _, ok := ParseNumber(c, false); ok {
			return false
		}
		if k, _ := moment(c, new(int), new(int)); k != noMoment {
			return false
		}
	}
	return filled > 0
}

// csv is a scanner over separated values.
type csv struct {
	ctx   context.Context
	seen  int // up to which byte the context was looked at
	s     string
	d     byte // 0: there is one column
	i     int
	line  int
	cells []string // of the last row; used again
}

func (p *csv) skipLine() {
	if i := strings.IndexByte(p.s[p.i:], '\n'); i >= 0 {
		p.i += i + 1
		p.line++
		return
	}
	p.i = len(p.s)
}

// next returns the cells of the next row and its first line; nil at the end.
func (p *csv) next() ([]string, int, error) {
	if p.i >= len(p.s) {
		return nil, 0, nil
	}
	line := p.line
	p.cells = p.cells[:0]
	for {
		if len(p.cells) >= maxColumns {
			return nil, 0, evidence.TooMany("columns", maxColumns)
		}
		if p.i-p.seen >= checkEvery {
			p.seen = p.i
			if err := p.ctx.Err(); err != nil {
				return nil, 0, err
			}
		}
		c, end, err := p.cell()
		if err != nil {
			return nil, 0, err
		}
		p.cells = append(p.cells, strings.TrimSpace(c))
		if end {
			return p.cells, line, nil
		}
	}
}

// cell reads one cell and whether the row ends with it.
func (p *csv) cell() (cell string, end bool, err error) {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t' && p.d != '\t') {
		p.i++
	}
	if p.i < len(p.s) && p.s[p.i] == '"' {
		return p.quoted()
	}
	from := p.i
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == p.d && p.d != 0:
			p.i++
			return p.s[from : p.i-1], false, p.long(p.i - from)
		case c == '\n' || c == '\r':
			cell = p.s[from:p.i]
			p.newline()
			return cell, true, p.long(len(cell))
		}
		if p.i++; p.i-from > maxField {
			return "", false, p.long(p.i - from)
		}
	}
	return p.s[from:], true, nil
}

// newline goes over the end of a line: LF, CR LF or CR.
func (p *csv) newline() {
	if p.s[p.i] == '\r' && p.i+1 < len(p.s) && p.s[p.i+1] == '\n' {
		p.i++
	}
	p.i++
	p.line++
}

func (p *csv) quoted() (string, bool, error) {
	from := p.i
	at := p.line
	p.i++
	var b strings.Builder
	start := p.i
	for p.i < len(p.s) {
		if p.i-from > maxField {
			p.line = at
			return "", false, p.long(p.i - from)
		}
		switch c := p.s[p.i]; {
		case c == '"' && p.i+1 < len(p.s) && p.s[p.i+1] == '"':
			b.WriteString(p.s[start : p.i+1])
			p.i += 2
			start = p.i
		case c == '"':
			b.WriteString(p.s[start:p.i])
			p.i++
			rest, end, err := p.afterQuote()
			return b.String() + rest, end, err
		case c == '\n':
			p.line++
			p.i++
		default:
			p.i++
		}
	}
	p.line = at
	return "", false, evidence.Malformed("table", fmt.Errorf("line %d: a quote is opened and never closed", at))
}

// afterQuote goes on to the separator; what stands between is taken as part
// of the cell.
func (p *csv) afterQuote() (string, bool, error) {
	from := p.i
	for p.i < len(p.s) && p.s[p.i] != '\n' && p.s[p.i] != '\r' && (p.d == 0 || p.s[p.i] != p.d) {
		if p.i++; p.i-from > maxField {
			return "", false, p.long(p.i - from)
		}
	}
	rest := p.s[from:p.i]
	if p.i >= len(p.s) {
		return rest, true, nil
	}
	if p.d != 0 && p.s[p.i] == p.d {
		p.i++
		return rest, false, nil
	}
	p.newline()
	return rest, true, nil
}

func (p *csv) long(n int) error {
	if n <= maxField {
		return nil
	}
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "field-too-long",
		Msg: fmt.Sprintf("line %d: a cell holds more than %s; look for a quote that is opened and never closed", p.line, evidence.Bytes(maxField))}
}
