package scheme_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// An edition is proposed, consulted on, voted and adopted; no step is left out.
func TestEdition(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		ctx, s := t.Context(), h.Scheme
		c := h.OK(s.Propose(ctx, schemetest.Steward, scheme.On{}, scheme.EditionBody{Proposal: "edition-2027-1", Title: "Longer support", Edition: "2027.1",
			Catalogue: verifytest.Digest("2027.1"), Document: verifytest.Document("text"), DryRun: verifytest.Document("who loses"), Replaces: "2026.1"}))
		on := scheme.On{Case: c.ID, Reason: "as it was asked"}
		h.Sign(h.Member(0), c.ID)
		if _, err := s.Consult(ctx, schemetest.Steward, on, verifytest.Document("asked"), scheme.Day(h.Now(), 5)); storetest.ErrorID(err) != "consultation-short" {
			t.Errorf("a short consultation: %v", err)
		}
		h.OK(s.Consult(ctx, schemetest.Steward, on, verifytest.Document("asked"), scheme.Day(h.Now(), 60)))
		h.Sign(h.Member(0), c.ID)
		h.OK(s.Comment(ctx, schemetest.Reporter, on, "ten years are not enough"))
		if _, err := s.CloseConsultation(ctx, schemetest.Steward, on, verifytest.Document("record")); storetest.ErrorID(err) != "consultation-open" {
			t.Errorf("closed too early: %v", err)
		}
		h.Days(61)
		if _, err := s.CloseConsultation(ctx, schemetest.Steward, on, verifytest.Document("record")); storetest.ErrorID(err) != "comments-open" {
			t.Errorf("a comment without a response: %v", err)
		}
		h.OK(s.Respond(ctx, schemetest.Steward, on, 1, "twelve"))
		h.OK(s.CloseConsultation(ctx, schemetest.Steward, on, verifytest.Document("record")))
		h.Sign(h.Member(1), c.ID)
		for i, v := range []string{"for", "for", "against", "for"} {
			h.OK(s.Cast(ctx, h.Member(i), on, v))
		}
		h.OK(s.Ballot(ctx, h.Member(0), on, "Adopt 2027.1?", verifytest.Document("minutes")))
		for i := range 3 {
			if c := h.Sign(h.Member(i), c.ID); c.State != "voting" {
				t.Fatalf("after %d of 4 signatures the ballot is %s", i+1, c.State)
			}
		}
		if c := h.Sign(h.Member(3), c.ID); c.State != "voted" {
			t.Fatalf("after all signatures the ballot is %s", c.State)
		}
		h.OK(s.Adopt(ctx, h.Member(0), on, scheme.Day(h.Now(), 90), scheme.Day(h.Now(), 180)))
		for i := range 3 {
			h.Sign(h.Member(i), c.ID)
		}
		got, err := h.Reg.Public().Editions(ctx)
		if err != nil || len(got) != 2 {
			t.Fatalf("%d editions in the log, %v", len(got), err)
		}
	})
}
