package scheme

import (
	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// TermsOf takes the numbers from the procedure of an edition, for a body that
// works under one of its profiles. The error is profile-unknown.
func TermsOf(p *catalogue.Procedure, profile catalogue.ProfileID) (Terms, error) {
	f, err := p.Profile(profile)
	if err != nil {
		return Terms{}, err
	}
	refusal, _ := f.Decision(iotmark.MarkRefusedAct) // what the log does not see is decided like a refusal
	appeal, _ := f.Decision(iotmark.AppealDecided)
	_, apart := p.KeptApart(f, iotmark.RoleReviewer, iotmark.RoleCommittee)
	t := Terms{Deadlines: map[string]catalogue.Deadline{}, Interest: (p.Interest.Months*365 + 11) / 12, Quorum: refusal.Votes, Panel: appeal.Members, Small: !apart, Private: p.Disclosure.Days, Fees: p.Fees}
	for _, d := range p.Deadlines {
		t.Deadlines[string(d.ID)] = d
	}
	t.AfterGrant = t.Deadlines["surveillance.after-grant"].Days
	t.Renewal = t.Deadlines["renewal.apply"].Days
	t.Retention = map[string]catalogue.Retention{}
	for _, r := range p.Retention {
		t.Retention[r.ID] = r
	}
	return t, nil
}
