package publication

import (
	"errors"

	"golang.org/x/sys/unix"
)

// swap exchanges two names in one folder in one step (renameat2(2),
// RENAME_EXCHANGE). Some file systems cannot.
func swap(dir int, a, b string) error {
	err := unix.Renameat2(dir, a, dir, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return errNoSwap
	}
	return err
}
