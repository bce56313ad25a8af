package iotmark

// Place points into a piece of evidence, so that a person can look.
type Place struct {
	Evidence EvidenceID `json:"evidence,omitempty"` // empty: the declaration
	Path     string     `json:"path,omitempty"`     // file within an archive, or dotted field of the declaration
	Line     int        `json:"line,omitempty"`     // from 1
	Offset   int64      `json:"offset,omitempty"`   // byte, from 0
	Quote    string     `json:"quote,omitempty"`    // at most 200 characters of what stands there; never a secret
}

// LabelValue is a value of the label that a finding found in place of the declared
// one. Label rule: where the program contradicts the declaration, the value
// found prints.
type LabelValue struct {
	Fact  string `json:"fact"`           // id of the printed fact
	Value string `json:"value"`          // id from its closed list
	Date  Date   `json:"date,omitempty"` // for facts that print a date
}

// Finding is the result of one check on one matter. It carries a message id
// and arguments, never a sentence.
type Finding struct {
	Check   CheckID           `json:"check"`
	Version int               `json:"version"`
	Outcome Outcome           `json:"outcome"`
	Message MessageID         `json:"message"`
	Args    map[string]string `json:"args,omitempty"`
	Places  []Place           `json:"places,omitempty"`
	Basis   []EvidenceID      `json:"basis,omitempty"` // what was looked at; empty: the declaration alone
	Shown   *LabelValue       `json:"shown,omitempty"`
	// Exploitable findings (keys, default logins, open weaknesses) go to the
	// maker first and are left out of what is published until the fix or 90
	// days.
	Exploitable bool `json:"exploitable,omitempty"`
}
