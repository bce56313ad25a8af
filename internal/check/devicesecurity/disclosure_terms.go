package devicesecurity

import (
	"slices"
	"strconv"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

var disclosureTexts = check.Need{
	Kinds:   []iotmark.EvidenceKind{iotmark.KindWebPage, iotmark.KindDocument},
	Reader:  "text",
	Claimed: true,
}

// DisclosureTerms looks whether the policy on reports names two times and
// promises not to pursue finders.
var DisclosureTerms = check.Check{
	ID:      "device-security.disclosure-terms",
	Version: 3,
	Title:   "The policy on reports names two times and promises not to pursue finders",
	What: "Reads the texts that the claim points to, sentence by sentence, and looks for the time until a report is acknowledged, the time between news, " +
		"and a promise not to pursue people who report in good faith. It fails when a sentence threatens finders and none promises them peace, or when times are named and none is that of the declaration. " +
		"A threat beside a promise is for a person to weigh; limits on methods, such as denial of service, are no threat.",
	Why:     "Finders who hear nothing, or a threat, go silent, go public, or sell what they know.",
	Satisfy: "Write: \"We acknowledge reports within 3 days, and tell you how far we are every 14 days. We do not take legal action against people who report in good faith.\"",
	Limits: "It knows the usual wordings in English and German and no others. A sentence in unusual words is not found; then it cannot tell. " +
		"Whether the page is public, and whether the times are kept, it does not see.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, provision 5.2-1",
		"UK SI 2023/1007, Schedule 1, paragraph 2",
		"ISO/IEC 29147:2018, clause 9",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{disclosureTexts},
	Run:       disclosureTerms,
}

// other is a time that is not the declared one.
type other struct {
	id    iotmark.EvidenceID
	title string
	days  int
	place iotmark.Place
}

func disclosureTerms(in check.Input) []iotmark.Finding {
	const id = "device-security.disclosure-terms."
	var out []iotmark.Finding
	var basis []iotmark.EvidenceID
	said := map[text.StatementID][]iotmark.Place{}
	add := func(f iotmark.Finding, places ...iotmark.Place) {
		f.Places = append(f.Places, places[:min(len(places), 5)]...)
		out = append(out, f)
	}
	contacts := in.Declaration.Contacts
	declared := map[text.StatementID]int{text.AcknowledgeDays: contacts.AcknowledgeDays, text.StatusEvery: contacts.StatusDays}
	agrees := map[text.StatementID]bool{}
	differ := map[text.StatementID][]other{}
	cut, threatened := false, false
	for _, t := range check.Facts[*text.Facts](in, disclosureTexts) {
		if l := t.Facts.Language; l != "" && l != "en" && l != "de" {
			add(check.CannotTell(id+"language", []iotmark.EvidenceID{t.ID}, "policy", t.Title, "language", l))
			continue
		}
		basis = append(basis, t.ID)
		cut = cut || t.Facts.Cut
		for _, s := range []text.StatementID{text.AcknowledgeDays, text.StatusEvery, text.GoodFaith} {
			for _, x := range t.Facts.Said(s) {
				place := iotmark.Place{Evidence: t.ID, Line: x.Line, Quote: check.Quote(x.Quote)}
				said[s] = append(said[s], place)
				days, ok := x.Days()
				if want := declared[s]; !ok || want <= 0 {
					continue
				} else if days == want {
					agrees[s] = true
				} else {
					differ[s] = append(differ[s], other{t.ID, t.Title, days, place})
				}
			}
		}
		if threats := t.Facts.Said(text.PursuesFinders); len(threats) > 0 {
			f := check.Fail(id+"pursues", []iotmark.EvidenceID{t.ID}, "quote", check.Quote(threats[0].Quote))
			if len(t.Facts.Said(text.GoodFaith)) > 0 {
				f = check.CannotTell(id+"threat-beside-promise", []iotmark.EvidenceID{t.ID}, "policy", t.Title, "quote", check.Quote(threats[0].Quote))
			}
			threatened = true
			var places []iotmark.Place
			for _, x := range threats {
				places = append(places, iotmark.Place{Evidence: t.ID, Line: x.Line, Quote: check.Quote(x.Quote)})
			}
			add(f, places...)
		}
	}
	// A policy may name several times; it differs when none of them is the
	// declared one.
	for _, s := range []text.StatementID{text.AcknowledgeDays, text.StatusEvery} {
		if agrees[s] {
			continue
		}
		for _, d := range differ[s] {
			add(check.Fail(id+"days-differ", []iotmark.EvidenceID{d.id}, "policy", d.title,
				"days", strconv.Itoa(d.days), "declared", strconv.Itoa(declared[s]), "field", fieldOf(s)), d.place)
		}
	}
	if len(basis) == 0 {
		return out
	}
	var places []iotmark.Place
	complete := true
	for _, s := range []text.StatementID{text.AcknowledgeDays, text.StatusEvery, text.GoodFaith} {
		if len(said[s]) > 0 {
			places = append(places, said[s][0])
			continue
		}
		complete = false
		add(check.CannotTell(iotmark.MessageID(id+"no-"+string(s)), basis))
	}
	if cut && !complete {
		add(check.CannotTell(id+"cut", basis))
	}
	if complete && !threatened && !slices.ContainsFunc(out, func(f iotmark.Finding) bool { return f.Outcome == iotmark.Failed }) {
		add(check.Pass(id+"complete", basis), places...)
	}
	return out
}

func fieldOf(s text.StatementID) string {
	if s == text.AcknowledgeDays {
		return "contacts.acknowledge_days"
	}
	return "contacts.status_days"
}
