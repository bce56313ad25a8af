package scheme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// DryRun is what a change of the criteria would do to the marks that are in
// force: each dossier determined again, by the program, under the candidate.
type DryRun struct {
	Edition iotmark.Edition `json:"edition"`
	AsOf    iotmark.Date    `json:"as_of"`
	Marks   []DryRunMark    `json:"marks"`   // those that something happens to, by subject
	Same    int             `json:"same"`    // to how many nothing does
	Unknown int             `json:"unknown"` // of how many the program has no dossier
}

// DryRunMark is what it would do to one mark.
type DryRunMark struct {
	Subject string                `json:"subject"`
	Code    string                `json:"code"`
	Maker   string                `json:"maker"`
	Loses   []iotmark.CriterionID `json:"loses,omitempty"` // musts that would not be met
	Asks    []iotmark.CriterionID `json:"asks,omitempty"`  // musts that somebody would have to look at, or the maker to answer, who has not had to before
}

// Document names a dry run as a proposal does.
func (d DryRun) Document() (verify.Document, []byte, error) {
	raw, err := json.Marshal(d)
	sum := sha256.Sum256(raw)
	return verify.Document{SHA256: iotmark.Digest(hex.EncodeToString(sum[:])), Size: int64(len(raw))}, raw, err
}

// DryRun says who would lose a mark under a candidate of the criteria (legal
// musts C-03). It changes nothing. What people have concluded stands where the
// criterion is in both; what is new to a person, it only asks.
func (s *Scheme) DryRun(ctx context.Context, by iotmark.Actor, candidate *catalogue.Catalogue, progress func(done, of int)) (DryRun, error) {
	out := DryRun{Edition: candidate.Edition, AsOf: s.today(), Marks: []DryRunMark{}}
	type held struct {
		DryRunMark
		id   string
		last *Determination
	}
	var marks []held
	err := s.view(ctx, func(tx *store.Tx) error {
		marks = nil
		p, err := loadPerson(ctx, tx, by.Person)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc([]iotmark.Role{iotmark.RoleSteward, iotmark.RoleCommittee, iotmark.RoleObserver}, func(r iotmark.Role) bool { return p.has(r, by.Organisation, s.today()) }) {
			return forbidden("role-missing", "stewards, the committee and observers see who would lose a mark; %s is none of them", orNobody(by.Person))
		}
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var h held
			var body []byte
			if err := scan(&h.Subject, &h.Code, &h.Maker, &h.id, &body); err != nil {
				return err
			}
			var b struct{ Determined *Determination }
			err := json.Unmarshal(body, &b)
			h.last = b.Determined
			marks = append(marks, h)
			return err
		}, `SELECT k.subject, k.code, k.maker, COALESCE(c.id, ''), COALESCE(c.body, '{}') FROM mark k LEFT JOIN matter c ON c.id = (SELECT max(x.id) FROM matter x
			WHERE x.subject = k.subject AND x.kind IN ('application', 'renewal', 'amendment') AND x.state IN ('granted', 'attested'))
			WHERE k.state IN ('valid', 'suspended') ORDER BY k.subject`)
	})
	if err != nil {
		return out, err
	}
	cfg := s.cfg
	cfg.Catalogue = candidate
	under := New(cfg)
	for i, h := range marks {
		if progress != nil {
			progress(i, len(marks))
		}
		if h.last == nil {
			out.Unknown++
			continue
		}
		before, err := s.assessment(ctx, iotmark.Program().Person, h.id, h.last)
		if err != nil {
			return out, err
		}
		l, err := under.look(ctx, h.id)
		if err != nil {
			return out, err
		}
		after, err := under.cfg.Determine(ctx, determine.Input{Catalogue: candidate, Dossier: l.dossier, AsOf: s.today(), Limits: evidence.DefaultLimits(), Confined: cfg.Confined})
		if err != nil {
			return out, err
		}
		h.Loses, h.Asks = wouldBe(before, after)
		if len(h.Loses)+len(h.Asks) == 0 {
			out.Same++
			continue
		}
		out.Marks = append(out.Marks, h.DryRunMark)
	}
	return out, nil
}

// wouldBe compares what was with what would be.
func wouldBe(before, after iotmark.Assessment) (loses, asks []iotmark.CriterionID) {
	was := map[iotmark.CriterionID]iotmark.Conclusion{}
	for _, c := range before.Conclusions {
		was[c.Criterion] = c
	}
	for _, c := range after.Conclusions {
		old, known := was[c.Criterion]
		known = known && old.Level == iotmark.Must
		switch {
		case c.Level != iotmark.Must || c.Verdict == iotmark.NotApplicable || known && old.Verdict == c.Verdict && old.Needs >= c.Needs:
		case c.Verdict == iotmark.DoesNotConform:
			loses = append(loses, c.Criterion)
		case !c.Counts:
			asks = append(asks, c.Criterion)
		}
	}
	return loses, asks
}
