package dossier

import (
	"encoding/json"
	"regexp"
	"strings"
)

// plainText is text that every reader of YAML takes as text without quotes.
var plainText = regexp.MustCompile(`^[\pL0-9(+/][^\x00-\x1f\x7f-\x{a0}\x{2028}\x{2029}\x{feff}]*$`)

// trips are words and shapes that YAML 1.1 takes for something other than
// text: truth values (y, NO, on), null, numbers in any base, with
// underscores, sexagesimal (12:30), infinities, points in time; and versions,
// of which some are numbers (1.10) and others are not (1.10.0).
var trips = regexp.MustCompile(`(?i)^(y|n|yes|no|true|false|on|off|null|~|[-+.]?(inf|nan)` +
	`|[-+]?(0x[0-9a-f_]+|0b[01_]+|0o[0-7_]+|[0-9][0-9_,]*(:[0-9]+)*(\.[0-9._]*)?(e[-+]?[0-9]+)?|\.[0-9_]+(e[-+]?[0-9]+)?)` +
	`|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t ].*)?)$`)

var dateForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)

// scalar writes a text so that it is read back as text, by readers of YAML
// 1.1 too; in quotes only where they are needed. Dates stay plain: they are
// text for us, and editors know them.
func scalar(s string) string {
	switch {
	case dateForm.MatchString(s):
		return s
	case !plainText.MatchString(s), trips.MatchString(s),
		strings.Contains(s, ": "), strings.Contains(s, " #"), strings.HasSuffix(s, ":"), strings.HasSuffix(s, " "),
		strings.ContainsAny(s, "\t"):
		return quote(s)
	}
	return s
}

// flowScalar is scalar for a list in one line, where brackets and commas end
// a text.
func flowScalar(s string) string {
	if strings.ContainsAny(s, "[]{},") {
		return quote(s)
	}
	return scalar(s)
}

// quote writes double quotes with the escapes of JSON, which YAML 1.2 shares
// (section 5.7).
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string cannot fail
	// JSON leaves one of the line ends of YAML 1.1 as it is.
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\u0085", `\u0085`)
}
