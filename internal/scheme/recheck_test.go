package scheme_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// Every day a mark is looked at again. As long as nothing has changed nothing
// happens; when what was handed in does not carry any more, a case is opened,
// once.
func TestRecheck(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address, func(c *scheme.Config) { c.Determine = nil })
		h.Register()
		c := h.Granted()
		h.Work()
		found := func() int { return looks(h, c.Subject, scheme.ByDate) }
		h.Days(1)
		h.Work()
		if n := found(); n != 0 {
			t.Fatalf("%d cases on the second day", n)
		}
		lost, err := h.Scheme.Recheck(t.Context(), c.Subject)
		if err != nil || len(lost) != 0 {
			t.Fatalf("on the second day %v does not carry any more, %v", lost, err)
		}
		h.Days(600)
		h.Publish()
		for range 2 {
			h.Days(1)
			h.Work()
			if n := found(); n != 1 {
				t.Fatalf("%d cases about what ran out, want one", n)
			}
		}
	})
}
