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

// gzipBegins is how gzip without optional fields in its header does.
var gzipBegins = []byte{0x1f, 0x8b, 8, 0}

var errTooLong = errors.New("unpacks to more than is allowed")

// inflater unpacks gzip (RFC 1952), one after another.
type inflater struct {
	deflated deflated

	last     string // encodedList that was unpacked last: two lists are often the same
	lastBits Bits
	lastSum  iotmark.Digest // SHA-256 of them
}

// gunzip unpacks one member of at most so many bytes, without optional fields
// in its header, after which nothing may follow.
func (u *inflater) gunzip(z []byte, most int) ([]byte, error) {
	if !bytes.HasPrefix(z, gzipBegins) {
		return nil, errors.New("it does not begin as gzip without optional fields does")
	}
	if b, ok := u.deflated.unpack(z, most); ok {
		return b, nil
	}
	in := bytes.NewReader(z)
	r, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	r.Multistream(false)
	// The size that stands at the end is the file's own word: it spares growing
	// where it is true, and is bounded where it is not.
	size := most
	if n := len(z); n >= 4 {
		size = int(min(uint32(most), binary.LittleEndian.Uint32(z[n-4:])))
	}
	b := make([]byte, 0, min(size, 64<<10)+bytes.MinRead)
	buf := bytes.NewBuffer(b)
	_, err = buf.ReadFrom(io.LimitReader(r, int64(most)+1))
	switch {
	case err != nil:
		return nil, err
	case buf.Len() > most:
		return nil, errTooLong
	case in.Len() > 0:
		return nil, fmt.Errorf("%d bytes follow the end", in.Len())
	}
	return buf.Bytes(), nil
}
