// Package netprofile reads network profiles: manufacturer usage descriptions
// (MUD, RFC 8520), which list whom a device talks to and on which ports. The
// names of the drafts before the RFC are read too.
//
// What it refuses to do: fetch the profile's address or its signature, resolve
// a name, or say that a device keeps to it. What can go wrong: an access list
// that is named and not there, or that holds no entries; it is told as a
// problem, and the rest is read.
package netprofile

import (
	"net/netip"
	"strconv"

	"github.com/open-iot-mark/iotmark"
)

// Facts are what was read out of one profile.
type Facts struct {
	Version    int           `json:"version,omitempty"` // mud-version
	URL        string        `json:"url,omitempty"`     // mud-url
	Signature  string        `json:"signature,omitempty"`
	Updated    iotmark.Date  `json:"updated,omitempty"` // last-update
	CacheHours int           `json:"cache_hours,omitempty"`
	Supported  iotmark.Truth `json:"supported"`
	SystemInfo string        `json:"system_info,omitempty"`
	Maker      string        `json:"maker,omitempty"`
	Model      string        `json:"model,omitempty"`
	Docs       string        `json:"docs,omitempty"`
	Draft      bool          `json:"draft,omitempty"` // written with the names of a draft before RFC 8520
	Flows      []Flow        `json:"flows,omitempty"`
	Problems   []Problem     `json:"problems,omitempty"`
}

// ContentDate returns the day of the last update.
func (f *Facts) ContentDate() iotmark.Date { return f.Updated }

// Direction says on which side of the device a list stands.
type Direction string

// The directions: what the device sends, and what is sent to it.
const (
	FromDevice Direction = "from-device"
	ToDevice   Direction = "to-device"
)

// Flow is one entry of an access list that lets something pass.
type Flow struct {
	List      string    `json:"list,omitempty"` // name of the access list
	Name      string    `json:"name,omitempty"` // name of the entry
	Line      int       `json:"line,omitempty"`
	Direction Direction `json:"direction"`
	// Initiated says who opens the connection (RFC 8520, 8.8); empty: the
	// entry does not say.
	Initiated Direction `json:"initiated,omitempty"`

	// The other end: at most one of Host, Address and Class says which; none
	// of them means anybody.
	Host    string `json:"host,omitempty"`    // name in the DNS, in lower case
	Address string `json:"address,omitempty"` // network in CIDR notation, or an address
	Class   Class  `json:"class,omitempty"`
	Of      string `json:"of,omitempty"` // the controller's or the manufacturer's name

	Protocol string  `json:"protocol,omitempty"` // tcp, udp, icmp, or the number; empty: any
	Remote   []Ports `json:"remote,omitempty"`   // ports of the other end; empty: any
	Local    []Ports `json:"local,omitempty"`    // ports of the device; empty: any
}

// Class is an abstraction of RFC 8520, section 8, for the other end.
type Class string

// The classes.
const (
	Controller       Class = "controller"        // a class of controllers named by a URI, such as urn:ietf:params:mud:dns
	MyController     Class = "my-controller"     // the controllers the owner assigned
	LocalNetworks    Class = "local-networks"    // the networks of the place
	SameManufacturer Class = "same-manufacturer" // devices of the same maker
	Manufacturer     Class = "manufacturer"      // devices of a named maker
	Model            Class = "model"             // devices of a named model
)

// Outside reports whether the other end is, or may be, beyond the local
// network.
func (f Flow) Outside() bool {
	switch {
	case f.Host != "":
		return !localName(f.Host)
	case f.Address != "":
		return !localAddress(f.Address)
	}
	return f.Class == ""
}

// Anybody reports whether the entry does not say who the other end is.
func (f Flow) Anybody() bool { return f.Host == "" && f.Address == "" && f.Class == "" }

// Within reports whether an address lies in the network that the entry names,
// or is the address that it names.
func (f Flow) Within(address string) bool {
	a, err := netip.ParseAddr(address)
	if err != nil || f.Address == "" {
		return false
	}
	a = a.Unmap()
	if p, err := netip.ParsePrefix(f.Address); err == nil {
		return p.Contains(a)
	}
	b, err := netip.ParseAddr(f.Address)
	return err == nil && a == b.Unmap()
}

// Ports is a range of ports, both ends included.
type Ports struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Has reports whether the range holds a port.
func (p Ports) Has(port int) bool { return p.From <= port && port <= p.To }

// String writes a port, or a range.
func (p Ports) String() string {
	if p.From == p.To {
		return strconv.Itoa(p.From)
	}
	return strconv.Itoa(p.From) + "-" + strconv.Itoa(p.To)
}

// ProblemID names something that is wrong with a profile.
type ProblemID string

// The problems.
const (
	ListMissing  ProblemID = "list-missing"  // a policy names a list that is not there
	ListUnused   ProblemID = "list-unused"   // no policy names the list; it is not read
	ListEmpty    ProblemID = "list-empty"    // the list holds no entries
	NoPolicy     ProblemID = "no-policy"     // neither direction names a list
	EntryUnread  ProblemID = "entry-unread"  // an entry whose match is not understood; it is left out
	NotEncrypted ProblemID = "address-clear" // mud-url is no https address (RFC 8520, 3.5)
)

// Problem is one thing that is wrong with a profile.
type Problem struct {
	ID   ProblemID `json:"id"`
	Name string    `json:"name,omitempty"`
	Line int       `json:"line,omitempty"`
}
