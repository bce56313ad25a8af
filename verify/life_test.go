package verify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// life leads a new mark to a state.
func life(s *scheme, to iotmark.MarkState) *verifytest.Mark {
	m := s.Makers[0]
	s.Promise(m, "lamp")
	k := s.NewMark(m, "lamp")
	none := verifytest.Digest("none") // for acts that come too early
	k.Evidence.Root, k.Evaluated.Leaf, k.Granted.Leaf = none, none, none
	k.Evaluation = k.EvaluationOf()
	steps := map[iotmark.MarkState][]func(){
		iotmark.MarkNone:      {},
		iotmark.MarkApplied:   {func() { k.Apply() }},
		iotmark.MarkSealed:    {func() { k.Seal() }},
		iotmark.MarkEvaluated: {func() { k.Evaluate() }},
		iotmark.MarkRefused:   {func() { k.Granted = k.Refuse() }},
		iotmark.MarkValid:     {func() { k.Grant() }},
		iotmark.MarkSuspended: {func() { k.Suspend(1) }},
		iotmark.MarkWithdrawn: {func() { k.Withdraw(verify.Committee) }},
		iotmark.MarkExpired:   {func() { s.Pass(740) }},
	}
	ways := map[iotmark.MarkState][]iotmark.MarkState{
		iotmark.MarkNone:      {},
		iotmark.MarkApplied:   {iotmark.MarkApplied},
		iotmark.MarkSealed:    {iotmark.MarkApplied, iotmark.MarkSealed},
		iotmark.MarkEvaluated: {iotmark.MarkApplied, iotmark.MarkSealed, iotmark.MarkEvaluated},
		iotmark.MarkRefused:   {iotmark.MarkApplied, iotmark.MarkSealed, iotmark.MarkEvaluated, iotmark.MarkRefused},
	}
	granted := []iotmark.MarkState{iotmark.MarkApplied, iotmark.MarkSealed, iotmark.MarkEvaluated, iotmark.MarkValid}
	way, ok := ways[to]
	if !ok {
		way = granted
		if to != iotmark.MarkValid {
			way = append(way, to)
		}
	}
	for _, w := range way {
		for _, do := range steps[w] {
			do()
		}
	}
	return k
}

// acts does every act once. Those that need something before get it: terms to
// renew an evaluation where that can be had, a decision a case.
func acts(k *verifytest.Mark, act iotmark.MarkAct, state iotmark.MarkState) {
	granted := state == iotmark.MarkValid || state == iotmark.MarkSuspended
	open := func(appeal bool) string {
		if state == iotmark.MarkRefused || granted || state == iotmark.MarkWithdrawn || state == iotmark.MarkExpired {
			if appeal {
				return k.Appeal(k.Granted)
			}
			if state != iotmark.MarkRefused {
				return k.Complain()
			}
		}
		return "none"
	}
	switch act {
	case iotmark.ApplicationAccepted:
		k.Apply()
	case iotmark.EvidenceSealed:
		k.Seal()
	case iotmark.EvaluationCompleted:
		if granted {
			k.Seal()
		}
		k.Evaluate()
	case iotmark.MarkGrantedAct:
		k.Grant()
	case iotmark.MarkRefusedAct:
		k.Refuse()
	case iotmark.MarkRenewedAct:
		if granted {
			k.Seal()
			k.Evaluate()
		}
		k.Renew()
	case iotmark.MarkAmendedAct:
		if k.Terms.Code == "" {
			k.Terms = k.TermsOf()
		}
		k.Amend()
	case iotmark.MarkSuspendedAct:
		k.Suspend(1)
	case iotmark.SuspensionConfirmed:
		k.Confirm()
	case iotmark.MarkRestoredAct:
		k.Restore()
	case iotmark.MarkWithdrawnAct:
		k.Withdraw(verify.Maker)
	case iotmark.ComplaintOpened:
		k.Complain()
	case iotmark.ComplaintDecided:
		k.DecideComplaint(open(false))
	case iotmark.AppealOpened:
		k.Appeal(k.Granted)
	case iotmark.AppealDecided:
		k.DecideAppeal(open(true))
	case iotmark.FindingPublished:
		k.Find()
	case iotmark.UnitBatch:
		k.Batch()
	case iotmark.SuspensionLapsed:
		k.S.Pass(31)
	case iotmark.MarkExpiredAct:
		k.S.Pass(740)
	}
}

var allStates = []iotmark.MarkState{iotmark.MarkNone, iotmark.MarkApplied, iotmark.MarkSealed, iotmark.MarkEvaluated, iotmark.MarkValid,
	iotmark.MarkSuspended, iotmark.MarkWithdrawn, iotmark.MarkRefused, iotmark.MarkExpired}

// Every state meets every act: what the table of a mark's life allows leads
// where it says, and everything else is void.
func TestLife(t *testing.T) {
	t.Parallel()
	rows := map[iotmark.MarkMove]iotmark.MarkState{}
	allActs := map[iotmark.MarkAct]bool{}
	for _, m := range iotmark.MarkMoves() {
		rows[iotmark.MarkMove{From: m.From, Act: m.Act}] = m.To
		allActs[m.Act] = true
	}
	for _, from := range allStates {
		for act := range allActs {
			to, allowed := rows[iotmark.MarkMove{From: from, Act: act}]
			byTime := act == iotmark.SuspensionLapsed || act == iotmark.MarkExpiredAct
			if byTime && !allowed {
				continue
			}
			t.Run(fmt.Sprintf("%s in %q", act, from), func(t *testing.T) {
				t.Parallel()
				s := verifytest.New(t, verifytest.Opts{})
				k := life(s, from)
				if from == iotmark.MarkSuspended && act == iotmark.MarkExpiredAct {
					k.Confirm() // or it lapses before
				}
				acts(k, act, from)
				reg := replay(t, s)
				if allowed {
					clean(t, reg)
					all := append(reg.Marks, reg.Applications...)
					if len(all) != 1 || all[0].State != to {
						t.Fatalf("got %+v, want one mark that is %s", all, to)
					}
					return
				}
				if n := len(reg.Voids); n != 1 || reg.Voids[0].Index != int64(len(s.Entries))-1 || reg.Voids[0].Type != verify.Type(act) {
					t.Fatalf("got %+v, want the last entry void", reg.Voids)
				}
				if why := reg.Voids[0].Reason; why != "act-not-allowed" && why != "reference-missing" {
					t.Errorf("got %s", why)
				}
			})
		}
	}
}

// Time acts between entries: by the effective time of the entry, and by the
// time that the registry is asked for.
func TestTimeActs(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	cases := []struct {
		name  string
		by    int           // who suspended
		after time.Duration // after the suspension
		want  iotmark.MarkState
		since func(suspended time.Time, k *verifytest.Mark) time.Time
	}{
		{"one, after 29 days", 1, 29 * day, iotmark.MarkSuspended, func(at time.Time, _ *verifytest.Mark) time.Time { return at }},
		{"one, a second before thirty days", 1, 30*day - time.Second, iotmark.MarkSuspended, func(at time.Time, _ *verifytest.Mark) time.Time { return at }},
		{"one, after thirty days", 1, 30 * day, iotmark.MarkValid, func(at time.Time, _ *verifytest.Mark) time.Time { return at.Add(30 * day) }},
		{"two, after a year", 2, 365 * day, iotmark.MarkSuspended, func(at time.Time, _ *verifytest.Mark) time.Time { return at }},
		{"one, after three years", 1, 1100 * day, iotmark.MarkExpired, func(_ time.Time, k *verifytest.Mark) time.Time { return k.Terms.ValidUntil.Time().Add(day) }},
		{"two, on the last day", 2, 730*day - 10*time.Hour, iotmark.MarkSuspended, func(at time.Time, _ *verifytest.Mark) time.Time { return at }},
		{"two, after three years", 2, 1100 * day, iotmark.MarkExpired, func(_ time.Time, k *verifytest.Mark) time.Time { return k.Terms.ValidUntil.Time().Add(day) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := verifytest.New(t, verifytest.Opts{})
			k := s.Grant(s.Makers[0], "lamp")
			at := s.Now
			k.Suspend(c.by)
			reg, err := verify.Replay(entriesOf(s.Entries), s.Births, s.Trust, at.Add(c.after))
			if err != nil {
				t.Fatal(err)
			}
			m := clean(t, reg).Marks[0]
			if m.State != c.want || !m.Since.Equal(c.since(at, k)) || m.Unconfirmed != (c.want == iotmark.MarkSuspended && c.by == 1) {
				t.Errorf("got %s since %s, want %s since %s", m.State, m.Since, c.want, c.since(at, k))
			}
			// A note beside the mark at that time finds it in the same state.
			s.Now = at.Add(c.after)
			k.Find()
			if reg, err = verify.Replay(entriesOf(s.Entries), s.Births, s.Trust, at.Add(c.after)); err != nil {
				t.Fatal(err)
			}
			if m := clean(t, reg).Marks[0]; m.State != c.want || !m.Since.Equal(c.since(at, k)) {
				t.Errorf("after an entry: %s since %s", m.State, m.Since)
			}
		})
	}
}

// What time an entry is of: as claimed, unless outsiders saw it long after.
func TestEffectiveTime(t *testing.T) {
	t.Parallel()
	claimed := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	cases := []struct {
		name      string
		seen      time.Time
		event     time.Time // of the entry
		effective time.Time // of the grant
		late      bool
	}{
		{"unwitnessed", time.Unix(0, 0), claimed, claimed, false},
		{"at once", claimed, claimed, claimed, false},
		{"after three days", claimed.Add(72 * time.Hour), claimed, claimed.Add(72 * time.Hour), false},
		{"a second more", claimed.Add(72*time.Hour + time.Second), claimed.Add(72*time.Hour + time.Second), claimed.Add(72*time.Hour + time.Second), true},
		{"after thirty days", claimed.AddDate(0, 0, 30), claimed.AddDate(0, 0, 30), claimed.AddDate(0, 0, 30), true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := verifytest.New(t, verifytest.Opts{})
			k := life(s, iotmark.MarkEvaluated)
			b := k.TermsOf()
			b.ValidFrom = "2026-06-01"
			index := int64(len(s.Entries))
			at := s.Append(draft{Type: verify.MarkGranted, Subject: k.Subject, Body: b, Time: claimed, Seen: c.seen, Signers: []verifytest.Key{k.Org.Keys[0], s.Committee[0], s.Committee[1]}})
			s.Now = c.event
			reg := clean(t, replay(t, s))
			m := reg.Marks[0]
			got := m.Events[len(m.Events)-1]
			want := verify.Event{Index: index, Leaf: at.Leaf, Time: c.event, Type: verify.MarkGranted}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("event (-want +got)\n%s", diff)
			}
			if !m.Effective.Equal(c.effective) || m.Late != c.late || (len(reg.Late) == 1) != c.late {
				t.Errorf("effective %s, late %t %v", m.Effective, m.Late, reg.Late)
			}
		})
	}
}
