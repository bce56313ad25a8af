package dossier

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"

	"github.com/open-iot-mark/iotmark"
)

// spool keeps what was unpacked: small pieces in memory, everything else in
// one temporary file that has no name any more as soon as it is open. When
// the program is killed, nothing stays behind.
type spool struct {
	limit int64 // bytes unpacked together
	out   int64
	mem   int64
	f     *os.File
	end   int64 // of the file
}

const (
	maxPiece = 1 << 20  // a piece up to this size stays in memory
	maxMem   = 32 << 20 // all pieces in memory together
)

// add unpacks r and returns its digest, its size and its bytes.
func (s *spool) add(r io.Reader) (iotmark.Digest, int64, *io.SectionReader, error) {
	h := sha256.New()
	// One byte over the budget shows that there is more.
	r = io.TeeReader(&io.LimitedReader{R: r, N: s.limit - s.out + 1}, h)
	var head bytes.Buffer
	n, err := io.CopyN(&head, r, maxPiece+1)
	whole := errors.Is(err, io.EOF)
	if err != nil && !whole {
		return "", 0, nil, err
	}
	var sec *io.SectionReader
	if whole && s.mem+n <= maxMem {
		s.mem += n
		sec = io.NewSectionReader(bytes.NewReader(head.Bytes()), 0, n)
	} else {
		if err := s.openFile(); err != nil {
			return "", 0, nil, err
		}
		w := io.NewOffsetWriter(s.f, s.end)
		if n, err = io.Copy(spoolWriter{w}, io.MultiReader(&head, r)); err != nil {
			return "", 0, nil, err
		}
		sec = io.NewSectionReader(s.f, s.end, n)
		s.end += n
	}
	if s.out += n; s.out > s.limit {
		return "", 0, nil, errBomb
	}
	return iotmark.Digest(hex.EncodeToString(h.Sum(nil))), n, sec, nil
}

func (s *spool) openFile() error {
	if s.f != nil {
		return nil
	}
	f, err := os.CreateTemp("", "iotmark-")
	if err != nil {
		return noSpace{err}
	}
	s.f = f
	_ = os.Remove(f.Name()) // where the system keeps open files by name, Close takes it away
	return nil
}

// noSpace is an error of the system about the temporary file: the archive is
// not to blame.
type noSpace struct{ err error }

func (e noSpace) Error() string { return e.err.Error() }
func (e noSpace) Unwrap() error { return e.err }

// spoolWriter tells errors of writing from those of what is unpacked.
type spoolWriter struct{ w io.Writer }

func (s spoolWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		err = noSpace{err}
	}
	return n, err
}

// Close gives the space back.
func (s *spool) Close() error {
	if s.f == nil {
		return nil
	}
	err := s.f.Close()
	_ = os.Remove(s.f.Name())
	return err
}
