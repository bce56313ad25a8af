// Package catalogue holds the criteria of the mark and the umbrella of
// outside instruments. Both are data: one folder an edition, frozen once it
// is in force, and beside it what may change between editions: the binding
// of checks to criteria, estimates of effort, instruments and crosswalk.
//
// What it refuses to do: judge a product. What can go wrong: the data does
// not agree with itself; then [Lint] says where, and the tests fail.
package catalogue

import (
	"io/fs"

	"github.com/open-iot-mark/iotmark"
)

// Catalogue is one edition with everything around it.
type Catalogue struct {
	Edition  iotmark.Edition
	Scheme   Scheme
	Criteria []*Criterion // in catalogue order: topics in their order, then as in the file
	Label    LabelRules
	Bindings Bindings
	Efforts  map[iotmark.CriterionID]Effort
	Schema   []byte // JSON Schema of the declaration

	// The umbrella and the papers made under it. They are empty until
	// LoadInstruments has read them: judging a product does without.
	Instruments []*Instrument // by id
	Themes      []*Theme
	Fields      []Field
	FieldTypes  []string
	Documents   []Document

	// The written methods of inspection and who may follow them. They are
	// empty until LoadMethods has read them.
	Methods         []*Method // by id
	Competences     []Competence
	CompetenceRules []string // what holds for all groups

	files       fs.FS
	criteria    map[iotmark.CriterionID]*Criterion
	instruments map[iotmark.InstrumentID]*Instrument
	themes      map[iotmark.ThemeID]*Theme
	umbrella    func() error // reads what LoadInstruments promises, once
	procedure   func() (*Procedure, error)
	methods     func() error // reads what LoadMethods promises, once
	versions    map[iotmark.MethodID][]string
}

// Criterion returns the criterion with that id, or nil.
func (c *Catalogue) Criterion(id iotmark.CriterionID) *Criterion { return c.criteria[id] }

// Scheme is the words, lists and rules that everything else uses.
type Scheme struct {
	Edition iotmark.Edition `yaml:"edition" json:"edition"`
	State   string          `yaml:"state" json:"state"` // draft, consultation, adopted, in-force, retired
	// From and Until are the first and, once it is known, the last day on which
	// marks are granted under the edition.
	From        iotmark.Date   `yaml:"from" json:"from,omitempty"`
	Until       iotmark.Date   `yaml:"until" json:"until,omitempty"`
	Title       string         `yaml:"title" json:"title"`
	Licence     string         `yaml:"licence" json:"licence"`
	Attribution string         `yaml:"attribution" json:"attribution"`
	Topics      []TopicRow     `yaml:"topics" json:"topics"`
	Risks       []Risk         `yaml:"risks" json:"risks"`
	Definitions []Definition   `yaml:"definitions" json:"definitions"`
	Levels      []Term         `yaml:"levels" json:"levels"`
	Entry       string         `yaml:"entry" json:"entry"`
	Parts       []Term         `yaml:"parts" json:"parts"`
	Assurance   []AssuranceRow `yaml:"assurance" json:"assurance"`
	Needs       string         `yaml:"needs" json:"needs"`
	Answers     []AnswerRow    `yaml:"answers" json:"answers"`
	WhyUnknown  []Term         `yaml:"why_unknown" json:"why_unknown"`
	Tracks      []TrackRow     `yaml:"tracks" json:"tracks"`
	Facts       []Fact         `yaml:"facts" json:"facts"`
	Implies     []Implication  `yaml:"implies" json:"implies"`
	Grammar     struct {
		Syntax string   `yaml:"syntax" json:"syntax"`
		Rules  []string `yaml:"rules" json:"rules"`
	} `yaml:"grammar" json:"grammar"`
	EvidenceKinds []KindRow         `yaml:"evidence_kinds" json:"evidence_kinds"`
	Visibility    []Term            `yaml:"visibility" json:"visibility"`
	Automation    []Term            `yaml:"automation" json:"automation"`
	Checks        []Family          `yaml:"checks" json:"checks"`
	Origins       map[string]string `yaml:"origins" json:"origins"`
	PlainWords    struct {
		Grade float64  `yaml:"grade" json:"grade"`
		Words int      `yaml:"words" json:"words"`
		Avoid []string `yaml:"avoid" json:"avoid"`
	} `yaml:"plain_words" json:"plain_words"`
}

// Term is an id with its meaning.
type Term struct {
	ID    string `yaml:"id" json:"id"`
	Means string `yaml:"means" json:"means"`
}

// TopicRow is one of the eight topics.
type TopicRow struct {
	ID    iotmark.Topic `yaml:"id" json:"id"`
	Name  string        `yaml:"name" json:"name"`
	Title string        `yaml:"title" json:"title"`
	Asks  string        `yaml:"asks" json:"asks"`
}

// Risk is one thing that can go wrong for customers.
type Risk struct {
	ID    string `yaml:"id" json:"id"`
	Name  string `yaml:"name" json:"name"`
	Means string `yaml:"means" json:"means"`
}

// Definition defines one word.
type Definition struct {
	Term  string `yaml:"term" json:"term"`
	Short string `yaml:"short" json:"short,omitempty"`
	Means string `yaml:"means" json:"means"`
}

// AssuranceRow is one step of assurance with its rank.
type AssuranceRow struct {
	ID    string            `yaml:"id" json:"id"`
	Rank  iotmark.Assurance `yaml:"rank" json:"rank"`
	Means string            `yaml:"means" json:"means"`
}

// AnswerRow is one answer a claim may give.
type AnswerRow struct {
	ID    iotmark.Answer `yaml:"id" json:"id"`
	Means string         `yaml:"means" json:"means"`
	Note  string         `yaml:"note" json:"note,omitempty"` // required, or empty
}

// TrackRow is one of the two tracks.
type TrackRow struct {
	ID       iotmark.TrackID `yaml:"id" json:"id"`
	JudgedBy string          `yaml:"judged_by" json:"judged_by"`
	Shows    string          `yaml:"shows" json:"shows"`
	Rule     string          `yaml:"rule" json:"rule"`
	// AfterGrant names musts that are duties of the licence: they begin with
	// the grant, are looked at later, and do not stand in its way.
	AfterGrant []iotmark.CriterionID `yaml:"after_grant" json:"after_grant,omitempty"`
}

// Fact is one product fact that is asked for.
type Fact struct {
	ID       iotmark.FactID              `yaml:"id" json:"id"`
	Type     string                      `yaml:"type" json:"type"` // boolean or set
	Question string                      `yaml:"question" json:"question"`
	Help     string                      `yaml:"help" json:"help"`
	Options  Options                     `yaml:"options" json:"options"`       // in the order of the file
	Gives    map[iotmark.FactID][]string `yaml:"gives" json:"gives,omitempty"` // sets only: a fact that is true when one of the options is chosen
}

// Option is one answer to a product fact.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// Options are the answers to a product fact in the order of the file.
type Options []Option

// Implication says that a fact that is true makes another one true.
type Implication struct {
	If      iotmark.FactID `yaml:"if" json:"if"`
	Then    iotmark.FactID `yaml:"then" json:"then"`
	Because string         `yaml:"because" json:"because"`
}

// KindRow is one kind of evidence, with the strongest step it can carry.
type KindRow struct {
	ID    iotmark.EvidenceKind `yaml:"id" json:"id"`
	Reach string               `yaml:"reach" json:"reach"`
	Means string               `yaml:"means" json:"means"`
}

// Family is one of the families of checks that criteria name.
type Family struct {
	ID    iotmark.CheckFamily    `yaml:"id" json:"id"`
	On    []iotmark.EvidenceKind `yaml:"on" json:"on"`
	Live  bool                   `yaml:"live" json:"live,omitempty"`
	Means string                 `yaml:"means" json:"means"`
}

// Criterion is one requirement of the catalogue.
type Criterion struct {
	ID         iotmark.CriterionID    `yaml:"id" json:"id"`
	Level      iotmark.Level          `yaml:"level" json:"level"`
	Entry      bool                   `yaml:"entry" json:"entry"`
	Parts      []string               `yaml:"parts" json:"parts"`
	AppliesIf  string                 `yaml:"applies_if" json:"applies_if"`
	Statement  string                 `yaml:"statement" json:"statement"`
	Consumer   string                 `yaml:"consumer" json:"consumer"`
	Rationale  string                 `yaml:"rationale" json:"rationale"`
	Evidence   []iotmark.EvidenceKind `yaml:"evidence" json:"evidence"`
	Automation string                 `yaml:"automation" json:"automation"` // full, partly, none
	Checks     []iotmark.CheckFamily  `yaml:"checks" json:"checks"`
	Method     string                 `yaml:"method" json:"method"`
	Risks      []string               `yaml:"risks" json:"risks"`
	Themes     []iotmark.ThemeID      `yaml:"themes" json:"themes"`
	Beyond     bool                   `yaml:"beyond" json:"beyond,omitempty"`
	Touches    []iotmark.ThemeID      `yaml:"touches" json:"touches,omitempty"`
	Needs      string                 `yaml:"needs" json:"needs"`
	Remedy     string                 `yaml:"remedy" json:"remedy"`
	Origin     []string               `yaml:"origin" json:"origin"`

	applies Expr
	needs   iotmark.Assurance
	pos     string // file:line
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
	Check   iotmark.CheckID     `yaml:"check" json:"check"`
	Family  iotmark.CheckFamily `yaml:"family" json:"family"` // of the families the criterion names, where one fits
	Role    Role                `yaml:"role" json:"role"`
	Because string              `yaml:"because" json:"because"` // why this check speaks about this criterion
	// Proves names the printed fact whose value the check compares; a value that
	// no passed check compared stays at shown on the label.
	Proves string `yaml:"proves" json:"proves,omitempty"`
	// Renew says that what fails is renewed rather than mended: evidence that
	// expired, changed or went missing.
	Renew bool `yaml:"renew" json:"renew,omitempty"`
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
	Answer int `yaml:"answer" json:"answer"` // minutes to answer with evidence that exists
	Mend   int `yaml:"mend" json:"mend"`     // minutes to do what the remedy says
}

// LabelRules are the seven printed facts, the nine answers and the line on
// how each topic was checked.
type LabelRules struct {
	Edition      iotmark.Edition `yaml:"edition" json:"edition"`
	Rules        []string        `yaml:"rules" json:"rules"`
	WorksWithout string          `yaml:"what_a_function_works_without" json:"what_a_function_works_without"`
	Facts        []LabelRow      `yaml:"facts" json:"facts"`
	TopicDepth   struct {
		Print  string       `yaml:"print" json:"print"`
		Values []LabelValue `yaml:"values" json:"values"`
	} `yaml:"topic_depth" json:"topic_depth"`
	Answers []LabelRow `yaml:"answers" json:"answers"`
}

// LabelRow is one printed fact, or one answer of the page.
type LabelRow struct {
	ID       string                `yaml:"id" json:"id"`
	Order    int                   `yaml:"order" json:"order"`
	Print    string                `yaml:"print" json:"print,omitempty"`       // facts
	List     bool                  `yaml:"list" json:"list,omitempty"`         // facts
	Question string                `yaml:"question" json:"question,omitempty"` // answers
	Detail   string                `yaml:"detail" json:"detail,omitempty"`     // answers
	Values   []LabelValue          `yaml:"values" json:"values"`
	Fields   []string              `yaml:"fields" json:"fields"`
	Criteria []iotmark.CriterionID `yaml:"criteria" json:"criteria"`
	Facts    []string              `yaml:"facts" json:"facts,omitempty"` // answers: printed facts behind it
	Risks    []string              `yaml:"risks" json:"risks,omitempty"`
	Notes    []string              `yaml:"notes" json:"notes,omitempty"`
}

// LabelValue is one value of a closed list.
type LabelValue struct {
	One   string `yaml:"one" json:"one,omitempty"` // answers: in place of say where n is 1
	ID    string `yaml:"id" json:"id"`
	Print string `yaml:"print" json:"print,omitempty"` // facts
	Say   string `yaml:"say" json:"say,omitempty"`     // answers
	When  string `yaml:"when" json:"when"`
}

// Instrument is one outside law, standard, scheme or guideline.
type Instrument struct {
	ID            iotmark.InstrumentID `yaml:"id" json:"id"`
	Title         string               `yaml:"title" json:"title"`
	Issuer        string               `yaml:"issuer" json:"issuer"`
	Kind          string               `yaml:"kind" json:"kind"` // law, standard, scheme, guideline
	Version       string               `yaml:"version" json:"version"`
	Date          string               `yaml:"date" json:"date"`
	Markets       []string             `yaml:"markets" json:"markets"`
	Jurisdiction  string               `yaml:"jurisdiction" json:"jurisdiction"`
	About         []string             `yaml:"about" json:"about"` // product, scheme
	Scope         string               `yaml:"scope" json:"scope"`
	URL           string               `yaml:"url" json:"url"`
	Status        Status               `yaml:"status" json:"status"`
	Confidence    string               `yaml:"confidence" json:"confidence"`
	EvidenceForms []string             `yaml:"evidence_forms" json:"evidence_forms"`
	Verify        []string             `yaml:"verify" json:"verify"`
	Source        []string             `yaml:"source" json:"source"`
	Notes         []string             `yaml:"notes" json:"notes"`
	Provisions    []*Provision         `yaml:"provisions" json:"provisions"`
}

// Status is the state of an instrument with its dated events.
type Status struct {
	AsOf    string `yaml:"as_of" json:"as_of"`
	State   string `yaml:"state" json:"state"`
	Summary string `yaml:"summary" json:"summary"`
	Dates   []struct {
		Date    string `yaml:"date" json:"date"`
		Certain bool   `yaml:"certain" json:"certain"`
		Event   string `yaml:"event" json:"event"`
	} `yaml:"dates" json:"dates"`
}

// Provision is one requirement of an instrument, in our own words.
type Provision struct {
	ID         iotmark.ProvisionID `yaml:"id" json:"id"`
	Alt        string              `yaml:"alt" json:"alt,omitempty"`
	OwnID      bool                `yaml:"own_id" json:"own_id,omitempty"`
	Title      string              `yaml:"title" json:"title"`
	Level      string              `yaml:"level" json:"level"` // mandatory, recommended, conditional
	When       string              `yaml:"when" json:"when,omitempty"`
	Topic      iotmark.Topic       `yaml:"topic" json:"topic"`
	From       string              `yaml:"from" json:"from,omitempty"`
	Automation string              `yaml:"automation" json:"automation,omitempty"`
	Test       string              `yaml:"test" json:"test"`
	Confidence string              `yaml:"confidence" json:"confidence,omitempty"`
}

// Theme is a matter that several instruments ask for.
type Theme struct {
	ID         iotmark.ThemeID                                `yaml:"id" json:"id"`
	Topic      iotmark.Topic                                  `yaml:"topic" json:"topic"`
	Title      string                                         `yaml:"title" json:"title"`
	About      string                                         `yaml:"about" json:"about"`
	Added      string                                         `yaml:"added" json:"added,omitempty"` // the edition that added it
	Provisions map[iotmark.InstrumentID][]iotmark.ProvisionID `yaml:"provisions" json:"provisions"`
}
