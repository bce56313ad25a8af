// Package ceremony leads through the first key ceremony of a scheme: from a
// plan of who holds which key to the three entries that open its log, and the
// trust file by which everybody verifies.
//
// It works on a folder. Every run reads what is there, checks all of it again,
// does what can be done, and tells what is missing; a run that finds nothing
// new writes nothing. Files are written whole or not at all and never written
// over, so that a run may end anywhere. It has no private key of anybody: the
// holders sign on machines of their own, with this program or with stock
// ssh-keygen.
//
// What it refuses to do: go on when a signature is wrong, when a file was
// changed after somebody signed it, or when a key is not that of the plan.
package ceremony

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/verify"
)

// The files that the ceremony writes at its end.
const (
	TrustFile      = "trust.json"
	TranscriptFile = "ceremony.txt"
	transcriptDir  = "transcript" // for signatures on it
)

// TranscriptNamespace is the namespace of SSHSIG on the transcript. It is
// another than that of entries, so that neither counts as the other.
func TranscriptNamespace(domain string) string { return "ceremony@" + domain }

// Options are what a run needs from outside.
type Options struct {
	Domain string          // of the scheme; needed for the first run
	Now    time.Time       // becomes the time of an entry when it is drafted
	Random func() [10]byte // for the ids of entries
	Seal   bool            // go on when enough have signed, without waiting for the others
}

// State is what a run found and did. Paths are from the folder of the
// ceremony.
type State struct {
	Plan    *Plan    // nil when the plan has just been written
	Advice  []Advice // about the plan
	Wrote   []string // files, in the order in which they were written
	Missing []Holder // whose public keys are not there yet
	NoLog   bool     // nor that of the log
	Steps   []Step   // the three entries, in their order
	Trust   iotmark.Digest
	Witness []string // names of holders who have signed the transcript
	keys    []*verify.Key
}

// Step is one of the three entries.
type Step struct {
	Type    verify.Type
	Dir     string         // its folder
	Drafted bool           // what is to be signed is there
	Signed  []string       // names of root keys, sorted
	Wanted  []string       // names of root keys that have not signed, sorted
	Enough  bool           // of them have signed
	Leaf    iotmark.Digest // of the sealed entry; empty before
}

// Text is the file that the holders sign.
func (s Step) Text() string { return filepath.Join(s.Dir, "entry.txt") }

// Note is the file of the sealed entry.
func (s Step) Note() string { return filepath.Join(s.Dir, "entry.note") }

// Next returns the step that is being worked on, and false when all are done
// or the keys are not complete.
func (s *State) Next() (Step, bool) {
	for _, st := range s.Steps {
		if st.Leaf == "" {
			return st, st.Drafted
		}
	}
	return Step{}, false
}

// Done reports whether the trust file and the transcript are there.
func (s *State) Done() bool { return s.Trust != "" }

func conflict(format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-changed", Msg: fmt.Sprintf(format, args...)}
}

// run is one run in a folder.
type run struct {
	Options
	dir string
	*State
	log    string // verifier key
	policy string
	byName map[string]*verify.Key
}

// Run goes as far as it can in the folder. Errors of kind Invalid:
// ceremony-domain, ceremony-plan (with the line), ceremony-policy,
// ceremony-changed, ceremony-file, ceremony-signer; of kind Unverified:
// signature-wrong and the errors of [verify.Parse].
func Run(dir string, o Options) (*State, error) {
	r := &run{Options: o, dir: dir, State: &State{}, byName: map[string]*verify.Key{}}
	if _, err := os.Lstat(filepath.Join(dir, PlanFile)); errors.Is(err, fs.ErrNotExist) {
		return r.State, r.begin()
	}
	var err error
	if r.Plan, err = readPlan(dir); err != nil {
		return nil, err
	}
	if o.Domain != "" && o.Domain != r.Plan.Domain {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-domain", Msg: fmt.Sprintf("the plan in %s is for %s, not for %s", dir, r.Plan.Domain, o.Domain)}
	}
	r.Advice = r.Plan.advice()
	if err := r.collectKeys(); err != nil {
		return nil, err
	}
	if len(r.Missing) > 0 || r.NoLog {
		return r.State, nil
	}
	if err := r.readPolicy(); err != nil {
		return nil, err
	}
	if err := r.entries(); err != nil {
		return nil, err
	}
	if len(r.Steps) == 3 && r.Steps[2].Leaf != "" {
		if err := r.finish(); err != nil {
			return nil, err
		}
	}
	return r.State, nil
}

// begin writes the plan that people fill in.
func (r *run) begin() error {
	if !verify.IsDomain(r.Domain) {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-domain", Msg: fmt.Sprintf("to begin a ceremony in %s, give the domain of the scheme, such as --domain mark.example", r.dir)}
	}
	if err := r.mkdir(keysDir); err != nil {
		return err
	}
	if err := r.write(PolicyFile, []byte(firstPolicy)); err != nil {
		return err
	}
	return r.write(PlanFile, firstPlan(r.Domain))
}

// mkdir makes a folder within that of the ceremony, which is made too.
func (r *run) mkdir(name string) error {
	if err := os.MkdirAll(filepath.Join(r.dir, name), 0o755); err != nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "output", Msg: "the folder could not be made", Err: err}
	}
	return nil
}

// write writes a new file, or sees that it is there already with these bytes.
func (r *run) write(name string, b []byte) error {
	path := filepath.Join(r.dir, name)
	have, err := readFile(path, verify.MaxTrust) // the largest of all
	switch {
	case err == nil && bytes.Equal(have, b):
		return nil
	case err == nil:
		return conflict("%s is there and differs from what this ceremony gives. If it is of another one, use a folder of its own", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := key.WriteNew(path, b, 0o644); err != nil {
		return err
	}
	r.Wrote = append(r.Wrote, name)
	return nil
}

// collectKeys reads the public keys that holders have handed in.
func (r *run) collectKeys() error {
	for _, h := range r.Plan.Keys {
		b, err := readFile(filepath.Join(r.dir, h.File), maxFile)
		if errors.Is(err, fs.ErrNotExist) {
			r.Missing = append(r.Missing, h)
			continue
		}
		if err != nil {
			return err
		}
		pub, err := key.ParsePublic(b)
		if err != nil || pub.Kind != key.OpenSSH {
			return &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-file", Pos: h.File, Msg: "this is no public key of a person, as ssh-keygen writes it to a file that ends in .pub", Err: err}
		}
		k, err := verify.ParseKey(verify.KeyEntry{Key: pub.Line(), Name: h.Name, Org: h.Org, Person: h.Person, Role: h.Role})
		if err != nil {
			return err
		}
		for _, other := range r.keys {
			if other.Key == k.Key {
				return &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-file", Pos: h.File, Msg: fmt.Sprintf("%s and %s hand in the same key; each needs one of its own", other.Name, k.Name)}
			}
		}
		r.keys = append(r.keys, k)
		r.byName[k.Name] = k
	}
	slices.SortFunc(r.keys, func(a, b *verify.Key) int { return strings.Compare(a.Name, b.Name) })
	b, err := readFile(filepath.Join(r.dir, r.Plan.Log), maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		r.NoLog = true
		return nil
	}
	if err != nil {
		return err
	}
	pub, err := key.ParsePublic(b)
	if err != nil || pub.Kind != key.Log || pub.Name != r.Plan.Origin {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-file", Pos: r.Plan.Log, Msg: fmt.Sprintf("this is not the verifier key of the log %s; iotmark keys new --role log --name %s makes one", r.Plan.Origin, r.Plan.Origin), Err: err}
	}
	r.log = pub.VKey()
	return nil
}

func (r *run) readPolicy() error {
	text, err := readPolicy(r.dir)
	if err != nil {
		return err
	}
	r.policy = "log " + r.log + "\n" + text
	p, err := verify.ParsePolicy(r.policy)
	if err == nil {
		_, err = p.ForLog(r.log)
	}
	if err != nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-policy", Pos: PolicyFile, Msg: "the policy cannot be used", Err: err}
	}
	return nil
}

// roots are the root keys.
func (r *run) roots() []*verify.Key {
	var out []*verify.Key
	for _, k := range r.keys {
		if k.Role == verify.Root {
			out = append(out, k)
		}
	}
	return out
}

// entries goes through the three entries. Each names the leaf of the one
// before it, so that the next is drafted when one is sealed.
func (r *run) entries() error {
	opened := verify.OpenedBody{Domain: r.Plan.Domain, Generation: r.Plan.Generation, Origin: r.Plan.Origin}
	if p := r.Plan.Previous; p != nil {
		opened.Previous = &verify.Checkpoint{Origin: p.Origin, Root: p.Root, Size: p.Size}
	}
	ring := verify.KeyringBody{Root: r.Plan.Threshold}
	for _, k := range r.keys {
		ring.Keys = append(ring.Keys, k.KeyEntry)
	}
	bodies := []struct {
		t    verify.Type
		body any
	}{{verify.LogOpened, opened}, {verify.KeyringSet, ring}, {verify.PolicySet, verify.PolicyBody{Policy: r.policy}}}
	for i, b := range bodies {
		r.Steps = append(r.Steps, Step{Type: b.t, Dir: fmt.Sprintf("%d-%s", i+1, b.t), Wanted: namesOf(r.roots())})
	}
	var prev iotmark.Digest
	for i, b := range bodies {
		s := &r.Steps[i]
		text, err := r.draft(s, prev, b.body)
		if err != nil {
			return err
		}
		s.Drafted = true
		if err := r.sign(s, text); err != nil {
			return err
		}
		if prev = s.Leaf; prev == "" {
			return nil
		}
	}
	return nil
}

// draft writes what is to be signed, or reads it and sees that it still says
// what the plan and the keys say.
func (r *run) draft(s *Step, prev iotmark.Digest, body any) ([]byte, error) {
	now := r.Now.UTC().Truncate(time.Second)
	id, at := verify.NewID(now, r.Random()), now.Format(time.RFC3339)
	have, err := readFile(filepath.Join(r.dir, s.Text()), verify.MaxEntry)
	if err == nil {
		old, err := verify.ParseText(r.Plan.Domain, have)
		if err != nil {
			return nil, err
		}
		id, at = old.ID, old.Time
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	e, err := verify.NewEntry(s.Type, id, "", at, prev, body)
	if err != nil {
		return nil, err
	}
	text, err := verify.Text(r.Plan.Domain, e)
	if err != nil {
		return nil, err
	}
	if have != nil {
		if !bytes.Equal(have, text) {
			return nil, conflict("%s was drafted with other keys or another plan than are there now. Put back what it was; or, if it must change, take the folder %s and those after it away, and have it signed anew", filepath.Join(r.dir, s.Text()), s.Dir)
		}
		return text, nil
	}
	if err := r.mkdir(s.Dir); err != nil {
		return nil, err
	}
	return text, r.write(s.Text(), text)
}

// sign collects and checks the signatures on a draft, and seals it when that
// is wanted.
func (r *run) sign(s *Step, text []byte) error {
	rule := verify.Rule{Need: map[verify.Role]int{verify.Root: r.Plan.Threshold}}
	have, err := readFile(filepath.Join(r.dir, s.Note()), verify.MaxEntry)
	var sigs []verify.Sig
	switch {
	case err == nil:
		old, err := verify.Parse(r.Plan.Domain, have)
		if err != nil {
			return err
		}
		if !bytes.Equal(old.Text, text) {
			return conflict("%s is the entry of another text than %s", filepath.Join(r.dir, s.Note()), s.Text())
		}
		sigs = old.Sigs
	case !errors.Is(err, fs.ErrNotExist):
		return err
	default:
		if sigs, err = r.signatures(s.Dir, text, verify.Namespace(r.Plan.Domain), r.roots()); err != nil {
			return err
		}
	}
	var keys []*verify.Key
	for _, sig := range sigs {
		k := r.byName[sig.Name]
		if k == nil || k.Role != verify.Root {
			return &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-signer", Pos: s.Dir, Msg: sig.Name + " is no root key of the plan; only these sign here"}
		}
		if err := k.Verify(text, sig, r.Plan.Domain); err != nil {
			return err
		}
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	s.Signed = namesOf(keys)
	s.Wanted = slices.DeleteFunc(s.Wanted, func(n string) bool { return slices.Contains(s.Signed, n) })
	_, err = rule.Count(keys)
	s.Enough = err == nil
	if have == nil {
		if !s.Enough || len(s.Wanted) > 0 && !r.Seal {
			return nil
		}
		if have, err = verify.Seal(text, sigs...); err != nil {
			return err
		}
		if err := r.write(s.Note(), have); err != nil {
			return err
		}
	} else if !s.Enough {
		return err
	}
	s.Leaf = verify.LeafOf(have)
	return nil
}

// maxSignatures bounds the files in the folder of one step.
const maxSignatures = 100

// signatures reads the files of a folder that hold signatures of these keys on
// a text, and verifies each. One signature a key is kept: of several the
// shortest.
func (r *run) signatures(dir string, text []byte, namespace string, keys []*verify.Key) ([]verify.Sig, error) {
	files, err := os.ReadDir(filepath.Join(r.dir, dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(files) > maxSignatures {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-file", Pos: dir, Msg: fmt.Sprintf("there are more than %d files here", maxSignatures)}
	}
	kept := map[string]verify.Sig{}
	for _, f := range files {
		name := filepath.Join(dir, f.Name())
		if strings.HasPrefix(f.Name(), ".") || f.Name() == "entry.txt" || f.Name() == "entry.note" {
			continue
		}
		b, err := readFile(filepath.Join(r.dir, name), maxFile)
		if err != nil {
			return nil, err
		}
		k, sig, err := ReadSignature(b, keys)
		if err == nil {
			if namespace == verify.Namespace(r.Plan.Domain) {
				err = k.Verify(text, sig, r.Plan.Domain)
			} else {
				err = k.VerifyIn(namespace, text, sig)
			}
		}
		if err != nil {
			if e, ok := errors.AsType[*iotmark.Error](err); ok && e.Pos == "" {
				at := *e
				at.Pos = name
				return nil, &at
			}
			return nil, err
		}
		if old, ok := kept[k.Name]; !ok || len(sig.Bytes) < len(old.Bytes) {
			kept[k.Name] = sig
		}
	}
	var out []verify.Sig
	for _, k := range keys {
		if sig, ok := kept[k.Name]; ok {
			out = append(out, sig)
		}
	}
	return out, nil
}

// ReadSignature reads a file that holds one signature of one of the keys: what
// ssh-keygen -Y sign writes, or a signature line of a note. It is not verified.
// The errors have the ids ceremony-signer, sshsig-malformed and
// signature-malformed.
func ReadSignature(b []byte, keys []*verify.Key) (*verify.Key, verify.Sig, error) {
	if bytes.HasPrefix(b, []byte("\u2014 ")) {
		sig, err := verify.ParseSig(string(b))
		if err != nil {
			return nil, verify.Sig{}, err
		}
		for _, k := range keys {
			if k.Made(sig) {
				return k, sig, nil
			}
		}
		return nil, sig, &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-signer", Msg: "the signature names " + sig.Name + ", which is none of the keys that sign here, or another key than that of this name"}
	}
	for _, k := range keys {
		sig, err := verify.FromSSH(k, b)
		if err == nil {
			return k, sig, nil
		}
		if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != "key-other" {
			return nil, sig, err
		}
	}
	return nil, verify.Sig{}, &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-signer", Msg: "the signature is of none of the keys that sign here"}
}

func namesOf(keys []*verify.Key) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.Name)
	}
	slices.Sort(out)
	return out
}

// finish writes the trust file and the transcript, and reads who signed that.
func (r *run) finish() error {
	t := verify.Trust{Domain: r.Plan.Domain, Log: r.log, Policy: r.policy, RootThreshold: r.Plan.Threshold, V: 1}
	for _, k := range r.roots() {
		t.Root = append(t.Root, k.KeyEntry)
	}
	b := t.Marshal()
	if _, err := verify.ParseTrust(b); err != nil {
		return err
	}
	if err := r.replay(&t); err != nil {
		return err
	}
	if err := r.write(TrustFile, b); err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	digest := iotmark.Digest(hex.EncodeToString(sum[:]))
	text, err := r.transcript(digest)
	if err != nil {
		return err
	}
	if err := r.write(TranscriptFile, text); err != nil {
		return err
	}
	if err := r.mkdir(transcriptDir); err != nil {
		return err
	}
	sigs, err := r.signatures(transcriptDir, text, TranscriptNamespace(r.Plan.Domain), r.keys)
	if err != nil {
		return err
	}
	for _, s := range sigs {
		r.Witness = append(r.Witness, s.Name)
	}
	r.Trust = digest
	return nil
}

// replay reads the three entries as everybody will who has the trust file.
func (r *run) replay(t *verify.Trust) error {
	all := verify.NewReplayer(t)
	for _, s := range r.Steps {
		note, err := readFile(filepath.Join(r.dir, s.Note()), verify.MaxEntry)
		if err != nil {
			return err
		}
		if v := all.Apply(note, 0); v != nil {
			return &iotmark.Error{Kind: iotmark.Unverified, ID: v.Reason, Pos: s.Note(), Msg: "this entry would have no effect: " + v.Msg}
		}
	}
	return nil
}
