package scheme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/assess"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// InspectionNote is an inspection note as a case has it.
type InspectionNote struct {
	iotmark.Inspection
	Act     iotmark.Act `json:"act"`               // inspect, or second
	Carried string      `json:"carried,omitempty"` // the case from which it was carried over
}

// noted is what the trail keeps of a note: what it says stands in the case, and
// a second assessor is not to read it in the trail.
type noted struct {
	Criterion iotmark.CriterionID `json:"criterion"`
	Method    iotmark.MethodID    `json:"method"`
	Version   int                 `json:"version"`
	SHA256    iotmark.Digest      `json:"sha256"` // of the note as JSON
}

// maxNotes bounds the notes of one act: a few for each criterion.
const maxNotes = 500

// Inspect keeps inspection notes of whoever acts. Each follows a written method
// that serves its criterion, by a person who is competent in all that the
// method names; the record is complete, and the verdict follows from it. A
// later note on the same criterion stands beside the earlier ones; of each
// person the last counts. What is left empty is filled in: the person, today,
// the digest of the method, and the verdict in the record. Errors: those of
// [catalogue.Catalogue.CheckInspection], notes-missing, not-competent,
// evidence-unknown.
func (s *Scheme) Inspect(ctx context.Context, by iotmark.Actor, on On, notes ...iotmark.Inspection) (Case, error) {
	return s.inspect(ctx, by, on, "inspect", notes)
}

// Second keeps a second opinion: notes on criteria that somebody else has
// inspected, by an assessor who has not seen what that person wrote. Errors:
// those of [Scheme.Inspect], second-first.
func (s *Scheme) Second(ctx context.Context, by iotmark.Actor, on On, notes ...iotmark.Inspection) (Case, error) {
	return s.inspect(ctx, by, on, "second", notes)
}

func (s *Scheme) inspect(ctx context.Context, by iotmark.Actor, on On, a iotmark.Act, notes []iotmark.Inspection) (Case, error) {
	return s.act(ctx, by, on, a, deed{then: func(m *moment) error {
		if len(notes) == 0 || len(notes) > maxNotes {
			return invalid("notes", "notes-missing", "an inspection has 1 to %d notes", maxNotes)
		}
		before, err := notesOf(m.ctx, m.tx, m.c.ID)
		if err != nil {
			return err
		}
		pieces, err := m.pieces()
		if err != nil {
			return err
		}
		var said []noted
		for i, n := range notes {
			n = m.filledIn(n)
			if errs := m.cfg.Catalogue.CheckInspection(n); len(errs) > 0 {
				return errs[0]
			}
			if err := m.mayInspect(n, pieces); err != nil {
				return err
			}
			if a == "second" && !slices.ContainsFunc(before, func(o InspectionNote) bool { return o.Criterion == n.Criterion && o.By != n.By }) {
				return conflict("second-first", "nobody else has inspected %s yet; a first opinion is an inspection", n.Criterion)
			}
			d, err := m.note(i, InspectionNote{Inspection: n, Act: a})
			if err != nil {
				return err
			}
			said = append(said, noted{n.Criterion, n.Method, n.Version, d})
		}
		m.says = map[string]any{"notes": said}
		if !slices.Contains([]iotmark.CaseKind{iotmark.Application, iotmark.Renewal, iotmark.Amendment}, m.c.Kind) {
			return nil
		}
		_, differ, err := m.opinions()
		if err != nil {
			return err
		}
		return amend(m, func(b *differing) error { b.Differ = differ; return nil })
	}})
}

// differing is the part of the body that says on which criteria those who
// inspected differ.
type differing struct {
	Differ []iotmark.CriterionID `json:"differ"`
}

// filledIn adds to a note what follows from who acts, and when.
func (m *moment) filledIn(n iotmark.Inspection) iotmark.Inspection {
	n.By = m.by.Person
	if n.On == "" {
		n.On = m.day
	}
	if method := m.cfg.Catalogue.Method(n.Method); method != nil && n.Digest == "" {
		n.Digest = method.Digest
	}
	if _, ok := n.Record["verdict"]; !ok && n.Verdict != "" {
		n.Record = maps.Clone(n.Record)
		if n.Record == nil {
			n.Record = map[string]any{}
		}
		n.Record["verdict"] = string(n.Verdict)
	}
	return n
}

// pieces are the hashes of all that was handed in for the case, by anybody.
func (m *moment) pieces() (map[iotmark.Digest]bool, error) {
	out := map[iotmark.Digest]bool{}
	return out, m.tx.Rows(m.ctx, func(scan func(...any) error) error {
		var body []byte
		if err := scan(&body); err != nil {
			return err
		}
		var row struct{ Says handedIn }
		err := json.Unmarshal(body, &row)
		out[row.Says.Digest] = true
		return err
	}, "SELECT body FROM act WHERE matter = $1 AND act = $2", m.c.ID, string(iotmark.ActSupply))
}

// mayInspect says why a person may not keep a note: the work is of a day that
// is yet to come, it lies beyond his competence, or what he kept is not here.
func (m *moment) mayInspect(n iotmark.Inspection, pieces map[iotmark.Digest]bool) error {
	if n.On > m.day {
		return invalid("on", "inspection-date-wrong", "the work was done on %s, which is yet to come", n.On)
	}
	for _, e := range n.Evidence {
		if !pieces[e] {
			return invalid("evidence", "evidence-unknown", "the evidence %.20q of the note on %s was not handed in for this case; supply it first", e, n.Criterion)
		}
	}
	var lacks []string
	for _, area := range m.cfg.Catalogue.CompetencesFor(m.cfg.Catalogue.Method(n.Method), n.Criterion) {
		var k int
		if _, err := m.tx.Row(m.ctx, []any{&k}, "SELECT count(*) FROM competence WHERE person = $1 AND area = $2 AND until_day >= $3", m.by.Person, string(area), string(m.day)); err != nil {
			return err
		}
		if k == 0 {
			lacks = append(lacks, string(area))
		}
	}
	if len(lacks) > 0 {
		return forbidden("not-competent", "%s inspects %s, which takes competence in %s that is in force; somebody who has it does it", m.by.Person, n.Criterion, list(lacks))
	}
	return nil
}

// note writes a note down.
func (m *moment) note(place int, n InspectionNote) (iotmark.Digest, error) {
	body, err := json.Marshal(n.Inspection)
	if err != nil {
		return "", err
	}
	_, err = m.tx.Exec(m.ctx, "INSERT INTO inspection (matter, version, place, criterion, person, act, carried, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		m.c.ID, m.c.Version+1, place, string(n.Criterion), n.By, string(n.Act), n.Carried, string(body))
	sum := sha256.Sum256(body)
	return iotmark.Digest(hex.EncodeToString(sum[:])), err
}

// notesOf are the notes of a case, in the order in which they were handed in.
func notesOf(ctx context.Context, tx *store.Tx, id string) (out []InspectionNote, err error) {
	err = tx.Rows(ctx, func(scan func(...any) error) error {
		var n InspectionNote
		var body []byte
		if err := scan((*string)(&n.Act), &n.Carried, &body); err != nil {
			return err
		}
		err := json.Unmarshal(body, &n.Inspection)
		out = append(out, n)
		return err
	}, "SELECT act, carried, body FROM inspection WHERE matter = $1 ORDER BY version, place", id)
	return out, err
}

// byCriterion sorts notes by criterion, each in their order.
func byCriterion(notes []InspectionNote) map[iotmark.CriterionID][]iotmark.Inspection {
	out := map[iotmark.CriterionID][]iotmark.Inspection{}
	for _, n := range notes {
		out[n.Criterion] = append(out[n.Criterion], n.Inspection)
	}
	return out
}

// wantsSecond reports whether notes on a criterion ask for a second opinion:
// the scheme does for some criteria in every case, and a method for some
// records.
func (s *Scheme) wantsSecond(id iotmark.CriterionID, notes []iotmark.Inspection) bool {
	if p, err := s.cfg.Catalogue.Procedure(); err == nil && p.SecondOpinion.Asked(id) {
		return true
	}
	return slices.ContainsFunc(notes, func(n iotmark.Inspection) bool {
		m := s.cfg.Catalogue.Method(n.Method)
		return m != nil && len(m.NeedsSecond(n.Record)) > 0
	})
}

// opinions returns the criteria of a case that still want a second opinion,
// and those on which people differ, in the order of the catalogue.
func (m *moment) opinions() (want, differ []iotmark.CriterionID, err error) {
	notes, err := notesOf(m.ctx, m.tx, m.c.ID)
	if err != nil {
		return nil, nil, err
	}
	by := byCriterion(notes)
	for _, c := range m.cfg.Catalogue.Criteria {
		o := assess.Opine(m.cfg.Catalogue, by[c.ID])
		if len(o.Notes) == 1 && m.wantsSecond(c.ID, by[c.ID]) {
			want = append(want, c.ID)
		}
		if !o.Settled {
			differ = append(differ, c.ID)
		}
	}
	return want, differ, nil
}

// Notes returns the inspection notes of a case that somebody may see, in the
// order in which they were handed in. Who may still give a second opinion does
// not see what others wrote on that criterion before his own note is in, and
// the maker sees none before the evaluation is concluded.
func (s *Scheme) Notes(ctx context.Context, by iotmark.Actor, id string) (out []InspectionNote, err error) {
	err = s.view(ctx, func(tx *store.Tx) error {
		c, err := s.seen(ctx, tx, by, id)
		if err != nil {
			return err
		}
		all, err := notesOf(ctx, tx, id)
		if err != nil {
			return err
		}
		hides, err := s.hides(ctx, tx, by, c, all)
		out = slices.DeleteFunc(all, hides)
		return err
	})
	return out, err
}

// hides says which notes of a case are not for somebody's eyes yet.
func (s *Scheme) hides(ctx context.Context, tx *store.Tx, by iotmark.Actor, c Case, all []InspectionNote) (func(InspectionNote) bool, error) {
	b, err := in[ApplicationBody](c)
	if err != nil {
		return nil, err
	}
	if by.Organisation == c.Maker && c.Maker != "" && (b.Evaluation == nil || b.Evaluation.Leaf == "") {
		return func(InspectionNote) bool { return true }, nil
	}
	ps, err := parts(ctx, tx, c.ID)
	if err != nil {
		return nil, err
	}
	inspects := slices.ContainsFunc(ps, func(p Part) bool {
		return p.Person == by.Person && (p.Role == iotmark.RoleAssessor || p.Role == iotmark.RoleTester)
	})
	notes, own := byCriterion(all), map[iotmark.CriterionID]bool{}
	for _, n := range all {
		own[n.Criterion] = own[n.Criterion] || n.By == by.Person
	}
	return func(n InspectionNote) bool {
		return inspects && !own[n.Criterion] && s.wantsSecond(n.Criterion, notes[n.Criterion])
	}, nil
}
