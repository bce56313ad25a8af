package verify_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// scene is a scheme with one mark, and a bundle of it.
type scene struct {
	*verifytest.Scheme
	mark   *verifytest.Mark
	bundle *verify.Bundle
	file   []byte // in the place of the bundle, when it is set
	trust  *verify.Trust
	now    time.Time
}

func newScene(t testing.TB, o verifytest.Opts) *scene {
	t.Helper()
	s := verifytest.New(t, o)
	return &scene{Scheme: s, mark: s.Grant(s.Makers[0], "lamp"), trust: s.Trust}
}

// witnessed is what most scenes are: three witnesses.
func witnessed(t testing.TB) *scene {
	t.Helper()
	c := newScene(t, verifytest.Opts{Witnesses: 3})
	c.publish(nil, nil)
	return c
}

// publish attests what the registry says, after it was told otherwise, by a
// status entry whose body was told otherwise, and takes the bundle of the
// first mark.
func (c *scene) publish(reg func(*verify.Registry), body func(*attestation.Round, *verify.StatusBody)) {
	c.T.Helper()
	r := c.Registry()
	if reg != nil {
		reg(r)
	}
	round, err := attestation.NewRound(r, c.Issuing())
	if err != nil {
		c.T.Fatalf("attest: %v", err)
	}
	b := round.Body()
	if body != nil {
		body(round, &b)
	}
	c.take(round, c.Status(b).Index)
}

func (c *scene) take(round *attestation.Round, status int64) {
	c.T.Helper()
	var err error
	if c.bundle, err = round.Bundle(&round.Registry.Marks[0], c.Trust, c.Issuing(), status, c.Finder()); err != nil {
		c.T.Fatalf("bundle: %v", err)
	}
	c.now = c.Now
}

// force enters the mark in a registry that does not count it.
func (c *scene) force(r *verify.Registry) {
	k := c.mark
	r.Marks = []verify.Mark{{Subject: k.Subject, State: iotmark.MarkValid, Code: k.Terms.Code, Slot: k.Terms.Slot, Grant: k.Granted.Leaf, GrantIndex: k.Granted.Index,
		Terms: k.Granted.Leaf, TermsIndex: k.Granted.Index, TermsInForce: &k.Terms}}
}

func (c *scene) verify() verify.Result {
	c.T.Helper()
	file := c.file
	if file == nil {
		file = c.File(c.bundle)
	}
	return verify.VerifyBundle(file, c.trust, c.now)
}

// issue makes the credential again, after what it says was changed.
func (c *scene) issue(change func(a *verify.Attested)) {
	c.T.Helper()
	k := c.mark
	terms := k.Terms
	a := verify.Attested{Domain: c.Opts.Domain, Origin: c.Origin, Subject: k.Subject, Terms: &terms,
		Grant: k.Granted.Leaf, GrantIndex: k.Granted.Index, InForce: k.Granted.Leaf, ForceIndex: k.Granted.Index}
	change(&a)
	doc, err := c.Issuing().Credential(a)
	if err != nil {
		c.T.Fatalf("credential: %v", err)
	}
	c.bundle.Credential = doc
}

// replace changes text in a member of the bundle; it must be there.
func replace[B ~[]byte | ~string](c *scene, in *B, old, with string) {
	c.T.Helper()
	if !strings.Contains(string(*in), old) {
		c.T.Fatalf("%q is not in %.200q", old, *in)
	}
	*in = B(strings.Replace(string(*in), old, with, 1))
}

// flip changes the last character of base64 or base58 before the given end.
func flip(s string, end string) string {
	i := strings.LastIndex(s, end) - 2 // the last but one has no padding bits
	with := "A"
	if s[i] == 'A' {
		with = "B"
	}
	return s[:i] + with + s[i+1:]
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return z.Bytes()
}

// plain is the bundle as JSON.
func (c *scene) plain() string {
	c.T.Helper()
	r, err := gzip.NewReader(bytes.NewReader(c.File(c.bundle)))
	if err != nil {
		c.T.Fatalf("%v", err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		c.T.Fatalf("%v", err)
	}
	return b.String()
}

// Entries of the bundle of a scene, by their place.
const (
	ring = iota
	org
	grant
	status
)

// append gives the bundle one more entry before the last but n.
func (c *scene) insert(at int, index int64) {
	c.T.Helper()
	entry, proof, err := c.Finder()(index, false)
	if err != nil {
		c.T.Fatalf("%v", err)
	}
	c.bundle.Entries = slices.Insert(c.bundle.Entries, at, verify.Proven{Entry: string(entry), Proof: string(proof)})
}

// Whatever is changed, the answer says what.
func TestVerifyBundleRefuses(t *testing.T) {
	t.Parallel()
	base := witnessed(t)
	tests := []struct {
		name   string
		want   iotmark.ErrorID
		step   string
		change func(c *scene)
	}{
		// The file.
		{"nothing", "bundle-malformed", verify.StepBundle, func(c *scene) { c.file = []byte{} }},
		{"no bundle", "bundle-malformed", verify.StepBundle, func(c *scene) { c.file = []byte("<html>") }},
		{"another JSON", "bundle-malformed", verify.StepBundle, func(c *scene) { c.file = []byte(`{"v":1}`) }},
		{"cut short", "bundle-malformed", verify.StepBundle, func(c *scene) { f := c.File(c.bundle); c.file = f[:len(f)-9] }},
		{"something after it", "bundle-malformed", verify.StepBundle, func(c *scene) { c.file = append(c.File(c.bundle), 0) }},
		{"packed twice", "bundle-malformed", verify.StepBundle, func(c *scene) { c.file = gzipped(t, c.File(c.bundle)) }},
		{"too large", "bundle-large", verify.StepBundle, func(c *scene) {
			c.file = append([]byte{0x1f, 0x8b}, make([]byte, verify.MaxBundleFile)...)
		}},
		{"too large and plain", "bundle-large", verify.StepBundle, func(c *scene) {
			c.file = []byte(`{"v":"` + strings.Repeat("a", verify.MaxBundle) + `"}`)
		}},
		{"bomb", "bundle-large", verify.StepBundle, func(c *scene) { c.file = gzipped(t, make([]byte, 1<<24)) }},
		{"newer version", "bundle-version", verify.StepBundle, func(c *scene) { c.file = []byte(c.plain()); replace(c, &c.file, `"v":1}`, `"v":2}`) }},
		{"another member", "bundle-malformed", verify.StepBundle, func(c *scene) { c.file = []byte(c.plain()); replace(c, &c.file, `"v":1}`, `"v":1,"x":1}`) }},
		{"null for a list", "bundle-malformed", verify.StepBundle, func(c *scene) { c.bundle.Lists = nil }},
		{"member in capitals", "bundle-malformed", verify.StepBundle, func(c *scene) { c.file = []byte(c.plain()); replace(c, &c.file, `"entry":`, `"ENTRY":`) }},
		{"too many entries", "bundle-malformed", verify.StepBundle, func(c *scene) {
			c.bundle.Entries = slices.Repeat(c.bundle.Entries, 10)
		}},
		{"member twice", "bundle-malformed", verify.StepBundle, func(c *scene) { c.file = []byte(c.plain()); replace(c, &c.file, `"v":1}`, `"v":1,"v":1}`) }},
		{"member twice in the credential", "bundle-malformed", verify.StepBundle, func(c *scene) {
			c.file = []byte(c.plain())
			replace(c, &c.file, `"assessmentLevel":"Verified"`, `"assessmentLevel":"Verified","assessmentLevel":"Verified"`)
		}},
		{"white space", "bundle-malformed", verify.StepBundle, func(c *scene) { c.file = []byte(c.plain()); replace(c, &c.file, `"v":1}`, `"v": 1}`) }},
		{"members out of order", "bundle-malformed", verify.StepBundle, func(c *scene) {
			c.file = []byte(`{"v":1,` + strings.TrimSuffix(c.plain()[1:], `,"v":1}`) + `}`)
		}},
		{"too deep", "bundle-malformed", verify.StepBundle, func(c *scene) { c.file = []byte(`{"v":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}`) }},

		// What is trusted.
		{"nothing trusted", "trust-unusable", verify.StepBundle, func(c *scene) { c.trust = nil }},
		{"trust without keys", "trust-unusable", verify.StepBundle, func(c *scene) { c.trust = &verify.Trust{V: 1} }},

		// The entries, and the log.
		{"another scheme", "domain-wrong", verify.StepLog, func(c *scene) {
			c.bundle = newScene(t, verifytest.Opts{Domain: "other.example", Witnesses: 3}).Bundle(0)
		}},
		{"newer entry", "version-unknown", verify.StepLog, func(c *scene) { replace(c, &c.bundle.Entries[grant].Entry, "/entry/v1\n", "/entry/v2\n") }},
		{"type nobody knows", "type-unknown", verify.StepLog, func(c *scene) {
			replace(c, &c.bundle.Entries[grant].Entry, `"type":"mark.granted"`, `"type":"mark.blessed"`)
		}},
		{"member twice in an entry", "malformed", verify.StepLog, func(c *scene) {
			replace(c, &c.bundle.Entries[grant].Entry, `"edition":"2026.1"`, `"edition":"2026.1","edition":"2026.1"`)
		}},
		{"two notes in one", "malformed", verify.StepLog, func(c *scene) { c.bundle.Entries[grant].Entry += c.bundle.Entries[grant].Entry }},
		{"oversized entry", "malformed", verify.StepLog, func(c *scene) { c.bundle.Entries[grant].Entry += strings.Repeat(" ", verify.MaxEntry) }},
		{"other body", "body-wrong", verify.StepLog, func(c *scene) { replace(c, &c.bundle.Entries[grant].Entry, `"slot":0`, `"slot":-1`) }},
		{"entry changed", "proof-wrong", verify.StepLog, func(c *scene) { replace(c, &c.bundle.Entries[grant].Entry, `"model":"T-1"`, `"model":"T-2"`) }},
		{"signature taken off", "proof-wrong", verify.StepLog, func(c *scene) {
			e := &c.bundle.Entries[grant].Entry
			*e = (*e)[:strings.LastIndex(*e, "\u2014")]
		}},
		{"other proof", "proof-wrong", verify.StepLog, func(c *scene) { c.bundle.Entries[grant].Proof = c.bundle.Entries[status].Proof }},
		{"no proof", "proof-malformed", verify.StepLog, func(c *scene) { c.bundle.Entries[grant].Proof = "" }},
		{"checkpoint with an extension", "checkpoint-malformed", verify.StepLog, func(c *scene) {
			replace(c, &c.bundle.Entries[grant].Proof, "\n\n\u2014", "\nx\n\n\u2014")
		}},
		{"checkpoint of another log", "origin-wrong", verify.StepLog, func(c *scene) {
			replace(c, &c.bundle.Entries[grant].Proof, "\n\nlog.mark.example/1", "\n\nlog.mark.example/2")
		}},
		{"log has not signed", "log-signature-missing", verify.StepLog, func(c *scene) {
			p := &c.bundle.Entries[grant].Proof
			from := strings.Index(*p, "\u2014")
			to := from + strings.Index((*p)[from:], "\n") + 1
			*p = (*p)[:from] + (*p)[to:]
		}},
		{"checkpoint changed", "log-signature-wrong", verify.StepLog, func(c *scene) {
			replace(c, &c.bundle.Entries[grant].Proof, "/1\n18\n", "/1\n19\n")
		}},
		{"witness signed another", "witness-signature-wrong", verify.StepLog, func(c *scene) {
			c.bundle.Entries[grant].Proof = flip(c.bundle.Entries[grant].Proof, "\n")
		}},
		{"witness taken off", "quorum-unmet", verify.StepLog, func(c *scene) {
			p := &c.bundle.Entries[grant].Proof
			*p = (*p)[:strings.LastIndex(*p, "\u2014")]
		}},
		{"two histories", "log-forked", verify.StepLog, func(c *scene) {
			o := newScene(t, verifytest.Opts{Witnesses: 3, Step: 2 * time.Minute})
			o.publish(nil, nil)
			c.bundle.Entries[status] = o.bundle.Entries[status]
		}},
		{"no keyring", "keyring-missing", verify.StepLog, func(c *scene) { c.bundle.Entries = c.bundle.Entries[1:] }},
		{"no entries", "keyring-missing", verify.StepLog, func(c *scene) { c.bundle.Entries = []verify.Proven{} }},
		{"no grant", "grant-missing", verify.StepLog, func(c *scene) { c.bundle.Entries = slices.Delete(c.bundle.Entries, grant, grant+1) }},
		{"no status", "status-missing", verify.StepLog, func(c *scene) { c.bundle.Entries = c.bundle.Entries[:status] }},
		{"entries out of order", "keyring-missing", verify.StepLog, func(c *scene) { slices.Reverse(c.bundle.Entries) }},
		{"more than it takes", "bundle-malformed", verify.StepLog, func(c *scene) {
			c.bundle.Entries = append(c.bundle.Entries, c.bundle.Entries[status])
		}},
		{"keyring twice", "bundle-malformed", verify.StepLog, func(c *scene) {
			c.bundle.Entries = slices.Insert(c.bundle.Entries, 0, c.bundle.Entries[0])
		}},

		// The credential.
		{"no credential", "credential-differs", verify.StepCredential, func(c *scene) { c.bundle.Credential = json.RawMessage(`{}`) }},
		{"text for a credential", "credential-differs", verify.StepCredential, func(c *scene) { c.bundle.Credential = json.RawMessage(`""`) }},
		{"credential without proof", "credential-differs", verify.StepCredential, func(c *scene) {
			c.issue(func(*verify.Attested) {})
			i := bytes.Index(c.bundle.Credential, []byte(`"proof":{`))
			j := i + bytes.IndexByte(c.bundle.Credential[i:], '}')
			c.bundle.Credential = slices.Concat(c.bundle.Credential[:i], c.bundle.Credential[j+2:])
		}},
		{"credential of another product", "credential-differs", verify.StepCredential, func(c *scene) {
			c.issue(func(a *verify.Attested) { a.Terms.Product.Name = "Other" })
		}},
		{"credential of later software", "credential-differs", verify.StepCredential, func(c *scene) {
			c.issue(func(a *verify.Attested) { a.Terms.Product.Software.Min = "1.0" })
		}},
		{"credential of another entry", "credential-differs", verify.StepCredential, func(c *scene) {
			c.issue(func(a *verify.Attested) { a.GrantIndex, a.ForceIndex = 3, 3 })
		}},
		{"credential changed", "credential-differs", verify.StepCredential, func(c *scene) { replace(c, &c.bundle.Credential, "T-1", "T-2") }},
		{"other suite", "integrity-unknown", verify.StepCredential, func(c *scene) { replace(c, &c.bundle.Credential, "eddsa-jcs-2022", "eddsa-jcs-2030") }},
		{"key of nobody", "issuer-unknown", verify.StepCredential, func(c *scene) {
			i := c.Issuing()
			k := verifytest.NewKey("mark.example/issuer/2", "operator", "o9", verify.Issuer)
			i.Public, i.Sign = k.Public(), k.SignBytes
			c.bundle.Credential = must(i.Credential(attested(c)))
		}},
		{"key of another scheme", "issuer-unknown", verify.StepCredential, func(c *scene) {
			i := c.Issuing()
			i.Domain = "other.example"
			c.bundle.Credential = must(i.Credential(attested(c)))
		}},
		{"proof for another purpose", "credential-proof", verify.StepCredential, func(c *scene) { replace(c, &c.bundle.Credential, "assertionMethod", "authentication") }},
		{"proof of another time", "credential-proof", verify.StepCredential, func(c *scene) {
			replace(c, &c.bundle.Credential, `"created":"2026-`, `"created":"2025-`)
		}},
		{"proof with another member", "credential-proof", verify.StepCredential, func(c *scene) {
			replace(c, &c.bundle.Credential, `"cryptosuite":`, `"cryptosuit":"","cryptosuite":`)
		}},
		{"no base58", "credential-proof", verify.StepCredential, func(c *scene) { replace(c, &c.bundle.Credential, `"proofValue":"z`, `"proofValue":"z0`) }},
		{"credential signed wrongly", "credential-signature-wrong", verify.StepCredential, func(c *scene) {
			s := string(c.bundle.Credential)
			i := strings.Index(s, `"proofValue":"z`) + 30
			c.bundle.Credential = json.RawMessage(s[:i] + map[bool]string{true: "2", false: "3"}[s[i] == '3'] + s[i+1:])
		}},

		// The state, as the bundle has it.
		{"state of another mark", "state-proof-wrong", verify.StepState, func(c *scene) { c.bundle.State.Record.Grant = verifytest.Digest("other") }},
		{"better state", "state-proof-wrong", verify.StepState, func(c *scene) { c.bundle.State.Record.State = iotmark.MarkSuspended }},
		{"tree of another size", "state-proof-wrong", verify.StepState, func(c *scene) { c.bundle.State.Size = 2 }},
		{"path that is too long", "state-proof-wrong", verify.StepState, func(c *scene) {
			c.bundle.State.Path = append(c.bundle.State.Path, base64.StdEncoding.EncodeToString(make([]byte, 32)))
		}},
		{"path of no hashes", "state-proof-wrong", verify.StepState, func(c *scene) { c.bundle.State.Path = []string{"x"} }},

		// The lists, as the bundle has them.
		{"one list", "list-missing", verify.StepLists, func(c *scene) { c.bundle.Lists = c.bundle.Lists[:1] }},
		{"lists swapped", "list-missing", verify.StepLists, func(c *scene) { slices.Reverse(c.bundle.Lists) }},
		{"list of other slots", "list-missing", verify.StepLists, func(c *scene) { c.list(0, func(l *verify.List) { l.ID = 2 }) }},
		{"text for a list", "list-malformed", verify.StepLists, func(c *scene) { c.bundle.Lists[0] = json.RawMessage(`""`) }},
		{"list of another scheme", "list-wrong", verify.StepLists, func(c *scene) { c.list(0, func(l *verify.List) { l.Domain = "other.example" }) }},
		{"list that says more", "list-wrong", verify.StepLists, func(c *scene) { replace(c, &c.bundle.Lists[0], `"ttl":86400000`, `"ttl":86400001`) }},
		{"list that lives longer", "list-wrong", verify.StepLists, func(c *scene) { replace(c, &c.bundle.Lists[0], `"validUntil":"2026`, `"validUntil":"2027`) }},
		{"list for another purpose", "list-wrong", verify.StepLists, func(c *scene) { c.list(0, func(l *verify.List) { l.Purpose = "message" }) }},
		{"list that is no base64", "list-malformed", verify.StepLists, func(c *scene) { replace(c, &c.bundle.Lists[0], `"encodedList":"u`, `"encodedList":"u*`) }},
		{"list in another base", "list-malformed", verify.StepLists, func(c *scene) { replace(c, &c.bundle.Lists[0], `"encodedList":"u`, `"encodedList":"z`) }},
		{"list that is too short", "list-size", verify.StepLists, func(c *scene) { c.list(0, func(l *verify.List) { l.Bits = l.Bits[1:] }) }},
		{"list that is a bomb", "list-size", verify.StepLists, func(c *scene) { c.list(0, func(l *verify.List) { l.Bits = make(verify.Bits, 1<<24) }) }},
		{"list with another proof", "list-proof", verify.StepLists, func(c *scene) { replace(c, &c.bundle.Lists[0], `"created":"2026`, `"created":"2025`) }},
		{"list signed wrongly", "list-signature-wrong", verify.StepLists, func(c *scene) {
			s := string(c.bundle.Lists[0])
			i := strings.Index(s, `"proofValue":"z`) + 30
			c.bundle.Lists[0] = json.RawMessage(s[:i] + map[bool]string{true: "2", false: "3"}[s[i] == '3'] + s[i+1:])
		}},
		{"list that was not logged", "list-hash-wrong", verify.StepLists, func(c *scene) {
			c.list(1, func(l *verify.List) { l.Bits[0] |= 1 })
		}},

		// The clock.
		{"clock that was never set", "clock-behind", verify.StepCurrency, func(c *scene) { c.now = time.Unix(0, 0) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := *base
			b := *base.bundle
			b.Entries, b.Lists, b.State.Path = slices.Clone(b.Entries), slices.Clone(b.Lists), slices.Clone(b.State.Path)
			c.bundle = &b
			tt.change(&c)
			check(t, c.verify(), tt.want, tt.step)
		})
	}
}

// check compares the failure, and where it was found.
func check(t *testing.T, r verify.Result, want iotmark.ErrorID, step string) {
	t.Helper()
	var got iotmark.ErrorID
	if r.Failure != nil {
		got = r.Failure.ID
	}
	if got != want {
		t.Fatalf("got %q (%s, %v), want %q", got, r.Answer, r.Failure, want)
	}
	last := r.Steps[len(r.Steps)-1]
	if last.ID != step || last.OK {
		t.Errorf("got step %s, ok %v, as the last; want %s, which fails", last.ID, last.OK, step)
	}
	answer := verify.NotGenuine
	switch want {
	case "bundle-version", "version-unknown", "type-unknown", "integrity-unknown", "clock-behind", "trust-unusable":
		answer = verify.CannotCheck
	}
	if r.Answer != answer {
		t.Errorf("got %s, want %s", r.Answer, answer)
	}
	if r.Failure.Msg == "" || r.Failure.Kind == "" {
		t.Errorf("the failure says nothing: %+v", r.Failure)
	}
}

func attested(c *scene) verify.Attested {
	r := c.Registry()
	return attestation.Attested(r, &r.Marks[0])
}

// list signs a status list again, after it was changed.
func (c *scene) list(i int, change func(*verify.List)) {
	c.T.Helper()
	l, err := verify.ParseList(c.Opts.Domain, c.bundle.Lists[i])
	if err != nil {
		c.T.Fatalf("%v", err)
	}
	l.Bits = slices.Clone(l.Bits)
	change(&l)
	c.bundle.Lists[i] = must(c.Issuing().List(l))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// An operator who has the log, the issuer's key and his own, and witnesses
// that sign what they are shown, makes none of these pass.
func TestVerifyBundleRefusesOperator(t *testing.T) {
	t.Parallel()
	granted := func(c *scene, signers ...verifytest.Key) { // a grant that does not count, in a log that goes on
		k := c.NewMark(c.Makers[0], "toaster")
		k.Evaluation, k.Evaluated = c.mark.Evaluation, c.mark.Evaluated
		c.mark = k
		k.Terms = k.TermsOf()
		k.Granted = c.AppendVoid(verifytest.Draft{Type: verify.MarkGranted, Subject: k.Subject, Body: k.Terms, Signers: signers})
		c.publish(c.force, nil)
	}
	lab := func(c *scene) verifytest.Key { return c.Orgs[0].Keys[0] }
	tests := []struct {
		name  string
		want  iotmark.ErrorID
		step  string
		stage func(c *scene)
	}{
		{"grant by himself", "signers-missing", verify.StepDecision, func(c *scene) { granted(c, c.Operator) }},
		{"grant by one of the committee", "signers-missing", verify.StepDecision, func(c *scene) { granted(c, lab(c), c.Committee[0]) }},
		{"grant without evaluation", "signers-missing", verify.StepDecision, func(c *scene) { granted(c, c.Committee[0], c.Committee[1]) }},
		{"one organisation twice", "signers-missing", verify.StepDecision, func(c *scene) { granted(c, lab(c), c.Committee[0], c.Committee[3]) }},
		{"key that had ended", "key-ended", verify.StepDecision, func(c *scene) {
			c.SetKeyring(c.EndKeys(c.Committee[0].Name))
			granted(c, lab(c), c.Committee[0], c.Committee[1])
		}},
		{"signature of another text", "signature-wrong", verify.StepDecision, func(c *scene) {
			granted(c, lab(c), c.Committee[0], alike(c.Committee[1], c.Committee[2]))
		}},
		{"organisation nobody accredited", "signers-missing", verify.StepDecision, func(c *scene) {
			o := c.Orgs[0]
			o.Body.ID, o.Keys = "garage", []verifytest.Key{verifytest.NewKey("garage/1", "garage", "g1", verify.Assessor)}
			o.Body.Keys = verifytest.Entries(o.Keys...)
			at := c.AppendVoid(verifytest.Draft{Type: verify.OrgAccredited, Subject: o.Subject(), Body: o.Body, Signers: []verifytest.Key{c.Operator}})
			granted(c, o.Keys[0], c.Committee[0], c.Committee[1])
			c.insert(org, at.Index)
		}},
		{"keyring by himself", "signers-missing", verify.StepKeyring, func(c *scene) {
			b := c.WithKeys(verifytest.NewKey("mark.example/committee/9", "operator", "c9", verify.Committee))
			at := c.AppendVoid(verifytest.Draft{Type: verify.KeyringSet, Body: b, Signers: []verifytest.Key{c.Operator}})
			c.publish(nil, func(_ *attestation.Round, s *verify.StatusBody) { s.Keyring = at.Leaf })
			c.bundle.Entries = c.bundle.Entries[1:]
			c.insert(0, at.Index)
		}},
		{"older keyring", "keyring-other", verify.StepKeyring, func(c *scene) {
			first := c.Replay().Keyring.Index
			c.SetKeyring(c.EndKeys(c.Committee[4].Name))
			c.publish(nil, nil)
			c.bundle.Entries = c.bundle.Entries[1:]
			c.insert(0, first)
		}},
		{"issuer's key that had ended", "issuer-ended", verify.StepCredential, func(c *scene) {
			b := c.Keyring
			b.Keys = slices.Clone(b.Keys)
			zero := int64(0)
			for i := range b.Keys {
				if b.Keys[i].Role == verify.Issuer {
					b.Keys[i].Until = &zero
				}
			}
			c.SetKeyring(b)
			c.publish(nil, nil)
		}},
		{"status by somebody else", "signers-missing", verify.StepState, func(c *scene) {
			r := must(attestation.NewRound(c.Registry(), c.Issuing()))
			c.take(r, c.AppendVoid(verifytest.Draft{Type: verify.StatusPublished, Subject: c.StatusSubject(), Body: r.Body(), Signers: []verifytest.Key{c.Committee[0]}}).Index)
		}},
		{"status that hides a withdrawal", "status-stale", verify.StepState, func(c *scene) {
			r := must(attestation.NewRound(c.Registry(), c.Issuing()))
			c.mark.Withdraw(verify.Committee)
			c.take(r, c.AppendVoid(verifytest.Draft{Type: verify.StatusPublished, Subject: c.StatusSubject(), Body: r.Body(), Signers: []verifytest.Key{c.Operator}}).Index)
		}},
		{"status of tomorrow", "clock-ahead", verify.StepState, func(c *scene) {
			r := c.Registry()
			r.AsOf = r.AsOf.Add(24 * time.Hour)
			round := must(attestation.NewRound(r, c.Issuing()))
			c.take(round, c.AppendVoid(verifytest.Draft{Type: verify.StatusPublished, Subject: c.StatusSubject(), Body: round.Body(),
				Signers: []verifytest.Key{c.Operator}, Time: r.AsOf, Seen: c.Now}).Index)
		}},
		{"states of other marks", "state-proof-wrong", verify.StepState, func(c *scene) {
			c.publish(nil, func(_ *attestation.Round, s *verify.StatusBody) { s.States = verifytest.Digest("other") })
		}},
		{"void grant in the slot of another", "grant-not-counted", verify.StepState, func(c *scene) {
			real := c.Registry().Marks[0].Record()
			k := c.NewMark(c.Makers[1], "toaster")
			k.Evaluation, k.Evaluated = c.mark.Evaluation, c.mark.Evaluated
			c.mark = k
			k.Terms = k.TermsOf()
			k.Terms.Slot = 0
			k.Granted = c.AppendVoid(verifytest.Draft{Type: verify.MarkGranted, Subject: k.Subject, Body: k.Terms, Signers: []verifytest.Key{lab(c), c.Committee[0], c.Committee[1]}})
			honest := must(attestation.NewRound(c.Registry(), c.Issuing()))
			at := c.Status(honest.Body())
			forged := *honest.Registry
			c.force(&forged)
			honest.Registry = &forged
			c.take(honest, at.Index)
			c.bundle.State = verify.ProveState(verify.StatesOf([]verify.StateRecord{real}), real)
		}},
		{"terms that were amended since", "terms-not-in-force", verify.StepState, func(c *scene) {
			before := c.mark.Terms
			c.mark.Amend()
			c.publish(nil, nil)
			c.mark.Terms = before
			c.bundle.Entries = slices.Delete(c.bundle.Entries, status, status+1)
			c.issue(func(*verify.Attested) {})
		}},
		{"terms of another mark", "terms-other-mark", verify.StepLog, func(c *scene) {
			other := c.Grant(c.Makers[1], "kettle")
			at := other.Amend()
			c.publish(nil, nil)
			c.insert(status, at.Index)
		}},
		{"lists of another time", "list-time-wrong", verify.StepLists, func(c *scene) {
			c.publish(func(r *verify.Registry) { r.AsOf = r.AsOf.Add(-time.Hour) }, nil)
		}},
		{"suspension that is not in the list", "bits-differ", verify.StepLists, func(c *scene) {
			c.mark.Suspend(2)
			r := c.Registry()
			good := *r
			good.Marks = slices.Clone(r.Marks)
			good.Marks[0].State = iotmark.MarkValid
			fine := must(attestation.NewRound(&good, c.Issuing()))
			true_ := must(attestation.NewRound(r, c.Issuing()))
			b := true_.Body()
			b.Lists = fine.Body().Lists
			c.take(true_, c.Status(b).Index)
			for i := range fine.Lists {
				c.bundle.Lists[i] = fine.Lists[i]
			}
		}},
		{"state that there is not", "state-unknown", verify.StepCurrency, func(c *scene) {
			c.publish(func(r *verify.Registry) { r.Marks[0].State = "blessed" }, nil)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newScene(t, verifytest.Opts{Witnesses: 2})
			tt.stage(c)
			check(t, c.verify(), tt.want, tt.step)
		})
	}
}

// alike is a key of one name that signs with another key, under the key id of
// the first.
func alike(k, with verifytest.Key) verifytest.Key {
	k.As = &with
	return k
}

func TestVerifyBundleAnswers(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	tests := []struct {
		name  string
		opts  verifytest.Opts
		want  verify.Answer
		why   string
		stage func(c *scene)
	}{
		{"current", verifytest.Opts{Witnesses: 2}, verify.GenuineCurrent, "", nil},
		{"current, the clock a little behind", verifytest.Opts{Witnesses: 2}, verify.GenuineCurrent, "", func(c *scene) { c.publish(nil, nil); c.now = c.now.Add(-9 * time.Minute) }},
		{"current, the witnesses slow", verifytest.Opts{Witnesses: 2}, verify.GenuineCurrent, "", func(c *scene) { c.publish(nil, nil); c.now = c.now.Add(47 * time.Hour) }},
		{"without witnesses", verifytest.Opts{Unwitnessed: true}, verify.GenuineCurrent, "", nil},
		{"aged", verifytest.Opts{Witnesses: 2}, verify.GenuineAged, "", func(c *scene) { c.publish(nil, nil); c.now = c.now.Add(3 * day) }},
		{"lists past their date", verifytest.Opts{Witnesses: 2}, verify.NotCurrent, "list", func(c *scene) { c.publish(nil, nil); c.now = c.now.Add(8 * day) }},
		{"not seen for long", verifytest.Opts{Witnesses: 2}, verify.NotCurrent, "old", func(c *scene) { c.publish(nil, nil); c.now = c.now.Add(15 * day) }},
		{"suspended", verifytest.Opts{Witnesses: 2}, verify.Suspended, "", func(c *scene) { c.mark.Suspend(2); c.publish(nil, nil) }},
		{"suspended, seen long ago", verifytest.Opts{Witnesses: 2}, verify.Suspended, "", func(c *scene) { c.mark.Suspend(2); c.publish(nil, nil); c.now = c.now.Add(30 * day) }},
		{"restored", verifytest.Opts{Witnesses: 2}, verify.GenuineCurrent, "", func(c *scene) { c.mark.Suspend(2); c.mark.Restore(); c.publish(nil, nil) }},
		{"withdrawn", verifytest.Opts{Witnesses: 2}, verify.Withdrawn, "", func(c *scene) { c.mark.Withdraw(verify.Committee); c.publish(nil, nil) }},
		{"expired by its date", verifytest.Opts{Witnesses: 2}, verify.Expired, "", func(c *scene) { c.publish(nil, nil); c.now = c.mark.Terms.ValidUntil.Time().Add(day) }},
		{"on its last day", verifytest.Opts{Witnesses: 2}, verify.NotCurrent, "old", func(c *scene) { c.publish(nil, nil); c.now = c.mark.Terms.ValidUntil.Time().Add(day - time.Second) }},
		{"expired in the registry", verifytest.Opts{Witnesses: 2}, verify.Expired, "", func(c *scene) { c.Pass(740); c.publish(nil, nil) }},
		{"amended", verifytest.Opts{Witnesses: 2}, verify.GenuineCurrent, "", func(c *scene) { c.mark.Amend(); c.publish(nil, nil) }},
		{"renewed", verifytest.Opts{Witnesses: 2}, verify.GenuineCurrent, "", func(c *scene) {
			c.mark.Seal()
			c.mark.Evaluate()
			c.mark.Renew()
			c.publish(nil, nil)
		}},
		{"one of several marks", verifytest.Opts{Witnesses: 2}, verify.GenuineCurrent, "", func(c *scene) {
			for _, p := range []string{"a", "b", "c", "d"} {
				c.Grant(c.Makers[1], p).Withdraw(verify.Maker)
			}
			c.publish(nil, nil)
		}},
		{"new root, which the trusted one brought in, and a keyring by the new one alone", verifytest.Opts{Witnesses: 2}, verify.GenuineCurrent, "", func(c *scene) {
			fresh := []verifytest.Key{
				verifytest.NewKey("mark.example/root/6", "elders", "r6", verify.Root), verifytest.NewKey("mark.example/root/7", "elders", "r7", verify.Root),
				verifytest.NewKey("mark.example/root/8", "elders", "r8", verify.Root),
			}
			old := slices.Clone(c.Root)
			c.Append(verifytest.Draft{Type: verify.KeyringSet, Body: c.WithKeys(fresh...), Signers: slices.Concat(old[:3], fresh)})
			c.Keyring = c.Registry().Keyring.KeyringBody
			c.Append(verifytest.Draft{Type: verify.KeyringSet, Body: c.EndKeys(old[0].Name, old[1].Name, old[2].Name, old[3].Name, old[4].Name), Signers: slices.Concat(old[:3], fresh)})
			c.Keyring = c.Registry().Keyring.KeyringBody
			c.Append(verifytest.Draft{Type: verify.KeyringSet, Body: c.WithKeys(verifytest.NewKey("mark.example/operator/2", "operator", "o9", verify.Operator)), Signers: fresh})
			c.Replay()
			c.publish(nil, nil)
			if n := strings.Count(c.plain(), `"type":"keyring.set"`) + strings.Count(c.plain(), `\"type\":\"keyring.set\"`); n != 2 {
				c.T.Fatalf("the bundle has %d keyrings, want the one that brought the new root in and the one in force", n)
			}
		}},
		{"rules that were stricter later", verifytest.Opts{Witnesses: 2}, verify.GenuineCurrent, "", func(c *scene) {
			b := c.Keyring
			b.Rules = map[verify.Type]verify.Rule{verify.MarkGranted: {Need: map[verify.Role]int{verify.Assessor: 1, verify.Committee: 4}}}
			c.SetKeyring(b)
			c.publish(nil, nil)
		}},
		{"new keyring, signed by the trusted root", verifytest.Opts{Witnesses: 2}, verify.GenuineCurrent, "", func(c *scene) {
			c.SetKeyring(c.EndKeys(c.Committee[0].Name))
			c.publish(nil, nil)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newScene(t, tt.opts)
			if tt.stage == nil {
				c.publish(nil, nil)
			} else {
				tt.stage(c)
			}
			r := c.verify()
			if r.Answer != tt.want || r.Failure != nil {
				t.Fatalf("got %s (%v), want %s", r.Answer, r.Failure, tt.want)
			}
			if got := r.Steps[len(r.Steps)-1].Args["why"]; got != tt.why {
				t.Errorf("got why %q, want %q", got, tt.why)
			}
			if r.Witnessed == tt.opts.Unwitnessed || (len(r.Witnesses) == 0) != tt.opts.Unwitnessed {
				t.Errorf("witnessed %v by %q", r.Witnessed, r.Witnesses)
			}
			if d := cmp.Diff(&c.mark.Terms, r.Terms); d != "" {
				t.Errorf("terms: got (-want +got)\n%s", d)
			}
			plain := []byte(c.plain())
			if d := cmp.Diff(r, verify.VerifyBundle(plain, c.trust, c.now), cmp.AllowUnexported()); d != "" {
				t.Errorf("plain JSON gives another result\n%s", d)
			}
		})
	}
}

// Every failure that a bundle can have has a test that names it.
func TestEveryFailureIsTried(t *testing.T) {
	t.Parallel()
	read := func(names ...string) (all string) {
		for _, n := range names {
			b, err := os.ReadFile(n)
			if err != nil {
				t.Fatal(err)
			}
			all += string(b)
		}
		return all
	}
	tests, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tried := read(tests...)
	ids := regexp.MustCompile(`(?:refuse|invalid|bad)\("([a-z-]+)"`).FindAllStringSubmatch(
		read("bundle.go", "canonical.go", "checkpoint.go", "index.go", "integrity.go", "multibase.go", "policy.go", "status.go", "trust.go", "verify.go"), -1)
	if len(ids) < 40 {
		t.Errorf("only %d failures were found", len(ids))
	}
	for _, id := range ids {
		if !strings.Contains(tried, `"`+id[1]+`"`) {
			t.Errorf("no test names %s", id[1])
		}
	}
}

// The result tells who, since when, and as of when.
func TestVerifyBundleResult(t *testing.T) {
	t.Parallel()
	c := witnessed(t)
	got := c.verify()
	statusAt := c.Births[len(c.Births)-1].Witnessed
	grantAt := c.Births[c.mark.Granted.Index].Witnessed
	want := verify.Result{
		Answer: verify.GenuineCurrent, Code: c.mark.Terms.Code, Subject: c.mark.Subject, Witnessed: true,
		AsOf: time.Unix(statusAt, 0).UTC(), Effective: time.Unix(grantAt, 0).UTC(), Witnesses: []string{"w1", "w2", "w3"}, Terms: &c.mark.Terms,
		Signers: []verify.Signer{
			{Name: "lab1.example/assessor/1", Org: "lab1", Role: verify.Assessor},
			{Name: "mark.example/committee/1", Org: "consumers", Role: verify.Committee},
			{Name: "mark.example/committee/2", Org: "university", Role: verify.Committee},
		},
		Steps: []verify.Step{
			{ID: "bundle", OK: true, Args: map[string]string{"scheme": "mark.example"}},
			{ID: "log", OK: true, Args: map[string]string{"index": "17", "size": "19", "witnesses": "w1, w2, w3"}},
			{ID: "keyring", OK: true, Args: map[string]string{"index": "1"}},
			{ID: "decision", OK: true, Args: map[string]string{"signers": "3"}},
			{ID: "credential", OK: true},
			{ID: "state", OK: true, Args: map[string]string{"state": "valid"}},
			{ID: "lists", OK: true},
			{ID: "currency", OK: true, Args: map[string]string{"as_of": got.AsOf.Format(time.RFC3339), "days": "0"}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (-want +got)\n%s", d)
	}
}

// Whatever the bytes, there is an answer; and nothing but what the bundle says
// is genuine.
func FuzzVerifyBundle(f *testing.F) {
	c := witnessed(f)
	f.Add([]byte(c.plain()))
	f.Add(c.File(c.bundle))
	f.Add([]byte(`{"credential":"","entries":[{"entry":"a","proof":"b"}],"lists":["",1],"state":{"path":[""],"record":{"code":"","grant":"","slot":0,"state":"","terms":""},"size":0},"v":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := verify.VerifyBundle(b, c.trust, c.now)
		if r.Answer == "" || len(r.Steps) == 0 {
			t.Errorf("no answer: %+v", r)
		}
		if (r.Failure == nil) != (r.Answer == verify.GenuineCurrent) {
			t.Errorf("%s: %v", r.Answer, r.Failure)
		}
		if r.Answer != verify.GenuineCurrent {
			return
		}
		// Lines of strangers may stand under a checkpoint; all else is as it was.
		got := must(verify.ParseBundle(b))
		for i := range got.Entries {
			got.Entries[i].Proof = c.bundle.Entries[i].Proof
		}
		if d := cmp.Diff(c.bundle, got); d != "" {
			t.Errorf("another bundle is genuine too: (-this +that)\n%s", d)
		}
	})
}
