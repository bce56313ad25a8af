package registry

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// Projector makes the public tables from the published log. What the rules
// need to go on is kept in memory only and made again from the log at each
// start, so that every start is an audit of the tables: rows that differ from
// the log are told, and mended. It costs the verification of all entries,
// some 0.2 ms each; pages are served from the tables meanwhile.
type Projector struct {
	r   *Registry
	src Source

	lead *store.Leadership

	mu    sync.Mutex // held while the rules are asked, and never while the database is
	state *state     // nil: to be made from the log, or in work; guarded by mu
}

// take takes the state out, so that nobody asks it while it changes.
func (p *Projector) take() *state {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.state
	p.state = nil
	return s
}

func (p *Projector) put(s *state) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
}

// state is the log up to a size, replayed.
type state struct {
	rules *verify.Replayer
	tree  *compact.Range
	size  int64
	asOf  time.Time       // of all rows: a full hour
	chain map[string]head // last entry with effect
	mend  []row           // of table event, that said something else
	first *ledger.FirstSeen
}

type head struct {
	leaf iotmark.Digest
	idx  int64
}

// Progress is what a call of CatchUp or Rebuild did.
type Progress struct {
	Size    int64         // entries that the tables have now
	Applied int64         // of these, now for the first time
	Void    []verify.Void // of these, without effect; of Compare, of all
	Mended  []string      // rows that did not say what the log says, named; at most 100
	Differ  int           // how many did not
	Full    bool          // every row was compared with the log
}

// Source is a published log, and the policy under which its checkpoints count:
// that of the trust file, or a stricter one of whoever runs the registry.
type Source struct {
	Log    *ledger.Reader
	Policy *verify.Policy
}

// head returns the published checkpoint when it counts.
func (src Source) head(ctx context.Context) (ledger.Head, error) {
	h, err := src.Log.Head(ctx)
	if err == nil {
		_, err = src.Policy.Open(h.Note, src.Log.Origin())
	}
	return h, err
}

// NewProjector makes a projector of a published log.
func (r *Registry) NewProjector(src Source) *Projector { return &Projector{r: r, src: src} }

// Close gives the leadership up.
func (p *Projector) Close() {
	if p.lead != nil {
		p.lead.Release()
	}
	p.lead = nil
	p.take()
}

// mostAtOnce bounds the entries of one transaction.
const mostAtOnce = 10_000

// CatchUp applies what was published since, and what time does by itself, as
// of now. It changes nothing when the published checkpoint does not hold under
// the policy.
//
// Errors: not-leader when another projector is at work; those of
// [verify.Policy.Open]; log-shrunk and log-forked when the log is not the one
// that the tables were made from; those of the database and of the reader.
// Calling again goes on rightly after each.
func (p *Projector) CatchUp(ctx context.Context, now time.Time) (Progress, error) {
	return p.run(ctx, now, false)
}

// Rebuild drops the tables and makes them again from the log, in one
// transaction, so that nobody sees them empty, and says which rows said
// something else before. Where CatchUp stops because the log is not the one
// that the tables were made from, Rebuild takes the log.
func (p *Projector) Rebuild(ctx context.Context, now time.Time) (Progress, error) {
	p.take()
	return p.run(ctx, now, true)
}

// Compare holds every row of the tables against the log, and changes none.
func (p *Projector) Compare(ctx context.Context) (done Progress, err error) {
	h, k, err := p.begin(ctx)
	if err != nil {
		return done, err
	}
	p.take()
	s, err := p.again(ctx, h, k, true, &done)
	if err == nil && k.root == "" {
		done.differs("projection: nothing was ever applied")
	}
	if err == nil {
		done.Size, done.Full, done.Void = s.size, true, s.rules.Registry(s.asOf).Voids
	}
	return done, err
}

// Registry returns the state that the tables have, as of the last full hour;
// nil before the first CatchUp and after one that failed.
func (p *Projector) Registry() *verify.Registry {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == nil {
		return nil
	}
	return p.state.rules.Registry(p.state.asOf)
}

// Try says what the rules would say of an entry if it were the next of the
// published log; nil: it would have effect. Whoever seals a decision asks
// first, as an entry without effect stays in the log for ever. An entry that
// follows one which is still on its way is prev-wrong until that is published.
// It is told log-unread before the first CatchUp and after one that failed.
func (p *Projector) Try(note []byte) *verify.Void {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == nil {
		return &verify.Void{Index: -1, Reason: "log-unread", Msg: "the published log was not read yet"}
	}
	return p.state.rules.Try(note, 0)
}

// kept is the row of table projection.
type kept struct {
	applied          int64
	root, asOf, hash string
	hashed           int64
}

func (p *Projector) kept(ctx context.Context, tx *store.Tx) (k kept, err error) {
	_, err = tx.Row(ctx, []any{&k.applied, &k.root, &k.asOf, &k.hash, &k.hashed},
		"SELECT applied, root, as_of, hash, hashed FROM projection WHERE name = 'log'")
	return k, err
}

// begin takes the leadership, and reads how far the log and the tables are.
func (p *Projector) begin(ctx context.Context) (h ledger.Head, k kept, err error) {
	if p.lead == nil {
		if p.lead, err = p.r.db.Lead(ctx, "project"); err != nil {
			return h, k, err
		}
		p.take()
	}
	if err := p.lead.Held(ctx); err != nil {
		p.Close()
		return h, k, err
	}
	if h, err = p.src.head(ctx); err != nil {
		return h, k, err
	}
	err = p.r.db.View(ctx, func(tx *store.Tx) error { k, err = p.kept(ctx, tx); return err })
	return h, k, err
}

func (p *Projector) run(ctx context.Context, now time.Time, drop bool) (done Progress, err error) {
	h, k, err := p.begin(ctx)
	if err != nil {
		return done, err
	}
	s := p.take() // until all went well
	if s == nil || s.size != k.applied {
		if s, err = p.again(ctx, h, k, drop, &done); err != nil {
			return done, err
		}
	}
	hour := now.UTC().Truncate(time.Hour)
	if s.size == h.Size && s.asOf.Equal(hour) && k.root != "" && done.Differ == 0 && !drop {
		p.put(s)
		done.Size = s.size
		return done, nil
	}
	full := drop || done.Differ > 0 || !s.asOf.Equal(hour)
	for first := true; first || s.size < h.Size; first = false {
		b := batch{from: s.size, events: s.mend, drop: drop && first, full: full && s.size+mostAtOnce >= h.Size}
		if b.full || s.asOf.IsZero() { // those before are as of the time that the other rows have
			s.asOf = hour
		}
		if err := p.read(ctx, s, h, &b); err != nil {
			return done, err
		}
		if err := p.write(ctx, s, &k, &b, &done); err != nil {
			return done, err
		}
	}
	p.put(s)
	done.Size, done.Full = s.size, full
	return done, nil
}

func newState(t *verify.Trust, src Source) *state {
	f := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	return &state{rules: verify.NewReplayer(t), first: src.Log.FirstSeen(src.Policy), tree: f.NewEmptyRange(0), chain: map[string]head{}}
}

// root is the root of the entries so far, in hexadecimal digits; RFC 6962, 2.1.
func (s *state) root() (string, error) {
	if s.size == 0 {
		return hex.EncodeToString(rfc6962.DefaultHasher.EmptyRoot()), nil
	}
	b, err := s.tree.GetRootHash(nil)
	return hex.EncodeToString(b), err
}

// applied is an entry that was applied.
type applied struct {
	row            row // of table event
	typ            verify.Type
	subject, chain string
	late           bool // by more than an hour: the rules may tell it
}

// step applies the next entry.
func (p *Projector) step(ctx context.Context, s *state, note []byte) (out applied, void *verify.Void, err error) {
	since, err := s.first.At(ctx, s.size)
	if err != nil {
		return out, nil, err
	}
	leaf := verify.LeafOf(note)
	if err := s.tree.Append(rfc6962.DefaultHasher.HashLeaf(note), nil); err != nil {
		return out, nil, err
	}
	void = s.rules.Apply(note, since)
	var id, claimed, reason, msg string
	if e, err := verify.Parse(p.r.trust.Domain, note); err == nil {
		id, claimed = e.ID, e.Time
		out = applied{typ: e.Type, subject: e.Subject, chain: chainOf(&e.Entry), late: since-e.At().Unix() > 3600}
		if void == nil {
			s.chain[out.chain] = head{leaf, s.size}
		}
	}
	if void != nil {
		reason, msg = string(void.Reason), void.Msg
	}
	out.row = row{&eventTable, []any{s.size, id, string(out.typ), out.subject, claimed, since, string(leaf), reason, msg}}
	s.size++
	return out, void, nil
}

// differs tells of a row that does not say what the log says.
func (d *Progress) differs(name string) {
	if d.Differ++; len(d.Mended) < 100 {
		d.Mended = append(d.Mended, strings.ReplaceAll(name, "\x00", " "))
	}
}

// again makes the state from the log up to where the tables are, and compares
// every row of the tables with it.
func (p *Projector) again(ctx context.Context, h ledger.Head, k kept, drop bool, done *Progress) (*state, error) {
	if h.Size < k.applied {
		if !drop {
			return nil, &iotmark.Error{Kind: iotmark.Unverified, ID: "log-shrunk",
				Msg: fmt.Sprintf("the published log has %d entries, and the tables were made from %d: it was put back to an earlier state, or is another. Nothing was changed. Bring back the whole log, from a mirror if need be; only if it is right as it is, iotmark rebuild makes the tables from it", h.Size, k.applied)}
		}
		done.differs("projection applied")
		k.applied = h.Size
	}
	s := newState(p.r.trust, p.src)
	var events []row
	compare := func() error {
		wrong, err := p.compareEvents(ctx, events)
		for _, ev := range wrong {
			done.differs(ev.name())
		}
		s.mend = append(s.mend, wrong...)
		events = events[:0]
		return err
	}
	s.asOf, _ = time.Parse(time.RFC3339, k.asOf) // told below
	hash := func() {
		if s.size == k.hashed && k.hash != "" && string(s.rules.Registry(s.asOf).Hash()) != k.hash {
			done.differs("projection hash")
		}
	}
	for note, err := range p.entries(ctx, h, 0, k.applied) {
		if err != nil {
			return nil, err
		}
		hash()
		e, _, err := p.step(ctx, s, note)
		if err != nil {
			return nil, err
		}
		if events = append(events, e.row); len(events) == 1000 {
			if err := compare(); err != nil {
				return nil, err
			}
		}
	}
	hash()
	if err := compare(); err != nil {
		return nil, err
	}
	root, err := s.root()
	if err != nil {
		return nil, err
	}
	if k.root != "" && root != k.root {
		if !drop {
			return nil, &iotmark.Error{Kind: iotmark.Unverified, ID: "log-forked",
				Msg: fmt.Sprintf("the first %d entries of the log are not those that the tables were made from. If the database is whole, the log was exchanged: keep both, and compare with a mirror. Only if the log is right, iotmark rebuild makes the tables from it", k.applied)}
		}
		done.differs("projection root")
	}
	if s.asOf, err = time.Parse(time.RFC3339, k.asOf); err != nil && k.root != "" {
		done.differs("projection as_of")
	}
	if k.root == "" { // nothing was ever applied
		return s, nil
	}
	put, gone, err := p.changes(ctx, s.rows(s.rules.Registry(s.asOf)))
	for _, r := range put {
		done.differs(r.name())
	}
	for _, r := range gone {
		done.differs(r.name())
	}
	slices.Sort(done.Mended)
	return s, err
}

// entries gives published entries; none where there are none to give.
func (p *Projector) entries(ctx context.Context, h ledger.Head, from, to int64) iter.Seq2[[]byte, error] {
	if from >= to {
		return func(func([]byte, error) bool) {}
	}
	return p.src.Log.EntriesAt(ctx, h, from, to)
}

// compareEvents returns those rows, which follow one another, that the
// database has not or otherwise.
func (p *Projector) compareEvents(ctx context.Context, want []row) (wrong []row, err error) {
	if len(want) == 0 {
		return nil, nil
	}
	from := want[0].values[0].(int64)
	have := map[string][16]byte{}
	err = p.r.db.View(ctx, func(tx *store.Tx) error {
		clear(have)
		return eventTable.read(ctx, tx, " WHERE idx >= $1 AND idx < $2", []any{from, from + int64(len(want))}, func(r row) error {
			have[r.name()] = r.sum()
			return nil
		})
	})
	for _, r := range want {
		if have[r.name()] != r.sum() {
			wrong = append(wrong, r)
		}
	}
	return wrong, err
}

// changes are the rows that must be written, and those that must go, so that
// the state tables say what the log says.
func (p *Projector) changes(ctx context.Context, want []row) (put, gone []row, err error) {
	type stored struct {
		row row // its key
		sum [16]byte
	}
	have := map[string]stored{}
	err = p.r.db.View(ctx, func(tx *store.Tx) error {
		clear(have)
		for _, t := range stateTables {
			if err := t.read(ctx, tx, "", nil, func(r row) error {
				have[r.name()] = stored{row{t, slices.Clone(r.values[:t.key])}, r.sum()}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, r := range want {
		name := r.name()
		if h, ok := have[name]; !ok || h.sum != r.sum() {
			put = append(put, r)
		}
		delete(have, name)
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		gone = append(gone, have[name].row)
	}
	return put, gone, err
}

// rows are the rows of all state tables.
func (s *state) rows(reg *verify.Registry) []row {
	out := rows(reg)
	for c, h := range s.chain {
		out = append(out, row{&chainTable, []any{c, string(h.leaf), h.idx}})
	}
	return out
}

// batch is what is written in one transaction.
type batch struct {
	from    int64
	events  []row
	arrived []found
	voids   []verify.Void
	drop    bool // all rows are written again
	full    bool // all rows are compared again

	subjects map[string]bool // that the entries are about
	chains   map[string]bool
	scheme   bool // something beside marks and products changed
}

// read applies the next entries.
func (p *Projector) read(ctx context.Context, s *state, h ledger.Head, b *batch) error {
	b.subjects, b.chains = map[string]bool{}, map[string]bool{}
	for note, err := range p.entries(ctx, h, b.from, min(h.Size, b.from+mostAtOnce)) {
		if err != nil {
			return err
		}
		b.arrived = append(b.arrived, found{s.size, bytes.Clone(note)})
		e, void, err := p.step(ctx, s, note)
		if err != nil {
			return err
		}
		b.events = append(b.events, e.row)
		if void != nil {
			b.voids = append(b.voids, *void)
		}
		b.chains[e.chain] = true
		switch f, _ := verify.FormOf(e.typ); f.Subject {
		case verify.OfMark, verify.OfProduct: // also when it has no effect: attempts are told
			b.subjects[e.subject] = true
			b.scheme = b.scheme || e.late
		default:
			b.scheme = true
		}
	}
	if root, err := s.root(); err != nil {
		return err
	} else if s.size == h.Size && root != hex.EncodeToString(h.Root[:]) {
		return &iotmark.Error{Kind: iotmark.Unverified, ID: "log-forked", Msg: "the entries of the log do not lead to the root of its checkpoint; fetch the log anew"}
	}
	return nil
}

// touched are the rows of what the entries of a batch are about.
func (s *state) touched(b *batch) (put []row) {
	for _, subject := range slices.Sorted(maps.Keys(b.subjects)) {
		if m, ok := s.rules.Mark(subject, s.asOf); ok {
			put = append(put, markRows(&m)...)
		}
		if p, ok := s.rules.Product(subject); ok {
			put = append(put, productRow(&p))
		}
	}
	for _, c := range slices.Sorted(maps.Keys(b.chains)) {
		if h, ok := s.chain[c]; ok {
			put = append(put, row{&chainTable, []any{c, string(h.leaf), h.idx}})
		}
	}
	if b.scheme {
		put = append(put, schemeRows(s.rules.Scheme(s.asOf))...)
	}
	return put
}

// write writes what changed, with the number of entries applied.
func (p *Projector) write(ctx context.Context, s *state, k *kept, b *batch, done *Progress) error {
	next := kept{applied: s.size, asOf: s.asOf.Format(time.RFC3339), hash: k.hash, hashed: k.hashed}
	var put, gone []row
	var err error
	if b.drop || b.full {
		reg := s.rules.Registry(s.asOf)
		next.hash, next.hashed = string(reg.Hash()), s.size
		if put = s.rows(reg); !b.drop {
			put, gone, err = p.changes(ctx, put)
		}
	} else {
		put = s.touched(b)
		if next.asOf != k.asOf {
			next.hash, next.hashed = "", 0
		}
	}
	if err == nil {
		next.root, err = s.root()
	}
	if err != nil {
		return err
	}
	surplus := int64(0)
	err = p.r.db.Do(ctx, func(tx *store.Tx) error {
		if now, err := p.kept(ctx, tx); err != nil {
			return err
		} else if now != *k {
			return conflict("not-leader", "another process has changed the tables meanwhile")
		}
		var err error
		if surplus, err = tx.Exec(ctx, "DELETE FROM event WHERE idx >= $1 OR idx < 0", b.from); err != nil {
			return err
		}
		for _, t := range stateTables {
			if !b.drop {
				break
			}
			if _, err := tx.Exec(ctx, "DELETE FROM "+t.name); err != nil {
				return err
			}
		}
		for subject := range b.subjects {
			if b.full || b.drop {
				break // compared one by one
			}
			// Trade numbers may be fewer now.
			if _, err := tx.Exec(ctx, "DELETE FROM mark_gtin WHERE subject = $1", subject); err != nil {
				return err
			}
		}
		for _, r := range gone {
			if _, err := tx.Exec(ctx, r.of.drop(), r.values...); err != nil {
				return err
			}
		}
		if err := putAll(ctx, tx, b.events); err != nil {
			return err
		}
		if err := putAll(ctx, tx, put); err != nil {
			return err
		}
		for _, f := range b.arrived {
			if err := p.r.arrived(ctx, tx, f); err != nil {
				return err
			}
		}
		for _, v := range b.voids { // ours, without effect: the next of its chain follows the one before
			if _, err := tx.Exec(ctx, "UPDATE outbox SET fault = $1 WHERE idx = $2", string(v.Reason), v.Index); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO projection (name, applied, root, as_of, hash, hashed) VALUES ('log', $1, $2, $3, $4, $5)
			ON CONFLICT (name) DO UPDATE SET applied = excluded.applied, root = excluded.root, as_of = excluded.as_of, hash = excluded.hash, hashed = excluded.hashed`,
			next.applied, next.root, next.asOf, next.hash, next.hashed)
		return err
	})
	if err != nil {
		return err
	}
	for range surplus {
		done.differs("event that the log does not have")
	}
	s.mend, *k = nil, next
	done.Applied += s.size - b.from
	done.Void = append(done.Void, b.voids...)
	return nil
}

func putAll(ctx context.Context, tx *store.Tx, rows []row) error {
	for _, r := range rows {
		if _, err := tx.Exec(ctx, r.of.put(), r.values...); err != nil {
			return err
		}
	}
	return nil
}
