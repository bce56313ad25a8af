package verify

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/open-iot-mark/iotmark"
)

var errTooLong = errors.New("unpacks to more than is allowed")

// inflater unpacks gzip (RFC 1952), one after another: most of what that costs
// for small files is the first one's tables.
type inflater struct {
	in bytes.Reader
	r  *gzip.Reader

	last     string // encodedList that was unpacked last: two lists are often the same
	lastBits Bits
	lastSum  iotmark.Digest // SHA-256 of them
}

// gunzip unpacks one member of at most so many bytes, without optional fields
// in its header, after which nothing may follow.
func (u *inflater) gunzip(z []byte, most int) ([]byte, error) {
	if !bytes.HasPrefix(z, []byte{0x1f, 0x8b, 8, 0}) {
		return nil, errors.New("it does not begin as gzip without optional fields does")
	}
	u.in.Reset(z)
	var err error
	if u.r == nil {
		u.r, err = gzip.NewReader(&u.in)
	} else {
		err = u.r.Reset(&u.in)
	}
	if err != nil {
		u.r = nil
		return nil, err
	}
	u.r.Multistream(false)
	// The size that stands at the end is the file's own word: it spares growing
	// where it is true, and is bounded where it is not.
	size := most
	if n := len(z); n >= 4 {
		size = int(min(uint32(most), binary.LittleEndian.Uint32(z[n-4:])))
	}
	b := make([]byte, 0, min(size, 64<<10)+bytes.MinRead)
	buf := bytes.NewBuffer(b)
	_, err = buf.ReadFrom(io.LimitReader(u.r, int64(most)+1))
	switch {
	case err != nil:
		return nil, err
	case buf.Len() > most:
		return nil, errTooLong
	case u.in.Len() > 0:
		return nil, fmt.Errorf("%d bytes follow the end", u.in.Len())
	}
	return buf.Bytes(), nil
}
