package confine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/confine"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// The test is its own child: what it starts comes here first.
func TestMain(m *testing.M) {
	if confine.IsChild(os.Args) {
		os.Exit(confine.WorkLoose([]evidence.Reader{taken, other}))
	}
	os.Exit(m.Run())
}

// deeds are what a reader tried, and what came of it: "ok" or the name of the
// kernel's error.
type deeds struct {
	Came map[string]string `json:"came,omitempty"`
	Sum  int64             `json:"sum,omitempty"`
	Head string            `json:"head,omitempty"`
}

// taken is a reader that does whatever the name of its source says, as one
// that was taken over by a crafted file would. The name has three words: the
// protections that are left out, the act, and its argument.
var taken = evidence.Reader{
	Name: "taken", Version: 3,
	Tells: []iotmark.ErrorID{"own"},
	Read: func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) {
		f := strings.SplitN(src.Name, " ", 3)
		act, ok := acts[f[1]]
		if !ok {
			return nil, fmt.Errorf("no act %q", f[1])
		}
		return act(ctx, src, f[2])
	},
	New: func() any { return new(deeds) },
}

// other is another reader, whose facts are not those of taken.
var other = evidence.Reader{
	Name: "other", Version: 1,
	Read: func(context.Context, evidence.Source, evidence.Limits) (any, error) {
		return &struct{ Other int }{1}, nil
	},
	New: func() any { return new(struct{ Other int }) },
}

// errno names what came of a system call.
func errno(e syscall.Errno) string {
	if e == 0 {
		return "ok"
	}
	return unix.ErrnoName(e)
}

func call(nr uintptr, a ...uintptr) syscall.Errno {
	var x [6]uintptr
	copy(x[:], a)
	_, _, e := unix.Syscall6(nr, x[0], x[1], x[2], x[3], x[4], x[5])
	return e
}

func cstr(s string) uintptr {
	b, _ := unix.BytePtrFromString(s)
	kept = append(kept, b)
	return uintptr(unsafe.Pointer(b))
}

var kept []*byte // so that they are not collected while the kernel reads them

func errOf(err error) string {
	if err == nil {
		return "ok"
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return errno(e)
	}
	return err.Error()
}

// spawn forks by a bare call; in the new process nothing of Go runs.
func spawn(seconds int64, leave bool) (int, syscall.Errno) {
	ts := unix.Timespec{Sec: seconds}
	pid, _, e := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e == 0 && pid == 0 {
		if leave {
			unix.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
		}
		unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	return int(pid), e
}

// frame writes a message to the parent as the child does, whatever is in it.
func frame(letter byte, body string) {
	b := []byte{letter, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(b[1:], uint32(len(body)))
	os.Stdout.Write(append(b, body...))
}

const sound = `{"reader":"taken","version":3,"facts":{"sum":7}}`

// leaked is the number of an open file that our own parent left to us.
const leaked = 77

var sink [][]byte

var acts = map[string]func(context.Context, evidence.Source, string) (any, error){
	"honest": func(_ context.Context, src evidence.Source, _ string) (any, error) {
		d := &deeds{Head: string(src.Head(4))}
		n, err := io.Copy(io.Discard, src.Reader())
		d.Sum = n
		return d, err
	},
	"try": func(_ context.Context, _ evidence.Source, arg string) (any, error) {
		// Facts: one for each act, as the kernel answered.
		at := ^uintptr(99)
		f := strings.Fields(arg) // the dossier's file, a port, the parent's number
		port, _ := strconv.Atoi(f[1])
		parent, _ := strconv.Atoi(f[2])
		to := unix.RawSockaddrInet4{Family: unix.AF_INET, Port: uint16(port>>8 | port<<8&0xff00), Addr: [4]byte{127, 0, 0, 1}}
		d := &deeds{Came: map[string]string{}}
		was := func(what string, e syscall.Errno) { d.Came[what] = errno(e) }
		open := func(name string, flags uintptr) syscall.Errno {
			return call(unix.SYS_OPENAT, at, cstr(name), flags, 0o600)
		}
		was("read /etc/passwd", open("/etc/passwd", unix.O_RDONLY))
		was("read /proc/self/environ", open("/proc/self/environ", unix.O_RDONLY))
		was("read the dossier", open(f[0], unix.O_RDONLY))
		was("list /", open("/", unix.O_RDONLY|unix.O_DIRECTORY))
		was("reopen the content", open("/proc/self/fd/3", unix.O_RDWR))
		was("reopen the binary", open("/proc/self/exe", unix.O_RDONLY))
		was("write a file", open(f[0]+".new", unix.O_WRONLY|unix.O_CREAT))
		was("write a nameless file", open("/tmp", unix.O_TMPFILE|unix.O_RDWR))
		was("write the content", call(unix.SYS_WRITE, 3, cstr("x"), 1))
		was("write the content at a place", call(unix.SYS_PWRITE64, 3, cstr("x"), 1, 0))
		was("truncate the content", call(unix.SYS_FTRUNCATE, 3, 0))
		was("chmod the content", call(unix.SYS_FCHMOD, 3, 0o777))
		was("unlink", call(unix.SYS_UNLINKAT, at, cstr(f[0]), 0))
		was("stat", call(unix.SYS_NEWFSTATAT, at, cstr(f[0]), uintptr(unsafe.Pointer(new(unix.Stat_t))), 0))
		fd, _, e := unix.Syscall(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0)
		if e == 0 {
			e = call(unix.SYS_CONNECT, fd, uintptr(unsafe.Pointer(&to)), unsafe.Sizeof(to))
		}
		was("tcp", e)
		fd, _, e = unix.Syscall(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_DGRAM, 0)
		if e == 0 {
			e = call(unix.SYS_SENDTO, fd, cstr("x"), 1, 0, uintptr(unsafe.Pointer(&to)), unsafe.Sizeof(to))
		}
		was("udp", e)
		was("raw", call(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP))
		was("packet", call(unix.SYS_SOCKET, unix.AF_PACKET, unix.SOCK_RAW, 0))
		was("unix", call(unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_STREAM))
		was("netlink", call(unix.SYS_SOCKET, unix.AF_NETLINK, unix.SOCK_RAW))
		was("socketpair", call(unix.SYS_SOCKETPAIR, unix.AF_UNIX, unix.SOCK_STREAM, 0, uintptr(unsafe.Pointer(new([2]int32)))))
		was("kill the parent", call(unix.SYS_KILL, uintptr(parent), uintptr(unix.SIGKILL)))
		was("kill everybody", call(unix.SYS_KILL, ^uintptr(0), 0))
		was("signal the parent's thread", call(unix.SYS_TGKILL, uintptr(parent), uintptr(parent), uintptr(unix.SIGKILL)))
		was("trace the parent", call(unix.SYS_PTRACE, unix.PTRACE_ATTACH, uintptr(parent)))
		var word [8]byte
		local := unix.Iovec{Base: &word[0], Len: 8}
		remote := unix.RemoteIovec{Base: uintptr(unsafe.Pointer(&word[0])), Len: 8}
		was("read the parent's memory", call(unix.SYS_PROCESS_VM_READV, uintptr(parent), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1))
		was("limits of the parent", call(unix.SYS_PRLIMIT64, uintptr(parent), unix.RLIMIT_CPU, uintptr(unsafe.Pointer(new(unix.Rlimit)))))
		was("exec", call(unix.SYS_EXECVE, cstr("/nonexistent"), 0, 0))
		was("exec by descriptor", call(unix.SYS_EXECVEAT, 3, cstr(""), 0, 0, unix.AT_EMPTY_PATH))
		was("clone3", call(unix.SYS_CLONE3, 0, 0))
		was("unshare", call(unix.SYS_UNSHARE, unix.CLONE_NEWUSER))
		was("setns", call(unix.SYS_SETNS, 3, 0))
		was("mount", call(unix.SYS_MOUNT, cstr("none"), cstr("/"), cstr("tmpfs"), 0, 0))
		was("chroot", call(unix.SYS_CHROOT, cstr("/")))
		was("io_uring", call(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(new([256]byte)))))
		was("bpf", call(unix.SYS_BPF, 0, uintptr(unsafe.Pointer(new([256]byte))), 64))
		was("userfaultfd", call(unix.SYS_USERFAULTFD, 0))
		was("memfd", call(unix.SYS_MEMFD_CREATE, cstr("x"), 0))
		was("pidfd", call(unix.SYS_PIDFD_OPEN, uintptr(parent), 0))
		was("keyring", call(unix.SYS_KEYCTL, 0, ^uintptr(2), 1))
		was("memory that runs", call(unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE, ^uintptr(0), 0))
		was("memory that is shared", call(unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_SHARED, ^uintptr(0), 0))
		was("be seen", call(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1))
		was("rename the machine", call(unix.SYS_SETHOSTNAME, cstr("x"), 1))
		was("set the clock", call(unix.SYS_CLOCK_SETTIME, 0, uintptr(unsafe.Pointer(new(unix.Timespec)))))
		was("an ioctl of a terminal", call(unix.SYS_IOCTL, 2, unix.TIOCSTI, cstr("x")))
		was("another open file", call(unix.SYS_READ, leaked, uintptr(unsafe.Pointer(new([8]byte))), 8))
		_, e = spawn(1, false)
		was("fork", e)
		return d, nil
	},
	"exec": func(context.Context, evidence.Source, string) (any, error) {
		argv := [2]uintptr{cstr("true")}
		return &deeds{Came: map[string]string{"exec": errno(call(unix.SYS_EXECVE, cstr("/bin/true"), uintptr(unsafe.Pointer(&argv)), 0))}}, nil
	},
	"holder": func(_ context.Context, _ evidence.Source, arg string) (any, error) {
		n, e := spawn(20, arg == "leave")
		return &deeds{Came: map[string]string{"fork": errno(e)}, Sum: int64(min(n, 1))}, nil
	},
	"holder-silent": func(context.Context, evidence.Source, string) (any, error) {
		spawn(20, false)
		os.Exit(0)
		return nil, nil
	},
	"sleep": func(context.Context, evidence.Source, string) (any, error) { time.Sleep(time.Hour); return nil, nil },
	"spin": func(context.Context, evidence.Source, string) (any, error) {
		for n := 0; ; n++ {
			sink = [][]byte{{byte(n)}}
		}
	},
	"heap": func(context.Context, evidence.Source, string) (any, error) {
		for {
			b := make([]byte, 16<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			sink = append(sink, b)
		}
	},
	"map": func(context.Context, evidence.Source, string) (any, error) {
		for n := int64(0); ; n++ {
			b, err := unix.Mmap(-1, 0, 64<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
			if err != nil {
				return &deeds{Came: map[string]string{"map": errOf(err)}, Sum: n * 64}, nil
			}
			sink = append(sink, b)
		}
	},
	"facts": func(context.Context, evidence.Source, string) (any, error) {
		return &deeds{Head: strings.Repeat("x", 2<<20)}, nil
	},
	"output": func(context.Context, evidence.Source, string) (any, error) {
		for {
			if _, err := os.Stdout.Write(make([]byte, 1<<16)); err != nil {
				os.Exit(1)
			}
		}
	},
	"long": func(context.Context, evidence.Source, string) (any, error) { // tells a length and keeps it
		os.Stdout.Write([]byte{'A', 0x7f, 0xff, 0xff, 0xff})
		select {}
	},
	"stderr": func(context.Context, evidence.Source, string) (any, error) {
		for {
			if _, err := os.Stderr.Write(bytes.Repeat([]byte("secret "), 1<<12)); err != nil {
				os.Exit(1)
			}
		}
	},
	"panic": func(context.Context, evidence.Source, string) (any, error) { panic("the reader\x1b[31m broke") },
	"panic-elsewhere": func(context.Context, evidence.Source, string) (any, error) {
		go panic("in another goroutine")
		select {}
	},
	"segv": func(context.Context, evidence.Source, string) (any, error) {
		unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGSEGV)
		select {}
	},
	"kill9": func(context.Context, evidence.Source, string) (any, error) {
		unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGKILL)
		select {}
	},
	"exit0": func(context.Context, evidence.Source, string) (any, error) { os.Exit(0); return nil, nil },
	"exit3": func(context.Context, evidence.Source, string) (any, error) { os.Exit(3); return nil, nil },
	"error": func(context.Context, evidence.Source, string) (any, error) { return nil, evidence.Bomb(5) },
	"error-own": func(context.Context, evidence.Source, string) (any, error) {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "own", Msg: "own words"}
	},
	"error-else": func(context.Context, evidence.Source, string) (any, error) {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "hash-differs", Msg: "a lie"}
	},
	"error-go": func(context.Context, evidence.Source, string) (any, error) { return nil, io.ErrUnexpectedEOF },
	"error-late": func(ctx context.Context, _ evidence.Source, _ string) (any, error) {
		return nil, context.DeadlineExceeded
	},
	"close": func(context.Context, evidence.Source, string) (any, error) { // and runs on
		os.Stdout.Close()
		select {}
	},
	"answer": func(_ context.Context, _ evidence.Source, arg string) (any, error) {
		frame('A', arg)
		os.Exit(0)
		return nil, nil
	},
	"answer-runs": func(context.Context, evidence.Source, string) (any, error) {
		frame('A', sound)
		os.Stdout.Close()
		select {}
	},
	"answer-holds": func(context.Context, evidence.Source, string) (any, error) {
		frame('A', sound)
		select {}
	},
	"raw": func(_ context.Context, _ evidence.Source, arg string) (any, error) {
		s, _ := strconv.Unquote(arg)
		os.Stdout.WriteString(s)
		os.Exit(0)
		return nil, nil
	},
	"twice": func(context.Context, evidence.Source, string) (any, error) {
		frame('A', sound)
		frame('A', sound)
		os.Exit(0)
		return nil, nil
	},
	"wordy": func(context.Context, evidence.Source, string) (any, error) {
		frame('A', `{"reader":"taken","version":3,"failure":{"kind":"invalid","id":"bomb","msg":"`+strings.Repeat("x", 5000)+`"}}`)
		os.Exit(0)
		return nil, nil
	},
	"deep": func(context.Context, evidence.Source, string) (any, error) {
		frame('A', `{"reader":"taken","version":3,"facts":`+strings.Repeat("[", 200_000)+strings.Repeat("]", 200_000)+`}`)
		os.Exit(0)
		return nil, nil
	},
}

// ask runs one act.
func ask(ctx context.Context, c *confine.Confiner, lim evidence.Limits, without, act, arg string) (*deeds, error) {
	src := evidence.NewSource(without+" "+act+" "+arg, []byte("some content"))
	v, err := c.Read(ctx, taken, src, lim)
	d, _ := v.(*deeds)
	return d, err
}

func limits(d time.Duration) evidence.Limits {
	l := evidence.DefaultLimits()
	l.Time = d
	return l
}

const nothing = "-" // no protection is left out

// idOf returns the id of an error, or its text.
func idOf(err error) string {
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		return string(e.ID)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// running lists the confined processes of this test binary.
func running() []string {
	var out []string
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		b, _ := os.ReadFile(name)
		if a := strings.Split(string(b), "\x00"); len(a) > 1 && a[0] == os.Args[0] && a[1] == confine.Argument {
			out = append(out, name)
		}
	}
	return out
}

// children lists the processes that this test started as children and that
// are still there, or not waited for.
func children(t *testing.T) []string {
	t.Helper()
	out := running()
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(tasks) == 0 {
		t.Fatalf("no processes are seen: %v", err)
	}
	for _, name := range tasks {
		if b, _ := os.ReadFile(name); len(b) > 0 {
			out = append(out, "children of this test: "+string(b))
		}
	}
	return out
}

// What a reader that was taken over tries fails, each by itself, and nothing
// of it is seen outside.
func TestTakenOver(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	_, port, _ := net.SplitHostPort(tcp.Addr().String())

	// An open file that this program was started with, and did not close.
	leak, err := unix.Open("/etc/passwd", unix.O_RDONLY, 0)
	if err == nil {
		err = unix.Dup3(leak, leaked, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leak)
	defer unix.Close(leaked)

	// What is let through when protections are left out shows that the acts
	// themselves work, and which protections stop which act alone.
	local := []string{"fork", "memory that runs", "memory that is shared", "be seen", "memfd", "unix", "netlink", "socketpair", "keyring",
		"reopen the content"} // a sealed file in memory, which has no folder that Landlock could forbid
	files := append([]string{"read /etc/passwd", "list /", "reopen the binary", "write a nameless file", "read the dossier", "write a file", "unlink", "stat"}, local...)
	unfiltered := append(local, "stat") // which Landlock lets through where the folder does
	if landlock, _ := landlocked(t); !landlock {
		unfiltered = files
	}
	const lock = confine.Files + "," + confine.TCP + "," + confine.Scope
	for _, c := range []struct {
		name, without string
		through       []string
	}{
		{"all protections", nothing, nil},
		{"no landlock", lock, nil},
		{"no filter of calls", confine.Syscalls, unfiltered},
		{"neither", confine.Syscalls + "," + lock, files},
	} {
		t.Run(c.name, func(t *testing.T) {
			secret := filepath.Join(t.TempDir(), "iotmark.yaml")
			if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
				t.Fatal(err)
			}
			arg := fmt.Sprintf("%s %s %d", secret, port, os.Getpid())
			d, err := ask(t.Context(), confine.New(confine.Budget{}), limits(20*time.Second), c.without, "try", arg)
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Came) < 45 {
				t.Errorf("only %d acts were tried", len(d.Came))
			}
			through := 0
			for what, came := range d.Came {
				if came == "ok" {
					through++
				}
				t.Logf("%-28s %s", what, came)
				if came == "ok" && !slices.Contains(c.through, what) {
					t.Errorf("%s: it was let through", what)
				}
			}
			if through < len(c.through)/2 {
				t.Errorf("only %d acts were let through; do they work at all?", through)
			}
			if slices.Contains(c.through, "unlink") {
				return
			}
			if b, err := os.ReadFile(secret); string(b) != "secret" {
				t.Errorf("the dossier's file is %q now, %v", b, err)
			}
			if _, err := os.Stat(secret + ".new"); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a file was written: %v", err)
			}
		})
	}
	for without, want := range map[string]string{nothing: "EPERM", lock: "EPERM", confine.Syscalls: "EACCES"} {
		if landlock, _ := landlocked(t); !landlock && without == confine.Syscalls {
			continue // told by TestWithoutCgo
		}
		if d, err := ask(t.Context(), confine.New(confine.Budget{}), limits(20*time.Second), without, "exec", ""); err != nil || d.Came["exec"] != want {
			t.Errorf("exec without %s: got %v, %v; want %s", without, d, err, want)
		}
	}
	tcp.(*net.TCPListener).SetDeadline(time.Now())
	if c, err := tcp.Accept(); err == nil {
		t.Errorf("somebody connected: %v", c.RemoteAddr())
	}
	udp.SetReadDeadline(time.Now())
	if _, from, err := udp.ReadFrom(make([]byte, 9)); err == nil {
		t.Errorf("a datagram came from %v", from)
	}
	if left := children(t); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// Whatever a child does, its parent answers in time, with one error that
// says what it was, and leaves nothing behind.
func TestMisbehaviour(t *testing.T) {
	small := confine.Budget{Memory: 256 << 20, Answer: 1 << 20, Errors: 64 << 10}
	for _, c := range []struct {
		act, arg string
		want     string // id, or text of the error; empty: facts
		time     time.Duration
		cpu      time.Duration
		says     string // in the cause
	}{
		{act: "honest"},
		{act: "sleep", want: "context deadline exceeded", time: 300 * time.Millisecond},
		{act: "spin", want: "context deadline exceeded", time: 300 * time.Millisecond},
		{act: "spin", want: "context deadline exceeded", cpu: time.Second},
		{act: "heap", want: "out-of-memory"},
		{act: "map"},
		{act: "facts", want: "reader-crashed", says: "over the limit"},
		{act: "output", want: "reader-nonsense"},
		{act: "long", want: "reader-nonsense"},
		{act: "stderr", want: "reader-nonsense", says: "secret secret"},
		{act: "panic", want: "reader taken: panic: the reader [31m broke"},
		{act: "panic-elsewhere", want: "reader-crashed", says: "in another goroutine"},
		{act: "segv", want: "reader-crashed", says: "SIGSEGV"},
		{act: "exit0", want: "reader-nonsense", says: "no answer"},
		{act: "exit3", want: "reader-crashed", says: "exit status 3"},
		{act: "error", want: "bomb"},
		{act: "error-own", want: "own"},
		{act: "error-else", want: "reader-nonsense", says: "hash-differs"},
		{act: "error-go", want: "reader taken: error: unexpected EOF"},
		{act: "error-late", want: "context deadline exceeded"},
		{act: "close", want: "reader-nonsense"},
		{act: "answer", arg: sound},
		{act: "answer-runs"},
		{act: "answer-holds", want: "reader-nonsense", says: "did not end"},
		{act: "twice", want: "reader-nonsense", says: "more after the answer"},
		{act: "deep", want: "reader-nonsense", says: "deeper than 64"},
		{act: "answer", arg: sound[:len(sound)-2], want: "reader-nonsense"},
		{act: "answer", arg: sound + "{}", want: "reader-nonsense", says: "more after the first value"},
		{act: "answer", arg: "nonsense", want: "reader-nonsense"},
		{act: "answer", arg: "{}", want: "reader-nonsense"},
		{act: "answer", arg: `{"reader":"taken","version":3}`, want: "reader-nonsense", says: "neither"},
		{act: "answer", arg: `{"reader":"other","version":1,"facts":{"Other":1}}`, want: "reader-nonsense", says: "of reader"},
		{act: "answer", arg: `{"reader":"taken","version":3,"facts":{"Other":1}}`, want: "reader-nonsense", says: "unknown field"},
		{act: "answer", arg: `{"reader":"taken","version":3,"facts":{"sum":"x"}}`, want: "reader-nonsense"},
		{act: "answer", arg: `{"reader":"taken","version":3,"facts":null}`, want: "reader-nonsense"},
		{act: "answer", arg: `{"reader":"taken","version":3,"facts":[]}`, want: "reader-nonsense"},
		{act: "answer", arg: `{"reader":"taken","version":3,"facts":{},"failure":{"kind":"invalid","id":"bomb","msg":"x"}}`, want: "reader-nonsense"},
		{act: "answer", arg: `{"reader":"taken","version":3,"failure":{"kind":"invalid","id":"bomb","msg":"a\u001b[2Jb"}}`, want: "reader-nonsense"},
		{act: "answer", arg: `{"reader":"taken","version":3,"failure":{"kind":"forbidden","id":"bomb","msg":"x"}}`, want: "reader-nonsense"},
		{act: "wordy", want: "reader-nonsense"},
		{act: "answer", arg: `{"reader":"taken","version":3,"acts":[{"id":"tcp"}]}`, want: "reader-nonsense"},
		{act: "raw", arg: `"half"`, want: "reader-nonsense"},
		{act: "raw", arg: `"A\x00\x00\x00\x09half"`, want: "reader-nonsense"},
		{act: "raw", arg: `"H\x00\x00\x00\x02{}"`, want: "reader-nonsense"},
	} {
		name := c.act
		if c.arg != "" {
			name += " " + c.arg[:min(len(c.arg), 90)]
		}
		t.Run(name, func(t *testing.T) {
			lim := limits(30 * time.Second)
			if c.time > 0 {
				lim.Time = c.time
			}
			b := small
			b.CPU = c.cpu
			start := time.Now()
			d, err := ask(t.Context(), confine.New(b), lim, nothing, c.act, c.arg)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			if c.want == "" {
				if err != nil || d == nil {
					t.Fatalf("got %v, %v", d, err)
				}
				t.Logf("%+v", *d)
			} else if c.want == "out-of-memory" && raced && strings.Contains(err.Error(), "ThreadSanitizer failed to allocate") {
				// The race detector ends the process in words of its own.
			} else if got := idOf(err); !strings.HasPrefix(got, c.want) || d != nil {
				t.Fatalf("got %q (%v), %v; want %s", got, err, d, c.want)
			}
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %q, want it to say %q", err, c.says)
			}
			if e, ok := errors.AsType[*iotmark.Error](err); ok && (strings.Contains(e.Msg, "secret") || e.Msg == "") {
				t.Errorf("its own words are %q", e.Msg)
			}
			if err != nil && len(err.Error()) > 10<<10 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			if c.act == "map" && (d.Came["map"] != "ENOMEM" || d.Sum > 256) {
				t.Errorf("it got %d MB, and then %s", d.Sum, d.Came["map"])
			}
			if left := children(t); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// A grandchild that holds the pipes open is not waited for, and is ended.
func TestGrandchild(t *testing.T) {
	for _, act := range []string{"holder", "holder-silent"} {
		t.Run(act, func(t *testing.T) {
			c := confine.New(confine.Budget{})
			start := time.Now()
			d, err := ask(t.Context(), c, limits(30*time.Second), confine.Syscalls, act, "leave")
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("it took %v", took)
			}
			if act == "holder" {
				want := &deeds{Came: map[string]string{"fork": "ok"}, Sum: 1}
				if diff := cmp.Diff(want, d); err != nil || diff != "" {
					t.Errorf("%v, got (-want +got)\n%s", err, diff)
				}
			} else if idOf(err) != "reader-nonsense" {
				t.Errorf("got %v", err)
			}
			if left := children(t); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// A person who interrupts does not wait for a reader.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := confine.New(confine.Budget{})
	if _, err := ask(ctx, c, limits(30*time.Second), nothing, "honest", ""); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := ask(ctx, c, limits(30*time.Second), nothing, "sleep", "")
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := children(t); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// The content comes in as it is, from a file, from a part of a file and from
// memory; a file is not copied.
func TestContent(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "content")
	if err := os.WriteFile(name, bytes.Repeat([]byte("0123456789"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rw, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rw.Close()
	c := confine.New(confine.Budget{})
	for _, x := range []struct {
		name string
		src  evidence.Source
		want deeds
	}{
		{"a file", evidence.Source{Size: 10 << 20, ReaderAt: f}, deeds{Sum: 10 << 20, Head: "0123"}},
		{"a file that can be written", evidence.Source{Size: 10 << 20, ReaderAt: rw}, deeds{Sum: 10 << 20, Head: "0123"}},
		{"a part", evidence.Source{Size: 7, ReaderAt: io.NewSectionReader(f, 5, 7)}, deeds{Sum: 7, Head: "5678"}},
		{"a large part", evidence.Source{Size: 33 << 20, ReaderAt: zeros{}}, deeds{Sum: 33 << 20, Head: "\x00\x00\x00\x00"}},
		{"memory", evidence.NewSource("", []byte("ab")), deeds{Sum: 2, Head: "ab"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			x.src.Name = nothing + " honest x"
			got, err := c.Read(t.Context(), taken, x.src, limits(30*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&x.want, got); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		})
	}
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

// Where no child can be started, nothing is read.
func TestNotConfined(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, exe, want, says string }{
		{"no binary", filepath.Join(dir, "none"), "not-confined", "no such file"},
		{"not to be run", plain, "not-confined", "permission denied"},
		{"another program", "/bin/true", "reader-refused", "never said"},
		{"a program that talks", "/bin/echo", "reader-nonsense", "no message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := confine.New(confine.Budget{})
			f.SetExecutable(c.exe)
			d, err := ask(t.Context(), f, limits(10*time.Second), nothing, "honest", "")
			if idOf(err) != c.want || d != nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, %v; want %s", d, err, c.want)
			}
			if _, failed := f.Report(); (c.want == "not-confined") != (failed != nil) {
				t.Errorf("told %v", failed)
			}
		})
	}
}

// What a child says of its protections is what a probe finds by trying.
func TestProbe(t *testing.T) {
	rep, err := confine.New(confine.Budget{}).Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range rep.Protections {
		t.Logf("%-20s %v %s", p.ID, p.On, p.Why)
	}
	for _, id := range []string{confine.Process, confine.Privs, confine.Caps, confine.Syscalls, confine.Memory, confine.CPU, confine.Output, confine.Hidden, confine.Orphan, confine.Time, confine.Reply} {
		if !slices.Contains(rep.Protections, confine.Protection{ID: id, On: true}) {
			t.Errorf("%s is off on every Linux: %v", id, rep.Missing())
		}
	}
	if len(rep.Acts) != 9 {
		t.Errorf("got %d acts", len(rep.Acts))
	}
	for _, a := range rep.Acts {
		if a.Error == "" {
			t.Errorf("%s was let through", a.ID)
		}
	}
}

// A kernel that refuses something gives all the rest.
func TestFewerProtections(t *testing.T) {
	for _, c := range []struct {
		name   string
		refuse []string
		off    []string
	}{
		{"everything there", nil, nil},
		{"no network of its own", []string{confine.Network}, []string{confine.Network}},
		{"no processes and no names of its own", []string{confine.PIDs, confine.Names}, []string{confine.PIDs, confine.Names}},
		{"no namespace", []string{confine.Users, confine.Network, confine.PIDs, confine.IPC, confine.Names},
			[]string{confine.Users, confine.Network, confine.PIDs, confine.IPC, confine.Names}},
		{"it may not become nobody", []string{"nobody"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := confine.New(confine.Budget{Errors: 64 << 10, Answer: 1 << 20})
			if err := f.Refuse(c.refuse...); err != nil {
				t.Fatal(err)
			}
			if want := os.Getuid() == 0 && !slices.Contains(c.refuse, "nobody"); f.Drops() != want {
				t.Errorf("becomes nobody: %v", f.Drops())
			}
			for act, want := range map[string]string{"honest": "", "sleep": "context deadline exceeded", "exit0": "reader-nonsense",
				"stderr": "reader-nonsense", "kill9": "reader-crashed"} {
				lim := limits(20 * time.Second)
				if act == "sleep" {
					lim.Time = 300 * time.Millisecond
				}
				// As the first process of a namespace it could not kill itself.
				if act == "kill9" && !slices.Contains(c.off, confine.PIDs) {
					continue
				}
				if _, err := ask(t.Context(), f, lim, nothing, act, ""); idOf(err) != want {
					t.Errorf("%s: got %v, want %s", act, err, want)
				}
			}
			// In its group, a grandchild ends with it also where there is no
			// namespace that would end it.
			start := time.Now()
			if _, err := ask(t.Context(), f, limits(20*time.Second), confine.Syscalls, "holder", "stay"); err != nil || time.Since(start) > 10*time.Second {
				t.Errorf("with a grandchild: %v after %v", err, time.Since(start))
			}
			var off []string
			rep, _ := f.Report()
			for _, p := range rep.Missing() {
				switch p.ID {
				case confine.Files, confine.TCP, confine.Scope: // told by TestWithoutCgo
				case confine.Syscalls: // left out by the last act
				default:
					off = append(off, p.ID)
					if p.Why == "" {
						t.Errorf("%s is off, and nothing says why", p.ID)
					}
				}
			}
			if diff := cmp.Diff(c.off, off); diff != "" {
				t.Errorf("off (-want +got)\n%s", diff)
			}
			if left := children(t); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// The filter answers by the kernel's rules, for both machines.
func TestFilter(t *testing.T) {
	t.Parallel()
	const (
		allow = unix.SECCOMP_RET_ALLOW
		perm  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
		nosys = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	)
	thread := uint32(unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_SYSVSEM | unix.CLONE_THREAD)
	machine := uint32(unix.AUDIT_ARCH_X86_64)
	if runtime.GOARCH == "arm64" {
		machine = unix.AUDIT_ARCH_AARCH64
	}
	for _, c := range []struct {
		name string
		nr   uint32
		args []uint32
		want uint32
	}{
		{"read", unix.SYS_READ, nil, allow},
		{"openat", unix.SYS_OPENAT, nil, perm},
		{"a thread", unix.SYS_CLONE, []uint32{thread}, allow},
		{"a process", unix.SYS_CLONE, []uint32{uint32(unix.SIGCHLD)}, perm},
		{"a thread with a network", unix.SYS_CLONE, []uint32{thread | unix.CLONE_NEWNET}, perm},
		{"clone3", unix.SYS_CLONE3, nil, nosys},
		{"memory", unix.SYS_MMAP, []uint32{0, 0, unix.PROT_READ | unix.PROT_WRITE, unix.MAP_PRIVATE | unix.MAP_ANON}, allow},
		{"memory that runs", unix.SYS_MMAP, []uint32{0, 0, unix.PROT_EXEC, unix.MAP_PRIVATE}, perm},
		{"memory that is shared", unix.SYS_MMAP, []uint32{0, 0, unix.PROT_READ, unix.MAP_SHARED}, perm},
		{"making memory run", unix.SYS_MPROTECT, []uint32{0, 0, unix.PROT_EXEC | unix.PROT_READ}, perm},
		{"a signal to itself", unix.SYS_TGKILL, []uint32{7}, allow},
		{"a signal to another", unix.SYS_TGKILL, []uint32{8}, perm},
		{"the kind of a file", unix.SYS_FCNTL, []uint32{1, unix.F_GETFL}, allow},
		{"a copy of a file", unix.SYS_FCNTL, []uint32{1, unix.F_DUPFD}, perm},
		{"be seen", unix.SYS_PRCTL, []uint32{unix.PR_SET_DUMPABLE, 1}, perm},
		{"a call of the other table", 0x40000000, nil, perm},
		{"a call nobody knows", 9999, nil, perm},
	} {
		if got, ok := confine.Program(machine, c.nr, c.args...); !ok || got != c.want {
			t.Errorf("%s: got %#x, %v; want %#x", c.name, got, ok, c.want)
		}
	}
}

// landlocked reports whether children are in a domain of Landlock, or why not.
func landlocked(t *testing.T) (bool, string) {
	t.Helper()
	rep, err := confine.New(confine.Budget{}).Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(rep.Protections, func(p confine.Protection) bool { return p.ID == confine.Files })
	return rep.Protections[i].On, rep.Protections[i].Why
}

// A release is built without cgo, and only then is there Landlock: the same
// tests on such a build.
func TestWithoutCgo(t *testing.T) {
	switch on, why := landlocked(t); {
	case on:
		return // this is such a build
	case !strings.Contains(why, "cgo"):
		t.Skip("this kernel has no Landlock: " + why)
	}
	dir, err := os.MkdirTemp("", "iotmark-*")
	if err == nil {
		err = os.Chmod(dir, 0o755) // for nobody too
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	bin := filepath.Join(dir, "confine.test")
	build := exec.Command("go", "test", "-c", "-o", bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	again(t, bin, os.Getuid(), "TestTakenOver", "TestGrandchild", "TestProbe")
	if os.Getuid() == 0 {
		again(t, bin, nobody, "TestTakenOver", "TestGrandchild", "TestProbe")
	}
}

const nobody = 65534

// again runs tests of a test binary as somebody.
func again(t *testing.T, bin string, uid int, tests ...string) {
	t.Helper()
	cmd := exec.Command(bin, "-test.v", "-test.run=^("+strings.Join(tests, "|")+")$")
	cmd.Dir = "/"
	cmd.Env = []string{"TMPDIR=/tmp"}
	if uid != os.Getuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	out, err := cmd.CombinedOutput()
	for _, name := range tests {
		if err != nil || !bytes.Contains(out, []byte("--- PASS: "+name)) {
			t.Fatalf("%s as %d: %v\n%s", name, uid, err, out)
		}
	}
}

// The same as somebody who is not root, and as root who became nobody.
func TestAsNobody(t *testing.T) {
	if os.Getuid() != 0 {
		return // all other tests were this one
	}
	tests := []string{"TestTakenOver", "TestGrandchild", "TestInterrupted", "TestContent", "TestProbe"}
	if !raced { // every process of such a build takes a second to end
		tests = append(tests, "TestMisbehaviour", "TestFewerProtections")
	}
	again(t, "/proc/self/exe", nobody, tests...)
}

// The argument alone starts nothing.
func TestArgumentIsNoCommand(t *testing.T) {
	cmd := exec.Command("/proc/self/exe", confine.Argument)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 2 || !bytes.Contains(out, []byte("it is no command")) {
		t.Errorf("got %v, %s", err, out)
	}
}

// A child does not outlive the program that started it, however that ends.
func TestOrphan(t *testing.T) {
	if os.Getenv("IOTMARK_TEST_PARENT") != "" {
		ask(t.Context(), confine.New(confine.Budget{}), limits(time.Minute), nothing, "sleep", "")
		return
	}
	parent := exec.Command("/proc/self/exe", "-test.run=^TestOrphan$")
	parent.Args[0] = os.Args[0]
	parent.Env = []string{"IOTMARK_TEST_PARENT=1"}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	until := time.Now().Add(20 * time.Second)
	for len(running()) == 0 && time.Now().Before(until) {
		runtime.Gosched()
	}
	if len(running()) == 0 {
		t.Error("no child was seen")
	}
	parent.Process.Kill()
	parent.Wait()
	for len(running()) > 0 && time.Now().Before(until) {
		runtime.Gosched()
	}
	if left := running(); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
