package catalogue

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// MappingRow says that a criterion touches the matter of a provision. It
// rests on one reader and never says that the two are the same.
type MappingRow struct {
	Instrument iotmark.InstrumentID `json:"instrument"`
	Provision  iotmark.ProvisionID  `json:"provision"`
	Relation   string               `json:"relation"`   // always intersects
	Confidence string               `json:"confidence"` // medium or low
	Via        []iotmark.ThemeID    `json:"via"`        // themes of the criterion that have it
	// Law says that the provision binds makers by law where the instrument is
	// in force: a reason to look, not a statement of law.
	Law  bool   `json:"law"`
	From string `json:"from,omitempty"` // the day on which the duty begins, when it is still to come
}

// LawHint says that a law of a market touches the matter of a criterion.
type LawHint struct {
	Market     string               `json:"market"`
	Instrument iotmark.InstrumentID `json:"instrument"`
	From       string               `json:"from,omitempty"` // when no duty has begun yet
}

const intersects = "intersects"

// Mapping returns the provisions that a criterion touches, sorted by
// instrument and provision. It returns nil for a criterion that is not there
// or when the instruments cannot be read; LoadInstruments tells why.
func (c *Catalogue) Mapping(id iotmark.CriterionID) []MappingRow {
	cr := c.Criterion(id)
	if cr == nil || c.LoadInstruments() != nil {
		return nil
	}
	type place struct {
		in iotmark.InstrumentID
		pr iotmark.ProvisionID
	}
	rows := map[place]*MappingRow{}
	add := func(themes []iotmark.ThemeID, closely bool) {
		for _, t := range themes {
			th := c.themes[t]
			if th == nil {
				continue
			}
			for n, list := range th.Provisions {
				in := c.instruments[n]
				for _, p := range list {
					pr := in.provision(p)
					if pr == nil {
						continue
					}
					row := rows[place{n, p}]
					if row == nil {
						row = &MappingRow{Instrument: n, Provision: p, Relation: intersects, Confidence: "low"}
						if closely && cmp.Or(pr.Confidence, in.Confidence) != "low" {
							row.Confidence = "medium"
						}
						rows[place{n, p}] = row
					}
					row.Via = append(row.Via, t)
					if closely && in.binds(pr) {
						row.Law = true
						row.From = pr.beginning(in)
					}
				}
			}
		}
	}
	add(cr.Themes, true)
	add(cr.Touches, false)
	var out []MappingRow
	for _, r := range rows {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b MappingRow) int {
		return cmp.Or(cmp.Compare(a.Instrument, b.Instrument), cmp.Compare(a.Provision, b.Provision))
	})
	return out
}

// LawHints returns the laws that touch the matter of a criterion, sorted by
// market and instrument.
func (c *Catalogue) LawHints(id iotmark.CriterionID) []LawHint {
	type key struct {
		market string
		in     iotmark.InstrumentID
	}
	first := map[key]string{}
	for _, r := range c.Mapping(id) {
		if !r.Law {
			continue
		}
		for _, m := range c.instruments[r.Instrument].Markets {
			k := key{m, r.Instrument}
			if f, ok := first[k]; !ok || r.From < f {
				first[k] = r.From
			}
		}
	}
	var out []LawHint
	for k, f := range first {
		out = append(out, LawHint{k.market, k.in, f})
	}
	slices.SortFunc(out, func(a, b LawHint) int {
		return cmp.Or(cmp.Compare(a.Market, b.Market), cmp.Compare(a.Instrument, b.Instrument))
	})
	return out
}

func (in *Instrument) provision(id iotmark.ProvisionID) *Provision {
	if in == nil {
		return nil
	}
	for _, p := range in.Provisions {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// binds reports whether makers are bound by law to what the provision asks.
func (in *Instrument) binds(p *Provision) bool {
	return in.Kind == "law" && (in.Status.State == "in-force" || in.Status.State == "phased") &&
		p.Level != "recommended" && slices.Contains(in.About, "product")
}

// beginning returns the day on which the duty begins, or "" when it had begun
// on the day as of which the instrument was read.
func (p *Provision) beginning(in *Instrument) string {
	if p.From <= in.Status.AsOf {
		return ""
	}
	return p.From
}

// MappingYAML returns the text of crosswalk/mapping.yaml.
func (c *Catalogue) MappingYAML() ([]byte, error) {
	if err := c.LoadInstruments(); err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(`# Which criterion touches which provision. Written by go generate ./catalogue from the criteria and themes.yaml; do not edit by hand.
# relation: always intersects. Every row rests on one reader and has not been reviewed, so none is above medium.
# confidence: medium where the theme is listed under themes of the criterion and the provision is not of low confidence,
#   low for all others and for every row that comes from touches.
# law: hint where a mapped provision binds makers by law, per market. It is a reason to look, not a statement of law.
`)
	fmt.Fprintf(&b, "edition: %q\nreview: single reader, unreviewed\nrelation: %s\ncriteria:\n", c.Scheme.Edition, intersects)
	for _, cr := range c.Criteria {
		fmt.Fprintf(&b, "\n  %s:\n    themes: [%s]\n", cr.ID, commas(cr.Themes))
		if len(cr.Touches) > 0 {
			fmt.Fprintf(&b, "    touches: [%s]\n", commas(cr.Touches))
		}
		if cr.Beyond {
			b.WriteString("    beyond: true\n")
		}
		laws := map[string][]string{}
		for _, h := range c.LawHints(cr.ID) {
			w := string(h.Instrument)
			if h.From != "" {
				w = fmt.Sprintf(`"%s from %s"`, h.Instrument, h.From)
			}
			laws[h.Market] = append(laws[h.Market], w)
		}
		if len(laws) > 0 {
			b.WriteString("    law:\n")
		}
		for _, m := range slices.Sorted(maps.Keys(laws)) {
			fmt.Fprintf(&b, "      %s: [%s]\n", m, strings.Join(laws[m], ", "))
		}
		rows := c.Mapping(cr.ID)
		if len(rows) > 0 {
			b.WriteString("    provisions:\n")
		}
		for _, r := range rows {
			fmt.Fprintf(&b, "      - {instrument: %s, provision: \"%s\", relation: %s, confidence: %s, via: [%s]}\n",
				r.Instrument, r.Provision, r.Relation, r.Confidence, commas(r.Via))
		}
	}
	return []byte(b.String()), nil
}

func commas[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, x := range list {
		words[i] = string(x)
	}
	return strings.Join(words, ", ")
}
