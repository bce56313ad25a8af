package capture

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Reader reads packet captures.
var Reader = evidence.Reader{
	Name:    "capture",
	Version: 2,
	Kinds:   []iotmark.EvidenceKind{iotmark.KindPacketCapture},
	Sniff:   Sniff,
	Read: func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) {
		f, err := read(ctx, src, lim)
		if err != nil {
			return nil, err
		}
		return f, nil
	},
	New:     func() any { return new(Facts) },
	Binary:  true,
	Streams: true,
}

// Bounds of one capture, beside evidence.Limits.
const (
	maxPackets = 50_000_000
	maxWindow  = 8 << 20  // bytes that zstd may look back: what every decoder must allow (RFC 8878, 3.1.1.1.2)
	freeOut    = 16 << 20 // bytes that are unpacked before the ratio is looked at
)

// Sniff reports whether bytes are a capture, also a packed one. Where the
// first bytes of a packed one do not yet give anything, its name tells.
func Sniff(name string, head []byte) bool {
	if containerOf(head) != "" {
		return true
	}
	packed := packing(head)
	if packed == "" {
		return false
	}
	r, done, err := unpack(packed, bytes.NewReader(head))
	if err != nil {
		return false
	}
	defer done()
	b := make([]byte, magicLen)
	if n, _ := io.ReadFull(r, b); n == magicLen {
		return containerOf(b) != ""
	}
	low := strings.ToLower(name)
	for _, ext := range []string{".pcap.", ".pcapng.", ".cap."} {
		if strings.Contains(low, ext) {
			return true
		}
	}
	return false
}

// packing returns how bytes are packed by their first ones, or nothing.
func packing(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b\x08")):
		return "gzip"
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return "zstd"
	}
	return ""
}

func unpack(packed string, r io.Reader) (io.Reader, func(), error) {
	if packed == "gzip" {
		z, err := gzip.NewReader(r)
		return z, func() {}, err
	}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(4*maxWindow))
	if err != nil {
		return nil, nil, err
	}
	return z, z.Close, nil
}

// errBomb says that far more comes out than went in.
var errBomb = errors.New("it unpacks to far more than it is")

// bounded counts what comes out of a decompressor.
type bounded struct {
	r            io.Reader
	in, out      int64
	limit, ratio int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.out += int64(n)
	if b.out > b.limit || b.out > freeOut && b.ratio > 0 && b.out/max(b.in, 1) > b.ratio {
		return n, errBomb
	}
	return n, err
}

// analysis is one capture while it is read. One goroutine owns it.
type analysis struct {
	f     *Facts
	short bool  // the packet was cut when it was taken
	wire  int   // bytes the packet had on the wire
	now   int64 // its time
	home
	table
	pool    pool
	idle    []*streams
	held    int // bytes that all conversations hold
	kept    int // bytes of what is listed, about
	talks   []talk
	known   names
	given   map[addr]string
	device  hardware // that a name or a comment gives
	scratch []byte

	talkIndex  map[talkKey]int32
	askedIndex map[askedKey]int
	sessions   shelf[[32]byte, sessionClass]
	logins     shelf[seenKey, loginClass]
	sightIndex map[seenKey]int
}

func newAnalysis(name string) *analysis {
	return &analysis{
		f:          &Facts{Device: -1},
		home:       home{byMAC: map[hardware]int32{}, byAddr: map[addr]int32{}},
		table:      newTable(),
		known:      names{byAddr: map[nameKey]string{}},
		given:      map[addr]string{},
		device:     deviceIn(name),
		talkIndex:  map[talkKey]int32{},
		askedIndex: map[askedKey]int{},
		sessions:   newShelf[[32]byte, sessionClass](maxSessions),
		logins:     newShelf[seenKey, loginClass](maxLogins),
		sightIndex: map[seenKey]int{},
	}
}

func read(ctx context.Context, src evidence.Source, lim evidence.Limits) (*Facts, error) {
	if src.Size > lim.Stream {
		return nil, evidence.TooLarge(src.Size, lim.Stream)
	}
	a := newAnalysis(src.Name)
	var in io.Reader = src.Reader()
	if a.f.Packed = packing(src.Head(4)); a.f.Packed != "" {
		z, done, err := unpack(a.f.Packed, bufio.NewReaderSize(in, 64<<10))
		if err != nil {
			return nil, evidence.Malformed("capture in "+a.f.Packed, err)
		}
		defer done()
		in = &bounded{r: z, in: src.Size, limit: lim.Stream, ratio: lim.Ratio}
	}
	c, format, err := open(bufio.NewReaderSize(in, window), (*told)(a))
	if err != nil {
		return nil, evidence.Malformed("packet capture", err)
	}
	a.f.Format = format
	if err := a.run(ctx, c); err != nil {
		return nil, err
	}
	a.finish()
	return a.f, nil
}

// run reads the packets. It fails only when ctx ends.
func (a *analysis) run(ctx context.Context, c container) error {
	var p packet
	links := map[int]bool{}
	for {
		if a.f.Packets&0xfff == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if a.f.Packets == maxPackets {
			a.f.Cut = "packets"
			return nil
		}
		err := c.next(&p)
		switch {
		case err == nil:
		case err == io.EOF:
			return nil
		case errors.Is(err, errBomb):
			a.f.Cut = "bomb"
			return nil
		case errors.Is(err, errTruncated), errors.Is(err, io.ErrUnexpectedEOF):
			a.f.Cut = "truncated"
			return nil
		default:
			a.f.Cut = "block"
			return nil
		}
		a.f.Packets++
		a.f.Bytes += int64(p.wire)
		a.wire, a.short = p.wire, len(p.data) < p.wire
		if a.short {
			a.f.Short++
		}
		if p.timed {
			if a.now = p.at; a.f.First.IsZero() {
				a.f.First = timeOf(p.at)
			}
		}
		if !p.known {
			a.f.Odd++
			continue
		}
		if !links[p.link] && len(links) < 16 {
			links[p.link] = true
			a.f.Links = append(a.f.Links, linkName(p.link))
		}
		a.link(p.link, p.data)
	}
}

// finish ends what is still followed, in the order of the first packet.
func (a *analysis) finish() {
	for a.oldest != none {
		a.end(a.oldest)
	}
	if a.now != 0 {
		a.f.Last = timeOf(a.now)
	}
	a.roles()
	a.arrange()
}

// told takes what a container tells beside packets.
type told analysis

func (t *told) comment(b []byte)           { (*analysis)(t).comment(b) }
func (t *told) named(address, name []byte) { (*analysis)(t).give(address, name) }
