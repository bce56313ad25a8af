package verify

import (
	"crypto/sha256"
	"encoding/base64"
	"math/bits"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Line is the record as it is hashed into the tree of states: canonical JSON,
// without a line feed.
func (r StateRecord) Line() []byte { return mustEncode(r) }

// States is the tree of states (RFC 6962, 2.1) over the records of all slots
// in use, in the order of their slots.
type States struct {
	levels [][][sha256.Size]byte // complete subtrees of 2^i records
	size   int
}

// NewStates makes the tree. It hashes each record once, and keeps two hashes
// for each.
func NewStates(records []StateRecord) *States {
	s := &States{size: len(records)}
	if len(records) == 0 {
		return s
	}
	row := make([][sha256.Size]byte, len(records))
	for i, r := range records {
		row[i] = [sha256.Size]byte(rfc6962.DefaultHasher.HashLeaf(r.Line()))
	}
	for s.levels = append(s.levels, row); len(row) > 1; s.levels = append(s.levels, row) {
		up := make([][sha256.Size]byte, len(row)/2)
		for i := range up {
			up[i] = children(row[2*i], row[2*i+1])
		}
		row = up
	}
	return s
}

func children(l, r [sha256.Size]byte) [sha256.Size]byte {
	return [sha256.Size]byte(rfc6962.DefaultHasher.HashChildren(l[:], r[:]))
}

// node is the hash over n records from lo, a place where the tree divides.
func (s *States) node(lo, n int) [sha256.Size]byte {
	if n&(n-1) == 0 {
		return s.levels[bits.Len(uint(n))-1][lo/n]
	}
	k := split(n)
	return children(s.node(lo, k), s.node(lo+k, n-k))
}

// split is the largest power of two below n.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// Root is the hash that status.published commits to.
func (s *States) Root() [sha256.Size]byte {
	if s.size == 0 {
		return [sha256.Size]byte(rfc6962.DefaultHasher.EmptyRoot())
	}
	return s.node(0, s.size)
}

// Path gives the hashes from the record at a slot up to the root (RFC 6962,
// 2.1.1), nil if the slot is not in use.
func (s *States) Path(slot int64) [][sha256.Size]byte {
	if slot < 0 || slot >= int64(s.size) {
		return nil
	}
	m, lo, n := int(slot), 0, s.size
	var path [][sha256.Size]byte
	for n > 1 {
		k := split(n)
		if m < k {
			path = append(path, s.node(lo+k, n-k))
			n = k
		} else {
			path = append(path, s.node(lo, k))
			m, lo, n = m-k, lo+k, n-k
		}
	}
	for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
		path[i], path[j] = path[j], path[i]
	}
	return path
}

// Proof is the way from the record at a slot to the root, as a bundle has it.
func (s *States) Proof(r StateRecord) StateProof {
	p := StateProof{Path: []string{}, Record: r, Size: int64(s.size)}
	for _, h := range s.Path(r.Slot) {
		p.Path = append(p.Path, base64.StdEncoding.EncodeToString(h[:]))
	}
	return p
}

// check reports whether the record is in the tree of that root.
func (p StateProof) check(root []byte) bool {
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
	return proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(p.Record.Slot), uint64(p.Size), leaf, path, root) == nil
}

// Record is the record of a mark that was granted.
func (m *Mark) Record() StateRecord {
	return StateRecord{Code: m.Code, Grant: m.Grant, Slot: m.Slot, State: m.State, Terms: m.Terms}
}
