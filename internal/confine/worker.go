package confine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// exitRefused is the exit code of a child that would not begin: 69 is
// EX_UNAVAILABLE of sysexits.h, and no code of the Go runtime.
const exitRefused = 69

// Work is the whole life of a child: it takes one request, gives up what it
// can do, runs one of the readers and answers. It returns the exit code.
//
// It must be called before anything else is done, and only when [IsChild].
func Work(readers []evidence.Reader) int {
	return work(readers, func(req request) []Protection { return restrict(req) })
}

func work(readers []evidence.Reader, restrict func(request) []Protection) int {
	if !isPipe(os.Stdin) || !isPipe(os.Stdout) {
		fmt.Fprintln(os.Stderr, "iotmark: this is how iotmark runs its own readers; it is no command. See iotmark --help")
		return 2
	}
	// Two threads compute, as many as the processor time is meant for. Set by
	// hand it is not asked for again, which would open a file.
	runtime.GOMAXPROCS(2)
	b, err := receive(os.Stdin, frameRequest, maxRequest)
	if err != nil {
		return refuse(err)
	}
	var req request
	if err := decode(b, &req); err != nil {
		return refuse(err)
	}
	reader, ok := find(readers, req)
	if !ok {
		return refuse(fmt.Errorf("there is no reader %q of version %d", req.Reader, req.Version))
	}
	closeForeign(req.Content)
	content := contentFile(req.Content)
	if req.Budget.Memory > 0 {
		// Collect harder before the kernel refuses.
		debug.SetMemoryLimit(req.Budget.Memory * 3 / 4)
	}
	go func() {
		// The other end is open as long as the parent lives.
		io.Copy(io.Discard, os.Stdin)
		os.Exit(exitRefused)
	}()
	ctx := context.Background()
	if req.Limits.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, req.Limits.Time)
		defer cancel()
	}
	hello := Report{Protections: restrict(req)}
	if err := send(os.Stdout, frameHello, hello, maxHello); err != nil {
		return refuse(err)
	}
	a := answer{Reader: req.Reader, Version: req.Version}
	if req.Probe {
		a.Acts = tries()
	} else {
		a.Facts, a.Failure = read(ctx, reader, evidence.Source{Name: req.Name, Size: req.Size, ReaderAt: content}, req.Limits)
	}
	if err := send(os.Stdout, frameAnswer, a, req.Budget.Answer); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func refuse(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return exitRefused
}

func find(readers []evidence.Reader, req request) (evidence.Reader, bool) {
	for _, r := range readers {
		if r.Name == req.Reader && r.Version == req.Version {
			return r, true
		}
	}
	return evidence.Reader{}, req.Probe
}

// read runs the reader and puts what came of it in the form of an answer.
func read(ctx context.Context, r evidence.Reader, src evidence.Source, lim evidence.Limits) (facts []byte, f *failure) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", p, debug.Stack())
			facts, f = nil, &failure{iotmark.Internal, broke, line(fmt.Sprint("panic: ", p))}
		}
	}()
	v, err := r.Read(ctx, src, lim)
	if err == nil {
		facts, err = encode(v)
	}
	if err == nil {
		return facts, nil
	}
	if e, ok := errors.AsType[*iotmark.Error](err); ok && e.Kind == iotmark.Invalid && e.Msg != "" {
		return nil, &failure{e.Kind, e.ID, line(e.Msg)}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, &failure{iotmark.Internal, late, "its time was over"}
	}
	return nil, &failure{iotmark.Internal, broke, line("error: " + err.Error())}
}

func isPipe(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeNamedPipe != 0
}
