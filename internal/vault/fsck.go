package vault

import (
	"context"
	"errors"
	"io"

	"gocloud.dev/blob"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// Fault is something that is not as it must be.
type Fault struct {
	ID     iotmark.ErrorID `json:"id"` // vault-missing, vault-damaged, vault-key-missing, vault-stray
	Digest iotmark.Digest  `json:"digest,omitempty"`
	Object string          `json:"object,omitempty"`
	Msg    string          `json:"msg"`
}

// Check is what Fsck found.
type Check struct {
	Pieces int     `json:"pieces"` // looked at
	Bytes  int64   `json:"bytes"`  // decrypted and compared
	Loose  int     `json:"loose"`  // objects that Sweep will take away
	Faults []Fault `json:"faults,omitempty"`
}

// Fsck compares the database with what is in the place: every piece that is
// held is there, opens with its key and has its digest; every object belongs
// to a piece, or is known to be on its way. It changes nothing: an object of
// no piece may belong to a database that is newer than the one at hand. The
// error is for what kept it from looking; what it found is in Faults.
func (v *Vault) Fsck(ctx context.Context, progress func(Check)) (c Check, err error) {
	if err := v.present(ctx); err != nil {
		return c, err
	}
	for last := iotmark.Digest(""); ; {
		var batch []row
		err := v.db.View(ctx, func(tx *store.Tx) error {
			batch = nil
			return tx.Rows(ctx, func(scan func(...any) error) error {
				var r row
				dest, done := r.dest()
				err := scan(dest...)
				done()
				batch = append(batch, r)
				return err
			}, "SELECT "+columns+" FROM vault_piece p WHERE p.digest > $1 ORDER BY p.digest LIMIT 100", last)
		})
		if err != nil {
			return c, err
		}
		if len(batch) == 0 {
			break
		}
		for _, r := range batch {
			if err := v.look(ctx, r, &c); err != nil {
				return c, err
			}
			if progress != nil {
				progress(c)
			}
		}
		last = batch[len(batch)-1].Digest
	}
	return c, v.strays(ctx, &c)
}

// look compares one piece.
func (v *Vault) look(ctx context.Context, r row, c *Check) error {
	c.Pieces++
	if r.State != Held {
		return nil
	}
	in, err := v.open(ctx, r)
	if err == nil {
		var n int64
		n, err = io.Copy(io.Discard, stopping{ctx, in})
		c.Bytes += n
		in.Close()
	}
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		switch e.ID {
		case "vault-missing", "vault-damaged", "vault-key-missing":
			// It may have been erased since the row was read.
			now, err := v.Piece(ctx, r.Digest)
			if err == nil && now.State == Held {
				c.Faults = append(c.Faults, Fault{e.ID, r.Digest, r.object, e.Msg})
			}
			return err
		}
	}
	return err
}

// stopping ends with its context.
type stopping struct {
	ctx context.Context
	io.Reader
}

func (s stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

// strays finds objects that no row names. It goes from folder to folder,
// because the library walks all that is below what it is asked for.
func (v *Vault) strays(ctx context.Context, c *Check) error {
	return v.bucket.each(ctx, &blob.ListOptions{Delimiter: "/"}, func(top *blob.ListObject) error {
		if !top.IsDir {
			return v.stray(ctx, top, c)
		}
		return v.bucket.each(ctx, &blob.ListOptions{Prefix: top.Key}, func(o *blob.ListObject) error { return v.stray(ctx, o, c) })
	})
}

func (v *Vault) stray(ctx context.Context, o *blob.ListObject, c *Check) error {
	if o.Key == marker {
		return nil
	}
	piece, loose, err := v.owner(ctx, o)
	switch {
	case err != nil:
		return err
	case loose:
		c.Loose++
	case !piece:
		c.Faults = append(c.Faults, Fault{"vault-stray", "", o.Key, "this object belongs to no piece of evidence; when the database is the newest, it can be removed by hand"})
	}
	return nil
}

// owner says whether an object is that of a piece, or on its way. A row is
// always there before the object, so that whoever sees the object sees it.
func (v *Vault) owner(ctx context.Context, o *blob.ListObject) (piece, loose bool, err error) {
	name := o.Key
	if len(name) > 33 && objectForm.MatchString(name[:33]) { // name.HEX.tmp: being written
		name = name[:33]
	}
	err = v.db.View(ctx, func(tx *store.Tx) (err error) {
		if piece, err = tx.Row(ctx, []any{new(string)}, "SELECT object FROM vault_piece WHERE object = $1", o.Key); err != nil || piece {
			return err
		}
		loose, err = tx.Row(ctx, []any{new(string)}, "SELECT object FROM vault_loose WHERE object = $1", name)
		return err
	})
	return piece, loose, err
}
