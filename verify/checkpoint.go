package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Bounds of a checkpoint and of a proof.
const (
	MaxCheckpoint = 256 << 10 // bytes; a cosignature of ML-DSA-44 takes 3.3 kB
	maxPath       = 64        // hashes
)

// Seen is a checkpoint that counts: the log signed it, and the quorum of
// witnesses did.
type Seen struct {
	Origin    string
	Size      int64
	Root      [sha256.Size]byte
	Witnesses []WitnessSig // that make the quorum together, in the order of the signature lines
	Earliest  int64        // of their times, all within one hour, Unix seconds; 0 when the policy asks for none
}

// WitnessSig is a cosignature that counts.
type WitnessSig struct {
	Name string // of the witness in the policy
	Time int64  // when it was made, as the witness says; Unix seconds
}

// Open reads a checkpoint of the log of that origin (c2sp.org/tlog-checkpoint,
// without extension lines), and checks the signature of the log and those of
// all witnesses of the policy that signed. Lines of other keys are ignored. A
// cosignature that says no time, or one after the year 9999, does not count, and those that do count only
// together with others of the same hour ([Together]): so no fewer than a
// quorum can have a checkpoint look older or younger than that.
//
// Errors, in the order in which they are looked for: checkpoint-malformed,
// origin-wrong, log-signature-missing, log-signature-wrong,
// witness-signature-wrong, quorum-unmet; all of kind Unverified.
func (p *Policy) Open(checkpoint []byte, origin string) (Seen, error) {
	text, s, sigs, err := parseCheckpoint(checkpoint)
	if err != nil {
		return Seen{}, err
	}
	if s.Origin != origin {
		return Seen{}, refuse("origin-wrong", "the checkpoint is of the log %q, not of %s", clip(s.Origin), origin)
	}
	signed := false
	var names, times = make([]int, 0, len(sigs)), make([]int64, len(p.witnesses))
	used := map[sigKey]bool{}
	for _, sig := range sigs {
		for _, l := range p.logs {
			if l.Name() != sig.Name || l.KeyHash() != sig.ID || used[sig.key()] {
				continue
			}
			used[sig.key()] = true
			if l.Name() != origin || !l.Verify(text, sig.Bytes) {
				return Seen{}, refuse("log-signature-wrong", "the signature of the log under the checkpoint of size %d is wrong", s.Size)
			}
			signed = signed || len(sig.Bytes) == 64 // ML-DSA-44 may stand beside it, not in its place
		}
	}
	if !signed {
		return Seen{}, refuse("log-signature-missing", "the log %s has not signed the checkpoint of size %d", origin, s.Size)
	}
	for _, sig := range sigs {
		for i, v := range p.verifiers {
			if v.Name() != sig.Name || v.KeyHash() != sig.ID || used[sig.key()] {
				continue
			}
			used[sig.key()] = true
			at, ok := cosignatureTime(sig.Bytes)
			if !ok || !v.Verify(text, sig.Bytes) {
				return Seen{}, refuse("witness-signature-wrong", "the signature of the witness %s under the checkpoint of size %d is wrong", p.witnesses[i].Name, s.Size)
			}
			if p.counted[i] && at > 0 {
				times[i] = at
				names = append(names, i)
			}
		}
	}
	from, ok := p.together(times)
	if !ok {
		return Seen{}, refuse("quorum-unmet", "%d of the witnesses that count have signed the checkpoint of size %d; too few of them did within one hour", len(names), s.Size)
	}
	s.Earliest = from
	for _, i := range names {
		if within(times[i], from) {
			s.Witnesses = append(s.Witnesses, WitnessSig{p.witnesses[i].Name, times[i]})
		}
	}
	return s, nil
}

type sigKey struct {
	name string
	id   uint32
}

func (s Sig) key() sigKey { return sigKey{s.Name, s.ID} }

// parseCheckpoint takes a checkpoint apart and verifies nothing. The text is
// what the log signed.
func parseCheckpoint(b []byte) (text []byte, s Seen, sigs []Sig, err error) {
	bad := func(msg string) ([]byte, Seen, []Sig, error) {
		return nil, Seen{}, nil, refuse("checkpoint-malformed", "the checkpoint %s", msg)
	}
	if len(b) > MaxCheckpoint {
		return bad("has more than " + strconv.Itoa(MaxCheckpoint) + " bytes")
	}
	if checkText(b) != nil {
		return bad("is not UTF-8 text without control characters")
	}
	i := bytes.Index(b, []byte("\n\n"))
	if i < 0 {
		return bad("has no empty line before its signatures")
	}
	text = b[:i+1]
	lines := strings.Split(string(b[:i]), "\n")
	if len(lines) != 3 {
		return bad("must have three lines before the empty one: origin, size and root hash")
	}
	size, ok := parseCount(lines[1])
	if !ok {
		return bad("names no size of a log")
	}
	root, ok := decodeHash(lines[2])
	if !ok {
		return bad("has no SHA-256 as its root hash")
	}
	rest := b[i+2:]
	n := bytes.Count(rest, []byte("\n"))
	if n == 0 || n > MaxSigs || rest[len(rest)-1] != '\n' {
		return bad("must end with 1 to " + strconv.Itoa(MaxSigs) + " signature lines")
	}
	for line := range bytes.Lines(rest) {
		sig, ok := parseSig(string(line[:len(line)-1]))
		if !ok {
			return bad("has a line that should be a signature line and is none")
		}
		sigs = append(sigs, sig)
	}
	return text, Seen{Origin: lines[0], Size: size, Root: [sha256.Size]byte(root)}, sigs, nil
}

// parseCount reads a number as logs write sizes and indexes: decimal, no
// leading zero.
func parseCount(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n <= maxCount && strconv.FormatInt(n, 10) == s
}

// Inclusion checks that a note is an entry of the log of that origin, by a
// C2SP tlog-proof without extra data, whose checkpoint must count by the
// policy. It returns the note's index. Errors, of kind Unverified:
// proof-malformed, those of [Policy.Open], proof-wrong.
func Inclusion(tlogProof, note []byte, p *Policy, origin string) (index int64, s Seen, err error) {
	o := opener{policy: p, origin: origin}
	return o.inclusion(string(tlogProof), rfc6962.DefaultHasher.HashLeaf(note))
}

// opener opens checkpoints, the same one once.
type opener struct {
	policy *Policy
	origin string
	opened map[string]Seen
}

func (o *opener) open(checkpoint string) (Seen, error) {
	if s, ok := o.opened[checkpoint]; ok {
		return s, nil
	}
	s, err := o.policy.Open([]byte(checkpoint), o.origin)
	if err == nil {
		if o.opened == nil {
			o.opened = map[string]Seen{}
		}
		o.opened[checkpoint] = s
	}
	return s, err
}

// inclusion is Inclusion of the entry that has a leaf.
func (o *opener) inclusion(tlogProof string, leaf []byte) (int64, Seen, error) {
	index, path, checkpoint, err := parseProof(tlogProof)
	if err != nil {
		return 0, Seen{}, err
	}
	s, err := o.open(checkpoint)
	if err != nil {
		return 0, Seen{}, err
	}
	if index >= s.Size || proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(s.Size), leaf, path, s.Root[:]) != nil {
		return 0, Seen{}, refuse("proof-wrong", "the entry is not at index %d of the log that the checkpoint of size %d is of", index, s.Size)
	}
	return index, s, nil
}

// parseProof takes a tlog-proof apart (c2sp.org/tlog-proof). Extra data is
// refused: nothing signs it, and nothing here uses it.
func parseProof(s string) (index int64, path [][]byte, checkpoint string, err error) {
	bad := func(msg string) (int64, [][]byte, string, error) {
		return 0, nil, "", refuse("proof-malformed", "the proof of inclusion %s", msg)
	}
	s, ok := strings.CutPrefix(s, "c2sp.org/tlog-proof@v1\nindex ")
	if !ok {
		return bad("does not begin with the lines c2sp.org/tlog-proof@v1 and index")
	}
	n, s, _ := strings.Cut(s, "\n")
	if index, ok = parseCount(n); !ok {
		return bad("names no index of a log")
	}
	for {
		line, rest, ok := strings.Cut(s, "\n")
		s = rest
		if !ok || len(path) > maxPath {
			return bad("has no empty line after at most " + strconv.Itoa(maxPath) + " hashes")
		}
		if line == "" {
			return index, path, s, nil
		}
		h, ok := decodeHash(line)
		if !ok {
			return bad("has a line that should be a SHA-256 in base64 and is none")
		}
		path = append(path, h)
	}
}

// decodeHash reads a SHA-256 in base64 (RFC 4648, 4), in its one form.
func decodeHash(s string) ([]byte, bool) {
	if len(s) != base64.StdEncoding.EncodedLen(sha256.Size) {
		return nil, false // the decoder would pass over line feeds
	}
	h, err := base64.StdEncoding.Strict().DecodeString(s)
	return h, err == nil && len(h) == sha256.Size
}
