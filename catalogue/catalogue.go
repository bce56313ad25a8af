// Package catalogue holds the criteria of the mark and the umbrella of
// outside instruments. Both are data: one folder an edition, frozen once it
// is in force, and beside it what may change between editions: the binding
// of checks to criteria, estimates of effort, instruments and crosswalk.
//
// What it refuses to do: judge a product. What can go wrong: the data does
// not agree with itself; then [Lint] says where, and the tests fail.
package catalogue

import "github.com/open-iot-mark/iotmark"

// Catalogue is one edition with everything around it.
type Catalogue struct {
	Edition     iotmark.Edition
	Scheme      Scheme
	Criteria    []*Criterion // in catalogue order: topics in their order, then as in the file
	Label       LabelRules
	Bindings    Bindings
	Efforts     map[iotmark.CriterionID]Effort
	Instruments []*Instrument // by id
	Themes      []*Theme
	Schema      []byte // JSON Schema of the declaration
	Fields      []Field
	FieldTypes  []string
	Documents   []Document

	criteria map[iotmark.CriterionID]*Criterion
}

// Criterion returns the criterion with that id, or nil.
func (c *Catalogue) Criterion(id iotmark.CriterionID) *Criterion { return c.criteria[id] }

// Scheme is the words, lists and rules that everything else uses.
type Scheme struct {
	Edition     iotmark.Edition `yaml:"edition"`
	State       string          `yaml:"state"` // draft, consultation, adopted, in-force, retired
	Title       string          `yaml:"title"`
	Licence     string          `yaml:"licence"`
	Attribution string          `yaml:"attribution"`
	Topics      []TopicRow      `yaml:"topics"`
	Risks       []Risk          `yaml:"risks"`
	Definitions []Definition    `yaml:"definitions"`
	Levels      []Term          `yaml:"levels"`
	Entry       string          `yaml:"entry"`
	Parts       []Term          `yaml:"parts"`
	Assurance   []AssuranceRow  `yaml:"assurance"`
	Needs       string          `yaml:"needs"`
	Answers     []AnswerRow     `yaml:"answers"`
	WhyUnknown  []Term          `yaml:"why_unknown"`
	Tracks      []TrackRow      `yaml:"tracks"`
	Facts       []Fact          `yaml:"facts"`
	Implies     []Implication   `yaml:"implies"`
	Grammar     struct {
		Syntax string   `yaml:"syntax"`
		Rules  []string `yaml:"rules"`
	} `yaml:"grammar"`
	EvidenceKinds []KindRow         `yaml:"evidence_kinds"`
	Visibility    []Term            `yaml:"visibility"`
	Automation    []Term            `yaml:"automation"`
	Checks        []Family          `yaml:"checks"`
	Origins       map[string]string `yaml:"origins"`
	PlainWords    struct {
		Grade float64  `yaml:"grade"`
		Words int      `yaml:"words"`
		Avoid []string `yaml:"avoid"`
	} `yaml:"plain_words"`
}

// Term is an id with its meaning.
type Term struct {
	ID    string `yaml:"id"`
	Means string `yaml:"means"`
}

// TopicRow is one of the eight topics.
type TopicRow struct {
	ID    iotmark.Topic `yaml:"id"`
	Name  string        `yaml:"name"`
	Title string        `yaml:"title"`
	Asks  string        `yaml:"asks"`
}

// Risk is one thing that can go wrong for customers.
type Risk struct {
	ID    string `yaml:"id"`
	Name  string `yaml:"name"`
	Means string `yaml:"means"`
}

// Definition defines one word.
type Definition struct {
	Term  string `yaml:"term"`
	Short string `yaml:"short"`
	Means string `yaml:"means"`
}

// AssuranceRow is one step of assurance with its rank.
type AssuranceRow struct {
	ID    string            `yaml:"id"`
	Rank  iotmark.Assurance `yaml:"rank"`
	Means string            `yaml:"means"`
}

// AnswerRow is one answer a claim may give.
type AnswerRow struct {
	ID    iotmark.Answer `yaml:"id"`
	Means string         `yaml:"means"`
	Note  string         `yaml:"note"` // required, or empty
}

// TrackRow is one of the two tracks.
type TrackRow struct {
	ID       iotmark.TrackID `yaml:"id"`
	JudgedBy string          `yaml:"judged_by"`
	Shows    string          `yaml:"shows"`
	Rule     string          `yaml:"rule"`
	// AfterGrant names musts that are duties of the licence: they begin with
	// the grant, are looked at later, and do not stand in its way.
	AfterGrant []iotmark.CriterionID `yaml:"after_grant"`
}

// Fact is one product fact that is asked for.
type Fact struct {
	ID       iotmark.FactID              `yaml:"id"`
	Type     string                      `yaml:"type"` // boolean or set
	Question string                      `yaml:"question"`
	Help     string                      `yaml:"help"`
	Options  Options                     `yaml:"options"` // in the order of the file
	Gives    map[iotmark.FactID][]string `yaml:"gives"`   // sets only: a fact that is true when one of the options is chosen
}

// Option is one answer to a product fact.
type Option struct{ Value, Label string }

// Options are the answers to a product fact in the order of the file.
type Options []Option

// Implication says that a fact that is true makes another one true.
type Implication struct {
	If      iotmark.FactID `yaml:"if"`
	Then    iotmark.FactID `yaml:"then"`
	Because string         `yaml:"because"`
}

// KindRow is one kind of evidence, with the strongest step it can carry.
type KindRow struct {
	ID    iotmark.EvidenceKind `yaml:"id"`
	Reach string               `yaml:"reach"`
	Means string               `yaml:"means"`
}

// Family is one of the families of checks that criteria name.
type Family struct {
	ID    iotmark.CheckFamily    `yaml:"id"`
	On    []iotmark.EvidenceKind `yaml:"on"`
	Live  bool                   `yaml:"live"`
	Means string                 `yaml:"means"`
}

// Criterion is one requirement of the catalogue.
type Criterion struct {
	ID         iotmark.CriterionID    `yaml:"id"`
	Level      iotmark.Level          `yaml:"level"`
	Entry      bool                   `yaml:"entry"`
	Parts      []string               `yaml:"parts"`
	AppliesIf  string                 `yaml:"applies_if"`
	Statement  string                 `yaml:"statement"`
	Consumer   string                 `yaml:"consumer"`
	Rationale  string                 `yaml:"rationale"`
	Evidence   []iotmark.EvidenceKind `yaml:"evidence"`
	Automation string                 `yaml:"automation"` // full, partly, none
	Checks     []iotmark.CheckFamily  `yaml:"checks"`
	Method     string                 `yaml:"method"`
	Risks      []string               `yaml:"risks"`
	Themes     []iotmark.ThemeID      `yaml:"themes"`
	Beyond     bool                   `yaml:"beyond"`
	Touches    []iotmark.ThemeID      `yaml:"touches"`
	Needs      string                 `yaml:"needs"`
	Remedy     string                 `yaml:"remedy"`
	Origin     []string               `yaml:"origin"`

	applies Expr
	needs   iotmark.Assurance
}

// Applies says whether the criterion applies to a product with these facts.
// It applies unless the answer is False: not knowing a fact never takes a
// criterion away.
func (c *Criterion) Applies(facts map[iotmark.FactID]iotmark.Truth) iotmark.Truth {
	return c.applies.Value(facts)
}

// Expression returns the parsed applies_if.
func (c *Criterion) Expression() Expr { return c.applies }

// NeedsStep returns the weakest step at which the criterion counts.
func (c *Criterion) NeedsStep() iotmark.Assurance { return c.needs }

// Role says what a bound check may do to a criterion.
type Role string

// Proof: passed supports the claim up to checked, failed contradicts it.
// Guard: failed contradicts the claim, passed proves nothing. Hint: shown to
// people, decides nothing.
const (
	Proof Role = "proof"
	Guard Role = "guard"
	Hint  Role = "hint"
)

// Binding says that a check serves a criterion.
type Binding struct {
	Check   iotmark.CheckID     `yaml:"check"`
	Family  iotmark.CheckFamily `yaml:"family"` // of the families the criterion names, where one fits
	Role    Role                `yaml:"role"`
	Because string              `yaml:"because"` // why this check speaks about this criterion
}

// Bindings is the binding table, outside the frozen edition.
type Bindings struct {
	Digest   iotmark.Digest // of the file
	Criteria map[iotmark.CriterionID][]Binding
}

// Serves returns the criteria that a check serves, in catalogue order.
func (c *Catalogue) Serves(id iotmark.CheckID) []iotmark.CriterionID {
	var out []iotmark.CriterionID
	for _, cr := range c.Criteria {
		for _, b := range c.Bindings.Criteria[cr.ID] {
			if b.Check == id {
				out = append(out, cr.ID)
				break
			}
		}
	}
	return out
}

// Effort is an estimate of what the remedy of a criterion takes; it is an
// estimate of the catalogue, not a measurement.
type Effort struct {
	Answer int `yaml:"answer"` // minutes to answer with evidence that exists
	Mend   int `yaml:"mend"`   // minutes to do what the remedy says
}

// LabelRules are the seven printed facts, the nine answers and the line on
// how each topic was checked.
type LabelRules struct {
	Edition      iotmark.Edition `yaml:"edition"`
	Rules        []string        `yaml:"rules"`
	WorksWithout string          `yaml:"what_a_function_works_without"`
	Facts        []LabelRow      `yaml:"facts"`
	TopicDepth   struct {
		Print  string       `yaml:"print"`
		Values []LabelValue `yaml:"values"`
	} `yaml:"topic_depth"`
	Answers []LabelRow `yaml:"answers"`
}

// LabelRow is one printed fact, or one answer of the page.
type LabelRow struct {
	ID       string                `yaml:"id"`
	Order    int                   `yaml:"order"`
	Print    string                `yaml:"print"`    // facts
	List     bool                  `yaml:"list"`     // facts
	Question string                `yaml:"question"` // answers
	Detail   string                `yaml:"detail"`   // answers
	Values   []LabelValue          `yaml:"values"`
	Fields   []string              `yaml:"fields"`
	Criteria []iotmark.CriterionID `yaml:"criteria"`
	Facts    []string              `yaml:"facts"` // answers: printed facts behind it
	Risks    []string              `yaml:"risks"`
	Notes    []string              `yaml:"notes"`
}

// LabelValue is one value of a closed list.
type LabelValue struct {
	ID    string `yaml:"id"`
	Print string `yaml:"print"` // facts
	Say   string `yaml:"say"`   // answers
	When  string `yaml:"when"`
}

// Instrument is one outside law, standard, scheme or guideline.
type Instrument struct {
	ID            iotmark.InstrumentID `yaml:"id"`
	Title         string               `yaml:"title"`
	Issuer        string               `yaml:"issuer"`
	Kind          string               `yaml:"kind"` // law, standard, scheme, guideline
	Version       string               `yaml:"version"`
	Date          string               `yaml:"date"`
	Markets       []string             `yaml:"markets"`
	Jurisdiction  string               `yaml:"jurisdiction"`
	About         []string             `yaml:"about"` // product, scheme
	Scope         string               `yaml:"scope"`
	URL           string               `yaml:"url"`
	Status        Status               `yaml:"status"`
	Confidence    string               `yaml:"confidence"`
	EvidenceForms []string             `yaml:"evidence_forms"`
	Verify        []string             `yaml:"verify"`
	Source        []string             `yaml:"source"`
	Notes         []string             `yaml:"notes"`
	Provisions    []*Provision         `yaml:"provisions"`
}

// Status is the state of an instrument with its dated events.
type Status struct {
	AsOf    string `yaml:"as_of"`
	State   string `yaml:"state"`
	Summary string `yaml:"summary"`
	Dates   []struct {
		Date    string `yaml:"date"`
		Certain bool   `yaml:"certain"`
		Event   string `yaml:"event"`
	} `yaml:"dates"`
}

// Provision is one requirement of an instrument, in our own words.
type Provision struct {
	ID         iotmark.ProvisionID `yaml:"id"`
	Alt        string              `yaml:"alt"`
	OwnID      bool                `yaml:"own_id"`
	Title      string              `yaml:"title"`
	Level      string              `yaml:"level"` // mandatory, recommended, conditional
	When       string              `yaml:"when"`
	Topic      iotmark.Topic       `yaml:"topic"`
	From       string              `yaml:"from"`
	Automation string              `yaml:"automation"`
	Test       string              `yaml:"test"`
	Confidence string              `yaml:"confidence"`
}

// Theme is a matter that several instruments ask for.
type Theme struct {
	ID         iotmark.ThemeID                                `yaml:"id"`
	Topic      iotmark.Topic                                  `yaml:"topic"`
	Title      string                                         `yaml:"title"`
	About      string                                         `yaml:"about"`
	Provisions map[iotmark.InstrumentID][]iotmark.ProvisionID `yaml:"provisions"`
}
