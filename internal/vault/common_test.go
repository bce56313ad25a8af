package vault_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

func TestMain(m *testing.M) {
	if work, ok := os.LookupEnv(childEnv); ok {
		os.Exit(child(work))
	}
	os.Exit(pgtest.Run(m))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a vault and all that it stands on.
type world struct {
	*vault.Vault
	t     testing.TB
	ctx   context.Context
	db    *store.DB
	dir   string
	key   string
	clock atomic.Int64 // hours since the start
}

var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func (w *world) now() time.Time { return start.Add(time.Duration(w.clock.Load()) * time.Hour) }

func (w *world) config() vault.Config {
	return vault.Config{Bucket: w.dir, DB: w.db, Keys: []string{w.key}, MaxPiece: 8 << 20, Now: w.now}
}

// newKey writes a file as age-keygen does.
func newKey(t testing.TB) string {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	must(t, err)
	file := filepath.Join(t.TempDir(), "vault.key")
	must(t, os.WriteFile(file, []byte("# created: 2027-03-01\n"+id.String()+"\n"), 0o600))
	return file
}

func newWorld(t testing.TB, address string) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), db: storetest.Open(t, address), dir: filepath.Join(t.TempDir(), "evidence"), key: newKey(t)}
	w.Vault = w.open(w.config())
	return w
}

func (w *world) open(c vault.Config) *vault.Vault {
	w.t.Helper()
	v, err := vault.Open(w.t.Context(), c)
	must(w.t, err)
	w.t.Cleanup(func() { v.Close() })
	return v
}

func local(t testing.TB) *world { return newWorld(t, filepath.Join(t.TempDir(), "registry.db")) }

// engines runs a test on each engine with a vault of its own.
func engines(t *testing.T, run func(t *testing.T, w *world)) {
	storetest.Engines(t, func(t *testing.T, address string) { run(t, newWorld(t, address)) })
}

func digest(b []byte) iotmark.Digest {
	s := sha256.Sum256(b)
	return iotmark.Digest(hex.EncodeToString(s[:]))
}

func putting(name string) vault.Put {
	return vault.Put{By: "ann", Case: "case-1", Class: iotmark.Restricted, Name: name}
}

func (w *world) put(in vault.Put, b []byte) vault.Piece {
	w.t.Helper()
	p, err := w.Put(w.t.Context(), in, bytes.NewReader(b))
	must(w.t, err)
	return p
}

func (w *world) do(f func(tx *store.Tx) error) error { return w.db.Do(w.t.Context(), f) }

var reader = vault.Reader{Person: "ben", Case: "case-1", Why: "evaluation"}

// read reads a piece to its end.
func (w *world) read(by vault.Reader, d iotmark.Digest) ([]byte, error) {
	r, err := w.Open(w.ctx, by, d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// objects are the files of the folder but for its mark.
func (w *world) objects() (out []string) {
	w.t.Helper()
	must(w.t, filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "iotmark-vault" {
			out = append(out, path)
		}
		return err
	}))
	return out
}

// rows counts the rows of a table.
func (w *world) rows(table string) (n int64) {
	w.t.Helper()
	must(w.t, w.db.View(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Row(w.t.Context(), []any{&n}, "SELECT count(*) FROM "+table)
		return err
	}))
	return n
}

// nothing checks that nothing is there, neither half nor whole.
func (w *world) nothing(t testing.TB) {
	t.Helper()
	if o := w.objects(); len(o) > 0 {
		t.Errorf("objects stayed: %q", o)
	}
	for _, table := range []string{"vault_piece", "vault_binding", "vault_loose"} {
		if n := w.rows(table); n != 0 {
			t.Errorf("%d rows stayed in %s", n, table)
		}
	}
}

// sound checks that folder and database agree.
func (w *world) sound(t testing.TB, pieces int) {
	t.Helper()
	c, err := w.Fsck(t.Context(), nil)
	must(t, err)
	if c.Pieces != pieces || len(c.Faults) > 0 || c.Loose > 0 {
		t.Errorf("got %+v, want %d pieces and nothing else", c, pieces)
	}
}

func wantID(t testing.TB, err error, want string) {
	t.Helper()
	if got := storetest.ErrorID(err); got != want {
		t.Errorf("got the error %q, want %q", got, want)
	}
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		if words := strings.Fields(e.Msg); len(words) < 5 || slices.Contains(words, "%!") || strings.Contains(e.Msg, "%!") {
			t.Errorf("the message of %s says too little: %q", want, e.Msg)
		}
	}
}

// patterned gives n bytes that are no two times the same.
func patterned(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>16) ^ byte(i>>8) ^ byte(i)*7
	}
	return b
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	must(t, err)
	return b
}
