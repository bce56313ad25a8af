package protocol

import (
	"bytes"
	"strconv"
	"strings"
)

const (
	maxLine    = 8 << 10 // bytes of one line of a head
	maxHeaders = 128     // lines of one head
	maxBatch   = 256     // messages of one side
)

// httpStream reads HTTP/1 (RFC 9112): every request and response within the
// bytes. It is clear, but for what networks and certificates need (see
// signalling), and for a tunnel through a proxy in which TLS is spoken.
func httpStream(client, server []byte, port int) (Dialogue, bool) {
	if !isRequest(client, "HTTP/1.") && (!isResponse(server, "HTTP/1.") || isRequest(server, "HTTP/1.")) {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: HTTP, Reading: Clear, More: true}
	var heads []bool // of requests: their answers have no body
	quiet := true    // all of it is signalling
	state := true    // all of it is about the state of certificates
	for n := 0; n < maxBatch; n++ {
		q, rest, ok := readMessage(client, false)
		if !ok || !isRequest(q.start, "HTTP/1.") {
			break
		}
		method, target := q.request()
		heads = append(heads, bytes.Equal(method, []byte("HEAD")))
		d.request(&q, HTTPBasic)
		about := signalling(&q, method, target)
		quiet, state = quiet && about != content, state && about == aboutCertificates
		switch {
		case bytes.Equal(method, []byte("CONNECT")):
			return tunnel(d, rest, server)
		case tokenIs(q.value("upgrade"), "websocket"):
			return webSocket(d, &q, rest, server)
		}
		client = rest
	}
	for n := 0; n < maxBatch; n++ {
		r, rest, ok := readMessage(server, n < len(heads) && heads[n])
		if !ok || !isResponse(r.start, "HTTP/1.") {
			break
		}
		if kind := mediaType(r.value("content-type")); !signed(&r, kind) {
			// Nobody who looks for a network or a certificate is answered in JSON.
			quiet = quiet && len(heads) > 0 && !strings.HasSuffix(kind, "json")
			if !quiet {
				d.response(&r, kind)
			}
		}
		server = rest
	}
	if quiet && len(d.Credentials) == 0 {
		d.Reading, d.CertificateState = Signalling, state
	}
	return d, true
}

// message is one request or response.
type message struct {
	start []byte // its first line
	head  []byte // the lines behind
	body  []byte // as much as is there; chunks are put together
	whole bool   // the head is there to its end
}

// isRequest reports whether bytes begin with a request line of a protocol.
// A line that is cut counts when its method is one that everybody knows.
func isRequest(b []byte, proto string) bool {
	n := 0
	for n < len(b) && n < 20 && (b[n] >= 'A' && b[n] <= 'Z' || b[n] == '_' || b[n] == '-') {
		n++
	}
	if n < 3 || n >= len(b) || b[n] != ' ' {
		return false
	}
	l, _, _ := line(b, maxLine)
	i := bytes.LastIndexByte(l, ' ')
	return i > n && bytes.HasPrefix(l[i+1:], []byte(proto)) && i+1 <= len(l)-len(proto)
}

func isResponse(b []byte, proto string) bool {
	return bytes.HasPrefix(b, []byte(proto)) && len(b) >= len(proto)+5 && b[len(proto)+1] == ' ' && digits(string(b[len(proto)+2:len(proto)+5]))
}

// request parts the first line.
func (m *message) request() (method, target []byte) {
	method, rest, _ := bytes.Cut(m.start, []byte(" "))
	if i := bytes.LastIndexByte(rest, ' '); i >= 0 {
		rest = rest[:i]
	}
	return method, bytes.TrimSpace(rest)
}

// status returns the code of a response.
func (m *message) status() int {
	_, rest, _ := bytes.Cut(m.start, []byte(" "))
	n, _ := strconv.Atoi(string(rest[:min(3, len(rest))]))
	return n
}

// each calls f with every header, its name in lower case.
func (m *message) each(f func(name string, value []byte)) {
	head := m.head
	for n := 0; n < maxHeaders && len(head) > 0; n++ {
		l, rest, _ := line(head, maxLine)
		head = rest
		name, value, ok := bytes.Cut(l, []byte(":"))
		if !ok || len(name) > 64 {
			continue
		}
		f(strings.ToLower(string(bytes.TrimSpace(name))), bytes.TrimSpace(value))
	}
}

func (m *message) value(name string) (v []byte) {
	m.each(func(n string, value []byte) {
		if n == name && v == nil {
			v = value
		}
	})
	return v
}

// readMessage cuts the first message off. bare: a response without a body.
// ok is false when not even its first line is there.
func readMessage(b []byte, bare bool) (m message, rest []byte, ok bool) {
	for len(b) > 1 && (b[0] == '\r' || b[0] == '\n') { // RFC 9112, 2.2
		b = b[1:]
	}
	var end bool
	if m.start, b, end = line(b, maxLine); !end {
		return m, nil, len(m.start) > 0
	}
	m.head = b
	for n := 0; ; n++ {
		l, next, end := line(b, maxLine)
		if !end || n == maxHeaders {
			return m, nil, true
		}
		if len(l) == 0 {
			m.head, b, m.whole = m.head[:len(m.head)-len(b)], next, true
			break
		}
		b = next
	}
	response := bytes.HasPrefix(m.start, []byte("HTTP/")) || bytes.HasPrefix(m.start, []byte("RTSP/"))
	status := 0
	if response {
		status = m.status()
	}
	length := m.value("content-length")
	switch {
	case bare || response && (status < 200 || status == 204 || status == 304):
		return m, b, true
	case tokenIs(m.value("transfer-encoding"), "chunked"):
		m.body, rest = dechunk(b)
		return m, rest, true
	case len(length) > 0:
		n, err := strconv.ParseUint(string(length), 10, 63)
		if err != nil || n > uint64(len(b)) {
			m.body = b
			return m, nil, true
		}
		m.body = b[:n]
		return m, b[n:], true
	case response && !bytes.HasPrefix(m.start, []byte("RTSP/")): // to the end
		m.body = b
		return m, nil, true
	}
	return m, b, true
}

// dechunk puts chunks together. RFC 9112, 7.1.
func dechunk(b []byte) (body, rest []byte) {
	for {
		l, next, ok := line(b, 256)
		size, _, _ := bytes.Cut(l, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 32)
		if !ok || err != nil {
			return body, nil
		}
		if n == 0 { // the trailer
			for {
				l, next, ok = line(next, maxLine)
				if !ok || len(l) == 0 {
					return body, next
				}
			}
		}
		if n > uint64(len(next)) {
			return append(body, next...), nil
		}
		body = append(body, next[:n]...)
		b = bytes.TrimPrefix(bytes.TrimPrefix(next[n:], []byte("\r")), []byte("\n"))
	}
}

// tokenIs reports whether a list of tokens holds one, in any case.
func tokenIs(list []byte, token string) bool {
	for t := range bytes.SplitSeq(list, []byte(",")) {
		if strings.EqualFold(string(bytes.TrimSpace(t)), token) {
			return true
		}
	}
	return false
}

func mediaType(v []byte) string {
	t, _, _ := bytes.Cut(v, []byte(";"))
	return strings.ToLower(string(bytes.TrimSpace(t[:min(len(t), 128)])))
}

// request adds what one request says: host, agent, credentials, passages.
func (d *Dialogue) request(q *message, basic Scheme) {
	method, target := q.request()
	var host, kind []byte
	q.each(func(name string, v []byte) {
		switch name {
		case "host", ":authority":
			host = v
		case "user-agent":
			if d.Agent == "" {
				d.Agent = redact(v)
			}
		case "content-type":
			kind = v
		case "authorization", "proxy-authorization":
			d.authorization(v, basic)
		default:
			if tokenHeaders[name] && plausibleToken(v) {
				d.login(credential(HTTPToken, nil, v))
			}
		}
	})
	authority, path := splitTarget(target)
	if bytes.Equal(method, []byte("CONNECT")) {
		authority, path = target, nil
	}
	if user, at, ok := cutLast(authority, '@'); ok {
		name, pass, _ := bytes.Cut(user, []byte(":"))
		s := basic
		if s == HTTPBasic {
			s = HTTPForm
		}
		if len(pass) > 0 {
			d.login(credential(s, unescape(name), unescape(pass)))
		}
		authority = at
	}
	if len(authority) > 0 {
		host = authority
	}
	if h := hostOf(host); h != "" && d.Host == "" {
		d.Host = h
	}
	place, query, _ := bytes.Cut(path, []byte("?"))
	d.pairs(place)
	d.form(query)
	d.body(q.body, mediaType(kind))
	d.say(whatRequest, bytes.Join([][]byte{method, []byte(" "), []byte(hostOf(host)), path}, nil))
	if text(q.body) {
		d.say(whatPayload, q.body)
	}
}

// splitTarget parts an address with scheme into authority and the rest; a
// path has no authority.
func splitTarget(target []byte) (authority, path []byte) {
	i := bytes.Index(target[:min(len(target), 16)], []byte("://"))
	if i < 0 {
		return nil, target
	}
	rest := target[i+3:]
	if j := bytes.IndexAny(rest, "/?"); j >= 0 {
		return rest[:j], rest[j:]
	}
	return rest, nil
}

func cutLast(b []byte, c byte) (before, after []byte, ok bool) {
	i := bytes.LastIndexByte(b, c)
	if i < 0 {
		return nil, b, false
	}
	return b[:i], b[i+1:], true
}

// hostOf returns the host of host and port, in lower case. What stands before
// an @ is a sign-in, which has no place there (RFC 9110, 4.2.4).
func hostOf(b []byte) string {
	b = b[bytes.LastIndexByte(b, '@')+1:]
	if i := bytes.LastIndexByte(b, ':'); i >= 0 && digits(string(b[i+1:])) && bytes.IndexByte(b[i:], ']') < 0 && (bytes.Count(b, []byte(":")) == 1 || b[0] == '[') {
		b = b[:i]
	}
	return hostName(bytes.Trim(b, "[] "))
}

// response adds what one response says.
func (d *Dialogue) response(r *message, kind string) {
	if strings.HasSuffix(kind, "json") && len(r.value("content-encoding")) == 0 {
		for name, value := range jsonPairs(r.body) {
			if n := fold(name); (n == "accesstoken" || n == "refreshtoken" || n == "idtoken") && plausibleToken(value) {
				d.login(credential(HTTPToken, nil, value))
			}
		}
	}
	if (strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "xml") || kind == "text/plain") && text(r.body) {
		d.say(whatPayload, r.body)
	}
}

// probes are the addresses by which systems look whether they are online, as
// their makers document them; the host may be left out.
var probes = []struct{ host, path string }{
	{"", "/generate_204"}, {"", "/gen_204"}, // Android, ChromeOS
	{"", "/hotspot-detect.html"}, {"www.apple.com", "/library/test/success.html"}, {"captive.apple.com", ""}, // Apple
	{"www.msftncsi.com", "/ncsi.txt"}, {"ipv6.msftncsi.com", "/ncsi.txt"}, {"", "/connecttest.txt"}, {"", "/redirect"}, // Windows
	{"detectportal.firefox.com", ""}, {"connectivity-check.ubuntu.com", ""}, {"nmcheck.gnome.org", ""}, {"network-test.debian.org", ""},
	{"", "/kindle-wifi/wifistub.html"}, {"", "/kindle-wifi/wifiredirect.html"}, // Amazon
	{"connectivitycheck.gstatic.com", ""}, {"connectivitycheck.android.com", ""}, {"connectivitycheck.platform.hicloud.com", ""},
	{"connect.rom.miui.com", ""}, {"conn-service-us-04.allawnos.com", ""},
}

// What a request is about.
type matter int

const (
	content           matter = iota // of the product
	aboutCertificates               // what certificates need, see certificateState
	aboutNetwork                    // a look whether the network is there
)

// signalling tells what a request is about; it is no content only where
// nothing else is in it.
func signalling(q *message, method, target []byte) matter {
	authority, path := splitTarget(target)
	if authority == nil {
		authority = q.value("host")
	}
	host := hostOf(authority)
	p, query, _ := strings.Cut(string(path[:min(len(path), 2048)]), "?")
	bare := (bytes.Equal(method, []byte("GET")) || bytes.Equal(method, []byte("HEAD"))) && len(q.body) == 0 && q.value("cookie") == nil &&
		query == "" && len(path) <= 2048
	if query == "" && certificateState(q, bare, p) {
		return aboutCertificates
	}
	if !bare {
		return content
	}
	for _, k := range probes {
		if (k.host == "" || k.host == host) && (k.path == "" || k.path == p) && !(k.path == "/redirect" && !strings.HasSuffix(host, "msftconnecttest.com")) {
			return aboutNetwork
		}
	}
	return content
}

// tunnel reads what goes through a proxy behind CONNECT. RFC 9110, 9.3.6.
func tunnel(d Dialogue, client, server []byte) (Dialogue, bool) {
	r, rest, ok := readMessage(server, true)
	if !ok || r.status()/100 != 2 {
		rest = nil
	}
	if len(client)+len(rest) == 0 {
		return d, true
	}
	if in, ok := tlsStream(client, rest, 0); ok {
		in.Host, in.Agent = d.Host, d.Agent
		in.Credentials = d.Credentials
		if len(d.Credentials) > 0 {
			in.Passages = d.Passages
		}
		return in, true
	}
	in := unknown(client, rest)
	for _, p := range in.Passages {
		if len(d.Passages) < maxPassages {
			d.Passages = append(d.Passages, p)
		}
	}
	return d, true
}

// webSocket reads the frames behind an upgrade. RFC 6455, 5. MQTT in them is
// told as MQTT.
func webSocket(d Dialogue, q *message, client, server []byte) (Dialogue, bool) {
	r, rest, ok := readMessage(server, true)
	if ok && r.status() != 101 {
		return d, true
	}
	if !ok {
		rest = nil
	}
	a, b := frames(client), frames(rest)
	protocols := strings.ToLower(string(q.value("sec-websocket-protocol")))
	if strings.HasPrefix(protocols, "mqtt") {
		if in, ok := mqttStream(a, b, 0); ok {
			in.Host, in.Agent = d.Host, d.Agent
			for _, c := range d.Credentials {
				in.login(c)
			}
			in.More = true
			return in, true
		}
	}
	for _, side := range [][]byte{a, b} {
		if text(side) {
			d.say(whatPayload, side)
		}
	}
	return d, true
}

// frames puts the data of frames together, without their masks.
func frames(b []byte) []byte {
	var out []byte
	for len(b) >= 2 {
		opcode, masked, n := b[0]&15, b[1]&0x80 != 0, uint64(b[1]&0x7f)
		b = b[2:]
		switch {
		case n == 126 && len(b) >= 2:
			n, b = uint64(b[0])<<8|uint64(b[1]), b[2:]
		case n == 127 && len(b) >= 8:
			n = 0
			for _, c := range b[:8] {
				n = n<<8 | uint64(c)
			}
			b = b[8:]
		case n >= 126:
			return out
		}
		var mask [4]byte
		if masked {
			if len(b) < 4 {
				return out
			}
			copy(mask[:], b)
			b = b[4:]
		}
		take := min(n, uint64(len(b)))
		if opcode <= 2 {
			for i, c := range b[:take] {
				out = append(out, c^mask[i&3])
			}
		}
		b = b[take:]
	}
	return out
}
