package ledger_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"testing"

	"github.com/transparency-dev/formats/proof"

	"github.com/open-iot-mark/iotmark"
)

// idOf is the stable id of an error.
func idOf(err error) iotmark.ErrorID {
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		return e.ID
	}
	return ""
}

func unmarshalProof(t testing.TB, b []byte) proof.TLogProof {
	t.Helper()
	var p proof.TLogProof
	if err := p.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	return p
}

func idFrom(s string) iotmark.ErrorID { return iotmark.ErrorID(s) }

// bomb is a small file that is large when it is unpacked.
func bomb(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zero := make([]byte, 1<<20)
	for range 40 {
		if _, err := z.Write(zero); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
