package text

import (
	"bytes"
	"context"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The level of a text in school years.
//
// English: the Flesch-Kincaid grade (Kincaid, Fishburne, Rogers, Chissom,
// "Derivation of new readability formulas", Naval Technical Training Command
// Research Branch Report 8-75, 1975), with the counting of syllables that the
// catalogue's own sentences are held to.
//
// Other languages: LIX (Bjoernsson, "Laesbarhet", 1968): words in a sentence
// plus the share in per cent of words of more than six letters, mapped to
// grades by the table of Anderson, "Lix and Rix: variations on a little-known
// readability index", Journal of Reading 26 (1983). Above the table each four
// points count as one more year, so that 60, which Bjoernsson calls very
// hard, is 14.

// gradeable returns the passages that are sentences: headings and rows would
// make a text look easier than it is, or harder.
func gradeable(blocks []Block) []string {
	var out []string
	for _, b := range blocks {
		if b.Kind == "text" || b.Kind == "item" {
			out = append(out, b.Text)
		}
	}
	return out
}

// level returns words, sentences and grade of the passages.
func level(ctx context.Context, passages []string, lang string) (words, sentences int, grade float64, err error) {
	syl, long := 0, 0
	for _, p := range passages {
		for sp := range spans(p) {
			if err := ctx.Err(); err != nil {
				return 0, 0, 0, err
			}
			n := 0
			for w := range wordsOf(p[sp[0]:sp[1]]) {
				n++
				syl += syllables(w)
				if utf8.RuneCountInString(w) > 6 {
					long++
				}
			}
			if n > 0 {
				sentences++
				words += n
			}
		}
	}
	if words == 0 {
		return 0, 0, 0, nil
	}
	per := float64(words) / float64(sentences)
	if lang == "en" {
		grade = 0.39*per + 11.8*float64(syl)/float64(words) - 15.59
	} else {
		grade = lixGrade(per + 100*float64(long)/float64(words))
	}
	return words, sentences, math.Round(max(grade, 0)*10) / 10, nil
}

// lixGrade maps LIX to grades: below each bound the grade is its index + 1.
func lixGrade(lix float64) float64 {
	bounds := []float64{10, 15, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56}
	for i, b := range bounds {
		if lix < b {
			return float64(i + 1)
		}
	}
	return 13 + (lix-56)/4
}

// wordsOf yields the words of a text: letters, with hyphens and apostrophes
// inside. Addresses and mail addresses count as one word.
func wordsOf(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for f := range strings.FieldsSeq(s) {
			f = strings.TrimFunc(f, func(r rune) bool { return !unicode.IsLetter(r) })
			if f == "" {
				continue
			}
			if strings.Contains(f, "://") || strings.Contains(f, "@") {
				f = "www"
			}
			if !yield(f) {
				return
			}
		}
	}
}

// syllables counts the syllables of an English word: groups of vowels,
// without the silent endings -e, -ed and -es.
func syllables(w string) int {
	letters := make([]byte, 0, 32)
	for i := 0; i < len(w) && len(letters) < 100; i++ {
		if c := w[i] | 0x20; c >= 'a' && c <= 'z' {
			letters = append(letters, c)
		}
	}
	if len(letters) <= 3 {
		return 1
	}
	ends := func(s string) bool { return bytes.HasSuffix(letters, []byte(s)) }
	before := func(n int) byte {
		if n >= len(letters) {
			return 0
		}
		return letters[len(letters)-1-n]
	}
	switch {
	case ends("e") && !ends("le"):
		letters = letters[:len(letters)-1]
	case ends("ed") && before(2) != 0 && before(2) != 't' && before(2) != 'd':
		letters = letters[:len(letters)-2]
	case ends("es") && silent(before(2), before(3)):
		letters = append(letters[:len(letters)-2], 's')
	}
	n, in := 0, false
	for _, c := range letters {
		v := c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y'
		if v && !in {
			n++
		}
		in = v
	}
	return max(1, n)
}

// silent reports whether -es adds no syllable after the letter: makes, but
// not buses, boxes, dishes.
func silent(last, before byte) bool {
	if last == 'h' && before != 0 && before != 'c' && before != 's' {
		return true
	}
	return last != 0 && !bytes.ContainsRune([]byte("sxzaeiou"), rune(last))
}
