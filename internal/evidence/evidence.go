// Package evidence is the seam between hostile bytes and typed facts.
//
// A [Reader] takes bytes and limits and gives facts. It never panics outward,
// never follows a path out, never allocates from a length it has not bounded,
// and stops when its context ends. Facts are plain values that survive JSON,
// because they cross a process border when a reader runs confined.
//
// What it refuses to do: decide anything. Facts say what is there; checks say
// what it means.
package evidence

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// Limits bound what one reader may use for one piece of evidence.
type Limits struct {
	Bytes   int64         // size of the input
	Stream  int64         // size of the input, packed and unpacked, of a reader that streams
	Out     int64         // bytes written by all decompression together
	Ratio   int64         // out : in, looked at after the first 16 MiB out
	Depth   int           // nesting of documents, and of archives in archives
	Entries int           // members of an archive, elements of a list
	Time    time.Duration // wall time of one reader
}

// DefaultLimits are those of `iotmark check`. They keep a whole process under
// 512 MB on the worst input of the corpus.
func DefaultLimits() Limits {
	return Limits{
		Bytes:   64 << 20,
		Stream:  2 << 30,
		Out:     512 << 20,
		Ratio:   200,
		Depth:   64,
		Entries: 200_000,
		Time:    60 * time.Second,
	}
}

// Source is the bytes of one piece of evidence.
type Source struct {
	Name string // base name, for sniffing only; never opened
	Size int64  // in bytes
	io.ReaderAt
}

// NewSource returns a source over bytes in memory.
func NewSource(name string, b []byte) Source {
	return Source{Name: name, Size: int64(len(b)), ReaderAt: bytes.NewReader(b)}
}

// Head returns at most n of the first bytes.
func (s Source) Head(n int) []byte {
	b := make([]byte, min(int64(n), s.Size))
	k, _ := s.ReadAt(b, 0)
	return b[:k]
}

// Reader returns a fresh sequential reader over the whole source.
func (s Source) Reader() *io.SectionReader { return io.NewSectionReader(s.ReaderAt, 0, s.Size) }

// ReadAll returns all bytes, or the error too-large when there are more than
// the limit allows.
func (s Source) ReadAll(lim Limits) ([]byte, error) {
	if s.Size > lim.Bytes {
		return nil, TooLarge(s.Size, lim.Bytes)
	}
	b := make([]byte, s.Size)
	n, err := s.ReadAt(b, 0)
	if int64(n) == s.Size {
		err = nil
	}
	return b[:n], err
}

// Reader reads one format, or one family of formats.
type Reader struct {
	Name    string                 // the folder's name
	Version int                    // raised when facts can change
	Kinds   []iotmark.EvidenceKind // the roles in which its formats come
	// Sniff reports whether the bytes look like the format. It sees the base
	// name and at most SniffLen bytes, and must not trust the name alone.
	Sniff func(name string, head []byte) bool
	// Read returns the facts, as a pointer to the reader's own type.
	Read func(ctx context.Context, src Source, lim Limits) (any, error)
	// New returns an empty value of the facts' type, to decode JSON into.
	New func() any
	// Streams says that it reads from front to back in memory that does not
	// grow with the size: Limits.Stream bounds its input, not Limits.Bytes.
	Streams bool
	// Binary says that its formats are binary artefacts, written by tools and
	// devices rather than by people. Where there is a way to confine readers,
	// such a reader runs only confined.
	Binary bool
	// Tells are the ids of expected failures that it tells beside those of
	// this package. An answer of a confined reader with another id is refused.
	Tells []iotmark.ErrorID
}

// MayTell reports whether id is that of an expected failure of the reader.
func (r Reader) MayTell(id iotmark.ErrorID) bool {
	return slices.Contains([]iotmark.ErrorID{"malformed", "too-large", "too-deep", "too-many", "bomb", "too-slow"}, id) ||
		slices.Contains(r.Tells, id)
}

// SniffLen is how many bytes Sniff sees at most.
const SniffLen = 4096

// Dated is implemented by facts that carry the date of the content.
type Dated interface {
	// ContentDate returns the date, or the zero value when there is none.
	ContentDate() iotmark.Date
}

// Confined runs a reader on a source within limits as r.Read does, but where
// the bytes can do no harm to anything else. It ends with the context, and
// leaves nothing running. The errors are those of the reader; an
// [*iotmark.Error] of kind Internal when the reader broke off.
type Confined func(ctx context.Context, r Reader, src Source, lim Limits) (any, error)

// The errors of readers, each with a stable id. They become the reason of a
// cantTell finding.

// Malformed says that the bytes are not the format they look like.
func Malformed(format string, err error) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "malformed", Msg: "this is no readable " + format + "; export it again and check it with the tool that wrote it", Err: err}
}

// TooLarge says that the input is over the limit.
func TooLarge(size, limit int64) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "too-large", Msg: fmt.Sprintf("%s is more than the %s that are read; split it, or leave out what is not part of the product", Bytes(size), Bytes(limit))}
}

// TooDeep says that the input is nested deeper than the limit.
func TooDeep(limit int) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "too-deep", Msg: fmt.Sprintf("it is nested deeper than %d levels, which no honest file needs; export it again", limit)}
}

// TooMany says that there are more entries than the limit.
func TooMany(what string, limit int) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "too-many", Msg: fmt.Sprintf("it holds more than %d %s; split it", limit, what)}
}

// Bomb says that decompression gives far more than was put in.
func Bomb(limit int64) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "bomb", Msg: fmt.Sprintf("it unpacks to more than %s, which looks like a decompression bomb; hand in the parts one by one", Bytes(limit))}
}

// Bytes writes a size for people.
func Bytes(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d bytes", n)
	case n < 10<<20:
		return fmt.Sprintf("%d kB", n/1000)
	}
	return fmt.Sprintf("%d MB", n/1_000_000)
}
