package verifier_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/verifier"
)

func page(t *testing.T, language, trust string) []byte {
	t.Helper()
	b, err := verifier.Page(language, []byte(trust))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func compressed(b []byte) int {
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
	w.Write(b)
	w.Close()
	return z.Len()
}

// The script and the page stay small enough to be read in an evening, and to
// be sent to an old phone.
func TestWeight(t *testing.T) {
	t.Parallel()
	const most = 16 << 10
	t.Logf("script %d bytes, %d compressed", len(verifier.Script()), compressed(verifier.Script()))
	for _, l := range verifier.Languages() {
		b := page(t, l, "")
		t.Logf("page in %s: %d bytes, %d compressed", l, len(b), compressed(b))
		if compressed(b) > most {
			t.Errorf("the page in %s has %d bytes compressed; %d are the most", l, compressed(b), most)
		}
	}
}
