package text

import (
	"strings"

	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// SupportEnd is a date until which a text promises security updates, or
// support.
type SupportEnd struct {
	Date
	// Security is set where the words speak of security or of the support
	// period; otherwise they speak of updates or support in general.
	Security bool
	Headings []string // above it, outermost first
	Table    int      // number of the table it stands in, from 1; 0: none
	Column   string   // head of the column it stands in
	Past     bool     // the sentence also tells what was promised before
}

// IsFor reports whether a cell of its row, or the head of its column, is a
// name and nothing else.
func (e SupportEnd) IsFor(name string) bool {
	if e.Table == 0 {
		return false
	}
	for _, c := range strings.Split(e.Sentence, " | ") {
		if SameName(c, name) {
			return true
		}
	}
	return SameName(e.Column, name)
}

// Says reports whether the passage, or the head of its column, names
// something.
func (e SupportEnd) Says(name string) bool { return Names(e.Sentence, name) || Names(e.Column, name) }

// Names reports whether the passage, the head of its column, or a heading
// above it, names something.
func (e SupportEnd) Names(name string) bool {
	if e.Says(name) {
		return true
	}
	for _, h := range e.Headings {
		if Names(h, name) {
			return true
		}
	}
	return false
}

// What a piece of a sentence speaks of. A word of the first list decides,
// then one of the second, then one of the third.
var (
	ofSecurity = pattern.New(`(?i)security[- ](?:software )?(?:updates?|fix(?:es)?|patch(?:es)?|support|maintenance|upgrades?)|security and |and security updates|support period|period of support|(?:fixes|updates) for (?:security|vulnerabilit)|vulnerabilit(?:y|ies) (?:are|is|will be) (?:fixed|handled)|sicherheits(?:relevante[nr]? )?[-‑ ]?(?:software[-‑ ]?)?(?:updates?|aktualisierung|patch|korrektur|fix|support)|sicherheits[-‑](?: und|,)|(?:unterstützungs|support)zeitr[aä]um`)
	ofOther    = pattern.New(`(?i)\b(?:cloud|servers?|services?|apps?|warranty|warranties|guarantee|spare|parts?|features?|functions?|sold|sale|sales|repairs?|manual|dienste?|gewährleistung|garantie|ersatzteile?n?|funktions[-‑ ]?updates?|funktionen|verkauft?|reparatur)\b`)
	ofUpdates  = pattern.New(`(?i)\b(?:(?:software|firmware|system|product|device)[- ]?)?updates?\b|\bsupport(?:ed)?\b|\bpatches\b|aktualisierung(?:en)?\b|\bunterstützt\b`)
)

// What stands right before a date, or around it, when the date is an end.
var (
	untilWord = pattern.New(`(?i)\b(?:until|till|through|thru|up to|to|no earlier than|not earlier than|not before|bis|nicht vor)(?:[ ,]+(?:at least|at the earliest|the|end|of|and|including|zum|zu|mindestens|wenigstens|ende|einschließlich|einschl\.|inklusive|voraussichtlich|\pL+day,?|\pL+tag,?))*\s*:?\s*$`)
	rangeMark = pattern.New(`^\s*[-–—]\s*$`)
	rangeOpen = pattern.New(`(?i)^\s*(?:to|until|till|through|up to|bis|-|–|—)(?: the| zum)?\s*$`)
	afterWord = pattern.New(`(?i)\b(?:after|beyond|before|nach|vor)(?: the| dem)?\s*$`)
	negation  = pattern.New(`(?i)\b(?:no|not|never|won't|none|keine?n?|nicht|nie)\b`)
	fromWord  = pattern.New(`(?i)\b(?:from|since|starting(?: on)?|as of|released(?: on)?|published(?: on)?|dated|issued(?: on)?|updated(?: on)?|available|ab|seit|vom|veröffentlicht(?: am)?|stand:?)(?: the| dem)?\s*$`)
	endWord   = pattern.New(`(?i)\bends?\b|\bended\b|\bending\b|\bend[- ]date\b|\bexpire[sd]?\b|\bstop(?:s|ped)?\b|\bdiscontinued\b|\bguaranteed\b|\bendet\b|\bende[ns]?\b|\bläuft\b.{0,60}\baus\b|\beingestellt\b|\bgarantiert\b|\bsupportende\b|\benddatum\b`)
	endAfter  = pattern.New(`(?i)^[\s:|,)–-]*(?:is |as |ist )?(?:the |das )?(?:end\b|ende\b|last day|letzter tag)`)
	plural    = pattern.New(`(?i)security (?:updates|fixes|patches|support)|support period|sicherheits[-‑ ]?(?:updates|aktualisierungen|patches)|(?:unterstützungs|support)zeitr[aä]um`)
	newest    = pattern.New(`(?i)\b(?:last|latest|newest|current|recent|next|letzte[nrs]?|neueste[nrs]?|aktuelle[nrs]?|nächste[nrs]?|released?|notes)\b`)
	assigned  = pattern.New(`[:|(=]\s*(?:at least|mindestens)?\s*$`)
	before    = pattern.New(`(?i)\b(?:first|originally|initially|earlier|previous(?:ly)?|was|were|had|used to|promised|extended|moved|instead of|ursprünglich|zuvor|bisher|früher|verlängert|statt|zunächst|versprochen)\b`)
)

// SupportEnds returns the dates in the text that are ends of security
// updates or of support, in their order. A date of anything else (of the
// page, of a release, of the cloud service, of the warranty) is left out.
func (f *Facts) SupportEnds() []SupportEnd {
	scopes := scopesOf(f.Blocks)
	var out []SupportEnd
	var run sentenceRun
	b := 0
	for i, d := range f.Dates {
		b = blockOf(f.Blocks, b, d)
		if d.Sentence != run.text || d.Line != run.line {
			run = sentenceRun{text: d.Sentence, line: d.Line}
		}
		next := ""
		if i+1 < len(f.Dates) && f.Dates[i+1].Line == d.Line {
			next = f.Dates[i+1].Text
		}
		var sc scope
		if b < len(scopes) {
			sc = scopes[b]
		}
		row := tableRow{}
		if sc.header >= 0 && sc.header < len(f.Blocks) {
			row = tableRow{head: f.Blocks[sc.header].Text, row: f.Blocks[b].Text}
		}
		security, column, ok := run.end(d, next, sc, row)
		if ok {
			out = append(out, SupportEnd{Date: d, Security: security, Headings: sc.headings, Table: sc.table, Column: column, Past: before.MatchString(d.Sentence)})
		}
	}
	return out
}

// blockOf returns the block, from the given one on, in which a date stands;
// the given one where none is found.
func blockOf(blocks []Block, from int, d Date) int {
	found := from
	for j := from; j < len(blocks) && blocks[j].Line <= d.Line; j++ {
		b := blocks[j]
		if b.Kind == "code" || !strings.Contains(b.Text, d.Text) {
			continue
		}
		found = j
		if strings.Contains(d.Sentence, first(b.Text, 40)) || strings.Contains(b.Text, first(d.Sentence, 40)) {
			break
		}
	}
	return found
}

func first(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// sentenceRun goes through the dates of one sentence from left to right.
type sentenceRun struct {
	text    string
	line    int
	at      int // end of the date before
	subject int // what that date was about
	post    bool
}

// The subjects of a piece of a sentence.
const (
	ofNothing = iota
	aboutSecurity
	aboutOther
	aboutUpdates
)

func subject(s string) int {
	switch {
	case ofSecurity.MatchString(s):
		return aboutSecurity
	case ofOther.MatchString(s):
		return aboutOther
	case ofUpdates.MatchString(s):
		return aboutUpdates
	}
	return ofNothing
}

// end reports whether the next date of the sentence is an end of support.
// The words that decide stand between the date before and this one. When they
// name nothing they go on with the subject of the date before; at the start
// of a sentence they look ahead, as in "until March 2034 you get updates".
func (r *sentenceRun) end(d Date, next string, sc scope, row tableRow) (security bool, column string, ok bool) {
	i := strings.Index(r.text[r.at:], d.Text)
	if i < 0 {
		return false, "", false
	}
	from, to := r.at+i, r.at+i+len(d.Text)
	lead := r.text[r.at:from]
	after := r.text[to:]
	if j := strings.Index(after, next); next != "" && j >= 0 {
		after = after[:j]
	}
	opening := r.at == 0
	r.at = to
	if row.head != "" {
		column = row.above(r.text, from)
		switch label, _, _ := strings.Cut(row.row, " | "); {
		case subject(lead) != ofNothing:
		case subject(column) != ofNothing:
			lead = column + " |"
		case strings.Trim(lead, " |") == "" && subject(label) != ofNothing && !fromWord.MatchString(column):
			// The row says what its dates are, the column whose.
			lead = label + " |"
		}
	}
	is := subject(lead)
	switch {
	case is != ofNothing && !r.post:
	case !opening && !r.post && r.subject != ofNothing:
		is = r.subject
	default:
		if is = subject(after); is != ofNothing {
			r.post = true
		} else if n := len(sc.headings); n > 0 && len(r.text) <= 100 {
			lead = sc.headings[n-1] + " : " + lead
			is = subject(lead)
		}
	}
	r.subject = is
	if is != aboutSecurity && is != aboutUpdates {
		return false, column, false
	}
	if next != "" && rangeOpen.MatchString(after) {
		return false, column, false // the date a period starts on
	}
	return is == aboutSecurity, column, isEnd(lead, after)
}

// isEnd reports whether the words before and after a date make it an end.
func isEnd(lead, after string) bool {
	switch {
	case fromWord.MatchString(lead):
		return false
	case untilWord.MatchString(lead), rangeMark.MatchString(lead):
		return true
	case afterWord.MatchString(lead):
		return negation.MatchString(lead)
	case endWord.MatchString(lead):
		return true
	case assigned.MatchString(lead):
		return plural.MatchString(lead) && !newest.MatchString(lead)
	}
	return strings.Trim(lead, " |-–:") == "" && endAfter.MatchString(after)
}

// tableRow is a row of a table and its header; both empty outside of a table.
type tableRow struct{ head, row string }

// above returns the cell of the header that stands above a place in a
// sentence of the row. An empty first cell of a header is dropped by readers;
// then the header is one cell shorter.
func (c tableRow) above(sentence string, at int) string {
	before := sentence[:at]
	if i := strings.Index(c.row, sentence); i > 0 {
		before = c.row[:i] + before
	}
	heads := strings.Split(c.head, " | ")
	n := strings.Count(before, " | ")
	if strings.Count(c.row, " | ") == len(heads) {
		n--
	}
	if n >= 0 && n < len(heads) {
		return heads[n]
	}
	return ""
}

// scope is what stands around a block.
type scope struct {
	headings []string
	table    int
	header   int // block with the header of the table; -1: none
}

// scopesOf finds the headings and the table of each block. A plain text has
// no levels: its first heading is the title of all others.
func scopesOf(blocks []Block) []scope {
	out := make([]scope, len(blocks))
	type open struct {
		level int
		text  string
	}
	var stack []open
	var path []string
	table, header := 0, -1
	for i, b := range blocks {
		if b.Kind == "heading" {
			level := b.Level
			if level == 0 && len(stack) > 0 {
				level = 9
			}
			for len(stack) > 0 && stack[len(stack)-1].level >= level && level > 0 {
				stack = stack[:len(stack)-1]
			}
			stack = append(stack, open{level, b.Text})
			path = nil
			for _, s := range stack {
				path = append(path, s.text)
			}
		}
		out[i] = scope{headings: path, header: -1}
		if b.Kind != "row" {
			header = -1
			continue
		}
		if header < 0 {
			table++
			header = i
			out[i].table = table
			continue
		}
		out[i].table, out[i].header = table, header
	}
	return out
}
