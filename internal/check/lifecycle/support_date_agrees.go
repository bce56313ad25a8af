package lifecycle

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

var supportPages = check.Need{Reader: "text", Claimed: true}

// SupportDateAgrees compares the date of security support on the maker's
// pages with the declared one.
var SupportDateAgrees = check.Check{
	ID:      "lifecycle.support-date-agrees",
	Version: 2,
	Title:   "Pages give the declared date of security support",
	What:    "It looks for every date until which the pages behind the claim promise security updates or support, and compares it with support.updates_until: a full date must be the same day, a month the same month. It passes when at least one page gives the date and no page gives another one, a year alone, a number of years, or a lifetime. In a table or under headings for several models only what is said of this model counts. A page that gives the declared date and another one, or gives it as a plan or with a right to end earlier, cannot be told.",
	Why:     "Buyers rely on the date they read. A page that promises less than the declaration, or something that is no date at all, leaves them with a product that is unprotected sooner than they think.",
	Satisfy: "Write the same date in the declaration and on each page, with the month as a word: \"Security updates at least until 31 March 2034.\"",
	Limits:  "It reads English and German texts in the dossier. Pages that are only named by an address, and boxes that are handed in as pictures, are not read. It knows sentences by lists of words: a promise that is taken back in other words passes, and one that is made in other words is not found. Whether updates really come is not looked at.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 5.3-13",
		"UK SI 2023/1007, Schedule 1, paragraph 3",
		"Regulation (EU) 2024/2847, Article 13(19) and Annex II (7)",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{supportPages},
	Run:       supportDateAgrees,
}

const supportDate = "lifecycle.support-date-agrees."

func supportDateAgrees(in check.Input) []iotmark.Finding {
	s := in.Declaration.Support
	until, dated := s.UpdatesUntil.Date()
	var out []iotmark.Finding
	for _, p := range s.History {
		if dated && p.Until > until || s.UpdatesUntil == iotmark.Until(iotmark.WordNone) {
			f := check.Fail(supportDate+"shortened", nil, "declared", string(s.UpdatesUntil), "promised", string(p.Until), "set", string(p.Set))
			f.Places = []iotmark.Place{{Path: "support.history"}}
			out = append(out, f)
		}
	}
	pages := check.Facts[*text.Facts](in, supportPages)
	var all []iotmark.EvidenceID
	var silent []iotmark.Finding
	told := len(out)
	for _, p := range pages {
		all = append(all, p.ID)
		fs := page{p, in.Declaration, until}.findings()
		if fs[0].Message == supportDate+"not-found" || fs[0].Message == supportDate+"cut" {
			silent = append(silent, fs...)
			continue
		}
		out = append(out, fs...)
	}
	switch {
	case s.UpdatesUntil == iotmark.Until(iotmark.WordNone) && len(out) == told:
		return append(out, check.Fail(supportDate+"none", all))
	case len(out) == told: // no page says anything
		return append(out, silent...)
	}
	return out
}

// page is one text held against the declared date.
type page struct {
	check.Read[*text.Facts]
	decl  *iotmark.Declaration
	until iotmark.Date // empty: none declared
}

func (p page) findings() []iotmark.Finding {
	ends, several := p.ends()
	var out []iotmark.Finding
	stated := p.until != "" && slices.ContainsFunc(p.Facts.Dates, func(d text.Date) bool { return !d.Ambiguous && d.Precision != "year" && agree(d, p.until) })
	agreed := false
	var years []text.SupportEnd
	for _, e := range ends {
		switch {
		case p.until == "" && e.Date.Date != "":
			m := iotmark.MessageID(supportDate + "undeclared")
			f := check.CannotTell(m, p.basis(), "found", show(e.Date))
			if p.decl.Support.UpdatesUntil == iotmark.Until(iotmark.WordNone) {
				f = check.Fail(supportDate+"declared-none", p.basis(), "found", show(e.Date))
			}
			out = append(out, p.at(f, e.Date))
		case p.until == "":
		case e.Ambiguous:
			f := p.ambiguous(e.Date)
			if stated && f.Outcome == iotmark.Failed {
				f = p.another(e.Date)
			}
			out = append(out, f)
		case e.Precision == "year" && e.Date.Date[:4] == p.until[:4]:
			years = append(years, e)
		case agree(e.Date, p.until):
			if f, weak := p.weak(e.Date); weak {
				out = append(out, f)
			} else if !agreed {
				out = append(out, p.at(check.Pass(supportDate+"agrees", p.basis(), "until", show(e.Date)), e.Date))
				agreed = true
			}
		case p.promisedBefore(e.Date) && e.Past:
			// The page tells how the date moved.
		case stated:
			out = append(out, p.another(e.Date))
		default:
			out = append(out, p.differs(e.Date))
		}
	}
	if several && len(out) > 0 && p.until != "" {
		f := check.CannotTell(supportDate+"several", p.basis(), "evidence", string(p.ID), "model", p.decl.Product.Model, "until", string(p.until))
		f.Places = out[0].Places
		return []iotmark.Finding{f}
	}
	if len(out) > 0 {
		return brief(out)
	}
	if len(years) > 0 {
		return []iotmark.Finding{p.at(check.Fail(supportDate+"year-only", p.basis(), "year", years[0].Text, "until", string(p.until)), years[0].Date)}
	}
	return p.noDate()
}

// brief leaves out what was said before, and what comes after the tenth
// finding on one page.
func brief(fs []iotmark.Finding) []iotmark.Finding {
	type key struct {
		m     iotmark.MessageID
		found string
	}
	seen := map[key]bool{}
	fs = slices.DeleteFunc(fs, func(f iotmark.Finding) bool {
		k := key{f.Message, f.Args["found"]}
		twice := seen[k]
		seen[k] = true
		return twice
	})
	return fs[:min(len(fs), 10)]
}

// ends returns the ends of support that concern this product. A page about
// several models names the product at those that do; several is set when a
// table gives more than one date and names the product nowhere.
func (p page) ends() (ends []text.SupportEnd, several bool) {
	ends = p.Facts.SupportEnds()
	security := func(e text.SupportEnd) bool { return e.Security }
	if slices.ContainsFunc(ends, security) {
		// Feature updates may end earlier; only those for security count.
		ends = slices.DeleteFunc(ends, func(e text.SupportEnd) bool { return !e.Security })
	}
	names := func(e text.SupportEnd) bool {
		return e.Names(p.decl.Product.Model) || e.Names(p.decl.Product.Name)
	}
	// Whole cells first: "NH-T2" beside "nh-t2 pro".
	whole, said := map[int]bool{}, map[int]bool{}
	for _, e := range ends {
		whole[e.Table] = whole[e.Table] || e.IsFor(p.decl.Product.Model) || e.IsFor(p.decl.Product.Name)
		said[e.Table] = said[e.Table] || e.Says(p.decl.Product.Model) || e.Says(p.decl.Product.Name)
	}
	ends = slices.DeleteFunc(ends, func(e text.SupportEnd) bool {
		switch {
		case e.Table == 0:
			return false
		case whole[e.Table]:
			return !e.IsFor(p.decl.Product.Model) && !e.IsFor(p.decl.Product.Name)
		}
		return said[e.Table] && !e.Says(p.decl.Product.Model) && !e.Says(p.decl.Product.Name)
	})
	if slices.ContainsFunc(ends, names) {
		return slices.DeleteFunc(ends, func(e text.SupportEnd) bool { return !names(e) }), false
	}
	seen := map[int]iotmark.Date{}
	for _, e := range ends {
		if d, ok := seen[e.Table]; ok && e.Table > 0 && d != e.Date.Date {
			several = true
		}
		seen[e.Table] = e.Date.Date
	}
	return ends, several
}

// agree holds a date from a text against the declared day. A month holds
// through its last day.
func agree(d text.Date, until iotmark.Date) bool {
	if d.Precision == "month" {
		return d.Date[:7] == until[:7]
	}
	return d.Date == until
}

func (p page) promisedBefore(d text.Date) bool {
	return slices.ContainsFunc(p.decl.Support.History, func(h iotmark.Promise) bool { return agree(d, h.Until) })
}

// differs tells that a page gives another date. An earlier one prints on the
// label in place of the declared one.
func (p page) differs(d text.Date) iotmark.Finding {
	args := []string{"found", show(d), "until", string(p.until)}
	if d.Date > p.until {
		return p.at(check.Fail(supportDate+"later", p.basis(), args...), d)
	}
	f := check.Fail(supportDate+"earlier", p.basis(), args...)
	if p.promisedBefore(d) {
		f.Message = supportDate + "old-promise"
	}
	f.Shown = &iotmark.LabelValue{Fact: "security-updates", Value: "date", Date: d.Date}
	return p.at(f, d)
}

// another tells of a second date on a page that gives the declared one. Which
// model or time it belongs to may stand in words that no rule knows.
func (p page) another(d text.Date) iotmark.Finding {
	found := show(d)
	if d.Ambiguous {
		found = d.Text
	}
	return p.at(check.CannotTell(supportDate+"another-date", p.basis(), "found", found, "until", string(p.until)), d)
}

// Words that make a promise less than one. The first list takes it back, the
// second only means it; the third takes it back in a sentence of its own.
var (
	revocable = pattern.New(`(?i)\b(?:may|might|can|could) (?:also |however |still )?(?:be )?(?:end(?:ed)?|stop(?:ped)?|shorten(?:ed)?|withdrawn?|terminated?|discontinued?|ceased?|changed?|revoked?)\b|\bsubject to\b|\bunless\b|\bas long as\b|\bes sei denn\b|\bsofern\b|\breserves?\b|\bwithout (?:any )?(?:guarantee|obligation|commitment)\b|\bno (?:guarantee|obligation)\b|\bnot guaranteed\b|\bnon-binding\b|\bbehalten\b.{0,80}\buns\b|\bvorbehalt|\bvorbehaltlich\b|\bohne gewähr|\bunverbindlich|\b(?:früher|jederzeit) (?:beende|einstell|eingestellt)`)
	intended  = pattern.New(`(?i)\bplan(?:s|ned|ning)? (?:to|for|until|through|on)\b|\bintend(?:s|ed)? to\b|\bintention\b|\baim(?:s|ing)? (?:to|for|at)\b|\bour aim\b|\bexpect(?:s|ed)? to\b|\bexpected\b|\b(?:hope|want|wish|try|strive)s? to\b|\bshould\b|\bsollen?\b|\bwollen\b|\banticipate|\bbest efforts?\b|\b(?:if|where|when|as far as) possible\b|\bvoraussichtlich|\bplanen\b|\bgeplant|\bbeabsichtig|\bstreben\b|\bmöchten\b|\bnach möglichkeit\b`)
	takenBack = pattern.New(`(?i)\b(?:they|it|updates|support|(?:this|the) (?:date|period)) (?:may|might|could|can) (?:be )?(?:end(?:ed)?|stop(?:ped)?|chang(?:e|ed)|shorten(?:ed)?|withdrawn|discontinued)\b(?: (?:earlier|sooner|before|at any time|without|them|updates|date|period|support)\b)+|\b(?:this|the) (?:date|period) (?:may|might|could|can) (?:be )?(?:changed?|shortened|end)\b|\bwe (?:may|might|can|could|reserve the right to)\b[^.]{0,60}\b(?:end|stop|shorten|discontinue|cease|withdraw|terminate)\b[^.]{0,80}\b(?:earlier|sooner|any time|without notice|before)\b|\bwir können\b[^.]{0,80}(?:früher|jederzeit)[^.]{0,60}\b(?:beenden|einstellen)\b|\b(?:behalten uns|wir uns)\b[^.]{0,120}\b(?:beenden|einzustellen|verkürzen|früher)\b`)
	updates   = pattern.New(`(?i)update|support|\bthe[my]\b|\bfixes\b|patches|\bdate\b|period|aktualisierung|datum|zeitraum|unterstützung`)
)

// weak tells of the declared date where the page does not promise it firmly.
func (p page) weak(d text.Date) (iotmark.Finding, bool) {
	tell := func(what iotmark.MessageID) iotmark.Finding {
		return check.CannotTell(supportDate+what, p.basis(), "until", show(d))
	}
	switch {
	case revocable.MatchString(d.Sentence):
		return p.at(tell("revocable"), d), true
	case intended.MatchString(d.Sentence):
		return p.at(tell("intended"), d), true
	}
	for _, b := range p.Facts.Blocks {
		if m := takenBack.Regexp().FindString(b.Text); m != "" && updates.MatchString(m) {
			return p.say(tell("revocable"), m, b.Line), true
		}
	}
	return iotmark.Finding{}, false
}

// ambiguous tells of a date whose day and month could be either way round.
// In another year than the declared one it differs either way.
func (p page) ambiguous(d text.Date) iotmark.Finding {
	args := []string{"found", d.Text, "until", string(p.until)}
	if n := len(d.Text); n >= 4 && d.Text[n-4:] != string(p.until[:4]) {
		return p.at(check.Fail(supportDate+"other-year", p.basis(), args...), d)
	}
	return p.at(check.CannotTell(supportDate+"ambiguous", p.basis(), args...), d)
}

// noDate looks for other ways to speak about the length of support.
func (p page) noDate() []iotmark.Finding {
	until := string(p.until)
	if until == "" {
		until = "31 March 2034"
	}
	if years := p.Facts.Said(text.SupportYear); len(years) > 0 {
		st := years[0]
		f := check.Fail(supportDate+"year-only", p.basis(), "year", st.Values["year"], "until", until)
		if y := st.Values["year"]; p.until != "" && y != string(p.until[:4]) {
			f = p.differs(text.Date{Date: iotmark.Date(y + "-12-31"), Precision: "year", Text: y, Sentence: st.Quote, Line: st.Line})
		}
		return []iotmark.Finding{p.say(f, st.Quote, st.Line)}
	}
	if periods := p.Facts.Said(text.SupportPeriod); len(periods) > 0 {
		st := periods[0]
		f := check.Fail(supportDate+"period", p.basis(), "period", st.Values["n"]+" "+st.Values["unit"], "until", until)
		return []iotmark.Finding{p.say(f, st.Quote, st.Line)}
	}
	if vague := p.Facts.Said(text.SupportVague); len(vague) > 0 {
		return []iotmark.Finding{p.say(check.Fail(supportDate+"vague", p.basis(), "until", until), vague[0].Quote, vague[0].Line)}
	}
	if p.Facts.Cut {
		return []iotmark.Finding{check.CannotTell(supportDate+"cut", p.basis(), "evidence", string(p.ID))}
	}
	return []iotmark.Finding{check.CannotTell(supportDate+"not-found", p.basis(), "evidence", string(p.ID), "until", until)}
}

func (p page) basis() []iotmark.EvidenceID { return []iotmark.EvidenceID{p.ID} }

func (p page) at(f iotmark.Finding, d text.Date) iotmark.Finding { return p.say(f, d.Sentence, d.Line) }

func (p page) say(f iotmark.Finding, quote string, line int) iotmark.Finding {
	f.Args["evidence"] = string(p.ID)
	f.Places = []iotmark.Place{{Evidence: p.ID, Line: line, Quote: check.Quote(quote)}}
	return f
}

// show writes a date as precisely as the text does.
func show(d text.Date) string {
	switch d.Precision {
	case "month":
		return string(d.Date[:7])
	case "year":
		return strings.TrimSpace(string(d.Date[:4]))
	}
	return string(d.Date)
}
