package scheme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// On is what every act on a case is told.
type On struct {
	Case    string // id
	Version int64  // that the caller looked at; an act on an older one is refused (case-moved). 0: whatever it is now
	Key     string // of the caller's choice: an act that is sent again under the same key is done once; empty: each counts
	Reason  string // for the record
}

// moment is one act while it is done: a transaction, an actor, a case.
type moment struct {
	*Scheme
	ctx  context.Context
	tx   *store.Tx
	by   iotmark.Actor
	role iotmark.Role // in which he acts
	row  iotmark.CaseMove
	on   On
	c    *Case
	now  time.Time
	day  iotmark.Date
	says any // what the record keeps of it, beside the reason

	person *person
}

// deed is what an act does, beside moving the case. first is done before it is
// asked who may do it, because that depends on what it finds; then after. of
// are the kinds of cases that it is for, where another method does an act of
// the same name in others; nil: all.
type deed struct {
	of    []iotmark.CaseKind
	first func(*moment) error
	then  func(*moment) error
}

func kinds(ks ...iotmark.CaseKind) []iotmark.CaseKind { return ks }

// open begins a case. What it is about decides who may begin it, so that is
// set first.
func (s *Scheme) open(ctx context.Context, by iotmark.Actor, on On, k iotmark.CaseKind, a iotmark.Act, d deed) (Case, error) {
	on.Case, on.Version = "", 0
	return s.transact(ctx, by, on, k, a, d)
}

// act does something in a case that is there.
func (s *Scheme) act(ctx context.Context, by iotmark.Actor, on On, a iotmark.Act, d deed) (Case, error) {
	if on.Case == "" {
		return Case{}, invalid("case", "case-missing", "name the case")
	}
	return s.transact(ctx, by, on, "", a, d)
}

// transact does an act in a transaction of its own, which may run twice.
func (s *Scheme) transact(ctx context.Context, by iotmark.Actor, on On, k iotmark.CaseKind, a iotmark.Act, d deed) (out Case, err error) {
	err = s.db.Do(ctx, func(tx *store.Tx) error {
		out, err = s.within(ctx, tx, by, on, k, a, d)
		return err
	})
	return out, err
}

// within does an act in a transaction that is under way.
func (s *Scheme) within(ctx context.Context, tx *store.Tx, by iotmark.Actor, on On, k iotmark.CaseKind, a iotmark.Act, d deed) (Case, error) {
	m := &moment{Scheme: s, ctx: ctx, tx: tx, by: by, on: on, now: s.now(), day: s.today()}
	if done, ok, err := m.before(a); err != nil || ok {
		return done, err
	}
	m.c = &Case{ID: s.id(), Kind: k, Opened: m.now.Format(time.RFC3339), Body: json.RawMessage("{}")}
	if on.Case != "" {
		c, err := loadCase(ctx, tx, on.Case)
		if err != nil {
			return Case{}, err
		}
		if on.Version != 0 && on.Version != c.Version {
			return Case{}, moved(c.ID)
		}
		m.c = &c
	}
	row, ok := iotmark.MoveCase(m.c.Kind, m.c.State, a)
	if !ok {
		if on.Case != "" {
			if err := s.maySee(ctx, tx, by, *m.c); err != nil {
				return Case{}, err
			}
		}
		return Case{}, conflict("act-not-allowed", "the case is %s; %s does not follow. What does: %s", orNew(m.c.State), a, follows(m.c.Kind, m.c.State))
	}
	if d.of != nil && !slices.Contains(d.of, m.c.Kind) {
		return Case{}, conflict("act-not-allowed", "the case is one of %s, in which %s is another act", m.c.Kind, a)
	}
	m.row = row
	if row.Entry != "" {
		m.c.Draft = "" // that of the decision before is done with
	}
	for _, do := range []func(*moment) error{d.first, (*moment).permit, d.then} {
		if do == nil {
			continue
		}
		if err := do(m); err != nil {
			return Case{}, err
		}
	}
	if m.row.Entry != "" && m.c.Draft == "" {
		return Case{}, refuse(iotmark.Internal, "draft-missing", "the act %s must draft %s", a, row.Entry)
	}
	from := m.c.State
	m.c.to(m.row.To, s.cfg.Terms, m.now)
	if err := m.retain(from); err != nil {
		return Case{}, err
	}
	if err := m.c.save(ctx, tx); err != nil {
		return Case{}, err
	}
	return *m.c, m.keep(a, from)
}

func orNew(s iotmark.CaseState) string {
	if s == "" {
		return "not there yet"
	}
	return string(s)
}

// follows names the acts that a state allows.
func follows(k iotmark.CaseKind, s iotmark.CaseState) string {
	var acts []string
	for _, m := range iotmark.CaseMoves() {
		if m.Kind == k && m.From == s && !slices.Equal(m.By, []iotmark.Role{iotmark.RoleProgram}) {
			acts = append(acts, string(m.Act))
		}
	}
	if _, waits := iotmark.MoveCase(k, s, iotmark.ActSign); waits {
		acts = append(acts, string(iotmark.ActSign))
	}
	if len(acts) == 0 {
		return "nothing"
	}
	slices.Sort(acts)
	return list(slices.Compact(acts))
}

// before looks whether the act was done before under the same key.
func (m *moment) before(a iotmark.Act) (c Case, done bool, err error) {
	if m.on.Key == "" {
		return c, false, nil
	}
	var id, act string
	ok, err := m.tx.Row(m.ctx, []any{&id, &act}, "SELECT matter, act FROM act WHERE person = $1 AND key = $2", m.by.Person, m.on.Key)
	if err != nil || !ok {
		return c, false, err
	}
	if act != string(a) || m.on.Case != "" && m.on.Case != id {
		return c, false, conflict("key-used", "the key %.40q was used for another act (%s in %s); choose a new one", m.on.Key, act, id)
	}
	c, err = loadCase(m.ctx, m.tx, id)
	return c, true, err
}

// Done is one row of the audit trail.
type Done struct {
	ID      string            `json:"id"`
	Case    string            `json:"case"`
	Version int64             `json:"version"`
	At      string            `json:"at"`
	By      iotmark.Actor     `json:"by"`
	Role    iotmark.Role      `json:"role"`
	Act     iotmark.Act       `json:"act"`
	From    iotmark.CaseState `json:"from"`
	To      iotmark.CaseState `json:"to"`
	Body    json.RawMessage   `json:"body"`           // reason, and what the act says
	Hash    iotmark.Digest    `json:"hash,omitempty"` // over the row before and this one
}

// said is the body of a row of the trail.
type said struct {
	Reason string `json:"reason,omitempty"`
	Says   any    `json:"says,omitempty"`
}

// chain is the hash of a row: SHA-256 over the hash before it, a line feed,
// and the row as JSON without hash.
func (d Done) chain(before iotmark.Digest) (iotmark.Digest, error) {
	d.Hash = ""
	j, err := json.Marshal(d)
	sum := sha256.Sum256(append([]byte(before+"\n"), j...))
	return iotmark.Digest(hex.EncodeToString(sum[:])), err
}

// keep writes the act's row of the trail.
func (m *moment) keep(a iotmark.Act, from iotmark.CaseState) error {
	body, err := json.Marshal(said{Reason: m.on.Reason, Says: m.says})
	if err != nil {
		return err
	}
	d := Done{ID: m.id(), Case: m.c.ID, Version: m.c.Version, At: m.now.Format(time.RFC3339), By: m.by, Role: m.role, Act: a, From: from, To: m.c.State, Body: body}
	var before string
	if _, err := m.tx.Row(m.ctx, []any{&before}, "SELECT hash FROM act WHERE matter = $1 AND version = $2", d.Case, d.Version-1); err != nil {
		return err
	}
	if d.Hash, err = d.chain(iotmark.Digest(before)); err != nil {
		return err
	}
	var key any
	if m.on.Key != "" {
		key = m.on.Key
	}
	_, err = m.tx.Exec(m.ctx, `INSERT INTO act (id, matter, version, at_time, person, organisation, role, via, act, from_state, to_state, key, body, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		d.ID, d.Case, d.Version, d.At, d.By.Person, d.By.Organisation, string(d.Role), string(d.By.Via), string(d.Act), string(d.From), string(d.To), key, string(d.Body), string(d.Hash))
	return err
}

// Trail returns all that was done in a case, oldest first, and holds the chain
// of hashes against it (trail-broken).
func (s *Scheme) Trail(ctx context.Context, by iotmark.Actor, id string) (out []Done, err error) {
	err = s.view(ctx, func(tx *store.Tx) error {
		c, err := s.seen(ctx, tx, by, id)
		if err != nil {
			return err
		}
		out, err = trail(ctx, tx, c)
		return err
	})
	return out, err
}

func trail(ctx context.Context, tx *store.Tx, c Case) (out []Done, err error) {
	err = tx.Rows(ctx, func(scan func(...any) error) error {
		d := Done{Case: c.ID}
		err := scan(&d.ID, &d.Version, &d.At, &d.By.Person, &d.By.Organisation, (*string)(&d.Role), (*string)(&d.By.Via), (*string)(&d.Act),
			(*string)(&d.From), (*string)(&d.To), (*[]byte)(&d.Body), (*string)(&d.Hash))
		out = append(out, d)
		return err
	}, `SELECT id, version, at_time, person, organisation, role, via, act, from_state, to_state, body, hash FROM act WHERE matter = $1 ORDER BY version`, c.ID)
	if err != nil {
		return nil, err
	}
	var before iotmark.Digest
	for i, d := range out {
		h, err := d.chain(before)
		if err != nil {
			return nil, err
		}
		if h != d.Hash || d.Version != int64(i+1) {
			return out, refuse(iotmark.Unverified, "trail-broken", "row %d of the trail of %s is not as it was written", i+1, c.ID)
		}
		before = h
	}
	if int64(len(out)) != c.Version {
		return out, refuse(iotmark.Unverified, "trail-broken", "the case %s has had %d acts, and its trail has %d", c.ID, c.Version, len(out))
	}
	return out, nil
}
