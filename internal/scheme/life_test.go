package scheme_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
)

// A mark is suspended, restored, complained about, appealed, renewed and given
// up; each is in the log and counts.
func TestLife(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		mark := h.Granted().Subject
		ctx, s := t.Context(), h.Scheme
		state := func(want iotmark.MarkState) verify.Mark {
			t.Helper()
			h.Publish()
			m, ok, err := h.Reg.Public().Mark(ctx, mark)
			if err != nil || !ok || m.State != want {
				t.Fatalf("the mark is %s, want %s (%v, %v)", m.State, want, ok, err)
			}
			return m
		}
		why := func(c scheme.Case) scheme.On { return scheme.On{Case: c.ID, Reason: "an old library"} }

		c := h.OK(s.Open(ctx, schemetest.Registrar, scheme.On{}, mark, scheme.SurveillanceBody{Cause: scheme.ByWeakness, Tells: "an old library"}))
		h.Assign(c.ID)
		h.OK(s.Request(ctx, h.Assessor(0), why(c), "when is the fix out?"))
		h.OK(s.Answer(ctx, schemetest.Applicant, why(c), "next week"))
		h.OK(s.Suspend(ctx, h.Member(0), why(c)))
		h.Sign(h.Member(0), c.ID)
		state(iotmark.MarkSuspended)
		h.OK(s.Confirm(ctx, h.Member(1), why(c)))
		h.Sign(h.Member(1), c.ID)
		h.Sign(h.Member(2), c.ID)
		h.OK(s.Restore(ctx, h.Member(0), why(c)))
		h.Sign(h.Assessor(0), c.ID)
		h.Sign(h.Member(0), c.ID)
		if c := h.Sign(h.Member(1), c.ID); c.State != "closed" {
			t.Fatalf("the case is %s", c.State)
		}
		m := state(iotmark.MarkValid)

		c = h.OK(s.Complain(ctx, schemetest.Reporter, scheme.On{}, mark, scheme.ComplaintBody{Grounds: "it phones home", Tells: "every night"}))
		h.OK(s.AdmitComplaint(ctx, schemetest.Registrar, why(c)))
		h.Publish()
		part := func(a iotmark.Actor, r iotmark.Role) scheme.Part {
			return scheme.Part{Person: a.Person, Organisation: a.Organisation, Role: r}
		}
		if _, err := s.Assign(ctx, schemetest.Registrar, why(c), part(h.Member(0), iotmark.RoleCommittee)); storetest.ErrorID(err) != "took-part" {
			t.Errorf("who granted decides the complaint: %v", err)
		}
		h.OK(s.Assign(ctx, schemetest.Registrar, why(c), part(h.Member(3), iotmark.RoleCommittee)))
		h.OK(s.Assign(ctx, schemetest.Registrar, why(c), part(h.Member(4), iotmark.RoleCommittee)))
		h.OK(s.Outcome(ctx, h.Member(3), why(c), "upheld"))
		h.Sign(h.Member(3), c.ID)
		if c := h.Sign(h.Member(4), c.ID); c.State != "decided" {
			t.Fatalf("the complaint is %s", c.State)
		}

		c = h.OK(s.Appeal(ctx, schemetest.Applicant, scheme.On{}, mark, scheme.ComplaintBody{Grounds: "too hard", Against: m.Grant}))
		h.Sign(schemetest.Applicant, c.ID)
		// Members 0 and 1 decided; 3 and 4 had no part, and nor have two more.
		_, err := s.Assign(ctx, schemetest.Registrar, why(c), scheme.Part{Person: h.Member(0).Person, Organisation: h.Member(0).Organisation, Role: iotmark.RolePanel})
		if got := storetest.ErrorID(err); got != "took-part" {
			t.Errorf("who decided hears the appeal: %s", got)
		}
		if _, err := s.Hear(ctx, schemetest.Registrar, why(c)); storetest.ErrorID(err) != "panel-short" {
			t.Errorf("a panel of nobody hears: %v", err)
		}

		c = h.OK(s.GiveUp(ctx, schemetest.Applicant, scheme.On{Reason: "no longer made"}, mark))
		h.Sign(schemetest.Applicant, c.ID)
		state(iotmark.MarkWithdrawn)
	})
}
