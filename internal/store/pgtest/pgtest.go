// Package pgtest starts a real PostgreSQL server for tests: one for each test
// binary, with one database for each test. It needs no installed cluster, no
// port and no password: the server listens on a socket in its own folder
// only. As PostgreSQL refuses root, root starts it as another user.
//
// A test binary that uses it calls Run from TestMain, which ends the server.
package pgtest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
)

// server is one running PostgreSQL.
type server struct {
	dir  string // data and socket
	user string
	cmd  *exec.Cmd
	bin  string
	gone chan struct{} // closed when the process has ended

	settings []string // beside ours, as in "fsync=on"
}

var (
	start   sync.Once
	shared  *server
	failed  error
	numbers atomic.Int64
)

// Run runs the tests of a binary and ends the server that they started.
func Run(m *testing.M) int {
	code := m.Run()
	if shared != nil {
		shared.stop()
	}
	return code
}

// Address returns the address of a new, empty database, that is dropped when
// the test ends. Where PostgreSQL is not installed the test is skipped by
// that name, and fails where CI is set in the environment.
//
// The server writes nothing through to the disk, for speed: what is committed
// survives the death of any process, and not that of the machine.
//
// with is what CREATE DATABASE takes after the name, for databases that are not
// as they should be.
func Address(t testing.TB, with ...string) string {
	t.Helper()
	start.Do(func() { shared, failed = serve() })
	if errors.Is(failed, exec.ErrNotFound) {
		msg := "PostgreSQL is not installed; scripts/need.sh installs it"
		if os.Getenv("CI") != "" {
			t.Fatal(msg)
		}
		t.Skip(msg)
	}
	if failed != nil {
		t.Fatal(failed)
	}
	name := fmt.Sprintf("t%d", numbers.Add(1))
	shared.do(t, strings.Join(append([]string{"CREATE DATABASE", name}, with...), " "))
	t.Cleanup(func() { shared.do(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return shared.address(name)
}

func (s *server) address(database string) string {
	q := url.Values{"host": {s.dir}, "user": {s.user}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + q.Encode()
}

func (s *server) do(t testing.TB, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// binaries finds the folder of postgres and initdb: beside the one in PATH,
// or where Debian keeps them, the newest.
func binaries() (string, error) {
	if p, err := exec.LookPath("postgres"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(p), "initdb")); err == nil {
				return filepath.Dir(p), nil
			}
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", fmt.Errorf("postgres: %w", exec.ErrNotFound)
	}
	slices.SortFunc(found, func(a, b string) int { // 9 before 15
		if d := len(a) - len(b); d != 0 {
			return d
		}
		return bytes.Compare([]byte(a), []byte(b))
	})
	return filepath.Dir(found[len(found)-1]), nil
}

func serve(settings ...string) (_ *server, err error) {
	s := &server{settings: settings}
	if s.bin, err = binaries(); err != nil {
		return nil, err
	}
	// Short: a socket's path has at most 107 bytes.
	if s.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(s.dir)
		}
	}()
	if s.user, err = settle(s.dir); err != nil {
		return nil, err
	}
	initdb := s.command("initdb", "-D", s.data(), "-U", s.user, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s, s.launch()
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

// launch starts the server on the data that are there, and waits for it.
func (s *server) launch() error {
	var said bytes.Buffer
	args := []string{"-D", s.data(), "-k", s.dir}
	for _, set := range append([]string{"listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=200",
		"shared_buffers=16MB", "autovacuum=off", "log_min_messages=fatal"}, s.settings...) {
		args = append(args, "-c", set)
	}
	cmd, gone := s.command("postgres", args...), make(chan struct{})
	s.cmd, s.gone = cmd, gone
	cmd.Stderr = &said
	started := make(chan error)
	go func() {
		// The kernel ends the server with the thread that started it, so
		// that a test binary that is killed leaves none behind.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
			close(gone)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := s.answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-gone:
			return fmt.Errorf("postgres ended: %s", said.Bytes())
		case <-ctx.Done():
			s.halt()
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *server) answers(ctx context.Context) error {
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	return db.PingContext(ctx)
}

func (s *server) stop() {
	s.halt()
	os.RemoveAll(s.dir)
}

// halt ends the server and its connections.
func (s *server) halt() {
	interrupt(s.cmd.Process)
	select {
	case <-s.gone:
	case <-time.After(10 * time.Second):
		s.cmd.Process.Kill()
		<-s.gone
	}
}

// Server is one of a test's own, that it can stop and start again.
type Server struct {
	t testing.TB
	s *server
}

// Own starts a server of the test's own, which ends with it, and returns it
// with the address of its only database.
func Own(t testing.TB) (*Server, string) {
	t.Helper()
	Address(t) // where there is no PostgreSQL, it says so
	s, err := serve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return &Server{t, s}, s.address("postgres")
}

// Serve starts a server for a program that is no test, and returns the address
// of its only database. settings are as in "fsync=on".
func Serve(settings ...string) (address string, stop func(), err error) {
	s, err := serve(settings...)
	if err != nil {
		return "", nil, err
	}
	return s.address("postgres"), s.stop, nil
}

// Stop ends the server, with all connections to it.
func (o *Server) Stop() { o.s.halt() }

// Start starts it again on the same data.
func (o *Server) Start() {
	o.t.Helper()
	if err := o.s.launch(); err != nil {
		o.t.Fatal(err)
	}
}

// command is a program of PostgreSQL, with nothing of our environment that
// would change what it does.
func (s *server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + s.bin + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=" + s.dir}
	as(cmd, s.user)
	return cmd
}
