package registry_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// What was decided is what the log has, in the order of decisions, and what
// the tables say is what a replay of the log says.
func TestDecideToProjection(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		s := story(t, 5)
		w := build(t, s, address)
		w.decide(s.Entries...)
		if n := w.send(); n != len(s.Entries) {
			t.Errorf("%d entries were sent, want %d", n, len(s.Entries))
		}
		got := w.entries()
		if len(got) != len(s.Entries) {
			t.Fatalf("the log has %d entries, want %d", len(got), len(s.Entries))
		}
		for i := range got {
			if string(got[i]) != string(s.Entries[i]) {
				t.Errorf("entry %d is another", i)
			}
		}
		p := w.catchUp()
		if want, got := w.replay().Hash(), w.proj.Registry().Hash(); got != want || p.Applied != int64(len(s.Entries)) || p.Differ != 0 || len(p.Void) != 0 {
			t.Errorf("got %d applied, hash %s, void %v, want %d and %s", p.Applied, got, p.Void, len(s.Entries), want)
		}
	})
}
