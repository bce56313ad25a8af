package cli_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/open-iot-mark/iotmark/internal/cli"
	"github.com/open-iot-mark/iotmark/internal/confine"
)

func TestMain(m *testing.M) {
	if confine.IsChild(os.Args) { // of a test that calls Main itself
		os.Exit(cli.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
	}
	testscript.Main(quiet{m}, map[string]func(){
		"iotmark": func() { os.Exit(cli.Main(os.Args, os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// quiet runs the tests where no build service listens: they must not write into
// its summary.
type quiet struct{ m *testing.M }

func (q quiet) Run() int {
	os.Unsetenv("GITHUB_STEP_SUMMARY")
	os.Unsetenv("GITHUB_ACTIONS")
	return q.m.Run()
}

// The scripts are stories, and manual: what a person types, and what comes.
func TestScripts(t *testing.T) { scripts(t, "testdata", nil) }

// scripts runs the scripts of a folder, with commands of their own.
func scripts(t *testing.T, dir string, cmds map[string]func(*testscript.TestScript, bool, []string)) {
	t.Helper()
	products, err := filepath.Abs("../../testdata/products")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]func(*testscript.TestScript, bool, []string){"exits": exits}
	maps.Copy(all, cmds)
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PRODUCTS", products)
			e.Setenv("AT", "2026-11-22")
			e.Setenv("NO_COLOR", "1")
			e.Setenv("READY", os.Getenv("READY"))
			return nil
		},
		Cmds: all,
	})
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
	for _, k := range []string{"PATH", "HOME", "TMPDIR", "NO_COLOR", "PRODUCTS", "AT"} {
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
