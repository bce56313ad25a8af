package text

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// What an element does to the text around it. Elements that are not named run
// on in the line. The walker works on tokens and builds no tree, so neither
// depth nor number of elements costs memory.
var (
	htmlBlocks = map[atom.Atom]bool{
		atom.Address: true, atom.Article: true, atom.Aside: true, atom.Blockquote: true, atom.Body: true, atom.Caption: true,
		atom.Center: true, atom.Details: true, atom.Dialog: true, atom.Div: true, atom.Dl: true, atom.Fieldset: true,
		atom.Figcaption: true, atom.Figure: true, atom.Footer: true, atom.Form: true, atom.Header: true, atom.Hgroup: true,
		atom.Hr: true, atom.Legend: true, atom.Main: true, atom.Menu: true, atom.Nav: true, atom.Ol: true, atom.P: true,
		atom.Pre: true, atom.Search: true, atom.Section: true, atom.Summary: true, atom.Table: true, atom.Tbody: true,
		atom.Tfoot: true, atom.Thead: true, atom.Title: true, atom.Tr: true, atom.Ul: true, atom.Head: true, atom.Html: true,
		atom.Iframe: true, atom.Select: true, atom.Textarea: true, atom.Button: true,
	}
	htmlItems    = map[atom.Atom]bool{atom.Li: true, atom.Dt: true, atom.Dd: true, atom.Option: true}
	htmlHeadings = map[atom.Atom]int{atom.H1: 1, atom.H2: 2, atom.H3: 3, atom.H4: 4, atom.H5: 5, atom.H6: 6}
	htmlSkipped  = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Iframe: true, atom.Noembed: true, atom.Noframes: true}
)

// htmlWalk is the state of one walk over a page.
type htmlWalk struct {
	w        *writer
	line     int
	skip     bool // the text that comes next belongs to a skipped element
	els      elements
	title    bool // inside title
	inRow    bool
	breaks   int // br in a row
	href     string
	linkLine int
	linkText strings.Builder
	inLink   bool
}

func readHTML(w *writer, s string) error {
	z := html.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(maxToken)
	h := &htmlWalk{w: w, line: 1, els: elements{xml: strings.HasPrefix(strings.TrimSpace(s[:min(len(s), 100)]), "<?xml"), open: map[uint32]int{}}}
	for unchecked := 0; ; {
		tt := z.Next()
		// Raw must be looked at before the token, which unescapes in place.
		raw := z.Raw()
		lines := bytes.Count(raw, []byte{'\n'})
		if unchecked += len(raw); unchecked >= checkEvery {
			unchecked = 0
			if err := w.ctx.Err(); err != nil {
				return err
			}
		}
		var err error
		switch tt {
		case html.ErrorToken:
			h.endLink()
			switch {
			case errors.Is(z.Err(), io.EOF):
				return nil
			case errors.Is(z.Err(), html.ErrBufferExceeded):
				w.facts.Cut = true
				return nil
			}
			return z.Err()
		case html.TextToken:
			err = h.text(z.Text())
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			err = h.open(name, z, more, tt == html.SelfClosingTagToken)
		case html.EndTagToken:
			name, _ := z.TagName()
			h.close(name)
		}
		if err != nil {
			h.endLink()
			return err
		}
		h.line += lines
	}
}

func (h *htmlWalk) text(b []byte) error {
	if h.skip {
		h.skip = false
		return nil
	}
	if h.els.hidden > 0 {
		h.w.facts.Hidden = h.w.facts.Hidden || len(bytes.TrimSpace(b)) > 0
		return nil
	}
	s := string(b)
	if h.title {
		if h.w.facts.Title == "" {
			h.w.facts.Title = clean(s, 300)
		}
	}
	if h.inLink && h.linkText.Len() < 300 {
		h.linkText.WriteString(s[:min(len(s), 300)])
	}
	if strings.TrimSpace(s) != "" {
		h.breaks = 0
	}
	return h.w.text(s, h.line)
}

// open handles a start tag. Attributes are looked at one by one and never
// kept, apart from the few that matter.
func (h *htmlWalk) open(name []byte, z *html.Tokenizer, more, closed bool) error {
	a := atom.Lookup(name)
	h.skip = htmlSkipped[a]
	var lang, alt, href []byte
	var hide hiding
	seen := false // href
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		switch string(k) {
		case "lang":
			lang = v
		case "alt":
			alt = v
		case "href":
			if !seen {
				href, seen = v, true
			}
		default:
			hide.attribute(string(k), v)
		}
	}
	hidden := hide.hides(a)
	if !h.els.push(name, a, closed, hidden) {
		h.w.facts.Cut = true
		return errFull
	}
	if hidden && htmlBlocks[a] && !h.inRow {
		h.w.gap()
	}
	if h.els.hidden > 0 || hidden {
		h.w.facts.Hidden = h.w.facts.Hidden || len(alt) > 0
		return nil
	}
	level, heading := htmlHeadings[a]
	switch {
	case heading:
		h.w.start("heading", level)
		h.inRow = false
	case a == atom.Tr:
		h.w.start("row", 0)
		h.inRow = true
	case a == atom.Td || a == atom.Th:
		if h.inRow {
			if err := h.w.cell(); err != nil {
				return err
			}
		}
	case htmlItems[a]:
		h.w.start("item", 0)
		h.inRow = false
	case a == atom.Title:
		h.w.start("heading", 1)
		h.title = true
	case htmlBlocks[a]:
		// A paragraph in an item or a cell is still the item or the row.
		if h.inRow && a != atom.Table || a == atom.P && h.w.kind == "item" && h.w.b.Len() == 0 {
			h.w.gap()
			break
		}
		h.w.start("text", 0)
		h.inRow = false
	case a == atom.Br:
		if h.breaks++; h.breaks >= 2 && !h.inRow {
			h.w.start(h.w.kind, h.w.level)
		}
		h.w.gap()
	}
	switch {
	case a == atom.Html && lang != nil:
		h.w.facts.Declared = primary(string(lang[:min(len(lang), 40)]))
	case a == atom.Img && len(alt) > 0:
		h.w.gap()
		if err := h.w.text(string(alt), h.line); err != nil {
			return err
		}
		h.w.gap()
	case a == atom.A && seen:
		h.endLink()
		h.inLink, h.href, h.linkLine = !closed, string(href[:min(len(href), 8000)]), h.line
	case a == atom.Area && seen:
		h.endLink()
		h.w.link("", string(href[:min(len(href), 8000)]), h.line)
	}
	return nil
}

func (h *htmlWalk) close(name []byte) {
	h.skip = false
	a := atom.Lookup(name)
	if !h.els.pop(name, a) {
		return
	}
	_, heading := htmlHeadings[a]
	switch {
	case a == atom.A:
		h.endLink()
	case a == atom.Tr || a == atom.Table:
		h.w.start("text", 0)
		h.inRow = false
	case heading, htmlItems[a]:
		h.w.start("text", 0)
	case a == atom.Title:
		h.title = false
		// The title stands in Facts.Title; as a block it would be read twice.
		h.w.b.Reset()
		h.w.cur, h.w.space = nil, false
		h.w.start("text", 0)
	case htmlBlocks[a]:
		if h.inRow || a == atom.P && h.w.kind == "item" {
			h.w.gap()
			return
		}
		h.w.start("text", 0)
	}
}

func (h *htmlWalk) endLink() {
	if h.inLink {
		h.w.link(h.linkText.String(), h.href, h.linkLine)
	}
	h.inLink = false
	h.linkText.Reset()
}

// link keeps a link with its text while there is room.
func (w *writer) link(text, url string, line int) {
	if len(w.facts.Links) >= maxLinks || w.links >= maxLinkBytes || url == "" {
		return
	}
	if url = clean(url, 2000); url == "" {
		return
	}
	l := Link{Text: clean(text, 300), URL: url, Line: line}
	w.links += len(l.Text) + len(l.URL)
	w.facts.Links = append(w.facts.Links, l)
}

// clean folds white space, drops what a writer drops and cuts at n bytes. It
// gives a copy, for facts must not hold on to the whole text.
func clean(s string, n int) string {
	s = strings.ToValidUTF8(s[:min(len(s), n*4)], "")
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		if dropped(r) {
			return -1
		}
		return r
	}, s)), " ")
	return strings.Clone(strings.ToValidUTF8(s[:min(len(s), n)], ""))
}

// primary returns the primary subtag of a language tag (RFC 5646, 2.2.1).
func primary(tag string) string {
	t, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	t, _, _ = strings.Cut(t, "_")
	if len(t) < 2 || len(t) > 3 || strings.Trim(t, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	if t == "no" || t == "nn" {
		return "nb"
	}
	return t
}
