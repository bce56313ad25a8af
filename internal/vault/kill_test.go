//go:build !race

// Thirty programs with the race detector in them would take minutes.

package vault_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// Killed at any moment, thirty times: what was told is there, what was erased
// is gone, nothing is half there, and what was left lying about is swept.
func TestKilled(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		w := newWorld(t, address)
		seed := rand.New(rand.NewPCG(5, 30))
		puts, erasing, erased := map[iotmark.Digest]bool{}, map[iotmark.Digest]bool{}, map[iotmark.Digest]bool{}
		for life := 1; life <= 30; life++ {
			arg, err := json.Marshal(work{address, w.dir, w.key, life})
			must(t, err)
			said, told, err := live(string(arg), time.Duration(5+seed.IntN(220))*time.Millisecond)
			must(t, err)
			if told != "" {
				t.Fatalf("the program ended by itself: %s", told)
			}
			for _, s := range said {
				map[string]map[iotmark.Digest]bool{"put": puts, "erasing": erasing, "erased": erased}[s[0]][iotmark.Digest(s[1])] = true
			}
		}
		before := len(w.objects())
		c, err := w.Fsck(t.Context(), nil)
		must(t, err)
		if len(c.Faults) > 0 {
			t.Errorf("after the kills: %+v", c.Faults)
		}
		w.Vault.Close()
		cfg := w.config()
		cfg.Now = func() time.Time { return time.Now().Add(48 * time.Hour) } // the programs had the real clock
		w.Vault = w.open(cfg)
		swept, err := w.Sweep(t.Context())
		must(t, err)
		w.sound(t, c.Pieces)
		held := 0
		for d := range puts {
			p, err := w.Piece(t.Context(), d)
			must(t, err)
			if p.State == vault.Held {
				held++
			}
			if erased[d] && p.State != vault.Erased || !erasing[d] && p.State != vault.Held {
				t.Errorf("%s is %s", d.Short(), p.State)
			}
		}
		var all int64 = w.rows("vault_piece WHERE state = 'held'")
		if int(all) != len(w.objects()) || w.rows("vault_loose") != 0 {
			t.Errorf("%d are held, %d objects, %d loose", all, len(w.objects()), w.rows("vault_loose"))
		}
		t.Logf("30 kills; %d were told as put and %d as erased; %d pieces, %d objects before and %d after %d were swept", len(puts), len(erased), c.Pieces, before, len(w.objects()), swept)
		if len(puts) == 0 {
			t.Error("nothing was ever told")
		}
	})
}
