package scheme_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/verify"
)

// A mark is amended and renewed by the same steps as it was granted: it keeps
// its code and its place, an amendment ends when the mark did, and a renewal
// goes on from there.
func TestAgain(t *testing.T) {
	t.Parallel()
	h := schemetest.New(t, t.TempDir()+"/registry.db")
	h.Register()
	mark := h.Granted().Subject
	h.Work()
	ctx, s := t.Context(), h.Scheme
	terms := func() (verify.Mark, verify.TermsBody) {
		t.Helper()
		m, ok, err := h.Reg.Public().Mark(ctx, mark)
		if err != nil || !ok || m.TermsInForce == nil {
			t.Fatal(ok, err)
		}
		return m, *m.TermsInForce
	}
	was, first := terms()
	for _, k := range []iotmark.CaseKind{iotmark.Amendment, iotmark.Renewal} {
		b := h.Application()
		b.Product.Services = []string{"cloud.acme.example"}
		c := h.OK(s.Apply(ctx, schemetest.Applicant, scheme.On{}, k, schemetest.Body, mark, b))
		on := scheme.On{Case: c.ID, Reason: "as it should be"}
		h.Supply(c.ID)
		h.OK(s.Accept(ctx, schemetest.Registrar, on))
		h.Assign(c.ID)
		h.OK(s.Seal(ctx, schemetest.Applicant, on, verify.SealedBody{}))
		h.Sign(schemetest.Applicant, c.ID)
		h.Work()
		h.Inspect(c.ID)
		h.OK(s.Conclude(ctx, h.Assessor(0), on, "none"))
		h.Sign(h.Assessor(0), c.ID)
		h.OK(s.Review(ctx, schemetest.Reviewer, on, "grant"))
		h.OK(s.Grant(ctx, h.Member(0), on))
		for _, by := range []iotmark.Actor{h.Assessor(0), h.Member(0), h.Member(1)} {
			h.Sign(by, c.ID)
		}
		h.Work()
		if c := h.OK(s.Case(ctx, schemetest.Observer, c.ID)); c.State != "attested" {
			t.Errorf("the %s is %s", k, c.State)
		}
		m, now := terms()
		if m.Code != was.Code || m.Slot != was.Slot || len(now.Product.Services) != 1 || (now.ValidUntil == first.ValidUntil) != (k == iotmark.Amendment) {
			t.Errorf("after the %s: code %s, place %d, until %s (was %s)", k, m.Code, m.Slot, now.ValidUntil, first.ValidUntil)
		}
	}
}
