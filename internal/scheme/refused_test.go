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

// The directory takes what is whole, says what is not, and forgets who has no
// office any more.
func TestDirectory(t *testing.T) {
	t.Parallel()
	h := schemetest.New(t, t.TempDir()+"/registry.db")
	ctx, s := t.Context(), h.Scheme
	on, no := scheme.On{Reason: "as it should be"}, scheme.On{}
	lab := h.Keys.Orgs[0].Body.ID
	org := func(o scheme.Organisation) error {
		_, err := s.EnrolOrganisation(ctx, schemetest.Steward, no, o)
		return err
	}
	person := func(p scheme.Person) error { _, err := s.EnrolPerson(ctx, schemetest.Steward, no, p); return err }
	appoint := func(by iotmark.Actor, p, o string, r iotmark.Role, until iotmark.Date) error {
		_, err := s.Appoint(ctx, by, no, scheme.Office{Person: p, Organisation: o, Role: r, Until: until})
		return err
	}
	dismiss := func(on scheme.On, p string, r iotmark.Role) error {
		_, err := s.Dismiss(ctx, schemetest.Steward, on, scheme.Office{Person: p, Organisation: schemetest.Body, Role: r})
		return err
	}
	declare := func(i scheme.Interest) error { _, err := s.Declare(ctx, schemetest.Reviewer, no, i); return err }
	erase := func(id string) error { _, err := s.Erase(ctx, schemetest.Steward, on, id); return err }
	found := func(k iotmark.OrganisationKind) error {
		_, err := s.Found(ctx, scheme.Organisation{ID: "o", Kind: k, Name: "O"}, scheme.Person{ID: "s9", Name: "S"})
		return err
	}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"found twice", found(iotmark.OrgOwner), "founded"},
		{"found by a maker", found(iotmark.OrgMaker), "organisation-kind"},
		{"an organisation by a registrar", func() error {
			_, err := s.EnrolOrganisation(ctx, schemetest.Registrar, no, scheme.Organisation{ID: "x", Kind: iotmark.OrgBody, Name: "X"})
			return err
		}(), "role-missing"},
		{"a maker by a steward", org(scheme.Organisation{ID: "m.example", Kind: iotmark.OrgMaker, Name: "M"}), "organisation-kind"},
		{"a second owner", org(scheme.Organisation{ID: "o2", Kind: iotmark.OrgOwner, Name: "O"}), "organisation-kind"},
		{"an id with capitals", org(scheme.Organisation{ID: "X", Kind: iotmark.OrgBody, Name: "X"}), "organisation-id"},
		{"a kind that is none", org(scheme.Organisation{ID: "x", Kind: "bank", Name: "X"}), "organisation-kind"},
		{"no name", org(scheme.Organisation{ID: "x", Kind: iotmark.OrgBody}), "name-missing"},
		{"one that is there", org(scheme.Organisation{ID: schemetest.Body, Kind: iotmark.OrgBody, Name: "X"}), "organisation-known"},
		{"a person with a name as id", person(scheme.Person{ID: "Ada", Name: "Ada"}), "person-id"},
		{"a person without a name", person(scheme.Person{ID: "p70"}), "name-missing"},
		{"a person", person(scheme.Person{ID: "p71", Name: "Pat"}), ""},
		{"the same person", person(scheme.Person{ID: "p71", Name: "Pat"}), "person-known"},
		{"an office nowhere", appoint(schemetest.Steward, "p71", "nowhere", iotmark.RoleReviewer, ""), "organisation-unknown"},
		{"an office that a laboratory has not", appoint(schemetest.Steward, "p71", lab, iotmark.RoleReviewer, ""), "role-wrong"},
		{"an office until no day", appoint(schemetest.Steward, "p71", lab, iotmark.RoleTester, "soon"), "date-wrong"},
		{"an office for nobody", appoint(schemetest.Steward, "p404", lab, iotmark.RoleTester, ""), "person-unknown"},
		{"an office at the owner for a reviewer", appoint(schemetest.Steward, "v1", schemetest.Owner, iotmark.RoleOperator, ""), "owner-certifies"},
		{"an office of another body", appoint(schemetest.Registrar, "p71", "rivals", iotmark.RoleReviewer, ""), "other-body"},
		{"an office for oneself", appoint(schemetest.Registrar, "g1", schemetest.Body, iotmark.RoleReviewer, ""), "own-office"},
		{"an office", appoint(schemetest.Registrar, "p71", schemetest.Body, iotmark.RoleReviewer, ""), ""},
		{"forgotten in office", erase("p71"), "office-held"},
		{"dismissed without a reason", dismiss(no, "p71", iotmark.RoleReviewer), "reason-missing"},
		{"dismissed", dismiss(on, "p71", iotmark.RoleReviewer), ""},
		{"dismissed again", dismiss(on, "p71", iotmark.RoleReviewer), "office-unknown"},
		{"forgotten", erase("p71"), ""},
		{"nobody forgotten", erase("p404"), "person-unknown"},
		{"half an interest", declare(scheme.Interest{Organisation: schemetest.Acme}), "interest-incomplete"},
		{"an interest since no day", declare(scheme.Interest{Organisation: schemetest.Acme, What: "staff", From: "once"}), "date-wrong"},
		{"an interest", declare(scheme.Interest{Organisation: schemetest.Acme, What: "staff", From: "2020-01-01"}), ""},
	} {
		if got := storetest.ErrorID(tt.err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if n := texts(t, h.DB, "SELECT name FROM person WHERE id = 'p71'"); len(n) != 1 || n[0] != "" {
		t.Errorf("who was forgotten is %q", n)
	}
	vacant, err := s.Vacant(ctx)
	if err != nil || len(vacant) == 0 {
		t.Errorf("vacant: %v, %v", vacant, err)
	}
}

// Surveillance publishes a finding when it may, reduces a scope and nothing
// else, and withdraws after the time to cure; a misuse is warned of and pursued.
func TestSanctions(t *testing.T) {
	t.Parallel()
	h := schemetest.New(t, t.TempDir()+"/registry.db")
	h.Register()
	mark := h.Granted().Subject
	ctx, s := t.Context(), h.Scheme
	want := func(id string, err error) {
		t.Helper()
		if got := storetest.ErrorID(err); got != id {
			t.Errorf("%q, want %q", got, id)
		}
	}
	open := func(tells string, private iotmark.Date) scheme.On {
		t.Helper()
		c := h.OK(s.Open(ctx, schemetest.Registrar, scheme.On{}, mark, scheme.SurveillanceBody{Cause: scheme.ByWeakness, Tells: tells, Private: private}))
		h.Assign(c.ID)
		return scheme.On{Case: c.ID, Reason: tells}
	}
	on := open("an old library", scheme.Day(h.Now(), 90))
	_, err := s.Open(ctx, schemetest.Registrar, scheme.On{}, mark, scheme.SurveillanceBody{Cause: scheme.ByWeakness, Tells: "an old library"})
	want("surveillance-open", err)
	_, err = s.Notify(ctx, schemetest.Applicant, scheme.On{}, mark, scheme.SurveillanceBody{Cause: scheme.ByYear, Tells: "x"})
	want("cause-wrong", err)
	f := verify.FindingBody{Criterion: "CR-001", Summary: "an old library"}
	_, err = s.Publish(ctx, h.Assessor(0), on, f)
	want("finding-private", err)
	_, err = s.Fixed(ctx, h.Assessor(0), on, "")
	want("fix-missing", err)
	h.OK(s.Fixed(ctx, h.Assessor(0), on, "release 1.0.1"))
	p := h.Application().Product
	_, err = s.Reduce(ctx, h.Member(0), on, p)
	want("scope-larger", err)
	p.Model = "L2"
	_, err = s.Reduce(ctx, h.Member(0), on, p)
	want("scope-larger", err)
	p = h.Application().Product
	p.Software.Min = "1.2.0"
	if c, err := s.Reduce(ctx, h.Member(0), on, p); err == nil {
		h.Sign(h.Member(0), c.ID)
		if c = h.Sign(h.Member(1), c.ID); c.State == "reducing" {
			c = h.Sign(h.Assessor(0), c.ID)
		}
		if c.State != "closed" {
			t.Errorf("the scope is smaller, and the case %s", c.State)
		}
	} else {
		t.Errorf("a smaller scope: %v", err)
	}
	on = open("no fix", "")
	h.OK(s.Suspend(ctx, h.Member(0), on))
	h.Sign(h.Member(0), on.Case)
	_, err = s.Withdraw(ctx, h.Member(0), on)
	want("act-not-allowed", err)
	h.OK(s.Confirm(ctx, h.Member(0), on))
	h.Sign(h.Member(1), on.Case)
	h.Sign(h.Member(2), on.Case)
	_, err = s.Withdraw(ctx, h.Member(0), on)
	want("act-not-allowed", err)
	_, err = s.WithdrawMark(ctx, h.Member(0), on)
	want("cure-runs", err)

	r := h.OK(s.Report(ctx, schemetest.Reporter, scheme.On{}, schemetest.Body, "", scheme.ComplaintBody{Grounds: "a shop shows it", Where: "https://shop.example"}))
	why := scheme.On{Case: r.ID, Reason: "it goes on"}
	_, err = s.Warn(ctx, schemetest.Registrar, why, "")
	want("letter-missing", err)
	h.OK(s.Warn(ctx, schemetest.Registrar, why, "please stop"))
	if c := h.OK(s.Pursue(ctx, schemetest.Registrar, why)); c.State != "pursued" {
		t.Errorf("the misuse is %s", c.State)
	}
	r = h.OK(s.Report(ctx, schemetest.Reporter, scheme.On{}, "", mark, scheme.ComplaintBody{Grounds: "it says safe"}))
	if c := h.OK(s.Close(ctx, schemetest.Registrar, scheme.On{Case: r.ID, Reason: "it does not"})); c.State != "closed" {
		t.Errorf("the misuse is %s", c.State)
	}
	_, err = s.Complain(ctx, schemetest.Reporter, scheme.On{}, mark, scheme.ComplaintBody{})
	want("grounds-missing", err)
	n := h.OK(s.Nominate(ctx, schemetest.Steward, scheme.On{}, verify.OrgBody{ID: h.Keys.Orgs[0].Body.ID}))
	_, err = s.Decline(ctx, schemetest.Steward, scheme.On{Case: n.ID, Reason: "no"}, nil)
	want("criteria-missing", err)
	h.OK(s.Decline(ctx, schemetest.Steward, scheme.On{Case: n.ID, Reason: "no"}, []string{"terms.accreditation"}))
	_, err = s.Nominate(ctx, schemetest.Steward, scheme.On{}, verify.OrgBody{ID: "consumers"})
	want("organisation-kind", err)
	_, err = s.Nominate(ctx, schemetest.Steward, scheme.On{}, verify.OrgBody{ID: "nobody"})
	want("organisation-unknown", err)
}

// An application that does not meet the published terms says which.
func TestEligible(t *testing.T) {
	t.Parallel()
	h := schemetest.New(t, t.TempDir()+"/registry.db")
	h.Register()
	for _, tt := range []struct {
		name, want string
		certifier  string
		change     func(*scheme.ApplicationBody)
	}{
		{"no such body", "certifier-unknown", "nobody", func(*scheme.ApplicationBody) {}},
		{"no model", "scope-missing", schemetest.Body, func(b *scheme.ApplicationBody) { b.Product.Model = "" }},
		{"no version", "scope-missing", schemetest.Body, func(b *scheme.ApplicationBody) { b.Product.Software.Min = "" }},
		{"no licence", "licence-missing", schemetest.Body, func(b *scheme.ApplicationBody) { b.Licence = "" }},
		{"no fee", "fee-missing", schemetest.Body, func(b *scheme.ApplicationBody) { b.Fee = "" }},
		{"updates until yesterday", "updates-past", schemetest.Body, func(b *scheme.ApplicationBody) { b.Updates = scheme.Day(h.Now(), -1) }},
		{"whole", "", schemetest.Body, func(*scheme.ApplicationBody) {}},
		{"again", "applied", schemetest.Body, func(*scheme.ApplicationBody) {}},
	} {
		b := h.Application()
		tt.change(&b)
		_, err := h.Scheme.Apply(t.Context(), schemetest.Applicant, scheme.On{}, iotmark.Application, tt.certifier, "", b)
		if got := storetest.ErrorID(err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if _, err := h.Scheme.Apply(t.Context(), schemetest.Applicant, scheme.On{}, iotmark.Appeal, schemetest.Body, "", h.Application()); storetest.ErrorID(err) != "kind-wrong" {
		t.Errorf("applied for an appeal: %v", err)
	}
	m := verifytest.NewMaker("late.example")
	in := scheme.Register{Domain: "late.example", Name: "Late", Register: "HRB 2", Keys: verifytest.Entries(m.Keys...), Person: scheme.Person{ID: "a9", Name: "Al"}}
	late := schemetest.As("a9", "late.example")
	for _, tt := range []struct {
		name, want string
		by         iotmark.Actor
		change     func(*scheme.Register)
	}{
		{"for another", "other-maker", schemetest.Applicant, func(*scheme.Register) {}},
		{"no register", "registration-incomplete", late, func(r *scheme.Register) { r.Register = "" }},
		{"keys of another", "key-wrong", late, func(r *scheme.Register) { r.Keys = verifytest.Entries(h.Maker.Keys...) }},
		{"whole", "", late, func(*scheme.Register) {}},
		{"again", "maker-known", late, func(*scheme.Register) {}},
	} {
		r := in
		tt.change(&r)
		if _, err := h.Scheme.Register(t.Context(), tt.by, scheme.On{}, r); storetest.ErrorID(err) != tt.want {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
