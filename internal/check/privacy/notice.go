package privacy

import (
	"slices"
	"strings"
	"unicode"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

// claimedTexts are the texts that the claim on the privacy notice points to.
var claimedTexts = check.Need{
	Kinds:   []iotmark.EvidenceKind{iotmark.KindWebPage, iotmark.KindDocument, iotmark.KindStatement, iotmark.KindPackagingArtwork},
	Reader:  "text",
	Claimed: true,
}

// noticeWords stand in the title or a heading of a privacy notice in the
// languages of sale.
var noticeWords = []string{
	"privacy", "data protection", "personal data", "datenschutz", "confidentialité", "vie privée", "données personnelles", "privacidad", "protección de datos",
	"gegevensbescherming", "persoonsgegevens", "prywatności", "danych osobowych", "privacidade", "proteção de dados", "integritet", "personuppgifter",
	"privatliv", "personoplysninger", "databeskyttelse", "personvern", "tietosuoja", "yksityisyy", "ochrana osobních", "ochraně osobních", "soukromí", "informativa",
}

// notices returns the privacy notices among the claimed texts: those that say
// so in their title or a heading, or all when none does.
func notices(in check.Input) []check.Read[*text.Facts] {
	all := check.Facts[*text.Facts](in, claimedTexts)
	var out []check.Read[*text.Facts]
	for _, r := range all {
		if titled(r.Facts) {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

func titled(f *text.Facts) bool {
	has := func(s string) bool {
		s = strings.ToLower(s)
		return slices.ContainsFunc(noticeWords, func(w string) bool { return strings.Contains(s, w) })
	}
	if has(f.Title) {
		return true
	}
	for _, b := range f.Blocks {
		if b.Kind == "heading" && b.Level <= 1 && has(b.Text) {
			return true
		}
	}
	return false
}

// unread returns the claimed texts that could not be looked at, such as pages
// at an address that nobody fetched.
func unread(in check.Input) []iotmark.EvidenceID {
	var out []iotmark.EvidenceID
	for _, it := range in.Items {
		if it.Facts == nil && claimedTexts.Fits(it) {
			out = append(out, it.ID)
		}
	}
	return out
}

// tongue returns the language a text is in: the one found, or where none was
// found the one it declares.
func tongue(f *text.Facts) string {
	if f.Language != "" {
		return f.Language
	}
	return f.Declared
}

// tokens splits a text into words of letters or digits in lower case; "NH-T2"
// gives nh, t, 2.
func tokens(s string) []string {
	var out []string
	var word strings.Builder
	class := 0
	for _, r := range strings.ToLower(s) {
		c := 0
		switch {
		case unicode.IsLetter(r):
			c = 1
		case unicode.IsDigit(r):
			c = 2
		}
		if c != class && word.Len() > 0 {
			out = append(out, word.String())
			word.Reset()
		}
		if c > 0 {
			word.WriteRune(r)
		}
		class = c
	}
	if word.Len() > 0 {
		out = append(out, word.String())
	}
	return out
}

// contains reports whether the words of a name follow one another in the
// text, whatever stands between them.
func contains(in, name []string) bool {
	if len(name) == 0 {
		return false
	}
	for i := 0; i+len(name) <= len(in); i++ {
		if slices.Equal(in[i:i+len(name)], name) {
			return true
		}
	}
	return false
}
