// Package capture reads packet captures: whom a device talks to, which of it
// anybody on the way can read, and how well the rest is protected.
//
// What it refuses to do: keep payloads, resolve a name, or decrypt. What can
// go wrong: a file that is cut, packets that were cut when they were taken,
// more conversations than are kept; each is counted, so that a check can tell
// "not there" from "not seen".
package capture

import (
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// Facts are what was read out of one capture.
type Facts struct {
	Format  string    `json:"format"`            // pcap or pcapng
	Packed  string    `json:"packed,omitempty"`  // gzip or zstd
	Links   []string  `json:"links"`             // ethernet, linux-cooked, radiotap, ip and so on
	Packets int64     `json:"packets"`           // read
	Bytes   int64     `json:"bytes"`             // on the wire, of all packets
	First   time.Time `json:"first,omitzero"`    // time of the first packet, UTC
	Last    time.Time `json:"last,omitzero"`     // time of the last packet
	Cut     string    `json:"cut,omitempty"`     // why reading ended before the end of the file: truncated, block, packets, bomb; empty: it did not
	Short   int64     `json:"short,omitempty"`   // packets of which only a part was taken
	Odd     int64     `json:"odd,omitempty"`     // packets of no known form: links, versions, lengths that lie
	Sealed  int64     `json:"sealed,omitempty"`  // packets sealed by the radio link (protected 802.11 frames)
	Overlap int64     `json:"overlap,omitempty"` // segments that say otherwise about bytes already seen
	Lost    int64     `json:"lost,omitempty"`    // conversations beyond those that are kept: counted, not listed
	Flows   int64     `json:"flows"`             // conversations: one pair of addresses and ports each

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
	Why       string   `json:"why,omitempty"` // what told the role: dhcp-name, dhcp-vendor, user-agent, lookup, gateway, dhcp-server, named, mud, only
	Packets   int64    `json:"packets"`       // sent
	Bytes     int64    `json:"bytes"`         // sent
	At        int64    `json:"at"`            // number of its first packet, from 1
}

// Talk is all that one station says to one far end on one port.
type Talk struct {
	Station   int              `json:"station"`          // index into Stations
	Peer      int              `json:"peer"`             // index into Stations when the far end is at home, else -1
	Host      string           `json:"host,omitempty"`   // best name of the far end
	Named     string           `json:"named,omitempty"`  // by what: sni, http, dns
	Address   string           `json:"address"`          // first address of the far end
	More      int              `json:"more,omitempty"`   // further addresses under the same name
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
	At        int64            `json:"at"`                 // number of the first packet, from 1
}

// Session is a TLS or DTLS handshake as it was seen, once for each different
// one.
type Session struct {
	Talk               int       `json:"talk"` // index into Talks
	protocol.Handshake           // its Suites are left out: Weak tells what matters
	Weak               []string  `json:"weak,omitempty"`   // names of offered suites that are weak, at most 16
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
