package provenance

import (
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
)

// softwareLists asks for lists of software components.
var softwareLists = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindSBOM}, Reader: "sbom"}

// software returns the components that are software of their own. Files are
// parts of components, and keys, data and devices are other lists' matter
// (CycloneDX 1.6, component.type).
func software(f *sbom.Facts) []sbom.Component {
	var out []sbom.Component
	for _, c := range f.Components {
		switch c.Type {
		case "device", "file", "data", "cryptographic-asset":
		default:
			out = append(out, c)
		}
	}
	return out
}

// blank are words that fill a field and say nothing.
var blank = map[string]bool{
	"": true, "unknown": true, "n/a": true, "na": true, "none": true, "null": true, "noassertion": true, "tbd": true,
	"-": true, "*": true, "?": true, "latest": true, "unspecified": true, "undefined": true, "(devel)": true,
}

// said reports whether a field says anything.
func said(s string) bool { return !blank[strings.ToLower(strings.TrimSpace(s))] }

// supplierOf returns who supplies a component: as the list says, else as its
// identifiers say.
//
// A package URL's namespace is "some name prefix such as a Maven groupid, a
// Docker image owner, a GitHub user or organization" (purl-spec, namespace), and a
// CPE's third part is the vendor (NISTIR 7695, 5.3.3.2): whoever owns that
// name is who supplies. CycloneDX says the same of group: "often a shortened,
// single name of the company or project that produced the component".
func supplierOf(c sbom.Component) string {
	switch {
	case said(c.Supplier):
		return c.Supplier
	case said(c.Group):
		return c.Group
	}
	if s := purlOwner(c.PURL); s != "" {
		return s
	}
	if vendor, _ := cpeNames(c.CPE); said(vendor) {
		return vendor
	}
	return ""
}

// cpeNames returns vendor and product of a CPE, in the form of 2.3
// (cpe:2.3:a:vendor:product:...) or the URI of 2.2 (cpe:/a:vendor:product:...;
// NISTIR 7695, 6.1 and 6.2).
func cpeNames(cpe string) (vendor, product string) {
	w := strings.Split(cpe, ":")
	switch {
	case len(w) > 5 && w[0] == "cpe" && w[1] == "2.3":
		w = w[3:]
	case len(w) > 3 && w[0] == "cpe" && strings.HasPrefix(w[1], "/"):
		w = w[2:]
	default:
		return "", ""
	}
	return strings.ReplaceAll(w[0], `\`, ""), strings.ReplaceAll(w[1], `\`, "")
}

// forges are hosts where the next word of a Go module path names the owner;
// the host alone names nobody.
var forges = map[string]bool{
	"github.com": true, "gitlab.com": true, "bitbucket.org": true, "codeberg.org": true, "git.sr.ht": true, "gitee.com": true, "gopkg.in": true,
}

// purlOwner returns the namespace of a package URL where it names an owner.
func purlOwner(purl string) string {
	rest, ok := strings.CutPrefix(purl, "pkg:")
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	w := strings.FieldsFunc(rest, func(r rune) bool { return r == '/' })
	if len(w) < 3 {
		// golang keeps a module at the root of a domain without a namespace:
		// the domain is the owner's.
		if len(w) == 2 && w[0] == "golang" {
			host, _, _ := strings.Cut(w[1], "@")
			if strings.Contains(host, ".") && !forges[host] {
				return host
			}
		}
		return ""
	}
	owner := w[1 : len(w)-1]
	if w[0] == "golang" && forges[owner[0]] {
		owner = owner[1:]
	}
	return strings.Join(owner, "/")
}

// own reports whether the component is the maker's own work: its supplier has
// the name of the maker, of the brand, or of who supplies the product.
func own(d *iotmark.Declaration, f *sbom.Facts, c sbom.Component) bool {
	s := supplierOf(c)
	if s == "" {
		return false
	}
	names := []string{f.Supplier}
	if d != nil {
		names = append(names, d.Maker.Name, d.Maker.Brand)
	}
	if f.Subject != nil {
		names = append(names, supplierOf(*f.Subject))
	}
	is := func(s string) bool {
		for _, n := range names {
			if said(n) && strings.EqualFold(strings.TrimSpace(n), strings.TrimSpace(s)) {
				return true
			}
		}
		return false
	}
	// Some tools write the maker as the supplier of everything.
	owner := purlOwner(c.PURL)
	return is(s) && (owner == "" || is(owner))
}

// label writes a component for people.
func label(c sbom.Component) string {
	s := strings.TrimSpace(c.Name + " " + c.Version)
	if s == "" {
		s = c.Ref
	}
	return check.Quote(s)
}

// names writes the first components of a list for people.
func names(cs []sbom.Component) string {
	var out []string
	for _, c := range cs {
		s := label(c)
		if s == "" {
			s = "(without a name)"
		}
		out = append(out, s)
	}
	return check.List(out)
}

// places points to the first components of a list.
func places(id iotmark.EvidenceID, cs []sbom.Component) []iotmark.Place {
	var out []iotmark.Place
	for _, c := range cs[:min(len(cs), check.Shown)] {
		out = append(out, iotmark.Place{Evidence: id, Line: c.Line, Quote: label(c)})
	}
	return out
}

// few reports whether gaps are so rare that they may be honest unknowns: one
// component in twenty. The minimum elements ask to name "known unknowns" and
// to be lenient with mistakes (NTIA 2021, Practices and Processes), while a list
// with holes in more of it answers no question about a new weakness.
func few(gaps, of int) bool { return gaps*20 <= of }
