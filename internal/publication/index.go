package publication

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/open-iot-mark/iotmark"
)

// Index lists the products of one maker: index.json. It is not signed; each
// product is, by itself.
type Index struct {
	V        int       `json:"v"` // 1
	Products []Indexed `json:"products"`
}

// Indexed is one published product.
type Indexed struct {
	ID    ProductID `json:"id"` // name of its folder
	Maker string    `json:"maker"`
	Model string    `json:"model"`
	Name  string    `json:"name"`
}

// MaxIndex bounds index.json in bytes.
const MaxIndex = 1 << 20

func indexed(s Statement) Indexed {
	b := s.Body
	return Indexed{ID: b.Product.ID, Maker: b.Maker.Name, Model: b.Product.Model, Name: b.Product.Name}
}

// with adds or replaces one product and touches no other.
func (x Index) with(p Indexed) Index {
	out := Index{V: 1, Products: slices.Clone(x.Products)}
	out.Products = slices.DeleteFunc(out.Products, func(q Indexed) bool { return q.ID == p.ID })
	out.Products = append(out.Products, p)
	slices.SortFunc(out.Products, func(x, y Indexed) int { return cmp.Compare(x.ID, y.ID) })
	return out
}

// ParseIndex reads index.json strictly: what is accepted is what would be
// written.
func ParseIndex(b []byte) (Index, error) {
	var x Index
	if len(b) > MaxIndex {
		return x, broken("index-malformed", "%s has more than %d bytes", IndexFile, MaxIndex)
	}
	if err := strict(b, &x); err != nil {
		return Index{}, broken("index-malformed", "%s is not as this program writes it: %v", IndexFile, err)
	}
	if x.V != 1 || len(x.Products) > MaxProducts {
		return Index{}, broken("index-malformed", "%s is of another version or lists more than %d products", IndexFile, MaxProducts)
	}
	for i, p := range x.Products {
		if !p.ID.Valid() || i > 0 && x.Products[i-1].ID >= p.ID {
			return Index{}, broken("index-malformed", "%s has products without a proper id, twice, or out of order", IndexFile)
		}
	}
	return x, nil
}

// strict reads a document that this program wrote. Anything else, such as a
// member that nobody knows or one that stands twice, is refused.
func strict(b []byte, v any) error {
	if len(b) > MaxDocument {
		return fmt.Errorf("more than %d bytes", MaxDocument)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("no such JSON")
	}
	if again, err := document(v); err != nil || !bytes.Equal(again, b) {
		return fmt.Errorf("not in the form in which it is written")
	}
	return nil
}

// ParseDeclaration reads declaration.json strictly, whatever its edition.
func ParseDeclaration(b []byte) (*iotmark.Declaration, error) {
	d := &iotmark.Declaration{}
	if err := strict(b, d); err != nil {
		return nil, broken("document-malformed", "%s is not as this program writes it: %v", DeclarationDoc, err)
	}
	return d, nil
}

// ParseAssessment reads assessment.json strictly.
func ParseAssessment(b []byte) (Assessment, error) {
	var a Assessment
	if err := strict(b, &a); err != nil {
		return Assessment{}, broken("document-malformed", "%s is not as this program writes it: %v", AssessmentDoc, err)
	}
	if a.V != 1 || a.Notice != Notice {
		return Assessment{}, broken("document-malformed", "%s is of another version, or its notice about withheld findings was changed", AssessmentDoc)
	}
	for _, c := range a.Assessment.Conclusions {
		for _, r := range c.Reasons {
			if r.Finding != nil && (*r.Finding < 0 || *r.Finding >= len(a.Assessment.Findings)) {
				return Assessment{}, broken("document-malformed", "%s has a reason that points to no finding", AssessmentDoc)
			}
		}
	}
	return a, nil
}
