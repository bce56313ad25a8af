// Package text reads texts and pages: HTML, Markdown and plain text. It tells
// language, reading level and dates, and finds statements, each with the
// passage it was found in.
//
// What it refuses to do: run scripts, load anything, or say that a statement
// is true. What can go wrong: a statement worded in a way no rule knows is not
// found; then nothing is said, and nothing is wrong.
package text

import (
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// Facts are what was read out of one text.
type Facts struct {
	Format     string      `json:"format"` // html, markdown, plain
	Title      string      `json:"title,omitempty"`
	Language   string      `json:"language,omitempty"`          // BCP 47 primary tag; empty: not known
	Declared   string      `json:"declared_language,omitempty"` // html lang attribute
	Words      int         `json:"words"`
	Sentences  int         `json:"sentences"`
	Grade      float64     `json:"grade"` // Flesch-Kincaid for English, LIX mapped to grades for others; see level.go
	Blocks     []Block     `json:"blocks"`
	Links      []Link      `json:"links,omitempty"`
	Dates      []Date      `json:"dates,omitempty"`
	Statements []Statement `json:"statements,omitempty"`
	Cut        bool        `json:"cut,omitempty"`      // more text than the limit; the rest was not read
	Hidden     bool        `json:"hidden,omitempty"`   // the page holds text that it does not show, which was left out
	Replaced   int         `json:"replaced,omitempty"` // bytes that are no UTF-8 and were replaced
}

// ContentDate returns the date the text gives for itself, if it gives one.
func (f *Facts) ContentDate() iotmark.Date { return contentDate(f) }

// Block is a heading, a paragraph, a list item, a table row or a passage of
// code, in reading order.
type Block struct {
	Kind  string `json:"kind"`            // heading, text, item, row, code
	Text  string `json:"text"`            // white space folded; cells of a row joined by " | "
	Line  int    `json:"line"`            // in the source, from 1
	Level int    `json:"level,omitempty"` // of a heading
}

// Link is a link with its text.
type Link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
	Line int    `json:"line"`
}

// Date is a date found in the text. Ambiguous dates such as 03/04/2030 have
// an empty Date and say so.
type Date struct {
	Date      iotmark.Date `json:"date,omitempty"` // for a month or a year: its last day
	Precision string       `json:"precision"`      // day, month, year
	Ambiguous bool         `json:"ambiguous,omitempty"`
	Text      string       `json:"text"`     // as it stands there
	Sentence  string       `json:"sentence"` // the passage around it
	Line      int          `json:"line"`
}

// StatementID names a kind of statement, such as "never-sells".
type StatementID string

// Statement is a passage that says something a rule looks for.
type Statement struct {
	ID     StatementID       `json:"id"`
	Quote  string            `json:"quote"` // the sentence, cut to 200 characters
	Line   int               `json:"line"`
	Values map[string]string `json:"values,omitempty"` // named groups of the rule, such as n and unit
}

// Rule finds one kind of statement in one language, sentence by sentence.
// Expressions are RE2 and are matched against the sentence in lower case with
// white space folded.
type Rule struct {
	Statement StatementID
	Language  string           // "" for all languages
	Pattern   *pattern.Pattern // named groups become Values
	Unless    *pattern.Pattern // the sentence does not count when this matches too; may be nil
	// Near are words in lower case of which one must stand in the sentence
	// before the expression is tried. It only saves time; may be empty.
	Near []string
}

// near reports whether the rule's expression is worth trying.
func (r Rule) near(sentence string) bool {
	for _, w := range r.Near {
		if strings.Contains(sentence, w) {
			return true
		}
	}
	return len(r.Near) == 0
}

// Said returns the statements of one kind.
func (f *Facts) Said(id StatementID) []Statement {
	var out []Statement
	for _, s := range f.Statements {
		if s.ID == id {
			out = append(out, s)
		}
	}
	return out
}
