package vault_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// faulty runs in a process with a small disk of its own, which fills up, is
// made larger, and then may not be written for a while.
type faulty struct{ Dir, DB, Key string }

// outcome is what it saw.
type outcome struct {
	Full, Left    string // a piece that does not fit; files that it left
	FullAgain     string
	Larger        string // the same piece once there is room
	ReadOnly      string // writing while the disk may only be read
	ReadOnlyRead  string
	ReadOnlySweep string
	ReadOnlyOpen  string
	After         string
	Check         vault.Check
}

func faults(arg string) error {
	var f faulty
	if err := json.Unmarshal([]byte(arg), &f); err != nil {
		return err
	}
	out, err := f.run(context.Background())
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func (f faulty) run(ctx context.Context) (out outcome, err error) {
	runtime.LockOSThread()
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return out, fmt.Errorf("private: %w", err)
	}
	if err := syscall.Mount("none", f.Dir, "tmpfs", 0, "size=1m"); err != nil {
		return out, fmt.Errorf("tmpfs: %w", err)
	}
	mount := func(flags uintptr, opts string) error {
		return syscall.Mount("none", f.Dir, "tmpfs", syscall.MS_REMOUNT|flags, opts)
	}
	db, err := store.Open(ctx, f.DB)
	if err != nil {
		return out, err
	}
	defer db.Close()
	cfg := vault.Config{Bucket: filepath.Join(f.Dir, "evidence"), DB: db, Keys: []string{f.Key}}
	v, err := vault.Open(ctx, cfg)
	if err != nil {
		return out, err
	}
	defer v.Close()
	id := func(err error) string {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return storetest.ErrorID(err)
	}
	small, big := patterned(100_000), patterned(2_000_000)
	put := func(b []byte) error {
		p, err := v.Put(ctx, vault.Put{By: "ann", Case: "case-1", Class: iotmark.Restricted, Name: "a.bin"}, bytes.NewReader(b))
		if err == nil && p.Size != int64(len(b)) {
			err = fmt.Errorf("%d bytes were kept", p.Size)
		}
		return err
	}
	read := func(b []byte) error {
		r, err := v.Open(ctx, vault.Reader{Person: "ben", Case: "case-1", Why: "evaluation"}, digest(b))
		if err == nil {
			err = r.Close()
		}
		return err
	}
	if err := put(small); err != nil {
		return out, err
	}
	out.Full = id(put(big))
	out.FullAgain = id(put(big))
	n := 0
	err = filepath.WalkDir(cfg.Bucket, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	out.Left = fmt.Sprint(n-2, err) // the mark and the small piece
	if err := mount(0, "size=16m"); err != nil {
		return out, err
	}
	out.Larger = id(put(big))
	if err := mount(syscall.MS_RDONLY, ""); err != nil {
		return out, err
	}
	out.ReadOnly = id(put(patterned(77)))
	out.ReadOnlyRead = id(read(big))
	if err := db.Do(ctx, func(tx *store.Tx) error {
		if err := v.SetPersonal(ctx, tx, digest(small)); err != nil {
			return err
		}
		return v.Erase(ctx, tx, "dpo", "request 1", digest(small))
	}); err != nil {
		return out, err
	}
	_, err = v.Sweep(ctx)
	out.ReadOnlySweep = id(err)
	again, err := vault.Open(ctx, cfg)
	if out.ReadOnlyOpen = id(err); err == nil {
		again.Close()
	}
	if err := mount(0, "size=16m"); err != nil {
		return out, err
	}
	out.After = id(put(patterned(77)))
	cfg.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	if v, err = vault.Open(ctx, cfg); err != nil {
		return out, err
	}
	if _, err := v.Sweep(ctx); err != nil {
		return out, err
	}
	out.Check, err = v.Fsck(ctx, nil)
	return out, err
}

// A disk that is full, and one that may only be read, have their names;
// nothing is half stored, and it goes on by itself when there is room.
func TestDiskFullAndReadOnly(t *testing.T) {
	t.Parallel()
	f := faulty{Dir: t.TempDir(), DB: filepath.Join(t.TempDir(), "registry.db"), Key: newKey(t)}
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
	must(t, json.Unmarshal(res.Bytes(), &got))
	want := outcome{
		Full: "vault-full", FullAgain: "vault-full", Left: "0 <nil>", ReadOnly: "vault-read-only", ReadOnlySweep: "vault-read-only",
		Check: vault.Check{Pieces: 3, Bytes: 2_000_077},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got)\n%s\n%s", diff, &said)
	}
}
