package registry

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// Step is how far a decision is on its way to take effect.
type Step string

// The steps of the attestation cycle, in their order. Each is kept when it is
// done; a crash between two leaves the first, and doing the next again is
// right.
const (
	Recorded   Step = "recorded"  // what is to be said, as it was decided
	Stored     Step = "stored"    // the bytes that will be signed
	Linted     Step = "linted"    // those bytes were opened with verify, and say what was decided
	SignedStep Step = "signed"    // all signatures are there; the entry is in the outbox
	Logged     Step = "logged"    // it has an index
	Published  Step = "published" // a checkpoint under the policy covers it, and its birth proof is kept
	Valid      Step = "valid"     // read back from the log, opened with verify, and of effect
	Failed     Step = "failed"    // it will never be valid; the reason is kept
)

// Steps returns the steps in their order, without Failed, which may follow
// each but the last.
func Steps() []Step {
	return []Step{Recorded, Stored, Linted, SignedStep, Logged, Published, Valid}
}

// Attestation is the record of one decision's way.
type Attestation struct {
	ID     string
	Step   Step
	Entry  verify.Entry // as it was decided
	Text   []byte       // what is signed; from Stored on
	Note   []byte       // with signatures; from SignedStep on
	Index  int64        // in the log; -1 before Logged
	Proof  []byte       // C2SP tlog-proof with the first checkpoint that covers it; from Published on
	Reason iotmark.ErrorID
}

// Record keeps a decision in the transaction of whatever state goes with it.
// The entry is what was decided; its id makes it the same decision when it is
// recorded again, and another one under the same id is refused (id-used).
func (r *Registry) Record(ctx context.Context, tx *store.Tx, e verify.Entry) error {
	b, err := json.Marshal(e)
	if err != nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "body-wrong", Msg: "the decision cannot be written as JSON", Err: err}
	}
	n, err := tx.Exec(ctx, "INSERT INTO attestation (id, step, chain, type, decision) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
		e.ID, string(Recorded), chainOf(&e), string(e.Type), string(b))
	if err != nil || n == 1 {
		return err
	}
	var have string
	if _, err := tx.Row(ctx, []any{&have}, "SELECT decision FROM attestation WHERE id = $1", e.ID); err != nil {
		return err
	}
	if have != string(b) {
		return conflict("id-used", "another decision was recorded as %.40s; make a new id", e.ID)
	}
	return nil
}

// Attestation looks a record up.
func (r *Registry) Attestation(ctx context.Context, id string) (a Attestation, err error) {
	err = r.db.View(ctx, func(tx *store.Tx) error {
		a, err = attestation(ctx, tx, id)
		return err
	})
	return a, err
}

func attestation(ctx context.Context, tx *store.Tx, id string) (Attestation, error) {
	a := Attestation{ID: id}
	var decision string
	ok, err := tx.Row(ctx, []any{(*string)(&a.Step), &decision, &a.Text, &a.Note, &a.Index, &a.Proof, (*string)(&a.Reason)},
		"SELECT step, decision, signed_text, note, COALESCE(idx, -1), proof, reason FROM attestation WHERE id = $1", id)
	if err != nil {
		return a, err
	}
	if !ok {
		return a, &iotmark.Error{Kind: iotmark.NotFound, ID: "attestation-unknown", Msg: fmt.Sprintf("no decision is recorded as %.40q", id)}
	}
	return a, json.Unmarshal([]byte(decision), &a.Entry)
}

// to moves a record one step on, when it is still where it was: whoever lost
// a race changes nothing.
func to(ctx context.Context, tx *store.Tx, id string, from, step Step, set string, args ...any) error {
	_, err := moveTo(ctx, tx, id, from, step, set, args...)
	return err
}

// moveTo is to, and reports whether it was still there.
func moveTo(ctx context.Context, tx *store.Tx, id string, from, step Step, set string, args ...any) (bool, error) {
	if set != "" {
		set = ", " + set
	}
	n, err := tx.Exec(ctx, "UPDATE attestation SET step = $1"+set+" WHERE id = $2 AND step = $3", append([]any{string(step), id, string(from)}, args...)...)
	return n > 0, err
}

// fail ends a record for a reason that has a name; any other stops all.
func (s *step) fail(a Attestation, why error) error {
	reason := ErrorID(why)
	if reason == "" {
		return why
	}
	return s.to(a.ID, a.Step, Failed, "reason = $4", string(reason))
}

// Advance moves every record on as far as it goes without anybody's
// signature, and returns how many steps were taken. What stops one record, a
// text that does not say what was decided or an entry without effect, fails
// that record with its reason; what stops all, such as a full disk, is the
// error, and calling again goes on.
func (r *Registry) Advance(ctx context.Context, src Source) (moved int, err error) {
	for _, s := range []struct {
		from Step
		do   func(context.Context, *step, Attestation) error
	}{
		{Recorded, r.compose},
		{Stored, r.lint},
		{Logged, r.publish},
		{Published, r.confirm},
	} {
		ids, err := r.at(ctx, s.from)
		if err != nil {
			return moved, err
		}
		for some := range slices.Chunk(ids, stepsAtOnce) {
			n, err := r.steps(ctx, src, some, s.from, s.do)
			moved += n
			if err != nil {
				return moved, err
			}
		}
	}
	return moved, nil
}

// stepsAtOnce bounds the records whose next step is written in one
// transaction.
const stepsAtOnce = 50

// step is what a few records are to be given, and what they are held against.
type step struct {
	Source
	head   *ledger.Head // of the published log; nil: not read yet
	writes []func(context.Context, *store.Tx) (bool, error)
}

// covers reports whether the published log has an entry.
func (s *step) covers(ctx context.Context, index int64) (bool, error) {
	if s.head == nil {
		h, err := s.Source.head(ctx)
		if err != nil {
			return false, err
		}
		s.head = &h
	}
	return index < s.head.Size, nil
}

// to is the function of this name, when all is written.
func (s *step) to(id string, from, step Step, set string, args ...any) error {
	s.writes = append(s.writes, func(ctx context.Context, tx *store.Tx) (bool, error) {
		return moveTo(ctx, tx, id, from, step, set, args...)
	})
	return nil
}

// steps does the next step of some records that are at one. What went well is
// written, also when the next record then stops all.
func (r *Registry) steps(ctx context.Context, src Source, ids []string, from Step, do func(context.Context, *step, Attestation) error) (moved int, err error) {
	s := &step{Source: src}
	var stopped error
	for _, id := range ids {
		a, err := r.Attestation(ctx, id)
		if err == nil && a.Step == from {
			err = do(ctx, s, a)
		}
		if err != nil {
			stopped = err
			break
		}
	}
	if len(s.writes) > 0 {
		err = r.db.Do(ctx, func(tx *store.Tx) error {
			moved = 0
			for _, write := range s.writes {
				did, err := write(ctx, tx)
				if err != nil {
					return err
				}
				if did {
					moved++
				}
			}
			return nil
		})
	}
	if err != nil {
		return 0, err
	}
	return moved, stopped
}

func (r *Registry) at(ctx context.Context, s Step) (ids []string, err error) {
	err = r.db.View(ctx, func(tx *store.Tx) error {
		ids = nil
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			ids = append(ids, id)
			return err
		}, "SELECT id FROM attestation WHERE step = $1 ORDER BY id", string(s))
	})
	return ids, err
}

// compose keeps the bytes that will be signed before anybody signs them:
// after a crash the record says what was meant.
func (r *Registry) compose(_ context.Context, s *step, a Attestation) error {
	text, err := verify.Text(r.trust.Domain, a.Entry)
	if err != nil {
		return s.fail(a, err)
	}
	return s.to(a.ID, Recorded, Stored, "signed_text = $4", string(text))
}

// lint opens the bytes as everybody will, under a key that is thrown away,
// and compares what they say with the decision, field by field.
func (r *Registry) lint(_ context.Context, s *step, a Attestation) error {
	if err := r.opens(a.Text, a.Entry); err != nil {
		return s.fail(a, err)
	}
	return s.to(a.ID, Stored, Linted, "signed_text = $4", string(a.Text)) // those that were looked at, and no others
}

// publish keeps the birth proof once a checkpoint under the policy covers the
// entry: later checkpoints carry later times.
func (r *Registry) publish(ctx context.Context, s *step, a Attestation) error {
	if ok, err := s.covers(ctx, a.Index); err != nil || !ok {
		return err
	}
	proof, err := s.Log.BirthProof(ctx, a.Index)
	if err != nil {
		return err
	}
	if err := s.proven(proof, a); err != nil {
		return err
	}
	return s.to(a.ID, Logged, Published, "proof = $4", string(proof))
}

// confirm opens the entry as the published log has it, once more, and waits
// until the rules gave it effect.
func (r *Registry) confirm(ctx context.Context, s *step, a Attestation) error {
	if ok, err := s.covers(ctx, a.Index); err != nil || !ok {
		return err
	}
	for note, err := range s.Log.EntriesAt(ctx, *s.head, a.Index, a.Index+1) {
		if err != nil {
			return err
		}
		if !bytes.Equal(note, a.Note) {
			return s.fail(a, conflict("log-differs", "entry %d of the log is not the one that was sent", a.Index))
		}
	}
	e, err := verify.Parse(r.trust.Domain, a.Note)
	if err != nil {
		return s.fail(a, err)
	}
	if d := differs(e.Entry, a.Entry); d != "" {
		return s.fail(a, conflict("lint-differs", "the entry does not say what was decided: %s is another", d))
	}
	if err := s.proven(a.Proof, a); err != nil {
		return s.fail(a, err)
	}
	s.writes = append(s.writes, func(ctx context.Context, tx *store.Tx) (bool, error) {
		var leaf, reason string
		ok, err := tx.Row(ctx, []any{&leaf, &reason}, "SELECT leaf, reason FROM event WHERE idx = $1", a.Index)
		if err != nil || !ok { // not projected yet
			return false, err
		}
		if leaf != string(e.Leaf) {
			return false, conflict("projection-differs", "the tables have another entry at %d than the log; iotmark rebuild makes them anew", a.Index)
		}
		if reason != "" {
			return moveTo(ctx, tx, a.ID, Published, Failed, "reason = $4", reason)
		}
		return moveTo(ctx, tx, a.ID, Published, Valid, "")
	})
	return nil
}

// proven verifies that the proof is of the entry at its index.
func (src Source) proven(proof []byte, a Attestation) error {
	index, _, err := verify.Inclusion(proof, a.Note, src.Policy, src.Log.Origin())
	if err == nil && index != a.Index {
		err = conflict("log-differs", "the proof is of entry %d, and the entry is at %d", index, a.Index)
	}
	return err
}

func (r *Registry) opens(text []byte, decided verify.Entry) error {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	key, err := verify.ParseKey(verify.KeyEntry{Key: verify.PublicLine(pub), Name: r.trust.Domain + "/throw-away", Org: r.trust.Domain, Person: "p1", Role: verify.Operator})
	if err != nil {
		return err
	}
	note, err := verify.Seal(text, key.Plain(ed25519.Sign(priv, text)))
	if err != nil {
		return err
	}
	s, err := verify.Parse(r.trust.Domain, note)
	if err != nil {
		return err
	}
	if len(s.Sigs) != 1 {
		return conflict("lint-differs", "the bytes to be signed have signatures already")
	}
	if err := key.Verify(s.Text, s.Sigs[0], r.trust.Domain); err != nil {
		return err
	}
	if d := differs(s.Entry, decided); d != "" {
		return conflict("lint-differs", "the bytes to be signed do not say what was decided: %s is another", d)
	}
	return nil
}

// differs names the first member in which two entries differ.
func differs(a, b verify.Entry) string {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"v", a.V == b.V}, {"id", a.ID == b.ID}, {"type", a.Type == b.Type}, {"subject", a.Subject == b.Subject},
		{"prev", a.Prev == b.Prev}, {"time", a.Time == b.Time},
	} {
		if !f.same {
			return f.name
		}
	}
	var x, y any
	if json.Unmarshal(a.Body, &x) != nil || json.Unmarshal(b.Body, &y) != nil {
		return "body"
	}
	return differ("body", x, y)
}

func differ(path string, a, b any) string {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return path
		}
		for _, k := range slices.Sorted(maps.Keys(a)) {
			v, ok := b[k]
			if !ok {
				return path + "." + k
			}
			if d := differ(path+"."+k, a[k], v); d != "" {
				return d
			}
		}
		for _, k := range slices.Sorted(maps.Keys(b)) {
			if _, ok := a[k]; !ok {
				return path + "." + k
			}
		}
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return path
		}
		for i := range a {
			if d := differ(fmt.Sprintf("%s[%d]", path, i), a[i], b[i]); d != "" {
				return d
			}
		}
	default:
		if !reflect.DeepEqual(a, b) {
			return path
		}
	}
	return ""
}

// AddSignature is [Registry.Sign] in a transaction of its own.
func (r *Registry) AddSignature(ctx context.Context, id string, sig verify.Sig) error {
	return r.db.Do(ctx, func(tx *store.Tx) error {
		_, err := r.Sign(ctx, tx, id, sig)
		return err
	})
}

// SealDecision puts the signatures that were added under the decision and
// sends it on its way, in the transaction of whatever state goes with it.
// Doing it again gives the same row. It does not count signatures: whoever
// calls knows the rule, and the log is the judge.
func (r *Registry) SealDecision(ctx context.Context, tx *store.Tx, id string) (Queued, error) {
	a, err := attestation(ctx, tx, id)
	if err != nil {
		return Queued{}, err
	}
	if a.Step == Linted {
		sigs, err := signatures(ctx, tx, id)
		if err != nil {
			return Queued{}, err
		}
		if a.Note, err = verify.Seal(a.Text, sigs...); err != nil {
			return Queued{}, err
		}
		if err := to(ctx, tx, id, Linted, SignedStep, "note = $4", string(a.Note)); err != nil {
			return Queued{}, err
		}
	}
	if len(a.Note) == 0 {
		return Queued{}, conflict("step-wrong", "the decision %s is %s; it can be sealed when it is %s", id, a.Step, Linted)
	}
	return r.Decide(ctx, tx, a.Note)
}

// keysNamed are the keys of the published log among which are those that are
// named, and those that an entry introduces. A maker's key begins with its
// domain as a rule; only for one that does not, all makers are looked through.
func (r *Registry) keysNamed(ctx context.Context, tx *store.Tx, e verify.Entry, names ...string) ([]*verify.Key, error) {
	keys, err := r.keys(ctx, tx, e, names...)
	if err != nil || !slices.ContainsFunc(names, func(n string) bool {
		return !slices.ContainsFunc(keys, func(k *verify.Key) bool { return k.Name == n })
	}) {
		return keys, err
	}
	all, err := keysIn(ctx, tx, "kind = 'maker'")
	return append(keys, all...), err
}

// keys are those of the published log that are not makers', those of the
// makers with whose domains the names begin, and those that an entry
// introduces.
func (r *Registry) keys(ctx context.Context, tx *store.Tx, e verify.Entry, names ...string) ([]*verify.Key, error) {
	keys, err := parseKeys(r.trust.Root)
	if err != nil {
		return nil, err
	}
	more, err := keysIn(ctx, tx, "kind IN ('keyring', 'org')")
	keys = append(keys, more...)
	var seen []string
	for _, n := range names {
		domain, _, _ := strings.Cut(n, "/")
		if err != nil || slices.Contains(seen, domain) {
			continue
		}
		seen = append(seen, domain)
		more, err = keysIn(ctx, tx, "kind = 'maker' AND name = $1", domain)
		keys = append(keys, more...)
	}
	if err != nil {
		return nil, err
	}
	switch e.Type {
	case verify.KeyringSet, verify.OrgAccredited, verify.MakerRegistered:
		more, err = keysOf(e.Body)
		keys = append(keys, more...)
	}
	return keys, err
}

// keysIn are the keys of facts.
func keysIn(ctx context.Context, tx *store.Tx, where string, args ...any) (keys []*verify.Key, err error) {
	err = tx.Rows(ctx, func(scan func(...any) error) error {
		var body []byte
		if err := scan(&body); err != nil {
			return err
		}
		more, err := keysOf(body)
		keys = append(keys, more...)
		return err
	}, "SELECT body FROM fact WHERE "+where+" ORDER BY kind, name", args...)
	return keys, err
}

// keysOf are the keys that the body of an entry, or a fact, has.
func keysOf(body []byte) ([]*verify.Key, error) {
	var h struct {
		Keys []verify.KeyEntry `json:"keys"`
	}
	if err := json.Unmarshal(body, &h); err != nil {
		return nil, err
	}
	return parseKeys(h.Keys)
}

func parseKeys(entries []verify.KeyEntry) (keys []*verify.Key, err error) {
	for _, e := range entries {
		k, err := verify.ParseKey(e)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}
