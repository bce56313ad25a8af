package datagovernance

import (
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/traffic"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// CaptureRecipients holds the far ends in a capture against those that are
// declared.
var CaptureRecipients = check.Check{
	ID:      "data-governance.capture-recipients",
	Version: 3,
	Title:   "Every far end in the capture is declared",
	What: "Takes each far end outside the home that the product talks to in a packet capture, and looks for it among recipients[].hosts (*.x stands for everything below x), " +
		"the hosts and addresses of the network profile, and what lies under the maker's own domain. It passes when all are declared, and fails on a name that is not.",
	Why:     "What a maker writes down and what a product does drift apart: a library, a rented platform or an old test server gets data, and nobody named it.",
	Satisfy: "Name who runs each host under recipients, with the host in hosts, or take the host out of the product.",
	Limits: "A capture shows its own minutes and no others. An address without a name, and a name beside a declared one under the same domain, are for a person to judge. " +
		"Who answers names (DNS), times (NTP) and lists of withdrawn certificates belongs to the network or to a certificate, and is left out.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 6-1 and 6-5",
		"Regulation (EU) 2016/679, Article 13(1)(e)",
		"RFC 8520, section 8 (MUD access lists)",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{traffic.Captures, {Kinds: contactedHosts.Kinds, Reader: contactedHosts.Reader, Optional: true}},
	Run: func(in check.Input) []iotmark.Finding {
		list := newDeclared(in)
		return traffic.Each(in, "data-governance.capture-recipients", func(v traffic.View) []iotmark.Finding {
			return captureRecipients(v, list)
		})
	},
}

// declared is whom the declaration and the network profiles name.
type declared struct {
	*iotmark.Declaration
	recipients []named
	used       []bool
	flows      []netprofile.Flow
}

func newDeclared(in check.Input) *declared {
	d := &declared{Declaration: in.Declaration, recipients: namedHosts(in.Declaration)}
	d.used = make([]bool, len(d.recipients))
	for _, p := range check.Facts[*netprofile.Facts](in, contactedHosts) {
		for _, f := range p.Facts.Flows {
			if f.Outside() && !f.Anybody() {
				d.flows = append(d.flows, f)
			}
		}
	}
	return d
}

// names reports whether the far end of a talk is declared.
func (d *declared) names(t capture.Talk) bool {
	onPort := func(port int) bool { return port == t.Port }
	host := t.Host
	if host == "" {
		host = t.Address
	}
	if match(d.recipients, d.used, host, onPort) || t.Host != "" && isOwn(d.Declaration, t.Host) {
		return true
	}
	return slices.ContainsFunc(d.flows, func(f netprofile.Flow) bool {
		return f.Host != "" && f.Host == t.Host || f.Within(t.Address)
	})
}

func captureRecipients(v traffic.View, d *declared) []iotmark.Finding {
	all, strange, beside, nameless := v.Group(), v.Group(), v.Group(), v.Group()
	for _, t := range v.Talks {
		if t.Local || infrastructure(t) {
			continue
		}
		far := traffic.Far(t)
		all.Add(far, t.At, t, "")
		switch {
		case d.names(t):
		case t.Host == "":
			nameless.Add(far, t.At, t, "")
		case besides(d.Declaration, d.recipients, t.Host):
			beside.Add(far, t.At, t, "")
		default:
			strange.Add(far, t.At, t, "")
		}
	}
	good := v.Say(iotmark.Passed, "declared", "n", check.N(all.Len()))
	if all.Len() == 0 {
		good = v.Say(iotmark.Inapplicable, "stays-home")
	}
	found := append(strange.Say(iotmark.Failed, "not-declared"), beside.Say(iotmark.CantTell, "beside")...)
	return v.Sum(good, append(found, nameless.Say(iotmark.CantTell, "address")...)...)
}

// infrastructure reports whether the far end answers names or times, or says
// which certificates were withdrawn. RFC 8520, appendix A, counts resolver and
// clock to the network.
func infrastructure(t capture.Talk) bool {
	switch t.Protocol {
	case protocol.DNS, protocol.NTP, protocol.DHCP:
		return true
	}
	return t.CertificateState || t.Transport == "icmp"
}
