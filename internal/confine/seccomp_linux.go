//go:build amd64 || arm64

package confine

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// allowed are the system calls that a Go program makes while it computes:
// memory, threads, time, signals of its own, and the poller. It can read what
// is open and opens nothing; of what is open, nothing but the answer, the
// standard error and the poller's own counter can be written.
var allowed = []uint32{
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_PREAD64, unix.SYS_LSEEK, unix.SYS_CLOSE, unix.SYS_FSTAT,
	unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_BRK, unix.SYS_MREMAP,
	unix.SYS_FUTEX, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY,
	unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK,
	unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_EXIT, unix.SYS_EXIT_GROUP, unix.SYS_RESTART_SYSCALL,
	unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_GETRANDOM,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2,
}

// Offsets in struct seccomp_data, seccomp(2). Both machines are little-endian,
// so the lower half of an argument comes first.
const (
	offNr   = 0
	offArch = 4
	offArgs = 16
)

// deny is what any other call gets. An error is told rather than the process
// ended: the runtime asks the kernel for things that it can do without.
const deny = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)

// newThings are the namespaces that a new thread must not have.
const newThings = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// program writes the filter for the machine and the process's own number.
func program(arch uint32, self uint32) []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		has   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		ret   = unix.BPF_RET | unix.BPF_K
	)
	arg := func(n uint32) unix.SockFilter { return unix.SockFilter{Code: load, K: offArgs + 8*n} }
	give := func(v uint32) unix.SockFilter { return unix.SockFilter{Code: ret, K: v} }
	p := []unix.SockFilter{
		{Code: load, K: offArch},
		{Code: equal, Jt: 1, K: arch},
		give(unix.SECCOMP_RET_KILL_PROCESS), // calls of another machine have other numbers
		{Code: load, K: offNr},
	}
	// on adds the answer to one call: rules end in an answer each.
	on := func(nr uint32, rules ...unix.SockFilter) {
		p = append(p, unix.SockFilter{Code: equal, Jf: uint8(len(rules)), K: nr})
		p = append(p, rules...)
	}
	for _, nr := range allowed {
		on(nr, give(unix.SECCOMP_RET_ALLOW))
	}
	// Memory, but none that can be run, and none that is shared.
	on(unix.SYS_MMAP, arg(2),
		unix.SockFilter{Code: has, Jt: 3, K: unix.PROT_EXEC}, arg(3),
		unix.SockFilter{Code: has, Jt: 1, K: unix.MAP_SHARED},
		give(unix.SECCOMP_RET_ALLOW), give(deny))
	on(unix.SYS_MPROTECT, arg(2),
		unix.SockFilter{Code: has, Jt: 1, K: unix.PROT_EXEC},
		give(unix.SECCOMP_RET_ALLOW), give(deny))
	// Threads, but no process and no namespace. The flags of clone3 cannot be
	// looked at, so it is not there, and libraries go back to clone.
	on(unix.SYS_CLONE, arg(0),
		unix.SockFilter{Code: has, Jf: 2, K: unix.CLONE_THREAD},
		unix.SockFilter{Code: has, Jt: 1, K: newThings},
		give(unix.SECCOMP_RET_ALLOW), give(deny))
	on(unix.SYS_CLONE3, give(unix.SECCOMP_RET_ERRNO|uint32(unix.ENOSYS)))
	// Signals to its own threads, by which the runtime stops them.
	on(unix.SYS_TGKILL, arg(0),
		unix.SockFilter{Code: equal, Jf: 1, K: self},
		give(unix.SECCOMP_RET_ALLOW), give(deny))
	// The kind of an open file, and names of mappings.
	on(unix.SYS_FCNTL, arg(1),
		unix.SockFilter{Code: equal, Jf: 1, K: unix.F_GETFL},
		give(unix.SECCOMP_RET_ALLOW), give(deny))
	on(unix.SYS_PRCTL, arg(0),
		unix.SockFilter{Code: equal, Jf: 1, K: unix.PR_SET_VMA},
		give(unix.SECCOMP_RET_ALLOW), give(deny))
	return append(p, give(deny))
}

// filter lets the kernel refuse, on every thread, all system calls that a
// reader does not need.
func filter() error {
	p := program(audit, uint32(os.Getpid()))
	prog := unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	tid, _, e := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	switch {
	case e != 0:
		return fmt.Errorf("no filter of system calls: %w", e)
	case tid != 0:
		return fmt.Errorf("thread %d has another filter of system calls", tid)
	}
	return nil
}
