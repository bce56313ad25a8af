package firmware

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"path"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Reader reads firmware images.
var Reader = evidence.Reader{
	Name:    "firmware",
	Version: 2,
	Kinds:   []iotmark.EvidenceKind{iotmark.KindFirmwareImage},
	Sniff:   Sniff,
	Read: func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) {
		f, err := read(ctx, src, lim)
		if err != nil {
			return nil, err
		}
		return f, nil
	},
	New:    func() any { return new(Facts) },
	Binary: true,
}

// maxLayers is how many archives within an archive are gone through when each
// holds nothing but the next.
const maxLayers = 4

func read(ctx context.Context, src evidence.Source, lim evidence.Limits) (*Facts, error) {
	if src.Size > lim.Bytes {
		return nil, evidence.TooLarge(src.Size, lim.Bytes)
	}
	if src.Size == 0 {
		return nil, evidence.Malformed("firmware image", errors.New("it is empty"))
	}
	var targets []string
	for {
		d := newDigger(ctx, src, lim, targets)
		if err := d.dig(bufio.NewReaderSize(src.Reader(), 64<<10), 0, src.Size); err != nil {
			return nil, err
		}
		next := d.payload()
		if next != "" && len(targets) < maxLayers {
			targets = append(targets, next)
			continue
		}
		return d.facts()
	}
}

// digger goes down the chain of envelopes and compressions to the files.
type digger struct {
	*analysis
	src      evidence.Source
	targets  []string // at each level of archives, the file to go on with
	level    int
	trailing int64 // bytes of the input after what was understood
	opaque   string
}

func newDigger(ctx context.Context, src evidence.Source, lim evidence.Limits, targets []string) *digger {
	b := &budget{ctx: ctx, lim: lim, in: src.Size}
	f := &Facts{Coverage: Coverage{BytesIn: src.Size}}
	return &digger{analysis: &analysis{f: f, b: b, t: newTree()}, src: src, targets: targets}
}

// payload names the one file that is an image itself, when nothing else in
// the archive is of interest: a release is often packed with its notes.
func (d *digger) payload() string {
	if d.level != len(d.targets)+1 || d.f.Coverage.Files > 20 || d.f.Coverage.ELF > 0 || len(d.t.roots()) > 0 {
		return ""
	}
	switch {
	case len(d.inner) == 1:
		return d.inner[0]
	case len(d.inner) == 0 && len(d.blobs) == 1:
		return d.blobs[0].Path
	}
	return ""
}

func (d *digger) facts() (*Facts, error) {
	if err := d.finish(); err != nil {
		return nil, err
	}
	f := d.f
	if f.Coverage.Files == 0 || len(d.targets) > 0 && d.opaque != "" {
		f.Opaque, f.OpaqueAs = true, d.opaque
		return f, nil // BytesUnderstood stays 0: knowing a format is not looking into it
	}
	f.Coverage.BytesUnderstood = f.Coverage.BytesIn - d.trailing
	return f, nil
}

// expected reports whether an error is ours to hand on: limits, and the end
// of the context.
func expected(err error) bool {
	_, ok := errors.AsType[*iotmark.Error](err)
	return ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// dig reads r to its end. What follows an archive or a compressed stream may
// be another one, as in the initial memory disks of Linux; zeros are padding;
// anything else was not understood. size is -1 where it is not known.
func (d *digger) dig(r *bufio.Reader, depth int, size int64) error {
	if depth > min(d.b.lim.Depth, maxChain) {
		return evidence.TooDeep(min(d.b.lim.Depth, maxChain))
	}
	for segment := 0; ; segment++ {
		if err := d.b.alive(); err != nil {
			return err
		}
		head, err := r.Peek(4096)
		if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			return err
		}
		if len(head) == 0 {
			if segment == 0 {
				d.opaque = "empty"
			}
			return nil
		}
		f := detect(head, size, depth == 0)
		if segment > 0 && (segment > 16 || f.class != packed && f.name != "cpio" && f.class != envelope) {
			return d.rest(r, depth)
		}
		if len(d.f.Format) < 2*maxChain && (segment == 0 || d.f.Format[len(d.f.Format)-1] != f.name) && f.name != "unknown" {
			d.f.Format = append(d.f.Format, f.name)
		}
		if err := d.layer(r, f, depth, size); err != nil {
			return err
		}
		if err := skipZeros(r); err != nil {
			return err
		}
	}
}

// rest counts what was not understood.
func (d *digger) rest(r *bufio.Reader, depth int) error {
	n, err := d.drain(r)
	if n > 0 {
		d.unlooked("", "bytes after the archive", n)
		if depth == 0 {
			d.trailing = n
		}
	}
	return err
}

func (d *digger) layer(r *bufio.Reader, f format, depth int, size int64) error {
	switch f.class {
	case envelope:
		return d.envelope(r, depth)
	case packed:
		return d.packed(r, f, depth)
	case archive:
		var err error
		switch f.name {
		case "cpio":
			err = readCpio(r, d.visit(depth))
		case "tar":
			err = readTar(r, d.visit(depth))
		case "zip":
			err = d.zip(r, depth, size)
		}
		return failure(f.name+" archive", err)
	case program:
		name := path.Base(show(d.src.Name))
		if len(d.targets) > 0 {
			name = d.targets[len(d.targets)-1]
		}
		d.f.Coverage.Files++
		d.f.Coverage.Entries++
		return d.file(name, r)
	}
	switch {
	case f.class == mcu:
		d.opaque = "opaque MCU image"
	case f.name == "unknown":
		d.opaque = "unknown format"
	default:
		d.opaque = f.name
	}
	n, err := d.drain(r)
	d.unlooked("", d.opaque, n)
	return err
}

// visit takes the entries of an archive, and goes on with the one that is
// aimed at.
func (d *digger) visit(depth int) func(member, io.Reader) error {
	level := d.level
	d.level++
	return func(m member, r io.Reader) error {
		if level < len(d.targets) && m.kind == 'f' {
			if p, _, ok := place(m.name); ok && p == d.targets[level] {
				if err := d.b.entry(); err != nil {
					return err
				}
				return d.dig(bufio.NewReaderSize(counted{r, d.b, &d.b.content}, 64<<10), depth+1, m.size)
			}
		}
		_, err := d.member(m, r)
		return err
	}
}

// envelope goes on with the payload of a uImage, and holds it against the
// header's sum.
func (d *digger) envelope(r *bufio.Reader, depth int) error {
	head := make([]byte, 64)
	if _, err := io.ReadFull(r, head); err != nil {
		return failure("uImage", err)
	}
	h, _ := parseUImage(head)
	if d.f.ImageName == "" {
		d.f.ImageName = h.name
	}
	sum := crc32.NewIEEE()
	left := &io.LimitedReader{R: r, N: int64(h.size)}
	tee := io.TeeReader(left, sum)
	sizes := []int64{int64(h.size)}
	if h.typ == 4 { // several parts behind a list of their sizes (include/image.h)
		sizes = nil
		for b := make([]byte, 4); len(sizes) < 16; {
			if _, err := io.ReadFull(tee, b); err != nil {
				return failure("uImage", err)
			}
			n := binary.BigEndian.Uint32(b)
			if n == 0 {
				break
			}
			sizes = append(sizes, int64(n))
		}
	}
	for i, n := range sizes {
		part := bufio.NewReaderSize(io.LimitReader(tee, n), 64<<10)
		if err := d.dig(part, depth+1, n); err != nil {
			return err
		}
		if pad := (4 - n%4) % 4; i+1 < len(sizes) && pad > 0 {
			if _, err := io.CopyN(io.Discard, tee, pad); err != nil {
				return failure("uImage", err)
			}
		}
	}
	if _, err := io.Copy(io.Discard, tee); err != nil {
		return failure("uImage", err)
	}
	if left.N > 0 {
		return failure("uImage", io.ErrUnexpectedEOF)
	}
	if sum.Sum32() != h.crc {
		return failure("uImage", errors.New("its content does not fit the checksum in its header"))
	}
	return nil
}

func (d *digger) packed(r *bufio.Reader, f format, depth int) error {
	z, done, err := decompressor(f.name, r, d.b)
	if errors.Is(err, errFilter) {
		d.opaque = "xz with a filter"
		n, err := d.drain(r)
		d.unlooked("", d.opaque, n)
		return err
	}
	if err != nil {
		return failure(f.name+" stream", err)
	}
	defer done()
	return failure(f.name+" stream", d.dig(bufio.NewReaderSize(counted{z, d.b, &d.b.out}, 64<<10), depth+1, -1))
}

// zip needs to jump about: at the top it has the input itself, further down
// it takes the archive into memory.
func (d *digger) zip(r *bufio.Reader, depth int, size int64) error {
	if depth == 0 {
		if err := readZip(d.src.ReaderAt, d.src.Size, d.b.lim.Entries, d.visit(depth)); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, r)
		return err
	}
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return err
	}
	if len(b) > maxFile {
		return evidence.TooLarge(int64(len(b)), maxFile)
	}
	return readZip(bytes.NewReader(b), int64(len(b)), d.b.lim.Entries, d.visit(depth))
}

// drain reads to the end, and looks for keys on the way: they stand in the
// open in many images that are opaque otherwise.
func (d *digger) drain(r io.Reader) (int64, error) {
	const step = 1 << 20
	buf := make([]byte, 0, step+maxPEM)
	var off int64 // of buf[0]
	for {
		if err := d.b.alive(); err != nil {
			return 0, err
		}
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return 0, err
		}
		before := len(d.f.Keys)
		d.pemKeys("", buf, off)
		d.dedup(before)
		if last {
			return off + int64(len(buf)), nil
		}
		// Keep a tail in which a block may have begun.
		cut := len(buf) - maxPEM
		off += int64(cut)
		buf = append(buf[:0], buf[cut:]...)
	}
}

// dedup drops keys that were seen twice in overlapping windows.
func (d *digger) dedup(from int) {
	kept := d.f.Keys[:from]
	for _, k := range d.f.Keys[from:] {
		if slices.ContainsFunc(kept, func(o Key) bool { return o.Place == k.Place && o.Offset == k.Offset }) {
			d.f.Totals.Keys--
			continue
		}
		kept = append(kept, k)
	}
	d.f.Keys = kept
}

func skipZeros(r *bufio.Reader) error {
	for {
		b, err := r.Peek(512)
		n := len(b) - len(bytes.TrimLeft(b, "\x00"))
		if _, e := r.Discard(n); e != nil {
			return e
		}
		if n < len(b) || n == 0 {
			if err == io.EOF || err == bufio.ErrBufferFull {
				err = nil
			}
			return err
		}
	}
}

// decompressor opens a compressed stream. Windows are counted before they are
// made; what comes out is counted by the caller.
func decompressor(name string, r *bufio.Reader, b *budget) (io.Reader, func(), error) {
	none := func() {}
	switch name {
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, none, err
		}
		z.Multistream(false)
		return &members{z, r}, none, nil
	case "bzip2":
		return bzip2.NewReader(r), none, nil
	case "xz":
		x, err := newXZ(r, b)
		if err != nil {
			return nil, none, err
		}
		return x, none, nil
	case "lzma":
		if err := b.window(maxDict); err != nil {
			return nil, none, err
		}
		z, err := lzma.ReaderConfig{DictCap: maxDict}.NewReader(r)
		return z, none, err
	case "zstd":
		if err := b.window(maxDict); err != nil {
			return nil, none, err
		}
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxDict), zstd.WithDecoderMaxMemory(maxDict))
		if err != nil {
			return nil, none, err
		}
		return z, z.Close, nil
	}
	return nil, none, errors.New("no decompressor for " + name)
}

// members reads the members of a gzip file one after the other, and stops
// where something else follows: flash images are padded.
type members struct {
	z *gzip.Reader
	r *bufio.Reader
}

func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.z.Read(p)
		if n > 0 || err != io.EOF {
			if err == io.EOF {
				err = nil
			}
			return n, err
		}
		if h, _ := m.r.Peek(4); len(h) < 4 || h[0] != 0x1f || h[1] != 0x8b || h[2] != 8 || h[3]&0xe0 != 0 {
			return 0, io.EOF
		}
		if err := m.z.Reset(m.r); err != nil {
			return 0, err
		}
		m.z.Multistream(false)
	}
}
