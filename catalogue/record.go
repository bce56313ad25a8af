package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark"
)

// NotKnown is the value of a field that was looked for and not found out. Any
// field may hold it. It makes no rule true, and so never a pass.
const NotKnown = "unknown"

// verdictKey is the key of the record that holds the verdict as the inspector
// stated it. No field of a form has this id.
const verdictKey = "verdict"

// MaxRecord is the size of the largest record that [ReadRecord] reads, in
// bytes. A record is what one person filled in by hand.
const MaxRecord = 256 << 10

const (
	maxText     = 4000
	maxUnitText = 64
)

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// ReadRecord reads a filled form from JSON: one object of at most [MaxRecord] bytes whose
// values are text, numbers, truth values or nothing. Numbers stay as they are
// written, as json.Number. What is not so is an *iotmark.Error of kind Invalid.
func ReadRecord(raw []byte) (map[string]any, error) {
	bad := func(format string, args ...any) (map[string]any, error) {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "record-unreadable", Msg: fmt.Sprintf(format, args...)}
	}
	if len(raw) > MaxRecord {
		return bad("the record has %d bytes where %d are read; keep long text as evidence", len(raw), MaxRecord)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return bad("the record is not one JSON object of field ids and values")
	}
	out := map[string]any{}
	for dec.More() {
		k, err := dec.Token()
		key, isText := k.(string)
		if err != nil || !isText {
			return bad("the record is not JSON after byte %d", dec.InputOffset())
		}
		v, err := dec.Token()
		if _, nested := v.(json.Delim); err != nil || nested {
			return bad("%s must be text, a number, true or false", plainWord(key))
		}
		if _, twice := out[key]; twice {
			return bad("%s stands twice; keep one", plainWord(key))
		}
		out[key] = v
	}
	if _, err := dec.Token(); err != nil {
		return bad("the record is not JSON after byte %d", dec.InputOffset())
	}
	if _, err := dec.Token(); err != io.EOF {
		return bad("something stands behind the record")
	}
	return out, nil
}

// Check returns everything in a filled form that does not hold: a field that
// is missing or not on the form, a value of the wrong type or out of range,
// and a verdict that does not follow from the values by the rules. The verdict
// stands in the record under "verdict". The errors come in the order of the
// form; their Field is the id of the field. Nothing is nil.
//
// Values are those of encoding/json, or of Go: text, true and false, float64,
// int, int64, json.Number.
func (m *Method) Check(record map[string]any) iotmark.Errors {
	var errs iotmark.Errors
	bad := func(id iotmark.ErrorID, field, format string, args ...any) {
		errs = append(errs, &iotmark.Error{Kind: iotmark.Invalid, ID: id, Field: field, Msg: fmt.Sprintf(format, args...)})
	}
	if most := len(m.Fields) + 1; len(record) > 2*most {
		bad("record-too-large", "", "the record has %d fields where the form of %s has %d; fill in the form as it is", len(record), m.ID, most)
		return errs
	}
	names := m.withVerdict(record)
	for i := range m.Fields {
		f := &m.Fields[i]
		v, ok := record[f.ID]
		if !ok || v == nil || v == "" {
			switch {
			case f.Required:
				bad("record-field-missing", f.ID, "%s is not filled in; where it cannot be found out, write %s", f.ID, NotKnown)
			case f.RequiredWhen != "" && f.requiredWhen.Value(names) == iotmark.True:
				bad("record-field-missing", f.ID, "%s is not filled in, and is needed when %s", f.ID, f.RequiredWhen)
			}
			continue
		}
		if v == NotKnown {
			continue
		}
		if msg := f.fault(v); msg != "" {
			bad("record-value-wrong", f.ID, "%s %s", f.ID, msg)
		}
	}
	known := ids(m.Fields, func(f RecordField) string { return f.ID })
	for _, k := range slices.Sorted(maps.Keys(record)) {
		if k != verdictKey && !slices.Contains(known, k) {
			bad("record-field-unknown", plainWord(k), "%s is no field of the form of %s%s", plainWord(k), m.ID, didYouMean(k, known))
		}
	}
	said, _ := record[verdictKey].(string)
	rule, why := m.Conclude(record)
	switch {
	case !slices.Contains(verdicts, iotmark.InspectionVerdict(said)):
		bad("record-verdict-missing", verdictKey, "the record states no verdict; write pass, fail or inconclusive")
	case said != string(rule):
		bad("record-verdict-contradicts", verdictKey, "the record states %s, and by the rules of %s it is %s%s", said, m.ID, rule, because(why))
	}
	return errs
}

var verdicts = []iotmark.InspectionVerdict{iotmark.InspectionPass, iotmark.InspectionFail, iotmark.InspectionInconclusive}

// because names the rules that decided, or says that some value is open.
func because(rules []MethodRule) string {
	if len(rules) == 0 {
		return ": the values decide neither pass nor fail"
	}
	var words []string
	for _, r := range rules {
		words = append(words, r.When)
	}
	return ", because of: " + strings.Join(words, "; ")
}

// plainWord makes a foreign key fit to be printed.
func plainWord(k string) string {
	k = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, k)
	if r := []rune(k); len(r) > 40 {
		return string(r[:40])
	}
	return k
}

// fault says what is wrong with a value, or nothing.
func (f *RecordField) fault(v any) string {
	switch f.Type {
	case BooleanField:
		if _, ok := v.(bool); !ok {
			return "must be true or false"
		}
	case NumberField:
		n, ok := number(v)
		switch {
		case !ok:
			return "must be a number"
		case f.Least != nil && n < *f.Least:
			return fmt.Sprintf("is %g, and cannot be below %g", n, *f.Least)
		case f.Most != nil && n > *f.Most:
			return fmt.Sprintf("is %g, and cannot be above %g", n, *f.Most)
		}
	default:
		s, ok := v.(string)
		if !ok {
			return "must be text"
		}
		return f.textFault(s)
	}
	return ""
}

func (f *RecordField) textFault(s string) string {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
		return "must be plain text, without control characters"
	}
	switch f.Type {
	case ChoiceField:
		options := ids(f.Options, func(o Option) string { return o.Value })
		if !slices.Contains(options, s) {
			return "must be one of " + commas(options)
		}
	case DigestField:
		if !hexDigest.MatchString(s) {
			return "must be a SHA-256 of 64 small hexadecimal digits"
		}
	case DateField:
		if _, err := iotmark.ParseDate(s); err != nil {
			return "must be a day such as 2026-11-25"
		}
	case UnitField:
		if utf8.RuneCountInString(s) > maxUnitText || strings.Contains(s, "\n") {
			return fmt.Sprintf("must be one line of at most %d characters", maxUnitText)
		}
	case TextField:
		if utf8.RuneCountInString(s) > maxText {
			return fmt.Sprintf("has more than %d characters; keep the long text as evidence", maxText)
		}
	}
	return ""
}

// number reads what JSON and Go have for a number.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil && !math.IsInf(f, 0)
	}
	return 0, false
}

// names returns what the record says about the names that rules may use. What
// is missing, unknown or of the wrong form is in none of them.
func (m *Method) names(record map[string]any) map[iotmark.FactID]iotmark.Truth {
	out := map[iotmark.FactID]iotmark.Truth{}
	for i := range m.Fields {
		f := &m.Fields[i]
		v := record[f.ID]
		if v == nil || v == "" || v == NotKnown || f.fault(v) != "" {
			continue
		}
		if b, ok := v.(bool); ok && f.Type == BooleanField {
			out[iotmark.FactID(f.ID)] = iotmark.TruthOf(b)
		}
		for name, g := range f.Gives {
			if t := g.truth(m, v, record); t != iotmark.Unknown {
				out[iotmark.FactID(name)] = t
			}
		}
	}
	return out
}

// truth says whether a sound value meets the condition.
func (g Given) truth(m *Method, v any, record map[string]any) iotmark.Truth {
	switch {
	case g.Is != nil:
		return iotmark.TruthOf(slices.Contains(g.Is, fmt.Sprint(v)))
	case g.AtLeast != nil:
		n, _ := number(v)
		return iotmark.TruthOf(n >= *g.AtLeast)
	case g.AtMost != nil:
		n, _ := number(v)
		return iotmark.TruthOf(n <= *g.AtMost)
	}
	other, ok := find(m.Fields, func(f RecordField) bool { return f.ID == g.SameAs })
	w := record[g.SameAs]
	if !ok || w == nil || w == "" || w == NotKnown || other.fault(w) != "" {
		return iotmark.Unknown
	}
	return iotmark.TruthOf(v == w)
}

// Conclude returns the verdict that follows from a record, and the rules that
// decided it. No rule decided where the values are open; then the verdict is
// inconclusive. The stated verdict is not looked at.
func (m *Method) Conclude(record map[string]any) (iotmark.InspectionVerdict, []MethodRule) {
	return m.Verdict.conclude(m.names(record))
}

func (v VerdictRules) conclude(names map[iotmark.FactID]iotmark.Truth) (iotmark.InspectionVerdict, []MethodRule) {
	if failed, _ := holding(v.Fail, names); len(failed) > 0 {
		return iotmark.InspectionFail, failed
	}
	if open, _ := holding(v.Inconclusive, names); len(open) > 0 {
		return iotmark.InspectionInconclusive, open
	}
	_, unsure := holding(v.Fail, names)
	_, doubt := holding(v.Inconclusive, names)
	passed, _ := holding(v.Pass, names)
	if len(v.Pass) > 0 && len(passed) == len(v.Pass) && !unsure && !doubt {
		return iotmark.InspectionPass, passed
	}
	return iotmark.InspectionInconclusive, nil
}

// holding returns the rules that are true, and whether one is unknown.
func holding(rules []MethodRule, names map[iotmark.FactID]iotmark.Truth) (held []MethodRule, unsure bool) {
	for _, r := range rules {
		switch r.expr.Value(names) {
		case iotmark.True:
			held = append(held, r)
		case iotmark.Unknown:
			unsure = true
		}
	}
	return held, unsure
}

// verdictNames are the names that rules for a second opinion, and for what is
// required, may use beside those of the form.
var verdictNames = map[iotmark.InspectionVerdict]iotmark.FactID{
	iotmark.InspectionPass: "passed", iotmark.InspectionFail: "failed", iotmark.InspectionInconclusive: "inconclusive",
}

// NeedsSecond returns the rules by which another competent person must repeat
// the verdict from the kept evidence without knowing the first, and none where
// one verdict is enough.
func (m *Method) NeedsSecond(record map[string]any) []MethodRule {
	held, _ := holding(m.SecondOpinion, m.withVerdict(record))
	return held
}

// withVerdict is names with the verdict that follows.
func (m *Method) withVerdict(record map[string]any) map[iotmark.FactID]iotmark.Truth {
	names := m.names(record)
	got, _ := m.Verdict.conclude(names)
	for v, name := range verdictNames {
		names[name] = iotmark.TruthOf(v == got)
	}
	return names
}

// CheckInspection returns everything in an inspection note that does not hold:
// names that are not known, a method that does not serve the criterion, a
// version or digest that is not the method's, and whatever [Method.Check] says
// about the record. Who may inspect, and whether the evidence is there, is for
// others to say. Nothing is nil.
func (c *Catalogue) CheckInspection(in iotmark.Inspection) iotmark.Errors {
	var errs iotmark.Errors
	bad := func(id iotmark.ErrorID, field, format string, args ...any) {
		errs = append(errs, &iotmark.Error{Kind: iotmark.Invalid, ID: id, Field: field, Msg: fmt.Sprintf(format, args...)})
	}
	if c.Criterion(in.Criterion) == nil {
		return iotmark.Errors{c.UnknownCriterion(plainWord(string(in.Criterion)))}
	}
	m := c.Method(in.Method)
	if m == nil {
		bad("method-unknown", "method", "there is no method %q", plainWord(string(in.Method)))
		return errs
	}
	if !slices.Contains(c.MethodsFor(in.Criterion), m) {
		bad("method-unfit", "method", "%s is no method for %s; use %s", m.ID, in.Criterion, commas(ids(c.MethodsFor(in.Criterion), func(m *Method) iotmark.MethodID { return m.ID })))
	}
	if in.Version != m.Version || in.Digest != m.Digest {
		bad("method-version-other", "version", "the note follows version %d (%s) of %s; this is version %d (%s)", in.Version, in.Digest.Short(), m.ID, m.Version, m.Digest.Short())
		return errs
	}
	if _, err := iotmark.ParseDate(string(in.On)); err != nil {
		bad("inspection-date-wrong", "on", "the note has no day of the work: %v", err)
	}
	if in.By == "" {
		bad("inspection-unsigned", "by", "the note names no person who did the work")
	}
	if said, _ := in.Record[verdictKey].(string); said != string(in.Verdict) {
		bad("record-verdict-contradicts", "verdict", "the note says %s and its record says %s", plainWord(string(in.Verdict)), plainWord(said))
	}
	return append(errs, m.Check(in.Record)...)
}

// Carried returns the step that an inspection note carries its criterion to: the
// method's step where the verdict is pass, and none otherwise. It expects a
// note that [Catalogue.CheckInspection] finds in order.
func (c *Catalogue) Carried(in iotmark.Inspection) iotmark.Assurance {
	m := c.Method(in.Method)
	if m == nil || in.Verdict != iotmark.InspectionPass {
		return iotmark.NoAssurance
	}
	return m.Step()
}
