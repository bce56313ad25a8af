//go:build !linux

package confine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// ownImage is empty where the system keeps no link to it.
const ownImage = ""

// stage is the only way of starting a child here.
type stage struct{}

func (*stage) users() bool               { return false }
func (*stage) apply(cmd *exec.Cmd)       { group(cmd) }
func (*stage) protections() []Protection { return nil }

func explore(try func(*stage) (*child, error)) (*stage, *child, error) {
	s := &stage{}
	ch, err := try(s)
	if err != nil {
		return nil, nil, fmt.Errorf("start a child process: %w", err)
	}
	return s, ch, nil
}

func passing(error) bool { return false }

// end ends the child and where possible all it started.
func (ch *child) end() {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if !ch.gone {
		endGroup(ch.cmd.Process)
	}
}

// reap waits for the child.
func (ch *child) reap() error {
	err := ch.cmd.Wait()
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.gone = true
	return err
}

func anonymous(int64) (*os.File, error) { return nil, errNoMemoryFile }

func seal(*os.File) error { return errors.ErrUnsupported }

// tries is empty: nothing is refused here, and nothing is tried.
func tries() []Act { return []Act{{ID: "none"}} }
