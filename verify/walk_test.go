package verify_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// walk makes a log of random acts on a few marks, legal or not: each is signed
// as it should be, most often, and some bytes are noise. Which of them have
// effect is for replay to say; the kit is told, so that chains go on.
func walk(t testing.TB, seed uint64, steps int) *scheme {
	s := verifytest.New(t, verifytest.Opts{Unwitnessed: seed%3 == 0})
	rnd := rand.New(rand.NewPCG(seed, 4))
	r := verify.NewReplayer(s.Trust)
	for i, e := range s.Entries {
		r.Apply(e, s.Births[i].Witnessed)
	}
	var marks []*verifytest.Mark
	none := verifytest.Digest("none")
	newMark := func() {
		m := s.Makers[rnd.IntN(len(s.Makers))]
		k := s.NewMark(m, fmt.Sprintf("lamp-%d", len(marks)))
		k.Org = s.Orgs[rnd.IntN(2)]
		k.Evidence.Root, k.Evaluated.Leaf, k.Granted.Leaf = none, none, none
		k.Evaluation = k.EvaluationOf()
		marks = append(marks, k)
	}
	newMark()
	acts := []iotmark.MarkAct{}
	for _, m := range iotmark.MarkMoves() {
		if m.Act != iotmark.SuspensionLapsed && m.Act != iotmark.MarkExpiredAct && !slices.Contains(acts, m.Act) {
			acts = append(acts, m.Act)
		}
	}
	// likely has acts that lead on, so that walks get far.
	likely := []iotmark.MarkAct{iotmark.ApplicationAccepted, iotmark.EvidenceSealed, iotmark.EvaluationCompleted, iotmark.MarkGrantedAct}
	for len(s.Entries) < steps {
		k := marks[rnd.IntN(len(marks))]
		before := len(s.Entries)
		undo, slots, ring := s.Save(), s.Slots, s.Ring
		was := *k
		switch n := rnd.IntN(20); {
		case n == 0:
			s.AppendBytes([]byte(fmt.Sprint("noise ", rnd.Uint64())), 0)
		case n == 1:
			s.AppendBytes(s.Entries[rnd.IntN(len(s.Entries))], 0)
		case n == 2:
			b := s.PromiseOf(k.Maker, k.Product)
			b.Updates = iotmark.DateOf(s.Opts.Start.AddDate(rnd.IntN(9), 0, 0))
			s.Append(draft{Type: verify.PromiseSet, Subject: k.Maker.Product(k.Product), Body: b, Signers: k.Maker.Keys})
		case n == 3 && len(marks) < 9:
			newMark()
		case n == 4:
			s.Status(s.StatusOf())
		case n == 5:
			s.Pass(rnd.IntN(60))
		case n == 6: // the right act by the wrong people
			b := k.TermsOf()
			s.AppendVoid(draft{Type: verify.MarkGranted, Subject: k.Subject, Body: b, Signers: []verifytest.Key{s.Committee[rnd.IntN(5)], s.Operator}})
		case n < 14:
			one(k, likely[rnd.IntN(len(likely))])
		default:
			one(k, acts[rnd.IntN(len(acts))])
		}
		for i := before; i < len(s.Entries); i++ {
			if r.Apply(s.Entries[i], s.Births[i].Witnessed) != nil {
				s.Restore(undo)
				s.Slots, s.Ring = slots, ring
				was.Cases = k.Cases
				*k = was
			}
		}
	}
	return s
}

// one appends one entry of an act, whatever the state.
func one(k *verifytest.Mark, act iotmark.MarkAct) {
	switch act {
	case iotmark.MarkAmendedAct:
		if k.Terms.Code == "" {
			k.Set(verify.MarkAmended, k.TermsOf())
			return
		}
		k.Amend()
	case iotmark.ComplaintDecided:
		k.DecideComplaint(fmt.Sprintf("complaint-%d", max(1, k.Cases)))
	case iotmark.AppealDecided:
		k.DecideAppeal(fmt.Sprintf("appeal-%d", max(1, k.Cases)))
	case iotmark.MarkWithdrawnAct:
		if k.Cases > 2 { // seldom, for it ends the walk of the mark
			k.Withdraw(verify.Maker)
		} else {
			k.Complain()
		}
	default:
		acts(k, act, iotmark.MarkNone)
	}
}

const walks = 16

// Whatever happens, no mark is valid that nobody evaluated or decided on,
// nobody stands on two sides, every change has its entry, and codes and slots
// belong to one mark.
func TestWalks(t *testing.T) {
	t.Parallel()
	states := map[iotmark.MarkState]int{}
	for seed := range uint64(walks) {
		s := walk(t, seed, 220)
		reg := replay(t, s)
		invariants(t, s, reg)
		later, err := verify.Replay(entriesOf(s.Entries), s.Births, s.Trust, s.Now.AddDate(3, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range slices.Concat(reg.Marks, reg.Applications, later.Marks) {
			states[m.State]++
		}
	}
	for _, want := range allStates[1:] {
		if states[want] == 0 {
			t.Errorf("no walk led to a mark that is %s: %v", want, states)
		}
	}
}

func invariants(t *testing.T, s *scheme, reg *verify.Registry) {
	t.Helper()
	void := map[int64]bool{}
	for _, v := range reg.Voids {
		void[v.Index] = true
	}
	roles := map[string]verify.KeyEntry{}
	for _, list := range [][]verify.KeyEntry{verifytest.Entries(s.Committee...), verifytest.Entries(s.Orgs[0].Keys...), verifytest.Entries(s.Orgs[1].Keys...), verifytest.Entries(s.Makers[0].Keys...), verifytest.Entries(s.Makers[1].Keys...), verifytest.Entries(s.Makers[2].Keys...)} {
		for _, k := range list {
			roles[k.Name] = k
		}
	}
	at := func(e verify.Event) (*verify.Signed, map[verify.Role][]verify.KeyEntry) {
		p, err := verify.Parse(s.Opts.Domain, s.Entries[e.Index])
		if err != nil || p.Leaf != e.Leaf || p.Type != e.Type || void[e.Index] {
			t.Errorf("the event %+v is not the entry at its index (%v)", e, err)
		}
		by := map[verify.Role][]verify.KeyEntry{}
		for _, sig := range p.Sigs {
			k := roles[sig.Name]
			by[k.Role] = append(by[k.Role], k)
		}
		return p, by
	}
	codes := map[string]bool{}
	events := 0
	for i, m := range append(slices.Clone(reg.Marks), reg.Applications...) {
		events += len(m.Events)
		if m.Slot >= 0 {
			if m.Slot != int64(i) || codes[m.Code] || !iotmark.IsCode(m.Code) || m.TermsInForce == nil || m.TermsInForce.Code != m.Code || m.TermsInForce.Slot != m.Slot {
				t.Errorf("slot %d, code %s of %s", m.Slot, m.Code, m.Subject)
			}
			codes[m.Code] = true
		}
		state := iotmark.MarkNone
		var evaluation, decision verify.Event
		var evaluators []verify.KeyEntry
		var sealed iotmark.Digest
		prev := iotmark.Digest("")
		for _, e := range m.Events {
			p, by := at(e)
			if p.Prev != prev || p.Subject != m.Subject {
				t.Errorf("the chain of %s breaks at %d", m.Subject, e.Index)
			}
			prev = e.Leaf
			// Time may have moved it on; nothing else may.
			to, ok := iotmark.MoveMark(state, iotmark.MarkAct(e.Type))
			if !ok {
				for _, act := range []iotmark.MarkAct{iotmark.SuspensionLapsed, iotmark.MarkExpiredAct} {
					if by, yes := iotmark.MoveMark(state, act); yes {
						if to, ok = iotmark.MoveMark(by, iotmark.MarkAct(e.Type)); ok {
							break
						}
					}
				}
			}
			if !ok {
				t.Errorf("%s in state %s at %d", e.Type, state, e.Index)
			}
			state = to
			switch b := p.Decoded().(type) {
			case *verify.SealedBody:
				sealed = b.Root
			case *verify.EvaluationBody:
				evaluation, evaluators = e, by[verify.Assessor]
				if b.Evidence != sealed {
					t.Errorf("the evaluation at %d is of evidence that was not sealed last", e.Index)
				}
			case *verify.TermsBody:
				decision = e
				if e.Type != verify.MarkAmended && (b.Evaluation != evaluation.Leaf || b.Evidence != sealed) {
					t.Errorf("the terms at %d rest on nothing", e.Index)
				}
				if e.Type == verify.MarkGranted && m.GrantIndex != e.Index {
					t.Errorf("two grants of %s", m.Subject)
				}
				if len(by[verify.Committee]) < 2 {
					t.Errorf("the terms at %d were decided by %v", e.Index, by)
				}
				for _, d := range by[verify.Committee] {
					for _, v := range append(slices.Clone(evaluators), by[verify.Maker]...) {
						if d.Person == v.Person || d.Org == v.Org {
							t.Errorf("%s and %s are on two sides at %d", d.Name, v.Name, e.Index)
						}
					}
				}
			}
		}
		if prev != m.Head {
			t.Errorf("the head of %s is not its last event", m.Subject)
		}
		if m.State == iotmark.MarkValid && (evaluation.Leaf == "" || decision.Leaf == "" || m.Grant == "") {
			t.Errorf("%s is valid without evaluation or decision", m.Subject)
		}
	}
	ofMarks := 0
	for i, e := range s.Entries {
		if p, err := verify.Parse(s.Opts.Domain, e); err == nil && !void[int64(i)] {
			if f, _ := verify.FormOf(p.Type); f.Subject == verify.OfMark {
				ofMarks++
			}
		}
	}
	if ofMarks != events {
		t.Errorf("%d entries about marks have effect, and %d events are told", ofMarks, events)
	}
}

// A replay that stops and goes on is equal to one that does not; and asking
// for the registry in between changes nothing.
func TestReplayGoesOn(t *testing.T) {
	t.Parallel()
	s := walk(t, 1, 200)
	whole := replay(t, s)
	r := verify.NewReplayer(s.Trust)
	for i, e := range s.Entries {
		r.Apply(e, s.Births[i].Witnessed)
		if i%40 == 0 {
			got := r.Registry(s.Now)
			want, err := verify.Replay(entriesOf(s.Entries[:i+1]), s.Births[:i+1], s.Trust, s.Now)
			if err != nil {
				t.Fatal(err)
			}
			if got.Hash() != want.Hash() {
				t.Errorf("at %d: %s", i, cmp.Diff(want, got))
			}
		}
	}
	if got := r.Registry(s.Now); got.Hash() != whole.Hash() || got.Hash() == "" {
		t.Errorf("(-whole +in parts)\n%s", cmp.Diff(whole, got))
	}
}

// What is void wherever it stands may stand in any order, and as often as one
// likes: the rest of the registry is the same in every byte.
func TestVoidEntriesChangeNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		s := walk(t, seed, 150)
		k := s.NewMark(s.Makers[0], "lamp-0")
		k.Evaluated.Leaf, k.Evidence.Root = verifytest.Digest("x"), verifytest.Digest("y")
		k.Evaluation = k.EvaluationOf()
		reg := replay(t, s)
		if len(reg.Marks) > 0 {
			k.Subject = reg.Marks[0].Subject
		}
		stranger, _ := s.Note(draft{Type: verify.MarkGranted, Subject: k.Subject, Body: k.TermsOf(), Signers: []verifytest.Key{s.Operator}})
		again, _ := s.Note(draft{Type: verify.LogOpened, Signers: s.Root[:3], Body: verify.OpenedBody{Domain: s.Opts.Domain, Generation: 1, Origin: s.Origin}})
		other := verifytest.New(t, verifytest.Opts{Domain: "other.example"}).Entries[3]
		pool := [][]byte{stranger, again, other, s.Entries[0], s.Entries[7], nil, []byte("noise")}
		rnd := rand.New(rand.NewPCG(seed, 7))
		mixed, n := slices.Clone(s.Entries), 0
		for _, v := range reg.Voids {
			if v.Reason == "malformed" {
				mixed[v.Index] = pool[rnd.IntN(len(pool))]
				n++
			}
		}
		if n < 4 {
			t.Fatalf("only %d places", n)
		}
		got, err := verify.Replay(entriesOf(mixed), s.Births, s.Trust, s.Now)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Voids) != len(reg.Voids) {
			t.Errorf("%d entries are void, and %d were", len(got.Voids), len(reg.Voids))
		}
		got.Voids = reg.Voids
		if got.Hash() != reg.Hash() {
			t.Errorf("seed %d (-as it was +mixed)\n%s", seed, cmp.Diff(reg, got))
		}
	}
}
