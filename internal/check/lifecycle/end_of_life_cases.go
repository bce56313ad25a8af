package lifecycle

import (
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

var plans = check.Need{Reader: "text", Claimed: true}

// EndOfLifeCases looks for every part of the template in the plan for the
// end of the product.
var EndOfLifeCases = check.Check{
	ID:      "lifecycle.end-of-life-cases",
	Version: 2,
	Title:   "Plan covers planned end, sale and insolvency",
	What:    "It looks in the plan for three cases (planned end, sale or take-over of the maker, insolvency) and in each for notice with its length, functions that go on or stop, data, and money; and once for what owners can still do with the device. It passes when all of it is there. A table, a list with labels, sections and running text are understood.",
	Why:     "Makers close every year, and their products go dark in one night. A plan that speaks of the planned end alone says nothing about the cases that hurt.",
	Satisfy: "Fill in the template: one row for each of the three cases, with the columns Notice, What goes on, What stops, Data and Money, and below it a sentence that says what owners can still do.",
	Limits:  "It reads English and German and judges whether each part is there, not what it is worth: an assessor reads that. It knows words and labels: something that is said in words no rule knows ends as cannot tell. It fails where a label or a column of the template stands empty or is left out, where a case is missing beside others that have a heading or a row, or where the text takes notice away.",
	Cites: []string{
		"Open IoT Mark 2026.1, lifecycle.end-of-life-plan",
		"ETSI EN 303 645 V3.1.3, 5.3-13",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{plans},
	Run:       endOfLifeCases,
}

const endOfLife = "lifecycle.end-of-life-cases."

// The cases and parts of the template, in its order.
const (
	plannedEnd = "planned end"
	sale       = "sale"
	insolvency = "insolvency"

	notice    = "notice"
	functions = "functions"
	data      = "data"
	money     = "money"
	owners    = "owners"
)

var (
	planCases = []string{plannedEnd, sale, insolvency}
	planParts = []string{notice, functions, data, money}
)

// In RE2 \b knows ASCII letters only: no word that begins with an umlaut has
// it before.

// caseWords say which case a heading, a first cell or a sentence is about.
var caseWords = map[string]*pattern.Pattern{
	plannedEnd: pattern.New(`(?i)\bplanned (?:end|ending|closure|shut-?down)|\bend of (?:the |our |a )?(?:service|life|support|sale)\b|\b(?:service|servers?|cloud|support|product)\b[^.]{0,60}\b(?:ends?|is ended|discontinued|retired|shut down|switched off|closed)\b|\b(?:end|stop|discontinue|retire|close|switch off|shut down)(?:s|ing)? (?:the |our |this |a )?(?:cloud |online )?(?:services?|servers?|products?|cloud|support)\b|\bgeplante[snr]? (?:ende|einstellung|abschaltung|einstellen)|\bende (?:des dienste?s|der unterstützung|des supports|des service|der lebensdauer)|\bdienste?s?\b[^.]{0,60}\b(?:beende[nt]|einstelle?n|eingestellt|abgeschaltet|abschalten|endet)\b|\bdienstende\b|\bregulärem? ende\b`),
	sale:       pattern.New(`(?i)\b(?:sale|sell(?:ing)?|acquisition|takeover|take-over|merger|change of (?:owner|control)(?:ship)?)\b|\bnew owner of (?:the|our)|\b(?:buys?|acquires?|takes? over|purchases?) (?:us|(?:the|our) (?:company|maker|business|firm|product line|brand))\b|\btaken over by\b|\b(?:is|are|be|was|gets?|got) (?:sold|taken over|acquired|bought)\b|\b(?:kauft|übernimmt) (?:uns|die firma|das unternehmen)\b|\bverkauf\b|\bverkauft\b|übernahme\b|übernommen\b|\bfusion\b|\beigentümerwechsel\b|\binhaberwechsel\b`),
	insolvency: pattern.New(`(?i)insolven|bankrupt|\breceivership\b|\bliquidat|\bgo(?:es|ing)? (?:bust|out of business|under)\b|\bceases? (?:trading|to exist|to trade)\b|\bin administration\b|\bwinding[- ]up\b|\bno longer exists?\b|\bkonkurs|\bpleite|zahlungsunfähig|\bgeschäftsaufgabe|überschuldet`),
}

// saleHeads are words that name a sale in a heading or in a first cell; in a
// sentence they may speak of the device.
var saleHeads = pattern.New(`(?i)\b(?:buys|buyers?|buying|bought|acquires?|acquired|acquirer|takes? over|taken over|new (?:owner|parent)s?|ownership|merge[sd]?|käufer|neue[rn]? (?:eigentümer|inhaber))\b`)

// noSale lists what a sale is in other contexts.
var noSale = pattern.New(`(?i)\b(?:end|date|last|point|day) of (?:the )?sale|\bon sale\b|\bsale of (?:your |personal )?data\b|\bsell(?:ing)? (?:your |personal |any )?data\b|\bwe sold\b|\bsold to you\b|\bif you sell\b|\bsell (?:it|the device|your)\b|\b(?:device|product|unit|model)s? (?:is|are|was|were) (?:sold|bought)\b|\b(?:new )?(?:owner|buyer)s? of (?:the|your|a) (?:device|product|unit)s?\b|\bverkauf (?:von|ihrer|personenbezogener) daten\b`)

// partLabels know the columns, labels and headings of the template.
var partLabels = []struct {
	part string
	re   *pattern.Pattern
}{
	{owners, pattern.New(`(?i)^(?:what )?(?:owners?|you|customers?|users?) can\b|^(?:what|which)\b.*\b(?:owners?|you|customers?)\b.*\b(?:can|do)\b|^options? for owners|^(?:was|welche)\b.*\b(?:können|tun)\b|^möglichkeiten\b`)},
	{notice, pattern.New(`(?i)\bnotice\b|\bwarning\b|\bannounce|\bhow early\b|\btold\b|\bvorlauf|\bfrist|\bankündigung|\bvorher\b|\bbekanntgabe`)},
	{functions, pattern.New(`(?i)\bgoes on\b|\bstops?\b|\bfunctions?\b|\bfeatures?\b|\bkeeps? working\b|\bstill works?\b|\blost\b|\bkept\b|\bwhat works\b|\bweiter\b|\bweitergeht\b|\bwegfällt\b|\bentfällt\b|\bfunktion|\bwas bleibt\b|\bwas geht\b`)},
	{data, pattern.New(`(?i)\bdata\b|\bdaten\b`)},
	{money, pattern.New(`(?i)\bmoney\b|\brefunds?\b|\bcosts?\b|\bpayments?\b|\bcompensation\b|\bplans\b|\bsubscriptions?\b|\bgeld\b|\berstattung|\bkosten\b|\bzahlung|\babonnement|\bentschädigung`)},
}

// partWords find a part in running text.
var partWords = map[string]*pattern.Pattern{
	functions: pattern.New(`(?i)\b(?:goes|go|going|carr(?:y|ies)) on\b|\bkeeps? (?:on )?(?:work|runn)|\bcontinues?\b|\b(?:still )?works? (?:on|without|locally|offline|as before)|\bstill works?\b|\bstops? (?:working)?|\b(?:is|are|be) lost\b|\bloses?\b|\bno longer (?:work|available)|\bswitched off\b|\bunavailable\b|\bfunctions? (?:remain|stay)|funktionier|\bfunktionen?\b|\bläuft weiter|\blaufen weiter|\bbleib(?:t|en)\b|\bfällt weg|\bfallen weg|\bentfällt|\bentfallen\b|\bnicht mehr (?:verfügbar|nutzbar)|\babgeschaltet\b`),
	data:      pattern.New(`(?i)\b(?:data|recordings|history|daten|aufzeichnungen)\b[^|]{0,120}(?:\b(?:delet\w+|eras\w+|export\w*|download\w*|kept|keep|moves?|transfer\w*|hand\w* over|gelöscht|löschen|exportier\w*|herunter\w*|aufbewahrt)\b|übertragen|übergeben)|\b(?:delet\w+|eras\w+|export\w*|download\w*|transfer\w*|löschen|exportieren)\b[^|.]{0,60}\b(?:data|recordings|daten)\b`),
	money:     pattern.New(`(?i)\brefund|\bmoney back\b|\bpa(?:y|id) back\b|\bpaid (?:plans?|ahead|in advance|up)\b|\breimburs|\bcompensat|\bnothing is owed\b|\bnone owed\b|\bclaims? (?:against|in)\b|\bsubscriptions?\b|erstatte|erstattung|rückzahl|\bgeld zurück|entschädig|\bguthaben\b|vorausbezahlt|\bforderung|\bnichts offen\b`),
	owners:    pattern.New(`(?i)\bowners? (?:can|may|are able)\b|\byou (?:can|may) (?:still|go on|continue|keep|then|use|run|point|install)\b|\bcan still\b|\bsource code\b|\bopen[- ]source\b|\bunlock|\blocal (?:interface|api)\b|\bown server\b|\bopen interface\b|\b(?:besitzer|eigentümer|nutzer)(?:innen)? können\b|\bkönnen sie\b[^.]{0,80}\b(?:weiter|selbst|lokal)|\bsie können\b[^.]{0,80}\b(?:weiter|selbst|lokal)|quelloffen|quellcode|\beigene[nrm]? server\b|\boffene[nr]? schnittstelle`),
}

const spell = `(?:[0-9]{1,3}|a|one|two|three|four|five|six|nine|ten|twelve|eighteen|twenty-four|thirty|sixty|ninety|ein|eine[nrms]?|zwei|drei|vier|fünf|sechs|neun|zehn|zwölf|achtzehn|dreißig|sechzig|neunzig)[- ](?:full |calendar |volle )?(?:days?|weeks?|months?|years?|tage?n?|wochen?|monate?n?|monats?|jahre?n?)\b`

var (
	length     = pattern.New(`(?i)\b` + spell)
	telling    = `\b(?:notice|tell|told|inform\w*|announc\w*|warn\w*|notif\w*|let you know|write to|hear of it|learn of it|kündig\w*|ankündig\w*|angekündigt|mitteil\w*|teilen|informier\w*|benachrichtig\w*|erfahren|bescheid|vorlauf|frist|ankündigungsfrist)\b`
	noticeText = pattern.New(`(?i)` + telling + `[^.|]{0,160}\b` + spell + `|\b` + spell + `[^.|]{0,120}(?:` + telling + `|\b(?:before|in advance|ahead|vorher|im voraus|zuvor)\b)`)
	noticeSaid = pattern.New(`(?i)` + telling)
	allCases   = pattern.New(`(?i)\b(?:in|for|under) (?:all|any|each|every|both|either) (?:of )?(?:these |the |three )?cases?\b|\bwhatever happens\b|\bin (?:allen|jedem|beiden) f[aä]ll(?:en)?\b`)
	blank      = pattern.New(`(?i)^[\s.?_*x/-]*$|^(?:n/?a|tb[acd]|todo|unknown|not (?:yet )?(?:known|decided)|to be (?:decided|defined|announced|confirmed|done|agreed)|offen|noch offen|unbekannt|folgt|wird (?:noch )?(?:festgelegt|ergänzt|entschieden))\.?$|^[\[<{].*[\]>}]$`)
	refersTo   = pattern.New(`(?i)^(?:please )?(?:see|refer to|as per|per|according to|in accordance with|subject to|as (?:described|stated|set out|required|by law)|siehe|s\.|gemäß|laut|nach (?:dem )?(?:gesetz|maßgabe))(?:[ .][^.;:]{0,80})?\.?$`)
	amount     = pattern.New(`(?i)\b([0-9]{1,3}|\pL+(?:-four)?)[- ](?:full |calendar |volle )?(day|week|month|year|tag|woche|monat|jahr)`)
	noUse      = pattern.New(`(?i)\b(?:throw(?:n)?|dispose|disposal|discard|recycl\w+|scrap|get rid|bin it|buy (?:a|the) new|nothing|nichts|wegwerfen|entsorg\w+)\b`)
	someUse    = pattern.New(`(?i)\b(?:us(?:e|es|ed|ing)|runs?|running|go(?:es)? on|keeps?|install|connect|control|works?|export|open|local(?:ly)?|matter|unlock|source|server|repair|weiter|nutzen|betreiben|lokal|installieren|verbinden|selbst)\b`)
	noNotice   = pattern.New(`(?i)\bwe (?:may|can|might|could|will|reserve the right to)\b[^.]{0,80}\b(?:stop|end|close|switch off|shut down|discontinue|terminate)\b[^.]{0,80}\b(?:at any time|without (?:prior |any |further )?notice|immediately)\b|\bwir können\b[^.]{0,80}(?:jederzeit|ohne (?:vorherige )?ankündigung)[^.]{0,80}\b(?:beenden|einstellen|abschalten)\b`)
	denial     = pattern.New(`(?i)\b(?:never|not|nie|nicht)\b`)
	labelled   = pattern.New(`^([^:|.]{2,50}):\s*(.*)$`)
)

// maxPlan is how many bytes of one plan are looked at; a plan is a page.
const maxPlan = 200_000

// said is what a plan says of one part of one case.
type said int

const (
	unsaid       said = iota
	emptyCell         // a label or column with nothing behind it
	pointsAway        // "see terms"
	lengthUnseen      // a notice, and no length that a rule knows
	withoutTime       // a notice without its length
	shortTime         // a notice under thirty days
	plain
)

// shortNotice is the length of notice, in days, under which a person looks at
// the planned end. A maker who plans the end knows of it much longer before.
const shortNotice = 30

// plan is what was found in all texts together.
type plan struct {
	found   map[string]map[string]said // case -> part
	seen    map[string]iotmark.Place   // case -> where it begins
	general map[string]said            // outside any case
	owners  said
	long    bool

	byHead  map[string]bool          // case -> a heading, row or column names it
	labels  map[string]int           // case -> parts that stand behind a label
	loose   bool                     // a section, row or column that no case was found for
	useless bool                     // what owners can do is no use of the device
	denied  map[string]iotmark.Place // case -> where notice is taken away
}

func endOfLifeCases(in check.Input) []iotmark.Finding {
	texts := check.Facts[*text.Facts](in, plans)
	p := plan{found: map[string]map[string]said{}, seen: map[string]iotmark.Place{}, general: map[string]said{},
		byHead: map[string]bool{}, labels: map[string]int{}, denied: map[string]iotmark.Place{}}
	var basis []iotmark.EvidenceID
	foreign := true
	for _, t := range texts {
		basis = append(basis, t.ID)
		if l := t.Facts.Language; l == "" || l == "en" || l == "de" {
			foreign = false
		}
		p.long = p.long || t.Facts.Cut
		p.read(t.ID, t.Facts.Blocks)
	}
	if foreign {
		return []iotmark.Finding{check.CannotTell(endOfLife+"language", basis, "language", texts[0].Facts.Language)}
	}
	// What is said in a plan that could not be read, or behind the end of what
	// is read, may fill the gaps.
	var unread []string
	for _, it := range in.Items {
		if it.Claimed && it.Facts == nil {
			unread = append(unread, string(it.ID))
		}
	}
	var out []iotmark.Finding
	if len(p.found) == 0 {
		out = append(out, check.CannotTell(endOfLife+"no-plan", basis))
	} else {
		out = p.findings(basis)
	}
	if len(out) == 0 {
		f := check.Pass(endOfLife+"complete", basis)
		for _, c := range planCases {
			f.Places = append(f.Places, p.seen[c])
		}
		return []iotmark.Finding{f}
	}
	if len(unread) > 0 || p.long {
		rest := check.CannotTell(endOfLife+"rest-unread", basis, "evidence", strings.Join(unread, ", "))
		if len(unread) == 0 {
			rest = check.CannotTell(endOfLife+"cut", basis)
		}
		for i := range out {
			out[i].Outcome = iotmark.CantTell
		}
		out = append(out, rest)
	}
	return out
}

// findings tells what is missing. A part fails where the template names it
// and nothing stands there, and where a plan with labels has none for it. A
// case fails where the others have a heading or a row. All else that was not
// found may be said in words that no rule knows; a person has to read it.
func (p *plan) findings(basis []iotmark.EvidenceID) []iotmark.Finding {
	var out []iotmark.Finding
	at := func(f iotmark.Finding, c string) {
		if pl, ok := p.seen[c]; ok {
			f.Places = []iotmark.Place{pl}
		}
		out = append(out, f)
	}
	headed, labels := !p.loose, true
	spoken := map[string]bool{}
	for _, c := range planCases {
		if p.found[c] == nil {
			continue
		}
		headed = headed && p.byHead[c]
		labels = labels && p.labels[c] >= 2
		for part, s := range p.found[c] {
			spoken[part] = spoken[part] || s >= lengthUnseen
		}
	}
	for _, c := range planCases {
		if p.found[c] == nil {
			f := check.CannotTell(endOfLife+"case-not-found", basis, "case", c)
			if headed {
				f = check.Fail(endOfLife+"case-missing", basis, "case", c)
			}
			at(f, c)
			continue
		}
		var missing, unclear, unfound, away []string
		for _, part := range planParts {
			s := max(p.found[c][part], p.general[part])
			if pl, ok := p.denied[c]; part == notice && ok && s < shortTime {
				f := check.Fail(endOfLife+"no-notice", basis, "case", c)
				f.Places = []iotmark.Place{pl}
				out = append(out, f)
				continue
			}
			switch {
			case s == plain, s == shortTime && c != plannedEnd:
			case s == shortTime:
				at(check.CannotTell(endOfLife+"short-notice", basis, "case", c), c)
			case s == lengthUnseen:
				at(check.CannotTell(endOfLife+"notice-without-length", basis, "case", c), c)
			case s == withoutTime:
				at(check.Fail(endOfLife+"notice-without-length", basis, "case", c), c)
			case s == pointsAway:
				away = append(away, part)
			case s == unsaid && spoken[part]:
				unclear = append(unclear, part)
			case s == unsaid && (!labels || p.loose):
				unfound = append(unfound, part)
			default:
				missing = append(missing, part)
			}
		}
		for _, g := range []struct {
			says  func(iotmark.MessageID, []iotmark.EvidenceID, ...string) iotmark.Finding
			what  iotmark.MessageID
			parts []string
		}{
			{check.Fail, "missing", missing},
			{check.CannotTell, "unclear", unclear},
			{check.CannotTell, "not-found", unfound},
			{check.CannotTell, "points-away", away},
		} {
			if len(g.parts) > 0 {
				at(g.says(endOfLife+g.what, basis, "case", c, "missing", strings.Join(g.parts, ", ")), c)
			}
		}
	}
	switch {
	case p.owners >= lengthUnseen:
	case p.useless || headed && labels || p.owners == emptyCell:
		at(check.Fail(endOfLife+"owners-missing", basis), "")
	default:
		at(check.CannotTell(endOfLife+"owners-not-found", basis), "")
	}
	return out
}

// note keeps the best that was said of a part in a case; no case at all is
// said for all of them.
func (p *plan) note(cases []string, part string, s said) {
	if part == owners {
		p.owners = max(p.owners, s)
		return
	}
	if len(cases) == 0 {
		p.general[part] = max(p.general[part], s)
	}
	for _, c := range cases {
		p.found[c][part] = max(p.found[c][part], s)
	}
}

// label notes what stands behind a label of the template.
func (p *plan) label(cases []string, part, content string) {
	for _, c := range cases {
		p.labels[c]++
	}
	if part == owners && useless(content) {
		p.useless = true
		return
	}
	p.note(cases, part, worth(part, content))
}

// head opens cases at a heading, a row or a column.
func (p *plan) head(id iotmark.EvidenceID, b text.Block, cases []string) {
	p.enter(id, b, cases)
	for _, c := range cases {
		p.byHead[c] = true
	}
}

// enter opens cases at a place.
func (p *plan) enter(id iotmark.EvidenceID, b text.Block, cases []string) {
	for _, c := range cases {
		if p.found[c] == nil {
			p.found[c] = map[string]said{}
			p.seen[c] = iotmark.Place{Evidence: id, Line: b.Line, Quote: check.Quote(b.Text)}
		}
	}
}

// read goes through the blocks of one text. A heading, a first cell or a
// sentence that names a case opens it; it ends at the next heading of the
// same or a higher level, or where another case begins.
func (p *plan) read(id iotmark.EvidenceID, blocks []text.Block) {
	var cases []string // open now
	level := -1        // of the heading that opened them; -1: a sentence did
	part := ""         // that the last heading names
	section := false   // below a heading that is not the title
	left := maxPlan
	for i := 0; i < len(blocks); i++ {
		b := blocks[i]
		if left -= len(b.Text); left < 0 {
			p.long = true
			return
		}
		switch b.Kind {
		case "code":
		case "row":
			n := 1
			for i+n < len(blocks) && blocks[i+n].Kind == "row" {
				left -= len(blocks[i+n].Text)
				n++
			}
			p.table(id, blocks[i:i+n], cases)
			i += n - 1
		case "heading":
			part = label(b.Text)
			section = b.Level != 1
			if cs := headCases(b.Text); len(cs) > 0 && b.Level != 1 {
				cases, level = cs, b.Level
				p.head(id, b, cases)
			} else if part == owners || level < 0 || b.Level > 0 && b.Level <= level || b.Level == 0 && part == "" {
				cases, level = nil, -1
			}
		default:
			here := cases
			cs := casesIn(b.Text)
			if len(cs) == len(planCases) {
				p.enter(id, b, cs)
				here = cs
			}
			if level < 0 {
				switch {
				case allCases.MatchString(b.Text):
					here = nil
				case len(cs) > 0:
					cases = cs
					p.enter(id, b, cs)
					here = cs
				}
			}
			if len(here) == 0 && part != owners && !allCases.MatchString(b.Text) && (section || p.speaks(b.Text)) {
				p.loose = true
			}
			p.deny(id, b, here)
			p.passage(b.Text, here, part)
		}
	}
}

// speaks reports whether a passage says something of a part other than what
// owners can do.
func (p *plan) speaks(s string) bool {
	return partWords[functions].MatchString(s) || partWords[data].MatchString(s) || partWords[money].MatchString(s) && !partWords[owners].MatchString(s) || noticeText.MatchString(s)
}

// deny notes where a passage takes notice away.
func (p *plan) deny(id iotmark.EvidenceID, b text.Block, cases []string) {
	m := noNotice.Regexp().FindString(b.Text)
	if m == "" || denial.MatchString(m) {
		return
	}
	for _, c := range cases {
		if _, ok := p.denied[c]; !ok {
			p.denied[c] = iotmark.Place{Evidence: id, Line: b.Line, Quote: check.Quote(m)}
		}
	}
}

// passage notes what one paragraph or list item says.
func (p *plan) passage(s string, cases []string, heading string) {
	if m := labelled.Regexp().FindStringSubmatch(s); m != nil {
		if part := label(m[1]); part != "" {
			p.label(cases, part, m[2])
		}
	}
	for _, part := range []string{functions, data, money} {
		if partWords[part].MatchString(s) {
			p.note(cases, part, plain)
		}
	}
	for sentence := range strings.SplitSeq(s, ". ") {
		if partWords[owners].MatchString(sentence) {
			if useless(sentence) {
				p.useless = true
			} else {
				p.note(cases, owners, plain)
			}
		}
	}
	switch {
	case noticeText.MatchString(s):
		p.note(cases, notice, timely(strings.Join(noticeText.Regexp().FindAllString(s, -1), " ")))
	case noticeSaid.MatchString(s) && len(cases) > 0:
		p.note(cases, notice, untimed(s))
	}
	switch {
	case heading == owners && useless(s):
		p.useless = true
	case heading != "":
		p.note(cases, heading, worth(heading, s))
	}
}

// table notes what a table says: one case a row, one case a column, or, under
// the heading of a case, one part a row.
func (p *plan) table(id iotmark.EvidenceID, rows []text.Block, open []string) {
	head := strings.Split(rows[0].Text, " | ")
	columns := 0
	for _, h := range head {
		if len(headCases(h)) > 0 {
			columns++
		}
	}
	named := slices.ContainsFunc(rows[1:], func(r text.Block) bool {
		first, _, _ := strings.Cut(r.Text, " | ")
		return len(headCases(first)) > 0
	})
	for i, r := range rows {
		cells := strings.Split(r.Text, " | ")
		switch {
		case columns >= 2 && i == 0:
			for j, h := range head {
				cs := headCases(h)
				p.head(id, r, cs)
				p.loose = p.loose || len(cs) == 0 && j > 0
			}
		case columns >= 2:
			// A first cell that is empty is dropped from the header.
			shift := 0
			if len(headCases(head[0])) > 0 {
				shift = 1
			}
			part := label(cells[0])
			for j := 1; j < len(cells) && j-shift < len(head) && part != ""; j++ {
				if cs := headCases(head[j-shift]); len(cs) > 0 {
					p.label(cs, part, cells[j])
				}
			}
		case i > 0 && len(headCases(cells[0])) > 0:
			cs := headCases(cells[0])
			p.head(id, r, cs)
			for j := 1; j < len(head); j++ {
				if part := label(head[j]); part != "" {
					cell := ""
					if j < len(cells) {
						cell = cells[j]
					}
					p.label(cs, part, cell)
				}
			}
		case len(cells) > 1 && label(cells[0]) != "" && len(open) > 0:
			p.label(open, label(cells[0]), cells[1])
		case i > 0 || len(rows) == 1:
			p.loose = p.loose || named && label(cells[0]) != owners || len(open) == 0 && columns == 1
			p.passage(r.Text, open, "")
		}
	}
}

// worth says what stands behind a label.
func worth(part, content string) said {
	content = strings.TrimSpace(content)
	switch {
	case blank.MatchString(content):
		return emptyCell
	case refersTo.MatchString(content):
		return pointsAway
	case part == notice && !length.MatchString(content):
		return untimed(content)
	case part == notice:
		return timely(content)
	}
	return plain
}

var numbers = map[string]int{"a": 1, "ein": 1, "eines": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "nine": 9, "ten": 10, "twelve": 12, "eighteen": 18, "twenty-four": 24, "thirty": 30, "sixty": 60, "ninety": 90,
	"eine": 1, "einen": 1, "einem": 1, "einer": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "neun": 9, "zehn": 10, "zwölf": 12, "achtzehn": 18, "dreißig": 30, "sechzig": 60, "neunzig": 90}

var unitDays = map[string]int{"day": 1, "tag": 1, "week": 7, "woche": 7, "month": 30, "monat": 30, "year": 365, "jahr": 365}

// timely tells a short notice by the longest time that is named.
func timely(s string) said {
	longest := 0
	for _, m := range amount.Regexp().FindAllStringSubmatch(s, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			n = numbers[strings.ToLower(m[1])]
		}
		longest = max(longest, n*unitDays[strings.ToLower(m[2])])
	}
	if longest > 0 && longest < shortNotice {
		return shortTime
	}
	return plain
}

// vagueTime is how a text promises notice of no length.
var vagueTime = pattern.New(`(?i)\b(?:in (?:good|due) time|as (?:early|soon) as|timely|in advance|beforehand|reasonable|early enough|rechtzeitig|frühzeitig|so früh wie|möglichst früh|angemessen\pL*)\b`)

// untimed tells a notice whose length is vague from one whose length may
// stand in words that no rule knows.
func untimed(s string) said {
	if vagueTime.MatchString(s) {
		return withoutTime
	}
	return lengthUnseen
}

// useless reports whether a passage offers owners no more than the bin.
func useless(s string) bool { return noUse.MatchString(s) && !someUse.MatchString(s) }

// label returns the part that a column, a label or a heading names.
func label(s string) string {
	if len(s) > 80 {
		return ""
	}
	for _, l := range partLabels {
		if l.re.MatchString(s) {
			return l.part
		}
	}
	return ""
}

// casesIn returns the cases that a passage names. A passage on a sale or an
// insolvency often names the end of service too; the narrower case counts. A
// sentence that names all three is about all of them.
func casesIn(s string) []string {
	out := matching(s)
	if len(out) == len(planCases) {
		for sentence := range strings.SplitSeq(s, ". ") {
			if len(matching(sentence)) == len(planCases) {
				return out
			}
		}
	}
	if len(out) > 1 {
		out = slices.DeleteFunc(out, func(c string) bool { return c == plannedEnd })
	}
	return out
}

// headCases returns the cases that a heading or a first cell names.
func headCases(s string) []string {
	if out := casesIn(s); len(out) > 0 {
		return out
	}
	if len(s) <= 80 && saleHeads.MatchString(noSale.Regexp().ReplaceAllString(s, "")) {
		return []string{sale}
	}
	return nil
}

func matching(s string) []string {
	var out []string
	for _, c := range planCases {
		if c == sale {
			s = noSale.Regexp().ReplaceAllString(s, "")
		}
		if caseWords[c].MatchString(s) {
			out = append(out, c)
		}
	}
	return out
}
