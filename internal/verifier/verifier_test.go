package verifier_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/verifier"
)

func page(t *testing.T, trust string) []byte {
	t.Helper()
	b, err := verifier.Page([]byte(trust))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The whole page, the script in it included, stays small enough to be read
// and to be sent to an old phone.
func TestWeight(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	w.Write(page(t, ""))
	w.Close()
	t.Logf("%d bytes, %d compressed", len(page(t, "")), b.Len())
	if b.Len() > verifier.MaxCompressed {
		t.Errorf("the page has %d bytes compressed; %d are the most", b.Len(), verifier.MaxCompressed)
	}
}
