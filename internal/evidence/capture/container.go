package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"time"
)

// Bounds of the container formats.
const (
	maxPacket     = 256 << 10 // bytes of one packet that are looked at: the largest snapshot length of libpcap
	maxOptions    = 64 << 10  // bytes of the options of one block that are looked at
	maxInterfaces = 4096      // of one section
	window        = maxPacket + 2*maxOptions
)

// The ways in which a container ends before its end.
var (
	errTruncated = errors.New("the file ends within a packet")
	errBlock     = errors.New("a length in the file cannot be")
)

// packet is one record. Its data is valid until the next is read.
type packet struct {
	data  []byte
	wire  int   // bytes it had on the wire
	at    int64 // nanoseconds since 1970, UTC
	timed bool
	link  int // LINKTYPE number; see linkName
	known bool
}

// container gives packets one after another; io.EOF ends it.
type container interface{ next(*packet) error }

// notes is what a container tells beside packets.
type notes interface {
	comment(text []byte)
	named(address, name []byte)
}

// magicLen is how many bytes tell a container.
const magicLen = 12

// containerOf returns the name of the format by the first bytes: pcap,
// pcapng, or nothing.
func containerOf(head []byte) string {
	if len(head) < magicLen {
		return ""
	}
	if binary.BigEndian.Uint32(head) == 0x0a0d0d0a {
		if b := binary.BigEndian.Uint32(head[8:]); b == 0x1a2b3c4d || b == 0x4d3c2b1a {
			return "pcapng"
		}
		return ""
	}
	if _, _, _, ok := pcapMagic(head); ok {
		return "pcap"
	}
	return ""
}

// pcapMagic reads the magic number of draft-ietf-opsawg-pcap, 4, and that of
// Kuznetzov's older patch with longer records.
func pcapMagic(head []byte) (order binary.ByteOrder, nano bool, record int, ok bool) {
	for _, o := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch o.Uint32(head) {
		case 0xa1b2c3d4:
			return o, false, 16, true
		case 0xa1b23c4d:
			return o, true, 16, true
		case 0xa1b2cd34:
			return o, false, 24, true
		}
	}
	return nil, false, 0, false
}

// open reads the head of a container.
func open(r *bufio.Reader, n notes) (container, string, error) {
	head, err := r.Peek(magicLen)
	if err != nil && err != io.EOF {
		return nil, "", err
	}
	switch containerOf(head) {
	case "pcapng":
		return &pcapng{r: r, notes: n}, "pcapng", nil
	case "pcap":
		head, err := r.Peek(24)
		if len(head) < 24 {
			return nil, "", ended(err)
		}
		p := &pcap{r: r}
		p.order, p.nano, p.record, _ = pcapMagic(head)
		p.link = int(p.order.Uint32(head[20:]) & 0xffff) // above it stands the length of the frame check
		_, err = r.Discard(24)
		return p, "pcap", err
	}
	return nil, "", errors.New("it begins like no capture")
}

// ended makes the end of the input an end within a packet.
func ended(err error) error {
	if err == io.EOF || err == nil {
		return errTruncated
	}
	return err
}

// pcap reads draft-ietf-opsawg-pcap.
type pcap struct {
	r      *bufio.Reader
	order  binary.ByteOrder
	nano   bool
	record int // bytes of the head of a record
	link   int
	rest   int // bytes of the last record that were not passed yet
}

func (c *pcap) next(p *packet) error {
	if c.rest > 0 {
		if _, err := c.r.Discard(c.rest); err != nil {
			return ended(err)
		}
		c.rest = 0
	}
	h, err := c.r.Peek(c.record)
	if len(h) < c.record {
		if len(h) == 0 && err == io.EOF {
			return io.EOF
		}
		return ended(err)
	}
	sec, frac := c.order.Uint32(h), c.order.Uint32(h[4:])
	size, wire := c.order.Uint32(h[8:]), c.order.Uint32(h[12:])
	if size > maxPacket {
		return errBlock
	}
	all := c.record + int(size)
	b, err := c.r.Peek(all)
	if len(b) < all {
		return ended(err)
	}
	c.rest = all
	if !c.nano {
		frac = min(frac, 999_999) * 1000
	}
	*p = packet{data: b[c.record:], wire: int(max(wire, size)), at: int64(sec)*1e9 + int64(min(frac, 999_999_999)), timed: true, link: c.link, known: true}
	return nil
}

// pcapng reads draft-ietf-opsawg-pcapng.
type pcapng struct {
	r     *bufio.Reader
	notes notes
	order binary.ByteOrder
	ifs   []iface
	total uint32 // length of the block that is read; 0: none is
	left  int64  // bytes of it that were not passed yet, without the last four
}

// iface is one interface description.
type iface struct {
	link   int
	snap   uint32
	res    byte  // if_tsresol
	offset int64 // seconds; if_tsoffset
}

// Block types of draft-ietf-opsawg-pcapng, 4.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockOld       = 2
	blockSimple    = 3
	blockNames     = 4
	blockPacket    = 6
)

func (c *pcapng) next(p *packet) error {
	for {
		if err := c.leave(); err != nil {
			return err
		}
		typ, err := c.enter()
		if err != nil {
			return err
		}
		found := false
		switch typ {
		case blockSection:
			err = c.section()
		case blockInterface:
			err = c.describe()
		case blockNames:
			err = c.names()
		case blockPacket, blockOld:
			found, err = true, c.packet(p, typ == blockOld)
		case blockSimple:
			found, err = true, c.simple(p)
		}
		if found || err != nil {
			return err
		}
	}
}

// leave passes what is left of a block, and compares its length with the
// second one at its end.
func (c *pcapng) leave() error {
	if c.total == 0 {
		return nil
	}
	for c.left > 0 {
		n, err := c.r.Discard(int(min(c.left, 1<<30)))
		c.left -= int64(n)
		if err != nil {
			return ended(err)
		}
	}
	b, err := c.r.Peek(4)
	if len(b) < 4 {
		return ended(err)
	}
	if c.order.Uint32(b) != c.total {
		return errBlock
	}
	c.total = 0
	_, err = c.r.Discard(4)
	return err
}

// enter reads type and length of the next block.
func (c *pcapng) enter() (uint32, error) {
	h, err := c.r.Peek(8)
	if len(h) == 0 && err == io.EOF {
		return 0, io.EOF
	}
	if len(h) < 8 {
		return 0, ended(err)
	}
	if binary.BigEndian.Uint32(h) == blockSection {
		if h, err = c.r.Peek(12); len(h) < 12 {
			return 0, ended(err)
		}
		switch uint32(0x1a2b3c4d) {
		case binary.LittleEndian.Uint32(h[8:]):
			c.order = binary.LittleEndian
		case binary.BigEndian.Uint32(h[8:]):
			c.order = binary.BigEndian
		default:
			return 0, errBlock
		}
	}
	typ, total := c.order.Uint32(h), c.order.Uint32(h[4:])
	if total < 12 || total%4 != 0 {
		return 0, errBlock
	}
	c.total, c.left = total, int64(total)-12
	_, err = c.r.Discard(8)
	return typ, err
}

// body returns the beginning of a block's body: at least least bytes, at most
// most.
func (c *pcapng) body(least, most int) ([]byte, error) {
	if c.left < int64(least) {
		return nil, errBlock
	}
	n := int(min(c.left, int64(most)))
	b, err := c.r.Peek(n)
	if len(b) < n {
		return nil, ended(err)
	}
	return b, nil
}

func (c *pcapng) section() error {
	b, err := c.body(16, maxOptions)
	if err != nil {
		return err
	}
	if major := c.order.Uint16(b[4:]); major != 1 {
		return errBlock
	}
	c.ifs = c.ifs[:0]
	c.options(b[16:], nil)
	return nil
}

// options walks options and hands on comments; f may be nil.
func (c *pcapng) options(b []byte, f func(code uint16, v []byte)) {
	for len(b) >= 4 {
		code, n := c.order.Uint16(b), int(c.order.Uint16(b[2:]))
		if code == 0 || n > len(b)-4 {
			return
		}
		if v := b[4 : 4+n]; code == 1 {
			c.notes.comment(v)
		} else if f != nil {
			f(code, v)
		}
		b = b[min(len(b), 4+(n+3)&^3):]
	}
}

func (c *pcapng) describe() error {
	b, err := c.body(8, maxOptions)
	if err != nil {
		return err
	}
	if len(c.ifs) == maxInterfaces {
		return errBlock
	}
	i := iface{link: int(c.order.Uint16(b)), snap: c.order.Uint32(b[4:]), res: 6}
	c.options(b[8:], func(code uint16, v []byte) {
		switch {
		case code == 9 && len(v) == 1:
			i.res = v[0]
		case code == 14 && len(v) == 8:
			i.offset = int64(c.order.Uint64(v))
		}
	})
	c.ifs = append(c.ifs, i)
	return nil
}

// names reads a block of names that the tool which took the capture knew.
func (c *pcapng) names() error {
	b, err := c.body(0, maxOptions)
	if err != nil {
		return err
	}
	for len(b) >= 4 {
		typ, n := c.order.Uint16(b), int(c.order.Uint16(b[2:]))
		if typ == 0 || n > len(b)-4 {
			return nil
		}
		v := b[4 : 4+n]
		size := map[uint16]int{1: 4, 2: 16}[typ]
		if size > 0 && n > size {
			for i, name := size, v[size:]; i < n; i++ {
				if v[i] == 0 { // the first of several names
					c.notes.named(v[:size], name[:i-size])
					break
				}
			}
		}
		b = b[min(len(b), 4+(n+3)&^3):]
	}
	return nil
}

// packet reads an enhanced packet block, or its predecessor.
func (c *pcapng) packet(p *packet, old bool) error {
	h, err := c.body(20, 20)
	if err != nil {
		return err
	}
	id := c.order.Uint32(h)
	if old {
		id = uint32(c.order.Uint16(h))
	}
	units := uint64(c.order.Uint32(h[4:]))<<32 | uint64(c.order.Uint32(h[8:]))
	size, wire := c.order.Uint32(h[12:]), c.order.Uint32(h[16:])
	if int64(size) > c.left-20 {
		return errBlock
	}
	seen := int(min(size, maxPacket))
	padded := (int64(size) + 3) &^ 3
	most := 20 + seen
	if seen == int(size) {
		most = int(min(20+padded+maxOptions, c.left))
	}
	b, err := c.body(20+seen, most)
	if err != nil {
		return err
	}
	*p = packet{data: b[20 : 20+seen], wire: int(max(wire, size))}
	if int64(id) < int64(len(c.ifs)) {
		i := c.ifs[id]
		p.link, p.known = i.link, true
		p.at, p.timed = i.time(units)
	}
	if o := 20 + padded; o < int64(len(b)) {
		c.options(b[o:], nil)
	}
	return nil
}

// simple reads a simple packet block, which has neither time nor interface:
// it belongs to the first.
func (c *pcapng) simple(p *packet) error {
	h, err := c.body(4, 4)
	if err != nil {
		return err
	}
	wire := c.order.Uint32(h)
	size := int64(wire)
	*p = packet{wire: int(wire)}
	if len(c.ifs) > 0 {
		p.link, p.known = c.ifs[0].link, true
		if s := c.ifs[0].snap; s > 0 {
			size = min(size, int64(s))
		}
	}
	size = min(size, c.left-4, maxPacket)
	b, err := c.body(4+int(size), 4+int(size))
	if err != nil {
		return err
	}
	p.data = b[4:]
	return nil
}

// time turns units of an interface into nanoseconds since 1970; false where
// that leaves the years that a time can be written in.
func (i iface) time(units uint64) (int64, bool) {
	var sec, nano uint64
	n := uint(i.res & 0x7f)
	switch {
	case i.res&0x80 != 0 && n < 64:
		sec = units >> n
		hi, lo := bits.Mul64(units&(1<<n-1), 1e9)
		nano = hi<<(64-n) | lo>>n // n of 0: nothing is left to shift
	case i.res&0x80 != 0 || n > 19:
		return 0, false
	default:
		per := uint64(1)
		for range n {
			per *= 10
		}
		sec = units / per
		hi, lo := bits.Mul64(units%per, 1e9)
		nano, _ = bits.Div64(hi, lo, per)
	}
	const most = 1 << 32 // seconds; the year 2106
	if sec > most || i.offset > most || i.offset < -most {
		return 0, false
	}
	s := int64(sec) + i.offset
	if s < 0 || s > most {
		return 0, false
	}
	return s*1e9 + int64(nano), true
}

func timeOf(ns int64) time.Time { return time.Unix(0, ns).UTC() }
