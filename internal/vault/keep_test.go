package vault_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// Every reading of what is not public everywhere leaves a record first.
func TestReadingsAreRecorded(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		b := patterned(1000)
		d := w.put(putting("a.bin"), b).Digest
		r, err := w.Open(t.Context(), reader, d)
		must(t, err)
		if r.Record == "" {
			t.Error("no record was told")
		}
		must(t, r.Close()) // without one byte read: it is recorded that it could have been
		w.clock.Add(1)
		_, err = w.read(vault.Reader{Person: "eve", Case: "case-1", Why: "appeal 7"}, d)
		must(t, err)
		want := []vault.Record{
			{ID: r.Record, Digest: d, Case: "case-1", Person: "ben", Why: "evaluation", At: start},
			{Digest: d, Case: "case-1", Person: "eve", Why: "appeal 7", At: w.now()},
		}
		for _, by := range []struct {
			c string
			d iotmark.Digest
		}{{"case-1", ""}, {"", d}, {"case-1", d}} {
			got, err := w.Readings(t.Context(), by.c, by.d)
			must(t, err)
			if len(got) == 2 {
				want[1].ID = got[1].ID
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		}
		for name, c := range map[string]struct {
			by vault.Reader
			d  iotmark.Digest
			id string
		}{
			"nobody":            {vault.Reader{Case: "case-1", Why: "evaluation"}, d, "vault-text"},
			"for nothing":       {vault.Reader{Person: "ben", Case: "case-1"}, d, "vault-text"},
			"in no case":        {vault.Reader{Person: "ben", Why: "evaluation"}, d, "vault-text"},
			"in another case":   {vault.Reader{Person: "ben", Case: "case-2", Why: "evaluation"}, d, "vault-not-in-case"},
			"what is not there": {reader, digest([]byte("nothing")), "vault-unknown"},
			"a path":            {reader, "../../etc/passwd", "vault-digest"},
			"a path that fits":  {reader, iotmark.Digest(strings.Repeat("../", 21) + "e"), "vault-digest"},
		} {
			_, err := w.read(c.by, c.d)
			if got := storetest.ErrorID(err); got != c.id {
				t.Errorf("%s: got %q, want %s", name, got, c.id)
			}
		}
		if n := w.rows("vault_reading"); n != 2 {
			t.Errorf("%d records after readings that were refused", n)
		}
		_, err = w.Readings(t.Context(), "", "x")
		wantID(t, err, "vault-digest")
	})
}

// No record, no bytes.
func TestNoRecordNoBytes(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		d := w.put(putting("a.bin"), patterned(1000)).Digest
		must(t, w.do(func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), "ALTER TABLE vault_reading RENAME TO gone")
			return err
		}))
		r, err := w.Open(t.Context(), reader, d)
		if err == nil || r != nil {
			t.Errorf("got %v, %v", r, err)
		}
	})
}

func TestPublic(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		b := patterned(1000)
		in := putting("a.bin")
		in.Class = iotmark.Public
		d := w.put(in, b).Digest
		for _, by := range []vault.Reader{{}, {Case: "case-1"}, reader} {
			if got, err := w.read(by, d); err != nil || !bytes.Equal(got, b) {
				t.Errorf("%+v: got %d bytes, %v", by, len(got), err)
			}
		}
		if n := w.rows("vault_reading"); n != 0 {
			t.Errorf("%d records of what is public", n)
		}
		// The same bytes are restricted elsewhere: now it is written down, also
		// where they are public.
		in = putting("b.bin")
		in.Case = "case-2"
		w.put(in, b)
		_, err := w.read(vault.Reader{}, d)
		wantID(t, err, "vault-text")
		_, err = w.read(reader, d)
		must(t, err)
		if n := w.rows("vault_reading"); n != 1 {
			t.Errorf("%d records, want one", n)
		}
		// And public once more makes nothing public.
		in.Class, in.Case = iotmark.Public, "case-3"
		w.put(in, b)
		if p, err := w.Piece(t.Context(), d); err != nil || p.Class != iotmark.Restricted {
			t.Errorf("got %+v, %v", p, err)
		}
	})
}

// Erasing destroys the key: neither the folder, nor a backup of it, nor the
// file of the database tells what it was. Digest, case and records stay.
func TestErase(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		w := newWorld(t, address)
		b := patterned(100_000)
		in := putting("photo.jpg")
		in.Personal = true
		d := w.put(in, b).Digest
		_, err := w.read(reader, d)
		must(t, err)
		object := w.objects()[0]
		backup := readFile(t, object)
		var wrapped string
		must(t, w.db.View(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Row(t.Context(), []any{&wrapped}, "SELECT wrapped FROM vault_piece")
			return err
		}))
		erase := func(tx *store.Tx) error {
			return w.Erase(t.Context(), tx, "dpo", "request 12 of the person in the picture", d)
		}
		wantID(t, w.do(func(tx *store.Tx) error {
			if err := erase(tx); err != nil {
				return err
			}
			return os.ErrClosed // the act fails: nothing is erased
		}), os.ErrClosed.Error())
		if _, err := w.read(reader, d); err != nil {
			t.Fatalf("an act that failed erased: %v", err)
		}

		w.clock.Add(2)
		must(t, w.do(erase))
		_, err = w.read(reader, d)
		wantID(t, err, "vault-erased")
		if n, err := w.Sweep(t.Context()); n != 1 || err != nil {
			t.Errorf("swept %d, %v", n, err)
		}
		if o := w.objects(); len(o) != 0 {
			t.Errorf("objects stayed: %q", o)
		}
		wantID(t, w.do(erase), "vault-erased")
		_, err = w.Put(t.Context(), putting("photo.jpg"), bytes.NewReader(b))
		wantID(t, err, "vault-erased")
		in.Class, in.Want, in.Size = iotmark.Secret, d, int64(len(b))
		_, err = w.Put(t.Context(), in, nil)
		wantID(t, err, "vault-erased")
		wantID(t, w.do(func(tx *store.Tx) error { return w.Bind(t.Context(), tx, "ann", "case-2", d, "x") }), "vault-erased")
		w.sound(t, 1)

		ps, err := w.Pieces(t.Context(), "case-1")
		must(t, err)
		want := []vault.Piece{{Digest: d, Size: int64(len(b)), Class: iotmark.Restricted, State: vault.Erased, Name: "photo.jpg", Declared: "image/jpeg", Type: ps[0].Type,
			Added: start, Personal: true, Ended: w.now(), EndedBy: "dpo", EndedWhy: "request 12 of the person in the picture"}}
		if diff := cmp.Diff(want, ps); diff != "" {
			t.Errorf("got (-want +got)\n%s", diff)
		}
		if rs, err := w.Readings(t.Context(), "", d); err != nil || len(rs) != 2 {
			t.Errorf("%d records stayed, %v", len(rs), err)
		}

		// The backup of the folder is put back, and the vault's key is known.
		must(t, os.WriteFile(object, backup, 0o600))
		_, err = w.read(reader, d)
		wantID(t, err, "vault-erased")
		id, err := age.ParseIdentities(bytes.NewReader(readFile(t, w.key)))
		must(t, err)
		if _, err := age.Decrypt(bytes.NewReader(backup), id...); err == nil {
			t.Error("the key of the vault opens an object by itself")
		}
		c, err := w.Fsck(t.Context(), nil)
		if err != nil || len(c.Faults) != 1 || c.Faults[0].ID != "vault-stray" {
			t.Errorf("got %+v, %v", c, err)
		}
		if w.db.Engine() == store.SQLite { // while the database is open
			files, err := filepath.Glob(address + "*")
			if err != nil || len(files) < 2 {
				t.Errorf("only %q, %v", files, err)
			}
			for _, f := range files {
				if bytes.Contains(readFile(t, f), []byte(wrapped[40:120])) {
					t.Errorf("the key of the piece can still be found in %s", filepath.Base(f))
				}
			}
		}
	})
}

// Only what is said to hold personal data is erased, and nothing on hold.
func TestHoldBeatsAll(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		d := w.put(putting("a.bin"), patterned(100)).Digest
		none := digest([]byte("none"))
		act := func(id string, f func(ctx context.Context, tx *store.Tx) error) {
			t.Helper()
			wantID(t, w.do(func(tx *store.Tx) error { return f(t.Context(), tx) }), id)
		}
		erase := func(ctx context.Context, tx *store.Tx) error { return w.Erase(ctx, tx, "dpo", "request 3", d) }
		hold := func(name string, d iotmark.Digest) func(context.Context, *store.Tx) error {
			return func(ctx context.Context, tx *store.Tx) error { return w.Hold(ctx, tx, "registrar", name, "appeal", d) }
		}
		release := func(name string) func(context.Context, *store.Tx) error {
			return func(ctx context.Context, tx *store.Tx) error { return w.Release(ctx, tx, name, d) }
		}
		until := func(d iotmark.Digest, day iotmark.Date) func(context.Context, *store.Tx) error {
			return func(ctx context.Context, tx *store.Tx) error { return w.SetUntil(ctx, tx, d, day) }
		}
		act("vault-not-personal", erase)
		act("vault-unknown", func(ctx context.Context, tx *store.Tx) error { return w.SetPersonal(ctx, tx, none) })
		act("", func(ctx context.Context, tx *store.Tx) error { return w.SetPersonal(ctx, tx, d) })
		act("", hold("appeal-1", d))
		act("", hold("appeal-1", d)) // again
		act("", hold("court", d))
		act("vault-unknown", hold("court", none))
		act("vault-digest", hold("court", "no"))
		act("vault-text", hold("", d))
		act("vault-held", erase)

		act("", until(d, "2027-06-30"))
		act("vault-until-earlier", until(d, "2027-06-29"))
		act("", until(d, "2027-06-30"))
		act("", until(d, "2027-07-01"))
		act("vault-date", until(d, "2027-06-31"))
		act("vault-unknown", until(none, "2027-06-30"))
		if ps, err := w.Expired(t.Context(), "2030-01-01"); err != nil || len(ps) != 0 {
			t.Errorf("a piece on hold expires: %v, %v", ps, err)
		}
		if ps, err := w.Prune(t.Context(), "job", "2030-01-01", nil); err != nil || len(ps) != 0 {
			t.Errorf("a piece on hold went: %v, %v", ps, err)
		}
		if p, err := w.Piece(t.Context(), d); err != nil || !p.Hold || p.Until != "2027-07-01" {
			t.Errorf("got %+v, %v", p, err)
		}
		act("", release("appeal-1"))
		act("vault-not-held", release("appeal-1"))
		act("vault-held", erase)
		act("", release("court"))
		act("", erase)
		if p, err := w.Piece(t.Context(), d); err != nil || p.Hold || p.State != vault.Erased {
			t.Errorf("got %+v, %v", p, err)
		}
	})
}

// What is kept long enough goes, once; what is handed in again is taken.
func TestPrune(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		b := patterned(100)
		d := w.put(putting("a.bin"), b).Digest
		kept := w.put(putting("b.bin"), patterned(200)).Digest
		never := w.put(putting("c.bin"), patterned(300)).Digest
		must(t, w.do(func(tx *store.Tx) error {
			if err := w.SetUntil(t.Context(), tx, d, "2027-06-30"); err != nil {
				return err
			}
			return w.SetUntil(t.Context(), tx, kept, "2027-07-01")
		}))
		prune := func(day iotmark.Date, want ...iotmark.Digest) {
			t.Helper()
			var told, got []iotmark.Digest
			over, err := w.Expired(t.Context(), day)
			must(t, err)
			if len(over) != len(want) {
				t.Errorf("%s: %d are over, want %d", day, len(over), len(want))
			}
			ps, err := w.Prune(t.Context(), "job", day, func(tx *store.Tx, p vault.Piece) error {
				told = append(told, p.Digest)
				return nil
			})
			must(t, err)
			for _, p := range ps {
				got = append(got, p.Digest)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: got (-want +got)\n%s", day, diff)
			}
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("%s: told (-want +got)\n%s", day, diff)
			}
		}
		prune("2027-06-30") // the last day of keeping
		prune("2027-07-01", d)
		prune("2027-07-01")
		_, err := w.read(reader, d)
		wantID(t, err, "vault-expired")
		if n := len(w.objects()); n != 2 {
			t.Errorf("%d objects, want two", n)
		}
		if p := w.put(putting("a.bin"), b); p.State != vault.Held || p.Until != "" {
			t.Errorf("handed in again: %+v", p)
		}
		if got, err := w.read(reader, d); err != nil || !bytes.Equal(got, b) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		prune("2099-01-01", kept)
		if p, err := w.Piece(t.Context(), never); err != nil || p.State != vault.Held {
			t.Errorf("got %+v, %v", p, err)
		}
		w.sound(t, 3)
		for id, day := range map[string]iotmark.Date{"vault-date": "soon"} {
			_, err := w.Prune(t.Context(), "job", day, nil)
			wantID(t, err, id)
		}
	})
}

// The key of the vault is changed, interrupted, and changed to the end.
func TestRekey(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		var ds []iotmark.Digest
		for i := range 230 {
			ds = append(ds, w.put(putting("a.bin"), patterned(10+i)).Digest)
		}
		gone := ds[100]
		must(t, w.do(func(tx *store.Tx) error {
			if err := w.SetPersonal(t.Context(), tx, gone); err != nil {
				return err
			}
			return w.Erase(t.Context(), tx, "dpo", "request 3", gone)
		}))
		pq, err := age.GenerateHybridIdentity() // as age-keygen -pq makes
		must(t, err)
		next := filepath.Join(t.TempDir(), "next.key")
		must(t, os.WriteFile(next, []byte(pq.String()+"\n"), 0o600))
		c := w.config()
		c.Keys = []string{next, w.key}
		v := w.open(c)
		ctx, cancel := context.WithCancel(t.Context())
		n, err := v.Rekey(ctx, func(int) { cancel() })
		wantID(t, err, context.Canceled.Error())
		if n == 0 || n >= len(ds)-1 {
			t.Errorf("%d were wrapped before it was interrupted", n)
		}
		for _, keys := range [][]string{{next}, {w.key}} { // half and half: neither suffices
			c.Keys = keys
			_, err := vault.Open(t.Context(), c)
			wantID(t, err, "vault-key-missing")
		}
		more, err := v.Rekey(t.Context(), nil)
		if err != nil || n+more != len(ds)-1 {
			t.Errorf("%d and %d were wrapped, %v", n, more, err)
		}
		c.Keys = []string{next}
		w.Vault = w.open(c)
		w.Sweep(t.Context())
		w.sound(t, len(ds))
		c.Keys = []string{w.key}
		_, err = vault.Open(t.Context(), c)
		wantID(t, err, "vault-key-missing")
		if n, err := w.Rekey(t.Context(), nil); n != 0 || err != nil {
			t.Errorf("wrapped again: %d, %v", n, err)
		}
	})
}

// A copy of the database, put back into either engine, opens the same folder.
func TestCopyAndRestore(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		b := patterned(5000)
		d := w.put(putting("a.bin"), b).Digest
		_, err := w.read(reader, d)
		must(t, err)
		var text bytes.Buffer
		must(t, w.db.Copy(t.Context(), &text))
		storetest.Engines(t, func(t *testing.T, address string) {
			db := storetest.Open(t, address)
			must(t, db.Restore(t.Context(), bytes.NewReader(text.Bytes())))
			c := w.config()
			c.DB = db
			v, err := vault.Open(t.Context(), c)
			must(t, err)
			defer v.Close()
			check, err := v.Fsck(t.Context(), nil)
			if err != nil || check.Pieces != 1 || check.Bytes != 5000 || len(check.Faults) > 0 {
				t.Errorf("got %+v, %v", check, err)
			}
			if rs, err := v.Readings(t.Context(), "case-1", d); err != nil || len(rs) != 1 {
				t.Errorf("%d records, %v", len(rs), err)
			}
		})
	})
}
