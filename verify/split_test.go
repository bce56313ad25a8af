package verify_test

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
	"testing"

	"github.com/open-iot-mark/iotmark/verify"
)

// Two histories of one size, with every choice of witnesses who sign both and
// every division of the others between them: the policy can be met twice by
// one bad witness more than its margin tolerates, and by none less. And it can
// be met once while as many are away as it has to spare.
func TestSplitView(t *testing.T) {
	t.Parallel()
	var all []signer
	for i := range 7 {
		all = append(all, newSigner(fmt.Sprintf("witness%d.example", i), 4))
	}
	type policy struct {
		name, groups string
		n            int
	}
	policies := []policy{
		{"two of three, and the auditor", "group watchers 2 w0 w1 w2\ngroup both all watchers w3\nquorum both\n", 4},
		{"two of three, and one of two auditors", "group watchers 2 w0 w1 w2\ngroup audit any w3 w4\ngroup both all watchers audit\nquorum both\n", 5},
		{"two of three pairs", "group a all w0 w1\ngroup b all w2 w3\ngroup c any w4 w5\ngroup g 2 a b c\nquorum g\n", 6},
	}
	for n := 1; n <= len(all); n++ {
		for k := 1; k <= n; k++ {
			g := fmt.Sprintf("group g %d", k)
			for i := range n {
				g += fmt.Sprintf(" w%d", i)
			}
			policies = append(policies, policy{fmt.Sprintf("%d of %d", k, n), g + "\nquorum g\n", n})
		}
	}
	histories := []string{checkpointText(9), checkpointOf(theLog.name, 9, sha256.Sum256([]byte("another root")))}
	for _, c := range policies {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := "log " + theLog.vkey() + "\n"
			for i := range c.n {
				text += fmt.Sprintf("witness w%d %s\n", i, all[i].vkey())
			}
			p := policyOf(t, text+c.groups)
			met := [2][]bool{make([]bool, 1<<c.n), make([]bool, 1<<c.n)} // by the set of those who signed
			for h, history := range histories {
				for set := range 1 << c.n {
					cp := history + "\n" + theLog.line(history, 0)
					for i := range c.n {
						if set>>i&1 == 1 {
							cp += all[i].line(history, 1_790_000_000)
						}
					}
					_, err := p.Open([]byte(cp), theLog.name)
					if id := idOf(err); err != nil && id != "quorum-unmet" {
						t.Fatal(err)
					}
					met[h][set] = err == nil
				}
			}
			everybody := 1<<c.n - 1
			fewest, spare, needed := c.n+1, c.n, c.n
			for set, ok := range met[0] {
				if ok {
					needed = min(needed, bits.OnesCount(uint(set)))
				}
			}
			for bad := range 1 << c.n {
				honest := everybody &^ bad
				for first := honest; ; first = (first - 1) & honest { // every part of the honest sees the first history only
					if met[0][bad|first] && met[1][bad|honest&^first] {
						fewest = min(fewest, bits.OnesCount(uint(bad)))
					}
					if first == 0 {
						break
					}
				}
				if away := bad; !met[0][everybody&^away] {
					spare = min(spare, bits.OnesCount(uint(away))-1)
				}
			}
			if m, want := p.Margin(), (verify.Margin{Witnesses: c.n, Needed: needed, Tolerated: fewest - 1, Spare: spare}); m != want {
				t.Errorf("got %+v, want %+v", m, want)
			}
		})
	}
}
