package scheme

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/assess"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/vault"
	"github.com/open-iot-mark/iotmark/verify"
)

// Evaluation is what was concluded: computed from the determination, the
// maker's claims and the inspection notes.
type Evaluation struct {
	Leaf        iotmark.Digest                       `json:"leaf,omitempty"` // of the entry, once it is signed
	Conclusions iotmark.Digest                       `json:"conclusions"`    // SHA-256 of [assess.Lines]
	Statement   verify.Document                      `json:"statement"`      // a [Statement] as JSON, a piece of the case
	Catalogue   iotmark.Digest                       `json:"catalogue"`      // of the edition, as the log has it
	Topics      map[iotmark.Topic]verify.TopicCounts `json:"topics"`
	Unmet       []iotmark.CriterionID                `json:"unmet,omitempty"` // musts that do not count
	Draft       string                               `json:"draft,omitempty"`
}

// Statement is the document that an evaluation rests on.
type Statement struct {
	Case          string                `json:"case"`
	Subject       string                `json:"subject"`
	By            string                `json:"by"` // the assessor who concluded
	Organisation  string                `json:"organisation"`
	Interests     string                `json:"interests"`
	On            iotmark.Date          `json:"on"`
	Determination Determination         `json:"determination"`
	Notes         []InspectionNote      `json:"notes"`
	Unmet         []iotmark.CriterionID `json:"unmet"`
	Assessment    iotmark.Assessment    `json:"assessment"` // findings, claims and notes together
}

// Concluded is what would be concluded of a case as it stands.
type Concluded struct {
	Evaluation Evaluation
	Assessment iotmark.Assessment    // findings, claims and notes together
	Second     []iotmark.CriterionID // that still want a second opinion
	Differ     []iotmark.CriterionID // on which those who inspected differ
}

// weighed is what an evaluation was computed from.
type weighed struct {
	Concluded
	look  *looked
	notes []InspectionNote
	body  ApplicationBody
	kase  Case
}

// Standing returns what would be concluded of a case as it stands, to whoever
// may see all its notes (notes-hidden). Errors: those of [Scheme.Conclude].
func (s *Scheme) Standing(ctx context.Context, by iotmark.Actor, id string) (Concluded, error) {
	c, err := s.Case(ctx, by, id)
	if err != nil {
		return Concluded{}, err
	}
	w, err := s.weigh(ctx, by, c.ID)
	if err != nil {
		return Concluded{}, err
	}
	err = s.view(ctx, func(tx *store.Tx) error {
		hides, err := s.hides(ctx, tx, by, w.kase, w.notes)
		if err == nil && slices.ContainsFunc(w.notes, hides) {
			err = forbidden("notes-hidden", "%s may not see all notes yet: whoever gives a second opinion hands his own in first", by.Person)
		}
		return err
	})
	return w.Concluded, err
}

// weigh computes what is concluded of a case. It reads the vault, so that it
// is done before the act.
func (s *Scheme) weigh(ctx context.Context, by iotmark.Actor, id string) (w weighed, err error) {
	cat := s.cfg.Catalogue
	if w.look, err = s.look(ctx, id); err != nil {
		return w, err
	}
	err = s.view(ctx, func(tx *store.Tx) error {
		if w.kase, err = loadCase(ctx, tx, id); err != nil {
			return err
		}
		if w.body, err = in[ApplicationBody](w.kase); err != nil {
			return err
		}
		if w.notes, err = notesOf(ctx, tx, id); err != nil {
			return err
		}
		m := &moment{Scheme: s, ctx: ctx, tx: tx, c: &w.kase}
		if w.Second, w.Differ, err = m.opinions(); err != nil {
			return err
		}
		w.Evaluation.Catalogue, err = m.edition(w.body.Edition)
		return err
	})
	if err != nil {
		return w, err
	}
	d := w.body.Determined
	switch root := sealedBody(w.look.files).Root; {
	case w.body.Sealed == nil:
		return w, conflict("evidence-missing", "no evidence is sealed")
	case w.body.Sealed.Root != root:
		return w, conflict("evidence-unsealed", "evidence was handed in since it was sealed; the maker seals it again")
	case d == nil || d.Evidence != root:
		return w, conflict("determination-missing", "the evidence was not determined yet; that follows by itself once it is sealed")
	}
	a, err := s.assessment(ctx, by.Person, id, d)
	if err != nil {
		return w, err
	}
	in := assess.Input{Catalogue: cat, Declaration: w.look.dossier.Declaration, Digest: a.Declared, AsOf: a.AsOf, Holdings: a.Evidence, Findings: a.Findings,
		Warnings: a.Warnings, Unsure: a.Unsure}
	for _, n := range w.notes {
		in.Inspections = append(in.Inspections, n.Inspection)
	}
	w.Assessment = assess.Assess(in)
	sum := sha256.Sum256(assess.Lines(w.Assessment.Conclusions))
	w.Evaluation.Conclusions = iotmark.Digest(hex.EncodeToString(sum[:]))
	w.Evaluation.Topics = topics(w.Assessment.Conclusions)
	for _, t := range w.Assessment.Tracks {
		if t.ID == iotmark.CertifiedMark {
			w.Evaluation.Unmet = t.Missing
		}
	}
	return w, nil
}

// edition is the hash of the catalogue of an edition as the log has it, which
// must be that of the catalogue by which this program concludes.
func (m *moment) edition(id iotmark.Edition) (iotmark.Digest, error) {
	var body []byte
	ok, err := m.tx.Row(m.ctx, []any{&body}, "SELECT body FROM edition WHERE edition = $1", string(id))
	if err != nil {
		return "", err
	}
	var e verify.EditionBody
	if ok {
		if err := json.Unmarshal(body, &e); err != nil {
			return "", err
		}
	}
	own, err := m.cfg.Catalogue.EditionDigest()
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", conflict("edition-unknown", "the log has no edition %s", id)
	case e.Catalogue != own:
		return "", conflict("catalogue-other", "the log has the edition %s with the catalogue %s, and this program has %s; use the one that was adopted", id, e.Catalogue.Short(), own.Short())
	}
	return own, nil
}

// topics counts how the criteria of each topic that conform are known.
func topics(cons []iotmark.Conclusion) map[iotmark.Topic]verify.TopicCounts {
	out := map[iotmark.Topic]verify.TopicCounts{}
	for _, t := range iotmark.Topics() {
		out[t] = verify.TopicCounts{}
	}
	for _, c := range cons {
		if c.Verdict == iotmark.NotApplicable {
			continue
		}
		n := out[c.Criterion.Topic()]
		n.Criteria++
		if c.Verdict == iotmark.Conforms {
			switch c.Assurance {
			case iotmark.Checked:
				n.Checked++
			case iotmark.Assessed:
				n.Assessed++
			case iotmark.Tested:
				n.Tested++
			}
		}
		out[c.Criterion.Topic()] = n
	}
	return out
}

// Conclude ends the evaluation; the assessor signs. What is concluded follows
// from the determination of what is sealed, the claims and the inspection
// notes. interests is what ties him to the maker, "none" or what it is.
// Errors: interests-missing, evidence-missing, evidence-unsealed,
// determination-missing, second-missing, notes-differ, edition-unknown,
// catalogue-other, and those of the vault.
func (s *Scheme) Conclude(ctx context.Context, by iotmark.Actor, on On, interests string) (c Case, err error) {
	if err := s.mayDo(ctx, by, on, "conclude"); err != nil {
		return c, err
	}
	if interests == "" {
		return c, invalid("interests", "interests-missing", "an assessor says what ties him to the maker, or none")
	}
	w, err := s.weigh(ctx, by, on.Case)
	switch {
	case err != nil:
		return c, err
	case len(w.Second) > 0:
		return c, conflict("second-missing", "a second opinion is still to come on %s, by an assessor who has not seen the first", ids(w.Second))
	case len(w.Differ) > 0:
		return c, conflict("notes-differ", "those who inspected differ on %s; they agree in later notes, or a third person inspects", ids(w.Differ))
	}
	raw, err := json.Marshal(Statement{Case: w.kase.ID, Subject: w.kase.Subject, By: by.Person, Organisation: by.Organisation, Interests: interests, On: s.today(),
		Determination: *w.body.Determined, Notes: w.notes, Unmet: w.Evaluation.Unmet, Assessment: w.Assessment})
	if err != nil {
		return c, err
	}
	_, err = s.cfg.Vault.Put(ctx, vault.Put{By: by.Person, Case: on.Case, Class: iotmark.Restricted, Name: "statement.json", Type: "application/json",
		Then: func(tx *store.Tx, p vault.Piece) error {
			w.Evaluation.Statement = verify.Document{SHA256: p.Digest, Size: p.Size}
			c, err = s.within(ctx, tx, by, on, "", "conclude", deed{then: func(m *moment) error { return m.conclude(w, interests) }})
			return err
		}}, bytes.NewReader(raw))
	return c, err
}

// conclude drafts an evaluation, where nothing moved since it was computed.
func (m *moment) conclude(w weighed, interests string) error {
	if m.c.Version != w.kase.Version {
		return moved(m.c.ID)
	}
	if _, err := m.unmoved(w.look); err != nil {
		return err
	}
	e, b := w.Evaluation, w.body
	if err := m.draft(m.c.Subject, verify.EvaluationBody{Catalogue: e.Catalogue, Conclusions: e.Conclusions, Edition: b.Edition, Evidence: b.Sealed.Root,
		Interests: interests, Scope: b.Category, Statement: e.Statement}); err != nil {
		return err
	}
	e.Draft = m.c.Draft
	b.Evaluation, b.Recommends = &e, ""
	return m.c.set(b)
}

// Statement returns the document that the last evaluation of a case rests on,
// to whoever may see all its notes. Errors: evaluation-missing, notes-hidden,
// and those of the vault.
func (s *Scheme) Statement(ctx context.Context, by iotmark.Actor, id string) (out Statement, err error) {
	var b ApplicationBody
	err = s.view(ctx, func(tx *store.Tx) error {
		c, err := s.seen(ctx, tx, by, id)
		if err != nil {
			return err
		}
		notes, err := notesOf(ctx, tx, id)
		if err != nil {
			return err
		}
		hides, err := s.hides(ctx, tx, by, c, notes)
		if err == nil && slices.ContainsFunc(notes, hides) {
			err = forbidden("notes-hidden", "%s may not see all notes yet", by.Person)
		}
		return errors.Join(err, json.Unmarshal(c.Body, &b))
	})
	if err == nil && b.Evaluation == nil {
		err = conflict("evaluation-missing", "nothing was concluded in the case %s yet", id)
	}
	if err != nil {
		return out, err
	}
	raw, err := s.piece(ctx, vault.Reader{Person: by.Person, Case: id, Why: "evaluation"}, b.Evaluation.Statement.SHA256)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(raw, &out)
}

// Changes returns on which criteria what a case concludes differs from what an
// earlier one concluded: for renewals. The later is what was concluded, or
// would be as it stands. Errors: those of [Scheme.Statement] and
// [Scheme.Standing].
func (s *Scheme) Changes(ctx context.Context, by iotmark.Actor, earlier, later string) ([]assess.Change, error) {
	was, err := s.Statement(ctx, by, earlier)
	if err != nil {
		return nil, err
	}
	is, err := s.Standing(ctx, by, later)
	if err != nil {
		return nil, err
	}
	return assess.Diff(was.Assessment, is.Assessment), nil
}

// carries returns the notes of the last evaluation of the same product that
// still say something about what was determined now.
func (s *Scheme) carries(ctx context.Context, id string, is assess.Looked) ([]InspectionNote, error) {
	var earlier string
	var b ApplicationBody
	var notes []InspectionNote
	err := s.view(ctx, func(tx *store.Tx) error {
		c, err := loadCase(ctx, tx, id)
		if err != nil || !slices.Contains([]iotmark.CaseKind{iotmark.Application, iotmark.Renewal, iotmark.Amendment}, c.Kind) {
			return err
		}
		var body []byte
		ok, err := tx.Row(ctx, []any{&earlier, &body}, `SELECT id, body FROM matter WHERE maker = $1 AND product = $2 AND certifier = $3 AND kind IN ('application', 'renewal', 'amendment')
			AND state IN ('granted', 'attested', 'refused') AND id <> $4 ORDER BY moved DESC, id DESC LIMIT 1`, c.Maker, c.Product, c.Certifier, id)
		if err != nil || !ok {
			return err
		}
		if err := json.Unmarshal(body, &b); err != nil {
			return err
		}
		notes, err = notesOf(ctx, tx, earlier)
		return err
	})
	if err != nil || b.Determined == nil || b.Evaluation == nil {
		return nil, err
	}
	was := assess.Looked{}
	if was.Assessment, err = s.assessment(ctx, "program", earlier, b.Determined); err != nil {
		return nil, err
	}
	raw, err := s.piece(ctx, vault.Reader{Person: "program", Case: earlier, Why: "carry over"}, b.Determined.Declaration)
	if err != nil {
		return nil, err
	}
	d, err := dossier.Read(dossier.FileName, raw, s.cfg.Catalogue)
	if err != nil {
		return nil, nil // of an edition whose words are no longer known: nothing is carried over
	}
	was.Declaration = d.Declaration
	var out []InspectionNote
	for _, n := range notes {
		if assess.Carries(s.cfg.Catalogue, was, is, n.Inspection) {
			n.Carried = earlier
			out = append(out, n)
		}
	}
	return out, nil
}

// carryOver writes the notes down that an earlier evaluation has, but those
// that the same person has made anew, and returns their criteria. What an
// earlier determination in this case carried over goes: the evidence may be
// another now.
func (m *moment) carryOver(carry []InspectionNote) ([]iotmark.CriterionID, error) {
	if _, err := m.tx.Exec(m.ctx, "DELETE FROM inspection WHERE matter = $1 AND carried <> ''", m.c.ID); err != nil {
		return nil, err
	}
	have, err := notesOf(m.ctx, m.tx, m.c.ID)
	if err != nil {
		return nil, err
	}
	var out []iotmark.CriterionID
	for i, n := range carry {
		if slices.ContainsFunc(have, func(o InspectionNote) bool { return o.Criterion == n.Criterion && o.By == n.By }) {
			continue
		}
		if _, err := m.note(i, n); err != nil {
			return nil, err
		}
		out = append(out, n.Criterion)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
