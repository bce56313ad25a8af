package protocol

import (
	"bytes"
	"encoding/binary"
)

// mqttStream reads MQTT 3.1, 3.1.1 and 5 (OASIS MQTT 5.0, 2 and 3).
func mqttStream(client, server []byte, port int) (Dialogue, bool) {
	d := Dialogue{Protocol: MQTT, Reading: Clear, More: true}
	kind, flags, body, rest, ok := mqttPacket(client)
	switch {
	case ok && kind == 1 && flags == 0:
		if !mqttConnect(&d, body) {
			return Dialogue{}, false
		}
	case port == 1883 && ok && len(client) > 0: // the middle of a conversation
		if !mqttRow(client) {
			return Dialogue{}, false
		}
		rest = client
	case port == 1883 && len(client) == 0 && mqttRow(server):
	default:
		return Dialogue{}, false
	}
	mqttTopics(&d, rest)
	mqttTopics(&d, server)
	return d, true
}

// mqttPacket cuts off one packet; of the last one, what is there.
func mqttPacket(b []byte) (kind, flags byte, body, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, 0, nil, nil, false
	}
	kind, flags = b[0]>>4, b[0]&15
	n, shift, i := 0, 0, 1
	for ; ; i++ {
		if i >= len(b) || i > 4 {
			return 0, 0, nil, nil, false
		}
		n |= int(b[i]&0x7f) << shift
		if shift += 7; b[i]&0x80 == 0 {
			break
		}
	}
	b = b[i+1:]
	return kind, flags, b[:min(n, len(b))], b[min(n, len(b)):], kind != 0
}

// mqttRow reports whether bytes are a row of whole packets with flags as the
// standard has them.
func mqttRow(b []byte) bool {
	n := 0
	for len(b) > 0 {
		before := len(b)
		kind, flags, body, rest, ok := mqttPacket(b)
		fixed := map[byte]byte{6: 2, 8: 2, 10: 2}[kind]
		if !ok || kind != 3 && flags != fixed || kind == 3 && flags>>1&3 == 3 {
			return false
		}
		if before == len(body)+len(rest) || len(rest) == 0 && n == 0 && len(body) == 0 && kind != 12 && kind != 13 {
			return false
		}
		b, n = rest, n+1
	}
	return n > 0
}

func short(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if 2+n > len(b) {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}

// properties skips the properties of MQTT 5.
func properties(b []byte) ([]byte, bool) {
	n, shift := 0, 0
	for i := 0; i < len(b) && i < 4; i++ {
		n |= int(b[i]&0x7f) << shift
		if shift += 7; b[i]&0x80 == 0 {
			if i+1+n > len(b) {
				return nil, false
			}
			return b[i+1+n:], true
		}
	}
	return nil, false
}

func mqttConnect(d *Dialogue, b []byte) bool {
	name, b, ok := short(b)
	if !ok || string(name) != "MQTT" && string(name) != "MQIsdp" || len(b) < 4 {
		return false
	}
	level, flags := b[0], b[1]
	b = b[4:]
	if level == 5 {
		if b, ok = properties(b); !ok {
			return true
		}
	}
	if _, b, ok = short(b); !ok { // the client's id
		return true
	}
	if flags&4 != 0 { // a will
		if level == 5 {
			if b, ok = properties(b); !ok {
				return true
			}
		}
		var topic []byte
		if topic, b, ok = short(b); !ok {
			return true
		}
		d.pass("topic", topic)
		if _, b, ok = short(b); !ok {
			return true
		}
	}
	var user, secret []byte
	if flags&0x80 != 0 {
		if user, b, ok = short(b); !ok {
			return true
		}
	}
	if flags&0x40 != 0 {
		if secret, _, ok = short(b); !ok {
			return true
		}
	}
	if flags&0xc0 != 0 {
		d.login(MQTTLogin, string(user), string(secret))
		d.Passages = append(d.Passages, Passage{What: "login", Text: "CONNECT with a user name"})
	} else {
		d.Passages = append(d.Passages, Passage{What: "login", Text: "CONNECT without a user name"})
	}
	return true
}

func mqttTopics(d *Dialogue, b []byte) {
	for range 256 {
		kind, flags, body, rest, ok := mqttPacket(b)
		if !ok {
			return
		}
		b = rest
		switch kind {
		case 3:
			topic, payload, ok := short(body)
			if !ok {
				return
			}
			d.pass("topic", topic)
			if flags&6 != 0 && len(payload) > 2 {
				payload = payload[2:]
			}
			if legible(payload) {
				d.pass("payload", payload)
			}
		case 8:
			if len(body) < 2 {
				return
			}
			filters := body[2:]
			if next, ok := properties(filters); ok && len(filters) > 0 && filters[0] == 0 && len(next) > 1 && next[0] == 0 && len(next) < len(filters) && int(binary.BigEndian.Uint16(filters)) > len(filters) {
				filters = next // MQTT 5 without properties
			}
			for range 16 {
				topic, more, ok := short(filters)
				if !ok || len(more) < 1 {
					break
				}
				d.pass("topic", topic)
				filters = more[1:]
			}
		}
	}
}

// tplink reads the protocol of TP-Link's home devices: JSON under a XOR whose
// key is known, so that anybody reads it.
func tplink(b []byte, from, to int) (Dialogue, bool) {
	if from != 9999 && to != 9999 {
		return Dialogue{}, false
	}
	return xorJSON(b)
}

func tplinkStream(client, server []byte, port int) (Dialogue, bool) {
	b := longer(client, server)
	if len(client) > 4 {
		b = client
	}
	if port != 9999 || len(b) < 6 {
		return Dialogue{}, false
	}
	return xorJSON(b[4:])
}

func xorJSON(b []byte) (Dialogue, bool) {
	if len(b) < 2 || b[0]^171 != '{' {
		return Dialogue{}, false
	}
	out := make([]byte, min(len(b), 480))
	key := byte(171)
	for i := range out {
		out[i], key = b[i]^key, b[i]
	}
	for _, c := range out[:min(len(out), 32)] {
		if c < ' ' || c >= 0x7f {
			return Dialogue{}, false
		}
	}
	d := Dialogue{Protocol: TPLinkSH, Reading: Clear}
	d.pass("payload", out)
	return d, true
}

// modbusStream reads Modbus over TCP (Modbus Messaging on TCP/IP 1.0b, 3.1.3),
// which has neither sign-in nor encryption.
func modbusStream(client, server []byte, port int) (Dialogue, bool) {
	n := 0
	var function byte
	for b := longer(client, server); len(b) > 0; n++ {
		if len(b) < 8 {
			if n == 0 {
				return Dialogue{}, false
			}
			break
		}
		size := int(binary.BigEndian.Uint16(b[4:]))
		if b[2] != 0 || b[3] != 0 || size < 2 || size > 254 || b[7]&0x7f == 0 || b[7]&0x7f > 0x2b {
			return Dialogue{}, false
		}
		if n == 0 {
			function = b[7] & 0x7f
		}
		if 6+size > len(b) {
			break
		}
		b = b[6+size:]
	}
	if n == 0 || port != 502 && n < 3 {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: Modbus, Reading: Clear}
	d.Passages = []Passage{{What: "payload", Text: "Modbus function " + string('0'+function/10) + string('0'+function%10)}}
	return d, true
}

// coap reads a message of CoAP (RFC 7252, 3).
func coap(b []byte, from, to int) (Dialogue, bool) {
	if len(b) < 4 || b[0]>>6 != 1 || b[0]&15 > 8 {
		return Dialogue{}, false
	}
	class, detail := b[1]>>5, b[1]&31
	if class == 0 && (detail > 7 || detail == 0) || class == 1 || class > 5 || class == 3 {
		return Dialogue{}, false
	}
	n := 4 + int(b[0]&15)
	if n > len(b) {
		return Dialogue{}, false
	}
	d, paths, ok := coapOptions(b[n:], class == 0, detail)
	if !ok || from != 5683 && to != 5683 && paths == 0 {
		return Dialogue{}, false
	}
	return d, true
}

var coapMethods = []string{"", "GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH"}

func coapOptions(b []byte, asks bool, method byte) (d Dialogue, paths int, ok bool) {
	d = Dialogue{Protocol: CoAP, Reading: Clear}
	number := 0
	var path []byte
	var payload []byte
	for len(b) > 0 {
		if b[0] == 0xff {
			payload = b[1:]
			if len(payload) == 0 {
				return d, 0, false // a marker with nothing behind it is an error (RFC 7252, 3)
			}
			break
		}
		delta, size := int(b[0]>>4), int(b[0]&15)
		b = b[1:]
		for _, v := range []*int{&delta, &size} {
			switch {
			case *v == 15, *v == 13 && len(b) < 1, *v == 14 && len(b) < 2:
				return d, 0, false
			case *v == 13:
				*v, b = 13+int(b[0]), b[1:]
			case *v == 14:
				*v, b = 269+int(binary.BigEndian.Uint16(b)), b[2:]
			}
		}
		number += delta
		if size > len(b) || number > 65535 {
			return d, 0, false
		}
		v := b[:size]
		b = b[size:]
		switch number {
		case 3:
			d.Host = hostName(v)
		case 11:
			if !printable(v) {
				return d, 0, false
			}
			paths++
			path = append(append(path, '/'), v...)
		}
	}
	if asks {
		d.pass("request", append([]byte(coapMethods[method]+" "), path...))
		if string(path) == "/.well-known/core" {
			d.Reading = Signalling // discovery
		}
	}
	if legible(payload) {
		d.pass("payload", payload)
	}
	return d, paths, true
}

func printable(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) < 0
}

// coapStream reads CoAP over TCP (RFC 8323, 3.2).
func coapStream(client, server []byte, port int) (Dialogue, bool) {
	if port != 5683 {
		return Dialogue{}, false
	}
	b := longer(client, server)
	if len(b) < 2 {
		return Dialogue{}, false
	}
	size, tkl, i := int(b[0]>>4), int(b[0]&15), 1
	if tkl > 8 || size > 13 {
		return Dialogue{}, false
	}
	if size == 13 {
		size, i = 13+int(b[1]), 2
	}
	if i+1+tkl+size > len(b) {
		return Dialogue{}, false
	}
	code := b[i]
	if class := code >> 5; class == 7 { // signalling messages of RFC 8323, 5
		return Dialogue{Protocol: CoAP, Reading: Clear, More: true}, true
	} else if class != 0 || code == 0 || code > 7 {
		return Dialogue{}, false
	}
	d, _, ok := coapOptions(b[i+1+tkl:i+1+tkl+size], true, code&7)
	return d, ok
}
