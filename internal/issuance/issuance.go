// Package issuance says of a log what it amounts to, now: it computes the
// status of all marks from the published entries, has the operator sign it,
// puts it into the log, waits until outsiders have seen it, and writes the
// files by which a mark is verified: status lists, snapshot, credentials, DID
// document, and one bundle a mark.
//
// It refuses to write a bundle that does not verify, and to speak of entries
// that are not published. A crash leaves the files of the round before, or
// some of them new: each is whole and true by itself, and the next round
// writes all of them again.
package issuance

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/verify"
)

// Signer is a key that signs for the scheme: that of the operator, or of the
// issuer.
type Signer struct {
	Public ed25519.PublicKey
	Sign   func(message []byte) ([]byte, error) // gives the 64 bytes of RFC 8032
}

// Config says for which log a round is made, and who signs. The names of the
// keys are those in the keyring.
type Config struct {
	Log      *ledger.Posix
	Trust    *verify.Trust
	Operator Signer
	Issuer   Signer
	Now      func() time.Time
	Dir      string // where the files go; made if need be
	Progress func(done, of int64)
}

// Round is what was made.
type Round struct {
	Index int64 // of the status.published
	Leaf  iotmark.Digest
	Size  int64 // entries that it covers
	Time  time.Time
	Marks int
	Files int
}

// Make makes a round. Errors: log-unpublished when there are entries that
// nobody has seen; key-role when a key has not the role that it is used in;
// status-void when the entry would have no effect; bundle-wrong when a bundle
// does not verify; site-write when a file cannot be written; those of the log.
func Make(ctx context.Context, c Config) (*Round, error) {
	rules, err := replay(ctx, c)
	if err != nil {
		return nil, err
	}
	now := c.Now().UTC().Truncate(time.Second)
	reg := rules.Registry(now)
	operator, err := holder(reg, c.Operator.Public, verify.Operator)
	if err != nil {
		return nil, err
	}
	if _, err := holder(reg, c.Issuer.Public, verify.Issuer); err != nil {
		return nil, err
	}
	issuer := attestation.Issuer{Domain: c.Trust.Domain, Public: c.Issuer.Public, Sign: c.Issuer.Sign}
	round, err := attestation.NewRound(reg, issuer)
	if err != nil {
		return nil, err
	}
	note, err := status(c, rules, operator, round.Body(), now)
	if err != nil {
		return nil, err
	}
	if v := rules.Apply(note, 0); v != nil {
		return nil, &iotmark.Error{Kind: iotmark.Conflict, ID: "status-void", Msg: fmt.Sprintf("the status would have no effect, and was not added: %s [%s]", v.Msg, v.Reason)}
	}
	index, err := c.Log.Append(ctx, note)
	if err != nil {
		return nil, err
	}
	if int64(index) != reg.Size {
		return nil, &iotmark.Error{Kind: iotmark.Conflict, ID: "log-moved", Msg: fmt.Sprintf("the status is entry %d and speaks of %d entries: somebody else writes to the log; make another round", index, reg.Size)}
	}
	head, err := c.Log.Published(ctx, index)
	if err != nil {
		return nil, err
	}
	out := &Round{Index: int64(index), Leaf: verify.LeafOf(note), Size: reg.Size, Time: now, Marks: len(reg.Marks)}
	out.Files, err = write(ctx, c, round, issuer, out.Index, head)
	return out, err
}

// replay reads the published log from its beginning.
func replay(ctx context.Context, c Config) (*verify.Replayer, error) {
	h, err := c.Log.Head(ctx)
	if err != nil {
		return nil, err
	}
	if n := c.Log.Health().Size; n != h.Size {
		return nil, &iotmark.Error{Kind: iotmark.Conflict, ID: "log-unpublished", Msg: fmt.Sprintf("%d entries of the log are not published yet; a status speaks of published ones only", n-h.Size)}
	}
	return c.Log.Replay(ctx, h, c.Trust, func(n int64, _ []byte) {
		if c.Progress != nil && n > 0 && n%1024 == 0 {
			c.Progress(n, h.Size)
		}
	})
}

// holder finds a key in the keyring in force.
func holder(reg *verify.Registry, public ed25519.PublicKey, role verify.Role) (*verify.Key, error) {
	for _, e := range reg.Keyring.Keys {
		if e.Role != role || e.Until != nil && *e.Until <= reg.Size {
			continue
		}
		if k, err := verify.ParseKey(e); err == nil && k.Public.Equal(public) {
			return k, nil
		}
	}
	return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "key-role", Msg: fmt.Sprintf("the key that was given as %[1]s has not the role %[1]s in the keyring in force; iotmark keys show prints a key, and iotmark keys rotate adds one", role)}
}

// status writes and signs the entry.
func status(c Config, rules *verify.Replayer, operator *verify.Key, body verify.StatusBody, now time.Time) ([]byte, error) {
	var random [10]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	subject := verify.Subject(verify.OfStatus, c.Trust.Domain)
	e, err := verify.NewEntry(verify.StatusPublished, verify.NewID(now, random), subject, now.Format(time.RFC3339), rules.Head(verify.StatusPublished, subject), body)
	if err != nil {
		return nil, err
	}
	text, err := verify.Text(c.Trust.Domain, e)
	if err != nil {
		return nil, err
	}
	sig, err := c.Operator.Sign(text)
	if err != nil {
		return nil, err
	}
	return verify.Seal(text, operator.Plain(sig))
}

// write makes all files of a round.
func write(ctx context.Context, c Config, round *attestation.Round, issuer attestation.Issuer, index int64, head ledger.Head) (int, error) {
	files := 0
	put := func(name string, b []byte) error {
		files++
		if err := ledger.Replace(filepath.Join(c.Dir, filepath.FromSlash(name)), b); err != nil {
			return &iotmark.Error{Kind: iotmark.Unavailable, ID: "site-write", Err: err,
				Msg: fmt.Sprintf("%s cannot be written in %s. The status is in the log; make room or mend the folder, and make another round, which writes all files", name, c.Dir)}
		}
		return nil
	}
	did, err := attestation.DIDDocument(round.Registry)
	if err != nil {
		return files, err
	}
	snapshot, err := attestation.Compress(round.Snapshot)
	if err != nil {
		return files, err
	}
	if err := put(".well-known/did.json", did); err != nil {
		return files, err
	}
	if err := put("registry.json.gz", snapshot); err != nil {
		return files, err
	}
	for i, l := range round.Body().Lists {
		if err := put(fmt.Sprintf("status/%d-%s", l.ID, l.Purpose), round.Lists[i]); err != nil {
			return files, err
		}
	}
	find := func(index int64, birth bool) (entry, proof []byte, err error) {
		checkpoint := head.Note
		if birth {
			b, err := c.Log.Birth(ctx, index)
			if err != nil {
				return nil, nil, err
			}
			checkpoint = b.Note
		}
		if proof, err = c.Log.Proof(ctx, index, checkpoint); err != nil {
			return nil, nil, err
		}
		for e, err := range c.Log.EntriesAt(ctx, head, index, index+1) {
			return e, proof, err
		}
		return nil, nil, fmt.Errorf("entry %d is missing", index)
	}
	marks := round.Registry.Marks
	for i := range marks {
		m := &marks[i]
		b, err := round.Bundle(m, c.Trust, issuer, index, find)
		if err != nil {
			return files, err
		}
		file, err := b.Marshal()
		if err != nil {
			return files, err
		}
		if r := verify.VerifyBundle(file, c.Trust, c.Now()); r.Answer == verify.NotGenuine || r.Answer == verify.CannotCheck {
			return files, &iotmark.Error{Kind: iotmark.Unverified, ID: "bundle-wrong", Msg: fmt.Sprintf("the bundle of %s does not verify and was not written: %v", iotmark.PrintCode(m.Code), r.Failure)}
		}
		token, err := issuer.JWT(attestation.Attested(round.Registry, m))
		if err != nil {
			return files, err
		}
		for name, b := range map[string][]byte{".iotmark": file, ".vc.json": b.Credential, ".jwt": []byte(token)} {
			if err := put("m/"+m.Code+name, b); err != nil {
				return files, err
			}
		}
		if c.Progress != nil {
			c.Progress(int64(i+1), int64(len(marks)))
		}
	}
	return files, nil
}
