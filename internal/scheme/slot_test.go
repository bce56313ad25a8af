package scheme_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// Grants that wait for signatures at the same time have places of their own in
// the status lists. They are carried in that order, published or not; out of
// it they are told so and can be carried later; and one that is dropped makes
// those behind it draft anew, and leaves no gap.
func TestSlots(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		ctx, s := t.Context(), h.Scheme
		var on []scheme.On
		grant := func(i int) {
			t.Helper()
			h.OK(s.Grant(ctx, h.Member(0), on[i]))
			for _, by := range []iotmark.Actor{h.Assessor(0), h.Member(0)} {
				h.OK(h.TrySign(by, on[i].Case))
			}
		}
		last := func(i int, want string) {
			t.Helper()
			if _, err := h.TrySign(h.Member(1), on[i].Case); storetest.ErrorID(err) != want {
				t.Fatalf("the last signature of grant %d: %v, want %q", i, err, want)
			}
		}
		for _, p := range []string{"lamp-0", "lamp-1", "lamp-2", "lamp-3", "lamp-4"} {
			on = append(on, scheme.On{Case: h.Reviewed(p).ID, Reason: "as it should be"})
		}
		grant(0)
		grant(1)
		last(1, "slot-waits")
		last(0, "")
		last(1, "") // the log does not have the first yet
		h.Publish()

		grant(2)
		grant(3)
		h.OK(s.Drop(ctx, h.Member(0), on[2]))
		last(3, "slot-taken")
		h.OK(s.Drop(ctx, h.Member(0), on[3]))
		grant(3)
		grant(2)
		last(3, "")
		last(2, "")
		h.Publish()

		// A gap is filled by the next that is drafted.
		grant(4)
		h.OK(s.Drop(ctx, h.Member(0), on[4]))
		grant(4)
		last(4, "")
		h.Publish()

		for i, want := range []int64{0, 1, 3, 2, 4} {
			c := h.OK(s.Case(ctx, schemetest.Observer, on[i].Case))
			m, ok, err := h.Reg.Public().Mark(ctx, c.Subject)
			if err != nil || !ok || m.State != iotmark.MarkValid || m.Slot != want {
				t.Errorf("mark %d is %s at place %d, want valid at %d (%v, %v)", i, m.State, m.Slot, want, ok, err)
			}
		}
	})
}
