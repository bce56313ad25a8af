package verify_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// eventful is a scheme in which everything has happened once.
func eventful(t testing.TB) (*scheme, *verifytest.Mark) {
	s := verifytest.New(t, verifytest.Opts{})
	m := s.Makers[0]
	s.SetPolicy(s.Trust.Policy)
	s.Declare(m, "lamp")
	k := s.Grant(m, "lamp")
	s.Status(s.StatusOf())
	k.DecideComplaint(k.Complain())
	k.DecideAppeal(k.Appeal(k.Granted))
	k.Complain()
	k.Find()
	k.Batch()
	k.Batch()
	s.Correct(k.Granted)
	s.Anchor(3)
	s.AppendBytes([]byte("noise"), 0)
	lower := s.PromiseOf(m, "lamp")
	lower.Parts = ""
	tryPromise(s, lower, m.Keys...)
	r := s.NewMark(m, "lamp")
	r.Apply()
	r.Seal()
	r.Evaluate()
	r.Refuse()
	late := draft{Type: verify.NoteCorrection, Body: verify.CorrectionBody{Leaf: s.Ring, Text: "x"}, Signers: s.Committee[:2], Seen: s.Now.AddDate(0, 0, 9)}
	s.Append(late)
	s.SuspendOrg(s.Orgs[1])
	k.Suspend(1)
	return s, k
}

// A registry survives JSON.
func TestRegistryJSON(t *testing.T) {
	t.Parallel()
	s, _ := eventful(t)
	reg := replay(t, s)
	b, err := json.Marshal(reg)
	if err != nil {
		t.Fatal(err)
	}
	var got verify.Registry
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(reg, &got); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	if reg.Hash() != got.Hash() {
		t.Error("the hash did not survive")
	}
	changed := *reg
	changed.Size++
	if changed.Hash() == reg.Hash() {
		t.Error("two registries have one hash")
	}
}

// What the registry says of one mark, in every member.
func TestRegistryOfMark(t *testing.T) {
	t.Parallel()
	s, k := eventful(t)
	reg := replay(t, s)
	if len(reg.Marks) != 1 || len(reg.Applications) != 1 {
		t.Fatalf("got %d marks, %d applications", len(reg.Marks), len(reg.Applications))
	}
	m := reg.Marks[0]
	var types []verify.Type
	for _, e := range m.Events {
		types = append(types, e.Type)
		p, err := verify.Parse(s.Opts.Domain, s.Entries[e.Index])
		if err != nil || p.Leaf != e.Leaf || !p.At().Equal(e.Time) {
			t.Errorf("event %+v: %v", e, err)
		}
	}
	at := func(i int) time.Time { return m.Events[i].Time }
	want := verify.Mark{Subject: k.Subject, State: iotmark.MarkSuspended, Since: at(11), Reason: "Updates stopped.", Application: k.ApplicationOf(), Evidence: k.Evidence.Root, Evaluation: k.Evaluated.Leaf,
		Code: k.Terms.Code, Grant: k.Granted.Leaf, GrantIndex: k.Granted.Index, Terms: k.Granted.Leaf, TermsIndex: k.Granted.Index, Head: s.Head(verify.MarkSuspended, k.Subject), HeadIndex: m.Events[11].Index,
		Effective: k.Granted.Time.Add(5 * time.Second), TermsInForce: &k.Terms, Unconfirmed: true, Units: 2000, Events: m.Events,
		Cases:    []verify.Case{{Case: "complaint-1", Opened: at(4), Decided: at(5), Outcome: "rejected"}, {Case: "appeal-2", Appeal: true, Against: k.Granted.Leaf, Opened: at(6), Decided: at(7), Outcome: "upheld"}, {Case: "complaint-3", Opened: at(8)}},
		Findings: []verify.Found{{Index: m.Events[9].Index, Time: at(9), FindingBody: verify.FindingBody{Criterion: "lifecycle.updates-promised", Statement: verifytest.Document("finding"), Summary: "The last update is a year old."}}}}
	want.Since, want.HeadIndex = at(len(types)-1), m.Events[len(types)-1].Index
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("mark (-want +got)\n%s", diff)
	}
	wantTypes := []verify.Type{verify.ApplicationAccepted, verify.EvidenceSealed, verify.EvaluationCompleted, verify.MarkGranted, verify.ComplaintOpened, verify.ComplaintDecided, verify.AppealOpened,
		verify.AppealDecided, verify.ComplaintOpened, verify.FindingPublished, verify.UnitBatch, verify.UnitBatch, verify.MarkSuspended}
	if diff := cmp.Diff(wantTypes, types); diff != "" {
		t.Errorf("events (-want +got)\n%s", diff)
	}
}

// Terms of every shape come out of the replay as they went in.
func TestTermsAreKept(t *testing.T) {
	t.Parallel()
	many := verifytest.Topics()
	for i, topic := range iotmark.Topics() {
		many[topic] = verify.TopicCounts{Assessed: 14 + i, Checked: 15, Criteria: 9_000, Tested: 200 * i}
	}
	none := verifytest.Topics()
	for _, topic := range iotmark.Topics() {
		none[topic] = verify.TopicCounts{}
	}
	cases := map[string]func(b *verify.TermsBody){
		"as the kit has them": func(*verify.TermsBody) {},
		"a manifest":          func(b *verify.TermsBody) { b.Product.Software.Manifest = verifytest.Digest("manifest") },
		"no Matter":           func(b *verify.TermsBody) { b.Product.Matter = nil },
		"no lists":            func(b *verify.TermsBody) { b.Product.GTINs, b.Product.Hardware, b.Product.Services = nil, nil, nil },
		"long lists": func(b *verify.TermsBody) {
			b.Product.GTINs = []string{"00000000000017", "09506000134352", "99999999999997"}
			b.Product.Hardware = []string{"rev A", "rev B"}
		},
		"an identifier":          func(b *verify.TermsBody) { b.Holder.LEI = lei },
		"large numbers":          func(b *verify.TermsBody) { b.Topics = many },
		"nothing known":          func(b *verify.TermsBody) { b.Topics = none },
		"other letters":          func(b *verify.TermsBody) { b.Holder.Name, b.Product.Name = "\u00d6ko \u706f", "\u706f \U0001f4a1" },
		"valid for a single day": func(b *verify.TermsBody) { b.ValidUntil = b.ValidFrom },
		"valid from next year":   func(b *verify.TermsBody) { b.ValidFrom = "2027-01-01" },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := verifytest.New(t, verifytest.Opts{})
			k := evaluated(s)
			b := k.TermsOf()
			change(&b)
			k.Set(verify.MarkGranted, b)
			if diff := cmp.Diff(&b, clean(t, replay(t, s)).Marks[0].TermsInForce); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The registry of that scheme is the same in every byte, in every process and
// on every machine. The file shows what a registry looks like.
func TestRegistryGolden(t *testing.T) {
	t.Parallel()
	s, _ := eventful(t)
	reg := replay(t, s)
	got, err := json.MarshalIndent(reg, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const path = "testdata/registry.json"
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
