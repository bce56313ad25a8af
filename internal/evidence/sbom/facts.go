// Package sbom reads lists of components: CycloneDX 1.2 to 1.7 in JSON and
// XML, and SPDX 2.2 and 2.3 in JSON and tag-value. Software and hardware
// lists give the same facts, whatever the format.
//
// What it refuses to do: judge whether the list is complete or true, look
// anything up, expand XML entities, or follow a reference out of the file.
// What can go wrong: SPDX 3 and the other forms of SPDX are recognised and
// refused with a way out; a list over the limits is refused as a whole, since
// half a list would answer no question.
package sbom

import (
	"time"

	"github.com/open-iot-mark/iotmark"
)

// The formats and encodings that are read.
const (
	CycloneDX = "cyclonedx"
	SPDX      = "spdx"

	JSON     = "json"
	XML      = "xml"
	TagValue = "tag-value"
)

// Facts are what was read out of one list of components.
type Facts struct {
	Format          string          `json:"format"`                 // cyclonedx, spdx
	Encoding        string          `json:"encoding"`               // json, xml, tag-value
	SpecVersion     string          `json:"spec_version,omitempty"` // "1.6", "2.3"
	Serial          string          `json:"serial,omitempty"`       // serial number, or document namespace
	Created         iotmark.Date    `json:"created,omitempty"`      // day of the time stamp, in UTC
	Authors         []string        `json:"authors,omitempty"`      // persons and organisations
	Tools           []string        `json:"tools,omitempty"`        // "name version"
	Supplier        string          `json:"supplier,omitempty"`     // of the whole list, where the list names one
	Subject         *Component      `json:"subject,omitempty"`      // what the list is about
	Components      []Component     `json:"components,omitempty"`   // flattened, in the order of the file; without the subject
	Relations       int             `json:"relations,omitempty"`    // edges between elements, nesting left out
	Files           int             `json:"files,omitempty"`        // files an SPDX list describes; they are no components
	Completeness    Completeness    `json:"completeness,omitempty"` // what the list says about itself
	Hardware        bool            `json:"hardware,omitempty"`     // it lists devices: an HBOM
	Vulnerabilities []Vulnerability `json:"vulnerabilities,omitempty"`
	OwnLicences     []OwnLicence    `json:"own_licences,omitempty"` // SPDX LicenseRef- texts that the list carries
	Cut             bool            `json:"cut,omitempty"`          // texts were shortened; no component is left out
}

// Completeness is what a list says about its own completeness.
type Completeness string

// The zero value says nothing. CycloneDX says it in compositions; SPDX says a
// known unknown with the element NOASSERTION in a relation.
const (
	Complete   Completeness = "complete"
	Incomplete Completeness = "incomplete"
)

// Component is one part of a product.
type Component struct {
	Ref        string            `json:"ref,omitempty"`  // bom-ref, or SPDX id
	Type       string            `json:"type,omitempty"` // library, application, firmware, device, file ... (CycloneDX words)
	Name       string            `json:"name,omitempty"`
	Group      string            `json:"group,omitempty"`
	Version    string            `json:"version,omitempty"`
	Supplier   string            `json:"supplier,omitempty"` // supplier, else manufacturer, else publisher, author or originator
	PURL       string            `json:"purl,omitempty"`
	CPE        string            `json:"cpe,omitempty"`
	SWID       string            `json:"swid,omitempty"` // tag id, or another persistent id such as gitoid, SWHID
	Licences   []Licence         `json:"licences,omitempty"`
	Copyright  string            `json:"copyright,omitempty"`
	Hashes     map[string]string `json:"hashes,omitempty"` // by algorithm, such as SHA-256
	Properties map[string]string `json:"properties,omitempty"`
	Related    bool              `json:"related,omitempty"` // stands in a relation, or within another component
	Nested     bool              `json:"nested,omitempty"`  // stood within another component
	Line       int               `json:"line,omitempty"`    // where it begins, from 1; 0: not known
}

// Identified reports whether anything beyond name and version says which
// component this is: purl, CPE, SWID or another persistent id, or a hash.
func (c Component) Identified() bool {
	return c.PURL != "" || c.CPE != "" || c.SWID != "" || len(c.Hashes) > 0
}

// Licence is one licence of a component, in the one form it was written in.
type Licence struct {
	ID         string `json:"id,omitempty"`         // said to be an id of the SPDX list
	Name       string `json:"name,omitempty"`       // free text
	Expression string `json:"expression,omitempty"` // SPDX licence expression, NONE, NOASSERTION
	Text       bool   `json:"text,omitempty"`       // the text or its address stands in the list
}

// OwnLicence is a licence text that an SPDX list carries under its own id.
type OwnLicence struct {
	ID   string `json:"id"` // LicenseRef-...
	Name string `json:"name,omitempty"`
}

// Vulnerability is one weakness that the list speaks about.
type Vulnerability struct {
	ID      string   `json:"id"`
	State   string   `json:"state,omitempty"`   // CycloneDX analysis state, such as not_affected
	Detail  string   `json:"detail,omitempty"`  // cut to 200 characters
	Affects []string `json:"affects,omitempty"` // refs of components
}

// ContentDate returns the day the list was made.
func (f *Facts) ContentDate() iotmark.Date { return f.Created }

// dateOf returns the day of an RFC 3339 time stamp, and the zero value when
// it is none.
func dateOf(s string) iotmark.Date {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return iotmark.DateOf(t)
		}
	}
	return ""
}
