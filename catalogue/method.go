package catalogue

import (
	"encoding/json"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
)

// Method is one written method by which a person inspects a product: what to
// do, what to expect, what to write down, and which verdict follows from what
// was written. Methods stand outside the frozen edition, one file each in
// methods/; an inspection note names one by id, version and digest.
//
// ISO/IEC 17065, 7.4 asks for evaluation by a plan; ISO/IEC 17025, 7.2 for
// methods that are written down and 7.5 for records that let the work be
// repeated.
type Method struct {
	ID      iotmark.MethodID `yaml:"id" json:"id"`
	Version int              `yaml:"version" json:"version"` // from 1; raised with every change of the text
	Title   string           `yaml:"title" json:"title"`
	// Serves names the criteria that a verdict by this method speaks about.
	// It is empty for the generic method, which serves every criterion that
	// needs checked or assessed; one with a method of its own is read where trying it is
	// not to be had.
	Serves  []iotmark.CriterionID `yaml:"serves" json:"serves"`
	Generic bool                  `yaml:"generic" json:"generic,omitempty"`
	// Carries is the strongest step a pass can carry: tested where a unit or
	// the live service was tried, else assessed.
	Carries string         `yaml:"carries" json:"carries"`
	Purpose string         `yaml:"purpose" json:"purpose"`
	Source  []MethodSource `yaml:"source" json:"source"`
	// Competence names techniques the inspector must have; the group of the
	// criterion's topic comes on top, see [Catalogue.CompetencesFor].
	Competence  []iotmark.CompetenceID `yaml:"competence" json:"competence"`
	Equipment   []Equipment            `yaml:"equipment" json:"equipment"`
	Sample      Sample                 `yaml:"sample" json:"sample"`
	Preparation []string               `yaml:"preparation" json:"preparation"` // in order, those of the shared form first
	Steps       []MethodStep           `yaml:"steps" json:"steps"`
	Fields      []RecordField          `yaml:"fields" json:"fields"` // the record form; those of the shared form around the method's own
	Verdict     VerdictRules           `yaml:"verdict" json:"verdict"`
	// SecondOpinion says when another competent person repeats the verdict
	// without knowing the first. Beside the names of the form, rules may use
	// passed, failed and inconclusive.
	SecondOpinion []MethodRule `yaml:"second_opinion" json:"second_opinion"`
	Minutes       int          `yaml:"minutes" json:"minutes"` // of a person's work for one product, an estimate
	Hazards       []string     `yaml:"hazards" json:"hazards"`
	Limits        []string     `yaml:"limits" json:"limits"` // what a pass does not show

	// Digest is the SHA-256 of all the above as JSON.
	Digest iotmark.Digest `json:"-"`

	own  map[string]bool // ids of the fields in the method's own file
	keys []string        // of the file, in their order
	pos  string
}

// MethodSource is where a method, or a part of it, comes from: provisions of
// an instrument of this catalogue, or a title with a place.
type MethodSource struct {
	Instrument iotmark.InstrumentID  `yaml:"instrument" json:"instrument,omitempty"`
	Provisions []iotmark.ProvisionID `yaml:"provisions" json:"provisions,omitempty"`
	Title      string                `yaml:"title" json:"title,omitempty"`
	Place      string                `yaml:"place" json:"place,omitempty"` // clause, group or section
}

// Equipment is one thing that is needed, by what it must be able to do. Tools
// are examples of free programs, never the only ones that will do.
type Equipment struct {
	What  string   `yaml:"what" json:"what"`
	Tools []string `yaml:"tools" json:"tools,omitempty"`
}

// Sample says what is looked at and how it was chosen.
type Sample struct {
	Units    int    `yaml:"units" json:"units"`       // physical units
	Accounts int    `yaml:"accounts" json:"accounts"` // test accounts on the live service
	Firmware string `yaml:"firmware" json:"firmware,omitempty"`
	Drawn    string `yaml:"drawn" json:"drawn"`
}

// MethodStep is one step of the work.
type MethodStep struct {
	Do     string                 `yaml:"do" json:"do"`
	Expect string                 `yaml:"expect" json:"expect"` // what a product that conforms shows
	Record []string               `yaml:"record" json:"record"` // ids of the fields to fill in
	Keep   []iotmark.EvidenceKind `yaml:"keep" json:"keep"`     // kinds of evidence to keep
}

// FieldType says what a field of a record may hold. Each field may hold
// "unknown" as well: it was looked for and could not be found out.
type FieldType string

// The types of fields.
const (
	TextField    FieldType = "text"    // at most 4,000 characters
	NumberField  FieldType = "number"  // a finite number within least and most, in Unit
	ChoiceField  FieldType = "choice"  // one of the options
	BooleanField FieldType = "boolean" // true or false
	DigestField  FieldType = "digest"  // SHA-256, 64 small hexadecimal digits
	DateField    FieldType = "date"    // year-month-day
	UnitField    FieldType = "unit"    // serial or mark of a unit of the sample, at most 64 characters
)

// FieldTypes returns the types of fields.
func FieldTypes() []FieldType {
	return []FieldType{TextField, NumberField, ChoiceField, BooleanField, DigestField, DateField, UnitField}
}

// RecordField is one field of the form that the inspector fills in.
type RecordField struct {
	ID       string    `yaml:"id" json:"id"` // small letters, digits, underscores
	Label    string    `yaml:"label" json:"label"`
	Type     FieldType `yaml:"type" json:"type"`
	Unit     string    `yaml:"unit" json:"unit,omitempty"`       // of a number, such as minutes
	Options  Options   `yaml:"options" json:"options,omitempty"` // of a choice
	Least    *float64  `yaml:"least" json:"least,omitempty"`     // of a number
	Most     *float64  `yaml:"most" json:"most,omitempty"`
	Required bool      `yaml:"required" json:"required"`
	// RequiredWhen asks for the field only where the expression is true. It may
	// use passed, failed and inconclusive too.
	RequiredWhen string `yaml:"required_when" json:"required_when,omitempty"`
	// Gives turns the value into names that the rules may use. A boolean field
	// gives its own id without being told.
	Gives map[string]Given `yaml:"gives" json:"gives,omitempty"`

	requiredWhen Expr
}

// Given is one condition on the value of a field; exactly one kind is set.
type Given struct {
	Is      []string `yaml:"is" json:"is,omitempty"`             // choice: one of these options
	AtLeast *float64 `yaml:"at_least" json:"at_least,omitempty"` // number
	AtMost  *float64 `yaml:"at_most" json:"at_most,omitempty"`   // number
	SameAs  string   `yaml:"same_as" json:"same_as,omitempty"`   // text, digest, unit, date: another field with the same value
}

// MethodRule is an expression over the names of the form, in the language of
// applies_if, and what it means for people.
type MethodRule struct {
	When  string `yaml:"when" json:"when"`
	Means string `yaml:"means" json:"means"`

	expr Expr
}

// VerdictRules decide the verdict from the record and nothing else. One rule
// of fail that is true: fail. Else all rules of pass true, every rule of fail
// false and no rule of inconclusive true: pass. All else: inconclusive.
type VerdictRules struct {
	Fail         []MethodRule `yaml:"fail" json:"fail"`
	Pass         []MethodRule `yaml:"pass" json:"pass"`
	Inconclusive []MethodRule `yaml:"inconclusive" json:"inconclusive"`
}

// Competence is one group of competences, with how a person comes to have it
// and for how long (ISO/IEC 17065, 6.1.2).
type Competence struct {
	ID        iotmark.CompetenceID `yaml:"id" json:"id"`
	Name      string               `yaml:"name" json:"name"`
	Kind      string               `yaml:"kind" json:"kind"` // topic: to judge a topic; technique: to do a kind of work
	Can       string               `yaml:"can" json:"can"`   // what a person with it can do
	Training  []string             `yaml:"training" json:"training"`
	Witnessed string               `yaml:"witnessed" json:"witnessed"` // work done under the eyes of a person who has it
	Months    int                  `yaml:"months" json:"months"`       // until it must be shown again
	Kept      string               `yaml:"kept" json:"kept"`           // what renews it
}

// Limits of the method files. A method is written for one person with one
// form; what is larger is several methods.
const (
	maxMethodFile = 64 << 10
	maxMethods    = 300
	maxSteps      = 40
	maxFields     = 60
	maxUnits      = 9
)

// formFile is the part of the form that methods share.
type formFile struct {
	Before formPart `yaml:"before"` // of methods with units, before their own
	After  formPart `yaml:"after"`  // of all methods, after their own
}

type formPart struct {
	Preparation  []string      `yaml:"preparation"`
	Fields       []RecordField `yaml:"fields"`
	Inconclusive []MethodRule  `yaml:"inconclusive"`
}

type competencesFile struct {
	Rules       []string     `yaml:"rules"`
	Competences []Competence `yaml:"competences"`
}

// LoadMethods reads the written methods and the competences. The first call
// reads, every further one returns at once with the same answer; it is safe
// in several goroutines.
func (c *Catalogue) LoadMethods() error {
	if c.methods == nil {
		return nil
	}
	return c.methods()
}

const (
	methodsDir      = "methods"
	formName        = methodsDir + "/form.yaml"
	competencesName = methodsDir + "/competences.yaml"
	versionsName    = methodsDir + "/versions.yaml"
)

type versionsFile struct {
	Versions map[iotmark.MethodID][]string `yaml:"versions"`
}

func (c *Catalogue) readMethods() error {
	r := &reader{files: c.files}
	var form formFile
	var comp competencesFile
	var vers versionsFile
	r.form(&form)
	r.file(competencesName, &comp)
	r.file(versionsName, &vers)
	names, err := fs.Glob(c.files, methodsDir+"/*.*.yaml")
	if err != nil {
		return err
	}
	slices.Sort(names)
	if len(names) > maxMethods {
		r.fail("catalogue-too-large", methodsDir, nil, "", "there are %d methods where %d are read", len(names), maxMethods)
		names = nil
	}
	var list []*Method
	for _, n := range names {
		if m := r.method(n, &form); m != nil {
			list = append(list, m)
		}
	}
	if len(r.errs) > 0 {
		return r.errs
	}
	c.Methods, c.Competences, c.CompetenceRules, c.versions = list, comp.Competences, comp.Rules, vers.Versions
	return nil
}

// form reads the shared parts of the form.
func (r *reader) form(f *formFile) {
	n := r.node(formName)
	if n == nil {
		return
	}
	r.decode(formName, n, reflect.ValueOf(f).Elem(), "")
	for _, x := range []struct {
		key  string
		part *formPart
	}{{"before", &f.Before}, {"after", &f.After}} {
		p := child(n, x.key)
		r.rules(formName, child(p, "inconclusive"), x.key+".inconclusive", x.part.Inconclusive)
		r.fields(formName, child(p, "fields"), x.part.Fields)
	}
}

// method reads one file and puts the shared parts of the form around it.
func (r *reader) method(file string, form *formFile) *Method {
	if st, err := fs.Stat(r.files, file); err == nil && st.Size() > maxMethodFile {
		r.fail("catalogue-too-large", file, nil, "", "the file has %d bytes where %d are read; a method this long is several methods", st.Size(), maxMethodFile)
		return nil
	}
	before := len(r.errs)
	n := r.node(file)
	if n == nil {
		return nil
	}
	m := &Method{pos: position(file, n), own: map[string]bool{}, keys: keys(n)}
	r.decode(file, n, reflect.ValueOf(m).Elem(), "")
	if len(r.errs) > before {
		return nil
	}
	if id := iotmark.MethodID(strings.TrimSuffix(path.Base(file), ".yaml")); m.ID != id {
		r.fail("catalogue-head-wrong", file, child(n, "id"), "id", "the file is named %s and its id is %s; the two must be the same", id, m.ID)
	}
	for _, x := range []struct {
		key     string
		n, most int
	}{{"steps", len(m.Steps), maxSteps}, {"fields", len(m.Fields), maxFields}} {
		if x.n > x.most {
			r.fail("catalogue-too-large", file, child(n, x.key), x.key, "there are %d %s where %d are read; make several methods of it", x.n, x.key, x.most)
		}
	}
	for _, f := range m.Fields {
		m.own[f.ID] = true
	}
	r.expressions(file, n, m)
	m.share(form)
	if len(r.errs) > before {
		return nil
	}
	raw, err := json.Marshal(m)
	if err != nil {
		r.fail("catalogue-type-wrong", file, n, "", "the method cannot be written as JSON: %v", err)
		return nil
	}
	m.Digest = digest(raw)
	return m
}

// expressions parses what the method's own file says.
func (r *reader) expressions(file string, n *yaml.Node, m *Method) {
	v := child(n, "verdict")
	r.rules(file, child(v, "fail"), "verdict.fail", m.Verdict.Fail)
	r.rules(file, child(v, "pass"), "verdict.pass", m.Verdict.Pass)
	r.rules(file, child(v, "inconclusive"), "verdict.inconclusive", m.Verdict.Inconclusive)
	r.rules(file, child(n, "second_opinion"), "second_opinion", m.SecondOpinion)
	r.fields(file, child(n, "fields"), m.Fields)
}

func (r *reader) rules(file string, n *yaml.Node, field string, rules []MethodRule) {
	for i := range rules {
		rules[i].expr = r.expression(file, at(n, i), "when", field, rules[i].When)
	}
}

func (r *reader) fields(file string, n *yaml.Node, fields []RecordField) {
	for i := range fields {
		if f := &fields[i]; f.RequiredWhen != "" {
			f.requiredWhen = r.expression(file, at(n, i), "required_when", "fields."+f.ID, f.RequiredWhen)
		}
	}
}

// at returns the item of a list, or nil.
func at(n *yaml.Node, i int) *yaml.Node {
	if l := list(n); i < len(l) {
		return l[i]
	}
	return nil
}

func (r *reader) expression(file string, n *yaml.Node, key, field, text string) Expr {
	e, err := ParseExpr(text)
	if err != nil {
		if x := child(n, key); x != nil {
			n = x
		}
		r.fail("catalogue-expression-broken", file, n, field+"."+key, "%s of %s cannot be read: %v", key, field, err)
	}
	return e
}

// share puts the shared parts of the form around the method's own.
func (m *Method) share(form *formFile) {
	before, after := form.Before, form.After
	if m.Sample.Units <= 0 {
		before = formPart{}
	}
	var units []RecordField
	for i := range min(m.Sample.Units, maxUnits) {
		n := strconv.Itoa(i + 1)
		units = append(units, RecordField{ID: "unit_" + n, Label: "Serial or mark of unit " + n, Type: UnitField, Required: true})
	}
	m.Fields = slices.Concat(units, before.Fields, m.Fields, after.Fields)
	m.Preparation = slices.Concat(before.Preparation, m.Preparation, after.Preparation)
	m.Verdict.Inconclusive = slices.Concat(before.Inconclusive, m.Verdict.Inconclusive, after.Inconclusive)
}

// Method returns the method with that id, or nil.
func (c *Catalogue) Method(id iotmark.MethodID) *Method {
	if c.LoadMethods() != nil {
		return nil
	}
	m, _ := find(c.Methods, func(m *Method) bool { return m.ID == id })
	return m
}

// FindMethod returns the method with that id or, for a word without a dot,
// the only one with that name after the dot. The error proposes the one most
// like it.
func (c *Catalogue) FindMethod(word string) (*Method, error) {
	if err := c.LoadMethods(); err != nil {
		return nil, err
	}
	var known, short []string
	full := map[string]string{}
	var named []*Method
	for _, m := range c.Methods {
		if string(m.ID) == word {
			return m, nil
		}
		_, name, _ := strings.Cut(string(m.ID), ".")
		if name == word {
			named = append(named, m)
		}
		known, short, full[name] = append(known, string(m.ID)), append(short, name), string(m.ID)
	}
	if len(named) == 1 {
		return named[0], nil
	}
	e := unknown("method-unknown", "method", word, known)
	if s := full[Suggest(word, short)]; s != "" && !strings.Contains(word, ".") && Suggest(word, known) == "" {
		e.Msg += " Did you mean " + s + "?"
	}
	return nil, e
}

// MethodsFor returns the methods by which a criterion is inspected, best first:
// those that name it, and the generic ones where they carry to the step it
// needs. What a program is to decide may be read by a person too, where no
// check of this release can. The criterion need not be a must.
func (c *Catalogue) MethodsFor(id iotmark.CriterionID) []*Method {
	cr := c.Criterion(id)
	if cr == nil || c.LoadMethods() != nil {
		return nil
	}
	var own, generic []*Method
	for _, m := range c.Methods {
		switch {
		case slices.Contains(m.Serves, id):
			own = append(own, m)
		case m.Generic && m.Step() >= cr.needs && cr.needs >= iotmark.Checked:
			generic = append(generic, m)
		}
	}
	return append(own, generic...)
}

// Step returns the strongest step that a pass by this method carries.
func (m *Method) Step() iotmark.Assurance {
	var a iotmark.Assurance
	if a.UnmarshalText([]byte(m.Carries)) != nil {
		return iotmark.NoAssurance
	}
	return a
}

// CompetencesFor returns what a person must be found competent in to inspect a
// criterion by a method: the techniques of the method, and the topic.
func (c *Catalogue) CompetencesFor(m *Method, id iotmark.CriterionID) []iotmark.CompetenceID {
	topic := iotmark.CompetenceID(id.Topic())
	if slices.Contains(m.Competence, topic) {
		return slices.Clone(m.Competence)
	}
	return append(slices.Clone(m.Competence), topic)
}
