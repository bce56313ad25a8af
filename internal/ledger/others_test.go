package ledger_test

import (
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	flog "github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark/internal/ledger"
)

func verifierOf(t testing.TB, vkey string) note.Verifier {
	t.Helper()
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The proofs and checkpoints that we write are read by others: with nothing of
// this project but the keys, an entry is in the log, and its checkpoint is
// signed by the log and by each of its witnesses with a time.
func TestOthersReadProofs(t *testing.T) {
	t.Parallel()
	k, dir := newKeys(t, origin), filepath.Join(t.TempDir(), "log")
	if err := ledger.Init(dir, k.signer); err != nil {
		t.Fatal(err)
	}
	cs := four(t, k)
	p := openLog(t, k, dir, func(c *ledger.Config) { c.Policy = policyOf(4, cs...) })
	fill(t, p, 0, 11)
	var witnesses []note.Verifier
	for _, c := range cs {
		v, err := fnote.NewVerifierForCosignatureV1(c.vkey)
		if err != nil {
			t.Fatal(err)
		}
		witnesses = append(witnesses, v)
	}
	cp, err := p.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := reader(t, k, dir)
	for i := range 11 {
		raw, err := r.Proof(t.Context(), int64(i), cp)
		if err != nil {
			t.Fatal(err)
		}
		tp := unmarshalProof(t, raw)
		if string(tp.Marshal()) != string(raw) {
			t.Errorf("proof %d is written in another form than theirs", i)
		}
		c, _, n, err := flog.ParseCheckpoint(tp.Checkpoint, origin, verifierOf(t, k.vkey), witnesses...)
		if err != nil {
			t.Fatal(err)
		}
		if len(n.Sigs) != 5 || len(n.UnverifiedSigs) != 0 {
			t.Errorf("proof %d: %d signatures are right and %d are of others, want 5 and 0", i, len(n.Sigs), len(n.UnverifiedSigs))
		}
		for _, s := range n.Sigs {
			if s.Name == origin {
				continue
			}
			if at, err := fnote.CoSigV1Timestamp(s); err != nil || at.Year() < 2025 {
				t.Errorf("proof %d: %s signed at %s, %v", i, s.Name, at, err)
			}
		}
		var path [][]byte
		var record tlog.RecordProof
		for _, h := range tp.Hashes {
			path, record = append(path, h[:]), append(record, h)
		}
		leaf := rfc6962.DefaultHasher.HashLeaf(entry(i))
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, tp.Index, c.Size, leaf, path, c.Hash); err != nil || tp.Index != uint64(i) {
			t.Errorf("proof %d: merkle says %v of index %d", i, err, tp.Index)
		}
		if err := tlog.CheckRecord(record, int64(c.Size), tlog.Hash(c.Hash), int64(i), tlog.RecordHash(entry(i))); err != nil {
			t.Errorf("proof %d: tlog says %v", i, err)
		}
		if err := tlog.CheckRecord(record, int64(c.Size), tlog.Hash(c.Hash), int64(i), tlog.RecordHash(entry(i+1))); err == nil {
			t.Errorf("proof %d: tlog takes another entry", i)
		}
	}
}

// leaves gives the hashes of the entries of a bundle.
func leaves(bundle []byte) (out [][]byte, err error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	for _, e := range b.Entries {
		h := sha256.Sum256(append([]byte{0}, e...))
		out = append(out, h[:])
	}
	return out, nil
}

// Tessera's own fsck, over HTTP, finds a log that we serve whole, and a mirror
// of it as well; and finds one changed byte.
func TestOthersCheckLogs(t *testing.T) {
	t.Parallel()
	k, dir := closed(t, 600)
	r, _ := served(t, k, dir)
	mirror := filepath.Join(t.TempDir(), "mirror")
	if _, err := ledger.Mirror(t.Context(), r, mirror, nil, nil); err != nil {
		t.Fatal(err)
	}
	check := func(dir string) error {
		h, err := ledger.Handler(dir, k.vkey)
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewServer(h)
		defer s.Close()
		root, err := url.Parse(s.URL + "/")
		if err != nil {
			t.Fatal(err)
		}
		f, err := client.NewHTTPFetcher(root, http.DefaultClient)
		if err != nil {
			t.Fatal(err)
		}
		return fsck.New(origin, verifierOf(t, k.vkey), f, leaves, fsck.Opts{N: 2}).Check(t.Context())
	}
	if err := check(dir); err != nil {
		t.Errorf("the log: %v", err)
	}
	if err := check(mirror); err != nil {
		t.Errorf("the mirror: %v", err)
	}
	for _, name := range []string{"tile/entries/001", "tile/0/000", "checkpoint"} {
		bad := copied(t, mirror)
		if _, err := os.Stat(filepath.Join(bad, name)); err != nil {
			t.Fatal(err)
		}
		edit(t, filepath.Join(bad, name), flip)
		if err := check(bad); err == nil {
			t.Errorf("%s was changed, and nothing was found", name)
		}
	}
}
