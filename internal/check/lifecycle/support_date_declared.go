package lifecycle

import (
	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
)

// SupportDateDeclared looks whether the declaration itself names a date until
// which security updates come.
var SupportDateDeclared = check.Check{
	ID:      "lifecycle.support-date-declared",
	Version: 1,
	Title:   "The declaration names the date until which security updates come",
	What:    "Reads support.updates_until. It passes when a date stands there, fails when the maker promises no updates, and cannot tell when nothing or unknown stands there.",
	Why:     "A claim that there is a date, beside a field that says there is none, helps nobody who buys.",
	Satisfy: "Fill in support.updates_until with the earliest day on which updates may end for any part of the product.",
	Limits:  "It reads the maker's own words and no others; whether pages say the same is another check, and whether the promise is kept shows with time.",
	Cites: []string{
		"UK SI 2023/1007, Schedule 1, paragraph 3",
		"ETSI EN 303 645 V3.1.3, provision 5.3-13",
		"Regulation (EU) 2024/2847, Annex II, point 7",
	},
	Certainty: check.Sure,
	Run: func(in check.Input) []iotmark.Finding {
		const id = "lifecycle.support-date-declared."
		until := in.Declaration.Support.UpdatesUntil
		var f iotmark.Finding
		switch d, ok := until.Date(); {
		case ok && d < in.AsOf:
			f = check.Fail(id+"past", nil, "date", string(d))
		case ok:
			f = check.Pass(id+"date", nil, "date", string(d))
		case until.Known():
			f = check.Fail(id+"none", nil)
		default:
			f = check.CannotTell(id+"unknown", nil)
		}
		f.Places = []iotmark.Place{{Path: "support.updates_until"}}
		return []iotmark.Finding{f}
	},
}
