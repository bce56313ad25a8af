package verify_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// The table as it is printed. Whoever changes it changes who can make a mark.
func TestDefaultRules(t *testing.T) {
	t.Parallel()
	var got []string
	rules := verify.DefaultRules()
	for _, f := range verify.Forms() {
		got = append(got, fmt.Sprintf("%s: %s", f.Type, rules[f.Type]))
	}
	want := []string{
		"log.opened: root 3", "keyring.set: root 3", "policy.set: root 3", "log.closed: root 3",
		"checkpoint.anchored: operator 1", "status.published: operator 1", "note.correction: committee 2",
		"proposal.published: committee 1", "consultation.opened: committee 1", "consultation.closed: committee 1",
		"ballot.held: committee 3", "edition.adopted: committee 3", "edition.withdrawn: committee 3",
		"org.accredited: committee 2", "org.suspended: committee 2", "org.restored: committee 2",
		"maker.registered: operator 1 and maker 1", "declaration.published: maker 1", "promise.set: maker 1",
		"application.accepted: operator 1 and maker 1", "evidence.sealed: maker 1", "evaluation.completed: assessor 1",
		"mark.granted: assessor 1 and committee 2, all of different organisations", "mark.refused: committee 2",
		"mark.renewed: assessor 1 and committee 2, all of different organisations",
		"mark.amended: assessor 1 and committee 2, all of different organisations",
		"mark.suspended: committee 1", "suspension.confirmed: committee 2",
		"mark.restored: assessor 1 and committee 2, all of different organisations",
		"mark.withdrawn: committee 2, or maker 1",
		"complaint.opened: operator 1", "complaint.decided: committee 2", "appeal.opened: maker 1", "appeal.decided: committee 3",
		"finding.published: committee 1, or assessor 1", "unit.batch: maker 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	rules[verify.MarkGranted].Need[verify.Committee] = 0
	if verify.DefaultRules()[verify.MarkGranted].Need[verify.Committee] != 2 {
		t.Error("the table can be changed from outside")
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	key := func(name, org, person string, role verify.Role) *verify.Key {
		return newHolder(t, name, org, person, role).Key
	}
	c1 := key("c/1", "body", "p1", verify.Committee)
	c1b := key("c/1b", "body", "p1", verify.Committee)
	c1x := key("c/1x", "other", "p1", verify.Committee)
	c2 := key("c/2", "consumers", "p2", verify.Committee)
	c3 := key("c/3", "body", "p3", verify.Committee)
	c4 := key("c/4", "testlab", "p4", verify.Committee)
	a5 := key("a/5", "testlab", "p5", verify.Assessor)
	a1 := key("a/1", "testlab", "p1", verify.Assessor)
	m := key("m/1", "lamps.example", "m1", verify.Maker)
	op := key("o/1", "body", "p1", verify.Operator)
	grant, withdraw := verify.DefaultRules()[verify.MarkGranted], verify.DefaultRules()[verify.MarkWithdrawn]
	two := verify.Rule{Need: map[verify.Role]int{verify.Committee: 2}}
	small := verify.Rule{Need: map[verify.Role]int{verify.Assessor: 1, verify.Committee: 1}}
	for _, c := range []struct {
		name  string
		rule  verify.Rule
		keys  []*verify.Key
		count []string
		id    iotmark.ErrorID
	}{
		{"granted", grant, []*verify.Key{c2, a5, c1}, []string{"a/5", "c/1", "c/2"}, ""},
		{"and a maker beside them, who does not count", grant, []*verify.Key{c2, a5, c1, m}, []string{"a/5", "c/1", "c/2"}, ""},
		{"no assessor", grant, []*verify.Key{c1, c2}, nil, "signers-missing"},
		{"one of the committee", grant, []*verify.Key{a5, c1}, nil, "signers-missing"},
		{"two of the committee of one organisation", grant, []*verify.Key{a5, c1, c3}, nil, "signers-missing"},
		{"two of one organisation and a third of another", grant, []*verify.Key{a5, c1, c3, c2}, []string{"a/5", "c/1", "c/2"}, ""},
		{"one person with two keys", grant, []*verify.Key{a5, c1, c1b}, nil, "signers-missing"},
		{"one person with keys of two organisations", grant, []*verify.Key{a5, c1, c1x}, nil, "signers-missing"},
		{"the assessor's organisation decides", grant, []*verify.Key{a5, c4, c1}, nil, "signers-not-apart"},
		{"the assessor's organisation decides, and enough others", grant, []*verify.Key{a5, c4, c1, c2}, nil, "signers-not-apart"},
		{"one person evaluates and decides", grant, []*verify.Key{a1, c1, c2}, nil, "signers-not-apart"},
		{"one person evaluates and decides, of a small body", small, []*verify.Key{a1, c1}, nil, "signers-not-apart"},
		{"one organisation, two people, of a small body", small, []*verify.Key{a5, c4}, []string{"a/5", "c/4"}, ""},
		{"one organisation, where it does not matter", two, []*verify.Key{c1, c3}, []string{"c/1", "c/3"}, ""},
		{"one key twice", two, []*verify.Key{c1, c1}, nil, "signers-missing"},
		{"a person with a role that is not asked for", two, []*verify.Key{c1, c3, op}, []string{"c/1", "c/3"}, ""},
		{"withdrawn by the committee", withdraw, []*verify.Key{c1, c2}, []string{"c/1", "c/2"}, ""},
		{"withdrawn by the maker", withdraw, []*verify.Key{m}, []string{"m/1"}, ""},
		{"withdrawn by one of the committee", withdraw, []*verify.Key{c1}, nil, "signers-missing"},
		{"nobody", grant, nil, nil, "signers-missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // in any order
				got, err := c.rule.Count(c.keys)
				var names []string
				for _, k := range got {
					names = append(names, k.Name)
				}
				if diff := cmp.Diff(c.count, names); diff != "" {
					t.Errorf("got (-want +got)\n%s", diff)
				}
				if e, ok := err.(*iotmark.Error); (err != nil || c.id != "") && (!ok || e.ID != c.id || e.Kind != iotmark.Unverified) {
					t.Errorf("got %v, want %q", err, c.id)
				}
				slices.Reverse(c.keys)
			}
		})
	}
}

func TestRuleOf(t *testing.T) {
	t.Parallel()
	ring := keyring(t)
	parse := func(typ verify.Type, body any) *verify.Signed {
		t.Helper()
		s, err := verify.Parse(domain, seal(t, text(t, typ, samples(t)[typ].subject, "", body)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		name string
		typ  verify.Type
		body any
		want string
	}{
		{"the default", verify.MarkRefused, nil, "committee 2"},
		{"that of the keyring", verify.BallotHeld, nil, "committee 2"},
		{"that of the keyring, of a small body", verify.MarkGranted, nil, "assessor 1 and committee 1"},
		{"root, as many as the keyring says", verify.PolicySet, nil, "root 2"},
		{"withdrawn by the maker", verify.MarkWithdrawn, nil, "maker 1"},
		{"withdrawn by the committee", verify.MarkWithdrawn, verify.ReasonBody{By: verify.Committee, Reason: "x"}, "committee 2"},
		{"either side", verify.FindingPublished, nil, "committee 1, or assessor 1"},
	} {
		body := c.body
		if body == nil {
			body = samples(t)[c.typ].body
		}
		if got := verify.RuleOf(parse(c.typ, body), &ring).String(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// No rule that a keyring may have lets one person, or one key, evaluate and
// decide: whatever the numbers, the same signer is refused.
func TestNoKeyringLetsOnePersonDoBoth(t *testing.T) {
	t.Parallel()
	one := []*verify.Key{
		newHolder(t, "a/1", "lab", "p1", verify.Assessor).Key, newHolder(t, "c/1", "body", "p1", verify.Committee).Key,
		newHolder(t, "o/1", "body", "p1", verify.Operator).Key, newHolder(t, "m/1", "lamps.example", "p1", verify.Maker).Key,
	}
	for typ, def := range verify.DefaultRules() {
		if len(def.Need) < 2 {
			continue
		}
		for _, n := range []int{1, 2} {
			need := maps.Clone(def.Need)
			for role := range need {
				need[role] = n
			}
			ring := keyring(t)
			ring.Rules = map[verify.Type]verify.Rule{typ: {Need: need}}
			text(t, verify.KeyringSet, "", "", ring) // it is allowed
			if got, err := ring.Rules[typ].Count(one); err == nil {
				t.Errorf("%s with %v: one person is enough: %v", typ, need, got)
			}
		}
	}
}
