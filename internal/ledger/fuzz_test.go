package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark/internal/ledger"
)

// fixedKeys are the same in every run, so that a kept input stays meaningful.
func fixedKeys(t testing.TB, name string) keys {
	t.Helper()
	seed := bytes.Repeat([]byte{7}, ed25519.SeedSize)
	vkey, err := note.NewEd25519VerifierKey(name, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Split(vkey, "+")[1]
	skey := fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", name, hash, base64.StdEncoding.EncodeToString(append([]byte{1}, seed...)))
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return keys{skey, vkey, s}
}

// Whatever a witness is sent, it answers with one of the statuses of the
// specification, and signs only what the log signed.
func FuzzAddCheckpoint(f *testing.F) {
	k := fixedKeys(f, origin)
	s, err := fnote.NewSignerForCosignatureV1(fixedKeys(f, "witness.example/1").skey)
	if err != nil {
		f.Fatal(err)
	}
	root := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{3}, 32))
	good, err := note.Sign(&note.Note{Text: origin + "\n3\n" + root + "\n"}, k.signer)
	if err != nil {
		f.Fatal(err)
	}
	for _, body := range []string{
		"", "old 0\n\n" + string(good), "old 0\n" + root + "\n\n" + string(good), "old 7\n\n" + string(good), "old 3\n\n" + string(good),
		"old 0\n\n" + strings.Replace(string(good), "\n3\n", "\n4\n", 1), "old 0\n\n" + string(good) + string(good), "old 0\n\nlog.other.example\n1\n",
	} {
		f.Add([]byte(body))
	}
	dir := filepath.Join(f.TempDir(), "w")
	if err := ledger.InitWitness(dir, s); err != nil {
		f.Fatal(err)
	}
	w, err := ledger.NewWitness(ledger.WitnessConfig{Dir: dir, Signer: s, Logs: []string{k.vkey}, Burst: 1 << 30})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { w.Close() })
	r := reader(f, k, dir)
	f.Fuzz(func(t *testing.T, body []byte) {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
		switch rec.Code {
		case 400, 403, 404, 409, 413, 422:
		case 200:
			_, checkpoint, _ := bytes.Cut(body, []byte("\n\n"))
			if _, err := r.Open(checkpoint); err != nil {
				t.Errorf("signed what the log did not: %v", err)
			}
		default:
			t.Errorf("answers %d: %s", rec.Code, rec.Body)
		}
	})
}

// Whatever the files of a log hold, reading, checking and copying it end in
// good order, and nothing is given that the checkpoint does not cover.
func FuzzFiles(f *testing.F) {
	k := fixedKeys(f, origin)
	dir := filepath.Join(f.TempDir(), "log")
	if err := ledger.Init(dir, k.signer); err != nil {
		f.Fatal(err)
	}
	p := openLog(f, k, dir, nil)
	fill(f, p, 0, 2)
	fill(f, p, 2, 3)
	if err := p.Close(f.Context()); err != nil {
		f.Fatal(err)
	}
	all := files(f, dir)
	names := []string{"checkpoint", "births", "tile/entries/000.p/3", "tile/0/000.p/3"}
	f.Add(uint8(4), []byte(nil))
	for i, n := range names {
		f.Add(uint8(i), []byte(all[n]))
		f.Add(uint8(i), flip([]byte(all[n])))
		f.Add(uint8(i), []byte(all[n])[:len(all[n])/2])
		f.Add(uint8(i), []byte(all[n]+all[n]))
	}
	f.Fuzz(func(t *testing.T, which uint8, content []byte) {
		bad := t.TempDir()
		for i, n := range names {
			b := []byte(all[n])
			if i == int(which) {
				b = content
			}
			name := filepath.Join(bad, n)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		r := reader(t, k, bad)
		n := 0
		for e, err := range r.Entries(t.Context(), 0, 3) {
			if err != nil {
				break
			}
			if string(e) != string(entry(n)) {
				t.Errorf("entry %d is %q", n, e)
			}
			n++
		}
		for b, err := range r.Births(t.Context()) {
			if err == nil && b.Size > 3 {
				t.Errorf("a birth of %d", b.Size)
			}
		}
		r.BirthProof(t.Context(), 1)
		c, err := r.Fsck(t.Context(), nil)
		_, mirrored := ledger.Mirror(t.Context(), r, filepath.Join(t.TempDir(), "copy"), nil, nil)
		if right := err == nil && len(c.Problems) == 0; right && mirrored != nil {
			t.Errorf("it is right, and is not copied: %v", mirrored)
		}
	})
}

// Whatever path is asked for, nothing is served but what a log publishes.
func FuzzPath(f *testing.F) {
	k := fixedKeys(f, origin)
	dir := filepath.Join(f.TempDir(), "log")
	if err := ledger.Init(dir, k.signer); err != nil {
		f.Fatal(err)
	}
	for name, b := range map[string]string{"secret": "SECRET", "tile/secret": "SECRET", "tile/0/000": strings.Repeat("x", 8192)} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b), 0o644); err != nil {
			f.Fatal(err)
		}
	}
	h, err := ledger.Handler(dir, k.vkey)
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range []string{"/checkpoint", "/tile/0/000", "/tile/secret", "/secret", "/../secret", "/tile/0/../secret", "/tile//secret", "/.state/lock", "/tile/entries/x001/000.p/3", "/birth/0.tlog-proof", "", "/tile/0/000\x00", "//checkpoint"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, path string) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))})
		if rec.Code != 200 && rec.Code != 404 || strings.Contains(rec.Body.String(), "SECRET") {
			t.Errorf("%q: %d %s", path, rec.Code, rec.Body)
		}
	})
}
