package protocol

import (
	"encoding/binary"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// Records of TLS (RFC 8446, 5.1).
const (
	recordCCS       = 20
	recordAlert     = 21
	recordHandshake = 22
	recordData      = 23
	maxRecord       = 16384 + 2048
	maxHandshake    = 64 << 10
)

var alerts = map[byte]string{
	10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure", 42: "bad_certificate", 43: "unsupported_certificate",
	44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied",
	50: "decode_error", 51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
	109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name", 113: "bad_certificate_status_response", 115: "unknown_psk_identity",
	116: "certificate_required", 120: "no_application_protocol",
}

// tlsStream reads the hellos and certificates of TLS 1.0 to 1.3, SSL 3.0 and
// the hello of SSL 2.0.
func tlsStream(client, server []byte, _ int) (Dialogue, bool) {
	if isTLS(server, 1) || isTLS(client, 2) {
		client, server = server, client // the opening was not seen
	}
	if ssl2Hello(client) {
		return ssl2(client, server), true
	}
	if !isTLS(client, 1) && !isTLS(server, 2) {
		if sealed(client) || sealed(server) { // the middle of a conversation
			return Dialogue{Protocol: TLS, Reading: Encrypted}, true
		}
		return Dialogue{}, false
	}
	h := &Handshake{}
	c := h.side(client)
	s := h.side(server)
	h.Encrypted = c.sealed && s.sealed
	return spoken(TLS, h, c.sealed && s.sealed || h.Alert != ""), true
}

// spoken makes the dialogue of a handshake.
func spoken(p Name, h *Handshake, done bool) Dialogue {
	d := Dialogue{Protocol: p, Reading: Encrypted, Host: h.Server, Handshake: h, More: !done}
	if h.Version != "" && SuiteWeakness(h.Suite) == "null" {
		d.Reading = Clear // a suite that encrypts nothing
	}
	return d
}

// isTLS reports whether bytes begin with a record that begins with this kind
// of handshake message.
func isTLS(b []byte, kind byte) bool {
	return len(b) >= 6 && b[0] == recordHandshake && b[1] == 3 && b[2] <= 4 && record(b) > 0 && b[5] == kind
}

// record returns the length of the content of the record at the beginning, or
// 0 when there is none.
func record(b []byte) int {
	if len(b) < 5 || b[0] < recordCCS || b[0] > 24 || b[1] != 3 || b[2] > 4 {
		return 0
	}
	if n := int(binary.BigEndian.Uint16(b[3:])); n > 0 && n <= maxRecord {
		return n
	}
	return 0
}

// sealed reports whether bytes are a row of records of application data, as
// in the middle of a conversation. One record alone must be whole.
func sealed(b []byte) bool {
	whole := 0
	for len(b) > 0 {
		n := record(b)
		if n == 0 || b[0] != recordData && b[0] != recordAlert && b[0] != recordCCS {
			return false
		}
		if 5+n > len(b) {
			break
		}
		b, whole = b[5+n:], whole+1
	}
	return whole > 0
}

// said is how far one direction of a handshake went.
type said struct{ sealed bool }

// side reads the records of one direction.
func (h *Handshake) side(b []byte) (s said) {
	var msgs []byte
	for len(b) >= 5 {
		n := record(b)
		if n == 0 {
			break
		}
		kind, body := b[0], b[5:min(len(b), 5+n)]
		b = b[min(len(b), 5+n):]
		switch kind {
		case recordHandshake:
			if !s.sealed && len(msgs)+len(body) <= maxHandshake {
				msgs = append(msgs, body...)
			}
		case recordAlert:
			if !s.sealed && len(body) == 2 && body[0] == 2 {
				h.Alert = alertName(body[1])
			}
		case recordData:
			s.sealed = true
		case recordCCS:
			// in TLS 1.3 a change of cipher is for show (RFC 8446, D.4), and
			// comes between two hellos too
			if h.Version != "TLS 1.3" && !h.retried(msgs) {
				s.sealed = true
			}
		}
	}
	h.messages(msgs)
	return s
}

// retried reports whether the messages of one side so far are such that a
// second hello follows: a client's first one, or a request to try again.
func (h *Handshake) retried(msgs []byte) bool {
	if len(msgs) < 38 {
		return true
	}
	return msgs[0] == 1 && len(msgs) == 4+int24(msgs[1:]) || msgs[0] == 2 && [32]byte(msgs[6:38]) == helloRetry
}

func alertName(b byte) string {
	if s, ok := alerts[b]; ok {
		return s
	}
	return "other"
}

func int24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// helloRetry is the random of a HelloRetryRequest (RFC 8446, 4.1.3).
var helloRetry = [32]byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// messages reads a row of handshake messages.
func (h *Handshake) messages(b []byte) {
	for len(b) >= 4 {
		n := int24(b[1:])
		kind, body := b[0], b[4:min(len(b), 4+n)]
		whole := len(body) == n
		b = b[min(len(b), 4+n):]
		switch kind {
		case 1:
			h.clientHello(body, false)
			if !whole {
				h.Offered = nil // what is cut off may say otherwise
			}
		case 2:
			if whole {
				h.serverHello(body)
			}
		case 11:
			if whole && h.Certificates == nil {
				h.chain(body)
			}
		}
		if !whole {
			return
		}
	}
}

// clientHello reads a client's hello (RFC 8446, 4.1.2; DTLS RFC 6347, 4.2.1);
// of one that is cut, what is there.
func (h *Handshake) clientHello(b []byte, datagram bool) {
	s := cryptobyte.String(b)
	var legacy uint16
	var suites, rest cryptobyte.String
	if !s.ReadUint16(&legacy) || !s.Skip(32) || !s.ReadUint8LengthPrefixed(&rest) {
		return
	}
	if datagram && !s.ReadUint8LengthPrefixed(&rest) { // the cookie
		return
	}
	if !s.ReadUint16LengthPrefixed(&suites) {
		return
	}
	h.Suites = h.Suites[:0]
	for !suites.Empty() && len(h.Suites) < 128 {
		var id uint16
		if !suites.ReadUint16(&id) {
			break
		}
		if id&0x0f0f != 0x0a0a && id != 0x00ff && id != 0x5600 { // GREASE (RFC 8701) and signals
			h.Suites = append(h.Suites, id)
		}
	}
	h.Offered = versionsUpTo(legacy)
	var compression cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&compression) {
		return
	}
	h.extensions(s, func(kind uint16, v cryptobyte.String) {
		switch kind {
		case 0: // server_name (RFC 6066, 3)
			var list, name cryptobyte.String
			var t uint8
			if v.ReadUint16LengthPrefixed(&list) && list.ReadUint8(&t) && t == 0 && list.ReadUint16LengthPrefixed(&name) {
				h.Server = hostName(name)
			}
		case 16: // ALPN (RFC 7301)
			var list, name cryptobyte.String
			h.ALPN = h.ALPN[:0]
			for v.ReadUint16LengthPrefixed(&list); list.ReadUint8LengthPrefixed(&name) && len(h.ALPN) < 8; {
				if p := text(name); p != "" && !(len(name) == 2 && name[0]&0x0f == 0x0a && name[0] == name[1]) {
					h.ALPN = append(h.ALPN, p)
				}
			}
		case 43: // supported_versions
			var list cryptobyte.String
			if v.ReadUint8LengthPrefixed(&list) {
				h.Offered = nil
				for !list.Empty() && len(h.Offered) < 8 {
					var n uint16
					if !list.ReadUint16(&n) {
						break
					}
					if name := versionName(n); name != "" && !slices.Contains(h.Offered, name) {
						h.Offered = append(h.Offered, name)
					}
				}
			}
		}
	})
}

func (h *Handshake) extensions(s cryptobyte.String, each func(kind uint16, v cryptobyte.String)) {
	var n uint16
	if !s.ReadUint16(&n) {
		return
	}
	for range 64 {
		var kind uint16
		var v cryptobyte.String
		if !s.ReadUint16(&kind) || !s.ReadUint16LengthPrefixed(&v) {
			return
		}
		each(kind, v)
	}
}

func (h *Handshake) serverHello(b []byte) {
	s := cryptobyte.String(b)
	var legacy, suite uint16
	var random []byte
	var session cryptobyte.String
	if !s.ReadUint16(&legacy) || !s.ReadBytes(&random, 32) || !s.ReadUint8LengthPrefixed(&session) || !s.ReadUint16(&suite) || !s.Skip(1) {
		return
	}
	if [32]byte(random) == helloRetry {
		return
	}
	version := legacy
	h.extensions(s, func(kind uint16, v cryptobyte.String) {
		if kind == 43 {
			v.ReadUint16(&version)
		}
	})
	h.Version, h.Suite = versionName(version), suite
}

// chain reads a Certificate message up to TLS 1.2 (RFC 5246, 7.4.2). That of
// TLS 1.3 is encrypted.
func (h *Handshake) chain(b []byte) {
	s := cryptobyte.String(b)
	var list, der cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&list) {
		return
	}
	for len(h.Certificates) < 8 && list.ReadUint24LengthPrefixed(&der) {
		if c, ok := certificate(der); ok {
			h.Certificates = append(h.Certificates, c)
		}
	}
}

var versions = map[uint16]string{
	0x0002: "SSL 2.0", 0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3",
	0xfeff: "DTLS 1.0", 0x0100: "DTLS 1.0", 0xfefd: "DTLS 1.2", 0xfefc: "DTLS 1.3",
}

func versionName(v uint16) string {
	if v>>8 == 0x7f { // drafts of TLS 1.3
		return "TLS 1.3"
	}
	return versions[v]
}

// versionsUpTo says what a client without supported_versions offers: its
// highest version. Lower ones are for the server to choose and cannot be told.
func versionsUpTo(v uint16) []string {
	if n := versionName(v); n != "" {
		return []string{n}
	}
	return nil
}

// hostName returns a name in lower case, or nothing when it is none.
func hostName(b []byte) string {
	if len(b) == 0 || len(b) > maxName {
		return ""
	}
	out := make([]byte, len(b))
	for i, c := range b {
		switch {
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '-', c == '_', c == ':', c == '[', c == ']':
		default:
			return ""
		}
		out[i] = c
	}
	return string(out)
}

// ssl2Hello reports whether a client begins with the hello of SSL 2.0, as
// programs of before 2011 do (RFC 6101, E.1; forbidden by RFC 6176).
func ssl2Hello(b []byte) bool {
	if len(b) < 11 || b[0]&0x80 == 0 || b[2] != 1 {
		return false
	}
	v := binary.BigEndian.Uint16(b[3:])
	n := int(b[0]&0x7f)<<8 | int(b[1])
	suites, session, challenge := int(binary.BigEndian.Uint16(b[5:])), int(binary.BigEndian.Uint16(b[7:])), int(binary.BigEndian.Uint16(b[9:]))
	return (v == 2 || v >= 0x0300 && v <= 0x0303) && suites > 0 && suites%3 == 0 && n == 9+suites+session+challenge && challenge >= 16 && challenge <= 32
}

func ssl2(client, server []byte) Dialogue {
	h := &Handshake{Offered: versionsUpTo(binary.BigEndian.Uint16(client[3:]))}
	n := int(binary.BigEndian.Uint16(client[5:]))
	for b := client[11:min(len(client), 11+n)]; len(b) >= 3 && len(h.Suites) < 128; b = b[3:] {
		if b[0] == 0 && (b[1] != 0 || b[2] != 0xff) {
			h.Suites = append(h.Suites, binary.BigEndian.Uint16(b[1:]))
		}
	}
	if isTLS(server, 2) || len(server) > 0 && server[0] == recordAlert {
		s := h.side(server)
		c := h.side(client[min(len(client), 2+(int(client[0]&0x7f)<<8|int(client[1]))):])
		h.Encrypted = c.sealed && s.sealed
		return spoken(TLS, h, h.Encrypted || h.Alert != "")
	}
	if len(server) > 13 && server[0]&0x80 != 0 && server[2] == 4 && server[5] == 0 && server[6] == 2 {
		h.Version = "SSL 2.0"
		n := int(binary.BigEndian.Uint16(server[7:]))
		if c, ok := certificate(server[13:min(len(server), 13+n)]); ok && server[4] == 1 {
			h.Certificates = []Certificate{c}
		}
		return Dialogue{Protocol: SSL2, Reading: Encrypted, Handshake: h}
	}
	return Dialogue{Protocol: SSL2, Reading: Encrypted, Handshake: h, More: len(server) < 14}
}
