package audit

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
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
	for _, index := range slices.Compact([]int64{m.GrantIndex, m.TermsIndex}) {
		signers, err := a.signers(ctx, h, reg, index)
		if err != nil {
			return verify.Result{}, err
		}
		for _, s := range signers {
			if !slices.Contains(out.Signers, s) {
				out.Signers = append(out.Signers, s)
			}
		}
	}
	step(verify.StepState, true, map[string]string{"state": string(m.State)})
	if out.AsOf.After(now.Add(verify.Skew)) {
		step(verify.StepCurrency, false, nil)
		out.Answer = verify.CannotCheck
		return fail("clock-behind", "the clock here is behind the times at which the log was signed: set the clock")
	}
	age := now.Sub(out.AsOf)
	args := map[string]string{"days": strconv.Itoa(max(int(age/(24*time.Hour)), 0))}
	answer, why := verify.AnswerOf(m.State, m.TermsInForce, out.AsOf, now)
	if out.Answer = answer; why != "" {
		args["why"] = why
	}
	step(verify.StepCurrency, true, args)
	return out, nil
}

// signers are those who signed an entry in a role that decides on it. That
// they were enough, the replay has found.
func (a *Auditor) signers(ctx context.Context, h ledger.Head, reg *verify.Registry, index int64) (out []verify.Signer, err error) {
	keys := slices.Clone(reg.Keyring.Keys)
	for _, o := range reg.Orgs {
		keys = append(keys, o.Keys...)
	}
	for note, err := range a.log.EntriesAt(ctx, h, index, index+1) {
		if err != nil {
			return nil, err
		}
		e, err := verify.Parse(reg.Domain, note)
		if err != nil {
			return nil, err
		}
		need := verify.RuleOf(e, &reg.Keyring.KeyringBody).Need
		for _, sig := range e.Sigs {
			i := slices.IndexFunc(keys, func(k verify.KeyEntry) bool { return k.Name == sig.Name && need[k.Role] > 0 })
			if i < 0 {
				continue
			}
			k, err := verify.ParseKey(keys[i])
			if err == nil && k.Made(sig) && k.Verify(e.Text, sig, reg.Domain) == nil {
				out = append(out, verify.Signer{Name: k.Name, Org: k.Org, Role: k.Role})
			}
		}
	}
	return out, nil
}
