package table

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Reader reads tables.
var Reader = evidence.Reader{
	Name:    "table",
	Version: 1,
	Kinds: []iotmark.EvidenceKind{
		iotmark.KindHBOM, iotmark.KindDataExport, iotmark.KindFieldData, iotmark.KindSubstanceList,
		iotmark.KindCryptoList, iotmark.KindAssessmentTables, iotmark.KindHostList,
	},
	Sniff: sniff,
	Read: func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) {
		f, err := read(ctx, src, lim)
		if err != nil {
			return nil, err // a nil *Facts in an interface would look like facts
		}
		return f, nil
	},
	New: func() any { return new(Facts) },
}

// Bounds of this reader. A year of readings, one every thirty seconds, is a
// million rows.
const (
	maxJSON    = 32 << 20 // bytes of JSON, whose decoder holds a long text twice
	maxColumns = 1_000
	maxRows    = 5_000_000
	maxField   = 64 << 10 // bytes of one cell; a longer one is a quote that was not closed
	checkEvery = 64 << 10 // bytes between two looks at the context
	maxTries   = 100_000  // cells for whose time all layouts are tried
	keptField  = 1_000    // bytes of a cell that are kept
	keptRows   = 2_000
	keptCells  = 100_000
	keptBytes  = 4 << 20
	maxNotes   = 20
	maxName    = 200
	maxGroups  = 200
)

// closed are the first bytes of formats that are no tables here: zip (XLSX,
// ODS), OLE (XLS), PDF, gzip, pictures.
var closed = []string{"PK\x03\x04", "\xd0\xcf\x11\xe0", "%PDF-", "\x1f\x8b", "\x89PNG", "\xff\xd8\xff", "{\\rtf"}

func sniff(_ string, head []byte) bool {
	for _, m := range closed {
		if bytes.HasPrefix(head, []byte(m)) {
			return false
		}
	}
	s, _ := decode(head)
	s = strings.TrimSpace(s)
	switch {
	case s == "", s[0] == '<', strings.HasPrefix(s, "---\n"), strings.ContainsRune(s, 0):
		return false
	case s[0] == '{':
		for _, m := range []string{`"bomFormat"`, `"spdxVersion"`, `"SPDXID"`, `"ietf-mud:mud"`, `"openapi"`, `"swagger"`, `"asyncapi"`} {
			if strings.Contains(s, m) {
				return false
			}
		}
		return true
	case s[0] == '[':
		return true
	}
	lines := firstLines(s, 20)
	if len(head) >= evidence.SniffLen && len(lines) > 1 {
		lines = lines[:len(lines)-1] // the last one is cut
	}
	d, sure := delimiter(lines)
	if d != 0 {
		return sure
	}
	// One column: a list of names or addresses, without a space in any.
	for _, l := range lines {
		if len(l) > 253 || strings.ContainsAny(strings.TrimSpace(l), " \t") {
			return false
		}
	}
	return true
}

// firstLines returns the first lines that are neither empty nor notes.
func firstLines(s string, n int) []string {
	var out []string
	for l := range strings.Lines(s) {
		l = strings.TrimRight(l, "\r\n")
		if t := strings.TrimSpace(l); t == "" || t[0] == '#' {
			continue
		}
		if out = append(out, l); len(out) == n {
			break
		}
	}
	return out
}

// delimiter finds what separates the cells: the byte that stands about
// equally often in the first lines, outside quotes. It is sure when that
// holds for two lines or more.
func delimiter(lines []string) (d byte, sure bool) {
	if len(lines) == 0 {
		return 0, false
	}
	if l := strings.ToLower(lines[0]); len(l) == 5 && strings.HasPrefix(l, "sep=") { // Excel writes it
		return l[4], true
	}
	best := 0
	for _, c := range []byte{'\t', ';', ',', '|'} {
		n := outside(lines[0], c)
		if n == 0 {
			continue
		}
		same := 1
		for _, l := range lines[1:] {
			if k := outside(l, c); k > 0 && k-n <= 1 && n-k <= 1 {
				same++
			}
		}
		// Half of the lines: cells may go over several, and rows be ragged.
		score := n
		if same*2 >= len(lines) && !prose(lines[0]) {
			score += 10_000
		}
		if score > best {
			best, d, sure = score, c, score > 10_000 && len(lines) > 1
		}
	}
	return d, sure
}

// prose reports whether a line reads like a sentence and not like a header.
func prose(l string) bool {
	l = strings.TrimSpace(l)
	return strings.HasSuffix(l, ".") || len(strings.Fields(l)) > 8*(1+strings.Count(l, ",")+strings.Count(l, ";")+strings.Count(l, "\t")+strings.Count(l, "|"))
}

// outside counts c outside quotes.
func outside(l string, c byte) int {
	n, quoted := 0, false
	for i := range len(l) {
		switch {
		case l[i] == '"':
			quoted = !quoted
		case l[i] == c && !quoted:
			n++
		}
	}
	return n
}

func read(ctx context.Context, src evidence.Source, lim evidence.Limits) (*Facts, error) {
	raw, err := src.ReadAll(lim)
	if err != nil {
		return nil, err
	}
	for _, m := range closed {
		if bytes.HasPrefix(raw, []byte(m)) {
			return nil, evidence.Malformed("table", errors.New("it is no CSV and no JSON; save it as CSV in UTF-8"))
		}
	}
	s, bad := decode(raw)
	f := &Facts{Replaced: bad}
	b := &builder{ctx: ctx, f: f, lim: lim, index: map[string]int{}}
	switch t := strings.TrimLeft(s, " \t\r\n"); {
	case t == "":
		err = evidence.Malformed("table", errors.New("there is nothing in it"))
	case t[0] == '{' || t[0] == '[':
		if len(s) > maxJSON {
			return nil, evidence.TooLarge(int64(len(s)), maxJSON)
		}
		err = b.readJSON(s)
	default:
		err = b.readCSV(s)
	}
	if err != nil {
		return nil, err
	}
	b.finish()
	return f, nil
}

// decode returns the text in UTF-8, and how many bytes had to be replaced.
func decode(b []byte) (string, int) {
	var big bool
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		big = true
	default:
		b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
		if utf8.Valid(b) {
			return string(b), 0
		}
		bad := 0
		for rest := b; len(rest) > 0; {
			r, n := utf8.DecodeRune(rest)
			if r == utf8.RuneError && n == 1 {
				bad++
			}
			rest = rest[n:]
		}
		return strings.ToValidUTF8(string(b), "\uFFFD"), bad
	}
	out := make([]byte, 0, len(b)/2)
	bad := len(b) & 1
	for i := 2; i+1 < len(b); i += 2 {
		u := func(i int) rune {
			if big {
				return rune(b[i])<<8 | rune(b[i+1])
			}
			return rune(b[i+1])<<8 | rune(b[i])
		}
		r := u(i)
		if utf16.IsSurrogate(r) {
			p := rune(utf8.RuneError)
			if i+3 < len(b) {
				p = utf16.DecodeRune(r, u(i+2))
			}
			if p == utf8.RuneError {
				bad++
			} else {
				i += 2
			}
			r = p
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out), bad
}

// builder takes rows and gives columns. One goroutine owns it.
type builder struct {
	ctx   context.Context
	f     *Facts
	lim   evidence.Limits
	stats []stat
	index map[string]int // of a column, by name; JSON only
	cells int
	bytes int
	tries int // cells for whose time all layouts were tried
}

// column makes room for a column.
func (b *builder) column(name, group string) (int, error) {
	if len(b.f.Columns) >= maxColumns {
		return 0, evidence.TooMany("columns", maxColumns)
	}
	name = clip(strings.TrimSpace(name), maxName)
	b.f.Columns = append(b.f.Columns, Column{Name: name, Words: Words(strings.TrimPrefix(name, group)), Group: group, Unit: UnitOf(strings.TrimPrefix(name, group))})
	b.stats = append(b.stats, stat{})
	return len(b.f.Columns) - 1, nil
}

// cell counts one cell of a column.
func (b *builder) cell(col int, s string, line int) {
	if s == "" {
		return
	}
	if formula(s) {
		b.f.Formulas.add(line)
	}
	b.stats[col].add(s, line, b.f.Delimiter == ";", &b.tries)
}

// row counts one row of n cells, and has it filled in and keeps it while
// there is room: a row may be shorter than its columns are many.
func (b *builder) row(n, line int, fill func(cells []string)) error {
	f := b.f
	if f.Rows++; f.Rows > maxRows {
		return evidence.TooMany("rows", maxRows)
	}
	if f.Rows%1024 == 0 && b.ctx.Err() != nil {
		return b.ctx.Err()
	}
	if f.Rows > keptRows || b.cells+n > keptCells || b.bytes > keptBytes {
		f.Cut = true
		return nil
	}
	kept := make([]string, n)
	fill(kept)
	for i, s := range kept {
		if len(s) > keptField {
			f.Cut = true
		}
		kept[i] = clip(s, keptField)
		b.bytes += len(kept[i])
	}
	b.cells += n
	f.Cells = append(f.Cells, kept)
	f.Lines = append(f.Lines, line)
	return nil
}

// finish decides the types of the columns.
func (b *builder) finish() {
	f := b.f
	zoned := false
	for i := range f.Columns {
		c, s := &f.Columns[i], b.stats[i]
		s.decide(c)
		w := strings.Join(c.Words, " ")
		if (w == "timezone" || w == "time zone" || w == "tz" || w == "utc offset" || w == "zone") && c.Filled == f.Rows {
			zoned = true // each row names its zone in a column of its own
		}
	}
	for i := range f.Columns {
		if c := &f.Columns[i]; zoned && c.Type == Local {
			c.Type, c.Unzoned = Instant, Flaw{}
		}
	}
	for i, r := range f.Cells { // rows of JSON that were kept before the last column was met
		for len(r) < len(f.Columns) {
			r = append(r, "")
		}
		f.Cells[i] = r
	}
}

func (w *Flaw) add(line int) {
	if w.N++; w.N == 1 {
		w.Line = line
	}
}

// formula reports whether a spreadsheet would run the cell.
func formula(s string) bool {
	switch s[0] {
	case '=', '@':
		return len(s) > 1
	case '+', '-':
		return len(s) > 1 && s[1] != ' ' && strings.ContainsAny(s, "(!|=")
	}
	return false
}

// clip cuts to n bytes, at the border of a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n])
}
