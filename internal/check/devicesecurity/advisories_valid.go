package devicesecurity

import (
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/advisory"
)

var advisories = check.Need{
	Kinds:   []iotmark.EvidenceKind{iotmark.KindWebPage, iotmark.KindDocument, iotmark.KindVEX},
	Reader:  "advisory",
	Claimed: true,
}

// AdvisoriesValid looks whether each advisory in CSAF can be read by the
// programs it is written for.
var AdvisoriesValid = check.Check{
	ID:      "device-security.advisories-valid",
	Version: 1,
	Title:   "Advisories in CSAF are valid",
	What: "Reads each advisory and VEX statement in CSAF 2.0 that a claim points to. It passes when the file fits the schema and none of the mandatory tests " +
		"6.1.1 to 6.1.33 fails: ids of products are defined once, products stand in one status, scores follow from their vectors, the history of revisions is whole, " +
		"and the profile has what it asks for.",
	Why: "Programs of operators and shops refuse an advisory that breaks the rules, and then nobody is told of the weakness.",
	Satisfy: "Write the advisory with a tool for CSAF such as Secvisogram, let it run the mandatory tests, and mend what it names. " +
		"A page for people beside it is as welcome as before.",
	Limits: "It does not know whether all weaknesses are told, or whether what is told is true. It reads CSAF 2.0; an advisory in another form, or in another version of CSAF, is left to people. " +
		"Names of weaknesses are compared with CWE " + advisory.CWEVersion + " of " + advisory.CWEDate + ". It does not fetch the file, so it does not see where and how it is served.",
	Cites: []string{
		"OASIS CSAF 2.0, sections 3.2 and 6.1",
		"ETSI EN 303 645 V3.1.3, provision 5.2-2",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{advisories},
	Run:       advisoriesValid,
}

func advisoriesValid(in check.Input) []iotmark.Finding {
	const id = "device-security.advisories-valid."
	var out []iotmark.Finding
	for _, r := range check.Facts[*advisory.Facts](in, advisories) {
		f, basis := r.Facts, []iotmark.EvidenceID{r.ID}
		switch {
		case f.Document != advisory.Advisories:
			continue
		case !f.Judged():
			out = append(out, check.CannotTell(id+"other-version", basis, "file", r.Title, "version", f.Version))
			continue
		case f.Valid() && len(f.Undecided) == 0:
			x := check.Pass(id+"valid", basis, "file", r.Title, "id", f.Advisory.ID, "date", string(f.ContentDate()))
			out = append(out, x)
			continue
		}
		out = append(out, schemaProblems(id, r)...)
		for _, t := range f.Failures {
			x := check.Fail(iotmark.MessageID(id+"test-"+strings.ReplaceAll(t.Test, ".", "-")), basis,
				"file", r.Title, "pointer", t.At[0].Pointer, "found", t.At[0].Found, "want", t.At[0].Want)
			for _, s := range t.At[:min(len(t.At), mostPlaces)] {
				x.Places = append(x.Places, iotmark.Place{Evidence: r.ID, Line: s.Line, Quote: check.Quote(strings.TrimSpace(s.Pointer + " " + s.Found))})
			}
			out = append(out, x)
		}
		if len(f.Undecided) > 0 {
			u := f.Undecided[0]
			x := check.CannotTell(id+"newer-weakness", basis, "file", r.Title, "found", u.Found, "version", advisory.CWEVersion)
			x.Places = []iotmark.Place{{Evidence: r.ID, Line: u.Line, Quote: u.Pointer}}
			out = append(out, x)
		}
	}
	if len(out) == 0 {
		return []iotmark.Finding{{Outcome: iotmark.Untested, Message: id + "none"}}
	}
	return out
}

// mostPlaces bounds the places of one finding.
const mostPlaces = 5

// schemaProblems tells what breaks the schema, one finding for each sort of
// problem. The messages begin with id.
func schemaProblems(id string, r check.Read[*advisory.Facts]) []iotmark.Finding {
	var out []iotmark.Finding
	var sorts []string
	for _, p := range r.Facts.Problems {
		i := slices.Index(sorts, p.ID)
		if i < 0 {
			i = len(sorts)
			sorts = append(sorts, p.ID)
			out = append(out, check.Fail(iotmark.MessageID(id+p.ID), []iotmark.EvidenceID{r.ID},
				"file", r.Title, "pointer", pointed(p.Pointer), "want", p.Want, "found", p.Found))
		}
		if x := &out[i]; len(x.Places) < mostPlaces {
			x.Places = append(x.Places, iotmark.Place{Evidence: r.ID, Line: p.Line, Quote: check.Quote(strings.TrimSpace(p.Pointer + " " + p.Found))})
		}
	}
	if r.Facts.More > 0 {
		out = append(out, check.Fail(iotmark.MessageID(id+"more"), []iotmark.EvidenceID{r.ID}, "file", r.Title, "n", strconv.Itoa(r.Facts.More)))
	}
	return out
}

// pointed writes a pointer so that the whole document has a name, too.
func pointed(pointer string) string {
	if pointer == "" {
		return "/"
	}
	return pointer
}
