package verify

import (
	"crypto/sha256"
	"math/bits"
	"slices"

	"github.com/transparency-dev/merkle/rfc6962"
)

// Tree is a Merkle tree (RFC 6962, 2.1) that is held in memory.
type Tree struct {
	levels [][][sha256.Size]byte // complete subtrees of 2^i leaves
	size   int
}

// NewTree makes the tree over some texts. It keeps two hashes for each.
func NewTree(n int, leaf func(i int) []byte) *Tree {
	t := &Tree{size: n}
	if n == 0 {
		return t
	}
	row := make([][sha256.Size]byte, n)
	for i := range row {
		row[i] = [sha256.Size]byte(rfc6962.DefaultHasher.HashLeaf(leaf(i)))
	}
	for t.levels = append(t.levels, row); len(row) > 1; t.levels = append(t.levels, row) {
		up := make([][sha256.Size]byte, len(row)/2)
		for i := range up {
			up[i] = children(row[2*i], row[2*i+1])
		}
		row = up
	}
	return t
}

func children(l, r [sha256.Size]byte) [sha256.Size]byte {
	return [sha256.Size]byte(rfc6962.DefaultHasher.HashChildren(l[:], r[:]))
}

// node is the hash over n leaves from lo, a place where the tree divides.
func (t *Tree) node(lo, n int) [sha256.Size]byte {
	if n&(n-1) == 0 {
		return t.levels[bits.Len(uint(n))-1][lo/n]
	}
	k := split(n)
	return children(t.node(lo, k), t.node(lo+k, n-k))
}

// split is the largest power of two below n.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// Root is the hash over all of it.
func (t *Tree) Root() [sha256.Size]byte {
	if t.size == 0 {
		return [sha256.Size]byte(rfc6962.DefaultHasher.EmptyRoot())
	}
	return t.node(0, t.size)
}

// Path gives the hashes from a leaf up to the root (RFC 6962, 2.1.1), nil if
// there is no such leaf.
func (t *Tree) Path(index int64) [][sha256.Size]byte {
	if index < 0 || index >= int64(t.size) {
		return nil
	}
	m, lo, n := int(index), 0, t.size
	var path [][sha256.Size]byte
	for n > 1 {
		k := split(n)
		if m < k {
			path = append(path, t.node(lo+k, n-k))
			n = k
		} else {
			path = append(path, t.node(lo, k))
			m, lo, n = m-k, lo+k, n-k
		}
	}
	slices.Reverse(path)
	return path
}
