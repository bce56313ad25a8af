package accountability

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// EvidenceCurrent looks whether the evidence is still what was declared.
var EvidenceCurrent = check.Check{
	ID:      "accountability.evidence-current",
	Version: 1,
	Title:   "Evidence is here, unchanged and in date",
	What:    "It looks at every piece of evidence that the declaration names: whether its file is here, has the declared SHA-256, is not past its valid_until, and is not dated after the day of the assessment. It cannot tell when a file does not open, when a test report is more than three years old, or when it is about an older version than the newest declared one. It says which evidence runs out within 60 days.",
	Why:     "Connected products change after sale. Evidence that expired, changed or went missing describes another product than the one in the shop.",
	Satisfy: "Put the file in its place, write its new SHA-256 and date in the declaration, or take the evidence out of the claims that rest on it.",
	Limits:  "Evidence behind an address or named by its hash is judged by its dates only. Whether a new version needs a new test is for a person to say.",
	Cites: []string{
		"Open IoT Mark 2026.1, accountability.change-reporting",
		"ISO/IEC 17065:2012, 7.10",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{{Optional: true}},
	Run:       evidenceCurrent,
}

const current = "accountability.evidence-current."

const (
	soon     = 60  // days before the end in which it is told
	oldTests = 3   // years
	yearDays = 365 // and a quarter; a day more or less does not matter here
)

func evidenceCurrent(in check.Input) []iotmark.Finding {
	if len(in.Items) == 0 {
		return []iotmark.Finding{{Outcome: iotmark.Untested, Message: current + "no-evidence"}}
	}
	var wrong, notes []iotmark.Finding
	var held []iotmark.EvidenceID
	for _, it := range in.Items {
		switch f, ok := stands(in, it); {
		case ok:
			wrong = append(wrong, f)
			continue
		case it.Standing == iotmark.Held:
			held = append(held, it.ID)
		}
		if f, ok := aged(in, it); ok {
			wrong = append(wrong, f)
		}
		if f, ok := older(in, it); ok {
			wrong = append(wrong, f)
		}
		if left := in.AsOf.Days(it.ValidUntil); in.AsOf != "" && it.ValidUntil != "" && left >= 0 && left <= soon {
			f := check.Pass(current+"expiring-soon", ids(it), "evidence", string(it.ID), "date", string(it.ValidUntil), "n", check.N(left))
			notes = append(notes, at(f, it, "valid_until"))
		}
	}
	switch {
	case len(wrong) > 0:
		return append(wrong, notes...)
	case len(held) == 0:
		return append(notes, check.CannotTell(current+"nothing-here", nil, "n", check.N(len(in.Items))))
	}
	all := check.Pass(current+"all-current", held, "n", check.N(len(held)), "others", check.N(len(in.Items)-len(held)))
	return append([]iotmark.Finding{all}, notes...)
}

// stands tells of evidence that cannot be counted. The ids are those of the
// errors of a dossier.
func stands(in check.Input, it check.Item) (iotmark.Finding, bool) {
	name := string(it.ID)
	switch {
	case it.Standing == iotmark.Missing:
		return at(check.Fail(current+"file-missing", ids(it), "evidence", name, "path", it.Path), it, "path"), true
	case it.Standing == iotmark.Differs:
		return at(check.Fail(current+"hash-differs", ids(it), "evidence", name, "path", it.Path,
			"actual", it.SHA256.Short(), "declared", it.Evidence.SHA256.Short()), it, "sha256"), true
	case it.Standing == iotmark.Expired:
		return at(check.Fail(current+"evidence-expired", ids(it), "evidence", name, "date", string(it.ValidUntil)), it, "valid_until"), true
	case it.Standing == iotmark.Unopened:
		reason := ""
		if it.Problem != nil {
			reason = string(it.Problem.ID)
		}
		return at(check.CannotTell(current+"unreadable", ids(it), "evidence", name, "path", it.Path, "reason", cmp.Or(reason, string(it.Standing))), it, "path"), true
	}
	// A date that the content gives for itself may lie ahead, as in "in force
	// from January"; a declared one may not.
	for _, e := range in.Declaration.Evidence {
		if e.ID == it.ID && in.AsOf != "" && e.Dated > in.AsOf {
			return at(check.Fail(current+"dated-ahead", ids(it), "evidence", name, "date", string(e.Dated), "today", string(in.AsOf)), it, "dated"), true
		}
	}
	return iotmark.Finding{}, false
}

// aged tells of a test report that is old. The product may not have changed
// since; a person has to say.
func aged(in check.Input, it check.Item) (iotmark.Finding, bool) {
	if it.Kind != iotmark.KindTestReport || it.Dated == "" || in.AsOf == "" || it.Dated.Days(in.AsOf) <= oldTests*yearDays {
		return iotmark.Finding{}, false
	}
	f := check.CannotTell(current+"report-old", ids(it), "evidence", string(it.ID), "date", string(it.Dated), "n", check.N(oldTests))
	return at(f, it, "dated"), true
}

var versionWord = pattern.New(`(?i)\b(?:version|firmware|software|release|v)[ .:]*v?([0-9]{1,5}(?:\.[0-9]{1,5}){1,3})\b`)

// older tells of a test report that names a declared version of the product,
// and none of the newest major.minor line. A last number more is a repair
// that leaves the tested functions alone, by the custom of semantic versions.
func older(in check.Input, it check.Item) (iotmark.Finding, bool) {
	f, ok := it.Facts.(*text.Facts)
	if !ok || it.Kind != iotmark.KindTestReport {
		return iotmark.Finding{}, false
	}
	about := it.About
	if len(about) == 0 {
		about = []iotmark.PartName{iotmark.Device}
	}
	var newest []int
	name := ""
	declared := map[string]bool{}
	for _, s := range in.Declaration.Software {
		if !slices.Contains(about, s.Part) || in.AsOf != "" && s.Released > in.AsOf {
			continue
		}
		declared[s.Version] = true
		if v := numbers(s.Version); len(v) >= 2 && slices.Compare(v, newest) > 0 {
			newest, name = v, s.Version
		}
	}
	if newest == nil {
		return iotmark.Finding{}, false
	}
	var found *iotmark.Finding
	left := 200_000
	for _, b := range f.Blocks {
		if left -= len(b.Text); left < 0 {
			break
		}
		for _, m := range versionWord.Regexp().FindAllStringSubmatch(b.Text, 50) {
			v := numbers(m[1])
			switch {
			case slices.Compare(v[:2], newest[:2]) >= 0:
				return iotmark.Finding{}, false
			case declared[m[1]] && found == nil:
				c := check.CannotTell(current+"older-version", ids(it), "evidence", string(it.ID), "version", m[1], "newest", name)
				c.Places = []iotmark.Place{{Evidence: it.ID, Line: b.Line, Quote: check.Quote(b.Text)}}
				found = &c
			}
		}
	}
	if found == nil {
		return iotmark.Finding{}, false
	}
	return *found, true
}

// numbers returns the numbers of a version such as 3.2.0; nil for others.
func numbers(version string) []int {
	var out []int
	for p := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil
		}
		out = append(out, n)
	}
	return out
}

func ids(it check.Item) []iotmark.EvidenceID { return []iotmark.EvidenceID{it.ID} }

// at points to a field of the evidence in the declaration.
func at(f iotmark.Finding, it check.Item, field string) iotmark.Finding {
	f.Places = []iotmark.Place{{Path: "evidence." + string(it.ID) + "." + field}}
	return f
}
