package datagovernance

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
)

var contactedHosts = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindNetworkProfile}, Reader: "netprofile"}

// RecipientsAgree holds the hosts of the network profile against the declared
// recipients of data.
var RecipientsAgree = check.Check{
	ID:      "data-governance.recipients-agree",
	Version: 1,
	Title:   "Every host the product contacts belongs to a named recipient",
	What: "Takes each host in the internet that the network profile (RFC 8520) lets the product contact, and looks for it among recipients[].hosts; *.x stands for everything below x. " +
		"A host under the maker's own domain needs no recipient while the maker alone runs servers. It passes when every host is named, and fails for each one that is not.",
	Why:     "Whoever runs a host gets data, if only the time and the address of the home. A recipient nobody named cannot be asked, stopped or held to account.",
	Satisfy: "Name who runs each host under recipients, with the host in hosts, or take the host out of product and profile.",
	Limits: "It reads what the maker declares in the profile and sees no traffic. An address without a name, and an entry that lets the product contact anybody, cannot be held against names. " +
		"The hosts of the app are not in the profile. The resolver and the clock of the network (RFC 8520, 13.2) are the owner's, and no recipients.",
	Cites: []string{
		"RFC 8520, section 8 (MUD access lists)",
		"Regulation (EU) 2016/679, Article 13(1)(e)",
		"ETSI EN 303 645 V3.1.3, 6-1",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{contactedHosts},
	Run:       recipientsAgree,
}

const recipientsID = "data-governance.recipients-agree."

func recipientsAgree(in check.Input) []iotmark.Finding {
	named := namedHosts(in.Declaration)
	used := make([]bool, len(named))
	var out []iotmark.Finding
	var basis []iotmark.EvidenceID
	own, n := 0, 0
	for _, p := range check.Facts[*netprofile.Facts](in, contactedHosts) {
		basis = append(basis, p.ID)
		told := map[string]bool{}
		for _, f := range p.Facts.Flows {
			key := f.Host + " " + f.Address
			if !contacted(f) || told[key] {
				continue
			}
			told[key] = true
			if f.Host != "" {
				n++
			}
			onPort := func(port int) bool {
				return len(f.Remote) == 0 || slices.ContainsFunc(f.Remote, func(p netprofile.Ports) bool { return p.Has(port) })
			}
			switch found := match(named, used, f.Host, onPort); {
			case f.Anybody():
				out = append(out, at(check.CannotTell(recipientsID+"anybody", []iotmark.EvidenceID{p.ID}, "entry", f.Name), p.ID, f, f.Name))
			case f.Host == "":
				out = append(out, at(check.CannotTell(recipientsID+"address", []iotmark.EvidenceID{p.ID}, "address", f.Address), p.ID, f, f.Address))
			case found:
			case isOwn(in.Declaration, f.Host):
				if who := operator(in.Declaration); who != "" {
					out = append(out, at(check.Fail(recipientsID+"run-by-others", []iotmark.EvidenceID{p.ID}, "host", f.Host, "who", who), p.ID, f, f.Host))
				} else {
					own++
				}
			default:
				out = append(out, at(check.Fail(recipientsID+"not-named", []iotmark.EvidenceID{p.ID}, "host", f.Host), p.ID, f, f.Host))
			}
		}
		if q := unread(p.Facts); q != nil {
			f := check.CannotTell(recipientsID+"incomplete", []iotmark.EvidenceID{p.ID}, "name", q.Name)
			f.Places = []iotmark.Place{{Evidence: p.ID, Line: q.Line}}
			out = append(out, f)
		}
	}
	if len(out) > 0 {
		slices.SortStableFunc(out, func(a, b iotmark.Finding) int {
			return slices.Index(iotmark.Outcomes(), a.Outcome) - slices.Index(iotmark.Outcomes(), b.Outcome)
		})
		return out[:min(len(out), 30)]
	}
	if n == 0 && in.Truths["has_cloud"] != iotmark.False {
		return []iotmark.Finding{check.CannotTell(recipientsID+"no-host-of-cloud", basis)}
	}
	if n == 0 {
		return []iotmark.Finding{check.Pass(recipientsID+"no-host", basis)}
	}
	m := iotmark.MessageID(recipientsID + "agree")
	if own > 0 {
		m = recipientsID + "agree-own"
	}
	out = append(out, check.Pass(m, basis, "n", check.N(n), "own", check.N(own)))
	var idle []string
	for i, h := range named {
		if !used[i] && !slices.Contains(idle, h.pattern) {
			idle = append(idle, h.pattern)
		}
	}
	if len(idle) > 0 {
		out = append(out, check.Pass(recipientsID+"not-used", basis, "hosts", strings.Join(idle[:min(len(idle), 10)], ", ")))
	}
	return out
}

// contacted reports whether the product itself opens a connection to the
// internet with the entry.
func contacted(f netprofile.Flow) bool {
	switch {
	case !f.Outside() || f.Initiated == netprofile.ToDevice:
		return false
	case f.Direction == netprofile.FromDevice:
		return true
	}
	return !f.Anybody() && (f.Initiated == netprofile.FromDevice || f.Host != "")
}

func at(f iotmark.Finding, id iotmark.EvidenceID, flow netprofile.Flow, quote string) iotmark.Finding {
	f.Args["evidence"] = string(id)
	f.Places = []iotmark.Place{{Evidence: id, Line: flow.Line, Quote: check.Quote(quote)}}
	return f
}

// unread returns the first problem that hides entries.
func unread(p *netprofile.Facts) *netprofile.Problem {
	for _, q := range p.Problems {
		switch q.ID {
		case netprofile.ListMissing, netprofile.EntryUnread, netprofile.NoPolicy:
			return &q
		}
	}
	return nil
}
