package scheme_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// What is paid is what the table says, and the year can be counted from it.
func TestFees(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		ctx, s := t.Context(), h.Scheme
		c := h.OK(s.Apply(ctx, schemetest.Applicant, scheme.On{}, iotmark.Application, schemetest.Body, "", h.Application()))
		on := scheme.On{Case: c.ID, Reason: "no register has it"}
		for _, tt := range []struct {
			name, service, payee string
			units, amount        int
			want                 string
		}{
			{"the fee", "application", "", 1, 200, ""},
			{"two days of a laboratory", "laboratory", "lab1", 2, 1800, ""},
			{"the register", "register", "", 1, 100, ""},
			{"less", "application", "", 1, 199, "fee-wrong"},
			{"for a verdict", "success", "", 1, 200, "service-unknown"},
			{"no time", "laboratory", "lab1", 0, 0, "units-wrong"},
			{"a body as laboratory", "laboratory", schemetest.Body, 1, 900, "payee-wrong"},
		} {
			_, err := s.Pay(ctx, schemetest.Registrar, on, tt.service, tt.payee, tt.units, tt.amount)
			if got := storetest.ErrorID(err); got != tt.want {
				t.Errorf("%s: %s, want %q", tt.name, got, tt.want)
			}
		}
		if _, err := s.Pay(ctx, schemetest.Applicant, on, "application", "", 1, 200); storetest.ErrorID(err) != "role-missing" {
			t.Errorf("a maker says that it has paid: %v", err)
		}
		h.OK(s.Decline(ctx, schemetest.Registrar, on, []string{"legal-identity"}))
		paid, err := s.Payments(ctx, c.Subject)
		if err != nil || len(paid) != 3 || paid[1].Payee != "lab1" {
			t.Fatalf("payments of the mark: %+v, %v", paid, err)
		}
		if _, err := s.Accounts(ctx, schemetest.Applicant, h.Now().Year()); storetest.ErrorID(err) != "role-missing" {
			t.Errorf("a maker reads the accounts: %v", err)
		}
		a, err := s.Accounts(ctx, schemetest.Observer, h.Now().Year())
		if err != nil {
			t.Fatal(err)
		}
		want := scheme.Accounts{Year: h.Now().Year(), Currency: "EUR",
			Paid:     map[string]map[string]int{schemetest.Body: {"application": 200}, "lab1": {"laboratory": 1800}, schemetest.Owner: {"register": 100}},
			Payers:   map[string]int{schemetest.Acme: 2100},
			Opened:   map[string]int{"application": 1, "directory": 1, "registration": 1},
			Ended:    map[string]map[string]int{"application": {"declined": 1}, "registration": {"admitted": 1}},
			Refusals: map[string]int{"legal-identity": 1}}
		if d := cmp.Diff(want, a); d != "" {
			t.Errorf("accounts (-want +got)\n%s", d)
		}
	})
}
