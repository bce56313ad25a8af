package ledger

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"strings"
	"sync"

	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark"
)

// Reader reads a log: our own, that of others, or a copy. It believes the
// log's key and nothing else: what it gives leads to a root that the key
// signed. Witnesses are for whoever has a policy to judge.
type Reader struct {
	src   source
	key   key
	cache tileCache

	mu     sync.Mutex
	births []born // guarded by mu
	end    int64  // guarded by mu; of the file of births as far as it was read
}

// NewReader reads the log in a folder, or behind an address that begins with
// https:// or http://. vkey is the verifier key of the log (C2SP signed-note);
// its name is the origin. Nothing is opened yet.
func NewReader(where, vkey string) (*Reader, error) {
	k, err := parseKey(vkey)
	if err != nil {
		return nil, err
	}
	if strings.Contains(where, "://") {
		s, err := newSite(where)
		if err != nil {
			return nil, err
		}
		return &Reader{src: s, key: k}, nil
	}
	return &Reader{src: folder(where), key: k}, nil
}

// Origin is the name of the log.
func (r *Reader) Origin() string { return r.key.origin }

// Checkpoint returns the published checkpoint as it is there; nothing of it is
// verified yet.
func (r *Reader) Checkpoint(ctx context.Context) ([]byte, error) {
	b, err := whole(ctx, r.src, checkpointAt, maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(iotmark.NotFound, "log-missing", nil, "%s is no log: it has no file checkpoint. Give the folder or address that has one; iotmark log init makes a new log", r.src)
	}
	return b, err
}

// Head returns the published checkpoint with its signature verified.
func (r *Reader) Head(ctx context.Context) (Head, error) {
	b, err := r.Checkpoint(ctx)
	if err != nil {
		return Head{}, err
	}
	return r.Open(b)
}

// Open verifies the log's signature on a checkpoint, wherever it comes from.
func (r *Reader) Open(checkpoint []byte) (Head, error) { return r.key.open(checkpoint) }

// ReadTile returns a tile of hashes as it is there; see [Log]. Nothing of it
// is verified.
func (r *Reader) ReadTile(ctx context.Context, level, index uint64, p uint8) ([]byte, error) {
	return readTile(ctx, r.src, level, index, p)
}

// ReadEntryBundle returns entries as they are there; see [Log]. Nothing of
// them is verified.
func (r *Reader) ReadEntryBundle(ctx context.Context, index uint64, p uint8) ([]byte, error) {
	return readBundle(ctx, r.src, index, p)
}

// Entries gives the entries of the published log from index from up to, and
// without, to. Each is verified against the root of the checkpoint. The first
// error ends it.
func (r *Reader) Entries(ctx context.Context, from, to int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		h, err := r.Head(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		r.EntriesAt(ctx, h, from, to)(yield)
	}
}

// EntriesAt is [Reader.Entries] below a head that the caller has.
func (r *Reader) EntriesAt(ctx context.Context, h Head, from, to int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if from < 0 || to > h.Size || from > to {
			yield(nil, fail(iotmark.Invalid, "index-wrong", nil, "the log has %d entries, and those from %d to %d were asked for", h.Size, from, to))
			return
		}
		if from == to {
			return
		}
		hr := hashes(ctx, r.src, &r.cache, h)
		for b, err := range bundles(ctx, r.src, h, hr, from/width, (to-1)/width+1, func(ctx context.Context, n int64, p uint8) ([]byte, error) {
			return readBundle(ctx, r.src, uint64(n), p)
		}) {
			if err != nil {
				yield(nil, err)
				return
			}
			first := b.index * width
			for i, e := range b.entries {
				if n := first + int64(i); n >= from && n < to && !yield(e, nil) {
					return
				}
			}
		}
	}
}

// bundle is a file of entries, verified.
type bundle struct {
	index   int64
	raw     []byte
	entries [][]byte
	leaves  []tlog.Hash
}

// bundles reads the bundles from index from up to, and without, to, by the
// given function, and verifies each. It reads some ahead.
func bundles(ctx context.Context, s source, h Head, hr tlog.HashReader, from, to int64, read func(context.Context, int64, uint8) ([]byte, error)) iter.Seq2[bundle, error] {
	return func(yield func(bundle, error) bool) {
		for f := range ahead(ctx, from, to, func(ctx context.Context, n int64) ([]byte, error) {
			return read(ctx, n, part(h.bundle(n)))
		}) {
			b := bundle{index: f.n, raw: f.value}
			err := f.err
			if err == nil {
				err = b.verify(s, int(h.bundle(f.n)), hr)
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// verify cuts the bundle and compares its hash with that of the tree.
func (b *bundle) verify(s source, n int, hr tlog.HashReader) error {
	var ok bool
	if b.entries, ok = parseBundle(b.raw, n); !ok {
		return unverified("entries-wrong", "the file of the entries from %d of %s does not hold %d entries", b.index*width, s, n)
	}
	b.leaves = make([]tlog.Hash, n)
	for i, e := range b.entries {
		b.leaves[i] = tlog.RecordHash(e)
	}
	var want, got []tlog.Hash
	var ix []int64
	if n == width {
		ix, got = []int64{tlog.StoredHashIndex(height, b.index)}, []tlog.Hash{fold(b.leaves)}
	} else {
		for i := range b.leaves {
			ix = append(ix, tlog.StoredHashIndex(0, b.index*width+int64(i)))
		}
		got = b.leaves
	}
	want, err := hr.ReadHashes(ix)
	if err != nil {
		return err
	}
	for i := range want {
		if want[i] != got[i] {
			if n == width {
				return unverified("entries-wrong", "the entries from %d to %d of %s are not those that the log's root covers", b.index*width, b.index*width+width-1, s)
			}
			return unverified("entries-wrong", "entry %d of %s is not the one that the log's root covers", b.index*width+int64(i), s)
		}
	}
	return nil
}

// fetched is one of several things that are fetched ahead.
type fetched[T any] struct {
	n     int64
	value T
	err   error
}

const readAhead = 4 // bundles; each has up to 16 MB

// ahead fetches things in order, some ahead of what is used.
func ahead[T any](ctx context.Context, from, to int64, fetch func(context.Context, int64) (T, error)) iter.Seq[fetched[T]] {
	return func(yield func(fetched[T]) bool) {
		ctx, stop := context.WithCancel(ctx)
		queue := make(chan chan fetched[T], readAhead-1)
		var all sync.WaitGroup
		defer all.Wait()
		defer stop()
		all.Go(func() {
			defer close(queue)
			for n := from; n < to; n++ {
				one := make(chan fetched[T], 1)
				select {
				case queue <- one:
				case <-ctx.Done():
					return
				}
				all.Go(func() {
					v, err := fetch(ctx, n)
					one <- fetched[T]{n, v, err}
				})
			}
		})
		for one := range queue {
			if !yield(<-one) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(fetched[T]{err: err})
		}
	}
}

// Proof returns the proof that the entry at an index is in the log, as a C2SP
// tlog-proof with the given checkpoint, or the published one when it is nil.
func (r *Reader) Proof(ctx context.Context, index int64, checkpoint []byte) ([]byte, error) {
	h, err := r.Head(ctx)
	if err != nil {
		return nil, err
	}
	at := h
	if checkpoint != nil {
		if at, err = r.Open(checkpoint); err != nil {
			return nil, err
		}
	}
	return r.proof(ctx, index, at, h)
}

// proof proves within an earlier head, reading below a later one.
func (r *Reader) proof(ctx context.Context, index int64, at, h Head) ([]byte, error) {
	if index < 0 || index >= at.Size {
		return nil, noEntry(at, index)
	}
	if at.Size > h.Size {
		return nil, fail(iotmark.Conflict, "log-behind", nil, "%s has %d entries, and the checkpoint %d", r.src, h.Size, at.Size)
	}
	hr := hashes(ctx, r.src, &r.cache, h)
	p, err := tlog.ProveRecord(at.Size, index, hr)
	if err != nil {
		return nil, unfit(err, r.src, h)
	}
	leaf, err := hr.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return nil, unfit(err, r.src, h)
	}
	if tlog.CheckRecord(p, at.Size, at.Root, index, leaf[0]) != nil {
		return nil, forked(r.src, at, h)
	}
	out := proof.TLogProof{Index: uint64(index), Checkpoint: at.Note}
	for _, x := range p {
		out.Hashes = append(out.Hashes, x)
	}
	return out.Marshal(), nil
}

func noEntry(h Head, index int64) error {
	return fail(iotmark.NotFound, "index-wrong", nil, "the log has %d entries at that checkpoint, and none at index %d", h.Size, index)
}

// forked tells the worst: two checkpoints that the log signed, of which the
// later does not continue the earlier.
func forked(s source, a, b Head) error {
	return unverified("log-forked", "%s: the checkpoint of %d entries does not continue that of %d entries, and the log signed both. This proves that its operator shows different logs. Keep both checkpoints", s, b.Size, a.Size)
}

// continues verifies that the tree of an earlier head is the beginning of that
// of a later one, whose hashes hr reads.
func continues(s source, old, h Head, hr tlog.HashReader) error {
	root := emptyRoot
	if old.Size > 0 {
		var err error
		if root, err = tlog.TreeHash(old.Size, hr); err != nil {
			return unfit(err, s, h)
		}
	}
	if root != old.Root {
		return forked(s, old, h)
	}
	return nil
}

// ours reports whether an error has our words already, or is of the context.
func ours(err error) bool {
	_, ok := errors.AsType[*iotmark.Error](err)
	return ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
