package attestation

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Round is what is attested of one prefix of the log: the status lists, the
// snapshot, and the tree of states, all as of one time.
type Round struct {
	Registry *verify.Registry // of all entries before the status.published to be
	Lists    [][]byte         // secured, in the order of [verify.StatusBody.Lists]
	Snapshot []byte           // the index of the registry, plain; see [Compress] and [SnapshotName]

	lists  []verify.List
	states *verify.Tree
}

// NewRound renders a registry. Its time is that of the status.published that
// is to follow, in whole seconds. The issuer signs each list once.
func NewRound(reg *verify.Registry, i Issuer) (*Round, error) {
	r := &Round{Registry: reg, states: verify.StatesOf(Records(reg)), lists: StatusLists(reg)}
	for _, l := range r.lists {
		b, err := i.List(l)
		if err != nil {
			return nil, err
		}
		r.Lists = append(r.Lists, b)
	}
	var err error
	r.Snapshot, err = reg.Index().Marshal()
	return r, err
}

// Records gives the states of all marks that were ever granted, by slot.
func Records(reg *verify.Registry) []verify.StateRecord {
	out := make([]verify.StateRecord, len(reg.Marks))
	for i := range reg.Marks {
		out[i] = reg.Marks[i].Record()
	}
	return out
}

// StatusLists gives all status lists of a registry as of its time, not signed:
// by id, revocation before suspension.
func StatusLists(reg *verify.Registry) []verify.List {
	var out []verify.List
	for _, id := range verify.ListIDs(int64(len(reg.Marks))) {
		for _, p := range verify.Purposes() {
			out = append(out, verify.List{Domain: reg.Domain, ID: id, Purpose: p, Bits: verify.StatusBits(reg.Marks, id, p), From: reg.AsOf})
		}
	}
	return out
}

// Body is the body of the status.published that tells of the round. Its time
// must be that of the registry.
func (r *Round) Body() verify.StatusBody {
	root := r.states.Root()
	b := verify.StatusBody{Covers: r.Registry.Size, Keyring: r.Registry.Keyring.Leaf, Marks: int64(len(r.Registry.Marks)),
		Snapshot: digest(r.Snapshot), States: iotmark.Digest(hex.EncodeToString(root[:]))}
	for _, l := range r.lists {
		b.Lists = append(b.Lists, verify.ListHash{ID: l.ID, Purpose: l.Purpose, SHA256: digest(l.Bits)})
	}
	return b
}

// SnapshotName is the file name of the compressed snapshot of a registry.
func SnapshotName(reg *verify.Registry) string { return fmt.Sprintf("registry-%d.json.gz", reg.Size) }

// Finder gives the entry at an index of the log with its C2SP tlog-proof:
// where birth is true by the first checkpoint that had it, else by the newest
// one, so that as many proofs as possible share one checkpoint.
type Finder func(index int64, birth bool) (entry, proof []byte, err error)

// Bundle puts together all that the offline verification of a mark of the
// round needs. The status.published of the round is at the index status. Trust
// is that of those who will verify: where its root did not sign the keyring in
// force, the keyrings between go along.
func (r *Round) Bundle(m *verify.Mark, t *verify.Trust, i Issuer, status int64, find Finder) (*verify.Bundle, error) {
	if m.TermsInForce == nil {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "mark-not-granted", Msg: "there is no bundle of a mark that was not granted"}
	}
	credential, err := i.Credential(Attested(r.Registry, m))
	if err != nil {
		return nil, err
	}
	b := &verify.Bundle{Credential: credential, State: verify.ProveState(r.states, m.Record()), V: verify.BundleVersion}
	for j, l := range r.lists {
		if l.ID == verify.ListID(m.Slot) {
			b.Lists = append(b.Lists, r.Lists[j])
		}
	}
	get := func(index int64, birth bool) (*verify.Signed, verify.Proven, error) {
		entry, proof, err := find(index, birth)
		if err != nil {
			return nil, verify.Proven{}, fmt.Errorf("entry %d: %w", index, err)
		}
		s, err := verify.Parse(r.Registry.Domain, entry)
		return s, verify.Proven{Entry: string(entry), Proof: string(proof)}, err
	}
	grant, grantProof, err := get(m.GrantIndex, true)
	if err != nil {
		return nil, err
	}
	decisions, entries := []*verify.Signed{grant}, []verify.Proven{grantProof}
	if m.Terms != m.Grant {
		s, p, err := get(m.TermsIndex, false)
		if err != nil {
			return nil, err
		}
		decisions, entries = append(decisions, s), append(entries, p)
	}
	orgs := evaluators(r.Registry, decisions)
	if b.Entries, err = chain(r.Registry, t, append([]int64{m.GrantIndex, m.TermsIndex}, orgs...), get); err != nil {
		return nil, err
	}
	for _, index := range orgs {
		_, p, err := get(index, false)
		if err != nil {
			return nil, err
		}
		b.Entries = append(b.Entries, p)
	}
	_, p, err := get(status, false)
	if err != nil {
		return nil, err
	}
	b.Entries = append(append(b.Entries, entries...), p)
	return b, nil
}

// evaluators gives the indexes of org.accredited of the organisations whose
// keys signed the decisions.
func evaluators(reg *verify.Registry, decisions []*verify.Signed) (out []int64) {
	for i := range reg.Orgs {
		if o := &reg.Orgs[i]; signedBy(o.Keys, decisions) {
			out = append(out, o.Index)
		}
	}
	return out
}

func signedBy(keys []verify.KeyEntry, decisions []*verify.Signed) bool {
	for _, k := range keys {
		for _, d := range decisions {
			for _, s := range d.Sigs {
				if s.Name == k.Name {
					return true
				}
			}
		}
	}
	return false
}

// chain gives the keyrings that a bundle needs, oldest first: the one in
// force; before it those that lead to it from the root of the trust; and those
// that were in force at the indexes of the decisions, if their rules were
// others.
func chain(reg *verify.Registry, t *verify.Trust, decided []int64, get func(int64, bool) (*verify.Signed, verify.Proven, error)) ([]verify.Proven, error) {
	type ring struct {
		*verify.Signed
		proven verify.Proven
		body   *verify.KeyringBody
		keep   bool
	}
	rings := make([]ring, len(reg.Keyrings))
	for i, index := range reg.Keyrings {
		s, p, err := get(index, false)
		if err != nil {
			return nil, err
		}
		body, ok := s.Decoded().(*verify.KeyringBody)
		if !ok {
			return nil, fmt.Errorf("entry %d: %s is no keyring.set", index, s.Type)
		}
		rings[i] = ring{s, p, body, false}
	}
	// Backwards from the one in force: each is led to by the oldest one whose
	// root signed it, and that by the trust in the end.
	at := len(rings) - 1
	for at >= 0 {
		rings[at].keep = true
		if rooted(rings[at].Signed, t.Root, t.RootThreshold) {
			break
		}
		before := at - 1
		for i := range at {
			if rooted(rings[at].Signed, rings[i].body.Keys, rings[i].body.Root) {
				before = i
				break
			}
		}
		at = before
	}
	for _, index := range decided {
		for i := len(rings) - 1; i >= 0; i-- {
			if reg.Keyrings[i] < index {
				if !sameRules(rings[i].body, rings[len(rings)-1].body) {
					rings[i].keep = true
				}
				break
			}
		}
	}
	var out []verify.Proven
	for _, r := range rings {
		if r.keep {
			out = append(out, r.proven)
		}
	}
	return out, nil
}

// rooted reports whether as many people with a root key as the threshold asks
// for have signed, going by the names of their keys.
func rooted(s *verify.Signed, keys []verify.KeyEntry, threshold int) bool {
	persons := map[string]bool{}
	for _, k := range keys {
		if k.Role == verify.Root && k.Until == nil && signedBy([]verify.KeyEntry{k}, []*verify.Signed{s}) {
			persons[k.Person] = true
		}
	}
	return len(persons) >= threshold
}

func sameRules(a, b *verify.KeyringBody) bool {
	for _, t := range []verify.Type{verify.MarkGranted, verify.MarkRenewed, verify.MarkAmended, verify.OrgAccredited, verify.StatusPublished} {
		x, y := a.Rules[t], b.Rules[t]
		if x.String() != y.String() {
			return false
		}
	}
	return true
}

// Compress packs a rendering for serving. The hash in the log is that of the
// plain bytes, because two versions of a compressor give two files.
func Compress(b []byte) ([]byte, error) {
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	return z.Bytes(), err
}
