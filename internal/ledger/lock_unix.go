//go:build unix

package ledger

import (
	"errors"
	"os"
	"syscall"

	"github.com/open-iot-mark/iotmark"
)

var (
	errFull     error = syscall.ENOSPC
	errReadOnly error = syscall.EROFS
)

// lock keeps a folder for one process until the file is closed, or the process
// ends in whatever way.
func lock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	// flock, not fcntl: a lock of fcntl goes with any handle of the process that
	// is closed.
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fail(iotmark.Conflict, "log-busy", nil, "another process is writing here (%s is locked); end it first", name)
		}
		return nil, err
	}
	return f, nil
}
