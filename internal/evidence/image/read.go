package image

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	stdimage "image"
	_ "image/gif" // headers only; see config
	_ "image/jpeg"
	_ "image/png"
	"io"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Reader reads the headers of pictures.
var Reader = evidence.Reader{
	Name:    "image",
	Version: 1,
	Kinds:   []iotmark.EvidenceKind{iotmark.KindPhoto, iotmark.KindPackagingArtwork, iotmark.KindTeardown},
	Sniff:   func(_ string, head []byte) bool { return kind(head) != "" },
	Read: func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) {
		f, err := read(ctx, src, lim)
		if err != nil {
			return nil, err // a nil *Facts in an interface would look like facts
		}
		return f, nil
	},
	New:    func() any { return new(Facts) },
	Binary: true,
}

// Bounds of this reader.
const (
	maxParts = 10_000  // segments, chunks or boxes
	maxMeta  = 1 << 20 // bytes of one part that is looked into
	maxSVG   = 8 << 20
	maxSide  = 100_000 // pixels; no camera and no printer has more
	headLen  = 64 << 10
)

// kind names the type by the first bytes.
func kind(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return "png"
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return "jpeg"
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return "gif"
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return "webp"
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return brand(head)
	}
	t := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(t, []byte("<svg")) || (bytes.HasPrefix(t, []byte("<?xml")) || bytes.HasPrefix(t, []byte("<!--")) || bytes.HasPrefix(t, []byte("<!DOCTYPE svg"))) && bytes.Contains(t, []byte("<svg")) {
		return "svg"
	}
	return ""
}

// brand tells AVIF and HEIC apart by the brands of ISO/IEC 14496-12, 4.3.
func brand(head []byte) string {
	n := int(binary.BigEndian.Uint32(head))
	for i := 8; i+4 <= min(n, len(head), 128); i += 4 {
		switch string(head[i : i+4]) {
		case "avif", "avis":
			return "avif"
		case "heic", "heix", "heim", "heis", "hevc":
			return "heic"
		}
	}
	return ""
}

func read(ctx context.Context, src evidence.Source, lim evidence.Limits) (*Facts, error) {
	if src.Size > lim.Bytes {
		return nil, evidence.TooLarge(src.Size, lim.Bytes)
	}
	head := src.Head(headLen)
	f := &Facts{Type: kind(head), Bytes: src.Size}
	p := &parts{ctx: ctx, src: src, f: f}
	var err error
	switch f.Type {
	case "png":
		if err = config(f, src); err == nil {
			err = p.png()
		}
	case "jpeg":
		if err = config(f, src); err == nil {
			err = p.jpeg()
		}
	case "gif":
		err = config(f, src)
	case "webp":
		err = p.webp()
	case "avif", "heic":
		err = p.boxes(0, src.Size, 0)
		if err == nil && f.Width == 0 {
			err = errors.New("no size stands in its header")
		}
	case "svg":
		if err := p.svg(lim); err != nil {
			return nil, err
		}
		return f, nil
	default:
		err = errors.New("it is no PNG, JPEG, GIF, WebP, AVIF, HEIC or SVG")
	}
	if err == nil && (f.Width <= 0 || f.Height <= 0 || f.Width > maxSide || f.Height > maxSide) {
		err = fmt.Errorf("its header says %d by %d pixels", f.Width, f.Height)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, evidence.Malformed("picture", err)
	}
	return f, nil
}

// config reads the size. The standard library's decoders read the header
// only, and allocate for a palette at most.
func config(f *Facts, src evidence.Source) error {
	c, _, err := stdimage.DecodeConfig(io.LimitReader(src.Reader(), 4<<20)) // JPEG: the size may stand behind large metadata
	f.Width, f.Height = c.Width, c.Height
	return err
}

// parts walks over the parts of a file.
type parts struct {
	ctx context.Context
	src evidence.Source
	f   *Facts
	n   int
}

func (p *parts) count() error {
	if p.n++; p.n > maxParts {
		return fmt.Errorf("it has more than %d parts", maxParts)
	}
	return p.ctx.Err()
}

// bytes returns a part, cut to what is looked into; nil when it is not there.
func (p *parts) bytes(off, n int64) []byte {
	if off < 0 || off >= p.src.Size || n <= 0 {
		return nil
	}
	if n > maxMeta {
		p.f.Cut = true
	}
	b := make([]byte, min(n, maxMeta, p.src.Size-off))
	k, _ := p.src.ReadAt(b, off)
	return b[:k]
}

// png walks over chunks (PNG, third edition, 5.3).
func (p *parts) png() error {
	for off := int64(8); ; {
		if err := p.count(); err != nil {
			return err
		}
		h := p.bytes(off, 8)
		if len(h) < 8 {
			p.f.Cut = true
			return nil
		}
		n := int64(binary.BigEndian.Uint32(h))
		switch string(h[4:]) {
		case "IEND":
			return nil
		case "eXIf":
			p.exif(p.bytes(off+8, n))
		case "iTXt", "tEXt":
			p.xmp(p.bytes(off+8, n))
		}
		off += 12 + n
	}
}

// jpeg walks over segments up to the picture itself (ITU-T T.81, B.1.1).
func (p *parts) jpeg() error {
	for off := int64(2); ; {
		if err := p.count(); err != nil {
			return err
		}
		h := p.bytes(off, 4)
		if len(h) < 4 || h[0] != 0xff {
			p.f.Cut = true
			return nil
		}
		switch m := h[1]; {
		case m == 0xff: // fill
			off++
			continue
		case m == 0xda, m == 0xd9:
			return nil
		case m >= 0xd0 && m <= 0xd8, m == 0x01:
			off += 2
			continue
		}
		n := int64(binary.BigEndian.Uint16(h[2:]))
		if n < 2 {
			p.f.Cut = true
			return nil
		}
		if h[1] == 0xe1 {
			b := p.bytes(off+4, n-2)
			if rest, ok := bytes.CutPrefix(b, []byte("Exif\x00\x00")); ok {
				p.exif(rest)
			} else {
				p.xmp(b)
			}
		}
		off += 2 + n
	}
}

// webp walks over RIFF chunks (RFC 9649).
func (p *parts) webp() error {
	for off := int64(12); off+8 <= p.src.Size; {
		if err := p.count(); err != nil {
			return err
		}
		h := p.bytes(off, 18)
		if len(h) < 8 {
			break
		}
		n := int64(binary.LittleEndian.Uint32(h[4:]))
		b := h[8:]
		switch string(h[:4]) {
		case "VP8X":
			if len(b) >= 10 {
				p.f.Width = 1 + int(b[4]) + int(b[5])<<8 + int(b[6])<<16
				p.f.Height = 1 + int(b[7]) + int(b[8])<<8 + int(b[9])<<16
			}
		case "VP8 ":
			if p.f.Width == 0 && len(b) >= 10 && b[3] == 0x9d && b[4] == 0x01 && b[5] == 0x2a {
				p.f.Width, p.f.Height = int(binary.LittleEndian.Uint16(b[6:]))&0x3fff, int(binary.LittleEndian.Uint16(b[8:]))&0x3fff
			}
		case "VP8L":
			if p.f.Width == 0 && len(b) >= 5 && b[0] == 0x2f {
				v := binary.LittleEndian.Uint32(b[1:])
				p.f.Width, p.f.Height = int(v&0x3fff)+1, int(v>>14&0x3fff)+1
			}
		case "EXIF":
			e := p.bytes(off+8, n)
			p.exif(bytes.TrimPrefix(e, []byte("Exif\x00\x00")))
		case "XMP ":
			p.xmp(p.bytes(off+8, n))
		}
		if off+8+n > p.src.Size {
			p.f.Cut = true
		}
		off += 8 + n + n&1
	}
	if p.f.Width == 0 {
		return errors.New("no size stands in its header")
	}
	return nil
}

// boxes walks over the boxes of ISO/IEC 14496-12 down to the size of the
// picture (ispe, ISO/IEC 23008-12, 6.5.3).
func (p *parts) boxes(off, end int64, depth int) error {
	for off+8 <= end {
		if err := p.count(); err != nil {
			return err
		}
		h := p.bytes(off, 20)
		if len(h) < 8 {
			return nil
		}
		n, skip := int64(binary.BigEndian.Uint32(h)), int64(8)
		switch {
		case n == 0:
			n = end - off
		case n == 1 && len(h) >= 16:
			n, skip = int64(binary.BigEndian.Uint64(h[8:])), 16
		}
		if n < skip || n > end-off {
			p.f.Cut = true
			n = end - off
		}
		switch string(h[4:8]) {
		case "meta":
			if depth < 4 {
				if err := p.boxes(off+skip+4, off+n, depth+1); err != nil {
					return err
				}
			}
		case "iprp", "ipco":
			if depth < 4 {
				if err := p.boxes(off+skip, off+n, depth+1); err != nil {
					return err
				}
			}
		case "ispe":
			if b := p.bytes(off+skip, 12); len(b) == 12 {
				w, h := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
				if w <= maxSide && h <= maxSide && int(w)*int(h) > p.f.Width*p.f.Height {
					p.f.Width, p.f.Height = int(w), int(h)
				}
			}
		case "mdat", "idat":
			// The item table that says where EXIF stands is not followed: its
			// mark is looked for instead.
			b := p.bytes(off+skip, n-skip)
			if i := bytes.Index(b, []byte("Exif\x00\x00")); i >= 0 {
				p.exif(b[i+6:])
			}
			p.xmp(b)
		}
		off += n
	}
	return nil
}

// xmp looks for the place in XMP (Exif in XMP, CIPA DC-010).
func (p *parts) xmp(b []byte) {
	if bytes.Contains(b, []byte("exif:GPSLatitude")) {
		p.f.Located = true
	}
}

// exif reads place and day out of TIFF directories (Exif 3.0, 4.6).
func (p *parts) exif(b []byte) {
	var o binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("II*\x00")):
		o = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		o = binary.BigEndian
	default:
		return
	}
	if len(b) < 8 {
		return
	}
	first := directory(b, o, o.Uint32(b[4:]))
	if gps, ok := first[0x8825]; ok {
		if d := directory(b, o, gps.value); d[2].count > 0 && d[4].count > 0 { // GPSLatitude, GPSLongitude
			p.f.Located = true
		}
	}
	day := func(d map[uint16]field, tag uint16) {
		e, ok := d[tag]
		if !ok || e.kind != 2 || e.count < 11 || p.f.Taken != "" || int64(e.value)+10 > int64(len(b)) {
			return
		}
		if t, err := iotmark.ParseDate(strings.ReplaceAll(string(b[e.value:e.value+10]), ":", "-")); err == nil {
			p.f.Taken = t
		}
	}
	if sub, ok := first[0x8769]; ok {
		day(directory(b, o, sub.value), 0x9003) // DateTimeOriginal
	}
	day(first, 0x0132) // DateTime
}

type field struct {
	kind  uint16
	count uint32
	value uint32 // or where it stands
}

// directory reads one directory; it follows no chain.
func directory(b []byte, o binary.ByteOrder, at uint32) map[uint16]field {
	if int64(at)+2 > int64(len(b)) {
		return nil
	}
	n := int(o.Uint16(b[at:]))
	out := map[uint16]field{}
	for i := range min(n, 500) {
		e := int64(at) + 2 + int64(i)*12
		if e+12 > int64(len(b)) {
			break
		}
		out[o.Uint16(b[e:])] = field{o.Uint16(b[e+2:]), o.Uint32(b[e+4:]), o.Uint32(b[e+8:])}
	}
	return out
}

// svg reads the size of a drawing, and whether it runs or loads anything.
func (p *parts) svg(lim evidence.Limits) error {
	if p.src.Size > maxSVG {
		return evidence.TooLarge(p.src.Size, maxSVG)
	}
	d := xml.NewDecoder(p.src.Reader())
	d.CharsetReader = func(cs string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("the character set %.20q is not read; save it as UTF-8", cs)
	}
	depth, n := 0, 0
	for {
		if n++; n > lim.Entries {
			return evidence.TooMany("elements", lim.Entries)
		}
		if n%1024 == 0 && p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return evidence.Malformed("picture", err)
		}
		switch e := t.(type) {
		case xml.StartElement:
			if depth++; depth > lim.Depth {
				return evidence.TooDeep(lim.Depth)
			}
			p.element(e, depth)
		case xml.EndElement:
			depth--
		case xml.Directive:
			if bytes.Contains(bytes.ToUpper(e), []byte("ENTITY")) {
				return evidence.Malformed("picture", errors.New("it declares entities, which no drawing needs"))
			}
		case xml.ProcInst:
			if e.Target == "xml-stylesheet" {
				p.f.Loads = true
			}
		}
	}
	return nil
}

func (p *parts) element(e xml.StartElement, depth int) {
	switch e.Name.Local {
	case "script", "foreignObject":
		p.f.Active = true
	}
	for _, a := range e.Attr {
		v := strings.TrimSpace(a.Value)
		switch l := strings.ToLower(a.Name.Local); {
		case depth == 1 && l == "width":
			p.f.Width = pixels(v)
		case depth == 1 && l == "height":
			p.f.Height = pixels(v)
		case depth == 1 && l == "viewbox" && p.f.Width == 0:
			if w := strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' }); len(w) == 4 {
				p.f.Width, p.f.Height = pixels(w[2]), pixels(w[3])
			}
		case strings.HasPrefix(l, "on"):
			p.f.Active = true
		case l == "href" && e.Name.Local != "a":
			switch low := strings.ToLower(v); {
			case strings.HasPrefix(low, "javascript:"):
				p.f.Active = true
			case v != "" && !strings.HasPrefix(v, "#") && !strings.HasPrefix(low, "data:"):
				p.f.Loads = true
			}
		case l == "style" && strings.Contains(strings.ToLower(v), "url(") && !strings.Contains(v, "url(#"):
			p.f.Loads = true
		}
	}
}

// pixels reads a length of CSS in whole pixels; other units give 0.
func pixels(s string) int {
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "px"), 64)
	if err != nil || !(v > 0 && v <= maxSide) {
		return 0
	}
	return int(v)
}
