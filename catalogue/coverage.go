package catalogue

import (
	"cmp"
	"slices"

	"github.com/open-iot-mark/iotmark"
)

// Coverage says how much of an instrument the criteria reach.
type Coverage struct {
	Instrument iotmark.InstrumentID `json:"instrument"`
	About      []string             `json:"about"`
	Provisions int                  `json:"provisions"`
	InThemes   int                  `json:"in_themes"` // provisions that some theme has
	Closely    int                  `json:"closely"`   // by themes that a criterion has closely
	Reached    int                  `json:"reached"`   // by themes that a criterion has or touches
	Confidence string               `json:"confidence"`
}

// Coverage returns one row an instrument: those about products first, then by
// id.
func (c *Catalogue) Coverage() ([]Coverage, error) {
	if err := c.LoadInstruments(); err != nil {
		return nil, err
	}
	closely, touched := c.themesUsed()
	type place struct {
		in iotmark.InstrumentID
		pr iotmark.ProvisionID
	}
	any, near, reach := map[place]bool{}, map[place]bool{}, map[place]bool{}
	for _, t := range c.Themes {
		for n, list := range t.Provisions {
			for _, p := range list {
				k := place{n, p}
				any[k] = true
				near[k] = near[k] || closely[t.ID]
				reach[k] = reach[k] || closely[t.ID] || touched[t.ID]
			}
		}
	}
	one := map[bool]int{true: 1}
	var out []Coverage
	for _, in := range c.Instruments {
		row := Coverage{Instrument: in.ID, About: in.About, Provisions: len(in.Provisions), Confidence: in.Confidence}
		for _, p := range in.Provisions {
			k := place{in.ID, p.ID}
			row.InThemes += one[any[k]]
			row.Closely += one[near[k]]
			row.Reached += one[reach[k]]
		}
		out = append(out, row)
	}
	slices.SortStableFunc(out, func(a, b Coverage) int {
		return cmp.Or(-compareBool(slices.Contains(a.About, "product"), slices.Contains(b.About, "product")), cmp.Compare(a.Instrument, b.Instrument))
	})
	return out, nil
}

// Gap is a theme that binds products and that no criterion has closely.
type Gap struct {
	Theme   iotmark.ThemeID `json:"theme"`
	Title   string          `json:"title"`
	Touched bool            `json:"touched"` // a criterion touches it
}

// Gaps returns the themes about products that no criterion meets closely.
func (c *Catalogue) Gaps() ([]Gap, error) {
	if err := c.LoadInstruments(); err != nil {
		return nil, err
	}
	closely, touched := c.themesUsed()
	var out []Gap
	for _, t := range c.Themes {
		if t.About == "product" && !closely[t.ID] {
			out = append(out, Gap{t.ID, t.Title, touched[t.ID]})
		}
	}
	return out, nil
}

func (c *Catalogue) themesUsed() (closely, touched map[iotmark.ThemeID]bool) {
	closely, touched = map[iotmark.ThemeID]bool{}, map[iotmark.ThemeID]bool{}
	for _, cr := range c.Criteria {
		for _, t := range cr.Themes {
			closely[t] = true
		}
		for _, t := range cr.Touches {
			touched[t] = true
		}
	}
	return closely, touched
}

// Find returns the criterion that a word names: by its id, or by the name
// after the dot where only one topic has it. The error proposes the id that
// is most like the word.
func (c *Catalogue) Find(word string) (*Criterion, error) {
	if cr := c.Criterion(iotmark.CriterionID(word)); cr != nil {
		return cr, nil
	}
	var found []*Criterion
	for _, cr := range c.Criteria {
		if string(cr.ID) == string(cr.ID.Topic())+"."+word {
			found = append(found, cr)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return nil, c.UnknownCriterion(word)
}

// Touching returns the criteria that touch each provision of an instrument,
// closely ones first and each in catalogue order.
func (c *Catalogue) Touching(id iotmark.InstrumentID) map[iotmark.ProvisionID][]Touch {
	out := map[iotmark.ProvisionID][]Touch{}
	for _, closely := range []bool{true, false} {
		for _, cr := range c.Criteria {
			for _, r := range c.Mapping(cr.ID) {
				near := slices.ContainsFunc(r.Via, func(t iotmark.ThemeID) bool { return slices.Contains(cr.Themes, t) })
				if r.Instrument == id && near == closely {
					out[r.Provision] = append(out[r.Provision], Touch{cr.ID, near, r.Confidence})
				}
			}
		}
	}
	return out
}

// Touch says that a criterion touches the matter of a provision.
type Touch struct {
	Criterion iotmark.CriterionID `json:"criterion"`
	Closely   bool                `json:"closely"`
	// Confidence is that of the row of the mapping: medium or low.
	Confidence string `json:"confidence"`
}
