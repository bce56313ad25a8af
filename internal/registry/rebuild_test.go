//go:build !race

// Nothing here runs at once, and the database is slow under the race detector.

package registry_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

func (w *world) copied() string {
	w.t.Helper()
	var b strings.Builder
	must(w.t, w.db.Copy(w.t.Context(), &b))
	return b.String()
}

func (w *world) exec(statements ...string) {
	w.t.Helper()
	must(w.t, w.db.Do(w.t.Context(), func(tx *store.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(w.t.Context(), s); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Whatever is changed in the tables is found and mended: by a rebuild, and by
// every start. The log wins.
func TestTablesAreMended(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, change, want string }{
		{"a mark made valid", "UPDATE mark SET state = 'valid' WHERE state = 'withdrawn'", "mark urn:iotmark:mark:"},
		{"a mark removed", "DELETE FROM mark WHERE slot = 0", "mark urn:iotmark:mark:"},
		{"a mark invented", "INSERT INTO mark (subject, slot, code, state, maker, product, category, valid_until, body) SELECT 'urn:x', 99, 'AAAA', state, maker, product, category, valid_until, body FROM mark WHERE slot = 0", "mark urn:x"},
		{"a body changed", "UPDATE mark SET body = '{}' WHERE slot = 1", "mark urn:iotmark:mark:"},
		{"a trade number given to another", "INSERT INTO mark_gtin (gtin, subject) SELECT '09999999999994', subject FROM mark WHERE slot = 0", "mark_gtin urn:iotmark:mark:"},
		{"a promise lowered", "UPDATE product SET body = replace(body, '20', '19')", "product urn:iotmark:product:"},
		{"an edition withdrawn", "UPDATE edition SET withdrawn = '2026-01-01'", "edition 2026.1"},
		{"a key added", "UPDATE fact SET body = '{}' WHERE kind = 'keyring'", "fact keyring in-force"},
		{"an assessor invented", "INSERT INTO fact (kind, name, body) VALUES ('org', 'zz', '{}')", "fact org zz"},
		{"a chain put back", "UPDATE chain SET leaf = '' WHERE chain = ''", "chain "},
		{"an entry hidden", "DELETE FROM event WHERE idx = 3", "event 3"},
		{"an entry made void", "UPDATE event SET reason = 'body-wrong' WHERE idx = 4", "event 4"},
		{"an entry invented", "INSERT INTO event (idx, id, type, subject, claimed, witnessed, leaf, reason, msg) VALUES (9999, '', '', '', '', 0, '', '', '')", "event that the log does not have"},
		{"another hash", "UPDATE projection SET hash = 'abc'", "projection hash"},
	}
	storetest.Engines(t, func(t *testing.T, address string) {
		s := story(t, 4)
		w := build(t, s, address)
		w.decide(s.Entries...)
		w.send()
		w.catchUp()
		want := w.copied()
		for i, c := range cases {
			for _, rebuild := range []bool{true, false} {
				w.exec(c.change)
				if w.copied() == want {
					t.Fatalf("%s: nothing was changed", c.name)
				}
				w.proj.Close() // as a start would find it
				do := w.proj.CatchUp
				if rebuild {
					do = w.proj.Rebuild
				}
				p, err := do(t.Context(), now)
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				found := false
				for _, m := range p.Mended {
					found = found || strings.HasPrefix(m, c.want)
				}
				if p.Differ == 0 || !found {
					t.Errorf("%s, rebuild %v: %d rows differ, %q, want one of %q", c.name, rebuild, p.Differ, p.Mended, c.want)
				}
				if diff := cmp.Diff(want, w.copied()); diff != "" {
					t.Fatalf("%s, rebuild %v: got (-want +got)\n%.800s", c.name, rebuild, diff)
				}
				if i > 3 {
					break
				}
			}
		}
		if p, err := w.proj.Rebuild(t.Context(), now); err != nil || p.Differ != 0 || w.copied() != want {
			t.Errorf("a rebuild of whole tables: %v, %d rows differ", err, p.Differ)
		}
	})
}

// everything is a scheme in which each type of entry has effect, and some
// entries have none.
func everything(t *testing.T) *verifytest.Scheme {
	s := story(t, 4)
	m := s.Grant(s.Makers[0], "switch")
	granted := m.Amend()
	m.Renew()
	m.DecideComplaint(m.Complain())
	m.DecideAppeal(m.Appeal(granted))
	m.Find()
	m.Batch()
	s.Grant(s.Makers[1], "plug").Withdraw(verify.Maker)
	r := s.NewMark(s.Makers[2], "cam")
	r.Apply()
	r.Seal()
	r.Evaluate()
	r.Refuse()
	s.SuspendOrg(s.Orgs[2])
	s.RestoreOrg(s.Orgs[2])
	s.Correct(granted)
	s.Anchor(3)
	lower := s.PromiseOf(s.Makers[0], "switch")
	lower.Updates = "2020-01-01"
	s.AppendVoid(verifytest.Draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("switch"), Body: lower, Signers: s.Makers[0].Keys})
	s.SetPolicy(s.Trust.Policy)
	s.EndEdition(s.Edition.Edition, s.Day(400))
	return s
}

// All tables gone, or as they were made by entries one by one: the same.
func TestRebuildIsTheSame(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		s := everything(t)
		w := build(t, s, address)
		for _, e := range s.Entries { // each applied alone
			w.decide(e)
			w.send()
			w.catchUp()
		}
		want := w.copied()
		for _, change := range []string{"DELETE FROM projection", "DELETE FROM mark", "DELETE FROM event"} {
			w.exec(change)
		}
		if _, err := w.proj.Rebuild(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		// What the hash was made at differs; all rows are the same.
		cut := func(c string) string {
			a, _, _ := strings.Cut(c, `{"table":"projection"`)
			_, b, _ := strings.Cut(c, `{"table":"event"`)
			b, _, _ = strings.Cut(b, `{"end"`)
			return a + b
		}
		if diff := cmp.Diff(cut(want), cut(w.copied())); diff != "" {
			t.Errorf("got (-want +got)\n%.800s", diff)
		}
		if v := w.proj.Registry().Voids; len(v) != 1 || v[0].Reason != "promise-lowered" {
			t.Errorf("got void %v, want the promise that was lowered", v)
		}
		if w.proj.Registry().Hash() != w.replay().Hash() {
			t.Error("the tables are not what a replay gives")
		}
	})
}

// The database is put back to yesterday's copy: the log tells it what was
// sent since, nothing is sent twice, and decisions go on.
func TestBackupOfYesterday(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		s := story(t, 4)
		w := build(t, s, address)
		n := len(s.Entries)
		w.decide(s.Entries[:n/2]...)
		w.send()
		w.catchUp()
		w.decide(s.Entries[n/2 : n/2+3]...) // on their way when the copy is made
		// A decision that is recorded and not signed yet.
		late, err := verify.Parse(s.Trust.Domain, s.Entries[n/2+3])
		must(t, err)
		must(t, w.db.Do(t.Context(), func(tx *store.Tx) error { return w.reg.Record(t.Context(), tx, late.Entry) }))
		_, err = w.reg.Advance(t.Context(), w.src)
		must(t, err)
		yesterday := w.copied()
		w.decide(s.Entries[n/2+3 : n-2]...)
		w.send()
		w.catchUp()
		w.leave()
		w.db.Close()

		back := filepath.Join(t.TempDir(), "back.db")
		if strings.HasPrefix(address, "postgres") {
			back = pgtest.Address(t)
		}
		db := storetest.Open(t, back)
		must(t, db.Restore(t.Context(), strings.NewReader(yesterday)))
		db.Close()
		w = enter(t, s, back, w.dir)
		if sent := w.send(); sent != 0 {
			t.Errorf("%d entries were sent again", sent)
		}
		a, err := w.reg.Attestation(t.Context(), late.ID)
		if err != nil || a.Step != registry.Logged || a.Index != int64(n/2+3) {
			t.Errorf("the decision that the log has signed: %s at %d, %v", a.Step, a.Index, err)
		}
		w.catchUp()
		w.decide(s.Entries[n-2:]...) // follow the heads that the log told
		if sent := w.send(); sent != 2 {
			t.Errorf("%d entries were sent, want 2", sent)
		}
		w.catchUp()
		got := []string{}
		for _, e := range w.entries() {
			got = append(got, string(e))
		}
		if len(got) != n {
			t.Errorf("the log has %d entries, want %d", len(got), n)
		}
		if w.proj.Registry().Hash() != w.replay().Hash() {
			t.Error("the tables are not what a replay gives")
		}
	})
}

// The log is not the one that the tables were made from: nothing is changed.
func TestOtherLog(t *testing.T) {
	t.Parallel()
	address := filepath.Join(t.TempDir(), "registry.db")
	s := story(t, 2)
	w := build(t, s, address)
	empty := filepath.Join(t.TempDir(), "empty")
	must(t, os.CopyFS(empty, os.DirFS(w.dir)))
	w.decide(s.Entries...)
	w.send()
	w.catchUp()
	want := w.copied()
	w.leave()

	t.Run("a trust file of another scheme", func(t *testing.T) {
		o := verifytest.New(t, verifytest.Opts{Domain: "other.example", Bare: true})
		if _, err := registry.Open(t.Context(), w.db, o.Trust); id(err) != "registry-other-log" {
			t.Errorf("got %v, want registry-other-log", err)
		}
	})
	t.Run("a shorter log", func(t *testing.T) {
		p := w.reg.NewProjector(source(t, s, empty))
		defer p.Close()
		if _, err := p.CatchUp(t.Context(), now); id(err) != "log-shrunk" {
			t.Errorf("got %v, want log-shrunk", err)
		}
		c, err := config(s, empty)
		must(t, err)
		log, err := ledger.Open(t.Context(), c)
		must(t, err)
		r := w.reg.NewRelay(log)
		defer r.Close()
		if _, err := r.Once(t.Context()); id(err) != "log-behind" {
			t.Errorf("the relay: got %v, want log-behind", err)
		}
		log.Close(context.Background())
	})
	t.Run("another history of the same length", func(t *testing.T) {
		c, err := config(s, empty)
		must(t, err)
		log, err := ledger.Open(t.Context(), c)
		must(t, err)
		for i := range s.Entries {
			e := s.Entries[i]
			if i == 7 {
				e = []byte("something else\n")
			}
			_, err = log.Append(t.Context(), e)
			must(t, err)
		}
		_, err = log.Published(t.Context(), uint64(len(s.Entries)-1))
		must(t, err)
		log.Close(context.Background())
		p := w.reg.NewProjector(source(t, s, empty))
		if _, err := p.CatchUp(t.Context(), now); id(err) != "log-forked" {
			t.Errorf("got %v, want log-forked", err)
		}
		if diff := cmp.Diff(want, w.copied()); diff != "" {
			t.Errorf("the tables were changed (-want +got)\n%.500s", diff)
		}
		done, err := p.Rebuild(t.Context(), now) // somebody decided that this log is right
		if err != nil || done.Differ == 0 || done.Mended[len(done.Mended)-1] == "" {
			t.Errorf("rebuild: %v, %d differ", err, done.Differ)
		}
		p.Close()
	})
	t.Run("a checkpoint that lacks witnesses", func(t *testing.T) {
		o := verifytest.New(t, verifytest.Opts{Witnesses: 2, Bare: true})
		policy, err := verify.ParsePolicy(o.Trust.Policy)
		must(t, err)
		src := source(t, s, w.dir)
		src.Policy = policy
		p := w.reg.NewProjector(src)
		defer p.Close()
		if _, err := p.CatchUp(t.Context(), now); id(err) != "quorum-unmet" {
			t.Errorf("got %v, want quorum-unmet", err)
		}
	})
}

// Time does things without an entry: the tables follow.
func TestTimePasses(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{Unwitnessed: true})
	s.Grant(s.Makers[0], "lamp")
	w := build(t, s, filepath.Join(t.TempDir(), "registry.db"))
	w.decide(s.Entries...)
	w.send()
	state := func(at time.Time) (out string) {
		t.Helper()
		_, err := w.proj.CatchUp(t.Context(), at)
		must(t, err)
		must(t, w.db.View(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Row(t.Context(), []any{&out}, "SELECT state FROM mark")
			return err
		}))
		return out
	}
	if got := state(s.Now); got != "valid" {
		t.Errorf("got %s, want valid", got)
	}
	if got := state(s.Now.AddDate(9, 0, 0)); got != "expired" {
		t.Errorf("nine years on: got %s, want expired", got)
	}
}
