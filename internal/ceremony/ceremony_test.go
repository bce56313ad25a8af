package ceremony_test

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ceremony"
	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/verify"
)

const domain = "mark.example"

// A drill is a ceremony with test keys.
type drill struct {
	t       *testing.T
	dir     string
	n       byte
	keys    map[string]*key.Key // by name
	secrets string              // folder of private keys
}

func (d *drill) options(seal bool) ceremony.Options {
	return ceremony.Options{Domain: domain, Seal: seal, Now: time.Date(2026, 11, 25, 10, 0, int(d.n), 0, time.UTC), Random: func() [10]byte { d.n++; return [10]byte{d.n} }}
}

// run runs the ceremony twice; the second run changes nothing.
func (d *drill) run(seal bool) *ceremony.State {
	d.t.Helper()
	s, err := ceremony.Run(d.dir, d.options(seal))
	if err != nil {
		d.t.Fatal(err)
	}
	before := tree(d.t, d.dir)
	again, err := ceremony.Run(d.dir, d.options(seal))
	if err != nil {
		d.t.Fatal(err)
	}
	if diff := cmp.Diff(before, tree(d.t, d.dir)); diff != "" || len(again.Wrote) != 0 {
		d.t.Fatalf("a second run changed something (-before +after):\n%s%v", diff, again.Wrote)
	}
	return s
}

// begin has the plan written; as it stands, nobody holds anything.
func (d *drill) begin() {
	d.t.Helper()
	s, err := ceremony.Run(d.dir, d.options(false))
	if err != nil {
		d.t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"policy.txt", "ceremony.yaml"}, s.Wrote); diff != "" || s.Plan != nil {
		d.t.Errorf("got (-want +got):\n%s", diff)
	}
	d.refused("ceremony-plan", "mark.example/root/1 has no org")
}

// refused runs the ceremony, which must stop and change nothing.
func (d *drill) refused(want iotmark.ErrorID, words string) {
	d.t.Helper()
	before := tree(d.t, d.dir)
	_, err := ceremony.Run(d.dir, d.options(true))
	if id(err) != want || !strings.Contains(fmt.Sprint(err), words) {
		d.t.Errorf("got %v [%s], want %s with %q", err, id(err), want, words)
	}
	if diff := cmp.Diff(before, tree(d.t, d.dir)); diff != "" {
		d.t.Errorf("a run that stopped changed something (-before +after):\n%s", diff)
	}
}

func id(err error) iotmark.ErrorID {
	if es, ok := errors.AsType[iotmark.Errors](err); ok {
		return es[0].ID
	}
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		return e.ID
	}
	return ""
}

// tree is what stands in a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		out[strings.TrimPrefix(p, dir+"/")] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (d *drill) put(name string, b []byte) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), b, 0o644); err != nil {
		d.t.Fatal(err)
	}
}

func (d *drill) read(name string) []byte {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(d.dir, name))
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

func (d *drill) remove(name string) {
	d.t.Helper()
	if err := os.RemoveAll(filepath.Join(d.dir, name)); err != nil {
		d.t.Fatal(err)
	}
}

// planned fills in who holds which key: root in five organisations, the
// committee in two.
func (d *drill) planned() {
	d.t.Helper()
	plan := string(d.read(ceremony.PlanFile))
	for i, org := range []string{"consumers", "university", "lab", "city", "body"} {
		plan = strings.Replace(plan, fmt.Sprintf(`root/%d, org: "", person: ""`, i+1), fmt.Sprintf(`root/%d, org: %s, person: p%d`, i+1, org, i+1), 1)
		plan = strings.Replace(plan, fmt.Sprintf(`committee/%d, org: "", person: ""`, i+1), fmt.Sprintf(`committee/%d, org: %s, person: p%d`, i+1, []string{"consumers", "university"}[i%2], i+11), 1)
	}
	plan = strings.Replace(plan, `operator/1, org: "", person: ""`, `operator/1, org: body, person: p21`, 1)
	plan = strings.Replace(plan, `issuer/1, org: "", person: ""`, `issuer/1, org: body, person: p21`, 1)
	d.put(ceremony.PlanFile, []byte(plan))
}

// handIn makes the keys of holders and hands in the public halves; every
// second one is made by stock ssh-keygen.
func (d *drill) handIn(holders []ceremony.Holder) {
	d.t.Helper()
	for i, h := range holders {
		file := filepath.Join(d.secrets, strings.TrimSuffix(filepath.Base(h.File), ".pub"))
		if i%2 == 0 {
			if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "somebody", "-f", file).CombinedOutput(); err != nil {
				d.t.Fatalf("%s%v", out, err)
			}
		} else if _, err := key.New(file, h.Name, nil); err != nil {
			d.t.Fatal(err)
		}
		k, err := key.Open(file, "", nil)
		if err != nil {
			d.t.Fatal(err)
		}
		d.keys[h.Name] = k
		pub, err := os.ReadFile(file + ".pub")
		if err != nil {
			d.t.Fatal(err)
		}
		d.put(h.File, pub)
	}
}

func (d *drill) handInLog() {
	d.t.Helper()
	file := filepath.Join(d.secrets, "log")
	k, err := key.Create(file, key.Spec{Kind: key.Log, Name: "log.mark.example/1"})
	if err != nil {
		d.t.Fatal(err)
	}
	d.put("keys/log.pub", []byte(k.VKey()+"\n"))
}

// signs signs a step as a holder would on a machine of its own: with stock
// ssh-keygen when odd, else by a line of a note.
func (d *drill) signs(s ceremony.Step, name string, stock bool) {
	d.t.Helper()
	text := d.read(s.Text())
	file := strings.ReplaceAll(name, "/", "-") + ".sig"
	if stock {
		cmd := exec.Command("ssh-keygen", "-q", "-Y", "sign", "-n", verify.Namespace(domain), "-f", d.private(name)) // the public half names the file
		cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK=")
		cmd.Stdin = strings.NewReader(string(text))
		out, err := cmd.Output()
		if err != nil {
			d.t.Fatal(err)
		}
		d.put(filepath.Join(s.Dir, file), out)
		return
	}
	d.put(filepath.Join(s.Dir, file), []byte(d.line(text, name)))
}

func (d *drill) private(name string) string {
	return filepath.Join(d.secrets, strings.ReplaceAll(strings.TrimPrefix(name, domain+"/"), "/", "-")+".pub")
}

func (d *drill) line(text []byte, name string) string {
	sig, err := d.keys[name].Sign(text)
	if err != nil {
		d.t.Fatal(err)
	}
	return verify.Sig{Name: name, ID: verify.NoteKeyID(name, d.keys[name].Public), Bytes: sig}.Line()
}

// begun is a drill whose first entry is ready to be signed.
func begun(t *testing.T) (*drill, *ceremony.State) {
	t.Helper()
	d := &drill{t: t, dir: filepath.Join(t.TempDir(), "ceremony"), secrets: t.TempDir(), keys: map[string]*key.Key{}}
	d.begin()
	d.planned()
	s := d.run(false)
	d.handIn(s.Missing)
	d.handInLog()
	return d, d.run(false)
}

func root(i int) string { return fmt.Sprintf("%s/root/%d", domain, i) }

// The whole ceremony, with runs between all steps, holders who come late, and
// signatures of both kinds. What comes out of it opens a log.
func TestDrill(t *testing.T) {
	t.Parallel()
	d := &drill{t: t, dir: filepath.Join(t.TempDir(), "ceremony"), secrets: t.TempDir(), keys: map[string]*key.Key{}}
	d.begin()
	d.planned()
	s := d.run(false)
	if len(s.Missing) != 12 || !s.NoLog || len(s.Steps) != 0 {
		t.Fatalf("%d keys are missing", len(s.Missing))
	}
	d.handIn(s.Missing[:7])
	if s := d.run(false); len(s.Missing) != 5 {
		t.Fatalf("%d keys are missing", len(s.Missing))
	}
	d.handIn(s.Missing[7:])
	d.handInLog()
	s = d.run(false)
	if len(s.Advice) != 0 {
		t.Errorf("advice: %v", s.Advice)
	}
	var leaf iotmark.Digest
	for i, typ := range []verify.Type{verify.LogOpened, verify.KeyringSet, verify.PolicySet} {
		step, ok := s.Next()
		if !ok || step.Type != typ {
			t.Fatalf("next is %+v, want %s", step, typ)
		}
		d.signs(step, root(1), false)
		d.signs(step, root(2), true)
		s = d.run(true)
		if step, _ = s.Next(); step.Type != typ || step.Enough {
			t.Fatalf("two of five were enough: %+v", step)
		}
		d.signs(step, root(3), true)
		s = d.run(false)
		if step, _ = s.Next(); step.Type != typ || !step.Enough {
			t.Fatalf("it was sealed without waiting for the others: %+v", step)
		}
		if i == 1 { // in the others, the rest is away
			d.signs(step, root(4), false)
			d.signs(step, root(5), false)
			s = d.run(false)
		} else {
			s = d.run(true)
		}
		e, err := verify.Parse(domain, d.read(step.Note()))
		if err != nil || e.Prev != leaf || e.Leaf != s.Steps[i].Leaf {
			t.Fatalf("%v, %+v", err, e)
		}
		leaf = e.Leaf
	}
	if !s.Done() || !slices.Equal(s.Wrote, []string{"3-policy.set/entry.note", "trust.json", "ceremony.txt"}) {
		t.Fatalf("not done: %v", s.Wrote)
	}
	trust, err := verify.ParseTrust(d.read("trust.json"))
	if err != nil || trust.RootThreshold != 3 || len(trust.Root) != 5 || trust.Origin() != "log.mark.example/1" {
		t.Fatalf("%v, %+v", err, trust)
	}
	text := string(d.read("ceremony.txt"))
	for name, k := range d.keys {
		if !strings.Contains(text, name) || !strings.Contains(text, k.Fingerprint()) {
			t.Errorf("the transcript lacks %s:\n%s", name, text)
		}
	}
	for _, step := range s.Steps {
		if !strings.Contains(text, string(step.Leaf)) {
			t.Errorf("the transcript lacks the leaf of %s:\n%s", step.Type, text)
		}
	}

	// Holders sign the transcript too, and show so that they have their keys.
	for _, name := range []string{domain + "/issuer/1", root(1)} {
		sig, err := d.keys[name].SSHSIG(ceremony.TranscriptNamespace(domain), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		d.put("transcript/"+strings.ReplaceAll(name, "/", "-"), sig)
	}
	s = d.run(false)
	if diff := cmp.Diff([]string{domain + "/issuer/1", root(1)}, s.Witness); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
	sig, err := d.keys[root(2)].SSHSIG(verify.Namespace(domain), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	d.put("transcript/decision", sig)
	d.refused("signature-wrong", "decision@mark.example")
	d.remove("transcript/decision")

	// What was sealed stands: a byte that changed is told.
	for _, name := range []string{"1-log.opened/entry.note", "2-keyring.set/entry.txt", "trust.json", "ceremony.txt"} {
		was := d.read(name)
		changed := slices.Clone(was)
		changed[len(changed)/2] ^= 1
		d.put(name, changed)
		if _, err := ceremony.Run(d.dir, d.options(false)); err == nil {
			t.Errorf("a change of %s is not told", name)
		}
		d.put(name, was)
	}
	d.run(false)
}

// Everything that can be wrong stops the ceremony, in words, before anything
// is written.
func TestStops(t *testing.T) {
	t.Parallel()
	d, s := begun(t)
	step, ok := s.Next()
	if !ok {
		t.Fatal("nothing is drafted")
	}
	text := d.read(step.Text())
	for name, c := range map[string]struct {
		file  string
		b     []byte
		want  iotmark.ErrorID
		words string
	}{
		"a signature on another text":   {step.Dir + "/x.sig", []byte(d.line(append(text, 'x'), root(1))), "signature-wrong", "1-log.opened/x.sig: the signature of mark.example/root/1 is not one of this text"},
		"one of the committee":          {step.Dir + "/x.sig", []byte(d.line(text, domain+"/committee/1")), "ceremony-signer", "none of the keys that sign here"},
		"a name that is not the key's":  {step.Dir + "/x.sig", []byte(strings.Replace(d.line(text, root(1)), "root/1", "root/2", 1)), "ceremony-signer", "another key than that of this name"},
		"no signature":                  {step.Dir + "/x.sig", []byte("hello\n"), "sshsig-malformed", "ssh-keygen -Y sign"},
		"too large for a signature":     {step.Dir + "/x.sig", make([]byte, 20_000), "ceremony-file", "more than 16384 bytes"},
		"a cut line":                    {step.Dir + "/x.sig", []byte("\u2014 mark.example/root/1 AAAA\n"), "signature-malformed", "no signature line"},
		"another text to sign":          {step.Text(), []byte(strings.Replace(string(text), "log.mark.example/1", "log.mark.example/2", 1)), "ceremony-changed", "drafted with other keys"},
		"a text that is none":           {step.Text(), []byte("hello\n"), "malformed", "does not begin"},
		"a key that is none":            {"keys/root-1.pub", []byte("hello\n"), "ceremony-file", "keys/root-1.pub: this is no public key"},
		"a key that two hand in":        {"keys/root-1.pub", d.read("keys/root-2.pub"), "ceremony-file", "root/1 and mark.example/root/2 hand in the same key"},
		"the key of another log":        {"keys/log.pub", []byte(key.VerifierKey("log.other.example/1", key.Log, d.keys[root(1)].Public)), "ceremony-file", "not the verifier key of the log log.mark.example/1"},
		"a witness for a log":           {"keys/log.pub", []byte(key.VerifierKey("log.mark.example/1", key.Witness, d.keys[root(1)].Public)), "ceremony-file", "not the verifier key"},
		"a policy without a quorum":     {"policy.txt", nil, "ceremony-policy", "quorum"},
		"a policy that names a log":     {"policy.txt", []byte("\nlog x\nquorum none\n"), "ceremony-policy", "policy.txt:2: the ceremony adds the line"},
		"a policy of unknown witnesses": {"policy.txt", []byte("quorum w1\n"), "ceremony-policy", "policy.txt: "},
		"a plan that is no YAML":        {"ceremony.yaml", []byte("a: [\n"), "ceremony-plan", "ceremony.yaml"},
		"a plan with a member too much": {"ceremony.yaml", append(d.read("ceremony.yaml"), []byte("colour: red\n")...), "ceremony-plan", "colour"},
		"a plan of two documents":       {"ceremony.yaml", append(d.read("ceremony.yaml"), []byte("---\na: b\n")...), "ceremony-plan", "second document"},
		"a plan of a gigabyte":          {"ceremony.yaml", make([]byte, 70_000), "ceremony-file", "65536"},
		"a plan of another scheme":      {"ceremony.yaml", []byte(strings.Replace(string(d.read("ceremony.yaml")), "domain: mark.example", "domain: other.example", 1)), "ceremony-domain", "other.example"},
		"a threshold above the people":  {"ceremony.yaml", planWith(d, "threshold: 3", "threshold: 6"), "ceremony-plan", "ceremony.yaml:11: the threshold is 6"},
		"a key file outside the folder": {"ceremony.yaml", planWith(d, "keys/root-1.pub", "../root-1.pub"), "ceremony-plan", "ceremony.yaml:14: the file"},
		"an assessor in the plan":       {"ceremony.yaml", planWith(d, "role: issuer", "role: assessor"), "ceremony-plan", `the role "assessor"`},
		"a holder without organisation": {"ceremony.yaml", planWith(d, "org: lab", `org: ""`), "ceremony-plan", "has no org"},
		"a key with a member too much":  {"ceremony.yaml", planWith(d, "org: lab", `org: lab, phone: "1"`), "ceremony-plan", `ceremony.yaml:16: a key has no "phone"`},
		"a person of two organisations": {"ceremony.yaml", planWith(d, "org: lab, person: p3", `org: lab, person: p2`), "ceremony-plan", "ceremony.yaml:16: p2 is of lab here and of university above"},
		"a second log of nothing":       {"ceremony.yaml", planWith(d, "threshold: 3", "threshold: 3\ngeneration: 2"), "body-wrong", "previous"},
		"a second log":                  {"ceremony.yaml", planWith(d, "threshold: 3", "threshold: 3\ngeneration: 2\nprevious: {origin: log.mark.example/0, size: 7, root: "+strings.Repeat("ab", 32)+"}"), "ceremony-changed", "1-log.opened/entry.txt was drafted with other keys or another plan"},
		"a person by name":              {"ceremony.yaml", planWith(d, "person: p3", `person: Ada Lovelace`), "key-malformed", "pseudonym"},
		"a name twice":                  {"ceremony.yaml", planWith(d, "mark.example/root/2", `mark.example/root/1`), "ceremony-plan", "ceremony.yaml:15: the name mark.example/root/1 is that of the key in line 14"},
		"a key that is a list":          {"ceremony.yaml", planWith(d, "  - {role: root, name: mark.example/root/1", "  - x\n  - {role: root, name: mark.example/root/1"), "ceremony-plan", "ceremony.yaml:14: each key is a list"},
		"an empty key":                  {"keys/root-1.pub", nil, "ceremony-file", "no public key"},
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			path := filepath.Join(d.dir, c.file)
			was, err := os.ReadFile(path)
			d.put(c.file, c.b)
			d.refused(c.want, c.words)
			if err != nil {
				d.remove(c.file)
			} else {
				d.put(c.file, was)
			}
		})
	}
	d.t = t
	if err := os.Symlink("/dev/zero", filepath.Join(d.dir, step.Dir, "x.sig")); err != nil {
		t.Fatal(err)
	}
	if _, err := ceremony.Run(d.dir, d.options(true)); id(err) != "ceremony-file" {
		t.Errorf("a link: got %v, want ceremony-file", err)
	}
	d.remove(step.Dir + "/x.sig")
	if err := os.Mkdir(filepath.Join(d.dir, step.Dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := ceremony.Run(d.dir, d.options(true)); id(err) != "ceremony-file" {
		t.Errorf("a folder: got %v, want ceremony-file", err)
	}
	d.remove(step.Dir + "/sub")
	policy := d.read("policy.txt")
	d.remove("policy.txt")
	d.refused("ceremony-policy", "policy.txt: this file is missing")
	d.put("policy.txt", policy)
	if _, err := ceremony.Run(filepath.Join(d.dir, "policy.txt"), d.options(true)); id(err) != "ceremony-file" {
		t.Errorf("a file for a folder: got %v, want ceremony-file", err)
	}
	d.run(false)
}

func planWith(d *drill, old, is string) []byte {
	plan := string(d.read("ceremony.yaml"))
	if !strings.Contains(plan, old) {
		d.t.Fatalf("the plan has no %q:\n%s", old, plan)
	}
	return []byte(strings.Replace(plan, old, is, 1))
}

// Nothing is begun without a domain, and what is allowed but unwise is told.
func TestBeginAndAdvice(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	if _, err := ceremony.Run(dir, ceremony.Options{Domain: "no domain"}); id(err) != "ceremony-domain" {
		t.Errorf("got %v, want ceremony-domain", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a folder was made")
	}
	d := &drill{t: t, dir: dir, secrets: t.TempDir(), keys: map[string]*key.Key{}}
	d.begin()
	d.planned()
	plan := strings.NewReplacer("org: university", "org: consumers", "org: lab", "org: consumers", "org: city", "org: consumers", "org: body", "org: consumers", "threshold: 3", "threshold: 2").Replace(string(d.read("ceremony.yaml")))
	d.put("ceremony.yaml", []byte(plan))
	var got []iotmark.ErrorID
	for _, a := range d.run(false).Advice {
		got = append(got, a.ID)
	}
	want := []iotmark.ErrorID{"committee-one-organisation", "root-few-organisations", "root-no-majority"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
}

// What the ceremony tells survives JSON.
func TestStateSurvivesJSON(t *testing.T) {
	t.Parallel()
	_, s := begun(t)
	b, err := json.Marshal(s.Steps)
	if err != nil {
		t.Fatal(err)
	}
	var back []ceremony.Step
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Steps, back); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
}

// No bytes of a signature file bring the reader down.
func FuzzReadSignature(f *testing.F) {
	pub := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	k, err := verify.ParseKey(verify.KeyEntry{Key: verify.PublicLine(pub), Name: root(1), Org: "lab", Person: "p1", Role: verify.Root})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("\u2014 mark.example/root/1 AAAAAAAA\n"))
	f.Add([]byte("-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, sig, err := ceremony.ReadSignature(b, []*verify.Key{k})
		if (err == nil) != (got != nil) || err == nil && sig.Name != k.Name {
			t.Errorf("%v, %v, %v", got, sig, err)
		}
	})
}
