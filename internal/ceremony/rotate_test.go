package ceremony_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ceremony"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// A stolen key is replaced: what comes out counts in the log, signed by the
// root that stays; the old key signs no more from the index that was said.
func TestRotateCounts(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	fresh := verifytest.NewKey("mark.example/committee/6", "consumers", "c6", verify.Committee)
	before := slices.Clone(s.Keyring.Keys)
	until := int64(len(s.Entries)) + 2
	next, err := ceremony.Rotate(s.Keyring, ceremony.Change{Add: []verify.KeyEntry{fresh.KeyEntry}, End: []string{s.Committee[0].Name}, Until: until})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, s.Keyring.Keys); diff != "" {
		t.Errorf("the keyring before was changed (-want +got):\n%s", diff)
	}
	s.SetKeyring(next)
	correct := verifytest.Draft{Type: verify.NoteCorrection, Signers: []verifytest.Key{s.Committee[0], fresh}, Body: verify.CorrectionBody{Leaf: s.Ring, Text: "A note."}}
	s.Append(correct)
	s.AppendVoid(correct)
	reg, err := verify.Replay(func(yield func([]byte, error) bool) {
		for _, e := range s.Entries {
			if !yield(e, nil) {
				return
			}
		}
	}, s.Births, s.Trust, s.Now)
	if err != nil {
		t.Fatal(err)
	}
	var got []iotmark.ErrorID
	for _, v := range reg.Voids {
		got = append(got, v.Reason)
	}
	if diff := cmp.Diff([]iotmark.ErrorID{"key-ended"}, got); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
	if len(reg.Keyring.Keys) != len(before)+1 {
		t.Errorf("the keyring has %d keys", len(reg.Keyring.Keys))
	}
}

func TestRotateRefuses(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	ended, err := ceremony.Rotate(s.Keyring, ceremony.Change{End: []string{s.Committee[0].Name}, Until: 50})
	if err != nil {
		t.Fatal(err)
	}
	fresh := verifytest.NewKey("mark.example/committee/6", "consumers", "c6", verify.Committee).KeyEntry
	twice, taken, moved := fresh, fresh, fresh
	moved.Person = s.Root[1].Person
	twice.Key, taken.Name = s.Committee[1].KeyEntry.Key, s.Committee[1].Name
	for name, c := range map[string]struct {
		ceremony.Change
		want iotmark.ErrorID
	}{
		"nothing":                 {ceremony.Change{}, "rotate-nothing"},
		"the threshold as it was": {ceremony.Change{Threshold: 3}, "rotate-nothing"},
		"another threshold":       {ceremony.Change{Threshold: 4}, ""},
		"a key that is not there": {ceremony.Change{End: []string{"mark.example/committee/9"}, Until: 60}, "rotate-unknown"},
		"a key that has ended":    {ceremony.Change{End: []string{s.Committee[0].Name}, Until: 60}, "rotate-ended"},
		"sooner than announced":   {ceremony.Change{End: []string{s.Committee[0].Name}, Until: 40}, ""},
		"a name that was used":    {ceremony.Change{Add: []verify.KeyEntry{taken}}, "rotate-known"},
		"a key that was used":     {ceremony.Change{Add: []verify.KeyEntry{twice}}, "rotate-known"},
		"a person of two":         {ceremony.Change{Add: []verify.KeyEntry{moved}}, "rotate-person"},
		"a person who moved":      {ceremony.Change{Add: []verify.KeyEntry{moved}, End: []string{s.Root[1].Name}, Until: 60}, ""},
		"one key twice":           {ceremony.Change{Add: []verify.KeyEntry{fresh, fresh}}, "rotate-known"},
	} {
		next, err := ceremony.Rotate(ended, c.Change)
		if id(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if err == nil && !slices.IsSortedFunc(next.Keys, func(a, b verify.KeyEntry) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%s: the keys are not in order", name)
		}
	}
}
