package key_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh/agent"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
)

func unasked(t *testing.T) func() ([]byte, error) {
	return func() ([]byte, error) {
		t.Error("a passphrase was asked for")
		return nil, errors.New("none")
	}
}

func answer(s string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(s), nil } }

func id(err error) iotmark.ErrorID {
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		return e.ID
	}
	return ""
}

// works reports whether a key signs so that its public half verifies.
func works(t *testing.T, k *key.Key) {
	t.Helper()
	sig, err := k.Sign([]byte("text"))
	if err != nil || !ed25519.Verify(k.Public, []byte("text"), sig) {
		t.Errorf("the key does not sign: %v", err)
	}
}

func TestNewAndOpen(t *testing.T) {
	t.Parallel()
	for name, pass := range map[string]string{"unlocked": "", "locked": "correct horse"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "key")
			made, err := key.New(file, "me", []byte(pass))
			if err != nil {
				t.Fatal(err)
			}
			st, err := os.Stat(file)
			if err != nil || st.Mode().Perm() != 0o600 {
				t.Errorf("got mode %v, %v; want 0600", st.Mode(), err)
			}
			ask := unasked(t)
			if pass != "" {
				ask = answer(pass)
			}
			k, err := key.Open(file, "", ask)
			if err != nil || !k.Public.Equal(made.Public) {
				t.Fatal(err)
			}
			works(t, k)
			works(t, made)
			if pass == "" {
				return
			}
			if _, err := key.Open(file, "", answer("wrong")); id(err) != "passphrase-wrong" {
				t.Errorf("got %v, want passphrase-wrong", err)
			}
			// Stock ssh-keygen reads what we wrote: its public half is ours.
			out, err := exec.Command("ssh-keygen", "-y", "-P", pass, "-f", file).Output()
			pub, _ := os.ReadFile(file + ".pub")
			if err != nil || !bytes.HasPrefix(pub, bytes.TrimSpace(out)[:80]) {
				t.Errorf("ssh-keygen -y: %s, %v; we wrote %s", out, err, pub)
			}
		})
	}
}

func TestNewWritesOverNothing(t *testing.T) {
	t.Parallel()
	for _, there := range []string{"key", "key.pub"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, there), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := key.New(filepath.Join(dir, "key"), "", nil); id(err) != "file-exists" {
			t.Errorf("got %v, want file-exists", err)
		}
		if b, _ := os.ReadFile(filepath.Join(dir, there)); string(b) != "mine" {
			t.Errorf("%s was written over", there)
		}
	}
	dir := t.TempDir()
	if err := os.Symlink("nowhere", filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	if _, err := key.New(filepath.Join(dir, "key"), "", nil); id(err) != "file-exists" {
		t.Errorf("a link: got %v, want file-exists", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good, err := key.New(filepath.Join(dir, "good"), "", nil)
	if err != nil || good == nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(filepath.Join(dir, "good"))
	rsa := filepath.Join(dir, "ecdsa")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", rsa).CombinedOutput(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
	for name, c := range map[string]struct {
		path string
		want iotmark.ErrorID
	}{
		"not there":            {filepath.Join(dir, "none"), "key-missing"},
		"a folder":             {dir, "key-missing"},
		"empty":                {file("empty", "", 0o600), "key-unknown"},
		"words":                {file("words", "hello\n", 0o600), "key-unknown"},
		"broken":               {file("broken", strings.Replace(string(b), "AAAA", "BBBB", 1), 0o600), "key-unknown"},
		"cut":                  {file("cut", string(b[:len(b)/2]), 0o600), "key-unknown"},
		"too large":            {file("large", string(b)+strings.Repeat("\n", 70_000), 0o600), "key-unknown"},
		"others may read":      {file("open", string(b), 0o644), "key-open"},
		"the group may read":   {file("group", string(b), 0o640), "key-open"},
		"another kind":         {rsa, "key-kind"},
		"public, of another":   {rsa + ".pub", "key-kind"},
		"public, and no agent": {filepath.Join(dir, "good.pub"), "agent-missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := key.Open(c.path, "", unasked(t)); id(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// An agent signs for a public key, and says when it does not hold it.
func TestAgent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, err := key.New(filepath.Join(dir, "in"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := key.New(filepath.Join(dir, "out"), "", nil); err != nil {
		t.Fatal(err)
	}
	seed, priv, err := ed25519.GenerateKey(nil)
	if err != nil || seed == nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: priv}); err != nil {
		t.Fatal(err)
	}
	keys, err := ring.List()
	if err != nil {
		t.Fatal(err)
	}
	held := filepath.Join(dir, "held.pub")
	if err := os.WriteFile(held, []byte(keys[0].String()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			agent.ServeAgent(ring, c)
			c.Close()
		}
	}()
	k, err := key.Open(held, socket, unasked(t))
	if err != nil || !k.Public.Equal(priv.Public()) {
		t.Fatal(err)
	}
	works(t, k)
	if _, err := key.Open(filepath.Join(dir, "out.pub"), socket, unasked(t)); id(err) != "agent-lacks-key" {
		t.Errorf("got %v, want agent-lacks-key", err)
	}
	if _, err := key.Open(held, filepath.Join(dir, "nobody"), unasked(t)); id(err) != "agent-silent" || iotmark.KindOf(err) != iotmark.Unavailable {
		t.Errorf("got %v, want agent-silent", err)
	}
	works(t, in)
}
