package capture

import (
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// Bounds of the conversations that are followed at a time.
const (
	maxFlows = 100_000
	maxLooks = 8   // datagrams of a conversation that are looked at
	slab     = 512 // flows that are made at a time
)

// key is a conversation: two ends, the smaller first, so that both directions
// give the same.
type key struct {
	a, b addr
	rest uint64 // port of a, port of b, protocol
}

func (k key) addr(side int) addr {
	if side == 0 {
		return k.a
	}
	return k.b
}

func (k key) port(side int) int {
	if side == 0 {
		return int(k.rest >> 32 & 0xffff)
	}
	return int(k.rest >> 16 & 0xffff)
}

func (k key) proto() uint8 { return uint8(k.rest) }

// keyOf returns the key of a datagram, and which side sent it.
func keyOf(d *datagram) (key, int) {
	s, t := d.src, d.dst
	switch {
	case s.hi < t.hi, s.hi == t.hi && s.lo < t.lo, s == t && d.srcPort <= d.dstPort:
		return key{s, t, uint64(d.srcPort)<<32 | uint64(d.dstPort)<<16 | uint64(d.proto)}, 0
	}
	return key{t, s, uint64(d.dstPort)<<32 | uint64(d.srcPort)<<16 | uint64(d.proto)}, 1
}

// none ends the lists of flows.
const none = -1

// flow is one conversation while it is followed.
type flow struct {
	key          key
	newer, older int32 // by last use
	after, prior int32 // among those that hold bytes, by when they began to
	held         int32 // bytes it holds
	opener       int8  // side that opened it
	sure         bool  // by a SYN
	group        bool  // sent to many
	data         bool  // some payload was seen, not only counted
	names        bool  // it carries lookups: every datagram is looked at
	looks        uint8
	talk         int32  // index into talks; see the values below
	at           int64  // number of its first packet
	time         int64  // of its first packet
	name         string // of the far end, by an earlier lookup
	side         [2]side
	streams      *streams           // TCP, while it is not recognised
	seen         *protocol.Dialogue // datagrams, while more may come
}

// Values of flow.talk.
const (
	unsettled = -1 // not recognised yet
	nowhere   = -2 // its talk is not kept
)

// side is one end of a conversation.
type side struct {
	mac     hardware // its packets came from
	met     bool     // mac and station were looked up
	spoke   bool     // sent something that is no TCP reset
	known   bool     // next is
	synced  bool     // isn is
	station int32    // -1: not at home, or not known
	sent    int64    // bytes of payload
	isn     uint32
	next    uint32 // sequence number of the next byte in order
}

// table is the conversations that are followed.
type table struct {
	index          map[key]int32
	slabs          [][]flow
	used           int32 // of all slabs
	free           int32 // list by flow.older
	newest, oldest int32 // by last use
	first, last    int32 // of those that hold bytes
}

func newTable() table {
	return table{index: map[key]int32{}, free: none, newest: none, oldest: none, first: none, last: none}
}

func (t *table) flow(i int32) *flow { return &t.slabs[i/slab][i%slab] }

// push makes i the newest.
func (t *table) push(i int32) {
	f := t.flow(i)
	f.newer, f.older = none, t.newest
	if t.newest != none {
		t.flow(t.newest).newer = i
	} else {
		t.oldest = i
	}
	t.newest = i
}

// pull takes i out of the list by last use.
func (t *table) pull(i int32) {
	f := t.flow(i)
	if f.newer != none {
		t.flow(f.newer).older = f.older
	} else {
		t.newest = f.older
	}
	if f.older != none {
		t.flow(f.older).newer = f.newer
	} else {
		t.oldest = f.newer
	}
}

// hold puts i at the end of those that hold bytes.
func (t *table) hold(i int32) {
	f := t.flow(i)
	f.after, f.prior = none, t.last
	if t.last != none {
		t.flow(t.last).after = i
	} else {
		t.first = i
	}
	t.last = i
}

// drop takes i out of those that hold bytes.
func (t *table) drop(i int32) {
	f := t.flow(i)
	if f.prior != none {
		t.flow(f.prior).after = f.after
	} else {
		t.first = f.after
	}
	if f.after != none {
		t.flow(f.after).prior = f.prior
	} else {
		t.last = f.prior
	}
}

// slot returns an unused flow, of which there must be less than maxFlows.
func (t *table) slot() int32 {
	if i := t.free; i != none {
		t.free = t.flow(i).older
		return i
	}
	if int(t.used) == slab*len(t.slabs) {
		t.slabs = append(t.slabs, make([]flow, slab))
	}
	t.used++
	return t.used - 1
}

// datagram takes one packet into its conversation.
func (a *analysis) datagram(fr frame, d *datagram) {
	k, from := keyOf(d)
	i, ok := a.index[k]
	if ok {
		if i != a.newest {
			a.pull(i)
			a.push(i)
		}
	} else {
		i = a.begin(k, fr, d, from)
	}
	fl := a.flow(i)
	me := &fl.side[from]
	if !me.met || me.mac != fr.src {
		a.meet(fl, from, fr, d)
	}
	a.count(me.station)
	me.sent += int64(d.size)
	me.spoke = me.spoke || d.proto != protoTCP || d.flags&flagRST == 0
	switch d.proto {
	case protoTCP:
		a.tcp(i, from, d)
	case protoUDP:
		a.udp(i, from, fr.src, d)
	}
}

// begin makes a conversation; the one that was not used for longest makes
// room.
func (a *analysis) begin(k key, fr frame, d *datagram, from int) int32 {
	if len(a.index) == maxFlows {
		a.end(a.oldest)
	}
	i := a.slot()
	fl := a.flow(i)
	*fl = flow{key: k, talk: unsettled, at: a.f.Packets, time: a.now, group: fr.group || d.dst.group()}
	fl.side[0].station, fl.side[1].station = -1, -1
	a.index[k] = i
	a.push(i)
	a.f.Flows++
	a.meet(fl, from, fr, d)
	a.opened(fl, from, d)
	if me := &fl.side[fl.opener]; me.station < 0 && fl.side[1-fl.opener].station < 0 {
		a.fallback(fl, from, fr)
	}
	if s := fl.side[fl.opener].station; s >= 0 && !fl.group {
		fl.name = a.nameOf(s, k.addr(1-int(fl.opener)))
	}
	return i
}

// end takes a conversation out of the table and into its talk.
func (a *analysis) end(i int32) {
	a.settle(i, false)
	fl := a.flow(i)
	a.close(fl)
	delete(a.index, fl.key)
	a.pull(i)
	fl.older, a.free = a.free, i
}

// meet finds out who sends, and what the frame says about the router.
func (a *analysis) meet(fl *flow, from int, fr frame, d *datagram) {
	me, other := &fl.side[from], &fl.side[1-from]
	me.met, me.mac = true, fr.src
	src, dst := a.atHome(d.src) || d.src.unspecified(), a.local(d.dst) || fr.group
	switch {
	case src:
		me.station = a.at(fr.src, d.src)
		if !dst && a.inside(d.src) {
			a.gateway(fr.dst)
		}
	case dst && !fr.group && !d.dst.group():
		if a.inside(d.dst) {
			a.gateway(fr.src)
		}
		if other.station < 0 {
			mac := fr.dst
			if mac.group() {
				mac = 0
			}
			other.station = a.at(mac, d.dst)
		}
	case fr.src != 0:
		if s, ok := a.byMAC[fr.src]; ok && !a.stations[s].gateway {
			me.station = s
			a.own(s, d.src)
		}
	}
}

// fallback makes a station of the one who opened a conversation in which
// nobody is at home by their address.
func (a *analysis) fallback(fl *flow, from int, fr frame) {
	o := int(fl.opener)
	if fl.key.addr(o).group() {
		o = 1 - o
	}
	ip := fl.key.addr(o)
	if ip.group() || ip.unspecified() {
		return
	}
	mac := fr.src
	if o != from {
		if mac = fr.dst; mac.group() {
			mac = 0
		}
	}
	if s, ok := a.byMAC[mac]; ok && mac != 0 && !a.stations[s].gateway {
		fl.side[o].station = s
		a.own(s, ip)
		return
	}
	s := a.at(0, ip)
	if fl.side[o].station = s; s >= 0 {
		a.stations[s].guess = mac
	}
}

// services are ports above 1023 that are called, not called from.
var services = map[uint16]bool{
	1080: true, 1194: true, 1433: true, 1723: true, 1883: true, 1900: true, 2323: true, 3306: true, 3389: true,
	3478: true, 3702: true, 4840: true, 5000: true, 5060: true, 5061: true, 5222: true, 5223: true, 5228: true,
	5353: true, 5355: true, 5432: true, 5540: true, 5683: true, 5684: true, 5900: true, 6379: true, 6666: true,
	6667: true, 6668: true, 7000: true, 8000: true, 8008: true, 8009: true, 8080: true, 8081: true, 8123: true,
	8443: true, 8554: true, 8883: true, 8886: true, 8888: true, 9000: true, 9100: true, 9999: true, 10001: true,
	19302: true, 27017: true, 32100: true, 51820: true,
}

func service(p uint16) bool { return p < 1024 || services[p] }

// opened finds out who opened a conversation: by a SYN; else by the ports, of
// which one is a known service; else the end at home, because routers let
// nothing else in; else, on TCP, the higher port, and on UDP who speaks
// first.
func (a *analysis) opened(fl *flow, from int, d *datagram) {
	fl.opener = int8(from)
	if d.proto == protoTCP && d.flags&flagSYN != 0 {
		fl.sure = true
		if d.flags&flagACK != 0 {
			fl.opener = int8(1 - from)
		}
		return
	}
	if d.proto != protoTCP && d.proto != protoUDP {
		return
	}
	src, dst := a.atHome(d.src), a.local(d.dst)
	switch s, t := service(d.srcPort), service(d.dstPort); {
	case d.srcPort == 67 && d.dstPort == 68, d.srcPort == 547 && d.dstPort == 546: // answers of DHCP
		fl.opener = int8(1 - from)
	case s != t:
		if s && !fl.group {
			fl.opener = int8(1 - from)
		}
	case src != dst:
		if dst && !fl.group {
			fl.opener = int8(1 - from)
		}
	case d.proto == protoTCP && d.srcPort < d.dstPort:
		fl.opener = int8(1 - from)
	}
}

// udp looks at the first datagrams of a conversation, and at every one of
// those that carry names.
func (a *analysis) udp(i int32, from int, mac hardware, d *datagram) {
	fl := a.flow(i)
	if len(d.data) == 0 || !fl.names && fl.talk != unsettled {
		return
	}
	fl.data = true
	g := protocol.Datagram(d.data, int(d.srcPort), int(d.dstPort))
	if g.Protocol == protocol.DNS || g.Protocol == protocol.MDNS {
		fl.names = true
		a.lookups(fl, from, g.Protocol, g.Lookups)
	}
	if g.Lease != nil {
		a.lease(fl, from, mac, g.Lease)
	}
	if fl.talk != unsettled {
		return
	}
	g.Lookups, g.Lease = nil, nil
	if fl.seen == nil {
		fl.seen = &g
		a.keep(i, sizeOf(&g))
	} else {
		before := sizeOf(fl.seen)
		merge(fl.seen, &g)
		a.keep(i, sizeOf(fl.seen)-before)
	}
	if fl.looks++; fl.looks >= maxLooks && fl.talk == unsettled {
		a.settle(i, false)
	}
}
