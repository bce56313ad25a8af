package capture_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
)

// sound looks at what holds for the facts of any bytes.
func sound(t *testing.T, f *capture.Facts) {
	t.Helper()
	if f.Device < -1 || f.Device >= len(f.Stations) || (f.Device < 0) != (f.Told == "") {
		t.Errorf("the product is %d of %d, told by %q", f.Device, len(f.Stations), f.Told)
	}
	if len(f.Stations) > 256 || len(f.Talks) > 4096 || len(f.Sessions) > 2048 || len(f.Logins) > 256 || len(f.Readable) > 512 || len(f.Names) > 4096 {
		t.Error("more is listed than may be")
	}
	flows := f.Lost
	for _, k := range f.Talks {
		flows += k.Flows
		if k.Station < 0 || k.Station >= len(f.Stations) || k.Peer < -1 || k.Peer >= len(f.Stations) || k.At < 1 || k.At > f.Packets || k.Flows < 1 || k.Sent < 0 || k.Received < 0 {
			t.Errorf("the talk %+v", k)
		}
	}
	if flows != f.Flows {
		t.Errorf("%d conversations were seen, %d are accounted for", f.Flows, flows)
	}
	in := func(talk int) {
		if talk < 0 || talk >= len(f.Talks) {
			t.Errorf("there is no talk %d", talk)
		}
	}
	for _, s := range f.Sessions {
		in(s.Talk)
	}
	for _, l := range f.Logins {
		in(l.Talk)
	}
	for _, r := range f.Readable {
		in(r.Talk)
	}
	for _, n := range f.Names {
		if n.Station < 0 || n.Station >= len(f.Stations) || n.Count < 1 {
			t.Errorf("the name %+v", n)
		}
	}
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	back := new(capture.Facts)
	if err := json.Unmarshal(b, back); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(back); err != nil || string(again) != string(b) {
		t.Errorf("the facts do not survive JSON: %v\n%s", err, cmp.Diff(string(b), string(again)))
	}
}

// FuzzRead reads any bytes as a file.
func FuzzRead(f *testing.F) {
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		capture.Sniff("x.pcap.gz", b[:min(len(b), 4096)])
		facts, err := readNamed(t, "x", b)
		if err != nil {
			if e, ok := errors.AsType[*iotmark.Error](err); !ok || !capture.Reader.MayTell(e.ID) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		sound(t, facts)
	})
}

// FuzzPacket reads any bytes as packets of a link: three, so that they meet
// what the first one left.
func FuzzPacket(f *testing.F) {
	f.Add(uint16(1), []byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, link uint16, a, b []byte) {
		if len(a) > 256<<10 || len(b) > 256<<10 {
			return
		}
		facts := factsOf(t, pcapOf(int(link), a, b, a))
		if facts.Packets != 3 || facts.Cut != "" {
			t.Errorf("got %d packets, cut %q", facts.Packets, facts.Cut)
		}
		sound(t, facts)
	})
}
