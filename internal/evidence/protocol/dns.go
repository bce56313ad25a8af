package protocol

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

const (
	maxLookups   = 64
	maxPointers  = 10
	maxAddresses = 16
)

var dnsTypes = map[uint16]string{1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 41: "OPT", 43: "DS", 48: "DNSKEY", 64: "SVCB", 65: "HTTPS", 255: "ANY"}

// dns reads a message of DNS, mDNS or LLMNR (RFC 1035, 4; RFC 6762; RFC
// 4795): its questions, and the addresses in its answers. Counts are not
// believed; what is cut or lies ends the reading.
func dns(b []byte) ([]Lookup, bool) {
	if len(b) < 12 {
		return nil, false
	}
	flags := binary.BigEndian.Uint16(b[2:])
	response := flags&0x8000 != 0
	if op := flags >> 11 & 15; op > 6 || op == 3 {
		return nil, false
	}
	qd, an := int(binary.BigEndian.Uint16(b[4:])), int(binary.BigEndian.Uint16(b[6:]))
	if qd > maxLookups || qd == 0 && an == 0 && !response {
		return nil, false
	}
	var out []Lookup
	off := 12
	for range qd {
		name, next, ok := dnsName(b, off)
		if !ok || next+4 > len(b) {
			return out, len(out) > 0
		}
		if len(out) < maxLookups {
			out = append(out, Lookup{Name: name, Type: dnsType(binary.BigEndian.Uint16(b[next:])), Response: response})
		}
		off = next + 4
	}
	if !response {
		return out, true
	}
	asked := len(out)
	for range min(an, 4*maxLookups) {
		name, next, ok := dnsName(b, off)
		if !ok || next+10 > len(b) {
			break
		}
		kind, size := binary.BigEndian.Uint16(b[next:]), int(binary.BigEndian.Uint16(b[next+8:]))
		data := next + 10
		if data+size > len(b) {
			break
		}
		off = data + size
		at := -1
		switch {
		case (kind == 1 && size == 4 || kind == 28 && size == 16) && asked == 1:
			at = 0 // names in between are only a way to the name that was asked for
		default:
			for i := range out {
				if out[i].Name == name && out[i].Type == dnsType(kind) {
					at = i
				}
			}
			if at < 0 && asked == 0 && len(out) < maxLookups { // an announcement of mDNS asks nothing
				out = append(out, Lookup{Name: name, Type: dnsType(kind), Response: true})
				at = len(out) - 1
			}
		}
		if at < 0 || kind != 1 && kind != 28 || len(out[at].Addresses) == maxAddresses {
			continue
		}
		if a, ok := netip.AddrFromSlice(b[data : data+size]); ok {
			out[at].Addresses = append(out[at].Addresses, a.String())
		}
	}
	return out, true
}

func dnsType(t uint16) string {
	if s, ok := dnsTypes[t]; ok {
		return s
	}
	return strconv.Itoa(int(t))
}

// dnsName reads a name, and says where it ends in the message. Pointers may
// only go back, and not often (RFC 1035, 4.1.4).
func dnsName(b []byte, off int) (string, int, bool) {
	var name [maxName + 1]byte
	n, end, jumps, at := 0, -1, 0, off
	for {
		if at >= len(b) {
			return "", 0, false
		}
		l := int(b[at])
		switch l & 0xc0 {
		case 0x00:
			if l == 0 {
				if end < 0 {
					end = at + 1
				}
				return string(name[:max(0, n-1)]), end, true
			}
			if at+1+l > len(b) || n+l+1 > maxName {
				return "", 0, false
			}
			for _, c := range b[at+1 : at+1+l] {
				switch {
				case c >= 'A' && c <= 'Z':
					c |= 0x20
				case c <= ' ' || c >= 0x7f:
					c = '?'
				}
				name[n] = c
				n++
			}
			name[n] = '.'
			n++
			at += 1 + l
		case 0xc0:
			if at+2 > len(b) {
				return "", 0, false
			}
			to := int(binary.BigEndian.Uint16(b[at:]) & 0x3fff)
			if end < 0 {
				end = at + 2
			}
			if jumps++; jumps > maxPointers || to >= at {
				return "", 0, false
			}
			at = to
		default:
			return "", 0, false
		}
	}
}

// dnsStream reads DNS over TCP (RFC 1035, 4.2.2), which is in the clear. DNS
// over TLS is TLS.
func dnsStream(client, server []byte, port int) (Dialogue, bool) {
	if port != 53 {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: DNS, Reading: Signalling, More: true}
	found := false
	for _, b := range [][]byte{client, server} {
		for len(b) > 2 {
			n := int(binary.BigEndian.Uint16(b))
			l, ok := dns(b[2:min(len(b), 2+n)])
			if !ok {
				break
			}
			found = true
			d.Lookups = append(d.Lookups, l[:min(len(l), maxLookups-len(d.Lookups))]...)
			if 2+n > len(b) {
				break
			}
			b = b[2+n:]
		}
	}
	return d, found
}
