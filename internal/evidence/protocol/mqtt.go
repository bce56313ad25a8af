package protocol

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
)

// Packets of MQTT. MQTT 5.0, 2.1.2.
const (
	mqttConnect   = 1
	mqttConnack   = 2
	mqttPublish   = 3
	mqttSubscribe = 8
)

// mqttStream reads MQTT 3.1, 3.1.1 and 5.0 (OASIS) without TLS: the sign-in,
// the will, topics, and payloads that are text. Without a CONNECT it takes
// bytes for MQTT only on port 1883 and when every packet holds together.
func mqttStream(client, server []byte, port int) (Dialogue, bool) {
	d := Dialogue{Protocol: MQTT, Reading: Clear, More: true}
	kind, flags, body, rest, ok := mqttPacket(client)
	version := uint8(4)
	started := ok && kind == mqttConnect && flags == 0
	if started {
		if version, ok = d.mqttConnect(body); !ok {
			return Dialogue{}, false
		}
		client = rest
	} else if port != 1883 || len(client) > 0 && !mqttSound(client) || len(server) > 0 && !mqttSound(server) || len(client)+len(server) == 0 {
		return Dialogue{}, false
	}
	a := d.mqttRest(client, version)
	b := d.mqttRest(server, version)
	return d, started || a+b > 0
}

// mqttPacket cuts one packet off; the body may be cut.
func mqttPacket(b []byte) (kind, flags byte, body cryptobyte.String, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, 0, nil, nil, false
	}
	kind, flags = b[0]>>4, b[0]&15
	n, used, ok := mqttLength(b[1:])
	if !ok {
		return 0, 0, nil, nil, false
	}
	b = b[1+used:]
	if n > len(b) {
		return kind, flags, b, nil, true
	}
	return kind, flags, b[:n], b[n:], true
}

// mqttLength reads a number of variable length. MQTT 5.0, 1.5.5.
func mqttLength(b []byte) (n, used int, ok bool) {
	for i := 0; i < 4 && i < len(b); i++ {
		n |= int(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return n, i + 1, true
		}
	}
	return 0, 0, false
}

// mqttSound reports whether all packets of a side hold together; the last may
// be cut.
func mqttSound(b []byte) bool {
	for len(b) > 0 {
		kind, flags, body, rest, ok := mqttPacket(b)
		if !ok {
			return len(b) < 5
		}
		switch kind {
		case mqttPublish:
			var topic cryptobyte.String
			if flags&6 == 6 || !body.ReadUint16LengthPrefixed(&topic) && rest != nil || !mqttTopic(topic) {
				return false
			}
		case 6, 8, 10: // PUBREL, SUBSCRIBE, UNSUBSCRIBE
			if flags != 2 || len(body) < 2 {
				return false
			}
		case 12, 13: // PINGREQ, PINGRESP
			if flags != 0 || len(body) > 0 {
				return false
			}
		case 2, 4, 5, 7, 9, 11, 14:
			if flags != 0 {
				return false
			}
		default:
			return false
		}
		b = rest
	}
	return true
}

func mqttTopic(t []byte) bool {
	return len(t) > 0 && utf8.Valid(t) && bytes.IndexByte(t, 0) < 0 && !bytes.ContainsAny(t, "+#")
}

// mqttConnect reads the first packet. MQTT 3.1.1 and 5.0, 3.1.
func (d *Dialogue) mqttConnect(s cryptobyte.String) (version uint8, ok bool) {
	var name, id, topic, will, user, pass cryptobyte.String
	var flags uint8
	if !s.ReadUint16LengthPrefixed(&name) || !s.ReadUint8(&version) || !s.ReadUint8(&flags) || !s.Skip(2) {
		return 0, false
	}
	version &= 0x7f // bridges set the top bit
	if !(string(name) == "MQTT" && (version == 4 || version == 5)) && !(string(name) == "MQIsdp" && version == 3) || flags&1 != 0 {
		return 0, false
	}
	if version == 5 && !skipProperties(&s) || !s.ReadUint16LengthPrefixed(&id) {
		return version, true
	}
	if flags&4 != 0 {
		if version == 5 && !skipProperties(&s) || !s.ReadUint16LengthPrefixed(&topic) || !s.ReadUint16LengthPrefixed(&will) {
			return version, true
		}
	}
	if flags&0x80 != 0 && s.ReadUint16LengthPrefixed(&user) {
		if flags&0x40 != 0 {
			s.ReadUint16LengthPrefixed(&pass)
		}
		d.login(credential(MQTTLogin, user, pass))
		d.note(whatLogin, "CONNECT with a user name")
	} else if flags&0x40 != 0 && s.ReadUint16LengthPrefixed(&pass) { // 5.0 allows a password alone
		d.login(credential(MQTTLogin, nil, pass))
	} else if flags&0xc0 == 0 {
		d.note(whatLogin, "CONNECT without a user name")
	}
	if len(topic) > 0 {
		d.say(whatTopic, topic)
		if text(will) {
			d.say(whatPayload, will)
		}
	}
	return version, true
}

func skipProperties(s *cryptobyte.String) bool {
	n, used, ok := mqttLength(*s)
	return ok && s.Skip(used) && s.Skip(n)
}

// mqttRest reads what follows on one side, and returns how many packets told
// a topic.
func (d *Dialogue) mqttRest(b []byte, version uint8) int {
	told := 0
	for len(b) > 0 {
		kind, flags, s, rest, ok := mqttPacket(b)
		if !ok {
			break
		}
		switch kind {
		case mqttPublish:
			var topic cryptobyte.String
			if !s.ReadUint16LengthPrefixed(&topic) || flags&6 != 0 && !s.Skip(2) || version == 5 && !skipProperties(&s) {
				break
			}
			if len(topic) > 0 {
				d.say(whatTopic, topic)
				told++
			}
			if text(s) {
				d.say(whatPayload, s)
			}
		case mqttSubscribe:
			if !s.Skip(2) || version == 5 && !skipProperties(&s) {
				break
			}
			var topic cryptobyte.String
			for s.ReadUint16LengthPrefixed(&topic) && s.Skip(1) {
				d.say(whatTopic, topic)
				told++
			}
		}
		b = rest
	}
	return told
}
