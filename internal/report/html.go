package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/message"
)

//go:embed style.css
var style string

//go:embed report.html.tmpl
var page string

// pageTemplate is read at its first use: a report in another format, and a
// confined child, show no page.
var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("report").Parse(page)) })

// ContentSecurityPolicy is what the page needs: its own style and nothing
// else. No script, no picture, no address is loaded.
var ContentSecurityPolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// HTML writes the report as one self-contained page: no script, nothing that
// is loaded from elsewhere.
func HTML(w io.Writer, in Input) error { return pageTemplate().Execute(w, in.view()) }

// view is exactly what the page shows.
type view struct {
	Style                             template.CSS
	Product, Model, Maker             string
	Edition, AsOf, Bindings, Declared string
	Applicable, Criteria              int
	Tracks                            []trackView
	Warnings                          []string
	Topics                            []topicView
	Baseline                          *baselineView
	Groups                            []groupView
	Facts, Answers                    []factView
	All                               []allView
	Evidence                          []evidenceView
	Policy                            string
	Only                              string
	Checks, Closing                   string
	Outcomes                          []outcomeView
}

type trackView struct {
	Name, State, Detail string
	Open                bool
}

type topicView struct {
	Name  string
	Cells []string // classes, one a must
	Words string
}

type groupView struct {
	Title, Effort string
	Plain         bool // a list of names; there is nothing for the maker to do
	Items         []itemView
}

type baselineView struct {
	Title                             string
	New                               []newView
	Known, Replaced, Resolved, Unseen []string
}

type newView struct{ ID, Level, Words string }

type itemView struct {
	ID, Consumer, Statement, Level, Verdict, How string
	Entry, Contradicted, Bad                     bool
	Effort, Remedy, Note, Next                   string
	Findings                                     []findingView
	Reasons                                      []string
}

type findingView struct {
	Words, Check, Outcome string
	Places                []placeView
}

type placeView struct{ Where, Quote string }

type factView struct {
	Question, Value, How string
	Unknown              bool
}

type allView struct {
	Name, Count string
	Items       []itemView
}

type evidenceView struct{ Title, ID, Kind, State, Detail, Hash string }

type outcomeView struct {
	Name, Count string
	Items       []findingView
}

func (in Input) view() view {
	a := in.Assessment
	policy, _, _ := strings.Cut(ContentSecurityPolicy, "; frame-ancestors") // which a page cannot say of itself
	v := view{
		Style: template.CSS(style), Policy: policy, Product: message.Clean(a.Product), Model: message.Clean(a.Model), Maker: message.Clean(a.Maker),
		Edition: string(a.Edition), AsOf: string(a.AsOf), Bindings: a.Bindings.Short(), Declared: a.Declared.Short(),
		Criteria: len(in.Catalogue.Criteria), Closing: in.Closing(),
	}
	if len(a.Only) > 0 {
		v.Only = in.say("report.only", map[string]string{"only": strings.Join(a.Only, ", ")})
	}
	for _, w := range a.Warnings {
		v.Warnings = append(v.Warnings, message.Clean(w.Message))
	}
	v.Tracks = in.trackViews()
	for _, s := range a.Topics {
		v.Applicable += s.Criteria
		v.Topics = append(v.Topics, in.topicView(s))
	}
	v.Baseline = in.baselineView()
	for _, g := range Groups(a) {
		v.Groups = append(v.Groups, in.groupView(g))
	}
	v.Facts, v.Answers = in.labelViews()
	v.All = in.allViews()
	for _, h := range a.Evidence {
		v.Evidence = append(v.Evidence, in.evidenceView(h))
	}
	v.Checks, v.Outcomes = in.outcomeViews()
	return v
}

func (in Input) baselineView() *baselineView {
	if in.Baseline == nil {
		return nil
	}
	names := func(gs []Gap) []string {
		var out []string
		for _, g := range gs {
			out = append(out, name(g))
		}
		return out
	}
	cmp := in.Compare()
	v := &baselineView{Title: in.counts(cmp), Known: names(cmp.Known()), Replaced: names(cmp.Replaced), Resolved: names(cmp.Resolved), Unseen: names(cmp.Unseen)}
	for _, g := range byLevel(cmp.New) {
		v.New = append(v.New, newView{message.Clean(string(g.Criterion)), string(g.Level), in.words(g)})
	}
	return v
}

func (in Input) trackViews() []trackView {
	var out []trackView
	for _, t := range in.Assessment.Tracks {
		id := "track." + string(t.ID)
		tv := trackView{Name: in.say(iotmark.MessageID(id+".name"), nil), Open: t.Open}
		if t.Open {
			tv.State = in.say("track.ready", nil)
		} else {
			tv.State = in.say("track.not-ready", nil)
		}
		words := in.closing(t)
		if _, rest, ok := strings.Cut(words, ", "); ok {
			tv.Detail = strings.ToUpper(rest[:1]) + rest[1:]
		}
		out = append(out, tv)
	}
	return out
}

func (in Input) topicView(s iotmark.TopicSummary) topicView {
	t := topicView{Name: in.topicName(s.Topic)}
	var words []string
	add := func(n int, class, word string) {
		for range n {
			t.Cells = append(t.Cells, class)
		}
		if n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, word))
		}
	}
	add(s.ByStep["checked"]+s.ByStep["assessed"]+s.ByStep["tested"], "checked", "checked")
	add(s.ByStep["shown"], "shown", "shown")
	add(s.ByStep["declared"], "said", "by the maker's word")
	add(s.MustsBy[iotmark.DoesNotConform], "unmet", "not met")
	add(s.MustsBy[iotmark.Undetermined], "open", "not known")
	t.Words = strconv.Itoa(s.Musts) + " musts: " + strings.Join(words, ", ")
	return t
}

func (in Input) groupView(g Group) groupView {
	gv := groupView{
		Title:  in.say(iotmark.MessageID("group."+g.ID), map[string]string{"n": strconv.Itoa(len(g.Conclusions))}),
		Effort: Effort(g.Minutes),
		Plain:  g.ID == "test" || g.ID == "assessor",
	}
	for _, c := range g.Conclusions {
		it := in.itemView(c, false)
		if c.Verdict == iotmark.DoesNotConform {
			it.Remedy = in.Catalogue.Criterion(c.Criterion).Remedy
		}
		gv.Items = append(gv.Items, it)
	}
	return gv
}

// itemView shows a conclusion; all says with every finding and reason, or
// with what asks for work only.
func (in Input) itemView(c iotmark.Conclusion, all bool) itemView {
	cr := in.Catalogue.Criterion(c.Criterion)
	it := itemView{
		ID: string(c.Criterion), Consumer: cr.Consumer, Statement: cr.Statement, Level: string(c.Level),
		Entry: c.Entry, Contradicted: c.Contradicted, Bad: c.Verdict == iotmark.DoesNotConform,
		Verdict: in.say(iotmark.MessageID("verdict."+string(c.Verdict)), nil), Note: message.Clean(c.Note),
	}
	if c.Verdict == iotmark.Conforms {
		it.How = in.say("how.conforms", map[string]string{"step": c.Assurance.String(), "needs": c.Needs.String()})
		if c.Counts {
			it.How = in.say("how.counts", map[string]string{"step": c.Assurance.String()})
		}
	}
	if c.Next != nil {
		it.Next, it.Effort = in.say(c.Next.Message, c.Next.Args), Effort(c.Next.Minutes)
	}
	behind := in.behind(c, all)
	for _, r := range c.Reasons {
		if r.Finding != nil {
			if s, ok := behind[*r.Finding]; ok {
				delete(behind, *r.Finding)
				it.Findings = append(it.Findings, in.findingView(s))
			}
			continue
		}
		if all || r.Kind == iotmark.ByEvidence && c.Verdict != iotmark.DoesNotConform && r.Message != "assess.evidence-shown" {
			it.Reasons = append(it.Reasons, in.say(r.Message, r.Args))
		}
	}
	return it
}

func (in Input) findingView(f said) findingView {
	v := findingView{Words: in.say(f.Message, f.Args), Check: f.by(), Outcome: in.say(iotmark.MessageID("outcome."+string(f.Outcome)), nil)}
	for _, p := range f.Places {
		v.Places = append(v.Places, placeView{Where: in.place(p), Quote: message.Clean(p.Quote)})
	}
	return v
}

func (in Input) labelViews() (facts, answers []factView) {
	how := func(a iotmark.Assurance) string {
		if a == iotmark.NoAssurance {
			return ""
		}
		return in.say(iotmark.MessageID("step-name."+a.String()), nil)
	}
	for i, f := range in.Assessment.Label.Facts {
		v := factView{Question: in.Catalogue.Label.Facts[i].Print, Value: f.Print, How: how(f.How), Unknown: f.Value == "unknown"}
		if f.From == iotmark.ByFinding {
			v.How = in.say("label.found", map[string]string{"declared": f.Declared})
		}
		facts = append(facts, v)
	}
	for i, x := range in.Assessment.Label.Answers {
		answers = append(answers, factView{Question: in.Catalogue.Label.Answers[i].Question, Value: message.Clean(x.Say), How: how(x.How), Unknown: x.Value == "unknown"})
	}
	return facts, answers
}

func (in Input) allViews() []allView {
	var out []allView
	for _, t := range iotmark.Topics() {
		v := allView{Name: in.topicName(t)}
		applicable := 0
		for _, c := range in.Assessment.Conclusions {
			if c.Criterion.Topic() != t {
				continue
			}
			if c.Verdict != iotmark.NotApplicable {
				applicable++
			}
			v.Items = append(v.Items, in.itemView(c, true))
		}
		if len(v.Items) == 0 {
			continue // left out by a filter
		}
		v.Count = fmt.Sprintf("%d criteria, %d concern it", len(v.Items), applicable)
		out = append(out, v)
	}
	return out
}

func (in Input) evidenceView(h iotmark.Holding) evidenceView {
	v := evidenceView{Title: message.Clean(h.Title), ID: string(h.Evidence), Kind: string(h.Kind), Hash: h.SHA256.Short()}
	state := iotmark.MessageID("standing." + string(h.Standing))
	if h.Standing == iotmark.Held && h.Reader != "" {
		state = "standing.read"
	}
	v.State = in.say(state, map[string]string{"reader": h.Reader, "date": string(h.Dated)})
	if h.Standing != iotmark.Elsewhere && h.Standing != iotmark.Withheld {
		v.Detail = message.Clean(h.Detail)
	}
	return v
}

func (in Input) outcomeViews() (words string, out []outcomeView) {
	n := Outcomes(in.Assessment)
	words = fmt.Sprintf("Of %d checks %d passed, %d failed, %d could not tell, %d had nothing to look at, %d do not concern it.",
		n[iotmark.Passed]+n[iotmark.Failed]+n[iotmark.CantTell]+n[iotmark.Untested]+n[iotmark.Inapplicable],
		n[iotmark.Passed], n[iotmark.Failed], n[iotmark.CantTell], n[iotmark.Untested], n[iotmark.Inapplicable])
	for _, o := range iotmark.Outcomes() {
		v := outcomeView{Name: in.say(iotmark.MessageID("outcome."+string(o)), nil)}
		var fs []iotmark.Finding
		for _, f := range in.Assessment.Findings {
			if f.Outcome == o {
				fs = append(fs, f)
			}
		}
		for _, s := range together(fs) {
			v.Items = append(v.Items, in.findingView(s))
		}
		if len(v.Items) > 0 {
			v.Count = strconv.Itoa(len(v.Items))
			out = append(out, v)
		}
	}
	return words, out
}
