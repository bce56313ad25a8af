// Package ledger has the public log: an append-only list of entries as files
// of the C2SP formats (tlog-tiles, tlog-checkpoint, signed-note), the writing
// of it, publishing under the eyes of witnesses (tlog-witness, tlog-policy),
// reading from a folder or an address, proofs (tlog-proof), serving, copying,
// checking, and a witness for the logs of others.
//
// A log is a folder:
//
//	checkpoint     what is published now: size and root, signed by the log and its witnesses
//	births         every checkpoint that first had a size, oldest first, an empty line after each
//	tile/          the hashes, and in tile/entries the entries, 256 to a file
//	.state/        of the writer; not served
//
// What it refuses to do: look into entries (package verify does), publish what
// the witnesses of its policy have not seen, publish a tree that does not
// continue the one published before, hand out a byte that the checkpoint does
// not cover, or take back what was copied. What can go wrong: the disk is full
// or read-only, witnesses do not answer, a source lies; each is an
// [iotmark.Error] with a stable id, and [Health] for what goes on.
package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Log is what others need of a log that they write to.
type Log interface {
	// Append adds an entry and returns its index once it is on disk for good.
	// It is not published yet.
	Append(ctx context.Context, entry []byte) (index uint64, err error)
	// Checkpoint returns the last published checkpoint, a signed note.
	Checkpoint(ctx context.Context) ([]byte, error)
	// ReadTile returns a tile of hashes; p is its width, and 0 for 256.
	ReadTile(ctx context.Context, level, index uint64, p uint8) ([]byte, error)
	// ReadEntryBundle returns up to 256 entries; p is how many, and 0 for 256.
	ReadEntryBundle(ctx context.Context, index uint64, p uint8) ([]byte, error)
}

const (
	maxEntry      = 1<<16 - 1              // bytes; C2SP tlog-tiles
	width         = 256                    // of a tile; C2SP tlog-tiles
	height        = 8                      // of a tile
	maxTile       = width * tlog.HashSize  // bytes
	maxBundle     = width * (2 + maxEntry) // bytes
	maxCheckpoint = verify.MaxCheckpoint
	checkpointAt  = "checkpoint" // in the folder of a log
	birthsAt      = "births"     // in the folder of a log
	maxSize       = 1 << 48      // entries; more is a lie, and sums of it would not fit
)

// Head is a checkpoint whose signature by the log was verified.
type Head struct {
	Size int64
	Root tlog.Hash
	Note []byte // as published
}

// tree is the head as sumdb/tlog has it.
func (h Head) tree() tlog.Tree { return tlog.Tree{N: h.Size, Hash: h.Root} }

// bundle is how many entries are in the bundle of that index.
func (h Head) bundle(n int64) int64 { return min(width, h.Size-n*width) }

// key is the public key of a log.
type key struct {
	origin string
	alone  *verify.Policy // that asks for the log's signature and no witness
}

// parseKey reads a C2SP verifier key. Its name is the origin.
func parseKey(vkey string) (key, error) {
	vkey = strings.TrimSpace(vkey)
	p, err := verify.ParsePolicy("quorum none\n")
	if err == nil {
		p, err = p.ForLog(vkey)
	}
	if err != nil {
		return key{}, fail(iotmark.Invalid, "log-key-wrong", err, "this is no verifier key of a log; it is one line as in log.example/1+9eca1ad6+AfomAbc...")
	}
	name, _, _ := strings.Cut(vkey, "+")
	return key{name, p}, nil
}

// open reads a checkpoint and verifies the log's signature.
func (k key) open(b []byte) (Head, error) { return openHead(b, k.alone, k.origin) }

// openHead reads a checkpoint and holds a policy against it.
func openHead(b []byte, p *verify.Policy, origin string) (Head, error) {
	s, err := p.Open(b, origin)
	if err != nil {
		return Head{}, err
	}
	if s.Size > maxSize {
		return Head{}, unverified("checkpoint-malformed", "the checkpoint tells %d entries", s.Size)
	}
	return Head{Size: s.Size, Root: s.Root, Note: b}, nil
}

// checkpointText is what the log and its witnesses sign; C2SP tlog-checkpoint.
func checkpointText(origin string, size int64, root tlog.Hash) []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
}

// emptyRoot is the root of a log without entries; RFC 6962, 2.1.
var emptyRoot = tlog.Hash(sha256.Sum256(nil))

func fail(kind iotmark.Kind, id iotmark.ErrorID, err error, format string, args ...any) error {
	return &iotmark.Error{Kind: kind, ID: id, Msg: fmt.Sprintf(format, args...), Err: err}
}

func unverified(id iotmark.ErrorID, format string, args ...any) error {
	return fail(iotmark.Unverified, id, nil, format, args...)
}
