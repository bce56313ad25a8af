package datagovernance_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/datagovernance"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// calls is an input with a capture in which the product calls hosts with TLS.
func calls(t *testing.T, d *iotmark.Declaration, talks ...capture.Talk) check.Input {
	return check.Input{Declaration: d, Items: []check.Item{checktest.Capture(t, checktest.Traffic(talks...))}}
}

func tls(host string) capture.Talk {
	return checktest.Talk(host, 443, protocol.TLS, protocol.Encrypted)
}

// changed is a talk with something else in it.
func changed(t capture.Talk, change func(*capture.Talk)) capture.Talk {
	change(&t)
	return t
}

func nameless(address string) capture.Talk {
	return changed(tls(""), func(t *capture.Talk) { t.Address, t.Named = address, "" })
}

func atHome(t capture.Talk) capture.Talk {
	return changed(t, func(t *capture.Talk) { t.Local, t.Peer, t.Address = true, 2, "192.168.1.30" })
}

// whoseless is a capture in which the product cannot be told.
func whoseless(in check.Input) check.Input {
	in.Items[0].Facts.(*capture.Facts).Device = -1
	return in
}

func cut(in check.Input) check.Input {
	in.Items[0].Facts.(*capture.Facts).Cut = "truncated"
	return in
}

func lost(in check.Input) check.Input {
	in.Items[0].Facts.(*capture.Facts).Lost = 7
	return in
}

func TestCaptureDestinations(t *testing.T) {
	t.Parallel()
	d := maker("")
	without := maker("")
	without.Facts = map[iotmark.FactID]iotmark.FactValue{"has_cloud": {Truth: iotmark.False}}
	checktest.Run(t, datagovernance.CaptureDestinations, []checktest.Case{
		checktest.Row("a list that may not be all", cut(calls(t, d, tls("a.example"))), "passed list", "cantTell capture.cut"),
		checktest.Row("conversations that are not kept", lost(calls(t, d, tls("a.example"))), "passed list", "cantTell capture.partly"),
		checktest.Row("two far ends", calls(t, d, tls("a.example"), tls("b.example")), "passed list"),
		checktest.Row("a phone beside it is left out", calls(t, d, tls("a.example"), changed(tls("ads.example"), func(t *capture.Talk) { t.Station = 2 })), "passed list"),
		checktest.Row("nobody outside, without a cloud", cloudless(calls(t, d, atHome(tls("")))), "inapplicable stays-home"),
		checktest.Row("nobody outside, with a cloud", calls(t, d, atHome(tls(""))), "cantTell capture.idle"),
		checktest.Row("the maker's server, and none is declared", calls(t, without, tls("cloud.vendor.example")), "failed denied", "passed list"),
		checktest.Row("a stranger's server, and none of the maker", calls(t, without, tls("weather.example")), "passed list"),
		checktest.Row("not told", whoseless(calls(t, d, tls("a.example"))), "cantTell capture.whose"),
	})
	f := datagovernance.CaptureDestinations.Run(calls(t, d, tls("a.example"), tls("a.example"), nameless("2001:db8::1")))[0]
	if got, want := f.Args["names"], "a.example:443 tls, [2001:db8::1]:443 tls"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := f.Places[0].Quote, "packet 41: 192.168.1.20 to a.example:443 (tls), 300 bytes out, 900 in"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCaptureRecipients(t *testing.T) {
	t.Parallel()
	withProfile := func(in check.Input, matches ...string) check.Input {
		in.Items = append(in.Items, profileOf(t, matches...))
		return in
	}
	mail := maker("", "push.host.example")
	mail.Maker.Email = "hello@letters.example"
	mail.Contacts.Privacy = "https://desk.example/privacy"
	country := maker("", "host.co.uk")
	ntp := changed(checktest.Talk("0.pool.ntp.example", 123, protocol.NTP, protocol.Signalling), func(t *capture.Talk) { t.Transport = "udp" })
	ocsp := changed(checktest.Talk("r3.o.ca.example", 80, protocol.HTTP, protocol.Signalling), func(t *capture.Talk) { t.CertificateState = true })
	checktest.Run(t, datagovernance.CaptureRecipients, []checktest.Case{
		checktest.Row("declared, with clock and certificates", calls(t, maker("", "a.host.example"), tls("a.host.example"), ntp, ocsp), "passed declared"),
		checktest.Row("by a wildcard", calls(t, maker("", "*.host.example"), tls("x.y.host.example")), "passed declared"),
		checktest.Row("by port", calls(t, maker("", "a.host.example:443"), tls("a.host.example")), "passed declared"),
		checktest.Row("on another port", calls(t, maker("", "a.host.example:8883"), tls("a.host.example")), "cantTell beside"),
		checktest.Row("the maker's own", calls(t, maker("Hosting AS"), tls("cloud.vendor.example")), "passed declared"),
		checktest.Row("in the profile", withProfile(calls(t, maker(""), tls("b.example")), to("b.example")), "passed declared"),
		checktest.Row("an address in the profile", withProfile(calls(t, maker(""), nameless("198.51.100.7")), `{"ipv4":{"destination-ipv4-network":"198.51.100.0/24"}}`), "passed declared"),
		checktest.Row("a declared address", calls(t, maker("", "198.51.100.7"), nameless("198.51.100.7")), "passed declared"),
		checktest.Row("a profile that lets everybody in declares nobody", withProfile(calls(t, maker(""), tls("b.example")), `{"tcp":{"destination-port":{"operator":"eq","port":443}}}`), "failed not-declared"),
		checktest.Row("not declared", calls(t, maker("", "a.host.example"), tls("a.host.example"), tls("stats.box.example")), "failed not-declared"),
		checktest.Row("each on its own", calls(t, maker("", "a.host.example"), nameless("203.0.113.77"), tls("b.host.example"), tls("stats.box.example")),
			"failed not-declared", "cantTell beside", "cantTell address"),
		checktest.Row("tried, and not answered", calls(t, maker("", "a.host.example"), tls("a.host.example"),
			changed(tls("stats.box.example"), func(t *capture.Talk) { t.Answered, t.Sent, t.Received = false, 0, 0 })), "failed not-declared"),
		checktest.Row("where the maker gets mail", calls(t, mail, tls("api.letters.example"), tls("desk.example")), "cantTell beside"),
		checktest.Row("strangers under the ending of a country", calls(t, country, tls("other.co.uk")), "failed not-declared"),
		checktest.Row("a test for a sign-in page is a call", calls(t, maker(""), checktest.Talk("connect.big.example", 80, protocol.HTTP, protocol.Signalling)), "failed not-declared"),
		checktest.Row("and so is one by a name that says otherwise", calls(t, maker(""), checktest.Talk("captive.big.example", 80, protocol.HTTP, protocol.Signalling)), "failed not-declared"),
		checktest.Row("nobody outside, without a cloud", cloudless(calls(t, maker(""), atHome(tls("")), ntp)), "inapplicable stays-home"),
		checktest.Row("nobody outside, with a cloud", calls(t, maker(""), atHome(tls("")), ntp), "cantTell capture.idle"),
		checktest.Row("not told", whoseless(calls(t, maker(""), tls("stats.box.example"))), "cantTell capture.whose"),
	})
}

// Facts that no reader gives: nothing breaks, and what is said is bounded.
func TestCaptureHostile(t *testing.T) {
	t.Parallel()
	var talks []capture.Talk
	for i := range 4096 {
		talks = append(talks, changed(tls(fmt.Sprintf("h%d.box.example", i)), func(t *capture.Talk) {
			t.Station, t.Peer, t.Port, t.Sent, t.At = i%3-1, math.MinInt, -i, math.MinInt64, math.MaxInt64
			if i%5 == 0 {
				t.Host, t.Address = "", "no address\x00\u202e"
			}
		}))
	}
	d := maker("", "*.", ":", "x:99999999999999999999")
	for _, c := range []check.Check{datagovernance.CaptureDestinations, datagovernance.CaptureRecipients} {
		in := calls(t, d, talks...)
		in.Items = append(in.Items, profileOf(t, to("b.example")))
		fs := c.Run(in)
		checktest.Wholesome(t, fs)
		if len(fs) > 3 {
			t.Errorf("%s: %d findings", c.ID, len(fs))
		}
		for _, f := range fs {
			if len(f.Places) > 50 || len(f.Args["names"]) > 1000 {
				t.Errorf("%s: %d places, %d bytes of names", f.Message, len(f.Places), len(f.Args["names"]))
			}
		}
	}
}
