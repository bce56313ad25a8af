//go:build unix

package store

import "golang.org/x/sys/unix"

// writable asks the system without opening anything.
func writable(name string) error { return unix.Access(name, unix.W_OK) }
