// Package samples finds the real third-party artefacts that tests read. They
// are never copied into the project: the environment variable IOTMARK_SAMPLES
// names their folder, and without it ../shared/samples beside the project is
// tried.
package samples

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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
	absent(t, "the sample "+name+" is absent; set IOTMARK_SAMPLES to the folder of samples")
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

// Program returns the path of the first of some programs that is installed.
// When none is, the test is skipped by their names; where CI is set in the
// environment, it fails. scripts/need.sh installs what tests need.
func Program(t testing.TB, names ...string) string {
	t.Helper()
	for _, n := range names {
		if p, err := exec.LookPath(n); err == nil {
			return p
		}
	}
	absent(t, strings.Join(names, " or ")+" is not installed; scripts/need.sh installs it")
	return ""
}

// Folder returns the folder of the npm package or module of that name, which
// corpus.yaml pins as a whole. When it is absent, the test is skipped by its
// name; where CI is set in the environment, it fails.
func Folder(t testing.TB, name string) string {
	t.Helper()
	c, err := ReadCorpus()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range append(c.NPM, c.Modules...) {
		if a.Name != name {
			continue
		}
		if _, err := os.Stat(a.Folder()); err != nil {
			absent(t, a.Name+" "+a.Version+" is absent; go run ./internal/samples/fetch brings it")
		}
		return a.Folder()
	}
	t.Fatalf("corpus.yaml has no package %s", name)
	return ""
}

// Packaged returns the first file of the npm package that corpus.yaml has for
// a use, after a look at its hash.
func Packaged(t testing.TB, use string) []byte {
	t.Helper()
	c, err := ReadCorpus()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(c.NPM, func(a Archive) bool { return slices.Contains(a.Use, use) })
	if i < 0 {
		t.Fatalf("corpus.yaml has no npm package for %s", use)
	}
	a := c.NPM[i]
	raw, err := os.ReadFile(filepath.Join(a.Folder(), filepath.FromSlash(a.Files[0].Path)))
	if err != nil {
		absent(t, a.Name+" "+a.Version+" is absent; go run ./internal/samples/fetch brings it")
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != a.Files[0].SHA256 {
		t.Fatalf("%s %s is not what corpus.yaml names: its SHA-256 is %x", a.Name, a.Files[0].Path, sum)
	}
	return raw
}

// absent skips a test with the name of what is missing, and fails it in CI.
func absent(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
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

// Installed returns the folder whose node_modules are those of a folder of the
// project with a package.json and its lock file. When they were not installed,
// the test is skipped by their name; where CI is set in the environment, it
// fails.
func Installed(t testing.TB, folder string) string {
	t.Helper()
	dir, err := NodeFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		absent(t, "the packages of "+folder+" are not installed; go run ./internal/samples/fetch brings them")
	}
	return dir
}

// NodeFolder is where the packages of a folder with a lock file are installed:
// by the hash of that file, so that a new one is another folder.
func NodeFolder(folder string) (string, error) {
	lock, err := os.ReadFile(filepath.Join(Root(), filepath.FromSlash(folder), "package-lock.json"))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	return filepath.Join(Root(), ".cache", "node", hex.EncodeToString(sum[:8])), nil
}

// NodeFolders are the folders of the project with a lock file.
func NodeFolders() []string { return []string{"internal/attestation/testdata/npm"} }
