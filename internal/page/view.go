package page

import (
	"html/template"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// frame is what both pages have around their content.
type frame struct {
	Input
	Lang, Dir, Policy string
	Title             string
	Style             template.CSS
	Name              template.HTML // of the product
	PartEnglish       bool
	Edition           template.HTML
	Hash              string
}

func (in Input) frame(title iotmark.MessageID) frame {
	a := in.Assessment
	name := named(in.Declaration.Product.Name, in)
	return frame{
		Input: in, Lang: in.Words.Code, Dir: in.Words.Dir, Policy: policy, Style: template.CSS(style),
		Title: in.Words.Say(title, map[string]string{"product": name}),
		Name:  foreign(name, nameLength),
		Edition: in.say("page.edition", args{
			"edition": foreign(named(string(a.Edition), in), nameLength), "date": esc(in.day(a.AsOf)),
		}),
		Hash: message.Short(string(a.Declared), 64),
	}
}

// named returns a name, or the words for a name that nobody gave.
func named(s string, in Input) string {
	if s = message.Short(s, nameLength); s == "" {
		return in.Words.Say("page.not-known", nil)
	}
	return s
}

// view is exactly what the public page shows.
type view struct {
	frame
	Data            template.JS
	Description     string
	Kind            template.HTML
	Model, Maker    template.HTML
	Summary         template.HTML
	Dated, Looked   template.HTML
	Answers         []answerView
	Help            []helpView
	Unchecked       []template.HTML
	Promises        []promiseView
	Topics          []topicView
	Parties         []partyView
	Security        template.HTML
	Private         template.HTML
	FilesView       []fileView
	HasAlternatives bool
}

type answerView struct {
	Question  string
	Say       string
	Unknown   bool
	Detail    []template.HTML
	Who       template.HTML
	Otherwise []template.HTML
}

type helpView struct {
	Words   template.HTML
	Href    template.URL
	Unknown bool
}

type promiseView struct {
	What    template.HTML
	Value   template.HTML
	Unknown bool
	Notes   []template.HTML
}

type topicView struct {
	Name   string
	Counts template.HTML
	Points []pointView
	Rest   template.HTML
}

type pointView struct{ Consumer, Result template.HTML }

type partyView struct{ Role, Name, Where template.HTML }

type fileView struct {
	Name string
	Href template.URL
	Hash string
	Size template.HTML
}

func (in Input) view() view {
	d, a := in.Declaration, in.Assessment
	v := view{
		frame:       in.frame("page.title"),
		Description: in.Words.Say("page.state", nil),
		Kind:        in.kind(d.Product.Kind),
		Model:       foreign(named(d.Product.Model, in), nameLength),
		Maker:       foreign(named(d.Maker.Name, in), nameLength),
		Looked:      in.say("page.state-looked", args{"date": esc(in.day(a.AsOf))}),
		Dated:       in.say("page.state-undated", nil),

		HasAlternatives: len(in.Languages) > 1,
	}
	if filled(d.Product.Summary) {
		v.Summary = quote(d.Product.Summary, lineLength)
	}
	if d.Signed != nil {
		v.Dated = in.say("page.state-dated", args{"date": esc(in.day(d.Signed.Date))})
	}
	v.Answers = in.answerViews()
	v.Help = in.helpViews()
	v.Unchecked = in.unchecked()
	v.Promises = in.promises()
	v.Topics = in.topicViews()
	v.Parties = in.partyViews()
	v.Security, v.Private = in.contacts()
	for _, f := range in.Files {
		fv := fileView{Name: f.Name, Href: template.URL(f.Href), Hash: f.SHA256.Short()}
		if f.Size > 0 {
			fv.Size = in.say("page.size", args{"n": n(int(f.Size))})
		}
		v.FilesView = append(v.FilesView, fv)
	}
	v.PartEnglish = in.Words.Code != "en"
	return v
}

// kind says what the product is. The ids of the declaration are English
// words.
func (in Input) kind(id string) template.HTML {
	words := message.Short(strings.ReplaceAll(id, "-", " "), nameLength)
	if m := iotmark.MessageID("kind." + id); in.Words.Has(m) {
		return esc(capital(in.Words.Say(m, nil)))
	}
	if words == "" {
		return in.say("page.not-known", nil)
	}
	return in.english("<bdi>" + esc(capital(words)) + "</bdi>")
}

func capital(s string) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = []rune(strings.ToUpper(string(r[0])))[0]
	}
	return string(r)
}

func (in Input) helpViews() []helpView {
	c, g := in.Declaration.Contacts, in.Declaration.Guides
	var out []helpView
	add := func(to string, words template.HTML, without iotmark.MessageID) {
		if href, ok := address(to); ok {
			out = append(out, helpView{Words: words, Href: template.URL(href)})
		} else if without != "" {
			out = append(out, helpView{Words: in.say(without, nil), Unknown: true})
		}
	}
	ask := in.say("page.ask", nil)
	if c.AnswerDays > 0 {
		ask = in.say("page.ask-days", args{"n": n(c.AnswerDays)})
	}
	if linkable(c.Support) {
		add(c.Support, ask, "")
	} else {
		add(mail(in.Declaration.Maker.Email), in.say("page.write", nil), "")
	}
	wipe := g["reset"]
	if !linkable(wipe) {
		wipe = g["transfer"]
	}
	add(wipe, in.say("page.wipe", nil), "page.no-wipe")
	add(c.Complaints, in.say("page.complain", nil), "page.no-complain")
	return out
}

// unchecked lists what nobody looked at. It is never empty.
func (in Input) unchecked() []template.HTML {
	out := []template.HTML{in.say("page.unchecked-person", nil)}
	if looked, all := in.count(iotmark.Topics()...); all > looked {
		out = append(out, in.say("page.unchecked-points", args{"n": n(all - looked), "m": n(all)}))
	}
	count := map[iotmark.MessageID]int{}
	for _, h := range in.Assessment.Evidence {
		switch {
		case h.Standing == iotmark.Elsewhere:
			count["elsewhere"]++
		case h.Standing == iotmark.Withheld:
			count["withheld"]++
		case h.Standing != iotmark.Held:
			count["bad"]++
		case h.Reader == "":
			count["read"]++
		}
	}
	for _, id := range []iotmark.MessageID{"elsewhere", "withheld", "bad", "read"} {
		if count[id] > 0 {
			out = append(out, in.say("page.unchecked-"+id, args{"n": n(count[id])}))
		}
	}
	return append(out, in.say("page.unchecked-weak", nil), in.say("page.unchecked-means", nil))
}

// promises lists what the maker says it will do, apart from what was looked
// at. Nothing is left out: what was not promised is not known.
func (in Input) promises() []promiseView {
	d := in.Declaration
	row := func(id iotmark.MessageID) promiseView {
		return promiseView{What: in.say(id, nil), Value: in.say("page.not-known", nil), Unknown: true}
	}
	until := func(id iotmark.MessageID, u iotmark.Until, fact string) promiseView {
		p := row(id)
		if day, ok := u.Date(); ok && !day.Time().IsZero() {
			p.Value, p.Unknown = esc(in.day(day)), false
			if day < in.Assessment.AsOf {
				p.Notes = append(p.Notes, in.say("page.passed", nil))
			}
		} else if u == iotmark.Until(iotmark.WordNone) {
			p.Value, p.Unknown = in.say("page.promise-none", nil), false
		}
		for i, f := range in.Assessment.Label.Facts {
			if f.ID == fact && f.From == iotmark.ByFinding {
				p.Notes = append(p.Notes, in.say("page.found", args{"date": esc(in.day(in.Assessment.AsOf))})+" <b>"+esc(in.factValue(i, f.Value, f.Print, f.Args))+"</b>.")
			}
		}
		return p
	}
	out := []promiseView{
		until("page.promise-updates", d.Support.UpdatesUntil, "security-updates"),
		until("page.promise-service", d.Support.ServiceUntil, ""),
		until("page.promise-parts", d.Repair.PartsUntil, "spare-parts"),
		until("page.promise-papers", iotmark.Until(d.Repair.DocumentsUntil), ""),
	}
	w := row("page.promise-warranty")
	if y := d.Support.WarrantyYears; y != nil {
		w.Value, w.Unknown = esc(in.years(*y)), false
	}
	f := row("page.promise-functions")
	var core []string
	for _, x := range d.Functions {
		if x.IsCore() {
			core = append(core, x.Text)
		}
	}
	if len(core) > 0 {
		f.Value, f.Unknown = in.quotes(core, 5, lineLength), false
	}
	return append(out, w, f)
}

func (in Input) years(y float64) string {
	return in.Words.Say("page.years", map[string]string{"n": in.number(y)})
}

// looked says what a program found about one criterion.
type looked int

const (
	notExamined looked = iota
	support            // found support, with a second source
	otherwise          // found that it is not so
)

// examined says what a program found about a criterion that may be told.
// What could be misused counts as not examined, so that its absence and its
// presence look the same.
func (in Input) examined(c iotmark.Conclusion) looked {
	for _, r := range c.Reasons {
		f, ok := in.finding(r)
		if ok && f.Outcome == iotmark.Failed && in.role(c.Criterion, f.Check) != catalogue.Hint {
			return otherwise
		}
	}
	if c.Verdict == iotmark.Conforms && c.Assurance >= iotmark.Checked {
		return support
	}
	return notExamined
}

// count returns how many criteria of some topics a program looked at, and how
// many concern the product.
func (in Input) count(topics ...iotmark.Topic) (looked, all int) {
	for _, c := range in.Assessment.Conclusions {
		if c.Verdict == iotmark.NotApplicable || !slices.Contains(topics, c.Criterion.Topic()) {
			continue
		}
		if all++; in.examined(c) != notExamined {
			looked++
		}
	}
	return looked, all
}

// finding returns the finding a reason rests on, unless it is kept back.
func (in Input) finding(r iotmark.Reason) (iotmark.Finding, bool) {
	if r.Finding == nil || *r.Finding < 0 || *r.Finding >= len(in.Assessment.Findings) {
		return iotmark.Finding{}, false
	}
	f := in.Assessment.Findings[*r.Finding]
	return f, !f.Exploitable
}

func (in Input) role(id iotmark.CriterionID, check iotmark.CheckID) catalogue.Role {
	for _, b := range in.Catalogue.Bindings.Criteria[id] {
		if b.Check == check {
			return b.Role
		}
	}
	return catalogue.Hint
}

func (in Input) topicViews() []topicView {
	var out []topicView
	for _, t := range iotmark.Topics() {
		v := topicView{Name: in.topic(t)}
		looked, all := in.count(t)
		rest := map[iotmark.MessageID]int{}
		for _, c := range in.Assessment.Conclusions {
			if c.Criterion.Topic() != t || c.Verdict == iotmark.NotApplicable || in.Catalogue.Criterion(c.Criterion) == nil {
				continue
			}
			l := in.examined(c)
			if l == notExamined {
				rest[said(c.Answer)]++
				continue
			}
			v.Points = append(v.Points, pointView{in.consumer(c.Criterion), in.say(result(c, l), nil)})
		}
		v.Counts = in.say("page.topic-counts", args{"n": n(looked), "m": n(all)})
		if all == 0 {
			v.Counts = in.say("page.no-points", nil)
		}
		var parts []string
		for _, id := range []iotmark.MessageID{"met", "partly", "unmet", "unknown"} {
			if rest[id] > 0 {
				parts = append(parts, string(in.say("page.rest-"+id, args{"n": n(rest[id])})))
			}
		}
		if len(parts) > 0 {
			v.Rest = in.say("page.rest", nil) + " " + template.HTML(strings.Join(parts, ", ")) + "."
		}
		out = append(out, v)
	}
	return out
}

func result(c iotmark.Conclusion, l looked) iotmark.MessageID {
	met := c.Answer == iotmark.AnswerMet
	switch {
	case l == support && met:
		return "page.fits"
	case l == support:
		return "page.fits-alone"
	case met:
		return "page.differs"
	}
	return "page.differs-too"
}

func said(a iotmark.Answer) iotmark.MessageID {
	switch a {
	case iotmark.AnswerMet, iotmark.AnswerPartly, iotmark.AnswerUnmet:
		return iotmark.MessageID(a)
	}
	return "unknown"
}

func (in Input) topic(t iotmark.Topic) string {
	for _, r := range in.Catalogue.Scheme.Topics {
		if r.ID == t {
			return in.word("topic."+string(t), r.Name, nil)
		}
	}
	return string(t)
}

// liable are the roles that answer for a product in a region, in the order in
// which they are shown.
var liable = []string{
	"eu-representative", "eu-responsible-person", "uk-representative", "us-agent", "importer", "data-representative", "data-holder",
}

func (in Input) partyViews() []partyView {
	m := in.Declaration.Maker
	where := func(address, country string) template.HTML {
		h := template.HTML("")
		if filled(address) {
			h = foreign(without(address, in.country(country), Input{Words: message.English()}.country(country)), lineLength)
		}
		if filled(country) {
			if h != "" {
				h += ". "
			}
			h += "<bdi>" + esc(in.country(country)) + "</bdi>"
		}
		return h
	}
	out := []partyView{{in.say("page.role-maker", nil), foreign(named(m.Name, in), nameLength), where(m.Address, m.Country)}}
	for _, role := range liable {
		shown := 0
		for _, p := range in.Declaration.Parties {
			if p.Role != role || !slices.Contains([]iotmark.Visibility{"", iotmark.Public}, p.Visibility) || shown == 3 {
				continue
			}
			shown++
			out = append(out, partyView{in.say(iotmark.MessageID("page.role."+role), nil), foreign(named(p.Name, in), nameLength), where(p.Address, p.Country)})
		}
	}
	return out
}

// without takes a country off the end of an address, for it is said beside it.
func without(address string, names ...string) string {
	for _, name := range names {
		s := strings.TrimRight(address, " .,")
		if n := len(s) - len(name); name != "" && n > 0 && strings.EqualFold(s[n:], name) {
			return strings.TrimRight(strings.TrimSuffix(strings.TrimRight(s[:n], " "), " the"), " .,")
		}
	}
	return address
}

// contacts says where weaknesses are told, and where people ask for their
// data.
func (in Input) contacts() (security, private template.HTML) {
	c := in.Declaration.Contacts
	unknown := `<span class="uk">` + in.say("page.not-known", nil) + `</span>`
	security, private = unknown, unknown
	if href, ok := address(c.Security); ok {
		words := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(href, "mailto:"), "tel:"), "https://")
		security = link(c.Security, foreign(words, nameLength))
	}
	if linkable(c.SecurityPolicy) {
		security += " (" + link(c.SecurityPolicy, in.say("page.who-policy", nil)) + ")"
	}
	if linkable(c.Privacy) {
		private = link(c.Privacy, in.say("page.who-data-page", nil))
	}
	return security, private
}
