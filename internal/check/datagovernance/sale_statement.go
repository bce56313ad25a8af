package datagovernance

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

var saleTexts = check.Need{
	Kinds:   []iotmark.EvidenceKind{iotmark.KindWebPage, iotmark.KindDocument, iotmark.KindStatement},
	Reader:  "text",
	Claimed: true,
}

// SaleStatement looks whether the texts say about the sale of data what the
// declaration says.
var SaleStatement = check.Check{
	ID:      "data-governance.sale-statement",
	Version: 2,
	Title:   "The notice says about selling data what the declaration says",
	What: "Reads the texts that the claim points to, sentence by sentence, and looks for what they say about selling data, using it for advertising, or handing it on for that. " +
		"It passes when the declaration says never and sentences deny both sale and advertising, or when both say only with consent. It fails when a sentence admits what the declaration denies; " +
		"to go on until people object is such an admission. It cannot tell when a sentence speaks of advertising, licences to data or opting out in words no rule sorts.",
	Why:     "Once sold, data cannot be called back; and what counts before a court is the notice.",
	Satisfy: "Write into the notice: \"We do not sell your data, and we do not share it with others for advertising.\" Strike every sentence that says otherwise.",
	Limits: "It knows the usual wordings in English and German and no others. A sentence in unusual words that speaks neither of sale nor of advertising is not found. " +
		"A promise is not proof: whether data is sold, traffic and contracts show; so a pass lifts nothing by itself.",
	Cites: []string{
		"Regulation (EU) 2016/679, Article 13(1)(e)",
		"ETSI EN 303 645 V3.1.3, provision 6-1",
		"Directive 2005/29/EC, Article 6(1)",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{saleTexts},
	Run:       saleStatement,
}

// ruled are the languages in which there are rules.
var ruled = []string{"en", "de"}

// said is one statement with the evidence it stands in.
type said struct {
	evidence iotmark.EvidenceID
	title    string
	text.Statement
}

func saleStatement(in check.Input) []iotmark.Finding {
	const id = "data-governance.sale-statement."
	texts := check.Facts[*text.Facts](in, saleTexts)
	var out []iotmark.Finding
	var basis []iotmark.EvidenceID
	var admits, denies, deniesAds, allows, unsorted []said
	cut, read := false, 0
	for _, t := range texts {
		f := t.Facts
		if l := f.Language; l != "" && !slices.Contains(ruled, l) {
			out = append(out, check.CannotTell(id+"language", []iotmark.EvidenceID{t.ID}, "notice", t.Title, "language", l))
			continue
		}
		basis = append(basis, t.ID)
		read++
		cut = cut || f.Cut
		gather := func(list []said, s text.StatementID) []said {
			for _, x := range f.Said(s) {
				list = append(list, said{t.ID, t.Title, x})
			}
			return list
		}
		admits = gather(admits, text.SellsData)
		denies = gather(denies, text.NeverSells)
		deniesAds = gather(deniesAds, text.NeverAdvertises)
		allows = gather(allows, text.SaleWithConsent)
		for _, x := range unsortedIn(f) {
			unsorted = append(unsorted, said{t.ID, t.Title, x})
		}
	}
	if read == 0 {
		return out
	}
	add := func(f iotmark.Finding, from []said) {
		for _, s := range from[:min(len(from), 5)] {
			f.Places = append(f.Places, iotmark.Place{Evidence: s.evidence, Line: s.Line, Quote: check.Quote(s.Quote)})
		}
		if len(from) > 0 {
			if f.Args == nil {
				f.Args = map[string]string{}
			}
			f.Args["notice"], f.Args["quote"] = from[0].title, check.Quote(from[0].Quote)
		}
		out = append(out, f)
	}
	switch declared := worst(in.Declaration.DataSold, in.Declaration.DataForAds); {
	case declared == "always":
		add(check.Fail(id+"declared-always", basis), admits)
	case declared == "never" && len(admits) > 0:
		add(check.Fail(id+"admits", basis), admits)
	case declared == "with-consent" && len(admits) > 0:
		add(check.Fail(id+"admits-without-consent", basis), admits)
	case len(admits) > 0:
		add(check.Fail(id+"admits-undeclared", basis), admits)
	case declared == "unknown":
		add(check.CannotTell(id+"undeclared", basis), slices.Concat(denies, deniesAds, allows))
	case declared == "never" && len(allows) > 0:
		add(check.CannotTell(id+"says-with-consent", basis), allows)
	// One denial does not answer for a sentence that nobody understood.
	case len(unsorted) > 0:
		add(check.CannotTell(id+"unsorted", basis), unsorted)
	case cut:
		add(check.CannotTell(id+"cut", basis), nil)
	case declared == "never" && len(denies) > 0 && len(deniesAds) > 0:
		add(check.Pass(id+"never", basis), slices.Concat(denies, deniesAds))
	case declared == "never" && len(denies) > 0:
		add(check.CannotTell(id+"no-word-of-advertising", basis), denies)
	case declared == "never" && len(deniesAds) > 0:
		add(check.CannotTell(id+"no-word-of-sale", basis), deniesAds)
	case declared == "with-consent" && len(allows) > 0:
		add(check.Pass(id+"with-consent", basis), allows)
	case declared == "with-consent" && len(denies)+len(deniesAds) > 0:
		add(check.CannotTell(id+"says-never", basis), slices.Concat(denies, deniesAds))
	case declared == "with-consent":
		add(check.CannotTell(id+"silent-with-consent", basis), nil)
	default:
		add(check.CannotTell(id+"silent", basis), nil)
	}
	return out
}

// unsortedIn returns the sentences that speak of selling or advertising and
// that no rule sorts. A short heading only names what follows.
func unsortedIn(f *text.Facts) []text.Statement {
	type place struct {
		line  int
		quote string
	}
	sorted := map[place]bool{}
	for _, s := range f.Statements {
		switch s.ID {
		case text.SellsData, text.NeverSells, text.NeverAdvertises, text.SaleWithConsent:
			sorted[place{s.Line, s.Quote}] = true
		}
	}
	for _, b := range f.Blocks {
		if b.Kind == "heading" && len(strings.Fields(b.Text)) <= 5 {
			sorted[place{b.Line, b.Text}] = true
		}
	}
	return slices.DeleteFunc(f.Said(text.MentionsSale), func(s text.Statement) bool { return sorted[place{s.Line, s.Quote}] })
}

// worst returns the answer of the two that weighs most against the promise.
func worst(answers ...string) string {
	for _, w := range []string{"always", "unknown", "with-consent"} {
		if slices.Contains(answers, w) || w == "unknown" && slices.Contains(answers, "") {
			return w
		}
	}
	return "never"
}
