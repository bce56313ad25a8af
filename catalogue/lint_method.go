package catalogue

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

var (
	methodKeys = strings.Fields("id version title serves generic carries purpose source competence equipment sample preparation steps fields verdict second_opinion minutes hazards limits")
	methodFree = []string{"serves", "generic"}
)

// maxMinutes is a working week: who needs longer has several methods.
const maxMinutes = 5 * 480

func (l *linter) methods() {
	l.competences()
	once(l, methodsDir, "methods", ids(l.c.Methods, func(m *Method) iotmark.MethodID { return m.ID }), dottedID)
	for _, m := range l.c.Methods {
		l.order(m.pos, string(m.ID), m.keys, methodKeys, methodFree)
		l.method(m)
		l.form(m)
		l.verdicts(m)
	}
	for _, cr := range l.c.Criteria {
		if cr.Level != iotmark.Must || cr.needs <= iotmark.Checked {
			continue
		}
		if !slices.ContainsFunc(l.c.MethodsFor(cr.ID), func(m *Method) bool { return m.Step() >= cr.needs }) {
			l.bad("method-lacking", cr.pos, string(cr.ID), "no method carries %s to %s, which it needs; write methods/%s.yaml", cr.ID, cr.Needs, cr.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(l.c.versions)) {
		if l.c.Method(id) == nil {
			l.bad("method-version", versionsName, string(id), "the method %s has versions and no file; an id is never taken away, mend the name", id)
		}
	}
}

func (l *linter) competences() {
	all := ids(l.c.Competences, func(c Competence) iotmark.CompetenceID { return c.ID })
	once(l, competencesName, "competences", all, kebab)
	used := map[iotmark.CompetenceID]bool{}
	for _, m := range l.c.Methods {
		for _, id := range m.Competence {
			used[id] = true
		}
	}
	most := 24
	if p, err := l.c.Procedure(); err == nil { // what is wrong with it is told where it is looked at
		most = p.Competence.Months
	}
	for _, c := range l.c.Competences {
		within(l, competencesName, string(c.ID), "kind of competence", []string{c.Kind}, []string{"topic", "technique"})
		if c.Name == "" || c.Can == "" || len(c.Training) == 0 || c.Witnessed == "" || c.Kept == "" || c.Months < 1 || c.Months > most {
			l.bad("competence-form", competencesName, string(c.ID), "%s must say name, can, training, witnessed and kept, and last 1 to %d months, which is the most the procedure allows", c.ID, most)
		}
		if topic := slices.Contains(iotmark.Topics(), iotmark.Topic(c.ID)); topic != (c.Kind == "topic") {
			l.bad("competence-form", competencesName, string(c.ID), "%s is of the kind %s; the eight topics are of the kind topic, and nothing else is", c.ID, c.Kind)
		}
		if c.Kind == "technique" && !used[c.ID] {
			l.bad("competence-idle", competencesName, string(c.ID), "no method asks for the technique %s", c.ID)
		}
	}
	for _, t := range iotmark.Topics() {
		if !slices.Contains(all, iotmark.CompetenceID(t)) {
			l.bad("competence-topic", competencesName, string(t), "the topic %s has no group of competences", t)
		}
	}
}

// method holds what stands above and around the form.
func (l *linter) method(m *Method) {
	bad := func(id iotmark.ErrorID, field, format string, args ...any) {
		l.bad(id, m.pos, string(m.ID)+"."+field, format, args...)
	}
	criteria := ids(l.c.Criteria, func(c *Criterion) iotmark.CriterionID { return c.ID })
	within(l, m.pos, string(m.ID)+".serves", "criterion", m.Serves, criteria)
	within(l, m.pos, string(m.ID)+".competence", "competence", m.Competence, ids(l.c.Competences, func(c Competence) iotmark.CompetenceID { return c.ID }))
	within(l, m.pos, string(m.ID)+".carries", "step of an inspection", []string{m.Carries}, []string{iotmark.Assessed.String(), iotmark.Tested.String()})
	for _, x := range []struct {
		key   string
		empty bool
	}{
		{"title", m.Title == ""}, {"purpose", m.Purpose == ""}, {"source", len(m.Source) == 0}, {"equipment", len(m.Equipment) == 0},
		{"sample.drawn", m.Sample.Drawn == ""}, {"steps", len(m.Steps) == 0}, {"limits", len(m.Limits) == 0}, {"hazards", len(m.Hazards) == 0},
		{"second_opinion", len(m.SecondOpinion) == 0}, {"competence", len(m.Competence) == 0},
	} {
		if x.empty {
			bad("field-empty", x.key, "%s of %s is empty", x.key, m.ID)
		}
	}
	if (len(m.Serves) == 0) != m.Generic {
		bad("method-serves", "serves", "%s must name the criteria it serves, or be generic and name none", m.ID)
	}
	topics := ids(m.Serves, func(id iotmark.CriterionID) iotmark.Topic { return id.Topic() })
	if len(topics) > 0 && !slices.Contains(topics, m.ID.Topic()) {
		bad("method-topic", "id", "%s serves no criterion of %s; its topic must be one of %s", m.ID, m.ID.Topic(), commas(topics))
	}
	if m.Step() == iotmark.Tested && m.Sample.Units+m.Sample.Accounts < 1 || m.Sample.Units < 0 || m.Sample.Units > maxUnits || m.Sample.Accounts < 0 {
		bad("method-sample", "sample", "%s carries to %s with %d units and %d accounts; tested means a unit or the live service, and at most %d units", m.ID, m.Carries, m.Sample.Units, m.Sample.Accounts, maxUnits)
	}
	if m.Minutes < 5 || m.Minutes > maxMinutes {
		bad("method-minutes", "minutes", "%s takes %d minutes; it must be from 5 to %d", m.ID, m.Minutes, maxMinutes)
	}
	if got := l.c.versions[m.ID]; m.Version < 1 || len(got) != m.Version || got[len(got)-1] != string(m.Digest) {
		bad("method-version", "version", "version %d of %s is not the text in versions.yaml; raise the version and run go generate ./catalogue", m.Version, m.ID)
	}
	for _, s := range m.Source {
		l.source(m, s)
	}
	l.methodSteps(m)
	l.serving(m)
}

func (l *linter) source(m *Method, s MethodSource) {
	field := string(m.ID) + ".source"
	if (s.Instrument == "") == (s.Title == "") || (s.Instrument == "") != (len(s.Provisions) == 0) {
		l.bad("method-source", m.pos, field, "a source of %s must be an instrument with provisions, or a title", m.ID)
		return
	}
	if s.Title != "" {
		return
	}
	within(l, m.pos, field, "instrument", []iotmark.InstrumentID{s.Instrument}, ids(l.c.Instruments, func(i *Instrument) iotmark.InstrumentID { return i.ID }))
	if in := l.c.instruments[s.Instrument]; in != nil {
		within(l, m.pos, field, "provision", s.Provisions, ids(in.Provisions, func(p *Provision) iotmark.ProvisionID { return p.ID }))
	}
}

// methodSteps holds the steps to the form and to the kinds of evidence.
func (l *linter) methodSteps(m *Method) {
	own := map[string]bool{}
	fields := ids(m.Fields, func(f RecordField) string { return f.ID })
	for i, s := range m.Steps {
		field := string(m.ID) + ".steps"
		if s.Do == "" || s.Expect == "" {
			l.bad("field-empty", m.pos, field, "step %d of %s must say what to do and what to expect", i+1, m.ID)
		}
		if len(s.Record)+len(s.Keep) == 0 {
			l.bad("method-step-idle", m.pos, field, "step %d of %s writes nothing down and keeps nothing; join it to the next", i+1, m.ID)
		}
		within(l, m.pos, field, "field", s.Record, fields)
		within(l, m.pos, field, "kind of evidence", s.Keep, l.kinds)
		for _, f := range s.Record {
			own[f] = true
		}
	}
	for _, f := range m.Fields {
		if m.own[f.ID] && !own[f.ID] {
			l.bad("record-field-idle", m.pos, string(m.ID)+".fields."+f.ID, "no step fills in %s of %s", f.ID, m.ID)
		}
	}
	texts := []string{m.Purpose}
	for _, s := range m.Steps {
		texts = append(texts, s.Do, s.Expect)
	}
	for _, rs := range m.rules() {
		for _, x := range rs.list {
			texts = append(texts, x.Means)
		}
	}
	for _, t := range slices.Concat(texts, m.Preparation, m.Hazards, m.Limits) {
		if !strings.HasSuffix(t, ".") {
			l.bad("full-stop", m.pos, string(m.ID), "a sentence of %s does not end with a full stop: %s", m.ID, t)
		}
	}
}

// serving holds the criteria against what the method keeps and carries.
func (l *linter) serving(m *Method) {
	var kept []iotmark.EvidenceKind
	for _, s := range m.Steps {
		kept = append(kept, s.Keep...)
	}
	for _, id := range m.Serves {
		cr := l.c.Criterion(id)
		if cr == nil {
			continue
		}
		if m.Step() < cr.needs {
			l.bad("method-carries", m.pos, string(m.ID)+".carries", "%s carries to %s, and %s needs %s", m.ID, m.Carries, id, cr.Needs)
		}
		if !slices.ContainsFunc(kept, func(k iotmark.EvidenceKind) bool {
			return slices.Contains(cr.Evidence, k) && l.c.Reach(k) >= min(m.Step(), cr.needs)
		}) {
			l.bad("method-evidence", m.pos, string(m.ID)+".steps", "%s keeps no evidence that %s accepts and that reaches %s; it accepts %s", m.ID, id, cr.Needs, commas(cr.Evidence))
		}
	}
}

type namedRules struct {
	name string
	list []MethodRule
}

func (m *Method) rules() []namedRules {
	return []namedRules{{"verdict.fail", m.Verdict.Fail}, {"verdict.pass", m.Verdict.Pass}, {"verdict.inconclusive", m.Verdict.Inconclusive}, {"second_opinion", m.SecondOpinion}}
}

// form holds the fields of the record.
func (l *linter) form(m *Method) {
	seen := map[string]bool{verdictKey: true}
	for _, n := range verdictNames {
		seen[string(n)] = true
	}
	name := func(f, n string) {
		if seen[n] {
			l.bad("record-field-twice", m.pos, string(m.ID)+".fields."+f, "the name %s stands twice on the form of %s, or is one of verdict, passed, failed, inconclusive", n, m.ID)
		}
		seen[n] = true
		if !factName.MatchString(n) || n == "and" || n == "or" || n == "not" || n == "always" {
			l.bad("id-malformed", m.pos, string(m.ID)+".fields."+f, "the name %q on the form of %s must be small letters, digits and underscores, and no word of the expressions", n, m.ID)
		}
	}
	for i := range m.Fields {
		f := &m.Fields[i]
		name(f.ID, f.ID)
		for _, n := range slices.Sorted(maps.Keys(f.Gives)) {
			name(f.ID, n)
		}
		if msg := l.fieldForm(m, f); msg != "" {
			l.bad("record-field-form", m.pos, string(m.ID)+".fields."+f.ID, "%s of %s %s", f.ID, m.ID, msg)
		}
	}
}

// fieldForm says what does not go with the type of a field, or nothing.
func (l *linter) fieldForm(m *Method, f *RecordField) string {
	options := ids(f.Options, func(o Option) string { return o.Value })
	switch {
	case f.Label == "":
		return "has no label"
	case !slices.Contains(FieldTypes(), f.Type):
		return "is of the type " + string(f.Type) + "; it must be one of " + commas(FieldTypes())
	case (f.Type == ChoiceField) != (len(options) > 1):
		return "must offer at least two options exactly when it is a choice"
	case slices.Contains(options, NotKnown):
		return "offers unknown, which every field takes without being told"
	case f.Type != NumberField && (f.Unit != "" || f.Least != nil || f.Most != nil):
		return "has unit, least or most and is no number"
	case f.Type == NumberField && f.Unit == "":
		return "is a number without a unit; for a count, say of what"
	case f.Least != nil && f.Most != nil && *f.Least > *f.Most:
		return "has a least above its most"
	case f.Required && f.RequiredWhen != "":
		return "is required always and only sometimes"
	}
	for _, g := range f.Gives {
		n := 0
		for _, set := range []bool{g.Is != nil, g.AtLeast != nil, g.AtMost != nil, g.SameAs != ""} {
			if set {
				n++
			}
		}
		other, ok := find(m.Fields, func(o RecordField) bool { return o.ID == g.SameAs })
		switch {
		case n != 1:
			return "gives a name by no condition, or by several"
		case g.Is != nil && (f.Type != ChoiceField || slices.ContainsFunc(g.Is, func(o string) bool { return !slices.Contains(options, o) })):
			return "gives a name by options it does not offer"
		case (g.AtLeast != nil || g.AtMost != nil) && f.Type != NumberField:
			return "gives a name by a limit and is no number"
		case g.SameAs != "" && (!ok || other.Type != f.Type || other.ID == f.ID || f.Type == BooleanField || f.Type == NumberField || f.Type == ChoiceField):
			return "gives a name by another field that is not there or not of its type"
		}
	}
	return ""
}

// verdicts holds the rules to the form, and tries each verdict.
func (l *linter) verdicts(m *Method) {
	from := map[iotmark.FactID]*RecordField{}
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.Type == BooleanField {
			from[iotmark.FactID(f.ID)] = f
		}
		for n := range f.Gives {
			from[iotmark.FactID(n)] = f
		}
	}
	known := slices.Sorted(maps.Keys(from))
	extra := slices.Sorted(maps.Values(verdictNames))
	for _, rs := range m.rules() {
		second := rs.name == "second_opinion"
		for _, x := range rs.list {
			l.rule(m, rs.name, x.expr, known, extra, from, second)
			if x.Means == "" {
				l.bad("field-empty", m.pos, string(m.ID)+"."+rs.name, "a rule of %s does not say what it means: %s", m.ID, x.When)
			}
		}
	}
	for i := range m.Fields {
		if f := &m.Fields[i]; f.RequiredWhen != "" {
			within(l, m.pos, string(m.ID)+".fields."+f.ID, "name", slices.Sorted(maps.Keys(f.requiredWhen.Names())), slices.Concat(known, extra))
		}
	}
	for _, v := range verdicts {
		if !m.reaches(v) {
			l.bad("verdict-unreachable", m.pos, string(m.ID)+".verdict", "no record gives the verdict %s by the rules of %s", v, m.ID)
		}
	}
}

func (l *linter) rule(m *Method, list string, e Expr, known, extra []iotmark.FactID, from map[iotmark.FactID]*RecordField, second bool) {
	field := string(m.ID) + "." + list
	for _, n := range slices.Sorted(maps.Keys(e.Names())) {
		f := from[n]
		switch {
		case second && (n == "always" || slices.Contains(extra, n)):
		case f == nil:
			l.bad("verdict-unrecorded", m.pos, field, "a rule of %s refers to %s, which the form does not record%s", m.ID, n, didYouMean(n, known))
		case !second && !f.Required && f.RequiredWhen == "":
			l.bad("verdict-optional", m.pos, field, "a rule of %s rests on %s, which may be left empty; require %s", m.ID, n, f.ID)
		}
	}
}

// reaches reports whether some assignment to the names gives the verdict. It
// asks field by field and gives up a branch as soon as the rules are decided
// against it.
func (m *Method) reaches(want iotmark.InspectionVerdict) bool {
	used := map[iotmark.FactID]bool{}
	for _, rs := range m.rules()[:3] {
		for _, x := range rs.list {
			maps.Copy(used, x.expr.Names())
		}
	}
	var choices [][]map[iotmark.FactID]iotmark.Truth
	for i := range m.Fields {
		if c := m.Fields[i].classes(used); len(c) > 0 {
			choices = append(choices, c)
		}
	}
	budget := 200_000
	var try func(i int, names map[iotmark.FactID]iotmark.Truth) bool
	try = func(i int, names map[iotmark.FactID]iotmark.Truth) bool {
		if budget--; budget < 0 {
			return false
		}
		if got, _ := m.Verdict.conclude(names); got == want {
			return true
		}
		if i == len(choices) || m.Verdict.against(want, names) {
			return false
		}
		for _, c := range choices[i] {
			next := maps.Clone(names)
			maps.Copy(next, c)
			if try(i+1, next) {
				return true
			}
		}
		return false
	}
	return try(0, map[iotmark.FactID]iotmark.Truth{})
}

// against reports whether nothing that is still open can give the verdict.
func (v VerdictRules) against(want iotmark.InspectionVerdict, names map[iotmark.FactID]iotmark.Truth) bool {
	failed, _ := holding(v.Fail, names)
	if want == iotmark.InspectionFail {
		return false
	}
	if len(failed) > 0 {
		return true
	}
	if want == iotmark.InspectionPass {
		for _, r := range v.Pass {
			if r.expr.Value(names) == iotmark.False {
				return true
			}
		}
		open, _ := holding(v.Inconclusive, names)
		return len(open) > 0
	}
	return false
}

// classes returns what the values of a field can say about the used names.
func (f *RecordField) classes(used map[iotmark.FactID]bool) []map[iotmark.FactID]iotmark.Truth {
	type truths = map[iotmark.FactID]iotmark.Truth
	var out []truths
	if f.Type == BooleanField && used[iotmark.FactID(f.ID)] {
		return []truths{{iotmark.FactID(f.ID): iotmark.True}, {iotmark.FactID(f.ID): iotmark.False}}
	}
	var given []string
	for _, n := range slices.Sorted(maps.Keys(f.Gives)) {
		if used[iotmark.FactID(n)] {
			given = append(given, n)
		}
	}
	if len(given) == 0 {
		return nil
	}
	var values []any
	for _, o := range f.Options {
		values = append(values, o.Value)
	}
	for _, n := range given {
		for _, x := range []*float64{f.Gives[n].AtLeast, f.Gives[n].AtMost} {
			if x != nil {
				values = append(values, *x-1, *x, *x+1)
			}
		}
	}
	if len(values) == 0 { // the same as another field, or not
		for _, t := range []iotmark.Truth{iotmark.True, iotmark.False} {
			out = append(out, truths{iotmark.FactID(given[0]): t})
		}
		return out
	}
	for _, v := range values {
		if f.fault(v) != "" {
			continue
		}
		c := truths{}
		for _, n := range given {
			c[iotmark.FactID(n)] = f.Gives[n].truth(&Method{}, v, nil)
		}
		out = append(out, c)
	}
	return out
}
