package image_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	stdimage "image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/image"
)

func read(t testing.TB, b []byte) (*image.Facts, error) {
	t.Helper()
	f, err := image.Reader.Read(t.Context(), evidence.NewSource("x", b), evidence.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return f.(*image.Facts), nil
}

// exif builds a TIFF block with a day, and with or without a place.
func exif(o binary.AppendByteOrder, place bool) []byte {
	b := []byte("MM\x00*")
	if o == binary.AppendByteOrder(binary.LittleEndian) {
		b = []byte("II*\x00")
	}
	b = o.AppendUint32(b, 8)
	entry := func(tag, kind uint16, count, value uint32) {
		b = o.AppendUint16(b, tag)
		b = o.AppendUint16(b, kind)
		b = o.AppendUint32(b, count)
		b = o.AppendUint32(b, value)
	}
	b = o.AppendUint16(b, 2) // at 8
	entry(0x0132, 2, 20, 100)
	if place {
		entry(0x8825, 4, 1, 40)
	} else {
		entry(0x010f, 2, 4, 0)
	}
	b = append(b, make([]byte, 40-len(b))...)
	b = o.AppendUint16(b, 2)
	entry(2, 5, 3, 200)
	entry(4, 5, 3, 224)
	b = append(b, make([]byte, 100-len(b))...)
	b = append(b, "2026:03:09 10:11:12\x00"...)
	return append(b, make([]byte, 300-len(b))...)
}

func segment(marker byte, body []byte) []byte {
	b := []byte{0xff, marker}
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)+2))
	return append(b, body...)
}

func chunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(b, kind...)
	b = append(b, body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func riff(chunks ...[]byte) []byte {
	body := []byte("WEBP")
	for _, c := range chunks {
		body = append(body, c...)
	}
	b := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(body)))...)
	return append(b, body...)
}

func riffChunk(kind string, body []byte) []byte {
	b := append([]byte(kind), binary.LittleEndian.AppendUint32(nil, uint32(len(body)))...)
	b = append(b, body...)
	if len(body)&1 == 1 {
		b = append(b, 0)
	}
	return b
}

func box(kind string, body ...[]byte) []byte {
	all := bytes.Join(body, nil)
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(all)))
	b = append(b, kind...)
	return append(b, all...)
}

func avif(w, h uint32, data []byte) []byte {
	ispe := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 0}, w), h)
	return bytes.Join([][]byte{box("ftyp", []byte("avif\x00\x00\x00\x00avifmif1")),
		box("meta", []byte{0, 0, 0, 0}, box("iprp", box("ipco", box("ispe", ispe)))), box("mdat", data)}, nil)
}

func encoded(t testing.TB) (p, j, g []byte) {
	t.Helper()
	m := stdimage.NewPaletted(stdimage.Rect(0, 0, 7, 5), color.Palette{color.Black, color.White})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	p = bytes.Clone(b.Bytes())
	b.Reset()
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	j = bytes.Clone(b.Bytes())
	b.Reset()
	if err := gif.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return p, j, bytes.Clone(b.Bytes())
}

func TestPictures(t *testing.T) {
	t.Parallel()
	p, j, g := encoded(t)
	app1 := func(place bool) []byte {
		return bytes.Join([][]byte{j[:2], segment(0xe1, append([]byte("Exif\x00\x00"), exif(binary.BigEndian, place)...)), j[2:]}, nil)
	}
	xmp := bytes.Join([][]byte{j[:2], segment(0xe1, []byte("http://ns.adobe.com/xap/1.0/\x00<x exif:GPSLatitude='53,1N'/>")), j[2:]}, nil)
	vp8x := riffChunk("VP8X", []byte{0, 0, 0, 0, 6, 0, 0, 4, 0, 0})
	for _, c := range []struct {
		name string
		in   []byte
		want image.Facts
	}{
		{"png", p, image.Facts{Type: "png", Width: 7, Height: 5}},
		{"png with place", bytes.Join([][]byte{p[:33], chunk("eXIf", exif(binary.LittleEndian, true)), p[33:]}, nil), image.Facts{Type: "png", Width: 7, Height: 5, Located: true, Taken: "2026-03-09"}},
		{"png cut off", p[:len(p)-12], image.Facts{Type: "png", Width: 7, Height: 5, Cut: true}},
		{"jpeg", j, image.Facts{Type: "jpeg", Width: 7, Height: 5}},
		{"jpeg with day", app1(false), image.Facts{Type: "jpeg", Width: 7, Height: 5, Taken: "2026-03-09"}},
		{"jpeg with place", app1(true), image.Facts{Type: "jpeg", Width: 7, Height: 5, Located: true, Taken: "2026-03-09"}},
		{"jpeg with place in xmp", xmp, image.Facts{Type: "jpeg", Width: 7, Height: 5, Located: true}},
		{"gif", g, image.Facts{Type: "gif", Width: 7, Height: 5}},
		{"webp extended", riff(vp8x, riffChunk("EXIF", exif(binary.LittleEndian, true))), image.Facts{Type: "webp", Width: 7, Height: 5, Located: true, Taken: "2026-03-09"}},
		{"webp lossy", riff(riffChunk("VP8 ", []byte{0, 0, 0, 0x9d, 1, 0x2a, 7, 0, 5, 0})), image.Facts{Type: "webp", Width: 7, Height: 5}},
		{"webp lossless", riff(riffChunk("VP8L", binary.LittleEndian.AppendUint32([]byte{0x2f}, 6|4<<14))), image.Facts{Type: "webp", Width: 7, Height: 5}},
		{"avif", avif(7, 5, nil), image.Facts{Type: "avif", Width: 7, Height: 5}},
		{"avif with place", avif(7, 5, append([]byte("....Exif\x00\x00"), exif(binary.BigEndian, true)...)), image.Facts{Type: "avif", Width: 7, Height: 5, Located: true, Taken: "2026-03-09"}},
		{"svg", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 7 5"><a href="https://a.example"><path d="M0 0"/></a></svg>`), image.Facts{Type: "svg", Width: 7, Height: 5}},
		{"svg that runs", []byte(`<svg width="7px" height="5"><script>x</script></svg>`), image.Facts{Type: "svg", Width: 7, Height: 5, Active: true}},
		{"svg that loads", []byte(`<svg width="70mm"><image href="https://a.example/x.png"/></svg>`), image.Facts{Type: "svg", Loads: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !image.Reader.Sniff("x", c.in) {
				t.Error("not sniffed")
			}
			got, err := read(t, c.in)
			if err != nil {
				t.Fatal(err)
			}
			c.want.Bytes = int64(len(c.in))
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
			raw, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			back := image.Reader.New()
			if err := json.Unmarshal(raw, back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, back); diff != "" {
				t.Errorf("facts changed on their way through JSON (-want +got)\n%s", diff)
			}
		})
	}
}

// The photo of the corpus was made by its own tool.
func TestProduct(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../../testdata/products/careful/evidence/photo.png")
	if err != nil {
		t.Fatal(err)
	}
	f, err := read(t, b)
	if err != nil || f.Type != "png" || f.Width < 100 || f.Located || f.Cut {
		t.Errorf("got %+v, %v", f, err)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	p, j, _ := encoded(t)
	size := func(w, h uint32) []byte {
		b := bytes.Clone(p)
		binary.BigEndian.PutUint32(b[16:], w)
		binary.BigEndian.PutUint32(b[20:], h)
		binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
		return b
	}
	for _, c := range []struct {
		name, id string
		in       []byte
	}{
		{"png of 2^31 pixels", "malformed", size(1<<31, 1<<31)},
		{"png of 2^31-1 pixels", "malformed", size(1<<31-1, 1)},
		{"png of no pixel", "malformed", size(0, 0)},
		{"png of chunks", "malformed", append(bytes.Clone(p[:33]), bytes.Repeat(chunk("tEXt", nil), 20_000)...)},
		{"png header alone", "malformed", p[:8]},
		{"jpeg header alone", "malformed", j[:3]},
		{"jpeg of segments", "malformed", append(bytes.Clone(j[:2]), bytes.Repeat(segment(0xfe, nil), 100_000)...)},
		{"gif header alone", "malformed", []byte("GIF89a")},
		{"webp without size", "malformed", riff()},
		{"webp chunk of 4 GiB", "malformed", riff([]byte("JUNK\xff\xff\xff\xff"))},
		{"avif without size", "malformed", avif(0, 0, nil)},
		{"avif of 2^32 pixels", "malformed", avif(1<<32-1, 1<<32-1, nil)},
		{"avif box of 2^63", "malformed", append(box("ftyp", []byte("avif\x00\x00\x00\x00avif")), "\x00\x00\x00\x01meta\xff\xff\xff\xff\xff\xff\xff\xff"...)},
		{"svg deep", "too-deep", []byte(strings.Repeat("<svg>", 100_000))},
		{"svg entities", "malformed", []byte(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>`)},
		{"svg many", "too-many", []byte("<svg>" + strings.Repeat("<g/>", 300_000) + "</svg>")},
		{"svg large", "too-large", append([]byte("<svg>"), make([]byte, 9<<20)...)},
		{"svg broken", "malformed", []byte("<svg><g></svg>")},
		{"text", "malformed", []byte("hello")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, c.in)
			if e, ok := errors.AsType[*iotmark.Error](err); !ok || string(e.ID) != c.id {
				t.Errorf("got %v, want the error %s", err, c.id)
			}
		})
	}
	for _, in := range []string{"", "%PDF-1.7", "<html><svg></svg></html>", "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00mp42"} {
		if image.Reader.Sniff("x.png", []byte(in)) {
			t.Errorf("%q was taken for a picture", in)
		}
	}
}

func FuzzRead(f *testing.F) {
	p, j, g := encoded(f)
	f.Add(p)
	f.Add(g)
	f.Add(bytes.Join([][]byte{j[:2], segment(0xe1, append([]byte("Exif\x00\x00"), exif(binary.BigEndian, true)...)), j[2:]}, nil))
	f.Add(riff(riffChunk("VP8X", make([]byte, 10)), riffChunk("EXIF", exif(binary.LittleEndian, true))))
	f.Add(avif(7, 5, append([]byte("Exif\x00\x00"), exif(binary.LittleEndian, true)...)))
	f.Add([]byte(`<svg width="7"><script/></svg>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := image.Reader.Read(t.Context(), evidence.NewSource("x", b), evidence.DefaultLimits())
		if (got == nil) == (err == nil) {
			t.Fatalf("facts %v, error %v", got, err)
		}
		if err != nil {
			if _, ok := errors.AsType[*iotmark.Error](err); !ok {
				t.Fatalf("an error of no kind: %v", err)
			}
		}
	})
}
