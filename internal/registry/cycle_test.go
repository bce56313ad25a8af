//go:build !race

// Nothing here runs at once, and the database is slow under the race detector.

package registry_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// cycleWorld is a world with a scheme in its log, and the next entry signed.
func cycleWorld(t *testing.T, address string) (*world, *verify.Signed) {
	t.Helper()
	s := verifytest.New(t, verifytest.Opts{Unwitnessed: true})
	w := build(t, s, address)
	w.decide(s.Entries...)
	w.send()
	w.catchUp()
	s.NewMark(s.Makers[0], "lamp").Apply()
	e, err := verify.Parse(s.Trust.Domain, s.Entries[len(s.Entries)-1])
	must(t, err)
	return w, e
}

func (w *world) record(e verify.Entry) error {
	return w.db.Do(w.t.Context(), func(tx *store.Tx) error { return w.reg.Record(w.t.Context(), tx, e) })
}

func (w *world) advance() int {
	w.t.Helper()
	n, err := w.reg.Advance(w.t.Context(), w.src)
	must(w.t, err)
	return n
}

func (w *world) at(id string) registry.Attestation {
	w.t.Helper()
	a, err := w.reg.Attestation(w.t.Context(), id)
	must(w.t, err)
	return a
}

func (w *world) seal(id string) error {
	return w.db.Do(w.t.Context(), func(tx *store.Tx) error {
		_, err := w.reg.SealDecision(w.t.Context(), tx, id)
		return err
	})
}

// Each step is kept when it is done, nothing is skipped, and what is done
// again changes nothing.
func TestCycle(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		w, e := cycleWorld(t, address)
		var steps []registry.Step
		see := func(what string, do func()) {
			t.Helper()
			do()
			a := w.at(e.ID)
			if n := len(steps); n == 0 || steps[n-1] != a.Step {
				steps = append(steps, a.Step)
			}
			before := w.copied()
			if a.Step != registry.Recorded && a.Step != registry.Logged && a.Step != registry.Published && w.advance() != 0 {
				t.Errorf("after %s: it goes on by itself from %s", what, a.Step)
			} else if a.Step == registry.Linted && w.copied() != before {
				t.Errorf("after %s: advancing again changes something", what)
			}
		}
		see("recording", func() { must(t, w.record(e.Entry)); must(t, w.record(e.Entry)) })
		if err := w.seal(e.ID); id(err) != "step-wrong" {
			t.Errorf("sealed before it was looked at: %v", err)
		}
		if err := w.reg.AddSignature(t.Context(), e.ID, e.Sigs[0]); id(err) != "step-wrong" {
			t.Errorf("signed before it was looked at: %v", err)
		}
		see("composing and linting", func() {
			if n := w.advance(); n != 2 {
				t.Errorf("%d steps, want stored and linted", n)
			}
		})
		if a := w.at(e.ID); string(a.Text) != string(e.Text) {
			t.Errorf("the bytes to be signed are %q, want %q", a.Text, e.Text)
		}
		see("signing", func() {
			for _, s := range e.Sigs {
				must(t, w.reg.AddSignature(t.Context(), e.ID, s))
				must(t, w.reg.AddSignature(t.Context(), e.ID, s))
			}
		})
		see("sealing", func() { must(t, w.seal(e.ID)); must(t, w.seal(e.ID)) })
		if a := w.at(e.ID); string(a.Note) != string(e.Note) {
			t.Errorf("the note is %q, want %q", a.Note, e.Note)
		}
		see("relaying", func() { w.send() })
		if w.at(e.ID).Step == registry.Valid {
			t.Error("valid before the tables have it")
		}
		see("publishing", func() { w.advance() })
		see("confirming too early", func() { w.advance() })
		see("projecting", func() { w.catchUp(); w.advance() })
		want := []registry.Step{registry.Recorded, registry.Linted, registry.SignedStep, registry.Logged, registry.Published, registry.Valid}
		if diff := cmp.Diff(want, steps); diff != "" {
			t.Errorf("got (-want +got)\n%s", diff)
		}
		a := w.at(e.ID)
		i, _, err := verify.Inclusion(a.Proof, a.Note, w.src.Policy, w.s.Origin)
		if err != nil || i != a.Index {
			t.Errorf("the birth proof that is kept: index %d, want %d, %v", i, a.Index, err)
		}
	})
}

// What is wrong with a decision stops that decision, with its reason.
func TestCycleFails(t *testing.T) {
	t.Parallel()
	other := func(s string) string { return strings.Replace(s, "lamp", "lump", 1) }
	for _, c := range []struct {
		name string
		do   func(t *testing.T, w *world, e *verify.Signed)
		want iotmark.ErrorID
	}{
		{"it cannot be written", func(t *testing.T, w *world, e *verify.Signed) {
			bad := e.Entry
			bad.Time = "yesterday"
			must(t, w.record(bad))
		}, "malformed"},
		{"the bytes are of something else", func(t *testing.T, w *world, e *verify.Signed) {
			must(t, w.record(e.Entry))
			must(t, w.db.Do(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), "UPDATE attestation SET step = 'stored', signed_text = $1 WHERE id = $2", other(string(e.Text)), e.ID)
				return err
			}))
		}, "lint-differs"},
		{"the decision was changed after the bytes were stored", func(t *testing.T, w *world, e *verify.Signed) {
			must(t, w.record(e.Entry))
			b, err := json.Marshal(e.Entry)
			must(t, err)
			must(t, w.db.Do(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), "UPDATE attestation SET step = 'stored', signed_text = $1, decision = $2 WHERE id = $3", string(e.Text), other(string(b)), e.ID)
				return err
			}))
		}, "lint-differs"},
		{"it has no effect, as not enough have signed", func(t *testing.T, w *world, e *verify.Signed) {
			must(t, w.record(e.Entry))
			w.advance()
			must(t, w.reg.AddSignature(t.Context(), e.ID, e.Sigs[0]))
			must(t, w.seal(e.ID))
			if v := w.proj.Try(w.at(e.ID).Note); v == nil || v.Reason != "signers-missing" { // whoever asks is told
				t.Errorf("trying it: %v", v)
			}
			if v := w.proj.Try(e.Note); v != nil {
				t.Errorf("trying it with all signatures: %v", v)
			}
			w.send()
			w.catchUp()
			if q := w.queued(e.ID); q.Fault != "signers-missing" {
				t.Errorf("the outbox says %q", q.Fault)
			}
			// The next of this subject follows what was before: nothing.
			must(t, w.db.View(t.Context(), func(tx *store.Tx) error {
				head, err := w.reg.Head(t.Context(), tx, e.Type, e.Subject)
				if head != "" {
					t.Errorf("the head is %s, which has no effect", head)
				}
				return err
			}))
		}, "signers-missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, e := cycleWorld(t, filepath.Join(t.TempDir(), "registry.db"))
			c.do(t, w, e)
			for w.advance() > 0 {
			}
			if a := w.at(e.ID); a.Step != registry.Failed || a.Reason != c.want {
				t.Errorf("got %s %s, want failed %s", a.Step, a.Reason, c.want)
			}
		})
	}
}

// A wrong signature is refused before it makes the entry void for ever.
func TestSignaturesAreLookedAt(t *testing.T) {
	t.Parallel()
	w, e := cycleWorld(t, filepath.Join(t.TempDir(), "registry.db"))
	must(t, w.record(e.Entry))
	w.advance()
	wrong := e.Sigs[0]
	wrong.Bytes = append([]byte{}, wrong.Bytes...)
	wrong.Bytes[3] ^= 1
	if err := w.reg.AddSignature(t.Context(), e.ID, wrong); id(err) != "signature-wrong" {
		t.Errorf("a changed signature: got %v, want signature-wrong", err)
	}
	stranger := verifytest.NewKey("stranger.example/1", "stranger", "p1", verify.Committee)
	if err := w.reg.AddSignature(t.Context(), e.ID, stranger.Sign(e.Text)); id(err) != "signer-unknown" {
		t.Errorf("a stranger: got %v, want signer-unknown", err)
	}
	if err := w.reg.AddSignature(t.Context(), "nobody", wrong); id(err) != "attestation-unknown" {
		t.Errorf("no such decision: got %v", err)
	}
	changed := e.Entry
	changed.Time = "2026-01-06T00:00:00Z"
	if err := w.record(changed); id(err) != "id-used" {
		t.Errorf("another decision under the same id: got %v, want id-used", err)
	}
}

// A maker that registers signs with the key that its entry introduces.
func TestNewKeySigns(t *testing.T) {
	t.Parallel()
	w, _ := cycleWorld(t, filepath.Join(t.TempDir(), "registry.db"))
	m := verifytest.NewMaker("new.example")
	w.s.Register(m)
	e, err := verify.Parse(w.s.Trust.Domain, w.s.Entries[len(w.s.Entries)-1])
	must(t, err)
	must(t, w.record(e.Entry))
	w.advance()
	for _, s := range e.Sigs {
		must(t, w.reg.AddSignature(t.Context(), e.ID, s))
	}
	must(t, w.seal(e.ID))
	w.send()
	w.catchUp()
	w.advance()
	if a := w.at(e.ID); a.Step != registry.Valid {
		t.Errorf("got %s %s, want valid", a.Step, a.Reason)
	}
}
