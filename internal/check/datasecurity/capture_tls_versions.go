package datasecurity

import (
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/traffic"
)

// CaptureTLSVersions looks which versions of TLS the product settles on.
var CaptureTLSVersions = check.Check{
	ID:      "data-security.capture-tls-versions",
	Version: 3,
	Title:   "Every TLS connection in the capture is of version 1.2 or later",
	What: "Reads the hellos of the product's TLS and DTLS connections in a packet capture, in the home and beyond it. It fails where server and product settle on a version before 1.2, " +
		"and where the product offers nothing newer. It passes when all settle on 1.2 or 1.3; old versions that are offered beside new ones are told.",
	Why:     "Old versions are broken in ways that tools exploit by themselves, and a server that still speaks them keeps every old product on them.",
	Satisfy: "Set the lowest version to TLS 1.2 in product and server (mbed TLS: mbedtls_ssl_conf_min_tls_version; OpenSSL: SSL_CTX_set_min_proto_version), and offer TLS 1.3.",
	Limits: "A capture shows its own minutes and no others. A connection that had begun before the capture shows no version. What a server would accept from others is the matter of a probe. " +
		"QUIC is always of version 1.3 and not counted.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 5.5-1",
		"RFC 8996 (TLS 1.0 and 1.1 must not be used), RFC 7568 (SSL 3.0), RFC 6176 (SSL 2.0)",
		"RFC 9325, 3.1.1",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{traffic.Captures},
	Run: func(in check.Input) []iotmark.Finding {
		return traffic.Each(in, "data-security.capture-tls-versions", captureTLSVersions)
	},
}

func captureTLSVersions(v traffic.View) []iotmark.Finding {
	v.More = v.Facts.More.Sessions
	seen, blind := handshakes(v)
	bad, only, also, odd := v.Group(), v.Group(), v.Group(), v.Group()
	good := 0
	for _, h := range seen {
		oldOnes := slices.ContainsFunc(h.Offered, func(o string) bool { return old[o] })
		newOnes := slices.ContainsFunc(h.Offered, func(o string) bool { return current[o] })
		where := traffic.Service(h.talk)
		switch {
		case old[h.Version] && !h.refused():
			bad.Add(where+" ("+h.Version+")", h.At, h.talk, h.Version)
		case oldOnes && !newOnes && !h.talk.Called:
			only.Add(where+" ("+traffic.Clean(h.Offered[0])+")", h.At, h.talk, "offers at most "+traffic.Clean(h.Offered[0]))
		case current[h.Version]:
			good++
		case h.Version != "" && !old[h.Version]:
			odd.Add(where, h.At, h.talk, traffic.Clean(h.Version))
		}
		if oldOnes && newOnes && !h.talk.Called {
			also.Add(where, h.At, h.talk, "")
		}
	}
	sum := v.Say(iotmark.Passed, "current", "n", check.N(good), "blind", some(len(blind)))
	switch {
	case good == 0 && (len(blind) > 0 || len(seen) > 0):
		sum = v.Say(iotmark.CantTell, "no-hello", "n", check.N(len(blind)))
	case good == 0:
		sum = v.Say(iotmark.Inapplicable, "none")
	}
	found := slices.Concat(bad.Say(iotmark.Failed, "old"), only.Say(iotmark.Failed, "offers-old"), odd.Say(iotmark.CantTell, "unknown"))
	return v.Sum(sum, append(found, also.Say(iotmark.Passed, "offers-old-too")...)...)
}
