package label

import "unicode"

// widths are those of Helvetica in thousandths of the type size for the
// characters from space to tilde (Adobe Font Metrics, Core 14 fonts); bold
// ones are those of Helvetica-Bold.
var (
	widths = [95]int{
		278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
		556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
		1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
		667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
		333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
		556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
	}
	boldWidths = [95]int{
		278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
		556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
		975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
		667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
		333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
		611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
	}
)

// slack makes room for readers whose fonts run wider than Helvetica; DejaVu
// Sans, the widest of the usual ones, runs 14 to 17 % wider in running text.
const slack = 1.17

// width estimates how wide a text may become at a type size, in the units of
// the drawing. It is no measurement: the reader's fonts decide.
func width(s string, size float64, bold bool) float64 {
	table := &widths
	if bold {
		table = &boldWidths
	}
	sum := 0
	for _, r := range s {
		switch {
		case r >= ' ' && r <= '~':
			sum += table[r-' ']
		case unicode.Is(unicode.M, r), r == 0x200c, r == 0x200d:
		case r < 0x0250: // Latin letters with marks
			sum += 620
		case r < 0x1100:
			sum += 760
		default: // Han, Hangul, Kana, signs
			sum += 1050
		}
	}
	return float64(sum) / 1000 * size * slack
}

// fit returns the largest size between the two at which a text fits, and the
// text, cut where it does not fit at the smallest.
func fit(s string, most, least, room float64, bold bool) (string, float64) {
	for size := most; size >= least; size-- {
		if width(s, size, bold) <= room {
			return s, size
		}
	}
	return cut(s, least, room, bold), least
}

// cut shortens a text to the room.
func cut(s string, size, room float64, bold bool) string {
	r := []rune(s)
	for len(r) > 0 && width(string(r)+"...", size, bold) > room {
		r = r[:len(r)-1]
	}
	return string(r) + "..."
}

// wrap breaks a text at spaces into at most so many lines; what is left over
// is cut from the last.
func wrap(s string, size, room float64, bold bool, most int) []string {
	var lines []string
	line := ""
	words := splitWords(s)
	for i, w := range words {
		next := w
		if line != "" {
			next = line + " " + w
		}
		if line == "" || width(next, size, bold) <= room {
			line = next
			continue
		}
		if len(lines) == most-1 {
			line = next
			for _, x := range words[i+1:] {
				line += " " + x
			}
			break
		}
		lines, line = append(lines, line), w
	}
	lines = append(lines, line)
	for i, l := range lines {
		if width(l, size, bold) > room {
			lines[i] = cut(l, size, room, bold)
		}
	}
	return lines
}

func splitWords(s string) []string {
	var out []string
	word := []rune{}
	for _, r := range s {
		if r == ' ' {
			if len(word) > 0 {
				out = append(out, string(word))
			}
			word = nil
			continue
		}
		word = append(word, r)
	}
	return append(out, string(word))
}
