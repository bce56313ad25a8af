package text

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/internal/pattern"
)

var (
	mdHeading = pattern.New(`^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$`)
	mdFence   = pattern.New("^ {0,3}(`{3,}|~{3,})")
	mdItem    = pattern.New(`^\s*(?:[-*+]|[0-9]{1,9}[.)])\s+(?:\[[ xX]\]\s+)?(.*)$`)
	mdRule    = pattern.New(`^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$`)
)

// markdownWalk is the state of one walk over a Markdown text. It reads the
// part of CommonMark that carries meaning in a notice, in one pass, and never
// looks further ahead than a bounded number of bytes.
type markdownWalk struct {
	w       *writer
	refs    map[string]string // link reference definitions
	fence   string
	comment bool
	para    bool // a paragraph is running, so that a rule makes it a heading
}

func readMarkdown(w *writer, s string) error {
	m := &markdownWalk{w: w, refs: map[string]string{}}
	labels := 0
	err := eachLine(w.ctx, s, func(line string, _ int) error {
		t := strings.TrimLeft(line[:min(len(line), 4)], " ")
		if !strings.HasPrefix(t, "[") || len(m.refs) >= maxLinks || labels >= maxLabels {
			return nil
		}
		if label, url, ok := reference(line[strings.IndexByte(line, '['):]); ok {
			label = strings.ToLower(label)
			if _, there := m.refs[label]; !there {
				labels += len(label)
			}
			m.refs[label] = url
		}
		return nil
	})
	if err != nil {
		return err
	}
	return eachLine(w.ctx, s, m.line)
}

// maxLabel bounds the label of a reference (CommonMark 0.31, 6.3).
const maxLabel = 999

// reference reads the definition of a link reference: [label]: address.
func reference(t string) (label, url string, ok bool) {
	end := strings.IndexByte(t[:min(len(t), maxLabel+2)], ']')
	if end < 2 || t[0] != '[' || !strings.HasPrefix(t[end+1:], ":") {
		return "", "", false
	}
	rest := strings.TrimLeft(t[end+2:min(len(t), end+1300)], " \t")
	rest = strings.TrimPrefix(rest, "<")
	if i := strings.IndexFunc(rest, func(r rune) bool { return r == '>' || unicode.IsSpace(r) }); i >= 0 {
		rest = rest[:i]
	}
	return t[1:end], rest, rest != ""
}

func (m *markdownWalk) line(line string, n int) error {
	w := m.w
	t := strings.TrimSpace(line)
	if m.fence != "" {
		if strings.HasPrefix(t, m.fence) && strings.Trim(t, m.fence[:1]) == "" {
			m.fence = ""
			w.start("text", 0)
			return nil
		}
		w.start("code", 0)
		return w.text(line, n)
	}
	if f := mdFence.Regexp().FindStringSubmatch(line[:min(len(line), 200)]); f != nil && !m.comment {
		m.fence, m.para = f[1], false
		w.start("code", 0)
		return nil
	}
	if strings.HasPrefix(t, ">") {
		t = strings.TrimSpace(strings.TrimLeft(t, "> \t"))
	}
	if t == "" {
		w.start("text", 0)
		m.para = false
		return nil
	}
	if m.para && w.kind == "text" && len(t) >= 2 && (strings.Trim(t, "=") == "" || strings.Trim(t, "-") == "") {
		w.kind, w.level = "heading", 1
		if t[0] == '-' {
			w.level = 2
		}
		w.start("text", 0)
		m.para = false
		return nil
	}
	if ruler(t) && !strings.HasPrefix(t, "#") {
		w.start("text", 0)
		m.para = false
		return nil
	}
	if _, _, ok := reference(t); ok {
		return nil
	}
	if h := mdHeading.Regexp().FindStringSubmatch(line[:min(len(line), maxHeading)]); h != nil && len(line) < maxHeading {
		w.start("heading", len(h[1]))
		m.para = false
		if err := m.inline(h[2], n); err != nil {
			return err
		}
		w.start("text", 0)
		return nil
	}
	if strings.HasPrefix(t, "|") || w.kind == "row" && strings.Contains(t, "|") {
		return m.row(t, n)
	}
	if i := mdItem.Regexp().FindStringSubmatch(t[:min(len(t), 4096)]); i != nil && (t[0] != '*' || !strings.HasPrefix(t, "**")) {
		w.start("item", 0)
		m.para = false
		return m.inline(strings.TrimSpace(t[strings.Index(t, i[1]):]), n)
	}
	if w.kind == "row" {
		w.start("text", 0)
	}
	m.para = w.kind == "text"
	// A short line "Name: value" or one that ends in two spaces is its own.
	if plainField.MatchString(t[:min(len(t), 80)]) && w.kind == "text" {
		w.start("text", 0)
	}
	w.gap()
	err := m.inline(t, n)
	if strings.HasSuffix(line, "  ") || strings.HasSuffix(line, `\`) {
		w.start(w.kind, w.level)
	}
	return err
}

// maxHeading is the longest line that is looked at as a heading, in bytes.
const maxHeading = 4096

func (m *markdownWalk) row(t string, n int) error {
	m.para = false
	if mdRule.MatchString(t[:min(len(t), 4096)]) {
		return nil
	}
	m.w.start("row", 0)
	t = strings.Trim(t, "|")
	first := true
	for part := range strings.SplitSeq(t, "|") {
		if !first {
			if err := m.w.cell(); err != nil {
				return err
			}
		}
		first = false
		if err := m.inline(strings.TrimSpace(part), n); err != nil {
			return err
		}
	}
	return nil
}

// next finds the next place of a byte. It remembers what it found, so that
// all questions about one line together go over the line once.
type next struct {
	c  byte
	at int
}

// from returns the first place at or after i, and len(s) where there is none.
// Questions must not go backwards.
func (n *next) from(s string, i int) int {
	if n.at < i || n.at == 0 {
		n.at = len(s)
		if j := strings.IndexByte(s[min(i, len(s)):], n.c); j >= 0 {
			n.at = i + j
		}
	}
	return n.at
}

// inlineWalk is the state of one walk over a line.
type inlineWalk struct {
	*markdownWalk
	s                       string
	line                    int
	out                     strings.Builder
	bracket, paren, greater next
}

// inline writes a line without its marks: emphasis, code ticks, links,
// pictures, HTML tags and comments. No HTML is run.
func (m *markdownWalk) inline(s string, n int) error {
	w := &inlineWalk{markdownWalk: m, s: s, line: n, bracket: next{c: ']'}, paren: next{c: ')'}, greater: next{c: '>'}}
	checked := 0
	for i := 0; i < len(s); {
		if i-checked >= checkEvery {
			checked = i
			if err := m.w.ctx.Err(); err != nil {
				return err
			}
		}
		// A long line is handed on piece by piece, at a space where there is
		// one, so that the writer can say that it is full.
		if n := w.out.Len(); n >= checkEvery && s[i] == ' ' || n >= 2*checkEvery && utf8.RuneStart(s[i]) {
			if err := w.flush(); err != nil {
				return err
			}
		}
		if m.comment {
			j := strings.Index(s[i:], "-->")
			if j < 0 {
				break
			}
			m.comment = false
			i += j + 3
			continue
		}
		i += w.step(i)
	}
	return w.flush()
}

func (w *inlineWalk) flush() error {
	s := w.out.String()
	w.out.Reset()
	return w.w.text(html.UnescapeString(s), w.line)
}

// step writes what begins at i and returns how many bytes it took.
func (w *inlineWalk) step(i int) int {
	s := w.s
	c := s[i]
	switch {
	case c == '\\' && i+1 < len(s) && (unicode.IsPunct(rune(s[i+1])) || unicode.IsSymbol(rune(s[i+1]))):
		w.out.WriteByte(s[i+1])
		return 2
	case strings.HasPrefix(s[i:], "<!--"):
		w.comment = true
		return 4
	case c == '<':
		return w.angle(i)
	case c == '!' && i+1 < len(s) && s[i+1] == '[':
		return 1
	case c == '[':
		if n := w.bracketed(i); n > 0 {
			return n
		}
	case c == '`':
		return 1
	case c == '*' || c == '_' || c == '~':
		j := i
		for j < len(s) && s[j] == c {
			j++
		}
		left := i == 0 || !wordByte(s[i-1])
		right := j == len(s) || !wordByte(s[j])
		spaced := (i == 0 || s[i-1] == ' ') && (j == len(s) || s[j] == ' ')
		if spaced || !left && !right && c != '*' || c == '~' && j-i < 2 {
			w.out.WriteString(s[i:j])
		}
		return j - i
	}
	w.out.WriteByte(c)
	return 1
}

// bracketed handles "[": a link. It returns how many bytes it took, and 0
// when it is no link. The text of a link holds no other bracket, so that no
// byte is looked at for more than one of them.
func (w *inlineWalk) bracketed(i int) int {
	const ahead = 1000
	s := w.s
	end := w.bracket.from(s, i)
	if end == len(s) || end-i >= ahead {
		return 0
	}
	text := s[i+1 : end]
	if strings.IndexByte(text, '[') >= 0 {
		return 0
	}
	url, used := w.target(text, end+1)
	if used < 0 {
		return 0
	}
	text = strings.Trim(text, "*_`")
	w.w.link(text, url, w.line)
	w.out.WriteString(text)
	return end - i + 1 + used
}

// target returns the address that follows the text of a link, and how many
// bytes it takes; less than zero when it is no link.
func (w *inlineWalk) target(text string, i int) (url string, used int) {
	const ahead = 3000
	rest := w.s[i:]
	if strings.HasPrefix(rest, "(") {
		end := w.paren.from(w.s, i) - i
		if end == len(rest) || end >= ahead {
			return "", -1
		}
		url, _, _ = strings.Cut(strings.TrimSpace(rest[1:end]), " ")
		return strings.Trim(url, "<>"), end + 1
	}
	if strings.HasPrefix(rest, "[") {
		if end := strings.IndexByte(rest[:min(len(rest), maxLabel+2)], ']'); end > 0 {
			key := rest[1:end]
			if key == "" {
				key = text
			}
			if u, ok := w.ref(key); ok {
				return u, end + 1
			}
		}
	}
	if u, ok := w.ref(text); ok {
		return u, 0
	}
	return "", -1
}

func (m *markdownWalk) ref(label string) (string, bool) {
	if len(m.refs) == 0 || len(label) > maxLabel {
		return "", false
	}
	u, ok := m.refs[strings.ToLower(label)]
	return u, ok
}

// angle handles "<": an address in angle brackets, or an HTML tag. It returns
// how many bytes it took.
func (w *inlineWalk) angle(i int) int {
	end := w.greater.from(w.s, i) - i
	if end < 2 || end >= 2000 || i+end == len(w.s) {
		w.out.WriteByte('<')
		return 1
	}
	in := w.s[i+1 : i+end]
	letter := in[0] >= 'a' && in[0] <= 'z' || in[0] >= 'A' && in[0] <= 'Z'
	switch {
	case !letter && in[0] != '/' && in[0] != '!' && in[0] != '?' && strings.IndexByte(in, '<') >= 0:
		w.out.WriteByte('<')
		return 1
	case strings.Contains(in, "://") && !strings.ContainsAny(in, " \""), strings.HasPrefix(in, "mailto:"):
		w.w.link(in, in, w.line)
		w.out.WriteString(in)
	case strings.Contains(in, "@") && !strings.ContainsAny(in, " \"="):
		w.w.link(in, "mailto:"+in, w.line)
		w.out.WriteString(in)
	case in[0] == '/' || in[0] == '!' || in[0] == '?' || letter:
		w.out.WriteByte(' ')
	default:
		w.out.WriteByte('<')
		return 1
	}
	return end + 1
}

func wordByte(c byte) bool {
	return c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
