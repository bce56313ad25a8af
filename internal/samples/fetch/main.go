// Command fetch brings the npm and Debian packages of corpus.yaml, and the Go
// modules that are no dependencies, into
// .cache/corpus, compares each archive with its pinned hash, and unpacks it;
// and the npm packages of each lock file into .cache/node.
// Nothing in them is run. A package that cannot be had is told by name, and
// tests that want it say so, too.
package main

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/open-iot-mark/iotmark/internal/samples"
)

func main() {
	c, err := samples.ReadCorpus()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
	for _, a := range c.NPM {
		bring(a, npm)
	}
	for _, folder := range samples.NodeFolders() {
		if err := install(folder); err != nil {
			fmt.Fprintf(os.Stderr, "absent: packages of %s: %v\n", folder, err)
		}
	}
	for _, a := range c.Debian {
		bring(a, debian)
	}
	for _, a := range c.Modules {
		bring(a, module)
	}
}

// install brings the packages that a lock file pins with their integrity.
// Their scripts are not run.
func install(folder string) error {
	dir, err := samples.NodeFolder(folder)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		b, err := os.ReadFile(filepath.Join(samples.Root(), filepath.FromSlash(folder), name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return run(dir, "npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund")
}

// bring gets one archive, unless it is here already.
func bring(a samples.Archive, get func(a samples.Archive, tmp, dir string) error) {
	dir := a.Folder()
	if _, err := os.Stat(dir); err == nil {
		return
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "fetch-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
	defer os.RemoveAll(tmp)
	if err := os.Mkdir(filepath.Join(tmp, "out"), 0o755); err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		return
	}
	if err := get(a, tmp, filepath.Join(tmp, "out")); err != nil {
		fmt.Fprintf(os.Stderr, "absent: %s %s: %v\n", a.Name, a.Version, err)
		return
	}
	if err := os.Rename(filepath.Join(tmp, "out"), dir); err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
	}
}

func npm(a samples.Archive, tmp, dir string) error {
	if err := run(tmp, "npm", "pack", "--silent", "--ignore-scripts", a.Name+"@"+a.Version); err != nil {
		return err
	}
	file, raw, err := only(tmp, "*.tgz")
	if err != nil {
		return err
	}
	sum := sha512.Sum512(raw)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != a.Integrity {
		return fmt.Errorf("its integrity is %s, pinned is %s", got, a.Integrity)
	}
	return run(tmp, "tar", "-xzf", file, "-C", dir, "--strip-components=1", "--no-same-owner")
}

func debian(a samples.Archive, tmp, dir string) error {
	if err := run(tmp, "apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", a.Name+"="+a.Version); err != nil {
		return err
	}
	file, raw, err := only(tmp, "*.deb")
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	if got := hex.EncodeToString(sum[:]); got != a.SHA256 {
		return fmt.Errorf("its SHA-256 is %s, pinned is %s", got, a.SHA256)
	}
	return run(tmp, "dpkg-deb", "-x", file, dir)
}

func module(a samples.Archive, tmp, dir string) error {
	cmd := exec.Command("go", "mod", "download", "-json", a.Name+"@"+a.Version)
	cmd.Dir = tmp
	raw, err := cmd.Output()
	var got struct{ Dir, Sum, Error string }
	if jerr := json.Unmarshal(raw, &got); jerr != nil || err != nil {
		return fmt.Errorf("go mod download: %w: %.300s", errors.Join(err, jerr), got.Error)
	}
	if got.Sum != a.H1 {
		return fmt.Errorf("its hash is %s, pinned is %s", got.Sum, a.H1)
	}
	return os.CopyFS(dir, os.DirFS(got.Dir))
}

// only returns the one file that was downloaded.
func only(dir, pattern string) (string, []byte, error) {
	m, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(m) != 1 {
		return "", nil, fmt.Errorf("%d archives arrived", len(m))
	}
	raw, err := os.ReadFile(m[0])
	return m[0], raw, err
}

func run(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %.300s", name, err, out)
	}
	return nil
}
