package scheme_test

import (
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// A clock stands still while the other side must answer; what is not answered
// lapses; and a mark is looked at after the grant and every year.
func TestDays(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		ctx, s := t.Context(), h.Scheme
		c := h.OK(s.Apply(ctx, schemetest.Applicant, scheme.On{}, iotmark.Application, schemetest.Body, "", h.Application()))
		on := scheme.On{Case: c.ID}
		if want := scheme.Day(h.Now(), 14); c.Due != want || c.Remind != scheme.Day(h.Now(), 7) {
			t.Fatalf("the review is due on %s, told on %s; want %s", c.Due, c.Remind, want)
		}
		h.Days(4)
		c = h.OK(s.Ask(ctx, schemetest.Registrar, on, "which hub?"))
		if c.Due != scheme.Day(h.Now(), 30) || c.DaysLeft != 10 {
			t.Fatalf("the answer is due on %s, %d days are left of the review", c.Due, c.DaysLeft)
		}
		h.Days(20)
		h.Work()
		if c = h.OK(s.Answer(ctx, schemetest.Applicant, on, "the small one")); c.Due != scheme.Day(h.Now(), 10) {
			t.Fatalf("after the answer the review is due on %s, want ten days from %s", c.Due, scheme.Day(h.Now(), 0))
		}
		h.OK(s.Ask(ctx, schemetest.Registrar, on, "and the cloud?"))
		if _, err := s.Lapse(ctx, on); storetest.ErrorID(err) != "not-due" {
			t.Errorf("lapsed before its day: %v", err)
		}
		h.Days(31)
		h.Work()
		if c = h.OK(s.Case(ctx, schemetest.Applicant, c.ID)); c.State != "lapsed" {
			t.Fatalf("without an answer the application is %s", c.State)
		}
		trail, err := s.Trail(ctx, schemetest.Registrar, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		told := 0
		for _, d := range trail {
			if d.Act == iotmark.ActRemind {
				told++
			}
		}
		if told == 0 {
			t.Error("nobody was reminded")
		}

		g := h.Granted()
		h.Work()
		if c := h.OK(s.Case(ctx, schemetest.Applicant, g.ID)); c.State != "attested" {
			t.Fatalf("the log has the grant, and the case is %s", c.State)
		}
		if n := looks(h, g.Subject, scheme.ByGrant, scheme.ByYear); n != 0 {
			t.Fatalf("%d cases of surveillance on the first day", n)
		}
		h.Days(61)
		h.Work()
		if n := looks(h, g.Subject, scheme.ByGrant, scheme.ByYear); n != 1 {
			t.Fatalf("%d cases of surveillance after 61 days", n)
		}
		h.Days(310)
		h.Work()
		if n := looks(h, g.Subject, scheme.ByGrant, scheme.ByYear); n != 2 {
			t.Fatalf("%d cases of surveillance after a year", n)
		}
	})
}

// looks counts the cases of surveillance on a mark for some causes.
func looks(h *schemetest.House, mark string, causes ...scheme.Cause) (n int) {
	for _, c := range h.Cases(iotmark.Surveillance, mark) {
		for _, cause := range causes {
			if strings.HasPrefix(c.About, string(cause)+": ") {
				n++
			}
		}
	}
	return n
}
