package key_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"

	"filippo.io/age"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
)

const cheap = 4 // of scrypt, so that tests are fast

// Every kind of key in every kind of file comes back as the same key, and the
// file is for its owner only.
func TestCreateAndOpen(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]key.Spec{
		"openssh": {Comment: "me"},
		"log":     {Kind: key.Log, Name: "log.example.org/1"},
		"witness": {Kind: key.Witness, Name: "witness.example.org"},
	}
	locks := map[string]func(*key.Spec){
		"unlocked":   func(*key.Spec) {},
		"passphrase": func(s *key.Spec) { s.Passphrase, s.Age, s.Cost = []byte("correct horse"), true, cheap },
		"recipient":  func(s *key.Spec) { s.Recipients = []string{identity.Recipient().String()} },
	}
	for kind, spec := range kinds {
		for lock, with := range locks {
			t.Run(kind+", "+lock, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				s := spec
				with(&s)
				file := filepath.Join(dir, "key")
				made, err := key.Create(file, s)
				if err != nil {
					t.Fatal(err)
				}
				works(t, made)
				st, err := os.Stat(file)
				if err != nil || st.Mode().Perm() != 0o600 {
					t.Errorf("got mode %v, %v; want 0600", st.Mode(), err)
				}
				b, _ := os.ReadFile(file)
				if locked := strings.HasPrefix(string(b), "-----BEGIN AGE ENCRYPTED FILE-----\n"); locked != (lock != "unlocked") {
					t.Errorf("locked with age: %t\n%s", locked, b)
				}
				ids := filepath.Join(dir, "identity")
				if err := os.WriteFile(ids, []byte("# made now\n"+identity.String()+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				u := key.Unlock{Passphrase: unasked(t), Identity: ids}
				if lock == "passphrase" {
					u.Passphrase = answer("correct horse")
				}
				k, err := u.Open(file)
				if err != nil {
					t.Fatal(err)
				}
				works(t, k)
				if !k.Public.Equal(made.Public) || k.Name != s.Name || k.Kind != made.Kind || k.Line() != made.Line() {
					t.Errorf("another key came back: %+v", k)
				}
				want := k.Line() + " me\n"
				if kind != "openssh" {
					want = k.VKey() + "\n"
				}
				if pub, _ := os.ReadFile(file + ".pub"); string(pub) != want {
					t.Errorf("got public half %q, want %q", pub, want)
				}
				k.Close()
				if _, err := k.Sign([]byte("text")); err == nil {
					t.Error("it signs after it was closed")
				}
				works(t, made) // its own copy
				if left, _ := os.ReadDir(dir); len(left) != 3 {
					t.Errorf("left behind: %v", left)
				}
			})
		}
	}
}

// What age locked cannot be opened with another passphrase or identity, and
// what was changed is told.
func TestLockedStaysLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine, _ := age.GenerateX25519Identity()
	other, _ := age.GenerateX25519Identity()
	put := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	pass, sent := filepath.Join(dir, "pass"), filepath.Join(dir, "sent")
	if _, err := key.Create(pass, key.Spec{Kind: key.Log, Name: "log.example.org/1", Passphrase: []byte("correct horse"), Cost: cheap}); err != nil {
		t.Fatal(err)
	}
	if _, err := key.Create(sent, key.Spec{Recipients: []string{mine.Recipient().String()}}); err != nil {
		t.Fatal(err)
	}
	ids, others := put("ids", []byte(mine.String())), put("others", []byte(other.String()))
	words := put("words", []byte("hello\n"))
	open := put("open-ids", []byte(mine.String()))
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(sent)
	lines := strings.Split(string(b), "\n")
	changed := bytes.Clone(b)
	changed[len(b)/2] ^= 1
	// A file that asks for 2^22 rounds of work would take 4 GB.
	var heavy bytes.Buffer
	r, err := age.NewScryptRecipient("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(1)
	w, err := age.Encrypt(&heavy, r)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	asks := bytes.Replace(heavy.Bytes(), []byte(" 1\n"), []byte(" 22\n"), 1)

	for name, c := range map[string]struct {
		file string
		key.Unlock
		want iotmark.ErrorID
	}{
		"another passphrase":       {pass, key.Unlock{Passphrase: answer("wrong")}, "passphrase-wrong"},
		"an empty passphrase":      {pass, key.Unlock{Passphrase: answer("")}, "passphrase-wrong"},
		"no way to ask":            {pass, key.Unlock{}, "passphrase-missing"},
		"no identity":              {sent, key.Unlock{}, "identity-missing"},
		"another identity":         {sent, key.Unlock{Identity: others}, "identity-wrong"},
		"no such identity":         {sent, key.Unlock{Identity: filepath.Join(dir, "none")}, "key-missing"},
		"an identity of words":     {sent, key.Unlock{Identity: words}, "identity-unknown"},
		"an identity others read":  {sent, key.Unlock{Identity: open}, "key-open"},
		"changed":                  {put("changed", changed), key.Unlock{Identity: ids}, "key-unknown"},
		"cut":                      {put("cut", []byte(strings.Join(lines[:3], "\n"))), key.Unlock{Identity: ids}, "key-unknown"},
		"work for hours":           {put("heavy", asks), key.Unlock{Passphrase: answer("correct horse")}, "key-unknown"},
		"locked, and holds words":  {put("inside", sealed(t, mine.Recipient(), []byte("hello"))), key.Unlock{Identity: ids}, "key-unknown"},
		"locked, and locked again": {put("twice", sealed(t, mine.Recipient(), b)), key.Unlock{Identity: ids}, "key-unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.Open(c.file)
			if id(err) != c.want {
				t.Errorf("got %v [%s], want %s", err, id(err), c.want)
			}
			if err != nil && strings.Contains(err.Error(), "AGE-SECRET") {
				t.Errorf("the message tells a secret: %v", err)
			}
		})
	}
}

func sealed(t *testing.T, to age.Recipient, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(plain)
	w.Close()
	return b.Bytes()
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key.Spec
		want iotmark.ErrorID
	}{
		"two locks":            {key.Spec{Passphrase: []byte("x"), Recipients: []string{"age1"}}, "lock-twice"},
		"no recipient":         {key.Spec{Recipients: []string{"me@example.org"}}, "recipient-unknown"},
		"two in one":           {key.Spec{Recipients: []string{"age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj\nage1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"}}, "recipient-unknown"},
		"a log without a name": {key.Spec{Kind: key.Log}, "key-name"},
		"a name with a plus":   {key.Spec{Kind: key.Log, Name: "a+b"}, "key-name"},
		"a name with a space":  {key.Spec{Kind: key.Witness, Name: "a b"}, "key-name"},
		"an unknown kind":      {key.Spec{Kind: "rsa"}, "key-kind"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if _, err := key.Create(filepath.Join(dir, "key"), c.Spec); id(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// The signers are those that the libraries of the community know, both ways.
func TestSignersAreThoseOfTheCommunity(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := key.Create(filepath.Join(dir, "log"), key.Spec{Kind: key.Log, Name: "log.example.org/1"})
	if err != nil {
		t.Fatal(err)
	}
	w, err := key.Create(filepath.Join(dir, "witness"), key.Spec{Kind: key.Witness, Name: "witness.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(l.VKey())
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := fnote.NewVerifierForCosignatureV1(w.VKey())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	ls, err := l.Signer("log.example.org/1")
	if err != nil {
		t.Fatal(err)
	}
	ws, err := w.Cosigner("witness.example.org", func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := "log.example.org/1\n1\nlNtoFbB6PntgL2IR7tVbPC7oMNeutZ/IVGn9Y5VJ64U=\n"
	signed, err := note.Sign(&note.Note{Text: checkpoint}, ls, ws)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, note.VerifierList(verifier, cosigned))
	if err != nil || len(n.Sigs) != 2 {
		t.Fatalf("%v\n%s", err, signed)
	}
	if got, err := fnote.CoSigV1Timestamp(n.Sigs[1]); err != nil || !got.Equal(at) {
		t.Errorf("got time %v, %v; want %v", got, err, at)
	}
	// Their programs take our files, and ours takes theirs.
	secret, _ := os.ReadFile(filepath.Join(dir, "log"))
	if s, err := note.NewSigner(strings.TrimSpace(string(secret))); err != nil || s.KeyHash() != ls.KeyHash() {
		t.Errorf("sumdb/note: %v", err)
	}
	secret, _ = os.ReadFile(filepath.Join(dir, "witness"))
	if s, err := fnote.NewSignerForCosignatureV1(strings.TrimSpace(string(secret))); err != nil || s.KeyHash() != ws.KeyHash() {
		t.Errorf("formats/note: %v", err)
	}
	theirs, vkey, err := note.GenerateKey(rand.Reader, "log.example.org/2")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "theirs")
	if err := os.WriteFile(file, []byte(theirs), 0o600); err != nil {
		t.Fatal(err)
	}
	if k, err := key.Open(file, "", unasked(t)); err != nil || k.VKey() != vkey {
		t.Errorf("got %v, want the key %s", err, vkey)
	}
}

// A key signs for what it was made for, and under its own name.
func TestSignersKeepApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys := map[string]*key.Key{}
	for name, s := range map[string]key.Spec{"log": {Kind: key.Log, Name: "a.example"}, "witness": {Kind: key.Witness, Name: "a.example"}, "person": {}} {
		k, err := key.Create(filepath.Join(dir, name), s)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = k
	}
	note := func(name string) func(k *key.Key) error {
		return func(k *key.Key) error { _, err := k.Signer(name); return err }
	}
	cosign := func(name string) func(k *key.Key) error {
		return func(k *key.Key) error { _, err := k.Cosigner(name, time.Now); return err }
	}
	text := func(k *key.Key) error { _, err := k.SSHSIG("decision@a.example", []byte("text")); return err }
	for name, c := range map[string]struct {
		key  string
		do   func(*key.Key) error
		want iotmark.ErrorID
	}{
		"log, its name":           {"log", note("a.example"), ""},
		"log, another name":       {"log", note("b.example"), "key-name"},
		"log, as witness":         {"log", cosign("a.example"), "key-kind"},
		"log, a text":             {"log", text, "key-kind"},
		"witness, its name":       {"witness", cosign("a.example"), ""},
		"witness, as log":         {"witness", note("a.example"), "key-kind"},
		"witness, a text":         {"witness", text, "key-kind"},
		"person, a note":          {"person", note("a.example/root/1"), ""},
		"person, a cosignature":   {"person", cosign("audit.a.example"), ""},
		"person, a text":          {"person", text, ""},
		"person, a name of words": {"person", note("a b"), "key-name"},
	} {
		if err := c.do(keys[c.key]); id(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	early, err := keys["witness"].Cosigner("a.example", func() time.Time { return time.Time{} })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := early.Sign([]byte("x")); id(err) != "clock-wrong" {
		t.Errorf("got %v, want clock-wrong", err)
	}
}

// Stock ssh-keygen verifies what we sign, and refuses it over another text.
func TestSSHSIGByStockProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k, err := key.New(filepath.Join(dir, "key"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := k.SSHSIG("decision@example.org", []byte("text\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"sig": sig, "who": []byte("root " + k.Line() + "\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for text, good := range map[string]bool{"text\n": true, "texts\n": false} {
		cmd := exec.Command("ssh-keygen", "-Y", "verify", "-f", "who", "-I", "root", "-n", "decision@example.org", "-s", "sig")
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); (err == nil) != good {
			t.Errorf("%q: %s%v", text, out, err)
		}
	}
	// The bytes are those that it would have written itself.
	if err := os.WriteFile(filepath.Join(dir, "t"), []byte("text\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ssh-keygen", "-q", "-Y", "sign", "-f", "key", "-n", "decision@example.org", "t")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
	if theirs, _ := os.ReadFile(filepath.Join(dir, "t.sig")); !bytes.Equal(theirs, sig) {
		t.Errorf("ours:\n%stheirs:\n%s", sig, theirs)
	}
}

// hardware is an agent that holds one hardware key, as OpenSSH's does.
type hardware struct {
	agent.Agent
	priv    ed25519.PrivateKey
	touched bool
}

func (h *hardware) public() ssh.PublicKey {
	pub, err := ssh.ParsePublicKey(ssh.Marshal(struct{ T, K, A string }{ssh.KeyAlgoSKED25519, string(h.priv[32:]), "ssh:"}))
	if err != nil {
		panic(err)
	}
	return pub
}

func (h *hardware) List() ([]*agent.Key, error) {
	p := h.public()
	return []*agent.Key{{Format: p.Type(), Blob: p.Marshal()}}, nil
}

func (h *hardware) Sign(_ ssh.PublicKey, data []byte) (*ssh.Signature, error) {
	rest := []byte{0, 0, 0, 0, 7} // flags and counter
	if h.touched {
		rest[0] = 1
	}
	app, m := sha256.Sum256([]byte("ssh:")), sha256.Sum256(data)
	return &ssh.Signature{Format: ssh.KeyAlgoSKED25519, Rest: rest, Blob: ed25519.Sign(h.priv, bytes.Join([][]byte{app[:], rest, m[:]}, nil))}, nil
}

// A hardware key signs texts as stock ssh-keygen expects of one, and nothing
// else; a signature that nobody touched it for is refused.
func TestHardwareKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, priv, _ := ed25519.GenerateKey(nil)
	for _, touched := range []bool{true, false} {
		h := &hardware{Agent: agent.NewKeyring(), priv: priv, touched: touched}
		socket := filepath.Join(dir, fmt.Sprint("agent-", touched))
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
				agent.ServeAgent(h, c)
				c.Close()
			}
		}()
		pub := filepath.Join(dir, "sk.pub")
		if err := os.WriteFile(pub, ssh.MarshalAuthorizedKey(h.public()), 0o644); err != nil {
			t.Fatal(err)
		}
		k, err := key.Open(pub, socket, unasked(t))
		if err != nil || k.Application != "ssh:" || !strings.HasPrefix(k.Line(), "sk-ssh-ed25519@openssh.com ") {
			t.Fatalf("%v, %+v", err, k)
		}
		if _, err := k.Sign([]byte("x")); id(err) != "key-hardware" {
			t.Errorf("got %v, want key-hardware", err)
		}
		if _, err := k.Signer("a.example"); id(err) != "key-hardware" {
			t.Errorf("got %v, want key-hardware", err)
		}
		sig, err := k.SSHSIG("decision@example.org", []byte("text\n"))
		if !touched {
			if id(err) != "key-signs-wrongly" {
				t.Errorf("got %v, want key-signs-wrongly", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string][]byte{"sig": sig, "who": []byte("root " + k.Line() + "\n")} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("ssh-keygen", "-Y", "verify", "-f", "who", "-I", "root", "-n", "decision@example.org", "-s", "sig")
		cmd.Dir, cmd.Stdin = dir, strings.NewReader("text\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("ssh-keygen does not take it: %s%v", out, err)
		}
	}
}

// A full disk or a folder that takes nothing leaves nothing behind.
func TestWriteNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := key.WriteNew(filepath.Join(dir, "none", "key"), []byte("x"), 0o600); id(err) != "output" {
		t.Errorf("got %v, want output", err)
	}
	file := filepath.Join(dir, "key")
	for i, want := range []iotmark.ErrorID{"", "file-exists"} {
		if err := key.WriteNew(file, []byte{byte(i)}, 0o640); id(err) != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, []byte{0}) {
		t.Errorf("got %v, %v", b, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if !errors.Is(os.Mkdir(file, 0o700), os.ErrExist) {
		t.Error("the file is gone")
	}
}

// No bytes of a file bring Open down, and no message holds a secret of it.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("PRIVATE+KEY+log.example.org/1+00000000+AQ=="))
	f.Add([]byte("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"))
	f.Add([]byte("sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		file := filepath.Join(dir, "key")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := key.Unlock{Passphrase: func() ([]byte, error) { return nil, errors.New("none") }}.Open(file)
		if err == nil {
			works(t, k)
		}
	})
}
