// Package storetest is what every engine of package store must do, as tests.
// A behaviour that something above relies on is a case here.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
)

// Engines runs a test on each engine, with the address of an empty database.
func Engines(t *testing.T, run func(t *testing.T, address string)) {
	t.Helper()
	t.Run(string(store.SQLite), func(t *testing.T) {
		t.Parallel()
		run(t, filepath.Join(t.TempDir(), "registry.db"))
	})
	t.Run(string(store.PostgreSQL), func(t *testing.T) {
		t.Parallel()
		run(t, pgtest.Address(t))
	})
}

// Open opens a database and closes it with the test.
func Open(t testing.TB, address string) *store.DB {
	t.Helper()
	d, err := store.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// ErrorID returns the id of an error, and its text when it has none.
func ErrorID(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		return string(e.ID)
	}
	return err.Error()
}

// Run runs the whole suite on the database at an address.
func Run(t *testing.T, address string) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, address string, d *store.DB)
	}{
		{"one SQL text", sqlText},
		{"all or nothing", allOrNothing},
		{"a panic undoes", panicUndoes},
		{"a view changes nothing", viewChangesNothing},
		{"a view sees one state", viewSeesOneState},
		{"no update is lost", noLostUpdate},
		{"no write skew", noWriteSkew},
		{"a taken key is told", takenKey},
		{"opening again changes nothing", openAgain},
		{"many open at once", openAtOnce},
		{"one leader", oneLeader},
		{"the context ends it", contextEnds},
		{"a copy is the same", copyIsTheSame},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, address, Open(t, address)) })
	}
}

func do(t testing.TB, d *store.DB, f func(tx *store.Tx) error) {
	t.Helper()
	if err := d.Do(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// fresh makes an empty table k -> v of that name.
func fresh(t *testing.T, d *store.DB, name string) {
	t.Helper()
	do(t, d, func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), "CREATE TABLE "+name+" (k text NOT NULL PRIMARY KEY, v bigint NOT NULL)")
		return err
	})
	t.Cleanup(func() {
		d.Do(context.Background(), func(tx *store.Tx) error {
			_, err := tx.Exec(context.Background(), "DROP TABLE "+name)
			return err
		})
	})
}

func value(t *testing.T, d *store.DB, table, k string) (v int64) {
	t.Helper()
	err := d.View(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Row(t.Context(), []any{&v}, "SELECT v FROM "+table+" WHERE k = $1", k)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The three types, and what the text relies on.
func sqlText(t *testing.T, _ string, d *store.DB) {
	ctx := t.Context()
	type row struct {
		Name string
		N    int64
		Yes  bool
		Null *int64
	}
	long := strings.Repeat("\u00e9\u4e16", 40000)
	want := []row{{"", -1 << 63, true, nil}, {"a'b\"c;--\n\t", 1<<63 - 1, false, new(int64)}, {long, 0, true, nil}}
	var got []row
	do(t, d, func(tx *store.Tx) error {
		got = nil
		if _, err := tx.Exec(ctx, "CREATE TABLE sqltext (name text NOT NULL PRIMARY KEY, n bigint NOT NULL, yes boolean NOT NULL, maybe bigint)"); err != nil {
			return err
		}
		for _, r := range want { // parameters out of their order
			n, err := tx.Exec(ctx, "INSERT INTO sqltext (yes, name, n, maybe) VALUES ($3, $1, $2, $4)", r.Name, r.N, r.Yes, r.Null)
			if err != nil || n != 1 {
				return fmt.Errorf("%d rows, %w", n, err)
			}
		}
		err := tx.Rows(ctx, func(scan func(...any) error) error {
			var r row
			err := scan(&r.Name, &r.N, &r.Yes, &r.Null)
			got = append(got, r)
			return err
		}, "SELECT name, n, yes, maybe FROM sqltext ORDER BY name")
		if err != nil {
			return err
		}
		var n int64 // a parameter that stands twice
		if _, err := tx.Row(ctx, []any{&n}, "SELECT count(*) FROM sqltext WHERE yes = $1 OR (maybe IS NULL AND yes = $1)", true); err != nil || n != 2 {
			return fmt.Errorf("%d rows are true, %w", n, err)
		}
		if _, err := tx.Exec(ctx, "INSERT INTO sqltext (name, n, yes) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET n = excluded.n", "", int64(7), true); err != nil {
			return err
		}
		ok, err := tx.Row(ctx, []any{&n}, "UPDATE sqltext SET n = n + $2 WHERE name = $1 RETURNING n", "", int64(1))
		if err != nil || !ok || n != 8 {
			return fmt.Errorf("RETURNING gave %v %d, %w", ok, n, err)
		}
		if n, err := tx.Exec(ctx, "INSERT INTO sqltext (name, n, yes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", "", int64(9), true); err != nil || n != 0 {
			return fmt.Errorf("DO NOTHING wrote %d, %w", n, err)
		}
		if ok, err := tx.Row(ctx, []any{&n}, "SELECT n FROM sqltext WHERE name = $1", "nobody"); ok || err != nil {
			return fmt.Errorf("no row gave %v, %w", ok, err)
		}
		_, err = tx.Exec(ctx, "DROP TABLE sqltext")
		return err
	})
	slices.SortFunc(want, func(a, b row) int { return strings.Compare(a.Name, b.Name) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff[:min(len(diff), 500)])
	}
}

func allOrNothing(t *testing.T, _ string, d *store.DB) {
	ctx := t.Context()
	fresh(t, d, "allornothing")
	stop := errors.New("stop")
	err := d.Do(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO allornothing (k, v) VALUES ('a', 1)"); err != nil {
			return err
		}
		return stop
	})
	if err != stop {
		t.Errorf("got %v, want the error of the function itself", err)
	}
	if v := value(t, d, "allornothing", "a"); v != 0 {
		t.Errorf("a row of a failed transaction stayed: %d", v)
	}
}

func panicUndoes(t *testing.T, _ string, d *store.DB) {
	ctx := t.Context()
	fresh(t, d, "panics")
	func() {
		defer func() { recover() }()
		d.Do(ctx, func(tx *store.Tx) error {
			tx.Exec(ctx, "INSERT INTO panics (k, v) VALUES ('a', 1)")
			panic("broken")
		})
	}()
	do(t, d, func(tx *store.Tx) error { // and the writer is free again
		_, err := tx.Exec(ctx, "INSERT INTO panics (k, v) VALUES ('b', 2)")
		return err
	})
	if v := value(t, d, "panics", "a"); v != 0 {
		t.Errorf("a row of a transaction that panicked stayed: %d", v)
	}
}

func viewChangesNothing(t *testing.T, _ string, d *store.DB) {
	ctx := t.Context()
	fresh(t, d, "viewing")
	err := d.View(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO viewing (k, v) VALUES ('a', 1)")
		return err
	})
	if got := ErrorID(err); got != "store-read-only" {
		t.Errorf("writing in a view gave %q, want store-read-only", got)
	}
}

// Two readings in one view agree, whatever is written between them.
func viewSeesOneState(t *testing.T, _ string, d *store.DB) {
	ctx := t.Context()
	fresh(t, d, "onestate")
	write := func(v int64) {
		do(t, d, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO onestate (k, v) VALUES ('a', $1) ON CONFLICT (k) DO UPDATE SET v = excluded.v", v)
			return err
		})
	}
	write(1)
	var before, after int64
	err := d.View(ctx, func(tx *store.Tx) error {
		if _, err := tx.Row(ctx, []any{&before}, "SELECT v FROM onestate"); err != nil {
			return err
		}
		write(2)
		_, err := tx.Row(ctx, []any{&after}, "SELECT v FROM onestate")
		return err
	})
	if err != nil || before != 1 || after != 1 {
		t.Errorf("a view saw %d and then %d, %v", before, after, err)
	}
}

// Read, add, write, from many at once.
func noLostUpdate(t *testing.T, address string, d *store.DB) {
	ctx := t.Context()
	fresh(t, d, "lostupdate")
	do(t, d, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO lostupdate (k, v) VALUES ('a', 0)")
		return err
	})
	other := Open(t, address) // as another process would have it
	var wg sync.WaitGroup
	for i := range 4 {
		db := []*store.DB{d, other}[i%2]
		wg.Go(func() {
			for range 10 {
				err := db.Do(ctx, func(tx *store.Tx) error {
					var v int64
					if _, err := tx.Row(ctx, []any{&v}, "SELECT v FROM lostupdate WHERE k = 'a'"); err != nil {
						return err
					}
					_, err := tx.Exec(ctx, "UPDATE lostupdate SET v = $1 WHERE k = 'a'", v+1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if v := value(t, d, "lostupdate", "a"); v != 40 {
		t.Errorf("40 were added, and %d are there", v)
	}
}

// Two who each look whether nobody did it yet, and then do it, in different
// rows: one of them must see the other.
func noWriteSkew(t *testing.T, address string, d *store.DB) {
	ctx := t.Context()
	fresh(t, d, "skew")
	other := Open(t, address)
	var wg sync.WaitGroup
	for i, db := range []*store.DB{d, other, d, other} {
		wg.Go(func() {
			err := db.Do(ctx, func(tx *store.Tx) error {
				var n int64
				if _, err := tx.Row(ctx, []any{&n}, "SELECT count(*) FROM skew"); err != nil || n > 0 {
					return err
				}
				_, err := tx.Exec(ctx, "INSERT INTO skew (k, v) VALUES ($1, 1)", fmt.Sprint(i))
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n int64
	do(t, d, func(tx *store.Tx) error {
		_, err := tx.Row(ctx, []any{&n}, "SELECT count(*) FROM skew")
		return err
	})
	if n != 1 {
		t.Errorf("%d did what only the first may do", n)
	}
}

func takenKey(t *testing.T, _ string, d *store.DB) {
	ctx := t.Context()
	fresh(t, d, "taken")
	insert := func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO taken (k, v) VALUES ('a', 1)")
		return err
	}
	do(t, d, insert)
	if err := d.Do(ctx, insert); !store.Taken(err) {
		t.Errorf("a second row with the same key gave %v", err)
	}
}

func openAgain(t *testing.T, address string, d *store.DB) {
	before := dump(t, d)
	again := Open(t, address)
	if diff := cmp.Diff(before, dump(t, again)); diff != "" {
		t.Errorf("opening changed the database (-before +after)\n%s", diff)
	}
	if again.Engine() != d.Engine() {
		t.Errorf("got engine %s", again.Engine())
	}
}

func openAtOnce(t *testing.T, address string, _ *store.DB) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			d, err := store.Open(t.Context(), address)
			if err != nil {
				t.Error(err)
				return
			}
			d.Close()
		})
	}
	wg.Wait()
}

func oneLeader(t *testing.T, address string, d *store.DB) {
	ctx := t.Context()
	other := Open(t, address)
	first, err := d.Lead(ctx, "one")
	if err != nil {
		t.Fatal(err)
	}
	for name, db := range map[string]*store.DB{"the same": d, "another": other} {
		if _, err := db.Lead(ctx, "one"); ErrorID(err) != "not-leader" {
			t.Errorf("a second leader through %s database: %v", name, err)
		}
	}
	if err := first.Held(ctx); err != nil {
		t.Error(err)
	}
	two, err := other.Lead(ctx, "two")
	if err != nil {
		t.Fatalf("another name: %v", err)
	}
	two.Release()
	do(t, d, func(tx *store.Tx) error { // leading holds no writer up
		_, err := tx.Exec(ctx, "UPDATE counter SET n = n WHERE name = 'outbox'")
		return err
	})
	first.Release()
	again, err := other.Lead(ctx, "one")
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	again.Release()
}

func contextEnds(t *testing.T, _ string, d *store.DB) {
	ctx, cancel := context.WithCancel(t.Context())
	err := d.Do(ctx, func(tx *store.Tx) error {
		cancel()
		_, err := tx.Exec(ctx, "UPDATE counter SET n = n")
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was canceled", err)
	}
	do(t, d, func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE counter SET n = n")
		return err
	})
}

func dump(t *testing.T, d *store.DB) string {
	t.Helper()
	var b strings.Builder
	if err := d.Copy(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A copy put back, into either engine, is the same; a damaged one leaves nothing.
func copyIsTheSame(t *testing.T, _ string, d *store.DB) {
	ctx := t.Context()
	do(t, d, func(tx *store.Tx) error {
		for k, v := range map[string]string{"a": "1", "b": "<&>\u2028\"\\", "\u00e4": "", "B": "x", "z": strings.Repeat("long ", 1<<16)} {
			if _, err := tx.Exec(ctx, "INSERT INTO identity (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", k, v); err != nil {
				return err
			}
		}
		for object, leaving := range map[string]bool{"x": true, "y": false} {
			if _, err := tx.Exec(ctx, "INSERT INTO vault_loose (object, since, leaving) VALUES ($1, '', $2)", object, leaving); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "UPDATE counter SET n = 5 WHERE name = 'outbox'")
		return err
	})
	want := dump(t, d)
	if !strings.Contains(want, "[\"x\",\"\",true]\n[\"y\",\"\",false]\n") {
		t.Error("truth values are not copied as such")
	}
	if want != dump(t, d) {
		t.Error("two copies of the same rows differ")
	}
	for name, address := range map[string]string{"SQLite": filepath.Join(t.TempDir(), "copy.db"), "PostgreSQL": pgtest.Address(t)} {
		to := Open(t, address)
		empty := dump(t, to)
		lines := strings.SplitAfter(want, "\n")
		for what, c := range map[string]struct{ text, id string }{
			"nothing":             {"", "copy-damaged"},
			"cut short":           {want[:len(want)/2], "copy-damaged"},
			"without its end":     {strings.Join(lines[:len(lines)-2], ""), "copy-damaged"},
			"a byte changed":      {strings.Replace(want, "long ", "lung ", 1), "copy-damaged"},
			"something after":     {want + "{}\n", "copy-damaged"},
			"an unknown table":    {lines[0] + `{"table":"users; drop","columns":["a"]}` + "\n", "copy-newer"},
			"an unknown column":   {lines[0] + `{"table":"identity","columns":["name) --"]}` + "\n", "copy-newer"},
			"no columns":          {lines[0] + `{"table":"identity"}` + "\n", "copy-damaged"},
			"a row of no table":   {lines[0] + "[1]\n", "copy-damaged"},
			"a row twice":         {lines[0] + `{"table":"identity","columns":["name","value"]}` + "\n[\"a\",\"b\"]\n[\"a\",\"b\"]\n", "copy-damaged"},
			"a number that is no": {lines[0] + `{"table":"counter","columns":["name","n"]}` + "\n[\"a\",1.5]\n", "copy-damaged"},
		} {
			if got := ErrorID(to.Restore(ctx, strings.NewReader(c.text))); got != c.id {
				t.Errorf("%s into %s: got %q, want %s", what, name, got, c.id)
			}
		}
		if diff := cmp.Diff(empty, dump(t, to)); diff != "" {
			t.Errorf("damaged copies left something in %s (-want +got)\n%s", name, diff)
		}
		if err := to.Restore(ctx, strings.NewReader(want)); err != nil {
			t.Fatalf("into %s: %v", name, err)
		}
		if got := dump(t, to); got != want {
			t.Errorf("the copy in %s is another (-want +got)\n%.600s", name, cmp.Diff(want, got))
		}
		if got := ErrorID(to.Restore(ctx, strings.NewReader(want))); got != "store-not-empty" {
			t.Errorf("a copy over rows: got %q, want store-not-empty", got)
		}
	}
}
