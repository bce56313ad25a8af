//go:build !unix

package ledger

import (
	"context"

	"github.com/open-iot-mark/iotmark"
)

// Posix writes a log into a folder. On this system there is none: its files
// lack the locks and renames that Tessera relies on. Reading, copying and
// verifying work everywhere.
type Posix struct{ *Reader }

var errSystem = &iotmark.Error{Kind: iotmark.Invalid, ID: "log-system", Msg: "a log cannot be written on this system; use Linux, macOS or another Unix. Reading and copying one works here"}

// Open says that it cannot.
func Open(context.Context, Config) (*Posix, error) { return nil, errSystem }

// Append says that it cannot.
func (*Posix) Append(context.Context, []byte) (uint64, error) { return 0, errSystem }

// Published says that it cannot.
func (*Posix) Published(context.Context, uint64) (Head, error) { return Head{}, errSystem }

// Health is that of nothing.
func (*Posix) Health() Health { return Health{Write: errSystem, Publish: errSystem} }

// Close does nothing.
func (*Posix) Close(context.Context) error { return nil }
