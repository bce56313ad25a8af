package verifytest

import (
	"fmt"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Mark is a mark in the making. Its methods append one entry each; they do
// not ask whether that is allowed.
type Mark struct {
	S       *Scheme
	Subject string
	Maker   Maker
	Org     Org // that evaluates
	Product string

	Evidence   verify.SealedBody
	Evaluation verify.EvaluationBody
	Evaluated  At
	Terms      verify.TermsBody // as last granted, renewed or amended
	Granted    At
	Cases      int

	rounds int
}

// NewMark gives a mark of a product of a maker, of which nothing is in the log.
func (s *Scheme) NewMark(m Maker, product string) *Mark {
	return &Mark{S: s, Subject: verify.Subject(verify.OfMark, s.NewID()), Maker: m, Org: s.Orgs[0], Product: product}
}

// Grant appends all from promise.set to mark.granted for a new product.
func (s *Scheme) Grant(m Maker, product string) *Mark {
	s.T.Helper()
	s.Promise(m, product)
	k := s.NewMark(m, product)
	k.Apply()
	k.Seal()
	k.Evaluate()
	k.Grant()
	return k
}

func (k *Mark) of(t verify.Type, body any) At {
	k.S.T.Helper()
	return k.S.of(t, k.Subject, body, append([]Key{k.Org.Keys[0]}, k.Maker.Keys...)...)
}

// ApplicationOf is the body that [Mark.Apply] appends.
func (k *Mark) ApplicationOf() verify.ApplicationBody {
	return verify.ApplicationBody{Body: "certifier", Edition: k.S.Edition.Edition, Maker: k.Maker.Body.Domain, Product: k.Product}
}

// Apply appends application.accepted.
func (k *Mark) Apply() At {
	k.S.T.Helper()
	return k.of(verify.ApplicationAccepted, k.ApplicationOf())
}

// Seal appends evidence.sealed, with other evidence each time.
func (k *Mark) Seal() At {
	k.S.T.Helper()
	k.rounds++
	k.Evidence = verify.SealedBody{Items: 58, Root: Digest(fmt.Sprint("evidence ", k.Subject, k.rounds))}
	return k.of(verify.EvidenceSealed, k.Evidence)
}

// EvaluationOf is the body that [Mark.Evaluate] appends: of the evidence that
// was sealed last.
func (k *Mark) EvaluationOf() verify.EvaluationBody {
	return verify.EvaluationBody{Catalogue: k.S.Edition.Catalogue, Conclusions: Digest(fmt.Sprint("conclusions ", k.Subject, k.rounds)), Edition: k.S.Edition.Edition,
		Evidence: k.Evidence.Root, Interests: "none", Scope: "thermostat", Statement: Document(fmt.Sprint("statement ", k.Subject, k.rounds))}
}

// Evaluate appends evaluation.completed.
func (k *Mark) Evaluate() At {
	k.S.T.Helper()
	k.Evaluation = k.EvaluationOf()
	k.Evaluated = k.of(verify.EvaluationCompleted, k.Evaluation)
	return k.Evaluated
}

// TermsOf gives the terms that would come next: of a grant with a new code
// and the next slot; otherwise with those that the mark has. They run for two
// years from today, or to the end of the updates.
func (k *Mark) TermsOf() verify.TermsBody {
	e := k.Evaluation
	updates := iotmark.DateOf(k.S.Opts.Start.AddDate(5, 0, 0))
	b := verify.TermsBody{
		Catalogue: e.Catalogue, Code: k.Terms.Code, Conclusions: e.Conclusions, Edition: e.Edition, Evaluation: k.Evaluated.Leaf, Evidence: e.Evidence,
		Holder: verify.Holder{Domain: k.Maker.Body.Domain, Name: k.Maker.Body.Name, LEI: k.Maker.Body.LEI},
		Product: verify.ProductTerms{Category: "thermostat", GTINs: []string{"09506000134352"}, Hardware: []string{"rev C"}, ID: k.Product,
			Matter: &verify.Matter{PID: 32769, VID: 65521}, Model: "T-1", Name: "Warmth " + k.Product, Services: []string{"api.example.com"},
			Software: verify.Software{Min: "2.4.0"}},
		Scope: e.Scope, Slot: k.Terms.Slot, Topics: Topics(), Updates: updates,
		ValidFrom: k.S.Today(), ValidUntil: min(iotmark.DateOf(k.S.Now.AddDate(2, 0, 0)), updates),
	}
	if b.Code == "" {
		b.Code, b.Slot = k.S.Code(), k.S.Slots
	}
	return b
}

// Topics are counts for the eight topics.
func Topics() map[iotmark.Topic]verify.TopicCounts {
	m := map[iotmark.Topic]verify.TopicCounts{}
	for i, t := range iotmark.Topics() {
		m[t] = verify.TopicCounts{Assessed: 3, Checked: 2, Criteria: 6 + i, Tested: 1}
	}
	return m
}

// Set appends mark.granted, mark.renewed or mark.amended with the given terms.
func (k *Mark) Set(t verify.Type, b verify.TermsBody) At {
	k.S.T.Helper()
	k.Terms = b
	at := k.of(t, b)
	if t == verify.MarkGranted {
		k.Granted = at
	}
	return at
}

// Grant appends mark.granted.
func (k *Mark) Grant() At { k.S.T.Helper(); return k.Set(verify.MarkGranted, k.TermsOf()) }

// Renew appends mark.renewed.
func (k *Mark) Renew() At { k.S.T.Helper(); return k.Set(verify.MarkRenewed, k.TermsOf()) }

// Amend appends mark.amended: the terms as they are, for a later version.
func (k *Mark) Amend() At {
	k.S.T.Helper()
	b := k.Terms
	k.rounds++
	b.Product.Software.Min = fmt.Sprintf("2.5.%d", k.rounds)
	return k.Set(verify.MarkAmended, b)
}

// Refuse appends mark.refused.
func (k *Mark) Refuse() At {
	k.S.T.Helper()
	return k.of(verify.MarkRefused, verify.RefusedBody{Evaluation: k.Evaluated.Leaf, Reason: "Two criteria are not met."})
}

// Suspend appends mark.suspended, signed by so many of the committee.
func (k *Mark) Suspend(by int) At {
	k.S.T.Helper()
	return k.S.Append(Draft{Type: verify.MarkSuspended, Subject: k.Subject, Body: verify.ReasonBody{Reason: "Updates stopped."}, Signers: k.S.Committee[:by]})
}

// Confirm appends suspension.confirmed.
func (k *Mark) Confirm() At {
	k.S.T.Helper()
	return k.of(verify.SuspensionConfirmed, verify.ReasonBody{Reason: "Updates stopped."})
}

// Restore appends mark.restored.
func (k *Mark) Restore() At {
	k.S.T.Helper()
	return k.of(verify.MarkRestored, verify.ReasonBody{Reason: "Updates came again."})
}

// Withdraw appends mark.withdrawn by the committee or by the maker.
func (k *Mark) Withdraw(by verify.Role) At {
	k.S.T.Helper()
	signers := k.S.Committee[:2]
	if by == verify.Maker {
		signers = k.Maker.Keys[:1]
	}
	return k.S.Append(Draft{Type: verify.MarkWithdrawn, Subject: k.Subject, Body: verify.ReasonBody{By: by, Reason: "The product is no longer made."}, Signers: signers})
}

// Complain appends complaint.opened and gives the id of the case.
func (k *Mark) Complain() string {
	k.S.T.Helper()
	k.Cases++
	id := fmt.Sprintf("complaint-%d", k.Cases)
	k.of(verify.ComplaintOpened, verify.CaseBody{Case: id, Grounds: "It does not heat without the cloud."})
	return id
}

// DecideComplaint appends complaint.decided.
func (k *Mark) DecideComplaint(id string) At {
	k.S.T.Helper()
	return k.of(verify.ComplaintDecided, verify.OutcomeBody{Case: id, Outcome: "rejected", Reason: "It does."})
}

// Appeal appends appeal.opened against a decision and gives the id of the case.
func (k *Mark) Appeal(against At) string {
	k.S.T.Helper()
	k.Cases++
	id := fmt.Sprintf("appeal-%d", k.Cases)
	k.of(verify.AppealOpened, verify.CaseBody{Against: against.Leaf, Case: id, Grounds: "The evidence says otherwise."})
	return id
}

// DecideAppeal appends appeal.decided by the three members of the committee
// who sign last: the others decided before.
func (k *Mark) DecideAppeal(id string) At {
	k.S.T.Helper()
	return k.S.Append(Draft{Type: verify.AppealDecided, Subject: k.Subject, Body: verify.OutcomeBody{Case: id, Outcome: "upheld", Reason: "It does."}, Signers: k.S.Committee[2:]})
}

// Find appends finding.published.
func (k *Mark) Find() At {
	k.S.T.Helper()
	return k.S.Append(Draft{Type: verify.FindingPublished, Subject: k.Subject, Signers: k.S.Committee[:1],
		Body: verify.FindingBody{Criterion: "lifecycle.updates-promised", Statement: Document("finding"), Summary: "The last update is a year old."}})
}

// Batch appends unit.batch.
func (k *Mark) Batch() At {
	k.S.T.Helper()
	return k.of(verify.UnitBatch, verify.UnitsBody{Count: 1000, Root: Digest("units")})
}
