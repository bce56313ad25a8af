//go:build unix

package cli_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/cli"
)

// The report of every sample product is the same whether its binary evidence
// is read in a confined process or in this one; and the one is not the other.
// It runs alone, so that the processor time of children is its own.
func TestConfinedReportsAreTheSame(t *testing.T) {
	report := func(t *testing.T, args ...string) (string, time.Duration) {
		t.Helper()
		var before, after syscall.Rusage
		var out, errs bytes.Buffer
		syscall.Getrusage(syscall.RUSAGE_CHILDREN, &before)
		code := cli.Main(append([]string{"iotmark", "check", "--at", "2026-11-22", "--format", "json"}, args...), strings.NewReader(""), &out, &errs)
		syscall.Getrusage(syscall.RUSAGE_CHILDREN, &after)
		if code > 1 || errs.Len() > 0 {
			t.Fatalf("exit %d: %s", code, errs.String())
		}
		return out.String(), time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	}
	products, err := filepath.Glob("../../testdata/products/*/iotmark.yaml")
	if err != nil || len(products) < 5 {
		t.Fatalf("%d products, %v", len(products), err)
	}
	read := map[string]int{}
	for _, p := range products {
		dir := filepath.Dir(p)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			confined, apart := report(t, dir)
			here, none := report(t, "--unconfined", dir)
			if diff := cmp.Diff(here, confined); diff != "" {
				t.Errorf("confined (-here +confined)\n%s", diff)
			}
			binary := 0
			for _, r := range []string{"image", "firmware", "capture"} {
				n := strings.Count(here, `"reader": "`+r+`"`)
				read[r] += n
				binary += n
			}
			if none != 0 || (apart > 0) != (binary > 0) {
				t.Errorf("%d binary artefacts took children %v, and %v unconfined", binary, apart, none)
			}
		})
	}
	for r, n := range read {
		if n == 0 {
			t.Errorf("no sample product has something for the reader %s", r)
		}
	}
}
