package catalogue

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Reach says, provision by provision, how far the criteria reach an
// instrument, and how deep.
type Reach struct {
	Instrument iotmark.InstrumentID `json:"instrument"`
	Title      string               `json:"title"`
	Kind       string               `json:"kind"`
	Version    string               `json:"version"`
	About      []string             `json:"about"`
	Confidence string               `json:"confidence"`
	Parts      []ReachPart          `json:"parts"` // in the order of the instrument
	Totals     ReachTotals          `json:"totals"`
}

// ReachPart is a part of an instrument: what the ids of its provisions have in
// common, or the topic where they have nothing in common.
type ReachPart struct {
	Name       string           `json:"name"`
	Provisions []ReachProvision `json:"provisions"`
}

// Depth is how deep a provision is covered.
type Depth string

// The depths, deepest first. A proof supports and contradicts, a guard only
// contradicts; on people no program is bound.
const (
	DepthProof   Depth = "proof"   // a criterion has it closely, and a check proves it
	DepthGuard   Depth = "guard"   // a criterion has it closely, and a check guards it
	DepthPeople  Depth = "people"  // a criterion has it closely, and people look
	DepthTouched Depth = "touched" // criteria touch its matter only
	DepthNone    Depth = "none"    // nothing
)

// Depths returns the depths, deepest first.
func Depths() []Depth { return []Depth{DepthProof, DepthGuard, DepthPeople, DepthTouched, DepthNone} }

// ReachProvision is one provision with the criteria that answer it.
type ReachProvision struct {
	ID       iotmark.ProvisionID `json:"id"`
	Title    string              `json:"title"`
	Level    string              `json:"level"` // mandatory, recommended, conditional
	When     string              `json:"when,omitempty"`
	From     string              `json:"from,omitempty"`
	Depth    Depth               `json:"depth"`
	Criteria []ReachCriterion    `json:"criteria"` // those that have it closely first
	// Why says why nothing covers it: scheme (it binds the mark, not a
	// product), no-theme, no-criterion. Empty where something does.
	Why    string            `json:"why,omitempty"`
	Themes []iotmark.ThemeID `json:"themes"`
	Stand  Stand             `json:"stand,omitempty"` // of a product; empty: none was given
}

// ReachCriterion is one criterion that answers a provision.
type ReachCriterion struct {
	Criterion  iotmark.CriterionID `json:"criterion"`
	Level      iotmark.Level       `json:"level"`
	Closely    bool                `json:"closely"`
	Relation   string              `json:"relation"`   // always intersects
	Confidence string              `json:"confidence"` // medium or low
	Checks     []Binding           `json:"checks"`
}

// ReachTotals counts provisions.
type ReachTotals struct {
	Provisions int           `json:"provisions"`
	Mandatory  int           `json:"mandatory"`
	ByDepth    map[Depth]int `json:"by_depth"`
	ByStand    map[Stand]int `json:"by_stand,omitempty"` // of a product
}

// Stand is how a product stands on a provision: the weakest of the criteria
// that have it closely and concern the product.
type Stand string

// The stands, best first. None says that a provision is met: a criterion
// meets the same matter, and whether that is enough is for people.
const (
	StandChecked Stand = "checked"       // all conform, and a program or better looked at each
	StandShown   Stand = "shown"         // all conform, evidence is shown for each
	StandWord    Stand = "word"          // all conform, some by the maker's word alone
	StandMissing Stand = "missing"       // some have no answer
	StandNotMet  Stand = "not-met"       // some do not conform
	StandNone    Stand = "not-concerned" // none concerns the product
	StandOpen    Stand = "not-covered"   // no criterion has it closely
)

// Stands returns the stands, best first.
func Stands() []Stand {
	return []Stand{StandChecked, StandShown, StandWord, StandMissing, StandNotMet, StandNone, StandOpen}
}

// Covers returns how far the criteria reach an instrument. An id that is not
// there is an *iotmark.Error of kind NotFound, instrument-unknown, that
// proposes the one most like it.
func (c *Catalogue) Covers(id iotmark.InstrumentID) (*Reach, error) {
	if err := c.LoadInstruments(); err != nil {
		return nil, err
	}
	in := c.Instrument(id)
	if in == nil {
		var known []string
		for _, x := range c.Instruments {
			known = append(known, string(x.ID))
		}
		return nil, unknown("instrument-unknown", "instrument", string(id), known)
	}
	out := &Reach{Instrument: in.ID, Title: strings.Join(strings.Fields(in.Title), " "), Kind: in.Kind, Version: in.Version, About: in.About,
		Confidence: in.Confidence, Totals: ReachTotals{Provisions: len(in.Provisions), ByDepth: map[Depth]int{}}}
	answers := c.answering(id)
	part := parts(in)
	at := map[string]int{}
	for _, p := range in.Provisions {
		row := ReachProvision{ID: p.ID, Title: p.Title, Level: p.Level, When: p.When, From: p.From, Criteria: answers[p.ID], Themes: []iotmark.ThemeID{}}
		row.Depth = depth(row.Criteria)
		if row.Criteria == nil {
			row.Criteria = []ReachCriterion{}
		}
		product := false
		for _, t := range c.Themes {
			if slices.Contains(t.Provisions[id], p.ID) {
				row.Themes = append(row.Themes, t.ID)
				product = product || t.About == "product"
			}
		}
		if row.Depth == DepthNone {
			row.Why = why(in, row.Themes, product)
		}
		name := part(p)
		i, ok := at[name]
		if !ok {
			i = len(out.Parts)
			at[name] = i
			out.Parts = append(out.Parts, ReachPart{Name: name})
		}
		out.Parts[i].Provisions = append(out.Parts[i].Provisions, row)
		out.Totals.ByDepth[row.Depth]++
		if p.Level == "mandatory" {
			out.Totals.Mandatory++
		}
	}
	return out, nil
}

// why says why nothing covers a provision.
func why(in *Instrument, themes []iotmark.ThemeID, product bool) string {
	switch {
	case len(themes) > 0 && !product, len(themes) == 0 && !slices.Contains(in.About, "product"):
		return "scheme"
	case len(themes) == 0:
		return "no-theme"
	}
	return "no-criterion"
}

// answering gathers the criteria that answer each provision of an instrument,
// those that have it closely first, each in catalogue order.
func (c *Catalogue) answering(id iotmark.InstrumentID) map[iotmark.ProvisionID][]ReachCriterion {
	out := map[iotmark.ProvisionID][]ReachCriterion{}
	for p, touches := range c.Touching(id) {
		for _, t := range touches {
			checks := c.Bindings.Criteria[t.Criterion]
			if checks == nil {
				checks = []Binding{}
			}
			out[p] = append(out[p], ReachCriterion{t.Criterion, c.Criterion(t.Criterion).Level, t.Closely, intersects, t.Confidence, checks})
		}
	}
	return out
}

func depth(criteria []ReachCriterion) Depth {
	best := DepthNone
	better := func(d Depth) {
		if slices.Index(Depths(), d) < slices.Index(Depths(), best) {
			best = d
		}
	}
	for _, cr := range criteria {
		if !cr.Closely {
			better(DepthTouched)
			continue
		}
		better(DepthPeople)
		for _, b := range cr.Checks {
			switch b.Role {
			case Proof:
				better(DepthProof)
			case Guard:
				better(DepthGuard)
			}
		}
	}
	return best
}

// parts returns what names the part of a provision: the id up to its last
// hyphen, or its last full stop; the topic where that would make nearly every
// provision a part of its own.
func parts(in *Instrument) func(*Provision) string {
	prefix := func(p *Provision) string {
		id := string(p.ID)
		for _, sign := range []string{"-", "."} {
			if i := strings.LastIndex(id, sign); i > 0 {
				return id[:i]
			}
		}
		return id
	}
	seen := map[string]bool{}
	for _, p := range in.Provisions {
		seen[prefix(p)] = true
	}
	if 2*len(seen) > len(in.Provisions) {
		return func(p *Provision) string { return string(p.Topic) }
	}
	return prefix
}

// Judge adds how a product stands on each provision.
func (r *Reach) Judge(conclusions []iotmark.Conclusion) {
	by := map[iotmark.CriterionID]iotmark.Conclusion{}
	for _, c := range conclusions {
		by[c.Criterion] = c
	}
	r.Totals.ByStand = map[Stand]int{}
	for i := range r.Parts {
		for j := range r.Parts[i].Provisions {
			p := &r.Parts[i].Provisions[j]
			p.Stand = stand(p.Criteria, by)
			r.Totals.ByStand[p.Stand]++
		}
	}
}

func stand(criteria []ReachCriterion, by map[iotmark.CriterionID]iotmark.Conclusion) Stand {
	covered, worst := false, -1
	for _, cr := range criteria {
		if !cr.Closely {
			continue
		}
		covered = true
		s := StandMissing
		switch c := by[cr.Criterion]; c.Verdict {
		case iotmark.NotApplicable:
			continue
		case iotmark.DoesNotConform:
			s = StandNotMet
		case iotmark.Conforms:
			switch {
			case c.Assurance >= iotmark.Checked:
				s = StandChecked
			case c.Assurance >= iotmark.Shown:
				s = StandShown
			default:
				s = StandWord
			}
		}
		worst = max(worst, slices.Index(Stands(), s))
	}
	switch {
	case !covered:
		return StandOpen
	case worst < 0:
		return StandNone
	}
	return Stands()[worst]
}
