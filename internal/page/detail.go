package page

import (
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// details collects the sentences of the line below one answer. Their English
// words are those of the detail patterns in the edition's label-facts.yaml; a
// test holds the two together.
type details struct {
	Input
	answer iotmark.LabelAnswer
	out    []template.HTML
}

// add says one sentence of the pattern, counted from 1.
func (d *details) add(sentence int, a args) {
	d.out = append(d.out, d.say(iotmark.MessageID("detail."+d.answer.ID+"."+strconv.Itoa(sentence)), a))
}

// detailOf is the table of the nine answers.
var detailOf = map[string]func(*details){
	"supported": (*details).supported,
	"happened":  (*details).happened,
	"senses":    (*details).sensed,
	"data":      (*details).data,
	"offline":   (*details).offline,
	"costs":     (*details).costs,
	"breaks":    (*details).breaks,
	"repair":    (*details).repair,
	"closes":    (*details).closes,
}

// detail returns the sentences whose fields are there.
func (in Input) detail(x iotmark.LabelAnswer) []template.HTML {
	d := details{Input: in, answer: x}
	if f, ok := detailOf[x.ID]; ok {
		f(&d)
	}
	return d.out
}

func (d *details) supported() {
	if day := iotmark.Date(d.answer.Args["date"]); day > d.Assessment.AsOf {
		if years := wholeYears(d.Assessment.AsOf, day); years > 0 {
			d.add(1, args{"n": n(years)})
		}
	}
	last := iotmark.Date("")
	for _, s := range d.Declaration.Software {
		if !s.Released.Time().IsZero() {
			last = max(last, s.Released)
		}
	}
	if last != "" {
		d.add(2, args{"date": esc(d.day(last))})
	}
	if day, ok := d.Declaration.Support.ServiceUntil.Date(); ok && !day.Time().IsZero() {
		d.add(3, args{"month": esc(d.month(day))})
	}
}

func (d *details) happened() {
	most := -1
	for _, i := range d.Declaration.Incidents.Items {
		if !i.Reported.Time().IsZero() && !i.Fixed.Time().IsZero() {
			most = max(most, i.Reported.Days(i.Fixed))
		}
	}
	if most >= 0 {
		d.add(1, args{"n": n(most)})
	}
}

func (d *details) sensed() {
	s := d.Declaration.Sensors
	if !s.Known() {
		return
	}
	yes := func(sense string) template.HTML {
		id := iotmark.MessageID("page.no")
		if slices.ContainsFunc(s.Items, func(x iotmark.Sensor) bool { return x.Senses == sense }) {
			id = "page.yes"
		}
		return d.say(id, nil)
	}
	d.add(1, args{"answer": yes("camera")})
	d.add(2, args{"answer": yes("sound")})
	var off []string
	for _, x := range s.Items {
		if x.Off != "" && x.Off != "never" {
			off = append(off, x.Senses)
		}
	}
	if names := d.senses(off); len(names) > 0 {
		d.add(3, args{"senses": esc(d.list(names, 5))})
	}
}

// data tells the longest time for which anything personal is kept.
func (d *details) data() {
	longest, firms := "", map[string]bool{}
	for _, k := range d.Declaration.Data.Items {
		if !k.IsPersonal() {
			continue
		}
		if _, ok := d.time(k.Kept); ok && (longest == "" || hours(k.Kept) > hours(longest)) {
			longest = k.Kept
		}
		for _, r := range k.Recipients {
			firms[r] = true
		}
	}
	if longest != "" {
		words, _ := d.time(longest)
		d.add(1, args{"kept": esc(words)})
	}
	if len(firms) > 0 {
		d.add(2, args{"n": n(len(firms))})
	}
	for i, f := range d.Assessment.Label.Facts {
		if f.ID == "data-sold" {
			d.add(3, args{"answer": esc(d.factValue(i, f.Value, f.Print, f.Args))})
		}
	}
}

// functions quotes the functions whose ids an argument of the answer lists.
func (d *details) functions(sentence int, arg string) {
	ids := strings.Split(d.answer.Args[arg], ",")
	var texts []string
	for _, f := range d.Declaration.Functions {
		if slices.Contains(ids, f.ID) {
			texts = append(texts, f.Text)
		}
	}
	if len(texts) > 0 {
		d.add(sentence, args{"functions": d.quotes(texts, 3, 2*partLength)})
	}
}

func (d *details) offline() {
	d.functions(1, "works")
	d.functions(2, "stops")
}

func (d *details) costs() {
	var plans []template.HTML
	for _, p := range d.Declaration.Plans.Items {
		per := template.HTML("")
		if slices.Contains([]string{"once", "month", "year", "piece"}, p.Per) {
			per = " " + d.say(iotmark.MessageID("page.per-"+p.Per), nil)
		}
		plans = append(plans, quote(p.Name, partLength)+" "+foreign(p.Price, partLength)+per)
	}
	if len(plans) > 0 {
		d.add(1, args{"plans": d.join(plans, 3)})
	}
	d.functions(2, "needed_for")
}

func (d *details) breaks() {
	if r := d.Declaration.Failures.Rate; r != nil && slices.Contains([]string{"maker", "assessor", "users"}, r.CountedBy) {
		d.add(1, args{"who": d.say(iotmark.MessageID("page.who-"+r.CountedBy), nil)})
	}
	if y := d.Declaration.Support.WarrantyYears; y != nil {
		d.add(2, args{"n": template.HTML(d.number(*y))})
	}
}

func (d *details) repair() {
	var parts []string
	for _, p := range d.Declaration.Repair.Parts.Items {
		parts = append(parts, p.Part)
	}
	if len(parts) > 0 {
		d.add(1, args{"parts": d.quotes(parts, 4, partLength)})
	}
	for _, f := range d.Assessment.Label.Facts {
		if day := iotmark.Date(f.Args["date"]); f.ID == "spare-parts" && day != "" {
			d.add(2, args{"month": esc(d.month(day))})
		}
	}
	if g := d.Declaration.Guides["repair"]; linkable(g) {
		d.add(3, args{"address": link(g, d.say("page.address-guide", nil))})
	}
}

func (d *details) closes() {
	if to := d.Declaration.Support.ExitPlan; linkable(to) {
		d.add(2, args{"address": link(to, d.say("page.address-plan", nil))})
	}
}

// wholeYears counts the anniversaries of a day that pass until another.
func wholeYears(from, to iotmark.Date) int {
	a, b := from.Time(), to.Time()
	y := b.Year() - a.Year()
	if a.AddDate(y, 0, 0).After(b) {
		y--
	}
	return y
}
