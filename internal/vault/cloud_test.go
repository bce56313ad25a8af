package vault_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// A bucket that is no folder does the same: one in memory here, by the same
// library that reaches those of S3.
func TestBucket(t *testing.T) {
	t.Parallel()
	w := &world{t: t, ctx: t.Context(), db: storetest.Open(t, filepath.Join(t.TempDir(), "registry.db")), key: newKey(t), dir: "mem://"}
	w.Vault = w.open(w.config())
	b := patterned(300_000)
	in := putting("a.bin")
	in.Personal = true
	p := w.put(in, b)
	if again := w.put(putting("b.bin"), b); !again.Again {
		t.Errorf("got %+v", again)
	}
	got, err := w.read(reader, p.Digest)
	if err != nil || !bytes.Equal(got, b) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	w.sound(t, 1)
	in.Want = digest([]byte("another"))
	_, err = w.Put(t.Context(), in, bytes.NewReader(patterned(200_000)))
	wantID(t, err, "vault-hash")
	w.sound(t, 1)
	object := "ab/" + string(p.Digest[:30])
	w.set("object", object, p.Digest)
	_, err = w.read(reader, p.Digest)
	wantID(t, err, "vault-missing")
	c, err := w.Fsck(t.Context(), nil)
	if err != nil || len(c.Faults) != 2 { // one is missing, one is a stray
		t.Errorf("got %+v, %v", c, err)
	}
	must(t, w.do(func(tx *store.Tx) error { return w.Erase(t.Context(), tx, "dpo", "request 1", p.Digest) }))
	if n, err := w.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	for _, address := range []string{"mem2://", "file:///tmp", "s3://key:secret@/?x=%zz"} {
		c := w.config()
		c.Bucket = address
		_, err := vault.Open(t.Context(), c)
		wantID(t, err, "vault-address")
	}
}
