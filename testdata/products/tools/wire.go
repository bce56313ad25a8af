package main

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// host is somebody on the line. Hosts in the internet have the router's
// hardware address, as seen from the home.
type host struct {
	mac  [6]byte
	ip   netip.Addr
	name string
}

// line is a capture while it is made: frames with their times.
type line struct {
	now    time.Time
	frames []frame
	ports  uint16 // last port that was given to a caller
	err    error
}

type frame struct {
	at   time.Time
	data []byte
}

// put enters a frame, a few milliseconds after the one before.
func (l *line) put(b []byte) {
	l.frames = append(l.frames, frame{l.now, b})
	l.now = l.now.Add(time.Duration(3+len(l.frames)%5) * time.Millisecond)
}

// wait lets time pass.
func (l *line) wait(d time.Duration) { l.now = l.now.Add(d) }

// port returns a port for somebody who calls.
func (l *line) port() uint16 {
	l.ports++
	return 49152 + l.ports*7
}

// ip enters a packet of IPv4 with a right checksum.
func (l *line) ip(from, to host, proto byte, payload []byte) {
	h := make([]byte, 20, 20+len(payload))
	h[0], h[8], h[9], h[6] = 0x45, 64, proto, 0x40
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(payload)))
	binary.BigEndian.PutUint16(h[4:], uint16(len(l.frames)))
	copy(h[12:], from.ip.AsSlice())
	copy(h[16:], to.ip.AsSlice())
	binary.BigEndian.PutUint16(h[10:], sumOf(h))
	var b []byte
	b = append(b, to.mac[:]...)
	b = append(b, from.mac[:]...)
	b = append(b, 0x08, 0x00)
	b = append(append(b, h...), payload...)
	if n := 60 - len(b); n > 0 {
		b = append(b, make([]byte, n)...)
	}
	l.put(b)
}

// sumOf is the checksum of IP (RFC 1071).
func sumOf(parts ...[]byte) uint16 {
	var s uint32
	for _, b := range parts {
		for i := 0; i+1 < len(b); i += 2 {
			s += uint32(binary.BigEndian.Uint16(b[i:]))
		}
		if len(b)%2 == 1 {
			s += uint32(b[len(b)-1]) << 8
		}
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

func pseudo(from, to host, proto byte, n int) []byte {
	b := append(from.ip.AsSlice(), to.ip.AsSlice()...)
	return binary.BigEndian.AppendUint16(append(b, 0, proto), uint16(n))
}

// udp enters a datagram.
func (l *line) udp(from host, fromPort uint16, to host, toPort uint16, payload []byte) {
	b := make([]byte, 8, 8+len(payload))
	binary.BigEndian.PutUint16(b, fromPort)
	binary.BigEndian.PutUint16(b[2:], toPort)
	binary.BigEndian.PutUint16(b[4:], uint16(8+len(payload)))
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[6:], sumOf(pseudo(from, to, 17, len(b)), b))
	l.ip(from, to, 17, b)
}

// turn is what one side of a connection says before the other answers.
type turn struct {
	back bool // the server's
	data []byte
}

func says(texts ...string) []turn {
	var out []turn
	for i, t := range texts {
		out = append(out, turn{i%2 == 1, []byte(t)})
	}
	return out
}

// tcp enters a connection, from the SYN to both FIN.
func (l *line) tcp(client, server host, port uint16, turns []turn) {
	const syn, fin, psh, ack = 0x02, 0x01, 0x08, 0x10
	own := l.port()
	seq := map[bool]uint32{false: 0x10000000 + uint32(own), true: 0x20000000 + uint32(own)}
	segment := func(back bool, flags byte, data []byte) {
		from, to, fp, tp := client, server, own, port
		if back {
			from, to, fp, tp = server, client, port, own
		}
		b := make([]byte, 20, 20+len(data))
		binary.BigEndian.PutUint16(b, fp)
		binary.BigEndian.PutUint16(b[2:], tp)
		binary.BigEndian.PutUint32(b[4:], seq[back])
		if flags&ack != 0 {
			binary.BigEndian.PutUint32(b[8:], seq[!back])
		}
		b[12], b[13] = 5<<4, flags
		binary.BigEndian.PutUint16(b[14:], 64240)
		b = append(b, data...)
		binary.BigEndian.PutUint16(b[16:], sumOf(pseudo(from, to, 6, len(b)), b))
		l.ip(from, to, 6, b)
		seq[back] += uint32(len(data))
		if flags&(syn|fin) != 0 {
			seq[back]++
		}
	}
	segment(false, syn, nil)
	segment(true, syn|ack, nil)
	segment(false, ack, nil)
	for _, t := range turns {
		for d := t.data; len(d) > 0; {
			n := min(len(d), 1400)
			segment(t.back, psh|ack, d[:n])
			d = d[n:]
		}
		segment(!t.back, ack, nil)
	}
	segment(false, fin|ack, nil)
	segment(true, fin|ack, nil)
	segment(false, ack, nil)
}

// wire is one end of a pipe that notes what is said.
type wire struct {
	net.Conn
	back bool
	said *[]turn
}

func (w wire) Write(b []byte) (int, error) {
	// The pipe hands over while the other side reads, so that the order of
	// what is noted is that of the conversation.
	*w.said = append(*w.said, turn{w.back, bytes.Clone(b)})
	return w.Conn.Write(b)
}

// tls enters a real handshake between a client and a server of crypto/tls,
// with something said in it.
func (l *line) tls(client, server host, port uint16, c, s *tls.Config, talk []turn) {
	at := l.now
	c.Time, s.Time = func() time.Time { return at }, func() time.Time { return at }
	s.SessionTicketsDisabled = true
	near, far := net.Pipe()
	var said []turn
	cc, sc := tls.Client(wire{near, false, &said}, c), tls.Server(wire{far, true, &said}, s)
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			if err := sc.Handshake(); err != nil {
				return err
			}
			for _, t := range talk {
				if err := step(sc, t.back, t.data); err != nil {
					return err
				}
			}
			return nil
		}()
	}()
	err := cc.Handshake()
	for _, t := range talk {
		if err == nil {
			err = step(cc, !t.back, t.data)
		}
	}
	near.Close()
	if other := <-done; err == nil {
		err = other
	}
	far.Close()
	if err != nil && l.err == nil {
		l.err = fmt.Errorf("%s to %s: %w", client.name, server.name, err)
	}
	l.tcp(client, server, port, said)
}

func step(c *tls.Conn, mine bool, data []byte) error {
	if mine {
		_, err := c.Write(data)
		return err
	}
	_, err := io.ReadFull(c, make([]byte, len(data)))
	return err
}

// lookup enters a question about a name and its answer.
func (l *line) lookup(who, resolver host, far host) {
	port := l.port()
	q := dnsmessage.Question{Name: dnsmessage.MustNewName(far.name + "."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
	h := dnsmessage.Header{ID: port, RecursionDesired: true}
	l.message(who, port, resolver, 53, dnsmessage.Message{Header: h, Questions: []dnsmessage.Question{q}})
	h.Response, h.RecursionAvailable = true, true
	l.message(resolver, 53, who, port, dnsmessage.Message{Header: h, Questions: []dnsmessage.Question{q}, Answers: []dnsmessage.Resource{{
		Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 300}, Body: &dnsmessage.AResource{A: far.ip.As4()},
	}}})
}

func (l *line) message(from host, fp uint16, to host, tp uint16, m dnsmessage.Message) {
	b, err := m.Pack()
	if err != nil && l.err == nil {
		l.err = err
	}
	l.udp(from, fp, to, tp, b)
}

// lease enters how somebody gets an address by DHCP (RFC 2131); options are
// those of the client beside its kind of message.
func (l *line) lease(who, router host, options map[byte]string) {
	all := host{mac: [6]byte{255, 255, 255, 255, 255, 255}, ip: netip.MustParseAddr("255.255.255.255")}
	nobody := host{mac: who.mac, ip: netip.IPv4Unspecified()}
	say := func(op, kind byte, more ...byte) []byte {
		b := make([]byte, 240)
		b[0], b[1], b[2] = op, 1, 6
		copy(b[4:], who.mac[2:])
		if op == 2 {
			copy(b[16:], who.ip.AsSlice())
		}
		copy(b[28:], who.mac[:])
		copy(b[236:], []byte{99, 130, 83, 99})
		b = append(b, 53, 1, kind)
		b = append(b, more...)
		return append(b, 255)
	}
	var asks []byte
	for _, o := range []byte{12, 60, 161} {
		if v := options[o]; v != "" {
			asks = append(append(asks, o, byte(len(v))), v...)
		}
	}
	asks = append(asks, 55, 4, 1, 3, 6, 42)
	r := router.ip.AsSlice()
	gives := append([]byte{54, 4}, r...)
	gives = append(append(gives, 51, 4, 0, 1, 0x51, 0x80, 1, 4, 255, 255, 255, 0, 3, 4), r...)
	gives = append(append(append(append(gives, 6, 4), r...), 42, 4), r...)
	l.udp(nobody, 68, all, 67, say(1, 1, asks...))
	l.udp(router, 67, who, 68, say(2, 2, gives...))
	l.udp(nobody, 68, all, 67, say(1, 3, asks...))
	l.udp(router, 67, who, 68, say(2, 5, gives...))
}

// clock enters a question for the time and its answer (RFC 5905).
func (l *line) clock(who, server host) {
	q := make([]byte, 48)
	q[0] = 0x23 // version 4, client
	stamp := func(at time.Time, b []byte) {
		binary.BigEndian.PutUint32(b, uint32(at.Unix()+2208988800))
		binary.BigEndian.PutUint32(b[4:], uint32(uint64(at.Nanosecond())<<32/1_000_000_000))
	}
	stamp(l.now, q[40:])
	port := l.port()
	l.udp(who, port, server, 123, q)
	a := make([]byte, 48)
	a[0], a[1], a[2], a[3] = 0x24, 2, 6, 0xe9
	copy(a[24:], q[40:])
	for _, at := range []int{16, 32, 40} {
		stamp(l.now, a[at:])
	}
	l.udp(server, 123, who, port, a)
}

// mqtt packets of version 3.1.1.
func mqttConnect(client, user, password string) []byte {
	text := func(s string) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...) }
	flags, tail := byte(2), text(client)
	if user != "" {
		flags |= 0x80
		tail = append(tail, text(user)...)
	}
	if password != "" {
		flags |= 0x40
		tail = append(tail, text(password)...)
	}
	body := append(append(text("MQTT"), 4, flags, 0, 60), tail...)
	return append([]byte{0x10, byte(len(body))}, body...)
}

func mqttPublish(topic, payload string) []byte {
	body := append(binary.BigEndian.AppendUint16(nil, uint16(len(topic))), topic+payload...)
	return append([]byte{0x30, byte(len(body))}, body...)
}

// mqtt is a session of MQTT: connect, answer, one message.
func mqtt(client, user, password, topic, payload string) []turn {
	return []turn{{false, mqttConnect(client, user, password)}, {true, []byte{0x20, 2, 0, 0}}, {false, mqttPublish(topic, payload)}}
}

// https is a request and its answer.
func get(host, path, agent, body string, headers ...string) []turn {
	h := ""
	for _, x := range headers {
		h += x + "\r\n"
	}
	return says(
		fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n%sConnection: close\r\n\r\n", path, host, agent, h),
		fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
}

// pcap writes the frames in the classic format.
func (l *line) pcap() []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b2c3d4)
	b = le.AppendUint16(le.AppendUint16(b, 2), 4)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(le.AppendUint32(b, 262144), 1)
	for _, f := range l.frames {
		b = le.AppendUint32(le.AppendUint32(b, uint32(f.at.Unix())), uint32(f.at.Nanosecond()/1000))
		b = le.AppendUint32(le.AppendUint32(b, uint32(len(f.data))), uint32(len(f.data)))
		b = append(b, f.data...)
	}
	return b
}

// pcapng writes the frames as one section, with a comment on it.
func (l *line) pcapng(comment string) []byte {
	le := binary.LittleEndian
	block := func(b []byte, kind uint32, body []byte) []byte {
		body = append(body, make([]byte, -len(body)&3)...)
		b = le.AppendUint32(le.AppendUint32(b, kind), uint32(12+len(body)))
		return le.AppendUint32(append(b, body...), uint32(12+len(body)))
	}
	head := le.AppendUint32(nil, 0x1a2b3c4d)
	head = le.AppendUint16(le.AppendUint16(head, 1), 0)
	head = append(head, bytes.Repeat([]byte{255}, 8)...)
	if comment != "" {
		head = le.AppendUint16(le.AppendUint16(head, 1), uint16(len(comment)))
		head = append(append(head, comment...), make([]byte, -len(comment)&3)...)
		head = append(head, 0, 0, 0, 0)
	}
	b := block(nil, 0x0a0d0d0a, head)
	b = block(b, 1, le.AppendUint32(le.AppendUint16(le.AppendUint16(nil, 1), 0), 262144))
	for _, f := range l.frames {
		us := uint64(f.at.UnixMicro())
		p := le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, 0), uint32(us>>32)), uint32(us))
		p = le.AppendUint32(le.AppendUint32(p, uint32(len(f.data))), uint32(len(f.data)))
		b = block(b, 6, append(p, f.data...))
	}
	return b
}

// mac reads a hardware address.
func mac(s string) (m [6]byte) {
	h, err := net.ParseMAC(s)
	if err != nil {
		panic(err) // a constant of this program
	}
	copy(m[:], h)
	return m
}

func at(m, ip, name string) host { return host{mac(m), netip.MustParseAddr(ip), strings.ToLower(name)} }
