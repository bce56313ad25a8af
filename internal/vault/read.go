package vault

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"filippo.io/age"
	"gocloud.dev/gcerrors"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// Reader is who reads, in which case, and what for. All of it stands in the
// record of the reading.
type Reader struct {
	Person string
	Case   string // "" for what is public wherever it was handed in
	Why    string
}

// Record is one reading of evidence that is not public.
type Record struct {
	ID     string         `json:"id"` // drawn by chance
	Digest iotmark.Digest `json:"digest"`
	Case   string         `json:"case"`
	Person string         `json:"person"`
	Why    string         `json:"why"`
	At     time.Time      `json:"at"`
}

// Reading is a piece of evidence that is open: a reader from front to back
// that compares the digest at the end, and by Source one at any place. What
// was changed since it came in is never given out: it is the error
// vault-damaged where it stands. The plain bytes are on no disk.
type Reading struct {
	Piece  Piece
	Record string // id of its record; "" when the piece is public

	at   io.ReaderAt
	file *os.File
	seq  *bufio.Reader // some chunks at a time: the decryption makes a buffer for each call
	sum  hash.Hash
}

// Open opens a piece. Whether the person may read it was decided by the
// caller; here it is written down. Of all that is not public in every case it
// belongs to, the record is committed before the first byte is given out, and
// without a record there are no bytes.
//
// Errors: vault-digest, vault-text; vault-unknown, vault-not-in-case;
// vault-secret, vault-erased, vault-expired; vault-missing, vault-damaged,
// vault-key-missing; those of the place and of the database.
func (v *Vault) Open(ctx context.Context, by Reader, d iotmark.Digest) (*Reading, error) {
	r, record, err := v.admit(ctx, by, d)
	if err != nil {
		return nil, err
	}
	out, err := v.open(ctx, r)
	if err != nil {
		return nil, err
	}
	out.Record = record
	return out, nil
}

// admit finds the piece in the case and writes the record.
func (v *Vault) admit(ctx context.Context, by Reader, d iotmark.Digest) (r row, record string, err error) {
	id := rand.Text()
	look := func(tx *store.Tx) error {
		record = ""
		if r, err = load(ctx, tx, d); err != nil {
			return err
		}
		if by.Case != "" {
			in, err := tx.Row(ctx, []any{&r.Name, &r.Declared, &r.Class}, `SELECT name, declared, class FROM vault_binding
				WHERE case_id = $1 AND digest = $2 ORDER BY CASE class WHEN 'secret' THEN 1 WHEN 'restricted' THEN 2 ELSE 3 END, name`, by.Case, d)
			if err != nil {
				return err
			}
			if !in {
				return &iotmark.Error{Kind: iotmark.NotFound, ID: "vault-not-in-case", Msg: fmt.Sprintf("the evidence %s does not belong to the case %.40q; name the case that it was handed in for", d.Short(), by.Case)}
			}
		}
		if err := r.readable(); err != nil {
			return err
		}
		open, err := allPublic(ctx, tx, r)
		if err != nil || open {
			return err
		}
		if err := checkTexts("the person who reads", by.Person, "the case", by.Case, "the reason for reading", by.Why); err != nil {
			return err
		}
		record = id
		return nil
	}
	if err := v.db.View(ctx, look); err != nil || record == "" { // what is public holds no writer up
		return r, "", err
	}
	err = v.db.Do(ctx, func(tx *store.Tx) error {
		if err := look(tx); err != nil || record == "" {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO vault_reading (id, digest, case_id, person, why, at) VALUES ($1, $2, $3, $4, $5, $6)",
			record, d, by.Case, by.Person, by.Why, stamp(v.now()))
		return err
	})
	return r, record, err
}

// allPublic reports whether the piece was handed in as public, and as nothing
// else, ever.
func allPublic(ctx context.Context, tx *store.Tx, r row) (bool, error) {
	var class iotmark.Visibility
	if _, err := tx.Row(ctx, []any{&class}, "SELECT class FROM vault_piece WHERE digest = $1", r.Digest); err != nil || class != iotmark.Public {
		return false, err
	}
	other, err := tx.Row(ctx, []any{new(string)}, "SELECT class FROM vault_binding WHERE digest = $1 AND class <> $2", r.Digest, iotmark.Public)
	return !other, err
}

func (r row) readable() error {
	switch {
	case r.Class == iotmark.Secret || r.State == Withheld:
		return &iotmark.Error{Kind: iotmark.Forbidden, ID: "vault-secret", Msg: fmt.Sprintf("the evidence %s is secret: only its hash and size are here, ask the maker for it", r.Digest.Short())}
	case r.State == Erased:
		return conflict("vault-erased", "the evidence %s was erased on %s: %s", r.Digest.Short(), r.Ended.Format(time.DateOnly), r.EndedWhy)
	case r.State == Expired:
		return conflict("vault-expired", "the evidence %s was kept until %s and is no longer here", r.Digest.Short(), r.Until)
	}
	return nil
}

// open opens the object of a piece that is held.
func (v *Vault) open(ctx context.Context, r row) (*Reading, error) {
	own, err := v.keys.unwrap(r.Digest, r.wrapped, r.wrappedFor)
	if errors.Is(err, errWrapped) {
		return nil, changed(r.Digest, err)
	}
	if err != nil {
		return nil, err
	}
	f, size, err := v.bucket.at(ctx, r.object)
	if err != nil {
		if gcerrors.Code(err) == gcerrors.NotFound || errors.Is(err, os.ErrNotExist) {
			if err := v.present(ctx); err != nil {
				return nil, err
			}
			return nil, &iotmark.Error{Kind: iotmark.Unavailable, ID: "vault-missing", Msg: fmt.Sprintf("the bytes of the evidence %s are not in the store; put back the object %s from a backup", r.Digest.Short(), r.object)}
		}
		return nil, v.bucket.tell(err)
	}
	at, plain, err := age.DecryptReaderAt(f, size, own)
	if err == nil && plain != r.Size {
		err = fmt.Errorf("%d bytes instead of %d", plain, r.Size)
	}
	if err != nil {
		f.Close()
		return nil, v.broken(r.Digest, err)
	}
	out := &Reading{Piece: r.Piece, file: f, sum: sha256.New()}
	out.at = checked{at, func(err error) error { return v.broken(r.Digest, err) }}
	out.seq = bufio.NewReaderSize(io.NewSectionReader(out.at, 0, r.Size), 256<<10)
	return out, nil
}

// broken tells a disk that fails from bytes that were changed.
func (v *Vault) broken(d iotmark.Digest, err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return v.bucket.tell(p)
	}
	return changed(d, err)
}

func changed(d iotmark.Digest, err error) error {
	return &iotmark.Error{Kind: iotmark.Unverified, ID: "vault-damaged", Msg: fmt.Sprintf("the evidence %s in the store is no longer what was handed in; put it back from a backup, or ask for it again", d.Short()), Err: err}
}

// checked puts errors of decryption in our words.
type checked struct {
	io.ReaderAt
	tell func(error) error
}

func (c checked) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	if err != nil && err != io.EOF {
		err = c.tell(err)
	}
	return n, err
}

// Read gives the bytes from front to back. The end is given only when the
// digest of all is the right one.
func (r *Reading) Read(p []byte) (int, error) {
	n, err := r.seq.Read(p)
	r.sum.Write(p[:n])
	if err == io.EOF && iotmark.Digest(hex.EncodeToString(r.sum.Sum(nil))) != r.Piece.Digest {
		err = changed(r.Piece.Digest, errors.New("another digest"))
	}
	return n, err
}

// Source gives the bytes to the readers of evidence, at any place, as long as
// the reading is open. They are decrypted piecemeal, 64 KiB at a time, each of
// which is authenticated.
func (r *Reading) Source() evidence.Source {
	return evidence.Source{Name: r.Piece.Name, Size: r.Piece.Size, ReaderAt: r.at}
}

// Close ends the reading.
func (r *Reading) Close() error { return r.file.Close() }

// Readings returns the records of a piece, of a case, or, with both, of the
// piece in the case; the earliest first. One of the two must be given.
func (v *Vault) Readings(ctx context.Context, caseID string, d iotmark.Digest) ([]Record, error) {
	if caseID == "" {
		if err := checkDigest(d); err != nil {
			return nil, err
		}
	}
	var out []Record
	err := v.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var r Record
			var at string
			err := scan(&r.ID, &r.Digest, &r.Case, &r.Person, &r.Why, &at)
			r.At = moment(at)
			out = append(out, r)
			return err
		}, `SELECT id, digest, case_id, person, why, at FROM vault_reading
			WHERE ($1 = '' OR case_id = $1) AND ($2 = '' OR digest = $2) ORDER BY at, id`, caseID, string(d))
	})
	return out, err
}
