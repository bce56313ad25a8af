package verify_test

import (
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// The root may change altogether, when both the old and the new sign; and
// afterwards the old signs nothing.
func TestRootChanges(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	var root []verifytest.Key
	for i, org := range []string{"consumers", "university", "engineers"} {
		n := string(rune('6' + i))
		root = append(root, verifytest.NewKey(s.Opts.Domain+"/root/"+n, org, "r"+n, verify.Root))
	}
	var names []string
	for _, k := range s.Root {
		names = append(names, k.Name)
	}
	b := s.EndKeys(names...)
	b.Root = 2
	b.Keys = append(b.Keys, verifytest.Entries(root...)...)
	slices.SortFunc(b.Keys, func(a, b verify.KeyEntry) int { return cmpNames(a.Name, b.Name) })
	s.Append(draft{Type: verify.KeyringSet, Body: b, Signers: append(slices.Clone(root[:2]), s.Root[:3]...)})
	s.Keyring = b
	s.Append(draft{Type: verify.PolicySet, Body: verify.PolicyBody{Policy: s.Trust.Policy}, Signers: root[1:]})
	clean(t, replay(t, s))
	s.AppendVoid(draft{Type: verify.PolicySet, Body: verify.PolicyBody{Policy: s.Trust.Policy}, Signers: s.Root})
	reg := replay(t, s)
	if len(reg.Voids) != 1 || reg.Voids[0].Reason != "key-ended" || reg.Keyring.Root != 2 || len(reg.Keyring.Keys) != len(b.Keys) {
		t.Errorf("got %+v", reg.Voids)
	}
}

func cmpNames(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// A committee changes: who came decides, who left does not, and what they
// decided before stays.
func TestCommitteeChanges(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	before := s.Grant(s.Makers[0], "lamp")
	added := verifytest.NewKey(s.Opts.Domain+"/committee/6", "museum", "c6", verify.Committee)
	s.SetKeyring(s.WithKeys(added))
	s.SetKeyring(s.EndKeys(s.Committee[0].Name))
	s.Committee[0] = added
	s.Grant(s.Makers[0], "heater")
	reg := clean(t, replay(t, s))
	if len(reg.Marks) != 2 || reg.Marks[0].Grant != before.Granted.Leaf {
		t.Errorf("got %+v", reg.Marks)
	}
}

// Issuers' and sealers' keys are cut off in the past, and again further back.
func TestIssuerIsCutOff(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	for _, at := range []int64{9, 4} {
		b := s.EndKeys(s.Issuer.Name, s.Sealer.Name)
		for i := range b.Keys {
			if b.Keys[i].Until != nil {
				b.Keys[i].Until = &at
			}
		}
		s.SetKeyring(b)
	}
	clean(t, replay(t, s))
}

// A maker adds a key with one that it has; when all are lost, two of the
// committee stand in for it.
func TestMakerKeys(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]bool{"with its key": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := verifytest.New(t, verifytest.Opts{})
			m := withKey(s.Makers[0])
			signers := []verifytest.Key{s.Operator, m.Keys[1], m.Keys[0]}
			if lost {
				signers = []verifytest.Key{s.Operator, m.Keys[1], s.Committee[0], s.Committee[1]}
			}
			s.Append(draft{Type: verify.MakerRegistered, Subject: m.Subject(), Body: m.Body, Signers: signers})
			m.Keys = m.Keys[1:]
			s.Promise(m, "lamp")
			reg := clean(t, replay(t, s))
			if len(reg.Makers[0].Keys) != 2 {
				t.Errorf("got %+v", reg.Makers[0])
			}
		})
	}
}

// A mark that was withdrawn in one generation of the log does not come back in
// the next by telling the beginning of its life again. A declaration from
// before the log does count.
func TestNextGeneration(t *testing.T) {
	t.Parallel()
	old := verifytest.New(t, verifytest.Opts{})
	s := verifytest.New(t, verifytest.Opts{Start: old.Now.AddDate(1, 0, 0)})
	start := len(old.Entries)
	k := old.Grant(old.Makers[0], "lamp")
	for _, e := range old.Entries[start:] {
		s.AppendBytes(e, s.Now.Unix())
	}
	k.Withdraw(verify.Committee)
	s.Append(draft{Type: verify.DeclarationType, Subject: s.Makers[0].Product("lamp"), Signers: s.Makers[0].Keys, Time: old.Now,
		Body: map[string]any{"key": s.Makers[0].Keys[0].KeyEntry.Key, "maker": map[string]any{"domain": "maker1.example"}, "product": map[string]any{"id": "lamp"}}, Seen: s.Now})
	reg := replay(t, s)
	if len(reg.Marks)+len(reg.Applications) != 0 || len(reg.Products) != 1 || reg.Products[0].Declarations != 1 {
		t.Errorf("got %+v %+v", reg.Marks, reg.Products)
	}
	for _, v := range reg.Voids {
		if v.Reason != "before-log" && v.Reason != "prev-wrong" {
			t.Errorf("got %+v", v)
		}
	}
}

// What is wrong about a log as a whole is an error; what is wrong about an
// entry is not.
func TestReplayErrors(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	n := int64(len(s.Entries))
	broken := func(yield func([]byte, error) bool) { yield(nil, errors.New("disk on fire")) }
	cases := []struct {
		name    string
		entries iter.Seq2[[]byte, error]
		births  []verify.Birth
		want    iotmark.ErrorID
	}{
		{"sizes that do not grow", entriesOf(s.Entries), []verify.Birth{{Size: 3}, {Size: 3}}, "births-wrong"},
		{"a size below nothing", entriesOf(s.Entries), []verify.Birth{{Size: -1}}, "births-wrong"},
		{"fewer entries than were published", entriesOf(s.Entries), []verify.Birth{{Size: n + 1}}, "entries-missing"},
		{"a log that cannot be read", broken, nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := verify.Replay(c.entries, c.births, s.Trust, s.Now)
			e, _ := errors.AsType[*iotmark.Error](err)
			if err == nil || (e == nil) != (c.want == "") || e != nil && e.ID != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	reg, err := verify.Replay(entriesOf(s.Entries), []verify.Birth{{Size: 3}, {Size: 5, Witnessed: 1_800_000_000}}, s.Trust, s.Now)
	if err != nil || reg.Size != 5 || len(reg.Voids) != 0 {
		t.Errorf("entries that were not published: %v, %+v", err, reg)
	}
	reg, err = verify.Replay(entriesOf(s.Entries), nil, s.Trust, s.Now)
	if err != nil || reg.Size != n || len(reg.Voids) != 0 {
		t.Errorf("without births: %v, %+v", err, reg)
	}
}

// Of a trust that is none, everything is void, and nothing panics.
func TestReplayWithoutTrust(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	for _, trust := range []*verify.Trust{{}, {Domain: s.Opts.Domain, Log: s.Trust.Log}, {Domain: s.Opts.Domain, Log: s.Trust.Log, Root: s.Trust.Root[:2], RootThreshold: 3}} {
		reg, err := verify.Replay(entriesOf(s.Entries), s.Births, trust, time.Time{})
		if err != nil || len(reg.Voids) != len(s.Entries) || reg.Hash() == "" {
			t.Errorf("%v, %d of %d are void", err, len(reg.Voids), len(s.Entries))
		}
	}
}

// An entry whatever it is leaves the replayer able to go on, and what was
// before as it was.
func FuzzReplay(f *testing.F) {
	s := verifytest.New(f, verifytest.Opts{Bare: true})
	s.Open()
	s.SetKeyring(s.Keyring)
	s.Register(s.Makers[0])
	s.Promise(s.Makers[0], "lamp")
	next, _ := s.Note(draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: s.PromiseOf(s.Makers[0], "lamp"), Signers: s.Makers[0].Keys})
	f.Add(next, int64(0))
	f.Add([]byte("noise"), int64(-1))
	for _, e := range s.Entries {
		f.Add(e, int64(1)<<62)
	}
	f.Fuzz(func(t *testing.T, entry []byte, witnessed int64) {
		r := verify.NewReplayer(s.Trust)
		for i, e := range s.Entries {
			if v := r.Apply(e, s.Births[i].Witnessed); v != nil {
				t.Fatalf("%+v", v)
			}
		}
		before := r.Registry(s.Now)
		v := r.Apply(entry, witnessed)
		if v == nil {
			return
		}
		after := r.Registry(s.Now)
		after.Size, after.Voids = before.Size, before.Voids
		if diff := cmp.Diff(before, after); v.Reason == "" || diff != "" {
			t.Errorf("void, and not without a trace: %+v\n%s", v, diff)
		}
		if v := r.Apply(next, 0); v != nil {
			t.Errorf("the next entry is void after it: %+v", v)
		}
	})
}
