package datasecurity

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/description"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
)

var declaredPaths = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindNetworkProfile, iotmark.KindInterfaceDescription}}

// ClearPorts looks for ports and addresses of protocols without encryption
// among those the maker declares.
var ClearPorts = check.Check{
	ID:      "data-security.clear-ports",
	Version: 1,
	Title:   "No declared path is a clear-text protocol",
	What: "Goes through every entry of the network profile (RFC 8520) that lets something pass, and every address of an interface description. It fails on a port whose " +
		"protocol has no encryption (FTP, telnet, TFTP, RTSP, MQTT on 1883; HTTP towards the internet), in the home as well, and on a public address " +
		"that begins with http, ws, mqtt or the like. It passes when no entry names such a port and none leaves the port open.",
	Why:     "On a path in clear text a neighbour or a hacked router reads along, or sends commands of its own.",
	Satisfy: "Use the encrypted form (HTTPS on 443, MQTT on 8883, SSH instead of telnet), and take the old port out of product and profile.",
	Limits: "It reads what is declared and sees no traffic. A port says which protocol is usual there and not what is spoken: ports that carry both forms, " +
		"and HTTP inside the home, are left to a person. It says nothing about certificates.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 5.5-1 and 5.5-7",
		"RFC 8520, section 8 (MUD access lists)",
		"IANA Service Name and Transport Protocol Port Number Registry",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{declaredPaths},
	Run:       clearPorts,
}

const clearID = "data-security.clear-ports."

// How a port is judged.
type clarity int

const (
	never  clarity = iota + 1 // the protocol has no encryption
	web                       // HTTP: clear towards the internet, for a person inside the home
	either                    // the same port carries both forms, or names no one protocol
)

// clearPort are the ports of protocols without encryption, by assignment
// (IANA) or by custom.
var clearPort = map[int]struct {
	name string
	how  clarity
}{
	20: {"FTP", never}, 21: {"FTP", never}, 23: {"telnet", never}, 2323: {"telnet", never}, 69: {"TFTP", never}, 512: {"rexec", never}, 513: {"rlogin", never}, 514: {"syslog or rsh", either},
	554: {"RTSP", never}, 8554: {"RTSP", never}, 1935: {"RTMP", never}, 1883: {"MQTT", never},
	80: {"HTTP", web}, 81: {"HTTP", web}, 8000: {"HTTP", either}, 8008: {"HTTP", either}, 8080: {"HTTP", either},
	25: {"SMTP", either}, 110: {"POP3", either}, 143: {"IMAP", either}, 161: {"SNMP", either}, 389: {"LDAP", either}, 502: {"Modbus", either}, 5683: {"CoAP", either}, 5672: {"AMQP", either}, 53: {"DNS", either},
}

func clearPorts(in check.Input) []iotmark.Finding {
	var out []iotmark.Finding
	var basis []iotmark.EvidenceID
	n := 0
	profiles := 0
	for _, it := range in.Items {
		if !declaredPaths.Fits(it) || it.Facts == nil && it.Kind != iotmark.KindNetworkProfile {
			continue
		}
		switch f := it.Facts.(type) {
		case *netprofile.Facts:
			profiles++
			n += len(f.Flows)
			basis = append(basis, it.ID)
			out = append(out, profile(it, f)...)
		case *description.Facts:
			basis = append(basis, it.ID)
			out = append(out, addresses(it, f)...)
		case nil:
			out = append(out, check.CannotTell(clearID+"unread", []iotmark.EvidenceID{it.ID}, "evidence", string(it.ID)))
		}
	}
	switch {
	case profiles == 0 && len(out) == 0:
		return []iotmark.Finding{check.CannotTell(clearID+"no-profile", basis)}
	case len(out) == 0:
		return []iotmark.Finding{check.Pass(clearID+"none", basis, "n", check.N(n))}
	}
	slices.SortStableFunc(out, func(a, b iotmark.Finding) int { return weight(a) - weight(b) })
	return out[:min(len(out), 30)]
}

func weight(f iotmark.Finding) int { return slices.Index(iotmark.Outcomes(), f.Outcome) }

// profile judges the entries of one network profile.
func profile(it check.Item, p *netprofile.Facts) []iotmark.Finding {
	var out []iotmark.Finding
	basis := []iotmark.EvidenceID{it.ID}
	told := map[string]bool{}
	tell := func(f iotmark.Finding, flow netprofile.Flow) {
		key := fmt.Sprint(f.Message, f.Args["port"], f.Args["peer"])
		if told[key] {
			return // the same connection stands in the lists of both directions
		}
		told[key] = true
		f.Args["entry"], f.Args["evidence"] = flow.Name, string(it.ID)
		f.Places = []iotmark.Place{{Evidence: it.ID, Line: flow.Line, Quote: check.Quote(strings.TrimSpace(flow.Name + ": " + f.Args["peer"] + " " + f.Args["port"]))}}
		out = append(out, f)
	}
	for _, f := range p.Flows {
		ports, theirs := service(f)
		peer := other(f)
		if len(ports) == 0 {
			if (f.Protocol == "" || f.Protocol == "tcp" || f.Protocol == "udp") && !standard(f) {
				tell(check.CannotTell(clearID+"any-port", basis, "peer", peer, "port", ""), f)
			}
			continue
		}
		for _, r := range ports {
			for _, port := range sorted() {
				c := clearPort[port]
				if !r.Has(port) || port == 53 && (standard(f) || !f.Outside()) {
					continue
				}
				args := []string{"port", strconv.Itoa(port), "protocol", c.name, "peer", peer}
				switch outside := f.Outside() && theirs; {
				case r.From != r.To:
					tell(check.CannotTell(clearID+"range", basis, "port", r.String(), "protocol", c.name, "peer", peer), f)
				case c.how == web && theirs && outside && meantClear(f.Host):
					tell(check.CannotTell(clearID+"revocation", basis, args...), f)
				case c.how == never, c.how == web && f.Outside():
					tell(check.Fail(clearID+"clear", basis, args...), f)
				case c.how == web:
					tell(check.CannotTell(clearID+"local-web", basis, args...), f)
				default:
					tell(check.CannotTell(clearID+"either", basis, args...), f)
				}
			}
		}
	}
	for _, q := range p.Problems {
		switch q.ID {
		case netprofile.ListMissing, netprofile.ListEmpty, netprofile.NoPolicy, netprofile.EntryUnread:
			f := check.CannotTell(clearID+"incomplete", basis, "evidence", string(it.ID), "name", q.Name)
			f.Places = []iotmark.Place{{Evidence: it.ID, Line: q.Line}}
			return append(out, f)
		}
	}
	return out
}

// service returns the ports on which the connection is answered, and whether
// they are those of the other end. Lists of both directions name one
// connection, each from its own side.
func service(f netprofile.Flow) (ports []netprofile.Ports, theirs bool) {
	switch {
	case f.Initiated == netprofile.FromDevice:
		return f.Remote, true
	case f.Initiated == netprofile.ToDevice:
		return f.Local, false
	case f.Direction == netprofile.FromDevice && len(f.Remote) > 0, len(f.Local) == 0:
		return f.Remote, true
	}
	return f.Local, false
}

// other names the other end for people.
func other(f netprofile.Flow) string {
	switch {
	case f.Host != "":
		return f.Host
	case f.Address != "":
		return f.Address
	case f.Class == netprofile.LocalNetworks:
		return "the local network"
	case f.Class != "":
		return strings.TrimSpace(string(f.Class) + " " + f.Of)
	}
	return "anybody"
}

// standard reports whether the other end is one of the two classes of RFC
// 8520, section 13.2: the resolver and the clock of the place.
func standard(f netprofile.Flow) bool {
	return f.Class == netprofile.Controller && (f.Of == "urn:ietf:params:mud:dns" || f.Of == "urn:ietf:params:mud:ntp")
}

func sorted() []int {
	var out []int
	for p := range clearPort {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// addresses judges the addresses of one interface description.
func addresses(it check.Item, d *description.Facts) []iotmark.Finding {
	var out []iotmark.Finding
	basis := []iotmark.EvidenceID{it.ID}
	for _, s := range d.Servers {
		if !s.Clear {
			continue
		}
		host := s.Host
		if s.Port > 0 {
			host += ":" + strconv.Itoa(s.Port)
		}
		args := []string{"evidence", string(it.ID), "host", host, "scheme", s.Scheme}
		f := check.Fail(clearID+"clear-address", basis, args...)
		if s.Reach != description.Public {
			f = check.CannotTell(clearID+"local-address", basis, args...)
		}
		f.Places = []iotmark.Place{{Evidence: it.ID, Line: s.Line, Quote: check.Quote(s.Scheme + "://" + host)}}
		out = append(out, f)
	}
	return out
}

// meantClear reports whether a host has a name as those have where clear HTTP
// is meant: lists of withdrawn certificates and OCSP, which are signed by
// themselves (RFC 5280, 4.2.1.13; RFC 6960, appendix A), and tests for a
// sign-in page, which must be answered in the clear. A profile shows no more
// than the name, so that such a host is left to a person and never excused.
func meantClear(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		switch strings.TrimRight(label, "0123456789") {
		case "crl", "ocsp", "pki", "connectivitycheck", "captive", "detectportal", "connectivity-check":
			return true
		}
	}
	return false
}
