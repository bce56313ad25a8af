package evidence

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// MaxArmour bounds one private key in armour, in bytes: an RSA key of 16384
// bits has 13 kB.
const MaxArmour = 32 << 10

// Armour is a private key between the lines that begin and end it: PEM (RFC
// 7468), as OpenSSH writes it, or OpenPGP (RFC 9580, 6.2).
type Armour struct {
	Label string // RSA PRIVATE KEY, OPENSSH PRIVATE KEY, PGP PRIVATE KEY BLOCK and the like
	Body  []byte // what stands between the two lines; nil when no end follows
	Start int    // of the line that begins it
	Next  int    // where to look for the one after the line
	End   int    // of the body, before the line that ends it
}

var armourBegin = []byte("-----BEGIN ")

// NextArmour finds the first line at or after at that begins a private key. A
// line is no key: half of them in real images are texts inside programs that
// handle keys.
func NextArmour(b []byte, at int) (Armour, bool) {
	for {
		i := bytes.Index(b[at:], armourBegin)
		if i < 0 {
			return Armour{}, false
		}
		start := at + i
		at = start + len(armourBegin)
		head := b[at:min(len(b), at+64)]
		n := bytes.Index(head, []byte("-----"))
		if n < 0 || !bytes.HasSuffix(head[:n], []byte("PRIVATE KEY")) && !bytes.HasSuffix(head[:n], []byte("PRIVATE KEY BLOCK")) {
			continue
		}
		k := Armour{Label: string(head[:n]), Start: start, Next: at}
		from := at + n + 5
		body := b[from:min(len(b), at+MaxArmour)]
		if stop := bytes.Index(body, []byte("-----END "+k.Label+"-----")); stop >= 0 {
			k.Body, k.End = body[:stop], from+stop
		}
		return k, true
	}
}

// plainLines takes away how lines are written inside of C, JSON and HTML.
var plainLines = strings.NewReplacer(`\r`, "", `\n`, "\n", "<br>", "\n", "<br/>", "\n", "<br />", "\n", `"`, "", `'`, "", ",", "", `\`, "")

// filled reports whether between the lines there is what a key could be.
func (k Armour) filled() bool {
	n := 0
	for l := range strings.Lines(plainLines.Replace(string(k.Body))) {
		l = strings.TrimSpace(l)
		if strings.Contains(l, ": ") || strings.HasPrefix(l, "=") {
			continue // a header, or the checksum of OpenPGP
		}
		for _, r := range l {
			switch {
			case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '+', r == '/', r == '=':
				n++
			case r != ' ' && r != '\t':
				return false
			}
		}
	}
	return n >= 40
}

// marks are secrets that have a form of their own. AWS documents the ids of
// access keys under "IAM identifiers"; a secret access key has 40 letters and
// is known by its name only.
var marks = []struct {
	name    string
	needles []string // one of them stands in every such secret
	form    *pattern.Pattern
}{
	{"an AWS access key", []string{"AKIA", "ASIA", "ABIA", "ACCA"}, pattern.New(`(?:^|[^A-Za-z0-9])((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})(?:[^A-Za-z0-9]|$)`)},
	{"an AWS secret key", []string{"secret", "Secret", "SECRET"}, pattern.New(`(?i)secret[_-]?(?:access[_-]?)?key["']?\s{0,4}(?:=>|[=:])\s{0,4}["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)`)},
	{"a private key of PuTTY", []string{"PuTTY-User-Key-File-"}, pattern.New(`(PuTTY-User-Key-File-[0-9]: [a-z0-9-]+)`)},
	{"a secret key of age", []string{"AGE-SECRET-KEY-1"}, pattern.New(`(AGE-SECRET-KEY-1[A-Z0-9]{58})`)},
}

// around is how far a secret reaches before and behind its needle.
const around = 160

// encoded begins PEM that was put into base64 as a whole, as for containers.
var encoded = []byte("LS0tLS1CRUdJTi")

// secretIn names the first secret in what was gathered, or nothing.
func (f *finder) secretIn() string {
	b := f.buf
	for at := 0; f.armours < maxArmours; f.armours++ {
		k, ok := NextArmour(b, at)
		if !ok {
			break
		}
		if at = k.Next; k.filled() {
			return "a private key (" + k.Label + ")"
		}
	}
	for at := 0; ; {
		i := bytes.Index(b[at:], encoded)
		if i < 0 {
			break
		}
		at += i
		n := bytes.IndexFunc(b[at:min(len(b), at+MaxArmour)], func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '+' || r == '/')
		})
		if n < 0 {
			n = min(len(b), at+MaxArmour) - at
		}
		plain, _ := base64.RawStdEncoding.DecodeString(string(b[at : at+n]))
		if k, ok := NextArmour(plain, 0); ok && k.filled() {
			return "a private key (" + k.Label + ")"
		}
		at += n
	}
	for _, m := range marks {
		for _, needle := range m.needles {
			for at := 0; ; {
				i := bytes.Index(b[at:], []byte(needle))
				if i < 0 {
					break
				}
				at += i
				for _, s := range m.form.Regexp().FindAllSubmatch(b[max(0, at-1):min(len(b), at+around)], -1) {
					if !bytes.Contains(s[1], []byte("EXAMPLE")) { // those that AWS prints in its manuals
						return m.name
					}
				}
				at += len(needle)
			}
		}
	}
	return ""
}

// Bounds of looking for secrets in one piece of evidence.
const (
	secretOut   = 2 << 30 // bytes that are looked at, unpacked ones included
	secretDepth = 4       // archives within archives
	window      = 1 << 20 // bytes that are looked at together
	maxArmours  = 20_000  // lines that begin a key; each is looked at as far as one may reach
)

// errFound ends the search.
var errFound = errors.New("a secret was found")

// finder is written all that is looked at.
type finder struct {
	ctx     context.Context
	found   string
	buf     []byte
	left    int64
	armours int
}

func (f *finder) Write(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	if f.left -= int64(len(p)); f.left < 0 {
		return 0, tooMuch("it unpacks to more than %s", Bytes(secretOut))
	}
	f.buf = append(f.buf, p...)
	if len(f.buf) >= window {
		return len(p), f.look(MaxArmour + around)
	}
	return len(p), nil
}

// look searches what was gathered and keeps its end, where a secret may begin.
func (f *finder) look(keep int) error {
	defer func() { f.buf = append(f.buf[:0], f.buf[max(0, len(f.buf)-keep):]...) }()
	if f.found = f.secretIn(); f.found != "" {
		return errFound
	}
	if f.armours >= maxArmours {
		return tooMuch("it has more than %d lines that begin a private key", maxArmours)
	}
	return nil
}

func tooMuch(format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "too-much", Msg: fmt.Sprintf(format, args...) + ", and so nobody could look whether a secret is in it; hand in a smaller part"}
}

// Secret looks for a private key, or an access key of a cloud, in the bytes of
// a piece of evidence, also when they are packed with gzip, bzip2, Zstandard,
// tar or zip. It names the first that it finds, or nothing, and shows nothing
// of it. Not seen are keys in DER or in a key store, texts in UTF-16, what is
// packed with xz, and zip files within other archives. The error is for what
// is too large to look through (too-much), and for ctx.
func Secret(ctx context.Context, s Source) (string, error) {
	f := &finder{ctx: ctx, left: secretOut}
	err := f.stream(s.Reader(), 0)
	if err == nil && bytes.HasPrefix(s.Head(4), zipLocal) {
		err = f.zip(s)
	}
	if err == errFound {
		return f.found, nil
	}
	return "", err
}

// zipLocal begins each member of a zip file (APPNOTE 6.3.10, 4.3.7).
var zipLocal = []byte("PK\x03\x04")

// zip looks through the members of a zip file. It goes by their own headers
// and not by the directory at the end, which may leave some out.
func (f *finder) zip(s Source) error {
	for at := int64(0); at+30 <= s.Size; {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		b := make([]byte, min(s.Size-at, 64<<10))
		n, _ := s.ReadAt(b, at)
		i := bytes.Index(b[:n], zipLocal)
		if i < 0 {
			at += int64(max(n-len(zipLocal)+1, 1))
			continue
		}
		at += int64(i)
		head := make([]byte, 30)
		if n, _ := s.ReadAt(head, at); n < len(head) {
			return nil
		}
		method, size := binary.LittleEndian.Uint16(head[8:]), int64(binary.LittleEndian.Uint32(head[18:]))
		at += 30 + int64(binary.LittleEndian.Uint16(head[26:])) + int64(binary.LittleEndian.Uint16(head[28:]))
		if at >= s.Size {
			return nil
		}
		switch method {
		case 0:
			if size == 1<<32-1 {
				size = 0 // it stands elsewhere; the bytes were looked at as they are
			}
			if err := f.stream(io.NewSectionReader(s.ReaderAt, at, min(size, s.Size-at)), 1); err != nil {
				return err
			}
			at += size
		case 8:
			in := &counted{r: bufio.NewReader(io.NewSectionReader(s.ReaderAt, at, s.Size-at))}
			if err := f.stream(flate.NewReader(in), 1); err != nil {
				return err
			}
			at += in.n
		}
	}
	return nil
}

// counted tells how far a decompressor read, byte for byte.
type counted struct {
	r *bufio.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counted) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// stream looks through what r gives, and through what that is packed from.
// Where unpacking breaks off, what came before was looked at.
func (f *finder) stream(r io.Reader, depth int) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		head, _ := in.Peek(512)
		if depth == secretDepth || len(head) == 0 {
			return f.raw(in)
		}
		if len(head) > 262 && string(head[257:262]) == "ustar" {
			return f.archive(in, depth)
		}
		out, done := unpacker(in, head)
		if out == nil {
			return f.raw(in)
		}
		err := f.stream(out, depth+1)
		done()
		if err != nil {
			return err
		}
	}
}

func (f *finder) raw(r io.Reader) error {
	if _, err := io.Copy(f, readable{r}); err != nil {
		return err
	}
	return f.look(0)
}

// archive looks through the members of a tar, by name and content.
func (f *finder) archive(in io.Reader, depth int) error {
	t := tar.NewReader(in)
	for {
		h, err := t.Next()
		if err != nil {
			return f.raw(in) // its end, or no tar any more
		}
		if _, err := io.WriteString(f, h.Name+"\n"); err != nil {
			return err
		}
		if err := f.stream(t, depth+1); err != nil {
			return err
		}
	}
}

// readable ends where reading breaks off: a packed file that is broken ends
// there for everybody.
type readable struct{ io.Reader }

func (r readable) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

const maxDictionary = 64 << 20 // bytes that a decompressor keeps

// unpacker opens a packed stream by its first bytes; nil: it is none.
func unpacker(in io.Reader, head []byte) (io.Reader, func()) {
	none := func() {}
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b\x08")):
		if z, err := gzip.NewReader(in); err == nil {
			z.Multistream(false) // what stands behind is looked at by itself
			return z, none
		}
	case bytes.HasPrefix(head, []byte("BZh")):
		return bzip2.NewReader(in), none
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		if z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxDictionary), zstd.WithDecoderMaxMemory(maxDictionary)); err == nil {
			return z, z.Close
		}
	}
	return nil, none
}
