package iotmark

import "slices"

// MarkState is where a mark stands in its life, as the public log tells it.
// What goes on before an application is accepted is nobody's business but the
// certification body's and the maker's, and is not in the log.
type MarkState string

// The states of a mark (ISO/IEC 17065:2012, 7.4 to 7.11).
const (
	MarkNone      MarkState = ""          // nothing was said of it yet
	MarkApplied   MarkState = "applied"   // an application was accepted
	MarkSealed    MarkState = "sealed"    // the evidence it rests on is fixed by hash
	MarkEvaluated MarkState = "evaluated" // an assessor has evaluated that evidence
	MarkValid     MarkState = "valid"     // granted
	MarkSuspended MarkState = "suspended" // may not be used for now
	MarkWithdrawn MarkState = "withdrawn" // ended by the certification body or by the maker; final
	MarkRefused   MarkState = "refused"   // decided against; an appeal may follow
	MarkExpired   MarkState = "expired"   // ended by its date; a renewal before that date prevents it
)

// Ended reports whether nothing brings the mark back to life.
func (s MarkState) Ended() bool { return s == MarkWithdrawn || s == MarkExpired || s == MarkRefused }

// MarkAct is what was done to a mark: the type of an entry of the log, such as
// mark.granted.
type MarkAct string

// The acts that move a mark from state to state.
const (
	ApplicationAccepted MarkAct = "application.accepted"
	EvidenceSealed      MarkAct = "evidence.sealed"
	EvaluationCompleted MarkAct = "evaluation.completed"
	MarkGrantedAct      MarkAct = "mark.granted"
	MarkRefusedAct      MarkAct = "mark.refused"
	MarkRenewedAct      MarkAct = "mark.renewed"
	MarkAmendedAct      MarkAct = "mark.amended"
	MarkSuspendedAct    MarkAct = "mark.suspended"
	SuspensionConfirmed MarkAct = "suspension.confirmed"
	MarkRestoredAct     MarkAct = "mark.restored"
	MarkWithdrawnAct    MarkAct = "mark.withdrawn"
	ComplaintOpened     MarkAct = "complaint.opened"
	ComplaintDecided    MarkAct = "complaint.decided"
	AppealOpened        MarkAct = "appeal.opened"
	AppealDecided       MarkAct = "appeal.decided"
	FindingPublished    MarkAct = "finding.published"
	UnitBatch           MarkAct = "unit.batch"
	SuspensionLapsed    MarkAct = "suspension.lapsed" // by time: thirty days without a second signature; no entry
	MarkExpiredAct      MarkAct = "mark.expired"      // by time: the day after valid_until; no entry
)

// MarkMove is one row of the table of a mark's life.
type MarkMove struct {
	From MarkState
	Act  MarkAct
	To   MarkState
}

// markMoves is the whole life of a mark. What is not in it is not allowed.
// Evidence may be sealed and evaluated again at any time of a mark's life; a
// renewal rests on it (its state says only whether the mark may be used).
var markMoves = []MarkMove{
	{MarkNone, ApplicationAccepted, MarkApplied},
	{MarkApplied, EvidenceSealed, MarkSealed},
	{MarkApplied, MarkWithdrawnAct, MarkWithdrawn},
	{MarkSealed, EvidenceSealed, MarkSealed},
	{MarkSealed, EvaluationCompleted, MarkEvaluated},
	{MarkSealed, MarkWithdrawnAct, MarkWithdrawn},
	{MarkEvaluated, EvidenceSealed, MarkSealed},
	{MarkEvaluated, MarkGrantedAct, MarkValid},
	{MarkEvaluated, MarkRefusedAct, MarkRefused},
	{MarkEvaluated, MarkWithdrawnAct, MarkWithdrawn},
	{MarkRefused, AppealOpened, MarkRefused},
	{MarkRefused, AppealDecided, MarkRefused}, // upheld: a new application follows; the refusal stays told
	{MarkValid, EvidenceSealed, MarkValid},
	{MarkValid, EvaluationCompleted, MarkValid},
	{MarkValid, MarkRenewedAct, MarkValid},
	{MarkValid, MarkAmendedAct, MarkValid},
	{MarkValid, MarkSuspendedAct, MarkSuspended},
	{MarkValid, MarkWithdrawnAct, MarkWithdrawn},
	{MarkValid, MarkExpiredAct, MarkExpired},
	{MarkSuspended, EvidenceSealed, MarkSuspended},
	{MarkSuspended, EvaluationCompleted, MarkSuspended},
	{MarkSuspended, SuspensionConfirmed, MarkSuspended},
	{MarkSuspended, SuspensionLapsed, MarkValid},
	{MarkSuspended, MarkRestoredAct, MarkValid},
	{MarkSuspended, MarkAmendedAct, MarkSuspended}, // a scope may be reduced while suspended (ISO/IEC 17065, 7.11.1)
	{MarkSuspended, MarkWithdrawnAct, MarkWithdrawn},
	{MarkSuspended, MarkExpiredAct, MarkExpired},
}

// told are the acts that may follow a grant in any state and change none.
var told = []MarkAct{ComplaintOpened, ComplaintDecided, AppealOpened, AppealDecided, FindingPublished, UnitBatch}

// MarkMoves returns the table of a mark's life, those acts included that
// change no state. It is a copy.
func MarkMoves() []MarkMove {
	out := slices.Clone(markMoves)
	for _, s := range []MarkState{MarkValid, MarkSuspended, MarkWithdrawn, MarkExpired} {
		for _, a := range told {
			if a == UnitBatch && s != MarkValid {
				continue
			}
			out = append(out, MarkMove{s, a, s})
		}
	}
	return out
}

// moved is the table by state and act, for [MoveMark].
var moved = func() map[MarkMove]MarkState {
	m := map[MarkMove]MarkState{}
	for _, r := range MarkMoves() {
		m[MarkMove{From: r.From, Act: r.Act}] = r.To
	}
	return m
}()

// MoveMark returns the state after an act, and whether the act is allowed in
// that state.
func MoveMark(from MarkState, act MarkAct) (to MarkState, ok bool) {
	if to, ok = moved[MarkMove{From: from, Act: act}]; !ok {
		return from, false
	}
	return to, true
}
