//go:build unix

package cli_test

import (
	"os"
	"runtime"
	"syscall"
)

// peak returns the largest resident size of an ended process, in bytes.
func peak(p *os.ProcessState) int64 {
	u, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return u.Maxrss
	}
	return u.Maxrss << 10
}
