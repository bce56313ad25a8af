package verify_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// A maker, even with the operator, has nobody recused who never was his: by
// keys in the names of the committee that had ended before they began.
func TestMakerRecusesNobody(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	k := s.Grant(s.Makers[0], "lamp")
	m := k.Maker
	m.Body.Keys = append([]verify.KeyEntry{}, m.Body.Keys...)
	var never int64
	for i, c := range s.Committee {
		e := verifytest.NewKey(fmt.Sprintf("%s/maker/x%d", m.Body.Domain, i+1), m.Body.Domain, c.Person, verify.Maker).KeyEntry
		e.Until = &never
		m.Body.Keys = append(m.Body.Keys, e)
	}
	s.Register(m)
	k.Withdraw(verify.Committee)
	r := replay(t, s)
	if len(r.Voids) > 0 || r.Marks[0].State != iotmark.MarkWithdrawn {
		t.Errorf("the mark is %s; without effect: %+v", r.Marks[0].State, r.Voids)
	}
}

// A first promise does not take back what a mark says already: it is void, and
// the attempt is told.
func TestPromiseAfterTheGrant(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	k := s.NewMark(s.Makers[0], "lamp")
	k.Apply()
	k.Seal()
	k.Evaluate()
	k.Grant()
	b := s.PromiseOf(s.Makers[0], "lamp")
	b.Updates = s.Day(30)
	s.AppendVoid(draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: b, Signers: s.Makers[0].Keys})
	b.Updates = ""
	s.AppendVoid(draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: b, Signers: s.Makers[0].Keys})
	s.Promise(s.Makers[0], "lamp")
	r := replay(t, s)
	var void []iotmark.ErrorID
	for _, v := range r.Voids {
		void = append(void, v.Reason)
	}
	if d := cmp.Diff([]iotmark.ErrorID{"promise-lowered", "promise-lowered"}, void); d != "" {
		t.Errorf("without effect: got (-want +got)\n%s", d)
	}
	if p := r.Products[0]; len(p.Refused) != 2 || p.Promise == nil || p.Promise.Updates != r.Marks[0].TermsInForce.Updates {
		t.Errorf("got %+v, promised %+v", p.Refused, p.Promise)
	}
}
