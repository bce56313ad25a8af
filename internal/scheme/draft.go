package scheme

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// Draft is a decision that waits for signatures, or for votes where the log
// does not see it.
type Draft struct {
	ID    string        `json:"id"` // of the entry
	Case  string        `json:"case"`
	Act   iotmark.Act   `json:"act"`   // that drafted it
	Type  string        `json:"type"`  // of the entry, or [iotmark.InternalVote]
	State DraftState    `json:"state"` // waiting, carried, dropped
	By    string        `json:"by"`
	Since string        `json:"since"`
	Text  []byte        `json:"text,omitempty"` // what is signed
	Votes []Vote        `json:"votes"`
	Needs string        `json:"needs,omitempty"` // who must sign, in words
	Entry *verify.Entry `json:"entry,omitempty"`
}

// DraftState is what became of a draft.
type DraftState string

// The states of a draft.
const (
	Waiting DraftState = "waiting"
	Carried DraftState = "carried"
	Dropped DraftState = "dropped"
)

// Vote is what one person said to a draft. A signature is a vote for it.
type Vote struct {
	Person       string       `json:"person"`
	Organisation string       `json:"organisation"`
	Role         iotmark.Role `json:"role"`
	Vote         string       `json:"vote"` // for, against, recused
	Reason       string       `json:"reason,omitempty"`
	At           string       `json:"at"`
}

// draft puts a decision before those who must sign it. The case stands in the
// row's state until they have.
func (m *moment) draft(subject string, body any) error {
	d := Draft{ID: m.id(), Case: m.c.ID, Act: m.row.Act, Type: m.row.Entry}
	if d.Type != iotmark.InternalVote {
		t := verify.Type(d.Type)
		prev, err := m.reg.Head(m.ctx, m.tx, t, subject)
		if err != nil {
			return err
		}
		e, err := verify.NewEntry(t, d.ID, subject, m.now.Format(time.RFC3339), prev, body)
		if err != nil {
			return err
		}
		if err := m.reg.Record(m.ctx, m.tx, e); err != nil {
			return err
		}
		text, err := m.reg.Ready(m.ctx, m.tx, d.ID)
		if err != nil {
			return err
		}
		if err := m.countersign(d.ID, t, text); err != nil {
			return err
		}
	}
	m.c.Draft = d.ID
	m.says = map[string]any{"draft": d.ID, "body": body}
	slot := int64(-1)
	if t, ok := body.(verify.TermsBody); ok && d.Type == string(verify.MarkGranted) {
		slot = t.Slot
	}
	_, err := m.tx.Exec(m.ctx, "INSERT INTO draft (id, matter, act, type, state, by_person, since, slot) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		d.ID, d.Case, string(d.Act), d.Type, string(Waiting), m.by.Person, m.now.Format(time.RFC3339), slot)
	return err
}

// countersign signs in the operator's name what only says that something was
// taken in. It is never enough by itself, but where the log asks for nobody
// else; then whoever took it in signs no more.
func (m *moment) countersign(id string, t verify.Type, text []byte) error {
	if m.cfg.Operator == nil || verify.DefaultRules()[t].Need[verify.Operator] == 0 {
		return nil
	}
	sig, err := m.cfg.Operator.Sign(text)
	if err != nil {
		return err
	}
	if _, err := m.reg.Sign(m.ctx, m.tx, id, sig); err != nil {
		return err
	}
	_, enough, err := m.reg.Signed(m.ctx, m.tx, id, m.counts)
	if err != nil || enough != nil {
		return err
	}
	m.c.Draft = id
	return m.carry(id)
}

// counts says whose signature may count for the case: a maker's own only.
func (m *moment) counts(k *verify.Key) bool {
	return k.Until == nil && (k.Role != verify.Maker || k.Org == m.c.Maker)
}

// carry ends a draft that is signed: the case moves on, and the entry is on its
// way into the log, both or neither.
func (m *moment) carry(id string) error {
	next, ok := iotmark.MoveCase(m.c.Kind, m.row.To, iotmark.ActCarried)
	if !ok {
		return refuse(iotmark.Internal, "draft-missing", "nothing is carried in %s", m.row.To)
	}
	var act, kind string
	slot := int64(-1)
	ok, err := m.tx.Row(m.ctx, []any{&act, &kind, &slot}, "SELECT act, type, slot FROM draft WHERE id = $1", id)
	if err != nil {
		return err
	}
	if !ok { // it is being drafted
		act, kind = string(m.row.Act), m.row.Entry
	}
	if slot >= 0 {
		if err := m.turn(id, slot); err != nil {
			return err
		}
	}
	if kind != iotmark.InternalVote {
		if err := m.try(id); err != nil {
			return err
		}
		if _, err := m.reg.SealDecision(m.ctx, m.tx, id); err != nil {
			return err
		}
	}
	m.row.To = next.To
	if _, err := m.tx.Exec(m.ctx, "UPDATE draft SET state = $1 WHERE id = $2", string(Carried), id); err != nil {
		return err
	}
	if then := carried[deeds{m.c.Kind, iotmark.Act(act)}]; then != nil {
		return then(m, id)
	}
	return nil
}

// deeds names an act of a kind of case.
type deeds struct {
	kind iotmark.CaseKind
	act  iotmark.Act
}

// carried says what follows when a draft is carried, beside the new state.
var carried = map[deeds]func(m *moment, draft string) error{}

// try asks what the log's rules will say of the entry. One without effect
// would stay in the log for ever.
func (m *moment) try(id string) error {
	if m.cfg.Try == nil {
		return nil
	}
	note, err := m.reg.Note(m.ctx, m.tx, id)
	if err != nil {
		return err
	}
	// What follows an entry that is on its way is judged when it is published;
	// the order of grants is held by [moment.turn].
	if v := m.cfg.Try(note); v != nil && v.Reason != "prev-wrong" && v.Reason != "slot-wrong" && v.Reason != "log-unread" {
		return refuse(iotmark.Conflict, v.Reason, "the log would give it no effect: %s", v.Msg)
	}
	return nil
}

// roleOf are the roles in which a key of a role in the log acts.
var roleOf = map[verify.Role][]iotmark.Role{
	verify.Maker:     {iotmark.RoleApplicant},
	verify.Assessor:  {iotmark.RoleAssessor},
	verify.Committee: {iotmark.RoleCommittee, iotmark.RolePanel, iotmark.RoleSteward},
	verify.Operator:  {iotmark.RoleOperator, iotmark.RoleRegistrar},
}

// Sign puts a signature under what waits in a case. It is by a key of the
// person who acts, which the log knows; of the committee it is a vote. When it
// is the last that was missing, the decision is taken. A signature that is
// given again changes nothing. Errors: those of [registry.Registry.Sign],
// signature-other.
func (s *Scheme) Sign(ctx context.Context, by iotmark.Actor, on On, sig verify.Sig) (Case, error) {
	return s.act(ctx, by, on, iotmark.ActSign, deed{
		first: func(m *moment) error {
			d, err := m.waiting()
			if err != nil {
				return err
			}
			if d.Type == iotmark.InternalVote {
				return invalid("signature", "signature-unwanted", "the log does not see this decision; vote for it without a signature")
			}
			k, err := m.reg.Sign(m.ctx, m.tx, d.ID, sig)
			if err != nil {
				return err
			}
			if k.Person != by.Person || k.Org != by.Organisation && k.Role != verify.Operator {
				return forbidden("signature-other", "the key %s is of %s at %s, and %s of %s acts; sign with a key of your own", k.Name, k.Person, k.Org, by.Person, by.Organisation)
			}
			m.row.By = slices.DeleteFunc(slices.Clone(m.row.By), func(r iotmark.Role) bool { return !slices.Contains(roleOf[k.Role], r) })
			return nil
		},
		then: func(m *moment) error { return m.vote("for") },
	})
}

// Support votes for a decision that the log does not see.
func (s *Scheme) Support(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, iotmark.ActSign, deed{
		first: func(m *moment) error {
			d, err := m.waiting()
			if err == nil && d.Type != iotmark.InternalVote {
				err = invalid("signature", "signature-missing", "the log must see this decision: sign the text of the draft %s", d.ID)
			}
			m.row.By = []iotmark.Role{iotmark.RoleCommittee, iotmark.RolePanel}
			return err
		},
		then: func(m *moment) error { return m.vote("for") },
	})
}

// Reject votes against what waits in a case. When those who are left are too
// few to carry it, it is dropped.
func (s *Scheme) Reject(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, iotmark.ActReject, deed{first: reasoned, then: func(m *moment) error { return m.vote("against") }})
}

// Recuse stands aside from what waits in a case. It is counted as if the
// person were not there.
func (s *Scheme) Recuse(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, iotmark.ActRecuse, deed{first: reasoned, then: func(m *moment) error { return m.vote("recused") }})
}

// Drop takes back what waits in a case: whoever drafted it, or the program
// when the log's rules will not have it any more.
func (s *Scheme) Drop(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, iotmark.ActDropped, deed{first: reasoned, then: func(m *moment) error {
		d, err := m.waiting()
		if err != nil {
			return err
		}
		if m.role != iotmark.RoleProgram && d.By != by.Person {
			return forbidden("draft-other", "the draft is of %s, who alone takes it back", d.By)
		}
		return m.drop(d)
	}})
}

// reasoned refuses an act without a reason.
func reasoned(m *moment) error {
	if m.on.Reason == "" {
		return invalid("reason", "reason-missing", "%s takes a reason", m.row.Act)
	}
	return nil
}

func (m *moment) waiting() (Draft, error) {
	d, err := loadDraft(m.ctx, m.tx, m.c.Draft)
	if err == nil && d.State != Waiting {
		err = conflict("draft-done", "the draft %s is %s", d.ID, d.State)
	}
	return d, err
}

// vote keeps what a person says to the draft, and ends it when that decides.
func (m *moment) vote(vote string) error {
	d, err := m.waiting()
	if err != nil {
		return err
	}
	m.says = map[string]any{"draft": d.ID, "vote": vote}
	n, err := m.tx.Exec(m.ctx, "INSERT INTO vote (draft, person, organisation, role, vote, reason, at_time) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (draft, person) DO NOTHING",
		d.ID, m.by.Person, m.by.Organisation, string(m.role), vote, m.on.Reason, m.now.Format(time.RFC3339))
	if err != nil {
		return err
	}
	if n == 0 {
		return conflict("voted", "%s has voted on this draft already; a vote stands", m.by.Person)
	}
	d.Votes = append(d.Votes, Vote{Person: m.by.Person, Organisation: m.by.Organisation, Role: m.role, Vote: vote})
	if vote == "for" {
		done, err := m.enough(d)
		if err != nil || !done {
			return err
		}
		return m.carry(d.ID)
	}
	lost, err := m.lost(d)
	if err != nil || !lost {
		return err
	}
	next, _ := iotmark.MoveCase(m.c.Kind, m.row.From, iotmark.ActDropped)
	m.row.To = next.To
	return m.drop(d)
}

// enough reports whether a draft has the signatures, or votes, that it needs.
func (m *moment) enough(d Draft) (bool, error) {
	if d.Type == iotmark.InternalVote {
		return d.count("for") >= m.cfg.Terms.Quorum, nil
	}
	by, short, err := m.reg.Signed(m.ctx, m.tx, d.ID, m.counts)
	if err != nil || short != nil {
		return false, err
	}
	if d.Type == string(verify.BallotHeld) {
		return m.voted(by)
	}
	return m.introduced(d, by)
}

// introduced reports whether every key of a maker that an entry brings in has
// signed it.
func (m *moment) introduced(d Draft, by []*verify.Key) (bool, error) {
	if d.Type != string(verify.MakerRegistered) {
		return true, nil
	}
	fresh, err := m.reg.Introduced(m.ctx, m.tx, d.ID)
	return err == nil && !slices.ContainsFunc(fresh, func(k *verify.Key) bool {
		return !slices.ContainsFunc(by, func(o *verify.Key) bool { return o.Name == k.Name })
	}), err
}

// lost reports whether those of the committee who have not said anything yet
// are too few to carry a draft.
func (m *moment) lost(d Draft) (bool, error) {
	need := m.cfg.Terms.Quorum
	if d.Type != iotmark.InternalVote {
		r, err := m.reg.Rule(m.ctx, m.tx, d.ID)
		if err != nil {
			return false, err
		}
		need = r.Need[verify.Committee]
	}
	ps, err := parts(m.ctx, m.tx, m.c.ID)
	if err != nil {
		return false, err
	}
	left := map[string]bool{}
	for _, p := range ps {
		if p.Role == iotmark.RoleCommittee || p.Role == iotmark.RolePanel {
			left[p.Person] = true
		}
	}
	for _, v := range d.Votes {
		if v.Vote != "for" {
			delete(left, v.Person)
		}
	}
	return len(left) < need, nil
}

func (d Draft) count(vote string) (n int) {
	for _, v := range d.Votes {
		if v.Vote == vote {
			n++
		}
	}
	return n
}

func (m *moment) drop(d Draft) error {
	m.c.Draft = ""
	if d.Type != iotmark.InternalVote {
		if err := m.reg.Abandon(m.ctx, m.tx, d.ID, "dropped"); err != nil {
			return err
		}
	}
	_, err := m.tx.Exec(m.ctx, "UPDATE draft SET state = $1 WHERE id = $2", string(Dropped), d.ID)
	return err
}

func loadDraft(ctx context.Context, tx *store.Tx, id string) (Draft, error) {
	d := Draft{ID: id}
	ok, err := tx.Row(ctx, []any{&d.Case, (*string)(&d.Act), &d.Type, (*string)(&d.State), &d.By, &d.Since},
		"SELECT matter, act, type, state, by_person, since FROM draft WHERE id = $1", id)
	if err == nil && !ok {
		err = missing("draft-unknown", "nothing waits for signatures here")
	}
	if err != nil {
		return d, err
	}
	err = tx.Rows(ctx, func(scan func(...any) error) error {
		var v Vote
		err := scan(&v.Person, &v.Organisation, (*string)(&v.Role), &v.Vote, &v.Reason, &v.At)
		d.Votes = append(d.Votes, v)
		return err
	}, "SELECT person, organisation, role, vote, reason, at_time FROM vote WHERE draft = $1 ORDER BY at_time, person", id)
	return d, err
}

// Draft returns what waits for signatures in a case, with the text to sign.
func (s *Scheme) Draft(ctx context.Context, by iotmark.Actor, id string) (d Draft, err error) {
	err = s.view(ctx, func(tx *store.Tx) error {
		c, err := s.seen(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if d, err = loadDraft(ctx, tx, c.Draft); err != nil || d.Type == iotmark.InternalVote {
			d.Needs = fmt.Sprintf("%d of the committee", s.cfg.Terms.Quorum)
			return err
		}
		a, err := s.reg.Look(ctx, tx, d.ID)
		if err != nil {
			return err
		}
		r, err := s.reg.Rule(ctx, tx, d.ID)
		d.Text, d.Entry, d.Needs = a.Text, &a.Entry, r.String()
		return err
	})
	return d, err
}
