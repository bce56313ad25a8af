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

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark"
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
	maxCheckpoint = 64 << 10               // bytes of one checkpoint; with twenty witnesses it has 3 KB
	checkpointAt  = "checkpoint"           // in the folder of a log
	birthsAt      = "births"               // in the folder of a log
	maxSize       = 1 << 48                // entries; more is a lie, and sums of it would not fit
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

// openHead reads a checkpoint and verifies the log's signature. Its origin
// must be the name of the key.
func openHead(b []byte, key note.Verifier) (Head, error) {
	if len(b) > maxCheckpoint {
		return Head{}, unverified("checkpoint-malformed", "the checkpoint has more than %d bytes", maxCheckpoint)
	}
	n, err := note.Open(b, note.VerifierList(key))
	if err != nil {
		if first, _, _ := strings.Cut(string(b), "\n"); first != key.Name() && len(first) < 300 {
			return Head{}, unverified("origin-wrong", "the checkpoint is of the log %q, not of %q", first, key.Name())
		}
		return Head{}, &iotmark.Error{Kind: iotmark.Unverified, ID: "log-signature-wrong", Err: err,
			Msg: fmt.Sprintf("the checkpoint is not signed by the key of %s", key.Name())}
	}
	var c log.Checkpoint
	rest, err := c.Unmarshal([]byte(n.Text))
	if err != nil || len(c.Hash) != sha256.Size || len(rest) > 0 {
		return Head{}, unverified("checkpoint-malformed", "the checkpoint is not three lines of origin, size and root")
	}
	if c.Origin != key.Name() {
		return Head{}, unverified("origin-wrong", "the checkpoint is of the log %q, not of %q", c.Origin, key.Name())
	}
	if c.Size > maxSize {
		return Head{}, unverified("checkpoint-malformed", "the checkpoint tells %d entries", c.Size)
	}
	h := Head{Size: int64(c.Size), Root: tlog.Hash(c.Hash), Note: b}
	if string(checkpointText(c.Origin, h.Size, h.Root)) != n.Text {
		return Head{}, unverified("checkpoint-malformed", "the checkpoint is not written in its one form")
	}
	return h, nil
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
