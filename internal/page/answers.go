package page

import (
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// answerViews shows the nine answers: what is said, a line of detail, who
// says so, and where the maker says something else.
func (in Input) answerViews() []answerView {
	var out []answerView
	for i, x := range in.Assessment.Label.Answers {
		if i >= len(in.Catalogue.Label.Answers) {
			break
		}
		row := in.Catalogue.Label.Answers[i]
		v := answerView{
			Question: in.word("label.question."+row.ID, row.Question, nil),
			Say:      in.answerSay(i, x),
			Unknown:  x.Value == "unknown",
			Detail:   in.detail(x),
		}
		if v.Unknown { // the box holds the two words, and the reason follows
			if first, rest, ok := strings.Cut(v.Say, ". "); ok {
				v.Say = first
				v.Detail = append([]template.HTML{esc(rest)}, v.Detail...)
			}
		}
		v.Who = in.who(x, in.behind(row))
		for j, f := range in.Assessment.Label.Facts {
			if f.From == iotmark.ByFinding && slices.Contains(row.Facts, f.ID) {
				v.Who = in.say("page.found", args{"date": esc(in.day(in.Assessment.AsOf))})
				declared := f.DeclaredArgs["value"]
				v.Otherwise = append(v.Otherwise, in.say("page.says-otherwise", args{
					"fact": esc(in.factName(j)), "value": esc(in.factValue(j, declared, f.Declared, f.DeclaredArgs)),
				}))
			}
		}
		out = append(out, v)
	}
	return out
}

// answerSay returns the bold words of an answer.
func (in Input) answerSay(i int, x iotmark.LabelAnswer) string {
	row := in.Catalogue.Label.Answers[i]
	a := map[string]string{}
	if d := iotmark.Date(x.Args["date"]); d != "" {
		a["month"], a["year"] = in.monthName(d), strconv.Itoa(d.Time().Year())
	}
	if s, ok := x.Args["n"]; ok {
		a["n"] = s
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			a["n"] = in.number(f)
		}
	}
	if s, ok := x.Args["time"]; ok {
		a["time"], _ = in.time(s)
	}
	if s, ok := x.Args["senses"]; ok {
		a["senses"] = strings.Join(in.senses(strings.Split(s, ",")), ", ")
	}
	if s, ok := x.Args["countries"]; ok {
		a["countries"] = in.Words.Say("page.places-unnamed", nil)
		if names := in.countries(s); len(names) > 0 {
			a["countries"] = in.list(names, 4)
		}
	}
	for _, v := range row.Values {
		if v.ID != x.Value {
			continue
		}
		english := v.Say
		if x.Args["n"] == "1" && v.One != "" {
			english = v.One
		}
		return in.word("label.say."+row.ID+"."+v.ID, english, a)
	}
	return in.Words.Say("page.not-known", nil)
}

func (in Input) countries(list string) []string {
	var names []string
	for c := range strings.SplitSeq(list, ",") {
		if c != "" {
			names = append(names, in.country(c))
		}
	}
	return names
}

// list names some, and says how many more there are.
func (in Input) list(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most-1], ", ") + " " + in.Words.Say("page.more", map[string]string{"n": strconv.Itoa(len(names) - most + 1)})
}

// quotes names some of a maker's texts, each cut to so many characters.
func (in Input) quotes(texts []string, most, length int) template.HTML {
	out := make([]template.HTML, 0, most)
	for _, t := range texts[:min(len(texts), most)] {
		out = append(out, quote(strings.TrimSuffix(message.Short(t, length), "."), length))
	}
	return in.joined(out, len(texts), most)
}

// join is list for HTML.
func (in Input) join(parts []template.HTML, most int) template.HTML {
	return in.joined(parts[:min(len(parts), most)], len(parts), most)
}

// joined shows at most so many parts of all, and says how many are left out.
func (in Input) joined(parts []template.HTML, all, most int) template.HTML {
	var b strings.Builder
	if all > most {
		parts = parts[:most-1]
	}
	for i, p := range parts {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(p))
	}
	if all > most {
		b.WriteString(" " + string(in.say("page.more", args{"n": n(all - most + 1)})))
	}
	return template.HTML(b.String())
}

// senses returns the names of senses in the printing order of the catalogue.
func (in Input) senses(ids []string) []string {
	var names []string
	for _, row := range in.Catalogue.Label.Facts {
		for _, v := range row.Values {
			if row.ID == "senses" && slices.Contains(ids, v.ID) {
				names = append(names, in.word("label.value.senses."+v.ID, v.Print, nil))
			}
		}
	}
	return names
}

// factName returns what a printed fact is called, factValue what is printed
// for a value; print is what the assessment says in English.
func (in Input) factName(i int) string {
	row := in.Catalogue.Label.Facts[i]
	return in.word("label.fact."+row.ID, row.Print, nil)
}

func (in Input) factValue(i int, value, print string, a map[string]string) string {
	row := in.Catalogue.Label.Facts[i]
	if s := a["senses"]; s != "" {
		return in.list(in.senses(strings.Split(s, ",")), 3)
	}
	open := map[string]string{}
	if d := iotmark.Date(a["date"]); d != "" {
		open["month"], open["year"] = in.monthName(d), strconv.Itoa(d.Time().Year())
	}
	for _, v := range row.Values {
		if v.ID == value {
			return in.word("label.value."+row.ID+"."+v.ID, v.Print, open)
		}
	}
	return message.Short(print, nameLength)
}

// behind gives the criteria that stand behind an answer, its detail included,
// and behind the printed facts it rests on. What is found about any of them
// stands beside the answer: a shopper does not open the list of topics.
func (in Input) behind(row catalogue.LabelRow) []iotmark.CriterionID {
	out := slices.Clone(row.Criteria)
	for _, f := range in.Catalogue.Label.Facts {
		if slices.Contains(row.Facts, f.ID) {
			out = append(out, f.Criteria...)
		}
	}
	return out
}

// who says who says so, how it was checked, and when. Where the program found
// that a criterion behind the answer is not met, the answer says that, too.
func (in Input) who(x iotmark.LabelAnswer, behind []iotmark.CriterionID) template.HTML {
	asOf := args{"date": esc(in.day(in.Assessment.AsOf))}
	signed := asOf
	if s := in.Declaration.Signed; s != nil {
		signed = args{"date": esc(in.day(s.Date))}
	}
	switch {
	case x.Value == "unknown":
		return in.say("page.says-nothing", asOf)
	case slices.ContainsFunc(in.Assessment.Conclusions, func(c iotmark.Conclusion) bool {
		return slices.Contains(behind, c.Criterion) && in.examined(c) == otherwise
	}):
		return in.say("page.says-differs", signed)
	case x.How >= iotmark.Checked:
		return in.say("page.says-checked", asOf)
	case x.How == iotmark.Shown:
		return in.say("page.says-shown", signed)
	}
	return in.say("page.says", signed)
}
