package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// readJSON reads a list of flat objects, or an object that holds such lists:
// each list of objects is a group of rows, and objects within a row are
// flattened to dotted names. Tokens are read one by one, so that no more than
// one row is held.
func (b *builder) readJSON(s string) error {
	b.f.Format, b.f.Headed = JSON, true
	w := &walker{b: b, s: s, line: 1, dec: json.NewDecoder(strings.NewReader(s)), groups: map[string]int{}}
	w.dec.UseNumber()
	t, err := w.token()
	if err != nil {
		return err
	}
	root := &jsonRow{}
	switch t {
	case json.Delim('['):
		err = w.list("", root, 1)
	case json.Delim('{'):
		root.line = w.line
		if err = w.object("", root, "", 1); err == nil && len(root.cells) > 0 {
			err = w.emit("", root, false)
		}
	default:
		err = evidence.Malformed("table", errors.New("JSON that is neither a list nor an object holds no rows"))
	}
	if err != nil {
		return err
	}
	if _, err := w.dec.Token(); !errors.Is(err, io.EOF) {
		return evidence.Malformed("JSON", fmt.Errorf("line %d: something follows after the end of the document", w.here()))
	}
	return nil
}

// jsonRow is a row that is being read.
type jsonRow struct {
	cells []jsonCell
	seen  map[int]bool // columns
	line  int
}

type jsonCell struct {
	col  int
	text string
	line int
}

type walker struct {
	b      *builder
	s      string
	dec    *json.Decoder
	at     int // offset up to which lines were counted
	line   int
	groups map[string]int
	seen   int // up to which byte the context was looked at
}

// here returns the line of the last token.
func (w *walker) here() int {
	to := int(w.dec.InputOffset())
	w.line += strings.Count(w.s[w.at:to], "\n")
	w.at = to
	return w.line
}

func (w *walker) token() (json.Token, error) {
	if at := int(w.dec.InputOffset()); at-w.seen >= checkEvery {
		w.seen = at
		if err := w.b.ctx.Err(); err != nil {
			return nil, err
		}
	}
	t, err := w.dec.Token()
	if err != nil {
		return nil, evidence.Malformed("JSON", fmt.Errorf("line %d: %w", w.here(), err))
	}
	return t, nil
}

// maxNest bounds objects and lists within each other. Rows are flat; the
// exports that were looked at are five deep.
const maxNest = 16

// list reads what follows a '['. Objects in it are rows of the group; other
// values are joined to one cell of the row around it.
func (w *walker) list(path string, around *jsonRow, depth int) error {
	if depth > min(maxNest, w.b.lim.Depth) {
		return evidence.TooDeep(min(maxNest, w.b.lim.Depth))
	}
	line := w.here()
	var plain []string
	rows := 0
	for w.dec.More() {
		t, err := w.token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'):
			row := &jsonRow{line: w.here()}
			if err := w.object(path, row, "", depth+1); err != nil {
				return err
			}
			if err := w.emit(path, row, true); err != nil {
				return err
			}
			rows++
		case json.Delim('['):
			if err := w.list(path, around, depth+1); err != nil {
				return err
			}
		default:
			if len(plain) < 100 {
				plain = append(plain, clip(scalar(t), keptField))
			}
		}
	}
	if _, err := w.token(); err != nil {
		return err
	}
	if rows == 0 && len(plain) == 0 {
		return w.group(path, line, true)
	}
	if len(plain) > 0 {
		return w.set(around, path, "", strings.Join(plain, " "), line, true)
	}
	return nil
}

// object reads what follows a '{' into a row.
func (w *walker) object(group string, row *jsonRow, prefix string, depth int) error {
	if depth > min(maxNest, w.b.lim.Depth) {
		return evidence.TooDeep(min(maxNest, w.b.lim.Depth))
	}
	for w.dec.More() {
		t, err := w.token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		name := join(prefix, key)
		if t, err = w.token(); err != nil {
			return err
		}
		switch t {
		case json.Delim('{'):
			err = w.object(group, row, name, depth+1)
		case json.Delim('['):
			err = w.list(join(group, name), row, depth+1)
		default:
			err = w.set(row, group, name, scalar(t), w.here(), false)
		}
		if err != nil {
			return err
		}
	}
	_, err := w.token()
	return err
}

// set puts a cell into a row.
func (w *walker) set(row *jsonRow, group, name, text string, line int, list bool) error {
	full := join(group, name)
	if len(full) > maxName {
		full = clip(full, maxName)
	}
	i, ok := w.b.index[full]
	if !ok {
		var err error
		if i, err = w.b.column(full, group); err != nil {
			return err
		}
		w.b.index[full] = i
	}
	if row.seen[i] {
		if list {
			return nil // a list within a list; its first values stand for it
		}
		return evidence.Malformed("JSON", fmt.Errorf("line %d: the name %q stands twice in one object", line, clip(name, 40)))
	}
	if row.seen == nil {
		row.seen = map[int]bool{}
	}
	row.seen[i] = true
	row.cells = append(row.cells, jsonCell{i, text, line})
	return nil
}

// emit counts a finished row.
func (w *walker) emit(group string, row *jsonRow, list bool) error {
	if err := w.group(group, row.line, list); err != nil {
		return err
	}
	w.b.f.Groups[w.groups[group]].Rows++
	for _, c := range row.cells {
		w.b.cell(c.col, c.text, c.line)
	}
	return w.b.row(len(w.b.f.Columns), row.line, func(cells []string) {
		for _, c := range row.cells {
			cells[c.col] = c.text
		}
	})
}

func (w *walker) group(name string, line int, list bool) error {
	if _, ok := w.groups[name]; ok {
		return nil
	}
	if len(w.b.f.Groups) >= maxGroups {
		return evidence.TooMany("lists", maxGroups)
	}
	w.groups[name] = len(w.b.f.Groups)
	w.b.f.Groups = append(w.b.f.Groups, Group{Name: clip(name, maxName), Line: line, List: list})
	return nil
}

func join(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + "." + b
}

func scalar(t json.Token) string {
	switch v := t.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}
