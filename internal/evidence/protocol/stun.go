package protocol

import "encoding/binary"

// stunMessage returns the length of a STUN message at the start of bytes
// (RFC 8489, 5), or zero.
func stunMessage(b []byte) int {
	if len(b) < 20 || b[0]&0xc0 != 0 || binary.BigEndian.Uint32(b[4:]) != 0x2112A442 {
		return 0
	}
	n := 20 + int(binary.BigEndian.Uint16(b[2:]))
	if n%4 != 0 {
		return 0
	}
	return n
}

// stunDatagram reads STUN and TURN: how two ends find a way to each other.
// Without the magic cookie (RFC 3489) only on its port, with a known type.
func stunDatagram(b []byte, from, to int) (Dialogue, bool) {
	d := Dialogue{Protocol: STUN, Reading: Signalling}
	if n := stunMessage(b); n > 0 && n == len(b) {
		return d, true
	}
	if !either(from, to, 3478, 3479) || len(b) < 20 || 20+int(binary.BigEndian.Uint16(b[2:])) != len(b) {
		return Dialogue{}, false
	}
	switch binary.BigEndian.Uint16(b) {
	case 0x0001, 0x0101, 0x0111, 0x0002, 0x0102, 0x0112:
		return d, true
	}
	return Dialogue{}, false
}

func stunStream(client, server []byte, port int) (Dialogue, bool) {
	if stunMessage(client) == 0 || len(server) > 0 && stunMessage(server) == 0 {
		return Dialogue{}, false
	}
	return Dialogue{Protocol: STUN, Reading: Signalling}, true
}

// ntpDatagram reads NTP (RFC 5905, 7.3) and SNTP on port 123.
func ntpDatagram(b []byte, from, to int) (Dialogue, bool) {
	if !either(from, to, 123) || len(b) < 12 {
		return Dialogue{}, false
	}
	version, mode := b[0]>>3&7, b[0]&7
	if version < 1 || version > 4 || mode == 0 || mode < 6 && len(b) < 48 {
		return Dialogue{}, false
	}
	return Dialogue{Protocol: NTP, Reading: Signalling}, true
}
