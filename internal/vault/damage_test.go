package vault_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// one returns the vault's only object that belongs to a digest.
func (w *world) object(d iotmark.Digest) string {
	w.t.Helper()
	var o string
	must(w.t, w.db.View(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Row(w.t.Context(), []any{&o}, "SELECT object FROM vault_piece WHERE digest = $1", string(d))
		return err
	}))
	return filepath.Join(w.dir, filepath.FromSlash(o))
}

func (w *world) set(column string, value any, d iotmark.Digest) {
	w.t.Helper()
	must(w.t, w.do(func(tx *store.Tx) error {
		_, err := tx.Exec(w.t.Context(), "UPDATE vault_piece SET "+column+" = $1 WHERE digest = $2", value, string(d))
		return err
	}))
}

// damaged checks that no way of reading gives other bytes than those that
// were put in.
func (w *world) damaged(t *testing.T, what string, d iotmark.Digest, want []byte) {
	t.Helper()
	got, err := w.read(reader, d)
	if id := storetest.ErrorID(err); id != "vault-damaged" {
		t.Errorf("%s: got %q", what, id)
	}
	if !bytes.HasPrefix(want, got) {
		t.Errorf("%s: other bytes came out", what)
	}
	r, err := w.Open(t.Context(), reader, d)
	if err != nil {
		return
	}
	defer r.Close()
	b := make([]byte, len(want))
	n, err := r.Source().ReadAt(b, 0)
	if id := storetest.ErrorID(err); id != "vault-damaged" {
		t.Errorf("%s: as a source it gave %q", what, id)
	}
	if !bytes.Equal(b[:n], want[:n]) {
		t.Errorf("%s: other bytes came out of the source", what)
	}
}

// Whatever bit of an object is changed, wherever it is cut: it is noticed, and
// nothing wrong is given out.
func TestDamagedObject(t *testing.T) {
	t.Parallel()
	w := local(t)
	b := patterned(2*64<<10 + 500)
	d := w.put(putting("a.bin"), b).Digest
	file := w.object(d)
	whole := readFile(t, file)
	header := bytes.Index(whole, []byte("\n---")) + 100
	places := []int{header + 64<<10, header + 64<<10 + 1, header + 2*64<<10, len(whole) - 500, len(whole) - 1}
	for i := range header + 20 {
		places = append(places, i)
	}
	for _, i := range places {
		for bit := range 8 {
			if i > 40 && bit > 0 {
				break
			}
			bad := bytes.Clone(whole)
			bad[i] ^= 1 << bit
			must(t, os.WriteFile(file, bad, 0o600))
			w.damaged(t, fmt.Sprintf("bit %d of byte %d", bit, i), d, b)
		}
	}
	for _, n := range append(places, 0, 1, len(whole)-16, len(whole)-500-16-1) {
		must(t, os.WriteFile(file, whole[:n], 0o600))
		w.damaged(t, fmt.Sprintf("cut at %d", n), d, b)
	}
	must(t, os.WriteFile(file, append(bytes.Clone(whole), 0), 0o600))
	w.damaged(t, "one byte more", d, b)
	must(t, os.WriteFile(file, append(bytes.Clone(whole), whole...), 0o600))
	w.damaged(t, "twice", d, b)
	must(t, os.WriteFile(file, whole, 0o600))
	w.sound(t, 1)

	must(t, os.Remove(file))
	_, err := w.read(reader, d)
	wantID(t, err, "vault-missing")
	must(t, os.Mkdir(file, 0o700))
	_, err = w.read(reader, d)
	wantID(t, err, "vault-unreachable")
	must(t, os.Remove(file))
	must(t, os.WriteFile(file, whole, 0o600))
	w.sound(t, 1)
}

// Objects that were exchanged in the folder, or in the database with or
// without their keys, are noticed.
func TestSwapped(t *testing.T) {
	t.Parallel()
	w := local(t)
	a, b := patterned(5000), bytes.Repeat([]byte("b"), 5000)
	da, db := w.put(putting("a.bin"), a).Digest, w.put(putting("b.bin"), b).Digest
	fa, fb := w.object(da), w.object(db)
	ca, cb := readFile(t, fa), readFile(t, fb)
	must(t, os.WriteFile(fa, cb, 0o600))
	must(t, os.WriteFile(fb, ca, 0o600))
	w.damaged(t, "objects in the folder", da, a)
	w.damaged(t, "objects in the folder", db, b)
	c, err := w.Fsck(t.Context(), nil)
	if err != nil || len(c.Faults) != 2 || c.Faults[0].ID != "vault-damaged" || c.Faults[1].ID != "vault-damaged" {
		t.Errorf("got %+v, %v", c, err)
	}
	must(t, os.WriteFile(fa, ca, 0o600))
	must(t, os.WriteFile(fb, cb, 0o600))
	w.sound(t, 2)

	var oa, ob, ka, kb string
	must(t, w.db.View(t.Context(), func(tx *store.Tx) error {
		tx.Row(t.Context(), []any{&oa, &ka}, "SELECT object, wrapped FROM vault_piece WHERE digest = $1", string(da))
		_, err := tx.Row(t.Context(), []any{&ob, &kb}, "SELECT object, wrapped FROM vault_piece WHERE digest = $1", string(db))
		return err
	}))
	w.set("object", ob, da)
	w.damaged(t, "the name of the object", da, a)
	w.set("wrapped", kb, da)
	w.damaged(t, "object and key", da, a)
	w.set("object", oa, da)
	w.damaged(t, "the key", da, a)
	for what, k := range map[string]string{"no": "", "cut": ka[:100], "a strange": "????", "a huge": strings.Repeat("A", 1<<20), "half a": ka[:len(ka)-8]} {
		w.set("wrapped", k, da)
		w.damaged(t, what+" key", da, a)
	}
	w.set("wrapped", ka, da)
	w.set("size", int64(4999), da)
	w.damaged(t, "the size", da, a)
	w.set("size", int64(5000), da)
	w.sound(t, 2)
}

// The names of objects come from the database, which may have been restored
// from anywhere: none of them leads out of the folder.
func TestObjectNames(t *testing.T) {
	t.Parallel()
	w := local(t)
	outside := filepath.Join(filepath.Dir(w.dir), "outside")
	must(t, os.WriteFile(outside, []byte("not evidence"), 0o600))
	in := putting("a.bin")
	in.Personal = true
	d := w.put(in, patterned(100)).Digest
	own := w.object(d)
	for _, name := range []string{
		"../outside", outside, "ab/../../outside", "ab/" + strings.Repeat("0", 29) + "/", "iotmark-vault", "ab", "ab/", "",
		"AB/" + strings.Repeat("0", 30), "ab/" + strings.Repeat("0", 30) + "\n", "ab\\" + strings.Repeat("0", 30), "ab/" + strings.Repeat("0", 31), "ab/*" + strings.Repeat("0", 29),
	} {
		w.set("object", name, d)
		_, err := w.read(reader, d)
		wantID(t, err, "vault-damaged")
		must(t, w.do(func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO vault_loose (object, since, leaving) VALUES ($1, $2, $3)", name, "2000", true)
			return err
		}))
		if _, err := w.Sweep(t.Context()); err == nil {
			t.Errorf("an object %q was swept", name)
		}
		must(t, w.do(func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), "DELETE FROM vault_loose")
			return err
		}))
	}
	for _, f := range []string{outside, own, filepath.Join(w.dir, "iotmark-vault")} {
		if _, err := os.Stat(f); err != nil {
			t.Errorf("%s is gone: %v", f, err)
		}
	}
}

// Fsck tells what differs, and no more.
func TestFsck(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		var ds []iotmark.Digest
		for i := range 110 {
			ds = append(ds, w.put(putting("a.bin"), patterned(1000+i)).Digest)
		}
		must(t, os.Remove(w.object(ds[3])))
		bad := readFile(t, w.object(ds[70]))
		bad[len(bad)-1] ^= 1
		must(t, os.WriteFile(w.object(ds[70]), bad, 0o600))
		must(t, os.MkdirAll(filepath.Join(w.dir, "ab"), 0o700))
		stray := filepath.Join(w.dir, "ab", strings.Repeat("0", 30))
		must(t, os.WriteFile(stray, []byte("x"), 0o600))
		must(t, os.WriteFile(filepath.Join(w.dir, "notes.txt"), []byte("x"), 0o600))
		w.set("wrapped_for", "0123456789abcdef", ds[5])
		steps := 0
		c, err := w.Fsck(t.Context(), func(vault.Check) { steps++ })
		must(t, err)
		got := map[string]int{}
		for _, f := range c.Faults {
			got[string(f.ID)+" "+f.Digest.Short()+" "+filepath.Base(f.Object)]++
			if f.Msg == "" {
				t.Errorf("%s says nothing", f.ID)
			}
		}
		for _, want := range []string{
			"vault-missing " + ds[3].Short() + " " + filepath.Base(w.object(ds[3])),
			"vault-damaged " + ds[70].Short() + " " + filepath.Base(w.object(ds[70])),
			"vault-key-missing " + ds[5].Short() + " " + filepath.Base(w.object(ds[5])),
			"vault-stray  " + filepath.Base(stray), "vault-stray  notes.txt",
		} {
			if got[want] != 1 {
				t.Errorf("nothing says %q: %v", want, got)
			}
		}
		if len(c.Faults) != 5 || c.Pieces != 110 || steps != 110 {
			t.Errorf("got %d faults, %d pieces, %d steps", len(c.Faults), c.Pieces, steps)
		}
	})
}

// The database goes away between the object and its row: no piece, and the
// object is known as loose when it is back.
func TestDatabaseGoneInBetween(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		w := newWorld(t, address)
		b := patterned(300_000)
		r := io.MultiReader(bytes.NewReader(b), &at{bytes.NewReader(nil), 0, func() { w.db.Close() }})
		if p, err := w.Put(t.Context(), putting("a.bin"), r); err == nil {
			t.Errorf("got %+v without a database", p)
		}
		if n := len(w.objects()); n != 1 {
			t.Errorf("%d objects, want the one whose row could not be written", n)
		}
		w.db = storetest.Open(t, address)
		w.Vault = w.open(w.config())
		c, err := w.Fsck(t.Context(), nil)
		if err != nil || c.Pieces != 0 || c.Loose != 1 || len(c.Faults) != 0 {
			t.Errorf("got %+v, %v", c, err)
		}
		if n, err := w.Sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("what may still come in was swept: %d, %v", n, err)
		}
		if p := w.put(putting("a.bin"), b); p.Again {
			t.Errorf("got %+v", p)
		}
		w.clock.Add(25)
		if n, err := w.Sweep(t.Context()); n != 1 || err != nil {
			t.Errorf("swept %d, %v", n, err)
		}
		w.sound(t, 1)
		if got, err := w.read(reader, digest(b)); err != nil || !bytes.Equal(got, b) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	})
}

// The server ends the connection in the transaction that makes it a piece.
func TestConnectionLost(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		if w.db.Engine() != store.PostgreSQL {
			return
		}
		in := putting("a.bin")
		in.Then = func(tx *store.Tx, _ vault.Piece) error {
			_, err := tx.Exec(t.Context(), "SELECT pg_terminate_backend(pg_backend_pid())")
			return err
		}
		_, err := w.Put(t.Context(), in, bytes.NewReader(patterned(1000)))
		wantID(t, err, "store-unreachable")
		w.nothing(t)
	})
}

// What takes longer than it may is given up, and cannot become a piece after
// it was swept.
func TestLate(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		r := &at{bytes.NewReader(patterned(300_000)), 200_000, func() {
			w.clock.Add(25)
			if n, err := w.Sweep(t.Context()); n != 1 || err != nil {
				t.Errorf("swept %d, %v", n, err)
			}
		}}
		_, err := w.Put(t.Context(), putting("a.bin"), r)
		if id := storetest.ErrorID(err); id != "vault-late" && id != "vault-unreachable" { // its file was taken away under its hands
			t.Errorf("got %q", id)
		}
		w.nothing(t)
	})
}
