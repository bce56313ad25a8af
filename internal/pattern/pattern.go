// Package pattern holds regular expressions that are compiled when they are
// first used. A program that starts for one small file, as the child of
// package confine does, would else compile two hundred that it never looks at,
// which took 38 of the 44 milliseconds before its first own line.
//
// What can go wrong: an expression that is none panics at its first use and
// not at the start. Builds for the race detector, in which every test runs as
// well, compile each at the start, so that none stays unseen.
package pattern

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression in the syntax of package regexp. It is safe
// for use by several goroutines.
type Pattern struct {
	expr string
	once func() *regexp.Regexp
}

// New returns a pattern, which must be a valid expression.
func New(expr string) *Pattern {
	p := &Pattern{expr, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
	if eager {
		p.once()
	}
	return p
}

// String returns the expression as it was written.
func (p *Pattern) String() string { return p.expr }

// Regexp returns the compiled expression.
func (p *Pattern) Regexp() *regexp.Regexp { return p.once() }

// MatchString reports whether s holds a match.
func (p *Pattern) MatchString(s string) bool { return p.once().MatchString(s) }
