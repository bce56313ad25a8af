package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark"
)

// Copied says what a copy of a log is, and what making it took.
type Copied struct {
	Head
	Before  int64 // entries that the copy had before
	Fetched int64 // files of entries that came from the source
	Kept    int64 // files of entries that an earlier run, which was broken off, had fetched
	Births  int64 // checkpoints that were added to the births
}

// Mirror makes the folder dir a complete copy of a log, which can be served
// itself, or brings it up to date. Everything is verified before it is
// written: entries and hashes against the root that the log signed, that root
// against the one that the copy had, and each birth against the root. The
// checkpoint comes last, so that a copy that is broken off is the one from
// before, and the next run goes on where it ended. A copy never becomes
// smaller or other. accept is asked about the checkpoint of the source before
// anything is copied, so that a policy can be held against it; nil: the log's
// signature is enough. progress may be nil.
func Mirror(ctx context.Context, from *Reader, dir string, accept func(Head) error, progress func(done, of int64)) (Copied, error) {
	m, err := newMirror(ctx, from, dir)
	if err != nil {
		return Copied{}, err
	}
	defer m.lock.Close()
	h, err := from.Head(ctx)
	if err != nil {
		return Copied{}, err
	}
	if accept != nil {
		if err := accept(h); err != nil {
			return Copied{}, err
		}
	}
	out := Copied{Head: h, Before: m.old.Size}
	if err := m.judge(ctx, h); err != nil {
		return out, err
	}
	if h.Size > m.old.Size {
		if err := m.entries(ctx, h, &out, progress); err != nil {
			return out, err
		}
	}
	if err := m.births(ctx, h, &out); err != nil {
		return out, err
	}
	if err := m.publish(h); err != nil {
		return out, err
	}
	return out, nil
}

// mirror is a copy that is being made.
type mirror struct {
	from *Reader
	dir  string
	old  Head // of the copy as it was
	lock *os.File
}

func newMirror(ctx context.Context, from *Reader, dir string) (*mirror, error) {
	if f, ok := from.src.(folder); ok {
		a, err1 := filepath.Abs(string(f))
		b, err2 := filepath.Abs(dir)
		if err1 != nil || err2 != nil || a == b {
			return nil, fail(iotmark.Invalid, "mirror-other", nil, "a log cannot be copied onto itself")
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, unwritable(err, dir)
	}
	if _, err := os.Lstat(filepath.Join(dir, ".state")); err == nil {
		return nil, fail(iotmark.Conflict, "mirror-other", nil, "%s is a log itself, and no copy of one; name another folder", dir)
	}
	m := &mirror{from: from, dir: dir, old: Head{Root: emptyRoot}}
	b, err := whole(ctx, folder(dir), checkpointAt, maxCheckpoint)
	switch {
	case err == nil:
		if m.old, err = from.Open(b); err != nil {
			return nil, fail(iotmark.Conflict, "mirror-other", err, "%s holds something else than a copy of %s", dir, from.Origin())
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	default:
		es, err := os.ReadDir(dir)
		if err != nil {
			return nil, unwritable(err, dir)
		}
		if _, err := os.Lstat(filepath.Join(dir, ".lock")); len(es) > 0 && err != nil {
			return nil, fail(iotmark.Conflict, "mirror-other", nil, "%s is not empty, and no copy of a log; name another folder", dir)
		}
	}
	if m.lock, err = lock(filepath.Join(dir, ".lock")); err != nil {
		if ours(err) {
			return nil, err
		}
		return nil, unwritable(err, dir)
	}
	return m, nil
}

// judge decides whether the source may be followed from what the copy is.
func (m *mirror) judge(ctx context.Context, h Head) error {
	src := m.from.src
	if h.Size < m.old.Size {
		return fail(iotmark.Conflict, "mirror-behind", nil, "%s has %d entries and the copy %d; the copy stays as it is. The source may be an older copy itself; ask the log", src, h.Size, m.old.Size)
	}
	err := error(nil)
	if h.Size > 0 {
		err = continues(src, m.old, h, hashes(ctx, src, &m.from.cache, h))
	} else if h.Root != emptyRoot {
		err = forked(src, m.old, h)
	}
	if e, ok := errors.AsType[*iotmark.Error](err); ok && e.ID == "log-forked" {
		for _, x := range []Head{m.old, h} {
			name := filepath.Join(m.dir, forksAt, fmt.Sprintf("%d-%x.checkpoint", x.Size, x.Root[:4]))
			if x.Note != nil {
				if err := put(name, x.Note, 0o644); err != nil {
					return errors.Join(e, unwritable(err, m.dir))
				}
			}
		}
	}
	return err
}

// entries copies entries and tiles.
func (m *mirror) entries(ctx context.Context, h Head, out *Copied, progress func(done, of int64)) error {
	src, own := m.from.src, folder(m.dir)
	hr := hashes(ctx, src, &m.from.cache, h)
	// The tiles on the right edge are needed for all that follows: read them
	// once, before several ask for them at the same time.
	if _, err := hr.ReadHashes([]int64{tlog.StoredHashIndex(0, h.Size-1)}); err != nil {
		return unfit(err, src, h)
	}
	var kept sync.Map // indexes of bundles that were here; from when they are read until they are written
	first := m.old.Size / width
	read := func(ctx context.Context, n int64, p uint8) ([]byte, error) {
		// A file that an earlier run fetched counts when it is right.
		if raw, err := whole(ctx, own, layout.EntriesPath(uint64(n), p), maxBundle); err == nil {
			b := bundle{index: n, raw: raw}
			if b.verify(own, int(h.bundle(n)), hr) == nil {
				kept.Store(n, true)
				return raw, nil
			}
		}
		return readBundle(ctx, src, uint64(n), p)
	}
	for b, err := range bundles(ctx, src, h, hr, first, (h.Size-1)/width+1, read) {
		if err != nil {
			return err
		}
		p := part(h.bundle(b.index))
		if _, ok := kept.LoadAndDelete(b.index); ok {
			out.Kept++
		} else {
			out.Fetched++
			if err := m.write(layout.EntriesPath(uint64(b.index), p), b.raw); err != nil {
				return err
			}
		}
		tile := make([]byte, 0, len(b.leaves)*tlog.HashSize)
		for _, x := range b.leaves {
			tile = append(tile, x[:]...)
		}
		if err := m.write(layout.TilePath(0, uint64(b.index), p), tile); err != nil {
			return err
		}
		if progress != nil {
			progress(min((b.index+1)*width, h.Size), h.Size)
		}
	}
	for _, t := range tlog.NewTiles(height, m.old.Size, h.Size) {
		if t.L == 0 {
			continue
		}
		b, err := tlog.ReadTileData(t, hr)
		if err != nil {
			return unfit(err, src, h)
		}
		if err := m.write(layout.TilePath(uint64(t.L), uint64(t.N), part(int64(t.W))), b); err != nil {
			return err
		}
	}
	return nil
}

// write writes a file that nobody reads before the checkpoint says so. It
// lasts only after syncAll.
func (m *mirror) write(name string, b []byte) error {
	name = filepath.Join(m.dir, filepath.FromSlash(name))
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, b) {
		return nil
	}
	err := os.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		tmp := name + ".tmp"
		if err = os.WriteFile(tmp, b, 0o644); err == nil {
			err = os.Rename(tmp, name)
		}
		if err != nil {
			os.Remove(tmp)
		}
	}
	if err != nil {
		return unwritable(err, m.dir)
	}
	return nil
}

// births copies the checkpoints that the copy does not have yet.
func (m *mirror) births(ctx context.Context, h Head, out *Copied) error {
	own := folder(m.dir)
	b := births{m: m, h: h, hr: hashes(ctx, own, new(tileCache), h)} // of what was written, so that it is read once more
	for note, err := range readBirths(ctx, own, 0) {
		if err != nil {
			return err
		}
		at, err := m.from.Open(note)
		if err != nil {
			return err
		}
		b.end, b.last = b.end+int64(len(note))+1, at.Size
	}
	if b.last >= h.Size {
		return nil
	}
	start := b.end
	err := b.copy(ctx, start)
	if e, ok := errors.AsType[*iotmark.Error](err); ok && start > 0 && b.end == start && e.Kind == iotmark.Unverified {
		// The source has other births than this copy, which may be from elsewhere:
		// look at all of them.
		err = b.copy(ctx, 0)
	}
	out.Births = b.n
	return err
}

// births are the births of a copy.
type births struct {
	m         *mirror
	h         Head
	hr        tlog.HashReader
	end, last int64 // length of the file, and size of its last checkpoint
	n         int64 // added
}

// copy reads the source's births from an offset, verifies those above the
// last, and adds them. The last of all must be that of the checkpoint.
func (b *births) copy(ctx context.Context, offset int64) error {
	var add []byte
	last := b.last
	flush := func() error {
		if err := addTo(filepath.Join(b.m.dir, birthsAt), b.end, add); err != nil {
			return unwritable(err, b.m.dir)
		}
		b.end, b.last, add = b.end+int64(len(add)), last, nil
		return nil
	}
	src, known, before := b.m.from.src, offset == 0, int64(0)
	for note, err := range readBirths(ctx, src, offset) {
		if err != nil {
			return err
		}
		at, err := b.m.from.Open(note)
		if err != nil {
			return err
		}
		if at.Size > b.h.Size {
			break // published while we were copying
		}
		if at.Size <= last {
			if known && at.Size > before { // they grow, or they would never end
				before = at.Size
				continue
			}
			return disordered(src, at.Size, max(before, last))
		}
		if err := continues(src, at, b.h, b.hr); err != nil {
			return err
		}
		add, last, known, b.n = append(append(add, note...), '\n'), at.Size, false, b.n+1
		if len(add) > birthsChunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if last != b.h.Size {
		return unverified("births-wrong", "the births of %s end at %d entries, and its checkpoint has %d", src, last, b.h.Size)
	}
	return flush()
}

// publish makes what was written last, puts the checkpoint in its place, and
// removes partial tiles that were filled.
func (m *mirror) publish(h Head) error {
	if h.Size == m.old.Size && m.old.Note != nil && !covers(h.Note, m.old.Note) {
		return nil // the same tree, and fewer signatures: ours is worth more
	}
	if bytes.Equal(h.Note, m.old.Note) {
		return nil
	}
	err := syncAll(m.dir)
	if err == nil {
		err = put(filepath.Join(m.dir, checkpointAt), h.Note, 0o644)
	}
	for level := 0; err == nil && m.old.Size>>(height*level) > 0; level++ {
		n := m.old.Size >> (height * level)
		if n%width == 0 || h.Size>>(height*level)>>height == n>>height {
			continue // nothing was partial, or it still is
		}
		err = os.RemoveAll(filepath.Join(m.dir, filepath.FromSlash(layout.TilePath(uint64(level), uint64(n>>height), 0)+".p")))
		if err == nil && level == 0 {
			err = os.RemoveAll(filepath.Join(m.dir, filepath.FromSlash(layout.EntriesPath(uint64(n>>height), 0)+".p")))
		}
	}
	if err != nil {
		return unwritable(err, m.dir)
	}
	return nil
}

// covers reports whether a checkpoint has a line of each key that signed
// another.
func covers(b, old []byte) bool {
	signers := func(b []byte) map[string]bool {
		out := map[string]bool{}
		_, sigs, _ := strings.Cut(string(b), "\n\n")
		for line := range strings.Lines(sigs) {
			f := strings.Fields(line)
			if len(f) == 3 && len(f[2]) > 5 {
				out[f[1]+" "+f[2][:5]] = true // the name, and most of the key id
			}
		}
		return out
	}
	have := signers(b)
	for s := range signers(old) {
		if !have[s] {
			return false
		}
	}
	return true
}
