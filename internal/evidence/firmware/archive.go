package firmware

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// readTar walks one archive up to its end mark.
func readTar(r io.Reader, visit func(member, io.Reader) error) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return err
		}
		m := member{name: h.Name, size: h.Size, kind: 'o'}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse, 0, '7':
			m.kind = 'f'
		case tar.TypeDir:
			m.kind = 'd'
		case tar.TypeSymlink:
			m.kind, m.link = 'l', h.Linkname
		case tar.TypeLink:
			m.kind, m.link = 'h', h.Linkname
		case tar.TypeXGlobalHeader:
			continue
		}
		if err := visit(m, t); err != nil {
			return err
		}
	}
}

// errLocked says that an entry needs a password.
var errLocked = errors.New("encrypted")

// readZip walks one archive by its central directory.
func readZip(ra io.ReaderAt, size int64, limit int, visit func(member, io.Reader) error) error {
	if err := weighZip(ra, size, limit); err != nil {
		return err
	}
	z, err := zip.NewReader(ra, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return err
	}
	for _, f := range z.File {
		m := member{name: f.Name, kind: 'f', size: int64(min(f.UncompressedSize64, 1<<62))}
		switch mode := f.Mode(); {
		case mode.IsDir():
			m.kind = 'd'
		case mode&fs.ModeSymlink != 0:
			m.kind = 'l'
		case !mode.IsRegular():
			m.kind = 'o'
		}
		if err := visitZip(f, m, visit); err != nil {
			return err
		}
	}
	return nil
}

func visitZip(f *zip.File, m member, visit func(member, io.Reader) error) error {
	if m.kind != 'f' && m.kind != 'l' {
		return visit(m, bytes.NewReader(nil))
	}
	if f.Flags&1 != 0 || f.Method != zip.Store && f.Method != zip.Deflate {
		return visit(m, failing{errLocked})
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if m.kind == 'l' {
		to, err := io.ReadAll(io.LimitReader(r, maxName))
		if err != nil {
			return err
		}
		m.link = string(to)
	}
	return visit(m, r)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// weighZip walks the central directory before archive/zip loads all of it,
// and refuses more entries than the limit and entries that share bytes: a
// bomb of 42 kB can hold 5 GB so (Fifield, "A better zip bomb", 2019).
func weighZip(ra io.ReaderAt, size int64, limit int) error {
	tail := make([]byte, min(size, 65557))
	if _, err := ra.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return err
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || len(tail)-i < 22 {
		return errors.New("no central directory")
	}
	end := tail[i:]
	dirLen, dirOff := int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	if dirOff == 0xffffffff || dirLen == 0xffffffff {
		return errors.New("ZIP64, which no image below 4 GiB needs")
	}
	base := size - int64(len(tail)-i) - dirLen - dirOff // bytes in front, as in self-extracting files
	if base < 0 || dirLen > size {
		return errors.New("its central directory is not where it should be")
	}
	type span struct{ from, to int64 }
	var spans []span
	dir := io.NewSectionReader(ra, base+dirOff, dirLen)
	h := make([]byte, 46)
	names := 0
	for {
		if _, err := io.ReadFull(dir, h); err != nil {
			break
		}
		if string(h[:4]) != "PK\x01\x02" {
			break
		}
		if len(spans) >= limit {
			return evidence.TooMany("files", limit)
		}
		n, x, c := binary.LittleEndian.Uint16(h[28:]), binary.LittleEndian.Uint16(h[30:]), binary.LittleEndian.Uint16(h[32:])
		if names += int(n) + int(x) + int(c); names > maxNames {
			return evidence.TooMany("bytes of names", maxNames)
		}
		from := base + int64(binary.LittleEndian.Uint32(h[42:]))
		spans = append(spans, span{from, from + 30 + int64(binary.LittleEndian.Uint32(h[20:]))})
		if _, err := dir.Seek(int64(n)+int64(x)+int64(c), io.SeekCurrent); err != nil {
			break
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return int(a.from - b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return errors.New("entries share bytes, which no honest archive needs")
		}
	}
	return nil
}
