package iotmark

import (
	"encoding/json"
	"fmt"
)

// Outcome is the outcome of a check: one of the five of W3C EARL 1.0, section
// 2.7. Could not look is never passed.
type Outcome string

// The five outcomes. Untested: nobody looked, because there was nothing to
// look at. CantTell: something was there, and it could not be decided.
const (
	Passed       Outcome = "passed"
	Failed       Outcome = "failed"
	CantTell     Outcome = "cantTell"
	Inapplicable Outcome = "inapplicable"
	Untested     Outcome = "untested"
)

// Outcomes returns the five outcomes, the one that weighs most first.
func Outcomes() []Outcome { return []Outcome{Failed, CantTell, Passed, Inapplicable, Untested} }

// Weightier returns the one of two outcomes that decides when findings of one
// check differ: failed, cantTell, passed, inapplicable, untested.
func (o Outcome) Weightier(p Outcome) Outcome {
	for _, x := range Outcomes() {
		if o == x || p == x {
			return x
		}
	}
	return o
}

// Assurance says how we know: five steps, weakest first. The zero value says
// that nothing is known.
type Assurance int

// The ladder of assurance; its words are defined in the scheme.
const (
	NoAssurance Assurance = iota
	Declared              // the maker says so
	Shown                 // evidence is there, opens and carries a date
	Checked               // a program ran its checks on it and found support
	Assessed              // an independent person read it and agreed
	Tested                // tried on a real unit or on the live service
)

var assuranceNames = [...]string{"none", "declared", "shown", "checked", "assessed", "tested"}

// String returns the step's word.
func (a Assurance) String() string {
	if a < 0 || int(a) >= len(assuranceNames) {
		return fmt.Sprintf("assurance(%d)", int(a))
	}
	return assuranceNames[a]
}

// MarshalText writes the step's word.
func (a Assurance) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the step's word.
func (a *Assurance) UnmarshalText(b []byte) error {
	for i, n := range assuranceNames {
		if n == string(b) {
			*a = Assurance(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not a step of assurance", b)
}

// Level says how binding a criterion is.
type Level string

// Must is needed for the certified mark wherever it applies; should may be
// left unmet with a public reason; may is good practice beyond.
const (
	Must   Level = "must"
	Should Level = "should"
	May    Level = "may"
)

// Verdict is what is concluded about one criterion.
type Verdict string

// The four verdicts.
const (
	Conforms       Verdict = "conforms"
	DoesNotConform Verdict = "does-not-conform"
	NotApplicable  Verdict = "not-applicable"
	Undetermined   Verdict = "undetermined"
)

// Answer is what a claim may say.
type Answer string

// The five answers of the scheme. The zero value is no answer at all.
const (
	AnswerMet           Answer = "met"
	AnswerPartly        Answer = "partly"
	AnswerUnmet         Answer = "unmet"
	AnswerUnknown       Answer = "unknown"
	AnswerNotApplicable Answer = "not-applicable"
)

// Truth is true, false or unknown. The zero value is unknown.
type Truth int8

// The three truths.
const (
	Unknown Truth = iota
	True
	False
)

// TruthOf returns True or False.
func TruthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

// And is the conjunction of Kleene's three-valued logic.
func (t Truth) And(u Truth) Truth {
	switch {
	case t == False || u == False:
		return False
	case t == Unknown || u == Unknown:
		return Unknown
	}
	return True
}

// Or is the disjunction of Kleene's three-valued logic.
func (t Truth) Or(u Truth) Truth { return t.Not().And(u.Not()).Not() }

// Not is the negation; unknown stays unknown.
func (t Truth) Not() Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

// String returns "true", "false" or "unknown".
func (t Truth) String() string { return [...]string{"unknown", "true", "false"}[t] }

// MarshalJSON writes true, false or "unknown".
func (t Truth) MarshalJSON() ([]byte, error) {
	if t == Unknown {
		return []byte(`"unknown"`), nil
	}
	return []byte(t.String()), nil
}

// UnmarshalJSON reads true, false or "unknown".
func (t *Truth) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true":
		*t = True
	case "false":
		*t = False
	case `"unknown"`, "null":
		*t = Unknown
	default:
		return fmt.Errorf("%s is not true, false or unknown", b)
	}
	return nil
}

var _ json.Marshaler = Truth(0)
