package catalogue

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

var (
	instrumentKeys = strings.Fields("id title issuer kind version date markets jurisdiction about scope url status confidence evidence_forms verify source notes provisions")
	documentKeys   = strings.Fields("id title instruments markets access signed form rows")
)

func (l *linter) instruments() {
	topics := iotmark.Topics()
	grades := []string{"high", "medium", "low"}
	r := &reader{files: l.c.files}
	total := 0
	for _, in := range l.c.Instruments {
		file, n := "instruments/"+string(in.ID)+".yaml", string(in.ID)
		l.order(file, n, keys(r.node(file)), instrumentKeys, nil)
		within(l, file, n, "kind of instrument", []string{in.Kind}, []string{"law", "standard", "scheme", "guideline"})
		within(l, file, n, "confidence", []string{in.Confidence}, grades)
		within(l, file, n, "market", in.Markets, []string{"international", "eu", "uk", "us", "jp", "sg", "fr"})
		within(l, file, n, "subject", in.About, []string{"product", "scheme"})
		within(l, file, n, "state", []string{in.Status.State}, []string{"in-force", "phased", "published", "operating", "paused", "draft"})
		if len(in.Source) == 0 {
			l.bad("field-empty", file, n, "%s has no source", n)
		}
		seen := map[iotmark.ProvisionID]bool{}
		for _, p := range in.Provisions {
			field := n + " " + string(p.ID)
			if seen[p.ID] || p.ID == "" {
				l.bad("id-twice", file, field, "the provision %q stands twice in %s, or has no id", p.ID, n)
			}
			seen[p.ID] = true
			within(l, file, field, "level", []string{p.Level}, []string{"mandatory", "recommended", "conditional"})
			within(l, file, field, "topic", []iotmark.Topic{p.Topic}, topics)
			if p.Automation != "" {
				within(l, file, field, "automation", []string{p.Automation}, termIDs(l.c.Scheme.Automation))
			}
			if p.Confidence != "" {
				within(l, file, field, "confidence", []string{p.Confidence}, grades)
			}
			if p.Level == "conditional" && p.When == "" {
				l.bad("when-lacking", file, field, "the provision %s of %s is conditional and does not say when", p.ID, n)
			}
		}
		total += len(in.Provisions)
	}
	if n := len(l.c.Instruments); n != numInstruments || total != numProvisions {
		l.bad("count-changed", "instruments", "", "there are %d instruments with %d provisions where the edition has %d and %d", n, total, numInstruments, numProvisions)
	}
	const file = "crosswalk/themes.yaml"
	for i, t := range l.c.Themes {
		if want := fmt.Sprintf("T%02d", i+1); string(t.ID) != want {
			l.bad("themes-numbered", file, string(t.ID), "the theme %s stands where %s must stand", t.ID, want)
		}
		within(l, file, string(t.ID), "topic", []iotmark.Topic{t.Topic}, topics)
		within(l, file, string(t.ID), "subject", []string{t.About}, []string{"product", "scheme"})
		known := ids(l.c.Instruments, func(in *Instrument) iotmark.InstrumentID { return in.ID })
		for _, n := range slices.Sorted(maps.Keys(t.Provisions)) {
			within(l, file, string(t.ID), "instrument", []iotmark.InstrumentID{n}, known)
			if in := l.c.instruments[n]; in != nil {
				within(l, file, string(t.ID)+"."+string(n), "provision", t.Provisions[n], provisionIDs(in))
			}
		}
	}
}

func provisionIDs(in *Instrument) []iotmark.ProvisionID {
	return ids(in.Provisions, func(p *Provision) iotmark.ProvisionID { return p.ID })
}

func (l *linter) mapping() {
	const file = "crosswalk/mapping.yaml"
	want, err := l.c.MappingYAML()
	if err != nil {
		l.bad("mapping-stale", file, "", "the mapping cannot be made: %v", err)
		return
	}
	if got, err := fs.ReadFile(l.c.files, file); err != nil || !bytes.Equal(got, want) {
		l.bad("mapping-stale", file, "", "the mapping is not what the criteria and themes give; run go generate ./catalogue and look at the difference")
	}
}

func (l *linter) label() {
	file := inEdition("label-facts.yaml")
	criteria := ids(l.c.Criteria, func(c *Criterion) iotmark.CriterionID { return c.ID })
	printed := ids(l.c.Label.Facts, func(r LabelRow) string { return r.ID })
	for _, rows := range []struct {
		kind string
		list []LabelRow
	}{{"facts", l.c.Label.Facts}, {"answers", l.c.Label.Answers}} {
		once(l, file, "label "+rows.kind, ids(rows.list, func(r LabelRow) string { return r.ID }), kebab)
		for i, x := range rows.list {
			field := rows.kind + "." + x.ID
			if x.Order != i+1 {
				l.bad("label-order", file, field, "%s has the order %d and stands as number %d", field, x.Order, i+1)
			}
			within(l, file, field, "criterion", x.Criteria, criteria)
			within(l, file, field, "printed fact", x.Facts, printed)
			within(l, file, field, "risk", x.Risks, l.risks())
			for _, f := range x.Fields {
				l.path(file, field, f)
			}
			seen := map[string]bool{}
			for _, v := range x.Values {
				if seen[v.ID] {
					l.bad("label-values", file, field, "%s has the value %s twice", field, v.ID)
				}
				seen[v.ID] = true
				if v.When == "" {
					l.bad("field-empty", file, field, "%s does not say when %s is printed", field, v.ID)
				}
				if v.Say != "" {
					l.plain(file, field+"."+v.ID, v.Say)
				}
			}
			if !seen["unknown"] {
				l.bad("label-values", file, field, "%s has no value unknown; nothing is left blank", field)
			}
		}
	}
	if f, a := len(l.c.Label.Facts), len(l.c.Label.Answers); f != numLabelFacts || a != numAnswers {
		l.bad("count-changed", file, "", "there are %d printed facts and %d answers where the edition has %d and %d", f, a, numLabelFacts, numAnswers)
	}
}

func (l *linter) path(file, field, p string) {
	if l.schema.at(p) == nil {
		l.bad("path-unknown", file, field, "%s points to %s, which is no field of the declaration", field, p)
	}
}

func (l *linter) fields() {
	const file = "documents/fields.yaml"
	once(l, file, "fields", ids(l.c.Fields, func(f Field) string { return strings.ReplaceAll(strings.ReplaceAll(f.ID, ".", "-"), "_", "-") }), kebab)
	for _, f := range l.c.Fields {
		within(l, file, f.ID, "type", []string{f.Type}, l.c.FieldTypes)
		within(l, file, f.ID, "visibility", []string{string(f.Visibility)}, termIDs(l.c.Scheme.Visibility))
		within(l, file, f.ID, "source", []string{f.From}, []string{"declaration", "evidence", "catalogue", "registry"})
		if (f.From == "declaration") != (f.At != "") || (f.From == "evidence") != (f.Kind != "") {
			l.bad("field-source", file, f.ID, "%s comes from %s; at goes with declaration and kind with evidence, and with nothing else", f.ID, f.From)
		}
		for _, p := range f.Also {
			l.path(file, f.ID, p)
		}
		if f.Kind != "" {
			within(l, file, f.ID, "kind of evidence", []iotmark.EvidenceKind{f.Kind}, l.kinds)
		}
		if f.Type == "table" && len(f.Columns) == 0 {
			l.bad("field-empty", file, f.ID, "the table %s names no columns", f.ID)
		}
		if f.At == "" {
			continue
		}
		l.path(file, f.ID, f.At)
		// Two tables are made from maps whose keys are countries and guides.
		if f.Type == "table" && f.ID != "product.on_market" && f.ID != "guides" {
			within(l, file, f.ID, "column", f.Columns, l.schema.at(f.At).properties())
		}
		if f.At == "parties" {
			within(l, file, f.ID, "role", f.Where, l.schema.at("parties").property("role").words())
		}
	}
	if n := len(l.c.Fields); n != numFields {
		l.bad("count-changed", file, "", "there are %d fields where the edition has %d", n, numFields)
	}
}

func (l *linter) documents() {
	const file = "documents/documents.yaml"
	names := ids(l.c.Fields, func(f Field) string { return f.ID })
	secret := map[string]bool{}
	for _, f := range l.c.Fields {
		secret[f.ID] = f.Visibility == iotmark.Secret
	}
	known := ids(l.c.Instruments, func(in *Instrument) iotmark.InstrumentID { return in.ID })
	once(l, file, "documents", ids(l.c.Documents, func(d Document) string { return d.ID }), kebab)
	r := &reader{files: l.c.files}
	for i, n := range list(child(r.node(file), "documents")) {
		l.order(position(file, n), item("", i, n), keys(n), documentKeys, nil)
	}
	used := map[string]bool{}
	for _, d := range l.c.Documents {
		within(l, file, d.ID, "instrument", d.Instruments, known)
		within(l, file, d.ID, "access", []string{string(d.Access)}, termIDs(l.c.Scheme.Visibility))
		var have []iotmark.ProvisionID
		for _, n := range d.Instruments {
			if in := l.c.instruments[n]; in != nil {
				have = append(have, provisionIDs(in)...)
			}
		}
		for _, row := range d.Rows {
			within(l, file, d.ID, "field", row.From, names)
			within(l, file, d.ID, "provision", row.Covers, have)
			for _, f := range row.From {
				used[f] = true
				if d.Access == iotmark.Public && d.Form != "page" && secret[f] {
					l.bad("secret-shown", file, d.ID, "%s is public and shows %s, which is secret", d.ID, f)
				}
			}
		}
	}
	if n := len(l.c.Documents); n != numDocuments {
		l.bad("count-changed", file, "", "there are %d documents where the edition has %d", n, numDocuments)
	}
	for _, f := range names {
		if !used[f] {
			l.bad("field-idle", "documents/fields.yaml", f, "the field %s is in no document", f)
		}
	}
}

// declaration holds the schema of the declaration against the scheme.
func (l *linter) declaration() {
	file, s := inEdition("declaration.schema.json"), &l.c.Scheme
	same := func(what string, got, want []string) {
		if !slices.Equal(got, want) {
			l.bad("schema-differs", file, what, "%s of the schema are %s; the scheme has %s", what, strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}
	facts := l.schema.root.property("facts")
	same("the facts", facts.properties(), ids(s.Facts, func(f Fact) string { return string(f.ID) }))
	evidence := l.schema.def("evidence")
	same("the kinds of evidence", evidence.property("kind").words(), ids(l.kinds, func(k iotmark.EvidenceKind) string { return string(k) }))
	same("the visibilities", evidence.property("visibility").words(), termIDs(s.Visibility))
	same("the answers", l.schema.def("answer").words(), ids(s.Answers, func(a AnswerRow) string { return string(a.ID) }))
	parts := slices.DeleteFunc(termIDs(s.Parts), func(p string) bool { return p == "maker" || p == "packaging" })
	same("the parts", l.schema.def("part").words(), parts)
	for _, f := range s.Facts {
		if f.Type == "set" {
			same("the options of "+string(f.ID), facts.property(string(f.ID)).first().words(), ids(f.Options, func(o Option) string { return o.Value }))
		}
	}
	if row, ok := find(l.c.Label.Facts, func(r LabelRow) bool { return r.ID == "senses" }); ok {
		want := slices.DeleteFunc(ids(row.Values, func(v LabelValue) string { return v.ID }), func(v string) bool { return v == "unknown" || v == "nothing" })
		same("the senses", l.schema.at("sensors").property("senses").words(), want)
	}
	for _, p := range l.schema.patterns {
		if strings.Contains(p, "(?") {
			l.bad("schema-pattern", file, "pattern", "not every program can read the pattern %s; write it without (?", p)
		}
	}
}
