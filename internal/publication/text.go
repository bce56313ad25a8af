package publication

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Bounds of the texts of a statement, in letters. They are those of the
// declaration's schema and a little more.
const (
	maxName   = 200   // of a name, an id or a version
	maxText   = 2_000 // of a function or a reason
	maxListed = 200   // GTINs, functions, and lowered promises, of each
)

var (
	editionForm = regexp.MustCompile(`^20[0-9]{2}[.][0-9]{1,4}$`)
	gtinForm    = regexp.MustCompile(`^([0-9]{8}|[0-9]{12,14})$`)
	leiForm     = regexp.MustCompile(`^([A-Z0-9]{20})?$`)
)

// fits reports whether a text is one line of at most so many letters. What
// ends a line or steers a terminal would let a stranger write lines of the
// verifier's own output. No log takes a mail address.
func fits(s string, most int) bool {
	return utf8.ValidString(s) && !verify.HasMail(s) && utf8.RuneCountInString(s) <= most && strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
	}) < 0
}

// unfit names the first text of a statement that is not as it must be, or
// nothing. People read these texts beside the words of the program.
func (b Body) unfit() string {
	until := func(u iotmark.Until) bool {
		d, ok := u.Date()
		if !ok {
			return true
		}
		_, err := iotmark.ParseDate(string(d))
		return err == nil
	}
	switch {
	case b.Maker.Name == "" || !fits(b.Maker.Name, maxName):
		return "maker's name"
	case !leiForm.MatchString(b.Maker.LEI):
		return "LEI"
	case b.Product.Name == "" || !fits(b.Product.Name, maxName):
		return "product's name"
	case b.Product.Model == "" || !fits(b.Product.Model, maxName):
		return "model"
	case !fits(b.Program, maxName):
		return "version of the program"
	case !editionForm.MatchString(string(b.Edition)):
		return "edition"
	case !until(b.Promises.PartsUntil) || !until(b.Promises.ServiceUntil) || !until(b.Promises.UpdatesUntil):
		return "promised dates"
	case len(b.Product.GTINs) > maxListed || len(b.Promises.Functions) > maxListed || len(b.Lowered) > maxListed:
		return "lists"
	}
	for _, g := range b.Product.GTINs {
		if !gtinForm.MatchString(g) {
			return "list of GTINs"
		}
	}
	for _, f := range b.Promises.Functions {
		if !fits(f.ID, maxName) || !fits(f.Text, maxText) {
			return "functions"
		}
	}
	for _, l := range b.Lowered {
		if !fits(l.What, maxName) || !fits(l.From, maxText) || !fits(l.To, maxName) || !fits(l.Reason, maxText) {
			return "reason for a lowered promise"
		}
	}
	for id := range b.Checks {
		if !fits(string(id), maxName) {
			return "list of checks"
		}
	}
	return ""
}

// proper refuses what no statement may say, before it is signed.
func (b Body) proper() error {
	if what := b.unfit(); what != "" {
		return invalid("text-unfit", fmt.Sprintf("the %s cannot be published as it stands. A text must be there, in one line, without control characters and mail addresses, names of at most %d letters and others of at most %d; mend it in the declaration", what, maxName, maxText))
	}
	return nil
}
