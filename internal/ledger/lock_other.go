//go:build !unix

package ledger

import (
	"errors"
	"os"
)

var (
	errFull     = errors.New("no room")
	errReadOnly = errors.New("read-only")
)

// lock opens a file. On this system nothing keeps a second process out.
func lock(name string) (*os.File, error) { return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644) }
