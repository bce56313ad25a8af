//go:build !race

// Without the race detector, which multiplies what is measured here.

package dossier_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/dossier"
)

// openInChild names the dossier that TestOpenInChild opens.
const openInChild = "DOSSIER_TEST_OPEN"

// TestOpenInChild is the other end of TestMemory; by itself it does nothing.
func TestOpenInChild(t *testing.T) {
	p := os.Getenv(openInChild)
	if p == "" {
		return
	}
	d, err := dossier.Open(p, load(t), opt)
	if err != nil {
		fmt.Println(err.Error()[:min(len(err.Error()), 200)])
	} else {
		d.Close()
	}
	// The high-water mark of this process. What wait4(2) tells of a child
	// includes its parent's size at the fork.
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(b))
}

var highWater = regexp.MustCompile(`VmHWM:\s+([0-9]+) kB`)

// TestMemory opens the worst dossiers in a process of their own, and asks the
// system how much memory that took at most.
func TestMemory(t *testing.T) {
	const most = 300 // MB; a whole check may take 512
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cases := bombs(t)
	m := 1 << 20
	for name, in := range map[string]string{
		"yaml: many in brackets": "[" + strings.Repeat("a,", m/2-1),
		"yaml: comments":         strings.Repeat("- #\n", m/4-1),
		"yaml: same keys":        strings.Repeat("a:\n", m/3-1),
		"yaml: alias bomb":       aliasBomb(),
	} {
		cases = append(cases, bomb{name: name, b: []byte(in)})
	}
	// Honest and large: 40 to 1, 100 MB unpacked.
	chunk := make([]byte, 40_000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 1000 {
		chunk[i] = byte(r.Uint32())
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range []member{{name: "iotmark.yaml", content: evidence(t, "path: large.bin")}, {name: "large.bin"}} {
		w, err := z.Create(e.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
		for range 2500 {
			if e.content == "" {
				if _, err := w.Write(chunk); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	cases = append(cases, bomb{name: "honest and large", b: b.Bytes()})

	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			name := "x.zip"
			if strings.HasPrefix(c.name, "yaml") {
				name = "x.yaml"
			}
			cmd := exec.Command(self, "-test.run=^TestOpenInChild$", "-test.v")
			cmd.Env = append(os.Environ(), openInChild+"="+put(t, t.TempDir(), name, string(c.b)))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			kB := highWater.FindSubmatch(out)
			if kB == nil {
				t.Fatalf("no high-water mark in\n%s", out)
			}
			mb, err := strconv.Atoi(string(kB[1]))
			if err != nil {
				t.Fatal(err)
			}
			mb /= 1000
			t.Logf("%s: %d MB, %s", c.name, mb, cmd.ProcessState.UserTime())
			if mb > most {
				t.Errorf("took %d MB, want at most %d", mb, most)
			}
		})
	}
}
