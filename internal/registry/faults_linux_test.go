//go:build !race

package registry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// faulty runs in a process with a small disk of its own, which fills up and
// is made larger, and then may not be written for a while.
type faulty struct {
	Dir   string // where the disk is put; the log is on it
	DB    string // the database
	Notes string
}

// outcome is what it saw.
type outcome struct {
	Full     []iotmark.ErrorID // while the disk was full
	ReadOnly []iotmark.ErrorID // while it could only be read
	Decided  []string          // told as decided
	Log      []string          // ids, in order
	Same     bool              // tables and replay
	Differ   int
}

func (f faulty) run(ctx context.Context) (out outcome, err error) {
	runtime.LockOSThread()
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return out, fmt.Errorf("private: %w", err)
	}
	if err := syscall.Mount("none", f.Dir, "tmpfs", 0, "size=900k"); err != nil {
		return out, fmt.Errorf("tmpfs: %w", err)
	}
	b, err := os.ReadFile(f.Notes)
	if err != nil {
		return out, err
	}
	var notes []string
	if err := json.Unmarshal(b, &notes); err != nil {
		return out, err
	}
	s := bare()
	k, _, err := signers(s)
	if err != nil {
		return out, err
	}
	dir := filepath.Join(f.Dir, "log")
	if err := ledger.Init(dir, k); err != nil {
		return out, err
	}
	keep := func(list *[]iotmark.ErrorID, err error) bool {
		if err != nil && !slices.Contains(*list, id(err)) {
			*list = append(*list, id(err))
			fmt.Fprintln(os.Stderr, err)
		}
		return err != nil
	}
	m, err := f.open(ctx, s, dir)
	if err != nil {
		return out, err
	}
	// Until nothing can be written any more.
	for failed := 0; failed < 5 && len(out.Decided) < len(notes); {
		bad := false
		if err := m.decide(ctx, notes[len(out.Decided)]); !keep(&out.Full, err) {
			out.Decided = append(out.Decided, idOf(notes[len(out.Decided)]))
		} else {
			bad = true
		}
		_, err := m.relay.Once(ctx)
		bad = keep(&out.Full, err) || bad
		_, err = m.proj.CatchUp(ctx, now)
		bad = keep(&out.Full, err) || bad
		if bad {
			failed++
		}
	}
	if err := syscall.Mount("none", f.Dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		return out, err
	}
	// The same program goes on.
	for len(out.Decided) < len(notes)/2 {
		if err := m.decide(ctx, notes[len(out.Decided)]); err != nil {
			return out, err
		}
		out.Decided = append(out.Decided, idOf(notes[len(out.Decided)]))
	}
	if _, err := m.relay.Once(ctx); err != nil {
		return out, err
	}
	m.close(ctx)

	if err := syscall.Mount("none", f.Dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		return out, fmt.Errorf("read-only: %w", err)
	}
	db, err := store.Open(ctx, f.DB)
	if !keep(&out.ReadOnly, err) {
		db.Close()
	}
	c, err := config(s, dir)
	if err != nil {
		return out, err
	}
	_, err = ledger.Open(ctx, c)
	keep(&out.ReadOnly, err)
	if err := syscall.Mount("none", f.Dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		return out, err
	}

	if m, err = f.open(ctx, s, dir); err != nil {
		return out, err
	}
	defer m.close(ctx)
	if _, err := m.relay.Once(ctx); err != nil {
		return out, err
	}
	if _, err := m.log.Published(ctx, uint64(m.log.Health().Size-1)); err != nil {
		return out, err
	}
	p, err := m.proj.CatchUp(ctx, now)
	if err != nil {
		return out, err
	}
	out.Differ = p.Differ
	h, err := m.src.Log.Head(ctx)
	if err != nil {
		return out, err
	}
	rules := verify.NewReplayer(s.Trust)
	for e, err := range m.src.Log.EntriesAt(ctx, h, 0, h.Size) {
		if err != nil {
			return out, err
		}
		out.Log = append(out.Log, idOf(string(e)))
		rules.Apply(e, 0)
	}
	out.Same = m.proj.Registry().Hash() == rules.Registry(now).Hash()
	return out, nil
}

func idOf(note string) string {
	e, err := verify.Parse("mark.example", []byte(note))
	if err != nil {
		return err.Error()
	}
	return e.ID
}

// machine is all that writes.
type machine struct {
	db    *store.DB
	reg   *registry.Registry
	log   *ledger.Posix
	relay *registry.Relay
	proj  *registry.Projector
	src   registry.Source
}

func (f faulty) open(ctx context.Context, s *verifytest.Scheme, dir string) (m machine, err error) {
	if m.db, err = store.Open(ctx, f.DB); err != nil {
		return m, err
	}
	if m.reg, err = registry.Open(ctx, m.db, s.Trust); err != nil {
		return m, err
	}
	c, err := config(s, dir)
	if err != nil {
		return m, err
	}
	if m.log, err = ledger.Open(ctx, c); err != nil {
		return m, err
	}
	r, err := ledger.NewReader(dir, s.Trust.Log)
	if err != nil {
		return m, err
	}
	policy, err := verify.ParsePolicy(s.Trust.Policy)
	m.src = registry.Source{Log: r, Policy: policy}
	m.relay, m.proj = m.reg.NewRelay(m.log), m.reg.NewProjector(m.src)
	return m, err
}

func (m machine) decide(ctx context.Context, note string) error {
	return m.db.Do(ctx, func(tx *store.Tx) error {
		_, err := m.reg.Decide(ctx, tx, []byte(note))
		return err
	})
}

func (m machine) close(ctx context.Context) {
	m.relay.Close()
	m.proj.Close()
	m.log.Close(ctx)
	m.db.Close()
}

// The disk fills up, is made larger, may only be read for a while: each is
// told by its name, nothing is lost or doubled, and it goes on by itself.
func TestDiskFullAndReadOnly(t *testing.T) {
	t.Parallel()
	t.Run("of database and log", func(t *testing.T) {
		t.Parallel()
		disk := t.TempDir()
		diskFull(t, faulty{Dir: disk, DB: filepath.Join(disk, "registry.db")}, "store-full", "store-read-only", "log-write")
	})
	t.Run("of the log", func(t *testing.T) {
		t.Parallel()
		diskFull(t, faulty{Dir: t.TempDir(), DB: filepath.Join(t.TempDir(), "registry.db")}, "log-write", "log-write")
	})
}

func diskFull(t *testing.T, f faulty, full iotmark.ErrorID, readOnly ...iotmark.ErrorID) {
	s := story(t, 24)
	var notes []string
	for _, e := range s.Entries {
		notes = append(notes, string(e))
	}
	b, err := json.Marshal(notes)
	must(t, err)
	f.Notes = filepath.Join(t.TempDir(), "notes")
	must(t, os.WriteFile(f.Notes, b, 0o644))
	arg, err := json.Marshal(f)
	must(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=faults "+string(arg))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	var said, res bytes.Buffer
	cmd.Stdout, cmd.Stderr = &res, &said
	if err := cmd.Start(); errors.Is(err, syscall.EPERM) {
		const absent = "this kernel gives no mount namespace, so that no small disk can be made"
		if os.Getenv("CI") != "" {
			t.Fatal(absent)
		}
		t.Skip(absent)
	} else if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	var got outcome
	if err := json.Unmarshal(res.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s\n%s", err, &res, &said)
	}
	t.Logf("%d decided; while full: %v; while read-only: %v", len(got.Decided), got.Full, got.ReadOnly)
	if diff := cmp.Diff(got.Decided, got.Log); diff != "" {
		t.Errorf("what was decided is not what the log has (-decided +log)\n%s", diff)
	}
	if !got.Same || got.Differ != 0 {
		t.Errorf("the tables differ from a replay; %d rows", got.Differ)
	}
	for _, e := range got.Full {
		if e != "store-full" && e != "log-write" {
			t.Errorf("while the disk was full: %q\n%s", e, &said)
		}
	}
	if !slices.Contains(got.Full, full) {
		t.Errorf("nothing said %s", full)
	}
	if diff := cmp.Diff(readOnly, got.ReadOnly); diff != "" {
		t.Errorf("while read-only: got (-want +got)\n%s\n%s", diff, &said)
	}
}
