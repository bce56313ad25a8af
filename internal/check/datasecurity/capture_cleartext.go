package datasecurity

import (
	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/traffic"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// CaptureCleartext looks for content that crosses the internet in the clear.
var CaptureCleartext = check.Check{
	ID:      "data-security.capture-cleartext",
	Version: 3,
	Title:   "Nothing the product says crosses the internet in the clear",
	What: "Goes through what the product sends and gets beyond the home in a packet capture. It fails on every conversation that anybody on the way can read: HTTP, MQTT, CoAP, RTSP, telnet, FTP, " +
		"mail, syslog, TLS without encryption, and schemes that only look scrambled. Bytes of no known form are left to a person. It passes when all of it is encrypted.",
	Why:     "On an open path a neighbour or a hacked router watches the home, and puts commands and updates of its own in.",
	Satisfy: "Use TLS or DTLS for every conversation that leaves the home, also for updates that are signed and for telemetry that seems harmless.",
	Limits: "A capture shows its own minutes and no others. The first 32 kB of each direction of a connection are looked at. Names, times, network set-up, tests for a sign-in page and questions about certificates " +
		"(DNS, NTP, DHCP, STUN, OCSP, lists of withdrawn certificates) are no content of the product where the request has their form and nothing else in it; the name of a host excuses nothing. What stays in the home is not judged here, and neither is what a phone beside the product says.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 5.5-1 and 5.8-1",
		"RFC 9325, 3.2 (strict TLS)",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{traffic.Captures},
	Run: func(in check.Input) []iotmark.Finding {
		return traffic.Each(in, "data-security.capture-cleartext", captureCleartext)
	},
}

func captureCleartext(v traffic.View) []iotmark.Finding {
	open, opaque := v.Group(), v.Group()
	outside := 0
	for i, t := range v.Talks {
		if t.Local || t.Sent <= 0 && t.Received <= 0 {
			continue
		}
		if t.Reading != protocol.Signalling {
			outside++
		}
		name := traffic.Service(t) + " (" + traffic.Clean(string(t.Protocol)) + ")"
		switch {
		case t.Reading == protocol.Clear:
			open.Add(name, t.At, t, v.Readable(i))
		case t.Reading != protocol.Encrypted && t.Reading != protocol.Signalling:
			opaque.Add(name, t.At, t, "")
		}
	}
	good := v.Say(iotmark.Passed, "none", "n", check.N(outside))
	if outside == 0 {
		good = v.Say(iotmark.Inapplicable, "stays-home")
	}
	return v.Sum(good, append(open.Say(iotmark.Failed, "clear"), opaque.Say(iotmark.CantTell, "opaque")...)...)
}
