package privacy

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// NoticeFitsProduct looks whether each privacy notice is about this product:
// its name, its maker, what it senses, a date and whom to ask.
var NoticeFitsProduct = check.Check{
	ID:      "privacy.notice-fits-product",
	Version: 2,
	Title:   "The privacy notice is about this product",
	What: "Reads each privacy notice that the claim points to. It passes when the notice names the product or its model, names the maker, has a word for " +
		"each class of sensor in the declaration, carries a date of its own, and says whom to ask about data. It fails when the notice nowhere names the product or the maker, " +
		"denies a declared sensor, or holds no date or no way to ask at all; where a word is only not known, a person decides.",
	Why: "A notice about \"our products and services\" does not tell a buyer what this one takes in, and cannot be held against it.",
	Satisfy: "Write one notice for the model: its name as on the box, your name, a line for each sensor, a line such as \"Last updated: 1 June 2026\", " +
		"and a mail address for questions.",
	Limits: "It looks for words, not for sense: a notice may name a sensor and say something wrong about it. It has words for sensors in thirteen languages of sale; " +
		"in others it cannot tell. It does not see whether the page is reachable before purchase and without sign-in.",
	Cites: []string{
		"Regulation (EU) 2016/679, Articles 12(1) and 13(1)",
		"ETSI EN 303 645 V3.1.3, provisions 6-1 and 5.8-3",
	},
	Certainty: check.FailSure,
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

	where, about, ok := named(f, d.Product.Name, d.Product.Model, d.Maker.Brand, d.Maker.Name)
	switch {
	case about:
		places = append(places, place(n.ID, where))
	case ok:
		x := check.CannotTell(id+"named-in-passing", basis, "notice", n.Title, "product", d.Product.Name)
		x.Places = []iotmark.Place{place(n.ID, where)}
		out = append(out, x)
	default:
		out = append(out, check.Fail(id+"not-named", basis, "notice", n.Title, "product", d.Product.Name, "model", d.Product.Model))
	}
	if !namesMaker(f, d.Maker) {
		out = append(out, check.Fail(id+"no-maker", basis, "notice", n.Title, "maker", d.Maker.Name))
	}
	sensed, where2 := sensors(d, n)
	out = append(out, sensed...)
	places = append(places, where2...)
	switch {
	case f.ContentDate() != "":
	case holdsDate(f):
		out = append(out, check.CannotTell(id+"date-unclear", basis, "notice", n.Title))
	default:
		out = append(out, check.Fail(id+"undated", basis, "notice", n.Title))
	}
	switch {
	case namesContact(f, d.Contacts):
	case maybeContact(f):
		out = append(out, check.CannotTell(id+"contact-unclear", basis, "notice", n.Title))
	default:
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

// aboutWords stand in a sentence that says what a notice is about, in the
// languages of sale: notice, policy, product, device, this, data.
var aboutWords = pattern.New(`(?i)notice|policy|statement|product|device|privacy|datenschutz|hinweis|erklärung|produkt|gerät|daten|\bavis\b|politique|déclaration|produit|appareil|données|verklaring|beleid|apparaat|gegevens|aviso|política|dispositiv|datos|informativa|prodotto|\bdati\b|meddeland|enhet|politik|personvern|enhed|produto|\bdados\b|polityk|urządzeni|\bdan(?:e|ych)\b|zásad|oznámen|výrob|zařízen|údaj|seloste|tuote|tuotte|laite|laitte|tieto|` +
	`(?:^|[^\p{L}])(?:this|data|dies(?:e|er|es|en|em)?|cet|cette|deze|dit|este|esta|quest[oa]|denna|detta|denne|dette|niniejsz\p{L}*|t[eao]nto|tato|toto|tämä\p{L}*)(?:[^\p{L}]|$)`)

// markWords are of the line that lists trade marks, which names products that
// the notice need not be about.
var markWords = pattern.New(`(?i)trade-? ?marks?|registered marks?|markenzeichen|warenzeichen|eingetragene marke|marques? déposée|handelsmerk|marcas? registrada|marchi? registrat|varumärk|varemærk|varemerk|znak\p{L}* towarow|ochrann\p{L}* znám|tavaramerk`)

// named finds the first passage with the product's name or model. About: it
// is the title, a heading, or a sentence on the notice or the product. The
// brand may be left out of the name when enough of it remains to tell models
// apart.
func named(f *text.Facts, name, model, brand, maker string) (at text.Block, about, ok bool) {
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
	has := func(s string) bool {
		ts := tokens(s)
		return slices.ContainsFunc(forms, func(form []string) bool { return contains(ts, form) })
	}
	head := text.Block{Kind: "heading", Text: f.Title, Line: 1}
	for _, b := range append([]text.Block{head}, f.Blocks...) {
		if !has(b.Text) {
			continue
		}
		if !ok {
			at, ok = b, true
		}
		for s := range strings.SplitSeq(b.Text, ". ") {
			if has(s) && !markWords.MatchString(s) && (b.Kind == "heading" || aboutWords.MatchString(s)) {
				return text.Block{Text: s, Line: b.Line}, true, true
			}
		}
	}
	return at, false, ok
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
				if no && !handling.MatchString(s) && denial.Text == "" {
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
		out = append(out, check.CannotTell(id+"sensors-missing", basis, "notice", n.Title, "n", check.N(len(missing)), "sensors", strings.Join(missing, ", ")))
	}
	return out, places
}

// handling are verbs of what is done with data. "We never sell pictures" does
// not deny the camera.
var handling = pattern.New(`(?i)(?:^|[^\p{L}])(?:sell|sold|share|send|sent|store|keep|kept|upload|leave|transfer|transmit|give|pass|disclose|look at|watch|use|train|verk[aä]uf|teil|send|speicher|übertrag|vend|partag|transm|conserv|verkop|deel|compart|cond|guard|sälj|dela|lagra|sælg|selg|deler|lagre|partilh|armazen|sprzeda|udostępni|przechow|prod[aá]v|sdíl|uklád|myy|jaa)`)

// dateShape is a date in a language whose months the reader does not know.
var dateShape = pattern.New(`(?:^|[^\p{L}0-9])[0-3]?[0-9]\.?\s+\p{L}{3,}\s+(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}\.?\s+\p{L}{3,}\s+[0-3]?[0-9]|(?:19|20)[0-9]{2}\s?年`)

var year = pattern.New(`(?:19|20)[0-9]{2}`)

// holdsDate reports whether there is any date in a notice. Which one is its
// own may be said in words that no rule knows.
func holdsDate(f *text.Facts) bool {
	return len(f.Dates) > 0 || year.MatchString(f.Title) || slices.ContainsFunc(f.Blocks, func(b text.Block) bool {
		return dateShape.MatchString(b.Text) || b.Kind == "heading" && year.MatchString(b.Text)
	})
}

// reach are signs of a way to ask: a written-out mail address, a telephone
// number, a post code, or a word for one of them.
var reach = pattern.New(`(?i)[([{]\s*(?:at|ät)\s*[)\]}]|\p{L} at [\p{L}0-9-]+ (?:dot|punkt) |https?://|www\.|(?:\+|\b0|\(0)[0-9][0-9 ()/.-]{5,}[0-9]|\b[a-z]{1,2}[0-9][a-z0-9]? [0-9][a-z]{2}\b|\btel(?:ephone|efon|éfono|\.|:)|\bphone\b|\bcall us|data protection officer|\bdpo\b|datenschutzbeauftragt|délégué à la protection|postal address|\bour address|\bp\.?o\.? box|anschrift|postfach|\bcontact|kontakt`)

// maybeContact reports whether anything in a notice may be a way to ask.
func maybeContact(f *text.Facts) bool {
	return len(f.Links) > 0 || slices.ContainsFunc(f.Blocks, func(b text.Block) bool { return reach.MatchString(b.Text) })
}

var mailAddress = pattern.New(`[\w.+-]+@[\w-]+(?:\.[\w-]+)+`)

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
