package verifier_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/samples"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

var update = flag.Bool("update", false, "write the shared vectors anew")

const shared = "../../verify/testdata/vectors"

// vector is one file of the shared vectors.
type vector struct {
	About   string          `json:"about"`
	Answer  verify.Answer   `json:"answer"`
	Bundle  []byte          `json:"bundle"`
	Failure iotmark.ErrorID `json:"failure,omitempty"`
	Now     string          `json:"now"`
	Trust   string          `json:"trust"` // name of a file beside it

	name  string
	trust []byte
}

// maker collects vectors.
type maker struct {
	t   testing.TB
	out []vector
}

// world makes a scheme with one mark of a lamp, lets something happen, and
// publishes.
func (m *maker) world(o verifytest.Opts, do func(s *verifytest.Scheme, k *verifytest.Mark)) base {
	m.t.Helper()
	s := verifytest.New(m.t, o)
	k := s.Grant(s.Makers[0], "lamp")
	if do != nil {
		do(s, k)
	}
	b := publish(m.t, s, 0)
	return base{s, b, s.Trust.Marshal(), s.Now.Unix()}
}

func (m *maker) add(name, about string, w base, answer verify.Answer, failure iotmark.ErrorID) {
	m.bytes(name, about, w, file(m.t, w.bundle), answer, failure)
}

func (m *maker) bytes(name, about string, w base, file []byte, answer verify.Answer, failure iotmark.ErrorID) {
	trust := fmt.Sprintf("trust-%s.json", verifytest.Digest(string(w.trust)).Short())
	m.out = append(m.out, vector{About: about, Answer: answer, Bundle: file, Failure: failure,
		Now: time.Unix(w.now, 0).UTC().Format(time.RFC3339), Trust: trust, name: name, trust: w.trust})
}

// bad adds a bundle that was tampered with.
func (m *maker) bad(failure iotmark.ErrorID, name, about string, w base, change func(w *base)) {
	m.t.Helper()
	w.bundle = clone(w.bundle)
	change(&w)
	answer := verify.NotGenuine
	switch failure {
	case "bundle-version", "version-unknown", "type-unknown", "integrity-unknown", "clock-behind", "trust-unusable":
		answer = verify.CannotCheck
	}
	m.add(name, about, w, answer, failure)
}

// text adds a bundle whose JSON was changed as text.
func (m *maker) text(failure iotmark.ErrorID, name, about string, w base, change func(s string) string) {
	m.t.Helper()
	plain, err := json.Marshal(w.bundle)
	if err != nil {
		m.t.Fatal(err)
	}
	s := change(string(plain))
	if s == string(plain) {
		m.t.Fatalf("%s: nothing was changed", name)
	}
	answer := verify.NotGenuine
	if failure == "bundle-version" {
		answer = verify.CannotCheck
	}
	m.bytes(name, about, w, pack([]byte(s)), answer, failure)
}

func pack(plain []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	z.Write(plain)
	z.Close()
	return b.Bytes()
}

// swap replaces a text that must be there, once.
func swap(t testing.TB, s *string, old, with string) {
	t.Helper()
	if !strings.Contains(*s, old) {
		t.Fatalf("there is no %q", old)
	}
	*s = strings.Replace(*s, old, with, 1)
}

// find gives the place of the last entry of a type in a bundle.
func find(t testing.TB, b *verify.Bundle, typ verify.Type) int {
	t.Helper()
	for i := len(b.Entries) - 1; i >= 0; i-- {
		if strings.Contains(b.Entries[i].Entry, `"type":"`+string(typ)+`"`) {
			return i
		}
	}
	t.Fatalf("no %s in the bundle", typ)
	return 0
}

// resign puts an entry with other members, signed by some keys, into the log
// and the bundle.
func (w *base) resign(t testing.TB, typ verify.Type, change func(line string) string, keys ...verifytest.Key) {
	t.Helper()
	i := find(t, w.bundle, typ)
	lines := strings.Split(w.bundle.Entries[i].Entry, "\n")
	if typ == verify.StatusPublished { // it comes after all others now
		lines[1] = covering.ReplaceAllString(lines[1], fmt.Sprintf(`"covers":%d,`, len(w.s.Entries)))
	}
	if change != nil {
		lines[1] = change(lines[1])
	}
	text := []byte(lines[0] + "\n" + lines[1] + "\n")
	var sigs []verify.Sig
	for _, k := range keys {
		sigs = append(sigs, k.Sign(text))
	}
	w.seal(t, i, text, sigs...)
}

var covering = regexp.MustCompile(`"covers":\d+,`)

func (w *base) seal(t testing.TB, i int, text []byte, sigs ...verify.Sig) {
	t.Helper()
	note, err := verify.Seal(text, sigs...)
	if err != nil {
		t.Fatal(err)
	}
	w.bundle.Entries[i] = w.logged(note)
}

// logged puts a note at the end of a copy of the log.
func (w *base) logged(note []byte) verify.Proven {
	s := *w.s
	n := int64(len(s.Entries))
	s.Entries = append(slices.Clone(s.Entries), note)
	w.s = &s
	s.Births = append(slices.Clone(s.Births), s.Births[n-1])
	return verify.Proven{Entry: string(note), Proof: s.Proof(n, n+1, time.Unix(s.Births[n-1].Witnessed, 0))}
}

// deciders are those who sign a grant of a scheme.
func deciders(s *verifytest.Scheme) []verifytest.Key {
	return []verifytest.Key{s.Orgs[0].Keys[0], s.Committee[0], s.Committee[1]}
}

// sshSig signs as ssh-keygen -Y sign does.
func sshSig(t testing.TB, k verifytest.Key, namespace, hash string, text []byte) verify.Sig {
	t.Helper()
	key, err := verify.ParseKey(k.KeyEntry)
	if err != nil {
		t.Fatal(err)
	}
	return key.SSHSIG(namespace, hash, ed25519.Sign(k.Private, verify.SSHMessage(namespace, hash, text)))
}

// Of a security key, which signs application, flags, counter and the hash of
// the message (PROTOCOL.u2f).
const secure = "sk-ssh-ed25519@openssh.com"

func str(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

func secureKey(k verifytest.Key) verifytest.Key {
	blob := str(str(str(nil, secure), string(k.Private.Public().(ed25519.PublicKey))), "ssh:")
	k.Key = secure + " " + base64.StdEncoding.EncodeToString(blob)
	return k
}

func secureSig(t testing.TB, k verifytest.Key, domain string, flags byte, text []byte) verify.Sig {
	t.Helper()
	key, err := verify.ParseKey(k.KeyEntry)
	if err != nil {
		t.Fatal(err)
	}
	ns := verify.Namespace(domain)
	tail := []byte{flags, 0, 0, 0, 7}
	app, msg := hexSum("ssh:"), hexSum(string(verify.SSHMessage(ns, "sha512", text)))
	sig := ed25519.Sign(k.Private, slices.Concat(app, tail, msg))
	blob, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(k.Key, secure+" "))
	b := binary.BigEndian.AppendUint32([]byte("SSHSIG"), 1)
	for _, s := range []string{string(blob), ns, "", "sha512", string(append(str(str(nil, secure), string(sig)), tail...))} {
		b = str(b, s)
	}
	return verify.Sig{Name: k.Name, ID: key.SSHID, Bytes: b}
}

func hexSum(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}

// issue signs a document of the scheme with a key.
func issue(t testing.TB, domain string, k verifytest.Key, doc []byte, context []string, at time.Time) json.RawMessage {
	t.Helper()
	out, err := verify.NewProof(context, domain, k.Private.Public().(ed25519.PublicKey), at).Secure(doc,
		func(m []byte) ([]byte, error) { return ed25519.Sign(k.Private, m), nil })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// unsecured is a document without its proof.
func unsecured(t testing.TB, doc json.RawMessage) []byte {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(doc, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "proof")
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Both implementations give the answers of the shared vectors. The vectors are
// made by -update; what each must give is written here, not taken from either.
func TestVectors(t *testing.T) {
	t.Parallel()
	m := &maker{t: t}
	m.good()
	m.form()
	m.entries()
	m.proofs()
	m.keys()
	m.credential()
	m.state()
	if *update {
		old, _ := filepath.Glob(shared + "/*.json")
		for _, f := range old {
			os.Remove(f)
		}
		if err := os.MkdirAll(shared, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	n := startNode(t)
	names := map[string]bool{}
	tampered := 0
	for _, v := range m.out {
		now, _ := time.Parse(time.RFC3339, v.Now)
		if names[v.name] {
			t.Errorf("%s stands there twice", v.name)
		}
		names[v.name] = true
		if v.Failure != "" {
			tampered++
		}
		inGo, inJS := inGo(v.Bundle, v.trust, now.Unix()), n.inJS(t, v.Bundle, v.trust, now.Unix())
		for i, got := range []said{inGo, inJS} {
			if got.Answer != v.Answer || got.Failure != v.Failure {
				t.Errorf("%s in %s: got %s %s, want %s %s", v.name, []string{"Go", "JavaScript"}[i], got.Answer, got.Failure, v.Answer, v.Failure)
			}
		}
		if *update {
			raw, err := json.MarshalIndent(v, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			if os.WriteFile(filepath.Join(shared, v.name+".json"), append(raw, '\n'), 0o644) != nil || os.WriteFile(filepath.Join(shared, v.Trust), v.trust, 0o644) != nil {
				t.Fatal("cannot write the vectors")
			}
		}
	}
	if tampered < 60 {
		t.Errorf("only %d tampered vectors", tampered)
	}
	t.Logf("%d vectors, %d of them tampered with", len(m.out), tampered)
	files, _ := filepath.Glob(shared + "/*.json")
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		if !strings.HasPrefix(name, "trust-") && !names[name] {
			t.Errorf("%s is made by nothing here; run with -update", f)
		}
		delete(names, name)
	}
	for name := range names {
		t.Errorf("%s is not among the files; run with -update", name)
	}
}

// The same files by Node's own runner, as somebody would who has no Go.
func TestNode(t *testing.T) {
	t.Parallel()
	out, err := exec.Command(samples.Program(t, "node", "nodejs"), "--no-warnings", "--test", "vectors.test.mjs").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out[max(0, len(out)-4_000):])
	}
}
