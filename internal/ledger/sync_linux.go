package ledger

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncAll makes everything that was written below a folder last.
func syncAll(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return unix.Syncfs(int(d.Fd()))
}
