// Package securitytxt reads security.txt files (RFC 9116), also signed ones.
//
// It names what is wrong by the codes of the validator sectxt of the Dutch
// Digital Trust Center, one by one, so that a maker can compare. What it
// refuses to do: fetch the file, the keys or the addresses in it, or look at
// the clock. Codes that depend on a date or an address are asked for with
// [Facts.At] and [Facts.From]; those about the connection (location,
// invalid_cert, invalid_uri_scheme, no_content_type, invalid_media,
// invalid_charset, no_security_txt) belong to whoever fetches. What can go
// wrong: a signature is there and its key is not; then the facts say signed,
// and not verified.
package securitytxt

import (
	"slices"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// Facts are what was read out of one file.
type Facts struct {
	Fields    []Field    `json:"fields"`
	Comments  int        `json:"comments,omitempty"`
	Lines     int        `json:"lines"`
	Expires   string     `json:"expires,omitempty"`   // of the first Expires that is a time, RFC 3339 in UTC
	Languages []string   `json:"languages,omitempty"` // of Preferred-Languages
	Signed    bool       `json:"signed,omitempty"`    // has the frame of a clear-signed message
	Signature *Signature `json:"signature,omitempty"` // nil when it cannot be read
	Problems  []Problem  `json:"problems"`
}

// Field is one field. Names are in lower case; those no standard knows are
// kept, too.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Line  int    `json:"line"` // from 1
}

// Signature is what an OpenPGP signature says of itself (RFC 9580, 5.2). It
// is not verified: the key is not in the file.
type Signature struct {
	KeyID string       `json:"key_id,omitempty"` // 16 hexadecimal digits
	Made  iotmark.Date `json:"made,omitempty"`
}

// Level says how much a problem weighs.
type Level string

// Errors break the standard; recommendations and notifications do not.
const (
	Error          Level = "error"
	Recommendation Level = "recommendation"
	Notification   Level = "notification"
)

// Problem is one thing that is wrong or could be better.
type Problem struct {
	Code  string `json:"code"`           // of sectxt 0.9.8
	Line  int    `json:"line,omitempty"` // from 1; none: the whole file
	Level Level  `json:"level"`
}

// All returns the fields of one name; the name is given in lower case.
func (f *Facts) All(name string) []Field {
	var out []Field
	for _, x := range f.Fields {
		if x.Name == name {
			out = append(out, x)
		}
	}
	return out
}

// ExpiresAt returns when the file expires, and the zero time when it does not
// say.
func (f *Facts) ExpiresAt() time.Time {
	t, _ := time.Parse(time.RFC3339, f.Expires)
	return t
}

// At returns the problems that the file has on a day: expired when the time
// has come by its first second, long_expiry when it is more than a year ahead
// (RFC 9116, 2.5.5).
func (f *Facts) At(day iotmark.Date) []Problem {
	t := f.ExpiresAt()
	if t.IsZero() {
		return nil
	}
	line := 0
	for _, x := range f.All("expires") {
		if _, ok := parseTime(x.Value); ok {
			line = x.Line
			break
		}
	}
	switch d := day.Time(); {
	case !t.After(d):
		return []Problem{{"expired", line, Error}}
	case t.After(d.AddDate(1, 0, 0)):
		return []Problem{{"long_expiry", line, Recommendation}}
	}
	return nil
}

// From returns the problem that the file has when it was fetched from none of
// the addresses that it calls canonical (RFC 9116, 2.5.2).
func (f *Facts) From(urls ...string) []Problem {
	canonical := f.All("canonical")
	if len(canonical) == 0 || len(urls) == 0 {
		return nil
	}
	for _, c := range canonical {
		if slices.Contains(urls, c.Value) {
			return nil
		}
	}
	return []Problem{{"no_canonical_match", 0, Error}}
}
