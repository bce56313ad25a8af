package capture

import (
	"bytes"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// Bounds of the bytes that are held until a conversation is recognised.
const (
	maxHeld    = 32 << 20 // of all conversations
	maxPending = 16       // segments of one direction that wait for an earlier one
)

// streams are the beginnings of both directions of a TCP connection.
type streams struct {
	half  [2]half
	again int // look again when there are as many bytes
}

// half is one direction. Bytes that are there first stand; what says
// otherwise later is counted.
type half struct {
	buf     []byte
	pending []segment // sorted, without overlap, all behind a gap
	waiting int       // bytes of pending
	stuck   bool      // a gap was never filled: nothing is added any more
}

type segment struct {
	seq  uint32
	data []byte
}

// pool keeps buffers of three sizes.
type pool struct{ free [3][][]byte }

var sizes = [3]int{2 << 10, 8 << 10, protocol.StreamLen}

func class(n int) int {
	for i, s := range sizes {
		if n <= s {
			return i
		}
	}
	return len(sizes) - 1
}

func (p *pool) get(n int) []byte {
	c := class(n)
	if k := len(p.free[c]); k > 0 {
		b := p.free[c][k-1]
		p.free[c] = p.free[c][:k-1]
		return b
	}
	return make([]byte, 0, sizes[c])
}

func (p *pool) put(b []byte) {
	if cap(b) > 0 {
		c := class(cap(b))
		p.free[c] = append(p.free[c], b[:0])
	}
}

// tcp takes one segment.
func (a *analysis) tcp(i int32, from int, d *datagram) {
	fl := a.flow(i)
	me := &fl.side[from]
	if d.flags&flagRST != 0 {
		return
	}
	seq := d.seq
	if d.flags&flagSYN != 0 {
		if again := !me.synced && me.known || me.synced && me.isn != seq; again && (fl.data || fl.talk != unsettled) {
			a.restart(i)
		}
		if seq++; !me.synced || me.isn != d.seq {
			me.synced, me.isn, me.known, me.next = true, d.seq, true, seq
		}
		if !fl.sure || !fl.data && d.flags&flagACK == 0 {
			fl.sure = true
			fl.opener = int8(from)
			if d.flags&flagACK != 0 {
				fl.opener = int8(1 - from)
			}
		}
	}
	b := d.data
	if len(b) == 0 || fl.talk != unsettled {
		return
	}
	if !me.known {
		if len(b) == 1 {
			return // more often a keep-alive than a beginning
		}
		me.known, me.next = true, seq
	}
	off := int32(seq - me.next)
	if off == -1 && len(b) == 1 {
		return // a keep-alive sends one byte again, and any (RFC 9293, 3.8.4)
	}
	if fl.streams == nil {
		fl.streams = a.newStreams()
		a.keep(i, 128)
	}
	fl.data = true
	h := &fl.streams.half[from]
	before := len(h.buf)
	if h.stuck || before == protocol.StreamLen || !a.place(i, h, me, seq, off, b) {
		return
	}
	if fl.talk == unsettled && len(h.buf) > before {
		a.recognise(i, before == 0)
	}
}

// restart ends what two ports were used for before, when they are used anew.
func (a *analysis) restart(i int32) {
	a.settle(i, false)
	fl := a.flow(i)
	a.close(fl)
	a.f.Flows++
	fl.talk, fl.at, fl.time, fl.sure, fl.data = unsettled, a.f.Packets, a.now, false, false
	for s := range fl.side {
		o := &fl.side[s]
		*o = side{mac: o.mac, met: o.met, station: o.station}
	}
}

func (a *analysis) newStreams() *streams {
	if n := len(a.idle); n > 0 {
		s := a.idle[n-1]
		a.idle = a.idle[:n-1]
		return s
	}
	return new(streams)
}

// place puts a segment into its direction. It returns false when the
// conversation had to be settled to make room.
func (a *analysis) place(i int32, h *half, me *side, seq uint32, off int32, b []byte) bool {
	if off < 0 {
		n := min(-int(off), len(b))
		if at := len(h.buf) + int(off); at+n > 0 && len(h.buf) > 0 {
			lo, hi := max(at, 0), min(at+n, len(h.buf))
			if lo < hi && !bytes.Equal(h.buf[lo:hi], b[lo-at:hi-at]) {
				a.f.Overlap++
			}
		}
		b, seq, off = b[n:], seq+uint32(n), 0
		if len(b) == 0 {
			return true
		}
	}
	if off == 0 && len(h.pending) == 0 {
		return a.add(i, h, me, b)
	}
	if off > protocol.StreamLen && len(h.buf) > 0 {
		h.stuck = true
		return true
	}
	if !a.wait(i, h, seq, b) {
		return false
	}
	if len(h.pending) >= maxPending || h.waiting > protocol.StreamLen {
		if len(h.buf) > 0 && me.next != h.pending[0].seq {
			h.stuck = true
			return true
		}
		me.next = h.pending[0].seq // nothing before the gap is there
	}
	return a.advance(i, h, me)
}

// add appends bytes that are in order.
func (a *analysis) add(i int32, h *half, me *side, b []byte) bool {
	me.next += uint32(len(b))
	b = b[:min(len(b), protocol.StreamLen-len(h.buf))]
	if n := len(h.buf) + len(b); n > cap(h.buf) {
		old := cap(h.buf)
		big := append(a.pool.get(n), h.buf...)
		a.pool.put(h.buf)
		h.buf = append(big, b...)
		return a.keep(i, cap(big)-old)
	}
	h.buf = append(h.buf, b...)
	return true
}

// wait keeps a segment until what comes before it is there.
func (a *analysis) wait(i int32, h *half, seq uint32, b []byte) bool {
	ok, differs := true, false
	put := func(at int, b []byte, seq uint32) {
		b = b[:min(len(b), protocol.StreamLen)]
		c := append(a.pool.get(len(b)), b...)
		h.pending = append(h.pending, segment{})
		copy(h.pending[at+1:], h.pending[at:])
		h.pending[at] = segment{seq, c}
		h.waiting += len(c)
	}
	grown := 0
	for at := 0; len(b) > 0 && len(h.pending) <= maxPending; at++ {
		if at == len(h.pending) {
			put(at, b, seq)
			grown += cap(h.pending[at].data)
			break
		}
		s := h.pending[at]
		if before := int32(s.seq - seq); before > 0 {
			n := min(int(before), len(b))
			put(at, b[:n], seq)
			grown += cap(h.pending[at].data)
			b, seq = b[n:], seq+uint32(n)
			continue
		}
		if k := int(seq - s.seq); k < len(s.data) {
			n := min(len(s.data)-k, len(b))
			differs = differs || !bytes.Equal(s.data[k:k+n], b[:n])
			b, seq = b[n:], seq+uint32(n)
		}
	}
	if differs {
		a.f.Overlap++
	}
	if grown > 0 {
		ok = a.keep(i, grown)
	}
	return ok
}

// advance takes in what waits no longer.
func (a *analysis) advance(i int32, h *half, me *side) bool {
	for len(h.pending) > 0 && h.pending[0].seq == me.next {
		s := h.pending[0]
		h.pending = append(h.pending[:0], h.pending[1:]...)
		h.waiting -= len(s.data)
		ok := a.add(i, h, me, s.data)
		if ok {
			a.keep(i, -cap(s.data))
		}
		a.pool.put(s.data)
		if !ok {
			return false
		}
	}
	return true
}

// keep counts bytes that a conversation holds. When all hold too many, those
// that have held theirs for longest are settled with what is there; it
// returns false when this one was among them.
func (a *analysis) keep(i int32, n int) bool {
	fl := a.flow(i)
	if fl.held == 0 && n > 0 {
		a.hold(i)
	}
	fl.held += int32(n)
	a.held += n
	for a.held > maxHeld && a.first != none {
		a.settle(a.first, true)
	}
	return fl.talk == unsettled
}

// recognise asks what a conversation says, when enough was added.
func (a *analysis) recognise(i int32, first bool) {
	fl := a.flow(i)
	s := fl.streams
	o := int(fl.opener)
	client, server := s.half[o].buf, s.half[1-o].buf
	n := len(client) + len(server)
	if n < s.again && !first {
		return
	}
	s.again = n + max(n/2, 256)
	d := protocol.Stream(client, server, fl.key.port(1-o))
	if !d.More || n >= 2*protocol.StreamLen {
		a.resolve(i, &d)
	}
}

// settle recognises a conversation by what is there; hurry says that more may
// come, for which there is no room.
func (a *analysis) settle(i int32, hurry bool) {
	fl := a.flow(i)
	if fl.talk != unsettled {
		return
	}
	d := protocol.Dialogue{Protocol: protocol.Unknown, Reading: protocol.Opaque}
	switch {
	case fl.seen != nil:
		d = *fl.seen
	case fl.streams != nil:
		o := int(fl.opener)
		gap := hurry
		for s := range fl.streams.half {
			gap = gap || fl.streams.half[s].stuck || len(fl.streams.half[s].pending) > 0
			if h := &fl.streams.half[s]; len(h.buf) == 0 && len(h.pending) > 0 {
				h.buf, h.pending[0].data = h.pending[0].data, nil
			}
		}
		d = protocol.Stream(fl.streams.half[o].buf, fl.streams.half[1-o].buf, fl.key.port(1-o))
		if d.More && gap {
			a.f.Gaps++
		}
	case fl.key.proto() == protoESP:
		d.Reading = protocol.Encrypted
	case fl.key.proto() == protoICMP || fl.key.proto() == protoICMPv6 || fl.key.proto() == protoIGMP,
		fl.side[0].sent+fl.side[1].sent == 0:
		d.Reading = protocol.Signalling
	}
	a.resolve(i, &d)
}

// release gives back what a conversation holds.
func (a *analysis) release(i int32) {
	fl := a.flow(i)
	if s := fl.streams; s != nil {
		for n := range s.half {
			h := &s.half[n]
			a.pool.put(h.buf)
			for _, p := range h.pending {
				a.pool.put(p.data)
			}
			*h = half{pending: h.pending[:0]}
		}
		s.again = 0
		a.idle = append(a.idle, s)
	}
	fl.streams, fl.seen = nil, nil
	if fl.held != 0 {
		a.held -= int(fl.held)
		fl.held = 0
		a.drop(i)
	}
}
