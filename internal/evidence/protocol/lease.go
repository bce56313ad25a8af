package protocol

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// dhcp reads a message of DHCP for IPv4 (RFC 2131, 2; options RFC 2132; MUD
// address RFC 8520, 10.1), or returns nil.
func dhcp(b []byte) *Lease {
	if len(b) < 240 || b[0] != 1 && b[0] != 2 || !bytes.Equal(b[236:240], []byte{99, 130, 83, 99}) {
		return nil
	}
	l := &Lease{Client: b[0] == 1}
	if b[1] == 1 && b[2] == 6 {
		l.Hardware = fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[28], b[29], b[30], b[31], b[32], b[33])
	}
	over := l.options(b[240:])
	if over&1 != 0 { // RFC 2132, 9.3: options go on in the file and name fields
		l.options(b[108:236])
	}
	if over&2 != 0 {
		l.options(b[44:108])
	}
	return l
}

func (l *Lease) options(b []byte) (overload byte) {
	for len(b) > 0 {
		code := b[0]
		if code == 0 {
			b = b[1:]
			continue
		}
		if code == 255 || len(b) < 2 || 2+int(b[1]) > len(b) {
			return overload
		}
		v := b[2 : 2+int(b[1])]
		b = b[2+len(v):]
		switch code {
		case 12:
			l.Name = text(v)
		case 52:
			if len(v) == 1 {
				overload = v[0]
			}
		case 55:
			l.Asks = bytes.Clone(v)
		case 60:
			l.Vendor = text(v)
		case 161:
			l.MUD = text(v)
		}
	}
	return overload
}

// dhcp6 reads a message of DHCP for IPv6 (RFC 8415, 8; name RFC 4704; MUD
// address RFC 8520, 10.1), or returns nil.
func dhcp6(b []byte) *Lease {
	if len(b) < 4 || b[0] == 0 || b[0] > 11 {
		return nil // relayed messages hold another one; nobody at home sends them
	}
	l := &Lease{Client: b[0] != 2 && b[0] != 7 && b[0] != 10}
	for b = b[4:]; len(b) >= 4; {
		code, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if 4+n > len(b) {
			return nil
		}
		v := b[4 : 4+n]
		b = b[4+n:]
		switch {
		case code == 1 && n >= 4: // DUID of kind 1 and 3 ends in the hardware address
			if k := binary.BigEndian.Uint16(v); (k == 1 && n == 14 || k == 3 && n == 10) && v[3] == 1 && l.Client {
				m := v[n-6:]
				l.Hardware = fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
			}
		case code == 16 && n > 6:
			l.Vendor = text(v[6:])
		case code == 39 && n > 2:
			if name, _, ok := dnsName(v, 1); ok {
				l.Name = name
			} else if k := int(v[1]); 2+k <= n { // a partial name has no end (RFC 4704, 4.2)
				l.Name = text(v[2 : 2+k])
			}
		case code == 112:
			l.MUD = text(v)
		}
	}
	return l
}

// text returns bytes as a short printable line.
func text(b []byte) string {
	out := make([]byte, 0, min(len(b), maxName))
	for _, c := range b[:min(len(b), maxName)] {
		if c == 0 {
			break
		}
		if c < ' ' || c >= 0x7f {
			c = '?'
		}
		out = append(out, c)
	}
	return string(out)
}
