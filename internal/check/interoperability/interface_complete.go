package interoperability

import (
	"regexp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/description"
)

var descriptions = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindInterfaceDescription}, Reader: "description"}

// InterfaceComplete looks whether the description of each interface has every
// part that others need to build on it.
var InterfaceComplete = check.Check{
	ID:      "interoperability.interface-complete",
	Version: 1,
	Title:   "The description of each interface is complete",
	What: "Reads each description (OpenAPI, Swagger, AsyncAPI, W3C Thing Description). It fails without a version, an address, a licence or terms, a way to sign in, or an operation, " +
		"and when an operation does not say what it does or what it answers. Where data models, units, limits or a time of notice are missing, a person looks for them in other documents. It passes when nothing is missing.",
	Why:     "An interface that is described in part cannot be built on. What is not written down can change overnight.",
	Satisfy: "Complete the description: version, servers, licence or terms, security schemes, a summary and the responses of each operation, schemas with units, limits of use, and a year's notice before a change that breaks programs.",
	Limits: "It reads the description and calls nothing. Limits and notice are found by words in English and German in the description itself. " +
		"Whether the terms are fair, and whether the interface does what is described, is not looked at.",
	Cites: []string{
		"OpenAPI Specification 3.1.1, section 4.8",
		"AsyncAPI 3.0.0",
		"W3C Web of Things Thing Description 1.1, section 5.3",
		"Regulation (EU) 2023/2854, Article 33(1)",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{descriptions},
	Run:       interfaceComplete,
}

const completeID = "interoperability.interface-complete."

func interfaceComplete(in check.Input) []iotmark.Finding {
	var out []iotmark.Finding
	for _, d := range check.Facts[*description.Facts](in, descriptions) {
		fs := completeOf(d)
		slices.SortStableFunc(fs, func(a, b iotmark.Finding) int {
			return slices.Index(iotmark.Outcomes(), a.Outcome) - slices.Index(iotmark.Outcomes(), b.Outcome)
		})
		out = append(out, fs...)
	}
	return out
}

// told collects the findings on one description.
type told struct {
	d   check.Read[*description.Facts]
	out []iotmark.Finding
}

func (t *told) say(f iotmark.Finding, line int, quote string) {
	if f.Args == nil {
		f.Args = map[string]string{}
	}
	f.Args["evidence"] = string(t.d.ID)
	f.Basis = []iotmark.EvidenceID{t.d.ID}
	f.Places = []iotmark.Place{{Evidence: t.d.ID, Line: line, Quote: check.Quote(quote)}}
	t.out = append(t.out, f)
}

// sayAll tells of several things at once, with a place for each.
func (t *told) sayAll(f iotmark.Finding, names []string, lines []int) {
	if len(names) == 0 {
		return
	}
	f.Args = map[string]string{"n": check.N(len(names)), "names": list(names)}
	t.say(f, lines[0], names[0])
	last := &t.out[len(t.out)-1]
	for i := 1; i < min(len(names), 10); i++ {
		last.Places = append(last.Places, iotmark.Place{Evidence: t.d.ID, Line: lines[i], Quote: check.Quote(names[i])})
	}
}

func list(s []string) string {
	if len(s) > 5 {
		return strings.Join(s[:5], ", ") + ", ..."
	}
	return strings.Join(s, ", ")
}

func completeOf(d check.Read[*description.Facts]) []iotmark.Finding {
	t, f := &told{d: d}, d.Facts
	if f.Version == "" {
		t.say(check.Fail(completeID+"no-version", nil), f.InfoLine, f.Title)
	}
	if !f.Licence.Named() && f.Terms == "" {
		t.say(check.Fail(completeID+"no-terms", nil), f.InfoLine, f.Title)
	}
	if len(f.Servers) == 0 {
		t.say(check.Fail(completeID+"no-address", nil), 0, "")
	} else if !slices.ContainsFunc(f.Servers, func(s description.Server) bool { return s.Host != "" }) {
		t.say(check.CannotTell(completeID+"address-open", nil, "address", f.Servers[0].URL), f.Servers[0].Line, f.Servers[0].URL)
	}
	if len(f.Operations) == 0 {
		t.say(check.Fail(completeID+"no-operation", nil), 0, "")
		return t.out
	}
	t.operations(f)
	t.values(f)
	for _, p := range f.Problems {
		switch p.ID {
		case description.RefNowhere:
			t.say(check.Fail(completeID+"ref-nowhere", nil, "name", p.Name), p.Line, p.Name)
		case description.SchemeUnset:
			t.say(check.Fail(completeID+"scheme-unset", nil, "name", p.Name), p.Line, p.Name)
		case description.RefOutside:
			t.say(check.CannotTell(completeID+"ref-outside", nil, "name", p.Name), p.Line, p.Name)
		}
		if len(t.out) > 20 {
			break
		}
	}
	if all := prose(f); !limitWords.MatchString(all) && !limited(f) {
		t.say(check.CannotTell(completeID+"no-limits", nil), f.InfoLine, "")
	}
	if !noticeWords.MatchString(prose(f)) {
		t.say(check.CannotTell(completeID+"no-notice", nil), f.InfoLine, "")
	}
	if f.Cut {
		t.say(check.CannotTell(completeID+"cut", nil), 0, "")
	}
	if len(t.out) == 0 {
		t.say(check.Pass(completeID+"complete", nil, "n", check.N(len(f.Operations)), "title", check.Quote(f.Title), "version", f.Version), f.InfoLine, f.Title)
	}
	return t.out
}

// operations asks of each operation what it does, what it answers, and who
// may call it.
func (t *told) operations(f *description.Facts) {
	var mute, silent, loose, unsaid []string
	var muteAt, silentAt, looseAt, unsaidAt []int
	guarded := false
	for _, o := range f.Operations {
		if !o.Described {
			mute, muteAt = append(mute, o.Name()), append(muteAt, o.Line)
		}
		if !o.Answered {
			silent, silentAt = append(silent, o.Name()), append(silentAt, o.Line)
		} else if !o.Modelled {
			loose, looseAt = append(loose, o.Name()), append(looseAt, o.Line)
		}
		if o.Access == description.Unsaid {
			unsaid, unsaidAt = append(unsaid, o.Name()), append(unsaidAt, o.Line)
		}
		guarded = guarded || o.Access == description.Guarded || o.Access == description.Optional
	}
	switch {
	case len(f.Security) == 0 && !guarded && len(unsaid) > 0:
		t.say(check.Fail(completeID+"no-sign-in", nil), f.InfoLine, f.Title)
	case len(unsaid) > 0:
		t.sayAll(check.CannotTell(completeID+"access-unsaid", nil), unsaid, unsaidAt)
	}
	t.sayAll(check.Fail(completeID+"not-described", nil), mute, muteAt)
	t.sayAll(check.Fail(completeID+"not-answered", nil), silent, silentAt)
	t.sayAll(check.CannotTell(completeID+"no-model", nil), loose, looseAt)
}

// values asks numbers for their unit and times for their form.
func (t *told) values(f *description.Facts) {
	var bare, loose []string
	var bareAt, looseAt []int
	for _, v := range f.Values {
		switch {
		case v.Unit != "":
		case v.Type == "time":
			loose, looseAt = append(loose, v.Name), append(looseAt, v.Line)
		case !counts(v):
			bare, bareAt = append(bare, v.Name), append(bareAt, v.Line)
		}
	}
	t.sayAll(check.CannotTell(completeID+"no-unit", nil), bare, bareAt)
	t.sayAll(check.CannotTell(completeID+"no-time-format", nil), loose, looseAt)
}

// countWords are words of numbers that have no unit: how many, which one, or
// a code.
var countWords = regexp.MustCompile(`(?i)\b(?:numbers?|count|counter|id|index|code|status|state|version|revision|channel|circuit|port|page|limit|offset|size|total|level|step|mode|type|flags?|rank|score|ratio|factor|latitude|longitude|how many|nr|no|anzahl|nummer)\b`)

// counts reports whether a value needs no unit.
func counts(v description.Value) bool {
	name := strings.NewReplacer("_", " ", "-", " ", ".", " ").Replace(split.ReplaceAllString(v.Name, "$1 $2"))
	return countWords.MatchString(name) || countWords.MatchString(v.Text) || v.Type == "integer" && strings.HasSuffix(strings.ToLower(v.Name), "s")
}

// split finds where a capital follows a small letter.
var split = regexp.MustCompile(`([a-z0-9])([A-Z])`)

var (
	limitWords  = regexp.MustCompile(`(?i)\b(?:rate.limit|limits?\b|throttl|requests? (?:a|per|each|every) |at most \d|no more than|quota|unlimited|no limit|begrenz|höchstens|anfragen (?:pro|je))`)
	noticeWords = regexp.MustCompile(`(?i)\b(?:notice|announce|ahead of|months? (?:before|ahead|in advance)|in advance|deprecat|year before|angekündigt|im voraus|vorher an)`)
)

// prose is all that the description says in words.
func prose(f *description.Facts) string {
	var b strings.Builder
	for _, s := range []string{f.Summary, f.Text} {
		b.WriteString(s + "\n")
	}
	for _, s := range f.Servers {
		b.WriteString(s.Text + "\n")
	}
	for _, o := range f.Operations {
		if b.Len() > 1<<20 {
			break
		}
		b.WriteString(o.Text + "\n")
	}
	return b.String()
}

// limited reports whether an operation answers that there were too many
// requests (RFC 6585, section 4).
func limited(f *description.Facts) bool {
	return slices.ContainsFunc(f.Operations, func(o description.Operation) bool { return slices.Contains(o.Responses, "429") })
}
