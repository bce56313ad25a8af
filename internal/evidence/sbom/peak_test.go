package sbom_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
)

// peakFile names, in the child process, the file to read.
const peakFile = "IOTMARK_TEST_SBOM_PEAK"

func TestMain(m *testing.M) {
	if file := os.Getenv(peakFile); file != "" {
		fmt.Print(peakChild(file))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// peakChild reads the file and reports the error's id, the components and the
// largest resident set in kB.
func peakChild(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return err.Error()
	}
	st, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	start := time.Now()
	v, err := sbom.Reader.Read(context.Background(), evidence.Source{Name: "x", Size: st.Size(), ReaderAt: f}, evidence.DefaultLimits())
	took := time.Since(start)
	id, n := string(errorID(err)), 0
	if facts, ok := v.(*sbom.Facts); ok && err == nil {
		id, n = "read", len(facts.Components)
	}
	status, _ := os.ReadFile("/proc/self/status")
	peak := "0"
	for _, row := range strings.Split(string(status), "\n") {
		if rest, ok := strings.CutPrefix(row, "VmHWM:"); ok {
			peak = strings.TrimSuffix(strings.TrimSpace(rest), " kB")
		}
	}
	return fmt.Sprintf("%s %d %s %d", id, n, strings.TrimSpace(peak), took.Milliseconds())
}

// big writes a file of head, then body over and over while it stays under
// size, then tail.
func big(t *testing.T, size int, head, body, tail string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "big")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	chunk := strings.Repeat(body, 1+(1<<20)/len(body))
	chunk = chunk[:len(chunk)/len(body)*len(body)]
	n := len(head) + len(tail)
	if _, err := f.WriteString(head); err != nil {
		t.Fatal(err)
	}
	for n+len(chunk) <= size {
		if _, err := f.WriteString(chunk); err != nil {
			t.Fatal(err)
		}
		n += len(chunk)
	}
	for n+len(body) <= size {
		if _, err := f.WriteString(body); err != nil {
			t.Fatal(err)
		}
		n += len(body)
	}
	if _, err := f.WriteString(tail); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestPeak reads the worst inputs of full size in a process of its own and
// looks at its largest resident set. 512 MB is the bound of the project for
// the whole command.
func TestPeak(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Log("the largest resident set is known on Linux only; results alone are compared")
	}
	size := 32 << 20 // the largest that is read
	if raceDetector {
		size = 8 << 20 // it makes everything ten times slower; the results stay the same
	}
	fat := `{"type":"library","name":"` + strings.Repeat("n", 60) + `","version":"1","purl":"pkg:generic/a/` + strings.Repeat("p", 500) +
		`","hashes":[{"alg":"SHA-256","content":"` + strings.Repeat("a", 64) + `"}],"licenses":[{"license":{"id":"MIT"}}]},`
	xmlHead := `<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components>`
	for _, tt := range []struct {
		name             string
		size             int
		head, body, tail string
		want             string
	}{
		{"200 MB", 200_000_000, `{"bomFormat":"CycloneDX","components":[`, `{"name":"a"},`, `{}]}`, "too-large"},
		{"depth 100,000", 2 * 100_000, ``, `[`, ``, "malformed"},
		{"depth of components", 100_000 * 15, `{"bomFormat":"CycloneDX",`, `"components":[{`, ``, "too-deep"},
		{"depth of skipped lists", 1 << 20, `{"bomFormat":"CycloneDX","x":`, `[`, ``, "too-deep"},
		{"depth of XML", 100_000 * 11, xmlHead, `<component>`, ``, "too-deep"},
		{"fat components", size, `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[`, fat, `{"name":"last"}]}`, "read"},
		{"empty components", size, `{"bomFormat":"CycloneDX","components":[`, `{},`, `{}]}`, "too-many"},
		{"edges", size, `{"bomFormat":"CycloneDX","dependencies":[{"ref":"a","dependsOn":[`, `"a",`, `"a"]}]}`, "too-many"},
		{"licences", size, `{"bomFormat":"CycloneDX","components":[{"licenses":[`, `{"expression":"a"},`, `{}]}]}`, "too-many"},
		{"one long text", size, `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":"`, `\u00e4`, `"}]}`, "read"},
		{"names of one object", size, `{"bomFormat":"CycloneDX","x":{`, `"":0,`, `"b":0}}`, "malformed"},
		{"XML components", size, xmlHead, `<component type="library"><name>a</name></component>`, `</components></bom>`, "too-many"},
		{"XML attributes", size, xmlHead, `<component a="" b=""`, `/></components></bom>`, "malformed"},
		{"SPDX packages", size, `{"spdxVersion":"SPDX-2.3","packages":[`, `{"name":"aaaaaaaaaaaaaaaaa","externalRefs":[{"referenceType":"purl","referenceLocator":"` + strings.Repeat("p", 700) + `"}]},`, `{}]}`, "read"},
		{"tag-value", size, "SPDXVersion: SPDX-2.3\n", "PackageName: aaaaaaaaaaaaaa\nPackageVersion: 1\nPackageComment: " + strings.Repeat("c", 700) + "\n", "", "read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), peakFile+"="+big(t, tt.size, tt.head, tt.body, tt.tail))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			w := strings.Fields(string(out))
			if len(w) != 4 || w[0] != tt.want {
				t.Fatalf("got %s, want %s", out, tt.want)
			}
			peak, err := strconv.Atoi(w[2])
			if err != nil {
				t.Fatal(err)
			}
			if peak > 250_000 && !raceDetector { // the detector takes memory of its own
				t.Errorf("the largest resident set was %d kB", peak)
			}
			t.Logf("%s components, peak %d MB, %s ms", w[1], peak/1000, w[3])
		})
	}
}
