package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/open-iot-mark/iotmark/internal/cli"
	"github.com/open-iot-mark/iotmark/internal/confine"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
)

func TestMain(m *testing.M) {
	if confine.IsChild(os.Args) { // of a test that calls Main itself
		os.Exit(cli.MainForScripts(os.Args, os.Stdin, os.Stdout, os.Stderr))
	}
	if os.Getenv("IOTMARK_AS_COMMAND") != "" { // under limits that tests would not survive
		os.Exit(cli.MainForScripts(os.Args, os.Stdin, os.Stdout, os.Stderr))
	}
	testscript.Main(quiet{m}, map[string]func(){
		"iotmark": func() { os.Exit(cli.MainForScripts(os.Args, os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// quiet runs the tests where no build service listens: they must not write into
// its summary.
type quiet struct{ m *testing.M }

func (q quiet) Run() int {
	os.Unsetenv("GITHUB_STEP_SUMMARY")
	os.Unsetenv("GITHUB_ACTIONS")
	return pgtest.Run(q.m)
}

// The scripts are stories, and manual: what a person types, and what comes.
func TestScripts(t *testing.T) { scripts(t, "testdata", nil) }

// scripts runs the scripts of a folder, or one script, with commands of their
// own and more of an environment: names and values.
func scripts(t *testing.T, dir string, cmds map[string]func(*testscript.TestScript, bool, []string), set ...string) {
	t.Helper()
	products, err := filepath.Abs("../../testdata/products")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]func(*testscript.TestScript, bool, []string){"exits": exits}
	maps.Copy(all, cmds)
	var files []string
	if strings.HasSuffix(dir, ".txtar") {
		dir, files = "", []string{dir}
	}
	testscript.Run(t, testscript.Params{
		Dir: dir, Files: files,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PRODUCTS", products)
			e.Setenv("AT", "2026-11-22")
			e.Setenv("NO_COLOR", "1")
			e.Setenv("READY", os.Getenv("READY"))
			for i := 0; i+1 < len(set); i += 2 {
				e.Setenv(set[i], set[i+1])
			}
			return nil
		},
		Cmds:      all,
		Condition: condition,
	})
}

// condition netns: the kernel lets anybody have a network of his own, which is
// empty.
func condition(name string) (bool, error) {
	if name != "netns" {
		return false, fmt.Errorf("there is no condition %q", name)
	}
	return exec.Command("unshare", "-n", "-r", "true").Run() == nil, nil
}

// exits CODE COMMAND...: the command ends with this exit code. Its output goes
// to the files stdout.txt and stderr.txt.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	path := args[1]
	if p, err := exec.LookPath(args[1]); err == nil {
		path = p
	}
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, k := range []string{"PATH", "HOME", "TMPDIR", "NO_COLOR", "PRODUCTS", "AT", "IOTMARK_AT", "IOTMARK_DATA"} {
		cmd.Env = append(cmd.Env, k+"="+ts.Getenv(k))
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	ts.Check(os.WriteFile(ts.MkAbs("stdout.txt"), out.Bytes(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("stderr.txt"), errs.Bytes(), 0o644))
	got := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		got = e.ExitCode()
	} else {
		ts.Check(err)
	}
	ts.Logf("%s%s", out.String(), errs.String())
	if got != want {
		ts.Fatalf("exit %d, want %d", got, want)
	}
	if cmd.ProcessState.SysUsage() != nil {
		if rss := peak(cmd.ProcessState); rss > 512<<20 {
			ts.Fatalf("used %d MB, at most 512 are allowed", rss>>20)
		}
	}
}

// full is a disk that takes so many bytes.
type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	if n := f.left; len(b) > n {
		f.left = 0
		return n, &fs.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EFBIG}
	}
	f.left -= len(b)
	return len(b), nil
}

// Output that could not be written is a failure that somebody expected,
// whatever the command was about to say.
func TestOutputThatIsCutShort(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"check", "--format", "json", "../../testdata/products/careful"},
		{"check", "../../testdata/products/disaster"},
		{"explain", "privacy"},
		{"doctor"},
		{"catalogue", "coverage", "eu-cra"},
		{"publish", "--dry-run", "--at", "2026-11-22", "../../testdata/products/careful"},
		{"--help"},
		{"init", "--help"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			var errs bytes.Buffer
			code := cli.Main(append([]string{"iotmark"}, args...), strings.NewReader(""), &full{100}, &errs)
			if code != 2 || !strings.HasSuffix(errs.String(), ": file too large [output]\n") {
				t.Errorf("exit %d\n%s", code, errs.String())
			}
		})
	}
}

// Under a limit of the system, a file gets the whole of what it was to get or
// nothing.
func TestFilesAreWholeOrNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	product, err := filepath.Abs("../../testdata/products/careful")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "s.md"), []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ line, want string }{
		"a report":       {"check --format json --output f.json", "[output]"},
		"a summary":      {"check --format html=f.html --summary s.md", "[output]"},
		"only a summary": {"check --entry --topic privacy --summary s.md", "[summary]"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("sh", "-c", `ulimit -f 1; exec "$0" `+c.line+` "$1" 2>&1 >/dev/null | cat`, self, product)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "IOTMARK_AS_COMMAND=1")
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.HasSuffix(string(out), "file too large "+c.want+"\n") {
				t.Errorf("%v\n%s", err, out)
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 1 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
			if b, err := os.ReadFile(filepath.Join(dir, "s.md")); err != nil || string(b) != "before\n" {
				t.Errorf("the summary's file has %d bytes, %v", len(b), err)
			}
		})
	}
}
