package issuance_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/issuance"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func signer(k ed25519.PrivateKey) issuance.Signer {
	return issuance.Signer{Public: k.Public().(ed25519.PublicKey), Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(k, m), nil }}
}

// round makes what a round needs, with the scheme's log on disk.
func round(t *testing.T, s *verifytest.Scheme) issuance.Config {
	t.Helper()
	k := s.LogSigner()
	dir := filepath.Join(t.TempDir(), "log")
	must(t, ledger.Init(dir, k))
	p, err := ledger.Open(t.Context(), ledger.Config{Dir: dir, Signer: k, Key: s.Trust.Log, Interval: 10 * time.Millisecond, BatchAge: time.Millisecond})
	must(t, err)
	t.Cleanup(func() { p.Close(context.Background()) })
	for _, e := range s.Entries {
		_, err := p.Append(t.Context(), e)
		must(t, err)
	}
	_, err = p.Published(t.Context(), uint64(len(s.Entries)-1))
	must(t, err)
	return issuance.Config{Log: p, Trust: s.Trust, Operator: signer(s.Operator.Private), Issuer: signer(s.Issuer.Private),
		Now: func() time.Time { return s.Now }, Dir: filepath.Join(t.TempDir(), "site")}
}

func life(t *testing.T) *verifytest.Scheme {
	s := verifytest.New(t, verifytest.Opts{Unwitnessed: true})
	s.Grant(s.Makers[0], "lamp")
	s.Grant(s.Makers[1], "hub").Suspend(2)
	s.Grant(s.Makers[2], "lock").Withdraw(verify.Committee)
	return s
}

// files names what is in a folder.
func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	}))
	return out
}

// Each round gives every mark a bundle that verifies with its answer; the
// rounds stand in the log one after another.
func TestRounds(t *testing.T) {
	t.Parallel()
	s := life(t)
	c := round(t, s)
	first, err := issuance.Make(t.Context(), c)
	must(t, err)
	s.Now = s.Now.Add(time.Hour)
	second, err := issuance.Make(t.Context(), c)
	must(t, err)
	n := int64(len(s.Entries))
	if first.Index != n || second.Index != n+1 || second.Size != n+1 || first.Marks != 3 {
		t.Errorf("got %+v and %+v, after %d entries", first, second, n)
	}
	got := map[verify.Answer]int{}
	all := files(t, c.Dir)
	for _, f := range all {
		if !strings.HasSuffix(f, ".iotmark") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(c.Dir, f))
		must(t, err)
		r := verify.VerifyBundle(b, s.Trust, s.Now.Add(time.Minute))
		if r.Failure != nil || !r.AsOf.Equal(second.Time) {
			t.Errorf("%s: %v, as of %v", f, r.Failure, r.AsOf)
		}
		got[r.Answer]++
	}
	if diff := cmp.Diff(map[verify.Answer]int{verify.GenuineCurrent: 1, verify.Suspended: 1, verify.Withdrawn: 1}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(all) != second.Files || len(all) != 4+3*3 {
		t.Errorf("%d files, %d told: %q", len(all), second.Files, all)
	}
}

// What cannot be said rightly is not said: the log stays as it was, and no
// file is written.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*verifytest.Scheme, *issuance.Config)
		want   iotmark.ErrorID
	}{
		{"a key that is not the operator's", func(s *verifytest.Scheme, c *issuance.Config) { c.Operator = signer(s.Committee[0].Private) }, "key-role"},
		{"a key that is not the issuer's", func(s *verifytest.Scheme, c *issuance.Config) { c.Issuer = signer(s.Operator.Private) }, "key-role"},
		{"an operator who signs something else", func(s *verifytest.Scheme, c *issuance.Config) {
			c.Operator.Sign = func([]byte) ([]byte, error) { return ed25519.Sign(s.Operator.Private, []byte("other")), nil }
		}, "status-void"},
		{"a clock from before the log", func(s *verifytest.Scheme, c *issuance.Config) {
			c.Now = func() time.Time { return time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC) }
		}, ""},
		{"a key that does not sign", func(s *verifytest.Scheme, c *issuance.Config) {
			c.Issuer.Sign = func([]byte) ([]byte, error) { return nil, errors.New("no") }
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := life(t)
			cfg := round(t, s)
			c.change(s, &cfg)
			_, err := issuance.Make(t.Context(), cfg)
			var e *iotmark.Error
			if err == nil || c.want != "" && (!errors.As(err, &e) || e.ID != c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			h, err := cfg.Log.Head(t.Context())
			must(t, err)
			if h.Size != int64(len(s.Entries)) {
				t.Errorf("the log has %d entries, and had %d", h.Size, len(s.Entries))
			}
			if _, err := os.Stat(cfg.Dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("files were written: %q", files(t, cfg.Dir))
			}
		})
	}
}

// A folder that cannot be written to is told as what it is.
func TestFolderTaken(t *testing.T) {
	t.Parallel()
	c := round(t, life(t))
	must(t, os.WriteFile(c.Dir, []byte("a file"), 0o644))
	var e *iotmark.Error
	if _, err := issuance.Make(t.Context(), c); !errors.As(err, &e) || e.ID != "site-write" {
		t.Errorf("got %v", err)
	}
}
