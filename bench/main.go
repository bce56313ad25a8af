// Command bench prints the figures of this release, for people to read. It
// measures whole processes, by the operating system's own account: wall and
// CPU time, and the largest resident size. Nothing fails on a slow machine.
//
//	make bench
//
// With the argument log it prints those of the log alone, with vault those of
// the evidence store, and with proof those of the proof, for logs of as many
// entries as the further arguments say.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

const runs = 11 // one is a warm-up and does not count

// run is what one process used.
type run struct {
	wall, cpu time.Duration
	peak      int64 // bytes
}

func main() {
	if err := figures(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func figures(w io.Writer, args []string) error {
	if len(args) > 1 && args[0] == "vault" {
		return vaultRun(args[1:])
	}
	if len(args) == 0 || args[0] != "proof" {
		tmp, err := os.MkdirTemp("", "iotmark-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		if len(args) == 1 && args[0] == "jobs" {
			return jobs(w, tmp)
		}
		if len(args) == 1 && args[0] == "vault" {
			return vaults(w, tmp)
		}
		if len(args) > 0 && args[0] == "scheme" {
			sizes, err := numbers(args[1:], 1_000, 10_000, 100_000)
			if err != nil {
				return err
			}
			return schemes(w, tmp, sizes...)
		}
		if err := build(tmp); err != nil {
			return err
		}
		if len(args) == 1 && args[0] == "log" {
			return logs(w, tmp)
		}
		return bench(w, tmp)
	}
	sizes, err := numbers(args[1:], 10_000, 100_000)
	if err != nil {
		return err
	}
	return proof(w, sizes...)
}

// numbers are the sizes that were named, or else the usual ones.
func numbers(args []string, usual ...int) (sizes []int, err error) {
	for _, a := range args {
		n, err := strconv.Atoi(a)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number of entries or marks", a)
		}
		sizes = append(sizes, n)
	}
	if len(sizes) == 0 {
		return usual, nil
	}
	return sizes, nil
}

// program is the iotmark that is measured.
func program(tmp string) string { return filepath.Join(tmp, "iotmark") }

// build makes it from the sources that are here, as make build does: what lies
// in bin may be older than they are.
func build(tmp string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-o", program(tmp), "./cmd/iotmark")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

func bench(w io.Writer, tmp string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "iotmark check on\twall, median\tmin\tmax\tCPU, median\tpeak memory\tgoal\t")
	for _, p := range []struct{ name, goal string }{
		{"example", "0.5 s, 150 MB"}, {"minimal", ""}, {"average", ""}, {"careful", ""}, {"disaster", ""},
	} {
		if err := line(t, program(tmp), p.name, filepath.Join("testdata/products", p.name), p.goal); err != nil {
			return err
		}
	}
	// How cost grows with the work: a list of n components.
	for _, n := range []int{100, 1_000, 10_000, 50_000} {
		dir := filepath.Join(tmp, fmt.Sprint(n))
		if err := components(dir, n); err != nil {
			return err
		}
		if err := line(t, program(tmp), fmt.Sprintf("SBOM of %d", n), dir, ""); err != nil {
			return err
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := confined(w, tmp); err != nil {
		return err
	}
	if err := captures(w, tmp); err != nil {
		return err
	}
	if err := logs(w, tmp); err != nil {
		return err
	}
	if err := vaults(w, tmp); err != nil {
		return err
	}
	if err := entries(w); err != nil {
		return err
	}
	if err := verifying(w); err != nil {
		return err
	}
	return proof(w, 10_000, 100_000)
}

func line(w io.Writer, program, name, dir, goal string) error {
	var rs []run
	for i := range runs {
		r, err := measure(program, "check", "--at", "2026-11-22", dir)
		if err != nil {
			return err
		}
		if i > 0 {
			rs = append(rs, r)
		}
	}
	slices.SortFunc(rs, func(a, b run) int { return int(a.wall - b.wall) })
	wall, least, most := rs[len(rs)/2].wall, rs[0].wall, rs[len(rs)-1].wall
	slices.SortFunc(rs, func(a, b run) int { return int(a.cpu - b.cpu) })
	cpu := rs[len(rs)/2].cpu
	peak := int64(0)
	for _, r := range rs {
		peak = max(peak, r.peak)
	}
	s := func(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d MB\t%s\t\n", name, s(wall), s(least), s(most), s(cpu), peak>>20, goal)
	return nil
}

// measure runs a command once, the way a person does.
func measure(name string, args ...string) (run, error) {
	cmd := exec.Command(name, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if e, ok := err.(*exec.ExitError); ok && e.ExitCode() == 1 {
		err = nil // a must does not conform: the report is there
	}
	if err != nil {
		return run{}, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, errs.String())
	}
	u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return run{}, fmt.Errorf("this system gives no account of a process")
	}
	return run{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), u.Maxrss << 10}, nil
}

// components writes a dossier with a list of n components.
func components(dir string, n int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString(`{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"timestamp":"2026-10-02T09:00:00Z","component":{"type":"firmware","name":"x","version":"1"}},"components":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"library","bom-ref":"r%d","name":"lib%d","version":"1.0.%d","supplier":{"name":"S"},"purl":"pkg:generic/lib%d@1.0.%d","licenses":[{"license":{"id":"MIT"}}]}`, i, i, i, i, i)
	}
	b.WriteString("]}")
	if err := os.WriteFile(filepath.Join(dir, "sbom.json"), b.Bytes(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "iotmark.yaml"), []byte(`iotmark: "2026.1"
product: {name: Bench, model: B-1, kind: lamp, first_sale: 2026-05-04}
maker: {name: Bench Ltd, address: 1 Example Street, country: GB, email: hello@bench.example}
facts: {connects_by: [wifi]}
support: {updates_until: 2031-05-31}
evidence: [{id: sbom, kind: sbom, title: Components, path: sbom.json}]
`), 0o644)
}
