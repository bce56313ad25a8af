package text

import (
	"html"
	"regexp"
	"strings"
	"unicode"
)

var (
	mdHeading = regexp.MustCompile(`^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$`)
	mdFence   = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})")
	mdItem    = regexp.MustCompile(`^\s*(?:[-*+]|[0-9]{1,9}[.)])\s+(?:\[[ xX]\]\s+)?(.*)$`)
	mdRule    = regexp.MustCompile(`^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$`)
	mdRef     = regexp.MustCompile(`^ {0,3}\[([^\]]+)\]:\s*<?([^\s>]+)>?`)
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
	_ = eachLine(s, func(line string, _ int) error {
		if strings.HasPrefix(strings.TrimLeft(line, " "), "[") && len(m.refs) < maxLinks {
			if r := mdRef.FindStringSubmatch(line[:min(len(line), 2300)]); r != nil {
				m.refs[strings.ToLower(r[1])] = r[2]
			}
		}
		return nil
	})
	return eachLine(s, m.line)
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
	if f := mdFence.FindStringSubmatch(line[:min(len(line), 200)]); f != nil && !m.comment {
		m.fence, m.para = f[1], false
		w.start("code", 0)
		return nil
	}
	for strings.HasPrefix(t, ">") {
		t = strings.TrimSpace(t[1:])
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
	if strings.HasPrefix(t, "[") && mdRef.MatchString(t[:min(len(t), 2300)]) {
		return nil
	}
	if h := mdHeading.FindStringSubmatch(line); h != nil {
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
	if i := mdItem.FindStringSubmatch(t[:min(len(t), 4096)]); i != nil && (t[0] != '*' || !strings.HasPrefix(t, "**")) {
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
			m.w.cell()
		}
		first = false
		if err := m.inline(strings.TrimSpace(part), n); err != nil {
			return err
		}
	}
	return nil
}

// inline writes a line without its marks: emphasis, code ticks, links,
// pictures, HTML tags and comments. No HTML is run.
func (m *markdownWalk) inline(s string, n int) error {
	const ahead = 1000
	var out strings.Builder
	noClose := false // no "]" follows in the rest
	for i := 0; i < len(s); {
		if m.comment {
			j := strings.Index(s[i:], "-->")
			if j < 0 {
				break
			}
			m.comment = false
			i += j + 3
			continue
		}
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && (unicode.IsPunct(rune(s[i+1])) || unicode.IsSymbol(rune(s[i+1]))):
			out.WriteByte(s[i+1])
			i += 2
		case strings.HasPrefix(s[i:], "<!--"):
			m.comment = true
			i += 4
		case c == '<':
			i += m.angle(s[i:], n, &out)
		case c == '!' && i+1 < len(s) && s[i+1] == '[':
			i++
		case c == '[' && !noClose:
			window := s[i:min(len(s), i+ahead)]
			end := strings.IndexByte(window, ']')
			if end < 0 {
				noClose = len(window) == len(s)-i
				out.WriteByte(c)
				i++
				continue
			}
			text := window[1:end]
			url, used := m.target(text, s[i+end+1:min(len(s), i+end+1+3000)])
			if used < 0 || strings.Contains(text, "[") {
				out.WriteByte(c)
				i++
				continue
			}
			m.w.link(strings.Trim(text, "*_`"), clean(url, 2000), n)
			out.WriteString(strings.Trim(text, "*_`"))
			i += end + 1 + used
		case c == '`':
			i++
		case c == '*' || c == '_' || c == '~':
			j := i
			for j < len(s) && s[j] == c {
				j++
			}
			left := i == 0 || !wordByte(s[i-1])
			right := j == len(s) || !wordByte(s[j])
			spaced := (i == 0 || s[i-1] == ' ') && (j == len(s) || s[j] == ' ')
			if spaced || !left && !right && c != '*' || c == '~' && j-i < 2 {
				out.WriteString(s[i:j])
			}
			i = j
		default:
			out.WriteByte(c)
			i++
		}
	}
	return m.w.text(html.UnescapeString(out.String()), n)
}

// target returns the address that follows the text of a link, and how many
// bytes it takes; less than zero when it is no link.
func (m *markdownWalk) target(text, rest string) (url string, used int) {
	if strings.HasPrefix(rest, "(") {
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			return "", -1
		}
		url, _, _ = strings.Cut(strings.TrimSpace(rest[1:end]), " ")
		return strings.Trim(url, "<>"), end + 1
	}
	if strings.HasPrefix(rest, "[") {
		if end := strings.IndexByte(rest, ']'); end > 0 {
			key := rest[1:end]
			if key == "" {
				key = text
			}
			if u, ok := m.refs[strings.ToLower(key)]; ok {
				return u, end + 1
			}
		}
	}
	if u, ok := m.refs[strings.ToLower(text)]; ok {
		return u, 0
	}
	return "", -1
}

// angle handles "<": an address in angle brackets, or an HTML tag. It returns
// how many bytes it took.
func (m *markdownWalk) angle(s string, n int, out *strings.Builder) int {
	end := strings.IndexByte(s[:min(len(s), 2000)], '>')
	if end < 2 {
		out.WriteByte('<')
		return 1
	}
	in := s[1:end]
	switch {
	case strings.Contains(in, "://") && !strings.ContainsAny(in, " \""), strings.HasPrefix(in, "mailto:"):
		m.w.link(in, clean(in, 2000), n)
		out.WriteString(in)
	case strings.Contains(in, "@") && !strings.ContainsAny(in, " \"="):
		m.w.link(in, clean("mailto:"+in, 2000), n)
		out.WriteString(in)
	case in[0] == '/' || in[0] == '!' || in[0] == '?' || in[0] >= 'a' && in[0] <= 'z' || in[0] >= 'A' && in[0] <= 'Z':
		out.WriteByte(' ')
	default:
		out.WriteByte('<')
		return 1
	}
	return end + 1
}

func wordByte(c byte) bool {
	return c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
