package table

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/open-iot-mark/iotmark"
)

// ParseNumber reads a number as tables write it. A comma is the decimal sign
// when comma is set, which goes with the semicolon as separator. Separators
// of thousands are taken where they cannot be mistaken for a decimal sign;
// where they can, there is no number.
func ParseNumber(s string, comma bool) (float64, bool) {
	if s == "" || len(s) > 64 || !strings.ContainsAny(s[:1], "+-.,0123456789") {
		return 0, false
	}
	t := s
	if strings.ContainsAny(t, " '") || strings.ContainsRune(t, '\u00a0') || strings.ContainsRune(t, '\u202f') {
		t = strings.NewReplacer(" ", ",", "'", ",", "\u00a0", ",", "\u202f", ",").Replace(t)
		if !grouped(t, ',') {
			return 0, false
		}
		t = strings.ReplaceAll(t, ",", "")
	}
	group, point := byte(','), byte('.')
	if comma {
		group, point = '.', ','
	}
	if g := strings.IndexByte(t, group); g >= 0 {
		whole, _, frac := strings.Cut(t, string(point))
		if !grouped(whole, group) || comma && !frac && strings.Count(whole, ".") == 1 {
			return decimalPoint(t, comma)
		}
		t = strings.ReplaceAll(t[:len(whole)], string(group), "") + t[len(whole):]
	}
	if comma {
		t = strings.Replace(t, ",", ".", 1)
	}
	return plain(t)
}

// decimalPoint takes a point as decimal sign in a table whose decimal sign
// should be the comma, unless three digits follow: 1.234 may be either.
func decimalPoint(t string, comma bool) (float64, bool) {
	if !comma || strings.Contains(t, ",") {
		return 0, false
	}
	_, frac, _ := strings.Cut(t, ".")
	if len(frac) == 3 {
		return 0, false
	}
	return plain(t)
}

// plain reads digits with at most one point and an exponent.
func plain(t string) (float64, bool) {
	for i := range len(t) {
		if c := t[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(t, 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}

// grouped reports whether digits stand in groups of three.
func grouped(t string, sep byte) bool {
	t = strings.TrimLeft(t, "+-")
	parts := strings.Split(t, string(sep))
	if len(parts) < 2 || len(parts[0]) == 0 || len(parts[0]) > 3 {
		return false
	}
	for i, p := range parts {
		if i > 0 && len(p) != 3 {
			return false
		}
		for j := range len(p) {
			if p[j] < '0' || p[j] > '9' {
				return false
			}
		}
	}
	return true
}

type momentKind int

const (
	noMoment momentKind = iota
	instant             // with zone
	local               // without
	day
)

var zonedLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04Z0700",
	"20060102T150405Z0700", "20060102T150405Z07:00",
	time.RFC1123, time.RFC1123Z,
}

var localLayouts = []string{
	"2006-01-02T15:04:05", "2006-01-02T15:04", "20060102T150405",
	"02.01.2006T15:04:05", "02.01.2006T15:04", "2.1.2006T15:04",
}

// slashed are read to know that a time is there; which of the numbers is the
// month nobody can tell, so that no day is taken from them.
var slashed = []string{"1/2/2006T15:04:05", "1/2/2006T15:04", "2/1/2006T15:04:05", "2/1/2006T15:04", "1/2/2006T3:04:05 PM", "1/2/2006T3:04 PM", "2006/1/2T15:04:05", "2006/1/2T15:04"}

// moment reads a day or a time stamp: ISO 8601 and RFC 3339 first, then what
// spreadsheets write. The layout that fitted last, in hint, is tried first;
// tries counts the cells for which all are tried, and past maxTries none is.
func moment(s string, hint, tries *int) (momentKind, iotmark.Date) {
	if len(s) < 8 || len(s) > 40 || (s[0] < '0' || s[0] > '9') && s[3] != ',' { // "Mon, 02 Jan"
		return noMoment, ""
	}
	if len(s) == 10 && s[4] == '-' {
		if d, err := iotmark.ParseDate(s); err == nil {
			return day, d
		}
		return noMoment, ""
	}
	if !strings.Contains(s, ":") && !strings.Contains(s, "T") {
		if t, err := time.Parse("02.01.2006", s); err == nil {
			return day, iotmark.DateOf(t)
		}
		return noMoment, ""
	}
	t := s
	for _, z := range []string{" UTC", " GMT", " Z", " utc"} {
		if c, ok := strings.CutSuffix(t, z); ok && t[0] <= '9' {
			t = c + "Z"
			break
		}
	}
	if t[0] <= '9' {
		if i := strings.IndexByte(t, ' '); i >= 8 && i <= 10 {
			t = t[:i] + "T" + t[i+1:]
		}
		if !strings.HasSuffix(t, "M") {
			t = strings.Replace(t, " ", "", 1) // "10:00:00 +02:00"
		}
		t = strings.Replace(t, ",", ".", 1) // ISO 8601 takes the comma for fractions
	}
	if *hint > 0 {
		if k, d, ok := layouts[*hint-1].read(t); ok {
			return k, d
		}
	}
	if *tries++; *tries > maxTries {
		return noMoment, ""
	}
	for i, l := range layouts {
		if k, d, ok := l.read(t); ok {
			*hint = i + 1
			return k, d
		}
	}
	return noMoment, ""
}

// layout is one way to write a time.
type layout struct {
	text string
	kind momentKind
	day  bool // the day can be told
}

func (l layout) read(t string) (momentKind, iotmark.Date, bool) {
	v, err := time.Parse(l.text, t)
	switch {
	case err != nil:
		return noMoment, "", false
	case !l.day:
		return l.kind, "", true
	}
	return l.kind, iotmark.DateOf(v), true
}

// layouts are all ways to write a time, in the order they are tried in.
var layouts = func() []layout {
	var out []layout
	for _, l := range zonedLayouts {
		out = append(out, layout{l, instant, true})
	}
	for _, l := range localLayouts {
		out = append(out, layout{l, local, true})
	}
	for _, l := range slashed {
		out = append(out, layout{l, local, false})
	}
	return out
}()

// stat counts the cells of one column.
type stat struct {
	text                                 bool // a cell is nothing of all this; then the column is text whatever follows
	hint                                 int  // at the layout of times that fitted last, from 1
	filled, bools, numbers, whole, epoch int
	instants, locals, days               int
	unzoned                              Flaw
	first, last                          iotmark.Date
}

func (s *stat) add(c string, line int, comma bool, tries *int) {
	if s.filled++; s.text {
		return
	}
	switch strings.ToLower(c[:min(len(c), 6)]) {
	case "true", "false", "yes", "no", "on", "off":
		s.bools++
		return
	}
	if v, ok := ParseNumber(c, comma); ok {
		s.numbers++
		if v == math.Trunc(v) && !strings.ContainsAny(c, ".eE") {
			s.whole++
			// 2000 to 2100, in seconds or in milliseconds
			if v >= 946_684_800 && v < 4_102_444_800 || v >= 946_684_800_000 && v < 4_102_444_800_000 {
				if v > 1e11 {
					v /= 1000
				}
				s.epoch++
				s.see(iotmark.DateOf(time.Unix(int64(v), 0)))
			}
		}
		return
	}
	k, d := moment(c, &s.hint, tries)
	switch k {
	case instant:
		s.instants++
	case local:
		s.locals++
		s.unzoned.add(line)
	case day:
		s.days++
	default:
		s.text = true
		return
	}
	s.see(d)
}

func (s *stat) see(d iotmark.Date) {
	if d == "" {
		return
	}
	if s.first == "" || d < s.first {
		s.first = d
	}
	s.last = max(s.last, d)
}

var timeWords = map[string]bool{"time": true, "timestamp": true, "ts": true, "epoch": true, "unix": true, "date": true, "datetime": true, "at": true, "when": true, "moment": true, "zeit": true, "zeitpunkt": true}

func (s *stat) decide(c *Column) {
	c.Filled = s.filled
	named := false // the name says that it is a time
	utc := false
	for _, w := range c.Words {
		named = named || timeWords[w]
		utc = utc || w == "utc" || w == "gmt"
	}
	switch s.filled {
	case 0:
		c.Type = Empty
	case s.bools:
		c.Type = Boolean
	case s.numbers:
		c.Type, c.Whole = Number, s.whole == s.filled
		if named && s.epoch == s.filled {
			c.Type, c.Epoch, c.Unit = Instant, true, ""
			c.First, c.Last = s.first, s.last
		}
		return
	case s.days:
		c.Type = Day
	case s.instants:
		c.Type = Instant
	case s.instants + s.locals, s.instants + s.locals + s.days:
		c.Type, c.Unzoned = Local, s.unzoned
		if utc {
			c.Type, c.Unzoned = Instant, Flaw{}
		}
	default:
		c.Type = Text
		return
	}
	c.First, c.Last = s.first, s.last
}

// Words splits the name of a column, or any text, into words in lower case:
// at everything that is no letter and no digit, and where a capital follows a
// small letter.
func Words(name string) []string {
	var out []string
	var w []rune
	flush := func() {
		if len(w) > 0 {
			out = append(out, string(w))
			w = w[:0]
		}
	}
	small := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			small = false
			continue
		case unicode.IsUpper(r) && small:
			flush()
		}
		small = unicode.IsLower(r)
		w = append(w, unicode.ToLower(r))
	}
	flush()
	return out
}

// units are the words that name a unit, wherever they stand in a name.
var units = map[string]string{
	"celsius": "celsius", "degc": "celsius", "fahrenheit": "fahrenheit", "degf": "fahrenheit", "kelvin": "kelvin", "degrees": "degrees", "deg": "degrees",
	"kwh": "kWh", "wh": "Wh", "mwh": "MWh", "kw": "kW", "mw": "mW", "watt": "W", "watts": "W", "kva": "kVA", "var": "var", "joule": "J", "joules": "J", "kj": "kJ",
	"volt": "V", "volts": "V", "mv": "mV", "ma": "mA", "mah": "mAh", "ampere": "A", "amperes": "A", "amps": "A", "hz": "Hz", "khz": "kHz", "mhz": "MHz",
	"percent": "percent", "pct": "percent", "ppm": "ppm", "ppb": "ppb", "lux": "lux", "lx": "lux", "lumen": "lm", "db": "dB", "dba": "dBA", "dbm": "dBm",
	"hpa": "hPa", "kpa": "kPa", "pascal": "Pa", "mbar": "mbar", "bar": "bar", "psi": "psi",
	"second": "s", "seconds": "s", "sec": "s", "secs": "s", "ms": "ms", "milliseconds": "ms", "minute": "min", "minutes": "min", "mins": "min", "hour": "h", "hours": "h", "days": "d", "months": "months", "years": "years",
	"metre": "m", "metres": "m", "meter": "m", "meters": "m", "cm": "cm", "mm": "mm", "km": "km", "kmh": "km/h", "mph": "mph", "mps": "m/s", "rpm": "rpm",
	"kg": "kg", "gram": "g", "grams": "g", "mg": "mg", "litre": "l", "litres": "l", "liter": "l", "liters": "l", "ml": "ml", "m3": "m3",
	"bpm": "bpm", "kcal": "kcal", "steps": "steps", "bytes": "bytes", "kb": "kB", "mb": "MB", "gb": "GB", "bit": "bit", "bits": "bit",
	"eur": "EUR", "gbp": "GBP", "usd": "USD", "chf": "CHF", "nok": "NOK", "sek": "SEK", "dkk": "DKK",
}

// letters are units of one letter; they count only at the end of a name of
// several words, or in brackets.
var letters = map[string]string{"c": "celsius", "f": "fahrenheit", "k": "kelvin", "w": "W", "v": "V", "a": "A", "s": "s", "h": "h", "d": "d", "m": "m", "g": "g", "l": "l", "j": "J", "pa": "Pa", "min": "min"}

var signs = [...]struct{ sign, unit string }{
	{"°C", "celsius"}, {"°F", "fahrenheit"}, {"℃", "celsius"}, {"%", "percent"}, {"µg/m³", "ug/m3"}, {"μg/m³", "ug/m3"}, {"m³", "m3"}, {"€", "EUR"}, {"£", "GBP"}, {"°", "degrees"},
}

// UnitOf returns the unit that a name names, and "" when it names none.
func UnitOf(name string) string {
	for _, s := range signs {
		if strings.Contains(name, s.sign) {
			return s.unit
		}
	}
	ws := Words(name)
	if i := strings.IndexAny(name, "([/"); i > 0 {
		if in := Words(name[i:]); len(in) == 1 {
			if u := letters[in[0]]; u != "" {
				return u
			}
		}
	}
	for i := len(ws) - 1; i >= 0; i-- {
		if u := units[ws[i]]; u != "" {
			return u
		}
		if i == len(ws)-1 && i > 0 {
			if u := letters[ws[i]]; u != "" {
				return u
			}
		}
	}
	return ""
}
