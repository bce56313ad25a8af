package capture

import (
	"encoding/binary"
	"strconv"
)

// hardware is a hardware address in the low 48 bits; 0 stands for none.
type hardware uint64

func hardwareOf(b []byte) hardware {
	return hardware(b[0])<<40 | hardware(b[1])<<32 | hardware(binary.BigEndian.Uint32(b[2:]))
}

// group reports whether it is a multicast or broadcast address.
func (h hardware) group() bool { return h>>40&1 != 0 }

func (h hardware) String() string {
	const hex = "0123456789abcdef"
	b := make([]byte, 0, 17)
	for s := 40; s >= 0; s -= 8 {
		if len(b) > 0 {
			b = append(b, ':')
		}
		b = append(b, hex[h>>(s+4)&15], hex[h>>s&15])
	}
	return string(b)
}

// LINKTYPE numbers (https://www.tcpdump.org/linktypes.html).
const (
	linkNull     = 0
	linkEthernet = 1
	linkRaw12    = 12
	linkRaw14    = 14
	linkRaw      = 101
	link80211    = 105
	linkLoop     = 108
	linkCooked   = 113
	linkRadiotap = 127
	linkRaw129   = 129 // what some systems wrote for their raw IP
	linkIPv4     = 228
	linkIPv6     = 229
	linkCooked2  = 276
)

// linkName returns the short name of a link.
func linkName(n int) string {
	switch n {
	case linkNull, linkLoop:
		return "loopback"
	case linkEthernet:
		return "ethernet"
	case linkRaw12, linkRaw14, linkRaw, linkRaw129, linkIPv4, linkIPv6:
		return "ip"
	case link80211:
		return "802.11"
	case linkCooked:
		return "linux-cooked"
	case linkRadiotap:
		return "radiotap"
	case linkCooked2:
		return "linux-cooked-2"
	}
	return "link-" + strconv.Itoa(n)
}

// frame says what a link layer tells about the packet in it.
type frame struct {
	src, dst hardware // 0: the link does not say
	group    bool     // sent to many
}

// The EtherTypes that are gone on with.
const (
	typeIPv4  = 0x0800
	typeARP   = 0x0806
	typeIPv6  = 0x86dd
	typePPPoE = 0x8864
)

// link takes the link layer off and goes on with what is inside.
func (a *analysis) link(link int, b []byte) {
	switch link {
	case linkEthernet:
		if len(b) < 14 {
			a.f.Odd++
			return
		}
		a.ethernet(frame{dst: hardwareOf(b), src: hardwareOf(b[6:]), group: b[0]&1 != 0}, b[12:])
	case linkRaw12, linkRaw14, linkRaw, linkRaw129, linkIPv4, linkIPv6:
		a.raw(b)
	case linkNull, linkLoop:
		if len(b) < 4 {
			a.f.Odd++
			return
		}
		a.raw(b[4:]) // the family has another number in each system; the version says it too
	case linkCooked:
		if len(b) < 16 {
			a.f.Odd++
			return
		}
		a.typed(cooked(binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[4:]), b[6:]), b[14:])
	case linkCooked2:
		if len(b) < 20 {
			a.f.Odd++
			return
		}
		fr := cooked(uint16(b[10]), binary.BigEndian.Uint16(b[8:]), uint16(b[11]), b[12:])
		a.network(fr, binary.BigEndian.Uint16(b), b[20:])
	case link80211:
		a.wireless(b, false)
	case linkRadiotap:
		a.radiotap(b)
	default:
		a.f.Odd++
	}
}

// cooked reads the head of a capture on all interfaces: it names the sender
// alone. Type 1 is broadcast, 2 multicast; hardware type 1 is Ethernet, 801
// to 803 are 802.11.
func cooked(typ, arphrd, size uint16, b []byte) frame {
	fr := frame{group: typ == 1 || typ == 2}
	if size == 6 && (arphrd == 1 || arphrd >= 801 && arphrd <= 803) {
		fr.src = hardwareOf(b)
	}
	return fr
}

// ethernet goes on from a type field, which may be a length (IEEE 802.3).
func (a *analysis) ethernet(fr frame, b []byte) {
	if n := binary.BigEndian.Uint16(b); n >= 0x600 {
		a.typed(fr, b)
		return
	}
	a.snap(fr, b[2:])
}

// snap goes on from an LLC head; only SNAP carries IP.
func (a *analysis) snap(fr frame, b []byte) {
	if len(b) >= 8 && b[0] == 0xaa && b[1] == 0xaa && b[2] == 3 && b[3]|b[4]|b[5] == 0 {
		a.typed(fr, b[6:])
	}
}

// typed goes on from an EtherType, through tags of virtual networks (IEEE
// 802.1Q, 802.1ad) and PPPoE (RFC 2516).
func (a *analysis) typed(fr frame, b []byte) {
	for range 4 {
		if len(b) < 2 {
			a.f.Odd++
			return
		}
		t := binary.BigEndian.Uint16(b)
		b = b[2:]
		switch t {
		case 0x8100, 0x88a8, 0x9100:
			if len(b) < 4 {
				a.f.Odd++
				return
			}
			if b = b[2:]; binary.BigEndian.Uint16(b) < 0x600 {
				a.snap(fr, b[2:])
				return
			}
		case typePPPoE:
			if len(b) < 8 {
				a.f.Odd++
				return
			}
			switch binary.BigEndian.Uint16(b[6:]) {
			case 0x21:
				a.network(fr, typeIPv4, b[8:])
			case 0x57:
				a.network(fr, typeIPv6, b[8:])
			}
			return
		default:
			a.network(fr, t, b)
			return
		}
	}
	a.f.Odd++ // tags without end
}

// raw goes on where nothing but the version tells the protocol.
func (a *analysis) raw(b []byte) {
	switch {
	case len(b) > 0 && b[0]>>4 == 4:
		a.network(frame{}, typeIPv4, b)
	case len(b) > 0 && b[0]>>4 == 6:
		a.network(frame{}, typeIPv6, b)
	default:
		a.f.Odd++
	}
}

// radiotap passes the head of https://www.radiotap.org and looks in it for
// padding after the 802.11 head.
func (a *analysis) radiotap(b []byte) {
	if len(b) < 8 || b[0] != 0 {
		a.f.Odd++
		return
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	present := binary.LittleEndian.Uint32(b[4:])
	if n < 8 || n > len(b) {
		a.f.Odd++
		return
	}
	at := 8
	for more := present; more>>31 != 0; at += 4 {
		if at+4 > n {
			a.f.Odd++
			return
		}
		more = binary.LittleEndian.Uint32(b[at:])
	}
	if present&1 != 0 { // time, aligned to 8
		at = (at+7)&^7 + 8
	}
	padded := present&2 != 0 && at < n && b[at]&0x20 != 0
	a.wireless(b[n:], padded)
}

// wireless reads an 802.11 frame (IEEE 802.11-2020, 9.2 and 9.3.2). Only data
// frames are looked at; sealed ones are counted.
func (a *analysis) wireless(b []byte, padded bool) {
	if len(b) < 10 {
		a.f.Odd++
		return
	}
	kind, sub, flags := b[0]>>2&3, b[0]>>4, b[1]
	if b[0]&3 != 0 {
		a.f.Odd++
		return
	}
	if kind != 2 {
		return
	}
	n := 24
	if flags&3 == 3 {
		n += 6
	}
	qos := -1
	if sub&8 != 0 {
		qos = n
		if n += 2; flags&0x80 != 0 {
			n += 4
		}
	}
	if len(b) < n {
		a.f.Odd++
		return
	}
	if sub&4 != 0 {
		return // carries no data
	}
	if flags&0x40 != 0 {
		a.f.Sealed++
		return
	}
	first, second, third := hardwareOf(b[4:]), hardwareOf(b[10:]), hardwareOf(b[16:])
	var fr frame
	switch flags & 3 {
	case 0:
		fr = frame{dst: first, src: second}
	case 1:
		fr = frame{dst: third, src: second}
	case 2:
		fr = frame{dst: first, src: third}
	case 3:
		fr = frame{dst: third, src: hardwareOf(b[24:])}
	}
	fr.group = fr.dst.group()
	many := qos >= 0 && b[qos]&0x80 != 0
	if padded {
		n = min((n+3)&^3, len(b))
	}
	b = b[n:]
	if !many {
		a.snap(fr, b)
		return
	}
	for range 64 { // several frames in one
		if len(b) < 14 {
			return
		}
		size := 14 + int(binary.BigEndian.Uint16(b[12:]))
		if size > len(b) {
			a.f.Odd++
			return
		}
		a.snap(frame{dst: hardwareOf(b), src: hardwareOf(b[6:]), group: b[0]&1 != 0}, b[14:size])
		b = b[min((size+3)&^3, len(b)):]
	}
}
