package scheme_test

import (
	"os"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/confine"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if confine.IsChild(os.Args) {
		os.Exit(confine.Work(determine.Readers()))
	}
	if work, ok := os.LookupEnv(childEnv); ok {
		os.Exit(child(work))
	}
	os.Exit(pgtest.Run(m))
}

// An application goes its whole way, and the mark is in the log.
func TestGranted(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		c := h.Granted()
		if c.State != "granted" {
			t.Fatalf("the case is %s", c.State)
		}
		a, err := h.Reg.Attestation(t.Context(), c.Draft)
		if err != nil || a.Step != registry.Valid {
			t.Fatalf("the attestation is %s (%s), %v", a.Step, a.Reason, err)
		}
		m, ok, err := h.Reg.Public().Mark(t.Context(), c.Subject)
		if err != nil || !ok || m.State != iotmark.MarkValid {
			t.Fatalf("the mark is %s, %v, %v", m.State, ok, err)
		}
		trail, err := h.Scheme.Trail(t.Context(), schemetest.Registrar, c.ID)
		if err != nil || len(trail) != int(c.Version) {
			t.Fatalf("%d rows in the trail of %d acts, %v", len(trail), c.Version, err)
		}
	})
}
