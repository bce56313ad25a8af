package protocol

import (
	"bytes"
	"strings"
)

// Stream says what the beginnings of both directions of a TCP stream say.
// Client is what the side that opened it sent, server what came back; either
// may be empty, and where the opening was not seen they may be the wrong way
// round, which TLS and HTTP notice by themselves. Port is the one that was
// called: a hint, never proof. At most [StreamLen] bytes of each are read; the
// cost is linear in them.
func Stream(client, server []byte, port int) Dialogue {
	client, server = client[:min(len(client), StreamLen)], server[:min(len(server), StreamLen)]
	if len(client) == 0 && len(server) == 0 {
		return Dialogue{Protocol: Unknown, Reading: Signalling, More: true}
	}
	for _, f := range streams {
		if d, ok := f(client, server, port); ok {
			d.More = d.More && (len(client) < StreamLen || len(server) < StreamLen)
			return d
		}
	}
	d := plain(longer(client, server))
	d.More = len(client) < enough && len(server) < enough
	return d
}

// enough bytes of no known form are enough to say so.
const enough = 512

// streams are the recognisers of streams, in the order in which they are
// asked: those with the strictest structure first.
var streams = []func(client, server []byte, port int) (Dialogue, bool){
	tlsStream, sshStream, httpStream, rtspStream, mqttStream, tplinkStream, dnsStream,
	mailStream, ftpStream, telnetStream, modbusStream, coapStream, syslogStream,
}

// Datagram says what one UDP payload says. Ports are hints, but for protocols
// whose form alone says too little.
func Datagram(b []byte, from, to int) Dialogue {
	if len(b) == 0 {
		return Dialogue{Protocol: Unknown, Reading: Signalling}
	}
	is := func(port int) bool { return from == port || to == port }
	switch {
	case is(53), is(5353), is(5355):
		if l, ok := dns(b); ok {
			d := Dialogue{Protocol: DNS, Reading: Signalling, Lookups: l}
			if is(5353) || is(5355) {
				d.Protocol = MDNS
			}
			return d
		}
	case is(67) || is(68):
		if l := dhcp(b); l != nil {
			return Dialogue{Protocol: DHCP, Reading: Signalling, Lease: l}
		}
	case is(546) || is(547):
		if l := dhcp6(b); l != nil {
			return Dialogue{Protocol: DHCP, Reading: Signalling, Lease: l}
		}
	case is(123):
		if ntp(b) {
			return Dialogue{Protocol: NTP, Reading: Signalling}
		}
	}
	for _, f := range datagrams {
		if d, ok := f(b, from, to); ok {
			return d
		}
	}
	return plain(b)
}

var datagrams = []func(b []byte, from, to int) (Dialogue, bool){
	dtls, stun, quic, ssdp, coap, tplink, syslog,
}

// plain judges bytes of no known form: what can be read by eye is clear, the
// rest is opaque. Nothing that is not text is ever called clear here.
func plain(b []byte) Dialogue {
	d := Dialogue{Protocol: Unknown, Reading: Opaque}
	if legible(b) {
		d.Reading = Clear
		d.Passages = []Passage{{What: "payload", Text: redact(b)}}
	}
	return d
}

// legible reports whether at least 85 of 100 bytes are text, of at least 32.
func legible(b []byte) bool {
	b = b[:min(len(b), 2048)]
	if len(b) < 32 {
		return false
	}
	n := 0
	for _, c := range b {
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t' {
			n++
		}
	}
	return n*100 >= len(b)*85
}

func longer(a, b []byte) []byte {
	if len(b) > len(a) {
		return b
	}
	return a
}

// maxPassages and maxCredentials bound a dialogue.
const (
	maxPassages    = 8
	maxCredentials = 8
	maxName        = 255
)

func (d *Dialogue) pass(what string, text []byte) {
	if len(d.Passages) < maxPassages {
		d.Passages = append(d.Passages, Passage{What: what, Text: redact(text)})
	}
}

// login takes in a sign-in, once.
func (d *Dialogue) login(s Scheme, user, secret string) {
	c := credential(s, user, secret)
	for _, x := range d.Credentials {
		if x == c {
			return
		}
	}
	if len(d.Credentials) < maxCredentials {
		d.Credentials = append(d.Credentials, c)
	}
}

func credential(s Scheme, user, secret string) Credential {
	return Credential{
		Scheme: s, User: shorten(user), Secret: len(secret),
		SameUser: secret != "" && user == secret,
		Hardware: hardware(user) || hardware(secret),
	}
}

// shorten keeps four characters of a name.
func shorten(s string) string {
	r := []rune(strings.ToValidUTF8(s, "."))
	for i, c := range r {
		if c < ' ' || c >= 0x7f && c < 0xa0 {
			r[i] = '.'
		}
	}
	if len(r) <= 4 {
		return string(r)
	}
	return string(r[:4]) + "..."
}

// hardware reports whether something is written like a hardware address: 12
// hex digits with at least one of them a figure, with or without separators.
func hardware(s string) bool {
	if len(s) > 24 {
		return false
	}
	n, figures := 0, 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			n, figures = n+1, figures+1
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			n++
		case c == ':' || c == '-' || c == '.':
		default:
			return false
		}
	}
	return n == 12 && figures > 0
}

// line cuts off the first line, without its end.
func line(b []byte) (first, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil, false
	}
	return bytes.TrimSuffix(b[:i], []byte("\r")), b[i+1:], true
}
