//go:build unix

package preview

import (
	"os"
	"syscall"
)

// inode tells a file that took the place of another from the old one.
func inode(st os.FileInfo) uint64 {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}
