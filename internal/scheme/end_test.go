package scheme_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// A mark is refused by the committee, with the criteria; the log has it, the
// maker appeals, and people who had no part decide.
func TestRefused(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		ctx, s := t.Context(), h.Scheme
		c := h.Reviewed("lamp-1")
		on := scheme.On{Case: c.ID, Reason: "the date is not kept"}
		if _, err := s.Refuse(ctx, h.Member(0), on, nil); storetest.ErrorID(err) != "criteria-missing" {
			t.Errorf("refused without a criterion: %v", err)
		}
		h.OK(s.Refuse(ctx, h.Member(0), on, []iotmark.CriterionID{"lifecycle.security-support-date"}))
		h.OK(s.Reject(ctx, h.Member(2), on))
		h.Sign(h.Member(0), c.ID)
		if c = h.Sign(h.Member(1), c.ID); c.State != "refused" {
			t.Fatalf("the application is %s", c.State)
		}
		m, ok, err := h.Reg.Public().Mark(ctx, c.Subject)
		if err != nil || !ok || m.State != iotmark.MarkRefused {
			t.Fatalf("the log says %s, %t, %v", m.State, ok, err)
		}

		a := h.OK(s.Appeal(ctx, schemetest.Applicant, scheme.On{}, c.Subject, scheme.ComplaintBody{Grounds: "the date is kept", Against: m.Head}))
		h.Sign(schemetest.Applicant, a.ID)
		aon := scheme.On{Case: a.ID, Reason: "it is kept"}
		if _, err := s.Assign(ctx, schemetest.Registrar, aon, scheme.Part{Person: h.Member(1).Person, Organisation: h.Member(1).Organisation, Role: iotmark.RolePanel}); storetest.ErrorID(err) != "took-part" {
			t.Errorf("who refused hears the appeal: %v", err)
		}
		if ps := h.Cases(iotmark.Appeal, c.Subject); len(ps) != 1 || ps[0].State != "filed" {
			t.Errorf("the appeal is %+v", ps)
		}
	})
}

// An organisation is accredited, suspended and restored by the committee; an
// organisation that is none of those that evaluate is not.
func TestAccredited(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		ctx, s := t.Context(), h.Scheme
		key := verifytest.NewKey("newlab/1", "newlab", "n1", verify.Assessor)
		org := verify.OrgBody{ID: "newlab", Keys: verifytest.Entries(key), Kind: "assessor", Name: "New Lab", Scopes: []string{"*"}, Until: scheme.Day(h.Now(), 700)}
		if _, err := s.Nominate(ctx, schemetest.Steward, scheme.On{}, org); storetest.ErrorID(err) != "organisation-unknown" {
			t.Errorf("nobody was nominated: %v", err)
		}
		other := org
		other.ID = "consumers"
		if _, err := s.Nominate(ctx, schemetest.Steward, scheme.On{}, other); storetest.ErrorID(err) != "organisation-kind" {
			t.Errorf("a member of the committee was nominated: %v", err)
		}
		h.OK(s.EnrolOrganisation(ctx, schemetest.Steward, scheme.On{}, scheme.Organisation{ID: "newlab", Kind: iotmark.OrgLaboratory, Name: "New Lab"}))
		c := h.OK(s.Nominate(ctx, schemetest.Steward, scheme.On{}, org))
		on := scheme.On{Case: c.ID, Reason: "their own accreditation ended"}
		sign := func(want iotmark.CaseState) {
			t.Helper()
			h.Sign(h.Member(0), c.ID)
			if c := h.Sign(h.Member(1), c.ID); c.State != want {
				t.Fatalf("the case is %s, want %s", c.State, want)
			}
		}
		h.OK(s.Accredit(ctx, h.Member(0), on))
		sign("accredited")
		h.OK(s.SuspendOrganisation(ctx, h.Member(0), on))
		sign("suspended")
		h.OK(s.RestoreOrganisation(ctx, h.Member(0), on))
		sign("accredited")
	})
}

// A mark that has ended is looked at once more: what it rests on is kept for
// its years from then, and the maker was told before.
func TestEnd(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		c := h.Granted()
		h.Work()
		m, _, err := h.Reg.Public().Mark(t.Context(), c.Subject)
		if err != nil {
			t.Fatal(err)
		}
		days := int(m.TermsInForce.ValidUntil.Time().Sub(h.Now()).Hours() / 24)
		h.Days(days - 100)
		h.Publish()
		h.Work()
		if n := looks(h, c.Subject, scheme.ByEnd); n != 1 {
			t.Errorf("%d cases say that the mark ends soon", n)
		}
		h.Days(110)
		h.Publish()
		h.Work()
		if m, _, _ := h.Reg.Public().Mark(t.Context(), c.Subject); m.State != iotmark.MarkExpired {
			t.Fatalf("after its last day the mark is %s", m.State)
		}
		ps, err := h.Scheme.Evidence(t.Context(), schemetest.Registrar, c.ID)
		if err != nil || len(ps) == 0 {
			t.Fatalf("%d pieces, %v", len(ps), err)
		}
		for _, p := range ps {
			if p.Until == "" {
				t.Errorf("%s has no last day, and its mark has ended", p.Name)
			}
		}
	})
}
