package datagovernance

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/table"
)

var exports = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindDataExport}, Reader: "table"}

// ExportComplete looks whether the samples of an export hold every declared
// kind of personal data, with times and units.
var ExportComplete = check.Check{
	ID:      "data-governance.export-complete",
	Version: 1,
	Title:   "The sample of the export is open and complete",
	What: "Reads the samples of an export (CSV, or JSON as rows). Each time stamp must name its zone, each number its unit in the column's name, and each declared kind of personal data " +
		"must be found by a word of its id or description in the name of a column or list. It fails when a time has no zone, when readings have no time, when there is no row, " +
		"or when a kind that sensors or use give is missing and no column is left that could hold it. It passes when nothing is missing.",
	Why:     "Data without times and units cannot be used elsewhere, and an export that leaves things out keeps its owner with the maker.",
	Satisfy: "Export every kind of data as CSV or JSON, write times as in 2026-09-01T06:00:00+02:00, put the unit into the name as in power_w, and name columns with the words of the declaration.",
	Limits: "It looks at samples and not at a whole account. Kinds are found by words, in English and German: a kind under quite another name is left to a person when columns are unexplained. " +
		"Pictures and recordings beside the table are not opened. Whether the resolution is full is not looked at.",
	Cites: []string{
		"Regulation (EU) 2016/679, Article 20(1)",
		"Regulation (EU) 2023/2854, Article 4(1)",
		"RFC 3339, section 5.6 (date and time on the internet)",
		"RFC 4180 (CSV)",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{exports},
	Run:       exportComplete,
}

const exportID = "data-governance.export-complete."

func exportComplete(in check.Input) []iotmark.Finding {
	d := in.Declaration.Data
	if d.Word == iotmark.WordNone || d.Items != nil && len(d.Items) == 0 {
		return []iotmark.Finding{check.DoesNotApply(exportID+"no-data", nil)}
	}
	files := check.Facts[*table.Facts](in, exports)
	var out []iotmark.Finding
	var basis []iotmark.EvidenceID
	rows := 0
	for _, f := range files {
		basis = append(basis, f.ID)
		rows += f.Facts.Rows
		out = append(out, shape(f, in.Declaration)...)
	}
	if rows > 0 {
		out = append(out, kinds(in.Declaration, files, basis)...)
	}
	if len(out) == 0 {
		return []iotmark.Finding{check.Pass(exportID+"complete", basis, "n", check.N(len(personal(in.Declaration))), "kinds", ids(personal(in.Declaration)))}
	}
	slices.SortStableFunc(out, func(a, b iotmark.Finding) int {
		return slices.Index(iotmark.Outcomes(), a.Outcome) - slices.Index(iotmark.Outcomes(), b.Outcome)
	})
	return out
}

// shape judges the form of one file.
func shape(f check.Read[*table.Facts], d *iotmark.Declaration) []iotmark.Finding {
	t, basis := f.Facts, []iotmark.EvidenceID{f.ID}
	var out []iotmark.Finding
	tell := func(x iotmark.Finding, line int, quote string) {
		if x.Args == nil {
			x.Args = map[string]string{}
		}
		x.Args["evidence"] = string(f.ID)
		x.Places = []iotmark.Place{{Evidence: f.ID, Line: line, Quote: check.Quote(quote)}}
		out = append(out, x)
	}
	if t.Rows == 0 {
		tell(check.Fail(exportID+"no-row", basis), 0, "")
		return out
	}
	if !t.Headed {
		tell(check.Fail(exportID+"no-names", basis), t.Lines[0], strings.Join(t.Cells[0], " "))
		return out
	}
	for _, c := range t.Columns {
		if c.Type == table.Local {
			tell(check.Fail(exportID+"no-zone", basis, "column", c.Name), c.Unzoned.Line, c.Name)
		}
	}
	for _, g := range timeless(t, d) {
		tell(check.Fail(exportID+"no-time", basis, "list", g.Name), g.Line, g.Name)
	}
	var bare []string
	for _, c := range t.Columns {
		if c.Type == table.Number && c.Unit == "" && !counts(c) {
			bare = append(bare, c.Name)
		}
	}
	if len(bare) > 0 {
		tell(check.CannotTell(exportID+"no-unit", basis, "n", check.N(len(bare)), "columns", some(bare)), headLine(t), some(bare))
	}
	if t.Ragged.N > 0 {
		tell(check.CannotTell(exportID+"ragged", basis, "n", check.N(t.Ragged.N)), t.Ragged.Line, "")
	}
	if t.Formulas.N > 0 {
		tell(check.CannotTell(exportID+"formula", basis, "n", check.N(t.Formulas.N)), t.Formulas.Line, "")
	}
	return out
}

func headLine(t *table.Facts) int {
	if t.Format == table.CSV && len(t.Lines) > 0 {
		return max(t.Lines[0]-1, 1)
	}
	return 0
}

// timeless returns the lists of readings without a time. A list counts as
// readings when a declared kind that arises again and again is found in it;
// a table that is no JSON counts when any such kind is declared.
func timeless(t *table.Facts, d *iotmark.Declaration) []table.Group {
	groups := t.Groups
	if t.Format == table.CSV {
		groups = []table.Group{{Rows: t.Rows, Line: headLine(t), List: true}}
	}
	var out []table.Group
	for _, g := range groups {
		if !g.List || g.Rows == 0 {
			continue
		}
		timed, readings := false, false
		for _, c := range t.Columns {
			if c.Group != g.Name {
				continue
			}
			timed = timed || c.Type == table.Instant || c.Type == table.Local || c.Type == table.Day
			for _, k := range personal(d) {
				readings = readings || repeated(k) && holds(k, c)
			}
		}
		if readings && !timed {
			out = append(out, g)
		}
	}
	return out
}

// repeated reports whether a kind of data arises again and again.
func repeated(k iotmark.DataKind) bool {
	return k.From == "sensor" || k.From == "use" || k.From == "telemetry"
}

// countWords are words of numbers that have no unit: how many, which one, or
// a code.
var countWords = words("number count counter id index no nr line row circuit channel port slot level step stage code status state type mode version revision flag score rank n x year month day week hour zone room floor priority restarts devices anzahl nummer stufe")

// counts reports whether a column of numbers needs no unit: a whole number
// that counts or names something. A plural counts: restarts, devices.
func counts(c table.Column) bool {
	for _, w := range c.Words {
		if countWords[w] && c.Whole || w == "latitude" || w == "longitude" { // degrees of WGS 84
			return true
		}
	}
	last := ""
	if len(c.Words) > 0 {
		last = c.Words[len(c.Words)-1]
	}
	return c.Whole && len(last) > 3 && strings.HasSuffix(last, "s") && !strings.HasSuffix(last, "ss")
}

func words(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

func personal(d *iotmark.Declaration) []iotmark.DataKind {
	var out []iotmark.DataKind
	for _, k := range d.Data.Items {
		if k.IsPersonal() {
			out = append(out, k)
		}
	}
	return out
}

func ids(ks []iotmark.DataKind) string {
	var out []string
	for _, k := range ks {
		out = append(out, k.ID)
	}
	return strings.Join(out, ", ")
}

// kinds looks for every declared kind of personal data in the names of
// columns and lists of all samples together.
func kinds(d *iotmark.Declaration, files []check.Read[*table.Facts], basis []iotmark.EvidenceID) []iotmark.Finding {
	if !d.Data.Known() {
		return []iotmark.Finding{check.CannotTell(exportID+"kinds-unknown", basis)}
	}
	all := personal(d)
	if len(all) == 0 {
		return nil
	}
	found := make([]bool, len(all))
	var rest []string // columns that say something, and that no kind explains
	for _, f := range files {
		for _, c := range f.Facts.Columns {
			explained := false
			for i, k := range all {
				if holds(k, c) {
					found[i], explained = true, true
				}
			}
			if !explained && telling(c) {
				rest = append(rest, c.Name)
			}
		}
	}
	var missing []iotmark.DataKind
	for i, k := range all {
		if !found[i] {
			missing = append(missing, k)
		}
	}
	switch {
	case len(missing) == 0:
		return nil
	case len(missing) == len(all) && len(rest) > 0, len(rest) >= len(missing):
		return []iotmark.Finding{check.CannotTell(exportID+"kinds-unclear", basis, "n", check.N(len(missing)), "kinds", ids(missing), "columns", some(rest))}
	case !slices.ContainsFunc(missing, func(k iotmark.DataKind) bool { return k.From == "sensor" || k.From == "use" }):
		// Account and reports of faults often come in a file of their own.
		return []iotmark.Finding{check.CannotTell(exportID+"kinds-elsewhere", basis, "n", check.N(len(missing)), "kinds", ids(missing))}
	}
	return []iotmark.Finding{check.Fail(exportID+"kinds-missing", basis, "n", check.N(len(missing)), "kinds", ids(missing))}
}

// common are words that stand in any export and say nothing of its content.
var common = words("time timestamp date datetime start end from to at since until exported created updated id index number line row nr no device camera product model serial zone timezone tz utc unit value values data info name type kind note version user owner home channel sensor count")

// fillers are words of a description that name nothing.
var fillers = words("and or of the a an is in on off at by for with to from each every how what which whether who when where your our their his her its it as yes no not than then times data value values number somebody's some any all last first more other " +
	"und oder der die das ein eine einer im in auf zu von mit je jede jeder ob wie was wer wann wo ja nein nicht daten wert werte")

// synonyms are words that stand for each other in exports.
var synonyms = [][]string{
	{"temperature", "temp", "celsius", "climate", "heat", "heating", "warmth", "temperatur", "klima"},
	{"energy", "power", "consumption", "kwh", "wh", "watt", "energie", "strom", "verbrauch", "electricity"},
	{"presence", "somebody", "someone", "occupancy", "occupied", "home", "present", "anwesenheit"},
	{"motion", "movement", "moved", "pir", "bewegung"},
	{"account", "mail", "email", "login", "user", "konto"},
	{"location", "position", "latitude", "longitude", "gps", "place", "standort"},
	{"sound", "audio", "voice", "noise", "ton"},
	{"pictures", "picture", "images", "image", "photos", "photo", "snapshots", "bilder"},
	{"videos", "video", "recordings", "recording", "clips", "clip"},
	{"faults", "fault", "errors", "error", "crash", "restarts", "telemetry", "diagnostics", "health", "fehler"},
	{"signal", "rssi", "dbm", "radio"},
	{"heart", "pulse", "bpm"},
	{"sleep", "schlaf"}, {"steps", "step", "schritte"}, {"weight", "gewicht"},
	{"humidity", "feuchte"}, {"light", "lux", "brightness", "helligkeit"},
	{"alarms", "alarm", "alerts", "alert"}, {"doors", "door", "lock", "unlock"},
}

// holds reports whether a column, by the words of its name, holds a kind.
func holds(k iotmark.DataKind, c table.Column) bool {
	want := keywords(k)
	names := append(table.Words(c.Group), table.Words(c.Name)...)
	for _, w := range names {
		if want[w] {
			return true
		}
	}
	return false
}

// keywords are the words by which a kind can be named: those of its id and
// description, and what stands for them.
func keywords(k iotmark.DataKind) map[string]bool {
	out := map[string]bool{}
	id := table.Words(k.ID)
	for _, w := range append(slices.Clone(id), table.Words(k.What)...) {
		if len(w) < 3 || fillers[w] || common[w] && !slices.Contains(id, w) {
			continue
		}
		out[w] = true
		out[strings.TrimSuffix(w, "s")] = true
	}
	for _, group := range synonyms {
		if slices.ContainsFunc(group, func(w string) bool { return out[w] && slices.Contains(id, w) || out[w] && !weak[w] }) {
			for _, w := range group {
				out[w] = true
			}
		}
	}
	return out
}

// weak are words that bring in their synonyms only as the id of a kind: as a
// word of a description they say too little.
var weak = words("home health radio power place user step light door present heat")

// telling reports whether a column's name says anything about its content.
func telling(c table.Column) bool {
	for _, w := range append(table.Words(c.Group), c.Words...) {
		if len(w) >= 3 && !common[w] {
			return true
		}
	}
	return false
}

func some(s []string) string {
	if len(s) > 6 {
		return strings.Join(s[:6], ", ") + " ..."
	}
	return strings.Join(s, ", ")
}
