package schemetest

import (
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// Every method has a record for a pass and one for a fail.
func TestRecords(t *testing.T) {
	h := &House{T: t}
	if err := builtIn().LoadMethods(); err != nil {
		t.Fatal(err)
	}
	for _, m := range builtIn().Methods {
		for _, v := range []iotmark.InspectionVerdict{iotmark.InspectionPass, iotmark.InspectionFail, iotmark.InspectionInconclusive} {
			at := time.Now()
			h.Record(m, v)
			if d := time.Since(at); d > time.Second {
				t.Logf("%s %s: %v", m.ID, v, d)
			}
		}
	}
}
