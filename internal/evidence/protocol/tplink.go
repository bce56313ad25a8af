package protocol

import "bytes"

// untangle undoes the XOR of TP-Link's smart home protocol: each byte is
// combined with the one before it, the first with 171. There is no key in it:
// anybody who reads it once can read it.
func untangle(b []byte) []byte {
	b = b[:min(len(b), judged)]
	out := make([]byte, len(b))
	key := byte(171)
	for i, c := range b {
		out[i] = c ^ key
		key = c
	}
	return out
}

// tplink decodes one message and reports whether it is one: JSON.
func tplink(b []byte) ([]byte, bool) {
	if len(b) < 2 || b[0] != 171^'{' || b[1] != b[0]^'"' && b[1] != b[0]^'}' {
		return nil, false
	}
	p := untangle(b)
	return p, printing(p) >= 95 && (len(p) > 8 || bytes.HasSuffix(p, []byte("}")))
}

// tplinkDatagram reads the protocol over UDP, on any port.
func tplinkDatagram(b []byte, from, to int) (Dialogue, bool) {
	p, ok := tplink(b)
	if !ok {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: TPLinkSH, Reading: Clear}
	d.say(whatPayload, p)
	return d, true
}

// tplinkStream reads the protocol over TCP: the same behind a length of four
// bytes.
func tplinkStream(client, server []byte, port int) (Dialogue, bool) {
	d := Dialogue{Protocol: TPLinkSH, Reading: Clear, More: true}
	found := false
	for _, side := range [][]byte{client, server} {
		for n := 0; n < maxPassages && len(side) > 4; n++ {
			size := int(side[0])<<24 | int(side[1])<<16 | int(side[2])<<8 | int(side[3])
			if size < 2 || size > 1<<20 {
				break
			}
			p, ok := tplink(side[4:min(len(side), 4+size)])
			if !ok {
				break
			}
			d.say(whatPayload, p)
			found = true
			side = side[min(len(side), 4+size):]
		}
	}
	return d, found
}
