package iotmark

// ReasonKind says on what a reason of a conclusion rests.
type ReasonKind string

// The kinds of reasons.
const (
	ByFact       ReasonKind = "fact"       // a product fact decides
	ByClaim      ReasonKind = "claim"      // the maker's answer
	ByFinding    ReasonKind = "finding"    // a finding of a check
	ByEvidence   ReasonKind = "evidence"   // evidence that does or does not count
	ByInspection ReasonKind = "inspection" // the note of a person who followed a written method
)

// Reason is one reason of a conclusion, in words by message id.
type Reason struct {
	Kind     ReasonKind        `json:"kind"`
	Message  MessageID         `json:"message"`
	Args     map[string]string `json:"args,omitempty"`
	Finding  *int              `json:"finding,omitempty"` // index into Assessment.Findings
	Evidence EvidenceID        `json:"evidence,omitempty"`
}

// Wait says who must act next on a criterion.
type Wait string

// The zero value says that nothing is left to do.
const (
	WaitNobody   Wait = ""
	WaitMaker    Wait = "maker"    // answer, mend or bring evidence
	WaitAssessor Wait = "assessor" // an independent person must read it
	WaitTest     Wait = "test"     // a real unit must be tried
)

// Conclusion is the verdict on one criterion.
type Conclusion struct {
	Criterion CriterionID `json:"criterion"`
	Level     Level       `json:"level"`
	Entry     bool        `json:"entry,omitempty"`
	Verdict   Verdict     `json:"verdict"`
	Answer    Answer      `json:"answer,omitempty"` // the claim; empty: none
	Note      string      `json:"note,omitempty"`   // the claim's public note
	Assurance Assurance   `json:"assurance"`        // reached
	Needs     Assurance   `json:"needs"`            // weakest step that counts
	Counts    bool        `json:"counts"`           // conforms at or above Needs
	// Contradicted is set when the claim says met, and a finding or the note
	// of a person who inspected failed.
	Contradicted bool     `json:"contradicted,omitempty"`
	Reasons      []Reason `json:"reasons"`
	Waits        Wait     `json:"waits,omitempty"`
	Next         *Step    `json:"next,omitempty"`
}

// StepKind says what sort of work a next step is.
type StepKind string

// The kinds of next steps, quickest first.
const (
	StepAnswer   StepKind = "answer"   // say something; unknown is an answer
	StepPoint    StepKind = "point"    // point at evidence that exists, or renew it
	StepMend     StepKind = "mend"     // change the product or a document
	StepAssessor StepKind = "assessor" // nothing for the maker: an assessor reads
	StepTest     StepKind = "test"     // nothing for the maker: a unit is tried
)

// Step is what to do next about one criterion.
type Step struct {
	Kind    StepKind          `json:"kind"`
	Message MessageID         `json:"message"`
	Args    map[string]string `json:"args,omitempty"`
	Minutes int               `json:"minutes"` // estimate of the catalogue, not a measurement
}

// TrackID is one of the two tracks.
type TrackID string

// The two tracks of the scheme.
const (
	OpenDeclaration TrackID = "declaration"
	CertifiedMark   TrackID = "certified"
)

// Track says whether a track is open, and what stands between.
type Track struct {
	ID      TrackID       `json:"id"`
	Open    bool          `json:"open"`
	Missing []CriterionID `json:"missing"` // in catalogue order
	// Contradicted counts the claims that findings contradict. They close no
	// track by themselves; the page shows each as contradicted.
	Contradicted int `json:"contradicted,omitempty"`
	Maker        int `json:"maker"` // how many of them wait for the maker; the others wait for an assessor or a test
}

// TopicSummary counts one topic.
type TopicSummary struct {
	Topic    Topic           `json:"topic"`
	Criteria int             `json:"criteria"` // applicable
	Musts    int             `json:"musts"`    // applicable musts
	Verdicts map[Verdict]int `json:"verdicts"` // of applicable criteria
	MustsBy  map[Verdict]int `json:"musts_by"` // of applicable musts
	Counting int             `json:"counting"` // musts that count for the mark
	ByStep   map[string]int  `json:"by_step"`  // conforming musts by step of assurance
	Depth    string          `json:"depth"`    // how it was checked: tested, documents, declared
}

// LabelFact is one of the seven printed facts.
type LabelFact struct {
	ID       string     `json:"id"`
	Value    string     `json:"value"`              // id from the closed list
	Print    string     `json:"print"`              // what is printed
	How      Assurance  `json:"how"`                // how we know
	From     ReasonKind `json:"from"`               // claim: the maker; finding: the program
	By       CheckID    `json:"by,omitempty"`       // the check whose value prints
	Declared string     `json:"declared,omitempty"` // what the declaration says, where the program found another value
	// Args are what the value leaves open, for words in other languages:
	// date (year-month-day), senses (value ids, comma between them).
	Args map[string]string `json:"args,omitempty"`
	// DeclaredArgs are the same for what the declaration says, with its
	// value id under value.
	DeclaredArgs map[string]string `json:"declared_args,omitempty"`
}

// LabelAnswer is one of the nine answers of the public page.
type LabelAnswer struct {
	ID    string    `json:"id"`
	Value string    `json:"value"`
	Say   string    `json:"say"`
	How   Assurance `json:"how"`
	// Args are what the value leaves open, for words in other languages: date
	// (year-month-day), n, time (such as 2 years), and with a comma between
	// them senses (value ids), countries (ISO 3166-1 alpha-2), works, stops
	// and needed_for (ids of functions).
	Args map[string]string `json:"args,omitempty"`
}

// Label is what label and page say, all of it "not known" where nobody said.
type Label struct {
	Facts   []LabelFact   `json:"facts"`
	Answers []LabelAnswer `json:"answers"`
}

// Assessment is all that was concluded about one product on one date. The
// same dossier, edition, bindings, checks and date give the same bytes.
type Assessment struct {
	Edition     Edition        `json:"edition"`
	Bindings    Digest         `json:"bindings"` // of the binding table
	AsOf        Date           `json:"as_of"`
	Product     string         `json:"product"`
	Model       string         `json:"model"`
	Maker       string         `json:"maker"`
	Declared    Digest         `json:"declaration_sha256"`
	Evidence    []Holding      `json:"evidence"`
	Findings    []Finding      `json:"findings"`
	Conclusions []Conclusion   `json:"conclusions"` // in catalogue order
	Topics      []TopicSummary `json:"topics"`
	Label       Label          `json:"label"`
	Tracks      []Track        `json:"tracks"`
	Only        []string       `json:"only,omitempty"` // a filter left only these conclusions: entry, or topics; all else is unfiltered
	Warnings    []Warning      `json:"warnings,omitempty"`
	Unsure      []FactID       `json:"unsure,omitempty"` // product facts that the evidence denies; they counted as unknown
}

// Warning is told about a declaration that was accepted all the same.
type Warning struct {
	ID      ErrorID `json:"id"`
	Field   string  `json:"field,omitempty"`
	Message string  `json:"message"`
}
