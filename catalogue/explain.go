package catalogue

import (
	"cmp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Explanation is everything the catalogue knows about one criterion.
type Explanation struct {
	Criterion   *Criterion    `json:"criterion"`
	Topic       TopicRow      `json:"topic"`
	Level       Term          `json:"level"`        // what its level means
	Needs       AssuranceRow  `json:"needs"`        // the weakest step at which it counts
	AppliesWhen []Fact        `json:"applies_when"` // product facts that decide whether it applies
	Protects    []Risk        `json:"protects"`     // what can go wrong for customers without it
	Evidence    []EvidenceRow `json:"evidence"`     // what may show it, as in the criterion
	Checks      []Binding     `json:"checks"`       // checks that are bound to it
	Families    []Family      `json:"families"`     // checks that it names, whether or not one is built
	Methods     []MethodRow   `json:"methods"`      // written methods by which people inspect it, best first
	Laws        []Source      `json:"laws"`
	Standards   []Source      `json:"standards"` // standards, schemes and guidelines
	Effort      Effort        `json:"effort"`
}

// EvidenceRow is a kind of evidence and whether it alone can carry the
// criterion to the step it needs.
type EvidenceRow struct {
	KindRow
	Enough bool `json:"enough"`
}

// MethodRow names a written method of inspection.
type MethodRow struct {
	ID      iotmark.MethodID `json:"id"`
	Title   string           `json:"title"`
	Carries string           `json:"carries"`
	Minutes int              `json:"minutes"`
}

// Source is an instrument that asks for the same matter.
type Source struct {
	ID         iotmark.InstrumentID `json:"id"`
	Title      string               `json:"title"`
	Kind       string               `json:"kind"`
	Markets    []string             `json:"markets"`
	Confidence string               `json:"confidence"`     // the best of its provisions: medium or low
	Binding    bool                 `json:"binding"`        // a hint: some provision binds makers by law
	From       string               `json:"from,omitempty"` // when no duty has begun yet
	Provisions []SourceProvision    `json:"provisions"`
}

// SourceProvision is a provision with its title in our own words.
type SourceProvision struct {
	ID         iotmark.ProvisionID `json:"id"`
	Title      string              `json:"title"`
	Confidence string              `json:"confidence"`
}

// Explain gathers what the catalogue knows about a criterion. An id that is
// not there is an *iotmark.Error of kind NotFound.
func (c *Catalogue) Explain(id iotmark.CriterionID) (Explanation, error) {
	cr := c.Criterion(id)
	if cr == nil {
		return Explanation{}, c.UnknownCriterion(string(id))
	}
	if err := c.LoadInstruments(); err != nil {
		return Explanation{}, err
	}
	if err := c.LoadMethods(); err != nil {
		return Explanation{}, err
	}
	x := Explanation{
		Criterion: cr, Checks: c.Bindings.Criteria[id], Effort: c.Efforts[id],
		AppliesWhen: []Fact{}, Protects: []Risk{}, Evidence: []EvidenceRow{}, Families: []Family{}, Methods: []MethodRow{}, Laws: []Source{}, Standards: []Source{},
	}
	if x.Checks == nil {
		x.Checks = []Binding{}
	}
	x.Topic, _ = c.Topic(id.Topic())
	x.Level, _ = find(c.Scheme.Levels, func(t Term) bool { return t.ID == string(cr.Level) })
	x.Needs, _ = find(c.Scheme.Assurance, func(a AssuranceRow) bool { return a.ID == cr.Needs })
	named := cr.applies.Names()
	for _, f := range c.Scheme.Facts {
		asked := named[f.ID]
		for given := range f.Gives {
			asked = asked || named[given]
		}
		if asked {
			x.AppliesWhen = append(x.AppliesWhen, f)
		}
	}
	for _, r := range cr.Risks {
		row, _ := c.Risk(r)
		x.Protects = append(x.Protects, row)
	}
	for _, k := range cr.Evidence {
		row, _ := c.Kind(k)
		x.Evidence = append(x.Evidence, EvidenceRow{row, c.Reach(k) >= cr.needs})
	}
	for _, f := range cr.Checks {
		row, _ := c.Family(f)
		x.Families = append(x.Families, row)
	}
	for _, m := range c.MethodsFor(id) {
		x.Methods = append(x.Methods, MethodRow{m.ID, m.Title, m.Carries, m.Minutes})
	}
	for _, s := range c.sources(id) {
		if s.Kind == "law" {
			x.Laws = append(x.Laws, s)
		} else {
			x.Standards = append(x.Standards, s)
		}
	}
	return x, nil
}

// sources groups the mapping of a criterion by instrument: those that come
// closest first, and of laws those that bind.
func (c *Catalogue) sources(id iotmark.CriterionID) []Source {
	var out []Source
	for _, r := range c.Mapping(id) {
		if n := len(out); n == 0 || out[n-1].ID != r.Instrument {
			in := c.instruments[r.Instrument]
			out = append(out, Source{ID: in.ID, Title: in.Title, Kind: in.Kind, Markets: in.Markets, Confidence: "low"})
		}
		s := &out[len(out)-1]
		if r.Confidence == "medium" {
			s.Confidence = "medium"
		}
		s.Binding = s.Binding || r.Law
		pr := c.instruments[r.Instrument].provision(r.Provision)
		s.Provisions = append(s.Provisions, SourceProvision{r.Provision, pr.Title, r.Confidence})
	}
	hints := c.LawHints(id)
	for i := range out {
		h, _ := find(hints, func(h LawHint) bool { return h.Instrument == out[i].ID })
		out[i].From = h.From
		slices.SortStableFunc(out[i].Provisions, func(a, b SourceProvision) int { return cmp.Compare(b.Confidence, a.Confidence) })
	}
	slices.SortStableFunc(out, func(a, b Source) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), -compareBool(a.Binding, b.Binding))
	})
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// UnknownCriterion is the error for a criterion that the edition does not
// have; it proposes the one that is most like it, by its id or, for a word
// without a dot, by the name after the dot.
func (c *Catalogue) UnknownCriterion(word string) *iotmark.Error {
	var known, short []string
	full := map[string]string{}
	for _, cr := range c.Criteria {
		known = append(known, string(cr.ID))
		_, name, _ := strings.Cut(string(cr.ID), ".")
		short = append(short, name)
		full[name] = string(cr.ID)
	}
	e := unknown("criterion-unknown", "criterion", word, known)
	if s := full[Suggest(word, short)]; s != "" && !strings.Contains(word, ".") && Suggest(word, known) == "" {
		e.Msg += " Did you mean " + s + "?"
	}
	return e
}
