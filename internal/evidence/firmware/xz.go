package firmware

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"crypto/sha256"

	"github.com/ulikunitz/xz/lzma"
)

// errFilter says that an xz stream goes through a filter for machine code,
// for which there is no reader here.
var errFilter = errors.New("xz with a filter for machine code")

// xzReader reads the container of .xz files (specification 1.2.1) around the
// LZMA2 decoder of ulikunitz/xz. The container reader of that module takes
// the window's size from the block header, up to 4 GiB, whatever it is told;
// here the budget is asked first.
type xzReader struct {
	r     *bufio.Reader
	n     int64 // bytes taken from r
	b     *budget
	check byte
	sum   hash.Hash
	block io.Reader // nil between blocks
	start int64     // n at the start of the block
	err   error
}

var crc64ECMA = crc64.MakeTable(crc64.ECMA)

func newXZ(r *bufio.Reader, b *budget) (*xzReader, error) {
	x := &xzReader{r: r, b: b}
	if err := x.streamHeader(); err != nil {
		return nil, err
	}
	if err := x.nextBlock(); err != nil && err != io.EOF {
		return nil, err
	}
	return x, nil
}

// take reads exactly n bytes.
func (x *xzReader) take(n int) ([]byte, error) {
	b := make([]byte, n)
	k, err := io.ReadFull(x.r, b)
	x.n += int64(k)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

// ReadByte lets the LZMA2 decoder count what it takes.
func (x *xzReader) ReadByte() (byte, error) {
	c, err := x.r.ReadByte()
	if err == nil {
		x.n++
	}
	return c, err
}

// source is the compressed side, seen by the LZMA2 decoder.
type source struct{ x *xzReader }

func (s source) Read(p []byte) (int, error) {
	n, err := s.x.r.Read(p)
	s.x.n += int64(n)
	return n, err
}

func (s source) ReadByte() (byte, error) { return s.x.ReadByte() }

func (x *xzReader) streamHeader() error {
	h, err := x.take(12)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(h, []byte(magicXZ)) || h[6] != 0 || h[7] > 15 || crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]) {
		return errors.New("stream header")
	}
	x.check = h[7]
	switch x.check {
	case 0:
		x.sum = nil
	case 1:
		x.sum = crc32.NewIEEE()
	case 4:
		x.sum = crc64.New(crc64ECMA)
	case 10:
		x.sum = sha256.New()
	default:
		return fmt.Errorf("unknown check %d", x.check)
	}
	return nil
}

// nextBlock starts the next block, or reads the index and the footer and
// starts the next stream. It returns io.EOF when nothing follows.
func (x *xzReader) nextBlock() error {
	size, err := x.ReadByte()
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	if size == 0 {
		return x.endStream()
	}
	rest, err := x.take((int(size)+1)*4 - 1)
	if err != nil {
		return err
	}
	h := append([]byte{size}, rest...)
	body, sum := h[:len(h)-4], h[len(h)-4:]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(sum) {
		return errors.New("block header")
	}
	flags, f := body[1], body[2:]
	if flags&0x3c != 0 {
		return errors.New("block flags")
	}
	for _, bit := range []byte{0x40, 0x80} { // compressed and uncompressed size
		if flags&bit != 0 {
			if _, f, err = varint(f); err != nil {
				return err
			}
		}
	}
	if flags&3 != 0 {
		return errFilter
	}
	id, f, err := varint(f)
	if err != nil {
		return err
	}
	if id != 0x21 {
		return errFilter
	}
	if len(f) < 2 || f[0] != 1 || f[1] > 40 {
		return errors.New("LZMA2 properties")
	}
	window := int64(2|f[1]&1) << (f[1]/2 + 11)
	if f[1] == 40 {
		window = 1<<32 - 1
	}
	if err := x.b.window(window); err != nil {
		return err
	}
	x.start = x.n - int64(len(h)) // the decoder reads ahead one chunk's header
	if x.block, err = (lzma.Reader2Config{DictCap: max(int(window), lzma.MinDictCap)}).NewReader2(source{x}); err != nil {
		return err
	}
	if x.sum != nil {
		x.sum.Reset()
	}
	return nil
}

// varint reads an integer of up to nine bytes.
func varint(b []byte) (uint64, []byte, error) {
	var v uint64
	for i := range min(len(b), 9) {
		v |= uint64(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return v, b[i+1:], nil
		}
	}
	return 0, nil, errors.New("integer")
}

// endBlock reads padding and check of a block.
func (x *xzReader) endBlock() error {
	x.block = nil
	if pad := int((4 - (x.n-x.start)%4) % 4); pad > 0 {
		b, err := x.take(pad)
		if err != nil {
			return err
		}
		if len(bytes.Trim(b, "\x00")) > 0 {
			return errors.New("block padding")
		}
	}
	sizes := [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}
	want, err := x.take(sizes[x.check])
	if err != nil || x.sum == nil {
		return err
	}
	got := x.sum.Sum(nil)
	if x.check != 10 { // the two CRCs stand in little endian
		for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
			got[i], got[j] = got[j], got[i]
		}
	}
	if !bytes.Equal(got, want) {
		return errors.New("check of a block")
	}
	return nil
}

// endStream reads past index and footer; the sizes in the index say nothing
// that the blocks have not said. Then it looks for another stream.
func (x *xzReader) endStream() error {
	start := x.n - 1
	count, err := x.varint()
	if err != nil {
		return err
	}
	for range count {
		if err := x.b.alive(); err != nil {
			return err
		}
		for range 2 {
			if _, err := x.varint(); err != nil {
				return err
			}
		}
	}
	pad := int((4 - (x.n-start)%4) % 4)
	if _, err := x.take(pad + 4); err != nil {
		return err
	}
	foot, err := x.take(12)
	if err != nil {
		return err
	}
	if string(foot[10:]) != "YZ" || crc32.ChecksumIEEE(foot[4:10]) != binary.LittleEndian.Uint32(foot) {
		return errors.New("stream footer")
	}
	for { // padding between streams comes in fours
		next, err := x.r.Peek(6)
		if len(next) >= 4 && bytes.Equal(next[:4], make([]byte, 4)) {
			if _, err := x.take(4); err != nil {
				return err
			}
			continue
		}
		if err == nil && string(next) == magicXZ {
			break
		}
		return io.EOF // what follows is not ours
	}
	if err := x.streamHeader(); err != nil {
		return err
	}
	return x.nextBlock()
}

func (x *xzReader) varint() (uint64, error) {
	var v uint64
	for i := range 9 {
		c, err := x.ReadByte()
		if err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c&0x80 == 0 {
			return v, nil
		}
	}
	return 0, errors.New("integer")
}

// Read gives the decompressed bytes of all blocks and streams.
func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.block == nil {
			x.err = io.EOF
			break
		}
		n, err := x.block.Read(p)
		if x.sum != nil {
			x.sum.Write(p[:n])
		}
		if err == io.EOF {
			if err = x.endBlock(); err == nil {
				err = x.nextBlock()
			}
			if err == io.EOF {
				x.block = nil
			}
		}
		if err != nil {
			x.err = err
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, x.err
}
