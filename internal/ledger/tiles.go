package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"sync"

	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/tlog"
)

// part is the width of a tile as paths have it: 0 for a full one.
func part(w int64) uint8 {
	if w == width {
		return 0
	}
	return uint8(w)
}

// readTile reads a tile of hashes of the given width, or the full one in its
// place and cuts it; C2SP tlog-tiles allows that partial ones are deleted.
func readTile(ctx context.Context, s source, level, index uint64, p uint8) ([]byte, error) {
	n := int(p) * tlog.HashSize
	if p == 0 {
		n = maxTile
	}
	b, err := whole(ctx, s, layout.TilePath(level, index, p), maxTile)
	if p > 0 && errors.Is(err, fs.ErrNotExist) {
		b, err = whole(ctx, s, layout.TilePath(level, index, 0), maxTile)
		if err == nil && len(b) == maxTile {
			b = b[:n]
		}
	}
	if err != nil {
		return nil, missing(err, "%s lacks the tile %s", s, layout.TilePath(level, index, p))
	}
	if len(b) != n {
		return nil, unverified("tile-wrong", "%s of %s has %d bytes, and must have %d", layout.TilePath(level, index, p), s, len(b), n)
	}
	return b, nil
}

// readBundle reads so many entries, as they are in the file.
func readBundle(ctx context.Context, s source, index uint64, p uint8) ([]byte, error) {
	b, err := whole(ctx, s, layout.EntriesPath(index, p), maxBundle)
	if p == 0 || !errors.Is(err, fs.ErrNotExist) {
		return b, missing(err, "%s lacks the entries %s", s, layout.EntriesPath(index, p))
	}
	if b, err = whole(ctx, s, layout.EntriesPath(index, 0), maxBundle); err != nil {
		return nil, missing(err, "%s lacks the entries %s", s, layout.EntriesPath(index, p))
	}
	end := 0
	for range p {
		if len(b)-end < 2 {
			return b, nil // told by whoever parses it
		}
		if end += 2 + int(binary.BigEndian.Uint16(b[end:])); end > len(b) {
			return b, nil
		}
	}
	return b[:end], nil
}

// missing says what is not there in words.
func missing(err error, format string, args ...any) error {
	if errors.Is(err, fs.ErrNotExist) {
		return unverified("log-incomplete", format, args...)
	}
	return err
}

// parseBundle cuts a bundle into exactly n entries. They share its memory.
func parseBundle(b []byte, n int) ([][]byte, bool) {
	out := make([][]byte, 0, n)
	for range n {
		if len(b) < 2 {
			return nil, false
		}
		k := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; len(b) < k {
			return nil, false
		}
		out, b = append(out, b[:k:k]), b[k:]
	}
	return out, len(b) == 0
}

// fold is the root of a full subtree over its leaves, of which there must be
// a power of two.
func fold(hs []tlog.Hash) tlog.Hash {
	if len(hs) == 1 {
		return hs[0]
	}
	return tlog.NodeHash(fold(hs[:len(hs)/2]), fold(hs[len(hs)/2:]))
}

// tileCache keeps tiles that were verified against a root.
type tileCache struct {
	mu    sync.Mutex
	tiles map[tlog.Tile][]byte // guarded by mu
}

const maxCached = 512 // tiles; 4 MB

func (c *tileCache) get(t tlog.Tile) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tiles[t]
}

func (c *tileCache) put(t tlog.Tile, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tiles == nil || len(c.tiles) >= maxCached {
		c.tiles = map[tlog.Tile][]byte{}
	}
	c.tiles[t] = b
}

// tileReader lets sumdb/tlog read tiles of a source.
type tileReader struct {
	ctx   context.Context
	src   source
	cache *tileCache // read once
	known *tileCache // verified against the tree that is read
}

// Height is that of C2SP tlog-tiles.
func (tileReader) Height() int { return height }

// ReadTiles reads what is not kept yet.
func (r tileReader) ReadTiles(ts []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(ts))
	for i, t := range ts {
		if out[i] = r.cache.get(t); out[i] != nil {
			continue
		}
		b, err := readTile(r.ctx, r.src, uint64(t.L), uint64(t.N), part(int64(t.W)))
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

// SaveTiles keeps what was verified.
func (r tileReader) SaveTiles(ts []tlog.Tile, data [][]byte) {
	for i, t := range ts {
		r.cache.put(t, data[i])
		r.known.put(t, data[i])
	}
}

// hashes reads hashes that are verified against a head. Tiles that were, for
// this head, are not verified again; those in the cache may be of another one.
func hashes(ctx context.Context, s source, c *tileCache, h Head) tlog.HashReader {
	known := new(tileCache)
	r := tlog.TileHashReader(h.tree(), tileReader{ctx, s, c, known})
	return tlog.HashReaderFunc(func(ix []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(ix))
		var ask []int64
		var at []int
		for i, x := range ix {
			t := tileOf(x, h.Size)
			if b := known.get(t); b != nil {
				var err error
				if out[i], err = tlog.HashFromTile(t, b, x); err == nil {
					continue
				}
			}
			ask, at = append(ask, x), append(at, i)
		}
		if len(ask) == 0 {
			return out, nil
		}
		hs, err := r.ReadHashes(ask)
		if err != nil {
			return nil, unfit(err, s, h)
		}
		for i, x := range hs {
			out[at[i]] = x
		}
		return out, nil
	})
}

// tileOf is the tile that has a hash, as wide as it is in a tree of that size.
func tileOf(x, size int64) tlog.Tile {
	t := tlog.TileForIndex(height, x)
	t.W = int(min(size>>(height*t.L)-t.N*width, width))
	return t
}

// unfit says of an error of sumdb/tlog which log is meant. Errors of ours
// pass as they are.
func unfit(err error, s source, h Head) error {
	if err == nil || ours(err) {
		return err
	}
	e := unverified("tile-wrong", "the tiles of %s do not lead to the root that its checkpoint of %d entries has", s, h.Size)
	return errors.Join(e, err)
}

// bare reads hashes of our own folder without verifying them: the writer has
// no root yet.
func bare(ctx context.Context, s source, size int64) tlog.HashReader {
	kept := map[tlog.Tile][]byte{}
	return tlog.HashReaderFunc(func(ix []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(ix))
		for i, x := range ix {
			t := tileOf(x, size)
			b := kept[t]
			if b == nil {
				var err error
				if b, err = readTile(ctx, s, uint64(t.L), uint64(t.N), part(int64(t.W))); err != nil {
					return nil, err
				}
				kept[t] = b
			}
			h, err := tlog.HashFromTile(t, b, x)
			if err != nil {
				return nil, err
			}
			out[i] = h
		}
		return out, nil
	})
}
