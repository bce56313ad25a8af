package privacy

import (
	"regexp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/parts"
)

var boardLists = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindHBOM}}

// SensorsAgree holds the sensing parts of the hardware list against the
// declared sensors.
var SensorsAgree = check.Check{
	ID:      "privacy.sensors-agree",
	Version: 1,
	Title:   "Every sensor on the board is declared",
	What: "Reads the list of hardware (a table, or CycloneDX) and finds the parts that sense, by the words of their kind. It passes when each of them takes in something " +
		"that sensors declares. It fails on a part that senses something undeclared. What is declared and has no part in the list is left to a person.",
	Why:     "A sensor nobody knows of is a spy by accident or by design. A microphone that waits for a later update listens in the home from the first day.",
	Satisfy: "Declare every sensor on the board under sensors, also one that is switched off, or take it off the board.",
	Limits: "It reads the maker's list and has not seen the board. A sensor inside a module that is listed as something else is not found. Temperature sensors that only guard a chip count as well, when they stand in the list. " +
		"Use and place can be taken in without a sensor, so that no part is asked for them.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 5.8-3",
		"Regulation (EU) 2016/679, Article 13 (what is collected must be told)",
		"CycloneDX property taxonomy, cdx:device",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{boardLists},
	Run:       sensorsAgree,
}

const sensorsID = "privacy.sensors-agree."

// sensing says what a part takes in, by the words of its kind; the first
// expression that fits decides. Any one of the senses covers it: a PIR sees
// motion, and by it presence.
var sensing = []struct {
	in     *regexp.Regexp
	what   string
	senses []string
}{
	{regexp.MustCompile(`microphone|\bmic\b|mikrofon|\bmics\b|audio input`), "microphone", []string{"sound"}},
	{regexp.MustCompile(`image sensor|camera\b|kamera|imager|cmos sensor|\bccd\b|bildsensor|thermal array|infrared array`), "camera", []string{"camera"}},
	{regexp.MustCompile(`radar|mm-?wave|presence|occupancy|anwesenheit|präsenz|people count`), "presence sensor", []string{"presence", "motion"}},
	{regexp.MustCompile(`\bpir\b|passive infrared|motion|bewegung`), "motion sensor", []string{"motion", "presence"}},
	{regexp.MustCompile(`heart|pulse|\bppg\b|\becg\b|\bekg\b|spo2|oximet|blood|bio-?impedance|glucose|body|fingerprint`), "body sensor", []string{"health"}},
	{regexp.MustCompile(`weight|load cell|strain gauge`), "weight sensor", []string{"health", "use", "presence", "surroundings"}},
	{regexp.MustCompile(`\bgnss\b|\bgps\b|galileo|glonass|satellite`), "satellite receiver", []string{"place"}},
	{regexp.MustCompile(`acceler|gyro|\bimu\b|inertial|vibration|tilt|beschleunig`), "motion sensor", []string{"motion", "use", "health"}},
	{regexp.MustCompile(`time.of.flight|\btof\b|proximity|distance|ultrasonic|ultraschall|lidar`), "distance sensor", []string{"presence", "motion", "surroundings"}},
	{regexp.MustCompile(`magnet|compass|\breed\b|\bhall\b|contact sensor`), "magnetic sensor", []string{"motion", "use", "surroundings", "place"}},
	{regexp.MustCompile(`energy meter|metering|current (?:sens|clamp|transformer)|power monitor|flow (?:sensor|meter)|stromwandler`), "meter", []string{"use"}},
	{regexp.MustCompile(`temperat|thermistor|thermometer|thermocouple|thermopile|\bntc\b|\bptc\b`), "temperature sensor", []string{"heat", "surroundings", "health"}},
	{regexp.MustCompile(`humid|feucht|moisture|leak|\bwater\b|rain|\bgas\b|\bco2?\b|\bvoc\b|air quality|smoke|rauch|particle|\bpm ?2\.5|dust|pressure|barometer|druck|wind|ambient light|light sensor|photodiode|\bals\b|lux|\buv\b|colou?r sensor|noise|radon|lightning`), "sensor of the surroundings", []string{"surroundings"}},
	{regexp.MustCompile(`touch|button|encoder|dial|keypad|hall key`), "", nil}, // what people press to use it
}

var anySensor = regexp.MustCompile(`sens|fühler|detector`)

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
		told := map[string]bool{}
		for _, p := range l.Parts {
			what, senses, found := sense(p)
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

// sense says what a part takes in. Found without senses: it calls itself a
// sensor, and nobody can tell of what.
func sense(p parts.Part) (what string, senses []string, found bool) {
	t := strings.ToLower(p.Text())
	for _, s := range sensing {
		if s.in.MatchString(t) && (s.what != "sensor of the surroundings" || anySensor.MatchString(t) || surely.MatchString(t)) {
			return s.what, s.senses, s.senses != nil
		}
	}
	if anySensor.MatchString(t) {
		return "", nil, true
	}
	return "", nil, false
}

// surely are words of the surroundings that name a sensor without saying so;
// others, such as gas or water, may stand for a valve or a pump.
var surely = regexp.MustCompile(`barometer|photodiode|ambient light|\bals\b|hygrometer|smoke`)
