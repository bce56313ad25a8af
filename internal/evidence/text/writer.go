package text

import (
	"context"
	"errors"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// errFull stops a reader when the text is longer than what is kept.
var errFull = errors.New("more text than is kept")

// mark says on which line of the source the text of a block goes on, from a
// byte of the block's text.
type mark struct{ at, line int }

// writer collects blocks. It folds white space, and drops control and
// direction characters, so that no text or quote can steer a terminal or turn
// a line around (Unicode Technical Report 36, section 3).
type writer struct {
	ctx   context.Context
	lim   evidence.Limits
	facts *Facts
	marks [][]mark // of each block

	kind  string
	level int
	b     strings.Builder
	space bool
	cur   []mark
	kept  int
	links int // bytes of the links that are kept
}

func newWriter(ctx context.Context, lim evidence.Limits) *writer {
	return &writer{ctx: ctx, lim: lim, facts: &Facts{Blocks: []Block{}}, kind: "text"}
}

// start ends the running block and begins one of the given kind.
func (w *writer) start(kind string, level int) {
	w.flush()
	w.kind, w.level = kind, level
}

// flush ends the running block.
func (w *writer) flush() {
	s := strings.TrimRight(w.b.String(), " |")
	if s != "" {
		w.facts.Blocks = append(w.facts.Blocks, Block{Kind: w.kind, Text: s, Line: w.cur[0].line, Level: w.level})
		w.marks = append(w.marks, w.cur)
		w.kept += blockCost
	}
	w.b.Reset()
	w.space, w.cur = false, nil
}

// gap asks for a space before what comes next.
func (w *writer) gap() { w.space = w.b.Len() > 0 }

// cell separates two cells of a row. Bars count as text: a row may have
// nothing else.
func (w *writer) cell() error {
	if w.kept >= maxText {
		w.facts.Cut = true
		return errFull
	}
	if w.b.Len() > 0 {
		w.b.WriteString(" |")
		w.space = true
		w.kept += 2
	}
	return nil
}

// checkEvery is how many bytes are gone through between two looks at the
// context.
const checkEvery = 64 << 10

// text adds text that begins on the given line and returns errFull when no
// more is kept.
func (w *writer) text(s string, line int) error {
	if len(w.facts.Blocks) >= w.lim.Entries {
		w.facts.Cut = true
		return errFull
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	checked := 0
	for i, r := range s {
		if i-checked >= checkEvery {
			checked = i
			if err := w.ctx.Err(); err != nil {
				return err
			}
		}
		if r == '\n' {
			line++
		}
		if unicode.IsSpace(r) || r == ' ' {
			w.gap()
			continue
		}
		if dropped(r) {
			continue
		}
		if w.kept >= maxText {
			w.facts.Cut = true
			return errFull
		}
		if w.space {
			w.b.WriteByte(' ')
			w.space = false
			w.kept++
		}
		if n := len(w.cur); n == 0 || w.cur[n-1].line != line {
			w.cur = append(w.cur, mark{w.b.Len(), line})
		}
		w.b.WriteRune(r)
		w.kept += utf8.RuneLen(r)
	}
	return nil
}

// dropped reports whether a character is left out: controls, marks of
// direction, soft hyphens, byte order marks, private use, and tags.
func dropped(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0xad, r == 0xfeff, r == 0x2060, r == 0x061c:
		return true
	case r >= 0x200b && r <= 0x200f && r != 0x200c && r != 0x200d:
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x206f, r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}

// lineAt returns the line on which the byte stands.
func lineAt(ms []mark, at int) int {
	i := sort.Search(len(ms), func(i int) bool { return ms[i].at > at })
	if i == 0 {
		return ms[0].line
	}
	return ms[i-1].line
}
