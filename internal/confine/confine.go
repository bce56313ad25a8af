// Package confine runs a reader of hostile bytes in a child process of our
// own binary, where whoever takes it over by a crafted file finds nothing: no
// file, no network, no other process, no secret, and little memory and time.
//
// The child gets the content as an open file that can only be read, one
// request, and one pipe to answer on; no path, no environment, no other open
// file. Before it looks at the first byte it gives up what it can do, says
// what it could not give up, and only then reads. What it answers is taken as
// hostile input in its turn: one message, bounded, decoded strictly into the
// type of the reader's facts.
//
// What it refuses to do: read a binary artefact in this process, unless the
// caller does so itself. What can go wrong: the child breaks off, takes too
// long, asks for too much memory or talks nonsense. Each becomes one error
// with a stable id, the child and all that it started are ended, and nothing
// else is harmed. See docs/adr/0009-readers-run-confined.md.
package confine

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Argument is the only argument of the child, in the form of a flag that no
// command knows, so that a program that was not made to be a child refuses
// it. It starts nothing unless the first two open files are pipes.
const Argument = "--confined-reader-of-iotmark"

// Budget is what one child may use beside [evidence.Limits].
type Budget struct {
	Memory int64         // bytes of private memory on top of what the program takes to start
	CPU    time.Duration // processor time; zero: twice the wall time, as two threads may run
	Answer int64         // bytes of the answer
	Errors int64         // bytes the child may write to its standard error before it is ended
}

// DefaultBudget returns the budget of `iotmark check`. The facts of the
// largest image of the samples are 35 kB.
func DefaultBudget() Budget {
	return Budget{Memory: 512 << 20, Answer: 32 << 20, Errors: 1 << 20}
}

// Names of protections, in the order in which they are told.
const (
	Process  = "child-process"     // the reader runs in a process of its own
	Users    = "user-namespace"    // it is nobody, also where this program runs as root
	Network  = "network-namespace" // it has no network interface at all
	PIDs     = "pid-namespace"     // it sees no other process, and takes all it started with it
	IPC      = "ipc-namespace"     // it shares no memory or queue with others
	Names    = "uts-namespace"     // it cannot rename the machine
	Privs    = "no-new-privileges" // no program can give it rights
	Caps     = "no-capabilities"   // it has none of the powers of root
	Files    = "landlock-files"    // it can open, make and change no file
	TCP      = "landlock-tcp"      // it can bind and connect no TCP socket
	Scope    = "landlock-scope"    // it reaches no process and abstract socket outside
	Syscalls = "syscall-filter"    // all but some forty calls of the kernel are refused
	Memory   = "memory-limit"      // the kernel refuses more memory
	CPU      = "cpu-limit"         // the kernel ends it after its processor time
	Output   = "file-limits"       // it can write no file, hold few open, and leaves no core dump
	Hidden   = "not-dumpable"      // others of the same user cannot look into it
	Orphan   = "dies-with-parent"  // it ends when this program ends
	Time     = "time-limit"        // this program ends it after its time, with all it started
	Reply    = "answer-limit"      // what it answers is bounded and read as hostile input
)

// Protection is one protection as it was found on this machine.
type Protection struct {
	ID  string `json:"id"`
	On  bool   `json:"on"`
	Why string `json:"why,omitempty"` // why it is off, in the kernel's words where there are any
}

// order is that in which protections are told.
var order = []string{Process, Users, Network, PIDs, IPC, Names, Privs, Caps, Files, TCP, Scope, Syscalls, Memory, CPU, Output, Hidden, Orphan, Time, Reply}

// IDs returns the names of all protections, in the order in which they are
// told.
func IDs() []string { return slices.Clone(order) }

// Act is something that only a reader that was taken over would try.
type Act struct {
	ID    string `json:"id"`              // open-file, make-file, tcp, udp, unix, netlink, fork, exec, signal
	Error string `json:"error,omitempty"` // the kernel's refusal; empty: it was let through
}

// Report says what one child had, and in a probe what it tried.
type Report struct {
	Protections []Protection `json:"protections"`
	Acts        []Act        `json:"acts,omitempty"`
}

// Missing returns the protections that are off.
func (r Report) Missing() []Protection {
	return slices.DeleteFunc(slices.Clone(r.Protections), func(p Protection) bool { return p.On })
}

// Harm is what a reader that was taken over could do where nothing stops it.
type Harm string

// The harms. Each is stopped by any one of several protections, so that one
// that is missing leaves no hole by itself.
const (
	ReachFiles     Harm = "files"     // read or change files of whoever runs this program
	ReachNetwork   Harm = "network"   // send anything anywhere
	ReachProcesses Harm = "processes" // look into other programs, or end them
	TakeMemory     Harm = "memory"    // use up the memory of the machine
	TakeTime       Harm = "time"      // run on for ever
)

// harms and what stops each. Landlock alone stops no UDP.
var harms = []struct {
	harm Harm
	by   []string
}{
	{ReachFiles, []string{Syscalls, Files}},
	{ReachNetwork, []string{Syscalls, Network}},
	{ReachProcesses, []string{Syscalls, PIDs}},
	{TakeMemory, []string{Memory}},
	{TakeTime, []string{Time}},
}

// Unstopped returns the harms that nothing stops on this machine.
func (r Report) Unstopped() []Harm {
	var out []Harm
	for _, h := range harms {
		if !slices.ContainsFunc(r.Protections, func(p Protection) bool { return p.On && slices.Contains(h.by, p.ID) }) {
			out = append(out, h.harm)
		}
	}
	return out
}

// Confiner starts confined readers. The zero value is not usable; see [New].
type Confiner struct {
	budget Budget
	exe    string // path of our own binary; tests set one that cannot be started

	mu     sync.Mutex
	stage  *stage // how children are started here, once one was; guarded by mu
	report Report // what every child that said hello had; guarded by mu
	failed error  // why no child could be started; guarded by mu
}

// New returns a confiner with a budget for each child. A zero field stands
// for that of [DefaultBudget].
func New(b Budget) *Confiner {
	d := DefaultBudget()
	if b.Memory == 0 {
		b.Memory = d.Memory
	}
	if b.Answer == 0 {
		b.Answer = d.Answer
	}
	if b.Errors == 0 {
		b.Errors = d.Errors
	}
	return &Confiner{budget: b}
}

// Report returns the protections that every child so far had, and the error
// of starting one when none could be started. The report is empty while no
// child was asked for.
func (c *Confiner) Report() (Report, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.report, c.failed
}

// Read runs a reader on a source in a child. It is an [evidence.Confined].
//
// Beside the errors of the reader it returns not-confined when no child can
// be started, out-of-memory, and of kind Internal reader-crashed,
// reader-nonsense and reader-refused; their cause holds what the child wrote
// to its standard error, bounded. A context that ends is returned as such.
func (c *Confiner) Read(ctx context.Context, r evidence.Reader, src evidence.Source, lim evidence.Limits) (any, error) {
	if lim.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, lim.Time)
		defer cancel()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	content, done, err := hand(src)
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.Unavailable, ID: "not-confined", Msg: notConfined, Err: err}
	}
	defer done()
	if len(src.Name) > maxName {
		src.Name = src.Name[len(src.Name)-maxName:]
	}
	req := request{Reader: r.Name, Version: r.Version, Name: src.Name, Size: src.Size, Limits: lim, Budget: c.share(lim)}
	a, err := c.run(ctx, req, content)
	if err != nil {
		return nil, err
	}
	return a.facts(r)
}

// Probe starts a child that reads nothing, tries what it must not be able to
// do, and tells what came of it.
func (c *Confiner) Probe(ctx context.Context) (Report, error) {
	lim := evidence.Limits{Time: 20 * time.Second}
	ctx, cancel := context.WithTimeout(ctx, lim.Time)
	defer cancel()
	content, done, err := hand(evidence.NewSource("probe", []byte("probe")))
	if err != nil {
		return Report{}, &iotmark.Error{Kind: iotmark.Unavailable, ID: "not-confined", Msg: notConfined, Err: err}
	}
	defer done()
	a, err := c.run(ctx, request{Probe: true, Size: 5, Limits: lim, Budget: c.share(lim)}, content)
	if err != nil {
		return Report{}, err
	}
	rep, _ := c.Report()
	rep.Acts = a.Acts
	return rep, nil
}

// share returns the budget of a child with its processor time.
func (c *Confiner) share(lim evidence.Limits) Budget {
	b := c.budget
	if b.CPU == 0 {
		b.CPU = 2 * lim.Time
	}
	return b
}

const notConfined = "it is a binary artefact, and no confined process can be started here to read it in; " +
	"iotmark doctor says why, and iotmark check --unconfined reads it without protection"

func crashed(how string, stderr []byte) error {
	return &iotmark.Error{Kind: iotmark.Internal, ID: "reader-crashed",
		Msg: "the reader crashed on this file, and was ended; please report it to the project, with this file if you can",
		Err: cause(how, stderr)}
}

func nonsense(how string, stderr []byte) error {
	return &iotmark.Error{Kind: iotmark.Internal, ID: "reader-nonsense",
		Msg: "the reader gave an answer that makes no sense, as if this file had taken it over; nothing of the answer is used; please report it to the project, with this file if you can",
		Err: cause(how, stderr)}
}

func refused(how string, stderr []byte) error {
	return &iotmark.Error{Kind: iotmark.Internal, ID: "reader-refused",
		Msg: "the confined process would not begin to read; iotmark doctor says what this machine lacks",
		Err: cause(how, stderr)}
}

func outOfMemory() error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "out-of-memory",
		Msg: "reading it takes more memory than one file may take; hand in a smaller part"}
}

func cause(how string, stderr []byte) error {
	if len(stderr) == 0 {
		return fmt.Errorf("%s", how)
	}
	return fmt.Errorf("%s; it wrote: %s", how, stderr)
}

// IsChild reports whether these are the arguments of a confined child.
func IsChild(args []string) bool { return len(args) == 2 && args[1] == Argument }

// System names the operating system, for [Protection.Why].
func system() string { return "this program knows no way on " + runtime.GOOS }
