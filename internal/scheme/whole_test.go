package scheme_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// childEnv is what the test binary finds in its environment when it is a
// program that is killed.
const childEnv = "IOTMARK_SCHEME_CHILD"

// texts reads one column.
func texts(t *testing.T, db *store.DB, query string, args ...any) (out []string) {
	t.Helper()
	if err := db.View(t.Context(), func(tx *store.Tx) error {
		out = nil
		return tx.Rows(t.Context(), func(scan func(...any) error) error {
			var s string
			err := scan(&s)
			out = append(out, s)
			return err
		}, query, args...)
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// whole holds a house to what is always so, and returns the number of acts:
// each act has one row in the trail, with hashes that hold; what was carried
// is on its way or in the log, once, and nothing else is; the tables say what
// the log says.
func whole(t *testing.T, h *schemetest.House) (acts int64) {
	t.Helper()
	ctx := t.Context()
	for _, id := range texts(t, h.DB, "SELECT id FROM matter ORDER BY id") {
		trail, err := h.Scheme.Trail(ctx, iotmark.Program(), id)
		if err != nil {
			t.Errorf("the trail of %s: %v", id, err)
		}
		c := h.OK(h.Scheme.Case(ctx, iotmark.Program(), id))
		if int64(len(trail)) != c.Version {
			t.Errorf("%s has had %d acts, and its trail has %d", id, c.Version, len(trail))
		}
		if n := len(trail); n > 0 && trail[n-1].To != c.State {
			t.Errorf("%s is %s, and its last act led to %s", id, c.State, trail[n-1].To)
		}
		acts += c.Version
		alone(t, h.Scheme, id, trail)
	}
	var rows int64
	if err := h.DB.View(ctx, func(tx *store.Tx) error {
		_, err := tx.Row(ctx, []any{&rows}, "SELECT count(*) FROM act")
		return err
	}); err != nil || rows != acts {
		t.Errorf("%d rows in the trail of %d acts, %v", rows, acts, err)
	}
	carried := texts(t, h.DB, "SELECT id FROM draft WHERE state = 'carried' AND type <> 'vote' ORDER BY id")
	queued := texts(t, h.DB, "SELECT id FROM outbox WHERE id IN (SELECT id FROM draft) ORDER BY id")
	if diff := cmp.Diff(carried, queued); diff != "" {
		t.Errorf("what was carried is not what goes into the log (-carried +outbox)\n%s", diff)
	}
	h.Publish()
	head, err := h.Source.Log.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for e, err := range h.Source.Log.EntriesAt(ctx, head, 0, head.Size) {
		if err != nil {
			t.Fatal(err)
		}
		x, err := verify.Parse(h.Keys.Trust.Domain, e)
		if err != nil {
			t.Fatal(err)
		}
		seen[x.ID]++
	}
	for _, id := range carried {
		if seen[id] != 1 {
			t.Errorf("the log has the entry %s %d times", id, seen[id])
		}
	}
	replayed(ctx, t, h)
	return acts
}

// replayed holds the tables to a replay of the log.
func replayed(ctx context.Context, t *testing.T, h *schemetest.House) {
	t.Helper()
	before := h.Project.Registry().Hash()
	again, err := h.Project.Rebuild(ctx, h.Now())
	if err != nil || again.Differ != 0 || !again.Full || h.Project.Registry().Hash() != before {
		t.Errorf("rebuild: %v, %d rows differed: %v", err, again.Differ, again.Mended)
	}
}

// alone holds one case to its order: nobody has acted on two sides, no decision
// was drafted without a review of the last evaluation, and no mark was granted
// without a decision that was carried.
func alone(t *testing.T, s *scheme.Scheme, id string, trail []scheme.Done) {
	t.Helper()
	sides := map[string]string{}
	reviewed, decided := false, false
	for _, d := range trail {
		if side := s.Side(d.Role); side != "" {
			if was := sides[d.By.Person]; was != "" && was != side {
				t.Errorf("%s has acted on two sides of %s: %s and %s", d.By.Person, id, was, side)
			}
			sides[d.By.Person] = side
		}
		switch {
		case d.Act == "review":
			reviewed = true
		case d.Act == "return" || d.Act == "conclude":
			reviewed, decided = false, false
		case d.Act == "grant" || d.Act == "refuse":
			decided = true
			if !reviewed {
				t.Errorf("%s was decided on by row %d without a review", id, d.Version)
			}
		case d.To == "reviewed":
			decided = false
		case d.To == "granted" && d.From == "granting" && !decided:
			t.Errorf("%s was granted by row %d without a decision", id, d.Version)
		}
	}
}
