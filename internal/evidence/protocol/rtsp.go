package protocol

// rtspStream reads RTSP (RFC 2326, RFC 7826): how a camera is asked for its
// picture. It is clear; so is what follows, unless it is SRTP.
func rtspStream(client, server []byte, port int) (Dialogue, bool) {
	if !isRequest(client, "RTSP/") && (!isResponse(server, "RTSP/1.") || isRequest(server, "RTSP/")) {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: RTSP, Reading: Clear, More: true}
	for n := 0; n < maxBatch; n++ {
		client = interleaved(client)
		q, rest, ok := readMessage(client, false)
		if !ok || !isRequest(q.start, "RTSP/") {
			break
		}
		d.request(&q, RTSPBasic)
		client = rest
	}
	if r, _, ok := readMessage(server, false); ok && isResponse(r.start, "RTSP/1.") {
		if s := r.value("server"); len(s) > 0 {
			d.say(whatBanner, s)
		}
	}
	return d, true
}

// interleaved leaves media between requests out. RFC 2326, 10.12.
func interleaved(b []byte) []byte {
	for len(b) >= 4 && b[0] == '$' {
		n := 4 + int(b[2])<<8 + int(b[3])
		if n > len(b) {
			return nil
		}
		b = b[n:]
	}
	return b
}

// ssdpDatagram reads SSDP (UPnP Device Architecture 2.0, 1): discovery.
func ssdpDatagram(b []byte, from, to int) (Dialogue, bool) {
	search := isRequest(b, "HTTP/1.1")
	if !search && !isResponse(b, "HTTP/1.1") {
		return Dialogue{}, false
	}
	m, _, ok := readMessage(b, true)
	if !ok {
		return Dialogue{}, false
	}
	if search {
		if method, _ := m.request(); string(method) != "M-SEARCH" && string(method) != "NOTIFY" {
			return Dialogue{}, false
		}
	}
	d := Dialogue{Protocol: SSDP, Reading: Signalling}
	m.each(func(name string, v []byte) {
		if name == "server" || name == "user-agent" {
			d.Agent = redact(v)
		}
	})
	return d, true
}
