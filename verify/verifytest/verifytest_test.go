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
	m := s.Makers[0]
	s.SetPolicy(s.Trust.Policy)
	s.Declare(m, "lamp")
	k := s.Grant(m, "lamp")
	k.DecideComplaint(k.Complain())
	k.Find()
	k.Batch()
	s.Correct(k.Granted)
	k.DecideAppeal(k.Appeal(k.Suspend(1)))
	k.Confirm()
	k.Amend()
	k.Restore()
	k.Seal()
	k.Evaluate()
	k.Renew()
	k.Withdraw(verify.Maker)
	s.Status(s.StatusOf())
	s.Anchor(3)
	s.SuspendOrg(s.Orgs[1])
	s.RestoreOrg(s.Orgs[1])
	r := s.NewMark(m, "lamp")
	r.Apply()
	r.Seal()
	r.Evaluate()
	r.Refuse()
	s.EndEdition(s.Edition.Edition, s.Day(1))
	s.Close()

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
