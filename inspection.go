package iotmark

// MethodID names one written method of inspection, as "topic.name", where
// topic is that of a criterion it serves. An id is never used again.
type MethodID string

// Topic returns the part of the id before the dot.
func (id MethodID) Topic() Topic { return CriterionID(id).Topic() }

// Valid reports whether the id has the form topic.name.
func (id MethodID) Valid() bool { return dotted.MatchString(string(id)) }

// CompetenceID names one group of competences that a person is found to have
// (ISO/IEC 17065, 6.1), such as "network" or "privacy".
type CompetenceID string

// InspectionVerdict is what one inspection by a written method says. It is
// the verdict of a test, not the conclusion on a criterion.
type InspectionVerdict string

// The three verdicts of ETSI TS 103 701. Inconclusive is no pass: what could
// not be looked at was not found in order.
const (
	InspectionPass         InspectionVerdict = "pass"
	InspectionFail         InspectionVerdict = "fail"
	InspectionInconclusive InspectionVerdict = "inconclusive"
)

// Inspection is one inspection note: a named person followed one version of
// one written method for one criterion, and filled in its form. The verdict
// follows from the record by the rules of the method.
type Inspection struct {
	Criterion CriterionID `json:"criterion"`
	Method    MethodID    `json:"method"`
	Version   int         `json:"version"` // of the method, from 1
	// Digest is that of the method's text at that version, shared parts of
	// the form included, so that the rules can be found again.
	Digest  Digest            `json:"method_sha256"`
	By      string            `json:"by"` // the person, by the id the body knows them by
	On      Date              `json:"on"` // the last day of the work
	Verdict InspectionVerdict `json:"verdict"`
	// Record is the filled form by field id: text, numbers and truth values,
	// and "unknown" for what could not be found out. It holds no secret.
	Record map[string]any `json:"record"`
	// Evidence is what was kept, by hash: captures, photographs, reports.
	Evidence []Digest `json:"evidence"`
}
