package scheme_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// evaluating brings an application to where it is evaluated.
func evaluating(h *schemetest.House) scheme.On {
	h.Register()
	on := accepted(h)
	sealed(h, on)
	h.Work()
	return on
}

// A note follows its method, is by somebody who is competent, and rests on
// what is there; else it is refused, and nothing of it is kept.
func TestInspectRefused(t *testing.T) {
	const id, tried = "lifecycle.take-back", "device-security.minimal-services"
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		on := evaluating(h)
		ctx, s := t.Context(), h.Scheme
		h.Appoint(schemetest.As("x1", h.Assessor(0).Organisation), iotmark.RoleAssessor)
		novice := schemetest.As("x1", h.Assessor(0).Organisation)
		h.OK(s.Qualify(ctx, schemetest.Steward, scheme.On{}, scheme.Competence{Person: "x1", Area: "documents", Shown: "course of 2026", Until: scheme.Day(h.Now(), 700)}))
		h.OK(s.Assign(ctx, schemetest.Registrar, on, scheme.Part{Person: "x1", Organisation: novice.Organisation, Role: iotmark.RoleAssessor}))
		note := func(change func(*iotmark.Inspection)) iotmark.Inspection {
			n := h.Note(id, iotmark.InspectionPass)
			n.Record = maps.Clone(n.Record)
			change(&n)
			return n
		}
		same := func(*iotmark.Inspection) {}
		for _, tt := range []struct {
			name string
			by   iotmark.Actor
			note iotmark.Inspection
			want string
		}{
			{"a stranger to the case", h.Assessor(1), note(same), "not-assigned"},
			{"the maker", schemetest.Applicant, note(same), "role-missing"},
			{"a reviewer", schemetest.Reviewer, note(same), "role-missing"},
			{"beyond his competence", novice, note(same), "not-competent"},
			{"no such criterion", h.Assessor(0), note(func(n *iotmark.Inspection) { n.Criterion = "lifecycle.nothing" }), "criterion-unknown"},
			{"no such method", h.Assessor(0), note(func(n *iotmark.Inspection) { n.Method = "lifecycle.nothing" }), "method-unknown"},
			{"a method for others", h.Assessor(0), note(func(n *iotmark.Inspection) { n.Criterion = tried }), "method-unfit"},
			{"another version", h.Assessor(0), note(func(n *iotmark.Inspection) { n.Version++ }), "method-version-other"},
			{"a record that lacks a field", h.Assessor(0), note(func(n *iotmark.Inspection) { delete(n.Record, "passages") }), "record-field-missing"},
			{"a verdict that does not follow", h.Assessor(0), note(func(n *iotmark.Inspection) { n.Verdict, n.Record["verdict"] = "fail", "fail" }), "record-verdict-contradicts"},
			{"a day to come", h.Assessor(0), note(func(n *iotmark.Inspection) { n.On = scheme.Day(h.Now(), 1) }), "inspection-date-wrong"},
			{"evidence that is not here", h.Assessor(0), note(func(n *iotmark.Inspection) { n.Evidence = []iotmark.Digest{iotmark.Digest(strings.Repeat("a", 64))} }), "evidence-unknown"},
		} {
			_, err := s.Inspect(ctx, tt.by, on, tt.note)
			if got := storetest.ErrorID(err); got != tt.want {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
			}
		}
		if _, err := s.Inspect(ctx, h.Assessor(0), on, note(same), note(func(n *iotmark.Inspection) { n.Version++ })); err == nil {
			t.Error("one of two notes is kept")
		}
		if _, err := s.Inspect(ctx, h.Assessor(0), on); storetest.ErrorID(err) != "notes-missing" {
			t.Errorf("no notes: %v", err)
		}
		if _, err := s.Second(ctx, h.Assessor(0), on, note(same)); storetest.ErrorID(err) != "second-first" {
			t.Errorf("a second opinion before the first: %v", err)
		}
		if notes, err := s.Notes(ctx, schemetest.Registrar, on.Case); err != nil || len(notes) != 0 {
			t.Errorf("%d notes were kept, %v", len(notes), err)
		}
		withEvidence := note(func(n *iotmark.Inspection) {
			n.Evidence = []iotmark.Digest{body(h, on).Determined.Declaration}
		})
		h.OK(s.Inspect(ctx, h.Assessor(0), on, withEvidence))
		h.OK(s.Inspect(ctx, h.Assessor(0), on, h.Note(id, iotmark.InspectionFail)))
		if notes, err := s.Notes(ctx, schemetest.Registrar, on.Case); err != nil || len(notes) != 2 {
			t.Errorf("%d notes stand beside each other, %v", len(notes), err)
		}
		c, err := s.Standing(ctx, h.Assessor(0), on.Case)
		if err != nil || conclusion(c, id).Verdict != iotmark.DoesNotConform {
			t.Errorf("the last note says fail, and it is concluded %+v, %v", conclusion(c, id), err)
		}
	})
}

func conclusion(c scheme.Concluded, id iotmark.CriterionID) iotmark.Conclusion {
	i := slices.IndexFunc(c.Assessment.Conclusions, func(c iotmark.Conclusion) bool { return c.Criterion == id })
	if i < 0 {
		return iotmark.Conclusion{}
	}
	return c.Assessment.Conclusions[i]
}

// A second opinion is blind, and where two differ nothing is concluded until a
// third settles it, or they agree.
func TestSecondOpinion(t *testing.T) {
	const id = "interoperability.no-blocking" // asked for in every case
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		on := evaluating(h)
		ctx, s := t.Context(), h.Scheme
		first, second := h.Assessor(0), h.Assessor(1)
		third := schemetest.As("x1", first.Organisation)
		h.Appoint(third, iotmark.RoleAssessor)
		for _, c := range catalogue.MustLoad().CompetencesFor(methodOf(t, id), id) {
			h.OK(s.Qualify(ctx, schemetest.Steward, scheme.On{}, scheme.Competence{Person: "x1", Area: string(c), Shown: "course of 2026", Until: scheme.Day(h.Now(), 700)}))
		}
		for _, a := range []iotmark.Actor{second, third} {
			h.OK(s.Assign(ctx, schemetest.Registrar, on, scheme.Part{Person: a.Person, Organisation: a.Organisation, Role: iotmark.RoleAssessor}))
		}
		conclude := func() string {
			_, err := s.Conclude(ctx, first, on, "none")
			return storetest.ErrorID(err)
		}
		sees := func(by iotmark.Actor) int {
			t.Helper()
			notes, err := s.Notes(ctx, by, on.Case)
			if err != nil {
				t.Fatal(err)
			}
			return len(notes)
		}
		h.OK(s.Inspect(ctx, first, on, h.Note(id, iotmark.InspectionPass)))
		if got := conclude(); got != "second-missing" {
			t.Errorf("concluded without a second opinion: %s", got)
		}
		for _, tt := range []struct {
			name string
			by   iotmark.Actor
			want int
		}{{"who wrote it", first, 1}, {"who is to be blind", second, 0}, {"the maker", schemetest.Applicant, 0}, {"the registrar", schemetest.Registrar, 1}} {
			if got := sees(tt.by); got != tt.want {
				t.Errorf("%s sees %d notes, want %d", tt.name, got, tt.want)
			}
		}
		if _, err := s.Standing(ctx, second, on.Case); storetest.ErrorID(err) != "notes-hidden" {
			t.Errorf("what follows from a hidden note is told: %v", err)
		}
		trail, err := s.Trail(ctx, second, on.Case)
		if err != nil || strings.Contains(string(trail[len(trail)-1].Body), `pass`) {
			t.Errorf("the trail tells the verdict: %s, %v", trail[len(trail)-1].Body, err)
		}
		h.OK(s.Second(ctx, second, on, h.Note(id, iotmark.InspectionFail)))
		if got := sees(second); got != 2 {
			t.Errorf("with his own in, the second sees %d notes", got)
		}
		if got, b := conclude(), body(h, on); got != "notes-differ" || !slices.Equal(b.Differ, []iotmark.CriterionID{id}) {
			t.Errorf("concluded while two differ: %s; the case says %v", got, b.Differ)
		}
		if got := sees(third); got != 0 {
			t.Errorf("the third sees %d notes", got)
		}
		h.OK(s.Second(ctx, third, on, h.Note(id, iotmark.InspectionFail)))
		c, err := s.Standing(ctx, first, on.Case)
		if err != nil || len(c.Differ) != 0 || conclusion(c, id).Verdict != iotmark.DoesNotConform {
			t.Errorf("two of three say fail: %+v, %v, %v", conclusion(c, id), c.Differ, err)
		}
		h.OK(s.Conclude(ctx, first, on, "none"))
		h.Sign(first, on.Case)
		if _, err := s.Review(ctx, schemetest.Reviewer, on, "grant"); storetest.ErrorID(err) != "musts-unmet" {
			t.Errorf("a grant is recommended while a must is not met: %v", err)
		}
		if got := sees(schemetest.Applicant); got != 3 {
			t.Errorf("after the evaluation the maker sees %d notes", got)
		}
	})
}

func methodOf(t *testing.T, id iotmark.CriterionID) *catalogue.Method {
	t.Helper()
	ms := catalogue.MustLoad().MethodsFor(id)
	if len(ms) == 0 {
		t.Fatalf("%s has no method", id)
	}
	return ms[0]
}

// What is concluded is computed: from what is sealed and determined, and not
// from anything that was handed in since.
func TestConclude(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		ctx, s := t.Context(), h.Scheme
		on := accepted(h)
		sealed(h, on)
		conclude := func() string {
			_, err := s.Conclude(ctx, h.Assessor(0), on, "none")
			return storetest.ErrorID(err)
		}
		if got := conclude(); got != "determination-missing" {
			t.Errorf("concluded before it was determined: %s", got)
		}
		h.Work()
		if _, err := s.Conclude(ctx, h.Assessor(0), on, ""); storetest.ErrorID(err) != "interests-missing" {
			t.Errorf("concluded without a word on interests: %v", err)
		}
		if _, err := s.Conclude(ctx, schemetest.Registrar, on, "none"); storetest.ErrorID(err) != "role-missing" {
			t.Errorf("a registrar concludes: %v", err)
		}
		other := h.Config
		other.Catalogue = changed(t)
		if _, err := scheme.New(other).Conclude(ctx, h.Assessor(0), on, "none"); storetest.ErrorID(err) != "catalogue-other" {
			t.Errorf("concluded by a catalogue that was not adopted: %v", err)
		}
		if _, err := s.Statement(ctx, schemetest.Reviewer, on.Case); storetest.ErrorID(err) != "evaluation-missing" {
			t.Errorf("a statement before the evaluation: %v", err)
		}
		h.Inspect(on.Case)
		h.Supply(on.Case, map[string][]byte{"evidence/late.txt": []byte("handed in after the seal")})
		if got := conclude(); got != "evidence-unsealed" {
			t.Errorf("concluded on what is not sealed: %s", got)
		}
		sealed(h, on)
		h.Work()
		h.OK(s.Conclude(ctx, h.Assessor(0), on, "none"))
		h.Sign(h.Assessor(0), on.Case)
		e := body(h, on).Evaluation
		st, err := s.Statement(ctx, schemetest.Reviewer, on.Case)
		if err != nil {
			t.Fatal(err)
		}
		if len(e.Unmet) != 0 || len(st.Unmet) != 0 || st.By != h.Assessor(0).Person || len(st.Notes) == 0 {
			t.Errorf("unmet %v and %v, by %s, %d notes", e.Unmet, st.Unmet, st.By, len(st.Notes))
		}
		if want, _ := catalogue.MustLoad().EditionDigest(); e.Catalogue != want {
			t.Errorf("the catalogue is %s, want %s", e.Catalogue, want)
		}
		tested, criteria := 0, 0
		for _, n := range e.Topics {
			tested, criteria = tested+n.Tested, criteria+n.Criteria
		}
		want := 0
		for _, c := range st.Assessment.Conclusions {
			if c.Assurance == iotmark.Tested {
				want++
			}
			if c.Needs == iotmark.Tested && c.Level == iotmark.Must && (c.Verdict != iotmark.Conforms || c.Assurance != iotmark.Tested) {
				t.Errorf("%s needs tested, and is %s, %s", c.Criterion, c.Verdict, c.Assurance)
			}
		}
		if tested != want || want < 7 || criteria != len(st.Assessment.Conclusions) || len(e.Topics) != 8 {
			t.Errorf("%d of %d criteria in %d topics are tested, want %d", tested, criteria, len(e.Topics), want)
		}
	})
}

// A renewal on the same evidence carries its notes over; where the evidence on
// a criterion changed, the note on it stays behind.
func TestCarryOver(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		ctx, s := t.Context(), h.Scheme
		g := h.Granted()
		h.Work()
		h.Days(30)
		c := h.OK(s.Apply(ctx, schemetest.Applicant, scheme.On{}, iotmark.Renewal, schemetest.Body, g.Subject, h.Application()))
		on := scheme.On{Case: c.ID, Reason: "as it should be"}
		files := h.Dossier()
		files["evidence/pages/repair.en.html"] = append(slices.Clone(files["evidence/pages/repair.en.html"]), '\n')
		files["iotmark.yaml"] = []byte(strings.ReplaceAll(string(files["iotmark.yaml"]), "20d1023f2cfcd4b8ba729b8263f9f634ddc87d4dfd7973109a256cb9f0f22e6e", digest(files["evidence/pages/repair.en.html"])))
		h.Supply(c.ID, files)
		h.OK(s.Accept(ctx, schemetest.Registrar, on))
		h.Assign(c.ID)
		sealed(h, on)
		h.Work()
		notes, err := s.Notes(ctx, schemetest.Registrar, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		before, err := s.Notes(ctx, schemetest.Registrar, g.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(notes) == 0 || len(notes) >= len(before) {
			t.Fatalf("%d of %d notes were carried over", len(notes), len(before))
		}
		for _, n := range notes {
			if n.Carried != g.ID {
				t.Errorf("the note on %s is carried over from %q", n.Criterion, n.Carried)
			}
		}
		if _, err := s.Changes(ctx, schemetest.Applicant, g.ID, c.ID); storetest.ErrorID(err) != "notes-hidden" {
			t.Errorf("the maker sees what follows from notes before it is concluded: %v", err)
		}
		changes, err := s.Changes(ctx, schemetest.Registrar, g.ID, c.ID)
		if err != nil || len(changes) == 0 {
			t.Fatalf("%d changes, %v", len(changes), err)
		}
		for _, x := range changes {
			if slices.ContainsFunc(notes, func(n scheme.InspectionNote) bool { return n.Criterion == x.Criterion }) && x.Verdict {
				t.Errorf("%s has a note that was carried over, and another verdict", x.Criterion)
			}
		}
		h.Inspect(c.ID)
		h.OK(s.Conclude(ctx, h.Assessor(0), on, "none"))
		if b := body(h, on); len(b.Evaluation.Unmet) != 0 {
			t.Errorf("unmet: %v", b.Evaluation.Unmet)
		}
	})
}

// Who applies has a dossier that meets the terms, or hears which not.
func TestAdmission(t *testing.T) {
	t.Parallel()
	cat := catalogue.MustLoad()
	d, err := dossier.Open(product, cat, dossier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, tt := range []struct {
		name   string
		change func(*iotmark.Declaration)
		want   []string
	}{
		{"as it is", func(*iotmark.Declaration) {}, nil},
		{"an app alone", func(d *iotmark.Declaration) { d.Parts = []iotmark.Part{{Part: iotmark.App, Name: "app"}} }, []string{"physical-product"}},
		{"nothing that connects", func(d *iotmark.Declaration) {
			d.Facts = maps.Clone(d.Facts)
			delete(d.Facts, "connects_by")
		}, []string{"physical-product"}},
		{"not a word on data", func(d *iotmark.Declaration) { d.Data = iotmark.Listed[iotmark.DataKind]{} }, []string{"product-with-data"}},
		{"says that it has none", func(d *iotmark.Declaration) { d.Data = iotmark.Listed[iotmark.DataKind]{Word: iotmark.WordNone} }, nil},
		{"no address", func(d *iotmark.Declaration) { d.Maker.Address = "" }, []string{"identifiable-maker"}},
		{"nothing", func(d *iotmark.Declaration) { *d = iotmark.Declaration{} }, []string{"physical-product", "product-with-data", "identifiable-maker"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := *d.Declaration
			tt.change(&c)
			if d := cmp.Diff(tt.want, scheme.Unadmitted(&c)); d != "" {
				t.Errorf("got (-want +got):\n%s", d)
			}
		})
	}
	p, err := cat.Procedure()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range scheme.Unadmitted(&iotmark.Declaration{}) {
		if !slices.ContainsFunc(p.Admission.Terms, func(x catalogue.AdmissionTerm) bool { return string(x.ID) == id && x.CheckedBy == "program" }) {
			t.Errorf("%s is no term of the procedure that a program looks at", id)
		}
	}
}

// A dossier of another product, of no product, or none at all is not accepted.
func TestAcceptRefused(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		ctx, s := t.Context(), h.Scheme
		c := h.OK(s.Apply(ctx, schemetest.Applicant, scheme.On{}, iotmark.Application, schemetest.Body, "", h.Application()))
		accept := func() string {
			_, err := s.Accept(ctx, schemetest.Registrar, scheme.On{Case: c.ID})
			return storetest.ErrorID(err)
		}
		decl := string(h.Dossier()["iotmark.yaml"])
		for _, tt := range []struct{ name, decl, want string }{
			{"nothing", "", "evidence-missing"},
			{"another model", strings.Replace(decl, "model: AC-1\n", "model: AC-2\n", 1), "dossier-other"},
			{"a thing that says nothing of data", without(t, decl, "data:"), "not-eligible"},
		} {
			if tt.decl != "" {
				h.Supply(c.ID, map[string][]byte{"iotmark.yaml": []byte(tt.decl)})
			}
			if got := accept(); got != tt.want {
				t.Errorf("%s: %q, want %s", tt.name, got, tt.want)
			}
		}
		h.Supply(c.ID)
		h.OK(s.Accept(ctx, schemetest.Registrar, scheme.On{Case: c.ID}))
	})
}

// without is a declaration without one of its blocks.
func without(t *testing.T, decl, block string) string {
	t.Helper()
	from := strings.Index(decl, "\n"+block+"\n") + 1
	lines := strings.SplitAfter(decl[from:], "\n")
	to := from + len(lines[0])
	for _, l := range lines[1:] {
		if l != "\n" && l[0] != ' ' && l[0] != '#' {
			break
		}
		to += len(l)
	}
	if from == 0 {
		t.Fatalf("there is no block %s", block)
	}
	return decl[:from] + decl[to:]
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// changed is the catalogue of an edition that the log does not have.
func changed(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	files := fstest.MapFS{}
	if err := fs.WalkDir(catalogue.Files(), ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(catalogue.Files(), p)
		files[p] = &fstest.MapFile{Data: b}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	files["2026.1/scheme.yaml"].Data = append(files["2026.1/scheme.yaml"].Data, "# changed\n"...)
	c, err := catalogue.LoadFS(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
