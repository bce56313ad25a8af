package dossier

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// step is one step of a path: a field, or the place in a list from zero.
type step struct {
	name  string
	index int // -1 for a field
}

type trail []step

func (p trail) field(n string) trail { return append(slices.Clip(p), step{n, -1}) }
func (p trail) item(i int) trail     { return append(slices.Clip(p), step{"", i}) }

// is reports whether the path is that one field of the top.
func (p trail) is(name string) bool { return len(p) == 1 && p[0].index < 0 && p[0].name == name }

// dotted writes a path in words: items of a list go by their id, or by their
// number from one.
func dotted(p trail, doc *node) string {
	if len(p) == 0 {
		return "the file"
	}
	out := make([]string, len(p))
	for i, s := range p {
		switch {
		case s.index < 0:
			out[i] = s.name
			doc = doc.get(s.name)
		case doc != nil && doc.kind == list && s.index < len(doc.vals):
			doc = doc.vals[s.index]
			if out[i] = doc.get("id").str(); out[i] == "" {
				out[i] = strconv.Itoa(s.index + 1)
			}
		default:
			out[i] = strconv.Itoa(s.index + 1)
			doc = nil
		}
	}
	return strings.Join(out, ".")
}

// flaw is one breach of the schema.
type flaw struct {
	code iotmark.ErrorID
	path trail
	pos  position
	args args
}

// validator holds a declaration against the schema. It is ours, and not a
// general one, because the words have to be: what stands there, what should,
// and what was probably meant. A general validator is asked for a second
// opinion in the tests.
type validator struct {
	cat      *catalogue.Catalogue
	root     *schema
	claim    *regexp.Regexp // what the key of a claim looks like
	criteria []string
	evidence map[string]bool // ids in the document at hand
	asked    int             // suggestions that were looked for
}

func newValidator(cat *catalogue.Catalogue) (*validator, error) {
	root, err := loadSchema(cat.Schema)
	if err != nil {
		return nil, err
	}
	v := &validator{cat: cat, root: root}
	if c := root.Properties.of["claims"]; c != nil && c.PropertyNames != nil {
		v.claim = c.PropertyNames.pattern
	}
	if v.claim == nil {
		return nil, fmt.Errorf("schema of the declaration: claims has no pattern for its keys")
	}
	for _, c := range cat.Criteria {
		v.criteria = append(v.criteria, string(c.ID))
	}
	return v, nil
}

// flaws returns the breaches of the schema.
func (v *validator) flaws(doc *node) []flaw {
	v.evidence = map[string]bool{}
	for _, e := range doc.get("evidence").items() {
		v.evidence[e.get("id").str()] = true
	}
	var out []flaw
	v.validate(doc, v.root, nil, doc.pos, &out)
	return out
}

// try tells how well one branch of an anyOf fits.
type try struct {
	schema *schema
	flaws  []flaw
}

func (v *validator) validate(n *node, s *schema, p trail, at position, out *[]flaw) {
	s = s.resolve()
	add := func(code iotmark.ErrorID, at position, a args) {
		if len(*out) <= maxProblems {
			*out = append(*out, flaw{code, p, at, a})
		}
	}
	if s.AnyOf != nil && !v.anyOf(n, s, p, at, out) {
		return
	}
	if s.Type != "" && !isType(n, s.Type) {
		add("type-wrong", n.pos, args{"expected": s.describe(), "found": found(n), "suggestion": hint(n, s)})
		return
	}
	if s.Enum != nil && !slices.Contains(s.Enum, n.text) {
		add("value-unknown", n.pos, v.unknown(n.text, s.Enum))
	}
	switch n.kind {
	case text:
		v.text(n, s, add)
	case integer, float:
		v.number(n, s, add)
	case list:
		if len(n.vals) < s.MinItems {
			add("value-malformed", n.pos, args{"found": "an empty list", "expected": "a list with something in it"})
		}
		if s.UniqueItems {
			seen := map[string]bool{}
			for _, x := range n.vals {
				k := string(toJSON(nil, x))
				if seen[k] {
					add("value-malformed", n.pos, args{"found": "the list", "expected": "free of repeats"})
					break
				}
				seen[k] = true
			}
		}
		if s.Items != nil {
			for i, x := range n.vals {
				v.validate(x, s.Items, p.item(i), x.pos, out)
			}
		}
	case block:
		v.block(n, s, p, at, out)
	}
}

func (v *validator) text(n *node, s *schema, add func(iotmark.ErrorID, position, args)) {
	switch {
	case s.pattern != nil && !s.pattern.MatchString(n.text):
		outside := s.name == "path" && (strings.HasPrefix(n.text, "/") || slices.Contains(strings.Split(n.text, "/"), ".."))
		if outside {
			add("path-outside", n.pos, args{"found": quoted(n.text)})
			break
		}
		add("value-malformed", n.pos, args{"found": quoted(n.text), "expected": shape(s), "suggestion": reshape(n.text, s)})
	case s.Format == "uri":
		// Absolute, RFC 3986, section 4.3.
		switch u, err := url.Parse(n.text); {
		case err != nil || !u.IsAbs():
			add("value-malformed", n.pos, args{"found": quoted(n.text), "expected": shape(s), "suggestion": reshape(n.text, s)})
		case u.User != nil:
			add("address-with-login", n.pos, args{"host": quoted(u.Host)})
		}
	case s.Format == "date":
		if _, err := iotmark.ParseDate(n.text); err != nil {
			add("date-impossible", n.pos, args{"found": quoted(n.text)})
		}
	}
	most := s.MaxLength
	if most == 0 {
		most = math.MaxInt
	}
	if k := utf8.RuneCountInString(n.text); k < s.MinLength || k > most {
		a := args{"found": fmt.Sprintf("a text of %d characters", k), "expected": fmt.Sprintf("%d to %d characters long", s.MinLength, s.MaxLength)}
		if k == 0 {
			a = args{"found": "an empty text", "expected": "an answer", "suggestion": " Fill it in, or take the line out."}
		} else if s.MaxLength == 0 {
			a["expected"] = fmt.Sprintf("at least %d characters long", s.MinLength)
		}
		add("value-malformed", n.pos, a)
	}
}

// shape says what a pattern asks for, to stand after "is not". Descriptions
// of fields are sentences, and those of shapes are not.
func shape(s *schema) string {
	if d := s.Description; d != "" && !unicode.IsUpper(rune(d[0])) {
		return d
	}
	if len(s.Examples) > 0 {
		return "written like " + s.Examples[0]
	}
	return "of the right shape"
}

// maxNumber is the largest whole number that every program keeps exactly.
const maxNumber = 1 << 53

func (v *validator) number(n *node, s *schema, add func(iotmark.ErrorID, position, args)) {
	if s.Type != "integer" && s.Type != "number" {
		return
	}
	f, err := strconv.ParseFloat(n.text, 64)
	low, high := -float64(maxNumber), float64(maxNumber)
	if s.Minimum != nil {
		low = *s.Minimum
	}
	if s.Maximum != nil {
		high = *s.Maximum
	}
	if err == nil && low <= f && f <= high {
		return
	}
	expected := fmt.Sprintf("%v or more", low)
	switch {
	case s.Maximum != nil:
		expected = fmt.Sprintf("between %v and %v", low, high)
	case err != nil || f > high:
		expected = "a number that programs can hold"
	}
	add("value-malformed", n.pos, args{"found": found(n), "expected": expected})
}

func (v *validator) block(n *node, s *schema, p trail, at position, out *[]flaw) {
	add := func(code iotmark.ErrorID, p trail, at position, a args) {
		if len(*out) <= maxProblems {
			*out = append(*out, flaw{code, p, at, a})
		}
	}
	props := s.Properties.of
	for _, k := range s.Required {
		if n.get(k) == nil {
			add("field-missing", p.field(k), at, missing(k, props[k]))
		}
	}
	if s.If != nil {
		var o []flaw
		if v.validate(n, s.If, p, at, &o); len(o) == 0 {
			for _, k := range s.Then.Required {
				if n.get(k) == nil {
					add("field-missing", p.field(k), at, missing(k, props[k]))
				}
			}
			v.validate(n, &schema{Properties: s.Then.Properties}, p, at, out)
		}
	}
	for i, k := range n.keys {
		x := n.vals[i]
		switch {
		case s.PropertyNames != nil && !s.PropertyNames.pattern.MatchString(k.name):
			if p.is("claims") {
				add("criterion-unknown", p, k.pos, args{"found": quoted(k.name), "edition": v.cat.Edition, "suggestion": v.criterion(k.name)})
				continue
			}
			a := args{"found": quoted(k.name)}
			if up := strings.ToUpper(k.name); s.PropertyNames.pattern.MatchString(up) {
				a["suggestion"] = didYouMean(up)
			}
			add("field-unknown", p, k.pos, a)
		case props[k.name] != nil:
			v.validate(x, props[k.name], p.field(k.name), k.pos, out)
		case s.AdditionalProperties != nil && s.AdditionalProperties.never:
			code := iotmark.ErrorID("field-unknown")
			if p.is("facts") {
				code = "fact-unknown"
			}
			add(code, p, k.pos, args{"found": quoted(k.name), "suggestion": v.suggest(k.name, s.Properties.names)})
		case s.AdditionalProperties != nil:
			v.validate(x, s.AdditionalProperties, p.field(k.name), k.pos, out)
		}
	}
}

// anyOf reports whether one of the alternatives fits. When none does, it
// tells the flaws of the one that was most likely meant.
func (v *validator) anyOf(n *node, s *schema, p trail, at position, out *[]flaw) bool {
	var tries []try
	for _, b := range s.AnyOf {
		var o []flaw
		if v.validate(n, b, p, at, &o); len(o) == 0 {
			return true
		}
		tries = append(tries, try{b.resolve(), o})
	}
	if s.Type != "" { // alternatives of required keys: the evidence
		*out = append(*out, flaw{"hash-missing", p, at, args{}})
		return false
	}
	var known []string
	var same []try
	truths := false
	for _, t := range tries {
		known = append(known, t.schema.Enum...)
		truths = truths || t.schema.Type == "boolean"
		if isType(n, t.schema.Type) {
			same = append(same, t)
		}
	}
	for _, t := range same {
		for _, f := range t.flaws {
			if len(f.path) > len(p) || f.code == "field-missing" {
				*out = append(*out, t.flaws...)
				return false
			}
		}
	}
	onlyWords := n.kind == text && len(same) > 0
	for _, t := range same {
		onlyWords = onlyWords && t.flaws[0].code == "value-unknown"
	}
	add := func(code iotmark.ErrorID, a args) { *out = append(*out, flaw{code, p, n.pos, a}) }
	switch {
	case onlyWords && !truths && len(same) == len(tries):
		add("value-unknown", v.unknown(n.text, known))
	case len(same) == 1 && n.kind != text:
		*out = append(*out, same[0].flaws...)
	case len(same) > 0 && hint(n, s) == "" && dateLike.MatchString(n.text) && s.takesDate():
		// Something close to a date: say what is wrong with it.
		for _, t := range same {
			if t.schema.Format == "date" {
				*out = append(*out, t.flaws...)
			}
		}
	default:
		add("type-wrong", args{"expected": s.describe(), "found": found(n), "suggestion": v.nearWord(n, s, known)})
	}
	return false
}

var (
	dateLike = regexp.MustCompile(`^[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}$`)
	isoLike  = regexp.MustCompile(`^([0-9]{4})[-./]([0-9]{1,2})[-./]([0-9]{1,2})$`)
	monthOf  = regexp.MustCompile(`^([0-9]{4})-([0-9]{2})$`)
)

func (s *schema) takesDate() bool {
	for _, x := range s.AnyOf {
		if x.resolve().Format == "date" {
			return true
		}
	}
	return false
}

// hint says what was probably meant when the type is wrong.
func hint(n *node, s *schema) string {
	s = s.resolve()
	truth := s.Type == "boolean"
	for _, x := range s.AnyOf {
		truth = truth || x.resolve().Type == "boolean"
	}
	switch {
	case truth && n.kind == text:
		if n.text == "true" || n.text == "false" {
			return " Take the quotes off."
		}
		switch strings.ToLower(n.text) {
		case "yes", "y", "on", "true":
			return " Write true."
		case "no", "n", "off", "false":
			return " Write false."
		}
	case s.Type == "string" && n.kind != list && n.kind != block && n.kind != null && (s.pattern == nil || s.pattern.MatchString(n.text)) && s.Enum == nil:
		return fmt.Sprintf(" Put it in quotes: %q.", quoted(n.text))
	case s.Type == "array" && (n.kind == text || n.kind == integer):
		return " A list of one is written [" + quoted(n.text) + "]."
	case n.kind == text && s.takesDate() && monthOf.MatchString(n.text):
		return " Write the last day of the month."
	}
	return ""
}

// nearWord is hint with a look at the words that are allowed.
func (v *validator) nearWord(n *node, s *schema, known []string) string {
	h := hint(n, s)
	if h == "" && s.name == "claim" {
		h = v.claimHint(n)
	}
	if h != "" || n.kind != text {
		return h
	}
	if b := object(s); b != nil {
		for _, name := range b.Properties.names {
			if p := b.Properties.of[name].resolve(); slices.Contains(p.Enum, n.text) {
				return fmt.Sprintf(" Write {%s: %s, ...}.", name, n.text)
			}
		}
	}
	if h = v.suggest(n.text, known); h != "" {
		return h
	}
	if s.name == "claim" && !v.evidence[n.text] {
		return claimForms
	}
	if x := item(s); x != nil {
		var o []flaw
		if v.validate(n, x, nil, n.pos, &o); len(o) == 0 {
			return " A list of one is written [" + quoted(n.text) + "]."
		}
	}
	return ""
}

const claimForms = " Write met, or [evidence-id]."

// claimHint helps whoever answers a criterion as a question.
func (v *validator) claimHint(n *node) string {
	if n.kind != text && n.kind != boolean || v.evidence[n.text] {
		return ""
	}
	switch strings.ToLower(n.text) {
	case "true", "yes", "y", "on", "ok":
		return claimForms
	case "false", "no", "n", "off":
		return " Write {answer: unmet, note: why}."
	}
	return ""
}

// reshape proposes the text in the shape that was asked for.
func reshape(t string, s *schema) string {
	switch s.name {
	case "date":
		if m := isoLike.FindStringSubmatch(t); m != nil {
			d := fmt.Sprintf("%s-%02s-%02s", m[1], pad(m[2]), pad(m[3]))
			if _, err := iotmark.ParseDate(d); err == nil {
				return " Write " + d + "."
			}
		}
	case "country":
		if up := strings.ToUpper(t); s.pattern.MatchString(up) {
			if up == "UK" {
				up = "GB"
			}
			return didYouMean(up)
		}
	case "id", "sha256":
		low := strings.ToLower(t)
		if s.name == "id" {
			low = strings.Trim(notID.ReplaceAllString(low, "-"), "-")
		}
		if low != t && s.pattern.MatchString(low) {
			return didYouMean(low)
		}
	case "web":
		if with := "https://" + t; strings.Contains(t, ".") && !strings.Contains(t, ":") && s.pattern.MatchString(with) {
			return didYouMean(with)
		}
	case "path":
		if slash := strings.TrimPrefix(strings.ReplaceAll(t, `\`, "/"), "./"); slash != t && s.pattern.MatchString(slash) {
			return didYouMean(slash)
		}
	case "time":
		if up := strings.TrimSpace(strings.ToLower(t)); up != t && s.pattern.MatchString(up) {
			return didYouMean(up)
		}
	}
	return ""
}

var notID = regexp.MustCompile(`[^a-z0-9]+`)

func pad(s string) string {
	if len(s) < 2 {
		return "0" + s
	}
	return s
}

func didYouMean(w string) string { return " Did you mean " + quoted(w) + "?" }

// missing says what a field that is not there is for, and how it is written.
func missing(name string, s *schema) args {
	if s == nil {
		return args{"help": ""}
	}
	r := s.resolve()
	help := s.Description
	if help == "" && r.Description != "" {
		help = "It is " + r.Description + "."
	}
	if help == "" && r.Enum != nil {
		help = "It is one of " + strings.Join(r.Enum, ", ") + "."
	}
	a := args{"help": help}
	if ex := example(s); ex != "" {
		a["suggestion"] = fmt.Sprintf(" Example: %s: %s", name, scalar(ex))
	}
	return a
}

// example returns how a value is written, or "".
func example(s *schema) string {
	if len(s.Examples) > 0 {
		return s.Examples[0]
	}
	if s.Ref != "" {
		return example(s.resolve())
	}
	for _, x := range s.AnyOf {
		if e := example(x); e != "" {
			return e
		}
	}
	return ""
}

func (v *validator) unknown(t string, known []string) args {
	return args{"found": quoted(t), "known": strings.Join(known, ", "), "suggestion": v.suggest(t, known)}
}

// maxSuggest bounds the words that are compared; longer ones are no typing
// mistakes, and comparing takes time in the square of the length.
const maxSuggest = 80

func (v *validator) suggest(w string, known []string) string {
	if v.asked++; len(w) > maxSuggest || v.asked > 2*maxProblems {
		return ""
	}
	if m := catalogue.Suggest(w, known); m != "" {
		return didYouMean(m)
	}
	return ""
}

// criterion suggests a criterion: the one of that name in another topic, or
// the nearest.
func (v *validator) criterion(w string) string {
	_, name, _ := strings.Cut(w, ".")
	if name == "" {
		name = w
	}
	for _, c := range v.criteria {
		if _, n, _ := strings.Cut(c, "."); n == name {
			return didYouMean(c)
		}
	}
	if s := v.suggest(w, v.criteria); s != "" {
		return s
	}
	// The topic may be wrong and the name misspelt.
	names := make([]string, len(v.criteria))
	for i, c := range v.criteria {
		_, names[i], _ = strings.Cut(c, ".")
	}
	if v.asked++; len(name) <= maxSuggest && v.asked <= 2*maxProblems {
		if m := catalogue.Suggest(name, names); m != "" {
			return didYouMean(v.criteria[slices.Index(names, m)])
		}
	}
	return ""
}
