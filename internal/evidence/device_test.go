package evidence_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

func TestDevice(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"room.device-025fe17c002a.pcap":             "025fe17c002a",
		"Device=02:5F:E1:7C:00:2A":                  "025fe17c002a",
		"the product is device: 02-5f-e1-7c-00-2a.": "025fe17c002a",
		"device_02.5f.e1.7c.00.2a":                  "025fe17c002a",
		"room.pcap":                                 "",
		"mydevice-025fe17c002a.pcap":                "",
		"device-025fe17c002abb.pcap":                "",
		"device-025fe17c00.pcap":                    "",
	} {
		if got := evidence.Device(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
