package verify_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"slices"
	"testing"

	"github.com/open-iot-mark/iotmark/verify"
)

// unpacked is what compress/gzip makes of one member that all of z is.
func unpacked(t *testing.T, z []byte) []byte {
	t.Helper()
	in := bytes.NewReader(z)
	r, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	r.Multistream(false)
	b, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil || in.Len() > 0 {
		t.Fatalf("taken is what compress/gzip does not take: %v, %d bytes follow", err, in.Len())
	}
	return b
}

// packed compresses with every level that there is.
func packed(t testing.TB, b []byte) (out [][]byte) {
	for _, level := range []int{gzip.NoCompression, gzip.BestSpeed, gzip.DefaultCompression, gzip.BestCompression, gzip.HuffmanOnly} {
		var z bytes.Buffer
		w, err := gzip.NewWriterLevel(&z, level)
		if err == nil {
			_, err = w.Write(b)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, z.Bytes())
	}
	return out
}

// noise is text that compresses as a bundle does.
func noise(n int) (out []byte) {
	for sum := sha256.Sum256(nil); len(out) < n; sum = sha256.Sum256(sum[:]) {
		out = append(base64.StdEncoding.AppendEncode(out, sum[:]), ` stands in "every" line`...)
	}
	return out[:n]
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"nothing": {}, "a byte": {7}, "zeros": make([]byte, 16<<10), "a text": noise(20 << 10), "short": []byte("abcabcabcabcabcx"),
		"far back": slices.Concat(noise(500), make([]byte, 32<<10-600), noise(500)),
		"all bytes, of many lengths": func() (out []byte) {
			for i := range 256 {
				out = append(out, bytes.Repeat([]byte{byte(i), byte(i * 7)}, 1+i*i/100)...)
			}
			return out
		}(),
	} {
		for i, z := range packed(t, b) {
			if got, ok := verify.Unpack(z, len(b)); !ok || !bytes.Equal(got, b) {
				t.Errorf("%s, packed in way %d: got %d bytes, %v; want %d", name, i, len(got), ok, len(b))
			}
			if _, ok := verify.Unpack(z, max(len(b)-1, 0)); ok && len(b) > 0 {
				t.Errorf("%s, packed in way %d: more was unpacked than is allowed", name, i)
			}
			for n := range min(len(z), 300) {
				if _, ok := verify.Unpack(z[:n], len(b)); ok {
					t.Errorf("%s, packed in way %d: taken are its first %d bytes", name, i, n)
				}
				bad := slices.Clone(z)
				bad[len(z)-1-n] ^= 0x10
				if got, ok := verify.Unpack(bad, len(b)); ok && !bytes.Equal(unpacked(t, bad), got) {
					t.Errorf("%s, packed in way %d: byte %d from the end changed", name, i, n)
				}
			}
			if _, ok := verify.Unpack(append(slices.Clone(z), 0), len(b)); ok {
				t.Errorf("%s, packed in way %d: a byte follows", name, i)
			}
		}
	}
}

// What is unpacked, compress/flate unpacks the same, and the other way round.
func FuzzInflate(f *testing.F) {
	for _, b := range [][]byte{nil, noise(400), make([]byte, 3_000)} {
		for _, z := range packed(f, b) {
			f.Add(z[10 : len(z)-8])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { inflated(t, b) })
}

// inflated holds what is unpacked against compress/flate.
func inflated(t *testing.T, b []byte) {
	const most = 1 << 16
	got, ok := verify.Inflate(b, most)
	in := bytes.NewReader(b)
	want, err := io.ReadAll(io.LimitReader(flate.NewReader(in), most+1))
	if taken := err == nil && in.Len() == 0 && len(want) <= most; ok != taken || ok && !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes, %v; compress/flate has %d bytes and %v, and leaves %d: %q", len(got), ok, len(want), err, in.Len(), b)
	}
}

// So it is with every bit changed.
func TestInflateDamaged(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{{}, noise(250), make([]byte, 700), bytes.Repeat([]byte("abcdefghijklmnopq"), 20)} {
		for _, z := range packed(t, b) {
			z = z[10 : len(z)-8]
			for i := range 8 * min(len(z), 100) {
				z[i/8] ^= 1 << (i % 8)
				inflated(t, z)
				z[i/8] ^= 1 << (i % 8)
			}
		}
	}
}
