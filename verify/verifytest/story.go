package verifytest

import (
	"encoding/base64"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark/verify"
)

// EveryType appends entries of every type that the scheme has not yet, all of
// which have effect: the whole life of one mark, which it returns, a refusal
// of another, and the end of the log.
func (s *Scheme) EveryType() *Mark {
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
	return k
}

// LogSigner signs checkpoints as the log of the trust does.
func (s *Scheme) LogSigner() note.Signer {
	s.T.Helper()
	v, err := note.NewVerifier(s.Trust.Log)
	if err != nil {
		s.T.Fatalf("%v", err)
	}
	seed := append([]byte{1}, s.Log.Seed()...)
	k, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", v.Name(), v.KeyHash(), base64.StdEncoding.EncodeToString(seed)))
	if err != nil {
		s.T.Fatalf("%v", err)
	}
	return k
}
