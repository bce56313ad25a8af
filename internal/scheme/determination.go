package scheme

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/assess"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/vault"
	"github.com/open-iot-mark/iotmark/verify"
)

// Determination says which determination a case has: what the program found
// out about the evidence that was sealed. All of it is in the vault.
type Determination struct {
	Assessment  iotmark.Digest          `json:"assessment"`  // an [iotmark.Assessment] as JSON, a piece of the case
	Declaration iotmark.Digest          `json:"declaration"` // a piece of the case
	Evidence    iotmark.Digest          `json:"evidence"`    // root of what was looked at, as in the entry evidence.sealed
	Edition     iotmark.Edition         `json:"edition"`
	Bindings    iotmark.Digest          `json:"bindings"` // of the table that binds checks to criteria
	Checks      map[iotmark.CheckID]int `json:"checks"`   // the version of each
	AsOf        iotmark.Date            `json:"as_of"`
	Carried     []iotmark.CriterionID   `json:"carried,omitempty"` // on which notes of an earlier evaluation were carried over
}

// handedIn is one piece of evidence of the maker, as the trail has it.
type handedIn struct {
	Name   string             `json:"name"`
	Digest iotmark.Digest     `json:"digest"`
	Size   int64              `json:"size"`
	Class  iotmark.Visibility `json:"class"`
}

// dossierOf lists what the maker handed in for a case, by name; of several
// pieces of one name the last.
func dossierOf(ctx context.Context, tx *store.Tx, id string) ([]handedIn, error) {
	last := map[string]handedIn{}
	err := tx.Rows(ctx, func(scan func(...any) error) error {
		var body []byte
		if err := scan(&body); err != nil {
			return err
		}
		var row struct{ Says handedIn }
		err := json.Unmarshal(body, &row)
		last[row.Says.Name] = row.Says
		return err
	}, "SELECT body FROM act WHERE matter = $1 AND act = $2 AND role = $3 ORDER BY version", id, string(iotmark.ActSupply), string(iotmark.RoleApplicant))
	out := make([]handedIn, 0, len(last))
	for _, h := range last {
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b handedIn) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// sealedBody is what evidence.sealed says of a dossier.
func sealedBody(files []handedIn) verify.SealedBody {
	root := verify.NewTree(len(files), func(i int) []byte {
		return fmt.Appendf(nil, "%s %d %s", files[i].Digest, files[i].Size, files[i].Name)
	}).Root()
	return verify.SealedBody{Items: len(files), Root: iotmark.Digest(hex.EncodeToString(root[:]))}
}

// Sealable returns what [Scheme.Seal] would fix: the tree over what the maker
// handed in, by name. The maker compares it with the tree over its own files.
func (s *Scheme) Sealable(ctx context.Context, by iotmark.Actor, id string) (out verify.SealedBody, err error) {
	err = s.view(ctx, func(tx *store.Tx) error {
		if _, err := s.seen(ctx, tx, by, id); err != nil {
			return err
		}
		files, err := dossierOf(ctx, tx, id)
		out = sealedBody(files)
		return err
	})
	return out, err
}

// Seal fixes the evidence by the root of its tree; the maker signs. sealed is
// what the maker means to seal, or empty for whatever was handed in. What
// follows, once it is signed, is the determination. Errors: evidence-missing,
// evidence-differs, and those of the declaration in the dossier.
func (s *Scheme) Seal(ctx context.Context, by iotmark.Actor, on On, sealed verify.SealedBody) (Case, error) {
	a := iotmark.Act("seal")
	if c, err := s.Case(ctx, by, on.Case); err != nil {
		return c, err
	} else if c.State == "evaluating" {
		a = "reseal"
	}
	if err := s.mayDo(ctx, by, on, a); err != nil {
		return Case{}, err
	}
	look, err := s.look(ctx, on.Case)
	if err != nil {
		return Case{}, err
	}
	return s.act(ctx, by, on, a, deed{then: func(m *moment) error {
		is, err := m.unmoved(look)
		if err != nil {
			return err
		}
		if sealed != (verify.SealedBody{}) && sealed != is {
			return conflict("evidence-differs", "%d files were handed in, with the root %s; what is to be sealed is %d files with the root %s. Hand in what is missing, by the names of the declaration", is.Items, is.Root.Short(), sealed.Items, sealed.Root.Short())
		}
		if err := amend(m, func(b *ApplicationBody) error { b.Sealed = &is; return nil }); err != nil {
			return err
		}
		return m.draft(m.c.Subject, is)
	}})
}

// looked is a dossier of a case that was looked at before an act rests on it:
// while a transaction is under way, the vault is not read.
type looked struct {
	files   []handedIn
	dossier *dossier.Dossier

	mu     sync.Mutex
	failed error // of the vault; guarded by mu
}

// look opens the dossier of a case: pieces of the vault, by the names under
// which they were handed in. No piece but the declaration is read yet.
func (s *Scheme) look(ctx context.Context, id string) (*looked, error) {
	if s.cfg.Vault == nil {
		return nil, refuse(iotmark.Unavailable, "vault-unreachable", "no evidence is kept here")
	}
	l := &looked{}
	err := s.view(ctx, func(tx *store.Tx) (err error) {
		l.files, err = dossierOf(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(l.files) == 0 {
		return nil, conflict("evidence-missing", "nothing was handed in; hand in the declaration %s, and the evidence that it names", dossier.FileName)
	}
	var pieces []dossier.Piece
	for _, f := range l.files {
		p := dossier.Piece{Name: f.Name, Digest: f.Digest, Size: f.Size}
		if f.Class != iotmark.Secret {
			p.Open = func() (dossier.Content, error) {
				r, err := s.cfg.Vault.Open(ctx, vault.Reader{Person: iotmark.Program().Person, Case: id, Why: "determination"}, f.Digest)
				if err != nil {
					return nil, l.fault(err)
				}
				return content{watched{r.Source().ReaderAt, l}, r}, nil
			}
		}
		pieces = append(pieces, p)
	}
	l.dossier, err = dossier.OpenPieces("case "+id, pieces, s.cfg.Catalogue, dossier.Options{AsOf: s.today()})
	if l.failed != nil {
		return nil, l.failed
	}
	return l, err
}

// content is an open piece.
type content struct {
	io.ReaderAt
	io.Closer
}

// watched remembers what the vault could not give: that is no property of the
// evidence, and no conclusion may rest on it.
type watched struct {
	io.ReaderAt
	l *looked
}

func (w watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.ReaderAt.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		err = w.l.fault(err)
	}
	return n, err
}

// fault keeps the first error of the vault itself, and hands each on.
func (l *looked) fault(err error) error {
	switch iotmark.KindOf(err) {
	case iotmark.Conflict, iotmark.Forbidden: // erased, expired or secret: that is how it is
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = err
	}
	return err
}

// unmoved makes sure, within an act, that the dossier is still the one that
// was looked at.
func (m *moment) unmoved(l *looked) (verify.SealedBody, error) {
	files, err := dossierOf(m.ctx, m.tx, m.c.ID)
	if err != nil {
		return verify.SealedBody{}, err
	}
	is := sealedBody(files)
	if is != sealedBody(l.files) {
		return is, moved(m.c.ID)
	}
	return is, nil
}

// determine is the job.
func (s *Scheme) determine(ctx context.Context, j job.Job) error {
	var id string
	if err := json.Unmarshal(j.Args, &id); err != nil {
		return err
	}
	_, err := s.Determine(ctx, On{Case: id})
	switch registry.ErrorID(err) {
	case "act-not-allowed", "evidence-unsealed", "case-moved": // it has moved on; sealed again, it is determined again
		return nil
	case "evidence-missing", "declaration-missing": // of surveillance: the maker answered without a dossier
		return nil
	}
	return err
}

// Determine determines what the evidence of a case shows: by the program, with
// the same runner as iotmark check, binary artefacts in a confined child. What
// a reader could not look at is one finding that says so. What the vault could
// not give, or that no child could be started, is an error: then nothing is
// kept, and the job is tried again. Errors: evidence-unsealed, edition-other,
// and those of the vault and of the dossier.
func (s *Scheme) Determine(ctx context.Context, on On) (c Case, err error) {
	program := iotmark.Program()
	if err := s.mayDo(ctx, program, on, "determine"); err != nil {
		return c, err
	}
	l, err := s.look(ctx, on.Case)
	if err != nil {
		return c, err
	}
	in := determine.Input{Catalogue: s.cfg.Catalogue, Dossier: l.dossier, AsOf: s.today(), Limits: evidence.DefaultLimits(), Confined: s.cfg.Confined}
	a, err := s.cfg.Determine(ctx, in)
	if err != nil {
		return c, err
	}
	if err := errors.Join(l.failed, unstarted(a)); err != nil {
		return c, err
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return c, err
	}
	d := Determination{Declaration: a.Declared, Evidence: sealedBody(l.files).Root, Edition: a.Edition, Bindings: a.Bindings, AsOf: a.AsOf, Checks: map[iotmark.CheckID]int{}}
	for _, f := range a.Findings {
		d.Checks[f.Check] = f.Version
	}
	carry, err := s.carries(ctx, on.Case, assess.Looked{Declaration: l.dossier.Declaration, Assessment: a})
	if err != nil {
		return c, err
	}
	_, err = s.cfg.Vault.Put(ctx, vault.Put{By: program.Person, Case: on.Case, Class: iotmark.Restricted, Name: "assessment.json", Type: "application/json",
		Then: func(tx *store.Tx, p vault.Piece) error {
			d.Assessment = p.Digest
			c, err = s.within(ctx, tx, program, on, "", "determine", deed{then: func(m *moment) error { return m.determined(l, &d, carry) }})
			return err
		}}, bytes.NewReader(raw))
	return c, err
}

// unstarted returns an error when artefacts were not read because no confined
// process would begin: that is for this machine to mend, not for the maker.
func unstarted(a iotmark.Assessment) error {
	for _, h := range a.Evidence {
		if h.Reason == "not-confined" || h.Reason == "reader-refused" {
			return refuse(iotmark.Unavailable, h.Reason, "%s was not read: %s", h.Evidence, h.Detail)
		}
	}
	return nil
}

// determined keeps a determination in its case, where it is still of what is
// sealed.
func (m *moment) determined(l *looked, d *Determination, carry []InspectionNote) error {
	if _, err := m.unmoved(l); err != nil {
		return err
	}
	var err error
	if d.Carried, err = m.carryOver(carry); err != nil {
		return err
	}
	m.says = d
	if m.c.Kind == iotmark.Surveillance {
		return amend(m, func(b *SurveillanceBody) error { b.Determined = d; return nil })
	}
	return amend(m, func(b *ApplicationBody) error {
		if b.Sealed == nil || b.Sealed.Root != d.Evidence {
			return conflict("evidence-unsealed", "evidence was handed in since it was sealed; the maker seals it again")
		}
		if b.Edition != d.Edition {
			return conflict("edition-other", "the application is for the edition %s, and this program determines by %s", b.Edition, d.Edition)
		}
		b.Determined = d
		return nil
	})
}

// Determined returns what the program found out, to whoever may see the case.
// The reading is on record. Errors: determination-missing, and those of the
// vault.
func (s *Scheme) Determined(ctx context.Context, by iotmark.Actor, id string) (iotmark.Assessment, error) {
	c, err := s.Case(ctx, by, id)
	if err != nil {
		return iotmark.Assessment{}, err
	}
	b, err := in[struct{ Determined *Determination }](c)
	if err != nil {
		return iotmark.Assessment{}, err
	}
	return s.assessment(ctx, by.Person, id, b.Determined)
}

// assessment reads a determination from the vault.
func (s *Scheme) assessment(ctx context.Context, person, id string, d *Determination) (a iotmark.Assessment, err error) {
	if d == nil {
		return a, conflict("determination-missing", "the evidence was not determined yet; that follows by itself once it is sealed")
	}
	raw, err := s.piece(ctx, vault.Reader{Person: person, Case: id, Why: "evaluation"}, d.Assessment)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(raw, &a)
}

// piece reads a piece that this program wrote.
func (s *Scheme) piece(ctx context.Context, by vault.Reader, d iotmark.Digest) ([]byte, error) {
	if s.cfg.Vault == nil {
		return nil, refuse(iotmark.Unavailable, "vault-unreachable", "no evidence is kept here")
	}
	r, err := s.cfg.Vault.Open(ctx, by, d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func init() {
	determination := func(m *moment, _ string) error {
		return m.enqueue(JobDetermine, "determine "+m.c.ID, time.Time{}, m.c.ID)
	}
	for _, k := range []iotmark.CaseKind{iotmark.Application, iotmark.Renewal, iotmark.Amendment} {
		carried[deeds{k, "seal"}], carried[deeds{k, "reseal"}] = determination, determination
	}
}
