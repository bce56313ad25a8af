package audit

import (
	"context"
	"strconv"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Steps of the verification of a mark by replay, beside those of
// [verify.VerifyBundle].
const (
	StepReplay = "replay" // every entry of the log was replayed from the root of trust
	StepStatus = "status" // every status list that the log names follows from it
)

// Mark verifies one mark by replaying the whole log, as of now: it is what a
// mirror is for. It rests on no bundle and no credential, and says more than
// they can: that every act of the mark's life was allowed. A code that no
// grant has is not-genuine (mark-unknown). Errors are those of reading the
// log, and of a checkpoint that the policy does not accept.
func (a *Auditor) Mark(ctx context.Context, code string, now time.Time, progress func(done, of int64)) (verify.Result, error) {
	h, err := a.log.Head(ctx)
	if err != nil {
		return verify.Result{}, err
	}
	seen, err := a.policy.Open(h.Note, a.log.Origin())
	if err != nil {
		return verify.Result{}, err
	}
	a.public = h.Size
	if err := a.advance(ctx, h, progress); err != nil {
		return verify.Result{}, err
	}
	out := verify.Result{Code: code, Witnessed: a.policy.Witnessed(), Answer: verify.NotGenuine, AsOf: time.Unix(seen.Earliest, 0).UTC()}
	for _, w := range seen.Witnesses {
		out.Witnesses = append(out.Witnesses, w.Name)
	}
	if !out.Witnessed { // nobody's clock but the operator's: the last entry's
		out.AsOf = a.latest
	}
	// What was not published yet could confirm a suspension, so that the state
	// is that of the log's own time.
	reg := a.rules.Registry(out.AsOf)
	step := func(id string, ok bool, args map[string]string) {
		out.Steps = append(out.Steps, verify.Step{ID: id, OK: ok, Args: args})
	}
	fail := func(id iotmark.ErrorID, msg string) (verify.Result, error) {
		out.Failure = &iotmark.Error{Kind: iotmark.Unverified, ID: id, Msg: msg}
		return out, nil
	}
	step(StepReplay, true, map[string]string{"size": strconv.FormatInt(h.Size, 10)})
	if len(a.differs) > 0 {
		step(StepStatus, false, map[string]string{"differ": strconv.Itoa(len(a.differs))})
		return fail("audit-differs", "the log says of itself what does not follow from it; iotmark audit tells what")
	}
	step(StepStatus, true, map[string]string{"statuses": strconv.FormatInt(a.statuses, 10)})
	var m *verify.Mark
	for i := range reg.Marks {
		if reg.Marks[i].Code == code {
			m = &reg.Marks[i]
		}
	}
	if m == nil {
		step(verify.StepState, false, nil)
		return fail("mark-unknown", "the log has no grant of a mark with this code")
	}
	out.Subject, out.Effective, out.Terms = m.Subject, m.Effective, m.TermsInForce
	step(verify.StepState, true, map[string]string{"state": string(m.State)})
	if out.AsOf.After(now.Add(verify.Skew)) {
		step(verify.StepCurrency, false, nil)
		out.Answer = verify.CannotCheck
		return fail("clock-behind", "the clock here is behind the times at which the log was signed: set the clock")
	}
	age := now.Sub(out.AsOf)
	step(verify.StepCurrency, true, map[string]string{"days": strconv.Itoa(max(int(age/(24*time.Hour)), 0))})
	out.Answer, _ = verify.AnswerOf(m.State, m.TermsInForce, out.AsOf, now)
	return out, nil
}
