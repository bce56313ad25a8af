package verify_test

import (
	"slices"
	"testing"

	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// The end of a key is announced for an index: signatures for a keyring take
// days to collect, and other entries come in between. It signs until then.
func TestKeyEndsAtIndexThatWasAnnounced(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	next := int64(len(s.Entries))
	ending := func(until int64) verify.KeyringBody {
		b := s.Keyring
		b.Keys = slices.Clone(b.Keys)
		i := slices.IndexFunc(b.Keys, func(k verify.KeyEntry) bool { return k.Name == s.Committee[0].Name })
		b.Keys[i].Until = &until
		return b
	}
	r := verify.NewReplayer(s.Trust)
	apply := func(want string) {
		t.Helper()
		i := r.Size()
		got := ""
		if v := r.Apply(s.Entries[i], s.Births[i].Witnessed); v != nil {
			got = string(v.Reason)
		}
		if got != want {
			t.Errorf("entry %d: got %q, want %q", i, got, want)
		}
	}
	for r.Size() < next {
		apply("")
	}
	s.AppendVoid(verifytest.Draft{Type: verify.KeyringSet, Body: ending(next - 1), Signers: s.Root[:3]})
	apply("until-wrong") // what it has signed by then would count and not count
	s.SetKeyring(ending(next + 3))
	apply("")
	note := verifytest.Draft{Type: verify.NoteCorrection, Signers: []verifytest.Key{s.Committee[0], s.Committee[1]}, Body: verify.CorrectionBody{Leaf: s.Ring, Text: "A note."}}
	s.Append(note)
	apply("")
	void := func(d verifytest.Draft, want string) {
		t.Helper()
		s.AppendVoid(d)
		apply(want)
	}
	ring := func(until int64) verifytest.Draft {
		return verifytest.Draft{Type: verify.KeyringSet, Body: ending(until), Signers: s.Root[:3]}
	}
	void(ring(next+9), "until-wrong") // an end is not put off
	void(note, "key-ended")
}

// An end that was announced may come sooner, when a key is lost meanwhile.
func TestKeyEndsSoonerThanAnnounced(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	name := s.Committee[0].Name
	for _, until := range []int64{90, 40} {
		b := s.Keyring
		b.Keys = slices.Clone(b.Keys)
		for i := range b.Keys {
			if b.Keys[i].Name == name {
				b.Keys[i].Until = &until
			}
		}
		s.SetKeyring(b)
	}
	reg, err := verify.Replay(all(s.Entries), s.Births, s.Trust, s.Now)
	if err != nil || len(reg.Voids) != 0 {
		t.Fatalf("%v, %+v", err, reg.Voids)
	}
	for _, k := range reg.Keyring.Keys {
		if k.Name == name && *k.Until != 40 {
			t.Errorf("the key ends at %d, want 40", *k.Until)
		}
	}
}

func all(entries [][]byte) func(func([]byte, error) bool) {
	return func(yield func([]byte, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Head gives what the next entry of a chain must name.
func TestHead(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	r := verify.NewReplayer(s.Trust)
	if got := r.Head(verify.LogOpened, ""); got != "" {
		t.Errorf("of an empty log: got %q", got)
	}
	for i, e := range s.Entries {
		if v := r.Apply(e, s.Births[i].Witnessed); v != nil {
			t.Fatalf("%+v", v)
		}
	}
	org := verify.Subject(verify.OfOrg, s.Orgs[0].Body.ID)
	for _, c := range []struct {
		t       verify.Type
		subject string
	}{{verify.KeyringSet, ""}, {verify.OrgSuspended, org}, {verify.OrgSuspended, verify.Subject(verify.OfOrg, "nobody")}, {verify.ApplicationAccepted, "urn:iotmark:mark:019aa0f0-8a53-7c11-b1f2-0a4be5a1c0de"}} {
		if got, want := r.Head(c.t, c.subject), s.Head(c.t, c.subject); got != want {
			t.Errorf("%s of %q: got %s, want %s", c.t, c.subject, got.Short(), want.Short())
		}
	}
}
