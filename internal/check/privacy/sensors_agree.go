package privacy

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/parts"
	"github.com/open-iot-mark/iotmark/internal/evidence/table"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

var boardLists = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindHBOM}}

// SensorsAgree holds the sensing parts of the hardware list against the
// declared sensors.
var SensorsAgree = check.Check{
	ID:      "privacy.sensors-agree",
	Version: 2,
	Title:   "Every sensor on the board is declared",
	What: "Reads the list of hardware (a table, or CycloneDX) and finds the parts that sense, by the words of their kind. It passes when each of them takes in something " +
		"that sensors declares. It fails on a part that is called a sensor of something undeclared. What only may sense, what is declared and has no part in the list, and a list that gives part numbers instead of kinds are left to a person.",
	Why:     "A sensor nobody knows of is a spy by accident or by design. A microphone that waits for a later update listens in the home from the first day.",
	Satisfy: "Declare every sensor on the board under sensors, also one that is switched off, or take it off the board.",
	Limits: "It reads the maker's list and has not seen the board. A sensor inside a module that is listed as something else is not found. Temperature sensors that only guard a chip count as well, when they stand in the list. " +
		"Use and place can be taken in without a sensor, so that no part is asked for them.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 5.8-3",
		"Regulation (EU) 2016/679, Article 13 (what is collected must be told)",
		"CycloneDX property taxonomy, cdx:device",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{boardLists},
	Run:       sensorsAgree,
}

const sensorsID = "privacy.sensors-agree."

// sensing says what a part takes in, by the words of its kind; the first
// expression that fits decides. Any one of the senses covers it: a PIR sees
// motion, and by it presence.
var sensing = []struct {
	in     *pattern.Pattern
	what   string
	senses []string
}{
	{pattern.New(`microphone|\bmic\b|mikrofon|\bmics\b|audio input`), "microphone", []string{"sound"}},
	{pattern.New(`image sensor|camera\b|kamera|\bimager|cmos sensor|\bccd\b|bildsensor|thermal array|infrared array`), "camera", []string{"camera"}},
	{pattern.New(`radar|\bmm-?wave|\bpresence|\boccupancy|anwesenheit|präsenz|\bpeople count`), "presence sensor", []string{"presence", "motion"}},
	{pattern.New(`\bpir\b|passive infrared|\bmotion|bewegung`), "motion sensor", []string{"motion", "presence"}},
	{pattern.New(`\bheart ?-?(?:rate|beat)|\bpulse (?:rate|sens|ox)|\bppg\b|\becg\b|\bekg\b|\bspo2|oximet|\bblood|\bbio-?impedance|glucose|\bbody (?:composition|fat|sens)|\bfingerprint`), "body sensor", []string{"health"}},
	{pattern.New(`\bweight|\bload cell|\bstrain gauge`), "weight sensor", []string{"health", "use", "presence", "surroundings"}},
	{pattern.New(`\bgnss\b|\bgps\b|\bgalileo\b|\bglonass\b|\bsatellite (?:receiver|navigation|position)`), "satellite receiver", []string{"place"}},
	{pattern.New(`\bacceler|\bgyro|\bimu\b|\binertial|\bvibration (?:sens|switch|detect)|\btilt\b|beschleunig`), "motion sensor", []string{"motion", "use", "health"}},
	{pattern.New(`\btime.of.flight|\btof\b|\bproximity|\bdistance|\bultrasonic|ultraschall|\blidar\b`), "distance sensor", []string{"presence", "motion", "surroundings"}},
	{pattern.New(`\bmagnet(?:o|ic (?:sensor|switch|field))|\bcompass\b|\breed\b|\bhall\b|\bcontact sensor`), "magnetic sensor", []string{"motion", "use", "surroundings", "place"}},
	{pattern.New(`\benergy meter|\bmetering|\bcurrent (?:sensor|clamp|transformer)|\bpower monitor|\bflow (?:sensor|meter)|stromwandler`), "meter", []string{"use"}},
	{pattern.New(`\btemperat|\bthermistor|\bthermometer|\bthermocouple|\bthermopile|\bntc\b|\bptc\b`), "temperature sensor", []string{"heat", "surroundings", "health"}},
	{pattern.New(`\bhumid|feucht|\bmoisture|\bleak|\bwater\b|\brain\b|\bgas\b|\bco2?\b|\bt?vocs?\b|\bair quality|\bsmoke|\brauch|\bparticle|\bpm ?2\.5|\bdust|\bpressure|\bbarometer|druck|\bwind\b|\bambient light|\blight sensor|\bphotodiode|\bals\b|\blux\b|\buv\b|\bcolou?r sensor|\bnoise|\bradon\b|\blightning`), "sensor of the surroundings", []string{"surroundings"}},
	{pattern.New(`\btouch|button|\bencoder|\bdial\b|\bkeypad|\bhall key`), "", nil}, // what people press to use it
}

// outright are words that call a part a sensor and nothing else. Without one
// a kind such as GPS antenna names a matter, and a person must look.
var outright = pattern.New(`sensor|\bsensing\b|detector|melder\b|fühler|meter\b|\bmetering\b|microphone|mikrofon|\bmics?\b|camera|kamera|\bimager|radar|\bpir\b|\b[0-9]-axis imu\b|\bload cell\b|\b(?:gnss|gps) (?:receiver|module|chip)\b`)

// beside are parts that belong to a sensor and are none; missing are words
// that say that it is not there.
var beside = pattern.New(`^antenna\b|\b(?:lens|connector|header|holder|cover|cable|bracket|antenna|housing|window|filter|driver|socket|amplifier|magnet|led|gasket|mesh)s?\s*(?:\(.*)?$`)

var missing = pattern.New(`\bnot (?:populated|fitted|mounted|stuffed|placed)|\bunpopulated|\bdn[pfi]\b|nicht bestückt`)

var anySensor = pattern.New(`sensor|\bsens|fühler|detector|melder\b`)

func sensorsAgree(in check.Input) []iotmark.Finding {
	declared := map[string]bool{}
	for _, s := range in.Declaration.Sensors.Items {
		declared[s.Senses] = true
	}
	known := in.Declaration.Sensors.Known()
	onBoard := map[string]bool{}
	var out []iotmark.Finding
	var basis []iotmark.EvidenceID
	n, listed := 0, 0
	var wordless []iotmark.EvidenceID
	for _, it := range in.Items {
		if !boardLists.Satisfied(it) {
			continue
		}
		l, ok := parts.Of(it.Facts)
		if !ok {
			continue
		}
		basis = append(basis, it.ID)
		listed += len(l.Parts)
		marks := microphones(it.Facts)
		if !worded(l) {
			wordless = append(wordless, it.ID)
		}
		told := map[string]bool{}
		for _, p := range l.Parts {
			what, senses, sure, found := sense(p)
			if !found && marks[p.Line] {
				what, senses, found = "microphone", []string{"sound"}, true
			}
			if !found {
				continue
			}
			n++
			for _, s := range senses {
				onBoard[s] = true
			}
			if told[p.Text()] {
				continue
			}
			told[p.Text()] = true
			var f iotmark.Finding
			args := []string{"evidence", string(it.ID), "part", check.Quote(p.Text()), "what", what, "senses", strings.Join(senses, " or ")}
			switch {
			case senses == nil:
				f = check.CannotTell(sensorsID+"unclear", []iotmark.EvidenceID{it.ID}, args...)
			case slices.ContainsFunc(senses, func(s string) bool { return declared[s] }):
				continue
			case !known:
				f = check.CannotTell(sensorsID+"not-said", []iotmark.EvidenceID{it.ID}, args...)
			case !sure:
				f = check.CannotTell(sensorsID+"may-sense", []iotmark.EvidenceID{it.ID}, args...)
			default:
				f = check.Fail(sensorsID+"undeclared", []iotmark.EvidenceID{it.ID}, args...)
			}
			f.Places = []iotmark.Place{{Evidence: it.ID, Line: p.Line, Quote: check.Quote(strings.TrimSpace(p.Kind + " " + p.Maker + " " + p.Type))}}
			out = append(out, f)
		}
		if l.Cut {
			out = append(out, check.CannotTell(sensorsID+"cut", []iotmark.EvidenceID{it.ID}, "evidence", string(it.ID)))
		}
	}
	if listed == 0 {
		return []iotmark.Finding{check.CannotTell(sensorsID+"no-part", basis)}
	}
	for _, id := range wordless {
		out = append(out, check.CannotTell(sensorsID+"kinds-no-words", []iotmark.EvidenceID{id}, "evidence", string(id)))
	}
	for _, s := range sensesOf(declared) {
		if s != "use" && s != "place" && !onBoard[s] {
			out = append(out, check.CannotTell(sensorsID+"not-on-board", basis, "senses", s))
		}
	}
	if len(out) > 0 {
		slices.SortStableFunc(out, func(a, b iotmark.Finding) int {
			return slices.Index(iotmark.Outcomes(), a.Outcome) - slices.Index(iotmark.Outcomes(), b.Outcome)
		})
		return out[:min(len(out), 30)]
	}
	switch {
	case !known:
		return []iotmark.Finding{check.CannotTell(sensorsID+"unknown", basis)}
	case n == 0:
		return []iotmark.Finding{check.Pass(sensorsID+"none", basis)}
	}
	return []iotmark.Finding{check.Pass(sensorsID+"agree", basis, "n", check.N(n), "senses", strings.Join(sensesOf(declared), ", "))}
}

// sensesOf lists the declared senses in the order of the declaration's words.
func sensesOf(declared map[string]bool) []string {
	var out []string
	for _, s := range []string{"camera", "sound", "health", "place", "presence", "motion", "use", "heat", "surroundings"} {
		if declared[s] {
			out = append(out, s)
		}
	}
	return out
}

// sense says what a part takes in. Sure: its kind calls it a sensor outright.
// Found without senses: it calls itself a sensor, and nobody can tell of what.
func sense(p parts.Part) (what string, senses []string, sure, found bool) {
	t := strings.ToLower(p.Text())
	for _, s := range sensing {
		if s.in.MatchString(t) && (s.what != "sensor of the surroundings" || anySensor.MatchString(t) || surely.MatchString(t)) {
			thing, _, _ := strings.Cut(t, " with ") // a camera with a lens is no lens
			return s.what, s.senses, outright.MatchString(t) && !beside.MatchString(thing) && !missing.MatchString(t), s.senses != nil
		}
	}
	return "", nil, false, anySensor.MatchString(t)
}

// kindWord is a word that people use: letters only, with a vowel. SPH0645 and
// OV2640 are none.
var kindWord = pattern.New(`(?i)^\p{L}*[aeiouyäöüåøéèà]\p{L}*$`)

// worded reports whether a list says in words what its parts are, so that a
// part without the words of a sensor is none: it names a processor, or most
// of its kinds hold words.
func worded(l parts.List) bool {
	n := 0
	for _, p := range l.Parts {
		if p.Is(parts.Processor) {
			return true
		}
		said := len(p.Classes()) > 0
		for w := range strings.FieldsFuncSeq(p.Text(), func(r rune) bool { return strings.ContainsRune(" ,;/()-", r) }) {
			said = said || p.Kind != "" && len(w) >= 3 && kindWord.MatchString(w)
		}
		if said {
			n++
		}
	}
	return 2*n > len(l.Parts)
}

// marked are the reference designations of microphones on a board (MK, IEEE
// 315, clause 22; MIC in common use). Some write MK at mounting holes too, so
// that they point a person to the part and prove nothing.
var marked = pattern.New(`(?:^|[\s,;])(?:MK|MIC)[0-9]`)

// microphones returns the lines of a table whose reference designation is a
// microphone's.
func microphones(facts any) map[int]bool {
	f, ok := facts.(*table.Facts)
	if !ok {
		return nil
	}
	out := map[int]bool{}
	for i, c := range f.Columns {
		if !slices.ContainsFunc(c.Words, func(w string) bool {
			return slices.Contains([]string{"reference", "references", "ref", "refs", "refdes", "designator", "designators", "designation"}, w)
		}) {
			continue
		}
		for r, row := range f.Cells {
			if i < len(row) && marked.MatchString(row[i]) {
				out[f.Lines[r]] = true
			}
		}
	}
	return out
}

// surely are words of the surroundings that name a sensor without saying so;
// others, such as gas or water, may stand for a valve or a pump.
var surely = pattern.New(`\bbarometer|\bphotodiode|\bambient light|\bals\b|hygrometer|\bsmoke`)
