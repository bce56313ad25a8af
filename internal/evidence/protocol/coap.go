package protocol

import (
	"bytes"
	"encoding/binary"
)

// coapMessage is one message of CoAP. RFC 7252, 3.
type coapMessage struct {
	code    byte
	host    []byte
	path    []byte
	query   []byte
	payload []byte
	sealed  bool // OSCORE (RFC 8613) protects it
	named   bool // it has a path
}

var coapMethods = [...]string{1: "GET", 2: "POST", 3: "PUT", 4: "DELETE", 5: "FETCH", 6: "PATCH", 7: "iPATCH"}

// coapOptions are those of RFC 7252, 5.10, and of others that devices use. An
// option of an odd number that is not here is refused: a receiver must refuse
// it too (5.4.1).
var coapOptions = map[int]int{ // number: most bytes of its value
	1: 8, 3: 255, 4: 8, 5: 0, 6: 3, 7: 2, 8: 255, 9: 255, 11: 255, 12: 2, 14: 4, 15: 255, 16: 1, 17: 2, 19: 3, 20: 255, 23: 3, 27: 3, 28: 4, 31: 3,
	35: 1034, 39: 255, 60: 4, 252: 40, 258: 1, 292: 8,
}

// coapCode reports a code that is given out. RFC 7252, 12.1; RFC 8323, 5.
func coapCode(c byte) bool {
	switch class, detail := c>>5, c&31; class {
	case 0:
		return detail <= 7
	case 2:
		return detail >= 1 && detail <= 5 || detail == 31
	case 4:
		return detail <= 15 || detail == 22 || detail == 29
	case 5:
		return detail <= 8
	}
	return false
}

// coapBody reads options and payload behind the token.
func (m *coapMessage) body(b []byte) bool {
	number := 0
	for count := 0; len(b) > 0; count++ {
		if b[0] == 0xff {
			m.payload = b[1:]
			return len(m.payload) > 0 // 3: a marker without payload is an error
		}
		delta, size := int(b[0]>>4), int(b[0]&15)
		b = b[1:]
		var ok bool
		if delta, b, ok = coapExtended(delta, b); !ok {
			return false
		}
		if size, b, ok = coapExtended(size, b); !ok || size > len(b) || count > 64 {
			return false
		}
		number += delta
		v := b[:size]
		b = b[size:]
		most, known := coapOptions[number]
		if known && size > most || !known && (number&1 != 0 || number == 0 || number > 65535) {
			return false
		}
		switch number {
		case 3:
			m.host = v
		case 9:
			m.sealed = true
		case 11:
			if printing(v) < 100 && len(v) > 0 {
				return false
			}
			m.path, m.named = append(append(m.path, '/'), v...), true
		case 15:
			if len(m.query) > 0 {
				m.query = append(m.query, '&')
			}
			m.query = append(m.query, v...)
		}
	}
	return true
}

// coapExtended reads the longer forms of a delta or a length. RFC 7252, 3.1.
func coapExtended(n int, b []byte) (int, []byte, bool) {
	switch {
	case n == 15:
		return 0, nil, false
	case n == 13 && len(b) >= 1:
		return int(b[0]) + 13, b[1:], true
	case n == 14 && len(b) >= 2:
		return int(binary.BigEndian.Uint16(b)) + 269, b[2:], true
	case n >= 13:
		return 0, nil, false
	}
	return n, b, true
}

// coapDatagram reads CoAP over UDP. On a port that is not its own it must be a
// request with a path.
func coapDatagram(b []byte, from, to int) (Dialogue, bool) {
	if len(b) < 4 || b[0]>>6 != 1 || b[0]&15 > 8 || !coapCode(b[1]) {
		return Dialogue{}, false
	}
	own := either(from, to, 5683)
	m := coapMessage{code: b[1]}
	if m.code == 0 { // ping, acknowledgement
		return Dialogue{Protocol: CoAP, Reading: Signalling}, own && len(b) == 4
	}
	token := 4 + int(b[0]&15)
	if token > len(b) || !m.body(b[token:]) || !own && !(m.code < 32 && m.named) {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: CoAP, Reading: Clear}
	d.coap(&m)
	return d, true
}

// coap adds what one message says.
func (d *Dialogue) coap(m *coapMessage) {
	if m.host != nil && d.Host == "" {
		d.Host = hostName(m.host)
	}
	if m.sealed {
		d.Reading = Encrypted
		return
	}
	if m.code < 32 {
		if bytes.Equal(m.path, []byte("/.well-known/core")) && len(m.payload) == 0 { // RFC 6690: discovery
			d.Reading = Signalling
		}
		d.form(m.query)
		text := append([]byte(coapMethods[m.code]+" "+hostName(m.host)), m.path...)
		if len(m.query) > 0 {
			text = append(append(text, '?'), m.query...)
		}
		d.say(whatRequest, text)
	}
	if len(m.payload) > 0 {
		if m.payload[0] == '{' {
			d.body(m.payload, "application/json")
		}
		if text(m.payload) {
			d.say(whatPayload, m.payload)
		}
	}
}

// coapStream reads CoAP over TCP (RFC 8323): each side begins with a message
// about its capabilities (7.01). On a port that is not its own both sides must
// do so, and something must follow.
func coapStream(client, server []byte, port int) (Dialogue, bool) {
	if port != 5683 && (len(client) == 0 || len(server) == 0) {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: CoAP, Reading: Clear, More: true}
	said := false
	for _, side := range [][]byte{client, server} {
		for n := 0; len(side) > 0 && n < maxBatch; n++ {
			m, rest, ok := coapFrame(side)
			if n == 0 && (!ok || m.code != 0xe1) {
				return Dialogue{}, false
			}
			if !ok {
				break
			}
			if m.code != 0 && m.code < 0xe0 {
				d.coap(&m)
				said = true
			}
			side = rest
		}
	}
	return d, said || port == 5683
}

// coapFrame cuts one message off. RFC 8323, 3.2.
func coapFrame(b []byte) (m coapMessage, rest []byte, ok bool) {
	size, token := int(b[0]>>4), int(b[0]&15)
	b = b[1:]
	switch {
	case token > 8:
		return m, nil, false
	case size == 13 && len(b) >= 1:
		size, b = int(b[0])+13, b[1:]
	case size == 14 && len(b) >= 2:
		size, b = int(binary.BigEndian.Uint16(b))+269, b[2:]
	case size == 15 && len(b) >= 4:
		n := binary.BigEndian.Uint32(b)
		if n > StreamLen {
			return m, nil, false
		}
		size, b = int(n)+65805, b[4:]
	case size >= 13:
		return m, nil, false
	}
	if len(b) < 1+token+size {
		return m, nil, false
	}
	m.code = b[0]
	body := b[1+token : 1+token+size]
	rest = b[1+token+size:]
	if m.code >= 0xe1 && m.code <= 0xe5 { // options of signals have numbers of their own
		return m, rest, coapSignal(body)
	}
	return m, rest, (m.code == 0 || coapCode(m.code)) && m.body(body)
}

// coapSignal reports whether the options of a signal hold together.
func coapSignal(b []byte) bool {
	for len(b) > 0 && b[0] != 0xff {
		delta, size := int(b[0]>>4), int(b[0]&15)
		var ok bool
		b = b[1:]
		if delta, b, ok = coapExtended(delta, b); !ok || delta > 16 {
			return false
		}
		if size, b, ok = coapExtended(size, b); !ok || size > len(b) {
			return false
		}
		b = b[size:]
	}
	return true
}
