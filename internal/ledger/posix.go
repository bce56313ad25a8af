//go:build unix

package ledger

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark"
)

// Posix writes a log into a folder. Tessera keeps entries and tiles; what is
// published, and when, is decided here, so that nothing goes out that the
// witnesses have not seen, and so that each checkpoint is kept.
type Posix struct {
	*Reader
	cfg       Config
	witnesses *witnesses
	lock      *os.File
	app       *tessera.Appender
	disk      tessera.LogReader
	stop      context.CancelFunc
	wake      chan struct{}  // holds one: there is something to publish
	done      chan struct{}  // closed when the publisher ended
	adds      sync.WaitGroup // appends under way

	mu      sync.Mutex
	closed  bool          // guarded by mu
	health  Health        // guarded by mu
	changed chan struct{} // guarded by mu; closed and made anew at each publication
	end     int64         // of the file of births; of the publisher alone
	last    int64         // size of the last birth; of the publisher alone
}

// mute is what Tessera has for a key. It never signs: publishing is ours.
type mute struct{ note.Signer }

func (mute) Sign([]byte) ([]byte, error) { return nil, errors.New("publishing is not Tessera's") }

// Open opens a log to write to it, and goes on publishing until Close. One
// process has it at a time. What was on disk and not published is published.
// ctx ends the opening only.
func Open(ctx context.Context, cfg Config) (*Posix, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	q, err := parseQuorum(cfg.Policy, cfg.Key)
	if err != nil {
		return nil, err
	}
	k, err := parseKey(cfg.Key)
	if err != nil {
		return nil, err
	}
	p := &Posix{
		Reader: &Reader{src: folder(cfg.Dir), key: k},
		cfg:    cfg, wake: make(chan struct{}, 1), done: make(chan struct{}), changed: make(chan struct{}),
	}
	h, err := p.Head(ctx)
	if err != nil {
		return nil, err // before anything is made in a folder that is no log
	}
	if h.Size > 0 && lost(cfg.Dir) {
		return nil, fail(iotmark.Conflict, "log-copy", nil, "%s is a copy, and nothing is added to it. When the log itself is lost, iotmark log resume makes the last copy the log", cfg.Dir)
	}
	state := filepath.Join(cfg.Dir, ".state")
	if err := os.MkdirAll(state, 0o755); err != nil {
		return nil, unwritable(err, cfg.Dir)
	}
	if p.lock, err = lock(filepath.Join(state, "lock")); err != nil {
		if ours(err) {
			return nil, err
		}
		return nil, unwritable(err, cfg.Dir)
	}
	if err := p.open(ctx, q); err != nil {
		p.lock.Close()
		return nil, err
	}
	return p, nil
}

// open does what follows once the folder is ours.
func (p *Posix) open(ctx context.Context, q *quorum) error {
	h, err := p.Head(ctx) // now that nobody else writes
	if err != nil {
		return err
	}
	if err := tidy(p.cfg.Dir); err != nil {
		return unwritable(err, p.cfg.Dir)
	}
	if err := p.findBirths(ctx, h); err != nil {
		return err
	}
	quiet()
	run, stop := context.WithCancel(context.Background())
	drv, err := posix.New(run, posix.Config{Path: p.cfg.Dir})
	if err != nil {
		stop()
		return err
	}
	// Tessera would publish once in a century, and not even then: its key is mute.
	app, _, lr, err := tessera.NewAppender(run, drv, tessera.NewAppendOptions().
		WithCheckpointSigner(mute{p.cfg.Signer}).
		WithCheckpointInterval(never).
		WithCheckpointRepublishInterval(0).
		WithBatching(p.cfg.Batch, p.cfg.BatchAge).
		WithGarbageCollectionInterval(p.cfg.Collect))
	if err != nil {
		stop()
		return unwritable(err, p.cfg.Dir)
	}
	size, err := lr.IntegratedSize(ctx)
	if err != nil {
		stop()
		return fail(iotmark.Unavailable, "log-read", err, "%s: the state of the log cannot be read", p.cfg.Dir)
	}
	if int64(size) < h.Size {
		stop()
		return fail(iotmark.Conflict, "log-behind", nil, "%s has published %d entries and holds %d: it was restored from an older copy. Bring the last copy into another folder with iotmark mirror and go on there with iotmark log resume; entries that were published must not be lost", p.cfg.Dir, h.Size, size)
	}
	p.app, p.disk, p.stop = app, lr, stop
	p.health = Health{Size: int64(size), Published: h}
	p.witnesses = newWitnesses(q, p.cfg, h.Size)
	var published time.Time
	if st, err := os.Stat(filepath.Join(p.cfg.Dir, checkpointAt)); err == nil {
		published = st.ModTime()
	}
	go p.publisher(run, published)
	return nil
}

const never = 200 * 365 * 24 * time.Hour

// findBirths reads the file of births to its end, and cuts what a crash left
// behind. A birth that is ahead of the checkpoint stays: witnesses saw it, and
// only the last step of publishing it was missing.
func (p *Posix) findBirths(ctx context.Context, h Head) error {
	for b, err := range readBirths(ctx, p.src, 0) {
		if err != nil {
			return err
		}
		at, err := p.Reader.Open(b)
		if err != nil {
			return err
		}
		p.end, p.last = p.end+int64(len(b))+1, at.Size
	}
	if p.last < h.Size {
		// The checkpoint was published and its birth is gone: not by a crash, as
		// the birth is on disk before.
		b := append(append([]byte(nil), h.Note...), '\n')
		if err := addTo(filepath.Join(p.cfg.Dir, birthsAt), p.end, b); err != nil {
			return unwritable(err, p.cfg.Dir)
		}
		p.end, p.last = p.end+int64(len(b)), h.Size
	}
	return nil
}

// Append adds an entry of 1 to 65,535 bytes and returns its index once it is
// on disk for good; when it is published says [Posix.Published]. Where the log
// is behind with its work, it waits. An error of id log-unsure means that the
// entry may have been added all the same: read the log before sending it again.
func (p *Posix) Append(ctx context.Context, entry []byte) (uint64, error) {
	if len(entry) == 0 || len(entry) > maxEntry {
		return 0, fail(iotmark.Invalid, "entry-size", nil, "an entry has 1 to %d bytes, and this one %d", maxEntry, len(entry))
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return 0, fail(iotmark.Unavailable, "log-closed", nil, "%s is closed", p.cfg.Dir)
	}
	p.adds.Add(1)
	p.mu.Unlock()
	type result struct {
		index uint64
		err   error
	}
	out := make(chan result, 1)
	go func() {
		defer p.adds.Done()
		i, err := p.add(ctx, entry)
		out <- result{i, err}
	}()
	select {
	case r := <-out:
		return r.index, r.err
	case <-ctx.Done():
		return 0, fail(iotmark.Interrupted, "log-unsure", ctx.Err(), "nobody waited for the answer of the log; the entry may be in it")
	}
}

func (p *Posix) add(ctx context.Context, entry []byte) (uint64, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		// Tessera panics when it cannot open its lock, so see first whether files
		// can be opened for writing at all.
		f, err := os.OpenFile(p.lock.Name(), os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return 0, p.unwritten(err)
		}
		f.Close()
		i, err := p.app.Add(context.WithoutCancel(ctx), tessera.NewEntry(entry))()
		switch {
		case errors.Is(err, tessera.ErrPushback):
			select {
			case <-ctx.Done():
				return 0, fail(iotmark.TooMany, "log-busy", ctx.Err(), "the log is behind with its work, and the entry was not added")
			case <-time.After(wait):
			}
		case err != nil:
			return 0, p.unwritten(err)
		default:
			p.mu.Lock()
			p.health.Size = max(p.health.Size, int64(i.Index)+1)
			p.health.Write = nil
			p.mu.Unlock()
			p.wakeUp()
			return i.Index, nil
		}
	}
}

// unwritten keeps why an entry could not be added. Tessera hands on the words
// of the system and not its error, so it is asked once more.
func (p *Posix) unwritten(err error) error {
	probe := filepath.Join(p.cfg.Dir, ".state", "probe")
	if e := os.WriteFile(probe, make([]byte, maxEntry), 0o644); e != nil {
		err = errors.Join(err, e)
	}
	os.Remove(probe)
	err = unwritable(err, p.cfg.Dir)
	p.mu.Lock()
	p.health.Write = err
	p.mu.Unlock()
	p.cfg.Log.Error("entry not written", "error", err)
	return err
}

func (p *Posix) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Published waits until a checkpoint that covers the index is published, and
// returns it.
func (p *Posix) Published(ctx context.Context, index uint64) (Head, error) {
	for {
		p.mu.Lock()
		h, changed, closed, why := p.health.Published, p.changed, p.closed, p.health.Publish
		p.mu.Unlock()
		switch {
		case uint64(h.Size) > index:
			return h, nil
		case closed:
			return Head{}, fail(iotmark.Unavailable, "log-closed", why, "%s was closed before index %d was published", p.cfg.Dir, index)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if why == nil {
				why = ctx.Err()
			}
			return Head{}, fail(iotmark.Unavailable, "not-published", why, "index %d is in the log and not published yet", index)
		}
	}
}

// Health tells how it goes.
func (p *Posix) Health() Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.health
	h.Witnesses = p.witnesses.all()
	return h
}

// Close waits for appends under way, tries once more to publish what is not
// published, and lets the folder go. It returns why not all could be
// published; that will be done by whoever opens the log next.
func (p *Posix) Close(ctx context.Context) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	p.mu.Unlock()
	p.adds.Wait()
	p.stop()
	<-p.done
	var err error
	if h := p.Health(); h.Size > h.Published.Size {
		err = p.publish(ctx)
	}
	p.mu.Lock()
	close(p.changed)
	p.changed = make(chan struct{})
	p.mu.Unlock()
	return errors.Join(err, p.lock.Close())
}

// publisher publishes what was added, no more often than the interval allows,
// and the same again when it got old, so that there is always a fresh time of
// witnesses.
func (p *Posix) publisher(ctx context.Context, published time.Time) {
	defer close(p.done)
	retry := time.Duration(0)
	timer := time.NewTimer(0)
	defer timer.Stop()
	attempted := published
	for {
		p.mu.Lock()
		grown := p.health.Size > p.health.Published.Size
		p.mu.Unlock()
		due := published.Add(p.cfg.Republish)
		if grown {
			due = published.Add(p.cfg.Interval)
		}
		if retry > 0 {
			due = attempted.Add(retry)
		}
		now := p.cfg.Now()
		if !due.After(now) {
			attempted = now
			if err := p.publish(ctx); err == nil {
				// From the start of it: what was added meanwhile waits one interval, not
				// one and the time that this one took.
				published, retry = now, 0
			} else if ctx.Err() == nil {
				retry = min(max(2*retry, p.cfg.Interval), max(p.cfg.Interval, maxRetry))
			}
			if ctx.Err() != nil {
				return
			}
			continue
		}
		timer.Reset(due.Sub(now))
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-timer.C:
		}
	}
}

const maxRetry = 30 * time.Second // between attempts to publish

// publish signs the tree as it is, has it witnessed, and publishes it.
func (p *Posix) publish(ctx context.Context) error {
	p.mu.Lock()
	size, old := p.health.Size, p.health.Published
	p.mu.Unlock()
	h, err := p.prepare(ctx, size, old)
	p.mu.Lock()
	before := p.health.Publish
	if p.health.Publish = err; err == nil {
		p.health.Published, p.health.Since = h, time.Time{}
		close(p.changed)
		p.changed = make(chan struct{})
	} else if before == nil {
		p.health.Since = p.cfg.Now()
	}
	p.mu.Unlock()
	switch {
	case err != nil && ctx.Err() == nil && (before == nil || before.Error() != err.Error()):
		p.cfg.Log.Error("not published", "entries", size, "published", old.Size, "error", err)
	case err == nil && before != nil:
		p.cfg.Log.Info("published again", "entries", size)
	}
	return err
}

// prepare makes the new checkpoint and puts it in its place.
func (p *Posix) prepare(ctx context.Context, size int64, old Head) (Head, error) {
	hr := bare(ctx, p.src, size)
	root := emptyRoot
	if size > 0 {
		var err error
		if root, err = tlog.TreeHash(size, hr); err != nil {
			return Head{}, damaged(err, p.cfg.Dir)
		}
	}
	// What the disk holds must continue what was published: a damaged or swapped
	// tile must not get a signature.
	if err := continues(p.src, old, Head{Size: size}, hr); err != nil {
		return Head{}, damaged(err, p.cfg.Dir)
	}
	b, err := signCheckpoint(p.cfg.Signer, size, root)
	if err != nil {
		return Head{}, err
	}
	h := Head{size, root, b}
	if size > 0 {
		if h.Note, err = p.witnesses.sign(ctx, h, hr); err != nil {
			return Head{}, err
		}
	}
	if h, err = p.Reader.Open(h.Note); err != nil || h.Size != size || h.Root != root {
		return Head{}, fail(iotmark.Unverified, "log-key-wrong", err, "the key that signs is not the log's key")
	}
	if size > p.last {
		b := append(append([]byte(nil), h.Note...), '\n')
		if err := addTo(filepath.Join(p.cfg.Dir, birthsAt), p.end, b); err != nil {
			return Head{}, unwritable(err, p.cfg.Dir)
		}
		p.end, p.last = p.end+int64(len(b)), size
	}
	if err := put(filepath.Join(p.cfg.Dir, checkpointAt), h.Note, 0o644); err != nil {
		return Head{}, unwritable(err, p.cfg.Dir)
	}
	return h, nil
}

func damaged(err error, dir string) error {
	if errors.Is(err, fs.ErrNotExist) || iotmark.KindOf(err) == iotmark.Unverified {
		return fail(iotmark.Unverified, "log-damaged", err, "the files of %s do not continue what it published; nothing more is published. iotmark log fsck says which, and a mirror has them whole", dir)
	}
	return err
}
