package registry_test

import (
	"context"
	"errors"
	"iter"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

func (w *world) tryDecide(note []byte) (q registry.Queued, err error) {
	err = w.db.Do(w.t.Context(), func(tx *store.Tx) error {
		q, err = w.reg.Decide(w.t.Context(), tx, note)
		return err
	})
	return q, err
}

func (w *world) queued(id string) registry.Queued {
	w.t.Helper()
	q, _, err := w.reg.Queued(w.t.Context(), id)
	must(w.t, err)
	return q
}

func TestDecide(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		s := story(t, 1)
		w := build(t, s, address)
		first, err := w.tryDecide(s.Entries[0])
		must(t, err)
		if again, err := w.tryDecide(s.Entries[0]); err != nil || again != first {
			t.Errorf("the same again gave %v, %v, want %v", again, err, first)
		}
		e, err := verify.Parse(s.Trust.Domain, s.Entries[0])
		must(t, err)
		other, err := verify.Seal(e.Text, e.Sigs[0]) // the same words, fewer signatures
		must(t, err)
		for _, c := range []struct {
			name string
			note []byte
			want string
		}{
			{"the same id, other signatures", other, "id-used"},
			{"not the next of its chain", s.Entries[2], "prev-wrong"},
			{"no entry", []byte("no entry\n"), "malformed"},
			{"of another scheme", verifytest.New(t, verifytest.Opts{Domain: "other.example"}).Entries[0], "domain-wrong"},
		} {
			if _, err := w.tryDecide(c.note); string(id(err)) != c.want {
				t.Errorf("%s: got %v, want %s", c.name, err, c.want)
			}
		}
		stop := errors.New("the state that goes with it cannot be written")
		err = w.db.Do(t.Context(), func(tx *store.Tx) error {
			if _, err := w.reg.Decide(t.Context(), tx, s.Entries[1]); err != nil {
				return err
			}
			return stop
		})
		if err != stop {
			t.Fatal(err)
		}
		next, err := w.tryDecide(s.Entries[1])
		must(t, err)
		if next.Seq != first.Seq+1 {
			t.Errorf("a decision that failed took a number: %d after %d", next.Seq, first.Seq)
		}
	})
}

// Decisions on the same subject at once: one of them counts, the others are
// told to look again.
func TestDecideAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		s := verifytest.New(t, verifytest.Opts{Unwitnessed: true})
		w := build(t, s, address)
		w.decide(s.Entries...)
		var notes [][]byte
		for range 4 { // each follows the same entry
			n, _ := s.Note(verifytest.Draft{Type: verify.PolicySet, Body: verify.PolicyBody{Policy: s.Trust.Policy}, Signers: s.Root[:3], ID: s.NewID()})
			notes = append(notes, n)
		}
		errs := make([]error, len(notes))
		var wg sync.WaitGroup
		for i, n := range notes {
			wg.Go(func() {
				errs[i] = w.db.Do(t.Context(), func(tx *store.Tx) error {
					_, err := w.reg.Decide(t.Context(), tx, n)
					return err
				})
			})
		}
		wg.Wait()
		took := 0
		for _, err := range errs {
			if err == nil {
				took++
			} else if id(err) != "prev-wrong" {
				t.Error(err)
			}
		}
		if took != 1 {
			t.Errorf("%d of 4 decisions that exclude each other were taken", took)
		}
	})
}

// dying is a log that ends the relay at a moment: before it appends, or
// after it appended and before the relay hears of it.
type dying struct {
	*ledger.Posix
	before, after bool
}

var errDied = errors.New("died")

func (d *dying) Append(ctx context.Context, e []byte) (uint64, error) {
	if d.before {
		return 0, errDied
	}
	i, err := d.Posix.Append(ctx, e)
	if err == nil && d.after {
		return 0, errDied
	}
	return i, err
}

// A relay that dies at any moment doubles nothing, by construction: the next
// one reads the log to its end before it sends.
func TestRelayDies(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		s := story(t, 1)
		w := build(t, s, address)
		w.decide(s.Entries...)
		d := &dying{Posix: w.log}
		r := w.reg.NewRelay(d)
		for i := range 2 * len(s.Entries) {
			d.before, d.after = i%3 == 0, i%3 != 0
			if _, err := r.Once(t.Context()); err != nil && !errors.Is(err, errDied) {
				t.Fatal(err)
			}
			if i%4 < 2 { // the same one goes on, or another
				r.Close()
				r = w.reg.NewRelay(d)
			}
		}
		r.Close()
		w.send()
		order := []string{}
		for _, e := range w.entries() {
			order = append(order, string(e))
		}
		want := []string{}
		for _, e := range s.Entries {
			want = append(want, string(e))
		}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Errorf("got (-want +got)\n%.500s", diff)
		}
	})
}

// blind is a log whose end cannot be seen: what a relay would have without
// reconciling.
type blind struct{ registry.Log }

func (blind) Tail(context.Context, int64) iter.Seq2[[]byte, error] {
	return func(func([]byte, error) bool) {}
}

// The counterproof: without reading the log to its end, the same death
// doubles an entry; and the rules make the second one void.
func TestDoubledIsVoid(t *testing.T) {
	t.Parallel()
	s := story(t, 1)
	w := build(t, s, t.TempDir()+"/registry.db")
	w.decide(s.Entries[0])
	r := w.reg.NewRelay(&dying{Posix: w.log, after: true})
	if _, err := r.Once(t.Context()); !errors.Is(err, errDied) {
		t.Fatal(err)
	}
	r.Close()
	r = w.reg.NewRelay(blind{w.log})
	if _, err := r.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Close()
	w.published()
	if n := len(w.entries()); n != 2 {
		t.Fatalf("the log has %d entries, want the same one twice", n)
	}
	p := w.catchUp()
	if len(p.Void) != 1 || p.Void[0].Index != 1 || p.Void[0].Reason != "id-used" {
		t.Errorf("got void %v, want the second one as id-used", p.Void)
	}
	e, err := verify.Parse(s.Trust.Domain, s.Entries[0])
	must(t, err)
	if q := w.queued(e.ID); q.Fault != "" || q.Index != 0 {
		t.Errorf("got %+v, want the first one, without fault", q)
	}
}

// Two relays at once: one sends, the other is told, and takes over when the
// first ends.
func TestTwoRelays(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		s := story(t, 3)
		w := build(t, s, address)
		other, err := registry.Open(t.Context(), storetest.Open(t, address), s.Trust)
		must(t, err)
		relays := []*registry.Relay{w.relay, other.NewRelay(w.log)}
		defer relays[1].Close()
		sent := make([]int, 2)
		var wg sync.WaitGroup
		for i, r := range relays {
			wg.Go(func() {
				for total := 0; total < 5; total++ {
					n, err := r.Once(t.Context())
					if err != nil && id(err) != "not-leader" {
						t.Error(err)
						return
					}
					sent[i] += n
				}
			})
		}
		w.decide(s.Entries...)
		wg.Wait()
		leader := 0
		if _, err := relays[0].Once(t.Context()); id(err) == "not-leader" {
			leader = 1
		} else if err != nil {
			t.Fatal(err)
		}
		if sent[1-leader] != 0 {
			t.Errorf("both sent: %v", sent)
		}
		relays[leader].Close()
		if _, err := relays[1-leader].Once(t.Context()); err != nil {
			t.Errorf("after the leader ended: %v", err)
		}
		w.published()
		seen := map[string]int{}
		for _, e := range w.entries() {
			seen[string(e)]++
		}
		for e, n := range seen {
			if n != 1 {
				t.Errorf("%d times in the log: %.80q", n, e)
			}
		}
		if len(seen) != len(s.Entries) {
			t.Errorf("the log has %d entries, want %d", len(seen), len(s.Entries))
		}
	})
}
