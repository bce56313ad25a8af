package attestation_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

func TestBundle(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{Witnesses: 3})
	s.Grant(s.Makers[0], "lamp")
	file := s.File(s.Bundle(0))
	r := verify.VerifyBundle(file, s.Trust, s.Now)
	if r.Answer != verify.GenuineCurrent {
		t.Errorf("got %s (%v), want genuine-current", r.Answer, r.Failure)
	}
}
