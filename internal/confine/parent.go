package confine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// child is a started child. Its files are closed by run.
type child struct {
	cmd   *exec.Cmd
	stage *stage

	ask    *os.File // the request goes in; open as long as this program lives
	answer *os.File // the messages come out
	errs   *os.File // its standard error

	mu   sync.Mutex
	gone bool // its number may be another's by now; guarded by mu
}

// start starts a child in a stage. It holds no lock and waits for nothing.
func (c *Confiner) start(s *stage, content *os.File) (*child, error) {
	var open []*os.File
	pipe := func() (r, w *os.File, err error) {
		if r, w, err = os.Pipe(); err == nil {
			open = append(open, r, w)
		}
		return r, w, err
	}
	fail := func(err error) (*child, error) {
		for _, f := range open {
			f.Close()
		}
		return nil, err
	}
	askR, askW, err := pipe()
	if err != nil {
		return fail(err)
	}
	ansR, ansW, err := pipe()
	if err != nil {
		return fail(err)
	}
	errR, errW, err := pipe()
	if err != nil {
		return fail(err)
	}
	exe, err := c.binary()
	if err != nil {
		return fail(err)
	}
	cmd := &exec.Cmd{
		Path: exe,
		// The name stays, for programs that look at it to know what they are.
		Args:  []string{os.Args[0], Argument},
		Env:   []string{},
		Dir:   filepath.VolumeName(exe) + string(filepath.Separator),
		Stdin: askR, Stdout: ansW, Stderr: errW,
	}
	s.apply(cmd)
	pass(cmd, content)
	if err := cmd.Start(); err != nil {
		return fail(err)
	}
	askR.Close()
	ansW.Close()
	errW.Close()
	return &child{cmd: cmd, stage: s, ask: askW, answer: ansR, errs: errR}, nil
}

// launch starts a child with all protections that starting one can give
// here. What works is found out once.
func (c *Confiner) launch(content *os.File) (*child, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		return nil, c.failed
	}
	if c.stage != nil {
		return c.start(c.stage, content)
	}
	s, ch, err := explore(func(s *stage) (*child, error) { return c.start(s, content) })
	if err != nil && passing(err) {
		return nil, &iotmark.Error{Kind: iotmark.Unavailable, ID: "not-confined", Msg: notConfined, Err: err}
	}
	if err != nil {
		c.failed = &iotmark.Error{Kind: iotmark.Unavailable, ID: "not-confined", Msg: notConfined, Err: err}
		return nil, c.failed
	}
	c.stage = s
	return ch, nil
}

// drop ends a child that was started for a try only.
func (ch *child) drop() {
	ch.end()
	ch.ask.Close()
	ch.answer.Close()
	ch.errs.Close()
	ch.reap()
}

// heard is what came out of a child.
type heard struct {
	hello  *Report
	answer *answer
	err    error // why there is no answer
}

// run runs one child to its end: when it returns, the child and all that it
// started are gone.
func (c *Confiner) run(ctx context.Context, req request, content *os.File) (*answer, error) {
	before := ownPeak() // the system counts it as the child's too: it begins as a copy of us
	ch, err := c.launch(content)
	if err != nil {
		return nil, err
	}
	req.Users = ch.stage.users()
	req.Content = number(content)

	ended := make(chan error, 1) // its wait status, once it is gone
	go func() { ended <- ch.reap() }()
	go send(ch.ask, frameRequest, req, maxRequest) // ends at the latest when ask is closed
	said := make(chan heard, 1)
	go func() { said <- listen(ch.answer, req) }() // ends at the latest with the deadline
	var stderr keeper
	drained := make(chan bool, 1) // false: it wrote more than it may
	go func() { drained <- stderr.drain(ch.errs, req.Budget.Errors) }()

	var (
		h       heard
		waited  error
		flooded bool
		gone    bool // it has ended by itself, or was waited for
		quiet   bool // nothing more will be heard
		dried   bool // nothing more will be written to its standard error
		killed  bool // by us
		over    = ctx.Done()
		linger  <-chan time.Time
	)
	for !gone || !quiet || !dried {
		select {
		case <-over:
			over, killed = nil, true
			ch.end()
		case h = <-said:
			quiet = true // whatever it said, it is not needed any more
			if !gone && (h.err == nil || errors.Is(h.err, errNonsense)) {
				killed = true
				ch.end()
			} else if !gone {
				// It closed its output without an answer: it is about to end,
				// and its status says why, or it runs on, and has no reason to.
				linger = time.After(lingers)
			}
		case <-linger:
			if !gone {
				killed = true
				ch.end()
			}
		case ok := <-drained:
			dried = true
			if !ok {
				flooded, killed = true, true
				ch.end()
			}
		case waited = <-ended:
			gone = true
			// Nobody who holds its pipes is waited for. What it wrote itself
			// is in them already.
			soon := time.Now().Add(lingers)
			ch.answer.SetReadDeadline(soon)
			ch.errs.SetReadDeadline(soon)
		}
	}
	ch.ask.Close()
	ch.answer.Close()
	ch.errs.Close()

	if h.hello != nil {
		c.learn(h.hello, ch.stage)
	}
	switch text := stderr.text(); {
	case h.err == nil && !flooded:
		h.answer.stderr = text
		return h.answer, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case flooded:
		return nil, nonsense(fmt.Sprintf("it wrote more than %d bytes to its standard error", req.Budget.Errors), text)
	case errors.Is(h.err, errNonsense):
		return nil, nonsense(h.err.Error(), text)
	default:
		return nil, verdict(ch.cmd.ProcessState, waited, killed, h, req, before, text)
	}
}

// lingers is how long a child may take to end after it closed its output, and
// how long others may hold its pipes after it ended.
const lingers = 3 * time.Second

// verdict says why a child ended without an answer.
func verdict(st *os.ProcessState, waited error, killed bool, h heard, req request, before int64, stderr []byte) error {
	how := "it ended: " + st.String()
	switch {
	case waited != nil && st == nil:
		return crashed("its end could not be seen: "+waited.Error(), stderr)
	case !st.Success() && !killed && (ranOut(stderr) || peak(st) >= max(req.Budget.Memory/4*3, before+1)):
		// Short of memory, the Go runtime may also crash in places where it
		// takes for granted that there is some.
		return outOfMemory()
	case st.ExitCode() == exitRefused:
		return refused(how, stderr)
	case !st.Success() && spent(st, killed, req.Budget.CPU):
		return context.DeadlineExceeded
	case h.hello == nil && st.Exited():
		return refused("it never said that it was ready; "+how, stderr)
	case st.Success() || killed:
		return nonsense("it gave no answer; "+how, stderr)
	}
	return crashed(how, stderr)
}

// spent reports whether a child that failed was ended for its processor time.
// The kernel counts towards the limit in whole ticks, which on a busy machine
// can be far more than what it tells of the process afterwards; a kill that
// is not ours is taken for it from half the budget on.
func spent(st *os.ProcessState, killed bool, budget time.Duration) bool {
	if ws, ok := st.Sys().(syscall.WaitStatus); ok && !killed && ws.Signaled() && ws.Signal() == syscall.SIGKILL {
		budget /= 2
	} else {
		budget -= budget / 50
	}
	return budget > 0 && st.UserTime()+st.SystemTime() >= budget
}

// ranOut reports whether the Go runtime ended the child for want of memory.
// The child can lie about it: it then has the one reason instead of another.
func ranOut(stderr []byte) bool {
	for _, s := range []string{"fatal error: runtime: out of memory", "fatal error: out of memory", "runtime: out of memory", "cannot allocate memory", "runtime/cgo: pthread_create failed", "failed to reserve", "failed to commit"} {
		if bytes.Contains(stderr, []byte(s)) {
			return true
		}
	}
	return false
}

// listen reads what a child says: one hello, one answer, and nothing more.
func listen(r *os.File, req request) (h heard) {
	b, err := receive(r, frameHello, maxHello)
	if err != nil {
		return heard{err: err}
	}
	var hello Report
	if err := decode(b, &hello); err != nil {
		return heard{err: err}
	}
	if err := hello.check(); err != nil {
		return heard{err: err}
	}
	h.hello = &hello
	if b, h.err = receive(r, frameAnswer, req.Budget.Answer); h.err != nil {
		return h
	}
	var a answer
	if h.err = decode(b, &a); h.err != nil {
		return h
	}
	if h.err = a.check(req); h.err != nil {
		return h
	}
	var more [1]byte
	r.SetReadDeadline(time.Now().Add(lingers))
	switch n, err := r.Read(more[:]); {
	case n > 0:
		h.err = fmt.Errorf("%w: there is more after the answer", errNonsense)
	case err != io.EOF:
		// It gave its answer and left somebody behind who holds the pipe, or
		// would not end in its time.
		h.err = fmt.Errorf("%w: it did not end after its answer", errNonsense)
	default:
		h.answer = &a
	}
	return h
}

// learn keeps what a child said of its protections, beside those that this
// side gives. What one child lacked is not forgotten for those after it.
func (c *Confiner) learn(hello *Report, s *stage) {
	all := append([]Protection{{ID: Process, On: true}, {ID: Time, On: true}, {ID: Reply, On: true}}, s.protections()...)
	for _, p := range hello.Protections {
		if !slices.ContainsFunc(all, func(q Protection) bool { return q.ID == p.ID }) {
			all = append(all, p)
		}
	}
	var out []Protection
	for _, id := range order {
		i := slices.IndexFunc(all, func(p Protection) bool { return p.ID == id })
		if i < 0 {
			out = append(out, Protection{ID: id, Why: system()})
			continue
		}
		out = append(out, all[i])
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, before := range c.report.Protections {
		if !before.On {
			out[i] = before
		}
	}
	c.report = Report{Protections: out}
}

// keeper keeps the first bytes of a child's standard error.
type keeper struct{ b bytes.Buffer }

const keeps = 8 << 10

// drain reads to the end, so that the child is not held up, or to the limit.
func (k *keeper) drain(r io.Reader, limit int64) bool {
	io.CopyN(&k.b, r, keeps)
	n, _ := io.CopyN(io.Discard, r, limit)
	return n < limit
}

func (k *keeper) text() []byte { return bytes.TrimSpace(k.b.Bytes()) }

// hand returns the content as an open file that can only be read. A regular
// file is handed on as it is, so that nothing is copied; a part of a file, as
// in an archive, is copied, so that the child sees no other part.
func hand(src evidence.Source) (f *os.File, done func(), err error) {
	if f, ok := src.ReaderAt.(*os.File); ok && readOnly(f) {
		return f, func() {}, nil
	}
	if f, err = anonymous(src.Size); err == nil {
		if _, err = io.Copy(f, src.Reader()); err == nil {
			err = seal(f)
		}
		if err == nil {
			return f, func() { f.Close() }, nil
		}
		f.Close()
	}
	if !errors.Is(err, errNoMemoryFile) {
		return nil, nil, err
	}
	return temporary(src)
}

// errNoMemoryFile says that a content does not fit in a file in memory here.
var errNoMemoryFile = errors.New("no file in memory")

// inMemory is the largest content that is copied to memory rather than disk.
const inMemory = 32 << 20

// temporary copies a content to a file that has no name where the system
// allows it, and is open for reading only.
func temporary(src evidence.Source) (*os.File, func(), error) {
	w, err := os.CreateTemp("", "iotmark-*")
	if err != nil {
		return nil, nil, err
	}
	name := w.Name()
	_, err = io.Copy(w, src.Reader())
	if e := w.Close(); err == nil {
		err = e
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(name)
	}
	removed := os.Remove(name)
	if err != nil {
		return nil, nil, err
	}
	return f, func() {
		f.Close()
		if removed != nil {
			os.Remove(name) // a system that keeps the names of open files
		}
	}, nil
}

// binary returns the path by which this program is started again.
func (c *Confiner) binary() (string, error) {
	if c.exe != "" {
		return c.exe, nil
	}
	if ownImage != "" {
		if _, err := os.Stat(ownImage); err == nil {
			return ownImage, nil
		}
	}
	return os.Executable()
}
