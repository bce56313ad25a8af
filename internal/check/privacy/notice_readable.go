package privacy

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

// The grades at which a notice counts as readable for lay people.
//
// WCAG 2.2, success criterion 3.1.5, asks for a text that people understand
// who have finished lower secondary school, which is nine years; one year is
// left for what the formulas are worth. Between the two bounds a person
// decides. Above the second a text asks for two years of college, or has a
// LIX over 60, which its author calls very hard.
const (
	plainGrade = 10
	hardGrade  = 14
	fewWords   = 100 // below this a level means nothing
)

// graded are the languages for which the formulas were made or fitted. The
// others have long words by nature, and are never failed by number.
var graded = []string{"en", "de", "sv", "da", "nb", "nl", "fr"}

// marketLanguages are the official languages of each market; a notice in one
// of them serves it. (European Union: Regulation 1/1958 and national law.)
var marketLanguages = map[string][]string{
	"AT": {"de"}, "BE": {"nl", "fr", "de"}, "BG": {"bg"}, "CY": {"el", "tr"}, "CZ": {"cs"}, "DE": {"de"}, "DK": {"da"}, "EE": {"et"}, "ES": {"es"},
	"FI": {"fi", "sv"}, "FR": {"fr"}, "GR": {"el"}, "HR": {"hr"}, "HU": {"hu"}, "IE": {"en", "ga"}, "IT": {"it"}, "LT": {"lt"}, "LU": {"fr", "de", "lb"},
	"LV": {"lv"}, "MT": {"mt", "en"}, "NL": {"nl"}, "PL": {"pl"}, "PT": {"pt"}, "RO": {"ro"}, "SE": {"sv"}, "SI": {"sl"}, "SK": {"sk"},
	"GB": {"en"}, "CH": {"de", "fr", "it"}, "LI": {"de"}, "NO": {"nb"}, "IS": {"is"}, "US": {"en"}, "CA": {"en", "fr"}, "AU": {"en"}, "NZ": {"en"},
	"SG": {"en"}, "IN": {"en", "hi"}, "ZA": {"en"}, "JP": {"ja"}, "KR": {"ko"}, "CN": {"zh"}, "TW": {"zh"}, "BR": {"pt"}, "MX": {"es"}, "AR": {"es"},
	"CL": {"es"}, "TR": {"tr"}, "UA": {"uk"}, "RS": {"sr"},
}

// NoticeReadable looks whether there is a notice in a language of each
// market, and how hard it is to read.
var NoticeReadable = check.Check{
	ID:      "privacy.notice-readable",
	Version: 2,
	Title:   "The privacy notice can be read in each market",
	What: "Finds the language of each privacy notice that the claim points to, and holds it against the markets in the declaration. " +
		"Measures the level of each: school years by Flesch-Kincaid for English, by LIX for other languages. It passes when every market has a notice in one of its " +
		"official languages and none asks for more than ten school years. More than fourteen fails; between, and where there is too little to measure, a person decides.",
	Why: "Consent to a text that one cannot read is none.",
	Satisfy: "Hand in a copy of the notice in a language of each market. Write short sentences and short words: " +
		"sentences of fifteen words mostly come out below grade ten.",
	Limits: "A formula counts words and letters; it does not see whether a text is clear. Only thirteen languages are found by their words, others by the language the page declares. " +
		"Texts in Spanish, Italian, Portuguese, Polish, Czech and Finnish are never failed by number. A market that is named as a whole, such as EU, cannot be judged.",
	Cites: []string{
		"Regulation (EU) 2016/679, Article 12(1)",
		"WCAG 2.2, success criterion 3.1.5 (reading level)",
		"Kincaid et al., Derivation of new readability formulas, Report 8-75, 1975",
		"Anderson, Lix and Rix, Journal of Reading 26, 1983",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{claimedTexts},
	Run:       noticeReadable,
}

func noticeReadable(in check.Input) []iotmark.Finding {
	ns := notices(in)
	var out []iotmark.Finding
	for _, n := range ns {
		out = append(out, readable(n))
	}
	return append(out, languages(in, ns)...)
}

// readable looks at the level of one notice.
func readable(n check.Read[*text.Facts]) iotmark.Finding {
	const id = "privacy.notice-readable."
	f, basis := n.Facts, []iotmark.EvidenceID{n.ID}
	grade := strconv.FormatFloat(f.Grade, 'f', 1, 64)
	limit := strconv.Itoa(plainGrade)
	switch lang := tongue(f); {
	case wordsIn(f) < fewWords:
		return check.CannotTell(id+"short", basis, "notice", n.Title, "n", check.N(wordsIn(f)))
	case f.Words < fewWords/2: // the rest stands in tables, which have no level
		return check.CannotTell(id+"few-sentences", basis, "notice", n.Title, "n", check.N(f.Words))
	case f.Grade <= plainGrade:
		return check.Pass(id+"plain", basis, "notice", n.Title, "grade", grade, "limit", limit)
	case f.Grade > hardGrade && slices.Contains(graded, lang):
		x := check.Fail(id+"hard", basis, "notice", n.Title, "grade", grade, "limit", limit)
		if b, ok := longest(f); ok {
			x.Places = []iotmark.Place{place(n.ID, b)}
		}
		return x
	}
	return check.CannotTell(id+"between", basis, "notice", n.Title, "grade", grade, "limit", limit)
}

// wordsIn counts the words of paragraphs, list items and rows.
func wordsIn(f *text.Facts) int {
	n := 0
	for _, b := range f.Blocks {
		if b.Kind == "text" || b.Kind == "item" || b.Kind == "row" {
			for w := range strings.FieldsSeq(b.Text) {
				if strings.ContainsFunc(w, unicode.IsLetter) {
					n++
				}
			}
		}
	}
	return n
}

// longest returns the longest passage, as an example of what is hard.
func longest(f *text.Facts) (out text.Block, ok bool) {
	for _, b := range f.Blocks {
		if b.Kind == "text" && len(b.Text) > len(out.Text) {
			out, ok = b, true
		}
	}
	return out, ok
}

// languages holds the languages of the notices against the markets.
func languages(in check.Input, ns []check.Read[*text.Facts]) []iotmark.Finding {
	const id = "privacy.notice-readable."
	var out []iotmark.Finding
	var have []string
	var basis []iotmark.EvidenceID
	undetected := false
	for _, n := range ns {
		basis = append(basis, n.ID)
		l := tongue(n.Facts)
		if l == "" {
			undetected = true
			out = append(out, check.CannotTell(id+"language-unknown", []iotmark.EvidenceID{n.ID}, "notice", n.Title))
			continue
		}
		if !slices.Contains(have, l) {
			have = append(have, l)
		}
	}
	var served, without, wanted, unknown []string
	for _, m := range in.Declaration.Product.Markets {
		ls, ok := marketLanguages[m]
		switch {
		case !ok:
			unknown = append(unknown, m)
		case slices.ContainsFunc(ls, func(l string) bool { return slices.Contains(have, l) }):
			served = append(served, m)
		default:
			without = append(without, m)
			if w := strings.Join(ls, " or "); !slices.Contains(wanted, w) {
				wanted = append(wanted, w)
			}
		}
	}
	join := func(s []string) string { return strings.Join(s, ", ") }
	if len(without) > 0 {
		args := []string{"n", check.N(len(without)), "markets", join(without), "wanted", join(wanted), "have", join(have)}
		switch rest := unread(in); {
		case len(rest) > 0:
			ids := make([]string, len(rest))
			for i, e := range rest {
				ids[i] = string(e)
			}
			out = append(out, check.CannotTell(id+"language-unread", basis, append(args, "evidence", join(ids))...))
		case undetected:
			// The notice whose language is not known may be the one.
		default:
			out = append(out, check.Fail(id+"language-missing", basis, args...))
		}
	}
	switch {
	case len(unknown) > 0:
		out = append(out, check.CannotTell(id+"market-unknown", basis, "n", check.N(len(unknown)), "markets", join(unknown), "have", join(have)))
	case len(in.Declaration.Product.Markets) == 0:
		out = append(out, check.CannotTell(id+"no-markets", basis))
	case len(without) == 0 && len(served) > 0:
		out = append(out, check.Pass(id+"languages", basis, "n", check.N(len(served)), "markets", join(served), "have", join(have)))
	}
	return out
}
