package scheme_test

import (
	"io"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// Evidence is handed in, read with a record, held, kept for its years, and
// gone; who may not, does not.
func TestEvidence(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		ctx, s := t.Context(), h.Scheme
		c := h.OK(s.Apply(ctx, schemetest.Applicant, scheme.On{}, iotmark.Application, schemetest.Body, "", h.Application()))
		on := scheme.On{Case: c.ID, Reason: "for the case"}
		before := c.Version
		supply := func(by iotmark.Actor, e scheme.Supplied, text string) (vault.Piece, error) {
			_, p, err := s.Supply(ctx, by, on, e, strings.NewReader(text))
			return p, err
		}
		for _, tt := range []struct {
			name string
			by   iotmark.Actor
			e    scheme.Supplied
			want string
		}{
			{"a stranger", schemetest.As("x9", "public"), scheme.Supplied{Name: "a.txt", Class: iotmark.Restricted}, "role-missing"},
			{"another hash", schemetest.Applicant, scheme.Supplied{Name: "a.txt", Class: iotmark.Restricted, Want: iotmark.Digest(strings.Repeat("0", 64))}, "vault-hash"},
			{"cut short", schemetest.Applicant, scheme.Supplied{Name: "a.txt", Class: iotmark.Restricted, Size: 1000}, "vault-truncated"},
			{"no class", schemetest.Applicant, scheme.Supplied{Name: "a.txt"}, "vault-class"},
		} {
			if _, err := supply(tt.by, tt.e, "a report"); storetest.ErrorID(err) != tt.want {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
			}
		}
		if c := h.OK(s.Case(ctx, schemetest.Applicant, c.ID)); c.Version != before {
			t.Errorf("refused evidence left %d acts", c.Version-before)
		}
		p, err := supply(schemetest.Applicant, scheme.Supplied{Name: "people.txt", Class: iotmark.Restricted, Personal: true}, "Ada, Bob")
		if err != nil {
			t.Fatal(err)
		}
		if ps, err := s.Evidence(ctx, schemetest.Registrar, c.ID); err != nil || len(ps) != 1 || ps[0].Digest != p.Digest {
			t.Fatalf("evidence %+v, %v", ps, err)
		}
		if _, err := s.Read(ctx, h.Assessor(0), on, p.Digest); storetest.ErrorID(err) != "not-assigned" {
			t.Errorf("an assessor without a part reads: %v", err)
		}
		h.Assign(c.ID)
		r, err := s.Read(ctx, h.Assessor(0), on, p.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(r); err != nil || string(b) != "Ada, Bob" {
			t.Fatalf("read %q, %v", b, err)
		}
		r.Close()
		if rs, err := h.Config.Vault.Readings(ctx, c.ID, p.Digest); err != nil || len(rs) != 1 {
			t.Errorf("%d records of readings, %v", len(rs), err)
		}

		h.OK(s.Hold(ctx, schemetest.Registrar, on, "authority", p.Digest))
		h.OK(s.Decline(ctx, schemetest.Registrar, on, []string{"legal-identity"}))
		ps, err := s.Evidence(ctx, schemetest.Registrar, c.ID)
		if err != nil || ps[0].Until == "" {
			t.Fatalf("after the refusal it is kept until %q, %v", ps[0].Until, err)
		}
		if _, err := s.EraseEvidence(ctx, schemetest.Registrar, on, p.Digest); iotmark.KindOf(err) != iotmark.Conflict {
			t.Errorf("erased while held: %v", err)
		}
		h.Days(5 * 366)
		h.Work()
		if ps, _ := s.Evidence(ctx, schemetest.Registrar, c.ID); !ps[0].Hold || !ps[0].Ended.IsZero() {
			t.Errorf("held evidence is gone: %+v", ps[0])
		}
		h.OK(s.Unhold(ctx, schemetest.Registrar, on, "authority", p.Digest))
		h.Days(2)
		h.Work()
		if ps, _ := s.Evidence(ctx, schemetest.Registrar, c.ID); ps[0].Ended.IsZero() {
			t.Errorf("after its years it is still there: %+v", ps[0])
		}
		if _, err := s.Trail(ctx, schemetest.Registrar, c.ID); err != nil {
			t.Error(err)
		}
	})
}
