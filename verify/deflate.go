package verify

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// gzip is unpacked here, where all of it is in memory already, in a third of
// the time of compress/flate. What is wrong goes to compress/gzip, which says
// why; what is taken has its length and CRC.

// Sizes of DEFLATE (RFC 1951).
const (
	gzipHeader  = 10
	gzipTrailer = 8
	maxRatio    = 1_032 // a match of 258 bytes takes two bits at least
	endOfBlock  = 256
	literals    = 286
	distances   = 30
	quickBits   = 9 // of codes that are found in one step
)

var (
	lengthBase   = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra  = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase     = [distances]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distExtra    = [distances]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	lengthsOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// codes is a set of Huffman codes (RFC 1951, 3.2.2).
type codes struct {
	quick  [1 << quickBits]uint16 // by the next bits: the symbol, and in the lowest four bits the length of its code; 0 for a longer one
	count  [16]uint16             // of codes of each length
	symbol [literals + 2]uint16   // in the order of their codes
}

// build makes the set from the lengths of its codes. They must use up all
// codes, but for a set of none, or of one with a single bit.
func (h *codes) build(lengths []uint8) bool {
	h.count, h.quick = [16]uint16{}, [1 << quickBits]uint16{}
	for _, l := range lengths {
		h.count[l]++
	}
	h.count[0] = 0
	var next, at [16]uint16
	left, all := 1, 0
	for l := 1; l < 16; l++ {
		n := int(h.count[l])
		if left = left<<1 - n; left < 0 {
			return false
		}
		next[l], at[l] = (next[l-1]+h.count[l-1])<<1, at[l-1]+h.count[l-1]
		all += n
	}
	if left > 0 && all > 0 && (all > 1 || h.count[1] != 1) {
		return false
	}
	for s, l := range lengths {
		if l == 0 {
			continue
		}
		h.symbol[at[l]] = uint16(s)
		at[l]++
		if l <= quickBits {
			for i := bits.Reverse16(next[l]) >> (16 - l); i < 1<<quickBits; i += 1 << l {
				h.quick[i] = uint16(s)<<4 | uint16(l)
			}
		}
		next[l]++
	}
	return true
}

// find gives the symbol that comes next and how many bits its code has; none,
// when there is no such code.
func (h *codes) find(next uint64) (symbol, length uint) {
	if q := uint(h.quick[next&(1<<quickBits-1)]); q != 0 {
		return q >> 4, q & 15
	}
	return h.search(next)
}

// search is find bit by bit.
func (h *codes) search(next uint64) (symbol, length uint) {
	code, first, index := 0, 0, 0
	for l := 1; l < 16; l++ {
		code |= int(next & 1)
		next >>= 1
		n := int(h.count[l])
		if code-n < first {
			return uint(h.symbol[index+code-first]), uint(l)
		}
		index, first, code = index+n, (first+n)<<1, code<<1
	}
	return 0, 0
}

// deflated is what is unpacked, and how far.
type deflated struct {
	in   []byte
	i    int    // of the next byte
	acc  uint64 // the next bits, the first the lowest
	n    uint   // of them
	over bool   // more bits were taken than there are

	out []byte
	o   int // of the next byte

	lit, dist, lens codes
}

// fill brings the bits to 56 at least, where there are so many.
func (d *deflated) fill() {
	if len(d.in)-d.i >= 8 {
		d.acc |= binary.LittleEndian.Uint64(d.in[d.i:]) << d.n
		d.i += int(63-d.n) >> 3
		d.n |= 56
		return
	}
	for ; d.n <= 56 && d.i < len(d.in); d.i++ {
		d.acc |= uint64(d.in[d.i]) << d.n
		d.n += 8
	}
}

func (d *deflated) drop(n uint) {
	d.over = d.over || n > d.n
	d.acc, d.n = d.acc>>(n&63), d.n-n
}

func (d *deflated) take(n uint) uint {
	v := uint(d.acc & (1<<n - 1))
	d.drop(n)
	return v
}

// unpack unpacks one member of gzip with a header of ten bytes, of at most so
// many bytes, after which nothing follows.
func (d *deflated) unpack(z []byte, most int) ([]byte, bool) {
	end := len(z) - gzipTrailer
	if end < gzipHeader {
		return nil, false
	}
	sum, size := binary.LittleEndian.Uint32(z[end:]), binary.LittleEndian.Uint32(z[end+4:])
	if uint64(size) > uint64(most) || int(size)/maxRatio > end {
		return nil, false
	}
	b, ok := d.inflate(z[gzipHeader:end], int(size))
	return b, ok && len(b) == int(size) && crc32.ChecksumIEEE(b) == sum
}

// inflate unpacks DEFLATE that all of in is, of at most so many bytes.
func (d *deflated) inflate(in []byte, most int) ([]byte, bool) {
	d.in, d.i, d.acc, d.n, d.over = in, 0, 0, 0, false
	d.out, d.o = make([]byte, most), 0
	for last := uint(0); last == 0; {
		d.fill()
		last = d.take(1)
		ok := false
		switch d.take(2) {
		case 0:
			ok = d.stored()
		case 1:
			ok = d.fixed() && d.block()
		case 2:
			ok = d.dynamic() && d.block()
		}
		if !ok || d.over {
			return nil, false
		}
	}
	return d.out[:d.o], d.i-int(d.n/8) == len(d.in)
}

// stored takes a block that is not compressed (RFC 1951, 3.2.4). An empty one
// is how compress/flate ends.
func (d *deflated) stored() bool {
	d.drop(d.n % 8)
	n, not := d.take(16), d.take(16)
	d.i -= int(d.n / 8)
	d.acc, d.n = 0, 0
	if n != not^0xffff || d.over || int(n) > len(d.in)-d.i || int(n) > len(d.out)-d.o {
		return false
	}
	d.o += copy(d.out[d.o:], d.in[d.i:d.i+int(n)])
	d.i += int(n)
	return true
}

// fixed makes the codes of a block that has none (RFC 1951, 3.2.6).
func (d *deflated) fixed() bool {
	var l [literals + 2]uint8
	for i := range l {
		switch {
		case i < 144:
			l[i] = 8
		case i < endOfBlock:
			l[i] = 9
		case i < 280:
			l[i] = 7
		default:
			l[i] = 8
		}
	}
	var dist [distances + 2]uint8
	for i := range dist {
		dist[i] = 5
	}
	return d.lit.build(l[:]) && d.dist.build(dist[:])
}

// dynamic reads the codes of a block (RFC 1951, 3.2.7).
func (d *deflated) dynamic() bool {
	lits, dists, n := d.take(5)+257, d.take(5)+1, d.take(4)+4
	if lits > literals || dists > distances {
		return false
	}
	var order [19]uint8
	for i := range n {
		if i%8 == 0 {
			d.fill()
		}
		order[lengthsOrder[i]] = uint8(d.take(3))
	}
	if !d.lens.build(order[:]) {
		return false
	}
	var l [literals + distances]uint8
	for i := uint(0); i < lits+dists; {
		d.fill()
		s, bits := d.lens.find(d.acc)
		if d.drop(bits); bits == 0 || d.over {
			return false
		}
		if s < 16 {
			l[i] = uint8(s)
			i++
			continue
		}
		again, of := uint(0), uint8(0)
		switch s {
		case 16:
			if again = 3 + d.take(2); i == 0 {
				return false
			}
			of = l[i-1]
		case 17:
			again = 3 + d.take(3)
		default:
			again = 11 + d.take(7)
		}
		if i+again > lits+dists {
			return false
		}
		for ; again > 0; again-- {
			l[i] = of
			i++
		}
	}
	return d.lit.build(l[:lits]) && d.dist.build(l[lits:lits+dists])
}

// block unpacks a block by its codes. What it works with is in variables of
// its own: that is half of its speed.
func (d *deflated) block() bool {
	out, o, acc, n := d.out, d.o, d.acc, d.n
	for {
		if n < 48 { // the most that a match takes
			d.acc, d.n = acc, n
			d.fill()
			acc, n = d.acc, d.n
		}
		s, l := d.lit.find(acc)
		if l == 0 || l > n {
			return false
		}
		acc, n = acc>>(l&63), n-l
		if s < endOfBlock {
			if o == len(out) {
				return false
			}
			out[o] = byte(s)
			o++
			continue
		}
		if s == endOfBlock {
			d.o, d.acc, d.n = o, acc, n
			return true
		}
		if s >= literals {
			return false
		}
		d.acc, d.n = acc, n
		length := int(lengthBase[s-endOfBlock-1]) + int(d.take(uint(lengthExtra[s-endOfBlock-1])))
		if s, l = d.dist.find(d.acc); l == 0 || s >= distances {
			return false
		}
		d.drop(l)
		from := o - int(distBase[s]) - int(d.take(uint(distExtra[s])))
		if d.over || from < 0 || length > len(out)-o {
			return false
		}
		for end := o + length; o < end; {
			o += copy(out[o:end], out[from:o])
		}
		acc, n = d.acc, d.n
	}
}
