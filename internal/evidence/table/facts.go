// Package table reads tables: values separated by commas, semicolons, tabs or
// bars, and JSON whose rows are flat objects. It tells columns with type and
// unit, counts rows, and keeps the cells of small tables.
//
// What it refuses to do: read spreadsheets (XLSX, ODS), compute a formula, or
// say that a number is true. What can go wrong: a table with ragged rows or
// without a header is read as well as can be, and says so.
package table

import (
	"github.com/open-iot-mark/iotmark"
)

// The formats.
const (
	CSV  = "csv"
	JSON = "json"
)

// Facts are what was read out of one table.
type Facts struct {
	Format    string   `json:"format"`              // csv, json
	Delimiter string   `json:"delimiter,omitempty"` // , ; | or a tab
	Notes     []string `json:"notes,omitempty"`     // lines before the header that begin with #
	Headed    bool     `json:"headed"`              // the columns have names
	Columns   []Column `json:"columns"`
	Rows      int      `json:"rows"`
	// Cells are all rows of a small table, and the first rows of a large one.
	// A cell that is not there is the empty text.
	Cells  [][]string `json:"cells,omitempty"`
	Lines  []int      `json:"lines,omitempty"` // of the rows in Cells, from 1
	Cut    bool       `json:"cut,omitempty"`   // not all rows stand in Cells, or a cell was shortened
	Groups []Group    `json:"groups,omitempty"`
	Ragged Flaw       `json:"ragged,omitzero"` // rows with more or fewer fields than there are columns
	// Formulas are cells that a spreadsheet would run when it opens the file:
	// they begin with =, @, or with + or - and are no number (OWASP, CSV
	// injection).
	Formulas Flaw `json:"formulas,omitzero"`
	Replaced int  `json:"replaced,omitempty"` // bytes that are no UTF-8 and were replaced
}

// Flaw counts something that is wrong, with the line of the first.
type Flaw struct {
	N    int `json:"n,omitempty"`
	Line int `json:"line,omitempty"`
}

// Type is what all filled cells of a column are.
type Type string

// The types. A column of time stamps counts as Local when any of its cells
// names no zone.
const (
	Empty   Type = "empty" // no cell is filled
	Boolean Type = "boolean"
	Number  Type = "number"
	Instant Type = "timestamp"              // time with zone (RFC 3339), or seconds since 1970 in a column named as time
	Local   Type = "timestamp-without-zone" // time that nobody can place
	Day     Type = "date"
	Text    Type = "text"
)

// Column is one column.
type Column struct {
	Name   string   `json:"name"`            // as written; of JSON the dotted path
	Words  []string `json:"words,omitempty"` // the words of the name, in lower case
	Group  string   `json:"group,omitempty"` // JSON: name of the list the rows stand in
	Type   Type     `json:"type"`
	Whole  bool     `json:"whole,omitempty"` // numbers without a fraction
	Unit   string   `json:"unit,omitempty"`  // named in the column's name, such as celsius or kWh
	Filled int      `json:"filled"`          // cells that hold something
	// Unzoned counts time stamps that name no zone.
	Unzoned Flaw         `json:"unzoned,omitzero"`
	Epoch   bool         `json:"epoch,omitempty"` // seconds or milliseconds since 1970, which are UTC by definition (POSIX)
	First   iotmark.Date `json:"first,omitempty"` // earliest day of dates and time stamps
	Last    iotmark.Date `json:"last,omitempty"`  // latest day
}

// Group is one list of rows in JSON that holds several; CSV has none.
type Group struct {
	Name string `json:"name"` // empty for the outermost list
	Rows int    `json:"rows"`
	Line int    `json:"line"`
	List bool   `json:"list"` // a list of rows; false: one object
}

// ContentDate returns the last day of a time stamp in the table: records are
// written when or after they happen. Dates alone do not count, for a table of
// promises holds days to come.
func (f *Facts) ContentDate() iotmark.Date {
	var last iotmark.Date
	for _, c := range f.Columns {
		if c.Type == Instant || c.Type == Local {
			last = max(last, c.Last)
		}
	}
	return last
}

// Column returns the index of the first column whose name holds one of the
// words, and -1 when there is none. Words that stand first are preferred.
func (f *Facts) Column(words ...string) int {
	for _, w := range words {
		for i, c := range f.Columns {
			for _, x := range c.Words {
				if x == w {
					return i
				}
			}
		}
	}
	return -1
}
