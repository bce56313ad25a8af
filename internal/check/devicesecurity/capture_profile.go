package devicesecurity

import (
	"net/netip"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/traffic"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

var profiles = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindNetworkProfile}, Reader: "netprofile"}

// CaptureProfile holds what the product does in a capture against its network
// profile.
var CaptureProfile = check.Check{
	ID:      "device-security.capture-profile",
	Version: 3,
	Title:   "The product keeps to its network profile",
	What: "Takes each conversation of the product in a packet capture, in the home and beyond it, and looks for an entry of the network profile (RFC 8520) that lets it pass: by name, address or class of the far end, " +
		"protocol, port, and who opened it. It passes when every conversation is let through, and fails for each that is not. What the profile lets pass and nobody saw is no fault.",
	Why:     "A network that keeps the product to its profile would break what stands outside it, and what nobody wrote down is often a door that nobody watches.",
	Satisfy: "Write the conversation into the profile, with the narrowest far end and port, or take it out of the product.",
	Limits: "A capture shows its own minutes and no others. An address without a name, and classes that the owner's network fills (controllers, devices of a maker), are for a person to judge. " +
		"The resolver and the clock of the home are always let through, as are DHCP, discovery, multicast and ICMP; a call that nobody answered on the product is no service of it.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 5.6-1",
		"RFC 8520, section 8 (access lists) and appendix A (default nodes for DNS and NTP)",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{traffic.Captures, profiles},
	Run:       captureProfile,
}

func captureProfile(in check.Input) []iotmark.Finding {
	var p profile
	for _, r := range check.Facts[*netprofile.Facts](in, profiles) {
		p.basis = append(p.basis, r.ID)
		p.flows = append(p.flows, r.Facts.Flows...)
		for _, q := range r.Facts.Problems {
			switch q.ID {
			case netprofile.ListMissing, netprofile.EntryUnread, netprofile.NoPolicy:
				p.partly = true
			}
		}
	}
	out := traffic.Each(in, "device-security.capture-profile", p.hold)
	for i := range out {
		out[i].Basis = append(out[i].Basis, p.basis...)
	}
	return out
}

// profile is what all network profiles of the product let pass.
type profile struct {
	flows  []netprofile.Flow
	partly bool // there are entries that were not understood, or not there
	basis  []iotmark.EvidenceID
}

// fit says whether an entry lets a conversation pass.
type fit int

const (
	no    fit = iota
	maybe     // it depends on the owner's network, or on a name that is not known
	yes
)

func (p profile) hold(v traffic.View) []iotmark.Finding {
	known := namesOf(v.Facts)
	outside, unwritten, perhaps := v.Group(), v.Group(), v.Group()
	n := 0
	for _, t := range v.Talks {
		if passes(t) {
			continue
		}
		n++
		best := no
		for _, f := range p.flows {
			best = max(best, letsPass(f, t, known))
		}
		// Whoever reads the profile has a name, and the capture has an address,
		// or has had more names for it than are kept.
		nameless := t.Host == "" && len(known[t.Address]) == 0 || v.Facts.More.Names > 0
		if best == no && !t.Local && nameless {
			best = maybe
		}
		name := traffic.Far(t) + " to " + traffic.Service(t)
		if !t.Called {
			name = traffic.Service(t) + " " + traffic.Clean(t.Transport)
		}
		switch {
		case best == yes:
		case best == maybe:
			perhaps.Add(name, t.At, t, "")
		case p.partly:
			unwritten.Add(name, t.At, t, "")
		default:
			outside.Add(name, t.At, t, "")
		}
	}
	good := v.Say(iotmark.Passed, "kept", "n", check.N(n))
	if n == 0 {
		good = v.Say(iotmark.Inapplicable, "nothing")
	}
	return v.Sum(good, slices.Concat(
		outside.Say(iotmark.Failed, "outside"), unwritten.Say(iotmark.CantTell, "incomplete"), perhaps.Say(iotmark.CantTell, "unknown"))...)
}

// passes reports whether a conversation needs no entry.
func passes(t capture.Talk) bool {
	switch t.Protocol {
	case protocol.DHCP, protocol.MDNS, protocol.SSDP:
		return t.Local
	case protocol.DNS, protocol.NTP:
		// RFC 8520, appendix A: in effect appended to every profile.
		if t.Local && !t.Called {
			return true
		}
	}
	if a, err := netip.ParseAddr(t.Address); err == nil && (a.IsMulticast() || a == broadcast) {
		return true
	}
	return t.Transport == "icmp" || t.Transport == "2" || t.Called && t.Sent <= 0
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// letsPass says whether an entry lets a conversation pass.
func letsPass(f netprofile.Flow, t capture.Talk, known map[string]map[string]bool) fit {
	if f.Protocol != "" && f.Protocol != t.Transport {
		return no
	}
	if t.Transport == "tcp" && (f.Initiated == netprofile.FromDevice && t.Called || f.Initiated == netprofile.ToDevice && !t.Called) {
		return no
	}
	// The port is that of the end that was called. An entry that names only
	// ports of the other end is about conversations the other way round.
	here, there := f.Remote, f.Local
	if t.Called {
		here, there = f.Local, f.Remote
	}
	if len(here) == 0 && len(there) > 0 || len(here) > 0 && !slices.ContainsFunc(here, func(r netprofile.Ports) bool { return r.Has(t.Port) }) {
		return no
	}
	switch {
	case f.Host != "":
		if t.Host == f.Host || known[t.Address][f.Host] {
			return yes
		}
	case f.Address != "":
		if f.Within(t.Address) {
			return yes
		}
	case f.Class == netprofile.LocalNetworks:
		if t.Local {
			return yes
		}
	case f.Class == netprofile.Controller && (f.Of == "urn:ietf:params:mud:dns" || f.Of == "urn:ietf:params:mud:ntp"):
		want := protocol.DNS
		if f.Of == "urn:ietf:params:mud:ntp" {
			want = protocol.NTP
		}
		switch {
		case t.Protocol != want:
		case t.Local:
			return yes
		case t.Host == "":
			return maybe // the owner's network may have given this one out
		}
	case f.Class == "": // anybody
		return yes
	case f.Class == netprofile.Controller || f.Class == netprofile.MyController || t.Local:
		return maybe
	}
	return no
}

// namesOf gives the names under which each address was looked up.
func namesOf(f *capture.Facts) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, q := range f.Names {
		for _, a := range q.Answer {
			if out[a] == nil {
				out[a] = map[string]bool{}
			}
			out[a][q.Name] = true
		}
	}
	return out
}
