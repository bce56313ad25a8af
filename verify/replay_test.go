package verify_test

import (
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// entriesOf gives entries as a log would.
func entriesOf(es [][]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, e := range es {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// replay replays a scheme's log as of its clock.
func replay(t testing.TB, s *verifytest.Scheme) *verify.Registry {
	t.Helper()
	r, err := verify.Replay(entriesOf(s.Entries), s.Births, s.Trust, s.Now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// clean fails on any void entry.
func clean(t testing.TB, r *verify.Registry) *verify.Registry {
	t.Helper()
	for _, v := range r.Voids {
		t.Errorf("entry %d (%s) is void: %s: %s", v.Index, v.Type, v.Reason, v.Msg)
	}
	return r
}

// A log with every type of entry has effect from end to end.
func TestReplayEveryType(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	k := s.EveryType()
	reg := clean(t, replay(t, s))
	if len(reg.Marks) != 1 || reg.Marks[0].State != "withdrawn" || !reg.Closed || len(reg.Applications) != 1 {
		t.Fatalf("marks %+v", reg.Marks)
	}
	if diff := cmp.Diff(&k.Terms, reg.Marks[0].TermsInForce); diff != "" {
		t.Errorf("terms (-want +got)\n%s", diff)
	}
}

var _ = slices.Sort[[]int]
var _ time.Time
