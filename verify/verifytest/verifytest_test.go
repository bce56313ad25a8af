package verifytest_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// Entries of every type are made, and each can be read.
func TestEveryType(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{Witnesses: 2})
	s.EveryType()

	missing := map[verify.Type]bool{}
	for _, f := range verify.Forms() {
		missing[f.Type] = true
	}
	for i, e := range s.Entries {
		p, err := verify.Parse(s.Opts.Domain, e)
		if err != nil {
			t.Errorf("entry %d: %v", i, err)
			continue
		}
		delete(missing, p.Type)
	}
	for m := range missing {
		t.Errorf("no entry of type %s was made", m)
	}
}
