package page

import (
	"encoding/json"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// The types below are the part of schema.org that a declaration can fill
// (schema.org 29.0, Product). There is no certification among them: an open
// declaration is none.
type ldProduct struct {
	Context      string  `json:"@context"`
	Type         string  `json:"@type"`
	ID           string  `json:"@id,omitempty"`
	URL          string  `json:"url,omitempty"`
	Name         string  `json:"name"`
	Model        string  `json:"model,omitempty"`
	Category     string  `json:"category,omitempty"`
	GTIN         string  `json:"gtin,omitempty"`
	ReleaseDate  string  `json:"releaseDate,omitempty"`
	Brand        *ldName `json:"brand,omitempty"`
	Manufacturer ldMaker `json:"manufacturer"`
}

type ldName struct {
	Type string `json:"@type"`
	Name string `json:"name"`
}

type ldMaker struct {
	Type    string     `json:"@type"`
	Name    string     `json:"name"`
	URL     string     `json:"url,omitempty"`
	Address *ldAddress `json:"address,omitempty"`
}

type ldAddress struct {
	Type    string `json:"@type"`
	Country string `json:"addressCountry"`
}

var gtinForm = pattern.New(`^([0-9]{8}|[0-9]{12,14})$`)

// JSONLD returns the product as schema.org describes one, for search engines
// and shops: identity and maker, no praise. <, > and & are escaped, so that
// the bytes may stand in a script element.
func JSONLD(in Input) ([]byte, error) {
	p, m := in.Declaration.Product, in.Declaration.Maker
	out := ldProduct{
		Context: "https://schema.org", Type: "Product",
		Name: message.Short(p.Name, nameLength), Model: message.Short(p.Model, nameLength), Category: message.Short(p.Kind, partLength),
		Manufacturer: ldMaker{Type: "Organization", Name: message.Short(m.Name, nameLength)},
	}
	if in.Base != "" {
		out.ID, out.URL = in.Base+"#product", in.Base
	}
	for _, g := range p.GTINs {
		if gtinForm.MatchString(g) {
			out.GTIN = g
			break
		}
	}
	if _, err := iotmark.ParseDate(string(p.FirstSale)); err == nil {
		out.ReleaseDate = string(p.FirstSale)
	}
	if m.Brand != "" {
		out.Brand = &ldName{"Brand", message.Short(m.Brand, nameLength)}
	}
	if href, ok := address(m.Website); ok {
		out.Manufacturer.URL = href
	}
	if countryForm.MatchString(m.Country) {
		out.Manufacturer.Address = &ldAddress{"PostalAddress", m.Country}
	}
	return json.Marshal(out)
}
