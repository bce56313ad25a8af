package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// settle gives the folder to whom the server will run as, and returns his
// name.
func settle(dir string) (string, error) {
	if os.Getuid() != 0 {
		u, err := user.Current()
		if err != nil {
			return "", err
		}
		return u.Username, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		uid, gid, err := ids(name)
		if err != nil {
			continue
		}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return "", err
		}
		return name, nil
	}
	return "", fmt.Errorf("PostgreSQL refuses root, and this system has neither the user postgres nor nobody")
}

func ids(name string) (uid, gid uint32, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, err
	}
	a, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0, 0, err
	}
	b, err := strconv.ParseUint(u.Gid, 10, 32)
	return uint32(a), uint32(b), err
}

// as lets a command run as that user, and end when we do.
func as(cmd *exec.Cmd, name string) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if os.Getuid() != 0 {
		return
	}
	if uid, gid, err := ids(name); err == nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
}

// interrupt asks for an immediate end; the folder is removed anyway.
func interrupt(p *os.Process) { p.Signal(syscall.SIGQUIT) }
