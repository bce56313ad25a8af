package confine

import (
	"os"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// Refuse makes a confiner find out how children are started on a kernel that
// refuses some namespaces, by the names of their protections, or to become
// nobody.
func (c *Confiner) Refuse(ids ...string) error {
	content, err := anonymous(1)
	if err != nil {
		return err
	}
	defer content.Close()
	s, ch, err := explore(func(s *stage) (*child, error) {
		for _, n := range namespaces {
			if s.flags&n.flag != 0 && slices.Contains(ids, n.id) {
				return nil, &os.PathError{Op: "fork/exec", Path: "self", Err: syscall.EPERM}
			}
		}
		if s.flags&^unix.CLONE_NEWUSER != 0 && s.flags&unix.CLONE_NEWUSER == 0 && os.Geteuid() != 0 {
			return nil, syscall.EPERM
		}
		if s.drop && slices.Contains(ids, "nobody") {
			return nil, syscall.EACCES
		}
		return c.start(s, content)
	})
	if err != nil {
		return err
	}
	ch.drop()
	c.stage = s
	return nil
}

// Drops tells whether the child becomes nobody on the machine.
func (c *Confiner) Drops() bool { return c.stage.drop }

// Program prints the filter's answers to one call on a machine, by walking it
// as the kernel does.
func Program(arch, nr uint32, args ...uint32) (uint32, bool) {
	p := program(arch, 7)
	var a uint32
	load := func(k uint32) uint32 {
		switch {
		case k == offNr:
			return nr
		case k == offArch:
			return arch
		case int(k-offArgs)/8 < len(args) && (k-offArgs)%8 == 0:
			return args[(k-offArgs)/8]
		}
		return 0
	}
	for i := 0; i < len(p); i++ {
		switch in := p[i]; in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			a = load(in.K)
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			i += pick(a == in.K, in)
		case unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K:
			i += pick(a&in.K != 0, in)
		case unix.BPF_RET | unix.BPF_K:
			return in.K, true
		}
	}
	return 0, false
}

func pick(yes bool, in unix.SockFilter) int {
	if yes {
		return int(in.Jt)
	}
	return int(in.Jf)
}

// Threads takes steps that each let the processor go for as long as they can,
// and returns the threads they ran on.
func Threads(steps int) []int {
	var on []int
	var some []step
	for range steps {
		some = append(some, step{Hidden, func() error {
			on = append(on, unix.Gettid())
			c := make(chan int)
			go func() { c <- unix.Gettid() }()
			<-c
			runtime.Gosched()
			return nil
		}})
	}
	take(some)
	return on
}
