package confine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownImage is the file this program was started from, also when another has
// taken its name since.
const ownImage = "/proc/self/exe"

// nobody is who a child is, in its own eyes and where possible in others'.
const nobody = 65534

// stage is a way of starting a child.
type stage struct {
	flags uintptr          // CLONE_NEW*
	drop  bool             // become nobody on the machine too: only root can
	lost  map[string]error // protections that did not work, and why
}

// namespaces that a child gets, and their protections.
var namespaces = []struct {
	id   string
	flag uintptr
}{
	{Users, unix.CLONE_NEWUSER},
	{Network, unix.CLONE_NEWNET},
	{PIDs, unix.CLONE_NEWPID},
	{IPC, unix.CLONE_NEWIPC},
	{Names, unix.CLONE_NEWUTS},
}

func (s *stage) users() bool { return s.flags&unix.CLONE_NEWUSER != 0 }

// apply sets how a command is started.
func (s *stage) apply(cmd *exec.Cmd) {
	a := &syscall.SysProcAttr{
		Cloneflags: s.flags,
		Setpgid:    true, // Ctrl-C in a terminal comes to this program, which ends the child
		Pdeathsig:  syscall.SIGKILL,
	}
	host := os.Geteuid()
	hostGroup := os.Getegid()
	if s.drop {
		host, hostGroup = nobody, nobody
	}
	if s.users() {
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: host, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: hostGroup, Size: 1}}
		a.GidMappingsEnableSetgroups = s.drop
	}
	if s.drop {
		a.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	cmd.SysProcAttr = a
}

// protections returns those that starting the child gave.
func (s *stage) protections() []Protection {
	var out []Protection
	for _, n := range namespaces {
		p := Protection{ID: n.id, On: s.flags&n.flag != 0}
		if !p.On {
			p.Why = "the kernel gives none"
			if err := s.lost[n.id]; err != nil {
				p.Why = line("the kernel refuses one: " + err.Error())
			}
		}
		out = append(out, p)
	}
	return out
}

// explore finds the best way of starting a child: with everything at once,
// and where that fails one namespace after the other, as nobody first.
func explore(try func(*stage) (*child, error)) (*stage, *child, error) {
	var all uintptr
	for _, n := range namespaces {
		all |= n.flag
	}
	drops := []bool{false}
	if os.Geteuid() == 0 {
		drops = []bool{true, false}
	}
	var last error
	for _, drop := range drops {
		s := &stage{flags: all, drop: drop}
		ch, err := try(s)
		if err == nil {
			return s, ch, nil
		}
		if last = err; passing(err) {
			return nil, nil, err
		}
	}
	for _, drop := range drops {
		best := &stage{drop: drop, lost: map[string]error{}}
		ch, err := try(best)
		if err != nil {
			last = err
			continue
		}
		for _, n := range namespaces {
			more := &stage{flags: best.flags | n.flag, drop: drop, lost: best.lost}
			next, err := try(more)
			if err != nil && passing(err) {
				ch.drop()
				return nil, nil, err
			}
			if err != nil {
				best.lost[n.id] = reason(err)
				continue
			}
			ch.drop()
			best, ch = more, next
		}
		return best, ch, nil
	}
	return nil, nil, fmt.Errorf("start a child process: %w", reason(last))
}

// passing reports whether a start failed for want of something that may be
// there the next time, and says nothing about the machine.
func passing(err error) bool {
	for _, e := range []error{unix.EAGAIN, unix.ENOMEM, unix.EMFILE, unix.ENFILE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// reason takes the name of our binary off an error of starting it.
func reason(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// end ends the child and all it started, and can be called at any time.
func (ch *child) end() {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.gone {
		return
	}
	if ch.cmd.Process.Kill(); ch.alone() {
		return // all others in its namespace end with it
	}
	unix.Kill(-ch.cmd.Process.Pid, unix.SIGKILL)
}

// alone reports whether the child is the first process of a namespace.
func (ch *child) alone() bool { return ch.stage.flags&unix.CLONE_NEWPID != 0 }

// reap waits for the child. Its number is its own until it is reaped, so
// whoever it left behind in its group is ended before.
func (ch *child) reap() error {
	for !ch.alone() {
		if err := unix.Waitid(unix.P_PID, ch.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != unix.EINTR {
			break
		}
	}
	if !ch.alone() {
		ch.end()
		ch.mu.Lock()
		ch.gone = true
		ch.mu.Unlock()
	}
	return ch.cmd.Wait()
}

// anonymous returns a file in memory that has no name.
func anonymous(size int64) (*os.File, error) {
	if size > inMemory {
		return nil, errNoMemoryFile
	}
	fd, err := unix.MemfdCreate("", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // before Linux 6.3
		fd, err = unix.MemfdCreate("", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoMemoryFile, err)
	}
	return os.NewFile(uintptr(fd), "content"), nil
}

// seal makes a file in memory one that nobody can change.
func seal(f *os.File) error {
	_, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE)
	return err
}
