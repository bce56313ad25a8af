package confine

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// step gives up one thing, and returns why it could not.
type step struct {
	id string
	do func() error
}

// restrict gives up all that a reader does not need, on every thread of this
// process, in an order in which each step can still be taken: what needs
// /proc first, the filter of system calls last. Only tests leave a step out,
// to see what the others do without it.
func restrict(req request, without ...string) []Protection {
	now := usage()
	steps := []step{
		{Orphan, func() error { return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0) }},
		{Output, limitOutput},
		{Memory, func() error { return limitMemory(now, req.Budget.Memory) }},
		{CPU, func() error { return limitCPU(req.Budget.CPU) }},
		// The filter of system calls makes other threads follow the one that
		// sets it, in this too: seccomp(2), SECCOMP_FILTER_FLAG_TSYNC.
		{Privs, func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }},
		{Caps, dropCapabilities},
	}
	abi, why := landlockABI()
	steps = append(steps, landlock(abi, why)...)
	steps = append(steps,
		step{Hidden, func() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }},
		step{Syscalls, filter},
	)
	if req.Users {
		// Only in a namespace of its own does it not count what others run.
		limit(unix.RLIMIT_NPROC, threads)
	}
	return take(slices.DeleteFunc(steps, func(s step) bool { return slices.Contains(without, s.id) }))
}

// take takes the steps, all on one thread: what some of them give up, they
// give up for the thread that asks alone, and a later one depends on it. The
// kernel refuses the filter of system calls to a thread that may still gain
// privileges: seccomp(2), EACCES.
func take(steps []step) []Protection {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var out []Protection
	for _, s := range steps {
		p := Protection{ID: s.id, On: true}
		if err := s.do(); err != nil {
			p.On, p.Why = false, line(err.Error())
		}
		out = append(out, p)
	}
	return out
}

// Bounds of a child that follow from how a Go program runs.
const (
	threads   = 64        // of a child; eight are usual
	openFiles = 32        // ten are usual
	slack     = 512 << 20 // bytes of addresses that the runtime reserves and does not use
)

// everywhere makes a system call on every thread of this process. What it
// does to one thread alone would be undone by any other. The runtime can do it
// only where it started all threads itself.
func everywhere(call, a, b, c uintptr) error {
	_, _, e := syscall.AllThreadsSyscall6(call, a, b, c, 0, 0, 0) // prctl wants zeros
	if e == syscall.ENOTSUP {
		return errors.New("this program was built with cgo; build it with CGO_ENABLED=0")
	}
	if e != 0 {
		return e
	}
	return nil
}

func limit(what int, n uint64) error {
	return unix.Prlimit(0, what, &unix.Rlimit{Cur: n, Max: n}, nil)
}

func limitOutput() error {
	return errors.Join(
		limit(unix.RLIMIT_FSIZE, 0),
		limit(unix.RLIMIT_CORE, 0),
		limit(unix.RLIMIT_NOFILE, openFiles),
		limit(unix.RLIMIT_MEMLOCK, 0),
		limit(unix.RLIMIT_MSGQUEUE, 0),
	)
}

// used is how much memory this process has mapped.
type used struct{ addresses, private int64 }

// usage reads how much is mapped: proc_pid_statm(5), fields 1 and 6.
func usage() used {
	b, _ := os.ReadFile("/proc/self/statm")
	f := strings.Fields(string(b))
	if len(f) < 6 {
		return used{}
	}
	page := int64(os.Getpagesize())
	a, _ := strconv.ParseInt(f[0], 10, 64)
	d, _ := strconv.ParseInt(f[5], 10, 64)
	return used{a * page, d * page}
}

// limitMemory bounds private memory and addresses. The heap grows by 64 MB at
// a time, and counts as soon as it may be written to.
func limitMemory(now used, more int64) error {
	if now.addresses == 0 {
		return errors.New("/proc tells nothing of the memory in use")
	}
	return errors.Join(
		limit(unix.RLIMIT_DATA, uint64(now.private+more)),
		limit(unix.RLIMIT_AS, uint64(now.addresses+more+slack)),
	)
}

func limitCPU(d time.Duration) error {
	if d <= 0 {
		return errors.New("no limit was asked for")
	}
	return limit(unix.RLIMIT_CPU, uint64(math.Ceil(d.Seconds())))
}

// dropCapabilities gives up the powers of root where starting the child did
// not take them away.
func dropCapabilities() error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return err
	}
	if data == [2]unix.CapUserData{} {
		return nil
	}
	data = [2]unix.CapUserData{} // of this thread; all have none where a namespace or becoming nobody took them
	return unix.Capset(&hdr, &data[0])
}

// landlockABI returns the version of Landlock, and why there is none.
func landlockABI() (int, error) {
	abi, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch e {
	case 0:
		return int(abi), nil
	case unix.ENOSYS:
		return 0, errors.New("this kernel has no Landlock (it came with Linux 5.13)")
	case unix.EOPNOTSUPP:
		return 0, errors.New("this machine was started without Landlock; lsm= at boot names it")
	}
	return 0, fmt.Errorf("no Landlock: %w", e)
}

// scopeMended is the bit of the errata by which threads of one process may
// send each other signals although each is in a scope of its own. Without it
// the Go runtime could not stop its threads.
const scopeMended = 1 << 1

// landlock returns the steps of a rule set that allows nothing. What version
// forbids what: landlock(7), the kernel's Documentation/userspace-api/landlock.rst.
func landlock(abi int, why error) []step {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: 1<<13 - 1}
	if abi >= 2 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	tcp := errors.New("this kernel's Landlock cannot forbid TCP (Linux 6.7 can)")
	if abi >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		tcp = nil
	}
	if abi >= 5 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	scope := errors.New("this kernel's Landlock has no scopes (Linux 6.12 has)")
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
		scope = errors.New("this kernel's Landlock keeps the threads of one process apart; a newer one is mended")
		if errata, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_ERRATA); e == 0 && errata&scopeMended != 0 {
			attr.Scoped |= unix.LANDLOCK_SCOPE_SIGNAL
			scope = nil
		}
	}
	enforced := false
	told := func(id string, own error) step {
		return step{id, func() error {
			if !enforced && why == nil {
				enforced, why = true, enforce(abi, &attr)
			}
			if why != nil {
				return why
			}
			return own
		}}
	}
	return []step{told(Files, nil), told(TCP, tcp), told(Scope, scope)}
}

// enforce restricts every thread by a rule set without rules.
func enforce(abi int, attr *unix.LandlockRulesetAttr) error {
	// The first three fields only: later kernels know more, and nothing else
	// is asked of them.
	const size = 3 * unsafe.Sizeof(attr.Scoped)
	fd, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(attr)), size, 0)
	if e != 0 {
		return fmt.Errorf("create a rule set of Landlock: %w", e)
	}
	defer unix.Close(int(fd))
	if abi >= 8 { // Linux 7.0: the kernel does it to all threads at once
		if _, _, e := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, unix.LANDLOCK_RESTRICT_SELF_TSYNC, 0); e == 0 {
			return nil
		}
	}
	// The kernel asks for this on each thread.
	if err := everywhere(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		return err
	}
	if err := everywhere(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); err != nil {
		return fmt.Errorf("enforce a rule set of Landlock: %w", err)
	}
	return nil
}

// closeForeign closes what this process was started with and does not need:
// open files of whoever started our parent. Those of the Go runtime close on
// execution, these do not, or they would not be here.
func closeForeign(keep uintptr) {
	entries, err := os.ReadDir("/proc/self/fd")
	var fds []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			fds = append(fds, n)
		}
	}
	if err != nil {
		for n := range 1024 {
			fds = append(fds, n)
		}
	}
	for _, fd := range fds {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); fd > 2 && uintptr(fd) != keep && err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
}

// tries are what a reader that was taken over would try. Each is a bare
// system call, so that nothing but the kernel refuses it.
func tries() []Act {
	passwd, tmp, program := []byte("/etc/passwd\x00"), []byte("/tmp\x00"), []byte("/nonexistent\x00")
	at := ^uintptr(99) // AT_FDCWD, which is -100
	socket := func(family, kind int) func() (uintptr, unix.Errno) {
		return func() (uintptr, unix.Errno) {
			fd, _, e := unix.RawSyscall(unix.SYS_SOCKET, uintptr(family), uintptr(kind), 0)
			return fd, e
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var out []Act
	for _, t := range []struct {
		id string
		do func() (uintptr, unix.Errno)
	}{
		{"open-file", func() (uintptr, unix.Errno) {
			fd, _, e := unix.RawSyscall6(unix.SYS_OPENAT, at, uintptr(unsafe.Pointer(&passwd[0])), unix.O_RDONLY, 0, 0, 0)
			return fd, e
		}},
		{"make-file", func() (uintptr, unix.Errno) {
			fd, _, e := unix.RawSyscall6(unix.SYS_OPENAT, at, uintptr(unsafe.Pointer(&tmp[0])), unix.O_TMPFILE|unix.O_RDWR, 0o600, 0, 0)
			return fd, e
		}},
		{"tcp", socket(unix.AF_INET, unix.SOCK_STREAM)},
		{"udp", socket(unix.AF_INET6, unix.SOCK_DGRAM)},
		{"unix", socket(unix.AF_UNIX, unix.SOCK_STREAM)},
		{"netlink", socket(unix.AF_NETLINK, unix.SOCK_RAW)},
		{"fork", func() (uintptr, unix.Errno) {
			pid, _, e := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
			if e == 0 && pid == 0 {
				unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
			}
			return math.MaxUint, e
		}},
		{"exec", func() (uintptr, unix.Errno) {
			_, _, e := unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(&program[0])), 0, 0)
			return math.MaxUint, e
		}},
		{"signal", func() (uintptr, unix.Errno) {
			_, _, e := unix.RawSyscall(unix.SYS_KILL, uintptr(math.MaxUint), 0, 0) // everybody
			return math.MaxUint, e
		}},
	} {
		fd, e := t.do()
		a := Act{ID: t.id}
		if e != 0 {
			a.Error = unix.ErrnoName(e)
		} else if fd != math.MaxUint {
			unix.Close(int(fd))
		}
		out = append(out, a)
	}
	return out
}

// contentFile returns the content in the child.
func contentFile(fd uintptr) *os.File { return os.NewFile(fd, "content") }
