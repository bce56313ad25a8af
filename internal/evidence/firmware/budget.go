package firmware

import (
	"context"
	"errors"
	"io"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Bounds of this reader, beside evidence.Limits.
const (
	maxChain  = 10       // envelopes and compressions around one another
	maxFile   = 64 << 20 // bytes of one file that are looked at
	maxKept   = 16 << 20 // bytes of all texts that are kept
	maxText   = 4 << 20  // bytes of one kept text
	maxScript = 64 << 10 // bytes of one kept script
	maxName   = 4096     // bytes of one path; PATH_MAX
	maxNames  = 32 << 20 // bytes of the names and links of all entries
	maxDict   = 64 << 20 // bytes of one decompressor's window
	freeOut   = 16 << 20 // bytes that are unpacked before the ratio is looked at
)

// budget counts what one read has used. One goroutine owns it.
type budget struct {
	ctx     context.Context
	lim     evidence.Limits
	in      int64 // size of the input
	out     int64 // bytes that decompressors gave
	content int64 // bytes that files gave; holes of sparse files count
	windows int64 // bytes of windows that decompressors asked for
	entries int
}

// spend counts n bytes against one of the two sums.
func (b *budget) spend(sum *int64, n int) error {
	*sum += int64(n)
	if *sum > b.lim.Out || *sum > freeOut && b.lim.Ratio > 0 && *sum/max(b.in, 1) > b.lim.Ratio {
		return evidence.Bomb(min(b.lim.Out, max(freeOut, b.lim.Ratio*b.in)))
	}
	return b.alive()
}

// window counts a decompressor's window before it is made. Many small blocks
// that ask for a large window each are a bomb of another kind.
func (b *budget) window(n int64) error {
	b.windows += n
	if n > maxDict || b.windows > 64*maxDict {
		return evidence.Bomb(maxDict)
	}
	return nil
}

// entry counts one member of an archive.
func (b *budget) entry() error {
	b.entries++
	if b.entries > b.lim.Entries {
		return evidence.TooMany("files", b.lim.Entries)
	}
	return b.alive()
}

// alive returns the error of an ended context.
func (b *budget) alive() error {
	err := b.ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "too-slow", Msg: "reading it took longer than is allowed; hand in the root tree alone, as a tar archive", Err: err}
	}
	return err
}

// counted counts what comes out of a decompressor, or out of files.
type counted struct {
	io.Reader
	b   *budget
	sum *int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if e := c.b.spend(c.sum, n); e != nil {
		return n, e
	}
	return n, err
}

// failure returns an expected failure as it is, and anything else as a damage
// of the named format.
func failure(format string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*iotmark.Error](err); ok || errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = errors.New("it ends too early")
	}
	return evidence.Malformed(format, err)
}
