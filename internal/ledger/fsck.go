package ledger

import (
	"bytes"
	"context"
	"errors"

	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark"
)

// Checked is what [Reader.Fsck] found.
type Checked struct {
	Head
	Entries  int64
	Tiles    int64
	Births   int64
	Problems iotmark.Errors // what is wrong, at most 100; empty: all is right
}

const maxProblems = 100

func (c *Checked) problem(id iotmark.ErrorID, format string, args ...any) {
	if len(c.Problems) < maxProblems {
		e, _ := errors.AsType[*iotmark.Error](unverified(id, format, args...))
		c.Problems = append(c.Problems, e)
	}
}

// Fsck reads every file of a log and says which are wrong: it computes all
// hashes from the entries and compares each tile with them, and the root with
// the checkpoint. Then it holds every birth against the root. An error means
// that it could not look; what is wrong is in the result. progress may be nil.
func (r *Reader) Fsck(ctx context.Context, progress func(done, of int64)) (Checked, error) {
	h, err := r.Head(ctx)
	if err != nil {
		return Checked{}, err
	}
	c := &Checked{Head: h}
	f := fsck{r: r, h: h, c: c}
	if err := f.entries(ctx, progress); err != nil {
		return *c, err
	}
	if err := f.tiles(ctx); err != nil {
		return *c, err
	}
	if len(c.Problems) > 0 {
		return *c, nil // no birth could be compared with such tiles
	}
	last := int64(0)
	for b, err := range r.Births(ctx) {
		if err != nil {
			e, ok := errors.AsType[*iotmark.Error](err)
			if !ok || e.Kind != iotmark.Unverified {
				return *c, err
			}
			c.Problems = append(c.Problems, e)
			break
		}
		last = b.Size
		c.Births++
	}
	if len(c.Problems) == 0 && last != h.Size {
		c.problem("births-wrong", "the births of %s end at %d entries, and its checkpoint has %d", r.src, last, h.Size)
	}
	return *c, nil
}

// fsck is one check under way.
type fsck struct {
	r     *Reader
	h     Head
	c     *Checked
	folds []tlog.Hash // of each full bundle; 32 bytes for 256 entries
	rest  []tlog.Hash // leaves of the last, partial bundle
	odd   []int64     // bundles whose entries and tile differ
}

// pair is a bundle and its tile, as they are there.
type pair struct {
	raw, tile []byte
	errs      [2]error
}

// entries reads entries and the tiles above them.
func (f *fsck) entries(ctx context.Context, progress func(done, of int64)) error {
	src := f.r.src
	wrong := func(err error) error { // an error of what is there is a problem, any other ends it
		e, ok := errors.AsType[*iotmark.Error](err)
		if !ok || e.Kind != iotmark.Unverified {
			return err
		}
		f.c.problem(e.ID, "%s", e.Msg)
		return nil
	}
	for p := range ahead(ctx, 0, (f.h.Size+width-1)/width, func(ctx context.Context, n int64) (pair, error) {
		w := part(f.h.bundle(n))
		raw, err1 := readBundle(ctx, src, uint64(n), w)
		tile, err2 := readTile(ctx, src, 0, uint64(n), w)
		return pair{raw, tile, [2]error{err1, err2}}, nil
	}) {
		if p.err != nil {
			return p.err
		}
		n, w := p.n, f.h.bundle(p.n)
		for _, err := range p.value.errs {
			if err == nil {
				continue
			}
			if err := wrong(err); err != nil {
				return err
			}
		}
		leaves, ok := f.leaves(n, w, p.value)
		if !ok {
			return nil
		}
		if w == width {
			f.folds = append(f.folds, fold(leaves))
		} else {
			f.rest = leaves
		}
		f.c.Entries += w
		f.c.Tiles++
		if progress != nil {
			progress(min((n+1)*width, f.h.Size), f.h.Size)
		}
	}
	return ctx.Err()
}

// leaves are the hashes of a bundle, of the entries where they can be read,
// and else of the tile.
func (f *fsck) leaves(n, w int64, p pair) ([]tlog.Hash, bool) {
	var fromTile []tlog.Hash
	for b := p.tile; len(b) >= tlog.HashSize; b = b[tlog.HashSize:] {
		fromTile = append(fromTile, tlog.Hash(b[:tlog.HashSize]))
	}
	if p.raw == nil {
		return fromTile, len(fromTile) > 0
	}
	es, ok := parseBundle(p.raw, int(w))
	if !ok {
		f.c.problem("entries-wrong", "%s does not hold %d entries", layout.EntriesPath(uint64(n), part(w)), w)
		return fromTile, len(fromTile) > 0
	}
	out := make([]tlog.Hash, w)
	same := len(fromTile) == len(out)
	for i, e := range es {
		out[i] = tlog.RecordHash(e)
		same = same && out[i] == fromTile[i]
	}
	if !same && p.tile != nil {
		f.odd = append(f.odd, n)
	}
	return out, true
}

// tiles compares the tiles above with what the entries give, and the root.
func (f *fsck) tiles(ctx context.Context) error {
	if f.h.Size > 0 && f.c.Entries < f.h.Size {
		return nil // told
	}
	var differ []tlog.Tile
	level := f.folds // hashes at tile level 1 and up
	for l := 1; len(level) > 0; l++ {
		var up []tlog.Hash
		for n := 0; n*width < len(level); n++ {
			row := level[n*width : min(len(level), (n+1)*width)]
			same, err := f.same(ctx, l, n, row)
			if err != nil {
				return err
			}
			if !same {
				differ = append(differ, tlog.Tile{H: height, L: l, N: int64(n), W: len(row)})
			}
			if len(row) == width {
				up = append(up, fold(row))
			}
		}
		level = up
	}
	if rootOf(f.rest, f.folds) == f.h.Root { // so the entries are right, and the tiles that differ are not
		for _, n := range f.odd {
			f.c.problem("tile-wrong", "%s is not what the entries give", layout.TilePath(0, uint64(n), part(f.h.bundle(n))))
		}
		for _, t := range differ {
			f.c.problem("tile-wrong", "%s is not what lies below it", layout.TilePath(uint64(t.L), uint64(t.N), part(int64(t.W))))
		}
		return nil
	}
	return f.blame(ctx, differ)
}

// same reports whether a tile is what lies below it.
func (f *fsck) same(ctx context.Context, level, n int, row []tlog.Hash) (bool, error) {
	want := make([]byte, 0, maxTile)
	for _, x := range row {
		want = append(want, x[:]...)
	}
	f.c.Tiles++
	got, err := readTile(ctx, f.r.src, uint64(level), uint64(n), part(int64(len(row))))
	if e, ok := errors.AsType[*iotmark.Error](err); ok && e.Kind == iotmark.Unverified {
		return false, nil
	}
	return bytes.Equal(got, want), err
}

// blame finds what is wrong when the entries do not give the root: what leads
// to the root by itself is right.
func (f *fsck) blame(ctx context.Context, differ []tlog.Tile) error {
	before := len(f.c.Problems)
	hr := hashes(ctx, f.r.src, new(tileCache), f.h)
	for _, t := range differ {
		_, err := tlog.ReadTileData(t, hr)
		if err != nil && iotmark.KindOf(err) != iotmark.Unverified && ours(err) {
			return err
		}
		if err != nil {
			f.c.problem("tile-wrong", "%s does not lead to the root", layout.TilePath(uint64(t.L), uint64(t.N), part(int64(t.W))))
		}
	}
	for _, n := range f.odd {
		w := part(f.h.bundle(n))
		raw, err := readBundle(ctx, f.r.src, uint64(n), w)
		if err != nil {
			return err
		}
		b := bundle{index: n, raw: raw}
		err = b.verify(f.r.src, int(f.h.bundle(n)), hr)
		if e, ok := errors.AsType[*iotmark.Error](err); ok && e.ID == "entries-wrong" {
			f.c.problem(e.ID, "%s: %s", layout.EntriesPath(uint64(n), w), e.Msg)
		} else if err != nil {
			f.c.problem("tile-wrong", "%s and the entries below it differ, and at least one of them is wrong", layout.TilePath(0, uint64(n), w))
		}
	}
	if len(f.c.Problems) == before {
		f.c.problem("root-wrong", "the entries and tiles of %s fit each other, and not the root of the checkpoint: they are of another log", f.r.src)
	}
	return nil
}

// rootOf is the root over full bundles and the leaves that follow them;
// RFC 6962, 2.1.
func rootOf(rest, folds []tlog.Hash) tlog.Hash {
	if len(rest) == 0 && len(folds) == 0 {
		return emptyRoot
	}
	var tree func(hs []tlog.Hash, tail *tlog.Hash) tlog.Hash
	// tree hashes hs, all at one height, with something smaller behind it.
	tree = func(hs []tlog.Hash, tail *tlog.Hash) tlog.Hash {
		n := len(hs)
		if tail != nil {
			n++
		}
		if n == 1 {
			if tail != nil {
				return *tail
			}
			return hs[0]
		}
		k := 1
		for 2*k < n {
			k *= 2
		}
		return tlog.NodeHash(tree(hs[:k], nil), tree(hs[k:], tail))
	}
	if len(rest) == 0 {
		return tree(folds, nil)
	}
	tail := tree(rest, nil)
	return tree(folds, &tail)
}
