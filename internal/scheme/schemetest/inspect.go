package schemetest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/scheme"
)

// areas are the competences of the edition.
var areas = sync.OnceValue(func() (out []iotmark.CompetenceID) {
	if err := builtIn().LoadMethods(); err != nil {
		panic(err)
	}
	for _, c := range builtIn().Competences {
		out = append(out, c.ID)
	}
	return out
})

// records are filled forms by method and verdict; each is looked for once.
var records = struct {
	sync.Mutex
	of map[string]map[string]any
}{of: map[string]map[string]any{}}

// Record is a form of a method that is filled in so that a verdict follows
// from it. It is looked for by chance, always the same.
func (h *House) Record(m *catalogue.Method, want iotmark.InspectionVerdict) map[string]any {
	h.T.Helper()
	records.Lock()
	defer records.Unlock()
	key := string(m.ID) + string(want)
	if r := records.of[key]; r != nil {
		return r
	}
	chance := rand.New(rand.NewPCG(1, 2))
	var best map[string]any
	for try := range 100_000 {
		r := maps.Clone(best)
		if try%2000 == 0 { // begin anew
			r, best = map[string]any{}, nil
		}
		for _, f := range m.Fields {
			if best == nil || chance.IntN(len(m.Fields)) < 2 {
				r[f.ID] = value(f, chance)
			}
		}
		if got, _ := m.Conclude(r); got == want {
			r["verdict"] = string(want)
			if len(m.Check(r)) == 0 {
				records.of[key] = r
				return r
			}
			delete(r, "verdict")
		}
		if best == nil || want == iotmark.InspectionPass && near(m, r) >= near(m, best) || want != iotmark.InspectionPass {
			best = r
		}
	}
	h.T.Fatalf("no record of %s gives %s", m.ID, want)
	return nil
}

// near says how many rules of a method speak for a pass of a record, less
// those that speak against it.
func near(m *catalogue.Method, r map[string]any) (n int) {
	holds := func(rule catalogue.MethodRule) int {
		one := *m
		one.Verdict = catalogue.VerdictRules{Pass: []catalogue.MethodRule{rule}}
		if got, _ := one.Conclude(r); got == iotmark.InspectionPass {
			return 1
		}
		return 0
	}
	for _, rule := range m.Verdict.Pass {
		n += holds(rule)
	}
	for _, rule := range slices.Concat(m.Verdict.Fail, m.Verdict.Inconclusive) {
		n -= holds(rule)
	}
	return n
}

// value is one that a field may have.
func value(f catalogue.RecordField, chance *rand.Rand) any {
	switch f.Type {
	case catalogue.BooleanField:
		return chance.IntN(2) == 0
	case catalogue.ChoiceField:
		return f.Options[chance.IntN(len(f.Options))].Value
	case catalogue.NumberField:
		near := []float64{0, 1, 2, 3, 5, 10}
		for _, g := range f.Gives {
			for _, p := range []*float64{g.AtLeast, g.AtMost} {
				if p != nil {
					near = append(near, *p)
				}
			}
		}
		least, most := 0.0, 1000.0
		if f.Least != nil {
			least = *f.Least
			near = append(near, least)
		}
		if f.Most != nil {
			most = *f.Most
			near = append(near, most)
		}
		slices.Sort(near) // the order of a map is no chance of ours
		return max(least, min(most, near[chance.IntN(len(near))]))
	case catalogue.DigestField:
		return strings.Repeat(string("abc"[chance.IntN(3)]), 64)
	case catalogue.DateField:
		return "2026-11-30"
	}
	return f.ID + " as it should be"
}

// Note is an inspection note on a criterion by its first method.
func (h *House) Note(id iotmark.CriterionID, verdict iotmark.InspectionVerdict) iotmark.Inspection {
	h.T.Helper()
	ms := builtIn().MethodsFor(id)
	if len(ms) == 0 {
		h.T.Fatalf("%s has no method", id)
	}
	return iotmark.Inspection{Criterion: id, Method: ms[0].ID, Version: ms[0].Version, Verdict: verdict, Record: h.Record(ms[0], verdict)}
}

// Inspect inspects all that the program left open in a case, and has it pass:
// with a second opinion where the scheme asks for one.
func (h *House) Inspect(id string) {
	h.T.Helper()
	ctx, s, on := h.T.Context(), h.Scheme, scheme.On{Case: id}
	c, err := s.Standing(ctx, h.Assessor(0), id)
	h.ok(err)
	var notes []iotmark.Inspection
	for _, m := range c.Evaluation.Unmet {
		notes = append(notes, h.Note(m, iotmark.InspectionPass))
	}
	if len(notes) == 0 {
		return
	}
	h.OK(s.Inspect(ctx, h.Assessor(0), on, notes...))
	c, err = s.Standing(ctx, h.Assessor(0), id)
	h.ok(err)
	if len(c.Second) == 0 {
		return
	}
	notes = nil
	for _, m := range c.Second {
		notes = append(notes, h.Note(m, iotmark.InspectionPass))
	}
	h.OK(s.Assign(ctx, Registrar, on, scheme.Part{Person: h.Assessor(1).Person, Organisation: h.Assessor(1).Organisation, Role: iotmark.RoleAssessor}))
	h.OK(s.Second(ctx, h.Assessor(1), on, notes...))
}
