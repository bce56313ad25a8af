package sbom

import (
	"strings"
)

// The versions of SPDX that are read (ISO/IEC 5962:2021 is 2.2.1, which
// writes itself as 2.2).
var spdxVersions = map[string]bool{"2.2": true, "2.3": true}

const spdxWant = "SPDX 2.3"

// spdxEnd checks the version and finds the subject, when all was read.
func (l *list) spdxEnd(version string) error {
	v, ok := strings.CutPrefix(version, "SPDX-")
	switch {
	case strings.HasPrefix(v, "3."):
		return spdx3()
	case !ok || !spdxVersions[v]:
		return wrongVersion("SPDX", v, spdxWant)
	}
	l.f.Format, l.f.SpecVersion = SPDX, v
	// An SPDX list is about what it describes. When it describes several
	// packages, none of them alone is the subject.
	at := -1
	for i, c := range l.f.Components {
		if l.described[c.Ref] {
			if at >= 0 {
				return nil
			}
			at = i
		}
	}
	if at >= 0 {
		c := l.f.Components[at]
		l.f.Subject = &c
		l.f.Components = append(l.f.Components[:at], l.f.Components[at+1:]...)
	}
	return nil
}

func spdx3() error {
	return refuse("sbom-spdx-3", "this is SPDX 3, which is not read yet; export the same list as SPDX 2.3 or CycloneDX 1.6 and hand that in")
}

// spdx3 refuses a document whose JSON-LD context is that of SPDX 3.
func (l *list) spdx3(p *parser) {
	one := func() {
		if p.peek() != '"' {
			p.skip()
			return
		}
		if strings.Contains(p.text("@context", maxName), "spdx.org/rdf/3") {
			p.fail(spdx3())
		}
	}
	if p.peek() == '[' {
		p.array("@context", one)
		return
	}
	one()
}

func (l *list) spdxCreation(p *parser) {
	p.object("creationInfo", func(n string) {
		switch n {
		case "created":
			l.f.Created = dateOf(p.text(n, maxName))
		case "creators":
			p.array(n, func() { p.fail(l.creator(p.text(n, maxName))) })
		default:
			p.skip()
		}
	})
}

// creator sorts "Tool: x", "Person: x" and "Organization: x".
func (l *list) creator(s string) error {
	kind, name, _ := strings.Cut(s, ":")
	name = strings.TrimSpace(name)
	if name == "" {
		return nil
	}
	if strings.TrimSpace(kind) == "Tool" {
		l.f.Tools = append(l.f.Tools, name)
	} else {
		l.f.Authors = append(l.f.Authors, party(s))
	}
	return l.keep()
}

// party returns the name in "Organization: name (email)", and nothing for
// NOASSERTION.
func party(s string) string {
	if s == noAssertion {
		return ""
	}
	for _, kind := range []string{"Organization:", "Person:"} {
		if rest, ok := strings.CutPrefix(s, kind); ok {
			s = strings.TrimSpace(rest)
			break
		}
	}
	if i := strings.LastIndexByte(s, '('); i > 0 && strings.HasSuffix(s, ")") {
		s = s[:i]
	}
	s = strings.TrimSpace(s)
	if s == noAssertion {
		return ""
	}
	return s
}

// The two words SPDX has for the absence of a value.
const (
	noAssertion = "NOASSERTION"
	none        = "NONE"
)

// asserted returns the text, and nothing when it is one of the two words.
func asserted(s string) string {
	if s == noAssertion || s == none {
		return ""
	}
	return s
}

// spdxPart is a package while it is read.
type spdxPart struct {
	Component
	supplier, originator string
	concluded, declared  string
}

// done closes the package.
func (s *spdxPart) done() Component {
	c := s.Component
	c.Supplier = first(party(s.supplier), party(s.originator))
	// The concluded licence is what holds, in the eyes of who made the list;
	// the declared one is what the authors said (SPDX 2.3, 7.13 and 7.15).
	// Where both are left open, that is kept too.
	lic := s.concluded
	if lic == "" || lic == noAssertion {
		lic = first(s.declared, s.concluded)
	}
	if lic != "" {
		c.Licences = []Licence{{Expression: lic}}
	}
	return c
}

func (s *spdxPart) purpose(p string) {
	s.Type = strings.ReplaceAll(strings.ToLower(p), "_", "-")
}

// algorithm writes SHA256 the way CycloneDX does, SHA-256, so that one name
// stands for one algorithm.
func algorithm(s string) string {
	if rest, ok := strings.CutPrefix(s, "SHA"); ok && rest != "" && !strings.Contains(rest, "-") {
		return "SHA-" + rest
	}
	return s
}

// external takes one external reference (SPDX 2.3, Annex F). The type is an
// IRI (clause 7.21.1); tools write its last word alone or, as the builds of
// OpenEmbedded do, the whole of it.
func (s *spdxPart) external(kind, locator string) {
	switch kind[strings.LastIndexByte(kind, '/')+1:] {
	case "purl":
		s.PURL = first(s.PURL, locator)
	case "cpe23Type":
		s.CPE = locator
	case "cpe22Type":
		s.CPE = first(s.CPE, locator)
	case "swid", "swh", "gitoid":
		s.SWID = first(s.SWID, locator)
	}
}

func (l *list) spdxPackage(p *parser) {
	i, err := l.add()
	if err != nil {
		p.fail(err)
		return
	}
	p.peek()
	s := spdxPart{Component: Component{Line: p.here()}}
	p.object("a package", func(n string) {
		switch n {
		case "SPDXID":
			s.Ref = p.text(n, maxName)
		case "name":
			s.Name = p.text(n, maxName)
		case "versionInfo":
			s.Version = asserted(p.text(n, maxName))
		case "supplier":
			s.supplier = p.text(n, maxName)
		case "originator":
			s.originator = p.text(n, maxName)
		case "licenseConcluded":
			s.concluded = p.text(n, maxName)
		case "licenseDeclared":
			s.declared = p.text(n, maxName)
		case "copyrightText":
			s.Copyright = asserted(p.text(n, maxNote))
		case "primaryPackagePurpose":
			s.purpose(p.text(n, maxName))
		case "checksums":
			p.array(n, func() {
				k, v := cdxPair(p, "algorithm", "checksumValue")
				s.Hashes = put(s.Hashes, algorithm(k), v, maxHashes)
				p.fail(l.keep())
			})
		case "externalRefs":
			p.array(n, func() { s.external(cdxPair(p, "referenceType", "referenceLocator")) })
		default:
			p.skip()
		}
	})
	l.f.Components[i] = s.done()
}

func (l *list) spdxRelationship(p *parser) {
	var from, kind, to string
	p.object("a relationship", func(n string) {
		switch n {
		case "spdxElementId":
			from = p.text(n, maxName)
		case "relationshipType":
			kind = p.text(n, maxName)
		case "relatedSpdxElement":
			to = p.text(n, maxName)
		default:
			p.skip()
		}
	})
	p.fail(l.spdxRelation(from, kind, to))
}

// spdxRelation takes one relation (SPDX 2.3, clause 11). NONE says that there
// is none and NOASSERTION that nobody knows.
func (l *list) spdxRelation(from, kind, to string) error {
	switch {
	case kind == "DESCRIBES":
		return l.describe(to)
	case kind == "DESCRIBED_BY":
		return l.describe(from)
	case to == none:
		return l.mark(from)
	case to == noAssertion:
		l.partial = true
		return nil
	}
	return l.relation(from, to)
}

func (l *list) describe(id string) error {
	if id == "" || l.described[id] {
		return nil
	}
	if l.described == nil {
		l.described = map[string]bool{}
	}
	l.described[id] = true
	return l.keep()
}

func (l *list) spdxLicence(p *parser) {
	id, name := cdxPair(p, "licenseId", "name")
	p.fail(l.ownLicence(id, name))
}

func (l *list) ownLicence(id, name string) error {
	if id == "" {
		return nil
	}
	l.f.OwnLicences = append(l.f.OwnLicences, OwnLicence{ID: id, Name: asserted(name)})
	return l.keep()
}
