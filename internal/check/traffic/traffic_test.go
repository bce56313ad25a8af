package traffic_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/traffic"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
	"github.com/open-iot-mark/iotmark/internal/message"
)

const id = "data-security.capture-cleartext"

// good says that all is well, so that what is left is what this package says.
func good(v traffic.View) []iotmark.Finding { return v.Sum(v.Say(iotmark.Passed, "none", "n", "1")) }

func TestSum(t *testing.T) {
	t.Parallel()
	tls := checktest.Talk("a.example", 443, protocol.TLS, protocol.Encrypted)
	home := tls
	home.Local = true
	ntp := checktest.Talk("pool.example", 123, protocol.NTP, protocol.Signalling)
	silent := tls
	silent.Answered = false
	with := func(change func(*capture.Facts), talks ...capture.Talk) capture.Facts {
		f := checktest.Traffic(talks...)
		if change != nil {
			change(&f)
		}
		return f
	}
	for _, c := range []struct {
		name   string
		facts  capture.Facts
		atHome bool
		want   string
		says   string
	}{
		{name: "answered from outside", facts: with(nil, tls), want: "passed none"},
		{name: "nobody answers", facts: with(nil, silent), want: "cantTell capture.idle", says: "2026-11-01 08:00:00 to 2026-11-01 08:10:00 UTC"},
		{name: "names and times alone", facts: with(nil, ntp), want: "cantTell capture.idle"},
		{name: "at home alone, with a cloud", facts: with(nil, home), want: "cantTell capture.idle"},
		{name: "at home alone, without", facts: with(nil, home), atHome: true, want: "passed none"},
		{name: "the file ends early", facts: with(func(f *capture.Facts) { f.Cut = "truncated" }, tls), want: "cantTell capture.cut", says: "the file ends within a packet"},
		{name: "sealed", facts: with(func(f *capture.Facts) { f.Sealed = 3 }, tls), want: "cantTell capture.partly", says: "sealed by the radio link: 3;"},
		{name: "lost", facts: with(func(f *capture.Facts) { f.Lost = 4 }, tls), want: "cantTell capture.partly", says: "that are kept: 4;"},
		{name: "short", facts: with(func(f *capture.Facts) { f.Short = 5 }, tls), want: "cantTell capture.partly", says: "cut when they were taken: 5;"},
		{name: "overlap", facts: with(func(f *capture.Facts) { f.Overlap = 6 }, tls), want: "cantTell capture.partly", says: "about the same bytes: 6;"},
		{name: "gaps", facts: with(func(f *capture.Facts) { f.Gaps = 8 }, tls), want: "cantTell capture.partly", says: "missing in their beginning: 8;"},
		{name: "more of a list that this check does not read", facts: with(func(f *capture.Facts) { f.More.Sessions = 7 }, tls), want: "passed none"},
		{name: "a few odd frames", facts: with(func(f *capture.Facts) { f.Odd = 10 }, tls), want: "passed none"},
		{name: "many odd frames", facts: with(func(f *capture.Facts) { f.Odd = 11 }, tls), want: "cantTell capture.partly", says: "no known form: 11;"},
		{name: "not told", facts: with(func(f *capture.Facts) {
			f.Device = -1
			f.Stations[0].Role, f.Stations[0].Vendor = capture.Other, "udhcp"
		}, tls), want: "cantTell capture.whose", says: "(02:00:5e:10:00:01 (thing, udhcp))"},
		{name: "only phones", facts: with(func(f *capture.Facts) { f.Device, f.Stations = -1, f.Stations[1:] }, tls), want: "cantTell capture.whose", says: "which of those in A day at home is the product, so"},
		{name: "an index that is nowhere", facts: with(func(f *capture.Facts) { f.Device = math.MaxInt }, tls), want: "cantTell capture.whose"},
		{name: "no stations", facts: capture.Facts{Device: 0}, want: "cantTell capture.whose"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := check.Input{Items: []check.Item{checktest.Capture(t, c.facts)}, Truths: map[iotmark.FactID]iotmark.Truth{}}
			if c.atHome {
				in.Truths["has_cloud"] = iotmark.False
			}
			fs := traffic.Each(in, id, good)
			checktest.Whole(t, c.name, in, fs)
			if got := checktest.Say(check.Check{ID: id}, fs[0]); got != c.want || len(fs) != 1 {
				t.Errorf("got %q (%d findings), want %q", got, len(fs), c.want)
			}
			if s := message.English().Say(fs[0].Message, fs[0].Args); !strings.Contains(s, c.says) || strings.Contains(s, "Anna") {
				t.Errorf("it says %q, want it to say %q", s, c.says)
			}
		})
	}
}

// What failed stands, however little was seen; a pass beside it is not told,
// and that the file ends early is.
func TestSumFails(t *testing.T) {
	t.Parallel()
	f := checktest.Traffic()
	f.Cut = "truncated"
	in := check.Input{Items: []check.Item{checktest.Capture(t, f)}}
	fs := traffic.Each(in, id, func(v traffic.View) []iotmark.Finding {
		return v.Sum(v.Say(iotmark.Passed, "none"), v.Say(iotmark.CantTell, "opaque"), v.Say(iotmark.Failed, "clear"))
	})
	var got []iotmark.Outcome
	for _, f := range fs {
		got = append(got, f.Outcome)
	}
	if diff := cmp.Diff([]iotmark.Outcome{iotmark.Failed, iotmark.CantTell, iotmark.CantTell}, got); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	talk := checktest.Talk("a.example", 1883, protocol.MQTT, protocol.Clear)
	called := talk
	called.Called, called.Host, called.Address, called.Port, called.At = true, "", "2001:db8::5", 80, 7
	strange := talk
	strange.Host = "a\x1b[31m\u202eb.example" + strings.Repeat("x", 500)
	other := talk
	other.Station = 2
	f := checktest.Traffic(talk, called, strange, other)
	f.Readable = []capture.Sight{{Talk: 0, Passage: protocol.Passage{What: "topic", Text: "home/door"}}, {Talk: 99}}
	in := check.Input{Items: []check.Item{checktest.Capture(t, f)}}
	traffic.Each(in, id, func(v traffic.View) []iotmark.Finding {
		var got []string
		for i, x := range v.Talks {
			got = append(got, v.Place(x.At, x, v.Readable(i)).Quote)
		}
		want := []string{
			"packet 41: 192.168.1.20 to a.example:1883 (mqtt), topic: home/door",
			"packet 7: 2001:db8::5 to 192.168.1.20:80 (mqtt)",
			"packet 41: 192.168.1.20 to a?[31m?b.example" + strings.Repeat("x", 84) + "...:1883 (mqtt)",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("got (-want +got)\n%s", diff)
		}
		for _, i := range []int{-1, 3, 4, math.MaxInt, math.MinInt} {
			if _, ok := v.Talk(i); ok {
				t.Errorf("talk %d is the product's", i)
			}
		}
		return good(v)
	})
}
