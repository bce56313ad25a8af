package assess

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// Label returns what the label and the page say for a declaration on a day:
// the seven printed facts and the nine answers, by the rules of the edition's
// label-facts.yaml. It looks at the declaration alone; [Assess] puts values
// that checks found in place of declared ones.
func Label(d *iotmark.Declaration, truths map[iotmark.FactID]iotmark.Truth, rules catalogue.LabelRules, asOf iotmark.Date) iotmark.Label {
	l := labeller{d: d, truths: truths, rules: rules, asOf: asOf}
	for _, f := range d.Functions {
		if f.IsCore() {
			l.core = append(l.core, f)
			if f.Basic {
				l.basic = append(l.basic, f)
			}
		}
	}
	return iotmark.Label{Facts: l.facts(), Answers: l.answers()}
}

type labeller struct {
	d           *iotmark.Declaration
	truths      map[iotmark.FactID]iotmark.Truth
	rules       catalogue.LabelRules
	asOf        iotmark.Date
	core, basic []iotmark.Function

	values map[string]string // fact id -> value id, as they are found
}

const unknown = "unknown"

// without says whether a function works without a thing: what is listed in
// works_without, and what the product does not have.
func (l *labeller) without(f iotmark.Function, what string) iotmark.Truth {
	w := f.WorksWithout
	if w.Items == nil {
		return iotmark.Unknown
	}
	d := l.d
	switch {
	case slices.Contains(w.Items, what),
		what == "cloud" && slices.Contains(w.Items, "internet"),
		what == "cloud" && l.truths["has_cloud"] == iotmark.False,
		what == "account" && l.truths["has_account"] == iotmark.False,
		what == "app" && l.truths["has_app"] == iotmark.False,
		what == "paid-plan" && d.Plans.Word == iotmark.WordNone,
		what == "hub" && d.Parts != nil && !slices.ContainsFunc(d.Parts, func(p iotmark.Part) bool { return p.Part == iotmark.Hub }),
		what == "internet" && l.truths["has_cloud"] == iotmark.False && l.truths["has_ip"] == iotmark.False:
		return iotmark.True
	}
	return iotmark.False
}

// all is the conjunction over functions; unknown when there is no function.
func (l *labeller) all(fs []iotmark.Function, test func(iotmark.Function) iotmark.Truth) iotmark.Truth {
	if len(fs) == 0 {
		return iotmark.Unknown
	}
	t := iotmark.True
	for _, f := range fs {
		t = t.And(test(f))
	}
	return t
}

// tried reports whether works_without is known for every core function.
func (l *labeller) tried() bool {
	return len(l.core) > 0 && !slices.ContainsFunc(l.core, func(f iotmark.Function) bool { return f.WorksWithout.Items == nil })
}

func (l *labeller) offline(f iotmark.Function) iotmark.Truth { return l.without(f, "internet") }

// split returns the ids of the core functions for which a test holds, and of
// those for which it does not. A function of which nobody said is in neither.
func (l *labeller) split(test func(iotmark.Function) iotmark.Truth) (yes, no []string) {
	for _, f := range l.core {
		switch test(f) {
		case iotmark.True:
			yes = append(yes, f.ID)
		case iotmark.False:
			no = append(no, f.ID)
		}
	}
	return yes, no
}

// listed returns lists as arguments, those that are not empty.
func listed(lists map[string][]string) map[string]string {
	var out map[string]string
	for k, ids := range lists {
		if len(ids) > 0 {
			if out == nil {
				out = map[string]string{}
			}
			out[k] = strings.Join(ids, ",")
		}
	}
	return out
}

func (l *labeller) facts() []iotmark.LabelFact {
	l.values = map[string]string{}
	out := make([]iotmark.LabelFact, 0, len(l.rules.Facts))
	for _, row := range l.rules.Facts {
		value, args := l.fact(row.ID)
		print := ""
		for _, v := range row.Values {
			if v.ID == value {
				print = fill(v.Print, open(args))
			}
		}
		if s := args["senses"]; s != "" {
			print = l.printedSenses(strings.Split(s, ","))
		}
		l.values[row.ID] = value
		out = append(out, iotmark.LabelFact{ID: row.ID, Value: value, Print: print, From: iotmark.ByClaim, Args: args})
	}
	return out
}

// fact returns the value of one printed fact, and what the value leaves open;
// see [iotmark.LabelFact].
func (l *labeller) fact(id string) (value string, args map[string]string) {
	switch id {
	case "security-updates":
		return until(l.d.Support.UpdatesUntil)
	case "works-without-internet":
		return l.worksWithoutInternet(), nil
	case "account-or-plan":
		return l.accountOrPlan(), nil
	case "senses":
		return l.senses()
	case "data-sold":
		return l.dataSold(), nil
	case "spare-parts":
		return until(l.partsUntil())
	case "if-maker-closes":
		return l.ifMakerCloses(), nil
	}
	return unknown, nil
}

func until(u iotmark.Until) (value string, args map[string]string) {
	if d, ok := u.Date(); ok {
		return "date", dated(d)
	}
	if u == iotmark.Until(iotmark.WordNone) {
		return "none", nil
	}
	return unknown, nil
}

func dated(d iotmark.Date) map[string]string { return map[string]string{"date": string(d)} }

// open returns the arguments with month and year of a date in English.
func open(args map[string]string) map[string]string {
	d := iotmark.Date(args["date"])
	if d == "" {
		return args
	}
	return map[string]string{"month": d.Time().Month().String(), "year": strconv.Itoa(d.Time().Year())}
}

func (l *labeller) worksWithoutInternet() string {
	if !l.tried() {
		return unknown
	}
	works := 0
	for _, f := range l.core {
		if l.offline(f) == iotmark.True {
			works++
		}
	}
	switch {
	case works == len(l.core):
		return "yes"
	case l.all(l.basic, l.offline) == iotmark.True && 2*works >= len(l.core):
		return "mostly"
	}
	return "no"
}

func (l *labeller) accountOrPlan() string {
	if !l.tried() || !l.d.Plans.Known() {
		return unknown
	}
	need := l.basic
	if len(need) == 0 {
		need = l.core
	}
	needs := func(what string, fs []iotmark.Function) bool {
		return slices.ContainsFunc(fs, func(f iotmark.Function) bool { return l.without(f, what) != iotmark.True })
	}
	setup := l.d.Product.SetupNeeds
	account := slices.Contains(setup, "account") || needs("account", need)
	plan := slices.Contains(setup, "paid-plan") || needs("paid-plan", need)
	switch {
	case account && plan:
		return "both"
	case plan:
		return "plan"
	case account:
		return "account"
	case needs("account", l.core) || needs("paid-plan", l.core):
		return "extras"
	}
	return "not-needed"
}

func (l *labeller) senses() (value string, args map[string]string) {
	s := l.d.Sensors
	if !s.Known() {
		return unknown, nil
	}
	if len(s.Items) == 0 {
		return "nothing", nil
	}
	return "list", map[string]string{"senses": strings.Join(l.sensed(), ",")}
}

// sensed returns the value ids of all declared senses, in printing order.
func (l *labeller) sensed() []string {
	var ids []string
	for _, v := range l.sensesRow().Values {
		if slices.ContainsFunc(l.d.Sensors.Items, func(s iotmark.Sensor) bool { return s.Senses == v.ID }) {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

func (l *labeller) sensesRow() catalogue.LabelRow {
	for _, row := range l.rules.Facts {
		if row.ID == "senses" {
			return row
		}
	}
	return catalogue.LabelRow{}
}

// names returns the printed names of senses.
func (l *labeller) names(ids []string) []string {
	var names []string
	for _, v := range l.sensesRow().Values {
		if slices.Contains(ids, v.ID) {
			names = append(names, v.Print)
		}
	}
	return names
}

// printedSenses names three senses, or two and how many more.
func (l *labeller) printedSenses(ids []string) string {
	names := l.names(ids)
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:2], ", "), len(names)-2)
	}
	return strings.Join(names, ", ")
}

func (l *labeller) dataSold() string {
	said := []string{orUnknown(l.d.DataSold), orUnknown(l.d.DataForAds)}
	switch {
	case slices.Contains(said, "always"):
		return "yes"
	case slices.Contains(said, unknown) && l.truths["collects_personal_data"] != iotmark.False:
		return unknown
	case slices.Contains(said, "with-consent"):
		return "with-consent"
	}
	return "no"
}

// partsUntil is the declared date, or an earlier one of a listed part.
func (l *labeller) partsUntil() iotmark.Until {
	u := l.d.Repair.PartsUntil
	d, ok := u.Date()
	if !ok {
		return u
	}
	for _, p := range l.d.Repair.Parts.Items {
		if p.Until != "" && p.Until < d {
			d = p.Until
		}
	}
	return iotmark.Until(d)
}

func (l *labeller) ifMakerCloses() string {
	said := orUnknown(l.d.Support.IfMakerCloses)
	if said == unknown || !l.tried() {
		return unknown
	}
	alone := 0
	for _, f := range l.core {
		if l.without(f, "cloud").And(l.without(f, "account")) == iotmark.True {
			alone++
		}
	}
	switch {
	case said == "stops" || alone == 0:
		return "stops"
	case said == "partly" || alone < len(l.core):
		return "partly"
	}
	return "keeps-working"
}

func (l *labeller) answers() []iotmark.LabelAnswer {
	out := make([]iotmark.LabelAnswer, 0, len(l.rules.Answers))
	for _, row := range l.rules.Answers {
		value, args := l.answer(row.ID)
		say := ""
		for _, v := range row.Values {
			if v.ID != value {
				continue
			}
			if say = fill(v.Say, l.english(args)); args["n"] == "1" && v.One != "" {
				say = v.One
			}
		}
		out = append(out, iotmark.LabelAnswer{ID: row.ID, Value: value, Say: say, Args: args})
	}
	return out
}

// english returns what a sentence leaves open in English words.
func (l *labeller) english(args map[string]string) map[string]string {
	out := maps.Clone(open(args))
	if s, ok := args["senses"]; ok {
		out["senses"] = strings.Join(l.names(strings.Split(s, ",")), ", ")
	}
	if s, ok := args["countries"]; ok {
		if out["countries"] = strings.ReplaceAll(s, ",", ", "); s == "" {
			out["countries"] = "places the maker does not name"
		}
	}
	return out
}

// answer returns the value of one answer, and what its sentence leaves open;
// see [iotmark.LabelAnswer].
func (l *labeller) answer(id string) (value string, args map[string]string) {
	switch id {
	case "supported":
		return l.supported()
	case "happened":
		return l.happened()
	case "senses":
		return l.senses()
	case "data":
		return l.whereDataGoes()
	case "offline":
		works, stops := l.split(l.offline)
		return l.values["works-without-internet"], listed(map[string][]string{"works": works, "stops": stops})
	case "costs":
		_, needed := l.split(func(f iotmark.Function) iotmark.Truth {
			return l.without(f, "account").And(l.without(f, "paid-plan"))
		})
		return l.values["account-or-plan"], listed(map[string][]string{"needed_for": needed})
	case "breaks":
		return l.breaks()
	case "repair":
		return orUnknown(l.d.Repair.By), nil
	case "closes":
		return l.values["if-maker-closes"], nil
	}
	return unknown, nil
}

func (l *labeller) supported() (string, map[string]string) {
	d, ok := l.d.Support.UpdatesUntil.Date()
	if !ok {
		return l.values["security-updates"], nil
	}
	args := dated(d)
	switch {
	case d < l.asOf:
		return "ended", args
	case d < iotmark.DateOf(l.asOf.Time().AddDate(1, 0, 0)):
		return "ending", args
	}
	return "until", args
}

func (l *labeller) happened() (string, map[string]string) {
	in := l.d.Incidents
	if !in.Known() {
		return unknown, nil
	}
	open, recall := 0, false
	for _, i := range in.Items {
		if i.Fixed == "" {
			open++
			recall = recall || i.What == "recall"
		}
	}
	switch {
	case recall:
		return "recall", nil
	case open > 0:
		return "open", map[string]string{"n": strconv.Itoa(open)}
	case len(in.Items) > 0:
		return "fixed", map[string]string{"n": strconv.Itoa(len(in.Items))}
	}
	return "nothing", nil
}

func (l *labeller) whereDataGoes() (string, map[string]string) {
	data := l.d.Data
	if !data.Known() {
		return unknown, nil
	}
	personal, leaving, optional := 0, 0, 0
	var countries []string
	add := func(c string) {
		if c != "" && !slices.Contains(countries, c) {
			countries = append(countries, c)
		}
	}
	for _, k := range data.Items {
		if !k.IsPersonal() {
			continue
		}
		personal++
		if !slices.Contains(k.Stored, iotmark.Cloud) && len(k.Recipients) == 0 {
			continue
		}
		leaving++
		if k.Optional {
			optional++
		}
		for _, c := range k.Countries {
			add(c)
		}
		for _, r := range l.d.Recipients {
			if slices.Contains(k.Recipients, r.ID) {
				add(r.Country)
			}
		}
	}
	switch {
	case personal == 0:
		return "none", nil
	case leaving == 0:
		return "stays", nil
	case optional == leaving:
		return "optional", nil
	}
	return "leaves", map[string]string{"countries": strings.Join(countries, ",")}
}

// tooNew is how long a product may go without a first count: 15 months.
const tooNew = 456

func (l *labeller) breaks() (string, map[string]string) {
	f := l.d.Failures
	switch {
	case f.Rate != nil:
		return "rate", map[string]string{"n": strconv.FormatFloat(f.Rate.Per100, 'f', -1, 64), "time": f.Rate.Over}
	case f.Word == "too-new" && l.d.Product.FirstSale.Days(l.asOf) < tooNew:
		return "too-new", dated(iotmark.DateOf(l.d.Product.FirstSale.Time().AddDate(1, 3, 0)))
	}
	return unknown, nil
}

func orUnknown(s string) string {
	if s == "" {
		return unknown
	}
	return s
}

// fill puts words where {name} stands.
func fill(s string, args map[string]string) string {
	for k, v := range args {
		s = strings.ReplaceAll(s, "{"+k+"}", v)
	}
	return s
}
