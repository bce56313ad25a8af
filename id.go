package iotmark

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// The ids below are text of their own type, so that one cannot be passed for
// another. All are written with small letters, digits and hyphens.
type (
	// Edition names one frozen state of the catalogue, such as "2026.1".
	Edition string
	// Topic is one of the eight subjects of the catalogue, such as "privacy".
	Topic string
	// CriterionID is "topic.name". An id is never used again for another
	// meaning.
	CriterionID string
	// CheckID is "topic.name", where topic is that of a criterion the check
	// serves in the binding table.
	CheckID string
	// CheckFamily is one of the 28 names of checks in the scheme.
	CheckFamily string
	// FactID names one product fact, written with underscores: "has_cloud".
	FactID string
	// EvidenceID is the name a maker gives to one piece of evidence.
	EvidenceID string
	// InstrumentID names one outside law, standard, scheme or guideline.
	InstrumentID string
	// ProvisionID names one requirement within an instrument.
	ProvisionID string
	// ThemeID names one theme of the crosswalk, such as "T07".
	ThemeID string
	// MessageID names a sentence for people; the words in each language are
	// kept by internal/message.
	MessageID string
	// ErrorID is the stable id of an error, such as "file-missing".
	ErrorID string
)

// The eight topics, in the order in which they are always shown.
const (
	DataSecurity     Topic = "data-security"
	Privacy          Topic = "privacy"
	DataGovernance   Topic = "data-governance"
	DeviceSecurity   Topic = "device-security"
	Interoperability Topic = "interoperability"
	Provenance       Topic = "provenance"
	Lifecycle        Topic = "lifecycle"
	Accountability   Topic = "accountability"
)

// Topics returns the eight topics in their order.
func Topics() []Topic {
	return []Topic{DataSecurity, Privacy, DataGovernance, DeviceSecurity, Interoperability, Provenance, Lifecycle, Accountability}
}

var dotted = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*\.[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Topic returns the part of the id before the dot.
func (id CriterionID) Topic() Topic { t, _, _ := strings.Cut(string(id), "."); return Topic(t) }

// Valid reports whether the id has the form topic.name.
func (id CriterionID) Valid() bool { return dotted.MatchString(string(id)) }

// Topic returns the part of the id before the dot.
func (id CheckID) Topic() Topic { t, _, _ := strings.Cut(string(id), "."); return Topic(t) }

// Valid reports whether the id has the form topic.name.
func (id CheckID) Valid() bool { return dotted.MatchString(string(id)) }

// Digest is a SHA-256 in 64 small hexadecimal digits.
type Digest string

// Short returns the first eight digits, which is what messages print.
func (d Digest) Short() string {
	if len(d) < 8 {
		return string(d)
	}
	return string(d[:8])
}

// Date is a calendar day written year-month-day (RFC 3339 full-date). Two
// dates compare as text. The zero value means unknown.
type Date string

// ParseDate returns the date that s names; it refuses days that are not in
// the calendar.
func ParseDate(s string) (Date, error) {
	if len(s) != len(time.DateOnly) {
		return "", fmt.Errorf("%q is not a date such as 2033-12-31", s)
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", fmt.Errorf("there is no day %s in the calendar", s)
	}
	return Date(s), nil
}

// Time returns the start of the day in UTC, and the zero time when the date
// is unknown or not in the calendar.
func (d Date) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Days returns the number of days from d to e, negative when e is earlier.
func (d Date) Days(e Date) int { return int(e.Time().Sub(d.Time()).Hours() / 24) }

// DateOf returns the day of t in UTC.
func DateOf(t time.Time) Date { return Date(t.UTC().Format(time.DateOnly)) }
