package verify_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Cosignatures count together when they are of one hour.
func TestSignedTogether(t *testing.T) {
	t.Parallel()
	text := "log " + theLog.vkey() + "\n"
	for i, w := range []signer{w1, w2, w3, w4} {
		text += fmt.Sprintf("witness w%d %s\n", i+1, w.vkey())
	}
	three := policyOf(t, text+"group g 3 w1 w2 w3 w4\nquorum g\n")
	one := policyOf(t, text+"group g any w1 w2 w3 w4\nquorum g\n")
	const at, day, end = 1_790_000_000, 86_400, 253_402_300_799
	tests := []struct {
		name   string
		policy *verify.Policy
		times  [4]int64 // zero: has not signed
		want   iotmark.ErrorID
		from   int64
		who    []string
	}{
		{"all at once", three, [4]int64{at, at, at, at}, "", at, []string{"w1", "w2", "w3", "w4"}},
		{"an hour apart", three, [4]int64{at + 3600, at, at + 1, 0}, "", at, []string{"w1", "w2", "w3"}},
		{"more than an hour apart", three, [4]int64{at + 3601, at, at + 1, 0}, "quorum-unmet", 0, nil},
		{"one dates back a month, and is not needed", three, [4]int64{at - 30*day, at, at + 1, at + 2}, "", at, []string{"w2", "w3", "w4"}},
		{"one dates back a month, and is needed", three, [4]int64{at - 30*day, at, at + 1, 0}, "quorum-unmet", 0, nil},
		{"one says the first second", three, [4]int64{at, 1, at + 1, at + 2}, "", at, []string{"w1", "w3", "w4"}},
		{"one is ahead, and is not needed", three, [4]int64{at, at, at, end}, "", at, []string{"w1", "w2", "w3"}},
		{"one is ahead, and is needed", three, [4]int64{at, at, 0, end}, "quorum-unmet", 0, nil},
		{"one is in no calendar, and is not needed", three, [4]int64{at, at, at, -1}, "", at, []string{"w1", "w2", "w3"}},
		{"one is in no calendar, and is needed", three, [4]int64{at, at, 0, 1 << 61}, "quorum-unmet", 0, nil},
		{"all in no calendar", three, [4]int64{end + 1, end + 1, end + 1, end + 1}, "quorum-unmet", 0, nil},
		{"all in the last year", three, [4]int64{end, end, end, end}, "", end, []string{"w1", "w2", "w3", "w4"}},
		{"two date back, and one with them", three, [4]int64{at - day, at - day, at - day, at}, "", at - day, []string{"w1", "w2", "w3"}},
		{"two and two", three, [4]int64{at - day, at - day, at, at}, "quorum-unmet", 0, nil},
		{"one is half an hour behind, and is not needed", three, [4]int64{at - 1800, at, at + 1, at + 2}, "", at, []string{"w2", "w3", "w4"}},
		{"one is half an hour ahead, and is not needed", three, [4]int64{at, at + 1, at + 2, at + 1800}, "", at + 1, []string{"w2", "w3", "w4"}},
		{"the later of two quorums", one, [4]int64{at, 0, at - day, at - day + 3600}, "", at, []string{"w1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := tt.policy.Open([]byte(signedAt(tt.times)), theLog.name)
			if got := idOf(err); got != tt.want {
				t.Fatalf("got %q (%v), want %q", got, err, tt.want)
			}
			var who []string
			for _, w := range s.Witnesses {
				who = append(who, w.Name)
			}
			if d := cmp.Diff(tt.who, who); d != "" || s.Earliest != tt.from {
				t.Errorf("got the time %d, want %d; (-want +got)\n%s", s.Earliest, tt.from, d)
			}
		})
	}
}

// signedAt is a checkpoint that each of four witnesses has signed at a time.
func signedAt(times [4]int64) string {
	c := checkpointText(7)
	out := c + "\n" + theLog.line(c, 0)
	for i, w := range []signer{w1, w2, w3, w4} {
		if times[i] != 0 {
			out += w.line(c, times[i])
		}
	}
	return out
}

// Whatever times fewer witnesses say than make a quorum, and whoever signs
// beside them: the checkpoint is of the hour in which the honest ones signed,
// or it does not count. And it counts where enough of the honest ones signed.
func TestLiarsDateNothing(t *testing.T) {
	t.Parallel()
	const at = 1_790_000_000
	text := "log " + theLog.vkey() + "\n"
	for i, w := range []signer{w1, w2, w3, w4} {
		text += fmt.Sprintf("witness w%d %s\n", i+1, w.vkey())
	}
	p := policyOf(t, text+"group g 3 w1 w2 w3 w4\nquorum g\n")
	lies := []int64{0, 1, at - 90*86_400, at - 3601, at - 1800, at + 1800, at + 3601, at + 90*86_400, 1<<62 - 1, -1}
	for _, a := range lies { // of w1
		for _, b := range lies { // of w2
			for honest := range 4 {
				times := [4]int64{a, b, at * int64(honest&1), at * int64(honest>>1)}
				s, err := p.Open([]byte(signedAt(times)), theLog.name)
				if id := idOf(err); id != "" && id != "quorum-unmet" {
					t.Fatal(err)
				}
				if err == nil && (s.Earliest < at-3600 || s.Earliest > at) {
					t.Errorf("signed at %v: got the time %d, want one of the hour before %d", times, s.Earliest, at)
				}
			}
		}
		if s, err := p.Open([]byte(signedAt([4]int64{a, at, at, at})), theLog.name); err != nil || s.Earliest < at-3600 || s.Earliest > at {
			t.Errorf("one says %d, three are honest: got %d, %v", a, s.Earliest, err)
		}
	}
}
