//go:build unix

package confine

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// number is that of the content in the child: the first of ExtraFiles.
func number(*os.File) uintptr { return 3 }

func pass(cmd *exec.Cmd, content *os.File) { cmd.ExtraFiles = []*os.File{content} }

// readOnly reports whether f is a regular file that is open for reading only.
func readOnly(f *os.File) bool {
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return false
	}
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDONLY
}

// peak returns the largest resident size of an ended process, in bytes.
func peak(st *os.ProcessState) int64 {
	u, _ := st.SysUsage().(*syscall.Rusage)
	return resident(u)
}

// ownPeak returns the largest resident size of this process so far.
func ownPeak() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return resident(&u)
}

func resident(u *syscall.Rusage) int64 {
	switch {
	case u == nil:
		return 0
	case runtime.GOOS == "darwin":
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) << 10
}
