package checktest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// Capture returns an item with the facts of a packet capture, as they come
// back from JSON.
func Capture(t testing.TB, f capture.Facts) check.Item {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	again := new(capture.Facts)
	if err := json.Unmarshal(b, again); err != nil {
		t.Fatal(err)
	}
	return check.Item{
		Evidence: iotmark.Evidence{ID: "capture", Kind: iotmark.KindPacketCapture, Title: "A day at home"},
		Standing: iotmark.Held, Reader: capture.Reader.Name, Facts: again,
	}
}

// Traffic returns the facts of a capture in which the product, station 0,
// holds the given talks. Station 1 is the router, station 2 a phone.
func Traffic(talks ...capture.Talk) capture.Facts {
	at := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	return capture.Facts{
		Format: "pcap", Links: []string{"ethernet"}, Packets: 1000, First: at, Last: at.Add(10 * time.Minute), Flows: int64(len(talks)),
		Stations: []capture.Station{
			{Hardware: "02:00:5e:10:00:01", Addresses: []string{"192.168.1.20"}, Name: "thing", Role: capture.Product},
			{Hardware: "02:00:5e:10:00:02", Addresses: []string{"192.168.1.1"}, Role: capture.Router},
			{Hardware: "02:00:5e:10:00:03", Addresses: []string{"192.168.1.30"}, Name: "Anna's phone", Role: capture.Phone},
		},
		Told: capture.ByName, Talks: talks,
	}
}

// Talk is one that the product opened to a host beyond the home, and that was
// answered.
func Talk(host string, port int, p protocol.Name, r protocol.Reading) capture.Talk {
	return capture.Talk{
		Peer: -1, Host: host, Named: "dns", Address: "203.0.113.9", Transport: "tcp", Port: port,
		Protocol: p, Reading: r, Flows: 1, Sent: 300, Received: 900, Answered: true, At: 41,
	}
}
