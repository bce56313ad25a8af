package text

import (
	"bytes"
	"hash/fnv"
	"strings"

	"golang.org/x/net/html/atom"
)

// What people cannot see is not said. A page hides an element with the
// attribute hidden (HTML Standard, 6.1), with aria-hidden, with display:none
// or visibility:hidden in its own style, and hides dialogs that are not open
// and templates. Style sheets and scripts are not looked at: they can hide as
// well, and show what was hidden. A closed details element can be opened by
// anybody and counts.

// hiding collects the attributes of one tag that hide it. Of an attribute
// that stands twice the first counts (HTML Standard, 13.2.5.33).
type hiding struct {
	hidden, styled, unseen, aria, open bool
}

func (h *hiding) attribute(key string, v []byte) {
	switch key {
	case "hidden":
		h.hidden = true
	case "open":
		h.open = true
	case "aria-hidden":
		h.aria = h.aria || strings.EqualFold(string(bytes.TrimSpace(v[:min(len(v), 100)])), "true")
	case "style":
		if !h.styled {
			h.styled, h.unseen = true, unseen(v)
		}
	}
}

func (h *hiding) hides(a atom.Atom) bool {
	return h.hidden || h.aria || h.unseen || a == atom.Template || a == atom.Dialog && !h.open
}

// unseen reports whether a style attribute takes the element out of sight. Of
// two declarations of a property the later one counts, unless the earlier one
// is important (CSS Cascading 4, 6.1).
func unseen(style []byte) bool {
	if !bytes.ContainsRune(style, ':') {
		return false
	}
	var plain []byte // without comments and white space, in lower case
	for i := 0; i < len(style); i++ {
		c := style[i]
		switch {
		case c == '/' && i+1 < len(style) && style[i+1] == '*':
			end := bytes.Index(style[i+2:], []byte("*/"))
			if end < 0 {
				end = len(style)
			}
			i += end + 3
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
		case c >= 'A' && c <= 'Z':
			plain = append(plain, c|0x20)
		default:
			plain = append(plain, c)
		}
	}
	type state struct{ hides, important bool }
	var display, visibility state
	for d := range bytes.SplitSeq(plain, []byte{';'}) {
		k, v, _ := bytes.Cut(d, []byte{':'})
		v, important := bytes.CutSuffix(v, []byte("!important"))
		var s *state
		switch string(k) {
		case "display":
			s = &display
		case "visibility":
			s = &visibility
		default:
			continue
		}
		if s.important && !important {
			continue
		}
		*s = state{string(v) == "none" || string(v) == "hidden" || string(v) == "collapse", important}
	}
	return display.hides || visibility.hides
}

// Bounds of the elements that are open. Browsers go 512 deep.
const (
	maxOpen = 1 << 18
	maxBack = 256 // elements that are gone back through for one tag
)

// elements are the elements that are open, so that the end of a hidden one is
// known even where its end tag is left out (HTML Standard, 13.1.2.4).
type elements struct {
	xml    bool
	stack  []element
	open   map[uint32]int // how many of each name are open
	hidden int            // hidden elements that are open
}

type element struct {
	key    uint32
	hidden bool
}

// keyOf returns a number for the name of an element: its atom, or a hash of
// the names of no atom.
func keyOf(name []byte, a atom.Atom) uint32 {
	if a != 0 {
		return uint32(a)
	}
	h := fnv.New32a()
	h.Write(name)
	return h.Sum32() | 1<<31
}

func keys(as ...atom.Atom) map[uint32]bool {
	m := map[uint32]bool{}
	for _, a := range as {
		m[uint32(a)] = true
	}
	return m
}

var (
	htmlVoid = keys(atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta, atom.Param, atom.Source, atom.Track, atom.Wbr)
	// barriers end the search for an element that a tag closes.
	barriers = keys(atom.Table, atom.Td, atom.Th, atom.Caption, atom.Template, atom.Html, atom.Object, atom.Marquee)
	// anew are the elements of format that go on after the block around them
	// ends (HTML Standard, 13.2.4.3).
	anew  = keys(atom.B, atom.Big, atom.Code, atom.Em, atom.Font, atom.I, atom.S, atom.Small, atom.Strike, atom.Strong, atom.Tt, atom.U)
	lists = keys(atom.Ul, atom.Ol, atom.Menu, atom.Dl)
	inPar = keys(atom.Title, atom.Head, atom.Html, atom.Body, atom.Iframe, atom.Select, atom.Textarea, atom.Button, atom.Legend, atom.Caption, atom.Tr, atom.Tbody, atom.Thead, atom.Tfoot, atom.Option)
	table = keys(atom.Table, atom.Tr, atom.Tbody, atom.Thead, atom.Tfoot, atom.Td, atom.Th, atom.Caption, atom.Template)
	rows  = keys(atom.Tr)
	cells = keys(atom.Td, atom.Th)
	parts = keys(atom.Tbody, atom.Thead, atom.Tfoot, atom.Caption)
	heads = keys(atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6)
)

// find returns the place of the innermost open element of one of the names,
// and -1 when there is none in front of a stop.
func (e *elements) find(names, stops map[uint32]bool) int {
	// Most tags have nothing to find; then nobody goes back.
	any := false
	for k := range names {
		any = any || e.open[k] > 0
	}
	if !any {
		return -1
	}
	for i := len(e.stack) - 1; i >= max(0, len(e.stack)-maxBack); i-- {
		if names[e.stack[i].key] {
			return i
		}
		if stops[e.stack[i].key] {
			return -1
		}
	}
	return -1
}

// cut closes the elements from i on. Hidden elements of format within them
// are opened anew.
func (e *elements) cut(i int) {
	var again []element
	for j, x := range e.stack[i:] {
		if e.open[x.key]--; e.open[x.key] == 0 {
			delete(e.open, x.key)
		}
		if x.hidden {
			e.hidden--
			if j > 0 && anew[x.key] {
				again = append(again, x)
			}
		}
	}
	e.stack = e.stack[:i]
	for _, x := range again {
		e.add(x)
	}
}

func (e *elements) add(x element) {
	e.stack = append(e.stack, x)
	e.open[x.key]++
	if x.hidden {
		e.hidden++
	}
}

// push opens an element, and closes those that its start tag ends. It returns
// false when more are open than any page needs.
func (e *elements) push(name []byte, a atom.Atom, closed, hidden bool) bool {
	end := func(names, stops map[uint32]bool) {
		if i := e.find(names, stops); i >= 0 {
			e.cut(i)
		}
	}
	key := keyOf(name, a)
	switch a {
	case atom.Li:
		end(listItem, listStops)
	case atom.Dt, atom.Dd:
		end(listTerm, listStops)
	case atom.Tr:
		end(rows, tableOnly)
	case atom.Td, atom.Th:
		end(cells, rowStops)
	case atom.Tbody, atom.Thead, atom.Tfoot:
		end(parts, tableOnly)
	case atom.Option:
		end(option, barriers)
	case atom.A:
		end(anchor, barriers)
	}
	if _, heading := htmlHeadings[a]; (heading || htmlBlocks[a] || htmlItems[a]) && !inPar[key] {
		end(paragraph, paragraphStops)
	}
	if htmlVoid[key] || closed && (e.xml || e.open[uint32(atom.Svg)] > 0 || e.open[uint32(atom.Math)] > 0 || a == atom.Svg || a == atom.Math) {
		return true
	}
	e.add(element{key, hidden})
	return len(e.stack) <= maxOpen
}

var (
	listItem       = keys(atom.Li)
	listTerm       = keys(atom.Dt, atom.Dd)
	option         = keys(atom.Option)
	anchor         = keys(atom.A)
	paragraph      = keys(atom.P)
	listStops      = union(lists, barriers)
	tableOnly      = keys(atom.Table, atom.Template)
	rowStops       = union(tableOnly, rows)
	paragraphStops = union(barriers, keys(atom.Button))
)

func union(ms ...map[uint32]bool) map[uint32]bool {
	out := map[uint32]bool{}
	for _, m := range ms {
		for k := range m {
			out[k] = true
		}
	}
	return out
}

// pop closes an element. It returns false when the end tag is not to be
// looked at further, because it belongs to what is hidden.
func (e *elements) pop(name []byte, a atom.Atom) bool {
	before := e.hidden
	key := keyOf(name, a)
	names, stops := map[uint32]bool(nil), barriers
	switch {
	case a == atom.Body || a == atom.Html:
		return before == 0 // what follows still belongs to the body
	case heads[key]:
		names = heads
	case a == atom.P:
		stops = paragraphStops
	case a == atom.Template:
		stops = nil
	case table[key]:
		stops = tableOnly
	}
	i := -1
	if n := len(e.stack) - 1; n >= 0 && e.stack[n].key == key {
		i = n
	} else if e.open[key] > 0 || heads[key] {
		names := names
		if names == nil {
			names = map[uint32]bool{key: true}
		}
		i = e.find(names, stops)
	}
	if i < 0 {
		return before == 0
	}
	hidden := e.stack[i].hidden
	e.cut(i)
	return before == 0 || e.hidden == 0 && !hidden
}
