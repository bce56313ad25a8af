package vault_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// inMemory makes a vault that waits for no disk, where the system has such a
// place.
func inMemory(f *testing.F) *world {
	dir, err := os.MkdirTemp("/dev/shm", "iotmark-fuzz-")
	if err != nil {
		return local(f)
	}
	f.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{t: f, ctx: f.Context(), db: storetest.Open(f, filepath.Join(dir, "registry.db")), dir: filepath.Join(dir, "evidence"), key: newKey(f)}
	w.Vault = w.open(w.config())
	return w
}

// Whatever stands in the place of an object and its wrapped key: the bytes
// that were put in come out, or an error of ours, and nothing else.
func FuzzStored(f *testing.F) {
	w := inMemory(f)
	b := []byte("the test report of a lamp")
	in := putting("a.txt")
	in.Class = iotmark.Public
	d := w.put(in, b).Digest
	file := w.object(d)
	object := readFile(f, file)
	var wrapped string
	must(f, w.db.View(f.Context(), func(tx *store.Tx) error {
		_, err := tx.Row(f.Context(), []any{&wrapped}, "SELECT wrapped FROM vault_piece")
		return err
	}))
	f.Add([]byte("age-encryption.org/v1\n"), "")
	f.Add([]byte(nil), "AAAA")
	ctx := f.Context()
	f.Fuzz(func(t *testing.T, bad []byte, key string) {
		for _, c := range []struct {
			object []byte
			key    string
		}{{bad, wrapped}, {object, key}, {append(bytes.Clone(object), bad...), wrapped}, {object[:len(bad)%len(object)], wrapped}} {
			must(t, os.WriteFile(file, c.object, 0o600))
			err := w.db.Do(ctx, func(tx *store.Tx) error {
				_, err := tx.Exec(ctx, "UPDATE vault_piece SET wrapped = $1", c.key)
				return err
			})
			must(t, err)
			got, err := w.read(reader, d)
			if err == nil && !bytes.Equal(got, b) {
				t.Errorf("%q came out", got)
			}
			if id := storetest.ErrorID(err); err != nil && id != "vault-damaged" {
				t.Errorf("got %q", id)
			}
		}
	})
}

// Whatever is said of a piece: it is taken as it is or refused by its name,
// and a digest that is none never gets near a path.
func FuzzPut(f *testing.F) {
	w := inMemory(f)
	f.Add("ann", "case-1", "restricted", "a.pdf", "application/pdf", "", int64(0), []byte("%PDF-1.7"))
	f.Add("", "\x00", "public", "../a", "text/plain; a=\"", "../../../etc/passwd", int64(-1), []byte(nil))
	f.Add("ann", "", "secret", "", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", int64(1<<62), []byte("\x7fELF"))
	ctx := f.Context()
	f.Fuzz(func(t *testing.T, by, caseID, class, name, typ, want string, size int64, b []byte) {
		in := vault.Put{By: by, Case: caseID, Class: iotmark.Visibility(class), Name: name, Type: typ, Want: iotmark.Digest(want), Size: size}
		p, err := w.Put(ctx, in, bytes.NewReader(b))
		switch id := storetest.ErrorID(err); id {
		case "vault-text", "vault-class", "vault-digest", "vault-length", "vault-too-large", "vault-truncated", "vault-hash":
			return
		case "":
		default:
			t.Fatalf("got %q", id)
		}
		if p.Digest != digest(b) || p.Size != int64(len(b)) || want != "" && want != string(p.Digest) {
			t.Errorf("got %+v", p)
		}
		p.Disguised()
		r, err := w.read(vault.Reader{Person: "ben", Case: caseID, Why: "evaluation"}, p.Digest)
		if err == nil && !bytes.Equal(r, b) {
			t.Errorf("%q came out", r)
		}
	})
}
