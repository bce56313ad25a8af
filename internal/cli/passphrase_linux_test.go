package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// On a terminal the passphrase is asked for, twice for a new key, and nothing
// of it is shown.
func TestPassphraseOnTerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	type answer struct{ asked, typed string }
	for _, c := range []struct {
		args    []string
		answers []answer
		exit    int
		says    string
	}{
		{[]string{"keys", "new", "--role", "root", "--name", "mark.example/root/1", "--org", "lab", "--person", "p1", "k"},
			[]answer{{"Passphrase (empty for none): ", "correct horsX\x7fe\r"}, {"The same again: ", "correct horse\r"}}, 0, "Without its passphrase it is of no use"},
		{[]string{"keys", "new", "--role", "root", "--name", "mark.example/root/1", "--org", "lab", "--person", "p1", "other"},
			[]answer{{"Passphrase (empty for none): ", "correct horse\r"}, {"The same again: ", "correct house\r"}}, 2, "the two passphrases differ; nothing was written"},
		{[]string{"keys", "new", "--role", "root", "--name", "mark.example/root/1", "--org", "lab", "--person", "p1", "other"},
			[]answer{{"Passphrase (empty for none): ", "correct h\x03"}}, 130, "it was broken off [interrupted]"},
		{[]string{"entry", "sign", "--key", "k", "--name", "mark.example/root/1", "text"},
			[]answer{{"Passphrase of k: ", "correct house\r"}}, 2, "the passphrase does not open k [passphrase-wrong]"},
		{[]string{"entry", "sign", "--key", "k", "--name", "mark.example/root/1", "text"},
			[]answer{{"Passphrase of k: ", "correct horse\r"}}, 0, "You sign as mark.example/root/1"},
	} {
		if c.args[0] == "entry" {
			text := `mark.example/entry/v1` + "\n" + `{"body":{"reason":"The end."},"id":"019aa0f1-1111-7000-8000-0000000000aa","time":"2026-11-22T09:00:00Z","type":"log.closed","v":1}` + "\n"
			if err := os.WriteFile(filepath.Join(dir, "text"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		shown, exit := onTerminal(t, dir, c.args, func(see func(string), say func(string)) {
			for _, a := range c.answers {
				see(a.asked)
				say(a.typed)
			}
		})
		if exit != c.exit || !strings.Contains(shown, c.says) {
			t.Errorf("%v: exit %d, want %d with %q\n%s", c.args, exit, c.exit, c.says, shown)
		}
		if strings.Contains(shown, "correct") || strings.Contains(shown, "hors") {
			t.Errorf("%v: the passphrase was shown:\n%s", c.args, shown)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "other")); err == nil {
		t.Error("a key was written without a passphrase")
	}
}

// onTerminal runs the command with a terminal as stdin and stderr, and returns
// what it showed there.
func onTerminal(t *testing.T, dir string, args []string, talk func(see, say func(string))) (string, int) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	fd := int(ours.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, theirs, theirs
	cmd.Env = append(os.Environ(), "IOTMARK_AS_COMMAND=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	var shown bytes.Buffer
	b := make([]byte, 1024)
	read := func() bool {
		n, err := ours.Read(b) // fails when the command has ended
		shown.Write(b[:n])
		return err == nil
	}
	seen := 0
	talk(func(want string) {
		for !strings.Contains(shown.String()[seen:], want) {
			if !read() {
				t.Fatalf("%v: ended before it said %q:\n%s", args, want, shown.String())
			}
		}
		seen = shown.Len()
	}, func(s string) {
		if _, err := ours.WriteString(s); err != nil {
			t.Fatal(err)
		}
	})
	for read() {
	}
	err = cmd.Wait()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return shown.String(), cmd.ProcessState.ExitCode()
}
