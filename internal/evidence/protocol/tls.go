package protocol

import (
	"bytes"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

const (
	maxSuites   = 128
	maxALPN     = 8
	maxVersions = 8
)

// Types of TLS records. RFC 8446, 5.1; RFC 6520.
const (
	recordCCS       = 20
	recordAlert     = 21
	recordHandshake = 22
	recordData      = 23
	recordHeartbeat = 24
)

// Types of handshake messages. RFC 8446, 4; RFC 5246, 7.4; RFC 6347, 4.3.2.
const (
	clientHello    = 1
	serverHello    = 2
	verifyRequest  = 3
	certificateMsg = 11
)

// tlsStream reads TLS (RFC 8446, 5246, 4346, 2246) and SSL 3.0 (RFC 6101).
// Who is the client is told by the hellos. It stands for encrypted unless a
// suite without encryption was chosen.
func tlsStream(client, server []byte, port int) (Dialogue, bool) {
	if !looksLikeTLS(client) && (len(client) > 0 || !looksLikeTLS(server)) {
		return Dialogue{}, false
	}
	if len(client) > 0 && len(server) > 0 && !looksLikeTLS(server) && !maybeTLS(server) {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: TLS, Reading: Encrypted}
	a, b := readRecords(client), readRecords(server)
	if !a.sound() || !b.sound() {
		return Dialogue{}, false
	}
	h := new(Handshake)
	for _, s := range []*records{&a, &b} {
		s.messages(h, false)
	}
	h.Encrypted = a.sealed && b.sealed
	if h.Version == "TLS 1.3" { // 5.1: what follows the hello is sealed
		h.Encrypted = a.data && b.data
	}
	d.finish(h)
	done := h.Encrypted || h.Alert != "" || a.sealed && b.sealed
	d.More = !done
	return d, true
}

// finish sets what follows from a handshake. A dialogue in the middle of
// which nothing of a handshake was seen has none.
func (d *Dialogue) finish(h *Handshake) {
	d.Host = h.Server
	if SuiteWeakness(h.Suite) == WeakNull && h.Version != "" && h.Version != "SSL 2.0" {
		d.Reading = Clear // anybody reads it, though nobody can change it
	}
	if h.Version != "" || len(h.Suites) > 0 || h.Server != "" || h.Alert != "" || len(h.Certificates) > 0 || h.Encrypted {
		d.Handshake = h
	}
}

// looksLikeTLS reports whether bytes begin with the head of a TLS record.
func looksLikeTLS(b []byte) bool {
	if len(b) == 7 && b[0] == recordAlert && b[1] == 0 && b[2] == 0 && b[3] == 0 && b[4] == 2 && b[5] <= 2 {
		return true // some servers forget the version when nothing was agreed on
	}
	if len(b) < 5 || b[0] < recordCCS || b[0] > recordHeartbeat || b[1] != 3 || b[2] > 4 {
		return false
	}
	n := int(b[3])<<8 | int(b[4])
	switch b[0] {
	case recordCCS:
		return n == 1
	case recordAlert:
		return n == 2 || n >= 16 && n <= 512
	case recordHandshake:
		// A handshake message is of a known type and not over 2^17; an
		// encrypted one after a change of ciphers begins with anything.
		return n >= 1 && n <= 1<<14+2048 && (len(b) < 6 || b[5] <= 67 && (n < 2 || len(b) < 7 || b[6] <= 1) || n >= 32 && n <= 80)
	}
	return n > 0 && n <= 1<<14+2048 // RFC 5246, 6.2.3
}

// maybeTLS reports whether bytes are too few to rule TLS out.
func maybeTLS(b []byte) bool {
	return len(b) < 5 && b[0] >= recordCCS && b[0] <= recordHeartbeat && (len(b) < 2 || b[1] == 3)
}

// records is what the records of one side say.
type records struct {
	handshake []byte // messages in the clear, put together
	sealed    bool   // the side went on to encrypted records
	data      bool   // application data was seen
	alert     string
	odd       bool // a record of no known form after the first
	count     int
}

// sound says that a lone first record is not the only sign of TLS.
func (r *records) sound() bool { return !r.odd || r.count > 1 || len(r.handshake) > 4 }

// readRecords walks over the records of one side. Messages that are split
// over records are put together.
func readRecords(b []byte) records {
	var r records
	shared := true // handshake is a part of b
	changed := false
	for len(b) >= 5 {
		kind, n := b[0], int(b[3])<<8|int(b[4])
		if kind < recordCCS || kind > recordHeartbeat || b[1] != 3 && r.count > 0 || b[2] > 4 || n == 0 || n > 1<<14+2048 || r.count == 0 && !looksLikeTLS(b) {
			r.odd = true
			break
		}
		body := b[5:min(len(b), 5+n)]
		r.count++
		switch {
		case kind == recordData:
			r.sealed, r.data = true, true
			return r
		case kind == recordCCS:
			changed = true
		case changed && kind == recordHandshake:
			// Finished of TLS 1.2 and older. In TLS 1.3 a client may send a
			// second hello behind a change of ciphers that means nothing.
			if len(body) > 0 && body[0] == clientHello || len(body) > 0 && body[0] == serverHello {
				r.handshake = append(slices.Clip(r.handshake), body...)
				shared = false
				break
			}
			r.sealed = true
			return r
		case kind == recordHandshake:
			if r.handshake == nil {
				r.handshake = body
			} else {
				if shared {
					r.handshake, shared = slices.Clip(r.handshake), false
				}
				r.handshake = append(r.handshake, body...)
			}
		case kind == recordAlert:
			if n == 2 && len(body) == 2 && !changed {
				if body[0] == 2 && r.alert == "" {
					r.alert = alertName(body[1])
				}
			} else {
				r.sealed = true
			}
		}
		if len(b) < 5+n {
			break
		}
		b = b[5+n:]
	}
	return r
}

// messages reads the handshake messages of one side into h.
func (r *records) messages(h *Handshake, datagram bool) {
	if r.alert != "" && h.Alert == "" {
		h.Alert = r.alert
	}
	s := cryptobyte.String(r.handshake)
	for !s.Empty() {
		var kind uint8
		var body cryptobyte.String
		if !s.ReadUint8(&kind) || !s.ReadUint24LengthPrefixed(&body) {
			return
		}
		h.message(kind, body, datagram)
	}
}

// message reads one handshake message.
func (h *Handshake) message(kind uint8, body cryptobyte.String, datagram bool) {
	switch kind {
	case clientHello:
		if h.Suites == nil {
			h.client(body, datagram)
		}
	case serverHello:
		h.serverSays(body, datagram)
	case certificateMsg:
		// RFC 5246, 7.4.2. A client may send one as well; the server's is
		// the one that comes when none is there yet, or follows its hello.
		var list cryptobyte.String
		if !body.ReadUint24LengthPrefixed(&list) || h.Certificates != nil || h.Version == "" {
			return
		}
		var ders [][]byte
		for !list.Empty() && len(ders) < maxChain {
			var der cryptobyte.String
			if !list.ReadUint24LengthPrefixed(&der) {
				break
			}
			ders = append(ders, der)
		}
		h.Certificates = chain(ders)
	}
}

// Extensions. RFC 6066, 3; RFC 7301; RFC 8446, 4.2.1.
const (
	extServerName = 0
	extALPN       = 16
	extVersions   = 43
)

// client reads a ClientHello. RFC 8446, 4.1.2; RFC 6347, 4.2.1.
func (h *Handshake) client(s cryptobyte.String, datagram bool) {
	var legacy uint16
	var session, cookie, suites, compression, exts cryptobyte.String
	if !s.ReadUint16(&legacy) || !s.Skip(32) || !s.ReadUint8LengthPrefixed(&session) ||
		datagram && !s.ReadUint8LengthPrefixed(&cookie) ||
		!s.ReadUint16LengthPrefixed(&suites) || !s.ReadUint8LengthPrefixed(&compression) || versionName(legacy) == "" {
		return
	}
	h.Suites = make([]uint16, 0, min(len(suites)/2, maxSuites))
	for len(h.Suites) < maxSuites {
		var id uint16
		if !suites.ReadUint16(&id) {
			break
		}
		if !grease(id) {
			h.Suites = append(h.Suites, id)
		}
	}
	if s.ReadUint16LengthPrefixed(&exts) {
		for !exts.Empty() {
			var kind uint16
			var data cryptobyte.String
			if !exts.ReadUint16(&kind) || !exts.ReadUint16LengthPrefixed(&data) {
				break
			}
			switch kind {
			case extServerName:
				h.name(data)
			case extALPN:
				h.alpn(data)
			case extVersions:
				h.versions(data)
			}
		}
	}
	if len(h.Offered) == 0 {
		h.Offered = []string{versionName(legacy)}
	}
}

func (h *Handshake) name(data cryptobyte.String) {
	var list, name cryptobyte.String
	var kind uint8
	if data.ReadUint16LengthPrefixed(&list) && list.ReadUint8(&kind) && kind == 0 && list.ReadUint16LengthPrefixed(&name) && len(name) <= maxName {
		h.Server = hostName(name)
	}
}

// hostName makes a host of foreign bytes: lower case, without the last dot,
// nothing that does not print.
func hostName(b []byte) string {
	b = bytes.TrimSuffix(b, []byte("."))
	if len(b) > maxName {
		b = b[:maxName]
	}
	return string(dnsHost(b))
}

func dnsHost(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		switch {
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c > ' ' && c < 0x7f:
			out = append(out, c)
		default:
			out = append(out, '?')
		}
	}
	return out
}

func (h *Handshake) alpn(data cryptobyte.String) {
	var list, p cryptobyte.String
	if !data.ReadUint16LengthPrefixed(&list) {
		return
	}
	h.ALPN = nil
	for len(h.ALPN) < maxALPN && list.ReadUint8LengthPrefixed(&p) {
		if len(p) == 2 && grease(uint16(p[0])<<8|uint16(p[1])) {
			continue
		}
		h.ALPN = append(h.ALPN, clip(string(p)))
	}
}

func (h *Handshake) versions(data cryptobyte.String) {
	var list cryptobyte.String
	var v uint16
	if !data.ReadUint8LengthPrefixed(&list) {
		return
	}
	var ids []uint16
	for len(ids) < maxVersions && list.ReadUint16(&v) {
		if versionName(v) != "" {
			ids = append(ids, v)
		}
	}
	// Newest first; versions of DTLS count downwards.
	slices.SortFunc(ids, func(a, b uint16) int { return age(a) - age(b) })
	h.Offered = nil
	for _, id := range ids {
		if n := versionName(id); !slices.Contains(h.Offered, n) {
			h.Offered = append(h.Offered, n)
		}
	}
}

// retry is the random of a ServerHello that asks the client to try again.
// RFC 8446, 4.1.3.
var retry = []byte{
	0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
	0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
}

// serverSays reads a ServerHello, and a HelloRetryRequest as one that is not
// the last: its version and suite stand until another hello comes.
func (h *Handshake) serverSays(s cryptobyte.String, datagram bool) {
	var version, suite uint16
	var random []byte
	var session, exts cryptobyte.String
	if !s.ReadUint16(&version) || !s.ReadBytes(&random, 32) || !s.ReadUint8LengthPrefixed(&session) || !s.ReadUint16(&suite) || !s.Skip(1) || versionName(version) == "" {
		return
	}
	if s.ReadUint16LengthPrefixed(&exts) {
		for !exts.Empty() {
			var kind, v uint16
			var data cryptobyte.String
			if !exts.ReadUint16(&kind) || !exts.ReadUint16LengthPrefixed(&data) {
				break
			}
			if kind == extVersions && data.ReadUint16(&v) && versionName(v) != "" {
				version = v
			}
		}
	}
	if h.Version != "" && bytes.Equal(random, retry) {
		return
	}
	h.Version, h.Suite = versionName(version), suite
}

// versionName names a version on the wire, drafts of TLS 1.3 included; empty
// where it is none.
func versionName(v uint16) string {
	switch v {
	case 0x0002:
		return "SSL 2.0"
	case 0x0300:
		return "SSL 3.0"
	case 0x0301:
		return "TLS 1.0"
	case 0x0302:
		return "TLS 1.1"
	case 0x0303:
		return "TLS 1.2"
	case 0x0304:
		return "TLS 1.3"
	case 0xFEFF:
		return "DTLS 1.0"
	case 0xFEFD:
		return "DTLS 1.2"
	case 0xFEFC:
		return "DTLS 1.3"
	}
	if v>>8 == 0x7f && v&0xff >= 14 && v&0xff <= 28 || v == 0xFB17 || v == 0xFB1A {
		return "TLS 1.3" // a draft: RFC 8446 wire format from 0x7f0e on; Facebook's of 23 and 26
	}
	return ""
}

// age orders versions, newest first.
func age(v uint16) int {
	switch {
	case v>>8 == 0xFE: // DTLS: FEFC is newer than FEFD
		return int(v & 0xff)
	case v>>8 == 0x03:
		return 0x100 - int(v&0xff)
	}
	return 0x100 - 4 // drafts, as TLS 1.3
}

// grease reports a value that stands for nothing. RFC 8701.
func grease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

var alertNames = map[byte]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow", 30: "decompression_failure",
	40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked",
	45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
	51: "decrypt_error", 60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
	86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension", 110: "unsupported_extension",
	111: "certificate_unobtainable", 112: "unrecognized_name", 113: "bad_certificate_status_response", 114: "bad_certificate_hash_value",
	115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol", 121: "ech_required",
}

func alertName(b byte) string {
	if n, ok := alertNames[b]; ok {
		return n
	}
	return "alert_" + string([]byte{'0' + b/100, '0' + b/10%10, '0' + b%10})
}
