package text

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// months are the names of months in the languages of sale, in lower case.
var months = monthTable(
	`january jan januar jänner janvier januari enero gennaio janeiro`,
	`february feb februar feber février fevrier februari febrero febbraio fevereiro`,
	`march mar märz maerz mars maart marzo março marts`,
	`april apr avril abril aprile`,
	`may mai mei mayo maggio maio maj`,
	`june jun juni juin junio giugno junho`,
	`july jul juli juillet julio luglio julho`,
	`august aug août aout augustus agosto augusti`,
	`september sept sep septembre septiembre settembre setembro`,
	`october oct oktober okt octobre octubre ottobre outubro`,
	`november nov novembre noviembre novembro`,
	`december dec dezember dez décembre decembre diciembre dicembre dezembro desember`,
)

func monthTable(rows ...string) map[string]time.Month {
	m := map[string]time.Month{}
	for i, row := range rows {
		for w := range strings.FieldsSeq(row) {
			m[w] = time.Month(i + 1)
		}
	}
	return m
}

const monthName = `(\p{L}{3,10})\.?`

// dateForm is one way to write a date.
type dateForm struct {
	re    *pattern.Pattern
	order string // of the groups: y, m (number), M (name), d; n and N: day or month
}

// dateForms are tried from left to right at each place. Groups: year, month,
// day, in the order named beside them.
var dateForms = []*dateForm{
	{pattern.New(`(?i)\b((?:19|20)[0-9]{2})-([01][0-9])-([0-3][0-9])(?:\b|T)`), "ymd"},
	{pattern.New(`(?i)\b((?:19|20)[0-9]{2})/([01][0-9])/([0-3][0-9])\b`), "ymd"},
	{pattern.New(`(?i)\b([0-3]?[0-9])(?:st|nd|rd|th|er|º|\.)?(?: of| de| di)? ` + monthName + `(?: de| del)?,? ((?:19|20)[0-9]{2})\b`), "dMy"},
	{pattern.New(`(?i)\b` + monthName + ` ([0-3]?[0-9])(?:st|nd|rd|th)?,? ((?:19|20)[0-9]{2})\b`), "Mdy"},
	{pattern.New(`(?i)\b([0-3]?[0-9])-` + monthName + `-((?:19|20)[0-9]{2})\b`), "dMy"},
	{pattern.New(`\b([0-3]?[0-9])\. ?([01]?[0-9])\. ?((?:19|20)[0-9]{2})\b`), "dmy"},
	{pattern.New(`\b([0-3]?[0-9])[/-]([0-3]?[0-9])[/-]((?:19|20)[0-9]{2})\b`), "nNy"},
	{pattern.New(`(?i)\b` + monthName + `(?: of| de| del)?,? ((?:19|20)[0-9]{2})\b`), "My"},
	{pattern.New(`\b((?:19|20)[0-9]{2})-([01][0-9])\b`), "ym"},
	{pattern.New(`(?i)\b(?:until|by|end of|before|in|since|bis|ende|vor|im jahr|seit|en|jusqu'en|fin) ((?:20)[0-9]{2})\b`), "y"},
}

// yearLike says whether a sentence can hold a date at all.
var yearLike = pattern.New(`(?:19|20)[0-9]{2}`)

// dates finds the dates in the sentences, in their order.
func dates(ctx context.Context, ss []sentence) ([]Date, error) {
	var out []Date
	for _, s := range ss {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !yearLike.MatchString(s.text) {
			continue
		}
		taken := make([]bool, len(s.text))
		var here []Date
		var at []int
		for _, form := range dateForms {
			for _, m := range form.re.Regexp().FindAllStringSubmatchIndex(s.text, 100) {
				if taken[m[0]] || taken[m[1]-1] {
					continue
				}
				d, ok := form.date(s.text, m)
				if !ok {
					continue
				}
				for i := m[0]; i < m[1]; i++ {
					taken[i] = true
				}
				d.Sentence, d.Line = quote(around(s.text, m[0], m[1])), s.line
				i := len(at)
				for i > 0 && at[i-1] > m[0] {
					i--
				}
				here = append(here[:i], append([]Date{d}, here[i:]...)...)
				at = append(at[:i], append([]int{m[0]}, at[i:]...)...)
			}
		}
		if out = append(out, here...); len(out) > maxDates {
			return out[:maxDates], nil
		}
	}
	return out, nil
}

// around returns the part of a sentence around a date that fits a quote.
func around(s string, from, to int) string {
	const side = 80
	if len(s) <= 190 {
		return s
	}
	a, b := max(0, from-side), min(len(s), to+side)
	return strings.TrimSpace(strings.ToValidUTF8(s[a:b], ""))
}

// date builds the date of one match. A form of two numbers where both could
// be the month is ambiguous and gives no date.
func (f *dateForm) date(s string, m []int) (Date, bool) {
	d := Date{Text: s[m[0]:m[1]], Precision: "year"}
	y, mo, day := 0, 0, 0
	var a, b int
	for i, c := range f.order {
		v := s[m[2+2*i]:m[3+2*i]]
		n, _ := strconv.Atoi(v)
		switch c {
		case 'y':
			y = n
		case 'm':
			mo = n
		case 'M':
			mo = int(months[strings.ToLower(v)])
			if mo == 0 {
				return d, false
			}
		case 'd':
			day = n
		case 'n':
			a = n
		case 'N':
			b = n
		}
	}
	if strings.HasPrefix(f.order, "nN") {
		switch {
		case a > 12 && b <= 12:
			day, mo = a, b
		case b > 12 && a <= 12:
			day, mo = b, a
		case a == b:
			day, mo = a, a
		case a > 12:
			return d, false
		default:
			d.Precision, d.Ambiguous = "day", true
			return d, a > 0 && b > 0
		}
	}
	switch {
	case strings.ContainsAny(f.order, "dn"):
		d.Precision = "day"
	case strings.ContainsAny(f.order, "mM"):
		// The last day of the month: a promise until March holds through it.
		d.Precision = "month"
		if mo < 1 || mo > 12 {
			return d, false
		}
		day = time.Date(y, time.Month(mo)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	default:
		mo, day = 12, 31
	}
	var err error
	d.Date, err = iotmark.ParseDate(fmt.Sprintf("%04d-%02d-%02d", y, mo, day))
	if d.Precision == "year" {
		d.Text = s[m[2]:m[3]]
	}
	return d, err == nil
}

// ownDate lists the words that say that a date is the text's own, the ones
// that weigh most first.
var ownDate = []*pattern.Pattern{
	pattern.New(`(?i)(?:last (?:updated?|revised|modified|changed|reviewed)|(?:updated?|revised|revision|modified)(?: on| date)?|letzte (?:aktualisierung|änderung|überarbeitung)|zuletzt (?:aktualisiert|geändert)|aktualisiert(?: am)?|geändert am|dernière mise à jour|mis à jour le|última actualización|ultimo aggiornamento|laatst (?:bijgewerkt|gewijzigd)|senast uppdaterad|sist oppdatert|sidst opdateret)\s*(?:am|on|le|el|il|op|den|:)*\s*$`),
	pattern.New(`(?i)(?:^|[^\p{L}])(?:date(?: of issue| of this \p{L}+)?|dated|as of|issued(?: on)?|version(?: of)?(?: [0-9.]+,?)?|stand|datum|fassung(?: vom)?|version vom|ausgestellt am|date de publication|fecha|data|dato)\s*[:,]?\s*$`),
	pattern.New(`(?i)(?:effective(?: date| from| as of| on)?|in (?:force|effect) (?:from|since|as of)|valid from|published(?: on)?|gültig (?:ab|seit)|in kraft seit|veröffentlicht am|en vigueur (?:depuis|à compter du|le))\s*[:]?\s*$`),
	pattern.New(`^\p{Lu}[\p{L} .'-]{1,40}, (?:den |the |le )?$`),
}

// contentDate returns the date a text gives for itself. Of several dates of
// the same weight the latest counts.
func contentDate(f *Facts) iotmark.Date {
	best := len(ownDate)
	var out iotmark.Date
	for _, d := range f.Dates {
		if d.Date == "" || d.Precision == "year" {
			continue
		}
		before, _, ok := strings.Cut(d.Sentence, d.Text)
		if !ok {
			continue
		}
		if i := strings.LastIndexAny(before, "|("); i >= 0 {
			before = before[:i] + ": "
			if rest := strings.TrimSpace(d.Sentence[i+1:]); !strings.HasPrefix(rest, d.Text) {
				before = strings.TrimSuffix(d.Sentence[i+1:strings.Index(d.Sentence, d.Text)], " ")
			}
		}
		for rank, re := range ownDate[:min(best+1, len(ownDate))] {
			if !re.MatchString(strings.TrimLeft(before, " ")) {
				continue
			}
			if rank < best || d.Date > out {
				best, out = rank, d.Date
			}
			break
		}
	}
	return out
}
