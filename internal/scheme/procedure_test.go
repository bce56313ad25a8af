package scheme_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/verify"
)

// The procedures go by the numbers of the edition, and every state that has a
// deadline finds its days there.
func TestTermsOf(t *testing.T) {
	t.Parallel()
	p, err := catalogue.MustLoad().Procedure()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		profile catalogue.ProfileID
		small   bool
	}{{catalogue.ProfileStandard, false}, {catalogue.ProfileSmallBody, true}} {
		got, err := scheme.TermsOf(p, tt.profile)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range iotmark.CaseStates() {
			if s.Deadline != "" && got.Deadlines[s.Deadline].Days < 1 {
				t.Errorf("%s: a %s that is %s has no days for %s", tt.profile, s.Kind, s.State, s.Deadline)
			}
		}
		got.Deadlines, got.Fees, got.Retention = nil, catalogue.Fees{}, nil
		if d := cmp.Diff(scheme.Terms{Interest: 730, Quorum: 2, Panel: 3, Small: tt.small, AfterGrant: 60, Private: 90, Renewal: 120}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.profile, d)
		}
	}
	if _, err := scheme.TermsOf(p, "large-body"); iotmark.KindOf(err) != iotmark.NotFound {
		t.Errorf("an unknown profile: %v", err)
	}
}

// Procedures and log count the same: what the edition asks for is what the
// log's own rules ask for, as long as a keyring says nothing else.
func TestLogCountsTheSame(t *testing.T) {
	t.Parallel()
	p, err := catalogue.MustLoad().Procedure()
	if err != nil {
		t.Fatal(err)
	}
	standard, err := p.Profile(catalogue.ProfileStandard)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range standard.Decisions {
		r := verify.DefaultRules()[verify.Type(d.Act)]
		organisations := 1
		if r.OrgsApart {
			organisations = r.Need[verify.Assessor] + r.Need[verify.Committee]
		}
		got := []int{r.Need[verify.Committee], r.Need[verify.Assessor], organisations}
		if diff := cmp.Diff([]int{d.Signers, d.Assessors, d.Organisations}, got); diff != "" {
			t.Errorf("%s: signers, assessors, organisations (-edition +log):\n%s", d.Act, diff)
		}
	}
	// Replay holds terms to two years and lets a suspension lapse after thirty days.
	if d, _ := p.Deadline("suspension.confirm"); d.Days != 30 || p.Validity.Months != 24 {
		t.Errorf("a suspension lapses after %d days and a mark ends after %d months; the log says 30 and 24", d.Days, p.Validity.Months)
	}
}
