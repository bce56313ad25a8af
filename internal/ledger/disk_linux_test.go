package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sys/unix"

	"github.com/open-iot-mark/iotmark/internal/ledger"
)

// A disk that is full, in a namespace of its own, where a test may mount what
// it likes; and a folder that may not be written any more, as a user that is
// not root even when the tests are.
func TestDisk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		how   string
		flags uintptr
		user  int
	}{
		{"full", syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS, 0},
		{"closed", syscall.CLONE_NEWUSER, 1000},
	} {
		t.Run(c.how, func(t *testing.T) {
			t.Parallel()
			k, dir := newKeys(t, origin), t.TempDir()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "LEDGER_TEST_DISK="+dir, "LEDGER_TEST_HOW="+c.how, "LEDGER_TEST_SKEY="+k.skey, "LEDGER_TEST_VKEY="+k.vkey)
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Cloneflags:  c.flags,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: c.user, HostID: os.Getuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: c.user, HostID: os.Getgid(), Size: 1}},
			}
			out, err := cmd.CombinedOutput()
			if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || bytes.Contains(out, []byte(noMount)) {
				if os.Getenv("CI") != "" {
					t.Fatalf("this system has no user namespace with mounts, which the test of full disks needs: %v %s", err, out)
				}
				t.Skipf("this system has no user namespace with mounts: %v %s", err, out)
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

const noMount = "tmpfs cannot be mounted"

// disk runs in the namespace.
func disk(dir string) error {
	full := os.Getenv("LEDGER_TEST_HOW") == "full"
	if full {
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=400k"); err != nil {
			return fmt.Errorf("%s: %w", noMount, err)
		}
	}
	s, err := note.NewSigner(os.Getenv("LEDGER_TEST_SKEY"))
	if err != nil {
		return err
	}
	ctx := context.Background()
	dir = filepath.Join(dir, "log")
	if err := ledger.Init(dir, s); err != nil {
		return err
	}
	c := ledger.Config{Dir: dir, Signer: s, Key: os.Getenv("LEDGER_TEST_VKEY"), Interval: 10 * time.Millisecond}
	p, err := ledger.Open(ctx, c)
	if err != nil {
		return err
	}
	defer p.Close(ctx)
	good := uint64(0)
	add := func() error {
		i, err := p.Append(ctx, fmt.Appendf(nil, "%d %x", good, make([]byte, 3000)))
		if err == nil && i != good {
			return fmt.Errorf("index %d after %d", i, good)
		}
		if err == nil {
			good++
		}
		return err
	}
	published := func() error {
		ctx, stop := context.WithTimeout(ctx, 20*time.Second)
		defer stop()
		_, err := p.Published(ctx, good-1)
		return err
	}
	is := func(err, want error) bool { return idOf(err) == "log-write" && errors.Is(err, want) }

	for range 3 {
		if err := add(); err != nil {
			return err
		}
	}
	if full {
		for err = nil; err == nil; {
			err = add()
		}
		if !is(err, syscall.ENOSPC) {
			return fmt.Errorf("full: after %d entries %v", good, err)
		}
	} else {
		if err := published(); err != nil {
			return err
		}
		if err := each(dir, 0o500, 0o400); err != nil {
			return err
		}
		if err = add(); !is(err, fs.ErrPermission) {
			return fmt.Errorf("closed: %v", err)
		}
	}
	if h := p.Health(); h.Write == nil || h.Size != int64(good) {
		return fmt.Errorf("health: %+v", h)
	}
	if full {
		err = unix.Mount("", filepath.Dir(dir), "", unix.MS_REMOUNT, "size=2m")
	} else {
		err = each(dir, 0o755, 0o644)
	}
	if err != nil {
		return err
	}
	for range 3 {
		if err := add(); err != nil {
			return fmt.Errorf("after it was mended: %w", err)
		}
	}
	if err := published(); err != nil {
		return err
	}
	if h := p.Health(); h.Write != nil || h.Publish != nil {
		return fmt.Errorf("health: %+v", h)
	}
	r, err := ledger.NewReader(dir, c.Key)
	if err != nil {
		return err
	}
	if c, err := r.Fsck(ctx, nil); err != nil || len(c.Problems) > 0 || c.Entries != int64(good) {
		return fmt.Errorf("%v %v, %d entries of %d", err, c.Problems, c.Entries, good)
	}
	return nil
}

// each changes the rights of all folders and files.
func each(dir string, folder, file os.FileMode) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(name, folder)
		}
		return os.Chmod(name, file)
	})
}
