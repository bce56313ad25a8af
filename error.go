package iotmark

import (
	"errors"
	"strings"
)

// Kind says what sort of failure an [Error] is. It decides the HTTP status
// and the exit code, in one table: [Kinds].
type Kind string

// The kinds of failure. Anything that is not an *Error is internal.
const (
	Internal        Kind = "internal"        // our fault; logged with its cause
	Invalid         Kind = "invalid"         // wrong use or a broken file
	NotFound        Kind = "not-found"       // nothing has that name
	Forbidden       Kind = "forbidden"       // known person, not allowed
	Unauthenticated Kind = "unauthenticated" // nobody known is asking
	Conflict        Kind = "conflict"        // the state has moved on
	TooMany         Kind = "too-many"        // slow down
	Unavailable     Kind = "unavailable"     // network or service
	Nonconforming   Kind = "nonconforming"   // an applicable must is not met
	Unverified      Kind = "unverified"      // a proof does not hold
	Unreadable      Kind = "unreadable"      // not all could be looked at: evidence under --strict, or what a publication says
	Interrupted     Kind = "interrupted"     // the person stopped it
)

// KindRow is one row of the table that maps a kind to the outside.
type KindRow struct {
	Kind Kind
	HTTP int // status of an RFC 9457 problem
	Exit int // exit code of the command
}

// Kinds is the table Kind -> HTTP status -> exit code, and the only place
// where the three meet. Exit codes: 1 criteria not met, 2 wrong use or broken
// file, 3 verification failed, 4 network or service, 5 not all could be looked at,
// 130 interrupted.
func Kinds() []KindRow {
	return []KindRow{
		{Internal, 500, 4},
		{Invalid, 422, 2},
		{NotFound, 404, 2},
		{Forbidden, 403, 4},
		{Unauthenticated, 401, 4},
		{Conflict, 409, 4},
		{TooMany, 429, 4},
		{Unavailable, 503, 4},
		{Nonconforming, 422, 1},
		{Unverified, 422, 3},
		{Unreadable, 422, 5},
		{Interrupted, 503, 130},
	}
}

// Error is an expected failure: what, where, and how to mend it, under an id
// that never changes its meaning.
type Error struct {
	Kind  Kind
	ID    ErrorID
	Msg   string // one or two sentences for the person who can mend it
	Field string // dotted path in the declaration, or a name of input
	Pos   string // file:line:column, where the input has lines
	Err   error  // the cause, when there is one
}

// Error returns the position, the message and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Pos != "" {
		b.WriteString(e.Pos)
		b.WriteString(": ")
	}
	b.WriteString(e.Msg)
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first *Error in err's tree, and Internal
// when there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// HTTPStatus returns the status of err's kind; 200 for nil.
func HTTPStatus(err error) int {
	if err == nil {
		return 200
	}
	return row(KindOf(err)).HTTP
}

// ExitCode returns the exit code of err's kind; 0 for nil.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	return row(KindOf(err)).Exit
}

func row(k Kind) KindRow {
	rows := Kinds()
	for _, r := range rows {
		if r.Kind == k {
			return r
		}
	}
	return rows[0]
}

// Errors is a list of failures told in one run, in the order in which they
// stand in the input. It is an error when it is not empty.
type Errors []*Error

// Error returns the failures one on a line.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the failures, so that errors.As finds the first.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}
