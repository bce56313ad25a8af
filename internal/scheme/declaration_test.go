package scheme_test

import (
	"encoding/json"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
)

// The other track: a declaration is published, promised upon, challenged and
// retracted; a promise is never lowered, and no mark comes of it.
func TestDeclaration(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		ctx, s := t.Context(), h.Scheme
		statement, err := json.Marshal(map[string]any{"key": h.Maker.Keys[0].KeyEntry.Key, "maker": map[string]any{"domain": schemetest.Acme}, "product": map[string]any{"id": "lamp-1"}})
		if err != nil {
			t.Fatal(err)
		}
		c := h.OK(s.Declaration(ctx, schemetest.Applicant, scheme.On{}, statement))
		on := scheme.On{Case: c.ID, Reason: "no longer sold"}
		if c = h.Sign(schemetest.Applicant, c.ID); c.State != "declared" {
			t.Fatalf("the declaration is %s", c.State)
		}
		if _, err := s.Declaration(ctx, schemetest.Applicant, scheme.On{}, statement); storetest.ErrorID(err) != "declared" {
			t.Errorf("declared twice: %v", err)
		}
		if _, err := s.Revise(ctx, schemetest.Applicant, on, []byte(`{"maker":{"domain":"other.example"}}`)); storetest.ErrorID(err) != "statement-wrong" {
			t.Errorf("a statement about another maker: %v", err)
		}
		h.OK(s.Promise(ctx, schemetest.Applicant, on, verify.PromiseBody{Updates: "2031-01-01", Functions: []string{"light"}}))
		h.Sign(schemetest.Applicant, c.ID)
		for _, p := range []verify.PromiseBody{{Updates: "2030-01-01", Functions: []string{"light"}}, {Updates: "2031-01-01"}, {Functions: []string{"light"}}} {
			if _, err := s.Promise(ctx, schemetest.Applicant, on, p); storetest.ErrorID(err) != "promise-lowered" {
				t.Errorf("a promise of %+v: %v", p, err)
			}
		}
		h.OK(s.Challenge(ctx, schemetest.Reporter, on, "it does phone home"))
		h.OK(s.Answer(ctx, schemetest.Applicant, on, "for updates only"))
		if _, err := s.Answer(ctx, schemetest.Applicant, on, "and so"); storetest.ErrorID(err) != "question-none" {
			t.Errorf("an answer to nothing: %v", err)
		}
		p, ok, err := h.Reg.Public().Product(ctx, c.Subject)
		if err != nil || !ok || p.Promise == nil || p.Promise.Updates != "2031-01-01" {
			t.Fatalf("the log has %+v, %t, %v", p, ok, err)
		}
		if ms, err := h.Reg.Public().MarksOf(ctx, c.Subject); err != nil || len(ms) != 0 {
			t.Errorf("a declaration gave %d marks, %v", len(ms), err)
		}
		if _, ok := iotmark.MoveCase(iotmark.Declaring, "declared", "grant"); ok {
			t.Error("a declaration can be granted")
		}
		h.OK(s.Retract(ctx, schemetest.Applicant, on))
	})
}
