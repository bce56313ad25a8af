// Package parts takes the parts of a board out of what other readers read: a
// table of hardware, or a list of components that lists devices. It gives
// each part with kind, maker and type, and sorts it into classes by the words
// of its kind.
//
// What it refuses to do: know parts by their number. What can go wrong: a
// part whose kind is worded otherwise has no class; checks must not take that
// for its absence.
package parts

import (
	"regexp"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/evidence/table"
)

// Part is one line of a list of hardware.
type Part struct {
	Kind  string // what it is, in words
	Maker string
	Type  string // part number
	Line  int
}

// Text is what the list says about the kind of the part; the part number when
// it says nothing else.
func (p Part) Text() string {
	if p.Kind != "" {
		return p.Kind
	}
	return p.Type
}

// List is all parts of one list.
type List struct {
	Parts    []Part
	HasMaker bool // the list has a place for makers
	HasType  bool // the list has a place for part numbers
	HasKind  bool
	Cut      bool // some parts are not here
}

// Of returns the parts in facts of the readers table and sbom, and false when
// the facts are of another reader or list no hardware.
func Of(facts any) (List, bool) {
	switch f := facts.(type) {
	case *table.Facts:
		return ofTable(f), true
	case *sbom.Facts:
		return ofComponents(f), f.Hardware || len(f.Components) == 0
	}
	return List{}, false
}

// Names of columns, the clearer ones first. A name counts when it holds all
// words of one entry.
var (
	makerNames = []string{"manufacturer", "maker", "mfr", "mfg", "vendor", "brand", "hersteller", "fabricant", "supplier", "producer"}
	typeNames  = []string{"part number", "part no", "mpn", "partnumber", "manufacturer part", "order number", "type", "model", "typ", "teilenummer", "article number", "part", "number"}
	kindNames  = []string{"kind", "component", "function", "category", "class", "description", "bauteil", "beschreibung", "part", "name", "item", "remarks"}
)

func ofTable(f *table.Facts) List {
	l := List{Cut: f.Cut}
	taken := map[int]bool{}
	pick := func(names []string, text bool) int {
		for _, n := range names {
			for i, c := range f.Columns {
				if !taken[i] && (!text || c.Type == table.Text || c.Type == table.Empty) && holdsAll(c.Words, strings.Fields(n)) {
					taken[i] = true
					return i
				}
			}
		}
		return -1
	}
	typ := -1
	for i, c := range f.Columns { // "manufacturer part number" is no maker
		if holdsAll(c.Words, []string{"part", "number"}) || holdsAll(c.Words, []string{"part", "no"}) || holdsAll(c.Words, []string{"mpn"}) {
			typ = i
			taken[i] = true
			break
		}
	}
	maker := pick(makerNames, false)
	kind := pick(kindNames[:7], true)
	if typ < 0 {
		typ = pick(typeNames, false)
	}
	if kind < 0 {
		kind = pick(kindNames[7:], true)
	}
	l.HasMaker, l.HasType, l.HasKind = maker >= 0, typ >= 0, kind >= 0
	for i, row := range f.Cells {
		at := func(c int) string {
			if c < 0 || c >= len(row) {
				return ""
			}
			return said(row[c])
		}
		p := Part{Kind: at(kind), Maker: at(maker), Type: at(typ), Line: f.Lines[i]}
		if p.Kind == "" && p.Maker == "" && p.Type == "" {
			continue
		}
		l.Parts = append(l.Parts, p)
	}
	return l
}

func holdsAll(have, want []string) bool {
	for _, w := range want {
		found := false
		for _, h := range have {
			found = found || h == w
		}
		if !found {
			return false
		}
	}
	return true
}

func ofComponents(f *sbom.Facts) List {
	l := List{HasMaker: true, HasType: true, HasKind: true}
	for _, c := range f.Components {
		if c.Type != "device" && c.Type != "" {
			continue
		}
		kind := c.Properties["cdx:device:function"]
		if kind == "" {
			kind = c.Name
		} else if !strings.EqualFold(kind, c.Name) {
			kind += " " + c.Name
		}
		l.Parts = append(l.Parts, Part{Kind: said(kind), Maker: said(c.Supplier), Type: said(c.Name), Line: c.Line})
	}
	return l
}

// said blanks words that fill a field and say nothing.
func said(s string) string {
	s = strings.TrimSpace(s)
	switch strings.ToLower(s) {
	case "-", "?", "n/a", "na", "none", "unknown", "tbd", "various", "generic", "noname", "no name", "null", "unbekannt", "x", "xx", "xxx":
		return ""
	}
	return s
}

// Class is what a part is for.
type Class string

// The classes that the criterion on hardware components names.
const (
	Processor Class = "processor"
	Radio     Class = "radio"
	Memory    Class = "memory"
	Power     Class = "power"
	Sensor    Class = "sensor"
)

var classes = []struct {
	class Class
	in    *regexp.Regexp
}{
	{Sensor, regexp.MustCompile(`sens|microphone|\bmic\b|\bmems\b|mikrofon|camera\b|kamera|imager|accelerometer|gyro|\bimu\b|\bpir\b|radar|\bgnss\b|\bgps\b|metering|thermistor|thermometer|barometer|hygrometer|photodiode|\bcmos\b|current (?:clamp|transformer)|fühler`)},
	{Radio, regexp.MustCompile(`radio|wi-?fi|wlan|bluetooth|\bble\b|zigbee|z-wave|thread|lora|\blte\b|\bnb-?iot\b|\b[2345]g\b|modem|transceiver|\bnfc\b|\buwb\b|dect|funk|antenna`)},
	{Processor, regexp.MustCompile(`processor|\bsoc\b|\bmcu\b|\bcpu\b|\bmpu\b|microcontroller|micro-controller|main chip|controller$|prozessor|mikrocontroller|system on (?:a )?chip`)},
	{Memory, regexp.MustCompile(`memory|flash|\be?mmc\b|\bd?ram\b|\bsdram\b|\bddr\d?|\beeprom\b|\bnand\b|\bnor\b|speicher|\brom\b`)},
	{Power, regexp.MustCompile(`power|\bpsu\b|\bpmic\b|regulator|converter|\bdc ?/ ?dc\b|\bac ?/ ?dc\b|\bldo\b|batter|charger|adapter|transformer|netzteil|akku|wandler|supply`)},
}

// wired are transceivers that are no radio.
var wired = regexp.MustCompile(`ethernet|rs-?485|rs-?232|\bcan\b|\busb\b|\bphy\b|m-?bus|knx`)

// Classes returns the classes of a part by its kind. A module may be of two:
// a radio module with memory, a system on a chip with a radio.
func (p Part) Classes() []Class {
	s := strings.ToLower(p.Text())
	s = s[:min(len(s), 300)] // a kind is a few words
	var out []Class
	for _, c := range classes {
		if !c.in.MatchString(s) || c.class == Radio && wired.MatchString(s) {
			continue
		}
		out = append(out, c.class)
	}
	return out
}

// Is reports whether a part is of a class.
func (p Part) Is(c Class) bool {
	for _, x := range p.Classes() {
		if x == c {
			return true
		}
	}
	return false
}
