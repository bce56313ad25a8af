package ledger_test

import (
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
