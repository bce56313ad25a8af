package dossier

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// source is a folder or an archive.
type source interface {
	// declaration returns the declaration's name and bytes.
	declaration() (string, []byte, error)
	// collect looks at the named files once, in that order, until the limit
	// of all together is reached. What is wrong with one file is told in its
	// place; the error refuses the whole dossier.
	collect(paths []string) (map[string]file, error)
	Close() error
}

// file is one file of evidence in a source.
type file struct {
	digest iotmark.Digest
	size   int64
	open   func() (Content, error)
	code   iotmark.ErrorID // why there are no bytes, or ""
	args   args
}

func absent() file { return file{code: "file-missing"} }

// budget counts the bytes that are hashed in one dossier. Without it a few
// sparse files keep a machine busy for minutes.
type budget struct {
	opt  Options
	used int64
}

// limit is how many bytes the next file may have.
func (b *budget) limit() int64 { return min(b.opt.MaxFile, max(0, b.opt.MaxTotal-b.used)) }

// tooLarge tells about a file of n bytes that is over the limit by itself, or
// together with those before it.
func (b *budget) tooLarge(name string, n int64) file {
	f := file{code: "file-too-large", args: args{"found": name, "limit": size(b.opt.MaxFile), "remedy": "Split it, or name it by its SHA-256."}}
	if n <= b.opt.MaxFile {
		f.args = args{"found": name + ", together with the evidence before it,", "limit": size(b.opt.MaxTotal), "remedy": "Name the largest files by their SHA-256."}
	}
	return f
}

// openSource finds out what is at path.
func openSource(path string, opt Options) (source, error) {
	if path == "" {
		path = "."
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, refuseFor(path, err)
	}
	if st.IsDir() {
		return openFolder(path, "", opt)
	}
	if !st.Mode().IsRegular() {
		// Opening a pipe would wait for its other end.
		return nil, refuse("not-a-dossier", path, args{"found": "this is " + modeWord(st.Mode())})
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, refuseFor(path, err)
	}
	head := make([]byte, 1024)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		f.Close()
		return nil, refuseFor(path, err)
	}
	head = head[:n]
	switch format := sniff(head); {
	case format == "zip" || format == "tar" || format == "gzip":
		a := &archive{path: path, f: f, size: st.Size(), opt: opt, format: format}
		if err := a.walk(); err != nil {
			a.Close()
			return nil, err
		}
		return a, nil
	case format != "":
		f.Close()
		return nil, refuse("archive-unknown", path, args{"found": format})
	}
	f.Close()
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".yaml" && ext != ".yml" && ext != ".json" { // JSON is YAML, and a published declaration is JSON
		return nil, refuse("not-a-dossier", path, args{"found": "this is a file"})
	}
	return openFolder(filepath.Dir(path), filepath.Base(path), opt)
}

// refuseFor puts an error of the system in words.
func refuseFor(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse("path-missing", path, nil)
	case errors.Is(err, fs.ErrPermission):
		return refuse("no-permission", path, nil)
	}
	return refuse("read-failed", path, args{"reason": sysReason(err)})
}

// sysReason takes the path off an error of the system: the message has it.
func sysReason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return "The system says: " + err.Error() + "."
}

func modeWord(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return "something else"
}

// sniff names the format of an archive by its first bytes: zip, tar and gzip
// are read, the others are named so that the message can say what it is.
func sniff(head []byte) string {
	for _, m := range []struct{ magic, format string }{
		{"PK\x03\x04", "zip"}, {"PK\x05\x06", "zip"}, {"PK\x07\x08", "zip"},
		{"\x1f\x8b", "gzip"},
		{"\xfd7zXZ\x00", "an xz archive"}, {"\x28\xb5\x2f\xfd", "a zstd archive"}, {"BZh", "a bzip2 archive"},
		{"7z\xbc\xaf\x27\x1c", "a 7z archive"}, {"Rar!\x1a\x07", "a rar archive"}, {"\x04\x22\x4d\x18", "an lz4 archive"},
		{"070701", "a cpio archive"}, {"070707", "a cpio archive"}, {"!<arch>\n", "an ar archive"}, {"xar!", "a xar archive"},
		{"hsqs", "a SquashFS image"}, {"%PDF-", "a PDF"},
	} {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.format
		}
	}
	if len(head) >= 512 && tarBlock(head[:512]) {
		return "tar"
	}
	return ""
}

// tarBlock reports whether a block of 512 bytes is a header of a tar (its
// checksum holds, POSIX.1-1988), or the zeros at the end of an empty one.
func tarBlock(b []byte) bool {
	sum, zeros := 0, true
	for i, c := range b {
		if c != 0 {
			zeros = false
		}
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int(c)
	}
	if zeros {
		return true
	}
	want, digits := 0, 0
	for _, c := range b[148:156] {
		if c >= '0' && c <= '7' {
			want = want*8 + int(c-'0')
			digits++
		} else if digits > 0 {
			break
		}
	}
	return digits > 0 && want == sum
}

// hashing copies r into w and returns digest and size. It stops with
// errTooLarge after limit bytes.
func hashing(w io.Writer, r io.Reader, limit int64) (iotmark.Digest, int64, error) {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = errTooLarge
	}
	return iotmark.Digest(hex.EncodeToString(h.Sum(nil))), n, err
}

var errTooLarge = errors.New("too large")
