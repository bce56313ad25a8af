package vault_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// What is put in comes out: every size around the chunks of the encryption,
// from front to back and at any place.
func TestPutAndRead(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		const chunk = 64 << 10
		sizes := []int{0, 1, 100, chunk - 1, chunk, chunk + 1, 3*chunk + 7, 1 << 20}
		for _, n := range sizes {
			b := patterned(n)
			p := w.put(putting("a.bin"), b)
			if p.Digest != digest(b) || p.Size != int64(n) || p.State != vault.Held || p.Again {
				t.Errorf("%d bytes: got %+v", n, p)
			}
			got, err := w.read(reader, p.Digest)
			must(t, err)
			if !bytes.Equal(got, b) {
				t.Errorf("%d bytes came out as %d others", n, len(got))
			}
			r, err := w.Open(t.Context(), reader, p.Digest)
			must(t, err)
			src := r.Source()
			part := make([]byte, min(n, 100))
			for _, off := range []int{0, n / 2, max(0, n-100), max(0, min(chunk-50, n-100))} {
				k, err := src.ReadAt(part, int64(off))
				if err != nil && err != io.EOF || !bytes.Equal(part[:k], b[off:off+k]) || k < min(len(part), n-off) {
					t.Errorf("%d bytes at %d of %d: %v", k, off, n, err)
				}
			}
			if src.Size != int64(n) || src.Name != "a.bin" {
				t.Errorf("got a source of %d bytes, %q", src.Size, src.Name)
			}
			must(t, r.Close())
		}
		w.sound(t, len(sizes))
	})
}

// Nothing of the bytes, and not even their digest, is in the folder.
func TestEncryptedAtRest(t *testing.T) {
	t.Parallel()
	w := local(t)
	b := bytes.Repeat([]byte("the address of the tester is 1 Example Street. "), 4000)
	p := w.put(putting("a.txt"), b)
	for _, o := range w.objects() {
		c := readFile(t, o)
		if bytes.Contains(c, []byte("Example Street")) || bytes.Contains(c, []byte(p.Digest)) || bytes.Contains([]byte(o), []byte(p.Digest[:8])) {
			t.Errorf("%s tells what it holds", o)
		}
	}
	if n := len(w.objects()); n != 1 {
		t.Errorf("%d objects, want one", n)
	}
}

func TestSameBytesTwice(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		b := patterned(5000)
		first := w.put(putting("a.bin"), b)
		in := putting("b.bin")
		in.Case, in.Class = "case-2", iotmark.Public
		second := w.put(in, b)
		if first.Again || !second.Again || second.Digest != first.Digest {
			t.Errorf("got %+v and %+v", first, second)
		}
		third := w.put(putting("a.bin"), b) // the very same
		if !third.Again {
			t.Errorf("got %+v", third)
		}
		for id, want := range map[string][]string{"case-1": {"a.bin restricted"}, "case-2": {"b.bin public"}, "case-3": nil} {
			ps, err := w.Pieces(t.Context(), id)
			must(t, err)
			var got []string
			for _, p := range ps {
				got = append(got, p.Name+" "+string(p.Class))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: got (-want +got)\n%s", id, diff)
			}
		}
		w.sound(t, 1)
		if n := len(w.objects()); n != 1 {
			t.Errorf("%d objects, want one", n)
		}
	})
}

// A piece joins a case, or not, with the act that says so.
func TestBindInTheAct(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		in := putting("")
		in.Case = ""
		p := w.put(in, patterned(10))
		act := func(fail error) error {
			return w.do(func(tx *store.Tx) error {
				if err := w.Bind(t.Context(), tx, "ann", "case-9", p.Digest, "x.bin"); err != nil {
					return err
				}
				return fail
			})
		}
		wantID(t, act(io.ErrClosedPipe), io.ErrClosedPipe.Error())
		if ps, err := w.Pieces(t.Context(), "case-9"); err != nil || len(ps) != 0 {
			t.Errorf("an act that failed bound %v, %v", ps, err)
		}
		must(t, act(nil))
		must(t, act(nil)) // again changes nothing
		ps, err := w.Pieces(t.Context(), "case-9")
		must(t, err)
		want := []vault.Piece{{Digest: p.Digest, Size: 10, Class: iotmark.Restricted, State: vault.Held, Name: "x.bin", Type: "application/octet-stream", Added: start}}
		if diff := cmp.Diff(want, ps, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("got (-want +got)\n%s", diff)
		}
		b, err := json.Marshal(ps)
		must(t, err)
		var back []vault.Piece
		must(t, json.Unmarshal(b, &back))
		if diff := cmp.Diff(ps, back); diff != "" {
			t.Errorf("JSON changed it (-want +got)\n%s", diff)
		}
		for id, f := range map[string]func(tx *store.Tx) error{
			"vault-unknown": func(tx *store.Tx) error {
				return w.Bind(t.Context(), tx, "ann", "case-9", digest([]byte("nobody")), "x")
			},
			"vault-digest": func(tx *store.Tx) error { return w.Bind(t.Context(), tx, "ann", "case-9", "../../etc", "x") },
			"vault-text":   func(tx *store.Tx) error { return w.Bind(t.Context(), tx, "", "case-9", p.Digest, "x") },
		} {
			wantID(t, w.do(f), id)
		}
	})
}

// The act that hands a piece in is one transaction with it.
func TestThen(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		in := putting("a.bin")
		refused := &iotmark.Error{Kind: iotmark.Forbidden, ID: "not-yours", Msg: "this case is not yours, so that nothing can be handed in"}
		in.Then = func(tx *store.Tx, p vault.Piece) error {
			if p.Size != 7 {
				t.Errorf("got %+v", p)
			}
			return refused
		}
		_, err := w.Put(t.Context(), in, bytes.NewReader(patterned(7)))
		wantID(t, err, "not-yours")
		w.nothing(t)
		in.Then = func(tx *store.Tx, _ vault.Piece) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO identity (name, value) VALUES ('act', 'done')")
			return err
		}
		w.put(in, patterned(7))
		if n := w.rows("identity WHERE name = 'act'"); n != 1 {
			t.Errorf("the act has %d rows", n)
		}
		w.sound(t, 1)
	})
}

// Of secret evidence only hash and size are kept.
func TestSecret(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		b := patterned(70000)
		in := putting("secret.bin")
		in.Class, in.Want, in.Size = iotmark.Secret, digest(b), int64(len(b))
		p, err := w.Put(t.Context(), in, nil)
		must(t, err)
		again := w.put(in, b)
		if p.State != vault.Withheld || p.Size != int64(len(b)) || p.Again || !again.Again || again.Digest != p.Digest {
			t.Errorf("got %+v and %+v", p, again)
		}
		if o := w.objects(); len(o) != 0 {
			t.Errorf("bytes were kept: %q", o)
		}
		_, err = w.read(reader, p.Digest)
		wantID(t, err, "vault-secret")

		// Another hands the same bytes in as restricted: they are here for that
		// case, and not for the one in which they are secret.
		in = putting("other.bin")
		in.Case = "case-2"
		if p := w.put(in, b); p.State != vault.Held {
			t.Errorf("got %+v", p)
		}
		_, err = w.read(reader, p.Digest)
		wantID(t, err, "vault-secret")
		got, err := w.read(vault.Reader{Person: "ben", Case: "case-2", Why: "evaluation"}, p.Digest)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		w.sound(t, 1)
	})
}
