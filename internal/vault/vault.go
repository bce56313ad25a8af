// Package vault is the evidence store of a certification body. A piece of
// evidence is known by the SHA-256 of its bytes; its bytes are in a folder or
// bucket, and all that is known of it is in the database.
//
// Each piece is encrypted under a key of its own (age), and that key is kept
// in the database, encrypted for the key of the vault. So the folder and its
// backups tell nothing, not even digests, and a piece is erased by destroying
// its key. The names of objects are drawn by chance: two who hand in the same
// bytes at once never write to the same object.
//
// What it refuses to do: unpack, read or judge what it keeps; write over
// anything; give out restricted evidence before the record of the reading is
// on the disk. It does not decide who may read, hold or erase: that is the
// procedures' (internal/scheme).
//
// What can go wrong, each with an id of its own: the bytes are not those that
// were announced, too many, or cut short; the folder is full, gone, another
// one, or may only be read; the key of the vault is not the one that the
// pieces were wrapped for; an object is missing, changed or exchanged. In
// each case nothing is half stored: an object counts only when the row that
// names it is committed. What a crash leaves behind is known before it is
// written (table vault_loose), and [Vault.Sweep] takes it away.
package vault

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gocloud.dev/gcerrors"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// State says whether the bytes of a piece are there, and why not.
type State string

// The states of a piece.
const (
	Held     State = "held"     // the bytes are here
	Withheld State = "withheld" // only hash and size were given; the bytes are the maker's
	Erased   State = "erased"   // personal data that had to go; the same bytes are not taken again
	Expired  State = "expired"  // its time of keeping was over
)

// Piece is what is known of one piece of evidence. Where it is looked at
// within a case, Class, Name and Declared are those of that case.
type Piece struct {
	Digest   iotmark.Digest     `json:"digest"` // of the plain bytes
	Size     int64              `json:"size"`   // of the plain bytes
	Class    iotmark.Visibility `json:"class"`  // in the case; otherwise the strictest in which the bytes were handed in
	State    State              `json:"state"`
	Name     string             `json:"name,omitempty"`     // in the case
	Declared string             `json:"declared,omitempty"` // media type that was said, or that the name says; "" when neither does
	Type     string             `json:"type,omitempty"`     // media type that the first bytes show; "" when they are not here
	Added    time.Time          `json:"added"`
	Personal bool               `json:"personal,omitempty"` // holds personal data
	Hold     bool               `json:"hold,omitempty"`     // must stay; see [Vault.Hold]
	Until    iotmark.Date       `json:"until,omitempty"`    // last day of keeping; "" when none was set: it stays
	Again    bool               `json:"again,omitempty"`    // by Put: the same bytes were here before
	Ended    time.Time          `json:"ended,omitzero"`     // when it was erased, or expired
	EndedBy  string             `json:"ended_by,omitempty"`
	EndedWhy string             `json:"ended_why,omitempty"`
}

// Config says where a vault is.
type Config struct {
	Bucket   string           // path of a folder, or the address of a bucket such as s3://name?region=... in a program built with -tags cloud
	DB       *store.DB        // the rows; the vault does not close it
	Keys     []string         // files of age identities, as age-keygen writes them; the first identity wraps, all open
	MaxPiece int64            // most bytes of a piece; DefaultMaxPiece when 0
	Now      func() time.Time // the clock; time.Now when nil
	Grace    time.Duration    // how long bytes may take to come in; DefaultGrace when 0
}

const (
	// DefaultMaxPiece is the most bytes of a piece: what the readers of
	// evidence look at (evidence.Limits.Stream).
	DefaultMaxPiece = 2 << 30
	// DefaultGrace is how long one piece may take to come in.
	DefaultGrace = 24 * time.Hour
)

// Vault is an open evidence store. It may be used by many goroutines, and the
// same folder and database by many processes, at once.
type Vault struct {
	bucket *bucket
	db     *store.DB
	keys   ring
	max    int64
	now    func() time.Time
	grace  time.Duration
	id     string // of this vault, in the database and in the bucket
}

// Open opens the evidence store, and makes it where neither the database nor
// the folder has one.
//
// Errors: vault-address, vault-unreachable, vault-read-only, vault-full,
// vault-elsewhere, vault-key-missing, those of the database, and those of
// reading the files of keys.
func Open(ctx context.Context, c Config) (_ *Vault, err error) {
	v := &Vault{db: c.DB, max: c.MaxPiece, now: c.Now, grace: c.Grace}
	if v.max == 0 {
		v.max = DefaultMaxPiece
	}
	if v.now == nil {
		v.now = time.Now
	}
	if v.grace == 0 {
		v.grace = DefaultGrace
	}
	if v.keys, err = openRing(c.Keys); err != nil {
		return nil, err
	}
	if v.bucket, err = openBucket(ctx, c.Bucket); err != nil {
		return nil, err
	}
	if err = v.settle(ctx); err == nil {
		err = v.fits(ctx)
	}
	if err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// Close lets go of the bucket.
func (v *Vault) Close() error { return v.bucket.Close() }

// The object by which a folder and a database know each other. Without it, a
// disk that was not mounted would look like a vault without evidence.
const (
	marker     = "iotmark-vault"
	identityOf = "vault" // in table identity
)

// settle compares the marks of database and bucket, and sets both where there
// is none yet. The database's is first, so that of two who start at once both
// write the same to the bucket; a crash in between leaves a database without
// evidence, for which the bucket may be marked again.
func (v *Vault) settle(ctx context.Context) error {
	has, err := v.mark(ctx)
	if err != nil {
		return err
	}
	known, used, err := v.identity(ctx)
	if err != nil {
		return err
	}
	elsewhere := func(msg string) error {
		return conflict("vault-elsewhere", "%s: %s", v.bucket.name, msg)
	}
	switch {
	case has != "" && has == known:
		v.id = known
		return nil
	case has != "" && known == "":
		return elsewhere("this is the evidence of a database, and this one knows nothing of it; restore the database that belongs to it, or give an empty folder")
	case has != "":
		return elsewhere("this is the evidence of another database; give each its own folder")
	case used:
		return elsewhere("the evidence that the database knows is not here; see that the disk is mounted and that this is the right folder")
	}
	switch empty, err := v.bucket.empty(ctx); {
	case err != nil:
		return err
	case !empty:
		return elsewhere("there is something else in the folder; give an empty one")
	}
	err = v.db.Do(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO identity (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", identityOf, rand.Text())
		return err
	})
	if err != nil {
		return err
	}
	if v.id, _, err = v.identity(ctx); err != nil {
		return err
	}
	return v.bucket.put(ctx, marker, []byte(v.id+"\n"))
}

// identity returns what the database calls its vault, and whether there is
// anything in it.
func (v *Vault) identity(ctx context.Context) (id string, used bool, err error) {
	err = v.db.View(ctx, func(tx *store.Tx) error {
		if _, err := tx.Row(ctx, []any{&id}, "SELECT value FROM identity WHERE name = $1", identityOf); err != nil {
			return err
		}
		used, err = tx.Row(ctx, []any{new(string)}, "SELECT object FROM vault_piece WHERE object <> '' UNION ALL SELECT object FROM vault_loose LIMIT 1")
		return err
	})
	return id, used, err
}

// mark returns what the bucket calls itself; "" when it has no mark.
func (v *Vault) mark(ctx context.Context) (string, error) {
	b, err := v.bucket.small(ctx, marker)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return "", nil
	}
	return strings.TrimSpace(string(b)), v.bucket.tell(err)
}

// present makes sure that the bucket is still the one that was opened: a disk
// may be unmounted while the program runs.
func (v *Vault) present(ctx context.Context) error {
	switch has, err := v.mark(ctx); {
	case err != nil:
		return err
	case has != v.id:
		return &iotmark.Error{Kind: iotmark.Unavailable, ID: "vault-unreachable",
			Msg: v.bucket.name + ": the folder of the evidence is gone or another one; see that its disk is mounted"}
	}
	return nil
}

// fits makes sure that a key is here for every piece, so that a wrong one is
// noticed at the start and not in ten years.
func (v *Vault) fits(ctx context.Context) error {
	missing := map[string]int64{}
	err := v.db.View(ctx, func(tx *store.Tx) error {
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var name string
			var n int64
			if err := scan(&name, &n); err != nil {
				return err
			}
			if !v.keys.has(name) {
				missing[name] = n
			}
			return nil
		}, "SELECT wrapped_for, count(*) FROM vault_piece WHERE wrapped_for <> '' GROUP BY wrapped_for ORDER BY wrapped_for")
	})
	for name, n := range missing {
		return keyMissing(name, fmt.Sprintf("%d pieces of evidence", n))
	}
	return err
}

func keyMissing(name, what string) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "vault-key-missing",
		Msg: fmt.Sprintf("%s can only be read with the vault key %s, which is in none of the key files; add the file that holds it", what, name)}
}

var (
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
	objectForm = regexp.MustCompile(`^[0-9a-f]{2}/[0-9a-f]{30}$`)
)

func newObject() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	s := hex.EncodeToString(b[:])
	return s[:2] + "/" + s[2:]
}

// checkDigest refuses what is no digest before it is looked for anywhere.
func checkDigest(d iotmark.Digest) error {
	if digestForm.MatchString(string(d)) {
		return nil
	}
	return invalid("vault-digest", "this is no SHA-256 in 64 small hexadecimal digits: %.80q", string(d))
}

const maxText = 1024 // bytes of a name, a case, a person, a reason

// checkText refuses texts that a record could not show as they are.
func checkText(what, s string, must bool) error {
	switch {
	case s == "" && must:
		return invalid("vault-text", "%s is missing; it stands in the records", what)
	case len(s) > maxText:
		return invalid("vault-text", "%s has %d bytes; give at most %d", what, len(s), maxText)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return invalid("vault-text", "%s is no plain text on one line: %.80q", what, s)
	}
	return nil
}

// checkTexts checks pairs of what it is and the text itself.
func checkTexts(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := checkText(pairs[i], pairs[i+1], true); err != nil {
			return err
		}
	}
	return nil
}

func invalid(id iotmark.ErrorID, format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: fmt.Sprintf(format, args...)}
}

func conflict(id iotmark.ErrorID, format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Conflict, ID: id, Msg: fmt.Sprintf(format, args...)}
}

func unknown(d iotmark.Digest) error {
	return &iotmark.Error{Kind: iotmark.NotFound, ID: "vault-unknown", Msg: "no piece of evidence has the digest " + string(d)}
}

// stamp writes a moment as text that sorts as time does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

func moment(s string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, s)
	return t
}

// row is a piece as it is in the database.
type row struct {
	Piece
	object, wrapped, wrappedFor string
}

const columns = `p.digest, p.size, p.class, p.type, p.state, p.object, p.wrapped, p.wrapped_for, p.personal, p.until, p.added, p.ended, p.ended_by, p.ended_why,
	EXISTS (SELECT 1 FROM vault_hold h WHERE h.digest = p.digest)`

func (r *row) dest(more ...any) (dest []any, done func()) {
	var added, ended string
	return append([]any{&r.Digest, &r.Size, &r.Class, &r.Type, &r.State, &r.object, &r.wrapped, &r.wrappedFor, &r.Personal, &r.Until, &added, &ended, &r.EndedBy, &r.EndedWhy, &r.Hold}, more...),
		func() { r.Added, r.Ended = moment(added), moment(ended) }
}

// load returns the row of a digest, or vault-unknown.
func load(ctx context.Context, tx *store.Tx, d iotmark.Digest) (r row, err error) {
	if err := checkDigest(d); err != nil {
		return r, err
	}
	dest, done := r.dest()
	ok, err := tx.Row(ctx, dest, "SELECT "+columns+" FROM vault_piece p WHERE p.digest = $1", d)
	if err == nil && !ok {
		err = unknown(d)
	}
	done()
	return r, err
}

// Piece returns what is known of the piece with that digest.
//
// Errors: vault-digest, vault-unknown.
func (v *Vault) Piece(ctx context.Context, d iotmark.Digest) (Piece, error) {
	var r row
	err := v.db.View(ctx, func(tx *store.Tx) (err error) {
		r, err = load(ctx, tx, d)
		return err
	})
	return r.Piece, err
}

// Pieces returns the pieces of a case, by name.
func (v *Vault) Pieces(ctx context.Context, caseID string) ([]Piece, error) {
	var out []Piece
	err := v.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		return tx.Rows(ctx, func(scan func(...any) error) error {
			var r row
			dest, done := r.dest(&r.Name, &r.Declared, &r.Class)
			err := scan(dest...)
			done()
			out = append(out, r.Piece)
			return err
		}, "SELECT "+columns+`, b.name, b.declared, b.class FROM vault_binding b JOIN vault_piece p ON p.digest = b.digest
			WHERE b.case_id = $1 ORDER BY b.name, b.digest`, caseID)
	})
	return out, err
}

// Bind makes a piece that is here part of a case too, in the transaction of
// the act that does so. It keeps the strictest class that the piece was handed
// in with. Bound again under the same name, nothing changes.
//
// Errors: vault-digest, vault-text, vault-unknown, vault-erased.
func (v *Vault) Bind(ctx context.Context, tx *store.Tx, by, caseID string, d iotmark.Digest, name string) error {
	if err := checkTexts("the person", by, "the case", caseID, "the name of the evidence", name); err != nil {
		return err
	}
	r, err := load(ctx, tx, d)
	if err != nil {
		return err
	}
	if r.State == Erased {
		return erased(r.Piece)
	}
	return v.bind(ctx, tx, by, caseID, r.Piece, name, "")
}

func (v *Vault) bind(ctx context.Context, tx *store.Tx, by, caseID string, p Piece, name, declared string) error {
	_, err := tx.Exec(ctx, `INSERT INTO vault_binding (case_id, digest, name, class, declared, bound, bound_by) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (case_id, digest, name) DO NOTHING`, caseID, p.Digest, name, p.Class, declaredType(declared, name), stamp(v.now()), by)
	return err
}

func erased(p Piece) error {
	return conflict("vault-erased", "the evidence %s was erased on %s: %s. The same bytes are not taken again; hand it in without the personal data", p.Digest.Short(), p.Ended.Format(time.DateOnly), p.EndedWhy)
}
