//go:build !linux

package pgtest

import (
	"os"
	"os/exec"
	"os/user"
)

func settle(string) (string, error) {
	u, err := user.Current()
	if err != nil {
		return "", err
	}
	return u.Username, nil
}

func as(*exec.Cmd, string) {}

func interrupt(p *os.Process) { p.Signal(os.Interrupt) }
