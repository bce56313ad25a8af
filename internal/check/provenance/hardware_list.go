package provenance

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/parts"
)

var hardwareLists = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindHBOM}}

// HardwareList looks whether the list of hardware names maker and type of the
// parts that matter when something turns out bad.
var HardwareList = check.Check{
	ID:      "provenance.hardware-list",
	Version: 1,
	Title:   "The list of hardware names maker and type",
	What: "Reads each list of hardware (a table, or CycloneDX with devices). Main chips, radio modules, memory, power parts and sensors need a maker and a type. It fails when the list has no place for them, " +
		"when one of those parts lacks either, or when there is no part at all. Other parts without them, and classes of which no part is found by its words, are left to a person. It passes when nothing is missing.",
	Why:     "When a chip or a batch of batteries turns out bad, only a list tells which products carry it.",
	Satisfy: "Export the main lines of the parts list as CSV with the columns kind, maker and type, for each hardware revision.",
	Limits: "It reads the maker's list and has not seen the board. Classes are found by the words of a part's kind, in English and German. " +
		"A radio module often holds the main chip and the memory; then the list may say so in one line, and a person decides.",
	Cites: []string{
		"Regulation (EU) 2024/2847, Article 13(5) (due diligence on components)",
		"CISA, Hardware Bill of Materials (HBOM) Framework for Supply Chain Risk Management, 2023, appendix A",
		"CycloneDX property taxonomy, cdx:device",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{hardwareLists},
	Run:       hardwareList,
}

const hardwareID = "provenance.hardware-list."

func hardwareList(in check.Input) []iotmark.Finding {
	var out []iotmark.Finding
	var basis []iotmark.EvidenceID
	has := map[parts.Class]bool{}
	n := 0
	for _, it := range in.Items {
		if !hardwareLists.Satisfied(it) {
			continue
		}
		l, ok := parts.Of(it.Facts)
		if !ok {
			out = append(out, check.CannotTell(hardwareID+"no-hardware", []iotmark.EvidenceID{it.ID}, "evidence", string(it.ID)))
			continue
		}
		basis = append(basis, it.ID)
		n += len(l.Parts)
		for _, p := range l.Parts {
			for _, c := range p.Classes() {
				has[c] = true
			}
		}
		out = append(out, lines(it.ID, l)...)
		if l.Cut {
			out = append(out, check.CannotTell(hardwareID+"cut", []iotmark.EvidenceID{it.ID}, "evidence", string(it.ID)))
		}
	}
	if len(basis) > 0 && n > 0 {
		if missing := absent(in, has); len(missing) > 0 {
			out = append(out, check.CannotTell(hardwareID+"class-missing", basis, "n", check.N(len(missing)), "classes", strings.Join(missing, ", ")))
		}
	}
	if len(out) == 0 {
		return []iotmark.Finding{check.Pass(hardwareID+"complete", basis, "n", check.N(n))}
	}
	slices.SortStableFunc(out, func(a, b iotmark.Finding) int {
		return slices.Index(iotmark.Outcomes(), a.Outcome) - slices.Index(iotmark.Outcomes(), b.Outcome)
	})
	return out
}

// lines judges the parts of one list.
func lines(id iotmark.EvidenceID, l parts.List) []iotmark.Finding {
	basis := []iotmark.EvidenceID{id}
	if len(l.Parts) == 0 {
		return []iotmark.Finding{check.Fail(hardwareID+"no-part", basis, "evidence", string(id))}
	}
	var lacks []string
	if !l.HasMaker {
		lacks = append(lacks, "maker")
	}
	if !l.HasType {
		lacks = append(lacks, "type")
	}
	if len(lacks) > 0 {
		f := check.Fail(hardwareID+"no-column", basis, "evidence", string(id), "columns", strings.Join(lacks, ", "))
		f.Places = []iotmark.Place{{Evidence: id, Line: max(l.Parts[0].Line-1, 1)}}
		return []iotmark.Finding{f}
	}
	var main, other []parts.Part
	for _, p := range l.Parts {
		switch {
		case p.Maker != "" && p.Type != "":
		case len(p.Classes()) > 0:
			main = append(main, p)
		default:
			other = append(other, p)
		}
	}
	var out []iotmark.Finding
	if len(main) > 0 {
		out = append(out, gap(check.Fail(hardwareID+"unnamed", basis), id, main))
	}
	if len(other) > 0 {
		out = append(out, gap(check.CannotTell(hardwareID+"other-unnamed", basis), id, other))
	}
	return out
}

// gap names the parts that lack maker or type.
func gap(f iotmark.Finding, id iotmark.EvidenceID, ps []parts.Part) iotmark.Finding {
	var said []string
	for _, p := range ps {
		lack := "maker"
		switch {
		case p.Maker == "" && p.Type == "":
			lack = "maker and type"
		case p.Type == "":
			lack = "type"
		}
		said = append(said, check.Quote(p.Text())+" ("+lack+")")
		if len(f.Places) < 10 {
			f.Places = append(f.Places, iotmark.Place{Evidence: id, Line: p.Line, Quote: check.Quote(strings.TrimSpace(p.Kind + " " + p.Maker + " " + p.Type))})
		}
	}
	more := ""
	if len(said) > 6 {
		said, more = said[:6], ", ..."
	}
	f.Args = map[string]string{"evidence": string(id), "n": check.N(len(ps)), "parts": strings.Join(said, ", ") + more}
	return f
}

// absent returns the classes that the criterion names, that the product must
// have, and of which no part was found.
func absent(in check.Input, has map[parts.Class]bool) []string {
	var out []string
	miss := func(c parts.Class, word string, wanted bool) {
		if wanted && !has[c] {
			out = append(out, word)
		}
	}
	miss(parts.Processor, "main chip", true)
	miss(parts.Radio, "radio module", in.Truths["has_radio"] == iotmark.True)
	miss(parts.Memory, "memory", true)
	miss(parts.Power, "power part", true)
	miss(parts.Sensor, "sensor", len(in.Declaration.Sensors.Items) > 0)
	return out
}
