//go:build !race

// Forty programs with the race detector in them would take minutes.

package registry_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
)

// Killed forty times at any moment, nothing is lost, nothing is doubled, and
// the tables say what the log says.
func TestKilled(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) { killed(t, address, 40) })
}

func killed(t *testing.T, address string, kills int) {
	s := story(t, 24)
	w := build(t, s, address)
	dir := w.dir
	w.leave()
	w.db.Close()
	var notes []string
	for _, e := range s.Entries {
		notes = append(notes, string(e))
	}
	b, err := json.Marshal(notes)
	must(t, err)
	file := filepath.Join(t.TempDir(), "notes")
	must(t, os.WriteFile(file, b, 0o644))
	arg, err := json.Marshal(work{address, dir, file})
	must(t, err)
	var acked []string
	seed := rand.New(rand.NewPCG(4, 40))
	for range kills {
		acked = append(acked, life(t, string(arg), time.Duration(5+seed.IntN(220))*time.Millisecond)...)
	}

	// What is left is carried out by one that is not killed.
	w = enter(t, s, address, dir)
	_, err = w.reg.Advance(t.Context(), w.src)
	must(t, err)
	w.send()
	p := w.catchUp()
	for moved := 1; moved > 0; {
		moved, err = w.reg.Advance(t.Context(), w.src)
		must(t, err)
	}
	seen := map[string]int{}
	var order []string
	for _, e := range w.entries() {
		x, err := verify.Parse(s.Trust.Domain, e)
		must(t, err)
		seen[x.ID]++
		order = append(order, x.ID)
	}
	lost, doubled := 0, 0
	for _, a := range acked {
		if seen[a] == 0 {
			lost++
		}
	}
	for _, n := range seen {
		if n > 1 {
			doubled++
		}
	}
	t.Logf("%d kills, %d decisions, %d of them told, %d entries in the log, %d lost, %d doubled", kills, len(order), len(acked), len(order), lost, doubled)
	if lost != 0 || doubled != 0 || len(acked) == 0 {
		t.Errorf("%d lost and %d doubled of %d", lost, doubled, len(acked))
	}
	if want := w.replay().Hash(); w.proj.Registry().Hash() != want || p.Differ != 0 {
		t.Errorf("the tables differ from the replay: %v", p.Mended)
	}
	again, err := w.proj.Rebuild(t.Context(), now)
	if err != nil || again.Differ != 0 || !again.Full {
		t.Errorf("rebuild: %v, %d rows differed: %v", err, again.Differ, again.Mended)
	}
	var decided, queued, state []string
	must(t, w.db.View(t.Context(), func(tx *store.Tx) error {
		list := func(to *[]string, q string) error {
			return tx.Rows(t.Context(), func(scan func(...any) error) error {
				var v string
				err := scan(&v)
				*to = append(*to, v)
				return err
			}, q)
		}
		if err := list(&queued, "SELECT id FROM outbox ORDER BY seq"); err != nil {
			return err
		}
		if err := list(&decided, "SELECT name FROM identity WHERE name LIKE 'decided %'"); err != nil {
			return err
		}
		return list(&state, "SELECT DISTINCT step FROM attestation WHERE id IN (SELECT id FROM outbox)")
	}))
	if diff := cmp.Diff(queued, order); diff != "" {
		t.Errorf("the log has another order than the decisions (-want +got)\n%s", diff)
	}
	for i := range decided {
		decided[i] = strings.TrimPrefix(decided[i], "decided ")
	}
	slices.Sort(decided)
	slices.Sort(queued)
	if diff := cmp.Diff(queued, decided); diff != "" {
		t.Errorf("outbox and state were not written together (-outbox +state)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"valid"}, state); diff != "" {
		t.Errorf("decisions that are not valid (-want +got)\n%s", diff)
	}
}
