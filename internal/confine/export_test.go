package confine

import (
	"os"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// WorkLoose is Work, but leaves out the protections that the name of the
// source lists before its first space, so that a test sees what the others do
// without them.
func WorkLoose(readers []evidence.Reader) int {
	return work(readers, func(req request) []Protection {
		without, _, _ := strings.Cut(req.Name, " ")
		return restrict(req, strings.Split(without, ",")...)
	})
}

// SetExecutable makes a confiner start another program.
func (c *Confiner) SetExecutable(path string) { c.exe = path }

// Receive, Decode and Check are the way of an answer from its bytes.
func Listen(f *os.File, reader string, version int, limit int64) ([]byte, error) {
	h := listen(f, request{Reader: reader, Version: version, Budget: Budget{Answer: limit}})
	if h.err != nil {
		return nil, h.err
	}
	return h.answer.Facts, nil
}
