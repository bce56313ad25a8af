package privacy

import (
	"regexp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

// NoticeFitsProduct looks whether each privacy notice is about this product:
// its name, its maker, what it senses, a date and whom to ask.
var NoticeFitsProduct = check.Check{
	ID:      "privacy.notice-fits-product",
	Version: 1,
	Title:   "The privacy notice is about this product",
	What: "Reads each privacy notice that the claim points to. It passes when the notice names the product or its model, names the maker, has a word for " +
		"each class of sensor in the declaration, carries a date of its own, and says whom to ask about data.",
	Why: "A notice about \"our products and services\" does not tell a buyer what this one takes in, and cannot be held against it.",
	Satisfy: "Write one notice for the model: its name as on the box, your name, a line for each sensor, a line such as \"Last updated: 1 June 2026\", " +
		"and a mail address for questions.",
	Limits: "It looks for words, not for sense: a notice may name a sensor and say something wrong about it. It has words for sensors in thirteen languages of sale; " +
		"in others it cannot tell. It does not see whether the page is reachable before purchase and without sign-in.",
	Cites: []string{
		"Regulation (EU) 2016/679, Articles 12(1) and 13(1)",
		"ETSI EN 303 645 V3.1.3, provisions 6-1 and 5.8-3",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{claimedTexts},
	Run:       noticeFits,
}

func noticeFits(in check.Input) []iotmark.Finding {
	var out []iotmark.Finding
	for _, n := range notices(in) {
		out = append(out, fits(in.Declaration, n)...)
	}
	return out
}

// fits looks at one notice. It returns one finding for each matter, or a
// passed one.
func fits(d *iotmark.Declaration, n check.Read[*text.Facts]) []iotmark.Finding {
	const id = "privacy.notice-fits-product."
	f, basis := n.Facts, []iotmark.EvidenceID{n.ID}
	var out []iotmark.Finding
	var places []iotmark.Place

	where, ok := named(f, d.Product.Name, d.Product.Model, d.Maker.Brand, d.Maker.Name)
	if ok {
		places = append(places, place(n.ID, where))
	} else {
		out = append(out, check.Fail(id+"not-named", basis, "notice", n.Title, "product", d.Product.Name, "model", d.Product.Model))
	}
	if !namesMaker(f, d.Maker) {
		out = append(out, check.Fail(id+"no-maker", basis, "notice", n.Title, "maker", d.Maker.Name))
	}
	sensed, where2 := sensors(d, n)
	out = append(out, sensed...)
	places = append(places, where2...)
	if f.ContentDate() == "" {
		out = append(out, check.Fail(id+"undated", basis, "notice", n.Title))
	}
	if !namesContact(f, d.Contacts) {
		out = append(out, check.Fail(id+"no-contact", basis, "notice", n.Title))
	}
	if f.Cut {
		out = append(out, check.CannotTell(id+"cut", basis, "notice", n.Title))
	}
	if len(out) > 0 {
		return out
	}
	p := check.Pass(id+"fits", basis, "notice", n.Title, "product", d.Product.Name, "maker", d.Maker.Name, "date", string(f.ContentDate()))
	p.Places = places
	return []iotmark.Finding{p}
}

// named finds the first passage with the product's name or model. The brand
// may be left out of the name when enough of it remains to tell models apart.
func named(f *text.Facts, name, model, brand, maker string) (text.Block, bool) {
	forms := [][]string{tokens(name)}
	for _, b := range []string{brand, maker} {
		rest := tokens(name)
		if bt := tokens(b); len(bt) > 0 && len(rest) > len(bt) && slices.Equal(rest[:len(bt)], bt) && len(rest)-len(bt) >= 2 {
			forms = append(forms, rest[len(bt):])
		}
	}
	if m := tokens(model); len(strings.Join(m, "")) >= 3 {
		forms = append(forms, m)
	}
	head := text.Block{Text: f.Title, Line: 1}
	for _, b := range append([]text.Block{head}, f.Blocks...) {
		ts := tokens(b.Text)
		for _, form := range forms {
			if contains(ts, form) {
				return b, true
			}
		}
	}
	return text.Block{}, false
}

// legalForms are left out when a maker's name is looked for.
var legalForms = map[string]bool{
	"ltd": true, "limited": true, "gmbh": true, "inc": true, "llc": true, "plc": true, "corp": true, "corporation": true, "ag": true, "kg": true, "co": true,
	"b": true, "v": true, "n": true, "s": true, "a": true, "r": true, "o": true, "l": true, "oy": true, "oyj": true, "ab": true, "as": true, "aps": true, "sa": true, "sas": true, "srl": true, "bv": true, "nv": true, "se": true, "company": true,
}

func namesMaker(f *text.Facts, m iotmark.Maker) bool {
	var forms [][]string
	for _, n := range []string{m.Name, m.Brand} {
		ts := tokens(n)
		for len(ts) > 1 && legalForms[ts[len(ts)-1]] {
			ts = ts[:len(ts)-1]
		}
		if len(ts) > 0 {
			forms = append(forms, ts)
		}
	}
	for _, b := range f.Blocks {
		ts := tokens(b.Text)
		for _, form := range forms {
			if contains(ts, form) {
				return true
			}
		}
	}
	return false
}

// sensors looks for a word for each class of sensor in the declaration.
func sensors(d *iotmark.Declaration, n check.Read[*text.Facts]) (out []iotmark.Finding, places []iotmark.Place) {
	const id = "privacy.notice-fits-product."
	f, basis := n.Facts, []iotmark.EvidenceID{n.ID}
	var classes []string
	for _, s := range d.Sensors.Items {
		if !slices.Contains(classes, s.Senses) {
			classes = append(classes, s.Senses)
		}
	}
	if len(classes) == 0 {
		return nil, nil
	}
	lang := tongue(f)
	if senseWords[lang] == nil {
		return []iotmark.Finding{check.CannotTell(id+"language", basis, "notice", n.Title, "sensors", strings.Join(classes, ", "))}, nil
	}
	var missing []string
	for _, c := range classes {
		var said, denial text.Block
		for _, b := range f.Blocks {
			// A table row names a sensor without a verb; a denial is looked
			// for within one sentence.
			for s := range strings.SplitSeq(b.Text, ". ") {
				yes, no := mention(lang, c, s)
				if yes && said.Text == "" {
					said = text.Block{Text: s, Line: b.Line}
				}
				if no && denial.Text == "" {
					denial = text.Block{Text: s, Line: b.Line}
				}
			}
		}
		switch {
		case said.Text != "":
			places = append(places, place(n.ID, said))
		case denial.Text != "":
			x := check.Fail(id+"denies-sensor", basis, "notice", n.Title, "sensor", c)
			x.Places = []iotmark.Place{place(n.ID, denial)}
			out = append(out, x)
		default:
			missing = append(missing, c)
		}
	}
	if len(missing) > 0 {
		out = append(out, check.Fail(id+"sensors-missing", basis, "notice", n.Title, "n", check.N(len(missing)), "sensors", strings.Join(missing, ", ")))
	}
	return out, places
}

var mailAddress = regexp.MustCompile(`[\w.+-]+@[\w-]+(?:\.[\w-]+)+`)

// namesContact reports whether the notice says whom to ask: in a sentence
// about privacy, by a mail address anywhere in it, or by the declared page.
func namesContact(f *text.Facts, c iotmark.Contacts) bool {
	if len(f.Said(text.ContactPrivacy)) > 0 {
		return true
	}
	for _, l := range f.Links {
		if strings.HasPrefix(strings.ToLower(l.URL), "mailto:") || c.Privacy != "" && l.URL == c.Privacy {
			return true
		}
	}
	for _, b := range f.Blocks {
		if mailAddress.MatchString(b.Text) || c.Privacy != "" && strings.Contains(b.Text, c.Privacy) {
			return true
		}
	}
	return false
}

func place(id iotmark.EvidenceID, b text.Block) iotmark.Place {
	return iotmark.Place{Evidence: id, Line: b.Line, Quote: check.Quote(b.Text)}
}
