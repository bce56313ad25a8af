package netprofile

import (
	"net/netip"
	"strings"
)

// localName reports whether a name stands for something in the local network:
// .local (RFC 6762), home.arpa (RFC 8375), .internal (reserved by ICANN for
// private use), localhost, a name without a dot, or one of the two endings that
// home routers made up and that were never given out.
func localName(h string) bool {
	h = strings.TrimSuffix(strings.ToLower(h), ".")
	if !strings.Contains(h, ".") {
		return true
	}
	for _, s := range []string{".local", ".home.arpa", ".internal", ".localhost", ".lan", ".home"} {
		if strings.HasSuffix(h, s) {
			return true
		}
	}
	return false
}

// localAddress reports whether an address or a whole network is not routed in
// the internet: private (RFC 1918, RFC 4193), link-local, loopback, multicast.
func localAddress(s string) bool {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return false
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	a := p.Masked().Addr()
	if a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	for _, n := range localNets {
		if n.Bits() <= p.Bits() && n.Contains(a) {
			return true
		}
	}
	return false
}

var localNets = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("224.0.0.0/4"),
	netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("fc00::/7"),
	netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("ff00::/8"),
}

// LocalHost reports whether a name or an address stands for something in the
// local network.
func LocalHost(h string) bool {
	h = strings.Trim(h, "[]")
	if h == "" {
		return false
	}
	if a, err := netip.ParseAddr(h); err == nil {
		return localAddress(a.WithZone("").String())
	}
	return localName(h)
}
