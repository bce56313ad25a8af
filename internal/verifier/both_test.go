package verifier_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

var likeJSON = cmpopts.EquateEmpty()

func TestBoth(t *testing.T) {
	n := startNode(t)
	s := verifytest.New(t, verifytest.Opts{Witnesses: 3})
	s.Grant(s.Makers[0], "lamp")
	b := file(t, publish(t, s, 0))
	trust := s.Trust.Marshal()
	want := inGo(b, trust, s.Now.Unix())
	if want.Answer != verify.GenuineCurrent {
		t.Errorf("%+v", want)
	}
	if d := cmp.Diff(want, n.inJS(t, b, trust, s.Now.Unix()), likeJSON); d != "" {
		t.Error(d)
	}
}
