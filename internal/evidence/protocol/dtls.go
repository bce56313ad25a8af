package protocol

import (
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
)

const (
	maxFragments = 32
	maxHello     = 64 << 10
)

// dtlsDatagram reads DTLS 1.0, 1.2 and 1.3 (RFC 4347, 6347, 9147): hellos,
// and the certificates of a server in the clear. Fragments are put together
// within one datagram. Encrypted in the handshake says that this datagram holds
// an encrypted record that is no alert.
func dtlsDatagram(b []byte, from, to int) (Dialogue, bool) {
	if len(b) < 13 || b[0] < recordCCS || b[0] > 25 || b[1] != 0xFE || b[2] < 0xFC {
		return Dialogue{}, false
	}
	h := new(Handshake)
	d := Dialogue{Protocol: DTLS, Reading: Encrypted}
	var parts fragments
	for n := 0; len(b) >= 13; n++ {
		if b[0] < recordCCS || b[0] > 25 || b[1] != 0xFE {
			break // a short head of DTLS 1.3, sealed
		}
		size := int(binary.BigEndian.Uint16(b[11:]))
		if 13+size > len(b) {
			if n == 0 && b[0] != recordHandshake {
				return Dialogue{}, false
			}
			size = len(b) - 13
		}
		epoch, body := binary.BigEndian.Uint16(b[3:]), b[13:13+size]
		switch kind := b[0]; {
		case epoch > 0:
			h.Encrypted = h.Encrypted || kind != recordAlert
		case kind == recordHandshake:
			parts.record(h, body)
		case kind == recordAlert && len(body) == 2 && body[0] == 2:
			h.Alert = alertName(body[1])
		}
		b = b[13+size:]
	}
	d.finish(h)
	return d, true
}

// fragments puts the messages of one datagram together.
type fragments struct {
	kind  uint8
	seq   uint16
	body  []byte
	total uint32
	count int
}

func (f *fragments) record(h *Handshake, b []byte) {
	s := cryptobyte.String(b)
	for !s.Empty() && f.count < maxFragments {
		f.count++
		var kind uint8
		var total, offset, size uint32
		var seq uint16
		var part []byte
		if !s.ReadUint8(&kind) || !s.ReadUint24(&total) || !s.ReadUint16(&seq) || !s.ReadUint24(&offset) || !s.ReadUint24(&size) || !s.ReadBytes(&part, int(size)) {
			return
		}
		if offset == 0 {
			f.kind, f.seq, f.body, f.total = kind, seq, part, total
		} else if kind == f.kind && seq == f.seq && offset == uint32(len(f.body)) && total == f.total && total <= maxHello {
			f.body = append(f.body[:len(f.body):len(f.body)], part...)
		} else {
			continue
		}
		if uint32(len(f.body)) == f.total {
			if f.kind == verifyRequest { // its version says nothing. RFC 6347, 4.2.1
				continue
			}
			h.message(f.kind, f.body, true)
		} else if f.kind == clientHello && offset == 0 {
			h.client(f.body, true) // what is there of a long hello
		}
	}
}

// quicDatagram reads the long head of QUIC (RFC 9000, 17.2; RFC 8999), of its
// drafts, of version 2 (RFC 9369) and of Google's own: encrypted. Nothing is
// decrypted, so no name is told.
func quicDatagram(b []byte, from, to int) (Dialogue, bool) {
	d := Dialogue{Protocol: QUIC, Reading: Encrypted}
	if len(b) >= 14 && b[0]&0xC4 == 0 && b[0]&0x09 == 0x09 { // Google's before Q044: flags, connection, version
		if v := b[9:13]; v[0] == 'Q' && v[1] == '0' && digits(string(v[2:])) {
			return d, true
		}
	}
	if len(b) < 20 || b[0]&0x80 == 0 {
		return Dialogue{}, false
	}
	v := binary.BigEndian.Uint32(b[1:])
	dcid := int(b[5])
	google := b[1] == 'Q' && b[2] == '0' && digits(string(b[3:5])) || b[1] == 'T' && b[2] == '0' && digits(string(b[3:5]))
	if google {
		return d, true
	}
	if dcid > 20 || 6+dcid >= len(b) || int(b[6+dcid]) > 20 || 7+dcid+int(b[6+dcid]) > len(b) {
		return Dialogue{}, false
	}
	switch {
	case v == 0: // negotiation: a list of versions
		if rest := len(b) - 7 - dcid - int(b[6+dcid]); rest < 4 || rest%4 != 0 {
			return Dialogue{}, false
		}
		return d, true
	case v == 1, v == 0x6b3343cf, v&0xffffff00 == 0xff000000, v&0x0f0f0f0f == 0x0a0a0a0a, v>>8 == 0xfaceb0:
		return d, b[0]&0x40 != 0
	}
	return Dialogue{}, false
}
