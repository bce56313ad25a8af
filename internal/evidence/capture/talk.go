package capture

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// Bounds of what is listed.
const (
	maxTalks    = 4096
	maxSessions = 2048
	maxLogins   = 256
	maxReadable = 512
	maxSights   = 8  // of one talk
	maxFar      = 64 // addresses of one talk that are told apart
	maxWeak     = 16
	maxKept     = 8 << 20 // bytes of all that is listed, about
)

// talk is a talk while the capture is read.
type talk struct {
	Talk
	from     addr   // address of the station
	far      []addr // addresses of the far end
	spoke    bool   // the station sent something
	bare     bool   // no payload in either direction
	proto    uint8
	passages int
}

// talkKey tells talks apart.
type talkKey struct {
	station  int32
	far      addr // zero where host names it
	host     string
	proto    uint8
	port     int
	called   bool
	bare     bool
	protocol protocol.Name
	reading  protocol.Reading
	state    bool
}

// seenKey tells apart what a talk showed; text holds all of it.
type seenKey struct {
	talk int32
	text string
}

// resolve enters a conversation into its talk with what was recognised, and
// gives back what it held.
func (a *analysis) resolve(i int32, d *protocol.Dialogue) {
	fl := a.flow(i)
	a.release(i)
	fl.talk = nowhere
	o := int(fl.opener)
	far, called := 1-o, false
	s := a.stationOf(fl, o)
	if s < 0 {
		far, called = o, true
		if s = a.stationOf(fl, 1-o); s < 0 {
			return
		}
	}
	t := a.talk(fl, s, far, called, d)
	if t < 0 {
		return
	}
	fl.talk = t
	if len(d.Lookups) > 0 {
		a.lookups(fl, o, d.Protocol, d.Lookups)
	}
	if d.Lease != nil {
		a.lease(fl, o, fl.side[o].mac, d.Lease)
	}
	if d.Agent != "" && !called && phoneAgent.MatchString(d.Agent) {
		a.stations[s].is("user-agent")
	}
	a.show(fl, t, d)
}

// stationOf returns the station on a side; -1 when there is none.
func (a *analysis) stationOf(fl *flow, side int) int32 {
	if s := fl.side[side].station; s >= 0 {
		return s
	}
	if s, ok := a.byAddr[fl.key.addr(side)]; ok {
		return s
	}
	return -1
}

// talk finds or makes the talk of a conversation; -1 when it is not kept.
func (a *analysis) talk(fl *flow, s int32, far int, called bool, d *protocol.Dialogue) int32 {
	ip := fl.key.addr(far)
	k := talkKey{station: s, proto: fl.key.proto(), port: fl.key.port(1 - int(fl.opener)), called: called,
		bare: !fl.data, protocol: d.Protocol, reading: d.Reading, state: d.CertificateState}
	host, by := "", ""
	if !called {
		host, by = a.host(fl, ip, d)
	}
	if k.host = host; host == "" {
		k.far = ip
	}
	t, ok := a.talkIndex[k]
	if !ok {
		if len(a.talks) == maxTalks || !a.afford(256+len(host)) {
			return nowhere
		}
		t = int32(len(a.talks))
		a.talkIndex[k] = t
		a.talks = append(a.talks, talk{proto: k.proto, bare: k.bare, from: fl.key.addr(1 - far), Talk: Talk{
			Station: int(s), Peer: -1, Host: host, Named: by, Address: ip.String(), Transport: transportName(k.proto),
			Port: k.port, Called: called, Local: fl.group || a.local(ip), Protocol: d.Protocol, Reading: d.Reading, CertificateState: d.CertificateState, At: fl.at,
		}})
	}
	e := &a.talks[t]
	if e.At = min(e.At, fl.at); len(e.far) < maxFar && !slices.Contains(e.far, ip) {
		e.far = append(e.far, ip)
	}
	return t
}

func transportName(p uint8) string {
	switch p {
	case protoTCP:
		return "tcp"
	case protoUDP:
		return "udp"
	case protoICMP, protoICMPv6:
		return "icmp"
	}
	return strconv.Itoa(int(p))
}

// host returns the best name of the far end: the one it was called by, else
// the one that was looked up before, else the one the capture gives.
func (a *analysis) host(fl *flow, ip addr, d *protocol.Dialogue) (name, by string) {
	if h := hostName(d.Host); h != "" {
		switch d.Protocol {
		case protocol.TLS, protocol.DTLS, protocol.QUIC:
			return h, "sni"
		case protocol.HTTP, protocol.RTSP:
			return h, "http"
		}
		return h, string(d.Protocol)
	}
	if fl.name != "" {
		return fl.name, "dns"
	}
	if n := a.given[ip]; n != "" {
		return n, "capture"
	}
	return "", ""
}

// hostName returns a name without its port, and nothing for an address.
func hostName(s string) string {
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.Trim(s[i+1:], "0123456789") == "" {
		s = s[:i]
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil || len(s) > 253 {
		return ""
	}
	return s
}

// afford counts what is listed.
func (a *analysis) afford(n int) bool {
	if a.kept+n > maxKept {
		return false
	}
	a.kept += n
	return true
}

// close counts a conversation that is over.
func (a *analysis) close(fl *flow) {
	if fl.talk < 0 {
		a.f.Lost++
		return
	}
	t := &a.talks[fl.talk]
	o := int(fl.opener)
	me, far := &fl.side[o], &fl.side[1-o]
	if t.Called {
		me, far = far, me
	}
	t.Flows++
	t.Sent += me.sent
	t.Received += far.sent
	t.Answered = t.Answered || far.spoke
	t.spoke = t.spoke || me.spoke
}

// show lists handshake, credentials and passages of a conversation.
func (a *analysis) show(fl *flow, t int32, d *protocol.Dialogue) {
	if d.Handshake != nil {
		a.session(fl, t, *d.Handshake)
	}
	for _, c := range d.Credentials {
		k := seenKey{t, fmt.Sprint(c)}
		if n, ok := a.logins.index[k]; ok {
			a.f.Logins[n].Count++
			a.f.Logins[n].At = min(a.f.Logins[n].At, fl.at)
			continue
		}
		class := loginClass{a.talks[t].Station, c.Secret > 0, a.talks[t].Local}
		if n, ok := a.logins.place(a, k, class, 256, &a.f.More.Logins); ok {
			set(&a.f.Logins, n, Login{Talk: int(t), Credential: c, Count: 1, At: fl.at})
		}
	}
	for _, p := range d.Passages {
		k := seenKey{t, p.What + "\x00" + p.Text}
		if n, ok := a.sightIndex[k]; ok {
			a.f.Readable[n].Count++
			a.f.Readable[n].At = min(a.f.Readable[n].At, fl.at)
			continue
		}
		if len(a.f.Readable) == maxReadable || a.talks[t].passages == maxSights || !a.afford(256) {
			a.f.More.Readable++
			continue
		}
		a.talks[t].passages++
		a.sightIndex[k] = len(a.f.Readable)
		a.f.Readable = append(a.f.Readable, Sight{Talk: int(t), Passage: p, Count: 1, At: fl.at})
	}
}

// session lists a handshake, once for each different one.
func (a *analysis) session(fl *flow, t int32, h protocol.Handshake) {
	k := a.handshakeKey(t, &h)
	if at, ok := a.sessions.index[k]; ok {
		s := &a.f.Sessions[at]
		if s.Count++; fl.at < s.At {
			s.At, s.Time = fl.at, timeOf(fl.time)
		}
		return
	}
	n, ok := a.sessions.place(a, k, a.classOf(t, &h), 256+sizeOf(&protocol.Dialogue{Handshake: &h}), &a.f.More.Sessions)
	if !ok {
		return
	}
	s := Session{Talk: int(t), Handshake: h, Count: 1, At: fl.at}
	if fl.time != 0 {
		s.Time = timeOf(fl.time)
	}
	for _, mild := range []bool{false, true} { // the list has an end: the worst first
		for _, c := range h.Suites {
			w := protocol.SuiteWeakness(c)
			if len(s.Weak) < maxWeak && w != "" && mild == (w == "no-forward-secrecy" || w == "psk-without-dhe") {
				s.Weak = append(s.Weak, protocol.SuiteName(c))
			}
		}
	}
	if h.Version != "" && (h.Suite != 0 || h.Version != "SSL 2.0") { // of SSL 2.0, none was told
		s.Chosen = protocol.SuiteName(h.Suite)
	}
	s.Suites = nil
	set(&a.f.Sessions, n, s)
}

// sessionClass is what a handshake says about the care of station and server;
// a version or a suite that nobody knows is one like another.
type sessionClass struct {
	station  int
	called   bool
	version  string // settled on
	weak     string
	offered  string // the newest
	accepted bool
	shown    bool // certificates
}

func (a *analysis) classOf(t int32, h *protocol.Handshake) sessionClass {
	c := sessionClass{station: a.talks[t].Station, called: a.talks[t].Called, version: h.Version,
		weak: protocol.SuiteWeakness(h.Suite), accepted: h.Encrypted || h.Alert == "", shown: len(h.Certificates) > 0}
	if len(h.Offered) > 0 {
		c.offered = h.Offered[0]
	}
	return c
}

// loginClass is where a secret goes.
type loginClass struct {
	station       int
	secret, local bool
}

// set puts an entry where a shelf says.
func set[T any](list *[]T, at int, v T) {
	if at == len(*list) {
		*list = append(*list, v)
		return
	}
	(*list)[at] = v
}

// handshakeKey tells handshakes of a talk apart. A certificate stands in it by
// its hash.
func (a *analysis) handshakeKey(t int32, h *protocol.Handshake) [32]byte {
	b := binary.LittleEndian.AppendUint32(a.scratch[:0], uint32(t))
	text := func(s string) { b = append(append(b, s...), 0) }
	for _, l := range [][]string{{h.Server, h.Version, h.Alert, strconv.FormatBool(h.Encrypted)}, h.ALPN, h.Offered} {
		for _, s := range l {
			text(s)
		}
		b = append(b, 1)
	}
	for _, s := range h.Suites {
		b = binary.LittleEndian.AppendUint16(b, s)
	}
	b = binary.LittleEndian.AppendUint16(append(b, 1), h.Suite)
	for _, c := range h.Certificates {
		text(c.SHA256)
	}
	a.scratch = b
	return sha256.Sum256(b)
}

// merge adds what a later datagram of a conversation says.
func merge(d, g *protocol.Dialogue) {
	switch {
	case d.Protocol == protocol.Unknown && g.Protocol != protocol.Unknown,
		d.Protocol == g.Protocol && rank(g.Reading) > rank(d.Reading):
		d.Protocol, d.Reading = g.Protocol, g.Reading
	case d.Protocol != g.Protocol:
		return
	}
	d.Host, d.Agent = cmp.Or(d.Host, g.Host), cmp.Or(d.Agent, g.Agent)
	if g.Handshake != nil {
		if d.Handshake == nil {
			d.Handshake = &protocol.Handshake{}
		}
		h, n := d.Handshake, g.Handshake
		h.Server, h.Version, h.Alert = cmp.Or(h.Server, n.Server), cmp.Or(h.Version, n.Version), cmp.Or(h.Alert, n.Alert)
		h.Suite, h.Encrypted = cmp.Or(h.Suite, n.Suite), h.Encrypted || n.Encrypted
		if len(h.Suites) == 0 {
			h.Suites, h.Offered = n.Suites, n.Offered
		}
		if len(h.ALPN) == 0 {
			h.ALPN = n.ALPN
		}
		if len(h.Certificates) == 0 {
			h.Certificates = n.Certificates
		}
	}
	for _, c := range g.Credentials {
		if len(d.Credentials) < 8 && !slices.Contains(d.Credentials, c) {
			d.Credentials = append(d.Credentials, c)
		}
	}
	for _, p := range g.Passages {
		if len(d.Passages) < 8 && !slices.Contains(d.Passages, p) {
			d.Passages = append(d.Passages, p)
		}
	}
}

// rank orders readings by how much a reader on the way learns, so that one
// readable datagram makes a conversation readable.
func rank(r protocol.Reading) int {
	return slices.Index([]protocol.Reading{protocol.Opaque, protocol.Signalling, protocol.Encrypted, protocol.Clear}, r)
}

// sizeOf says about how many bytes a dialogue takes.
func sizeOf(d *protocol.Dialogue) int {
	n := 512 + len(d.Host) + len(d.Agent) + 64*len(d.Credentials)
	for _, p := range d.Passages {
		n += 32 + len(p.Text)
	}
	if h := d.Handshake; h != nil {
		n += 256 + 2*len(h.Suites)
		for _, c := range h.Certificates {
			n += 512
			for _, s := range c.Names {
				n += 16 + len(s)
			}
		}
	}
	return n
}

// arrange brings everything into the order of the first packet, and gives
// the talks their last form.
func (a *analysis) arrange() {
	to := a.join()
	order := make([]int, 0, len(a.talks))
	for i := range a.talks {
		if to[i] == i {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(a.talks[x].At, a.talks[y].At) })
	place := make([]int, len(a.talks))
	for n, i := range order {
		place[i] = n
		t := &a.talks[i]
		t.Address = t.far[0].String()
		t.More = len(t.far) - 1
		if p, ok := a.byAddr[t.far[0]]; ok {
			t.Peer, t.Local = int(p), true
		}
		if a.f.Device >= 0 && t.Peer == a.f.Device && t.Station != t.Peer {
			a.turn(t)
		}
		a.f.Talks = append(a.f.Talks, t.Talk)
	}
	for i := range a.f.Sessions {
		a.f.Sessions[i].Talk = place[to[a.f.Sessions[i].Talk]]
	}
	for i := range a.f.Logins {
		a.f.Logins[i].Talk = place[to[a.f.Logins[i].Talk]]
	}
	for i := range a.f.Readable {
		a.f.Readable[i].Talk = place[to[a.f.Readable[i].Talk]]
	}
	slices.SortStableFunc(a.f.Sessions, func(x, y Session) int { return cmp.Compare(x.At, y.At) })
	slices.SortStableFunc(a.f.Logins, func(x, y Login) int { return cmp.Compare(x.At, y.At) })
	slices.SortStableFunc(a.f.Readable, func(x, y Sight) int { return cmp.Compare(x.At, y.At) })
	slices.SortStableFunc(a.f.Names, func(x, y Asked) int { return cmp.Compare(x.At, y.At) })
}

// turn tells a talk from the side of the product.
func (a *analysis) turn(t *talk) {
	t.Station, t.Peer = t.Peer, t.Station
	t.Sent, t.Received = t.Received, t.Sent
	t.Answered, t.spoke = t.spoke, t.Answered
	t.Called = !t.Called
	t.Host, t.Named, t.Address, t.More = "", "", t.from.String(), 0
}

// join lets a talk without any payload go with the one that has some, where
// the far end and the port are the same. It returns where each talk went.
func (a *analysis) join() []int {
	type end struct {
		station, port int
		called        bool
		proto         uint8
		host          string
		far           addr
	}
	endOf := func(t *talk) end {
		e := end{t.Station, t.Port, t.Called, t.proto, t.Host, addr{}}
		if t.Host == "" {
			e.far = t.far[0]
		}
		return e
	}
	with := map[end]int{}
	for i := range a.talks {
		if t := &a.talks[i]; !t.bare {
			if o, ok := with[endOf(t)]; !ok || t.At < a.talks[o].At {
				with[endOf(t)] = i
			}
		}
	}
	to := make([]int, len(a.talks))
	for i := range a.talks {
		to[i] = i
		t := &a.talks[i]
		o, ok := with[endOf(t)]
		if !t.bare || !ok {
			continue
		}
		to[i] = o
		e := &a.talks[o]
		e.Flows, e.Sent, e.Received = e.Flows+t.Flows, e.Sent+t.Sent, e.Received+t.Received
		e.Answered, e.spoke = e.Answered || t.Answered, e.spoke || t.spoke
		e.At = min(e.At, t.At)
		for _, f := range t.far {
			if len(e.far) < maxFar && !slices.Contains(e.far, f) {
				e.far = append(e.far, f)
			}
		}
	}
	return to
}
