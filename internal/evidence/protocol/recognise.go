package protocol

// Stream says what the beginnings of both directions of a TCP stream say.
//
// client is what the side sent that opened it, server what the other side
// sent, both in order; each may be empty, when only one side was seen, may
// start in the middle, and the two may be swapped, when nobody saw who opened
// the stream: what the bytes say goes over what the caller says. port is the
// port of the server; it only helps where the structure leaves a doubt and
// never proves anything. At most StreamLen bytes of each side are looked at.
//
// A call costs time linear in the bytes given, and keeps nothing. Called
// again with beginnings that grow by a constant factor, all calls together
// are linear as well.
func Stream(client, server []byte, port int) Dialogue {
	client, server = client[:min(len(client), StreamLen)], server[:min(len(server), StreamLen)]
	s := stream{client, server, port}
	d := s.recognise()
	if len(client) == StreamLen && len(server) == StreamLen {
		d.More = false
	}
	return d
}

// stream is both beginnings. A recogniser returns false when the bytes are
// not of its protocol, or are not enough to tell.
type stream struct {
	client, server []byte
	port           int
}

type streamRecogniser func(client, server []byte, port int) (Dialogue, bool)

// streamRecognisers are asked in order: those first that cannot be taken for
// another. Each is asked with both sides as given and then swapped.
var streamRecognisers = []streamRecogniser{
	tlsStream, ssl2Stream, sshStream, http2Stream, httpStream, rtspStream, mqttStream, dnsStream,
	tplinkStream, stunStream, mailStream, telnetStream, modbusStream, coapStream, syslogStream,
}

func (s stream) recognise() Dialogue {
	if len(s.client)+len(s.server) == 0 {
		return Dialogue{Protocol: Unknown, Reading: Signalling, More: true}
	}
	for _, r := range streamRecognisers {
		if d, ok := r(s.client, s.server, s.port); ok {
			return d
		}
		if d, ok := r(s.server, s.client, s.port); ok {
			return d
		}
	}
	d := unknown(s.client, s.server)
	// A protocol that begins late (a proxy's head, a banner) may show yet.
	d.More = len(s.client)+len(s.server) < 4096
	return d
}

// Datagram says what one UDP payload says. from and to are its ports; they
// help where the structure leaves a doubt and never prove anything. More is
// always false. A call costs time linear in the bytes, and at most 64 kB are
// looked at.
func Datagram(b []byte, from, to int) Dialogue {
	b = b[:min(len(b), 64<<10)]
	if len(b) == 0 {
		return Dialogue{Protocol: Unknown, Reading: Signalling}
	}
	for _, r := range datagramRecognisers {
		if d, ok := r(b, from, to); ok {
			return d
		}
	}
	return unknown(b, nil)
}

type datagramRecogniser func(b []byte, from, to int) (Dialogue, bool)

var datagramRecognisers = []datagramRecogniser{
	dnsDatagram, dhcpDatagram, dhcp6Datagram, stunDatagram, dtlsDatagram, quicDatagram, tplinkDatagram, ntpDatagram,
	ssdpDatagram, netbiosDatagram, coapDatagram, syslogDatagram,
}

// either reports whether one of two ports is one of those wanted.
func either(from, to int, want ...int) bool {
	for _, w := range want {
		if from == w || to == w {
			return true
		}
	}
	return false
}
