package verify

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Line is the record as it is hashed into the tree of states: canonical JSON,
// without a line feed.
func (r StateRecord) Line() []byte { return mustEncode(r) }

// StatesOf gives the tree of states over the records of all slots in use, in
// the order of their slots. Its root is in status.published.
func StatesOf(records []StateRecord) *Tree {
	return NewTree(len(records), func(i int) []byte { return records[i].Line() })
}

// ProveState gives the way from a record to the root of the tree of states.
func ProveState(states *Tree, r StateRecord) StateProof {
	p := StateProof{Path: []string{}, Record: r, Size: int64(states.size)}
	for _, h := range states.Path(r.Slot) {
		p.Path = append(p.Path, base64.StdEncoding.EncodeToString(h[:]))
	}
	return p
}

// Holds reports whether the record is in the tree of that root.
func (p StateProof) Holds(root [sha256.Size]byte) bool {
	if p.Record.Slot < 0 || p.Record.Slot >= p.Size || len(p.Path) > maxPath {
		return false
	}
	path := make([][]byte, len(p.Path))
	for i, s := range p.Path {
		h, ok := decodeHash(s)
		if !ok {
			return false
		}
		path[i] = h
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(p.Record.Line())
	return proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(p.Record.Slot), uint64(p.Size), leaf, path, root[:]) == nil
}

// Record is the record of a mark that was granted.
func (m *Mark) Record() StateRecord {
	return StateRecord{Code: m.Code, Grant: m.Grant, Slot: m.Slot, State: m.State, Terms: m.Terms}
}
