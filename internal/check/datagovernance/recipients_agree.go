package datagovernance

import (
	"net/url"
	"slices"
	"strconv"
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
			switch found := match(named, used, f); {
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

// named is a host pattern of a recipient.
type named struct {
	pattern string
	host    string
	below   bool // *.host
	port    int  // 0: any
}

func namedHosts(d *iotmark.Declaration) []named {
	var out []named
	for _, r := range d.Recipients {
		for _, h := range r.Hosts {
			n := named{pattern: h}
			host, port, ok := strings.Cut(strings.ToLower(h), ":")
			if ok {
				n.port, _ = strconv.Atoi(port)
			}
			n.host, n.below = strings.CutPrefix(host, "*.")
			out = append(out, n)
		}
	}
	return out
}

// match looks for a host among the patterns, and notes those that were used.
func match(all []named, used []bool, f netprofile.Flow) bool {
	found := false
	for i, n := range all {
		fits := f.Host == n.host && !n.below || n.below && strings.HasSuffix(f.Host, "."+n.host)
		if f.Host == "" || !fits || !onPort(f, n.port) {
			continue
		}
		used[i], found = true, true
	}
	return found
}

func onPort(f netprofile.Flow, port int) bool {
	return port == 0 || len(f.Remote) == 0 || slices.ContainsFunc(f.Remote, func(p netprofile.Ports) bool { return p.Has(port) })
}

// isOwn reports whether a host lies under a domain of the maker: that of the
// website, or of the product's id. The list of public suffixes is not asked
// (its package brings net/http in, which a self-check must not link); what
// counts is the name itself, without a first label that only names a part of
// a website.
func isOwn(d *iotmark.Declaration, host string) bool {
	for _, a := range []string{d.Maker.Website, d.Product.ID} {
		u, err := url.Parse(a)
		if err != nil {
			continue
		}
		own := strings.ToLower(u.Hostname())
		if first, rest, ok := strings.Cut(own, "."); ok && siteParts[first] && strings.Contains(rest, ".") {
			own = rest
		}
		if own != "" && (host == own || strings.HasSuffix(host, "."+own)) {
			return true
		}
	}
	return false
}

var siteParts = map[string]bool{"www": true, "shop": true, "store": true, "id": true, "support": true, "help": true, "home": true, "en": true, "de": true, "fr": true, "uk": true, "eu": true}

// operator returns who runs servers for the maker, where the declaration
// names somebody: a host under the maker's domain may then be theirs.
func operator(d *iotmark.Declaration) string {
	for _, p := range d.Parts {
		if p.RunBy != "" && !strings.EqualFold(p.RunBy, d.Maker.Name) && !strings.EqualFold(p.RunBy, d.Maker.Brand) {
			return p.RunBy
		}
	}
	for _, r := range d.Recipients {
		for _, h := range r.Hosts {
			host, _, _ := strings.Cut(strings.TrimPrefix(h, "*."), ":")
			if r.Role == "processor" && isOwn(d, host) {
				return r.Name
			}
		}
	}
	return ""
}
