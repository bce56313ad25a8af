package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark/internal/ledger"
)

// A benchLog is a log with its key.
type benchLog struct {
	dir, vkey string
	signer    note.Signer
}

func newBenchLog(dir string) (benchLog, error) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "log.bench.example/1")
	if err != nil {
		return benchLog{}, err
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		return benchLog{}, err
	}
	return benchLog{dir, vkey, s}, ledger.Init(dir, s)
}

// logs measures the public log: how long an entry takes until the world sees
// it, and what proofs, checks and copies of a large log take.
func logs(w io.Writer, tmp string) error {
	if err := published(w, tmp); err != nil {
		return err
	}
	return large(w, tmp)
}

// published appends one entry after another, at other moments of the interval
// each time, and measures until it is published.
func published(w io.Writer, tmp string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nappended to published\twitnesses\tentries\ton disk, median\tpublished, median\tmost\tgoal\tCPU an entry\t")
	for _, c := range []struct {
		interval  time.Duration
		witnesses int
		n         int
	}{
		{100 * time.Millisecond, 0, 60}, {100 * time.Millisecond, 4, 60}, {time.Second, 0, 20}, {time.Second, 4, 20}, {10 * time.Second, 4, 5},
	} {
		l, err := newBenchLog(filepath.Join(tmp, fmt.Sprintf("log-%s-%d", c.interval, c.witnesses)))
		if err != nil {
			return err
		}
		policy, stop, err := benchWitnesses(l, tmp, c.witnesses)
		if err != nil {
			return err
		}
		ctx := context.Background()
		p, err := ledger.Open(ctx, ledger.Config{Dir: l.dir, Signer: l.signer, Key: l.vkey, Interval: c.interval, Policy: policy})
		if err != nil {
			return err
		}
		var disk, seen []time.Duration
		before := cpuTime()
		for n := range c.n {
			start := time.Now()
			i, err := p.Append(ctx, benchEntry(n))
			if err != nil {
				return err
			}
			disk = append(disk, time.Since(start))
			// The next one comes while this one waits, as when several decide.
			if n%3 == 0 {
				time.Sleep(c.interval * time.Duration(n%7) / 10)
				start2 := time.Now()
				j, err := p.Append(ctx, benchEntry(n+1_000_000))
				if err != nil {
					return err
				}
				if _, err := p.Published(ctx, i); err != nil {
					return err
				}
				seen = append(seen, time.Since(start))
				if _, err := p.Published(ctx, j); err != nil {
					return err
				}
				seen = append(seen, time.Since(start2))
				continue
			}
			if _, err := p.Published(ctx, i); err != nil {
				return err
			}
			seen = append(seen, time.Since(start))
		}
		used := cpuTime() - before
		if err := p.Close(ctx); err != nil {
			return err
		}
		stop()
		slices.Sort(disk)
		slices.Sort(seen)
		ms := func(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d)/1e6) }
		fmt.Fprintf(t, "interval %s\t%d\t%d\t%s\t%s\t%s\t%s\t%.1f ms\t\n", c.interval, c.witnesses, len(seen), ms(disk[len(disk)/2]), ms(seen[len(seen)/2]), ms(seen[len(seen)-1]),
			ms(c.interval+50*time.Millisecond), float64(used)/1e6/float64(len(seen)))
	}
	return t.Flush()
}

// benchWitnesses starts witnesses on the loopback, three of whom must sign.
func benchWitnesses(l benchLog, tmp string, n int) (policy string, stop func(), err error) {
	var all []func()
	stop = func() {
		for _, f := range all {
			f()
		}
	}
	names := ""
	for i := range n {
		skey, vkey, err := note.GenerateKey(rand.Reader, fmt.Sprintf("witness%d.bench.example", i))
		if err != nil {
			return "", stop, err
		}
		s, err := fnote.NewSignerForCosignatureV1(skey)
		if err != nil {
			return "", stop, err
		}
		if vkey, err = fnote.VKeyToCosignatureV1(vkey); err != nil {
			return "", stop, err
		}
		dir, err := os.MkdirTemp(tmp, "witness-")
		if err != nil {
			return "", stop, err
		}
		if err := ledger.InitWitness(dir, s); err != nil {
			return "", stop, err
		}
		w, err := ledger.NewWitness(ledger.WitnessConfig{Dir: dir, Signer: s, Logs: []string{l.vkey}, Burst: 1_000_000})
		if err != nil {
			return "", stop, err
		}
		srv := httptest.NewServer(w)
		all = append(all, srv.Close, func() { w.Close() })
		policy += fmt.Sprintf("witness w%d %s %s\n", i, vkey, srv.URL)
		names += fmt.Sprintf(" w%d", i)
	}
	if n > 0 {
		policy += fmt.Sprintf("group g %d%s\nquorum g\n", min(3, n), names)
	}
	return policy, stop, nil
}

// benchEntry is about as long as a grant.
func benchEntry(n int) []byte {
	return fmt.Appendf(nil, "%09d %s", n, strings.Repeat("an entry of seven hundred bytes ", 22)[:690])
}

// large makes a log of many entries, and measures what readers do with it. The
// commands are whole processes.
func large(w io.Writer, tmp string) error {
	const n = 100_000
	l, err := newBenchLog(filepath.Join(tmp, "large"))
	if err != nil {
		return err
	}
	policy, stop, err := benchWitnesses(l, tmp, 3)
	if err != nil {
		return err
	}
	ctx := context.Background()
	p, err := ledger.Open(ctx, ledger.Config{Dir: l.dir, Signer: l.signer, Key: l.vkey, Interval: 100 * time.Millisecond, Policy: policy, Batch: 1024, BatchAge: 20 * time.Millisecond})
	if err != nil {
		return err
	}
	start := time.Now()
	slots, errs := make(chan struct{}, 2048), make(chan error, n)
	for i := range n {
		slots <- struct{}{}
		go func() {
			_, err := p.Append(ctx, benchEntry(i))
			errs <- err
			<-slots
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			return err
		}
	}
	wrote := time.Since(start)
	if _, err := p.Published(ctx, n-1); err != nil {
		return err
	}
	r, err := ledger.NewReader(l.dir, l.vkey)
	if err != nil {
		return err
	}
	const proofs = 500
	total, most := 0, 0
	before := cpuTime()
	for i := range int64(proofs) {
		b, err := r.Proof(ctx, i*n/proofs, nil)
		if err != nil {
			return err
		}
		total, most = total+len(b), max(most, len(b))
	}
	proving := (cpuTime() - before) / proofs
	if err := p.Close(ctx); err != nil {
		return err
	}
	stop()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\na log of %d entries of 700 bytes\t\tgoal\t\n", n)
	fmt.Fprintf(t, "written by 2048 at once\t%.0f entries/s\t\t\n", float64(n)/wrote.Seconds())
	fmt.Fprintf(t, "proof with three witnesses\t%d B, at most %d B\t1,500 B\t\n", total/proofs, most)
	fmt.Fprintf(t, "making one\t%.2f ms CPU\t\t\n", float64(proving)/1e6)
	runtime.GC()
	h, err := ledger.Handler(l.dir, l.vkey)
	if err != nil {
		return err
	}
	srv := httptest.NewServer(h)
	defer srv.Close()
	for _, c := range []struct {
		name string
		args []string
	}{
		{"iotmark log fsck, folder", []string{"log", "fsck", "--log", l.vkey, l.dir}},
		{"iotmark mirror, loopback", []string{"mirror", "--log", l.vkey, srv.URL, filepath.Join(tmp, "copy")}},
		{"iotmark mirror, nothing new", []string{"mirror", "--log", l.vkey, srv.URL, filepath.Join(tmp, "copy")}},
	} {
		m, err := measure(program(tmp), c.args...)
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "%s\t%.2f s, %.0f entries/s, CPU %.2f s, peak %d MB\t\t\n", c.name, m.wall.Seconds(), n/m.wall.Seconds(), m.cpu.Seconds(), m.peak>>20)
	}
	idle, err := resting(program(tmp), l)
	if err != nil {
		return err
	}
	fmt.Fprintf(t, "%s\t\t\n", idle)
	return t.Flush()
}

// resting is what a server of the log takes that nobody asks.
func resting(program string, l benchLog) (string, error) {
	cmd := exec.Command(program, "log", "serve", "--log", l.vkey, "--listen", "127.0.0.1:0", l.dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil { // its address: it answers from now on
		return "", err
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return "", err
	}
	if err := cmd.Wait(); err != nil {
		return "", err
	}
	u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return "", fmt.Errorf("this system gives no account of a process")
	}
	return fmt.Sprintf("iotmark log serve, at rest\tpeak %d MB", u.Maxrss>>10), nil
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
