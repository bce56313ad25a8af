// Package samples finds the real third-party artefacts that tests read. They
// are never copied into the project: the environment variable IOTMARK_SAMPLES
// names their folder, and without it ../shared/samples beside the project is
// tried.
package samples

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the path of a sample. When it is absent, the test is skipped
// by the sample's name; where CI is set in the environment, it fails.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir := Dir()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(p); err == nil && dir != "" {
		return p
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("the sample %s is absent; set IOTMARK_SAMPLES to the folder of samples", name)
	}
	t.Skipf("the sample %s is absent; set IOTMARK_SAMPLES to the folder of samples", name)
	return ""
}

// Read returns the bytes of a sample.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Dir returns the folder of samples, or the empty string when there is none.
func Dir() string {
	if d := os.Getenv("IOTMARK_SAMPLES"); d != "" {
		return d
	}
	root := Root()
	if root == "" {
		return ""
	}
	d := filepath.Join(root, "..", "shared", "samples")
	if st, err := os.Stat(d); err != nil || !st.IsDir() {
		return ""
	}
	return d
}

// Root returns the root of the project, found by its go.mod above the working
// folder, or the empty string.
func Root() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}
