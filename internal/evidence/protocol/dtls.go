package protocol

import "encoding/binary"

// dtls reads the records of one datagram (RFC 6347, 4.1; RFC 9147, 4).
func dtls(b []byte, _, _ int) (Dialogue, bool) {
	h := &Handshake{}
	seen := false
	parts := map[uint16][]byte{}
	for len(b) >= 13 {
		kind, version, epoch := b[0], binary.BigEndian.Uint16(b[1:]), binary.BigEndian.Uint16(b[3:])
		n := int(binary.BigEndian.Uint16(b[11:]))
		if kind < recordCCS || kind > 25 || version != 0xfeff && version != 0xfefd && version != 0x0100 || 13+n > len(b) || n == 0 {
			if !seen {
				return Dialogue{}, false
			}
			break
		}
		seen = true
		body := b[13 : 13+n]
		b = b[13+n:]
		switch {
		case epoch > 0 || kind == recordData:
			h.Encrypted = true
		case kind == recordAlert && n == 2 && body[0] == 2:
			h.Alert = alertName(body[1])
		case kind == recordHandshake:
			h.fragments(body, parts)
		}
	}
	if !seen {
		return Dialogue{}, false
	}
	return spoken(DTLS, h, false), true
}

// fragments reads handshake messages; those in pieces are put together when
// the pieces stand in order in one datagram.
func (h *Handshake) fragments(b []byte, parts map[uint16][]byte) {
	for len(b) >= 12 {
		kind, total, seq, off, n := b[0], int24(b[1:]), binary.BigEndian.Uint16(b[4:]), int24(b[6:]), int24(b[9:])
		if total > maxHandshake || off+n > total || 12+n > len(b) {
			return
		}
		body := b[12 : 12+n]
		b = b[12+n:]
		if off > 0 || n < total {
			if len(parts[seq]) != off || len(parts) > 16 {
				continue
			}
			parts[seq] = append(parts[seq], body...)
			if len(parts[seq]) < total {
				continue
			}
			body = parts[seq]
		}
		switch kind {
		case 1:
			h.clientHello(body, true)
		case 2:
			h.serverHello(body)
		case 11:
			if h.Certificates == nil {
				h.chain(body)
			}
		}
	}
}
