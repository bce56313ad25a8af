//go:build unix && !linux

package confine

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func endGroup(p *os.Process) {
	p.Kill()
	unix.Kill(-p.Pid, unix.SIGKILL)
}

// restrict sets the limits that these systems have. The child sees that its
// parent is gone by the end of its input.
func restrict(req request, _ ...string) []Protection {
	limit := func(what int, n uint64) error {
		var l unix.Rlimit
		if err := unix.Getrlimit(what, &l); err != nil {
			return err
		}
		assign(&l.Cur, n)
		assign(&l.Max, n)
		return unix.Setrlimit(what, &l)
	}
	out := []Protection{{ID: Orphan, On: true}}
	for _, s := range []struct {
		id  string
		err error
	}{
		{CPU, limit(unix.RLIMIT_CPU, uint64(math.Ceil(req.Budget.CPU.Seconds())))},
		{Output, errors.Join(limit(unix.RLIMIT_FSIZE, 0), limit(unix.RLIMIT_CORE, 0))},
	} {
		p := Protection{ID: s.id, On: s.err == nil}
		if s.err != nil {
			p.Why = line(s.err.Error())
		}
		out = append(out, p)
	}
	return out
}

func closeForeign(keep uintptr) {
	for fd := 3; fd < 256; fd++ {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); uintptr(fd) != keep && err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
}

func contentFile(fd uintptr) *os.File { return os.NewFile(fd, "content") }

// assign sets a limit, whose type differs between systems.
func assign[T int64 | uint64](to *T, n uint64) { *to = T(n) }
