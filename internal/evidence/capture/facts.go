// Package capture reads packet captures: whom a device talks to, which of it
// anybody on the way can read, and how well the rest is protected.
//
// Who is at home: the private, link-local and loopback addresses of IPv4 and
// IPv6, and the prefixes that a router announces (RFC 4861). A station is one
// hardware address that sends from such an address; one IP address, where the
// link has no hardware addresses. Public addresses that come from the hardware
// address of a station belong to it, unless it is a router. Where neither end
// is at home, such as on the outer side of a router, the one who opened the
// conversation is the station.
//
// Who is what: a router is where outside addresses come from and go to, where
// a router's advertisement comes from, or what gives out addresses. A phone,
// tablet or computer is told by what it says in DHCP (vendor class, name), by
// its User-Agent, or by the lookups with which such systems find out whether a
// network lets them out. What answers lookups and is no router is a server.
//
// Which is the product, in this order: the station whose hardware address
// stands in the file's name or in a comment of a pcapng file behind the word
// device, such as device=aa:bb:cc:dd:ee:ff or device-aabbccddeeff; the one
// that announces a MUD address (RFC 8520, 10); the only one that sends, takes
// part in a talk, and is no phone, router or server. When a name is given that
// nobody has, or two stations announce a MUD address, or several are left, the
// product is not told: nothing is guessed.
//
// Who opened a conversation: who sent the SYN. Where none was seen, and on
// UDP, the end without a well-known port; else the end at home, for routers
// let nothing else in; else the end with the higher port on TCP, and the one
// who spoke first on UDP.
//
// What it refuses to do: keep payloads, resolve a name, or decrypt. What can
// go wrong: a file that is cut, packets that were cut when they were taken,
// more conversations than are kept; each is counted by its kind, so that a check can tell
// "not there" from "not seen". Of a TCP connection the first 32 kB of each
// direction are looked at, of other conversations the first eight datagrams,
// and all that carry lookups; of packets in fragments, the first fragment.
package capture

import (
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// Facts are what was read out of one capture.
type Facts struct {
	Format    string    `json:"format"`              // pcap or pcapng
	Packed    string    `json:"packed,omitempty"`    // gzip or zstd
	Links     []string  `json:"links"`               // ethernet, linux-cooked, radiotap, ip and so on
	Packets   int64     `json:"packets"`             // read
	Bytes     int64     `json:"bytes"`               // on the wire, of all packets
	First     time.Time `json:"first,omitzero"`      // time of the first packet, UTC
	Last      time.Time `json:"last,omitzero"`       // time of the last packet
	Cut       string    `json:"cut,omitempty"`       // why reading ended before the end of the file: truncated, block, packets, bomb; empty: it did not
	Short     int64     `json:"short,omitempty"`     // packets of which only a part was taken
	Odd       int64     `json:"odd,omitempty"`       // packets of no known form: links, versions, lengths that lie
	Sealed    int64     `json:"sealed,omitempty"`    // packets sealed by the radio link (protected 802.11 frames)
	Fragments int64     `json:"fragments,omitempty"` // parts of packets after the first, which are not looked at
	Overlap   int64     `json:"overlap,omitempty"`   // segments that say otherwise about bytes already seen
	Gaps      int64     `json:"gaps,omitempty"`      // TCP connections in whose beginning bytes are missing, or were not kept: what is behind them was not looked at
	Lost      int64     `json:"lost,omitempty"`      // conversations beyond those that are kept: counted, not listed
	More      More      `json:"more,omitzero"`       // what is beyond that which is kept
	Flows     int64     `json:"flows"`               // conversations: one pair of addresses and ports each

	Stations []Station `json:"stations,omitempty"` // at home, at most 256, in the order of their first packet
	Device   int       `json:"device"`             // index of the product in Stations; -1: it cannot be told
	Told     Told      `json:"told,omitempty"`     // by what it was told
	Talks    []Talk    `json:"talks,omitempty"`    // at most 4,096, in the order of their first packet
	Sessions []Session `json:"sessions,omitempty"` // TLS and DTLS, at most 2,048 different ones
	Logins   []Login   `json:"logins,omitempty"`   // credentials in the clear, at most 256 different ones
	Readable []Sight   `json:"readable,omitempty"` // readable passages, at most 512 different ones, 8 a talk
	Names    []Asked   `json:"names,omitempty"`    // looked up, at most 4,096 different ones
}

// ContentDate returns the day of the last packet.
func (f *Facts) ContentDate() iotmark.Date {
	if f.Last.IsZero() {
		return ""
	}
	return iotmark.DateOf(f.Last)
}

// More counts what was seen and is not listed, for each list, and is nothing
// only where nothing is missing. A check that finds nothing wrong in a list may say so only
// where nothing of that list is missing.
//
// Of handshakes and sign-ins the first of each kind is listed, however many
// of others there were before: by station, version and weakness of the suite
// (Session), by station and whether a secret was sent beyond the home (Login).
type More struct {
	Stations int64 `json:"stations,omitempty"` // 1 for all of them
	Sessions int64 `json:"sessions,omitempty"`
	Logins   int64 `json:"logins,omitempty"`
	Readable int64 `json:"readable,omitempty"`
	Names    int64 `json:"names,omitempty"` // and addresses of names
}

// Told says how the product was told from what stands beside it.
type Told string

// By name: the file name or a comment of the capture names its hardware
// address ("device=aa:bb:cc:dd:ee:ff"). By only: nothing else is there but
// routers, servers and phones. Empty: it cannot be told.
const (
	ByName Told = "named"
	ByMUD  Told = "mud"  // it announces a MUD address by DHCP
	ByOnly Told = "only" // the only station that is no phone, router or server
)

// Role says what a station is.
type Role string

// The roles. Phone stands for phones, tablets and computers.
const (
	Product Role = "product"
	Phone   Role = "phone"
	Router  Role = "router"
	Other   Role = "other"
)

// Station is somebody at home: one hardware address, or one private address
// where the link has none.
type Station struct {
	Hardware  string   `json:"hardware,omitempty"`  // aa:bb:cc:dd:ee:ff
	Addresses []string `json:"addresses,omitempty"` // at most 8
	Name      string   `json:"name,omitempty"`      // that it gives itself by DHCP or mDNS
	Vendor    string   `json:"vendor,omitempty"`    // DHCP vendor class
	Role      Role     `json:"role"`
	Why       string   `json:"why,omitempty"` // what told the role: dhcp-name, dhcp-vendor, user-agent, lookup, gateway, dhcp-server, dns-server, named, mud, only
	Packets   int64    `json:"packets"`       // sent
	Bytes     int64    `json:"bytes"`         // sent
	At        int64    `json:"at"`            // number of its first packet, from 1
}

// Talk is all that one station says to one far end on one port, in one
// protocol. One between two stations stands under the product when that takes
// part, else under the one who opened it. A talk without any payload, and one
// of ICMP, reads as signalling.
type Talk struct {
	Station   int              `json:"station"`          // index into Stations
	Peer      int              `json:"peer"`             // index into Stations when the far end is at home, else -1
	Host      string           `json:"host,omitempty"`   // best name of the far end
	Named     string           `json:"named,omitempty"`  // by what: sni, http, dns
	Address   string           `json:"address"`          // first address of the far end
	More      int              `json:"more,omitempty"`   // further addresses under the same name, at most 63
	Local     bool             `json:"local,omitempty"`  // the far end is at home: private, link-local, multicast or broadcast
	Transport string           `json:"transport"`        // tcp, udp, icmp, or the number of the IP protocol
	Port      int              `json:"port,omitempty"`   // of the end that was called
	Called    bool             `json:"called,omitempty"` // the far end opened the conversation: the port is the station's
	Protocol  protocol.Name    `json:"protocol"`
	Reading   protocol.Reading `json:"reading"`
	Flows     int64            `json:"flows"`
	Sent      int64            `json:"sent"`               // bytes of payload from the station
	Received  int64            `json:"received"`           // bytes of payload to it
	Answered  bool             `json:"answered,omitempty"` // the far end sent something; a TCP reset is nothing
	// CertificateState says that all of it asks which certificates were
	// withdrawn, or for those of issuers (RFC 6960; RFC 5280, 4.2.1.13).
	CertificateState bool  `json:"certificate_state,omitempty"`
	At               int64 `json:"at"` // number of the first packet, from 1
}

// Session is a TLS or DTLS handshake as it was seen, once for each different
// one.
type Session struct {
	Talk               int       `json:"talk"` // index into Talks
	protocol.Handshake           // its Suites are left out: Weak tells what matters
	Weak               []string  `json:"weak,omitempty"`   // names of offered suites that are weak, at most 16, those without forward secrecy last
	Chosen             string    `json:"chosen,omitempty"` // name of the chosen suite
	Count              int64     `json:"count"`
	At                 int64     `json:"at"` // number of the first packet of its conversation
	Time               time.Time `json:"time,omitzero"`
}

// Login is a credential in the clear.
type Login struct {
	Talk int `json:"talk"`
	protocol.Credential
	Count int64 `json:"count"`
	At    int64 `json:"at"`
}

// Sight is a passage that anybody on the way can read.
type Sight struct {
	Talk int `json:"talk"`
	protocol.Passage
	Count int64 `json:"count"`
	At    int64 `json:"at"`
}

// Asked is a name that a station looked up.
type Asked struct {
	Station int      `json:"station"`
	Name    string   `json:"name"`
	Server  string   `json:"server"`           // address that was asked
	Local   bool     `json:"local,omitempty"`  // the server is at home
	Answer  []string `json:"answer,omitempty"` // addresses, at most 16
	Count   int64    `json:"count"`
	At      int64    `json:"at"`
}
