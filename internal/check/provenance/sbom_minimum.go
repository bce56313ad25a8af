package provenance

import (
	"slices"
	"strings"
	"unicode"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
)

// SBOMMinimum looks whether each list of software components says what is
// needed to find out, later, whether the product is hit by a new weakness.
var SBOMMinimum = check.Check{
	ID:      "provenance.sbom-minimum",
	Version: 2,
	Title:   "The list of software components says what it must",
	What: "Reads each list of software components (CycloneDX 1.2 to 1.7, SPDX 2.2 and 2.3). It passes when the list names its product with the version " +
		"the declaration gives, the day and an author or tool, and for every component a name, a version, a supplier, a licence and an identifier. " +
		"A name missing once fails. A version, supplier, licence or identifier missing on more than one component in twenty fails; " +
		"on fewer it is left to a person, since some cannot be known. The newest release of each device, hub and app needs a list.",
	Why: "When a common component turns out bad, only a list tells who is hit, and a component without a version or an identifier cannot be looked up.",
	Satisfy: "Let the build write a CycloneDX or SPDX file for each release, fill in supplier and licence of what the tool does not know, " +
		"and point to it from software[].sbom.",
	Limits: "It cannot see what is not in the list, nor whether what is there is true. An owner in a package URL, the group and the vendor in a CPE count as the supplier. " +
		"The maker's own components need no identifier, since no database holds them. Relations between components are told, not asked for: " +
		"the criterion does not name them. Files, keys and devices in the list are not counted. The line that a tool writes of the distribution (\"debian 12\") needs name and version only. Older releases are not asked for their lists.",
	Cites: []string{
		"NTIA, The Minimum Elements For a Software Bill of Materials, 2021-07-12, Data Fields, and Practices and Processes (known unknowns)",
		"BSI TR-03183-2 v2.1.0, section 5.2 (required data fields)",
		"CISA, Framing Software Component Transparency, third edition, 2024, section 2.2 (baseline attributes)",
		"Regulation (EU) 2024/2847, Annex I, Part II (1)",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{softwareLists},
	Run:       sbomMinimum,
}

func sbomMinimum(in check.Input) []iotmark.Finding {
	lists := check.Facts[*sbom.Facts](in, softwareLists)
	var out []iotmark.Finding
	for _, l := range lists {
		out = append(out, minimumOf(in.Declaration, l)...)
	}
	return append(out, releases(in, lists)...)
}

// minimumOf looks at one list. It returns one finding for each matter, or a
// passed one.
func minimumOf(d *iotmark.Declaration, l check.Read[*sbom.Facts]) []iotmark.Finding {
	f, basis := l.Facts, []iotmark.EvidenceID{l.ID}
	parts := software(f)
	if len(parts) == 0 {
		return []iotmark.Finding{check.Fail("provenance.sbom-minimum.empty", basis, "list", l.Title)}
	}
	var out []iotmark.Finding
	out = append(out, subject(d, l)...)
	if f.Created == "" {
		out = append(out, check.Fail("provenance.sbom-minimum.undated", basis, "list", l.Title))
	}
	if !authored(f) {
		out = append(out, check.Fail("provenance.sbom-minimum.no-author", basis, "list", l.Title))
	}
	out = append(out, gaps(d, l, parts)...)
	if f.Format == sbom.CycloneDX && f.Completeness == sbom.Incomplete {
		// In SPDX the same word only says that relations are not known.
		out = append(out, check.CannotTell("provenance.sbom-minimum.says-incomplete", basis, "list", l.Title))
	}
	if len(out) > 0 {
		return out
	}
	m := iotmark.MessageID("provenance.sbom-minimum.complete")
	if !related(parts) {
		m = "provenance.sbom-minimum.complete-flat"
	}
	return []iotmark.Finding{check.Pass(m, basis, "list", l.Title, "n", check.N(len(ofTheirOwn(parts))), "product", label(*f.Subject))}
}

// ofProduct reports whether the name of what a list is about shares a word of
// three letters, or the model, with what the declaration says of the product.
// Builds name an image in many ways; a name with nothing in common may be the
// list of something else, and a person looks.
func ofProduct(d *iotmark.Declaration, name string) bool {
	known := []string{d.Product.Name, d.Product.Model, d.Product.Kind, d.Maker.Name, d.Maker.Brand}
	for _, p := range d.Parts {
		known = append(known, p.Name)
	}
	flat := strings.Join(words(name), "")
	for _, k := range known {
		ws := words(k)
		if j := strings.Join(ws, ""); len(j) >= 3 && strings.Contains(flat, j) {
			return true
		}
		for _, w := range ws {
			if len(w) >= 3 && strings.Contains(flat, w) {
				return true
			}
		}
	}
	return false
}

// words splits a name at everything that is neither letter nor digit.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// authored reports whether the list says who or what made it. Who supplies
// the product answers for the list that comes with it.
func authored(f *sbom.Facts) bool {
	return len(f.Authors) > 0 || len(f.Tools) > 0 || said(f.Supplier) || f.Subject != nil && said(f.Subject.Supplier)
}

// related reports whether the list relates components to each other.
func related(parts []sbom.Component) bool {
	return slices.ContainsFunc(parts, func(c sbom.Component) bool { return c.Related })
}

// subject looks at what the list is about, and whether that is a release the
// declaration names.
func subject(d *iotmark.Declaration, l check.Read[*sbom.Facts]) []iotmark.Finding {
	basis := []iotmark.EvidenceID{l.ID}
	s := l.Facts.Subject
	if s == nil || !said(s.Name) {
		return []iotmark.Finding{check.CannotTell("provenance.sbom-minimum.no-subject", basis, "list", l.Title)}
	}
	at := iotmark.Place{Evidence: l.ID, Line: s.Line, Quote: label(*s)}
	var out []iotmark.Finding
	if d != nil && d.Product.Name != "" && !ofProduct(d, s.Name) {
		f := check.CannotTell("provenance.sbom-minimum.subject-unlike", basis, "list", l.Title, "found", s.Name, "product", d.Product.Name)
		f.Places = []iotmark.Place{at}
		out = append(out, f)
	}
	point := func(f iotmark.Finding) []iotmark.Finding {
		f.Places = append([]iotmark.Place{at}, f.Places...)
		return append(out, f)
	}
	if !said(s.Version) {
		return point(check.CannotTell("provenance.sbom-minimum.subject-unversioned", basis, "list", l.Title, "product", s.Name))
	}
	if d == nil || len(d.Software) == 0 {
		return point(check.CannotTell("provenance.sbom-minimum.no-release", basis, "list", l.Title, "found", s.Version))
	}
	var linked *iotmark.Software
	at2 := 0
	for i, e := range d.Software {
		if e.SBOM != l.ID {
			continue
		}
		if sameVersion(e.Version, s.Version) {
			return out
		}
		if linked == nil {
			linked, at2 = &d.Software[i], i
		}
	}
	if linked != nil {
		f := check.Fail("provenance.sbom-minimum.version-differs", basis,
			"list", l.Title, "part", string(linked.Part), "declared", linked.Version, "found", s.Version)
		f.Places = []iotmark.Place{{Path: "software." + check.N(at2+1) + ".version", Quote: check.Quote(linked.Version)}}
		return point(f)
	}
	for _, e := range d.Software {
		if sameVersion(e.Version, s.Version) && about(l.Item, e.Part) {
			return out
		}
	}
	return point(check.CannotTell("provenance.sbom-minimum.version-elsewhere", basis, "list", l.Title, "found", s.Version))
}

// about reports whether a piece of evidence may be about the part.
func about(it check.Item, p iotmark.PartName) bool {
	return len(it.About) == 0 || slices.Contains(it.About, p)
}

// sameVersion compares two versions the way people write them: a leading v
// and build metadata (Semantic Versioning 2.0.0, item 10) make no difference.
func sameVersion(a, b string) bool {
	norm := func(s string) string {
		s = strings.ToLower(strings.TrimSpace(s))
		s, _, _ = strings.Cut(s, "+")
		if len(s) > 1 && s[0] == 'v' && '0' <= s[1] && s[1] <= '9' {
			s = s[1:]
		}
		return s
	}
	return norm(a) == norm(b)
}

// element is one thing that is asked of every component.
type element struct {
	id     string // of the message; "few-" before it when only few lack it
	lacks  func(sbom.Component) bool
	always bool // one gap fails
	all    bool // asked of the distribution too
}

// distribution reports whether a component is the line that a tool writes of
// the system it found the other components in, such as "debian 12": what the
// packages beside it are of, and no part of its own. An operating system that
// the list says more of, such as its licence, is a component like any other.
func distribution(c sbom.Component) bool {
	return c.Type == "operating-system" && c.PURL == "" && !said(c.Supplier) && !licensed(c)
}

// ofTheirOwn leaves the distribution out, unless nothing else is there.
func ofTheirOwn(parts []sbom.Component) []sbom.Component {
	out := slices.DeleteFunc(slices.Clone(parts), distribution)
	if len(out) == 0 {
		return parts
	}
	return out
}

// gaps looks at every component.
func gaps(d *iotmark.Declaration, l check.Read[*sbom.Facts], parts []sbom.Component) []iotmark.Finding {
	elements := []element{
		{id: "no-name", lacks: func(c sbom.Component) bool { return !said(c.Name) }, always: true, all: true},
		{id: "no-version", lacks: func(c sbom.Component) bool { return !said(c.Version) }, all: true},
		{id: "no-supplier", lacks: func(c sbom.Component) bool { return supplierOf(c) == "" }},
		{id: "no-licence", lacks: func(c sbom.Component) bool { return !licensed(c) }},
		{id: "no-identifier", lacks: func(c sbom.Component) bool { return !c.Identified() && !own(d, l.Facts, c) }},
	}
	var out []iotmark.Finding
	for _, e := range elements {
		var lacking []sbom.Component
		asked := parts
		if !e.all {
			asked = ofTheirOwn(parts)
		}
		for _, c := range asked {
			if e.lacks(c) {
				lacking = append(lacking, c)
			}
		}
		if len(lacking) == 0 {
			continue
		}
		args := []string{"list", l.Title, "n", check.N(len(lacking)), "of", check.N(len(asked)), "names", names(lacking)}
		f := check.Fail(iotmark.MessageID("provenance.sbom-minimum."+e.id), []iotmark.EvidenceID{l.ID}, args...)
		if !e.always && few(len(lacking), len(asked)) {
			f = check.CannotTell(iotmark.MessageID("provenance.sbom-minimum.few-"+e.id), []iotmark.EvidenceID{l.ID}, args...)
		}
		f.Places = places(l.ID, lacking)
		out = append(out, f)
	}
	return out
}

// licensed reports whether the list says anything about the licence.
func licensed(c sbom.Component) bool {
	return slices.ContainsFunc(c.Licences, func(l sbom.Licence) bool { return said(l.ID) || said(l.Name) || said(l.Expression) })
}

// releases looks whether the newest release of each part the criterion names
// has a list. A list that is not here may exist all the same, since a maker
// may show it to the assessor only: the outcome is then cantTell.
func releases(in check.Input, lists []check.Read[*sbom.Facts]) []iotmark.Finding {
	if in.Declaration == nil {
		return nil
	}
	var out []iotmark.Finding
	for _, part := range []iotmark.PartName{iotmark.Device, iotmark.Hub, iotmark.App} {
		at := -1
		for i, s := range in.Declaration.Software {
			if s.Part == part && (at < 0 || s.Released > in.Declaration.Software[at].Released) {
				at = i
			}
		}
		if at < 0 {
			continue
		}
		s := in.Declaration.Software[at]
		read := slices.ContainsFunc(lists, func(l check.Read[*sbom.Facts]) bool {
			v := ""
			if l.Facts.Subject != nil {
				v = l.Facts.Subject.Version
			}
			return l.ID == s.SBOM || s.SBOM == "" && said(v) && sameVersion(v, s.Version) && about(l.Item, part)
		})
		if read {
			continue
		}
		m := iotmark.MessageID("provenance.sbom-minimum.release-without-list")
		if s.SBOM != "" {
			m = "provenance.sbom-minimum.release-unread"
		}
		f := check.CannotTell(m, nil, "part", string(part), "version", s.Version, "evidence", string(s.SBOM))
		f.Places = []iotmark.Place{{Path: "software." + check.N(at+1), Quote: check.Quote(s.Version)}}
		out = append(out, f)
	}
	return out
}
