package text

import (
	"context"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentence is one sentence as it stands, with the text that rules are matched
// against.
type sentence struct {
	text string // as it stands; with the line that introduces its list
	line int
	// match is the text in lower case, with straight quotes and hyphens.
	match    string
	question bool
}

// abbreviations end in a full stop that ends no sentence.
var abbreviations = wordSet(`e.g i.e etc vs no nr st dr mr mrs ms prof inc ltd co corp plc approx incl excl art sec para pp cf fig
	z.b d.h u.a u.ä bzw ggf ca abs usw evtl inkl zzgl bsp vgl tel str jan feb mar apr jun jul aug sep sept oct okt nov dec dez
	p.ex par.ex c.-à-d env bijv enz t.ex bl.a m.m f.eks osv bl mv dvs m.fl np tzn itd tj např apod tzv sig.ra sr sra n.v b.v s.r.o a.s`)

func wordSet(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// spans yields the sentences of a block's text as pairs of byte offsets. It
// splits no further than it is asked to: a text may be made of full stops.
func spans(s string) iter.Seq[[2]int] {
	return func(yield func([2]int) bool) { split(s, yield) }
}

func split(s string, yield func([2]int) bool) {
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '.' && c != '!' && c != '?' {
			continue
		}
		j := i + 1
		for j < len(s) && strings.IndexByte(`.!?)"'`, s[j]) >= 0 || strings.HasPrefix(s[min(j, len(s)):], "”") || strings.HasPrefix(s[min(j, len(s)):], "“") {
			if s[j] >= 0x80 {
				j += 2
			}
			j++
		}
		if j >= len(s) {
			break
		}
		if s[j] != ' ' || !opens(s[j+1:]) || c == '.' && s[i+1] == ' ' && shortened(s[from:i], s[j+1:]) {
			i = j - 1
			continue
		}
		if !yield([2]int{from, j}) {
			return
		}
		from = j + 1
		i = j
	}
	if from < len(s) {
		yield([2]int{from, len(s)})
	}
}

// opens reports whether a sentence may begin like this.
func opens(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r) || unicode.IsDigit(r) || strings.ContainsRune(`"'(“„«¿¡•[|-`, r) || unicode.IsLetter(r) && !unicode.IsLower(r)
}

// shortened reports whether the full stop after before ends a shortened word
// or a numeral of a date and not the sentence.
func shortened(before, after string) bool {
	w := before[strings.LastIndexAny(before, " (|")+1:]
	if abbreviations[strings.ToLower(w)] {
		// "etc." and "Ltd." may end a sentence as well; then a common first
		// word follows.
		first, _, _ := strings.Cut(after, " ")
		return !starters[first]
	}
	if len(w) == 1 && w[0] >= 'A' && w[0] <= 'Z' {
		return true
	}
	if n := len(w); n > 0 && n <= 2 && strings.Trim(w, "0123456789") == "" {
		m, _, _ := strings.Cut(after, " ")
		_, ok := months[strings.ToLower(strings.Trim(m, ".,"))]
		return ok || len(m) <= 3 && strings.HasSuffix(m, ".") && strings.Trim(m, "0123456789.") == "" || len(m) >= 4 && (strings.HasPrefix(m, "19") || strings.HasPrefix(m, "20"))
	}
	return false
}

var starters = wordSet(`We You Your Our The This These That It They If When For To In On At As All Any No Please Contact Wir Sie Ihre Die Der Das Wenn Bei Für Im In`)

// sentences splits blocks into sentences. Two sorts of context are kept,
// because they turn the sense around: the line that introduces a list ("We
// never:"), and the question before an answer ("Do you sell data? No."). A
// row of a table is matched once more with the heads of its columns.
//
// It stops at maxMatched bytes to match and at maxSentences; cut says that it
// did.
func sentences(ctx context.Context, blocks []Block, marks [][]mark) (out []sentence, cut bool, err error) {
	size := 0
	lead, question := "", ""
	var heads []string // cells of the first row of the running table
	for i, b := range blocks {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		if b.Kind == "code" {
			continue
		}
		paired := ""
		if b.Kind != "row" {
			heads = nil
		} else if heads == nil {
			heads = []string{}
			if len(b.Text) <= maxSentence {
				heads = strings.Split(b.Text, " | ")
			}
		} else {
			paired = pair(heads, b.Text)
		}
		if b.Kind != "item" {
			lead = ""
		}
		last := 0 // where the last sentence begins
		for sp := range spans(b.Text) {
			last = sp[0]
			if err := ctx.Err(); err != nil {
				return nil, false, err
			}
			for from := sp[0]; from < sp[1]; {
				to := cutAt(b.Text, from, sp[1])
				t := strings.TrimSpace(b.Text[from:to])
				s := sentence{text: t, line: lineAt(marks[i], from), question: strings.HasSuffix(t, "?")}
				switch {
				case lead != "":
					s.text = lead + " " + t
				case question != "" && answers(t):
					s.text = question + " " + t
				}
				s.match = fold(s.text)
				if paired != "" && sp[0] == 0 && from == 0 {
					s.match += " | " + fold(paired)
				}
				if size += len(s.match); size > maxMatched || len(out) == maxSentences {
					return out, true, nil
				}
				out = append(out, s)
				question = ""
				if s.question {
					question = t[max(0, len(t)-maxLead):]
					question = strings.ToValidUTF8(question, "")
				}
				from = to
				for from < sp[1] && b.Text[from] == ' ' {
					from++
				}
			}
		}
		if b.Kind != "item" && strings.HasSuffix(b.Text, ":") {
			if len(b.Text)-last <= maxLead {
				lead = b.Text[last:]
			}
		}
	}
	return out, false, nil
}

// pair puts the head of its column before each cell of a row: "How long: 36
// months" says what "36 months" alone does not.
func pair(heads []string, row string) string {
	if len(row) > maxSentence {
		return ""
	}
	cells := strings.Split(row, " | ")
	if len(cells) != len(heads) {
		return ""
	}
	var b strings.Builder
	for i, c := range cells {
		b.WriteString(heads[i] + ": " + c + " | ")
	}
	return strings.TrimSuffix(b.String(), " | ")
}

// cutAt returns the end of a piece of at most maxSentence bytes, at a space
// where there is one.
func cutAt(s string, from, to int) int {
	if to-from <= maxSentence {
		return to
	}
	end := from + maxSentence
	if i := strings.LastIndexByte(s[from+maxSentence/2:end], ' '); i >= 0 {
		return from + maxSentence/2 + i
	}
	for end > from+1 && !utf8.RuneStart(s[end]) {
		end--
	}
	return end
}

// answers reports whether a sentence begins like an answer to yes or no.
func answers(t string) bool {
	first, _, _ := strings.Cut(strings.ToLower(t), " ")
	switch strings.Trim(first, ".,!;:-") {
	case "no", "never", "yes", "nope", "nein", "nie", "niemals", "ja":
		return true
	}
	return false
}

var folder = strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`, "„", `"`, "–", "-", "—", "-", "‑", "-", "\u00a0", " ")

// fold returns the form in which rules see a sentence.
func fold(s string) string { return folder.Replace(strings.ToLower(s)) }
