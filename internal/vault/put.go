package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"filippo.io/age"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// Put is what is said of a piece of evidence that is handed in.
type Put struct {
	By       string             // the person who hands it in
	Case     string             // that it belongs to; "" when Bind is to follow
	Class    iotmark.Visibility // must be said: an empty one is refused and not taken as public
	Name     string             // in the case
	Type     string             // media type that was said; "" when none was, and the name may say one
	Personal bool               // it holds personal data, and may have to be erased
	Want     iotmark.Digest     // that the bytes must have; "" when none was announced
	Size     int64              // that the bytes must have; 0 when none was announced
	// Then does more in the transaction that makes the piece one, such as the
	// act that hands it in. It may run twice. When it fails, nothing is kept.
	Then func(tx *store.Tx, p Piece) error
}

func (in Put) check(most int64, bytes bool) error {
	if err := checkTexts("the person", in.By); err != nil {
		return err
	}
	if in.Case != "" {
		if err := checkTexts("the case", in.Case, "the name of the evidence", in.Name); err != nil {
			return err
		}
	}
	if err := errors.Join(checkText("the name of the evidence", in.Name, false), checkText("the media type", in.Type, false)); err != nil {
		return err
	}
	switch in.Class {
	case iotmark.Public, iotmark.Restricted, iotmark.Secret:
	default:
		return invalid("vault-class", "evidence is public, restricted or secret, and not %.40q; nothing is taken as public that does not say so", string(in.Class))
	}
	if in.Want != "" {
		if err := checkDigest(in.Want); err != nil {
			return err
		}
	}
	switch {
	case in.Size < 0:
		return invalid("vault-length", "a file cannot have %d bytes; give the size, or 0 when it is not known", in.Size)
	case in.Size > most && bytes:
		return tooLarge(in.Size, most)
	case !bytes && in.Class != iotmark.Secret:
		return invalid("vault-bytes", "only secret evidence is named by its hash alone; hand in the file")
	case !bytes && in.Want == "":
		return invalid("vault-digest", "secret evidence without its bytes is named by its SHA-256")
	}
	return nil
}

func tooLarge(size, most int64) error {
	msg := "the file has more than the " + evidence.Bytes(most) + " that one piece of evidence may have"
	if size > 0 {
		msg = "the file has " + evidence.Bytes(size) + "; one piece of evidence may have " + evidence.Bytes(most)
	}
	return invalid("vault-too-large", "%s; split it, or leave out what is not part of the product. Nothing of it was kept", msg)
}

// Put takes a piece of evidence in: it encrypts while it reads, in memory that
// does not grow with the size, and keeps the piece only when all of it came
// and is what was announced. The same bytes are kept once, and Piece.Again
// says that they were here before; handed in again with a stricter class or as
// personal data, they become so. Of secret evidence only hash and size are
// kept; r may be nil then, and Want and Size say them.
//
// Errors: vault-text, vault-class, vault-digest, vault-bytes; vault-hash,
// vault-truncated, vault-length, vault-too-large, vault-input of the bytes;
// vault-erased; vault-full, vault-read-only, vault-unreachable, vault-failing
// of the place; vault-late; those of the database, of r, and of Then. After
// any of them nothing was kept, but after one of the database it may have been.
func (v *Vault) Put(ctx context.Context, in Put, r io.Reader) (Piece, error) {
	if err := in.check(v.max, r != nil); err != nil {
		return Piece{}, err
	}
	n := row{Piece: Piece{Digest: in.Want, Size: in.Size, Class: in.Class, State: Withheld, Name: in.Name, Declared: declaredType(in.Type, in.Name), Personal: in.Personal}}
	if in.Class == iotmark.Secret {
		if r != nil {
			in := newInflow(in, v.max)
			if err := in.copy(ctx, io.Discard, r); err != nil {
				return Piece{}, err
			}
			n.Digest, n.Size = in.digest(), in.size
		}
		return v.keep(ctx, in, n)
	}
	if err := v.present(ctx); err != nil {
		return Piece{}, err
	}
	n.object = newObject()
	if err := v.expect(ctx, n.object); err != nil {
		return Piece{}, err
	}
	p, err := v.take(ctx, in, n, r)
	if err != nil || p.Again {
		// Whatever became of it: what is loose goes, what is a piece stays.
		// The caller may have given up; this must not.
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer stop()
		if e := v.discard(ctx, n.object); e != nil && err == nil {
			return p, nil // Sweep takes it away
		}
	}
	return p, err
}

func (v *Vault) take(ctx context.Context, in Put, n row, r io.Reader) (Piece, error) {
	own, err := age.GenerateX25519Identity()
	if err != nil {
		return Piece{}, err
	}
	o, err := v.bucket.create(ctx, n.object)
	if err != nil {
		return Piece{}, err
	}
	defer o.abort()
	enc, err := age.Encrypt(o, own.Recipient())
	if err != nil {
		return Piece{}, err
	}
	flow := newInflow(in, v.max)
	if err := flow.copy(ctx, enc, r); err != nil {
		return Piece{}, err
	}
	if err := enc.Close(); err != nil {
		return Piece{}, err
	}
	if err := o.commit(); err != nil {
		return Piece{}, err
	}
	n.Digest, n.Size, n.Type, n.State = flow.digest(), flow.size, sniff(flow.head), Held
	if n.wrapped, n.wrappedFor, err = v.keys.wrap(n.Digest, own); err != nil {
		return Piece{}, err
	}
	return v.keep(ctx, in, n)
}

// inflow measures bytes that come in, and holds them against what was said.
type inflow struct {
	Put
	most int64
	sum  interface {
		io.Writer
		Sum([]byte) []byte
	}
	size int64
	head []byte // the first, for sniffing
}

func newInflow(in Put, most int64) *inflow { return &inflow{Put: in, most: most, sum: sha256.New()} }

func (f *inflow) digest() iotmark.Digest { return iotmark.Digest(hex.EncodeToString(f.sum.Sum(nil))) }

func (f *inflow) copy(ctx context.Context, w io.Writer, r io.Reader) error {
	buf := make([]byte, 64<<10)
	for idle := 0; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		k, err := r.Read(buf)
		b := buf[:k]
		f.size += int64(k)
		switch {
		case f.size > f.most:
			return tooLarge(0, f.most)
		case f.Size > 0 && f.size > f.Size:
			return invalid("vault-length", "more bytes came than the %d that were announced; see that the file did not change while it was sent. Nothing of it was kept", f.Size)
		}
		f.head = append(f.head, b[:min(len(b), sniffed-len(f.head))]...)
		f.sum.Write(b)
		if _, err := w.Write(b); err != nil {
			return err
		}
		if k > 0 {
			idle = 0
		} else if idle++; idle > 100 && err == nil {
			err = io.ErrNoProgress
		}
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF && f.size < f.Size:
			return f.truncated()
		case err == io.EOF && f.Want != "" && f.Want != f.digest():
			return invalid("vault-hash", "the file is another than the one that was announced: its SHA-256 begins with %s and not with %s. Announce the file that is sent, or send the one that was announced; nothing of it was kept", f.digest().Short(), f.Want.Short())
		case err == io.EOF:
			return nil
		}
		if _, ok := errors.AsType[*iotmark.Error](err); ok || ctx.Err() != nil {
			return err
		}
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "vault-input", Msg: "the file could not be read to its end; send it again, nothing of it was kept", Err: err}
	}
}

func (f *inflow) truncated() error {
	if f.Size > 0 {
		return invalid("vault-truncated", "the file was cut short: %d of %d bytes came. Send it again, nothing of it was kept", f.size, f.Size)
	}
	return invalid("vault-truncated", "the file was cut short after %d bytes. Send it again, nothing of it was kept", f.size)
}

// expect says that an object is on its way in, before its first byte is
// written: so whatever happens, no object is there that nobody knows of.
func (v *Vault) expect(ctx context.Context, object string) error {
	return v.db.Do(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO vault_loose (object, since, leaving) VALUES ($1, $2, $3)", object, stamp(v.now()), false)
		return err
	})
}

// loosen says that an object is on its way out.
func loosen(ctx context.Context, tx *store.Tx, object string, now time.Time) error {
	_, err := tx.Exec(ctx, "INSERT INTO vault_loose (object, since, leaving) VALUES ($1, $2, $3) ON CONFLICT (object) DO UPDATE SET leaving = excluded.leaving", object, stamp(now), true)
	return err
}

// keep makes the piece one: from here on it is there, with its case.
func (v *Vault) keep(ctx context.Context, in Put, n row) (p Piece, err error) {
	err = v.db.Do(ctx, func(tx *store.Tx) error {
		if n.object != "" {
			k, err := tx.Exec(ctx, "DELETE FROM vault_loose WHERE object = $1 AND leaving = $2", n.object, false)
			if err != nil {
				return err
			}
			if k != 1 {
				return &iotmark.Error{Kind: iotmark.Unavailable, ID: "vault-late", Msg: "the file took too long to come in and was given up; send it again"}
			}
		}
		r, again, err := v.merge(ctx, tx, in.By, n)
		if err != nil {
			return err
		}
		p = r.Piece
		p.Name, p.Declared, p.Class, p.Again = in.Name, n.Declared, in.Class, again
		if in.Case != "" {
			if err := v.bind(ctx, tx, in.By, in.Case, p, in.Name, in.Type); err != nil {
				return err
			}
		}
		if in.Then != nil {
			return in.Then(tx, p)
		}
		return nil
	})
	if err != nil {
		return Piece{}, err
	}
	return p, nil
}

// strict orders the classes.
var strict = map[iotmark.Visibility]int{iotmark.Public: 1, iotmark.Restricted: 2, iotmark.Secret: 3}

// merge writes the row of a new piece, or what is new to one that is there.
func (v *Vault) merge(ctx context.Context, tx *store.Tx, by string, n row) (row, bool, error) {
	now := v.now()
	k, err := tx.Exec(ctx, `INSERT INTO vault_piece (digest, size, class, type, state, object, wrapped, wrapped_for, personal, added, added_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (digest) DO NOTHING`,
		n.Digest, n.Size, n.Class, n.Type, n.State, n.object, n.wrapped, n.wrappedFor, n.Personal, stamp(now), by)
	if err != nil {
		return n, false, err
	}
	old, err := load(ctx, tx, n.Digest)
	if err != nil || k == 1 {
		return old, false, err
	}
	switch {
	case old.State == Erased:
		return old, true, erased(old.Piece)
	case n.State == Withheld: // hash and size are known already; this case has no bytes, another may
		return old, true, nil
	case old.State == Held:
		if err := loosen(ctx, tx, n.object, now); err != nil {
			return old, true, err
		}
		if strict[n.Class] < strict[old.Class] {
			n.Class = old.Class
		}
		_, err = tx.Exec(ctx, "UPDATE vault_piece SET class = $2, personal = $3 WHERE digest = $1", n.Digest, n.Class, old.Personal || n.Personal)
	default: // the bytes come now, or come back
		_, err = tx.Exec(ctx, `UPDATE vault_piece SET size = $2, class = $3, type = $4, state = $5, object = $6, wrapped = $7, wrapped_for = $8, personal = $9,
			until = '', ended = '', ended_by = '', ended_why = '' WHERE digest = $1`,
			n.Digest, n.Size, n.Class, n.Type, n.State, n.object, n.wrapped, n.wrappedFor, old.Personal || n.Personal)
	}
	if err != nil {
		return old, true, err
	}
	old, err = load(ctx, tx, n.Digest)
	return old, old.object != n.object, err
}

// discard takes an object away that is no piece, and its loose row last: what
// fails in between is done again by Sweep.
func (v *Vault) discard(ctx context.Context, object string) error {
	err := v.db.Do(ctx, func(tx *store.Tx) error { // whoever still writes to it cannot make it a piece any more
		_, err := tx.Exec(ctx, "UPDATE vault_loose SET leaving = $2 WHERE object = $1", object, true)
		return err
	})
	if err != nil {
		return err
	}
	return v.clear(ctx, object)
}

// clear takes an object away that is on its way out.
func (v *Vault) clear(ctx context.Context, object string) error {
	out := false
	err := v.db.View(ctx, func(tx *store.Tx) error {
		ok, err := tx.Row(ctx, []any{new(string)}, "SELECT object FROM vault_loose WHERE object = $1 AND leaving = $2", object, true)
		out = ok
		return err
	})
	if err != nil || !out {
		return err
	}
	if err := v.bucket.remove(ctx, object); err != nil {
		return err
	}
	return v.db.Do(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM vault_loose WHERE object = $1 AND leaving = $2", object, true)
		return err
	})
}
