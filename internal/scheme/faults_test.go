package scheme_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// Another program holds the database: who acts is told, nothing is half done,
// and the same act under the same key is done when it is free.
func TestLocked(t *testing.T) {
	t.Parallel()
	address := filepath.Join(t.TempDir(), "registry.db")
	h := schemetest.New(t, address)
	h.Register()
	c := h.Reviewed("lamp-0")
	other, err := sql.Open("sqlite", "file:"+address+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	on := scheme.On{Case: c.ID, Reason: "so be it", Key: "grant-1"}
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if _, err := h.Scheme.Grant(ctx, h.Member(0), on); err == nil {
		t.Error("granted while others held the database")
	} else if id := storetest.ErrorID(err); !errors.Is(err, context.DeadlineExceeded) && iotmark.KindOf(err) != iotmark.Unavailable {
		t.Errorf("told %s: %v", id, err)
	}
	if now := h.OK(h.Scheme.Case(t.Context(), schemetest.Observer, c.ID)); now.Version != c.Version || now.Draft != c.Draft {
		t.Errorf("half done: version %d, draft %s", now.Version, now.Draft)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is the first
		if now := h.OK(h.Scheme.Grant(t.Context(), h.Member(0), on)); now.Version != c.Version+1 || now.State != "granting" {
			t.Errorf("after it is free: version %d, %s", now.Version, now.State)
		}
	}
	whole(t, h)
}

// The server of the database ends and begins again: who acts is told, nothing
// is half done, and the same connection goes on.
func TestServerGone(t *testing.T) {
	t.Parallel()
	server, address := pgtest.Own(t)
	h := schemetest.New(t, address)
	h.Register()
	c := h.Reviewed("lamp-0")
	on := scheme.On{Case: c.ID, Reason: "so be it", Key: "grant-1"}
	server.Stop()
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	_, err := h.Scheme.Grant(ctx, h.Member(0), on)
	if err == nil {
		t.Error("granted without a database")
	} else if !errors.Is(err, context.DeadlineExceeded) && iotmark.KindOf(err) != iotmark.Unavailable {
		t.Errorf("told %s: %v", storetest.ErrorID(err), err)
	}
	server.Start()
	// Each connection that died tells so once; who was told sends the act again.
	var now scheme.Case
	for range 10 {
		if now, err = h.Scheme.Grant(t.Context(), h.Member(0), on); iotmark.KindOf(err) != iotmark.Unavailable {
			break
		}
	}
	if h.OK(now, err); now.Version != c.Version+1 || now.State != "granting" {
		t.Errorf("after it is back: version %d, %s", now.Version, now.State)
	}
	// And so does the seat of whoever carries decisions to the log.
	h.Relay.Once(t.Context())
	h.Project.CatchUp(t.Context(), h.Now())
	whole(t, h)
}

// A copy that is restored on another database is the same: cases, trails and
// what waits go on there, and its tables say what the log says. What was public
// after the copy comes back from the log.
func TestRestored(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		mark := h.Granted()
		waits := h.Reviewed("lamp-2")
		h.OK(h.Scheme.Grant(t.Context(), h.Member(0), scheme.On{Case: waits.ID, Reason: "good"}))
		var copied bytes.Buffer
		if err := h.DB.Copy(t.Context(), &copied); err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		h.OK(h.Scheme.GiveUp(ctx, schemetest.Applicant, scheme.On{Reason: "no longer made"}, mark.Subject)) // after the copy
		id := h.Cases(iotmark.Surveillance, mark.Subject)[0].ID
		h.Sign(schemetest.Applicant, id)
		want := h.Project.Registry().Hash()

		db := storetest.Open(t, filepath.Join(t.TempDir(), "restored.db"))
		if err := db.Restore(ctx, &copied); err != nil {
			t.Fatal(err)
		}
		again := h.Moved(db)
		again.Publish()
		if again.Project.Registry().Hash() != want {
			t.Error("the log is read differently after the restore")
		}
		if m, ok, err := again.Reg.Public().Mark(ctx, mark.Subject); err != nil || !ok || m.State != iotmark.MarkWithdrawn {
			t.Errorf("the mark is %s after the restore (%v, %v)", m.State, ok, err)
		}
		for _, by := range []iotmark.Actor{again.Assessor(0), again.Member(0), again.Member(1)} {
			again.OK(again.TrySign(by, waits.ID))
		}
		if c := again.OK(again.Scheme.Case(ctx, schemetest.Observer, waits.ID)); c.State != "granted" {
			t.Errorf("what waited is %s", c.State)
		}
		whole(t, again)
		var n int
		if err := db.View(ctx, func(tx *store.Tx) error {
			_, err := tx.Row(ctx, []any{&n}, "SELECT count(*) FROM matter WHERE id = $1", id)
			return err
		}); err != nil || n != 0 {
			t.Errorf("a case that began after the copy is there %d times, %v", n, err)
		}
	})
}
