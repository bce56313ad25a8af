package catalogue

import (
	"regexp"
	"strings"
)

// Reading grade after Flesch and Kincaid (Kincaid and others, 1975) with
// counted vowel groups. The formula flatters short sentences; it finds what
// is surely too hard, and people have to find the rest.

var (
	wordsOf     = regexp.MustCompile(`[A-Za-z'-]+`)
	sentenceEnd = regexp.MustCompile(`[.!?](\s|$)`)
	splitEnd    = regexp.MustCompile(`[.!?]`)
	notLetter   = regexp.MustCompile(`[^a-z]`)
	lastE       = regexp.MustCompile(`e$`)
	lastEd      = regexp.MustCompile(`([^td])ed$`)
	lastEs      = regexp.MustCompile(`([^sxzaeiou]|[^cs]h)es$`)
	vowels      = regexp.MustCompile(`[aeiouy]+`)
	placeholder = regexp.MustCompile(`\{[^}]*\}`)
)

// Syllables counts the syllables of an English word, roughly.
func Syllables(w string) int {
	w = notLetter.ReplaceAllString(strings.ToLower(w), "")
	if len(w) <= 3 {
		return 1
	}
	if !strings.HasSuffix(w, "le") {
		w = lastE.ReplaceAllString(w, "")
	}
	w = lastEd.ReplaceAllString(w, "$1")
	w = lastEs.ReplaceAllString(w, "${1}s")
	return max(1, len(vowels.FindAllString(w, -1)))
}

// Grade returns the reading grade of an English text, and 0 for no words.
func Grade(text string) float64 {
	words := wordsOf.FindAllString(text, -1)
	if len(words) == 0 {
		return 0
	}
	n := 0
	for _, w := range words {
		n += Syllables(w)
	}
	sentences := max(1, len(sentenceEnd.FindAllString(text, -1)))
	return 0.39*float64(len(words))/float64(sentences) + 11.8*float64(n)/float64(len(words)) - 15.59
}

// longest returns the number of words in the longest sentence.
func longest(text string) int {
	n := 0
	for _, s := range splitEnd.Split(text, -1) {
		n = max(n, len(wordsOf.FindAllString(s, -1)))
	}
	return n
}

// wordRule finds a word that consumers are spared.
type wordRule struct {
	word  string
	found *regexp.Regexp
}

// avoided returns a rule a word. A word in small letters is found in any case,
// others as they are written.
func avoided(words []string) []wordRule {
	out := make([]wordRule, len(words))
	for i, w := range words {
		pat := `\b` + regexp.QuoteMeta(w) + `\b`
		if w == strings.ToLower(w) {
			pat = `(?i)` + pat
		}
		out[i] = wordRule{w, regexp.MustCompile(pat)}
	}
	return out
}
