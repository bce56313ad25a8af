// Package verifytest makes logs of a whole scheme for tests: root keys,
// committee, operator, issuer, assessors and makers with real Ed25519 keys,
// and entries of every type with real signatures. It is the same in every
// byte each time: keys and ids come from hashes of their names, time from a
// clock that it moves itself.
//
// It refuses to think: an entry is appended as it is asked for, right or
// wrong, and replay has to tell. It is for tests only.
package verifytest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// TB is what is used of a test.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Opts choose what differs from scheme to scheme. The zero value is a scheme
// of mark.example that starts on 5 January 2026, each entry witnessed five
// seconds after the time it claims.
type Opts struct {
	Domain      string         // of the scheme
	Start       time.Time      // of the clock
	Catalogue   iotmark.Digest // of the edition in force; empty: one that is made up
	Step        time.Duration  // by which the clock moves after each entry; a minute
	Unwitnessed bool           // no checkpoint was signed by a witness
	Bare        bool           // append nothing yet: no log.opened, keyring.set, edition or parties
	Witnesses   int            // in the policy of the trust; all must have signed
}

// Key is a key with its private half.
type Key struct {
	verify.KeyEntry
	Private ed25519.PrivateKey
	As      *Key // signs in its place, under its name and key id: wrongly
}

// Public is the public half.
func (k Key) Public() ed25519.PublicKey { return k.Private.Public().(ed25519.PublicKey) }

// SignBytes signs a message.
func (k Key) SignBytes(message []byte) ([]byte, error) { return ed25519.Sign(k.Private, message), nil }

// Sign gives the key's signature line over a text.
func (k Key) Sign(text []byte) verify.Sig {
	by := k.Private
	if k.As != nil {
		by = k.As.Private
	}
	return verify.Sig{Name: k.Name, ID: verify.NoteKeyID(k.Name, k.Public()), Bytes: ed25519.Sign(by, text)}
}

// NewKey makes the key that belongs to a name.
func NewKey(name, org, person string, role verify.Role) Key {
	seed := sha256.Sum256([]byte("verifytest " + name))
	priv := ed25519.NewKeyFromSeed(seed[:])
	return Key{Private: priv, KeyEntry: verify.KeyEntry{Name: name, Org: org, Person: person, Role: role,
		Key: verify.PublicLine(priv.Public().(ed25519.PublicKey))}}
}

// Entries gives the keys without their private halves, by name.
func Entries(keys ...Key) []verify.KeyEntry {
	out := make([]verify.KeyEntry, len(keys))
	for i, k := range keys {
		out[i] = k.KeyEntry
	}
	slices.SortFunc(out, func(a, b verify.KeyEntry) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Org is an assessor's or a researcher's organisation.
type Org struct {
	Body verify.OrgBody
	Keys []Key
}

// Maker is a maker.
type Maker struct {
	Body verify.MakerBody
	Keys []Key
}

// At is where an entry stands.
type At struct {
	Index int64
	Leaf  iotmark.Digest
	ID    string
	Time  time.Time
}

// Scheme is a scheme with its log so far.
type Scheme struct {
	T       TB
	Opts    Opts
	Origin  string
	Trust   *verify.Trust
	Log     ed25519.PrivateKey // signs checkpoints under the name Origin
	Witness []Key              // of the policy of the trust

	Root      []Key // five, of five persons and three organisations; three must sign
	Committee []Key // five, of five persons; organisations 0, 1, 2, 0, 1
	Operator  Key
	Issuer    Key
	Sealer    Key
	Orgs      []Org   // 0 and 1 assess everything, 2 is a researcher
	Makers    []Maker // three

	Now     time.Time // of the next entry
	Entries [][]byte
	Births  []verify.Birth // one for each entry
	Keyring verify.KeyringBody
	Ring    iotmark.Digest // leaf of the keyring in force
	Slots   int64          // grants so far
	Edition verify.EditionBody

	// Unsigned, where it is set, is handed every draft, complete but for
	// signatures, and may take it: then nothing is signed, and the entry is
	// nil.
	Unsigned func(Draft, At) bool

	heads map[string]iotmark.Digest
	ids   uint64
	codes uint64
}

// New makes a scheme and, unless it is bare, appends what a scheme begins
// with: log.opened, keyring.set, the way to a first edition, two assessors, a
// researcher and three makers.
func New(t TB, o Opts) *Scheme {
	t.Helper()
	if o.Domain == "" {
		o.Domain = "mark.example"
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	}
	if o.Step == 0 {
		o.Step = time.Minute
	}
	s := &Scheme{T: t, Opts: o, Origin: "log." + o.Domain + "/1", Now: o.Start, heads: map[string]iotmark.Digest{}}
	names := []string{"consumers", "university", "engineers"}
	for i := range 5 {
		org := names[i%3]
		s.Root = append(s.Root, NewKey(fmt.Sprintf("%s/root/%d", o.Domain, i+1), org, fmt.Sprintf("r%d", i+1), verify.Root))
		s.Committee = append(s.Committee, NewKey(fmt.Sprintf("%s/committee/%d", o.Domain, i+1), org, fmt.Sprintf("c%d", i+1), verify.Committee))
	}
	s.Operator = NewKey(o.Domain+"/operator", "operator", "o1", verify.Operator)
	s.Issuer = NewKey(o.Domain+"/issuer", "operator", "o2", verify.Issuer)
	s.Sealer = NewKey(o.Domain+"/sealer", "operator", "o3", verify.Sealer)
	logKey := NewKey(s.Origin, "", "", "")
	s.Log = logKey.Private
	policy := "log " + vkey(logKey, 1) + "\n"
	group := fmt.Sprintf("group g %d", o.Witnesses)
	for i := range o.Witnesses {
		w := NewKey(fmt.Sprintf("witness%d.example", i+1), fmt.Sprintf("w%d", i+1), fmt.Sprintf("w%d", i+1), "")
		s.Witness = append(s.Witness, w)
		policy += fmt.Sprintf("witness w%d %s\n", i+1, vkey(w, 4))
		group += fmt.Sprintf(" w%d", i+1)
	}
	if o.Witnesses > 0 {
		policy += group + "\nquorum g\n"
	} else {
		policy += "quorum none\n"
	}
	s.Trust = &verify.Trust{Domain: o.Domain, Log: vkey(logKey, 1), Policy: policy, Root: Entries(s.Root...), RootThreshold: 3, V: 1}
	s.Keyring = verify.KeyringBody{Root: 3, Keys: Entries(slices.Concat(s.Root, s.Committee, []Key{s.Operator, s.Issuer, s.Sealer})...)}
	for i := range 2 {
		s.Orgs = append(s.Orgs, newOrg(fmt.Sprintf("lab%d", i+1), "assessor", "*"))
	}
	s.Orgs = append(s.Orgs, newOrg("researchers", "researcher", "*"))
	for i := range 3 {
		s.Makers = append(s.Makers, NewMaker(fmt.Sprintf("maker%d.example", i+1)))
	}
	if o.Catalogue == "" {
		o.Catalogue = Digest("catalogue 2026.1")
	}
	s.Edition = verify.EditionBody{Catalogue: o.Catalogue, Edition: "2026.1", From: iotmark.DateOf(o.Start), Proposal: "edition-2026-1"}
	if o.Bare {
		return s
	}
	s.Open()
	s.SetKeyring(s.Keyring)
	s.Adopt(s.Edition)
	for _, org := range s.Orgs {
		s.Accredit(org)
	}
	for _, m := range s.Makers {
		s.Register(m)
	}
	return s
}

func newOrg(id, kind, scope string) Org {
	keys := []Key{NewKey(id+".example/assessor/1", id, person("a", id+"1"), verify.Assessor), NewKey(id+".example/assessor/2", id, person("a", id+"2"), verify.Assessor)}
	return Org{Keys: keys, Body: verify.OrgBody{ID: id, Keys: Entries(keys...), Kind: kind, Name: "The " + id, Scopes: []string{scope}, Until: "2035-12-31"}}
}

// person is a pseudonym: some letters and six digits.
func person(letters, of string) string {
	h := sha256.Sum256([]byte(of))
	return fmt.Sprintf("%s%06d", letters, binary.BigEndian.Uint32(h[:])%1_000_000)
}

// NewMaker makes a maker with one key. It is not registered yet.
func NewMaker(domain string) Maker {
	k := NewKey(domain+"/maker", domain, person("m", domain), verify.Maker)
	return Maker{Keys: []Key{k}, Body: verify.MakerBody{Domain: domain, Keys: Entries(k), Name: "Maker of " + domain}}
}

// Digest is the SHA-256 of some words.
func Digest(words string) iotmark.Digest {
	return iotmark.Digest(fmt.Sprintf("%x", sha256.Sum256([]byte(words))))
}

// Document names a document that has the given words.
func Document(words string) verify.Document {
	return verify.Document{SHA256: Digest(words), Size: int64(len(words))}
}

// Draft is an entry to be. What is left out is as it should be.
type Draft struct {
	Type    verify.Type
	Subject string
	Body    any
	Signers []Key
	ID      string          // a new one
	Time    time.Time       // Now
	Prev    *iotmark.Digest // the head of the subject's chain
	Seen    time.Time       // by witnesses: five seconds after Time; the start of 1970: by none
}

// chain names the chain that an entry belongs to.
func chain(t verify.Type, subject string) string {
	if t == verify.DeclarationType {
		return subject + " " + string(t)
	}
	return subject
}

// Head is the leaf of the last entry of a chain that was appended as one
// that counts.
func (s *Scheme) Head(t verify.Type, subject string) iotmark.Digest {
	return s.heads[chain(t, subject)]
}

// NewID gives an id that was not used yet.
func (s *Scheme) NewID() string {
	s.ids++
	h := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("id "), s.ids))
	return verify.NewID(s.Now, [10]byte(h[:10]))
}

// complete fills in what is left out of a draft.
func (s *Scheme) complete(d Draft) Draft {
	if d.ID == "" {
		d.ID = s.NewID()
	}
	if d.Time.IsZero() {
		d.Time = s.Now
	}
	if d.Prev == nil {
		head := s.heads[chain(d.Type, d.Subject)]
		d.Prev = &head
	}
	return d
}

// Note gives the bytes of an entry, signed.
func (s *Scheme) Note(d Draft) ([]byte, At) {
	s.T.Helper()
	d = s.complete(d)
	e, err := verify.NewEntry(d.Type, d.ID, d.Subject, d.Time.UTC().Format(time.RFC3339), *d.Prev, d.Body)
	if err != nil {
		s.T.Fatalf("%s: %v", d.Type, err)
	}
	text, err := verify.Text(s.Opts.Domain, e)
	if err != nil {
		s.T.Fatalf("%s: %v", d.Type, err)
	}
	sigs := make([]verify.Sig, len(d.Signers))
	for i, k := range d.Signers {
		sigs[i] = k.Sign(text)
	}
	n, err := verify.Seal(text, sigs...)
	if err != nil {
		s.T.Fatalf("%s: %v", d.Type, err)
	}
	return n, At{Index: int64(len(s.Entries)), Leaf: verify.LeafOf(n), ID: d.ID, Time: d.Time}
}

// Append appends an entry that is to count: the next of its chain follows it.
func (s *Scheme) Append(d Draft) At {
	s.T.Helper()
	at := s.AppendVoid(d)
	s.heads[chain(d.Type, d.Subject)] = at.Leaf
	switch d.Type {
	case verify.MarkGranted:
		s.Slots++
	case verify.KeyringSet:
		s.Ring = at.Leaf
	}
	return at
}

// AppendVoid appends an entry that is not to count.
func (s *Scheme) AppendVoid(d Draft) At {
	s.T.Helper()
	var n []byte
	var at At
	if s.Unsigned != nil {
		d = s.complete(d)
		at = At{Index: int64(len(s.Entries)), Leaf: Digest(d.ID), ID: d.ID, Time: d.Time}
	}
	if s.Unsigned == nil || !s.Unsigned(d, at) {
		n, at = s.Note(d)
	}
	seen := at.Time.Add(5 * time.Second).Unix()
	if !d.Seen.IsZero() {
		seen = d.Seen.Unix()
	}
	s.AppendBytes(n, seen)
	return at
}

// AppendBytes appends anything.
func (s *Scheme) AppendBytes(b []byte, witnessed int64) {
	if s.Opts.Unwitnessed {
		witnessed = 0
	}
	s.Entries = append(s.Entries, b)
	s.Births = append(s.Births, verify.Birth{Size: int64(len(s.Entries)), Witnessed: witnessed})
	s.Now = s.Now.Add(s.Opts.Step)
}

// Pass lets days go by.
func (s *Scheme) Pass(days int) { s.Now = s.Now.AddDate(0, 0, days) }

// Today is the day of the clock.
func (s *Scheme) Today() iotmark.Date { return iotmark.DateOf(s.Now) }

// Day is a day so many days from the clock's.
func (s *Scheme) Day(days int) iotmark.Date { return iotmark.DateOf(s.Now.AddDate(0, 0, days)) }

// SignersFor gives the keys that an entry of a type needs: of the committee,
// organisations apart while there are any, beginning with the given member;
// of assessors and makers the ones handed in.
func (s *Scheme) SignersFor(t verify.Type, of ...Key) []Key {
	rule := verify.DefaultRules()[t]
	var out []Key
	for _, role := range []verify.Role{verify.Root, verify.Committee, verify.Operator, verify.Assessor, verify.Maker} {
		n := rule.Need[role]
		switch role {
		case verify.Root:
			if n > 0 {
				n = s.Keyring.Root
			}
			out = append(out, s.Root[:n]...)
		case verify.Committee:
			out = append(out, s.Committee[:n]...)
		case verify.Operator:
			if n > 0 {
				out = append(out, s.Operator)
			}
		default:
			for _, k := range of {
				if k.Role == role && n > 0 {
					out, n = append(out, k), n-1
				}
			}
		}
	}
	return out
}

// Code makes the next code of a mark.
func (s *Scheme) Code() string {
	s.codes++
	h := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("code "), s.codes))
	return iotmark.NewCode([5]byte(h[:5]))
}

// Save gives the heads of all chains, to be restored after an entry that did
// not count after all.
func (s *Scheme) Save() map[string]iotmark.Digest { return maps.Clone(s.heads) }

// Restore sets the heads of all chains to those of before.
func (s *Scheme) Restore(heads map[string]iotmark.Digest) { s.heads = heads }
