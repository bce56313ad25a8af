package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/internal/ledger"
)

// The log from the command line, with every service in a process of its own.
func TestLogScripts(t *testing.T) { scripts(t, "testdata/log", services()) }

// services are the commands of scripts that have servers:
//
//	serving NAME COMMAND...   starts it; $NAME is the first line that it prints
//	ending NAME [kill]        ends it in good order, or by kill -9; what it said goes to NAME.txt
//	appends DIR KEY TEXT...   adds entries to a log and publishes nothing
func services() map[string]func(*testscript.TestScript, bool, []string) {
	var mu sync.Mutex
	running := map[*testscript.TestScript]map[string]*service{} // guarded by mu
	of := func(ts *testscript.TestScript) map[string]*service {
		mu.Lock()
		defer mu.Unlock()
		if running[ts] == nil {
			running[ts] = map[string]*service{}
		}
		return running[ts]
	}
	return map[string]func(*testscript.TestScript, bool, []string){
		"appends": appends,
		"serving": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) < 2 {
				ts.Fatalf("usage: serving NAME COMMAND...")
			}
			s := &service{}
			path, err := exec.LookPath(args[1])
			ts.Check(err)
			s.cmd = exec.Command(path, args[2:]...)
			s.cmd.Dir = ts.MkAbs(".")
			for _, k := range []string{"PATH", "HOME", "TMPDIR", "NO_COLOR"} {
				s.cmd.Env = append(s.cmd.Env, k+"="+ts.Getenv(k))
			}
			s.cmd.Stderr = &s.said
			out, err := s.cmd.StdoutPipe()
			ts.Check(err)
			ts.Check(s.cmd.Start())
			of(ts)[args[0]] = s
			ts.Defer(func() {
				if !s.ended {
					s.cmd.Process.Kill()
					s.cmd.Wait()
				}
			})
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				s.end(os.Kill)
				ts.Fatalf("%s did not start: %s", strings.Join(args[1:], " "), s.said.String())
			}
			ts.Setenv(args[0], strings.TrimSpace(line))
		},
		"ending": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) == 0 || of(ts)[args[0]] == nil {
				ts.Fatalf("usage: ending NAME [kill]")
			}
			s := of(ts)[args[0]]
			sig := os.Signal(syscall.SIGTERM)
			if len(args) > 1 {
				sig = os.Kill
			}
			s.end(sig)
			ts.Check(os.WriteFile(ts.MkAbs(args[0]+".txt"), s.said.Bytes(), 0o644))
		},
	}
}

func appends(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: appends DIR KEY TEXT...")
	}
	k, err := key.Open(ts.MkAbs(args[1]), "", nil)
	ts.Check(err)
	s, err := k.Signer(k.Name)
	ts.Check(err)
	nobody := "witness nobody " + key.VerifierKey("nobody.example", key.Witness, k.Public) + " http://127.0.0.1:1/\nquorum nobody\n"
	p, err := ledger.Open(context.Background(), ledger.Config{Dir: ts.MkAbs(args[0]), Signer: s, Key: k.VKey(), Policy: nobody, Timeout: time.Second})
	ts.Check(err)
	for _, text := range args[2:] {
		_, err := p.Append(context.Background(), []byte(text))
		ts.Check(err)
	}
	if err := p.Close(context.Background()); err == nil {
		ts.Fatalf("published without a witness")
	}
}

// service is a server of a script.
type service struct {
	cmd   *exec.Cmd
	said  bytes.Buffer // read only after the end
	ended bool
}

func (s *service) end(sig os.Signal) {
	if !s.ended {
		s.ended = true
		s.cmd.Process.Signal(sig)
		s.cmd.Wait()
	}
}
