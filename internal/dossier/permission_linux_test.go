package dossier_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/dossier"
)

// asNobody runs do without the right to read everything. The rights of root
// do not bind by mode, so that a thread of its own gives them up: with a
// file-system user other than 0 the kernel takes CAP_DAC_OVERRIDE away from
// the thread (setfsuid(2), capabilities(7)). The thread ends with do.
func asNobody(t testing.TB, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if os.Geteuid() == 0 {
			runtime.LockOSThread() // never unlocked: the thread is thrown away
			if err := syscall.Setfsuid(65534); err != nil {
				t.Error(err)
				return
			}
		}
		do()
	}()
	<-done
}

// TestNoPermission: what may not be read is told as such.
func TestNoPermission(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// Folders above are made readable, so that only the case itself binds.
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed")
	put(t, closed, "iotmark.yaml", minimal(t))
	unread := filepath.Join(dir, "unread")
	decl := put(t, unread, "iotmark.yaml", minimal(t))
	held := filepath.Join(dir, "held")
	put(t, held, "iotmark.yaml", evidence(t, "path: a.txt", "path: b/c.txt"))
	a := put(t, held, "a.txt", "abc")
	put(t, held, "b/c.txt", "abc")
	archive := put(t, dir, "x.zip", "PK\x03\x04")
	for _, p := range []string{closed, decl, a, filepath.Join(held, "b"), archive} {
		if err := os.Chmod(p, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(p, 0o755) })
	}
	cat := load(t)
	asNobody(t, func() {
		for _, p := range []string{closed, filepath.Join(closed, "iotmark.yaml"), unread, decl, archive} {
			_, err := dossier.Open(p, cat, opt)
			if err == nil {
				t.Errorf("%s: opens", p)
				continue
			}
			e := errorsOf(t, err)[0]
			if e.ID != "no-permission" || !strings.Contains(e.Msg, p) || !strings.Contains(e.Msg, "chmod") {
				t.Errorf("%s: got %s %q", p, e.ID, e.Msg)
			}
		}
		d, err := dossier.Open(held, cat, opt)
		if err != nil {
			t.Error(err)
			return
		}
		defer d.Close()
		for _, it := range d.Items {
			if it.Standing != iotmark.Unopened || it.Problem.ID != "file-unreadable" || !strings.Contains(it.Problem.Msg, "may not read it") {
				t.Errorf("%s: got %s %v", it.Path, it.Standing, it.Problem)
			}
		}
	})
}
