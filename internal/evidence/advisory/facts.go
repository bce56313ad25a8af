// Package advisory reads what makers publish about weaknesses: advisories of
// CSAF 2.0 (OASIS Standard, 18 November 2022), a VEX among them, and the two
// files by which programs find them, provider-metadata.json and
// aggregator.json.
//
// It holds each file against the schema of its kind and an advisory against
// the mandatory tests 6.1.1 to 6.1.33, each a function of its own. What it
// refuses to do: fetch anything, follow an address, verify a signature, look
// at the clock, or guess what a field that breaks the schema was meant to
// say. What can go wrong: an advisory of another version of CSAF is named and
// not judged; a file over the limits is refused as a whole.
package advisory

import (
	"github.com/open-iot-mark/iotmark"
)

// Document is the kind of a file.
type Document string

// The three kinds of files.
const (
	Advisories Document = "advisory"          // one advisory
	Provider   Document = "provider-metadata" // who publishes advisories, and where
	Aggregator Document = "aggregator"        // a list of providers
)

// Facts are what was read out of one file.
type Facts struct {
	Document   Document    `json:"document"`
	Version    string      `json:"version"` // of CSAF, as the file states it; only 2.0 is judged
	Advisory   *Advisory   `json:"advisory,omitempty"`
	Provider   *Metadata   `json:"provider,omitempty"`
	Aggregator *Collection `json:"aggregator,omitempty"`
	Problems   []Problem   `json:"problems,omitempty"` // against the schema, at most 100
	More       int         `json:"more,omitempty"`     // problems beyond those
	Failures   []Failure   `json:"failures,omitempty"` // of mandatory tests, in their order
	// Undecided are places that test 6.1.11 could not judge: a weakness newer
	// than the list of CWE that is known here.
	Undecided []Spot `json:"undecided,omitempty"`
}

// Judged reports whether the file was held against the schema and the tests.
func (f *Facts) Judged() bool { return f.Version == "2.0" }

// Valid reports whether the file breaks no rule of CSAF 2.0.
func (f *Facts) Valid() bool { return f.Judged() && len(f.Problems) == 0 && len(f.Failures) == 0 }

// ContentDate returns the day of the current release, or that of the last
// update of a provider's or aggregator's file.
func (f *Facts) ContentDate() iotmark.Date {
	switch {
	case f.Advisory != nil:
		return day(f.Advisory.Released)
	case f.Provider != nil:
		return day(f.Provider.Updated)
	case f.Aggregator != nil:
		return day(f.Aggregator.Updated)
	}
	return ""
}

// day returns the day, in UTC, of a date-time of RFC 3339.
func day(s string) iotmark.Date {
	t, ok := instant(s)
	if !ok {
		return ""
	}
	return iotmark.DateOf(t.UTC())
}

// Problem is one place that breaks the schema.
type Problem struct {
	ID      string `json:"id"`              // what is wrong, such as missing or form
	Pointer string `json:"pointer"`         // to the value (RFC 6901)
	Line    int    `json:"line,omitempty"`  // from 1
	Want    string `json:"want,omitempty"`  // name, type or words that were asked for, or an example of the form
	Found   string `json:"found,omitempty"` // what stands there, at most 80 characters
}

// Failure is one mandatory test that fails.
type Failure struct {
	Test  string `json:"test"`  // number of the section, such as 6.1.1
	Count int    `json:"count"` // places at which it fails
	At    []Spot `json:"at"`    // the first of them, at most 10
}

// Spot is one place at which a test fails.
type Spot struct {
	Pointer string `json:"pointer"`
	Line    int    `json:"line,omitempty"`
	Found   string `json:"found,omitempty"` // what stands there, at most 80 characters
	Want    string `json:"want,omitempty"`  // what would be right, where that is known
}

// Publisher is who speaks (3.2.1.8).
type Publisher struct {
	Category  string `json:"category,omitempty"`
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace,omitempty"` // a URI
}

// Advisory is what one advisory says. Texts are cut at 300 characters.
type Advisory struct {
	Category        string          `json:"category"` // csaf_vex, csaf_security_advisory, or a name of the publisher's
	Title           string          `json:"title,omitempty"`
	Language        string          `json:"language,omitempty"`
	Publisher       Publisher       `json:"publisher"`
	TLP             string          `json:"tlp,omitempty"` // WHITE, GREEN, AMBER, RED
	ID              string          `json:"id,omitempty"`
	Aliases         []string        `json:"aliases,omitempty"`
	Status          string          `json:"status,omitempty"` // draft, interim, final
	Revision        string          `json:"revision,omitempty"`
	First           string          `json:"first,omitempty"`    // initial release, RFC 3339
	Released        string          `json:"released,omitempty"` // current release, RFC 3339
	History         []Revision      `json:"history,omitempty"`
	Products        []Product       `json:"products,omitempty"`
	Vulnerabilities []Vulnerability `json:"vulnerabilities,omitempty"`
	References      []Reference     `json:"references,omitempty"`
	// Cut says that there is more in the file than these lists hold: at most
	// 5,000 products, 2,000 vulnerabilities, 50,000 mentions of products, and
	// 500 of anything else.
	Cut bool `json:"cut,omitempty"`
}

// VEX reports whether the advisory has the profile VEX (section 4.5).
func (a *Advisory) VEX() bool { return a.Category == "csaf_vex" }

// Product returns the product of an id, and false when there is none.
func (a *Advisory) Product(id string) (Product, bool) {
	for _, p := range a.Products {
		if p.ID == id {
			return p, true
		}
	}
	return Product{}, false
}

// Revision is one item of the revision history.
type Revision struct {
	Date    string `json:"date"` // RFC 3339
	Number  string `json:"number"`
	Summary string `json:"summary,omitempty"`
}

// Product is one product of the tree. What stands on the branches above it
// is given with it.
type Product struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Vendor  string `json:"vendor,omitempty"`
	Product string `json:"product,omitempty"` // name on the branch
	Version string `json:"version,omitempty"` // of one version
	Range   string `json:"range,omitempty"`   // of versions, as written
	Line    int    `json:"line,omitempty"`
}

// Status is a list of the product status (3.2.3.9).
type Status string

// The lists of the product status.
const (
	FirstAffected    Status = "first_affected"
	FirstFixed       Status = "first_fixed"
	Fixed            Status = "fixed"
	KnownAffected    Status = "known_affected"
	KnownNotAffected Status = "known_not_affected"
	LastAffected     Status = "last_affected"
	Recommended      Status = "recommended"
	Investigated     Status = "under_investigation"
)

var statusNames = []Status{FirstAffected, FirstFixed, Fixed, KnownAffected, KnownNotAffected, LastAffected, Recommended, Investigated}

// justifications are the labels of flags that VEX knows (3.2.3.5).
var justifications = []string{"component_not_present", "inline_mitigations_already_exist", "vulnerable_code_cannot_be_controlled_by_adversary",
	"vulnerable_code_not_in_execute_path", "vulnerable_code_not_present"}

// Vulnerability is one item of the vulnerabilities.
type Vulnerability struct {
	CVE          string              `json:"cve,omitempty"`
	IDs          []string            `json:"ids,omitempty"` // of other systems
	Title        string              `json:"title,omitempty"`
	CWE          string              `json:"cwe,omitempty"`
	Scores       []Score             `json:"scores,omitempty"`
	Status       map[Status][]string `json:"status,omitempty"` // ids of products
	Remediations []Remediation       `json:"remediations,omitempty"`
	References   []Reference         `json:"references,omitempty"`
	Line         int                 `json:"line,omitempty"`
}

// Score is one CVSS object, with the values that the file gives.
type Score struct {
	Version  string   `json:"version"` // 2.0, 3.0, 3.1
	Vector   string   `json:"vector"`
	Base     string   `json:"base"` // as written, such as 9.8
	Severity string   `json:"severity,omitempty"`
	Products []string `json:"products,omitempty"`
}

// Remediation is what owners can do.
type Remediation struct {
	Category string   `json:"category"` // mitigation, no_fix_planned, none_available, vendor_fix, workaround
	Date     string   `json:"date,omitempty"`
	Details  string   `json:"details,omitempty"`
	URL      string   `json:"url,omitempty"`
	Products []string `json:"products,omitempty"`
	Groups   []string `json:"groups,omitempty"`
}

// Reference is an address with what it leads to.
type Reference struct {
	Category string `json:"category,omitempty"` // self or external
	Summary  string `json:"summary,omitempty"`
	URL      string `json:"url"`
}

// Metadata is what provider-metadata.json says (7.1.7).
type Metadata struct {
	Canonical   string    `json:"canonical"`
	Updated     string    `json:"updated"` // RFC 3339
	Role        string    `json:"role"`    // csaf_publisher, csaf_provider, csaf_trusted_provider
	Publisher   Publisher `json:"publisher"`
	List        bool      `json:"list"`   // may be listed by aggregators
	Mirror      bool      `json:"mirror"` // may be copied by aggregators
	Directories []string  `json:"directories,omitempty"`
	Feeds       []Feed    `json:"feeds,omitempty"`
	Keys        []Key     `json:"keys,omitempty"`
}

// Feed is a ROLIE feed.
type Feed struct {
	URL string `json:"url"`
	TLP string `json:"tlp,omitempty"`
}

// Key is a public OpenPGP key.
type Key struct {
	URL         string `json:"url"`
	Fingerprint string `json:"fingerprint,omitempty"`
}

// Collection is what aggregator.json says (7.1.21).
type Collection struct {
	Canonical string   `json:"canonical"`
	Updated   string   `json:"updated"`  // RFC 3339
	Category  string   `json:"category"` // aggregator or lister
	Name      string   `json:"name"`
	Providers []string `json:"providers,omitempty"` // addresses of their provider-metadata.json
}
