package protocol

import (
	"encoding/binary"
	"encoding/hex"
)

const maxLease = 255 // bytes of each text of a lease

// dhcpDatagram reads DHCP and BOOTP (RFC 2131, RFC 951) by their cookie.
func dhcpDatagram(b []byte, from, to int) (Dialogue, bool) {
	if len(b) < 240 || binary.BigEndian.Uint32(b[236:]) != 0x63825363 || b[0] != 1 && b[0] != 2 {
		return Dialogue{}, false
	}
	l := &Lease{Client: b[0] == 1}
	if b[1] == 1 && b[2] == 6 {
		l.Hardware = hardware(b[28:34])
	}
	var texts [3][]byte // name, vendor, mud
	overload := l.options(b[240:], &texts)
	// RFC 2132, 9.3: the options go on in the fields of file and server.
	if overload&1 != 0 {
		l.options(b[108:236], &texts)
	}
	if overload&2 != 0 {
		l.options(b[44:108], &texts)
	}
	l.Name, l.Vendor, l.MUD = leaseText(texts[0]), leaseText(texts[1]), leaseText(texts[2])
	return Dialogue{Protocol: DHCP, Reading: Signalling, Lease: l}, true
}

// options reads one field of options. Options that come in parts are put
// together (RFC 3396). It returns what option 52 said.
func (l *Lease) options(b []byte, texts *[3][]byte) (overload byte) {
	for len(b) > 0 && b[0] != 255 {
		if b[0] == 0 {
			b = b[1:]
			continue
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			break
		}
		code, v := b[0], b[2:2+int(b[1])]
		b = b[2+len(v):]
		switch code {
		case 12:
			texts[0] = append(texts[0], v...)
		case 60:
			texts[1] = append(texts[1], v...)
		case 161: // RFC 8520, 10
			texts[2] = append(texts[2], v...)
		case 55:
			if len(l.Asks)+len(v) <= maxLease {
				l.Asks = append(l.Asks, v...)
			}
		case 52:
			if len(v) == 1 {
				overload = v[0]
			}
		case 61: // of a client: a type, and most often its hardware address
			if l.Hardware == "" && l.Client && len(v) == 7 && v[0] == 1 {
				l.Hardware = hardware(v[1:])
			}
		}
	}
	return overload
}

func leaseText(b []byte) string {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return clip(string(b[:min(len(b), maxLease)]))
}

func hardware(b []byte) string {
	out := make([]byte, 0, 17)
	for i, c := range b {
		if i > 0 {
			out = append(out, ':')
		}
		out = hex.AppendEncode(out, []byte{c})
	}
	return string(out)
}

// dhcp6Datagram reads DHCPv6 (RFC 8415) on its ports. Relayed messages are
// opened four times at most.
func dhcp6Datagram(b []byte, from, to int) (Dialogue, bool) {
	if !either(from, to, 546, 547) {
		return Dialogue{}, false
	}
	l := new(Lease)
	for range 4 {
		if len(b) < 4 {
			return Dialogue{}, false
		}
		kind := b[0]
		if kind != 12 && kind != 13 {
			if kind < 1 || kind > 36 {
				return Dialogue{}, false
			}
			l.Client = kind != 2 && kind != 7 && kind != 10
			if !l.options6(b[4:]) {
				return Dialogue{}, false
			}
			return Dialogue{Protocol: DHCP, Reading: Signalling, Lease: l}, true
		}
		if len(b) < 34 {
			return Dialogue{}, false
		}
		if b = option6(b[34:], 9); b == nil {
			return Dialogue{}, false
		}
	}
	return Dialogue{}, false
}

// option6 returns the first option with a code.
func option6(b []byte, code uint16) []byte {
	for len(b) >= 4 {
		n := int(binary.BigEndian.Uint16(b[2:]))
		if 4+n > len(b) {
			return nil
		}
		if binary.BigEndian.Uint16(b) == code {
			return b[4 : 4+n]
		}
		b = b[4+n:]
	}
	return nil
}

func (l *Lease) options6(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 4 {
			return false
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if 4+n > len(b) {
			return false
		}
		v := b[4 : 4+n]
		switch binary.BigEndian.Uint16(b) {
		case 1: // DUID with a hardware address. RFC 8415, 11.2 and 11.4
			if len(v) == 14 && v[1] == 1 && v[3] == 1 {
				l.Hardware = hardware(v[8:])
			} else if len(v) == 10 && v[1] == 3 && v[3] == 1 {
				l.Hardware = hardware(v[4:])
			}
		case 16: // vendor class: enterprise, then data
			if len(v) > 6 {
				l.Vendor = leaseText(v[6:])
			}
		case 39: // RFC 4704: flags, then a name
			if len(v) > 1 {
				name := v[1:]
				if len(name) > 0 && int(name[0]) < len(name) {
					if s, _, ok := dnsName(nil, append(append([]byte{}, name...), 0), 0); ok {
						name = s
					}
				}
				l.Name = leaseText(name)
			}
		case 112: // RFC 8520, 10
			l.MUD = leaseText(v)
		}
		b = b[4+n:]
	}
	return true
}
