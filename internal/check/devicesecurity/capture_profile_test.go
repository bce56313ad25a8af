package devicesecurity_test

import (
	"math"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/devicesecurity"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

func TestCaptureProfile(t *testing.T) {
	t.Parallel()
	type flow = netprofile.Flow
	port := func(n int) []netprofile.Ports { return []netprofile.Ports{{From: n, To: n}} }
	https := flow{Direction: netprofile.FromDevice, Initiated: netprofile.FromDevice, Host: "a.example", Protocol: "tcp", Remote: port(443)}
	api := flow{Direction: netprofile.ToDevice, Initiated: netprofile.ToDevice, Class: netprofile.LocalNetworks, Protocol: "tcp", Local: port(443)}

	in := func(talks []capture.Talk, flows []flow, change ...func(*capture.Facts, *netprofile.Facts)) check.Input {
		f, p := checktest.Traffic(talks...), netprofile.Facts{Flows: flows}
		for _, c := range change {
			c(&f, &p)
		}
		return check.Input{Items: []check.Item{
			checktest.Capture(t, f),
			{Evidence: iotmark.Evidence{ID: "profile", Kind: iotmark.KindNetworkProfile}, Standing: iotmark.Held, Reader: "netprofile", Facts: &p},
		}}
	}
	talk := func(host string, n int, change ...func(*capture.Talk)) capture.Talk {
		k := checktest.Talk(host, n, protocol.TLS, protocol.Encrypted)
		for _, c := range change {
			c(&k)
		}
		return k
	}
	atHome := func(k *capture.Talk) { k.Local, k.Peer, k.Host, k.Address = true, 2, "", "192.168.1.30" }
	called := func(k *capture.Talk) { k.Called = true }
	udp := func(p protocol.Name) func(*capture.Talk) {
		return func(k *capture.Talk) { k.Transport, k.Protocol, k.Reading = "udp", p, protocol.Signalling }
	}
	to := func(address string) func(*capture.Talk) { return func(k *capture.Talk) { k.Address = address } }
	silent := func(k *capture.Talk) { k.Sent = 0 }
	a := talk("a.example", 443)
	talks := func(more ...capture.Talk) []capture.Talk { return append([]capture.Talk{a}, more...) }
	flows := func(more ...flow) []flow { return append([]flow{https, api}, more...) }
	of := func(class netprofile.Class, who string, n int) flow {
		return flow{Direction: netprofile.FromDevice, Class: class, Of: who, Remote: port(n)}
	}
	dns, ntp := of(netprofile.Controller, "urn:ietf:params:mud:dns", 53), of(netprofile.Controller, "urn:ietf:params:mud:ntp", 123)

	checktest.Run(t, devicesecurity.CaptureProfile, []checktest.Case{
		checktest.Row("kept to, and more is allowed than was seen", in(talks(), flows(https)), "passed kept"),
		checktest.Row("another host", in(talks(talk("b.example", 443)), flows()), "failed outside"),
		checktest.Row("another port", in(talks(talk("a.example", 8883)), flows()), "failed outside"),
		checktest.Row("another protocol", in(talks(talk("a.example", 443, udp(protocol.QUIC))), flows()), "failed outside"),
		checktest.Row("opened from the other side", in(talks(talk("a.example", 443, called)), flows(flow{Direction: netprofile.FromDevice, Initiated: netprofile.FromDevice, Host: "a.example"})), "failed outside"),
		checktest.Row("called on its interface at home", in(talks(talk("", 443, atHome, called)), flows()), "passed kept"),
		checktest.Row("called on telnet at home", in(talks(talk("", 23, atHome, called)), flows()), "failed outside"),
		checktest.Row("called on telnet, and it does not answer", in(talks(talk("", 23, atHome, called, silent)), flows()), "passed kept"),
		checktest.Row("calls others at home", in(talks(talk("", 443, atHome)), flows()), "failed outside"),
		checktest.Row("calls others at home, as written", in(talks(talk("", 443, atHome)), flows(of(netprofile.LocalNetworks, "", 443))), "passed kept"),
		checktest.Row("a name known by lookup, called by another", in(talks(talk("edge.cdn.example", 443)), flows(),
			func(f *capture.Facts, _ *netprofile.Facts) {
				f.Names = []capture.Asked{{Name: "a.example", Answer: []string{"203.0.113.9"}}}
			}), "passed kept"),
		checktest.Row("more names than are kept", in(talks(talk("edge.cdn.example", 443)), flows(), func(f *capture.Facts, _ *netprofile.Facts) { f.More.Names = 1 }), "cantTell unknown"),
		checktest.Row("more names than are kept, and at home", in(talks(talk("", 443, atHome)), flows(), func(f *capture.Facts, _ *netprofile.Facts) { f.More.Names = 1 }), "failed outside"),
		checktest.Row("a network", in(talks(talk("", 443, to("198.51.100.7"))), flows(flow{Address: "198.51.100.0/24"})), "passed kept"),
		checktest.Row("outside the network, without a name", in(talks(talk("", 443, to("198.51.99.7"))), flows(flow{Address: "198.51.100.0/24"})), "cantTell unknown"),
		checktest.Row("anybody on one port", in(talks(talk("b.example", 443)), flows(flow{Direction: netprofile.FromDevice, Protocol: "tcp", Remote: port(443)})), "passed kept"),
		checktest.Row("an entry on ports of the other side only", in(talks(talk("", 9000, atHome, called)), flows(of(netprofile.LocalNetworks, "", 9000))), "failed outside"),
		checktest.Row("no entry at all", in(talks(), nil), "failed outside"),
		// RFC 8520, appendix A
		checktest.Row("resolver and clock of the home, by default", in(talks(talk("", 53, atHome, udp(protocol.DNS)), talk("", 123, atHome, udp(protocol.NTP))), flows()), "passed kept"),
		checktest.Row("DHCP, discovery, multicast, ICMP", in(talks(
			talk("", 67, atHome, udp(protocol.DHCP)), talk("", 5353, udp(protocol.MDNS), atHome, to("224.0.0.251")), talk("", 7000, udp(protocol.Unknown), atHome, to("ff02::1")),
			talk("", 7000, udp(protocol.Unknown), atHome, to("255.255.255.255")), talk("", 0, func(k *capture.Talk) { k.Transport = "icmp" })), flows()), "passed kept"),
		checktest.Row("a resolver outside that the network may have given", in(talks(talk("", 53, udp(protocol.DNS), to("192.0.2.53"))), flows(dns)), "cantTell unknown"),
		checktest.Row("a clock outside by name", in(talks(talk("time.example", 123, udp(protocol.NTP))), flows(ntp)), "failed outside"),
		checktest.Row("a clock outside by name, as written", in(talks(talk("time.example", 123, udp(protocol.NTP))), flows(flow{Host: "time.example", Protocol: "udp"})), "passed kept"),
		checktest.Row("the clock on the port of the resolver", in(talks(talk("x.example", 53, udp(protocol.NTP))), flows(dns)), "failed outside"),
		checktest.Row("a controller of the owner", in(talks(talk("", 8000, atHome)), flows(of(netprofile.MyController, "", 8000))), "cantTell unknown"),
		checktest.Row("a controller of a class", in(talks(talk("c.example", 8000)), flows(of(netprofile.Controller, "https://a.example/hub", 8000))), "cantTell unknown"),
		checktest.Row("a device of the same maker", in(talks(talk("", 8000, atHome)), flows(of(netprofile.SameManufacturer, "", 8000))), "cantTell unknown"),
		checktest.Row("a device of the same maker, on the internet", in(talks(talk("d.example", 8000)), flows(of(netprofile.SameManufacturer, "", 8000))), "failed outside"),
		checktest.Row("a profile with entries that are not understood", in(talks(talk("b.example", 443)), flows(), func(_ *capture.Facts, p *netprofile.Facts) {
			p.Problems = []netprofile.Problem{{ID: netprofile.EntryUnread}}
		}), "cantTell incomplete"),
		checktest.Row("each on its own", in(talks(talk("b.example", 443), talk("", 443, to("198.51.99.7"))), flows()), "failed outside", "cantTell unknown"),
		checktest.Row("only a phone talks", in([]capture.Talk{talk("b.example", 443, func(k *capture.Talk) { k.Station = 2 })}, flows()), "cantTell capture.idle"),
		checktest.Row("nothing that needs an entry", in([]capture.Talk{talk("", 443, atHome, called, silent)}, flows(), func(f *capture.Facts, _ *netprofile.Facts) {
			f.Talks[0].Local = false
		}), "inapplicable nothing"),
		checktest.Row("with holes", in(talks(), flows(), func(f *capture.Facts, _ *netprofile.Facts) { f.Lost = 2 }), "cantTell capture.partly"),
		checktest.Row("nobody knows whose it is", in(talks(talk("b.example", 443)), flows(), func(f *capture.Facts, _ *netprofile.Facts) { f.Device = -1 }), "cantTell capture.whose"),
	})

	f := devicesecurity.CaptureProfile.Run(in(talks(talk("", 23, atHome, called), talk("b.example", 443)), flows()))[0]
	if got, want := f.Args["names"], "192.168.1.30 to port 23 of the product, b.example:443 tcp"; got != want || len(f.Basis) != 2 {
		t.Errorf("got %q on %v, want %q", got, f.Basis, want)
	}

	// Facts that no reader gives.
	var many []capture.Talk
	for i := range 4096 {
		many = append(many, capture.Talk{Station: i%3 - 1, Peer: math.MinInt, Host: "\x1b\u202e", Address: "\x00", Transport: "\x1b", Port: -i, Local: i%2 == 0, Sent: 1, Answered: true})
	}
	checktest.Wholesome(t, devicesecurity.CaptureProfile.Run(in(many, []flow{{Address: "x/99", Remote: port(-3)}, {Class: "\x1b"}, {Host: "\x1b\u202e", Initiated: "x"}})))
}
