package page

import (
	"html/template"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// How much of a maker's text is shown, in characters. The edition's schema
// allows 160 in a line and 600 in a text; a declaration that was not checked
// against it is cut all the same.
const (
	nameLength = 100
	lineLength = 160
	textLength = 600
	partLength = 60 // of one part, function or plan within a sentence
)

// args are what the words of a message leave open. The argument n is a number
// in digits and chooses the plural; each other is HTML.
type args map[string]template.HTML

// say returns the words of a message as HTML. Words that the language does
// not have are marked as English.
func (in Input) say(id iotmark.MessageID, a args) template.HTML {
	// Foreign text never passes through the template of the words: its place
	// is held by two control characters, which no words contain.
	plain := make(map[string]string, len(a))
	swap := []string{}
	for k, v := range a {
		if k == "n" {
			plain[k] = string(v)
			continue
		}
		plain[k] = "\x02" + k + "\x03"
		swap = append(swap, plain[k], string(v))
	}
	out := template.HTML(strings.NewReplacer(swap...).Replace(string(esc(in.Words.Say(id, plain)))))
	if !in.Words.Has(id) {
		return in.english(out)
	}
	return out
}

// english marks words as English on a page in another language.
func (in Input) english(h template.HTML) template.HTML {
	if in.Words.Code == "en" {
		return h
	}
	return `<span lang="en">` + h + `</span>`
}

// Say returns fixed words for the template.
func (in Input) Say(id string) template.HTML { return in.say(iotmark.MessageID(id), nil) }

// word returns words from a closed list: those of the language, and without
// them the English ones of the catalogue, with {name} where something is open.
func (in Input) word(id, english string, a map[string]string) string {
	if m := iotmark.MessageID(id); in.Words.Has(m) {
		return in.Words.Say(m, a)
	}
	for k, v := range a {
		english = strings.ReplaceAll(english, "{"+k+"}", v)
	}
	return english
}

// consumer returns the consumer sentence of a criterion.
func (in Input) consumer(id iotmark.CriterionID) template.HTML {
	m := iotmark.MessageID("criterion." + id)
	if in.Words.Has(m) {
		return in.say(m, nil)
	}
	return in.english(esc(in.Catalogue.Criterion(id).Consumer))
}

func esc(s string) template.HTML { return template.HTML(template.HTMLEscapeString(s)) }

// foreign shows a maker's text within a sentence, apart in its direction; like
// quote where there is nothing to see.
func foreign(s string, most int) template.HTML {
	if !filled(s) {
		s = "..."
	}
	return "<bdi>" + esc(message.Short(s, most)) + "</bdi>"
}

// quote shows a maker's text as a quotation in a language nobody named. A
// text in which there is nothing to see is shown as three full stops.
func quote(s string, most int) template.HTML {
	if !filled(s) {
		s = "..."
	}
	return `<q lang="" dir="auto">` + esc(message.Short(s, most)) + "</q>"
}

// filled reports whether there is anything to see in a maker's text.
func filled(s string) bool { return message.Short(s, 4) != "" }

// rel says of every link that a maker gave: we do not vouch for it, it learns
// nothing of the reader, and it cannot reach back (HTML, 4.6.7).
const rel = `rel="nofollow noopener noreferrer"`

const maxAddress = 500

var plainAddress = pattern.New(`^[!-~]+$`)

// address returns an address from a declaration when it may be linked: http
// and https with a host and without a name and password in it, mailto and tel.
func address(s string) (string, bool) {
	if len(s) > maxAddress || !plainAddress.MatchString(s) {
		return "", false
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil {
		return "", false
	}
	switch u.Scheme {
	case "http", "https":
		return u.String(), u.Hostname() != "" && u.Opaque == ""
	case "mailto", "tel":
		return u.String(), u.Opaque != "" && u.RawQuery == "" && u.Fragment == ""
	}
	return "", false
}

func linkable(s string) bool { _, ok := address(s); return ok }

// link leads to an address of the maker; without a good one the words stand
// alone.
func link(to string, words template.HTML) template.HTML {
	href, ok := address(to)
	if !ok {
		return words
	}
	return `<a href="` + esc(href) + `" ` + rel + `>` + words + `</a>`
}

var mailForm = pattern.New(`^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,250}$`)

// mail returns a mailto address, or "".
func mail(s string) string {
	if !mailForm.MatchString(s) {
		return ""
	}
	return "mailto:" + s
}

// month writes a date as month and year, day with its day.
func (in Input) month(d iotmark.Date) string {
	t := d.Time()
	if t.IsZero() {
		return string(in.Words.Say("page.not-known", nil))
	}
	return in.Words.Say("date.month", map[string]string{"month": in.monthName(d), "year": strconv.Itoa(t.Year())})
}

func (in Input) day(d iotmark.Date) string {
	t := d.Time()
	if t.IsZero() {
		return string(in.Words.Say("page.not-known", nil))
	}
	return in.Words.Say("date.day", map[string]string{"day": strconv.Itoa(t.Day()), "month": in.monthName(d), "year": strconv.Itoa(t.Year())})
}

func (in Input) monthName(d iotmark.Date) string {
	return in.Words.Say(iotmark.MessageID("date.month."+strconv.Itoa(int(d.Time().Month()))), nil)
}

var timeForm = regexp.MustCompile(`^([0-9]{1,6}) (hour|day|week|month|year)s?$`)

// time writes a time of the declaration, such as "30 days"; false when it is
// unknown.
func (in Input) time(s string) (string, bool) {
	if m := timeForm.FindStringSubmatch(s); m != nil {
		return in.Words.Say(iotmark.MessageID("time."+m[2]), map[string]string{"n": m[1]}), true
	}
	if s == "not-kept" || s == "until-deleted" {
		return in.Words.Say(iotmark.MessageID("time."+s), nil), true
	}
	return in.Words.Say("time.unknown", nil), false
}

// hours orders times: how many hours they last, and most when they have no
// end.
func hours(s string) int {
	m := timeForm.FindStringSubmatch(s)
	if m == nil {
		return map[string]int{"until-deleted": 1 << 40}[s]
	}
	n, _ := strconv.Atoi(m[1])
	return n * map[string]int{"hour": 1, "day": 24, "week": 7 * 24, "month": 730, "year": 8766}[m[2]]
}

// number writes a decimal number.
func (in Input) number(f float64) string {
	return strings.Replace(strconv.FormatFloat(f, 'f', -1, 64), ".", in.Words.Say("date.point", nil), 1)
}

// n is a count as an argument.
func n(i int) template.HTML { return template.HTML(strconv.Itoa(i)) }

var countryForm = pattern.New(`^[A-Z]{2}$`)

// country returns the name of a country or of the EU by its two letters (ISO
// 3166-1 alpha-2), in the language of the page.
func (in Input) country(code string) string {
	r, err := language.ParseRegion(code)
	if err != nil || !countryForm.MatchString(code) {
		return message.Short(code, 20)
	}
	if name := display.Regions(language.Make(in.Words.Code)).Name(r); name != "" {
		return name
	}
	return code
}
