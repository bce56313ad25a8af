package cli_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// publishedLog writes the log of a scheme, and its trust file.
func publishedLog(t *testing.T, s *verifytest.Scheme) (dir, trust string) {
	t.Helper()
	dir, trust = filepath.Join(t.TempDir(), "log"), filepath.Join(t.TempDir(), "trust.json")
	v, err := note.NewVerifier(s.Trust.Log)
	if err != nil {
		t.Fatal(err)
	}
	k, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", v.Name(), v.KeyHash(),
		base64.StdEncoding.EncodeToString(append([]byte{1}, s.Log.Seed()...))))
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.Init(dir, k); err != nil {
		t.Fatal(err)
	}
	p, err := ledger.Open(t.Context(), ledger.Config{Dir: dir, Signer: k, Key: s.Trust.Log, Interval: 10 * time.Millisecond, BatchAge: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(context.WithoutCancel(t.Context()))
	for _, e := range s.Entries {
		if _, err := p.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Published(t.Context(), uint64(len(s.Entries)-1)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(trust, s.Trust.Marshal(), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, trust
}

func TestRebuild(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{Unwitnessed: true})
	s.Grant(s.Makers[0], "lamp")
	less := s.PromiseOf(s.Makers[0], "lamp")
	less.Updates = s.Day(30)
	s.AppendVoid(verifytest.Draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: less, Signers: s.Makers[0].Keys})
	dir, trust := publishedLog(t, s)
	address := filepath.Join(t.TempDir(), "registry.db")
	rebuild := func(name string, code int, want []string, args ...string) {
		t.Helper()
		got, out, stderr := iotmark(t, append([]string{"rebuild", "--db", address, "--trust", trust}, args...)...)
		all := out + stderr
		if got != code {
			t.Errorf("%s: exit code %d, want %d\n%s", name, got, code, all)
		}
		for _, w := range want {
			if !strings.Contains(all, w) {
				t.Errorf("%s: want %q in\n%s", name, w, all)
			}
		}
	}
	change := func(statement string) {
		t.Helper()
		db, err := store.Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.Do(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), statement)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	entries := fmt.Sprintf("entries   %d, 1 of them without effect", len(s.Entries))
	rebuild("before the first", 3, []string{"do not say what the log says: 1", "nothing was ever applied"}, "--check", dir)
	rebuild("the first", 0, []string{"Every row", entries, "registry  "}, dir)
	rebuild("compared", 0, []string{"Every row", entries}, "--check", dir)
	change("UPDATE mark SET state = 'withdrawn'")
	rebuild("compared after a change", 3, []string{"do not say what the log says: 1", "mark urn:iotmark:mark:"}, "--check", dir)
	rebuild("compared as JSON", 3, []string{`"differ": 1`, `"written": false`, `"mark urn:iotmark:mark:`}, "--check", "--format", "json", dir)
	rebuild("after a change", 0, []string{"did not say what the log says, and were made again: 1", "mark urn:iotmark:mark:", "registry  "}, dir)
	rebuild("compared again", 0, []string{"Every row"}, "--check", dir)
	rebuild("no log", 2, []string{"is no log: "}, filepath.Join(t.TempDir(), "nothing"))
	rebuild("no argument", 2, []string{"takes one argument"})
	rebuild("no format", 2, []string{"known are text and json"}, "--format", "xml", dir)
	if code, _, stderr := iotmark(t, "rebuild", dir); code != 2 || !strings.Contains(stderr, "--db is missing") {
		t.Errorf("without flags: %d %s", code, stderr)
	}
	other := filepath.Join(t.TempDir(), "other.json")
	o := verifytest.New(t, verifytest.Opts{Domain: "other.example", Bare: true})
	if err := os.WriteFile(other, o.Trust.Marshal(), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := iotmark(t, "rebuild", "--db", address, "--trust", other, dir); code != 4 || !strings.Contains(stderr, "belongs to another scheme or log") {
		t.Errorf("with the trust of another: %d %s", code, stderr)
	}
}
