package datagovernance

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

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
// A pattern with a port fits where onPort holds for it.
func match(all []named, used []bool, host string, onPort func(port int) bool) bool {
	found := false
	for i, n := range all {
		fits := host == n.host && !n.below || n.below && strings.HasSuffix(host, "."+n.host)
		if host == "" || !fits || n.port != 0 && !onPort(n.port) {
			continue
		}
		used[i], found = true, true
	}
	return found
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

// besides reports whether a host lies under the same domain as one that is
// declared, or under a domain at which the maker is written to. The domain is
// the declared name without its first label, where that leaves more than an
// ending such as com or co.uk; without the list of public suffixes that is a
// guess, so it is for a person to judge.
func besides(d *iotmark.Declaration, all []named, host string) bool {
	var domains []string
	for _, n := range all {
		domains = append(domains, n.host)
		if _, parent, ok := strings.Cut(n.host, "."); ok && !n.below && !ending(parent) {
			domains = append(domains, parent)
		}
	}
	if _, mail, ok := strings.Cut(d.Maker.Email, "@"); ok {
		domains = append(domains, strings.ToLower(mail))
	}
	c := d.Contacts
	for _, a := range []string{c.Support, c.Complaints, c.Privacy, c.Security, c.SecurityPolicy, c.Advisories} {
		if u, err := url.Parse(a); err == nil {
			domains = append(domains, strings.ToLower(u.Hostname()))
		}
	}
	for _, own := range domains {
		if own != "" && (host == own || strings.HasSuffix(host, "."+own)) {
			return true
		}
	}
	return false
}

// ending reports whether a domain is one under which strangers register names.
func ending(domain string) bool {
	first, rest, ok := strings.Cut(domain, ".")
	return !ok || len(first) <= 3 && len(rest) == 2
}
