package firmware

import (
	"bufio"
	"errors"
	"io"
	"strconv"
)

// member is one entry of an archive, whatever its format.
type member struct {
	name string
	kind byte // f file, d folder, l symbolic link, h hard link, o anything else
	link string
	size int64
	// Hard links in cpio: all entries with the same inode but the last come
	// without content.
	inode uint64
	more  bool // more than one name
}

// newc is the header of the cpio formats newc and crc: magic, then 13 fields
// of eight hexadecimal digits.
type newc struct {
	ino, mode, nlink, size, namesize uint32
	dev                              uint64
}

const newcLen = 110

func parseNewc(h []byte) (newc, bool) {
	if len(h) < newcLen || string(h[:6]) != "070701" && string(h[:6]) != "070702" {
		return newc{}, false
	}
	var f [13]uint32
	for i := range f {
		s := h[6+8*i : 14+8*i]
		if !hexdigits(s) {
			return newc{}, false
		}
		v, err := strconv.ParseUint(string(s), 16, 32)
		if err != nil {
			return newc{}, false
		}
		f[i] = uint32(v)
	}
	return newc{ino: f[0], mode: f[1], nlink: f[4], size: f[6], namesize: f[11], dev: uint64(f[7])<<32 | uint64(f[8])}, true
}

// readCpio walks one archive up to and with its trailer. Names and links are
// bounded before they are read; content is handed on as a stream.
func readCpio(r *bufio.Reader, visit func(member, io.Reader) error) error {
	var off int64
	full := func(n int) ([]byte, error) {
		b := make([]byte, n)
		k, err := io.ReadFull(r, b)
		off += int64(k)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return b, err
	}
	skip := func(n int64) error {
		for n > 0 {
			k, err := r.Discard(int(min(n, 1<<20)))
			n -= int64(k)
			off += int64(k)
			if err != nil {
				return io.ErrUnexpectedEOF
			}
		}
		return nil
	}
	align := func() error { return skip((4 - off%4) % 4) }
	for {
		b, err := full(newcLen)
		if err != nil {
			return err
		}
		h, ok := parseNewc(b)
		if !ok {
			return errors.New("the header of an entry at byte " + strconv.FormatInt(off-newcLen, 10))
		}
		if h.namesize == 0 || h.namesize > maxName+1 {
			return errors.New("a name of " + strconv.FormatUint(uint64(h.namesize), 10) + " bytes")
		}
		name, err := full(int(h.namesize))
		if err != nil {
			return err
		}
		if err := align(); err != nil {
			return err
		}
		m := member{name: string(name[:len(name)-1]), size: int64(h.size), inode: h.dev ^ uint64(h.ino)<<16, more: h.nlink > 1, kind: 'o'}
		if m.name == "TRAILER!!!" {
			return skip(m.size)
		}
		switch h.mode & 0o170000 {
		case 0o100000:
			m.kind = 'f'
		case 0o040000:
			m.kind = 'd'
		case 0o120000:
			m.kind = 'l'
			if h.size > maxName {
				return errors.New("a link of " + strconv.FormatUint(uint64(h.size), 10) + " bytes")
			}
			to, err := full(int(h.size))
			if err != nil {
				return err
			}
			m.link, m.size = string(to), 0
		}
		left := &io.LimitedReader{R: r, N: m.size}
		if err := visit(m, left); err != nil {
			return err
		}
		off += m.size - left.N
		if err := skip(left.N); err != nil {
			return err
		}
		if err := align(); err != nil {
			return err
		}
	}
}
