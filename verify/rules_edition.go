package verify

import (
	"slices"

	"github.com/open-iot-mark/iotmark"
)

// The way to an edition: proposal, consultation opened and closed, ballot,
// adoption. No step is left out.

func (r *Replayer) proposal(id string) (*Proposal, error) {
	for _, p := range r.proposals {
		if p.Proposal == id {
			return p, nil
		}
	}
	return nil, missing("there is no proposal %s", id)
}

func (a *act) proposed() error {
	b := a.body.(*ProposalBody)
	if _, err := a.r.proposal(b.Proposal); err == nil {
		return notAllowed("the proposal %s was published before; a changed one has another id", b.Proposal)
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(ref) { a.r.proposals = append(a.r.proposals, &Proposal{ProposalBody: *b, Index: a.index}) }
	return nil
}

func (a *act) consulted() error {
	b := a.body.(*ConsultationBody)
	p, err := a.r.proposal(b.Proposal)
	if err != nil {
		return err
	}
	if p.Consultation != nil {
		return notAllowed("the consultation on %s was opened before", b.Proposal)
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(ref) { p.Consultation = b }
	return nil
}

func (a *act) consultationClosed() error {
	b := a.body.(*ConsultationBody)
	p, err := a.r.proposal(b.Proposal)
	if err != nil {
		return err
	}
	switch c := p.Consultation; {
	case c == nil || p.Closed:
		return notAllowed("there is no open consultation on %s", b.Proposal)
	case b.Opens != c.Opens || b.Closes != c.Closes:
		return refuse("body-wrong", "the consultation on %s was opened from %s to %s", b.Proposal, c.Opens, c.Closes)
	case a.day() < c.Closes:
		return notAllowed("the consultation on %s is open until %s", b.Proposal, c.Closes)
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(ref) { p.Closed, p.Consultation = true, b }
	return nil
}

// balloted: all who voted sign, so that the numbers can be counted again.
func (a *act) balloted() error {
	b := a.body.(*BallotBody)
	p, err := a.r.proposal(b.Proposal)
	if err != nil {
		return err
	}
	if !p.Closed || p.Ballot != nil && p.Ballot.Carried {
		return notAllowed("a ballot on %s follows its consultation, and no ballot follows one that carried", b.Proposal)
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	voters := map[string]bool{}
	for _, h := range a.all(Committee) {
		voters[h.Person] = true
	}
	if n := b.For + b.Against + b.Abstain; n != len(voters) {
		return refuse("ballot-wrong", "the ballot counts %d votes, and %d of the committee signed", n, len(voters))
	}
	a.commit = func(ref) { p.Ballot = b }
	return nil
}

func (r *Replayer) edition(e iotmark.Edition) (int, bool) {
	i := slices.IndexFunc(r.editions, func(x *Adopted) bool { return x.Edition == e })
	return i, i >= 0
}

func (a *act) adopted() error {
	b := a.body.(*EditionBody)
	r := a.r
	if _, ok := r.edition(b.Edition); ok {
		return notAllowed("the edition %s was adopted before; it never changes", b.Edition)
	}
	p, err := r.proposal(b.Proposal)
	if err != nil {
		return err
	}
	switch {
	case p.Ballot == nil || !p.Ballot.Carried:
		return notAllowed("no ballot carried the proposal %s", b.Proposal)
	case slices.ContainsFunc(r.editions, func(x *Adopted) bool { return x.Proposal == b.Proposal }):
		return notAllowed("the proposal %s led to an edition before", b.Proposal)
	}
	if _, ok := r.edition(b.Replaces); b.Replaces != "" && !ok {
		return missing("there is no edition %s that could be replaced", b.Replaces)
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(ref) { r.editions = append(r.editions, &Adopted{EditionBody: *b, Index: a.index}) }
	return nil
}

func (a *act) editionWithdrawn() error {
	b := a.body.(*EditionEndBody)
	i, ok := a.r.edition(b.Edition)
	switch {
	case !ok:
		return missing("there is no edition %s", b.Edition)
	case a.r.editions[i].Withdrawn != "":
		return notAllowed("the edition %s was withdrawn before", b.Edition)
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(ref) { a.r.editions[i].Withdrawn = b.From }
	return nil
}

// inForce finds an edition under which marks may be granted on a day: it has
// begun, was not withdrawn, and no edition that replaces it has ended its time
// of transition. Its files are those that were adopted.
func (r *Replayer) inForce(e iotmark.Edition, catalogue iotmark.Digest, day iotmark.Date) (int, error) {
	i, ok := r.edition(e)
	if !ok {
		return 0, refuse("edition-not-in-force", "there is no edition %s", e)
	}
	x := r.editions[i]
	if x.Catalogue != catalogue {
		return 0, refuse("catalogue-wrong", "the catalogue is %s; that of edition %s is %s", catalogue.Short(), e, x.Catalogue.Short())
	}
	switch {
	case day < x.From:
		return 0, refuse("edition-not-in-force", "the edition %s begins on %s", e, x.From)
	case x.Withdrawn != "" && day >= x.Withdrawn:
		return 0, refuse("edition-not-in-force", "the edition %s was withdrawn from %s on", e, x.Withdrawn)
	}
	for _, y := range r.editions {
		if y.Replaces == e && (y.Transition != "" && day > y.Transition || y.Transition == "" && day >= y.From) {
			return 0, refuse("edition-not-in-force", "the edition %s was replaced by %s", e, y.Edition)
		}
	}
	return i, nil
}
