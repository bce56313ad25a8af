package dossier

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/open-iot-mark/iotmark"
)

// TestSpoolFull: a full disk is told as such, and the archive is not blamed.
func TestSpoolFull(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0) // full(4)
	if err != nil {
		t.Fatal(err)
	}
	s := spool{limit: 8 << 20, f: full}
	defer full.Close()
	_, _, _, err = s.add(strings.NewReader(strings.Repeat("x", 2<<20)))
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v, want %v", err, syscall.ENOSPC)
	}
	a := archive{path: "lamp.zip", opt: Options{}.withDefaults()}
	e, ok := errors.AsType[*iotmark.Error](a.refuse(err))
	if !ok || e.ID != "no-temporary-space" || !strings.Contains(e.Msg, "no space left on device. Set TMPDIR") {
		t.Errorf("got %v, want no-temporary-space", e)
	}
}
