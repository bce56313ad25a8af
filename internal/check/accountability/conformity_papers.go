package accountability

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

var papers = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindConformityDeclaration}, Reader: "text"}

// ConformityPapers reads the declarations and statements that the law
// demands.
var ConformityPapers = check.Check{
	ID:      "accountability.conformity-papers",
	Version: 1,
	Title:   "Papers of conformity are for this model, dated and signed",
	What:    "It reads each EU declaration of conformity, in full or short form, and each UK statement of compliance: does it name this model and the maker, is it dated (not ahead of today) and signed by a person with a function, does it cite an act; for the UK statement also the support period, which must be the declared one, and the maker's opinion. Then it looks whether each act under laws: is cited in a paper, and whether a radio product sold in the EU has one for Directive 2014/53/EU. It passes when nothing is missing.",
	Why:     "A mark above a product that breaks the law would mislead everybody, and a paper for another model proves nothing.",
	Satisfy: "Put each declaration as text into the dossier: product and model, maker with address, acts, place and date, name and function of the person who signs.",
	Limits:  "It reads text, not scans, and knows the usual words in English and German; a signature drawn by hand is not seen. Which laws apply, and whether the product keeps them, an assessor judges.",
	Cites: []string{
		"Directive 2014/53/EU, Article 10(8) and (9), Article 18, Annexes VI and VII",
		"Delegated Regulation (EU) 2022/30, Articles 1 and 3, as amended by (EU) 2023/2444",
		"UK Product Security and Telecommunications Infrastructure Act 2022, section 9",
		"UK SI 2023/1007, Schedules 1 and 4",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{papers},
	Run:       conformityPapers,
}

const conformity = "accountability.conformity-papers."

// act is a law that is known by its number or name.
type act struct {
	id    string
	re    *pattern.Pattern
	paper bool // it asks the maker for a declaration or statement
}

// acts are those that connected products meet most. Numbers count in any
// language, whatever letters follow them.
var acts = []act{
	{"red", pattern.New(`\b2014/53\b|(?i:radio equipment directive|funkanlagen-?richtlinie)`), true},
	{"rohs", pattern.New(`\b2011/65\b|(?i:rohs[- ](?:directive|richtlinie))`), true},
	{"lvd", pattern.New(`\b2014/35\b|(?i:low voltage directive|niederspannungsrichtlinie)`), true},
	{"emc", pattern.New(`\b2014/30\b|(?i:electromagnetic compatibility directive|emv-richtlinie)`), true},
	{"cra", pattern.New(`\b2024/2847\b|(?i:cyber resilience act|cyberresilienz)`), true},
	{"ecodesign", pattern.New(`\b2009/125\b`), true},
	{"toys", pattern.New(`\b2009/48\b|\b2025/2509\b`), true},
	{"machinery", pattern.New(`\b2006/42\b|\b2023/1230\b`), true},
	{"psti", pattern.New(`\b2023/1007\b|(?i:product security and telecommunications infrastructure)|\bPSTI\b`), true},
	{"uk-radio", pattern.New(`\b2017/1206\b|(?i:radio equipment regulations 2017)`), true},
	{"uk-rohs", pattern.New(`\b2012/3032\b`), true},
	{"gpsr", pattern.New(`\b2023/988\b`), false},
	{"weee", pattern.New(`\b2012/19\b`), false},
	{"gdpr", pattern.New(`\b2016/679\b|(?i:\bgdpr\b|\bdsgvo\b)`), false},
	{"data-act", pattern.New(`\b2023/2854\b`), false},
}

// repealed are acts of the EU that a paper may no longer rest on, with the
// act in their place and the day from which that one alone counts.
var repealed = []struct {
	re    *pattern.Pattern
	old   string
	now   string
	since iotmark.Date
}{
	{pattern.New(`\b1999/5\b`), "1999/5/EC", "2014/53/EU", "2017-06-13"},
	{pattern.New(`\b2004/108\b`), "2004/108/EC", "2014/30/EU", "2016-04-20"},
	{pattern.New(`\b2006/95\b`), "2006/95/EC", "2014/35/EU", "2016-04-20"},
	{pattern.New(`\b2002/95\b`), "2002/95/EC", "2011/65/EU", "2013-01-03"},
}

var (
	typeGiven  = pattern.New(`(?i)\b(?:type|model|typ|modell|funkanlagentyp)(?: (?:no\.?|number|nr\.?|designation|code))?\s*[:=]?\s+[a-z0-9][a-z0-9./-]*[0-9]`)
	actNumber  = pattern.New(`\b[0-9]{2,4}/[0-9]{1,4}\b`)
	paperWords = pattern.New(`(?i)declar|déclar|dichiar|erkl[aä]r|deklar|conform|konform|compliance|complies|entspricht|statement of`)
	fullText   = pattern.New(`(?i)full text|complete text|vollständige[rn]? text|volltext|texte (?:complet|intégral)|testo completo|texto completo`)
	sole       = pattern.New(`(?i)sole responsibility|alleinige[rn]? verantwortung`)
	address    = pattern.New(`(?i)https?://|\bwww\.`)
	batchWord  = pattern.New(`(?i)\bbatch(?:es)?\b|\bserial\b|\blots?\b|\ball units\b|\bcharge`)
	prepared   = pattern.New(`(?i)\bprepared\b|\bissued by\b|\bmade by\b|\bon behalf\b`)
	opinion    = pattern.New(`(?i)\bopinion\b|\bcompl(?:y|ies|ied)\b|\bmeets?\b|\bfulfil`)
	radioSafe  = pattern.New(`\b2022/30\b|\b18031\b|\b3\(3\)|\b3\.3\b|\b2024/2847\b|(?i:cyber resilience|\bart(?:icle|\.)? 3,? (?:para(?:graph|\.)|abs\.?) ?3)`)
	statement  = pattern.New(`(?i)statement of compliance`)
)

// Who signs. Function words are those of the usual papers; a name in front
// of one is a person.
var (
	signLabel = pattern.New(`(?i)\b(?:name(?: and| und|,| /|/| &)? ?(?:function|position|title|funktion|stellung|surname)[^:]{0,40}|name of (?:the )?signatory[^:]{0,20}|name|signature|signed(?: by| for)?[^:]{0,60}|signatory|position|function|unterschrift|unterzeichne[rt][^:]{0,60}|gezeichnet|funktion)\s*:\s*(.*)$`)
	jobWord   = pattern.New(`(?i)\b(?:director|manager|head of|officer|president|chief|c[eto]o|owner|founder|engineer|partner|secretary|proprietor|chair(?:man|woman|person)?|(?:\pL+)?leiter(?:in)?|leitung|geschäftsführer(?:in)?|geschäftsführung|vorstand|inhaber(?:in)?|prokurist(?:in)?|direktor(?:in)?|gérant|directeur|directrice)\b`)
	jobPhrase = pattern.New(`(?:\p{Lu}[\pL-]+ )?` + jobWord.String() + `(?: (?i:of|für|der|des|and|und) \pL+| \pL+)?`)
	person    = pattern.New(`(?:\p{Lu}[\pL'’.-]*\s+)(?:(?:\p{Lu}[\pL'’.-]*|van|von|de|der|den|du|la|le|di|da|zu)\s+){0,3}\p{Lu}[\pL'’-]+`)
	signer    = pattern.New(`(` + person.String() + `)[,;]?\s+\(?(?:\p{Lu}\pL+ )?` + jobWord.String())
	leftBlank = pattern.New(`^[\s_.…/-]*$|^[\[<{(].*[\]>})]\.?$`)
	placeDate = pattern.New(`\p{Lu}\pL+`)
	placeWord = pattern.New(`(?i)\b(?:place|date|issue|dated|ort|datum|ausstellung|signed|at|on|den|der|and|und|of|the|in)\b|[:,]`)
	placeLine = pattern.New(`(?i)^(?:place|ort)\b[^:]*:\s*\pL`)
	untilDate = pattern.New(`(?i)\b(?:until|till|expires?(?: on)?|valid (?:to|until|through)|bis(?: zum)?|to|ends? on|on sale (?:since|from)|amended by)\s*$`)
)

// maxPaper is how many bytes of one paper are looked at; a paper is a page or
// two.
const maxPaper = 60_000

// maxLine is the length up to which a block counts as one line of a form.
const maxLine = 300

// The parts of a paper, as messages name them.
const (
	partModel     = "model"
	partMaker     = "maker"
	partAddress   = "address"
	partDate      = "date"
	partPlace     = "place"
	partSignature = "signature"
	partAct       = "act"
	partLink      = "address of the full text"
	partSole      = "sole responsibility"
	partBatch     = "batch"
	partSupport   = "support period"
	partPrepared  = "prepared for the maker"
	partOpinion   = "opinion"
)

// paper is one paper with what was found in it.
type paper struct {
	check.Read[*text.Facts]
	in     check.Input
	blocks []text.Block
	all    string // text of the blocks
	long   bool

	short, uk bool
	cites     []string // ids of acts
	date      iotmark.Date
	missing   []string
	unclear   []string
}

func conformityPapers(in check.Input) []iotmark.Finding {
	var out []iotmark.Finding
	var read []*paper
	var basis []iotmark.EvidenceID
	for _, r := range check.Facts[*text.Facts](in, papers) {
		basis = append(basis, r.ID)
		p := newPaper(in, r)
		if p == nil {
			f := check.CannotTell(conformity+"no-paper", []iotmark.EvidenceID{r.ID}, "evidence", string(r.ID))
			out = append(out, f)
			continue
		}
		read = append(read, p)
		out = append(out, p.findings()...)
	}
	return append(out, lawFindings(in, read, basis)...)
}

// newPaper reads a paper; nil when the text says nothing like one.
func newPaper(in check.Input, r check.Read[*text.Facts]) *paper {
	p := &paper{Read: r, in: in, long: r.Facts.Cut}
	var b strings.Builder
	for _, bl := range r.Facts.Blocks {
		if b.Len()+len(bl.Text) > maxPaper {
			p.long = true
			break
		}
		b.WriteString(bl.Text)
		b.WriteByte('\n')
		p.blocks = append(p.blocks, bl)
	}
	p.all = b.String()
	for _, a := range acts {
		if a.re.MatchString(p.all) {
			p.cites = append(p.cites, a.id)
		}
	}
	if !paperWords.MatchString(p.all) {
		return nil
	}
	p.uk = slices.Contains(p.cites, "psti") || statement.MatchString(p.all)
	p.short = !p.uk && fullText.MatchString(p.all) && !sole.MatchString(p.all)
	p.date = p.signed()
	return p
}

func (p *paper) findings() []iotmark.Finding {
	p.identity()
	p.signature()
	if len(p.cites) == 0 && !actNumber.MatchString(p.all) {
		p.missing = append(p.missing, partAct)
	}
	switch {
	case p.uk:
		p.ukFields()
	case p.short && !address.MatchString(p.all) && len(p.Facts.Links) == 0:
		p.missing = append(p.missing, partLink)
	case !p.short && p.known() && !sole.MatchString(p.all):
		p.unclear = append(p.unclear, partSole)
	}
	say := func(f iotmark.Finding) iotmark.Finding {
		f.Basis = []iotmark.EvidenceID{p.ID}
		f.Args["evidence"] = string(p.ID)
		if len(f.Places) == 0 && len(p.blocks) > 0 {
			f.Places = []iotmark.Place{{Evidence: p.ID, Line: p.blocks[0].Line, Quote: check.Quote(p.blocks[0].Text)}}
		}
		return f
	}
	var out []iotmark.Finding
	if p.short {
		// Annex VII asks for neither date nor signature; the full text has both.
		var open []string
		p.missing, open = split(p.missing, partDate, partSignature)
		var more []string
		p.unclear, more = split(p.unclear, partDate, partSignature, partPlace, partAddress)
		more, _ = split(more, partPlace, partAddress)
		if open = append(open, more...); len(open) > 0 && len(p.missing) == 0 {
			out = append(out, say(check.CannotTell(conformity+"short-form", nil, "missing", strings.Join(open, ", "))))
		}
	}
	if len(p.missing) > 0 {
		f := check.Fail(conformity+"incomplete", nil, "missing", strings.Join(p.missing, ", "), "model", p.in.Declaration.Product.Model)
		if p.long {
			f = check.CannotTell(conformity+"cut", nil, "missing", strings.Join(p.missing, ", "))
		}
		out = append(out, say(f))
	}
	if len(p.unclear) > 0 && len(p.missing) == 0 {
		out = append(out, say(check.CannotTell(conformity+"unclear", nil, "missing", strings.Join(p.unclear, ", "))))
	}
	if p.date != "" && p.in.AsOf != "" && p.date > p.in.AsOf {
		out = append(out, say(check.Fail(conformity+"dated-ahead", nil, "date", string(p.date), "today", string(p.in.AsOf))))
	}
	for _, r := range repealed {
		if r.re.MatchString(p.all) && !strings.Contains(p.all, strings.TrimSuffix(r.now, "/EU")) && (p.date == "" || p.date >= r.since) {
			out = append(out, say(check.Fail(conformity+"act-repealed", nil, "act", r.old, "now", r.now)))
		}
	}
	if f, ok := p.supportDiffers(); ok {
		out = append(out, say(f))
	}
	if len(out) == 0 {
		out = append(out, say(check.Pass(conformity+"complete", nil, "model", p.in.Declaration.Product.Model, "date", string(p.date))))
	}
	return out
}

// split takes some parts out of a list.
func split(list []string, out ...string) (rest, taken []string) {
	for _, s := range list {
		if slices.Contains(out, s) {
			taken = append(taken, s)
		} else {
			rest = append(rest, s)
		}
	}
	return rest, taken
}

// known reports whether the paper is in a language whose usual words are
// known.
func (p *paper) known() bool {
	l := p.Facts.Language
	return l == "" || l == "en" || l == "de"
}

// identity looks for model and maker.
func (p *paper) identity() {
	d := p.in.Declaration
	switch {
	case text.Names(p.all, d.Product.Model):
	case !text.Names(p.all, d.Product.Name), typeGiven.MatchString(p.all):
		// The name alone will do, but not beside the type of another model.
		p.missing = append(p.missing, partModel)
	}
	switch {
	case text.Names(p.all, company(d.Maker.Name)):
	case d.Maker.Brand != "" && text.Names(p.all, d.Maker.Brand):
		p.unclear = append(p.unclear, partMaker)
	default:
		p.missing = append(p.missing, partMaker)
		return
	}
	parts := strings.FieldsFunc(d.Maker.Address, func(r rune) bool { return r == ',' || r == ';' || r == '\n' })
	if !slices.ContainsFunc(parts[:max(len(parts)-1, min(len(parts), 1))], func(s string) bool { return text.Names(p.all, s) }) {
		p.unclear = append(p.unclear, partAddress)
	}
}

var legalForm = pattern.New(`(?i)[, ]+(?:ltd|limited|gmbh(?: & co\.? kg)?|ag|inc|llc|plc|s\.?a\.?|sas|s\.?r\.?l\.?|s\.?p\.?a\.?|b\.?v\.?|n\.?v\.?|oy|ab|as|aps|kg|ug|corp|corporation|se|s\.r\.o\.|a\.s\.)\.?\s*$`)

// company returns a name without its legal form, which papers shorten.
func company(name string) string { return legalForm.Regexp().ReplaceAllString(name, "") }

// signed returns the date of the paper: the one it gives for itself, or the
// last day in it that is no end of anything.
func (p *paper) signed() iotmark.Date {
	if d := p.Facts.ContentDate(); d != "" {
		return d
	}
	ends := map[text.Date]bool{}
	for _, e := range p.Facts.SupportEnds() {
		ends[e.Date] = true
	}
	var out iotmark.Date
	for _, d := range p.Facts.Dates {
		before, _, _ := strings.Cut(d.Sentence, d.Text)
		if d.Precision == "day" && !d.Ambiguous && !ends[d] && !untilDate.MatchString(before) {
			out = d.Date
		}
	}
	return out
}

// signature looks for date, place, and a person with a function.
func (p *paper) signature() {
	if p.date == "" {
		unsure := slices.ContainsFunc(p.Facts.Dates, func(d text.Date) bool { return d.Ambiguous || d.Precision == "month" })
		if unsure {
			p.unclear = append(p.unclear, partDate)
		} else {
			p.missing = append(p.missing, partDate)
		}
	} else if !p.place() {
		p.unclear = append(p.unclear, partPlace)
	}
	switch named, blank := p.person(); {
	case named:
	case blank:
		p.missing = append(p.missing, partSignature)
	default:
		p.unclear = append(p.unclear, partSignature)
	}
}

// place looks for the place of issue: before the date, or under its label.
func (p *paper) place() bool {
	for _, b := range p.blocks {
		if placeLine.MatchString(b.Text) {
			return true
		}
	}
	for _, d := range p.Facts.Dates {
		if d.Date != p.date {
			continue
		}
		before, _, _ := strings.Cut(d.Sentence, d.Text)
		if placeDate.MatchString(placeWord.Regexp().ReplaceAllString(before, " ")) {
			return true
		}
	}
	return false
}

// person looks for a name with a function, in one block or under labels next
// to each other. blank says that the labels are there with nothing behind.
func (p *paper) person() (named, blank bool) {
	name, job := -9, -9 // blocks in which a name and a function were last seen
	for i, b := range p.blocks {
		s := b.Text
		m := signLabel.Regexp().FindStringSubmatch(s)
		if m != nil {
			s = m[1]
			blank = blank || leftBlank.MatchString(s)
		}
		if len(s) > maxLine { // running text: only a function right behind a name
			if m := signer.Regexp().FindStringSubmatch(s); m != nil && !strings.Contains(p.in.Declaration.Maker.Name, m[1]) {
				return true, false
			}
			continue
		}
		hasJob := jobWord.MatchString(s)
		rest := strings.ReplaceAll(jobPhrase.Regexp().ReplaceAllString(s, " , "), p.in.Declaration.Maker.Name, ",")
		hasName := (m != nil || hasJob) && person.MatchString(rest)
		if hasJob {
			job = i
		}
		if hasName {
			name = i
		}
		if hasJob && hasName || (hasJob || hasName) && max(name, job)-min(name, job) <= 3 {
			return true, false
		}
	}
	return false, blank
}

// ukFields looks for what Schedule 4 of SI 2023/1007 asks for beyond product,
// maker, date and signature.
func (p *paper) ukFields() {
	if !batchWord.MatchString(p.all) {
		p.unclear = append(p.unclear, partBatch)
	}
	ends := p.Facts.SupportEnds()
	day := func(e text.SupportEnd) bool { return e.Date.Date != "" && e.Precision != "year" }
	switch {
	case slices.ContainsFunc(ends, day):
	case slices.ContainsFunc(ends, func(e text.SupportEnd) bool { return e.Ambiguous }):
		p.unclear = append(p.unclear, partSupport)
	default:
		// "Expressed as a period of time with an end date", Schedule 1, para 3.
		p.missing = append(p.missing, partSupport)
	}
	if !prepared.MatchString(p.all) {
		p.missing = append(p.missing, partPrepared)
	}
	if !opinion.MatchString(p.all) {
		p.missing = append(p.missing, partOpinion)
	}
}

// supportDiffers holds the support period of a UK statement against the
// declared date. The statement gives the period at first supply (Schedule 4),
// so a date that was promised earlier is right, too; one that is earlier than
// all promises we know of may have been moved later since.
func (p *paper) supportDiffers() (iotmark.Finding, bool) {
	s := p.in.Declaration.Support
	until, ok := s.UpdatesUntil.Date()
	if !p.uk || !ok {
		return iotmark.Finding{}, false
	}
	right := []iotmark.Date{until}
	for _, h := range s.History {
		right = append(right, h.Until)
	}
	var other *text.SupportEnd
	for _, e := range p.Facts.SupportEnds() {
		if e.Date.Date == "" || e.Precision == "year" {
			continue
		}
		same := func(d iotmark.Date) bool {
			return e.Date.Date == d || e.Precision == "month" && len(d) >= 7 && e.Date.Date[:7] == d[:7]
		}
		if slices.ContainsFunc(right, same) {
			return iotmark.Finding{}, false
		}
		if other == nil {
			other = &e
		}
	}
	if other == nil {
		return iotmark.Finding{}, false
	}
	f := check.Fail(conformity+"support-differs", nil, "found", string(other.Date.Date), "until", string(until))
	if other.Date.Date < until {
		f = check.CannotTell(conformity+"support-earlier", nil, "found", string(other.Date.Date), "until", string(until))
	}
	f.Places = []iotmark.Place{{Evidence: p.ID, Line: other.Line, Quote: check.Quote(other.Sentence)}}
	return f, true
}

// eea are the countries in which Directive 2014/53/EU applies.
var eea = strings.Fields("EU AT BE BG HR CY CZ DK EE FI FR DE GR EL HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE NO IS LI")

// lawFindings hold the acts that the declaration lists against the papers,
// and look for two acts that surely concern the product.
func lawFindings(in check.Input, read []*paper, basis []iotmark.EvidenceID) []iotmark.Finding {
	d := in.Declaration
	var unread []iotmark.EvidenceID
	for _, it := range in.Items {
		if it.Facts == nil && papers.Fits(it) {
			unread = append(unread, it.ID)
		}
	}
	cited := func(l iotmark.Law) bool {
		return slices.ContainsFunc(read, func(p *paper) bool { return p.citesAct(l.Act) })
	}
	var out []iotmark.Finding
	elsewhere := false
	for i, l := range d.Laws {
		if cited(l) {
			continue
		}
		known, paper := lookUp(l.Act)
		if known && !paper {
			continue
		}
		name := check.Quote(l.Act)
		var f iotmark.Finding
		switch {
		case len(unread) > 0 || l.Declaration != "":
			elsewhere = elsewhere || len(unread) > 0
			f = check.CannotTell(conformity+"act-elsewhere", unread, "act", name)
		case known:
			f = check.Fail(conformity+"act-uncited", basis, "act", name)
		default:
			f = check.CannotTell(conformity+"act-unknown", basis, "act", name)
		}
		f.Places = []iotmark.Place{{Path: "laws." + check.N(i+1)}}
		out = append(out, f)
	}
	if len(unread) > 0 && !elsewhere {
		out = append(out, check.CannotTell(conformity+"not-here", unread, "evidence", joined(unread)))
	}
	has := func(id string) bool {
		return slices.ContainsFunc(d.Laws, func(l iotmark.Law) bool { return actID(l.Act) == id }) ||
			slices.ContainsFunc(read, func(p *paper) bool { return slices.Contains(p.cites, id) })
	}
	inEU := slices.ContainsFunc(d.Product.Markets, func(m string) bool { return slices.Contains(eea, m) })
	if inEU && in.Truths["has_radio"] == iotmark.True && !has("red") {
		// Article 2(1)(1): what sends or receives radio waves to communicate.
		// The exceptions of Annex I are no consumer products.
		f := check.Fail(conformity+"radio-act-missing", basis)
		if len(unread) > 0 || len(d.Laws) == 0 {
			f.Outcome = iotmark.CantTell
		}
		f.Places = []iotmark.Place{{Path: "laws"}}
		out = append(out, f)
	}
	if slices.Contains(d.Product.Markets, "GB") && in.Truths["has_ip"] == iotmark.True && !has("psti") && !recognised(d.Labels) && in.AsOf >= "2024-04-29" {
		// Schedule 3 of SI 2023/1007 excepts some products: a person decides.
		f := check.CannotTell(conformity+"psti-missing", basis)
		f.Places = []iotmark.Place{{Path: "laws"}}
		out = append(out, f)
	}
	for _, p := range read {
		if inEU && in.Truths["has_ip"] == iotmark.True && p.unsafeRadio(d.Laws) {
			f := check.CannotTell(conformity+"radio-security", []iotmark.EvidenceID{p.ID}, "evidence", string(p.ID), "date", string(p.date))
			out = append(out, f)
		}
	}
	return out
}

// unsafeRadio reports whether a full declaration for radio equipment, of a
// day on which Delegated Regulation (EU) 2022/30 applies, names neither it
// nor a standard for it.
func (p *paper) unsafeRadio(laws []iotmark.Law) bool {
	if p.short || p.uk || p.date < "2025-08-01" || !slices.Contains(p.cites, "red") || radioSafe.MatchString(p.all) {
		return false
	}
	for _, l := range laws {
		if actID(l.Act) == "red" && radioSafe.MatchString(l.Class+" "+strings.Join(l.Standards, " ")) {
			return false
		}
	}
	return true
}

// recognised reports whether the product has a label that UK law takes in
// place of the statement (Schedule 2 of SI 2023/1007, as amended in 2025).
func recognised(labels []iotmark.ForeignLabel) bool {
	return slices.ContainsFunc(labels, func(l iotmark.ForeignLabel) bool { return l.Scheme == "jp-jc-star" || l.Scheme == "sg-cls" })
}

// citesAct reports whether the paper cites an act as the declaration writes
// it: by its id in the table, by its number, or by its name.
func (p *paper) citesAct(name string) bool {
	if id := actID(name); id != "" {
		return slices.Contains(p.cites, id)
	}
	if n := actNumber.Regexp().FindString(name); n != "" {
		return strings.Contains(p.all, n)
	}
	return text.Names(p.all, name)
}

func actID(name string) string {
	for _, a := range acts {
		if a.re.MatchString(name) {
			return a.id
		}
	}
	return ""
}

// lookUp reports whether an act is in the table, and whether it asks for a
// paper.
func lookUp(name string) (known, paper bool) {
	for _, a := range acts {
		if a.re.MatchString(name) {
			return true, a.paper
		}
	}
	return false, false
}

func joined(ids []iotmark.EvidenceID) string {
	var out []string
	for _, id := range ids {
		out = append(out, string(id))
	}
	return strings.Join(out, ", ")
}
