package protocol

import "golang.org/x/crypto/cryptobyte"

// ssl2Stream reads hellos of SSL 2.0 (Hickman 1995, 5 and C), and hellos in
// its form that offer SSL 3.0 or TLS (RFC 5246, E.2).
func ssl2Stream(client, server []byte, port int) (Dialogue, bool) {
	h := new(Handshake)
	if !h.ssl2Client(client) {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: SSL2, Reading: Encrypted, More: true}
	switch {
	case looksLikeTLS(server): // it went on with SSL 3.0 or TLS
		d.Protocol = TLS
		a, b := readRecords(server), readRecords(behind(client))
		a.messages(h, false)
		if h.Alert == "" {
			h.Alert = b.alert
		}
		h.Encrypted = a.sealed && b.sealed
		d.More = !h.Encrypted && h.Alert == ""
	case h.ssl2Server(server):
		h.Encrypted = len(behind(client)) > 0 && len(behind(server)) > 0
		h.ssl2Key(behind(client))
		d.More = !h.Encrypted
	case h.Offered[0] != "SSL 2.0" && len(server) == 0:
		d.Protocol = TLS
	}
	d.finish(h)
	return d, true
}

// ssl2Record returns the first record of SSL 2.0 with a head of two bytes.
func ssl2Record(b []byte) (cryptobyte.String, bool) {
	if len(b) < 2 || b[0]&0x80 == 0 {
		return nil, false
	}
	n := int(b[0]&0x7f)<<8 | int(b[1])
	if len(b) < 2+n {
		return nil, false
	}
	return cryptobyte.String(b[2 : 2+n]), true
}

// behind returns what follows the first record.
func behind(b []byte) []byte {
	r, ok := ssl2Record(b)
	if !ok {
		return nil
	}
	return b[2+len(r):]
}

func (h *Handshake) ssl2Client(b []byte) bool {
	s, ok := ssl2Record(b)
	if !ok {
		return false
	}
	var kind uint8
	var version, suites, session, challenge uint16
	if !s.ReadUint8(&kind) || kind != 1 || !s.ReadUint16(&version) || version != 2 && version>>8 != 3 || versionName(version) == "" ||
		!s.ReadUint16(&suites) || !s.ReadUint16(&session) || !s.ReadUint16(&challenge) ||
		suites == 0 || suites%3 != 0 || challenge < 16 || challenge > 32 || session != 0 && session != 16 ||
		len(s) != int(suites)+int(session)+int(challenge) {
		return false
	}
	old := false
	for range suites / 3 {
		var id uint32
		if !s.ReadUint24(&id) {
			return false
		}
		old = old || id>>16 != 0
		if v, ok := ssl2Suite(id); ok && len(h.Suites) < maxSuites {
			h.Suites = append(h.Suites, v)
		}
	}
	h.Offered = []string{versionName(version)}
	if version != 2 && old {
		h.Offered = append(h.Offered, "SSL 2.0")
	}
	return true
}

// ssl2Server reads the hello of a server: its certificate, and the kinds that
// both sides know, the first of which the client most often takes.
func (h *Handshake) ssl2Server(b []byte) bool {
	s, ok := ssl2Record(b)
	if !ok {
		return false
	}
	var kind, hit, certType uint8
	var version, cert, suites, id uint16
	var der []byte
	if !s.ReadUint8(&kind) || kind != 4 || !s.ReadUint8(&hit) || !s.ReadUint8(&certType) || !s.ReadUint16(&version) || version != 2 ||
		!s.ReadUint16(&cert) || !s.ReadUint16(&suites) || !s.ReadUint16(&id) || suites%3 != 0 || !s.ReadBytes(&der, int(cert)) {
		return false
	}
	h.Version = "SSL 2.0"
	var first uint32
	if s.ReadUint24(&first) {
		h.Suite, _ = ssl2Suite(first)
	}
	if len(der) > 0 {
		h.Certificates = chain([][]byte{der})
	}
	return true
}

// ssl2Key reads which kind the client took (CLIENT-MASTER-KEY).
func (h *Handshake) ssl2Key(b []byte) {
	if len(b) > 0 && b[0]&0x80 == 0 { // a head of three bytes
		b = b[1:]
	}
	if len(b) < 6 || b[2] != 2 {
		return
	}
	if v, ok := ssl2Suite(uint32(b[3])<<16 | uint32(b[4])<<8 | uint32(b[5])); ok {
		h.Suite = v
	}
}
