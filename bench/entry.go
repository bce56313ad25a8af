package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/gowebpki/jcs"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/open-iot-mark/iotmark/verify"
)

// entries measures what it takes to read and check an entry of the log,
// beside what nobody can do without: one canonicalisation, one decoding, and
// one verification of a signature. All are measured in turns by the CPU time
// of this process.
func entries(w io.Writer) error {
	ar, err := txtar.ParseFile("verify/testdata/entries.txtar")
	if err != nil {
		return err
	}
	public, private, err := ed25519.GenerateKey(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nentry\tbytes\tread and checked\tcanonicalised\tdecoded\tone signature\tread / (canonicalised + decoded)\tgoal\t")
	for _, f := range ar.Files {
		if f.Name != "mark.granted" && f.Name != "mark.suspended" && f.Name != "keyring.set" {
			continue
		}
		s, err := verify.Parse("iotmark.example", f.Data)
		if err != nil {
			return err
		}
		line := bytes.Split(s.Text, []byte("\n"))[1]
		sig := ed25519.Sign(private, s.Text)
		form, _ := verify.FormOf(s.Type)
		work := []func() error{
			func() error { _, err := verify.Parse("iotmark.example", f.Data); return err },
			func() error { _, err := jcs.Transform(line); return err },
			func() error {
				var e verify.Entry
				if err := json.Unmarshal(line, &e); err != nil {
					return err
				}
				return json.Unmarshal(e.Body, form.New())
			},
			func() error {
				if !ed25519.Verify(public, s.Text, sig) {
					return fmt.Errorf("a signature does not hold")
				}
				return nil
			},
		}
		cost := make([][]time.Duration, len(work))
		for range runs {
			for i, f := range work {
				d, err := each(500, f)
				if err != nil {
					return err
				}
				cost[i] = append(cost[i], d)
			}
		}
		for i := range cost {
			slices.Sort(cost[i])
		}
		mid := func(i int) time.Duration { return cost[i][len(cost[i])/2] }
		us := func(d time.Duration) string { return fmt.Sprintf("%.0f us", float64(d)/float64(time.Microsecond)) }
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%.2f\t1.1\t\n", f.Name, len(f.Data), us(mid(0)), us(mid(1)), us(mid(2)), us(mid(3)), float64(mid(0))/float64(mid(1)+mid(2)))
	}
	return t.Flush()
}

// each returns the CPU time of one call of n.
func each(n int, f func() error) (time.Duration, error) {
	start, err := used()
	if err != nil {
		return 0, err
	}
	for range n {
		if err := f(); err != nil {
			return 0, err
		}
	}
	end, err := used()
	return (end - start) / time.Duration(n), err
}

// used is the CPU time of this process until now.
func used() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, os.NewSyscallError("getrusage", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
