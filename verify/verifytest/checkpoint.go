package verifytest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/open-iot-mark/iotmark/verify"
)

// typed is a public key after its type: 1 of a log, 4 of a witness
// (c2sp.org/signed-note).
func typed(k Key, kind byte) []byte {
	return append([]byte{kind}, k.Private.Public().(ed25519.PublicKey)...)
}

func noteID(k Key, kind byte) []byte {
	h := sha256.Sum256(append([]byte(k.Name+"\n"), typed(k, kind)...))
	return h[:4]
}

func vkey(k Key, kind byte) string {
	return fmt.Sprintf("%s+%x+%s", k.Name, noteID(k, kind), base64.StdEncoding.EncodeToString(typed(k, kind)))
}

// Cosign gives a witness's signature line under the text of a checkpoint, with
// the time that it says (c2sp.org/tlog-cosignature).
func (k Key) Cosign(text string, at time.Time) string {
	raw := binary.BigEndian.AppendUint64(noteID(k, 4), uint64(at.Unix()))
	return line(k.Name, append(raw, ed25519.Sign(k.Private, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at.Unix(), text))...))
}

func line(name string, raw []byte) string {
	return "\u2014 " + name + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
}

// Tree is the log's Merkle tree at a size.
func (s *Scheme) Tree(size int64) *verify.Tree {
	return verify.NewTree(int(size), func(i int) []byte { return s.Entries[i] })
}

// Checkpoint gives the log's checkpoint of a size, signed by the log and by all
// witnesses: the first at the given time, each next one a second later.
func (s *Scheme) Checkpoint(size int64, at time.Time) string {
	root := s.Tree(size).Root()
	text := fmt.Sprintf("%s\n%d\n%s\n", s.Origin, size, base64.StdEncoding.EncodeToString(root[:]))
	logKey := Key{Private: s.Log, KeyEntry: verify.KeyEntry{Name: s.Origin}}
	out := text + "\n" + line(s.Origin, append(noteID(logKey, 1), ed25519.Sign(s.Log, []byte(text))...))
	for i, w := range s.Witness {
		out += w.Cosign(text, at.Add(time.Duration(i)*time.Second))
	}
	return out
}

// Proof gives the proof that the entry at an index is in the log of the size of
// that [Scheme.Checkpoint] (c2sp.org/tlog-proof).
func (s *Scheme) Proof(index, size int64, at time.Time) string {
	out := fmt.Sprintf("c2sp.org/tlog-proof@v1\nindex %d\n", index)
	for _, h := range s.Tree(size).Path(index) {
		out += base64.StdEncoding.EncodeToString(h[:]) + "\n"
	}
	return out + "\n" + s.Checkpoint(size, at)
}
