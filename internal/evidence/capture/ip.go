package capture

import (
	"encoding/binary"
	"net/netip"
)

// addr is an IP address; IPv4 stands in it as RFC 4291, 2.5.5.2 maps it. Two
// words compare and hash faster than netip.Addr.
type addr struct{ hi, lo uint64 }

const mapped = 0xffff << 32

func addr4(b []byte) addr { return addr{0, mapped | uint64(binary.BigEndian.Uint32(b))} }
func addr6(b []byte) addr {
	return addr{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

func (a addr) is4() bool { return a.hi == 0 && a.lo>>32 == 0xffff }

func (a addr) netip() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b).Unmap()
}

func (a addr) String() string { return a.netip().String() }

// parseAddr reads an address as text; false where it is none.
func parseAddr(s string) (addr, bool) {
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return addr{}, false
	}
	b := ip.As16()
	return addr6(b[:]), true
}

// unspecified reports 0.0.0.0 and ::, which stand for "no address yet".
func (a addr) unspecified() bool { return a.hi == 0 && (a.lo == 0 || a.lo == mapped) }

// group reports multicast and the broadcast address of IPv4.
func (a addr) group() bool {
	if a.is4() {
		return uint32(a.lo)>>28 == 14 || uint32(a.lo) == 0xffffffff
	}
	return a.hi>>56 == 0xff
}

// private reports the addresses that are used at home alone: RFC 1918, RFC
// 3927, RFC 4193, link-local and loopback.
func (a addr) private() bool {
	if a.is4() {
		v := uint32(a.lo)
		return v>>24 == 10 || v>>20 == 0xac1 || v>>16 == 0xc0a8 || v>>16 == 0xa9fe || v>>24 == 127
	}
	return a.hi>>57 == 0xfc>>1 || a.hi>>54 == 0xfe80>>6 || a.hi == 0 && a.lo == 1
}

// IP protocol numbers.
const (
	protoICMP   = 1
	protoIGMP   = 2
	protoTCP    = 6
	protoUDP    = 17
	protoESP    = 50
	protoICMPv6 = 58
)

// datagram is one IP packet with the head of its transport taken off.
type datagram struct {
	src, dst         addr
	proto            uint8
	srcPort, dstPort uint16
	data             []byte // payload as far as it was taken
	size             int    // bytes of payload on the wire
	seq              uint32 // TCP
	flags            uint8  // TCP
}

const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	_
	flagACK
)

// network goes on from an EtherType. Frames of other protocols than IP and
// ARP are counted as packets and nothing else.
func (a *analysis) network(fr frame, typ uint16, b []byte) {
	switch typ {
	case typeIPv4:
		a.ipv4(fr, b)
	case typeIPv6:
		a.ipv6(fr, b)
	case typeARP:
		a.arp(fr, b)
	}
}

// ipv4 reads RFC 791. Of a packet in fragments the first is looked at: it has
// the ports and the beginning of the payload.
func (a *analysis) ipv4(fr frame, b []byte) {
	if len(b) < 20 || b[0]>>4 != 4 {
		a.f.Odd++
		return
	}
	head, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 {
		total = len(b) // the network card fills it in later
	}
	if head < 20 || head > len(b) || total < head {
		a.f.Odd++
		return
	}
	d := datagram{src: addr4(b[12:]), dst: addr4(b[16:]), proto: b[9]}
	if frag := binary.BigEndian.Uint16(b[6:]) & 0x1fff; frag != 0 {
		a.fragment(fr, &d)
		return
	}
	a.transport(fr, &d, b[head:min(total, len(b))], total-head)
}

// maxExtensions bounds the chain of extension headers; RFC 8200, 4.1 names
// seven.
const maxExtensions = 10

// ipv6 reads RFC 8200.
func (a *analysis) ipv6(fr frame, b []byte) {
	if len(b) < 40 || b[0]>>4 != 6 {
		a.f.Odd++
		return
	}
	size := int(binary.BigEndian.Uint16(b[4:]))
	d := datagram{src: addr6(b[8:]), dst: addr6(b[24:]), proto: b[6]}
	b = b[40:]
	if size == 0 {
		size = len(b) // a jumbogram, or the network card fills it in later
	}
	b = b[:min(size, len(b))]
	for range maxExtensions {
		n := 0
		switch d.proto {
		case 0, 43, 60, 135, 139, 140: // RFC 8200, 4; mobility; host identity; shim
			if len(b) >= 8 {
				n = 8 + 8*int(b[1])
			}
		case 44:
			if len(b) >= 8 {
				if binary.BigEndian.Uint16(b[2:])>>3 != 0 {
					d.proto = b[0]
					a.fragment(fr, &d)
					return
				}
				n = 8
			}
		case 51: // RFC 4302
			if len(b) >= 8 {
				n = 8 + 4*int(b[1])
			}
		default:
			a.transport(fr, &d, b, size)
			return
		}
		if n == 0 || n > len(b) {
			a.f.Odd++
			return
		}
		d.proto = b[0]
		b, size = b[n:], size-n
	}
	a.f.Odd++
}

// transport takes the head of the transport off. size is what the IP head
// says; b may be shorter, where a part of the packet was taken.
func (a *analysis) transport(fr frame, d *datagram, b []byte, size int) {
	if size > len(b) && !a.short {
		a.f.Odd++
	}
	switch d.proto {
	case protoTCP:
		if len(b) < 20 {
			a.cut()
			return
		}
		head := int(b[12]>>4) * 4
		if head < 20 || head > size || head > len(b) && !a.short {
			a.f.Odd++
			return
		}
		d.srcPort, d.dstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		d.seq, d.flags = binary.BigEndian.Uint32(b[4:]), b[13]
		d.data, d.size = b[min(head, len(b)):], size-head
	case protoUDP:
		if len(b) < 8 {
			a.cut()
			return
		}
		n := int(binary.BigEndian.Uint16(b[4:]))
		switch {
		case n == 0:
			n = size // a jumbogram (RFC 2675, 4)
		case n < 8 || n > size:
			a.f.Odd++
			n = size
		}
		d.srcPort, d.dstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		d.data, d.size = b[8:min(n, len(b))], n-8
	default:
		d.data, d.size = b, size
		if d.proto == protoICMPv6 {
			a.neighbour(fr, d)
		}
	}
	a.datagram(fr, d)
}

// cut counts a packet whose head is not whole, unless it was cut when it was
// taken: those are counted already.
func (a *analysis) cut() {
	if !a.short {
		a.f.Odd++
	}
}

// arp reads RFC 826 for IPv4 on Ethernet: its sender is at home.
func (a *analysis) arp(fr frame, b []byte) {
	if len(b) < 28 {
		a.cut()
		return
	}
	if binary.BigEndian.Uint32(b) != 0x00010800 || b[4] != 6 || b[5] != 4 {
		return
	}
	mac, ip := hardwareOf(b[8:]), addr4(b[14:])
	if fr.src == mac && mac != 0 && !mac.group() && ip.private() {
		a.count(a.at(mac, ip))
	}
}

// neighbour reads a router's advertisement (RFC 4861, 4.2 and 4.6.2): it
// comes from a router, and says which addresses are at home.
func (a *analysis) neighbour(fr frame, d *datagram) {
	b := d.data
	if len(b) < 16 || b[0] != 134 || d.src.hi>>54 != 0xfe80>>6 {
		return
	}
	a.gateway(fr.src)
	for b = b[16:]; len(b) >= 8; {
		n := int(b[1]) * 8
		if n == 0 || n > len(b) {
			return
		}
		if b[0] == 3 && n == 32 && b[3]&0x80 != 0 && b[2] >= 48 && b[2] <= 64 {
			a.onLink(binary.BigEndian.Uint64(b[16:]), b[2])
		}
		b = b[n:]
	}
}
