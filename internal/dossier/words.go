package dossier

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
)

// errors.yaml is the one table of what can be wrong, and in which words it is
// told.
//
//go:embed errors.yaml
var errorsYAML []byte

// Level says what an error does to the dossier.
type Level string

// An error refuses the dossier; a warning is told and accepted; a finding
// takes one piece of evidence out of the count.
const (
	LevelError   Level = "error"
	LevelWarning Level = "warning"
	LevelFinding Level = "finding"
)

// ErrorRow is one row of the table of errors.
type ErrorRow struct {
	Code    iotmark.ErrorID `yaml:"code"`
	Level   Level           `yaml:"level"`
	When    string          `yaml:"when"`
	Message string          `yaml:"message"`
}

var errorTable = sync.OnceValue(func() []ErrorRow {
	var f struct {
		Edition iotmark.Edition `yaml:"edition"`
		Errors  []ErrorRow      `yaml:"errors"`
	}
	if err := yaml.Unmarshal(errorsYAML, &f); err != nil {
		panic("dossier: errors.yaml: " + err.Error())
	}
	return f.Errors
})

// ErrorRows returns the table of errors, in the order of the file.
func ErrorRows() []ErrorRow { return append([]ErrorRow(nil), errorTable()...) }

var errorByCode = sync.OnceValue(func() map[iotmark.ErrorID]ErrorRow {
	m := map[iotmark.ErrorID]ErrorRow{}
	for _, r := range errorTable() {
		m[r.Code] = r
	}
	return m
})

func rowOf(code iotmark.ErrorID) ErrorRow {
	r, ok := errorByCode()[code]
	if !ok {
		panic("dossier: no words for " + code)
	}
	return r
}

// args fill the words in braces.
type args map[string]any

var brace = regexp.MustCompile(`\{(\w+)\}`)

// say fills the words of one code. A word in braces without an argument is a
// mistake in this package, except for the suggestion, which is often empty.
func say(code iotmark.ErrorID, field string, a args) string {
	s := brace.ReplaceAllStringFunc(rowOf(code).Message, func(m string) string {
		k := m[1 : len(m)-1]
		if v, ok := a[k]; ok {
			return plain(fmt.Sprint(v))
		}
		switch k {
		case "at":
			return plain(field)
		case "suggestion":
			return ""
		}
		panic("dossier: " + string(code) + " without " + k)
	})
	return strings.TrimSpace(s)
}

// maxQuoted bounds what a message repeats of the input.
const maxQuoted = 200

// plain makes foreign text fit to stand in a message on a terminal: one line,
// no control characters (a declaration could otherwise move the cursor of
// whoever checks it), not too long.
func plain(s string) string {
	n := 0
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < 0x20 || r >= 0x7f && r < 0xa0,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, // bidirectional overrides
			r == 0x2028 || r == 0x2029:
			return '?'
		}
		return r
	}, s)
	for i := range s {
		if n++; n > maxQuoted*4 {
			return s[:i] + " ..."
		}
	}
	return s
}

// quoted shortens foreign text for a message.
func quoted(s string) string {
	n := 0
	for i := range s {
		if n++; n > maxQuoted {
			return s[:i] + " ..."
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

// refuse returns the error for the whole dossier at path.
func refuse(code iotmark.ErrorID, at string, a args) *iotmark.Error {
	kind := iotmark.Invalid
	if code == "path-missing" {
		kind = iotmark.NotFound
	}
	return &iotmark.Error{Kind: kind, ID: code, Field: at, Msg: say(code, at, a)}
}

// size writes a limit for people.
func size(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}
