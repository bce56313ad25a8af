package datasecurity

import (
	"cmp"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/traffic"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// CaptureTLSSuites looks which cipher suites the product settles on.
var CaptureTLSSuites = check.Check{
	ID:      "data-security.capture-tls-suites",
	Version: 3,
	Title:   "Every TLS connection in the capture uses a strong suite with forward secrecy",
	What: "Reads the suite on which each TLS or DTLS connection of the product settles in a packet capture. It fails on suites that encrypt nothing, that know no server, of export strength, " +
		"with RC4, RC2, DES, 3DES, IDEA or MD5, and on suites without forward secrecy. A shared key without a fresh exchange is told and left to a person. Weak suites that are only offered are told.",
	Why:     "Without forward secrecy, whoever records today and gets the server's key in some years reads all of it; the broken ciphers do not even ask for that.",
	Satisfy: "Use TLS 1.3, or of TLS 1.2 the suites that begin with TLS_ECDHE_ and end in GCM, CCM or CHACHA20, and take the others out of the configuration of product and server.",
	Limits: "A capture shows its own minutes and no others. A suite that is not in the registry of IANA is not judged. What a server would accept from others is the matter of a probe. " +
		"The list of weak suites is that of this release.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 5.1-3 and 5.5-1",
		"RFC 9325, 4.1 and 4.2",
		"RFC 7465 (RC4), RFC 8996 (MD5 and SHA-1 in handshakes)",
		"RFC 7925, 4.2 (shared keys in small devices)",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{traffic.Captures},
	Run: func(in check.Input) []iotmark.Finding {
		return traffic.Each(in, "data-security.capture-tls-suites", captureTLSSuites)
	},
}

func captureTLSSuites(v traffic.View) []iotmark.Finding {
	v.More = v.Facts.More.Sessions
	seen, blind := handshakes(v)
	broken, still, shared, offers := v.Group(), v.Group(), v.Group(), v.Group()
	good := 0
	for _, h := range seen {
		name := traffic.Clean(cmp.Or(h.Chosen, protocol.SuiteName(h.Suite)))
		where := traffic.Service(h.talk) + " (" + name + ")"
		weak := protocol.SuiteWeakness(h.Suite)
		switch {
		case h.Version == "" || h.refused():
		case weak == "no-forward-secrecy":
			still.Add(where, h.At, h.talk, name)
		case weak == "psk-without-dhe":
			shared.Add(where, h.At, h.talk, name)
		case weak != "":
			broken.Add(where, h.At, h.talk, name)
		default:
			good++
		}
		if len(h.Weak) > 0 && weak == "" && !h.talk.Called {
			offers.Add(traffic.Service(h.talk), h.At, h.talk, traffic.Clean(h.Weak[0]))
		}
	}
	sum := v.Say(iotmark.Passed, "strong", "n", check.N(good), "blind", some(len(blind)))
	switch {
	case good == 0 && (len(blind) > 0 || len(seen) > 0):
		sum = v.Say(iotmark.CantTell, "no-hello", "n", check.N(len(blind)))
	case good == 0:
		sum = v.Say(iotmark.Inapplicable, "none")
	}
	found := slices.Concat(broken.Say(iotmark.Failed, "broken"), still.Say(iotmark.Failed, "no-forward-secrecy"), shared.Say(iotmark.CantTell, "shared-key"))
	return v.Sum(sum, append(found, offers.Say(iotmark.Passed, "offers-weak")...)...)
}
