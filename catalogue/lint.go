package catalogue

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark"
)

// Rule is one rule that the data of the catalogue keeps.
type Rule struct {
	ID   iotmark.ErrorID
	What string
}

// Rules returns the rules that [Lint], [LintBindings] and [LintProcedure] hold
// the data to.
// What [LoadFS] refuses has ids that begin with "catalogue-".
func Rules() []Rule {
	return []Rule{
		{"reference-unknown", "what is named is defined"},
		{"id-twice", "an id stands once in its list"},
		{"id-malformed", "ids are small letters, digits and hyphens, facts have underscores, criteria and checks are topic.name"},
		{"topics-wrong", "the eight topics stand in their order"},
		{"ranks-wrong", "the steps of assurance are the five of the program, ranked 1 to 5"},
		{"words-differ", "levels and answers are those of the program"},
		{"term-twice", "a term is defined once"},
		{"fact-incomplete", "a product fact has question, help, type and options"},
		{"fact-type", "a product fact is boolean or a set"},
		{"fact-options", "a boolean fact offers true, false and unknown, in this order"},
		{"after-grant-level", "a duty after the grant is a must"},
		{"key-order", "keys stand in the order of their kind"},
		{"field-lacking", "every key that is needed stands there"},
		{"field-empty", "what must not be empty holds something"},
		{"automation-checks", "checks are named exactly where a program decides something"},
		{"check-idle", "a check has evidence to work on"},
		{"needs-unreached", "some evidence reaches the step that is needed"},
		{"automation-needs", "full automation needs checked, all else assessed or tested"},
		{"beyond-themes", "beyond stands exactly where no theme asks closely, and is true"},
		{"theme-twice", "a theme is close or loose, not both"},
		{"entry-level", "an entry criterion is a must"},
		{"reading-grade", "sentences for consumers stay below the reading grade"},
		{"sentence-long", "sentences for consumers are short"},
		{"word-avoided", "sentences for consumers do without the words of the trade"},
		{"text-length", "statement, rationale, remedy and method are short"},
		{"full-stop", "statement, rationale, remedy and method end with a full stop"},
		{"count-changed", "the edition has the numbers of things it was published with"},
		{"fact-idle", "a product fact decides something"},
		{"kind-idle", "a kind of evidence is used"},
		{"family-idle", "a family of checks is used"},
		{"when-lacking", "a conditional provision says when"},
		{"themes-numbered", "themes are numbered one by one"},
		{"mapping-stale", "crosswalk/mapping.yaml is what the criteria and themes give"},
		{"label-order", "printed facts and answers are numbered from 1"},
		{"label-values", "values of the label are told apart and know unknown"},
		{"path-unknown", "a path leads to a field of the declaration"},
		{"field-source", "a field says where it is, in the way of its source"},
		{"secret-shown", "no public paper shows a secret field"},
		{"field-idle", "a field is in some document"},
		{"schema-differs", "the schema of the declaration speaks the language of the scheme"},
		{"schema-pattern", "patterns of the schema can be read by every program"},
		{"style", "no long dashes, curly quotes or tabs"},
		{"binding-because", "a binding says why"},
		{"binding-twice", "a check is bound to a criterion once"},
		{"check-topic", "a check's topic is that of a criterion it serves"},
		{"check-family", "a check belongs to one family"},
		{"check-unknown", "a bound check is built in"},
		{"check-unbound", "a check that is built in serves a criterion"},
		{"edition-dates", "an edition has days exactly when it is in force or retired, in their order"},
		{"number-range", "a number of the procedure is positive and of a size that makes sense"},
		{"because-lacking", "a number of the procedure says why"},
		{"source-unknown", "a source is a provision of the collection"},
		{"role-lacking", "every role by which the procedures act is there"},
		{"apart-lacking", "who must be kept apart is kept apart"},
		{"apart-joined", "a profile joins reviewer and committee, and nobody else"},
		{"decision-lacking", "every profile says how many take each decision"},
		{"quorum-wrong", "a quorum is a majority of those who sit, and more than one person except for a first suspension"},
		{"second-opinion-lacking", "a must that no program helps to judge is judged twice"},
		{"term-lacking", "every term of admission that the procedures look at is there"},
		{"deadline-lacking", "every deadline that the procedures set is there"},
		{"deadline-who", "a deadline is that of whom its state waits for"},
		{"deadline-own-stop", "nobody stops the own clock"},
		{"deadline-remind", "reminders come before the end, one after the other"},
		{"sanction-lacking", "a mark can be suspended and withdrawn"},
		{"fee-lacking", "every service has a fee"},
		{"fee-by-verdict", "no fee depends on a verdict, and who disagrees pays nothing"},
		{"retention-wrong", "records are kept for their cycles, and nothing that names a person for ever"},
		{"agreement-version", "the licence agreement says its version"},
		{"agreement-point", "the licence agreement speaks about all that it must"},
		{"effort-lacking", "every criterion has an estimate"},
		{"effort-range", "an answer takes some time and never more than mending"},
		{"method-lacking", "every must above checked has a written method that carries it far enough"},
		{"method-serves", "a method serves criteria, or is the generic one"},
		{"method-carries", "a method carries each criterion it serves to the step it needs"},
		{"method-topic", "a method's topic is that of a criterion it serves"},
		{"method-evidence", "a method keeps evidence that its criteria accept and that reaches the step it carries"},
		{"method-sample", "who carries to tested tries a unit or the live service"},
		{"method-minutes", "a method takes a time that one person can give"},
		{"method-step-idle", "a step writes something down or keeps something"},
		{"method-source", "a source is an instrument with provisions, or a title"},
		{"method-version", "versions.yaml has the text of each version, and a changed text has a new version"},
		{"record-field-twice", "a name stands once on a form"},
		{"record-field-form", "a field has label, type, and what goes with its type"},
		{"record-field-idle", "a field is filled in by some step"},
		{"verdict-unrecorded", "every rule refers to the form"},
		{"verdict-optional", "what a rule of verdict rests on must be filled in"},
		{"verdict-unreachable", "each verdict can be reached by some record"},
		{"competence-form", "a competence is a topic or a technique, and says how it is shown and how long it lasts"},
		{"competence-topic", "every topic has a competence of its own"},
		{"competence-idle", "some method asks for the technique"},
	}
}

// The numbers of edition 2026.1. They change with an edition, on purpose and
// never by accident.
const (
	numCriteria    = 110
	numInstruments = 40
	numProvisions  = 635
	numFields      = 84
	numDocuments   = 23
	numLabelFacts  = 7
	numAnswers     = 9
)

var (
	kebab    = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	dottedID = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*\.[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	ugly     = regexp.MustCompile("[\u2012-\u2015\u2018-\u201f\t]")
)

// Lint returns everything in the catalogue that does not agree with itself,
// in the order of the rules' subjects: scheme, criteria, umbrella, mapping,
// label and papers, bindings, estimates, methods, style. Nothing is nil.
func Lint(c *Catalogue) iotmark.Errors {
	for _, load := range []func() error{c.LoadInstruments, c.LoadMethods} {
		if err := load(); err != nil {
			return asErrors(err)
		}
	}
	l := newLinter(c)
	if err := l.schema.read(c.Schema); err != nil {
		l.bad("schema-differs", inEdition("declaration.schema.json"), "", "the schema cannot be read: %v", err)
		return l.errs
	}
	l.scheme()
	l.criteria()
	l.instruments()
	l.mapping()
	l.label()
	l.fields()
	l.documents()
	l.declaration()
	l.bindings()
	l.efforts()
	l.errs = append(l.errs, LintProcedure(c)...)
	l.methods()
	l.style()
	return l.errs
}

// asErrors gives what a file that cannot be read had to tell.
func asErrors(err error) iotmark.Errors {
	if es, ok := err.(iotmark.Errors); ok {
		return es
	}
	return iotmark.Errors{{Kind: iotmark.Invalid, ID: "catalogue-file-missing", Msg: "the catalogue cannot be read", Err: err}}
}

// LintBindings holds the binding table against the checks that are built in.
func LintBindings(c *Catalogue, known []iotmark.CheckID) iotmark.Errors {
	l := newLinter(c)
	bound := map[iotmark.CheckID]bool{}
	for _, cr := range c.Criteria {
		for _, b := range c.Bindings.Criteria[cr.ID] {
			if !bound[b.Check] && !slices.Contains(known, b.Check) {
				l.bad("check-unknown", "bindings.yaml", string(cr.ID), "the check %s is bound to %s and not built in%s", b.Check, cr.ID, didYouMean(b.Check, known))
			}
			bound[b.Check] = true
		}
	}
	for _, k := range known {
		if !bound[k] {
			l.bad("check-unbound", "bindings.yaml", string(k), "the check %s is built in and serves no criterion; bind it or take it out", k)
		}
	}
	return l.errs
}

type linter struct {
	c        *Catalogue
	errs     iotmark.Errors
	facts    []iotmark.FactID // all that expressions may name
	kinds    []iotmark.EvidenceKind
	families []iotmark.CheckFamily
	themes   []iotmark.ThemeID
	avoid    []wordRule
	schema   schema
}

func newLinter(c *Catalogue) *linter {
	l := &linter{c: c, facts: []iotmark.FactID{"always"}}
	for _, f := range c.Scheme.Facts {
		if f.Type == "boolean" {
			l.facts = append(l.facts, f.ID)
		}
		l.facts = append(l.facts, slices.Sorted(maps.Keys(f.Gives))...)
	}
	l.kinds = ids(c.Scheme.EvidenceKinds, func(k KindRow) iotmark.EvidenceKind { return k.ID })
	l.families = ids(c.Scheme.Checks, func(f Family) iotmark.CheckFamily { return f.ID })
	l.themes = ids(c.Themes, func(t *Theme) iotmark.ThemeID { return t.ID })
	l.avoid = avoided(c.Scheme.PlainWords.Avoid)
	return l
}

func (l *linter) bad(id iotmark.ErrorID, pos, field, format string, args ...any) {
	l.errs = append(l.errs, &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: fmt.Sprintf(format, args...), Field: field, Pos: pos})
}

func ids[T any, S ~string](list []T, id func(T) S) []S {
	out := make([]S, len(list))
	for i, x := range list {
		out[i] = id(x)
	}
	return out
}

func didYouMean[S ~string](word S, known []S) string {
	if s := Suggest(string(word), ids(known, func(k S) string { return string(k) })); s != "" {
		return "; did you mean " + s + "?"
	}
	return ""
}

// within tells each word that is not among the known ones.
func within[S ~string](l *linter, pos, field, what string, got, known []S) {
	for _, g := range got {
		if !slices.Contains(known, g) {
			l.bad("reference-unknown", pos, field, "%s names the %s %q, which is not defined%s", field, what, g, didYouMean(g, known))
		}
	}
}

// once tells ids that stand twice or are not well-formed.
func once[S ~string](l *linter, pos, list string, got []S, form *regexp.Regexp) {
	seen := map[S]bool{}
	for _, g := range got {
		if seen[g] {
			l.bad("id-twice", pos, list, "%s has the id %s twice; an id is never used again", list, g)
		}
		seen[g] = true
		if !form.MatchString(string(g)) {
			l.bad("id-malformed", pos, list, "%s has the id %q, which is not well-formed", list, g)
		}
	}
}

func termIDs(t []Term) []string { return ids(t, func(t Term) string { return t.ID }) }

func (l *linter) risks() []string { return ids(l.c.Scheme.Risks, func(r Risk) string { return r.ID }) }
func (l *linter) steps() []string {
	return ids(l.c.Scheme.Assurance, func(a AssuranceRow) string { return a.ID })
}

func (l *linter) scheme() {
	s, file := &l.c.Scheme, inEdition("scheme.yaml")
	topics := ids(s.Topics, func(t TopicRow) iotmark.Topic { return t.ID })
	once(l, file, "topics", topics, kebab)
	once(l, file, "risks", l.risks(), kebab)
	once(l, file, "levels", termIDs(s.Levels), kebab)
	once(l, file, "parts", termIDs(s.Parts), kebab)
	once(l, file, "assurance", l.steps(), kebab)
	answers := ids(s.Answers, func(a AnswerRow) iotmark.Answer { return a.ID })
	once(l, file, "answers", answers, kebab)
	once(l, file, "why_unknown", termIDs(s.WhyUnknown), kebab)
	once(l, file, "tracks", ids(s.Tracks, func(t TrackRow) iotmark.TrackID { return t.ID }), kebab)
	once(l, file, "facts", ids(s.Facts, func(f Fact) iotmark.FactID { return f.ID }), factName)
	once(l, file, "evidence_kinds", l.kinds, kebab)
	once(l, file, "visibility", termIDs(s.Visibility), kebab)
	once(l, file, "automation", termIDs(s.Automation), kebab)
	once(l, file, "checks", l.families, kebab)
	within(l, file, "state", "state", []string{s.State}, []string{"draft", "consultation", "adopted", "in-force", "retired"})
	l.editionDates(file)
	if !slices.Equal(topics, iotmark.Topics()) {
		l.bad("topics-wrong", file, "topics", "the topics must be %s, in this order", commas(iotmark.Topics()))
	}
	ladder := make([]string, iotmark.Tested)
	for i := range ladder {
		ladder[i] = iotmark.Assurance(i + 1).String()
	}
	if ranks := ids(s.Assurance, func(a AssuranceRow) string { return fmt.Sprintf("%s=%d", a.ID, a.Rank) }); !slices.Equal(ranks, ids(ladder, func(n string) string { return fmt.Sprintf("%s=%d", n, slices.Index(ladder, n)+1) })) {
		l.bad("ranks-wrong", file, "assurance", "the steps must be %s, ranked 1 to 5; they are %s", commas(ladder), commas(ranks))
	}
	if got, want := termIDs(s.Levels), []string{string(iotmark.Must), string(iotmark.Should), string(iotmark.May)}; !slices.Equal(got, want) {
		l.bad("words-differ", file, "levels", "the levels are %s where the program knows %s", commas(got), commas(want))
	}
	if want := []iotmark.Answer{iotmark.AnswerMet, iotmark.AnswerPartly, iotmark.AnswerUnmet, iotmark.AnswerUnknown, iotmark.AnswerNotApplicable}; !slices.Equal(answers, want) {
		l.bad("words-differ", file, "answers", "the answers are %s where the program knows %s", commas(answers), commas(want))
	}
	terms := map[string]bool{}
	for _, d := range s.Definitions {
		if terms[d.Term] {
			l.bad("term-twice", file, "definitions", "the term %q is defined twice", d.Term)
		}
		terms[d.Term] = true
	}
	for _, f := range s.Facts {
		l.fact(file, f)
	}
	for _, r := range s.Implies {
		within(l, file, "implies", "fact", []iotmark.FactID{r.If, r.Then}, l.facts)
	}
	for _, k := range s.EvidenceKinds {
		within(l, file, "evidence_kinds."+string(k.ID), "step", []string{k.Reach}, l.steps())
	}
	for _, f := range s.Checks {
		within(l, file, "checks."+string(f.ID), "kind of evidence", f.On, l.kinds)
	}
	criteria := ids(l.c.Criteria, func(c *Criterion) iotmark.CriterionID { return c.ID })
	for _, t := range s.Tracks {
		field := "tracks." + string(t.ID) + ".after_grant"
		within(l, file, field, "criterion", t.AfterGrant, criteria)
		for _, id := range t.AfterGrant {
			if cr := l.c.Criterion(id); cr != nil && cr.Level != iotmark.Must {
				l.bad("after-grant-level", file, field, "%s is a duty after the grant and %s; only a must can be one", id, cr.Level)
			}
		}
	}
}

// editionDates holds the days of the edition to its state (C-02).
func (l *linter) editionDates(file string) {
	s := &l.c.Scheme
	for _, d := range []iotmark.Date{s.From, s.Until} {
		if _, err := iotmark.ParseDate(string(d)); d != "" && err != nil {
			l.bad("edition-dates", file, "from", "%v", err)
		}
	}
	begun := s.State == InForce || s.State == "retired"
	switch {
	case begun != (s.From != ""):
		l.bad("edition-dates", file, "from", "the edition is %s and in force from %q; it has a first day exactly when it is in force or retired", s.State, s.From)
	case s.Until != "" && s.Until < s.From || s.State == "retired" && s.Until == "":
		l.bad("edition-dates", file, "until", "the last day is %q and the first %q; a retired edition has both, in their order", s.Until, s.From)
	}
}

func (l *linter) fact(file string, f Fact) {
	field := "facts." + string(f.ID)
	for _, x := range []struct {
		key   string
		empty bool
	}{{"question", f.Question == ""}, {"help", f.Help == ""}, {"type", f.Type == ""}, {"options", len(f.Options) == 0}} {
		if x.empty {
			l.bad("fact-incomplete", file, field, "the fact %s lacks %s", f.ID, x.key)
		}
	}
	options := ids(f.Options, func(o Option) string { return o.Value })
	switch f.Type {
	case "boolean":
		if !slices.Equal(options, []string{"true", "false", "unknown"}) {
			l.bad("fact-options", file, field, "the fact %s must offer true, false and unknown, in this order; it offers %s", f.ID, commas(options))
		}
	case "set":
		for _, k := range slices.Sorted(maps.Keys(f.Gives)) {
			within(l, file, field+".gives."+string(k), "option", f.Gives[k], options)
		}
	default:
		l.bad("fact-type", file, field, "the fact %s is of type %q; it must be boolean or set", f.ID, f.Type)
	}
}

var (
	criterionKeys = strings.Fields("id level entry parts applies_if statement consumer rationale evidence automation checks method risks themes beyond touches needs remedy origin")
	criterionFree = []string{"beyond", "touches"} // keys that may be absent
)

// order tells keys of a block that are missing or out of order. Unknown ones
// were told on reading.
func (l *linter) order(pos, field string, got, want, free []string) {
	for _, k := range want {
		if !slices.Contains(got, k) && !slices.Contains(free, k) {
			l.bad("field-lacking", pos, field, "%s lacks %s", field, k)
		}
	}
	sorted := slices.Clone(got)
	slices.SortStableFunc(sorted, func(a, b string) int { return slices.Index(want, a) - slices.Index(want, b) })
	if !slices.Equal(got, sorted) {
		l.bad("key-order", pos, field, "the keys of %s stand out of order; write them as %s", field, strings.Join(sorted, ", "))
	}
}

func (l *linter) criteria() {
	facts, kinds, families := map[iotmark.FactID]bool{}, map[iotmark.EvidenceKind]bool{}, map[iotmark.CheckFamily]bool{}
	r := &reader{files: l.c.files}
	for _, t := range l.c.Scheme.Topics {
		file := inEdition(string(t.ID) + ".yaml")
		for i, n := range list(child(r.node(file), "criteria")) {
			l.order(position(file, n), item("", i, n), keys(n), criterionKeys, criterionFree)
			if b := child(n, "beyond"); b != nil && b.Value != "true" {
				l.bad("beyond-themes", position(file, b), item("", i, n), "beyond is only ever true; leave it out where a theme asks closely")
			}
		}
	}
	for _, cr := range l.c.Criteria {
		l.criterion(cr)
		for f := range cr.applies.Names() {
			facts[f] = true
		}
		for _, k := range cr.Evidence {
			kinds[k] = true
		}
		for _, f := range cr.Checks {
			families[f] = true
		}
	}
	scheme := inEdition("scheme.yaml")
	if n := len(l.c.Criteria); n != numCriteria {
		l.bad("count-changed", string(Current), "criteria", "there are %d criteria where the edition has %d", n, numCriteria)
	}
	for _, f := range l.facts {
		// How it connects is asked for the page; criteria need not use it.
		if f != "always" && f != "has_radio" && f != "has_ip" && !facts[f] {
			l.bad("fact-idle", scheme, "facts."+string(f), "no criterion depends on the fact %s; do not ask for it", f)
		}
	}
	for _, f := range l.c.Fields {
		kinds[f.Kind] = true
	}
	for _, k := range l.kinds {
		if !kinds[k] {
			l.bad("kind-idle", scheme, "evidence_kinds."+string(k), "no criterion and no field uses evidence of the kind %s", k)
		}
	}
	for _, f := range l.families {
		if !families[f] {
			l.bad("family-idle", scheme, "checks."+string(f), "no criterion names the check %s", f)
		}
	}
}

func (l *linter) criterion(c *Criterion) {
	s, i := &l.c.Scheme, string(c.ID)
	bad := func(id iotmark.ErrorID, format string, args ...any) { l.bad(id, c.pos, i, format, args...) }
	if file, _, _ := strings.Cut(c.pos, ":"); !c.ID.Valid() || inEdition(string(c.ID.Topic())+".yaml") != file {
		bad("id-malformed", "the id %s must be topic.name, with the topic of its file", i)
	}
	within(l, c.pos, i, "level", []string{string(c.Level)}, termIDs(s.Levels))
	within(l, c.pos, i, "part", c.Parts, termIDs(s.Parts))
	within(l, c.pos, i, "risk", c.Risks, l.risks())
	within(l, c.pos, i, "automation", []string{c.Automation}, termIDs(s.Automation))
	within(l, c.pos, i, "kind of evidence", c.Evidence, l.kinds)
	within(l, c.pos, i, "check", c.Checks, l.families)
	within(l, c.pos, i, "theme", slices.Concat(c.Themes, c.Touches), l.themes)
	within(l, c.pos, i, "origin", ids(c.Origin, func(o string) string { o, _, _ = strings.Cut(o, "#"); return o }), slices.Sorted(maps.Keys(s.Origins)))
	within(l, c.pos, i, "fact", slices.Sorted(maps.Keys(c.applies.Names())), l.facts)
	for _, x := range []struct {
		key string
		n   int
	}{{"parts", len(c.Parts)}, {"risks", len(c.Risks)}, {"evidence", len(c.Evidence)}, {"origin", len(c.Origin)}} {
		if x.n == 0 {
			bad("field-empty", "%s of %s is empty", x.key, i)
		}
	}
	if (c.Automation == "none") != (len(c.Checks) == 0) {
		bad("automation-checks", "automation of %s is %s and it names %d checks", i, c.Automation, len(c.Checks))
	}
	for _, k := range c.Checks {
		if f, ok := l.c.Family(k); ok && !overlap(f.On, c.Evidence) {
			bad("check-idle", "%s names the check %s and accepts no evidence that it works on: %s", i, k, commas(f.On))
		}
	}
	if !slices.ContainsFunc(c.Evidence, func(k iotmark.EvidenceKind) bool { return l.c.Reach(k) >= c.needs }) {
		bad("needs-unreached", "no evidence of %s reaches the step %s", i, c.needs)
	}
	if full := c.Automation == "full"; full != (c.needs == iotmark.Checked) || c.needs < iotmark.Checked {
		bad("automation-needs", "automation of %s is %s and it needs %s; full goes with checked, all else with assessed or tested", i, c.Automation, c.needs)
	}
	if c.Beyond != (len(c.Themes) == 0) {
		bad("beyond-themes", "%s must say beyond: true exactly when no theme asks for it closely", i)
	}
	if overlap(c.Themes, c.Touches) {
		bad("theme-twice", "%s has a theme both in themes and in touches", i)
	}
	if c.Entry && c.Level != iotmark.Must {
		bad("entry-level", "%s is an entry criterion and %s; an entry criterion is a must", i, c.Level)
	}
	l.plain(c.pos, i, c.Consumer)
	for _, x := range []struct {
		key, text string
		most      int
	}{{"statement", c.Statement, 480}, {"rationale", c.Rationale, 130}, {"remedy", c.Remedy, 130}, {"method", c.Method, 150}} {
		if n := utf8.RuneCountInString(x.text); n > x.most {
			bad("text-length", "%s of %s has %d characters; %d are allowed", x.key, i, n, x.most)
		}
		if !strings.HasSuffix(x.text, ".") {
			bad("full-stop", "%s of %s does not end with a full stop", x.key, i)
		}
	}
}

func overlap[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(x T) bool { return slices.Contains(b, x) })
}

// plain holds a sentence for consumers to the plain words of the scheme.
func (l *linter) plain(pos, field, text string) {
	p := &l.c.Scheme.PlainWords
	t := placeholder.ReplaceAllString(text, "May")
	if g := Grade(t); len(strings.Fields(t)) > 3 && g > p.Grade {
		l.bad("reading-grade", pos, field, "reading grade %.1f, at most %g is allowed: %s", g, p.Grade, text)
	}
	if n := longest(t); n > p.Words {
		l.bad("sentence-long", pos, field, "a sentence of %d words, at most %d are allowed: %s", n, p.Words, text)
	}
	for _, w := range l.avoid {
		if w.found.MatchString(t) {
			l.bad("word-avoided", pos, field, "write it without the word %s: %s", w.word, text)
		}
	}
}

func (l *linter) bindings() {
	const file = "bindings.yaml"
	family := map[iotmark.CheckID]iotmark.CheckFamily{}
	topics := map[iotmark.CheckID][]iotmark.Topic{}
	criteria := ids(l.c.Criteria, func(c *Criterion) iotmark.CriterionID { return c.ID })
	within(l, file, "criteria", "criterion", slices.Sorted(maps.Keys(l.c.Bindings.Criteria)), criteria)
	for _, cr := range l.c.Criteria {
		seen := map[iotmark.CheckID]bool{}
		for _, b := range l.c.Bindings.Criteria[cr.ID] {
			field := string(cr.ID)
			bad := func(id iotmark.ErrorID, format string, args ...any) { l.bad(id, file, field, format, args...) }
			within(l, file, field, "family", []iotmark.CheckFamily{b.Family}, l.families)
			within(l, file, field, "role", []Role{b.Role}, []Role{Proof, Guard, Hint})
			if !b.Check.Valid() {
				bad("id-malformed", "the id of the check %q must be topic.name", b.Check)
			}
			if b.Because == "" {
				bad("binding-because", "the binding of %s does not say why it speaks about %s", b.Check, cr.ID)
			}
			if seen[b.Check] {
				bad("binding-twice", "%s is bound to %s twice", b.Check, cr.ID)
			}
			seen[b.Check] = true
			topics[b.Check] = append(topics[b.Check], cr.ID.Topic())
			if was, ok := family[b.Check]; !ok {
				family[b.Check] = b.Family
			} else if was != b.Family {
				bad("check-family", "%s stands in the families %s and %s", b.Check, was, b.Family)
			}
			if f, ok := l.c.Family(b.Family); ok && !overlap(f.On, cr.Evidence) {
				bad("check-idle", "%s accepts no evidence that the family %s works on: %s", cr.ID, f.ID, commas(f.On))
			}
		}
	}
	for _, cr := range l.c.Criteria {
		for _, b := range l.c.Bindings.Criteria[cr.ID] {
			if t := topics[b.Check]; len(t) > 0 && !slices.Contains(t, b.Check.Topic()) {
				l.bad("check-topic", file, string(cr.ID), "%s serves no criterion of %s; its topic must be one of %s", b.Check, b.Check.Topic(), commas(t))
				topics[b.Check] = nil // told once
			}
		}
	}
}

func (l *linter) efforts() {
	const file = "effort.yaml"
	criteria := ids(l.c.Criteria, func(c *Criterion) iotmark.CriterionID { return c.ID })
	within(l, file, "criteria", "criterion", slices.Sorted(maps.Keys(l.c.Efforts)), criteria)
	for _, id := range criteria {
		e, ok := l.c.Efforts[id]
		switch {
		case !ok:
			l.bad("effort-lacking", file, string(id), "there is no estimate for %s", id)
		case e.Answer <= 0 || e.Mend < e.Answer:
			l.bad("effort-range", file, string(id), "the estimate for %s is answer %d and mend %d; an answer takes some time, and never more than mending", id, e.Answer, e.Mend)
		}
	}
}

// style looks at every file of data, line by line.
func (l *linter) style() {
	err := fs.WalkDir(l.c.files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".md") {
			return err
		}
		raw, err := fs.ReadFile(l.c.files, name)
		// All these signs but the tab begin with the same two bytes.
		if bytes.IndexByte(raw, '\t') < 0 && !bytes.Contains(raw, []byte("\xe2\x80")) {
			return err
		}
		for i, line := range bytes.Split(raw, []byte("\n")) {
			if ugly.Match(line) {
				l.bad("style", fmt.Sprintf("%s:%d", name, i+1), "", "a long dash, a curly quote or a tab; write plain signs")
			}
		}
		return err
	})
	if err != nil {
		l.bad("style", "", "", "the files cannot be walked: %v", err)
	}
}
