package page

import (
	"html/template"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// criteriaView is exactly what the page of all criteria shows.
type criteriaView struct {
	frame
	Back     template.HTML
	BackHref template.URL
	Topics   []criteriaTopic
	Evidence []evidenceView
}

type criteriaTopic struct {
	ID, Name string
	Points   []criterionView
}

type criterionView struct {
	ID                       string
	Level                    template.HTML
	Consumer, Statement      template.HTML
	Claim, Note, NotConcerns template.HTML
	Proof                    []template.HTML
	Program                  []template.HTML
}

type evidenceView struct {
	Title, Kind, Dated template.HTML
	KeptBack           bool
	Hash               string
}

func (in Input) criteriaView() criteriaView {
	v := criteriaView{frame: in.frame("criteria.title"), BackHref: template.URL(in.Product)}
	v.PartEnglish = in.Words.Code != "en"
	v.Back = in.say("criteria.back", args{"product": v.Name})
	for _, t := range iotmark.Topics() {
		ct := criteriaTopic{ID: string(t), Name: in.topic(t)}
		for _, c := range in.Assessment.Conclusions {
			if c.Criterion.Topic() == t && in.Catalogue.Criterion(c.Criterion) != nil {
				ct.Points = append(ct.Points, in.criterionView(c))
			}
		}
		if len(ct.Points) > 0 {
			v.Topics = append(v.Topics, ct)
		}
	}
	for _, e := range in.Declaration.Evidence {
		v.Evidence = append(v.Evidence, in.evidenceView(e))
	}
	return v
}

// mostListed is how many pieces of evidence and how many findings are listed
// for one criterion. The declaration and the findings have them all.
const mostListed = 12

func (in Input) criterionView(c iotmark.Conclusion) criterionView {
	cr := in.Catalogue.Criterion(c.Criterion)
	v := criterionView{
		ID: string(c.Criterion), Level: in.say(iotmark.MessageID("criteria.level-"+string(c.Level)), nil),
		Consumer: in.consumer(c.Criterion), Statement: in.english(esc(cr.Statement)),
	}
	if c.Verdict == iotmark.NotApplicable {
		v.NotConcerns = in.say("criteria.not-concerned", nil)
		return v
	}
	answer := iotmark.MessageID(c.Answer)
	if !slices.Contains([]iotmark.MessageID{"met", "partly", "unmet", "unknown", "not-applicable"}, answer) {
		answer = "none"
	}
	v.Claim = in.say("criteria.claim-"+answer, nil)
	claim := in.Declaration.Claims[c.Criterion]
	if filled(claim.Note) {
		v.Note = quote(claim.Note, textLength)
	}
	for _, e := range in.Declaration.Evidence {
		if slices.Contains(claim.Evidence, e.ID) && len(v.Proof) < mostListed {
			v.Proof = append(v.Proof, quote(e.Title, nameLength))
		}
	}
	for _, r := range c.Reasons {
		if f, ok := in.finding(r); ok && in.role(c.Criterion, f.Check) != catalogue.Hint {
			if p := in.program(f); p != "" && len(v.Program) < mostListed {
				v.Program = append(v.Program, p)
			}
		}
	}
	return v
}

// program says what a program found, without quoting what stands in the
// evidence; of evidence that is not public it says the outcome alone.
func (in Input) program(f iotmark.Finding) template.HTML {
	switch f.Outcome {
	case iotmark.Passed, iotmark.Failed, iotmark.CantTell:
	default:
		return ""
	}
	h := in.say(iotmark.MessageID("criteria.program-"+string(f.Outcome)), nil) + " "
	if !in.public(f) {
		return h + in.say("criteria.program-closed", nil)
	}
	a := args{}
	for k, s := range f.Args {
		if k == "n" {
			if strings.Trim(s, "0123456789") != "" || len(s) > 9 {
				s = "0"
			}
			a[k] = template.HTML(s)
			continue
		}
		a[k] = foreign(s, nameLength)
	}
	return h + in.say(f.Message, a)
}

// public reports whether all that a finding rests on may be read by anybody.
func (in Input) public(f iotmark.Finding) bool {
	ids := slices.Clone(f.Basis)
	for _, p := range f.Places {
		if p.Evidence != "" {
			ids = append(ids, p.Evidence)
		}
	}
	for _, id := range ids {
		i := slices.IndexFunc(in.Declaration.Evidence, func(e iotmark.Evidence) bool { return e.ID == id })
		if i < 0 || keptBack(in.Declaration.Evidence[i]) {
			return false
		}
	}
	return true
}

func keptBack(e iotmark.Evidence) bool { return e.Visibility != "" && e.Visibility != iotmark.Public }

// evidenceView shows evidence by title, kind, date and hash; what is public
// with a link where it has an address.
func (in Input) evidenceView(e iotmark.Evidence) evidenceView {
	v := evidenceView{
		Title:    quote(e.Title, lineLength),
		Kind:     in.english(esc(message.Short(strings.ReplaceAll(string(e.Kind), "-", " "), partLength))),
		KeptBack: keptBack(e),
		Hash:     message.Short(string(e.SHA256), 64),
	}
	if !e.Dated.Time().IsZero() {
		v.Dated = in.say("criteria.dated", args{"date": esc(in.day(e.Dated))})
	}
	if !v.KeptBack {
		v.Title = link(e.URL, v.Title)
	}
	for _, h := range in.Assessment.Evidence {
		if h.Evidence == e.ID && v.Hash == "" {
			v.Hash = message.Short(string(h.SHA256), 64)
		}
	}
	return v
}
