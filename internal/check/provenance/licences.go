package provenance

import (
	"regexp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

// offers asks for what can carry a source offer: evidence that the maker's
// claim on the criterion points to.
var offers = check.Need{
	Kinds: []iotmark.EvidenceKind{
		iotmark.KindSourceRepository, iotmark.KindWebPage,
		// These can carry an offer on paper; only a person can tell.
		iotmark.KindDocument, iotmark.KindStatement, iotmark.KindPackagingArtwork, iotmark.KindPhoto,
	},
	Claimed:  true,
	Optional: true,
}

// Licences looks whether the licence of each component is known, and whether
// the dossier shows where source that is owed is offered.
var Licences = check.Check{
	ID:      "provenance.licences",
	Version: 1,
	Title:   "Licences are known, and source that is owed is offered",
	What: "Reads the licence of each software component. It passes when each is an id of the SPDX list, an expression of such ids, or the maker's own, " +
		"and, where a component's licence owes its source (GPL, LGPL, AGPL, MPL, EPL, CDDL, EUPL and their like), when the claim on the criterion " +
		"points to a page that offers source or to a source repository that is here. Source owed without anything of that kind fails, " +
		"as does a licence missing on more than one component in twenty, and text that is no SPDX id where one must stand.",
	Why: "Source that is owed and withheld takes away the owner's right to mend, and a licence nobody knows cannot be kept.",
	Satisfy: "Write the SPDX id of each licence into the list of components; publish notices and the source of each release, " +
		"and name the page in the claim on provenance.open-licences-honoured.",
	Limits: "It takes the licences from the list and does not read the components. It does not see whether the source offered is complete, belongs to the release, " +
		"or comes with what is needed to build it. Of licences joined by OR it takes the one that owes least. A licence named in free text is left to a person. " +
		"The SPDX list it knows is of 2026; a newer id is left to a person too.",
	Cites: []string{
		"GPL-2.0, section 3", "GPL-3.0, section 6", "LGPL-2.1, sections 4 and 6", "AGPL-3.0, sections 6 and 13", "MPL-2.0, section 3.2",
		"SPDX 2.3, Annex D (licence expressions)", "SPDX License List, ids of 2026",
		"BSI TR-03183-2 v2.1.0, section 6.1 (licences)",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{softwareLists, offers},
	Run:       licences,
}

func licences(in check.Input) []iotmark.Finding {
	var out []iotmark.Finding
	var owed []sbom.Component
	var ids []string
	var basis []iotmark.EvidenceID
	var at []iotmark.Place
	for _, l := range check.Facts[*sbom.Facts](in, softwareLists) {
		parts := software(l.Facts)
		if len(parts) == 0 {
			out = append(out, check.DoesNotApply("provenance.licences.no-software", []iotmark.EvidenceID{l.ID}, "list", l.Title))
			continue
		}
		j := judge(in.Declaration, l.Facts, parts)
		out = append(out, j.findings(l, len(parts))...)
		if len(j.owed) > 0 {
			owed, ids, basis = append(owed, j.owed...), append(ids, j.owedIDs...), append(basis, l.ID)
			at = append(at, places(l.ID, j.owed)...)
		}
	}
	if len(owed) == 0 {
		return out
	}
	f := offer(in, owed, ids, basis)
	f.Places = append(f.Places, at[:min(len(at), check.Shown)]...)
	return append(out, f)
}

// judged sorts the components of one list by what is known of their licence.
// A component stands in at most one of the first four.
type judged struct {
	missing  []sbom.Component      // nothing is said, or that nobody knows
	invalid  []sbom.Component      // text that has not the form it must have
	unlisted []sbom.Component      // of the form, and not on the list
	freeText []sbom.Component      // a name that is no id, of work that is not the maker's
	owed     []sbom.Component      // source is owed
	texts    [invalid + 1][]string // what stands there, by class
	owedIDs  []string
}

// maxTexts bounds the different texts that are kept of one class.
const maxTexts = 50

// The classes of one licence, the worst last.
const (
	known = iota
	freeText
	unlisted
	invalid
)

var (
	// Words in a free text that say that no source is owed.
	closed = regexp.MustCompile(`(?i)\b(proprietary|commercial|closed[- ]source|all rights reserved|public domain|eula|non-?free)\b`)
	// Words in a free text that say that source is probably owed.
	copyleft = regexp.MustCompile(`(?i)\b(A|L)?GPL|\bGNU\b|copyleft|\bMozilla Public\b|\bMPL\b|\bEclipse Public\b|\bEUPL\b|\bCDDL\b|\bAffero\b`)
)

func judge(d *iotmark.Declaration, f *sbom.Facts, parts []sbom.Component) judged {
	var j judged
	refs := map[string]string{}
	for _, o := range f.OwnLicences {
		refs[o.ID] = o.Name
	}
	note := func(to *[]string, s string) {
		if len(*to) <= maxTexts && !slices.Contains(*to, s) {
			*to = append(*to, s)
		}
	}
	for _, c := range parts {
		if !licensed(c) {
			j.missing = append(j.missing, c)
			continue
		}
		worst, owes := known, false
		mine := own(d, f, c)
		for _, l := range c.Licences {
			class, o, what := classify(l, refs, mine)
			if class > known {
				note(&j.texts[class], what)
			}
			if o {
				owes = true
				note(&j.owedIDs, what)
			}
			worst = max(worst, class)
		}
		switch worst {
		case invalid:
			j.invalid = append(j.invalid, c)
		case unlisted:
			j.unlisted = append(j.unlisted, c)
		case freeText:
			j.freeText = append(j.freeText, c)
		}
		// The maker owes nobody the source of work that is all its own.
		if owes && !mine {
			j.owed = append(j.owed, c)
		}
	}
	return j
}

// classify says how well one licence is known, whether it owes source, and
// how it is written.
func classify(l sbom.Licence, refs map[string]string, mine bool) (class int, owes bool, what string) {
	what = check.Quote(first(l.Expression, l.ID, l.Name))
	if l.Expression == "" && l.ID == "" {
		return classifyName(l.Name, mine), nameOwes(l.Name), what
	}
	if w := first(l.Expression, l.ID); strings.EqualFold(w, "NONE") || strings.EqualFold(w, "NOASSERTION") {
		return known, false, what // one of several; alone it counts as missing
	}
	e, err := parseExpression(first(l.Expression, l.ID))
	if err != nil {
		return invalid, copyleft.MatchString(what), what
	}
	owes = e.owesSource()
	e.each(func(x *expression) {
		c := known
		switch {
		case isRef(x.id):
			name := first(refs[x.id], strings.TrimPrefix(x.id, "LicenseRef-"))
			c = classifyName(name, mine)
			owes = owes || nameOwes(name)
		case !x.listed || !x.exceptionOK:
			c = unlisted
		}
		class = max(class, c)
	})
	return class, owes, what
}

// classifyName takes a licence that is named in free text.
func classifyName(name string, mine bool) int {
	if e, err := parseExpression(name); err == nil {
		ok := true
		e.each(func(x *expression) { ok = ok && x.listed && x.exceptionOK })
		if ok {
			return known
		}
	}
	if mine || closed.MatchString(strings.ReplaceAll(name, "_", " ")) {
		return known
	}
	return freeText
}

// nameOwes reports whether a free text is the name of a licence that owes
// source.
func nameOwes(name string) bool {
	if e, err := parseExpression(name); err == nil && e.owesSource() {
		return true
	}
	return copyleft.MatchString(name)
}

func first(s ...string) string {
	for _, x := range s {
		if x != "" {
			return x
		}
	}
	return ""
}

func (j judged) findings(l check.Read[*sbom.Facts], of int) []iotmark.Finding {
	var out []iotmark.Finding
	add := func(o func(iotmark.MessageID, []iotmark.EvidenceID, ...string) iotmark.Finding, id string, cs []sbom.Component, class int) {
		if len(cs) == 0 {
			return
		}
		f := o(iotmark.MessageID("provenance.licences."+id), []iotmark.EvidenceID{l.ID},
			"list", l.Title, "n", check.N(len(cs)), "of", check.N(of), "names", names(cs), "texts", check.List(j.texts[class]))
		f.Places = places(l.ID, cs)
		out = append(out, f)
	}
	add(check.Fail, "invalid", j.invalid, invalid)
	if few(len(j.missing), of) {
		add(check.CannotTell, "few-missing", j.missing, known)
	} else {
		add(check.Fail, "missing", j.missing, known)
	}
	add(check.CannotTell, "unlisted", j.unlisted, unlisted)
	add(check.CannotTell, "free-text", j.freeText, freeText)
	if len(out) == 0 {
		out = append(out, check.Pass("provenance.licences.known", []iotmark.EvidenceID{l.ID}, "list", l.Title, "n", check.N(of)))
	}
	return out
}

// offersSource are words by which a page speaks of source that can be had.
var offersSource = regexp.MustCompile(`(?i)\bsource[- ]?(code|archive|tree|tarball|packages?|files?|offer|releases?)\b|\boffer\b.{0,80}\bsource\b|\bsources?\b.{0,80}\b(download|available|request|archive|repository)|` +
	`\b(download|available|request|repository)\b.{0,80}\bsources?\b|quellcode|quelltext|code source|codice sorgente|c[o\x{f3}]digo[- ]fuente|c[o\x{f3}]digo[- ]fonte|broncode|k[a\x{e4}]llkod|kildekode|l\x{e4}hdekoodi|kod \x{17a}r[o\x{f3}]d\x{142}owy`)

// offer looks for a source offer. GPL-2.0, section 3, and GPL-3.0, section 6,
// let the maker choose how to give source; an offer that nobody is pointed to
// is none.
func offer(in check.Input, owed []sbom.Component, ids []string, basis []iotmark.EvidenceID) iotmark.Finding {
	var found, silent, elsewhere, other *check.Item
	hold := func(to **check.Item, it *check.Item) {
		if *to == nil {
			*to = it
		}
	}
	for i := range in.Items {
		it := &in.Items[i]
		if !offers.Fits(*it) {
			continue
		}
		page := it.Kind == iotmark.KindWebPage
		switch {
		case it.Standing == iotmark.Elsewhere || it.Standing == iotmark.Withheld:
			hold(&elsewhere, it)
		case it.Standing != iotmark.Held && it.Standing != iotmark.Unopened:
		case it.Kind == iotmark.KindSourceRepository:
			hold(&found, it)
		case page && speaksOfSource(*it):
			hold(&found, it)
		case page && it.Facts != nil:
			hold(&silent, it)
		default:
			hold(&other, it)
		}
	}
	args := []string{"n", check.N(len(owed)), "names", names(owed), "licences", check.List(slices.Compact(slices.Sorted(slices.Values(ids))))}
	for _, x := range []struct {
		it *check.Item
		as func(iotmark.MessageID, []iotmark.EvidenceID, ...string) iotmark.Finding
		id iotmark.MessageID
	}{
		{found, check.Pass, "provenance.licences.offered"},
		{elsewhere, check.CannotTell, "provenance.licences.offer-elsewhere"},
		{other, check.CannotTell, "provenance.licences.offer-on-paper"},
		{silent, check.CannotTell, "provenance.licences.offer-silent"},
	} {
		if x.it != nil {
			f := x.as(x.id, append(slices.Clone(basis), x.it.ID), append(args, "offer", x.it.Title)...)
			f.Places = []iotmark.Place{{Evidence: x.it.ID}}
			return f
		}
	}
	return check.Fail("provenance.licences.no-offer", basis, args...)
}

// speaksOfSource reports whether a page was read and speaks of source code.
func speaksOfSource(it check.Item) bool {
	f, ok := it.Facts.(*text.Facts)
	return ok && slices.ContainsFunc(f.Blocks, func(b text.Block) bool { return offersSource.MatchString(b.Text) })
}
