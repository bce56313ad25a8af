package capture

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// Bounds of what is known about the home.
const (
	maxStations  = 256
	maxAddresses = 8    // of a station that are listed
	maxAtHome    = 8192 // addresses of all stations
	maxPrefixes  = 16
)

// station is a station while the capture is read.
type station struct {
	Station
	mac      hardware // its own; 0: the link has none, or it is not known
	guess    hardware // what its frames came from, where that may be a router
	gateway  bool
	dhcp     bool   // it gives out addresses
	dns      bool   // it answers lookups
	phone    string // why it is a phone
	mud      bool
	nameRank int8 // 2: by DHCP, 1: by mDNS
}

// home is who is there, by hardware address and by IP address.
type home struct {
	stations []station
	crowded  bool // there are more than are kept
	byMAC    map[hardware]int32
	byAddr   map[addr]int32
	prefixes []prefix
}

type prefix struct{ hi, mask uint64 }

// onLink keeps a prefix of IPv6 that a router announced for the home.
func (a *analysis) onLink(hi uint64, bits byte) {
	p := prefix{mask: ^uint64(0) << (64 - bits)}
	p.hi = hi & p.mask
	if len(a.prefixes) < maxPrefixes && hi>>61 == 1 && !slices.Contains(a.prefixes, p) {
		a.prefixes = append(a.prefixes, p)
	}
}

// inside reports whether an address belongs to the home by what it is.
func (a *analysis) inside(ip addr) bool {
	if ip.private() {
		return true
	}
	if !ip.is4() {
		for _, p := range a.prefixes {
			if ip.hi&p.mask == p.hi {
				return true
			}
		}
	}
	return false
}

// atHome reports whether an address belongs to the home, by what it is or
// because a station has it.
func (a *analysis) atHome(ip addr) bool {
	if a.inside(ip) {
		return true
	}
	_, ok := a.byAddr[ip]
	return ok
}

// local reports whether bytes to that address stay at home.
func (a *analysis) local(ip addr) bool { return ip.group() || a.atHome(ip) }

// newStation begins a station; -1 when there are too many.
func (a *analysis) newStation() int32 {
	if len(a.stations) == maxStations {
		if !a.crowded {
			a.crowded = true
			a.f.More.Stations++
		}
		return -1
	}
	a.stations = append(a.stations, station{Station: Station{Role: Other, At: a.f.Packets}})
	return int32(len(a.stations) - 1)
}

// at returns the station that has a hardware address, or an IP address where
// the link gives no other; -1 when it is not kept.
func (a *analysis) at(mac hardware, ip addr) int32 {
	s, ok := a.byMAC[mac]
	if mac == 0 || !ok {
		s, ok = a.byAddr[ip]
		if ok && mac != 0 {
			if ok = a.stations[s].mac == 0; ok {
				a.stations[s].mac, a.byMAC[mac] = mac, s
			}
		}
	}
	if !ok {
		if mac == 0 && ip.unspecified() {
			return -1
		}
		if s = a.newStation(); s < 0 {
			return -1
		}
		if mac != 0 {
			a.stations[s].mac, a.byMAC[mac] = mac, s
		}
	}
	a.own(s, ip)
	return s
}

// own notes an address of a station; the newest owner has it.
func (a *analysis) own(s int32, ip addr) {
	if ip.unspecified() {
		return
	}
	if o, ok := a.byAddr[ip]; ok && o == s || !ok && len(a.byAddr) == maxAtHome {
		return
	}
	a.byAddr[ip] = s
	st := &a.stations[s]
	if t := ip.String(); len(st.Addresses) < maxAddresses && !slices.Contains(st.Addresses, t) {
		st.Addresses = append(st.Addresses, t)
	}
}

// gateway marks the station through which the outside is reached.
func (a *analysis) gateway(mac hardware) {
	if mac == 0 || mac.group() {
		return
	}
	s, ok := a.byMAC[mac]
	if !ok {
		if s = a.newStation(); s < 0 {
			return
		}
		a.stations[s].mac, a.byMAC[mac] = mac, s
	}
	a.stations[s].gateway = true
}

// count counts a packet that a station sent.
func (a *analysis) count(s int32) {
	if s >= 0 {
		a.stations[s].Packets++
		a.stations[s].Bytes += int64(a.wire)
	}
}

// fragment counts a part of a packet after the first.
func (a *analysis) fragment(fr frame, d *datagram) {
	a.f.Fragments++
	if a.atHome(d.src) {
		a.count(a.at(fr.src, d.src))
	}
}

// lease takes what a station says about itself by DHCP.
func (a *analysis) lease(fl *flow, side int, mac hardware, l *protocol.Lease) {
	s := fl.side[side].station
	if l.Client && l.Hardware != "" && l.Hardware != mac.String() { // passed on by a relay
		s = -1
		for i := range a.stations {
			if a.stations[i].mac != 0 && a.stations[i].mac.String() == l.Hardware {
				s = int32(i)
			}
		}
	}
	if s < 0 {
		return
	}
	st := &a.stations[s]
	if !l.Client {
		st.dhcp = true
		return
	}
	if l.Name != "" {
		st.Name, st.nameRank = l.Name, 2
		if phoneName.MatchString(l.Name) {
			st.is("dhcp-name")
		}
	}
	if l.Vendor != "" {
		st.Vendor = l.Vendor
		if phoneVendor.MatchString(l.Vendor) {
			st.is("dhcp-vendor")
		}
	}
	st.mud = st.mud || l.MUD != ""
}

// is notes by what a station was told to be a phone; the first stands.
func (s *station) is(why string) {
	if s.phone == "" {
		s.phone = why
	}
}

// What phones, tablets and computers say about themselves. The vendor classes
// are those of Android (android-dhcp-), Windows (MSFT 5.0) and Chrome OS.
var (
	phoneVendor = regexp.MustCompile(`^(android-dhcp-|MSFT 5\.0|MSFT 98|dhcpcd-[0-9.]+:.*CrOS)`)
	phoneName   = regexp.MustCompile(`(?i)(iphone|ipad|macbook|imac|^android-[0-9a-f]{6,}|galaxy|pixel[- ]?[0-9]|^desktop-[0-9a-z]{7}$|^laptop-[0-9a-z]{8}$)`)
	phoneAgent  = regexp.MustCompile(`iPhone|iPad|Macintosh|Windows NT|CrOS|X11; |Mozilla/5\.0 \(Linux; (U; )?Android|CFNetwork/.*Darwin|Dalvik/.*Android|Microsoft NCSI|CaptiveNetworkSupport`)
)

// captive are the names that phones and computers look up to learn whether a
// network lets them out.
var captive = []string{
	"captive.apple.com", "www.msftconnecttest.com", "www.msftncsi.com", "dns.msftncsi.com",
	"connectivitycheck.gstatic.com", "connectivitycheck.android.com", "detectportal.firefox.com",
	"connectivity-check.ubuntu.com", "nmcheck.gnome.org",
}

// named takes the name that a station gives itself by mDNS: a host name that
// stands for the address it sends from.
func (a *analysis) named(s int32, from addr, l protocol.Lookup) {
	if s < 0 || a.stations[s].nameRank >= 1 || l.Type != "A" && l.Type != "AAAA" {
		return
	}
	if slices.Contains(l.Addresses, from.String()) {
		a.stations[s].Name, a.stations[s].nameRank = l.Name, 1
	}
}

// deviceIn takes the hardware address of the product from a file name or a
// comment; zero when there is none.
func deviceIn(text string) hardware {
	h, _ := strconv.ParseUint(evidence.Device(text), 16, 64) // twelve digits, or nothing
	return hardware(h)
}

// roles gives each station its role, and tells the product.
func (a *analysis) roles() {
	guesses := map[hardware]int{}
	for _, s := range a.stations {
		guesses[s.guess]++
		guesses[s.mac]++
	}
	for i := range a.stations {
		s := &a.stations[i]
		if s.mac == 0 && s.guess != 0 && guesses[s.guess] == 1 && len(s.Addresses) == 1 {
			s.mac = s.guess
		}
		if s.mac != 0 {
			s.Hardware = s.mac.String()
		}
		switch {
		case s.gateway:
			s.Role, s.Why = Router, "gateway"
		case s.dhcp:
			s.Role, s.Why = Router, "dhcp-server"
		case s.phone != "":
			s.Role, s.Why = Phone, s.phone
		case s.dns:
			s.Why = "dns-server"
		}
	}
	a.f.Device, a.f.Told = a.product()
	if d := a.f.Device; d >= 0 {
		s := &a.stations[d]
		s.Role, s.Why = Product, string(a.f.Told)
	}
	for _, s := range a.stations {
		a.f.Stations = append(a.f.Stations, s.Station)
	}
}

func (a *analysis) product() (int, Told) {
	if a.device != 0 {
		for i, s := range a.stations {
			if s.mac == a.device {
				return i, ByName
			}
		}
		return -1, "" // another is named: nothing is guessed
	}
	one := func(is func(i int, s *station) bool) int {
		found := -1
		for i := range a.stations {
			if is(i, &a.stations[i]) {
				if found >= 0 {
					return -1
				}
				found = i
			}
		}
		return found
	}
	if a.crowded {
		return -1, "" // one that is not kept may be it
	}
	if i := one(func(_ int, s *station) bool { return s.mud }); i >= 0 {
		return i, ByMUD
	}
	if slices.ContainsFunc(a.stations, func(s station) bool { return s.mud }) {
		return -1, ""
	}
	talks := map[int]bool{}
	for _, t := range a.talks {
		talks[t.Station] = true
	}
	left := one(func(_ int, s *station) bool { return s.Role == Other && s.Why == "" && s.Packets > 0 })
	if left >= 0 && talks[left] {
		return left, ByOnly
	}
	return -1, ""
}
