package advisory

import (
	"slices"
	"strings"
	"unicode"

	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// The profiles of section 4 beside CSAF Base.
const (
	informational = "csaf_informational_advisory"
	incident      = "csaf_security_incident_response"
	security      = "csaf_security_advisory"
	vex           = "csaf_vex"
)

// 6.1.26 Prohibited Document Category Name.
func categoryProhibited(d *doc) {
	n := d.root.Path("document", "category")
	c := str(n)
	if n == nil || d.is(informational, incident, security, vex) {
		return
	}
	bare := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '_' || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, strings.ToLower(c))
	bare = strings.TrimPrefix(bare, "csaf")
	if c != "csaf_base" && strings.HasPrefix(strings.ToLower(c), "csaf_") ||
		slices.Contains([]string{"informationaladvisory", "securityincidentresponse", "securityadvisory", "vex"}, bare) {
		d.tell(n, "/document/category", "")
	}
}

// 6.1.27.1 Document Notes.
func profileNotes(d *doc) {
	notes := d.root.Path("document", "notes")
	if d.is(informational, incident) && !slices.ContainsFunc(notes.Items(), func(n *tree.Node) bool {
		return slices.Contains([]string{"description", "details", "general", "summary"}, str(n.Get("category")))
	}) {
		d.tell(first(notes, d.root.Get("document")), "/document/notes", "")
	}
}

// 6.1.27.2 Document References. A reference without a category is external
// (3.1.10.1).
func profileReferences(d *doc) {
	refs := d.root.Path("document", "references")
	if d.is(informational, incident) && !slices.ContainsFunc(refs.Items(), func(n *tree.Node) bool {
		return n.Get("category") == nil || str(n.Get("category")) == "external"
	}) {
		d.tell(first(refs, d.root.Get("document")), "/document/references", "")
	}
}

// 6.1.27.3 Vulnerabilities, which an informational advisory has not.
func profileNoVulnerabilities(d *doc) {
	if n := d.root.Get("vulnerabilities"); n != nil && d.is(informational) {
		d.tell(n, "/vulnerabilities", "")
	}
}

// 6.1.27.4 Product Tree.
func profileProductTree(d *doc) { profileNeeds(d, "product_tree") }

// 6.1.27.11 Vulnerabilities, which the other profiles have.
func profileVulnerabilities(d *doc) { profileNeeds(d, "vulnerabilities") }

func profileNeeds(d *doc, key string) {
	if d.is(security, vex) && d.root.Get(key) == nil {
		d.tell(d.root, "/"+key, "")
	}
}

// 6.1.27.5 Vulnerability Notes.
func profileVulnerabilityNotes(d *doc) {
	if d.is(security, vex) {
		vulnerabilitiesNeed(d, "notes", "notes")
	}
}

// 6.1.27.6 Product Status.
func profileProductStatus(d *doc) {
	if d.is(security) {
		vulnerabilitiesNeed(d, "product_status", "product_status")
	}
}

// 6.1.27.8 Vulnerability ID.
func vexIdentifier(d *doc) {
	if d.is(vex) {
		vulnerabilitiesNeed(d, "", "cve", "ids")
	}
}

// vulnerabilitiesNeed tells of each vulnerability that has none of the keys.
func vulnerabilitiesNeed(d *doc, name string, keys ...string) {
	for i, v := range d.vulns {
		if !slices.ContainsFunc(keys, func(k string) bool { return v.Get(k) != nil }) {
			d.tell(v, strings.TrimSuffix(vuln(i)+"/"+name, "/"), "")
		}
	}
}

// 6.1.27.7 VEX Product Status.
func vexStatus(d *doc) {
	if !d.is(vex) {
		return
	}
	for i, v := range d.vulns {
		s := v.Get("product_status")
		if !slices.ContainsFunc([]Status{Fixed, KnownAffected, KnownNotAffected, Investigated}, func(k Status) bool { return s.Get(string(k)) != nil }) {
			d.tell(first(s, v), vuln(i)+"/product_status", "")
		}
	}
}

// 6.1.27.9 Impact Statement: why a product is not affected, as a flag or as
// a threat of the category impact.
func vexImpact(d *doc) {
	vexStatement(d, KnownNotAffected, func(v *tree.Node) []*tree.Node {
		out := slices.Clone(v.Get("flags").Items())
		for _, t := range v.Get("threats").Items() {
			if str(t.Get("category")) == "impact" {
				out = append(out, t)
			}
		}
		return out
	})
}

// 6.1.27.10 Action Statement: what to do about a product that is affected.
func vexAction(d *doc) {
	vexStatement(d, KnownAffected, func(v *tree.Node) []*tree.Node { return v.Get("remediations").Items() })
}

// vexStatement tells of each product with a status that none of the
// statements speaks of.
func vexStatement(d *doc, s Status, statements func(v *tree.Node) []*tree.Node) {
	if !d.is(vex) {
		return
	}
	for i, v := range d.vulns {
		list := v.Path("product_status", string(s)).Items()
		if len(list) == 0 {
			continue
		}
		spoken := d.covered(statements(v))
		if d.over {
			return
		}
		for j, n := range list {
			if !spoken[str(n)] {
				d.tell(n, at(vuln(i)+"/product_status/"+string(s), j), "")
			}
		}
	}
}

// first returns the first node that is there.
func first(ns ...*tree.Node) *tree.Node {
	for _, n := range ns {
		if n != nil {
			return n
		}
	}
	return nil
}
