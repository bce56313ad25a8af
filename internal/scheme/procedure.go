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
	t := Terms{Days: p.Days(), Interest: (p.Interest.Months*365 + 11) / 12, Quorum: refusal.Votes, Panel: appeal.Members, Small: !apart}
	// One number serves all deadlines here: the reminder that even the shortest
	// one has room for.
	for _, d := range p.Deadlines {
		if len(d.Remind) > 0 && (t.Remind == 0 || d.Remind[0] < t.Remind) {
			t.Remind = d.Remind[0]
		}
	}
	return t, nil
}
