package catalogue

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
)

//go:generate go run ./gen

//go:embed 2026.1 instruments crosswalk documents methods bindings.yaml effort.yaml
var data embed.FS

// Current is the edition that Load reads.
const Current iotmark.Edition = "2026.1"

// Load reads the catalogue that is built into the program.
//
// It is read at every start of the command. Measured on two cores of a small
// virtual machine with go test -bench Load ./catalogue: 11 ms and 3.6 MB of
// allocations for the edition with bindings and estimates, 20 ms and 6 MB
// more for [Catalogue.LoadInstruments], which most commands do without.
func Load() (*Catalogue, error) { return LoadFS(data) }

// MustLoad is Load for programs and tests; it panics when the data that was
// built in is broken, which the tests of this package rule out.
func MustLoad() *Catalogue {
	c, err := Load()
	if err != nil {
		panic(err)
	}
	return c
}

// Files returns the files that are built in, in the layout that [LoadFS]
// reads.
func Files() fs.FS { return data }

// LoadFS reads a catalogue from a file system with the layout of this folder.
// Its error is an [iotmark.Errors] that tells every fault of form at once.
// What has the right form and makes no sense is found by [Lint].
func LoadFS(files fs.FS) (*Catalogue, error) {
	r := &reader{files: files}
	c := &Catalogue{Edition: Current, files: files, criteria: map[iotmark.CriterionID]*Criterion{}}
	r.file(inEdition("scheme.yaml"), &c.Scheme)
	for _, t := range c.Scheme.Topics {
		r.topic(c, t.ID)
	}
	r.file(inEdition("label-facts.yaml"), &c.Label)
	c.Schema = r.bytes(inEdition("declaration.schema.json"))
	r.bindings(c)
	var e effortFile
	r.file("effort.yaml", &e)
	c.Efforts = e.Criteria
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	c.umbrella = sync.OnceValue(c.readUmbrella)
	c.procedure = sync.OnceValues(c.readProcedure)
	c.methods = sync.OnceValue(c.readMethods)
	return c, nil
}

func inEdition(name string) string { return path.Join(string(Current), name) }

type topicFile struct {
	Edition  iotmark.Edition `yaml:"edition"`
	Topic    iotmark.Topic   `yaml:"topic"`
	Criteria []*yaml.Node    `yaml:"criteria"`
}

// topic adds the criteria of one topic to the catalogue.
func (r *reader) topic(c *Catalogue, t iotmark.Topic) {
	var f topicFile
	file := inEdition(string(t) + ".yaml")
	r.file(file, &f)
	if len(r.errs) == 0 && (f.Topic != t || f.Edition != c.Scheme.Edition) {
		r.fail("catalogue-head-wrong", file, nil, "topic", "the file says topic %s and edition %s; it must say %s and %s", f.Topic, f.Edition, t, c.Scheme.Edition)
	}
	for i, n := range f.Criteria {
		cr := &Criterion{pos: position(file, n)}
		field := item("criteria", i, n)
		before := len(r.errs)
		r.decode(file, n, reflect.ValueOf(cr).Elem(), field)
		if len(r.errs) > before {
			continue
		}
		var err error
		if cr.applies, err = ParseExpr(cr.AppliesIf); err != nil {
			r.fail("catalogue-expression-broken", file, child(n, "applies_if"), string(cr.ID)+".applies_if", "applies_if of %s cannot be read: %v", cr.ID, err)
		}
		if err := cr.needs.UnmarshalText([]byte(cr.Needs)); err != nil || cr.needs == iotmark.NoAssurance {
			r.fail("catalogue-step-unknown", file, child(n, "needs"), string(cr.ID)+".needs", "needs of %s is %q, which is no step of assurance", cr.ID, cr.Needs)
		}
		if _, ok := c.criteria[cr.ID]; ok {
			r.fail("catalogue-criterion-twice", file, n, string(cr.ID), "the id %s stands twice; an id is never used again", cr.ID)
			continue
		}
		c.criteria[cr.ID] = cr
		c.Criteria = append(c.Criteria, cr)
	}
}

type bindingsFile struct {
	Edition  iotmark.Edition                   `yaml:"edition"`
	Criteria map[iotmark.CriterionID][]Binding `yaml:"criteria"`
}

func (r *reader) bindings(c *Catalogue) {
	const file = "bindings.yaml"
	var f bindingsFile
	r.file(file, &f)
	c.Bindings = Bindings{Digest: digest(r.bytes(file)), Criteria: f.Criteria}
	if len(r.errs) == 0 && f.Edition != c.Scheme.Edition {
		r.fail("catalogue-head-wrong", file, nil, "edition", "the table binds edition %q; the scheme is %q", f.Edition, c.Scheme.Edition)
	}
}

func digest(b []byte) iotmark.Digest {
	h := sha256.Sum256(b)
	return iotmark.Digest(hex.EncodeToString(h[:]))
}

type effortFile struct {
	Edition  iotmark.Edition                `yaml:"edition"`
	Criteria map[iotmark.CriterionID]Effort `yaml:"criteria"`
}

// LoadInstruments reads what judging a product does without: instruments,
// themes, fields and documents. The first call reads, every further one
// returns at once with the same answer; it is safe in several goroutines.
func (c *Catalogue) LoadInstruments() error {
	if c.umbrella == nil {
		return nil
	}
	return c.umbrella()
}

type themesFile struct {
	Edition  iotmark.Edition `yaml:"edition"`
	Review   string          `yaml:"review"`
	Relation string          `yaml:"relation"`
	Themes   []*Theme        `yaml:"themes"`
}

type fieldsFile struct {
	Edition iotmark.Edition `yaml:"edition"`
	Types   Options         `yaml:"types"`
	Fields  []Field         `yaml:"fields"`
}

type documentsFile struct {
	Edition   iotmark.Edition `yaml:"edition"`
	Documents []Document      `yaml:"documents"`
}

func (c *Catalogue) readUmbrella() error {
	r := &reader{files: c.files}
	names, err := fs.Glob(c.files, "instruments/*.yaml")
	if err != nil {
		return err
	}
	slices.Sort(names)
	instruments := map[iotmark.InstrumentID]*Instrument{}
	var list []*Instrument
	for _, n := range names {
		in := new(Instrument)
		r.file(n, in)
		if id := iotmark.InstrumentID(strings.TrimSuffix(path.Base(n), ".yaml")); len(r.errs) == 0 && in.ID != id {
			r.fail("catalogue-head-wrong", n, nil, "id", "the file is named %s and its id is %s; the two must be the same", id, in.ID)
		}
		instruments[in.ID] = in
		list = append(list, in)
	}
	var th themesFile
	r.file("crosswalk/themes.yaml", &th)
	var fl fieldsFile
	r.file("documents/fields.yaml", &fl)
	var dc documentsFile
	r.file("documents/documents.yaml", &dc)
	if len(r.errs) > 0 {
		return r.errs
	}
	c.Instruments, c.instruments = list, instruments
	c.Themes, c.themes = th.Themes, map[iotmark.ThemeID]*Theme{}
	for _, t := range th.Themes {
		c.themes[t.ID] = t
	}
	c.Fields, c.Documents = fl.Fields, dc.Documents
	c.FieldTypes = nil
	for _, o := range fl.Types {
		c.FieldTypes = append(c.FieldTypes, o.Value)
	}
	return nil
}

// Truths turns the answers to the product facts into truths by name, also
// those that a set gives. What is not known is not in the map.
func (c *Catalogue) Truths(facts map[iotmark.FactID]iotmark.FactValue) map[iotmark.FactID]iotmark.Truth {
	out := map[iotmark.FactID]iotmark.Truth{}
	for _, f := range c.Scheme.Facts {
		v, ok := facts[f.ID]
		switch {
		case !ok:
		case f.Type == "boolean":
			if v.Truth != iotmark.Unknown {
				out[f.ID] = v.Truth
			}
		case v.Set != nil:
			for id, options := range f.Gives {
				out[id] = iotmark.TruthOf(slices.ContainsFunc(v.Set, func(x string) bool { return slices.Contains(options, x) }))
			}
		}
	}
	return out
}

// Topic returns the topic with that id.
func (c *Catalogue) Topic(id iotmark.Topic) (TopicRow, bool) {
	return find(c.Scheme.Topics, func(t TopicRow) bool { return t.ID == id })
}

// Fact returns the product fact with that id.
func (c *Catalogue) Fact(id iotmark.FactID) (Fact, bool) {
	return find(c.Scheme.Facts, func(f Fact) bool { return f.ID == id })
}

// Kind returns the kind of evidence with that id.
func (c *Catalogue) Kind(id iotmark.EvidenceKind) (KindRow, bool) {
	return find(c.Scheme.EvidenceKinds, func(k KindRow) bool { return k.ID == id })
}

// Reach returns the strongest step that a kind of evidence can carry.
func (c *Catalogue) Reach(id iotmark.EvidenceKind) iotmark.Assurance {
	var a iotmark.Assurance
	k, _ := c.Kind(id)
	if a.UnmarshalText([]byte(k.Reach)) != nil {
		return iotmark.NoAssurance
	}
	return a
}

// Family returns the family of checks with that id.
func (c *Catalogue) Family(id iotmark.CheckFamily) (Family, bool) {
	return find(c.Scheme.Checks, func(f Family) bool { return f.ID == id })
}

// Risk returns the risk with that id.
func (c *Catalogue) Risk(id string) (Risk, bool) {
	return find(c.Scheme.Risks, func(r Risk) bool { return r.ID == id })
}

// Instrument returns the instrument with that id, or nil.
func (c *Catalogue) Instrument(id iotmark.InstrumentID) *Instrument {
	if c.LoadInstruments() != nil {
		return nil
	}
	return c.instruments[id]
}

// Theme returns the theme with that id, or nil.
func (c *Catalogue) Theme(id iotmark.ThemeID) *Theme {
	if c.LoadInstruments() != nil {
		return nil
	}
	return c.themes[id]
}

// InTopic returns the criteria of one topic in catalogue order.
func (c *Catalogue) InTopic(t iotmark.Topic) []*Criterion {
	var out []*Criterion
	for _, cr := range c.Criteria {
		if cr.ID.Topic() == t {
			out = append(out, cr)
		}
	}
	return out
}

// FamilyChecks returns the bound checks of each family, in catalogue order.
// A family without an entry has no check yet.
func (c *Catalogue) FamilyChecks() map[iotmark.CheckFamily][]iotmark.CheckID {
	out := map[iotmark.CheckFamily][]iotmark.CheckID{}
	for _, cr := range c.Criteria {
		for _, b := range c.Bindings.Criteria[cr.ID] {
			if !slices.Contains(out[b.Family], b.Check) {
				out[b.Family] = append(out[b.Family], b.Check)
			}
		}
	}
	return out
}

func find[T any](list []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	var zero T
	return zero, false
}

// unknown is the error for a name that the catalogue does not know.
func unknown(id iotmark.ErrorID, what, word string, known []string) *iotmark.Error {
	msg := fmt.Sprintf("there is no %s %q.", what, word)
	if s := Suggest(word, known); s != "" {
		msg += " Did you mean " + s + "?"
	}
	return &iotmark.Error{Kind: iotmark.NotFound, ID: id, Msg: msg}
}
