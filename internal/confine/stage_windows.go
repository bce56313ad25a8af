package confine

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true} }

func endGroup(p *os.Process) { p.Kill() }

// number is the handle itself, which is the same in the child.
func number(f *os.File) uintptr { return f.Fd() }

func pass(cmd *exec.Cmd, content *os.File) {
	windows.SetHandleInformation(windows.Handle(content.Fd()), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT)
	cmd.SysProcAttr.AdditionalInheritedHandles = append(cmd.SysProcAttr.AdditionalInheritedHandles, syscall.Handle(content.Fd()))
}

// readOnly is never known of a handle, so the content is copied.
func readOnly(*os.File) bool { return false }

// restrict: the child sees that its parent is gone by the end of its input.
func restrict(request, ...string) []Protection { return []Protection{{ID: Orphan, On: true}} }

func closeForeign(uintptr) {} // only the handles that are named are inherited

func contentFile(fd uintptr) *os.File { return os.NewFile(fd, "content") }

// peak is not told here.
func peak(*os.ProcessState) int64 { return 0 }

func ownPeak() int64 { return 0 }
