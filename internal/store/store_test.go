package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func TestEngines(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, storetest.Run)
}

// What is wrong with an address or a file has a name.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("not a database. "), 1024), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, address, want string }{
		{"nothing", "", "store-address"},
		{"no text", "a\x00b", "store-address"},
		{"another kind", "mysql://user:secret@host/name", "store-address"},
		{"no address", "postgres://user:secret@ho st/name", "store-address"},
		{"a folder that is not there", filepath.Join(dir, "nothing", "registry.db"), "store-unreachable"},
		{"a folder", dir, "store-unreachable"},
		{"no database", garbage, "store-damaged"},
		{"no server", "postgres://user:secret@127.0.0.1:1/name?connect_timeout=5", "store-unreachable"},
		{"no socket", "postgres:///name?user=user&password=secret&host=" + dir, "store-unreachable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, err := store.Open(t.Context(), c.address)
			if err == nil {
				d.Close()
			}
			if got := storetest.ErrorID(err); got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the password is told: %v", err)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	// Characters that mean something in the address of a file.
	for _, name := range []string{"plain.db", "a b.db", "a?b=c&mode=ro.db", "a#b.db", "a%41b.db", "\u00e4.db"} {
		path := filepath.Join(t.TempDir(), name)
		storetest.Open(t, path)
		st, err := os.Stat(path)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
			t.Errorf("%q may be read by others: %v", name, st.Mode())
		}
	}
}

// A database of a later release is left as it is, and can be used.
func TestLaterRelease(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		d := storetest.Open(t, address)
		err := d.Do(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(t.Context(), "ALTER TABLE identity ADD COLUMN later text"); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), "INSERT INTO migration (version_id, is_applied) VALUES (999, $1)", true)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		d.Close()
		d = storetest.Open(t, address)
		if err := d.Do(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO identity (name, value) VALUES ('a', 'b')")
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}

// PostgreSQL with another encoding or the order of a language would give other
// pages and copies.
func TestOrderOfTexts(t *testing.T) {
	t.Parallel()
	_, err := store.Open(t.Context(), pgtest.Address(t, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"))
	if got := storetest.ErrorID(err); got != "store-order" {
		t.Errorf("got %s, want store-order", got)
	}
}

// The queue of jobs of others in the same database is not ours to copy, and a
// table of ours is never forgotten.
func TestEveryTableIsCopied(t *testing.T) {
	t.Parallel()
	d := storetest.Open(t, filepath.Join(t.TempDir(), "registry.db"))
	var b strings.Builder
	if err := d.Copy(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	err := d.View(t.Context(), func(tx *store.Tx) error {
		n := 0
		err := tx.Rows(t.Context(), func(scan func(...any) error) error {
			var name string
			if err := scan(&name); err != nil {
				return err
			}
			n++
			if !strings.Contains(b.String(), `{"table":"`+name+`"`) {
				t.Errorf("the copy lacks the table %s", name)
			}
			return nil
		}, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migration'")
		if n < 10 {
			t.Errorf("only %d tables were found", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
